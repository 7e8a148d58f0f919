/*
 * control.c - control messages that are sent, into the host's layout.
 *
 * A cmsghdr is two ints behind a length of one word, and each message starts
 * aligned to a word. All of it is read at once and then taken apart in the copy:
 * Linux reads the lengths of a 32-bit program twice and has to check again.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "../lib/alloc.h"
#include "reader.h"

/* The kernel's own limit for all control messages of a call is optmem_max (128 KiB
 * unless an administrator raised it); what is larger never reaches a socket. */
enum { CONTROL_MAX = 1 << 20 };

static size_t align(size_t n, unsigned word)
{
	return (n + word - 1) & ~(size_t)(word - 1);
}

/*
 * cmsghdr_from_user_compat_to_kern(). `got` bytes of the caller's `len` could be read.
 * Whatever follows a message, be it one byte, must be another: Linux looks at the
 * length there and finds it too short or too long. Returns the bytes in the host's
 * layout, or -errno.
 */
static ssize_t widened(const struct reader *d, const uint8_t *from, size_t len, size_t got)
{
	const unsigned word = d->abi->word;
	const size_t head = word + 8;
	size_t at = 0, end = 0, out = 0;

	if (len < head)
		return -EINVAL;
	while (at < len) {
		if (at + word > got)
			return got < CONTROL_MAX ? -EFAULT : -ENOMEM;
		uint64_t mlen = reader_word(d, from + at);

		if (mlen < head || mlen > len - at)
			return -EINVAL;
		out += CMSG_ALIGN(mlen - head + sizeof(struct cmsghdr));
		end = at + mlen;
		at += align(mlen, word);
	}
	if (out > CONTROL_MAX)
		return -ENOMEM; /* here Linux does not say ENOBUFS */
	return got < end ? -EFAULT : (ssize_t)out;
}

/* The messages that widened() has measured, into `to`, which is zero. */
static void widen(const struct reader *d, const uint8_t *from, size_t len, uint8_t *to)
{
	const unsigned word = d->abi->word;
	const size_t head = word + 8;

	for (size_t at = 0; at < len;) {
		uint64_t mlen = reader_word(d, from + at);
		struct cmsghdr *h = (struct cmsghdr *)to;

		h->cmsg_len = mlen - head + sizeof(*h);
		memcpy(&h->cmsg_level, from + at + word, 8);
		memcpy(CMSG_DATA(h), from + at + head, mlen - head);
		to += CMSG_ALIGN(h->cmsg_len);
		at += align(mlen, word);
	}
}

static int read_narrow(struct reader *d, struct call_msg *m)
{
	const size_t len = m->control_room;
	/* A length that begins inside the room is read to its end. */
	const size_t want = len < CONTROL_MAX ? align(len, d->abi->word) : CONTROL_MAX;
	uint8_t *raw = alloc_get(d->c->mem, want);
	ssize_t n = raw ? reader_prefix(d, m->control_at, raw, want) : -ENOBUFS;

	if (n >= 0)
		n = widened(d, raw, len, n);
	if (n >= 0)
		m->control = alloc_zero(d->c->mem, n);
	if (m->control) {
		m->control_len = n;
		widen(d, raw, len, m->control);
	} else if (n >= 0) {
		n = -ENOBUFS;
	}
	alloc_put(d->c->mem, raw);
	return n < 0 ? n : 0;
}

/* RDS has the kernel follow addresses inside control messages, which would be ours. */
static bool follows_pointers(const struct call_msg *m)
{
	enum { SOL_RDS_ = 276 };
	struct msghdr h = {.msg_control = m->control, .msg_controllen = m->control_len};

	for (struct cmsghdr *p = CMSG_FIRSTHDR(&h); p; p = CMSG_NXTHDR(&h, p))
		if (p->cmsg_level == SOL_RDS_)
			return true;
	return false;
}

static int read_control(struct reader *d, struct call_msg *m)
{
	size_t len = m->control_room;
	int err;

	if (m->control_room > INT_MAX)
		return -ENOBUFS;
	if (!len)
		return 0;
	/* At NULL there is no first message, and no message at all is an error. */
	if (d->abi->compat)
		return m->control_at ? read_narrow(d, m) : -EINVAL;
	m->control = len <= CONTROL_MAX ? alloc_get(d->c->mem, len) : NULL;
	if (!m->control)
		return -ENOBUFS;
	err = caller_read(d->who, m->control_at, m->control, len);
	m->control_len = err ? 0 : len;
	return err;
}

int reader_control(struct reader *d, struct call_msg *m)
{
	int err = read_control(d, m);

	return !err && follows_pointers(m) ? -EOPNOTSUPP : err;
}
