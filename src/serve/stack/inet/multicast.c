/*
 * multicast.c - memberships: joining, leaving, source filters.
 *
 * A membership is on two lists: of its socket, and of the host_group that stands for
 * all memberships of its host in this group on this device. A host_group exists while
 * it has members, and is found by the group in net.groups.
 *
 * The rules are those of ip_mc_source(), ip_mc_msfilter() and their IPv6 twins. Two of
 * them are easy to miss: a membership without a filter may turn from exclude to include
 * by its first source, one that ever had a list may not; and (include, no sources) is
 * the same as not to be a member.
 */
#include "multicast.h"

#include <errno.h>
#include <string.h>

enum {
	MEMBERSHIPS_MAX = 20,    /* net.ipv4.igmp_max_memberships, of IPv4 groups */
	MEMBERSHIPS6_MAX = 2048, /* what net.core.optmem_max has room for */
	SOURCES_MAX = 10,        /* net.ipv4.igmp_max_msf */
	SOURCES6_MAX = 64,       /* net.ipv6.mld_max_msf */
};

struct membership {
	struct membership *next;        /* of inet_sock.groups */
	LIST_ENTRY(membership) entry;   /* of host_group.members */
	struct host_group *group;
	struct ip address;              /* that named the device when it was joined */
	bool exclude;                   /* all but the sources; else them alone */
	bool listed;                    /* it has, or had, sources: its mode stays */
	unsigned n, room;
	struct ip *source;
};

static unsigned sources_max(const struct ip *group)
{
	return ip_is4(group) ? SOURCES_MAX : SOURCES6_MAX;
}

/* ------------------------------------------------------------------------- hosts */

static struct host_group *match(struct hash_node *n, const struct ip *group, int ifindex,
				const struct host *h)
{
	for (; n; n = hash_next(n)) {
		struct host_group *g = (struct host_group *)n;

		if (ip_equal(&g->group, group) && (!ifindex || g->ifindex == ifindex) &&
		    (!h || g->host == h))
			return g;
	}
	return NULL;
}

static struct host_group *find_group(struct net *net, const struct ip *group, int ifindex,
				     const struct host *h)
{
	return match(hash_first(&net->groups, ip_hash(group, net->hash_seed)), group, ifindex, h);
}

struct host_group *multicast_next_host(struct net *net, const struct ip *group, int ifindex,
				       const struct host_group *prev)
{
	return prev ? match(hash_next(&prev->node), group, ifindex, NULL)
		    : find_group(net, group, ifindex, NULL);
}

bool multicast_is_all_hosts(const struct ip *group)
{
	static const struct ip all4 = {.b = {[10] = 0xff, 0xff, 224, 0, 0, 1}};
	static const struct ip all6 = {.b = {0xff, 2, [15] = 1}};
	static const struct ip node6 = {.b = {0xff, 1, [15] = 1}};

	return ip_equal(group, &all4) || ip_equal(group, &all6) || ip_equal(group, &node6);
}

static bool takes(const struct membership *m, const struct ip *source)
{
	for (unsigned i = 0; i < m->n; i++)
		if (ip_equal(&m->source[i], source))
			return !m->exclude;
	return m->exclude;
}

bool multicast_host_takes(const struct host_group *g, const struct ip *source)
{
	const struct membership *m;

	LIST_FOREACH(m, &g->members, entry)
		if (takes(m, source))
			return true;
	return false;
}

bool multicast_takes(const struct inet_sock *s, const struct ip *group, const struct ip *source,
		     int ifindex)
{
	const bool ip4 = ip_is4(group);
	const struct membership *m;

	if (!ip_is_multicast(group))
		return true;
	for (m = s->groups; m; m = m->next)
		if (ip_equal(&m->group->group, group) && (!ip4 || m->group->ifindex == ifindex))
			return takes(m, source);
	return inet_flag(s, ip4 ? INET_MC_ALL : INET6_MC_ALL);
}

/* ----------------------------------------------------------- one membership's life */

