/* main.c - evade NAME: one attack; evade list. */
#include "evade.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct attack *const all[] = {
	entry_attacks, dest_attacks, path_attacks, race_attacks, supervisor_attacks,
};

const char *env_str(const char *name)
{
	const char *s = getenv(name);

	if (!s) {
		printf("broken: %s is not set\n", name);
		exit(BROKEN);
	}
	return s;
}

int env_int(const char *name)
{
	return atoi(env_str(name));
}

static enum outcome say(const char *word, enum outcome o, const char *fmt, va_list ap)
{
	printf("%s: ", word);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	return o;
}

#define SAYS(name, word, o)                           \
	enum outcome name(const char *fmt, ...)       \
	{                                             \
		va_list ap;                           \
		va_start(ap, fmt);                    \
		enum outcome r = say(word, o, fmt, ap); \
		va_end(ap);                           \
		return r;                             \
	}
SAYS(through, "through", THROUGH)
SAYS(skip, "skip", SKIP)
SAYS(broken, "broken", BROKEN)

enum outcome closed(int err)
{
	const char *name = strerrorname_np(err);

	printf("closed: %s\n", name ? name : "?");
	fflush(stdout);
	return CLOSED;
}

enum outcome judge(long ret)
{
	return ret >= 0 ? through("%ld", ret) : closed(errno);
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* --- calls --- */

#ifdef __x86_64__
static const int direct[21] = {
	[1] = SYS_socket, [2] = SYS_bind, [3] = SYS_connect, [8] = SYS_socketpair, [11] = SYS_sendto,
	[14] = SYS_setsockopt, [16] = SYS_sendmsg, [20] = SYS_sendmmsg,
};
#else
static const int direct[21] = {
	[1] = 359, [2] = 361, [3] = 362, [8] = 360, [11] = 369, [14] = 366, [16] = 370, [20] = 345,
};
#endif

long k_call(int nr, long a, long b, long c, long d, long e, long f)
{
#ifndef __x86_64__
	static int by_number = -1;

	if (by_number < 0) {
		const char *entry = getenv("EVADE_ENTRY");

		by_number = entry && !strcmp(entry, "socketcall");
	}
	if (by_number) {
		unsigned long block[6] = {a, b, c, d, e, f};

		return syscall(SYS_socketcall, nr, block);
	}
#endif
	return syscall(direct[nr], a, b, c, d, e, f);
}

int k_socket(int family, int type, int protocol)
{
	return k_call(1, family, type, protocol, 0, 0, 0);
}

int k_connect(int fd, const void *addr, socklen_t len)
{
	return k_call(3, fd, (long)addr, len, 0, 0, 0);
}

int k_bind(int fd, const void *addr, socklen_t len)
{
	return k_call(2, fd, (long)addr, len, 0, 0, 0);
}

ssize_t k_sendto(int fd, const void *buf, size_t n, int flags, const void *addr, socklen_t len)
{
	return k_call(11, fd, (long)buf, n, flags, (long)addr, len);
}

ssize_t k_sendmsg(int fd, const struct msghdr *m, int flags)
{
	return k_call(16, fd, (long)m, flags, 0, 0, 0);
}

int k_sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
	return k_call(20, fd, (long)m, n, flags, 0, 0);
}

int k_setsockopt(int fd, int level, int name, const void *val, socklen_t len)
{
	return k_call(14, fd, level, name, (long)val, len, 0);
}

long int80(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
	   unsigned long e)
{
	long ret;

#ifdef __x86_64__
	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	ret = (int)ret;
#else
	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
#endif
	return ret;
}

void *low_memory(size_t size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;

#ifdef __x86_64__
	flags |= MAP_32BIT;
#endif
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (p == MAP_FAILED) {
		broken("mmap");
		exit(BROKEN);
	}
	return p;
}

enum outcome in_child(enum outcome (*fn)(void))
{
	int status;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		enum outcome o = fn();

		fflush(stdout);
		_exit(o);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return broken("the child died: status %x", status);
	return WEXITSTATUS(status);
}

enum outcome reached(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char answer = 0;

	if (poll(&p, 1, 1000) != 1)
		return closed(ETIMEDOUT);
	if (read(fd, &answer, 1) != 1)
		return closed(errno);
	return answer == 'D' ? through("the target answered")
			     : broken("the target answered '%c'", answer);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return BROKEN;
	if (!strcmp(argv[1], "target"))
		return target_main(argv + 2);
	if (!strcmp(argv[1], "same"))
		return same_main(argv[2]);
	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
		for (const struct attack *a = all[k]; a->name; a++) {
			if (!strcmp(argv[1], "list"))
				puts(a->name);
			else if (!strcmp(argv[1], a->name))
				return a->fn();
		}
	return strcmp(argv[1], "list") ? broken("no attack '%s'", argv[1]) : 0;
}
