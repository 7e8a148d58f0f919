/*
 * worker.c - does one kind of socket call again and again, and tells how long it took.
 *
 *     worker CASE [ARG...]
 *
 * It prints a line when it is ready. For each number N that it then reads, it does the
 * case N times and prints the nanoseconds that took. So whoever holds its pipes can let
 * many workers, each with its own gate or none, work by turns: no two measure at the
 * same time, and a disturbance of the machine hits all of them alike. It ends with its
 * input.
 *
 * Built for 32 bits, each call goes through socketcall(2), as with Debian's i386 libc.
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
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef __i386__
#define SOCKET_CALL(nr, name, ...) \
	syscall(SYS_socketcall, nr, (long[]){__VA_ARGS__})
#define P(pointer) ((long)(pointer))
#else
#define SOCKET_CALL(nr, name, ...) name(__VA_ARGS__)
#define P(pointer) (pointer)
#endif

#define do_socket(family, type) SOCKET_CALL(1, socket, family, type, 0)
#define do_connect(fd, addr, len) SOCKET_CALL(3, connect, fd, P(addr), len)
#define do_getsockname(fd, addr, len) SOCKET_CALL(6, getsockname, fd, P(addr), P(len))
#define do_send(fd, buf, len) SOCKET_CALL(9, send, fd, P(buf), len, 0)
#define do_recv(fd, buf, len) SOCKET_CALL(10, recv, fd, P(buf), len, 0)

enum {
	BUFFER = 64 * 1024,
	BACKLOG = 4096,
	HELD = 64, /* connections that the server keeps open */
};

static char buffer[BUFFER];
static size_t size;             /* bytes that move at a time */
static int out = -1, in = -1;   /* the two ends of a TCP connection */
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

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* Of work that is done here alone and never waits: what others run meanwhile does
 * not count. */
static uint64_t cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static int listen_loopback(struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*at = (struct sockaddr_in){.sin_family = AF_INET};
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)at, len) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)at, &len) < 0)
		fail("a listener on 127.0.0.1");
	return fd;
}

/* --- cases: what is prepared, and what is then done n times --- */

static void prepare_connection(char **args)
{
	struct sockaddr_in at;
	int listener = listen_loopback(&at);

	size = args[0] ? strtoul(args[0], NULL, 10) : 1;
	if (size == 0 || size > BUFFER)
		size = BUFFER;
	out = socket(AF_INET, SOCK_STREAM, 0);
	if (out < 0 || connect(out, (struct sockaddr *)&at, sizeof(at)) < 0)
		fail("connect");
	in = accept(listener, NULL, NULL);
	if (in < 0)
		fail("accept");
	close(listener);
}

static void prepare_socket(char **args)
{
	out = socket(AF_INET, SOCK_STREAM, 0);
	if (out < 0)
		fail("socket");
}

static void prepare_server(char **args)
{
	server = (struct sockaddr_in){.sin_family = AF_INET};
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server.sin_port = htons(args[0] ? strtoul(args[0], NULL, 10) : 0);
}

static uint64_t sendrecv(unsigned n)
{
	uint64_t start = cpu_ns();

	while (n--) {
		if (do_send(out, buffer, size) != (ssize_t)size)
			fail("send");
		for (size_t have = 0; have < size;) {
			ssize_t got = do_recv(in, buffer, size);

			if (got <= 0)
				fail("recv");
			have += got;
		}
	}
	return cpu_ns() - start;
}

static uint64_t writeread(unsigned n)
{
	uint64_t start = cpu_ns();

	while (n--) {
		if (write(out, buffer, size) != (ssize_t)size)
			fail("write");
		for (size_t have = 0; have < size;) {
			ssize_t got = read(in, buffer, size);

			if (got <= 0)
				fail("read");
			have += got;
		}
	}
	return cpu_ns() - start;
}

static uint64_t getname(unsigned n)
{
	struct sockaddr_in at;
	uint64_t start = now_ns();

	while (n--) {
		socklen_t len = sizeof(at);

		if (do_getsockname(out, &at, &len) < 0)
			fail("getsockname");
	}
	return now_ns() - start;
}

static uint64_t make_socket(unsigned n)
{
	uint64_t start = now_ns();

	while (n--) {
		int fd = do_socket(AF_INET, SOCK_STREAM);

		if (fd < 0)
			fail("socket");
		close(fd);
	}
	return now_ns() - start;
}

/* The time of connect(2) alone. */
static uint64_t connect_only(unsigned n)
{
	uint64_t spent = 0;

	while (n--) {
		int fd = do_socket(AF_INET, SOCK_STREAM);
		uint64_t start = now_ns();

		if (do_connect(fd, &server, sizeof(server)) < 0)
			fail("connect");
		spent += now_ns() - start;
		close(fd);
	}
	return spent;
}

/* The time of a whole connection: socket, connect, close. */
static uint64_t connect_close(unsigned n)
{
	uint64_t start = now_ns();

	while (n--) {
		int fd = do_socket(AF_INET, SOCK_STREAM);

		if (fd < 0 || do_connect(fd, &server, sizeof(server)) < 0)
			fail("connect");
		close(fd);
	}
	return now_ns() - start;
}

/* --- programs that only are there --- */

/* Accepts and, a little later, closes. By then the client has closed; a reset ends
 * its TIME_WAIT, so that it does not run out of ports. */
__attribute__((noreturn)) static void serve(char **args)
{
	const struct linger reset = {.l_onoff = 1};
	struct sockaddr_in at;
	int listener = listen_loopback(&at), held[HELD];

	memset(held, -1, sizeof(held));
	setsockopt(listener, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)); /* inherited */
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	for (unsigned i = 0;; i = (i + 1) % HELD) {
		int fd = accept(listener, NULL, NULL);

		if (held[i] >= 0)
			close(held[i]);
		held[i] = fd;
	}
}

/* PORT COUNT: that many processes, each of which connects once and then sleeps. */
__attribute__((noreturn)) static void crowd(char **args)
{
	unsigned long count = args[0] && args[1] ? strtoul(args[1], NULL, 10) : 1;
	int done[2];
	char word;

	prepare_server(args);
	if (pipe(done) < 0)
		fail("pipe");
	for (unsigned long i = 0; i < count; i++) {
		pid_t pid = i + 1 < count ? fork() : 0; /* the last one is ourselves */

		if (pid < 0)
			fail("fork");
		if (pid > 0)
			continue;
		if (i + 1 < count)
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		connect_only(1);
		if (write(done[1], "", 1) != 1)
			fail("pipe");
		while (i + 1 < count)
			pause();
	}
	for (unsigned long i = 0; i < count; i++)
		if (read(done[0], &word, 1) != 1)
			fail("pipe");
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &word, 1) > 0)
		;
	exit(0); /* the others follow */
}

static const struct {
	const char *name;
	void (*prepare)(char **args);
	uint64_t (*run)(unsigned n); /* absent: prepare does not return */
} cases[] = {
	{"sendrecv", prepare_connection, sendrecv},
	{"writeread", prepare_connection, writeread},
	{"getsockname", prepare_socket, getname},
	{"socket", prepare_socket, make_socket},
	{"connect", prepare_server, connect_only},
	{"connectclose", prepare_server, connect_close},
	{"server", serve, NULL},
	{"crowd", crowd, NULL},
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
		fputs("usage: worker CASE [ARG...]\n", stderr);
		return 1;
	}
	cases[i].prepare(argv + 2);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("%llu\n", (unsigned long long)cases[i].run(strtoul(line, NULL, 10)));
		fflush(stdout);
	}
	return 0;
}
