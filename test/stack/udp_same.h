/*
 * udp_same.h - one case, two systems: the host's kernel, and a network of ours.
 *
 * A case is a function that makes calls through a struct sys and says what it saw
 * (say()); it is run on both, and what was said must be the same. Calls return what the
 * system call returns, or -errno. There are two hosts, A (10.0.0.1, fd00::1) and B
 * (10.0.0.2, fd00::2), on one link: on the kernel's side two network namespaces and a
 * pair of veth devices.
 */
#ifndef UDP_SAME_H
#define UDP_SAME_H

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include <socketcall.h>

enum { A = 0, B = 1 };

struct sys {
	bool ours;
	struct sc_net *net;
	struct sc_host *host[2];
	struct sc_task *task[2];
	int ns[2];
	int on;            /* whose sockets calls are about: A or B */
	char said[65536];
	size_t len;
};

struct same_case {
	const char *name;
	void (*run)(struct sys *);
};

static inline __attribute__((format(printf, 2, 3))) void say(struct sys *y, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	y->len += vsnprintf(y->said + y->len, sizeof(y->said) - y->len, fmt, ap);
	va_end(ap);
	if (y->len + 2 > sizeof(y->said))
		abort();
	y->said[y->len++] = '\n';
	y->said[y->len] = 0;
}

/* A result: what it is, and its error by name. */
static inline long saw(struct sys *y, const char *what, long n)
{
	say(y, "%s: %ld%s%s", what, n < 0 ? -1 : n, n < 0 ? " " : "",
	    n < 0 ? strerrorname_np(-n) : "");
	return n;
}
/* A call with its text as what it is. */
#define SAW(y, call) saw(y, #call, call)

#define TASK (y->task[y->on])
#define CALL(type, params, with_ours, with_theirs) \
	static inline type params \
	{ \
		long ret_ = y->ours ? (long)(with_ours) : (long)(with_theirs); \
		return !y->ours && ret_ < 0 ? -errno : ret_; \
	}

void enter_host(struct sys *y, int which); /* for calls of its program */
CALL(int, do_socket(struct sys *y, int family), sc_socket(TASK, family, SOCK_DGRAM, 0),
     socket(family, SOCK_DGRAM, 0))
CALL(int, do_stream(struct sys *y, int family), sc_socket(TASK, family, SOCK_STREAM, 0),
     socket(family, SOCK_STREAM, 0))
CALL(int, do_bind(struct sys *y, int s, const void *a, socklen_t n), sc_bind(TASK, s, a, n),
     bind(s, a, n))
CALL(int, do_connect(struct sys *y, int s, const void *a, socklen_t n), sc_connect(TASK, s, a, n),
     connect(s, a, n))
CALL(int, do_name(struct sys *y, int s, void *a, socklen_t *n), sc_getsockname(TASK, s, a, n),
     getsockname(s, a, n))
CALL(int, do_peer(struct sys *y, int s, void *a, socklen_t *n), sc_getpeername(TASK, s, a, n),
     getpeername(s, a, n))
CALL(long, do_send(struct sys *y, int s, const void *b, size_t n, int f),
     sc_send(TASK, s, b, n, f), send(s, b, n, f))
CALL(long, do_recv(struct sys *y, int s, void *b, size_t n, int f), sc_recv(TASK, s, b, n, f),
     recv(s, b, n, f))
CALL(long, do_sendto(struct sys *y, int s, const void *b, size_t n, int f, const void *a,
		     socklen_t l),
     sc_sendto(TASK, s, b, n, f, a, l), sendto(s, b, n, f, a, l))
CALL(long, do_sendmsg(struct sys *y, int s, const struct msghdr *m, int f),
     sc_sendmsg(TASK, s, m, f), sendmsg(s, m, f))
CALL(long, do_recvmsg(struct sys *y, int s, struct msghdr *m, int f), sc_recvmsg(TASK, s, m, f),
     recvmsg(s, m, f))
CALL(int, do_shutdown(struct sys *y, int s, int how), sc_shutdown(TASK, s, how), shutdown(s, how))
CALL(int, do_setopt(struct sys *y, int s, int l, int o, const void *v, socklen_t n),
     sc_setsockopt(TASK, s, l, o, v, n), setsockopt(s, l, o, v, n))
CALL(int, do_getopt(struct sys *y, int s, int l, int o, void *v, socklen_t *n),
     sc_getsockopt(TASK, s, l, o, v, n), getsockopt(s, l, o, v, n))
CALL(int, do_close(struct sys *y, int s), sc_close(TASK, s), close(s))
CALL(int, do_ioctl(struct sys *y, int s, unsigned long r, void *a), sc_ioctl(TASK, s, r, a),
     ioctl(s, r, a))
