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
enum { SCM_PIDFD_ = 4 };
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

static bool is_old_timestamp(const struct cmsghdr *h)
{
	return h->cmsg_level == SOL_SOCKET &&
	       (h->cmsg_type == SO_TIMESTAMP_O || h->cmsg_type == SO_TIMESTAMPNS_O ||
		h->cmsg_type == SO_TIMESTAMPING_O);
}

static bool holds_descriptors(const struct cmsghdr *h)
{
	return h->cmsg_level == SOL_SOCKET &&
	       (h->cmsg_type == SCM_RIGHTS || h->cmsg_type == SCM_PIDFD_);
}

/* The numbers that reply gave out for this message. */
static void rights(struct control_walk *w)
{
	size_t n = w->data_len / sizeof(int), left = w->in->ngiven - w->given;

	w->unknown_fds = !w->in->given;
	if (w->unknown_fds)
		return;
	n = n < left ? n : left;
	w->data = (const uint8_t *)(w->in->given + w->given);
	w->data_len = n * sizeof(int);
	w->given += n;
}

struct control_walk control_sent(const struct call *c, const struct call_msg *m)
{
	return (struct control_walk){.call = c, .bytes = m->control, .len = m->control_len};
}

struct control_walk control_received(const struct call *c, const struct call_msg *m,
				     const struct result_msg *out)
{
	return (struct control_walk){.call = c, .bytes = out->control, .len = out->control_len,
				     .in = out, .room = m->control_room};
}

/* As put_cmsg(): a message is cut where the room ends, if its head fits. */
static bool fits(struct control_walk *w, bool narrow)
{
	size_t head = header_len(w->call), word = w->call->abi ? w->call->abi->word : sizeof(long);
	size_t space = (w->shown_len + word - 1) & ~(word - 1);

	if (w->room < head)
		return false;
	w->cut = w->shown_len > w->room;
	if (w->cut) {
		w->shown_len = w->room;
		w->data_len = narrow ? 0 : w->room - head;
	}
	w->room -= space < w->room ? space : w->room;
	return true;
}

bool control_next(struct control_walk *w)
{
	struct msghdr m = {.msg_control = (void *)w->bytes, .msg_controllen = w->len};
	size_t left;
	bool narrow;

	do {
		w->h = w->h ? CMSG_NXTHDR(&m, w->h) : w->bytes ? CMSG_FIRSTHDR(&m) : NULL;
		if (!w->h)
			return false;
		left = w->len - ((const uint8_t *)w->h - w->bytes);
		if (w->h->cmsg_len < CMSG_LEN(0) || w->h->cmsg_len > left)
			return false;
		w->unknown_fds = false;
		w->data = CMSG_DATA(w->h);
		w->data_len = w->h->cmsg_len - CMSG_LEN(0);
		if (w->in && holds_descriptors(w->h))
			rights(w);
	} while (w->in && w->h->cmsg_len > CMSG_LEN(0) && !w->data_len);
	w->shown_len = header_len(w->call) + w->data_len;
	/* Made of longs in the caller's layout. */
	narrow = w->call->abi && w->call->abi->word == 4 && is_old_timestamp(w->h);
	if (narrow)
		w->shown_len -= w->data_len / 2;
	return !w->in || fits(w, narrow);
}

size_t control_total(const struct call *c, const struct call_msg *m, const struct result_msg *out)
{
	struct control_walk w = control_received(c, m, out);

	while (control_next(&w))
		;
	return m->control_room - w.room;
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
	/* The instructions follow the head, if they could be read and are not more
	 * than the kernel takes. */
	memcpy(&prog, o->val, sizeof(prog));
	if (prog.len > BPF_MAXINSNS)
		return NULL;
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
	/* SO_GET_FILTER counts instructions; with no room it does nothing else. */
	if (is_filter(c))
		return c->opt.len > 0 ? r->opt_len * sizeof(struct sock_filter) : 0;
	return r->opt_len;
}

int call_option_len(const struct call *c, int level, int name, int host_len)
{
	if (c->abi && c->abi->word == 4 && level == SOL_SOCKET &&
	    (name == SO_RCVTIMEO_O || name == SO_SNDTIMEO_O))
		return host_len > 8 ? 8 : host_len;
	return host_len;
}
