/*
 * transfer: send, recv, sendto, recvfrom: lengths, faults, what is consumed,
 * addresses, waiting.
 */
#include "vectors.h"

/* What is still there, one call. */
static void rest(int fd)
{
	char *p = mem(16);
	long r = ret("rest", s_recv(fd, p, 16, MSG_DONTWAIT));

	if (r > 0)
		bytes("", p, r);
}

VECTOR(order)
{
	int f = open("/dev/null", O_RDWR), p = open("/", O_PATH), s = unix_pair(SOCK_STREAM).a;

	ret("send bad fd, unmapped", s_send(77, hole(), 4, 0));
	ret("send bad fd", s_send(77, mem(4), 4, 0));
	ret("sendto bad fd, bad address", s_sendto(77, mem(4), 4, 0, hole(), 16));
	ret("send file, unmapped", s_send(f, hole(), 4, 0));
	ret("send file", s_send(f, mem(4), 4, 0));
	ret("send path", s_send(p, mem(4), 4, 0));
	ret("sendto file, bad length", s_sendto(f, mem(4), 4, 0, mem(16), -1));
	ret("sendto, bad length, unmapped", s_sendto(s, hole(), 4, 0, hole(), 129));
	ret("sendto, NULL address, length", s_sendto(s, mem(4), 4, 0, 0, 999));
	ret("recv bad fd, unmapped", s_recv(77, hole(), 4, 0));
	ret("recv file", s_recv(f, mem(4), 4, 0));
	ret("recv path", s_recv(p, mem(4), 4, 0));
	ret("recvfrom bad fd, bad address", s_recvfrom(77, mem(4), 4, 0, hole(), hole()));
	ret("recvfrom file, unmapped", s_recvfrom(f, hole(), 4, 0, hole(), hole()));
	ret("recv empty, unmapped", s_recv(s, hole(), 4, MSG_DONTWAIT));
}

/* Kernel addresses come before the descriptor; what is only unmapped does not. */
VECTOR(kernel_address, NEED_WORD8)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	long top = (long)0x00007ffffffff000, kernel = (long)0xffff888000000000,
	     hole_ = (long)0x0000900000000000;

	ret("send bad fd", s_send(77, kernel, 4, 0));
	ret("send bad fd, non-canonical", s_send(77, hole_, 4, 0));
	ret("send bad fd, top", s_send(77, top, 4, 0));
	ret("send bad fd, length to the kernel", s_send(77, top, 0x7fffffff000, 0));
	ret("send", s_send(p.a, kernel, 4, 0));
	ret("send 0 bytes", s_send(p.a, kernel, 0, 0));
	ret("recv bad fd", s_recv(77, kernel, 4, 0));
	ret("recv", s_recv(p.b, kernel, 4, MSG_DONTWAIT));
	ret("recv, length -1", s_recv(p.b, mem(4), -1L, MSG_DONTWAIT));
	ret("recv bad fd, length -1", s_recv(77, mem(4), -1L, MSG_DONTWAIT));
	ret("send bad fd, length -1", s_send(77, mem(4), -1L, 0));
	s_send(p.a, text("x"), 1, 0);
	ret("recvfrom address", s_recvfrom(p.b, mem(4), 4, 0, kernel, num(16)));
}

static const unsigned long sizes[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x7ffff000, 0xfffff000};

static const char *size_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%#lx", sizes[row]);
	return s;
}

/* Lengths far beyond the memory there is. */
VECTORS(length, COUNT(sizes), size_label)
{
	struct pair p = unix_pair(SOCK_DGRAM), t = unix_pair(SOCK_STREAM), u = udp_pair(AF_INET);

	ret("dgram", s_send(p.a, mem(64), sizes[row], MSG_DONTWAIT));
	ret("udp", s_send(u.a, mem(64), sizes[row], MSG_DONTWAIT));
	ret("bad fd", s_send(77, mem(64), sizes[row], MSG_DONTWAIT));
	ret("recv empty", s_recv(t.a, mem(64), sizes[row], MSG_DONTWAIT));
	ret("bad fd", s_recv(77, mem(64), sizes[row], MSG_DONTWAIT));
	s_send(t.a, text("abc"), 3, 0);
	char *buf = mem(64);
	if (sizes[row]) {
		ret("recv", s_recv(t.b, buf, sizes[row], MSG_DONTWAIT));
		bytes("", buf, 8);
	}
}

