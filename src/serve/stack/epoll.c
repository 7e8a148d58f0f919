/*
 * epoll.c - epoll sets.
 *
 * A set has items, one for each (file, number) that was added, and a list of those
 * that may be ready, in the order in which they became so. An item is a watch on its
 * file: what it hears puts it at the end of that list, and the set's own watches
 * (calls that wait, other sets) hear POLLIN. Whoever asks takes items from the front
 * and polls their files anew; what is not true any more falls off the list. A level
 * triggered item that was reported goes back to the end, and so everybody's turn comes
 * even if few are asked for at a time; an edge triggered one waits until it hears
 * again; a one-shot one is deaf until it is changed.
 *
 * Items hold no reference to their file: the watch hears of its end (file.h), and the
 * item goes. A file keeps nothing of a set, a set nothing of a file but its items.
 *
 * Sets may watch sets: not in a circle, and not more than NESTS + 1 deep. A change of
 * one file may then have to climb many ways up; as in Linux their number is bounded
 * by their length (path_limit).
 */
#include "epoll.h"

#include <errno.h>
#include <stddef.h>

enum { NESTS = 4 }; /* sets below a set: EP_MAX_NESTS */

#define REFUSED (EPOLLEXCLUSIVE | EPOLLWAKEUP)
/* What is left of a one-shot item's events once it was reported. */
#define KEPT (EPOLLONESHOT | EPOLLET)

/* Ways from a file up to a set that nobody watches, by sets passed; 0: no bound. */
static const int path_limit[NESTS + 1] = {0, 500, 100, 50, 10};

struct item {
	struct hash_node node;    /* of set.items */
	struct watch watch;       /* its file */
	struct set *set;
	TAILQ_ENTRY(item) ready;  /* of set.ready, or of epoll_take()'s list, if is_ready */
	bool is_ready;
	int fd;
	uint32_t events;
	epoll_data_t data;
};

TAILQ_HEAD(item_list, item);

struct set {
	struct file file; /* first */
	struct hash items;
	struct item_list ready;
	/* Used while sets are walked: find_depth_down(), find_depth_up(). */
	struct set *visited; /* the one visited before, or itself; NULL: not visited */
	int depth;
};

static struct set *set_of(struct file *f)
{
	return (struct set *)f;
}

static struct item *item_of_watch(struct watch *w)
{
	return (struct item *)((char *)w - offsetof(struct item, watch));
}

static struct item *item_of_node(struct hash_node *n)
{
	return (struct item *)((char *)n - offsetof(struct item, node));
}

uint32_t events_heard(uint32_t events)
{
	const uint32_t in = POLLIN | POLLRDNORM | POLLPRI | POLLRDBAND;
	const uint32_t out = POLLOUT | POLLWRNORM | POLLWRBAND;

	return events | (events & in ? in : 0) | (events & out ? out : 0) | POLLERR | POLLHUP;
}

/* ---- items ---- */

static uint32_t item_poll(struct item *i)
{
	struct file *f = i->watch.file;

	/* Most have nothing asked for that needs a look: a one-shot that was reported. */
	return i->events & ~KEPT ? f->ops->poll(f) & i->events : 0;
}

static void item_ready(struct item *i)
{
	if (!i->is_ready)
		TAILQ_INSERT_TAIL(&i->set->ready, i, ready);
	i->is_ready = true;
	file_notify(&i->set->file, POLLIN | POLLRDNORM);
}

static void item_not_ready(struct item *i)
{
	if (i->is_ready)
		TAILQ_REMOVE(&i->set->ready, i, ready);
	i->is_ready = false;
}

static void item_end(struct item *i)
{
	struct set *s = i->set;

	watch_stop(&i->watch);
	item_not_ready(i);
	hash_del(&s->items, &i->node);
	alloc_put(&s->file.net->mem, i);
}

static void item_heard(struct watch *w, uint32_t events)
{
	struct item *i = item_of_watch(w);

	if (!events)
		item_end(i);
	else if (i->events & ~KEPT)
		item_ready(i);
}

static uint32_t item_hash(const struct file *f, int fd)
{
	return hash_mix((uintptr_t)f ^ (uint64_t)(uint32_t)fd << 32 ^ f->net->hash_seed);
}

