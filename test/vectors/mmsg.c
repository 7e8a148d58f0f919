/*
 * mmsg: sendmmsg and recvmmsg: vlen, partial results, the timeout in its forms.
 */
#include "vectors.h"

static void rest(int fd)
{
	char *p = mem(16);
	long r = ret("rest", s_recv(fd, p, 16, MSG_DONTWAIT));

	if (r > 0)
		bytes("", p, r);
}

/* n messages of one byte each, 'a', 'b', ... */
static char *outgoing(int n)
{
	char *v = mmsg_new(n);

	for (int i = 0; i < n; i++) {
		char c = 'a' + i % 26;

		mh_fill(mmsg_hdr(v, i), 0, 0, iov1(data(&c, 1), 1), 1, 0, 0, 0);
	}
	return v;
}

static char *incoming(int n, int room)
{
	char *v = mmsg_new(n);

	for (int i = 0; i < n; i++)
		mh_fill(mmsg_hdr(v, i), 0, 0, iov1(mem(room), room), 1, 0, 0, 0x77);
	return v;
}

static void send_n(int fd, int n)
{
	for (int i = 0; i < n; i++)
		s_send(fd, text("abcdefgh"), i + 1, 0);
}

VECTOR(order)
{
	int f = open("/dev/null", O_RDWR), p = open("/", O_PATH), s = unix_pair(SOCK_DGRAM).a;
	void *bad_time = time_pair(-1, 0, entry->word), *bad_ns = time_pair(1, 1000000000, entry->word);
	char *v = incoming(1, 4);

	ret("send bad fd, 0", s_sendmmsg(77, 0, 0, 0));
	ret("send bad fd", s_sendmmsg(77, hole(), 1, 0));
	ret("send file, 0", s_sendmmsg(f, 0, 0, 0));
	ret("send path, 0", s_sendmmsg(p, 0, 0, 0));
	ret("send 0, unmapped", s_sendmmsg(s, hole(), 0, 0));
	ret("send unmapped", s_sendmmsg(s, hole(), 1, 0));
	ret("recv bad fd, 0", s_recvmmsg(77, 0, 0, 0, 0));
	ret("recv bad fd, bad time", s_recvmmsg(77, v, 1, 0, bad_time));
	ret("recv bad fd, bad ns", s_recvmmsg(77, v, 1, 0, bad_ns));
	ret("recv bad fd, unmapped time", s_recvmmsg(77, v, 1, 0, hole()));
	ret("recv bad fd, half time", s_recvmmsg(77, v, 1, 0, mem_before_hole(entry->word)));
	ret("recv file, bad time", s_recvmmsg(f, v, 1, 0, bad_time));
	ret("recv file, 0", s_recvmmsg(f, 0, 0, 0, 0));
	ret("recv path, 0", s_recvmmsg(p, 0, 0, 0, 0));
	ret("recv 0, unmapped", s_recvmmsg(s, hole(), 0, 0, 0));
	ret("recv unmapped", s_recvmmsg(s, hole(), 1, MSG_DONTWAIT, 0));
	ret("recv 0, bad time", s_recvmmsg(s, v, 0, 0, bad_time));
	ret("recv 0, time", s_recvmmsg(s, v, 0, 0, time_pair(0, 0, entry->word)));
	ret("recv nothing", s_recvmmsg(s, v, 1, MSG_DONTWAIT, time_pair(0, 0, entry->word)));
}

static const int vlens[] = {0, 1, 2, 5, 1024, 1025, 2000, -1};

static const char *vlen_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", vlens[row]);
	return s;
}

VECTORS(send_vlen, COUNT(vlens), vlen_label)
{
	struct pair u = udp_pair(AF_INET), s = unix_pair(SOCK_STREAM);
	int n = vlens[row] < 0 || vlens[row] > 1100 ? 1100 : vlens[row];
	char *v = mmsg_new(n), *in = mem(2048), *iov = iov1(text("m"), 1);

	for (int i = 0; i < n; i++)
		mh_fill(mmsg_hdr(v, i), 0, 0, iov, 1, 0, 0, 0);
	ret("stream", s_sendmmsg(s.a, v, vlens[row], MSG_DONTWAIT | MSG_NOSIGNAL));
	ret("udp", s_sendmmsg(u.a, v, vlens[row] < 0 ? 2 : vlens[row] > 5 ? 5 : vlens[row], 0));
	ret("recv", s_recv(s.b, in, 2048, MSG_DONTWAIT));
	if (n)
		number("first", v + mh_size());
	if (n > 1)
		number("last", v + (n - 1) * mmsg_size() + mh_size());
}

