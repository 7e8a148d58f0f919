/*
 * stack.c - the system that is libsocketcall's own sockets.
 *
 * Three ways in, so that each case shows three things. stack64: sc_call(), calls block
 * their thread, and memory is behind functions that check addresses, as an emulator's
 * is. stack32: the same through sc_socketcall() in the layout of i386. park64: the
 * memory is this process's own, unchecked (cases with bad addresses are left out), and
 * calls that wait are parked and resumed. On a 32-bit machine: stack32 and park32.
 */
#include <errno.h>
#include <linux/net.h>
#include <signal.h>
#include <socketcall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "behaviour.h"

enum { MAX_HOSTS = 8 };
struct own {
	struct sc_net *net;
	struct sc_host *host[MAX_HOSTS]; /* the first: of tasks that name none */
	char name[MAX_HOSTS][24];
	int nhost;
	long blocks; /* of memory that the network has */
};

/* What a task's thread keeps while a parked call of it waits. */
struct wait {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool ready, interrupted;
};
struct mine {
	struct sc_task *task;
	struct wait wait;
	bool shared; /* the task is its parent's */
};

static __thread int came;

static void on_signal(void *ctx, int sig)
{
	came = sig;
}

static void *count_alloc(void *ctx, void *ptr, size_t size)
{
	struct own *own = ctx;
	void *p = NULL;

	if (size)
		p = realloc(ptr, size);
	else
		free(ptr);
	own->blocks += (p && !ptr) - (ptr && !size);
	return p;
}

static int stack_open(struct world *w)
{
	struct own *own = calloc(1, sizeof(*own));
	const struct sc_config config = {
		.size = sizeof(config),
		.alloc = count_alloc,
		.alloc_ctx = own,
		.limits = { .files_per_task = (unsigned)w->max_files, .in_flight = (unsigned)w->max_files },
	};

	w->own = own;
	own->net = sc_net_new(&config);
	own->host[0] = own->net ? sc_host_new(own->net, "host") : NULL;
	own->nhost = 1;
	return own->host[0] ? 0 : -ENOMEM;
}

/* Nothing is left of what the tasks had, and then nothing at all. */
static const char *stack_close(struct world *w)
{
	struct own *own = w->own;
	struct sc_usage u;
	const char *left = NULL;

	sc_net_usage(own->net, &u);
	if (u.tasks || u.in_flight)
		left = "the network counts tasks, or descriptors in messages";
	sc_net_free(own->net);
	if (own->blocks)
		left = "memory of the network was not given back";
	free(own);
	return left;
}

static struct sc_host *find(struct own *own, const char *name)
{
	for (int i = 1; name && i < own->nhost; i++)
		if (strcmp(own->name[i], name) == 0)
			return own->host[i];
	return name ? NULL : own->host[0];
}

static int stack_host(struct world *w, const char *name, char *const *addresses, int n)
{
	struct own *own = w->own;
	struct sc_host *h = own->nhost < MAX_HOSTS ? sc_host_new(own->net, name) : NULL;
	int err = h ? 0 : -ENOMEM;

	if (!h)
		return err;
	snprintf(own->name[own->nhost], sizeof(own->name[0]), "%s", name);
	own->host[own->nhost++] = h;
	for (int i = 0; i < n && !err; i++)
		err = sc_host_add_address(h, addresses[i]);
	return err;
}

static int stack_cable(struct world *w, const char *name, bool up)
{
	struct sc_host *h = find(w->own, name);

	if (h)
		sc_host_set_up(h, up);
	return h ? 0 : -ENOENT;
}

/* Memory with addresses checked: the kernel knows what is there. */
static ssize_t checked(uint64_t at, void *buf, size_t size, bool write)
{
	struct iovec here = { buf, size }, there = { (void *)(uintptr_t)at, size };
	ssize_t n;

	if (!size)
		return 0;
	n = write ? process_vm_writev(getpid(), &here, 1, &there, 1, 0)
		  : process_vm_readv(getpid(), &here, 1, &there, 1, 0);
	return n > 0 ? n : -EFAULT;
}

