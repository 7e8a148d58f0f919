/*
 * tcp_connect.c - connect(2).
 *
 * A call for a listener is answered at once: tcp_answer() makes the other end and
 * queues it. If nobody can hear it, or the listener's queue is full, the socket stays in
 * SYN_SENT and calls again when Linux would (tcp_timer.c).
 *
 * As in the kernel there are two states: the connection's (t->state), and what the
 * program was told: TCP_CALLING since connect(2) began, TCP_CONNECTED once it has
 * returned 0. A non-blocking connect always says EINPROGRESS first.
 */
#include <errno.h>

#include "tcp.h"

enum called { ANSWERED, NO_ANSWER, NOBODY_THERE };

/* To a socket as socket(2) made it, but for options, the name that bind(2) gave, and
 * the pending error. */
void tcp_disconnect(struct tcp_sock *t)
{
	struct sock *s = tcp_sk(t);
	const uint16_t port = t->inet.local.port;

	if (t->state == TCP_LISTEN) {
		tcp_unlisten(t);
	} else {
		if (tcp_in(t, TCPF(ESTABLISHED) | TCPF(CLOSE_WAIT) | TCPF(FIN_WAIT1) |
				      TCPF(FIN_WAIT2) | TCPF(SYN_SENT)))
			s->err = ECONNRESET;
		tcp_send_reset(t);
		ring_free(&tcp_net(t)->mem, &t->in);
	}
	tcp_timers_stop(t);
	t->peer = NULL;
	t->in = (struct ring){0};
	t->sent = 0;
	t->segs_in = t->segs_out = 0;
	t->flags &= TCP_OPTION_BITS;
	t->state = TCP_CLOSE;
	s->shut = 0;
	if (t->inet.bind && port_disconnect(&t->inet))
		port_release(&t->inet, false);
	/* getsockname(2) still tells the port that it had. */
	if (!t->inet.address_given)
		t->inet.local.ip = s->family == AF_INET ? ip_any4 : ip_any6;
	t->inet.local.port = port;
	t->inet.remote = (struct endpoint){0};
	t->inet.remote_set = false;
}

/* ------------------------------------------------------------------------ call */

/* What MSS a way allows: without IP's, TCP's and the timestamps' header. */
static uint16_t mss_of(const struct tcp_sock *t, int mtu)
{
	const int most = mtu < 65535 ? mtu : 65535;
	const int head = (ip_is4(&t->inet.remote.ip) ? 20 : 40) + 20;
	int mss = most - head;

	if (t->more && t->more->user_mss && t->more->user_mss < mss)
		mss = t->more->user_mss;
	return mss - 12;
}

static uint32_t hash_of(const struct tcp_sock *t)
{
	const struct inet_sock *s = &t->inet;

	return ip_hash(&s->local.ip, tcp_net(t)->hash_seed ^ s->local.port) ^
	       ip_hash(&s->remote.ip, s->remote.port);
}

static bool calls_itself(const struct tcp_sock *t, const struct host *to)
{
	return to == tcp_sk(t)->host && t->inet.local.port == t->inet.remote.port &&
	       ip_equal(&t->inet.local.ip, &t->inet.remote.ip);
}

static void connected(struct tcp_sock *t)
{
	if (t->more) {
		timer_stop(tcp_net(t), &t->more->xmit);
		t->more->tries = 0;
	}
	file_notify(&tcp_sk(t)->file, POLLOUT | POLLWRNORM);
}

/* Calls once: an answer came (tell by the state what it was), or none. -errno: there is
 * no memory to answer. */
static int call(struct tcp_sock *t)
{
	struct sock *s = tcp_sk(t);
	struct inet_sock *to;
	struct route r;
	bool full = false;
	int err;

	if (route_find(s->host, &t->inet.remote.ip, s->bound_ifindex, &r))
		return NO_ANSWER;
	if (!r.reachable || !r.host)
		return r.host ? NO_ANSWER : NOBODY_THERE;
	t->mss = mss_of(t, r.mtu);
	to = port_listener(r.host, &t->inet.remote, r.host == s->host ? IF_LO : IF_ETH, hash_of(t));
	if (!to && calls_itself(t, r.host)) {
		tcp_join(t, t);
		connected(t);
		return ANSWERED;
	}
	if (!to) {
		tcp_reset(t);
		return ANSWERED;
	}
	err = tcp_answer((struct tcp_sock *)to, t, &full);
	if (err)
		return err;
	if (full)
		return NO_ANSWER;
	connected(t);
	return ANSWERED;
}

void tcp_call_again(struct tcp_sock *t)
{
	const struct tcp_more *more = t->more;
	const int how = call(t);

	if (how == ANSWERED)
		return;
	if (how == NOBODY_THERE &&
	    net_now(tcp_net(t)) - more->began >= (int64_t)TCP_ARP_MS * NSEC_PER_MSEC)
		tcp_fail(t, EHOSTUNREACH);
	else
		tcp_wait_call(t, how == NOBODY_THERE);
}

