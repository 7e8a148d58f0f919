/*
 * net.c - a network's life, its lock, its time and its events.
 */
#include "net.h"

#include <limits.h>
#include <time.h>

#include "file.h"
#include "inet/inet.h"
#include "task.h"

/* How much there may be of each if nobody says otherwise. */
static const struct net_limits defaults = {
	.files = 4 << 20,
	.files_per_task = 1 << 20,
	.in_flight = 16384,
	.backlog = 4096,    /* SOMAXCONN since Linux 5.4 */
	.time_wait = 8192, /* connect first tries half of 28,232 ports: enough of them are free */
	.buffer = 4 << 20,  /* net.ipv4.tcp_wmem[2], about */
};

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* The embedder's time, which need not make sense. */
static int64_t ask_clock(const struct net *n)
{
	const int64_t now = n->clock(n->clock_ctx);

	return now > TIME_LAST ? TIME_LAST : now < -TIME_LAST ? -TIME_LAST : now;
}

int64_t net_now(const struct net *n)
{
	return n->virtual_time ? n->virtual_ns :
	       n->clock ? ask_clock(n) : read_clock(CLOCK_MONOTONIC);
}

int64_t net_about_now(const struct net *n)
{
	return n->virtual_time || n->clock ? net_now(n) : read_clock(CLOCK_MONOTONIC_COARSE);
}

int64_t net_wall(const struct net *n)
{
	/* The time of day may be set meanwhile: ask for it, if it is the real one. */
	return n->virtual_time || n->clock ? net_now(n) + n->wall_offset
					   : read_clock(CLOCK_REALTIME);
}

void timer_set(struct net *n, struct timer *t, int64_t at)
{
	heap_del(&n->timers, &t->node);
	heap_add(&n->timers, &t->node, at);
	if (n->timers.root == &t->node)
		sleepers_timer_changed(n);
}

void timer_stop(struct net *n, struct timer *t)
{
	heap_del(&n->timers, &t->node);
}

int64_t net_next(const struct net *n)
{
	return n->timers.root ? n->timers.root->key : TIME_NEVER;
}

/* Runs what is due at a time. A timer that sets itself again for a time that has come
 * is due again: `rounds` bounds what that could do. */
static void run_until(struct net *n, int64_t now)
{
	enum { ROUNDS = 10000000 };

	for (int rounds = 0; rounds < ROUNDS && net_next(n) <= now; rounds++) {
		struct timer *t = (struct timer *)n->timers.root;

		heap_del(&n->timers, &t->node);
		t->fire(n, t);
	}
}

void net_run(struct net *n)
{
	if (net_next(n) != TIME_NEVER)
		run_until(n, net_now(n));
}

void net_advance(struct net *n, int64_t ns)
{
	const int64_t end = ns < TIME_LAST - n->virtual_ns ? n->virtual_ns + ns : TIME_LAST;

	while (net_next(n) <= end) {
		if (n->virtual_ns < net_next(n))
			n->virtual_ns = net_next(n);
		run_until(n, n->virtual_ns);
	}
	n->virtual_ns = end;
}

uint32_t net_random(struct net *n)
{
	/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift
	 * generators, scrambled". No secret, only a spread. */
	n->seed ^= n->seed >> 12;
	n->seed ^= n->seed << 25;
	n->seed ^= n->seed >> 27;
	return (n->seed * UINT64_C(2685821657736338717)) >> 32;
}

void net_tell(struct net *n)
{
	struct teller me = {.thread = pthread_self()};
	struct event *e;
	struct notice notice;

	LIST_INSERT_HEAD(&n->tellers, &me, entry);
	while ((e = TAILQ_FIRST(&n->events))) {
		TAILQ_REMOVE(&n->events, e, entry);
		e->queued = false;
		e->fill(e, &notice);
		lock_give(&n->lock);
		notice.call(&notice);
		lock_take(&n->lock);
	}
	LIST_REMOVE(&me, entry);
}

/* Is this thread in something that is being told? */
static bool is_teller(const struct net *n)
{
	const struct teller *t;

	LIST_FOREACH(t, &n->tellers, entry)
		if (pthread_equal(t->thread, pthread_self()))
			return true;
	return false;
}

void net_tell_once(struct net *n)
{
	if (!is_teller(n))
		net_tell(n);
}

void event_queue(struct net *n, struct event *e)
{
	if (e->queued)
		return;
	e->queued = true;
	TAILQ_INSERT_TAIL(&n->events, e, entry);
}

void event_cancel(struct net *n, struct event *e)
{
	if (e->queued)
		TAILQ_REMOVE(&n->events, e, entry);
	e->queued = false;
}

#define OR_DEFAULT(field) \
	if (!n->limit.field) \
		n->limit.field = defaults.field

struct net *net_new(const struct alloc *mem, const struct net_limits *limit)
{
	struct alloc first = *mem; /* counts the network itself, too */
	struct net *n;

	first.limit = limit->memory;
	n = alloc_zero(&first, sizeof(*n));
	if (!n)
		return NULL;
	n->mem = first;
	n->limit = *limit;
	OR_DEFAULT(files);
	OR_DEFAULT(files_per_task);
	if (n->limit.files_per_task > FILES_PER_TASK_MAX)
		n->limit.files_per_task = FILES_PER_TASK_MAX;
	OR_DEFAULT(in_flight);
	OR_DEFAULT(backlog);
	OR_DEFAULT(time_wait);
	OR_DEFAULT(buffer);
	n->seed = UINT64_C(0x9e3779b97f4a7c15);
	n->hash_seed = net_random(n);
	n->changes = 1; /* what keeps nothing yet says 0 */
	n->free_handle = INT_MAX; /* none: file.c */
	TAILQ_INIT(&n->events);
	LIST_INIT(&n->tellers);
	TAILQ_INIT(&n->sleepers);
	TAILQ_INIT(&n->hosts);
	TAILQ_INIT(&n->tasks);
	TAILQ_INIT(&n->waits);
	hash_init(&n->addresses, &n->mem);
	hash_init(&n->groups, &n->mem);
	return n;
}

void net_free(struct net *n)
{
	struct alloc last;

	while (!TAILQ_EMPTY(&n->tasks))
		task_end(TAILQ_FIRST(&n->tasks));
	while (!TAILQ_EMPTY(&n->hosts))
		host_free(TAILQ_FIRST(&n->hosts));
	hash_free(&n->addresses);
	hash_free(&n->groups);
	alloc_put(&n->mem, n->handle);
	last = n->mem;
	alloc_put(&last, n);
}
