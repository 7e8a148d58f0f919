/*
 * entry: socketcall(2) itself: the call number, and where its words lie.
 */
#include "vectors.h"

#include <sys/mman.h>

static const char *number_label(int row)
{
	static char s[8];

	snprintf(s, sizeof(s), "%d", row);
	return s;
}

/* What each call says to words of zero: it shows that all of them are there. */
VECTORS(all_zero, 23, number_label, NEED_BLOCK)
{
	ret("zero words", socketcall_raw(row, (long)block(6, 0L, 0L, 0L, 0L, 0L, 0L)));
	descriptors("then");
}

VECTORS(all_minus_one, 23, number_label, NEED_BLOCK)
{
	ret("words of -1", socketcall_raw(row, (long)block(6, -1L, -1L, -1L, -1L, -1L, -1L)));
}

VECTORS(null_block, 23, number_label, NEED_BLOCK)
{
	ret("args NULL", socketcall_raw(row, 0));
}

VECTORS(unmapped_block, 22, number_label, NEED_BLOCK)
{
	ret("args unmapped", socketcall_raw(row, (long)hole()));
}

static const long odd_numbers[] = {-1, -20, 0x7fffffff, (int32_t)0x80000000, 256, 0x10001, 22, 1000};

static const char *odd_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%#x", (int)odd_numbers[row]);
	return s;
}

VECTORS(number_beyond, COUNT(odd_numbers), odd_label, NEED_BLOCK)
{
	ret("args NULL", socketcall_raw(odd_numbers[row], 0));
	ret("args good", socketcall_raw(odd_numbers[row], (long)block(6, 0L, 0L, 0L, 0L, 0L, 0L)));
	ret("args unmapped", socketcall_raw(odd_numbers[row], (long)hole()));
}

static const int nargs[] = {
	[0] = 0,
#define CALL(nr, name, nargs) [nr] = nargs,
#include "../../src/call/call.def"
#undef CALL
};

/* Exactly nargs words are read, not one more... */
VECTORS(end_of_page, 21, number_label, NEED_BLOCK)
{
	size_t n = nargs[row] * entry->word;
	char *p = mem_before_hole(n);

	memset(p, 0xff, n);
	ret("exact", socketcall_raw(row, (long)p));
}

/* ... and not one fewer. */
VECTORS(straddles_hole, 21, number_label, NEED_BLOCK)
{
	size_t n = (nargs[row] - !!row) * entry->word;
	char *p = mem_before_hole(n + (n == 0));

	memset(p, 0xff, n);
	ret("last word missing", socketcall_raw(row, (long)p));
	ret("half of it", socketcall_raw(row, (long)p + entry->word / 2));
}

VECTORS(misaligned_block, 4, number_label, NEED_BLOCK)
{
	char *p = mem_at(16, row);
	int w[3] = {AF_UNIX, SOCK_STREAM, 0};

	memcpy(p, w, sizeof(w));
	ret("socket", socketcall_raw(CALL_socket, (long)p));
}

static const unsigned tops[] = {0xffffffff, 0xfffffffc, 0xfffffff8, 0xfffffff4, 0xfffff000,
				0xffffe000, 0xc0000000, 0x1, 0xfff};

static const char *top_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%#x", tops[row]);
	return s;
}

VECTORS(block_at, COUNT(tops), top_label, NEED_BLOCK)
{
	ret("socket", socketcall_raw(CALL_socket, (int32_t)tops[row]));
	ret("listen", socketcall_raw(CALL_listen, (int32_t)tops[row]));
	ret("sendto", socketcall_raw(CALL_sendto, (int32_t)tops[row]));
	ret("no call", socketcall_raw(33, (int32_t)tops[row]));
}

VECTOR(readonly_block, NEED_BLOCK)
{
	int w[3] = {AF_UNIX, SOCK_DGRAM, 0};
	char *p = readonly_copy(w, sizeof(w));

	ret("socket", socketcall_raw(CALL_socket, (long)p));
	bytes("block", p, 16);
}

VECTOR(executable_only_block, NEED_BLOCK)
{
	char *p = mem_after_hole(PAGE);
	int w[3] = {AF_UNIX, SOCK_DGRAM, 0};

	memcpy(p, w, sizeof(w));
	mprotect(p, PAGE, PROT_EXEC);
	ret("socket", socketcall_raw(CALL_socket, (long)p));
	mprotect(p, PAGE, PROT_NONE);
	ret("socket", socketcall_raw(CALL_socket, (long)p));
}

VECTOR(block_unchanged, NEED_BLOCK)
{
	char *p = block(6, (long)AF_UNIX, (long)SOCK_STREAM, 0L, 0x11111111L, 0x22222222L, 0x33333333L);

	ret("socket", socketcall_raw(CALL_socket, (long)p));
	bytes("block", p, 24);
}

/* The block overlaps what the call writes: the copy was made first. */
VECTOR(block_is_result, NEED_BLOCK)
{
	int *p = block(4, (long)AF_UNIX, (long)SOCK_STREAM, 0L, 0L);

	p[3] = (int)(long)p;
	ret("socketpair", socketcall_raw(CALL_socketpair, (long)p));
	out("%d %d %d", p[0], p[1], p[2]);
}

VECTOR(block_is_length, NEED_BLOCK)
{
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0);
	int *p = block(5, (long)fd, (long)SOL_SOCKET, (long)SO_TYPE, (long)mem(4), 4L);

	p[4] = (int)(long)&p[0];
	p[0] = fd;
	ret("getsockopt", socketcall_raw(CALL_getsockopt, (long)p));
	out("%d", p[0]);
}

/* Number and args are int and pointer: the upper half of 64-bit registers is
 * not looked at by int $0x80. */
VECTOR(register_high_bits, NEED_BLOCK)
{
#ifdef __x86_64__
	long a[6] = {CALL_socket | 0x100000000, (long)block(3, (long)AF_UNIX, (long)SOCK_STREAM, 0L)};

	ret("socket", entry->sys(102, a));
#else
	out("32-bit registers");
#endif
}

VECTOR(many_in_a_row)
{
	long r = 0;

	for (int i = 0; i < 200 && r >= 0; i++) {
		r = s_socket(AF_UNIX, SOCK_STREAM, 0);
		if (r >= 0)
			close(r);
	}
	ret("last", r);
	descriptors("then");
}