CALL(int, do_poll(struct sys *y, struct pollfd *p, unsigned n, int ms), sc_poll(TASK, p, n, ms),
     poll(p, n, ms))

static inline int set_int(struct sys *y, int s, int level, int name, int v)
{
	return do_setopt(y, s, level, name, &v, sizeof(v));
}

/* An address by its text, of either family; *len is its length. */
static inline const void *at(const char *text, int port, socklen_t *len)
{
	static struct sockaddr_storage ring[8];
	static unsigned turn;
	struct sockaddr_storage *ss = &ring[turn++ % 8];
	struct sockaddr_in *in = (void *)ss;
	struct sockaddr_in6 *in6 = (void *)ss;
	char copy[64], *scope;

	memset(ss, 0, sizeof(*ss));
	snprintf(copy, sizeof(copy), "%s", text);
	scope = strchr(copy, '%');
	if (scope)
		*scope++ = 0;
	if (inet_pton(AF_INET, copy, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		*len = sizeof(*in);
		return ss;
	}
	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET6, copy, &in6->sin6_addr) != 1)
		abort();
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	in6->sin6_scope_id = scope ? atoi(scope) : 0;
	*len = sizeof(*in6);
	return ss;
}

static inline int bind_to(struct sys *y, int s, const char *text, int port)
{
	socklen_t n;
	const void *a = at(text, port, &n);

	return do_bind(y, s, a, n);
}
static inline int connect_to(struct sys *y, int s, const char *text, int port)
{
	socklen_t n;
	const void *a = at(text, port, &n);

	return do_connect(y, s, a, n);
}
static inline long send_to(struct sys *y, int s, const char *bytes, const char *text, int port)
{
	socklen_t n;
	const void *a = at(text, port, &n);

	return do_sendto(y, s, bytes, strlen(bytes), 0, a, n);
}

/* A socket of a host, bound. */
static inline int bound(struct sys *y, int host, int family, const char *text, int port)
{
	int s;

	enter_host(y, host);
	s = do_socket(y, family);
	if (bind_to(y, s, text, port))
		say(y, "cannot bind to %s", text);
	return s;
}

/* Ephemeral ports differ. */
static inline int shown_port(int port)
{
	return port >= 32768 ? -1 : port;
}

static inline const char *address_text(const void *a, socklen_t len, char *out, size_t size)
{
	const struct sockaddr_in *in = a;
	const struct sockaddr_in6 *in6 = a;
	char ip[64] = "?";

	if (len < 2) {
		snprintf(out, size, "none");
	} else if (in->sin_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip));
		snprintf(out, size, "%s:%d", ip, shown_port(ntohs(in->sin_port)));
	} else if (in->sin_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip));
		snprintf(out, size, "[%s%%%u]:%d", ip, in6->sin6_scope_id,
			 shown_port(ntohs(in6->sin6_port)));
	} else {
		snprintf(out, size, "family %d", in->sin_family);
	}
	return out;
}

static inline void say_names(struct sys *y, const char *what, int s)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	char text[128];
	int err = do_name(y, s, &a, &n);

	say(y, "%s is %s", what, err ? strerrorname_np(-err) : address_text(&a, n, text, 128));
	n = sizeof(a);
	err = do_peer(y, s, &a, &n);
	say(y, "%s to %s", what, err ? strerrorname_np(-err) : address_text(&a, n, text, 128));
}

static inline void say_poll(struct sys *y, const char *what, int s)
{
	struct pollfd p = {.fd = s, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP};

	do_poll(y, &p, 1, 0);
	say(y, "%s polls%s%s%s%s%s%s", what, p.revents & POLLIN ? " IN" : "",
	    p.revents & POLLOUT ? " OUT" : "", p.revents & POLLPRI ? " PRI" : "",
	    p.revents & POLLRDHUP ? " RDHUP" : "", p.revents & POLLHUP ? " HUP" : "",
	    p.revents & POLLERR ? " ERR" : "");
}

static inline void say_error(struct sys *y, const char *what, int s)
{
	int err = 0;
	socklen_t n = sizeof(err);

	do_getopt(y, s, SOL_SOCKET, SO_ERROR, &err, &n);
	say(y, "%s: SO_ERROR %s", what, err ? strerrorname_np(err) : "0");
}

/* Reads with everything there is to read, and says it: bytes, from whom, flags, control. */
long got(struct sys *y, const char *what, int s, size_t room, int flags);

/* Runs every case on both; the number of those that differ. */
int same_run(const struct same_case *, size_t n);

#endif
