/*
 * unix_collect.c - sockets that only messages hold.
 *
 * A socket whose last descriptor was closed lives on while it is in a message. If that
 * message lies in its own queue, or in that of a socket which in turn only it can
 * reach, no program can ever receive it: the ring of them must be found and ended.
 *
 * A program gets at a socket if somebody in whose queue it lies, or somebody in whose
 * queue that one lies, and so on, is referred to by something else than messages. (What
 * lies in the queue of a connection that nobody accepted is the listener's.) So when
 * all references of a file have come to be in messages (file_put() tells), this is
 * looked for backwards, from holder to holder. If nobody is found, all that were
 * visited are garbage. The descriptors in their queues are dropped, and they close;
 * what else they held alone is found when that drops it.
 *
 * It can only be garbage if it also reaches itself, which it mostly does not, so that
 * is looked for at the same time, forwards, by turns: whichever is found out first ends
 * the search. Otherwise to close the sockets of a long chain one by one would search
 * all of it each time. Lists lie in the sockets, and nothing calls itself.
 */
#include "unix.h"

enum { BACK, AHEAD };

/* One of the two searches: sockets in the order in which they are found, and how far it
 * is. Cost is what it looked at so far. */
struct search {
	int way;
	struct unix_sock *first, *last, *at;
	unsigned cost;
};

static bool only_in_messages(const struct file *f)
{
	return f->in_flight && f->refs == f->in_flight;
}

static void visit(struct search *s, struct unix_sock *u)
{
	struct unix_gc *g = &u->gc[s->way];

	s->cost++;
	if (g->seen)
		return;
	*g = (struct unix_gc){.seen = true};
	if (s->last)
		s->last->gc[s->way].next = u;
	else
		s->first = u;
	if (!s->at)
		s->at = u;
	s->last = u;
}

static struct unix_sock *advance(struct search *s)
{
	struct unix_sock *u = s->at;

	s->at = u->gc[s->way].next;
	return u;
}

/* Whoever holds the next socket. False: a program can get at it. */
static bool step_back(struct search *s)
{
	const struct unix_sock *u = advance(s);
	const struct unix_carried *c;
	unsigned n = 0;

	LIST_FOREACH(c, &u->carried, of_file) {
		struct unix_sock *h = c->holder->listener ? c->holder->listener : c->holder;

		if (!only_in_messages(&h->sock.file))
			return false;
		visit(s, h);
		n++;
	}
	/* Messages that are being dropped may hold it, too: when they are gone it is asked
	 * for again. */
	return n == u->sock.file.in_flight;
}

static bool ahead_of(struct search *s, const struct unix_sock *u, const struct unix_sock *wanted)
{
	const struct unix_rights *r;
	bool met = false;

	LIST_FOREACH(r, &u->rights, entry) {
		for (unsigned i = 0; i < r->n; i++) {
			struct unix_sock *held = unix_of_file(r->fd[i].file);

			if (held && only_in_messages(&held->sock.file))
				visit(s, held);
			met |= held == wanted;
		}
	}
	return met;
}

/* What lies in the next socket's queue. True: among it is the one that is wanted. */
static bool step_ahead(struct search *s, const struct unix_sock *wanted)
{
	const struct unix_sock *u = advance(s), *e;
	bool met = ahead_of(s, u, wanted);

	TAILQ_FOREACH(e, &u->waiting, entry) {
		s->cost++;
		met |= ahead_of(s, e, wanted);
	}
	return met;
}

/* Both searches by turns. *back is left with all that hold it. */
static bool is_garbage(struct unix_sock *u, struct search *back, struct search *ahead)
{
	bool round = false; /* it reaches itself */

	visit(back, u);
	visit(ahead, u);
	while (back->at) {
		if (round || back->cost <= ahead->cost) {
			if (!step_back(back))
				return false;
		} else if (ahead->at) {
			round = step_ahead(ahead, u);
		} else {
			return false;
		}
	}
	return true;
}

static void drop_queue(struct unix_sock *u)
{
	while (!LIST_EMPTY(&u->rights))
		unix_rights_drop(unix_net(u), LIST_FIRST(&u->rights));
}

void unix_collect(struct sock *s)
{
	struct search back = {.way = BACK}, ahead = {.way = AHEAD};
	struct unix_sock *u = unix_of(s), *e;
	struct net *net = unix_net(u);
	bool garbage;

	if (!only_in_messages(&s->file))
		return;
	garbage = is_garbage(u, &back, &ahead);
	for (u = ahead.first; u; u = u->gc[AHEAD].next)
		u->gc[AHEAD].seen = false;
	for (u = back.first; u; u = u->gc[BACK].next) {
		u->gc[BACK].seen = false;
		if (!garbage)
			continue;
		drop_queue(u);
		TAILQ_FOREACH(e, &u->waiting, entry)
			drop_queue(e);
	}
	unix_rights_flush(net);
}
