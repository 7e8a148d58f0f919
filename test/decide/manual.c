/*
 * manual.c - the examples of socketcall-policy(5) are right, and are what the
 * policy language takes. The page is the first argument.
 */
#include <stdio.h>
#include <stdlib.h>

#include "decide_test.h"

#include "../../src/decide/rule.h"

static const char *page;

static char *read_page(void)
{
	FILE *in = fopen(page, "r");
	char *text = calloc(1, 65536);

	assert_non_null(in);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, in) > 0);
	fclose(in);
	return text;
}

/* A display that begins as a policy does; the others are a command and an error. */
static bool is_policy(const char *text)
{
	return strncmp(text, "deny", 4) == 0 || strncmp(text, "allow", 5) == 0 ||
	       strncmp(text, "default deny", 12) == 0;
}

static void test_examples(void **state)
{
	char *text = read_page(), *at = strstr(text, ".Sh EXAMPLES"), *end;
	unsigned n = 0;

	while (at && (at = strstr(at, ".Bd -literal"))) {
		struct policy_error err = {0};
		struct policy *p = policy_new();

		at = strchr(at, '\n') + 1;
		end = strstr(at, ".Ed");
		assert_non_null(end);
		if (is_policy(at)) {
			if (policy_add_text(p, "example", at, end - at, &err) < 0)
				fail_msg("%u:%u: %s in:\n%.*s", err.line, err.column, err.text,
					 (int)(end - at), at);
			n++;
		}
		policy_free(p);
		at = end;
	}
	assert_true(n >= 3);
	free(text);
}

/* Every call, group and side door has its place in the page. */
static void test_complete(void **state)
{
	char *text = read_page();
	const char *name;

	for (unsigned i = 0; (name = name_list_calls(i, NULL)); i++)
		if (!strstr(text, name))
			fail_msg("%s is missing", name);
	for (unsigned i = 0; i < ndoors; i++)
		/* The older and the getsockopt form of CONNECTX are named so. */
		if (!strstr(text, doors[i].text) && !strstr(doors[i].text, "CONNECTX"))
			fail_msg("%s is missing", doors[i].text);
	for (unsigned i = 0; (name = policy_preset_name(i)); i++)
		if (!strstr(text, name))
			fail_msg("%s is missing", name);
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples), cmocka_unit_test(test_complete),
	};

	page = argv[argc - 1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
