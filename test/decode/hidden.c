/*
 * hidden.c - descriptors and addresses inside values, addresses and control messages.
 * The kernel that serves the call for the program would take them for ours; so each
 * is translated, or the call is refused.
 */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/time.h>

#include <cmocka.h>

#include "way.h"

enum { SOCK = FAKE_SOCKET, ADDR = 0x20000, VAL = 0x21000, LEN = 0x22000, HDR = 0x23000 };
enum { SOL_PACKET_ = 263, FANOUT_DATA = 22, SOL_RDS_ = 276 };

static void options_with_addresses(void **state)
{
	static const struct { int level, name; bool set, get; } no[] = {
		{IPPROTO_TCP, 35, true, true},   /* TCP_ZEROCOPY_RECEIVE */
		{284, 4, true, true},            /* MPTCP_FULL_INFO: written to where it says */
		{SOL_RDS_, 2, true, true},       /* RDS_GET_MR */
		{SOL_RDS_, 7, true, true},       /* RDS_GET_MR_FOR_DEST */
		{IPPROTO_IP, 65, true, false},   /* IPT_SO_SET_ADD_COUNTERS */
		{IPPROTO_IP, 97, true, false},   /* ARPT_SO_SET_ADD_COUNTERS */
		{IPPROTO_IP, 129, true, true},   /* EBT_SO_SET_COUNTERS, EBT_SO_GET_ENTRIES */
		{IPPROTO_IP, 131, true, true},   /* EBT_SO_GET_INIT_ENTRIES */
	};
	struct fake f;
	struct call c;

	EACH_WAY(w) for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) for (int set = 0; set < 2; set++) {
		if (set ? !no[i].set : !no[i].get)
			continue;
		fake_init(&f);
		fake_map(&f, VAL, 64);
		fake_put(&f, LEN, &(int){64}, 4);
		assert_int_equal(ask(w, &f, &c, set ? CALL_setsockopt : CALL_getsockopt, SOCK,
				     (uint32_t)no[i].level, no[i].name, VAL, set ? 64 : LEN),
				 -ENOPROTOOPT);
		call_free(&c);
		fake_free(&f);
	}
}

/* PACKET_FANOUT_DATA is a filter or a descriptor, as its length says. */
static void fanout(void **state)
{
	struct fake f;
	struct call c;
	const struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, 7);

	EACH_WAY(w) {
		fake_init(&f);
		fake_put(&f, VAL, &(int){SOCK}, 4);
		assert_int_equal(ask(w, &f, &c, CALL_setsockopt, SOCK, SOL_PACKET_, FANOUT_DATA, VAL, 4), 0);
		assert_int_equal(*(int *)c.opt.val, FAKE_HANDLE + SOCK);
		assert_int_equal(c.opt.handle, FAKE_HANDLE + SOCK);
		call_free(&c);
		fake_free(&f);

		fake_init(&f);
		fake_words(&f, w->abi, VAL, (uint64_t)1, (uint64_t)ADDR);
		fake_put(&f, ADDR, &code, sizeof(code));
		assert_int_equal(ask(w, &f, &c, CALL_setsockopt, SOCK, SOL_PACKET_, FANOUT_DATA, VAL,
				     2 * w->abi->word), 0);
		const struct sock_fprog *p = (const struct sock_fprog *)c.opt.val;
		assert_int_equal(c.opt.host_len, sizeof(*p));
		assert_int_equal(p->len, 1);
		assert_memory_equal(p->filter, &code, sizeof(code));
		call_free(&c);
		fake_free(&f);
	}
}

/* More instructions than any filter may have are not read. */
static void endless_filter(void **state)
{
	struct fake f;
	struct call c;

	EACH_WAY(w) {
		fake_init(&f);
		fake_words(&f, w->abi, VAL, (uint64_t)BPF_MAXINSNS + 1, (uint64_t)ADDR);
		uint8_t *code = fake_map(&f, ADDR, 64);
		assert_int_equal(ask(w, &f, &c, CALL_setsockopt, SOCK, SOL_SOCKET, SO_ATTACH_FILTER, VAL,
				     2 * w->abi->word), 0);
		assert_int_equal(((const struct sock_fprog *)c.opt.val)->len, BPF_MAXINSNS + 1);
		for (int i = 0; i < 64; i++)
			assert_int_equal(fake_region_at(&f, ADDR)->reads[i], 0);
		assert_non_null(code);
		call_free(&c);
		fake_free(&f);
	}
}

/* The connect timeout of AF_VSOCK is two longs. */
static void vsock_timeout(void **state)
{
	struct fake f;
	struct call c;

	EACH_WAY(w) {
		fake_init(&f);
		fake_words(&f, w->abi, VAL, (uint64_t)3, (uint64_t)4);
		assert_int_equal(ask(w, &f, &c, CALL_setsockopt, SOCK, AF_VSOCK, 6, VAL, 2 * w->abi->word), 0);
		const struct timeval *tv = (const struct timeval *)c.opt.val;
		assert_int_equal(c.opt.host_len, sizeof(*tv));
		assert_int_equal(tv->tv_sec, 3);
		assert_int_equal(tv->tv_usec, 4);
		call_free(&c);
		fake_free(&f);
	}
}

static const struct {
	const char *bytes;
	int len, err;
} addresses[] = {
	{"\x2c\0\1\0\0\0\0\0\0\0\0\0\5\0\0\0", 16, -EOPNOTSUPP}, /* AF_XDP, shared umem */
	{"\x2c\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, 0},
	{"\x18\0\1\0\0\0\0\0\0\0\7\0\0\0\0\0", 16, -EOPNOTSUPP}, /* AF_PPPOX, L2TP */
	{"\x18\0\0\0\0\0\0\0\0\0\7\0\0\0\0\0", 16, 0},           /* AF_PPPOX, PPPoE */
	{"\x02\0\1\0\0\0", 6, 0},
	{"\x2c\0\1", 3, 0}, /* too short for anybody */
};

static void addresses_with_descriptors(void **state)
{
	struct fake f;
	struct call c;

	EACH_WAY(w) for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		for (int nr = CALL_bind; nr <= CALL_connect; nr++) {
			fake_init(&f);
			fake_put(&f, ADDR, addresses[i].bytes, addresses[i].len);
			assert_int_equal(ask(w, &f, &c, nr, SOCK, ADDR, addresses[i].len), addresses[i].err);
			call_free(&c);
			fake_free(&f);
		}
}

/* RDS: addresses in control messages, also behind another message and not padded. */
static void control_with_addresses(void **state)
{
	struct fake f;
	struct call c;
	uint8_t control[128] = {0};

	EACH_WAY(w) for (int level = SOL_RDS_ - 1; level <= SOL_RDS_; level++) {
		size_t len = control_write(w->abi, control, SOL_SOCKET, 99, "abcd", 4);

		control_write(w->abi, control + len, level, 1, "xyz", 3);
		len += control_head(w->abi) + 3;
		fake_init(&f);
		fake_put(&f, VAL, control, len);
		header_map(&f, w->abi, HDR, &(struct header){.control = VAL, .controllen = len});
		assert_int_equal(ask(w, &f, &c, CALL_sendmsg, SOCK, HDR, 0),
				 level == SOL_RDS_ ? -EOPNOTSUPP : 0);
		call_free(&c);
		fake_free(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_with_addresses),
		cmocka_unit_test(fanout),
		cmocka_unit_test(endless_filter),
		cmocka_unit_test(vsock_timeout),
		cmocka_unit_test(addresses_with_descriptors),
		cmocka_unit_test(control_with_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
