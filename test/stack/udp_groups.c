/*
 * udp_groups.c - groups and broadcast: joining, leaving, source filters, who hears what.
 */
#include "udp_same.h"

#include <net/if.h>

static int member(struct sys *y, int s, int name, const char *group, const char *address, int ifindex,
		  size_t len)
{
	struct ip_mreqn r = {.imr_ifindex = ifindex};

	inet_pton(AF_INET, group, &r.imr_multiaddr);
	inet_pton(AF_INET, address, &r.imr_address);
	return do_setopt(y, s, IPPROTO_IP, name, &r, len);
}

static int join(struct sys *y, int s, const char *group, int ifindex)
{
	return member(y, s, IP_ADD_MEMBERSHIP, group, "0.0.0.0", ifindex, sizeof(struct ip_mreqn));
}

static int leave(struct sys *y, int s, const char *group, int ifindex)
{
	return member(y, s, IP_DROP_MEMBERSHIP, group, "0.0.0.0", ifindex, sizeof(struct ip_mreqn));
}

static int member6(struct sys *y, int s, int name, const char *group, int ifindex)
{
	struct ipv6_mreq r = {.ipv6mr_interface = ifindex};

	inet_pton(AF_INET6, group, &r.ipv6mr_multiaddr);
	return do_setopt(y, s, IPPROTO_IPV6, name, &r, sizeof(r));
}

static int source(struct sys *y, int s, int name, const char *group, const char *from)
{
	struct ip_mreq_source r = {0};

	inet_pton(AF_INET, group, &r.imr_multiaddr);
	inet_pton(AF_INET, from, &r.imr_sourceaddr);
	return do_setopt(y, s, IPPROTO_IP, name, &r, sizeof(r));
}

static void storage(struct sockaddr_storage *ss, const char *text)
{
	socklen_t n;
	const void *a = at(text, 0, &n);

	memset(ss, 0, sizeof(*ss));
	memcpy(ss, a, n);
}

static int group_change(struct sys *y, int s, int level, int name, const char *group, int ifindex)
{
	struct group_req r = {.gr_interface = ifindex};

	storage(&r.gr_group, group);
	return do_setopt(y, s, level, name, &r, sizeof(r));
}

static int group_source(struct sys *y, int s, int level, int name, const char *group,
			const char *from, int ifindex)
{
	struct group_source_req r = {.gsr_interface = ifindex};

	storage(&r.gsr_group, group);
	storage(&r.gsr_source, from);
	return do_setopt(y, s, level, name, &r, sizeof(r));
}

static void settle(struct sys *y)
{
	usleep(y->ours ? 0 : 30000);
}

static void joining(struct sys *y)
{
	int s, t, s6;

	enter_host(y, A);
	s = do_socket(y, AF_INET);
	t = do_stream(y, AF_INET);
	s6 = do_socket(y, AF_INET6);
	SAW(y, join(y, s, "239.1.1.1", 0));
	SAW(y, join(y, s, "239.1.1.1", 0));
	SAW(y, join(y, s, "239.1.1.1", 2));
	SAW(y, join(y, s, "239.1.1.1", 1));
	SAW(y, join(y, s, "239.1.1.1", 3));
	SAW(y, join(y, s, "10.0.0.1", 0));
	SAW(y, join(y, t, "239.1.1.1", 0));
	SAW(y, join(y, s6, "239.1.1.1", 0));
	SAW(y, member(y, s, IP_ADD_MEMBERSHIP, "239.1.1.2", "10.0.0.1", 0, sizeof(struct ip_mreq)));
	SAW(y, member(y, s, IP_ADD_MEMBERSHIP, "239.1.1.3", "10.0.0.9", 0, sizeof(struct ip_mreq)));
	SAW(y, member(y, s, IP_ADD_MEMBERSHIP, "239.1.1.3", "127.0.0.1", 0, sizeof(struct ip_mreq)));
	SAW(y, member(y, s, IP_ADD_MEMBERSHIP, "239.1.1.4", "127.0.0.1", 2, sizeof(struct ip_mreq)));
	for (int len = 0; len < 16; len += 4)
		saw(y, "length", member(y, s, IP_ADD_MEMBERSHIP, "239.1.1.5", "0.0.0.0", 0, len));
	SAW(y, leave(y, s, "239.1.1.1", 0));
	SAW(y, leave(y, s, "239.1.1.1", 1));
	SAW(y, leave(y, s, "239.1.1.1", 2));
	SAW(y, leave(y, s, "239.1.1.1", 3));
	SAW(y, leave(y, s, "239.9.9.9", 0));
	SAW(y, leave(y, s, "10.0.0.1", 0));
	SAW(y, member(y, s, IP_DROP_MEMBERSHIP, "239.1.1.2", "10.0.0.9", 0, sizeof(struct ip_mreq)));
	SAW(y, member(y, s, IP_DROP_MEMBERSHIP, "239.1.1.2", "10.0.0.1", 0, sizeof(struct ip_mreq)));
	s = do_socket(y, AF_INET);
	for (int i = 1; i <= 22; i++) {
		char group[32];

		snprintf(group, sizeof(group), "239.2.2.%d", i);
		saw(y, "one more", join(y, s, group, 0));
	}
}

