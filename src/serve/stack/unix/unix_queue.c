/*
 * unix_queue.c - messages of datagram and seqpacket sockets.
 *
 * Each is one piece of memory in the receiver's queue, charged to its sender until it
 * is read. A sender that the receiver has not connected to may also not queue more
 * than the receiver's queue length; it then waits until some were read, without
 * keeping the receiver open.
 */
#include "unix.h"

#include <errno.h>
#include <string.h>

/* ------------------------------------------------------------------------- send */

bool unix_queue_full(const struct unix_sock *u)
{
	return u->nqueue > u->backlog;
}

/* The message's bytes, in memory of ours; NULL and *err. */
static struct unix_message *message_new(struct unix_sock *u, struct message *m, int *err)
{
	const bool small = m->len <= UNIX_SMALL;
	struct unix_message *x = small ? u->spare : NULL;

	u->spare = x ? NULL : u->spare;
	if (!x)
		x = alloc_get(unix_mem(u), sizeof(*x) + (small ? (size_t)UNIX_SMALL : m->len));
	*err = x ? 0 : -ENOBUFS;
	if (!x)
		return NULL;
	memset(x, 0, sizeof(*x));
	x->len = m->len;
	if (m->len)
		*err = message_take(m, 0, x->data, m->len);
	if (*err) {
		alloc_put(unix_mem(u), x);
		x = NULL;
	}
	return x;
}

/* The peer is gone: a datagram socket hears of it once. */
static int peer_is_gone(struct unix_sock *u)
{
	if (!u->peer_gone)
		return -ENOTCONN;
	if (!unix_is_dgram(u))
		return -EPIPE;
	u->peer_gone = false;
	unix_name_put(u->peer_name);
	u->peer_name = NULL;
	file_notify(&u->sock.file, UNIX_OUT);
	unix_dgram_disconnected(u, NULL);
	return -ECONNREFUSED;
}

/* Whom it is for, and may it go there now: 0, WAIT, -errno. */
static int find_receiver(struct unix_sock *u, const struct message *m, const struct call_addr *to,
			 const struct unix_control *c, struct unix_sock **out)
{
	struct unix_sock *other = u->peer;
	int err = 0;

	if (to)
		err = unix_find(u, to, &other);
	else if (!other)
		err = peer_is_gone(u);
	if (err)
		return err;
	if (other->peer != u && (other->peer || other->peer_gone))
		return -EPERM;
	if (other->sock.shut & SHUT_READ)
		return -EPIPE;
	if (c->rights && !sock_flag(&other->sock, SOCK_FLAG_PASSRIGHTS))
		return -EPERM;
	if (other != u && other->peer != u && unix_queue_full(other)) {
		if (other == u->peer || m->op->may_wait)
			err = unix_stall_at(u, other);
		return err ? err : WAIT;
	}
	*out = other;
	return 0;
}

static void enqueue(struct unix_sock *u, struct unix_sock *to, struct unix_message *x,
		    struct unix_control *c)
{
	x->from = u;
	x->creds = c->creds;
	x->charge = unix_charge(x->len, false);
	u->charge += x->charge;
	if (c->rights)
		unix_rights_queue(c->rights, to, &x->rights);
	c->rights = NULL;
	if (sock_flag(&to->sock, SOCK_FLAG_TIMESTAMP))
		x->stamp = net_wall(unix_net(to));
	LIST_INSERT_HEAD(&u->sent, x, of_sender);
	TAILQ_INSERT_TAIL(&to->queue, x, entry);
	to->nqueue++;
	to->queued += x->len;
	file_notify(&to->sock.file, UNIX_IN);
}

/* All but the control messages, which are read. */
static int send_message(struct unix_sock *u, struct message *m, const struct call_addr *to,
			struct unix_control *c)
{
	struct unix_sock *other;
	struct unix_message *x;
	int err = 0;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (to)
		err = unix_check_addr(to);
	if (!err)
		err = unix_autobind_for_creds(u);
	if (err)
		return err;
	if (m->len > (size_t)u->sock.sndbuf - 32)
		return -EMSGSIZE;
	err = unix_may_charge(u);
	if (!err && c->rights)
		err = unix_rights_charge(c->rights, m->op->task);
	x = err ? NULL : message_new(u, m, &err);
	if (!err)
		err = find_receiver(u, m, to, c, &other);
	if (err) {
		alloc_put(unix_mem(u), x);
		return err;
	}
	unix_control_creds(c, m, u, other);
	enqueue(u, other, x, c);
	return 0;
}

static ssize_t send_to(struct unix_sock *u, struct message *m, const struct call_addr *to)
{
	struct unix_control c;
	int err = unix_control_read(m, &c);

	if (err)
		return err;
	err = send_message(u, m, to, &c);
	unix_control_end(m, &c, err == WAIT);
	return err ? err : (ssize_t)m->len;
}

ssize_t unix_dgram_send(struct sock *s, struct message *m)
{
	return send_to(unix_of(s), m, m->to && m->to->len ? m->to : NULL);
}

