/*
 * control.c - control messages that are received, as put_cmsg() and scm_detach_fds()
 * of Linux put them: cut, dropped, narrowed, and descriptors only as far as there is
 * room for their numbers. The handles are real here: after result_free() all must be
 * closed, whether they were installed or not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../src/reply/reply.h"
#include "../decode/way.h"

enum { SOCK = FAKE_SOCKET, HDR = 0x22000, CONTROL = 0x23000, MARGIN = 32, MOST = 253 };

struct test {
	const struct way *w;
	struct fake f;
	struct call c;
	struct result r;
	uint8_t host[8192]; /* what the kernel gave us */
	size_t host_len;
	int fd[MOST];
	unsigned nfd;
};

/* recvmsg with that room for control messages; MARGIN bytes behind it are mapped. */
static void begin(struct test *t, const struct way *w, size_t room)
{
	t->w = w;
	t->host_len = t->nfd = 0;
	memset(t->host, 0, sizeof(t->host));
	fake_init(&t->f);
	fake_map(&t->f, CONTROL, room + MARGIN);
	header_map(&t->f, w->abi, HDR, &(struct header){.control = CONTROL, .controllen = room});
	assert_int_equal(ask(w, &t->f, &t->c, CALL_recvmsg, SOCK, HDR, 0), 0);
	assert_true(t->c.msg->control_host_room >= room);
	fake_forget(&t->f);
}

static void add(struct test *t, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *h = (struct cmsghdr *)(t->host + t->host_len);

	h->cmsg_len = CMSG_LEN(len);
	h->cmsg_level = level;
	h->cmsg_type = type;
	memcpy(CMSG_DATA(h), data, len);
	t->host_len += CMSG_SPACE(len);
}

static void add_rights(struct test *t, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		t->fd[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(t->fd[i] >= 0);
	}
	t->nfd = n;
	add(t, SOL_SOCKET, SCM_RIGHTS, t->fd, n * sizeof(int));
}

/* Replies; returns the flags as the caller sees them, the length in *used. */
static int answer(struct test *t, bool cloexec, uint64_t *used)
{
	struct result *r = &t->r;
	const struct abi *abi = t->w->abi;
	const uint8_t *head = fake_region_at(&t->f, HDR)->bytes;
	int flags;

	result_init(r);
	r->cloexec = cloexec;
	r->msg = calloc(1, sizeof(*r->msg));
	r->nmsg = 1;
	r->msg->control = malloc(t->host_len + 1);
	assert_non_null(r->msg->control);
	memcpy(r->msg->control, t->host, t->host_len);
	r->msg->control_len = t->host_len;
	reply(&t->f.who, &t->c, r);
	assert_int_equal(r->ret, 0);
	memcpy(&flags, head + 6 * abi->word, 4);
	*used = abi_get(abi, head + 5 * abi->word);
	return flags;
}