static void joining6(struct sys *y)
{
	int s, t, four;

	enter_host(y, A);
	s = do_socket(y, AF_INET6);
	t = do_stream(y, AF_INET6);
	four = do_socket(y, AF_INET);
	SAW(y, member6(y, s, IPV6_JOIN_GROUP, "ff02::1234", 0));
	SAW(y, member6(y, s, IPV6_JOIN_GROUP, "ff02::1234", 2));
	SAW(y, member6(y, s, IPV6_JOIN_GROUP, "ff02::1234", 1));
	SAW(y, member6(y, s, IPV6_JOIN_GROUP, "ff02::1234", 3));
	SAW(y, member6(y, s, IPV6_JOIN_GROUP, "ff02::1234", 0));
	SAW(y, member6(y, s, IPV6_JOIN_GROUP, "fd00::1", 0));
	SAW(y, member6(y, s, IPV6_JOIN_GROUP, "::ffff:239.1.1.1", 0));
	SAW(y, member6(y, t, IPV6_JOIN_GROUP, "ff02::1234", 0));
	SAW(y, member6(y, four, IPV6_JOIN_GROUP, "ff02::1234", 0));
	SAW(y, member6(y, s, IPV6_LEAVE_GROUP, "ff02::1234", 1));
	SAW(y, member6(y, s, IPV6_LEAVE_GROUP, "ff02::1234", 1));
	SAW(y, member6(y, s, IPV6_LEAVE_GROUP, "ff02::1234", 0));
	SAW(y, member6(y, s, IPV6_LEAVE_GROUP, "ff02::1234", 0));
	SAW(y, member6(y, s, IPV6_LEAVE_GROUP, "fd00::1", 0));
	SAW(y, do_setopt(y, s, IPPROTO_IPV6, IPV6_JOIN_GROUP, "1234", 4));
}

