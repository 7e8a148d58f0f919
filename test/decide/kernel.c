/*
 * kernel.c - what decide assumes of Linux's addresses, shown on this kernel:
 * which bytes lead where, and which socket() makes what.
 */
#include <arpa/inet.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "decide_test.h"

static struct sockaddr_in in4(uint16_t family, const char *ip, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = family, .sin_port = port};

	assert_int_equal(inet_pton(AF_INET, ip, &a.sin_addr), 1);
	return a;
}

static struct sockaddr_in6 in6(uint16_t family, const char *ip, uint16_t port)
{
	struct sockaddr_in6 a = {.sin6_family = family, .sin6_port = port};

	assert_int_equal(inet_pton(AF_INET6, ip, &a.sin6_addr), 1);
	return a;
}

/* A UDP socket on this address; *port gets its port, in network order. */
static int receiver(int family, const void *addr, socklen_t len, uint16_t *port)
{
	struct sockaddr_in6 name;
	socklen_t namelen = sizeof(name);
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, addr, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &namelen), 0);
	*port = name.sin6_port;
	return fd;
}

static int receiver4(const char *ip, uint16_t *port)
{
	struct sockaddr_in a = in4(AF_INET, ip, 0);

	return receiver(AF_INET, &a, sizeof(a), port);
}

static int receiver6(const char *ip, uint16_t *port)
{
	struct sockaddr_in6 a = in6(AF_INET6, ip, 0);

	return receiver(AF_INET6, &a, sizeof(a), port);
}

static bool arrives(int to, int from, const void *addr, socklen_t len)
{
	char byte = 'x';

	return sendto(from, &byte, 1, 0, addr, len) == 1 && recv(to, &byte, 1, 0) == 1;
}

/* Skips the test where there is no IPv6. */
static void need_ipv6(void)
{
	struct sockaddr_in6 a = in6(AF_INET6, "::1", 0);
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	bool have = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;

	close(fd);
	if (!have)
		skip();
}

/* To send, AF_UNSPEC is AF_INET. */
static void test_unspec_send(void **state)
{
	uint16_t port;
	int to = receiver4("127.0.0.1", &port), from = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in a = in4(AF_UNSPEC, "127.0.0.1", port);

	assert_true(arrives(to, from, &a, sizeof(a)));
	close(to);
	close(from);
}

/* On an IPv6 raw socket it is AF_INET6. */
static void test_unspec_raw6(void **state)
{
	int fd = socket(AF_INET6, SOCK_RAW, 253);
	struct sockaddr_in6 a = in6(AF_UNSPEC, "::1", 0);

	if (fd < 0)
		skip();
	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)), 1);
	close(fd);
}

static void test_unspec_bind(void **state)
{
	struct sockaddr_in a = in4(AF_UNSPEC, "0.0.0.0", 0);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
}

/* A destination of "any" is this machine. */
static void test_any(void **state)
{
	uint16_t port;
	int to = receiver4("127.0.0.1", &port), from = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in any = in4(AF_INET, "0.0.0.0", port);

	assert_true(arrives(to, from, &any, sizeof(any)));
	close(to);
	close(from);
}