/* How an option named a group and a device. */
struct place {
	struct ip group;
	struct ip address;   /* IPv4: of the device; any: none was named */
	int ifindex;         /* 0: none was named */
};

/* The device: by its number, its address, or the way to the group. -ENODEV */
static int find_device(const struct inet_sock *s, struct place *p)
{
	const struct host *h = s->sock.host;
	const struct host_address *a;
	struct route r;

	if (p->ifindex)
		return p->ifindex == IF_LO || p->ifindex == IF_ETH ? 0 : -ENODEV;
	if (!ip_is_any(&p->address)) {
		if (ip_is_loopback(&p->address)) {
			p->ifindex = IF_LO;
			return 0;
		}
		TAILQ_FOREACH(a, &h->addresses, entry)
			if (ip_equal(&a->ip, &p->address))
				p->ifindex = a->ifindex;
	} else if (!route_find(s->sock.host, &p->group, 0, &r)) {
		p->ifindex = r.ifindex;
	}
	return p->ifindex ? 0 : -ENODEV;
}

static struct membership *find(const struct inet_sock *s, const struct place *p)
{
	struct membership *m;

	for (m = s->groups; m; m = m->next)
		if (ip_equal(&m->group->group, &p->group) &&
		    (!p->ifindex || m->group->ifindex == p->ifindex))
			return m;
	return NULL;
}

static struct host_group *get_group(struct host *h, const struct place *p)
{
	struct net *net = h->net;
	struct host_group *g = find_group(net, &p->group, p->ifindex, h);

	if (g)
		return g;
	g = alloc_zero(&net->mem, sizeof(*g));
	if (!g)
		return NULL;
	g->host = h;
	g->group = p->group;
	g->ifindex = p->ifindex;
	LIST_INIT(&g->members);
	hash_add(&net->groups, &g->node, ip_hash(&g->group, net->hash_seed));
	return g;
}

static void put_group(struct host_group *g)
{
	struct net *net = g->host->net;

	if (!LIST_EMPTY(&g->members))
		return;
	hash_del(&net->groups, &g->node);
	alloc_put(&net->mem, g);
}

static void end(struct inet_sock *s, struct membership *m)
{
	struct alloc *mem = &s->sock.file.net->mem;
	struct membership **at = &s->groups;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	LIST_REMOVE(m, entry);
	put_group(m->group);
	alloc_put(mem, m->source);
	alloc_put(mem, m);
}

void multicast_free(struct inet_sock *s)
{
	while (s->groups)
		end(s, s->groups);
}

/* How many of this family there are. */
static unsigned count(const struct inet_sock *s, bool ip4)
{
	unsigned n = 0;

	for (const struct membership *m = s->groups; m; m = m->next)
		n += ip_is4(&m->group->group) == ip4;
	return n;
}

static int join4(struct inet_sock *s, struct place *p)
{
	int err = find_device(s, p);

	if (err)
		return err;
	if (find(s, p))
		return -EADDRINUSE;
	return count(s, true) >= MEMBERSHIPS_MAX ? -ENOBUFS : 0;
}

static int join6(struct inet_sock *s, struct place *p)
{
	if (find(s, p))
		return -EADDRINUSE;
	if (count(s, false) >= MEMBERSHIPS6_MAX)
		return -ENOMEM;
	return find_device(s, p);
}

static int join(struct inet_sock *s, struct place *p, bool exclude)
{
	const bool ip4 = ip_is4(&p->group);
	struct alloc *mem = &s->sock.file.net->mem;
	struct membership *m;
	int err;

	if (!ip_is_multicast(&p->group))
		return -EINVAL;
	err = ip4 ? join4(s, p) : join6(s, p);
	if (err)
		return err;
	m = alloc_zero(mem, sizeof(*m));
	if (m)
		m->group = get_group(s->sock.host, p);
	if (!m || !m->group) {
		alloc_put(mem, m);
		return ip4 ? -ENOBUFS : -ENOMEM;
	}
	m->address = p->address;
	m->exclude = exclude;
	m->next = s->groups;
	s->groups = m;
	LIST_INSERT_HEAD(&m->group->members, m, entry);
	return 0;
}

