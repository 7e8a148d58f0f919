/*
 * message.c - sendmsg, recvmsg, sendmmsg, recvmmsg.
 *
 *     sendmsg s "one" "two" to 127.0.0.1:5 ttl=3 dontwait
 *     sendmmsg s "one" and "two" to 127.0.0.1:5
 *     recvmsg s 3,10 name control=100 peek
 *     recvmmsg s 4 10 name waitforone timeout=50
 *
 * Lies: iovlen=N, namelen=N, controllen=N, and iov, control, header, name, timeout
 * at a "bad" address.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/net.h>

#include "behaviour.h"

enum { MAX_IOV = 1100, MAX_MSGS = 40, NAME_ROOM = 128, CONTROL_ROOM = 4096 };

struct outgoing {
	struct header h;
	struct control control;
	uint8_t *iov;
	unsigned niov;
	bool bad_header;
};

static void add_data(struct task *t, struct outgoing *m, const char *word)
{
	size_t len;
	uint8_t *data = text_parse_data(word, &len), *p;

	if (!data || m->niov == MAX_IOV) {
		mistake(t, "no data, or too much: %s", word);
		return;
	}
	p = arena_get(t, len);
	memcpy(p, data, len);
	free(data);
	iovec_put(t->world, m->iov, m->niov++, ptr(p), len);
}

/* 1: it was a lie; 0: no such word. */
static bool send_lie(struct task *t, struct outgoing *m)
{
	const char *s;

	if ((s = setting(t, "iovlen")))
		m->h.iov_len = (uint64_t)number_of(t, s, NULL);
	else if ((s = setting(t, "namelen")))
		m->h.name_len = (uint32_t)number_of(t, s, NULL);
	else if ((s = setting(t, "controllen")))
		m->h.control_len = (uint64_t)number_of(t, s, NULL);
	else if (skip(t, "iov=bad"))
		m->h.iov = arena_bad(t);
	else if (skip(t, "control=bad"))
		m->h.control = arena_bad(t);
	else if (skip(t, "control=null"))
		m->h.control = 0;
	else if (skip(t, "header=bad"))
		m->bad_header = true;
	else
		return false;
	return true;
}

/* One message: up to the end, or "and". Flags of the whole call may stand anywhere. */
static void next_outgoing(struct task *t, struct outgoing *m, int *flags)
{
	const struct header unset = { .iov = 1, .name_len = 1, .control = 1, .iov_len = ~0ull,
				      .control_len = ~0ull };

	memset(m, 0, sizeof(*m));
	m->h = unset;
	m->iov = arena_get(t, MAX_IOV * 16);
	m->control.room = CONTROL_ROOM;
	m->control.at = arena_get(t, CONTROL_ROOM);
	while (peek(t) && !t->mistake[0] && !skip(t, "and")) {
		const char *word = peek(t);
		struct address a;

		if (text_is_data(word)) {
			add_data(t, m, next(t));
		} else if (skip(t, "to")) {
			word = next(t);
			if (!address_parse(t, word, &a))
				mistake(t, "no address: %s", word);
			m->h.name = a.at;
			m->h.name_len = a.len;
		} else if (!send_lie(t, m)) {
			word = next(t);
			if (!control_parse(t, word, &m->control))
				*flags |= (int)number_of(t, word, msg_flags);
		}
	}
	if (m->h.iov == 1)
		m->h.iov = m->niov ? ptr(m->iov) : 0;
	if (m->h.iov_len == ~0ull)
		m->h.iov_len = m->niov;
	if (!m->h.name && m->h.name_len == 1)
		m->h.name_len = 0;
	if (m->h.control == 1)
		m->h.control = m->control.len ? ptr(m->control.at) : 0;
	if (m->h.control_len == ~0ull)
		m->h.control_len = m->control.len;
}

static void call_sendmsg(struct task *t)
{
	int fd = next_fd(t), flags = 0;
	uint8_t *hdr = arena_get(t, 64);
	struct outgoing m;

	next_outgoing(t, &m, &flags);
	header_put(t->world, hdr, &m.h);
	result(t, sys_call(t, SYS_SENDMSG, (uint32_t)fd, m.bad_header ? arena_bad(t) : ptr(hdr),
			   (uint32_t)flags, 0, 0, 0));
}

