/*
 * unix_stream.c - the bytes of a stream.
 *
 * They lie in the receiver's ring. Linux has them in buffers, one or more a send, and
 * that shows: a receiver stops behind a buffer that brought descriptors, before one
 * that another wrote (if it wants to know who), and before and behind urgent bytes.
 * Where nothing of that happens buffers are glued. So marks say where it does:
 *
 *	ring	head ........[at......end).........[at).......... tail
 *	mark	             rights              other creds
 *
 * A mark is dropped when its first byte is read. The byte of MSG_OOB has a mark, and
 * `oob` points to the last one; once it was read out of band its mark is a hole, which
 * stays in the ring until it is read over. Holes side by side are one.
 *
 * What is read gives back its part of what the sender was charged: of n bytes out of
 * all, as much of the charge. (Linux does so when a whole buffer was read.)
 */
#include "unix.h"

#include <errno.h>

/* ------------------------------------------------------------------------- send */

/* The next n bytes of a message, from `skip` on, as one buffer. 0 or -errno, then
 * nothing has changed; rights go with it. */
static int put_segment(struct unix_sock *u, struct message *m, struct unix_control *c, size_t skip,
		       size_t n, bool urgent)
{
	struct unix_sock *p = u->peer;
	struct ring *r = &p->ring;
	const bool empty = !ring_len(r);
	struct unix_mark *k = NULL;
	int err;

	if (c->rights && !sock_flag(&p->sock, SOCK_FLAG_PASSRIGHTS))
		return -EPERM;
	err = c->rights ? unix_rights_charge(c->rights, m->op->task) : 0;
	if (err)
		return err;
	if (urgent || c->rights || (!empty && !unix_creds_equal(&c->creds, &p->tail))) {
		k = alloc_zero(unix_mem(p), sizeof(*k));
		if (!k)
			return -ENOBUFS;
	}
	err = ring_write(unix_mem(p), r, m, skip, n);
	if (err) {
		alloc_put(unix_mem(p), k);
		return err == -ENOMEM ? -ENOBUFS : err;
	}
	if (empty)
		p->head = c->creds;
	p->tail = c->creds;
	u->charge += unix_charge(n, true);
	if (k) {
		k->at = r->tail - n;
		k->end = c->rights || urgent ? r->tail : k->at;
		k->creds = c->creds;
		TAILQ_INSERT_TAIL(&p->marks, k, entry);
		if (c->rights)
			unix_rights_queue(c->rights, p, &k->rights);
		c->rights = NULL;
		if (urgent)
			p->oob = k;
	}
	file_notify(&p->sock.file, UNIX_IN | (urgent ? POLLPRI : 0));
	return 0;
}

/* As much of the rest as Linux puts into one buffer. */
static size_t segment_len(const struct unix_sock *u, size_t rest)
{
	const size_t half = u->sock.sndbuf / 2 - 64;

	if (rest > UNIX_SEGMENT_MAX)
		rest = UNIX_SEGMENT_MAX;
	return rest > half ? half : rest;
}

static int put_all(struct unix_sock *u, struct message *m, struct unix_control *c, size_t *sent)
{
	const bool oob = m->flags & MSG_OOB;
	const size_t plain = m->len - oob;

	while (*sent < m->len) {
		const bool urgent = *sent == plain;
		const size_t n = urgent ? 1 : segment_len(u, plain - *sent);
		int err = unix_may_charge(u);

		if (!err && !u->peer)
			err = -EPIPE;
		if (!err)
			err = put_segment(u, m, c, *sent, n, urgent);
		if (err)
			return err;
		*sent += n;
	}
	return 0;
}

ssize_t unix_stream_send(struct sock *s, struct message *m)
{
	struct unix_sock *u = unix_of(s);
	struct unix_control c;
	size_t sent = m->done;
	int err = unix_control_read(m, &c);

	if (err)
		return sent ? (ssize_t)sent : err;
	if (m->flags & MSG_OOB && !m->len)
		err = -EOPNOTSUPP;
	else if (m->to && m->to->len)
		err = u->connected ? -EISCONN : -EOPNOTSUPP;
	else if (!u->peer && !u->peer_gone)
		err = -ENOTCONN;
	else if (s->shut & SHUT_WRITE && !m->op->waited)
		err = -EPIPE; /* who waited for room is told of a reset first */
	if (!err && u->peer)
		unix_control_creds(&c, m, u, u->peer);
	if (!err)
		err = put_all(u, m, &c, &sent);
	unix_control_end(m, &c, err == WAIT);
	if (err != WAIT)
		return sent ? (ssize_t)sent : err;
	m->done = sent;
	return WAIT;
}