static void sources(struct sys *y)
{
	int s, n;

	enter_host(y, A);
	s = do_socket(y, AF_INET);
	SAW(y, source(y, s, IP_BLOCK_SOURCE, "239.1.1.1", "10.0.0.2"));
	SAW(y, join(y, s, "239.1.1.1", 0));
	SAW(y, source(y, s, IP_UNBLOCK_SOURCE, "239.1.1.1", "10.0.0.2"));
	SAW(y, source(y, s, IP_BLOCK_SOURCE, "239.1.1.1", "10.0.0.2"));
	SAW(y, source(y, s, IP_BLOCK_SOURCE, "239.1.1.1", "10.0.0.2"));
	SAW(y, source(y, s, IP_ADD_SOURCE_MEMBERSHIP, "239.1.1.1", "10.0.0.3"));
	SAW(y, source(y, s, IP_UNBLOCK_SOURCE, "239.1.1.1", "10.0.0.2"));
	SAW(y, source(y, s, IP_ADD_SOURCE_MEMBERSHIP, "239.1.1.1", "10.0.0.3"));
	SAW(y, leave(y, s, "239.1.1.1", 0));
	SAW(y, join(y, s, "239.1.1.1", 0));
	SAW(y, source(y, s, IP_ADD_SOURCE_MEMBERSHIP, "239.1.1.1", "10.0.0.3"));
	SAW(y, source(y, s, IP_BLOCK_SOURCE, "239.1.1.1", "10.0.0.3"));
	SAW(y, source(y, s, IP_DROP_SOURCE_MEMBERSHIP, "239.1.1.1", "10.0.0.4"));
	SAW(y, source(y, s, IP_DROP_SOURCE_MEMBERSHIP, "239.1.1.1", "10.0.0.3"));
	SAW(y, source(y, s, IP_DROP_SOURCE_MEMBERSHIP, "239.1.1.1", "10.0.0.3"));
	SAW(y, source(y, s, IP_ADD_SOURCE_MEMBERSHIP, "10.1.1.1", "10.0.0.3"));
	for (n = 1; n <= 12; n++) {
		char from[32];

		snprintf(from, sizeof(from), "10.0.1.%d", n);
		saw(y, "add", source(y, s, IP_ADD_SOURCE_MEMBERSHIP, "239.1.1.9", from));
	}
	SAW(y, do_setopt(y, s, IPPROTO_IP, IP_BLOCK_SOURCE, "abcdefghijk", 11));
	for (int level = 0; level < 2; level++) {
		const int l = level ? IPPROTO_IPV6 : IPPROTO_IP;
		const char *g = level ? "ff0e::77" : "239.7.7.7", *f = level ? "fd00::9" : "10.0.0.9";

		s = do_socket(y, level ? AF_INET6 : AF_INET);
		SAW(y, group_change(y, s, l, MCAST_LEAVE_GROUP, g, 0));
		SAW(y, group_change(y, s, l, MCAST_JOIN_GROUP, g, 0));
		SAW(y, group_change(y, s, l, MCAST_JOIN_GROUP, g, 0));
		SAW(y, group_change(y, s, l, MCAST_JOIN_GROUP, g, 7));
		SAW(y, group_change(y, s, l, MCAST_JOIN_GROUP, level ? "239.7.7.7" : "ff0e::77", 0));
		SAW(y, group_source(y, s, l, MCAST_BLOCK_SOURCE, g, f, 2));
		SAW(y, group_source(y, s, l, MCAST_JOIN_SOURCE_GROUP, g, f, 2));
		SAW(y, group_source(y, s, l, MCAST_UNBLOCK_SOURCE, g, f, 2));
		SAW(y, group_change(y, s, l, MCAST_LEAVE_GROUP, g, 2));
		SAW(y, group_source(y, s, l, MCAST_JOIN_SOURCE_GROUP, g, f, 2));
		SAW(y, group_source(y, s, l, MCAST_JOIN_SOURCE_GROUP, g, f, 2));
		SAW(y, group_source(y, s, l, MCAST_JOIN_SOURCE_GROUP, g, f, 9));
		SAW(y, group_source(y, s, l, MCAST_JOIN_SOURCE_GROUP, g,
				    level ? "10.0.0.9" : "fd00::9", 2));
		SAW(y, group_source(y, s, l, MCAST_LEAVE_SOURCE_GROUP, g, f, 2));
		SAW(y, group_source(y, s, l, MCAST_LEAVE_SOURCE_GROUP, g, f, 2));
		SAW(y, do_setopt(y, s, l, MCAST_JOIN_GROUP, "abc", 3));
		SAW(y, do_setopt(y, s, l, MCAST_JOIN_SOURCE_GROUP, "abc", 3));
	}
}

static void say_filter(struct sys *y, int s, int room, const char *group)
{
	union {
		struct ip_msfilter f;
		unsigned char bytes[128];
	} u = {.f = {.imsf_numsrc = (room - 16) / 4}};
	socklen_t n = room;
	int err;

	inet_pton(AF_INET, group, &u.f.imsf_multiaddr);
	err = do_getopt(y, s, IPPROTO_IP, IP_MSFILTER, &u, &n);
	saw(y, "filter", err);
	if (!err)
		say(y, "%u bytes, mode %u, %u sources, first %08x", (unsigned)n, u.f.imsf_fmode,
		    u.f.imsf_numsrc, n > 16 ? ntohl(u.f.imsf_slist[0].s_addr) : 0);
}

