/*
 * ports.c - who holds which port, and who gets what comes in.
 *
 * A bind is an address and a port together with what decides who else may have them
 * (enum bind_class, uid, device); sockets that are alike in all of it share one bind and
 * are only counted there. So a conflict is looked for among binds, and a port that a
 * million connections share costs no more than one that two do. Binds are found by
 * address and port (by_address), and by port alone (page): those of connect(2)'s choice
 * (BIND_SHARED) last, so that the first one tells whether a port may be shared.
 *
 * Members of a bind are the sockets that take what comes from anywhere: listeners, and
 * datagram sockets without a peer. Connected sockets are found by both ends, in a table
 * (pair) whose slots keep the hash, so that looking touches no socket but the right one.
 *
 * TIME_WAIT is a port_wait: it counts in its bind and keeps its pair from being used
 * again, for a minute or until the network has too many of them. The oldest are
 * forgotten as others come, or when somebody looks.
 *
 * TCP and UDP tables are alike. Nothing here knows more of a socket than struct
 * inet_sock and whether it carries datagrams.
 */
#include "ports.h"

#include <errno.h>

enum { PAGE_PORTS = 256, PAGES = 65536 / PAGE_PORTS, FIRST_FREE_PORT = 1024 };
LIST_HEAD(bind_list, bind);

struct port_page {
	struct bind_list port[PAGE_PORTS];
	/* Binds of connect(2)'s choice, one a port (a second one is by itself), NULL if there
	 * is none. Among a million sockets those that lie where they were made are each on a
	 * page of memory of their own, and to find out where costs more than all the rest. */
	struct bind *shared;
	unsigned nshared; /* of them, in use: those with a number */
};

/* A port that connect(2) chose has one holder as a rule: then there is no bind, and its
 * place in the page names the socket, marked by LONE_MARK. Who comes to the port makes
 * a bind of it first (gather). */
static const struct bind lone_bind;
#define LONE ((struct bind *)&lone_bind) /* inet_sock.bind of such a socket; never written */
enum { LONE_MARK = 1 };

struct ports *ports_of(const struct inet_sock *s)
{
	struct host *h = s->sock.host;

	return s->sock.type == SOCK_DGRAM ? &h->udp : &h->tcp;
}

void ports_init(struct ports *p, struct net *n)
{
	p->net = n;
	hash_init(&p->by_address, &n->mem);
}

void ports_free(struct ports *p)
{
	struct alloc *mem = &p->net->mem;

	waits_forget(p);
	for (unsigned i = 0; p->page && i < PAGES; i++)
		alloc_put(mem, p->page[i]);
	alloc_put(mem, p->page);
	alloc_put(mem, p->pair);
	hash_free(&p->by_address);
}

/* --------------------------------------------------------------------- binds */

static uint32_t address_hash(const struct ports *p, const struct ip *ip, uint16_t port)
{
	return ip_hash(ip, p->net->hash_seed ^ port * 0x9e3779b9u);
}

static struct bind *same_address(struct hash_node *at, const struct ip *ip, uint16_t port)
{
	for (; at; at = hash_next(at)) {
		struct bind *b = (struct bind *)at;

		if (b->number == port && ip_equal(&b->ip, ip))
			return b;
	}
	return NULL;
}

struct bind *bind_first(const struct ports *p, const struct ip *ip, uint16_t port)
{
	return same_address(hash_first(&p->by_address, address_hash(p, ip, port)), ip, port);
}

struct bind *bind_next(struct bind *b)
{
	return same_address(hash_next(&b->node), &b->ip, b->number);
}

static struct bind_list *port_list(const struct ports *p, uint16_t port)
{
	struct port_page *page = p->page ? p->page[port / PAGE_PORTS] : NULL;

	return page ? &page->port[port % PAGE_PORTS] : NULL;
}

/* The same, made if there is none; NULL: no memory. */
static struct bind_list *port_list_new(struct ports *p, uint16_t port)
{
	struct alloc *mem = &p->net->mem;
	struct port_page **page;

	if (!p->page)
		p->page = alloc_zero(mem, PAGES * sizeof(*p->page));
	if (!p->page)
		return NULL;
	page = &p->page[port / PAGE_PORTS];
	if (!*page)
		*page = alloc_zero(mem, sizeof(**page));
	return *page ? &(*page)->port[port % PAGE_PORTS] : NULL;
}

