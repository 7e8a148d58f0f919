/*
 * control: control messages other than descriptors: sizes, padding, order,
 * translation, MSG_CTRUNC.
 */
#include "vectors.h"

#include <grp.h>
#include <linux/net_tstamp.h>

enum { TIMESTAMP_NEW = 63, TIMESTAMPNS_NEW = 64, TIMESTAMPING_NEW = 65, SCM_PIDFD_ = 4,
       SO_PASSPIDFD_ = 76, UDP_SEGMENT_ = 103, UDP_GRO_ = 104 };

static void rest(int fd)
{
	char *p = mem(16);
	long r = ret("rest", s_recv(fd, p, 16, MSG_DONTWAIT));

	if (r > 0)
		bytes("", p, r);
}

/* recvmsg with that much room for control messages; prints all of it. */
static void receive(int fd, long room, int flags)
{
	char *buf = mem(8), *control = mem(512);
	void *m = mh_new(0, 0, iov1(buf, 8), 1, control, room, 0);

	if (ret("recvmsg", s_recvmsg(fd, m, flags | MSG_DONTWAIT)) < 0) {
		mh_print("", m);
		bytes("control", control, 512);
		return;
	}
	mh_print("", m);
	bytes("", buf, 8);
	cm_print("", control, mh_get(m, MH_CONTROLLEN), 512);
}

static void *own_creds(void)
{
	struct ucred u = {getpid(), getuid(), getgid()};

	return data(&u, sizeof(u));
}

/* --- lengths going in --- */

static const int lens[] = {0, 1, 4, 7, 8, 11, 12, 13, 15, 16, 17, 20, 23, 24, 25, 27, 28, 29, 31, 32, 33,
			   40};

static const char *len_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", lens[row]);
	return s;
}

/* One good message of credentials, and a msg_controllen that may end in it. */
VECTORS(send_controllen, COUNT(lens), len_label)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *control = mem(64);
	size_t n = 0;
	void *m;

	set_opt(p.b, SOL_SOCKET, SO_PASSCRED, 1);
	cm_put(control, &n, SOL_SOCKET, SCM_CREDENTIALS, own_creds(), 12);
	memset(control + n, 0, 64 - n);
	m = mh_new(0, 0, iov1(text("x"), 1), 1, control, lens[row], 0);
	ret("sendmsg", s_sendmsg(p.a, m, 0));
	receive(p.b, 100, 0);
}

static const long cmsg_lens[] = {0, 1, 8, 11, 12, 15, 16, 17, 23, 24, 25, 27, 28, 29, 32, 40, 1000,
				 0x7fffffff, -1, -8};

static const char *cmsg_len_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%ld", cmsg_lens[row]);
	return s;
}

/* cmsg_len itself. */
VECTORS(send_cmsg_len, COUNT(cmsg_lens), cmsg_len_label)
{
	struct pair p = unix_pair(SOCK_DGRAM), u = udp_pair(AF_INET);
	char *control = mem(64);
	size_t n = 0;
	void *m;

	set_opt(p.b, SOL_SOCKET, SO_PASSCRED, 1);
	memset(control, 0, 64);
	cm_put_len(control, &n, cmsg_lens[row], SOL_SOCKET, SCM_CREDENTIALS, own_creds(), 12);
	m = mh_new(0, 0, iov1(text("x"), 1), 1, control, cm_space(12), 0);
	ret("sendmsg", s_sendmsg(p.a, m, 0));
	rest(p.b);
	n = 0;
	cm_put_len(control, &n, cmsg_lens[row], IPPROTO_IP, IP_TTL, num(9), 4);
	mh_set(m, MH_CONTROLLEN, 40);
	ret("udp", s_sendmsg(u.a, m, 0));
	rest(u.b);
}

