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

/* A value on its way in (set) or out (get). */
struct option_value {
	uint8_t *val;  /* set: `len` bytes, as many as given; get: room for `len` bytes */
	int len;       /* set: bytes given; get: in: room, out: bytes of the value */
	bool fault;    /* set: fewer could be read than were given */
};

typedef int option_fn(struct op *, struct sock *, const struct option *, struct option_value *);

enum option_kind {
	OPT_FLAG,  /* an int that turns bit `at` of sock.flags on or off */
	OPT_INT,   /* an int kept at byte offset `at` of the struct, from min to max */
	OPT_BYTE,  /* the same, kept in a uint8_t; given as int, or as one byte if `byte` */
	OPT_OWN,   /* set() and get() do it all */
};

struct option {
	int name;
	const char *text;      /* "SO_KEEPALIVE" */
	enum option_kind kind;
	unsigned at;           /* OPT_FLAG: bit; OPT_INT, OPT_BYTE: offset */
	int min, max;          /* OPT_INT, OPT_BYTE: else -EINVAL */
	bool byte;             /* one byte will do, as options of IPPROTO_IP have it */
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

/* For set(): the int of a value; -EINVAL if it is shorter, -EFAULT. */
int option_int(const struct option_value *, int *out);
/* For get(): an int, or any bytes, cut to the room. 0. */
int option_put_int(struct option_value *, int v);
int option_put(struct option_value *, const void *data, int len);

extern const struct option_table options_socket, options_ip, options_ipv6, options_tcp,
	options_udp, options_netlink, options_unix;

#endif
