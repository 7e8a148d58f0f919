/*
 * inet_ioctl.c - SIOCGIFCONF and its kin: devices and their IPv4 addresses, as
 * netdevice(7) has them.
 *
 * One address of a device is found by its name, and of several the one that ifr_addr
 * names; "eth0:1" is a label, and ours have none but the device's own name.
 */
#include <errno.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <string.h>

#include "device.h"

static void put_address(struct sockaddr *to, uint32_t be)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = be};

	memcpy(to, &in, sizeof(in));
}

/* All that fit; without a buffer, the room that they need. */
static int get_conf(struct host *h, void *arg)
{
	struct ifconf *conf = arg;
	struct host_address *a;
	int used = 0;

	TAILQ_FOREACH(a, &h->addresses, entry) {
		struct ifreq r = {0};

		if (!ip_is4(&a->ip))
			continue;
		if (conf->ifc_buf) {
			if (conf->ifc_len - used < (int)sizeof(r))
				break;
			strcpy(r.ifr_name, device_at(a->ifindex)->name);
			put_address(&r.ifr_addr, ip_to4(&a->ip));
			memcpy(conf->ifc_buf + used, &r, sizeof(r));
		}
		used += sizeof(r);
	}
	conf->ifc_len = used;
	return 0;
}

static int get_name(struct host *h, int ifindex, struct ifreq *r)
{
	const struct device *d = device_at(r->ifr_ifindex);

	if (!d)
		return -ENODEV;
	memset(r->ifr_name, 0, sizeof(r->ifr_name));
	strcpy(r->ifr_name, d->name);
	return 0;
}

static int get_index(struct host *h, int ifindex, struct ifreq *r)
{
	r->ifr_ifindex = ifindex;
	return 0;
}

static int get_flags(struct host *h, int ifindex, struct ifreq *r)
{
	r->ifr_flags = device_flags(h, ifindex);
	return 0;
}

static int get_mtu(struct host *h, int ifindex, struct ifreq *r)
{
	r->ifr_mtu = device_mtu(h, ifindex);
	return 0;
}

static int get_metric(struct host *h, int ifindex, struct ifreq *r)
{
	r->ifr_metric = 0;
	return 0;
}

static int get_txqlen(struct host *h, int ifindex, struct ifreq *r)
{
	r->ifr_qlen = TXQLEN;
	return 0;
}

static int get_mac(struct host *h, int ifindex, struct ifreq *r)
{
	memset(&r->ifr_hwaddr, 0, sizeof(r->ifr_hwaddr));
	r->ifr_hwaddr.sa_family = device_at(ifindex)->type;
	memcpy(r->ifr_hwaddr.sa_data, device_mac(h, ifindex), 6);
	return 0;
}

/* What these ask of an address. */
static uint32_t own_address(const struct host_address *a)
{
	return ip_to4(&a->ip);
}

static const struct request {
	unsigned long number;
	int (*device)(struct host *, int ifindex, struct ifreq *);
	uint32_t (*address)(const struct host_address *);
} requests[] = {
	{SIOCGIFNAME, get_name, NULL},
	{SIOCGIFINDEX, get_index, NULL},
	{SIOCGIFFLAGS, get_flags, NULL},
	{SIOCGIFMTU, get_mtu, NULL},
	{SIOCGIFMETRIC, get_metric, NULL},
	{SIOCGIFTXQLEN, get_txqlen, NULL},
	{SIOCGIFHWADDR, get_mac, NULL},
	{SIOCGIFADDR, NULL, own_address},
	{SIOCGIFDSTADDR, NULL, own_address}, /* none of ours leads to one other end */
	{SIOCGIFNETMASK, NULL, address_mask},
	{SIOCGIFBRDADDR, NULL, address_broadcast},
};

static int get_address(const struct request *q, struct host *h, int ifindex, bool label,
		       struct ifreq *r)
{
	const struct host_address *a, *found = NULL;
	struct sockaddr_in asked;

	memcpy(&asked, &r->ifr_addr, sizeof(asked));
	TAILQ_FOREACH(a, &h->addresses, entry) {
		if (a->ifindex != ifindex || !ip_is4(&a->ip) || label)
			continue;
		if (!found)
			found = a;
		if (asked.sin_family == AF_INET && asked.sin_addr.s_addr == ip_to4(&a->ip)) {
			found = a;
			break;
		}
	}
	if (!found)
		return -EADDRNOTAVAIL;
	put_address(&r->ifr_addr, q->address(found));
	return 0;
}

static int get_request(const struct request *q, struct host *h, struct ifreq *r)
{
	char name[IFNAMSIZ];
	int ifindex;
	char *colon;

	if (q->number == SIOCGIFNAME)
		return get_name(h, 0, r);
	memcpy(name, r->ifr_name, sizeof(name));
	name[sizeof(name) - 1] = 0;
	colon = strchr(name, ':');
	if (colon)
		*colon = 0;
	ifindex = device_by_name(name);
	if (!ifindex)
		return -ENODEV;
	return q->device ? q->device(h, ifindex, r)
			 : get_address(q, h, ifindex, colon != NULL, r);
}

int inet_ioctl(struct task *t, unsigned long request, void *arg)
{
	if (request == SIOCGIFCONF)
		return arg ? get_conf(t->host, arg) : -EFAULT;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (requests[i].number == request)
			return arg ? get_request(&requests[i], t->host, arg) : -EFAULT;
	return NOT_MINE;
}