VECTOR(send_control_faults)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *half = mem_before_hole(12);
	void *m = mh_new(0, 0, iov1(text("x"), 1), 1, 0, 32, 0);

	ret("NULL", s_sendmsg(p.a, m, 0));
	mh_set(m, MH_CONTROL, (long)hole());
	ret("unmapped", s_sendmsg(p.a, m, 0));
	memset(half, 0, 12);
	half[0] = 28;
	mh_set(m, MH_CONTROL, (long)half);
	ret("half", s_sendmsg(p.a, m, 0));
	mh_set(m, MH_CONTROLLEN, 0);
	mh_set(m, MH_CONTROL, (long)hole());
	ret("unmapped, none", s_sendmsg(p.a, m, 0));
	mh_set(m, MH_CONTROLLEN, 100000);
	mh_set(m, MH_CONTROL, (long)memset(mem(100000), 0, 100000));
	ret("100000 bytes", s_sendmsg(p.a, m, 0));
	mh_set(m, MH_CONTROLLEN, 300000);
	mh_set(m, MH_CONTROL, (long)memset(mem(300000), 0, 300000));
	ret("300000 bytes", s_sendmsg(p.a, m, 0));
	mh_set(m, MH_CONTROLLEN, 0x7fffffff);
	ret("2^31-1", s_sendmsg(p.a, m, 0));
	mh_set(m, MH_CONTROLLEN, 0x80000000L);
	ret("2^31", s_sendmsg(p.a, m, 0));
	mh_set(m, MH_CONTROLLEN, -1);
	ret("-1", s_sendmsg(p.a, m, 0));
}

VECTOR(send_controllen_huge_bad_fd)
{
	void *m = mh_new(0, 0, 0, 0, mem(16), -1, 0);

	ret("bad fd", s_sendmsg(77, m, 0));
	ret("send", s_sendmsg(unix_pair(SOCK_DGRAM).a, m, 0));
}

/* Padding is whatever it was. */
VECTOR(send_padding_poisoned)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *control = mem(96);
	size_t n = 0;
	int fd = 0;
	void *m;

	set_opt(p.b, SOL_SOCKET, SO_PASSCRED, 1);
	cm_put(control, &n, SOL_SOCKET, SCM_CREDENTIALS, own_creds(), 12);
	cm_put(control, &n, SOL_SOCKET, SCM_RIGHTS, &fd, 4);
	m = mh_new(0, 0, iov1(text("x"), 1), 1, control, n, 0x5555);
	ret("sendmsg", s_sendmsg(p.a, m, 0));
	mh_print("", m);
	receive(p.b, 200, 0);
}

static const struct {
	const char *label;
	int level, type;
	int n;
} kinds[] = {
	{"socket type 3", SOL_SOCKET, 3, 4},
	{"socket type 99", SOL_SOCKET, 99, 4},
	{"level 0 type 99", 0, 99, 4},
	{"level 41 type 99", 41, 99, 4},
	{"level 9999", 9999, 1, 4},
	{"level -1", -1, -1, 4},
	{"ip ttl", IPPROTO_IP, IP_TTL, 4},
	{"ip ttl short", IPPROTO_IP, IP_TTL, 1},
	{"ip tos", IPPROTO_IP, IP_TOS, 4},
	{"ip tos byte", IPPROTO_IP, IP_TOS, 1},
	{"so mark", SOL_SOCKET, SO_MARK, 4},
	{"so mark short", SOL_SOCKET, SO_MARK, 3},
	{"so priority", SOL_SOCKET, SO_PRIORITY, 4},
	{"so txtime", SOL_SOCKET, 61, 8},
	{"timestamping", SOL_SOCKET, SO_TIMESTAMPING, 4},
	{"udp segment", IPPROTO_UDP, UDP_SEGMENT_, 2},
	{"udp segment long", IPPROTO_UDP, UDP_SEGMENT_, 4},
	{"udp unknown", IPPROTO_UDP, 200, 4},
	{"credentials short", SOL_SOCKET, SCM_CREDENTIALS, 8},
	{"credentials long", SOL_SOCKET, SCM_CREDENTIALS, 16},
	{"pidfd", SOL_SOCKET, SCM_PIDFD_, 4},
};

static const char *kind_label(int row)
{
	return kinds[row].label;
}

/* Known and unknown ones, on each kind of socket: none may be dropped or refused
 * on the way. */
