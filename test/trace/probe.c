/*
 * probe.c - makes calls natively and traces them to standard output, to be run
 * under strace: both must print the same.
 *
 * Only what is meant to be the same: doc/trace.md lists where we print more.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "native.h"

static const struct sockaddr_in local = {
	.sin_family = AF_INET,
	.sin_addr.s_addr = 0x0100007f,
};

static void creation(struct trace *t)
{
	static const int calls[][3] = {
		{AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0},
		{AF_INET, SOCK_DGRAM, IPPROTO_UDP}, {AF_INET, SOCK_RAW, 255}, {99, 5, 3},
		{AF_UNIX, 7 | 0x100000, 0}, {AF_NETLINK, SOCK_RAW, 15}, {AF_PACKET, SOCK_RAW, 0x300},
		{AF_PACKET, SOCK_RAW, 0x9999}, {AF_VSOCK, 1, 0}, {AF_ALG, 5, 0}, {AF_BLUETOOTH, 3, 1},
		{AF_CAN, 3, 1}, {AF_INET, 1, 999}, {AF_INET6, 1, 6}, {-1, -1, -1}, {AF_SMC, 1, 1},
		{AF_QIPCRTR, 2, 0}, {AF_INET, 0, 0}, {AF_KCM, 5, 0}, {44, 3, 0}, {45, 2, 0},
		{AF_INET, SOCK_STREAM, 262}, {AF_UNSPEC, 1, 0}, {AF_INET, 9, 0},
	};

	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		NATIVE(t, socket, (uint32_t)calls[i][0], (uint32_t)calls[i][1],
		       (uint32_t)calls[i][2]);
}

static void inet(struct trace *t)
{
	long s = NATIVE(t, socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	long u = NATIVE(t, socket, AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(80),
				   .sin6_addr = in6addr_loopback, .sin6_flowinfo = htonl(5),
				   .sin6_scope_id = 3};
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	NATIVE(t, bind, s, P(&local), 16);
	NATIVE(t, listen, s, 5);
	NATIVE(t, listen, s, (uint32_t)-1);
	NATIVE(t, bind, u, P(&local), 16);
	NATIVE(t, getsockname, s, P(&ss), P(&len));
	NATIVE(t, getsockname, s, P(&ss), P(&len));
	len = 4;
	NATIVE(t, getsockname, s, P(&ss), P(&len));
	len = 128;
	NATIVE(t, getpeername, s, P(&ss), P(&len));
	NATIVE(t, getsockname, s, 0, 0);
	NATIVE(t, accept4, s, P(&ss), P(&len), SOCK_CLOEXEC);
	NATIVE(t, accept, s, 0, 0);
	NATIVE(t, accept4, s, P(&ss), P(&len), 0x100);
	for (int n = 28; n >= 24; n -= 4)
		NATIVE(t, connect, u, P(&in6), n);
	NATIVE(t, connect, u, P(&in6), 8);
	NATIVE(t, connect, u, P(&in6), 1);
	NATIVE(t, connect, u, P(&in6), 0);
	NATIVE(t, connect, u, 0, 16);
	NATIVE(t, connect, u, P(&in6), (uint32_t)-1);
	NATIVE(t, shutdown, s, SHUT_RDWR);
	NATIVE(t, shutdown, s, 7);
	NATIVE(t, shutdown, (uint32_t)-1, SHUT_RD);
	len = 128;
	NATIVE(t, recvfrom, u, P(&ss), 10, MSG_DONTWAIT | MSG_TRUNC, P(&ss), P(&len));
	close(s);
	close(u);
}

static void unix_addresses(struct trace *t)
{
	long s = NATIVE(t, socket, AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/nowhere/x\"y\n\t\\z"};

	NATIVE(t, connect, s, P(&un), sizeof(un));
	NATIVE(t, connect, s, P(&un), 2 + 12);
	NATIVE(t, connect, s, P(&un), 2 + 4);
	memcpy(un.sun_path, "\0ab\0c\377", 6);
	NATIVE(t, connect, s, P(&un), 2 + 6);
	NATIVE(t, connect, s, P(&un), 2);
	NATIVE(t, connect, s, P(&un), 3);
	memcpy(un.sun_path, "\1" "9\0338", 4);
	NATIVE(t, connect, s, P(&un), 2 + 4);
	memset(un.sun_path, 'a', sizeof(un.sun_path));
	NATIVE(t, connect, s, P(&un), sizeof(un));
	close(s);
}

static void other_addresses(struct trace *t)
{
	long s = NATIVE(t, socket, AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK, .nl_pid = 5, .nl_groups = 0x11};
	struct sockaddr_vm vm = {.svm_family = AF_VSOCK, .svm_port = 80, .svm_cid = 2};
	struct sockaddr_alg alg = {.salg_family = AF_ALG, .salg_type = "hash", .salg_name = "sha1"};
	static const uint8_t sco[8] = {31, 0, 5, 0, 1, 2, 3, 4};
	static const uint8_t rfcomm[10] = {31, 0, 5, 0, 1, 2, 3, 4, 5, 0};
	static const uint8_t unknown[14] = {77, 0, 5, 0, 1, 2, 3, '4', 5, 6, 7, 8, 9, 10};
	static const uint8_t qrtr[12] = {42, 0, 0, 0, 1, 0, 0, 0, 5, 6, 7, 8};
	static const uint8_t unspec[16] = {0, 0, 5};

	NATIVE(t, connect, s, P(&nl), sizeof(nl));
	nl.nl_groups = 0;
	NATIVE(t, connect, s, P(&nl), sizeof(nl));
	nl.nl_groups = 0x81000002;
	NATIVE(t, connect, s, P(&nl), sizeof(nl));
	NATIVE(t, connect, s, P(&vm), sizeof(vm));
	vm.svm_cid = 77;
	NATIVE(t, connect, s, P(&vm), sizeof(vm));
	NATIVE(t, connect, s, P(&alg), sizeof(alg));
	NATIVE(t, connect, s, P(sco), sizeof(sco));
	NATIVE(t, connect, s, P(rfcomm), sizeof(rfcomm));
	NATIVE(t, connect, s, P(unknown), sizeof(unknown));
	NATIVE(t, connect, s, P(qrtr), sizeof(qrtr));
	NATIVE(t, connect, s, P(unspec), sizeof(unspec));
	close(s);
}

static void options(struct trace *t)
{
	long s = NATIVE(t, socket, AF_INET, SOCK_STREAM, 0);
	long u = NATIVE(t, socket, AF_INET, SOCK_DGRAM, 0);
	static const int flags[][2] = {
		{SOL_SOCKET, SO_REUSEADDR}, {SOL_TCP, TCP_NODELAY}, {SOL_IP, 999}, 
		{SOL_SOCKET, SO_TIMESTAMP}, {SOL_SOCKET, SO_PRIORITY}, {SOL_IP, IP_PKTINFO},
		{SOL_IP, IP_RECVTTL}, {SOL_IP, IP_RECVERR}, {SOL_SOCKET, SO_KEEPALIVE},
		{SOL_NETLINK, 1}, {SOL_PACKET, 10}, {SOL_IPV6, IPV6_V6ONLY}, {IPPROTO_UDP, 103},
	};
	int one = 1;
	socklen_t len;
	uint8_t value[100];
	struct linger linger = {1, 10};
	struct ip_mreq mreq = {{htonl(0xe0000001)}, {0}};

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		NATIVE(t, setsockopt, s, flags[i][0], flags[i][1], P(&one), 4);
	NATIVE(t, setsockopt, s, SOL_SOCKET, SO_REUSEADDR, 0, 4);
	NATIVE(t, setsockopt, s, SOL_SOCKET, SO_REUSEADDR, P(&one), (uint32_t)-1);
	NATIVE(t, setsockopt, s, SOL_IP, IP_TOS, P(&one), 1);
	NATIVE(t, setsockopt, s, SOL_IP, 999, P("abc"), 3);
	NATIVE(t, setsockopt, s, SOL_SOCKET, SO_LINGER, P(&linger), 8);
	NATIVE(t, setsockopt, u, SOL_IP, IP_ADD_MEMBERSHIP, P(&mreq), 8);
	NATIVE(t, setsockopt, u, SOL_TCP, TCP_ULP, P("tls"), 3);
	NATIVE(t, setsockopt, u, SOL_ALG, 1, P("keykey"), 6);
	len = 4;
	NATIVE(t, getsockopt, s, SOL_SOCKET, SO_ERROR, P(value), P(&len));
	NATIVE(t, getsockopt, s, SOL_SOCKET, SO_RCVLOWAT, P(value), P(&len));
	len = 100;
	NATIVE(t, getsockopt, s, SOL_SOCKET, SO_LINGER, P(value), P(&len));
	len = 100;
	NATIVE(t, getsockopt, s, SOL_SOCKET, SO_ACCEPTCONN, P(value), P(&len));
	NATIVE(t, getsockopt, s, SOL_IP, 999, P(value), P(&len));
	NATIVE(t, getsockopt, s, SOL_IP, 999, P(value), 0);
	len = 0;
	NATIVE(t, getsockopt, s, SOL_TCP, TCP_CONGESTION, P(value), P(&len));
	len = 100;
	NATIVE(t, getsockopt, s, SOL_SOCKET, SO_BINDTODEVICE, P(value), P(&len));
	close(s);
	close(u);
}

static void transfers(struct trace *t)
{
	int pair[2], one = 1;
	char data[100];
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	NATIVE(t, socketpair, AF_UNIX, SOCK_STREAM, 0, 0);
	NATIVE(t, socketpair, AF_UNIX, SOCK_STREAM, 0, P(pair));
	NATIVE(t, sendto, pair[0], P("ab\1\n\377cd\0009efghijklmnopqrstuvwxyz0123456789"), 40,
	       MSG_NOSIGNAL | MSG_DONTWAIT | MSG_MORE | 0x1000000, 0, 0);
	NATIVE(t, recvfrom, pair[1], P(data), 100, 0, P(&ss), P(&len));
	NATIVE(t, recvfrom, pair[1], P(data), 100, MSG_DONTWAIT, 0, 0);
	NATIVE(t, sendto, pair[0], P("x"), 1, 0x4000000 | 0x20000000 | MSG_OOB, P(&local), 16);
	NATIVE(t, getsockopt, pair[0], SOL_SOCKET, SO_PEERCRED, P(data), P(&len));
	len = sizeof(data);
	NATIVE(t, getsockopt, pair[0], SOL_SOCKET, SO_PEERCRED, P(data), P(&len));
	NATIVE(t, setsockopt, pair[0], SOL_SOCKET, SO_PASSCRED, P(&one), 4);
	NATIVE(t, shutdown, pair[0], SHUT_WR);
	NATIVE(t, recvfrom, pair[1], P(data), 100, 0, 0, 0);
	close(pair[0]);
	close(pair[1]);
}

static size_t put_control(char *at, int type, const void *data, size_t len)
{
	struct cmsghdr *h = (struct cmsghdr *)at;

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = type;
	h->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(h), data, len);
	return CMSG_SPACE(len);
}

static void messages(struct trace *t)
{
	int pair[2], one = 1;
	char control[256] = "", out1[4], out2[100];
	struct sockaddr_storage ss;
	struct iovec in[2] = {{"hello", 5}, {"wor", 3}}, out[2] = {{out1, 4}, {out2, 100}};
	struct msghdr m = {.msg_iov = in, .msg_iovlen = 2};
	struct msghdr r = {.msg_iov = out, .msg_iovlen = 2, .msg_control = control};
	struct ucred ucred = {getpid(), 0, 0};

	NATIVE(t, socketpair, AF_UNIX, SOCK_STREAM, 0, P(pair));
	NATIVE(t, sendmsg, pair[1], P(&m), MSG_NOSIGNAL);
	m.msg_control = control;
	m.msg_controllen = put_control(control, SCM_RIGHTS, (int[]){pair[0], 1}, 8);
	m.msg_controllen += put_control(control + m.msg_controllen, SCM_CREDENTIALS, &ucred, 12);
	NATIVE(t, setsockopt, pair[0], SOL_SOCKET, SO_PASSCRED, P(&one), 4);
	NATIVE(t, sendmsg, pair[1], P(&m), 0);
	for (int i = 0; i < 3; i++) {
		r.msg_name = &ss;
		r.msg_namelen = sizeof(ss);
		r.msg_controllen = sizeof(control);
		NATIVE(t, recvmsg, pair[0], P(&r), i == 1 ? MSG_CMSG_CLOEXEC : i ? MSG_DONTWAIT : 0);
	}
	m.msg_name = (void *)&local;
	m.msg_namelen = 16;
	m.msg_controllen = 0;
	m.msg_control = NULL;
	NATIVE(t, sendmsg, pair[0], P(&m), MSG_EOR);
	close(pair[0]);
	close(pair[1]);
}

static void many_messages(struct trace *t)
{
	long u = NATIVE(t, socket, AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to = local;
	socklen_t len = sizeof(to);
	struct sockaddr_storage ss[3];
	char out1[3][4], out2[3][10];
	struct iovec in[2] = {{"hello", 5}, {"wor", 3}}, out[3][2];
	struct mmsghdr s[3], r[3];

	NATIVE(t, bind, u, P(&to), len);
	NATIVE(t, getsockname, u, P(&to), P(&len));
	memset(s, 0, sizeof(s));
	memset(r, 0, sizeof(r));
	for (int i = 0; i < 3; i++) {
		out[i][0] = (struct iovec){out1[i], 4};
		out[i][1] = (struct iovec){out2[i], 10};
		s[i].msg_hdr = (struct msghdr){&to, sizeof(to), in, 2, NULL, 0, 0};
		r[i].msg_hdr = (struct msghdr){&ss[i], sizeof(ss[i]), out[i], 2, NULL, 0, 0};
	}
	NATIVE(t, sendmmsg, u, P(s), 2, MSG_DONTWAIT);
	NATIVE(t, recvmmsg, u, P(r), 3, MSG_DONTWAIT, 0);
	NATIVE(t, recvmmsg, u, P(r), 3, MSG_DONTWAIT, P((&(struct timespec){1, 5})));
	NATIVE(t, sendmmsg, u, P(s), 1, 0);
	NATIVE(t, recvmmsg, u, P(r), 3, MSG_WAITFORONE, P((&(struct timespec){1, 5})));
	close(u);
}

int main(void)
{
	struct trace *t = trace_new(stdout, TRACE_TEXT);

	creation(t);
	inet(t);
	unix_addresses(t);
	other_addresses(t);
	options(t);
	transfers(t);
	messages(t);
	many_messages(t);
	trace_free(t);
	return 0;
}
