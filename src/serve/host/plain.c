/*
 * plain.c - calls that are the same call on our copy of the descriptor.
 */
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host.h"

void host_listen(struct caller *who, struct call *c, struct result *r,
		 const struct serve_judge *judge)
{
	r->ret = listen(c->sock, c->backlog) < 0 ? -errno : 0;
}

void host_shutdown(struct caller *who, struct call *c, struct result *r,
		   const struct serve_judge *judge)
{
	r->ret = shutdown(c->sock, c->how) < 0 ? -errno : 0;
}

static void host_name(struct call *c, struct result *r)
{
	struct sockaddr *to = (struct sockaddr *)&r->addr.ss;
	socklen_t len = sizeof(r->addr.bytes);
	int err = c->nr == CALL_getsockname ? getsockname(c->sock, to, &len)
					    : getpeername(c->sock, to, &len);

	r->ret = err < 0 ? -errno : 0;
	r->addr.present = err == 0;
	r->addr.len = len;
}

void host_getsockname(struct caller *who, struct call *c, struct result *r,
		      const struct serve_judge *judge)
{
	host_name(c, r);
}

void host_getpeername(struct caller *who, struct call *c, struct result *r,
		      const struct serve_judge *judge)
{
	host_name(c, r);
}

void host_setsockopt(struct caller *who, struct call *c, struct result *r,
		     const struct serve_judge *judge)
{
	/* Values that need the caller's memory or descriptors were made ours by decode. */
	int err = setsockopt(c->sock, c->opt.level, c->opt.name, c->opt.val,
			     c->opt.val ? (socklen_t)c->opt.val_len : (socklen_t)c->opt.len);

	r->ret = err < 0 ? -errno : 0;
}

/* No option is larger; a caller that offers more room gets what there is. */
enum { OPT_MAX = 1 << 20 };

void host_getsockopt(struct caller *who, struct call *c, struct result *r,
		     const struct serve_judge *judge)
{
	const struct call_opt *o = &c->opt;
	int room = o->host_room < OPT_MAX ? o->host_room : OPT_MAX;
	socklen_t len = room; /* negative: the kernel's to refuse */
	/* SO_GET_FILTER measures room in instructions. */
	size_t unit = o->level == SOL_SOCKET && o->name == SO_GET_FILTER
		? sizeof(struct sock_filter) : 1;

	r->opt = calloc(room > 0 ? room : 1, unit);
	if (!r->opt) {
		r->ret = -ENOMEM;
		return;
	}
	if (o->val && o->val_len <= (size_t)room)
		memcpy(r->opt, o->val, o->val_len);
	/* A length that the caller cannot be asked for is NULL to the kernel too. */
	if (getsockopt(c->sock, o->level, o->name, r->opt, o->len_err ? NULL : &len) < 0)
		r->ret = -errno;
	else
		r->opt_len = len;
}
