/*
 * waiting.c - calls that wait: their thread sleeps, or they are parked and reported.
 *
 * A parked call lies in memory of the network's, with a struct sc_parked before it.
 * When what it waits for may be there, its task's ready() is told, once, and
 * sc_resume() serves it again. It is not told before the thread that made the call has
 * asked for it by sc_parked(), and could give it a cookie.
 */
#include <string.h>

#include "../lib/clear.h"
#include "embed.h"

struct sc_parked {
	struct event event;
	void *cookie;
	bool known;    /* sc_parked() gave it out */
	max_align_t waiting[]; /* the struct waiting */
};

/* The call that this thread parked last and did not ask for yet. Of a task that another
 * thread ended it is gone: so the task is compared before the call is looked at. */
static _Thread_local struct {
	const struct sc_task *task;
	struct sc_parked *call;
} last_parked;

static struct sc_parked *parked_of(struct waiting *w)
{
	return (struct sc_parked *)((char *)w - offsetof(struct sc_parked, waiting));
}

static struct waiting *waiting_of(struct sc_parked *p)
{
	return (struct waiting *)p->waiting;
}

struct waiting *waiting_new(struct sc_task *t, void *local, size_t size)
{
	struct waiting *w = local;
	struct sc_parked *p;

	if (t->config.park) {
		p = alloc_get(&t->task->net->mem, sizeof(*p) + size);
		if (!p)
			return NULL;
		memset(p, 0, sizeof(*p));
		w = waiting_of(p);
	}
	clear(w, sizeof(*w));
	w->task = t;
	return w;
}

static void over(struct waiting *w)
{
	struct net *n = w->op.task->net;
	const bool park = w->task->config.park;

	w->end(w);
	if (park)
		alloc_put(&n->mem, parked_of(w));
}

static void wake_thread(struct op *op)
{
	sleeper_wake(((struct waiting *)op)->sleeper);
}

/* Until it should be served again. */
static void sleep_on(struct waiting *w)
{
	struct net *n = w->op.task->net;
	struct sleeper sleeper;

	sleeper_init(n, &sleeper);
	w->sleeper = &sleeper;
	op_park(&w->op, wake_thread);
	net_tell(n);
	while (w->op.state == OP_WAITS) {
		net_sleep(n, &sleeper);
		net_tell(n);
	}
	op_resume(&w->op);
	sleeper_end(n, &sleeper);
}

static void call_ready(const struct notice *note)
{
	((void (*)(void *, struct sc_parked *, void *))note->fn)(note->ctx, note->what,
								 note->cookie);
}

static void fill_ready(struct event *e, struct notice *note)
{
	struct sc_parked *p = (struct sc_parked *)e;
	const struct sc_task_config *config = &waiting_of(p)->task->config;

	*note = (struct notice){.call = call_ready, .fn = (void (*)(void))config->ready,
				.ctx = config->ctx, .what = p, .cookie = p->cookie};
}

static void report_ready(struct op *op)
{
	struct waiting *w = (struct waiting *)op;

	/* Not before somebody knows of it: sc_parked(). */
	if (w->task->config.ready && parked_of(w)->known)
		event_queue(op->task->net, &parked_of(w)->event);
}

static long park(struct waiting *w)
{
	struct sc_parked *p = parked_of(w);

	p->event.fill = fill_ready;
	op_park(&w->op, report_ready);
	last_parked.task = w->task;
	last_parked.call = p;
	return SC_PARKED;
}

long waiting_run(struct waiting *w)
{
	long ret;

	while ((ret = w->serve(w)) == WAIT) {
		if (w->task->config.park)
			return park(w);
		sleep_on(w);
	}
	over(w);
	return ret;
}

struct sc_parked *sc_parked(struct sc_task *t, void *cookie)
{
	struct sc_parked *p = last_parked.call;
	struct waiting *w;

	if (!p || last_parked.task != t)
		return NULL;
	last_parked.call = NULL;
	w = waiting_of(p);
	embed_enter(t);
	p->cookie = cookie;
	if (!p->known) {
		p->known = true;
		if (w->op.state == OP_READY)
			report_ready(&w->op); /* meanwhile, by another thread */
	}
	embed_leave(t);
	return p;
}

/* With the lock. */
static long again(struct sc_parked *p, bool give_up)
{
	struct waiting *w = waiting_of(p);

	event_cancel(w->op.task->net, &p->event);
	op_resume(&w->op);
	if (give_up)
		w->op.interrupted = true;
	if (last_parked.call == p)
		last_parked.call = NULL;
	return waiting_run(w);
}

static long enter_again(struct sc_parked *p, bool give_up)
{
	struct net *n = waiting_of(p)->op.task->net;
	long ret;

	net_lock(n);
	ret = again(p, give_up);
	net_unlock(n);
	return ret;
}

long sc_resume(struct sc_parked *p)
{
	return enter_again(p, false);
}

long sc_cancel(struct sc_parked *p)
{
	return enter_again(p, true);
}

void parked_end_all(struct sc_task *t)
{
	struct op *op = LIST_FIRST(&t->task->waiting), *next;

	for (; op; op = next) {
		struct waiting *w = (struct waiting *)op;

		next = LIST_NEXT(op, entry);
		if (!w->sleeper && w->task == t)
			again(parked_of(w), true);
	}
}