struct inet_sock *lone_on_port(const struct ports *p, uint16_t port)
{
	const struct bind_list *l = port_list(p, port);
	const uintptr_t first = l ? (uintptr_t)LIST_FIRST(l) : 0;

	return first & LONE_MARK ? (struct inet_sock *)(first - LONE_MARK) : NULL;
}

struct bind *bind_on_port(const struct ports *p, uint16_t port)
{
	const struct bind_list *l = port_list(p, port);

	return l && !lone_on_port(p, port) ? LIST_FIRST(l) : NULL;
}

void port_fetch(const struct ports *p, uint16_t port)
{
	enum { LINE = 64, AHEAD = 16 };
	const struct bind_list *l = port_list(p, port);
	const char *first = l ? (const char *)LIST_FIRST(l) : NULL;

	if (!first)
		return;
	if (port % PAGE_PORTS < PAGE_PORTS - AHEAD)
		__builtin_prefetch(l + AHEAD);
	__builtin_prefetch(first, 1);
	__builtin_prefetch(first + LINE, 1);
}

/* Those that connect(2) made stay behind the others. */
static void list_bind(struct bind_list *l, struct bind *b)
{
	struct bind *before = NULL, *at;

	if (b->class & BIND_SHARED)
		for (at = LIST_FIRST(l); at && !(at->class & BIND_SHARED); at = LIST_NEXT(at, entry))
			before = at;
	if (before)
		LIST_INSERT_AFTER(before, b, entry);
	else
		LIST_INSERT_HEAD(l, b, entry);
}

static bool bind_is(const struct bind *b, const struct want *w)
{
	return (b->class & ~BIND_LISTENS) == w->class && b->ifindex == w->ifindex && b->uid == w->uid;
}

static struct bind *bind_find(const struct ports *p, const struct want *w)
{
	struct bind *b = bind_on_port(p, w->port);

	/* Of a port that connect(2) shares the first one is it, and was looked at just
	 * now: the table of a million connections need not be. */
	if (b && ip_equal(&b->ip, &w->ip) && bind_is(b, w))
		return b;
	b = bind_first(p, &w->ip, w->port);
	while (b && !bind_is(b, w))
		b = bind_next(b);
	return b;
}

/* Memory for a bind, clear: among those of its page, or of its own. */
static struct bind *bind_alloc(struct ports *p, const struct want *w)
{
	struct port_page *page = p->page[w->port / PAGE_PORTS];
	struct alloc *mem = &p->net->mem;

	if (w->class & BIND_SHARED) {
		if (!page->shared)
			page->shared = alloc_zero(mem, PAGE_PORTS * sizeof(*page->shared));
		if (page->shared && !page->shared[w->port % PAGE_PORTS].number) {
			page->nshared++;
			return &page->shared[w->port % PAGE_PORTS];
		}
	}
	return alloc_zero(mem, sizeof(struct bind));
}

static void bind_free(struct ports *p, struct bind *b)
{
	struct port_page *page = p->page[b->number / PAGE_PORTS];
	struct alloc *mem = &p->net->mem;

	if (!page->shared || b != &page->shared[b->number % PAGE_PORTS]) {
		alloc_put(mem, b);
		return;
	}
	*b = (struct bind){0};
	if (--page->nshared)
		return;
	alloc_put(mem, page->shared);
	page->shared = NULL;
}

static struct bind *bind_new(struct ports *p, const struct want *w)
{
	struct bind_list *l = port_list_new(p, w->port);
	struct bind *b = l ? bind_alloc(p, w) : NULL;

	if (!b)
		return NULL;
	b->ip = w->ip;
	b->number = w->port;
	b->class = w->class;
	b->ifindex = w->ifindex;
	b->uid = w->uid;
	hash_add(&p->by_address, &b->node, address_hash(p, &w->ip, w->port));
	list_bind(l, b);
	return b;
}

void bind_put(struct ports *p, struct bind *b)
{
	if (b->count)
		return;
	LIST_REMOVE(b, entry);
	hash_del(&p->by_address, &b->node);
	bind_free(p, b);
}

