/*
 * bugs: one vector for each bug that others have had (SPEC.md lists them), named
 * after where it was seen.
 *
 * Elsewhere: sandlock 125 is process/blocked_reader_does_not_stall_others and
 * interrupt; runc's open connection is no socket call.
 */
#include "vectors.h"

#include <grp.h>

static void receive(int fd, long room)
{
	char *buf = mem(8), *control = mem(2048);
	void *m = mh_new(0, 0, iov1(buf, 8), 1, control, room, 0);

	wait_readable(fd);
	if (ret("recvmsg", s_recvmsg(fd, m, MSG_DONTWAIT)) < 0)
		return;
	mh_print("", m);
	bytes("", buf, 8);
	cm_print("", control, mh_get(m, MH_CONTROLLEN), 2048);
}

static long send_rights(int fd, int n)
{
	char *control = mem(2048);
	int numbers[253] = {0};
	size_t used = 0;

	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, numbers, n * 4);
	return s_sendmsg(fd, mh_new(0, 0, iov1(text("x"), 1), 1, control, used, 0), 0);
}

static const char *hundred(int row)
{
	static const char *const names[] = {"1", "63", "253"};

	return names[row];
}

VECTORS(fex_743_563_rights_lost, 3, hundred)
{
	static const int n[] = {1, 63, 253};
	struct pair p = unix_pair(SOCK_STREAM);

	ret("sendmsg", send_rights(p.a, n[row]));
	receive(p.b, 2048);
	descriptors("then");
}

/* Control messages of odd size before others, aligned to 4 and to 8. */
VECTOR(fex_1129_sendmmsg_misaligned)
{
	struct pair u = udp_pair(AF_INET);
	char *v = mmsg_new(2), *control[2];

	set_opt(u.b, IPPROTO_IP, IP_RECVTOS, 1);
	set_opt(u.b, IPPROTO_IP, IP_RECVTTL, 1);
	for (int i = 0; i < 2; i++) {
		unsigned char tos = 0x20 + 4 * i;
		size_t used = 0;

		control[i] = mem_at(128, 4 * i);
		cm_put(control[i], &used, IPPROTO_IP, IP_TOS, &tos, 1);
		cm_put(control[i], &used, IPPROTO_IP, IP_TTL, num(50 + i), 4);
		mh_fill(mmsg_hdr(v, i), 0, 0, iov1(text("x"), 1), 1, control[i], used, 0);
	}
	ret("sendmmsg", s_sendmmsg(u.a, v, 2, 0));
	mmsg_print("", v, 2);
	receive(u.b, 100);
	receive(u.b, 100);
}

/* Many small messages: they grow by a third when widened. */
static const char *count_label(int row)
{
	static const char *const names[] = {"10", "60", "200", "1000"};

	return names[row];
}

VECTORS(fex_933_1003_expansion, 4, count_label)
{
	static const int counts[] = {10, 60, 200, 1000};
	struct pair u = udp_pair(AF_INET);
	char *control = mem(40000);
	size_t used = 0;

	set_opt(u.b, IPPROTO_IP, IP_RECVTTL, 1);
	for (int i = 0; i < counts[row]; i++)
		cm_put(control, &used, IPPROTO_IP, IP_TTL, num(i % 200 + 1), 4);
	ret("sendmsg", s_sendmsg(u.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, used, 0), 0));
	receive(u.b, 100);
}

VECTOR(fex_expansion_of_many_rights)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *control = mem(8192);
	size_t used = 0;
	int fd = 0;

	for (int i = 0; i < 200; i++)
		cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, &fd, 4);
	ret("sendmsg", s_sendmsg(p.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, used, 0), 0));
	receive(p.b, 2048);
	descriptors("then");
}

/* The buffer is as large as it must be and the next page is not there. */
VECTOR(fex_x32_exact_fit)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *control = mem_before_hole(cm_len(8));
	void *m = mh_new(0, 0, iov1(mem(4), 4), 1, control, cm_len(8), 0);

	ret("sendmsg", send_rights(p.a, 3));
	ret("recvmsg", s_recvmsg(p.b, m, 0));
	mh_print("", m);
	cm_print("", control, mh_get(m, MH_CONTROLLEN), cm_len(8));
	descriptors("then");
}

VECTOR(fex_2843_rr_1197_mmsg_there)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = mmsg_new(1);

	mh_fill(v, 0, 0, iov1(text("abc"), 3), 1, 0, 0, 0);
	ret("sendmmsg", s_sendmmsg(p.a, v, 1, 0));
	ret("recvmmsg", s_recvmmsg(p.b, v, 1, 0, 0));
	ret("sendmmsg unmapped", s_sendmmsg(p.a, hole(), 1, 0));
	ret("recvmmsg unmapped", s_recvmmsg(p.b, hole(), 1, MSG_DONTWAIT, 0));
	ret("time unmapped", s_recvmmsg(p.b, v, 1, MSG_DONTWAIT, hole()));
}

