/*
 * udp_basic.c - sending, receiving, connecting, errors and polling of datagram sockets.
 */
#include "udp_same.h"

static void send_and_receive(struct sys *y)
{
	int r = bound(y, A, AF_INET, "127.0.0.1", 7000), s = do_socket(y, AF_INET);

	say_names(y, "new", s);
	saw(y, "no address", do_send(y, s, "x", 1, 0));
	say_names(y, "after that", s);
	SAW(y, send_to(y, s, "hello", "127.0.0.1", 7000));
	SAW(y, send_to(y, s, "", "127.0.0.1", 7000));
	say_poll(y, "receiver", r);
	got(y, "first", r, 100, 0);
	got(y, "empty", r, 100, 0);
	got(y, "none", r, 100, 0);
	SAW(y, send_to(y, s, "truncated", "127.0.0.1", 7000));
	got(y, "peek", r, 4, MSG_PEEK);
	got(y, "peek, true length", r, 4, MSG_PEEK | MSG_TRUNC);
	got(y, "cut", r, 4, MSG_TRUNC);
	got(y, "none", r, 4, 0);
	saw(y, "to any", send_to(y, s, "any", "0.0.0.0", 7000));
	got(y, "any", r, 10, 0);
	SAW(y, send_to(y, s, "x", "127.0.0.1", 0));
	SAW(y, send_to(y, s, "x", "::1", 7000));
	saw(y, "out of band", do_sendto(y, s, "x", 1, MSG_OOB, NULL, 0));
}

static void addresses_of_a_send(struct sys *y)
{
	int r = bound(y, A, AF_INET, "127.0.0.1", 7000), s = do_socket(y, AF_INET);
	int r6 = bound(y, A, AF_INET6, "::1", 7001), s6 = do_socket(y, AF_INET6);
	struct sockaddr_storage room[2] = {0};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(7000)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(7001)};

	memcpy(&room[0], &in, sizeof(in));
	memcpy(&room[1], &in6, sizeof(in6));
	for (int len = 0; len <= 20; len += 4)
		saw(y, "inet of a length", do_sendto(y, s, "x", 1, 0, &room[0], len));
	in.sin_family = AF_UNSPEC;
	saw(y, "unspec", do_sendto(y, s, "y", 1, 0, &in, sizeof(in)));
	in.sin_family = AF_UNIX;
	saw(y, "unix", do_sendto(y, s, "x", 1, 0, &in, sizeof(in)));
	got(y, "inet", r, 10, 0);
	got(y, "inet", r, 10, 0);
	for (int len = 0; len <= 32; len += 4)
		saw(y, "inet6 of a length", do_sendto(y, s6, "x", 1, 0, &room[1], len));
	in6.sin6_family = AF_UNSPEC;
	saw(y, "unspec", do_sendto(y, s6, "y", 1, 0, &in6, sizeof(in6)));
	saw(y, "unspec, short", do_sendto(y, s6, "y", 1, 0, &in6, 2));
	in6.sin6_family = AF_UNIX;
	saw(y, "unix", do_sendto(y, s6, "x", 1, 0, &in6, sizeof(in6)));
	in.sin_family = AF_INET;
	saw(y, "inet from an inet6 socket", do_sendto(y, s6, "z", 1, 0, &in, sizeof(in)));
	for (int i = 0; i < 3; i++)
		got(y, "inet6", r6, 10, 0);
	got(y, "inet", r, 10, 0);
	got(y, "inet", r, 10, 0);
	set_int(y, s6, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	saw(y, "v6only", do_sendto(y, s6, "z", 1, 0, &in, sizeof(in)));
	saw(y, "v6only, mapped", send_to(y, s6, "z", "::ffff:127.0.0.1", 7000));
}

static void mixed_families(struct sys *y)
{
	int r6 = bound(y, A, AF_INET6, "::", 7000), s = do_socket(y, AF_INET);
	int s6 = do_socket(y, AF_INET6), r4, m;

	SAW(y, send_to(y, s, "four", "127.0.0.1", 7000));
	SAW(y, send_to(y, s6, "mapped", "::ffff:127.0.0.1", 7000));
	SAW(y, send_to(y, s6, "six", "::1", 7000));
	got(y, "four", r6, 10, 0);
	got(y, "mapped", r6, 10, 0);
	got(y, "six", r6, 10, 0);
	r4 = do_socket(y, AF_INET);
	saw(y, "bind 0.0.0.0 beside ::", bind_to(y, r4, "0.0.0.0", 7000));
	m = do_socket(y, AF_INET6);
	saw(y, "bind a mapped one", bind_to(y, m, "::ffff:127.0.0.1", 7005));
	say_names(y, "mapped", m);
	saw(y, "six from mapped", send_to(y, m, "x", "::1", 7000));
	saw(y, "any from mapped", send_to(y, m, "any", "::", 7000));
	got(y, "any", r6, 10, 0);
	saw(y, "connect mapped", connect_to(y, m, "::ffff:127.0.0.1", 7000));
	say_names(y, "mapped", m);
	saw(y, "connect six", connect_to(y, m, "::1", 7000));
	say_names(y, "mapped", m);
	SAW(y, connect_to(y, s6, "::ffff:127.0.0.1", 7000));
	say_names(y, "s6", s6);
	SAW(y, connect_to(y, s6, "::1", 7000));
	say_names(y, "s6", s6);
}

