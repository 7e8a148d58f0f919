/*
 * match.c - variables, and whether what came is what was expected.
 *
 * Both are words. A word of the expectation may hold * (anything), ?name (anything,
 * kept in a variable), 3..5, >=3 or <=5 (a number), and "..." as the last word (any
 * words, or none).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "behaviour.h"

const char *var_get(struct world *w, const char *name)
{
	struct var *v;

	SLIST_FOREACH(v, &w->vars, entry)
		if (strcmp(v->name, name) == 0)
			return v->value;
	return NULL;
}

void var_set(struct world *w, const char *name, const char *value)
{
	struct var *v;

	SLIST_FOREACH(v, &w->vars, entry)
		if (strcmp(v->name, name) == 0)
			break;
	if (!v) {
		v = calloc(1, sizeof(*v));
		snprintf(v->name, sizeof(v->name), "%s", name);
		SLIST_INSERT_HEAD(&w->vars, v, entry);
	}
	snprintf(v->value, sizeof(v->value), "%s", value);
}

static size_t name_length(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

char *var_expand(struct world *w, const char *word)
{
	char buf[4096], name[32];
	size_t len = 0;
	bool quoted = false;

	for (; *word && len < sizeof(buf) - 220; word++) {
		size_t n = *word == '$' && !quoted ? name_length(word + 1) : 0;
		const char *value;

		if (*word == '"')
			quoted = !quoted;
		if (!n || n >= sizeof(name)) {
			buf[len++] = *word;
			continue;
		}
		memcpy(name, word + 1, n);
		name[n] = 0;
		value = var_get(w, name);
		if (!value)
			return NULL;
		len += (size_t)snprintf(buf + len, sizeof(buf) - len, "%s", value);
		word += n;
	}
	buf[len] = 0;
	return strdup(buf);
}

static bool match_number(const char *want, const char *got, bool *fits)
{
	char *end, *gend;
	long long low, high, value = strtoll(got, &gend, 10);

	if (!*got || *gend)
		return false;
	if (want[0] == '>' && want[1] == '=') {
		low = strtoll(want + 2, &end, 10);
		*fits = value >= low;
		return *end == 0;
	}
	if (want[0] == '<' && want[1] == '=') {
		high = strtoll(want + 2, &end, 10);
		*fits = value <= high;
		return *end == 0;
	}
	low = strtoll(want, &end, 10);
	if (end == want || strncmp(end, "..", 2))
		return false;
	high = strtoll(end + 2, &end, 10);
	*fits = value >= low && value <= high;
	return *end == 0;
}

static bool match_glob(struct world *w, const char *want, const char *got)
{
	size_t n;

	if (!*want)
		return !*got;
	if (*want == '*') {
		for (;; got++) {
			if (match_glob(w, want + 1, got))
				return true;
			if (!*got)
				return false;
		}
	}
	n = *want == '?' ? name_length(want + 1) : 0;
	if (n) {
		for (size_t len = 1; len <= strlen(got); len++)
			if (match_glob(w, want + 1 + n, got + len)) {
				char name[32], value[200];

				snprintf(name, sizeof(name), "%.*s", (int)n, want + 1);
				snprintf(value, sizeof(value), "%.*s", (int)len, got);
				var_set(w, name, value);
				return true;
			}
		return false;
	}
	return *want == *got && match_glob(w, want + 1, got + 1);
}

static bool match_word(struct world *w, const char *want, const char *got)
{
	const char *eq = strchr(want, '=');
	bool fits;

	if (match_number(want, got, &fits))
		return fits;
	if (eq && eq > want && eq[-1] != '>' && eq[-1] != '<' &&
	    strncmp(want, got, (size_t)(eq + 1 - want)) == 0 &&
	    match_number(eq + 1, got + (eq + 1 - want), &fits))
		return fits;
	return match_glob(w, want, got);
}

static bool match_data(const char *want, const char *got)
{
	char buf[1024];
	struct text t;
	size_t len;
	uint8_t *data = text_parse_data(want, &len);

	if (!data)
		return false;
	text_init(&t, buf, sizeof(buf));
	text_data(&t, data, len);
	free(data);
	return strcmp(buf, got) == 0;
}

bool match(struct world *w, char *const *expect, int nexpect, const char *got)
{
	char *words[MAX_WORDS], *copy = strdup(got);
	int n = text_split(copy, words, MAX_WORDS), i;
	bool same = n >= 0;

	for (i = 0; same && i < nexpect; i++) {
		char *want;

		if (strcmp(expect[i], "...") == 0 && i + 1 == nexpect) {
			n = i;
			break;
		}
		want = text_is_data(expect[i]) ? strdup(expect[i]) : var_expand(w, expect[i]);
		same = want && i < n &&
		       (text_is_data(want) ? match_data(want, words[i]) : match_word(w, want, words[i]));
		free(want);
	}
	same = same && i == n;
	free(copy);
	return same;
}
