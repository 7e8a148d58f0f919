/*
 * control.c - control messages that are sent: the same bytes on 64 bits, widened to
 * the byte from 32; and lengths that lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "way.h"

enum { SOCK = FAKE_SOCKET, HDR = 0x21000, CONTROL = 0x41000, BIG = 2 << 20 };

/* sendmsg with that control room, `mapped` bytes of which are there. */
static int send_control(const struct way *w, struct fake *f, struct call *c, const void *bytes,
			uint64_t len, size_t mapped)
{
	fake_init(f);
	fake_put(f, CONTROL, bytes, mapped);
	header_map(f, w->abi, HDR, &(struct header){.control = CONTROL, .controllen = len});
	return ask(w, f, c, CALL_sendmsg, SOCK, HDR, 0);
}

static void done(struct fake *f, struct call *c)
{
	call_free(c);
	fake_free(f);
}

static void data_of(uint8_t *data, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++)
		data[i] = 1 + (i * 7 + seed) % 251;
}

/* Up to four messages of any small sizes, with or without the padding of the last. */
static void widened(void **state)
{
	static const size_t sizes[] = {0, 1, 3, 4, 5, 8, 11, 12, 16, 17};
	struct fake f;
	struct call c;

	EACH_WAY(w) for (int n = 1; n <= 3; n++) for (int k = 0; k < (n == 1 ? 10 : 100); k++) {
		uint8_t from[200] = {0}, want[200] = {0}, data[20];
		size_t in = 0, out = 0, end = 0, wide = 0;

		for (int i = 0; i < n; i++) {
			size_t len = sizes[i == 0 ? k % 10 : i == 1 ? k / 10 : (k * 3) % 10];
			struct cmsghdr *h = (struct cmsghdr *)(want + out);

			data_of(data, len, i);
			end = in + control_head(w->abi) + len;
			in += control_write(w->abi, from + in, 100 + i, 200 + i, data, len);
			h->cmsg_len = CMSG_LEN(len);
			h->cmsg_level = 100 + i;
			h->cmsg_type = 200 + i;
			memcpy(CMSG_DATA(h), data, len);
			wide = out + CMSG_LEN(len);
			out += CMSG_SPACE(len);
		}
		for (size_t len = end; len <= in; len++) {
			assert_int_equal(send_control(w, &f, &c, from, len, len), 0);
			if (w->abi->compat) {
				assert_int_equal(c.msg->control_len, out);
				assert_memory_equal(c.msg->control, want, out);
			} else { /* its own layout: as it is */
				assert_int_equal(c.msg->control_len, len);
				assert_memory_equal(c.msg->control, want, wide);
			}
			done(&f, &c);
		}
	}
}

/* 0 to 253 descriptors, and more: what is too much, the kernel says. */
static void descriptors(void **state)
{
	struct fake f;
	struct call c;

	EACH_WAY(w) for (int n = 0; n <= 300; n++) {
		uint8_t from[1300];
		int fd[300];

		for (int i = 0; i < n; i++)
			fd[i] = 1000 + i;
		size_t len = control_write(w->abi, from, SOL_SOCKET, SCM_RIGHTS, fd, n * sizeof(int));
		assert_int_equal(send_control(w, &f, &c, from, len, len), 0);
		struct cmsghdr *h = (struct cmsghdr *)c.msg->control;
		assert_int_equal(h->cmsg_len, CMSG_LEN(n * sizeof(int)));
		assert_int_equal(h->cmsg_level, SOL_SOCKET);
		assert_int_equal(h->cmsg_type, SCM_RIGHTS);
		assert_memory_equal(CMSG_DATA(h), fd, n * sizeof(int));
		done(&f, &c);
	}
}

/* Whatever else it is: a NULL pointer, one message, room of each length. */
static void short_rooms(void **state)
{
	struct fake f;
	struct call c;
	uint8_t from[64] = {0};

	EACH_WAY(w) {
		/* One empty message, then nothing: 32 bits look for the next if a byte is left. */
		control_write(w->abi, from, 1, 1, NULL, 0);
		for (size_t len = 0; len <= 20; len++) {
			int want = !len || len == 12 ? 0 : -EINVAL;

			if (!w->abi->compat)
				want = 0; /* given to the kernel as it is */
			assert_int_equal(send_control(w, &f, &c, from, len, 32), want);
			if (!want && w->abi->compat)
				assert_int_equal(c.msg->control_len, len ? 16 : 0);
			done(&f, &c);
		}
		assert_int_equal(send_control(w, &f, &c, from, 0, 0), 0);
		assert_null(c.msg->control);
		done(&f, &c);
	}
}

static void lengths_that_lie(void **state)
{
	static const uint32_t lies[] = {0, 1, 4, 8, 11, 25, 26, 100, 0x7fffffff, 0x80000000, 0xfffffff4,
					0xffffffff};
	struct fake f;
	struct call c;
	uint8_t from[64];

	for (int way = 0; way < 2; way++) for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		const struct way *w = &ways[way];

		/* The only one of 24 bytes; or the second of two. */
		memset(from, 0, sizeof(from));
		memcpy(from, &lies[i], 4);
		assert_int_equal(send_control(w, &f, &c, from, 24, 24), -EINVAL);
		assert_null(c.msg->control);
		done(&f, &c);
		control_write(w->abi, from, 1, 1, "abcd", 4);
		memcpy(from + 16, &lies[i], 4);
		assert_int_equal(send_control(w, &f, &c, from, 16 + 24, 16 + 24), -EINVAL);
		done(&f, &c);
		/* It says so before the bytes behind are missed. */
		assert_int_equal(send_control(w, &f, &c, from, 16 + 24, 16 + 4), -EINVAL);
		done(&f, &c);
		assert_int_equal(send_control(w, &f, &c, from, 16 + 24, 16 + 3), -EFAULT);
		done(&f, &c);
	}
}

