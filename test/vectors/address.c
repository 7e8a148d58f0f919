/*
 * address: bind, connect, getsockname, getpeername: the address and its length,
 * both ways, in every family.
 */
#include "vectors.h"

#include <linux/netlink.h>
#include <sys/stat.h>

/* --- lengths going in --- */

static const int lengths[] = {-1, (int)0x80000000, 0, 1, 2, 3, 8, 15, 16, 17, 27, 28, 109, 110, 111,
			      127, 128, 129, 4096, 0x7fffffff};

static const char *length_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", lengths[row]);
	return s;
}

static const struct {
	int family, type;
} kinds[] = {
	{AF_UNIX, SOCK_STREAM}, {AF_UNIX, SOCK_DGRAM}, {AF_INET, SOCK_STREAM},
	{AF_INET, SOCK_DGRAM},	{AF_NETLINK, SOCK_RAW},
};

/* An address of family at the start of 4096 zero bytes. */
static char *long_addr(int family)
{
	char *p = mem(4096);

	memset(p, 0, 4096);
	if (family == AF_INET)
		memcpy(p, inet_addr_of(AF_INET, 0), inet_size(AF_INET));
	else
		*(uint16_t *)p = family;
	if (family == AF_UNIX)
		memset(p + 2, 'x', 120);
	return p;
}

VECTORS(bind_length, COUNT(lengths), length_label)
{
	for (int i = 0; i < COUNT(kinds); i++) {
		int fd = s_socket(kinds[i].family, kinds[i].type, 0);
		char *p = mem(128), *n = num(128);

		out("%d/%d", kinds[i].family, kinds[i].type);
		ret("bind", s_bind(fd, long_addr(kinds[i].family), lengths[row]));
		ret("name", s_getsockname(fd, p, n));
		addr("", p, get_num(n), 128);
		close(fd);
	}
}

VECTORS(connect_length, COUNT(lengths), length_label)
{
	for (int i = 0; i < COUNT(kinds); i++) {
		int fd = s_socket(kinds[i].family, kinds[i].type, 0);
		char *p = long_addr(kinds[i].family);

		if (kinds[i].family == AF_INET)
			((struct sockaddr_in *)p)->sin_port = htons(1);
		out("%d/%d", kinds[i].family, kinds[i].type);
		ret("connect", s_connect(fd, p, lengths[row]));
		close(fd);
	}
}

VECTORS(sendto_length, COUNT(lengths), length_label)
{
	for (int i = 0; i < 4; i++) {
		int fd = s_socket(kinds[i].family, kinds[i].type, 0);
		char *p = long_addr(kinds[i].family);

		if (kinds[i].family == AF_INET)
			((struct sockaddr_in *)p)->sin_port = htons(1);
		out("%d/%d", kinds[i].family, kinds[i].type);
		ret("sendto", s_sendto(fd, text("x"), 1, MSG_NOSIGNAL, p, lengths[row]));
		close(fd);
	}
}

/* --- faults and the order of checks --- */

static int plain_file(void)
{
	return open("/dev/null", O_RDWR);
}

static int o_path(void)
{
	return open("/", O_PATH);
}

VECTOR(bind_order)
{
	int s = s_socket(AF_UNIX, SOCK_STREAM, 0), f = plain_file(), p = o_path();

	ret("bad fd, bad length", s_bind(77, 0, -1));
	ret("bad fd, NULL", s_bind(77, 0, 16));
	ret("-1", s_bind(-1, 0, 16));
	ret("file, bad length", s_bind(f, 0, -1));
	ret("file, NULL", s_bind(f, 0, 16));
	ret("path, NULL", s_bind(p, 0, 16));
	ret("bad length, NULL", s_bind(s, 0, 129));
	ret("length 0, NULL", s_bind(s, 0, 0));
	ret("NULL", s_bind(s, 0, 16));
	ret("unmapped", s_bind(s, hole(), 16));
	ret("half", s_bind(s, mem_before_hole(8), 16));
}

VECTOR(connect_order)
{
	int s = s_socket(AF_UNIX, SOCK_STREAM, 0), f = plain_file(), p = o_path();

	ret("bad fd, bad length", s_connect(77, 0, -1));
	ret("bad fd, NULL", s_connect(77, 0, 16));
	ret("file, bad length", s_connect(f, 0, -1));
	ret("file, NULL", s_connect(f, 0, 16));
	ret("file", s_connect(f, mem(16), 16));
	ret("path, NULL", s_connect(p, 0, 16));
	ret("path", s_connect(p, mem(16), 16));
	ret("bad length, NULL", s_connect(s, 0, 129));
	ret("length 0, NULL", s_connect(s, 0, 0));
	ret("NULL", s_connect(s, 0, 16));
	ret("half", s_connect(s, mem_before_hole(8), 16));
}

