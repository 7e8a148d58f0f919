/*
 * ip_control.c - control messages of datagrams, in and out.
 *
 * Going in, the kernel checks each message that it knows and refuses those of its own
 * levels that it does not; messages of other levels are left alone. What would be
 * honoured nowhere here (IP options, extension headers, SO_TXTIME) is refused as an
 * unknown one is.
 */
#include "ip_control.h"

#include <errno.h>
#include <linux/in6.h>
#include <string.h>

enum {
	CMSG_UDP_SEGMENT = 103,
	CMSG_SO_MARK = 36,
	CMSG_SO_TIMESTAMPING = 37,
	CMSG_SO_TIMESTAMPING_NEW = 65,
	CMSG_SO_PRIORITY = 12,
	CMSG_IPV6_2292PKTINFO = 2,
	CMSG_IPV6_2292HOPLIMIT = 8,
	CMSG_IPV6_FLOWINFO = 11,
	CMSG_IPV6_DONTFRAG = 62,
};

static size_t data_len(const struct cmsghdr *h)
{
	return h->cmsg_len - CMSG_LEN(0);
}

/* An int from min to max, and nothing else. */
static int get_int(const struct cmsghdr *h, int min, int max, int *out)
{
	int v;

	if (data_len(h) != sizeof(v))
		return -EINVAL;
	memcpy(&v, CMSG_DATA(h), sizeof(v));
	if (v < min || v > max)
		return -EINVAL;
	*out = v;
	return 0;
}

