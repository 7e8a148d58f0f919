/*
 * netlink: route sockets: requests, dumps and errors, with normalised numbers.
 */
#include "vectors.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

static int route(void)
{
	int fd = s_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct sockaddr_nl sa = {.nl_family = AF_NETLINK};

	need_ok(s_bind(fd, data(&sa, sizeof(sa)), sizeof(sa)));
	return fd;
}

static void *getlink(int seq, int ifindex)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} r = {{sizeof(r), RTM_GETLINK, NLM_F_REQUEST | (ifindex ? 0 : NLM_F_DUMP), seq, 0},
	       {.ifi_index = ifindex}};

	return data(&r, sizeof(r));
}

/* The messages of an answer; links are not counted, they are this machine's. */
static void types(const char *p, long n)
{
	bool links = false, odd = false;

	while (n >= (long)sizeof(struct nlmsghdr)) {
		struct nlmsghdr h;

		memcpy(&h, p, sizeof(h));
		odd |= h.nlmsg_pid != (unsigned)getpid();
		if (h.nlmsg_type == RTM_NEWLINK)
			links = true;
		else
			out("type %d seq %u", h.nlmsg_type, h.nlmsg_seq);
		if (h.nlmsg_type == NLMSG_ERROR)
			out("error %d", get_num(p + sizeof(h)));
		if (h.nlmsg_len < sizeof(h))
			break;
		p += NLMSG_ALIGN(h.nlmsg_len);
		n -= NLMSG_ALIGN(h.nlmsg_len);
	}
	out("%s pid %s", links ? "links" : "no links", odd ? "other" : "own");
}

VECTOR(getlink_lo)
{
	int fd = route();
	char *buf = mem(16384), *sa = mem(16), *n = num(16);
	long r;

	ret("send", s_send(fd, getlink(5, 1), 32, 0));
	r = s_recvfrom(fd, buf, 16384, 0, sa, n);
	out("recvfrom %s", r > 0 ? "some" : "none");
	addr("", sa, get_num(n), 16);
	types(buf, r);
}

/* How many links a message has is this machine's; the end may be with the last. */
VECTOR(dump)
{
	int fd = route();
	char *buf = mem(32768);
	bool links = false, done = false;
	struct nlmsghdr h;
	long r;

	ret("send", s_send(fd, getlink(7, 0), 32, 0));
	while (!done && (r = s_recv(fd, buf, 32768, 0)) >= (long)sizeof(h)) {
		for (char *p = buf; p - buf < r; p += NLMSG_ALIGN(h.nlmsg_len)) {
			memcpy(&h, p, sizeof(h));
			links |= h.nlmsg_type == RTM_NEWLINK;
			done = h.nlmsg_type == NLMSG_DONE;
		}
	}
	out("links %d; type %d seq %d", links, h.nlmsg_type, h.nlmsg_seq);
}

VECTOR(errors)
{
	int fd = route();
	struct nlmsghdr bad = {sizeof(bad), 9999, NLM_F_REQUEST | NLM_F_ACK, 3, 0};
	char *buf = mem(4096);

	ret("send", s_send(fd, data(&bad, sizeof(bad)), sizeof(bad), 0));
	types(buf, s_recv(fd, buf, 4096, 0));
	ret("no such link", s_send(fd, getlink(9, 99999), 32, 0));
	types(buf, s_recv(fd, buf, 4096, 0));
	ret("too short", s_send(fd, mem(4), 4, 0));
	ret("nothing", s_recv(fd, buf, 4096, MSG_DONTWAIT));
}

/* The size first, as many libraries do. */
VECTOR(peek_trunc)
{
	int fd = route();
	char *buf = mem(16384);
	void *m = mh_new(0, 0, iov1(buf, 16), 1, 0, 0, 0);
	long r, again;

	s_send(fd, getlink(1, 1), 32, 0);
	r = s_recvmsg(fd, m, MSG_PEEK | MSG_TRUNC);
	again = s_recv(fd, buf, 16384, 0);
	out("same %d flags %#lx", r == again && r > 0, mh_get(m, MH_FLAGS));
	types(buf, again);
}

VECTOR(recvmsg_pktinfo)
{
	int fd = route();
	char *buf = mem(16384), *sa = mem(16), *control = mem(64);
	void *m = mh_new(sa, 16, iov1(buf, 16384), 1, control, 64, 0);

	set_opt(fd, 270, NETLINK_PKTINFO, 1);
	s_send(fd, getlink(1, 1), 32, 0);
	out("recvmsg %s", s_recvmsg(fd, m, 0) > 0 ? "some" : "none");
	mh_print("", m);
	addr("", sa, mh_get(m, MH_NAMELEN), 16);
	cm_print("", control, mh_get(m, MH_CONTROLLEN), 64);
}

VECTOR(to_kernel_by_name)
{
	int fd = s_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct sockaddr_nl sa = {.nl_family = AF_NETLINK};
	char *buf = mem(16384);

	ret("sendto", s_sendto(fd, getlink(1, 1), 32, 0, data(&sa, 12), 12));
	out("recv %s", s_recv(fd, buf, 16384, 0) > 0 ? "some" : "none");
	sa.nl_pid = 0x7ffffff0;
	ret("nobody", s_sendto(fd, getlink(1, 1), 32, 0, data(&sa, 12), 12));
	ret("short address", s_sendto(fd, getlink(1, 1), 32, 0, data(&sa, 12), 11));
	sa.nl_groups = 1;
	ret("group", s_sendto(fd, getlink(1, 1), 32, 0, data(&sa, 12), 12));
}

VECTOR(between_sockets)
{
	int a = s_socket(AF_NETLINK, SOCK_RAW, 2), b = s_socket(AF_NETLINK, SOCK_RAW, 2);
	struct sockaddr_nl sa = {.nl_family = AF_NETLINK};
	long len;
	char *buf = mem(64), *from = mem(16), *n = num(16);

	s_bind(a, data(&sa, 12), 12);
	s_bind(b, data(&sa, 12), 12);
	ret("sendto", s_sendto(b, text("hello, netlink!!"), 16, 0, own_addr(a, &len), 12));
	ret("recvfrom", s_recvfrom(a, buf, 64, MSG_DONTWAIT, from, n));
	number("length", n);
	bytes("", buf, 20);
}

VECTOR(as_user, NEED_ROOT)
{
	int fd = route();
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} r = {{sizeof(r), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 2, 0}, {.ifi_index = 1}};
	char *buf = mem(4096);

	ret("send as root", s_send(fd, data(&r, sizeof(r)), sizeof(r), 0));
	types(buf, s_recv(fd, buf, 4096, 0));
	ret("setuid", setresuid(1000, 1000, 1000) ? -errno : 0);
	ret("send, opened as root", s_send(fd, data(&r, sizeof(r)), sizeof(r), 0));
	types(buf, s_recv(fd, buf, 4096, 0));
	fd = route();
	ret("send, opened as user", s_send(fd, data(&r, sizeof(r)), sizeof(r), 0));
	types(buf, s_recv(fd, buf, 4096, 0));
}

VECTOR(multicast_group)
{
	int fd = s_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct sockaddr_nl sa = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};

	ret("bind", s_bind(fd, data(&sa, 12), 12));
	ret("nothing", s_recv(fd, mem(64), 64, MSG_DONTWAIT));
}
