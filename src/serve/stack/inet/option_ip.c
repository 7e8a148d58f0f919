/*
 * option_ip.c - options of IPPROTO_IP.
 *
 * They work on sockets of both families: one of AF_INET6 that speaks with an IPv4
 * address obeys them. They only keep what they are told; ip_control.c, udp.c, tcp.c
 * and ports.c look at struct inet_sock.
 *
 * An empty value is 0 to some options and wrong to others: as do_ip_setsockopt() has it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "errqueue.h"
#include "multicast.h"
#include "option_inet.h"

#ifndef IP_RECVERR_RFC4884
#define IP_RECVERR_RFC4884 26
#endif
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif
#ifndef IP_PROTOCOL
#define IP_PROTOCOL 52
#endif

/* ---------------------------------------------------------------------- common */

int option_inet_get_flag(struct op *op, struct sock *s, const struct option *o,
			 struct option_value *v)
{
	return option_put_int(v, inet_flag(inet_of(s), o->at));
}

void option_inet_put_flag(struct sock *s, const struct option *o, bool on)
{
	struct inet_sock *i = inet_of(s);

	i->ip_flags = on ? i->ip_flags | UINT32_C(1) << o->at
			 : i->ip_flags & ~(UINT32_C(1) << o->at);
}

int option_inet_set_flag(struct op *op, struct sock *s, const struct option *o,
			 struct option_value *v)
{
	int on, err = option_int(v, &on);

	if (!err)
		option_inet_put_flag(s, o, on);
	return err;
}

int option_inet_set_bit(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	int on, err = option_int(v, &on);

	if (err)
		return err;
	if (on != 0 && on != 1)
		return -EINVAL;
	option_inet_put_flag(s, o, on);
	return 0;
}

int option_inet_mtu(const struct inet_sock *i)
{
	enum { IP_MAX_MTU = 65535 };
	struct route r;

	if (!i->remote_set || route_find(i->sock.host, &i->remote.ip, i->sock.bound_ifindex, &r))
		return -ENOTCONN;
	return ip_is4(&i->remote.ip) && r.mtu > IP_MAX_MTU ? IP_MAX_MTU : r.mtu;
}

int option_inet_get_mtu(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	const int mtu = option_inet_mtu(inet_of(s));

	return mtu < 0 ? mtu : option_put_int(v, mtu);
}

int option_inet_unicast_if(const struct sock *s, const struct option_value *v, int *ifindex)
{
	uint32_t be;
	int err;

	if (v->len != sizeof(be))
		return -EINVAL;
	err = option_bytes(v, &be, sizeof(be));
	if (err)
		return err;
	*ifindex = ntohl(be);
	if (*ifindex && !option_inet_has_device(*ifindex))
		return -EADDRNOTAVAIL;
	/* One that is bound to a device cannot choose, not even the same one. */
	return *ifindex && s->bound_ifindex ? -EINVAL : 0;
}

/* ---------------------------------------------------------------------- values */

/* Of an option to which nothing is 0. */
static int int_or_none(const struct option_value *v, int *n)
{
	*n = 0;
	return v->len ? option_int(v, n) : 0;
}

static int set_flag(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	int on, err = int_or_none(v, &on);

	if (!err)
		option_inet_put_flag(s, o, on);
	return err;
}

/* 0 or 1, nothing else; nothing is 0. */
static int set_bit(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	if (v->len)
		return option_inet_set_bit(op, s, o, v);
	option_inet_put_flag(s, o, false);
	return 0;
}

static int set_recverr(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	int err = set_flag(op, s, o, v);

	if (!err && !inet_flag(inet_of(s), INET_RECVERR))
		errqueue_free(inet_of(s));
	return err;
}

static int set_transparent(struct op *op, struct sock *s, const struct option *o,
			   struct option_value *v)
{
	int on, err = int_or_none(v, &on);

	if (err)
		return err;
	if (on && !op->task->privileged)
		return -EPERM;
	if (!v->len)
		return -EINVAL;
	option_inet_put_flag(s, o, on);
	return 0;
}

static int get_zero(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return option_put_int(v, 0);
}

/* Raw sockets only; the value is looked at first. */
static int set_raw(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	int n, err = int_or_none(v, &n);

	return err ? err : o->name == IP_ROUTER_ALERT ? -EINVAL : -ENOPROTOOPT;
}

/* As rt_tos2priority(). */
static int priority_of(int tos)
{
	static const uint8_t of[] = {0, 2, 6, 4};

	return of[tos >> 3 & 3];
}

/* TCP speaks for itself in the two bits of ECN. */
static int set_tos(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	struct inet_sock *i = inet_of(s);
	enum { ECN = 3 };
	int n, err = int_or_none(v, &n);

	if (err)
		return err;
	if (s->type == SOCK_STREAM)
		n = (n & ~ECN) | (i->tos & ECN);
	/* Compared before it is cut to the eight bits that there are. */
	if (i->tos != n) {
		i->tos = n;
		s->priority = priority_of(i->tos);
	}
	return 0;
}

static int get_tos(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return option_put_int(v, inet_of(s)->tos);
}

