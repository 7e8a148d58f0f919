/*
 * flags: MSG_* going in, on each kind of socket; urgent data; fast open.
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

static const struct {
	const char *label;
	int flags;
} send_flags[] = {
	{"oob", MSG_OOB},
	{"dontroute", MSG_DONTROUTE},
	{"eor", MSG_EOR},
	{"more", MSG_MORE},
	{"confirm", MSG_CONFIRM},
	{"fastopen", MSG_FASTOPEN},
	{"zerocopy", MSG_ZEROCOPY},
	{"cmsg_compat", (int)0x80000000},
	{"peek", MSG_PEEK},
	{"trunc", MSG_TRUNC},
	{"ctrunc", MSG_CTRUNC},
	{"errqueue", MSG_ERRQUEUE},
	{"batch", 0x40000},
	{"nosignal", MSG_NOSIGNAL},
	{"splice pages", 0x8000000},
	{"sendpage not last", 0x20000},
	{"internal bits", 0x100000},
	{"all low", 0x0000ffff & ~MSG_OOB & ~MSG_FASTOPEN},
	{"cmsg_cloexec", MSG_CMSG_CLOEXEC},
	{"0x01000000", 0x1000000},
};

static const char *send_flags_label(int row)
{
	return send_flags[row].label;
}

VECTORS(send_flag, COUNT(send_flags), send_flags_label)
{
	struct pair s = unix_pair(SOCK_STREAM), d = unix_pair(SOCK_DGRAM), u = udp_pair(AF_INET);
	struct pair t = tcp_pair(AF_INET), q = unix_pair(SOCK_SEQPACKET);
	int f = send_flags[row].flags;

	ret("stream", s_send(s.a, text("abc"), 3, f));
	rest(s.b);
	ret("dgram", s_send(d.a, text("abc"), 3, f));
	rest(d.b);
	ret("seqpacket", s_send(q.a, text("abc"), 3, f));
	rest(q.b);
	ret("udp", s_sendto(u.a, text("abc"), 3, f, 0, 0));
	rest(u.b);
	if (!(f & MSG_OOB))
		ret("tcp", s_send(t.a, text("abc"), 3, f));
}

static const struct {
	const char *label;
	int flags;
} recv_flags[] = {
	{"oob", MSG_OOB},
	{"errqueue", MSG_ERRQUEUE},
	{"trunc", MSG_TRUNC},
	{"ctrunc", MSG_CTRUNC},
	{"waitforone", MSG_WAITFORONE},
	{"cmsg_cloexec", MSG_CMSG_CLOEXEC},
	{"cmsg_compat", (int)0x80000000},
	{"nosignal", MSG_NOSIGNAL},
	{"eor", MSG_EOR},
	{"dontroute", MSG_DONTROUTE},
	{"confirm", MSG_CONFIRM},
	{"zerocopy", MSG_ZEROCOPY},
	{"internal", 0x8100000},
	{"sock_devmem", 0x2000000},
};

static const char *recv_flags_label(int row)
{
	return recv_flags[row].label;
}

VECTORS(recv_flag, COUNT(recv_flags), recv_flags_label)
{
	struct pair s = unix_pair(SOCK_STREAM), d = unix_pair(SOCK_DGRAM), u = udp_pair(AF_INET);
	struct pair t = tcp_pair(AF_INET);
	int fd[8] = {s.a, s.b, d.a, d.b, u.a, u.b, t.a, t.b};

	for (int i = 0; i < 8; i += 2) {
		char *buf = mem(4);

		s_send(fd[i], text("abcdef"), 6, 0);
		wait_readable(fd[i + 1]);
		ret("recv", s_recv(fd[i + 1], buf, 4, recv_flags[row].flags | MSG_DONTWAIT));
		bytes("", buf, 4);
	}
}

VECTOR(oob_tcp)
{
	struct pair p = tcp_pair(AF_INET);
	char *buf = mem(8);

	s_send(p.a, text("ab"), 2, 0);
	ret("send oob", s_send(p.a, text("!"), 1, MSG_OOB));
	s_send(p.a, text("cd"), 2, 0);
	nap(40);
	ret("recv oob", s_recv(p.b, buf, 4, MSG_OOB));
	bytes("", buf, 4);
	ret("again", s_recv(p.b, buf, 4, MSG_OOB));
	ret("recv", s_recv(p.b, buf, 8, 0));
	bytes("", buf, 8);
	ret("recv", s_recv(p.b, buf, 8, 0));
	bytes("", buf, 8);
}

VECTOR(oob_inline)
{
	struct pair p = tcp_pair(AF_INET);
	char *buf = mem(8);

	set_opt(p.b, SOL_SOCKET, SO_OOBINLINE, 1);
	s_send(p.a, text("ab"), 2, MSG_OOB);
	nap(40);
	ret("oob", s_recv(p.b, buf, 8, MSG_OOB));
	ret("recv", s_recv(p.b, buf, 8, 0));
	ret("recv", s_recv(p.b, buf, 8, 0));
	bytes("", buf, 8);
}

VECTOR(oob_unix)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *buf = mem(8);

	ret("send oob", s_send(p.a, text("ab!"), 3, MSG_OOB));
	ret("recv oob", s_recv(p.b, buf, 8, MSG_OOB));
	bytes("", buf, 8);
	ret("recv", s_recv(p.b, buf, 8, 0));
	bytes("", buf, 8);
	ret("oob again", s_recv(p.b, buf, 8, MSG_OOB));
}

VECTOR(fastopen)
{
	int l = tcp_listener(AF_INET), fd = s_socket(AF_INET, SOCK_STREAM, 0);
	char *buf = mem(8);
	long r;

	ret("sendto", s_sendto(fd, text("hello"), 5, MSG_FASTOPEN, inet_addr_of(AF_INET, port_of(l)), 16));
	r = ret("accept", s_accept(l, 0, 0));
	ret("recv", s_recv(r, buf, 5, MSG_WAITALL));
	bytes("", buf, 8);
	ret("again", s_sendto(fd, text("x"), 1, MSG_FASTOPEN, inet_addr_of(AF_INET, port_of(l)), 16));
}
