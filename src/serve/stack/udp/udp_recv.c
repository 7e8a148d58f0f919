/*
 * udp_recv.c - a socket's queue of datagrams, and receiving from it.
 *
 * Linux charges what a packet occupies, drops what comes while the queue is full, and
 * gives back what was read in lumps: not before a quarter of SO_RCVBUF was read, or its
 * second queue, to which the first is moved when that is empty, has run empty
 * (udp_rmem_release()). A program with a small buffer sees that, so we do the same.
 */
#include <errno.h>
#include <string.h>

#include "../inet/errqueue.h"
#include "udp.h"

enum {
	SPARE_BYTES = 4096,  /* what a socket keeps for the next packets */
	ROOM_LEAST = 192,    /* of a packet: so that one fits the next, too */
};

/* Measured on Linux 6.18, over lo: a head of 576, then powers of two up to 16 KiB; what
 * is larger lies in pages of its own. 256 is struct sk_buff. */
int udp_truesize(size_t len, bool ip4)
{
	const size_t head = len + (ip4 ? 59 : 72) + 320;
	size_t size = 1024;

	if (head <= 576)
		return 576 + 256;
	if (head > 16384)
		return len + 832;
	while (size < head)
		size *= 2;
	return size + 256;
}

struct packet *udp_packet_new(struct udp_sock *s, size_t len)
{
	struct packet *p = STAILQ_FIRST(&s->spare);

	if (p && p->room >= len) {
		STAILQ_REMOVE_HEAD(&s->spare, entry);
		s->spare_bytes -= p->room;
		return p;
	}
	if (len < ROOM_LEAST)
		len = ROOM_LEAST;
	p = alloc_get(&s->inet.sock.file.net->mem, sizeof(*p) + len);
	if (p)
		p->room = len;
	return p;
}

void udp_packet_put(struct udp_sock *s, struct packet *p)
{
	if (s->spare_bytes + p->room > SPARE_BYTES) {
		alloc_put(&s->inet.sock.file.net->mem, p);
		return;
	}
	s->spare_bytes += p->room;
	STAILQ_INSERT_HEAD(&s->spare, p, entry);
}

void udp_packets_free(struct udp_sock *s)
{
	struct alloc *mem = &s->inet.sock.file.net->mem;
	struct packet *p;

	while ((p = STAILQ_FIRST(&s->queue))) {
		STAILQ_REMOVE_HEAD(&s->queue, entry);
		alloc_put(mem, p);
	}
	while ((p = STAILQ_FIRST(&s->spare))) {
		STAILQ_REMOVE_HEAD(&s->spare, entry);
		alloc_put(mem, p);
	}
}

void udp_queue(struct udp_sock *s, struct packet *p)
{
	struct sock *sk = &s->inet.sock;

	p->truesize = udp_truesize(p->len, ip_is4(&p->header.to.ip));
	/* A datagram finds room in an empty queue however large it is. */
	if (s->rmem && (int64_t)s->rmem + p->truesize > sk->rcvbuf) {
		s->drops++;
		udp_packet_put(s, p);
		return;
	}
	s->rmem += p->truesize;
	p->stamp = sock_flag(sk, SOCK_FLAG_TIMESTAMP) || sk->stamp > 0 ? net_wall(sk->file.net)
								       : 0;
	p->drops = sock_flag(sk, SOCK_FLAG_RXQ_OVFL) ? s->drops : 0;
	p->peeked = false;
	STAILQ_INSERT_TAIL(&s->queue, p, entry);
	s->queued++;
	file_notify(&sk->file, POLLIN | POLLRDNORM);
}

/* What a packet that was read counted is given back, sooner or later. */
static void udp_release(struct udp_sock *s, const struct packet *p)
{
	s->deficit += p->truesize;
	if (s->batch > 0 && s->deficit < s->inet.sock.rcvbuf >> 2)
		return;
	s->rmem -= s->deficit;
	s->deficit = 0;
}

/* Linux's second queue takes all of the first when it is empty and somebody looks. */
static void udp_look(struct udp_sock *s)
{
	if (!s->batch)
		s->batch = s->queued;
}

/* The packet to read, and where in it (SO_PEEK_OFF); NULL: none yet. */
static struct packet *find(struct udp_sock *s, int flags, size_t *off)
{
	int64_t left = s->inet.sock.peek_off;
	struct packet *p;

	*off = 0;
	udp_look(s);
	if (!(flags & MSG_PEEK) || left < 0)
		return STAILQ_FIRST(&s->queue);
	STAILQ_FOREACH(p, &s->queue, entry) {
		if (left >= p->len && (left || p->peeked)) {
			left -= p->len;
			continue;
		}
		if (!p->len)
			p->peeked = true;
		*off = left;
		break;
	}
	return p;
}

/* sk_peek_offset_bwd(), with what was peeked as a negative number. */
static void move_peek_off(struct sock *s, ssize_t by)
{
	int64_t off = (int64_t)s->peek_off - by;

	if (s->peek_off >= 0)
		s->peek_off = off < 0 ? 0 : off > INT32_MAX ? INT32_MAX : (int)off;
}

/* What any of the sockets' options may ask for beside the bytes. */
static void put_control(struct udp_sock *s, struct message *m, const struct packet *p)
{
	enum { UDP_GRO_ = 104 };
	struct sock *sk = &s->inet.sock;

	if (sock_flag(sk, SOCK_FLAG_TIMESTAMP))
		sock_put_stamp(sk, m, p->stamp ? p->stamp : net_wall(sk->file.net));
	if (sock_flag(sk, SOCK_FLAG_RXQ_OVFL) && p->drops)
		message_put_control(m, SOL_SOCKET, SO_RXQ_OVFL, &p->drops, sizeof(p->drops));
	if (p->segment) {
		const int segment = p->segment;

		message_put_control(m, IPPROTO_UDP, UDP_GRO_, &segment, sizeof(segment));
	}
	if (s->inet.ip_flags & ip_control_flags)
		ip_control_put(&s->inet, m, &p->header);
}

static ssize_t nothing_there(struct sock *s, const struct message *m)
{
	/* Who waits hears the end at once; who does not, never. */
	if (s->shut & SHUT_READ)
		return m->op->may_wait ? 0 : -EAGAIN;
	return WAIT;
}

ssize_t udp_recv(struct sock *sk, struct message *m)
{
	struct udp_sock *s = udp_of(sk);
	const bool peek = m->flags & MSG_PEEK;
	struct packet *p;
	size_t off, len;
	ssize_t ret;
	int err;

	if (m->flags & MSG_ERRQUEUE)
		return errqueue_recv(sk, m);
	if (sk->err)
		return sock_take_error(sk);
	p = find(s, m->flags, &off);
	if (!p)
		return nothing_there(sk, m);
	len = m->len;
	if (len > p->len - off)
		len = p->len - off;
	else if (len < p->len)
		m->out->flags |= MSG_TRUNC;
	err = len ? message_give(m, 0, p->data + off, len) : 0;
	if (!err) {
		put_control(s, m, p);
		if (m->from)
			endpoint_write(sk, &p->header.from, m->from);
		sk->stamp = p->stamp ? p->stamp : -1;
	}
	ret = m->flags & MSG_TRUNC ? p->len : len;
	if (!peek) {
		/* Also what the caller's memory would not take. */
		STAILQ_REMOVE_HEAD(&s->queue, entry);
		s->queued--;
		s->batch--;
		udp_release(s, p);
		udp_packet_put(s, p);
		if (err)
			s->drops++;
	}
	if (err)
		return err;
	move_peek_off(sk, peek ? -ret : ret);
	return ret;
}
