/*
 * udp_send.c - sending a datagram.
 *
 * The order of the checks is that of udp_sendmsg() and udpv6_sendmsg(): where to, the
 * control messages, the way there, permission to broadcast; then what the socket has
 * to say (a pending error, shutdown); then the size. Only after all of them is the
 * caller's memory read.
 *
 * MSG_MORE and UDP_CORK put pieces together: where they go and how is what the first
 * piece said. A piece that is too much, or cannot be read, throws all of them away.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>

#include "../inet/errqueue.h"
#include "udp.h"

enum {
	UDP_LEN_MAX = 65535,      /* of a datagram with its headers, in IPv4; without IPv6's */
	UDP_SEGMENTS_MAX = 128,   /* UDP_MAX_SEGMENTS */
	MSG_PROBE_ = 0x10,
	SIN6_LEN_OLD = 24,        /* a sockaddr_in6 without its scope */
};

/* Everything about one send. */
struct sending {
	struct udp_out out;
	struct ip_control control;
	struct route route;
	bool to4;
};

static size_t headers(bool to4)
{
	return to4 ? 28 : 48;
}

/* Is its device a part of the address? */
static bool has_scope(const struct ip *ip)
{
	return ip_is_link_local(ip) || (ip->b[0] == 0xff && (ip->b[1] & 0xf) <= 2);
}

/* The address of an AF_INET socket's datagram. */
static int target4(const struct message *m, struct endpoint *to)
{
	struct sockaddr_in in;

	if (m->to->len < (int)sizeof(in))
		return -EINVAL;
	memcpy(&in, m->to->bytes, sizeof(in));
	if (in.sin_family != AF_INET && in.sin_family != AF_UNSPEC)
		return -EAFNOSUPPORT;
	if (in.sin_port == 0)
		return -EINVAL;
	*to = (struct endpoint){.ip = ip_from4(in.sin_addr.s_addr), .port = ntohs(in.sin_port)};
	return 0;
}

/* That of an AF_INET6 socket: 0; *none: AF_UNSPEC, as if no address was given. */
static int target6(const struct inet_sock *s, const struct message *m, struct endpoint *to,
		   bool *none)
{
	struct sockaddr_in6 in = {0};
	const struct call_addr *a = m->to;

	if (a->len < (int)sizeof(a->family))
		return -EINVAL;
	if (a->family == AF_UNSPEC) {
		*none = true;
		return 0;
	}
	if (a->family == AF_INET)
		return s->v6only ? -ENETUNREACH : target4(m, to);
	if (a->family != AF_INET6 || a->len < SIN6_LEN_OLD)
		return -EINVAL;
	memcpy(&in, a->bytes, a->len < (int)sizeof(in) ? SIN6_LEN_OLD : sizeof(in));
	*to = (struct endpoint){.port = ntohs(in.sin6_port)};
	memcpy(&to->ip, &in.sin6_addr, sizeof(to->ip));
	if (ip_is_any(&to->ip) && ip_is4(&s->local.ip))
		to->ip = ip_loopback4;
	if (ip_is4(&to->ip) && s->v6only)
		return -ENETUNREACH;
	if (!to->port)
		return -EINVAL;
	if (has_scope(&to->ip))
		to->scope = in.sin6_scope_id;
	return 0;
}

