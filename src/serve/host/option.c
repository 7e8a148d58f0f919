/*
 * option.c - setsockopt, getsockopt.
 *
 * The kernel checks most values against the length that it is given, but not all:
 * MCAST_MSFILTER, say, fills as many sources as the buffer itself says there is room
 * for. So values are guarded.
 */
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "guarded.h"
#include "host.h"

struct asking {
	const struct call *c;
	void *val; /* NULL as the caller's */
	socklen_t *len; /* getsockopt */
	int err;
};

static void do_set(void *arg)
{
	struct asking *a = arg;
	const struct call_opt *o = &a->c->opt;

	a->err = setsockopt(a->c->sock, o->level, o->name, a->val, o->host_len) < 0 ? -errno : 0;
}

static void do_get(void *arg)
{
	struct asking *a = arg;
	const struct call_opt *o = &a->c->opt;

	a->err = getsockopt(a->c->sock, o->level, o->name, a->val, a->len) < 0 ? -errno : 0;
}

void host_setsockopt(struct caller *who, struct call *c, struct result *r,
		     const struct serve_judge *judge)
{
	const struct call_opt *o = &c->opt;
	struct guarded g;

	r->ret = guarded_init(&g, o->val_len);
	if (r->ret < 0)
		return;
	if (o->val_len)
		memcpy(g.bytes, o->val, o->val_len);
	struct asking a = {.c = c, .val = o->at ? g.bytes : NULL};
	int err = host_as_caller(who, do_set, &a);
	r->ret = err ? err : a.err;
	guarded_free(&g);
}

/* No option is larger; a caller that offers more room gets what there is. */
enum { OPT_MAX = 1 << 20, OPT_LEAST = 4096 };

void host_getsockopt(struct caller *who, struct call *c, struct result *r,
		     const struct serve_judge *judge)
{
	const struct call_opt *o = &c->opt;
	int room = o->host_room < OPT_MAX ? o->host_room : OPT_MAX;
	socklen_t len = room;
	/* SO_GET_FILTER measures room in instructions. Some protocols do not mind a
	 * negative length, and have room then. */
	size_t unit = o->level == SOL_SOCKET && o->name == SO_GET_FILTER
		? sizeof(struct sock_filter) : 1;
	size_t size = room >= 0 ? room * unit : OPT_LEAST;
	struct guarded g;

	r->ret = guarded_init(&g, size);
	if (r->ret < 0)
		return;
	if (o->val)
		memcpy(g.bytes, o->val, o->val_len < size ? o->val_len : size);
	/* A length that the caller cannot be asked for is NULL to the kernel too. */
	struct asking a = {.c = c, .val = g.bytes, .len = o->len_err ? NULL : &len};
	int err = host_as_caller(who, do_get, &a);
	r->ret = err ? err : a.err;
	/* ERANGE (SO_PEERSEC, SO_PEERGROUPS) tells the length that it takes. */
	r->opt_len = len;
	r->opt_len_set = !o->len_err && (r->ret == 0 || (int)len != room);
	if (r->ret == 0) {
		r->opt = malloc(size + 1);
		if (r->opt)
			memcpy(r->opt, g.bytes, size);
		else
			r->ret = -ENOMEM;
	}
	guarded_free(&g);
}
