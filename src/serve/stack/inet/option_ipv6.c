/*
 * option_ipv6.c - options of IPPROTO_IPV6, for sockets of AF_INET6.
 *
 * As option_ip.c for IPv6. FREEBIND and TRANSPARENT are the same by either level.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "errqueue.h"
#include "multicast.h"
#include "option_inet.h"

/* What <netinet/in.h> does not have. */
enum {
	MULTICAST_ALL = 29, RECVERR_RFC4884 = 31, ORIGDSTADDR = 74, TRANSPARENT = 75,
	UNICAST_IF = 76, FREEBIND = 78,
};

/* The one option to which too short a value is 0. */
static int set_dontfrag(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	if (v->len >= (int)sizeof(int))
		return option_inet_set_flag(op, s, o, v);
	option_inet_put_flag(s, o, false);
	return 0;
}

static int set_recverr(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	int err = option_inet_set_flag(op, s, o, v);

	if (!err && !inet_flag(inet_of(s), INET6_RECVERR))
		errqueue_free(inet_of(s));
	return err;
}

static int set_transparent(struct op *op, struct sock *s, const struct option *o,
			   struct option_value *v)
{
	int on, err = option_int(v, &on);

	if (err)
		return err;
	if (on && !op->task->privileged)
		return -EPERM;
	option_inet_put_flag(s, o, on);
	return 0;
}

/* Whom a socket hears is settled when it is bound. */
static int set_v6only(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	int on, err = option_int(v, &on);

	if (err)
		return err;
	if (inet_of(s)->local.port)
		return -EINVAL;
	inet_of(s)->v6only = on;
	return 0;
}

static int get_v6only(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	return option_put_int(v, inet_of(s)->v6only);
}

/* Connected over IPv4, it may become one of AF_INET. */
static int set_family(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	struct inet_sock *i = inet_of(s);
	int family, err = option_int(v, &family);

	if (err)
		return err;
	if (family != AF_INET)
		return -EINVAL;
	if (!i->remote_set)
		return -ENOTCONN;
	if (i->v6only || !ip_is4(&i->remote.ip))
		return -EADDRNOTAVAIL;
	multicast_free(i);
	s->family = AF_INET;
	return 0;
}

static int get_family(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	return inet_of(s)->remote_set ? option_put_int(v, s->family) : -ENOTCONN;
}

static int set_hops(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	int n, err = option_int(v, &n);

	if (err)
		return err;
	if (n < -1 || n > 255)
		return -EINVAL;
	inet_of(s)->hops = n;
	return 0;
}

static int get_hops(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	const struct inet_sock *i = inet_of(s);

	return option_put_int(v, i->hops < 0 ? 64 : i->hops);
}

static int set_pmtudisc(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	int n, err = option_int(v, &n);

	if (err)
		return err;
	if (n < IPV6_PMTUDISC_DONT || n > IPV6_PMTUDISC_OMIT)
		return -EINVAL;
	inet_of(s)->pmtudisc6 = n;
	return 0;
}

static int get_pmtudisc(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	return option_put_int(v, inet_of(s)->pmtudisc6);
}

/* TCP speaks for itself in the two bits of ECN. */
static int set_tclass(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	struct inet_sock *i = inet_of(s);
	enum { ECN = 3 };
	int n, err = option_int(v, &n);

	if (err)
		return err;
	if (n < -1 || n > 255)
		return -EINVAL;
	if (n == -1)
		n = 0;
	if (s->type == SOCK_STREAM)
		n = (n & ~ECN) | (i->tclass & ECN);
	i->tclass = n;
	return 0;
}

static int get_tclass(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	return option_put_int(v, inet_of(s)->tclass);
}

/* To take back a bound of its own is fine, as there never is one. */
static int set_mtu(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	enum { LEAST = 1280 };
	int n, err = option_int(v, &n);

	if (err)
		return err;
	return !n ? 0 : n < LEAST ? -EINVAL : -ENOPROTOOPT;
}

