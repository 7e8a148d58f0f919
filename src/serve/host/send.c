/*
 * send.c - send, sendto, sendmsg, sendmmsg.
 *
 * Payload is read into a buffer of ours, a piece at a time for streams. Memory that
 * cannot be read is given to the kernel as memory that cannot be read (guarded.h), so
 * that it says what it would have said.
 *
 * A message is tried without waiting first, so that other callers are only troubled
 * when it does wait. SIGPIPE, which the kernel sends to the thread that writes, is
 * blocked in ours and passed on.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guarded.h"
#include "host.h"
#include "path.h"
#include "payload.h"
#include "rights_message.h"

#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif

struct sending {
	struct caller *who;
	struct call *c;
	struct payload payload;
	struct msghdr head;      /* name and control; no payload */
	const struct path *path; /* of the name; NULL: it is none */
	int flags;
	bool may_wait, said_waits;
	/* What do_send is to send, and what came of it. */
	struct iovec piece;
	int now;                 /* flags for this try */
	bool sigpipe;
	ssize_t sent;
};

/* Did the kernel send us a SIGPIPE for the last call? Takes it. */
static bool take_sigpipe(void)
{
	const struct timespec now = {0};
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	return sigtimedwait(&pipe, NULL, &now) == SIGPIPE;
}

/* With the caller's rights. sendto and sendmsg differ: an empty name is none to
 * sendmsg, and a wrong one to sendto. */
static void do_send(void *arg)
{
	struct sending *s = arg;
	struct msghdr m = s->head;

	s->sent = s->path ? path_enter(s->path) : 0;
	if (s->sent < 0)
		return;
	if ((s->c->nr == CALL_send || s->c->nr == CALL_sendto) && !m.msg_controllen) {
		s->sent = sendto(s->c->sock, s->piece.iov_base, s->piece.iov_len, s->now,
				 m.msg_name, m.msg_namelen);
	} else {
		m.msg_iov = &s->piece;
		m.msg_iovlen = s->payload.n ? 1 : 0; /* no iovec at all is not one of length 0 */
		s->sent = sendmsg(s->c->sock, &m, s->now);
	}
	if (s->sent < 0)
		s->sent = -errno;
	if (s->sent == -EPERM && rights_message_name_us(&s->head, s->who)) {
		do_send(s);
		return;
	}
	if (s->sent == -EPIPE)
		s->sigpipe = take_sigpipe();
}

static ssize_t send_as_caller(struct sending *s, int flags)
{
	int err;

	s->now = flags;
	err = host_as_caller(s->who, do_send, s);
	return err ? err : s->sent;
}

static ssize_t try_send(struct sending *s, void *buf, size_t len)
{
	ssize_t n;

	s->piece = (struct iovec){buf, len};
	/* A connection that is made on the way cannot be tried and then waited for. */
	if (!s->may_wait || !(s->flags & MSG_FASTOPEN)) {
		n = send_as_caller(s, s->flags | (s->may_wait ? MSG_DONTWAIT : 0));
		if (n != -EAGAIN || !s->may_wait)
			return n;
	}
	if (!s->said_waits && s->who->ops->waits)
		s->who->ops->waits(s->who);
	s->said_waits = true;
	return send_as_caller(s, s->flags);
}

/* Sends one piece, all of it if the call may wait. Returns the bytes sent; -errno if
 * none. Name and control messages go with the first byte only. */
static ssize_t send_piece(struct sending *s, uint8_t *buf, size_t len)
{
	size_t done = 0;

	do {
		ssize_t n = try_send(s, buf + done, len - done);

		if (n < 0)
			return done ? (ssize_t)done : n;
		done += n;
		s->head = (struct msghdr){0};
		s->path = NULL;
		if (!s->may_wait || n == 0)
			break;
	} while (done < len);
	return done;
}

/* The piece of which only the first bytes can be read. */
static ssize_t send_faulty(struct sending *s, const uint8_t *have, size_t got, size_t want)
{
	struct guarded g;
	ssize_t n = guarded_init(&g, got);

	if (n < 0)
		return n;
	memcpy(g.bytes, have, got);
	n = send_piece(s, g.bytes, want);
	guarded_free(&g);
	return n;
}

