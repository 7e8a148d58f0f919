/*
 * order.c - the errors of order.h, from decode.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "order.h"

static void rows_in_order(void **state)
{
	unsigned done = 0;

	EACH_WAY(w) for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct fake f;
		struct call c;

		if (!row_applies(row, w))
			continue;
		fake_init(&f);
		map_all(&f, w->abi);
		int err = way_decode(w, &f, &c, row->nr, row->arg);
		if (err != -row->err)
			fail_msg("%s, row %zu, %s(%d): %d, not %d", w->name, i, call_name(row->nr),
				 (int)row->arg[0], err, -row->err);
		done++;
		call_free(&c);
		fake_free(&f);
	}
	assert_true(done > 250);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rows_in_order)};

	return cmocka_run_group_tests_name("order of checks", tests, NULL, NULL);
}