/* The number of messages, and each one's length. */
static void call_sendmmsg(struct task *t)
{
	int fd = next_fd(t), flags = 0;
	size_t size = header_size(t->world, true), one = header_size(t->world, false);
	uint8_t *hdrs = arena_get(t, MAX_MSGS * size);
	const char *vlen = setting(t, "vlen");
	unsigned n = 0;
	bool bad = false;
	long ret;

	while (peek(t) && n < MAX_MSGS && !t->mistake[0]) {
		struct outgoing m;

		next_outgoing(t, &m, &flags);
		header_put(t->world, hdrs + n++ * size, &m.h);
		bad |= m.bad_header;
	}
	ret = sys_call(t, SYS_SENDMMSG, (uint32_t)fd, bad ? arena_bad(t) : ptr(hdrs),
		       vlen ? (uint32_t)number_of(t, vlen, NULL) : n, (uint32_t)flags, 0, 0);
	result(t, ret);
	for (long i = 0; i < ret && i < (long)n; i++) {
		uint32_t len;
		memcpy(&len, hdrs + (size_t)i * size + one, 4);
		text_add(&t->out, " %u", len);
	}
}

/* ------------------------------------------------------------------------ receiving */

struct incoming {
	struct header h;
	uint8_t *buf[16];
	uint64_t len[16];
	unsigned nbuf;
	uint8_t *name, *control;
	uint64_t room;
	uint32_t name_room;
	bool bad_header;
};

/* "SIZE[,SIZE...]", each perhaps "bad:SIZE" */
static void receive_buffers(struct task *t, struct incoming *m, const char *sizes)
{
	uint8_t *iov = arena_get(t, sizeof(m->buf) / sizeof(m->buf[0]) * 16);
	char *copy = strdup(sizes), *save;

	for (char *s = strtok_r(copy, ",", &save); s && m->nbuf < 16; s = strtok_r(NULL, ",", &save)) {
		bool bad = strncmp(s, "bad:", 4) == 0;
		uint64_t len = (uint64_t)number_of(t, bad ? s + 4 : s, NULL);

		m->buf[m->nbuf] = bad ? NULL : arena_get(t, len + 16);
		m->len[m->nbuf] = len;
		iovec_put(t->world, iov, m->nbuf, bad ? arena_bad(t) : ptr(m->buf[m->nbuf]), len);
		m->nbuf++;
	}
	free(copy);
	m->h.iov = m->nbuf ? ptr(iov) : 0;
	m->h.iov_len = m->nbuf;
}

struct wish { /* what is the same for all messages of a call */
	const char *sizes;
	bool name, bad_name, bad_iov, bad_header, bad_control;
	long name_room, control_room, iov_len;
	const char *timeout;
	int flags;
};

static struct wish next_wish(struct task *t)
{
	struct wish w = { .sizes = next(t), .name_room = NAME_ROOM, .iov_len = -1 };
	const char *s;

	while (peek(t) && !t->mistake[0])
		if (skip(t, "name"))
			w.name = true;
		else if (skip(t, "name=bad"))
			w.name = w.bad_name = true;
		else if (skip(t, "iov=bad"))
			w.bad_iov = true;
		else if (skip(t, "header=bad"))
			w.bad_header = true;
		else if (skip(t, "control=bad"))
			w.bad_control = true;
		else if ((s = setting(t, "room"))) {
			w.name = true;
			w.name_room = number_of(t, s, NULL);
		} else if ((s = setting(t, "control")))
			w.control_room = number_of(t, s, NULL);
		else if ((s = setting(t, "iovlen")))
			w.iov_len = number_of(t, s, NULL);
		else if ((s = setting(t, "timeout")))
			w.timeout = s;
		else
			w.flags |= (int)next_number(t, msg_flags);
	return w;
}

static void prepare(struct task *t, const struct wish *w, struct incoming *m)
{
	memset(m, 0, sizeof(*m));
	receive_buffers(t, m, w->sizes);
	m->name = arena_get(t, NAME_ROOM * 2);
	m->name_room = (uint32_t)w->name_room;
	m->room = (uint64_t)w->control_room;
	m->control = arena_get(t, m->room + 16);
	if (w->name) {
		m->h.name = w->bad_name ? arena_bad(t) : ptr(m->name);
		m->h.name_len = m->name_room;
	}
	m->h.control = w->bad_control ? arena_bad(t) : m->room ? ptr(m->control) : 0;
	m->h.control_len = w->bad_control ? 100 : m->room;
	if (w->bad_iov)
		m->h.iov = arena_bad(t);
	if (w->iov_len >= 0)
		m->h.iov_len = (uint64_t)w->iov_len;
	m->h.flags = 0x5a5a5a5a; /* is not read */
}

