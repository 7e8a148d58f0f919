/*
 * unix_names.c - names, connecting and closing of AF_UNIX sockets, as on the host.
 */
#include "unix_same.h"

static void say_name(struct sys *y, const char *what, int err, const struct sockaddr_un *a,
		     socklen_t n)
{
	const bool five = n == 8 && !a->sun_path[0];
	const int digits = five ? (int)strspn(a->sun_path + 1, "0123456789abcdef") : -1;

	say(y, "%s: %s, %u bytes, family %d, first %d, digits %d", what,
	    err ? strerrorname_np(-err) : "ok", (unsigned)n, n >= 2 ? a->sun_family : -1,
	    n > 2 && digits < 0 ? a->sun_path[0] : -1, digits);
}

static void names(struct sys *y, const char *what, int s)
{
	struct sockaddr_un a;
	socklen_t n = sizeof(a);
	int err;

	memset(&a, 0, sizeof(a));
	err = do_name(y, s, &a, &n);
	say_name(y, what, err, &a, n);
	memset(&a, 0, sizeof(a));
	n = sizeof(a);
	err = do_peer(y, s, &a, &n);
	say_name(y, "  peer", err, &a, n);
}

static void bind_lengths(struct sys *y)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	union {
		struct sockaddr_un un;
		char bytes[130];
	} big = {.un.sun_family = AF_UNIX};
	static const int lens[] = {0, 1, 2, 3, 4, 109, 110, 111, 128};
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		int s = do_socket(y, types[i % 3]);

		memset(big.bytes + 2, 0, sizeof(big.bytes) - 2);
		if (lens[i] > 3)
			snprintf(big.bytes + 3, 100, "%d", (int)getpid());
		say(y, "%d", lens[i]);
		saw(y, "abstract", do_bind(y, s, &big, lens[i]));
		names(y, "abstract", s);
		do_close(y, s);
	}
	for (unsigned i = 3; i < sizeof(lens) / sizeof(lens[0]); i++) {
		int s = do_socket(y, types[i % 3]);

		memset(big.bytes + 2, 'x', 108);
		memset(big.bytes + 110, 0, 10);
		saw(y, "path", do_bind(y, s, &big, lens[i]));
		names(y, "path", s);
		big.bytes[lens[i] <= 110 ? lens[i] : 110] = 0;
		if (y->task)
			sc_unlink(y->host, big.bytes + 2);
		else
			unlink(big.bytes + 2);
		do_close(y, s);
	}
	a.sun_family = AF_INET;
	saw(y, "family", do_bind(y, do_socket(y, SOCK_STREAM), &a, 10));
	saw(y, "family", do_bind(y, do_socket(y, SOCK_STREAM), &a, 2));
	a.sun_family = AF_UNSPEC;
	saw(y, "family", do_connect(y, do_socket(y, SOCK_STREAM), &a, 10));
	saw(y, "family", do_connect(y, do_socket(y, SOCK_SEQPACKET), &a, 2));
	saw(y, "family", do_connect(y, do_socket(y, SOCK_DGRAM), &a, 2));
	saw(y, "short", do_connect(y, do_socket(y, SOCK_DGRAM), &a, 1));
}

static void path_with_nul(struct sys *y)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "cut"};
	int s = do_socket(y, SOCK_DGRAM);

	memcpy(a.sun_path + 4, "more", 4);
	saw(y, "bind", do_bind(y, s, &a, sizeof(a)));
	names(y, "cut", s);
	saw(y, "connect", do_connect(y, do_socket(y, SOCK_DGRAM), &a, 5));
	saw(y, "connect", do_connect(y, do_socket(y, SOCK_DGRAM), &a, 6));
	saw(y, "connect", do_connect(y, do_socket(y, SOCK_DGRAM), &a, 4));
	if (y->task)
		sc_unlink(y->host, "cut");
	else
		unlink("cut");
}

