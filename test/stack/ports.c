/*
 * ports.c - who may have which port, and who gets what comes in: as the kernel has it.
 */
#include "udp_same.h"

#include <netinet/tcp.h>

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

CALL(int, do_listen(struct sys *y, int s, int n), sc_listen(TASK, s, n), listen(s, n))
CALL(int, do_accept(struct sys *y, int s), sc_accept(TASK, s, NULL, NULL), accept(s, NULL, NULL))
CALL(int, do_any(struct sys *y, int family, int type), sc_socket(TASK, family, type, 0),
     socket(family, type, 0))

/* Of this case: what one leaves in TIME_WAIT is not another's. */
static int PORT;

/* ------------------------------------------------------- the matrix of conflicts */

/* Where a socket may be bound. */
static const struct place {
	const char *text;
	bool v6only;
} places[] = {
	{"0.0.0.0", false}, {"127.0.0.1", false}, {"127.0.0.2", false}, {"10.0.0.1", false},
	{"10.0.0.255", false}, {"255.255.255.255", false}, {"239.1.1.1", false},
	{"10.0.0.9", false}, /* nobody's */
	{"::", false}, {"::", true}, {"::1", false}, {"fd00::1", false}, {"fd00::9", false},
	{"::ffff:0.0.0.0", false}, {"::ffff:127.0.0.1", false}, {"::ffff:127.0.0.1", true},
	{"ff05::1", false},
};
enum { PLACES = sizeof(places) / sizeof(places[0]) };

enum { REUSEADDR = 1, REUSEPORT = 2, TO_LO = 4 };

static int new_at(struct sys *y, const struct place *p, int type, int flags)
{
	const bool ip6 = strchr(p->text, ':');
	int s = do_any(y, ip6 ? AF_INET6 : AF_INET, type);

	if (flags & REUSEADDR)
		set_int(y, s, SOL_SOCKET, SO_REUSEADDR, 1);
	if (flags & REUSEPORT)
		set_int(y, s, SOL_SOCKET, SO_REUSEPORT, 1);
	if (flags & TO_LO)
		do_setopt(y, s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
	if (p->v6only)
		set_int(y, s, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	return s;
}

/* One letter. */
static char letter(int err)
{
	static const struct {
		int err;
		char letter;
	} letters[] = {{0, '.'}, {-EADDRINUSE, 'X'}, {-EADDRNOTAVAIL, 'n'}, {-EINVAL, 'i'},
		       {-EACCES, 'a'}, {-EOPNOTSUPP, 'o'}};

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].err == err)
			return letters[i].letter;
	return '?';
}

/* Two sockets: a letter for the second one's bind, and one for its listen. Both are new,
 * since the kernel keeps what it found out about a port as long as somebody has it. */
static bool versus(struct sys *y, const struct place *first, int flags, bool listens,
		   const struct place *second, int other_flags, int type, char out[2])
{
	int s = new_at(y, first, type, flags), t, err;
	bool usable = !bind_to(y, s, first->text, PORT) && !(listens && do_listen(y, s, 1));

	out[0] = out[1] = ' ';
	if (usable) {
		t = new_at(y, second, type, other_flags);
		err = bind_to(y, t, second->text, PORT);
		out[0] = letter(err);
		if (type == SOCK_STREAM && !err)
			out[1] = letter(do_listen(y, t, 1));
		do_close(y, t);
	}
	do_close(y, s);
	return usable;
}

static void against(struct sys *y, const struct place *first, int flags, int type, bool listens)
{
	for (int f = 0; f < 8; f++) {
		char line[PLACES * 2 + 1] = "";
		bool usable = true;

		for (int i = 0; i < PLACES && usable; i++)
			usable = versus(y, first, flags, listens, &places[i], f, type, line + i * 2);
		if (usable)
			say(y, "%s%s %d%s, %d: %s", first->text, first->v6only ? " only" : "",
			    flags, listens ? " listens" : "", f, line);
	}
}

static void matrix(struct sys *y, int flags, int type, bool listens)
{
	PORT = 5010;
	enter_host(y, A);
	for (int i = 0; i < PLACES; i++)
		against(y, &places[i], flags, type, listens);
}

#define MATRIX(n) \
	static void udp_##n(struct sys *y) { matrix(y, n, SOCK_DGRAM, false); } \
	static void tcp_##n(struct sys *y) { matrix(y, n, SOCK_STREAM, false); } \
	static void tcp_listens_##n(struct sys *y) { matrix(y, n, SOCK_STREAM, true); }
