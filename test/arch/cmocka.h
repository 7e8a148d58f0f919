/*
 * cmocka.h - as much of cmocka as our tests use, for machines that it is not at hand for
 * (a cross compiler, gcc -m32). Where there is a cmocka, the build takes that one.
 *
 * A test ends at its first false assertion, by longjmp.
 */
#ifndef ARCH_CMOCKA_H
#define ARCH_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef int (*CMFixtureFunction)(void **state);
struct CMUnitTest {
	const char *name;
	void (*test_func)(void **state);
	CMFixtureFunction setup_func, teardown_func;
	void *initial_state;
};

#define cmocka_unit_test(f) {#f, f, NULL, NULL, NULL}
#define cmocka_unit_test_prestate(f, state) {#f, f, NULL, NULL, state}
#define cmocka_unit_test_setup_teardown(f, setup, teardown) {#f, f, setup, teardown, NULL}

enum { ARCH_FAILED = 1, ARCH_SKIPPED };
/* Where a test ends early; one for all files of a program. */
__attribute__((weak)) jmp_buf arch_end;

#define print_message(...) printf(__VA_ARGS__)
#define print_error(...) fprintf(stderr, __VA_ARGS__)
#define skip() longjmp(arch_end, ARCH_SKIPPED)
#define fail_msg(...) \
	(print_error("%s:%d: ", __FILE__, __LINE__), print_error(__VA_ARGS__), \
	 print_error("\n"), longjmp(arch_end, ARCH_FAILED))

#define assert_true(x) ((x) ? (void)0 : fail_msg("not true: %s", #x))
#define assert_false(x) ((x) ? fail_msg("true: %s", #x) : (void)0)
#define assert_null(p) assert_true((p) == NULL)
#define assert_non_null(p) assert_true((p) != NULL)
#define assert_ptr_equal(a, b) assert_true((const void *)(a) == (const void *)(b))
#define ARCH_NUMBERS(a, b, is, what) do { \
		const uintmax_t a_ = (uintmax_t)(a), b_ = (uintmax_t)(b); \
		if (!(a_ is b_)) \
			fail_msg("%#jx %s %#jx", a_, what, b_); \
	} while (0)
#define assert_int_equal(a, b) ARCH_NUMBERS(a, b, ==, "is not")
#define assert_int_not_equal(a, b) ARCH_NUMBERS(a, b, !=, "is")
#define assert_string_equal(a, b) assert_true(strcmp(a, b) == 0)
#define assert_memory_equal(a, b, size) assert_true(memcmp(a, b, size) == 0)

/* Runs it; how it ended. */
static __attribute__((unused, noinline)) int arch_test(const struct CMUnitTest *t, void **state)
{
	const int end = setjmp(arch_end);

	if (!end)
		t->test_func(state);
	return end;
}

static inline int arch_run(const struct CMUnitTest *tests, size_t n)
{
	int failed = 0;

	for (const struct CMUnitTest *t = tests; t < tests + n; t++) {
		void *state = t->initial_state;
		int end = t->setup_func && t->setup_func(&state) ? ARCH_FAILED : 0;

		if (!end) {
			end = arch_test(t, &state);
			if (t->teardown_func && t->teardown_func(&state))
				end = ARCH_FAILED;
		}
		printf("%s %s\n", end == ARCH_FAILED ? "FAILED" : end ? "skipped" : "ok", t->name);
		failed += end == ARCH_FAILED;
	}
	return failed;
}

#define cmocka_run_group_tests_name(name, tests, setup, teardown) \
	arch_run(tests, sizeof(tests) / sizeof((tests)[0]))
#define cmocka_run_group_tests(tests, setup, teardown) \
	cmocka_run_group_tests_name(NULL, tests, setup, teardown)

#endif