VECTOR(listen_shutdown_order)
{
	int s = s_socket(AF_INET, SOCK_STREAM, 0), d = s_socket(AF_INET, SOCK_DGRAM, 0);
	int f = plain_file(), p = o_path(), u = s_socket(AF_UNIX, SOCK_STREAM, 0);

	ret("listen bad fd", s_listen(77, 1));
	ret("file", s_listen(f, 1));
	ret("path", s_listen(p, 1));
	ret("dgram", s_listen(d, 1));
	ret("unbound unix", s_listen(u, 1));
	ret("unbound inet", s_listen(s, 1));
	ret("again", s_listen(s, -1));
	ret("shutdown bad fd", s_shutdown(77, 99));
	ret("file", s_shutdown(f, 99));
	ret("path", s_shutdown(p, 0));
	ret("bad how", s_shutdown(u, 3));
	ret("how -1", s_shutdown(u, -1));
	ret("not connected", s_shutdown(d, SHUT_WR));
	ret("unix not connected", s_shutdown(u, SHUT_RDWR));
	ret("listening", s_shutdown(s, SHUT_RDWR));
}

VECTOR(names_order)
{
	int s = s_socket(AF_UNIX, SOCK_STREAM, 0), t = s_socket(AF_INET, SOCK_STREAM, 0);
	int f = plain_file(), p = o_path();

	ret("getsockname bad fd", s_getsockname(77, 0, 0));
	ret("file", s_getsockname(f, 0, 0));
	ret("path", s_getsockname(p, 0, 0));
	ret("NULL length", s_getsockname(s, mem(16), 0));
	ret("negative length", s_getsockname(s, mem(16), num(-1)));
	ret("negative, NULL", s_getsockname(s, 0, num(-1)));
	ret("unmapped length", s_getsockname(s, mem(16), hole()));
	ret("read-only length", s_getsockname(s, mem(16), readonly_num(16)));
	ret("getpeername bad fd", s_getpeername(77, 0, 0));
	ret("file", s_getpeername(f, 0, 0));
	ret("unconnected, NULL", s_getpeername(s, 0, 0));
	ret("unconnected inet, NULL", s_getpeername(t, 0, 0));
	ret("unconnected, negative", s_getpeername(t, 0, num(-1)));
}

/* On 6.18 the length is written even when the address faults. */
VECTOR(getsockname_fault)
{
	int s = udp_bound(AF_INET);
	char *n = num(16), *end = mem_before_hole(8);

	ret("NULL", s_getsockname(s, 0, n));
	number("length", n);
	n = num(64);
	ret("unmapped", s_getsockname(s, hole(), n));
	number("length", n);
	n = num(64);
	ret("half", s_getsockname(s, end, n));
	number("length", n);
	bytes("family", end, 2);
	n = num(8);
	ret("room for half", s_getsockname(s, end, n));
	number("length", n);
	n = num(0);
	ret("no room, NULL", s_getsockname(s, 0, n));
	number("length", n);
	ret("read-only", s_getsockname(s, readonly(16), num(16)));
}

VECTOR(getpeername_fault)
{
	struct pair p = tcp_pair(AF_INET);
	char *n = num(16);

	ret("NULL", s_getpeername(p.a, 0, n));
	number("length", n);
	ret("negative", s_getpeername(p.a, mem(16), num(-5)));
	ret("read-only length", s_getpeername(p.a, mem(16), readonly_num(16)));
	n = num(0);
	ret("no room", s_getpeername(p.a, 0, n));
	number("length", n);
}

VECTOR(length_unaligned)
{
	int s = udp_bound(AF_INET);
	char *p = mem_at(16, 1), *n = mem_at(4, 3);
	int v = 16;

	memcpy(n, &v, 4);
	ret("getsockname", s_getsockname(s, p, n));
	bytes("length", n, 4);
	addr("", p, 16, 16);
}