MATRIX(0)
MATRIX(1)
MATRIX(2)
MATRIX(3)
MATRIX(4)
MATRIX(6)

/* Options change what a socket is after it was bound. */
static void late_flags(struct sys *y)
{
	const struct place *p = &places[1];
	int a, b;

	PORT = 5020;
	enter_host(y, A);
	for (int before = 0; before < 4; before++) {
		for (int after = 0; after < 4; after++) {
			a = new_at(y, p, SOCK_DGRAM, before);
			SAW(y, bind_to(y, a, p->text, PORT));
			set_int(y, a, SOL_SOCKET, SO_REUSEADDR, !!(after & REUSEADDR));
			set_int(y, a, SOL_SOCKET, SO_REUSEPORT, !!(after & REUSEPORT));
			b = new_at(y, p, SOCK_DGRAM, REUSEADDR | REUSEPORT);
			say(y, "%d, then %d: %c", before, after, letter(bind_to(y, b, p->text, PORT)));
			do_close(y, a);
			do_close(y, b);
		}
	}
}

static void three_of_a_kind(struct sys *y)
{
	int s[3];

	PORT = 5030;
	enter_host(y, A);
	for (int f = 0; f < 4; f++) {
		for (int i = 0; i < 3; i++) {
			s[i] = new_at(y, &places[1], SOCK_STREAM, f);
			say(y, "%d of %d: %c", i, f, letter(bind_to(y, s[i], "127.0.0.1", PORT)));
		}
		for (int i = 0; i < 3; i++)
			say(y, "%d listens: %c", i, letter(do_listen(y, s[i], 1)));
		for (int i = 0; i < 3; i++)
			do_close(y, s[i]);
	}
}

static void rebind(struct sys *y)
{
	int s;

	PORT = 5040;
	enter_host(y, A);
	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		s = do_any(y, AF_INET, type);
		SAW(y, bind_to(y, s, "127.0.0.1", PORT));
		SAW(y, bind_to(y, s, "127.0.0.1", PORT));
		SAW(y, bind_to(y, s, "127.0.0.1", 0));
		SAW(y, bind_to(y, s, "10.0.0.9", PORT));
		do_close(y, s);
		s = do_any(y, AF_INET, type);
		SAW(y, bind_to(y, s, "127.0.0.1", 0));
		say_names(y, "it", s);
		SAW(y, bind_to(y, s, "127.0.0.1", PORT));
		do_close(y, s);
	}
}

/* ------------------------------------------------------------------ connections */

static int listener(struct sys *y, const char *text, int flags)
{
	const struct place p = {text, false};
	int s = new_at(y, &p, SOCK_STREAM, flags);

	if (bind_to(y, s, text, PORT) || do_listen(y, s, 16))
		say(y, "no listener at %s", text);
	return s;
}

/* What a port is to others after its listener is gone, and its connections are, too. */
static void after_listening(struct sys *y)
{
	PORT = 5050;
	enter_host(y, A);
	for (int f = 0; f < 4; f++) {
		int l = listener(y, "127.0.0.1", f), c = do_stream(y, AF_INET), a, t;

		connect_to(y, c, "127.0.0.1", PORT);
		a = do_accept(y, l);
		do_close(y, l);
		for (int step = 0; step < 3; step++) {
			for (int g = 0; g < 4; g++) {
				int err;

				t = new_at(y, &places[g & 1], SOCK_STREAM, g);
				err = bind_to(y, t, places[g & 1].text, PORT);
				say(y, "%d, %d, step %d: %c%c", f, g, step, letter(err),
				    err ? ' ' : letter(do_listen(y, t, 1)));
				do_close(y, t);
			}
			/* The accepted one first, so that it is what waits. */
			do_close(y, step == 0 ? a : c);
		}
		PORT++; /* the kernel still has that one in TIME_WAIT */
	}
}

static void range_of_ports(struct sys *y, int s, unsigned low, unsigned high)
{
	const unsigned v = high << 16 | low;

	if (do_setopt(y, s, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &v, sizeof(v)))
		say(y, "no range");
}

static int port_of(struct sys *y, int s)
{
	struct sockaddr_in in;
	socklen_t n = sizeof(in);

	do_name(y, s, &in, &n);
	return ntohs(in.sin_port);
}

