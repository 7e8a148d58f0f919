/*
 * report.c - who hears of a call that is over: the trace, or the log, and the counters.
 */
#include "report.h"

#include "../src/trace/trace.h"

static void report(const struct socketcall_system *sys, const struct caller *who,
		   const struct socketcall *s, struct timespec wall, uint64_t took_ns)
{
	const struct verdict *v = s->call.err ? NULL : &s->verdict;
	/* log rules of earlier looks at the call count as well. */
	struct trace *to = sys->trace ? sys->trace : v && v->log ? sys->log : NULL;

	if (to)
		trace_call(to, who, &s->call, v, &s->result, wall, took_ns);
	if (sys->stats)
		stats_call(sys->stats, &s->call, v, &s->result, took_ns);
}

static void noticed(const struct socketcall_system *sys)
{
	stats_notification(sys->stats);
}

void report_to(struct socketcall_system *sys)
{
	if (sys->trace || sys->log || sys->stats)
		sys->report = report;
	if (sys->stats)
		sys->noticed = noticed;
}
