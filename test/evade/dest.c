/*
 * dest.c - ways to reach 127.0.0.1 (and ::1) at a port that a policy denies.
 */
#include "evade.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage ss;
};

static int denied_port(void)
{
	return env_int("EVADE_DENIED");
}

/* The address of a text at a port; returns its length. */
static socklen_t address(union address *a, const char *text, int port)
{
	memset(a, 0, sizeof(*a));
	if (strchr(text, ':')) {
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_port = htons(port);
		inet_pton(AF_INET6, text, &a->in6.sin6_addr);
		return sizeof(a->in6);
	}
	a->in.sin_family = AF_INET;
	a->in.sin_port = htons(port);
	inet_pton(AF_INET, text, &a->in.sin_addr);
	return sizeof(a->in);
}

static enum outcome tcp_to(const char *text)
{
	union address a;
	socklen_t len = address(&a, text, denied_port());
	int fd = k_socket(a.sa.sa_family, SOCK_STREAM, 0);

	return k_connect(fd, &a, len) < 0 ? closed(errno) : reached(fd);
}

static enum outcome connect_v4(void) { return tcp_to("127.0.0.1"); }
static enum outcome connect_v4_any(void) { return tcp_to("0.0.0.0"); }
static enum outcome connect_v4_other(void) { return tcp_to("127.255.3.9"); }
static enum outcome connect_v6(void) { return tcp_to("::1"); }
static enum outcome connect_v6_any(void) { return tcp_to("::"); }
static enum outcome connect_mapped(void) { return tcp_to("::ffff:127.0.0.1"); }
static enum outcome connect_mapped_any(void) { return tcp_to("::ffff:0.0.0.0"); }

/* :: of a socket that is bound to a mapped address means 127.0.0.1. */
static enum outcome connect_v6_any_bound_mapped(void)
{
	union address a, from;
	socklen_t len = address(&a, "::", denied_port());
	socklen_t from_len = address(&from, "::ffff:127.0.0.1", 0);
	int fd = k_socket(AF_INET6, SOCK_STREAM, 0);

	if (k_bind(fd, &from, from_len) < 0)
		return broken("bind");
	return k_connect(fd, &a, len) < 0 ? closed(errno) : reached(fd);
}

static enum outcome connect_short_v6(void)
{
	union address a;
	int fd = k_socket(AF_INET6, SOCK_STREAM, 0);

	address(&a, "::1", denied_port());
	return k_connect(fd, &a, 24) < 0 ? closed(errno) : reached(fd);
}

static enum outcome connect_long(void)
{
	union address a;
	int fd = k_socket(AF_INET, SOCK_STREAM, 0);

	address(&a, "127.0.0.1", denied_port());
	return k_connect(fd, &a, 128) < 0 ? closed(errno) : reached(fd);
}

/* Registers that are ints, with their high halves set. */
static enum outcome connect_high_bits(void)
{
#ifdef __x86_64__
	union address a;
	socklen_t len = address(&a, "127.0.0.1", denied_port());
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (syscall(SYS_connect, fd | 0x700000000, &a, len | 0x500000000) < 0)
		return closed(errno);
	return reached(fd);
#else
	return skip("64-bit registers only");
#endif
}

static enum outcome connect_nonblocking(void)
{
	union address a;
	socklen_t len = address(&a, "127.0.0.1", denied_port());
	int fd = k_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (k_connect(fd, &a, len) < 0 && errno != EINPROGRESS)
		return closed(errno);
	return reached(fd);
}

static enum outcome fastopen_connect_option(void)
{
	union address a;
	socklen_t len = address(&a, "127.0.0.1", denied_port());
	int fd = k_socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (k_setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof(one)) < 0)
		return closed(errno);
	if (k_connect(fd, &a, len) < 0)
		return closed(errno);
	return write(fd, "x", 1) < 0 ? closed(errno) : reached(fd);
}

static enum outcome fastopen_sendto(void)
{
	union address a;
	socklen_t len = address(&a, "127.0.0.1", denied_port());
	int fd = k_socket(AF_INET, SOCK_STREAM, 0);