/* ------------------------------------------------------------------- members */

enum { NOT_MEMBER = UINT32_MAX };

struct inet_sock *bind_member(const struct bind *b, uint32_t i)
{
	return b->room ? b->many[i] : b->one;
}

/* Room for one more: after it member_add() cannot fail. */
static int member_room(struct ports *p, struct bind *b)
{
	const uint32_t room = b->room ? b->room * 2 : 4;
	struct inet_sock **many;

	if (b->nmembers == 0 || b->nmembers < b->room)
		return 0;
	many = alloc_resize(&p->net->mem, b->room ? b->many : NULL, room * sizeof(*many));
	if (!many)
		return -ENOMEM;
	if (!b->room)
		many[0] = b->one;
	b->many = many;
	b->room = room;
	return 0;
}

static void member_add(struct bind *b, struct inet_sock *s)
{
	if (s->sock.type != SOCK_DGRAM)
		b->class |= BIND_LISTENS;
	if (b->room)
		b->many[b->nmembers] = s;
	else
		b->one = s;
	s->place = b->nmembers++;
}

static void member_del(struct ports *p, struct bind *b, struct inet_sock *s)
{
	struct inet_sock **many = b->many, *last;
	uint32_t at = s->place;

	s->place = NOT_MEMBER;
	if (--b->nmembers == 0)
		b->class &= ~BIND_LISTENS;
	if (!b->room)
		return;
	if (b->class & BIND_REUSEPORT) {
		many[at] = many[b->nmembers];
		many[at]->place = at;
	} else { /* of several datagram sockets the last to come gets what comes */
		for (; at < b->nmembers; at++) {
			many[at] = many[at + 1];
			many[at]->place = at;
		}
	}
	if (b->nmembers > 1)
		return;
	last = b->nmembers ? many[0] : NULL;
	alloc_put(&p->net->mem, many);
	b->room = 0;
	b->one = last;
}

/* ------------------------------------------------------------------- holding */

static bool is_member(const struct inet_sock *s)
{
	return s->place != NOT_MEMBER;
}

/* Does it take what comes from anywhere? */
static bool takes_all(const struct inet_sock *s)
{
	return s->sock.type == SOCK_DGRAM ? !s->paired : s->sock.listens;
}

/* A bind that needs nothing but its class changed for w. */
static bool can_turn_into(const struct bind *b, const struct want *w)
{
	return b && b->count == 1 && b->number == w->port && ip_equal(&b->ip, &w->ip) &&
	       !((b->class ^ w->class) & BIND_SHARED);
}

/* A bind of its own for who holds the port alone: 0 or -ENOMEM. */
static int gather(struct ports *p, uint16_t port)
{
	struct inet_sock *s = lone_on_port(p, port);
	struct bind_list *l = port_list(p, port), old;
	struct want w;

	if (!s)
		return 0;
	w = port_want(s, &s->local.ip, port);
	old = *l;
	LIST_INIT(l);
	s->bind = bind_new(p, &w);
	if (!s->bind) {
		s->bind = LONE;
		*l = old;
		return -ENOMEM;
	}
	s->bind->count = 1;
	return 0;
}

int port_gather(struct inet_sock *s)
{
	return s->bind == LONE ? gather(ports_of(s), s->local.port) : 0;
}

int port_take_alone(struct inet_sock *s, uint16_t port)
{
	struct bind_list *l = port_list_new(ports_of(s), port);

	if (!l)
		return -ENOMEM;
	l->lh_first = (struct bind *)((uintptr_t)s | LONE_MARK);
	s->bind = LONE;
	s->place = NOT_MEMBER;
	return 0;
}

void port_let_go(struct inet_sock *s)
{
	struct ports *p = ports_of(s);
	struct bind *b = s->bind;

	if (!b)
		return;
	p->net->changes++;
	if (b == LONE) {
		LIST_INIT(port_list(p, s->local.port));
		s->bind = NULL;
		return;
	}
	if (is_member(s))
		member_del(p, b, s);
	s->bind = NULL;
	b->count--;
	bind_put(p, b);
}

void bind_join(struct bind *b, struct inet_sock *s)
{
	b->count++;
	s->bind = b;
	s->place = NOT_MEMBER;
}

