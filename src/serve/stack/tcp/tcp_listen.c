/*
 * tcp_listen.c - listen(2), accept(2), and the other end of connect(2).
 *
 * A listener keeps the connections that nobody has accepted yet in a queue; it holds
 * the reference to each that accept(2) will hand out. With TCP_DEFER_ACCEPT they are in
 * more->deferred until data come, or the time is over.
 */
#include <errno.h>

#include "tcp.h"

static void enqueue(struct tcp_sock *l, struct tcp_sock *t)
{
	t->next = NULL;
	if (l->last)
		l->last->next = t;
	else
		l->first = t;
	l->last = t;
	l->waiting++;
	file_notify(&tcp_sk(l)->file, POLLIN | POLLRDNORM);
}

static struct tcp_sock *dequeue(struct tcp_sock *l)
{
	struct tcp_sock *t = l->first;

	if (!t)
		return NULL;
	l->first = t->next;
	if (!l->first)
		l->last = NULL;
	t->next = NULL;
	l->waiting--;
	return t;
}

/* inet_listen(). */
int tcp_listen(struct op *op, struct sock *s, int backlog)
{
	struct tcp_sock *t = tcp_of(s);
	int err = 0;

	if (t->flags & (TCP_BIT(TCP_CALLING) | TCP_BIT(TCP_CONNECTED)) ||
	    !tcp_in(t, TCPF(CLOSE) | TCPF(LISTEN)))
		return -EINVAL;
	if (t->state == TCP_LISTEN) {
		t->backlog = backlog;
		return 0;
	}
	if (!t->inet.bind) {
		t->inet.local.port = 0;
		err = port_auto(&t->inet);
	}
	if (!err)
		err = port_listen(&t->inet);
	if (err)
		return err;
	ring_free(&tcp_net(t)->mem, &t->in);
	t->first = t->last = NULL;
	t->waiting = 0;
	t->backlog = backlog;
	t->state = TCP_LISTEN;
	s->listens = true;
	return 0;
}

int tcp_accept(struct op *op, struct sock *s, struct sock **out)
{
	struct tcp_sock *l = tcp_of(s), *t;

	if (l->state != TCP_LISTEN)
		return -EINVAL;
	t = dequeue(l);
	if (!t)
		return WAIT;
	*out = tcp_sk(t);
	return 0;
}

/* Those that were not accepted are reset. */
void tcp_unlisten(struct tcp_sock *l)
{
	struct sock *s = tcp_sk(l);
	struct tcp_more *d;
	struct tcp_sock *t;

	l->state = TCP_CLOSE;
	s->listens = false;
	while (l->more && (d = LIST_FIRST(&l->more->deferred))) {
		LIST_REMOVE(d, defer_entry);
		tcp_set(d->sock, TCP_DEFERRED, false);
		tcp_send_reset(d->sock);
		file_put(&tcp_sk(d->sock)->file);
	}
	while ((t = dequeue(l))) {
		tcp_send_reset(t);
		file_put(&tcp_sk(t)->file);
	}
	if (l->inet.bind)
		port_changed(&l->inet);
	l->in = (struct ring){0};
	l->sent = 0;
}

/* ----------------------------------------------------------- a new connection */

/* What an accepted socket takes from its listener: sk_clone_lock() copies all
 * but the priority. */
static void inherit(struct tcp_sock *t, const struct tcp_sock *l)
{
	struct inet_sock *to = &t->inet;
	const struct inet_sock *from = &l->inet;

	to->sock.priority = 0;
	to->v6only = from->v6only;
	to->tos = from->tos;
	to->tclass = from->tclass;
	to->ttl = from->ttl;
	to->hops = from->hops;
	to->mc_ttl = from->mc_ttl;
	to->mc_hops = from->mc_hops;
	to->pmtudisc = from->pmtudisc;
	to->pmtudisc6 = from->pmtudisc6;
	to->ip_flags = from->ip_flags;
	to->mc_if = from->mc_if;
	to->mc_if6 = from->mc_if6;
	to->unicast_if = from->unicast_if;
	to->unicast_if6 = from->unicast_if6;
	to->mc_addr = from->mc_addr;
	to->local_low = from->local_low;
	to->local_high = from->local_high;
	t->flags = l->flags & TCP_OPTION_BITS;
}

/* 0 or -ENOMEM. */
static int inherit_more(struct tcp_sock *t, const struct tcp_sock *l)
{
	const struct tcp_more *from = l->more;
	struct tcp_more *to;

	if (!from && !sock_flag(&l->inet.sock, SOCK_FLAG_KEEPALIVE))
		return 0;
	to = tcp_more(t);
	if (!to)
		return -ENOMEM;
	if (!from)
		return 0;
	to->keepidle = from->keepidle;
	to->keepintvl = from->keepintvl;
	to->keepcnt = from->keepcnt;
	to->syncnt = from->syncnt;
	to->user_timeout = from->user_timeout;
	to->clamp = from->clamp;
	to->notsent = from->notsent;
	to->linger2 = from->linger2;
	to->user_mss = from->user_mss;
	to->defer = from->defer;
	return 0;
}

int tcp_answer(struct tcp_sock *l, struct tcp_sock *c, bool *full)
{
	struct tcp_sock *t;
	struct sock *s;
	int err;

	*full = l->waiting > l->backlog;
	if (*full)
		return 0;
	err = sock_new_like(tcp_sk(l), &s);
	if (err)
		return err;
	t = tcp_of(s);
	inherit(t, l);
	t->inet.local = c->inet.remote;
	t->inet.remote = c->inet.local;
	err = inherit_more(t, l);
	if (!err)
		err = port_accept(&t->inet, &l->inet);
	if (err) {
		file_put(&s->file);
		return err;
	}
	t->inet.remote_set = true;
	/* The smaller of what either wants to receive. */
	if (t->more && t->more->user_mss && t->more->user_mss - 12 < c->mss)
		c->mss = t->more->user_mss - 12;
	t->mss = c->mss;
	tcp_set(t, TCP_PASSIVE, true);
	tcp_set(t, TCP_CONNECTED, true);
	tcp_join(c, t);
	if (t->more && t->more->defer) {
		tcp_set(t, TCP_DEFERRED, true);
		LIST_INSERT_HEAD(&l->more->deferred, t->more, defer_entry);
		t->more->listener = l;
		tcp_wait_defer(t, t->more->defer);
	} else {
		enqueue(l, t);
	}
	return 0;
}

void tcp_undefer(struct tcp_sock *t)
{
	tcp_set(t, TCP_DEFERRED, false);
	LIST_REMOVE(t->more, defer_entry);
	timer_stop(tcp_net(t), &t->more->xmit);
	enqueue(t->more->listener, t);
}
