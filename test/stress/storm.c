/*
 * storm.c - stress storm: a signal every millisecond while we accept, receive and
 * connect, with SA_RESTART and without. Nothing may be lost and nothing doubled.
 */
#include "stress.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t signals;
static unsigned interrupted;

static void on_alarm(int sig)
{
	signals++;
}

static void set_storm(bool restart, int usec)
{
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = restart ? SA_RESTART : 0};
	struct itimerval every = {{0, usec}, {0, usec}};

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

static bool again(bool restart, const char *what)
{
	if (errno != EINTR)
		fail("%s: errno %d (%s)", what, errno, strerror(errno));
	if (restart)
		fail("%s: EINTR in spite of SA_RESTART", what);
	interrupted++;
	return true;
}

static void datagrams(bool restart, unsigned n)
{
	int sv[2];
	uint32_t got, expect = 0;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sv) < 0)
		fail("socketpair");
	pid_t pid = fork();
	if (pid == 0) {
		set_storm(restart, 0);
		for (uint32_t i = 0; i < n; i++) {
			while (send(sv[1], &i, sizeof(i), 0) != sizeof(i))
				if (errno != EINTR)
					fail("send: %s", strerror(errno));
			if (i % 4 == 0) /* so that the other side waits */
				usleep(i % 16 ? 700 : 6000);
		}
		_exit(0);
	}
	while (expect < n) {
		ssize_t len = recv(sv[0], &got, sizeof(got), 0);

		if (len < 0 && again(restart, "recv"))
			continue;
		if (got != expect)
			fail("datagram %u came where %u was due", got, expect);
		expect++;
	}
	if (recv(sv[0], &got, sizeof(got), MSG_DONTWAIT) >= 0)
		fail("a datagram too many: %u", got);
	int status;
	while (waitpid(pid, &status, 0) < 0)
		;
	if (status)
		fail("the sender: %x", status);
	close(sv[0]);
	close(sv[1]);
}

static void stream_bytes(bool restart, unsigned n)
{
	int sv[2];
	uint8_t buf[64], expect = 0;
	unsigned total = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) < 0)
		fail("socketpair");
	pid_t pid = fork();
	if (pid == 0) {
		uint8_t b = 0;

		set_storm(restart, 0);
		for (unsigned i = 0; i < n; i++, b++) {
			while (send(sv[1], &b, 1, 0) != 1)
				if (errno != EINTR)
					fail("send: %s", strerror(errno));
			if (i % 8 == 0)
				usleep(i % 32 ? 700 : 6000);
		}
		_exit(0);
	}
	close(sv[1]);
	for (;;) {
		struct iovec iov = {buf, sizeof(buf)};
		struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
		ssize_t len = recvmsg(sv[0], &m, 0);

		if (len < 0 && again(restart, "recvmsg"))
			continue;
		if (len == 0)
			break;
		for (ssize_t i = 0; i < len; i++, expect++, total++)
			if (buf[i] != expect)
				fail("byte %u is %u, not %u", total, buf[i], expect);
	}
	if (total != n)
		fail("%u bytes of %u", total, n);
	close(sv[0]);
	while (waitpid(pid, NULL, 0) < 0)
		;
}

/* The storm is on the accepting side, or the connecting one. */
static void connections(bool restart, bool on_accept, unsigned n)
{
	int port, ls = listener(64, &port);
	struct sockaddr_in to = loopback(INADDR_LOOPBACK, port);
	uint32_t id, sum = 0;
	pid_t pid = fork();

	if (pid == 0) {
		close(ls);
		set_storm(restart, on_accept ? 0 : 1000);
		for (id = 1; id <= n; id++) {
			int fd;

			/* Nor does socket(2), natively (doc/limits.md). */
			while ((fd = socket(AF_INET, SOCK_STREAM, 0)) < 0)
				if (errno != EINTR || restart)
					fail("socket: errno %d (%s)", errno, strerror(errno));
			/* Natively an interrupted connect goes on by itself. Before the
			 * supervisor has seen it, it has not begun: ask again. */
			while (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EISCONN)
				if ((errno != EINTR && errno != EALREADY) || restart)
					fail("connect: errno %d (%s)", errno, strerror(errno));
			while (write(fd, &id, sizeof(id)) < 0)
				if (errno != EINTR)
					fail("write: %s", strerror(errno));
			close(fd);
			if (id % 3 == 0)
				usleep(id % 12 ? 1500 : 6000);
		}
		_exit(0);
	}
	set_storm(restart, on_accept ? 1000 : 0);
	for (unsigned i = 0; i < n; i++) {
		int fd = accept(ls, NULL, NULL);

		if (fd < 0 && again(restart, "accept")) {
			i--;
			continue;
		}
		ssize_t len;
		while ((len = read(fd, &id, sizeof(id))) < 0 && errno == EINTR)
			;
		if (len != sizeof(id))
			fail("connection %u: %zd bytes (%s)", i, len, strerror(errno));
		sum += id;
		close(fd);
	}
	set_storm(restart, 0);
	if (sum != n * (n + 1) / 2)
		fail("connections do not add up: %u", sum);
	int status;
	waitpid(pid, &status, 0);
	if (status)
		fail("the connecting side: %x", status);
	struct pollfd p = {.fd = ls, .events = POLLIN};
	if (poll(&p, 1, 0))
		fail("a connection too many");
	close(ls);
}

int storm_main(char **argv)
{
	unsigned n = 1500;

	for (int restart = 0; restart < 2; restart++) {
		set_storm(restart, 1000);
		datagrams(restart, n);
		stream_bytes(restart, n);
		set_storm(restart, 0);
		connections(restart, true, n / 2);
		connections(restart, false, n / 2);
	}
	if (signals < 100)
		fail("only %d signals", (int)signals);
	if (!interrupted)
		fail("no call was interrupted");
	printf("%d signals, %u calls interrupted, nothing lost\n", (int)signals, interrupted);
	return 0;
}