int port_settle(struct inet_sock *s, const struct want *w)
{
	struct ports *p = ports_of(s);
	const bool takes = takes_all(s);
	struct bind *b;

	p->net->changes++;
	if (gather(p, w->port))
		return -ENOMEM;
	b = bind_find(p, w);
	if (!b && can_turn_into(s->bind, w)) {
		b = s->bind;
		b->class = w->class | (b->class & BIND_LISTENS);
		b->ifindex = w->ifindex;
		b->uid = w->uid;
	}
	if (!b)
		b = bind_new(p, w);
	if (!b)
		return -ENOMEM;
	if (takes && !(s->bind == b && is_member(s)) && member_room(p, b)) {
		bind_put(p, b);
		return -ENOMEM;
	}
	if (s->bind != b) {
		b->count++; /* it must not go with what s gives up */
		port_let_go(s);
		b->count--;
		bind_join(b, s);
	}
	if (takes && !is_member(s))
		member_add(b, s);
	else if (!takes && is_member(s))
		member_del(p, b, s);
	return 0;
}

struct want port_want(const struct inet_sock *s, const struct ip *ip, uint16_t port)
{
	const bool reuseport = sock_flag(&s->sock, SOCK_FLAG_REUSEPORT);
	uint8_t class = 0;

	if (sock_flag(&s->sock, SOCK_FLAG_REUSEADDR))
		class |= BIND_REUSEADDR;
	if (reuseport)
		class |= BIND_REUSEPORT;
	if (s->v6only)
		class |= BIND_V6ONLY;
	if (s->bind)
		class |= s->bind == LONE ? BIND_SHARED : s->bind->class & BIND_SHARED;
	return (struct want){
		.ip = *ip,
		.port = port,
		.class = class,
		.ifindex = s->sock.bound_ifindex,
		.uid = reuseport ? s->sock.owner.uid : 0,
		.own = s->bind,
	};
}

int port_changed(struct inet_sock *s)
{
	struct want w;

	if (!s->bind || s->bind == LONE)
		return 0;
	w = port_want(s, &s->bind->ip, s->bind->number);
	return port_settle(s, &w);
}

/* ----------------------------------------------------------------- conflicts */

/* Is there an address that both would have? */
static bool overlap(const struct ip *a, bool a_v6only, const struct ip *b, bool b_v6only)
{
	if (ip_equal(a, b))
		return true;
	if (ip_equal(a, &ip_any6))
		return !(a_v6only && ip_is4(b));
	if (ip_equal(b, &ip_any6))
		return !(b_v6only && ip_is4(a));
	return (ip_equal(a, &ip_any4) && ip_is4(b)) || (ip_equal(b, &ip_any4) && ip_is4(a));
}

/* inet_bind_conflict() of net/ipv4/inet_connection_sock.c, and what UDP has like it. */
static bool tolerates(const struct bind *b, const struct want *w)
{
	const uint8_t both = b->class & w->class;

	if (b->count - (w->own == b) == 0)
		return true;
	if (b->ifindex && w->ifindex && b->ifindex != w->ifindex)
		return true;
	if (!overlap(&b->ip, b->class & BIND_V6ONLY, &w->ip, w->class & BIND_V6ONLY))
		return true;
	if (w->alone)
		return false;
	if (both & BIND_REUSEADDR && !(b->class & BIND_LISTENS))
		return true;
	return both & BIND_REUSEPORT && (b->uid == w->uid || b->count == b->nwaits);
}

static bool conflicts_at(const struct ports *p, const struct ip *ip, const struct want *w)
{
	for (struct bind *b = bind_first(p, ip, w->port); b; b = bind_next(b))
		if (!tolerates(b, w))
			return true;
	return false;
}

static bool conflicts(const struct ports *p, const struct want *w)
{
	const struct inet_sock *s = lone_on_port(p, w->port);
	const struct bind *b = bind_on_port(p, w->port);
	struct bind lone = {.count = 1};

	if (s) {
		const struct want is = port_want(s, &s->local.ip, w->port);

		lone.ip = is.ip;
		lone.class = is.class;
		lone.ifindex = is.ifindex;
		lone.uid = is.uid;
		return !tolerates(&lone, w);
	}
	if (!b)
		return false;
	/* An address of one's own has three rivals; a wildcard may have any. */
	if (!ip_is_any(&w->ip))
		return conflicts_at(p, &w->ip, w) || conflicts_at(p, &ip_any6, w) ||
		       (ip_is4(&w->ip) && conflicts_at(p, &ip_any4, w));
	for (; b; b = LIST_NEXT(b, entry))
		if (!tolerates(b, w))
			return true;
	return false;
}

