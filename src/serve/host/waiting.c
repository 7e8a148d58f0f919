/*
 * waiting.c - a list with a lock; mostly empty, and then nothing is done.
 */
#include "waiting.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../lib/poke.h"

struct waiting {
	struct waiting *next;
	const struct call *call;
	struct caller *who;
	pid_t tid; /* of the thread that serves it, if no delegate does */
	uint64_t cookie;
	bool woken;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct waiting *first;
static _Atomic unsigned count;

void waiting_begin(struct caller *who, const struct call *c)
{
	struct waiting *w = calloc(1, sizeof(*w));

	if (!w)
		return; /* then it is only slower to notice */
	*w = (struct waiting){
		.call = c, .who = who, .tid = gettid(), .cookie = c->sock_id};
	pthread_mutex_lock(&lock);
	w->next = first;
	first = w;
	count++;
	pthread_mutex_unlock(&lock);
}

void waiting_end(const struct call *c)
{
	if (count == 0)
		return;
	pthread_mutex_lock(&lock);
	for (struct waiting **at = &first; *at; at = &(*at)->next)
		if ((*at)->call == c) {
			struct waiting *w = *at;

			*at = w->next;
			count--;
			free(w);
			break;
		}
	pthread_mutex_unlock(&lock);
}

/* With the lock held, so that w cannot end meanwhile. */
static void poke(const struct waiting *w)
{
	syscall(SYS_tkill, w->who->server ? w->who->server : w->tid, POKE);
}

/* Pokes those whose caller is gone; true if there were any. */
static bool poke_dead(uint64_t cookie)
{
	bool any = false;

	pthread_mutex_lock(&lock);
	for (const struct waiting *w = first; w; w = w->next)
		if (w->cookie == cookie && w->who->ops->still_there &&
		    w->who->ops->still_there(w->who) < 0) {
			poke(w);
			any = true;
		}
	pthread_mutex_unlock(&lock);
	return any;
}

void waiting_see_off(const struct call *c)
{
	const struct timespec moment = {.tv_nsec = 100 * 1000};

	if (count == 0)
		return;
	for (int i = 0; i < 100 && poke_dead(c->sock_id); i++)
		nanosleep(&moment, NULL);
}

void waiting_wake(uint64_t cookie)
{
	if (count == 0)
		return;
	pthread_mutex_lock(&lock);
	for (struct waiting *w = first; w; w = w->next)
		if (w->cookie == cookie) {
			w->woken = true;
			poke(w);
		}
	pthread_mutex_unlock(&lock);
}

bool waiting_woken(const struct call *c)
{
	bool woken = false;

	pthread_mutex_lock(&lock);
	for (struct waiting *w = first; w; w = w->next)
		if (w->call == c) {
			woken = w->woken;
			w->woken = false;
		}
	pthread_mutex_unlock(&lock);
	return woken;
}
