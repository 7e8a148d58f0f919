/*
 * accept: accept and accept4: order of checks, addresses, flags; what becomes
 * of the connection when the call fails.
 */
#include "vectors.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static int client_of(int l, int family)
{
	int fd = s_socket(family, SOCK_STREAM, 0);
	long len;
	void *sa = own_addr(l, &len);

	ret("connect", s_connect(fd, sa, len));
	return fd;
}

/* Is a connection there? Takes it. */
static void next(int l)
{
	fcntl(l, F_SETFL, O_NONBLOCK);
	ret("next", s_accept(l, 0, 0));
}

VECTOR(order)
{
	int l = tcp_listener(AF_INET), d = udp_bound(AF_INET), s = s_socket(AF_INET, SOCK_STREAM, 0);
	int f = open("/dev/null", O_RDWR), p = open("/", O_PATH), u = s_socket(AF_UNIX, SOCK_STREAM, 0);

	ret("bad fd", s_accept(77, 0, 0));
	ret("bad fd, bad flags", s_accept4(77, 0, 0, 0x5));
	ret("file", s_accept(f, 0, 0));
	ret("file, bad flags", s_accept4(f, 0, 0, 1));
	ret("path", s_accept4(p, 0, 0, 0));
	ret("path, bad flags", s_accept4(p, 0, 0, 1));
	ret("listener, bad flags", s_accept4(l, 0, 0, 1));
	ret("flags -1", s_accept4(l, 0, 0, -1));
	ret("dgram", s_accept(d, 0, 0));
	ret("dgram, bad flags", s_accept4(d, 0, 0, 0x10));
	ret("not listening", s_accept(s, 0, 0));
	ret("unix not listening", s_accept(u, 0, 0));
	ret("unix dgram", s_accept(unix_pair(SOCK_DGRAM).a, 0, 0));
	ret("unix connected", s_accept(unix_pair(SOCK_STREAM).a, 0, 0));
	fcntl(l, F_SETFL, O_NONBLOCK);
	ret("nothing", s_accept(l, 0, 0));
	ret("nothing, bad address", s_accept(l, hole(), hole()));
	descriptors("then");
}

static const int flags[] = {0, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_CLOEXEC | SOCK_NONBLOCK, 1,
			    SOCK_CLOEXEC | 2, (int)0x80000000};

static const char *flags_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%#x", flags[row]);
	return s;
}

VECTORS(flags4, COUNT(flags), flags_label)
{
	int l = tcp_listener(AF_INET);
	long r;

	client_of(l, AF_INET);
	r = ret("accept4", s_accept4(l, 0, 0, flags[row]));
	if (r >= 0)
		out("flags %#x %#x", fcntl(r, F_GETFD), fcntl(r, F_GETFL));
	next(l);
}

VECTOR(listener_flags_not_inherited)
{
	int l = tcp_listener(AF_INET);
	long r;

	fcntl(l, F_SETFL, O_NONBLOCK);
	fcntl(l, F_SETFD, FD_CLOEXEC);
	client_of(l, AF_INET);
	wait_readable(l);
	r = ret("accept", s_accept(l, 0, 0));
	out("flags %#x %#x", fcntl(r, F_GETFD), fcntl(r, F_GETFL));
}

static const int rooms[] = {-1, 0, 1, 4, 8, 15, 16, 17, 128, 1 << 20};

static const char *room_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", rooms[row]);
	return s;
}

VECTORS(room, COUNT(rooms), room_label)
{
	int l = tcp_listener(AF_INET);
	char *sa = mem(64), *n = num(rooms[row]);

	port_index(port_of(l));
	client_of(l, AF_INET);
	ret("accept", s_accept(l, sa, n));
	number("length", n);
	addr("", sa, get_num(n) < rooms[row] ? get_num(n) : rooms[row], 64);
	next(l);
	descriptors("then");
}

VECTORS(room_unix, COUNT(rooms), room_label)
{
	int l = unix_listener(SOCK_STREAM, "l"), fd = s_socket(AF_UNIX, SOCK_STREAM, 0);
	char *sa = mem(64), *n = num(rooms[row]);

	ret("bind", s_bind(fd, unix_addr("client"), unix_len("client")));
	ret("connect", s_connect(fd, unix_addr("l"), unix_len("l")));
	ret("accept", s_accept(l, sa, n));
	number("length", n);
	addr("", sa, get_num(n) < rooms[row] ? get_num(n) : rooms[row], 64);
	next(l);
}

VECTOR(unnamed_peer)
{
	int l = unix_listener(SOCK_STREAM, abstract_name("l"));
	char *sa = mem(32), *n = num(32);

	client_of(l, AF_UNIX);
	ret("accept", s_accept(l, sa, n));
	addr("", sa, get_num(n), 32);
}

