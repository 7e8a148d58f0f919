/*
 * host.c - a host of the network: lo, eth0 and their addresses.
 *
 * Nobody may have an address that another host has: net.addresses knows those of all
 * eth0s, and says who gets what is sent over the link. Addresses of lo are each host's
 * own, and all of 127.0.0.0/8 is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "inet/inet.h"
#include "unix/unix.h"

static unsigned ip_bits(const struct ip *ip)
{
	return ip_is4(ip) ? 32 : 128;
}

static struct host_address *find_address(const struct net *n, const struct ip *ip)
{
	struct hash_node *at = hash_first(&n->addresses, ip_hash(ip, n->hash_seed));

	for (; at; at = hash_next(at)) {
		struct host_address *a = (struct host_address *)at;

		if (ip_equal(&a->ip, ip))
			return a;
	}
	return NULL;
}

struct host *host_at(const struct net *n, const struct ip *ip)
{
	struct host_address *a = find_address(n, ip);

	return a ? a->host : NULL;
}

bool host_has(const struct host *h, const struct ip *ip)
{
	return ip_is_loopback(ip) || host_at(h->net, ip) == h;
}

static int add(struct host *h, int ifindex, const struct ip *ip, unsigned prefix)
{
	struct host_address *a = alloc_zero(&h->net->mem, sizeof(*a));

	if (!a)
		return -ENOMEM;
	h->net->changes++;
	a->host = h;
	a->ip = *ip;
	a->prefix = prefix;
	a->ifindex = ifindex;
	TAILQ_INSERT_TAIL(&h->addresses, a, entry);
	if (ifindex != IF_LO)
		hash_add(&h->net->addresses, &a->node, ip_hash(ip, h->net->hash_seed));
	return 0;
}

static void del(struct host_address *a)
{
	struct host *h = a->host;

	h->net->changes++;
	if (a->ifindex != IF_LO)
		hash_del(&h->net->addresses, &a->node);
	TAILQ_REMOVE(&h->addresses, a, entry);
	alloc_put(&h->net->mem, a);
}

/* The address of eth0 on any link, from its mac: RFC 4291, appendix A. */
static struct ip link_local(const struct host *h)
{
	const uint8_t *m = h->mac;

	return (struct ip){{.b = {0xfe, 0x80, [8] = m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3],
				  m[4], m[5]}}};
}

static bool wants_link_local(const struct host *h)
{
	const struct host_address *a;

	TAILQ_FOREACH(a, &h->addresses, entry)
		if (a->ifindex == IF_ETH && !ip_is4(&a->ip))
			return false;
	return true;
}

int host_add_address(struct host *h, const struct ip *ip, unsigned prefix)
{
	const struct ip local = link_local(h);
	bool with_local;
	int err;

	if (prefix > ip_bits(ip) || ip_is_any(ip) || ip_is_multicast(ip) || ip_is_loopback(ip))
		return -EINVAL;
	if (find_address(h->net, ip))
		return -EEXIST;
	with_local = !ip_is4(ip) && !ip_equal(ip, &local) && wants_link_local(h) &&
		     !find_address(h->net, &local);
	err = add(h, IF_ETH, ip, prefix);
	if (!err && with_local) {
		err = add(h, IF_ETH, &local, 64);
		if (err)
			del(find_address(h->net, ip));
	}
	if (!err)
		tcp_link_changed(h->net);
	return err;
}

int host_del_address(struct host *h, const struct ip *ip)
{
	struct host_address *a = find_address(h->net, ip);

	if (!a || a->host != h)
		return -EADDRNOTAVAIL;
	del(a);
	tcp_link_changed(h->net);
	return 0;
}

void host_set_up(struct host *h, bool up)
{
	if (h->up == up)
		return;
	h->up = up;
	h->net->changes++;
	tcp_link_changed(h->net);
}

/* One that its owner made up, as 02:00:00:00:00:01, and no other host of the network has. */
static void choose_mac(struct host *h)
{
	const uint64_t number = ++h->net->cookies;

	h->mac[0] = 2;
	for (int i = 1; i < 6; i++)
		h->mac[i] = number >> (5 - i) * 8;
}

struct host *host_new(struct net *n, const char *name)
{
	struct host *h = alloc_zero(&n->mem, sizeof(*h));

	if (!h)
		return NULL;
	h->net = n;
	h->up = true;
	h->mtu = 1500;
	h->port_low = 32768;
	h->port_high = 60999;
	snprintf(h->name, sizeof(h->name), "%s", name ? name : "");
	TAILQ_INIT(&h->addresses);
	ports_init(&h->tcp, n);
	ports_init(&h->udp, n);
	hash_init(&h->netlinks, &n->mem);
	hash_init(&h->unix_names, &n->mem);
	choose_mac(h);
	TAILQ_INSERT_TAIL(&n->hosts, h, entry);
	if (add(h, IF_LO, &ip_loopback4, 8) || add(h, IF_LO, &ip_loopback6, 128)) {
		host_free(h);
		return NULL;
	}
	return h;
}

void host_free(struct host *h)
{
	while (!TAILQ_EMPTY(&h->addresses))
		del(TAILQ_FIRST(&h->addresses));
	ports_free(&h->tcp);
	ports_free(&h->udp);
	hash_free(&h->netlinks);
	unix_names_free(h);
	TAILQ_REMOVE(&h->net->hosts, h, entry);
	alloc_put(&h->net->mem, h);
}
