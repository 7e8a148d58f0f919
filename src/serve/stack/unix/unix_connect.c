/*
 * unix_connect.c - who talks to whom: connect, socketpair, listen, accept.
 *
 * A stream or seqpacket connect makes the other end at once, a socket that waits in
 * the listener's queue; both ends can send before it is accepted. If the queue is
 * full the connect waits for the listener, without keeping it open: who closes it
 * tells those that wait. A datagram connect only notes the peer.
 */
#include "unix.h"

#include <errno.h>

static void set_creds(struct unix_sock *u, const struct creds *c)
{
	u->peer_creds = *c;
	u->peer_creds_set = true;
}

/* What a receiver is told beside the bytes: the connection has it from the listener. */
static void inherit(struct unix_sock *e, const struct unix_sock *listener)
{
	static const enum sock_flag flags[] = {SOCK_FLAG_PASSCRED, SOCK_FLAG_PASSPIDFD,
					       SOCK_FLAG_PASSSEC, SOCK_FLAG_PASSRIGHTS};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		sock_flag_set(&e->sock, flags[i], sock_flag(&listener->sock, flags[i]));
}

/* The listener's end of a new connection, in its queue. */
static int embryo(struct op *op, struct unix_sock *u, struct unix_sock *listener)
{
	struct sock *s;
	struct unix_sock *e;
	int err = sock_new(op->task, u->sock.ops, AF_UNIX, u->sock.type, u->sock.protocol, &s);

	if (err)
		return err;
	e = unix_of(s);
	inherit(e, listener);
	e->listener = listener;
	e->name = unix_name_get(listener->name);
	e->connected = u->connected = true;
	e->peer = u;
	u->peer = e;
	set_creds(e, &op->task->creds);
	set_creds(u, &listener->peer_creds);
	TAILQ_INSERT_TAIL(&listener->waiting, e, entry);
	listener->nwaiting++;
	return 0;
}

int unix_stream_connect(struct op *op, struct sock *s, const struct call_addr *a)
{
	struct unix_sock *u = unix_of(s), *at;
	int err = unix_check_addr(a);

	if (!err)
		err = unix_autobind_for_creds(u);
	if (!err)
		err = unix_find(u, a, &at);
	if (err)
		return err;
	if (!at->sock.listens || at->sock.shut & SHUT_READ)
		return -ECONNREFUSED;
	if (at->nwaiting > at->backlog) {
		err = op->may_wait ? unix_stall_at(u, at) : 0;
		return err ? err : WAIT;
	}
	if (u->connected)
		return -EISCONN;
	if (s->listens)
		return -EINVAL;
	err = embryo(op, u, at);
	if (err)
		return err;
	file_notify(&at->sock.file, UNIX_IN);
	file_notify(&s->file, UNIX_ALL); /* it does not hang up any more */
	return 0;
}

int unix_listen(struct op *op, struct sock *s, int backlog)
{
	struct unix_sock *u = unix_of(s);
	const unsigned most = u->sock.file.net->limit.backlog;
	const unsigned want = (unsigned)backlog > most ? most : (unsigned)backlog;
	const bool more = want > u->backlog;

	if (!u->name || u->connected)
		return -EINVAL;
	u->backlog = want;
	s->listens = true;
	set_creds(u, &op->task->creds);
	if (more)
		unix_unstall(u);
	return 0;
}

int unix_accept(struct op *op, struct sock *s, struct sock **out)
{
	struct unix_sock *u = unix_of(s), *e;

	if (!s->listens)
		return -EINVAL;
	if (s->err)
		return sock_take_error(s);
	e = TAILQ_FIRST(&u->waiting);
	if (!e)
		return s->shut & SHUT_READ && !s->file.nonblock ? -EINVAL : WAIT;
	TAILQ_REMOVE(&u->waiting, e, entry);
	u->nwaiting--;
	e->listener = NULL;
	*out = &e->sock;
	unix_unstall(u);
	return 0;
}

int unix_pair(struct op *op, struct sock *a, struct sock *b)
{
	struct unix_sock *ua = unix_of(a), *ub = unix_of(b);

	ua->peer = ub;
	ub->peer = ua;
	if (unix_is_dgram(ua)) {
		LIST_INSERT_HEAD(&ub->peered, ua, of_peer);
		LIST_INSERT_HEAD(&ua->peered, ub, of_peer);
	} else {
		ua->connected = ub->connected = true;
	}
	set_creds(ua, &op->task->creds);
	set_creds(ub, &op->task->creds);
	return 0;
}

/* ------------------------------------------------------------------- datagrams */

void unix_dgram_leave(struct unix_sock *u)
{
	if (!u->peer)
		return;
	LIST_REMOVE(u, of_peer);
	if (u->stall.at)
		LIST_REMOVE(&u->stall, of_at);
	u->stall.at = NULL;
	u->peer = NULL;
}

/* What the former peer sent is lost, and that is told it if it talked to us only. */
void unix_dgram_disconnected(struct unix_sock *u, struct unix_sock *other)
{
	if (TAILQ_EMPTY(&u->queue))
		return;
	if (other && other->peer == u)
		sock_set_error(&other->sock, ECONNRESET);
	unix_queue_flush(u);
	unix_unstall(u);
	unix_rights_flush(unix_net(u));
}

int unix_dgram_connect(struct op *op, struct sock *s, const struct call_addr *a)
{
	struct unix_sock *u = unix_of(s), *other = NULL, *old = u->peer;
	const bool had = u->peer || u->peer_gone;
	int err;

	if (a->len < (int)sizeof(sa_family_t))
		return -EINVAL;
	if (a->family != AF_UNSPEC) {
		err = unix_check_addr(a);
		if (!err)
			err = unix_autobind_for_creds(u);
		if (!err)
			err = unix_find(u, a, &other);
		if (err)
			return err;
		if (other->peer_gone || (other->peer && other->peer != u))
			return -EPERM;
	}
	unix_dgram_leave(u);
	u->peer_gone = false;
	unix_name_put(u->peer_name);
	u->peer_name = NULL;
	u->peer = other;
	if (other)
		LIST_INSERT_HEAD(&other->peered, u, of_peer);
	if (had) {
		file_notify(&s->file, UNIX_OUT);
		if (other != old || !old)
			unix_dgram_disconnected(u, old);
	}
	return 0;
}
