#include "heap.h"

#include <stddef.h>

static bool before(const struct heap_node *a, const struct heap_node *b)
{
	return a->key != b->key ? a->key < b->key : a->turn < b->turn;
}

/* Makes one tree of two roots. */
static struct heap_node *meld(struct heap_node *a, struct heap_node *b)
{
	if (!a || !b)
		return a ? a : b;
	if (before(b, a)) {
		struct heap_node *t = a;

		a = b;
		b = t;
	}
	b->prev = a;
	b->next = a->child;
	if (a->child)
		a->child->prev = b;
	a->child = b;
	return a;
}

/* Makes one tree of a node's children: in pairs from the left, then from the right. */
static struct heap_node *merge(struct heap_node *n)
{
	struct heap_node *pairs = NULL, *all = NULL;

	while (n) {
		struct heap_node *a = n, *b = n->next, *pair;

		n = b ? b->next : NULL;
		a->next = a->prev = NULL;
		if (b)
			b->next = b->prev = NULL;
		pair = meld(a, b);
		pair->next = pairs;
		pairs = pair;
	}
	while (pairs) {
		struct heap_node *pair = pairs;

		pairs = pair->next;
		pair->next = NULL;
		all = meld(all, pair);
	}
	return all;
}

void heap_add(struct heap *h, struct heap_node *n, int64_t key)
{
	*n = (struct heap_node){.key = key, .turn = ++h->turns};
	h->root = meld(h->root, n);
}

void heap_del(struct heap *h, struct heap_node *n)
{
	if (!n->turn)
		return;
	if (h->root == n) {
		h->root = merge(n->child);
	} else {
		if (n->prev->child == n)
			n->prev->child = n->next;
		else
			n->prev->next = n->next;
		if (n->next)
			n->next->prev = n->prev;
		h->root = meld(h->root, merge(n->child));
	}
	if (h->root)
		h->root->prev = h->root->next = NULL;
	*n = (struct heap_node){0};
}