VECTORS(recv_vlen, COUNT(vlens), vlen_label)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	int n = vlens[row] < 0 || vlens[row] > 5 ? 5 : vlens[row];
	char *v = incoming(8, 16);

	send_n(p.a, 3);
	ret("recvmmsg", s_recvmmsg(p.b, v, n, MSG_DONTWAIT, 0));
	mmsg_print("", v, 4);
	ret("again", s_recvmmsg(p.b, v, n, MSG_DONTWAIT, 0));
}

VECTOR(recv_vlen_beyond_1024)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *v = mmsg_new(1100), *iov = iov1(mem(1), 1);

	for (int i = 0; i < 1100; i++)
		mh_fill(mmsg_hdr(v, i), 0, 0, iov, 1, 0, 0, 0);
	ret("send", s_send(p.a, mem(1100), 1100, 0));
	ret("recvmmsg", s_recvmmsg(p.b, v, 1100, MSG_DONTWAIT, 0));
}

VECTOR(recv_exactly_full)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = incoming(2, 4);

	send_n(p.a, 5);
	ret("recvmmsg", s_recvmmsg(p.b, v, 2, 0, 0));
	mmsg_print("", v, 2);
	ret("recvmmsg", s_recvmmsg(p.b, v, 2, 0, 0));
	mmsg_print("", v, 2);
	rest(p.b);
}

VECTOR(send_partial_error)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = outgoing(3);

	mh_set(mmsg_hdr(v, 1), MH_IOV, (long)hole());
	ret("second bad", s_sendmmsg(p.a, v, 3, 0));
	mmsg_print("", v, 3);
	rest(p.b);
	rest(p.b);
	mh_set(mmsg_hdr(v, 0), MH_IOVLEN, 2000);
	ret("first bad", s_sendmmsg(p.a, v, 3, 0));
	mmsg_print("", v, 1);
	out("SO_ERROR %d", opt_int(p.a, SOL_SOCKET, SO_ERROR));
}

VECTOR(send_too_long_second)
{
	struct pair u = udp_pair(AF_INET);
	char *v = outgoing(3);

	mh_set(mmsg_hdr(v, 1), MH_IOV, (long)iov1(mem(70000), 70000));
	ret("sendmmsg", s_sendmmsg(u.a, v, 3, 0));
	mmsg_print("", v, 3);
	rest(u.b);
	rest(u.b);
}

VECTOR(send_len_fault)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	size_t n = mmsg_size();
	char *page = mem_before_hole(n + mh_size()), *v = outgoing(2);

	memcpy(page, v, n + mh_size());
	ret("second's length unmapped", s_sendmmsg(p.a, page, 2, 0));
	mmsg_print("", page, 1);
	rest(p.b);
	rest(p.b);
	page = readonly_copy(v, 2 * n);
	ret("read-only", s_sendmmsg(p.a, page, 2, 0));
	rest(p.b);
	rest(p.b);
}

VECTOR(send_second_unmapped)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *page = mem_before_hole(mmsg_size()), *v = outgoing(1);

	memcpy(page, v, mmsg_size());
	ret("sendmmsg", s_sendmmsg(p.a, page, 2, 0));
	rest(p.b);
	rest(p.b);
}

VECTOR(recv_second_unmapped)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *page = mem_before_hole(mmsg_size()), *v = incoming(1, 4);

	memcpy(page, v, mmsg_size());
	send_n(p.a, 3);
	ret("recvmmsg", s_recvmmsg(p.b, page, 2, MSG_DONTWAIT, 0));
	mmsg_print("", page, 1);
	out("SO_ERROR %d", opt_int(p.b, SOL_SOCKET, SO_ERROR));
	rest(p.b);
	rest(p.b);
}

