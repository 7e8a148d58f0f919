/* text_msg.c - msghdr, mmsghdr and control messages as text. */
#include <string.h>

#include "shape.h"
#include "text.h"

enum { SHOWN_MAX = 16 }; /* messages, pieces and control messages that are listed */

struct outcome {
	bool in;                       /* the message came in */
	const struct result_msg *msg;  /* NULL: none, or the call failed */
};

static bool is_receive(const struct call *c)
{
	return c->nr == CALL_recvmsg || c->nr == CALL_recvmmsg;
}

static void control_message(struct line *l, const struct control_walk *w)
{
	const struct cmsghdr *h = w->h;
	const char *prefix, *level = option_level(h->cmsg_level);
	const struct option *o = option_find(h->cmsg_level, h->cmsg_type, OPTION_CONTROL, &prefix);

	line_str(l, "{cmsg_len=");
	line_u64(l, w->shown_len);
	line_str(l, ", cmsg_level=");
	if (level) {
		line_str(l, level);
	} else {
		line_hex(l, (uint32_t)h->cmsg_level);
		line_str(l, " /* SOL_??? */");
	}
	line_str(l, ", cmsg_type=");
	if (o)
		line_str(l, o->name);
	else
		line_hex(l, (uint32_t)h->cmsg_type);
	if (w->data_len) {
		line_str(l, ", cmsg_data=");
		if (w->unknown_fds)
			line_str(l, "[?]");
		else
			shape_text(l, o && !w->cut ? o->control : NULL, w->data, w->data_len);
	}
	line_char(l, '}');
}

static void control(struct line *l, struct control_walk w)
{
	unsigned n = 0;

	line_char(l, '[');
	while (control_next(&w)) {
		line_str(l, n ? ", " : "");
		if (n++ == SHOWN_MAX) {
			line_str(l, "...");
			break;
		}
		control_message(l, &w);
	}
	/* One that cannot be: the kernel does not look further either. */
	if (w.h && !w.in && n <= SHOWN_MAX)
		line_str(l, n ? ", ..." : "...");
	line_char(l, ']');
}

static void pieces(struct line *l, const struct call_msg *m, const struct outcome *o)
{
	const uint8_t *data = o->msg && o->in ? o->msg->data : NULL;
	size_t left = data ? o->msg->data_len : 0;

	line_char(l, '[');
	for (unsigned i = 0; i < m->iovlen; i++) {
		line_str(l, i ? ", " : "");
		if (i == SHOWN_MAX) {
			line_str(l, "...");
			break;
		}
		line_str(l, "{iov_base=");
		if (o->msg && o->in) {
			size_t n = m->iov[i].len < left ? m->iov[i].len : left;

			line_quoted(l, n ? data : (const uint8_t *)"", n, QUOTE_MAX);
			data += n;
			left -= n;
		} else {
			line_pointer(l, m->iov[i].at);
		}
		line_str(l, ", iov_len=");
		line_u64(l, m->iov[i].len);
		line_char(l, '}');
	}
	line_char(l, ']');
}

static void controls(struct line *l, const struct call *c, const struct call_msg *m,
		     const struct outcome *o)
{
	const struct control_walk none = {.call = c};
	struct control_walk w = !o->in ? control_sent(c, m)
		: o->msg ? control_received(c, m, o->msg) : none;
	size_t shown = w.in ? control_total(c, m, w.in) : m->control_room;

	if (w.bytes && w.len >= CMSG_LEN(0) && shown) {
		line_str(l, ", msg_control=");
		control(l, w);
	} else if (m->control_at && shown) {
		line_str(l, ", msg_control=");
		line_pointer(l, m->control_at);
	}
	line_str(l, ", msg_controllen=");
	line_u64(l, shown);
}

