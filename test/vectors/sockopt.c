/*
 * sockopt: getsockopt and setsockopt: order of checks, lengths in and out, and
 * the structures that differ between 32 and 64 bit.
 */
#include "vectors.h"

#include <linux/filter.h>

enum { RCVTIMEO_OLD = 20, SNDTIMEO_OLD = 21, RCVTIMEO_NEW = 66, SNDTIMEO_NEW = 67,
       TCP_NODELAY_ = 1, TCP_INFO_ = 11, TCP_CONGESTION_ = 13 };

enum kind { UNIX_STREAM, UNIX_DGRAM, TCP, UDP, TCP6, NETLINK };

static int open_kind(enum kind k)
{
	switch (k) {
	case UNIX_STREAM:
		return unix_pair(SOCK_STREAM).a;
	case UNIX_DGRAM:
		return unix_pair(SOCK_DGRAM).a;
	case TCP:
		return tcp_pair(AF_INET).a;
	case UDP:
		return udp_bound(AF_INET);
	case TCP6:
		return s_socket(AF_INET6, SOCK_STREAM, 0);
	case NETLINK:
		return s_socket(AF_NETLINK, SOCK_RAW, 0);
	}
	return -1;
}

VECTOR(order)
{
	int f = open("/dev/null", O_RDWR), p = open("/", O_PATH), s = s_socket(AF_UNIX, SOCK_STREAM, 0);
	int t = s_socket(AF_INET, SOCK_STREAM, 0);

	ret("get bad fd", s_getsockopt(77, SOL_SOCKET, SO_TYPE, 0, 0));
	ret("get file", s_getsockopt(f, SOL_SOCKET, SO_TYPE, 0, 0));
	ret("get path", s_getsockopt(p, SOL_SOCKET, SO_TYPE, 0, 0));
	ret("get NULL length", s_getsockopt(s, SOL_SOCKET, SO_TYPE, mem(4), 0));
	ret("get unmapped length", s_getsockopt(s, SOL_SOCKET, SO_TYPE, mem(4), hole()));
	ret("get length -1", s_getsockopt(s, SOL_SOCKET, SO_TYPE, mem(4), num(-1)));
	ret("get NULL value", s_getsockopt(s, SOL_SOCKET, SO_TYPE, 0, num(4)));
	ret("get NULL value, 0", s_getsockopt(s, SOL_SOCKET, SO_TYPE, 0, num(0)));
	ret("get unmapped value", s_getsockopt(s, SOL_SOCKET, SO_TYPE, hole(), num(4)));
	ret("get read-only length", s_getsockopt(s, SOL_SOCKET, SO_TYPE, mem(4), readonly_num(4)));
	ret("get unknown, NULL length", s_getsockopt(s, SOL_SOCKET, 9999, mem(4), 0));
	ret("get unknown", s_getsockopt(s, SOL_SOCKET, 9999, mem(4), num(4)));
	ret("get unknown, -1", s_getsockopt(s, SOL_SOCKET, 9999, mem(4), num(-1)));
	ret("get unix level", s_getsockopt(s, 1234, 1, mem(4), num(4)));
	ret("get tcp level", s_getsockopt(t, 1234, 1, mem(4), num(4)));
	ret("get tcp on unix", s_getsockopt(s, IPPROTO_TCP, TCP_NODELAY_, mem(4), num(4)));
	ret("set bad fd, -1", s_setsockopt(77, SOL_SOCKET, SO_KEEPALIVE, 0, -1));
	ret("set file, -1", s_setsockopt(f, SOL_SOCKET, SO_KEEPALIVE, 0, -1));
	ret("set path", s_setsockopt(p, SOL_SOCKET, SO_KEEPALIVE, num(1), 4));
	ret("set -1", s_setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, 0, -1));
	ret("set unknown, -1", s_setsockopt(s, 1234, 9999, 0, -1));
	ret("set NULL", s_setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, 0, 4));
	ret("set unmapped", s_setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, hole(), 4));
	ret("set short", s_setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, num(1), 3));
	ret("set short, NULL", s_setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, 0, 3));
	ret("set unknown", s_setsockopt(s, SOL_SOCKET, 9999, num(1), 4));
	ret("set unknown, unmapped", s_setsockopt(s, SOL_SOCKET, 9999, hole(), 4));
	ret("set unknown, short", s_setsockopt(s, SOL_SOCKET, 9999, num(1), 1));
	ret("set unix level", s_setsockopt(s, 1234, 1, num(1), 4));
	ret("set tcp level", s_setsockopt(t, 1234, 1, num(1), 4));
	ret("set read-only option", s_setsockopt(s, SOL_SOCKET, SO_TYPE, num(1), 4));
	ret("set tcp unmapped", s_setsockopt(t, IPPROTO_TCP, TCP_NODELAY_, hole(), 4));
	ret("set tcp short", s_setsockopt(t, IPPROTO_TCP, TCP_NODELAY_, num(1), 1));
	ret("set ip byte", s_setsockopt(t, IPPROTO_IP, IP_TTL, num(5), 1));
	ret("set ip none", s_setsockopt(t, IPPROTO_IP, IP_TTL, num(5), 0));
	ret("set ip unmapped", s_setsockopt(t, IPPROTO_IP, IP_TTL, hole(), 4));
}

