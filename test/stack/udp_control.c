/*
 * udp_control.c - control messages of datagrams, in and out; errors of sent ones.
 */
#include "udp_same.h"

/* One control message at a time with a datagram. */
static long with_control(struct sys *y, int s, const char *text, int port, int level, int type,
			 const void *data, size_t len, size_t given)
{
	union {
		struct cmsghdr h;
		char room[256];
	} c = {.h = {0}};
	struct iovec v = {"x", 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c};

	if (text) {
		socklen_t n;

		m.msg_name = (void *)at(text, port, &n);
		m.msg_namelen = n;
	}
	c.h.cmsg_level = level;
	c.h.cmsg_type = type;
	c.h.cmsg_len = CMSG_LEN(given);
	memcpy(CMSG_DATA(&c.h), data, len);
	m.msg_controllen = CMSG_SPACE(given);
	return do_sendmsg(y, s, &m, 0);
}

static long with_int(struct sys *y, int s, const char *text, int level, int type, int n)
{
	return with_control(y, s, text, 7000, level, type, &n, sizeof(n), sizeof(n));
}

static void ask4(struct sys *y, int s)
{
	static const int names[] = {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_RECVORIGDSTADDR,
				    IP_RECVOPTS, IP_RETOPTS};

	for (int i = 0; i < 6; i++)
		set_int(y, s, IPPROTO_IP, names[i], 1);
}

static void ask6(struct sys *y, int s)
{
	static const int names[] = {IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS,
				    IPV6_RECVORIGDSTADDR};

	for (int i = 0; i < 4; i++)
		set_int(y, s, IPPROTO_IPV6, names[i], 1);
}

static void ints4(struct sys *y)
{
	static const int types[] = {IP_TTL, IP_TOS, 52, IP_RETOPTS, IP_OPTIONS, IP_RECVTTL, 99};
	static const int values[] = {-2, -1, 0, 1, 2, 64, 255, 256};
	int r = bound(y, A, AF_INET, "127.0.0.1", 7000), s = do_socket(y, AF_INET);

	ask4(y, r);
	for (int i = 0; i < 7; i++) {
		for (int j = 0; j < 8; j++) {
			if (types[i] == IP_RETOPTS)
				continue;
			say(y, "type %d value %d", types[i], values[j]);
			SAW(y, with_int(y, s, "127.0.0.1", IPPROTO_IP, types[i], values[j]));
			while (got(y, "r", r, 10, 0) >= 0)
				;
		}
	}
	saw(y, "a byte", with_control(y, s, "127.0.0.1", 7000, IPPROTO_IP, IP_TOS, "\x20", 1, 1));
	got(y, "r", r, 10, 0);
	saw(y, "two", with_control(y, s, "127.0.0.1", 7000, IPPROTO_IP, IP_TOS, "\x20\0", 2, 2));
	saw(y, "a byte", with_control(y, s, "127.0.0.1", 7000, IPPROTO_IP, IP_TTL, "\x20", 1, 1));
	saw(y, "ipv6", with_int(y, s, "127.0.0.1", IPPROTO_IPV6, IPV6_HOPLIMIT, 7));
	saw(y, "tcp", with_int(y, s, "127.0.0.1", IPPROTO_TCP, 1, 7));
	saw(y, "udp", with_int(y, s, "127.0.0.1", IPPROTO_UDP, 1, 7));
	saw(y, "socket", with_int(y, s, "127.0.0.1", SOL_SOCKET, 99, 7));
	saw(y, "rights", with_int(y, s, "127.0.0.1", SOL_SOCKET, SCM_RIGHTS, 0));
	saw(y, "txtime", with_control(y, s, "127.0.0.1", 7000, SOL_SOCKET, 61, "12345678", 8, 8));
	set_int(y, s, IPPROTO_IP, IP_TOS, 0x48);
	set_int(y, s, IPPROTO_IP, IP_TTL, 9);
	while (do_recv(y, r, (char[1]){0}, 1, MSG_DONTWAIT) >= 0)
		;
	send_to(y, s, "options", "127.0.0.1", 7000);
	got(y, "r", r, 10, 0);
}

