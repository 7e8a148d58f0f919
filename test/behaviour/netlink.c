/*
 * netlink.c - what getifaddrs(3) asks of NETLINK_ROUTE, and the answers as words.
 *
 *     ask s links | addresses [inet|inet6] | routes [inet|inet6] | type=N [dump] [ack]
 *     answer s    -> links lo/1 eth0/2 done
 *     answer s    -> addresses lo/127.0.0.1/8 eth0/10.0.0.1/24 done
 *     answer s    -> routes 10.0.0.0/24/2 done       those of the main table, unicast
 *     answer s    -> error=EOPNOTSUPP
 */
#include <arpa/inet.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "behaviour.h"

static const struct name kinds[] = {
	{ "links", RTM_GETLINK }, { "addresses", RTM_GETADDR }, { "routes", RTM_GETROUTE }, { 0 },
};
enum { SEQ = 7, ROOM = 1 << 16 };

static void command_ask(struct task *t)
{
	int fd = next_fd(t);
	struct {
		struct nlmsghdr nh;
		struct rtgenmsg gen;
		uint8_t pad[16 - sizeof(struct rtgenmsg)];
	} *r = arena_get(t, sizeof(*r));
	const char *s = setting(t, "type");
	long type = s ? number_of(t, s, NULL) : next_number(t, kinds), v;

	memset(r, 0, sizeof(*r));
	r->nh = (struct nlmsghdr){ .nlmsg_len = sizeof(*r), .nlmsg_type = (uint16_t)type,
				   .nlmsg_flags = NLM_F_REQUEST | (s ? 0 : NLM_F_DUMP),
				   .nlmsg_seq = SEQ };
	while (peek(t) && !t->mistake[0])
		if (skip(t, "dump"))
			r->nh.nlmsg_flags |= NLM_F_DUMP;
		else if (skip(t, "ack"))
			r->nh.nlmsg_flags |= NLM_F_ACK;
		else if (name_value(families, next(t), &v))
			r->gen.rtgen_family = (uint8_t)v;
	result(t, sys_call(t, SYS_SEND, (uint32_t)fd, ptr(r), sizeof(*r), 0, 0, 0));
}

static const struct rtattr *attribute(const struct nlmsghdr *nh, size_t head, int type)
{
	const uint8_t *p = (const uint8_t *)nh + NLMSG_LENGTH(NLMSG_ALIGN(head));
	const uint8_t *end = (const uint8_t *)nh + nh->nlmsg_len;

	while (end - p >= (long)sizeof(struct rtattr)) {
		const struct rtattr *a = (const void *)p;

		if (a->rta_len < sizeof(*a) || a->rta_len > end - p)
			return NULL;
		if (a->rta_type == type)
			return a;
		p += RTA_ALIGN(a->rta_len);
	}
	return NULL;
}

static void text_attribute(struct text *out, int family, const struct rtattr *a)
{
	char ip[INET6_ADDRSTRLEN];

	if (a && a->rta_len >= RTA_LENGTH(family == AF_INET ? 4 : 16))
		text_add(out, "%s", inet_ntop(family, RTA_DATA(a), ip, sizeof(ip)));
	else
		text_add(out, "none");
}

static int attribute_int(const struct rtattr *a)
{
	return a && a->rta_len >= RTA_LENGTH(4) ? *(const int *)RTA_DATA(a) : 0;
}

static void text_link(const struct nlmsghdr *nh, struct text *out)
{
	const struct ifinfomsg *m = NLMSG_DATA(nh);
	const struct rtattr *name = attribute(nh, sizeof(*m), IFLA_IFNAME);
	const struct rtattr *mtu = attribute(nh, sizeof(*m), IFLA_MTU);

	text_add(out, " %s/%d/%s/%d", name ? (const char *)RTA_DATA(name) : "none", m->ifi_index,
		 m->ifi_flags & IFF_UP ? "up" : "down", attribute_int(mtu));
}

/* Addresses of the link itself come and go with the machine. */
static void text_address(const struct nlmsghdr *nh, struct text *out)
{
	const struct ifaddrmsg *m = NLMSG_DATA(nh);
	const struct rtattr *a = attribute(nh, sizeof(*m), IFA_ADDRESS);

	if (m->ifa_family == AF_INET6 && m->ifa_scope == RT_SCOPE_LINK)
		return;
	text_add(out, " ");
	text_attribute(out, m->ifa_family, a);
	text_add(out, "/%u/%u", m->ifa_prefixlen, m->ifa_index);
}

static void text_route(const struct nlmsghdr *nh, struct text *out)
{
	const struct rtmsg *m = NLMSG_DATA(nh);
	const struct rtattr *dst = attribute(nh, sizeof(*m), RTA_DST);

	if (m->rtm_table != RT_TABLE_MAIN || m->rtm_type != RTN_UNICAST)
		return;
	if (m->rtm_family == AF_INET6 && dst && ((const uint8_t *)RTA_DATA(dst))[0] == 0xfe)
		return;
	text_add(out, " ");
	text_attribute(out, m->rtm_family, dst);
	text_add(out, "/%u/%d", m->rtm_dst_len, attribute_int(attribute(nh, sizeof(*m), RTA_OIF)));
}

/* False: this was the last one. */
static bool text_message(const struct nlmsghdr *nh, struct text *out, int *kind)
{
	static const struct { int type; const char *name; void (*text)(const struct nlmsghdr *, struct text *); } all[] = {
		{ RTM_NEWLINK, "links", text_link },
		{ RTM_NEWADDR, "addresses", text_address },
		{ RTM_NEWROUTE, "routes", text_route },
	};

	if (nh->nlmsg_seq != SEQ)
		text_add(out, " seq=%u", nh->nlmsg_seq);
	if (nh->nlmsg_type == NLMSG_DONE) {
		text_add(out, " done");
		return false;
	}
	if (nh->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *e = NLMSG_DATA(nh);

		text_add(out, " error=%s", e->error ? errno_name(-e->error) : "0");
		return false;
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].type == nh->nlmsg_type) {
			if (*kind != nh->nlmsg_type)
				text_add(out, " %s", all[i].name);
			*kind = nh->nlmsg_type;
			all[i].text(nh, out);
			return nh->nlmsg_flags & NLM_F_MULTI;
		}
	text_add(out, " type=%u", nh->nlmsg_type);
	return false;
}

static void command_answer(struct task *t)
{
	int fd = next_fd(t), kind = 0;
	uint8_t *buf = arena_get(t, ROOM);
	bool more = true;

	while (more) {
		long n = sys_call(t, SYS_RECV, (uint32_t)fd, ptr(buf), ROOM, 0, 0, 0);
		const struct nlmsghdr *nh = (const void *)buf;

		if (result_failed(t, n) || n == 0)
			return;
		for (; more && NLMSG_OK(nh, n); nh = NLMSG_NEXT(nh, n))
			more = text_message(nh, &t->out, &kind);
	}
}

const struct command netlink_calls[] = {
	{ "ask", command_ask },
	{ "answer", command_answer },
	{ 0 },
};
