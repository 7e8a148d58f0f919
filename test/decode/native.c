/*
 * native.c - the errors of order.h, from the kernel this runs on: the table is true.
 *
 * A child maps the same memory at the same addresses, makes the descriptors 3, 4 and 5
 * what the fake caller has there, and makes the calls: those of i386 by int $0x80,
 * which a 64-bit program may use too. Skipped where that is not to be had.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "order.h"

enum { PAGE = 4096, SKIP = 77 };

static long int80(long nr, const uint64_t a[6])
{
	long ret;

	__asm__ volatile("push %%rbp; mov %7, %%rbp; int $0x80; pop %%rbp"
			 : "=a"(ret)
			 : "a"(nr), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4]), "r"(a[5])
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static long direct(int nr, const uint64_t a[6])
{
	long ret = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);

	return ret < 0 ? -errno : ret;
}

static void descriptors(void)
{
	int sock = socket(AF_INET, SOCK_DGRAM, 0), file = open("/dev/null", O_RDWR), path = open("/", O_PATH);

	/* Out of the way first. */
	sock = fcntl(sock, F_DUPFD, 100);
	file = fcntl(file, F_DUPFD, 100);
	path = fcntl(path, F_DUPFD, 100);
	dup2(sock, FAKE_SOCKET);
	dup2(file, FAKE_FILE);
	dup2(path, FAKE_PATH);
	close(FAKE_NONE);
}

/* The page of each region; more of it is there than the fake caller has. */
static int map_pages(const struct fake *f)
{
	for (unsigned i = 0; i < f->nregions; i++) {
		const struct fake_region *r = &f->region[i];
		void *page = (void *)(uintptr_t)(r->at & ~(uint64_t)(PAGE - 1));
		void *got = mmap(page, PAGE, PROT_READ | PROT_WRITE,
				 MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (got == MAP_FAILED && errno != EEXIST)
			return -1;
		memcpy((void *)(uintptr_t)r->at, r->bytes, r->len);
	}
	return 0;
}

static long make_call(const struct way *w, const struct row *row)
{
	if (w->block) {
		const uint64_t outer[6] = {row->nr, BLOCK};

		for (int i = 0; i < 6; i++)
			abi_put(w->abi, (uint8_t *)BLOCK + i * w->abi->word, row->arg[i]);
		return int80(w->abi->socketcall, outer);
	}
	for (unsigned i = 0; i < w->abi->ndirect; i++)
		if (w->abi->direct[i].call == row->nr)
			return w->abi->word == 4 ? int80(w->abi->direct[i].sysno, row->arg)
						 : direct(w->abi->direct[i].sysno, row->arg);
	return -ENOSYS;
}

/* In the child: how many rows the kernel answers otherwise. */
static int try_rows(const struct way *w)
{
	int wrong = 0;
	struct fake f;

	fake_init(&f);
	map_all(&f, w->abi);
	fake_map(&f, BLOCK, 6 * w->abi->word);
	descriptors();
	if (map_pages(&f) < 0)
		return SKIP;
	const uint64_t none[6] = {FAKE_NONE};
	if (w->abi->word == 4 && int80(363, none) != -EBADF) /* listen */
		return SKIP;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		/* Where decode finds no error the kernel may; and ADDR has no end here. */
		if (!row->err || !row_applies(row, w) || (row->nr == CALL_bind && row->arg[2] == 17))
			continue;
		long ret = make_call(w, row);
		if (ret == -row->err)
			continue;
		fprintf(stderr, "%s, row %zu, %s(%d): %ld, not %d\n", w->name, i, call_name(row->nr),
			(int)row->arg[0], ret, -row->err);
		wrong++;
	}
	fake_free(&f);
	return wrong != 0;
}

static void rows_of_the_kernel(void **state)
{
	const struct way *w = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(try_rows(w));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* Without 32-bit emulation int $0x80 is a fault. */
	if ((WIFEXITED(status) && WEXITSTATUS(status) == SKIP) ||
	    (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV && w->abi->word == 4))
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(rows_of_the_kernel, (void *)&ways[0]),
		cmocka_unit_test_prestate(rows_of_the_kernel, (void *)&ways[1]),
		cmocka_unit_test_prestate(rows_of_the_kernel, (void *)&ways[2]),
	};

	return cmocka_run_group_tests_name("order of checks, of the kernel", tests, NULL, NULL);
}
