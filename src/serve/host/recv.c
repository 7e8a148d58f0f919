/*
 * recv.c - recv, recvfrom, recvmsg, recvmmsg.
 *
 * What arrives is taken into memory of ours and written to the caller's by reply.
 * A message is tried without waiting first; MSG_WAITALL, which a try could cut
 * short, waits at once.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host.h"
#include "payload.h"
#include "stash.h"
#include "waiting.h"

/* The room that we give to one message. A stream may answer less than it was
 * asked for, but for MSG_WAITALL; a datagram larger than this does not exist. */
static size_t room_for(const struct call *c, size_t total)
{
	size_t most = PAYLOAD_MAX;

	if (total > PAYLOAD_PIECE && !(c->flags & MSG_WAITALL) && payload_is_stream(c))
		most = PAYLOAD_PIECE;
	return total < most ? total : most;
}

struct slot {
	struct msghdr m;
	struct iovec iov;
};

/* Buffers for one message, in *out. name and control may be without room. */
static int slot_init(struct slot *s, struct result_msg *out, size_t room, bool wants_name,
		     size_t control_room)
{
	/* Zeroes: what the kernel leaves out must not be what our heap held. */
	out->data = calloc(1, room ? room : 1);
	if (!out->data)
		return -ENOMEM;
	if (control_room) {
		out->control = calloc(1, control_room);
		if (!out->control)
			return -ENOMEM;
	}
	s->iov = (struct iovec){out->data, room};
	s->m = (struct msghdr){
		.msg_iov = &s->iov,
		.msg_iovlen = 1,
		.msg_name = wants_name ? &out->name.ss : NULL,
		.msg_namelen = wants_name ? sizeof(out->name.bytes) : 0,
		.msg_control = out->control,
		.msg_controllen = control_room,
	};
	return 0;
}

static void slot_done(const struct slot *s, struct result_msg *out, size_t len, int flags)
{
	out->len = len;
	out->data_len = len < s->iov.iov_len ? len : s->iov.iov_len;
	out->control_len = s->m.msg_controllen;
	out->name.present = s->m.msg_name;
	out->name.len = s->m.msg_namelen;
	/* Our copies of descriptors are close-on-exec whatever the caller asked. */
	out->flags = (s->m.msg_flags & ~MSG_CMSG_CLOEXEC) | (flags & MSG_CMSG_CLOEXEC);
}

static int host_flags(int flags)
{
	return (flags & ~(int)0x80000000) | MSG_CMSG_CLOEXEC; /* no MSG_CMSG_COMPAT */
}

struct receiving {
	const struct call *c;
	struct msghdr m;
	int flags;
	ssize_t got;
};

/* With the caller's rights: ids in SCM_CREDENTIALS are as its user namespace has
 * them. */
static void do_receive(void *arg)
{
	struct receiving *v = arg;

	v->got = recvmsg(v->c->sock, &v->m, v->flags);
	if (v->got < 0)
		v->got = -errno;
}

static ssize_t receive_as_caller(struct caller *who, struct call *c, struct msghdr *m, int flags)
{
	struct receiving v = {.c = c, .m = *m, .flags = flags};
	int err = host_as_caller(who, do_receive, &v);

	if (err || v.got < 0)
		return err ? err : v.got;
	*m = v.m;
	return v.got;
}

/* Receives, or takes what was put back; then r->ret is set and *kept is true. */
static ssize_t receive(struct caller *who, struct call *c, struct result *r, size_t room,
		       struct msghdr *m, bool *kept)
{
	int flags = host_flags(c->flags);
	bool may_wait = host_may_wait(c);
	ssize_t n;

	waiting_see_off(c);
	*kept = stash_take(c, room, r);
	if (*kept)
		return r->ret;
	if (!may_wait || !(flags & MSG_WAITALL)) {
		n = receive_as_caller(who, c, m, flags | (may_wait ? MSG_DONTWAIT : 0));
		if (n != -EAGAIN || !may_wait)
			return n;
	}
	if (who->ops->waits)
		who->ops->waits(who);
	waiting_begin(who, c);
	stash_watch(c);
	do {
		*kept = stash_take(c, room, r);
		n = *kept ? r->ret : receive_as_caller(who, c, m, flags);
	} while (n == -EINTR && waiting_woken(c));
	return n;
}

