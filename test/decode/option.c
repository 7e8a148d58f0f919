/*
 * option.c - values of options: the same bytes in every ABI but for a few, which are
 * widened; those that hold addresses are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "way.h"

enum { SOCK = FAKE_SOCKET, BAD = 0x666000, VAL = 0x20000, LEN = 0x21000, CODE = 0x22000 };
enum { RCVTIMEO_OLD = 20, SNDTIMEO_OLD = 21, RCVTIMEO_NEW = 66 };

static void done(struct fake *f, struct call *c)
{
	call_free(c);
	fake_free(f);
}

/* setsockopt of `len` bytes, `mapped` of which are there. */
static int set(const struct way *w, struct fake *f, struct call *c, int level, int name,
	       const void *val, int len, size_t mapped)
{
	fake_init(f);
	fake_put(f, VAL, val, mapped);
	return ask(w, f, c, CALL_setsockopt, SOCK, level, name, VAL, len);
}

static int get(const struct way *w, struct fake *f, struct call *c, int level, int name, int len,
	       const void *val, size_t mapped)
{
	fake_init(f);
	fake_put(f, LEN, &len, 4);
	fake_put(f, VAL, val, mapped);
	return ask(w, f, c, CALL_getsockopt, SOCK, level, name, VAL, LEN);
}

static void plain(void **state)
{
	static const struct { int level, name; } some[] = {
		{SOL_SOCKET, SO_SNDBUF}, {SOL_SOCKET, RCVTIMEO_NEW}, {IPPROTO_TCP, 1}, {IPPROTO_IPV6, 26},
		{-1, -1}, {12345, 42}, {SOL_SOCKET, INT_MAX}, {IPPROTO_IP, IP_ADD_MEMBERSHIP},
	};
	uint8_t bytes[64];
	struct fake f;
	struct call c;

	for (int i = 0; i < 64; i++)
		bytes[i] = i + 1;
	EACH_WAY(w) for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		for (size_t len = 0; len <= 64; len += 1 + len / 8) for (size_t cut = 0; cut <= len; cut++) {
			assert_int_equal(set(w, &f, &c, some[i].level, some[i].name, bytes, len, len - cut), 0);
			assert_int_equal(c.opt.host_len, len);
			assert_int_equal(c.opt.val_len, len - cut); /* what is missing, the kernel misses */
			assert_memory_equal(c.opt.val, bytes, len - cut);
			done(&f, &c);
		}
	EACH_WAY(w) { /* NULL; and a length that nothing has */
		fake_init(&f);
		assert_int_equal(ask(w, &f, &c, CALL_setsockopt, SOCK, 1, 2, 0, 4), 0);
		assert_int_equal(c.opt.val_len, 0);
		assert_int_equal(f.stray, 0);
		done(&f, &c);
		assert_int_equal(set(w, &f, &c, SOL_SOCKET, SO_SNDBUF, bytes, INT_MAX, 64), 0);
		assert_int_equal(c.opt.host_len, INT_MAX);
		assert_int_equal(c.opt.val_len, 64);
		done(&f, &c);
	}
}

static void timevals(void **state)
{
	static const int names[] = {RCVTIMEO_OLD, SNDTIMEO_OLD};
	struct fake f;
	struct call c;

	EACH_WAY(w) for (int k = 0; k < 2; k++) for (int len = 0; len <= 20; len++)
		for (int mapped = 0; mapped <= len; mapped++) {
			const bool narrow = w->abi->word == 4;
			uint8_t bytes[20];
			struct timeval tv = {-3, 999999};
			int32_t t[2] = {-3, 999999};

			memset(bytes, 0, sizeof(bytes));
			memcpy(bytes, narrow ? (void *)t : (void *)&tv, narrow ? sizeof(t) : sizeof(tv));
			assert_int_equal(set(w, &f, &c, SOL_SOCKET, names[k], bytes, len, mapped), 0);
			if (!narrow || len < 8) { /* as it is: too short is too short */
				assert_int_equal(c.opt.host_len, len);
				assert_int_equal(c.opt.val_len, mapped);
			} else {
				assert_int_equal(c.opt.host_len, 16);
				assert_int_equal(c.opt.val_len, mapped < 8 ? 0 : 16);
				if (mapped >= 8)
					assert_memory_equal(c.opt.val, &tv, 16);
			}
			done(&f, &c);
		}
	EACH_WAY(w) for (int len = 0; len <= 20; len++) {
		assert_int_equal(get(w, &f, &c, SOL_SOCKET, RCVTIMEO_OLD, len, NULL, 0), 0);
		assert_int_equal(c.opt.narrow, w->abi->word == 4);
		assert_int_equal(c.opt.len, len);
		assert_int_equal(c.opt.host_room, w->abi->word == 4 ? 16 : len);
		done(&f, &c);
	}
}

