/*
 * stuck.c - stress stuck: programs that wait for ever must not delay another. We
 * measure our own served calls before and while they wait.
 */
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
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

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct latency {
	double median, worst;
};

/* One of our calls every now and then, as a program with something to do. */
static struct latency measure(double duration)
{
	enum { MAX = 20000 };
	static double t[MAX];
	int n = 0, port, fd = listener(1, &port);
	double end = now() + duration;

	while (now() < end && n < MAX) {
		struct sockaddr_in a;
		socklen_t len = sizeof(a);
		double start = now();

		if (getsockname(fd, (struct sockaddr *)&a, &len) < 0)
			fail("getsockname: %s", strerror(errno));
		t[n++] = now() - start;
		usleep(200);
	}
	close(fd);
	qsort(t, n, sizeof(*t), compare);
	return (struct latency){t[n / 2] * 1e6, t[n - 1] * 1e3};
}

static int port, full_port, ls, full;

static void *accept_thread(void *arg)
{
	accept(ls, NULL, NULL);
	return arg;
}

static void many_threads(void)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (int i = 0; i < 200; i++)
		if (pthread_create(&t, &attr, accept_thread, NULL))
			fail("threads");
	pause();
}

static void in_recv(void)
{
	int sv[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0)
		recv(sv[0], &byte, 1, 0);
}

static void in_send(void)
{
	static char buf[65536];
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0)
		for (;;)
			send(sv[0], buf, sizeof(buf), 0);
}

static void in_connect(void)
{
	struct sockaddr_in a = loopback(INADDR_LOOPBACK, full_port);

	for (;;) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		connect(fd, (struct sockaddr *)&a, sizeof(a));
	}
}

static void in_accept(void) { accept(ls, NULL, NULL); }

static void as_another(void)
{
	if (setuid(65534) == 0)
		accept(ls, NULL, NULL);
}

/* Datagrams to a receiver that reads none. */
static void in_sendto(void)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sv) == 0)
		for (;;)
			send(sv[0], "x", 1, 0);
}

/* Its address lies in memory that never comes: we cannot even read it. */
static void in_fault(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register reg = {.range = {(uintptr_t)page, 4096},
				      .mode = UFFDIO_REGISTER_MODE_MISSING};

	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0 && ioctl(fd, UFFDIO_REGISTER, &reg) == 0)
		connect(ls, page, sizeof(struct sockaddr_in));
	pause();
}

int stuck_main(char **argv)
{
	static void (*const ways[])(void) = {
		many_threads, in_recv, in_send, in_connect, in_accept, as_another, in_sendto,
		in_fault, in_fault,
		in_accept, in_recv, /* these two are stopped in mid-call */
	};
	enum { WAYS = sizeof(ways) / sizeof(ways[0]) };
	pid_t pid[WAYS];

	ls = listener(16, &port);
	full = listener(0, &full_port);
	measure(0.2);
	struct latency before = measure(1.5);
	for (int i = 0; i < WAYS; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			ways[i]();
			_exit(0);
		}
	}
	usleep(500000);
	kill(pid[WAYS - 2], SIGSTOP);
	kill(pid[WAYS - 1], SIGSTOP);
	struct latency during = measure(seconds(4));
	for (int i = 0; i < WAYS; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	/* A busy machine is slow on its own: what it showed before counts, too. */
	double allowed = before.worst * 3 > 50 ? before.worst * 3 : 50;
	printf("median %.0f -> %.0f us, worst %.1f -> %.1f ms\n", before.median, during.median,
	       before.worst, during.worst);
	return during.worst > allowed || during.median > before.median * 2 + 20;
}
