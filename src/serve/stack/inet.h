/*
 * inet.h - what TCP and UDP share: addresses, hosts, routes, ports, and the options
 * of IP and IPv6.
 *
 * An address is kept in 16 bytes, one of IPv4 as ::ffff:a.b.c.d, so that both
 * families and both protocols use the same tables. 0.0.0.0 and :: differ: a socket
 * that is bound to :: without IPV6_V6ONLY takes what comes for either.
 */
#ifndef SOCKETCALL_STACK_INET_H
#define SOCKETCALL_STACK_INET_H

#include "sock.h"

struct ip {
	union {
		uint8_t b[16];
		uint64_t q[2];
	};
};

/* One end. */
struct endpoint {
	struct ip ip;
	uint16_t port;  /* host order; 0: none */
	uint32_t scope; /* sin6_scope_id of a link-local address */
};

extern const struct ip ip_any4, ip_any6, ip_loopback4, ip_loopback6;
struct ip ip_from4(uint32_t be); /* network order */
uint32_t ip_to4(const struct ip *); /* network order */
bool ip_is4(const struct ip *);
bool ip_is_any(const struct ip *); /* 0.0.0.0 or :: */
bool ip_is_loopback(const struct ip *); /* 127.0.0.0/8, ::1 */
bool ip_is_multicast(const struct ip *);
bool ip_is_link_local(const struct ip *); /* fe80::/10 */
static inline bool ip_equal(const struct ip *a, const struct ip *b)
{
	return a->q[0] == b->q[0] && a->q[1] == b->q[1];
}
uint32_t ip_hash(const struct ip *, uint32_t seed);

/* A host of the network: its devices, and the names bound on it. Device 1 is lo
 * (127.0.0.0/8, ::1); 2 is eth0, on the one link that all hosts share. */
enum { IF_LO = 1, IF_ETH = 2 };

struct host_address {
	struct hash_node node;     /* of net.addresses: not those of lo */
	TAILQ_ENTRY(host_address) entry; /* of host.addresses */
	struct host *host;
	struct ip ip;
	uint8_t prefix;            /* bits: of the 32 or the 128 */
	uint8_t ifindex;
};

/* Bound ports of one protocol on one host: ports.c. */
struct ports {
	struct hash by_address; /* struct bind by address and port */
	struct hash by_port;    /* struct port by port */
	struct hash pairs;      /* struct inet_sock by both ends: connected ones */
	uint16_t last;          /* of those given out unasked */
};

struct host {
	struct net *net;
	TAILQ_ENTRY(host) entry;   /* of net.hosts */
	char name[64];
	bool up;                   /* its link; lo always is */
	int mtu;                   /* of eth0: 1500; of lo: 65536 */
	uint8_t mac[6];
	TAILQ_HEAD(, host_address) addresses; /* those of lo first */
	uint16_t port_low, port_high; /* given out unasked: 32768 to 60999 */
	struct ports tcp, udp;
	struct hash unix_names;    /* pathnames and abstract ones: unix_name.c */
	uint32_t unix_auto;        /* the last autobind name */
};

struct host *host_new(struct net *, const char *name); /* NULL: ENOMEM */
void host_free(struct host *);
/* -EEXIST: another has it; -EINVAL: prefix; -ENOMEM */
int host_add_address(struct host *, const struct ip *, unsigned prefix);
int host_del_address(struct host *, const struct ip *); /* -EADDRNOTAVAIL */
/* Its cable: what is sent while it is down is neither delivered nor lost to TCP. TCP
 * hears of a change by tcp_link_changed(). */
void host_set_up(struct host *, bool up);
/* Is this one of its own addresses (127/8 all are)? */
bool host_has(const struct host *, const struct ip *);

/* Where a packet from a host to an address goes. */
struct route {
	struct host *host;   /* who gets it; itself for its own addresses; NULL for groups,
	                      * and for an address on the link that nobody has */
	int ifindex;         /* goes out of this one */
	struct ip source;    /* that is chosen if the socket has none */
	int mtu;
	bool reachable;      /* both ends are up, and somebody is there */
	bool broadcast, multicast;
};
/* 0, or -ENETUNREACH: there is no way. bound_if: SO_BINDTODEVICE and the like, or 0. */
int route_find(struct host *, const struct ip *to, int bound_if, struct route *);

/* The inet part of a socket; TCP and UDP sockets begin with it. */
struct inet_sock {
	struct sock sock; /* first */
	struct endpoint local, remote; /* remote.port 0: not connected */
	bool remote_set;               /* connected */
	bool v6only;
	struct bind *bind;             /* its place in the ports of its host; NULL: none */
	TAILQ_ENTRY(inet_sock) bound;  /* of bind */
	struct hash_node pair;         /* of ports.pairs, while paired */
	bool paired;

	/* IPPROTO_IP and IPPROTO_IPV6; options.c tells what each does. */
	uint8_t tos, tclass, ttl /* 0: 64 */, mc_ttl, mc_hops, pmtudisc, pmtudisc6, min_ttl,
		min_hops;
	int16_t hops;                  /* -1: 64 */
	uint32_t ip_flags;             /* bits by enum inet_flag */
	int mc_if, mc_if6, unicast_if, unicast_if6; /* 0: any */
	uint32_t mc_addr;              /* of IP_MULTICAST_IF, network order; 0: none */
	uint32_t flowlabel;
	uint16_t local_low, local_high; /* IP_LOCAL_PORT_RANGE; 0: the host's */
	struct membership *groups;     /* multicast.c; NULL: none */
	struct err_packet *errors;     /* errqueue.c; the oldest first */
};

