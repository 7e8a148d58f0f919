/*
 * unix_rights.c - descriptors on their way in messages (SCM_RIGHTS).
 *
 * A message holds a reference to each file that it carries; while it lies in a queue
 * these references are also counted in file.in_flight, so that the collector
 * (unix_collect.c) can tell them from those by which a program gets at the file.
 *
 * Giving one up may close the file, whose queue holds others, and so on as deep as a
 * program cared to nest them. So dropping only puts the message's descriptors on a
 * list of the network, and flushing works the list off; what is dropped by that goes
 * on the same list.
 *
 * Limit: a user with more than limit.in_flight of them in messages may send no more
 * (ETOOMANYREFS). It holds for privileged tasks, too, unlike on Linux: it is what
 * bounds a network.
 */
#include "unix.h"

#include <errno.h>

struct unix_rights *unix_rights_grow(struct net *net, struct unix_rights *r, unsigned n)
{
	const unsigned had = r ? r->n : 0;
	struct unix_rights *all =
		alloc_resize(&net->mem, r, sizeof(*r) + (had + n) * sizeof(r->fd[0]));

	if (all && !had)
		*all = (struct unix_rights){.n = 0};
	return all;
}

int unix_rights_charge(struct unix_rights *r, const struct task *t)
{
	struct net *net = t->net;
	struct unix_user *u;

	if (r->user)
		return 0;
	LIST_FOREACH(u, &net->unix_users, entry)
		if (u->uid == t->creds.uid)
			break;
	if (!u) {
		u = alloc_zero(&net->mem, sizeof(*u));
		if (!u)
			return -ENOMEM;
		u->uid = t->creds.uid;
		LIST_INSERT_HEAD(&net->unix_users, u, entry);
	}
	if (u->in_flight > net->limit.in_flight)
		return -ETOOMANYREFS;
	u->in_flight += r->n;
	r->user = u;
	return 0;
}

void unix_rights_queue(struct unix_rights *r, struct unix_sock *to, struct unix_rights **slot)
{
	struct net *net = unix_net(to);

	r->slot = slot;
	*slot = r;
	r->flying = true;
	LIST_INSERT_HEAD(&to->rights, r, entry);
	for (unsigned i = 0; i < r->n; i++) {
		struct unix_carried *c = &r->fd[i];
		struct unix_sock *u = unix_of_file(c->file);

		c->holder = to;
		if (u)
			LIST_INSERT_HEAD(&u->carried, c, of_file);
		c->file->in_flight++;
	}
	net->nin_flight += r->n;
}

void unix_rights_drop(struct net *net, struct unix_rights *r)
{
	if (!r)
		return;
	if (r->slot) {
		LIST_REMOVE(r, entry);
		*r->slot = NULL;
		r->slot = NULL;
		for (unsigned i = 0; i < r->n; i++)
			if (unix_of_file(r->fd[i].file))
				LIST_REMOVE(&r->fd[i], of_file);
	}
	LIST_INSERT_HEAD(&net->unix_dropped, r, entry);
}

static void release(struct net *net, struct unix_rights *r)
{
	for (unsigned i = 0; i < r->n; i++) {
		struct file *f = r->fd[i].file;

		if (r->flying) {
			net->nin_flight--;
			f->in_flight--;
		}
		file_put(f);
	}
	if (r->user && (r->user->in_flight -= r->n) == 0) {
		LIST_REMOVE(r->user, entry);
		alloc_put(&net->mem, r->user);
	}
	alloc_put(&net->mem, r);
}

void unix_rights_release(struct net *net)
{
	struct unix_rights *r;

	if (net->unix_releasing)
		return;
	net->unix_releasing = true;
	while ((r = LIST_FIRST(&net->unix_dropped))) {
		LIST_REMOVE(r, entry);
		release(net, r);
	}
	net->unix_releasing = false;
}