/* ------------------------------------------------------------------------- recv */

/* Where a receiver is: at what it reads next. */
struct reading {
	uint64_t pos;
	struct unix_mark *mark;   /* the first one at pos or behind */
	struct creds creds;       /* of the bytes before pos; of the segment once found */
	bool peek;
	bool skipped;             /* to here: urgent bytes and holes are not looked at */

	/* The segment at pos. */
	struct unix_mark *begins; /* the mark at pos; NULL: none */
	uint64_t end;
};

enum found { SEGMENT, NOTHING, STOP };

static void mark_free(struct unix_sock *u, struct unix_mark *k)
{
	TAILQ_REMOVE(&u->marks, k, entry);
	unix_rights_drop(unix_net(u), k->rights);
	alloc_put(unix_mem(u), k);
}

/* n bytes were read, or thrown away: the sender may send more. */
static void consume(struct unix_sock *u, size_t n)
{
	const size_t len = ring_len(&u->ring);
	struct unix_sock *p = u->peer;

	ring_drop(&u->ring, u->ring.head + n);
	if (p && n)
		unix_discharge(p, n == len ? p->charge : (uint64_t)p->charge * n / len);
}

/* Goes on behind a hole, or behind an urgent byte that is not in line. */
static void pass(struct unix_sock *u, struct reading *rd)
{
	struct unix_mark *k = rd->mark;

	rd->mark = TAILQ_NEXT(k, entry);
	rd->creds = k->creds;
	rd->pos = k->end;
	if (rd->peek)
		return;
	if (k->hole)
		u->holes -= k->end - k->at;
	u->head = k->creds;
	consume(u, k->end - k->at);
	mark_free(u, k);
}

/* What a reader may read next: manage_oob(). `copied`: it has something already. */
static enum found next_segment(struct unix_sock *u, struct reading *rd, bool copied)
{
	for (;;) {
		struct unix_mark *k = rd->mark, *next;

		if (rd->pos == u->ring.tail)
			return NOTHING;
		rd->begins = NULL;
		rd->end = k ? k->at : u->ring.tail;
		if (!k || k->at > rd->pos)
			return SEGMENT;
		if (k->hole) {
			if (copied && !u->oob && !rd->skipped)
				return STOP;
			pass(u, rd);
			continue;
		}
		if (k == u->oob && !rd->skipped) {
			if (copied)
				return STOP;
			if (!rd->peek)
				u->oob = NULL;
			if (!sock_flag(&u->sock, SOCK_FLAG_OOBINLINE)) {
				pass(u, rd);
				continue;
			}
		}
		next = TAILQ_NEXT(k, entry);
		rd->begins = k;
		rd->creds = k->creds;
		rd->end = k->end > k->at ? k->end : next ? next->at : u->ring.tail;
		return SEGMENT;
	}
}

/* SO_PEEK_OFF: where a peek begins. */
static void skip_peeked(struct unix_sock *u, struct reading *rd)
{
	size_t skip = u->sock.peek_off > 0 ? u->sock.peek_off : 0;

	while (skip && next_segment(u, rd, false) == SEGMENT) {
		const size_t n = rd->end - rd->pos < skip ? rd->end - rd->pos : skip;

		skip -= n;
		rd->pos += n;
		rd->skipped = true;
		/* Within what brought descriptors, it is still at them. */
		if (rd->begins && rd->begins->end <= rd->pos)
			rd->mark = TAILQ_NEXT(rd->begins, entry);
	}
}

/* n bytes of the segment were read. Did they end what may be read at once? */
static bool after_read(struct unix_sock *u, struct reading *rd, struct message *m, size_t n)
{
	struct unix_mark *k = rd->begins;
	const bool rights = k && k->rights, all = rd->pos + n == rd->end;

	if (rights)
		unix_put_rights(m, k->rights);
	if (k && (n || rd->peek))
		rd->mark = TAILQ_NEXT(k, entry);
	rd->pos += n;
	if (rd->peek) {
		/* Linux looks on for descriptors, even past what was asked for. */
		rd->pos = rd->end;
		rd->skipped = false;
		if (u->sock.peek_off >= 0)
			u->sock.peek_off += n;
		return rights || rd->pos == u->ring.tail;
	}
	if (u->sock.peek_off >= 0)
		u->sock.peek_off = (size_t)u->sock.peek_off > n ? u->sock.peek_off - (int)n : 0;
	u->head = u->read = rd->creds;
	consume(u, n);
	if (k && n)
		mark_free(u, k);
	else if (rights)
		unix_rights_drop(unix_net(u), k->rights);
	return rights || !all;
}