/* A later error waits in SO_ERROR and the next call returns it. */
VECTOR(recv_later_error)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = incoming(3, 4);

	mh_set(mmsg_hdr(v, 1), MH_IOVLEN, 2000);
	send_n(p.a, 3);
	ret("recvmmsg", s_recvmmsg(p.b, v, 3, MSG_DONTWAIT, 0));
	mmsg_print("", v, 2);
	ret("next", s_recvmmsg(p.b, v, 1, MSG_DONTWAIT, 0));
	ret("after", s_recvmmsg(p.b, v, 1, MSG_DONTWAIT, 0));
	rest(p.b);
}

VECTOR(recv_later_error_read)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = incoming(3, 4);

	mh_set(mmsg_hdr(v, 1), MH_IOV, (long)iov1(hole(), 4));
	send_n(p.a, 3);
	ret("recvmmsg", s_recvmmsg(p.b, v, 3, MSG_DONTWAIT, 0));
	out("SO_ERROR %d", opt_int(p.b, SOL_SOCKET, SO_ERROR));
	out("SO_ERROR %d", opt_int(p.b, SOL_SOCKET, SO_ERROR));
	ret("next", s_recvmmsg(p.b, v, 1, MSG_DONTWAIT, 0));
}

VECTOR(recv_pending_error_first)
{
	int a = udp_bound(AF_INET), gone = udp_bound(AF_INET);
	uint16_t port = port_of(gone);
	char *v = incoming(2, 4);

	close(gone);
	s_connect(a, inet_addr_of(AF_INET, port), 16);
	s_send(a, text("x"), 1, 0);
	nap(30);
	ret("recvmmsg", s_recvmmsg(a, v, 2, MSG_DONTWAIT, 0));
	ret("recvmmsg", s_recvmmsg(a, v, 2, MSG_DONTWAIT, 0));
}

VECTOR(recv_len_fault)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *page = mem_before_hole(mh_size()), *v = incoming(1, 4);

	memcpy(page, v, mh_size());
	send_n(p.a, 2);
	ret("recvmmsg", s_recvmmsg(p.b, page, 1, MSG_DONTWAIT, 0));
	mh_print("", page);
	rest(p.b);
}

VECTOR(names_and_controls)
{
	struct pair u = udp_pair(AF_INET);
	char *v = mmsg_new(3), *sa[3], *control[3];

	set_opt(u.b, IPPROTO_IP, IP_RECVTTL, 1);
	for (int i = 0; i < 3; i++) {
		sa[i] = mem(16);
		control[i] = mem(32);
		mh_fill(mmsg_hdr(v, i), sa[i], 16 - 4 * i, iov1(mem(4), 4), 1, control[i], 32 - 12 * i, 0);
	}
	send_n(u.a, 3);
	nap(20);
	ret("recvmmsg", s_recvmmsg(u.b, v, 3, MSG_DONTWAIT, 0));
	mmsg_print("", v, 3);
	for (int i = 0; i < 3; i++) {
		addr("", sa[i], 16 - 4 * i, 16);
		cm_print("", control[i], mh_get(mmsg_hdr(v, i), MH_CONTROLLEN), 32);
	}
}

VECTOR(send_names)
{
	int a = udp_bound(AF_INET), b = udp_bound(AF_INET), c = udp_bound(AF_INET);
	char *v = outgoing(3);

	mh_set(mmsg_hdr(v, 0), MH_NAME, (long)inet_addr_of(AF_INET, port_of(b)));
	mh_set(mmsg_hdr(v, 0), MH_NAMELEN, 16);
	mh_set(mmsg_hdr(v, 1), MH_NAME, (long)inet_addr_of(AF_INET, port_of(c)));
	mh_set(mmsg_hdr(v, 1), MH_NAMELEN, 200);
	ret("sendmmsg", s_sendmmsg(a, v, 3, 0));
	rest(b);
	rest(c);
}

