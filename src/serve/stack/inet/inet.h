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

#include <string.h>

#include "../sock.h"

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
static inline struct ip ip_from4(uint32_t be) /* network order */
{
	struct ip ip = {{.b = {[10] = 0xff, 0xff}}};

	memcpy(&ip.b[12], &be, 4);
	return ip;
}
static inline uint32_t ip_to4(const struct ip *ip) /* network order */
{
	uint32_t be;

	memcpy(&be, &ip->b[12], 4);
	return be;
}
static inline bool ip_is4(const struct ip *ip)
{
	uint32_t mapped;

	memcpy(&mapped, &ip->b[8], 4);
	return ip->q[0] == 0 && mapped == htonl(0xffff);
}
static inline bool ip_equal(const struct ip *a, const struct ip *b)
{
	return a->q[0] == b->q[0] && a->q[1] == b->q[1];
}
static inline bool ip_is_any(const struct ip *ip) /* 0.0.0.0 or :: */
{
	return ip->q[0] == 0 && (ip->q[1] == 0 || ip_equal(ip, &ip_any4));
}
static inline bool ip_is_loopback(const struct ip *ip) /* 127.0.0.0/8, ::1 */
{
	return ip_is4(ip) ? ip->b[12] == 127 : ip_equal(ip, &ip_loopback6);
}
static inline bool ip_is_multicast(const struct ip *ip)
{
	return ip->b[0] == 0xff || (ip_is4(ip) && ip->b[12] >> 4 == 0xe);
}
static inline bool ip_is_link_local(const struct ip *ip) /* fe80::/10 */
{
	return ip->b[0] == 0xfe && ip->b[1] >> 6 == 2;
}
uint32_t ip_hash(const struct ip *, uint32_t seed);

/* A host of the network: its devices, and the names bound on it. Device 1 is lo
 * (127.0.0.0/8, ::1); 2 is eth0, on the one link that all hosts share. */
enum { IF_LO = 1, IF_ETH = 2 };
enum { LO_MTU = 65536 };

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
	struct net *net;
	struct hash by_address;    /* struct bind by address and port */
	struct port_page **page;   /* of 256 ports each: the binds of a port; NULL: none */
	struct pair_slot *pair;    /* connected sockets by both ends, and what is left of
	                            * them in TIME_WAIT: an open table */
	uint32_t pair_mask, npairs; /* slots - 1; 0: no table yet */
	uint16_t next[64];         /* where to look for a free port, by destination */
};

struct host {
	struct net *net;
	TAILQ_ENTRY(host) entry;   /* of net.hosts */
	char name[64];
	bool up;                   /* its link; lo always is */
	int mtu;                   /* of eth0: 1500; that of lo is LO_MTU */
	uint8_t mac[6];
	TAILQ_HEAD(, host_address) addresses; /* those of lo first */
	uint16_t port_low, port_high; /* given out unasked: 32768 to 60999 */
	struct ports tcp, udp;
	struct hash netlinks;      /* netlink sockets by nl_pid */
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
/* Who has this address on the link? NULL: nobody. */
struct host *host_at(const struct net *, const struct ip *);
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
	bool address_given, port_given; /* by bind(2): disconnecting keeps them */
	bool paired;                   /* it is in ports.pair */
	uint32_t place;                /* in bind.members */
	uint32_t ends;                 /* while paired: the hash of both */
	struct bind *bind;             /* its place in the ports of its host; NULL: none */

	/* IPPROTO_IP and IPPROTO_IPV6; options.c tells what each does. */
	uint8_t tos, tclass, ttl /* 0: 64 */, mc_ttl, mc_hops, pmtudisc, pmtudisc6;
	int16_t hops;                  /* -1: 64 */
	uint32_t ip_flags;             /* bits by enum inet_flag */
	int mc_if, mc_if6, unicast_if, unicast_if6; /* 0: any */
	uint32_t mc_addr;              /* of IP_MULTICAST_IF, network order; 0: none */
	uint16_t local_low, local_high; /* IP_LOCAL_PORT_RANGE; 0: the host's */
	struct membership *groups;     /* multicast.c; NULL: none */
	struct err_packet *errors;     /* errqueue.c; the oldest first */
};

