/*
 * ports.h - between the files of the port table: ports.c (who may hold what),
 * port_pair.c (connections and TIME_WAIT), port_lookup.c (who gets what comes in).
 */
#ifndef SOCKETCALL_STACK_PORTS_H
#define SOCKETCALL_STACK_PORTS_H

#include "inet.h"

/* What a socket asks for: an address, a port, and what it is itself. */
struct want {
	struct ip ip;
	uint16_t port;
	uint8_t class, ifindex;
	uid_t uid;
	const struct bind *own; /* it holds this one already, and does not rival itself */
	bool alone;             /* nobody else may have it at all */
};

/* What this socket is, at that address and port. */
struct want port_want(const struct inet_sock *, const struct ip *, uint16_t port);
/* Makes it hold what it wants, and nothing else. 0, or -ENOMEM: nothing changed. */
int port_settle(struct inet_sock *, const struct want *);
/* The same, of a port that nobody has: it gets no bind as long as nobody else comes. */
int port_take_alone(struct inet_sock *, uint16_t port);
/* Makes it one, if it has none for that. 0 or -ENOMEM. */
int port_gather(struct inet_sock *);
/* Gives up its bind, if it has one. */
void port_let_go(struct inet_sock *);

/* The binds of an address and port, one after the other. */
struct bind *bind_first(const struct ports *, const struct ip *, uint16_t port);
struct bind *bind_next(struct bind *);
/* Who has a port alone, by connect(2); NULL: nobody has it, or several do. */
struct inet_sock *lone_on_port(const struct ports *, uint16_t port);
/* Brings what is known of a port into the cache, and where some later ones are kept. */
void port_fetch(const struct ports *, uint16_t port);
/* The first bind of a port, whatever the address: a shared one only if all are. */
struct bind *bind_on_port(const struct ports *, uint16_t port);
/* For one that holds nothing and takes nothing from anywhere. */
void bind_join(struct bind *, struct inet_sock *);
void bind_put(struct ports *, struct bind *); /* ends it if nobody holds it */
struct inet_sock *bind_member(const struct bind *, uint32_t i);

/* The ports to choose from, each once: those of one parity first, so that bind(2) and
 * connect(2) do not take each other's as long as there are enough. */
struct choice {
	uint32_t low, n; /* ports low to low + n - 1 */
	uint32_t start;  /* the offset to begin at */
	uint32_t step;   /* how many were looked at */
	uint32_t parity; /* of the offsets that come first */
};

struct choice port_choose(const struct inet_sock *, uint32_t start, uint32_t parity);
uint16_t port_next(struct choice *); /* 0: there are no more */

/* Of connections: slots of an open table, probed one after the other. */
struct pair_slot {
	uintptr_t who; /* a struct inet_sock, or a struct port_wait | WAIT_MARK; 0: free */
	uint32_t hash;
};

enum { WAIT_MARK = 1 };

static inline bool pair_waits(const struct pair_slot *slot)
{
	return slot->who & WAIT_MARK;
}
/* NULL: none is there. */
static inline struct inet_sock *pair_sock(const struct pair_slot *slot)
{
	return pair_waits(slot) ? NULL : (struct inet_sock *)slot->who;
}
static inline struct port_wait *pair_wait(const struct pair_slot *slot)
{
	return pair_waits(slot) ? (struct port_wait *)(slot->who - WAIT_MARK) : NULL;
}

uint32_t pair_hash(const struct ports *, const struct endpoint *, const struct endpoint *);
/* The next socket with these ends, from slot *at on, which is moved behind it: NULL. */
struct inet_sock *pair_next(const struct ports *, const struct endpoint *local,
			    const struct endpoint *remote, uint32_t hash, uint32_t *at);

/* Forgets who has been in TIME_WAIT for long enough. */
void waits_expire(struct net *);
void waits_forget(struct ports *); /* all of these */

#endif
