/*
 * text.c - a call in strace's notation.
 *
 * Numbers are printed from the argument words, so that they are right even if
 * decoding ended early; what lies behind a pointer is printed from the copies that
 * decode and serve made, and where there is none, the pointer is.
 */
#include "text.h"

#include <errno.h>
#include <string.h>

#include "../abi/abi.h"
#include "shape.h"

static int arg_int(const struct call *c, int i)
{
	return (int)c->arg[i];
}

static void comma(struct line *l)
{
	line_str(l, ", ");
}

void text_addr(struct line *l, const struct call_addr *a)
{
	if (a->present && a->len >= (int)sizeof(sa_family_t))
		sockaddr_text(l, a->bytes, a->len < CALL_ADDR_MAX ? a->len : CALL_ADDR_MAX);
	else
		line_pointer(l, a->at);
}

void text_addr_out(struct line *l, const struct call_addr *out, int room, uint64_t at)
{
	int len = out->len < room ? out->len : room;

	if (at && out->present && len >= (int)sizeof(sa_family_t))
		sockaddr_text(l, out->bytes, len < CALL_ADDR_MAX ? len : CALL_ADDR_MAX);
	else
		line_pointer(l, at);
}

void text_room(struct line *l, int64_t room, int64_t len)
{
	line_i64(l, room);
	if (len != room) {
		line_str(l, " => ");
		line_i64(l, len);
	}
}

/* A value-result length behind a pointer. */
static void room_at(struct line *l, uint64_t at, bool unread, int64_t room, int64_t len)
{
	if (!at || unread) {
		line_pointer(l, at);
		return;
	}
	line_char(l, '[');
	text_room(l, room, len);
	line_char(l, ']');
}

static void type(struct line *l, uint32_t t)
{
	uint32_t flags = 0;

	for (unsigned i = 0; i < names_type_flags.n; i++)
		flags |= names_type_flags.list[i].value;
	if (t & ~(flags | 0xf)) {
		line_flags(l, &names_type_flags, t);
		return;
	}
	/* Type 0 is no name but may come with flags. */
	if (t & ~flags)
		line_name(l, &names_type, t & ~flags);
	else
		line_str(l, t & flags ? "" : "0");
	if (t & flags) {
		line_str(l, t & ~flags ? "|" : "");
		line_flags(l, &names_type_flags, t & flags);
	}
}

static void protocol(struct line *l, int family, uint32_t p)
{
	bool network = false;
	const struct names *names = names_protocols(family, &network);

	if (!names) {
		line_u64(l, p);
	} else if (network) {
		line_str(l, "htons(");
		line_name(l, names, (p & 0xff) << 8 | (p >> 8 & 0xff));
		line_char(l, ')');
	} else {
		line_name(l, names, p);
	}
}

static void args_socket(struct line *l, const struct call *c, const struct result *r)
{
	line_name(l, &names_family, (uint32_t)arg_int(c, 0));
	comma(l);
	type(l, arg_int(c, 1));
	comma(l);
	protocol(l, arg_int(c, 0), arg_int(c, 2));
}

static void args_socketpair(struct line *l, const struct call *c, const struct result *r)
{
	args_socket(l, c, r);
	comma(l);
	if (text_served(c, r) && r->given_pair[0] >= 0) {
		line_char(l, '[');
		line_i64(l, r->given_pair[0]);
		comma(l);
		line_i64(l, r->given_pair[1]);
		line_char(l, ']');
	} else {
		line_pointer(l, c->arg[3]);
	}
}

/* An address that goes in as argument i, its length as the next one. */
static void addr_in(struct line *l, const struct call *c, int i)
{
	if (c->addr.present)
		text_addr(l, &c->addr);
	else
		line_pointer(l, c->arg[i]);
	comma(l);
	line_i64(l, arg_int(c, i + 1));
}

static void addr_out(struct line *l, const struct call *c, const struct result *r, int i)
{
	const struct call_addr *a = call_addr_out(c, r);

	if (a)
		text_addr_out(l, a, c->addr.len, c->arg[i]);
	else
		line_pointer(l, c->arg[i]);
	comma(l);
	/* Without an address no length is read. */
	if (c->arg[i])
		room_at(l, c->arg[i + 1], c->err || c->addr.len_err, c->addr.len, a ? a->len : c->addr.len);
	else
		line_pointer(l, c->arg[i + 1]);
}