/* --- what is consumed, what is left --- */

static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

static const char *type_label(int row)
{
	static const char *const names[] = {"stream", "dgram", "seqpacket"};

	return names[row];
}

VECTORS(short_reads, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);
	char *buf = mem(16);

	ret("send", s_send(p.a, text("abcdef"), 6, 0));
	ret("send", s_send(p.a, text("ghi"), 3, 0));
	ret("recv 2", s_recv(p.b, buf, 2, 0));
	bytes("", buf, 16);
	rest(p.b);
	rest(p.b);
}

VECTORS(peek, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);
	char *buf = mem(8);

	s_send(p.a, text("abcdef"), 6, 0);
	ret("peek", s_recv(p.b, buf, 3, MSG_PEEK));
	ret("peek", s_recv(p.b, buf + 3, 5, MSG_PEEK));
	bytes("", buf, 8);
	ret("trunc", s_recv(p.b, buf, 2, MSG_PEEK | MSG_TRUNC));
	ret("trunc NULL", s_recv(p.b, 0, 0, MSG_PEEK | MSG_TRUNC));
	ret("trunc", s_recv(p.b, buf, 2, MSG_TRUNC));
	bytes("", buf, 8);
	rest(p.b);
}

VECTORS(zero_length, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);

	ret("send 0", s_send(p.a, 0, 0, 0));
	ret("send 0 unmapped", s_send(p.a, hole(), 0, 0));
	ret("recv", s_recv(p.b, mem(4), 4, MSG_DONTWAIT));
	ret("recv", s_recv(p.b, mem(4), 4, MSG_DONTWAIT));
	s_send(p.a, text("xy"), 2, 0);
	ret("recv 0", s_recv(p.b, 0, 0, MSG_DONTWAIT));
	rest(p.b);
}

VECTORS(recv_fault, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);
	char *half = mem_before_hole(4);

	s_send(p.a, text("abcdefgh"), 8, 0);
	ret("unmapped", s_recv(p.b, hole(), 8, MSG_DONTWAIT));
	rest(p.b);
	s_send(p.a, text("ijklmnop"), 8, 0);
	ret("half", s_recv(p.b, half, 8, MSG_DONTWAIT));
	bytes("", half, 4);
	rest(p.b);
	s_send(p.a, text("q"), 1, 0);
	ret("read-only", s_recv(p.b, readonly(4), 4, MSG_DONTWAIT));
	rest(p.b);
	s_send(p.a, text("rs"), 2, 0);
	ret("fits before the hole", s_recv(p.b, mem_before_hole(2), 4, MSG_DONTWAIT));
	rest(p.b);
}

VECTORS(send_fault, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);

	ret("unmapped", s_send(p.a, hole(), 8, 0));
	rest(p.b);
	ret("half", s_send(p.a, mem_before_hole(4), 8, 0));
	rest(p.b);
	ret("whole", s_send(p.a, mem_before_hole(4), 4, 0));
	rest(p.b);
}

/* What was sent before the fault counts. */
VECTOR(send_fault_long_unix)
{
	ret("unix", s_send(unix_pair(SOCK_STREAM).a, mem_before_hole(100000), 200000, MSG_DONTWAIT));
}

VECTOR(send_fault_long_tcp)
{
	ret("tcp", s_send(tcp_pair(AF_INET).a, mem_before_hole(100000), 200000, MSG_DONTWAIT));
}

