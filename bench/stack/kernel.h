/*
 * kernel.h - worker.c's calls, served by the kernel over its loopback.
 */
#include <netinet/tcp.h>
#include <unistd.h>

enum { NET_ADDRESSES = 250, NET_AT_ONCE = 64 * 1024 };

static void net_start(void)
{
}

/* 127.0.0.1, 127.0.0.2, ...: so many connections do not run out of pairs of ports. */
static uint32_t net_address(unsigned i)
{
	return INADDR_LOOPBACK + i;
}

static void net_between_turns(void)
{
}

#define net_socket(type) socket(AF_INET, type, 0)
#define net_bind(fd, addr, len) bind(fd, addr, len)
#define net_listen(fd, n) listen(fd, n)
#define net_connect(fd, addr, len) connect(fd, addr, len)
#define net_accept(fd) accept(fd, NULL, NULL)
#define net_getsockname(fd, addr, len) getsockname(fd, addr, len)
#define net_setsockopt(fd, level, name, val, len) setsockopt(fd, level, name, val, len)
#define net_send(fd, buf, len) send(fd, buf, len, 0)
#define net_recv(fd, buf, len) recv(fd, buf, len, 0)
#define net_close(fd) close(fd)