static ssize_t memory_read(void *ctx, uint64_t at, void *buf, size_t size)
{
	return checked(at, buf, size, false);
}

static ssize_t memory_write(void *ctx, uint64_t at, const void *buf, size_t size)
{
	return checked(at, (void *)(uintptr_t)buf, size, true);
}

static bool parks(const struct task *t)
{
	return t->world->system->trusts;
}

static void on_ready(void *ctx, struct sc_parked *call, void *cookie)
{
	struct wait *wait = cookie;

	pthread_mutex_lock(&wait->lock);
	wait->ready = true;
	pthread_cond_signal(&wait->wake);
	pthread_mutex_unlock(&wait->lock);
}

static int stack_begin(struct task *t)
{
	struct own *own = t->world->own;
	struct mine *mine = calloc(1, sizeof(*mine)), *parent = t->parent ? t->parent->own : NULL;
	struct sc_task_config config = {
		.size = sizeof(config), .uid = t->uid, .gid = t->uid, .unprivileged = t->uid != 0,
		.signal = on_signal,
	};

	pthread_mutex_init(&mine->wait.lock, NULL);
	pthread_cond_init(&mine->wait.wake, NULL);
	t->own = mine;
	if (parent) {
		mine->shared = t->shares;
		mine->task = t->shares ? parent->task : sc_task_fork(parent->task, false);
		return mine->task ? 0 : -ENOMEM;
	}
	if (!find(own, t->host))
		return -ENOENT;
	if (parks(t)) {
		config.park = true;
		config.ready = on_ready;
	} else {
		config.memory = (struct sc_memory){ memory_read, memory_write, NULL };
		config.abi = t->world->word == 4 ? SC_ABI_I386 : SC_ABI_OWN;
	}
	mine->task = sc_task_new(find(own, t->host), &config);
	return mine->task ? 0 : -ENOMEM;
}

static void stack_end(struct task *t)
{
	struct mine *mine = t->own;

	if (!mine->shared)
		sc_task_free(mine->task);
	free(mine);
}

static struct sc_task *task_of(struct task *t)
{
	return ((struct mine *)t->own)->task;
}

static void stack_interrupt(struct task *t)
{
	struct mine *mine = t->own;

	if (!parks(t)) {
		sc_task_interrupt(mine->task);
		return;
	}
	pthread_mutex_lock(&mine->wait.lock);
	mine->wait.interrupted = true;
	pthread_cond_signal(&mine->wait.wake);
	pthread_mutex_unlock(&mine->wait.lock);
}

static int stack_pid(struct task *t)
{
	return sc_task_pid(task_of(t));
}

/* Timers run when somebody enters or when we say so: a thread with nothing else to do
 * looks after them while it waits. */
static long park(struct task *t, long ret)
{
	struct own *own = t->world->own;
	struct mine *mine = t->own;
	struct wait *wait = &mine->wait;
	struct sc_parked *call = ret == SC_PARKED ? sc_parked(mine->task, wait) : NULL;
	bool interrupted;

	while (ret == SC_PARKED) {
		pthread_mutex_lock(&wait->lock);
		while (!wait->ready && !wait->interrupted) {
			struct timespec until;

			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_nsec += 1000000;
			until.tv_sec += until.tv_nsec / 1000000000;
			until.tv_nsec %= 1000000000;
			pthread_cond_timedwait(&wait->wake, &wait->lock, &until);
			pthread_mutex_unlock(&wait->lock);
			sc_net_run(own->net);
			pthread_mutex_lock(&wait->lock);
		}
		interrupted = wait->interrupted;
		wait->ready = wait->interrupted = false;
		pthread_mutex_unlock(&wait->lock);
		ret = interrupted ? sc_cancel(call) : sc_resume(call);
	}
	return ret;
}

static long over(struct task *t, long ret)
{
	ret = park(t, ret);
	t->sig = came;
	return ret;
}