VECTOR(recv_fault_long)
{
	struct pair p = unix_pair(SOCK_STREAM), t = tcp_pair(AF_INET);
	char *buf = mem_before_hole(5000);

	s_send(p.a, pattern(3000), 3000, 0);
	s_send(p.a, pattern(3000), 3000, 0);
	ret("unix", s_recv(p.b, buf, 6000, MSG_DONTWAIT));
	bytes("", buf, 5000);
	ret("rest", s_recv(p.b, mem(8000), 8000, MSG_DONTWAIT));
	s_send(t.a, pattern(6000), 6000, 0);
	nap(30);
	buf = mem_before_hole(5000);
	ret("tcp", s_recv(t.b, buf, 6000, MSG_DONTWAIT));
	ret("rest", s_recv(t.b, mem(8000), 8000, MSG_DONTWAIT));
}

VECTOR(tcp_faults)
{
	struct pair p = tcp_pair(AF_INET);
	char *half = mem_before_hole(4);

	ret("send unmapped", s_send(p.a, hole(), 8, 0));
	ret("send half", s_send(p.a, mem_before_hole(4), 8, 0));
	s_send(p.a, text("abcdefgh"), 8, 0);
	nap(20);
	wait_readable(p.b);
	ret("recv unmapped", s_recv(p.b, hole(), 8, MSG_DONTWAIT));
	ret("recv half", s_recv(p.b, half, 16, MSG_DONTWAIT));
	bytes("", half, 4);
	rest(p.b);
}

VECTOR(udp_faults)
{
	struct pair p = udp_pair(AF_INET);
	char *half = mem_before_hole(4);

	ret("send unmapped", s_send(p.a, hole(), 8, 0));
	ret("send half", s_send(p.a, mem_before_hole(4), 8, 0));
	s_send(p.a, text("abcdefgh"), 8, 0);
	wait_readable(p.b);
	ret("recv unmapped", s_recv(p.b, hole(), 8, MSG_DONTWAIT));
	rest(p.b);
	s_send(p.a, text("ijklmnop"), 8, 0);
	wait_readable(p.b);
	ret("recv half", s_recv(p.b, half, 8, MSG_DONTWAIT));
	bytes("", half, 4);
	rest(p.b);
}

VECTOR(recvfrom_address_fault)
{
	int a = udp_bound(AF_INET), b = udp_bound(AF_INET);
	void *to = inet_addr_of(AF_INET, port_of(b));
	char *buf = mem(4), *n = num(16);

	s_sendto(a, text("1"), 1, 0, to, 16);
	ret("address", s_recvfrom(b, buf, 4, 0, hole(), n));
	bytes("", buf, 4);
	number("length", n);
	rest(b);
	s_sendto(a, text("2"), 1, 0, to, 16);
	ret("length", s_recvfrom(b, buf, 4, 0, mem(16), hole()));
	bytes("", buf, 4);
	rest(b);
	s_sendto(a, text("3"), 1, 0, to, 16);
	ret("length -1", s_recvfrom(b, buf, 4, 0, mem(16), num(-1)));
	bytes("", buf, 4);
	rest(b);
	s_sendto(a, text("4"), 1, 0, to, 16);
	ret("NULL length", s_recvfrom(b, buf, 4, 0, mem(16), 0));
	bytes("", buf, 4);
	rest(b);
	s_sendto(a, text("5"), 1, 0, to, 16);
	ret("read-only length", s_recvfrom(b, buf, 4, 0, mem(16), readonly_num(16)));
	rest(b);
	s_sendto(a, text("6"), 1, 0, to, 16);
	ret("NULL address, bad length", s_recvfrom(b, buf, 4, 0, 0, hole()));
	bytes("", buf, 4);
	s_sendto(a, text("7"), 1, 0, to, 16);
	ret("both", s_recvfrom(b, hole(), 4, 0, hole(), hole()));
	rest(b);
}