/* Two to the same address, which is remembered, then another. */
VECTOR(send_same_name_twice)
{
	int a = udp_bound(AF_INET), b = udp_bound(AF_INET);
	char *v = outgoing(2);
	void *sa = inet_addr_of(AF_INET, port_of(b));

	for (int i = 0; i < 2; i++) {
		mh_set(mmsg_hdr(v, i), MH_NAME, (long)sa);
		mh_set(mmsg_hdr(v, i), MH_NAMELEN, 16);
	}
	ret("sendmmsg", s_sendmmsg(a, v, 2, 0));
	rest(b);
	rest(b);
}

VECTOR(waitforone)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = incoming(4, 8);

	send_n(p.a, 2);
	ret("recvmmsg", s_recvmmsg(p.b, v, 4, MSG_WAITFORONE, 0));
	mmsg_print("", v, 4);
}

static void send_later(long fd)
{
	nap(80);
	send(fd, "one", 3, 0);
	flag_wait(500);
	send(fd, "two", 3, 0);
	nap(3000);
}

VECTOR(waitforone_waits)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = incoming(4, 8);

	helper(send_later, p.a);
	ret("recvmmsg", s_recvmmsg(p.b, v, 4, MSG_WAITFORONE, 0));
	*flag = 1;
	mmsg_print("", v, 2);
	ret("recvmmsg", s_recvmmsg(p.b, v, 1, 0, 0));
}

VECTOR(waits_for_all)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = incoming(2, 8);

	helper(send_later, p.a);
	ret("recvmmsg", s_recvmmsg(p.b, v, 2, 0, 0));
	mmsg_print("", v, 2);
}

/* --- the timeout --- */

static void show_time(const char *what, const void *p, unsigned width)
{
	long long sec, frac;

	if (width == 4) {
		sec = get_num(p);
		frac = get_num((const char *)p + 4);
	} else {
		memcpy(&sec, p, 8);
		memcpy(&frac, (const char *)p + 8, 8);
	}
	out("%s %lld.%s", what, sec, frac == 0 ? "0" : frac == 999999999 ? "999999999" :
	    frac > 0 && frac < 1000000000 ? "left" : "odd");
}

VECTOR(timeout_with_messages)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	void *tv = time_pair(5, 0, entry->word);
	char *v = incoming(2, 8);

	send_n(p.a, 2);
	ret("recvmmsg", s_recvmmsg(p.b, v, 2, 0, tv));
	show_time("left", tv, entry->word);
}

/* The time is looked at only after a message. */
VECTOR(timeout_after_message)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	void *tv = time_pair(0, 10000000, entry->word);
	char *v = incoming(4, 8);
	long t = now_ms();

	helper(send_later, p.a);
	ret("recvmmsg", s_recvmmsg(p.b, v, 4, 0, tv));
	elapsed("", t, 80);
	show_time("left", tv, entry->word);
	mmsg_print("", v, 2);
}

VECTOR(timeout_zero)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	void *tv = time_pair(0, 0, entry->word);
	char *v = incoming(4, 8);

	send_n(p.a, 3);
	ret("recvmmsg", s_recvmmsg(p.b, v, 4, 0, tv));
	show_time("left", tv, entry->word);
	ret("recvmmsg", s_recvmmsg(p.b, v, 4, 0, tv));
	rest(p.b);
}

VECTOR(timeout_nothing)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	void *tv = time_pair(3, 7, entry->word);
	char *v = incoming(4, 8);

	ret("recvmmsg", s_recvmmsg(p.b, v, 4, MSG_DONTWAIT, tv));
	bytes("unchanged", tv, 2 * entry->word);
}

VECTOR(timeout_readonly)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	void *tv = readonly_copy(time_pair(5, 0, entry->word), 2 * entry->word);
	char *v = incoming(2, 8);

	send_n(p.a, 2);
	ret("recvmmsg", s_recvmmsg(p.b, v, 2, 0, tv));
	mmsg_print("", v, 2);
	rest(p.b);
}

static const struct {
	long long sec, frac;
} times[] = {{-1, 0}, {0, -1}, {0, 1000000000}, {0, 999999999}, {0x7fffffff, 0}, {0x7fffffff, 999999999},
	     {-1, 1000000000}};

