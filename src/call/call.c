#include "call.h"

#include <stdlib.h>
#include <string.h>

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
	memset(c, 0, sizeof(*c));
	c->fd = c->sock = c->opt.handle = -1;
}

static void msg_free(struct call_msg *m)
{
	if (m->iov != m->iov_inline)
		free(m->iov);
	free(m->control);
}

void call_free(struct call *c)
{
	for (unsigned i = 0; i < c->nmsg; i++)
		msg_free(&c->msg[i]);
	if (c->msg != &c->msg_inline)
		free(c->msg);
	free(c->opt.val);
}
