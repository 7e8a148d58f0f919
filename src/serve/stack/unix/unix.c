/*
 * unix.c - AF_UNIX sockets: how they begin and end, poll, shutdown, and what they owe.
 *
 * Closing one may end others: descriptors in its queue that nobody else has, and the
 * connections that nobody accepted. None of this is done by calls within calls, since
 * a program may nest it as deep as it likes: what is to be released goes on a list of
 * the network (unix_rights.c), and whoever came first works it off.
 */
#include "unix.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "../option.h"

static int unix_open(struct sock *s)
{
	struct unix_sock *u = unix_of(s);

	if (unix_is_stream(u))
		TAILQ_INIT(&u->marks);
	else
		TAILQ_INIT(&u->queue);
	TAILQ_INIT(&u->waiting);
	u->backlog = UNIX_DGRAM_QLEN;
	sock_flag_set(s, SOCK_FLAG_PASSRIGHTS, true);
	return 0;
}

/* What a connection's end leaves the other: all is over, and what was not read or not
 * accepted is a reset. */
static void leave_connection(struct unix_sock *u, bool reset)
{
	struct unix_sock *p = u->peer;

	if (!p)
		return;
	u->peer = NULL;
	p->peer = NULL;
	p->peer_gone = true;
	p->peer_name = unix_name_get(u->name);
	p->sock.shut = SHUT_READ | SHUT_WRITE;
	if (reset)
		p->sock.err = ECONNRESET;
	file_notify(&p->sock.file, UNIX_ALL);
}

/* Those whose peer it is find out when they send. */
static void leave_dgrams(struct unix_sock *u)
{
	struct unix_sock *p;

	unix_dgram_leave(u);
	while ((p = LIST_FIRST(&u->peered))) {
		unix_dgram_leave(p);
		p->peer_gone = true;
		p->peer_name = unix_name_get(u->name);
	}
}

static void leave_listener(struct unix_sock *u)
{
	struct unix_sock *e;

	while ((e = TAILQ_FIRST(&u->waiting))) {
		TAILQ_REMOVE(&u->waiting, e, entry);
		file_put(&e->sock.file);
	}
}

static void leave_stalls(struct unix_sock *u)
{
	struct unix_stall *t;

	if (!unix_is_stream(u) && u->stall.at) {
		LIST_REMOVE(&u->stall, of_at);
		u->stall.at = NULL;
	}
	while ((t = LIST_FIRST(&u->stalls))) {
		LIST_REMOVE(t, of_who);
		LIST_REMOVE(t, of_at);
		alloc_put(unix_mem(u), t);
	}
}

/* Is there something that it did not read? Linux does not count one empty message. */
static bool has_unread(const struct unix_sock *u)
{
	const struct unix_message *x;

	if (unix_is_stream(u))
		return unix_stream_unread(u);
	x = TAILQ_FIRST(&u->queue);
	return x && (x->len || TAILQ_NEXT(x, entry));
}

static void unix_close(struct sock *s)
{
	struct unix_sock *u = unix_of(s);
	const bool reset = u->listener || has_unread(u);

	unix_name_leave(u);
	s->shut = SHUT_READ | SHUT_WRITE;
	leave_stalls(u);
	if (unix_is_stream(u)) {
		unix_stream_flush(u);
	} else {
		unix_queue_flush(u);
		unix_queue_orphan(u);
	}
	if (unix_is_dgram(u))
		leave_dgrams(u);
	else
		leave_connection(u, reset);
	leave_listener(u);
	unix_unstall(u);
	unix_name_put(u->name);
	unix_name_put(u->peer_name);
	if (unix_is_stream(u))
		ring_free(unix_mem(u), &u->ring);
	unix_rights_flush(unix_net(u));
}

/* ---------------------------------------------------------- what is on its way */

/* Memory of a buffer's first part, as kmalloc() has it. */
static unsigned head_charge(size_t len)
{
	size_t want = ((len + 63) & ~(size_t)63) + 320, got = 512;

	while (got < want)
		got *= 2;
	return got + 256;
}

unsigned unix_charge(size_t len, bool stream)
{
	const size_t page = 4096;
	const size_t head = stream ? 3776 : 16064; /* SKB_MAX_HEAD(0), SKB_MAX_ALLOC */
	size_t paged = len > head ? len - head : 0;

	if (!stream && paged > 17 * page)
		paged = 17 * page;
	paged = (paged + page - 1) & ~(page - 1);
	return head_charge(len > paged ? len - paged : 0) + paged;
}

