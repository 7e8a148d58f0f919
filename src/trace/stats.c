/* stats.c - counters for --stats, and their table, much like strace -c. */
#include <stdatomic.h>
#include <stdlib.h>

#include "trace.h"

struct counters {
	_Atomic uint64_t seen, served, denied, errors, ns;
};

struct stats {
	struct counters call[CALL_LAST + 1]; /* [0]: numbers that are no call */
	_Atomic uint64_t notifications;
};

static void add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

struct stats *stats_new(void)
{
	return calloc(1, sizeof(struct stats));
}

void stats_free(struct stats *s)
{
	free(s);
}

void stats_call(struct stats *s, const struct call *c, const struct verdict *v,
		const struct result *r, uint64_t elapsed_ns)
{
	struct counters *n = &s->call[call_name(c->nr) ? c->nr : 0];
	bool denied = v && v->kind != VERDICT_ALLOW;

	add(&s->notifications, 1);
	add(&n->seen, 1);
	/* Of several messages some may have been sent before one was denied. */
	add(&n->served, !c->err && (!denied || r->ret >= 0));
	add(&n->denied, denied);
	add(&n->errors, r->ret < 0);
	add(&n->ns, elapsed_ns);
}

void stats_notification(struct stats *s)
{
	add(&s->notifications, 1);
}

struct row {
	const char *name;
	uint64_t seen, served, denied, errors, ns;
};

static int by_time(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->ns < y->ns ? 1 : x->ns > y->ns ? -1 : 0;
}

/* A counter that is 0 is left blank: the others are what one looks for. */
static void print_count(FILE *out, uint64_t n)
{
	if (n)
		fprintf(out, " %9llu", (unsigned long long)n);
	else
		fprintf(out, " %9s", "");
}

static void print_row(FILE *out, const struct row *r, uint64_t all_ns)
{
	fprintf(out, "%6.2f %11.6f %11.1f %9llu", all_ns ? 100.0 * r->ns / all_ns : 0.0,
		r->ns / 1e9, r->seen ? r->ns / 1e3 / r->seen : 0.0,
		(unsigned long long)r->seen);
	print_count(out, r->served);
	print_count(out, r->denied);
	print_count(out, r->errors);
	fprintf(out, " %s\n", r->name);
}

void stats_print(struct stats *s, FILE *out)
{
	static const char line[] = "------ ----------- ----------- --------- --------- --------- "
				   "--------- ------------\n";
	struct row rows[CALL_LAST + 1], all = {.name = "total"};
	unsigned n = 0;

	for (int nr = 0; nr <= CALL_LAST; nr++) {
		struct counters *c = &s->call[nr];
		struct row r = {nr ? call_name(nr) : "(no call)", c->seen, c->served, c->denied,
				c->errors, c->ns};

		if (!r.seen)
			continue;
		rows[n++] = r;
		all.seen += r.seen;
		all.served += r.served;
		all.denied += r.denied;
		all.errors += r.errors;
		all.ns += r.ns;
	}
	qsort(rows, n, sizeof(rows[0]), by_time);
	fprintf(out, "%6s %11s %11s %9s %9s %9s %9s %s\n%s", "% time", "seconds", "usecs/call",
		"calls", "served", "denied", "errors", "call", line);
	for (unsigned i = 0; i < n; i++)
		print_row(out, &rows[i], all.ns);
	fputs(line, out);
	print_row(out, &all, all.ns);
	fprintf(out, "%llu notifications\n", (unsigned long long)s->notifications);
}
