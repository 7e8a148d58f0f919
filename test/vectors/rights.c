/*
 * rights: descriptors in control messages (SCM_RIGHTS): how many arrive, where,
 * and that none leaks when they do not fit.
 */
#include "vectors.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* n descriptors of one file, as an array in the heap. */
static int *many(int n)
{
	int *fd = malloc((n + 1) * sizeof(int));

	for (int i = 0; i < n; i++)
		fd[i] = 0;
	return fd;
}

static long send_rights(int sock, const int *fd, int n, const char *payload, int flags)
{
	char *control = mem(4096);
	size_t used = 0;
	void *m;

	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, fd, n * sizeof(int));
	m = mh_new(0, 0, iov1(text(payload), strlen(payload)), 1, control, used, 0);
	return s_sendmsg(sock, m, flags);
}

static void receive(int sock, long room, int flags)
{
	char *buf = mem(8), *control = mem(2048);
	void *m = mh_new(0, 0, iov1(buf, 8), 1, room ? control : 0, room, 0);

	if (ret("recvmsg", s_recvmsg(sock, m, flags | MSG_DONTWAIT)) < 0)
		return;
	mh_print("", m);
	bytes("", buf, 8);
	cm_print("", control, mh_get(m, MH_CONTROLLEN), 2048);
}

static const int counts[] = {0, 1, 2, 3, 10, 100, 252, 253, 254, 300};

static const char *count_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", counts[row]);
	return s;
}

VECTORS(count, COUNT(counts), count_label)
{
	struct pair p = unix_pair(SOCK_STREAM);
	int *fd = many(counts[row]);

	ret("sendmsg", send_rights(p.a, fd, counts[row], "x", 0));
	descriptors("sent");
	receive(p.b, 2000, 0);
	descriptors("received");
}

static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

static const char *type_label(int row)
{
	static const char *const names[] = {"stream", "dgram", "seqpacket"};

	return names[row];
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* It is the very open file: offset and flags are shared. */
VECTORS(same_open_file, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);
	int fd[2] = {open("/proc/self/exe", O_RDONLY), p.a}, got;
	char *control = mem(64);
	void *m = mh_new(0, 0, iov1(mem(4), 4), 1, control, 64, 0);

	ret("sendmsg", send_rights(p.a, fd, 2, "x", 0));
	lseek(fd[0], 1234, SEEK_SET);
	ret("recvmsg", s_recvmsg(p.b, m, 0));
	got = get_num(control + cm_len(0));
	out("same %d offset %ld flags %#x %#x", same_file(got, fd[0]), (long)lseek(got, 0, SEEK_CUR),
	    fcntl(got, F_GETFL) & ~O_LARGEFILE, fcntl(got, F_GETFD));
	got = get_num(control + cm_len(4));
	out("same %d", same_file(got, p.a));
	ret("send through it", s_send(got, text("y"), 1, 0));
}

static const char *room_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", row);
	return s;
}

/* Five descriptors, every room: what does not fit is closed. */
VECTORS(room, 45, room_label)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	int *fd = many(5);

	ret("sendmsg", send_rights(p.a, fd, 5, "x", 0));
	receive(p.b, row, 0);
	descriptors("then");
}

VECTORS(no_control, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);
	struct pair pipe_ = unix_pair(SOCK_STREAM);

	ret("sendmsg", send_rights(p.a, &pipe_.b, 1, "x", 0));
	close(pipe_.b);
	ret("recv", s_recv(p.b, mem(4), 4, 0));
	descriptors("then");
	ret("the other end", s_recv(pipe_.a, mem(4), 4, MSG_DONTWAIT));
}

VECTORS(recvfrom_discards, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]), other = unix_pair(SOCK_STREAM);

	send_rights(p.a, &other.b, 1, "x", 0);
	close(other.b);
	ret("recvfrom", s_recvfrom(p.b, mem(4), 4, 0, mem(16), num(16)));
	ret("the other end", s_recv(other.a, mem(4), 4, MSG_DONTWAIT));
}

VECTOR(null_control_with_length)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	void *m = mh_new(0, 0, iov1(mem(4), 4), 1, 0, 64, 0);

	send_rights(p.a, many(2), 2, "x", 0);
	ret("recvmsg", s_recvmsg(p.b, m, 0));
	mh_print("", m);
	descriptors("then");
}

