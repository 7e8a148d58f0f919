/*
 * reader.h - the words of one line of a policy, and what is wrong with them.
 *
 * A rule is words, and some words are lists with commas. The reader keeps the
 * place of every item, so that an error can point at it. Inside decide only.
 */
#ifndef SOCKETCALL_DECIDE_READER_H
#define SOCKETCALL_DECIDE_READER_H

#include "rule.h"

struct item {
	const char *s;
	size_t len;
};

struct reader {
	struct policy *policy;
	const char *file;            /* as rules will point to it; NULL: the command line */
	const char *shown;           /* as messages name it */
	unsigned line;
	const char *start, *p, *end; /* of this line */
	struct policy_error *err;
};

/* An error at this place of the line: fills rd->err, returns -EINVAL. */
int reader_fail(struct reader *rd, const char *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "unknown WHAT 'x' (did you mean 'y'?)", or what was expected if nothing is near. */
int reader_unknown(struct reader *rd, struct item it, const char *what, name_list *list,
		   const void *ctx, const char *expected);

bool reader_blank(char c);
/* At the end of what the line has to say? */
bool reader_end(struct reader *rd);
/* The next item: up to a blank or a comma, but not one within brackets or after a
 * backslash. Empty at the end of the line. */
struct item reader_item(struct reader *rd);
/* Is there a comma? Then the list goes on. */
bool reader_more(struct reader *rd);
bool item_is(struct item it, const char *word);
bool item_starts(struct item it, const char *head);

/* A decimal number up to max at *s; moves *s past it. -1 if there is none. */
long reader_number(const char **s, const char *end, long max);

/* The lists behind family, type and protocol; port; to and from. 0, -EINVAL with
 * the error filled, or -ENOMEM. */
int reader_values(struct reader *rd, enum name_kind kind, struct ranges *set);
int reader_ports(struct reader *rd, struct ranges *set);
int reader_addrs(struct reader *rd, struct rule *rule);

#endif