/* Nothing is there: 0 (the end), WAIT, or the pending error. */
static int nothing(struct unix_sock *u)
{
	if (u->sock.err)
		return sock_take_error(&u->sock);
	return u->sock.shut & SHUT_READ ? 0 : WAIT;
}

/* Reads segments as long as they may be glued: 0, WAIT or -errno. */
static int get_all(struct unix_sock *u, struct reading *rd, struct message *m, size_t *copied)
{
	const bool passcred = sock_flag(&u->sock, SOCK_FLAG_PASSCRED);
	const size_t lowat = u->sock.rcvlowat;
	const size_t target = m->flags & MSG_WAITALL || m->len < lowat ? m->len : lowat;
	struct creds first = u->read; /* of what earlier tries read */
	bool began = *copied > 0;
	int err;

	do {
		enum found found = next_segment(u, rd, *copied > 0);
		size_t n;

		if (found == STOP)
			return 0;
		if (found == NOTHING) {
			if (*copied && *copied >= target)
				return 0;
			err = nothing(u);
			if (!err && !began)
				unix_put_creds(u, m, &(struct creds){0, 0, 0}); /* so it does */
			return err;
		}
		if (began && passcred && !unix_creds_equal(&first, &rd->creds))
			return 0; /* what two wrote is not glued */
		if (!began) {
			first = rd->creds;
			unix_put_creds(u, m, &first);
			if (m->from)
				unix_tell(u->peer ? u->peer->name : u->peer_name, m->from);
		}
		began = true;
		n = rd->end - rd->pos < m->len - *copied ? rd->end - rd->pos : m->len - *copied;
		err = ring_read(&u->ring, rd->pos, m, *copied, n);
		if (err)
			return err;
		*copied += n;
		if (after_read(u, rd, m, n))
			return 0;
	} while (*copied < m->len || rd->peek);
	return 0;
}

/* MSG_OOB: the urgent byte. */
static ssize_t recv_urgent(struct unix_sock *u, struct message *m)
{
	struct unix_mark *k = u->oob, *before;
	int err;

	if (!k || sock_flag(&u->sock, SOCK_FLAG_OOBINLINE))
		return -EINVAL;
	err = m->len ? ring_read(&u->ring, k->at, m, 0, 1) : 0;
	if (!(m->flags & MSG_PEEK)) {
		u->oob = NULL;
		u->holes++;
		k->hole = true;
		before = TAILQ_PREV(k, unix_marks, entry);
		if (before && before->hole && before->end == k->at) {
			k->at = before->at;
			mark_free(u, before);
			unix_rights_flush(unix_net(u));
		}
	}
	m->out->flags |= MSG_OOB;
	return err ? err : 1;
}

ssize_t unix_stream_recv(struct sock *s, struct message *m)
{
	struct unix_sock *u = unix_of(s);
	struct reading rd = {
		.pos = u->ring.head,
		.mark = TAILQ_FIRST(&u->marks),
		.creds = u->head,
		.peek = m->flags & MSG_PEEK,
	};
	size_t copied = m->done;
	int err;

	if (m->from && !copied)
		unix_tell(NULL, m->from);
	if (!u->connected)
		return -EINVAL;
	if (m->flags & MSG_OOB)
		return recv_urgent(u, m);
	if (rd.peek)
		skip_peeked(u, &rd);
	err = get_all(u, &rd, m, &copied);
	unix_rights_flush(unix_net(u));
	if (err == WAIT && !(rd.peek && copied)) {
		m->done = copied;
		return WAIT;
	}
	return copied ? (ssize_t)copied : err;
}

void unix_stream_flush(struct unix_sock *u)
{
	struct unix_mark *k;

	while ((k = TAILQ_FIRST(&u->marks)))
		mark_free(u, k);
	u->oob = NULL;
	u->holes = 0;
	consume(u, ring_len(&u->ring));
}

bool unix_stream_unread(const struct unix_sock *u)
{
	return ring_len(&u->ring) > u->holes;
}

bool unix_stream_at_mark(const struct unix_sock *u)
{
	const struct unix_mark *k = TAILQ_FIRST(&u->marks), *next;

	if (!k || k->at != u->ring.head)
		return false;
	next = TAILQ_NEXT(k, entry);
	return k == u->oob ||
	       (k->hole && (!u->oob || (next == u->oob && next->at == k->end)));
}
