/*
 * netlink.c - what NETLINK_ROUTE tells: as the kernel does, of hosts that are set up
 * alike.
 *
 * Messages are compared by their headers and by the attributes that programs read
 * (`known`): the kernel tells more.
 */
#include "udp_same.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

static int new_netlink(struct sys *y)
{
	return y->ours ? sc_socket(TASK, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
		       : socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

/* A request: a header, a fixed part, attributes. */
struct request {
	struct nlmsghdr head;
	uint8_t data[256];
};

static void begin(struct request *q, int type, int flags, const void *fixed, size_t len)
{
	memset(q, 0, sizeof(*q));
	q->head.nlmsg_type = type;
	q->head.nlmsg_flags = NLM_F_REQUEST | flags;
	q->head.nlmsg_seq = 77;
	q->head.nlmsg_len = NLMSG_LENGTH(len);
	memcpy(q->data, fixed, len);
}

static void put(struct request *q, int type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)q + NLMSG_ALIGN(q->head.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	q->head.nlmsg_len = NLMSG_ALIGN(q->head.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

/* What is compared of each kind of message. */
static const struct known {
	int type;
	size_t fixed;
	uint64_t attributes; /* bits */
} known[] = {
	{RTM_NEWLINK, sizeof(struct ifinfomsg),
	 1u << IFLA_IFNAME | 1u << IFLA_TXQLEN | 1u << IFLA_OPERSTATE | 1u << IFLA_LINKMODE |
	 1u << IFLA_MTU | 1u << IFLA_GROUP | 1u << IFLA_PROMISCUITY |
	 UINT64_C(1) << IFLA_CARRIER | 1u << IFLA_ADDRESS | 1u << IFLA_BROADCAST |
	 1u << IFLA_QDISC},
	{RTM_NEWADDR, sizeof(struct ifaddrmsg),
	 1 << IFA_ADDRESS | 1 << IFA_LOCAL | 1 << IFA_LABEL | 1 << IFA_BROADCAST | 1 << IFA_FLAGS},
	{RTM_NEWROUTE, sizeof(struct rtmsg),
	 1 << RTA_TABLE | 1 << RTA_DST | 1 << RTA_OIF | 1 << RTA_PREFSRC | 1 << RTA_PRIORITY},
};

/* In one line: sorted later, since order differs. */
static char *describe(struct nlmsghdr *h)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	uint8_t *d = NLMSG_DATA(h);
	const struct known *k = known;

	fprintf(f, "type %d flags %x seq %d:", h->nlmsg_type, h->nlmsg_flags, h->nlmsg_seq);
	while (k < known + 3 && k->type != h->nlmsg_type)
		k++;
	if (k == known + 3) {
		fprintf(f, " len %d ", h->nlmsg_len);
		/* Errors repeat a header with a port id; words differ. */
		for (size_t i = 0; i < 4 && NLMSG_LENGTH(i) < h->nlmsg_len; i++)
			fprintf(f, "%02x", d[i]);
	} else {
		struct rtattr *a;
		int left;

		if (h->nlmsg_type == RTM_NEWADDR) /* ip(8) said so for speed */
			((struct ifaddrmsg *)d)->ifa_flags &= ~IFA_F_NODAD;
		for (size_t i = 0; i < k->fixed; i++)
			fprintf(f, "%02x", d[i]);
		for (int t = 0; t < 64; t++) {
			if (!(k->attributes >> t & 1))
				continue;
			a = (struct rtattr *)(d + NLMSG_ALIGN(k->fixed));
			left = h->nlmsg_len - NLMSG_LENGTH(NLMSG_ALIGN(k->fixed));
			for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
				if (a->rta_type != t)
					continue;
				fprintf(f, " %d=", t);
				if (h->nlmsg_type == RTM_NEWADDR && t == IFA_FLAGS)
					*(uint8_t *)RTA_DATA(a) &= ~IFA_F_NODAD;
				for (size_t i = 0; i < RTA_PAYLOAD(a); i++)
					fprintf(f, "%02x", ((uint8_t *)RTA_DATA(a))[i]);
			}
		}
	}
	fclose(f);
	return text;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Routes that the kernel's side was given and ours needs not: to groups and to all. */
static bool is_extra(const struct nlmsghdr *h)
{
	const struct rtmsg *r = NLMSG_DATA(h);

	return h->nlmsg_type == RTM_NEWROUTE &&
	       (r->rtm_type == RTN_MULTICAST || r->rtm_protocol == RTPROT_BOOT);
}

static void say_answers(struct sys *y, int s, size_t room)
{
	static char buf[65536];
	char *lines[256];
	size_t n = 0;
	bool more = true;

	while (more) {
		long left = do_recv(y, s, buf, room, MSG_DONTWAIT);

		if (left < 0)
			break;
		for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			if (!is_extra(h))
				lines[n++] = describe(h);
			more = h->nlmsg_type != NLMSG_DONE;
		}
	}
	qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n; i++) {
		say(y, "%s", lines[i]);
		free(lines[i]);
	}
}

static void ask(struct sys *y, int s, struct request *q, const char *what)
{
	saw(y, what, do_send(y, s, q, q->head.nlmsg_len, 0));
	say_answers(y, s, 65536);
}

/* As getifaddrs(3) and getaddrinfo(3) ask. */
static void dumps(struct sys *y)
{
	static const int types[] = {RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct request q;
	int s;

	for (int host = A; host <= B; host++) {
		enter_host(y, host);
		s = new_netlink(y);
		for (int i = 0; i < 3; i++) {
			struct rtgenmsg g = {AF_UNSPEC};

			begin(&q, types[i], NLM_F_DUMP, &g, sizeof(g));
			SAW(y, do_sendto(y, s, &q, q.head.nlmsg_len, 0, (void *)&kernel,
					 sizeof(kernel)));
			say_answers(y, s, 65536);
		}
		do_close(y, s);
	}
}

static void dumps_of_a_family(struct sys *y)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct request q;
	int s;

	enter_host(y, A);
	s = new_netlink(y);
	for (int i = 0; i < 2; i++) {
		struct ifaddrmsg a = {.ifa_family = families[i]};
		struct rtmsg r = {.rtm_family = families[i]};

		begin(&q, RTM_GETADDR, NLM_F_DUMP, &a, sizeof(a));
		ask(y, s, &q, "addresses");
		begin(&q, RTM_GETROUTE, NLM_F_DUMP, &r, sizeof(r));
		ask(y, s, &q, "routes");
	}
}

static void single_links(struct sys *y)
{
	struct ifinfomsg i = {.ifi_index = 2};
	struct request q;
	int s;

	enter_host(y, A);
	s = new_netlink(y);
	for (i.ifi_index = 0; i.ifi_index < 4; i.ifi_index++) {
		begin(&q, RTM_GETLINK, 0, &i, sizeof(i));
		ask(y, s, &q, "by index");
		q.head.nlmsg_flags |= NLM_F_ACK;
		ask(y, s, &q, "and an ack");
	}
	i.ifi_index = 0;
	begin(&q, RTM_GETLINK, 0, &i, sizeof(i));
	put(&q, IFLA_IFNAME, "eth0", 5);
	ask(y, s, &q, "by name");
	begin(&q, RTM_GETLINK, 0, &i, sizeof(i));
	put(&q, IFLA_IFNAME, "eth7", 5);
	ask(y, s, &q, "by no name");
}

static void single_routes(struct sys *y)
{
	static const char *const to[] = {"127.0.0.5", "10.0.0.1", "10.0.0.2", "10.0.0.255", "8.8.8.8",
					 "::1", "fd00::1", "fd00::2", "fd01::1"};
	struct request q;
	int s;

	enter_host(y, A);
	s = new_netlink(y);
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		const int family = strchr(to[i], ':') ? AF_INET6 : AF_INET;
		const int len = family == AF_INET ? 4 : 16;
		struct rtmsg r = {.rtm_family = family, .rtm_dst_len = len * 8};
		uint8_t ip[16];

		inet_pton(family, to[i], ip);
		begin(&q, RTM_GETROUTE, 0, &r, sizeof(r));
		put(&q, RTA_DST, ip, len);
		ask(y, s, &q, to[i]);
	}
}

