/*
 * host.c - the table, and the step to the caller's rights around each op.
 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include "../../lib/uapi.h"
#include "delegate.h"
#include "path.h"
#include "stash.h"

/* What each call is made with. Rights do not matter where the kernel asks for
 * none: the plain look at a socket's names and state. */
static const struct {
	serve_fn *op;
	bool any_rights;
} ops[CALL_LAST + 1] = {
	[CALL_socket] = {host_socket},
	[CALL_bind] = {host_bind},
	[CALL_connect] = {host_connect},
	[CALL_listen] = {host_listen},
	[CALL_accept] = {host_accept},
	[CALL_getsockname] = {host_getsockname, .any_rights = true},
	[CALL_getpeername] = {host_getpeername, .any_rights = true},
	[CALL_socketpair] = {host_socketpair},
	[CALL_send] = {host_send},
	[CALL_recv] = {host_recv},
	[CALL_sendto] = {host_send},
	[CALL_recvfrom] = {host_recv},
	[CALL_shutdown] = {host_shutdown, .any_rights = true},
	[CALL_setsockopt] = {host_setsockopt},
	[CALL_getsockopt] = {host_getsockopt},
	[CALL_sendmsg] = {host_send},
	[CALL_recvmsg] = {host_recv},
	[CALL_accept4] = {host_accept},
	[CALL_recvmmsg] = {host_recvmmsg},
	[CALL_sendmmsg] = {host_sendmmsg},
};

struct job {
	serve_fn *op;
	struct caller *who;
	struct call *c;
	struct result *r;
	const struct serve_judge *judge;
};

static void do_job(void *arg)
{
	struct job *j = arg;

	j->op(j->who, j->c, j->r, j->judge);
}

/* Does the call name a file? Its way starts in the caller's directory. */
static bool names_file(const struct call *c)
{
	for (unsigned i = 0; i < c->nmsg; i++)
		if (path_is(&c->msg[i].name))
			return true;
	return path_is(&c->addr);
}

static void host_serve(struct caller *who, struct call *c, struct result *r,
		       const struct serve_judge *judge)
{
	struct job j = {ops[c->nr].op, who, c, r, judge};
	const struct rights *rights = NULL;
	int err = 0;

	if (!ops[c->nr].any_rights && who->ops->rights)
		err = who->ops->rights(who, &rights);
	who->cwd = -1;
	if (!err && who->ops->cwd && names_file(c)) {
		who->cwd = who->ops->cwd(who);
		err = who->cwd < 0 ? who->cwd : 0;
	}
	if (!err && rights)
		err = delegate_run(rights, do_job, &j, &who->server);
	else if (!err)
		do_job(&j);
	if (who->cwd >= 0)
		close(who->cwd);
	if (err)
		r->ret = err;
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
};