VECTOR(unmapped_control)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	void *m = mh_new(0, 0, iov1(mem(4), 4), 1, hole(), 64, 0);

	send_rights(p.a, many(2), 2, "x", 0);
	ret("recvmsg", s_recvmsg(p.b, m, 0));
	mh_print("", m);
	descriptors("then");
}

VECTOR(half_mapped_control)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *control = mem_before_hole(cm_len(8));
	void *m = mh_new(0, 0, iov1(mem(4), 4), 1, control, 256, 0);

	send_rights(p.a, many(4), 4, "x", 0);
	ret("recvmsg", s_recvmsg(p.b, m, 0));
	mh_print("", m);
	bytes("", control, cm_len(8));
	descriptors("then");
}

VECTOR(header_readonly)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *control = mem(64);
	char *m = readonly_copy(mh_new(0, 0, iov1(mem(4), 4), 1, control, 64, 0), mh_size());

	send_rights(p.a, many(2), 2, "x", 0);
	ret("recvmsg", s_recvmsg(p.b, m, 0));
	cm_print("", control, 64, 64);
	descriptors("then");
}

static void limit(int n)
{
	struct rlimit r = {n, 2000};

	setrlimit(RLIMIT_NOFILE, &r);
}

VECTOR(emfile)
{
	struct pair p = unix_pair(SOCK_DGRAM);

	send_rights(p.a, many(5), 5, "x", 0);
	limit(7);
	receive(p.b, 256, 0);
	limit(100);
	descriptors("then");
}

VECTOR(emfile_all)
{
	struct pair p = unix_pair(SOCK_STREAM);

	send_rights(p.a, many(5), 5, "x", 0);
	limit(5);
	receive(p.b, 256, 0);
	limit(100);
	descriptors("then");
}

VECTOR(gaps_are_filled)
{
	struct pair p = unix_pair(SOCK_DGRAM);

	dup2(0, 6);
	dup2(0, 8);
	send_rights(p.a, many(4), 4, "x", 0);
	receive(p.b, 256, 0);
}

VECTORS(cloexec, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);

	send_rights(p.a, many(2), 2, "x", 0);
	receive(p.b, 256, MSG_CMSG_CLOEXEC);
	out("%#x %#x", fcntl(5, F_GETFD), fcntl(6, F_GETFD));
	send_rights(p.a, many(1), 1, "x", 0);
	receive(p.b, 256, 0);
	out("%#x", fcntl(7, F_GETFD));
}

VECTORS(peek, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);

	send_rights(p.a, many(2), 2, "x", 0);
	receive(p.b, 256, MSG_PEEK);
	descriptors("peeked");
	receive(p.b, 256, 0);
	descriptors("taken");
	receive(p.b, 256, 0);
}

static const struct {
	const char *label;
	int fd[3];
	int n;
} bad[] = {
	{"77", {77}, 1},
	{"-1", {-1}, 1},
	{"good then bad", {0, 77}, 2},
	{"bad then good", {77, 0}, 2},
	{"min", {(int)0x80000000}, 1},
	{"AT_FDCWD", {AT_FDCWD}, 1},
};

static const char *bad_label(int row)
{
	return bad[row].label;
}

VECTORS(bad_descriptor, COUNT(bad), bad_label)
{
	struct pair p = unix_pair(SOCK_DGRAM);

	ret("sendmsg", send_rights(p.a, bad[row].fd, bad[row].n, "x", 0));
	receive(p.b, 256, 0);
	descriptors("then");
}

VECTOR(path_descriptor)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	int fd = open("/", O_PATH);

	ret("sendmsg", send_rights(p.a, &fd, 1, "x", 0));
	receive(p.b, 256, 0);
	out("flags %#x", fcntl(6, F_GETFL) & ~O_LARGEFILE);
}

static const int odd[] = {1, 2, 3, 4, 5, 7, 8, 11};

static const char *odd_label(int row)
{
	static char s[16];

	snprintf(s, sizeof(s), "%d", odd[row]);
	return s;
}

/* Bytes of data that are no whole number of descriptors. */
VECTORS(data_bytes, COUNT(odd), odd_label)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *control = mem(64);
	size_t used = 0;
	int fd[3] = {0, 0, 0};

	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, fd, odd[row]);
	ret("sendmsg", s_sendmsg(p.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, used, 0), 0));
	receive(p.b, 256, 0);
}

