/*
 * epoll_face.c - epoll(7) of a task: its calls over serve/stack/epoll.c.
 */
#include "../serve/stack/epoll.h"

#include <limits.h>

#include "caller.h"

struct epoll_waiting {
	struct waiting waiting; /* first */
	struct file *set;       /* a reference */
	struct epoll_event *events;
	int max;
	int64_t timeout; /* ns; TIME_NEVER */
};

int sc_epoll_create1(struct sc_task *t, int flags)
{
	struct file *set;
	int ret;

	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	embed_enter(t);
	ret = epoll_new(t->task->net, &set);
	if (!ret) {
		ret = task_install(t->task, set, 0, flags & EPOLL_CLOEXEC);
		file_put(set);
	}
	embed_leave(t);
	return ret;
}

int sc_epoll_ctl(struct sc_task *t, int epfd, int op, int fd, struct epoll_event *event)
{
	struct file *set, *target;
	int ret;

	if (op != EPOLL_CTL_DEL && !event)
		return -EFAULT;
	embed_enter(t);
	set = task_file(t->task, epfd);
	target = task_file(t->task, fd);
	ret = set && target ? epoll_change(set, op, target, fd, event) : -EBADF;
	embed_leave(t);
	return ret;
}

static long serve_wait(struct waiting *waiting)
{
	struct epoll_waiting *w = (struct epoll_waiting *)waiting;
	int n = epoll_take(w->set, w->events, w->max);

	return n ? n : op_waits(&waiting->op, w->set, POLLIN, true, w->timeout, 0);
}

static void end_wait(struct waiting *waiting)
{
	file_put(((struct epoll_waiting *)waiting)->set);
	caller_end(&waiting->op);
}

/* With the lock. */
static long epoll_waits(struct sc_task *t, struct file *set, struct epoll_event *events, int max,
			int timeout_ms)
{
	struct epoll_waiting local, *w;

	w = (struct epoll_waiting *)waiting_new(t, &local, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->waiting.serve = serve_wait;
	w->waiting.end = end_wait;
	w->set = file_get(set);
	w->events = events;
	w->max = max;
	w->timeout = timeout_ns(timeout_ms);
	caller_begin(&w->waiting.op, t, true);
	return waiting_run(&w->waiting);
}

int sc_epoll_wait(struct sc_task *t, int epfd, struct epoll_event *events, int max,
		  int timeout_ms)
{
	struct net *net = t->task->net; /* the task may be gone when it is over */
	struct file *set;
	long ret;

	net_lock(net);
	set = task_file(t->task, epfd);
	if (!set)
		ret = -EBADF;
	else if (max <= 0 || (unsigned)max > INT_MAX / sizeof(*events) || !file_is_epoll(set))
		ret = -EINVAL;
	else if (!events)
		ret = -EFAULT;
	else
		ret = epoll_take(set, events, max);
	if (!ret && timeout_ms)
		ret = epoll_waits(t, set, events, max, timeout_ms);
	net_unlock(net);
	return ret;
}
