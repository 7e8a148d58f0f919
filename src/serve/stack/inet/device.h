/*
 * device.h - lo and eth0, as programs see them.
 */
#ifndef SOCKETCALL_STACK_DEVICE_H
#define SOCKETCALL_STACK_DEVICE_H

#include "inet.h"

struct device {
	const char *name;
	uint16_t type;  /* ARPHRD_ETHER ... */
	uint32_t flags; /* IFF_UP ..., less what depends on the cable */
	uint8_t broadcast; /* each byte of its broadcast address */
};

enum { TXQLEN = 1000 };

const struct device *device_at(int64_t ifindex); /* NULL: none */
int device_by_name(const char *name); /* its index; 0: none */
uint32_t device_flags(const struct host *, int ifindex); /* IFF_UP ... */
int device_mtu(const struct host *, int ifindex);
const uint8_t *device_mac(const struct host *, int ifindex); /* six bytes */

/* The broadcast address of an IPv4 address of a device: in network order; 0: none. */
uint32_t address_broadcast(const struct host_address *);
uint32_t address_mask(const struct host_address *); /* of an IPv4 one, the same */

#endif
