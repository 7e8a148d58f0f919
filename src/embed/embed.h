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

#include "../serve/stack/inet/inet.h"
#include "../serve/stack/op.h"
#include "../socketcall.h"

struct sc_task {
	struct task *task;
	struct sc_task_config config;
	const struct abi *abi;
	const struct caller_ops *ops;     /* as its config needs them */
	const struct caller_ops *own_ops; /* the same, of this process's own memory */
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

/* A timeout of poll(2) in ns. */
static inline int64_t timeout_ns(int ms)
{
	return ms < 0 ? TIME_NEVER : (int64_t)ms * NSEC_PER_MSEC;
}

/*
 * One thing that may have to wait: a call of the twenty, or a poll. Begins with the op
 * and knows how to try again. Lives on the stack of a thread that blocks, or in memory
 * of the network's as a sc_parked.
 */
struct waiting {
	struct op op; /* first; with its caller (caller_begin) before it is served */
	struct sc_task *task;
	/* Tries (again): the result, or WAIT. Under the lock. */
	long (*serve)(struct waiting *);
	/* It is over, whatever came of it: frees what it holds but its own memory, and
	 * ends its caller. Under the lock. */
	void (*end)(struct waiting *);
	struct sleeper *sleeper; /* the thread that blocks; NULL: parked */
};

/* Where one of size bytes lives: `local`, of a task that blocks; else new memory, NULL
 * if there is none. Its struct waiting is clear; what follows is as it was. */
struct waiting *waiting_new(struct sc_task *, void *local, size_t size);
/* Serves it until it is over: blocks meanwhile, or parks (SC_PARKED). It is then ended,
 * and its memory freed. With the lock, which is given back while a thread sleeps. */
long waiting_run(struct waiting *);
/* One of the twenty with words, layout and memory of this process's own, whatever the
 * task's are. Without the lock. */
long call_own(struct sc_task *, enum call_nr, const uint64_t words[6]);
/* recvmsg or sendmsg of these pieces and nothing else, flags 0. A parked call writes to
 * its struct msghdr when it is over: this one lives as long. Without the lock. */
long call_pieces(struct sc_task *, enum call_nr, int fd, const struct iovec *, int n);
/* Ends the calls of a task that are parked, as sc_cancel() would. With the lock. */
void parked_end_all(struct sc_task *);

#endif