static void filters(struct sys *y)
{
	union {
		struct ip_msfilter f;
		unsigned char bytes[128];
	} u = {0};
	int s;

	enter_host(y, A);
	s = do_socket(y, AF_INET);
	inet_pton(AF_INET, "239.1.1.1", &u.f.imsf_multiaddr);
	for (int i = 0; i < 16; i++)
		memcpy(u.bytes + 16 + 4 * i, &(in_addr_t){htonl(0x0a000101 + i)}, 4);
	u.f.imsf_fmode = MCAST_INCLUDE;
	u.f.imsf_numsrc = 3;
	saw(y, "not a member", do_setopt(y, s, IPPROTO_IP, IP_MSFILTER, &u, IP_MSFILTER_SIZE(3)));
	say_filter(y, s, 64, "239.1.1.1");
	SAW(y, join(y, s, "239.1.1.1", 0));
	say_filter(y, s, 64, "239.1.1.1");
	saw(y, "three", do_setopt(y, s, IPPROTO_IP, IP_MSFILTER, &u, IP_MSFILTER_SIZE(3)));
	say_filter(y, s, 64, "239.1.1.1");
	say_filter(y, s, 20, "239.1.1.1");
	say_filter(y, s, 16, "239.1.1.1");
	say_filter(y, s, 15, "239.1.1.1");
	say_filter(y, s, 64, "10.0.0.1");
	saw(y, "short", do_setopt(y, s, IPPROTO_IP, IP_MSFILTER, &u, IP_MSFILTER_SIZE(2)));
	saw(y, "shorter", do_setopt(y, s, IPPROTO_IP, IP_MSFILTER, &u, 12));
	u.f.imsf_numsrc = 11;
	saw(y, "eleven", do_setopt(y, s, IPPROTO_IP, IP_MSFILTER, &u, IP_MSFILTER_SIZE(11)));
	u.f.imsf_numsrc = 10;
	u.f.imsf_fmode = 7;
	saw(y, "mode", do_setopt(y, s, IPPROTO_IP, IP_MSFILTER, &u, IP_MSFILTER_SIZE(10)));
	u.f.imsf_fmode = MCAST_EXCLUDE;
	saw(y, "ten", do_setopt(y, s, IPPROTO_IP, IP_MSFILTER, &u, IP_MSFILTER_SIZE(10)));
	say_filter(y, s, 64, "239.1.1.1");
	u.f.imsf_numsrc = 0;
	saw(y, "none", do_setopt(y, s, IPPROTO_IP, IP_MSFILTER, &u, IP_MSFILTER_SIZE(0)));
	say_filter(y, s, 64, "239.1.1.1");
	u.f.imsf_fmode = MCAST_INCLUDE;
	saw(y, "include none", do_setopt(y, s, IPPROTO_IP, IP_MSFILTER, &u, IP_MSFILTER_SIZE(0)));
	say_filter(y, s, 64, "239.1.1.1");
	saw(y, "include none", do_setopt(y, s, IPPROTO_IP, IP_MSFILTER, &u, IP_MSFILTER_SIZE(0)));
}