static void test_any6(void **state)
{
	uint16_t port;
	int to = receiver4("127.0.0.1", &port), from6 = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 mapped = in6(AF_INET6, "::ffff:0.0.0.0", port), a;

	need_ipv6();
	assert_true(arrives(to, from6, &mapped, sizeof(mapped)));
	close(from6);

	/* :: is 127.0.0.1 to a socket that is bound to a mapped address. */
	from6 = socket(AF_INET6, SOCK_DGRAM, 0);
	a = in6(AF_INET6, "::ffff:127.0.0.1", 0);
	assert_int_equal(bind(from6, (struct sockaddr *)&a, sizeof(a)), 0);
	a = in6(AF_INET6, "::", port);
	assert_int_equal(connect(from6, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_true(arrives(to, from6, NULL, 0));
	close(to);
	close(from6);

	to = receiver6("::1", &port);
	from6 = socket(AF_INET6, SOCK_DGRAM, 0);
	a = in6(AF_INET6, "::", port);
	assert_true(arrives(to, from6, &a, sizeof(a)));
	close(to);
	close(from6);
}

/* A connect with AF_UNSPEC takes a destination away. */
static void test_disconnect(void **state)
{
	uint16_t port;
	int to = receiver4("127.0.0.1", &port), fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in a = in4(AF_INET, "127.0.0.1", port);

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	a.sin_family = AF_UNSPEC;
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(send(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EDESTADDRREQ);
	close(to);
	close(fd);
}

/* bind to :: takes IPv4 as well. */
static void test_bind_any6(void **state)
{
	uint16_t port;
	need_ipv6();
	int to = receiver6("::", &port), from = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in a = in4(AF_INET, "127.0.0.1", port);

	assert_true(arrives(to, from, &a, sizeof(a)));
	close(to);
	close(from);
}

/* An address of no length is none, or an error; never an address. */
static void test_empty_address(void **state)
{
	struct sockaddr_in a = in4(AF_INET, "127.0.0.1", 9);
	int pair[2], udp = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	assert_int_equal(sendto(pair[0], "x", 1, 0, (struct sockaddr *)&a, 0), 1);
	assert_int_equal(sendto(udp, "x", 1, 0, (struct sockaddr *)&a, 0), -1);
	assert_int_equal(errno, EINVAL);
	close(pair[0]);
	close(pair[1]);
	close(udp);
}

static int option(int fd, int name)
{
	int v = -1;
	socklen_t len = sizeof(v);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, name, &v, &len), 0);
	close(fd);
	return v;
}

static void test_creation(void **state)
{
	int fd;

	assert_int_equal(option(socket(AF_INET, SOCK_STREAM, 0), SO_PROTOCOL), IPPROTO_TCP);
	assert_int_equal(option(socket(AF_INET, SOCK_DGRAM, 0), SO_PROTOCOL), IPPROTO_UDP);
	fd = socket(AF_INET, SOCK_SEQPACKET, 0);
	if (fd >= 0)
		assert_int_equal(option(fd, SO_PROTOCOL), IPPROTO_SCTP);
	fd = socket(AF_INET, SOCK_PACKET, 0);
	if (fd >= 0)
		assert_int_equal(option(fd, SO_DOMAIN), AF_PACKET);
	else
		assert_int_equal(errno, EPERM);
}

/* With a source route, packets go elsewhere than connect said. */
static void test_source_route(void **state)
{
	/* No operation, then loose source route by way of 127.0.0.3. */
	static const uint8_t route[8] = {1, 131, 7, 4, 127, 0, 0, 3};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint16_t port;
	int to = receiver4("127.0.0.2", &port);
	struct sockaddr_in a = in4(AF_INET, "127.0.0.2", port);
	uint8_t got[40];
	socklen_t len = sizeof(got);

	if (setsockopt(fd, IPPROTO_IP, IP_OPTIONS, route, sizeof(route)) < 0)
		skip(); /* CAP_NET_RAW */
	assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_OPTIONS, got, &len), 0);
	assert_int_equal(len, 8);
	/* Sent, but not to 127.0.0.2: the first hop is the destination on the wire. */
	assert_false(arrives(to, fd, &a, sizeof(a)));
	close(fd);
	close(to);
}

/* In a child, in a network namespace of its own with one device that leads to a
 * next hop: does a packet to 127.0.0.1 leave through it? 0 no, 1 yes, 2 cannot say. */
static int loopback_leaves(void)
{
	static const char setup[] =
		"ip link set lo up && ip link add v0 type veth peer name v1 && "
		"ip addr add 10.9.0.1/24 dev v0 && ip link set v0 up && ip link set v1 up && "
		"ip route add default via 10.9.0.2 && "
		"ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev v0";
	struct sockaddr_in to = in4(AF_INET, "127.0.0.1", htons(9));
	struct timeval patience = {.tv_sec = 1};
	char frame[256];
	int tap, fd;

	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return 2;
	if (system(setup) != 0)
		return 2;
	tap = socket(AF_PACKET, SOCK_RAW, htons(3 /* ETH_P_ALL */));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (tap < 0 || setsockopt(tap, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "v0", 2))
		return 2;
	if (sendto(fd, "leaves", 6, 0, (struct sockaddr *)&to, sizeof(to)) != 6)
		return 0;
	for (ssize_t n; (n = recv(tap, frame, sizeof(frame), 0)) > 0;)
		if (memmem(frame, n, "leaves", 6))
			return frame[0] == 2; /* to the next hop's link address */
	return 0;
}

/* Loopback is what the routes say, not what the address is. */
static void test_loopback_leaves(void **state)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		close(STDERR_FILENO);
		_exit(loopback_leaves());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2)
		skip();
	assert_int_equal(WEXITSTATUS(status), 1);
}

#ifdef __x86_64__
/* i386's getpid by int $0x80 with more in ebx than an i386 register holds: 0, or
 * the errno with which the filter answers. */
static int high_ebx(void)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(20L), "b"(0x1234567800000000L) : "memory");
	return ret < 0 ? -ret : 0;
}

/* A 64-bit program that enters through int $0x80 shows seccomp the high words of
 * its registers, which the kernel then does not look at. */
static void test_high_words(void **state)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x12345678, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ESTALE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog))
			_exit(255);
		_exit(high_ebx());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 255)
		skip(); /* no 32-bit system calls, or no seccomp */
	/* Older kernels clear them; nothing may rest on either. */
	assert_true(WEXITSTATUS(status) == ESTALE || WEXITSTATUS(status) == 0);
	if (WEXITSTATUS(status) == 0)
		skip();
}
#else
static void test_high_words(void **state)
{
	skip();
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unspec_send), cmocka_unit_test(test_unspec_raw6),
		cmocka_unit_test(test_unspec_bind), cmocka_unit_test(test_any),
		cmocka_unit_test(test_any6),
		cmocka_unit_test(test_disconnect), cmocka_unit_test(test_bind_any6),
		cmocka_unit_test(test_empty_address), cmocka_unit_test(test_creation),
		cmocka_unit_test(test_source_route), cmocka_unit_test(test_high_words),
		cmocka_unit_test(test_loopback_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
