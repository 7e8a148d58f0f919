/*
 * port_lookup.c - who gets what comes in.
 *
 * Who is connected to where it comes from goes before who is not; who is bound to the
 * very address, before a wildcard; who is bound to the device, before who is bound to
 * none; 0.0.0.0 before ::. These are the scores of net/ipv4/udp.c and
 * inet_hashtables.c. Of those that are alike the hash picks one if they said
 * SO_REUSEPORT, else it is the one that came last.
 */
#include "ports.h"

#include <stddef.h>

static struct inet_sock *pick(const struct bind *b, uint32_t hash)
{
	const uint32_t n = b->nmembers;

	return bind_member(b, b->class & BIND_REUSEPORT ? ((uint64_t)hash * n) >> 32 : n - 1);
}

static bool hears(const struct bind *b, const struct ip *to, int ifindex)
{
	if (!b->nmembers || (b->ifindex && b->ifindex != ifindex))
		return false;
	return !(b->class & BIND_V6ONLY && ip_is4(to));
}

static void find_at(const struct ports *p, const struct ip *at, const struct endpoint *to,
		    int ifindex, const struct bind **best)
{
	for (struct bind *b = bind_first(p, at, to->port); b; b = bind_next(b))
		if (hears(b, &to->ip, ifindex) && (!*best || (b->ifindex && !(*best)->ifindex)))
			*best = b;
}

static struct inet_sock *find(const struct ports *p, const struct endpoint *to, int ifindex,
			      uint32_t hash)
{
	const struct bind *best = NULL;

	find_at(p, &to->ip, to, ifindex, &best);
	if (!best && ip_is4(&to->ip))
		find_at(p, &ip_any4, to, ifindex, &best);
	if (!best)
		find_at(p, &ip_any6, to, ifindex, &best);
	return best ? pick(best, hash) : NULL;
}

struct inet_sock *port_listener(struct host *h, const struct endpoint *to, int ifindex,
				uint32_t hash)
{
	return find(&h->tcp, to, ifindex, hash);
}

static bool hears_pair(const struct inet_sock *s, int ifindex)
{
	return !s->sock.bound_ifindex || s->sock.bound_ifindex == ifindex;
}

/* Of sockets that are connected alike, the last one, or one by SO_REUSEPORT. */
static struct inet_sock *find_pair(const struct ports *p, const struct endpoint *to,
				   const struct endpoint *from, int ifindex, uint32_t hash)
{
	const uint32_t ends = pair_hash(p, to, from);
	struct inet_sock *s, *found = NULL;
	uint32_t n = 0, at = ends, i;

	while ((s = pair_next(p, to, from, ends, &at))) {
		if (hears_pair(s, ifindex)) {
			found = s;
			n++;
		}
	}
	if (n < 2 || !sock_flag(&found->sock, SOCK_FLAG_REUSEPORT))
		return found;
	i = ((uint64_t)hash * n) >> 32;
	for (at = ends; (s = pair_next(p, to, from, ends, &at));)
		if (hears_pair(s, ifindex) && i-- == 0)
			return s;
	return found;
}

struct inet_sock *port_receiver(struct host *h, const struct endpoint *to,
				const struct endpoint *from, int ifindex, uint32_t hash)
{
	struct inet_sock *s = find_pair(&h->udp, to, from, ifindex, hash);

	return s ? s : find(&h->udp, to, ifindex, hash);
}

void port_each_receiver(struct host *h, const struct endpoint *to, const struct endpoint *from,
			int ifindex, void (*take)(void *ctx, struct inet_sock *), void *ctx)
{
	const struct ip *at[] = {&to->ip, &ip_any6, ip_is4(&to->ip) ? &ip_any4 : NULL};
	const uint32_t ends = pair_hash(&h->udp, to, from);
	struct inet_sock *s;
	uint32_t slot = ends;

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]) && at[i]; i++)
		for (struct bind *b = bind_first(&h->udp, at[i], to->port); b; b = bind_next(b))
			for (uint32_t j = 0; hears(b, &to->ip, ifindex) && j < b->nmembers; j++)
				take(ctx, bind_member(b, j));
	while ((s = pair_next(&h->udp, to, from, ends, &slot)))
		if (hears_pair(s, ifindex))
			take(ctx, s);
}
