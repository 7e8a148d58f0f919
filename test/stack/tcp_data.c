/*
 * tcp_data.c - bytes: flags of send and recv, urgent data, what is held back, options.
 */
#include "tcp_same.h"

#include <linux/sockios.h>

#ifndef TCP_INQ
#define TCP_INQ 36
#endif
enum { SO_PEEK_OFF_ = 42, SO_TIMESTAMP_OLD_ = 29 };

static void flags(struct sys *y)
{
	struct pair p = new_pair(y, AF_INET);
	char b[16];

	do_send(y, p.c, "abcdef", 6, 0);
	settle(y, 2);
	SAW(y, do_recv(y, p.a, b, 2, MSG_TRUNC));
	got(y, "after two were dropped", p.a, 2, MSG_PEEK);
	SAW(y, do_recv(y, p.a, NULL, 9, MSG_TRUNC | MSG_PEEK));
	SAW(y, do_recv(y, p.a, b, 0, 0));
	got(y, "rest", p.a, 9, MSG_WAITALL);
	SAW(y, do_recv(y, p.a, b, 0, MSG_DONTWAIT));
	SAW(y, do_recv(y, p.a, b, 1, MSG_ERRQUEUE));
	do_send(y, p.c, "abcdef", 6, MSG_EOR);
	do_send(y, p.c, "ghi", 3, MSG_DONTROUTE | MSG_CONFIRM);
	settle(y, 2);
	got(y, "all", p.a, 20, 0);
	got(y, "one", p.a, 9, MSG_WAITALL | MSG_PEEK);
	got(y, "one", p.a, 9, MSG_WAITALL);
	close_pair(y, &p);
}

static void peek_offset(struct sys *y)
{
	struct pair p = new_pair(y, AF_INET);

	do_send(y, p.c, "0123456789", 10, 0);
	SAW(y, set_int(y, p.a, SOL_SOCKET, SO_PEEK_OFF_, 2));
	got(y, "peek", p.a, 3, MSG_PEEK);
	SAW(y, get_int(y, p.a, SOL_SOCKET, SO_PEEK_OFF_));
	got(y, "peek", p.a, 3, MSG_PEEK);
	got(y, "read", p.a, 4, 0);
	SAW(y, get_int(y, p.a, SOL_SOCKET, SO_PEEK_OFF_));
	got(y, "peek", p.a, 20, MSG_PEEK);
	SAW(y, get_int(y, p.a, SOL_SOCKET, SO_PEEK_OFF_));
	got(y, "peek beyond", p.a, 20, MSG_PEEK);
	got(y, "read", p.a, 20, 0);
	SAW(y, get_int(y, p.a, SOL_SOCKET, SO_PEEK_OFF_));
	SAW(y, set_int(y, p.a, SOL_SOCKET, SO_PEEK_OFF_, -1));
	do_send(y, p.c, "ab", 2, 0);
	got(y, "peek", p.a, 20, MSG_PEEK);
	close_pair(y, &p);
}

static void low_water(struct sys *y)
{
	struct pair p = new_pair(y, AF_INET);

	SAW(y, set_int(y, p.a, SOL_SOCKET, SO_RCVLOWAT, 5));
	do_send(y, p.c, "abc", 3, 0);
	say_poll(y, "three of five", p.a);
	got(y, "three of five", p.a, 9, 0);
	do_send(y, p.c, "abcde", 5, 0);
	say_poll(y, "five", p.a);
	do_send(y, p.c, "f", 1, 0);
	do_shutdown(y, p.c, SHUT_WR);
	say_poll(y, "and the end", p.a);
	got(y, "six", p.a, 9, 0);
	got(y, "end", p.a, 9, 0);
	close_pair(y, &p);
}

