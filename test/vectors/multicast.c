/*
 * multicast: groups, sources and their filters, whose structures differ between
 * 32 and 64 bit by the alignment of sockaddr_storage.
 */
#include "vectors.h"

enum { MCAST_JOIN_GROUP_ = 42, MCAST_JOIN_SOURCE_GROUP_ = 46, MCAST_LEAVE_GROUP_ = 45,
       MCAST_MSFILTER_ = 48 };

static struct sockaddr_storage group_of(uint32_t a)
{
	struct sockaddr_storage ss = {0};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(a)}};

	memcpy(&ss, &in, sizeof(in));
	return ss;
}

/* group_req: interface, (padding,) group; group_source_req: and source. */
static char *group_req(int ifindex, uint32_t group, uint32_t source)
{
	char *p = memset(mem(300), 0, 300);
	struct sockaddr_storage g = group_of(group), s = group_of(source);
	unsigned at = entry->word;

	memcpy(p, &ifindex, 4);
	memcpy(p + at, &g, sizeof(g));
	memcpy(p + at + 128, &s, sizeof(s));
	return p;
}

static const int group_lens[] = {0, 4, 16, 131, 132, 133, 135, 136, 137, 140, 200, 259, 260, 261, 263,
				 264, 265, 300};

static const char *group_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", group_lens[row]);
	return s;
}

VECTORS(group_req, COUNT(group_lens), group_label)
{
	int fd = udp_bound(AF_INET), n = group_lens[row];
	char *p = group_req(1, 0xe0000122, 0x0a000001);

	ret("join", s_setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP_, p, n));
	ret("again", s_setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP_, p, n));
	ret("leave", s_setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_GROUP_, p, n));
	ret("join source", s_setsockopt(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP_, p, n));
	ret("again", s_setsockopt(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP_, p, n));
}

VECTOR(group_req_faults)
{
	int fd = udp_bound(AF_INET);

	ret("unmapped", s_setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP_, hole(), 136));
	ret("half", s_setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP_, mem_before_hole(100), 136));
	ret("no such interface", s_setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP_,
					      group_req(9999, 0xe0000122, 0), 136));
	ret("no group", s_setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP_, group_req(1, 0x7f000001, 0), 136));
	ret("tcp", s_setsockopt(tcp_listener(AF_INET), IPPROTO_IP, MCAST_JOIN_GROUP_,
				group_req(1, 0xe0000122, 0), 136));
}

VECTOR(group_source_then_filter)
{
	int fd = udp_bound(AF_INET);
	unsigned head = entry->word + 128 + 8;
	char *p = group_req(1, 0xe8000001, 0x0a000001), *f = memset(mem(600), 0, 600), *n = num(600);
	struct sockaddr_storage g = group_of(0xe8000001);

	ret("join source", s_setsockopt(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP_, p, 2 * 128 + entry->word));
	p = group_req(1, 0xe8000001, 0x0a000002);
	ret("and another", s_setsockopt(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP_, p, 2 * 128 + entry->word));
	memcpy(f, &(int){1}, 4);
	memcpy(f + entry->word, &g, 128);
	memcpy(f + entry->word + 132, &(int){2}, 4);
	ret("get filter", s_getsockopt(fd, IPPROTO_IP, MCAST_MSFILTER_, f, n));
	number("n", n);
	bytes("", f, head + 2 * 128 + 16);
	n = num(head - 1);
	ret("short", s_getsockopt(fd, IPPROTO_IP, MCAST_MSFILTER_, f, n));
	n = num(head);
	ret("head", s_getsockopt(fd, IPPROTO_IP, MCAST_MSFILTER_, f, n));
	number("n", n);
}

static const int msfilter_sources[] = {0, 1, 2, 3};

static const char *msfilter_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", msfilter_sources[row]);
	return s;
}

VECTORS(msfilter_set, COUNT(msfilter_sources), msfilter_label)
{
	int fd = udp_bound(AF_INET), count = msfilter_sources[row];
	unsigned head = entry->word + 128 + 8;
	char *f = memset(mem(600), 0, 600), *n;
	struct sockaddr_storage g = group_of(0xe8000002);

	ret("join", s_setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP_, group_req(1, 0xe8000002, 0),
				 128 + entry->word));
	memcpy(f, &(int){1}, 4);
	memcpy(f + entry->word, &g, 128);
	memcpy(f + entry->word + 128, &(int){1}, 4); /* MCAST_INCLUDE */
	memcpy(f + entry->word + 132, &count, 4);
	for (int i = 0; i < count; i++) {
		struct sockaddr_storage s = group_of(0x0a000001 + i);

		memcpy(f + head + i * 128, &s, 128);
	}
	ret("short", s_setsockopt(fd, IPPROTO_IP, MCAST_MSFILTER_, f, head + count * 128 - 1));
	ret("head only", s_setsockopt(fd, IPPROTO_IP, MCAST_MSFILTER_, f, head));
	ret("set", s_setsockopt(fd, IPPROTO_IP, MCAST_MSFILTER_, f, head + count * 128));
	ret("longer", s_setsockopt(fd, IPPROTO_IP, MCAST_MSFILTER_, f, head + count * 128 + 4));
	memset(f + entry->word + 128, 0, 8);
	memcpy(f + entry->word + 132, &(int){3}, 4);
	memset(f + head, POISON, 600 - head);
	n = num(600);
	ret("get", s_getsockopt(fd, IPPROTO_IP, MCAST_MSFILTER_, f, n));
	number("n", n);
	bytes("", f, 600);
}

VECTOR(ip_mreq)
{
	int fd = udp_bound(AF_INET);
	uint32_t m[4] = {htonl(0xe0000133), htonl(0x7f000001), 1, 0};

	for (int len = 0; len <= 16; len += 4)
		ret("join", s_setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, data(m, 16), len));
	ret("drop", s_setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, data(m, 16), 12));
	ret("drop", s_setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, data(m, 16), 8));
}

VECTOR(ipv6_join, NEED_IPV6)
{
	int fd = s_socket(AF_INET6, SOCK_DGRAM, 0);
	char *m = memset(mem(20), 0, 20);

	m[0] = (char)0xff, m[1] = 2, m[15] = 0x55;
	memcpy(m + 16, &(int){1}, 4);
	ret("join", s_setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, m, 20));
	ret("again", s_setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, m, 20));
	ret("short", s_setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, m, 19));
	ret("leave", s_setsockopt(fd, IPPROTO_IPV6, IPV6_LEAVE_GROUP, m, 20));
}

VECTOR(group_req_inet6, NEED_IPV6)
{
	int fd = s_socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 g = {.sin6_family = AF_INET6};
	char *p = memset(mem(300), 0, 300);

	g.sin6_addr.s6_addr[0] = 0xff, g.sin6_addr.s6_addr[1] = 2, g.sin6_addr.s6_addr[15] = 0x77;
	memcpy(p, &(int){1}, 4);
	memcpy(p + entry->word, &g, sizeof(g));
	ret("131", s_setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_GROUP_, p, 131));
	ret("exact", s_setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_GROUP_, p, 128 + entry->word));
	ret("leave", s_setsockopt(fd, IPPROTO_IPV6, MCAST_LEAVE_GROUP_, p, 128 + entry->word));
}