/* __sock_cmsg_send() */
int ip_control_socket(const struct message *m, const struct cmsghdr *h)
{
	switch (h->cmsg_type) {
	case SCM_RIGHTS:
	case SCM_CREDENTIALS:
		return 0; /* AF_UNIX's; no harm here */
	case CMSG_SO_MARK:
		if (!m->op->task->privileged)
			return -EPERM;
		return data_len(h) == sizeof(uint32_t) ? 0 : -EINVAL;
	case CMSG_SO_PRIORITY:
		return data_len(h) == sizeof(uint32_t) ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static int read_udp(const struct cmsghdr *h, struct ip_control *c)
{
	uint16_t segment;

	if (h->cmsg_type != CMSG_UDP_SEGMENT || data_len(h) != sizeof(segment))
		return -EINVAL;
	memcpy(&segment, CMSG_DATA(h), sizeof(segment));
	c->segment = segment;
	return 0;
}

static int read_pktinfo(const struct cmsghdr *h, struct ip_control *c)
{
	struct in_pktinfo info;

	if (data_len(h) != sizeof(info))
		return -EINVAL;
	memcpy(&info, CMSG_DATA(h), sizeof(info));
	if (info.ipi_ifindex)
		c->ifindex = info.ipi_ifindex;
	c->source = ip_from4(info.ipi_spec_dst.s_addr);
	return 0;
}

static int read_tos(const struct cmsghdr *h, struct ip_control *c)
{
	if (data_len(h) != sizeof(uint8_t))
		return get_int(h, 0, 255, &c->tos);
	c->tos = *CMSG_DATA(h);
	return 0;
}

static int read_ip4(const struct cmsghdr *h, struct ip_control *c)
{
	int protocol;

	switch (h->cmsg_type) {
	case IP_PKTINFO:
		return read_pktinfo(h, c);
	case IP_TTL:
		return get_int(h, 1, 255, &c->ttl);
	case IP_TOS:
		return read_tos(h, c);
	case 52: /* IP_PROTOCOL: of raw sockets */
		return get_int(h, 1, 255, &protocol);
	default:
		return -EINVAL;
	}
}

/* IPV6_PKTINFO of a datagram to an IPv4 address. */
static int read_mapped_pktinfo(const struct cmsghdr *h, struct ip_control *c)
{
	struct in6_pktinfo info;

	if (data_len(h) < sizeof(info))
		return -EINVAL;
	memcpy(&info, CMSG_DATA(h), sizeof(info));
	memcpy(&c->source, &info.ipi6_addr, sizeof(c->source));
	if (!ip_is4(&c->source))
		return -EINVAL;
	if (info.ipi6_ifindex)
		c->ifindex = info.ipi6_ifindex;
	return 0;
}

static int read_pktinfo6(const struct inet_sock *s, const struct cmsghdr *h, struct ip_control *c)
{
	const struct host *host = s->sock.host;
	struct in6_pktinfo info;
	struct ip source;

	if (data_len(h) < sizeof(info))
		return -EINVAL;
	memcpy(&info, CMSG_DATA(h), sizeof(info));
	memcpy(&source, &info.ipi6_addr, sizeof(source));
	if (info.ipi6_ifindex) {
		if (c->ifindex && c->ifindex != (int)info.ipi6_ifindex)
			return -EINVAL;
		c->ifindex = info.ipi6_ifindex;
	}
	if (c->ifindex && c->ifindex != IF_LO && c->ifindex != IF_ETH)
		return -ENODEV;
	if (!c->ifindex && ip_is_link_local(&source))
		return -EINVAL;
	if (ip_is_any(&source))
		return 0;
	/* What means something on a device only must be on this one. */
	if (ip_is4(&source) || (c->ifindex == IF_ETH && ip_is_loopback(&source)) ||
	    (c->ifindex == IF_LO && ip_is_link_local(&source)))
		return -EINVAL;
	if (!host_has(host, &source) && !inet_flag(s, INET_FREEBIND) &&
	    !inet_flag(s, INET_TRANSPARENT))
		return -EINVAL;
	c->source = source;
	return 0;
}

static int read_ip6(const struct inet_sock *s, const struct cmsghdr *h, struct ip_control *c)
{
	int err;

	switch (h->cmsg_type) {
	case IPV6_PKTINFO:
	case CMSG_IPV6_2292PKTINFO:
		return read_pktinfo6(s, h, c);
	case IPV6_HOPLIMIT:
	case CMSG_IPV6_2292HOPLIMIT:
		return get_int(h, -1, 255, &c->ttl);
	case IPV6_TCLASS:
		err = get_int(h, -1, 255, &c->tos);
		c->tos &= 0xff; /* -1 is no default, as of Linux 6.18 */
		return err;
	case CMSG_IPV6_DONTFRAG:
		return get_int(h, 0, 1, &c->dontfrag);
	default:
		return -EINVAL;
	}
}

static int read_one(const struct inet_sock *s, const struct message *m, const struct cmsghdr *h,
		    bool to4, struct ip_control *c)
{
	if (h->cmsg_level == SOL_SOCKET)
		return ip_control_socket(m, h);
	if (!to4)
		return h->cmsg_level == IPPROTO_IPV6 ? read_ip6(s, h, c) : 0;
	if (h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_PKTINFO &&
	    s->sock.family == AF_INET6)
		return read_mapped_pktinfo(h, c);
	return h->cmsg_level == IPPROTO_IP ? read_ip4(h, c) : 0;
}

int ip_control_read(struct inet_sock *s, struct message *m, bool to4, struct ip_control *c)
{
	const struct cmsghdr *h = NULL;
	int err;

	/* Those of UDP come first, wherever they stand. */
	while ((h = message_next_control(m, h, &err)))
		if (h->cmsg_level == IPPROTO_UDP && (err = read_udp(h, c)))
			return err;
	if (err)
		return err;
	while ((h = message_next_control(m, h, &err)))
		if (h->cmsg_level != IPPROTO_UDP && (err = read_one(s, m, h, to4, c)))
			return err;
	return err;
}

/* The device's own address that an answer would come from; for what came for the host
 * itself, the address it came for. */
static uint32_t answer_address(const struct inet_sock *s, const struct ip_header *h)
{
	struct route r;

	if (h->error)
		return 0;
	if (!h->multicast)
		return ip_to4(&h->to.ip);
	if (route_find(s->sock.host, &h->from.ip, 0, &r) || !ip_is4(&r.source))
		return 0;
	return ip_to4(&r.source);
}

static void put4(struct inet_sock *s, struct message *m, const struct ip_header *h)
{
	if (inet_flag(s, INET_PKTINFO)) {
		const struct in_pktinfo info = {
			.ipi_ifindex = h->ifindex,
			.ipi_spec_dst.s_addr = answer_address(s, h),
			.ipi_addr.s_addr = ip_to4(&h->to.ip),
		};

		message_put_control(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	}
	if (inet_flag(s, INET_RECVTTL)) {
		const int ttl = h->ttl;

		message_put_control(m, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	}
	if (inet_flag(s, INET_RECVTOS))
		message_put_control(m, IPPROTO_IP, IP_TOS, &h->tos, sizeof(h->tos));
	if (inet_flag(s, INET_RECVORIGDST)) {
		const struct sockaddr_in to = {
			.sin_family = AF_INET,
			.sin_port = htons(h->to.port),
			.sin_addr.s_addr = ip_to4(&h->to.ip),
		};

		message_put_control(m, IPPROTO_IP, IP_ORIGDSTADDR, &to, sizeof(to));
	}
}

static void put_pktinfo6(struct message *m, const struct ip_header *h)
{
	struct in6_pktinfo info = {.ipi6_ifindex = h->ifindex};

	memcpy(&info.ipi6_addr, &h->to.ip, sizeof(info.ipi6_addr));
	message_put_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

static void put6(struct inet_sock *s, struct message *m, const struct ip_header *h)
{
	if (inet_flag(s, INET6_HOPLIMIT)) {
		const int hops = h->ttl;

		message_put_control(m, IPPROTO_IPV6, IPV6_HOPLIMIT, &hops, sizeof(hops));
	}
	if (inet_flag(s, INET6_TCLASS)) {
		const int tclass = h->tos;

		message_put_control(m, IPPROTO_IPV6, IPV6_TCLASS, &tclass, sizeof(tclass));
	}
	if (inet_flag(s, INET6_RECVORIGDST)) {
		struct sockaddr_in6 to = {
			.sin6_family = AF_INET6,
			.sin6_port = htons(h->to.port),
			.sin6_scope_id = h->to.scope,
		};

		memcpy(&to.sin6_addr, &h->to.ip, sizeof(to.sin6_addr));
		message_put_control(m, IPPROTO_IPV6, IPV6_ORIGDSTADDR, &to, sizeof(to));
	}
}

void ip_control_put(struct inet_sock *s, struct message *m, const struct ip_header *h)
{
	const bool ip4 = ip_is4(&h->to.ip);

	if (s->sock.family == AF_INET6 && inet_flag(s, INET6_PKTINFO))
		put_pktinfo6(m, h);
	if (ip4)
		put4(s, m, h);
	else
		put6(s, m, h);
}
