/*
 * decide_test.h - what the tests of decide share.
 */
#ifndef DECIDE_TEST_H
#define DECIDE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "../../src/decide/policy.h"

/* A policy of this text, which must be right. */
static inline struct policy *policy_of(const char *text)
{
	struct policy *p = policy_new();
	struct policy_error err;

	assert_non_null(p);
	if (policy_add_text(p, "t", text, strlen(text), &err) < 0)
		fail_msg("%u:%u: %s in:\n%s", err.line, err.column, err.text, text);
	return p;
}

#endif
