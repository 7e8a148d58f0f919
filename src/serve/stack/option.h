/*
 * option.h - setsockopt and getsockopt as tables.
 *
 * A row says what an option is called, what value it takes, what becomes of it, and
 * in a few words what it does here: doc/options.md is made from these rows. An
 * option without a row is refused (ENOPROTOOPT): none is ignored in silence.
 */
#ifndef SOCKETCALL_STACK_OPTION_H
#define SOCKETCALL_STACK_OPTION_H

#include "sock.h"

struct option;

/* How a level reads and writes an int. */
enum option_way {
	OPTION_INT,   /* four bytes or more, looked at before the option is: SOL_SOCKET, TCP, UDP */
	OPTION_BYTE,  /* one byte will do, in and out: IP */
	OPTION_NULL,  /* NULL is 0; room of less than no bytes is enough: IPv6 */
	OPTION_SHORT, /* set: fewer than four bytes are 0; get: fewer are too few: netlink */
};

/* A value on its way in (set) or out (get). */
struct option_value {
	uint8_t *val;  /* set: `have` bytes; get: room for `len` bytes, with what they held */
	int len;       /* set: bytes given; get: in: room, out: bytes of the value */
	int have;      /* bytes of val that could be read of the caller; may be fewer than len */
	enum option_way way;
};

typedef int option_fn(struct op *, struct sock *, const struct option *, struct option_value *);

enum option_kind {
	OPT_FLAG,  /* an int that turns bit `at` of sock.flags on or off */
	OPT_INT,   /* an int kept at byte offset `at` of the struct, from min to max */
	OPT_BYTE,  /* the same, kept in a uint8_t */
	OPT_OWN,   /* set() and get() do it all */
};

struct option {
	int name;
	const char *text;      /* "SO_KEEPALIVE" */
	enum option_kind kind;
	unsigned at;           /* OPT_FLAG: bit; OPT_INT, OPT_BYTE: offset */
	int min, max;          /* OPT_INT, OPT_BYTE: else -EINVAL */
	bool string;           /* it may be shorter than an int (OPTION_INT) */
	bool read_only;        /* set: ENOPROTOOPT */
	bool write_only;       /* get: ENOPROTOOPT */
	bool privileged;       /* set: EPERM for a task that is not */
	option_fn *set, *get;  /* OPT_OWN; others: run after the value was kept, if there */
	const char *does;      /* a few words, for doc/options.md */
};

struct option_table {
	int level;
	const char *text;      /* "SOL_SOCKET" */
	const struct option *row;
	unsigned n;
};

/* The calls, less what reply does. */
int option_set(struct op *, struct sock *, const struct call_opt *);
int option_get(struct op *, struct sock *, const struct call_opt *, struct result *);

/* For set(): the int of a value, or as many bytes as a struct has: -EINVAL if it is
 * shorter, -EFAULT. */
int option_int(const struct option_value *, int *out);
int option_bytes(const struct option_value *, void *out, int len);
/* For get(): an int, or any bytes, cut to the room. 0. */
int option_put_int(struct option_value *, int v);
int option_put(struct option_value *, const void *data, int len);

extern const struct option_table options_socket, options_ip, options_ipv6, options_tcp,
	options_udp, options_netlink, options_unix;

#endif
