/*
 * stack_help: helpers, signals and the calls beside the twenty, for vectors on sockets
 * of our own (stack.h).
 *
 * The vectors are compiled with these names in place of libc's (meson.build). A signal
 * for the vector runs its handler in the thread that sends it, then interrupts the
 * calls of the vector's task: no more than an embedder can do.
 */
#include "vectors.h"

#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "run.h"
#include "stack.h"

static long result(long r)
{
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}

static bool ours(int fd)
{
	return fd >= 0 && fd < NUMBERS && space()->kind[fd] == SOCKET;
}

/* --- helpers --- */

enum { HELPERS = 64 };

static struct helper {
	struct space *space;
	void (*fn)(long arg);
	long arg;
	sem_t unshared;
	volatile bool ended;
	bool joined;
} helpers[HELPERS];

static int helper_count;

int stack_kill(pid_t pid, int sig);

void helper_exit(void)
{
	for (int i = 0; i < helper_count; i++)
		if (helpers[i].space == space())
			helpers[i].ended = true;
	stack_kill(getpid(), SIGCHLD);
	sc_task_free(space()->task);
	pthread_exit(NULL);
}

static void *run_helper(void *arg)
{
	struct helper *h = arg;

	space_use(h->space);
	must_be(!unshare(CLONE_FILES), "unshare");
	sem_post(&h->unshared);
	h->fn(h->arg);
	helper_exit();
}

pid_t helper(void (*fn)(long arg), long arg)
{
	struct helper *h = &helpers[helper_count++];

	must_be(helper_count <= HELPERS, "helpers");
	h->space = space_fork();
	h->space->helper = true;
	h->fn = fn;
	h->arg = arg;
	sem_init(&h->unshared, 0, 0);
	must_be(!pthread_create(&h->space->thread, NULL, run_helper, h), "pthread_create");
	sem_wait(&h->unshared);
	return h->space->pid;
}

static struct helper *helper_of(pid_t pid)
{
	for (int i = 0; i < helper_count; i++)
		if (!helpers[i].joined &&
		    (helpers[i].space->pid == pid || (pid == -1 && helpers[i].ended)))
			return &helpers[i];
	return NULL;
}

pid_t stack_waitpid(pid_t pid, int *status, int options);
pid_t stack_waitpid(pid_t pid, int *status, int options)
{
	struct helper *h = helper_of(pid);

	if (!h && pid == -1)
		return 0;
	must_be(h, "a helper");
	pthread_join(h->space->thread, NULL);
	h->joined = true;
	if (status)
		*status = 0;
	return h->space->pid;
}

void stack_exit(int status);
void stack_exit(int status)
{
	if (space()->helper)
		helper_exit();
	_exit(status);
}

pid_t stack_getpid(void);
pid_t stack_getpid(void)
{
	return space()->helper ? space()->pid : getpid();
}

/* --- signals --- */

static struct space *vector;
static sigset_t blocked;
static volatile bool restart;

/* Has this process left it to the kernel, which throws it away? */
static bool is_ignored(int sig)
{
	struct sigaction sa;

	sigaction(sig, NULL, &sa);
	return sa.sa_handler == SIG_IGN ||
	       (sa.sa_handler == SIG_DFL && (sig == SIGCHLD || sig == SIGURG));
}

void deliver(int sig)
{
	struct sigaction sa;

	if (is_ignored(sig))
		return;
	sigaction(sig, NULL, &sa);
	if (sa.sa_handler == SIG_DFL)
		kill(getpid(), sig);
	else
		sa.sa_handler(sig);
}

int stack_kill(pid_t pid, int sig)
{
	struct helper *h = helper_of(pid);
	struct space *me = space();
	struct sigaction sa;

	if (sig == SIGSTOP || sig == SIGCONT)
		skip("a task cannot be stopped alone");
	if (h) {
		h->space->killed = true;
		sc_task_interrupt(h->space->task);
		return 0;
	}
	if (pid != getpid())
		return kill(pid, sig);
	if (sigismember(&blocked, sig))
		return 0;
	sigaction(sig, NULL, &sa);
	space_use(NULL);
	deliver(sig);
	vector = space();
	space_use(me);
	if (!is_ignored(sig)) {
		restart = sa.sa_flags & SA_RESTART;
		sc_task_interrupt(vector->task);
	}
	return 0;
}

