/*
 * netlink_request.c - requests to the kernel's end of a netlink socket, and answers.
 *
 * A send may carry several requests, each headed by a struct nlmsghdr. What a header
 * says of its length is believed only as far as there are bytes. Requests that would
 * change something are refused: a host's addresses are its embedder's to set. A dump is
 * answered in parts, of which one at a time is made, when the one before was read.
 */
#include <errno.h>
#include <linux/if.h>
#include <string.h>

#include "../inet/device.h"
#include "netlink.h"

enum { PART_MIN = 4096, PART_MAX = 32768 };

/* One request. */
struct request {
	struct netlink_sock *s;
	const struct task *task;
	const struct nlmsghdr *head;
	const uint8_t *fixed;  /* what follows the header */
	size_t len;            /* bytes of it */
	const char *why;       /* an error in words, for NETLINK_EXT_ACK; NULL */
};

static const struct creds kernel;

/* ------------------------------------------------------------------- answers */

static void answer(struct netlink_sock *s, const struct netlink_out *out)
{
	if (netlink_queue(s, 0, &kernel, out->data, out->len))
		sock_set_error(&s->sock, ENOBUFS);
}

/* What became of it: NLMSG_ERROR, also of success. */
static void acknowledge(const struct request *q, int err)
{
	struct netlink_sock *s = q->s;
	const bool whole = err && !netlink_flag(s, NETLINK_FLAG_CAP_ACK);
	const bool words = err && q->why && netlink_flag(s, NETLINK_FLAG_EXT_ACK);
	const struct nlmsgerr e = {.error = err, .msg = *q->head};
	const size_t room = sizeof(struct nlmsghdr) + sizeof(e) + q->len + 256;
	struct netlink_out out = {.room = room};
	size_t begin;

	out.data = alloc_zero(&s->sock.file.net->mem, room);
	if (!out.data) {
		sock_set_error(&s->sock, ENOBUFS);
		return;
	}
	begin = netlink_begin(&out, NLMSG_ERROR,
			      (whole ? 0 : NLM_F_CAPPED) | (words ? NLM_F_ACK_TLVS : 0),
			      q->head->nlmsg_seq, s->pid, &e, sizeof(e));
	if (whole) {
		memcpy(out.data + out.len, q->fixed, q->len);
		out.len += NLMSG_ALIGN(q->len);
	}
	if (words)
		netlink_put(&out, NLMSGERR_ATTR_MSG, q->why, strlen(q->why) + 1);
	netlink_finish(&out, begin);
	answer(s, &out);
	alloc_put(&s->sock.file.net->mem, out.data);
}

static struct netlink_head head_of(const struct request *q)
{
	return (struct netlink_head){q->s->pid, q->head->nlmsg_seq, 0};
}

/* --------------------------------------------------------------------- reading */

/* The first attribute of a type behind the fixed part: its data, and *len; NULL. */
static const uint8_t *find_attribute(const struct request *q, size_t fixed, uint16_t type,
				     size_t *len)
{
	size_t at = NLMSG_ALIGN(fixed);
	struct rtattr a;

	while (at + sizeof(a) <= q->len) {
		memcpy(&a, q->fixed + at, sizeof(a));
		if (a.rta_len < sizeof(a) || a.rta_len > q->len - at)
			return NULL;
		if ((a.rta_type & NLA_TYPE_MASK) == type) {
			*len = a.rta_len - sizeof(a);
			return q->fixed + at + sizeof(a);
		}
		at += RTA_ALIGN(a.rta_len);
	}
	return NULL;
}

static bool find_u32(const struct request *q, size_t fixed, uint16_t type, uint32_t *out)
{
	size_t len;
	const uint8_t *data = find_attribute(q, fixed, type, &len);

	if (!data || len < sizeof(*out))
		return false;
	memcpy(out, data, sizeof(*out));
	return true;
}

