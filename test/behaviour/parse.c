/*
 * parse.c - scripts into cases, and cases into steps.
 *
 * Two things are worked out on the text, before anything is run: `given NAME` puts
 * the lines of `define NAME` there, and `for A B in 1 2 | 3 4` makes a case for each
 * row, with the words A and B replaced by its values.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "behaviour.h"

struct define {
	const char *name;
	struct line lines[MAX_LINES];
	int nline;
	struct define *next;
};
static struct define *defines;

static void bad(const char *file, int line, const char *message)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, message);
	exit(2);
}

static const char *after(const char *line, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(line, word, n) || !isspace((unsigned char)line[n]))
		return NULL;
	for (line += n; isspace((unsigned char)*line); line++)
		;
	return line;
}

/* ------------------------------------------------------------------ for, given */

enum { MAX_NAMES = 6 };
struct row {
	int n;
	char *name[MAX_NAMES], *value[MAX_NAMES];
};

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* line with each whole word that the row names replaced. */
static char *replace(const char *line, const struct row *row)
{
	char buf[4096];
	size_t len = 0;

	while (*line && len < sizeof(buf) - 256) {
		size_t n = 0;
		int i;

		while (word_char(line[n]))
			n++;
		for (i = 0; n && i < row->n; i++)
			if (strlen(row->name[i]) == n && memcmp(row->name[i], line, n) == 0)
				break;
		if (n && i < row->n) {
			len += (size_t)snprintf(buf + len, sizeof(buf) - len, "%s", row->value[i]);
			line += n;
			continue;
		}
		if (!n)
			n = 1;
		memcpy(buf + len, line, n);
		len += n;
		line += n;
	}
	buf[len] = 0;
	return strdup(buf);
}

static void expand(struct test *t, const struct line *lines, int n, const struct row *row,
		   int depth)
{
	for (int i = 0; i < n; i++) {
		char *text = replace(lines[i].text, row);
		const char *name = after(text, "given");
		struct define *d = defines;

		if (!name) {
			if (t->nline == MAX_LINES)
				bad(t->file, lines[i].number, "a case is too long");
			t->lines[t->nline++] = (struct line){ text, lines[i].number };
			continue;
		}
		while (d && strcmp(d->name, name))
			d = d->next;
		if (!d || depth == 4)
			bad(t->file, lines[i].number, "nothing is defined by this name");
		else
			expand(t, d->lines, d->nline, row, depth + 1);
	}
}

/* "A B in 1 2 | 3 4": the names, and after them the rows one after another. */
static int parse_for(const char *file, struct line *l, const char *spec, struct row *row,
		     char **values)
{
	static char *words[MAX_WORDS];
	int n = text_split(strdup(spec), words, MAX_WORDS), i, nvalue = 0;

	for (i = 0; i < n && strcmp(words[i], "in"); i++)
		if (row->n + i < MAX_NAMES)
			row->name[row->n + i] = words[i];
	if (i == n || row->n + i > MAX_NAMES)
		bad(file, l->number, "for NAME... in VALUE... | VALUE...");
	row->n += i;
	for (int k = i + 1; k < n; k++)
		if (strcmp(words[k], "|"))
			values[nvalue++] = words[k];
	if (!nvalue || nvalue % i)
		bad(file, l->number, "each row needs a value for each name");
	return nvalue / i;
}

static void make(struct tests *tests, const struct test *raw, int at, struct row row)
{
	static char *values[8][MAX_WORDS];
	const char *spec = at < raw->nline ? after(raw->lines[at].text, "for") : NULL;
	struct row all = row;
	int rows;

	if (!spec) {
		struct test *t = malloc(sizeof(*t));

		*t = *raw;
		t->name = replace(raw->name, &row);
		t->lines = calloc(MAX_LINES, sizeof(*t->lines));
		t->nline = 0;
		expand(t, raw->lines + at, raw->nline - at, &row, 0);
		TAILQ_INSERT_TAIL(tests, t, entry);
		return;
	}
	if (at == 8)
		bad(raw->file, raw->lines[at].number, "too many loops");
	rows = parse_for(raw->file, &raw->lines[at], spec, &all, values[at]);
	for (int r = 0; r < rows; r++) {
		for (int i = row.n; i < all.n; i++)
			all.value[i] = values[at][r * (all.n - row.n) + i - row.n];
		make(tests, raw, at + 1, all);
	}
}

static char *subject_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *s = strdup(slash ? slash + 1 : path), *dot = strrchr(s, '.');

	if (dot)
		*dot = 0;
	return s;
}

void parse_script(const char *path, struct tests *tests)
{
	FILE *f = fopen(path, "r");
	struct test raw = { .file = path, .subject = subject_of(path) };
	struct line lines[MAX_LINES], *to = NULL;
	char buf[4096];
	struct define *d;
	int number = 0, *n = NULL;

	if (!f)
		bad(path, 0, "cannot be read");
	raw.lines = lines;
	while (fgets(buf, sizeof(buf), f)) {
		char *text = buf;
		const char *name;

		number++;
		buf[strcspn(buf, "\n")] = 0;
		while (isspace((unsigned char)*text))
			text++;
		if (!*text || *text == '#')
			continue;
		if ((name = after(text, "case"))) {
			if (raw.name)
				make(tests, &raw, 0, (struct row){ 0 });
			raw.name = strdup(name);
			raw.nline = 0;
			to = lines;
			n = &raw.nline;
		} else if ((name = after(text, "define"))) {
			d = calloc(1, sizeof(*d));
			d->name = strdup(name);
			d->next = defines;
			defines = d;
			to = d->lines;
			n = &d->nline;
		} else if (!to || *n == MAX_LINES) {
			bad(path, number, "this line belongs to no case, or to too long a one");
		} else {
			to[(*n)++] = (struct line){ strdup(text), number };
		}
	}
	fclose(f);
	if (raw.name)
		make(tests, &raw, 0, (struct row){ 0 });
}

