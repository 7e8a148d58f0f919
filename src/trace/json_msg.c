/* json_msg.c - msghdr, mmsghdr and control messages as JSON. */
#include <string.h>

#include "json.h"
#include "shape.h"
#include "text.h"

static bool is_receive(const struct call *c)
{
	return c->nr == CALL_recvmsg || c->nr == CALL_recvmmsg;
}

/* Numbers of the caller, or null where they are not known. */
static json_t *given_fds(const struct result_msg *m, size_t n, unsigned *at)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n && i < LIST_MAX; i++)
		json_array_append_new(list, *at + i < m->ngiven ? json_integer(m->given[*at + i])
								: json_null());
	*at += n;
	return list;
}

static json_t *control_message(const struct call *c, const struct cmsghdr *h,
			       const struct result_msg *in, unsigned *fds)
{
	const char *prefix;
	const struct option *type =
		option_find(h->cmsg_level, h->cmsg_type, OPTION_CONTROL, &prefix);
	size_t len = h->cmsg_len - CMSG_LEN(0);
	json_t *o = json_object();

	json_named(o, "level", option_level(h->cmsg_level), h->cmsg_level);
	json_named(o, "type", type ? type->name : NULL, h->cmsg_type);
	json_set(o, "length",
	    json_integer(call_control_len(c, h->cmsg_level, h->cmsg_type, h->cmsg_len)));
	if (in && type && type->control == &shape_fds)
		json_set(o, "data", given_fds(in, len / sizeof(int), fds));
	else if (len)
		json_set(o, "data", shape_json(type ? type->control : NULL, CMSG_DATA(h), len));
	return o;
}

static json_t *control(const struct call *c, const uint8_t *bytes, size_t len,
		       const struct result_msg *in, unsigned shown)
{
	struct msghdr m = {.msg_control = (void *)bytes, .msg_controllen = len};
	json_t *list = json_array();
	unsigned n = 0, fds = 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h && n++ < shown; h = CMSG_NXTHDR(&m, h)) {
		size_t left = len - ((const uint8_t *)h - bytes);

		if (h->cmsg_len < CMSG_LEN(0) || h->cmsg_len > left)
			break;
		json_array_append_new(list, control_message(c, h, in, &fds));
	}
	return list;
}

static json_t *pieces(const struct call_msg *m, unsigned shown)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < m->iovlen && i < shown; i++)
		json_array_append_new(list, json_pack("{s:o, s:o}", "at", pointer_json(m->iov[i].at),
						      "length", count_json(m->iov[i].len)));
	return list;
}

/* What is there before a receive, and with `out` what is there after it. */
static json_t *message(const struct call *c, const struct call_msg *m,
		       const struct result_msg *out, unsigned shown)
{
	bool in = is_receive(c);
	json_t *o = json_object();

	json_set(o, "at", pointer_json(m->at));
	if (m->err)
		return o;
	json_set(o, "name_at", pointer_json(m->name.at));
	json_set(o, in ? "name_room" : "name_length", json_integer(m->name.len));
	if (in && out && out->name.present) {
		json_set(o, "name_length", json_integer(out->name.len));
		json_addr(o, "name", &out->name, m->name.len);
	} else if (!in) {
		json_addr(o, "name", &m->name, CALL_ADDR_MAX);
	}
	json_set(o, "iov", pieces(m, shown));
	json_set(o, "iovlen", json_integer(m->iovlen));
	json_set(o, "control_at", pointer_json(m->control_at));
	json_set(o, in ? "control_room" : "control_length", count_json(m->control_room));
	if (!in && m->control)
		json_set(o, "control", control(c, m->control, m->control_len, NULL, shown));
	if (in && out) {
		json_set(o, "control_length", json_integer(call_controls_len(c, out->control,
									out->control_len,
									m->control_room)));
		if (out->control)
			json_set(o, "control", control(c, out->control, out->control_len, out, shown));
		json_set(o, "data", payload_json(out->data, out->data_len));
		json_set(o, "flags", flags_json(&names_msg, (uint32_t)out->flags));
	} else if (!in) {
		json_set(o, "flags", flags_json(&names_msg, (uint32_t)m->flags));
	}
	if (out)
		json_set(o, "length", count_json(out->len));
	return o;
}

void json_msg_args(json_t *o, const struct call *c, const struct result *r, unsigned shown)
{
	json_set(o, "fd", json_integer((int)c->arg[0]));
	json_set(o, "message_at", pointer_json(c->arg[1]));
	json_set(o, "flags", flags_json(&names_msg, (uint32_t)c->arg[2]));
	if (c->nmsg && !c->err)
		json_set(o, "message", message(c, &c->msg[0],
					  text_served(c, r) && r->nmsg ? &r->msg[0] : NULL, shown));
}

void json_mmsg_args(json_t *o, const struct call *c, const struct result *r, unsigned shown)
{
	unsigned done = text_served(c, r) ? r->ret : 0;
	json_t *list;

	json_set(o, "fd", json_integer((int)c->arg[0]));
	json_set(o, "messages_at", pointer_json(c->arg[1]));
	json_set(o, "vlen", json_integer((uint32_t)c->arg[2]));
	json_set(o, "flags", flags_json(&names_msg, (uint32_t)c->arg[3]));
	if (c->nr == CALL_recvmmsg) {
		json_set(o, "timeout_at", pointer_json(c->arg[4]));
		if (c->time != TIME_NONE)
			json_set(o, "timeout", timespec_json(&c->timeout));
		if (done && r->time_left_set)
			json_set(o, "time_left", timespec_json(&r->time_left));
	}
	if (c->err || !c->nmsg)
		return;
	list = json_array();
	for (unsigned i = 0; i < c->nmsg && i < shown; i++)
		json_array_append_new(list, message(c, &c->msg[i],
						    i < done && i < r->nmsg ? &r->msg[i] : NULL,
						    shown));
	json_set(o, "messages", list);
}
