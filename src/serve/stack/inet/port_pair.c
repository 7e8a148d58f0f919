/*
 * port_pair.c - connections in the port table: both ends at once, and what is left of
 * them.
 *
 * A pair of ends is in use once: by a connected TCP socket, or by what it left in
 * TIME_WAIT. (UDP sockets may share one.) The table of pairs is an open one that keeps
 * each hash in its slot: to find a free pair among a million touches one or two lines of
 * memory and no other socket. Both directions of a pair have the same hash, so that the
 * two ends of a connection within a host lie side by side.
 *
 * Slots are probed one after the other and closed up when one is freed, so that those
 * of one hash keep the order in which they came. TIME_WAIT takes the slot over that the
 * connection had: who looks for a pair finds either by looking once.
 */
#include "ports.h"

#include <errno.h>

enum { FIRST_SLOTS = 16 };

struct port_wait {
	TAILQ_ENTRY(port_wait) entry;    /* of net.waits */
	struct ports *ports;
	struct bind *bind;               /* counts there */
	struct endpoint local, remote;
	int64_t since;
	uint32_t ends;                   /* the hash of both */
};

static const int64_t wait_ns = INT64_C(60) * NSEC_PER_SEC;
/* tcp_tw_reuse: within a host a connection may come back sooner. */
static const int64_t wait_at_home_ns = NSEC_PER_SEC;

/* ---------------------------------------------------------------------- pairs */

uint32_t pair_hash(const struct ports *p, const struct endpoint *a, const struct endpoint *b)
{
	const uint32_t seed = p->net->hash_seed;
	const uint64_t x = ip_hash(&a->ip, seed + a->port * 0x9e3779b9u);
	const uint64_t y = ip_hash(&b->ip, seed + b->port * 0x9e3779b9u);

	return hash_mix((x + y) * UINT64_C(0xd6e8feb86659fd93));
}

static bool same_ends(const struct endpoint *local, const struct endpoint *remote,
		      const struct endpoint *a, const struct endpoint *b)
{
	return local->port == a->port && remote->port == b->port &&
	       ip_equal(&local->ip, &a->ip) && ip_equal(&remote->ip, &b->ip);
}

struct inet_sock *pair_next(const struct ports *p, const struct endpoint *local,
			    const struct endpoint *remote, uint32_t hash, uint32_t *at)
{
	if (!p->pair)
		return NULL;
	for (; p->pair[*at & p->pair_mask].who; ++*at) {
		const struct pair_slot *slot = &p->pair[*at & p->pair_mask];
		struct inet_sock *s = pair_sock(slot);

		if (slot->hash == hash && s &&
		    same_ends(local, remote, &s->local, &s->remote)) {
			++*at;
			return s;
		}
	}
	return NULL;
}

static void pair_put(struct ports *p, uintptr_t who, uint32_t hash)
{
	uint32_t at = hash;

	while (p->pair[at & p->pair_mask].who)
		at++;
	p->pair[at & p->pair_mask] = (struct pair_slot){who, hash};
}

/* Where it is. */
static uint32_t pair_find(const struct ports *p, uintptr_t who, uint32_t hash)
{
	uint32_t at = hash;

	while (p->pair[at & p->pair_mask].who != who)
		at++;
	return at;
}

static int pair_grow(struct ports *p)
{
	const struct ports old = *p;
	const uint32_t slots = old.pair ? old.pair_mask + 1 : 0;
	uint32_t first = 0;

	p->pair_mask = (slots ? slots * 2 : FIRST_SLOTS) - 1;
	p->pair = alloc_zero(&p->net->mem, ((size_t)p->pair_mask + 1) * sizeof(*p->pair));
	if (!p->pair) {
		*p = old;
		return -ENOMEM;
	}
	/* From where a row of slots begins, so that they keep their order. */
	while (slots && old.pair[first].who)
		first++;
	for (uint32_t i = 0; i < slots; i++) {
		const struct pair_slot *slot = &old.pair[(first + i) & old.pair_mask];

		if (slot->who)
			pair_put(p, slot->who, slot->hash);
	}
	alloc_put(&p->net->mem, old.pair);
	return 0;
}

/* Room for one more, at three quarters at most. */
static int pair_room(struct ports *p)
{
	return p->pair && (uint64_t)(p->npairs + 1) * 4 <= ((uint64_t)p->pair_mask + 1) * 3
		       ? 0
		       : pair_grow(p);
}

static void slot_free(struct ports *p, uint32_t hole)
{
	uint32_t at;

	/* What was put behind it for want of this slot moves up. */
	for (at = hole + 1; p->pair[at & p->pair_mask].who; at++) {
		const struct pair_slot *slot = &p->pair[at & p->pair_mask];

		if (((at - slot->hash) & p->pair_mask) >= at - hole) {
			p->pair[hole & p->pair_mask] = *slot;
			hole = at;
		}
	}
	p->pair[hole & p->pair_mask].who = 0;
	p->net->changes++;
	p->npairs--;
}

