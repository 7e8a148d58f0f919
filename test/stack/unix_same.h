/*
 * unix_same.h - one case, two systems: the host's kernel, and a network of ours.
 *
 * A case is a function that makes calls through a struct sys and says what it saw
 * (say()); it is run on both, and what was said must be the same. All calls return
 * what the system call returns, or -errno.
 */
#ifndef UNIX_SAME_H
#define UNIX_SAME_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <socketcall.h>

struct sys {
	struct sc_task *task; /* NULL: the host's kernel */
	struct sc_net *net;
	struct sc_host *host;
	char said[1 << 19];
	size_t len;
};

struct same_case {
	const char *name;
	void (*run)(struct sys *);
	int major, minor; /* the host must be this new; 0: any */
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
	say(y, "%s: %ld%s%s", what, n < 0 ? -1 : n, n < 0 ? " " : "", n < 0 ? strerrorname_np(-n) : "");
	return n;
}

#define BOTH(type, call, ours, theirs) \
	static inline type call \
	{ \
		const long ret_ = y->task ? (long)(ours) : (long)(theirs); \
		return !y->task && ret_ < 0 ? -errno : ret_; \
	}

BOTH(int, do_socket(struct sys *y, int type), sc_socket(y->task, AF_UNIX, type, 0),
     socket(AF_UNIX, type, 0))
BOTH(int, do_pair(struct sys *y, int type, int *s), sc_socketpair(y->task, AF_UNIX, type, 0, s),
     socketpair(AF_UNIX, type, 0, s))
BOTH(int, do_bind(struct sys *y, int s, const void *a, socklen_t n), sc_bind(y->task, s, a, n),
     bind(s, a, n))
BOTH(int, do_connect(struct sys *y, int s, const void *a, socklen_t n),
     sc_connect(y->task, s, a, n), connect(s, a, n))
BOTH(int, do_listen(struct sys *y, int s, int n), sc_listen(y->task, s, n), listen(s, n))
BOTH(int, do_accept(struct sys *y, int s, void *a, socklen_t *n), sc_accept(y->task, s, a, n),
     accept(s, a, n))
BOTH(int, do_name(struct sys *y, int s, void *a, socklen_t *n), sc_getsockname(y->task, s, a, n),
     getsockname(s, a, n))
BOTH(int, do_peer(struct sys *y, int s, void *a, socklen_t *n), sc_getpeername(y->task, s, a, n),
     getpeername(s, a, n))
BOTH(long, do_send(struct sys *y, int s, const void *b, size_t n, int f),
     sc_send(y->task, s, b, n, f), send(s, b, n, f))
BOTH(long, do_recv(struct sys *y, int s, void *b, size_t n, int f), sc_recv(y->task, s, b, n, f),
     recv(s, b, n, f))
BOTH(long, do_sendto(struct sys *y, int s, const void *b, size_t n, int f, const void *a,
		     socklen_t l),
     sc_sendto(y->task, s, b, n, f, a, l), sendto(s, b, n, f, a, l))
BOTH(long, do_recvfrom(struct sys *y, int s, void *b, size_t n, int f, void *a, socklen_t *l),
     sc_recvfrom(y->task, s, b, n, f, a, l), recvfrom(s, b, n, f, a, l))
BOTH(long, do_sendmsg(struct sys *y, int s, const struct msghdr *m, int f),
     sc_sendmsg(y->task, s, m, f), sendmsg(s, m, f))
BOTH(long, do_recvmsg(struct sys *y, int s, struct msghdr *m, int f),
     sc_recvmsg(y->task, s, m, f), recvmsg(s, m, f))
BOTH(int, do_shutdown(struct sys *y, int s, int how), sc_shutdown(y->task, s, how),
     shutdown(s, how))
BOTH(int, do_setopt(struct sys *y, int s, int o, const void *v, socklen_t n),
     sc_setsockopt(y->task, s, SOL_SOCKET, o, v, n), setsockopt(s, SOL_SOCKET, o, v, n))