static int get_path_mtu(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	struct ip6_mtuinfo info = {0};
	int mtu;

	if (v->len < (int)sizeof(info))
		return -EINVAL;
	mtu = option_inet_mtu(inet_of(s));
	if (mtu < 0)
		return mtu;
	info.ip6m_mtu = mtu;
	return option_put(v, &info, sizeof(info));
}

static int set_unicast_if(struct op *op, struct sock *s, const struct option *o,
			  struct option_value *v)
{
	int ifindex, err = option_inet_unicast_if(s, v, &ifindex);

	if (!err)
		inet_of(s)->unicast_if6 = ifindex;
	return err;
}

static int get_unicast_if(struct op *op, struct sock *s, const struct option *o,
			  struct option_value *v)
{
	return option_put_int(v, htonl(inet_of(s)->unicast_if6));
}

/* ------------------------------------------------------------------- multicast */

static int set_mc_if(struct op *op, struct sock *s, const struct option *o,
		     struct option_value *v)
{
	int ifindex, err;

	if (s->type == SOCK_STREAM)
		return -ENOPROTOOPT;
	err = option_int(v, &ifindex);
	if (err)
		return err;
	if (ifindex && !option_inet_has_device(ifindex))
		return -ENODEV;
	if (ifindex && s->bound_ifindex && ifindex != s->bound_ifindex)
		return -EINVAL;
	inet_of(s)->mc_if6 = ifindex;
	return 0;
}

static int get_mc_if(struct op *op, struct sock *s, const struct option *o,
		     struct option_value *v)
{
	return option_put_int(v, inet_of(s)->mc_if6);
}

static int set_mc_hops(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	int n, err;

	if (s->type == SOCK_STREAM)
		return -ENOPROTOOPT;
	err = option_int(v, &n);
	if (err)
		return err;
	if (n < -1 || n > 255)
		return -EINVAL;
	inet_of(s)->mc_hops = n == -1 ? 1 : n;
	return 0;
}

static int get_mc_hops(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	return option_put_int(v, inet_of(s)->mc_hops);
}

/* ----------------------------------------------------------------------- table */

