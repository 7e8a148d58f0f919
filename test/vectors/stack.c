/*
 * stack: the entries into our own sockets, and the space of descriptors.
 *
 * They bear the names of the entries that they are compared with: "x86-64" takes
 * words in the layout of x86-64, "int80" is socketcall with a block in the layout of
 * i386, "int80-direct" words in that layout. Memory goes through process_vm_readv(2) and
 * process_vm_writev(2) of ourselves, which find bad addresses.
 */
#include "vectors.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "run.h"
#include "stack.h"

static const int nargs[CALL_LAST + 1] = {
#define CALL(nr, name, nargs) [nr] = nargs,
#include "../../src/call/call.def"
#undef CALL
};

static struct sc_net *net;
static struct sc_host *host;
static struct space first;
static __thread struct space *mine;

struct space *space(void)
{
	return mine ? mine : &first;
}

void space_use(struct space *s)
{
	mine = s;
}

struct sc_host *stack_host(void)
{
	return host;
}

void skip(const char *why)
{
	run->text[0] = 0;
	out("SKIPPED: %s", why);
	_exit(0);
}

/* --- descriptors --- */

enum { READY = OURS, STANDS_FOR_SOCKET, PAIR_END, MASTERS };

/* Number fd of the kernel's table has a file: one that stands for it, in the task's. */
static void adopt(struct space *s, int fd)
{
	struct epoll_event ready = {.events = EPOLLIN};
	int master = fcntl(fd, F_DUPFD_CLOEXEC, MASTERS), set;

	if (fd >= NUMBERS)
		return;
	must_be(master >= 0, "master");
	ready.data.u64 = master;
	set = sc_epoll_create1(s->task, 0);
	must_be(set >= 0 && !sc_epoll_ctl(s->task, set, EPOLL_CTL_ADD, READY, &ready), "adopt");
	if (set != fd) {
		must_be(sc_dup2(s->task, set, fd) == fd, "adopt");
		sc_close(s->task, set);
	}
	s->kind[fd] = fcntl(fd, F_GETFL) & O_PATH ? HOST_PATH : HOST;
}

/* Number fd of the task's table has a file that the kernel's does not know of. */
static void found(struct space *s, int fd)
{
	struct epoll_event ready;
	bool cloexec = sc_fcntl(s->task, fd, F_GETFD, 0) & FD_CLOEXEC;
	bool is_host = sc_epoll_wait(s->task, fd, &ready, 1, 0) == 1;
	int from = is_host ? (int)ready.data.u64 : STANDS_FOR_SOCKET;

	must_be(dup3(from, fd, cloexec ? O_CLOEXEC : 0) == fd, "placeholder");
	s->kind[fd] = is_host ? HOST : SOCKET;
}

/* After a call that may have made descriptors. */
static void look(struct space *s)
{
	pthread_mutex_lock(&s->lock);
	for (int fd = 0; fd < NUMBERS; fd++)
		if (s->kind[fd] == FREE && sc_fcntl(s->task, fd, F_GETFD, 0) >= 0)
			found(s, fd);
	pthread_mutex_unlock(&s->lock);
}

static enum kind kind(int fd)
{
	return fd < 0 || fd >= NUMBERS ? FREE : space()->kind[fd];
}

static int result(long r)
{
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}

/* A descriptor that the kernel has just made. */
static int made(int fd)
{
	if (fd >= 0) {
		pthread_mutex_lock(&space()->lock);
		adopt(space(), fd);
		pthread_mutex_unlock(&space()->lock);
	}
	return fd;
}

int stack_open(const char *path, int flags, int mode);
int stack_open(const char *path, int flags, int mode)
{
	return made(open(path, flags, mode));
}

int stack_close(int fd);
int stack_close(int fd)
{
	struct space *s = space();
	long r = 0;

	pthread_mutex_lock(&s->lock);
	if (kind(fd) != FREE) {
		r = sc_close(s->task, fd);
		s->kind[fd] = FREE;
		close(fd);
	} else {
		r = -EBADF;
	}
	pthread_mutex_unlock(&s->lock);
	return result(r);
}

int stack_dup(int fd);
int stack_dup(int fd)
{
	long r;

	if (kind(fd) != SOCKET)
		return made(dup(fd));
	r = sc_dup(space()->task, fd);
	look(space());
	return result(r);
}

int stack_dup2(int fd, int to);
int stack_dup2(int fd, int to)
{
	long r;

	if (kind(fd) == FREE || to < 0 || to >= NUMBERS || fd == to)
		return dup2(fd, to);
	if (kind(fd) != SOCKET)
		return made(dup2(fd, to));
	r = sc_dup2(space()->task, fd, to);
	if (r >= 0)
		space()->kind[to] = FREE;
	look(space());
	return result(r);
}

int stack_fcntl(int fd, int cmd, long arg);
int stack_fcntl(int fd, int cmd, long arg)
{
	bool dups = cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC;
	long r;

	if (kind(fd) != SOCKET) {
		r = fcntl(fd, cmd, arg);
		return dups ? made(r) : r;
	}
	r = sc_fcntl(space()->task, fd, cmd, arg);
	if (dups)
		look(space());
	return result(r);
}

