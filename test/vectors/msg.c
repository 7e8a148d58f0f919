/*
 * msg: sendmsg and recvmsg: the header, names, iovecs. Control messages are in
 * control.c and rights.c.
 */
#include "vectors.h"

static void rest(int fd)
{
	char *p = mem(64);
	long r = ret("rest", s_recv(fd, p, 64, MSG_DONTWAIT));

	if (r > 0)
		bytes("", p, r);
}

VECTOR(order)
{
	int f = open("/dev/null", O_RDWR), p = open("/", O_PATH), s = unix_pair(SOCK_STREAM).a;
	void *bad_name = mh_new(hole(), -1, hole(), 2000, hole(), 0x7fffffff, 0);

	ret("send bad fd, NULL", s_sendmsg(77, 0, 0));
	ret("send file, NULL", s_sendmsg(f, 0, 0));
	ret("send path, NULL", s_sendmsg(p, 0, 0));
	ret("send NULL", s_sendmsg(s, 0, 0));
	ret("send unmapped", s_sendmsg(s, hole(), 0));
	ret("send short", s_sendmsg(s, mem_before_hole(mh_size() - 1), 0));
	ret("send bad fd, all bad", s_sendmsg(77, bad_name, 0));
	ret("send all bad", s_sendmsg(s, bad_name, 0));
	mh_set(bad_name, MH_NAMELEN, 16);
	ret("send bad name", s_sendmsg(s, bad_name, 0));
	mh_set(bad_name, MH_NAME, 0);
	ret("send bad iovlen", s_sendmsg(s, bad_name, 0));
	mh_set(bad_name, MH_IOVLEN, 1024);
	ret("send bad iov", s_sendmsg(s, bad_name, 0));
	mh_set(bad_name, MH_IOVLEN, 0);
	ret("send bad control", s_sendmsg(s, bad_name, 0));
	ret("recv bad fd, NULL", s_recvmsg(77, 0, MSG_DONTWAIT));
	ret("recv file, NULL", s_recvmsg(f, 0, MSG_DONTWAIT));
	ret("recv path", s_recvmsg(p, 0, MSG_DONTWAIT));
	ret("recv NULL", s_recvmsg(s, 0, MSG_DONTWAIT));
	mh_fill(bad_name, hole(), -1, hole(), 2000, hole(), 100, 0);
	ret("recv all bad", s_recvmsg(s, bad_name, MSG_DONTWAIT));
	mh_set(bad_name, MH_NAMELEN, 16);
	ret("recv bad iovlen", s_recvmsg(s, bad_name, MSG_DONTWAIT));
	mh_set(bad_name, MH_IOVLEN, 1);
	ret("recv bad iov", s_recvmsg(s, bad_name, MSG_DONTWAIT));
	mh_set(bad_name, MH_IOVLEN, 0);
	ret("recv the rest bad", s_recvmsg(s, bad_name, MSG_DONTWAIT));
}

/* Native calls refuse the kernel's own flag, even before the descriptor; the
 * compat ones set it themselves. */
VECTOR(cmsg_compat_flag)
{
	struct pair p = unix_pair(SOCK_STREAM);
	void *m = mh_new(0, 0, iov1(text("x"), 1), 1, 0, 0, 0);
	const int flag_ = (int)0x80000000;

	ret("send", s_sendmsg(p.a, m, flag_));
	rest(p.b);
	ret("send bad fd", s_sendmsg(77, m, flag_));
	ret("recv", s_recvmsg(p.b, m, flag_ | MSG_DONTWAIT));
	ret("recv bad fd", s_recvmsg(77, m, flag_));
	ret("sendmmsg bad fd", s_sendmmsg(77, 0, 0, flag_));
	ret("recvmmsg bad fd", s_recvmmsg(77, 0, 0, flag_, 0));
}

/* --- the name --- */

static const int namelens[] = {-1, (int)0x80000000, 0, 1, 2, 8, 15, 16, 17, 128, 129, 200,
			       0x7fffffff};

static const char *namelen_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", namelens[row]);
	return s;
}

VECTORS(send_namelen, COUNT(namelens), namelen_label)
{
	int a = s_socket(AF_INET, SOCK_DGRAM, 0), b = udp_bound(AF_INET);
	char *sa = mem(256);
	void *m;

	memset(sa, 0, 256);
	memcpy(sa, inet_addr_of(AF_INET, port_of(b)), 16);
	m = mh_new(sa, namelens[row], iov1(text("abc"), 3), 1, 0, 0, 0);
	ret("sendmsg", s_sendmsg(a, m, 0));
	mh_print("", m);
	rest(b);
	mh_set(m, MH_NAME, 0);
	ret("no name", s_sendmsg(a, m, 0));
	mh_set(m, MH_NAME, (long)hole());
	ret("unmapped name", s_sendmsg(a, m, 0));
}

