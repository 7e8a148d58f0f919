/*
 * heap.h - the earliest first: a pairing heap of nodes that lie in what they order.
 * Adding never fails, since it takes no memory. Equal keys come in the order in
 * which they were added, so that a run can be repeated.
 */
#ifndef SOCKETCALL_HEAP_H
#define SOCKETCALL_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct heap_node {
	int64_t key;
	uint64_t turn; /* order among equal keys; 0: in no heap */
	struct heap_node *child, *next, *prev; /* prev: the parent, of a first child */
};

struct heap {
	struct heap_node *root;
	uint64_t turns;
};

void heap_add(struct heap *, struct heap_node *, int64_t key); /* it must be in none */
void heap_del(struct heap *, struct heap_node *);              /* in none is fine */

static inline bool heap_has(const struct heap_node *n)
{
	return n->turn != 0;
}

#endif
