/*
 * memory.c - reads of a process' memory, many small ones in any order, give what is
 * there and end where it ends, whatever catch/process.c reads along with them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/catch/process.h"

enum { PAGE = 4096, PAGES = 5, READ_MAX = 700 };

/* In our child: pages 0, 1 and 3 can be read; 2 and 4 cannot. In ours, all. */
static uint8_t *area;
static pid_t child;
static struct window window;
static struct process process = {.who = {.ops = &process_ops}, .listener = -1, .window = &window};

static bool readable(size_t at)
{
	return at / PAGE == 0 || at / PAGE == 1 || at / PAGE == 3;
}

static ssize_t expected(size_t at, size_t len)
{
	size_t n = 0;

	while (n < len && readable(at + n))
		n++;
	return n ? (ssize_t)n : -EFAULT;
}

static int start(void **state)
{
	area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return -1;
	for (size_t i = 0; i < PAGES * PAGE; i++)
		area[i] = (uint8_t)(i * 2654435761u >> 13);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		mprotect(area + 2 * PAGE, PAGE, PROT_NONE);
		munmap(area + 4 * PAGE, PAGE);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(child, NULL, WUNTRACED);
	process.who.tid = process.who.tgid = child;
	return 0;
}

static int finish(void **state)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	munmap(area, PAGES * PAGE);
	return 0;
}

static void check(size_t at, size_t len)
{
	uint8_t got[READ_MAX];
	ssize_t want = expected(at, len);

	assert_int_equal(process_ops.read(&process.who, (uintptr_t)(area + at), got, len), want);
	if (want > 0)
		assert_memory_equal(got, area + at, want);
}

static void reads_anywhere(void **state)
{
	srand(1);
	for (int i = 0; i < 200000; i++) {
		size_t len = 1 + rand() % (rand() % 4 ? 32 : READ_MAX), near = rand() % PAGES * PAGE;
		size_t at = rand() % 2 ? (size_t)rand() % (PAGES * PAGE) : near + rand() % 64;

		if (rand() % 16 == 0)
			window.len = 0;
		if (at + len < PAGES * PAGE)
			check(at, len);
	}
}

static void reads_at_edges(void **state)
{
	for (size_t edge = PAGE; edge < PAGES * PAGE; edge += PAGE)
		for (size_t before = 0; before <= 128; before++)
			for (size_t len = 1; len < 160; len += 3) {
				window.len = 0;
				check(edge - before, len);
				check(edge - before, 1);
			}
}

static void reads_of_no_address(void **state)
{
	static const uint64_t at[] = {0, 8, UINT64_MAX, UINT64_MAX - 7, UINT64_MAX - 4095,
				      UINT64_C(1) << 47, UINT64_C(1) << 63, 0xfffffffc};
	uint8_t got[16];

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		window.len = 0;
		assert_int_equal(process_ops.read(&process.who, at[i], got, 8), -EFAULT);
		assert_int_equal(process_ops.read(&process.who, at[i], got, 16), -EFAULT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_anywhere),
		cmocka_unit_test(reads_at_edges),
		cmocka_unit_test(reads_of_no_address),
	};

	return cmocka_run_group_tests_name("memory of a process", tests, start, finish);
}
