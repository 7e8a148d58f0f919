/*
 * tcp_basic.c - the life of a connection: connect, listen, accept, shutdown, close, and
 * what poll(2), SO_ERROR and the names say meanwhile.
 */
#include "tcp_same.h"

static void fresh(struct sys *y)
{
	int s = do_socket(y, AF_INET);
	char b;

	say_poll(y, "fresh", s);
	say_names(y, "fresh", s);
	SAW(y, do_send(y, s, "x", 1, 0));
	SAW(y, do_recv(y, s, &b, 1, 0));
	SAW(y, do_recv(y, s, &b, 1, MSG_OOB));
	SAW(y, do_accept(y, s));
	say_queues(y, "fresh", s);
	SAW(y, do_shutdown(y, s, SHUT_RDWR));
	SAW(y, do_shutdown(y, s, 7));
	say_poll(y, "shut", s);
	SAW(y, do_recv(y, s, &b, 1, 0));
	do_close(y, s);
	s = do_socket(y, AF_INET);
	SAW(y, do_listen(y, s, 3));
	say_names(y, "listener", s);
	say_poll(y, "listener", s);
	say_queues(y, "listener", s);
	SAW(y, do_send(y, s, "x", 1, 0));
	SAW(y, do_recv(y, s, &b, 1, 0));
	SAW(y, call_port(y, s, AF_INET, 1));
	SAW(y, get_int(y, s, SOL_SOCKET, SO_ACCEPTCONN));
	SAW(y, do_listen(y, s, 5));
	SAW(y, do_shutdown(y, s, SHUT_WR));
	say_poll(y, "listener shut for writing", s);
	SAW(y, do_shutdown(y, s, SHUT_RD));
	say_poll(y, "listener shut", s);
	SAW(y, do_accept(y, s));
	SAW(y, get_int(y, s, SOL_SOCKET, SO_ACCEPTCONN));
	say_names(y, "listener shut", s);
	SAW(y, do_listen(y, s, 5));
	do_close(y, s);
}

static void refused(struct sys *y)
{
	int s = do_socket(y, AF_INET);
	struct sockaddr_in any = {.sin_family = AF_INET};
	char b;

	SAW(y, call_port(y, s, AF_INET, 1));
	say_names(y, "refused", s);
	say_poll(y, "refused", s);
	say_error(y, "refused", s);
	SAW(y, do_send(y, s, "x", 1, 0));
	SAW(y, do_recv(y, s, &b, 1, 0));
	SAW(y, call_port(y, s, AF_INET, 1));
	SAW(y, call_port(y, s, AF_INET, 0));
	SAW(y, do_listen(y, s, 1));
	say_poll(y, "listens", s);
	do_close(y, s);
	s = do_socket(y, AF_INET);
	do_bind(y, s, &any, sizeof(any));
	SAW(y, call_port(y, s, AF_INET, 1));
	say_names(y, "bound, refused", s);
	do_close(y, s);
}

static void not_blocking(struct sys *y)
{
	int l = new_listener(y, AF_INET, 3), s = do_socket(y, AF_INET), port = port_of(y, l);
	char b;

	do_fcntl(y, s, F_SETFL, O_NONBLOCK);
	SAW(y, call_port(y, s, AF_INET, port));
	say_poll(y, "connected", s);
	say_error(y, "connected", s);
	SAW(y, call_port(y, s, AF_INET, port));
	SAW(y, call_port(y, s, AF_INET, port));
	do_close(y, s);
	for (int how = 0; how < 4; how++) {
		s = do_socket(y, AF_INET);
		do_fcntl(y, s, F_SETFL, O_NONBLOCK);
		SAW(y, call_port(y, s, AF_INET, 1));
		say_poll(y, "refused", s);
		say_names(y, "refused", s);
		if (how == 0)
			say_error(y, "refused", s);
		if (how == 1)
			SAW(y, do_send(y, s, "x", 1, 0));
		if (how == 2)
			SAW(y, do_recv(y, s, &b, 1, 0));
		SAW(y, call_port(y, s, AF_INET, 1));
		SAW(y, do_recv(y, s, &b, 1, 0));
		say_poll(y, "refused", s);
		do_close(y, s);
	}
	s = do_socket(y, AF_INET);
	do_fcntl(y, s, F_SETFL, O_NONBLOCK);
	SAW(y, call_port(y, s, AF_INET, port));
	SAW(y, do_send(y, s, "x", 1, 0));
	SAW(y, do_shutdown(y, s, SHUT_WR));
	SAW(y, call_port(y, s, AF_INET, port));
	do_close(y, s);
	do_close(y, l);
}

