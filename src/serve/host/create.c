/*
 * create.c - socket, socketpair. Our copies are always close-on-exec; what the
 * caller asked for is given to its own.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"

struct creation {
	const struct call *c;
	int err, fd[2];
};

static void do_create(void *arg)
{
	struct creation *n = arg;
	const struct call *c = n->c;

	if (c->nr == CALL_socketpair)
		n->err = socketpair(c->family, c->type | SOCK_CLOEXEC, c->protocol, n->fd);
	else
		n->err = n->fd[0] = socket(c->family, c->type | SOCK_CLOEXEC, c->protocol);
	n->err = n->err < 0 ? -errno : 0;
}

void host_socket(struct caller *who, struct call *c, struct result *r,
		 const struct serve_judge *judge)
{
	struct creation n = {.c = c};
	int err = host_quick_as_caller(who, do_create, &n);

	r->ret = err ? err : n.err;
	r->cloexec = c->type & SOCK_CLOEXEC;
	r->fd = r->ret < 0 ? -1 : n.fd[0];
}

/* Linux takes the two numbers and writes them down before it makes the sockets, so
 * that a failure leaves them in the caller's memory. Which they will be can be seen
 * in most cases; where it cannot, reply does without. */
void host_socketpair(struct caller *who, struct call *c, struct result *r,
		     const struct serve_judge *judge)
{
	struct creation n = {.c = c};
	int err = 0, numbers[2];

	if (c->type & ~(0xf | SOCK_CLOEXEC | SOCK_NONBLOCK)) {
		r->ret = -EINVAL;
		return;
	}
	if (who->ops->fd_next)
		err = who->ops->fd_next(who, 2, numbers);
	if (err == -EMFILE) {
		r->ret = err;
		return;
	}
	if (!err && who->ops->fd_next) {
		r->ret = caller_write(who, c->sv_at, numbers, sizeof(numbers));
		if (r->ret < 0)
			return;
	}
	err = host_quick_as_caller(who, do_create, &n);
	r->cloexec = c->type & SOCK_CLOEXEC;
	r->ret = err ? err : n.err;
	if (r->ret == 0)
		for (int i = 0; i < 2; i++)
			r->pair[i] = n.fd[i];
}