static void connecting(struct sys *y)
{
	int a = bound(y, A, AF_INET, "0.0.0.0", 7000), b = bound(y, A, AF_INET, "127.0.0.1", 7001);
	int c = do_socket(y, AF_INET);
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	SAW(y, connect_to(y, a, "127.0.0.1", 7001));
	say_names(y, "a", a);
	SAW(y, do_send(y, a, "hi", 2, 0));
	got(y, "b", b, 10, 0);
	SAW(y, send_to(y, b, "back", "127.0.0.1", 7000));
	SAW(y, send_to(y, c, "stranger", "127.0.0.1", 7000));
	got(y, "a", a, 10, 0);
	got(y, "a", a, 10, 0);
	SAW(y, send_to(y, a, "elsewhere", "127.0.0.1", 7000));
	got(y, "a", a, 10, 0);
	SAW(y, do_connect(y, a, &none, sizeof(none)));
	say_names(y, "a", a);
	saw(y, "send", do_send(y, a, "hi", 2, 0));
	SAW(y, send_to(y, c, "friend", "127.0.0.1", 7000));
	got(y, "a", a, 10, 0);
	SAW(y, do_connect(y, c, &none, 1));
	SAW(y, do_connect(y, c, &none, 2));
	say_names(y, "c", c);
	SAW(y, connect_to(y, c, "127.0.0.1", 7001));
	say_names(y, "c", c);
	SAW(y, connect_to(y, c, "10.0.0.1", 7001));
	say_names(y, "c again", c);
	SAW(y, do_connect(y, c, &none, sizeof(none)));
	say_names(y, "c", c);
	SAW(y, connect_to(y, c, "127.0.0.1", 0));
	say_names(y, "c to port 0", c);
	SAW(y, connect_to(y, c, "0.0.0.0", 7001));
	say_names(y, "c to any", c);
	SAW(y, connect_to(y, c, "::1", 7001));
	SAW(y, connect_to(y, c, "172.16.0.1", 7001));
	SAW(y, connect_to(y, c, "255.255.255.255", 7001));
	SAW(y, bind_to(y, c, "127.0.0.1", 7009));
	SAW(y, connect_to(y, b, "10.0.0.2", 7001));
	SAW(y, send_to(y, b, "x", "10.0.0.2", 7001));
}

static void connecting6(struct sys *y)
{
	int a = bound(y, A, AF_INET6, "::", 7000), b = bound(y, A, AF_INET6, "::1", 7001);
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(7001)};

	for (int len = 0; len <= 28; len += 4)
		saw(y, "connect with a length", do_connect(y, b, &in6, len));
	SAW(y, connect_to(y, a, "::", 7001));
	say_names(y, "a", a);
	SAW(y, do_send(y, a, "hi", 2, 0));
	got(y, "b", b, 10, 0);
	SAW(y, do_connect(y, a, &none, sizeof(none)));
	say_names(y, "a", a);
	SAW(y, connect_to(y, a, "fd00::2", 7001));
	say_names(y, "a", a);
	SAW(y, connect_to(y, a, "127.0.0.1", 7001));
	say_names(y, "a", a);
	SAW(y, connect_to(y, a, "fe80::1", 7001));
	SAW(y, connect_to(y, a, "fe80::1%2", 7001));
	SAW(y, connect_to(y, a, "2001:db8::1", 7001));
	SAW(y, connect_to(y, a, "ff02::1234", 7001));
	say_names(y, "a", a);
	set_int(y, b, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	SAW(y, connect_to(y, b, "::ffff:127.0.0.1", 7001));
}

