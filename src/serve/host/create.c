/*
 * create.c - socket, socketpair. Our copies are always close-on-exec; what the
 * caller asked for is given to its own.
 */
#include <errno.h>
#include <sys/socket.h>

#include "host.h"

void host_socket(struct caller *who, struct call *c, struct result *r,
		 const struct serve_judge *judge)
{
	r->fd = socket(c->family, c->type | SOCK_CLOEXEC, c->protocol);
	r->cloexec = c->type & SOCK_CLOEXEC;
	r->ret = r->fd < 0 ? -errno : 0;
}

void host_socketpair(struct caller *who, struct call *c, struct result *r,
		     const struct serve_judge *judge)
{
	r->cloexec = c->type & SOCK_CLOEXEC;
	r->ret = socketpair(c->family, c->type | SOCK_CLOEXEC, c->protocol, r->pair) < 0 ? -errno : 0;
}