/* With MSG_TRUNC a TCP socket throws data away: there is nothing to hand on. */
static bool discards(const struct call *c)
{
	int protocol = 0;
	socklen_t len = sizeof(protocol);

	return c->flags & MSG_TRUNC && !(c->flags & MSG_ERRQUEUE) &&
	       getsockopt(c->sock, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0 &&
	       (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

void host_recv(struct caller *who, struct call *c, struct result *r,
	       const struct serve_judge *judge)
{
	const struct call_msg *in = c->nr == CALL_recvmsg ? &c->msg[0] : NULL;
	struct payload p = in ? payload_of(in->iov, in->iovlen) : payload_of(&c->buf, 1);
	struct result_msg *msg = calloc(1, sizeof(*msg));
	struct slot slot;
	bool kept = false;
	ssize_t n = -ENOMEM;

	if (msg && slot_init(&slot, msg, room_for(c, p.total), (in ? in->name.at : c->addr.at) != 0,
			     in ? in->control_host_room : 0) == 0)
		n = receive(who, c, r, p.total, &slot.m, &kept);
	r->cloexec = c->flags & MSG_CMSG_CLOEXEC;
	r->ret = n == -EINTR ? host_interrupted(c, SO_RCVTIMEO) : n;
	if (n >= 0 && !kept) {
		slot_done(&slot, msg, n, c->flags);
		if (discards(c))
			msg->data_len = 0;
		r->msg = msg;
		r->nmsg = 1;
		return;
	}
	if (msg) {
		free(msg->data);
		free(msg->control);
	}
	free(msg);
}

struct receiving_many {
	const struct call *c;
	struct mmsghdr *v;
	unsigned n;
	struct timespec left;
	int got;
};

static void do_receive_many(void *arg)
{
	struct receiving_many *m = arg;

	m->got = recvmmsg(m->c->sock, m->v, m->n, host_flags(m->c->flags),
			  m->c->time == TIME_NONE ? NULL : &m->left);
	if (m->got < 0)
		m->got = -errno;
}

/* A header that the kernel will refuse as it would have refused the caller's. */
static struct msghdr bad_header(int err)
{
	static struct iovec nowhere = {(void *)8, 1};

	switch (err) {
	case -EINVAL:
		return (struct msghdr){.msg_name = &nowhere, .msg_namelen = -1};
	case -EMSGSIZE:
		return (struct msghdr){.msg_iov = &nowhere, .msg_iovlen = CALL_IOV_MAX + 1};
	default:
		return (struct msghdr){.msg_iov = (void *)8, .msg_iovlen = 1};
	}
}

/* The kernel's own recvmmsg on buffers of ours: its rules for the time-out, and for
 * an error after messages (kept in SO_ERROR), hold unchanged. */
void host_recvmmsg(struct caller *who, struct call *c, struct result *r,
		   const struct serve_judge *judge)
{
	unsigned n = c->nmsg;
	struct receiving_many m = {.c = c, .n = n, .left = c->timeout};
	struct slot *slot = calloc(n ? n : 1, sizeof(*slot));
	int err = -ENOMEM;

	r->cloexec = c->flags & MSG_CMSG_CLOEXEC;
	m.v = calloc(n ? n : 1, sizeof(*m.v));
	r->msg = calloc(n ? n : 1, sizeof(*r->msg));
	if (!m.v || !slot || !r->msg)
		goto out;
	r->nmsg = n;
	for (unsigned i = 0; i < n; i++) {
		const struct call_msg *in = &c->msg[i];

		if (in->err) {
			m.v[i].msg_hdr = bad_header(in->err);
			continue;
		}
		if (slot_init(&slot[i], &r->msg[i],
			      room_for(c, payload_of(in->iov, in->iovlen).total),
			      in->name.at != 0, in->control_host_room) < 0)
			goto out;
		m.v[i].msg_hdr = slot[i].m;
		m.v[i].msg_hdr.msg_iov = &slot[i].iov;
	}
	if (host_may_wait(c) && who->ops->waits)
		who->ops->waits(who);
	err = host_as_caller(who, do_receive_many, &m);
	if (!err)
		err = m.got == -EINTR ? host_interrupted(c, SO_RCVTIMEO) : m.got;
	for (int i = 0; i < err; i++) {
		slot[i].m = m.v[i].msg_hdr;
		slot_done(&slot[i], &r->msg[i], m.v[i].msg_len, c->flags);
	}
	r->time_left_set = err > 0 && c->time != TIME_NONE;
	r->time_left = m.left;
out:
	/* Only messages that came count; the others hold buffers to free, no rights. */
	r->ret = err;
	free(m.v);
	free(slot);
}
