/* caller.h - a task as the steps see it: its memory, its descriptors. */
#ifndef SOCKETCALL_EMBED_CALLER_H
#define SOCKETCALL_EMBED_CALLER_H

#include "embed.h"

/* The operations that suit a task: its memory, or this process's own; its signals. */
const struct caller_ops *caller_ops_for(const struct sc_task_config *, bool own);
/* Gives a handle of a network's files back. */
void caller_handle_put(void *net, int handle);

/* Fills in op's caller and task, which is held until caller_end(). own: addresses are
 * this process's own, whatever the task's are. */
static inline void caller_begin(struct op *op, struct sc_task *t, bool own)
{
	struct task *task = t->task;

	op->who.ops = own ? t->own_ops : t->ops;
	op->who.mem = &task->net->mem;
	op->who.handles.put = caller_handle_put;
	op->who.handles.of = task->net;
	op->task = task;
	task->refs++;
}
static inline void caller_end(struct op *op)
{
	if (op->kept)
		op->kept_drop(op);
	task_put(op->task);
}

#endif
