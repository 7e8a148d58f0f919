/*
 * udp_queue.c - a socket's queue: what it holds, peeking, stamps; datagrams in pieces.
 */
#include "udp_same.h"

#include <linux/sockios.h>
#include <sys/time.h>

static void full_queue(struct sys *y)
{
	static char big[60000];
	static const int rcvbuf[] = {1, 2000, 4000, 8000};
	socklen_t n;
	const void *to = at("127.0.0.1", 7000, &n);

	for (unsigned i = 0; i < 4; i++) {
		int r = bound(y, A, AF_INET, "127.0.0.1", 7000), s = do_socket(y, AF_INET), got_it = 0;

		set_int(y, r, SOL_SOCKET, SO_RCVBUF, rcvbuf[i]);
		set_int(y, r, SOL_SOCKET, SO_RXQ_OVFL, 1);
		for (int j = 0; j < 40; j++)
			do_sendto(y, s, big, j % 7 * 100, 0, to, 16);
		for (int j = 0; j < 4; j++)
			got_it += do_recv(y, r, big, 100, MSG_DONTWAIT) >= 0;
		for (int j = 0; j < 5; j++)
			do_sendto(y, s, big, 10, 0, to, 16);
		while (got(y, "rest", r, 10, MSG_TRUNC) >= 0)
			got_it++;
		say(y, "rcvbuf %d: %d", rcvbuf[i], got_it);
		saw(y, "large", do_sendto(y, s, big, 60000, 0, to, 16));
		saw(y, "one more", do_sendto(y, s, big, 1, 0, to, 16));
		got(y, "large", r, 0, MSG_TRUNC);
		got(y, "one more", r, 10, 0);
		do_close(y, r);
		do_close(y, s);
	}
}

static void memory_of_datagrams(struct sys *y)
{
	static char big[66000];

	for (int family = 0; family < 2; family++) {
		const char *ip = family ? "::1" : "127.0.0.1";
		socklen_t n;
		const void *to = at(ip, 7000, &n);

		for (int len = 0; len < 30000; len = len * 5 / 4 + 50) {
			int r = bound(y, A, family ? AF_INET6 : AF_INET, ip, 7000);
			int s = do_socket(y, family ? AF_INET6 : AF_INET), fit = 0;

			set_int(y, r, SOL_SOCKET, SO_RCVBUF, 40000);
			for (int j = 0; j < 120; j++)
				do_sendto(y, s, big, len, 0, to, n);
			while (do_recv(y, r, big, 1, MSG_DONTWAIT) >= 0)
				fit++;
			say(y, "%s: of %d bytes %d fit", ip, len, fit);
			do_close(y, r);
			do_close(y, s);
		}
	}
}

static void peeking(struct sys *y)
{
	int r = bound(y, A, AF_INET, "127.0.0.1", 7000), s = do_socket(y, AF_INET), off = -5;
	socklen_t n = sizeof(off);

	SAW(y, connect_to(y, s, "127.0.0.1", 7000));
	SAW(y, set_int(y, r, SOL_SOCKET, SO_PEEK_OFF, 0));
	do_send(y, s, "abcdef", 6, 0);
	for (int i = 0; i < 4; i++)
		got(y, "peek", r, 2, MSG_PEEK);
	do_send(y, s, "", 0, 0);
	do_send(y, s, "ghi", 3, 0);
	for (int i = 0; i < 4; i++)
		got(y, "peek", r, 2, MSG_PEEK);
	do_getopt(y, r, SOL_SOCKET, SO_PEEK_OFF, &off, &n);
	say(y, "offset %d", off);
	got(y, "read", r, 10, 0);
	do_getopt(y, r, SOL_SOCKET, SO_PEEK_OFF, &off, &n);
	say(y, "offset %d", off);
	got(y, "read", r, 10, 0);
	got(y, "peek", r, 10, MSG_PEEK | MSG_TRUNC);
	got(y, "read", r, 2, MSG_TRUNC);
	do_getopt(y, r, SOL_SOCKET, SO_PEEK_OFF, &off, &n);
	say(y, "offset %d", off);
	SAW(y, set_int(y, r, SOL_SOCKET, SO_PEEK_OFF, 3));
	do_send(y, s, "abcdef", 6, 0);
	got(y, "peek exactly", r, 3, MSG_PEEK);
	SAW(y, set_int(y, r, SOL_SOCKET, SO_PEEK_OFF, -1));
	got(y, "peek", r, 3, MSG_PEEK);
	got(y, "read", r, 3, 0);
}

