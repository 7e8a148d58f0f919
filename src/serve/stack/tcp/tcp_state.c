/*
 * tcp_state.c - what happens to a connection: bytes and FINs arrive, resets, the end.
 *
 * An end goes through the states of RFC 9293. As nothing takes time on the way, a FIN
 * that can arrive has arrived, and been answered, when tcp_send_fin() returns.
 */
#include <errno.h>

#include "tcp.h"

static const uint32_t ALL_EVENTS = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR |
				   POLLHUP | POLLRDHUP | POLLPRI;

/* ------------------------------------------------------------------ both ends */

void tcp_join(struct tcp_sock *a, struct tcp_sock *b)
{
	struct tcp_sock *end[] = {a, b};
	const uint32_t now = tcp_ms(a);

	a->peer = b;
	b->peer = a;
	for (int i = 0; i < 2; i++) {
		struct tcp_sock *t = end[i];
		struct sock *s = tcp_sk(t);
		int most = tcp_net(t)->limit.buffer;

		t->state = TCP_ESTABLISHED;
		t->sent_ms = t->got_ms = now;
		if (!sock_flag(s, SOCK_FLAG_SNDBUF_LOCK))
			s->sndbuf = TCP_SNDBUF_OPEN < most ? TCP_SNDBUF_OPEN : most;
		if (sock_flag(s, SOCK_FLAG_KEEPALIVE))
			tcp_keepalive(s, true);
	}
}

/* t has a peer no more. */
static void lose(struct tcp_sock *t)
{
	const struct tcp_sock *p = tcp_peer(t);

	if (tcp_has(t, TCP_LOST))
		return;
	t->wrote = p ? p->sent : 0;
	tcp_set(t, TCP_LOST, true);
}

void tcp_leave(struct tcp_sock *t)
{
	struct tcp_sock *p = tcp_peer(t);

	if (p && p != t) {
		if (t->in.tail != t->sent)
			tcp_set(p, TCP_UNSENT_LOST, true);
		if (tcp_has(p, TCP_STALLED) && p->more)
			p->more->fin_until =
				net_now(tcp_net(p)) + INT64_C(102200) * NSEC_PER_MSEC;
		lose(p);
	}
	lose(t);
}

/* Its name stays for getsockname(2), though the port is given up. */
static void give_up_port(struct tcp_sock *t, bool wait)
{
	const struct endpoint name = t->inet.local;

	tcp_set(t, TCP_WAITS, wait);
	if (t->inet.bind && !t->inet.port_given) {
		port_release(&t->inet, wait);
		t->inet.local = name;
	}
}

void tcp_done(struct tcp_sock *t, bool wait)
{
	struct sock *s = tcp_sk(t);

	tcp_leave(t);
	t->state = TCP_CLOSE;
	s->shut = SHUT_READ | SHUT_WRITE;
	tcp_timers_stop(t);
	give_up_port(t, wait);
	t->inet.remote_set = false;
}

void tcp_fail(struct tcp_sock *t, int err)
{
	struct sock *s = tcp_sk(t);
	struct tcp_sock *p = tcp_peer(t);

	if (p) {
		ring_cut(&p->in, p->in.tail - p->sent);
		tcp_set(p, TCP_FIN_COMING, false);
	}
	s->err = err;
	tcp_done(t, false);
	file_notify(&s->file, ALL_EVENTS);
}

void tcp_reset(struct tcp_sock *t)
{
	switch (t->state) {
	case TCP_CLOSE:
		return;
	case TCP_SYN_SENT:
		tcp_fail(t, ECONNREFUSED);
		return;
	case TCP_CLOSE_WAIT:
		tcp_fail(t, EPIPE);
		return;
	default:
		tcp_fail(t, ECONNRESET);
	}
	if (tcp_has(t, TCP_DEFERRED)) {
		/* Nobody will ever hear of it. */
		tcp_set(t, TCP_DEFERRED, false);
		LIST_REMOVE(t->more, defer_entry);
		file_put(&tcp_sk(t)->file);
	}
}

void tcp_send_reset(struct tcp_sock *t)
{
	struct tcp_sock *p = tcp_peer(t);

	if (!p || p == t)
		return;
	/* What has not arrived never will. */
	ring_cut(&p->in, p->in.tail - p->sent);
	tcp_set(p, TCP_FIN_COMING, false);
	lose(t);
	lose(p);
	if (!tcp_has(p, TCP_STALLED))
		tcp_reset(p);
}

/* ------------------------------------------------------------------------- FIN */

/* Its FIN has arrived at the other end and was answered. */
static void fin_answered(struct tcp_sock *t)
{
	switch (t->state) {
	case TCP_FIN_WAIT1:
		t->state = TCP_FIN_WAIT2;
		break;
	case TCP_CLOSING:
		tcp_done(t, true);
		break;
	case TCP_LAST_ACK:
		tcp_done(t, false);
		break;
	}
	file_notify(&tcp_sk(t)->file, POLLOUT | POLLHUP);
}

