/*
 * unix_data.c - what AF_UNIX sockets carry: bytes, messages, urgent bytes, waiting; as
 * on the host.
 */
#include "unix_same.h"

#include <linux/sockios.h>
#include <pthread.h>
#include <time.h>

static char big[1 << 20];

static void set_int(struct sys *y, int s, int option, int v)
{
	do_setopt(y, s, option, &v, sizeof(v));
}

static void say_ioctl(struct sys *y, int s)
{
	int in = -1, out = -1, mark = -1;

	do_ioctl(y, s, SIOCINQ, &in);
	do_ioctl(y, s, SIOCOUTQ, &out);
	do_ioctl(y, s, SIOCATMARK, &mark);
	say(y, "in %d out %d mark %d", in, out, mark);
}

/* ------------------------------------------------------------------- urgent bytes */

/*
 * A word of lower case is sent, one of upper case with MSG_OOB; a digit reads so many
 * bytes, ! and ? read and peek at the urgent one, p and P peek at 1 and at 9 bytes.
 */
static void oob_script(struct sys *y, const char *steps, bool in_line)
{
	int s[2], mark;
	char buf[16];

	do_pair(y, SOCK_STREAM, s);
	set_int(y, s[1], SO_OOBINLINE, in_line);
	say(y, "%s%s", steps, in_line ? " in line" : "");
	for (const char *p = steps; *p; p++) {
		size_t n = strspn(p, "abcdef"), up = strspn(p, "ABCDEF");

		if (n || up) {
			saw(y, n ? "send" : "urgent", do_send(y, s[0], p, n + up, n ? 0 : MSG_OOB));
			p += n + up - 1;
		} else if (*p == '!') {
			long r = do_recv(y, s[1], buf, 1, MSG_OOB);

			say(y, "oob: %ld %.1s", r < 0 ? -1 : r, r > 0 ? buf : strerrorname_np(-r));
		} else if (*p == '?') {
			long r = do_recv(y, s[1], buf, 1, MSG_OOB | MSG_PEEK);

			say(y, "peek oob: %ld %.1s", r < 0 ? -1 : r, r > 0 ? buf : strerrorname_np(-r));
		} else if (*p == 'p' || *p == 'P') {
			got(y, "peek", s[1], *p == 'p' ? 1 : 9, MSG_PEEK);
		} else if (*p >= '0' && *p <= '9') {
			got(y, "read", s[1], *p - '0', 0);
		}
		say_poll(y, "it", s[1]);
		do_ioctl(y, s[1], SIOCATMARK, &mark);
		say(y, "mark %d", mark);
	}
	do_close(y, s[1]);
	got(y, "after", s[0], 1, 0);
	do_close(y, s[0]);
}

static void urgent_one(struct sys *y, int from, int to, bool in_line)
{
	static const char *const steps[] = {
		"A!9", "A9", "A?9", "abC9", "abC9!", "abC!9", "abC!99", "abC9!9", "abCde9", "abCde99",
		"abCde!9", "abCde!99", "abCde9!9", "abCdeF9", "abCdeF999", "abCdeF!9", "abCdeF9!9",
		"abCdeF1111", "abCdeF!1111", "A!B!9", "A!B!C!9", "A!bC!9", "A!bC!99", "A!bC99",
		"a!", "aB1!", "aB1!9", "aBp", "aBP", "aBPPp9", "A!P9", "aB!P9", "aB!c1P9", "AP", "ApP9",
		"ab3C9", "aBcP", "aB1P9", "abCde2P", "A!a9", "A!aB9", "A!aB", "A!B9", "A!B99", "A0", "aB0",
		"aB10", "ABCDEF", "ABC!99", "aBcDeF9", "aB!cD!eF!9", "aB!cD!eF!9999", "aB!cDeF9999",
		"aB!cD!eF9999", "aBC", "aBCD!99", "A!", "A!aA!", "aA!", "aB!1", "aB!11", "a0", "0",
	};
	const int n = sizeof(steps) / sizeof(steps[0]);

	for (int i = from; i < to && i < n; i++)
		oob_script(y, steps[i], in_line);
}

