/*
 * host.c - the table of calls, and the step to the caller's rights.
 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/time.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57 /* Linux 4.12: a name that is not used again */
#endif

#include "../../lib/poke.h"
#include "../../lib/uapi.h"
#include "delegate.h"
#include "path.h"
#include "stash.h"
#include "waiting.h"

/* What each call is made with. Rights do not matter where the kernel asks for
 * none: the plain look at a socket's names and state. */
static const struct {
	serve_fn *op;
	bool any_rights;
	bool takes; /* a connection or data, which may have to be put back */
} ops[CALL_LAST + 1] = {
	[CALL_socket] = {host_socket},
	[CALL_bind] = {host_bind},
	[CALL_connect] = {host_connect},
	[CALL_listen] = {host_listen},
	[CALL_accept] = {host_accept, .takes = true},
	[CALL_getsockname] = {host_getsockname, .any_rights = true},
	[CALL_getpeername] = {host_getpeername, .any_rights = true},
	[CALL_socketpair] = {host_socketpair},
	[CALL_send] = {host_send},
	[CALL_recv] = {host_recv, .takes = true},
	[CALL_sendto] = {host_send},
	[CALL_recvfrom] = {host_recv, .takes = true},
	[CALL_shutdown] = {host_shutdown, .any_rights = true},
	[CALL_setsockopt] = {host_setsockopt},
	[CALL_getsockopt] = {host_getsockopt},
	[CALL_sendmsg] = {host_send},
	[CALL_recvmsg] = {host_recv, .takes = true},
	[CALL_accept4] = {host_accept, .takes = true},
	[CALL_recvmmsg] = {host_recvmmsg},
	[CALL_sendmmsg] = {host_sendmmsg},
};

static void host_serve(struct caller *who, struct call *c, struct result *r,
		       const struct serve_judge *judge)
{
	who->as = NULL;
	if (!ops[c->nr].any_rights && who->ops->rights) {
		r->ret = who->ops->rights(who, &who->as);
		if (r->ret < 0)
			return;
	}
	if (ops[c->nr].takes) {
		socklen_t len = sizeof(c->sock_id);

		getsockopt(c->sock, SOL_SOCKET, SO_COOKIE, &c->sock_id, &len);
	}
	ops[c->nr].op(who, c, r, judge);
}

int host_as_caller(struct caller *who, void (*fn)(void *arg), void *arg)
{
	if (who->as)
		return delegate_run(who->as, fn, arg, &who->server);
	poke_allow(SIG_UNBLOCK);
	fn(arg);
	poke_allow(SIG_BLOCK);
	return 0;
}

int host_quick_as_caller(struct caller *who, void (*fn)(void *arg), void *arg)
{
	if (who->as)
		return delegate_run(who->as, fn, arg, &who->server);
	fn(arg);
	return 0;
}

bool host_may_wait(const struct call *c)
{
	int flags;

	if (c->flags & MSG_DONTWAIT && c->nr != CALL_accept4)
		return false;
	flags = fcntl(c->sock, F_GETFL);
	return flags >= 0 && !(flags & O_NONBLOCK);
}

int host_interrupted(const struct call *c, int timeout_option)
{
	struct timeval timeout = {0};
	socklen_t len = sizeof(timeout);

	getsockopt(c->sock, SOL_SOCKET, timeout_option, &timeout, &len);
	return timeout.tv_sec || timeout.tv_usec ? -EINTR : -KERNEL_ERESTARTSYS;
}

int host_init(void)
{
	return path_init();
}

const struct serve_ops host_ops = {
	.name = "host",
	.call = {
#define CALL(nr, name, nargs) [nr] = host_serve,
#include "../../call/call.def"
#undef CALL
	},
	.undeliverable = stash_result,
	.done = waiting_end,
};
