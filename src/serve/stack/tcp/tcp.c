/*
 * tcp.c - a TCP socket as its program sees it: what poll(2) says, shutdown, close, and
 * the table of its operations. tcp.h tells how it works.
 */
#include "tcp.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "../inet/errqueue.h"
#include "../option.h"
#include "tcp_option.h"

struct tcp_more *tcp_more(struct tcp_sock *t)
{
	if (!t->more) {
		t->more = alloc_zero(&tcp_net(t)->mem, sizeof(*t->more));
		if (!t->more)
			return NULL;
		t->more->sock = t;
		LIST_INIT(&t->more->deferred);
		tcp_timers_init(t->more);
	}
	return t->more;
}

static int tcp_open(struct sock *s)
{
	struct tcp_sock *t = tcp_of(s);

	inet_init(&t->inet);
	t->state = TCP_CLOSE;
	t->mss = TCP_MSS_FIRST;
	if (!sock_flag(s, SOCK_FLAG_RCVBUF_LOCK))
		s->rcvbuf = TCP_RCVBUF;
	if (!sock_flag(s, SOCK_FLAG_SNDBUF_LOCK))
		s->sndbuf = TCP_SNDBUF;
	return 0;
}

/* ------------------------------------------------------------------- poll, ioctl */

bool tcp_writeable(const struct tcp_sock *t)
{
	const uint64_t unsent = tcp_unsent(t);
	const int64_t room = (int64_t)t->inet.sock.sndbuf - (int64_t)unsent;

	if (tcp_has(t, TCP_UNSENT_LOST))
		return false; /* what was written to a peer that is gone is still under way */
	if (tcp_has(t, TCP_LOW_WATER) && unsent * 2 >= t->more->notsent)
		return false;
	return room > 0 && room >= (int64_t)(unsent / 2);
}

static bool readable(const struct tcp_sock *t)
{
	const uint64_t have = t->sent - t->in.head;
	uint64_t want = t->inet.sock.rcvlowat;

	if (!have)
		return false;
	/* An urgent byte that comes next is not there for recv(2). */
	if (tcp_has(t, TCP_HAS_URGENT) && t->more->urgent == t->in.head &&
	    !sock_flag(&t->inet.sock, SOCK_FLAG_OOBINLINE))
		want++;
	return have >= want || have >= tcp_window(t);
}

/* As tcp_poll() in net/ipv4/tcp.c. */
uint32_t tcp_poll(struct sock *s)
{
	struct tcp_sock *t = tcp_of(s);
	uint32_t mask = 0;

	if (t->state == TCP_LISTEN)
		return t->first ? POLLIN | POLLRDNORM : 0;
	if (s->shut == (SHUT_READ | SHUT_WRITE) || t->state == TCP_CLOSE)
		mask |= POLLHUP;
	if (s->shut & SHUT_READ)
		mask |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (t->state != TCP_SYN_SENT) {
		if (readable(t))
			mask |= POLLIN | POLLRDNORM;
		if (s->shut & SHUT_WRITE || tcp_writeable(t))
			mask |= POLLOUT | POLLWRNORM;
		if (tcp_has(t, TCP_HAS_URGENT) && !tcp_has(t, TCP_URGENT_READ) &&
		    t->more->urgent < t->sent)
			mask |= POLLPRI;
	}
	if (s->err || errqueue_any(&t->inet))
		mask |= POLLERR;
	return mask;
}

/* tcp_ioctl(). */
static int tcp_ioctl(struct task *task, struct sock *s, unsigned long request, void *arg)
{
	struct tcp_sock *t = tcp_of(s);
	int answer;

	switch (request) {
	case SIOCINQ:
	case SIOCOUTQ:
	case SIOCOUTQNSD:
		if (t->state == TCP_LISTEN)
			return -EINVAL;
		answer = request == SIOCINQ ? tcp_inq(t) : tcp_unsent(t);
		/* The FIN counts as long as it has not arrived. */
		if (request == SIOCOUTQ && tcp_in(t, TCPF(FIN_WAIT1) | TCPF(CLOSING) | TCPF(LAST_ACK)))
			answer++;
		break;
	case SIOCATMARK:
		answer = tcp_at_mark(t);
		break;
	default:
		return NOT_MINE;
	}
	*(int *)arg = answer;
	return 0;
}

/* --------------------------------------------------------------- shutdown, close */