static void connected(struct sys *y)
{
	for (int i = 0; i < 2; i++) {
		int family = i ? AF_INET6 : AF_INET;
		struct pair p = new_pair(y, family);
		char b;

		say_poll(y, "caller", p.c);
		say_poll(y, "accepted", p.a);
		say_names(y, "caller", p.c);
		say_names(y, "accepted", p.a);
		SAW(y, do_recv(y, p.c, &b, 1, MSG_DONTWAIT));
		SAW(y, do_send(y, p.c, "hello", 5, 0));
		say_poll(y, "accepted", p.a);
		say_queues(y, "accepted", p.a);
		got(y, "peek", p.a, 3, MSG_PEEK);
		got(y, "two", p.a, 2, 0);
		got(y, "all", p.a, 9, 0);
		got(y, "none", p.a, 9, 0);
		SAW(y, do_send(y, p.c, "", 0, 0));
		got(y, "none", p.a, 9, 0);
		SAW(y, call_port(y, p.c, family, 1));
		SAW(y, do_listen(y, p.c, 1));
		SAW(y, do_accept(y, p.c));
		SAW(y, do_bind(y, p.c, loopback(family, 0, &(socklen_t){0}), 28));
		close_pair(y, &p);
	}
}

static void half_close(struct sys *y)
{
	struct pair p = new_pair(y, AF_INET);
	char b;

	do_send(y, p.c, "last", 4, 0);
	SAW(y, do_shutdown(y, p.c, SHUT_WR));
	say_poll(y, "caller", p.c);
	say_poll(y, "accepted", p.a);
	SAW(y, do_send(y, p.c, "x", 1, 0));
	say_queues(y, "accepted", p.a);
	got(y, "accepted", p.a, 9, 0);
	got(y, "accepted", p.a, 9, 0);
	say_poll(y, "accepted", p.a);
	SAW(y, do_send(y, p.a, "answer", 6, 0));
	got(y, "caller", p.c, 9, 0);
	say_names(y, "caller", p.c);
	do_close(y, p.a);
	p.a = -1;
	say_poll(y, "caller, closed", p.c);
	SAW(y, do_recv(y, p.c, &b, 1, 0));
	say_names(y, "caller, closed", p.c);
	say_error(y, "caller, closed", p.c);
	SAW(y, do_shutdown(y, p.c, SHUT_RDWR));
	SAW(y, call_port(y, p.c, AF_INET, 1));
	close_pair(y, &p);

	p = new_pair(y, AF_INET);
	SAW(y, do_shutdown(y, p.c, SHUT_WR));
	SAW(y, do_shutdown(y, p.a, SHUT_WR));
	say_poll(y, "caller", p.c);
	say_names(y, "caller", p.c);
	say_poll(y, "accepted", p.a);
	say_names(y, "accepted", p.a);
	SAW(y, do_recv(y, p.a, &b, 1, 0));
	SAW(y, do_send(y, p.a, &b, 1, 0));
	close_pair(y, &p);
}

static void shut_for_reading(struct sys *y)
{
	struct pair p = new_pair(y, AF_INET);
	char b;

	SAW(y, do_shutdown(y, p.c, SHUT_RD));
	say_poll(y, "caller", p.c);
	SAW(y, do_recv(y, p.c, &b, 1, 0));
	SAW(y, do_send(y, p.a, "yyy", 3, 0));
	say_poll(y, "caller", p.c);
	say_queues(y, "caller", p.c);
	got(y, "caller", p.c, 9, 0);
	got(y, "caller", p.c, 9, 0);
	close_pair(y, &p);

	p = new_pair(y, AF_INET);
	SAW(y, do_shutdown(y, p.c, SHUT_RDWR));
	say_poll(y, "caller", p.c);
	SAW(y, do_send(y, p.a, "yyy", 3, 0));
	say_poll(y, "caller", p.c);
	say_error(y, "caller", p.c);
	say_poll(y, "accepted", p.a);
	say_error(y, "accepted", p.a);
	SAW(y, do_recv(y, p.a, &b, 1, 0));
	say_names(y, "accepted", p.a);
	say_names(y, "caller", p.c);
	close_pair(y, &p);
}