/* Are all attributes behind the fixed part of these types (0 ends the list)? */
static bool only_attributes(const struct request *q, size_t fixed, const uint16_t *types)
{
	size_t at = NLMSG_ALIGN(fixed);
	struct rtattr a;

	while (at + sizeof(a) <= q->len) {
		const uint16_t *t = types;

		memcpy(&a, q->fixed + at, sizeof(a));
		if (a.rta_len < sizeof(a) || a.rta_len > q->len - at)
			return false;
		while (*t && *t != (a.rta_type & NLA_TYPE_MASK))
			t++;
		if (!*t)
			return false;
		at += RTA_ALIGN(a.rta_len);
	}
	return true;
}

/* An address attribute of a family: false if it is of another length. */
static bool find_ip(const struct request *q, size_t fixed, uint16_t type, int family,
		    struct ip *ip)
{
	size_t len;
	const uint8_t *data = find_attribute(q, fixed, type, &len);
	uint32_t be;

	if (!data || len < (family == AF_INET ? 4 : 16))
		return false;
	if (family == AF_INET) {
		memcpy(&be, data, sizeof(be));
		*ip = ip_from4(be);
	} else {
		memcpy(ip->b, data, 16);
	}
	return true;
}

/* ------------------------------------------------------------------ single gets */

static int get_link(struct request *q, struct netlink_out *out)
{
	const struct netlink_head head = head_of(q);
	struct ifinfomsg info;
	char name[IFNAMSIZ] = "";
	const uint8_t *data;
	int ifindex;
	size_t len;

	if (q->len < sizeof(info))
		return -EINVAL;
	memcpy(&info, q->fixed, sizeof(info));
	ifindex = info.ifi_index;
	data = find_attribute(q, sizeof(info), IFLA_IFNAME, &len);
	if (!data)
		data = find_attribute(q, sizeof(info), IFLA_ALT_IFNAME, &len);
	if (ifindex <= 0 && !data)
		return -EINVAL;
	if (ifindex <= 0) {
		memcpy(name, data, len < sizeof(name) ? len : sizeof(name) - 1);
		ifindex = device_by_name(name);
	}
	if (!device_at(ifindex))
		return -ENODEV;
	netlink_link(out, &head, q->s->sock.host, ifindex);
	return 0;
}

/* Linux gives single addresses of IPv6 only. */
static int get_address(struct request *q, struct netlink_out *out)
{
	const struct netlink_head head = head_of(q);
	const struct host_address *a;
	struct ifaddrmsg info;
	struct ip ip;

	if (q->len < 1 || q->fixed[0] != AF_INET6)
		return -EOPNOTSUPP;
	if (q->len < sizeof(info))
		return -EINVAL;
	memcpy(&info, q->fixed, sizeof(info));
	if (!find_ip(q, sizeof(info), IFA_ADDRESS, AF_INET6, &ip) &&
	    !find_ip(q, sizeof(info), IFA_LOCAL, AF_INET6, &ip))
		return -EINVAL;
	TAILQ_FOREACH(a, &q->s->sock.host->addresses, entry) {
		if (ip_equal(&a->ip, &ip) && !ip_is4(&ip) &&
		    (!info.ifa_index || info.ifa_index == a->ifindex)) {
			netlink_address(out, &head, a);
			return 0;
		}
	}
	return -EADDRNOTAVAIL;
}

static int get_route(struct request *q, struct netlink_out *out)
{
	const struct netlink_head head = head_of(q);
	uint32_t ifindex = 0;
	struct rtmsg info;
	struct ip to;

	if (q->len < sizeof(info))
		return -EINVAL;
	memcpy(&info, q->fixed, sizeof(info));
	if (info.rtm_family != AF_INET && info.rtm_family != AF_INET6)
		return -EOPNOTSUPP;
	to = info.rtm_family == AF_INET ? ip_any4 : ip_any6;
	find_ip(q, sizeof(info), RTA_DST, info.rtm_family, &to);
	find_u32(q, sizeof(info), RTA_OIF, &ifindex);
	if (ifindex && !device_at(ifindex))
		return -ENODEV;
	return netlink_route_to(out, &head, q->s->sock.host, &to, ifindex);
}