VECTOR(length_at_page_end)
{
	int s = udp_bound(AF_INET);
	char *p = mem_before_hole(16), *n = mem_before_hole(4);

	*(int *)n = 16;
	ret("getsockname", s_getsockname(s, p, n));
	number("length", n);
	addr("", p, 16, 16);
	n = mem_before_hole(3);
	ret("short length", s_getsockname(s, p, n));
}

/* The address may land on its own length: the length comes last, or not. */
VECTOR(length_inside_address)
{
	int s = udp_bound(AF_INET);
	int *p = mem(16);

	p[2] = 16;
	ret("getsockname", s_getsockname(s, p, &p[2]));
	p[1] = 0;
	out("family %d, word 2 %#x", *(uint16_t *)p, p[2]);
}

/* --- room coming out --- */

static const int rooms[] = {0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 27, 28, 29, 110, 128, 129, 1 << 20,
			    0x7fffffff};

static const char *room_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", rooms[row]);
	return s;
}

VECTORS(room, COUNT(rooms), room_label)
{
	struct pair p = tcp_pair(AF_INET);
	int fd[4] = {p.a, udp_bound(AF_INET), unix_listener(SOCK_STREAM, "r"),
		     s_socket(AF_UNIX, SOCK_DGRAM, 0)};

	for (int i = 0; i < 4; i++) {
		char *sa = mem(128), *n = num(rooms[row]);

		ret("getsockname", s_getsockname(fd[i], sa, n));
		addr("", sa, get_num(n) < rooms[row] ? get_num(n) : rooms[row], 128);
		number("length", n);
	}
	char *sa = mem(128), *n = num(rooms[row]);
	ret("getpeername", s_getpeername(p.a, sa, n));
	addr("", sa, get_num(n) < rooms[row] ? get_num(n) : rooms[row], 128);
	number("length", n);
}

VECTORS(room_inet6, COUNT(rooms), room_label, NEED_IPV6)
{
	struct pair p = tcp_pair(AF_INET6);

	for (int i = 0; i < 2; i++) {
		char *sa = mem(128), *n = num(rooms[row]);

		ret("name", i ? s_getpeername(p.b, sa, n) : s_getsockname(p.b, sa, n));
		addr("", sa, get_num(n) < rooms[row] ? get_num(n) : rooms[row], 128);
		number("length", n);
	}
}

/* --- AF_UNIX names --- */

static void show_name(int fd)
{
	char *sa = mem(130), *n = num(130);

	ret("name", s_getsockname(fd, sa, n));
	addr("", sa, get_num(n), 130);
}

VECTOR(unix_autobind)
{
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0);

	ret("bind", s_bind(fd, unix_addr(""), 2));
	show_name(fd);
	ret("again", s_bind(fd, unix_addr(""), 2));
	ret("path", s_bind(fd, unix_addr("p"), unix_len("p")));
}

VECTOR(unix_path)
{
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0), again = s_socket(AF_UNIX, SOCK_STREAM, 0);
	struct stat st;

	umask(027);
	ret("bind", s_bind(fd, unix_addr("./dir-less"), unix_len("./dir-less")));
	show_name(fd);
	must_be(!stat("dir-less", &st), "stat");
	out("mode %o uid %d gid %d", st.st_mode, st.st_uid, st.st_gid);
	ret("in use", s_bind(again, unix_addr("dir-less"), unix_len("dir-less")));
	ret("no directory", s_bind(again, unix_addr("no/such"), unix_len("no/such")));
	ret("not a directory", s_bind(again, unix_addr("dir-less/x"), unix_len("dir-less/x")));
	ret("directory", s_bind(again, unix_addr("/"), unix_len("/")));
	ret("twice", s_bind(fd, unix_addr("other"), unix_len("other")));
	unlink("dir-less");
	ret("after unlink", s_bind(again, unix_addr("dir-less"), unix_len("dir-less")));
}

VECTOR(unix_path_without_nul)
{
	int fd = s_socket(AF_UNIX, SOCK_DGRAM, 0);

	ret("bind", s_bind(fd, unix_addr("abcdef"), 2 + 3));
	show_name(fd);
	out("abc there: %d", access("abc", F_OK));
}

VECTOR(unix_path_embedded_nul)
{
	int fd = s_socket(AF_UNIX, SOCK_DGRAM, 0);
	char *sa = unix_addr("abc");

	memcpy(sa + 6, "def", 3);
	ret("bind", s_bind(fd, sa, 12));
	show_name(fd);
}

