/*
 * option.c - setsockopt and getsockopt: finds the row, reads and writes ints.
 *
 * What the kernel looks at first differs by level, and shows when several things are
 * wrong at once. At SOL_SOCKET, TCP and UDP an int is read before the option is looked
 * at, so a short value of an unknown option is EINVAL; IP and IPv6 look at the option
 * first. A level that a socket does not know is answered by its family.
 */
#include "option.h"

#include <errno.h>
#include <string.h>

#include "task.h"

enum { LEVEL_UDPLITE = 136, LEVEL_NETLINK = 270 };

/* No option is larger; who offers more room gets what there is. */
enum { ROOM_MAX = 1 << 20 };
/* Where the kernel takes a negative length for a very long one: of what IPv6 has that is
 * not refused then, struct ip6_mtuinfo is the longest. */
enum { ROOM_OF_NEGATIVE = 64 };

static enum option_way way_of(int level)
{
	switch (level) {
	case IPPROTO_IP:
		return OPTION_BYTE;
	case IPPROTO_IPV6:
		return OPTION_NULL;
	case LEVEL_NETLINK:
		return OPTION_SHORT;
	default:
		return OPTION_INT;
	}
}

/* What a socket answers to a level that is not one of its own. */
static int no_such_level(const struct sock *s, bool set)
{
	if (s->family == AF_UNIX || (s->family == AF_INET && !set))
		return -EOPNOTSUPP;
	return -ENOPROTOOPT;
}

/* The row; NULL: none. *known: the socket has options of this level. */
static const struct option *find(const struct sock *s, int level, int name, bool *known)
{
	*known = false;
	if (s->family == AF_INET && level == IPPROTO_IPV6)
		return NULL;
	/* UDP's own options go by either name. */
	if (level == LEVEL_UDPLITE && s->ops->protocol == IPPROTO_UDP)
		level = IPPROTO_UDP;
	for (const struct option_table *const *t = s->ops->options; *t; t++) {
		if ((*t)->level != level)
			continue;
		*known = true;
		for (unsigned i = 0; i < (*t)->n; i++)
			if ((*t)->row[i].name == name)
				return &(*t)->row[i];
	}
	return NULL;
}

int option_bytes(const struct option_value *v, void *out, int len)
{
	if (v->len < len)
		return -EINVAL;
	if (v->have < len)
		return -EFAULT;
	memcpy(out, v->val, len);
	return 0;
}

int option_int(const struct option_value *v, int *out)
{
	uint8_t byte;
	int err;

	if (v->len >= (int)sizeof(int) || v->way == OPTION_INT || v->way == OPTION_NULL)
		return option_bytes(v, out, sizeof(*out));
	*out = 0;
	if (v->way == OPTION_SHORT)
		return 0;
	err = option_bytes(v, &byte, sizeof(byte));
	if (!err)
		*out = byte;
	return err;
}

int option_put(struct option_value *v, const void *data, int len)
{
	if (v->len > len)
		v->len = len;
	memcpy(v->val, data, v->len);
	return 0;
}

int option_put_int(struct option_value *v, int n)
{
	const uint8_t byte = n;

	if (v->way == OPTION_BYTE && v->len > 0 && v->len < (int)sizeof(n) && n >= 0 && n <= 255)
		return option_put(v, &byte, sizeof(byte));
	if (v->way == OPTION_SHORT && v->len < (int)sizeof(n))
		return -EINVAL;
	return option_put(v, &n, sizeof(n));
}

/* Keeps what the row's kind says. 0 or -errno. */
static int keep(struct sock *s, const struct option *o, int n)
{
	switch (o->kind) {
	case OPT_FLAG:
		sock_flag_set(s, o->at, n != 0);
		return 0;
	case OPT_INT:
		if (n < o->min || n > o->max)
			return -EINVAL;
		memcpy((char *)s + o->at, &n, sizeof(n));
		return 0;
	case OPT_BYTE:
		if (n < o->min || n > o->max)
			return -EINVAL;
		*((uint8_t *)s + o->at) = n;
		return 0;
	case OPT_OWN:
		return 0;
	}
	return 0;
}

static int set_row(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	int n, err = 0;

	if (o->read_only || (o->kind == OPT_OWN && !o->set))
		return -ENOPROTOOPT;
	if (o->kind != OPT_OWN)
		err = option_int(v, &n);
	if (!err && o->privileged && !op->task->privileged)
		err = -EPERM;
	s->file.net->changes++;
	if (!err && o->kind != OPT_OWN)
		err = keep(s, o, n);
	if (!err && o->set)
		err = o->set(op, s, o, v);
	return err;
}

int option_set(struct op *op, struct sock *s, const struct call_opt *c)
{
	struct option_value v = {c->val, c->host_len, c->val_len, way_of(c->level)};
	uint8_t zero[sizeof(int)] = {0};
	const struct option *o;
	bool known;
	int first;

	o = find(s, c->level, c->name, &known);
	if (!known)
		return no_such_level(s, true);
	if (v.way == OPTION_NULL && !c->at) {
		v.val = zero;
		v.have = sizeof(zero);
	}
	if (v.way == OPTION_INT || (v.way != OPTION_BYTE && v.len >= (int)sizeof(first))) {
		int err = option_bytes(&v, &first, sizeof(first));

		if (err && !(o && o->string))
			return err;
	}
	return o ? set_row(op, s, o, &v) : -ENOPROTOOPT;
}

static int get_row(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	int n;

	if (o->write_only || (o->kind == OPT_OWN && !o->get))
		return -ENOPROTOOPT;
	switch (o->kind) {
	case OPT_FLAG:
		return option_put_int(v, sock_flag(s, o->at));
	case OPT_INT:
		memcpy(&n, (char *)s + o->at, sizeof(n));
		return option_put_int(v, n);
	case OPT_BYTE:
		return option_put_int(v, *((uint8_t *)s + o->at));
	case OPT_OWN:
		return o->get(op, s, o, v);
	}
	return -ENOPROTOOPT;
}

int option_get(struct op *op, struct sock *s, const struct call_opt *c, struct result *r)
{
	struct option_value v = {.way = way_of(c->level)};
	const struct option *o;
	int room = c->host_room, err;
	bool known;

	o = find(s, c->level, c->name, &known);
	if (!known)
		return no_such_level(s, false);
	if (c->len_err)
		return c->len_err;
	if (room < 0 && v.way != OPTION_NULL)
		return -EINVAL;
	if (!o)
		return -ENOPROTOOPT;
	if (room < 0)
		room = ROOM_OF_NEGATIVE;
	if (room > ROOM_MAX)
		room = ROOM_MAX;
	v.val = alloc_zero(&op->task->net->mem, room + 1);
	if (!v.val)
		return -ENOMEM;
	v.len = room;
	if (c->val) {
		v.have = c->val_len < (size_t)room ? (int)c->val_len : room;
		memcpy(v.val, c->val, v.have);
	}
	err = get_row(op, s, o, &v);
	r->opt = v.val;
	r->opt_len = v.len;
	r->opt_len_set = !err || v.len != room;
	return err;
}