VECTORS(recv_namelen, COUNT(namelens), namelen_label)
{
	int a = udp_bound(AF_INET), b = udp_bound(AF_INET);
	char *sa = mem(32), *buf = mem(8);
	void *m = mh_new(sa, namelens[row], iov1(buf, 8), 1, 0, 0, 0x55555555);

	s_sendto(a, text("abc"), 3, 0, inet_addr_of(AF_INET, port_of(b)), 16);
	wait_readable(b);
	ret("recvmsg", s_recvmsg(b, m, MSG_DONTWAIT));
	mh_print("", m);
	bytes("", buf, 8);
	addr("", sa, namelens[row] < 0 ? 0 : namelens[row] < 16 ? namelens[row] : 16, 32);
	rest(b);
}

VECTOR(recv_name_null)
{
	struct pair u = udp_pair(AF_INET);
	void *m = mh_new(0, 16, iov1(mem(4), 4), 1, 0, 0, 0);

	s_send(u.a, text("abc"), 3, 0);
	ret("recvmsg", s_recvmsg(u.b, m, 0));
	mh_print("", m);
	s_send(u.a, text("abc"), 3, 0);
	mh_set(m, MH_NAMELEN, -1);
	ret("negative", s_recvmsg(u.b, m, 0));
	mh_print("", m);
	rest(u.b);
}

VECTOR(recv_name_unmapped)
{
	struct pair u = udp_pair(AF_INET);
	char *buf = mem(4);
	void *m = mh_new(hole(), 16, iov1(buf, 4), 1, 0, 0, 0x77);

	s_send(u.a, text("abc"), 3, 0);
	wait_readable(u.b);
	ret("recvmsg", s_recvmsg(u.b, m, 0));
	mh_print("", m);
	bytes("", buf, 4);
	rest(u.b);
}

VECTOR(recv_no_name)
{
	struct pair s = unix_pair(SOCK_STREAM), d = unix_pair(SOCK_DGRAM), t = tcp_pair(AF_INET);
	int fd[] = {s.a, s.b, d.a, d.b, t.a, t.b};

	for (int i = 0; i < 6; i += 2) {
		char *sa = mem(16);
		void *m = mh_new(sa, 16, iov1(mem(4), 4), 1, 0, 0, 0x99);

		s_send(fd[i], text("abc"), 3, 0);
		ret("recvmsg", s_recvmsg(fd[i + 1], m, 0));
		mh_print("", m);
		bytes("", sa, 16);
	}
}

VECTOR(unix_names)
{
	int a = unix_listener(SOCK_DGRAM, "a"), b = unix_listener(SOCK_DGRAM, "b");
	char *sa = mem(32);
	void *m = mh_new(unix_addr("b"), unix_len("b"), iov1(text("hello"), 5), 1, 0, 0, 0);

	ret("sendmsg", s_sendmsg(a, m, 0));
	m = mh_new(sa, 32, iov1(mem(8), 8), 1, 0, 0, 0);
	ret("recvmsg", s_recvmsg(b, m, 0));
	mh_print("", m);
	addr("", sa, mh_get(m, MH_NAMELEN), 32);
}

/* --- the iovec --- */

static const int counts[] = {0, 1, 2, 8, 9, 16, 1023, 1024, 1025, 0x7fffffff, -1};

static const char *count_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", counts[row]);
	return s;
}

VECTORS(iovlen, COUNT(counts), count_label)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *iov = iov_new(1025), *in = iov_new(1025), *buf = mem(1032);
	char *digits = text("0123456789");
	void *m;

	for (int i = 0; i < 1025; i++) {
		iov_set(iov, i, digits + i % 10, 1);
		iov_set(in, i, buf + i, 1);
	}
	m = mh_new(0, 0, iov, counts[row], 0, 0, 0);
	ret("sendmsg", s_sendmsg(p.a, m, 0));
	s_send(p.a, pattern(1030), 1030, 0);
	m = mh_new(0, 0, in, counts[row], 0, 0, 0);
	ret("recvmsg", s_recvmsg(p.b, m, MSG_DONTWAIT));
	mh_print("", m);
	bytes("", buf, 1032);
	ret("recvmsg", s_recvmsg(p.b, m, MSG_DONTWAIT));
	mh_print("", m);
	bytes("", buf, 1032);
}

