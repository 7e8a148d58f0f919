/*
 * lines.h - calls made up by hand, and the line that each must give.
 */
#ifndef TEST_TRACE_LINES_H
#define TEST_TRACE_LINES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../src/abi/abi.h"
#include "../../src/trace/trace.h"

struct vector {
	const char *name;
	enum call_nr nr;
	uint64_t arg[6];
	/* Fills in what the words do not say; may be NULL. */
	void (*make)(struct call *, struct result *);
	int64_t ret;
	const char *text; /* "socket(...) = 3", without pid and marks */
	const char *json; /* "args" without block_at; NULL: not compared */
};

/* The line of a call, without its newline; what trace_call wrote is checked to be
 * one line. The result is freed by the caller. */
char *line_of(enum trace_format, const struct call *, const struct verdict *,
	      const struct result *);
/* The same for JSON, parsed. */
json_t *json_of(const struct call *, const struct verdict *, const struct result *);

/* Runs vectors in every ABI and by every entry; state unused. */
void run_vectors(const struct vector *, unsigned n);
/* One vector, in one ABI, by one entry; v may be NULL. Compares the whole line but
 * for "[pid 7] ". */
void run_one(const struct vector *, const struct abi *, enum call_entry, const struct verdict *,
	     const char *line);

/* Copies for struct call and struct result, to be freed with them. */
void *copy(const void *, size_t);
void set_addr(struct call_addr *, const void *, size_t);
void put_cmsg(uint8_t **control, size_t *len, int level, int type, const void *, size_t);

#endif
