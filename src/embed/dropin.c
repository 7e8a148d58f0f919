/*
 * dropin.c - socketcall(2) as a C function: the host's direct calls, or the task that
 * this thread uses. The one edge that sets errno.
 */
#include <linux/net.h>

#include "embed.h"

/* Reached without a call: a library gets 8 bytes of the static kind even when it is loaded
 * late. */
static _Thread_local __attribute__((tls_model("initial-exec"))) struct sc_task *current;

struct sc_task *sc_task_use(struct sc_task *t)
{
	struct sc_task *was = current;

	current = t;
	return was;
}

/* The host's kernel, by the calls of libc, which knows how each machine makes them. */
static long host_call(int call, const unsigned long *a)
{
#define P(i) ((void *)a[i])
	switch (call) {
	case SYS_SOCKET: return socket(a[0], a[1], a[2]);
	case SYS_BIND: return bind(a[0], P(1), a[2]);
	case SYS_CONNECT: return connect(a[0], P(1), a[2]);
	case SYS_LISTEN: return listen(a[0], a[1]);
	case SYS_ACCEPT: return accept(a[0], P(1), P(2));
	case SYS_GETSOCKNAME: return getsockname(a[0], P(1), P(2));
	case SYS_GETPEERNAME: return getpeername(a[0], P(1), P(2));
	case SYS_SOCKETPAIR: return socketpair(a[0], a[1], a[2], P(3));
	case SYS_SEND: return send(a[0], P(1), a[2], a[3]);
	case SYS_RECV: return recv(a[0], P(1), a[2], a[3]);
	case SYS_SENDTO: return sendto(a[0], P(1), a[2], a[3], P(4), a[5]);
	case SYS_RECVFROM: return recvfrom(a[0], P(1), a[2], a[3], P(4), P(5));
	case SYS_SHUTDOWN: return shutdown(a[0], a[1]);
	case SYS_SETSOCKOPT: return setsockopt(a[0], a[1], a[2], P(3), a[4]);
	case SYS_GETSOCKOPT: return getsockopt(a[0], a[1], a[2], P(3), P(4));
	case SYS_SENDMSG: return sendmsg(a[0], P(1), a[2]);
	case SYS_RECVMSG: return recvmsg(a[0], P(1), a[2]);
	case SYS_ACCEPT4: return accept4(a[0], P(1), P(2), a[3]);
	case SYS_RECVMMSG: return recvmmsg(a[0], P(1), a[2], a[3], P(4));
	case SYS_SENDMMSG: return sendmmsg(a[0], P(1), a[2], a[3]);
	default: errno = EINVAL; return -1;
	}
#undef P
}

int socketcall(int call, unsigned long *args)
{
	long ret;

	if (!current) {
		/* As the kernel: the number first, then the words. */
		if (call_nargs(call) && !args) {
			errno = EFAULT;
			return -1;
		}
		return host_call(call, args);
	}
	ret = sc_socketcall(current, call, (uintptr_t)args);
	if (ret < 0 && ret != SC_PARKED) {
		errno = -ret;
		ret = -1;
	}
	return ret;
}
