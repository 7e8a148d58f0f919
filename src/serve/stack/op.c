/*
 * op.c - waiting.
 */
#include "op.h"

#include <errno.h>

int op_waits(struct op *op, struct file *f, uint32_t events, bool may, int64_t timeout,
	     int otherwise)
{
	const struct net *n = op->task->net;

	if (op->interrupted)
		return -EINTR;
	if (!may)
		return otherwise;
	if (!op->waited) {
		op->waited = true;
		if (timeout == TIME_NEVER ||
		    __builtin_add_overflow(net_now(n), timeout, &op->deadline) ||
		    op->deadline > TIME_LAST)
			op->deadline = TIME_NEVER;
	} else if (op->deadline != TIME_NEVER && net_now(n) >= op->deadline) {
		return otherwise;
	}
	if (!op->on) {
		op->on = f;
		op->events = events;
	}
	return WAIT;
}

static void stop(struct op *op)
{
	struct net *n = op->task->net;

	if (op->state != OP_WAITS)
		return;
	watch_stop(&op->watch);
	timer_stop(n, &op->timer);
	op->state = OP_READY;
}

static void wake(struct op *op)
{
	stop(op);
	op->ready(op);
}

void op_wake(struct op *op)
{
	if (op->state == OP_WAITS)
		wake(op);
}

static void heard(struct watch *w, uint32_t events)
{
	wake((struct op *)((char *)w - offsetof(struct op, watch)));
}

static void timed_out(struct net *n, struct timer *t)
{
	wake((struct op *)((char *)t - offsetof(struct op, timer)));
}

void op_park(struct op *op, void (*ready)(struct op *))
{
	op->ready = ready;
	op->state = OP_WAITS;
	if (op->on) {
		op->waits_on = file_get(op->on);
		watch_start(&op->watch, op->on, op->events, heard);
	}
	op->timer.fire = timed_out;
	if (op->deadline != TIME_NEVER)
		timer_set(op->task->net, &op->timer, op->deadline);
	LIST_INSERT_HEAD(&op->task->waiting, op, entry);
	op->on = NULL;
}

void op_resume(struct op *op)
{
	stop(op);
	LIST_REMOVE(op, entry);
	op->state = OP_RUNS;
	file_put(op->waits_on);
	op->waits_on = NULL;
}

void op_interrupt(struct op *op)
{
	op->interrupted = true;
	op_wake(op);
}