static void args_bind(struct line *l, const struct call *c, const struct result *r)
{
	line_i64(l, arg_int(c, 0));
	comma(l);
	addr_in(l, c, 1);
}

static void args_listen(struct line *l, const struct call *c, const struct result *r)
{
	line_i64(l, arg_int(c, 0));
	comma(l);
	line_i64(l, arg_int(c, 1));
}

static void args_accept(struct line *l, const struct call *c, const struct result *r)
{
	line_i64(l, arg_int(c, 0));
	comma(l);
	addr_out(l, c, r, 1);
	if (c->nr == CALL_accept4) {
		comma(l);
		line_flags(l, &names_type_flags, (uint32_t)arg_int(c, 3));
	}
}

static void args_send(struct line *l, const struct call *c, const struct result *r)
{
	line_i64(l, arg_int(c, 0));
	comma(l);
	line_pointer(l, c->arg[1]);
	comma(l);
	line_u64(l, c->arg[2]);
	comma(l);
	line_flags(l, &names_msg, (uint32_t)arg_int(c, 3));
	if (c->nr == CALL_sendto) {
		comma(l);
		addr_in(l, c, 4);
	}
}

static void args_recv(struct line *l, const struct call *c, const struct result *r)
{
	line_i64(l, arg_int(c, 0));
	comma(l);
	if (text_served(c, r) && r->nmsg)
		line_quoted(l, r->msg[0].data ?: (uint8_t *)"", r->msg[0].data_len, QUOTE_MAX);
	else
		line_pointer(l, c->arg[1]);
	comma(l);
	line_u64(l, c->arg[2]);
	comma(l);
	line_flags(l, &names_msg, (uint32_t)arg_int(c, 3));
	if (c->nr == CALL_recvfrom) {
		comma(l);
		addr_out(l, c, r, 4);
	}
}

static void args_shutdown(struct line *l, const struct call *c, const struct result *r)
{
	line_i64(l, arg_int(c, 0));
	comma(l);
	line_name(l, &names_shutdown, (uint32_t)arg_int(c, 1));
}

static const struct shape *option(struct line *l, const struct call *c, enum option_use use)
{
	const char *prefix, *level = option_level(arg_int(c, 1));
	const struct option *o = option_find(arg_int(c, 1), arg_int(c, 2), use, &prefix);

	line_i64(l, arg_int(c, 0));
	comma(l);
	if (level) {
		line_str(l, level);
	} else {
		line_hex(l, (uint32_t)arg_int(c, 1));
		line_str(l, " /* SOL_??? */");
	}
	comma(l);
	if (o) {
		line_str(l, o->name);
	} else if (*prefix) {
		line_hex(l, (uint32_t)arg_int(c, 2));
		line_str(l, " /* ");
		line_str(l, prefix);
		line_str(l, "??? */");
	} else {
		line_i64(l, arg_int(c, 2));
	}
	comma(l);
	return o ? o->opt : NULL;
}

static void args_setsockopt(struct line *l, const struct call *c, const struct result *r)
{
	const struct shape *shape = option(l, c, OPTION_SET);
	size_t len;

	const uint8_t *val = call_option_in(c, &len);

	if (val)
		shape_text(l, shape, val, len);
	else
		line_pointer(l, c->arg[3]);
	comma(l);
	line_i64(l, arg_int(c, 4));
}

static void args_getsockopt(struct line *l, const struct call *c, const struct result *r)
{
	const struct shape *shape = option(l, c, OPTION_GET);
	bool out = text_served(c, r);

	if (out && r->opt && call_option_bytes(c, r))
		shape_text(l, shape_narrow(c, shape), r->opt, call_option_bytes(c, r));
	else
		line_pointer(l, c->arg[3]);
	comma(l);
	room_at(l, c->arg[4], c->err || c->opt.len_err, c->opt.len,
		out ? call_option_len(c, arg_int(c, 1), arg_int(c, 2), r->opt_len) : c->opt.len);
}

typedef void args_fn(struct line *, const struct call *, const struct result *);