static void single_addresses(struct sys *y)
{
	static const char *const ip[] = {"::1", "fd00::1", "fd00::9"};
	struct ifaddrmsg a = {.ifa_family = AF_INET};
	struct request q;
	int s;

	enter_host(y, A);
	s = new_netlink(y);
	begin(&q, RTM_GETADDR, 0, &a, sizeof(a));
	ask(y, s, &q, "of IPv4");
	a.ifa_family = AF_INET6;
	begin(&q, RTM_GETADDR, 0, &a, sizeof(a));
	ask(y, s, &q, "none");
	for (int i = 0; i < 3; i++) {
		uint8_t b[16];

		inet_pton(AF_INET6, ip[i], b);
		begin(&q, RTM_GETADDR, 0, &a, sizeof(a));
		put(&q, IFA_ADDRESS, b, 16);
		ask(y, s, &q, ip[i]);
	}
}

static void bad_requests(struct sys *y)
{
	struct ifinfomsg i = {.ifi_index = 1};
	struct request q;
	int s;

	enter_host(y, A);
	s = new_netlink(y);
	begin(&q, 999, 0, &i, 4);
	ask(y, s, &q, "no such type");
	begin(&q, NLMSG_NOOP, 0, &i, 4);
	ask(y, s, &q, "nothing");
	begin(&q, NLMSG_NOOP, NLM_F_ACK, &i, 4);
	ask(y, s, &q, "nothing, told");
	begin(&q, RTM_GETLINK, 0, &i, 1);
	ask(y, s, &q, "short");
	begin(&q, RTM_GETLINK, 0, &i, 0);
	ask(y, s, &q, "empty");
	begin(&q, RTM_GETLINK, 0, &i, sizeof(i));
	q.head.nlmsg_flags = 0;
	ask(y, s, &q, "no request");
	begin(&q, RTM_GETLINK, 0, &i, sizeof(i));
	saw(y, "4 bytes", do_send(y, s, &q, 4, 0));
	say_answers(y, s, 65536);
	q.head.nlmsg_len = 2000;
	saw(y, "less than it says", do_send(y, s, &q, 32, 0));
	q.head.nlmsg_len = 3;
	saw(y, "less than a header", do_send(y, s, &q, 32, 0));
	say_answers(y, s, 65536);
	saw(y, "nothing at all", do_send(y, s, &q, 0, 0));
	saw(y, "out of band", do_send(y, s, &q, 32, MSG_OOB));
	begin(&q, RTM_GETLINK, 0, &i, sizeof(i));
	set_int(y, s, SOL_NETLINK, NETLINK_CAP_ACK, 1);
	i.ifi_index = 9;
	begin(&q, RTM_GETLINK, 0, &i, sizeof(i));
	ask(y, s, &q, "capped");
}

