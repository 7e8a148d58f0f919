/*
 * layout.c - the memory a task's calls name, in the layout of the ABI that they are
 * made in: words of 4 or 8 bytes. The same code encodes for both systems.
 *
 * The memory is poisoned before it is used: what is padding holds no zeroes, and what
 * a call writes where it should not shows.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "behaviour.h"

#ifndef MAP_32BIT
#define MAP_32BIT 0 /* all is low there */
#endif
enum { GUARD = 1 << 16 };

bool arena_open(struct task *t)
{
	void *p = mmap(NULL, ARENA_SIZE + GUARD, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_32BIT, -1, 0);

	if (p == MAP_FAILED)
		return false;
	t->arena = p;
	return mprotect(t->arena + ARENA_SIZE, GUARD, PROT_NONE) == 0;
}

void arena_close(struct task *t)
{
	munmap(t->arena, ARENA_SIZE + GUARD);
}

void arena_reset(struct task *t)
{
	t->arena_used = 0;
}

void *arena_get(struct task *t, size_t size)
{
	uint8_t *p = t->arena + t->arena_used;

	size = (size + 31) & ~(size_t)15;
	if (size > ARENA_SIZE - t->arena_used) {
		mistake(t, "too much memory for one call");
		return t->arena;
	}
	t->arena_used += size;
	memset(p, POISON, size);
	return p;
}

uint64_t arena_bad(struct task *t)
{
	return ptr(t->arena) + ARENA_SIZE;
}

uint64_t ptr(const void *p)
{
	return (uintptr_t)p;
}

void put_word(const struct world *w, void *at, unsigned index, uint64_t value)
{
	if (w->word == 4)
		((uint32_t *)at)[index] = (uint32_t)value;
	else
		((uint64_t *)at)[index] = value;
}

uint64_t get_word(const struct world *w, const void *at, unsigned index)
{
	return w->word == 4 ? ((const uint32_t *)at)[index] : ((const uint64_t *)at)[index];
}

size_t header_size(const struct world *w, bool mmsg)
{
	return (w->word == 4 ? 28 : 56) + (mmsg ? (size_t)w->word : 0);
}

/* name, namelen (and padding), iov, iovlen, control, controllen, flags: seven words. */
void header_put(const struct world *w, void *at, const struct header *h)
{
	uint8_t *p = at;

	put_word(w, at, 0, h->name);
	memcpy(p + w->word, &h->name_len, 4);
	put_word(w, at, 2, h->iov);
	put_word(w, at, 3, h->iov_len);
	put_word(w, at, 4, h->control);
	put_word(w, at, 5, h->control_len);
	memcpy(p + 6 * w->word, &h->flags, 4);
}

void header_get(const struct world *w, const void *at, struct header *h)
{
	const uint8_t *p = at;

	h->name = get_word(w, at, 0);
	memcpy(&h->name_len, p + w->word, 4);
	h->iov = get_word(w, at, 2);
	h->iov_len = get_word(w, at, 3);
	h->control = get_word(w, at, 4);
	h->control_len = get_word(w, at, 5);
	memcpy(&h->flags, p + 6 * w->word, 4);
}

void iovec_put(const struct world *w, void *at, unsigned i, uint64_t base, uint64_t len)
{
	put_word(w, at, 2 * i, base);
	put_word(w, at, 2 * i + 1, len);
}

void pair_put(const struct world *w, void *at, int64_t a, int64_t b)
{
	put_word(w, at, 0, (uint64_t)a);
	put_word(w, at, 1, (uint64_t)b);
}

void pair_get(const struct world *w, const void *at, int64_t *a, int64_t *b)
{
	*a = w->word == 4 ? (int32_t)get_word(w, at, 0) : (int64_t)get_word(w, at, 0);
	*b = w->word == 4 ? (int32_t)get_word(w, at, 1) : (int64_t)get_word(w, at, 1);
}