enum inet_flag {
	INET_PKTINFO, INET_RECVTTL, INET_RECVTOS, INET_RECVOPTS, INET_RETOPTS, INET_RECVERR,
	INET_RECVORIGDST, INET_RECVFRAGSIZE, INET_HDRINCL, INET_NODEFRAG, INET_FREEBIND,
	INET_TRANSPARENT, INET_BIND_ADDRESS_NO_PORT, INET_MC_LOOP, INET_MC_ALL, INET_CHECKSUM,
	INET_RECVERR_RFC4884,
	INET6_PKTINFO, INET6_HOPLIMIT, INET6_TCLASS, INET6_RECVERR, INET6_MC_LOOP, INET6_MC_ALL,
	INET6_DONTFRAG, INET6_RECVPATHMTU, INET6_AUTOFLOWLABEL, INET6_FLOWINFO, INET6_RECVORIGDST,
	INET6_RECVERR_RFC4884, INET6_RECVHOPOPTS, INET6_RECVRTHDR, INET6_RECVDSTOPTS,
};
static inline struct inet_sock *inet_of(struct sock *s)
{
	return (struct inet_sock *)s;
}
static inline bool inet_flag(const struct inet_sock *s, enum inet_flag f)
{
	return s->ip_flags >> f & 1;
}
void inet_init(struct inet_sock *); /* defaults of a new socket */
void inet_end(struct inet_sock *);  /* gives up ports, groups and errors */

/* A given address as a socket of this family reads it, as the kernel checks it:
 * -EINVAL (too short), -EAFNOSUPPORT. AF_UNSPEC is for the caller to look at. An
 * IPv4-mapped one counts as IPv4. */
int endpoint_read(const struct sock *, const struct call_addr *, struct endpoint *);
/* As the program sees it: sockaddr_in, or sockaddr_in6 of an AF_INET6 socket. */
void endpoint_write(const struct sock *, const struct endpoint *, struct call_addr *out);
int inet_name(struct sock *, struct call_addr *);
int inet_peer(struct sock *, struct call_addr *); /* -ENOTCONN */

/*
 * Ports. A bind is one (address, port) with the sockets that share it by SO_REUSEADDR
 * or SO_REUSEPORT.
 */
struct bind {
	struct hash_node node;       /* of ports.by_address */
	TAILQ_HEAD(, inet_sock) socks;
	struct port *port;
	LIST_ENTRY(bind) entry;      /* of port.binds */
	struct ip ip;
	uint16_t number;
	int64_t wait_until;          /* TIME_WAIT: it stays taken till then; 0 */
	unsigned nlisten;            /* of socks, those that listen: for SO_REUSEPORT */
};

void ports_init(struct ports *, struct alloc *);
void ports_free(struct ports *);
struct ports *ports_of(const struct inet_sock *);
/* bind(2): checks conflicts as Linux does, picks a port if it is 0. 0, -EADDRINUSE,
 * -EADDRNOTAVAIL, -EACCES, -ENOMEM. Sets s->local. */
int port_bind(struct inet_sock *, const struct endpoint *, bool privileged);
/* Gives up what it holds. time_wait: leaves the port taken for a minute. */
void port_release(struct inet_sock *, bool time_wait);
/* Moves what is bound to a wildcard to the address that connect chose. 0 or -ENOMEM. */
int port_rebind(struct inet_sock *, const struct ip *);
/* May a bound socket listen here (nobody else does, or all say SO_REUSEPORT)? 0 or
 * -EADDRINUSE. */
int port_listen(struct inet_sock *);
/* connect(2): a local port for s->remote, so that both ends are unique; s->local.ip is
 * set. Enters the pair. 0, -EADDRNOTAVAIL, -EADDRINUSE (bound, and the pair is taken),
 * -ENOMEM. */
int port_connect(struct inet_sock *);
/* An accepted one: takes the listener's port with it. 0 or -ENOMEM. */
int port_accept(struct inet_sock *, const struct inet_sock *listener);
/* Who listens at this address and port: the specific one before the wildcard; of
 * several by SO_REUSEPORT the one that `hash` picks. NULL. */
struct inet_sock *port_listener(struct host *, const struct endpoint *to, uint32_t hash);
/* The datagram socket that a datagram is for, as udp4_lib_lookup scores them. NULL. */
struct inet_sock *port_receiver(struct host *, const struct endpoint *to,
				const struct endpoint *from, int ifindex, uint32_t hash);

/* Multicast, errors: udp.c and tcp.c use these. */
struct err_packet;
/* Queues what IP_RECVERR asked for (struct sock_extended_err); sets err if it asked or
 * the socket is connected, as Linux does. `data` is what was sent. */
void errqueue_add(struct inet_sock *, int err, uint8_t origin, uint8_t type, uint8_t code,
		  uint32_t info, const struct endpoint *to, const struct ip *offender,
		  const void *data, size_t len);
ssize_t errqueue_recv(struct sock *, struct message *); /* MSG_ERRQUEUE */
void errqueue_free(struct inet_sock *);

void multicast_free(struct inet_sock *);
/* Does this socket take what comes for this group from this source over this device? */
bool multicast_takes(const struct inet_sock *, const struct ip *group, const struct ip *source,
		     int ifindex);
bool host_in_group(const struct host *, const struct ip *group);

/* TCP, about hosts: one of these may have become (un)reachable. */
void tcp_link_changed(struct net *);

#endif