int unix_may_charge(struct unix_sock *u)
{
	if (u->sock.err)
		return sock_take_error(&u->sock);
	if (u->sock.shut & SHUT_WRITE)
		return -EPIPE;
	return u->charge < (unsigned)u->sock.sndbuf ? 0 : WAIT;
}

void unix_discharge(struct unix_sock *sender, unsigned charge)
{
	sender->charge -= charge;
	if (unix_writable(sender))
		file_notify(&sender->sock.file, UNIX_OUT);
}

static void stall_add(struct unix_stall *t, struct unix_sock *who, struct unix_sock *at)
{
	t->who = who;
	t->at = at;
	LIST_INSERT_HEAD(&at->stalled, t, of_at);
}

void unix_stall_peer(struct unix_sock *u)
{
	if (u->stall.at == u->peer)
		return;
	if (u->stall.at)
		LIST_REMOVE(&u->stall, of_at);
	stall_add(&u->stall, u, u->peer);
}

int unix_stall_at(struct unix_sock *u, struct unix_sock *at)
{
	struct unix_stall *t;

	if (at == u->peer) {
		unix_stall_peer(u);
		return 0;
	}
	LIST_FOREACH(t, &u->stalls, of_who)
		if (t->at == at)
			return 0;
	t = alloc_zero(unix_mem(u), sizeof(*t));
	if (!t)
		return -ENOBUFS;
	stall_add(t, u, at);
	LIST_INSERT_HEAD(&u->stalls, t, of_who);
	return 0;
}

void unix_unstall(struct unix_sock *at)
{
	LIST_HEAD(, unix_stall) all = {LIST_FIRST(&at->stalled)};
	struct unix_stall *t;

	/* Whoever hears of it may look at once, and wait again: from a list of our own. */
	LIST_INIT(&at->stalled);
	if (LIST_FIRST(&all))
		LIST_FIRST(&all)->of_at.le_prev = &LIST_FIRST(&all);
	while ((t = LIST_FIRST(&all))) {
		struct unix_sock *who = t->who;

		LIST_REMOVE(t, of_at);
		t->at = NULL;
		if (t != &who->stall) {
			LIST_REMOVE(t, of_who);
			alloc_put(unix_mem(who), t);
		}
		file_notify(&who->sock.file, UNIX_OUT);
	}
}

/* ------------------------------------------------------------------- the calls */

static int unix_shutdown(struct sock *s, int how)
{
	struct unix_sock *u = unix_of(s), *p = u->peer;
	uint8_t bits;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	bits = how + 1;
	s->shut |= bits;
	if (p && !unix_is_dgram(u)) {
		p->sock.shut |= (bits & SHUT_READ ? SHUT_WRITE : 0) |
				(bits & SHUT_WRITE ? SHUT_READ : 0);
	}
	/* In this order: an epoll set of both shows it. */
	file_notify(&s->file, UNIX_ALL);
	if (p && !unix_is_dgram(u))
		file_notify(&p->sock.file, UNIX_ALL);
	return 0;
}

static uint32_t common_poll(const struct unix_sock *u, bool readable)
{
	const uint8_t shut = u->sock.shut;
	uint32_t is = 0;

	if (u->sock.err)
		is |= POLLERR;
	if (shut == (SHUT_READ | SHUT_WRITE))
		is |= POLLHUP;
	if (shut & SHUT_READ)
		is |= POLLRDHUP | UNIX_IN;
	if (readable || !TAILQ_EMPTY(&u->waiting))
		is |= UNIX_IN;
	if (!unix_is_dgram(u) && !u->connected && !u->sock.listens)
		is |= POLLHUP;
	if (unix_writable(u))
		is |= UNIX_OUT;
	return is;
}

static uint32_t unix_stream_poll(struct sock *s)
{
	const struct unix_sock *u = unix_of(s);

	return common_poll(u, ring_len(&u->ring) > 0) | (u->oob ? POLLPRI : 0);
}

static uint32_t unix_queue_poll(struct sock *s)
{
	struct unix_sock *u = unix_of(s);
	uint32_t is = common_poll(u, !TAILQ_EMPTY(&u->queue));

	if (is & UNIX_OUT && u->peer && u->peer->peer != u && unix_queue_full(u->peer)) {
		unix_stall_peer(u);
		is &= ~UNIX_OUT;
	}
	return is;
}