static const struct {
	const char *label;
	enum kind kind;
	int level, name;
	int seen; /* bytes that are the same each time */
} gets[] = {
	{"type", UNIX_STREAM, SOL_SOCKET, SO_TYPE, 4},
	{"error", TCP, SOL_SOCKET, SO_ERROR, 4},
	{"domain", TCP, SOL_SOCKET, SO_DOMAIN, 4},
	{"protocol", TCP, SOL_SOCKET, SO_PROTOCOL, 4},
	{"sndbuf", UNIX_STREAM, SOL_SOCKET, SO_SNDBUF, 4},
	{"rcvbuf", UNIX_STREAM, SOL_SOCKET, SO_RCVBUF, 4},
	{"reuseaddr", TCP, SOL_SOCKET, SO_REUSEADDR, 4},
	{"reuseport", TCP, SOL_SOCKET, SO_REUSEPORT, 4},
	{"keepalive", TCP, SOL_SOCKET, SO_KEEPALIVE, 4},
	{"broadcast", UDP, SOL_SOCKET, SO_BROADCAST, 4},
	{"oobinline", TCP, SOL_SOCKET, SO_OOBINLINE, 4},
	{"no_check", UDP, SOL_SOCKET, SO_NO_CHECK, 4},
	{"priority", UDP, SOL_SOCKET, SO_PRIORITY, 4},
	{"linger", TCP, SOL_SOCKET, SO_LINGER, 8},
	{"bsdcompat", TCP, SOL_SOCKET, SO_BSDCOMPAT, 4},
	{"timestamp", UDP, SOL_SOCKET, SO_TIMESTAMP, 4},
	{"timestampns", UDP, SOL_SOCKET, SO_TIMESTAMPNS, 4},
	{"timestamping", UDP, SOL_SOCKET, SO_TIMESTAMPING, 4},
	{"timestamp new", UDP, SOL_SOCKET, 63, 4},
	{"rcvtimeo old", TCP, SOL_SOCKET, RCVTIMEO_OLD, 16},
	{"sndtimeo old", TCP, SOL_SOCKET, SNDTIMEO_OLD, 16},
	{"rcvtimeo new", TCP, SOL_SOCKET, RCVTIMEO_NEW, 16},
	{"sndtimeo new", TCP, SOL_SOCKET, SNDTIMEO_NEW, 16},
	{"rcvlowat", TCP, SOL_SOCKET, SO_RCVLOWAT, 4},
	{"sndlowat", TCP, SOL_SOCKET, SO_SNDLOWAT, 4},
	{"passcred", UNIX_STREAM, SOL_SOCKET, SO_PASSCRED, 4},
	{"passcred inet", TCP, SOL_SOCKET, SO_PASSCRED, 4},
	{"peercred inet", TCP, SOL_SOCKET, SO_PEERCRED, 12},
	{"peersec", UNIX_STREAM, SOL_SOCKET, SO_PEERSEC, 4},
	{"passsec", UNIX_STREAM, SOL_SOCKET, SO_PASSSEC, 4},
	{"peername", UNIX_STREAM, SOL_SOCKET, SO_PEERNAME, 2},
	{"peername inet", TCP, SOL_SOCKET, SO_PEERNAME, 2},
	{"peerpidfd", UNIX_STREAM, SOL_SOCKET, 77, 4},
	{"acceptconn", TCP, SOL_SOCKET, SO_ACCEPTCONN, 4},
	{"mark", TCP, SOL_SOCKET, SO_MARK, 4},
	{"rxq_ovfl", UDP, SOL_SOCKET, SO_RXQ_OVFL, 4},
	{"peek_off", UNIX_STREAM, SOL_SOCKET, SO_PEEK_OFF, 4},
	{"nofcs", UDP, SOL_SOCKET, SO_NOFCS, 4},
	{"bindtodevice", UDP, SOL_SOCKET, SO_BINDTODEVICE, 16},
	{"get_filter", UDP, SOL_SOCKET, SO_ATTACH_FILTER, 4},
	{"lock_filter", UDP, SOL_SOCKET, SO_LOCK_FILTER, 4},
	{"busy_poll", UDP, SOL_SOCKET, SO_BUSY_POLL, 4},
	{"max_pacing_rate", TCP, SOL_SOCKET, SO_MAX_PACING_RATE, 8},
	{"cookie", TCP, SOL_SOCKET, SO_COOKIE, 0},
	{"meminfo", UNIX_STREAM, SOL_SOCKET, SO_MEMINFO, 0},
	{"zerocopy", TCP, SOL_SOCKET, SO_ZEROCOPY, 4},
	{"txtime", UDP, SOL_SOCKET, SO_TXTIME, 8},
	{"bindtoifindex", UDP, SOL_SOCKET, SO_BINDTOIFINDEX, 4},
	{"prefer_busy_poll", UDP, SOL_SOCKET, 69, 4},
	{"netns_cookie", UDP, SOL_SOCKET, 71, 8},
	{"buf_lock", UDP, SOL_SOCKET, 72, 4},
	{"rcvmark", UDP, SOL_SOCKET, 75, 4},
	{"tcp nodelay", TCP, IPPROTO_TCP, TCP_NODELAY_, 4},
	{"tcp maxseg", TCP, IPPROTO_TCP, 2, 4},
	{"tcp cork", TCP, IPPROTO_TCP, 3, 4},
	{"tcp keepidle", TCP, IPPROTO_TCP, 4, 4},
	{"tcp info", TCP, IPPROTO_TCP, TCP_INFO_, 1},
	{"tcp quickack", TCP, IPPROTO_TCP, 12, 0},
	{"tcp congestion", TCP, IPPROTO_TCP, TCP_CONGESTION_, 16},
	{"tcp user_timeout", TCP, IPPROTO_TCP, 18, 4},
	{"tcp ulp", TCP, IPPROTO_TCP, 31, 16},
	{"tcp zerocopy_receive", TCP, IPPROTO_TCP, 35, 4},
	{"tcp unknown", TCP, IPPROTO_TCP, 200, 4},
	{"ip tos", UDP, IPPROTO_IP, IP_TOS, 4},
	{"ip ttl", UDP, IPPROTO_IP, IP_TTL, 4},
	{"ip hdrincl", UDP, IPPROTO_IP, IP_HDRINCL, 4},
	{"ip options", UDP, IPPROTO_IP, IP_OPTIONS, 4},
	{"ip mtu_discover", UDP, IPPROTO_IP, IP_MTU_DISCOVER, 4},
	{"ip mtu", TCP, IPPROTO_IP, IP_MTU, 4},
	{"ip mtu unconnected", UDP, IPPROTO_IP, IP_MTU, 4},
	{"ip multicast_if", UDP, IPPROTO_IP, IP_MULTICAST_IF, 4},
	{"ip multicast_ttl", UDP, IPPROTO_IP, IP_MULTICAST_TTL, 4},
	{"ip multicast_loop", UDP, IPPROTO_IP, IP_MULTICAST_LOOP, 4},
	{"ip pktoptions", TCP, IPPROTO_IP, 9, 4},
	{"ip pktinfo", UDP, IPPROTO_IP, IP_PKTINFO, 4},
	{"ip freebind", UDP, IPPROTO_IP, IP_FREEBIND, 4},
	{"ip local_port_range", UDP, IPPROTO_IP, 51, 4},
	{"ip unknown", UDP, IPPROTO_IP, 200, 4},
	{"ipv6 v6only", TCP6, IPPROTO_IPV6, IPV6_V6ONLY, 4},
	{"ipv6 unicast_hops", TCP6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 4},
	{"ipv6 mtu", TCP6, IPPROTO_IPV6, IPV6_MTU, 4},
	{"ipv6 tclass", TCP6, IPPROTO_IPV6, IPV6_TCLASS, 4},
	{"ipv6 addr_preferences", TCP6, IPPROTO_IPV6, 72, 4},
	{"ipv6 rthdr", TCP6, IPPROTO_IPV6, IPV6_RTHDR, 4},
	{"ipv6 pktoptions", TCP6, IPPROTO_IPV6, 6, 4},
	{"udp cork", UDP, IPPROTO_UDP, 1, 4},
	{"udp segment", UDP, IPPROTO_UDP, 103, 4},
	{"udp encap", UDP, IPPROTO_UDP, 100, 4},
	{"netlink memberships", NETLINK, 270, 9, 4},
	{"netlink pktinfo", NETLINK, 270, 3, 4},
	{"netlink strict", NETLINK, 270, 12, 4},
	{"iptables info", TCP, IPPROTO_IP, 64, 0},
};

