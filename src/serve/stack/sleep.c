/*
 * sleep.c - threads that block in a network, and who keeps the time meanwhile.
 *
 * Timers have no thread of their own: of the threads that sleep the first one in the
 * list wakes for the next timer. If it leaves, the next one looks at the time.
 */
#include <errno.h>
#include <time.h>

#include "net.h"

int sleeper_init(struct net *n, struct sleeper *s)
{
	pthread_condattr_t attr;
	int err = pthread_condattr_init(&attr);

	if (!err) {
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		err = pthread_cond_init(&s->cond, &attr);
		pthread_condattr_destroy(&attr);
	}
	if (err)
		return -ENOMEM;
	TAILQ_INSERT_TAIL(&n->sleepers, s, entry);
	return 0;
}

void sleeper_end(struct net *n, struct sleeper *s)
{
	const bool kept_time = s == TAILQ_FIRST(&n->sleepers);

	TAILQ_REMOVE(&n->sleepers, s, entry);
	pthread_cond_destroy(&s->cond);
	if (kept_time)
		sleepers_timer_changed(n);
}

void sleeper_wake(struct sleeper *s)
{
	pthread_cond_signal(&s->cond);
}

void sleepers_timer_changed(struct net *n)
{
	if (!TAILQ_EMPTY(&n->sleepers))
		sleeper_wake(TAILQ_FIRST(&n->sleepers));
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
	if (next == TIME_NEVER || n->virtual_time || n->clock || s != TAILQ_FIRST(&n->sleepers)) {
		/* Whoever owns the clock says when time has passed: net_run(). */
		pthread_cond_wait(&s->cond, &n->lock);
	} else {
		until = (struct timespec){next / NSEC_PER_SEC, next % NSEC_PER_SEC};
		pthread_cond_timedwait(&s->cond, &n->lock, &until);
	}
	net_run(n);
}
