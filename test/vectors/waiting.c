/*
 * waiting: calls that wait while others act on the same socket: competing
 * readers, changed flags and limits, low-water marks, peek offsets.
 */
#include "vectors.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <linux/sockios.h>

static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

static const char *type_label(int row)
{
	static const char *const names[] = {"stream", "dgram", "seqpacket"};

	return names[row];
}

static struct pair pair;

/* --- several readers --- */

static void read_one(long fd)
{
	if (s_recv(fd, mem(8), 8, 0) > 0)
		__atomic_add_fetch(flag, 1, __ATOMIC_SEQ_CST);
	nap(5000);
}

/* Waits until *flag is n, half a second at most; then says what it is. */
static void flag_reaches(int n)
{
	for (int i = 0; i < 50 && *flag != n; i++)
		nap(10);
	nap(30);
	out("%d", *flag);
}

VECTORS(one_of_two_readers, COUNT(types), type_label)
{
	pair = unix_pair(types[row]);
	helper(read_one, pair.b);
	helper(read_one, pair.b);
	nap(80);
	ret("send", s_send(pair.a, text("x"), 1, 0));
	flag_reaches(1);
	ret("send", s_send(pair.a, text("y"), 1, 0));
	flag_reaches(2);
}

VECTOR(one_of_two_readers_udp)
{
	pair = udp_pair(AF_INET);
	helper(read_one, pair.b);
	helper(read_one, pair.b);
	nap(80);
	s_send(pair.a, text("x"), 1, 0);
	flag_reaches(1);
	s_send(pair.a, text("y"), 1, 0);
	flag_reaches(2);
}

static const char *record_label(int row)
{
	return row ? "seqpacket" : "dgram";
}

static void read_many(long fd)
{
	char *buf = mem(8);
	unsigned char seen;

	for (;;) {
		if (s_recv(fd, buf, 8, 0) != 1)
			break;
		seen = *buf;
		__atomic_add_fetch(flag, 1 + seen * 1000, __ATOMIC_SEQ_CST);
	}
}

/* Each of a hundred datagrams goes to exactly one of four readers. */
VECTORS(each_to_one_reader, 2, record_label)
{
	int sum = 0;

	pair = unix_pair(row ? SOCK_SEQPACKET : SOCK_DGRAM);
	for (int i = 0; i < 4; i++)
		helper(read_many, pair.b);
	for (int i = 0; i < 100; i++) {
		unsigned char c = i;

		sum += 1 + i * 1000;
		s_send(pair.a, data(&c, 1), 1, 0);
	}
	for (int i = 0; i < 100 && *flag != sum; i++)
		nap(10);
	out("all there %d", *flag == sum);
}

static void write_twenty(long fd)
{
	char *buf = mem(40);

	memset(buf, '0' + fd % 10, 40);
	for (int i = 0; i < 20; i++)
		s_send(fd, buf, 40, 0);
	nap(5000);
}

VECTOR(records_stay_whole)
{
	char *buf = mem(64);
	int whole = 0;

	pair = unix_pair(SOCK_SEQPACKET);
	for (int i = 0; i < 4; i++)
		helper(write_twenty, pair.a);
	for (int i = 0; i < 80; i++)
		whole += s_recv(pair.b, buf, 64, 0) == 40;
	out("whole %d", whole);
}

/* --- the socket changes under a waiting call --- */

static void set_nonblock_then_send(long fd)
{
	nap(80);
	fcntl(pair.b, F_SETFL, O_NONBLOCK);
	nap(80);
	send(fd, "late", 4, 0);
	nap(5000);
}

VECTORS(made_nonblocking, COUNT(types), type_label)
{
	pair = unix_pair(types[row]);
	helper(set_nonblock_then_send, pair.a);
	ret("recv", s_recv(pair.b, mem(8), 8, 0));
	ret("recv", s_recv(pair.b, mem(8), 8, 0));
}