static const char *get_label(int row)
{
	return gets[row].label;
}

VECTORS(get, COUNT(gets), get_label)
{
	static const int rooms[] = {4, 0, 1, 2, 3, 5, 7, 8, 12, 16, 64, 300, -1, 0x7fffffff};
	int fd = open_kind(gets[row].kind);

	for (int i = 0; i < COUNT(rooms); i++) {
		char *v = mem(512), *n = num(rooms[i]);
		int low = dup(0), made;
		long r;

		close(low);
		r = s_getsockopt(fd, gets[row].level, gets[row].name, v, n);
		out("%d:", rooms[i]);
		ret("", r);
		number("n", n);
		if (get_num(n) > 0 && get_num(n) <= 512 && gets[row].seen)
			bytes("", v, get_num(n) < gets[row].seen ? get_num(n) : gets[row].seen);
		if (get_num(n) >= 0 && get_num(n) < 16)
			bytes("after", v + get_num(n), 8);
		made = fcntl(low, F_GETFD);
		if (made >= 0)
			close(low);
	}
}

static const struct {
	const char *label;
	enum kind kind;
	int level, name, value;
} sets[] = {
	{"reuseaddr", TCP, SOL_SOCKET, SO_REUSEADDR, 7},
	{"keepalive", UNIX_STREAM, SOL_SOCKET, SO_KEEPALIVE, 1},
	{"sndbuf", UNIX_STREAM, SOL_SOCKET, SO_SNDBUF, 10000},
	{"rcvbuf", UDP, SOL_SOCKET, SO_RCVBUF, 1},
	{"rcvbuf huge", UDP, SOL_SOCKET, SO_RCVBUF, 0x7fffffff},
	{"sndbufforce", UDP, SOL_SOCKET, SO_SNDBUFFORCE, 100000},
	{"rcvbufforce", UDP, SOL_SOCKET, SO_RCVBUFFORCE, 8000000},
	{"priority", UDP, SOL_SOCKET, SO_PRIORITY, 6},
	{"priority 7", UDP, SOL_SOCKET, SO_PRIORITY, 7},
	{"rcvlowat", TCP, SOL_SOCKET, SO_RCVLOWAT, 5},
	{"sndlowat", TCP, SOL_SOCKET, SO_SNDLOWAT, 5},
	{"passcred", UNIX_DGRAM, SOL_SOCKET, SO_PASSCRED, 1},
	{"passcred inet", UDP, SOL_SOCKET, SO_PASSCRED, 1},
	{"peek_off", UNIX_STREAM, SOL_SOCKET, SO_PEEK_OFF, 3},
	{"mark", UDP, SOL_SOCKET, SO_MARK, 17},
	{"debug", UDP, SOL_SOCKET, SO_DEBUG, 1},
	{"broadcast", UDP, SOL_SOCKET, SO_BROADCAST, 1},
	{"max_pacing_rate", TCP, SOL_SOCKET, SO_MAX_PACING_RATE, 99999},
	{"timestamp", UDP, SOL_SOCKET, SO_TIMESTAMP, 1},
	{"timestamp new", UDP, SOL_SOCKET, 63, 1},
	{"error", UDP, SOL_SOCKET, SO_ERROR, 1},
	{"domain", UDP, SOL_SOCKET, SO_DOMAIN, 1},
	{"bindtoifindex", UDP, SOL_SOCKET, SO_BINDTOIFINDEX, 1},
	{"bindtoifindex -1", UDP, SOL_SOCKET, SO_BINDTOIFINDEX, -1},
	{"zerocopy", TCP, SOL_SOCKET, SO_ZEROCOPY, 1},
	{"zerocopy 2", TCP, SOL_SOCKET, SO_ZEROCOPY, 2},
	{"zerocopy unix", UNIX_STREAM, SOL_SOCKET, SO_ZEROCOPY, 1},
	{"busy_poll", UDP, SOL_SOCKET, SO_BUSY_POLL, 10},
	{"attach_bpf", UDP, SOL_SOCKET, SO_ATTACH_BPF, 0},
	{"detach_filter", UDP, SOL_SOCKET, SO_DETACH_FILTER, 0},
	{"lock_filter", UDP, SOL_SOCKET, SO_LOCK_FILTER, 1},
	{"tcp nodelay", TCP, IPPROTO_TCP, TCP_NODELAY_, 1},
	{"tcp maxseg", TCP, IPPROTO_TCP, 2, 500},
	{"tcp maxseg bad", TCP, IPPROTO_TCP, 2, 1},
	{"tcp keepidle", TCP, IPPROTO_TCP, 4, 77},
	{"tcp keepcnt bad", TCP, IPPROTO_TCP, 6, 1000},
	{"tcp user_timeout", TCP, IPPROTO_TCP, 18, 5000},
	{"tcp repair", TCP, IPPROTO_TCP, 19, 1},
	{"ip tos", UDP, IPPROTO_IP, IP_TOS, 0x10},
	{"ip ttl", UDP, IPPROTO_IP, IP_TTL, 12},
	{"ip ttl 0", UDP, IPPROTO_IP, IP_TTL, 0},
	{"ip ttl 256", UDP, IPPROTO_IP, IP_TTL, 256},
	{"ip transparent", UDP, IPPROTO_IP, IP_TRANSPARENT, 1},
	{"ip multicast_if", UDP, IPPROTO_IP, IP_MULTICAST_IF, 0},
	{"ip multicast_ttl", UDP, IPPROTO_IP, IP_MULTICAST_TTL, 9},
	{"ip unknown", UDP, IPPROTO_IP, 200, 9},
	{"ipv6 v6only", TCP6, IPPROTO_IPV6, IPV6_V6ONLY, 1},
	{"ipv6 hops", TCP6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 300},
	{"ipv6 addrform", TCP6, IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET},
	{"udp cork", UDP, IPPROTO_UDP, 1, 1},
	{"udp segment", UDP, IPPROTO_UDP, 103, 500},
	{"netlink add_membership", NETLINK, 270, 1, 1},
	{"netlink ext_ack", NETLINK, 270, 11, 1},
};