VECTOR(unix_path_108)
{
	int fd = s_socket(AF_UNIX, SOCK_DGRAM, 0);
	char *sa = mem(110), *out_sa = mem(140), *n = num(140);

	*(uint16_t *)sa = AF_UNIX;
	memset(sa + 2, 'y', 108);
	ret("bind", s_bind(fd, sa, 110));
	ret("name", s_getsockname(fd, out_sa, n));
	addr("", out_sa, get_num(n), 140);
}

VECTOR(unix_abstract)
{
	const char *name = abstract_name("one");
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0), again = s_socket(AF_UNIX, SOCK_STREAM, 0);
	int dgram = s_socket(AF_UNIX, SOCK_DGRAM, 0);

	ret("bind", s_bind(fd, unix_addr(name), unix_len(name)));
	show_name(fd);
	ret("in use", s_bind(again, unix_addr(name), unix_len(name)));
	ret("other type", s_bind(dgram, unix_addr(name), unix_len(name)));
	ret("longer", s_bind(again, unix_addr(name), unix_len(name) + 1));
	show_name(again);
}

VECTOR(unix_abstract_full)
{
	int fd = s_socket(AF_UNIX, SOCK_DGRAM, 0);
	char *sa = mem(110);

	memset(sa, 0, 110);
	*(uint16_t *)sa = AF_UNIX;
	snprintf(sa + 3, 100, "v%08x", (unsigned)getpid());
	ret("bind", s_bind(fd, sa, 110));
	show_name(fd);
}

VECTOR(unix_connect_errors)
{
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0), d = s_socket(AF_UNIX, SOCK_DGRAM, 0);
	int bound = s_socket(AF_UNIX, SOCK_STREAM, 0);

	s_bind(bound, unix_addr("bound"), unix_len("bound"));
	ret("no name", s_connect(fd, unix_addr(""), 2));
	ret("missing", s_connect(fd, unix_addr("missing"), unix_len("missing")));
	ret("missing abstract", s_connect(fd, unix_addr(abstract_name("no")), unix_len(abstract_name("no"))));
	ret("not listening", s_connect(fd, unix_addr("bound"), unix_len("bound")));
	ret("wrong type", s_connect(d, unix_addr("bound"), unix_len("bound")));
	ret("not a socket", s_connect(fd, unix_addr("/"), unix_len("/")));
	ret("device", s_connect(fd, unix_addr("/dev/null"), unix_len("/dev/null")));
	ret("wrong family", s_connect(fd, inet_addr_of(AF_INET, 1), 16));
	ret("family 0", s_connect(fd, memset(mem(16), 0, 16), 16));
	ret("dgram family 0", s_connect(d, memset(mem(16), 0, 16), 16));
}

VECTOR(unix_permission, NEED_ROOT)
{
	int l = unix_listener(SOCK_STREAM, "locked"), fd = s_socket(AF_UNIX, SOCK_STREAM, 0);

	chmod("locked", 0700);
	ret("setuid", setresuid(1000, 1000, 1000) ? -errno : 0);
	ret("connect", s_connect(fd, unix_addr("locked"), unix_len("locked")));
	ret("bind in another's directory", s_bind(fd, unix_addr("mine"), unix_len("mine")));
	ret("listener", l);
}

VECTOR(unix_chdir)
{
	int l, fd = s_socket(AF_UNIX, SOCK_STREAM, 0);

	mkdir("sub", 0755);
	must_be(!chdir("sub"), "chdir");
	l = unix_listener(SOCK_STREAM, "here");
	ret("connect", s_connect(fd, unix_addr("here"), unix_len("here")));
	show_name(l);
	must_be(!chdir(".."), "chdir");
	fd = s_socket(AF_UNIX, SOCK_STREAM, 0);
	ret("from outside", s_connect(fd, unix_addr("here"), unix_len("here")));
	ret("sub/here", s_connect(fd, unix_addr("sub/here"), unix_len("sub/here")));
}

VECTOR(unix_symlink)
{
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0), l = unix_listener(SOCK_STREAM, "target");

	must_be(!symlink("target", "link"), "symlink");
	must_be(!symlink("nowhere", "dangling"), "symlink");
	ret("connect", s_connect(fd, unix_addr("link"), unix_len("link")));
	ret("bind over link", s_bind(s_socket(AF_UNIX, SOCK_STREAM, 0), unix_addr("dangling"),
				     unix_len("dangling")));
	show_name(l);
	char *p = mem(128), *n = num(128);
	ret("peer", s_getpeername(fd, p, n));
	addr("", p, get_num(n), 128);
}