static struct item *item_find(const struct set *s, const struct file *f, int fd)
{
	const uint32_t hash = item_hash(f, fd);
	struct hash_node *n = hash_first(&s->items, hash);

	for (; n; n = hash_next(n)) {
		struct item *i = item_of_node(n);

		if (i->watch.file == f && i->fd == fd)
			return i;
	}
	return NULL;
}

/* ---- the set as a file ---- */

static uint32_t set_poll(struct file *f)
{
	struct set *s = set_of(f);
	struct item *i;

	while ((i = TAILQ_FIRST(&s->ready))) {
		if (item_poll(i))
			return POLLIN | POLLRDNORM;
		item_not_ready(i);
	}
	return 0;
}

static void set_release(struct file *f)
{
	struct set *s = set_of(f);

	for (uint32_t b = 0; b <= s->items.mask; b++)
		while (s->items.bucket[b])
			item_end(item_of_node(s->items.bucket[b]));
	hash_free(&s->items);
	file_end(f);
	alloc_put(&f->net->mem, s);
}

const struct file_ops epoll_file_ops = {
	.name = "epoll",
	.poll = set_poll,
	.release = set_release,
};

int epoll_new(struct net *n, struct file **out)
{
	struct set *s = alloc_zero(&n->mem, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	err = file_init(&s->file, n, &epoll_file_ops);
	if (err) {
		alloc_put(&n->mem, s);
		return err;
	}
	hash_init(&s->items, &n->mem);
	TAILQ_INIT(&s->ready);
	*out = &s->file;
	return 0;
}

/* ---- sets in sets ---- */

/* One look at the sets that are connected: those that were visited. */
struct look {
	struct set *last;
	const struct set *into; /* the set that is added to */
	bool too_many;          /* ways from some file */
};

static bool visit(struct look *l, struct set *s)
{
	if (s->visited)
		return false;
	s->visited = l->last ? l->last : s;
	l->last = s;
	return true;
}

static void forget_visits(struct look *l)
{
	struct set *s = l->last, *next;

	for (; s; s = next) {
		next = s->visited == s ? NULL : s->visited;
		s->visited = NULL;
	}
	l->last = NULL;
}

/* How many sets deep it goes below s; more than NESTS if that is too deep, or if it
 * leads back to l->into. */
static int find_depth_down(struct look *l, struct set *s, int level)
{
	if (!visit(l, s))
		return s->depth;
	s->depth = 0;
	for (uint32_t b = 0; b <= s->items.mask; b++) {
		for (struct hash_node *n = s->items.bucket[b]; n; n = n->next) {
			struct file *f = item_of_node(n)->watch.file;
			int below;

			if (!file_is_epoll(f))
				continue;
			below = set_of(f) == l->into || level >= NESTS ?
				NESTS : find_depth_down(l, set_of(f), level + 1);
			if (s->depth < below + 1)
				s->depth = below + 1;
			if (s->depth > NESTS)
				return s->depth;
		}
	}
	return s->depth;
}

/* The next watch from w on that is an item of a set. */
static struct item *next_item(struct watch *w)
{
	while (w && w->fire != item_heard)
		w = LIST_NEXT(w, entry);
	return w ? item_of_watch(w) : NULL;
}

/* How many sets are above s. */
static int find_depth_up(struct look *l, struct set *s)
{
	struct item *i = next_item(LIST_FIRST(&s->file.watches));
	int depth = 0;

	if (!visit(l, s))
		return s->depth;
	for (; i; i = next_item(LIST_NEXT(&i->watch, entry))) {
		int above = find_depth_up(l, i->set) + 1;

		if (depth < above)
			depth = above;
	}
	return s->depth = depth;
}

/* May `below` be added to s? */
static bool nests(struct set *s, struct set *below)
{
	struct look l = {.into = s};
	int down = find_depth_down(&l, below, 0), up = 0;

	forget_visits(&l);
	if (down <= NESTS)
		up = find_depth_up(&l, s);
	forget_visits(&l);
	return down + 1 + up <= NESTS;
}

/* Counts the ways up from f: false if there are too many. */
static bool count_ways(struct file *f, int *count, int passed)
{
	struct item *i = next_item(LIST_FIRST(&f->watches));

	if (passed > NESTS)
		return false;
	for (; i; i = next_item(LIST_NEXT(&i->watch, entry))) {
		struct file *up = &i->set->file;

		if (next_item(LIST_FIRST(&up->watches))) {
			if (!count_ways(up, count, passed + 1))
				return false;
		} else if (passed && ++count[passed] > path_limit[passed]) {
			return false;
		}
	}
	return true;
}

static bool few_ways(struct file *f)
{
	int count[NESTS + 1] = {0};

	return count_ways(f, count, 0);
}

/* Are there few enough ways up from each file that s leads down to? */
static void check_ways(struct look *l, struct set *s)
{
	if (!visit(l, s))
		return;
	for (uint32_t b = 0; b <= s->items.mask && !l->too_many; b++) {
		for (struct hash_node *n = s->items.bucket[b]; n && !l->too_many; n = n->next) {
			struct file *f = item_of_node(n)->watch.file;

			if (file_is_epoll(f))
				check_ways(l, set_of(f));
			else if (!few_ways(f))
				l->too_many = true;
		}
	}
}

/* Did the new item i make too many ways? */
static bool too_many_ways(struct item *i)
{
	struct file *f = i->watch.file;
	struct look l = {0};

	if (file_is_epoll(f)) {
		check_ways(&l, set_of(f));
		forget_visits(&l);
		return l.too_many;
	}
	return next_item(LIST_FIRST(&i->set->file.watches)) && !few_ways(f);
}

/* ---- what programs do ---- */

static void item_set(struct item *i, const struct epoll_event *e)
{
	i->events = e->events | EPOLLERR | EPOLLHUP;
	i->data = e->data;
	i->watch.events = events_heard(e->events);
	if (!i->is_ready && item_poll(i))
		item_ready(i);
}

static int item_add(struct set *s, struct file *f, int fd, const struct epoll_event *e)
{
	struct item *i = alloc_zero(&s->file.net->mem, sizeof(*i));

	if (!i)
		return -ENOMEM;
	i->set = s;
	i->fd = fd;
	watch_start(&i->watch, f, 0, item_heard);
	hash_add(&s->items, &i->node, item_hash(f, fd));
	if (too_many_ways(i)) {
		item_end(i);
		return -EINVAL;
	}
	item_set(i, e);
	return 0;
}

int epoll_change(struct file *set, int op, struct file *target, int fd,
		 const struct epoll_event *event)
{
	struct set *s = set_of(set);
	struct item *i;

	if (target == set || !file_is_epoll(set))
		return -EINVAL;
	if (op != EPOLL_CTL_DEL && event->events & REFUSED)
		return -EINVAL;
	if (op == EPOLL_CTL_ADD && file_is_epoll(target) && !nests(s, set_of(target)))
		return -ELOOP;
	i = item_find(s, target, fd);
	switch (op) {
	case EPOLL_CTL_ADD:
		return i ? -EEXIST : item_add(s, target, fd, event);
	case EPOLL_CTL_MOD:
		if (i)
			item_set(i, event);
		return i ? 0 : -ENOENT;
	case EPOLL_CTL_DEL:
		if (i)
			item_end(i);
		return i ? 0 : -ENOENT;
	default:
		return -EINVAL;
	}
}

int epoll_take(struct file *set, struct epoll_event *out, int max)
{
	struct set *s = set_of(set);
	struct item_list seen = TAILQ_HEAD_INITIALIZER(seen);
	struct item *i;
	int n = 0;

	TAILQ_CONCAT(&seen, &s->ready, ready);
	while (n < max && (i = TAILQ_FIRST(&seen))) {
		uint32_t events = item_poll(i);

		TAILQ_REMOVE(&seen, i, ready);
		i->is_ready = false;
		if (!events)
			continue;
		out[n++] = (struct epoll_event){.events = events, .data = i->data};
		if (i->events & EPOLLONESHOT) {
			i->events &= KEPT;
		} else if (!(i->events & EPOLLET)) {
			TAILQ_INSERT_TAIL(&s->ready, i, ready);
			i->is_ready = true;
		}
	}
	/* Those that are left were there first. */
	TAILQ_CONCAT(&seen, &s->ready, ready);
	TAILQ_CONCAT(&s->ready, &seen, ready);
	return n;
}