static void pieces(struct sys *y)
{
	static char big[66000];
	int r = bound(y, A, AF_INET, "127.0.0.1", 7000), s = do_socket(y, AF_INET);
	int other = bound(y, A, AF_INET, "127.0.0.1", 7001);
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	SAW(y, connect_to(y, s, "127.0.0.1", 7000));
	SAW(y, do_send(y, s, "ab", 2, MSG_MORE));
	saw(y, "another address", send_to(y, s, "cd", "127.0.0.1", 7001));
	got(y, "r", r, 10, 0);
	got(y, "other", other, 10, 0);
	SAW(y, do_send(y, s, "", 0, MSG_MORE));
	SAW(y, do_send(y, s, "", 0, 0));
	got(y, "r", r, 10, 0);
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_CORK, 1));
	do_send(y, s, "one ", 4, 0);
	do_send(y, s, "two", 3, 0);
	got(y, "corked", r, 10, 0);
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_CORK, 0));
	got(y, "pushed", r, 10, 0);
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_CORK, 0));
	got(y, "nothing", r, 10, 0);
	saw(y, "much", do_send(y, s, big, 65000, MSG_MORE));
	saw(y, "too much", do_send(y, s, big, 508, 0));
	saw(y, "after", do_send(y, s, "x", 1, 0));
	got(y, "after", r, 10, MSG_TRUNC);
	do_send(y, s, "a", 1, MSG_MORE);
	SAW(y, connect_to(y, s, "127.0.0.1", 7001));
	do_send(y, s, "b", 1, 0);
	got(y, "r", r, 10, 0);
	got(y, "other", other, 10, 0);
	do_send(y, s, "a", 1, MSG_MORE);
	SAW(y, do_connect(y, s, &none, sizeof(none)));
	SAW(y, do_send(y, s, "b", 1, 0));
	got(y, "other", other, 10, 0);
	saw(y, "no address", do_send(y, s, "a", 1, MSG_MORE));
	saw(y, "out of band", do_send(y, s, "a", 1, MSG_MORE | MSG_OOB));
	SAW(y, connect_to(y, s, "127.0.0.1", 7999));
	SAW(y, do_send(y, s, "a", 1, MSG_MORE));
	SAW(y, do_send(y, s, "b", 1, 0));
	SAW(y, do_send(y, s, "c", 1, 0));
	SAW(y, do_send(y, s, "a", 1, MSG_MORE));
	SAW(y, do_shutdown(y, s, SHUT_WR));
	SAW(y, do_send(y, s, "b", 1, 0));
	say_error(y, "s", s);
}

static void pieces6(struct sys *y)
{
	int r = bound(y, A, AF_INET6, "::", 7000), s = do_socket(y, AF_INET6);

	SAW(y, send_to(y, s, "warm", "::1", 7000));
	got(y, "r", r, 10, 0);
	SAW(y, connect_to(y, s, "::1", 7000));
	SAW(y, do_send(y, s, "six ", 4, MSG_MORE));
	SAW(y, send_to(y, s, "four", "127.0.0.1", 7000));
	SAW(y, do_send(y, s, "end", 3, 0));
	got(y, "r", r, 20, 0);
	SAW(y, do_send(y, s, "six ", 4, MSG_MORE));
	SAW(y, connect_to(y, s, "::1", 7999));
	SAW(y, do_send(y, s, "end", 3, 0));
	got(y, "r", r, 20, 0);
	say_error(y, "s", s);
	s = do_socket(y, AF_INET6);
	SAW(y, connect_to(y, s, "::ffff:127.0.0.1", 7000));
	SAW(y, do_send(y, s, "four ", 5, MSG_MORE));
	SAW(y, send_to(y, s, "six", "::1", 7000));
	got(y, "r", r, 20, 0);
	SAW(y, do_send(y, s, "four ", 5, MSG_MORE));
	SAW(y, send_to(y, s, "four", "127.0.0.1", 7000));
	got(y, "r", r, 20, 0);
}