static void ints6(struct sys *y)
{
	static const int types[] = {IPV6_HOPLIMIT, IPV6_TCLASS, IPV6_DONTFRAG, IPV6_RECVTCLASS, 99};
	static const int values[] = {-2, -1, 0, 1, 2, 64, 255, 256};
	int r = bound(y, A, AF_INET6, "::", 7000), s = do_socket(y, AF_INET6);

	ask4(y, r);
	ask6(y, r);
	for (int i = 0; i < 5; i++) {
		for (int j = 0; j < 8; j++) {
			say(y, "type %d value %d", types[i], values[j]);
			SAW(y, with_int(y, s, "::1", IPPROTO_IPV6, types[i], values[j]));
			got(y, "r", r, 10, 0);
		}
	}
	saw(y, "ip", with_int(y, s, "::1", IPPROTO_IP, IP_TTL, 7));
	got(y, "r", r, 10, 0);
	saw(y, "ip, mapped", with_int(y, s, "::ffff:127.0.0.1", IPPROTO_IP, IP_TTL, 7));
	got(y, "r", r, 10, 0);
	saw(y, "ip6, mapped", with_int(y, s, "::ffff:127.0.0.1", IPPROTO_IPV6, IPV6_HOPLIMIT, 7));
	got(y, "r", r, 10, 0);
	saw(y, "a byte", with_control(y, s, "::1", 7000, IPPROTO_IPV6, IPV6_TCLASS, "\x20", 1, 1));
	set_int(y, s, IPPROTO_IPV6, IPV6_TCLASS, 0x48);
	set_int(y, s, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9);
	send_to(y, s, "options", "::1", 7000);
	send_to(y, s, "options", "fd00::1", 7000);
	send_to(y, s, "options", "127.0.0.1", 7000);
	for (int i = 0; i < 3; i++)
		got(y, "r", r, 10, 0);
}

static void sources4(struct sys *y)
{
	static const char *const sources[] = {"0.0.0.0", "127.0.0.1", "10.0.0.1", "127.1.2.3",
					      "10.0.0.2", "172.16.0.1", "224.1.1.1"};
	int r = bound(y, A, AF_INET, "0.0.0.0", 7000), s = do_socket(y, AF_INET);

	ask4(y, r);
	for (int i = 0; i < 7; i++) {
		for (int device = 0; device <= 3; device++) {
			struct in_pktinfo info = {.ipi_ifindex = device};

			inet_pton(AF_INET, sources[i], &info.ipi_spec_dst);
			say(y, "from %s device %d", sources[i], device);
			saw(y, "to lo", with_control(y, s, "127.0.0.1", 7000, IPPROTO_IP, IP_PKTINFO,
						     &info, sizeof(info), sizeof(info)));
			got(y, "r", r, 10, 0);
			saw(y, "to oneself", with_control(y, s, "10.0.0.1", 7000, IPPROTO_IP,
							  IP_PKTINFO, &info, sizeof(info),
							  sizeof(info)));
			got(y, "r", r, 10, 0);
		}
	}
	saw(y, "short", with_control(y, s, "127.0.0.1", 7000, IPPROTO_IP, IP_PKTINFO, "abcd", 4, 4));
}

static void sources6(struct sys *y)
{
	static const char *const sources[] = {"::", "::1", "fd00::1", "fd00::2", "fe80::1",
					      "::ffff:127.0.0.1", "2001:db8::1"};
	int r = bound(y, A, AF_INET6, "::", 7000), s = do_socket(y, AF_INET6);

	ask4(y, r);
	ask6(y, r);
	for (int i = 0; i < 7; i++) {
		for (int device = 0; device <= 3; device++) {
			struct in6_pktinfo info = {.ipi6_ifindex = device};
			static const char *const to[] = {"::1", "fd00::1", "127.0.0.1"};

			inet_pton(AF_INET6, sources[i], &info.ipi6_addr);
			for (int j = 0; j < 3; j++) {
				say(y, "from %s device %d to %s", sources[i], device, to[j]);
				saw(y, "send", with_control(y, s, to[j], 7000, IPPROTO_IPV6,
							    IPV6_PKTINFO, &info, sizeof(info),
							    sizeof(info)));
				got(y, "r", r, 10, 0);
			}
		}
	}
}

