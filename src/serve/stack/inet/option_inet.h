/*
 * option_inet.h - what the options of IPPROTO_IP and IPPROTO_IPV6 have in common.
 */
#ifndef SOCKETCALL_STACK_OPTION_INET_H
#define SOCKETCALL_STACK_OPTION_INET_H

#include "inet.h"
#include "../option.h"

/* Rows whose `at` is an enum inet_flag. */
option_fn option_inet_get_flag;
option_fn option_inet_set_flag; /* any int */
option_fn option_inet_set_bit;  /* 0 or 1, nothing else */
void option_inet_put_flag(struct sock *, const struct option *, bool on);

/* IP_MTU, IPV6_MTU: of the way to the peer; -ENOTCONN. */
option_fn option_inet_get_mtu;
int option_inet_mtu(const struct inet_sock *);

/* IP_UNICAST_IF, IPV6_UNICAST_IF: a device by its number in network order; 0: any. */
int option_inet_unicast_if(const struct sock *, const struct option_value *, int *ifindex);
static inline bool option_inet_has_device(int ifindex)
{
	return ifindex == IF_LO || ifindex == IF_ETH;
}

#endif