static void nobody_listens(struct sys *y)
{
	int s, u;

	enter_host(y, A);
	s = do_socket(y, AF_INET);
	u = do_socket(y, AF_INET);
	SAW(y, connect_to(y, s, "127.0.0.1", 7999));
	saw(y, "first", do_send(y, s, "x", 1, 0));
	say_poll(y, "after", s);
	saw(y, "second", do_send(y, s, "x", 1, 0));
	saw(y, "third", do_send(y, s, "x", 1, 0));
	got(y, "receive", s, 10, 0);
	got(y, "receive", s, 10, 0);
	saw(y, "fourth", do_send(y, s, "x", 1, 0));
	say_error(y, "s", s);
	saw(y, "more", do_send(y, s, "x", 1, 0));
	saw(y, "more", do_send(y, s, "x", 1, MSG_MORE));
	saw(y, "more", do_send(y, s, "x", 1, 0));
	say_error(y, "s", s);
	saw(y, "not connected", send_to(y, u, "x", "127.0.0.1", 7999));
	say_error(y, "u", u);
	saw(y, "connected, another", send_to(y, s, "x", "127.0.0.1", 7998));
	say_error(y, "s", s);
	SAW(y, connect_to(y, u, "10.0.0.2", 7999));
	SAW(y, do_send(y, u, "x", 1, 0));
	usleep(y->ours ? 0 : 50000);
	say_error(y, "u", u);
	u = do_socket(y, AF_INET6);
	SAW(y, connect_to(y, u, "fd00::2", 7999));
	SAW(y, do_send(y, u, "x", 1, 0));
	usleep(y->ours ? 0 : 50000);
	say_error(y, "u6", u);
	SAW(y, send_to(y, u, "x", "172.16.1.1", 7999));
	SAW(y, send_to(y, u, "x", "2001:db8::1", 7999));
}

static void shutting_down(struct sys *y)
{
	int r = bound(y, A, AF_INET, "127.0.0.1", 7000), s = do_socket(y, AF_INET);

	SAW(y, do_shutdown(y, s, SHUT_WR));
	SAW(y, send_to(y, s, "x", "127.0.0.1", 7000));
	SAW(y, connect_to(y, s, "127.0.0.1", 7000));
	SAW(y, do_send(y, s, "x", 1, 0));
	SAW(y, do_send(y, s, "x", 1, MSG_MORE));
	say_poll(y, "s", s);
	SAW(y, do_shutdown(y, s, SHUT_RD));
	say_poll(y, "s", s);
	got(y, "s", s, 10, 0);
	saw(y, "waits", do_recv(y, s, (char[1]){0}, 1, 0));
	SAW(y, do_shutdown(y, s, 3));
	SAW(y, do_shutdown(y, s, -1));
	s = do_socket(y, AF_INET);
	SAW(y, do_shutdown(y, r, SHUT_RD));
	SAW(y, send_to(y, s, "still", "127.0.0.1", 7000));
	saw(y, "waits", do_recv(y, r, (char[10]){0}, 10, 0));
	saw(y, "waits", do_recv(y, r, (char[10]){0}, 10, 0));
}