static const int rooms[] = {0, 1, 2, 4, 8, 15, 16, 17, 28, 128, 200};

static const char *room_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", rooms[row]);
	return s;
}

VECTORS(recvfrom_room, COUNT(rooms), room_label)
{
	int a = udp_bound(AF_INET), b = udp_bound(AF_INET);
	char *buf = mem(4), *sa = mem(32), *n = num(rooms[row]);

	s_sendto(a, text("1"), 1, 0, inet_addr_of(AF_INET, port_of(b)), 16);
	ret("recvfrom", s_recvfrom(b, buf, 4, 0, sa, n));
	bytes("", buf, 4);
	number("length", n);
	addr("", sa, rooms[row] < 16 ? rooms[row] : 16, 32);
}

VECTORS(recvfrom_room_unix, COUNT(rooms), room_label)
{
	int a = unix_listener(SOCK_DGRAM, "sender"), b = unix_listener(SOCK_DGRAM, "b");
	char *buf = mem(4), *sa = mem(32), *n = num(rooms[row]);

	s_sendto(a, text("1"), 1, 0, unix_addr("b"), unix_len("b"));
	ret("recvfrom", s_recvfrom(b, buf, 4, 0, sa, n));
	number("length", n);
	addr("", sa, rooms[row] < 9 ? rooms[row] : 9, 32);
}

/* A stream has no sender: the length says so, and the address stays as it is. */
VECTORS(recvfrom_connected, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);
	char *sa = mem(16), *n = num(16);

	s_send(p.a, text("1"), 1, 0);
	ret("recvfrom", s_recvfrom(p.b, mem(4), 4, 0, sa, n));
	number("length", n);
	bytes("", sa, 16);
}

VECTOR(recvfrom_tcp)
{
	struct pair p = tcp_pair(AF_INET);
	char *sa = mem(16), *n = num(16);

	s_send(p.a, text("1"), 1, 0);
	ret("recvfrom", s_recvfrom(p.b, mem(4), 4, 0, sa, n));
	number("length", n);
	bytes("", sa, 16);
	close(p.a);
	ret("recvfrom at the end", s_recvfrom(p.b, mem(4), 4, 0, sa, n));
	number("length", n);
	ret("bad address at the end", s_recvfrom(p.b, mem(4), 4, 0, hole(), hole()));
}

/* --- sendto and its address --- */

VECTOR(sendto_connected)
{
	struct pair u = udp_pair(AF_INET), s = unix_pair(SOCK_STREAM), d = unix_pair(SOCK_DGRAM);
	struct pair t = tcp_pair(AF_INET), q = unix_pair(SOCK_SEQPACKET);
	int other = udp_bound(AF_INET);
	void *sa = inet_addr_of(AF_INET, port_of(other));

	ret("udp", s_sendto(u.a, text("x"), 1, 0, sa, 16));
	rest(other);
	ret("tcp", s_sendto(t.a, text("x"), 1, 0, sa, 16));
	ret("tcp junk", s_sendto(t.a, text("x"), 1, 0, memset(mem(4), 0, 4), 4));
	ret("unix stream", s_sendto(s.a, text("x"), 1, 0, unix_addr("x"), unix_len("x")));
	ret("unix seqpacket", s_sendto(q.a, text("x"), 1, 0, unix_addr("x"), unix_len("x")));
	rest(q.b);
	ret("unix dgram", s_sendto(d.a, text("x"), 1, 0, unix_addr("x"), unix_len("x")));
	ret("unconnected udp", s_send(other, text("x"), 1, 0));
	ret("unconnected tcp", s_send(s_socket(AF_INET, SOCK_STREAM, 0), text("x"), 1, 0));
	ret("unconnected unix", s_send(s_socket(AF_UNIX, SOCK_STREAM, 0), text("x"), 1, 0));
	ret("unconnected dgram", s_send(s_socket(AF_UNIX, SOCK_DGRAM, 0), text("x"), 1, 0));
	ret("unconnected seqpacket", s_send(s_socket(AF_UNIX, SOCK_SEQPACKET, 0), text("x"), 1, 0));
	ret("recv tcp", s_recv(s_socket(AF_INET, SOCK_STREAM, 0), mem(4), 4, 0));
	ret("recv unix", s_recv(s_socket(AF_UNIX, SOCK_STREAM, 0), mem(4), 4, 0));
	ret("recv seqpacket", s_recv(s_socket(AF_UNIX, SOCK_SEQPACKET, 0), mem(4), 4, 0));
}

