/*
 * sock.h - a socket: what all families share, and what each fills in.
 *
 * A family or protocol is a file that fills a struct sock_ops and has a struct that
 * begins with a struct sock. calls.c turns the twenty calls into these operations;
 * what two sockets do to each other goes through functions of their own family.
 * An absent operation answers -EOPNOTSUPP.
 */
#ifndef SOCKETCALL_STACK_SOCK_H
#define SOCKETCALL_STACK_SOCK_H

#include <netinet/in.h>

#include "file.h"
#include "op.h"

struct sock;
struct option_table;

/* struct op.began of a connect that waits: for its own attempt, or for an earlier one. */
enum { CONNECT_BEGAN = 1, CONNECT_JOINED };

enum { SHUT_READ = 1, SHUT_WRITE = 2 }; /* struct sock.shut */

struct sock_ops {
	const char *text; /* "tcp", "unix stream" */
	int family;       /* AF_INET for both of the inet families */
	int type;         /* SOCK_STREAM ... */
	int protocol;     /* what SO_PROTOCOL says; 0: any, or none */
	size_t size;      /* of the struct that begins with struct sock */
	const struct option_table *const *options; /* the levels it knows; ends with NULL */

	/* After the common part is set up; the rest is zero. NULL: nothing to do. */
	int (*open)(struct sock *);
	/* Only messages hold it now: AF_UNIX looks for rings. */
	void (*unheld)(struct sock *);
	/* The last reference is gone, no call is under way. Frees all but the struct. */
	void (*close)(struct sock *);

	int (*bind)(struct op *, struct sock *, const struct call_addr *);
	/* WAIT, and op->began: CONNECT_BEGAN or _JOINED. */
	int (*connect)(struct op *, struct sock *, const struct call_addr *);
	int (*pair)(struct op *, struct sock *, struct sock *);
	int (*listen)(struct op *, struct sock *, int backlog);
	/* *out: a connection, with a reference for the caller. WAIT. */
	int (*accept)(struct op *, struct sock *, struct sock **out);
	int (*name)(struct sock *, struct call_addr *out); /* 0 or -errno */
	int (*peer)(struct sock *, struct call_addr *out);
	/* The peer's name for accept(2), which tells it even if it is gone; NULL: peer(). */
	int (*caller)(struct sock *, struct call_addr *out);
	/* Bytes sent, or -errno. WAIT: m->done says what was moved so far. */
	ssize_t (*send)(struct sock *, struct message *m);
	/* Bytes received (with MSG_TRUNC the true length); m->out has flags and control.
	 * WAIT: m->done says what was moved so far. */
	ssize_t (*recv)(struct sock *, struct message *m);
	int (*shutdown)(struct sock *, int how); /* SHUT_RD ... */
	/* SO_LINGER with a time, before close(): begins to end it. Should whoever closes it
	 * wait? Asked again after each POLLOUT. NULL: never. */
	bool (*linger)(struct sock *);
	uint32_t (*poll)(struct sock *);
	/* FIONREAD and the like. -ENOIOCTLCMD_ (below): none of this protocol's. arg is
	 * the embedder's memory. */
	int (*ioctl)(struct task *, struct sock *, unsigned long request, void *arg);
};
enum { NOT_MINE = -515 }; /* ioctl: ask the next one */

/* Flags that setsockopt turns on and off: bits of struct sock.flags. */
enum sock_flag {
	SOCK_FLAG_REUSEADDR, SOCK_FLAG_REUSEPORT, SOCK_FLAG_KEEPALIVE, SOCK_FLAG_BROADCAST,
	SOCK_FLAG_OOBINLINE, SOCK_FLAG_DONTROUTE, SOCK_FLAG_PASSCRED, SOCK_FLAG_PASSPIDFD,
	SOCK_FLAG_PASSSEC, SOCK_FLAG_PASSRIGHTS, SOCK_FLAG_TIMESTAMP, SOCK_FLAG_TIMESTAMPNS,
	SOCK_FLAG_TIMESTAMP_NEW, SOCK_FLAG_RXQ_OVFL, SOCK_FLAG_SELECT_ERR_QUEUE,
	SOCK_FLAG_SNDBUF_LOCK, SOCK_FLAG_RCVBUF_LOCK, SOCK_FLAG_LINGER, SOCK_FLAG_NO_CHECK,
	SOCK_FLAG_DEBUG,
};

struct sock {
	struct file file; /* first */
	const struct sock_ops *ops;
	struct host *host;
	uint16_t family;   /* AF_UNIX, AF_INET, AF_INET6, AF_NETLINK */
	uint8_t type;
	uint8_t shut;      /* SHUT_READ, SHUT_WRITE */
	bool listens;
	int protocol;
	int err;           /* pending: a positive errno; SO_ERROR takes it */
	uint32_t flags;    /* bits by enum sock_flag */
	int rcvbuf, sndbuf; /* bytes, as getsockopt shows them (doubled) */
	int rcvlowat;      /* bytes */
	int peek_off;      /* SO_PEEK_OFF; -1: off */
	int priority;
	uint32_t mark;
	uint32_t linger_s;
	int bound_ifindex; /* SO_BINDTODEVICE; 0: none */
	int64_t rcvtimeo, sndtimeo; /* ns; TIME_NEVER */
	int64_t stamp;     /* wall ns of the last packet received; 0: none yet; -1: nobody had
	                    * asked for stamps (SIOCGSTAMP) */
	uint64_t cookie;   /* of the network; its inode number, too */
	struct creds owner; /* of who made it */
};

static inline struct sock *sock_of_file(struct file *f)
{
	return (struct sock *)f;
}
extern const struct file_ops sock_file_ops;
static inline bool file_is_sock(const struct file *f)
{
	return f->ops == &sock_file_ops;
}

static inline bool sock_flag(const struct sock *s, enum sock_flag f)
{
	return s->flags >> f & 1;
}
static inline void sock_flag_set(struct sock *s, enum sock_flag f, bool on)
{
	s->flags = on ? s->flags | UINT32_C(1) << f : s->flags & ~(UINT32_C(1) << f);
}

/* A new one of these ops with one reference; 0 or -ENFILE, -ENOMEM, what open() says.
 * `as`: an accepted one takes family, host and options from the listener; or NULL. */
int sock_new(struct task *, const struct sock_ops *, int family, int type, int protocol,
	     struct sock **out);
int sock_new_like(const struct sock *as, struct sock **out);
/* socket(2) without a descriptor: finds the ops; type without flags. */
int sock_create(struct task *, int family, int type, int protocol, struct sock **out);

/* calls.c: sends or receives one message by the socket's kind, as flags, O_NONBLOCK and
 * timeouts say: bytes, -errno, or WAIT (op->done is set). Sends SIGPIPE. */
ssize_t sock_send(struct sock *, struct message *);
ssize_t sock_recv(struct sock *, struct message *);

/* Takes the pending error: 0 or -errno. */
int sock_take_error(struct sock *);
/* Sets it and wakes whoever waits. */
void sock_set_error(struct sock *, int err);
/* SOL_SOCKET control messages of a received message: timestamps. wall: ns */
void sock_put_stamp(struct sock *, struct message *, int64_t wall);

/* The families' tables, in the order in which socket(2) looks through them. */
extern const struct sock_ops unix_stream_ops, unix_dgram_ops, unix_seqpacket_ops;
extern const struct sock_ops tcp_ops, udp_ops, netlink_ops;

#endif
