/*
 * policy.c - the life of a policy.
 */
#include "policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rule.h"

enum { POLICY_FILE_MAX = 4 << 20 }; /* bytes: more is not a policy but a mistake */

void rule_free(struct rule *r)
{
	for (unsigned i = 0; i < r->naddr; i++)
		free(r->addr[i].glob);
	free(r->addr);
	free(r->family.r);
	free(r->type.r);
	free(r->protocol.r);
	free(r->port.r);
	free(r->text);
	memset(r, 0, sizeof(*r));
}

struct policy *policy_new(void)
{
	return calloc(1, sizeof(struct policy)); /* all zero: default allow */
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < p->nrules; i++)
		rule_free(&p->rule[i]);
	for (unsigned i = 0; i < p->nfiles; i++)
		free(p->files[i]);
	rule_free(&p->fallback);
	free(p->rule);
	free(p->files);
	free(p);
}

bool policy_logs(const struct policy *p)
{
	for (unsigned i = 0; i < p->nrules; i++)
		if (p->rule[i].action == ACTION_LOG)
			return true;
	return false;
}

unsigned policy_count(const struct policy *p)
{
	return p->nrules;
}

static int file_error(const char *path, struct policy_error *err, const char *what)
{
	*err = (struct policy_error){0};
	snprintf(err->file, sizeof(err->file), "%s", path);
	snprintf(err->text, sizeof(err->text), "%s", what);
	return -EINVAL;
}

int policy_add_file(struct policy *p, const char *path, struct policy_error *err)
{
	FILE *in = fopen(path, "re");
	char *text = NULL;
	size_t len;
	int rc;

	if (!in)
		return file_error(path, err, strerror(errno));
	text = malloc(POLICY_FILE_MAX);
	if (!text) {
		rc = -ENOMEM;
		goto close_file;
	}
	len = fread(text, 1, POLICY_FILE_MAX, in);
	if (ferror(in))
		rc = file_error(path, err, strerror(errno));
	else if (len == POLICY_FILE_MAX)
		rc = file_error(path, err, "too long for a policy");
	else
		rc = policy_add_text(p, path, text, len, err);
	free(text);
close_file:
	fclose(in);
	return rc;
}