VECTOR(sendto_binds)
{
	int a = s_socket(AF_INET, SOCK_DGRAM, 0), b = udp_bound(AF_INET);
	char *sa = mem(16), *n = num(16);

	ret("sendto", s_sendto(a, text("x"), 1, 0, inet_addr_of(AF_INET, port_of(b)), 16));
	ret("name", s_getsockname(a, sa, n));
	addr("", sa, 16, 16);
	ret("recvfrom", s_recvfrom(b, mem(4), 4, 0, sa, n));
	addr("", sa, 16, 16);
}

VECTOR(udp_too_long)
{
	int a = udp_bound(AF_INET), b = udp_bound(AF_INET);
	void *sa = inet_addr_of(AF_INET, port_of(b));

	ret("65507", s_sendto(a, pattern(65507), 65507, 0, sa, 16));
	ret("65508", s_sendto(a, pattern(65508), 65508, 0, sa, 16));
	ret("65536", s_sendto(a, pattern(65536), 65536, 0, sa, 16));
	char *buf = mem(70000);
	ret("recv", s_recv(b, buf, 70000, MSG_DONTWAIT));
	bytes("", buf, 65507);
	bytes("after", buf + 65507, 70000 - 65507);
}

VECTOR(unix_too_long)
{
	struct pair d = unix_pair(SOCK_DGRAM), q = unix_pair(SOCK_SEQPACKET);

	set_opt(d.a, SOL_SOCKET, SO_SNDBUF, 8192);
	set_opt(q.a, SOL_SOCKET, SO_SNDBUF, 8192);
	ret("dgram", s_send(d.a, mem(70000), 70000, 0));
	ret("seqpacket", s_send(q.a, mem(70000), 70000, 0));
	ret("fits", s_send(d.a, mem(8000), 8000, 0));
}

VECTOR(big_dgram)
{
	struct pair d = unix_pair(SOCK_DGRAM);
	char *buf = mem(200000);

	ret("send", s_send(d.a, pattern(150000), 150000, 0));
	ret("peek", s_recv(d.b, buf, 10, MSG_PEEK | MSG_TRUNC));
	ret("recv", s_recv(d.b, buf, 200000, 0));
	bytes("", buf, 150000);
	bytes("after", buf + 150000, 50000);
}

static void drain(long fd)
{
	static char buf[65536];

	nap(50);
	while (recv(fd, buf, sizeof(buf), 0) > 0)
		;
}

VECTOR(stream_megabytes)
{
	struct pair p = unix_pair(SOCK_STREAM), t = tcp_pair(AF_INET);

	helper(drain, p.b);
	ret("unix", s_send(p.a, pattern(3000000), 3000000, 0));
	helper(drain, t.b);
	ret("tcp", s_send(t.a, pattern(3000000), 3000000, 0));
}

static void pour(long fd)
{
	static char buf[3000000];

	for (unsigned i = 0; i < sizeof(buf); i++)
		buf[i] = i % 251;
	nap(50);
	for (int done = 0; done < (int)sizeof(buf);)
		done += send(fd, buf + done, 100000, 0);
}

