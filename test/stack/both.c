/*
 * both.c - the two systems behind both.h.
 */
#include "both.h"

#include <poll.h>
#include <time.h>

struct sc_net *stack_net;
struct sc_host *stack_host;
struct sc_task *stack_task;
static bool given; /* the network is the test's: stack_begin_with() */

/* -errno for -1. */
#define R(call) ({ __auto_type r_ = (call); r_ < 0 ? -errno : r_; })

#define WRAP(type, name, params, native_args, stack_args) \
	static type native_##name params { return R(name native_args); } \
	static type stack_##name params { return sc_##name stack_args; }

WRAP(int, socket, (int d, int t, int p), (d, t, p), (stack_task, d, t, p))
WRAP(int, socketpair, (int d, int t, int p, int sv[2]), (d, t, p, sv), (stack_task, d, t, p, sv))
WRAP(int, shutdown, (int fd, int how), (fd, how), (stack_task, fd, how))
WRAP(ssize_t, send, (int fd, const void *b, size_t n, int f), (fd, b, n, f | MSG_NOSIGNAL),
     (stack_task, fd, b, n, f))
WRAP(ssize_t, recv, (int fd, void *b, size_t n, int f), (fd, b, n, f), (stack_task, fd, b, n, f))
WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *m, int f), (fd, m, f), (stack_task, fd, m, f))
WRAP(ssize_t, recvmsg, (int fd, struct msghdr *m, int f), (fd, m, f), (stack_task, fd, m, f))
WRAP(ssize_t, read, (int fd, void *b, size_t n), (fd, b, n), (stack_task, fd, b, n))
WRAP(ssize_t, readv, (int fd, const struct iovec *v, int n), (fd, v, n), (stack_task, fd, v, n))
WRAP(ssize_t, write, (int fd, const void *b, size_t n), (fd, b, n), (stack_task, fd, b, n))
WRAP(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n), (stack_task, fd, v, n))
WRAP(int, close, (int fd), (fd), (stack_task, fd))
WRAP(int, dup, (int fd), (fd), (stack_task, fd))
WRAP(int, dup2, (int fd, int to), (fd, to), (stack_task, fd, to))
WRAP(int, dup3, (int fd, int to, int f), (fd, to, f), (stack_task, fd, to, f))
WRAP(int, fcntl, (int fd, int cmd, long arg), (fd, cmd, arg), (stack_task, fd, cmd, arg))
WRAP(int, ioctl, (int fd, unsigned long r, void *arg), (fd, r, arg), (stack_task, fd, r, arg))
WRAP(int, poll, (struct pollfd *p, unsigned n, int ms), (p, n, ms), (stack_task, p, n, ms))
WRAP(int, epoll_create1, (int f), (f), (stack_task, f))
WRAP(int, epoll_ctl, (int e, int op, int fd, struct epoll_event *ev), (e, op, fd, ev),
     (stack_task, e, op, fd, ev))
WRAP(int, epoll_wait, (int e, struct epoll_event *ev, int max, int ms), (e, ev, max, ms),
     (stack_task, e, ev, max, ms))

#define SYSTEM(x) \
	{ .name = #x, .socket = x##_socket, .socketpair = x##_socketpair, .shutdown = x##_shutdown, \
	  .send = x##_send, .recv = x##_recv, .sendmsg = x##_sendmsg, .recvmsg = x##_recvmsg, \
	  .read = x##_read, .readv = x##_readv, .write = x##_write, .writev = x##_writev, \
	  .close = x##_close, .dup = x##_dup, .dup2 = x##_dup2, .dup3 = x##_dup3, \
	  .fcntl = x##_fcntl, .ioctl = x##_ioctl, .poll = x##_poll, \
	  .epoll_create1 = x##_epoll_create1, .epoll_ctl = x##_epoll_ctl, \
	  .epoll_wait = x##_epoll_wait, .is_native = &native == &x }

const struct system native = SYSTEM(native), stack = SYSTEM(stack);

void stack_begin_with(const struct sc_config *net, const struct sc_task_config *task)
{
	if (stack_net)
		sc_net_free(stack_net);
	given = net || task;
	stack_net = sc_net_new(net);
	assert_non_null(stack_net);
	stack_host = sc_host_new(stack_net, "here");
	assert_non_null(stack_host);
	stack_task = sc_task_new(stack_host, task);
	assert_non_null(stack_task);
}

int stack_begin(void **state)
{
	if (*state == &stack)
		stack_begin_with(NULL, NULL);
	return 0;
}

int stack_end(void **state)
{
	struct sc_usage u;
	int left = 0;

	if (*state != &stack)
		return 0;
	for (int fd = 0; fd < 4096; fd++)
		left += sc_fcntl(stack_task, fd, F_GETFD, 0) >= 0;
	sc_task_free(stack_task);
	sc_net_usage(stack_net, &u);
	sc_net_free(stack_net);
	stack_net = NULL;
	if (left || u.files || u.in_flight || u.tasks)
		print_error("left: %d descriptors, %u files, %u in flight, %u tasks\n", left, u.files,
			    u.in_flight, u.tasks);
	return left || u.files || u.in_flight || u.tasks ? -1 : 0;
}

void pair_of(const struct system *s, int type, int sv[2])
{
	assert_int_equal(s->socketpair(AF_UNIX, type, 0, sv), 0);
}

void fill(const struct system *s, int fd)
{
	static const char bytes[4096];

	while (s->send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	while (s->send(fd, bytes, 1, MSG_DONTWAIT) > 0)
		;
}

void drain(const struct system *s, int fd)
{
	static char bytes[65536];

	while (s->recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

/* ---- allocations that fail ---- */

struct failing {
	long until; /* how many succeed */
	bool failed;
};

static void *failing_alloc(void *ctx, void *ptr, size_t size)
{
	struct failing *f = ctx;

	if (!size) {
		free(ptr);
		return NULL;
	}
	if (f->until == 0) {
		f->failed = true;
		return NULL;
	}
	f->until--;
	return realloc(ptr, size);
}

/* With the given number of allocations going well: did one fail? */
static bool fails_after(long n, bool park, int (*run)(struct sc_task *))
{
	struct failing f = {.until = -1};
	struct sc_config config = {
		.size = sizeof(config), .alloc = failing_alloc, .alloc_ctx = &f};
	const struct sc_task_config task_config = {.size = sizeof(task_config), .park = park};
	struct sc_net *net = sc_net_new(&config);
	struct sc_task *task = sc_task_new(sc_host_new(net, "a"), &task_config);
	struct sc_usage u;
	int ret;

	f.until = n;
	ret = run(task);
	if (!f.failed)
		assert_int_equal(ret, 0);
	else if (ret)
		assert_true(ret == -ENOMEM || ret == -ENOBUFS);
	f.until = -1;
	for (int fd = 0; fd < 64; fd++)
		assert_int_equal(sc_fcntl(task, fd, F_GETFD, 0), -EBADF);
	sc_net_usage(net, &u);
	assert_int_equal(u.files, 0);
	sc_task_free(task);
	sc_net_free(net);
	return f.failed;
}

void each_allocation_fails(bool park, int (*run)(struct sc_task *))
{
	for (long n = 0; fails_after(n, park, run); n++)
		assert_true(n < 10000);
}

int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}
