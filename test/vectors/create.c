/*
 * create: socket and socketpair; descriptors and their flags.
 */
#include "vectors.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "run.h"

static const struct {
	const char *label;
	long family, type, protocol;
} sockets[] = {
	{"unix stream", AF_UNIX, SOCK_STREAM, 0},
	{"unix dgram", AF_UNIX, SOCK_DGRAM, 0},
	{"unix seqpacket", AF_UNIX, SOCK_SEQPACKET, 0},
	{"unix raw", AF_UNIX, SOCK_RAW, 0},
	{"unix rdm", AF_UNIX, SOCK_RDM, 0},
	{"unix protocol 1", AF_UNIX, SOCK_STREAM, 1},
	{"unix protocol 2", AF_UNIX, SOCK_STREAM, 2},
	{"inet stream", AF_INET, SOCK_STREAM, 0},
	{"inet tcp", AF_INET, SOCK_STREAM, IPPROTO_TCP},
	{"inet stream udp", AF_INET, SOCK_STREAM, IPPROTO_UDP},
	{"inet dgram", AF_INET, SOCK_DGRAM, 0},
	{"inet dgram udp", AF_INET, SOCK_DGRAM, IPPROTO_UDP},
	{"inet dgram tcp", AF_INET, SOCK_DGRAM, IPPROTO_TCP},
	{"inet dgram icmp", AF_INET, SOCK_DGRAM, IPPROTO_ICMP},
	{"inet raw", AF_INET, SOCK_RAW, IPPROTO_ICMP},
	{"inet raw 0", AF_INET, SOCK_RAW, 0},
	{"inet raw 255", AF_INET, SOCK_RAW, 255},
	{"inet raw 256", AF_INET, SOCK_RAW, 256},
	{"inet stream mptcp", AF_INET, SOCK_STREAM, 262},
	{"inet protocol -1", AF_INET, SOCK_STREAM, -1},
	{"inet seqpacket", AF_INET, SOCK_SEQPACKET, 0},
	{"inet6 stream", AF_INET6, SOCK_STREAM, 0},
	{"inet6 dgram", AF_INET6, SOCK_DGRAM, 0},
	{"inet6 raw", AF_INET6, SOCK_RAW, 58},
	{"netlink route", AF_NETLINK, SOCK_RAW, 0},
	{"netlink dgram", AF_NETLINK, SOCK_DGRAM, 0},
	{"netlink stream", AF_NETLINK, SOCK_STREAM, 0},
	{"netlink protocol 99", AF_NETLINK, SOCK_RAW, 99},
	{"netlink protocol 31", AF_NETLINK, SOCK_RAW, 31},
	{"packet", AF_PACKET, SOCK_RAW, 0},
	{"packet old type", AF_INET, SOCK_PACKET, 0},
	{"vsock", 40, SOCK_STREAM, 0},
	{"family 0", 0, SOCK_STREAM, 0},
	{"family 45", 45, SOCK_STREAM, 0},
	{"family 46", 46, SOCK_STREAM, 0},
	{"family 200", 200, SOCK_STREAM, 0},
	{"family -1", -1, SOCK_STREAM, 0},
	{"family x25", 9, SOCK_STREAM, 0},
	{"type 0", AF_UNIX, 0, 0},
	{"type 6 dccp", AF_INET, 6, 0},
	{"type 7", AF_UNIX, 7, 0},
	{"type 11", AF_UNIX, 11, 0},
	{"type 15", AF_UNIX, 15, 0},
	{"type -1", AF_UNIX, -1, 0},
	{"type bit 4", AF_UNIX, SOCK_STREAM | 0x10, 0},
	{"type bit 31", AF_UNIX, SOCK_STREAM | 0x80000000L, 0},
	{"bad flags before bad family", 200, SOCK_STREAM | 0x100, 0},
	{"bad family before bad type", 200, 15, 0},
	{"bad type before no family", 45, 15, 0},
	{"cloexec", AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0},
	{"nonblock", AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0},
	{"cloexec nonblock", AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0},
};

static const char *socket_label(int row)
{
	return sockets[row].label;
}

