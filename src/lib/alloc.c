#include "alloc.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Before each block. As wide as what follows must be aligned. */
union head {
	size_t size;
	max_align_t align;
};

/* A table that is so large is looked at here and there: on large pages the processor knows
 * where that is. They are asked for, no more. */
static void *on_large_pages(void *ptr, size_t size)
{
	const uintptr_t page = 2 << 20, at = (uintptr_t)ptr;
	const uintptr_t from = (at + page - 1) & -page, to = (at + size) & -page;

	if (ptr && size >= 2 * page && from < to) {
		const int was = errno; /* of whoever embeds us: not ours to change */

		madvise((void *)from, to - from, MADV_HUGEPAGE);
		errno = was;
	}
	return ptr;
}

static void *call_fn(const struct alloc *a, void *ptr, size_t size)
{
	if (a->fn)
		return a->fn(a->ctx, ptr, size);
	if (size)
		return on_large_pages(ptr ? realloc(ptr, size) : malloc(size), size);
	free(ptr);
	return NULL;
}

void *alloc_resize(struct alloc *a, void *ptr, size_t size)
{
	union head *h = ptr ? (union head *)ptr - 1 : NULL;
	const size_t old = a && h ? h->size : 0, want = size + sizeof(*h);

	if (!a)
		return realloc(ptr, size ? size : 1);
	if (want < size || (a->limit && want > old && want - old > a->limit - a->used))
		return NULL;
	h = call_fn(a, h, want);
	if (!h)
		return NULL;
	h->size = want;
	a->used += want - old;
	return h + 1;
}

void *alloc_get(struct alloc *a, size_t size)
{
	return alloc_resize(a, NULL, size);
}

void *alloc_zero(struct alloc *a, size_t size)
{
	void *p = alloc_get(a, size);

	return p ? memset(p, 0, size) : NULL;
}

void alloc_put(struct alloc *a, void *ptr)
{
	union head *h = ptr ? (union head *)ptr - 1 : NULL;

	if (!a)
		free(ptr);
	if (!a || !h)
		return;
	a->used -= h->size;
	call_fn(a, h, 0);
}