static int target(struct inet_sock *s, const struct message *m, struct sending *w)
{
	bool none = !m->to;
	int err = 0;

	if (s->sock.family == AF_INET && m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!none)
		err = s->sock.family == AF_INET ? target4(m, &w->out.header.to)
						: target6(s, m, &w->out.header.to, &none);
	if (err)
		return err;
	if (none) {
		if (!s->remote_set)
			return -EDESTADDRREQ;
		w->out.header.to = s->remote;
		if (s->v6only && ip_is4(&s->remote.ip))
			return -ENETUNREACH;
	}
	w->to4 = ip_is4(&w->out.header.to.ip);
	if (w->to4 && m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	return 0;
}

/* May it come from the address that IP_PKTINFO named? */
static int check_source(const struct inet_sock *s, const struct ip *ip)
{
	if (ip_is_multicast(ip) || ip_to4(ip) == UINT32_MAX)
		return -EINVAL;
	if (host_has(s->sock.host, ip) || inet_flag(s, INET_TRANSPARENT))
		return 0;
	return -ENETUNREACH;
}

/* The way, and where the packet comes from. */
static int find_way(struct udp_sock *us, struct sending *w)
{
	struct ip_header *h = &w->out.header;
	struct host *own = us->inet.sock.host;
	int err = 0;

	h->from.ip = w->control.source;
	if (w->to4 && !ip_is_any(&h->from.ip))
		err = check_source(&us->inet, &h->from.ip);
	if (err)
		return err;
	err = udp_way(us, &h->to.ip, w->control.ifindex, &h->from.ip, &w->route);
	if (err)
		return err;
	if (ip_is_any(&h->to.ip))
		h->to.ip = w->to4 ? ip_loopback4 : ip_loopback6;
	h->from.port = us->inet.local.port;
	h->ifindex = w->route.ifindex;
	/* What a host sends itself counts as come by the address's device, or by the one
	 * that was asked for. */
	if (w->route.host == own && w->control.ifindex && w->to4)
		h->ifindex = w->control.ifindex;
	else if (w->route.host == own && !ip_is_loopback(&h->to.ip))
		h->ifindex = IF_ETH;
	h->from.scope = has_scope(&h->from.ip) ? h->ifindex : 0;
	h->to.scope = has_scope(&h->to.ip) ? h->ifindex : 0;
	return 0;
}

static void fill_header(const struct inet_sock *s, struct sending *w)
{
	const struct ip_control *c = &w->control;
	const bool many = w->route.multicast;
	struct ip_header *h = &w->out.header;

	if (w->to4) {
		h->ttl = many ? s->mc_ttl : s->ttl ? s->ttl : 64;
		h->tos = s->tos;
	} else {
		h->ttl = many ? s->mc_hops : s->hops >= 0 ? s->hops : 64;
		h->tos = s->tclass;
	}
	if (c->ttl >= 0)
		h->ttl = c->ttl;
	if (c->tos >= 0)
		h->tos = c->tos;
	h->multicast = h->error = false;
}

static bool whole_only(const struct inet_sock *s, const struct sending *w)
{
	const uint8_t how = w->to4 ? s->pmtudisc : s->pmtudisc6;

	return how >= IP_PMTUDISC_DO && how != IP_PMTUDISC_OMIT;
}

/* Too large: tells who asked for such errors, too. mtu: what fits */
static int too_large(struct inet_sock *s, const struct sending *w, uint32_t mtu)
{
	struct endpoint to = w->out.header.to;

	/* Linux names the port of the connection, not that of the datagram. */
	if (w->to4)
		to.port = s->remote_set ? s->remote.port : 0;
	if (w->to4 && mtu > UDP_LEN_MAX)
		mtu = UDP_LEN_MAX;
	if (errqueue_wanted(s, &to.ip))
		errqueue_add(s, EMSGSIZE, SO_EE_ORIGIN_LOCAL, 0, 0, mtu, &to, NULL, NULL, 0);
	return -EMSGSIZE;
}

/* May a datagram be `len` bytes large? */
static int check_len(struct inet_sock *s, const struct sending *w, size_t len, uint16_t segment)
{
	const uint32_t mtu = w->route.mtu;
	const size_t all = len + headers(w->to4);
	const size_t most = w->to4 ? UDP_LEN_MAX : UDP_LEN_MAX + 40;
	const int dontfrag = w->control.dontfrag;

	if (all > most)
		return too_large(s, w, mtu);
	if (segment) {
		if (headers(w->to4) + (len < segment ? len : segment) > mtu)
			return -EMSGSIZE;
		return len > (size_t)segment * UDP_SEGMENTS_MAX ? -EINVAL : 0;
	}
	if (all <= mtu)
		return 0;
	if (whole_only(s, w))
		return too_large(s, w, mtu);
	if (!w->to4 && (dontfrag < 0 ? inet_flag(s, INET6_DONTFRAG) : dontfrag))
		return too_large(s, w, mtu);
	return 0;
}

/* What the socket has to say before it takes any bytes. */
static int check_sock(struct sock *s)
{
	if (s->err)
		return sock_take_error(s);
	return s->shut & SHUT_WRITE ? -EPIPE : 0;
}

/* --------------------------------------------------------------------- in pieces */

void udp_cork_free(struct udp_sock *s)
{
	struct alloc *mem = &s->inet.sock.file.net->mem;

	if (!s->cork)
		return;
	alloc_put(mem, s->cork->packet);
	alloc_put(mem, s->cork);
	s->cork = NULL;
}

int udp_push(struct udp_sock *s)
{
	struct cork *c = s->cork;
	struct sending w;
	int err;

	if (!c)
		return 0;
	w = (struct sending){
		.out = {
			.sock = s,
			.data = c->packet->data,
			.len = c->packet->len,
			.segment = c->segment,
			.header = c->header,
			.route = &c->route,
		},
		.route = c->route,
		.to4 = c->to4,
		.control = {.dontfrag = -1},
	};
	err = c->segment ? check_len(&s->inet, &w, c->packet->len, c->segment) : 0;
	if (!err)
		err = udp_deliver(&w.out);
	udp_cork_free(s);
	return err;
}

/* Begins to put pieces together. */
static int cork_begin(struct udp_sock *s, const struct sending *w, uint16_t segment)
{
	struct alloc *mem = &s->inet.sock.file.net->mem;
	struct cork *c = alloc_zero(mem, sizeof(*c));

	if (c)
		c->packet = alloc_zero(mem, sizeof(*c->packet));
	if (!c || !c->packet) {
		alloc_put(mem, c);
		return -ENOBUFS;
	}
	c->header = w->out.header;
	c->route = w->route;
	c->to4 = w->to4;
	c->segment = segment;
	s->cork = c;
	return 0;
}

static int append(struct udp_sock *s, struct message *m, const struct ip_control *control)
{
	struct alloc *mem = &s->inet.sock.file.net->mem;
	struct cork *c = s->cork;
	const struct sending w = {.out.header = c->header, .route = c->route, .to4 = c->to4,
				  .control = *control};
	const size_t was = c->packet->len, len = was + m->len;
	const size_t mtu = c->route.mtu;
	int err = 0;

	/* Linux looks at the socket where it needs memory for another packet. */
	if (!was || (was + headers(c->to4)) / mtu != (len + headers(c->to4)) / mtu)
		err = check_sock(&s->inet.sock);
	if (!err && (m->len > UDP_LEN_MAX || len > UDP_LEN_MAX))
		err = too_large(&s->inet, &w, mtu);
	/* Segments are looked at when all is there. */
	if (!err && !c->segment)
		err = check_len(&s->inet, &w, len, 0);
	if (!err && len > c->packet->room) {
		struct packet *p = alloc_resize(mem, c->packet, sizeof(*p) + len * 2);

		if (!p)
			return -ENOBUFS;
		c->packet = p;
		p->room = len * 2;
	}
	if (!err && m->len)
		err = message_take(m, 0, c->packet->data + was, m->len);
	if (!err)
		c->packet->len = len;
	return err;
}

/* One piece more. more: it is not the last */
static ssize_t send_piece(struct udp_sock *s, struct message *m, const struct ip_control *control,
			  bool more)
{
	int err = append(s, m, control);

	if (err)
		udp_cork_free(s);
	else if (!more)
		err = udp_push(s);
	return err ? err : (ssize_t)m->len;
}

/* Is this a piece of what is pending? Its address is not looked at then, but for an
 * AF_INET6 socket's, which says by what family it goes. */
static int joins_cork(struct udp_sock *s, const struct message *m)
{
	const struct inet_sock *i = &s->inet;
	struct endpoint to;
	bool none = !m->to;
	int err;

	if (i->sock.family == AF_INET)
		return m->flags & MSG_OOB ? -EOPNOTSUPP : 0;
	if (none)
		return 0;
	err = target6(i, m, &to, &none);
	if (err || none)
		return err;
	return ip_is4(&to.ip) && !s->cork->to4 ? -EINVAL : 0;
}

/* ------------------------------------------------------------------------- the call */

static int prepare(struct udp_sock *us, struct message *m, struct sending *w)
{
	struct inet_sock *s = &us->inet;
	int err = target(s, m, w);

	if (err)
		return err;
	w->control.ifindex = s->sock.bound_ifindex;
	if (!w->control.ifindex && w->out.header.to.scope)
		w->control.ifindex = w->out.header.to.scope;
	if (m->control_len) {
		err = ip_control_read(s, m, w->to4, &w->control);
		if (err)
			return err;
	}
	err = find_way(us, w);
	if (!err)
		fill_header(s, w);
	return err;
}

/* Keeps how the next one will go. */
static void keep_way(struct udp_sock *s, const struct sending *w)
{
	size_t most = w->route.mtu < UDP_LEN_MAX ? w->route.mtu : UDP_LEN_MAX;

	s->last = w->out;
	s->last.route = NULL;
	s->last_changes = s->inet.sock.file.net->changes;
	s->last_most = most - headers(w->to4);
}

/* Does it go as the one before: does nothing differ, of the message and around it? */
static bool goes_as_last(const struct udp_sock *s, const struct message *m)
{
	enum { PLAIN = MSG_DONTWAIT | MSG_NOSIGNAL };
	const struct sock *sk = &s->inet.sock;

	return s->last_changes == sk->file.net->changes && !m->to && !m->control_len &&
	       !(m->flags & ~PLAIN) && m->len <= s->last_most && !sk->err &&
	       !(sk->shut & SHUT_WRITE) && !s->cork && !s->corked;
}

static ssize_t send_as_last(struct udp_sock *s, struct message *m)
{
	int err;

	s->last.m = m;
	s->last.len = m->len;
	err = udp_give(&s->last, s->last.to);
	return err ? err : (ssize_t)m->len;
}

ssize_t udp_send(struct sock *sk, struct message *m)
{
	struct udp_sock *s = udp_of(sk);
	const bool more = s->corked || m->flags & MSG_MORE;
	struct sending w;
	uint16_t segment;
	int err;

	if (goes_as_last(s, m))
		return send_as_last(s, m);
	/* inet_send_prepare() */
	if (!s->inet.local.port && port_auto(&s->inet))
		return -EAGAIN;
	if (m->len > UDP_LEN_MAX)
		return -EMSGSIZE;
	w.control = (struct ip_control){.source = ip_any6, .ttl = -1, .tos = -1, .dontfrag = -1, .segment = -1};
	if (s->cork) {
		err = joins_cork(s, m);
		return err ? err : send_piece(s, m, &w.control, more);
	}
	err = prepare(s, m, &w);
	if (err)
		return err;
	if (m->flags & MSG_CONFIRM && m->flags & MSG_PROBE_ && !m->len)
		return 0;
	segment = w.control.segment >= 0 ? w.control.segment : s->segment;
	if (more) {
		err = cork_begin(s, &w, segment);
		return err ? err : send_piece(s, m, &w.control, true);
	}
	err = check_sock(sk);
	if (!err)
		err = check_len(&s->inet, &w, m->len, segment);
	if (err)
		return err;
	w.out.sock = s;
	w.out.m = m;
	w.out.len = m->len;
	w.out.segment = segment;
	w.out.route = &w.route;
	err = udp_deliver(&w.out);
	if (err)
		return err;
	if (!m->to && !m->control_len && !segment && w.out.to)
		keep_way(s, &w);
	return m->len;
}