static void path_stays(struct sys *y)
{
	struct sockaddr_un a;
	socklen_t n = name_of(&a, "stays");
	int s = bound(y, SOCK_DGRAM, "stays"), t = do_socket(y, SOCK_DGRAM);

	saw(y, "again", do_bind(y, s, &a, n));
	saw(y, "other", do_bind(y, t, &a, n));
	saw(y, "connect", to_name(y, t, "stays"));
	saw(y, "send", do_send(y, t, "a", 1, 0));
	do_close(y, s);
	saw(y, "connect", to_name(y, do_socket(y, SOCK_DGRAM), "stays"));
	saw(y, "connect", to_name(y, do_socket(y, SOCK_STREAM), "stays"));
	saw(y, "bind", do_bind(y, t, &a, n));
	names(y, "t", t);
	saw(y, "send", do_send(y, t, "a", 1, 0));
	names(y, "t", t);
	saw(y, "send", do_send(y, t, "a", 1, 0));
	forget(y, "stays");
	saw(y, "connect", to_name(y, do_socket(y, SOCK_DGRAM), "stays"));
	saw(y, "bind", do_bind(y, t, &a, n));
	forget(y, "stays");
	names(y, "t", t);
	saw(y, "sendto", do_sendto(y, s, "a", 1, 0, &a, n));
	s = do_socket(y, SOCK_DGRAM);
	saw(y, "sendto", do_sendto(y, s, "a", 1, 0, &a, n));
}

static void abstract_goes(struct sys *y)
{
	struct sockaddr_un a;
	socklen_t n = name_of(&a, "@goes");
	int s = bound(y, SOCK_DGRAM, "@goes"), t = do_socket(y, SOCK_DGRAM);

	saw(y, "taken", do_bind(y, t, &a, n));
	saw(y, "other type", do_bind(y, do_socket(y, SOCK_STREAM), &a, n));
	saw(y, "longer", do_bind(y, do_socket(y, SOCK_DGRAM), &a, n + 1));
	saw(y, "connect", to_name(y, do_socket(y, SOCK_SEQPACKET), "@goes"));
	do_close(y, s);
	saw(y, "connect", to_name(y, t, "@goes"));
	saw(y, "bind", do_bind(y, t, &a, n));
	names(y, "t", t);
}

static void wrong_type(struct sys *y)
{
	int s = listening(y, SOCK_STREAM, "wrong", 1);

	saw(y, "dgram", to_name(y, do_socket(y, SOCK_DGRAM), "wrong"));
	saw(y, "seqpacket", to_name(y, do_socket(y, SOCK_SEQPACKET), "wrong"));
	saw(y, "stream", to_name(y, do_socket(y, SOCK_STREAM), "wrong"));
	saw(y, "nobody", to_name(y, do_socket(y, SOCK_STREAM), "nobody"));
	saw(y, "nobody", to_name(y, do_socket(y, SOCK_STREAM), "@nobody"));
	saw(y, "dgram accept", do_accept(y, do_socket(y, SOCK_DGRAM), NULL, NULL));
	saw(y, "dgram listen", do_listen(y, do_socket(y, SOCK_DGRAM), 1));
	saw(y, "unbound listen", do_listen(y, do_socket(y, SOCK_STREAM), 1));
	saw(y, "raw", do_socket(y, SOCK_RAW) >= 0);
	saw(y, "rdm", do_socket(y, SOCK_RDM));
	saw(y, "packet", do_socket(y, SOCK_PACKET));
	forget(y, "wrong");
	do_close(y, s);
}

static void connections(struct sys *y, int type)
{
	struct sockaddr_un a;
	socklen_t n = sizeof(a);
	int s = listening(y, type, "@conn", 2), c = do_socket(y, type), d, one = 1;

	say_poll(y, "listener", s);
	say_poll(y, "new", c);
	saw(y, "accept bound", do_accept(y, c, NULL, NULL));
	saw(y, "recv", do_recv(y, c, &a, 1, MSG_DONTWAIT));
	saw(y, "send", do_send(y, c, &a, 1, MSG_DONTWAIT));
	saw(y, "recv listener", do_recv(y, s, &a, 1, MSG_DONTWAIT));
	saw(y, "send listener", do_send(y, s, &a, 1, MSG_DONTWAIT));
	saw(y, "connect", to_name(y, c, "@conn"));
	say_poll(y, "listener", s);
	say_poll(y, "connected", c);
	saw(y, "connect", to_name(y, c, "@conn"));
	saw(y, "connect nobody", to_name(y, c, "@nobody"));
	saw(y, "listener connects", to_name(y, s, "@conn"));
	saw(y, "connected listens", do_listen(y, c, 1));
	names(y, "c", c);
	saw(y, "send", do_send(y, c, "early", 5, 0));
	d = do_accept(y, s, &a, &n);
	say_name(y, "accept", d < 0 ? d : 0, &a, n);
	got(y, "early", d, 10, 0);
	names(y, "d", d);
	say_poll(y, "listener", s);
	say_poll(y, "accepted", d);
	saw(y, "sendto", do_sendto(y, c, "a", 1, 0, &a, 3) == 1 ? 1 : -EISCONN);
	saw(y, "bind connected", do_bind(y, c, &a, n = name_of(&a, "@later")));
	names(y, "c", c);
	names(y, "d", d);
	do_getopt(y, s, SO_ACCEPTCONN, &one, &(socklen_t){4});
	say(y, "listens %d", one);
	do_close(y, d);
	say_poll(y, "left", c);
	names(y, "left", c);
	got(y, "left", c, 10, 0);
	got(y, "left", c, 10, 0);
	saw(y, "send", do_send(y, c, "a", 1, MSG_NOSIGNAL));
	say_error(y, "left", c);
	saw(y, "connect", to_name(y, c, "@conn"));
	do_close(y, s);
	do_close(y, c);
}