static void stand_aside(int fd, int at)
{
	must_be(sc_dup2(first.task, fd, at) == at && !sc_close(first.task, fd), "ready member");
}

static void descriptors_begin(void)
{
	struct rlimit limit;
	int sv[2];

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < 2 * OURS) {
		limit.rlim_cur = 2 * OURS;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	must_be(!sc_socketpair(first.task, AF_UNIX, SOCK_STREAM, 0, sv), "ready member");
	stand_aside(sv[0], READY);
	stand_aside(sv[1], PAIR_END);
	must_be(sc_write(first.task, PAIR_END, "", 1) == 1, "ready member");
	must_be(!socketpair(AF_UNIX, SOCK_STREAM, 0, sv), "placeholder");
	must_be(dup2(sv[0], STANDS_FOR_SOCKET) == STANDS_FOR_SOCKET, "placeholder");
	close(sv[0]);
	close(sv[1]);
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			adopt(&first, fd);
}

struct space *space_fork(void)
{
	struct space *from = space(), *s = calloc(1, sizeof(*s));

	must_be(s, "memory");
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_lock(&from->lock);
	memcpy(s->kind, from->kind, sizeof(s->kind));
	s->task = sc_task_fork(from->task, false);
	pthread_mutex_unlock(&from->lock);
	must_be(s->task, "sc_task_fork");
	s->pid = sc_task_pid(s->task);
	return s;
}

/* --- memory --- */

static ssize_t memory_read(void *ctx, uint64_t address, void *buf, size_t size)
{
	struct iovec to = {buf, size}, from = {(void *)(uintptr_t)address, size};
	ssize_t n = process_vm_readv(gettid(), &to, 1, &from, 1, 0);

	return n < 0 ? -EFAULT : n;
}

static ssize_t memory_write(void *ctx, uint64_t address, const void *buf, size_t size)
{
	struct iovec from = {(void *)buf, size}, to = {(void *)(uintptr_t)address, size};
	ssize_t n = process_vm_writev(gettid(), &from, 1, &to, 1, 0);

	return n < 0 ? -EFAULT : n;
}

/* --- calls --- */

static void from_network(void *ctx, int sig)
{
	deliver(sig);
}

void entry_begin(void)
{
	struct sc_task_config config = {
		.size = sizeof(config), .uid = geteuid(), .gid = getegid(), .pid = getpid(),
		.unprivileged = geteuid() != 0, .signal = from_network,
		.abi = entry->word == 8 ? SC_ABI_X86_64 : SC_ABI_I386,
		.memory = {memory_read, memory_write, NULL},
	};

	net = sc_net_new(NULL);
	host = net ? sc_host_new(net, "vectors") : NULL;
	first.pid = getpid();
	first.thread = pthread_self();
	pthread_mutex_init(&first.lock, NULL);
	first.task = host ? sc_task_new(host, &config) : NULL;
	must_be(first.task, "network");
	descriptors_begin();
}

static bool makes(enum call_nr nr)
{
	return nr == CALL_socket || nr == CALL_socketpair || nr == CALL_accept ||
	       nr == CALL_accept4 || nr == CALL_recvmsg || nr == CALL_recvmmsg;
}

static bool sends(enum call_nr nr)
{
	return nr == CALL_send || nr == CALL_sendto || nr == CALL_sendmsg || nr == CALL_sendmmsg ||
	       nr == CALL_connect;
}

/* What has to be done after each. */
static long finish(long r, enum call_nr nr)
{
	struct space *s = space();

	if (s->killed)
		helper_exit();
	if (makes(nr))
		look(s);
	return r;
}

static void begin(void)
{
	if (space()->killed)
		helper_exit();
}

/* A first argument that no descriptor of the task stands for. */
static long checked(enum call_nr nr, long fd)
{
	return nr != CALL_socket && nr != CALL_socketpair && kind(fd) == HOST_PATH ? -1 : fd;
}

static long stack_words(enum call_nr nr, const long a[6])
{
	uint64_t words[6];
	long r;

	for (int i = 0; i < 6; i++)
		words[i] = entry->word == 8 ? (uint64_t)a[i] : (uint32_t)a[i];
	begin();
	words[0] = checked(nr, words[0]);
	do
		r = finish(sc_call(space()->task, nr, words), nr);
	while (r == -EINTR && restarts(a[0], sends(nr)));
	return r;
}

static long stack_block(enum call_nr nr, const long a[6])
{
	uint32_t *block = mem(nargs[nr] * 4);
	long r;

	begin();
	for (int i = 0; i < nargs[nr]; i++)
		block[i] = i ? a[i] : checked(nr, a[i]);
	do
		r = finish(sc_socketcall(space()->task, nr, (uint32_t)(uintptr_t)block), nr);
	while (r == -EINTR && restarts(a[0], sends(nr)));
	return r;
}

/* Bare system calls: socketcall(2). */
static long stack_sys(long nr, const long a[6])
{
	if (nr != 102)
		skip("a system call beside the twenty");
	return finish(sc_socketcall(space()->task, a[0], (uint32_t)a[1]), a[0]);
}

const struct entry entries[] = {
	{"x86-64", 8, false, stack_words, stack_sys},
	{"int80", 4, true, stack_block, stack_sys},
	{"int80-direct", 4, false, stack_words, stack_sys},
	{0},
};