static int leave(struct inet_sock *s, struct place *p)
{
	const bool by_address = !p->ifindex && !ip_is_any(&p->address);
	struct membership *m;
	int err;

	if (ip_is4(&p->group)) {
		err = find_device(s, p);
		if (err && !by_address && !p->ifindex)
			return err;
	} else if (!ip_is_multicast(&p->group)) {
		return -EINVAL;
	}
	for (m = s->groups; m; m = m->next) {
		if (!ip_equal(&m->group->group, &p->group))
			continue;
		if (p->ifindex ? m->group->ifindex != p->ifindex
			       : by_address && !ip_equal(&m->address, &p->address))
			continue;
		end(s, m);
		return 0;
	}
	return -EADDRNOTAVAIL;
}

/* ---------------------------------------------------------------- source filters */

static int find_source(const struct membership *m, const struct ip *source)
{
	for (unsigned i = 0; i < m->n; i++)
		if (ip_equal(&m->source[i], source))
			return i;
	return -1;
}

static int add_source(struct inet_sock *s, struct membership *m, const struct ip *source)
{
	if (m->n >= sources_max(&m->group->group))
		return -ENOBUFS;
	if (m->n == m->room) {
		const unsigned room = m->room + SOURCES_MAX;
		struct ip *grown = alloc_resize(&s->sock.file.net->mem, m->source,
						room * sizeof(*grown));

		if (!grown)
			return -ENOBUFS;
		m->source = grown;
		m->room = room;
	}
	m->listed = true;
	if (find_source(m, source) >= 0)
		return -EADDRNOTAVAIL;
	m->source[m->n++] = *source;
	return 0;
}

static int del_source(struct inet_sock *s, struct membership *m, const struct ip *source)
{
	const int i = find_source(m, source);

	if (i < 0)
		return -EADDRNOTAVAIL;
	if (m->n == 1 && !m->exclude) {
		end(s, m);
		return 0;
	}
	memmove(&m->source[i], &m->source[i + 1], (--m->n - i) * sizeof(*m->source));
	return 0;
}

/* What the four operations on one source are. */
struct source_op {
	int name;
	bool exclude, add, joins;
};

static const struct source_op source_ops[] = {
	{IP_BLOCK_SOURCE, true, true, false},
	{IP_UNBLOCK_SOURCE, true, false, false},
	{IP_ADD_SOURCE_MEMBERSHIP, false, true, true},
	{IP_DROP_SOURCE_MEMBERSHIP, false, false, false},
	{MCAST_BLOCK_SOURCE, true, true, false},
	{MCAST_UNBLOCK_SOURCE, true, false, false},
	{MCAST_JOIN_SOURCE_GROUP, false, true, true},
	{MCAST_LEAVE_SOURCE_GROUP, false, false, false},
};

static int change_source(struct inet_sock *s, const struct option *o, struct place *p,
			 const struct ip *source)
{
	const struct source_op *op = source_ops;
	struct membership *m;
	int err = 0;

	while (op->name != o->name)
		op++;
	if (op->joins)
		err = join(s, p, false);
	if (err && err != -EADDRINUSE)
		return err;
	if (!ip_is_multicast(&p->group))
		return -EINVAL;
	err = find_device(s, p);
	if (err)
		return err;
	m = find(s, p);
	if (!m || (m->listed && m->exclude != op->exclude))
		return -EINVAL;
	m->exclude = op->exclude;
	return op->add ? add_source(s, m, source) : del_source(s, m, source);
}

