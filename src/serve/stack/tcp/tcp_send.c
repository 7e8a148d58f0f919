/*
 * tcp_send.c - bytes go from the sender's memory into the receiver's ring.
 */
#include <errno.h>

#include "../inet/ip_control.h"
#include "tcp.h"

#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif

/* Bytes that may be written now: what the receiver's window takes, and what the
 * sender's buffer does behind it. */
static size_t room_of(const struct tcp_sock *t, const struct tcp_sock *p)
{
	const uint64_t unsent = p->in.tail - p->sent, have = p->sent - p->in.head;
	const uint32_t window = tcp_window(p);
	int64_t room = (int64_t)t->inet.sock.sndbuf - (int64_t)unsent;

	if (tcp_has(t, TCP_LOW_WATER) && unsent >= t->more->notsent)
		return 0;
	if (!tcp_has(p, TCP_STALLED) && have < window)
		room += window - have;
	return room > 0 ? room : 0;
}

/* Urgent is the byte at this position, as tcp_check_urg() takes it. */
static void mark_urgent(struct tcp_sock *p, uint64_t at)
{
	struct tcp_more *more = p->more;

	if (tcp_has(p, TCP_HAS_URGENT)) {
		/* One that nobody took becomes data, but not if it is the next to be read:
		 * recv(2) would stop before it for ever. */
		if (more->urgent == p->in.head && p->in.head != p->sent &&
		    !sock_flag(tcp_sk(p), SOCK_FLAG_OOBINLINE))
			ring_drop(&p->in, p->in.head + 1);
	}
	more->urgent = at;
	tcp_set(p, TCP_HAS_URGENT, true);
	tcp_set(p, TCP_URGENT_READ, false);
}

/* Of SOL_SOCKET only what is known may be given. */
static int check_control(const struct message *m)
{
	const struct cmsghdr *h = NULL;
	int err = 0;

	while ((h = message_next_control(m, h, &err)))
		if (h->cmsg_level == SOL_SOCKET && ip_control_socket(m, h))
			return -EINVAL;
	return err;
}

/* To a peer that is gone: it will answer by a reset. */
static ssize_t send_to_nobody(struct tcp_sock *t, const struct message *m)
{
	if (m->done == m->len)
		return m->done;
	if (!tcp_has(t, TCP_STALLED)) {
		tcp_reset(t);
		return m->len;
	}
	/* It will when it hears of it. */
	if (tcp_has(t, TCP_UNSENT_LOST))
		return WAIT;
	if (!tcp_more(t))
		return m->done ? (ssize_t)m->done : -ENOBUFS;
	tcp_set(t, TCP_UNSENT_LOST, true);
	tcp_wait_xmit(t);
	return m->len;
}

/* As tcp_sendmsg_locked(): the order of the checks, and what each says. */
static int check(struct tcp_sock *t, struct message *m)
{
	struct sock *s = tcp_sk(t);

	if (m->flags & MSG_FASTOPEN)
		return -EOPNOTSUPP;
	if (!tcp_in(t, TCPF_SENDS)) {
		if (s->err)
			return sock_take_error(s);
		return t->state == TCP_SYN_SENT ? WAIT : -EPIPE;
	}
	if (m->control_len && check_control(m))
		return -EINVAL;
	if (s->err)
		return sock_take_error(s);
	return s->shut & SHUT_WRITE ? -EPIPE : 0;
}

/* Memory that sending in this way takes. */
static int prepare(struct tcp_sock *t, struct tcp_sock *p, const struct message *m)
{
	if (m->flags & MSG_OOB && !tcp_more(p))
		return -ENOBUFS;
	if (tcp_has(p, TCP_STALLED) && (!tcp_more(t) || !tcp_more(p)))
		return -ENOBUFS;
	return 0;
}

static ssize_t send_slow(struct tcp_sock *t, struct message *m)
{
	struct tcp_sock *p;
	size_t n = m->len - m->done, room;
	int err = check(t, m);

	if (err)
		return m->done && err != WAIT ? (ssize_t)m->done : err;
	p = tcp_peer(t);
	if (!p)
		return send_to_nobody(t, m);
	if (!n)
		return m->done;
	room = room_of(t, p);
	if (!room) {
		tcp_wait_xmit(t);
		return WAIT;
	}
	if (n > room)
		n = room;
	err = prepare(t, p, m);
	if (!err)
		err = ring_write(&tcp_net(t)->mem, &p->in, m, m->done, n);
	if (err)
		return m->done ? (ssize_t)m->done : err == -ENOMEM ? -ENOBUFS : err;
	m->done += n;
	tcp_set(t, TCP_MORE_COMES, m->flags & MSG_MORE);
	if (m->flags & MSG_OOB)
		mark_urgent(p, p->in.tail - 1);
	tcp_flow(p);
	/* A reset may have been the answer. */
	return m->done == m->len || t->state == TCP_CLOSE ? (ssize_t)m->done : WAIT;
}

ssize_t tcp_send(struct sock *s, struct message *m)
{
	enum { PLAIN = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_EOR | MSG_CONFIRM };
	struct tcp_sock *t = tcp_of(s), *p;
	int err;

	/* The short way: all is in order, and all of it fits. */
	if (tcp_in(t, TCPF_SENDS) && !(t->flags & TCP_SEND_SLOW) && !(m->flags & ~PLAIN) &&
	    !s->err && !(s->shut & SHUT_WRITE) && !m->control_len && !m->done && m->len) {
		p = t->peer;
		if (p->in.tail == p->sent && !(tcp_sk(p)->shut & SHUT_READ) &&
		    m->len + (p->sent - p->in.head) <= tcp_window(p)) {
			err = ring_write(&tcp_net(t)->mem, &p->in, m, 0, m->len);
			if (err)
				return err == -ENOMEM ? -ENOBUFS : err;
			tcp_arrive(p, t, m->len);
			return m->len;
		}
	}
	return send_slow(t, m);
}
