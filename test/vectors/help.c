/*
 * help: time and signals for a vector.
 */
#include "vectors.h"

#include <poll.h>
#include <signal.h>
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