VECTORS(send_kind, COUNT(kinds), kind_label)
{
	struct pair p = unix_pair(SOCK_DGRAM), s = unix_pair(SOCK_STREAM), u = udp_pair(AF_INET),
		    t = tcp_pair(AF_INET);
	int fd[] = {p.a, s.a, u.a, t.a};
	char *control = mem(96), *value = memset(mem(16), 0, 16);
	size_t n = 0;
	void *m;

	value[0] = 9;
	cm_put(control, &n, kinds[row].level, kinds[row].type, value, kinds[row].n);
	m = mh_new(0, 0, iov1(text("x"), 1), 1, control, n, 0);
	for (int i = 0; i < COUNT(fd); i++)
		ret("sendmsg", s_sendmsg(fd[i], m, 0));
	rest(u.b);
}

VECTOR(send_credentials_of_others, NEED_ROOT)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	struct ucred u[] = {{1, 0, 0}, {getpid(), 12345, 0}, {getpid(), 0, 54321}, {0x3fffffff, 0, 0},
			    {0, 0, 0}, {-1, 0, 0}};

	set_opt(p.b, SOL_SOCKET, SO_PASSCRED, 1);
	for (int i = 0; i < COUNT(u); i++) {
		char *control = mem(64);
		size_t n = 0;

		cm_put(control, &n, SOL_SOCKET, SCM_CREDENTIALS, &u[i], sizeof(u[i]));
		ret("sendmsg", s_sendmsg(p.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, n, 0), 0));
		receive(p.b, 64, 0);
	}
}

VECTOR(send_credentials_as_user, NEED_ROOT)
{
	struct pair p = unix_pair(SOCK_DGRAM);

	ret("setgid", setresgid(1000, 1001, 1002) ? -errno : 0);
	ret("setuid", setresuid(1000, 1001, 1002) ? -errno : 0);
	struct ucred u[] = {{getpid(), 1000, 1000}, {getpid(), 1001, 1002}, {getpid(), 1002, 1001},
			    {getpid(), 0, 1000}, {getpid(), 1000, 0}, {1, 1000, 1000}};
	set_opt(p.b, SOL_SOCKET, SO_PASSCRED, 1);
	for (int i = 0; i < COUNT(u); i++) {
		char *control = mem(64);
		size_t n = 0;

		cm_put(control, &n, SOL_SOCKET, SCM_CREDENTIALS, &u[i], sizeof(u[i]));
		if (ret("sendmsg", s_sendmsg(p.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, n, 0),
					     0)) > 0)
			receive(p.b, 64, 0);
	}
	ret("implied", s_send(p.a, text("x"), 1, 0));
	receive(p.b, 64, 0);
}

/* --- coming out --- */

static const struct {
	const char *label;
	int level, name;
} passes[] = {
	{"pktinfo", IPPROTO_IP, IP_PKTINFO},
	{"ttl", IPPROTO_IP, IP_RECVTTL},
	{"tos", IPPROTO_IP, IP_RECVTOS},
	{"opts", IPPROTO_IP, IP_RECVOPTS},
	{"origdstaddr", IPPROTO_IP, IP_RECVORIGDSTADDR},
	{"checksum", IPPROTO_IP, IP_CHECKSUM},
	{"fragsize", IPPROTO_IP, IP_RECVFRAGSIZE},
	{"timestamp old", SOL_SOCKET, SO_TIMESTAMP},
	{"timestampns old", SOL_SOCKET, SO_TIMESTAMPNS},
	{"timestamp new", SOL_SOCKET, TIMESTAMP_NEW},
	{"timestampns new", SOL_SOCKET, TIMESTAMPNS_NEW},
	{"rxq_ovfl", SOL_SOCKET, SO_RXQ_OVFL},
	{"mark", SOL_SOCKET, 75},
	{"gro", IPPROTO_UDP, UDP_GRO_},
};

static const char *pass_label(int row)
{
	return passes[row].label;
}