int stack_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int stack_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	must_be(how == SIG_BLOCK && !old, "sigprocmask");
	blocked = *set;
	return 0;
}

/* As the kernel: not with a time limit. */
bool restarts(int fd, bool sends)
{
	struct timeval limit = {0};
	socklen_t len = sizeof(limit);

	sc_getsockopt(space()->task, fd, SOL_SOCKET, sends ? SO_SNDTIMEO : SO_RCVTIMEO, &limit, &len);
	return restart && !limit.tv_sec && !limit.tv_usec;
}

static struct {
	int sig, n;
	void (*then)(long arg);
} plan;

static void send_signals(long arg)
{
	nap(80);
	for (int i = 0; !plan.n || i < plan.n; i++) {
		stack_kill(getpid(), plan.sig);
		nap(40);
	}
	if (plan.then)
		plan.then(arg);
}

void pester(int sig, int n, void (*then)(long arg), long arg)
{
	plan.sig = sig;
	plan.n = n;
	plan.then = then;
	helper(send_signals, arg);
}

/* --- calls on a descriptor that is a socket of ours; or the kernel's --- */

ssize_t stack_read(int fd, void *buf, size_t len);
ssize_t stack_read(int fd, void *buf, size_t len)
{
	return ours(fd) ? result(sc_read(space()->task, fd, buf, len)) : read(fd, buf, len);
}

ssize_t stack_write(int fd, const void *buf, size_t len);
ssize_t stack_write(int fd, const void *buf, size_t len)
{
	return ours(fd) ? result(sc_write(space()->task, fd, buf, len)) : write(fd, buf, len);
}

ssize_t stack_send(int fd, const void *buf, size_t len, int flags);
ssize_t stack_send(int fd, const void *buf, size_t len, int flags)
{
	return result(sc_send(space()->task, fd, buf, len, flags));
}

ssize_t stack_recv(int fd, void *buf, size_t len, int flags);
ssize_t stack_recv(int fd, void *buf, size_t len, int flags)
{
	return result(sc_recv(space()->task, fd, buf, len, flags));
}

int stack_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int stack_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	for (nfds_t i = 0; i < n; i++)
		if (ours(fds[i].fd))
			return result(sc_poll(space()->task, fds, n, timeout_ms));
	return poll(fds, n, timeout_ms);
}

int stack_ioctl(int fd, unsigned long request, void *arg);
int stack_ioctl(int fd, unsigned long request, void *arg)
{
	return ours(fd) ? result(sc_ioctl(space()->task, fd, request, arg)) : ioctl(fd, request, arg);
}

int stack_unlink(const char *path);
int stack_unlink(const char *path)
{
	return result(sc_unlink(stack_host(), path));
}

/* --- what a task has not --- */

int stack_unshare(int flags);
int stack_unshare(int flags)
{
	struct space *s;

	if (flags != CLONE_FILES)
		skip("namespaces and directories are the kernel's");
	s = space_fork();
	space_use(s);
	return unshare(flags);
}

long stack_syscall(long nr, ...);
long stack_syscall(long nr, ...)
{
	if (nr != SYS_exit)
		skip("the ids of a task are fixed when it begins");
	return syscall(nr, 0);
}

int stack_setresuid(uid_t r, uid_t e, uid_t s);
int stack_setresuid(uid_t r, uid_t e, uid_t s)
{
	skip("the ids of a task are fixed when it begins");
}

int stack_setrlimit(int what, const struct rlimit *limit);
int stack_setrlimit(int what, const struct rlimit *limit)
{
	skip("bounds are the network's, and fixed when it begins");
}

int stack_setitimer(int which, const struct itimerval *new, struct itimerval *old);
int stack_setitimer(int which, const struct itimerval *new, struct itimerval *old)
{
	skip("the kernel's timers send their signals to the process");
}

pid_t stack_fork(void);
pid_t stack_fork(void)
{
	skip("another process");
}

pid_t stack_vfork(void);
pid_t stack_vfork(void)
{
	skip("another process");
}

int stack_clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);
int stack_clone(int (*fn)(void *), void *stack, int flags, void *arg, ...)
{
	skip("another process");
}