static const char *set_label(int row)
{
	return sets[row].label;
}

VECTORS(set, COUNT(sets), set_label)
{
	static const int lens[] = {0, 1, 2, 3, -1, 8, 4096, 4};
	int fd = open_kind(sets[row].kind);
	char *v = memset(mem(8192), 0, 8192), *n;

	memcpy(v, &sets[row].value, 4);
	for (int i = 0; i < COUNT(lens); i++) {
		out("%d:", lens[i]);
		ret("set", s_setsockopt(fd, sets[row].level, sets[row].name, v, lens[i]));
		n = num(8);
		char *got = mem(8);
		ret("get", s_getsockopt(fd, sets[row].level, sets[row].name, got, n));
		number("n", n);
		bytes("", got, 8);
	}
	ret("unmapped", s_setsockopt(fd, sets[row].level, sets[row].name, hole(), 4));
	ret("half", s_setsockopt(fd, sets[row].level, sets[row].name, mem_before_hole(2), 4));
	ret("NULL", s_setsockopt(fd, sets[row].level, sets[row].name, 0, 4));
}

VECTOR(as_user, NEED_ROOT)
{
	int fd = udp_bound(AF_INET);

	ret("setuid", setresuid(1000, 1000, 1000) ? -errno : 0);
	ret("mark", s_setsockopt(fd, SOL_SOCKET, SO_MARK, num(1), 4));
	ret("priority 7", s_setsockopt(fd, SOL_SOCKET, SO_PRIORITY, num(7), 4));
	ret("sndbufforce", s_setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, num(100000), 4));
	ret("debug", s_setsockopt(fd, SOL_SOCKET, SO_DEBUG, num(1), 4));
	ret("transparent", s_setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, num(1), 4));
	ret("bindtodevice", s_setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, text("lo"), 2));
	ret("busy_poll", s_setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, num(100), 4));
}

