/*
 * callers.c - what the caller sees where its layouts differ from the host's.
 *
 * Copies are in the host's layout; lengths are shown as the caller gives and gets
 * them.
 */
#include <errno.h>
#include <linux/filter.h>
#include <string.h>

#include "../abi/abi.h"
#include "shape.h"
#include "text.h"

enum { SO_TIMESTAMP_O = 29, SO_TIMESTAMPNS_O = 35, SO_TIMESTAMPING_O = 37 };
enum { SO_RCVTIMEO_O = 20, SO_SNDTIMEO_O = 21 };

bool call_block_unread(const struct call *c)
{
	uint64_t any = 0;

	if (c->entry != ENTRY_SOCKETCALL || c->err != -EFAULT || c->fd != -1)
		return false;
	for (int i = 0; i < 6; i++)
		any |= c->arg[i];
	return !any;
}

const struct call_addr *call_addr_out(const struct call *c, const struct result *r)
{
	const struct call_addr *a = &r->addr;

	if (!text_served(c, r))
		return NULL;
	if (c->nr == CALL_recvfrom && r->nmsg)
		a = &r->msg[0].name;
	return a->present ? a : NULL;
}

static size_t header_len(const struct call *c)
{
	return c->abi && c->abi->word == 4 ? 12 : CMSG_LEN(0);
}

size_t call_control_len(const struct call *c, int level, int type, size_t host_len)
{
	size_t data = host_len - CMSG_LEN(0);

	/* Made of two longs each in the caller's layout. */
	if (c->abi && c->abi->word == 4 && level == SOL_SOCKET &&
	    (type == SO_TIMESTAMP_O || type == SO_TIMESTAMPNS_O || type == SO_TIMESTAMPING_O))
		data /= 2;
	return header_len(c) + data;
}

size_t call_controls_len(const struct call *c, const uint8_t *bytes, size_t len, size_t room)
{
	struct msghdr m = {.msg_control = (void *)bytes, .msg_controllen = len};
	size_t word = c->abi ? c->abi->word : sizeof(long), total = 0;

	if (!bytes)
		return 0;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		size_t n, left = len - ((const uint8_t *)h - bytes);

		if (h->cmsg_len < CMSG_LEN(0) || h->cmsg_len > left)
			break;
		n = call_control_len(c, h->cmsg_level, h->cmsg_type, h->cmsg_len);
		total += (n + word - 1) & ~(word - 1);
	}
	return total < room ? total : room;
}

static bool is_filter(const struct call *c)
{
	return (int)c->arg[1] == SOL_SOCKET &&
	       ((int)c->arg[2] == SO_ATTACH_FILTER || (int)c->arg[2] == SO_ATTACH_REUSEPORT_CBPF);
}

const uint8_t *call_option_in(const struct call *c, size_t *len)
{
	const struct call_opt *o = &c->opt;
	struct sock_fprog prog;

	*len = o->val_len;
	if (!o->val || !o->val_len || o->handle >= 0)
		return NULL;
	if (!is_filter(c) || o->val_len != sizeof(prog))
		return o->val;
	/* The instructions follow the head, if they could be read. */
	memcpy(&prog, o->val, sizeof(prog));
	*len = prog.len * sizeof(struct sock_filter);
	return (uint8_t *)prog.filter == o->val + sizeof(prog) ? o->val + sizeof(prog) : NULL;
}

const struct shape *shape_narrow(const struct call *c, const struct shape *shape)
{
	if (!c->opt.narrow)
		return shape;
	return shape == &shape_timeval ? &shape_timeval32 : &shape_bytes;
}

size_t call_option_bytes(const struct call *c, const struct result *r)
{
	/* SO_GET_FILTER counts instructions. */
	return is_filter(c) ? r->opt_len * sizeof(struct sock_filter) : (size_t)r->opt_len;
}

int call_option_len(const struct call *c, int level, int name, int host_len)
{
	if (c->abi && c->abi->word == 4 && level == SOL_SOCKET &&
	    (name == SO_RCVTIMEO_O || name == SO_SNDTIMEO_O))
		return host_len > 8 ? 8 : host_len;
	return host_len;
}
