/*
 * device.c - lo and eth0, as programs see them.
 */
#include "device.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <stddef.h>
#include <string.h>

static const struct device devices[] = {
	[IF_LO] = {"lo", ARPHRD_LOOPBACK, IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_LOWER_UP, 0},
	[IF_ETH] = {"eth0", ARPHRD_ETHER, IFF_UP | IFF_BROADCAST | IFF_MULTICAST, 0xff},
};

const struct device *device_at(int64_t ifindex)
{
	return ifindex == IF_LO || ifindex == IF_ETH ? &devices[ifindex] : NULL;
}

int device_by_name(const char *name)
{
	for (int i = IF_LO; i <= IF_ETH; i++)
		if (!strcmp(devices[i].name, name))
			return i;
	return 0;
}

uint32_t device_flags(const struct host *h, int ifindex)
{
	const bool carrier = ifindex == IF_ETH && h->up;

	return devices[ifindex].flags | (carrier ? IFF_RUNNING | IFF_LOWER_UP : 0);
}

int device_mtu(const struct host *h, int ifindex)
{
	return ifindex == IF_LO ? LO_MTU : h->mtu;
}

const uint8_t *device_mac(const struct host *h, int ifindex)
{
	static const uint8_t none[6];

	return ifindex == IF_LO ? none : h->mac;
}

uint32_t address_mask(const struct host_address *a)
{
	return htonl(a->prefix ? UINT32_MAX << (32 - a->prefix) : 0);
}

uint32_t address_broadcast(const struct host_address *a)
{
	if (a->ifindex == IF_LO || a->prefix > 30)
		return 0;
	return ip_to4(&a->ip) | ~address_mask(a);
}