/* --- timeouts, old and new --- */

static const struct {
	long long sec, usec;
} times[] = {{1, 500000}, {0, 0}, {-1, 0}, {0, 1000000}, {0, -1}, {5, 999999}, {-1, 999999}};

static const char *times_label(int row)
{
	static char s[32];

	snprintf(s, sizeof(s), "%lld,%lld", times[row].sec, times[row].usec);
	return s;
}

VECTORS(timeo_old, COUNT(times), times_label)
{
	static const int lens[] = {4, 7, 8, 12, 15, 16, 20};
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0);

	for (int i = 0; i < COUNT(lens); i++) {
		char *v = mem(32), *got = mem(32), *n = num(32);

		memcpy(v, time_pair(times[row].sec, times[row].usec, entry->word), 2 * entry->word);
		out("%d:", lens[i]);
		ret("set", s_setsockopt(fd, SOL_SOCKET, RCVTIMEO_OLD, v, lens[i]));
		ret("get", s_getsockopt(fd, SOL_SOCKET, RCVTIMEO_OLD, got, n));
		number("n", n);
		bytes("", got, 24);
		n = num(32);
		got = mem(32);
		ret("new", s_getsockopt(fd, SOL_SOCKET, RCVTIMEO_NEW, got, n));
		number("n", n);
		bytes("", got, 24);
	}
}

