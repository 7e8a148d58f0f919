/*
 * reply.c - a result into the caller's memory, in the order in which Linux writes
 * it: payload first, then names and lengths, then what says how much there is.
 * Descriptors are installed only when nothing can fail any more, but for those of
 * control messages, whose numbers have to be written.
 */
#include "reply.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "../abi/abi.h"
#include "control.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* move_addr_to_user() as of Linux 6.18: the true length is written even if the
 * address then faults. */
static int put_addr(struct caller *who, const struct call_addr *to, const struct call_addr *from)
{
	uint8_t both[sizeof(int) + CALL_ADDR_MAX];
	int len = to->len < from->len ? to->len : from->len;

	if (to->len_err)
		return to->len_err;
	if (len < 0)
		return -EINVAL;
	if (len > CALL_ADDR_MAX)
		len = CALL_ADDR_MAX;
	const struct call_span span[2] = {{to->len_at, sizeof(int)}, {to->at, len}};
	memcpy(both, &from->len, sizeof(int));
	memcpy(both + sizeof(int), from->bytes, len);
	ssize_t done = caller_write_spans(who, span, 2, both, sizeof(int) + len);
	return done < 0 ? (int)done : (size_t)done < sizeof(int) + len ? -EFAULT : 0;
}

static void reply_accept(struct caller *who, const struct call *c, struct result *r)
{
	if (c->addr.at)
		r->ret = put_addr(who, &c->addr, &r->addr);
	/* An address that cannot be written loses the connection: result_free closes. */
}

static void reply_name(struct caller *who, const struct call *c, struct result *r)
{
	r->ret = put_addr(who, &c->addr, &r->addr);
}

/* Linux writes the numbers before it makes the sockets. We learn them by installing,
 * and cannot take back: so the memory is tried first. */
static void reply_pair(struct caller *who, const struct call *c, struct result *r)
{
	int sv[2] = {-1, -1};
	int err = caller_write(who, c->sv_at, sv, sizeof(sv));

	for (int i = 0; !err && i < 2; i++) {
		sv[i] = who->ops->fd_install(who, r->pair[i], r->cloexec);
		r->given_pair[i] = sv[i];
		err = sv[i] < 0 ? sv[i] : 0;
		/* Ours goes before the caller goes on: what it closes must be closed then. */
		handles_put(&r->handles, r->pair[i]);
		r->pair[i] = -1;
	}
	r->ret = err ? err : caller_write(who, c->sv_at, sv, sizeof(sv));
}

static void narrow_option(const struct call *c, struct result *r)
{
	if (r->opt_len == (int)sizeof(struct timeval)) {
		struct timeval tv;
		int32_t t[2];

		memcpy(&tv, r->opt, sizeof(tv));
		t[0] = tv.tv_sec;
		t[1] = tv.tv_usec;
		memcpy(r->opt, t, sizeof(t));
		r->opt_len = sizeof(t);
	} else if (r->opt_len > 8) { /* a group filter: the padding behind its first int */
		memmove(r->opt + 4, r->opt + 8, r->opt_len - 8);
		r->opt_len -= 4;
	}
}

/* SO_PEERPIDFD makes a descriptor; what we got is one of ours. */
static bool is_descriptor(const struct call *c, const struct result *r)
{
	return c->opt.level == SOL_SOCKET && c->opt.name == SO_PEERPIDFD;
}

/* What was installed cannot be taken back: so the memory is tried first. */
static int give_descriptor(struct caller *who, const struct call *c, struct result *r)
{
	int handle, number = -1, err;

	memcpy(&handle, r->opt, sizeof(handle));
	if (r->opt_len > c->opt.len)
		r->opt_len = c->opt.len;
	err = caller_write(who, c->opt.at, &number, r->opt_len);
	if (!err)
		err = caller_write(who, c->opt.len_at, &r->opt_len, sizeof(r->opt_len));
	if (!err)
		number = who->ops->fd_install(who, handle, true);
	memcpy(r->opt, &number, sizeof(number));
	handles_put(&r->handles, handle);
	return err ? err : number < 0 ? number : 0;
}

static void reply_option(struct caller *who, const struct call *c, struct result *r)
{
	bool counts = c->opt.level == SOL_SOCKET && c->opt.name == SO_GET_FILTER;
	int err = 0;

	if (c->opt.narrow) {
		narrow_option(c, r);
		if (r->opt_len > c->opt.len && !c->opt.grows)
			r->opt_len = c->opt.len;
	}
	if (is_descriptor(c, r)) {
		r->ret = give_descriptor(who, c, r);
		if (r->ret < 0)
			return;
	}
	/* SO_GET_FILTER counts instructions, and with no room only counts. */
	size_t bytes = r->opt_len;

	if (counts)
		bytes = c->opt.len ? bytes * sizeof(struct sock_filter) : 0;
	if (c->opt.level != SOL_SOCKET)
		err = caller_write(who, c->opt.len_at, &r->opt_len, sizeof(r->opt_len));
	if (!err)
		err = caller_write(who, c->opt.at, r->opt, bytes);
	if (!err && c->opt.level == SOL_SOCKET)
		err = caller_write(who, c->opt.len_at, &r->opt_len, sizeof(r->opt_len));
	if (err)
		r->ret = err;
}

