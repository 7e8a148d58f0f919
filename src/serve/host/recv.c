/*
 * recv.c - recv, recvfrom, recvmsg, recvmmsg.
 *
 * What arrives is taken into memory of ours and written to the caller's by reply.
 * A message is tried without waiting first; MSG_WAITALL, which a try could cut
 * short, waits at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host.h"
#include "payload.h"
#include "stash.h"

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
	out->data = malloc(room ? room : 1);
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

static ssize_t receive(struct caller *who, struct call *c, struct msghdr *m)
{
	int flags = host_flags(c->flags);
	bool may_wait = host_may_wait(c);
	struct msghdr try = *m;
	ssize_t n;

	if (!may_wait || !(flags & MSG_WAITALL)) {
		n = recvmsg(c->sock, &try, flags | (may_wait ? MSG_DONTWAIT : 0));
		if (n >= 0 || !may_wait || errno != EAGAIN) {
			*m = try;
			return n < 0 ? -errno : n;
		}
	}
	if (who->ops->waits)
		who->ops->waits(who);
	n = recvmsg(c->sock, m, flags);
	return n < 0 ? -errno : n;
}

void host_recv(struct caller *who, struct call *c, struct result *r,
	       const struct serve_judge *judge)
{
	const struct call_msg *in = c->nr == CALL_recvmsg ? &c->msg[0] : NULL;
	struct payload p = in ? payload_of(in->iov, in->iovlen) : payload_of(&c->buf, 1);
	struct slot slot;

	if (stash_take(c, r))
		return;
	r->cloexec = c->flags & MSG_CMSG_CLOEXEC;
	r->msg = calloc(1, sizeof(*r->msg));
	r->nmsg = r->msg ? 1 : 0;
	if (!r->msg || slot_init(&slot, r->msg, room_for(c, p.total), (in ? in->name.at : c->addr.at) != 0,
				 in ? in->control_host_room : 0) < 0) {
		r->ret = -ENOMEM;
		return;
	}
	r->ret = receive(who, c, &slot.m);
	if (r->ret >= 0)
		slot_done(&slot, r->msg, r->ret, c->flags);
	else if (r->ret == -EINTR)
		r->ret = host_interrupted(c, SO_RCVTIMEO);
}

/* The kernel's own recvmmsg on buffers of ours: its rules for the time-out, and for
 * an error after messages (kept in SO_ERROR), hold unchanged. */
void host_recvmmsg(struct caller *who, struct call *c, struct result *r,
		   const struct serve_judge *judge)
{
	unsigned n = c->nmsg;
	struct mmsghdr *v = calloc(n ? n : 1, sizeof(*v));
	struct slot *slot = calloc(n ? n : 1, sizeof(*slot));
	struct timespec left = c->timeout;
	int err = -ENOMEM;

	r->cloexec = c->flags & MSG_CMSG_CLOEXEC;
	r->msg = calloc(n ? n : 1, sizeof(*r->msg));
	if (!v || !slot || !r->msg)
		goto out;
	r->nmsg = n;
	for (unsigned i = 0; i < n; i++) {
		const struct call_msg *m = &c->msg[i];

		if (slot_init(&slot[i], &r->msg[i],
			      room_for(c, payload_of(m->iov, m->iovlen).total), m->name.at != 0,
			      m->control_host_room) < 0)
			goto out;
		v[i].msg_hdr = slot[i].m;
	}
	if (host_may_wait(c) && who->ops->waits)
		who->ops->waits(who);
	err = recvmmsg(c->sock, v, n, host_flags(c->flags),
		       c->time == TIME_NONE ? NULL : &left);
	if (err < 0)
		err = errno == EINTR ? host_interrupted(c, SO_RCVTIMEO) : -errno;
	for (int i = 0; i < err; i++) {
		slot[i].m = v[i].msg_hdr;
		slot_done(&slot[i], &r->msg[i], v[i].msg_len, c->flags);
	}
	r->time_left_set = err > 0 && c->time != TIME_NONE;
	r->time_left = left;
out:
	/* Only messages that came count; the others hold buffers to free, no rights. */
	r->ret = err;
	free(v);
	free(slot);
}