static void closed(struct sys *y)
{
	struct pair p = new_pair(y, AF_INET);
	char b;

	do_send(y, p.c, "data", 4, 0);
	do_close(y, p.c);
	p.c = -1;
	say_poll(y, "accepted", p.a);
	say_names(y, "accepted", p.a);
	got(y, "accepted", p.a, 9, 0);
	got(y, "accepted", p.a, 9, 0);
	SAW(y, do_send(y, p.a, "x", 1, 0));
	say_poll(y, "accepted, reset", p.a);
	SAW(y, do_send(y, p.a, "x", 1, 0));
	SAW(y, do_send(y, p.a, "x", 1, 0));
	SAW(y, do_recv(y, p.a, &b, 1, 0));
	say_error(y, "accepted, reset", p.a);
	say_names(y, "accepted, reset", p.a);
	close_pair(y, &p);

	p = new_pair(y, AF_INET);
	do_close(y, p.c);
	p.c = -1;
	settle(y, 2);
	SAW(y, do_send(y, p.a, "x", 1, 0));
	say_poll(y, "accepted, reset", p.a);
	say_error(y, "accepted, reset", p.a);
	say_poll(y, "accepted, error taken", p.a);
	SAW(y, do_send(y, p.a, "x", 1, 0));
	SAW(y, do_recv(y, p.a, &b, 1, 0));
	close_pair(y, &p);
}