static void limit_then_send(long fd)
{
	nap(60);
	set_opt(pair.b, SOL_SOCKET, SO_RCVLOWAT, 1);
	s_setsockopt(pair.b, SOL_SOCKET, 20, time_pair(0, 10000, entry->word), 2 * entry->word);
	nap(120);
	send(fd, "late", 4, 0);
	nap(5000);
}

VECTORS(limit_set_later, COUNT(types), type_label)
{
	pair = unix_pair(types[row]);
	helper(limit_then_send, pair.a);
	ret("recv", s_recv(pair.b, mem(8), 8, 0));
}

static void replace_then_send(long fd)
{
	nap(150);
	send(fd, "late", 4, 0);
	nap(5000);
}

VECTOR(blocking_in_one_nonblocking_call_in_another)
{
	pair = unix_pair(SOCK_STREAM);
	helper(replace_then_send, pair.a);
	helper(read_one, pair.b);
	nap(50);
	ret("dontwait", s_recv(pair.b, mem(8), 8, MSG_DONTWAIT));
	flag_reaches(1);
}

/* --- low-water marks and whole requests --- */

static void pieces(long fd)
{
	nap(60);
	send(fd, "ab", 2, 0);
	nap(80);
	send(fd, "cd", 2, 0);
	flag_wait(500);
	send(fd, "efgh", 4, 0);
	nap(5000);
}

static void low_water(struct pair p, int flags)
{
	char *buf = mem(16);

	pair = p;
	set_opt(pair.b, SOL_SOCKET, SO_RCVLOWAT, 4);
	helper(pieces, pair.a);
	ret("recv", s_recv(pair.b, buf, 16, flags));
	*flag = 1;
	bytes("", buf, 16);
}

VECTOR(rcvlowat_unix)
{
	low_water(unix_pair(SOCK_STREAM), 0);
}

VECTOR(rcvlowat_tcp)
{
	low_water(tcp_pair(AF_INET), 0);
}

VECTOR(rcvlowat_longer_than_asked)
{
	char *buf = mem(16);

	pair = unix_pair(SOCK_STREAM);
	set_opt(pair.b, SOL_SOCKET, SO_RCVLOWAT, 100);
	helper(pieces, pair.a);
	ret("recv", s_recv(pair.b, buf, 3, 0));
	bytes("", buf, 16);
}

VECTOR(rcvlowat_dontwait)
{
	struct pair t = tcp_pair(AF_INET), u = unix_pair(SOCK_STREAM);

	set_opt(t.b, SOL_SOCKET, SO_RCVLOWAT, 4);
	set_opt(u.b, SOL_SOCKET, SO_RCVLOWAT, 4);
	s_send(t.a, text("ab"), 2, 0);
	s_send(u.a, text("ab"), 2, 0);
	nap(30);
	ret("tcp", s_recv(t.b, mem(8), 8, MSG_DONTWAIT));
	ret("unix", s_recv(u.b, mem(8), 8, MSG_DONTWAIT));
}

VECTOR(waitall_peek_tcp)
{
	char *buf = mem(16);

	pair = tcp_pair(AF_INET);
	helper(pieces, pair.a);
	ret("recv", s_recv(pair.b, buf, 6, MSG_WAITALL | MSG_PEEK));
	bytes("", buf, 16);
	ret("rest", s_recv(pair.b, buf, 16, MSG_DONTWAIT));
}

VECTOR(waitall_recvmsg_iov)
{
	char *iov = iov_new(2), *buf = mem(16);
	void *m = mh_new(0, 0, iov, 2, 0, 0, 0);

	pair = unix_pair(SOCK_STREAM);
	iov_set(iov, 0, buf, 3);
	iov_set(iov, 1, buf + 8, 3);
	helper(pieces, pair.a);
	ret("recvmsg", s_recvmsg(pair.b, m, MSG_WAITALL));
	bytes("", buf, 16);
}