static void header(struct line *l, const struct call *c, const struct call_msg *m,
		   const struct outcome *o)
{
	line_str(l, "{msg_name=");
	if (o->in) {
		text_addr_out(l, &o->msg->name, m->name.len, m->name.at);
		line_str(l, ", msg_namelen=");
		text_room(l, m->name.len,
			  m->name.at && o->msg->name.present ? o->msg->name.len : m->name.len);
	} else {
		text_addr(l, &m->name);
		line_str(l, ", msg_namelen=");
		line_i64(l, m->name.len);
	}
	line_str(l, ", msg_iov=");
	pieces(l, m, o);
	line_str(l, ", msg_iovlen=");
	line_u64(l, m->iovlen);
	controls(l, c, m, o);
	line_str(l, ", msg_flags=");
	line_flags(l, &names_msg, (uint32_t)(o->in ? o->msg->flags : m->flags));
	line_char(l, '}');
}

void text_msg_args(struct line *l, const struct call *c, const struct result *r)
{
	const struct call_msg *m = c->nmsg ? &c->msg[0] : NULL;
	struct outcome o = {is_receive(c), text_served(c, r) && r->nmsg ? &r->msg[0] : NULL};

	line_i64(l, (int)c->arg[0]);
	line_str(l, ", ");
	if (m && c->err && m->name.present) {
		/* Where decoding stopped is not known, but that it was further on. */
		line_str(l, "{msg_name=");
		text_addr(l, &m->name);
		line_str(l, ", ...}");
	} else if (!m || c->err) {
		line_pointer(l, c->arg[1]);
	} else if (o.in && !o.msg) {
		/* What came is not there, and what was offered is not initialised. */
		line_str(l, "{msg_namelen=");
		line_i64(l, m->name.len);
		line_char(l, '}');
	} else {
		header(l, c, m, &o);
	}
	line_str(l, ", ");
	line_flags(l, &names_msg, (uint32_t)c->arg[2]);
}

static void messages(struct line *l, const struct call *c, const struct result *r)
{
	bool in = is_receive(c), served = text_served(c, r);
	unsigned done = served ? r->ret : 0;
	unsigned n = in ? (done < r->nmsg ? done : r->nmsg) : c->nmsg;

	line_char(l, '[');
	for (unsigned i = 0; i < n && i < c->nmsg; i++) {
		const struct call_msg *m = &c->msg[i];
		const struct result_msg *out = served && i < r->nmsg ? &r->msg[i] : NULL;
		struct outcome o = {in, out};

		line_str(l, i ? ", " : "");
		if (i == SHOWN_MAX) {
			line_str(l, "...");
			break;
		}
		line_str(l, "{msg_hdr=");
		if (m->err)
			line_pointer(l, m->at);
		else
			header(l, c, m, &o);
		if (i < done && out) {
			line_str(l, ", msg_len=");
			line_u64(l, out->len);
		}
		line_char(l, '}');
	}
	line_char(l, ']');
}

static void timeout(struct line *l, const struct call *c)
{
	if (!c->arg[4] || c->time == TIME_NONE) {
		line_pointer(l, c->arg[4]);
		return;
	}
	line_str(l, "{tv_sec=");
	line_i64(l, c->timeout.tv_sec);
	line_str(l, ", tv_nsec=");
	line_i64(l, c->timeout.tv_nsec);
	line_char(l, '}');
}

void text_mmsg_args(struct line *l, const struct call *c, const struct result *r)
{
	line_i64(l, (int)c->arg[0]);
	line_str(l, ", ");
	if (c->err || !c->nmsg || (is_receive(c) && r->ret < 0))
		line_pointer(l, c->arg[1]);
	else
		messages(l, c, r);
	line_str(l, ", ");
	line_u64(l, (uint32_t)c->arg[2]);
	line_str(l, ", ");
	line_flags(l, &names_msg, (uint32_t)c->arg[3]);
	if (c->nr == CALL_recvmmsg) {
		line_str(l, ", ");
		timeout(l, c);
	}
}