static void reset(struct sys *y)
{
	const struct linger now = {1, 0};
	struct pair p = new_pair(y, AF_INET);
	char b;

	do_send(y, p.c, "data", 4, 0);
	do_send(y, p.a, "zz", 2, 0);
	settle(y, 2);
	do_close(y, p.c);
	p.c = -1;
	say_poll(y, "unread", p.a);
	say_queues(y, "unread", p.a);
	say_names(y, "unread", p.a);
	got(y, "unread", p.a, 2, 0);
	got(y, "unread", p.a, 9, 0);
	got(y, "unread", p.a, 9, 0);
	got(y, "unread", p.a, 9, 0);
	say_error(y, "unread", p.a);
	close_pair(y, &p);

	p = new_pair(y, AF_INET);
	do_setopt(y, p.c, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	do_send(y, p.c, "hey", 3, 0);
	do_close(y, p.c);
	p.c = -1;
	say_poll(y, "lingered", p.a);
	got(y, "lingered", p.a, 9, 0);
	got(y, "lingered", p.a, 9, 0);
	got(y, "lingered", p.a, 9, 0);
	SAW(y, do_send(y, p.a, "x", 1, 0));
	close_pair(y, &p);

	p = new_pair(y, AF_INET);
	do_setopt(y, p.c, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	do_close(y, p.c);
	p.c = -1;
	settle(y, 2);
	SAW(y, do_send(y, p.a, "x", 1, 0));
	SAW(y, do_send(y, p.a, "x", 1, 0));
	SAW(y, do_recv(y, p.a, &b, 1, 0));
	close_pair(y, &p);

	/* Before it was accepted. */
	p = new_pair(y, AF_INET);
	do_close(y, p.c);
	do_close(y, p.a);
	p.c = do_socket(y, AF_INET);
	call_port(y, p.c, AF_INET, port_of(y, p.l));
	do_setopt(y, p.c, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	do_close(y, p.c);
	p.c = -1;
	say_poll(y, "listener", p.l);
	{
		struct sockaddr_in name;
		socklen_t n = sizeof(name);

		p.a = do_accept_name(y, p.l, &name, &n);
		say(y, "accepted with a name: %d, %u bytes", p.a >= 0, n);
		do_close(y, p.a);
	}
	p.c = do_socket(y, AF_INET);
	call_port(y, p.c, AF_INET, port_of(y, p.l));
	do_setopt(y, p.c, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	do_close(y, p.c);
	settle(y, 2);
	p.c = -1;
	p.a = do_accept(y, p.l);
	say(y, "accepted %d", p.a >= 0);
	say_poll(y, "accepted", p.a);
	got(y, "accepted", p.a, 9, 0);
	close_pair(y, &p);
}

static void listener_ends(struct sys *y)
{
	for (int how = 0; how < 2; how++) {
		int l = new_listener(y, AF_INET, 3), s = do_socket(y, AF_INET);

		call_port(y, s, AF_INET, port_of(y, l));
		say_poll(y, "listener", l);
		if (how)
			do_shutdown(y, l, SHUT_RD);
		else
			do_close(y, l);
		say_poll(y, "waiting one", s);
		got(y, "waiting one", s, 9, 0);
		say_names(y, "waiting one", s);
		do_close(y, s);
		if (how) {
			say_poll(y, "listener", l);
			SAW(y, do_listen(y, l, 3));
			do_close(y, l);
		}
	}
}

static void disconnected(struct sys *y)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct pair p = new_pair(y, AF_INET);
	int l2 = new_listener(y, AF_INET, 1);

	do_send(y, p.c, "abc", 3, 0);
	settle(y, 2);
	SAW(y, do_connect(y, p.c, &none, sizeof(none)));
	say_names(y, "caller", p.c);
	say_error(y, "caller", p.c);
	say_poll(y, "caller", p.c);
	say_poll(y, "accepted", p.a);
	got(y, "accepted", p.a, 9, 0);
	got(y, "accepted", p.a, 9, 0);
	got(y, "accepted", p.a, 9, 0);
	SAW(y, call_port(y, p.c, AF_INET, port_of(y, p.l)));
	say_names(y, "caller again", p.c);
	say_poll(y, "caller again", p.c);
	close_pair(y, &p);

	SAW(y, do_connect(y, l2, &none, sizeof(none)));
	say_names(y, "listener", l2);
	SAW(y, do_accept(y, l2));
	say_poll(y, "listener", l2);
	say_error(y, "listener", l2);
	do_close(y, l2);
	l2 = do_socket(y, AF_INET);
	SAW(y, do_connect(y, l2, &none, sizeof(none)));
	SAW(y, do_connect(y, l2, &none, 2));
	SAW(y, do_connect(y, l2, &none, 1));
	SAW(y, do_connect(y, l2, loopback(AF_INET, 1, &(socklen_t){0}), 8));
	SAW(y, do_connect(y, l2, loopback(AF_INET6, 1, &(socklen_t){0}), 28));
	do_close(y, l2);
}

static void itself(struct sys *y)
{
	int s = do_socket(y, AF_INET);
	socklen_t n;
	const void *a = loopback(AF_INET, 0, &n);

	do_bind(y, s, a, n);
	SAW(y, call_port(y, s, AF_INET, port_of(y, s)));
	say_names(y, "itself", s);
	SAW(y, do_send(y, s, "self", 4, 0));
	say_poll(y, "itself", s);
	got(y, "itself", s, 9, 0);
	SAW(y, do_shutdown(y, s, SHUT_WR));
	say_poll(y, "itself, shut", s);
	got(y, "itself", s, 9, 0);
	say_names(y, "itself, shut", s);
	do_close(y, s);
}

static void wildcard(struct sys *y)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	struct sockaddr_in6 any6 = {.sin6_family = AF_INET6};
	struct sockaddr_in group = {.sin_family = AF_INET, .sin_addr = {htonl(0xe0000001)}};
	int l = do_socket(y, AF_INET6), s = do_socket(y, AF_INET), s6 = do_socket(y, AF_INET6), a;

	do_bind(y, l, &any6, sizeof(any6));
	do_listen(y, l, 5);
	any.sin_port = any6.sin6_port = group.sin_port = htons(port_of(y, l));
	SAW(y, do_connect(y, s, &any, sizeof(any)));
	say_names(y, "v4", s);
	a = do_accept(y, l);
	say_names(y, "accepted of v4", a);
	do_close(y, a);
	SAW(y, do_connect(y, s6, &any6, sizeof(any6)));
	say_names(y, "v6", s6);
	a = do_accept(y, l);
	say_names(y, "accepted of v6", a);
	do_close(y, a);
	do_close(y, s);
	do_close(y, s6);
	s = do_socket(y, AF_INET);
	SAW(y, do_connect(y, s, &group, sizeof(group)));
	do_close(y, s);
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &any6.sin6_addr);
	s6 = do_socket(y, AF_INET6);
	SAW(y, do_connect(y, s6, &any6, sizeof(any6)));
	say_names(y, "mapped", s6);
	do_close(y, s6);
	s6 = do_socket(y, AF_INET6);
	set_int(y, s6, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	SAW(y, do_connect(y, s6, &any6, sizeof(any6)));
	do_close(y, s6);
	do_close(y, l);
}

static void backlog(struct sys *y)
{
	int l = new_listener(y, AF_INET, 1), s[4], port = port_of(y, l);

	for (int i = 0; i < 4; i++) {
		s[i] = do_socket(y, AF_INET);
		do_fcntl(y, s[i], F_SETFL, O_NONBLOCK);
		SAW(y, call_port(y, s[i], AF_INET, port));
		say_poll(y, "caller", s[i]);
		SAW(y, call_port(y, s[i], AF_INET, port));
	}
	for (int i = 0; i < 2; i++)
		do_close(y, do_accept(y, l));
	settle(y, 1300);
	say_poll(y, "listener", l);
	say_poll(y, "third", s[2]);
	say_poll(y, "fourth", s[3]);
	for (int i = 0; i < 4; i++)
		do_close(y, s[i]);
	do_close(y, l);
}

static const struct same_case cases[] = {
	{"fresh", fresh}, {"refused", refused}, {"not blocking", not_blocking},
	{"connected", connected}, {"half close", half_close},
	{"shut for reading", shut_for_reading}, {"closed", closed}, {"reset", reset},
	{"listener ends", listener_ends}, {"disconnected", disconnected}, {"itself", itself},
	{"wildcard", wildcard}, {"backlog", backlog},
};

int main(int argc, char **argv)
{
	return same_run(cases, sizeof(cases) / sizeof(cases[0]), argv[1]);
}