VECTOR(unix_chroot, NEED_ROOT)
{
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0), l;

	mkdir("jail", 0755);
	must_be(!chroot("jail") && !chdir("/"), "chroot");
	l = unix_listener(SOCK_STREAM, "/in-jail");
	ret("connect", s_connect(fd, unix_addr("/in-jail"), unix_len("/in-jail")));
	show_name(l);
	ret("outside", s_connect(fd, unix_addr("/tmp/x"), unix_len("/tmp/x")));
}

VECTOR(unix_peer_names)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *sa = mem(128), *n = num(128);

	ret("sockname", s_getsockname(p.a, sa, n));
	addr("", sa, get_num(n), 128);
	n = num(128);
	sa = mem(128);
	ret("peername", s_getpeername(p.a, sa, n));
	addr("", sa, get_num(n), 128);
	close(p.b);
	n = num(128);
	ret("peer gone", s_getpeername(p.a, sa, n));
	number("length", n);
}

/* --- inet --- */

VECTOR(inet_bind_errors)
{
	int fd = s_socket(AF_INET, SOCK_STREAM, 0), l = tcp_listener(AF_INET);
	struct sockaddr_in *sa = inet_addr_of(AF_INET, 0);

	sa->sin_port = port_of(l);
	ret("in use", s_bind(fd, sa, 16));
	sa->sin_port = 0;
	sa->sin_addr.s_addr = htonl(0x08080808);
	ret("not ours", s_bind(fd, sa, 16));
	sa->sin_addr.s_addr = htonl(0xe0000001);
	ret("multicast", s_bind(fd, sa, 16));
	sa->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa->sin_family = AF_INET6;
	ret("family inet6", s_bind(fd, sa, 16));
	sa->sin_family = 0;
	ret("family 0, address", s_bind(fd, sa, 16));
	sa->sin_addr.s_addr = 0;
	ret("family 0, any", s_bind(fd, sa, 16));
	ret("again", s_bind(fd, inet_addr_of(AF_INET, 0), 16));
	show_name(fd);
}

VECTOR(inet_low_port, NEED_ROOT)
{
	int fd = s_socket(AF_INET, SOCK_STREAM, 0), more = s_socket(AF_INET, SOCK_DGRAM, 0);

	int port = 600;
	long r;

	while ((r = s_bind(fd, inet_addr_of(AF_INET, htons(port)), 16)) == -EADDRINUSE)
		port++;
	ret("root", r);
	ret("setuid", setresuid(1000, 1000, 1000) ? -errno : 0);
	ret("user", s_bind(more, inet_addr_of(AF_INET, htons(++port)), 16));
	ret("raw", s_socket(AF_INET, SOCK_RAW, 1));
	ret("packet", s_socket(AF_PACKET, SOCK_RAW, 0));
	ret("any port", s_bind(more, inet_addr_of(AF_INET, 0), 16));
}

VECTOR(inet_zero_padding)
{
	int fd = s_socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in *sa = inet_addr_of(AF_INET, 0);

	memset(sa->sin_zero, 0x55, 8);
	ret("bind", s_bind(fd, sa, 16));
	show_name(fd);
}

VECTOR(inet_connect_errors)
{
	int fd = s_socket(AF_INET, SOCK_STREAM, 0), closed = tcp_listener(AF_INET);
	uint16_t port = port_of(closed);

	close(closed);
	ret("refused", s_connect(fd, inet_addr_of(AF_INET, port), 16));
	ret("refused again", s_connect(fd, inet_addr_of(AF_INET, port), 16));
	ret("wrong family", s_connect(fd, unix_addr("x"), 16));
	ret("port 0", s_connect(fd, inet_addr_of(AF_INET, 0), 16));
	ret("short", s_connect(fd, inet_addr_of(AF_INET, port), 8));
	int l = tcp_listener(AF_INET);
	ret("listening", s_connect(l, inet_addr_of(AF_INET, port_of(l)), 16));
}

VECTOR(inet_connect_twice)
{
	struct pair p = tcp_pair(AF_INET);
	int l = tcp_listener(AF_INET);

	ret("again", s_connect(p.a, inet_addr_of(AF_INET, port_of(l)), 16));
	ret("unspec", s_connect(p.a, memset(mem(16), 0, 16), 16));
	ret("peer", s_getpeername(p.a, mem(16), num(16)));
	ret("anew", s_connect(p.a, inet_addr_of(AF_INET, port_of(l)), 16));
}

