/*
 * help: other processes and signals for a vector.
 *
 * Everything is in the vector's process group, which main kills at the end.
 */
#include "vectors.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "run.h"

volatile int *flag;

long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void nap(int ms)
{
	long end = now_ms() + ms, left;

	while ((left = end - now_ms()) > 0)
		poll(NULL, 0, left);
}

void flag_wait(int ms)
{
	long end = now_ms() + ms;

	while (!*flag && now_ms() < end)
		nap(5);
}

pid_t helper(void (*fn)(long arg), long arg)
{
	pid_t pid = fork();

	must_be(pid >= 0, "fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fn(arg);
	_exit(0);
}

static void on_signal(int sig)
{
	if (getpid() != run->vector_pid)
		return;
	if (sig == SIGPIPE)
		run->pipes++;
	else
		run->signals++;
}

void count_signal(int sig, bool restart)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = restart ? SA_RESTART : 0};

	sigaction(sig, &sa, NULL);
}

int signals_seen(void)
{
	return run->signals;
}

void pester(int sig, int n, void (*then)(long arg), long arg)
{
	pid_t target = getpid(), pid = fork();

	must_be(pid >= 0, "fork");
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	nap(80);
	for (int i = 0; !n || i < n; i++) {
		kill(target, sig);
		nap(40);
	}
	if (then)
		then(arg);
	_exit(0);
}
