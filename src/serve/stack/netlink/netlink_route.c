/*
 * netlink_route.c - devices, addresses and routes as rtnetlink(7) messages, with the
 * attributes that getifaddrs(3), getaddrinfo(3) and ip(8) read.
 *
 * Things of a dump are numbered as they come; a part of it goes on with the number at
 * which the one before it was full.
 */
#include <errno.h>
#include <linux/if.h>
#include <string.h>

#include "../inet/device.h"
#include "netlink.h"

/* ------------------------------------------------------------------- messages */

/* Room at the end: where it is; NULL, and nothing more fits. */
static uint8_t *reserve(struct netlink_out *o, size_t len)
{
	uint8_t *at = o->data + o->len;

	if (o->full || len > o->room - o->len) {
		o->full = true;
		return NULL;
	}
	o->len += len;
	return memset(at, 0, len);
}

size_t netlink_begin(struct netlink_out *o, uint16_t type, uint16_t flags, uint32_t seq,
		     uint32_t pid, const void *fixed, size_t len)
{
	const size_t begin = o->len;
	const struct nlmsghdr head = {.nlmsg_type = type, .nlmsg_flags = flags,
				      .nlmsg_seq = seq, .nlmsg_pid = pid};
	uint8_t *at = reserve(o, sizeof(head) + NLMSG_ALIGN(len));

	if (at) {
		memcpy(at, &head, sizeof(head));
		memcpy(at + sizeof(head), fixed, len);
	}
	return begin;
}

void netlink_put(struct netlink_out *o, uint16_t type, const void *data, size_t len)
{
	const struct rtattr a = {.rta_len = RTA_LENGTH(len), .rta_type = type};
	uint8_t *at = reserve(o, RTA_SPACE(len));

	if (at) {
		memcpy(at, &a, sizeof(a));
		memcpy(at + sizeof(a), data, len);
	}
}

void netlink_put32(struct netlink_out *o, uint16_t type, uint32_t v)
{
	netlink_put(o, type, &v, sizeof(v));
}

static void put8(struct netlink_out *o, uint16_t type, uint8_t v)
{
	netlink_put(o, type, &v, sizeof(v));
}

static void put_string(struct netlink_out *o, uint16_t type, const char *s)
{
	netlink_put(o, type, s, strlen(s) + 1);
}

static void put_ip(struct netlink_out *o, uint16_t type, const struct ip *ip)
{
	if (ip_is4(ip))
		netlink_put32(o, type, ip_to4(ip));
	else
		netlink_put(o, type, ip->b, 16);
}

void netlink_finish(struct netlink_out *o, size_t begin)
{
	const uint32_t len = o->len - begin;

	if (o->full)
		o->len = begin;
	else
		memcpy(o->data + begin, &len, sizeof(len)); /* nlmsg_len comes first */
}

/* ---------------------------------------------------------------------- things */

void netlink_link(struct netlink_out *o, const struct netlink_head *head, const struct host *h,
		  int ifindex)
{
	enum { OPER_UNKNOWN = 0, OPER_DOWN = 2, OPER_UP = 6 }; /* RFC 2863 */
	const struct device *d = device_at(ifindex);
	const uint32_t flags = device_flags(h, ifindex);
	const struct ifinfomsg info = {.ifi_type = d->type, .ifi_index = ifindex,
				       .ifi_flags = flags};
	uint8_t broadcast[6];
	size_t begin = netlink_begin(o, RTM_NEWLINK, head->flags, head->seq, head->pid, &info,
				     sizeof(info));

	memset(broadcast, d->broadcast, sizeof(broadcast));
	put_string(o, IFLA_IFNAME, d->name);
	netlink_put32(o, IFLA_TXQLEN, TXQLEN);
	put8(o, IFLA_OPERSTATE, ifindex == IF_LO ? OPER_UNKNOWN :
	     flags & IFF_LOWER_UP ? OPER_UP : OPER_DOWN);
	put8(o, IFLA_LINKMODE, 0);
	netlink_put32(o, IFLA_MTU, device_mtu(h, ifindex));
	netlink_put32(o, IFLA_GROUP, 0);
	netlink_put32(o, IFLA_PROMISCUITY, 0);
	netlink_put32(o, IFLA_NUM_TX_QUEUES, 1);
	netlink_put32(o, IFLA_NUM_RX_QUEUES, 1);
	put8(o, IFLA_CARRIER, !!(flags & IFF_LOWER_UP));
	netlink_put(o, IFLA_ADDRESS, device_mac(h, ifindex), 6);
	netlink_put(o, IFLA_BROADCAST, broadcast, sizeof(broadcast));
	put_string(o, IFLA_QDISC, "noqueue");
	netlink_finish(o, begin);
}