/* Two in one send, and a rest that is none. */
static void several(struct sys *y)
{
	struct ifinfomsg i = {.ifi_index = 1};
	uint8_t both[sizeof(struct request) * 2];
	struct request q;
	size_t n = 0;
	int s;

	enter_host(y, A);
	s = new_netlink(y);
	begin(&q, RTM_GETLINK, 0, &i, sizeof(i));
	memcpy(both, &q, q.head.nlmsg_len);
	n += NLMSG_ALIGN(q.head.nlmsg_len);
	q.head.nlmsg_seq++;
	q.head.nlmsg_type = 999;
	memcpy(both + n, &q, q.head.nlmsg_len);
	n += NLMSG_ALIGN(q.head.nlmsg_len);
	memset(both + n, 0, 10);
	saw(y, "two", do_send(y, s, both, n + 10, 0));
	say_answers(y, s, 65536);
}

static void strict(struct sys *y)
{
	struct ifaddrmsg a = {.ifa_family = AF_INET, .ifa_index = 1};
	struct rtmsg r = {.rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN};
	struct ifinfomsg i = {0};
	struct rtgenmsg g = {AF_INET};
	struct request q;
	uint32_t oif = 1;
	int s;

	enter_host(y, A);
	s = new_netlink(y);
	SAW(y, set_int(y, s, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1));
	begin(&q, RTM_GETADDR, NLM_F_DUMP, &a, sizeof(a));
	ask(y, s, &q, "addresses of lo");
	a.ifa_index = 9;
	begin(&q, RTM_GETADDR, NLM_F_DUMP, &a, sizeof(a));
	ask(y, s, &q, "addresses of none");
	a.ifa_index = 0;
	a.ifa_prefixlen = 8;
	begin(&q, RTM_GETADDR, NLM_F_DUMP, &a, sizeof(a));
	ask(y, s, &q, "addresses by prefix");
	begin(&q, RTM_GETADDR, NLM_F_DUMP, &g, sizeof(g));
	ask(y, s, &q, "short");
	begin(&q, RTM_GETROUTE, NLM_F_DUMP, &r, sizeof(r));
	ask(y, s, &q, "routes of a table");
	r.rtm_table = 0;
	begin(&q, RTM_GETROUTE, NLM_F_DUMP, &r, sizeof(r));
	put(&q, RTA_OIF, &oif, 4);
	ask(y, s, &q, "routes of lo");
	r.rtm_dst_len = 9;
	begin(&q, RTM_GETROUTE, NLM_F_DUMP, &r, sizeof(r));
	ask(y, s, &q, "routes by length");
	begin(&q, RTM_GETLINK, NLM_F_DUMP, &i, sizeof(i));
	ask(y, s, &q, "links");
	begin(&q, RTM_GETLINK, NLM_F_DUMP, &g, sizeof(g));
	ask(y, s, &q, "links, short");
}

