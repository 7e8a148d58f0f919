/*
 * policy.c - socketcall policy: find the errors of a policy, and ask it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/decide/policy.h"
#include "../src/lib/log.h"
#include "cmd.h"

enum { EXIT_WRONG = 1 }; /* the policy, or the call, is wrong */

static const char help[] =
	"socketcall policy check FILE            find the errors of a policy\n"
	"socketcall policy explain FILE 'CALL'   which rule decides CALL, and what the\n"
	"                                        kernel's filter does with it\n"
	"\n"
	"FILE may be preset:NAME. CALL is written as a rule is:\n"
	"  socket family inet type stream         bind to unix:/run/x.sock\n"
	"  connect to 10.0.0.1 port 443           accept from 192.0.2.1\n"
	"\n"
	"The exit status is 0, 1 if the policy or CALL is wrong, 125 if socketcall failed.\n"
	"The language is in socketcall-policy(5).\n"
	"\n"
	"Presets:";

static void print_help(FILE *out)
{
	fputs(help, out);
	for (unsigned i = 0; policy_preset_name(i); i++)
		fprintf(out, " %s", policy_preset_name(i));
	fputc('\n', out);
}

static int failed(int rc, const struct policy_error *err)
{
	if (rc != -EINVAL || !err) {
		log_error("%s", strerror(-rc));
		return EXIT_OURS;
	}
	if (err->line)
		fprintf(stderr, "%s:%u:%u: %s\n", err->file, err->line, err->column, err->text);
	else
		fprintf(stderr, "%s: %s\n", err->file, err->text);
	return EXIT_WRONG;
}

static int add(struct policy *p, const char *file, struct policy_error *err)
{
	static const char head[] = "preset:";
	const char *text;
	size_t len;

	if (strncmp(file, head, strlen(head)) != 0)
		return policy_add_file(p, file, err);
	text = policy_preset(file + strlen(head), &len);
	if (text)
		return policy_add_text(p, file, text, len, err);
	snprintf(err->file, sizeof(err->file), "%s", file);
	snprintf(err->text, sizeof(err->text), "there is no such preset");
	return -EINVAL;
}

static int check(const struct policy *p, const char *file)
{
	static const struct filter_options plain = {.watch_rights = true};
	struct sock_fprog prog;
	int rc = policy_filter(p, &plain, &prog);

	if (rc)
		return failed(rc, NULL);
	policy_notes(p, stdout);
	printf("%s: ok, %u rules; its filter has %u instructions\n", file, policy_count(p),
	       prog.len);
	free(prog.filter);
	return 0;
}

int cmd_policy(int argc, char **argv)
{
	bool explain = argc > 1 && strcmp(argv[1], "explain") == 0;
	struct policy_error err = {0};
	struct policy *p;
	int rc;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_help(stdout);
		return 0;
	}
	if (argc != 3 + explain || (!explain && strcmp(argv[1], "check") != 0)) {
		print_help(stderr);
		return EXIT_OURS;
	}
	p = policy_new();
	if (!p)
		return failed(-ENOMEM, NULL);
	rc = add(p, argv[2], &err);
	if (rc)
		rc = failed(rc, &err);
	else if (!explain)
		rc = check(p, argv[2]);
	else if ((rc = policy_explain(p, argv[3], stdout, &err)))
		rc = failed(rc, &err);
	policy_free(p);
	return rc;
}
