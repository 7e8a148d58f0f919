/*
 * name.c - bind, connect: calls that give an address to the kernel.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"
#include "path.h"

/* Gives the address, or what path.c makes of it, to bind(2) or connect(2). */
static int give(struct caller *who, const struct call *c, bool binds,
		const struct serve_judge *judge)
{
	const struct call_addr *a = &c->addr;
	struct call_addr found;
	int fd = -1, err = 0;

	if (path_is(a)) {
		err = path_prepare(who, c, 0, binds, a, &found, &fd, judge);
		a = &found;
	}
	if (!err)
		err = (binds ? bind : connect)(c->sock, (const struct sockaddr *)&a->ss, a->len) < 0
			? -errno : 0;
	if (fd >= 0)
		close(fd);
	return err;
}

void host_bind(struct caller *who, struct call *c, struct result *r,
	       const struct serve_judge *judge)
{
	r->ret = give(who, c, true, judge);
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
	r->ret = give(who, c, false, judge);
	if (r->ret == -EINTR)
		r->ret = host_interrupted(c, SO_SNDTIMEO);
}
