/*
 * interrupt: signals during calls that wait: EINTR, SA_RESTART, what was done
 * so far, time limits; and waits that a signal must not end.
 *
 * The signal is sent again and again (pester) until the vector ends or, to show
 * a restart, three times before what the call waits for happens. So a signal
 * that comes too early does no harm.
 */
#include "vectors.h"

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

static void *limit(long ms)
{
	return time_pair(ms / 1000, ms % 1000 * 1000, entry->word);
}

static void set_limit(int fd, int name, long ms)
{
	s_setsockopt(fd, SOL_SOCKET, name, limit(ms), 2 * entry->word);
}

static void fill(int fd)
{
	while (s_send(fd, mem(32), 32, MSG_DONTWAIT) > 0)
		;
}

static void fill_chunks(int fd)
{
	char *p = mem(4096);

	while (s_send(fd, p, 4096, MSG_DONTWAIT) > 0)
		;
	while (s_send(fd, p, 1, MSG_DONTWAIT) > 0)
		;
}

/* --- each call that waits, by number --- */

enum what { ACCEPT, ACCEPT_UNIX, ACCEPT4, RECV, RECV_DGRAM, RECVFROM_UDP, RECVMSG, RECVMMSG, RECV_TCP,
	    RECV_SEQPACKET, SEND_UNIX, SEND_TCP, SENDTO_DGRAM, SENDMSG, SENDMMSG, CONNECT_UNIX, WHATS };

static const char *what_label(int row)
{
	static const char *const names[WHATS] = {
		[ACCEPT] = "accept", [ACCEPT_UNIX] = "accept unix", [ACCEPT4] = "accept4",
		[RECV] = "recv", [RECV_DGRAM] = "recv dgram", [RECVFROM_UDP] = "recvfrom udp",
		[RECVMSG] = "recvmsg", [RECVMMSG] = "recvmmsg", [RECV_TCP] = "recv tcp",
		[RECV_SEQPACKET] = "recv seqpacket", [SEND_UNIX] = "send unix",
		[SEND_TCP] = "send tcp", [SENDTO_DGRAM] = "sendto dgram",
		[SENDMSG] = "sendmsg", [SENDMMSG] = "sendmmsg", [CONNECT_UNIX] = "connect unix",
	};

	return names[row];
}

struct scene {
	int fd;    /* the one that waits */
	int other; /* where something can be done about it */
	char *buf;
	void *m;
};

static struct scene scene(enum what w)
{
	struct scene s = {.buf = mem(64)};
	struct pair p = {-1, -1};
	char *v;

	switch (w) {
	case ACCEPT:
	case ACCEPT4:
		s.fd = s.other = tcp_listener(AF_INET);
		break;
	case ACCEPT_UNIX:
		s.fd = s.other = unix_listener(SOCK_STREAM, "l");
		break;
	case RECV:
	case RECVMSG:
	case RECVMMSG:
		p = unix_pair(SOCK_STREAM);
		break;
	case RECV_DGRAM:
		p = unix_pair(SOCK_DGRAM);
		break;
	case RECV_SEQPACKET:
		p = unix_pair(SOCK_SEQPACKET);
		break;
	case RECVFROM_UDP:
		p = udp_pair(AF_INET);
		break;
	case RECV_TCP:
		p = tcp_pair(AF_INET);
		break;
	case SEND_UNIX:
	case SENDMSG:
	case SENDMMSG:
		p = unix_pair(SOCK_STREAM);
		set_opt(p.b, SOL_SOCKET, SO_SNDBUF, 4096);
		fill(p.b);
		break;
	case SEND_TCP:
		p = tcp_pair(AF_INET);
		set_opt(p.b, SOL_SOCKET, SO_SNDBUF, 4096);
		set_opt(p.a, SOL_SOCKET, SO_RCVBUF, 4096);
		fill_chunks(p.b);
		nap(30);
		fill_chunks(p.b);
		nap(30);
		fill_chunks(p.b);
		break;
	case SENDTO_DGRAM:
		s.other = unix_listener(SOCK_DGRAM, "r");
		s.fd = s_socket(AF_UNIX, SOCK_DGRAM, 0);
		while (s_sendto(s.fd, s.buf, 1, MSG_DONTWAIT, unix_addr("r"), unix_len("r")) > 0)
			;
		break;
	case CONNECT_UNIX:
		s.other = unix_listener(SOCK_STREAM, "c");
		s_listen(s.other, 0);
		s_connect(s_socket(AF_UNIX, SOCK_STREAM, 0), unix_addr("c"), unix_len("c"));
		s.fd = s_socket(AF_UNIX, SOCK_STREAM, 0);
		break;
	case WHATS:
		break;
	}
	if (p.b >= 0)
		s.fd = p.b, s.other = p.a;
	if (w == RECVMMSG || w == SENDMMSG) {
		v = mmsg_new(2);
		for (int i = 0; i < 2; i++)
			mh_fill(mmsg_hdr(v, i), 0, 0, iov1(s.buf, 8), 1, 0, 0, 0);
		s.m = v;
	} else {
		s.m = mh_new(0, 0, iov1(s.buf, 8), 1, 0, 0, 0);
	}
	return s;
}

