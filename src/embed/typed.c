/*
 * typed.c - the twenty calls by their names, for callers in this process.
 */
#include "embed.h"

/* Words as a call has them: numbers keep their sign, addresses their width. */
#define N(x) ((uint64_t)(int64_t)(x))
#define P(x) ((uint64_t)(uintptr_t)(x))
#define CALL_WITH(t, nr, ...) call_own(t, nr, (const uint64_t[6]){__VA_ARGS__})

int sc_socket(struct sc_task *t, int domain, int type, int protocol)
{
	return CALL_WITH(t, CALL_socket, N(domain), N(type), N(protocol));
}

int sc_bind(struct sc_task *t, int fd, const struct sockaddr *addr, socklen_t len)
{
	return CALL_WITH(t, CALL_bind, N(fd), P(addr), N(len));
}

int sc_connect(struct sc_task *t, int fd, const struct sockaddr *addr, socklen_t len)
{
	return CALL_WITH(t, CALL_connect, N(fd), P(addr), N(len));
}

int sc_listen(struct sc_task *t, int fd, int backlog)
{
	return CALL_WITH(t, CALL_listen, N(fd), N(backlog));
}

int sc_accept(struct sc_task *t, int fd, struct sockaddr *addr, socklen_t *len)
{
	return CALL_WITH(t, CALL_accept, N(fd), P(addr), P(len));
}

int sc_getsockname(struct sc_task *t, int fd, struct sockaddr *addr, socklen_t *len)
{
	return CALL_WITH(t, CALL_getsockname, N(fd), P(addr), P(len));
}

int sc_getpeername(struct sc_task *t, int fd, struct sockaddr *addr, socklen_t *len)
{
	return CALL_WITH(t, CALL_getpeername, N(fd), P(addr), P(len));
}

int sc_socketpair(struct sc_task *t, int domain, int type, int protocol, int sv[2])
{
	return CALL_WITH(t, CALL_socketpair, N(domain), N(type), N(protocol), P(sv));
}

ssize_t sc_send(struct sc_task *t, int fd, const void *buf, size_t len, int flags)
{
	return CALL_WITH(t, CALL_send, N(fd), P(buf), len, N(flags));
}

ssize_t sc_recv(struct sc_task *t, int fd, void *buf, size_t len, int flags)
{
	return CALL_WITH(t, CALL_recv, N(fd), P(buf), len, N(flags));
}

ssize_t sc_sendto(struct sc_task *t, int fd, const void *buf, size_t len, int flags,
		  const struct sockaddr *to, socklen_t tolen)
{
	return CALL_WITH(t, CALL_sendto, N(fd), P(buf), len, N(flags), P(to), N(tolen));
}

ssize_t sc_recvfrom(struct sc_task *t, int fd, void *buf, size_t len, int flags,
		    struct sockaddr *from, socklen_t *fromlen)
{
	return CALL_WITH(t, CALL_recvfrom, N(fd), P(buf), len, N(flags), P(from), P(fromlen));
}

int sc_shutdown(struct sc_task *t, int fd, int how)
{
	return CALL_WITH(t, CALL_shutdown, N(fd), N(how));
}

int sc_setsockopt(struct sc_task *t, int fd, int level, int name, const void *val,
		  socklen_t len)
{
	return CALL_WITH(t, CALL_setsockopt, N(fd), N(level), N(name), P(val), N(len));
}

int sc_getsockopt(struct sc_task *t, int fd, int level, int name, void *val, socklen_t *len)
{
	return CALL_WITH(t, CALL_getsockopt, N(fd), N(level), N(name), P(val), P(len));
}

ssize_t sc_sendmsg(struct sc_task *t, int fd, const struct msghdr *msg, int flags)
{
	return CALL_WITH(t, CALL_sendmsg, N(fd), P(msg), N(flags));
}

ssize_t sc_recvmsg(struct sc_task *t, int fd, struct msghdr *msg, int flags)
{
	return CALL_WITH(t, CALL_recvmsg, N(fd), P(msg), N(flags));
}

int sc_accept4(struct sc_task *t, int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	return CALL_WITH(t, CALL_accept4, N(fd), P(addr), P(len), N(flags));
}

int sc_recvmmsg(struct sc_task *t, int fd, struct mmsghdr *msgs, unsigned n, int flags,
		struct timespec *timeout)
{
	return CALL_WITH(t, CALL_recvmmsg, N(fd), P(msgs), n, N(flags), P(timeout));
}

int sc_sendmmsg(struct sc_task *t, int fd, struct mmsghdr *msgs, unsigned n, int flags)
{
	return CALL_WITH(t, CALL_sendmmsg, N(fd), P(msgs), n, N(flags));
}