static long segmented(struct sys *y, int s, const char *bytes, size_t len, int size, size_t clen)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} c = {.h = {CMSG_LEN(clen), IPPROTO_UDP, UDP_SEGMENT}};
	struct iovec v = {(void *)bytes, len};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c,
			   .msg_controllen = CMSG_SPACE(clen)};
	uint16_t n = size;

	memcpy(CMSG_DATA(&c.h), &n, sizeof(n));
	return do_sendmsg(y, s, &m, 0);
}

static void segments(struct sys *y)
{
	static char big[66000];
	int r = bound(y, A, AF_INET, "127.0.0.1", 7000), s = do_socket(y, AF_INET);

	SAW(y, connect_to(y, s, "127.0.0.1", 7000));
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_SEGMENT, 3));
	SAW(y, do_send(y, s, "abcdefgh", 8, 0));
	SAW(y, do_send(y, s, "", 0, 0));
	for (int i = 0; i < 5; i++)
		got(y, "r", r, 10, 0);
	saw(y, "128", do_send(y, s, big, 384, 0));
	saw(y, "more than 128", do_send(y, s, big, 385, 0));
	while (do_recv(y, r, big, 10, MSG_DONTWAIT) >= 0)
		;
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_SEGMENT, 65536));
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_SEGMENT, -1));
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_SEGMENT, 0));
	SAW(y, segmented(y, s, "abcde", 5, 2, 2));
	SAW(y, segmented(y, s, "abcde", 5, 2, 4));
	SAW(y, segmented(y, s, "abcde", 5, 2, 1));
	for (int i = 0; i < 4; i++)
		got(y, "r", r, 10, 0);
	SAW(y, set_int(y, r, IPPROTO_UDP, UDP_GRO, 1));
	SAW(y, segmented(y, s, "abcde", 5, 2, 2));
	SAW(y, do_send(y, s, "plain", 5, 0));
	SAW(y, segmented(y, s, "ab", 2, 2, 2));
	for (int i = 0; i < 4; i++)
		got(y, "r", r, 10, 0);
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_SEGMENT, 2));
	do_send(y, s, "abc", 3, MSG_MORE);
	do_send(y, s, "de", 2, 0);
	got(y, "r", r, 10, 0);
	SAW(y, connect_to(y, s, "10.0.0.2", 7000));
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_SEGMENT, 1472));
	SAW(y, do_send(y, s, big, 3000, 0));
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_SEGMENT, 1473));
	SAW(y, do_send(y, s, big, 3000, 0));
	SAW(y, do_send(y, s, big, 1000, 0));
}

static void checksums(struct sys *y)
{
	int r = bound(y, A, AF_INET6, "::1", 7000), s = do_socket(y, AF_INET6);

	SAW(y, connect_to(y, s, "::1", 7000));
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_NO_CHECK6_TX, 1));
	SAW(y, do_send(y, s, "lost", 4, 0));
	got(y, "r", r, 10, 0);
	SAW(y, set_int(y, r, IPPROTO_UDP, UDP_NO_CHECK6_RX, 1));
	SAW(y, do_send(y, s, "taken", 5, 0));
	got(y, "r", r, 10, 0);
}

