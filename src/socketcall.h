/*
 * socketcall.h - the spine: one caught call through all the steps.
 */
#ifndef SOCKETCALL_SPINE_H
#define SOCKETCALL_SPINE_H

#include <time.h>

#include "abi/abi.h"
#include "call/caller.h"
#include "call/result.h"
#include "call/verdict.h"
#include "decide/policy.h"
#include "serve/ops.h"

/* Where calls are served and what watches over it. Shared by all callers,
 * constant while calls are served. */
struct socketcall;
struct stats;
struct trace;

struct socketcall_system {
	const struct serve_ops *serve;
	const struct policy *policy; /* NULL: everything is allowed */
	struct trace *trace; /* NULL: none */
	struct trace *log;   /* what `log` rules match, where it is not traced; NULL: nowhere */
	struct stats *stats; /* NULL: none */
	/* Counts a notification that was no socket call; NULL: nobody counts. */
	void (*noticed)(const struct socketcall_system *);
	/* Tells these three of a call that is over; NULL: there are none. wall: when it was
	 * caught; took_ns: what serving took. */
	void (*report)(const struct socketcall_system *, const struct caller *,
		       const struct socketcall *, struct timespec wall, uint64_t took_ns);
};

/* One call on its way: decoded, judged, served, replied. */
struct socketcall {
	struct timespec wall, start; /* if somebody is told: when it was caught */
	struct call call;
	struct verdict verdict;
	struct result result;
};

/*
 * Takes a call from the caught registers to the written reply; s is filled and
 * must be given to socketcall_done(). What is left for catch is to deliver
 * s->result.ret, or s->result.fd as the return value, or the caller's death
 * (VERDICT_KILL).
 */
void socketcall_run(const struct socketcall_system *, struct caller *, const struct abi *,
		    int sysno, const uint64_t args[6], struct socketcall *s);

/*
 * The same for a call that must wait: then s->result.ret is RESULT_WAIT, nothing was
 * replied, and it is served again, from the same copy, by socketcall_again(). Given up
 * instead: socketcall_done() with delivered false.
 */
void socketcall_again(const struct socketcall_system *, struct caller *, struct socketcall *s);

/* After delivery. delivered is false if the caller was gone: what can be given
 * back (a connection, data) is given back. */
void socketcall_done(const struct socketcall_system *, struct caller *, struct socketcall *s,
		     bool delivered);

#endif