static long act(enum what w, const struct scene *s)
{
	switch (w) {
	case ACCEPT:
	case ACCEPT_UNIX:
		return s_accept(s->fd, 0, 0);
	case ACCEPT4:
		return s_accept4(s->fd, mem(16), num(16), SOCK_CLOEXEC);
	case RECV:
	case RECV_DGRAM:
	case RECV_SEQPACKET:
	case RECV_TCP:
		return s_recv(s->fd, s->buf, 8, 0);
	case RECVFROM_UDP:
		return s_recvfrom(s->fd, s->buf, 8, 0, mem(16), num(16));
	case RECVMSG:
		return s_recvmsg(s->fd, s->m, 0);
	case RECVMMSG:
		return s_recvmmsg(s->fd, s->m, 1, 0, 0);
	case SEND_UNIX:
	case SEND_TCP:
		return s_send(s->fd, s->buf, 8, 0);
	case SENDTO_DGRAM:
		return s_sendto(s->fd, s->buf, 8, 0, unix_addr("r"), unix_len("r"));
	case SENDMSG:
		return s_sendmsg(s->fd, s->m, 0);
	case SENDMMSG:
		return s_sendmmsg(s->fd, s->m, 2, 0);
	case CONNECT_UNIX:
		return s_connect(s->fd, unix_addr("c"), unix_len("c"));
	case WHATS:
		break;
	}
	return -1;
}

static enum what doing;
static struct scene staged;

/* In a helper: what the call waits for. */
static void satisfy(long arg)
{
	static char buf[1 << 20];
	long len, fd;
	void *sa;

	switch (doing) {
	case ACCEPT:
	case ACCEPT4:
		sa = own_addr(staged.other, &len);
		s_connect(s_socket(AF_INET, SOCK_STREAM, 0), sa, len);
		break;
	case ACCEPT_UNIX:
		s_connect(s_socket(AF_UNIX, SOCK_STREAM, 0), unix_addr("l"), unix_len("l"));
		break;
	case RECV:
	case RECV_DGRAM:
	case RECV_SEQPACKET:
	case RECV_TCP:
	case RECVFROM_UDP:
	case RECVMSG:
	case RECVMMSG:
		send(staged.other, "12345", 5, 0);
		break;
	case SEND_UNIX:
	case SEND_TCP:
	case SENDMSG:
	case SENDMMSG:
	case SENDTO_DGRAM:
		while (recv(staged.other, buf, sizeof(buf), 0) > 0)
			;
		break;
	case CONNECT_UNIX:
		fd = s_accept(staged.other, 0, 0);
		nap(fd >= 0 ? 0 : 1);
		break;
	case WHATS:
		break;
	}
	nap(5000);
}

VECTORS(eintr, WHATS, what_label)
{
	doing = row;
	staged = scene(row);
	count_signal(SIGUSR1, false);
	pester(SIGUSR1, 0, NULL, 0);
	ret("", act(row, &staged));
	out("signals %s", signals_seen() ? "seen" : "none");
}

VECTORS(restarts, WHATS, what_label)
{
	doing = row;
	staged = scene(row);
	count_signal(SIGUSR1, true);
	pester(SIGUSR1, 3, satisfy, 0);
	ret("", act(row, &staged));
	out("signals %s", signals_seen() ? "seen" : "none");
}