static void send_later(long fd)
{
	nap(120);
	send(fd, "one", 3, 0);
	nap(3000);
}

/* The fifth argument counts: after one datagram the time is up. */
VECTOR(qemu_recvmmsg_fifth)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = mmsg_new(3), *tv = time_pair(0, 50000000, entry->word);

	for (int i = 0; i < 3; i++)
		mh_fill(mmsg_hdr(v, i), 0, 0, iov1(mem(4), 4), 1, 0, 0, 0);
	helper(send_later, p.a);
	ret("recvmmsg", s_recvmmsg(p.b, v, 3, 0, tv));
	bytes("left", tv, 2 * entry->word);
}

VECTOR(qemu_602_recverr)
{
	int a = udp_bound(AF_INET), gone = udp_bound(AF_INET);
	void *sa = inet_addr_of(AF_INET, port_of(gone));
	char *control = mem(128);
	void *m = mh_new(mem(16), 16, iov1(mem(8), 8), 1, control, 128, 0);

	close(gone);
	set_opt(a, IPPROTO_IP, IP_RECVERR, 1);
	s_sendto(a, text("x"), 1, 0, sa, 16);
	nap(30);
	ret("recvmsg", s_recvmsg(a, m, MSG_ERRQUEUE));
	mh_print("", m);
	cm_print("", control, mh_get(m, MH_CONTROLLEN), 128);
}

VECTOR(qemu_833_no_iovec)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *control = mem(64);
	size_t used = 0;
	int fd = 0;

	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, &fd, 4);
	ret("sendmsg", s_sendmsg(p.a, mh_new(0, 0, 0, 0, control, used, 0), 0));
	receive(p.b, 64);
}

VECTOR(qemu_885_rcvtimeo_new)
{
	int fd = unix_pair(SOCK_STREAM).a;
	static const int names[] = {20, 66};

	s_setsockopt(fd, SOL_SOCKET, 66, time_pair(2, 500000, 8), 16);
	for (int i = 0; i < 2; i++) {
		for (int room = 8; room <= 16; room += 8) {
			char *v = mem(16), *n = num(room);

			ret("get", s_getsockopt(fd, SOL_SOCKET, names[i], v, n));
			number("n", n);
			bytes("", v, 16);
		}
	}
}

VECTOR(qemu_pktinfo)
{
	struct pair u = udp_pair(AF_INET);
	struct in_pktinfo info = {.ipi_spec_dst = {htonl(INADDR_LOOPBACK)}};
	char *control = mem(64);
	size_t used = 0;

	set_opt(u.b, IPPROTO_IP, IP_PKTINFO, 1);
	cm_put(control, &used, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	ret("sendmsg", s_sendmsg(u.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, used, 0), 0));
	receive(u.b, 100);
}

/* The words that libc's msghdr calls padding are not looked at. */
VECTOR(void_23557_padding)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *m = mem(mh_size());

	memset(m, 0xff, mh_size());
	mh_fill(m, 0, 0, iov1(text("abc"), 3), 1, 0, 0, -1);
	ret("sendmsg", s_sendmsg(p.a, m, 0));
	ret("recvmsg", s_recvmsg(p.b, m, MSG_DONTWAIT));
	mh_set(m, MH_IOV, 0);
	bytes("", m, mh_size());
}

/* A program that grows its buffer by what optlen says must come to an end. */
VECTOR(systemd_11557_erange_loop, NEED_ROOT)
{
	gid_t groups[5] = {1, 2, 3, 4, 5};
	char *v = mem(64), *n = num(1);
	int fd, tries = 0;
	long r;

	must_be(!setgroups(5, groups), "setgroups");
	fd = unix_pair(SOCK_STREAM).a;
	while ((r = s_getsockopt(fd, SOL_SOCKET, 59, v, n)) == -ERANGE && tries++ < 5)
		number("asks for", n);
	ret("peergroups", r);
	number("n", n);
	bytes("", v, 24);
	n = num(1);
	ret("peersec", s_getsockopt(fd, SOL_SOCKET, SO_PEERSEC, v, n));
	number("n", n);
}

/* Room for the old timestamp exactly: nothing may be appended to it. */
VECTOR(systemd_20564_timestamp_exact)
{
	struct pair u = udp_pair(AF_INET);

	set_opt(u.b, SOL_SOCKET, SO_TIMESTAMP, 1);
	s_send(u.a, text("x"), 1, 0);
	receive(u.b, cm_space(2 * entry->word));
	s_send(u.a, text("x"), 1, 0);
	receive(u.b, cm_len(2 * entry->word));
}

