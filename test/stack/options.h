/*
 * options.h - what test/stack/options.c tries, and where the stack may differ.
 */
#ifndef TEST_STACK_OPTIONS_H
#define TEST_STACK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Kinds of sockets. */
enum {
	TCP4 = 1, TCP6 = 2, UDP4 = 4, UDP6 = 8, STREAM = 16, DGRAM = 32, SEQPACKET = 64, NETLINK = 128,
	TCP = TCP4 | TCP6, UDP = UDP4 | UDP6, INET6 = TCP6 | UDP6, INET = TCP | UDP,
	UNIX = STREAM | DGRAM | SEQPACKET, ALL = INET | UNIX | NETLINK,
};
/* What they have been through. */
enum { FRESH = 1, BOUND = 2, CONNECTED = 4, MAPPED = 8, LISTENING = 16, ANY = 31 };

struct bytes {
	const void *data;
	int len;
};

/* Values that an option is given, instead of a row of ints. */
struct values {
	int level, name;
	const struct bytes *list;
	unsigned n;
};
extern const struct values options_values[];
extern const unsigned options_nvalues;

/* Options set one after the other; all others are compared after each. */
struct step {
	int level, name;
	struct bytes value;
};
struct script {
	const char *what;
	unsigned kinds, states;
	const struct step *step;
	unsigned n;
};
extern const struct script options_scripts[];
extern const unsigned options_nscripts;

/* Where what the stack says is not what Linux says. */
enum {
	SET = 1,     /* the error of setting it */
	GET = 2,     /* the error, the length or the value got */
	DEFAULT = 4, /* the same, as long as none was set */
	SCRIPT = 8,  /* the same, after others were set */
	SOMETIMES = 16, /* not everywhere that this test runs */
};
struct difference {
	int level, name;
	unsigned kinds, states, what;
	const char *why;
};
extern const struct difference options_differences[];
extern const unsigned options_ndifferences;

#endif