	return k_sendto(fd, "x", 1, MSG_FASTOPEN, &a, len) < 0 ? closed(errno) : reached(fd);
}

static enum outcome send_message(int fd, const void *name, socklen_t len, int flags)
{
	struct iovec iov = {"x", 1};
	struct msghdr m = {.msg_name = (void *)name, .msg_namelen = len, .msg_iov = &iov,
			   .msg_iovlen = 1};

	return k_sendmsg(fd, &m, flags) < 0 ? closed(errno) : reached(fd);
}

static enum outcome fastopen_sendmsg(void)
{
	union address a;
	socklen_t len = address(&a, "127.0.0.1", denied_port());

	return send_message(k_socket(AF_INET, SOCK_STREAM, 0), &a, len, MSG_FASTOPEN);
}

static enum outcome fastopen_sendmmsg(void)
{
	union address a;
	socklen_t len = address(&a, "::ffff:127.0.0.1", denied_port());
	struct iovec iov = {"x", 1};
	struct mmsghdr m = {{.msg_name = &a, .msg_namelen = len, .msg_iov = &iov, .msg_iovlen = 1}, 0};
	int fd = k_socket(AF_INET6, SOCK_STREAM, 0);

	return k_sendmmsg(fd, &m, 1, MSG_FASTOPEN) < 0 ? closed(errno) : reached(fd);
}

static enum outcome udp_to(int family, const char *text, int as_family)
{
	union address a;
	socklen_t len = address(&a, text, denied_port());
	int fd = k_socket(family, SOCK_DGRAM, 0);

	if (as_family >= 0)
		a.sa.sa_family = as_family;
	return k_sendto(fd, "x", 1, 0, &a, len) < 0 ? closed(errno) : reached(fd);
}

static enum outcome udp_v4(void) { return udp_to(AF_INET, "127.0.0.1", -1); }
static enum outcome udp_v4_any(void) { return udp_to(AF_INET, "0.0.0.0", -1); }
static enum outcome udp_v4_unspec(void) { return udp_to(AF_INET, "127.0.0.1", AF_UNSPEC); }
static enum outcome udp_v6(void) { return udp_to(AF_INET6, "::1", -1); }
static enum outcome udp_v6_any(void) { return udp_to(AF_INET6, "::", -1); }
static enum outcome udp_mapped(void) { return udp_to(AF_INET6, "::ffff:127.0.0.1", -1); }
static enum outcome udp_mapped_any(void) { return udp_to(AF_INET6, "::ffff:0.0.0.0", -1); }
static enum outcome udp_v4_on_v6(void) { return udp_to(AF_INET6, "127.0.0.1", -1); }

static enum outcome udp_sendmsg(void)
{
	union address a;
	socklen_t len = address(&a, "127.0.0.1", denied_port());

	return send_message(k_socket(AF_INET, SOCK_DGRAM, 0), &a, len, 0);
}

static enum outcome udp_connect(void)
{
	union address a;
	socklen_t len = address(&a, "127.0.0.1", denied_port());
	int fd = k_socket(AF_INET, SOCK_DGRAM, 0);

	if (k_connect(fd, &a, len) < 0)
		return closed(errno);
	return write(fd, "x", 1) < 0 ? closed(errno) : reached(fd);
}

/* A socket that was connected to what is allowed. */
static int connected_udp(void)
{
	union address a;
	socklen_t len = address(&a, "127.0.0.1", env_int("EVADE_ALLOWED"));
	int fd = k_socket(AF_INET, SOCK_DGRAM, 0);

	return k_connect(fd, &a, len) < 0 ? -1 : fd;
}

static enum outcome udp_connect_twice(void)
{
	union address a;
	socklen_t len = address(&a, "127.0.0.1", denied_port());
	int fd = connected_udp();

	if (fd < 0)
		return broken("connect");
	if (k_connect(fd, &a, len) < 0)
		return closed(errno);
	return write(fd, "x", 1) < 0 ? closed(errno) : reached(fd);
}

