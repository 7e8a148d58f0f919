/*
 * hostile.c - calls with the worst arguments: every pointer, length and number from
 * a pool of bad ones, while another thread takes memory away and closes descriptors.
 * After that the supervisor must still be there, refuse what is denied and serve what
 * is allowed. What each bad call must answer is for test/vectors.
 */
#include "evade.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, FDS = 24 };

static char *pages; /* of eight pages some are there, some are not */
static int fds[FDS];

static unsigned long pick(const unsigned long *from, size_t n)
{
	return from[random() % n];
}

static unsigned long pointer(void)
{
	static const unsigned long nowhere[] = {
		0, 1, 8, ~0ul, ~0ul - 7, 0xfffff000ul, ~0ul << 12, ~0ul >> 1,
		(unsigned long)0x7fffffffffff, (unsigned long)(UINT64_C(1) << 47),
	};

	if (random() % 5 == 0)
		return pick(nowhere, sizeof(nowhere) / sizeof(nowhere[0]));
	/* At the start, in the middle, at the last bytes of a page. */
	unsigned long at = random() % 3 == 0 ? random() % PAGE : random() % 2 ? 0 : PAGE - random() % 64;
	return (unsigned long)pages + random() % 8 * PAGE + at;
}

static unsigned long number(void)
{
	static const unsigned long odd[] = {
		0, 1, 2, 3, 4, 8, 12, 16, 28, 56, 108, 110, 127, 128, 129, 1024, 1025, 4096, 65536,
		0x7fffffff, 0x80000000, 0xffffffff, ~0ul, 1ul << 20, (unsigned long)1 << 31,
	};

	return random() % 4 ? pick(odd, sizeof(odd) / sizeof(odd[0])) : (unsigned long)random() % 256;
}

static unsigned long word(void)
{
	switch (random() % 4) {
	case 0: return number();
	case 1: return fds[random() % FDS];
	default: return pointer();
	}
}

/* Writes where our pages may not be. */
static void put(unsigned long at, const void *what, size_t n)
{
	struct iovec from = {(void *)what, n}, to = {pages + at, n};

	process_vm_writev(getpid(), &from, 1, &to, 1, 0);
}

/* Structures that are nearly right get further than noise. */
static void fill(void)
{
	const struct sockaddr_in in = {.sin_family = AF_INET};
	const struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/../x"};
	const struct cmsghdr h = {.cmsg_len = number(), .cmsg_level = SOL_SOCKET,
				  .cmsg_type = random() % 5};
	uint32_t block[6];

	for (int i = 0; i < 60; i++) {
		unsigned long w = random() % 3 ? word()
					       : (unsigned long)pages + random() % 8 * PAGE;

		put(PAGE * (random() % 4) * 2 + random() % 500 * 8, &w, sizeof(w));
	}
	put(0, &in, sizeof(in));
	put(2 * PAGE, &un, sizeof(un));
	put(4 * PAGE, &h, sizeof(h));
	for (int i = 0; i < 6; i++)
		block[i] = word();
	block[0] = fds[random() % FDS];
	put(6 * PAGE, block, sizeof(block));
}

static void *taker(void *arg)
{
	unsigned seed = getpid();

	for (;;) {
		char *page = pages + rand_r(&seed) % 8 * PAGE;
		static const int protections[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE};

		if (rand_r(&seed) % 4 == 0)
			madvise(page, PAGE, MADV_DONTNEED);
		else
			mprotect(page, PAGE, protections[rand_r(&seed) % 3]);
		usleep(50);
		mprotect(page, PAGE, PROT_READ | PROT_WRITE);
		dup2(fds[rand_r(&seed) % FDS], fds[rand_r(&seed) % FDS]);
	}
	return arg;
}

static void one_call(void)
{
	int nr = random() % 22;

	if (random() % 2) {
		/* By number, from either kind of code. */
		int80(102, nr, random() % 3 ? (unsigned long)pages + 6 * PAGE : pointer(), 0, 0, 0);
		return;
	}
#ifdef __x86_64__
	static const int calls[] = {41, 49, 42, 50, 43, 288, 51, 52, 53, 44, 45, 48, 54, 55, 46, 47, 299, 307};
	long sysno = calls[nr % 18];
#else
	static const int calls[] = {359, 361, 362, 363, 364, 367, 368, 360, 369, 371, 373, 366, 365,
				    370, 372, 345, 337, 417};
	long sysno = calls[nr % 18];
#endif
	syscall(sysno, random() % 8 ? (unsigned long)fds[random() % FDS] : word(), word(), word(), word(),
		word(), word());
}

static void on_alarm(int sig)
{
}

static int batch(int seed)
{
	/* Many of the calls wait for ever. */
	const struct sigaction sa = {.sa_handler = on_alarm};
	const struct itimerval often = {{0, 20000}, {0, 20000}};
	pthread_t t;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	srandom(seed);
	pages = low_memory(8 * PAGE);
	for (int i = 0; i < FDS; i += 2) {
		static const int domains[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
		int sv[2] = {-1, -1}, domain = domains[i / 2 % 4];

		if (domain == AF_UNIX)
			socketpair(AF_UNIX, i % 3 ? SOCK_STREAM : SOCK_DGRAM, 0, sv);
		else
			sv[0] = socket(domain, i % 3 ? SOCK_STREAM | SOCK_NONBLOCK : SOCK_DGRAM, 0);
		fds[i] = sv[0];
		fds[i + 1] = sv[1];
	}
	fds[5] = open("/dev/null", O_RDWR);
	fds[7] = open("/", O_PATH);
	pthread_create(&t, NULL, taker, NULL);
	for (int i = 0; i < 400; i++) {
		fill();
		one_call();
	}
	return 0;
}

enum outcome hostile_arguments(void)
{
	double end = now() + 3 * env_int("EVADE_SECONDS");
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	unsigned batches = 0, whole = 0;
	int status;

	fflush(stdout);
	for (; now() < end; batches += 4) {
		for (int i = 0; i < 4; i++)
			if (fork() == 0)
				_exit(batch(batches + i));
		while (wait(&status) > 0)
			whole += status == 0;
	}
	a.sin_port = htons(env_int("EVADE_ALLOWED"));
	if (k_connect(k_socket(AF_INET, SOCK_STREAM, 0), &a, sizeof(a)) < 0)
		return broken("what is allowed fails after %u batches: errno %d", batches, errno);
	a.sin_port = htons(env_int("EVADE_DENIED"));
	if (k_connect(k_socket(AF_INET, SOCK_STREAM, 0), &a, sizeof(a)) == 0)
		return through("after %u batches", batches);
	printf("(%u batches, %u to their end) ", batches, whole);
	return closed(errno);
}