VECTORS(receive_udp, COUNT(passes), pass_label)
{
	struct pair u = udp_pair(AF_INET);

	ret("set", s_setsockopt(u.b, passes[row].level, passes[row].name, num(1), 4));
	for (int room = 0; room < 5; room++) {
		static const int rooms[] = {100, 20, 12, 0, 32};

		s_send(u.a, text("abc"), 3, 0);
		receive(u.b, rooms[room], 0);
	}
}

static const char *old_new(int row)
{
	return row ? "new" : "old";
}

VECTORS(timestamping, 2, old_new)
{
	struct pair u = udp_pair(AF_INET);

	ret("set", s_setsockopt(u.b, SOL_SOCKET, row ? TIMESTAMPING_NEW : SO_TIMESTAMPING,
				num(SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE), 4));
	nap(50); /* the kernel turns its clock on in the background */
	s_send(u.a, text("abc"), 3, 0);
	receive(u.b, 200, 0);
	s_send(u.a, text("abc"), 3, 0);
	receive(u.b, 40, 0);
}

static const char *room_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", row * 4);
	return s;
}

/* Three messages, every room that is a multiple of four: exact fits, MSG_CTRUNC,
 * no overrun. */
VECTORS(several, 32, room_label)
{
	struct pair u = udp_pair(AF_INET);

	set_opt(u.b, IPPROTO_IP, IP_PKTINFO, 1);
	set_opt(u.b, IPPROTO_IP, IP_RECVTTL, 1);
	set_opt(u.b, SOL_SOCKET, SO_TIMESTAMP, 1);
	s_send(u.a, text("abc"), 3, 0);
	receive(u.b, row * 4, 0);
}

static const int odd_rooms[] = {1, 2, 3, 5, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 33, 35, 49, 51, 53};

static const char *odd_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", odd_rooms[row]);
	return s;
}

VECTORS(odd_room, COUNT(odd_rooms), odd_label)
{
	struct pair u = udp_pair(AF_INET), p = unix_pair(SOCK_DGRAM);

	set_opt(u.b, IPPROTO_IP, IP_RECVTOS, 1);
	set_opt(u.b, IPPROTO_IP, IP_RECVTTL, 1);
	s_send(u.a, text("abc"), 3, 0);
	receive(u.b, odd_rooms[row], 0);
	set_opt(p.b, SOL_SOCKET, SO_PASSCRED, 1);
	s_send(p.a, text("abc"), 3, 0);
	receive(p.b, odd_rooms[row], 0);
}

VECTOR(room_huge)
{
	struct pair u = udp_pair(AF_INET);
	static const long rooms[] = {0x7fffffff, -1, 0x80000000L, -16};

	set_opt(u.b, IPPROTO_IP, IP_RECVTTL, 1);
	for (int i = 0; i < COUNT(rooms); i++) {
		char *control = mem(64);
		void *m = mh_new(0, 0, iov1(mem(4), 4), 1, control, rooms[i], 0);

		s_send(u.a, text("abc"), 3, 0);
		wait_readable(u.b);
		ret("recvmsg", s_recvmsg(u.b, m, MSG_DONTWAIT));
		mh_print("", m);
		cm_print("", control, mh_get(m, MH_CONTROLLEN), 64);
		rest(u.b);
	}
}

VECTOR(receive_faults)
{
	struct pair u = udp_pair(AF_INET);
	char *half = mem_before_hole(cm_len(0)), *buf = mem(4);
	void *m = mh_new(0, 0, iov1(buf, 4), 1, hole(), 64, 0x33);

	set_opt(u.b, IPPROTO_IP, IP_RECVTTL, 1);
	s_send(u.a, text("abc"), 3, 0);
	wait_readable(u.b);
	ret("unmapped", s_recvmsg(u.b, m, 0));
	mh_print("", m);
	bytes("", buf, 4);
	rest(u.b);
	s_send(u.a, text("abc"), 3, 0);
	wait_readable(u.b);
	mh_set(m, MH_CONTROL, (long)half);
	mh_set(m, MH_CONTROLLEN, 64);
	ret("half", s_recvmsg(u.b, m, 0));
	mh_print("", m);
	bytes("", half, cm_len(0));
	rest(u.b);
	s_send(u.a, text("abc"), 3, 0);
	wait_readable(u.b);
	mh_set(m, MH_CONTROL, 0);
	mh_set(m, MH_CONTROLLEN, 64);
	ret("NULL", s_recvmsg(u.b, m, 0));
	mh_print("", m);
	rest(u.b);
}

