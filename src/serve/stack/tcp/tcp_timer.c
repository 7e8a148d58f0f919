/*
 * tcp_timer.c - what happens to a connection because nothing happens.
 *
 * As everything arrives at once, few have to wait: who calls a host that does not
 * answer, who has bytes held back, who wrote while the link was down, and who said
 * SO_KEEPALIVE. Only they have a timer. Times are those of net/ipv4/tcp_timer.c for a
 * connection whose round trip takes no time: the first retransmission after 200 ms, each
 * further one after twice as long, up to two minutes.
 */
#include <errno.h>

#include "../inet/ports.h"
#include "tcp.h"

enum {
	RETRIES_MS = 924600,   /* net.ipv4.tcp_retries2: 15 */
	ORPHAN_MS = 102200,    /* tcp_orphan_retries(): 8 */
};

static struct tcp_sock *of_xmit(struct timer *t)
{
	return ((struct tcp_more *)((char *)t - offsetof(struct tcp_more, xmit)))->sock;
}
static struct tcp_sock *of_keep(struct timer *t)
{
	return ((struct tcp_more *)((char *)t - offsetof(struct tcp_more, keep)))->sock;
}

static int64_t ms(int64_t n)
{
	return n * NSEC_PER_MSEC;
}

/* Before the next try, after `tries` of them. */
static int64_t backoff(unsigned first_ms, unsigned tries)
{
	const uint64_t t = tries < 16 ? (uint64_t)first_ms << tries : TCP_RTO_MAX_MS;

	return ms(t < TCP_RTO_MAX_MS ? t : TCP_RTO_MAX_MS);
}

int64_t tcp_tries_s(unsigned n)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += backoff(1000, i) / NSEC_PER_SEC;
	return sum;
}

/* ------------------------------------------------------------------ connecting */

/* TCP_SYN_LINEAR more tries than the first come after a second each. */
static int64_t call_backoff(unsigned tries)
{
	return tries <= TCP_SYN_LINEAR ? ms(1000) : backoff(1000, tries - TCP_SYN_LINEAR);
}

void tcp_wait_call(struct tcp_sock *t, bool nobody)
{
	struct tcp_more *more = t->more;
	int64_t at = net_now(tcp_net(t)) + call_backoff(more->tries);

	/* The address is asked for three times before that is known. */
	if (nobody && at > more->began + ms(TCP_ARP_MS))
		at = more->began + ms(TCP_ARP_MS);
	timer_set(tcp_net(t), &more->xmit, at);
}

static void call_timer(struct tcp_sock *t)
{
	struct tcp_more *more = t->more;
	const unsigned retries = more->syncnt ? more->syncnt : TCP_SYN_RETRIES;
	const int64_t most = ms(tcp_tries_s(retries + 1) * 1000);

	if (net_now(tcp_net(t)) - more->began >= most) {
		tcp_fail(t, ETIMEDOUT);
		return;
	}
	more->tries++;
	tcp_call_again(t);
}

void tcp_wait_defer(struct tcp_sock *t, unsigned retries)
{
	timer_set(tcp_net(t), &t->more->xmit,
		  net_now(tcp_net(t)) + ms(tcp_tries_s(retries) * 1000));
}

/* -------------------------------------------------------- sent and not answered */

/* Something of it has not arrived: bytes, or a FIN. */
static bool outstanding(const struct tcp_sock *t)
{
	return tcp_unsent(t) || tcp_has(t, TCP_UNSENT_LOST) ||
	       tcp_in(t, TCPF(FIN_WAIT1) | TCPF(CLOSING) | TCPF(LAST_ACK));
}

/* When it has to look again; TIME_NEVER. */
static int64_t next_xmit(const struct tcp_sock *t, int64_t now)
{
	const struct tcp_more *more = t->more;
	const int64_t over = more->user_timeout ? more->began + ms(more->user_timeout) : TIME_NEVER;
	int64_t at = TIME_NEVER;

	if (tcp_has(t, TCP_STALLED))
		at = now + backoff(TCP_RTO_MS, more->tries);
	else if (t->flags & (TCP_BIT(TCP_CORKED) | TCP_BIT(TCP_MORE_COMES)) &&
		 !tcp_has(t, TCP_PUSHED))
		at = now + ms(TCP_RTO_MS);
	return at < over ? at : over;
}

