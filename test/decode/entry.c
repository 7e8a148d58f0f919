/*
 * entry.c - the ways in: the number and the argument block of socketcall(2), the
 * direct calls, and the words of all twenty calls as the call then has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "../../src/decode/decode.h"
#include "way.h"

enum { NOWHERE = 0x666000, ADDR = 0x20000, LEN = 0x21000, BUF = 0x22000, VAL = 0x23000 };
static const uint8_t inet[16] = {AF_INET, 0, 0, 80, 127, 0, 0, 1};

static int socketcall(struct fake *f, struct call *c, uint64_t nr, uint64_t block)
{
	const uint64_t arg[6] = {nr, block};

	call_init(c);
	return decode(&f->who, &abi_i386, abi_i386.socketcall, arg, c);
}

static void numbers_out_of_range(void **state)
{
	static const uint64_t none[] = {0, 21, 22, 255, INT_MAX, (uint64_t)-1, 0x80000001,
					UINT64_C(0x100000000), UINT64_C(0x100000015)};
	struct fake f;
	struct call c;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		fake_init(&f);
		fake_map(&f, BLOCK, 24);
		assert_int_equal(socketcall(&f, &c, none[i], BLOCK), -EINVAL);
		assert_int_equal(fake_most_reads(&f), 0);
		assert_int_equal(socketcall(&f, &c, none[i], NOWHERE), -EINVAL);
		assert_int_equal(f.stray, 0);
		assert_int_equal(f.gets, 0);
		fake_free(&f);
	}
}

/* The high halves of registers, which int $0x80 from a 64-bit program leaves. */
static void high_halves(void **state)
{
	struct fake f;
	struct call c;

	fake_init(&f);
	fake_words(&f, &abi_i386, BLOCK, AF_INET, SOCK_STREAM, 6);
	assert_int_equal(socketcall(&f, &c, UINT64_C(0x700000001), UINT64_C(0xffffffff00000000) + BLOCK), 0);
	assert_int_equal(c.nr, CALL_socket);
	assert_int_equal(c.family, AF_INET);
	assert_int_equal(c.block_at, BLOCK);
	fake_free(&f);

	fake_init(&f);
	fake_put(&f, ADDR, inet, sizeof(inet));
	const uint64_t arg[6] = {UINT64_C(0x100000003), UINT64_C(0x100000000) + ADDR,
				 UINT64_C(0x100000010)};
	call_init(&c);
	assert_int_equal(decode(&f.who, &abi_i386, 361, arg, &c), 0);
	assert_int_equal(c.addr.at, ADDR);
	assert_int_equal(c.addr.len, 16);
	call_init(&c); /* pointers of x86-64 have them */
	assert_int_equal(decode(&f.who, &abi_x86_64, 49, arg, &c), -EFAULT);
	assert_int_equal(c.fd, FAKE_SOCKET);
	fake_free(&f);
}

static void blocks_that_fault(void **state)
{
	struct fake f;
	struct call c;

	fake_init(&f);
	assert_int_equal(socketcall(&f, &c, CALL_listen, 0), -EFAULT);
	fake_free(&f);
	for (int nr = 1; nr <= CALL_LAST; nr++) {
		size_t size = call_nargs(nr) * 4;

		for (size_t len = 0; len <= size; len++) {
			fake_init(&f); /* the block ends where its page does */
			memset(fake_map(&f, BLOCK - len, len), 0xff, len);
			int err = socketcall(&f, &c, nr, BLOCK - len);
			bool has_fd = nr != CALL_socket && nr != CALL_socketpair;
			/* Words of -1: a timeout there faults before the descriptor is asked for. */
			int whole = nr == CALL_recvmmsg ? -EFAULT : has_fd ? -EBADF : 0;
			assert_int_equal(err, len < size ? -EFAULT : whole);
			assert_int_equal(c.nr, nr);
			assert_int_equal(f.gets, 0);
			assert_int_equal(f.stray, (len < size) + (len == size && nr == CALL_recvmmsg));
			assert_true(fake_most_reads(&f) <= 1);
			fake_free(&f);
			call_free(&c);
		}
	}
}

static void block_at_the_top(void **state)
{
	struct fake f;
	struct call c;

	fake_init(&f);
	fake_words(&f, &abi_i386, 0xfffffff8, FAKE_SOCKET, 7);
	fake_words(&f, &abi_i386, 0, AF_INET, SOCK_STREAM); /* must not be wrapped to */
	assert_int_equal(socketcall(&f, &c, CALL_listen, 0xfffffff8), 0);
	assert_int_equal(c.backlog, 7);
	assert_int_equal(socketcall(&f, &c, CALL_listen, 0xfffffffc), -EFAULT);
	assert_int_equal(socketcall(&f, &c, CALL_socket, 0xfffffff8), -EFAULT);
	assert_int_equal(socketcall(&f, &c, CALL_listen, 0xffffffff), -EFAULT);
	fake_free(&f);
}

