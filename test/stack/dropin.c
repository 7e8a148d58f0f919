/*
 * dropin.c - socketcall() on any machine: all twenty, served by the host's kernel, and by
 * a network of ours once the thread has a task. Both must do the same; errors are -1 and
 * errno, as in libc.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <socketcall.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct sc_task *task; /* NULL: the host's kernel */
static const char *where;
static int bad;

#define CALL(nr, ...) socketcall(nr, (unsigned long[6]){__VA_ARGS__})
#define W(x) ((unsigned long)(x)) /* an argument that is a pointer */

static void check(bool ok, const char *what)
{
	if (!ok) {
		printf("FAILED %s: %s (errno %d, %s)\n", where, what, errno, strerror(errno));
		bad++;
	}
}
#define CHECK(x) check(x, #x)
/* It fails, with this errno. */
#define FAILS(call, error) (errno = 0, CHECK((call) == -1 && errno == (error)))

static void end(int fd)
{
	if (task)
		sc_close(task, fd);
	else
		close(fd);
}

/* socket bind listen connect accept accept4, and the names: a connection over TCP. */
static void connects(int call, int fds[2])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in mine = {0}, peer = {0};
	socklen_t len = sizeof(at), mine_len = sizeof(mine), peer_len = sizeof(peer);
	int listener;

	CHECK((listener = CALL(SYS_SOCKET, AF_INET, SOCK_STREAM, 0)) >= 0);
	CHECK(CALL(SYS_BIND, listener, W(&at), sizeof(at)) == 0);
	CHECK(CALL(SYS_LISTEN, listener, 5) == 0);
	CHECK(CALL(SYS_GETSOCKNAME, listener, W(&at), W(&len)) == 0);
	CHECK(len == sizeof(at) && at.sin_port && at.sin_addr.s_addr == htonl(INADDR_LOOPBACK));

	CHECK((fds[0] = CALL(SYS_SOCKET, AF_INET, SOCK_STREAM, 0)) >= 0);
	CHECK(CALL(SYS_CONNECT, fds[0], W(&at), sizeof(at)) == 0);
	CHECK((fds[1] = CALL(call, listener, W(&peer), W(&peer_len), SOCK_NONBLOCK)) >= 0);
	CHECK(CALL(SYS_GETSOCKNAME, fds[0], W(&mine), W(&mine_len)) == 0);
	CHECK(mine.sin_port == peer.sin_port && mine_len == peer_len);
	CHECK(CALL(SYS_GETPEERNAME, fds[0], W(&peer), W(&peer_len)) == 0 && peer.sin_port == at.sin_port);
	FAILS(CALL(SYS_CONNECT, fds[0], W(&at), sizeof(at)), EISCONN);
	end(listener);
}

/* send recv sendto recvfrom shutdown */
static void bytes(const int fds[2])
{
	char buf[16];

	CHECK(CALL(SYS_SEND, fds[0], W("hello"), 5, 0) == 5);
	CHECK(CALL(SYS_RECV, fds[1], W(buf), sizeof(buf), 0) == 5 && memcmp(buf, "hello", 5) == 0);
	CHECK(CALL(SYS_SENDTO, fds[1], W("you"), 3, 0, 0, 0) == 3);
	CHECK(CALL(SYS_RECVFROM, fds[0], W(buf), sizeof(buf), 0, 0, 0) == 3 && memcmp(buf, "you", 3) == 0);
	FAILS(CALL(SYS_RECV, fds[0], W(buf), sizeof(buf), MSG_DONTWAIT), EAGAIN);
	CHECK(CALL(SYS_SHUTDOWN, fds[0], SHUT_WR) == 0);
	CHECK(CALL(SYS_RECV, fds[1], W(buf), sizeof(buf), 0) == 0);
	FAILS(CALL(SYS_SEND, fds[0], W("x"), 1, MSG_NOSIGNAL), EPIPE);
	end(fds[0]);
	end(fds[1]);
}

/* setsockopt getsockopt: a number, and a structure whose layout is the machine's own. */
static void options(void)
{
	struct timeval patience = {.tv_sec = 2, .tv_usec = 500000}, got = {0};
	socklen_t len = sizeof(got), number_len = sizeof(int);
	int s = CALL(SYS_SOCKET, AF_INET, SOCK_DGRAM, 0), on = 1, type = 0;

	CHECK(CALL(SYS_SETSOCKOPT, s, SOL_SOCKET, SO_BROADCAST, W(&on), sizeof(on)) == 0);
	on = 0;
	CHECK(CALL(SYS_GETSOCKOPT, s, SOL_SOCKET, SO_BROADCAST, W(&on), W(&number_len)) == 0 && on == 1);
	CHECK(CALL(SYS_GETSOCKOPT, s, SOL_SOCKET, SO_TYPE, W(&type), W(&number_len)) == 0);
	CHECK(type == SOCK_DGRAM && number_len == sizeof(int));
	CHECK(CALL(SYS_SETSOCKOPT, s, SOL_SOCKET, SO_RCVTIMEO, W(&patience), sizeof(patience)) == 0);
	CHECK(CALL(SYS_GETSOCKOPT, s, SOL_SOCKET, SO_RCVTIMEO, W(&got), W(&len)) == 0);
	CHECK(len == sizeof(got) && got.tv_sec == 2 && got.tv_usec == 500000);
	end(s);
}