static void pair_del(struct ports *p, struct inet_sock *s)
{
	slot_free(p, pair_find(p, (uintptr_t)s, s->ends));
	s->paired = false;
}

/* ------------------------------------------------------------------ TIME_WAIT */

static struct port_wait *wait_find(const struct ports *p, const struct endpoint *local,
				   const struct endpoint *remote, uint32_t hash)
{
	for (uint32_t at = hash; p->pair && p->pair[at & p->pair_mask].who; at++) {
		const struct pair_slot *slot = &p->pair[at & p->pair_mask];
		struct port_wait *w = pair_wait(slot);

		if (slot->hash == hash && w &&
		    same_ends(local, remote, &w->local, &w->remote))
			return w;
	}
	return NULL;
}

/* Takes it from everywhere; its memory stays. */
static void wait_take(struct port_wait *w)
{
	struct ports *p = w->ports;

	slot_free(p, pair_find(p, (uintptr_t)w | WAIT_MARK, w->ends));
	TAILQ_REMOVE(&p->net->waits, w, entry);
	p->net->nwaits--;
	w->bind->nwaits--;
	w->bind->count--;
	bind_put(p, w->bind);
}

static void wait_end(struct port_wait *w)
{
	struct net *n = w->ports->net;

	wait_take(w);
	alloc_put(&n->mem, w);
}

/* Its own memory, or that of the oldest if there are as many as there may be. */
static struct port_wait *wait_new(struct net *n)
{
	struct port_wait *w = TAILQ_FIRST(&n->waits);

	if (n->nwaits < n->limit.time_wait)
		return alloc_get(&n->mem, sizeof(*w));
	if (w)
		wait_take(w);
	/* The next one is as old, and in no cache. */
	if (!TAILQ_EMPTY(&n->waits)) {
		const struct port_wait *next = TAILQ_FIRST(&n->waits);

		__builtin_prefetch(&next->ports->pair[next->ends & next->ports->pair_mask]);
	}
	return w;
}

void waits_expire(struct net *n)
{
	struct port_wait *w = TAILQ_FIRST(&n->waits);
	const int64_t now = w ? net_about_now(n) : 0;

	while (w && now - w->since >= wait_ns) {
		wait_end(w);
		w = TAILQ_FIRST(&n->waits);
	}
}

void waits_forget(struct ports *p)
{
	struct port_wait *w, *next;

	for (w = TAILQ_FIRST(&p->net->waits); w; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (w->ports == p)
			wait_end(w);
	}
}

/* The socket's slot, and its hold on its bind, become those of what it leaves. */
static bool leave_waiting(struct inet_sock *s)
{
	struct ports *p = ports_of(s);
	struct port_wait *w;

	/* Without memory the port is free a minute early. */
	if (port_gather(s))
		return false;
	w = wait_new(p->net);
	if (!w)
		return false;
	w->ports = p;
	w->bind = s->bind;
	w->local = s->local;
	w->remote = s->remote;
	w->since = net_about_now(p->net);
	w->ends = s->ends;
	p->pair[pair_find(p, (uintptr_t)s, s->ends) & p->pair_mask].who = (uintptr_t)w | WAIT_MARK;
	p->net->changes++;
	s->paired = false;
	TAILQ_INSERT_TAIL(&p->net->waits, w, entry);
	p->net->nwaits++;
	s->bind->nwaits++;
	s->bind = NULL;
	return true;
}

void port_release(struct inet_sock *s, bool time_wait)
{
	if (s->paired && time_wait && leave_waiting(s))
		return;
	if (s->paired)
		pair_del(ports_of(s), s);
	port_let_go(s);
}

/* ----------------------------------------------------------------- connecting */

/* Is it in use? What only waits is ended if it may be. */
static bool pair_taken(struct ports *p, const struct endpoint *local,
		       const struct endpoint *remote, uint32_t hash)
{
	struct port_wait *w;
	uint32_t at = hash;
	bool at_home;

	if (pair_next(p, local, remote, hash, &at))
		return true;
	w = wait_find(p, local, remote, hash);
	if (!w)
		return false;
	at_home = ip_is_loopback(&local->ip) || ip_is_loopback(&remote->ip);
	if (!at_home || net_about_now(p->net) - w->since < wait_at_home_ns)
		return true;
	wait_end(w);
	return false;
}

static void pair_enter(struct inet_sock *s, uint32_t ends)
{
	struct ports *p = ports_of(s);

	s->ends = ends;
	pair_put(p, (uintptr_t)s, s->ends);
	p->net->changes++;
	p->npairs++;
	s->paired = true;
}

/* Among a million connections what it will look at is in no cache: it has until the next
 * connect(2) to come. */
static void will_look_at(const struct ports *p, const struct endpoint *local,
			 const struct endpoint *remote)
{
	enum { SLOTS = 64 / sizeof(struct pair_slot) }; /* a line of the cache */
	const uint32_t at = pair_hash(p, local, remote);

	port_fetch(p, local->port);
	if (!p->pair)
		return;
	__builtin_prefetch(&p->pair[at & p->pair_mask], 1);
	__builtin_prefetch(&p->pair[(at + SLOTS) & p->pair_mask], 1);
}

