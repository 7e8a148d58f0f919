/*
 * tcp_same.h - one case of TCP, two systems: the host's kernel, and a network of ours.
 *
 * A case makes calls through a struct sys and says what it saw; what was said on both
 * must be the same. Calls return what the system call returns, or -errno. All of it is
 * on the loopback device, in virtual time on our side.
 */
#ifndef TCP_SAME_H
#define TCP_SAME_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <socketcall.h>

struct sys {
	bool ours;
	struct sc_net *net;
	struct sc_task *task;
	char said[1 << 16];
	size_t len;
};

struct same_case {
	const char *name;
	void (*run)(struct sys *);
};

__attribute__((format(printf, 2, 3))) void say(struct sys *y, const char *fmt, ...);
/* A result: what it is, and its error by name. */
long saw(struct sys *y, const char *what, long n);
#define SAW(y, call) saw(y, #call, call)

#define CALL(type, params, with_ours, with_theirs)                                        \
	static inline type params                                                         \
	{                                                                                 \
		long ret_ = y->ours ? (long)(with_ours) : (long)(with_theirs);            \
		return !y->ours && ret_ < 0 ? -errno : ret_;                              \
	}

CALL(int, do_socket(struct sys *y, int family), sc_socket(y->task, family, SOCK_STREAM, 0),
     socket(family, SOCK_STREAM, 0))
CALL(int, do_bind(struct sys *y, int s, const void *a, socklen_t n), sc_bind(y->task, s, a, n),
     bind(s, a, n))
CALL(int, do_connect(struct sys *y, int s, const void *a, socklen_t n),
     sc_connect(y->task, s, a, n), connect(s, a, n))
CALL(int, do_listen(struct sys *y, int s, int n), sc_listen(y->task, s, n), listen(s, n))
CALL(int, do_accept(struct sys *y, int s), sc_accept(y->task, s, NULL, NULL),
     accept(s, NULL, NULL))
CALL(int, do_accept_name(struct sys *y, int s, void *a, socklen_t *n),
     sc_accept(y->task, s, a, n), accept(s, a, n))
CALL(int, do_name(struct sys *y, int s, void *a, socklen_t *n), sc_getsockname(y->task, s, a, n),
     getsockname(s, a, n))
CALL(int, do_peer(struct sys *y, int s, void *a, socklen_t *n), sc_getpeername(y->task, s, a, n),
     getpeername(s, a, n))
CALL(long, do_send(struct sys *y, int s, const void *b, size_t n, int f),
     sc_send(y->task, s, b, n, f | MSG_NOSIGNAL), send(s, b, n, f | MSG_NOSIGNAL))
CALL(long, do_recv(struct sys *y, int s, void *b, size_t n, int f), sc_recv(y->task, s, b, n, f),
     recv(s, b, n, f))
CALL(long, do_sendmsg(struct sys *y, int s, const struct msghdr *m, int f),
     sc_sendmsg(y->task, s, m, f | MSG_NOSIGNAL), sendmsg(s, m, f | MSG_NOSIGNAL))
CALL(long, do_recvmsg(struct sys *y, int s, struct msghdr *m, int f),
     sc_recvmsg(y->task, s, m, f), recvmsg(s, m, f))
CALL(int, do_shutdown(struct sys *y, int s, int how), sc_shutdown(y->task, s, how),
     shutdown(s, how))
CALL(int, do_setopt(struct sys *y, int s, int l, int o, const void *v, socklen_t n),
     sc_setsockopt(y->task, s, l, o, v, n), setsockopt(s, l, o, v, n))
CALL(int, do_getopt(struct sys *y, int s, int l, int o, void *v, socklen_t *n),
     sc_getsockopt(y->task, s, l, o, v, n), getsockopt(s, l, o, v, n))
CALL(int, do_close(struct sys *y, int s), sc_close(y->task, s), close(s))
CALL(int, do_ioctl(struct sys *y, int s, unsigned long r, void *a), sc_ioctl(y->task, s, r, a),
     ioctl(s, r, a))
CALL(int, do_poll(struct sys *y, struct pollfd *p, unsigned n, int ms),
     sc_poll(y->task, p, n, ms), poll(p, n, ms))
CALL(int, do_fcntl(struct sys *y, int s, int cmd, long arg), sc_fcntl(y->task, s, cmd, arg),
     fcntl(s, cmd, arg))

/* Gives the kernel time to have all arrive; lets as much pass on our side. */
void settle(struct sys *y, int ms);

int set_int(struct sys *y, int s, int level, int name, int v);
/* The value of an option, or -errno. */
long get_int(struct sys *y, int s, int level, int name);
/* 127.0.0.1, or ::1, and a port: 0 for *len bytes of it. */
const void *loopback(int family, int port, socklen_t *len);
int port_of(struct sys *y, int s);
/* A listener of that family at a port of its choice. */
int new_listener(struct sys *y, int family, int backlog);
/* connect(2) to a listener's port on loopback. */
int call_port(struct sys *y, int s, int family, int port);
struct pair {
	int l, c, a; /* the listener, who called, who was accepted */
};
struct pair new_pair(struct sys *y, int family);
void close_pair(struct sys *y, struct pair *p);

/* What poll(2) says of all events; SIOCINQ, SIOCOUTQ, SIOCATMARK; SO_ERROR. */
void say_poll(struct sys *y, const char *what, int s);
void say_queues(struct sys *y, const char *what, int s);
void say_error(struct sys *y, const char *what, int s);
/* Both names, but for ports. */
void say_names(struct sys *y, const char *what, int s);
/* recv(2) without waiting, with the bytes. */
long got(struct sys *y, const char *what, int s, size_t room, int flags);

/* Runs all on both, and compares. 0 if they agree. */
int same_run(const struct same_case *, unsigned n, const char *only);

#endif
