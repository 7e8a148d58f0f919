/*
 * message.c - a message's bytes and control messages.
 */
#include <errno.h>
#include <string.h>

#include "op.h"

/* The usual case: all in one place. */
static bool in_one(const struct message *m)
{
	return m->nspan == 1;
}

int message_take(struct message *m, size_t skip, void *to, size_t len)
{
	struct caller *who = &m->op->who;

	if (in_one(m))
		return caller_read(who, m->span->at + skip, to, len);
	return caller_read_spans(who, m->span, m->nspan, skip, to, len) == (ssize_t)len ? 0
											: -EFAULT;
}

int message_give(struct message *m, size_t skip, const void *from, size_t len)
{
	struct caller *who = &m->op->who;
	size_t done = 0;

	if (in_one(m))
		return caller_write(who, m->span->at + skip, from, len);
	for (unsigned i = 0; i < m->nspan && done < len; i++) {
		const struct call_span *s = &m->span[i];
		size_t part = len - done;

		if (skip >= s->len) {
			skip -= s->len;
			continue;
		}
		if (part > s->len - skip)
			part = s->len - skip;
		if (caller_write(who, s->at + skip, (const uint8_t *)from + done, part))
			return -EFAULT;
		done += part;
		skip = 0;
	}
	return done == len ? 0 : -EFAULT;
}

size_t message_control_left(const struct message *m)
{
	const size_t used = m->out->control_len;

	return m->control_room >= used + CMSG_LEN(0) ? m->control_room - used - CMSG_LEN(0) : 0;
}

void message_put_control(struct message *m, int level, int type, const void *data, size_t len)
{
	struct result_msg *out = m->out;
	struct alloc *mem = &m->op->task->net->mem;
	size_t left = message_control_left(m), room = m->control_room - out->control_len;
	struct cmsghdr h = {.cmsg_level = level, .cmsg_type = type};
	size_t space = CMSG_SPACE(len);
	uint8_t *grown;

	if (room < CMSG_LEN(0)) {
		out->flags |= MSG_CTRUNC;
		return;
	}
	if (len > left) {
		out->flags |= MSG_CTRUNC;
		len = left;
	}
	if (space > room)
		space = room;
	grown = alloc_resize(mem, out->control, out->control_len + space);
	if (!grown) {
		out->flags |= MSG_CTRUNC;
		return;
	}
	h.cmsg_len = CMSG_LEN(len);
	memset(grown + out->control_len, 0, space);
	memcpy(grown + out->control_len, &h, sizeof(h));
	memcpy(grown + out->control_len + CMSG_LEN(0), data, len);
	out->control = grown;
	out->control_len += space;
}

const struct cmsghdr *message_next_control(const struct message *m, const struct cmsghdr *prev,
					   int *err)
{
	const uint8_t *at = m->control, *end;
	const struct cmsghdr *h;

	*err = 0;
	if (!at)
		return NULL;
	end = at + m->control_len;
	if (prev)
		at = (const uint8_t *)prev + CMSG_ALIGN(prev->cmsg_len);
	if (at > end || (size_t)(end - at) < sizeof(*h))
		return NULL;
	h = (const struct cmsghdr *)at;
	if (h->cmsg_len < sizeof(*h) || h->cmsg_len > (size_t)(end - at)) {
		*err = -EINVAL;
		return NULL;
	}
	return h;
}