/* Only the bytes of messages are missed, not the padding behind the last. */
static void padding_missing(void **state)
{
	struct fake f;
	struct call c;
	uint8_t from[32] = {0};

	for (int way = 0; way < 2; way++) {
		control_write(ways[way].abi, from, 1, 1, "a", 1);
		for (size_t mapped = 0; mapped <= 16; mapped++) {
			assert_int_equal(send_control(&ways[way], &f, &c, from, 16, mapped),
					 mapped < 13 ? -EFAULT : 0);
			done(&f, &c);
		}
	}
}

static void huge_rooms(void **state)
{
	static const uint64_t no[] = {0x80000000, 0xffffffff, UINT64_C(0x100000000), UINT64_MAX};
	uint8_t *big = calloc(1, BIG);
	struct fake f;
	struct call c;

	assert_non_null(big);
	EACH_WAY(w) {
		for (int i = 0; i < 4; i++) {
			if (w->abi->word == 4 && (uint32_t)no[i] != no[i])
				continue;
			assert_int_equal(send_control(w, &f, &c, big, no[i], 16), -ENOBUFS);
			done(&f, &c);
		}
		/* More than a kernel takes; it says so in two ways. */
		int want = w->abi->compat ? -ENOMEM : -ENOBUFS;
		control_write(w->abi, big, 1, 1, NULL, 0);
		abi_put(w->abi, big, BIG);
		assert_int_equal(send_control(w, &f, &c, big, BIG, BIG), want);
		done(&f, &c);
		assert_int_equal(send_control(w, &f, &c, big, BIG, 16), want);
		done(&f, &c);
		abi_put(w->abi, big, 0x7fffffff);
		assert_int_equal(send_control(w, &f, &c, big, 0x7fffffff, BIG), want);
		done(&f, &c);
	}
	free(big);
}

/* Of many messages with much control data each, what is copied stays bounded. */
static void many_large(void **state)
{
	enum { EACH = 64 << 10, N = 128 };
	uint8_t *big = calloc(N, EACH);
	struct fake f;
	struct call c;

	assert_non_null(big);
	EACH_WAY(w) {
		size_t step = header_size(w->abi) + (w->abi->word == 8 ? 8 : 4), sum = 0;

		fake_init(&f);
		uint8_t *to = fake_map(&f, HDR, step * N);
		for (int i = 0; i < N; i++) {
			uint64_t at = CONTROL + (uint64_t)i * EACH;

			control_write(w->abi, big + i * EACH, 1, 1, NULL, 0);
			abi_put(w->abi, big + i * EACH, EACH);
			header_write(w->abi, to + i * step,
				     &(struct header){.control = at, .controllen = EACH});
		}
		fake_put(&f, CONTROL, big, (size_t)N * EACH);
		assert_int_equal(ask(w, &f, &c, CALL_sendmmsg, SOCK, HDR, N, 0), 0);
		for (unsigned i = 0; i < c.nmsg; i++)
			sum += c.msg[i].control_len;
		assert_true(c.nmsg > 1 && c.nmsg < N);
		assert_int_equal(c.msg[c.nmsg - 1].err, 0);
		assert_true(sum < 2 << 20);
		done(&f, &c);
	}
	free(big);
}

/* What serve puts into a message of descriptors is found by the C library's macros:
 * they must go as far as the kernel goes, to a last message without its padding. A
 * C library that stopped before it would let the caller name our descriptors. */
static void walked_to_the_end(void **state)
{
	uint8_t bytes[64] = {0};
	size_t len = control_write(&abi_x86_64, bytes, SOL_SOCKET, SCM_CREDENTIALS, "123456789012", 12);
	struct cmsghdr *last = (struct cmsghdr *)(bytes + len);

	control_write(&abi_x86_64, bytes + len, SOL_SOCKET, SCM_RIGHTS, "1234", 4);
	for (size_t odd = 0; odd < 5; odd++) {
		struct msghdr h = {.msg_control = bytes, .msg_controllen = len + CMSG_LEN(odd)};

		last->cmsg_len = CMSG_LEN(odd);
		struct cmsghdr *first = CMSG_FIRSTHDR(&h);
		assert_ptr_equal(first, bytes);
		assert_ptr_equal(CMSG_NXTHDR(&h, first), last);
		assert_null(CMSG_NXTHDR(&h, last));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widened),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(short_rooms),
		cmocka_unit_test(lengths_that_lie),
		cmocka_unit_test(padding_missing),
		cmocka_unit_test(huge_rooms),
		cmocka_unit_test(many_large),
		cmocka_unit_test(walked_to_the_end),
	};

	return cmocka_run_group_tests_name("control messages", tests, NULL, NULL);
}
