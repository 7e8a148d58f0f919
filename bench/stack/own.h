/*
 * own.h - worker.c's calls, served by a network of ours: all of them by socketcall(),
 * as a program would that is linked with the library.
 */
#include <netinet/tcp.h>
#include <socketcall.h>

enum { NET_ADDRESSES = 250, NET_AT_ONCE = 64 * 1024 };

static struct sc_task *task;

static void net_start(void)
{
	struct sc_net *net = sc_net_new(NULL);
	struct sc_host *host = net ? sc_host_new(net, "bench") : NULL;

	task = host ? sc_task_new(host, NULL) : NULL;
	if (!task)
		abort();
	sc_task_use(task);
}

static uint32_t net_address(unsigned i)
{
	return INADDR_LOOPBACK + i;
}

static void net_between_turns(void)
{
}

#define CALL(nr, ...) socketcall(nr, (unsigned long[]){__VA_ARGS__})
#define P(pointer) ((unsigned long)(pointer))

#define net_socket(type) CALL(SYS_SOCKET, AF_INET, type, 0)
#define net_bind(fd, addr, len) CALL(SYS_BIND, fd, P(addr), len)
#define net_listen(fd, n) CALL(SYS_LISTEN, fd, n)
#define net_connect(fd, addr, len) CALL(SYS_CONNECT, fd, P(addr), len)
#define net_accept(fd) CALL(SYS_ACCEPT, fd, 0, 0)
#define net_getsockname(fd, addr, len) CALL(SYS_GETSOCKNAME, fd, P(addr), P(len))
#define net_setsockopt(fd, level, name, val, len) \
	CALL(SYS_SETSOCKOPT, fd, level, name, P(val), len)
#define net_send(fd, buf, len) CALL(SYS_SEND, fd, P(buf), len, 0)
#define net_recv(fd, buf, len) CALL(SYS_RECV, fd, P(buf), len, 0)
#define net_close(fd) sc_close(task, fd)
