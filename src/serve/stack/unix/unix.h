/*
 * unix.h - AF_UNIX sockets: unix(7).
 *
 * One struct for the three types. A stream's bytes lie in the receiver's ring; marks
 * beside it say where something changes (who wrote, descriptors, urgent bytes), since
 * a receiver must not read over some of these. Datagrams and seqpackets are messages
 * in the receiver's queue. A listener has a queue of connections that wait for
 * accept(2): sockets like any other, whose one reference is the queue's.
 *
 * Who knows whom. The ends of a connection know each other; a datagram socket knows
 * its peer, and is on the peer's list. None keeps the other alive: who goes tells
 * those on its lists, which then have no peer but the name that it had.
 *
 * What a sender sent and nobody has read counts against its own SO_SNDBUF (`charge`),
 * by what the kernel would need for it: so as many messages fit as on Linux.
 */
#ifndef SOCKETCALL_STACK_UNIX_H
#define SOCKETCALL_STACK_UNIX_H

#include <sys/un.h>

#include "../inet/inet.h"
#include "../ring.h"
#include "../sock.h"

enum {
	UNIX_PATH_AT = offsetof(struct sockaddr_un, sun_path),
	UNIX_DGRAM_QLEN = 10,   /* net.unix.max_dgram_qlen */
	UNIX_RIGHTS_MAX = 253,  /* SCM_MAX_FD */
	UNIX_SMALL = 128,       /* bytes: memory of a message that is used again */
	UNIX_SEGMENT_MAX = 36544, /* bytes: the most that one buffer of a stream has */
};
enum { /* events, as they are told */
	UNIX_IN = POLLIN | POLLRDNORM,
	UNIX_OUT = POLLOUT | POLLWRNORM | POLLWRBAND,
	UNIX_ALL = UNIX_IN | UNIX_OUT | POLLPRI | POLLRDHUP | POLLHUP | POLLERR,
};

/* A name, for as long as a socket has it or, of a pathname, until it is unlinked. */
struct unix_name {
	struct hash_node node;  /* of host.unix_names, while linked */
	struct alloc *mem;
	struct host *host;      /* while linked */
	struct unix_sock *sock; /* who is bound to it; NULL: gone */
	unsigned refs;          /* sockets that have it; the table, of a pathname */
	bool linked, path;
	uint8_t type;           /* abstract: names of each socket type are apart */
	uint16_t len;           /* of the address */
	union {
		struct sockaddr_un addr;
		uint8_t bytes[sizeof(struct sockaddr_un) + 1]; /* the NUL of a long path */
	};
};

/* Who has descriptors in messages: how many. */
struct unix_user {
	LIST_ENTRY(unix_user) entry; /* of net.unix_users */
	uid_t uid;
	unsigned in_flight;
};

/* One descriptor in a message. */
struct unix_carried {
	struct file *file;
	struct unix_sock *holder;          /* in whose queue it is */
	LIST_ENTRY(unix_carried) of_file;  /* of an AF_UNIX socket: where it is carried */
};

/* Descriptors of one message. Before it is queued they are plain references. */
struct unix_rights {
	LIST_ENTRY(unix_rights) entry; /* of the receiver, or of net.unix_dropped */
	struct unix_rights **slot;     /* what points here in the receiver's queue; NULL */
	struct unix_user *user;        /* who is charged; NULL: nobody yet */
	bool flying;                   /* it was queued: its files count as in flight */
	unsigned n;
	struct unix_carried fd[];
};

/* Of a stream: something about the bytes from `at` on. */
struct unix_mark {
	TAILQ_ENTRY(unix_mark) entry;
	uint64_t at, end;   /* positions in the ring; end: of what came with the rights, of
	                     * an urgent byte or a hole; of others it is `at` */
	struct creds creds; /* of what follows */
	struct unix_rights *rights;
	bool hole;          /* urgent bytes, which were read with MSG_OOB */
};

struct unix_message {
	TAILQ_ENTRY(unix_message) entry;  /* of the receiver */
	LIST_ENTRY(unix_message) of_sender;
	struct unix_sock *from;           /* NULL: gone, and `name` was its name */
	struct unix_name *name;
	struct creds creds;
	struct unix_rights *rights;
	int64_t stamp;                    /* wall, ns; 0: none */
	unsigned charge;
	bool peeked;
	size_t len;
	uint8_t data[];
};

/* `who` waits until `at` has room: for a message, or in its backlog. */
struct unix_stall {
	struct unix_sock *who, *at;
	LIST_ENTRY(unix_stall) of_at, of_who;
};

/* A socket in one of the collector's searches. */
struct unix_gc {
	struct unix_sock *next;
	bool seen;
};

LIST_HEAD(unix_rights_list, unix_rights);
TAILQ_HEAD(unix_socks, unix_sock);
TAILQ_HEAD(unix_marks, unix_mark);

