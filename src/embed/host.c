/*
 * host.c - hosts and their addresses.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "embed.h"

#include "../serve/stack/unix/unix.h"

/* "10.0.0.1/24", "fd00::1/64"; without a prefix, the whole of it. */
static int read_address(const char *text, struct ip *ip, unsigned *prefix)
{
	const size_t len = strcspn(text, "/");
	char name[INET6_ADDRSTRLEN];
	struct in_addr in;
	char *end;

	if (len >= sizeof(name))
		return -EINVAL;
	memcpy(name, text, len);
	name[len] = 0;
	if (inet_pton(AF_INET, name, &in) == 1) {
		*ip = ip_from4(in.s_addr);
		*prefix = 32;
	} else if (inet_pton(AF_INET6, name, ip->b) == 1 && !ip_is4(ip)) {
		*prefix = 128;
	} else {
		return -EINVAL;
	}
	if (!text[len])
		return 0;
	if (text[len + 1] < '0' || text[len + 1] > '9' || strlen(text + len + 1) > 3)
		return -EINVAL;
	*prefix = strtoul(text + len + 1, &end, 10);
	return *end ? -EINVAL : 0;
}

struct sc_host *sc_host_new(struct sc_net *net, const char *name)
{
	struct host *h;

	net_lock(net_of(net));
	h = host_new(net_of(net), name);
	net_unlock(net_of(net));
	return (struct sc_host *)h;
}

int sc_host_add_address(struct sc_host *host, const char *address)
{
	struct host *h = host_of(host);
	unsigned prefix;
	struct ip ip;
	int err = read_address(address, &ip, &prefix);

	if (err)
		return err;
	net_lock(h->net);
	err = host_add_address(h, &ip, prefix);
	net_unlock(h->net);
	return err;
}

int sc_host_del_address(struct sc_host *host, const char *address)
{
	struct host *h = host_of(host);
	unsigned prefix;
	struct ip ip;
	int err = read_address(address, &ip, &prefix);

	if (err)
		return err;
	net_lock(h->net);
	err = host_del_address(h, &ip);
	net_unlock(h->net);
	return err;
}

void sc_host_set_up(struct sc_host *host, bool up)
{
	struct host *h = host_of(host);

	net_lock(h->net);
	host_set_up(h, up);
	net_unlock(h->net);
}

int sc_unlink(struct sc_host *host, const char *path)
{
	struct host *h = host_of(host);
	int err;

	net_lock(h->net);
	err = unix_unlink(h, path);
	net_unlock(h->net);
	return err;
}
