/*
 * reply.c - addresses, option values, payload, messages and descriptors as they come
 * into the caller's memory. All of it is POISON before: what Linux leaves alone must
 * be POISON after. Control messages: control.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "../../src/reply/reply.h"
#include "../decode/way.h"

enum { SOCK = FAKE_SOCKET, ADDR = 0x20000, LEN = 0x21000, HDR = 0x22000, BUF = 0x23000,
       IOV = 0x24000, TIME = 0x25000, SV = 0x26000, VAL = 0x27000, BAD = 0x666000 };
enum { NO_HANDLE = 1 << 24 }; /* closing it hurts nobody */

static void done(struct fake *f, struct call *c, struct result *r)
{
	call_free(c);
	result_free(r);
	fake_free(f);
}

static void filled(const uint8_t *bytes, size_t from, size_t to, uint8_t with)
{
	for (size_t i = from; i < to; i++)
		assert_int_equal(bytes[i], with);
}

static void name_is(struct call_addr *a, int len)
{
	a->present = true;
	a->len = len;
	memset(a->bytes, 0x11, sizeof(a->bytes));
}

/* ---- addresses ---- */

/* Room, true length, how much of the room and of the length is there: the result. */
static void put_name(const struct way *w, enum call_nr nr, int room, int len, size_t mapped,
		     size_t len_mapped)
{
	struct fake f;
	struct call c;
	struct result r;
	int put = room < len ? room : len, want = 0;

	fake_init(&f);
	fake_map(&f, ADDR, mapped);
	fake_put(&f, LEN, &room, len_mapped);
	assert_int_equal(ask(w, &f, &c, nr, SOCK, ADDR, LEN, 0), 0);
	fake_forget(&f);
	result_init(&r);
	name_is(&r.addr, len);
	r.fd = nr == CALL_accept4 ? NO_HANDLE : -1;
	reply(&f.who, &c, &r);
	if (put > 128)
		put = 128;
	if (len_mapped < 4)
		want = -EFAULT;
	else if (room < 0)
		want = -EINVAL;
	else if (put > (int)mapped)
		want = -EFAULT;
	assert_int_equal(r.ret, want);
	if (len_mapped == 4) {
		assert_memory_equal(fake_region_at(&f, LEN)->bytes, room < 0 ? &room : &len, 4);
		filled(fake_region_at(&f, ADDR)->bytes, room < 0 ? 0 : put, mapped, POISON);
	} else {
		assert_int_equal(fake_written(fake_region_at(&f, ADDR)), 0);
	}
	if (!want)
		filled(fake_region_at(&f, ADDR)->bytes, 0, put, 0x11);
	done(&f, &c, &r);
}

static void names(void **state)
{
	static const enum call_nr nrs[] = {CALL_getsockname, CALL_getpeername, CALL_accept4};
	static const int rooms[] = {0, 1, 2, 15, 16, 17, 110, 128, 200, INT_MAX, -1, INT_MIN};
	static const int lens[] = {0, 2, 16, 28, 110, 111, 128};

	EACH_WAY(w) for (int k = 0; k < 3; k++) for (int i = 0; i < 12; i++) for (int j = 0; j < 7; j++) {
		put_name(w, nrs[k], rooms[i], lens[j], 200, 4);
		put_name(w, nrs[k], rooms[i], lens[j], 0, 4);
		put_name(w, nrs[k], rooms[i], lens[j], 10, 4);
		put_name(w, nrs[k], rooms[i], lens[j], 200, 3);
		put_name(w, nrs[k], rooms[i], lens[j], 200, 0);
	}
}

/* Without an address accept writes nothing; and it keeps the connection for catch. */
static void accept_no_name(void **state)
{
	struct fake f;
	struct call c;
	struct result r;

	EACH_WAY(w) {
		fake_init(&f);
		fake_map(&f, LEN, 4);
		assert_int_equal(ask(w, &f, &c, CALL_accept4, SOCK, 0, LEN, 0), 0);
		result_init(&r);
		name_is(&r.addr, 16);
		r.fd = NO_HANDLE;
		reply(&f.who, &c, &r);
		assert_int_equal(r.ret, 0);
		assert_int_equal(r.fd, NO_HANDLE);
		assert_int_equal(f.installs, 0);
		assert_int_equal(fake_written(fake_region_at(&f, LEN)), 0);
		done(&f, &c, &r);
	}
}