static void udp_options(struct sys *y)
{
	static const int names[] = {1, 50, 100, 101, 102, 103, 104};
	int s, v;

	enter_host(y, A);
	s = do_socket(y, AF_INET);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (int len = 0; len <= 8; len += 2) {
			char buf[8] = {7, 0, 0, 0, 1};
			socklen_t n = len;

			if (names[i] == 100)
				continue;
			say(y, "option %d length %d", names[i], len);
			saw(y, "set", do_setopt(y, s, IPPROTO_UDP, names[i], buf, len));
			v = -1;
			saw(y, "get", do_getopt(y, s, IPPROTO_UDP, names[i], &buf, &n));
			memcpy(&v, buf, 4);
			say(y, "%u bytes: %x", (unsigned)n, v);
		}
	}
}

static void stamps(struct sys *y)
{
	static const int names[] = {29, 35, 63, 64};
	int r = bound(y, A, AF_INET, "127.0.0.1", 7000), s = do_socket(y, AF_INET);

	for (int i = 0; i < 4; i++) {
		SAW(y, send_to(y, s, "before", "127.0.0.1", 7000));
		SAW(y, set_int(y, r, SOL_SOCKET, names[i], 1));
		SAW(y, send_to(y, s, "after", "127.0.0.1", 7000));
		got(y, "r", r, 10, 0);
		got(y, "r", r, 10, 0);
		SAW(y, set_int(y, r, SOL_SOCKET, names[i], 0));
	}
}

static void last_stamp(struct sys *y)
{
	int r = bound(y, A, AF_INET, "127.0.0.1", 7000), s = do_socket(y, AF_INET);
	struct timeval t[3] = {{0}};

	saw(y, "nothing came", do_ioctl(y, r, SIOCGSTAMP, &t[0]));
	SAW(y, send_to(y, s, "x", "127.0.0.1", 7000));
	saw(y, "nothing was read", do_ioctl(y, r, SIOCGSTAMP, &t[0]));
	got(y, "r", r, 10, 0);
	saw(y, "first", do_ioctl(y, r, SIOCGSTAMP, &t[0]));
	SAW(y, send_to(y, s, "x", "127.0.0.1", 7000));
	got(y, "r", r, 10, 0);
	saw(y, "second", do_ioctl(y, r, SIOCGSTAMP, &t[1]));
	saw(y, "again", do_ioctl(y, r, SIOCGSTAMP, &t[2]));
	say(y, "%d %d %d", t[0].tv_sec > 1000000, !timercmp(&t[1], &t[0], <),
	    timercmp(&t[1], &t[2], !=));
}

static void polling(struct sys *y)
{
	int r = bound(y, A, AF_INET, "127.0.0.1", 7000), s = do_socket(y, AF_INET);

	say_poll(y, "new", s);
	SAW(y, connect_to(y, s, "127.0.0.1", 7000));
	say_poll(y, "connected", s);
	set_int(y, s, SOL_SOCKET, SO_SNDBUF, 1);
	do_send(y, s, "x", 1, MSG_MORE);
	say_poll(y, "small, corked", s);
	for (int i = 0; i < 3; i++)
		do_send(y, s, (char[600]){0}, 600, MSG_MORE);
	saw(y, "pushed", do_send(y, s, "x", 1, 0));
	say_poll(y, "pushed", s);
	say_poll(y, "r", r);
	got(y, "r", r, 0, MSG_TRUNC);
	say_poll(y, "r", r);
}

static const struct same_case cases[] = {
	{"full queue", full_queue},
	{"memory of datagrams", memory_of_datagrams},
	{"peeking", peeking},
	{"pieces", pieces},
	{"pieces, IPv6", pieces6},
	{"segments", segments},
	{"checksums", checksums},
	{"options", udp_options},
	{"stamps", stamps},
	{"last stamp", last_stamp},
	{"polling", polling},
};

int main(void)
{
	return same_run(cases, sizeof(cases) / sizeof(cases[0])) != 0;
}