static enum outcome udp_reconnect_unspec(void)
{
	union address a, none = {.sa = {.sa_family = AF_UNSPEC}};
	socklen_t len = address(&a, "127.0.0.1", denied_port());
	int fd = connected_udp();

	if (fd < 0 || k_connect(fd, &none, sizeof(none.sa)) < 0)
		return broken("disconnect");
	if (k_connect(fd, &a, len) < 0)
		return closed(errno);
	return write(fd, "x", 1) < 0 ? closed(errno) : reached(fd);
}

/* Each answer is looked at: the denied target's says that it was reached. */
static enum outcome answers(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char answer;
	bool any = false;

	while (poll(&p, 1, 300) == 1 && recv(fd, &answer, 1, MSG_DONTWAIT) == 1) {
		if (answer == 'D')
			return through("the target answered");
		any = true;
	}
	return any ? closed(EPERM) : closed(ETIMEDOUT);
}

static enum outcome udp_connected_sendto(void)
{
	union address a;
	socklen_t len = address(&a, "127.0.0.1", denied_port());
	int fd = connected_udp(), out;

	if (fd < 0)
		return broken("connect");
	/* A connected socket hears its peer only: bind, and hear by another. */
	out = k_sendto(fd, "x", 1, 0, &a, len);
	return out < 0 ? closed(errno) : through("sent");
}

static enum outcome udp_second_message(void)
{
	union address good, bad;
	socklen_t good_len = address(&good, "127.0.0.1", env_int("EVADE_ALLOWED"));
	socklen_t bad_len = address(&bad, "127.0.0.1", denied_port());
	struct iovec iov = {"x", 1};
	struct mmsghdr m[3] = {
		{{.msg_name = &good, .msg_namelen = good_len, .msg_iov = &iov, .msg_iovlen = 1}, 0},
		{{.msg_name = &bad, .msg_namelen = bad_len, .msg_iov = &iov, .msg_iovlen = 1}, 0},
		{{.msg_name = &good, .msg_namelen = good_len, .msg_iov = &iov, .msg_iovlen = 1}, 0},
	};
	int fd = k_socket(AF_INET, SOCK_DGRAM, 0);
	int n = k_sendmmsg(fd, m, 3, 0);

	if (n < 1)
		return broken("sendmmsg: %d", n);
	return answers(fd);
}

/* More messages than one call may carry. */
static enum outcome udp_late_message(void)
{
	enum { N = 2000 };
	static struct mmsghdr m[N];
	union address good, bad;
	socklen_t good_len = address(&good, "127.0.0.1", env_int("EVADE_ALLOWED"));
	socklen_t bad_len = address(&bad, "127.0.0.1", denied_port());
	struct iovec iov = {"x", 1};
	int fd = k_socket(AF_INET, SOCK_DGRAM, 0);

	for (int i = 0; i < N; i++)
		m[i].msg_hdr = (struct msghdr){
			.msg_name = i == 1023 ? (void *)&bad : &good,
			.msg_namelen = i == 1023 ? bad_len : good_len,
			.msg_iov = &iov, .msg_iovlen = 1,
		};
	int n = k_sendmmsg(fd, m, N, 0);
	if (n < 1023)
		return broken("sendmmsg: %d", n);
	return n == 1024 ? through("sent all") : closed(EPERM);
}

static enum outcome source_route_option(void)
{
	uint8_t route[11] = {0x83 /* LSRR */, 11, 4, 127, 0, 0, 1, 127, 0, 0, 2};
	int fd = k_socket(AF_INET, SOCK_DGRAM, 0);

	return judge(k_setsockopt(fd, IPPROTO_IP, IP_OPTIONS, route, sizeof(route)));
}