static void filters(void **state)
{
	static const int names[] = {SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF};
	struct sock_filter code[3] = {{0x28, 0, 0, 12}, {0x15, 0, 1, 0x800}, {6, 0, 0, 0xffff}};
	struct fake f;
	struct call c;

	EACH_WAY(w) for (int k = 0; k < 2; k++) for (int len = 0; len <= 20; len++) {
		const int size = 2 * w->abi->word;
		uint8_t prog[20] = {3};

		abi_put(w->abi, prog + w->abi->word, CODE);
		fake_init(&f);
		fake_put(&f, CODE, code, sizeof(code));
		fake_put(&f, VAL, prog, len);
		assert_int_equal(ask(w, &f, &c, CALL_setsockopt, SOCK, SOL_SOCKET, names[k], VAL, len), 0);
		if (len == size) {
			const struct sock_fprog *p = (const struct sock_fprog *)c.opt.val;

			assert_int_equal(c.opt.host_len, sizeof(*p));
			assert_int_equal(p->len, 3);
			assert_memory_equal(p->filter, code, sizeof(code));
		} else { /* EINVAL by the kernel, whatever length it takes */
			assert_int_equal(c.opt.host_len, len < 4 ? len : 5);
			assert_true((int)c.opt.val_len <= len);
			assert_int_not_equal(c.opt.host_len, sizeof(struct sock_fprog));
			assert_int_equal(fake_region_at(&f, CODE)->reads[0], 0);
		}
		done(&f, &c);
	}
}

/* Instructions that are not there are not there for the kernel either. */
static void filters_that_fault(void **state)
{
	struct fake f;
	struct call c;

	EACH_WAY(w) for (unsigned n = 0; n <= 5; n++) for (size_t mapped = 0; mapped <= 24; mapped++) {
		uint8_t prog[16] = {n};
		const uint64_t at = mapped ? CODE : 0;

		abi_put(w->abi, prog + w->abi->word, at);
		fake_init(&f);
		fake_map(&f, CODE, mapped);
		fake_put(&f, VAL, prog, 2 * w->abi->word);
		assert_int_equal(ask(w, &f, &c, CALL_setsockopt, SOCK, SOL_SOCKET, SO_ATTACH_FILTER, VAL,
				     2 * w->abi->word), 0);
		const struct sock_fprog *p = (const struct sock_fprog *)c.opt.val;
		assert_int_equal(p->len, n);
		if (!at)
			assert_null(p->filter);
		else if (n * 8 > mapped)
			assert_ptr_equal(p->filter, (void *)1);
		else
			assert_true((uintptr_t)p->filter > 4096);
		done(&f, &c);
	}
	EACH_WAY(w) for (size_t mapped = 0; mapped < 2 * w->abi->word; mapped++) {
		uint8_t prog[16] = {1};

		assert_int_equal(set(w, &f, &c, SOL_SOCKET, SO_ATTACH_FILTER, prog, 2 * w->abi->word, mapped), 0);
		assert_true(c.opt.val_len <= mapped && c.opt.host_len == sizeof(struct sock_fprog));
		done(&f, &c);
	}
}

/* An int, then addresses: aligned to 4 there, to 8 here. */
static void groups(void **state)
{
	static const struct { int name, narrow; } some[] = {
		{MCAST_JOIN_GROUP, 132}, {MCAST_LEAVE_GROUP, 132}, {MCAST_JOIN_SOURCE_GROUP, 260},
		{MCAST_LEAVE_SOURCE_GROUP, 260}, {MCAST_BLOCK_SOURCE, 260}, {MCAST_UNBLOCK_SOURCE, 260},
		{MCAST_MSFILTER, 140 + 2 * 128},
	};
	static const int levels[] = {IPPROTO_IP, IPPROTO_IPV6};
	struct fake f;
	struct call c;

	EACH_WAY(w) for (size_t i = 0; i < 14; i++) {
		const int narrow = some[i / 2].narrow, name = some[i / 2].name;
		uint8_t bytes[500], want[504] = {0};

		for (int k = 0; k < 500; k++)
			bytes[k] = 1 + k % 255;
		memcpy(want, bytes, 4);
		memcpy(want + 8, bytes + 4, 496);
		for (int len = 0; len <= narrow + 5; len++) for (int cut = 0; cut < 2; cut++) {
			int mapped = cut ? len / 2 : len;

			assert_int_equal(set(w, &f, &c, levels[i % 2], name, bytes, len, mapped), 0);
			if (w->abi->word == 8) {
				assert_int_equal(c.opt.host_len, len);
				assert_memory_equal(c.opt.val, bytes, mapped);
			} else {
				assert_int_equal(c.opt.host_len, len < 4 ? len : len + 4);
				assert_int_equal(c.opt.val_len, mapped < 4 ? mapped : mapped + 4);
				assert_memory_equal(c.opt.val, want, c.opt.val_len);
			}
			done(&f, &c);
		}
		assert_int_equal(set(w, &f, &c, levels[i % 2], name, bytes, INT_MAX, narrow), 0);
		assert_int_equal(c.opt.host_len, INT_MAX);
		done(&f, &c);
	}
}

