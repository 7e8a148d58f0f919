/*
 * lwip.h - worker.c's calls, served by lwIP's sockets API.
 *
 * Debian's library has no loopback interface, but it does take what goes to an
 * interface's own address in again. So ours has an address, and nothing else.
 */
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/sockets.h>
#include <lwip/tcpip.h>
#include <semaphore.h>

enum {
	NET_ADDRESSES = 1,
	NET_AT_ONCE = 32 * 1024, /* 64 KiB do not fit its send buffer, and wait for ever */
};

static struct netif wire;

/* What goes to others. */
static err_t wire_output(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
	return ERR_IF;
}

static err_t wire_init(struct netif *n)
{
	n->name[0] = 'w';
	n->name[1] = '0';
	n->mtu = 1500;
	n->output = wire_output;
	return ERR_OK;
}

static void started(void *done)
{
	sem_post(done);
}

static void net_start(void)
{
	ip4_addr_t address, mask, none;
	sem_t done;

	sem_init(&done, 0, 0);
	tcpip_init(started, &done);
	sem_wait(&done);
	IP4_ADDR(&address, 10, 0, 0, 1);
	IP4_ADDR(&mask, 255, 0, 0, 0);
	IP4_ADDR(&none, 0, 0, 0, 0);
	LOCK_TCPIP_CORE();
	netif_add(&wire, &address, &mask, &none, NULL, wire_init, tcpip_input);
	netif_set_default(&wire);
	netif_set_up(&wire);
	netif_set_link_up(&wire);
	UNLOCK_TCPIP_CORE();
}

static uint32_t net_address(unsigned i)
{
	return 0x0a000001;
}

/* lwIP keeps all connections that are in TIME_WAIT in one list and looks through it for
 * each segment: without this each connection would take longer than the one before. */
static void net_between_turns(void)
{
	LOCK_TCPIP_CORE();
	while (tcp_tw_pcbs)
		tcp_abort(tcp_tw_pcbs);
	UNLOCK_TCPIP_CORE();
}

#define net_socket(type) lwip_socket(AF_INET, type, 0)
#define net_bind(fd, addr, len) lwip_bind(fd, addr, len)
#define net_listen(fd, n) lwip_listen(fd, n)
#define net_connect(fd, addr, len) lwip_connect(fd, addr, len)
#define net_accept(fd) lwip_accept(fd, NULL, NULL)
#define net_getsockname(fd, addr, len) lwip_getsockname(fd, addr, len)
#define net_setsockopt(fd, level, name, val, len) lwip_setsockopt(fd, level, name, val, len)
#define net_send(fd, buf, len) lwip_send(fd, buf, len, 0)
#define net_recv(fd, buf, len) lwip_recv(fd, buf, len, 0)
#define net_close(fd) lwip_close(fd)
