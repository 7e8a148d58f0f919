/*
 * sleep.c - threads that block in a network, and who keeps the time meanwhile.
 *
 * Timers have no thread of their own: of the threads that sleep the first one in the
 * list wakes for the next timer. If it leaves, the next one looks at the time.
 */
#include <errno.h>
#include <time.h>

#include "net.h"

int sleeper_init(struct sleeper *s)
{
	pthread_condattr_t attr;
	int err = pthread_condattr_init(&attr);

	if (!err) {
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		err = pthread_cond_init(&s->cond, &attr);
		pthread_condattr_destroy(&attr);
	}
	return err ? -ENOMEM : 0;
}

void sleeper_end(struct sleeper *s)
{
	pthread_cond_destroy(&s->cond);
}

void sleeper_wake(struct sleeper *s)
{
	pthread_cond_signal(&s->cond);
}

void sleepers_timer_changed(struct net *n)
{
	if (!LIST_EMPTY(&n->sleepers))
		sleeper_wake(LIST_FIRST(&n->sleepers));
}

static void pass_time(struct net *n)
{
	const int64_t next = net_next(n);

	net_advance(n, next > n->virtual_ns ? next - n->virtual_ns : 0);
}

void net_sleep(struct net *n, struct sleeper *s)
{
	const int64_t next = net_next(n);
	struct timespec until;

	if (n->virtual_auto && next != TIME_NEVER) {
		pass_time(n);
		return;
	}
	LIST_INSERT_HEAD(&n->sleepers, s, entry);
	if (next == TIME_NEVER || n->virtual_time || n->clock) {
		/* Whoever owns the clock says when time has passed: net_run(). */
		pthread_cond_wait(&s->cond, &n->lock);
	} else {
		until = (struct timespec){next / NSEC_PER_SEC, next % NSEC_PER_SEC};
		pthread_cond_timedwait(&s->cond, &n->lock, &until);
	}
	LIST_REMOVE(s, entry);
	sleepers_timer_changed(n);
	net_run(n);
}
