/*
 * stash.c - a list, nearly always empty; see stash.h. A socket is known by its
 * cookie (SO_COOKIE, Linux 4.12), which is not used again.
 */
#include "stash.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

enum { KEPT_MAX = 1024 }; /* so that a hostile program cannot fill our memory */

struct kept {
	struct kept *next;
	uint64_t cookie;
	struct result result;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept *first;
static _Atomic unsigned count;

static bool accepts(const struct call *c)
{
	return c->nr == CALL_accept || c->nr == CALL_accept4;
}

static bool receives(const struct call *c)
{
	return c->nr == CALL_recv || c->nr == CALL_recvfrom || c->nr == CALL_recvmsg;
}

static uint64_t cookie_of(const struct call *c)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	getsockopt(c->sock, SOL_SOCKET, SO_COOKIE, &cookie, &len);
	return cookie;
}

void stash_result(struct caller *who, struct call *c, struct result *r,
		  const struct serve_judge *judge)
{
	struct kept *k, **at;

	if (!(accepts(c) ? r->fd >= 0
			 : receives(c) && r->nmsg == 1 && r->msg[0].len > 0 && !(c->flags & MSG_PEEK)))
		return;
	if (count >= KEPT_MAX)
		return;
	k = calloc(1, sizeof(*k));
	if (!k)
		return;
	k->cookie = cookie_of(c);
	k->result = *r;
	result_init(r); /* it is ours now */
	pthread_mutex_lock(&lock);
	for (at = &first; *at; at = &(*at)->next)
		;
	*at = k;
	count++;
	pthread_mutex_unlock(&lock);
}

bool stash_take(const struct call *c, struct result *r)
{
	struct kept *k = NULL;

	if (count == 0)
		return false;
	uint64_t cookie = cookie_of(c);
	pthread_mutex_lock(&lock);
	for (struct kept **at = &first; *at; at = &(*at)->next)
		if ((*at)->cookie == cookie && ((*at)->result.fd >= 0) == accepts(c)) {
			k = *at;
			*at = k->next;
			count--;
			break;
		}
	pthread_mutex_unlock(&lock);
	if (!k)
		return false;
	*r = k->result;
	free(k);
	return true;
}
