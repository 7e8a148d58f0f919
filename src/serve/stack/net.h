/*
 * net.h - one private network: what its hosts, tasks and sockets share.
 *
 * A network has one lock. Every entry from outside takes it, does one step to its
 * end without sleeping, and gives it back; nothing below the entries locks anything.
 * What must be told to the embedder is queued as events and told once the lock is
 * free, so that what he does then may enter again.
 *
 * Nothing here is global, and nothing starts a thread or a signal. Time is what
 * net_now() says; whatever must happen later is a timer in the network's heap, run
 * by whoever enters next or waits (net_run).
 *
 * The order of things is fixed by the order of the calls, and chance comes from
 * net_random(), which is seeded: the same calls at the same times give the same run.
 */
#ifndef SOCKETCALL_STACK_NET_H
#define SOCKETCALL_STACK_NET_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "../../lib/alloc.h"
#include "../../lib/hash.h"
#include "../../lib/heap.h"
#include "../../lib/lock.h"

struct file;
struct host;
struct net;

enum {
	NSEC_PER_SEC = 1000000000,
	NSEC_PER_MSEC = 1000000,
};
#define TIME_NEVER INT64_MAX /* of a time in ns: not at all */
/* Where time ends that is not the system's, after 146 years: so that sums of times do not
 * overflow. */
#define TIME_LAST (INT64_MAX / 2)

/* Something to do at a time. Owned by what it lies in. */
struct timer {
	struct heap_node node;
	void (*fire)(struct net *, struct timer *);
};

/* What is told: a function of the embedder's and what it is called with. */
struct notice {
	void (*call)(const struct notice *); /* calls fn as its type is; without the lock */
	void (*fn)(void);
	void *ctx, *what, *cookie;
	int n;
};

/* Something to tell the embedder once the lock is free: once per queueing. fill() is
 * called under the lock and copies what is to be told, since the event may be gone when
 * it is told. Owned by what it lies in, which must cancel it (event_cancel) before it
 * goes. */
struct event {
	TAILQ_ENTRY(event) entry;
	bool queued;
	void (*fill)(struct event *, struct notice *);
};

/* A thread that tells events. */
struct teller {
	LIST_ENTRY(teller) entry;
	pthread_t thread;
};

/* A thread that sleeps in the network. */
struct sleeper {
	TAILQ_ENTRY(sleeper) entry;
	struct nap nap;
};

/* How much of each thing there may be. Zero where net_new() is to choose. */
struct net_limits {
	unsigned files;         /* sockets and sets of the network: else ENFILE */
	unsigned files_per_task; /* RLIMIT_NOFILE of a new task: else EMFILE */
	unsigned in_flight;     /* descriptors of one user in messages: else ETOOMANYREFS */
	unsigned backlog;       /* net.core.somaxconn */
	unsigned time_wait;     /* ports remembered in TIME_WAIT; more: the oldest is forgotten */
	unsigned buffer;        /* bytes: the most that SO_SNDBUF, SO_RCVBUF grant unasked (half
	                         * of what getsockopt shows), net.core.{r,w}mem_max */
	size_t memory;          /* bytes, all in all: else ENOBUFS or ENOMEM */
};

struct net {
	struct lock lock;
	struct alloc mem;
	struct net_limits limit;

	int64_t (*clock)(void *ctx); /* monotonic, ns; NULL: CLOCK_MONOTONIC */
	void *clock_ctx;
	bool virtual_time;    /* time stands still but for net_advance() */
	bool virtual_auto;    /* who would block lets time pass to the next timer instead */
	int64_t virtual_ns;
	int64_t wall_offset;  /* net_now() + this is the time of day */
	struct heap timers;

	TAILQ_HEAD(, event) events;
	LIST_HEAD(, teller) tellers;
	TAILQ_HEAD(, sleeper) sleepers; /* the first one keeps the time */
	uint64_t seed;        /* state of net_random() */
	uint32_t hash_seed;   /* for tables that a program can fill as it likes */
	uint64_t cookies;     /* SO_COOKIE and inode numbers given out */
	uint64_t changes;     /* of ports, addresses, links and options, counted: who keeps
	                       * where datagrams go knows by it that it still is so */
	int pids;

	/* Files as numbers, for struct call and struct result, only while a call is
	 * under way: file_handle(), file_of(), handle_put(). */
	struct file **handle;
	unsigned nhandles, free_handle;
	unsigned files;       /* how many there are */
	/* Descriptors in messages: unix_rights.c. */
	unsigned nin_flight;
	LIST_HEAD(, unix_user) unix_users;     /* who sent some */
	LIST_HEAD(, unix_rights) unix_dropped; /* to be released */
	bool unix_releasing;

	TAILQ_HEAD(, host) hosts;
	TAILQ_HEAD(, task) tasks;
	struct hash addresses; /* struct host_address by ip: who has it */
	TAILQ_HEAD(, port_wait) waits; /* ports in TIME_WAIT, the oldest first */
	unsigned nwaits;
	struct hash groups;    /* multicast memberships by group: udp */
};

/* The network's monotonic time, ns. */
int64_t net_now(const struct net *);
/* The same to some milliseconds, at less cost: for statistics only. */
int64_t net_about_now(const struct net *);
int64_t net_wall(const struct net *); /* ns since 1970 */

/* Runs what is due. With the lock. */
void net_run(struct net *);
/* When the next timer is due; TIME_NEVER. */
int64_t net_next(const struct net *);
/* Virtual time: lets ns pass, running each timer exactly at its time. */
void net_advance(struct net *, int64_t ns);

/* Due at `at` (net_now() scale); moves it if it was set. Cannot fail. */
void timer_set(struct net *, struct timer *, int64_t at);
void timer_stop(struct net *, struct timer *); /* fine if it is not set */
static inline bool timer_is_set(const struct timer *t)
{
	return heap_has(&t->node);
}

uint32_t net_random(struct net *);

static inline void net_lock(struct net *n) /* and runs what is due */
{
	lock_take(&n->lock);
	if (n->timers.root)
		net_run(n);
}
void net_tell_once(struct net *); /* net_tell(), but by who does not tell already */
/* And tells what is to be told. If this happens in something that is being told, it is
 * left to that teller, for when it returns: what is told may call again and again, and
 * must not nest. */
static inline void net_unlock(struct net *n)
{
	if (!TAILQ_EMPTY(&n->events))
		net_tell_once(n);
	lock_give(&n->lock);
}
/* Tells what is to be told; gives the lock back meanwhile. */
void net_tell(struct net *);

/* sleep.c. Sleeps until something changed: sleeper_wake(), or a timer was due and has run. May
 * return for no reason. Time that is virtual_auto passes instead. With the lock, which
 * is given back meanwhile. */
void sleeper_init(struct net *, struct sleeper *);
void sleeper_end(struct net *, struct sleeper *);
void net_sleep(struct net *, struct sleeper *);
void sleeper_wake(struct sleeper *);
void sleepers_timer_changed(struct net *); /* the first timer is another one now */

void event_queue(struct net *, struct event *); /* once, however often */
void event_cancel(struct net *, struct event *);

/* config's zeroes mean our own choice. NULL: no memory. */
struct net *net_new(const struct alloc *, const struct net_limits *);
/* Ends everything in it: tasks, sockets, hosts. Nobody may be in it. */
void net_free(struct net *);

#endif