VECTOR(udp_connect)
{
	int a = udp_bound(AF_INET), b = udp_bound(AF_INET);
	char *sa = mem(16), *n = num(16);

	ret("connect", s_connect(a, inet_addr_of(AF_INET, port_of(b)), 16));
	ret("peer", s_getpeername(a, sa, n));
	addr("", sa, get_num(n), 16);
	ret("unspec", s_connect(a, memset(mem(16), 0, 16), 16));
	ret("peer", s_getpeername(a, sa, n));
	ret("unspec, 2 bytes", s_connect(a, memset(mem(2), 0, 2), 2));
	ret("unspec, 1 byte", s_connect(a, memset(mem(2), 0, 2), 1));
}

VECTOR(udp_connect_any)
{
	int a = s_socket(AF_INET, SOCK_DGRAM, 0), b = udp_bound(AF_INET);
	struct sockaddr_in *sa = inet_addr_of(AF_INET, port_of(b));
	char *p = mem(16), *n = num(16);

	sa->sin_addr.s_addr = 0;
	ret("connect", s_connect(a, sa, 16));
	ret("peer", s_getpeername(a, p, n));
	addr("", p, 16, 16);
	ret("name", s_getsockname(a, p, n));
	addr("", p, 16, 16);
}

VECTOR(inet6_v4mapped, NEED_IPV6)
{
	int l = tcp_listener(AF_INET), fd = s_socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 *sa = inet_addr_of(AF_INET6, port_of(l));
	char *p = mem(28), *n = num(28);

	memset(&sa->sin6_addr, 0, 16);
	sa->sin6_addr.s6_addr[10] = sa->sin6_addr.s6_addr[11] = 0xff;
	sa->sin6_addr.s6_addr[12] = 127, sa->sin6_addr.s6_addr[15] = 1;
	ret("connect", s_connect(fd, sa, 28));
	ret("peer", s_getpeername(fd, p, n));
	addr("", p, get_num(n), 28);
	p = mem(28), n = num(28);
	ret("accept", s_accept(l, p, n));
	addr("", p, get_num(n), 28);
}

VECTOR(inet6_short, NEED_IPV6)
{
	int fd = s_socket(AF_INET6, SOCK_STREAM, 0);
	char *sa = inet_addr_of(AF_INET6, 0);

	ret("bind 23", s_bind(fd, sa, 23));
	ret("bind 24", s_bind(fd, sa, 24));
	show_name(fd);
}

VECTOR(inet6_scope, NEED_IPV6)
{
	int fd = s_socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 *sa = inet_addr_of(AF_INET6, htons(9));

	sa->sin6_addr.s6_addr[0] = 0xfe, sa->sin6_addr.s6_addr[1] = 0x80;
	ret("no scope", s_connect(fd, sa, 28));
	sa->sin6_scope_id = 9999;
	ret("bad scope", s_connect(fd, sa, 28));
	ret("bind bad scope", s_bind(fd, sa, 28));
}

/* --- netlink --- */

VECTOR(netlink_names)
{
	int a = s_socket(AF_NETLINK, SOCK_RAW, 0), b = s_socket(AF_NETLINK, SOCK_RAW, 0);
	struct sockaddr_nl *sa = memset(mem(12), 0, 12);

	show_name(a);
	sa->nl_family = AF_NETLINK;
	ret("bind 0", s_bind(a, sa, 12));
	show_name(a);
	ret("bind 0", s_bind(b, sa, 12));
	char *p = mem(16), *n = num(16);
	ret("name", s_getsockname(b, p, n));
	out("length %d, pid is %s", get_num(n), ((struct sockaddr_nl *)p)->nl_pid == 0 ? "0" :
	    ((struct sockaddr_nl *)p)->nl_pid == (unsigned)getpid() ? "own" : "random");
	ret("peer", s_getpeername(a, p, n));
	addr("", p, 12, 12);
	sa->nl_pid = getpid();
	ret("pid taken", s_bind(s_socket(AF_NETLINK, SOCK_RAW, 0), sa, 12));
	ret("short", s_bind(s_socket(AF_NETLINK, SOCK_RAW, 0), sa, 11));
	ret("rebind other", s_bind(b, sa, 12));
}
