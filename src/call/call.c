#include "call.h"

#include <stddef.h>
#include <string.h>

#include "../lib/alloc.h"
#include "../lib/clear.h"

static const struct {
	const char *name;
	int nargs;
} calls[] = {
#define CALL(nr, name, nargs) [nr] = {#name, nargs},
#include "call.def"
#undef CALL
};

const char *call_name(int nr)
{
	return nr >= 1 && nr <= CALL_LAST ? calls[nr].name : NULL;
}

int call_nargs(int nr)
{
	return nr >= 1 && nr <= CALL_LAST ? calls[nr].nargs : 0;
}

int call_by_name(const char *name, size_t len)
{
	for (int nr = 1; nr <= CALL_LAST; nr++)
		if (strlen(calls[nr].name) == len && memcmp(calls[nr].name, name, len) == 0)
			return nr;
	return 0;
}

void call_init(struct call *c)
{
	clear(c, offsetof(struct call, msg_inline));
	c->fd = c->sock = c->opt.handle = -1;
}

struct call_msg *call_one_message(struct call *c)
{
	clear(&c->msg_inline, sizeof(c->msg_inline));
	return &c->msg_inline;
}

static void msg_free(struct alloc *mem, struct call_msg *m)
{
	if (m->iov != m->iov_inline)
		alloc_put(mem, m->iov);
	alloc_put(mem, m->control);
}

void call_free(struct call *c)
{
	for (unsigned i = 0; i < c->nmsg; i++)
		msg_free(c->mem, &c->msg[i]);
	if (c->msg != &c->msg_inline)
		alloc_put(c->mem, c->msg);
	alloc_put(c->mem, c->opt.val);
}