static ssize_t send_pieces(struct sending *s, uint8_t *buf, size_t piece)
{
	const struct payload *p = &s->payload;
	size_t done = 0;

	do {
		size_t want = p->total - done < piece ? p->total - done : piece;
		ssize_t have = caller_read_spans(s->who, p->span, p->n, done, buf, want), n;

		if (have < 0 && have != -EFAULT)
			return done ? (ssize_t)done : have;
		if (have < 0)
			have = 0;
		n = (size_t)have < want ? send_faulty(s, buf, have, want) : send_piece(s, buf, want);
		if (n < 0)
			return done ? (ssize_t)done : n;
		done += n;
		if ((size_t)n < want)
			break;
	} while (done < p->total);
	return done;
}

static ssize_t send_payload(struct sending *s)
{
	uint8_t small[4096];
	size_t piece = s->payload.total;
	struct guarded g;
	ssize_t n;

	if (piece <= sizeof(small) && !(s->flags & MSG_ZEROCOPY))
		return send_pieces(s, small, sizeof(small));
	if (piece > PAYLOAD_PIECE) {
		if (payload_is_stream(s->c))
			piece = PAYLOAD_PIECE;
		else if (piece > PAYLOAD_MAX)
			return -EMSGSIZE;
	}
	/* A mapping: with MSG_ZEROCOPY the kernel goes on reading the pages after they
	 * are unmapped, and nobody else is given them. */
	n = guarded_init(&g, piece);
	if (n < 0)
		return -ENOBUFS;
	n = send_pieces(s, g.bytes, piece);
	guarded_free(&g);
	return n;
}

/* One message. name may be absent. */
static ssize_t send_one(struct caller *who, struct call *c, unsigned i, struct payload payload,
			const struct call_addr *name, const struct call_msg *m, int flags,
			const struct serve_judge *judge)
{
	struct sending s = {
		.who = who,
		.c = c,
		.payload = payload,
		.flags = flags & ~(int)0x80000000, /* MSG_CMSG_COMPAT is not ours to ask for */
		.may_wait = !(flags & MSG_DONTWAIT) && host_may_wait(c),
	};
	struct path path;
	bool has_path = false;
	ssize_t n;

	/* Of the AF_UNIX sockets only those for datagrams look at a name here. */
	if (payload_is_datagram(c) && path_is(c, name)) {
		has_path = true;
		n = path_resolve(&path, who, c, i, false, name, judge);
		name = &path.addr;
		s.path = &path;
		if (n < 0)
			goto done;
	}
	n = rights_message_init(&s.head, who, c, m);
	if (n < 0)
		goto done;
	struct msghdr control = s.head; /* s.head is spent by the first piece */
	if (name->present) {
		s.head.msg_name = (void *)&name->ss;
		s.head.msg_namelen = name->len;
	}
	host_name_netlink(who, c, name);
	n = send_payload(&s);
	if (s.sigpipe && who->ops->signal)
		who->ops->signal(who, SIGPIPE);
	if (n == -EINTR)
		n = host_interrupted(c, SO_SNDTIMEO);
	rights_message_free(&control, who, c);
done:
	if (has_path)
		path_done(&path);
	return n;
}

void host_send(struct caller *who, struct call *c, struct result *r,
	       const struct serve_judge *judge)
{
	if (c->nr == CALL_sendmsg) {
		const struct call_msg *m = &c->msg[0];

		r->ret = send_one(who, c, 0, payload_of(m->iov, m->iovlen), &m->name, m, c->flags,
				  judge);
	} else {
		r->ret = send_one(who, c, 0, payload_of(&c->buf, 1), &c->addr, NULL, c->flags,
				  judge);
	}
}

/* As __sys_sendmmsg(): one after the other; an error only if nothing was sent. */
void host_sendmmsg(struct caller *who, struct call *c, struct result *r,
		   const struct serve_judge *judge)
{
	unsigned n = c->vlen < c->nmsg ? c->vlen : c->nmsg, done;
	ssize_t sent = 0;

	r->msg = calloc(n ? n : 1, sizeof(*r->msg));
	if (!r->msg) {
		r->ret = -ENOMEM;
		return;
	}
	for (done = 0; done < n; done++) {
		const struct call_msg *m = &c->msg[done];

		sent = m->err ? m->err
			      : send_one(who, c, done, payload_of(m->iov, m->iovlen), &m->name, m,
					 c->flags | (m->flags & MSG_EOR), judge);
		if (sent < 0)
			break;
		r->msg[done].len = sent;
	}
	r->nmsg = done;
	r->ret = done || sent >= 0 ? (int64_t)done : sent;
}