struct unix_sock {
	struct sock sock; /* first */
	struct unix_name *name;      /* NULL: unnamed */
	struct unix_sock *peer;
	struct unix_name *peer_name; /* of a peer that is gone */
	bool connected;              /* stream, seqpacket: it is, or was once */
	bool peer_gone;              /* it had a peer, which was closed */
	bool peer_creds_set;
	struct creds peer_creds;     /* SO_PEERCRED */
	unsigned charge;             /* of what it sent that is still there */
	struct unix_rights_list rights; /* of its queue */

	LIST_HEAD(, unix_stall) stalls;   /* its own, other than `stall` */
	LIST_HEAD(, unix_stall) stalled;  /* those that wait for it */

	union {
		struct { /* stream */
			struct ring ring;
			struct unix_marks marks;     /* by position */
			struct unix_mark *oob;         /* the last urgent byte; NULL: none, or read */
			unsigned holes;                /* bytes */
			struct creds head, tail;       /* of the first byte in the ring, of the last */
			struct creds read;             /* of the last that was read */
		};
		struct { /* dgram, seqpacket */
			TAILQ_HEAD(, unix_message) queue;
			unsigned nqueue;
			size_t queued;                    /* bytes of them */
			LIST_HEAD(, unix_message) sent;   /* its own, that are not read yet */
			LIST_ENTRY(unix_sock) of_peer;    /* dgram: of peer.peered */
			LIST_HEAD(, unix_sock) peered;    /* dgram: whose peer it is */
			struct unix_stall stall;          /* dgram: its own, at its peer */
			struct unix_message *spare;       /* to send the next small one with */
		};
	};

	struct unix_socks waiting;   /* a listener's connections */
	TAILQ_ENTRY(unix_sock) entry; /* of listener.waiting */
	struct unix_sock *listener;  /* it waits there for accept; NULL */
	unsigned nwaiting, backlog;

	LIST_HEAD(, unix_carried) carried; /* the messages that it is in */
	struct unix_gc gc[2];              /* the collector's */
};

static inline struct unix_sock *unix_of(struct sock *s)
{
	return (struct unix_sock *)s;
}
static inline struct unix_sock *unix_of_file(struct file *f) /* NULL: another kind */
{
	return file_is_sock(f) && sock_of_file(f)->family == AF_UNIX ? unix_of(sock_of_file(f))
								      : NULL;
}
static inline struct net *unix_net(const struct unix_sock *u)
{
	return u->sock.file.net;
}
static inline struct alloc *unix_mem(const struct unix_sock *u)
{
	return &u->sock.file.net->mem;
}
static inline bool unix_is_stream(const struct unix_sock *u)
{
	return u->sock.type == SOCK_STREAM;
}
static inline bool unix_is_dgram(const struct unix_sock *u)
{
	return u->sock.type == SOCK_DGRAM;
}

/* --------------------------------------------------- for other parts of the stack */

/* A path as unlink(2) takes it: who is bound to it keeps it as its name, but nobody
 * finds it there. -ENOENT. */
int unix_unlink(struct host *, const char *path);
/* For host_free(): the names that are left. */
void unix_names_free(struct host *);
/* SO_PEERCRED. 0; -ENODATA (SO_PEERGROUPS says so): it has none, and *out is pid 0 and
 * ids -1, which SO_PEERCRED answers. */
int unix_peer_creds(struct sock *, struct ucred *out);
/* sock_ops.unheld: all references to it are in messages now. Ends it, and whatever else
 * only it held, if no program can get at it any more. */
void unix_collect(struct sock *);

/* --------------------------------------------------------------- unix.c */

/* May it send? So poll says; and the sender is told of it when it becomes so. */
static inline bool unix_writable(const struct unix_sock *u)
{
	return !u->sock.listens && u->charge < (unsigned)u->sock.sndbuf / 4;
}
/* Gives back what a message that `sender` sent was charged. */
void unix_discharge(struct unix_sock *sender, unsigned charge);
/* What Linux charges for a message of len bytes, or a piece of a stream. */
unsigned unix_charge(size_t len, bool stream);
/* As sock_alloc_send_pskb() checks: 0, WAIT, -EPIPE or the pending error. */
int unix_may_charge(struct unix_sock *);

/* Waits for room at `at`: it will be notified with POLLOUT. 0 or -ENOBUFS. */
int unix_stall_at(struct unix_sock *, struct unix_sock *at);
void unix_stall_peer(struct unix_sock *); /* the same at its peer; cannot fail */
/* There is room now: those that wait are told. */
void unix_unstall(struct unix_sock *at);

/* --------------------------------------------------------------- unix_name.c */