static void urgent(struct sys *y)
{
	struct pair p = new_pair(y, AF_INET);

	got(y, "none", p.a, 1, MSG_OOB);
	SAW(y, do_send(y, p.c, "abc", 3, MSG_OOB));
	say_poll(y, "abC", p.a);
	say_queues(y, "abC", p.a);
	got(y, "peek at it", p.a, 9, MSG_OOB | MSG_PEEK);
	got(y, "take it", p.a, 9, MSG_OOB);
	got(y, "again", p.a, 9, MSG_OOB);
	say_poll(y, "abC, taken", p.a);
	got(y, "before it", p.a, 9, 0);
	say_poll(y, "at the mark", p.a);
	say_queues(y, "at the mark", p.a);
	got(y, "at the mark", p.a, 9, 0);
	do_send(y, p.c, "Z", 1, 0);
	say_poll(y, "Z behind it", p.a);
	say_queues(y, "Z behind it", p.a);
	got(y, "Z behind it", p.a, 9, 0);
	got(y, "over", p.a, 1, MSG_OOB);
	say_queues(y, "over", p.a);
	close_pair(y, &p);

	p = new_pair(y, AF_INET);
	do_send(y, p.c, "abc", 3, MSG_OOB);
	do_send(y, p.c, "def", 3, MSG_OOB);
	do_send(y, p.c, "gh", 2, 0);
	say_queues(y, "two", p.a);
	got(y, "up to the second", p.a, 9, 0);
	say_queues(y, "two", p.a);
	got(y, "the second", p.a, 1, MSG_OOB);
	got(y, "behind it", p.a, 9, 0);
	close_pair(y, &p);

	p = new_pair(y, AF_INET);
	do_send(y, p.c, "a", 1, MSG_OOB);
	do_send(y, p.c, "b", 1, MSG_OOB);
	say_poll(y, "a, b", p.a);
	say_queues(y, "a, b", p.a);
	got(y, "b", p.a, 1, MSG_OOB);
	got(y, "data", p.a, 9, 0);
	close_pair(y, &p);

	p = new_pair(y, AF_INET);
	set_int(y, p.a, SOL_SOCKET, SO_OOBINLINE, 1);
	do_send(y, p.c, "abc", 3, MSG_OOB);
	do_send(y, p.c, "def", 3, 0);
	say_poll(y, "inline", p.a);
	say_queues(y, "inline", p.a);
	got(y, "inline", p.a, 9, MSG_OOB);
	got(y, "inline", p.a, 9, MSG_WAITALL);
	say_queues(y, "inline, at the mark", p.a);
	got(y, "inline", p.a, 9, 0);
	close_pair(y, &p);

	p = new_pair(y, AF_INET);
	do_send(y, p.c, "x", 1, MSG_OOB);
	say_poll(y, "alone", p.a);
	say_queues(y, "alone", p.a);
	got(y, "alone, peek", p.a, 9, MSG_PEEK);
	do_close(y, p.c);
	p.c = -1;
	say_poll(y, "closed", p.a);
	got(y, "closed", p.a, 9, 0);
	got(y, "closed", p.a, 1, MSG_OOB);
	close_pair(y, &p);

	p = new_pair(y, AF_INET);
	do_send(y, p.c, "abcd", 4, MSG_OOB);
	do_send(y, p.c, "efgh", 4, 0);
	got(y, "two", p.a, 2, 0);
	got(y, "one, just to the mark", p.a, 1, 0);
	got(y, "peek behind it", p.a, 9, MSG_PEEK);
	say_queues(y, "peeked", p.a);
	got(y, "no room", p.a, 0, MSG_OOB);
	got(y, "behind it", p.a, 9, 0);
	close_pair(y, &p);
}

static void held_back(struct sys *y)
{
	struct pair p = new_pair(y, AF_INET);

	SAW(y, set_int(y, p.c, IPPROTO_TCP, TCP_CORK, 1));
	do_send(y, p.c, "abc", 3, 0);
	say_queues(y, "corked, sender", p.c);
	say_queues(y, "corked", p.a);
	settle(y, 300);
	got(y, "after 200 ms", p.a, 9, 0);
	do_send(y, p.c, "def", 3, 0);
	say_queues(y, "corked", p.a);
	SAW(y, set_int(y, p.c, IPPROTO_TCP, TCP_CORK, 0));
	got(y, "not corked", p.a, 9, 0);
	do_send(y, p.c, "ghi", 3, MSG_MORE);
	say_queues(y, "more", p.a);
	do_send(y, p.c, "jkl", 3, 0);
	got(y, "more came", p.a, 9, 0);
	do_send(y, p.c, "mno", 3, MSG_MORE);
	settle(y, 300);
	got(y, "no more after 200 ms", p.a, 9, 0);
	set_int(y, p.c, IPPROTO_TCP, TCP_CORK, 1);
	do_send(y, p.c, "pqr", 3, 0);
	SAW(y, set_int(y, p.c, IPPROTO_TCP, TCP_NODELAY, 1));
	got(y, "TCP_NODELAY pushes", p.a, 9, 0);
	do_send(y, p.c, "stu", 3, 0);
	SAW(y, do_shutdown(y, p.c, SHUT_WR));
	got(y, "the end pushes", p.a, 9, 0);
	got(y, "the end", p.a, 9, 0);
	close_pair(y, &p);

	p = new_pair(y, AF_INET);
	set_int(y, p.c, IPPROTO_TCP, TCP_CORK, 1);
	do_send(y, p.c, "abc", 3, 0);
	do_close(y, p.c);
	p.c = -1;
	got(y, "close pushes", p.a, 9, 0);
	got(y, "close", p.a, 9, 0);
	close_pair(y, &p);
}

