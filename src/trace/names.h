/*
 * names.h - numbers of the socket interface and their names.
 */
#ifndef SOCKETCALL_TRACE_NAMES_H
#define SOCKETCALL_TRACE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

struct name {
	uint32_t value;
	const char *name;
};

struct names {
	const struct name *list;
	unsigned n;
	const char *prefix; /* "AF_", for what is in no list: 0x63, AF_??? */
};

#define BEGIN(list, prefix) extern const struct names names_##list;
#define N(value, name)
#define TEXT(value, text)
#define END
#include "names.def"
#undef BEGIN
#undef N
#undef TEXT
#undef END

/* NULL if there is none. */
const char *names_find(const struct names *, uint64_t value);

/* The protocols of a family; NULL if no list is known. *network: the number is in
 * network byte order (AF_PACKET). */
const struct names *names_protocols(int family, bool *network);

/* "EPERM"; NULL if the number is unknown. */
const char *names_errno(uint64_t err);

/* A socket option or a type of control message. */
struct shape;
struct option {
	uint32_t value;
	const char *name;
	const struct shape *opt;     /* how its value looks; shape_none: no option */
	const struct shape *control; /* how its data look; shape_none: no control message */
};
enum option_use { OPTION_SET, OPTION_GET, OPTION_CONTROL };

/* NULL if unknown. *prefix gets what names of this level begin with, "" if the
 * level is unknown, too. */
const struct option *option_find(int level, int value, enum option_use, const char **prefix);

/* "SOL_TCP"; NULL if unknown. AF_VSOCK is the level of its own options. */
const char *option_level(int level);

#endif