/* Memory that cannot be reached at all is another error than a bad pointer. */
static void caller_gone(void **state)
{
	struct fake f;
	struct call c;

	fake_init(&f);
	f.gone = -ESRCH;
	assert_int_equal(socketcall(&f, &c, CALL_socket, BLOCK), -ESRCH);
	f.gone = -EPERM;
	assert_int_equal(socketcall(&f, &c, CALL_socket, BLOCK), -EPERM);
	fake_free(&f);
}

static void no_socket_call(void **state)
{
	static const struct {
		const struct abi *abi;
		int sysno;
	} none[] = {{&abi_x86_64, 102}, {&abi_x86_64, 0}, {&abi_x86_64, -1}, {&abi_i386, 41},
		    {&abi_i386, 101}, {&abi_i386, 374}, {&abi_i386, 1 << 30}};
	struct fake f;
	struct call c;

	fake_init(&f);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		call_init(&c);
		assert_int_equal(decode(&f.who, none[i].abi, none[i].sysno, (uint64_t[6]){3}, &c), -ENOSYS);
		assert_int_equal(f.gets + f.stray, 0);
	}
	fake_free(&f);
}

/* ---- the words of each call ---- */

static void ints(void **state)
{
	struct fake f;
	struct call c;

	EACH_WAY(w) {
		fake_init(&f);
		assert_int_equal(ask(w, &f, &c, CALL_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, -1), 0);
		assert_int_equal(c.family, AF_UNIX);
		assert_int_equal(c.type, SOCK_STREAM | SOCK_CLOEXEC);
		assert_int_equal(c.protocol, -1);
		assert_int_equal(c.fd, -1);
		assert_int_equal(c.sock, -1);
		fake_free(&f);

		fake_init(&f);
		assert_int_equal(ask(w, &f, &c, CALL_socketpair, 1, 2, 3, NOWHERE), 0);
		assert_int_equal(c.family, 1);
		assert_int_equal(c.type, 2);
		assert_int_equal(c.protocol, 3);
		assert_int_equal(c.sv_at, NOWHERE);
		fake_free(&f);

		fake_init(&f);
		assert_int_equal(ask(w, &f, &c, CALL_listen, FAKE_SOCKET, -5), 0);
		assert_int_equal(c.backlog, -5);
		assert_int_equal(c.sock, FAKE_HANDLE + FAKE_SOCKET);
		fake_free(&f);

		fake_init(&f);
		assert_int_equal(ask(w, &f, &c, CALL_shutdown, FAKE_SOCKET, SHUT_WR), 0);
		assert_int_equal(c.how, SHUT_WR);
		assert_int_equal(c.fd, FAKE_SOCKET);
		fake_free(&f);
	}
	/* An int is the lower half of a word, whatever the upper half holds. */
	fake_init(&f);
	assert_int_equal(ask(&ways[2], &f, &c, CALL_socket, UINT64_C(0x500000002), UINT64_C(0xf00000001),
			     UINT64_C(0x8000000000000006)), 0);
	assert_int_equal(c.family, 2);
	assert_int_equal(c.type, 1);
	assert_int_equal(c.protocol, 6);
	fake_free(&f);
}

static void addresses_in(void **state)
{
	static const enum call_nr nrs[] = {CALL_bind, CALL_connect};
	struct fake f;
	struct call c;

	EACH_WAY(w) for (int k = 0; k < 2; k++) for (int len = 0; len <= 128; len++) {
		uint8_t want[128];

		fake_init(&f);
		memset(want, 0x5a, sizeof(want));
		memcpy(want, inet, sizeof(inet));
		fake_put(&f, ADDR, want, len);
		assert_int_equal(ask(w, &f, &c, nrs[k], FAKE_SOCKET, ADDR, len), 0);
		assert_true(c.addr.present);
		assert_int_equal(c.addr.len, len);
		assert_int_equal(c.addr.at, ADDR);
		assert_memory_equal(c.addr.bytes, want, len);
		for (int i = len; i < 128; i++)
			assert_int_equal(c.addr.bytes[i], 0);
		assert_int_equal(f.checks, 0); /* the good path asks for nothing */
		fake_free(&f);
	}
}