/* ------------------------------------------------------------------------ steps */

/* Does "stack", "host32", "64" mean this system? -1: it is no system. */
static int means(const struct world *w, const char *word)
{
	const char *bits = word + strcspn(word, "0123456789");
	char own[8];

	snprintf(own, sizeof(own), "%d", w->word * 8);
	if (strncmp(word, "host", 4) && strncmp(word, "stack", 5) && bits != word)
		return -1;
	if (*bits && strcmp(bits, own))
		return 0;
	return bits == word || strncmp(word, w->system->name, (size_t)(bits - word)) == 0;
}

static bool means_any(const struct world *w, char **words, int n, const char **message)
{
	bool any = false;

	for (int i = 0; i < n; i++) {
		int m = means(w, words[i]);
		if (m < 0)
			*message = "a system is host or stack, with or without 32 or 64, or one of these";
		any |= m > 0;
	}
	return any;
}

static int find(char **words, int n, const char *word)
{
	for (int i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static void set_call(struct step *s, char **words, int n)
{
	int arrow = find(words, n, "->"), equals;

	s->task = words[0];
	if (arrow >= 0) {
		s->expect = words + arrow + 1;
		s->nexpect = n - arrow - 1;
		n = arrow;
	}
	s->words = words + 1;
	s->nword = n - 1;
	equals = find(s->words, s->nword, "=");
	if (equals > 0 && equals <= 2) {
		s->to = s->words;
		s->nto = equals;
		s->words += equals + 1;
		s->nword -= equals + 1;
	}
}

static const struct name verbs[] = {
	{ "waits", STEP_WAITS }, { "done", STEP_DONE }, { "took", STEP_TOOK },
	{ "interrupted", STEP_INTERRUPT }, { "ends", STEP_ENDS }, { 0 },
};

/* One line as a step; NULL or what is wrong with it. */
static const char *parse_step(struct step *s, char **words, int n)
{
	size_t len = strlen(words[0]);
	long kind;

	if (len > 1 && (words[0][len - 1] == ':' || words[0][len - 1] == '&')) {
		s->kind = STEP_CALL;
		s->async = words[0][len - 1] == '&';
		words[0][len - 1] = 0;
		set_call(s, words, n);
		return s->nword ? NULL : "a call is missing";
	}
	s->words = words + 1;
	s->nword = n - 1;
	if (strcmp(words[0], "task") == 0)
		s->kind = STEP_TASK;
	else if (strcmp(words[0], "host") == 0)
		s->kind = STEP_HOST;
	else if (strcmp(words[0], "limit") == 0)
		s->kind = STEP_LIMIT;
	else if (strcmp(words[0], "sleep") == 0)
		s->kind = STEP_SLEEP;
	else if (n > 1 && name_value(verbs, words[1], &kind)) {
		s->kind = (enum step_kind)kind;
		s->task = words[0];
		if (n > 2 && strcmp(words[2], "->") == 0) {
			s->expect = words + 3;
			s->nexpect = n - 3;
		}
		s->words++;
		s->nword--;
		return NULL;
	} else
		return "not a step";
	return s->nword ? NULL : "a word is missing";
}

struct step *parse_steps(const struct test *t, const struct world *w, int *n, int *line,
			 const char **message)
{
	struct step *steps = calloc((size_t)t->nline + 1, sizeof(*steps));
	static char *words[MAX_WORDS];

	*n = 0;
	*message = NULL;
	for (int i = 0; i < t->nline && !*message; i++) {
		struct step *s = &steps[*n];
		int nword = text_split(strdup(t->lines[i].text), words, MAX_WORDS), arrow;
		char **own;

		*line = t->lines[i].number;
		if (nword <= 0) {
			*message = "bad quotes, or too many words";
			break;
		}
		own = calloc((size_t)nword, sizeof(*own));
		memcpy(own, words, (size_t)nword * sizeof(*own));
		s->line = *line;
		s->text = t->lines[i].text;
		if (strcmp(own[0], "because") == 0) {
			if (*n)
				s[-1].because = after(s->text, "because");
		} else if (strcmp(own[0], "differs") == 0) {
			arrow = find(own, nword, "->");
			if (arrow < 2 || !*n)
				*message = "differs SYSTEM... -> RESULT, after the call";
			else if (means_any(w, own + 1, arrow - 1, message)) {
				s[-1].expect = own + arrow + 1;
				s[-1].nexpect = nword - arrow - 1;
			}
		} else if (strcmp(own[0], "only") == 0) {
			s->kind = STEP_ONLY;
			s->excluded = !means_any(w, own + 1, nword - 1, message);
			++*n;
		} else {
			*message = parse_step(s, own, nword);
			++*n;
		}
	}
	return steps;
}
