/*
 * udp.c - AF_INET and AF_INET6 datagram sockets: udp(7).
 *
 * A socket that has no port gets one when it first sends or connects. Connecting fixes
 * where datagrams go and come from, and the address they are sent from; disconnecting
 * (AF_UNSPEC) takes all of it back but what bind(2) said. There is no wire: sending is
 * delivering (udp.h).
 */
#include "udp.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "../inet/errqueue.h"

static int udp_open(struct sock *sk)
{
	struct udp_sock *s = udp_of(sk);

	inet_init(&s->inet);
	s->source = ip_any6;
	STAILQ_INIT(&s->queue);
	STAILQ_INIT(&s->spare);
	return 0;
}

static void udp_close(struct sock *sk)
{
	struct udp_sock *s = udp_of(sk);

	udp_cork_free(s);
	inet_end(&s->inet);
	udp_packets_free(s);
}

/* What it sends comes from its own address, if that is one: of a group or a broadcast
 * address that it is bound to, the route says. */
static void choose_source(struct udp_sock *s)
{
	const struct ip *ip = &s->inet.local.ip;
	struct route r;

	s->source = ip_any6;
	if (ip_is_any(ip) || ip_is_multicast(ip))
		return;
	if (!route_find(s->inet.sock.host, ip, 0, &r) && r.broadcast)
		return;
	s->source = *ip;
}

static int udp_bind(struct op *op, struct sock *sk, const struct call_addr *a)
{
	int err = inet_bind(op, sk, a);

	if (!err)
		choose_source(udp_of(sk));
	return err;
}

static int udp_disconnect(struct sock *sk)
{
	struct inet_sock *s = inet_of(sk);
	int err = port_disconnect(s);

	if (err)
		return err;
	sk->bound_ifindex = 0;
	choose_source(udp_of(sk));
	return 0;
}

/* Where to, as __ip6_datagram_connect() and __ip4_datagram_connect() read it. */
static int connect_target(struct inet_sock *s, const struct call_addr *a, struct endpoint *to)
{
	int err = endpoint_read(&s->sock, a, to);

	if (err)
		return err;
	if (s->sock.family == AF_INET)
		return a->family == AF_INET ? 0 : -EAFNOSUPPORT;
	if (a->family == AF_INET)
		return s->v6only ? -EAFNOSUPPORT : 0;
	if (ip_equal(&to->ip, &ip_any6))
		to->ip = ip_is4(&s->local.ip) ? ip_loopback4 : ip_loopback6;
	return ip_is4(&to->ip) && s->v6only ? -ENETUNREACH : 0;
}

/* The device, if anything says so; -EINVAL if two things say different ones. */
static int connect_device(const struct sock *s, struct endpoint *to, int *ifindex)
{
	const bool scoped = ip_is_link_local(&to->ip) ||
			    (to->ip.b[0] == 0xff && (to->ip.b[1] & 0xf) <= 2);

	*ifindex = s->bound_ifindex;
	if (!scoped)
		return 0;
	if (to->scope && *ifindex && *ifindex != (int)to->scope)
		return -EINVAL;
	if (to->scope)
		*ifindex = to->scope;
	to->scope = *ifindex;
	return ip_is_link_local(&to->ip) && !*ifindex ? -EINVAL : 0;
}

/* Gives up a peer but not, as port_disconnect() would, what connecting to it chose. */
static int leave_peer(struct inet_sock *s)
{
	const bool address = s->address_given, port = s->port_given;
	int err;

	s->address_given = s->port_given = true;
	err = port_disconnect(s);
	s->address_given = address;
	s->port_given = port;
	return err;
}