/* Replaces a membership's filter by n sources. The caller has checked n. */
static int set_filter(struct inet_sock *s, struct place *p, unsigned mode,
		      const struct ip *source, unsigned n)
{
	struct alloc *mem = &s->sock.file.net->mem;
	struct ip *list = NULL;
	struct membership *m;
	int err;

	if (!ip_is_multicast(&p->group) || (mode != MCAST_INCLUDE && mode != MCAST_EXCLUDE))
		return -EINVAL;
	err = find_device(s, p);
	if (err)
		return err;
	if (mode == MCAST_INCLUDE && !n)
		return leave(s, p);
	m = find(s, p);
	if (!m)
		return -EINVAL;
	if (n) {
		list = alloc_get(mem, n * sizeof(*list));
		if (!list)
			return -ENOBUFS;
		memcpy(list, source, n * sizeof(*list));
	}
	alloc_put(mem, m->source);
	m->source = list;
	m->n = m->room = n;
	m->listed = n > 0;
	m->exclude = mode == MCAST_EXCLUDE;
	return 0;
}

/* The membership whose filter is asked for. */
static int get_filter(const struct inet_sock *s, struct place *p, const struct membership **out)
{
	int err;

	if (!ip_is_multicast(&p->group))
		return -EINVAL;
	err = find_device(s, p);
	if (err)
		return err;
	*out = find(s, p);
	return *out ? 0 : -EADDRNOTAVAIL;
}

/* --------------------------------------------------------------------- the options */

int multicast_set_member(struct op *op, struct sock *s, const struct option *o,
			 struct option_value *v)
{
	struct ip_mreqn r = {0};
	struct place p;
	int err;

	if (s->type == SOCK_STREAM)
		return -EPROTO;
	if (v->len < (int)sizeof(struct ip_mreq))
		return -EINVAL;
	err = option_bytes(v, &r, v->len >= (int)sizeof(r) ? sizeof(r) : sizeof(struct ip_mreq));
	if (err)
		return err;
	p = (struct place){ip_from4(r.imr_multiaddr.s_addr), ip_from4(r.imr_address.s_addr),
			   r.imr_ifindex};
	return o->name == IP_ADD_MEMBERSHIP ? join(inet_of(s), &p, true) : leave(inet_of(s), &p);
}

int multicast_set_source(struct op *op, struct sock *s, const struct option *o,
			 struct option_value *v)
{
	struct ip_mreq_source r;
	struct place p = {0};
	struct ip source;
	int err;

	if (v->len != sizeof(r))
		return -EINVAL;
	err = option_bytes(v, &r, sizeof(r));
	if (err)
		return err;
	p.group = ip_from4(r.imr_multiaddr.s_addr);
	p.address = ip_from4(r.imr_interface.s_addr);
	source = ip_from4(r.imr_sourceaddr.s_addr);
	return change_source(inet_of(s), o, &p, &source);
}

int multicast_set_msfilter(struct op *op, struct sock *s, const struct option *o,
			   struct option_value *v)
{
	struct ip_msfilter *f = (struct ip_msfilter *)v->val;
	struct ip source[SOURCES_MAX];
	struct place p = {0};

	if (v->len < (int)IP_MSFILTER_SIZE(0))
		return -EINVAL;
	if (v->have < v->len)
		return -EFAULT;
	if (f->imsf_numsrc > SOURCES_MAX)
		return -ENOBUFS;
	if ((int)IP_MSFILTER_SIZE(f->imsf_numsrc) > v->len)
		return -EINVAL;
	for (unsigned i = 0; i < f->imsf_numsrc; i++) {
		uint32_t be;

		memcpy(&be, v->val + IP_MSFILTER_SIZE(i), sizeof(be));
		source[i] = ip_from4(be);
	}
	p.group = ip_from4(f->imsf_multiaddr.s_addr);
	p.address = ip_from4(f->imsf_interface.s_addr);
	return set_filter(inet_of(s), &p, f->imsf_fmode, source, f->imsf_numsrc);
}

int multicast_get_msfilter(struct op *op, struct sock *s, const struct option *o,
			   struct option_value *v)
{
	const struct membership *m;
	struct ip_msfilter f;
	struct place p = {0};
	unsigned n;
	int err;