static void say_name(struct sys *y, int s, const char *what)
{
	struct sockaddr_nl nl = {0};
	socklen_t n = sizeof(nl);
	int err = do_name(y, s, &nl, &n);

	say(y, "%s: %d, %u bytes, pid %s %u", what, err, n, !nl.nl_pid ? "none" :
	    nl.nl_pid == 4242 ? "4242" : "some", nl.nl_groups);
	n = sizeof(nl);
	err = do_peer(y, s, &nl, &n);
	say(y, "%s to: %d, %u bytes, pid %u", what, err, n, nl.nl_pid);
}

static void names(struct sys *y)
{
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK};
	struct sockaddr_in in = {.sin_family = AF_INET};
	int s, t;

	enter_host(y, A);
	s = new_netlink(y);
	say_name(y, s, "new");
	SAW(y, do_bind(y, s, &nl, sizeof(nl)));
	say_name(y, s, "bound");
	SAW(y, do_bind(y, s, &nl, 8));
	SAW(y, do_bind(y, s, &in, sizeof(in)));
	SAW(y, do_connect(y, s, &nl, sizeof(nl)));
	nl.nl_pid = 4242;
	SAW(y, do_bind(y, s, &nl, sizeof(nl)));
	t = new_netlink(y);
	SAW(y, do_bind(y, t, &nl, sizeof(nl)));
	say_name(y, t, "of its own choice");
	SAW(y, do_bind(y, t, &nl, sizeof(nl)));
	do_close(y, s);
	s = new_netlink(y);
	SAW(y, do_bind(y, s, &nl, sizeof(nl)));
	SAW(y, do_connect(y, s, &nl, sizeof(nl)));
	say_name(y, s, "connected");
	SAW(y, do_send(y, s, "hello", 5, 0));
	SAW(y, do_shutdown(y, s, SHUT_RD));
	do_close(y, t);
	SAW(y, do_send(y, s, "hello", 5, 0));
	nl.nl_family = AF_UNSPEC;
	SAW(y, do_connect(y, s, &nl, sizeof(nl)));
	say_name(y, s, "disconnected");
}