static void addresses_out(void **state)
{
	static const enum call_nr nrs[] = {CALL_accept, CALL_accept4, CALL_getsockname,
					   CALL_getpeername};
	static const int room[] = {0, 16, 128, 4096, -1, INT_MIN};
	struct fake f;
	struct call c;

	EACH_WAY(w) for (int k = 0; k < 4; k++) for (size_t i = 0; i < 6; i++) {
		if (!way_has(w, nrs[k]))
			continue;
		fake_init(&f);
		fake_put(&f, LEN, &room[i], 4);
		assert_int_equal(ask(w, &f, &c, nrs[k], FAKE_SOCKET, NOWHERE, LEN,
				     nrs[k] == CALL_accept4 ? SOCK_NONBLOCK : 0xbad), 0);
		assert_false(c.addr.present);
		assert_int_equal(c.addr.at, NOWHERE);
		assert_int_equal(c.addr.len_at, LEN);
		assert_int_equal(c.addr.len, room[i]);
		assert_int_equal(c.addr.len_err, 0);
		assert_int_equal(c.flags, nrs[k] == CALL_accept4 ? SOCK_NONBLOCK : 0);
		fake_free(&f);
	}
	/* accept without an address does not look at the length. */
	EACH_WAY(w) {
		fake_init(&f);
		assert_int_equal(ask(w, &f, &c, CALL_accept4, FAKE_SOCKET, 0, NOWHERE, 0), 0);
		assert_int_equal(c.addr.len_err, 0);
		assert_int_equal(f.stray, 0);
		fake_free(&f);
		fake_init(&f);
		assert_int_equal(ask(w, &f, &c, CALL_getsockname, FAKE_SOCKET, 0, NOWHERE), 0);
		assert_int_equal(c.addr.len_err, -EFAULT);
		fake_free(&f);
	}
}

static void transfers(void **state)
{
	static const enum call_nr nrs[] = {CALL_send, CALL_sendto, CALL_recv, CALL_recvfrom};
	static const int room = 28;
	struct fake f;
	struct call c;

	EACH_WAY(w) for (int k = 0; k < 4; k++) {
		bool in = nrs[k] == CALL_sendto, out = nrs[k] == CALL_recvfrom;

		if (!way_has(w, nrs[k]))
			continue;
		fake_init(&f);
		fake_map(&f, BUF, 100);
		fake_put(&f, ADDR, inet, 16);
		fake_put(&f, LEN, &room, 4);
		assert_int_equal(ask(w, &f, &c, nrs[k], FAKE_SOCKET, BUF, 100, MSG_DONTWAIT | MSG_PEEK, ADDR,
				     in ? 16 : LEN), 0);
		assert_int_equal(c.buf.at, BUF);
		assert_int_equal(c.buf.len, 100);
		assert_int_equal(c.flags, MSG_DONTWAIT | MSG_PEEK); /* and no MSG_CMSG_COMPAT */
		assert_int_equal(c.addr.present, in);
		assert_int_equal(c.addr.len, in ? 16 : out ? 28 : 0);
		for (int i = 0; i < 100; i++) /* payload is none of ours */
			assert_int_equal(fake_region_at(&f, BUF)->reads[i], 0);
		fake_free(&f);

		fake_init(&f); /* cut to whole pages below 2 GiB */
		assert_int_equal(ask(w, &f, &c, nrs[k], FAKE_SOCKET, BUF, 0xfffffff0, 0, 0, 0), 0);
		assert_int_equal(c.buf.len, 0x7ffff000);
		fake_free(&f);
	}
	fake_init(&f);
	assert_int_equal(ask(&ways[2], &f, &c, CALL_sendto, FAKE_SOCKET, BUF, UINT64_MAX, 0, 0, 0), 0);
	assert_int_equal(c.buf.len, 0x7ffff000);
	fake_free(&f);
}

static void options(void **state)
{
	static const int room = 40, one = 1;
	struct fake f;
	struct call c;

	EACH_WAY(w) {
		fake_init(&f);
		fake_put(&f, VAL, &one, 4);
		assert_int_equal(ask(w, &f, &c, CALL_setsockopt, FAKE_SOCKET, SOL_SOCKET, SO_REUSEADDR, VAL, 4), 0);
		assert_int_equal(c.opt.level, SOL_SOCKET);
		assert_int_equal(c.opt.name, SO_REUSEADDR);
		assert_int_equal(c.opt.at, VAL);
		assert_int_equal(c.opt.len, 4);
		assert_int_equal(c.opt.host_len, 4);
		assert_int_equal(c.opt.val_len, 4);
		assert_memory_equal(c.opt.val, &one, 4);
		call_free(&c);
		fake_free(&f);

		fake_init(&f);
		fake_put(&f, LEN, &room, 4);
		assert_int_equal(ask(w, &f, &c, CALL_getsockopt, FAKE_SOCKET, SOL_SOCKET, SO_TYPE, NOWHERE, LEN), 0);
		assert_int_equal(c.opt.len_at, LEN);
		assert_int_equal(c.opt.len, 40);
		assert_int_equal(c.opt.host_room, 40);
		assert_false(c.opt.narrow);
		call_free(&c);
		fake_free(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_out_of_range),
		cmocka_unit_test(high_halves),
		cmocka_unit_test(blocks_that_fault),
		cmocka_unit_test(block_at_the_top),
		cmocka_unit_test(caller_gone),
		cmocka_unit_test(no_socket_call),
		cmocka_unit_test(ints),
		cmocka_unit_test(addresses_in),
		cmocka_unit_test(addresses_out),
		cmocka_unit_test(transfers),
		cmocka_unit_test(options),
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