static void across(struct sys *y)
{
	int b = bound(y, B, AF_INET, "0.0.0.0", 7000), b6 = bound(y, B, AF_INET6, "fd00::2", 7001);
	int s, s6;

	ask4(y, b);
	ask6(y, b6);
	enter_host(y, A);
	s = do_socket(y, AF_INET);
	s6 = do_socket(y, AF_INET6);
	SAW(y, send_to(y, s, "x", "10.0.0.2", 7000));
	SAW(y, send_to(y, s6, "x", "fd00::2", 7001));
	usleep(y->ours ? 0 : 30000);
	enter_host(y, B);
	got(y, "b", b, 10, 0);
	got(y, "b6", b6, 10, 0);
}

/* With less and less room for them. */
static void little_room(struct sys *y)
{
	int r = bound(y, A, AF_INET, "127.0.0.1", 7000), s = do_socket(y, AF_INET);

	ask4(y, r);
	for (size_t room = 0; room <= 128; room += 4) {
		char control[128] = {0}, buf[4];
		struct iovec v = {buf, 4};
		struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
				   .msg_controllen = room};

		send_to(y, s, "x", "127.0.0.1", 7000);
		do_recvmsg(y, r, &m, MSG_DONTWAIT);
		say(y, "%zu: %zu bytes, flags %x", room, m.msg_controllen, m.msg_flags);
		if (m.msg_controllen >= CMSG_LEN(0))
			say(y, "first of %zu", ((struct cmsghdr *)control)->cmsg_len);
	}
}

