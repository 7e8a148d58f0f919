/*
 * way.h - the ways in which a socket call can be made, and the structures that it
 * then points to, as a program of that ABI would write them.
 */
#ifndef SOCKETCALL_TEST_WAY_H
#define SOCKETCALL_TEST_WAY_H

#include "fake.h"

struct way {
	const char *name;
	const struct abi *abi;
	bool block; /* through socketcall(2) */
};

enum { WAYS = 3, BLOCK = 0x10000 };
extern const struct way ways[WAYS];
#define EACH_WAY(w) for (const struct way *w = ways; w < ways + WAYS; w++)

/* Can the call be made in this way? */
bool way_has(const struct way *, enum call_nr);
/*
 * Makes the call: the argument block, if there is one, is mapped at BLOCK unless it
 * is already. Asserts what holds of every call: no byte was read twice, c->err is
 * what was returned, a descriptor is held exactly if c->sock says so. The caller
 * calls call_free().
 */
int way_decode(const struct way *, struct fake *, struct call *, enum call_nr,
	       const uint64_t arg[6]);
#define ask(w, f, c, nr, ...) way_decode(w, f, c, nr, (const uint64_t[6]){__VA_ARGS__})

struct header {
	uint64_t name;
	int namelen;
	uint64_t iov, iovlen, control, controllen;
	int flags;
};

/* struct msghdr; padding stays as it is. */
void header_write(const struct abi *, uint8_t *to, const struct header *);
size_t header_size(const struct abi *);
/* The same, mapped. */
void header_map(struct fake *, const struct abi *, uint64_t at, const struct header *);
/* One control message; returns the bytes up to the next. */
size_t control_write(const struct abi *, uint8_t *to, int level, int type, const void *data,
		     size_t len);
/* sizeof(struct cmsghdr) */
size_t control_head(const struct abi *);

#endif