/* Ports run out: for bind(2) of an address, for connect(2) of a destination. */
static void ports_run_out(struct sys *y)
{
	int s[6];

	PORT = 5060;
	enter_host(y, A);
	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		for (int i = 0; i < 6; i++) {
			s[i] = do_any(y, AF_INET, type);
			range_of_ports(y, s[i], 40000, 40002);
			saw(y, "bind", bind_to(y, s[i], i < 4 ? "127.0.0.1" : "127.0.0.2", 0));
		}
		for (int i = 0; i < 6; i++)
			do_close(y, s[i]);
	}
}

static void destinations(struct sys *y)
{
	static const char *const to[] = {"127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2",
					 "127.0.0.2", "127.0.0.2"};
	int l = 0, s[6], t;

	PORT = 5070;
	enter_host(y, A);
	l = listener(y, "0.0.0.0", 0);
	for (int i = 0; i < 6; i++) {
		s[i] = do_stream(y, AF_INET);
		range_of_ports(y, s[i], 40010, 40011);
		saw(y, to[i], connect_to(y, s[i], to[i], PORT));
	}
	/* What connect(2) chose is taken for bind(2), without SO_REUSEADDR on both. */
	for (int f = 0; f < 4; f++) {
		t = new_at(y, &places[1], SOCK_STREAM, f);
		say(y, "%d at its port: %c", f, letter(bind_to(y, t, "127.0.0.1", 40010)));
		do_close(y, t);
		t = new_at(y, &places[2], SOCK_STREAM, f);
		say(y, "%d elsewhere: %c", f, letter(bind_to(y, t, "127.0.0.3", 40010)));
		do_close(y, t);
	}
	do_close(y, l);
}

static void no_port_yet(struct sys *y)
{
	int l, s[3];

	PORT = 5080;
	enter_host(y, A);
	l = listener(y, "0.0.0.0", 0);
	for (int i = 0; i < 3; i++) {
		s[i] = do_stream(y, AF_INET);
		range_of_ports(y, s[i], 40020, 40020);
		SAW(y, set_int(y, s[i], IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1));
		SAW(y, bind_to(y, s[i], "127.0.0.7", 0));
		say(y, "port %d", port_of(y, s[i]));
		SAW(y, connect_to(y, s[i], i == 2 ? "127.0.0.1" : i ? "127.0.0.2" : "127.0.0.1", PORT));
		say(y, "port %d", port_of(y, s[i]));
		say_names(y, "it", s[i]);
	}
	do_close(y, l);
}

/* A bound port is shared by connections to different destinations, and no two alike. */
static void bound_pairs(struct sys *y)
{
	int l, s[3];

	PORT = 5090;
	enter_host(y, A);
	l = listener(y, "0.0.0.0", 0);
	for (int i = 0; i < 3; i++) {
		s[i] = new_at(y, &places[1], SOCK_STREAM, REUSEADDR);
		SAW(y, bind_to(y, s[i], i ? "127.0.0.1" : "0.0.0.0", 6000));
	}
	SAW(y, connect_to(y, s[0], "127.0.0.1", PORT));
	SAW(y, connect_to(y, s[1], "127.0.0.1", PORT));
	SAW(y, connect_to(y, s[1], "127.0.0.2", PORT));
	SAW(y, connect_to(y, s[2], "127.0.0.2", PORT));
	SAW(y, connect_to(y, s[2], "127.0.0.3", PORT));
	for (int i = 0; i < 3; i++)
		say_names(y, "it", s[i]);
	do_close(y, l);
}

/* Who of several listeners is asked. */
static void listeners(struct sys *y)
{
	static const char *const at_[] = {"0.0.0.0", "127.0.0.1", "::", "::1", "10.0.0.1"};
	static const char *const to[] = {"127.0.0.1", "127.0.0.2", "10.0.0.1", "::1", "fd00::1"};
	struct pollfd p[5];

	PORT = 5100;
	enter_host(y, A);
	for (int i = 0; i < 5; i++) {
		struct place at_place = {at_[i], i == 2};

		p[i] = (struct pollfd){.fd = new_at(y, &at_place, SOCK_STREAM, REUSEADDR),
				       .events = POLLIN};
		saw(y, at_[i], bind_to(y, p[i].fd, at_[i], PORT));
		saw(y, "listen", do_listen(y, p[i].fd, 8));
	}
	for (int i = 0; i < 5; i++) {
		int c = do_stream(y, strchr(to[i], ':') ? AF_INET6 : AF_INET);

		saw(y, to[i], connect_to(y, c, to[i], PORT));
		do_poll(y, p, 5, 100);
		for (int j = 0; j < 5; j++)
			if (p[j].revents & POLLIN) {
				say(y, "%s took it", at_[j]);
				do_close(y, do_accept(y, p[j].fd));
			}
		do_close(y, c);
	}
}

