/*
 * guarded.h - a buffer that ends at a page which is not there.
 *
 * What the kernel reads or writes past it faults, as it would in the caller: a
 * hostile length cannot make it touch our heap, and memory of the caller's that
 * could not be read can be given to the kernel as memory that cannot be read, so
 * that it answers with its own errors in its own order.
 */
#ifndef SOCKETCALL_SERVE_HOST_GUARDED_H
#define SOCKETCALL_SERVE_HOST_GUARDED_H

#include <stddef.h>
#include <stdint.h>

struct guarded {
	uint8_t *bytes; /* len of them, zero, up to the page that is not there */
	void *map;
	size_t size;    /* of the mapping, with that page */
};

/* 0 or -ENOMEM. */
int guarded_init(struct guarded *, size_t len);
void guarded_free(struct guarded *);

#endif
