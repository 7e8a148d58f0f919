/*
 * accept.c - accept, accept4.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"
#include "stash.h"

static int next_connection(struct caller *who, struct call *c, struct result *r, bool *waits)
{
	socklen_t len = sizeof(r->addr.bytes);
	struct pollfd ready = {.fd = c->sock, .events = POLLIN};

	if (*waits && poll(&ready, 1, 0) == 0) {
		if (who->ops->waits)
			who->ops->waits(who);
		*waits = false; /* said once is enough */
	}
	int fd = accept4(c->sock, (struct sockaddr *)&r->addr.ss, &len,
			 (c->flags & SOCK_NONBLOCK) | SOCK_CLOEXEC);
	if (fd < 0)
		return errno == EINTR ? host_interrupted(c, SO_RCVTIMEO) : -errno;
	r->addr.present = true;
	r->addr.len = len;
	return fd;
}

void host_accept(struct caller *who, struct call *c, struct result *r,
		 const struct serve_judge *judge)
{
	bool waits = host_may_wait(c);

	if (stash_take(c, r)) {
		r->ret = 0;
		return;
	}
	r->cloexec = c->nr == CALL_accept4 && c->flags & SOCK_CLOEXEC;
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
			r->addr.present = false;
			continue;
		}
		r->fd = fd;
		r->ret = 0;
		return;
	}
}
