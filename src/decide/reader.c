/*
 * reader.c - see reader.h.
 */
#include "reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int reader_fail(struct reader *rd, const char *at, const char *fmt, ...)
{
	va_list ap;

	snprintf(rd->err->file, sizeof(rd->err->file), "%s", rd->shown);
	rd->err->line = rd->line;
	rd->err->column = at - rd->start + 1;
	va_start(ap, fmt);
	vsnprintf(rd->err->text, sizeof(rd->err->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

enum { SHOWN_MAX = 40 }; /* of what was written wrong */

int reader_unknown(struct reader *rd, struct item it, const char *what, name_list *list,
		   const void *ctx, const char *expected)
{
	const char *near = name_nearest(list, ctx, it.s, it.len);
	int len = it.len < SHOWN_MAX ? it.len : SHOWN_MAX;

	if (near)
		return reader_fail(rd, it.s, "unknown %s '%.*s' (did you mean '%s'?)", what, len,
				   it.s, near);
	return reader_fail(rd, it.s, "unknown %s '%.*s'; expected %s", what, len, it.s, expected);
}

bool reader_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct reader *rd)
{
	while (rd->p < rd->end && reader_blank(*rd->p))
		rd->p++;
}

bool reader_end(struct reader *rd)
{
	skip_blanks(rd);
	return rd->p == rd->end || *rd->p == '#';
}

struct item reader_item(struct reader *rd)
{
	struct item it = {0};
	bool bracket = false;

	if (reader_end(rd))
		return (struct item){rd->p, 0};
	it.s = rd->p;
	for (; rd->p < rd->end; rd->p++) {
		if (*rd->p == '\\' && rd->p + 1 < rd->end)
			rd->p++;
		else if (*rd->p == '[')
			bracket = true;
		else if (*rd->p == ']')
			bracket = false;
		else if (reader_blank(*rd->p) || (*rd->p == ',' && !bracket))
			break;
	}
	it.len = rd->p - it.s;
	return it;
}

bool reader_more(struct reader *rd)
{
	if (reader_end(rd) || *rd->p != ',')
		return false;
	rd->p++;
	return true;
}

bool item_is(struct item it, const char *word)
{
	return strlen(word) == it.len && strncasecmp(it.s, word, it.len) == 0;
}

bool item_starts(struct item it, const char *head)
{
	return it.len >= strlen(head) && strncasecmp(it.s, head, strlen(head)) == 0;
}

/* --- numbers and names --- */

int ranges_add(struct ranges *set, uint32_t lo, uint32_t hi)
{
	struct range *r = realloc(set->r, (set->n + 1) * sizeof(*r));
	unsigned at = 0, last;

	if (!r)
		return -ENOMEM;
	set->r = r;
	while (at < set->n && (uint64_t)r[at].hi + 1 < lo)
		at++;
	/* Everything from at to last touches the new range and becomes part of it. */
	for (last = at; last < set->n && r[last].lo <= (uint64_t)hi + 1; last++) {
		lo = r[last].lo < lo ? r[last].lo : lo;
		hi = r[last].hi > hi ? r[last].hi : hi;
	}
	memmove(&r[at + 1], &r[last], (set->n - last) * sizeof(*r));
	r[at] = (struct range){lo, hi};
	set->n += 1 - (last - at);
	return 0;
}

int reader_values(struct reader *rd, enum name_kind kind, struct ranges *set)
{
	static const struct {
		const char *what, *expected;
	} say[] = {
		[NAME_FAMILY] = {"family", "a family such as inet, inet6, unix, or its number"},
		[NAME_TYPE] = {"type", "stream, dgram, raw, rdm, seqpacket, dccp or packet"},
		[NAME_PROTOCOL] = {"protocol", "a protocol such as tcp, udp, sctp, or its number"},
	};
	int err;

	do {
		struct item it = reader_item(rd);
		long v = name_value(kind, it.s, it.len);

		if (it.len == 0)
			return reader_fail(rd, it.s, "expected %s", say[kind].expected);
		if (v < 0)
			return reader_unknown(rd, it, say[kind].what, name_list_values, &kind,
					    say[kind].expected);
		err = ranges_add(set, v, v);
		if (err)
			return err;
	} while (reader_more(rd));
	return 0;
}

long reader_number(const char **s, const char *end, long max)
{
	const char *p = *s;
	long v = 0;

	while (p < end && *p >= '0' && *p <= '9' && v <= max)
		v = v * 10 + (*p++ - '0');
	if (p == *s || v > max)
		return -1;
	*s = p;
	return v;
}

int reader_ports(struct reader *rd, struct ranges *set)
{
	int err;

	do {
		struct item it = reader_item(rd);
		const char *p = it.s, *end = it.s + it.len;
		long lo = reader_number(&p, end, 65535), hi = lo;

		if (lo >= 0 && p < end && *p == '-') {
			p++;
			hi = reader_number(&p, end, 65535);
		}
		if (lo < 0 || hi < 0 || p != end)
			return reader_fail(rd, p, "expected a port, 0 to 65535, or a range such "
					   "as 8000-8999");
		if (hi < lo)
			return reader_fail(rd, it.s, "range ends before it begins: expected "
					   "%ld-%ld", hi, lo);
		err = ranges_add(set, lo, hi);
		if (err)
			return err;
	} while (reader_more(rd));
	return 0;
}
