/*
 * inet.c - addresses and ends of connections, as TCP and UDP sockets read and show
 * them, and a socket's life as far as both share it.
 */
#include "inet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#define MAPPED(w, x, y, z) {.b = {[10] = 0xff, 0xff, w, x, y, z}}
const struct ip ip_any4 = {MAPPED(0, 0, 0, 0)};
const struct ip ip_loopback4 = {MAPPED(127, 0, 0, 1)};
const struct ip ip_any6 = {{.b = {0}}};
const struct ip ip_loopback6 = {{.b = {[15] = 1}}};

/* A sockaddr_in6 without sin6_scope_id, as RFC 2133 had it, will do. */
enum { SIN6_LEN_OLD = offsetof(struct sockaddr_in6, sin6_scope_id) };

uint32_t ip_hash(const struct ip *ip, uint32_t seed)
{
	uint64_t x = (ip->q[0] ^ seed) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 32 ^ ip->q[1]) * UINT64_C(0xd6e8feb86659fd93);
	return hash_mix(x);
}

/* Is its device a part of it? */
static bool has_scope(const struct ip *ip)
{
	return ip_is_link_local(ip) || (ip->b[0] == 0xff && (ip->b[1] & 0xf) <= 2);
}

static void read4(const struct call_addr *a, struct endpoint *e)
{
	struct sockaddr_in in;

	memcpy(&in, a->bytes, sizeof(in));
	*e = (struct endpoint){.ip = ip_from4(in.sin_addr.s_addr), .port = ntohs(in.sin_port)};
}

static void read6(const struct call_addr *a, struct endpoint *e)
{
	struct sockaddr_in6 in = {0};

	memcpy(&in, a->bytes, a->len < (int)sizeof(in) ? SIN6_LEN_OLD : sizeof(in));
	*e = (struct endpoint){.port = ntohs(in.sin6_port)};
	memcpy(e->ip.b, &in.sin6_addr, 16);
	if (has_scope(&e->ip))
		e->scope = in.sin6_scope_id;
}

int endpoint_read(const struct sock *s, const struct call_addr *a, struct endpoint *e)
{
	const bool stream = s->type == SOCK_STREAM;

	if (s->family == AF_INET) {
		if (a->len < (int)sizeof(struct sockaddr_in))
			return -EINVAL;
		if (a->family != AF_INET && a->family != AF_UNSPEC)
			return -EAFNOSUPPORT;
		read4(a, e);
		return 0;
	}
	if (a->len < (int)sizeof(a->family))
		return -EINVAL;
	/* Datagrams go from an AF_INET6 socket to a sockaddr_in, too. */
	if (a->family == AF_INET && !stream) {
		if (a->len < (int)sizeof(struct sockaddr_in))
			return -EINVAL;
		read4(a, e);
		return 0;
	}
	if (a->len < SIN6_LEN_OLD)
		return -EINVAL;
	if (a->family != AF_INET6)
		return -EAFNOSUPPORT;
	read6(a, e);
	return 0;
}

void endpoint_write(const struct sock *s, const struct endpoint *e, struct call_addr *out)
{
	out->present = true;
	if (s->family == AF_INET) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(e->port)};

		in.sin_addr.s_addr = ip_to4(&e->ip);
		out->len = sizeof(in);
		memcpy(out->bytes, &in, sizeof(in));
	} else {
		struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons(e->port)};

		memcpy(&in.sin6_addr, e->ip.b, 16);
		in.sin6_scope_id = has_scope(&e->ip) ? e->scope : 0;
		out->len = sizeof(in);
		memcpy(out->bytes, &in, sizeof(in));
	}
}

/* What bind(2) of an AF_INET6 socket looks at before it looks at ports. */
static int check_bind6(struct inet_sock *s, struct endpoint *e)
{
	if (s->local.port)
		return -EINVAL;
	if (s->sock.type == SOCK_STREAM && ip_is_multicast(&e->ip) && !ip_is4(&e->ip))
		return -EINVAL;
	if (ip_is4(&e->ip))
		return s->v6only ? -EINVAL : 0;
	if (!has_scope(&e->ip))
		return 0;
	if (s->sock.bound_ifindex && e->scope && e->scope != (uint32_t)s->sock.bound_ifindex)
		return -EINVAL;
	if (!e->scope)
		e->scope = s->sock.bound_ifindex;
	/* A link-local address says nothing without a device, but to a group. */
	if (!e->scope && ip_is_link_local(&e->ip))
		return -EINVAL;
	return e->scope > IF_ETH ? -ENODEV : 0;
}

int inet_bind(struct op *op, struct sock *sock, const struct call_addr *a)
{
	struct inet_sock *s = inet_of(sock);
	struct endpoint e;
	int err;

	if (sock->family == AF_INET6 && a->len >= SIN6_LEN_OLD && a->family != AF_INET6)
		return -EAFNOSUPPORT;
	if (sock->family == AF_INET6 && a->len < SIN6_LEN_OLD)
		return -EINVAL;
	err = endpoint_read(sock, a, &e);
	if (err)
		return err;
	/* Old programs leave the family out where they give no address. */
	if (a->family == AF_UNSPEC && !ip_is_any(&e.ip))
		return -EAFNOSUPPORT;
	err = sock->family == AF_INET6 ? check_bind6(s, &e) : 0;
	if (err)
		return err;
	err = port_bind(s, &e, op->task->privileged);
	if (!err && e.scope)
		sock->bound_ifindex = e.scope;
	return err;
}

int inet_name(struct sock *s, struct call_addr *out)
{
	endpoint_write(s, &inet_of(s)->local, out);
	return 0;
}

int inet_peer(struct sock *s, struct call_addr *out)
{
	if (!inet_of(s)->remote_set)
		return -ENOTCONN;
	endpoint_write(s, &inet_of(s)->remote, out);
	return 0;
}

void inet_init(struct inet_sock *s)
{
	const struct ip *any = s->sock.family == AF_INET ? &ip_any4 : &ip_any6;

	s->local.ip = *any;
	s->remote.ip = *any;
	s->mc_ttl = s->mc_hops = 1;
	s->hops = -1;
	s->pmtudisc = s->pmtudisc6 = IP_PMTUDISC_WANT;
	s->ip_flags = 1u << INET_MC_LOOP | 1u << INET6_MC_LOOP | 1u << INET6_MC_ALL;
	/* One of AF_INET6 hears no group of IPv4 but its own. */
	if (s->sock.family == AF_INET)
		s->ip_flags |= 1u << INET_MC_ALL;
}

void inet_end(struct inet_sock *s)
{
	port_release(s, false);
	multicast_free(s);
	errqueue_free(s);
}
