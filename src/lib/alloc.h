/*
 * alloc.h - memory by way of whoever embeds us, counted and bounded.
 *
 * A NULL struct alloc is plain realloc(3) and free(3), uncounted. Blocks of any other
 * know their size, so that what is used is known without asking the allocator. Not
 * thread-safe: its owner locks.
 */
#ifndef SOCKETCALL_ALLOC_H
#define SOCKETCALL_ALLOC_H

#include <stddef.h>

/* As realloc(3): ptr NULL allocates, size 0 frees (and returns NULL). NULL: no
 * memory, ptr is as it was. Aligned for any type. */
typedef void *alloc_fn(void *ctx, void *ptr, size_t size);

struct alloc {
	alloc_fn *fn; /* NULL: realloc(3) */
	void *ctx;
	size_t used;  /* bytes, with what each block needs for itself */
	size_t limit; /* 0: none */
};

/* size bytes, zero; NULL if there are none. */
void *alloc_zero(struct alloc *, size_t size);
/* The same, not cleared. */
void *alloc_get(struct alloc *, size_t size);
/* NULL: nothing changed. */
void *alloc_resize(struct alloc *, void *ptr, size_t size);
void alloc_put(struct alloc *, void *ptr); /* NULL is fine */

#endif