/* ---- options ---- */

static void ask_option(const struct way *w, struct fake *f, struct call *c, int level, int name,
		       int room, size_t mapped, const void *val, size_t val_len)
{
	fake_init(f);
	uint8_t *to = fake_map(f, VAL, mapped);
	if (val_len)
		memcpy(to, val, val_len);
	fake_put(f, LEN, &room, 4);
	assert_int_equal(ask(w, f, c, CALL_getsockopt, SOCK, level, name, VAL, LEN), 0);
	fake_forget(f);
}

static void give(struct result *r, const void *val, int len, int size)
{
	result_init(r);
	r->opt = calloc(1, size + 1);
	assert_non_null(r->opt);
	memcpy(r->opt, val, len);
	r->opt_len = len;
	r->opt_len_set = true;
}

static void option_values(void **state)
{
	static const uint8_t val[64] = "abcdefghijklmnopqrstuvwxyz";
	struct fake f;
	struct call c;
	struct result r;

	EACH_WAY(w) for (int level = 0; level < 2; level++) for (int len = 0; len <= 40; len++)
		for (int mapped = 0; mapped <= 40; mapped += 5) {
			ask_option(w, &f, &c, level, 1234, 40, mapped, NULL, 0);
			give(&r, val, len, 40);
			reply(&f.who, &c, &r);
			assert_int_equal(r.ret, len > mapped ? -EFAULT : 0);
			filled(fake_region_at(&f, VAL)->bytes, len < mapped ? len : mapped, mapped, POISON);
			/* SOL_SOCKET writes the length last, others first. */
			int told = *(int *)fake_region_at(&f, LEN)->bytes;
			assert_int_equal(told, r.ret == 0 || level != SOL_SOCKET ? len : 40);
			if (!r.ret)
				assert_memory_equal(fake_region_at(&f, VAL)->bytes, val, len);
			done(&f, &c, &r);
		}
	EACH_WAY(w) { /* an error that tells a length; one that does not; one of the length */
		ask_option(w, &f, &c, SOL_SOCKET, 31, 4, 4, NULL, 0);
		result_init(&r);
		r.ret = -ERANGE;
		r.opt_len = 33;
		r.opt_len_set = true;
		reply(&f.who, &c, &r);
		assert_int_equal(r.ret, -ERANGE);
		assert_int_equal(*(int *)fake_region_at(&f, LEN)->bytes, 33);
		filled(fake_region_at(&f, VAL)->bytes, 0, 4, POISON);
		done(&f, &c, &r);
		ask_option(w, &f, &c, SOL_SOCKET, 31, 4, 4, NULL, 0);
		result_init(&r);
		r.ret = -ENOPROTOOPT;
		reply(&f.who, &c, &r);
		assert_int_equal(fake_written(fake_region_at(&f, LEN)), 0);
		done(&f, &c, &r);
	}
}

static void option_times(void **state)
{
	static const struct timeval tv = {5, 250000};
	static const int32_t narrow[2] = {5, 250000};
	struct fake f;
	struct call c;
	struct result r;

	EACH_WAY(w) for (int room = 0; room <= 24; room++) {
		const bool is_narrow = w->abi->word == 4;
		const int full = is_narrow ? 8 : 16, len = room < full ? room : full;

		ask_option(w, &f, &c, SOL_SOCKET, 20, room, 24, NULL, 0);
		give(&r, &tv, is_narrow || room > 16 ? 16 : room, 24);
		reply(&f.who, &c, &r);
		assert_int_equal(r.ret, 0);
		assert_int_equal(*(int *)fake_region_at(&f, LEN)->bytes, len);
		assert_memory_equal(fake_region_at(&f, VAL)->bytes, is_narrow ? (void *)narrow : (void *)&tv, len);
		filled(fake_region_at(&f, VAL)->bytes, len, 24, POISON);
		done(&f, &c, &r);
	}
}