VECTOR(control_unaligned)
{
	struct pair u = udp_pair(AF_INET);
	char *control = mem_at(64, 5);
	void *m = mh_new(0, 0, iov1(mem(4), 4), 1, control, 64, 0);

	set_opt(u.b, IPPROTO_IP, IP_PKTINFO, 1);
	set_opt(u.b, IPPROTO_IP, IP_RECVTTL, 1);
	s_send(u.a, text("abc"), 3, 0);
	wait_readable(u.b);
	ret("recvmsg", s_recvmsg(u.b, m, 0));
	mh_print("", m);
	cm_print("", control, mh_get(m, MH_CONTROLLEN), 64);
}

VECTOR(pktinfo_both_ways)
{
	int a = s_socket(AF_INET, SOCK_DGRAM, 0), b = udp_bound(AF_INET);
	struct in_pktinfo info = {.ipi_ifindex = 0, .ipi_spec_dst = {htonl(0x7f000005)}};
	char *control = mem(64), *sa = mem(16);
	size_t n = 0;
	void *m;

	set_opt(b, IPPROTO_IP, IP_PKTINFO, 1);
	cm_put(control, &n, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	m = mh_new(inet_addr_of(AF_INET, port_of(b)), 16, iov1(text("abc"), 3), 1, control, n, 0);
	ret("sendmsg", s_sendmsg(a, m, 0));
	control = mem(64);
	m = mh_new(sa, 16, iov1(mem(4), 4), 1, control, 64, 0);
	ret("recvmsg", s_recvmsg(b, m, MSG_DONTWAIT));
	addr("", sa, 16, 16);
	cm_print("", control, mh_get(m, MH_CONTROLLEN), 64);
	info.ipi_ifindex = 9999;
	n = 0;
	cm_put(control, &n, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	m = mh_new(inet_addr_of(AF_INET, port_of(b)), 16, iov1(text("abc"), 3), 1, control, n, 0);
	ret("no such interface", s_sendmsg(a, m, 0));
}

VECTOR(ttl_and_tos_sent)
{
	struct pair u = udp_pair(AF_INET);
	char *control = mem(64);
	size_t n = 0;

	set_opt(u.b, IPPROTO_IP, IP_RECVTTL, 1);
	set_opt(u.b, IPPROTO_IP, IP_RECVTOS, 1);
	cm_put(control, &n, IPPROTO_IP, IP_TTL, num(33), 4);
	cm_put(control, &n, IPPROTO_IP, IP_TOS, num(0x48), 4);
	ret("sendmsg", s_sendmsg(u.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, n, 0), 0));
	receive(u.b, 100, 0);
}

VECTOR(udp_segment)
{
	struct pair u = udp_pair(AF_INET);
	char *control = mem(64);
	uint16_t size = 4;
	size_t n = 0;

	cm_put(control, &n, IPPROTO_UDP, UDP_SEGMENT_, &size, 2);
	ret("sendmsg", s_sendmsg(u.a, mh_new(0, 0, iov1(text("aaaabbbbcc"), 10), 1, control, n, 0), 0));
	for (int i = 0; i < 4; i++)
		rest(u.b);
}

VECTOR(inet6_controls, NEED_IPV6)
{
	struct pair u = udp_pair(AF_INET6);

	set_opt(u.b, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	set_opt(u.b, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	set_opt(u.b, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	s_send(u.a, text("abc"), 3, 0);
	receive(u.b, 200, 0);
	s_send(u.a, text("abc"), 3, 0);
	receive(u.b, 50, 0);
}

VECTOR(inet6_pktinfo_sent, NEED_IPV6)
{
	struct pair u = udp_pair(AF_INET6);
	struct in6_pktinfo info = {IN6ADDR_LOOPBACK_INIT, 1};
	char *control = mem(96);
	size_t n = 0;

	set_opt(u.b, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	cm_put(control, &n, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	cm_put(control, &n, IPPROTO_IPV6, IPV6_HOPLIMIT, num(44), 4);
	ret("sendmsg", s_sendmsg(u.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, n, 0), 0));
	receive(u.b, 100, 0);
}

/* --- the error queue --- */

static void refused(int family, int level, int name, int room, int name_room)
{
	int a = udp_bound(family), gone = udp_bound(family);
	void *sa = inet_addr_of(family, port_of(gone));
	char *buf = mem(8), *from = mem(32), *control = mem(128);
	void *m = mh_new(from, name_room, iov1(buf, 8), 1, control, room, 0);

	close(gone);
	set_opt(a, level, name, 1);
	ret("sendto", s_sendto(a, text("lost"), 4, 0, sa, inet_size(family)));
	nap(30);
	ret("recvmsg", s_recvmsg(a, m, MSG_ERRQUEUE));
	mh_print("", m);
	bytes("", buf, 8);
	addr("", from, mh_get(m, MH_NAMELEN) < name_room ? mh_get(m, MH_NAMELEN) : name_room, 32);
	cm_print("", control, mh_get(m, MH_CONTROLLEN), 128);
	ret("empty", s_recvmsg(a, m, MSG_ERRQUEUE));
	ret("then", s_recv(a, mem(4), 4, MSG_DONTWAIT));
}

VECTOR(errqueue)
{
	refused(AF_INET, IPPROTO_IP, IP_RECVERR, 128, 32);
}

VECTOR(errqueue_short)
{
	refused(AF_INET, IPPROTO_IP, IP_RECVERR, 24, 8);
}

VECTOR(errqueue_no_room)
{
	refused(AF_INET, IPPROTO_IP, IP_RECVERR, 0, 0);
}

VECTOR(errqueue_inet6, NEED_IPV6)
{
	refused(AF_INET6, IPPROTO_IPV6, IPV6_RECVERR, 128, 32);
}

VECTOR(errqueue_recv)
{
	int a = udp_bound(AF_INET), gone = udp_bound(AF_INET);
	void *sa = inet_addr_of(AF_INET, port_of(gone));
	char *buf = mem(8), *from = mem(16), *n = num(16);

	close(gone);
	set_opt(a, IPPROTO_IP, IP_RECVERR, 1);
	s_sendto(a, text("lost"), 4, 0, sa, 16);
	nap(30);
	ret("recvfrom", s_recvfrom(a, buf, 8, MSG_ERRQUEUE, from, n));
	addr("", from, get_num(n), 16);
	bytes("", buf, 8);
}

VECTOR(zerocopy_notice)
{
	struct pair t = tcp_pair(AF_INET);
	char *control = mem(96);
	void *m = mh_new(0, 0, 0, 0, control, 96, 0);

	ret("set", s_setsockopt(t.a, SOL_SOCKET, SO_ZEROCOPY, num(1), 4));
	ret("send", s_send(t.a, pattern(100), 100, MSG_ZEROCOPY));
	nap(30);
	s_recv(t.b, mem(100), 100, 0);
	nap(30);
	ret("recvmsg", s_recvmsg(t.a, m, MSG_ERRQUEUE));
	mh_print("", m);
	cm_print("", control, mh_get(m, MH_CONTROLLEN), 96);
}

/* --- AF_UNIX --- */

static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

static const char *type_label(int row)
{
	static const char *const names[] = {"stream", "dgram", "seqpacket"};

	return names[row];
}

VECTORS(passcred, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);

	s_send(p.a, text("before"), 6, 0);
	set_opt(p.b, SOL_SOCKET, SO_PASSCRED, 1);
	s_send(p.a, text("after"), 5, 0);
	receive(p.b, 100, 0);
	receive(p.b, 100, 0);
	s_send(p.a, text("x"), 1, 0);
	receive(p.b, cm_len(12), 0);
	s_send(p.a, text("x"), 1, 0);
	receive(p.b, cm_len(12) - 1, 0);
}

VECTOR(passcred_autobinds)
{
	int a = s_socket(AF_UNIX, SOCK_DGRAM, 0), b = unix_listener(SOCK_DGRAM, "b");
	char *sa = mem(32);
	void *m = mh_new(sa, 32, iov1(mem(4), 4), 1, mem(64), 64, 0);

	set_opt(a, SOL_SOCKET, SO_PASSCRED, 1);
	ret("sendto", s_sendto(a, text("x"), 1, 0, unix_addr("b"), unix_len("b")));
	ret("recvmsg", s_recvmsg(b, m, 0));
	addr("", sa, mh_get(m, MH_NAMELEN), 32);
}

VECTOR(peercred)
{
	struct pair p = unix_pair(SOCK_STREAM);
	struct ucred *u = mem(sizeof(*u));
	char *n = num(sizeof(*u));

	ret("getsockopt", s_getsockopt(p.a, SOL_SOCKET, SO_PEERCRED, u, n));
	out("pid %s uid %d gid %d", u->pid == getpid() ? "own" : u->pid ? "other" : "0", u->uid, u->gid);
	ret("unconnected", s_getsockopt(s_socket(AF_UNIX, SOCK_STREAM, 0), SOL_SOCKET, SO_PEERCRED, u, n));
	out("pid %d uid %d gid %d", u->pid, u->uid, u->gid);
}

static void print_peer(int fd)
{
	struct ucred *u = mem(sizeof(*u));

	ret("peercred", s_getsockopt(fd, SOL_SOCKET, SO_PEERCRED, u, num(sizeof(*u))));
	out("pid %s uid %d gid %d", u->pid == getpid() ? "own" : u->pid ? "other" : "0", u->uid, u->gid);
}

/* Credentials are those at listen and at connect. */
VECTOR(peercred_connect, NEED_ROOT)
{
	int l = unix_listener(SOCK_STREAM, abstract_name("l")), c = s_socket(AF_UNIX, SOCK_STREAM, 0);
	const char *name = abstract_name("l");
	long r;

	ret("setgid", setresgid(2000, 2001, 2002) ? -errno : 0);
	ret("setuid", setresuid(1000, 1001, 0) ? -errno : 0);
	ret("connect", s_connect(c, unix_addr(name), unix_len(name)));
	r = ret("accept", s_accept(l, 0, 0));
	print_peer(c);
	print_peer(r);
}

VECTOR(peergroups, NEED_ROOT)
{
	gid_t groups[3] = {7, 8, 9};
	struct pair p;
	char *v = mem(16), *n = num(16);

	must_be(!setgroups(3, groups), "setgroups");
	p = unix_pair(SOCK_STREAM);
	ret("getsockopt", s_getsockopt(p.a, SOL_SOCKET, 59, v, n));
	number("length", n);
	bytes("", v, 16);
	n = num(8);
	ret("short", s_getsockopt(p.a, SOL_SOCKET, 59, v, n));
	number("length", n);
}

VECTOR(passpidfd)
{
	struct pair p = unix_pair(SOCK_STREAM);

	ret("set", s_setsockopt(p.b, SOL_SOCKET, SO_PASSPIDFD_, num(1), 4));
	s_send(p.a, text("x"), 1, 0);
	receive(p.b, 100, 0);
	s_send(p.a, text("x"), 1, 0);
	receive(p.b, 4, 0);
	descriptors("then");
}

VECTOR(tcp_inq)
{
	struct pair t = tcp_pair(AF_INET);

	set_opt(t.b, IPPROTO_TCP, 36, 1);
	s_send(t.a, text("0123456789abcdef"), 16, 0);
	nap(20);
	receive(t.b, 100, 0);
	receive(t.b, 4, 0);
}

VECTOR(recv_discards)
{
	struct pair p = unix_pair(SOCK_DGRAM);

	set_opt(p.b, SOL_SOCKET, SO_PASSCRED, 1);
	s_send(p.a, text("x"), 1, 0);
	ret("recv", s_recv(p.b, mem(4), 4, 0));
	s_send(p.a, text("x"), 1, 0);
	receive(p.b, 0, 0);
}