static void stamps(struct sys *y)
{
	struct pair p = new_pair(y, AF_INET);

	SAW(y, set_int(y, p.a, IPPROTO_TCP, TCP_INQ, 2));
	SAW(y, set_int(y, p.a, IPPROTO_TCP, TCP_INQ, 1));
	SAW(y, get_int(y, p.a, IPPROTO_TCP, TCP_INQ));
	do_send(y, p.c, "abcdef", 6, 0);
	got(y, "two of six", p.a, 2, 0);
	got(y, "rest", p.a, 9, 0);
	SAW(y, set_int(y, p.a, SOL_SOCKET, SO_TIMESTAMP_OLD_, 1));
	settle(y, 50); /* the kernel begins to stamp a little later */
	do_send(y, p.c, "ghi", 3, 0);
	got(y, "all", p.a, 20, 0);
	do_shutdown(y, p.c, SHUT_WR);
	got(y, "end", p.a, 20, 0);
	close_pair(y, &p);
}

static void control(struct sys *y)
{
	struct pair p = new_pair(y, AF_INET);
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} u = {0};
	struct iovec v = {(void *)"abc", 3};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &u,
			   .msg_controllen = sizeof(u)};
	struct sockaddr_in to = {.sin_family = 77};

	u.h.cmsg_len = CMSG_LEN(sizeof(int));
	u.h.cmsg_level = IPPROTO_IP;
	u.h.cmsg_type = 99;
	SAW(y, do_sendmsg(y, p.c, &m, 0));
	u.h.cmsg_level = SOL_SOCKET;
	SAW(y, do_sendmsg(y, p.c, &m, 0));
	u.h.cmsg_level = IPPROTO_IP;
	u.h.cmsg_len = 3;
	SAW(y, do_sendmsg(y, p.c, &m, 0));
	m.msg_control = NULL;
	m.msg_controllen = 0;
	m.msg_name = &to;
	m.msg_namelen = sizeof(to);
	SAW(y, do_sendmsg(y, p.c, &m, 0));
	got(y, "all", p.a, 20, 0);
	close_pair(y, &p);
}

static void say_options(struct sys *y, int s)
{
	static const struct {
		int level, name;
		const char *text;
	} o[] = {
		{IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY"}, {IPPROTO_TCP, TCP_CORK, "TCP_CORK"},
		{IPPROTO_TCP, TCP_KEEPIDLE, "TCP_KEEPIDLE"},
		{IPPROTO_TCP, TCP_KEEPINTVL, "TCP_KEEPINTVL"},
		{IPPROTO_TCP, TCP_KEEPCNT, "TCP_KEEPCNT"}, {IPPROTO_TCP, TCP_SYNCNT, "TCP_SYNCNT"},
		{IPPROTO_TCP, TCP_LINGER2, "TCP_LINGER2"},
		{IPPROTO_TCP, TCP_DEFER_ACCEPT, "TCP_DEFER_ACCEPT"},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT"},
		{IPPROTO_TCP, 25, "TCP_NOTSENT_LOWAT"},
		{SOL_SOCKET, SO_KEEPALIVE, "SO_KEEPALIVE"}, {SOL_SOCKET, SO_RCVBUF, "SO_RCVBUF"},
		{SOL_SOCKET, SO_PRIORITY, "SO_PRIORITY"}, {SOL_SOCKET, SO_TYPE, "SO_TYPE"},
		{SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR"}, {IPPROTO_IP, IP_TOS, "IP_TOS"},
		{IPPROTO_IP, IP_TTL, "IP_TTL"}, {SOL_SOCKET, SO_RCVLOWAT, "SO_RCVLOWAT"},
	};

	for (size_t i = 0; i < sizeof(o) / sizeof(o[0]); i++)
		saw(y, o[i].text, get_int(y, s, o[i].level, o[i].name));
}

static void options(struct sys *y)
{
	static const int names[] = {TCP_NODELAY, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL,
				    TCP_KEEPCNT, TCP_SYNCNT, TCP_LINGER2, TCP_DEFER_ACCEPT,
				    TCP_USER_TIMEOUT, TCP_INQ};
	static const int values[] = {-5, 0, 1, 2, 5, 88, 127, 128, 300, 32767, 32768, 100000};
	struct pair p;
	int s = do_socket(y, AF_INET);

	say_options(y, s);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
			say(y, "option %d set to %d", names[i], values[k]);
			SAW(y, set_int(y, s, IPPROTO_TCP, names[i], values[k]));
			SAW(y, get_int(y, s, IPPROTO_TCP, names[i]));
		}
	for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
		say(y, "TCP_MAXSEG %d", values[k]);
		SAW(y, set_int(y, s, IPPROTO_TCP, TCP_MAXSEG, values[k]));
		SAW(y, get_int(y, s, IPPROTO_TCP, TCP_MAXSEG));
	}
	do_close(y, s);

	/* What an accepted one takes from its listener. */
	p.l = do_socket(y, AF_INET);
	set_int(y, p.l, IPPROTO_TCP, TCP_NODELAY, 1);
	set_int(y, p.l, IPPROTO_TCP, TCP_KEEPIDLE, 11);
	set_int(y, p.l, IPPROTO_TCP, TCP_KEEPINTVL, 12);
	set_int(y, p.l, IPPROTO_TCP, TCP_KEEPCNT, 13);
	set_int(y, p.l, IPPROTO_TCP, TCP_SYNCNT, 3);
	set_int(y, p.l, IPPROTO_TCP, TCP_LINGER2, 14);
	set_int(y, p.l, IPPROTO_TCP, TCP_USER_TIMEOUT, 15000);
	set_int(y, p.l, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(y, p.l, SOL_SOCKET, SO_REUSEADDR, 1);
	set_int(y, p.l, SOL_SOCKET, SO_PRIORITY, 3);
	set_int(y, p.l, SOL_SOCKET, SO_RCVBUF, 10000);
	set_int(y, p.l, SOL_SOCKET, SO_RCVLOWAT, 2);
	set_int(y, p.l, IPPROTO_IP, IP_TTL, 33);
	do_listen(y, p.l, 5);
	p.c = do_socket(y, AF_INET);
	{
		struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port_of(y, p.l))};

		SAW(y, do_connect(y, p.c, &any, sizeof(any)));
	}
	p.a = do_accept(y, p.l);
	say_options(y, p.a);
	close_pair(y, &p);
}

