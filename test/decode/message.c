/*
 * message.c - struct msghdr, iovecs, mmsghdr arrays and recvmmsg's timeout; and
 * what a fault at any byte of any structure does. Control messages: control.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../../src/decode/decode.h"
#include "way.h"

enum { SOCK = FAKE_SOCKET, BAD = 0x666000, NAME = 0x20000, HDR = 0x21000, IOV = 0x30000,
       CONTROL = 0x41000, BUF = 0x42000, TIME = 0x43000, RW_MAX = 0x7ffff000 };

static size_t step(const struct abi *abi)
{
	return header_size(abi) + (abi->word == 8 ? 8 : 4);
}

static void names(void **state)
{
	static const struct { int given, send, recv; } len[] = {
		{0, 0, 0}, {1, 1, 1}, {16, 16, 16}, {128, 128, 128}, {129, 128, 128}, {200, 128, 128},
		{INT_MAX, 128, 128}, {-1, -EINVAL, -EINVAL}, {INT_MIN, -EINVAL, -EINVAL},
	};
	struct fake f;
	struct call c;

	EACH_WAY(w) for (size_t i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
		uint8_t bytes[128];

		memset(bytes, 0x77, sizeof(bytes));
		fake_init(&f);
		fake_put(&f, NAME, bytes, sizeof(bytes));
		header_map(&f, w->abi, HDR, &(struct header){.name = NAME, .namelen = len[i].given});
		assert_int_equal(ask(w, &f, &c, CALL_sendmsg, SOCK, HDR, 0), len[i].send < 0 ? len[i].send : 0);
		if (len[i].send > 0) {
			assert_true(c.msg->name.present);
			assert_int_equal(c.msg->name.len, len[i].send);
			assert_memory_equal(c.msg->name.bytes, bytes, len[i].send);
		} else {
			assert_false(c.msg->name.present); /* of no length: no destination */
		}
		call_free(&c);
		fake_forget(&f);
		fake_region_at(&f, NAME)->len = 0;
		if (w->block)
			fake_region_at(&f, BLOCK)->at = BAD; /* the next call has its own */
		assert_int_equal(ask(w, &f, &c, CALL_recvmsg, SOCK, HDR, 0), len[i].recv < 0 ? len[i].recv : 0);
		if (len[i].recv >= 0) {
			assert_int_equal(c.msg->name.len, len[i].recv);
			assert_int_equal(c.msg->name.at, NAME);
			assert_false(c.msg->name.present);
		}
		call_free(&c);
		fake_free(&f);
	}
	EACH_WAY(w) { /* without a name its length means nothing */
		fake_init(&f);
		header_map(&f, w->abi, HDR, &(struct header){.namelen = -1, .flags = 0x1234});
		assert_int_equal(ask(w, &f, &c, CALL_sendmsg, SOCK, HDR, MSG_EOR), 0);
		assert_int_equal(c.msg->name.len, 0);
		assert_int_equal(c.msg->flags, 0x1234);
		assert_int_equal(c.flags, w->abi->compat ? (int)(MSG_EOR | 0x80000000) : MSG_EOR);
		assert_int_equal(c.msgs_at, HDR);
		assert_int_equal(c.msg->at, HDR);
		call_free(&c);
		fake_free(&f);
	}
}

static int send_iov(const struct way *w, struct fake *f, struct call *c, uint64_t iovlen,
		    const uint64_t *words, size_t n)
{
	fake_init(f);
	fake_put_words(f, w->abi, IOV, words, n);
	header_map(f, w->abi, HDR, &(struct header){.iov = IOV, .iovlen = iovlen});
	return ask(w, f, c, CALL_sendmsg, SOCK, HDR, 0);
}

static void iovecs(void **state)
{
	static const unsigned counts[] = {0, 1, 2, 7, 8, 9, 100, 1023, 1024};
	static uint64_t words[2 * 1024];
	struct fake f;
	struct call c;

	for (int i = 0; i < 1024; i++) {
		words[2 * i] = BUF + 64 * i;
		words[2 * i + 1] = i % 50;
	}
	EACH_WAY(w) for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
		assert_int_equal(send_iov(w, &f, &c, counts[k], words, 2 * counts[k]), 0);
		assert_int_equal(c.msg->iovlen, counts[k]);
		for (unsigned i = 0; i < counts[k]; i++) {
			assert_int_equal(c.msg->iov[i].at, BUF + 64 * i);
			assert_int_equal(c.msg->iov[i].len, i % 50);
		}
		assert_int_equal(f.stray, 0);
		call_free(&c);
		fake_free(&f);
	}
	EACH_WAY(w) {
		const uint64_t more[] = {1025, 0x7fffffff, 0xffffffff, UINT64_MAX};

		for (int i = 0; i < 4; i++) {
			assert_int_equal(send_iov(w, &f, &c, more[i], words, 2), -EMSGSIZE);
			call_free(&c);
			fake_free(&f);
		}
	}
}

