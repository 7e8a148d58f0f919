/*
 * op.c - waiting.
 */
#include "op.h"

#include <errno.h>

int op_waits(struct op *op, struct file *f, uint32_t events, bool may, int64_t timeout,
	     int otherwise)
{
	if (op->interrupted)
		return -EINTR;
	if (!may)
		return otherwise;
	if (!op->waited) {
		op->waited = true;
		op->deadline = timeout == TIME_NEVER ? TIME_NEVER : net_now(f->net) + timeout;
	} else if (op->deadline != TIME_NEVER && net_now(f->net) >= op->deadline) {
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
	op->waits_on = file_get(op->on);
	op->ready = ready;
	op->state = OP_WAITS;
	watch_start(&op->watch, op->on, op->events, heard);
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
	if (op->state == OP_WAITS)
		wake(op);
}
