/*
 * stash.c - a list, nearly always empty; see stash.h. A socket is known by its
 * sock_id.
 *
 * What is kept must go when its socket does, or who connected to it would wait for
 * ever; but a descriptor of ours would keep the socket alive. An epoll set does not:
 * the kernel takes a socket out of it when the last descriptor elsewhere is closed,
 * and /proc/self/fdinfo shows what is left. While anything is kept, a thread looks.
 */
#include "stash.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "payload.h"
#include "waiting.h"

enum {
	KEPT_MAX = 1024, /* so that a hostile program cannot fill our memory */
	LOOK_MS = 50,
};

struct kept {
	struct kept *next;
	uint64_t cookie;
	bool watched, alive; /* stash_watch() was told of its socket; it is still there */
	struct result result;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept *first;
static _Atomic unsigned count;
static bool looking;       /* there is a thread that does */
static int sockets = -1;   /* the epoll set */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_set(void)
{
	sockets = epoll_create1(EPOLL_CLOEXEC);
}

void stash_watch(struct call *c)
{
	struct epoll_event e = {.data.u64 = c->sock_id};

	pthread_once(&once, make_set);
	c->sock_watched = epoll_ctl(sockets, EPOLL_CTL_ADD, c->sock, &e) == 0 || errno == EEXIST;
}

/* With the lock held: of what is kept, marks that whose socket is there. */
static void mark_alive(void)
{
	char line[256];

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", sockets);
	FILE *f = fopen(line, "re");
	for (struct kept *k = first; k; k = k->next)
		k->alive = !f || !k->watched;
	while (f && fgets(line, sizeof(line), f)) {
		const char *data = strstr(line, "data:");
		uint64_t cookie = data ? strtoull(data + 5, NULL, 16) : 0;

		for (struct kept *k = first; k && data; k = k->next)
			k->alive |= k->cookie == cookie;
	}
	if (f)
		fclose(f);
}

static struct kept *take_dead(void)
{
	struct kept *dead = NULL;

	mark_alive();
	for (struct kept **at = &first; *at;) {
		struct kept *k = *at;

		if (k->alive) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		k->next = dead;
		dead = k;
		count--;
	}
	return dead;
}

static void *look(void *arg)
{
	const struct timespec tick = {.tv_nsec = LOOK_MS * 1000000L};

	for (bool more = true; more;) {
		nanosleep(&tick, NULL);
		pthread_mutex_lock(&lock);
		struct kept *dead = take_dead();
		more = looking = first != NULL;
		pthread_mutex_unlock(&lock);
		for (struct kept *k = dead, *next; k; k = next) {
			next = k->next;
			result_free(&k->result);
			free(k);
		}
	}
	return NULL;
}

/* With the lock held. */
static void start_looking(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	if (looking)
		return;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	looking = pthread_create(&thread, &attr, look, NULL) == 0;
	pthread_attr_destroy(&attr);
}

static bool accepts(const struct call *c)
{
	return c->nr == CALL_accept || c->nr == CALL_accept4;
}

static bool receives(const struct call *c)
{
	return c->nr == CALL_recv || c->nr == CALL_recvfrom || c->nr == CALL_recvmsg;
}

void stash_result(struct caller *who, struct call *c, struct result *r,
		  const struct serve_judge *judge)
{
	struct kept *k, **at;
	int64_t ret = r->ret;

	if (!(accepts(c) ? r->fd >= 0
			 : receives(c) && r->nmsg == 1 && r->msg[0].data_len > 0 &&
			   !(c->flags & MSG_PEEK)))
		return;
	/* A datagram that the caller's memory would not take is gone on Linux, too. */
	if (r->unread && !payload_is_stream(c))
		return;
	if (count >= KEPT_MAX)
		return;
	k = calloc(1, sizeof(*k));
	if (!k)
		return;
	const uint64_t cookie = k->cookie = c->sock_id;
	k->watched = c->sock_watched;
	k->result = *r;
	result_init(r); /* what it held is ours now */
	r->ret = ret;
	pthread_mutex_lock(&lock);
	for (at = &first; *at; at = &(*at)->next)
		;
	*at = k;
	count++;
	start_looking();
	pthread_mutex_unlock(&lock);
	waiting_wake(cookie);
}

/* A message like `from`, with its first n bytes. The control messages, which hold
 * descriptors, stay with whichever is not to be used again. */
static bool copy_message(struct result *to, const struct result_msg *from, size_t n)
{
	to->msg = calloc(1, sizeof(*to->msg));
	if (!to->msg)
		return false;
	*to->msg = *from;
	to->msg->control = NULL;
	to->msg->control_len = 0;
	to->msg->given = NULL;
	to->msg->data = malloc(n ? n : 1);
	if (!to->msg->data) {
		free(to->msg);
		to->msg = NULL;
		return false;
	}
	memcpy(to->msg->data, from->data, n);
	to->msg->data_len = to->msg->len = n;
	to->nmsg = 1;
	to->ret = n;
	return true;
}

/* Takes what fits out of a kept message; true if nothing is left of it. */
static bool take_message(const struct call *c, struct kept *k, size_t room, struct result *r)
{
	struct result_msg *m = &k->result.msg[0];
	bool all = m->data_len <= room || !payload_is_stream(c);

	if (c->flags & MSG_PEEK || !all) {
		size_t n = m->data_len < room ? m->data_len : room;

		if (copy_message(r, m, n) && !(c->flags & MSG_PEEK)) {
			memmove(m->data, m->data + n, m->data_len - n);
			m->data_len -= n;
			m->len = m->data_len;
		}
		return false;
	}
	*r = k->result;
	r->unread = false;
	if (m->data_len > room) { /* the rest of a datagram is lost, as ever */
		m->data_len = room;
		m->flags |= MSG_TRUNC;
	}
	r->ret = c->flags & MSG_TRUNC ? (int64_t)m->len : (int64_t)m->data_len;
	return true;
}

bool stash_take(const struct call *c, size_t room, struct result *r)
{
	struct kept *k = NULL, **at;
	bool found = false;

	if (count == 0)
		return false;
	const uint64_t cookie = c->sock_id;
	pthread_mutex_lock(&lock);
	for (at = &first; *at; at = &(*at)->next)
		if ((*at)->cookie == cookie && ((*at)->result.fd >= 0) == accepts(c))
			break;
	k = *at;
	if (k) {
		found = true;
		if (accepts(c)) {
			*r = k->result;
			r->ret = 0;
		}
		if (accepts(c) || take_message(c, k, room, r)) {
			*at = k->next;
			count--;
			free(k);
		}
	}
	pthread_mutex_unlock(&lock);
	return found && (r->nmsg > 0 || r->fd >= 0);
}
