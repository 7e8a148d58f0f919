/*
 * poll.c - poll(2) of a task's descriptors.
 *
 * It looks at all of them; if nothing is there and it may wait, it puts a watch on each
 * file and waits for any of them to fire, and looks at all again. As in the kernel it
 * looks at what a number names now, and waits on what it named at the beginning, which
 * stays open as long.
 */
#include "../serve/stack/epoll.h"
#include "caller.h"

struct poll_item {
	struct watch watch;
	struct op *op;
	struct pollfd ask; /* as it was given: the caller may change his */
};

struct poll_waiting {
	struct waiting waiting; /* first */
	struct pollfd *fds;
	unsigned n;
	int64_t timeout;        /* ns; TIME_NEVER */
	bool listens;           /* item is there */
	struct poll_item *item; /* n of them; NULL: n is 0 */
};

static short look_at(const struct task *t, const struct pollfd *ask)
{
	struct file *f;

	if (ask->fd < 0)
		return 0;
	f = task_file(t, ask->fd);
	return f ? file_poll(f, (uint16_t)ask->events) : POLLNVAL;
}

/* How many of them have something to say; fills in what. item NULL: none is kept yet. */
static int look(const struct task *t, struct pollfd *fds, unsigned n,
		const struct poll_item *item)
{
	int ready = 0;

	for (unsigned i = 0; i < n; i++) {
		fds[i].revents = look_at(t, item ? &item[i].ask : &fds[i]);
		ready += fds[i].revents != 0;
	}
	return ready;
}

static void heard(struct watch *w, uint32_t events)
{
	op_wake(((struct poll_item *)w)->op);
}

static struct poll_item *item_memory(struct alloc *mem, size_t n)
{
	return n && n <= SIZE_MAX / sizeof(struct poll_item) ?
	       alloc_zero(mem, n * sizeof(struct poll_item)) : NULL;
}

static int listen_to_all(struct poll_waiting *w)
{
	struct task *t = w->waiting.op.task;

	w->item = item_memory(&t->net->mem, w->n);
	if (w->n && !w->item)
		return -ENOMEM;
	w->listens = true;
	for (unsigned i = 0; i < w->n; i++) {
		struct poll_item *item = &w->item[i];
		struct file *f = NULL;

		item->op = &w->waiting.op;
		item->ask = w->fds[i];
		if (item->ask.fd >= 0)
			f = task_file(t, item->ask.fd);
		if (f)
			watch_start(&item->watch, file_get(f),
				    events_heard((uint16_t)item->ask.events), heard);
	}
	return 0;
}

static long serve_poll(struct waiting *waiting)
{
	struct poll_waiting *w = (struct poll_waiting *)waiting;
	int ret;

	if (waiting->op.task->gone)
		return -EINTR;
	/* The first time sc_poll() has looked. */
	ret = w->listens ? look(waiting->op.task, w->fds, w->n, w->item) : listen_to_all(w);
	return ret ? ret : op_waits(&waiting->op, NULL, 0, true, w->timeout, 0);
}

static void end_poll(struct waiting *waiting)
{
	struct poll_waiting *w = (struct poll_waiting *)waiting;

	for (unsigned i = 0; w->item && i < w->n; i++) {
		struct file *f = w->item[i].watch.file;

		watch_stop(&w->item[i].watch);
		file_put(f);
	}
	alloc_put(&waiting->op.task->net->mem, w->item);
	caller_end(&waiting->op);
}

/* With the lock. */
static long poll_waits(struct sc_task *t, struct pollfd *fds, unsigned n, int timeout_ms)
{
	struct poll_waiting local, *w = (struct poll_waiting *)waiting_new(t, &local, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->waiting.serve = serve_poll;
	w->waiting.end = end_poll;
	w->fds = fds;
	w->n = n;
	w->timeout = timeout_ns(timeout_ms);
	w->listens = false;
	w->item = NULL;
	caller_begin(&w->waiting.op, t, true);
	return waiting_run(&w->waiting);
}

int sc_poll(struct sc_task *t, struct pollfd *fds, unsigned n, int timeout_ms)
{
	struct net *net = t->task->net; /* the task may be gone when it is over */
	long ret = 0;

	net_lock(net);
	if (n > t->task->fds->limit)
		ret = -EINVAL;
	else if (n && !fds)
		ret = -EFAULT;
	if (!ret)
		ret = look(t->task, fds, n, NULL);
	if (!ret && timeout_ms)
		ret = poll_waits(t, fds, n, timeout_ms);
	net_unlock(net);
	return ret;
}