void tcp_wait_xmit(struct tcp_sock *t)
{
	struct net *n = tcp_net(t);
	int64_t now, at;

	/* A full window alone is waited for without end. */
	if (!(t->flags & (TCP_BIT(TCP_STALLED) | TCP_BIT(TCP_CORKED) | TCP_BIT(TCP_MORE_COMES))) &&
	    !(t->more && t->more->user_timeout))
		return;
	if (!outstanding(t) || !tcp_more(t) || timer_is_set(&t->more->xmit))
		return;
	now = net_now(n);
	t->more->began = now;
	t->more->tries = 0;
	at = next_xmit(t, now);
	if (at != TIME_NEVER)
		timer_set(n, &t->more->xmit, at);
}

void tcp_stop_xmit(struct tcp_sock *t)
{
	if (t->more && timer_is_set(&t->more->xmit) && t->state != TCP_SYN_SENT) {
		timer_stop(tcp_net(t), &t->more->xmit);
		t->more->tries = 0;
	}
}

static void retransmit(struct tcp_sock *t)
{
	struct tcp_more *more = t->more;
	const int64_t now = net_now(tcp_net(t));
	const int64_t most = ms(more->user_timeout ? more->user_timeout : RETRIES_MS);

	if (now - more->began >= most) {
		tcp_fail(t, ETIMEDOUT);
		return;
	}
	more->tries++;
	timer_set(tcp_net(t), &more->xmit, next_xmit(t, now));
}

/* The link is there: what waited for that, or was held back for long enough, goes. */
static void let_go(struct tcp_sock *t)
{
	struct tcp_more *more = t->more;
	const struct tcp_sock *p = tcp_peer(t);
	const int64_t now = net_now(tcp_net(t));

	if (tcp_has(t, TCP_UNSENT_LOST)) {
		tcp_reset(t);
		return;
	}
	if (p && tcp_unsent(t) && more->user_timeout &&
	    now - more->began >= ms(more->user_timeout)) {
		tcp_send_reset(t);
		tcp_fail(t, ETIMEDOUT);
		return;
	}
	tcp_set(t, TCP_PUSHED, true);
	if (more->fin_until && now >= more->fin_until)
		tcp_set(t, TCP_FIN_COMING, false); /* who sent it is no more */
	more->fin_until = 0;
	if (p)
		tcp_flow(t->peer);
	else if (tcp_in(t, TCPF(FIN_WAIT1) | TCPF(LAST_ACK) | TCPF(CLOSING)))
		tcp_fin_again(t);
	if (t->state != TCP_CLOSE)
		tcp_flow(t);
}

static void fire_xmit(struct net *n, struct timer *timer)
{
	struct tcp_sock *t = of_xmit(timer);

	file_get(&tcp_sk(t)->file); /* what happens may be its end */
	if (t->state == TCP_SYN_SENT)
		call_timer(t);
	else if (tcp_has(t, TCP_DEFERRED))
		tcp_undefer(t);
	else if (tcp_has(t, TCP_STALLED))
		retransmit(t);
	else
		let_go(t);
	file_put(&tcp_sk(t)->file);
}

/* ------------------------------------------------------------------- keepalive */

/* Since anything was heard of the peer: ns. */
static int64_t quiet_for(const struct tcp_sock *t, int64_t now)
{
	const uint32_t now_ms = (uint64_t)now / NSEC_PER_MSEC;
	uint32_t quiet = now_ms - t->got_ms, sent = now_ms - t->sent_ms;

	if (sent < quiet)
		quiet = sent;
	if (t->more->answered && now - t->more->answered < ms(quiet))
		return now - t->more->answered;
	return ms(quiet);
}

/* A probe was sent: is it answered? false: t is over. */
static bool probe(struct tcp_sock *t, int64_t now)
{
	struct tcp_more *more = t->more;

	if (tcp_has(t, TCP_STALLED)) {
		more->probes++;
		return true;
	}
	/* What a closed end leaves behind answers for a minute. */
	if (tcp_has(t, TCP_LOST) &&
	    (!tcp_has(t, TCP_FIN_COMING) || quiet_for(t, now) >= ms(TCP_FIN_S * 1000))) {
		tcp_reset(t);
		return false;
	}
	more->probes = 0;
	more->answered = now;
	return true;
}

