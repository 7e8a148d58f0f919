/*
 * udp_way.c - which device a datagram leaves by, and from which address.
 *
 * What bind(2) or a control message asked for goes first, then the options of the socket
 * for groups or for single addresses, then the route.
 */
#include <errno.h>

#include "udp.h"

static bool is_many(const struct ip *ip)
{
	return ip_is_multicast(ip) || (ip_is4(ip) && ip_to4(ip) == UINT32_MAX);
}

/* IPv4: who sends to a group, or to all, from an address sends by its device. */
static int device_of(const struct host *h, const struct ip *ip)
{
	const struct host_address *a;

	if (ip_is_loopback(ip))
		return IF_LO;
	TAILQ_FOREACH(a, &h->addresses, entry)
		if (ip_equal(&a->ip, ip))
			return a->ifindex;
	return 0;
}

/* Groups, and all: the device. */
static int choose_many(const struct inet_sock *s, const struct ip *to, int ifindex,
		       struct ip *source)
{
	const bool ip4 = ip_is4(to);

	if (ip_is_multicast(to)) {
		if (!ifindex)
			ifindex = ip4 ? s->mc_if : s->mc_if6;
		if (ip4 && ip_is_any(source) && s->mc_addr)
			*source = ip_from4(s->mc_addr);
	}
	if (!ifindex && ip4 && !ip_is_any(source))
		ifindex = device_of(s->sock.host, source);
	return ifindex;
}

/* An IPv4 address of the host that others can answer to; any: it has none. */
static struct ip outer_source(const struct host *h)
{
	const struct host_address *a;

	TAILQ_FOREACH(a, &h->addresses, entry)
		if (a->ifindex == IF_ETH && ip_is4(&a->ip))
			return a->ip;
	return ip_any4;
}

/* 127.0.0.0/8 over the link: it may leave, but nobody takes it. */
static int route_nowhere(struct host *h, struct route *r)
{
	*r = (struct route){.host = h, .ifindex = IF_ETH, .mtu = h->mtu,
			    .source = outer_source(h)};
	return ip_is_any(&r->source) ? -ENETUNREACH : 0;
}

int udp_way(struct udp_sock *us, const struct ip *to, int ifindex, struct ip *source,
	    struct route *r)
{
	const struct inet_sock *s = &us->inet;
	const bool ip4 = ip_is4(to);
	int err;

	if (ip_is_any(source))
		*source = us->source;
	/* An address of IPv4 sends nothing else; one of IPv6 that connect(2) chose does. */
	if (!ip4 && ip_is4(source) && !ip_is_any(source))
		return -EAFNOSUPPORT;
	if (ip4 != ip_is4(source))
		*source = ip_any6;
	if (is_many(to))
		ifindex = choose_many(s, to, ifindex, source);
	else if (!ifindex)
		ifindex = ip4 ? s->unicast_if : s->unicast_if6;
	if (ifindex && ifindex != IF_LO && ifindex != IF_ETH)
		return ip4 ? -ENODEV : -ENETUNREACH;
	/* IPv6 finds no address on lo for what is not lo's. */
	if (!ip4 && ifindex == IF_LO && ip_is_any(source) && !ip_is_loopback(to) &&
	    !ip_is_multicast(to))
		return -ENETUNREACH;
	if (ip4 && ip_is_loopback(to) && ifindex == IF_ETH)
		err = route_nowhere(s->sock.host, r);
	else
		err = route_find(s->sock.host, to, ifindex, r);
	if (err)
		return err;
	/* Even over lo a group hears of the host's address, if it has one. */
	if (ip_is_any(source) && ip4 && r->ifindex == IF_LO && is_many(to))
		*source = outer_source(s->sock.host);
	if (ip_is_any(source))
		*source = r->source;
	if (ip4 && ip_is_loopback(source) && r->ifindex != IF_LO)
		return -EINVAL;
	return r->broadcast && !sock_flag(&s->sock, SOCK_FLAG_BROADCAST) ? -EACCES : 0;
}