static int udp_connect_to(struct sock *sk, struct endpoint *to)
{
	struct udp_sock *us = udp_of(sk);
	struct inet_sock *s = &us->inet;
	const struct ip none = s->local.ip;
	struct ip source = ip_any6;
	struct route r;
	int ifindex, err;

	err = connect_device(sk, to, &ifindex);
	if (!err)
		err = udp_way(us, &to->ip, ifindex, &source, &r);
	if (!err && s->remote_set)
		err = leave_peer(s);
	if (err)
		return err;
	if (ip_is_any(&to->ip))
		to->ip = ip_loopback4;
	s->remote = *to;
	if (ip_is_any(&s->local.ip))
		s->local.ip = source;
	err = port_connect(s);
	if (err) {
		s->local.ip = none;
		s->remote = (struct endpoint){.ip = sk->family == AF_INET ? ip_any4 : ip_any6};
		return err == -ENOMEM ? err : -EAGAIN;
	}
	s->remote_set = true;
	/* Of IPv4 the kernel keeps one destination, so what is pending goes there, too. */
	if (us->cork && us->cork->to4 && ip_is4(&to->ip)) {
		us->cork->header.to = *to;
		us->cork->header.from.ip = source;
	}
	if (to->scope)
		sk->bound_ifindex = to->scope;
	if (ip_is_any(&us->source))
		us->source = source;
	return 0;
}

static int udp_connect(struct op *op, struct sock *sk, const struct call_addr *a)
{
	struct endpoint to;
	int err;

	if (a->len < (int)sizeof(a->family))
		return -EINVAL;
	if (a->family == AF_UNSPEC)
		return udp_disconnect(sk);
	if (!inet_of(sk)->local.port && port_auto(inet_of(sk)))
		return -EAGAIN;
	err = connect_target(inet_of(sk), a, &to);
	return err ? err : udp_connect_to(sk, &to);
}

/* A peer with port 0 is none that getpeername would name. */
static int udp_peer(struct sock *sk, struct call_addr *out)
{
	return inet_of(sk)->remote.port ? inet_peer(sk, out) : -ENOTCONN;
}

static int udp_shutdown(struct sock *sk, int how)
{
	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	/* Linux does it, and then says that it cannot. */
	sk->shut |= how + 1;
	file_notify(&sk->file, POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
	return inet_of(sk)->remote_set ? 0 : -ENOTCONN;
}

/* Bytes that count against SO_SNDBUF: what is not sent yet. */
static int pending(const struct udp_sock *s)
{
	const struct cork *c = s->cork;

	return c ? udp_truesize(c->packet->len, c->to4) : 0;
}

/* datagram_poll() */
static uint32_t udp_poll(struct sock *sk)
{
	const struct udp_sock *s = udp_of(sk);
	uint32_t mask = 0;

	if (sk->err || errqueue_any(&s->inet))
		mask |= POLLERR | (sock_flag(sk, SOCK_FLAG_SELECT_ERR_QUEUE) ? POLLPRI : 0);
	if (sk->shut & SHUT_READ)
		mask |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (sk->shut == (SHUT_READ | SHUT_WRITE))
		mask |= POLLHUP;
	if (!STAILQ_EMPTY(&s->queue))
		mask |= POLLIN | POLLRDNORM;
	if (pending(s) < sk->sndbuf >> 1)
		mask |= POLLOUT | POLLWRNORM | POLLWRBAND;
	return mask;
}

static int udp_ioctl(struct task *t, struct sock *sk, unsigned long request, void *arg)
{
	const struct udp_sock *s = udp_of(sk);
	const struct packet *p = STAILQ_FIRST(&s->queue);

	switch (request) {
	case SIOCINQ:
		*(int *)arg = p ? (int)p->len : 0;
		return 0;
	case SIOCOUTQ:
		*(int *)arg = pending(s);
		return 0;
	default:
		return NOT_MINE;
	}
}

static const struct option_table *const udp_options[] = {&options_socket, &options_ip,
							  &options_ipv6, &options_udp, NULL};

const struct sock_ops udp_ops = {
	.text = "udp",
	.family = AF_INET,
	.type = SOCK_DGRAM,
	.protocol = IPPROTO_UDP,
	.size = sizeof(struct udp_sock),
	.options = udp_options,
	.open = udp_open,
	.close = udp_close,
	.bind = udp_bind,
	.connect = udp_connect,
	.name = inet_name,
	.peer = udp_peer,
	.send = udp_send,
	.recv = udp_recv,
	.shutdown = udp_shutdown,
	.poll = udp_poll,
	.ioctl = udp_ioctl,
};