static void urgent_1(struct sys *y) { urgent_one(y, 0, 20, false); }
static void urgent_2(struct sys *y) { urgent_one(y, 20, 40, false); }
static void urgent_3(struct sys *y) { urgent_one(y, 40, 99, false); }
static void in_line_1(struct sys *y) { urgent_one(y, 0, 20, true); }
static void in_line_2(struct sys *y) { urgent_one(y, 20, 40, true); }
static void in_line_3(struct sys *y) { urgent_one(y, 40, 99, true); }

static void urgent_errors(struct sys *y)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	for (int i = 0; i < 3; i++) {
		int s[2];

		do_pair(y, types[i], s);
		saw(y, "send", do_send(y, s[0], "", 0, MSG_OOB));
		saw(y, "send", do_send(y, s[0], "a", 1, MSG_OOB));
		saw(y, "recv", do_recv(y, s[1], big, 0, MSG_OOB));
		saw(y, "recv", do_recv(y, s[1], big, 1, MSG_OOB));
		saw(y, "recv", do_recv(y, s[1], big, 1, MSG_OOB));
		say_ioctl(y, s[1]);
		saw(y, "empty", do_send(y, s[0], "", 0, 0));
		say_ioctl(y, s[1]);
		saw(y, "unconnected", do_recv(y, do_socket(y, types[i]), big, 1, MSG_OOB));
	}
}

/* ------------------------------------------------------------------------ streams */

static void amounts(struct sys *y)
{
	static const int sizes[] = {1, 64, 192, 193, 256, 1000, 4000, 10000, 36544, 36545, 60000};
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	for (int t = 0; t < 3; t++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			int s[2], n = 0, in = 0, out = 0;

			do_pair(y, types[t], s);
			while (do_send(y, s[0], big, sizes[i], MSG_DONTWAIT) == sizes[i])
				n++;
			do_ioctl(y, s[0], SIOCOUTQ, &out);
			do_ioctl(y, s[1], SIOCINQ, &in);
			say(y, "%d: %d of %d, in %d, out %d", types[t], n, sizes[i], in, out);
			say_poll(y, "full", s[0]);
			saw(y, "more", do_send(y, s[0], big, sizes[i], MSG_DONTWAIT));
			do_close(y, s[0]);
			do_close(y, s[1]);
		}
	}
}

static void small_buffer(struct sys *y)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	for (int t = 0; t < 3; t++) {
		int s[2], n = 0, v = 0;

		do_pair(y, types[t], s);
		set_int(y, s[0], SO_SNDBUF, 1);
		do_getopt(y, s[0], SO_SNDBUF, &v, &(socklen_t){4});
		say(y, "sndbuf %d", v);
		saw(y, "big", do_send(y, s[0], big, v - 32, MSG_DONTWAIT));
		saw(y, "bigger", do_send(y, s[0], big, v - 31, MSG_DONTWAIT));
		while (do_recv(y, s[1], big, sizeof(big), MSG_DONTWAIT) > 0)
			n++;
		say_poll(y, "read", s[0]);
		n = 0;
		while (do_send(y, s[0], big, 100, MSG_DONTWAIT) == 100)
			n++;
		say(y, "%d", n);
		for (n = 0; n < 20; n++) {
			struct pollfd p = {.fd = s[0], .events = POLLOUT};

			if (do_poll(y, &p, 1, 0))
				break;
			do_recv(y, s[1], big, 100, MSG_DONTWAIT);
		}
		say(y, "writable after %d", n);
	}
}

