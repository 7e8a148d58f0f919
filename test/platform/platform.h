/*
 * platform.h - what the programs in this directory share.
 *
 * Each program proves one thing that socketcall assumes of the kernel, prints
 * what it proved and exits 0; 1 if the kernel does otherwise, 77 if this place
 * cannot show it. They use nothing of src/, so that a failure here points at
 * the kernel and one elsewhere at us.
 *
 * The caught program ("caller") is a child that shares our descriptor table
 * (CLONE_FILES), so that the listener it makes is ours too at once.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum { SKIP = 77 };

/* The call that the filters here hand to the supervisor. Nothing else in these
 * programs makes it, and it takes any arguments. */
#define CAUGHT __NR_getpeername

/* Memory that a caller and its supervisor share, whatever the clone flags. */
struct shared {
	volatile int listener; /* descriptor number, -1 before */
	volatile int handled;  /* how often the caller's handler ran */
	volatile int stage;
	volatile long ret[8];
};

static struct shared *shared __attribute__((unused));

__attribute__((format(printf, 1, 2), unused)) static void proved(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("proved: ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	va_end(ap);
}

#define must(cond)                                                                       \
	do {                                                                             \
		if (!(cond)) {                                                           \
			int err_ = errno;                                                \
			printf("NOT SO: %s:%d: %s (errno %d, %s)\n", __FILE__, __LINE__, \
			       #cond, err_, strerror(err_));                             \
			exit(1);                                                         \
		}                                                                        \
	} while (0)

__attribute__((format(printf, 1, 2), unused)) static void skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("skipped: ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	exit(SKIP);
}

__attribute__((unused)) static void sleep_ms(int ms)
{
	poll(NULL, 0, ms);
}

__attribute__((unused)) static void shared_init(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED);
	shared->listener = -1;
}

/* Filters out CAUGHT. Returns the listener or -errno. */
__attribute__((unused)) static int listen_caught(unsigned long flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CAUGHT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, &prog);
	return fd < 0 ? -errno : fd;
}

/* A child that filters itself and then runs body(); its exit status is body's. */
__attribute__((unused)) static pid_t caller_start(unsigned long flags, int (*body)(void))
{
	pid_t pid;

	shared->listener = -1;
	shared->handled = 0;
	shared->stage = 0;
	fflush(stdout);
	pid = syscall(__NR_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	must(pid >= 0);
	if (!pid) {
		int fd;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fd = listen_caught(flags);
		shared->listener = fd < 0 ? fd - 1 : fd; /* never -1 */
		if (fd < 0)
			_exit(SKIP);
		_exit(body());
	}
	while (shared->listener == -1)
		sleep_ms(1);
	if (shared->listener < 0) {
		waitpid(pid, NULL, 0);
		skip("seccomp listener: %s", strerror(-(shared->listener + 1)));
	}
	return pid;
}

__attribute__((unused)) static int caller_wait(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Next notification, or 0 after a second without one. */
__attribute__((unused)) static uint64_t notif_recv(int listener, struct seccomp_notif *n)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};
	struct seccomp_notif local;

	if (!n)
		n = &local;
	memset(n, 0, sizeof(*n));
	if (poll(&p, 1, 1000) != 1 || !(p.revents & POLLIN))
		return 0;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, n))
		return 0;
	return n->id;
}

/* 0 or -errno. err is negative or 0. */
__attribute__((unused)) static int notif_send(int listener, uint64_t id, int64_t val, int err)
{
	struct seccomp_notif_resp r = {.id = id, .val = val, .error = err};

	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r) ? -errno : 0;
}

__attribute__((unused)) static bool notif_valid(int listener, uint64_t id)
{
	return !ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id);
}

/* The caught call, without libc: result or -errno, -512 and the like as they come.
 * Arguments are registers only, so the same value comes back each time. */
__attribute__((unused)) static long caught_call(long a, long b, long c)
{
	long ret;
#ifdef __x86_64__
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"((long)CAUGHT), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
#else
	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"((long)CAUGHT), "b"(a), "c"(b), "d"(c)
			 : "memory");
#endif
	return ret;
}

#endif