/* Lengths that no ssize_t holds, before memory that does not follow. */
static void iovec_lengths(void **state)
{
	struct fake f;
	struct call c;

	EACH_WAY(w) {
		const uint64_t least = w->abi->word == 4 ? 0x80000000 : UINT64_C(1) << 63;
		const uint64_t most = least - 1;

		for (uint64_t n = 1; n <= 12; n++) for (uint64_t bad = 0; bad < n; bad++) {
			uint64_t words[24] = {0};

			words[2 * bad + 1] = bad % 2 ? least : UINT64_MAX;
			assert_int_equal(send_iov(w, &f, &c, n, words, 2 * n), -EINVAL);
			call_free(&c);
			fake_free(&f);
			/* Linux looks at them one by one: what follows need not be there. */
			assert_int_equal(send_iov(w, &f, &c, n, words, 2 * bad + 2), -EINVAL);
			call_free(&c);
			fake_free(&f);
			assert_int_equal(send_iov(w, &f, &c, n, words, 2 * bad + 1), -EFAULT);
			call_free(&c);
			fake_free(&f);
		}
		/* One is cut, of several the sum. */
		assert_int_equal(send_iov(w, &f, &c, 1, (uint64_t[]){BUF, most}, 2), 0);
		assert_int_equal(c.msg->iov[0].len, RW_MAX);
		call_free(&c);
		fake_free(&f);
		assert_int_equal(send_iov(w, &f, &c, 4, (uint64_t[]){BUF, 0x60000000, BUF, 0x30000000, BUF,
				 100, BUF, 0}, 8), 0);
		assert_int_equal(c.msg->iov[0].len, 0x60000000);
		assert_int_equal(c.msg->iov[1].len, RW_MAX - 0x60000000);
		assert_int_equal(c.msg->iov[2].len, 0);
		assert_int_equal(c.msg->iov[3].len, 0);
		call_free(&c);
		fake_free(&f);
	}
	/* Past the user range. */
	const struct way *wide = &ways[2];
	const uint64_t end = abi_x86_64.user_end;
	assert_int_equal(send_iov(wide, &f, &c, 1, (uint64_t[]){end - 5, 6}, 2), -EFAULT);
	fake_free(&f);
	assert_int_equal(send_iov(wide, &f, &c, 2, (uint64_t[]){BUF, 1, end - 5, 6}, 4), -EFAULT);
	fake_free(&f);
	assert_int_equal(send_iov(wide, &f, &c, 2, (uint64_t[]){BUF, RW_MAX, UINT64_MAX, 6}, 4), -EFAULT);
	fake_free(&f);
	assert_int_equal(send_iov(wide, &f, &c, 1, (uint64_t[]){end - 6, 6}, 2), 0);
	fake_free(&f);
}

/* ---- faults at every byte ---- */

struct scene {
	enum call_nr nr;
	uint64_t arg[6];
	/* What the call gives when that structure is cut anywhere. */
	struct { uint64_t at; int err; } part[7];
};

static const struct scene scenes[] = {
	{CALL_bind, {SOCK, NAME, 16}, {{NAME, EFAULT}}},
	{CALL_connect, {SOCK, NAME, 16}, {{NAME, EFAULT}}},
	{CALL_sendto, {SOCK, BUF, 10, 0, NAME, 16}, {{NAME, EFAULT}, {BUF, 0}}},
	{CALL_recvfrom, {SOCK, BUF, 10, 0, BAD, NAME}, {{NAME, 0}, {BUF, 0}}},
	{CALL_getsockname, {SOCK, BAD, NAME}, {{NAME, 0}}},
	{CALL_accept4, {SOCK, BAD, NAME, 0}, {{NAME, 0}}},
	{CALL_setsockopt, {SOCK, SOL_SOCKET, SO_LINGER, NAME, 16}, {{NAME, 0}}},
	{CALL_setsockopt, {SOCK, SOL_SOCKET, 20, NAME, 16}, {{NAME, 0}}},
	{CALL_setsockopt, {SOCK, 0, 42, BUF, 140}, {{BUF, 0}}},
	{CALL_getsockopt, {SOCK, SOL_SOCKET, SO_TYPE, BAD, NAME}, {{NAME, 0}}},
	{CALL_sendmsg, {SOCK, HDR, 0},
	 {{HDR, EFAULT}, {NAME, EFAULT}, {IOV, EFAULT}, {CONTROL, EFAULT}, {BUF, 0}}},
	{CALL_recvmsg, {SOCK, HDR, 0}, {{HDR, EFAULT}, {NAME, 0}, {IOV, EFAULT}, {CONTROL, 0}, {BUF, 0}}},
	{CALL_sendmmsg, {SOCK, HDR, 1, 0},
	 {{HDR, EFAULT}, {NAME, EFAULT}, {IOV, EFAULT}, {CONTROL, EFAULT}, {BUF, 0}}},
	{CALL_recvmmsg, {SOCK, HDR, 1, 0, TIME},
	 {{HDR, EFAULT}, {NAME, 0}, {IOV, EFAULT}, {CONTROL, 0}, {TIME, EFAULT}, {BUF, 0}}},
};

