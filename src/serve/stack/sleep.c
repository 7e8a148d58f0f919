/*
 * sleep.c - threads that block in a network, and who keeps the time meanwhile.
 *
 * Timers have no thread of their own: of the threads that sleep the first one in the
 * list wakes for the next timer. If it leaves, the next one looks at the time.
 */
#include "net.h"

void sleeper_init(struct net *n, struct sleeper *s)
{
	TAILQ_INSERT_TAIL(&n->sleepers, s, entry);
}

void sleeper_end(struct net *n, struct sleeper *s)
{
	const bool kept_time = s == TAILQ_FIRST(&n->sleepers);

	TAILQ_REMOVE(&n->sleepers, s, entry);
	if (kept_time)
		sleepers_timer_changed(n);
}

void sleeper_wake(struct sleeper *s)
{
	nap_wake(&s->nap);
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
	/* Whoever owns the clock says when time has passed: net_run(). */
	const bool keeps_time = !n->virtual_time && !n->clock && s == TAILQ_FIRST(&n->sleepers);

	if (n->virtual_auto && next <= TIME_LAST) {
		pass_time(n);
		return;
	}
	nap_begin(&s->nap);
	lock_give(&n->lock);
	nap_sleep(&s->nap, keeps_time ? next : TIME_NEVER);
	lock_take(&n->lock);
	net_run(n);
}
