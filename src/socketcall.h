/*
 * socketcall.h - the spine: one caught call through all the steps.
 */
#ifndef SOCKETCALL_SPINE_H
#define SOCKETCALL_SPINE_H

#include "abi/abi.h"
#include "call/caller.h"
#include "call/result.h"
#include "call/verdict.h"
#include "decide/policy.h"
#include "serve/ops.h"
#include "trace/trace.h"

/* Where calls are served and what watches over it. Shared by all callers,
 * constant while calls are served. */
struct socketcall_system {
	const struct serve_ops *serve;
	const struct policy *policy;
	struct trace *trace; /* NULL: none */
	struct trace *log;   /* what `log` rules match, where it is not traced; NULL: nowhere */
	struct stats *stats; /* NULL: none */
};

/* One call on its way: decoded, judged, served, replied. */
struct socketcall {
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

/* After delivery. delivered is false if the caller was gone: what can be given
 * back (a connection, data) is given back. */
void socketcall_done(const struct socketcall_system *, struct caller *, struct socketcall *s,
		     bool delivered);

#endif
