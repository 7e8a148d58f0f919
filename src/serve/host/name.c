/*
 * name.c - bind, connect: calls that give an address to the kernel.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "host.h"
#include "path.h"

struct giving {
	const struct call *c;
	const struct call_addr *addr;
	const struct path *path; /* NULL: no pathname */
	int err;
};

static void do_give(void *arg)
{
	struct giving *g = arg;
	const struct sockaddr *sa = (const struct sockaddr *)&g->addr->ss;

	g->err = g->path ? path_enter(g->path) : 0;
	if (g->err)
		return;
	g->err = g->c->nr == CALL_bind ? bind(g->c->sock, sa, g->addr->len)
				       : connect(g->c->sock, sa, g->addr->len);
	g->err = g->err < 0 ? -errno : 0;
}

/* Gives the address, or what path.c makes of it, to bind(2) or connect(2). */
static int give(struct caller *who, const struct call *c, const struct serve_judge *judge)
{
	struct giving g = {.c = c, .addr = &c->addr};
	struct path path;
	int err = 0;

	if (path_is(c, &c->addr)) {
		err = path_resolve(&path, who, c, 0, c->nr == CALL_bind, &c->addr, judge);
		g.addr = &path.addr;
		g.path = &path;
	}
	if (!err)
		err = host_as_caller(who, do_give, &g);
	if (g.path)
		path_done(&path);
	return err ? err : g.err;
}

/* A netlink socket without a name? */
static bool is_unnamed_netlink(const struct call *c)
{
	struct sockaddr_nl has;
	socklen_t len = sizeof(has);

	return getsockname(c->sock, (struct sockaddr *)&has, &len) == 0 &&
	       len == sizeof(has) && has.nl_family == AF_NETLINK && has.nl_pid == 0;
}

void host_name_netlink(struct caller *who, const struct call *c, const struct call_addr *to)
{
	struct sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_pid = who->tgid};

	/* If the name is taken, the kernel finds another, as it would have. */
	if (who->tgid && to->present && to->len >= 2 && to->family == AF_NETLINK &&
	    is_unnamed_netlink(c))
		bind(c->sock, (const struct sockaddr *)&own, sizeof(own));
}

void host_bind(struct caller *who, struct call *c, struct result *r,
	       const struct serve_judge *judge)
{
	struct sockaddr_nl *nl = (struct sockaddr_nl *)&c->addr.ss;
	bool leaves_name_open = c->addr.len >= (int)sizeof(*nl) && c->addr.family == AF_NETLINK &&
				nl->nl_pid == 0 && who->tgid && is_unnamed_netlink(c);

	if (leaves_name_open)
		nl->nl_pid = who->tgid;
	r->ret = give(who, c, judge);
	if (leaves_name_open) {
		nl->nl_pid = 0;
		if (r->ret == -EADDRINUSE)
			r->ret = give(who, c, judge);
	}
}

/* Connecting within the machine is over at once, but for a full backlog, which the
 * watch sees to. */
static bool is_near(const struct call_addr *a)
{
	const struct sockaddr_in *in = (const void *)&a->ss;
	const struct sockaddr_in6 *in6 = (const void *)&a->ss;

	switch (a->len >= 2 ? a->family : AF_UNSPEC) {
	case AF_INET:
		return a->len < (int)sizeof(*in) || ntohl(in->sin_addr.s_addr) >> 24 == 127;
	case AF_INET6:
		return a->len < (int)sizeof(*in6) || IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	default:
		return true;
	}
}

void host_connect(struct caller *who, struct call *c, struct result *r,
		  const struct serve_judge *judge)
{
	if (who->ops->waits && !is_near(&c->addr) && host_may_wait(c))
		who->ops->waits(who);
	host_name_netlink(who, c, &c->addr);
	r->ret = give(who, c, judge);
	if (r->ret == -EINTR)
		r->ret = host_interrupted(c, SO_SNDTIMEO);
}