static void group_filters(struct sys *y)
{
	enum { ROOM = GROUP_FILTER_SIZE(70) };
	static unsigned char room[ROOM];
	struct group_filter *f = (void *)room;

	enter_host(y, A);
	for (int level = 0; level < 2; level++) {
		const int l = level ? IPPROTO_IPV6 : IPPROTO_IP;
		int s = do_socket(y, level ? AF_INET6 : AF_INET);
		static const int counts[] = {0, 2, 10, 11, 64, 65};

		SAW(y, group_change(y, s, l, MCAST_JOIN_GROUP, level ? "ff0e::77" : "239.7.7.7", 0));
		for (int i = 0; i < 6; i++) {
			socklen_t n = GROUP_FILTER_SIZE(3);
			int err;

			memset(room, 0, sizeof(room));
			storage(&f->gf_group, level ? "ff0e::77" : "239.7.7.7");
			for (int j = 0; j < counts[i]; j++) {
				char from[32];

				snprintf(from, sizeof(from), level ? "fd00::%x" : "10.0.2.%d", j + 1);
				storage(&f->gf_slist[j], from);
			}
			f->gf_interface = 2;
			f->gf_fmode = MCAST_EXCLUDE;
			f->gf_numsrc = counts[i];
			say(y, "%d sources", counts[i]);
			if (sizeof(long) == 8) /* for a 32-bit program a 64-bit kernel looks at the size first */
				saw(y, "short", do_setopt(y, s, l, MCAST_MSFILTER, room,
							  GROUP_FILTER_SIZE(counts[i]) - 1));
			saw(y, "set", do_setopt(y, s, l, MCAST_MSFILTER, room,
						GROUP_FILTER_SIZE(counts[i])));
			f->gf_numsrc = 3;
			err = do_getopt(y, s, l, MCAST_MSFILTER, room, &n);
			saw(y, "get", err);
			say(y, "%u bytes, mode %u, %u sources", (unsigned)n, f->gf_fmode,
			    f->gf_numsrc);
			for (unsigned j = 0; !err && j < f->gf_numsrc && j < 3; j++) {
				char text[128];

				say(y, "  %s", address_text(&f->gf_slist[j], 28, text, 128));
			}
		}
		storage(&f->gf_group, level ? "239.7.7.7" : "ff0e::77");
		f->gf_numsrc = 0;
		saw(y, "another family", do_setopt(y, s, l, MCAST_MSFILTER, room,
						   GROUP_FILTER_SIZE(0)));
	}
}

/* Everything that one host's sockets hear, and the other's. */
struct hearers {
	int wild[2], joined[2], strict[2], group[2], wild6[2];
};

static void listen_to(struct sys *y, struct hearers *h)
{
	for (int i = 0; i < 2; i++) {
		int *const all[] = {&h->wild[i], &h->joined[i], &h->strict[i], &h->group[i],
				    &h->wild6[i]};

		enter_host(y, i);
		for (int j = 0; j < 5; j++) {
			int s = *all[j] = do_socket(y, j == 4 ? AF_INET6 : AF_INET);

			set_int(y, s, SOL_SOCKET, SO_REUSEADDR, 1);
			if (bind_to(y, s, j == 4 ? "::" : j == 3 ? "239.1.1.1" : "0.0.0.0", 7000))
				say(y, "cannot bind %d", j);
			set_int(y, s, IPPROTO_IP, IP_PKTINFO, 1);
			set_int(y, s, IPPROTO_IP, IP_RECVTTL, 1);
		}
		set_int(y, h->strict[i], IPPROTO_IP, IP_MULTICAST_ALL, 0);
	}
}

static void hear(struct sys *y, struct hearers *h, const char *what)
{
	static const char *const names[] = {"wild", "joined", "strict", "group", "wild6"};

	settle(y);
	say(y, "%s:", what);
	for (int i = 0; i < 2; i++) {
		const int all[] = {h->wild[i], h->joined[i], h->strict[i], h->group[i], h->wild6[i]};

		enter_host(y, i);
		for (int j = 0; j < 5; j++) {
			char name[32];

			snprintf(name, sizeof(name), "%c %s", 'A' + i, names[j]);
			got(y, name, all[j], 20, 0);
			got(y, name, all[j], 20, 0);
		}
	}
	enter_host(y, A);
}

