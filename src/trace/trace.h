/*
 * trace.h - what was decided and served, as a line of text or JSON.
 */
#ifndef SOCKETCALL_TRACE_H
#define SOCKETCALL_TRACE_H

#include <stdio.h>

#include "../call/call.h"
#include "../call/caller.h"
#include "../call/result.h"
#include "../call/verdict.h"

enum trace_format { TRACE_TEXT, TRACE_JSON };

struct trace;

/* Writes to out, which stays the caller's; NULL if out of memory. Calls from
 * several threads do not mix their lines. */
struct trace *trace_new(FILE *out, enum trace_format);
void trace_free(struct trace *);

/* One finished call: one line, written before the caller goes on. `started` is
 * CLOCK_REALTIME at the catch; elapsed_ns what serving took. v may be NULL (no
 * policy was asked, or decoding failed: c->err). */
void trace_call(struct trace *, const struct caller *, const struct call *,
		const struct verdict *v, const struct result *, struct timespec started,
		uint64_t elapsed_ns);

/* Counters for --stats; all functions may be called from several threads. */
struct stats;
struct stats *stats_new(void);
void stats_free(struct stats *);
void stats_call(struct stats *, const struct call *, const struct verdict *v,
		const struct result *, uint64_t elapsed_ns);
/* A notification that was no socket call (rights changed). */
void stats_notification(struct stats *);
/* The table of --stats. */
void stats_print(struct stats *, FILE *out);

#endif