VECTOR(two_messages)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *control = mem(256);
	size_t used = 0;
	int fd[3] = {0, 1, 2};

	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, fd, 4);
	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, fd, 12);
	ret("sendmsg", s_sendmsg(p.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, used, 0), 0));
	receive(p.b, 256, 0);
}

VECTOR(two_messages_too_many)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *control = mem(4096);
	size_t used = 0;
	int *fd = many(253);

	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, fd, 253 * 4);
	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, fd, 4);
	ret("sendmsg", s_sendmsg(p.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, used, 0), 0));
	descriptors("then");
}

VECTOR(with_credentials)
{
	struct pair p = unix_pair(SOCK_SEQPACKET);
	struct ucred u = {getpid(), getuid(), getgid()};
	char *control = mem(256);
	size_t used = 0;
	int fd[3] = {0, 1, 2};

	set_opt(p.b, SOL_SOCKET, SO_PASSCRED, 1);
	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, fd, 12);
	cm_put(control, &used, SOL_SOCKET, SCM_CREDENTIALS, &u, 12);
	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, fd, 4);
	ret("sendmsg", s_sendmsg(p.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, used, 0), 0));
	receive(p.b, 256, 0);
	send_rights(p.a, fd, 3, "x", 0);
	receive(p.b, cm_space(12) + cm_len(4), 0);
	send_rights(p.a, fd, 3, "x", 0);
	receive(p.b, cm_space(12), 0);
	descriptors("then");
}

VECTOR(stream_boundaries)
{
	struct pair p = unix_pair(SOCK_STREAM);
	int fd = 0;

	s_send(p.a, text("a"), 1, 0);
	send_rights(p.a, &fd, 1, "b", 0);
	s_send(p.a, text("c"), 1, 0);
	send_rights(p.a, &fd, 1, "d", 0);
	for (int i = 0; i < 3; i++)
		receive(p.b, 64, 0);
	send_rights(p.a, &fd, 1, "efgh", 0);
	ret("part", s_recv(p.b, mem(2), 2, 0));
	receive(p.b, 64, 0);
	descriptors("then");
}

VECTOR(stream_part_with_control)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *control = mem(64);
	void *m = mh_new(0, 0, iov1(mem(2), 2), 1, control, 64, 0);
	int fd = 0;

	send_rights(p.a, &fd, 1, "efgh", 0);
	ret("part", s_recvmsg(p.b, m, 0));
	mh_print("", m);
	cm_print("", control, mh_get(m, MH_CONTROLLEN), 64);
	receive(p.b, 64, 0);
}

VECTORS(empty_payload, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]);
	char *control = mem(64);
	size_t used = 0;
	int fd = 0;
	void *m;

	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, &fd, 4);
	m = mh_new(0, 0, 0, 0, control, used, 0);
	ret("sendmsg", s_sendmsg(p.a, m, 0));
	receive(p.b, 64, 0);
	descriptors("then");
}

VECTORS(peer_gone, COUNT(types), type_label)
{
	struct pair p = unix_pair(types[row]), other = unix_pair(SOCK_STREAM);

	close(p.b);
	ret("sendmsg", send_rights(p.a, &other.b, 1, "x", MSG_NOSIGNAL));
	close(other.b);
	ret("the other end", s_recv(other.a, mem(4), 4, MSG_DONTWAIT));
}

VECTOR(unread_is_closed)
{
	struct pair p = unix_pair(SOCK_STREAM), other = unix_pair(SOCK_STREAM);

	send_rights(p.a, &other.b, 1, "x", 0);
	close(other.b);
	ret("alive", s_recv(other.a, mem(4), 4, MSG_DONTWAIT));
	close(p.b);
	ret("gone", s_recv(other.a, mem(4), 4, MSG_DONTWAIT));
}

VECTOR(over_udp)
{
	struct pair u = udp_pair(AF_INET);
	int fd = 0;

	ret("sendmsg", send_rights(u.a, &fd, 1, "x", 0));
	receive(u.b, 64, 0);
	fd = 77;
	ret("bad", send_rights(u.a, &fd, 1, "x", 0));
}