static const char *times_label(int row)
{
	static char s[32];

	snprintf(s, sizeof(s), "%lld,%lld", times[row].sec, times[row].frac);
	return s;
}

VECTORS(timeout_values, COUNT(times), times_label)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	void *tv = time_pair(times[row].sec, times[row].frac, entry->word);
	char *v = incoming(1, 8);

	send_n(p.a, 1);
	ret("recvmmsg", s_recvmmsg(p.b, v, 1, 0, tv));
	rest(p.b);
}

/* 417: recvmmsg_time64, a direct call of the 32-bit ABI. */
static long recvmmsg64(int fd, void *v, int n, int flags, void *tv)
{
	long a[6] = {fd, (long)v, n, flags, (long)tv};

	return entry->sys(417, a);
}

VECTORS(time64, COUNT(times), times_label, NEED_WORD4)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	void *tv = time_pair(times[row].sec, times[row].frac, 8);
	char *v = incoming(2, 8);

	send_n(p.a, 2);
	ret("recvmmsg", recvmmsg64(p.b, v, 2, 0, tv));
	show_time("left", tv, 8);
	mmsg_print("", v, 2);
}

VECTOR(time64_upper_half, NEED_WORD4)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = incoming(1, 8), *tv = time_pair(1, 0xffffffff00000005ll, 8);

	send_n(p.a, 1);
	ret("nsec with junk above", recvmmsg64(p.b, v, 1, 0, tv));
	tv = time_pair(0x100000000ll, 0, 8);
	send_n(p.a, 1);
	ret("seconds beyond 32 bits", recvmmsg64(p.b, v, 1, MSG_DONTWAIT, tv));
	ret("unmapped", recvmmsg64(p.b, v, 1, MSG_DONTWAIT, hole()));
	ret("half", recvmmsg64(p.b, v, 1, MSG_DONTWAIT, mem_before_hole(12)));
	ret("bad fd", recvmmsg64(77, v, 1, MSG_DONTWAIT, time_pair(-1, 0, 8)));
	ret("NULL", recvmmsg64(p.b, v, 1, MSG_DONTWAIT, 0));
}

VECTOR(closed_stream)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *v = incoming(3, 8);

	s_send(p.a, text("abc"), 3, 0);
	close(p.a);
	ret("recvmmsg", s_recvmmsg(p.b, v, 3, 0, 0));
	mmsg_print("", v, 3);
}

VECTOR(dontwait_partly)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *v = incoming(3, 2);

	s_send(p.a, text("abc"), 3, 0);
	ret("recvmmsg", s_recvmmsg(p.b, v, 3, MSG_DONTWAIT, 0));
	mmsg_print("", v, 3);
	out("SO_ERROR %d", opt_int(p.b, SOL_SOCKET, SO_ERROR));
}

VECTOR(peek)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = incoming(3, 2);

	send_n(p.a, 3);
	ret("recvmmsg", s_recvmmsg(p.b, v, 3, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT, 0));
	mmsg_print("", v, 3);
	rest(p.b);
}

VECTOR(send_eor_of_field)
{
	struct pair p = unix_pair(SOCK_SEQPACKET);
	char *v = outgoing(2);

	mh_set(mmsg_hdr(v, 0), MH_FLAGS, MSG_EOR | 0x70);
	ret("sendmmsg", s_sendmmsg(p.a, v, 2, 0));
	mmsg_print("", v, 2);
}

VECTOR(send_full)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = outgoing(100);
	long r = s_sendmmsg(p.a, v, 100, MSG_DONTWAIT);

	ret("sendmmsg", r);
	ret("again", s_sendmmsg(p.a, v, 100, MSG_DONTWAIT));
}

VECTOR(unaligned_vector)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = mem_at(2 * mmsg_size(), 3);

	memcpy(v, outgoing(2), 2 * mmsg_size());
	ret("sendmmsg", s_sendmmsg(p.a, v, 2, 0));
	memcpy(v, incoming(2, 8), 2 * mmsg_size());
	ret("recvmmsg", s_recvmmsg(p.b, v, 2, MSG_DONTWAIT, 0));
	mmsg_print("", v, 2);
}
