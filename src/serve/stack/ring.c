/*
 * ring.c - bytes go once from the sender's memory into the ring and once from there
 * into the receiver's. The position `base` lies at the start of the memory. A ring that
 * is empty when it is written to begins there again, so that small messages keep to
 * the same few lines of the processor's cache.
 */
#include "ring.h"

#include <errno.h>
#include <string.h>

enum { RING_FIRST = 512 }; /* bytes: of the first memory */

static size_t place(const struct ring *r, uint64_t at)
{
	return (at - r->base) & (r->size - 1);
}

/* Copies what is there to the start of larger memory. */
static int grow(struct alloc *mem, struct ring *r, size_t want)
{
	size_t size = r->size ? r->size : RING_FIRST, len = ring_len(r), first;
	uint8_t *buf;

	while (size < want)
		size *= 2;
	if (size == r->size)
		return 0;
	if (size > UINT32_MAX / 2)
		return -ENOMEM;
	buf = alloc_get(mem, size);
	if (!buf)
		return -ENOMEM;
	if (len) {
		first = r->size - place(r, r->head);
		if (first > len)
			first = len;
		memcpy(buf, r->buf + place(r, r->head), first);
		memcpy(buf + first, r->buf, len - first);
	}
	alloc_put(mem, r->buf);
	r->buf = buf;
	r->size = size;
	r->base = r->head;
	return 0;
}

/* Room for len bytes more. */
static int reserve(struct alloc *mem, struct ring *r, size_t len)
{
	if (r->head == r->tail)
		r->base = r->head;
	return ring_len(r) + len > r->size ? grow(mem, r, ring_len(r) + len) : 0;
}

int ring_write(struct alloc *mem, struct ring *r, struct message *m, size_t skip, size_t len)
{
	int err = reserve(mem, r, len);
	size_t at, first;

	if (err || !len)
		return err;
	at = place(r, r->tail);
	first = r->size - at < len ? r->size - at : len;
	err = message_take(m, skip, r->buf + at, first);
	if (!err && first < len)
		err = message_take(m, skip + first, r->buf, len - first);
	if (!err)
		r->tail += len;
	return err;
}

int ring_read(const struct ring *r, uint64_t from, struct message *m, size_t skip, size_t len)
{
	size_t at, first;
	int err;

	if (!len)
		return 0;
	at = place(r, from);
	first = r->size - at < len ? r->size - at : len;
	err = message_give(m, skip, r->buf + at, first);
	if (!err && first < len)
		err = message_give(m, skip + first, r->buf, len - first);
	return err;
}

uint8_t ring_byte(const struct ring *r, uint64_t at)
{
	return r->buf[place(r, at)];
}

void ring_drop(struct ring *r, uint64_t to)
{
	r->head = to;
}

void ring_cut(struct ring *r, size_t len)
{
	r->tail -= len;
}

void ring_free(struct alloc *mem, struct ring *r)
{
	alloc_put(mem, r->buf);
	r->buf = NULL;
	r->size = 0;
}