static void who_hears(struct sys *y)
{
	struct hearers h;
	int s;

	listen_to(y, &h);
	enter_host(y, A);
	s = do_socket(y, AF_INET);
	SAW(y, send_to(y, s, "nobody", "239.1.1.1", 7000));
	hear(y, &h, "no members");
	for (int i = 0; i < 2; i++) {
		enter_host(y, i);
		SAW(y, join(y, h.joined[i], "239.1.1.1", 0));
	}
	enter_host(y, A);
	SAW(y, send_to(y, s, "members", "239.1.1.1", 7000));
	hear(y, &h, "members");
	SAW(y, send_to(y, s, "other group", "239.1.1.2", 7000));
	hear(y, &h, "other group");
	SAW(y, send_to(y, s, "all hosts", "224.0.0.1", 7000));
	hear(y, &h, "all hosts");
	SAW(y, set_int(y, s, IPPROTO_IP, IP_MULTICAST_LOOP, 0));
	SAW(y, send_to(y, s, "no loop", "239.1.1.1", 7000));
	hear(y, &h, "no loop");
	SAW(y, set_int(y, s, IPPROTO_IP, IP_MULTICAST_LOOP, 1));
	SAW(y, set_int(y, s, IPPROTO_IP, IP_MULTICAST_TTL, 0));
	SAW(y, send_to(y, s, "ttl 0", "239.1.1.1", 7000));
	hear(y, &h, "ttl 0");
	SAW(y, set_int(y, s, IPPROTO_IP, IP_MULTICAST_TTL, 5));
	SAW(y, send_to(y, s, "ttl 5", "239.1.1.1", 7000));
	hear(y, &h, "ttl 5");
	SAW(y, leave(y, h.joined[A], "239.1.1.1", 0));
	SAW(y, send_to(y, s, "left", "239.1.1.1", 7000));
	hear(y, &h, "left");
}

static void who_hears_sources(struct sys *y)
{
	struct hearers h;
	int s;

	listen_to(y, &h);
	for (int i = 0; i < 2; i++) {
		enter_host(y, i);
		SAW(y, source(y, h.joined[i], IP_ADD_SOURCE_MEMBERSHIP, "239.1.1.1", "10.0.0.2"));
	}
	enter_host(y, A);
	s = do_socket(y, AF_INET);
	SAW(y, send_to(y, s, "from A", "239.1.1.1", 7000));
	hear(y, &h, "not included");
	enter_host(y, A);
	SAW(y, source(y, h.joined[A], IP_ADD_SOURCE_MEMBERSHIP, "239.1.1.1", "10.0.0.1"));
	SAW(y, send_to(y, s, "from A", "239.1.1.1", 7000));
	hear(y, &h, "included on A");
	for (int i = 0; i < 2; i++) {
		enter_host(y, i);
		SAW(y, join(y, h.strict[i], "239.1.1.1", 0));
		SAW(y, source(y, h.strict[i], IP_BLOCK_SOURCE, "239.1.1.1", "10.0.0.1"));
	}
	enter_host(y, A);
	SAW(y, send_to(y, s, "from A", "239.1.1.1", 7000));
	hear(y, &h, "excluded");
	enter_host(y, B);
	s = do_socket(y, AF_INET);
	SAW(y, send_to(y, s, "from B", "239.1.1.1", 7000));
	hear(y, &h, "from B");
}

static void over_lo(struct sys *y)
{
	struct hearers h;
	struct ip_mreqn r = {.imr_ifindex = 1};
	int s;

	listen_to(y, &h);
	enter_host(y, A);
	SAW(y, join(y, h.joined[A], "239.1.1.1", 1));
	s = do_socket(y, AF_INET);
	SAW(y, send_to(y, s, "over eth0", "239.1.1.1", 7000));
	hear(y, &h, "over eth0");
	SAW(y, do_setopt(y, s, IPPROTO_IP, IP_MULTICAST_IF, &r, sizeof(r)));
	SAW(y, send_to(y, s, "over lo", "239.1.1.1", 7000));
	hear(y, &h, "over lo");
	SAW(y, set_int(y, s, IPPROTO_IP, IP_MULTICAST_LOOP, 0));
	SAW(y, send_to(y, s, "over lo, no loop", "239.1.1.1", 7000));
	hear(y, &h, "over lo, no loop");
	s = bound(y, A, AF_INET, "127.0.0.1", 7100);
	SAW(y, send_to(y, s, "from lo", "239.1.1.1", 7000));
	hear(y, &h, "from lo");
	r.imr_ifindex = 0;
	inet_pton(AF_INET, "10.0.0.1", &r.imr_address);
	SAW(y, do_setopt(y, s, IPPROTO_IP, IP_MULTICAST_IF, &r, sizeof(r)));
	SAW(y, send_to(y, s, "from lo over eth0", "239.1.1.1", 7000));
	hear(y, &h, "from lo over eth0");
	SAW(y, connect_to(y, s, "239.1.1.1", 7000));
	say_names(y, "s", s);
}

