/*
 * leak.c - stress leak CALLS: served calls of all kinds, good and bad, over and
 * over. Neither this program nor the supervisor may have more of anything in the
 * end than after the first fifth.
 */
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void pass_descriptors(int sv[2], int n, size_t room)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} out = {{CMSG_LEN(n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}}, in;
	char byte = 'x';
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &out,
			   .msg_controllen = CMSG_SPACE(n * sizeof(int))};

	for (int i = 0; i < n; i++)
		memcpy(CMSG_DATA(&out.h) + i * sizeof(int), &sv[i & 1], sizeof(int));
	if (sendmsg(sv[0], &m, 0) != 1)
		fail("sendmsg: %s", strerror(errno));
	m.msg_control = &in;
	m.msg_controllen = room;
	if (recvmsg(sv[1], &m, 0) != 1)
		fail("recvmsg: %s", strerror(errno));
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		for (size_t at = 0; at + sizeof(int) <= h->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + at, sizeof(fd));
			close(fd);
		}
}

static void stream(int ls, struct sockaddr_in *to)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer), four = 4;
	struct mmsghdr mm[2] = {0};
	char buf[64];
	struct iovec iov = {buf, 8};
	int v, c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(c, (struct sockaddr *)to, sizeof(*to)) < 0)
		fail("connect: %s", strerror(errno));
	int s = accept(ls, (struct sockaddr *)&peer, &len);
	if (s < 0)
		fail("accept: %s", strerror(errno));
	len = sizeof(peer);
	getpeername(c, (struct sockaddr *)&peer, &len);
	getsockname(c, (struct sockaddr *)&peer, &len);
	setsockopt(c, IPPROTO_TCP, 1, &(int){1}, 4);
	getsockopt(c, SOL_SOCKET, SO_TYPE, &v, &four);
	mm[0].msg_hdr = mm[1].msg_hdr = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1};
	memset(buf, 7, sizeof(buf));
	if (send(c, "hello", 5, 0) != 5 || recv(s, buf, 5, MSG_WAITALL) != 5 ||
	    sendmmsg(s, mm, 2, 0) != 2 || recvmmsg(c, mm, 2, MSG_WAITFORONE, NULL) < 1)
		fail("stream: %s", strerror(errno));
	shutdown(c, SHUT_RDWR);
	close(c);
	close(s);
}

static void *volatile nowhere = (void *)8;

static void bad_calls(int ls)
{
	int sv[2];

	socket(99, SOCK_STREAM, 0);
	socketpair(AF_INET, SOCK_STREAM, 0, sv);
	socketpair(AF_UNIX, SOCK_STREAM, 0, nowhere);
	connect(ls, nowhere, 16);
	bind(-1, NULL, 0);
	accept(ls, nowhere, nowhere);
	getsockname(ls, nowhere, nowhere);
	recvmsg(ls, nowhere, 0);
	sendmsg(ls, nowhere, 0);
	setsockopt(0, 1, 2, nowhere, 4);
	denied();
}

/* Killed while it waits for us. */
static void killed_in_call(int ls)
{
	pid_t pid = fork();

	if (pid == 0) {
		accept(ls, NULL, NULL);
		_exit(0);
	}
	usleep(1000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

struct state {
	int own, fds;
	long threads, rss;
};

static struct state look(void)
{
	struct state s = {count_fds(getpid()), 0, 0, 0};

	usleep(300000); /* what waits for its turn */
	s.fds = count_fds(getppid());
	s.threads = status_of(getppid(), "Threads");
	s.rss = status_of(getppid(), "VmRSS");
	return s;
}

int leak_main(char **argv)
{
	enum { CALLS_A_ROUND = 36 };
	int rounds = atoi(argv[0]) / CALLS_A_ROUND, port, idle_port, sv[2];
	int ls = listener(16, &port), idle = listener(16, &idle_port);
	struct sockaddr_in to = loopback(INADDR_LOOPBACK, port);
	struct state first = {0}, last;

	fcntl(ls, F_SETFL, O_NONBLOCK);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sv) < 0)
		fail("socketpair");
	for (int i = 0; i < rounds; i++) {
		stream(ls, &to);
		bad_calls(ls);
		pass_descriptors(sv, 1 + i % 8, CMSG_SPACE(8 * sizeof(int)));
		pass_descriptors(sv, 4, CMSG_LEN(2 * sizeof(int))); /* MSG_CTRUNC */
		pass_descriptors(sv, 2, 0);
		if (i % 4 == 0)
			killed_in_call(idle);
		if (i == rounds / 5)
			first = look();
	}
	last = look();
	if (last.own != first.own)
		fail("we had %d descriptors and have %d", first.own, last.own);
	/* Of dead programs some are still known: no more than 256 (task.c). */
	if (last.fds > first.fds + 256 || last.threads > first.threads + 4 ||
	    last.rss > first.rss + 1024)
		fail("supervisor: descriptors %d -> %d, threads %ld -> %ld, resident %ld -> %ld KiB",
		     first.fds, last.fds, first.threads, last.threads, first.rss, last.rss);
	printf("%d calls: descriptors %d -> %d, threads %ld -> %ld, resident %ld -> %ld KiB\n",
	       rounds * CALLS_A_ROUND, first.fds, last.fds, first.threads, last.threads, first.rss,
	       last.rss);
	return 0;
}