static void connections_stream(struct sys *y) { connections(y, SOCK_STREAM); }
static void connections_seqpacket(struct sys *y) { connections(y, SOCK_SEQPACKET); }

static void not_accepted(struct sys *y)
{
	int s = listening(y, SOCK_STREAM, "@na", 5), c[3], d;

	for (int i = 0; i < 3; i++) {
		c[i] = do_socket(y, SOCK_STREAM);
		saw(y, "connect", to_name(y, c[i], "@na"));
	}
	do_send(y, c[0], "0", 1, 0);
	do_close(y, c[0]);
	d = do_accept(y, s, NULL, NULL);
	names(y, "first", d);
	say_poll(y, "first", d);
	got(y, "first", d, 10, 0);
	got(y, "first", d, 10, 0);
	do_close(y, s);
	say_poll(y, "second", c[1]);
	got(y, "second", c[1], 10, 0);
	got(y, "second", c[1], 10, 0);
	say_error(y, "third", c[2]);
	saw(y, "send", do_send(y, c[2], "a", 1, MSG_NOSIGNAL));
	names(y, "third", c[2]);
}

static void backlog(struct sys *y)
{
	static const int most[] = {0, 1, 3};
	int n;

	for (int i = 0; i < 3; i++) {
		int s = listening(y, SOCK_STREAM, "@bl", most[i]), c[8], err = 0;

		for (n = 0; n < 8; n++) {
			c[n] = do_socket(y, SOCK_STREAM | SOCK_NONBLOCK);
			err = to_name(y, c[n], "@bl");
			if (err)
				break;
		}
		say(y, "backlog %d: %d, then", most[i], n);
		saw(y, "connect", err);
		say_poll(y, "refused", c[n]);
		do_close(y, do_accept(y, s, NULL, NULL));
		saw(y, "connect", to_name(y, c[n], "@bl"));
		do_listen(y, s, 5);
		saw(y, "connect", to_name(y, do_socket(y, SOCK_STREAM | SOCK_NONBLOCK), "@bl"));
		do_shutdown(y, s, SHUT_RD);
		say_poll(y, "shut", s);
		saw(y, "connect", to_name(y, do_socket(y, SOCK_STREAM | SOCK_NONBLOCK), "@bl"));
		for (n = 0; n < 8; n++) {
			int d = do_accept(y, s, NULL, NULL);

			if (d < 0)
				break;
			do_close(y, d);
		}
		say(y, "accepted %d", n);
		saw(y, "accept", do_accept(y, s, NULL, NULL));
		do_fcntl(y, s, F_SETFL, O_NONBLOCK);
		saw(y, "accept", do_accept(y, s, NULL, NULL));
		do_close(y, s);
	}
	n = listening(y, SOCK_STREAM, "@bt", 0);
	saw(y, "connect", to_name(y, do_socket(y, SOCK_STREAM), "@bt"));
	n = do_socket(y, SOCK_STREAM);
	do_setopt(y, n, SO_SNDTIMEO, &(struct timeval){0, 20000}, sizeof(struct timeval));
	saw(y, "connect in time", to_name(y, n, "@bt"));
}