/* A list of sources may be longer than optlen said. */
static void option_sources(void **state)
{
	struct fake f;
	struct call c;
	struct result r;

	EACH_WAY(w) {
		const int head = w->abi->word == 4 ? 140 : 144;
		uint8_t in[144] = {0}, out[144 + 256], want[144 + 256];

		memcpy(in + head - 4, &(uint32_t){2}, 4);
		for (int i = 0; i < (int)sizeof(out); i++)
			out[i] = i;
		memcpy(want, out, sizeof(want));
		if (w->abi->word == 4)
			memmove(want + 4, out + 8, sizeof(out) - 8);
		ask_option(w, &f, &c, IPPROTO_IP, MCAST_MSFILTER, head, 500, in, head);
		give(&r, out, sizeof(out), sizeof(out));
		reply(&f.who, &c, &r);
		assert_int_equal(r.ret, 0);
		assert_int_equal(*(int *)fake_region_at(&f, LEN)->bytes, head + 256);
		assert_memory_equal(fake_region_at(&f, VAL)->bytes, want, head + 256);
		filled(fake_region_at(&f, VAL)->bytes, head + 256, 500, POISON);
		done(&f, &c, &r);
	}
}

static void option_filter(void **state)
{
	uint8_t code[24] = "0123456789abcdefghijklm";
	struct fake f;
	struct call c;
	struct result r;

	EACH_WAY(w) for (int room = 0; room <= 3; room += 3) {
		ask_option(w, &f, &c, SOL_SOCKET, SO_GET_FILTER, room, 32, NULL, 0);
		give(&r, code, sizeof(code), 24);
		r.opt_len = 3; /* instructions */
		reply(&f.who, &c, &r);
		assert_int_equal(r.ret, 0);
		assert_int_equal(*(int *)fake_region_at(&f, LEN)->bytes, 3);
		if (room)
			assert_memory_equal(fake_region_at(&f, VAL)->bytes, code, 24);
		filled(fake_region_at(&f, VAL)->bytes, room * 8, 32, POISON);
		done(&f, &c, &r);
	}
}

static void option_pidfd(void **state)
{
	struct fake f;
	struct call c;
	struct result r;

	EACH_WAY(w) for (unsigned places = 0; places < 2; places++) for (int room = 0; room <= 4; room++) {
		ask_option(w, &f, &c, SOL_SOCKET, 77, room, 4, NULL, 0);
		give(&r, &(int){NO_HANDLE}, 4, 4);
		f.fd_room = places;
		reply(&f.who, &c, &r);
		assert_int_equal(r.ret, places ? 0 : -EMFILE);
		assert_int_equal(f.installs, places);
		if (places) {
			assert_int_equal(*(int *)fake_region_at(&f, LEN)->bytes, room);
			assert_memory_equal(fake_region_at(&f, VAL)->bytes, &(int){FAKE_INSTALLED}, room);
			assert_true(f.installed_cloexec[0]);
		}
		done(&f, &c, &r);
	}
	EACH_WAY(w) { /* memory that cannot take the number: no descriptor */
		ask_option(w, &f, &c, SOL_SOCKET, 77, 4, 3, NULL, 0);
		give(&r, &(int){NO_HANDLE}, 4, 4);
		reply(&f.who, &c, &r);
		assert_int_equal(r.ret, -EFAULT);
		assert_int_equal(f.installs, 0);
		done(&f, &c, &r);
	}
}

/* ---- descriptors ---- */

