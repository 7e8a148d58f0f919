/*
 * control.c - control messages that are sent, into the host's layout.
 *
 * A cmsghdr is two ints behind a length of one word, and each message starts
 * aligned to a word. All of it is read at once and then taken apart in the copy:
 * Linux reads the lengths of a 32-bit program twice and has to check again.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "reader.h"

/* The kernel's own limit for all control messages of a call is optmem_max (128 KiB
 * unless an administrator raised it); what is larger never reaches a socket. */
enum { CONTROL_MAX = 1 << 20 };

static size_t align(size_t n, unsigned word)
{
	return (n + word - 1) & ~(size_t)(word - 1);
}

/* cmsghdr_from_user_compat_to_kern(). Returns the bytes in the host's layout, which
 * are written to `to` unless it is NULL, or -EINVAL. */
static ssize_t widen(const struct reader *d, const uint8_t *from, size_t len, uint8_t *to)
{
	const unsigned word = d->abi->word;
	const size_t head = word + 8;
	size_t at = 0, out = 0;

	if (len < head)
		return -EINVAL;
	do {
		uint64_t mlen = reader_word(d, from + at);

		if (mlen < head || mlen > len - at)
			return -EINVAL;
		if (to) {
			struct cmsghdr *h = (struct cmsghdr *)(to + out);

			h->cmsg_len = mlen - head + sizeof(*h);
			memcpy(&h->cmsg_level, from + at + word, 8);
			memcpy(CMSG_DATA(h), from + at + head, mlen - head);
		}
		out += CMSG_ALIGN(mlen - head + sizeof(struct cmsghdr));
		at += align(mlen, word);
	} while (at < len && len - at >= head);
	return out;
}

int reader_control(struct reader *d, struct call_msg *m)
{
	size_t len = m->control_room;
	int err;

	if (m->control_room > INT_MAX || m->control_room > CONTROL_MAX)
		return -ENOBUFS;
	if (!len)
		return 0;
	uint8_t *raw = malloc(len);
	if (!raw)
		return -ENOBUFS;
	err = caller_read(d->who, m->control_at, raw, len);
	if (err || !d->abi->compat) {
		m->control = raw;
		m->control_len = err ? 0 : len;
		return err;
	}
	ssize_t size = widen(d, raw, len, NULL);
	if (size < 0) {
		err = size;
	} else {
		m->control = calloc(1, size);
		if (m->control) {
			m->control_len = size;
			widen(d, raw, len, m->control);
		} else {
			err = -ENOBUFS;
		}
	}
	free(raw);
	return err;
}