static int set_ttl(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	int n, err = option_int(v, &n);

	if (err)
		return err;
	if (n != -1 && (n < 1 || n > 255))
		return -EINVAL;
	inet_of(s)->ttl = n == -1 ? 0 : n;
	return 0;
}

static int get_ttl(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	const struct inet_sock *i = inet_of(s);

	return option_put_int(v, i->ttl ? i->ttl : 64);
}

static int set_pmtudisc(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	int n, err = int_or_none(v, &n);

	if (err)
		return err;
	if (n < IP_PMTUDISC_DONT || n > IP_PMTUDISC_OMIT)
		return -EINVAL;
	inet_of(s)->pmtudisc = n;
	return 0;
}

static int get_pmtudisc(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	return option_put_int(v, inet_of(s)->pmtudisc);
}

/* None ever travel; to take them all back is fine. */
static int set_options(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	if (v->have < v->len)
		return -EFAULT;
	return v->len ? -ENOPROTOOPT : 0;
}

static int get_options(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	return option_put(v, "", 0);
}

/* "inet_num", which is a raw socket's protocol, and of others the local port. */
static int get_protocol(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	return option_put_int(v, inet_of(s)->local.port);
}

static int set_unicast_if(struct op *op, struct sock *s, const struct option *o,
			  struct option_value *v)
{
	int ifindex, err = option_inet_unicast_if(s, v, &ifindex);

	if (!err)
		inet_of(s)->unicast_if = ifindex;
	return err;
}

static int get_unicast_if(struct op *op, struct sock *s, const struct option *o,
			  struct option_value *v)
{
	return option_put_int(v, htonl(inet_of(s)->unicast_if));
}

static int set_port_range(struct op *op, struct sock *s, const struct option *o,
			  struct option_value *v)
{
	struct inet_sock *i = inet_of(s);
	int n, err;

	if (v->len != sizeof(n))
		return -EINVAL;
	err = option_int(v, &n);
	if (err)
		return err;
	const uint16_t low = n, high = (uint32_t)n >> 16;
	if (low && high && low > high)
		return -EINVAL;
	i->local_low = low;
	i->local_high = high;
	return 0;
}

static int get_port_range(struct op *op, struct sock *s, const struct option *o,
			  struct option_value *v)
{
	const struct inet_sock *i = inet_of(s);

	return option_put_int(v, (uint32_t)i->local_high << 16 | i->local_low);
}

/* ------------------------------------------------------------------- multicast */

static int set_mc_ttl(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	int n, err = option_int(v, &n);

	if (err)
		return err;
	if (s->type == SOCK_STREAM || n < -1 || n > 255)
		return -EINVAL;
	inet_of(s)->mc_ttl = n == -1 ? 1 : n;
	return 0;
}

static int get_mc_ttl(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	return option_put_int(v, inet_of(s)->mc_ttl);
}

/* The device that has this address of the host's; 0: none. */
static int device_of(const struct host *h, uint32_t be)
{
	const struct ip ip = ip_from4(be);
	const struct host_address *a;

	if (ip_is_loopback(&ip))
		return IF_LO;
	TAILQ_FOREACH(a, &h->addresses, entry)
		if (ip_equal(&a->ip, &ip))
			return a->ifindex;
	return 0;
}

/* An address, a struct ip_mreq or a struct ip_mreqn; the more is given, the more is
 * looked at. */
static int set_mc_if(struct op *op, struct sock *s, const struct option *o,
		     struct option_value *v)
{
	struct inet_sock *i = inet_of(s);
	struct ip_mreqn m = {0};
	int ifindex, err;

	if (s->type == SOCK_STREAM)
		return -EINVAL;
	if (v->len >= (int)sizeof(struct ip_mreqn))
		err = option_bytes(v, &m, sizeof(m));
	else if (v->len >= (int)sizeof(struct ip_mreq))
		err = option_bytes(v, &m, sizeof(struct ip_mreq));
	else
		err = option_bytes(v, &m.imr_address, sizeof(m.imr_address));
	if (err)
		return err;
	ifindex = m.imr_ifindex;
	if (ifindex ? !option_inet_has_device(ifindex)
		    : m.imr_address.s_addr && !(ifindex = device_of(s->host, m.imr_address.s_addr)))
		return -EADDRNOTAVAIL;
	if (ifindex && s->bound_ifindex && ifindex != s->bound_ifindex)
		return -EINVAL;
	i->mc_if = ifindex;
	i->mc_addr = m.imr_address.s_addr;
	return 0;
}

static int get_mc_if(struct op *op, struct sock *s, const struct option *o,
		     struct option_value *v)
{
	return option_put(v, &inet_of(s)->mc_addr, sizeof(inet_of(s)->mc_addr));
}

/* ----------------------------------------------------------------------- table */