	if (v->len < (int)IP_MSFILTER_SIZE(0))
		return -EINVAL;
	if (v->have < (int)IP_MSFILTER_SIZE(0))
		return -EFAULT;
	memcpy(&f, v->val, IP_MSFILTER_SIZE(0));
	p.group = ip_from4(f.imsf_multiaddr.s_addr);
	p.address = ip_from4(f.imsf_interface.s_addr);
	err = get_filter(inet_of(s), &p, &m);
	if (err)
		return err;
	n = m->n < f.imsf_numsrc ? m->n : f.imsf_numsrc;
	if ((int)IP_MSFILTER_SIZE(n) > v->len)
		n = (v->len - IP_MSFILTER_SIZE(0)) / sizeof(uint32_t);
	f.imsf_fmode = m->exclude ? MCAST_EXCLUDE : MCAST_INCLUDE;
	f.imsf_numsrc = m->n;
	memcpy(v->val, &f, IP_MSFILTER_SIZE(0));
	for (unsigned i = 0; i < n; i++) {
		const uint32_t be = ip_to4(&m->source[i]);

		memcpy(v->val + IP_MSFILTER_SIZE(i), &be, sizeof(be));
	}
	v->len = IP_MSFILTER_SIZE(n);
	return 0;
}

/* An address in a sockaddr_storage; -EINVAL if it is of another family. */
static int read_address(const struct sockaddr_storage *ss, bool ip4, struct ip *out)
{
	if (ss->ss_family != (ip4 ? AF_INET : AF_INET6))
		return -EINVAL;
	if (ip4)
		*out = ip_from4(((const struct sockaddr_in *)ss)->sin_addr.s_addr);
	else
		memcpy(out, &((const struct sockaddr_in6 *)ss)->sin6_addr, sizeof(*out));
	return 0;
}

static void write_address(const struct ip *ip, bool ip4, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	ss->ss_family = ip4 ? AF_INET : AF_INET6;
	if (ip4)
		((struct sockaddr_in *)ss)->sin_addr.s_addr = ip_to4(ip);
	else
		memcpy(&((struct sockaddr_in6 *)ss)->sin6_addr, ip, sizeof(*ip));
}

static int set_group(struct sock *s, const struct option *o, struct option_value *v, bool ip4)
{
	struct group_req r;
	struct place p = {.address = ip_any4};
	int err = option_bytes(v, &r, sizeof(r));

	if (err)
		return err;
	if (read_address(&r.gr_group, ip4, &p.group))
		return ip4 ? -EINVAL : -EADDRNOTAVAIL;
	p.ifindex = r.gr_interface;
	return o->name == MCAST_JOIN_GROUP ? join(inet_of(s), &p, true) : leave(inet_of(s), &p);
}

int multicast_set_group(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	return set_group(s, o, v, true);
}

int multicast_set_group6(struct op *op, struct sock *s, const struct option *o,
			 struct option_value *v)
{
	return set_group(s, o, v, false);
}

static int set_group_source(struct sock *s, const struct option *o, struct option_value *v,
			    bool ip4)
{
	struct group_source_req r;
	struct place p = {.address = ip_any4};
	struct ip source;
	int err = v->len == sizeof(r) ? option_bytes(v, &r, sizeof(r)) : -EINVAL;

	if (err)
		return err;
	if (read_address(&r.gsr_group, ip4, &p.group) || read_address(&r.gsr_source, ip4, &source))
		return -EADDRNOTAVAIL;
	p.ifindex = r.gsr_interface;
	return change_source(inet_of(s), o, &p, &source);
}

int multicast_set_group_source(struct op *op, struct sock *s, const struct option *o,
			       struct option_value *v)
{
	return set_group_source(s, o, v, true);
}

int multicast_set_group_source6(struct op *op, struct sock *s, const struct option *o,
				struct option_value *v)
{
	return set_group_source(s, o, v, false);
}

