/*
 * accept.c - accept, accept4.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"
#include "stash.h"
#include "waiting.h"

struct accepting {
	const struct call *c;
	struct call_addr *peer;
	int fd;
};

static void do_accept(void *arg)
{
	struct accepting *a = arg;
	socklen_t len = sizeof(a->peer->bytes);

	a->fd = accept4(a->c->sock, (struct sockaddr *)&a->peer->ss, &len,
			(a->c->flags & SOCK_NONBLOCK) | SOCK_CLOEXEC);
	if (a->fd < 0)
		a->fd = -errno;
	a->peer->present = a->fd >= 0;
	a->peer->len = len;
}

/* Linux takes a number for the new descriptor before it looks for a connection. It
 * is asked after only when there is time: before waiting, and after an error. */
static bool has_no_number(struct caller *who)
{
	int number;

	return who->ops->fd_next && who->ops->fd_next(who, 1, &number) == -EMFILE;
}

static int next_connection(struct caller *who, struct call *c, struct result *r, bool *waits)
{
	struct accepting a = {.c = c, .peer = &r->addr};
	struct pollfd ready = {.fd = c->sock, .events = POLLIN};
	int err;

	if (*waits && poll(&ready, 1, 0) == 0) {
		if (has_no_number(who))
			return -EMFILE;
		if (who->ops->waits)
			who->ops->waits(who);
		waiting_begin(who, c);
		*waits = false; /* said once is enough */
	}
	do {
		if (stash_take(c, 0, r))
			return r->fd;
		err = host_as_caller(who, do_accept, &a);
		if (err)
			return err;
	} while (a.fd == -EINTR && waiting_woken(c));
	if (a.fd == -EINTR)
		return host_interrupted(c, SO_RCVTIMEO);
	return a.fd < 0 && has_no_number(who) ? -EMFILE : a.fd;
}

void host_accept(struct caller *who, struct call *c, struct result *r,
		 const struct serve_judge *judge)
{
	bool waits = host_may_wait(c);

	waiting_see_off(c);
	for (;;) {
		int fd = next_connection(who, c, r, &waits);

		if (fd < 0) {
			r->ret = fd;
			return;
		}
		/* A peer that the policy does not want is closed as if it had never
		 * come; the caller goes on waiting. */
		if (judge->peers && judge->peer(judge->ctx, c, &r->addr) < 0) {
			close(fd);
			r->fd = -1;
			r->addr.present = false;
			continue;
		}
		r->cloexec = c->nr == CALL_accept4 && c->flags & SOCK_CLOEXEC;
		r->fd = fd;
		r->ret = 0;
		stash_watch(c);
		return;
	}
}
