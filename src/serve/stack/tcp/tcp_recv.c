/*
 * tcp_recv.c - bytes go from the ring into the receiver's memory.
 *
 * As tcp_recvmsg_locked(): bytes first, then the end of the stream, then errors. The
 * urgent byte stands in the stream at more->urgent; who reads stops before it, and then
 * passes over it, unless SO_OOBINLINE is set.
 */
#include <errno.h>

#include "tcp.h"

/* Stops at the mark, and goes on behind it. */
struct piece {
	uint64_t from;
	size_t len;
	bool ends;    /* the mark comes next: no more of it in this call */
	bool skipped; /* the urgent byte before it is passed over */
};

uint64_t tcp_inq(const struct tcp_sock *t)
{
	if (t->state == TCP_SYN_SENT)
		return 0;
	if (!sock_flag(&t->inet.sock, SOCK_FLAG_OOBINLINE) && tcp_has(t, TCP_HAS_URGENT) &&
	    t->more->urgent >= t->in.head && t->more->urgent < t->sent)
		return t->more->urgent - t->in.head;
	return t->sent - t->in.head;
}

bool tcp_at_mark(const struct tcp_sock *t)
{
	return t->state != TCP_LISTEN && tcp_has(t, TCP_HAS_URGENT) &&
	       t->more->urgent == t->in.head;
}

/* tcp_recv_urg(). */
static ssize_t recv_urgent(struct tcp_sock *t, struct message *m)
{
	struct sock *s = tcp_sk(t);
	uint8_t byte;

	if (sock_flag(s, SOCK_FLAG_OOBINLINE) || !tcp_has(t, TCP_HAS_URGENT) ||
	    tcp_has(t, TCP_URGENT_READ))
		return -EINVAL;
	if (t->state == TCP_CLOSE && !tcp_has(t, TCP_FIN_SEEN))
		return -ENOTCONN;
	if (t->more->urgent >= t->sent)
		return t->state == TCP_CLOSE || s->shut & SHUT_READ ? 0 : -EAGAIN;
	m->out->flags |= MSG_OOB;
	if (!m->len) {
		m->out->flags |= MSG_TRUNC;
	} else if (!(m->flags & MSG_TRUNC)) {
		byte = ring_byte(&t->in, t->more->urgent);
		if (message_give(m, 0, &byte, 1))
			return -EFAULT;
	}
	if (!(m->flags & MSG_PEEK))
		tcp_set(t, TCP_URGENT_READ, true);
	return m->len > 0;
}

/* What to give next of the stream, from a position on, up to len bytes. */
static struct piece next_piece(const struct tcp_sock *t, uint64_t from, size_t len, bool some)
{
	struct piece p = {.from = from};
	uint64_t have = from < t->sent ? t->sent - from : 0;

	if (tcp_has(t, TCP_HAS_URGENT) && t->more->urgent >= from &&
	    t->more->urgent - from < have) {
		const uint64_t before = t->more->urgent - from;

		if (!before && some) {
			p.ends = true;
			return p;
		}
		if (before) {
			p.ends = before <= len;
			have = before;
		} else if (!sock_flag(&t->inet.sock, SOCK_FLAG_OOBINLINE)) {
			p.skipped = true;
			p.from++;
			have--;
		}
	}
	p.len = have < len ? have : len;
	return p;
}

/* They were read. */
static void consume(struct tcp_sock *t, uint64_t to, size_t n)
{
	struct sock *s = tcp_sk(t);

	ring_drop(&t->in, to);
	if (tcp_has(t, TCP_HAS_URGENT) && to > t->more->urgent)
		tcp_set(t, TCP_HAS_URGENT, false);
	if (s->peek_off >= 0)
		s->peek_off = (size_t)s->peek_off > n ? s->peek_off - (int)n : 0;
	if (t->in.tail != t->sent)
		tcp_flow(t);
}

/* Why there is nothing: 0 (the end), -errno, or WAIT. */
static int nothing(struct tcp_sock *t)
{
	struct sock *s = tcp_sk(t);

	if (tcp_has(t, TCP_FIN_SEEN))
		return 0;
	if (s->err)
		return sock_take_error(s);
	if (s->shut & SHUT_READ)
		return 0;
	return t->state == TCP_CLOSE ? -ENOTCONN : WAIT;
}

/* May more come? */
static bool over(const struct tcp_sock *t)
{
	const struct sock *s = tcp_sk(t);

	return s->err || t->state == TCP_CLOSE || s->shut & SHUT_READ;
}

static ssize_t finish(struct tcp_sock *t, struct message *m, size_t n)
{
	struct sock *s = tcp_sk(t);
	int inq;

	if (m->flags & MSG_PEEK && s->peek_off >= 0)
		s->peek_off += n;
	if (n && sock_flag(s, SOCK_FLAG_TIMESTAMP))
		sock_put_stamp(s, m, s->stamp);
	if (tcp_has(t, TCP_TELL_INQ)) {
		inq = t->sent - t->in.head;
		if (!inq && tcp_has(t, TCP_FIN_SEEN))
			inq = 1; /* so that it is read on */
		message_put_control(m, IPPROTO_TCP, TCP_CM_INQ, &inq, sizeof(inq));
	}
	return n;
}

/* How many bytes make the call wait no more: sock_rcvlowat(). */
static size_t target_of(const struct sock *s, const struct message *m)
{
	size_t want = m->len;

	if (!(m->flags & MSG_WAITALL) && want > (size_t)s->rcvlowat)
		want = s->rcvlowat;
	return want ? want : 1;
}

ssize_t tcp_recv(struct sock *s, struct message *m)
{
	struct tcp_sock *t = tcp_of(s);
	const bool peek = m->flags & MSG_PEEK;
	uint64_t from;
	struct piece p;
	int err;

	if (m->flags & MSG_ERRQUEUE)
		return errqueue_recv(s, m);
	if (t->state == TCP_LISTEN)
		return -ENOTCONN;
	if (m->flags & MSG_OOB)
		return recv_urgent(t, m);
	if (peek)
		m->done = 0; /* begins anew each time, since nothing was taken */
again:
	from = t->in.head + (peek && s->peek_off > 0 ? s->peek_off : 0);
	p = next_piece(t, from, m->len - m->done, m->done);
	if (p.len && !(m->flags & MSG_TRUNC)) {
		err = ring_read(&t->in, p.from, m, m->done, p.len);
		if (err)
			return m->done ? (ssize_t)m->done : err;
	}
	m->done += p.len;
	if (!peek && (p.len || p.skipped))
		consume(t, p.from + p.len, p.len);
	if (m->done >= target_of(s, m) || p.ends || (!m->len && t->sent != t->in.head))
		return finish(t, m, m->done);
	if (p.len && !peek && t->sent != t->in.head)
		goto again; /* what was taken made room, and more came at once */
	if (m->done)
		return over(t) ? finish(t, m, m->done) : WAIT;
	err = nothing(t);
	return err ? err : finish(t, m, 0);
}