/* socketpair sendmsg recvmsg: with a descriptor in the message. */
static void messages(void)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	char buf[8] = "";
	struct iovec out[2] = {{"ab", 2}, {"cd", 2}}, in = {buf, sizeof(buf)};
	struct msghdr m = {.msg_iov = out, .msg_iovlen = 2, .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int sv[2] = {-1, -1}, passed = -1;

	CHECK(CALL(SYS_SOCKETPAIR, AF_UNIX, SOCK_DGRAM, 0, W(sv)) == 0);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &sv[1], sizeof(int));
	CHECK(CALL(SYS_SENDMSG, sv[0], W(&m), 0) == 4);

	memset(&control, 0, sizeof(control));
	m.msg_iov = &in;
	m.msg_iovlen = 1;
	m.msg_controllen = sizeof(control);
	CHECK(CALL(SYS_RECVMSG, sv[1], W(&m), 0) == 4 && memcmp(buf, "abcd", 4) == 0);
	c = CMSG_FIRSTHDR(&m);
	CHECK(c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)));
	if (c)
		memcpy(&passed, CMSG_DATA(c), sizeof(int));
	/* It is sv[1] by another number. */
	CHECK(CALL(SYS_SEND, sv[0], W("z"), 1, 0) == 1);
	CHECK(passed >= 0 && CALL(SYS_RECV, passed, W(buf), 1, 0) == 1 && buf[0] == 'z');
	end(passed);
	end(sv[0]);
	end(sv[1]);
}

/* sendmmsg recvmmsg */
static void many(void)
{
	char in[3][4] = {{0}};
	struct iovec out_iov[2] = {{"one", 3}, {"4444", 4}};
	struct iovec in_iov[3] = {{in[0], 4}, {in[1], 4}, {in[2], 4}};
	struct mmsghdr out[2] = {0}, got[3] = {0};
	struct timespec a_second = {.tv_sec = 1};
	int sv[2] = {-1, -1};

	for (int i = 0; i < 3; i++) {
		if (i < 2)
			out[i].msg_hdr = (struct msghdr){.msg_iov = &out_iov[i], .msg_iovlen = 1};
		got[i].msg_hdr = (struct msghdr){.msg_iov = &in_iov[i], .msg_iovlen = 1};
	}
	CHECK(CALL(SYS_SOCKETPAIR, AF_UNIX, SOCK_DGRAM, 0, W(sv)) == 0);
	CHECK(CALL(SYS_SENDMMSG, sv[0], W(out), 2, 0) == 2);
	CHECK(out[0].msg_len == 3 && out[1].msg_len == 4);
	CHECK(CALL(SYS_RECVMMSG, sv[1], W(got), 3, MSG_DONTWAIT, W(&a_second)) == 2);
	CHECK(got[0].msg_len == 3 && got[1].msg_len == 4);
	CHECK(memcmp(in[0], "one", 3) == 0 && memcmp(in[1], "4444", 4) == 0);
	end(sv[0]);
	end(sv[1]);
}

static void errors(void)
{
	FAILS(socketcall(0, NULL), EINVAL);
	FAILS(socketcall(21, NULL), EINVAL);
	FAILS(socketcall(-1, NULL), EINVAL);
	FAILS(socketcall(SYS_SOCKET, NULL), EFAULT);
	FAILS(CALL(SYS_LISTEN, W(-1), 5), EBADF);
	FAILS(CALL(SYS_SOCKET, AF_INET, 77, 0), EINVAL);
}

static void all(const char *name, struct sc_task *t)
{
	const int accepts[] = {SYS_ACCEPT, SYS_ACCEPT4};
	const int before = bad;
	int fds[2];

	where = name;
	task = t;
	sc_task_use(t);
	for (int i = 0; i < 2; i++) {
		connects(accepts[i], fds);
		bytes(fds);
	}
	options();
	messages();
	many();
	errors();
	sc_task_use(NULL);
	if (bad == before)
		printf("ok %s: all twenty\n", name);
}

int main(void)
{
	struct sc_net *net = sc_net_new(NULL);
	struct sc_usage left;
	struct sc_task *t = sc_task_new(sc_host_new(net, "here"), NULL);

	all("host", NULL);
	all("ours", t);
	sc_net_usage(net, &left);
	where = "ours";
	CHECK(left.files == 0);
	sc_net_free(net);
	return bad > 0;
}
