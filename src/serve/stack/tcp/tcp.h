/*
 * tcp.h - what the files of TCP share.
 *
 * There are no segments. The two ends of a connection point at each other, and each
 * owns the ring of bytes that come in to it: the other end writes there. Three
 * positions of that stream say all: what was read (in.head), what has arrived (sent),
 * what was written (in.tail). sent - head is what a kernel would have in the receiver's
 * buffer, bounded by its window; tail - sent is what it would have in the sender's,
 * bounded by SO_SNDBUF: held back by a full window, by TCP_CORK, or by a link that is
 * down. tcp_flow() moves `sent`, and is the only one that does.
 *
 * A FIN stands behind all that was written (TCP_FIN_COMING of the receiver) and arrives
 * when sent == tail. So an end that closes need not outlive its last bytes: they are in
 * the other's ring. What it leaves behind is `lost`: who has no peer any more and sends
 * is answered by a reset.
 *
 * What few sockets need (options, timers, urgent data) is in a struct tcp_more, made
 * when it is first needed.
 */
#ifndef SOCKETCALL_STACK_TCP_H
#define SOCKETCALL_STACK_TCP_H

#include <assert.h>
#include <linux/tcp.h>

#include "../inet/inet.h"
#include "../ring.h"

/* As <netinet/tcp.h> numbers them, whose struct tcp_info is an old one. */
enum tcp_state {
	TCP_ESTABLISHED = 1, TCP_SYN_SENT, TCP_SYN_RECV, TCP_FIN_WAIT1, TCP_FIN_WAIT2,
	TCP_TIME_WAIT, TCP_CLOSE, TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_LISTEN, TCP_CLOSING,
};

enum tcp_flag {
	TCP_NO_DELAY,    /* TCP_NODELAY */
	TCP_CORKED,      /* TCP_CORK */
	TCP_MORE_COMES,  /* the last send said MSG_MORE */
	TCP_STALLED,     /* the link between the ends is down */
	TCP_FIN_COMING,  /* the peer's FIN stands behind in.tail */
	TCP_FIN_SEEN,    /* it has arrived */
	TCP_LOST,        /* the peer is gone: `wrote` instead of `peer` */
	TCP_CALLING,     /* connect(2) began, and nobody was told how it ended */
	TCP_CONNECTED,   /* somebody was told, or it was accepted */
	TCP_SLOW_ACK,    /* TCP_QUICKACK is off */
	TCP_RENO,        /* TCP_CONGESTION */
	TCP_TELL_INQ,    /* TCP_INQ */
	TCP_HAS_URGENT,  /* more->urgent says where */
	TCP_URGENT_READ, /* MSG_OOB took it */
	TCP_CLAMPED,     /* more->clamp bounds the window */
	TCP_LOW_WATER,   /* more->notsent bounds what is not sent */
	TCP_WAITS,       /* the port is to stay in TIME_WAIT when it is given up */
	TCP_DEFERRED,    /* accepted when data come: TCP_DEFER_ACCEPT */
	TCP_PASSIVE,     /* it came from a listener */
	TCP_PUSHED,      /* what was held back too long is let go */
	TCP_UNSENT_LOST, /* bytes held back were for a peer that is gone */
};
#define TCP_BIT(f) (UINT32_C(1) << (f))

/* Options: kept when a connection ends, and given to those that are accepted. */
#define TCP_OPTION_BITS                                                                   \
	(TCP_BIT(TCP_NO_DELAY) | TCP_BIT(TCP_CORKED) | TCP_BIT(TCP_SLOW_ACK) |            \
	 TCP_BIT(TCP_RENO) | TCP_BIT(TCP_TELL_INQ) | TCP_BIT(TCP_CLAMPED) |               \
	 TCP_BIT(TCP_LOW_WATER))
/* Set: a send cannot take the short way. */
#define TCP_SEND_SLOW                                                                     \
	(TCP_BIT(TCP_CORKED) | TCP_BIT(TCP_MORE_COMES) | TCP_BIT(TCP_STALLED) |           \
	 TCP_BIT(TCP_LOST) | TCP_BIT(TCP_LOW_WATER))

struct tcp_more {
	struct timer xmit;        /* connecting; held back; not answered; deferred */
	struct timer keep;        /* SO_KEEPALIVE */
	struct tcp_sock *sock;