int port_listen(struct inet_sock *s)
{
	struct ports *p = ports_of(s);
	struct want w;
	int err = s->bind ? port_gather(s) : port_auto(s);

	if (err)
		return err;
	if (is_member(s))
		return 0;
	w = port_want(s, &s->bind->ip, s->bind->number);
	if (conflicts(p, &w))
		return -EADDRINUSE;
	err = member_room(p, s->bind);
	if (!err)
		member_add(s->bind, s);
	return err;
}

/* ------------------------------------------------------------- ports unasked */

struct choice port_choose(const struct inet_sock *s, uint32_t start, uint32_t parity)
{
	const struct host *h = s->sock.host;
	uint32_t low = h->port_low, high = h->port_high;

	/* IP_LOCAL_PORT_RANGE counts as far as it is within the host's. */
	if (s->local_low >= low && s->local_low <= high)
		low = s->local_low;
	if (s->local_high >= low && s->local_high <= high)
		high = s->local_high;
	return (struct choice){low, high - low + 1, start, 0, parity};
}

/* 0: there are no more. */
uint16_t port_next(struct choice *c)
{
	while (c->step < c->n * 2) {
		const uint32_t parity = c->step < c->n ? c->parity : !c->parity;
		const uint32_t at = (c->start % c->n + c->step++) % c->n;

		if ((at & 1) == parity)
			return c->low + at;
	}
	return 0;
}

int port_auto(struct inet_sock *s)
{
	struct ports *p = ports_of(s);
	struct choice c = port_choose(s, net_random(p->net), 1);
	struct want w = port_want(s, &s->local.ip, 0);
	int err;

	/* inet_csk_find_open_port() leaves an odd last one out. */
	if (s->sock.type == SOCK_STREAM && c.n > 1)
		c.n &= ~UINT32_C(1);
	w.alone = true;
	while ((w.port = port_next(&c)))
		if (!conflicts(p, &w))
			break;
	if (!w.port)
		return -EADDRINUSE;
	err = port_settle(s, &w);
	if (!err)
		s->local.port = w.port;
	return err;
}

/* May anybody be bound to this address on this host? */
static bool is_bindable(const struct inet_sock *s, const struct ip *ip)
{
	struct host *h = s->sock.host;
	struct route r;

	if (ip_is_any(ip) || ip_is_multicast(ip) || host_has(h, ip) ||
	    inet_flag(s, INET_FREEBIND) || inet_flag(s, INET_TRANSPARENT))
		return true;
	if (ip_is4(ip) && ip_to4(ip) == INADDR_BROADCAST)
		return true; /* of any link, also of none */
	return !route_find(h, ip, 0, &r) && r.broadcast;
}

int port_bind(struct inet_sock *s, const struct endpoint *e, bool privileged)
{
	struct ports *p = ports_of(s);
	const struct endpoint before = s->local;
	struct want w;
	int err = 0;

	if (!is_bindable(s, &e->ip))
		return -EADDRNOTAVAIL;
	if (e->port && e->port < FIRST_FREE_PORT && !privileged)
		return -EACCES;
	if (s->bind)
		return -EINVAL;
	waits_expire(p->net);
	s->local = *e;
	w = port_want(s, &e->ip, e->port);
	if (e->port)
		err = conflicts(p, &w) ? -EADDRINUSE : port_settle(s, &w);
	else if (!inet_flag(s, INET_BIND_ADDRESS_NO_PORT))
		err = port_auto(s);
	if (err) {
		s->local = before;
		return err;
	}
	s->address_given = !ip_is_any(&e->ip);
	s->port_given = e->port != 0;
	/* An address of IPv6 leaves no way to IPv4. */
	if (s->sock.family == AF_INET6 && s->address_given && !ip_is4(&e->ip))
		s->v6only = true;
	return 0;
}
