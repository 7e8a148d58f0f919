/*
 * calls.c - the plain ones of the twenty calls: those whose arguments are numbers,
 * an address, or one buffer.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/net.h>

#include "behaviour.h"

static const struct name *protocols_of(int family)
{
	return family == AF_NETLINK ? netlink_protocols : protocols;
}

static const struct name type_words[] = {
	{ "stream", 1 }, { "dgram", 2 }, { "raw", 3 }, { "rdm", 4 }, { "seqpacket", 5 },
	{ "dccp", 6 }, { "packet", 10 }, { "nonblock", 04000 }, { "cloexec", 02000000 },
	{ "badflag", 0x100 }, { 0 },
};

/* FAMILY TYPE [PROTOCOL] [nonblock] [cloexec] */
static void socket_words(struct task *t, int *family, int *type, int *protocol)
{
	long v;

	*family = (int)next_number(t, families);
	*type = (int)next_number(t, type_words);
	*protocol = 0;
	while (peek(t) && !t->mistake[0])
		if (name_value(protocols_of(*family), peek(t), &v)) {
			*protocol = (int)v;
			next(t);
		} else {
			*type |= (int)next_number(t, type_words);
		}
}

static void call_socket(struct task *t)
{
	int family, type, protocol;

	socket_words(t, &family, &type, &protocol);
	result(t, sys_call(t, SYS_SOCKET, (uint32_t)family, (uint32_t)type, (uint32_t)protocol, 0, 0, 0));
}

static void call_socketpair(struct task *t)
{
	int family, type, protocol;
	int32_t *sv = arena_get(t, 8);
	bool bad = skip(t, "bad");

	socket_words(t, &family, &type, &protocol);
	result(t, sys_call(t, SYS_SOCKETPAIR, (uint32_t)family, (uint32_t)type, (uint32_t)protocol,
			   bad ? arena_bad(t) : ptr(sv), 0, 0));
	t->sv[0] = sv[0];
	t->sv[1] = sv[1];
}

static struct address next_address(struct task *t)
{
	const char *word = next(t);
	struct address a;

	if (!address_parse(t, word, &a))
		mistake(t, "no address: %s", word);
	return a;
}

static void call_bind(struct task *t)
{
	int fd = next_fd(t);
	struct address a = next_address(t);

	result(t, sys_call(t, SYS_BIND, (uint32_t)fd, a.at, a.len, 0, 0, 0));
}

static void call_connect(struct task *t)
{
	int fd = next_fd(t);
	struct address a = next_address(t);

	result(t, sys_call(t, SYS_CONNECT, (uint32_t)fd, a.at, a.len, 0, 0, 0));
}

static void call_listen(struct task *t)
{
	int fd = next_fd(t);
	long backlog = peek(t) ? next_number(t, NULL) : 8;

	result(t, sys_call(t, SYS_LISTEN, (uint32_t)fd, (uint32_t)backlog, 0, 0, 0, 0));
}

/* Room for an address that a call gives: "room=N", "room=bad" (the length at a bad
 * address), "addr=bad", "addr=null". */
struct room {
	uint64_t at, len_at;
	uint8_t *buf;
	int32_t *len;
};

static struct room next_room(struct task *t)
{
	struct room r = { .buf = arena_get(t, 256), .len = arena_get(t, 4) };
	const char *s;

	r.at = ptr(r.buf);
	r.len_at = ptr(r.len);
	*r.len = 128;
	while (peek(t))
		if ((s = setting(t, "room"))) {
			if (strcmp(s, "bad") == 0)
				r.len_at = arena_bad(t);
			else if (strcmp(s, "null") == 0)
				r.len_at = 0;
			else
				*r.len = (int32_t)number_of(t, s, NULL);
		} else if ((s = setting(t, "addr"))) {
			r.at = strcmp(s, "bad") == 0 ? arena_bad(t) : 0;
		} else {
			break;
		}
	return r;
}

/* What was written there: never more than there was room for. */
static void room_text(struct task *t, const struct room *r, int32_t had)
{
	struct text *out = &t->out;

	if (*r->len > had && had >= 0) {
		text_add(out, "cut=%d", *r->len);
		for (int i = had; i < 128; i++)
			if (r->buf[i] != POISON) {
				text_add(out, " overrun");
				return;
			}
		return;
	}
	if (r->at)
		address_text(r->buf, (uint32_t)*r->len, out);
}

static void name_call(struct task *t, int nr)
{
	int fd = next_fd(t);
	struct room r = next_room(t);
	int32_t had = *r.len;
	long ret = sys_call(t, nr, (uint32_t)fd, r.at, r.len_at, 0, 0, 0);

	if (!result_failed(t, ret))
		room_text(t, &r, had);
}

static void call_getsockname(struct task *t)
{
	name_call(t, SYS_GETSOCKNAME);
}

static void call_getpeername(struct task *t)
{
	name_call(t, SYS_GETPEERNAME);
}

