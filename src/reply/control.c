/*
 * control.c - put_cmsg() and scm_detach_fds() of the kernel, for another's memory.
 *
 * Each message is written by itself: bytes of padding are not the kernel's to
 * write. A message for which there is not even room for a header is dropped, one
 * that does not fit is cut, and either sets MSG_CTRUNC. Of descriptors only those
 * are installed whose numbers fit; the others are closed with the result.
 */
#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "../lib/alloc.h"

#ifndef SCM_PIDFD
#define SCM_PIDFD 4 /* Linux 6.5: a descriptor for the sender */
#endif

struct out {
	struct caller *who;
	const struct abi *abi;
	uint64_t at;
	size_t left, used;
	int *flags;
};

static size_t head_size(const struct out *o)
{
	return o->abi->word + 8;
}

static void advance(struct out *o, size_t data_len)
{
	const size_t word = o->abi->word;
	size_t space = head_size(o) + ((data_len + word - 1) & ~(word - 1));

	if (space > o->left)
		space = o->left;
	o->at += space;
	o->left -= space;
	o->used += space;
}

static void put(struct out *o, int level, int type, const void *data, size_t len)
{
	const size_t head = head_size(o);
	uint8_t small[256], *m = small;
	uint64_t mlen = head + len;

	if (o->left < head) {
		*o->flags |= MSG_CTRUNC;
		return;
	}
	if (mlen > o->left) {
		*o->flags |= MSG_CTRUNC;
		mlen = o->left;
	}
	if (mlen > sizeof(small))
		m = alloc_get(o->who->mem, mlen);
	if (!m) {
		*o->flags |= MSG_CTRUNC;
		return;
	}
	memcpy(m, &mlen, o->abi->word);
	memcpy(m + o->abi->word, &level, 4);
	memcpy(m + o->abi->word + 4, &type, 4);
	memcpy(m + head, data, mlen - head);
	/* A fault is not reported (put_cmsg()'s callers do not ask); the room stays. */
	if (caller_write(o->who, o->at, m, mlen) == 0)
		advance(o, len);
	if (m != small)
		alloc_put(o->who->mem, m);
}

/* Installs descriptors and writes their numbers. The memory is tried before, and only
 * as many are installed as there is memory for: they cannot be taken back. */
static void put_rights(struct out *o, struct cmsghdr *h, struct result_msg *m, bool cloexec)
{
	size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int), room = 0, n;
	const int *handle = (const int *)CMSG_DATA(h);
	int number[256] = {0}; /* SCM_MAX_FD is 253 */
	uint8_t same[sizeof(number) + 16];

	if (o->left > head_size(o))
		room = (o->left - head_size(o)) / sizeof(int);
	if (room > sizeof(number) / sizeof(number[0]))
		room = sizeof(number) / sizeof(number[0]);
	if (room > count)
		room = count;
	ssize_t good = 0;
	if (room)
		good = o->who->ops->read(o->who, o->at, same, head_size(o) + room * sizeof(int));
	if (good > 0)
		good = o->who->ops->write(o->who, o->at, same, good);
	room = good > (ssize_t)head_size(o) ? (good - head_size(o)) / sizeof(int) : 0;
	for (n = 0; n < room; n++) {
		number[n] = o->who->ops->fd_install(o->who, handle[n], cloexec);
		if (number[n] < 0)
			break;
	}
	/* Ours go before the caller goes on: what it closes must be closed then. */
	for (size_t i = 0; i < count; i++) {
		int none = -1;

		handles_put(&o->who->handles, handle[i]);
		memcpy(CMSG_DATA(h) + i * sizeof(int), &none, sizeof(none));
	}
	if (n)
		put(o, SOL_SOCKET, h->cmsg_type, number, n * sizeof(int));
	if (n < count)
		*o->flags |= MSG_CTRUNC;
	int *given = alloc_resize(o->who->mem, m->given, (m->ngiven + n + 1) * sizeof(int));
	if (given) {
		memcpy(given + m->ngiven, number, n * sizeof(int));
		m->given = given;
		m->ngiven += n;
	}
}

/* Timestamps of the old kind are pairs of longs: 16 bytes here, 8 there. */
static bool is_old_timestamp(const struct cmsghdr *h)
{
	return h->cmsg_level == SOL_SOCKET &&
	       (h->cmsg_type == 29 || h->cmsg_type == 35 || h->cmsg_type == 37);
}

static void put_narrow(struct out *o, const struct cmsghdr *h)
{
	int64_t wide[6] = {0};
	int32_t narrow[6];
	size_t len = h->cmsg_len - CMSG_LEN(0);

	if (len > sizeof(wide))
		len = sizeof(wide);
	memcpy(wide, CMSG_DATA(h), len);
	for (int i = 0; i < 6; i++)
		narrow[i] = wide[i];
	put(o, h->cmsg_level, h->cmsg_type, narrow, len / 2);
}

size_t control_put(struct caller *who, const struct abi *abi, const struct call_msg *in,
		   struct result_msg *m, bool cloexec)
{
	struct out o = {who, abi, in->control_at, in->control_at ? in->control_room : 0, 0, &m->flags};
	struct msghdr host = {.msg_control = m->control, .msg_controllen = m->control_len};

	for (struct cmsghdr *h = CMSG_FIRSTHDR(&host); h; h = CMSG_NXTHDR(&host, h)) {
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
			put_rights(&o, h, m, cloexec);
		else if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_PIDFD)
			put_rights(&o, h, m, true);
		else if (abi->compat && is_old_timestamp(h))
			put_narrow(&o, h);
		else
			put(&o, h->cmsg_level, h->cmsg_type, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0));
	}
	return o.used;
}
