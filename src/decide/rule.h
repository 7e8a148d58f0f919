/*
 * rule.h - a policy as data: what the parser makes, and what verdicts, the
 * filter and `explain` read. Inside decide only.
 */
#ifndef SOCKETCALL_DECIDE_RULE_H
#define SOCKETCALL_DECIDE_RULE_H

#include "policy.h"

enum {
	POLICY_RULES_MAX = 10000, /* every call walks them all: a bound on its time */
	GLOB_MAX = 1024,          /* likewise; AF_UNIX names have 108 bytes */
};

/* Sets of calls: bit nr for call nr. */
typedef uint32_t call_set;
#define CALL_BIT(name) (UINT32_C(1) << CALL_##name)
#define CALL_SET_ALL (((UINT32_C(1) << (CALL_LAST + 1)) - 1) & ~UINT32_C(1))
#define CALL_SET_CREATE (CALL_BIT(socket) | CALL_BIT(socketpair))
#define CALL_SET_ACCEPT (CALL_BIT(accept) | CALL_BIT(accept4))
/* The calls that can carry a destination, and so be a connect by another name. */
#define CALL_SET_SENDS (CALL_BIT(sendto) | CALL_BIT(sendmsg) | CALL_BIT(sendmmsg))
#define CALL_SET_OUTBOUND (CALL_BIT(connect) | CALL_SET_SENDS)
#define CALL_SET_OPTIONS (CALL_BIT(setsockopt) | CALL_BIT(getsockopt))
/* `default` judges what makes, names or joins sockets, not the traffic of a
 * socket that has been allowed. */
#define CALL_SET_DEFAULT (CALL_SET_CREATE | CALL_SET_ACCEPT | CALL_SET_OUTBOUND | \
			  CALL_BIT(bind) | CALL_BIT(listen))

/* A set of numbers as sorted ranges that neither touch nor overlap. */
struct range {
	uint32_t lo, hi;
};
struct ranges {
	struct range *r;
	unsigned n;
};
bool ranges_have(const struct ranges *, uint32_t v);
int ranges_add(struct ranges *, uint32_t lo, uint32_t hi); /* 0 or -ENOMEM */

enum addr_kind {
	ADDR_ANY,
	ADDR_IP,            /* ip, prefix */
	ADDR_UNIX,          /* any AF_UNIX */
	ADDR_UNIX_PATH,     /* glob on the pathname */
	ADDR_UNIX_ABSTRACT, /* glob on the name after the leading NUL */
	ADDR_UNIX_UNNAMED,
	ADDR_FAMILY,        /* family */
};

struct addr_rule {
	enum addr_kind kind;
	bool v4;
	uint8_t ip[16];     /* v4: the first four bytes */
	unsigned prefix;    /* bits of ip */
	uint16_t family;
	char *glob;         /* owned */
};

enum action { ACTION_ALLOW, ACTION_DENY, ACTION_KILL, ACTION_LOG };

struct rule {
	enum action action;
	int err;                 /* ACTION_DENY */
	call_set calls;
	struct ranges family, type, protocol; /* n == 0: not asked for */
	struct ranges port;
	struct addr_rule *addr;  /* `to` or `from`; owned */
	unsigned naddr;
	char *text;              /* as written, without the comment; owned */
	const char *file;        /* one of policy.files; NULL: the command line */
	unsigned line;
};

/* What a side door (doors.c) goes around. */
enum door_kind {
	DOOR_DESTINATION, /* rules on destinations */
	DOOR_BIND,        /* rules on bind */
	DOOR_DEVICE,      /* that loopback stays on this machine */
	DOOR_KINDS,
};

struct policy {
	struct rule *rule;
	unsigned nrules, room;
	char **files;            /* names that rules point to */
	unsigned nfiles;
	struct rule fallback;    /* the `default` line; allows if there is none */
	bool fallback_given;
	/* What the rules come to, by policy_index(): */
	call_set paths;          /* calls whose rules look at pathnames */
	call_set peers;          /* ... at the peers of accepted connections */
	bool closed[DOOR_KINDS]; /* is this kind of side door? */
};

void rule_free(struct rule *);