static void pairs(struct sys *y)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
	int s[2];

	for (int i = 0; i < 3; i++) {
		saw(y, "pair", do_pair(y, types[i], s));
		names(y, "one", s[0]);
		say_poll(y, "one", s[0]);
		saw(y, "send", do_send(y, s[0], "hello", 5, 0));
		say_poll(y, "other", s[1]);
		got(y, "got", s[1], 3, 0);
		got(y, "got", s[1], 3, 0);
		got(y, "got", s[1], 3, 0);
		do_send(y, s[0], "left", 4, 0);
		do_send(y, s[1], "over", 4, 0);
		do_close(y, s[0]);
		say_poll(y, "other", s[1]);
		saw(y, "send", do_send(y, s[1], "x", 1, MSG_NOSIGNAL));
		names(y, "other", s[1]);
		got(y, "got", s[1], 10, 0);
		got(y, "got", s[1], 10, 0);
		got(y, "got", s[1], 10, 0);
		saw(y, "send", do_send(y, s[1], "x", 1, MSG_NOSIGNAL));
		say_error(y, "other", s[1]);
		do_close(y, s[1]);
	}
}

static void shutdowns(struct sys *y)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	for (int i = 0; i < 3; i++) {
		for (int how = -1; how <= 3; how++) {
			int s[2];

			do_pair(y, types[i], s);
			do_send(y, s[0], "a", 1, 0);
			do_send(y, s[1], "b", 1, 0);
			say(y, "type %d", types[i]);
			saw(y, "shutdown", do_shutdown(y, s[0], how));
			for (int k = 0; k < 2; k++) {
				say_poll(y, "it", s[k]);
				saw(y, "send", do_send(y, s[k], "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL));
				got(y, "got", s[k], 1, 0);
				got(y, "got", s[k], 1, 0);
				got(y, "got", s[k], 1, 0);
			}
			if (how == SHUT_RD || how == SHUT_RDWR)
				saw(y, "blocking", do_recv(y, s[0], s, 1, 0));
			do_close(y, s[0]);
			do_close(y, s[1]);
		}
		saw(y, "unconnected", do_shutdown(y, do_socket(y, types[i]), SHUT_RDWR));
	}
}

static void say_cred(struct sys *y, const char *what, int s)
{
	struct ucred c = {0};
	socklen_t n = sizeof(c);
	int err = do_getopt(y, s, SO_PEERCRED, &c, &n);

	say(y, "%s: %d, %u bytes, mine %d, nobody %d %d %d", what, err, (unsigned)n,
	    c.pid == getpid() && c.uid == geteuid() && c.gid == getegid(), c.pid == 0,
	    c.uid == (uid_t)-1, c.gid == (gid_t)-1);
}

static void peer_creds(struct sys *y)
{
	int s[2], l = listening(y, SOCK_STREAM, "@pc", 2), c = do_socket(y, SOCK_STREAM), d;

	say_cred(y, "listener", l);
	say_cred(y, "new", c);
	to_name(y, c, "@pc");
	d = do_accept(y, l, NULL, NULL);
	say_cred(y, "connected", c);
	say_cred(y, "accepted", d);
	do_close(y, c);
	say_cred(y, "accepted", d);
	do_pair(y, SOCK_DGRAM, s);
	say_cred(y, "dgram", s[0]);
	do_close(y, l);
	l = bound(y, SOCK_DGRAM, "@pc");
	c = do_socket(y, SOCK_DGRAM);
	to_name(y, c, "@pc");
	say_cred(y, "dgram", c);
}

static const struct same_case cases[] = {
	{"bind_lengths", bind_lengths, 0, 0},
	{"path_with_nul", path_with_nul, 0, 0},
	{"path_stays", path_stays, 0, 0},
	{"abstract_goes", abstract_goes, 0, 0},
	{"wrong_type", wrong_type, 0, 0},
	{"connections_stream", connections_stream, 0, 0},
	{"connections_seqpacket", connections_seqpacket, 0, 0},
	{"not_accepted", not_accepted, 0, 0},
	{"backlog", backlog, 0, 0},
	{"pairs", pairs, 0, 0},
	{"shutdowns", shutdowns, 0, 0},
	{"peer_creds", peer_creds, 0, 0},
};

int main(void)
{
	return same_run(cases, sizeof(cases) / sizeof(cases[0])) != 0;
}
