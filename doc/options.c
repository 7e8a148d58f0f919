/*
 * options.c - prints doc/options.md from the tables that the options live in.
 *
 * What the host refuses is decode's table, what the stack does its tables of rows, and
 * the names are those that trace prints. An option of the stack that has another name
 * there, or none, is an error.
 *
 *     options          prints the page
 *     options FILE     is FILE the page?
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/decode/decode.h"
#include "../src/serve/stack/option.h"

/* All that has a name. A level stands before its options, without a shape. */
static const struct known {
	int number;
	const char *name, *shape;
} known[] = {
#define LEVEL(number, name, prefix) {number, #name, NULL},
#define O(number, name, option, control) {number, #name, #option},
#define END
#include "../src/trace/options.def"
#undef LEVEL
#undef O
#undef END
};
enum { NKNOWN = sizeof(known) / sizeof(known[0]) };

static const struct option_table *const tables[] = {
	&options_socket, &options_unix, &options_ip, &options_ipv6, &options_tcp, &options_udp,
	&options_netlink,
};
enum { NTABLES = sizeof(tables) / sizeof(tables[0]) };

static const char intro[] =
"# Socket options\n"
"\n"
"Made by `doc/options.c` from the tables of the program; a test says when it is stale.\n"
"\n"
"**Host.** An option is passed on to the kernel, with the caller's rights, unless it is\n"
"said to be refused: then the call fails as if the kernel did not know the option\n"
"(ENOPROTOOPT).\n"
"\n"
"**Stack.** Our own sockets honour what has a description here, and refuse the rest\n"
"(ENOPROTOOPT). Nothing is stored and then ignored: where an option is *kept* and changes\n"
"nothing, the description says why nothing could change. Errors and values are those of\n"
"Linux 6.18; what differs is listed, with the reason, in `test/stack/options_known.c`.\n";

static bool is_option(const struct known *k)
{
	return k->shape && strcmp(k->shape, "none") != 0;
}

static const struct option *row_of(int level, int name)
{
	for (int t = 0; t < NTABLES; t++)
		for (unsigned i = 0; tables[t]->level == level && i < tables[t]->n; i++)
			if (tables[t]->row[i].name == name)
				return &tables[t]->row[i];
	return NULL;
}

static const char *host_of(int level, int name)
{
	struct decode_refusal r;

	for (unsigned i = 0; decode_refused_option(i, &r); i++)
		if (r.level == level && r.name == name)
			return r.how;
	return "passed on";
}

/* Which of the two calls there is. */
static const char *use_of(const struct option *o)
{
	const bool set = !o->read_only && (o->kind != OPT_OWN || o->set);
	const bool get = !o->write_only && (o->kind != OPT_OWN || o->get);

	return set && get ? "set, get" : set ? "set" : "get";
}

static void print_option(FILE *out, int level, const struct known *k)
{
	const struct option *o = row_of(level, k->number);

	fprintf(out, "| %s | %s | ", k->name, host_of(level, k->number));
	if (o)
		fprintf(out, "%s%s | %s |\n", use_of(o), o->privileged ? " (privileged)" : "", o->does);
	else
		fputs("| refused |\n", out);
}

/* The options of a level; k is where it begins. */
static void print_level(FILE *out, const struct option_table *t, const struct known *k)
{
	fprintf(out, "\n## %s\n\n| option | host | stack: calls | stack: what it does |\n"
		"|---|---|---|---|\n", t->text);
	while (++k < known + NKNOWN && k->shape)
		if (is_option(k))
			print_option(out, t->level, k);
}

static const struct option_table *table_of(int level)
{
	for (int t = 0; t < NTABLES; t++)
		if (tables[t]->level == level)
			return tables[t];
	return NULL;
}

/* Its name; NULL: it has none. *level_name: that of the level. */
static const char *name_of(int level, int name, const char **level_name)
{
	const struct known *k = known;

	*level_name = NULL;
	while (k < known + NKNOWN && (k->shape || k->number != level))
		k++;
	if (k == known + NKNOWN)
		return NULL;
	*level_name = k->name;
	while (++k < known + NKNOWN && k->shape)
		if (k->number == name && is_option(k))
			return k->name;
	return NULL;
}

static void print_cell(FILE *out, const char *text, int number)
{
	if (text)
		fprintf(out, "| %s ", text);
	else
		fprintf(out, "| %d ", number);
}

/* What the host refuses and no list above has. */
static void print_rest(FILE *out)
{
	const char *name, *level;
	struct decode_refusal r;

	fputs("\n## Others\n\nOf all that is not listed above, which the stack does not have, the host "
	      "refuses:\n\n| level | option | host |\n|---|---|---|\n", out);
	for (unsigned i = 0; decode_refused_option(i, &r); i++) {
		name = name_of(r.level, r.name, &level);
		if (name && table_of(r.level))
			continue;
		print_cell(out, level, r.level);
		print_cell(out, name, r.name);
		fprintf(out, "| %s |\n", r.how);
	}
}

static void print_page(FILE *out)
{
	fputs(intro, out);
	for (int i = 0; i < NKNOWN; i++)
		if (!known[i].shape && table_of(known[i].number))
			print_level(out, table_of(known[i].number), &known[i]);
	print_rest(out);
}

/* Rows that no list would show. */
static int check_names(void)
{
	const char *name, *level;
	int bad = 0;

	for (int t = 0; t < NTABLES; t++)
		for (unsigned i = 0; i < tables[t]->n; i++) {
			const struct option *o = &tables[t]->row[i];

			name = name_of(tables[t]->level, o->name, &level);
			if (name && strcmp(name, o->text) == 0)
				continue;
			fprintf(stderr, "%s %d is %s in the stack, but %s to trace\n",
				tables[t]->text, o->name, o->text, name ? name : "unknown");
			bad++;
		}
	return bad;
}

/* Does the file hold these bytes? */
static bool is_file(const char *path, const char *page, size_t len)
{
	char *had = malloc(len + 1);
	FILE *f = fopen(path, "r");
	bool same = had && f && fread(had, 1, len + 1, f) == len && memcmp(had, page, len) == 0;

	if (f)
		fclose(f);
	free(had);
	return same;
}

int main(int argc, char **argv)
{
	char *page = NULL;
	size_t len = 0;
	FILE *out = argc > 1 ? open_memstream(&page, &len) : stdout;
	bool same;

	if (!out || check_names())
		return 1;
	print_page(out);
	if (argc < 2)
		return fflush(stdout) ? 1 : 0;
	fclose(out);
	same = is_file(argv[1], page, len);
	free(page);
	if (!same)
		fprintf(stderr, "%s is stale: build/doc/options > doc/options.md\n", argv[1]);
	return same ? 0 : 1;
}