VECTORS(socket, COUNT(sockets), socket_label)
{
	long fd = ret("socket", s_socket(sockets[row].family, sockets[row].type,
					 sockets[row].protocol));

	if (fd >= 0)
		out("fd flags %#x file flags %#x domain %d type %d protocol %d",
		    fcntl(fd, F_GETFD), fcntl(fd, F_GETFL), opt_int(fd, SOL_SOCKET, SO_DOMAIN),
		    opt_int(fd, SOL_SOCKET, SO_TYPE), opt_int(fd, SOL_SOCKET, SO_PROTOCOL));
	descriptors("then");
}

/* int parameters: on x86-64 the upper half of each register is ignored. */
VECTOR(socket_high_bits, NEED_WORD8)
{
#ifdef __x86_64__
	ret("family", s_socket(AF_UNIX | 0x500000000, SOCK_STREAM, 0));
	ret("type", s_socket(AF_UNIX, SOCK_DGRAM | 0x700000000, 0));
	ret("protocol", s_socket(AF_INET, SOCK_STREAM, IPPROTO_TCP | 0x900000000));
	ret("all", s_socket(AF_INET | (long)0xffffffff00000000, SOCK_DGRAM | 0xdead00000000,
			    IPPROTO_UDP | 0x8000000000000000));
	ret("getsockname", s_getsockname(3 | 0x100000000, mem(16), num(16)));
#endif
}

static const struct {
	const char *label;
	long family, type, protocol;
} pairs[] = {
	{"stream", AF_UNIX, SOCK_STREAM, 0},
	{"dgram", AF_UNIX, SOCK_DGRAM, 0},
	{"seqpacket", AF_UNIX, SOCK_SEQPACKET, 0},
	{"raw", AF_UNIX, SOCK_RAW, 0},
	{"cloexec nonblock", AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0},
	{"inet", AF_INET, SOCK_STREAM, 0},
	{"inet dgram", AF_INET, SOCK_DGRAM, 0},
	{"inet6", AF_INET6, SOCK_STREAM, 0},
	{"netlink", AF_NETLINK, SOCK_RAW, 0},
	{"family 200", 200, SOCK_STREAM, 0},
	{"family -1", -1, SOCK_STREAM, 0},
	{"family 45", 45, SOCK_STREAM, 0},
	{"type 15", AF_UNIX, 15, 0},
	{"type 5", AF_UNIX, 5, 0},
	{"bad flags", AF_UNIX, SOCK_STREAM | 0x100, 0},
	{"protocol 1", AF_UNIX, SOCK_STREAM, 1},
	{"protocol 7", AF_UNIX, SOCK_STREAM, 7},
};

static const char *pair_label(int row)
{
	return pairs[row].label;
}

/* A failure leaves the numbers in sv. */
VECTORS(socketpair, COUNT(pairs), pair_label)
{
	int *sv = mem(8);
	long r = ret("socketpair", s_socketpair(pairs[row].family, pairs[row].type,
						pairs[row].protocol, sv));

	bytes("sv", sv, 8);
	if (r >= 0)
		out("flags %#x %#x %#x %#x", fcntl(sv[0], F_GETFD), fcntl(sv[1], F_GETFD),
		    fcntl(sv[0], F_GETFL), fcntl(sv[1], F_GETFL));
	descriptors("then");
}

VECTOR(socketpair_faults)
{
	char *end = mem_before_hole(4), *ro = readonly(8);

	ret("NULL", s_socketpair(AF_UNIX, SOCK_STREAM, 0, 0));
	ret("unmapped", s_socketpair(AF_UNIX, SOCK_STREAM, 0, hole()));
	ret("half", s_socketpair(AF_UNIX, SOCK_STREAM, 0, end));
	bytes("half", end, 4);
	ret("read-only", s_socketpair(AF_UNIX, SOCK_STREAM, 0, ro));
	ret("bad type and unmapped", s_socketpair(AF_UNIX, 15, 0, hole()));
	ret("bad flags and unmapped", s_socketpair(AF_UNIX, 0x101, 0, hole()));
	ret("bad family and unmapped", s_socketpair(200, 1, 0, hole()));
	descriptors("then");
}