static void with_rights(long fd)
{
	char *control = mem(64);
	size_t used = 0;
	int zero = 0;

	nap(60);
	send(fd, "ab", 2, 0);
	nap(60);
	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, &zero, 4);
	s_sendmsg(fd, mh_new(0, 0, iov1(text("cd"), 2), 1, control, used, 0), 0);
	nap(60);
	send(fd, "ef", 2, 0);
	nap(5000);
}

/* MSG_WAITALL does not go past a descriptor. */
VECTOR(waitall_with_rights)
{
	char *buf = mem(16), *control = mem(64);
	void *m = mh_new(0, 0, iov1(buf, 16), 1, control, 64, 0);

	pair = unix_pair(SOCK_STREAM);
	helper(with_rights, pair.a);
	ret("recvmsg", s_recvmsg(pair.b, m, MSG_WAITALL));
	bytes("", buf, 16);
	cm_print("", control, mh_get(m, MH_CONTROLLEN), 64);
	descriptors("then");
}

/* --- peek offsets --- */

static void peek_offset(int type)
{
	struct pair p = unix_pair(type);
	char *buf = mem(8);

	set_opt(p.b, SOL_SOCKET, SO_PEEK_OFF, 0);
	s_send(p.a, text("abcdef"), 6, 0);
	s_send(p.a, text("ghij"), 4, 0);
	for (int i = 0; i < 4; i++) {
		memset(buf, POISON, 8);
		ret("peek", s_recv(p.b, buf, 2, MSG_PEEK | MSG_DONTWAIT));
		bytes("", buf, 4);
	}
	out("offset %d", opt_int(p.b, SOL_SOCKET, SO_PEEK_OFF));
	memset(buf, POISON, 8);
	ret("recv", s_recv(p.b, buf, 3, MSG_DONTWAIT));
	bytes("", buf, 4);
	out("offset %d", opt_int(p.b, SOL_SOCKET, SO_PEEK_OFF));
	memset(buf, POISON, 8);
	ret("peek", s_recv(p.b, buf, 8, MSG_PEEK | MSG_DONTWAIT));
	bytes("", buf, 8);
	ret("recv unmapped", s_recv(p.b, hole(), 3, MSG_DONTWAIT));
	out("offset %d", opt_int(p.b, SOL_SOCKET, SO_PEEK_OFF));
	memset(buf, POISON, 8);
	ret("recv", s_recv(p.b, buf, 8, MSG_DONTWAIT));
	bytes("", buf, 8);
}

VECTORS(peek_off, COUNT(types), type_label)
{
	peek_offset(types[row]);
}

VECTOR(peek_off_tcp)
{
	struct pair p = tcp_pair(AF_INET);
	char *buf = mem(8);

	ret("set", s_setsockopt(p.b, SOL_SOCKET, SO_PEEK_OFF, num(0), 4));
	s_send(p.a, text("abcdef"), 6, 0);
	nap(30);
	for (int i = 0; i < 3; i++) {
		ret("peek", s_recv(p.b, buf, 2, MSG_PEEK | MSG_DONTWAIT));
		bytes("", buf, 2);
	}
	ret("recv", s_recv(p.b, buf, 3, MSG_DONTWAIT));
	bytes("", buf, 3);
}

/* --- the state that other calls see --- */

VECTOR(fionread)
{
	struct pair p = unix_pair(SOCK_STREAM), d = unix_pair(SOCK_DGRAM);
	int n = -1;

	s_send(p.a, text("abcdef"), 6, 0);
	s_recv(p.b, mem(2), 2, 0);
	ioctl(p.b, SIOCINQ, &n);
	out("inq %d", n);
	s_send(d.a, text("abc"), 3, 0);
	s_send(d.a, text("defg"), 4, 0);
	ioctl(d.b, SIOCINQ, &n);
	out("inq %d", n);
	s_recv(d.b, mem(1), 1, 0);
	ioctl(d.b, SIOCINQ, &n);
	out("inq %d", n);
}