int unix_bind(struct op *, struct sock *, const struct call_addr *);
int unix_autobind(struct unix_sock *); /* fine if it has a name */
/* With SO_PASSCRED a socket must have a name before it sends. */
int unix_autobind_for_creds(struct unix_sock *);
int unix_check_addr(const struct call_addr *); /* 0 or -EINVAL */
/* Who is bound to the address: 0, or -ENOENT, -ECONNREFUSED, -EPROTOTYPE. */
int unix_find(const struct unix_sock *from, const struct call_addr *, struct unix_sock **out);
struct unix_name *unix_name_get(struct unix_name *); /* NULL is fine */
void unix_name_put(struct unix_name *);              /* NULL is fine */
/* The socket that has it goes. */
void unix_name_leave(struct unix_sock *);
int unix_getname(struct sock *, struct call_addr *);
int unix_getpeer(struct sock *, struct call_addr *);
/* As recvfrom tells it: nothing of an unnamed one. */
void unix_tell(const struct unix_name *, struct call_addr *);

/* --------------------------------------------------------------- unix_connect.c */

int unix_stream_connect(struct op *, struct sock *, const struct call_addr *);
int unix_dgram_connect(struct op *, struct sock *, const struct call_addr *);
int unix_pair(struct op *, struct sock *, struct sock *);
int unix_listen(struct op *, struct sock *, int backlog);
int unix_accept(struct op *, struct sock *, struct sock **out);
/* A datagram socket has no peer any more; other: who that was, NULL if it is gone. */
void unix_dgram_disconnected(struct unix_sock *, struct unix_sock *other);
/* Takes it off its peer's list. */
void unix_dgram_leave(struct unix_sock *);

/* --------------------------------------------------------------- unix_stream.c */

ssize_t unix_stream_send(struct sock *, struct message *);
ssize_t unix_stream_recv(struct sock *, struct message *);
void unix_stream_flush(struct unix_sock *); /* all that it has not read */
bool unix_stream_unread(const struct unix_sock *); /* so that closing it is a reset */
bool unix_stream_at_mark(const struct unix_sock *);

/* --------------------------------------------------------------- unix_queue.c */

ssize_t unix_dgram_send(struct sock *, struct message *);
ssize_t unix_dgram_recv(struct sock *, struct message *);
ssize_t unix_seqpacket_send(struct sock *, struct message *);
ssize_t unix_seqpacket_recv(struct sock *, struct message *);
void unix_queue_flush(struct unix_sock *);
/* Its messages lie elsewhere, and it goes. */
void unix_queue_orphan(struct unix_sock *);
bool unix_queue_full(const struct unix_sock *); /* for others than its peer */

/* --------------------------------------------------------------- unix_control.c */

/* What a message carries beside its bytes. */
struct unix_control {
	struct creds creds;
	bool creds_set;
	struct unix_rights *rights; /* NULL: none */
};
/* Reads the control messages of a send: 0 or -errno, then nothing is held. Descriptors
 * went with the first bytes: they are left out when it sends the rest. */
int unix_control_parse(struct message *, struct unix_control *);
static inline int unix_control_read(struct message *m, struct unix_control *c)
{
	*c = (struct unix_control){.creds = {0, -1, -1}, .rights = m->op->kept};
	m->op->kept = NULL;
	return m->control_len ? unix_control_parse(m, c) : 0;
}
/* The call is over with it, or waits: then what was taken is kept for the next try. */
void unix_control_end(struct message *, struct unix_control *, bool waits);
void unix_control_drop(struct net *, struct unix_control *);
/* Who wrote it, if sender or receiver want that: maybe_add_creds(). */
void unix_control_creds(struct unix_control *, const struct message *,
			const struct unix_sock *from, const struct unix_sock *to);
/* To the receiver: SCM_CREDENTIALS and SCM_RIGHTS. `rights` may be NULL; they stay the
 * queue's. */
void unix_put_creds(struct unix_sock *, struct message *, const struct creds *);
void unix_put_rights(struct message *, const struct unix_rights *);
/* SO_PASSCRED or its kin. */
static inline bool unix_wants_creds(const struct unix_sock *u)
{
	return u->sock.flags & (1u << SOCK_FLAG_PASSCRED | 1u << SOCK_FLAG_PASSPIDFD);
}
static inline bool unix_creds_equal(const struct creds *a, const struct creds *b)
{
	return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

/* --------------------------------------------------------------- unix_rights.c */

/* Those (or NULL) and n more, not set yet; NULL: no memory, they are as they were. */
struct unix_rights *unix_rights_grow(struct net *, struct unix_rights *, unsigned n);
/* Charges them to who sends them: 0, -ETOOMANYREFS, -ENOMEM. */
int unix_rights_charge(struct unix_rights *, const struct task *);
/* Then: into the queue of `to`; *slot is where the queue keeps them. */
void unix_rights_queue(struct unix_rights *, struct unix_sock *to, struct unix_rights **slot);
/* Gives them up, queued or not; *slot becomes NULL. NULL is fine. Their files are
 * released by unix_rights_flush(), which does nothing within itself. */
void unix_rights_drop(struct net *, struct unix_rights *);
void unix_rights_release(struct net *);
static inline void unix_rights_flush(struct net *net)
{
	if (!LIST_EMPTY(&net->unix_dropped))
		unix_rights_release(net);
}

#endif