VECTOR(iov_null)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	void *m = mh_new(0, 0, 0, 0, 0, 0, 0);

	ret("none", s_sendmsg(p.a, m, 0));
	mh_set(m, MH_IOVLEN, 1);
	ret("one", s_sendmsg(p.a, m, 0));
	ret("recv", s_recvmsg(p.b, m, MSG_DONTWAIT));
	mh_set(m, MH_IOVLEN, 0);
	ret("recv none", s_recvmsg(p.b, m, MSG_DONTWAIT));
	mh_print("", m);
}

VECTOR(iov_before_hole)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *iov = mem_before_hole(2 * iov_size());
	void *m = mh_new(0, 0, iov, 2, 0, 0, 0);

	iov_set(iov, 0, text("ab"), 2);
	iov_set(iov, 1, text("cd"), 2);
	ret("two", s_sendmsg(p.a, m, 0));
	mh_set(m, MH_IOVLEN, 3);
	ret("three", s_sendmsg(p.a, m, 0));
	mh_set(m, MH_IOV, (long)iov + 4);
	mh_set(m, MH_IOVLEN, 2);
	ret("straddling", s_sendmsg(p.a, m, 0));
	rest(p.b);
}

VECTOR(iov_lengths_bad)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *iov = iov_new(3);
	void *m = mh_new(0, 0, iov, 3, 0, 0, 0);

	iov_set(iov, 0, text("ab"), 2);
	iov_set(iov, 1, mem(4), -1);
	iov_set(iov, 2, text("cd"), 2);
	ret("send -1", s_sendmsg(p.a, m, 0));
	ret("recv -1", s_recvmsg(p.b, m, MSG_DONTWAIT));
	iov_set(iov, 1, hole(), 4);
	ret("send unmapped", s_sendmsg(p.a, m, 0));
	rest(p.b);
	iov_set(iov, 1, hole(), 0);
	ret("send unmapped, none", s_sendmsg(p.a, m, 0));
	rest(p.b);
	iov_set(iov, 1, 0, 0);
	ret("send NULL, none", s_sendmsg(p.a, m, 0));
	rest(p.b);
	iov_set(iov, 1, 0, 1);
	ret("send NULL", s_sendmsg(p.a, m, 0));
	rest(p.b);
	ret("send nothing bad fd", s_sendmsg(77, m, 0));
}

/* The sum is clamped to MAX_RW_COUNT; a single one is negative as 32 bits. */
VECTOR(iov_sum_huge)
{
	struct pair d = unix_pair(SOCK_DGRAM), s = unix_pair(SOCK_STREAM);
	char *iov = iov_new(3), *buf = mem(16);
	void *m = mh_new(0, 0, iov, 3, 0, 0, 0);

	iov_set(iov, 0, buf, 8);
	iov_set(iov, 1, mem(16), 0x7fffffff);
	iov_set(iov, 2, mem(16), 0x7fffffff);
	ret("send dgram", s_sendmsg(d.a, m, 0));
	s_send(s.a, text("hello"), 5, 0);
	ret("recv stream", s_recvmsg(s.b, m, MSG_DONTWAIT));
	bytes("", buf, 16);
	iov_set(iov, 2, mem(16), 0x80000000L);
	ret("send 2^31", s_sendmsg(d.a, m, 0));
	s_send(s.a, text("hello"), 5, 0);
	ret("recv 2^31", s_recvmsg(s.b, m, MSG_DONTWAIT));
	bytes("", buf, 16);
}

VECTOR(iov_overlapping)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *iov = iov_new(3), *buf = mem(8);
	void *m = mh_new(0, 0, iov, 3, 0, 0, 0);

	for (int i = 0; i < 3; i++)
		iov_set(iov, i, buf + i, 3);
	s_send(p.a, text("123456789"), 9, 0);
	ret("recvmsg", s_recvmsg(p.b, m, 0));
	bytes("", buf, 8);
}

