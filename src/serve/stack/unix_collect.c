/*
 * unix_collect.c - sockets that only messages hold.
 *
 * A socket whose last descriptor was closed lives on while it is in a message. If that
 * message lies in its own queue, or in that of a socket which in turn only it can
 * reach, no program can ever receive it: the ring of them must be found and ended.
 *
 * When a file's references are all in messages (file_put() asks), it is garbage only
 * if it can be reached from itself. So: gather what can be reached from it through
 * queues (those of connections that nobody accepted belong to the listener) and has no
 * reference but from messages; take from each its references from within that set;
 * who has some left is held from outside the set, and with it all that it reaches; the
 * rest is garbage. The descriptors in their queues are dropped, and they close.
 *
 * Time and memory are linear in the set; lists lie in the sockets, and nothing calls
 * itself. As all that a socket reaches is looked at, the in-flight limit bounds it.
 */
#include "unix.h"

/* The set, in the order in which it is gathered, and who is known to be held. */
struct gather {
	struct unix_sock *last;
	struct unix_sock *held;
};

typedef void each_fn(struct gather *, struct unix_sock *);

static bool only_in_messages(const struct file *f)
{
	return f->in_flight && f->refs == f->in_flight;
}

static void each_of(struct gather *g, const struct unix_sock *u, each_fn *fn)
{
	const struct unix_rights *r;

	LIST_FOREACH(r, &u->rights, entry) {
		for (unsigned i = 0; i < r->n; i++) {
			struct file *f = r->file[i];

			if (file_is_sock(f) && sock_of_file(f)->family == AF_UNIX &&
			    only_in_messages(f))
				fn(g, unix_of(sock_of_file(f)));
		}
	}
}

/* All that u's queue holds, and those of its connections to be. */
static void each(struct gather *g, const struct unix_sock *u, each_fn *fn)
{
	const struct unix_sock *e;

	each_of(g, u, fn);
	TAILQ_FOREACH(e, &u->waiting, entry)
		each_of(g, e, fn);
}

static void gather(struct gather *g, struct unix_sock *u)
{
	if (u->gc_seen)
		return;
	u->gc_seen = true;
	u->gc_refs = u->sock.file.in_flight;
	u->gc_next = NULL;
	if (g->last)
		g->last->gc_next = u;
	g->last = u;
}

static void take_ref(struct gather *g, struct unix_sock *u)
{
	u->gc_refs--;
}

static void hold(struct gather *g, struct unix_sock *u)
{
	if (!u->gc_seen)
		return;
	u->gc_seen = false;
	u->gc_held = g->held;
	g->held = u;
}

static void drop_all(struct unix_sock *u)
{
	while (!LIST_EMPTY(&u->rights))
		unix_rights_drop(unix_net(u), LIST_FIRST(&u->rights));
}

static bool holds_any(const struct unix_sock *u)
{
	const struct unix_sock *e;

	if (!LIST_EMPTY(&u->rights))
		return true;
	TAILQ_FOREACH(e, &u->waiting, entry)
		if (!LIST_EMPTY(&e->rights))
			return true;
	return false;
}

void unix_collect(struct file *f)
{
	struct net *net = f->net;
	struct gather g = {0};
	struct unix_sock *first, *u, *e;

	if (!file_is_sock(f) || sock_of_file(f)->family != AF_UNIX || !only_in_messages(f))
		return;
	first = unix_of(sock_of_file(f));
	if (!holds_any(first))
		return;
	gather(&g, first);
	for (u = first; u; u = u->gc_next)
		each(&g, u, gather);
	for (u = first; u; u = u->gc_next)
		each(&g, u, take_ref);
	for (u = first; u; u = u->gc_next)
		if (u->gc_refs)
			hold(&g, u);
	while ((u = g.held)) {
		g.held = u->gc_held;
		each(&g, u, hold);
	}
	for (u = first; u; u = u->gc_next) {
		if (!u->gc_seen)
			continue;
		u->gc_seen = false;
		drop_all(u);
		TAILQ_FOREACH(e, &u->waiting, entry)
			drop_all(e);
	}
	unix_rights_flush(net);
}