enum inet_flag {
	INET_PKTINFO, INET_RECVTTL, INET_RECVTOS, INET_RECVOPTS, INET_RETOPTS, INET_RECVERR,
	INET_RECVORIGDST, INET_FREEBIND, INET_TRANSPARENT, INET_BIND_ADDRESS_NO_PORT,
	INET_MC_LOOP, INET_MC_ALL, INET_RECVERR_RFC4884,
	INET6_PKTINFO, INET6_HOPLIMIT, INET6_TCLASS, INET6_RECVERR, INET6_MC_LOOP, INET6_MC_ALL,
	INET6_DONTFRAG, INET6_RECVORIGDST, INET6_RECVERR_RFC4884, INET6_RECVHOPOPTS,
	INET6_RECVRTHDR, INET6_RECVDSTOPTS,
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
/* bind(2) of TCP and UDP. */
int inet_bind(struct op *, struct sock *, const struct call_addr *);
int inet_name(struct sock *, struct call_addr *);
int inet_peer(struct sock *, struct call_addr *); /* -ENOTCONN */

/*
 * Ports. A bind is one (address, port) with the sockets that hold it and are alike in
 * all that decides who else may: so who asks looks at binds, never at sockets.
 */
enum bind_class {
	BIND_REUSEADDR = 1, BIND_REUSEPORT = 2, /* as the sockets say */
	BIND_LISTENS = 4, /* some of them do; tells no binds apart */
	BIND_V6ONLY = 8,
	BIND_SHARED = 16, /* connect(2) chose the port: free for other destinations, too */
};

struct bind {
	struct hash_node node;       /* of ports.by_address */
	LIST_ENTRY(bind) entry;      /* of its port */
	struct ip ip;
	union {                      /* who takes what comes from anywhere: listeners, and */
		struct inet_sock *one;   /* datagram sockets that are not connected */
		struct inet_sock **many; /* if there is room; in order of coming */
	};
	uint32_t nmembers, room;
	uint32_t count;              /* of all that hold it, with those in TIME_WAIT */
	uint32_t nwaits;             /* in TIME_WAIT */
	uid_t uid;                   /* BIND_REUSEPORT: whose they are; else 0 */
	uint16_t number;             /* of the port */
	uint8_t class, ifindex;      /* bits of enum bind_class; SO_BINDTODEVICE or 0 */
};

void ports_init(struct ports *, struct net *);
void ports_free(struct ports *);
struct ports *ports_of(const struct inet_sock *);
/* bind(2): checks conflicts as Linux does, picks a port if it is 0 (but for
 * IP_BIND_ADDRESS_NO_PORT). 0, -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -EINVAL (it is
 * bound), -ENOMEM. Sets s->local. */
int port_bind(struct inet_sock *, const struct endpoint *, bool privileged);
/* A port for a socket that needs one and has none: listen(2), sending. 0, -EADDRINUSE
 * (which is -EAGAIN for who sends), -ENOMEM. */
int port_auto(struct inet_sock *);
/* Gives up what it holds. time_wait: leaves it taken for a minute. */
void port_release(struct inet_sock *, bool time_wait);
/* SO_REUSEADDR, SO_REUSEPORT or SO_BINDTODEVICE changed, or it listens no more
 * (sock.listens). 0 or -ENOMEM: the table then takes it for what it was. */
int port_changed(struct inet_sock *);
/* May a bound socket listen here (nobody else does, or all say SO_REUSEPORT)? Then it
 * is found by port_listener(). 0, -EADDRINUSE, -ENOMEM. */
int port_listen(struct inet_sock *);
/* connect(2): s->local.ip (what is bound to a wildcard moves there) and s->remote are set. TCP: a local port so that both ends are
 * unique; UDP: any if it has none. Enters the pair. 0, -EADDRNOTAVAIL (none is left, or
 * it is bound and the pair is taken), -ENOMEM. Also of a UDP socket that is connected
 * already: call port_disconnect() first. */
int port_connect(struct inet_sock *);
/* Takes the pair back, and the address and port that bind(2) did not give. UDP: finds
 * it again for whom it was bound. Clears s->remote. 0 or -ENOMEM (nothing changed). */
int port_disconnect(struct inet_sock *);
/* An accepted one (local, remote are set): shares the listener's port. 0 or -ENOMEM. */
int port_accept(struct inet_sock *, const struct inet_sock *listener);
/* Who listens at this address and port: the specific one before the wildcard; of
 * several by SO_REUSEPORT the one that `hash` picks. ifindex: it came in by. NULL. */
struct inet_sock *port_listener(struct host *, const struct endpoint *to, int ifindex,
				uint32_t hash);
/* The datagram socket that a datagram is for, as udp4_lib_lookup scores them. NULL. */
struct inet_sock *port_receiver(struct host *, const struct endpoint *to,
				const struct endpoint *from, int ifindex, uint32_t hash);
/* All that may take a datagram to a group or a broadcast address, by address, port and
 * device. take() must leave the ports as they are. */
void port_each_receiver(struct host *, const struct endpoint *to, const struct endpoint *from,
			int ifindex, void (*take)(void *ctx, struct inet_sock *), void *ctx);

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

/* SIOCGIFCONF and its kin, for sockets of every family. NOT_MINE: none of these. arg is
 * the embedder's memory. */
int inet_ioctl(struct task *, unsigned long request, void *arg);

/* TCP, about hosts: one of these may have become (un)reachable. */
void tcp_link_changed(struct net *);

#endif