/* The buffer is the iovec itself: it was copied first. */
VECTOR(iov_receives_itself)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *iov = iov_new(2), *buf = mem(4);
	void *m = mh_new(0, 0, iov, 2, 0, 0, 0);
	size_t n = 2 * iov_size();

	iov_set(iov, 0, iov, n);
	iov_set(iov, 1, buf, 4);
	s_send(p.a, memset(mem(n + 4), 0x5a, n + 4), n + 4, 0);
	ret("recvmsg", s_recvmsg(p.b, m, 0));
	bytes("", iov, n);
	bytes("", buf, 4);
}

VECTOR(recv_iov_fault)
{
	struct pair d = unix_pair(SOCK_DGRAM), s = unix_pair(SOCK_STREAM);
	char *iov = iov_new(2), *buf = mem(4);
	void *m = mh_new(0, 0, iov, 2, 0, 0, 0x11);

	iov_set(iov, 0, buf, 4);
	iov_set(iov, 1, hole(), 4);
	s_send(d.a, text("abcdefgh"), 8, 0);
	ret("dgram", s_recvmsg(d.b, m, MSG_DONTWAIT));
	mh_print("", m);
	bytes("", buf, 4);
	rest(d.b);
	s_send(s.a, text("abcdefgh"), 8, 0);
	ret("stream", s_recvmsg(s.b, m, MSG_DONTWAIT));
	bytes("", buf, 4);
	rest(s.b);
	s_send(s.a, text("abc"), 3, 0);
	ret("short", s_recvmsg(s.b, m, MSG_DONTWAIT));
	rest(s.b);
}

VECTOR(scatter)
{
	struct pair p = unix_pair(SOCK_SEQPACKET);
	char *iov = iov_new(4), *buf = mem(16);
	void *m = mh_new(0, 0, iov, 4, 0, 0, 0);

	iov_set(iov, 0, buf, 1);
	iov_set(iov, 1, buf + 4, 0);
	iov_set(iov, 2, buf + 4, 3);
	iov_set(iov, 3, buf + 10, 6);
	s_send(p.a, text("ABCDEFG"), 7, 0);
	ret("recvmsg", s_recvmsg(p.b, m, 0));
	bytes("", buf, 16);
	mh_print("", m);
	ret("sendmsg", s_sendmsg(p.a, m, 0));
	rest(p.b);
}

/* --- the header coming back --- */

static const struct {
	const char *label;
	int type, flags;
} trunc_rows[] = {
	{"stream", SOCK_STREAM, 0},
	{"dgram", SOCK_DGRAM, 0},
	{"seqpacket", SOCK_SEQPACKET, 0},
	{"stream trunc", SOCK_STREAM, MSG_TRUNC},
	{"dgram trunc", SOCK_DGRAM, MSG_TRUNC},
	{"dgram peek trunc", SOCK_DGRAM, MSG_TRUNC | MSG_PEEK},
	{"seqpacket trunc", SOCK_SEQPACKET, MSG_TRUNC},
	{"dgram cloexec", SOCK_DGRAM, MSG_CMSG_CLOEXEC},
	{"dgram waitall", SOCK_DGRAM, MSG_WAITALL},
	{"dgram peek", SOCK_DGRAM, MSG_PEEK},
	{"dgram odd flags", SOCK_DGRAM, 0x11000010},
};

static const char *trunc_label(int row)
{
	return trunc_rows[row].label;
}

VECTORS(truncated, COUNT(trunc_rows), trunc_label)
{
	struct pair p = unix_pair(trunc_rows[row].type);
	char *buf = mem(4);
	void *m = mh_new(0, 0, iov1(buf, 4), 1, 0, 0, 0x1234);

	s_send(p.a, text("abcdefgh"), 8, 0);
	ret("recvmsg", s_recvmsg(p.b, m, trunc_rows[row].flags));
	mh_print("", m);
	bytes("", buf, 4);
	rest(p.b);
}

VECTOR(header_readonly)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *page = readonly_copy(mh_new(0, 0, iov1(mem(4), 4), 1, 0, 0, 0), mh_size());

	s_send(p.a, text("abc"), 3, 0);
	ret("recvmsg", s_recvmsg(p.b, page, 0));
	rest(p.b);
	ret("sendmsg", s_sendmsg(p.a, page, 0));
}

VECTOR(header_end_of_page)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *m = mh_fill(mem_before_hole(mh_size()), 0, 0, iov1(text("abc"), 3), 1, 0, 0, 0);

	ret("sendmsg", s_sendmsg(p.a, m, 0));
	ret("recvmsg", s_recvmsg(p.b, m, 0));
	mh_print("", m);
}

