/*
 * udp_deliver.c - who gets a datagram.
 *
 * One address: the socket that port_receiver() finds on the host that has it; if there
 * is none, that host says so (ICMP) to the sender at once. A group or a broadcast
 * address: each socket that takes it, of each host on the link that is a member, the
 * sender's own too unless its loop is off. Nobody answers for a group.
 *
 * The bytes are taken from the sender's memory once, into the packet of the first
 * receiver; before that nobody has got anything, so a fault undoes nothing.
 */
#include <errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>

#include "../inet/errqueue.h"
#include "../inet/multicast.h"
#include "udp.h"

/* Part of a datagram as a packet of this socket's: *out, or -ENOBUFS, -EFAULT. */
static int make(struct udp_out *o, struct udp_sock *of, size_t skip, size_t len,
		struct packet **out)
{
	struct packet *p = udp_packet_new(of, len);
	int err = 0;

	if (!p)
		return -ENOBUFS;
	p->len = len;
	p->segment = 0;
	p->header = o->header;
	if (!o->m)
		memcpy(p->data, o->data + skip, len);
	else if (len)
		err = message_take(o->m, skip, p->data, len);
	if (err) {
		udp_packet_put(of, p);
		return err;
	}
	*out = p;
	return 0;
}

/* The bytes go nowhere, but they must be there. */
static int lose(struct udp_out *o)
{
	struct packet *p;
	int err = make(o, o->sock, 0, o->len, &p);

	if (!err)
		udp_packet_put(o->sock, p);
	return err;
}

/* To one socket: as it was sent if it understands segments (UDP_GRO), else each of them
 * by itself. What is sent after a fault at the first is just lost. */
int udp_give(struct udp_out *o, struct udp_sock *r)
{
	const bool whole = !o->segment || o->len <= o->segment || r->gro;
	struct packet *p;
	size_t part = whole ? o->len : o->segment;
	size_t at = 0;
	int err;

	/* A datagram without a checksum is not for who insists on one. */
	if (o->sock->no_check6_tx && !r->no_check6_rx && !ip_is4(&o->header.to.ip))
		return lose(o);
	do {
		if (part > o->len - at)
			part = o->len - at;
		err = make(o, r, at, part, &p);
		if (err)
			return at ? 0 : err;
		if (whole && o->segment && o->len > o->segment)
			p->segment = o->segment;
		udp_queue(r, p);
		at += part;
	} while (at < o->len);
	return 0;
}

/* Whom ICMP's errors find: the socket that would get an answer. That is not the sender if
 * it is connected to somebody else. */
static struct inet_sock *who_hears(const struct udp_out *o)
{
	const struct ip_header *h = &o->header;

	return port_receiver(o->sock->inet.sock.host, &h->from, &h->to, h->ifindex, 0);
}

/* Nobody is there: what ICMP would tell the sender, of each segment. */
static int refuse(struct udp_out *o, int err, uint8_t code4, uint8_t code6,
		  const struct ip *offender)
{
	struct udp_sock *s = o->sock;
	struct inet_sock *hears = who_hears(o);
	const bool ip4 = ip_is4(&o->header.to.ip);
	const size_t all = o->segment ? o->segment : o->len;
	struct packet *p;
	int made = make(o, s, 0, o->len, &p);
	size_t at = 0;

	if (made)
		return made;
	do {
		const size_t part = o->len - at < all ? o->len - at : all;

		if (!hears)
			break;
		errqueue_add(hears, err, ip4 ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6,
			     ip4 ? ICMP_DEST_UNREACH : ICMPV6_DEST_UNREACH, ip4 ? code4 : code6, 0,
			     &o->header.to, offender, p->data + at, part);
		at += part;
	} while (at < o->len);
	udp_packet_put(s, p);
	return 0;
}