static void broadcasting(struct sys *y)
{
	static const char *const to[] = {"255.255.255.255", "10.0.0.255", "127.255.255.255"};
	struct hearers h;
	int s, c;

	listen_to(y, &h);
	for (int i = 0; i < 3; i++) {
		say(y, "to %s", to[i]);
		enter_host(y, A);
		s = do_socket(y, AF_INET);
		c = do_socket(y, AF_INET);
		SAW(y, send_to(y, s, "x", to[i], 7000));
		SAW(y, connect_to(y, c, to[i], 7000));
		SAW(y, set_int(y, s, SOL_SOCKET, SO_BROADCAST, 1));
		SAW(y, set_int(y, c, SOL_SOCKET, SO_BROADCAST, 1));
		if (i)
			SAW(y, send_to(y, s, "broadcast", to[i], 7000));
		hear(y, &h, "broadcast");
		if (i) {
			SAW(y, connect_to(y, c, to[i], 7000));
			say_names(y, "c", c);
			SAW(y, do_send(y, c, "connected", 9, 0));
			hear(y, &h, "connected");
		}
		SAW(y, send_to(y, s, "nobody", to[i], 7999));
		say_error(y, "s", s);
	}
	SAW(y, bind_to(y, s, "10.0.0.255", 7005));
	say_names(y, "s", s);
	SAW(y, send_to(y, s, "from broadcast", "10.0.0.1", 7000));
	hear(y, &h, "from broadcast");
	s = do_socket(y, AF_INET);
	SAW(y, bind_to(y, s, "239.1.1.1", 7006));
	say_names(y, "s", s);
	SAW(y, send_to(y, s, "from a group", "10.0.0.1", 7000));
	hear(y, &h, "from a group");
}

static void groups6(struct sys *y)
{
	static const char *const to[] = {"ff02::1234", "ff0e::1234", "ff01::1234", "ff02::1", "ff05::9"};
	int wild[2], joined[2], strict[2], s;

	for (int i = 0; i < 2; i++) {
		int *const all[] = {&wild[i], &joined[i], &strict[i]};

		enter_host(y, i);
		for (int j = 0; j < 3; j++) {
			int h = *all[j] = do_socket(y, AF_INET6);

			set_int(y, h, SOL_SOCKET, SO_REUSEADDR, 1);
			bind_to(y, h, "::", 7000);
			set_int(y, h, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
			set_int(y, h, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
		}
		set_int(y, strict[i], IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
		for (int j = 0; j < 3; j++)
			SAW(y, member6(y, joined[i], IPV6_JOIN_GROUP, to[j], 2));
	}
	enter_host(y, A);
	s = do_socket(y, AF_INET6);
	SAW(y, bind_to(y, s, "fd00::1", 7100));
	for (int round = 0; round < 3; round++) {
		say(y, "round %d", round);
		enter_host(y, A);
		set_int(y, s, IPPROTO_IPV6, IPV6_MULTICAST_IF, 2);
		set_int(y, s, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, round == 1 ? 0 : 3);
		set_int(y, s, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, round != 2);
		for (int j = 0; j < 5; j++) {
			enter_host(y, A);
			saw(y, to[j], send_to(y, s, to[j], to[j], 7000));
			settle(y);
			for (int i = 0; i < 2; i++) {
				enter_host(y, i);
				say(y, "%c", 'A' + i);
				got(y, "wild", wild[i], 20, 0);
				got(y, "joined", joined[i], 20, 0);
				got(y, "strict", strict[i], 20, 0);
			}
		}
	}
}

static const struct same_case cases[] = {
	{"joining", joining},
	{"joining, IPv6", joining6},
	{"sources", sources},
	{"filters", filters},
	{"filters of any family", group_filters},
	{"who hears", who_hears},
	{"who hears which source", who_hears_sources},
	{"over lo", over_lo},
	{"broadcasting", broadcasting},
	{"groups, IPv6", groups6},
};

int main(void)
{
	return same_run(cases, sizeof(cases) / sizeof(cases[0])) != 0;
}