VECTOR(socketpair_unaligned)
{
	char *p = mem_at(12, 3);

	ret("socketpair", s_socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	bytes("sv", p, 12);
}

VECTOR(socketpair_exact_room)
{
	char *p = mem_before_hole(8);

	ret("socketpair", s_socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	bytes("sv", p, 8);
}

static void limit(int n)
{
	struct rlimit r = {n, n};

	setrlimit(RLIMIT_NOFILE, &r);
}

VECTOR(socket_emfile)
{
	limit(4);
	ret("first", s_socket(AF_UNIX, SOCK_STREAM, 0));
	ret("second", s_socket(AF_UNIX, SOCK_STREAM, 0));
	ret("bad family", s_socket(200, SOCK_STREAM, 0));
	ret("bad type", s_socket(AF_UNIX, 15, 0));
	ret("no such type", s_socket(AF_UNIX, SOCK_RDM, 0));
	limit(0);
	ret("limit 0", s_socket(AF_UNIX, SOCK_STREAM, 0));
}

VECTOR(socketpair_emfile)
{
	int *sv = mem(8);

	limit(4);
	ret("one left", s_socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	bytes("sv", sv, 8);
	descriptors("then");
	limit(3);
	ret("none left", s_socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	bytes("sv", sv, 8);
	ret("bad family", s_socketpair(200, SOCK_STREAM, 0, sv));
	ret("unmapped", s_socketpair(AF_UNIX, SOCK_STREAM, 0, hole()));
}

VECTOR(lowest_free)
{
	dup2(0, 5);
	dup2(0, 4);
	ret("gap", s_socket(AF_UNIX, SOCK_STREAM, 0));
	ret("after", s_socket(AF_UNIX, SOCK_STREAM, 0));
	close(4);
	ret("freed", s_socket(AF_UNIX, SOCK_STREAM, 0));
	close(0);
	ret("zero", s_socket(AF_UNIX, SOCK_STREAM, 0));
	close(3);
	close(5);
	struct pair p = unix_pair(SOCK_STREAM);
	out("pair %d %d", p.a, p.b);
}

VECTOR(high_descriptor)
{
	struct pair p = unix_pair(SOCK_DGRAM);

	dup2(p.a, 900);
	close(p.a);
	ret("send", s_send(900, text("x"), 1, 0));
	ret("getsockopt", opt_int(900, SOL_SOCKET, SO_TYPE));
	ret("new", s_socket(AF_UNIX, SOCK_STREAM, 0));
}

VECTOR(inherited)
{
	out("%d descriptors at the start", inherited);
}

VECTOR(fcntl_flags_stay)
{
	struct pair p = unix_pair(SOCK_STREAM);

	s_send(p.a, text("abc"), 3, 0);
	ret("recv dontwait", s_recv(p.b, mem(2), 2, MSG_DONTWAIT));
	out("file flags %#x", fcntl(p.b, F_GETFL));
	fcntl(p.b, F_SETFL, O_NONBLOCK);
	ret("recv", s_recv(p.b, mem(2), 2, 0));
	ret("recv", s_recv(p.b, mem(2), 2, 0));
	out("file flags %#x %#x", fcntl(p.b, F_GETFL), fcntl(p.b, F_GETFD));
}

VECTOR(fstat_of_created)
{
	struct stat a, b;
	struct pair p = unix_pair(SOCK_STREAM);

	must_be(!fstat(p.a, &a) && !fstat(p.b, &b), "fstat");
	out("mode %o %o same %d", a.st_mode, b.st_mode, a.st_ino == b.st_ino);
	out("uid %d gid %d", a.st_uid, a.st_gid);
}

/* The descriptor is an ordinary one: read, write, poll work. */
VECTOR(usable_by_other_calls)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char buf[8] = {0};

	ret("write", write(p.a, "hello", 5));
	ret("read", read(p.b, buf, 8));
	out("%s", buf);
	ret("cloned", s_send(dup(p.a), text("!"), 1, 0));
	ret("read", read(p.b, buf, 8));
}