VECTORS(timeo_new, COUNT(times), times_label)
{
	static const int lens[] = {4, 8, 12, 15, 16, 20};
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0);

	for (int i = 0; i < COUNT(lens); i++) {
		char *v = mem(32), *got = mem(32), *n = num(32);

		memcpy(v, time_pair(times[row].sec, times[row].usec, 8), 16);
		out("%d:", lens[i]);
		ret("set", s_setsockopt(fd, SOL_SOCKET, SNDTIMEO_NEW, v, lens[i]));
		ret("get", s_getsockopt(fd, SOL_SOCKET, SNDTIMEO_NEW, got, n));
		number("n", n);
		bytes("", got, 24);
		n = num(32);
		got = mem(32);
		ret("old", s_getsockopt(fd, SOL_SOCKET, SNDTIMEO_OLD, got, n));
		number("n", n);
		bytes("", got, 24);
	}
}

static const int rooms[] = {0, 1, 3, 4, 7, 8, 11, 12, 15, 16, 17};

static const char *room_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", rooms[row]);
	return s;
}

VECTORS(timeo_room, COUNT(rooms), room_label)
{
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0);

	s_setsockopt(fd, SOL_SOCKET, RCVTIMEO_OLD, time_pair(3, 40000, entry->word), 2 * entry->word);
	for (int i = 0; i < 2; i++) {
		char *got = mem(20), *n = num(rooms[row]);

		ret("get", s_getsockopt(fd, SOL_SOCKET, i ? RCVTIMEO_NEW : RCVTIMEO_OLD, got, n));
		number("n", n);
		bytes("", got, 20);
	}
}

VECTOR(timeo_huge)
{
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0);
	char *got = mem(16), *n = num(16);

	ret("set", s_setsockopt(fd, SOL_SOCKET, RCVTIMEO_NEW, time_pair(0x7fffffffffffffffll, 0, 8), 16));
	ret("get", s_getsockopt(fd, SOL_SOCKET, RCVTIMEO_NEW, got, n));
	bytes("", got, 16);
	n = num(16);
	got = mem(16);
	ret("set", s_setsockopt(fd, SOL_SOCKET, RCVTIMEO_NEW, time_pair(0x123456789all, 5, 8), 16));
	ret("old", s_getsockopt(fd, SOL_SOCKET, RCVTIMEO_OLD, got, n));
	number("n", n);
	bytes("", got, 16);
}

/* --- linger --- */

VECTOR(linger_lengths)
{
	int fd = s_socket(AF_INET, SOCK_STREAM, 0), l[2] = {1, 7};

	for (int len = 0; len <= 12; len += 4) {
		char *v = mem(16), *got = mem(12), *n = num(12);

		memcpy(v, l, 8);
		ret("set", s_setsockopt(fd, SOL_SOCKET, SO_LINGER, v, len));
		ret("get", s_getsockopt(fd, SOL_SOCKET, SO_LINGER, got, n));
		number("n", n);
		bytes("", got, 12);
	}
}

/* --- filters --- */

