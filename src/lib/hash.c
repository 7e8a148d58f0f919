#include "hash.h"

void hash_init(struct hash *h, struct alloc *mem)
{
	*h = (struct hash){.mem = mem, .bucket = &h->one};
}

void hash_free(struct hash *h)
{
	if (h->bucket != &h->one)
		alloc_put(h->mem, h->bucket);
	hash_init(h, h->mem);
}

static void grow(struct hash *h)
{
	const uint32_t n = h->mask ? (h->mask + 1) * 2 : 16;
	struct hash_node **bucket = n ? alloc_zero(h->mem, n * sizeof(*bucket)) : NULL;

	if (!bucket)
		return;
	for (uint32_t i = 0; i <= h->mask; i++) {
		for (struct hash_node *node = h->bucket[i], *next; node; node = next) {
			next = node->next;
			node->next = bucket[node->hash & (n - 1)];
			bucket[node->hash & (n - 1)] = node;
		}
	}
	if (h->bucket != &h->one)
		alloc_put(h->mem, h->bucket);
	h->bucket = bucket;
	h->mask = n - 1;
}

void hash_add(struct hash *h, struct hash_node *n, uint32_t hash)
{
	if (h->count > h->mask)
		grow(h);
	n->hash = hash;
	n->next = h->bucket[hash & h->mask];
	h->bucket[hash & h->mask] = n;
	h->count++;
}

void hash_del(struct hash *h, struct hash_node *n)
{
	struct hash_node **at = &h->bucket[n->hash & h->mask];

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	h->count--;
}

uint32_t hash_bytes(const void *data, size_t len, uint32_t seed)
{
	const uint8_t *p = data;
	uint32_t h = seed ^ 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619u;
	return hash_mix(h);
}