BOTH(int, do_getopt(struct sys *y, int s, int o, void *v, socklen_t *n),
     sc_getsockopt(y->task, s, SOL_SOCKET, o, v, n), getsockopt(s, SOL_SOCKET, o, v, n))
BOTH(int, do_close(struct sys *y, int s), sc_close(y->task, s), close(s))
BOTH(int, do_dup(struct sys *y, int s), sc_dup(y->task, s), dup(s))
BOTH(int, do_ioctl(struct sys *y, int s, unsigned long r, void *a), sc_ioctl(y->task, s, r, a),
     ioctl(s, r, a))
BOTH(int, do_fcntl(struct sys *y, int s, int cmd, long arg), sc_fcntl(y->task, s, cmd, arg),
     fcntl(s, cmd, arg))
BOTH(int, do_poll(struct sys *y, struct pollfd *p, unsigned n, int ms),
     sc_poll(y->task, p, n, ms), poll(p, n, ms))

/* An address: a path, or of an abstract name what follows '@'. Names have the process's
 * number, so that the host has none of them. */
static inline socklen_t name_of(struct sockaddr_un *a, const char *name)
{
	char text[108];
	int n = snprintf(text, sizeof(text), "%s-%d", name, (int)getpid());

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, text, n);
	if (*name == '@')
		a->sun_path[0] = 0;
	return offsetof(struct sockaddr_un, sun_path) + n + (*name != '@');
}

static inline int bound(struct sys *y, int type, const char *name)
{
	struct sockaddr_un a;
	socklen_t n = name_of(&a, name);
	int s = do_socket(y, type), err = do_bind(y, s, &a, n);

	if (err)
		saw(y, "bind", err);
	return s;
}

static inline int listening(struct sys *y, int type, const char *name, int backlog)
{
	int s = bound(y, type, name), err = do_listen(y, s, backlog);

	if (err)
		saw(y, "listen", err);
	return s;
}

static inline int to_name(struct sys *y, int s, const char *name)
{
	struct sockaddr_un a;
	socklen_t n = name_of(&a, name);

	return do_connect(y, s, &a, n);
}

static inline void forget(struct sys *y, const char *name)
{
	struct sockaddr_un a;

	name_of(&a, name);
	if (y->task)
		sc_unlink(y->host, a.sun_path);
	else
		unlink(a.sun_path);
}

static inline void say_poll_but(struct sys *y, const char *what, int s, short not_these)
{
	struct pollfd p = {.fd = s,
			   .events = (POLLIN | POLLOUT | POLLPRI | POLLRDHUP) & ~not_these};

	do_poll(y, &p, 1, 0);
	say(y, "%s polls%s%s%s%s%s%s", what, p.revents & POLLIN ? " IN" : "",
	    p.revents & POLLOUT ? " OUT" : "", p.revents & POLLPRI ? " PRI" : "",
	    p.revents & POLLRDHUP ? " RDHUP" : "", p.revents & POLLHUP ? " HUP" : "",
	    p.revents & POLLERR ? " ERR" : "");
}

static inline void say_poll(struct sys *y, const char *what, int s)
{
	say_poll_but(y, what, s, 0);
}

/* Reads, and says what came. */
static inline long got(struct sys *y, const char *what, int s, size_t n, int flags)
{
	char buf[256] = {0};
	long r = do_recv(y, s, buf, n, flags | MSG_DONTWAIT);

	say(y, "%s: %ld %s", what, r < 0 ? -1 : r,
	    r < 0 ? strerrorname_np(-r) : n < sizeof(buf) ? buf : "");
	return r;
}

static inline void say_error(struct sys *y, const char *what, int s)
{
	int err = 0;
	socklen_t n = sizeof(err);

	do_getopt(y, s, SO_ERROR, &err, &n);
	say(y, "%s: SO_ERROR %s", what, err ? strerrorname_np(err) : "0");
}

/* Runs every case on both; the number of those that differ. */
int same_run(const struct same_case *, size_t n);

#endif