	uint32_t keepidle, keepintvl; /* s; 0: the default */
	uint32_t user_timeout;    /* ms; 0: the default */
	uint32_t clamp;           /* bytes; TCP_CLAMPED */
	uint32_t notsent;         /* bytes; TCP_LOW_WATER */
	int32_t linger2;          /* s; 0: the default; -1: none */
	uint16_t user_mss;
	uint8_t keepcnt, syncnt;  /* 0: the default */
	uint8_t defer;            /* TCP_DEFER_ACCEPT as retransmissions: 2^n - 1 s */
	uint8_t tries;            /* of xmit: how often it was sent again */
	uint8_t probes;           /* of keep: not answered */
	uint64_t urgent;          /* position of the urgent byte */
	int64_t began;            /* ns: xmit began to count */
	int64_t answered;         /* ns: the last probe of keep; 0: none */
	int64_t fin_until;        /* ns: who sent the FIN gives up then; 0: never */
	LIST_HEAD(, tcp_more) deferred; /* of a listener */
	LIST_ENTRY(tcp_more) defer_entry;
	struct tcp_sock *listener; /* TCP_DEFERRED: of it */
};

struct tcp_sock {
	struct inet_sock inet; /* first */
	union {
		struct tcp_sock *peer; /* NULL: none yet */
		uint64_t wrote;        /* TCP_LOST: bytes that were sent to it */
	};
	union {
		struct {
			struct ring in;
			uint64_t sent;
		};
		struct { /* of a listener */
			struct tcp_sock *first, *last; /* connections to be accepted */
			uint32_t waiting, backlog;
		};
	};
	struct tcp_more *more;
	struct tcp_sock *next;  /* in the listener's queue */
	uint32_t segs_in, segs_out; /* with data */
	uint32_t sent_ms, got_ms;   /* when data went out and came in */
	uint32_t flags;
	uint16_t mss;
	uint8_t state;
};
static_assert(sizeof(struct tcp_sock) <= 480, "a connected pair is to take a KiB");

static inline struct tcp_sock *tcp_of(struct sock *s)
{
	return (struct tcp_sock *)s;
}
static inline struct sock *tcp_sk(const struct tcp_sock *t)
{
	return (struct sock *)&t->inet.sock;
}
static inline struct net *tcp_net(const struct tcp_sock *t)
{
	return t->inet.sock.file.net;
}
static inline bool tcp_has(const struct tcp_sock *t, enum tcp_flag f)
{
	return t->flags & TCP_BIT(f);
}
static inline void tcp_set(struct tcp_sock *t, enum tcp_flag f, bool on)
{
	t->flags = on ? t->flags | TCP_BIT(f) : t->flags & ~TCP_BIT(f);
}
static inline bool tcp_in(const struct tcp_sock *t, unsigned states)
{
	return 1u << t->state & states;
}
#define TCPF(s) (1u << TCP_##s)
/* The program may send. */
#define TCPF_SENDS (TCPF(ESTABLISHED) | TCPF(CLOSE_WAIT))

static inline struct tcp_sock *tcp_peer(const struct tcp_sock *t)
{
	return tcp_has(t, TCP_LOST) ? NULL : t->peer;
}

static inline uint32_t tcp_ms(const struct tcp_sock *t)
{
	return (uint64_t)net_about_now(tcp_net(t)) / NSEC_PER_MSEC;
}

/* What may lie in the receiver's buffer. */
static inline uint32_t tcp_window(const struct tcp_sock *t)
{
	uint32_t w = t->inet.sock.rcvbuf;

	return tcp_has(t, TCP_CLAMPED) && t->more->clamp < w ? t->more->clamp : w;
}
/* Bytes on their way out that have not arrived. */
static inline uint64_t tcp_unsent(const struct tcp_sock *t)
{
	const struct tcp_sock *p = tcp_peer(t);

	return p ? p->in.tail - p->sent : 0;
}
static inline uint32_t tcp_segs(const struct tcp_sock *t, uint64_t n)
{
	return n <= t->mss ? 1 : (n + t->mss - 1) / t->mss;
}