static args_fn *const args[] = {
	[CALL_socket] = args_socket,           [CALL_bind] = args_bind,
	[CALL_connect] = args_bind,            [CALL_listen] = args_listen,
	[CALL_accept] = args_accept,           [CALL_getsockname] = args_accept,
	[CALL_getpeername] = args_accept,      [CALL_socketpair] = args_socketpair,
	[CALL_send] = args_send,               [CALL_recv] = args_recv,
	[CALL_sendto] = args_send,             [CALL_recvfrom] = args_recv,
	[CALL_shutdown] = args_shutdown,       [CALL_setsockopt] = args_setsockopt,
	[CALL_getsockopt] = args_getsockopt,   [CALL_sendmsg] = text_msg_args,
	[CALL_recvmsg] = text_msg_args,        [CALL_accept4] = args_accept,
	[CALL_recvmmsg] = text_mmsg_args,      [CALL_sendmmsg] = text_mmsg_args,
};
_Static_assert(sizeof(args) / sizeof(args[0]) == CALL_LAST + 1, "a call is missing");

static void mark(struct line *l, const struct call *c, bool entry)
{
	if (c->abi && (c->abi->word != sizeof(long) || c->abi->compat)) {
		line_str(l, c->abi->name);
		line_char(l, ' ');
	}
	if (entry && c->entry == ENTRY_SOCKETCALL)
		line_str(l, "socketcall ");
}

void text_call(struct line *l, const struct call *c, const struct result *r)
{
	const char *name = call_name(c->nr);

	if (!name || call_block_unread(c)) {
		/* Nothing is known but the registers. */
		mark(l, c, false);
		line_str(l, "socketcall(");
		if (name) {
			line_str(l, "SYS_");
			for (const char *s = name; *s; s++)
				line_char(l, *s >= 'a' && *s <= 'z' ? *s - 'a' + 'A' : *s);
		} else {
			line_i64(l, (int)c->nr);
		}
		comma(l);
		line_pointer(l, c->block_at);
		line_char(l, ')');
		return;
	}
	mark(l, c, true);
	line_str(l, name);
	line_char(l, '(');
	args[c->nr](l, c, r);
	line_char(l, ')');
}

/* No rule spoke: nothing to tell. */
static bool by_default(const struct verdict *v)
{
	return v->kind == VERDICT_ALLOW && !v->file && !strcmp(v->rule, "default");
}

/* The rule's own words; its verdict first, if the rule does not begin with it. */
static void verdict(struct line *l, const struct verdict *v)
{
	static const char *const kinds[] = {
		[VERDICT_ALLOW] = "allow", [VERDICT_DENY] = "deny", [VERDICT_KILL] = "kill",
	};
	const char *kind = kinds[v->kind];

	line_str(l, " <");
	if (strncmp(v->rule, kind, strlen(kind)) != 0) {
		line_str(l, kind);
		line_str(l, ": ");
	}
	for (const char *s = v->rule; *s; s++)
		line_char(l, (uint8_t)*s < ' ' || *s == 0x7f ? ' ' : *s);
	if (v->file) {
		line_str(l, "; ");
		for (const char *s = v->file; *s; s++)
			line_char(l, (uint8_t)*s < ' ' || *s == 0x7f ? '?' : *s);
		if (v->line) {
			line_char(l, ':');
			line_u64(l, v->line);
		}
	}
	line_char(l, '>');
}

void text_result(struct line *l, const struct call *c, const struct verdict *v,
		 const struct result *r)
{
	line_str(l, " = ");
	if (v && v->kind == VERDICT_KILL) {
		line_char(l, '?');
	} else if (r->ret < 0) {
		uint64_t err = -(uint64_t)r->ret;
		const char *name = names_errno(err);

		line_str(l, "-1 ");
		if (name) {
			line_str(l, name);
			line_str(l, " (");
			line_str(l, strerrordesc_np(err) ?: "");
			line_char(l, ')');
		} else {
			line_str(l, "ERRNO_");
			line_u64(l, err);
		}
	} else if (r->fd >= 0) {
		/* Its number is known only when it is installed. */
		if (r->given_fd >= 0)
			line_i64(l, r->given_fd);
		else
			line_char(l, '?');
	} else {
		line_i64(l, r->ret);
	}
	if (r->ret >= 0 && c->nr == CALL_recvmmsg && r->time_left_set) {
		line_str(l, " (left {tv_sec=");
		line_i64(l, r->time_left.tv_sec);
		line_str(l, ", tv_nsec=");
		line_i64(l, r->time_left.tv_nsec);
		line_str(l, "})");
	}
	if (v && v->rule && !by_default(v))
		verdict(l, v);
}
