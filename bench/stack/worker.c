/*
 * worker.c - does one kind of socket call again and again on one of three socket
 * systems, and tells how long it took.
 *
 *     worker CASE [SIZE]
 *
 *     stream SIZE    send and recv on a connected pair of TCP sockets
 *     datagram SIZE  send and recv on a pair of UDP sockets
 *     connection     socket, connect, accept and close of both ends
 *     copy SIZE      two memcpy, through a buffer between; no socket system
 *
 * It prints a line when it is ready. For each number N that it then reads, it does the
 * case N times and prints two numbers, in nanoseconds: the time that passed, and the
 * processor time of the whole process. So whoever holds its pipes can let several work
 * by turns. It ends with its input.
 *
 * Built three times: SYSTEM names the header with the socket system's calls.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#include SYSTEM

enum { MOST = 64 * 1024, BACKLOG = 16 };

static char source[MOST], between[MOST], sink[MOST];
static size_t size;           /* bytes that move at a time */
static int out = -1, in = -1; /* what they move from and to */
static int listener = -1;
static struct sockaddr_in server;

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "worker: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

/* A bound socket; *at is where it can be reached. */
static int bound(int type, struct sockaddr_in *at)
{
	struct sockaddr *addr = (struct sockaddr *)at;
	socklen_t len = sizeof(*at);
	int fd = net_socket(type);

	*at = (struct sockaddr_in){.sin_family = AF_INET};
	if (fd < 0 || net_bind(fd, addr, len) < 0 || net_getsockname(fd, addr, &len) < 0)
		fail("bind");
	at->sin_addr.s_addr = htonl(net_address(0));
	return fd;
}

static int connected(int type, const struct sockaddr_in *to)
{
	int fd = net_socket(type);

	if (fd < 0 || net_connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0)
		fail("connect");
	return fd;
}

/* --- cases: what is prepared, and what is then done n times --- */

static void prepare_listener(void)
{
	listener = bound(SOCK_STREAM, &server);
	if (net_listen(listener, BACKLOG) < 0)
		fail("listen");
}

static void prepare_stream(void)
{
	const int on = 1;

	prepare_listener();
	out = connected(SOCK_STREAM, &server);
	in = net_accept(listener);
	if (in < 0)
		fail("accept");
	/* Else lwIP waits a quarter of a second for the ACK of the piece before. */
	if (net_setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		fail("TCP_NODELAY");
}

static void prepare_datagram(void)
{
	in = bound(SOCK_DGRAM, &server);
	out = connected(SOCK_DGRAM, &server);
}

/* What is there to be moved changes from turn to turn, and has to arrive. */
static void before_moves(void)
{
	static char turn;

	memset(source, ++turn, size);
}

static void after_moves(void)
{
	if (memcmp(source, sink, size) != 0)
		fail("other bytes arrived than were sent");
}

static void move(unsigned n)
{
	while (n--) {
		for (size_t sent = 0, got = 0; got < size;) {
			if (sent == got) {
				size_t part = size - sent < NET_AT_ONCE ? size - sent : NET_AT_ONCE;

				if (net_send(out, source + sent, part) != (ssize_t)part)
					fail("send");
				sent += part;
			}
			ssize_t part = net_recv(in, sink + got, sent - got);

			if (part <= 0)
				fail("recv");
			got += part;
		}
	}
}

static void copy(unsigned n)
{
	while (n--) {
		memcpy(between, source, size);
		__asm__ volatile("" : : "r"(between) : "memory"); /* really */
		memcpy(sink, between, size);
		__asm__ volatile("" : : "r"(sink) : "memory");
	}
}

static void connection(unsigned n)
{
	static unsigned address;

	while (n--) {
		address = (address + 1) % NET_ADDRESSES;
		server.sin_addr.s_addr = htonl(net_address(address));
		int client = connected(SOCK_STREAM, &server);
		int accepted = net_accept(listener);

		if (accepted < 0)
			fail("accept");
		if (net_close(accepted) < 0 || net_close(client) < 0)
			fail("close");
	}
}

static void nothing(void)
{
}

static const struct {
	const char *name;
	void (*prepare)(void);
	void (*before)(void);
	void (*run)(unsigned n);
	void (*after)(void);
} cases[] = {
	{"stream", prepare_stream, before_moves, move, after_moves},
	{"datagram", prepare_datagram, before_moves, move, after_moves},
	{"connection", prepare_listener, nothing, connection, nothing},
	{"copy", nothing, before_moves, copy, after_moves},
};

int main(int argc, char **argv)
{
	char line[32];
	size_t i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(argv[1], cases[i].name))
			break;
	if (argc < 2 || i == sizeof(cases) / sizeof(cases[0])) {
		fputs("usage: worker stream|datagram|connection|copy [SIZE]\n", stderr);
		return 1;
	}
	size = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	if (size > MOST)
		size = MOST;
	net_start();
	cases[i].prepare();
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		net_between_turns();
		cases[i].before();
		uint64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID), start = clock_ns(CLOCK_MONOTONIC);

		cases[i].run(strtoul(line, NULL, 10));
		start = clock_ns(CLOCK_MONOTONIC) - start;
		cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		cases[i].after();
		printf("%llu %llu\n", (unsigned long long)start, (unsigned long long)cpu);
		fflush(stdout);
	}
	return 0;
}