static void fin_arrives(struct tcp_sock *t)
{
	struct tcp_sock *p = tcp_peer(t);
	struct sock *s = tcp_sk(t);

	tcp_set(t, TCP_FIN_SEEN, true);
	s->shut |= SHUT_READ;
	switch (t->state) {
	case TCP_ESTABLISHED:
		t->state = TCP_CLOSE_WAIT;
		break;
	case TCP_FIN_WAIT1:
		t->state = TCP_CLOSING;
		break;
	}
	if (p)
		fin_answered(p);
	if (t->state == TCP_FIN_WAIT2)
		tcp_done(t, true);
	file_notify(&s->file, POLLIN | POLLRDNORM | POLLRDHUP | POLLHUP);
	/* Whoever accepts it is to see its end. */
	if (tcp_has(t, TCP_DEFERRED))
		tcp_undefer(t);
}

void tcp_send_fin(struct tcp_sock *t)
{
	struct tcp_sock *p = tcp_peer(t);

	if (!tcp_in(t, TCPF_SENDS))
		return;
	t->state = t->state == TCP_CLOSE_WAIT ? TCP_LAST_ACK : TCP_FIN_WAIT1;
	tcp_set(t, TCP_PUSHED, true);
	if (p) {
		tcp_set(p, TCP_FIN_COMING, true);
		tcp_flow(p);
	} else {
		tcp_fin_again(t);
	}
}

void tcp_fin_again(struct tcp_sock *t)
{
	if (tcp_has(t, TCP_STALLED)) {
		tcp_wait_xmit(t);
	} else if (tcp_has(t, TCP_FIN_COMING) && !tcp_has(t, TCP_UNSENT_LOST)) {
		/* What the peer left behind still answers. */
		fin_answered(t);
	} else {
		tcp_reset(t);
	}
}

/* ----------------------------------------------------------------------- bytes */

/* Of n bytes that could go, those that TCP_CORK or MSG_MORE keep back. */
static uint64_t held(const struct tcp_sock *p, uint64_t n)
{
	if (!(p->flags & (TCP_BIT(TCP_CORKED) | TCP_BIT(TCP_MORE_COMES))) || tcp_has(p, TCP_PUSHED))
		return 0;
	return n < p->mss ? n : n % p->mss;
}

void tcp_arrive(struct tcp_sock *t, struct tcp_sock *p, uint64_t n)
{
	struct sock *s = tcp_sk(t);
	const uint32_t segs = tcp_segs(t, n), now = tcp_ms(t);

	t->sent += n;
	t->segs_in += segs;
	t->got_ms = now;
	if (p) {
		p->segs_out += segs;
		p->sent_ms = now;
	}
	if (sock_flag(s, SOCK_FLAG_TIMESTAMP))
		s->stamp = net_wall(tcp_net(t));
	if (tcp_has(t, TCP_DEFERRED))
		tcp_undefer(t);
	file_notify(&s->file, POLLIN | POLLRDNORM | POLLPRI);
}

/* Data for an end that reads no more and has said so: a reset, to both. */
static bool unwanted(const struct tcp_sock *t)
{
	return t->inet.sock.shut & SHUT_READ && tcp_in(t, TCPF(FIN_WAIT1) | TCPF(FIN_WAIT2));
}

/* Bytes that may arrive now. */
static uint64_t passing(const struct tcp_sock *t, const struct tcp_sock *p)
{
	const uint64_t room = t->in.head + tcp_window(t);
	const uint64_t to = room < t->in.tail ? room : t->in.tail;

	if (to <= t->sent)
		return 0;
	return to - t->sent - (p && to == t->in.tail ? held(p, to - t->sent) : 0);
}

void tcp_flow(struct tcp_sock *t)
{
	struct tcp_sock *p = tcp_peer(t);
	bool was_full;
	uint64_t n;

	if (tcp_has(t, TCP_STALLED)) {
		/* It comes back to it by its own timer; without memory the FIN is lost. */
		if (!tcp_more(t))
			tcp_set(t, TCP_FIN_COMING, false);
		if (p)
			tcp_wait_xmit(p);
		return;
	}
	n = passing(t, p);
	if (n && unwanted(t)) {
		tcp_send_reset(t);
		tcp_reset(t);
		return;
	}
	was_full = p && !tcp_writeable(p);
	if (n)
		tcp_arrive(t, p, n);
	if (was_full && tcp_writeable(p))
		file_notify(&tcp_sk(p)->file, POLLOUT | POLLWRNORM);
	if (t->sent != t->in.tail) {
		if (p)
			tcp_wait_xmit(p);
		return;
	}
	if (p) {
		tcp_stop_xmit(p);
		tcp_set(p, TCP_PUSHED, false);
	}
	if (tcp_has(t, TCP_FIN_COMING) && !tcp_has(t, TCP_FIN_SEEN))
		fin_arrives(t);
}