VECTOR(header_unaligned)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *iov = mem_at(iov_size(), 1), *m = mem_at(mh_size(), 3);

	iov_set(iov, 0, text("abc"), 3);
	mh_fill(m, 0, 0, iov, 1, 0, 0, 0);
	ret("sendmsg", s_sendmsg(p.a, m, 0));
	ret("recvmsg", s_recvmsg(p.b, m, 0));
	mh_print("", m);
}

/* The buffer covers the header: what the kernel writes back comes after. */
VECTOR(header_receives_itself)
{
	struct pair p = unix_pair(SOCK_STREAM);
	size_t n = mh_size();
	char *m = mem(n);

	mh_fill(m, 0, 0, iov1(m, n), 1, 0, 0, 0);
	s_send(p.a, memset(mem(n), 0x5a, n), n, 0);
	ret("recvmsg", s_recvmsg(p.b, m, 0));
	bytes("", m, n);
}

VECTOR(name_over_header)
{
	struct pair u = udp_pair(AF_INET);
	char *m = mem(mh_size());
	unsigned char first[2];

	mh_fill(m, m, 16, iov1(mem(4), 4), 1, 0, 0, 0);
	s_send(u.a, text("abc"), 3, 0);
	ret("recvmsg", s_recvmsg(u.b, m, 0));
	memcpy(first, m, 2);
	bytes("family", first, 2);
	out("flags %#lx", mh_get(m, MH_FLAGS));
}

VECTOR(send_ignores_flags_field)
{
	struct pair p = unix_pair(SOCK_SEQPACKET), u = udp_pair(AF_INET);
	void *m = mh_new(0, 0, iov1(text("abc"), 3), 1, 0, 0, -1);

	ret("seqpacket", s_sendmsg(p.a, m, 0));
	ret("udp", s_sendmsg(u.a, m, 0));
	mh_print("", m);
	rest(u.b);
}

VECTOR(eor)
{
	struct pair p = unix_pair(SOCK_SEQPACKET);
	void *m = mh_new(0, 0, iov1(text("abc"), 3), 1, 0, 0, 0);

	ret("send", s_sendmsg(p.a, m, MSG_EOR));
	m = mh_new(0, 0, iov1(mem(8), 8), 1, 0, 0, 0);
	ret("recv", s_recvmsg(p.b, m, 0));
	mh_print("", m);
}

VECTOR(stream_end)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *sa = mem(16);
	void *m = mh_new(sa, 16, iov1(mem(8), 8), 1, mem(32), 32, 0x42);

	close(p.a);
	ret("recvmsg", s_recvmsg(p.b, m, 0));
	mh_print("", m);
	ret("recvmsg error", s_recvmsg(s_socket(AF_INET, SOCK_STREAM, 0), m, 0));
	mh_print("", m);
}

VECTOR(nothing_there)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	void *m = mh_new(mem(16), 16, iov1(mem(8), 8), 1, mem(32), 32, 0x42);

	ret("recvmsg", s_recvmsg(p.b, m, MSG_DONTWAIT));
	mh_print("", m);
}

VECTOR(oob_flag)
{
	struct pair p = tcp_pair(AF_INET);
	char *buf = mem(4);
	void *m = mh_new(0, 0, iov1(buf, 4), 1, 0, 0, 0);

	s_send(p.a, text("x"), 1, MSG_OOB);
	nap(40);
	ret("recvmsg", s_recvmsg(p.b, m, MSG_OOB));
	mh_print("", m);
	bytes("", buf, 4);
}

VECTOR(udp_zero_iov)
{
	struct pair u = udp_pair(AF_INET);
	void *m = mh_new(0, 0, 0, 0, 0, 0, 0);

	ret("sendmsg", s_sendmsg(u.a, m, 0));
	wait_readable(u.b);
	ret("recvmsg", s_recvmsg(u.b, m, MSG_DONTWAIT));
	mh_print("", m);
	s_send(u.a, text("abc"), 3, 0);
	wait_readable(u.b);
	ret("recvmsg", s_recvmsg(u.b, m, MSG_DONTWAIT));
	mh_print("", m);
	rest(u.b);
}

static void send_later(long fd)
{
	nap(100);
	send(fd, "later", 5, 0);
	nap(3000);
}

VECTOR(waits)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *buf = mem(8);
	void *m = mh_new(0, 0, iov1(buf, 8), 1, 0, 0, 0);

	helper(send_later, p.a);
	ret("recvmsg", s_recvmsg(p.b, m, 0));
	bytes("", buf, 8);
}