static void data_of(struct task *t, const struct incoming *m, uint64_t n)
{
	uint64_t all = 0, at = 0;
	uint8_t *p;
	bool over = false;

	for (unsigned i = 0; i < m->nbuf; i++)
		all += m->len[i];
	p = malloc(all + 1);
	for (unsigned i = 0; p && i < m->nbuf; i++) {
		uint64_t filled = n - at < m->len[i] ? n - at : m->len[i];

		if (!m->buf[i])
			continue;
		memcpy(p + at, m->buf[i], filled);
		at += filled;
		for (uint64_t k = filled; k < m->len[i] + 16; k++)
			over |= m->buf[i][k] != POISON;
	}
	text_add(&t->out, " ");
	text_data(&t->out, p, at);
	free(p);
	if (over)
		text_add(&t->out, " overrun");
}

/* "DATA" [from ADDRESS] [control...] [flags=...] */
static void incoming_text(struct task *t, struct incoming *m, const uint8_t *hdr, uint64_t n)
{
	struct text *out = &t->out;

	header_get(t->world, hdr, &m->h);
	data_of(t, m, n);
	if (m->h.name) {
		text_add(out, " from ");
		if (m->h.name_len > m->name_room)
			text_add(out, "cut=%u", m->h.name_len);
		else
			address_text(m->name, m->h.name_len, out);
	}
	if (m->h.control_len > m->room)
		text_add(out, " controllen=%llu", (unsigned long long)m->h.control_len);
	else
		control_text(t, m->control, m->h.control_len, out);
	for (uint64_t i = m->room; i < m->room + 16; i++)
		if (m->control[i] != POISON) {
			text_add(out, " overrun-control");
			break;
		}
	if (m->h.flags & ~(0x40000000u | 0x80000000u)) { /* MSG_CMSG_CLOEXEC, _COMPAT */
		text_add(out, " flags=");
		name_flags(msg_flags, (long)(m->h.flags & ~0xc0000000u), out);
	}
}

static void call_recvmsg(struct task *t)
{
	int fd = next_fd(t);
	struct wish w = next_wish(t);
	uint8_t *hdr = arena_get(t, 64);
	struct incoming m;
	long ret;

	prepare(t, &w, &m);
	header_put(t->world, hdr, &m.h);
	ret = sys_call(t, SYS_RECVMSG, (uint32_t)fd, w.bad_header ? arena_bad(t) : ptr(hdr),
		       (uint32_t)w.flags, 0, 0, 0);
	result(t, ret);
	if (ret >= 0)
		incoming_text(t, &m, hdr, (uint64_t)ret);
}

/* The number of messages, and each one as recvmsg has it, after its length; with a
 * timeout, whether some of it is left. */
static void call_recvmmsg(struct task *t)
{
	int fd = next_fd(t);
	unsigned n = (unsigned)next_number(t, NULL);
	struct wish w = next_wish(t);
	size_t size = header_size(t->world, true), one = header_size(t->world, false);
	uint8_t *hdrs = arena_get(t, (n < MAX_MSGS ? n : MAX_MSGS) * size + 16);
	struct incoming *m = calloc(n < MAX_MSGS ? n + 1 : MAX_MSGS, sizeof(*m));
	uint8_t *ts = arena_get(t, 16);
	uint64_t timeout = 0;
	long ret;

	for (unsigned i = 0; i < n && i < MAX_MSGS; i++) {
		prepare(t, &w, &m[i]);
		header_put(t->world, hdrs + i * size, &m[i].h);
	}
	if (w.timeout && strcmp(w.timeout, "bad") == 0) {
		timeout = arena_bad(t);
	} else if (w.timeout) {
		long ms = number_of(t, w.timeout, NULL);

		/* -1: a value that is none; -2: a time before now */
		pair_put(t->world, ts, ms < -1 ? -1 : ms / 1000,
			 ms == -1 ? 1000000000 : ms < 0 ? 0 : ms % 1000 * 1000000);
		timeout = ptr(ts);
	}
	ret = sys_call(t, SYS_RECVMMSG, (uint32_t)fd, w.bad_header ? arena_bad(t) : ptr(hdrs), n,
		       (uint32_t)w.flags, timeout, 0);
	result(t, ret);
	for (long i = 0; i < ret && i < MAX_MSGS; i++) {
		uint8_t *hdr = hdrs + (size_t)i * size;
		uint32_t len;

		memcpy(&len, hdr + one, 4);
		text_add(&t->out, " %u", len);
		incoming_text(t, &m[i], hdr, len);
	}
	free(m);
}

const struct command message_calls[] = {
	{ "sendmsg", call_sendmsg },
	{ "sendmmsg", call_sendmmsg },
	{ "recvmsg", call_recvmsg },
	{ "recvmmsg", call_recvmmsg },
	{ 0 },
};