static int unread_bytes(const struct unix_sock *u)
{
	if (unix_is_stream(u))
		return ring_len(&u->ring) - u->holes;
	if (!unix_is_dgram(u))
		return u->queued;
	return TAILQ_EMPTY(&u->queue) ? 0 : TAILQ_FIRST(&u->queue)->len;
}

static int unix_ioctl(struct task *t, struct sock *s, unsigned long request, void *arg)
{
	const struct unix_sock *u = unix_of(s);
	int *out = arg;

	switch (request) {
	case SIOCOUTQ:
		*out = u->charge;
		return 0;
	case SIOCINQ:
		if (s->listens)
			return -EINVAL;
		*out = unread_bytes(u);
		return 0;
	case SIOCATMARK:
		if (!unix_is_stream(u))
			return -EOPNOTSUPP;
		/* A connection that waits looks like a mark to Linux. */
		*out = unix_stream_at_mark(u) || !TAILQ_EMPTY(&u->waiting);
		return 0;
	default:
		return NOT_MINE;
	}
}

int unix_peer_creds(struct sock *s, struct ucred *out)
{
	const struct unix_sock *u = unix_of(s);

	if (!u->peer_creds_set) {
		*out = (struct ucred){.pid = 0, .uid = -1, .gid = -1};
		return -ENODATA;
	}
	*out = (struct ucred){u->peer_creds.pid, u->peer_creds.uid, u->peer_creds.gid};
	return 0;
}

/* ----------------------------------------------------------------- SOL_SOCKET */

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* Linux 6.16 */
#endif

static int get_peercred(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	struct ucred c;

	unix_peer_creds(s, &c);
	return option_put(v, &c, sizeof(c));
}

/* A task has no other groups than its gid, which Linux does not count here. */
static int get_peergroups(struct op *op, struct sock *s, const struct option *o,
			  struct option_value *v)
{
	struct ucred c;
	int err = unix_peer_creds(s, &c);

	return err ? err : option_put(v, "", 0);
}

static const struct option unix_rows[] = {
	{.name = SO_PEERCRED, .text = "SO_PEERCRED", .kind = OPT_OWN, .read_only = true,
	 .get = get_peercred, .does = "who connected, made the pair, or listens"},
	{.name = SO_PEERGROUPS, .text = "SO_PEERGROUPS", .kind = OPT_OWN, .read_only = true,
	 .get = get_peergroups, .does = "none: a task has its gid only; ENODATA if SO_PEERCRED "
	 "knows nobody"},
	{.name = SO_PASSRIGHTS, .text = "SO_PASSRIGHTS", .kind = OPT_FLAG,
	 .at = SOCK_FLAG_PASSRIGHTS, .does = "off: who sends it descriptors gets EPERM"},
};

const struct option_table options_unix = {
	.level = SOL_SOCKET,
	.text = "SOL_SOCKET",
	.row = unix_rows,
	.n = sizeof(unix_rows) / sizeof(unix_rows[0]),
};

static const struct option_table *const unix_options[] = {&options_unix, &options_socket, NULL};

#define UNIX_COMMON \
	.family = AF_UNIX, .size = sizeof(struct unix_sock), .options = unix_options, \
	.open = unix_open, .unheld = unix_collect, .close = unix_close, .bind = unix_bind, \
	.pair = unix_pair, .name = unix_getname, .peer = unix_getpeer, \
	.shutdown = unix_shutdown, .ioctl = unix_ioctl

const struct sock_ops unix_stream_ops = {
	UNIX_COMMON,
	.text = "unix stream",
	.type = SOCK_STREAM,
	.connect = unix_stream_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.send = unix_stream_send,
	.recv = unix_stream_recv,
	.poll = unix_stream_poll,
};

const struct sock_ops unix_dgram_ops = {
	UNIX_COMMON,
	.text = "unix dgram",
	.type = SOCK_DGRAM,
	.connect = unix_dgram_connect,
	.send = unix_dgram_send,
	.recv = unix_dgram_recv,
	.poll = unix_queue_poll,
};

const struct sock_ops unix_seqpacket_ops = {
	UNIX_COMMON,
	.text = "unix seqpacket",
	.type = SOCK_SEQPACKET,
	.connect = unix_stream_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.send = unix_seqpacket_send,
	.recv = unix_seqpacket_recv,
	.poll = unix_queue_poll,
};