static void full(struct sys *y)
{
	static char block[1 << 16];
	struct pair p = new_pair(y, AF_INET);
	long sent = 0, n;
	unsigned char next = 0, have = 0;
	bool same = true;

	do_fcntl(y, p.c, F_SETFL, O_NONBLOCK);
	do_fcntl(y, p.a, F_SETFL, O_NONBLOCK);
	for (;;) {
		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = (unsigned char)(next + i);
		n = do_send(y, p.c, block, sizeof(block), 0);
		if (n < 0)
			break;
		sent += n;
		next += n;
	}
	saw(y, "full", n);
	say(y, "more than a window: %d", sent > 131072);
	say_poll(y, "full", p.c);
	do_shutdown(y, p.c, SHUT_WR);
	for (int tries = 0; tries < 1000;) {
		n = do_recv(y, p.a, block, 10007, 0);
		if (n == -EAGAIN) {
			settle(y, 1);
			tries++;
			continue;
		}
		if (n <= 0)
			break;
		for (long i = 0; i < n; i++)
			same = same && (unsigned char)block[i] == have++;
		sent -= n;
	}
	saw(y, "end", n);
	say(y, "all came, as it was sent: %d %d", sent == 0, same);
	say_poll(y, "empty", p.c);
	close_pair(y, &p);
}

static void deferred(struct sys *y)
{
	int l = new_listener(y, AF_INET, 3), s = do_socket(y, AF_INET), a;

	set_int(y, l, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
	SAW(y, call_port(y, s, AF_INET, port_of(y, l)));
	say_poll(y, "caller", s);
	say_poll(y, "listener", l);
	do_send(y, s, "abc", 3, 0);
	say_poll(y, "listener, with data", l);
	a = do_accept(y, l);
	got(y, "accepted", a, 9, 0);
	do_close(y, a);
	do_close(y, s);
	s = do_socket(y, AF_INET);
	call_port(y, s, AF_INET, port_of(y, l));
	say_poll(y, "listener", l);
	settle(y, 1300);
	say_poll(y, "listener, later", l);
	do_close(y, s);
	do_close(y, l);
}

static const struct same_case cases[] = {
	{"flags", flags}, {"peek offset", peek_offset}, {"low water", low_water},
	{"urgent", urgent}, {"held back", held_back}, {"stamps", stamps}, {"control", control},
	{"options", options}, {"full", full}, {"deferred", deferred},
};

int main(int argc, char **argv)
{
	return same_run(cases, sizeof(cases) / sizeof(cases[0]), argv[1]);
}