/* As tcp_keepalive_timer(). */
static void keep_timer(struct tcp_sock *t)
{
	struct tcp_more *more = t->more;
	struct net *n = tcp_net(t);
	const int64_t now = net_now(n), quiet = quiet_for(t, now);
	const int64_t idle = ms(INT64_C(1000) * (more->keepidle ? more->keepidle : TCP_KEEP_IDLE_S));
	const int64_t intvl =
		ms(INT64_C(1000) * (more->keepintvl ? more->keepintvl : TCP_KEEP_INTVL_S));
	const unsigned cnt = more->keepcnt ? more->keepcnt : TCP_KEEP_CNT;
	int64_t next;

	if (outstanding(t)) {
		next = idle; /* it is being tried anyway */
	} else if (quiet < idle) {
		next = idle - quiet;
	} else if (more->user_timeout ? quiet >= ms(more->user_timeout) && more->probes > 0
				      : more->probes >= cnt) {
		tcp_send_reset(t);
		tcp_fail(t, ETIMEDOUT);
		return;
	} else {
		if (!probe(t, now))
			return;
		next = more->probes ? intvl : idle;
	}
	timer_set(n, &more->keep, now + next);
}

static void fire_keep(struct net *n, struct timer *timer)
{
	struct tcp_sock *t = of_keep(timer);

	if (!tcp_in(t, TCPF(CLOSE) | TCPF(LISTEN) | TCPF(SYN_SENT)))
		keep_timer(t);
}

/* The option was set, or the connection is there: begins or ends to probe. */
void tcp_keepalive(struct sock *s, bool on)
{
	struct tcp_sock *t = tcp_of(s);
	struct tcp_more *more = t->more;
	int64_t idle;

	if (!more)
		return;
	if (!on) {
		timer_stop(tcp_net(t), &more->keep);
		return;
	}
	if (tcp_in(t, TCPF(CLOSE) | TCPF(LISTEN) | TCPF(SYN_SENT)))
		return;
	idle = ms(INT64_C(1000) * (more->keepidle ? more->keepidle : TCP_KEEP_IDLE_S));
	more->probes = 0;
	timer_set(tcp_net(t), &more->keep, net_now(tcp_net(t)) + idle);
}

/* As do_tcp_setsockopt() has it: counted from when the peer was last heard of. */
void tcp_keepidle_changed(struct tcp_sock *t)
{
	const int64_t now = net_now(tcp_net(t)), idle = ms(INT64_C(1000) * t->more->keepidle);
	int64_t quiet;

	if (!sock_flag(tcp_sk(t), SOCK_FLAG_KEEPALIVE) ||
	    tcp_in(t, TCPF(CLOSE) | TCPF(LISTEN) | TCPF(SYN_SENT)))
		return;
	quiet = quiet_for(t, now);
	timer_set(tcp_net(t), &t->more->keep, quiet < idle ? now + idle - quiet : now);
}

void tcp_timers_init(struct tcp_more *more)
{
	more->xmit.fire = fire_xmit;
	more->keep.fire = fire_keep;
}

void tcp_timers_stop(struct tcp_sock *t)
{
	if (!t->more)
		return;
	timer_stop(tcp_net(t), &t->more->xmit);
	timer_stop(tcp_net(t), &t->more->keep);
}

/* ------------------------------------------------------------------------ links */

/* Is there a way from here to the other end? */
static bool linked(const struct tcp_sock *t)
{
	struct route r;

	return t && !route_find(t->inet.sock.host, &t->inet.remote.ip, t->inet.sock.bound_ifindex,
				&r) && r.reachable && r.host;
}

/* Leaves the table of ports as it is. */
static void link_changed(struct tcp_sock *t)
{
	const struct tcp_sock *p = tcp_peer(t);
	const bool stalled = !linked(t) || (p && !linked(p));
	struct net *n = tcp_net(t);

	if (!tcp_in(t, ~(TCPF(CLOSE) | TCPF(LISTEN) | TCPF(SYN_SENT))) ||
	    stalled == tcp_has(t, TCP_STALLED))
		return;
	/* Who has something under way, to it or from it, has to come back to it. */
	if (!outstanding(t) && t->in.tail == t->sent &&
	    !(tcp_has(t, TCP_FIN_COMING) && !tcp_has(t, TCP_FIN_SEEN))) {
		tcp_set(t, TCP_STALLED, stalled);
		return;
	}
	if (stalled && !tcp_more(t))
		return;
	tcp_set(t, TCP_STALLED, stalled);
	if (stalled)
		tcp_wait_xmit(t);
	else if (t->more)
		timer_set(n, &t->more->xmit, net_now(n));
}

void tcp_link_changed(struct net *n)
{
	struct host *h;

	TAILQ_FOREACH(h, &n->hosts, entry) {
		const struct ports *ports = &h->tcp;

		for (uint32_t i = 0; ports->pair && i <= ports->pair_mask; i++)
			if (pair_sock(&ports->pair[i]))
				link_changed((struct tcp_sock *)pair_sock(&ports->pair[i]));
	}
}