static void peeking(struct sys *y)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	for (int t = 0; t < 3; t++) {
		int s[2], v = 0;

		do_pair(y, types[t], s);
		say(y, "type %d", types[t]);
		do_send(y, s[0], "abcd", 4, 0);
		do_send(y, s[0], "", 0, 0);
		do_send(y, s[0], "efgh", 4, 0);
		got(y, "peek", s[1], 2, MSG_PEEK);
		got(y, "peek", s[1], 6, MSG_PEEK);
		got(y, "peek", s[1], 20, MSG_PEEK | MSG_WAITALL);
		got(y, "peek", s[1], 2, MSG_PEEK | MSG_TRUNC);
		set_int(y, s[1], SO_PEEK_OFF, 0);
		for (int i = 0; i < 6; i++) {
			got(y, "peek", s[1], 3, MSG_PEEK | (i == 3 ? MSG_TRUNC : 0));
			do_getopt(y, s[1], SO_PEEK_OFF, &v, &(socklen_t){4});
			say(y, "off %d", v);
		}
		got(y, "read", s[1], 3, 0);
		do_getopt(y, s[1], SO_PEEK_OFF, &v, &(socklen_t){4});
		say(y, "off %d", v);
		got(y, "peek", s[1], 9, MSG_PEEK);
		set_int(y, s[1], SO_PEEK_OFF, 2);
		got(y, "peek", s[1], 9, MSG_PEEK);
		set_int(y, s[1], SO_PEEK_OFF, 100);
		got(y, "peek", s[1], 9, MSG_PEEK);
		got(y, "read", s[1], 9, 0);
		do_getopt(y, s[1], SO_PEEK_OFF, &v, &(socklen_t){4});
		say(y, "off %d", v);
		set_int(y, s[1], SO_PEEK_OFF, -1);
		got(y, "read", s[1], 9, 0);
		got(y, "read", s[1], 9, 0);
	}
}

static void messages(struct sys *y)
{
	static const int types[] = {SOCK_DGRAM, SOCK_SEQPACKET};

	for (int t = 0; t < 2; t++) {
		struct sockaddr_un a;
		socklen_t n = sizeof(a);
		int s[2];

		do_pair(y, types[t], s);
		do_send(y, s[0], "first", 5, 0);
		do_send(y, s[0], "", 0, 0);
		do_send(y, s[0], "third", 5, 0);
		say_ioctl(y, s[1]);
		got(y, "cut", s[1], 3, MSG_TRUNC);
		say_ioctl(y, s[1]);
		got(y, "empty", s[1], 3, 0);
		saw(y, "from", do_recvfrom(y, s[1], big, 9, 0, &a, &n));
		say(y, "address %u", (unsigned)n);
		got(y, "none", s[1], 3, 0);
	}
}

static void flags_of_recvmsg(struct sys *y)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	for (int t = 0; t < 3; t++) {
		struct iovec v[2] = {{big, 2}, {big + 2, 1}};
		struct sockaddr_un a;
		struct msghdr m = {.msg_iov = v, .msg_iovlen = 2, .msg_name = &a,
				   .msg_namelen = sizeof(a), .msg_flags = 0x77};
		int s[2];

		do_pair(y, types[t], s);
		do_send(y, s[0], "hello", 5, MSG_EOR);
		for (int i = 0; i < 3; i++) {
			saw(y, "recvmsg", do_recvmsg(y, s[1], &m, MSG_DONTWAIT | (i ? 0 : MSG_PEEK)));
			say(y, "flags %x name %u", (unsigned)m.msg_flags, (unsigned)m.msg_namelen);
			m.msg_namelen = sizeof(a);
		}
		do_close(y, s[0]);
		saw(y, "end", do_recvmsg(y, s[1], &m, MSG_DONTWAIT));
		say(y, "flags %x name %u", (unsigned)m.msg_flags, (unsigned)m.msg_namelen);
	}
}

