/*
 * json_args.c - the arguments of a call as a JSON object. As in text.c numbers come
 * from the argument words; what was not decoded is there as its address only.
 */
#include <string.h>

#include "json.h"
#include "shape.h"
#include "text.h"

static int arg_int(const struct call *c, int i)
{
	return (int)c->arg[i];
}

void json_named(json_t *o, const char *key, const char *name, int64_t v)
{
	char number[32] = "";

	json_set(o, key, name ? json_string_nocheck(name) : json_null());
	strcat(strncat(number, key, sizeof(number) - sizeof("_number")), "_number");
	json_set(o, number, json_integer(v));
}

void json_addr(json_t *o, const char *key, const struct call_addr *a, int room)
{
	int len = a->len < room ? a->len : room;

	if (a->present && len >= (int)sizeof(sa_family_t))
		json_set(o, key, sockaddr_json(a->bytes, len < CALL_ADDR_MAX ? len : CALL_ADDR_MAX));
}

static void args_socket(json_t *o, const struct call *c, const struct result *r, unsigned shown)
{
	uint32_t type = arg_int(c, 1), flags = 0;
	bool network = false;
	const struct names *protocols = names_protocols(arg_int(c, 0), &network);
	uint32_t p = arg_int(c, 2), host = network ? (p & 0xff) << 8 | (p >> 8 & 0xff) : p;

	for (unsigned i = 0; i < names_type_flags.n; i++)
		flags |= names_type_flags.list[i].value;
	json_named(o, "family", names_find(&names_family, (uint32_t)arg_int(c, 0)), arg_int(c, 0));
	json_named(o, "type", names_find(&names_type, type & ~flags), (int)(type & ~flags));
	json_set(o, "flags", flags_json(&names_type_flags, type & flags));
	json_named(o, "protocol", protocols ? names_find(protocols, host) : NULL, arg_int(c, 2));
	if (c->nr != CALL_socketpair)
		return;
	json_set(o, "sv_at", pointer_json(c->arg[3]));
	if (text_served(c, r) && r->given_pair[0] >= 0)
		json_set(o, "sv", json_pack("[i, i]", r->given_pair[0], r->given_pair[1]));
}

static void addr_in(json_t *o, const struct call *c, int i)
{
	json_set(o, "address_at", pointer_json(c->arg[i]));
	json_set(o, "address_length", json_integer(arg_int(c, i + 1)));
	json_addr(o, "address", &c->addr, CALL_ADDR_MAX);
}

static void addr_out(json_t *o, const struct call *c, const struct result *r, int i)
{
	const struct call_addr *a = call_addr_out(c, r);

	json_set(o, "address_at", pointer_json(c->arg[i]));
	json_set(o, "address_length_at", pointer_json(c->arg[i + 1]));
	if (!c->arg[i])
		return;
	if (!c->err && !c->addr.len_err)
		json_set(o, "address_room", json_integer(c->addr.len));
	if (a) {
		json_set(o, "address_length", json_integer(a->len));
		json_addr(o, "address", a, c->addr.len);
	}
}

static void args_address(json_t *o, const struct call *c, const struct result *r, unsigned shown)
{
	json_set(o, "fd", json_integer(arg_int(c, 0)));
	addr_in(o, c, 1);
}

static void args_listen(json_t *o, const struct call *c, const struct result *r, unsigned shown)
{
	json_set(o, "fd", json_integer(arg_int(c, 0)));
	json_set(o, "backlog", json_integer(arg_int(c, 1)));
}

static void args_accept(json_t *o, const struct call *c, const struct result *r, unsigned shown)
{
	json_set(o, "fd", json_integer(arg_int(c, 0)));
	addr_out(o, c, r, 1);
	if (c->nr == CALL_accept4)
		json_set(o, "flags", flags_json(&names_type_flags, (uint32_t)arg_int(c, 3)));
}

static void buffer(json_t *o, const struct call *c)
{
	json_set(o, "fd", json_integer(arg_int(c, 0)));
	json_set(o, "buffer_at", pointer_json(c->arg[1]));
	json_set(o, "buffer_length", count_json(c->arg[2]));
	json_set(o, "flags", flags_json(&names_msg, (uint32_t)arg_int(c, 3)));
}

