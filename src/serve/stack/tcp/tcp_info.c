/*
 * tcp_info.c - TCP_INFO: what of struct tcp_info has a meaning without segments. Sizes
 * and counts are those of sends cut into segments; nothing is ever lost or out of order,
 * and the round trip takes no time.
 */
#include <string.h>

#include "tcp.h"

enum { OPTIONS = TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE, WSCALE = 7,
       INIT_CWND = 10, NO_SSTHRESH = 0x7fffffff, ATO_US = 40000, NO_RTT = ~0u };

static uint32_t pmtu_of(const struct tcp_sock *t)
{
	struct route r;

	return route_find(tcp_sk(t)->host, &t->inet.remote.ip, tcp_sk(t)->bound_ifindex, &r)
		       ? 0 : r.mtu < 65535 ? r.mtu : 65535;
}

/* What it waits for, and how often it has tried. */
static void fill_timers(const struct tcp_sock *t, struct tcp_info *i)
{
	const struct tcp_more *more = t->more;
	const bool open = t->state != TCP_SYN_SENT && (t->peer || tcp_has(t, TCP_LOST));
	uint64_t rto = open ? TCP_RTO_MS : 1000;
	unsigned tries = more ? more->tries : 0;

	if (tcp_has(t, TCP_STALLED) || t->state == TCP_SYN_SENT) {
		i->tcpi_retransmits = tries;
		i->tcpi_total_retrans = tries;
		if (t->state == TCP_SYN_SENT)
			tries = tries > TCP_SYN_LINEAR ? tries - TCP_SYN_LINEAR : 0;
		i->tcpi_backoff = tries;
		rto <<= tries < 16 ? tries : 16;
	}
	if (rto > TCP_RTO_MAX_MS)
		rto = TCP_RTO_MAX_MS;
	i->tcpi_rto = rto * 1000;
	if (more)
		i->tcpi_probes = more->probes;
}

static void fill_way(const struct tcp_sock *t, struct tcp_info *i)
{
	const struct tcp_sock *p = tcp_peer(t);
	const bool v4 = ip_is4(&t->inet.remote.ip);

	i->tcpi_pmtu = pmtu_of(t);
	i->tcpi_options = OPTIONS;
	i->tcpi_snd_wscale = i->tcpi_rcv_wscale = WSCALE;
	i->tcpi_rcv_mss = t->mss;
	i->tcpi_advmss = i->tcpi_pmtu ? i->tcpi_pmtu - (v4 ? 52 : 72) : t->mss;
	i->tcpi_rcv_ssthresh = tcp_window(t);
	if (p)
		i->tcpi_snd_wnd = p->sent - p->in.head < tcp_window(p)
					  ? tcp_window(p) - (p->sent - p->in.head) : 0;
}

void tcp_info_fill(struct tcp_sock *t, struct tcp_info *i)
{
	const struct tcp_sock *p = tcp_peer(t);
	const uint32_t now = tcp_ms(t);
	uint64_t wrote;

	memset(i, 0, sizeof(*i));
	i->tcpi_state = t->state;
	i->tcpi_snd_cwnd = INIT_CWND;
	i->tcpi_reordering = 3;
	if (t->state == TCP_LISTEN) {
		/* As tcp_get_info(): the queue. */
		i->tcpi_unacked = t->waiting;
		i->tcpi_sacked = t->backlog;
		return;
	}
	i->tcpi_ato = t->segs_in ? ATO_US : 0;
	i->tcpi_snd_ssthresh = NO_SSTHRESH;
	i->tcpi_snd_mss = t->mss;
	i->tcpi_min_rtt = NO_RTT;
	fill_timers(t, i);
	if (t->state == TCP_CLOSE && !t->segs_in && !t->segs_out)
		return;
	fill_way(t, i);
	wrote = p ? p->sent : tcp_has(t, TCP_LOST) ? t->wrote : 0;
	i->tcpi_min_rtt = 0;
	i->tcpi_rcv_space = tcp_window(t) / 2;
	i->tcpi_last_data_sent = now - t->sent_ms;
	i->tcpi_last_data_recv = now - t->got_ms;
	i->tcpi_last_ack_recv = i->tcpi_last_data_sent < i->tcpi_last_data_recv
					? i->tcpi_last_data_sent : i->tcpi_last_data_recv;
	i->tcpi_bytes_sent = wrote;
	/* As positions go: the SYN of who called counts there, and a FIN. */
	i->tcpi_bytes_acked = wrote + (t->state != TCP_SYN_SENT && !tcp_has(t, TCP_PASSIVE));
	i->tcpi_bytes_received = t->sent + tcp_has(t, TCP_FIN_SEEN);
	i->tcpi_notsent_bytes = tcp_unsent(t);
	i->tcpi_data_segs_out = t->segs_out;
	i->tcpi_data_segs_in = t->segs_in;
	/* With the SYN or its answer, and an acknowledgement of each; as Linux counts. */
	i->tcpi_delivered = t->segs_out + (t->state != TCP_SYN_SENT);
	i->tcpi_segs_out = t->segs_out + t->segs_in + (tcp_has(t, TCP_PASSIVE) ? 0 : 2);
	i->tcpi_segs_in = t->segs_in + t->segs_out + (tcp_has(t, TCP_PASSIVE) ? 2 : 1) +
			  tcp_has(t, TCP_FIN_SEEN);
}
