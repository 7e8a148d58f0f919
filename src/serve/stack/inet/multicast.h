/*
 * multicast.h - who is a member of which group.
 *
 * A socket's membership is a group on a device, with a source filter: all but some
 * sources (exclude, what a plain join is), or some sources only (include). The hosts
 * that have members of a group are found by the group in net.groups.
 *
 * The membership options of IPPROTO_IP and IPPROTO_IPV6 are OPT_OWN rows whose set and
 * get are the functions below, for the names that stand beside them. A get finds in the
 * value what the caller's buffer held.
 */
#ifndef SOCKETCALL_STACK_MULTICAST_H
#define SOCKETCALL_STACK_MULTICAST_H

#include "inet.h"
#include "../option.h"

option_fn multicast_set_member;       /* IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP */
option_fn multicast_set_source;       /* IP_ADD_SOURCE_MEMBERSHIP, IP_DROP_SOURCE_MEMBERSHIP,
                                       * IP_BLOCK_SOURCE, IP_UNBLOCK_SOURCE */
option_fn multicast_set_msfilter, multicast_get_msfilter; /* IP_MSFILTER */

/* IPPROTO_IP: */
option_fn multicast_set_group;        /* MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP */
option_fn multicast_set_group_source; /* MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP,
                                       * MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE */
option_fn multicast_set_group_filter, multicast_get_group_filter; /* MCAST_MSFILTER */

/* IPPROTO_IPV6: */
option_fn multicast_set_member6;      /* IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP */
option_fn multicast_set_group6;       /* and the MCAST_ ones as above */
option_fn multicast_set_group_source6;
option_fn multicast_set_group_filter6, multicast_get_group_filter6;

/* A host that has members of a group on a device: net.groups. */
struct host_group {
	struct hash_node node;
	struct host *host;
	struct ip group;
	int ifindex;
	LIST_HEAD(, membership) members;
};

/* The next of the hosts that have members of this group on this device, after `prev`
 * (NULL: the first); NULL at the end. Members may not come or go in between. */
struct host_group *multicast_next_host(struct net *, const struct ip *group, int ifindex,
				       const struct host_group *prev);
/* Does any of its members take what comes from this source? */
bool multicast_host_takes(const struct host_group *, const struct ip *source);
/* Is it a group that every host is in (224.0.0.1, ff02::1)? */
bool multicast_is_all_hosts(const struct ip *group);

#endif