static void map_scene(struct fake *f, const struct abi *abi)
{
	uint8_t *control;

	fake_init(f);
	fake_put(f, NAME, (uint8_t[16]){16}, 16);
	fake_map(f, BUF, 200);
	fake_words(f, abi, TIME, 1, 2);
	fake_words(f, abi, IOV, BUF, 10, BUF, 20, BUF, 30);
	control = fake_map(f, CONTROL, 2 * (control_head(abi) + 8));
	control += control_write(abi, control, 1, 1, "12345678", 8);
	control_write(abi, control, 41, 50, "12345678", 8);
	header_map(f, abi, HDR, &(struct header){NAME, 16, IOV, 3, CONTROL,
						 2 * (control_head(abi) + 8), 0});
}

static void faults(void **state)
{
	struct fake f;
	struct call c;

	EACH_WAY(w) for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		const struct scene *s = &scenes[i];

		if (!way_has(w, s->nr))
			continue;
		map_scene(&f, w->abi);
		assert_int_equal(way_decode(w, &f, &c, s->nr, s->arg), 0);
		call_free(&c);
		fake_free(&f);
		for (int k = 0; s->part[k].at; k++) for (size_t cut = 1;; cut++) {
			map_scene(&f, w->abi);
			struct fake_region *r = fake_region_at(&f, s->part[k].at);
			if (cut > r->len) {
				fake_free(&f);
				break;
			}
			r->len -= cut;
			int err = way_decode(w, &f, &c, s->nr, s->arg), want = -s->part[k].err;
			if (err != want)
				fail_msg("%s %s: %#lx cut by %zu: %d", w->name, call_name(s->nr),
					 (long)s->part[k].at, cut, err);
			call_free(&c);
			fake_free(&f);
		}
	}
}

/* A room for an address that cannot be read is told late: by reply. */
static void late_lengths(void **state)
{
	struct fake f;
	struct call c;

	EACH_WAY(w) for (size_t len = 0; len <= 4; len++) {
		fake_init(&f);
		fake_map(&f, NAME, len);
		assert_int_equal(ask(w, &f, &c, CALL_getpeername, SOCK, BAD, NAME), 0);
		assert_int_equal(c.addr.len_err, len < 4 ? -EFAULT : 0);
		fake_free(&f);
		fake_init(&f);
		fake_map(&f, NAME, len);
		assert_int_equal(ask(w, &f, &c, CALL_getsockopt, SOCK, SOL_SOCKET, SO_TYPE, BAD, NAME), 0);
		assert_int_equal(c.opt.len_err, len < 4 ? -EFAULT : 0);
		call_free(&c);
		fake_free(&f);
	}
}

/* ---- several messages ---- */

static int ask_many(const struct way *w, struct fake *f, struct call *c, enum call_nr nr,
		    uint64_t vlen, unsigned mapped, unsigned bad)
{
	const size_t s = step(w->abi);

	fake_init(f);
	uint8_t *to = fake_map(f, HDR, s * mapped);
	for (unsigned i = 0; i < mapped; i++)
		header_write(w->abi, to + s * i, &(struct header){.flags = i, .iovlen = i == bad ? 1025 : 0});
	return ask(w, f, c, nr, SOCK, HDR, vlen, MSG_DONTWAIT);
}

