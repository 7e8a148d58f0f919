/*
 * ip_control.h - the control messages of IPPROTO_IP, IPPROTO_IPV6 and SOL_SOCKET that
 * go with a datagram.
 */
#ifndef SOCKETCALL_STACK_IP_CONTROL_H
#define SOCKETCALL_STACK_IP_CONTROL_H

#include "inet.h"

/* What a send asked for: the socket's own settings, but for what its control messages
 * say. */
struct ip_control {
	struct ip source;    /* any: none was asked for */
	int ifindex;         /* out of this one; 0: any */
	int ttl;             /* or hop limit; -1: the socket's */
	int tos;             /* or traffic class; -1: the socket's */
	int dontfrag;        /* -1: the socket's */
	int segment;         /* UDP_SEGMENT; -1: the socket's */
};

/* Reads them, as ip_cmsg_send() and ip6_datagram_send_ctl() do: 0, or -EINVAL, -EPERM,
 * -ENODEV. to4: the datagram goes to an IPv4 address. */
int ip_control_read(struct inet_sock *, struct message *, bool to4, struct ip_control *);
/* One of SOL_SOCKET, which ask for nothing: 0, or -EINVAL, -EPERM. */
int ip_control_socket(const struct message *, const struct cmsghdr *);

/* A packet's header, as its receiver may ask for it. */
struct ip_header {
	struct endpoint from, to;
	int ifindex;         /* it came in by this one */
	uint8_t ttl, tos;    /* or hop limit and traffic class */
	bool multicast;      /* or broadcast: answers come from another address */
	bool error;          /* it is an ICMP error: none are to be expected */
};

/* Of inet_sock.ip_flags, those that ask for something. */
static const uint32_t ip_control_flags =
	UINT32_C(1) << INET_PKTINFO | UINT32_C(1) << INET_RECVTTL | UINT32_C(1) << INET_RECVTOS |
	UINT32_C(1) << INET_RECVORIGDST | UINT32_C(1) << INET6_PKTINFO |
	UINT32_C(1) << INET6_HOPLIMIT | UINT32_C(1) << INET6_TCLASS |
	UINT32_C(1) << INET6_RECVORIGDST;

/* Appends what the socket asked to hear of a packet. */
void ip_control_put(struct inet_sock *, struct message *, const struct ip_header *);

#endif