VECTOR(atmark)
{
	struct pair p = tcp_pair(AF_INET);
	char *buf = mem(8);
	int mark = -1;

	s_send(p.a, text("ab!"), 3, MSG_OOB);
	s_send(p.a, text("cd"), 2, 0);
	nap(40);
	ret("recv", s_recv(p.b, buf, 8, 0));
	ioctl(p.b, SIOCATMARK, &mark);
	out("mark %d", mark);
	ret("recv", s_recv(p.b, buf, 8, 0));
	bytes("", buf, 8);
}

VECTOR(poll_after_each)
{
	struct pair p = unix_pair(SOCK_STREAM);
	struct pollfd f = {.fd = p.b, .events = POLLIN | POLLOUT | POLLRDHUP};

	out("poll %d %#x", poll(&f, 1, 0), f.revents);
	s_send(p.a, text("abc"), 3, 0);
	poll(&f, 1, 0);
	out("%#x", f.revents);
	s_recv(p.b, mem(2), 2, 0);
	poll(&f, 1, 0);
	out("%#x", f.revents);
	s_recv(p.b, mem(2), 2, 0);
	poll(&f, 1, 0);
	out("%#x", f.revents);
	s_shutdown(p.a, SHUT_WR);
	poll(&f, 1, 0);
	out("%#x", f.revents);
	close(p.a);
	poll(&f, 1, 0);
	out("%#x", f.revents);
}

/* A failed reading puts nothing in front of or behind what is there. */
VECTORS(order_after_faults, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);
	char *buf = mem(16);
	long r;

	for (int i = 0; i < 6; i++)
		s_send(p.a, data(&"012345"[i], 1), 1, 0);
	ret("fault", s_recv(p.b, hole(), 1, 0));
	ret("recv", s_recv(p.b, buf, 1, 0));
	ret("fault", s_recv(p.b, hole(), 1, 0));
	s_send(p.a, text("6"), 1, 0);
	while ((r = s_recv(p.b, buf + 1, 1, MSG_DONTWAIT)) > 0)
		out("%c", buf[1]);
	bytes("first", buf, 1);
}

VECTOR(peer_reads_while_we_fault)
{
	struct pair p = tcp_pair(AF_INET);
	char *buf = mem(16);

	s_send(p.a, text("abcdef"), 6, 0);
	nap(30);
	ret("fault", s_recv(p.b, hole(), 3, 0));
	ret("recv", s_recv(p.b, buf, 3, 0));
	bytes("", buf, 3);
	ret("fault", s_recv(p.b, hole(), 3, 0));
	s_send(p.a, text("gh"), 2, 0);
	ret("recv", s_recv(p.b, buf, 5, MSG_WAITALL));
	bytes("", buf, 5);
}

/* --- plain read and write on a socket whose calls are served --- */

static void read_it(long fd)
{
	static char buf[8];

	if (read(fd, buf, 8) > 0)
		*flag = buf[0];
	nap(5000);
}

VECTOR(read_waits_beside_recv)
{
	pair = unix_pair(SOCK_DGRAM);
	helper(read_it, pair.b);
	helper(read_one, pair.b);
	nap(80);
	s_send(pair.a, text("\001"), 1, 0);
	s_send(pair.a, text("\001"), 1, 0);
	nap(150);
	out("nothing left %d", s_recv(pair.b, mem(8), 8, MSG_DONTWAIT) == -EAGAIN);
}

VECTOR(write_to_waiting_recv)
{
	char *buf = mem(8);
	pid_t pid;

	pair = unix_pair(SOCK_STREAM);
	pid = fork();
	if (!pid) {
		nap(80);
		_exit(write(pair.a, "written", 7) != 7);
	}
	ret("recv", s_recv(pair.b, buf, 8, 0));
	bytes("", buf, 8);
	waitpid(pid, NULL, 0);
}