/* The first call. 0 or -errno: then nothing is left of it. */
static int call_first(struct tcp_sock *t)
{
	int how = call(t);

	if (how == NO_ANSWER || how == NOBODY_THERE) {
		if (!tcp_more(t))
			return -ENOBUFS;
		t->more->began = net_now(tcp_net(t));
		t->more->tries = 0;
		tcp_wait_call(t, how == NOBODY_THERE);
		return 0;
	}
	return how == -ENOMEM ? -ENOBUFS : how == ANSWERED ? 0 : how;
}

/* ------------------------------------------------------------------- addresses */

/* A wildcard means oneself: the address that one is bound to, or loopback. */
static void resolve_any(const struct tcp_sock *t, struct endpoint *to)
{
	if (!ip_is_any(&to->ip))
		return;
	if (ip_is4(&to->ip))
		to->ip = ip_is_any(&t->inet.local.ip) || !ip_is4(&t->inet.local.ip)
				 ? ip_loopback4
				 : t->inet.local.ip;
	else
		to->ip = !ip_is_any(&t->inet.local.ip) && ip_is4(&t->inet.local.ip)
				 ? ip_loopback4
				 : ip_loopback6;
}

/* Checks where to; sets the socket's device if the address names one. */
static int check_target(struct tcp_sock *t, const struct endpoint *to)
{
	struct sock *s = tcp_sk(t);
	const bool to4 = ip_is4(&to->ip);

	if (s->family == AF_INET6 && to4 && t->inet.v6only)
		return -ENETUNREACH;
	if (ip_is_multicast(&to->ip))
		return -ENETUNREACH;
	if (!ip_is_any(&t->inet.local.ip) && ip_is4(&t->inet.local.ip) != to4)
		return -EINVAL;
	if (!to4 && ip_is_link_local(&to->ip)) {
		if (to->scope && s->bound_ifindex && s->bound_ifindex != (int)to->scope)
			return -EINVAL;
		if (to->scope)
			s->bound_ifindex = to->scope;
		if (!s->bound_ifindex)
			return -EINVAL;
	}
	return 0;
}

static int start(struct tcp_sock *t, const struct call_addr *addr)
{
	struct sock *s = tcp_sk(t);
	const struct endpoint was = t->inet.local;
	struct endpoint to;
	struct route r;
	int err = endpoint_read(s, addr, &to);

	if (err)
		return err;
	resolve_any(t, &to);
	err = check_target(t, &to);
	if (err)
		return err;
	err = route_find(s->host, &to.ip, s->bound_ifindex, &r);
	if (err)
		return err;
	if (r.broadcast || r.multicast)
		return -ENETUNREACH;
	if (!to.port) {
		/* Nobody can listen there. */
		t->state = TCP_SYN_SENT;
		tcp_reset(t);
		return 0;
	}
	if (!t->inet.bind)
		t->inet.local.port = 0; /* the one that getsockname(2) still told */
	if (ip_is_any(&t->inet.local.ip))
		t->inet.local.ip = r.source;
	t->inet.remote = to;
	err = port_connect(&t->inet);
	if (err) {
		t->inet.local = was;
		t->inet.remote = (struct endpoint){0};
		return err;
	}
	t->inet.remote_set = true;
	t->state = TCP_SYN_SENT;
	t->mss = mss_of(t, r.mtu);
	err = call_first(t);
	if (err) {
		tcp_disconnect(t);
		s->err = 0;
		t->inet.local.port = was.port;
	}
	return err;
}

/* __inet_stream_connect(). */
int tcp_connect(struct op *op, struct sock *s, const struct call_addr *addr)
{
	struct tcp_sock *t = tcp_of(s);
	int busy = -EALREADY, err;
	bool first = false;

	if (addr->len < (int)sizeof(addr->family))
		return -EINVAL;
	if (addr->family == AF_UNSPEC) {
		tcp_disconnect(t);
		file_notify(&s->file, POLLIN | POLLOUT | POLLHUP | POLLERR);
		return 0;
	}
	if (!op->began) {
		if (tcp_has(t, TCP_CONNECTED))
			return -EISCONN;
		if (!tcp_has(t, TCP_CALLING)) {
			if (t->state != TCP_CLOSE)
				return -EISCONN;
			err = start(t, addr);
			if (err)
				return err;
			tcp_set(t, TCP_CALLING, true);
			first = true;
			busy = -EINPROGRESS;
		}
	}
	if (t->state == TCP_SYN_SENT || (first && !op->may_wait)) {
		if (!op->began)
			op->began = first ? CONNECT_BEGAN : CONNECT_JOINED;
		return op->may_wait ? WAIT : op->interrupted ? -EINTR : busy;
	}
	if (t->state == TCP_CLOSE) {
		err = sock_take_error(s);
		tcp_disconnect(t);
		return err ? err : -ECONNABORTED;
	}
	tcp_set(t, TCP_CALLING, false);
	tcp_set(t, TCP_CONNECTED, true);
	return 0;
}
