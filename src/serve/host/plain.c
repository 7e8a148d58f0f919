/*
 * plain.c - calls that are the same call on our copy of the descriptor.
 */
#include <errno.h>
#include <sys/socket.h>

#include "host.h"

struct listening {
	const struct call *c;
	int err;
};

static void do_listen(void *arg)
{
	struct listening *l = arg;

	l->err = listen(l->c->sock, l->c->backlog) < 0 ? -errno : 0;
}

/* The one who listens is SO_PEERCRED of those who connect. */
void host_listen(struct caller *who, struct call *c, struct result *r,
		 const struct serve_judge *judge)
{
	struct listening l = {.c = c};
	int err = host_as_caller(who, do_listen, &l);

	r->ret = err ? err : l.err;
}

void host_shutdown(struct caller *who, struct call *c, struct result *r,
		   const struct serve_judge *judge)
{
	r->ret = shutdown(c->sock, c->how) < 0 ? -errno : 0;
}

static void host_name(struct call *c, struct result *r)
{
	struct sockaddr *to = (struct sockaddr *)&r->addr.ss;
	socklen_t len = sizeof(r->addr.bytes);
	int err = c->nr == CALL_getsockname ? getsockname(c->sock, to, &len)
					    : getpeername(c->sock, to, &len);

	r->ret = err < 0 ? -errno : 0;
	r->addr.present = err == 0;
	r->addr.len = len;
}

void host_getsockname(struct caller *who, struct call *c, struct result *r,
		      const struct serve_judge *judge)
{
	host_name(c, r);
}

void host_getpeername(struct caller *who, struct call *c, struct result *r,
		      const struct serve_judge *judge)
{
	host_name(c, r);
}
