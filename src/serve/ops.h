/*
 * ops.h - a socket system: the twenty calls as a table.
 *
 * host/ fills it with the host kernel's direct calls; stack/ with our own
 * sockets. An op serves the decoded call and fills the result (r->ret is 0 or
 * more, or -errno). It may read payload through the caller's operations, and it
 * may wait; it never reads an argument again.
 */
#ifndef SOCKETCALL_SERVE_OPS_H
#define SOCKETCALL_SERVE_OPS_H

#include "../call/call.h"
#include "../call/caller.h"
#include "../call/result.h"
#include "../call/verdict.h"

/* What serve asks of decide, handed in by the spine so that the steps need not
 * know each other. Each returns 0 or the -errno to answer. */
struct serve_judge {
	void *ctx;
	bool paths; /* resolve AF_UNIX pathnames and ask `path` */
	bool peers; /* ask `peer` about each accepted connection */
	int (*path)(void *ctx, const struct call *, unsigned i, const char *path);
	int (*peer)(void *ctx, const struct call *, const struct call_addr *);
};

typedef void serve_fn(struct caller *, struct call *, struct result *,
		      const struct serve_judge *);

struct serve_ops {
	const char *name;
	serve_fn *call[CALL_LAST + 1]; /* an absent op means -EOPNOTSUPP */
	/* The result, or what its handles still hold, could not be delivered: the caller
	 * is gone, or its memory or table of descriptors would not take it. Puts back
	 * what can be put back (an accepted connection, received data). NULL: nothing. */
	serve_fn *undeliverable;
	/* The call is over, delivered or not. NULL: nothing is to be done. */
	void (*done)(const struct call *);
};

#endif
