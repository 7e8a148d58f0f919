/*
 * call.h - one socket call, as data.
 *
 * decode fills a struct call from the caller's memory; every later step reads
 * only this copy, so what was judged is what is served. All of it is in host
 * byte order and in the layouts of the machine we run on, whatever the ABI of
 * the caller was. Addresses ("..._at") are the caller's; they are never
 * dereferenced here, only handed to the caller's read and write operations.
 *
 * Payload (what send carries and recv brings) is not copied by decode: nothing
 * is decided on it. It moves in serve and reply.
 *
 * Ownership: call_init() before, call_free() after; everything a struct call
 * points to belongs to it.
 */
#ifndef SOCKETCALL_CALL_H
#define SOCKETCALL_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

struct abi;
struct alloc;

enum call_nr {
#define CALL(nr, name, nargs) CALL_##name = nr,
#include "call.def"
#undef CALL
	CALL_LAST = CALL_sendmmsg,
};

/* "connect" for CALL_connect; NULL outside 1..20. */
const char *call_name(int nr);
/* Argument words of a call (2 to 6); 0 outside 1..20. */
int call_nargs(int nr);
/* The call of that name; 0 if there is none. */
int call_by_name(const char *name, size_t len);

enum call_entry {
	ENTRY_DIRECT,     /* a system call of its own: socket(2), connect(2), ... */
	ENTRY_SOCKETCALL, /* through socketcall(2) */
};

enum {
	CALL_ADDR_MAX = 128,  /* sizeof(struct sockaddr_storage): the kernel's limit */
	CALL_VLEN_MAX = 1024, /* messages decoded of one mmsg call (UIO_MAXIOV) */
	CALL_IOV_MAX = 1024,  /* UIO_MAXIOV */
	CALL_IOV_INLINE = 8,
};

/* A socket address. Going in (bind, connect, sendto, sendmsg): `present` is
 * true and bytes[0..len) is the copy. Coming out (accept, recvfrom, ...):
 * `present` is false and `len` is the room that the caller offers. */
struct call_addr {
	uint64_t at;     /* where it lies or goes; 0 is NULL */
	uint64_t len_at; /* value-result length of accept, recvfrom, getsockname; 0 is NULL */
	int len;         /* bytes (in) or room (out) */
	int len_err;     /* out: the room could not be read; -errno, for reply to report */
	bool present;
	union {
		uint8_t bytes[CALL_ADDR_MAX];
		sa_family_t family; /* valid when present && len >= 2 */
		struct sockaddr_storage ss;
	};
};

/* One piece of the caller's memory. */
struct call_span {
	uint64_t at;
	uint64_t len; /* bytes */
};

/* One message of sendmsg, recvmsg, sendmmsg, recvmmsg. */
struct call_msg {
	uint64_t at;           /* its struct msghdr (the msg_hdr part of an mmsghdr) */
	struct call_addr name; /* in for send, room for receive (len clamped to 128) */
	struct call_span *iov; /* iov_inline or owned */
	unsigned iovlen;
	uint64_t control_at;
	uint64_t control_room; /* msg_controllen, bytes, in the caller's layout */
	size_t control_host_room; /* receive: bytes that hold the same messages in the
	                           * host's layout; set by decode, bounded */
	uint8_t *control;      /* send: copy in the host's layout; owned; NULL if none */
	size_t control_len;
	int flags;             /* msg_flags as the caller left them (sendmmsg uses MSG_EOR of it) */
	int err;               /* mmsg: decoding this one failed with -errno; it is the last */
	struct call_span iov_inline[CALL_IOV_INLINE];
};

struct call_opt {
	int level, name;
	uint64_t at;     /* optval */
	uint64_t len_at; /* getsockopt: optlen */
	int len_err;     /* getsockopt: it could not be read; -errno */
	int handle;      /* setsockopt: of a descriptor in the value (fd_get), or -1; the
	                  * spine puts it back */
	bool narrow;     /* getsockopt: the value is smaller in the caller's layout */
	bool grows;      /* getsockopt: the value may be longer than the room, as Linux has it */
	int len;         /* setsockopt: bytes given; getsockopt: room */
	int host_room;   /* getsockopt: room for the value in the host's layout; set by
	                  * decode, equal to len where the layouts are the same */
	uint8_t *val;    /* copy in the host's layout (getsockopt: what the buffer held);
	                  * owned; NULL: not given, or not to be read */
	size_t val_len;  /* bytes of val: fewer than host_len if the rest cannot be read */
	int host_len;    /* setsockopt: the length in the host's layout */
};

/* recvmmsg's timeout: which struct it was decides how it is written back. */
enum call_time { TIME_NONE, TIME_32, TIME_64 };

struct call {
	const struct abi *abi;
	struct alloc *mem;    /* of all that it owns; set after call_init(), NULL: malloc(3) */
	enum call_nr nr;
	enum call_entry entry;
	int sysno;            /* the system call number that was made */
	uint64_t block_at;    /* ENTRY_SOCKETCALL: where the argument block lies */
	uint64_t arg[6];      /* argument words, zero-extended, before int truncation */
	int err;              /* 0, or the -errno with which decoding ended; what was decoded
	                       * before it is valid, the rest zero */

	int fd;               /* the caller's number; all but socket and socketpair; else -1 */
	int sock;             /* caller's descriptor as a handle of ours (caller_ops.fd_get);
	                       * -1 none. The spine puts it back before the caller goes on:
	                       * a socket that it then closes must be closed. */
	uint64_t sock_id;     /* accept*, recv*: names the socket when sock is put back; set
	                       * by serve */
	bool sock_watched;    /* serve will hear of the socket's end */
	int family, type, protocol; /* socket, socketpair; type with its flags */
	uint64_t sv_at;       /* socketpair */
	int backlog;          /* listen */
	int how;              /* shutdown */
	int flags;            /* accept4, send*, recv*: as the caller passed them */
	struct call_addr addr; /* bind connect sendto in; accept* recvfrom getsock/peername out */
	struct call_span buf; /* send sendto recv recvfrom */
	struct call_opt opt;  /* setsockopt getsockopt */
	struct call_msg *msg; /* the *msg calls: &msg_inline or owned */
	unsigned nmsg;        /* messages decoded */
	uint64_t msgs_at;     /* the msghdr, or the mmsghdr array */
	unsigned vlen;        /* mmsg: as passed */
	enum call_time time;  /* recvmmsg */
	uint64_t time_at;
	struct timespec timeout;
	struct call_msg msg_inline; /* by call_one_message() */
};

void call_init(struct call *c);
/* msg_inline, cleared: for c->msg of a call with one message. */
struct call_msg *call_one_message(struct call *c);
void call_free(struct call *c);

#endif
