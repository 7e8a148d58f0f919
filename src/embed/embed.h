/*
 * embed.h - the library's face: include/socketcall.h over the steps.
 *
 * A call comes in as C arguments or as the address of an argument block, becomes a
 * caller and the words of a call, goes down the spine like any other, and is served by
 * serve/stack. Here, too, is what programs do with descriptors beside the twenty calls.
 *
 * Everything public takes the network's lock (embed_enter), does its step, and leaves
 * (embed_leave).
 */
#ifndef SOCKETCALL_EMBED_H
#define SOCKETCALL_EMBED_H

#include <errno.h>
#include <socketcall.h>

#include "../serve/stack/inet.h"
#include "../serve/stack/op.h"
#include "../socketcall.h"

struct sc_task {
	struct task *task;
	struct sc_task_config config;
	const struct abi *abi;
	struct sc_parked *parked; /* the last one that nobody asked for */
};

static inline struct net *net_of(struct sc_net *n)
{
	return (struct net *)n;
}
static inline struct host *host_of(struct sc_host *h)
{
	return (struct host *)h;
}
static inline void embed_enter(struct sc_task *t)
{
	net_lock(t->task->net);
}
static inline void embed_leave(struct sc_task *t)
{
	net_unlock(t->task->net);
}

/*
 * One thing that may have to wait: a call of the twenty, or a poll. Begins with the op
 * and knows how to try again. Lives on the stack of a thread that blocks, or in memory
 * of the network's as a sc_parked.
 */
struct waiting {
	struct op op; /* first */
	/* Tries (again): the result, or WAIT. Under the lock. */
	long (*serve)(struct waiting *);
	/* It is over: frees what it holds but its own memory. Under the lock. */
	void (*end)(struct waiting *);
};

/* Serves it until it is over, as its task waits: blocks, or parks (SC_PARKED). `w` is
 * then in memory from waiting_new(), which is freed when it is over. With the lock,
 * which is given back while a thread sleeps. */
long waiting_run(struct sc_task *, struct waiting *w);
/* Memory for one of size bytes, zero, where this task's calls need it: `local` (of a
 * blocking task; cleared up to `clear` bytes), or allocated; NULL. */
struct waiting *waiting_new(struct sc_task *, void *local, size_t size);

#endif