static void pairs(void **state)
{
	struct fake f;
	struct call c;
	struct result r;

	EACH_WAY(w) for (size_t mapped = 0; mapped <= 8; mapped++) for (int cloexec = 0; cloexec < 2; cloexec++) {
		fake_init(&f);
		fake_map(&f, SV, mapped);
		assert_int_equal(ask(w, &f, &c, CALL_socketpair, AF_UNIX, SOCK_STREAM, 0, SV), 0);
		result_init(&r);
		r.pair[0] = NO_HANDLE;
		r.pair[1] = NO_HANDLE + 1;
		r.cloexec = cloexec;
		reply(&f.who, &c, &r);
		assert_int_equal(r.ret, mapped < 8 ? -EFAULT : 0);
		assert_int_equal(f.installs, mapped < 8 ? 0 : 2);
		if (mapped == 8) {
			const int want[2] = {FAKE_INSTALLED, FAKE_INSTALLED + 1};

			assert_memory_equal(fake_region_at(&f, SV)->bytes, want, 8);
			assert_memory_equal(r.given_pair, want, 8);
			assert_int_equal(f.installed[0], NO_HANDLE);
			assert_int_equal(f.installed[1], NO_HANDLE + 1);
			assert_int_equal(f.installed_cloexec[0], cloexec);
			assert_int_equal(f.installed_cloexec[1], cloexec);
		}
		done(&f, &c, &r);
	}
	EACH_WAY(w) {
		fake_init(&f);
		f.fd_room = 0;
		fake_map(&f, SV, 8);
		assert_int_equal(ask(w, &f, &c, CALL_socketpair, AF_UNIX, SOCK_STREAM, 0, SV), 0);
		result_init(&r);
		r.pair[0] = r.pair[1] = NO_HANDLE;
		reply(&f.who, &c, &r);
		assert_int_equal(r.ret, -EMFILE);
		done(&f, &c, &r);
	}
}

/* ---- payload and messages ---- */

static struct result_msg *message(struct result *r, unsigned n, size_t data_len)
{
	r->msg = calloc(n, sizeof(*r->msg));
	assert_non_null(r->msg);
	r->nmsg = n;
	for (unsigned i = 0; i < n; i++) {
		r->msg[i].len = r->msg[i].data_len = data_len;
		r->msg[i].data = malloc(data_len + 1);
		assert_non_null(r->msg[i].data);
		memset(r->msg[i].data, 0x22, data_len);
	}
	return r->msg;
}

static void received(void **state)
{
	struct fake f;
	struct call c;
	struct result r;

	EACH_WAY(w) for (size_t len = 0; len <= 20; len++) for (size_t mapped = 0; mapped <= 20; mapped++) {
		int room = 16;

		fake_init(&f);
		fake_map(&f, BUF, mapped);
		fake_put(&f, LEN, &room, 4);
		fake_map(&f, ADDR, 32);
		assert_int_equal(ask(w, &f, &c, CALL_recvfrom, SOCK, BUF, 20, 0, ADDR, LEN), 0);
		fake_forget(&f);
		result_init(&r);
		name_is(&message(&r, 1, len)->name, 28);
		r.ret = len + 5; /* MSG_TRUNC: longer than what there is */
		reply(&f.who, &c, &r);
		assert_int_equal(r.ret, len > mapped ? -EFAULT : (int64_t)len + 5);
		assert_int_equal(r.unread, len > mapped);
		filled(fake_region_at(&f, BUF)->bytes, 0, len < mapped ? len : mapped, 0x22);
		filled(fake_region_at(&f, BUF)->bytes, len < mapped ? len : mapped, mapped, POISON);
		if (r.ret >= 0) {
			assert_int_equal(*(int *)fake_region_at(&f, LEN)->bytes, 28);
			filled(fake_region_at(&f, ADDR)->bytes, 0, 16, 0x11);
		}
		filled(fake_region_at(&f, ADDR)->bytes, r.ret < 0 ? 0 : 16, 32, POISON);
		done(&f, &c, &r);
	}
}