#define OWN(opt, set_, get_, text_) \
	{.name = opt, .text = #opt, .kind = OPT_OWN, .set = set_, .get = get_, .does = text_}
#define FLAG(opt, bit, set_, text_) \
	{.name = opt, .text = #opt, .kind = OPT_OWN, .at = bit, .set = set_, \
	 .get = option_inet_get_flag, .does = text_}

static const struct option rows[] = {
	OWN(IP_TOS, set_tos, get_tos, "of what is sent: IP_RECVTOS; sets SO_PRIORITY"),
	OWN(IP_TTL, set_ttl, get_ttl, "of what is sent: IP_RECVTTL"),
	OWN(IP_HDRINCL, set_raw, get_zero, "0: no raw sockets"),
	OWN(IP_OPTIONS, set_options, get_options, "none; to set any is refused"),
	OWN(IP_ROUTER_ALERT, set_raw, get_zero, "0: no raw sockets"),
	FLAG(IP_RECVOPTS, INET_RECVOPTS, set_flag, "kept; no packet has options"),
	FLAG(IP_RETOPTS, INET_RETOPTS, set_flag, "kept; no packet has options"),
	FLAG(IP_PKTINFO, INET_PKTINFO, set_flag, "struct in_pktinfo with what is received"),
	OWN(IP_MTU_DISCOVER, set_pmtudisc, get_pmtudisc, "datagrams past the MTU: cut up, or "
	    "EMSGSIZE"),
	FLAG(IP_RECVERR, INET_RECVERR, set_recverr, "queues errors for MSG_ERRQUEUE"),
	FLAG(IP_RECVTTL, INET_RECVTTL, set_flag, "IP_TTL with what is received"),
	FLAG(IP_RECVTOS, INET_RECVTOS, set_flag, "IP_TOS with what is received"),
	OWN(IP_MTU, NULL, option_inet_get_mtu, "of the way to the peer"),
	FLAG(IP_FREEBIND, INET_FREEBIND, option_inet_set_flag, "bind takes any address"),
	{.name = IP_TRANSPARENT, .text = "IP_TRANSPARENT", .kind = OPT_OWN, .at = INET_TRANSPARENT,
	 .set = set_transparent, .get = option_inet_get_flag,
	 .does = "privileged; bind takes any address"},
	FLAG(IP_ORIGDSTADDR, INET_RECVORIGDST, set_flag, "where to, with what is received"),
	OWN(IP_NODEFRAG, set_raw, get_zero, "0: no raw sockets"),
	FLAG(IP_BIND_ADDRESS_NO_PORT, INET_BIND_ADDRESS_NO_PORT, set_flag,
	     "bind leaves the choice of a port to connect"),
	FLAG(IP_RECVERR_RFC4884, INET_RECVERR_RFC4884, set_bit, "kept; no error has extensions"),
	OWN(IP_MULTICAST_IF, set_mc_if, get_mc_if, "the device for groups"),
	OWN(IP_MULTICAST_TTL, set_mc_ttl, get_mc_ttl, "IP_TTL for groups"),
	FLAG(IP_MULTICAST_LOOP, INET_MC_LOOP, option_inet_set_flag, "this host hears what it sends to "
	     "groups"),
	OWN(IP_ADD_MEMBERSHIP, multicast_set_member, NULL, "joins a group"),
	OWN(IP_DROP_MEMBERSHIP, multicast_set_member, NULL, "leaves it"),
	OWN(IP_UNBLOCK_SOURCE, multicast_set_source, NULL, "hears a source again"),
	OWN(IP_BLOCK_SOURCE, multicast_set_source, NULL, "hears all of a group but a source"),
	OWN(IP_ADD_SOURCE_MEMBERSHIP, multicast_set_source, NULL, "joins one source of a group"),
	OWN(IP_DROP_SOURCE_MEMBERSHIP, multicast_set_source, NULL, "leaves it"),
	OWN(IP_MSFILTER, multicast_set_msfilter, multicast_get_msfilter, "all sources of a group "
	    "at once"),
	OWN(MCAST_JOIN_GROUP, multicast_set_group, NULL, "joins a group"),
	OWN(MCAST_BLOCK_SOURCE, multicast_set_group_source, NULL, "hears all of a group but a "
	    "source"),
	OWN(MCAST_UNBLOCK_SOURCE, multicast_set_group_source, NULL, "hears a source again"),
	OWN(MCAST_LEAVE_GROUP, multicast_set_group, NULL, "leaves it"),
	OWN(MCAST_JOIN_SOURCE_GROUP, multicast_set_group_source, NULL, "joins one source of a "
	    "group"),
	OWN(MCAST_LEAVE_SOURCE_GROUP, multicast_set_group_source, NULL, "leaves it"),
	OWN(MCAST_MSFILTER, multicast_set_group_filter, multicast_get_group_filter,
	    "all sources of a group at once"),
	FLAG(IP_MULTICAST_ALL, INET_MC_ALL, option_inet_set_bit, "hears groups that others of its host joined"),
	OWN(IP_UNICAST_IF, set_unicast_if, get_unicast_if, "the device for what is no group"),
	OWN(IP_LOCAL_PORT_RANGE, set_port_range, get_port_range, "of ports that are chosen for it"),
	OWN(IP_PROTOCOL, NULL, get_protocol, "the local port, as on Linux"),
};

const struct option_table options_ip = {
	IPPROTO_IP, "IPPROTO_IP", rows, sizeof(rows) / sizeof(rows[0]),
};