/* struct sock_fprog in the entry's layout. */
static char *fprog(int n, const void *code)
{
	char *p = mem(2 * entry->word);

	memcpy(p, &(uint16_t){n}, 2);
	memcpy(p + entry->word, &code, entry->word);
	return p;
}

static void *accept_all(uint32_t k)
{
	struct sock_filter f[] = {{BPF_RET | BPF_K, 0, 0, k}};

	return data(f, sizeof(f));
}

static const int filter_lens[] = {0, 4, 7, 8, 9, 12, 15, 16, 17, 24};

static const char *filter_len_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", filter_lens[row]);
	return s;
}

VECTORS(attach_filter, COUNT(filter_lens), filter_len_label)
{
	int fd = udp_bound(AF_INET);
	char *prog = mem(32), *n = num(8);

	memcpy(prog, fprog(1, accept_all(2)), 2 * entry->word);
	ret("attach", s_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, prog, filter_lens[row]));
	ret("count", s_getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, 0, num(0)));
	char *code = mem(16);
	ret("get", s_getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, code, n));
	number("n", n);
	bytes("", code, 16);
	ret("reuseport", s_setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, prog, filter_lens[row]));
}

VECTOR(filter_works)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *buf = mem(8);

	ret("attach", s_setsockopt(p.b, SOL_SOCKET, SO_ATTACH_FILTER, fprog(1, accept_all(3)), 2 * entry->word));
	ret("send", s_send(p.a, text("abcdef"), 6, 0));
	ret("recv", s_recv(p.b, buf, 8, MSG_DONTWAIT));
	bytes("", buf, 8);
	ret("detach", s_setsockopt(p.b, SOL_SOCKET, SO_DETACH_FILTER, 0, 0));
	ret("detach", s_setsockopt(p.b, SOL_SOCKET, SO_DETACH_FILTER, num(0), 4));
	ret("detach", s_setsockopt(p.b, SOL_SOCKET, SO_DETACH_FILTER, num(0), 4));
}

VECTOR(filter_bad)
{
	int fd = udp_bound(AF_INET);
	struct sock_filter wrong = {0xffff, 0, 0, 0};

	ret("no instructions", s_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog(0, accept_all(1)), 2 * entry->word));
	ret("unmapped", s_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog(1, hole()), 2 * entry->word));
	ret("NULL", s_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog(1, 0), 2 * entry->word));
	ret("half", s_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog(2, mem_before_hole(8)), 2 * entry->word));
	ret("wrong", s_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog(1, data(&wrong, 8)), 2 * entry->word));
	ret("4097", s_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog(4097, mem(4097 * 8)), 2 * entry->word));
	ret("65535", s_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog(65535, mem(65535 * 8)), 2 * entry->word));
	ret("prog unmapped", s_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, hole(), 2 * entry->word));
}

VECTOR(filter_big)
{
	int fd = udp_bound(AF_INET), n = 4096;
	char *code = mem(n * 8);

	for (int i = 0; i < n; i++)
		memcpy(code + i * 8, &(struct sock_filter){BPF_RET | BPF_K, 0, 0, i}, 8);
	ret("attach", s_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog(n, code), 2 * entry->word));
	char *got = mem(n * 8);
	ret("get short", s_getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, got, num(n - 1)));
	char *len = num(n);
	ret("get", s_getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, got, len));
	number("n", len);
	bytes("", got, n * 8);
}

VECTOR(filter_locked)
{
	int fd = udp_bound(AF_INET);

	ret("lock", s_setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, num(1), 4));
	ret("attach", s_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog(1, accept_all(1)), 2 * entry->word));
}

/* --- strings and the rest --- */

VECTOR(bindtodevice)
{
	int fd = udp_bound(AF_INET);
	char *got = mem(20), *n = num(20);

	ret("lo", s_setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, text("lo"), 2));
	ret("get", s_getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, got, n));
	number("n", n);
	bytes("", got, 20);
	n = num(15);
	ret("get 15", s_getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, got, n));
	ret("none", s_setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, 0, 0));
	n = num(20);
	ret("get", s_getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, got, n));
	number("n", n);
	ret("no such", s_setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, text("nosuch0"), 7));
	ret("long", s_setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, memset(mem(64), 'z', 64), 64));
}