static void datagrams(struct sys *y)
{
	struct sockaddr_un a, b, c;
	socklen_t na, nb = name_of(&b, "@b"), n;
	int s = bound(y, SOCK_DGRAM, "@a"), t = bound(y, SOCK_DGRAM, "@b"), u, i;
	char buf[9];

	na = name_of(&a, "@a");
	saw(y, "no peer", do_send(y, s, "a", 1, 0));
	saw(y, "nobody", do_sendto(y, s, "a", 1, 0, &a, na - 1));
	saw(y, "family", do_sendto(y, s, "a", 1, 0, &(struct sockaddr_un){.sun_family = 2}, 9));
	saw(y, "length", do_sendto(y, s, "a", 1, 0, &b, 2));
	saw(y, "length", do_sendto(y, s, "a", 1, 0, &b, 1));
	saw(y, "sendto", do_sendto(y, s, "a", 1, 0, &b, nb));
	saw(y, "itself", do_sendto(y, s, "b", 1, 0, &a, na));
	n = sizeof(c);
	saw(y, "recvfrom", do_recvfrom(y, t, buf, 9, 0, &c, &n));
	say(y, "from %d", n == na && !memcmp(&a, &c, n));
	saw(y, "connect", to_name(y, s, "@b"));
	u = do_socket(y, SOCK_DGRAM);
	saw(y, "late name", do_sendto(y, u, "x", 1, 0, &b, nb));
	saw(y, "bind", do_bind(y, u, &c, n = name_of(&c, "@late")));
	i = n;
	n = sizeof(c);
	saw(y, "recvfrom", do_recvfrom(y, t, buf, 9, 0, &c, &n));
	say(y, "named %d", (int)n == i);
	saw(y, "unnamed", do_sendto(y, do_socket(y, SOCK_DGRAM), "x", 1, 0, &b, nb));
	n = sizeof(c);
	saw(y, "recvfrom", do_recvfrom(y, t, buf, 9, 0, &c, &n));
	say(y, "named %d", (int)n);
	/* A connected socket takes what its peer sends, and that alone. */
	saw(y, "back", to_name(y, t, "@a"));
	saw(y, "other", do_sendto(y, u, "x", 1, 0, &b, nb));
	saw(y, "connect", to_name(y, u, "@b"));
	saw(y, "peer", do_send(y, s, "p", 1, 0));
	/* Whoever leaves throws away what it did not read, and the other hears of it. */
	saw(y, "leaves", do_connect(y, t, &(struct sockaddr_un){.sun_family = AF_UNSPEC}, 2));
	say_poll(y, "s", s);
	say_error(y, "s", s);
	got(y, "t", t, 9, 0);
	saw(y, "send", do_send(y, t, "a", 1, 0));
	for (i = 0; i < 30 && do_send(y, s, "q", 1, MSG_DONTWAIT) == 1; i++)
		;
	say(y, "queued %d", i);
	say_poll(y, "s", s);
	saw(y, "sendto", do_sendto(y, u, "x", 1, MSG_DONTWAIT, &b, nb));
	say_poll(y, "u", u);
	got(y, "t", t, 9, 0);
	say_poll(y, "s", s);
	saw(y, "send", do_send(y, s, "q", 1, MSG_DONTWAIT));
	saw(y, "send", do_send(y, s, "q", 1, MSG_DONTWAIT));
	do_close(y, t);
	say_poll(y, "s", s);
	saw(y, "send", do_send(y, s, "q", 1, MSG_DONTWAIT));
	saw(y, "send", do_send(y, s, "q", 1, MSG_DONTWAIT));
	saw(y, "to itself", to_name(y, s, "@a"));
	for (i = 0; i < 400 && do_send(y, s, "q", 1, MSG_DONTWAIT) == 1; i++)
		;
	say(y, "queued %d", i);
	say_poll(y, "s", s);
}

static void big_messages(struct sys *y)
{
	static const int types[] = {SOCK_DGRAM, SOCK_SEQPACKET};

	for (int t = 0; t < 2; t++) {
		int s[2];

		do_pair(y, types[t], s);
		saw(y, "most", do_send(y, s[0], big, 212992 - 32, 0));
		saw(y, "more", do_send(y, s[0], big, 212992 - 31, 0));
		saw(y, "read", do_recv(y, s[1], big, sizeof(big), 0));
		saw(y, "none", do_send(y, s[0], NULL, 0, 0));
		saw(y, "read", do_recv(y, s[1], NULL, 0, 0));
	}
}

/* ------------------------------------------------------------------------ waiting */

struct later {
	struct sys *y;
	int s, ms;
	enum { SEND, CLOSE, SHUT, READ, ACCEPT, CONNECT } what;
	const char *data;
	pthread_t thread;
};