/* EFAULT on the address loses the connection, and leaks nothing. */
VECTOR(fault_address)
{
	int l = tcp_listener(AF_INET);
	char *n = num(16);

	client_of(l, AF_INET);
	ret("accept", s_accept(l, hole(), n));
	number("length", n);
	next(l);
	descriptors("then");
}

VECTOR(fault_length)
{
	int l = tcp_listener(AF_INET);
	char *sa = mem(16);

	client_of(l, AF_INET);
	ret("NULL", s_accept(l, sa, 0));
	next(l);
	client_of(l, AF_INET);
	ret("unmapped", s_accept(l, sa, hole()));
	next(l);
	client_of(l, AF_INET);
	ret("read-only", s_accept(l, sa, readonly_num(16)));
	next(l);
	bytes("address", sa, 16);
	descriptors("then");
}

VECTOR(null_address_length_given)
{
	int l = tcp_listener(AF_INET);
	char *n = num(16);

	client_of(l, AF_INET);
	ret("accept", s_accept(l, 0, n));
	number("length", n);
	client_of(l, AF_INET);
	ret("unmapped length", s_accept(l, 0, hole()));
}

VECTOR(address_before_hole)
{
	int l = tcp_listener(AF_INET);
	char *sa = mem_before_hole(8), *n = num(8);

	client_of(l, AF_INET);
	ret("room 8", s_accept(l, sa, n));
	number("length", n);
	client_of(l, AF_INET);
	n = num(16);
	ret("room 16", s_accept(l, sa, n));
	number("length", n);
	next(l);
	descriptors("then");
}

/* No descriptor free: the connection stays. */
VECTOR(emfile_keeps_connection)
{
	int l = tcp_listener(AF_INET);
	struct rlimit none = {4, 64}, some = {64, 64};

	client_of(l, AF_INET);
	setrlimit(RLIMIT_NOFILE, &none);
	ret("accept", s_accept(l, 0, 0));
	ret("bad flags", s_accept4(l, 0, 0, 1));
	ret("file", s_accept(0, 0, 0));
	ret("bad fd", s_accept(77, 0, 0));
	setrlimit(RLIMIT_NOFILE, &some);
	ret("accept", s_accept(l, 0, 0));
	next(l);
}

VECTOR(emfile_before_waiting)
{
	int l = tcp_listener(AF_INET);
	struct rlimit none = {4, 64};

	setrlimit(RLIMIT_NOFILE, &none);
	ret("accept", s_accept(l, 0, 0));
}

VECTOR(fifo_order)
{
	int l = tcp_listener(AF_INET), c[3];
	char *n = num(16), *sa = mem(16);

	for (int i = 0; i < 3; i++)
		c[i] = client_of(l, AF_INET);
	for (int i = 0; i < 3; i++)
		port_index(port_of(c[i]));
	for (int i = 0; i < 3; i++) {
		*(int *)n = 16;
		ret("accept", s_accept(l, sa, n));
		addr("", sa, 16, 16);
	}
}

VECTOR(client_closed_first)
{
	int l = tcp_listener(AF_INET), c = client_of(l, AF_INET);
	long r;

	s_send(c, text("bye"), 3, 0);
	close(c);
	r = ret("accept", s_accept(l, 0, 0));
	char *buf = mem(8);
	ret("recv", s_recv(r, buf, 8, 0));
	bytes("", buf, 8);
	ret("recv", s_recv(r, buf, 8, 0));
}

VECTOR(client_reset_first)
{
	int l = tcp_listener(AF_INET), c = client_of(l, AF_INET);
	int linger[2] = {1, 0};
	long r;

	ret("linger", s_setsockopt(c, SOL_SOCKET, SO_LINGER, data(linger, 8), 8));
	close(c);
	nap(20);
	r = ret("accept", s_accept(l, 0, 0));
	ret("recv", s_recv(r, mem(8), 8, 0));
}

static void connect_later(long l)
{
	long len;
	void *sa = own_addr(l, &len);

	nap(100);
	s_connect(s_socket(AF_INET, SOCK_STREAM, 0), sa, len);
	nap(5000);
}

VECTOR(waits)
{
	int l = tcp_listener(AF_INET);
	char *sa = mem(16), *n = num(16);

	helper(connect_later, l);
	ret("accept", s_accept(l, sa, n));
	addr("", sa, get_num(n), 16);
	descriptors("then");
}

static void connect_unix_later(long arg)
{
	int fd = s_socket(AF_UNIX, SOCK_SEQPACKET, 0);

	nap(100);
	s_connect(fd, unix_addr("q"), unix_len("q"));
	s_send(fd, text("one"), 3, 0);
	nap(5000);
}