static uint8_t scope_of(const struct ip *ip)
{
	return ip_is_loopback(ip) ? RT_SCOPE_HOST :
	       ip_is_link_local(ip) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

void netlink_address(struct netlink_out *o, const struct netlink_head *head,
		     const struct host_address *a)
{
	enum { PROTO_LO = 1, PROTO_LINK_LOCAL = 3 }; /* who set it: IFAPROT_* */
	static const struct ifa_cacheinfo forever = {UINT32_MAX, UINT32_MAX, 0, 0};
	const struct ifaddrmsg info = {.ifa_family = ip_is4(&a->ip) ? AF_INET : AF_INET6,
				       .ifa_prefixlen = a->prefix,
				       .ifa_flags = IFA_F_PERMANENT,
				       .ifa_scope = scope_of(&a->ip),
				       .ifa_index = a->ifindex};
	size_t begin = netlink_begin(o, RTM_NEWADDR, head->flags, head->seq, head->pid, &info,
				     sizeof(info));

	put_ip(o, IFA_ADDRESS, &a->ip);
	if (ip_is4(&a->ip)) {
		put_ip(o, IFA_LOCAL, &a->ip);
		if (address_broadcast(a))
			netlink_put32(o, IFA_BROADCAST, address_broadcast(a));
		put_string(o, IFA_LABEL, device_at(a->ifindex)->name);
	}
	netlink_put32(o, IFA_FLAGS, IFA_F_PERMANENT);
	netlink_put(o, IFA_CACHEINFO, &forever, sizeof(forever));
	if (!ip_is4(&a->ip) && info.ifa_scope != RT_SCOPE_UNIVERSE)
		put8(o, IFA_PROTO, a->ifindex == IF_LO ? PROTO_LO : PROTO_LINK_LOCAL);
	netlink_finish(o, begin);
}

/* A route to a prefix. */
struct entry {
	struct ip to, source;
	uint8_t bits;            /* of the prefix */
	uint8_t type;            /* RTN_UNICAST ... */
	uint8_t scope, protocol;
	uint8_t table;           /* RT_TABLE_MAIN, _LOCAL */
	int ifindex;
	uint32_t metric;         /* of IPv6 */
	bool answer;             /* to one question, not of a table */
	uint32_t flags;          /* of an answer of IPv4: RTM_F_CLONED ... */
};

static void put_entry(struct netlink_out *o, const struct netlink_head *head,
		      const struct entry *e)
{
	static const struct rta_cacheinfo never_used;
	const bool ip4 = ip_is4(&e->to);
	const struct rtmsg info = {.rtm_family = ip4 ? AF_INET : AF_INET6,
				   .rtm_dst_len = e->bits,
				   .rtm_table = e->table,
				   .rtm_protocol = e->protocol,
				   .rtm_scope = e->scope,
				   .rtm_type = e->type,
				   .rtm_src_len = e->answer && !ip4 ? 128 : 0,
				   .rtm_flags = e->flags};
	size_t begin = netlink_begin(o, RTM_NEWROUTE, head->flags, head->seq, head->pid, &info,
				     sizeof(info));

	netlink_put32(o, RTA_TABLE, e->table);
	put_ip(o, RTA_DST, &e->to);
	if (e->answer && !ip4)
		put_ip(o, RTA_SRC, &ip_any6); /* that was asked for */
	if (ip4 || e->answer)
		put_ip(o, RTA_PREFSRC, &e->source);
	if (!ip4)
		netlink_put32(o, RTA_PRIORITY, e->metric);
	netlink_put32(o, RTA_OIF, e->ifindex);
	if (!ip4) {
		netlink_put(o, RTA_CACHEINFO, &never_used, sizeof(never_used));
		put8(o, RTA_PREF, 0);
	}
	netlink_finish(o, begin);
}

/* RTCF_*, of <linux/in_route.h>. */
#define CACHE_LOCAL UINT32_C(0x80000000)
#define CACHE_BROADCAST UINT32_C(0x10000000)
#define CACHE_MULTICAST UINT32_C(0x20000000)

int netlink_route_to(struct netlink_out *o, const struct netlink_head *head, struct host *h,
		     const struct ip *to, int ifindex)
{
	struct entry e = {.to = *to, .bits = ip_is4(to) ? 32 : 128, .type = RTN_UNICAST,
			  .answer = true};
	struct route r;
	int err = route_find(h, to, ifindex, &r);

	if (err)
		return err;
	if (r.host == h)
		e.type = RTN_LOCAL;
	else if (r.broadcast)
		e.type = RTN_BROADCAST;
	else if (r.multicast)
		e.type = RTN_MULTICAST;
	if (ip_is4(to))
		e.flags = RTM_F_CLONED | (e.type == RTN_LOCAL ? CACHE_LOCAL :
					  e.type == RTN_BROADCAST ? CACHE_LOCAL | CACHE_BROADCAST :
					  e.type == RTN_MULTICAST ? CACHE_MULTICAST : 0);
	e.source = r.source;
	e.ifindex = r.ifindex;
	/* IPv4 answers from its cache, IPv6 from its tables. */
	e.table = e.type == RTN_UNICAST || ip_is4(to) ? RT_TABLE_MAIN : RT_TABLE_LOCAL;
	e.protocol = ip_is4(to) ? RTPROT_UNSPEC : RTPROT_KERNEL;
	e.metric = r.host == h ? 0 : 256;
	put_entry(o, head, &e);
	return 0;
}

/* ----------------------------------------------------------------------- dumps */

/* The first bits of an address, the rest cleared or set. */
static struct ip prefix_of(const struct host_address *a, bool set)
{
	const unsigned bits = a->prefix + (ip_is4(&a->ip) ? 96 : 0);
	struct ip ip = a->ip;

	for (unsigned i = bits; i < 128; i++) {
		const uint8_t bit = 0x80 >> i % 8;

		ip.b[i / 8] = set ? ip.b[i / 8] | bit : ip.b[i / 8] & ~bit;
	}
	return ip;
}

static unsigned whole_bits(const struct ip *ip)
{
	return ip_is4(ip) ? 32 : 128;
}

/* Has an address before this one made the route to its prefix? */
static bool is_first_on_prefix(const struct host *h, const struct host_address *a)
{
	const struct ip prefix = prefix_of(a, false);
	const struct host_address *b;

	TAILQ_FOREACH(b, &h->addresses, entry) {
		const struct ip other = prefix_of(b, false);

		if (a == b)
			return true;
		if (b->prefix == a->prefix && ip_equal(&prefix, &other))
			return false;
	}
	return true;
}

/* Route number i that an address brings with it: false if it has none of that kind. */
enum { ROUTE_PREFIX, ROUTE_SELF, ROUTE_BROADCAST, ROUTES };

static bool route_of(const struct host *h, const struct host_address *a, unsigned i,
		     struct entry *e)
{
	const bool ip4 = ip_is4(&a->ip);

	*e = (struct entry){.source = a->ip, .ifindex = a->ifindex, .protocol = RTPROT_KERNEL,
			    .table = RT_TABLE_LOCAL, .bits = whole_bits(&a->ip)};
	switch (i) {
	case ROUTE_PREFIX:
		if (a->prefix == e->bits || !is_first_on_prefix(h, a))
			return false;
		e->to = prefix_of(a, false);
		e->bits = a->prefix;
		e->type = a->ifindex == IF_LO ? RTN_LOCAL : RTN_UNICAST;
		e->table = a->ifindex == IF_LO ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
		e->scope = !ip4 ? RT_SCOPE_UNIVERSE :
			   a->ifindex == IF_LO ? RT_SCOPE_HOST : RT_SCOPE_LINK;
		e->metric = 256;
		return true;
	case ROUTE_SELF:
		e->to = a->ip;
		e->type = RTN_LOCAL;
		e->scope = ip4 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
		return true;
	default:
		if (!ip4 || a->prefix > 30 || !is_first_on_prefix(h, a))
			return false;
		e->to = prefix_of(a, true);
		e->type = RTN_BROADCAST;
		e->scope = RT_SCOPE_LINK;
		return true;
	}
}

/* Where a dump is. */
struct filling {
	struct netlink_out *out;
	const struct netlink_head *head;
	struct host *host;
	const struct netlink_filter *filter;
	unsigned number; /* of the next thing */
	unsigned at;     /* the first that is to be told */
};

/* Is it the turn of the next thing? */
static bool turn(struct filling *f)
{
	return f->number++ >= f->at;
}

/* After a thing was put: did it fit? */
static bool fits(struct filling *f)
{
	if (f->out->full)
		return false;
	f->at = f->number;
	return true;
}

static bool fill_links(struct filling *f)
{
	for (int i = IF_LO; i <= IF_ETH; i++) {
		if (!turn(f))
			continue;
		netlink_link(f->out, f->head, f->host, i);
		if (!fits(f))
			return false;
	}
	return true;
}

static bool wants_family(const struct netlink_filter *f, int family)
{
	return f->family == family || (f->family != AF_INET && f->family != AF_INET6);
}

static bool fill_address(struct filling *f, const struct host_address *a)
{
	if (f->filter->ifindex && f->filter->ifindex != a->ifindex)
		return true;
	if (!turn(f))
		return true;
	netlink_address(f->out, f->head, a);
	return fits(f);
}

static bool wants_route(const struct netlink_filter *f, const struct entry *e)
{
	return (!f->ifindex || f->ifindex == e->ifindex) && (!f->table || f->table == e->table) &&
	       (!f->protocol || f->protocol == e->protocol) && (!f->type || f->type == e->type);
}

static bool fill_routes(struct filling *f, const struct host_address *a)
{
	struct entry e;

	for (unsigned i = 0; i < ROUTES; i++) {
		if (!route_of(f->host, a, i, &e) || !wants_route(f->filter, &e) || !turn(f))
			continue;
		put_entry(f->out, f->head, &e);
		if (!fits(f))
			return false;
	}
	return true;
}

/* IPv4 first, as rtnl_dump_all() goes through the families. */
static bool fill_by_address(struct filling *f,
			    bool (*fill)(struct filling *, const struct host_address *))
{
	static const int families[] = {AF_INET, AF_INET6};
	const struct host_address *a;

	for (unsigned i = 0; i < 2; i++) {
		if (!wants_family(f->filter, families[i]))
			continue;
		TAILQ_FOREACH(a, &f->host->addresses, entry)
			if (ip_is4(&a->ip) == (families[i] == AF_INET) && !fill(f, a))
				return false;
	}
	return true;
}

bool netlink_fill(struct netlink_out *o, const struct netlink_head *head, struct host *h,
		  uint16_t type, const struct netlink_filter *filter, unsigned *at)
{
	struct filling f = {o, head, h, filter, 0, *at};
	bool all;

	all = type == RTM_GETLINK ? fill_links(&f) :
	      fill_by_address(&f, type == RTM_GETADDR ? fill_address : fill_routes);
	*at = f.at;
	return all;
}
