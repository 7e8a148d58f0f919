/*
 * udp.h - what the files of UDP share.
 *
 * A datagram moves in one step: udp_send.c reads where it goes and takes its bytes from
 * the caller's memory straight into a packet, udp_deliver.c finds who gets it and puts
 * the packet on the queue there, udp_recv.c gives it to who receives. Packets are kept
 * for the next time by the socket that freed them (a few KiB at most), so a steady
 * traffic allocates nothing.
 *
 * A queue is bounded by SO_RCVBUF in the kernel's currency, what a packet occupies there
 * (udp_truesize), so that a receiver loses what it would lose on Linux.
 */
#ifndef SOCKETCALL_STACK_UDP_H
#define SOCKETCALL_STACK_UDP_H

#include "../inet/inet.h"
#include "../inet/ip_control.h"
#include "../option.h"

struct packet {
	STAILQ_ENTRY(packet) entry;
	struct ip_header header;
	int64_t stamp;       /* when it came, wall ns; 0: nobody had asked */
	uint32_t drops;      /* SO_RXQ_OVFL: of the socket, before it came */
	uint32_t len, room;  /* bytes of data, bytes there is room for */
	uint32_t truesize;
	uint16_t segment;    /* UDP_GRO: it is that many bytes each; 0: one datagram */
	bool peeked;         /* empty, and SO_PEEK_OFF is past it */
	uint8_t data[];
};

/* What MSG_MORE and UDP_CORK assemble, and how it will go. */
struct cork {
	struct ip_header header;
	struct route route;
	bool to4;            /* pending for IPv4, else for IPv6 */
	uint16_t segment;
	struct packet *packet;
};

struct udp_sock;

/* A datagram on its way: `len` bytes of the message, or of `data`. */
struct udp_out {
	struct udp_sock *sock;
	struct message *m;       /* NULL: data */
	const uint8_t *data;
	size_t len;
	uint16_t segment;        /* 0: one datagram */
	struct ip_header header;
	const struct route *route;
	struct udp_sock *to;     /* set by udp_deliver(): the one who got it; NULL: not one */
};

struct udp_sock {
	struct inet_sock inet; /* first */
	STAILQ_HEAD(, packet) queue;
	unsigned queued;       /* packets in it */
	unsigned batch;        /* of them, those that Linux would have moved to its second
	                        * queue: see udp_release() */
	int rmem;              /* bytes that count against SO_RCVBUF */
	int deficit;           /* of them, those that were read */
	uint32_t drops;
	unsigned spare_bytes;  /* of spare */
	STAILQ_HEAD(, packet) spare;
	struct ip source;      /* of what it sends; any: as the route says */
	struct cork *cork;     /* NULL: nothing is pending */
	bool corked;           /* UDP_CORK */
	bool gro;              /* UDP_GRO */
	bool no_check6_tx, no_check6_rx;
	uint16_t segment;      /* UDP_SEGMENT */
	/* Of a connected one: how it sent before, to whom, and how long a datagram may be. It
	 * holds as long as net.changes is the same. */
	struct udp_out last;
	uint64_t last_changes;
	size_t last_most;
};

static inline struct udp_sock *udp_of(struct sock *s)
{
	return (struct udp_sock *)s;
}

/* What the kernel would count for a datagram of len bytes. */
int udp_truesize(size_t len, bool ip4);

/* An empty packet with room for len bytes; NULL: no memory. */
struct packet *udp_packet_new(struct udp_sock *, size_t len);
/* Back to the socket's spares, or freed. */
void udp_packet_put(struct udp_sock *, struct packet *);
void udp_packets_free(struct udp_sock *); /* all: queue and spares */
/* Puts a packet on the queue, or drops it. */
void udp_queue(struct udp_sock *, struct packet *);

/* Gives it to whoever it is for: 0; -EFAULT, -ENOBUFS: nobody got any. */
int udp_deliver(struct udp_out *);
/* The same to one that is known. */
int udp_give(struct udp_out *, struct udp_sock *);

/* The way to an address from `source` (any: none was asked for) by the device *ifindex (0:
 * any was asked for), as the socket's options have it: fills r, and *source with what the
 * packet's will be. 0, -ENETUNREACH, -EINVAL, -EAFNOSUPPORT, -EACCES. */
int udp_way(struct udp_sock *, const struct ip *to, int ifindex, struct ip *source,
	    struct route *r);

ssize_t udp_send(struct sock *, struct message *);
ssize_t udp_recv(struct sock *, struct message *);
/* Sends what is pending (UDP_CORK was turned off). */
int udp_push(struct udp_sock *);
void udp_cork_free(struct udp_sock *);

#endif