/* With a time limit a signal ends the call even with SA_RESTART. */
VECTORS(limited_eintr, WHATS, what_label)
{
	doing = row;
	staged = scene(row);
	set_limit(staged.fd, row >= SEND_UNIX ? 21 : 20, 5000);
	count_signal(SIGUSR1, true);
	pester(SIGUSR1, 0, NULL, 0);
	ret("", act(row, &staged));
	out("signals %s", signals_seen() ? "seen" : "none");
}

VECTORS(limit_passes, WHATS, what_label)
{
	long t;

	doing = row;
	staged = scene(row);
	set_limit(staged.fd, row >= SEND_UNIX ? 21 : 20, 120);
	t = now_ms();
	ret("", act(row, &staged));
	elapsed("", t, 120);
}

/* Ignored and blocked signals do not end a call, nor does a stop. */
static void satisfy_later(long arg)
{
	nap(300);
	satisfy(arg);
}

VECTORS(ignored, WHATS, what_label)
{
	doing = row;
	staged = scene(row);
	signal(SIGUSR1, SIG_IGN);
	pester(SIGUSR1, 0, NULL, 0);
	helper(satisfy_later, 0);
	ret("", act(row, &staged));
}

VECTORS(blocked, 4, what_label)
{
	sigset_t set;

	doing = row;
	staged = scene(row);
	count_signal(SIGUSR1, false);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pester(SIGUSR1, 0, NULL, 0);
	helper(satisfy_later, 0);
	ret("", act(row, &staged));
	out("signals %d", signals_seen());
}

static void stop_and_go(long pid)
{
	nap(100);
	kill(pid, SIGSTOP);
	nap(100);
	kill(pid, SIGCONT);
	nap(100);
	satisfy(0);
}

VECTORS(stopped, WHATS, what_label)
{
	doing = row;
	staged = scene(row);
	helper(stop_and_go, getpid());
	ret("", act(row, &staged));
}

static void kill_it(long pid)
{
	nap(150);
	kill(pid, SIGTERM);
	nap(5000);
}

VECTORS(killed, WHATS, what_label)
{
	doing = row;
	staged = scene(row);
	helper(kill_it, getpid());
	ret("", act(row, &staged));
	out("alive");
}

/* --- some of the work was done --- */

VECTOR(waitall_part)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *buf = mem(8);

	count_signal(SIGUSR1, true);
	s_send(p.a, text("abc"), 3, 0);
	pester(SIGUSR1, 0, NULL, 0);
	ret("recv", s_recv(p.b, buf, 8, MSG_WAITALL));
	bytes("", buf, 8);
}

VECTOR(waitall_part_tcp)
{
	struct pair p = tcp_pair(AF_INET);
	char *buf = mem(8);

	count_signal(SIGUSR1, true);
	s_send(p.a, text("abc"), 3, 0);
	pester(SIGUSR1, 0, NULL, 0);
	ret("recv", s_recv(p.b, buf, 8, MSG_WAITALL));
	bytes("", buf, 8);
}

VECTOR(send_part)
{
	struct pair p = unix_pair(SOCK_STREAM);
	long r;

	set_opt(p.a, SOL_SOCKET, SO_SNDBUF, 8192);
	count_signal(SIGUSR1, true);
	pester(SIGUSR1, 0, NULL, 0);
	r = s_send(p.a, mem(1000000), 1000000, 0);
	out("part %d", r > 0 && r < 1000000);
}

VECTOR(send_part_limit)
{
	struct pair p = unix_pair(SOCK_STREAM);
	long r, t = now_ms();

	set_opt(p.a, SOL_SOCKET, SO_SNDBUF, 8192);
	set_limit(p.a, 21, 100);
	r = s_send(p.a, mem(1000000), 1000000, 0);
	out("part %d", r > 0 && r < 1000000);
	elapsed("", t, 100);
}

VECTOR(recvmmsg_part)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = mmsg_new(3);

	for (int i = 0; i < 3; i++)
		mh_fill(mmsg_hdr(v, i), 0, 0, iov1(mem(4), 4), 1, 0, 0, 0);
	s_send(p.a, text("x"), 1, 0);
	count_signal(SIGUSR1, true);
	pester(SIGUSR1, 0, NULL, 0);
	ret("recvmmsg", s_recvmmsg(p.b, v, 3, 0, 0));
	out("SO_ERROR %d", opt_int(p.b, SOL_SOCKET, SO_ERROR));
}

