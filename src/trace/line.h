/*
 * line.h - a line of text in a buffer of fixed size.
 *
 * Everything that is appended past the end is dropped and remembered as `cut`, so
 * that the code that prints need not look. No locale, no memory of its own.
 */
#ifndef SOCKETCALL_TRACE_LINE_H
#define SOCKETCALL_TRACE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names.h"

enum {
	LINE_MAX_BYTES = 4096, /* with the newline; PIPE_BUF: one write to a pipe is whole */
	QUOTE_MAX = 32,        /* bytes of payload and of unknown values that are shown */
	STRING_MAX = 256,      /* bytes of a name or a path */
	LIST_MAX = 32,         /* elements of an array that are shown */
};

struct line {
	char *buf;
	size_t len, cap;
	bool cut;
};

void line_bytes(struct line *, const char *s, size_t len);
void line_str(struct line *, const char *s);
void line_char(struct line *, char c);
void line_u64(struct line *, uint64_t v);
void line_i64(struct line *, int64_t v);
void line_hex(struct line *, uint64_t v);    /* 0x1f */
void line_octet(struct line *, uint8_t v);   /* 1f */
void line_pointer(struct line *, uint64_t v); /* NULL or 0x1f */

/* "text" with C's escapes; at most max bytes, then "..." follows the quote. */
void line_quoted(struct line *, const void *bytes, size_t len, size_t max);
/* As a value that ends at its first NUL, if it has one. */
void line_quoted_string(struct line *, const void *bytes, size_t size);

/* AF_INET, or 0x63 with a comment that tells what it should have been. */
void line_name(struct line *, const struct names *, uint64_t v);
/* MSG_PEEK|MSG_TRUNC|0x1000000; 0 if there is none. */
void line_flags(struct line *, const struct names *, uint64_t v);

#endif