static void end(struct test *t)
{
	call_free(&t->c);
	result_free(&t->r);
	fake_free(&t->f);
	for (unsigned i = 0; i < t->nfd; i++)
		assert_int_equal(fcntl(t->fd[i], F_GETFD), -1);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* One message of any length in any room. */
static void one(void **state)
{
	static struct test t;
	uint64_t used;

	EACH_WAY(w) for (size_t len = 0; len <= 21; len++) for (size_t room = 0; room <= 56; room++) {
		const size_t head = control_head(w->abi), word = w->abi->word;
		const size_t space = head + ((len + word - 1) & ~(word - 1));
		const size_t put = room < head ? 0 : smaller(room, head + len);
		uint8_t want[64];

		begin(&t, w, room);
		add(&t, 41, 50, "abcdefghijklmnopqrstuvwxyz", len);
		int flags = answer(&t, false, &used);
		assert_int_equal(flags, put == head + len ? 0 : MSG_CTRUNC);
		assert_int_equal(used, put ? smaller(room, space) : 0);
		memset(want, POISON, sizeof(want));
		if (put) {
			control_write(w->abi, want, 41, 50, "abcdefghijklmnopqrstuvwxyz", len);
			abi_put(w->abi, want, put);
			memset(want + put, POISON, sizeof(want) - put);
		}
		assert_memory_equal(fake_region_at(&t.f, CONTROL)->bytes, want, smaller(room + MARGIN, 64));
		assert_int_equal(fake_written(fake_region_at(&t.f, CONTROL)), put);
		end(&t);
	}
}

/* Three, of which the room cuts or drops the later ones. */
static void several(void **state)
{
	static struct test t;
	uint64_t used;

	EACH_WAY(w) for (size_t room = 0; room <= 96; room++) {
		const size_t head = control_head(w->abi), word = w->abi->word;
		static const size_t lens[3] = {4, 9, 1};
		uint8_t want[160];
		size_t at = 0;
		bool cut = false;

		begin(&t, w, room);
		memset(want, POISON, sizeof(want));
		for (int i = 0; i < 3; i++) {
			size_t left = room - at, put = smaller(left, head + lens[i]);
			uint8_t whole[64];

			add(&t, 100 + i, i, "123456789", lens[i]);
			cut |= put < head + lens[i];
			if (left < head)
				continue;
			control_write(w->abi, whole, 100 + i, i, "123456789", lens[i]);
			abi_put(w->abi, whole, put);
			memcpy(want + at, whole, put);
			at += smaller(left, head + ((lens[i] + word - 1) & ~(word - 1)));
		}
		assert_int_equal(answer(&t, false, &used), cut ? MSG_CTRUNC : 0);
		assert_int_equal(used, at);
		assert_memory_equal(fake_region_at(&t.f, CONTROL)->bytes, want, room + MARGIN);
		end(&t);
	}
}

/* The _OLD timestamps are pairs of longs; the _NEW are the same everywhere. */
static void timestamps(void **state)
{
	static const struct { int level, type, longs; bool old; } kinds[] = {
		{SOL_SOCKET, 29, 2, true}, {SOL_SOCKET, 35, 2, true}, {SOL_SOCKET, 37, 6, true},
		{SOL_SOCKET, 63, 2, false}, {SOL_SOCKET, 64, 2, false}, {SOL_SOCKET, 65, 6, false},
		{IPPROTO_IP, 29, 2, false},
	};
	static const int64_t time[6] = {1700000000, 999999, 0, 0, 1700000001, 5};
	static struct test t;
	uint64_t used;

	EACH_WAY(w) for (int k = 0; k < 7; k++) for (size_t room = 0; room <= 70; room++) {
		const bool narrow = kinds[k].old && w->abi->word == 4;
		const size_t head = control_head(w->abi), len = kinds[k].longs * (narrow ? 4 : 8);
		uint8_t whole[80], data[48];

		for (int i = 0; i < kinds[k].longs; i++)
			memcpy(data + i * (narrow ? 4 : 8), &time[i], narrow ? 4 : 8);
		control_write(w->abi, whole, kinds[k].level, kinds[k].type, data, len);
		begin(&t, w, room);
		add(&t, kinds[k].level, kinds[k].type, time, kinds[k].longs * 8);
		int flags = answer(&t, false, &used);
		assert_int_equal(flags, room < head + len ? MSG_CTRUNC : 0);
		if (room >= head) {
			abi_put(w->abi, whole, smaller(room, head + len));
			assert_memory_equal(fake_region_at(&t.f, CONTROL)->bytes, whole, smaller(room, head + len));
			assert_int_equal(used, smaller(room, head + len)); /* all multiples of a word */
		}
		end(&t);
	}
}

/* n descriptors, room for some, places in the caller's table for some. */
static void check_rights(const struct way *w, unsigned n, size_t room, unsigned places, bool cloexec)
{
	static struct test t;
	const size_t head = control_head(w->abi), word = w->abi->word;
	unsigned fit = room > head ? (room - head) / 4 : 0;
	uint64_t used;

	fit = smaller(smaller(fit, n), places);
	begin(&t, w, room);
	t.f.fd_room = places;
	add_rights(&t, n);
	int flags = answer(&t, cloexec, &used);
	const struct fake_region *to = fake_region_at(&t.f, CONTROL);
	assert_int_equal(t.f.installs, fit);
	assert_int_equal(flags, fit < n ? MSG_CTRUNC : 0);
	assert_int_equal(used, fit ? smaller(room, head + ((fit * 4 + word - 1) & ~(word - 1))) : 0);
	for (unsigned i = 0; i < fit; i++) {
		int number;

		memcpy(&number, to->bytes + head + 4 * i, 4);
		assert_int_equal(number, FAKE_INSTALLED + i);
		assert_int_equal(t.f.installed[i], t.fd[i]);
		assert_int_equal(t.f.installed_cloexec[i], cloexec);
		assert_int_equal(t.r.msg->given[i], FAKE_INSTALLED + i);
	}
	assert_int_equal(t.r.msg->ngiven, fit);
	if (fit)
		assert_int_equal(abi_get(w->abi, to->bytes), head + 4 * fit);
	for (size_t i = fit ? head + 4 * fit : 0; i < to->len; i++)
		assert_int_equal(to->bytes[i], POISON);
	end(&t);
}

static void rights(void **state)
{
	EACH_WAY(w) for (unsigned n = 1; n <= 4; n++) for (size_t room = 0; room <= 40; room++)
		for (unsigned places = 0; places <= 4; places++)
			check_rights(w, n, room, places, room % 2);
	EACH_WAY(w) {
		const size_t head = control_head(w->abi);

		check_rights(w, MOST, head + 4 * MOST, MOST, true);
		check_rights(w, MOST, head + 4 * MOST + 100, 100, false);
		check_rights(w, MOST, head + 4 * 200 + 3, MOST, false);
		for (unsigned n = 5; n <= MOST; n += 31)
			check_rights(w, n, head + 4 * n, MOST, false);
	}
}

/* No room, or none that can be written for all: no others are installed, nothing stays
 * open. */
static void rights_nowhere(void **state)
{
	static struct test t;
	uint64_t used;

	EACH_WAY(w) for (size_t mapped = 0; mapped < control_head(w->abi) + 8; mapped++) {
		unsigned fit = mapped < control_head(w->abi) + 4 ? 0 : 1;

		begin(&t, w, 64);
		fake_region_at(&t.f, CONTROL)->len = mapped;
		add_rights(&t, 2);
		assert_int_equal(answer(&t, false, &used), MSG_CTRUNC);
		assert_int_equal(t.f.installs, fit);
		assert_int_equal(used, fit ? control_head(w->abi) + w->abi->word : 0);
		end(&t);
	}
	EACH_WAY(w) { /* NULL, whatever its length */
		t.w = w;
		t.host_len = 0;
		fake_init(&t.f);
		header_map(&t.f, w->abi, HDR, &(struct header){.control = 0, .controllen = 64});
		assert_int_equal(ask(w, &t.f, &t.c, CALL_recvmsg, SOCK, HDR, 0), 0);
		add_rights(&t, 2);
		assert_int_equal(answer(&t, false, &used), MSG_CTRUNC);
		assert_int_equal(t.f.installs, 0);
		assert_int_equal(used, 0);
		end(&t);
	}
}

/* Credentials before, descriptors behind; and a descriptor of the kernel's making,
 * which is always closed on exec. */
static void mixed(void **state)
{
	static const int ids[3] = {1, 2, 3};
	static struct test t;
	uint64_t used;

	EACH_WAY(w) for (int kind = SCM_RIGHTS; kind <= 4; kind += 3) {
		const size_t head = control_head(w->abi), word = w->abi->word;
		const size_t first = head + ((12 + word - 1) & ~(word - 1));
		int number;

		begin(&t, w, 100);
		add(&t, SOL_SOCKET, SCM_CREDENTIALS, ids, sizeof(ids));
		add_rights(&t, 1);
		((struct cmsghdr *)(t.host + CMSG_SPACE(sizeof(ids))))->cmsg_type = kind;
		assert_int_equal(answer(&t, false, &used), 0);
		const uint8_t *to = fake_region_at(&t.f, CONTROL)->bytes;
		assert_int_equal(abi_get(w->abi, to), head + 12);
		assert_memory_equal(to + head, ids, 12);
		assert_int_equal(abi_get(w->abi, to + first), head + 4);
		memcpy(&number, to + first + word + 4, 4);
		assert_int_equal(number, kind);
		memcpy(&number, to + first + head, 4);
		assert_int_equal(number, FAKE_INSTALLED);
		assert_int_equal(t.f.installed_cloexec[0], kind != SCM_RIGHTS);
		assert_int_equal(used, first + head + ((4 + word - 1) & ~(word - 1)));
		end(&t);
	}
}

/* A message that faults is passed over; its room is the next one's. */
static void faults(void **state)
{
	static struct test t;
	uint64_t used;

	EACH_WAY(w) {
		const size_t head = control_head(w->abi);

		begin(&t, w, 96);
		fake_region_at(&t.f, CONTROL)->len = head + 4;
		add(&t, 1, 1000, "12345678", 8);
		add(&t, 1, 1001, "1234", 4);
		int flags = answer(&t, false, &used);
		assert_int_equal(flags, 0);
		assert_int_equal(used, head + w->abi->word);
		end(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one),
		cmocka_unit_test(several),
		cmocka_unit_test(timestamps),
		cmocka_unit_test(rights),
		cmocka_unit_test(rights_nowhere),
		cmocka_unit_test(mixed),
		cmocka_unit_test(faults),
	};

	return cmocka_run_group_tests_name("control messages", tests, NULL, NULL);
}
