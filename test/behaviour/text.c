/*
 * text.c - results and data as text: one spelling for each, so that what is expected
 * and what came can be compared as words.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "behaviour.h"

void text_init(struct text *t, char *buf, size_t room)
{
	t->s = buf;
	t->len = 0;
	t->room = room;
	buf[0] = 0;
}

void text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->s + t->len, t->room - t->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n < t->room - t->len ? (size_t)n : t->room - t->len - 1;
}

enum { SHOWN = 200 };

static uint32_t checksum(const uint8_t *p, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}

void text_data(struct text *t, const void *data, size_t len)
{
	const uint8_t *p = data;

	text_add(t, "\"");
	for (size_t i = 0; i < len && i < (len > SHOWN ? 24 : SHOWN); i++)
		if (p[i] == '"' || p[i] == '\\')
			text_add(t, "\\%c", p[i]);
		else if (isprint(p[i]))
			text_add(t, "%c", p[i]);
		else
			text_add(t, "\\x%02x", p[i]);
	text_add(t, "\"");
	if (len > SHOWN)
		text_add(t, "..%zu:%08x", len, checksum(p, len));
}

bool text_is_data(const char *word)
{
	return word[0] == '"' || strncmp(word, "pattern:", 8) == 0;
}

/* pattern:LEN@OFFSET - bytes that differ from place to place, so that lost or doubled
 * ones show. */
static uint8_t *pattern(const char *word, size_t *len)
{
	char *end;
	size_t off = 0;
	uint8_t *p;

	*len = strtoul(word, &end, 0);
	if (*end == '@')
		off = strtoul(end + 1, &end, 0);
	if (*end)
		return NULL;
	p = malloc(*len + 1);
	for (size_t i = 0; p && i < *len; i++) {
		uint32_t v = (uint32_t)(off + i);
		p[i] = (uint8_t)(v ^ v >> 8 ^ v >> 16);
	}
	return p;
}

static int escape(const char **s)
{
	char hex[3] = "";

	switch (*++*s) {
	case 'n':
		return '\n';
	case '0':
		return 0;
	case 'x':
		hex[0] = (*s)[1];
		hex[1] = hex[0] ? (*s)[2] : 0;
		if (!hex[1])
			return 'x';
		*s += 2;
		return (int)strtoul(hex, NULL, 16);
	default:
		return **s;
	}
}

uint8_t *text_parse_data(const char *word, size_t *len)
{
	size_t n = 0, times = 1;
	uint8_t *p, *all;
	const char *s;

	if (strncmp(word, "pattern:", 8) == 0)
		return pattern(word + 8, len);
	if (word[0] != '"')
		return NULL;
	p = malloc(strlen(word) + 1);
	for (s = word + 1; p && *s && *s != '"'; s++)
		p[n++] = (uint8_t)(*s == '\\' ? escape(&s) : *s);
	if (!p || *s != '"' || (s[1] && s[1] != '*')) {
		free(p);
		return NULL;
	}
	if (s[1])
		times = strtoul(s + 2, NULL, 0);
	all = malloc(n * times + 1);
	for (size_t i = 0; all && i < times; i++)
		memcpy(all + i * n, p, n);
	free(p);
	*len = n * times;
	return all;
}

int text_split(char *line, char **words, int max)
{
	char *s = line;
	int n = 0;

	for (;;) {
		bool quoted = false;

		while (isspace((unsigned char)*s))
			s++;
		if (!*s || (*s == '#' && (s == line || isspace((unsigned char)s[-1]))))
			return n;
		if (n == max)
			return -1;
		words[n++] = s;
		for (; *s && (quoted || !isspace((unsigned char)*s)); s++)
			if (*s == '\\' && quoted && s[1])
				s++;
			else if (*s == '"')
				quoted = !quoted;
		if (quoted)
			return -1;
		if (*s)
			*s++ = 0;
	}
}