/* inet_shutdown(). */
static int tcp_shutdown(struct sock *s, int how)
{
	struct tcp_sock *t = tcp_of(s);
	int shut, err = 0;

	if (how < 0 || how > SHUT_RDWR)
		return -EINVAL;
	shut = how + 1; /* SHUT_RD is 0 */
	if (tcp_has(t, TCP_CALLING) && !tcp_in(t, TCPF(SYN_SENT) | TCPF(CLOSE))) {
		tcp_set(t, TCP_CALLING, false);
		tcp_set(t, TCP_CONNECTED, true);
	}
	switch (t->state) {
	case TCP_LISTEN:
		if (!(shut & SHUT_READ))
			break;
		tcp_disconnect(t);
		break;
	case TCP_SYN_SENT:
		tcp_disconnect(t);
		break;
	case TCP_CLOSE:
		s->shut |= shut;
		err = -ENOTCONN;
		break;
	default:
		s->shut |= shut;
		if (shut & SHUT_WRITE)
			tcp_send_fin(t);
	}
	file_notify(&s->file, POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
	return err;
}

/* sk_stream_wait_close(): until the FIN is answered. */
static bool tcp_linger(struct sock *s)
{
	struct tcp_sock *t = tcp_of(s);

	if (tcp_in(t, TCPF(LISTEN) | TCPF(CLOSE) | TCPF(SYN_SENT)) || t->sent != t->in.head)
		return false;
	s->shut = SHUT_READ | SHUT_WRITE;
	tcp_send_fin(t);
	return tcp_in(t, TCPF(FIN_WAIT1) | TCPF(CLOSING) | TCPF(LAST_ACK));
}

/* tcp_close(): what was received and not read makes it a reset. */
static void hang_up(struct tcp_sock *t)
{
	struct sock *s = tcp_sk(t);
	const bool unread = t->sent != t->in.head;
	const bool abort = sock_flag(s, SOCK_FLAG_LINGER) && !s->linger_s;

	s->shut = SHUT_READ | SHUT_WRITE;
	if (t->state == TCP_CLOSE)
		return;
	if (unread || abort || t->state == TCP_SYN_SENT) {
		tcp_send_reset(t);
		tcp_done(t, false);
		return;
	}
	tcp_send_fin(t);
	if (t->state == TCP_FIN_WAIT2 && t->more && t->more->linger2 < 0) {
		tcp_send_reset(t);
		tcp_done(t, false);
	} else if (t->state != TCP_CLOSE) {
		/* Who closes first keeps the port for a while. */
		const bool first = tcp_in(t, TCPF(FIN_WAIT1) | TCPF(FIN_WAIT2) | TCPF(CLOSING));

		tcp_leave(t);
		tcp_done(t, first);
	}
}

static void tcp_close(struct sock *s)
{
	struct tcp_sock *t = tcp_of(s);

	if (t->state == TCP_LISTEN)
		tcp_unlisten(t);
	else
		hang_up(t);
	if (t->inet.bind)
		port_release(&t->inet, tcp_has(t, TCP_WAITS));
	inet_end(&t->inet);
	if (t->state != TCP_LISTEN)
		ring_free(&tcp_net(t)->mem, &t->in);
	if (t->more) {
		tcp_timers_stop(t);
		alloc_put(&tcp_net(t)->mem, t->more);
	}
}

/* inet_getname(): what is not connected, or no more, has no peer. */
static int tcp_peer_name(struct sock *s, struct call_addr *out)
{
	return tcp_in(tcp_of(s), TCPF(CLOSE) | TCPF(SYN_SENT) | TCPF(LISTEN)) ? -ENOTCONN
									      : inet_peer(s, out);
}

static int tcp_caller_name(struct sock *s, struct call_addr *out)
{
	endpoint_write(s, &inet_of(s)->remote, out);
	return 0;
}

/* bind(2) on a socket that is connected or listens is refused by its port; one whose
 * connection is over has none any more. */
static int tcp_bind(struct op *op, struct sock *s, const struct call_addr *addr)
{
	return tcp_of(s)->state == TCP_CLOSE ? inet_bind(op, s, addr) : -EINVAL;
}

static const struct option_table *const tables[] = {
	&options_tcp_socket, &options_socket, &options_tcp, &options_ip, &options_ipv6, NULL,
};

const struct sock_ops tcp_ops = {
	.text = "tcp",
	.family = AF_INET,
	.type = SOCK_STREAM,
	.protocol = IPPROTO_TCP,
	.size = sizeof(struct tcp_sock),
	.options = tables,
	.open = tcp_open,
	.close = tcp_close,
	.bind = tcp_bind,
	.connect = tcp_connect,
	.listen = tcp_listen,
	.accept = tcp_accept,
	.name = inet_name,
	.peer = tcp_peer_name,
	.caller = tcp_caller_name,
	.send = tcp_send,
	.recv = tcp_recv,
	.shutdown = tcp_shutdown,
	.linger = tcp_linger,
	.poll = tcp_poll,
	.ioctl = tcp_ioctl,
};
