/*
 * send.c - send, sendto, sendmsg, sendmmsg.
 *
 * A message is tried without waiting first, so that other callers are only
 * troubled when it does wait. SIGPIPE, which the kernel sends to the thread that
 * writes, is blocked in ours and passed on.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"
#include "path.h"
#include "payload.h"

#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif

struct sending {
	struct caller *who;
	struct call *c;
	struct payload payload;
	struct msghdr head; /* name and control; no payload */
	int flags;
	bool may_wait, said_waits;
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

static ssize_t try_send(struct sending *s, void *buf, size_t len)
{
	struct iovec iov = {buf, len};
	struct msghdr m = s->head;
	ssize_t n = -1;

	m.msg_iov = &iov;
	m.msg_iovlen = len || s->payload.n ? 1 : 0;
	/* A connection that is made on the way cannot be tried and then waited for. */
	if (!s->may_wait || !(s->flags & MSG_FASTOPEN)) {
		n = sendmsg(s->c->sock, &m, s->flags | (s->may_wait ? MSG_DONTWAIT : 0));
		if (n >= 0 || !s->may_wait || errno != EAGAIN)
			return n < 0 ? -errno : n;
	}
	if (!s->said_waits && s->who->ops->waits)
		s->who->ops->waits(s->who);
	s->said_waits = true;
	n = sendmsg(s->c->sock, &m, s->flags);
	return n < 0 ? -errno : n;
}

/* A buffer that the kernel may go on reading after we let it go (MSG_ZEROCOPY):
 * pages of our own, that nobody else is given. */
static void *get_buffer(size_t size)
{
	void *buf = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return buf == MAP_FAILED ? NULL : buf;
}

/* Sends all of a stream's pieces, or the one piece of a datagram. */
static ssize_t send_pieces(struct sending *s, uint8_t *buf, size_t piece)
{
	size_t done = 0;

	do {
		size_t want = s->payload.total - done < piece ? s->payload.total - done : piece;
		ssize_t have = caller_read_spans(s->who, s->payload.span, s->payload.n, done, buf, want);
		if (have < 0 || ((size_t)have < want && s->payload.total <= piece &&
				 !payload_is_stream(s->c)))
			return done ? (ssize_t)done : have < 0 ? have : -EFAULT;
		for (ssize_t at = 0;;) {
			ssize_t n = try_send(s, buf + at, have - at);

			if (n < 0)
				return done ? (ssize_t)done : n;
			done += n;
			at += n;
			/* Name and control messages go with the first byte only. */
			s->head.msg_name = NULL;
			s->head.msg_namelen = 0;
			s->head.msg_control = NULL;
			s->head.msg_controllen = 0;
			if (at >= have)
				break;
			if (!s->may_wait || n == 0)
				return done;
		}
		if ((size_t)have < want)
			return done; /* the rest cannot be read */
	} while (done < s->payload.total);
	return done;
}

static ssize_t send_payload(struct sending *s)
{
	uint8_t small[4096];
	size_t piece = s->payload.total;
	ssize_t n;

	if (piece <= sizeof(small) && !(s->flags & MSG_ZEROCOPY))
		return send_pieces(s, small, sizeof(small));
	if (piece > PAYLOAD_PIECE) {
		if (payload_is_stream(s->c))
			piece = PAYLOAD_PIECE;
		else if (piece > PAYLOAD_MAX)
			return -EMSGSIZE;
	}
	uint8_t *buf = get_buffer(piece);
	if (!buf)
		return -ENOBUFS;
	n = send_pieces(s, buf, piece);
	munmap(buf, piece);
	return n;
}

/* SCM_RIGHTS carries the caller's numbers: makes them ours, in a copy. Returns how
 * many were opened, all of which drop_rights() closes, or -errno. */
static int take_rights(struct caller *who, struct msghdr *m)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		int *fd = (int *)CMSG_DATA(h);
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int), i;
		int err = 0;

		for (i = 0; i < n; i++) {
			if (!err) {
				int handle = who->ops->fd_get(who, fd[i]);

				err = handle < 0 ? handle : 0;
				fd[i] = handle;
			} else {
				fd[i] = -1;
			}
		}
		if (err) {
			/* Messages further on still hold the caller's numbers: not ours to close. */
			m->msg_controllen = (uint8_t *)fd + n * sizeof(int) - (uint8_t *)m->msg_control;
			return err;
		}
	}
	return 0;
}

static void drop_rights(struct caller *who, struct msghdr *m)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		int *fd = (int *)CMSG_DATA(h);

		for (size_t i = 0; i < (h->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
			if (fd[i] >= 0)
				who->ops->fd_put(who, fd[i]);
	}
}

/* Sends one message to `name` (may be absent) with control messages. */
static ssize_t send_one(struct caller *who, struct call *c, unsigned i, struct payload payload,
			const struct call_addr *name, const uint8_t *control, size_t control_len,
			int flags, const struct serve_judge *judge)
{
	struct sending s = {
		.who = who,
		.c = c,
		.payload = payload,
		.flags = flags,
		.may_wait = !(flags & MSG_DONTWAIT) && host_may_wait(c),
	};
	struct call_addr found;
	struct msghdr rights = {0};
	ssize_t n = 0;
	int fd = -1;

	if (path_is(name)) {
		n = path_prepare(who, c, i, false, name, &found, &fd, judge);
		name = &found;
	}
	if (!n && control_len) {
		rights.msg_control = malloc(control_len);
		rights.msg_controllen = control_len;
		n = -ENOBUFS;
		if (rights.msg_control) {
			memcpy(rights.msg_control, control, control_len);
			n = take_rights(who, &rights);
		}
	}
	if (!n) {
		s.head = rights;
		if (name->present) {
			s.head.msg_name = (void *)&name->ss;
			s.head.msg_namelen = name->len;
		}
		n = send_payload(&s);
		if (n == -EPIPE && take_sigpipe() && who->ops->signal)
			who->ops->signal(who, SIGPIPE);
		if (n == -EINTR)
			n = host_interrupted(c, SO_SNDTIMEO);
	}
	if (rights.msg_control)
		drop_rights(who, &rights);
	free(rights.msg_control);
	if (fd >= 0)
		close(fd);
	return n;
}

/* Flags of ours or of the compatibility layer's are not the caller's to set. */
static int host_flags(int flags)
{
	return flags & ~(int)0x80000000; /* MSG_CMSG_COMPAT */
}

void host_send(struct caller *who, struct call *c, struct result *r,
	       const struct serve_judge *judge)
{
	if (c->nr == CALL_sendmsg) {
		const struct call_msg *m = &c->msg[0];

		r->ret = send_one(who, c, 0, payload_of(m->iov, m->iovlen), &m->name, m->control,
				  m->control_len, host_flags(c->flags), judge);
	} else {
		r->ret = send_one(who, c, 0, payload_of(&c->buf, 1), &c->addr, NULL, 0,
				  host_flags(c->flags), judge);
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

		if (m->err) {
			sent = m->err;
			break;
		}
		sent = send_one(who, c, done, payload_of(m->iov, m->iovlen), &m->name, m->control,
				m->control_len,
				host_flags(c->flags) | (m->flags & MSG_EOR), judge);
		if (sent < 0)
			break;
		r->msg[done].len = sent;
	}
	r->nmsg = done;
	r->ret = done || sent >= 0 ? (int64_t)done : sent;
}