/* The room of a list of sources is in the value itself. */
static void source_lists(void **state)
{
	static const uint32_t counts[] = {0, 1, 10, 64, 4096, 4097, 0x7fffffff, 0xffffffff};
	struct fake f;
	struct call c;

	EACH_WAY(w) for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		const int head = w->abi->word == 4 ? 140 : 144;
		uint8_t bytes[144] = {0};
		int n = counts[i] < 4096 ? counts[i] : 4096;

		memcpy(bytes + head - 4, &counts[i], 4);
		assert_int_equal(get(w, &f, &c, IPPROTO_IP, MCAST_MSFILTER, head, bytes, head), 0);
		assert_int_equal(c.opt.host_room, 144 + 128 * n);
		assert_true(c.opt.grows);
		assert_int_equal(c.opt.narrow, w->abi->word == 4);
		assert_int_equal(c.opt.val_len, 144);
		done(&f, &c);
		assert_int_equal(get(w, &f, &c, IPPROTO_IP, MCAST_MSFILTER, INT_MAX, bytes, head), 0);
		assert_true(c.opt.host_room > 0);
		done(&f, &c);
	}
}

static void descriptors(void **state)
{
	static const int names[] = {SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_EBPF};
	struct fake f;
	struct call c;
	int fd;

	EACH_WAY(w) for (int k = 0; k < 2; k++) {
		fd = FAKE_FILE;
		assert_int_equal(set(w, &f, &c, SOL_SOCKET, names[k], &fd, 4, 4), 0);
		assert_int_equal(c.opt.handle, FAKE_HANDLE + FAKE_FILE);
		assert_int_equal(*(int *)c.opt.val, FAKE_HANDLE + FAKE_FILE);
		done(&f, &c);
		fd = FAKE_NONE;
		assert_int_equal(set(w, &f, &c, SOL_SOCKET, names[k], &fd, 4, 4), 0);
		assert_true(c.opt.handle < 0);
		assert_true(*(int *)c.opt.val < 0);
		done(&f, &c);
		assert_int_equal(set(w, &f, &c, SOL_SOCKET, names[k], &fd, 4, 3), 0);
		assert_int_equal(c.opt.val_len, 3);
		assert_int_equal(c.opt.handle, -1);
		done(&f, &c);
	}
}

/* Values that hold addresses of the caller's memory: the kernel must not see them. */
static void refused(void **state)
{
	static const struct { int level, name; bool get, only32; } no[] = {
		{IPPROTO_TCP, 35, true, false}, {283, 4, false, false}, {132, 111, true, false},
		{132, 102, true, false}, {132, 122, true, false}, {IPPROTO_IP, 64, false, false},
		{IPPROTO_IPV6, 64, false, false}, {IPPROTO_IP, 96, false, false}, {IPPROTO_IP, 128, false, false},
		{IPPROTO_IP, 64, true, true}, {IPPROTO_IPV6, 65, true, true}, {IPPROTO_IPV6, 6, true, true},
	};
	struct fake f;
	struct call c;

	EACH_WAY(w) for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		int want = no[i].only32 && w->abi->word == 8 ? 0 : -ENOPROTOOPT;

		if (no[i].get)
			assert_int_equal(get(w, &f, &c, no[i].level, no[i].name, 64, NULL, 0), want);
		else
			assert_int_equal(set(w, &f, &c, no[i].level, no[i].name, NULL, 64, 0), want);
		if (want)
			assert_null(c.opt.val);
		done(&f, &c);
		/* Errors of Linux before it would look at the option stay what they are. */
		fake_init(&f);
		assert_int_equal(ask(w, &f, &c, CALL_setsockopt, FAKE_FILE, no[i].level, no[i].name, VAL, -1),
				 -ENOTSOCK);
		done(&f, &c);
		fake_init(&f);
		assert_int_equal(ask(w, &f, &c, CALL_setsockopt, SOCK, no[i].level, no[i].name, VAL, -1), -EINVAL);
		done(&f, &c);
	}
}

static void rooms(void **state)
{
	static const int lens[] = {0, 1, 4, 4096, INT_MAX, -1, INT_MIN};
	struct fake f;
	struct call c;

	EACH_WAY(w) for (int i = 0; i < 7; i++) for (int level = 0; level < 2; level++) {
		assert_int_equal(get(w, &f, &c, level, 9, lens[i], "1234", 4), 0);
		assert_int_equal(c.opt.len, lens[i]);
		assert_int_equal(c.opt.len_err, 0);
		assert_int_equal(c.opt.host_room, lens[i]);
		/* Below SOL_SOCKET some protocols read the value first. */
		if (level == SOL_SOCKET || lens[i] < 0)
			assert_int_equal(c.opt.val_len, 0);
		else
			assert_int_equal(c.opt.val_len, lens[i] < 4 ? lens[i] : 4);
		done(&f, &c);
	}
	EACH_WAY(w) { /* SO_PEERPIDFD is made even without room for its number */
		assert_int_equal(get(w, &f, &c, SOL_SOCKET, 77, 0, NULL, 0), 0);
		assert_int_equal(c.opt.host_room, 4);
		done(&f, &c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(timevals),
		cmocka_unit_test(filters),
		cmocka_unit_test(filters_that_fault),
		cmocka_unit_test(groups),
		cmocka_unit_test(source_lists),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(refused),
		cmocka_unit_test(rooms),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
