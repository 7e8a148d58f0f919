/*
 * route.c - where a packet goes.
 *
 * A host has the routes that Linux makes by itself for its addresses: to its own ones,
 * over lo; to the prefixes of eth0, over the link; to groups and to all, over the
 * device that is asked for, or eth0. There is no other way out, and no router.
 */
#include <errno.h>

#include "inet.h"

/* Bits that two addresses have in common from the left. */
static unsigned common_bits(const struct ip *a, const struct ip *b)
{
	for (unsigned i = 0; i < 16; i++) {
		const uint8_t x = a->b[i] ^ b->b[i];

		if (x)
			return i * 8 + __builtin_clz(x) - 24;
	}
	return 128;
}

/* Of the 128, those that an address's prefix covers. */
static unsigned prefix_bits(const struct host_address *a)
{
	return a->prefix + (ip_is4(&a->ip) ? 96 : 0);
}

static bool same_family(const struct ip *a, const struct ip *b)
{
	return ip_is4(a) == ip_is4(b);
}

static bool on_prefix(const struct host_address *a, const struct ip *to)
{
	return same_family(&a->ip, to) && common_bits(&a->ip, to) >= prefix_bits(a);
}

/* An IPv4 prefix's last address: all of those on it. */
static bool is_broadcast_of(const struct host_address *a, const struct ip *to)
{
	uint32_t host_part;

	if (!ip_is4(to) || a->prefix >= 31 || !on_prefix(a, to))
		return false;
	host_part = a->prefix ? UINT32_MAX >> a->prefix : UINT32_MAX;
	return (ntohl(ip_to4(to)) & host_part) == host_part;
}

static bool is_all(const struct ip *to)
{
	return ip_is4(to) && ip_to4(to) == UINT32_MAX;
}

/* Which of a device's addresses a packet comes from, if nobody says: the one that
 * covers the destination with the longest prefix; else one that reaches as far as it;
 * else the first. */
static unsigned source_score(const struct host_address *a, const struct ip *to)
{
	const bool near = ip_is_link_local(to) ||
			  (to->b[0] == 0xff && (to->b[1] & 0xf) <= 2);
	unsigned score = 1;

	if (near == ip_is_link_local(&a->ip))
		score += 1000;
	if (on_prefix(a, to))
		score += 200 + prefix_bits(a);
	else if (!ip_is4(to))
		score += common_bits(&a->ip, to);
	return score;
}

static const struct host_address *choose_source(const struct host *h, int ifindex,
						const struct ip *to)
{
	const struct host_address *a, *best = NULL;
	unsigned most = 0;

	TAILQ_FOREACH(a, &h->addresses, entry) {
		if (a->ifindex != ifindex || !same_family(&a->ip, to))
			continue;
		if (source_score(a, to) > most) {
			most = source_score(a, to);
			best = a;
		}
	}
	return best;
}

/* To itself. */
static int route_local(struct host *h, const struct ip *to, struct route *r)
{
	*r = (struct route){.host = h, .ifindex = IF_LO, .mtu = LO_MTU, .reachable = true};
	/* What comes from lo's network comes from its first address. */
	r->source = ip_is_loopback(to) ? ip_is4(to) ? ip_loopback4 : ip_loopback6 : *to;
	return 0;
}

static int route_many(struct host *h, const struct ip *to, int ifindex, bool broadcast,
		      struct route *r)
{
	const struct host_address *a = choose_source(h, ifindex, to);

	if (!a)
		return -ENETUNREACH;
	*r = (struct route){.ifindex = ifindex,
			    .source = a->ip,
			    .mtu = ifindex == IF_LO ? LO_MTU : h->mtu,
			    .reachable = ifindex == IF_LO || h->up,
			    .broadcast = broadcast,
			    .multicast = !broadcast};
	return 0;
}

static int route_link(struct host *h, const struct ip *to, int bound_if, struct route *r)
{
	const struct host_address *source = choose_source(h, IF_ETH, to);
	/* Who insists on the device gets it: Linux takes the rest of IPv4 to be there. */
	bool on_link = bound_if == IF_ETH && ip_is4(to);
	const struct host_address *a;

	TAILQ_FOREACH(a, &h->addresses, entry) {
		if (a->ifindex == IF_ETH && is_broadcast_of(a, to))
			return route_many(h, to, IF_ETH, true, r);
		on_link |= a->ifindex == IF_ETH && on_prefix(a, to);
	}
	if (!on_link || !source || bound_if == IF_LO)
		return -ENETUNREACH;
	*r = (struct route){.host = host_at(h->net, to),
			    .ifindex = IF_ETH,
			    .source = source->ip,
			    .mtu = h->mtu};
	r->reachable = r->host && r->host->up && h->up;
	return 0;
}

int route_find(struct host *h, const struct ip *to, int bound_if, struct route *r)
{
	static const struct ip lo_broadcast = {{.b = {[10] = 0xff, 0xff, 127, 255, 255, 255}}};

	if (ip_is_any(to))
		return route_local(h, ip_is4(to) ? &ip_loopback4 : &ip_loopback6, r);
	if (ip_equal(to, &lo_broadcast))
		return route_many(h, to, IF_LO, true, r);
	if (ip_is_loopback(to) && bound_if == IF_ETH)
		return -ENETUNREACH;
	if (host_has(h, to))
		return route_local(h, to, r);
	if (is_all(to) || ip_is_multicast(to))
		return route_many(h, to, bound_if ? bound_if : IF_ETH, is_all(to), r);
	return route_link(h, to, bound_if, r);
}