enum {
	TCP_SYN_RETRIES = 6,
	TCP_SYN_LINEAR = 4,      /* net.ipv4.tcp_syn_linear_timeouts */
	TCP_KEEP_IDLE_S = 7200,
	TCP_KEEP_INTVL_S = 75,
	TCP_KEEP_CNT = 9,
	TCP_FIN_S = 60,          /* net.ipv4.tcp_fin_timeout */
	TCP_RCVBUF = 131072,     /* net.ipv4.tcp_rmem[1] */
	TCP_SNDBUF = 16384,      /* net.ipv4.tcp_wmem[1], before it is connected */
	TCP_SNDBUF_OPEN = 2626560, /* what Linux gives a connection over loopback */
	TCP_MSS_FIRST = 536,     /* before it is connected */
	TCP_RTO_MS = 200,
	TCP_RTO_MAX_MS = 120000,
	TCP_ARP_MS = 3000,       /* till nobody answered for an address */
};

/* tcp.c */
/* The part that few need; NULL: no memory. */
struct tcp_more *tcp_more(struct tcp_sock *);
uint32_t tcp_poll(struct sock *);
/* Is a third of the send buffer free (so POLLOUT)? */
bool tcp_writeable(const struct tcp_sock *);

/* tcp_state.c: what happens to a connection. */
/* Lets arrive at t what may: bytes, and the FIN behind them. Tells who waits for it. */
void tcp_flow(struct tcp_sock *t);
/* n bytes more have arrived at t, from p (NULL: gone meanwhile). */
void tcp_arrive(struct tcp_sock *t, struct tcp_sock *p, uint64_t n);
/* Both ends know each other. */
void tcp_join(struct tcp_sock *a, struct tcp_sock *b);
/* It is over: no more is sent or received. The port waits a minute if `wait`. */
void tcp_done(struct tcp_sock *, bool wait);
/* A reset came in. */
void tcp_reset(struct tcp_sock *);
/* It ends with this error, and nobody is told but its program. */
void tcp_fail(struct tcp_sock *, int err);
/* Sends a reset to the peer, if there is one, and lets go of it. */
void tcp_send_reset(struct tcp_sock *);
/* Sends a FIN behind all that was written. */
void tcp_send_fin(struct tcp_sock *);
/* The link is back, and who is to hear its FIN is gone from where it was. */
void tcp_fin_again(struct tcp_sock *);
/* The peer forgets it; what it wrote and what is under way in the peer's ring stays. */
void tcp_leave(struct tcp_sock *);

/* tcp_connect.c */
int tcp_connect(struct op *, struct sock *, const struct call_addr *);
/* Back to a socket that is new, but for its name. */
void tcp_disconnect(struct tcp_sock *);
/* connecting: tries again. */
void tcp_call_again(struct tcp_sock *);

/* tcp_listen.c */
int tcp_listen(struct op *, struct sock *, int backlog);
int tcp_accept(struct op *, struct sock *, struct sock **out);
/* A connection for c, which has called; *full: nobody takes it now. 0 or -errno. */
int tcp_answer(struct tcp_sock *listener, struct tcp_sock *c, bool *full);
void tcp_unlisten(struct tcp_sock *);
/* A deferred connection may be accepted now. */
void tcp_undefer(struct tcp_sock *);

/* tcp_send.c, tcp_recv.c */
ssize_t tcp_send(struct sock *, struct message *);
ssize_t tcp_recv(struct sock *, struct message *);
/* Bytes that recv(2) would find: SIOCINQ. */
uint64_t tcp_inq(const struct tcp_sock *);
bool tcp_at_mark(const struct tcp_sock *);

/* tcp_timer.c */
void tcp_timers_init(struct tcp_more *);
void tcp_timers_stop(struct tcp_sock *);
/* Something is not answered, or held back: waits for it, if it does not yet. */
void tcp_wait_xmit(struct tcp_sock *);
/* Nothing is any more. */
void tcp_stop_xmit(struct tcp_sock *);
/* connect(2) got no answer. nobody: no host has the address. */
void tcp_wait_call(struct tcp_sock *, bool nobody);
/* Accepts it without data after as many retransmissions. */
void tcp_wait_defer(struct tcp_sock *, unsigned retries);
void tcp_keepalive(struct sock *, bool on);
/* TCP_KEEPIDLE changed. */
void tcp_keepidle_changed(struct tcp_sock *);
/* How long n tries take, after the first at a second and each further one after twice
 * as long: s. */
int64_t tcp_tries_s(unsigned n);

/* tcp_info.c */
void tcp_info_fill(struct tcp_sock *, struct tcp_info *);

#endif