static void *later(void *arg)
{
	struct later *l = arg;
	char buf[512];

	nanosleep(&(struct timespec){0, l->ms * 1000000L}, NULL);
	switch (l->what) {
	case SEND:
		do_send(l->y, l->s, l->data, strlen(l->data), 0);
		break;
	case CLOSE:
		do_close(l->y, l->s);
		break;
	case SHUT:
		do_shutdown(l->y, l->s, SHUT_RDWR);
		break;
	case READ:
		while (do_recv(l->y, l->s, buf, sizeof(buf), MSG_DONTWAIT) > 0)
			;
		break;
	case ACCEPT:
		do_accept(l->y, l->s, NULL, NULL);
		break;
	case CONNECT:
		to_name(l->y, l->s, l->data);
		break;
	}
	return NULL;
}

static void begin(struct later *l)
{
	pthread_create(&l->thread, NULL, later, l);
}

static void end(struct later *l)
{
	pthread_join(l->thread, NULL);
}

static void waits_to_read(struct sys *y)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
	char buf[9] = {0};

	for (int t = 0; t < 3; t++) {
		int s[2];
		struct later l = {.y = y, .ms = 20, .data = "hi"};

		do_pair(y, types[t], s);
		l.s = s[0];
		l.what = SEND;
		begin(&l);
		saw(y, "recv", do_recv(y, s[1], buf, 9, 0));
		end(&l);
		do_setopt(y, s[1], SO_RCVTIMEO, &(struct timeval){0, 20000}, sizeof(struct timeval));
		saw(y, "in time", do_recv(y, s[1], buf, 9, 0));
		do_send(y, s[0], "abc", 3, 0);
		saw(y, "all in time", do_recv(y, s[1], buf, 9, MSG_WAITALL));
		set_int(y, s[1], SO_RCVLOWAT, 4);
		do_send(y, s[0], "abc", 3, 0);
		saw(y, "low in time", do_recv(y, s[1], buf, 9, 0));
		set_int(y, s[1], SO_RCVLOWAT, 1);
		do_setopt(y, s[1], SO_RCVTIMEO, &(struct timeval){0, 0}, sizeof(struct timeval));
		do_send(y, s[0], "abc", 3, 0);
		begin(&l);
		saw(y, "all", do_recv(y, s[1], buf, 5, MSG_WAITALL));
		end(&l);
		say(y, "%.5s", buf);
		got(y, "rest", s[1], 9, 0);
		l.what = t == 1 ? SHUT : CLOSE;
		l.s = t == 1 ? s[1] : s[0];
		begin(&l);
		saw(y, "end", do_recv(y, s[1], buf, 9, 0));
		end(&l);
	}
}

static void waits_to_write(struct sys *y)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	for (int t = 0; t < 3; t++) {
		int s[2];
		struct later l = {.y = y, .ms = 20, .what = READ};

		do_pair(y, types[t], s);
		while (do_send(y, s[0], big, 1000, MSG_DONTWAIT) == 1000)
			;
		l.s = s[1];
		begin(&l);
		saw(y, "send", do_send(y, s[0], "x", 1, 0));
		end(&l);
		while (do_send(y, s[0], big, 1000, MSG_DONTWAIT) == 1000)
			;
		l.what = CLOSE;
		begin(&l);
		saw(y, "send", do_send(y, s[0], "x", 1, MSG_NOSIGNAL));
		end(&l);
	}
}

static void waits_for_room(struct sys *y)
{
	struct sockaddr_un a;
	socklen_t n = name_of(&a, "@room");
	int s = bound(y, SOCK_DGRAM, "@room"), t = do_socket(y, SOCK_DGRAM);
	struct later l = {.y = y, .ms = 20, .s = s, .what = READ};

	while (do_sendto(y, t, "x", 1, MSG_DONTWAIT, &a, n) == 1)
		;
	begin(&l);
	saw(y, "sendto", do_sendto(y, t, "x", 1, 0, &a, n));
	end(&l);
	while (do_sendto(y, t, "x", 1, MSG_DONTWAIT, &a, n) == 1)
		;
	to_name(y, t, "@room");
	do_setopt(y, t, SO_SNDTIMEO, &(struct timeval){0, 20000}, sizeof(struct timeval));
	saw(y, "in time", do_send(y, t, "x", 1, 0));
	do_setopt(y, t, SO_SNDTIMEO, &(struct timeval){0, 0}, sizeof(struct timeval));
	begin(&l);
	struct pollfd p = {.fd = t, .events = POLLOUT};
	saw(y, "poll", do_poll(y, &p, 1, 5000));
	end(&l);
	while (do_send(y, t, "x", 1, MSG_DONTWAIT) == 1)
		;
	l.what = CLOSE;
	begin(&l);
	saw(y, "closed", do_send(y, t, "x", 1, 0));
	end(&l);
	s = bound(y, SOCK_DGRAM, "@room");
	while (do_sendto(y, t, "x", 1, MSG_DONTWAIT, &a, n) == 1)
		;
	l.s = s;
	begin(&l);
	saw(y, "closed", do_sendto(y, t, "x", 1, 0, &a, n));
	end(&l);
}