/* SO_REUSEPORT is for sockets of one user. */
static struct sc_task *others[16];
static unsigned nothers;

static int as_user(struct sys *y, int uid, int flags, int type)
{
	struct sc_task *own = y->task[A];
	int s;

	if (y->ours) {
		/* The descriptor must be the task's that the others have. */
		struct sc_task_config c = {.size = sizeof(c), .uid = uid};

		y->task[A] = sc_task_new(y->host[A], &c);
		s = new_at(y, &places[1], type, flags);
		say(y, "user %d: %c", uid, letter(bind_to(y, s, "127.0.0.1", PORT)));
		if (type == SOCK_STREAM)
			say(y, "listens: %c", letter(do_listen(y, s, 1)));
		others[nothers++] = y->task[A];
		y->task[A] = own;
		return s;
	}
	if (seteuid(uid))
		abort();
	s = new_at(y, &places[1], type, flags);
	say(y, "user %d: %c", uid, letter(bind_to(y, s, "127.0.0.1", PORT)));
	if (type == SOCK_STREAM)
		say(y, "listens: %c", letter(do_listen(y, s, 1)));
	if (seteuid(0))
		abort();
	return s;
}

static void users(struct sys *y)
{
	PORT = 5110;
	enter_host(y, A);
	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		for (int f = 2; f < 4; f++) {
			int a = as_user(y, 1000, f, type), b = as_user(y, 1000, f, type);
			int c = as_user(y, 1001, f, type);

			while (nothers)
				sc_task_free(others[--nothers]);
			if (y->ours)
				continue;
			do_close(y, a);
			do_close(y, b);
			do_close(y, c);
		}
	}
}

/* ---------------------------------------------------------------- datagrams */

/* Who of several sockets gets a datagram. */
static void receivers(struct sys *y)
{
	static const char *const at_[] = {"0.0.0.0", "0.0.0.0", "127.0.0.1", "::", "::1",
					  "127.0.0.1", "127.0.0.1"};
	enum { N = sizeof(at_) / sizeof(at_[0]) };
	static const char *const to[] = {"127.0.0.1", "127.0.0.2", "10.0.0.1", "::1", "fd00::1",
					 "127.255.255.255"};
	int s[N], from;

	PORT = 5120;
	enter_host(y, A);
	from = bound(y, A, AF_INET, "127.0.0.1", 7000);
	set_int(y, from, SOL_SOCKET, SO_BROADCAST, 1);
	for (int left = N; left > 0; left--) {
		for (int i = 0; i < left; i++) {
			struct place p = {at_[i], false};

			s[i] = new_at(y, &p, SOCK_DGRAM, REUSEADDR);
			bind_to(y, s[i], at_[i], PORT);
			if (i == 5)
				connect_to(y, s[i], "127.0.0.1", 7000);
			if (i == 6)
				connect_to(y, s[i], "127.0.0.1", 7001);
		}
		for (size_t j = 0; j < sizeof(to) / sizeof(to[0]); j++) {
			int via = strchr(to[j], ':') ? do_socket(y, AF_INET6) : from;
			char buf[8];

			send_to(y, via, "x", to[j], PORT);
			for (int i = 0; i < left; i++)
				while (do_recv(y, s[i], buf, 8, MSG_DONTWAIT) > 0)
					say(y, "of %d: %s to %d", left, to[j], i);
			if (via != from)
				do_close(y, via);
		}
		for (int i = 0; i < left; i++)
			do_close(y, s[i]);
	}
}

#define CASE(f) {#f, f}
static const struct same_case cases[] = {
	CASE(udp_0), CASE(udp_1), CASE(udp_2), CASE(udp_3), CASE(udp_4), CASE(udp_6),
	CASE(tcp_0), CASE(tcp_1), CASE(tcp_2), CASE(tcp_3), CASE(tcp_4), CASE(tcp_6),
	CASE(tcp_listens_0), CASE(tcp_listens_1), CASE(tcp_listens_2), CASE(tcp_listens_3),
	CASE(tcp_listens_4), CASE(tcp_listens_6),
	CASE(late_flags), CASE(three_of_a_kind), CASE(rebind), CASE(after_listening),
	CASE(ports_run_out), CASE(destinations), CASE(no_port_yet), CASE(bound_pairs),
	CASE(listeners), CASE(users), CASE(receivers),
};

int main(void)
{
	return same_run(cases, sizeof(cases) / sizeof(cases[0])) != 0;
}