/* Payload. A fault in the middle of a stream gives what was written; a datagram is
 * gone and the call fails. */
static int put_payload(struct caller *who, const struct call_span *span, unsigned n,
		       const struct result_msg *m)
{
	ssize_t done = caller_write_spans(who, span, n, m->data, m->data_len);

	return done < 0 ? (int)done : (size_t)done < m->data_len ? -EFAULT : 0;
}

static void reply_recv(struct caller *who, const struct call *c, struct result *r)
{
	int err = put_payload(who, &c->buf, 1, &r->msg[0]);

	r->unread = err == -EFAULT; /* not if there is nobody any more */
	if (!err && c->nr == CALL_recvfrom && c->addr.at)
		err = put_addr(who, &c->addr, &r->msg[0].name);
	if (err)
		r->ret = err;
}

/* Where a struct msghdr holds what comes out. */
static const struct {
	uint8_t namelen, controllen, flags, size;
} msghdr[2] = {{4, 20, 24, 28}, {8, 40, 48, 56}};

static int put_msghdr(struct caller *who, const struct call *c, const struct call_msg *in,
		      struct result_msg *m, bool cloexec)
{
	const bool wide = c->abi->word == 8;
	struct call_addr name = in->name;
	uint8_t tail[12] = {0};
	size_t used;
	int err;

	used = control_put(who, c->abi, in, m, cloexec);
	if (name.at) {
		name.len_at = in->at + msghdr[wide].namelen;
		err = put_addr(who, &name, &m->name);
		if (err)
			return err;
	}
	/* controllen and flags are neighbours. */
	const uint64_t used64 = used;
	memcpy(tail, &used64, c->abi->word);
	memcpy(tail + c->abi->word, &m->flags, sizeof(m->flags));
	return caller_write(who, in->at + msghdr[wide].controllen, tail,
			    c->abi->word + sizeof(m->flags));
}

static void reply_recvmsg(struct caller *who, const struct call *c, struct result *r)
{
	int err = put_payload(who, c->msg[0].iov, c->msg[0].iovlen, &r->msg[0]);

	r->unread = err == -EFAULT; /* not if there is nobody any more */
	if (!err)
		err = put_msghdr(who, c, &c->msg[0], &r->msg[0], r->cloexec);
	if (err)
		r->ret = err;
}

static int put_msg_len(struct caller *who, const struct call *c, const struct call_msg *in,
		       size_t len)
{
	const uint32_t len32 = len;

	return caller_write(who, in->at + msghdr[c->abi->word == 8].size, &len32, sizeof(len32));
}

/* As do_recvmmsg(): a message that cannot be written ends the list before it. */
static void reply_recvmmsg(struct caller *who, const struct call *c, struct result *r)
{
	int n = r->ret, err = 0, i;

	for (i = 0; i < n && !err; i++) {
		err = put_payload(who, c->msg[i].iov, c->msg[i].iovlen, &r->msg[i]);
		if (!err)
			err = put_msghdr(who, c, &c->msg[i], &r->msg[i], r->cloexec);
		if (!err)
			err = put_msg_len(who, c, &c->msg[i], r->msg[i].len);
	}
	if (err)
		r->ret = i > 1 ? i - 1 : err;
	if (!r->time_left_set || r->ret <= 0)
		return;
	int32_t t32[2] = {r->time_left.tv_sec, r->time_left.tv_nsec};
	int64_t t64[2] = {r->time_left.tv_sec, r->time_left.tv_nsec};
	err = c->time == TIME_32 ? caller_write(who, c->time_at, t32, sizeof(t32))
				 : caller_write(who, c->time_at, t64, sizeof(t64));
	if (err)
		r->ret = err;
}

static void reply_sendmmsg(struct caller *who, const struct call *c, struct result *r)
{
	for (unsigned i = 0; i < r->nmsg; i++) {
		int err = put_msg_len(who, c, &c->msg[i], r->msg[i].len);

		if (err) {
			r->ret = i ? (int64_t)i : err;
			return;
		}
	}
}

static void (*const writers[CALL_LAST + 1])(struct caller *, const struct call *,
					    struct result *) = {
	[CALL_accept] = reply_accept,
	[CALL_accept4] = reply_accept,
	[CALL_getsockname] = reply_name,
	[CALL_getpeername] = reply_name,
	[CALL_socketpair] = reply_pair,
	[CALL_getsockopt] = reply_option,
	[CALL_recv] = reply_recv,
	[CALL_recvfrom] = reply_recv,
	[CALL_recvmsg] = reply_recvmsg,
	[CALL_recvmmsg] = reply_recvmmsg,
	[CALL_sendmmsg] = reply_sendmmsg,
};

void reply(struct caller *who, const struct call *c, struct result *r)
{
	if (r->ret >= 0 && writers[c->nr])
		writers[c->nr](who, c, r);
	else if (r->ret < 0 && r->opt_len_set)
		caller_write(who, c->opt.len_at, &r->opt_len, sizeof(r->opt_len));
}