static void many(void **state)
{
	static const enum call_nr nrs[] = {CALL_sendmmsg, CALL_recvmmsg};
	static const struct { uint64_t vlen; unsigned n; } lens[] = {
		{0, 0}, {1, 1}, {2, 2}, {1023, 1023}, {1024, 1024}, {1025, 1024}, {5000, 1024},
		{0xffffffff, 1024},
	};
	struct fake f;
	struct call c;

	EACH_WAY(w) for (int k = 0; k < 2; k++) {
		for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			assert_int_equal(ask_many(w, &f, &c, nrs[k], lens[i].vlen, lens[i].n, -1), 0);
			assert_int_equal(c.nmsg, lens[i].n);
			assert_int_equal(c.vlen, (unsigned)lens[i].vlen);
			for (unsigned m = 0; m < c.nmsg; m++) {
				assert_int_equal(c.msg[m].at, HDR + m * step(w->abi));
				assert_int_equal(c.msg[m].flags, m);
				assert_int_equal(c.msg[m].err, 0);
			}
			call_free(&c);
			fake_free(&f);
		}
		for (unsigned bad = 0; bad < 4; bad++) {
			assert_int_equal(ask_many(w, &f, &c, nrs[k], 4, 4, bad), bad ? 0 : -EMSGSIZE);
			assert_int_equal(c.nmsg, bad + 1);
			assert_int_equal(c.msg[bad].err, -EMSGSIZE);
			call_free(&c);
			fake_free(&f);
			assert_int_equal(ask_many(w, &f, &c, nrs[k], 4, bad, -1), bad ? 0 : -EFAULT);
			assert_int_equal(c.nmsg, bad + 1);
			assert_int_equal(c.msg[bad].err, -EFAULT);
			call_free(&c);
			fake_free(&f);
		}
	}
}

/* ---- recvmmsg's timeout ---- */

static const struct {
	int64_t sec, nsec;
	int err;
} times[] = {
	{0, 0, 0}, {1, 2, 0}, {0x7fffffff, 999999999, 0}, {-1, 0, EINVAL}, {0, -1, EINVAL},
	{0, 1000000000, EINVAL}, {-1, -1, EINVAL},
};

static int ask_time(const struct abi *abi, int sysno, struct fake *f, struct call *c)
{
	const uint64_t arg[6] = {SOCK, BAD, 0, 0, TIME};

	call_init(c);
	return decode(&f->who, abi, sysno, arg, c);
}

static void check_time(const struct call *c, int err, size_t i, enum call_time kind)
{
	assert_int_equal(err, -times[i].err);
	assert_int_equal(c->time, kind);
	assert_int_equal(c->time_at, TIME);
	if (!err) {
		assert_int_equal(c->timeout.tv_sec, times[i].sec);
		assert_int_equal(c->timeout.tv_nsec, times[i].nsec);
	}
}

static void timeouts(void **state)
{
	struct fake f;
	struct call c;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		const int32_t t32[2] = {times[i].sec, times[i].nsec};
		const int64_t t64[2] = {times[i].sec, times[i].nsec};
		/* On 32 bits the upper half of the nanoseconds is padding. */
		const int64_t padded[2] = {times[i].sec, (times[i].nsec & UINT32_MAX) | INT64_MIN};

		fake_init(&f);
		fake_put(&f, TIME, t32, sizeof(t32));
		check_time(&c, ask_time(&abi_i386, 337, &f, &c), i, TIME_32);
		fake_free(&f);
		fake_init(&f);
		fake_put(&f, TIME, t64, sizeof(t64));
		check_time(&c, ask_time(&abi_x86_64, 299, &f, &c), i, TIME_64);
		fake_free(&f);
		fake_init(&f);
		fake_put(&f, TIME, padded, sizeof(padded));
		check_time(&c, ask_time(&abi_i386, 417, &f, &c), i, TIME_64);
		fake_free(&f);
		fake_init(&f);
		fake_put(&f, TIME, t32, sizeof(t32));
		int err = ask(&ways[0], &f, &c, CALL_recvmmsg, SOCK, BAD, 0, 0, TIME);
		check_time(&c, err, i, TIME_32); /* socketcall: never time64 */
		fake_free(&f);
	}
	for (size_t len = 0; len <= 16; len++) {
		fake_init(&f);
		memset(fake_map(&f, TIME, len), 0, len);
		assert_int_equal(ask_time(&abi_i386, 337, &f, &c), len < 8 ? -EFAULT : 0);
		assert_int_equal(ask_time(&abi_i386, 417, &f, &c), len < 16 ? -EFAULT : 0);
		assert_int_equal(ask_time(&abi_x86_64, 299, &f, &c), len < 16 ? -EFAULT : 0);
		fake_free(&f);
	}
	fake_init(&f);
	assert_int_equal(ask(&ways[0], &f, &c, CALL_recvmmsg, SOCK, BAD, 0, 0, 0), 0);
	assert_int_equal(c.time, TIME_NONE);
	fake_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(iovecs),
		cmocka_unit_test(iovec_lengths),
		cmocka_unit_test(faults),
		cmocka_unit_test(late_lengths),
		cmocka_unit_test(many),
		cmocka_unit_test(timeouts),
	};

	return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
