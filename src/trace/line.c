#include "line.h"

#include <string.h>

void line_bytes(struct line *l, const char *s, size_t len)
{
	size_t room = l->cap - l->len;

	if (l->cut)
		return;
	if (len > room) {
		l->cut = true;
		len = room;
	}
	memcpy(l->buf + l->len, s, len);
	l->len += len;
}

void line_str(struct line *l, const char *s)
{
	line_bytes(l, s, strlen(s));
}

void line_char(struct line *l, char c)
{
	line_bytes(l, &c, 1);
}

void line_u64(struct line *l, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = '0' + v % 10;
	while (v /= 10);
	line_bytes(l, digits + at, sizeof(digits) - at);
}

void line_i64(struct line *l, int64_t v)
{
	if (v < 0)
		line_char(l, '-');
	line_u64(l, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void line_hex(struct line *l, uint64_t v)
{
	char digits[18];
	size_t at = sizeof(digits);

	do
		digits[--at] = "0123456789abcdef"[v & 15];
	while (v >>= 4);
	digits[--at] = 'x';
	digits[--at] = '0';
	line_bytes(l, digits + at, sizeof(digits) - at);
}

void line_octet(struct line *l, uint8_t v)
{
	line_char(l, "0123456789abcdef"[v >> 4]);
	line_char(l, "0123456789abcdef"[v & 15]);
}

void line_pointer(struct line *l, uint64_t v)
{
	if (v)
		line_hex(l, v);
	else
		line_str(l, "NULL");
}

/* Octal is as short as the next character allows. */
static void octal(struct line *l, uint8_t c, bool digit_follows)
{
	line_char(l, '\\');
	if (digit_follows || c >= 0100)
		line_char(l, '0' + (c >> 6));
	if (digit_follows || c >= 010)
		line_char(l, '0' + ((c >> 3) & 7));
	line_char(l, '0' + (c & 7));
}

void line_quoted(struct line *l, const void *bytes, size_t len, size_t max)
{
	static const char escapes[] = "\"\"\\\\\tt\nn\vv\ff\rr";
	const uint8_t *b = bytes;
	size_t n = len < max ? len : max;

	line_char(l, '"');
	for (size_t i = 0; i < n && !l->cut; i++) {
		const char *e = b[i] ? strchr(escapes, b[i]) : NULL;

		/* escapes holds pairs: letters at odd places are no match. */
		if (e && (e - escapes) % 2 == 0) {
			line_char(l, '\\');
			line_char(l, e[1]);
		} else if (b[i] >= ' ' && b[i] <= '~') {
			line_char(l, b[i]);
		} else {
			octal(l, b[i], i + 1 < n && b[i + 1] >= '0' && b[i + 1] <= '7');
		}
	}
	line_char(l, '"');
	if (n < len)
		line_str(l, "...");
}

void line_quoted_string(struct line *l, const void *bytes, size_t size)
{
	line_quoted(l, bytes, strnlen(bytes, size), STRING_MAX);
}

static void unknown(struct line *l, const struct names *names, uint64_t v)
{
	line_hex(l, v);
	line_str(l, " /* ");
	line_str(l, names->prefix);
	line_str(l, "??? */");
}

void line_name(struct line *l, const struct names *names, uint64_t v)
{
	const char *name = names_find(names, v);

	if (name)
		line_str(l, name);
	else
		unknown(l, names, v);
}

void line_flags(struct line *l, const struct names *names, uint64_t v)
{
	uint64_t rest = v;
	bool first = true;

	for (unsigned i = 0; i < names->n; i++) {
		if (!(rest & names->list[i].value))
			continue;
		if (!first)
			line_char(l, '|');
		first = false;
		line_str(l, names->list[i].name);
		rest &= ~(uint64_t)names->list[i].value;
	}
	if (first && rest) {
		unknown(l, names, rest);
	} else if (rest) {
		line_char(l, '|');
		line_hex(l, rest);
	} else if (first) {
		line_char(l, '0');
	}
}
