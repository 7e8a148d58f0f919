/*
 * udp_again.c - a connected socket sends again and again while what decides where its
 * datagrams go, and how, changes around it.
 */
#include "udp_same.h"

/* Twice: the second one goes as the first did, if nothing changed. */
static void twice(struct sys *y, const char *what, int s)
{
	for (int i = 0; i < 2; i++)
		saw(y, what, do_send(y, s, what, strlen(what), MSG_NOSIGNAL));
}

/* All that came, to each of the receivers. */
static void arrived(struct sys *y, const int *r, int n)
{
	for (int i = 0; i < n; i++) {
		char name[] = {'r', '0' + i, 0};

		for (int j = 0; j < 3; j++)
			got(y, name, r[i], 100, MSG_DONTWAIT);
	}
}

static int sharing(struct sys *y, int family, const char *ip)
{
	int s = do_socket(y, family);

	set_int(y, s, SOL_SOCKET, SO_REUSEADDR, 1);
	SAW(y, bind_to(y, s, ip, 7000));
	return s;
}

static int sender(struct sys *y)
{
	int s = bound(y, A, AF_INET, "127.0.0.1", 7100);

	SAW(y, connect_to(y, s, "127.0.0.1", 7000));
	return s;
}

static void other_receivers(struct sys *y)
{
	int s = sender(y), r[4];

	twice(y, "nobody", s);
	r[0] = sharing(y, AF_INET6, "::");
	twice(y, "wildcard of IPv6", s);
	twice(y, "wildcard of IPv6, no error", s);
	arrived(y, r, 1);
	r[1] = sharing(y, AF_INET, "0.0.0.0");
	twice(y, "wildcard", s);
	r[2] = sharing(y, AF_INET, "127.0.0.1");
	twice(y, "its address", s);
	r[3] = sharing(y, AF_INET, "127.0.0.1");
	twice(y, "who came last", s);
	arrived(y, r, 4);
	SAW(y, connect_to(y, r[2], "127.0.0.1", 7100));
	twice(y, "who is connected", s);
	arrived(y, r, 4);
	SAW(y, connect_to(y, r[2], "127.0.0.1", 7200));
	twice(y, "who is connected elsewhere", s);
	do_close(y, r[3]);
	twice(y, "the last one is gone", s);
	arrived(y, r, 3);
	do_close(y, r[1]);
	twice(y, "the wildcard is gone", s);
	arrived(y, r, 1);
	set_int(y, r[0], IPPROTO_IPV6, IPV6_V6ONLY, 1);
	do_close(y, r[0]);
	twice(y, "all are gone", s);
	do_close(y, r[2]);
}

static void spread(struct sys *y)
{
	int s = sender(y), r[2], all = 0;

	for (int i = 0; i < 2; i++) {
		r[i] = do_socket(y, AF_INET);
		set_int(y, r[i], SOL_SOCKET, SO_REUSEPORT, 1);
		SAW(y, bind_to(y, r[i], "127.0.0.1", 7000));
		twice(y, "one of them", s);
	}
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 6; j++)
			all += do_recv(y, r[i], (char[1]){0}, 1, MSG_DONTWAIT) == 1;
	say(y, "%d came", all);
}

static void own_options(struct sys *y)
{
	int s = sender(y), r[] = {bound(y, A, AF_INET, "127.0.0.1", 7000)};
	const struct linger none = {0};

	set_int(y, r[0], IPPROTO_IP, IP_RECVTTL, 1);
	set_int(y, r[0], IPPROTO_IP, IP_RECVTOS, 1);
	twice(y, "as it is", s);
	SAW(y, set_int(y, s, IPPROTO_IP, IP_TTL, 7));
	twice(y, "TTL", s);
	arrived(y, r, 1);
	SAW(y, set_int(y, s, IPPROTO_IP, IP_TOS, 8));
	twice(y, "TOS", s);
	arrived(y, r, 1);
	SAW(y, set_int(y, r[0], SOL_SOCKET, SO_RCVBUF, 1));
	twice(y, "no room", s);
	twice(y, "no room", s);
	arrived(y, r, 1);
	SAW(y, do_setopt(y, s, SOL_SOCKET, SO_LINGER, &none, sizeof(none)));
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_SEGMENT, 2));
	SAW(y, set_int(y, r[0], SOL_SOCKET, SO_RCVBUF, 100000));
	saw(y, "segments", do_send(y, s, "abcd", 4, 0));
	arrived(y, r, 1);
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_SEGMENT, 0));
	twice(y, "none", s);
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_CORK, 1));
	twice(y, "piece", s);
	arrived(y, r, 1);
	SAW(y, set_int(y, s, IPPROTO_UDP, UDP_CORK, 0));
	arrived(y, r, 1);
	saw(y, "more", do_send(y, s, "more", 4, MSG_MORE));
	twice(y, "and more", s);
	arrived(y, r, 1);
}

static void own_state(struct sys *y)
{
	static const char big[65536];
	int s = sender(y), r[] = {bound(y, A, AF_INET, "127.0.0.1", 7000),
				  bound(y, A, AF_INET, "127.0.0.2", 7001)};

	twice(y, "first", s);
	arrived(y, r, 2);
	saw(y, "largest", do_send(y, s, big, 65507, 0));
	saw(y, "too large", do_send(y, s, big, 65508, 0));
	saw(y, "out of band", do_send(y, s, "x", 1, MSG_OOB));
	got(y, "r0", r[0], 65536, 0);
	SAW(y, send_to(y, s, "to another", "127.0.0.2", 7001));
	twice(y, "as before", s);
	arrived(y, r, 2);
	SAW(y, connect_to(y, s, "127.0.0.2", 7001));
	twice(y, "connected again", s);
	arrived(y, r, 2);
	SAW(y, do_connect(y, s, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr)));
	twice(y, "disconnected", s);
	SAW(y, connect_to(y, s, "127.0.0.1", 7000));
	twice(y, "connected", s);
	arrived(y, r, 2);
	SAW(y, do_shutdown(y, r[0], SHUT_RD));
	twice(y, "who shut down", s);
	SAW(y, do_shutdown(y, s, SHUT_WR));
	twice(y, "shut down", s);
}

static void devices(struct sys *y)
{
	int s = sender(y), r[] = {bound(y, A, AF_INET, "0.0.0.0", 7000)};
	int b = bound(y, B, AF_INET, "10.0.0.2", 7000), far;

	enter_host(y, A);
	twice(y, "lo", s);
	SAW(y, do_setopt(y, r[0], SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	twice(y, "receiver on lo", s);
	arrived(y, r, 1);
	SAW(y, do_setopt(y, s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	twice(y, "both on lo", s);
	arrived(y, r, 1);
	far = do_socket(y, AF_INET);
	SAW(y, connect_to(y, far, "10.0.0.2", 7000));
	twice(y, "to the other host", far);
	enter_host(y, B);
	got(y, "b", b, 100, 0);
	got(y, "b", b, 100, 0);
	do_close(y, b);
	enter_host(y, A);
	twice(y, "nobody there", far);
}

static const struct same_case cases[] = {
	{"other receivers", other_receivers},
	{"spread", spread},
	{"own options", own_options},
	{"own state", own_state},
	{"devices", devices},
};

int main(void)
{
	return same_run(cases, sizeof(cases) / sizeof(cases[0])) != 0;
}