ssize_t unix_seqpacket_send(struct sock *s, struct message *m)
{
	struct unix_sock *u = unix_of(s);

	if (s->err)
		return sock_take_error(s);
	if (!u->connected)
		return -ENOTCONN;
	return send_to(u, m, NULL); /* an address is not looked at */
}

/* ------------------------------------------------------------------------- recv */

static void unqueue(struct unix_sock *u, struct unix_message *x)
{
	TAILQ_REMOVE(&u->queue, x, entry);
	u->nqueue--;
	u->queued -= x->len;
}

/* It is in no receiver's queue any more. The sender may have its memory. */
static void message_free(struct unix_sock *u, struct unix_message *x)
{
	struct unix_sock *from = x->from;
	const unsigned charge = x->charge;

	unix_rights_drop(unix_net(u), x->rights);
	unix_name_put(x->name);
	if (from)
		LIST_REMOVE(x, of_sender);
	if (from && !from->spare && x->len <= UNIX_SMALL)
		from->spare = x;
	else
		alloc_put(unix_mem(u), x);
	if (from)
		unix_discharge(from, charge);
}

void unix_queue_flush(struct unix_sock *u)
{
	struct unix_message *x;

	while ((x = TAILQ_FIRST(&u->queue))) {
		unqueue(u, x);
		message_free(u, x);
	}
}

void unix_queue_orphan(struct unix_sock *u)
{
	struct unix_message *x;

	while ((x = LIST_FIRST(&u->sent))) {
		LIST_REMOVE(x, of_sender);
		x->from = NULL;
		x->name = unix_name_get(u->name);
	}
	alloc_put(unix_mem(u), u->spare);
	u->spare = NULL;
}

/* What is to be read; *skip: from which byte on. __skb_try_recv_from_queue() */
static struct unix_message *find_message(struct unix_sock *u, bool peek, size_t *skip)
{
	struct unix_message *x;
	const bool at = peek && u->sock.peek_off >= 0;
	size_t off = at ? u->sock.peek_off : 0;

	TAILQ_FOREACH(x, &u->queue, entry) {
		if (at && off >= x->len && (off || x->peeked)) {
			off -= x->len;
			continue;
		}
		if (peek && !x->len)
			x->peeked = true;
		break;
	}
	*skip = off;
	return x;
}

/* There is none: WAIT, or 0 at the end. A datagram socket that was shut down says so
 * only to those that would wait. */
static ssize_t no_message(const struct unix_sock *u, const struct message *m)
{
	if (u->sock.shut & SHUT_READ && (!unix_is_dgram(u) || m->op->may_wait))
		return 0;
	return WAIT;
}

static void advance_peek(struct unix_sock *u, bool peek, size_t n)
{
	const size_t off = u->sock.peek_off;

	if (u->sock.peek_off < 0)
		return;
	if (peek)
		u->sock.peek_off = off + n < INT32_MAX ? (int)(off + n) : INT32_MAX;
	else
		u->sock.peek_off = off > n ? (int)(off - n) : 0;
}

/* Bytes, and what goes with them, to the receiver. */
static ssize_t give(struct unix_sock *u, struct message *m, const struct unix_message *x,
		    size_t skip)
{
	const size_t rest = x->len - skip, n = m->len < rest ? m->len : rest;
	const bool peek = m->flags & MSG_PEEK;
	int err = 0;

	if (m->from)
		unix_tell(x->from ? x->from->name : x->name, m->from);
	if (n < rest)
		m->out->flags |= MSG_TRUNC;
	if (n)
		err = message_give(m, 0, x->data + skip, n);
	if (err)
		return err;
	if (sock_flag(&u->sock, SOCK_FLAG_TIMESTAMP))
		sock_put_stamp(&u->sock, m, x->stamp ? x->stamp : net_wall(unix_net(u)));
	advance_peek(u, peek, peek ? n : x->len);
	unix_put_creds(u, m, &x->creds);
	if (x->rights)
		unix_put_rights(m, x->rights);
	return m->flags & MSG_TRUNC ? (ssize_t)rest : (ssize_t)n;
}

ssize_t unix_dgram_recv(struct sock *s, struct message *m)
{
	struct unix_sock *u = unix_of(s);
	const bool peek = m->flags & MSG_PEEK;
	struct unix_message *x;
	size_t skip;
	ssize_t n;

	if (m->from)
		unix_tell(NULL, m->from);
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (s->err)
		return sock_take_error(s);
	x = find_message(u, peek, &skip);
	if (!x)
		return no_message(u, m);
	n = give(u, m, x, skip);
	if (!peek) {
		unqueue(u, x);
		message_free(u, x);
		unix_rights_flush(unix_net(u));
		if (!unix_queue_full(u))
			unix_unstall(u);
	}
	return n;
}

ssize_t unix_seqpacket_recv(struct sock *s, struct message *m)
{
	if (!unix_of(s)->connected)
		return -ENOTCONN;
	return unix_dgram_recv(s, m);
}
