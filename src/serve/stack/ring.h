/*
 * ring.h - the bytes of a stream on their way: positions that only grow, and memory
 * that grows with what is in it.
 */
#ifndef SOCKETCALL_STACK_RING_H
#define SOCKETCALL_STACK_RING_H

#include "op.h"

struct ring {
	uint8_t *buf;
	uint32_t size;       /* bytes of buf: 0, or a power of two */
	uint64_t head, tail; /* positions in the stream: read up to, written up to */
	uint64_t base;       /* the position whose place is buf[0] */
};

static inline size_t ring_len(const struct ring *r)
{
	return r->tail - r->head;
}

/* Takes len bytes of the message, from its byte `skip` on, to the end of the ring.
 * 0, -ENOMEM, -EFAULT: then nothing is there that was not. */
int ring_write(struct alloc *, struct ring *, struct message *, size_t skip, size_t len);
/* Gives len bytes of the stream from position `from` on to the message at its byte
 * `skip`. 0 or -EFAULT. They stay in the ring: ring_drop(). */
int ring_read(const struct ring *, uint64_t from, struct message *, size_t skip, size_t len);
/* One byte at a position. */
uint8_t ring_byte(const struct ring *, uint64_t at);
/* Forgets what lies before position `to`. */
void ring_drop(struct ring *, uint64_t to);
/* Takes back the last len bytes. */
void ring_cut(struct ring *, size_t len);
void ring_free(struct alloc *, struct ring *);

#endif