VECTOR(waitall_megabytes)
{
	struct pair p = unix_pair(SOCK_STREAM), t = tcp_pair(AF_INET);
	char *buf = mem(3000000);

	helper(pour, p.a);
	ret("unix", s_recv(p.b, buf, 3000000, MSG_WAITALL));
	bytes("", buf, 3000000);
	memset(buf, POISON, 3000000);
	helper(pour, t.a);
	ret("tcp", s_recv(t.b, buf, 3000000, MSG_WAITALL));
	bytes("", buf, 3000000);
}

static void two_pieces(long fd)
{
	nap(40);
	send(fd, "abc", 3, 0);
	nap(80);
	send(fd, "defgh", 5, 0);
	nap(80);
	close(fd);
	nap(3000);
}

VECTOR(waitall_pieces)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *buf = mem(16);

	helper(two_pieces, p.a);
	close(p.a);
	ret("recv 6", s_recv(p.b, buf, 6, MSG_WAITALL));
	bytes("", buf, 16);
	ret("recv 6 more", s_recv(p.b, buf, 6, MSG_WAITALL));
	bytes("", buf, 16);
}

VECTOR(waitall_dgram)
{
	struct pair p = unix_pair(SOCK_DGRAM);

	s_send(p.a, text("abc"), 3, 0);
	ret("recv", s_recv(p.b, mem(8), 8, MSG_WAITALL));
}

VECTOR(waitall_dontwait)
{
	struct pair p = unix_pair(SOCK_STREAM);

	s_send(p.a, text("abc"), 3, 0);
	ret("recv", s_recv(p.b, mem(8), 8, MSG_WAITALL | MSG_DONTWAIT));
	ret("recv", s_recv(p.b, mem(8), 8, MSG_WAITALL | MSG_DONTWAIT));
}

VECTOR(waitall_rcvtimeo)
{
	struct pair p = unix_pair(SOCK_STREAM), t = tcp_pair(AF_INET);
	void *tv = time_pair(0, 80000, entry->word);
	char *buf = mem(8);

	s_setsockopt(p.b, SOL_SOCKET, 20, tv, 2 * entry->word);
	s_setsockopt(t.b, SOL_SOCKET, 20, tv, 2 * entry->word);
	s_send(p.a, text("abc"), 3, 0);
	s_send(t.a, text("abc"), 3, 0);
	ret("unix", s_recv(p.b, buf, 8, MSG_WAITALL));
	bytes("", buf, 8);
	ret("unix", s_recv(p.b, buf, 8, MSG_WAITALL));
	ret("tcp", s_recv(t.b, buf, 8, MSG_WAITALL));
	ret("tcp", s_recv(t.b, buf, 8, MSG_WAITALL));
}

/* --- buffers, waiting, errors --- */

VECTOR(full_buffer)
{
	struct pair p = unix_pair(SOCK_STREAM);
	long r;

	while ((r = s_send(p.a, mem(16), 16, MSG_DONTWAIT)) == 16)
		;
	ret("send", r);
	fcntl(p.a, F_SETFL, O_NONBLOCK);
	ret("non-blocking", s_send(p.a, mem(16), 16, 0));
	out("file flags %#x %#x", fcntl(p.a, F_GETFL), fcntl(p.b, F_GETFL));
}

VECTOR(sndtimeo)
{
	struct pair p = unix_pair(SOCK_STREAM);
	long t, r;

	ret("set", s_setsockopt(p.a, SOL_SOCKET, 21, time_pair(0, 100000, entry->word), 2 * entry->word));
	while ((r = s_send(p.a, mem(8000), 8000, MSG_DONTWAIT)) == 8000)
		;
	t = now_ms();
	ret("send", s_send(p.a, mem(8000), 8000, 0));
	elapsed("", t, r > 0 ? 0 : 100);
}

VECTOR(rcvtimeo)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	long t = now_ms();

	ret("set", s_setsockopt(p.a, SOL_SOCKET, 20, time_pair(0, 100000, entry->word), 2 * entry->word));
	ret("recv", s_recv(p.a, mem(4), 4, 0));
	elapsed("", t, 100);
	t = now_ms();
	ret("dontwait", s_recv(p.a, mem(4), 4, MSG_DONTWAIT));
	elapsed("", t, 0);
}