static void sizes(struct sys *y)
{
	static char big[70000];
	int r = bound(y, A, AF_INET6, "::", 7000), s = do_socket(y, AF_INET), s6 = do_socket(y, AF_INET6);
	socklen_t n;
	const void *to4 = at("127.0.0.1", 7000, &n);
	const void *to6 = at("::1", 7000, &n);

	saw(y, "65507", do_sendto(y, s, big, 65507, 0, to4, 16));
	saw(y, "65508", do_sendto(y, s, big, 65508, 0, to4, 16));
	saw(y, "65536", do_sendto(y, s, big, 65536, 0, to4, 16));
	saw(y, "65527", do_sendto(y, s6, big, 65527, 0, to6, 28));
	saw(y, "65528", do_sendto(y, s6, big, 65528, 0, to6, 28));
	saw(y, "mapped", do_sendto(y, s6, big, 65508, 0, to4, 16));
	got(y, "4", r, 70000, 0);
	got(y, "6", r, 70000, 0);
	got(y, "none", r, 70000, 0);
	to4 = at("10.0.0.2", 7000, &n);
	to6 = at("fd00::2", 7000, &n);
	for (int how = 0; how <= 5; how++) {
		say(y, "discover %d", how);
		set_int(y, s, IPPROTO_IP, IP_MTU_DISCOVER, how);
		set_int(y, s6, IPPROTO_IPV6, IPV6_MTU_DISCOVER, how);
		saw(y, "1472", do_sendto(y, s, big, 1472, 0, to4, 16));
		saw(y, "1473", do_sendto(y, s, big, 1473, 0, to4, 16));
		saw(y, "1452", do_sendto(y, s6, big, 1452, 0, to6, 28));
		saw(y, "1453", do_sendto(y, s6, big, 1453, 0, to6, 28));
	}
	set_int(y, s6, IPPROTO_IPV6, IPV6_MTU_DISCOVER, 0);
	set_int(y, s6, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
	saw(y, "do not fragment", do_sendto(y, s6, big, 1453, 0, to6, 28));
}

static void faults(struct sys *y)
{
	int r = bound(y, A, AF_INET, "127.0.0.1", 7000), s = do_socket(y, AF_INET);

	SAW(y, connect_to(y, s, "127.0.0.1", 7000));
	/* Our own side's memory is unchecked: only what is NULL on both. */
	saw(y, "nothing", do_send(y, s, NULL, 0, 0));
	got(y, "r", r, 10, 0);
	SAW(y, do_send(y, s, "x", 1, MSG_CONFIRM));
	SAW(y, do_send(y, s, "x", 1, MSG_DONTROUTE));
	SAW(y, do_send(y, s, "x", 1, MSG_EOR));
	got(y, "r", r, 10, MSG_OOB);
	got(y, "r", r, 10, MSG_WAITALL);
	got(y, "r", r, 10, 0);
	got(y, "no errors", r, 10, MSG_ERRQUEUE);
}

static void across(struct sys *y)
{
	int b = bound(y, B, AF_INET, "10.0.0.2", 7000), b6 = bound(y, B, AF_INET6, "fd00::2", 7000);
	int a, a6;

	enter_host(y, A);
	a = do_socket(y, AF_INET);
	a6 = do_socket(y, AF_INET6);
	SAW(y, send_to(y, a, "over the link", "10.0.0.2", 7000));
	SAW(y, send_to(y, a6, "over it, too", "fd00::2", 7000));
	saw(y, "to oneself", send_to(y, a, "x", "10.0.0.1", 7000));
	usleep(y->ours ? 0 : 50000);
	enter_host(y, B);
	got(y, "b", b, 100, 0);
	got(y, "b6", b6, 100, 0);
	enter_host(y, A);
	a6 = do_socket(y, AF_INET6);
	SAW(y, bind_to(y, a6, "::1", 7100));
	SAW(y, send_to(y, a6, "from ::1", "fd00::2", 7000));
	SAW(y, connect_to(y, a6, "fd00::2", 7000));
	usleep(y->ours ? 0 : 50000);
	enter_host(y, B);
	got(y, "b6", b6, 100, 0);
}

static void sharing_a_port(struct sys *y)
{
	int a, b, c, s;

	enter_host(y, A);
	a = do_socket(y, AF_INET);
	b = do_socket(y, AF_INET);
	c = do_socket(y, AF_INET);
	set_int(y, a, SOL_SOCKET, SO_REUSEADDR, 1);
	SAW(y, bind_to(y, a, "127.0.0.1", 7000));
	SAW(y, bind_to(y, b, "127.0.0.1", 7000));
	set_int(y, b, SOL_SOCKET, SO_REUSEADDR, 1);
	SAW(y, bind_to(y, b, "127.0.0.1", 7000));
	set_int(y, c, SOL_SOCKET, SO_REUSEADDR, 1);
	SAW(y, bind_to(y, c, "0.0.0.0", 7000));
	s = do_socket(y, AF_INET);
	SAW(y, send_to(y, s, "1", "127.0.0.1", 7000));
	SAW(y, send_to(y, s, "2", "10.0.0.1", 7000));
	got(y, "a", a, 10, 0);
	got(y, "b", b, 10, 0);
	got(y, "c", c, 10, 0);
	SAW(y, connect_to(y, c, "127.0.0.1", 7001));
	SAW(y, send_to(y, s, "3", "10.0.0.1", 7000));
	got(y, "c", c, 10, 0);
}

static void sizes_waiting(struct sys *y)
{
	int r = bound(y, A, AF_INET, "127.0.0.1", 7000), s = do_socket(y, AF_INET), n = -1;

	SAW(y, do_ioctl(y, r, FIONREAD, &n));
	say(y, "%d", n);
	send_to(y, s, "12345", "127.0.0.1", 7000);
	send_to(y, s, "123", "127.0.0.1", 7000);
	SAW(y, do_ioctl(y, r, FIONREAD, &n));
	say(y, "%d", n);
	SAW(y, do_ioctl(y, s, TIOCOUTQ, &n));
	say(y, "%d", n);
	SAW(y, connect_to(y, s, "127.0.0.1", 7000));
	do_send(y, s, "x", 1, MSG_MORE);
	SAW(y, do_ioctl(y, s, TIOCOUTQ, &n));
	say(y, "%d", n);
}

static const struct same_case cases[] = {
	{"send and receive", send_and_receive},
	{"addresses of a send", addresses_of_a_send},
	{"mixed families", mixed_families},
	{"connecting", connecting},
	{"connecting, IPv6", connecting6},
	{"nobody listens", nobody_listens},
	{"shutting down", shutting_down},
	{"sizes", sizes},
	{"flags", faults},
	{"across", across},
	{"sharing a port", sharing_a_port},
	{"sizes waiting", sizes_waiting},
};

int main(void)
{
	return same_run(cases, sizeof(cases) / sizeof(cases[0])) != 0;
}
