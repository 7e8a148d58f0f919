/*
 * message.c - struct msghdr and the iovecs behind it.
 */
#include <errno.h>
#include <string.h>

#include "../lib/alloc.h"
#include "reader.h"

/* struct msghdr: name, namelen, iov, iovlen, control, controllen, flags. Offsets
 * for words of 4 and 8 bytes; namelen and flags are ints. */
enum field { NAME, NAMELEN, IOV, IOVLEN, CONTROL, CONTROLLEN, FLAGS, SIZE };
static const uint8_t layout[2][8] = {
	{[NAME] = 0, [NAMELEN] = 4, [IOV] = 8, [IOVLEN] = 12, [CONTROL] = 16,
	 [CONTROLLEN] = 20, [FLAGS] = 24, [SIZE] = 28},
	{[NAME] = 0, [NAMELEN] = 8, [IOV] = 16, [IOVLEN] = 24, [CONTROL] = 32,
	 [CONTROLLEN] = 40, [FLAGS] = 48, [SIZE] = 56},
};

static int get_int(const uint8_t *from)
{
	int v;

	memcpy(&v, from, sizeof(v));
	return v;
}

/* copy_iovec_from_user(): one by one, so that a bad length is found before memory
 * behind it that cannot be read. */
static int copy_iov(struct reader *d, uint64_t at, uint8_t *raw, struct call_msg *m)
{
	const size_t step = 2 * d->abi->word;
	ssize_t got = reader_prefix(d, at, raw, m->iovlen * step);

	if (got < 0)
		return got;
	for (unsigned i = 0; i < m->iovlen; i++) {
		if ((i + 1) * step > (size_t)got)
			return -EFAULT;
		m->iov[i].at = reader_word(d, raw + i * step);
		m->iov[i].len = reader_word(d, raw + i * step + d->abi->word);
		if (m->iov[i].len >> (d->abi->word * 8 - 1))
			return -EINVAL;
	}
	return 0;
}

/* Each buffer lies in the user range; the sum of their lengths is cut at ABI_RW_MAX. A
 * single one is cut before it is looked at. */
static int check_iov(struct reader *d, struct call_msg *m)
{
	uint64_t left = ABI_RW_MAX;

	if (m->iovlen == 1)
		return abi_buffer(d->abi, m->iov->at, m->iov->len, m->iov);
	for (unsigned i = 0; i < m->iovlen; i++) {
		struct call_span *s = &m->iov[i];

		if (s->at > d->abi->user_end || s->len > d->abi->user_end - s->at)
			return -EFAULT;
		s->len = s->len < left ? s->len : left;
		left -= s->len;
	}
	return 0;
}

/* import_iovec() */
static int read_iov(struct reader *d, uint64_t at, struct call_msg *m)
{
	uint8_t raw_inline[CALL_IOV_INLINE * 16], *raw = raw_inline;
	int err = -ENOMEM;

	m->iov = m->iov_inline;
	if (m->iovlen > CALL_IOV_INLINE) {
		m->iov = alloc_zero(d->c->mem, m->iovlen * sizeof(*m->iov));
		raw = alloc_get(d->c->mem, (size_t)m->iovlen * 2 * d->abi->word);
	}
	if (m->iov && raw)
		err = copy_iov(d, at, raw, m);
	if (!err)
		err = check_iov(d, m);
	if (raw != raw_inline)
		alloc_put(d->c->mem, raw);
	if (!m->iov)
		m->iov = m->iov_inline;
	if (err)
		m->iovlen = 0;
	return err;
}

/* Room in our layout for what fits the caller's room: a message there is at least
 * 12 bytes and grows by no more than 8 for its header and 8 for its padding; a
 * timestamp doubles. Bounded: the kernel fills no more than a few hundred bytes
 * but for SCM_RIGHTS (253 descriptors at most). */
static size_t host_room(const struct reader *d, uint64_t room)
{
	enum { ROOM_MAX = 64 * 1024 };

	if (room > ROOM_MAX)
		room = ROOM_MAX;
	return d->abi->compat && room ? room * 2 + 64 : room;
}

int reader_msghdr(struct reader *d, uint64_t at, bool sends, struct call_msg *m)
{
	const uint8_t *f = layout[d->abi->word == 8];
	uint8_t head[56];
	int err = caller_read(d->who, at, head, f[SIZE]);

	m->at = at;
	m->iov = m->iov_inline;
	if (err)
		return err;
	uint64_t name = reader_word(d, head + f[NAME]);
	int namelen = get_int(head + f[NAMELEN]);
	uint64_t iovlen = reader_word(d, head + f[IOVLEN]);

	m->control_at = reader_word(d, head + f[CONTROL]);
	m->control_room = reader_word(d, head + f[CONTROLLEN]);
	m->flags = get_int(head + f[FLAGS]);
	m->name.at = name;
	if (!name)
		namelen = 0;
	if (namelen < 0)
		return -EINVAL;
	if (namelen > CALL_ADDR_MAX)
		namelen = CALL_ADDR_MAX;
	if (sends && name && namelen) {
		err = reader_addr(d, name, namelen, &m->name);
		if (err)
			return err;
	} else {
		m->name.len = namelen;
	}
	if (iovlen > CALL_IOV_MAX)
		return -EMSGSIZE;
	m->iovlen = iovlen;
	err = read_iov(d, reader_word(d, head + f[IOV]), m);
	if (err)
		return err;
	if (sends)
		return reader_control(d, m);
	m->control_host_room = m->control_at ? host_room(d, m->control_room) : 0;
	return 0;
}