static void args_send(json_t *o, const struct call *c, const struct result *r, unsigned shown)
{
	buffer(o, c);
	if (c->nr == CALL_sendto)
		addr_in(o, c, 4);
}

static void args_recv(json_t *o, const struct call *c, const struct result *r, unsigned shown)
{
	buffer(o, c);
	if (text_served(c, r) && r->nmsg)
		json_set(o, "data", payload_json(r->msg[0].data, r->msg[0].data_len));
	if (c->nr == CALL_recvfrom)
		addr_out(o, c, r, 4);
}

static void args_shutdown(json_t *o, const struct call *c, const struct result *r, unsigned shown)
{
	json_set(o, "fd", json_integer(arg_int(c, 0)));
	json_named(o, "how", names_find(&names_shutdown, (uint32_t)arg_int(c, 1)), arg_int(c, 1));
}

static const struct shape *option(json_t *o, const struct call *c, enum option_use use)
{
	const char *prefix;
	const struct option *opt = option_find(arg_int(c, 1), arg_int(c, 2), use, &prefix);

	json_set(o, "fd", json_integer(arg_int(c, 0)));
	json_named(o, "level", option_level(arg_int(c, 1)), arg_int(c, 1));
	json_named(o, "option", opt ? opt->name : NULL, arg_int(c, 2));
	json_set(o, "value_at", pointer_json(c->arg[3]));
	return opt ? opt->opt : NULL;
}

static void args_setsockopt(json_t *o, const struct call *c, const struct result *r,
			    unsigned shown)
{
	const struct shape *shape = option(o, c, OPTION_SET);
	size_t len;
	const uint8_t *val = call_option_in(c, &len);

	json_set(o, "value_length", json_integer(arg_int(c, 4)));
	if (val)
		json_set(o, "value", shape_json(shape, val, len));
}

static void args_getsockopt(json_t *o, const struct call *c, const struct result *r,
			    unsigned shown)
{
	const struct shape *shape = option(o, c, OPTION_GET);

	json_set(o, "value_length_at", pointer_json(c->arg[4]));
	if (!c->err && !c->opt.len_err && c->arg[4])
		json_set(o, "value_room", json_integer(c->opt.len));
	if (!text_served(c, r))
		return;
	json_set(o, "value_length",
	    json_integer(call_option_len(c, arg_int(c, 1), arg_int(c, 2), r->opt_len)));
	if (r->opt && call_option_bytes(c, r))
		json_set(o, "value", shape_json(shape_narrow(c, shape), r->opt,
						call_option_bytes(c, r)));
}

typedef void args_fn(json_t *, const struct call *, const struct result *, unsigned shown);

static args_fn *const args[] = {
	[CALL_socket] = args_socket,           [CALL_bind] = args_address,
	[CALL_connect] = args_address,         [CALL_listen] = args_listen,
	[CALL_accept] = args_accept,           [CALL_getsockname] = args_accept,
	[CALL_getpeername] = args_accept,      [CALL_socketpair] = args_socket,
	[CALL_send] = args_send,               [CALL_recv] = args_recv,
	[CALL_sendto] = args_send,             [CALL_recvfrom] = args_recv,
	[CALL_shutdown] = args_shutdown,       [CALL_setsockopt] = args_setsockopt,
	[CALL_getsockopt] = args_getsockopt,   [CALL_sendmsg] = json_msg_args,
	[CALL_recvmsg] = json_msg_args,        [CALL_accept4] = args_accept,
	[CALL_recvmmsg] = json_mmsg_args,      [CALL_sendmmsg] = json_mmsg_args,
};
_Static_assert(sizeof(args) / sizeof(args[0]) == CALL_LAST + 1, "a call is missing");

json_t *json_args(const struct call *c, const struct result *r, unsigned shown)
{
	json_t *o = json_object();

	if (c->entry == ENTRY_SOCKETCALL)
		json_set(o, "block_at", pointer_json(c->block_at));
	if (call_name(c->nr) && !call_block_unread(c))
		args[c->nr](o, c, r, shown);
	return o;
}