static enum outcome source_route_message(void)
{
	union address a;
	socklen_t len = address(&a, "127.0.0.1", env_int("EVADE_ALLOWED"));
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(11)];
	} control = {{CMSG_LEN(11), IPPROTO_IP, IP_RETOPTS}};
	struct iovec iov = {"x", 1};
	struct msghdr m = {.msg_name = &a, .msg_namelen = len, .msg_iov = &iov, .msg_iovlen = 1,
			   .msg_control = &control, .msg_controllen = sizeof(control)};

	memcpy(CMSG_DATA(&control.h), "\x83\x0b\x04\x7f\0\0\1\x7f\0\0\2", 11);
	return judge(k_sendmsg(k_socket(AF_INET, SOCK_DGRAM, 0), &m, 0));
}

/* A denied control message behind one that is harmless. */
static enum outcome source_route_second_message(void)
{
	union address a;
	socklen_t len = address(&a, "127.0.0.1", env_int("EVADE_ALLOWED"));
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(4) + CMSG_SPACE(11)];
	} control = {{CMSG_LEN(4), IPPROTO_IP, IP_TTL}};
	struct iovec iov = {"x", 1};
	struct msghdr m = {.msg_name = &a, .msg_namelen = len, .msg_iov = &iov, .msg_iovlen = 1,
			   .msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	memcpy(CMSG_DATA(h), &(int){9}, 4);
	h = (void *)((char *)h + CMSG_SPACE(4));
	*h = (struct cmsghdr){CMSG_LEN(11), IPPROTO_IP, IP_RETOPTS};
	memcpy(CMSG_DATA(h), "\x83\x0b\x04\x7f\0\0\1\x7f\0\0\2", 11);
	return judge(k_sendmsg(k_socket(AF_INET, SOCK_DGRAM, 0), &m, 0));
}

static enum outcome routing_header(void)
{
	uint8_t route[24] = {[1] = 2, [2] = 4, [3] = 0, [23] = 1};
	int fd = k_socket(AF_INET6, SOCK_DGRAM, 0);
	int ret = k_setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, route, sizeof(route));

	if (ret < 0 && errno == EINVAL) /* no segment routing here; type 2 is for Mobile IP */ {
		route[2] = 2;
		route[3] = 1;
		ret = k_setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, route, sizeof(route));
	}
	if (ret < 0 && errno == EINVAL)
		return skip("this kernel knows no routing header");
	return judge(ret);
}

const struct attack dest_attacks[] = {
	{"connect-v4", connect_v4},
	{"connect-v4-any", connect_v4_any},
	{"connect-v4-other", connect_v4_other},
	{"connect-v6", connect_v6},
	{"connect-v6-any", connect_v6_any},
	{"connect-v6-any-bound-mapped", connect_v6_any_bound_mapped},
	{"connect-mapped", connect_mapped},
	{"connect-mapped-any", connect_mapped_any},
	{"connect-short-v6", connect_short_v6},
	{"connect-long", connect_long},
	{"connect-high-bits", connect_high_bits},
	{"connect-nonblocking", connect_nonblocking},
	{"fastopen-connect-option", fastopen_connect_option},
	{"fastopen-sendto", fastopen_sendto},
	{"fastopen-sendmsg", fastopen_sendmsg},
	{"fastopen-sendmmsg", fastopen_sendmmsg},
	{"udp-v4", udp_v4},
	{"udp-v4-any", udp_v4_any},
	{"udp-v4-unspec", udp_v4_unspec},
	{"udp-v6", udp_v6},
	{"udp-v6-any", udp_v6_any},
	{"udp-mapped", udp_mapped},
	{"udp-mapped-any", udp_mapped_any},
	{"udp-v4-on-v6", udp_v4_on_v6},
	{"udp-sendmsg", udp_sendmsg},
	{"udp-connect", udp_connect},
	{"udp-connect-twice", udp_connect_twice},
	{"udp-reconnect-unspec", udp_reconnect_unspec},
	{"udp-connected-sendto", udp_connected_sendto},
	{"udp-second-message", udp_second_message},
	{"udp-late-message", udp_late_message},
	{"source-route-option", source_route_option},
	{"source-route-message", source_route_message},
	{"source-route-second-message", source_route_second_message},
	{"routing-header", routing_header},
	{NULL, NULL},
};