static int to_one(struct udp_out *o)
{
	const struct route *r = o->route;
	struct ip_header *h = &o->header;
	struct inet_sock *to;
	uint32_t hash;

	if (!r->reachable)
		return r->host ? lose(o)
			       : refuse(o, EHOSTUNREACH, ICMP_HOST_UNREACH,
					ICMPV6_ADDR_UNREACH, &h->from.ip);
	hash = hash_mix(h->from.ip.q[1] ^ h->to.ip.q[1] << 7 ^ (uint64_t)h->from.port << 48 ^
			h->to.port);
	to = port_receiver(r->host, &h->to, &h->from, h->ifindex, hash);
	if (!to)
		return refuse(o, ECONNREFUSED, ICMP_PORT_UNREACH, ICMPV6_PORT_UNREACH,
			      &h->to.ip);
	o->to = (struct udp_sock *)to;
	return udp_give(o, o->to);
}

/* To many: what has been taken from the sender's memory so far. */
struct spread {
	struct udp_out *out;
	struct packet *first; /* the sender's bytes, once they were taken */
	int err;
};

static void spread_to(void *ctx, struct inet_sock *r)
{
	struct spread *sp = ctx;
	struct udp_out o = *sp->out;

	if (!multicast_takes(r, &o.header.to.ip, &o.header.from.ip, o.header.ifindex))
		return;
	o.m = NULL;
	o.data = sp->first->data;
	/* Who has no memory for it loses it. */
	udp_give(&o, (struct udp_sock *)r);
}

static void spread_on(struct spread *sp, struct host *h)
{
	const struct ip_header *header = &sp->out->header;

	port_each_receiver(h, &header->to, &header->from, header->ifindex, spread_to, sp);
}

/* May it be heard on another host, or on this one? ip_mc_output(), ip6_finish_output2() */
static bool loops(const struct inet_sock *s, bool ip4)
{
	return inet_flag(s, ip4 ? INET_MC_LOOP : INET6_MC_LOOP);
}

static bool leaves(const struct ip_header *h)
{
	if (h->ttl == 0)
		return false;
	/* ff01::/16 and ff00::/16 stay on the host. */
	return ip_is4(&h->to.ip) || (h->to.ip.b[1] & 0xf) > 1;
}

static void spread_group(struct spread *sp)
{
	const struct ip_header *h = &sp->out->header;
	const struct inet_sock *s = &sp->out->sock->inet;
	struct host *own = s->sock.host;
	const bool on_lo = h->ifindex == IF_LO;
	const bool here = on_lo || loops(s, ip_is4(&h->to.ip));
	const bool there = !on_lo && own->up && leaves(h);
	struct host_group *g = NULL;
	struct host *host;

	if (multicast_is_all_hosts(&h->to.ip)) {
		TAILQ_FOREACH(host, &own->net->hosts, entry)
			if (host == own ? here : there && host->up)
				spread_on(sp, host);
		return;
	}
	while ((g = multicast_next_host(own->net, &h->to.ip, h->ifindex, g)))
		if ((g->host == own ? here : there && g->host->up) &&
		    multicast_host_takes(g, &h->from.ip))
			spread_on(sp, g->host);
}

static void spread_broadcast(struct spread *sp)
{
	struct host *own = sp->out->sock->inet.sock.host, *host;
	const bool there = sp->out->header.ifindex != IF_LO && own->up;

	TAILQ_FOREACH(host, &own->net->hosts, entry)
		if (host == own || (there && host->up))
			spread_on(sp, host);
}

static int to_many(struct udp_out *o)
{
	struct spread sp = {.out = o};
	int err = make(o, o->sock, 0, o->len, &sp.first);

	if (err)
		return err;
	o->header.multicast = true;
	if (o->route->broadcast)
		spread_broadcast(&sp);
	else
		spread_group(&sp);
	udp_packet_put(o->sock, sp.first);
	return 0;
}

int udp_deliver(struct udp_out *o)
{
	o->to = NULL;
	/* Nobody takes ::1 for a source on the link. */
	if (o->route->ifindex != IF_LO && ip_is_loopback(&o->header.from.ip))
		return lose(o);
	return o->route->broadcast || o->route->multicast ? to_many(o) : to_one(o);
}
