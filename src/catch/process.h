/*
 * process.h - a caller that is a process stopped in a seccomp notification.
 */
#ifndef SOCKETCALL_CATCH_PROCESS_H
#define SOCKETCALL_CATCH_PROCESS_H

#include <linux/seccomp.h>
#include <pthread.h>

#include "../call/caller.h"
#include "../call/result.h"
#include "task.h"

/* Memory around the place that was read last: what a call's arguments point to
 * mostly lies near them, on the stack. */
struct window {
	uint64_t at;
	unsigned len;
	uint8_t bytes[512];
};

struct process {
	struct caller who; /* first: the operations get back to us by a cast */
	int listener;
	uint64_t id; /* of the notification */
	struct task_table *tasks;
	struct task *task;
	bool needs_own_rights; /* the call is one that Landlock could refuse */
	void (*waits)(void *ctx);
	void *ctx;
	struct window *window; /* of the thread; empty when a call begins */
};

extern const struct caller_ops process_ops;

/* Held while a caller is traced. Who waits for our children must hold it: to the kernel
 * a stop of a child of ours that a thread of ours traces is any thread's to take. */
extern pthread_mutex_t process_tracing;

/* Is the notification still waiting for its answer? */
bool process_waiting(int listener, uint64_t id);

/* Answers with the call's result. False if there is nobody to take it; then the
 * result still holds what it brought. */
bool process_answer(struct process *p, struct result *r);
/* Answers with an errno (negative). */
bool process_answer_error(struct process *p, int err);
/*
 * Answers ERESTARTSYS: the caller's kernel will give EINTR or restart the call, as
 * its signal handler asks. It looks at that only on a task that is marked for a
 * signal; on any other the number 512 would reach the program. certain: a signal
 * is known to wait for this task. Otherwise it is marked by ptrace(2) first, which
 * leaves no trace; where that cannot be done the answer is EINTR.
 */
bool process_answer_restart(struct process *p, bool certain);
/* Lets the kernel make the call: only for calls on which nothing was decided. */
bool process_answer_continue(struct process *p);

#endif