static void errors4(struct sys *y)
{
	static char big[3000];
	int s, u, n = 0;
	socklen_t len = sizeof(n);

	enter_host(y, A);
	s = do_socket(y, AF_INET);
	u = do_socket(y, AF_INET);
	SAW(y, set_int(y, s, IPPROTO_IP, IP_RECVERR, 1));
	memset(big, 'b', sizeof(big));
	SAW(y, send_to(y, s, "one", "127.0.0.1", 7999));
	say_poll(y, "s", s);
	SAW(y, send_to(y, s, "two", "127.0.0.1", 7998));
	SAW(y, send_to(y, s, "three", "127.0.0.1", 7997));
	got(y, "normal", s, 10, 0);
	say_poll(y, "s", s);
	got(y, "errors", s, 2, MSG_ERRQUEUE);
	say_poll(y, "s", s);
	say_error(y, "s", s);
	say_poll(y, "s", s);
	got(y, "errors", s, 10, MSG_ERRQUEUE);
	say_error(y, "s", s);
	got(y, "errors", s, 10, MSG_ERRQUEUE);
	say_poll(y, "s", s);
	ask4(y, s);
	set_int(y, s, IPPROTO_IP, IP_RECVORIGDSTADDR, 0); /* of an error it is anything */
	set_int(y, s, SOL_SOCKET, SO_TIMESTAMP, 1);
	SAW(y, connect_to(y, s, "127.0.0.1", 7999));
	SAW(y, do_send(y, s, big, 520, 0));
	got(y, "errors", s, 3000, MSG_ERRQUEUE);
	SAW(y, do_send(y, s, big, 521, 0));
	got(y, "errors", s, 3000, MSG_ERRQUEUE);
	SAW(y, set_int(y, s, IPPROTO_IP, IP_TOS, 0x1c));
	SAW(y, do_send(y, s, "", 0, 0));
	got(y, "errors", s, 3000, MSG_ERRQUEUE);
	s = do_socket(y, AF_INET);
	SAW(y, set_int(y, s, IPPROTO_IP, IP_RECVERR, 1));
	SAW(y, set_int(y, s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
	SAW(y, connect_to(y, s, "10.0.0.2", 7000));
	SAW(y, do_send(y, s, big, 1473, 0));
	say_poll(y, "s", s);
	say_error(y, "s", s);
	got(y, "errors", s, 10, MSG_ERRQUEUE);
	saw(y, "to another", do_sendto(y, s, big, 1473, 0, at("10.0.0.2", 7001, &len), 16));
	got(y, "errors", s, 10, MSG_ERRQUEUE);
	saw(y, "beyond", do_send(y, s, big, 65508, 0));
	got(y, "errors", s, 10, MSG_ERRQUEUE);
	SAW(y, send_to(y, s, "x", "127.0.0.1", 7997));
	SAW(y, set_int(y, s, IPPROTO_IP, IP_RECVERR, 0));
	got(y, "errors", s, 10, MSG_ERRQUEUE);
	say_poll(y, "s", s);
	SAW(y, set_int(y, u, SOL_SOCKET, SO_RCVBUF, 1));
	SAW(y, set_int(y, u, IPPROTO_IP, IP_RECVERR, 1));
	for (int i = 0; i < 5; i++)
		send_to(y, u, "many", "127.0.0.1", 7999);
	while (got(y, "many", u, 10, MSG_ERRQUEUE) >= 0)
		n++;
	say(y, "%d kept", n);
	say_error(y, "u", u);
}

static void errors6(struct sys *y)
{
	static char big[3000];
	int s;

	enter_host(y, A);
	s = do_socket(y, AF_INET6);
	SAW(y, set_int(y, s, IPPROTO_IPV6, IPV6_RECVERR, 1));
	SAW(y, send_to(y, s, "one", "::1", 7999));
	got(y, "errors", s, 10, MSG_ERRQUEUE);
	SAW(y, send_to(y, s, "four", "127.0.0.1", 7999));
	got(y, "errors", s, 10, MSG_ERRQUEUE);
	SAW(y, set_int(y, s, IPPROTO_IP, IP_RECVERR, 1));
	SAW(y, send_to(y, s, "four", "::ffff:127.0.0.1", 7999));
	got(y, "errors", s, 10, MSG_ERRQUEUE);
	ask6(y, s);
	set_int(y, s, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, 0);
	SAW(y, connect_to(y, s, "::1", 7999));
	memset(big, 'b', sizeof(big));
	SAW(y, do_send(y, s, big, 1184, 0));
	got(y, "errors", s, 3000, MSG_ERRQUEUE);
	SAW(y, do_send(y, s, big, 1185, 0));
	got(y, "errors", s, 3000, MSG_ERRQUEUE);
	SAW(y, set_int(y, s, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO));
	SAW(y, connect_to(y, s, "fd00::2", 7000));
	SAW(y, do_send(y, s, big, 1453, 0));
	got(y, "errors", s, 10, MSG_ERRQUEUE);
	say_error(y, "s", s);
}

/* The kernel asks for the address for three seconds; ours knows. */
static void nobody_there(struct sys *y)
{
	int s, c, s6;

	enter_host(y, A);
	s = do_socket(y, AF_INET);
	c = do_socket(y, AF_INET);
	s6 = do_socket(y, AF_INET6);
	set_int(y, s, IPPROTO_IP, IP_RECVERR, 1);
	set_int(y, s6, IPPROTO_IPV6, IPV6_RECVERR, 1);
	SAW(y, connect_to(y, c, "10.0.0.9", 7000));
	SAW(y, do_send(y, c, "x", 1, 0));
	SAW(y, send_to(y, s, "four", "10.0.0.9", 7000));
	SAW(y, send_to(y, s6, "six", "fd00::9", 7000));
	usleep(y->ours ? 0 : 3600000);
	say_error(y, "connected", c);
	say_poll(y, "s", s);
	got(y, "s", s, 10, 0);
	got(y, "s", s, 10, MSG_ERRQUEUE);
	got(y, "s6", s6, 10, 0);
	got(y, "s6", s6, 10, MSG_ERRQUEUE);
}

static const struct same_case cases[] = {
	{"numbers, IPv4", ints4},
	{"numbers, IPv6", ints6},
	{"sources, IPv4", sources4},
	{"sources, IPv6", sources6},
	{"across", across},
	{"little room", little_room},
	{"errors, IPv4", errors4},
	{"errors, IPv6", errors6},
	{"nobody there", nobody_there},
};

int main(void)
{
	return same_run(cases, sizeof(cases) / sizeof(cases[0])) != 0;
}