/* ----------------------------------------------------------------------- dumps */

static const uint16_t link_attributes[] = {IFLA_EXT_MASK, 0};
static const uint16_t address_attributes[] = {0};
static const uint16_t route_attributes[] = {RTA_TABLE, RTA_OIF, 0};

static int bad(struct request *q, const char *why)
{
	q->why = why;
	return -EINVAL;
}

static int filter_links(struct request *q, struct netlink_filter *f)
{
	struct ifinfomsg info;

	if (q->len < sizeof(info))
		return bad(q, "Invalid header for link dump");
	memcpy(&info, q->fixed, sizeof(info));
	if (info.ifi_type || info.ifi_flags || info.ifi_change)
		return bad(q, "Invalid values in header for link dump request");
	if (info.ifi_index)
		return bad(q, "Filter by device index not supported for link dumps");
	return only_attributes(q, sizeof(info), link_attributes) ? 0 :
	       bad(q, "Unsupported attribute in link dump request");
}

static int filter_addresses(struct request *q, struct netlink_filter *f)
{
	struct ifaddrmsg info;

	if (q->len < sizeof(info))
		return bad(q, "Invalid header for address dump request");
	memcpy(&info, q->fixed, sizeof(info));
	if (info.ifa_prefixlen || info.ifa_flags || info.ifa_scope)
		return bad(q, "Invalid values in header for address dump request");
	f->ifindex = info.ifa_index;
	f->on = f->ifindex != 0;
	if (f->ifindex && !device_at(f->ifindex))
		return -ENODEV;
	return only_attributes(q, sizeof(info), address_attributes) ? 0 :
	       bad(q, "Unsupported attribute in dump request");
}

static int filter_routes(struct request *q, struct netlink_filter *f)
{
	uint32_t ifindex = 0;
	struct rtmsg info;

	if (q->len < sizeof(info))
		return bad(q, "Invalid header for FIB dump request");
	memcpy(&info, q->fixed, sizeof(info));
	if (info.rtm_dst_len || info.rtm_src_len || info.rtm_tos || info.rtm_scope)
		return bad(q, "Invalid values in header for FIB dump request");
	if (!only_attributes(q, sizeof(info), route_attributes))
		return bad(q, "Unsupported attribute in FIB dump request");
	f->protocol = info.rtm_protocol;
	f->type = info.rtm_type;
	f->table = info.rtm_table;
	find_u32(q, sizeof(info), RTA_TABLE, &f->table);
	find_u32(q, sizeof(info), RTA_OIF, &ifindex);
	if (ifindex && !device_at(ifindex))
		return -ENODEV;
	f->ifindex = ifindex;
	f->on = f->table || f->ifindex || f->protocol || f->type;
	return 0;
}

/* What can be asked for. */
static const struct getter {
	uint16_t type;
	int (*get)(struct request *, struct netlink_out *);
	int (*filter)(struct request *, struct netlink_filter *); /* of a strict dump */
} getters[] = {
	{RTM_GETLINK, get_link, filter_links},
	{RTM_GETADDR, get_address, filter_addresses},
	{RTM_GETROUTE, get_route, filter_routes},
};

void netlink_dump_more(struct netlink_sock *s)
{
	struct netlink_dump *d = &s->dump;
	const size_t room = s->largest < PART_MIN ? PART_MIN :
			    s->largest > PART_MAX ? PART_MAX : s->largest;
	const struct netlink_head head = {s->pid, d->seq,
					  NLM_F_MULTI | (d->filter.on ? NLM_F_DUMP_FILTERED : 0)};
	struct alloc *mem = &s->sock.file.net->mem;
	struct netlink_out out = {.room = room};
	const int done = 0;
	size_t begin;

	if (!d->running)
		return;
	out.data = alloc_get(mem, room);
	if (!out.data) {
		d->running = false;
		sock_set_error(&s->sock, ENOBUFS);
		return;
	}
	if (netlink_fill(&out, &head, s->sock.host, d->type, &d->filter, &d->at)) {
		begin = netlink_begin(&out, NLMSG_DONE, head.flags, d->seq, s->pid, &done,
				      sizeof(done));
		d->running = out.full;
		netlink_finish(&out, begin);
	}
	answer(s, &out);
	alloc_put(mem, out.data);
}

