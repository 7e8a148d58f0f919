/*
 * netlink.h - AF_NETLINK sockets: what NETLINK_ROUTE tells of devices, addresses and
 * routes of a host.
 *
 * netlink.c is the socket: a queue of messages. netlink_request.c is the kernel's end of
 * it: it reads requests and answers. netlink_route.c puts what there is into messages.
 */
#ifndef SOCKETCALL_STACK_NETLINK_H
#define SOCKETCALL_STACK_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "../inet/inet.h"

/* Bits of netlink_sock.flags. */
enum netlink_flag {
	NETLINK_FLAG_PKTINFO, NETLINK_FLAG_CAP_ACK, NETLINK_FLAG_EXT_ACK, NETLINK_FLAG_STRICT,
};

struct netlink_packet {
	STAILQ_ENTRY(netlink_packet) entry;
	uint32_t from;       /* nl_pid; 0: the kernel */
	struct creds creds;
	size_t len;
	uint8_t data[];
};

/* What a dump is to tell; zeroes: no matter. */
struct netlink_filter {
	int family, ifindex;
	uint32_t table;
	uint8_t protocol, type;
	bool on;             /* it is one of a strict request: NLM_F_DUMP_FILTERED */
};

/* A dump under way: its messages are made as they are read. */
struct netlink_dump {
	bool running;
	uint16_t type;       /* RTM_GETLINK ... */
	uint32_t seq;
	unsigned at;         /* things told so far */
	struct netlink_filter filter;
};

struct netlink_sock {
	struct sock sock; /* first */
	struct hash_node node;       /* of host.netlinks, once it is bound */
	uint32_t pid;                /* nl_pid; 0: not bound */
	uint32_t peer;               /* connect(2)ed to: 0 is the kernel */
	uint32_t flags;              /* bits by enum netlink_flag */
	size_t largest;              /* the largest buffer that it ever read with */
	STAILQ_HEAD(, netlink_packet) queue;
	size_t queued;               /* bytes */
	struct netlink_dump dump;
};

static inline struct netlink_sock *netlink_of(struct sock *s)
{
	return (struct netlink_sock *)s;
}
static inline bool netlink_flag(const struct netlink_sock *s, enum netlink_flag f)
{
	return s->flags >> f & 1;
}

/* Queues a message: 0, -ENOBUFS (there is no room or memory). */
int netlink_queue(struct netlink_sock *, uint32_t from, const struct creds *, const void *data,
		  size_t len);
/* Reads what was sent to the kernel, and answers. */
void netlink_request(struct netlink_sock *, const struct task *, const uint8_t *data, size_t len);
/* Queues the next part of the dump that runs, if one does. */
void netlink_dump_more(struct netlink_sock *);

/* A message being written. What does not fit sets full, and nothing is written. */
struct netlink_out {
	uint8_t *data;
	size_t len, room;
	bool full;
};

/* Begins a message; its fixed part follows: len bytes at `fixed`. Where it begins. */
size_t netlink_begin(struct netlink_out *, uint16_t type, uint16_t flags, uint32_t seq,
		     uint32_t pid, const void *fixed, size_t len);
void netlink_put(struct netlink_out *, uint16_t type, const void *data, size_t len);
void netlink_put32(struct netlink_out *, uint16_t type, uint32_t v);
/* Ends it; takes it back if it did not fit. */
void netlink_finish(struct netlink_out *, size_t begin);

/* What a message is headed with. */
struct netlink_head {
	uint32_t pid, seq;
	uint16_t flags;
};
void netlink_link(struct netlink_out *, const struct netlink_head *, const struct host *,
		  int ifindex);
void netlink_address(struct netlink_out *, const struct netlink_head *,
		     const struct host_address *);
/* The answer to "how is that reached". 0 or -ENETUNREACH. */
int netlink_route_to(struct netlink_out *, const struct netlink_head *, struct host *,
		     const struct ip *to, int ifindex);
/* As many things of a dump as fit, from number *at on, which moves. Are these all? */
bool netlink_fill(struct netlink_out *, const struct netlink_head *, struct host *,
		  uint16_t type, const struct netlink_filter *, unsigned *at);

#endif