#define OWN(opt, set_, get_, text_) \
	{.name = opt, .text = #opt, .kind = OPT_OWN, .set = set_, .get = get_, .does = text_}
#define OWN_(opt, set_, get_, text_) \
	{.name = opt, .text = "IPV6_" #opt, .kind = OPT_OWN, .set = set_, .get = get_, .does = text_}
#define FLAG(opt, bit, set_, text_) \
	{.name = opt, .text = #opt, .kind = OPT_OWN, .at = bit, .set = set_, \
	 .get = option_inet_get_flag, .does = text_}
#define FLAG_(opt, bit, set_, text_) \
	{.name = opt, .text = "IPV6_" #opt, .kind = OPT_OWN, .at = bit, .set = set_, \
	 .get = option_inet_get_flag, .does = text_}

static const struct option rows[] = {
	OWN(IPV6_ADDRFORM, set_family, get_family, "connected to an IPv4 address: makes it a "
	    "socket of AF_INET"),
	OWN(IPV6_UNICAST_HOPS, set_hops, get_hops, "of what is sent: IPV6_RECVHOPLIMIT"),
	OWN(IPV6_MULTICAST_IF, set_mc_if, get_mc_if, "the device for groups"),
	OWN(IPV6_MULTICAST_HOPS, set_mc_hops, get_mc_hops, "IPV6_UNICAST_HOPS for groups"),
	FLAG(IPV6_MULTICAST_LOOP, INET6_MC_LOOP, option_inet_set_bit, "this host hears what it sends to groups"),
	{.name = IPV6_JOIN_GROUP, .text = "IPV6_ADD_MEMBERSHIP", .kind = OPT_OWN,
	 .set = multicast_set_member6, .does = "joins a group"},
	{.name = IPV6_LEAVE_GROUP, .text = "IPV6_DROP_MEMBERSHIP", .kind = OPT_OWN,
	 .set = multicast_set_member6, .does = "leaves it"},
	OWN(IPV6_MTU_DISCOVER, set_pmtudisc, get_pmtudisc, "datagrams past the MTU: cut up, or "
	    "EMSGSIZE"),
	OWN(IPV6_MTU, set_mtu, option_inet_get_mtu, "of the way to the peer; cannot be set"),
	FLAG(IPV6_RECVERR, INET6_RECVERR, set_recverr, "queues errors for MSG_ERRQUEUE"),
	OWN(IPV6_V6ONLY, set_v6only, get_v6only, "bound to ::, leaves IPv4 to others"),
	FLAG_(MULTICAST_ALL, INET6_MC_ALL, option_inet_set_flag, "hears groups that others of its host joined"),
	FLAG_(RECVERR_RFC4884, INET6_RECVERR_RFC4884, option_inet_set_bit, "kept; no error has extensions"),
	OWN(MCAST_JOIN_GROUP, multicast_set_group6, NULL, "joins a group"),
	OWN(MCAST_BLOCK_SOURCE, multicast_set_group_source6, NULL, "hears all of a group but a "
	    "source"),
	OWN(MCAST_UNBLOCK_SOURCE, multicast_set_group_source6, NULL, "hears a source again"),
	OWN(MCAST_LEAVE_GROUP, multicast_set_group6, NULL, "leaves it"),
	OWN(MCAST_JOIN_SOURCE_GROUP, multicast_set_group_source6, NULL, "joins one source of a "
	    "group"),
	OWN(MCAST_LEAVE_SOURCE_GROUP, multicast_set_group_source6, NULL, "leaves it"),
	OWN(MCAST_MSFILTER, multicast_set_group_filter6, multicast_get_group_filter6,
	    "all sources of a group at once"),
	FLAG(IPV6_RECVPKTINFO, INET6_PKTINFO, option_inet_set_flag, "struct in6_pktinfo with what is received"),
	FLAG(IPV6_RECVHOPLIMIT, INET6_HOPLIMIT, option_inet_set_flag, "IPV6_HOPLIMIT with what is received"),
	FLAG(IPV6_RECVHOPOPTS, INET6_RECVHOPOPTS, option_inet_set_flag, "kept; no packet has them"),
	FLAG(IPV6_RECVRTHDR, INET6_RECVRTHDR, option_inet_set_flag, "kept; no packet has one"),
	FLAG(IPV6_RECVDSTOPTS, INET6_RECVDSTOPTS, option_inet_set_flag, "kept; no packet has them"),
	OWN(IPV6_PATHMTU, NULL, get_path_mtu, "of the way to the peer"),
	FLAG(IPV6_DONTFRAG, INET6_DONTFRAG, set_dontfrag, "datagrams past the MTU: EMSGSIZE"),
	FLAG(IPV6_RECVTCLASS, INET6_TCLASS, option_inet_set_flag, "IPV6_TCLASS with what is received"),
	OWN(IPV6_TCLASS, set_tclass, get_tclass, "of what is sent: IPV6_RECVTCLASS"),
	FLAG_(ORIGDSTADDR, INET6_RECVORIGDST, option_inet_set_flag, "where to, with what is received"),
	FLAG_(TRANSPARENT, INET_TRANSPARENT, set_transparent, "privileged; bind takes any address"),
	OWN_(UNICAST_IF, set_unicast_if, get_unicast_if, "the device for what is no group"),
	FLAG_(FREEBIND, INET_FREEBIND, option_inet_set_flag, "bind takes any address"),
};

const struct option_table options_ipv6 = {
	IPPROTO_IPV6, "IPPROTO_IPV6", rows, sizeof(rows) / sizeof(rows[0]),
};