static void kinds(struct sys *y)
{
	static const int types[] = {SOCK_RAW, SOCK_DGRAM, SOCK_STREAM, SOCK_SEQPACKET};

	enter_host(y, A);
	for (int i = 0; i < 4; i++) {
		int s = y->ours ? sc_socket(TASK, AF_NETLINK, types[i], NETLINK_ROUTE)
				: socket(AF_NETLINK, types[i], NETLINK_ROUTE);
		int type = 0;
		socklen_t n = sizeof(type);

		say(y, "%d: %s", types[i], s >= 0 ? "ok" : strerrorname_np(y->ours ? -s : errno));
		if (s < 0)
			continue;
		do_getopt(y, s, SOL_SOCKET, SO_TYPE, &type, &n);
		say(y, "type %d", type);
		say_poll(y, "it", s);
		do_close(y, s);
	}
}

static void reading(struct sys *y)
{
	struct ifinfomsg i = {.ifi_index = 77};
	struct sockaddr_nl from;
	socklen_t n = sizeof(from);
	char buf[256], control[256];
	struct iovec v = {buf, 20};
	struct msghdr m = {&from, sizeof(from), &v, 1, control, sizeof(control), 0};
	struct request q;
	int s;

	enter_host(y, A);
	s = new_netlink(y);
	SAW(y, do_recv(y, s, buf, 10, MSG_DONTWAIT));
	begin(&q, RTM_GETLINK, 0, &i, sizeof(i));
	for (int j = 0; j < 3; j++)
		do_send(y, s, &q, q.head.nlmsg_len, 0);
	say_poll(y, "with answers", s);
	SAW(y, do_recv(y, s, NULL, 0, MSG_PEEK | MSG_TRUNC));
	SAW(y, do_recv(y, s, buf, 10, MSG_PEEK));
	SAW(y, do_recv(y, s, buf, 10, MSG_OOB));
	SAW(y, do_recvmsg(y, s, &m, 0));
	say(y, "flags %x, %u bytes of name, family %d pid %u groups %u", m.msg_flags,
	    m.msg_namelen, from.nl_family, from.nl_pid, from.nl_groups);
	SAW(y, set_int(y, s, SOL_NETLINK, NETLINK_PKTINFO, 1));
	m.msg_controllen = sizeof(control);
	SAW(y, do_recvmsg(y, s, &m, MSG_TRUNC));
	say(y, "control of %zu, level %d type %d", m.msg_controllen, CMSG_FIRSTHDR(&m)->cmsg_level,
	    CMSG_FIRSTHDR(&m)->cmsg_type);
	m.msg_control = NULL;
	m.msg_controllen = 0;
	SAW(y, do_recvmsg(y, s, &m, 0));
	SAW(y, do_recv(y, s, buf, 10, MSG_DONTWAIT));
	(void)n;
}

static void options(struct sys *y)
{
	static const int names_[] = {NETLINK_PKTINFO, NETLINK_CAP_ACK, NETLINK_EXT_ACK,
				     NETLINK_GET_STRICT_CHK, 99};
	int s, v;
	socklen_t n;

	enter_host(y, A);
	s = new_netlink(y);
	for (int i = 0; i < 5; i++) {
		SAW(y, do_setopt(y, s, SOL_NETLINK, names_[i], "\1", 1));
		SAW(y, set_int(y, s, SOL_NETLINK, names_[i], 5));
		n = sizeof(v);
		v = 0;
		SAW(y, do_getopt(y, s, SOL_NETLINK, names_[i], &v, &n));
		say(y, "%d of %u", v, n);
		n = 2;
		SAW(y, do_getopt(y, s, SOL_NETLINK, names_[i], &v, &n));
	}
}

