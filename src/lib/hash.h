/*
 * hash.h - a table of nodes that lie in what they name. Chained; grows with its
 * nodes. Growing may fail for want of memory: then chains are longer, no more.
 */
#ifndef SOCKETCALL_HASH_H
#define SOCKETCALL_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "alloc.h"

struct hash_node {
	struct hash_node *next;
	uint32_t hash;
};

struct hash {
	struct alloc *mem;
	struct hash_node **bucket;
	struct hash_node *one; /* the only bucket of a table that has none yet */
	uint32_t mask;         /* buckets - 1 */
	uint32_t count;
};

void hash_init(struct hash *, struct alloc *);
void hash_free(struct hash *); /* the table; not its nodes */
void hash_add(struct hash *, struct hash_node *, uint32_t hash);
void hash_del(struct hash *, struct hash_node *); /* must be in it */

/* The first node with this hash, and the next one: equal hashes are for the caller
 * to tell apart. */
static inline struct hash_node *hash_from(struct hash_node *n, uint32_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

static inline struct hash_node *hash_first(const struct hash *h, uint32_t hash)
{
	return hash_from(h->bucket[hash & h->mask], hash);
}

static inline struct hash_node *hash_next(const struct hash_node *n)
{
	return hash_from(n->next, n->hash);
}

/* FNV-1a with a final mix; seed chains several pieces. */
uint32_t hash_bytes(const void *data, size_t len, uint32_t seed);

/* A quick one for words. */
static inline uint32_t hash_mix(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0x9e3779b97f4a7c15);
	return x >> 32;
}

#endif
