/*
 * ends: what follows a shutdown, a close, a reset; and SIGPIPE, which comes to
 * who sent on a stream, once a call, and not with MSG_NOSIGNAL.
 */
#include "vectors.h"

#include <poll.h>
#include <signal.h>

static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

static const char *type_label(int row)
{
	static const char *const names[] = {"stream", "dgram", "seqpacket"};

	return names[row];
}

VECTORS(half_close, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);
	struct pollfd f = {.fd = p.b, .events = POLLIN | POLLOUT | POLLRDHUP};

	s_send(p.a, text("last"), 4, 0);
	ret("shutdown", s_shutdown(p.a, SHUT_WR));
	ret("send", s_send(p.a, text("x"), 1, MSG_NOSIGNAL));
	out("poll %d %#x", poll(&f, 1, 0), f.revents);
	ret("recv", s_recv(p.b, mem(8), 8, 0));
	ret("end", s_recv(p.b, mem(8), 8, MSG_DONTWAIT));
	ret("back", s_send(p.b, text("back"), 4, 0));
	ret("recv", s_recv(p.a, mem(8), 8, MSG_DONTWAIT));
	ret("shutdown", s_shutdown(p.a, SHUT_RD));
	ret("recv", s_recv(p.a, mem(8), 8, MSG_DONTWAIT));
	ret("send to it", s_send(p.b, text("x"), 1, MSG_NOSIGNAL));
}

VECTOR(half_close_tcp)
{
	struct pair p = tcp_pair(AF_INET);

	s_send(p.a, text("last"), 4, 0);
	ret("shutdown", s_shutdown(p.a, SHUT_WR));
	ret("again", s_shutdown(p.a, SHUT_WR));
	ret("send", s_send(p.a, text("x"), 1, MSG_NOSIGNAL));
	ret("recv", s_recv(p.b, mem(8), 4, MSG_WAITALL));
	ret("end", s_recv(p.b, mem(8), 8, 0));
	ret("end again", s_recv(p.b, mem(8), 8, 0));
	ret("back", s_send(p.b, text("back"), 4, 0));
	ret("recv", s_recv(p.a, mem(8), 8, 0));
	ret("both", s_shutdown(p.b, SHUT_RDWR));
	nap(30);
	ret("after", s_shutdown(p.b, SHUT_RDWR));
}

VECTORS(peer_closed, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);

	s_send(p.a, text("last"), 4, 0);
	s_send(p.b, text("unread"), 6, 0);
	close(p.a);
	ret("recv", s_recv(p.b, mem(8), 8, MSG_DONTWAIT));
	ret("recv", s_recv(p.b, mem(8), 8, MSG_DONTWAIT));
	ret("recv", s_recv(p.b, mem(8), 8, MSG_DONTWAIT));
	ret("send", s_send(p.b, text("x"), 1, MSG_NOSIGNAL));
	out("error %d", opt_int(p.b, SOL_SOCKET, SO_ERROR));
}

VECTOR(tcp_reset)
{
	struct pair p = tcp_pair(AF_INET);
	int linger[2] = {1, 0};

	s_setsockopt(p.a, SOL_SOCKET, SO_LINGER, data(linger, 8), 8);
	close(p.a);
	nap(20);
	ret("recv", s_recv(p.b, mem(8), 8, 0));
	ret("recv", s_recv(p.b, mem(8), 8, 0));
	ret("send", s_send(p.b, text("x"), 1, MSG_NOSIGNAL));
}

/* The signal comes to the thread that sent, once a call, and not with the flag. */
VECTOR(sigpipe)
{
	struct pair p = unix_pair(SOCK_STREAM);

	close(p.b);
	ret("send", s_send(p.a, text("x"), 1, 0));
}

VECTOR(sigpipe_nosignal)
{
	struct pair p = unix_pair(SOCK_STREAM);

	close(p.b);
	ret("send", s_send(p.a, text("x"), 1, MSG_NOSIGNAL));
}

VECTOR(sigpipe_sendto)
{
	struct pair p = unix_pair(SOCK_STREAM);

	s_shutdown(p.a, SHUT_WR);
	ret("sendto", s_sendto(p.a, text("x"), 1, 0, 0, 0));
}

VECTOR(sigpipe_tcp)
{
	struct pair p = tcp_pair(AF_INET);

	s_shutdown(p.a, SHUT_WR);
	ret("send", s_send(p.a, text("x"), 1, 0));
}

VECTOR(sigpipe_seqpacket)
{
	struct pair p = unix_pair(SOCK_SEQPACKET);

	close(p.b);
	ret("send", s_send(p.a, text("x"), 1, 0));
}

VECTOR(sigpipe_dgram)
{
	struct pair p = unix_pair(SOCK_DGRAM);

	close(p.b);
	ret("send", s_send(p.a, text("x"), 1, 0));
	p = unix_pair(SOCK_DGRAM);
	s_shutdown(p.a, SHUT_WR);
	ret("shut down", s_send(p.a, text("x"), 1, 0));
}

VECTOR(sigpipe_sendmsg)
{
	struct pair p = unix_pair(SOCK_STREAM);
	void *m = mh_new(0, 0, iov1(text("x"), 1), 1, 0, 0, 0);

	close(p.b);
	ret("sendmsg", s_sendmsg(p.a, m, 0));
}

VECTOR(sigpipe_sendmmsg)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *v = mmsg_new(2);

	for (int i = 0; i < 2; i++)
		mh_fill(mmsg_hdr(v, i), 0, 0, iov1(text("x"), 1), 1, 0, 0, 0);
	close(p.b);
	ret("sendmmsg", s_sendmmsg(p.a, v, 2, 0));
}

VECTOR(sigpipe_unconnected)
{
	ret("tcp", s_send(s_socket(AF_INET, SOCK_STREAM, 0), text("x"), 1, 0));
}

VECTOR(sigpipe_fatal)
{
	struct pair p = unix_pair(SOCK_STREAM);

	signal(SIGPIPE, SIG_DFL);
	close(p.b);
	ret("send", s_send(p.a, text("x"), 1, 0));
	out("alive");
}

VECTOR(sigpipe_ignored)
{
	struct pair p = unix_pair(SOCK_STREAM);

	signal(SIGPIPE, SIG_IGN);
	close(p.b);
	ret("send", s_send(p.a, text("x"), 1, 0));
	out("alive");
}