/* A port that nobody has, or that other connections have for other destinations. Where
 * to begin depends on the destination, and moves on with each connection to it, so that
 * the first one is free as a rule. */
static int choose_shared(struct inet_sock *s)
{
	struct ports *p = ports_of(s);
	const struct endpoint from = {.ip = s->local.ip};
	const uint32_t to = pair_hash(p, &from, &s->remote);
	uint16_t *next = &p->next[to % (sizeof(p->next) / sizeof(p->next[0]))];
	struct choice c = port_choose(s, (to >> 8) + *next, 0);
	struct endpoint local = s->local;
	bool alone = false;
	struct want w;
	int err;

	while ((local.port = port_next(&c))) {
		const struct bind *b = bind_on_port(p, local.port);
		const bool lone = !b && lone_on_port(p, local.port);

		alone = !b && !lone;
		if (alone)
			break;
		if ((lone || b->class & BIND_SHARED) &&
		    !pair_taken(p, &local, &s->remote, pair_hash(p, &local, &s->remote)))
			break;
	}
	if (!local.port)
		return -EADDRNOTAVAIL;
	if (alone) {
		err = port_take_alone(s, local.port);
	} else {
		w = port_want(s, &local.ip, local.port);
		w.class |= BIND_SHARED;
		err = port_settle(s, &w);
	}
	if (err)
		return err;
	s->local.port = local.port;
	*next += c.step + 1;
	local.port = port_next(&c);
	will_look_at(p, &local, &s->remote);
	return 0;
}

/* From a wildcard to the address that was chosen. */
static int move_to_address(struct inet_sock *s)
{
	const struct want w = port_want(s, &s->local.ip, s->bind->number);

	return port_settle(s, &w);
}

static int connect_stream(struct inet_sock *s)
{
	struct ports *p = ports_of(s);

	if (!s->bind)
		return choose_shared(s);
	if (port_gather(s))
		return -ENOMEM;
	s->local.port = s->bind->number;
	if (pair_taken(p, &s->local, &s->remote, pair_hash(p, &s->local, &s->remote)))
		return -EADDRNOTAVAIL;
	return move_to_address(s);
}

static int connect_datagram(struct inet_sock *s)
{
	struct ip ip = s->local.ip;
	int err;

	/* A port is free for all addresses, or for the one that bind(2) gave. */
	if (!s->bind) {
		if (!s->address_given)
			s->local.ip = s->sock.family == AF_INET ? ip_any4 : ip_any6;
		err = port_auto(s);
		s->local.ip = ip;
		if (err)
			return err == -EADDRINUSE ? -EAGAIN : err;
	}
	s->paired = true; /* no longer a member */
	err = move_to_address(s);
	s->paired = false;
	return err;
}

int port_connect(struct inet_sock *s)
{
	struct ports *p = ports_of(s);
	int err;

	waits_expire(p->net);
	err = pair_room(p);
	if (!err)
		err = s->sock.type == SOCK_DGRAM ? connect_datagram(s) : connect_stream(s);
	if (!err)
		pair_enter(s, pair_hash(p, &s->local, &s->remote));
	return err;
}

int port_disconnect(struct inet_sock *s)
{
	const struct ip any = s->sock.family == AF_INET ? ip_any4 : ip_any6;
	const bool was_paired = s->paired;
	struct want w;

	if (s->bind && s->port_given) { /* which is never held alone */
		w = port_want(s, s->address_given ? &s->local.ip : &any, s->bind->number);
		s->paired = false; /* a member again */
		if (port_settle(s, &w)) {
			s->paired = was_paired;
			return -ENOMEM;
		}
		s->paired = was_paired;
	}
	if (was_paired)
		pair_del(ports_of(s), s);
	if (!s->port_given) {
		port_let_go(s);
		s->local.port = 0;
	}
	if (!s->address_given)
		s->local.ip = any;
	s->remote = (struct endpoint){.ip = any};
	s->remote_set = false;
	return 0;
}

int port_accept(struct inet_sock *s, const struct inet_sock *listener)
{
	struct ports *p = ports_of(s);
	struct bind *b = listener->bind;
	struct port_wait *old;
	struct want w;
	uint32_t ends;
	int err = pair_room(p);

	if (err)
		return err;
	if (ip_equal(&b->ip, &s->local.ip)) {
		bind_join(b, s);
	} else {
		w = port_want(s, &s->local.ip, b->number);
		w.class = b->class & ~BIND_LISTENS;
		w.uid = b->uid;
		w.ifindex = b->ifindex;
		err = port_settle(s, &w);
	}
	if (err)
		return err;
	s->local.port = b->number;
	ends = pair_hash(p, &s->local, &s->remote);
	old = wait_find(p, &s->local, &s->remote, ends);
	if (old)
		wait_end(old); /* a new connection takes over from it */
	pair_enter(s, ends);
	return 0;
}
