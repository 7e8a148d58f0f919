/* json_msg.c - msghdr, mmsghdr and control messages as JSON. */
#include <string.h>

#include "json.h"
#include "shape.h"
#include "text.h"

static bool is_receive(const struct call *c)
{
	return c->nr == CALL_recvmsg || c->nr == CALL_recvmmsg;
}

static json_t *control_message(const struct control_walk *w)
{
	const struct cmsghdr *h = w->h;
	const char *prefix;
	const struct option *type =
		option_find(h->cmsg_level, h->cmsg_type, OPTION_CONTROL, &prefix);
	json_t *o = json_object();

	json_named(o, "level", option_level(h->cmsg_level), h->cmsg_level);
	json_named(o, "type", type ? type->name : NULL, h->cmsg_type);
	json_set(o, "length", json_integer(w->shown_len));
	if (w->data_len && !w->unknown_fds)
		json_set(o, "data", shape_json(type && !w->cut ? type->control : NULL, w->data,
						  w->data_len));
	return o;
}

static json_t *control(struct control_walk w, unsigned shown)
{
	json_t *list = json_array();

	for (unsigned n = 0; n < shown && control_next(&w); n++)
		json_array_append_new(list, control_message(&w));
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
		json_set(o, "control", control(control_sent(c, m), shown));
	if (in && out) {
		json_set(o, "control_length", json_integer(control_total(c, m, out)));
		if (out->control)
			json_set(o, "control", control(control_received(c, m, out), shown));
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
