/*
 * talk.c - socket calls as a C library makes them: through socketcall(2) where the
 * machine has it. To be run under strace, and under socketcall with a trace.
 *
 * Nothing that differs from run to run but addresses, ports and times.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void name(int s)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	getsockname(s, (struct sockaddr *)&ss, &len);
	len = 4;
	getsockname(s, (struct sockaddr *)&ss, &len);
	len = sizeof(ss);
	getpeername(s, (struct sockaddr *)&ss, &len);
	getpeername(s, NULL, NULL);
}

static void stream(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_storage ss;
	socklen_t len = sizeof(in);
	struct linger linger = {1, 10};
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, client, got;
	char data[64];

	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	bind(server, (struct sockaddr *)&in, sizeof(in));
	listen(server, 5);
	getsockname(server, (struct sockaddr *)&in, &len);
	client = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	connect(client, (struct sockaddr *)&in, sizeof(in));
	len = sizeof(ss);
	got = accept(server, (struct sockaddr *)&ss, &len);
	name(got);
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	len = sizeof(data);
	getsockopt(client, SOL_SOCKET, SO_LINGER, data, &len);
	getsockopt(client, SOL_IP, 999, data, &len);
	send(client, "ab\1\n\377cd\0009efghijklmnopqrstuvwxyz0123456789", 40, MSG_NOSIGNAL);
	recv(got, data, sizeof(data), MSG_PEEK);
	recv(got, data, 3, 0);
	recv(got, data, sizeof(data), MSG_DONTWAIT);
	recv(got, data, sizeof(data), MSG_DONTWAIT);
	shutdown(client, SHUT_WR);
	recv(got, data, sizeof(data), 0);
	close(got);
	close(client);
	close(server);
}

static void datagrams(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_storage ss;
	socklen_t len = sizeof(in);
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	char data[8];

	bind(s, (struct sockaddr *)&in, sizeof(in));
	getsockname(s, (struct sockaddr *)&in, &len);
	sendto(s, "hello", 5, MSG_DONTWAIT, (struct sockaddr *)&in, sizeof(in));
	len = sizeof(ss);
	recvfrom(s, data, sizeof(data), 0, (struct sockaddr *)&ss, &len);
	sendto(s, "hello, hello", 12, 0, (struct sockaddr *)&in, sizeof(in));
	recvfrom(s, data, sizeof(data), MSG_TRUNC, NULL, NULL);
	recvfrom(s, data, sizeof(data), MSG_DONTWAIT, (struct sockaddr *)&ss, &len);
	sendto(s, "x", 1, 0, NULL, 0);
	close(s);
}

static void receive(int s, void *control, size_t room, int flags)
{
	char data[2][4];
	struct iovec iov[2] = {{data[0], 4}, {data[1], 4}};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2, .msg_control = control,
			   .msg_controllen = room};

	recvmsg(s, &m, flags);
}

static void messages(void)
{
	char control[128] = "", in[128];
	struct iovec iov[2] = {{"hello", 5}, {"wor", 3}};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};
	struct cmsghdr *h = (struct cmsghdr *)control;
	int pair[2], one = 1;

	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair);
	setsockopt(pair[1], SOL_SOCKET, SO_TIMESTAMP, &one, sizeof(one));
	sendmsg(pair[0], &m, MSG_NOSIGNAL);
	receive(pair[1], NULL, 0, 0);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(h), pair, sizeof(pair));
	m.msg_control = control;
	m.msg_controllen = CMSG_SPACE(2 * sizeof(int));
	sendmsg(pair[0], &m, 0);
	receive(pair[1], in, sizeof(in), MSG_CMSG_CLOEXEC);
	sendmsg(pair[0], &m, 0);
	receive(pair[1], in, 8, 0);
	receive(pair[1], in, sizeof(in), MSG_DONTWAIT);
	sendmsg(pair[0], NULL, 0);
	close(pair[0]);
	close(pair[1]);
}

static void refusals(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/nowhere/\"\n"};
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);

	connect(s, (struct sockaddr *)&un, sizeof(un));
	un.sun_path[0] = 0;
	connect(s, (struct sockaddr *)&un, 12);
	connect(s, (struct sockaddr *)&un, 2);
	connect(s, (struct sockaddr *)&un, 0);
	connect(s, (struct sockaddr *)8, 16);
	connect(99, (struct sockaddr *)8, 12);
	connect(0, (struct sockaddr *)8, -1);
	socket(99, 5, 3);
	socket(AF_INET, 77, 0);
	socket(AF_INET, SOCK_STREAM, 999);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, NULL, 4);
	shutdown(s, 7);
	shutdown(s, SHUT_RD);
	listen(s, -1);
	close(s);
}

int main(void)
{
	stream();
	datagrams();
	messages();
	refusals();
	return 0;
}