VECTOR(congestion)
{
	int fd = s_socket(AF_INET, SOCK_STREAM, 0);
	char *got = mem(20), *n = num(20);

	ret("reno", s_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION_, text("reno"), 4));
	ret("get", s_getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION_, got, n));
	number("n", n);
	bytes("", got, 20);
	n = num(3);
	ret("get 3", s_getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION_, got, n));
	number("n", n);
	ret("no such", s_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION_, text("nosuch"), 6));
	ret("empty", s_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION_, text("x"), 0));
}

VECTOR(error_is_taken)
{
	int fd = s_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), gone = tcp_listener(AF_INET);
	uint16_t port = port_of(gone);

	close(gone);
	ret("connect", s_connect(fd, inet_addr_of(AF_INET, port), 16));
	nap(30);
	ret("room 2", s_getsockopt(fd, SOL_SOCKET, SO_ERROR, mem(4), num(2)));
	out("SO_ERROR %d", opt_int(fd, SOL_SOCKET, SO_ERROR));
	out("SO_ERROR %d", opt_int(fd, SOL_SOCKET, SO_ERROR));
}

VECTOR(value_faults)
{
	int fd = tcp_pair(AF_INET).a;
	char *n = num(8);

	ret("linger", s_getsockopt(fd, SOL_SOCKET, SO_LINGER, mem_before_hole(4), n));
	number("n", n);
	n = num(16);
	ret("timeo", s_getsockopt(fd, SOL_SOCKET, RCVTIMEO_OLD, mem_before_hole(4), n));
	number("n", n);
	n = num(100);
	ret("info", s_getsockopt(fd, IPPROTO_TCP, TCP_INFO_, mem_before_hole(20), n));
	number("n", n);
	ret("read-only value", s_getsockopt(fd, SOL_SOCKET, SO_TYPE, readonly(4), num(4)));
	char *end = mem_before_hole(4);
	ret("exact", s_getsockopt(fd, SOL_SOCKET, SO_TYPE, end, num(4)));
	number("value", end);
}

/* The value lands on its own length. */
VECTOR(value_on_length)
{
	int fd = unix_pair(SOCK_DGRAM).a;
	char *v = num(4);

	ret("getsockopt", s_getsockopt(fd, SOL_SOCKET, SO_TYPE, v, v));
	number("value", v);
}

VECTOR(long_setsockopt)
{
	int fd = s_socket(AF_INET, SOCK_STREAM, 0);
	char *v = memset(mem(200000), 0, 200000);

	ret("4096", s_setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, v, 4096));
	ret("200000", s_setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, v, 200000));
	ret("beyond the memory", s_setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, mem_before_hole(4), 0x7fffffff));
	ret("ip options 200000", s_setsockopt(fd, IPPROTO_IP, IP_OPTIONS, v, 200000));
	ret("ip options 4", s_setsockopt(fd, IPPROTO_IP, IP_OPTIONS, v, 4));
}

VECTOR(peersec_room)
{
	int fd = unix_pair(SOCK_STREAM).a;

	for (int room = 0; room < 3; room++) {
		char *v = mem(64), *n = num(room * 30);

		ret("peersec", s_getsockopt(fd, SOL_SOCKET, SO_PEERSEC, v, n));
		number("n", n);
	}
}

VECTOR(buffers_by_32_bits)
{
	int fd = unix_pair(SOCK_STREAM).a;

	set_opt(fd, SOL_SOCKET, SO_SNDBUF, 50000);
	set_opt(fd, SOL_SOCKET, SO_RCVBUF, 60000);
	out("%d %d", opt_int(fd, SOL_SOCKET, SO_SNDBUF), opt_int(fd, SOL_SOCKET, SO_RCVBUF));
	set_opt(fd, SOL_SOCKET, SO_SNDBUF, -1);
	set_opt(fd, SOL_SOCKET, SO_RCVBUF, 0);
	out("%d %d", opt_int(fd, SOL_SOCKET, SO_SNDBUF), opt_int(fd, SOL_SOCKET, SO_RCVBUF));
}

/* 64-bit value: 4 bytes to a 32-bit program, 8 to others. */
VECTOR(pacing_rate)
{
	int fd = s_socket(AF_INET, SOCK_STREAM, 0);
	uint64_t rate = 0x123456789ull;

	ret("set 8", s_setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, data(&rate, 8), 8));
	for (int room = 4; room <= 8; room += 4) {
		char *v = mem(8), *n = num(room);

		ret("get", s_getsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, v, n));
		number("n", n);
		bytes("", v, 8);
	}
}