/* A dump that ends before it told anything. */
static void end_dump(const struct request *q, const struct netlink_filter *f, int err)
{
	struct netlink_sock *s = q->s;
	const bool words = q->why && netlink_flag(s, NETLINK_FLAG_EXT_ACK);
	uint8_t data[256];
	struct netlink_out out = {.data = data, .room = sizeof(data)};
	const uint16_t flags = NLM_F_MULTI | (f->on ? NLM_F_DUMP_FILTERED : 0) |
			       (words ? NLM_F_ACK_TLVS : 0);
	size_t begin = netlink_begin(&out, NLMSG_DONE, flags, q->head->nlmsg_seq, s->pid, &err,
				     sizeof(err));

	if (words)
		netlink_put(&out, NLMSGERR_ATTR_MSG, q->why, strlen(q->why) + 1);
	netlink_finish(&out, begin);
	answer(s, &out);
}

static int start_dump(struct request *q, const struct getter *g)
{
	struct netlink_sock *s = q->s;
	struct netlink_filter f = {.family = q->fixed[0]};
	int err;

	if (s->dump.running)
		return -EBUSY;
	err = netlink_flag(s, NETLINK_FLAG_STRICT) ? g->filter(q, &f) : 0;
	if (err) {
		end_dump(q, &f, err);
		return 0;
	}
	s->dump = (struct netlink_dump){.running = true, .type = g->type,
					.seq = q->head->nlmsg_seq, .filter = f};
	netlink_dump_more(s);
	return 0;
}

/* -------------------------------------------------------------------- requests */

static int single(struct request *q, const struct getter *g)
{
	struct alloc *mem = &q->s->sock.file.net->mem;
	struct netlink_out out = {.data = alloc_get(mem, PART_MIN), .room = PART_MIN};
	int err;

	if (!out.data)
		return -ENOBUFS;
	err = g->get(q, &out);
	if (!err)
		answer(q->s, &out);
	alloc_put(mem, out.data);
	return err;
}

/* 0, -errno, or 1: a dump has begun, which is its own answer. */
static int serve(struct request *q)
{
	const unsigned type = q->head->nlmsg_type;
	const struct getter *g = NULL;
	int err;

	if (type < NLMSG_MIN_TYPE)
		return 0;
	if (type > RTM_MAX)
		return -EOPNOTSUPP;
	if (!q->len)
		return 0;
	for (size_t i = 0; i < sizeof(getters) / sizeof(getters[0]); i++)
		if (getters[i].type == type)
			g = &getters[i];
	/* The last two bits tell: new, delete, get, set. */
	if ((type & 3) != 2 && !q->task->privileged)
		return -EPERM;
	if (!g)
		return -EOPNOTSUPP;
	if (!(q->head->nlmsg_flags & NLM_F_DUMP))
		return single(q, g);
	err = start_dump(q, g);
	return err ? err : 1;
}

void netlink_request(struct netlink_sock *s, const struct task *t, const uint8_t *data, size_t len)
{
	struct nlmsghdr head;

	while (len >= sizeof(head)) {
		struct request q = {.s = s, .task = t, .head = &head};
		int err = 0;

		memcpy(&head, data, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > len)
			return;
		q.fixed = data + sizeof(head);
		q.len = head.nlmsg_len - sizeof(head);
		if (head.nlmsg_flags & NLM_F_REQUEST)
			err = serve(&q);
		if (err < 0 || (!err && head.nlmsg_flags & NLM_F_ACK))
			acknowledge(&q, err);
		if (NLMSG_ALIGN(head.nlmsg_len) >= len)
			return;
		data += NLMSG_ALIGN(head.nlmsg_len);
		len -= NLMSG_ALIGN(head.nlmsg_len);
	}
}