/* ------------------------------------------------------------------ devices by ioctl */

static void say_ifreq(struct sys *y, int s, const char *name, unsigned long request,
		      const char *what)
{
	struct ifreq r = {0};
	int err;

	strcpy(r.ifr_name, name);
	err = do_ioctl(y, s, request, &r);
	say(y, "%s of %s: %s %02x%02x%02x%02x%02x%02x%02x%02x", what, name,
	    err ? strerrorname_np(-err) : "", r.ifr_hwaddr.sa_family & 255,
	    r.ifr_hwaddr.sa_family >> 8, (uint8_t)r.ifr_hwaddr.sa_data[0],
	    (uint8_t)r.ifr_hwaddr.sa_data[1], (uint8_t)r.ifr_hwaddr.sa_data[2],
	    (uint8_t)r.ifr_hwaddr.sa_data[3], (uint8_t)r.ifr_hwaddr.sa_data[4],
	    (uint8_t)r.ifr_hwaddr.sa_data[5]);
}

static void ioctls(struct sys *y)
{
	static const char *const name[] = {"lo", "eth0", "eth1", "eth0:1", "lo:"};
#define REQUEST(r) {r, #r}
	static const struct {
		unsigned long request;
		const char *text;
	} requests[] = {
		REQUEST(SIOCGIFINDEX), REQUEST(SIOCGIFFLAGS), REQUEST(SIOCGIFADDR),
		REQUEST(SIOCGIFNETMASK), REQUEST(SIOCGIFBRDADDR), REQUEST(SIOCGIFDSTADDR),
		REQUEST(SIOCGIFMTU), REQUEST(SIOCGIFTXQLEN), REQUEST(SIOCGIFMETRIC),
		REQUEST(SIOCGIFHWADDR),
	};
	struct ifreq r = {0}, all[8];
	struct ifconf c = {.ifc_len = 0};
	int s;

	enter_host(y, A);
	s = do_socket(y, AF_INET);
	for (int i = 0; i < 5; i++)
		for (size_t j = 0; j < sizeof(requests) / sizeof(requests[0]); j++)
			say_ifreq(y, s, name[i], requests[j].request, requests[j].text);
	for (r.ifr_ifindex = 0; r.ifr_ifindex < 4; r.ifr_ifindex++) {
		int i = r.ifr_ifindex;

		memset(r.ifr_name, 0, IFNAMSIZ);
		SAW(y, do_ioctl(y, s, SIOCGIFNAME, &r));
		say(y, "%d is %s", i, r.ifr_name);
		r.ifr_ifindex = i;
	}
	SAW(y, do_ioctl(y, s, SIOCGIFCONF, &c));
	say(y, "%d bytes", c.ifc_len);
	for (int len = 0; len < 100; len += 33) {
		memset(all, 0, sizeof(all));
		c.ifc_len = len;
		c.ifc_req = all;
		SAW(y, do_ioctl(y, s, SIOCGIFCONF, &c));
		say(y, "%d bytes: %s %s", c.ifc_len, all[0].ifr_name, all[1].ifr_name);
	}
	say(y, "%08x", ((struct sockaddr_in *)&all[1].ifr_addr)->sin_addr.s_addr);
}

#define CASE(f) {#f, f}
static const struct same_case cases[] = {
	CASE(dumps), CASE(dumps_of_a_family), CASE(single_links), CASE(single_routes),
	CASE(single_addresses), CASE(bad_requests), CASE(several), CASE(strict), CASE(names),
	CASE(kinds), CASE(reading), CASE(options), CASE(ioctls),
};

int main(void)
{
	return same_run(cases, sizeof(cases) / sizeof(cases[0])) != 0;
}