VECTOR(recvmmsg_timeout_eintr)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = mmsg_new(1), *tv = time_pair(9, 0, entry->word);

	mh_fill(v, 0, 0, iov1(mem(4), 4), 1, 0, 0, 0);
	count_signal(SIGUSR1, false);
	pester(SIGUSR1, 0, NULL, 0);
	ret("recvmmsg", s_recvmmsg(p.b, v, 1, 0, tv));
	bytes("", tv, 2 * entry->word);
}

VECTOR(recvmmsg_timeout_restart)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = mmsg_new(1), *tv = time_pair(9, 0, entry->word);

	doing = RECV_DGRAM;
	staged.other = p.a;
	mh_fill(v, 0, 0, iov1(mem(8), 8), 1, 0, 0, 0);
	count_signal(SIGUSR1, true);
	pester(SIGUSR1, 3, satisfy, 0);
	ret("recvmmsg", s_recvmmsg(p.b, v, 1, 0, tv));
}

/* --- nothing is lost to a signal --- */

static void one_after_another(long l)
{
	long len;
	void *sa = own_addr(l, &len);

	nap(30);
	for (int i = 0; i < 20; i++) {
		s_connect(s_socket(AF_INET, SOCK_STREAM, 0), sa, len);
		nap(7);
	}
	nap(5000);
}

static void signals_fast(long pid)
{
	for (;;) {
		kill(pid, SIGUSR1);
		nap(3);
	}
}

/* Twenty connections and many signals: all twenty are accepted. */
VECTOR(no_connection_lost)
{
	int l = tcp_listener(AF_INET), n = 0;
	long r;

	s_listen(l, 64);
	count_signal(SIGUSR1, false);
	helper(one_after_another, l);
	helper(signals_fast, getpid());
	while (n < 20) {
		r = s_accept(l, 0, 0);
		if (r >= 0)
			n++;
		else if (r != -EINTR)
			break;
	}
	out("accepted %d", n);
}

static void datagrams(long fd)
{
	nap(30);
	for (int i = 0; i < 30; i++) {
		char c = i;

		send(fd, &c, 1, 0);
		nap(5);
	}
	nap(5000);
}

VECTOR(no_datagram_lost)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *buf = mem(4);
	int n = 0, in_order = 1;
	long r;

	count_signal(SIGUSR1, false);
	helper(datagrams, p.a);
	helper(signals_fast, getpid());
	while (n < 30) {
		r = s_recv(p.b, buf, 4, 0);
		if (r == 1)
			in_order &= *buf == n++;
		else if (r != -EINTR)
			break;
	}
	out("received %d in order %d", n, in_order);
}

VECTOR(no_datagram_lost_restart)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *buf = mem(4);
	int n = 0, in_order = 1;

	count_signal(SIGUSR1, true);
	helper(datagrams, p.a);
	helper(signals_fast, getpid());
	while (n < 30 && s_recv(p.b, buf, 4, 0) == 1)
		in_order &= *buf == n++;
	out("received %d in order %d", n, in_order);
}

static void drain_slowly(long fd)
{
	static unsigned char buf[70000];
	unsigned sum = 0;
	long n, total = 0;

	while (total < 400000 && (n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		for (long i = 0; i < n; i++)
			sum = sum * 31 + buf[i];
		total += n;
		nap(2);
	}
	*flag = sum;
	nap(5000);
}

VECTOR(no_byte_lost)
{
	struct pair p = unix_pair(SOCK_STREAM);
	unsigned char *buf = pattern(400000);
	unsigned sum = 0;
	long done = 0, r;

	for (long i = 0; i < 400000; i++)
		sum = sum * 31 + buf[i];
	set_opt(p.a, SOL_SOCKET, SO_SNDBUF, 16384);
	count_signal(SIGUSR1, false);
	helper(drain_slowly, p.b);
	helper(signals_fast, getpid());
	while (done < 400000) {
		r = s_send(p.a, buf + done, 400000 - done, 0);
		if (r > 0)
			done += r;
		else if (r != -EINTR)
			break;
	}
	for (int i = 0; i < 200 && !*flag; i++)
		nap(10);
	out("sent %ld same %d", done, *flag == (int)sum);
}

/* connect to a TCP address that answers late can not be had on loopback; a
 * second connect tells that the first goes on. */
VECTOR(connect_nonblocking)
{
	int l = tcp_listener(AF_INET), fd = s_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	void *sa = inet_addr_of(AF_INET, port_of(l));

	ret("connect", s_connect(fd, sa, 16));
	nap(20);
	ret("again", s_connect(fd, sa, 16));
	ret("again", s_connect(fd, sa, 16));
	out("SO_ERROR %d", opt_int(fd, SOL_SOCKET, SO_ERROR));
}

/* The backlog is full and nobody accepts: the handshake hangs. */
static int full_listener(uint16_t *port)
{
	int l = tcp_listener(AF_INET);

	s_listen(l, 0);
	*port = port_of(l);
	for (int i = 0; i < 3; i++)
		s_connect(s_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), inet_addr_of(AF_INET, *port), 16);
	nap(50);
	return l;
}