/* --- parse.c --- */

/* Reads "connect to 10.0.0.1 port 80", a call and what it is made with, as a rule
 * that is to be given back with rule_free. 0 or -EINVAL with *err filled. */
int rule_read_call(const char *text, struct rule *, enum call_nr *, struct policy_error *err);

/* --- names.c --- */

enum name_kind { NAME_FAMILY, NAME_TYPE, NAME_PROTOCOL };

/* A name, prefixed or not, or a number: its value, or -1. */
long name_value(enum name_kind, const char *s, size_t len);
/* The plain name of a value; NULL if it has none. */
const char *name_of(enum name_kind, uint32_t value);
/* A positive errno; 0 if there is none of that name. */
int name_errno(const char *s, size_t len);
/* A call, or a group of calls; 0 if there is none of that name. */
call_set name_calls(const char *s, size_t len);
/* The known name nearest to a mistyped one, or NULL. Each walks one word list. */
typedef const char *name_list(unsigned i, const void *ctx);
const char *name_nearest(name_list *list, const void *ctx, const char *s, size_t len);
name_list name_list_calls, name_list_words, name_list_errnos;
/* name_list_values takes a pointer to the enum name_kind. */
name_list name_list_values;

/* --- address.c --- */

/* A socket address as rules see it. One struct sockaddr may have several such
 * readings, as Linux's protocols read the same bytes differently. */
enum addr_what {
	READ_OTHER,         /* only its family is known */
	READ_IP,
	READ_UNIX_PATH,
	READ_UNIX_ABSTRACT,
	READ_UNIX_UNNAMED,
	READ_PEER,          /* an accept whose peer is not known yet */
};

struct addr_read {
	enum addr_what what;
	int family;         /* -1: too short to have one */
	bool v4;
	uint8_t ip[16];
	uint16_t port;
	const char *name;   /* AF_UNIX: bytes, not terminated; NULL: a path not known yet */
	size_t name_len;
	bool secondary;     /* only rules count against it, not the default */
};

enum { ADDR_READS_MAX = 3 };

/* How the address is used: what the kernel makes of "any" and AF_UNSPEC. */
enum addr_use { USE_CONNECT, USE_SEND, USE_BIND, USE_PEER };

/* Fills reads[], returns how many; 0 for the AF_UNSPEC of a connect. */
unsigned addr_read(const struct call_addr *, enum addr_use, struct addr_read reads[ADDR_READS_MAX]);

enum match { MATCH_NO, MATCH_PENDING, MATCH_YES };
enum match addr_match(const struct addr_rule *, const struct addr_read *);
/* * and ? stop at '/' if path; ** does not; [a-z], [!a-z]; backslash takes the next
 * character as it is. */
bool glob_match(const char *glob, const char *s, size_t len, bool path);

/* --- decide.c --- */

/* To be called when rules have been added or taken back. */
void policy_index(struct policy *);

/* Does a rule concern a call: in every form, or only with (without) a destination? */
enum concern { CONCERN_NO, CONCERN_ADDR, CONCERN_NO_ADDR, CONCERN_ALL };
enum concern rule_concern(const struct rule *, enum call_nr);
/* The family that socket(family, type) makes, and the protocol that 0 stands for. */
int create_family(int family, int type);
bool rule_protocol(const struct rule *, int family, int type, int protocol);

/* --- doors.c: ways to another destination or name than the one that was judged --- */

struct door {
	call_set calls;     /* setsockopt, getsockopt, or sendmsg and sendmmsg (control) */
	int level, name;
	enum door_kind kind;
	int device_at;      /* control: harmless if the int here (offset, plus one) names no
	                     * device but loopback; 0: never harmless */
	const char *text;
};
extern const struct door doors[];
extern const unsigned ndoors;
/* Fills policy.closed. */
void doors_index(struct policy *);
bool door_closed(const struct policy *, const struct door *);
/* Any door of this call? */
bool doors_closed(const struct policy *, enum call_nr);
/* The closed door that an option, or a control message with this data, would open. */
const struct door *door_of(const struct policy *, enum call_nr, int level, int name,
			   const uint8_t *data, size_t len);

#endif