/* Only name, its length, control length and flags of a header come out. */
static void headers(void **state)
{
	struct fake f;
	struct call c;
	struct result r;

	EACH_WAY(w) for (int named = 0; named < 2; named++) for (int truelen = 0; truelen < 130; truelen += 43) {
		const unsigned word = w->abi->word;
		uint8_t before[64], *after;

		fake_init(&f);
		fake_map(&f, ADDR, 64);
		fake_map(&f, BUF, 10);
		fake_words(&f, w->abi, IOV, BUF, 10);
		header_map(&f, w->abi, HDR, &(struct header){.name = named ? ADDR : 0, .namelen = 50,
							     .iov = IOV, .iovlen = 1, .flags = -1});
		after = fake_region_at(&f, HDR)->bytes;
		memcpy(before, after, header_size(w->abi));
		assert_int_equal(ask(w, &f, &c, CALL_recvmsg, SOCK, HDR, 0), 0);
		fake_forget(&f);
		result_init(&r);
		struct result_msg *m = message(&r, 1, 7);
		m->flags = MSG_EOR | MSG_TRUNC;
		name_is(&m->name, truelen);
		r.ret = 7;
		reply(&f.who, &c, &r);
		assert_int_equal(r.ret, 7);
		if (named)
			memcpy(before + word, &truelen, 4);
		abi_put(w->abi, before + 5 * word, 0);
		memcpy(before + 6 * word, &(int){MSG_EOR | MSG_TRUNC}, 4);
		assert_memory_equal(after, before, header_size(w->abi));
		assert_int_equal(fake_written(fake_region_at(&f, HDR)), word + 4 + (named ? 4 : 0));
		assert_int_equal(fake_written(fake_region_at(&f, IOV)), 0);
		int put = !named ? 0 : truelen < 50 ? truelen : 50;
		filled(fake_region_at(&f, ADDR)->bytes, put, 64, POISON);
		filled(fake_region_at(&f, ADDR)->bytes, 0, put, 0x11);
		done(&f, &c, &r);
	}
}

/* Payload over pieces, one of which faults in its middle. */
static void scattered(void **state)
{
	enum { N = 20, EACH = 10 };
	struct fake f;
	struct call c;
	struct result r;

	EACH_WAY(w) for (unsigned n = 1; n <= N; n += 3) for (unsigned bad = 0; bad <= n; bad++)
		for (size_t len = 0; len <= n * EACH; len += 7) {
			uint64_t words[2 * N];
			size_t good = bad < n ? bad * EACH + 4 : n * EACH, at = 0;

			fake_init(&f);
			for (unsigned i = 0; i < n; i++) {
				words[2 * i] = BUF + 64 * i;
				words[2 * i + 1] = EACH;
				fake_map(&f, BUF + 64 * i, i == bad ? 4 : EACH + 5);
			}
			fake_put_words(&f, w->abi, IOV, words, 2 * n);
			header_map(&f, w->abi, HDR, &(struct header){.iov = IOV, .iovlen = n});
			assert_int_equal(ask(w, &f, &c, CALL_recvmsg, SOCK, HDR, 0), 0);
			fake_forget(&f);
			result_init(&r);
			message(&r, 1, len);
			r.ret = len;
			reply(&f.who, &c, &r);
			assert_int_equal(r.ret, len > good ? -EFAULT : (int64_t)len);
			assert_int_equal(r.unread, len > good);
			for (unsigned i = 0; i < n; i++, at += EACH) {
				const struct fake_region *to = fake_region_at(&f, BUF + 64 * i);
				size_t end = len < good ? len : good;
				size_t put = end < at ? 0 : end - at < EACH ? end - at : EACH;

				filled(to->bytes, 0, put, 0x22);
				filled(to->bytes, put, to->len, POISON);
			}
			if (r.ret < 0)
				assert_int_equal(fake_written(fake_region_at(&f, HDR)), 0);
			done(&f, &c, &r);
		}
}

/* ---- several messages ---- */

static void ask_many(const struct way *w, struct fake *f, struct call *c, enum call_nr nr, unsigned n,
		     size_t mapped, uint64_t time)
{
	const size_t step = header_size(w->abi) + (w->abi->word == 8 ? 8 : 4);
	uint8_t *to;

	fake_init(f);
	fake_map(f, BUF, 100);
	fake_words(f, w->abi, IOV, BUF, 10, BUF + 10, 10, BUF + 20, 10, BUF + 30, 10);
	fake_words(f, w->abi, TIME, 7, 8);
	to = fake_map(f, HDR, step * n);
	for (unsigned i = 0; i < n; i++)
		header_write(w->abi, to + i * step,
			     &(struct header){.iov = IOV + 2 * w->abi->word * i, .iovlen = 1});
	assert_int_equal(ask(w, f, c, nr, SOCK, HDR, n, 0, time), 0);
	fake_forget(f);
	fake_region_at(f, HDR)->len = mapped; /* another thread has unmapped it */
}