VECTOR(connect_eintr)
{
	int fd = s_socket(AF_INET, SOCK_STREAM, 0);
	uint16_t port;

	full_listener(&port);
	count_signal(SIGUSR1, false);
	pester(SIGUSR1, 0, NULL, 0);
	ret("connect", s_connect(fd, inet_addr_of(AF_INET, port), 16));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	ret("goes on", s_connect(fd, inet_addr_of(AF_INET, port), 16));
}

VECTOR(connect_limit)
{
	int fd = s_socket(AF_INET, SOCK_STREAM, 0);
	uint16_t port;
	long t;

	full_listener(&port);
	set_limit(fd, 21, 100);
	t = now_ms();
	ret("connect", s_connect(fd, inet_addr_of(AF_INET, port), 16));
	elapsed("", t, 100);
	ret("again", s_connect(fd, inet_addr_of(AF_INET, port), 16));
}

static void accept_after(long l)
{
	for (;;)
		s_accept(l, 0, 0);
}

VECTOR(connect_restarts)
{
	int fd = s_socket(AF_INET, SOCK_STREAM, 0), l;
	uint16_t port;

	l = full_listener(&port);
	count_signal(SIGUSR1, true);
	pester(SIGUSR1, 3, accept_after, l);
	ret("connect", s_connect(fd, inet_addr_of(AF_INET, port), 16));
	ret("peer", s_getpeername(fd, mem(16), num(16)));
}

/* An interval timer, as a program would use to limit a call. */
VECTOR(alarm_ends_recv)
{
	struct pair p = unix_pair(SOCK_STREAM);
	struct itimerval it = {{0, 50000}, {0, 50000}};

	count_signal(SIGALRM, false);
	setitimer(ITIMER_REAL, &it, NULL);
	ret("recv", s_recv(p.b, mem(4), 4, 0));
}

static void exit_soon(long arg)
{
	nap(100);
}

VECTOR(sigchld_ends_accept)
{
	int l = tcp_listener(AF_INET);

	count_signal(SIGCHLD, false);
	helper(exit_soon, 0);
	ret("accept", s_accept(l, 0, 0));
	out("child %d", waitpid(-1, NULL, WNOHANG) > 0);
}

VECTOR(sigchld_default_does_not)
{
	struct pair p = unix_pair(SOCK_STREAM);

	doing = RECV;
	staged.other = p.a;
	helper(exit_soon, 0);
	helper(satisfy_later, 0);
	ret("recv", s_recv(p.b, mem(8), 8, 0));
}

VECTOR(dontwait_no_eintr)
{
	struct pair p = unix_pair(SOCK_STREAM);
	int odd = 0;

	count_signal(SIGUSR1, false);
	helper(signals_fast, getpid());
	for (int i = 0; i < 300; i++)
		odd += s_recv(p.b, mem(1), 1, MSG_DONTWAIT) != -EAGAIN;
	out("odd results %d", odd);
}

/* Calls that never wait are never interrupted. */
VECTOR(quick_calls_no_eintr)
{
	int odd = 0, fd;

	count_signal(SIGUSR1, false);
	helper(signals_fast, getpid());
	for (int i = 0; i < 300; i++) {
		fd = s_socket(AF_INET, SOCK_DGRAM, 0);
		odd += fd < 0;
		odd += s_bind(fd, inet_addr_of(AF_INET, 0), 16) != 0;
		odd += s_getsockname(fd, mem(16), num(16)) != 0;
		close(fd);
	}
	out("odd results %d", odd);
}