/* The number of the new descriptor is left out if a variable takes it. */
static void accept_call(struct task *t, int nr)
{
	int fd = next_fd(t);
	struct room r = next_room(t);
	int32_t had = *r.len;
	int flags = nr == SYS_ACCEPT4 ? next_flags(t, sock_flags) : 0;
	long ret = sys_call(t, nr, (uint32_t)fd, r.at, r.len_at, (uint32_t)flags, 0, 0);

	result(t, ret);
	if (ret >= 0 && r.at) {
		text_add(&t->out, " from ");
		room_text(t, &r, had);
	}
}

static void call_accept(struct task *t)
{
	accept_call(t, SYS_ACCEPT);
}

static void call_accept4(struct task *t)
{
	accept_call(t, SYS_ACCEPT4);
}

static void call_shutdown(struct task *t)
{
	int fd = next_fd(t);
	long how = next_number(t, hows);

	result(t, sys_call(t, SYS_SHUTDOWN, (uint32_t)fd, (uint32_t)how, 0, 0, 0, 0));
}

/* Data to send: a data word, or "bad:LEN", "null:LEN". */
static uint64_t next_data(struct task *t, uint64_t *len)
{
	const char *word = next(t);
	size_t n = 0;
	uint8_t *data = text_parse_data(word, &n), *p;

	*len = n;
	if (data) {
		p = arena_get(t, n);
		memcpy(p, data, n);
		free(data);
		return ptr(p);
	}
	if (strncmp(word, "bad:", 4) && strncmp(word, "null:", 5))
		mistake(t, "no data: %s", word);
	*len = (uint64_t)number_of(t, strchr(word, ':') ? strchr(word, ':') + 1 : "", NULL);
	return word[0] == 'b' ? arena_bad(t) : 0;
}

static void call_send(struct task *t)
{
	int fd = next_fd(t);
	uint64_t len, at = next_data(t, &len);
	int flags = next_flags(t, msg_flags);

	result(t, sys_call(t, SYS_SEND, (uint32_t)fd, at, len, (uint32_t)flags, 0, 0));
}

static void call_sendto(struct task *t)
{
	int fd = next_fd(t);
	uint64_t len, at = next_data(t, &len);
	struct address a = next_address(t);
	int flags = next_flags(t, msg_flags);

	result(t, sys_call(t, SYS_SENDTO, (uint32_t)fd, at, len, (uint32_t)flags, a.at, a.len));
}

/* Room for data: "10", "bad:10", "null:10". */
static uint8_t *next_buffer(struct task *t, uint64_t *at, uint64_t *len)
{
	const char *word = next(t);
	bool bad = strncmp(word, "bad:", 4) == 0, null = strncmp(word, "null:", 5) == 0;
	uint8_t *p;

	*len = (uint64_t)number_of(t, bad ? word + 4 : null ? word + 5 : word, NULL);
	p = bad || null ? NULL : arena_get(t, *len + 16);
	*at = bad ? arena_bad(t) : ptr(p);
	return p;
}

/* What came: its length, and the bytes; and a note if any was written beyond them. */
static void data_text(struct task *t, const uint8_t *p, long ret, uint64_t room)
{
	uint64_t n = (uint64_t)ret < room ? (uint64_t)ret : room;

	result(t, ret);
	if (ret < 0 || !p)
		return;
	text_add(&t->out, " ");
	text_data(&t->out, p, n);
	for (uint64_t i = n; i < room + 16; i++)
		if (p[i] != POISON) {
			text_add(&t->out, " overrun");
			break;
		}
}

static void call_recv(struct task *t)
{
	int fd = next_fd(t);
	uint64_t len, at;
	uint8_t *p = next_buffer(t, &at, &len);
	int flags = next_flags(t, msg_flags);

	data_text(t, p, sys_call(t, SYS_RECV, (uint32_t)fd, at, len, (uint32_t)flags, 0, 0), len);
}

static void call_recvfrom(struct task *t)
{
	int fd = next_fd(t);
	uint64_t len, at;
	uint8_t *p = next_buffer(t, &at, &len);
	struct room r = next_room(t);
	int32_t had = *r.len;
	int flags = next_flags(t, msg_flags);
	long ret = sys_call(t, SYS_RECVFROM, (uint32_t)fd, at, len, (uint32_t)flags, r.at, r.len_at);

	data_text(t, p, ret, len);
	if (ret >= 0 && r.at) {
		text_add(&t->out, " from ");
		room_text(t, &r, had);
	}
}

/* socketcall NUMBER: a number that is none of the twenty. */
static void call_number(struct task *t)
{
	long nr = next_number(t, NULL);

	result(t, sys_call(t, (int)nr, 0, 0, 0, 0, 0, 0));
}

const struct command calls[] = {
	{ "socket", call_socket },
	{ "socketpair", call_socketpair },
	{ "bind", call_bind },
	{ "connect", call_connect },
	{ "listen", call_listen },
	{ "accept", call_accept },
	{ "accept4", call_accept4 },
	{ "getsockname", call_getsockname },
	{ "getpeername", call_getpeername },
	{ "shutdown", call_shutdown },
	{ "send", call_send },
	{ "sendto", call_sendto },
	{ "recv", call_recv },
	{ "recvfrom", call_recvfrom },
	{ "socketcall", call_number },
	{ 0 },
};