static void waits_to_connect(struct sys *y)
{
	int s = listening(y, SOCK_STREAM, "@wc", 0), c = do_socket(y, SOCK_STREAM), d;
	struct later l = {.y = y, .ms = 20, .s = s, .what = ACCEPT, .data = "@wc"};

	saw(y, "connect", to_name(y, do_socket(y, SOCK_STREAM), "@wc"));
	begin(&l);
	saw(y, "connect", to_name(y, c, "@wc"));
	end(&l);
	l.what = CLOSE;
	begin(&l);
	saw(y, "closed", to_name(y, do_socket(y, SOCK_STREAM), "@wc"));
	end(&l);
	s = listening(y, SOCK_SEQPACKET, "@wc", 5);
	l.s = d = do_socket(y, SOCK_SEQPACKET);
	l.what = CONNECT;
	begin(&l);
	saw(y, "accept", do_accept(y, s, NULL, NULL) >= 0);
	end(&l);
	l.s = s;
	l.what = SHUT;
	begin(&l);
	saw(y, "accept", do_accept(y, s, NULL, NULL));
	end(&l);
	do_setopt(y, s, SO_RCVTIMEO, &(struct timeval){0, 20000}, sizeof(struct timeval));
	d = listening(y, SOCK_SEQPACKET, "@wd", 5);
	do_setopt(y, d, SO_RCVTIMEO, &(struct timeval){0, 20000}, sizeof(struct timeval));
	saw(y, "accept", do_accept(y, d, NULL, NULL));
}

static void long_send(struct sys *y)
{
	int s[2];
	struct later l = {.y = y, .ms = 20, .what = CLOSE};
	long n;

	do_pair(y, SOCK_STREAM, s);
	do_setopt(y, s[0], SO_SNDTIMEO, &(struct timeval){0, 20000}, sizeof(struct timeval));
	n = do_send(y, s[0], big, sizeof(big), 0);
	saw(y, "in time", n);
	do_setopt(y, s[0], SO_SNDTIMEO, &(struct timeval){0, 0}, sizeof(struct timeval));
	while (n > 0)
		n -= do_recv(y, s[1], big, sizeof(big), 0);
	l.s = s[1];
	begin(&l);
	saw(y, "closed", do_send(y, s[0], big, sizeof(big), MSG_NOSIGNAL));
	end(&l);
}

#define CASE(f, major, minor) {#f, f, major, minor}
static const struct same_case cases[] = {
	CASE(urgent_1, 6, 17), CASE(urgent_2, 6, 17), CASE(urgent_3, 6, 17),
	CASE(in_line_1, 6, 17), CASE(in_line_2, 6, 17), CASE(in_line_3, 6, 17),
	CASE(urgent_errors, 6, 17),
	CASE(amounts, 6, 0), CASE(small_buffer, 6, 0), CASE(peeking, 6, 0), CASE(messages, 0, 0),
	CASE(flags_of_recvmsg, 0, 0), CASE(datagrams, 6, 17), CASE(big_messages, 0, 0),
	CASE(waits_to_read, 0, 0), CASE(waits_to_write, 0, 0), CASE(waits_for_room, 0, 0),
	CASE(waits_to_connect, 0, 0), CASE(long_send, 0, 0),
};

int main(void)
{
	return same_run(cases, sizeof(cases) / sizeof(cases[0])) != 0;
}