static void send_later(long fd)
{
	nap(100);
	send(fd, "later", 5, 0);
	nap(3000);
}

VECTORS(waits, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);
	char *buf = mem(8);

	helper(send_later, p.a);
	ret("recv", s_recv(p.b, buf, 8, 0));
	bytes("", buf, 8);
}

static void close_later(long fd)
{
	close(fd + 1);
	nap(100);
}

VECTORS(peer_closes_while_waiting, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);

	if (types[row] == SOCK_DGRAM)
		s_setsockopt(p.b, SOL_SOCKET, 20, time_pair(0, 300000, entry->word), 2 * entry->word);
	helper(close_later, p.a);
	close(p.a);
	ret("recv", s_recv(p.b, mem(8), 8, 0));
}

/* Another thread may close the number while the call waits: the call goes on. */
static void shut_later(long fd)
{
	nap(100);
	s_shutdown(fd, SHUT_RDWR);
}

VECTORS(shut_down_while_waiting, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);

	helper(shut_later, p.b);
	ret("recv", s_recv(p.b, mem(8), 8, 0));
}

VECTOR(udp_refused)
{
	int a = udp_bound(AF_INET), gone = udp_bound(AF_INET);
	uint16_t port = port_of(gone);

	close(gone);
	ret("connect", s_connect(a, inet_addr_of(AF_INET, port), 16));
	ret("send", s_send(a, text("x"), 1, 0));
	nap(20);
	ret("recv", s_recv(a, mem(4), 4, 0));
	ret("send", s_send(a, text("x"), 1, 0));
	nap(20);
	ret("send", s_send(a, text("x"), 1, 0));
	nap(20);
	out("SO_ERROR %d", opt_int(a, SOL_SOCKET, SO_ERROR));
	out("SO_ERROR %d", opt_int(a, SOL_SOCKET, SO_ERROR));
}

VECTOR(dgram_peer_full)
{
	int r = unix_listener(SOCK_DGRAM, "r"), s = s_socket(AF_UNIX, SOCK_DGRAM, 0);
	long n = 0, e;

	while ((e = s_sendto(s, text("x"), 1, MSG_DONTWAIT, unix_addr("r"), unix_len("r"))) == 1)
		n++;
	ret("error", e);
	out("after %ld", n);
	rest(r);
	ret("again", s_sendto(s, text("y"), 1, MSG_DONTWAIT, unix_addr("r"), unix_len("r")));
}

VECTOR(inet6_udp, NEED_IPV6)
{
	int a = udp_bound(AF_INET6), b = udp_bound(AF_INET6);
	char *sa = mem(32), *n = num(32), *buf = mem(8);

	ret("sendto", s_sendto(a, text("six"), 3, 0, inet_addr_of(AF_INET6, port_of(b)), 28));
	ret("recvfrom", s_recvfrom(b, buf, 8, 0, sa, n));
	addr("", sa, get_num(n), 32);
	bytes("", buf, 8);
	ret("v4 address", s_sendto(a, text("x"), 1, 0, inet_addr_of(AF_INET, port_of(b)), 16));
}

VECTOR(flags_high_bits, NEED_WORD8)
{
#ifdef __x86_64__
	struct pair p = unix_pair(SOCK_STREAM);
	char *buf = mem(4);

	ret("send", s_send(p.a, text("abc"), 3, 0x4200000000));
	ret("peek", s_recv(p.b, buf, 3, MSG_PEEK | 0x100000000));
	ret("recv", s_recv(p.b | 0x300000000, buf, 4, 0x4000000000));
	bytes("", buf, 4);
	ret("sendto length", s_sendto(p.a, text("x"), 1, 0, 0, 0x700000010));
	ret("shutdown", s_shutdown(p.a | 0x500000000, SHUT_WR | 0x900000000));
#endif
}