VECTOR(waits_unix)
{
	int l = unix_listener(SOCK_SEQPACKET, "q");
	char *buf = mem(8);
	long r;

	helper(connect_unix_later, 0);
	r = ret("accept4", s_accept4(l, 0, 0, SOCK_CLOEXEC));
	ret("recv", s_recv(r, buf, 8, 0));
	bytes("", buf, 8);
}

static void accept_one(long l)
{
	long r = s_accept(l, 0, 0);

	if (r >= 0)
		__atomic_add_fetch(flag, 1, __ATOMIC_SEQ_CST);
	nap(3000);
}

/* Two wait, one comes: one of them gets it and the other still waits. */
VECTOR(two_wait_one_comes)
{
	int l = tcp_listener(AF_INET);

	helper(accept_one, l);
	helper(accept_one, l);
	nap(60);
	for (int n = 1; n <= 2; n++) {
		client_of(l, AF_INET);
		for (int i = 0; i < 200 && *flag < n; i++)
			nap(10);
		nap(50);
		out("accepted %d", *flag);
	}
}

static void killed(long l)
{
	s_accept(l, 0, 0);
	_exit(0);
}

/* One that waited was killed: the next connection is not lost with it. */
VECTOR(waiter_killed)
{
	int l = tcp_listener(AF_INET);
	pid_t pid = helper(killed, l);

	nap(100);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	client_of(l, AF_INET);
	wait_readable(l);
	ret("accept", s_accept(l, 0, 0));
	next(l);
}

VECTOR(listener_shut_down)
{
	int l = tcp_listener(AF_INET);

	ret("shutdown", s_shutdown(l, SHUT_RD));
	ret("accept", s_accept(l, 0, 0));
	ret("listen", s_listen(l, 2));
	next(l);
}

static void shut_later(long l)
{
	nap(100);
	s_shutdown(l, SHUT_RDWR);
}

VECTOR(shut_down_while_waiting)
{
	int l = tcp_listener(AF_INET), u = unix_listener(SOCK_STREAM, "u");

	helper(shut_later, l);
	ret("accept", s_accept(l, 0, 0));
	helper(shut_later, u);
	ret("accept unix", s_accept(u, 0, 0));
}

VECTOR(rcvtimeo)
{
	int l = tcp_listener(AF_INET), u = unix_listener(SOCK_STREAM, "u");
	void *tv = time_pair(0, 100000, entry->word);
	long t = now_ms();

	ret("set", s_setsockopt(l, SOL_SOCKET, 20, tv, 2 * entry->word));
	ret("accept", s_accept(l, 0, 0));
	elapsed("", t, 100);
	s_setsockopt(u, SOL_SOCKET, 20, tv, 2 * entry->word);
	t = now_ms();
	ret("accept unix", s_accept(u, 0, 0));
	elapsed("", t, 100);
}

VECTOR(readable_until_accepted)
{
	int l = tcp_listener(AF_INET);
	struct pollfd p = {.fd = l, .events = POLLIN};

	out("poll %d", poll(&p, 1, 0));
	client_of(l, AF_INET);
	out("poll %d", poll(&p, 1, 1000));
	ret("accept", s_accept(l, 0, 0));
	out("poll %d", poll(&p, 1, 0));
}

VECTOR(backlog_of_unix)
{
	int l = unix_listener(SOCK_STREAM, "b"), fd;

	ret("listen", s_listen(l, 1));
	for (int i = 0; i < 4; i++) {
		fd = s_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		ret("connect", s_connect(fd, unix_addr("b"), unix_len("b")));
	}
	ret("accept", s_accept(l, 0, 0));
	ret("connect", s_connect(fd, unix_addr("b"), unix_len("b")));
}

VECTOR(inet6_peer, NEED_IPV6)
{
	int l = tcp_listener(AF_INET6);
	char *sa = mem(32), *n = num(32);

	port_index(port_of(l));
	client_of(l, AF_INET6);
	ret("accept", s_accept(l, sa, n));
	addr("", sa, get_num(n), 32);
}

VECTOR(accepted_options)
{
	int l = tcp_listener(AF_INET);
	long r;

	set_opt(l, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_opt(l, IPPROTO_TCP, 1, 1);
	client_of(l, AF_INET);
	r = ret("accept", s_accept(l, 0, 0));
	out("keepalive %d nodelay %d acceptconn %d", opt_int(r, SOL_SOCKET, SO_KEEPALIVE),
	    opt_int(r, IPPROTO_TCP, 1), opt_int(r, SOL_SOCKET, SO_ACCEPTCONN));
}