static int set_group_filter(struct sock *s, struct option_value *v, bool ip4)
{
	struct group_filter f;
	struct ip source[SOURCES6_MAX];
	struct place p = {.address = ip_any4};

	if (v->len < (int)GROUP_FILTER_SIZE(0))
		return -EINVAL;
	if (v->have < v->len)
		return -EFAULT;
	memcpy(&f, v->val, GROUP_FILTER_SIZE(0));
	if (f.gf_numsrc > (ip4 ? (unsigned)SOURCES_MAX : SOURCES6_MAX))
		return -ENOBUFS;
	if ((int)GROUP_FILTER_SIZE(f.gf_numsrc) > v->len)
		return -EINVAL;
	if (read_address(&f.gf_group, ip4, &p.group))
		return ip4 ? -EADDRNOTAVAIL : -EINVAL;
	for (unsigned i = 0; i < f.gf_numsrc; i++) {
		struct sockaddr_storage ss;

		memcpy(&ss, v->val + GROUP_FILTER_SIZE(i), sizeof(ss));
		/* IPv6 takes the addresses as they are. */
		if (ip4 && ss.ss_family != AF_INET)
			return -EADDRNOTAVAIL;
		ss.ss_family = ip4 ? AF_INET : AF_INET6;
		read_address(&ss, ip4, &source[i]);
	}
	p.ifindex = f.gf_interface;
	return set_filter(inet_of(s), &p, f.gf_fmode, source, f.gf_numsrc);
}

int multicast_set_group_filter(struct op *op, struct sock *s, const struct option *o,
			       struct option_value *v)
{
	return set_group_filter(s, v, true);
}

int multicast_set_group_filter6(struct op *op, struct sock *s, const struct option *o,
				struct option_value *v)
{
	return set_group_filter(s, v, false);
}

static int get_group_filter(struct sock *s, struct option_value *v, bool ip4)
{
	const struct membership *m;
	struct group_filter f;
	struct place p = {.address = ip_any4};
	unsigned n;
	int err;

	if (v->len < (int)GROUP_FILTER_SIZE(0))
		return -EINVAL;
	if (v->have < (int)GROUP_FILTER_SIZE(0))
		return -EFAULT;
	memcpy(&f, v->val, GROUP_FILTER_SIZE(0));
	if (read_address(&f.gf_group, ip4, &p.group))
		return ip4 ? -EINVAL : -EADDRNOTAVAIL;
	p.ifindex = f.gf_interface;
	err = get_filter(inet_of(s), &p, &m);
	if (err)
		return err;
	n = m->n < f.gf_numsrc ? m->n : f.gf_numsrc;
	if (GROUP_FILTER_SIZE(n) > (size_t)v->len)
		n = (v->len - GROUP_FILTER_SIZE(0)) / sizeof(struct sockaddr_storage);
	f.gf_fmode = m->exclude ? MCAST_EXCLUDE : MCAST_INCLUDE;
	f.gf_numsrc = m->n;
	memcpy(v->val, &f, GROUP_FILTER_SIZE(0));
	for (unsigned i = 0; i < n; i++) {
		struct sockaddr_storage ss;

		write_address(&m->source[i], ip4, &ss);
		memcpy(v->val + GROUP_FILTER_SIZE(i), &ss, sizeof(ss));
	}
	v->len = GROUP_FILTER_SIZE(n);
	return 0;
}

int multicast_get_group_filter(struct op *op, struct sock *s, const struct option *o,
			       struct option_value *v)
{
	return get_group_filter(s, v, true);
}

int multicast_get_group_filter6(struct op *op, struct sock *s, const struct option *o,
				struct option_value *v)
{
	return get_group_filter(s, v, false);
}

int multicast_set_member6(struct op *op, struct sock *s, const struct option *o,
			  struct option_value *v)
{
	struct ipv6_mreq r;
	struct place p = {.address = ip_any4};
	int err;

	if (v->len < (int)sizeof(r))
		return -EINVAL;
	if (s->type == SOCK_STREAM)
		return -EPROTO;
	err = option_bytes(v, &r, sizeof(r));
	if (err)
		return err;
	memcpy(&p.group, &r.ipv6mr_multiaddr, sizeof(p.group));
	p.ifindex = r.ipv6mr_interface;
	/* An IPv4 group in IPv6's clothes is none. */
	if (ip_is4(&p.group))
		return -EINVAL;
	return o->name == IPV6_JOIN_GROUP ? join(inet_of(s), &p, true) : leave(inet_of(s), &p);
}