static void many_lengths(void **state)
{
	enum { N = 4 };
	static const enum call_nr nrs[] = {CALL_sendmmsg, CALL_recvmmsg};
	struct fake f;
	struct call c;
	struct result r;

	EACH_WAY(w) for (int k = 0; k < 2; k++) {
		const size_t head = header_size(w->abi), step = head + (w->abi->word == 8 ? 8 : 4);

		for (unsigned got = 1; got <= N; got++) for (size_t mapped = 0; mapped <= N * step; mapped++) {
			unsigned whole = 0;

			while (whole < got && mapped >= whole * step + head + 4)
				whole++;
			ask_many(w, &f, &c, nrs[k], N, mapped, 0);
			result_init(&r);
			message(&r, got, 6);
			r.ret = got;
			reply(&f.who, &c, &r);
			assert_int_equal(r.ret, whole ? (int64_t)whole : -EFAULT);
			const uint8_t *bytes = fake_region_at(&f, HDR)->bytes;
			for (unsigned i = 0; i < whole; i++) {
				assert_int_equal(*(uint32_t *)(bytes + i * step + head), 6);
				if (w->abi->word == 8) /* padding */
					filled(bytes + i * step + head, 4, 8, POISON);
			}
			for (unsigned i = got; i < N; i++)
				filled(bytes + i * step + head, 0, step - head, POISON);
			done(&f, &c, &r);
		}
	}
}

static void time_left(void **state)
{
	struct fake f;
	struct call c;
	struct result r;

	EACH_WAY(w) for (int set = 0; set < 2; set++) for (int ret = -1; ret < 2; ret++) {
		ask_many(w, &f, &c, CALL_recvmmsg, 1, 64, TIME);
		const size_t size = 2 * w->abi->word;
		uint8_t want[16];

		memcpy(want, fake_region_at(&f, TIME)->bytes, size);
		result_init(&r);
		message(&r, 1, 0);
		r.ret = ret < 0 ? -EAGAIN : ret;
		r.time_left_set = set;
		r.time_left = (struct timespec){3, 14};
		if (set && ret > 0) {
			abi_put(w->abi, want, 3);
			abi_put(w->abi, want + w->abi->word, 14);
		}
		reply(&f.who, &c, &r);
		assert_memory_equal(fake_region_at(&f, TIME)->bytes, want, size);
		done(&f, &c, &r);
		if (set && ret > 0) { /* where it cannot be written, the call fails */
			ask_many(w, &f, &c, CALL_recvmmsg, 1, 64, TIME);
			fake_region_at(&f, TIME)->len = size - 1;
			result_init(&r);
			message(&r, 1, 0);
			r.ret = 1;
			r.time_left_set = true;
			reply(&f.who, &c, &r);
			assert_int_equal(r.ret, -EFAULT);
			done(&f, &c, &r);
		}
	}
}

/* Nobody is left: nothing is written, and what was received is not called unread. */
static void gone(void **state)
{
	struct fake f;
	struct call c;
	struct result r;

	EACH_WAY(w) {
		fake_init(&f);
		fake_map(&f, BUF, 20);
		assert_int_equal(ask(w, &f, &c, CALL_recvfrom, SOCK, BUF, 20, 0, 0, 0), 0);
		f.gone = -ESRCH;
		result_init(&r);
		message(&r, 1, 5);
		r.ret = 5;
		reply(&f.who, &c, &r);
		assert_int_equal(r.ret, -ESRCH);
		assert_false(r.unread);
		done(&f, &c, &r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(accept_no_name),
		cmocka_unit_test(option_values),
		cmocka_unit_test(option_times),
		cmocka_unit_test(option_sources),
		cmocka_unit_test(option_filter),
		cmocka_unit_test(option_pidfd),
		cmocka_unit_test(pairs),
		cmocka_unit_test(received),
		cmocka_unit_test(headers),
		cmocka_unit_test(scattered),
		cmocka_unit_test(many_lengths),
		cmocka_unit_test(time_left),
		cmocka_unit_test(gone),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