VECTOR(qemu_bsd_58_90_second_message)
{
	struct pair u = udp_pair(AF_INET);
	unsigned char tos = 0x10;
	char *control = mem(128);
	size_t used = 0;

	set_opt(u.b, IPPROTO_IP, IP_RECVTTL, 1);
	set_opt(u.b, IPPROTO_IP, IP_RECVTOS, 1);
	set_opt(u.b, IPPROTO_IP, IP_PKTINFO, 1);
	cm_put(control, &used, IPPROTO_IP, IP_TOS, &tos, 1);
	cm_put(control, &used, IPPROTO_IP, IP_TTL, num(77), 4);
	ret("sendmsg", s_sendmsg(u.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, used, 0), 0));
	receive(u.b, 200);
}

VECTOR(freebsd_131876_ctrunc_leak)
{
	struct pair p = unix_pair(SOCK_STREAM);

	for (int i = 0; i < 3; i++) {
		ret("sendmsg", send_rights(p.a, 10));
		receive(p.b, i == 0 ? cm_len(4) : i == 1 ? cm_len(0) : 4);
		descriptors("then");
	}
}

/* cmsg_len has the width of size_t; its upper half is not junk. */
VECTOR(netbsd_21577_cmsg_len)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *control = mem(64);
	size_t used = 0;
	int fd = 0;

	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, &fd, 4);
	if (entry->word == 8) {
		memset(control + 4, 1, 1);
		ret("upper half", s_sendmsg(p.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, used, 0), 0));
		memset(control + 4, 0, 1);
	}
	ret("good", s_sendmsg(p.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, used, 0), 0));
	receive(p.b, 64);
}

VECTOR(wsl_1531_recvmmsg)
{
	struct pair u = udp_pair(AF_INET);
	char *v = mmsg_new(4);

	for (int i = 0; i < 4; i++)
		mh_fill(mmsg_hdr(v, i), mem(16), 16, iov1(mem(4), 4), 1, 0, 0, 0);
	for (int i = 0; i < 3; i++)
		s_send(u.a, text("abcd"), i + 1, 0);
	nap(20);
	ret("recvmmsg", s_recvmmsg(u.b, v, 4, MSG_DONTWAIT, 0));
	mmsg_print("", v, 4);
}

VECTOR(wsl_3871_msg_trunc)
{
	struct pair u = udp_pair(AF_INET);
	char *buf = mem(4);

	s_send(u.a, text("abcdefgh"), 8, 0);
	wait_readable(u.b);
	ret("peek", s_recv(u.b, 0, 0, MSG_PEEK | MSG_TRUNC));
	ret("trunc", s_recv(u.b, buf, 2, MSG_TRUNC));
	bytes("", buf, 4);
	ret("gone", s_recv(u.b, buf, 2, MSG_DONTWAIT));
}

VECTOR(wsl_706_credentials)
{
	struct pair p = unix_pair(SOCK_STREAM);
	struct ucred u = {getpid(), getuid(), getgid()};
	char *control = mem(64);
	size_t used = 0;

	set_opt(p.b, SOL_SOCKET, SO_PASSCRED, 1);
	cm_put(control, &used, SOL_SOCKET, SCM_CREDENTIALS, &u, 12);
	ret("sendmsg", s_sendmsg(p.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, used, 0), 0));
	receive(p.b, 64);
}

VECTOR(wsl_514_seqpacket)
{
	struct pair p = unix_pair(SOCK_SEQPACKET);
	char *buf = mem(8);

	ret("send", s_send(p.a, text("abc"), 3, 0));
	ret("send", s_send(p.a, text("defgh"), 5, 0));
	ret("recv", s_recv(p.b, buf, 8, 0));
	ret("recv", s_recv(p.b, buf, 8, 0));
	bytes("", buf, 8);
	close(p.a);
	ret("end", s_recv(p.b, buf, 8, 0));
}

/* The length is an int behind a pointer, in and out. */
VECTOR(qiling_405_addrlen)
{
	int l = tcp_listener(AF_INET), c = s_socket(AF_INET, SOCK_STREAM, 0);
	char *sa = mem(32), *n = num(32);

	s_connect(c, inet_addr_of(AF_INET, port_of(l)), 16);
	ret("accept", s_accept(l, sa, n));
	number("length", n);
	ret("as a scalar", s_getsockname(l, sa, 16));
}

VECTOR(qiling_1406_null_destination)
{
	struct pair u = udp_pair(AF_INET);

	ret("NULL, 0", s_sendto(u.a, text("x"), 1, 0, 0, 0));
	ret("NULL, 16", s_sendto(u.a, text("x"), 1, 0, 0, 16));
	ret("NULL, -1", s_sendto(u.a, text("x"), 1, 0, 0, -1));
	ret("unconnected", s_sendto(udp_bound(AF_INET), text("x"), 1, 0, 0, 16));
}