static long stack_call(struct task *t, int nr, const uint64_t words[6])
{
	came = 0;
	if (nr < 1 || nr > 20 || t->world->word == 4) {
		uint64_t *args = arena_get(t, 6 * 8);

		for (unsigned i = 0; i < 6; i++)
			put_word(t->world, args, i, words[i]);
		return over(t, sc_socketcall(task_of(t), nr, ptr(args)));
	}
	return over(t, sc_call(task_of(t), nr, words));
}

static void stack_exec(struct task *t)
{
	sc_task_exec(task_of(t));
}

static ssize_t stack_read(struct task *t, int fd, void *buf, size_t len)
{
	came = 0;
	return over(t, sc_read(task_of(t), fd, buf, len));
}

static ssize_t stack_readv(struct task *t, int fd, const struct iovec *iov, int n)
{
	came = 0;
	return over(t, sc_readv(task_of(t), fd, iov, n));
}

static ssize_t stack_write(struct task *t, int fd, const void *buf, size_t len)
{
	came = 0;
	return over(t, sc_write(task_of(t), fd, buf, len));
}

static ssize_t stack_writev(struct task *t, int fd, const struct iovec *iov, int n)
{
	came = 0;
	return over(t, sc_writev(task_of(t), fd, iov, n));
}

static int stack_close_fd(struct task *t, int fd)
{
	return sc_close(task_of(t), fd);
}

static int stack_dup(struct task *t, int fd)
{
	return sc_dup(task_of(t), fd);
}

static int stack_dup2(struct task *t, int fd, int to)
{
	return sc_dup2(task_of(t), fd, to);
}

static int stack_dup3(struct task *t, int fd, int to, int flags)
{
	return sc_dup3(task_of(t), fd, to, flags);
}

static int stack_fcntl(struct task *t, int fd, int cmd, long arg)
{
	return sc_fcntl(task_of(t), fd, cmd, arg);
}

static int stack_ioctl(struct task *t, int fd, unsigned long request, void *arg)
{
	return sc_ioctl(task_of(t), fd, request, arg);
}

static int stack_poll(struct task *t, struct pollfd *fds, unsigned n, int timeout_ms)
{
	came = 0;
	return (int)over(t, sc_poll(task_of(t), fds, n, timeout_ms));
}

static int stack_epoll_create1(struct task *t, int flags)
{
	return sc_epoll_create1(task_of(t), flags);
}

static int stack_epoll_ctl(struct task *t, int ep, int op, int fd, struct epoll_event *event)
{
	return sc_epoll_ctl(task_of(t), ep, op, fd, event);
}

static int stack_epoll_wait(struct task *t, int ep, struct epoll_event *events, int max, int timeout_ms)
{
	came = 0;
	return (int)over(t, sc_epoll_wait(task_of(t), ep, events, max, timeout_ms));
}

#define FUNCTIONS                                                                             \
	.open = stack_open, .close = stack_close, .host = stack_host, .cable = stack_cable,   \
	.begin = stack_begin, .end = stack_end, .interrupt = stack_interrupt,                 \
	.pid = stack_pid, .call = stack_call, .exec = stack_exec, .read = stack_read,         \
	.readv = stack_readv, .write = stack_write, .writev = stack_writev,                   \
	.close_fd = stack_close_fd, .dup = stack_dup, .dup2 = stack_dup2, .dup3 = stack_dup3, \
	.fcntl = stack_fcntl, .ioctl = stack_ioctl, .poll = stack_poll,                       \
	.epoll_create1 = stack_epoll_create1, .epoll_ctl = stack_epoll_ctl,                   \
	.epoll_wait = stack_epoll_wait

#if __SIZEOF_LONG__ == 8
static const struct system stack64 = { .name = "stack", .label = "stack64", .word = 8, FUNCTIONS };
#endif
static const struct system stack32 = { .name = "stack", .label = "stack32", .word = 4, FUNCTIONS };
/* In this machine's own layout. */
static const struct system parking = {
	.name = "stack", .label = sizeof(long) == 8 ? "park64" : "park32", .word = sizeof(long),
	.trusts = true, FUNCTIONS,
};

const struct system *const systems[] = {
	&system_host,
#if __SIZEOF_LONG__ == 8
	&stack64,
#endif
	&stack32, &parking, NULL,
};
