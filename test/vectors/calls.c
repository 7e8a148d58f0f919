/*
 * calls: socket calls through the current entry, and ready-made sockets.
 */
#include "vectors.h"

#include <poll.h>
#include <stdlib.h>

long call_(enum call_nr nr, long a, long b, long c, long d, long e, long f)
{
	long arg[6] = {a, b, c, d, e, f};

	return entry->call(nr, arg);
}

long socketcall_raw(long nr, long args)
{
	long regs[6] = {nr, args};

	return entry->sys(102, regs);
}

/* --- ready-made sockets --- */

void must_be(bool ok, const char *what)
{
	if (ok)
		return;
	out("CANNOT: %s (%s)", what, strerrorname_np(errno));
	_exit(0);
}

static int good(long r, const char *what)
{
	if (r < 0)
		errno = -r;
	must_be(r >= 0, what);
	return r;
}

struct pair unix_pair(int type)
{
	int *sv = mem(8);

	good(s_socketpair(AF_UNIX, type, 0, sv), "socketpair");
	return (struct pair){sv[0], sv[1]};
}

size_t inet_size(int family)
{
	return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

void *inet_addr_of(int family, uint16_t port)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = port, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	return family == AF_INET ? data(&in, sizeof(in)) : data(&in6, sizeof(in6));
}

void *own_addr(int fd, long *len)
{
	char *p = mem(128), *n = num(128);

	good(s_getsockname(fd, p, n), "getsockname");
	*len = get_num(n);
	return p;
}

uint16_t port_of(int fd)
{
	struct sockaddr_in sa;
	long len;

	memcpy(&sa, own_addr(fd, &len), sizeof(sa));
	return sa.sin_port;
}

static int bound(int family, int type)
{
	int fd = good(s_socket(family, type, 0), "socket");

	good(s_bind(fd, inet_addr_of(family, 0), inet_size(family)), "bind");
	return fd;
}

int udp_bound(int family)
{
	return bound(family, SOCK_DGRAM);
}

int tcp_listener(int family)
{
	int fd = bound(family, SOCK_STREAM);

	good(s_listen(fd, 8), "listen");
	return fd;
}

struct pair tcp_pair(int family)
{
	int l = tcp_listener(family);
	struct pair p;
	long len;
	void *sa = own_addr(l, &len);

	p.a = good(s_socket(family, SOCK_STREAM, 0), "socket");
	good(s_connect(p.a, sa, len), "connect");
	p.b = good(s_accept(l, 0, 0), "accept");
	close(l);
	return p;
}

struct pair udp_pair(int family)
{
	struct pair p = {udp_bound(family), udp_bound(family)};
	long len;
	void *sa;

	sa = own_addr(p.b, &len);
	good(s_connect(p.a, sa, len), "connect");
	sa = own_addr(p.a, &len);
	good(s_connect(p.b, sa, len), "connect");
	return p;
}

void *unix_addr(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	strncpy(sa.sun_path, path, sizeof(sa.sun_path) - 1);
	if (*path == '@')
		sa.sun_path[0] = 0;
	return data(&sa, sizeof(sa));
}

size_t unix_len(const char *path)
{
	return offsetof(struct sockaddr_un, sun_path) + strlen(path) + (*path != '@');
}

const char *abstract_name(const char *word)
{
	static char name[64];

	snprintf(name, sizeof(name), "@v%08x%s", (unsigned)getpid(), word);
	return name;
}

int unix_listener(int type, const char *path)
{
	int fd = good(s_socket(AF_UNIX, type, 0), "socket");

	if (*path != '@')
		unlink(path);
	good(s_bind(fd, unix_addr(path), unix_len(path)), "bind");
	if ((type & 0xf) != SOCK_DGRAM)
		good(s_listen(fd, 8), "listen");
	return fd;
}

void wait_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (poll(&p, 1, 2000) < 0 && errno == EINTR)
		;
}

int opt_int(int fd, int level, int name)
{
	void *v = num(0), *len = num(4);

	good(s_getsockopt(fd, level, name, v, len), "getsockopt");
	return get_num(v);
}

void set_opt(int fd, int level, int name, int v)
{
	good(s_setsockopt(fd, level, name, num(v), 4), "setsockopt");
}