VECTOR(over_tcp)
{
	struct pair t = tcp_pair(AF_INET);
	int fd = 0;

	ret("sendmsg", send_rights(t.a, &fd, 1, "x", 0));
	nap(20);
	receive(t.b, 64, 0);
}

VECTOR(to_name)
{
	int a = s_socket(AF_UNIX, SOCK_DGRAM, 0), b = unix_listener(SOCK_DGRAM, "b"), fd = 0;
	char *control = mem(64);
	size_t used = 0;
	void *m;

	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, &fd, 4);
	m = mh_new(unix_addr("b"), unix_len("b"), iov1(text("x"), 1), 1, control, used, 0);
	ret("sendmsg", s_sendmsg(a, m, 0));
	receive(b, 64, 0);
}

VECTOR(sendmmsg_recvmmsg)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = mmsg_new(3), *control[3];
	int fd[3] = {0, 1, 2};

	for (int i = 0; i < 3; i++) {
		size_t used = 0;

		control[i] = mem(64);
		cm_put(control[i], &used, SOL_SOCKET, SCM_RIGHTS, fd, 4 * (i + 1));
		mh_fill(mmsg_hdr(v, i), 0, 0, iov1(text("x"), 1), 1, control[i], used, 0);
	}
	ret("sendmmsg", s_sendmmsg(p.a, v, 3, 0));
	mmsg_print("", v, 3);
	v = mmsg_new(3);
	for (int i = 0; i < 3; i++) {
		control[i] = mem(64);
		mh_fill(mmsg_hdr(v, i), 0, 0, iov1(mem(4), 4), 1, control[i], i == 1 ? cm_len(4) : 64, 0);
	}
	ret("recvmmsg", s_recvmmsg(p.b, v, 3, MSG_CMSG_CLOEXEC, 0));
	mmsg_print("", v, 3);
	for (int i = 0; i < 3; i++)
		cm_print("", control[i], mh_get(mmsg_hdr(v, i), MH_CONTROLLEN), 64);
	descriptors("then");
	out("flags %#x", fcntl(5, F_GETFD));
}

VECTOR(sendmmsg_bad_second)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	char *v = mmsg_new(2);
	int fd[2] = {0, 77};

	for (int i = 0; i < 2; i++) {
		char *control = mem(64);
		size_t used = 0;

		cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, &fd[i], 4);
		mh_fill(mmsg_hdr(v, i), 0, 0, iov1(text("x"), 1), 1, control, used, 0);
	}
	ret("sendmmsg", s_sendmmsg(p.a, v, 2, 0));
	receive(p.b, 64, 0);
	receive(p.b, 64, 0);
}

VECTOR(itself)
{
	struct pair p = unix_pair(SOCK_STREAM);

	ret("its end", send_rights(p.a, &p.b, 1, "x", 0));
	ret("own end", send_rights(p.a, &p.a, 1, "y", 0));
	receive(p.b, 64, 0);
	receive(p.b, 64, 0);
	descriptors("then");
}

VECTOR(no_leak_of_thousands)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	long r = 0;
	int *fd = many(20);
	char *control = mem(256), *in = mem(64);
	size_t used = 0;
	void *m, *n;

	cm_put(control, &used, SOL_SOCKET, SCM_RIGHTS, fd, 20 * 4);
	m = mh_new(0, 0, iov1(text("x"), 1), 1, control, used, 0);
	n = mh_new(0, 0, iov1(mem(4), 4), 1, in, 0, 0);
	for (int i = 0; i < 300 && r >= 0; i++) {
		r = s_sendmsg(p.a, m, 0);
		mh_set(n, MH_CONTROLLEN, cm_len(4));
		if (r >= 0)
			r = s_recvmsg(p.b, n, 0);
		close(get_num(in + cm_len(0)));
	}
	ret("last", r);
	descriptors("then");
}

VECTOR(too_many_references, NEED_ROOT)
{
	struct pair p = unix_pair(SOCK_STREAM);
	int *fd = many(200);
	long r = 0, n = 0;

	/* Counted per user: one that nobody else is. */
	setresuid(100000 + getpid(), 100000 + getpid(), 100000 + getpid());
	limit(300);
	for (int i = 0; i < 200; i++)
		fd[i] = p.a;
	while (n < 100 && (r = send_rights(p.a, fd, 200, "x", MSG_DONTWAIT)) > 0)
		n++;
	ret("error", r);
	out("after %ld", n);
}
