/*
 * calls: the entries into the kernel, and ready-made sockets.
 *
 * No libc wrapper stands between a vector and the kernel. Where an entry lacks
 * a call (send, recv, accept as direct calls) its generalisation is made, as
 * every libc does.
 */
#include "vectors.h"

#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

static const int nargs[CALL_LAST + 1] = {
#define CALL(nr, name, nargs) [nr] = nargs,
#include "../../src/call/call.def"
#undef CALL
};

#ifdef __x86_64__
static long sys_x86_64(long nr, const long a[6])
{
	register long r10 __asm__("r10") = a[3];
	register long r8 __asm__("r8") = a[4];
	register long r9 __asm__("r9") = a[5];
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}

static long sys_int80(long nr, const long a[6])
{
	int32_t v[7] = {nr, a[0], a[1], a[2], a[3], a[4], a[5]};
	long r = (long)v;

	/* The sixth argument is in ebp, which the compiler may be using; and v may
	 * lie in the red zone below the stack. */
	__asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
			 "pushq %%rbp\n\t"
			 "pushq %%rbx\n\t"
			 "movl 4(%%rax), %%ebx\n\t"
			 "movl 8(%%rax), %%ecx\n\t"
			 "movl 12(%%rax), %%edx\n\t"
			 "movl 16(%%rax), %%esi\n\t"
			 "movl 20(%%rax), %%edi\n\t"
			 "movl 24(%%rax), %%ebp\n\t"
			 "movl (%%rax), %%eax\n\t"
			 "int $0x80\n\t"
			 "popq %%rbx\n\t"
			 "popq %%rbp\n\t"
			 "leaq 128(%%rsp), %%rsp\n\t"
			 : "+a"(r)
			 :
			 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
	return (int32_t)r;
}
#else
#define I386_ENTER(how)                                                                   \
	__asm__ volatile("pushl %%ebp\n\t"                                                \
			 "pushl %%ebx\n\t"                                                \
			 "movl 4(%%eax), %%ebx\n\t"                                       \
			 "movl 8(%%eax), %%ecx\n\t"                                       \
			 "movl 12(%%eax), %%edx\n\t"                                      \
			 "movl 16(%%eax), %%esi\n\t"                                      \
			 "movl 20(%%eax), %%edi\n\t"                                      \
			 "movl 24(%%eax), %%ebp\n\t"                                      \
			 "movl (%%eax), %%eax\n\t" how "\n\t"                             \
			 "popl %%ebx\n\t"                                                 \
			 "popl %%ebp\n\t"                                                 \
			 : "+a"(r)                                                        \
			 :                                                                \
			 : "ecx", "edx", "esi", "edi", "memory")

static long sys_int80(long nr, const long a[6])
{
	long v[7] = {nr, a[0], a[1], a[2], a[3], a[4], a[5]};
	long r = (long)v;

	I386_ENTER("int $0x80");
	return r;
}

/* The vDSO's entry (sysenter or syscall), which is what libc uses. It lies at
 * %gs:0x10 of a thread that libc made. */
static long sys_vdso(long nr, const long a[6])
{
	long v[7] = {nr, a[0], a[1], a[2], a[3], a[4], a[5]};
	long r = (long)v;

	I386_ENTER("call *%%gs:0x10");
	return r;
}
#endif

/* One block a thread; the kernel only reads it. */
static long through_block(long (*sys)(long, const long[6]), enum call_nr nr, const long a[6])
{
	static __thread char *words;
	long regs[6] = {nr};

	if (!words)
		words = mem(6 * entry->word);
	memset(words, POISON, 6 * entry->word);
	for (int i = 0; i < nargs[nr]; i++)
		memcpy(words + i * entry->word, &a[i], entry->word);
	regs[1] = (long)words;
	return sys(102, regs);
}

static long call_int80(enum call_nr nr, const long a[6])
{
	return through_block(sys_int80, nr, a);
}

#ifndef __x86_64__
static long call_vdso(enum call_nr nr, const long a[6])
{
	return through_block(sys_vdso, nr, a);
}
#endif

/* send, recv and accept by the call that has more arguments. */
static long general(const struct entry *e, const int sysno[], enum call_nr nr, const long a[6])
{
	long more[6] = {0};

	if (sysno[nr])
		return e->sys(sysno[nr], a);
	memcpy(more, a, nargs[nr] * sizeof(long));
	switch ((int)nr) {
	case CALL_send:
		return e->sys(sysno[CALL_sendto], more);
	case CALL_recv:
		return e->sys(sysno[CALL_recvfrom], more);
	default:
		return e->sys(sysno[CALL_accept4], more);
	}
}

static const int sysno_i386[CALL_LAST + 1] = {
	[CALL_socket] = 359,      [CALL_bind] = 361,        [CALL_connect] = 362,
	[CALL_listen] = 363,      [CALL_getsockname] = 367, [CALL_getpeername] = 368,
	[CALL_socketpair] = 360,  [CALL_sendto] = 369,      [CALL_recvfrom] = 371,
	[CALL_shutdown] = 373,    [CALL_setsockopt] = 366,  [CALL_getsockopt] = 365,
	[CALL_sendmsg] = 370,     [CALL_recvmsg] = 372,     [CALL_accept4] = 364,
	[CALL_recvmmsg] = 337,    [CALL_sendmmsg] = 345,
};

static long call_i386_direct(enum call_nr nr, const long a[6])
{
	return general(entry, sysno_i386, nr, a);
}

#ifdef __x86_64__
static const int sysno_x86_64[CALL_LAST + 1] = {
	[CALL_socket] = 41,      [CALL_bind] = 49,        [CALL_connect] = 42,
	[CALL_listen] = 50,      [CALL_accept] = 43,      [CALL_getsockname] = 51,
	[CALL_getpeername] = 52, [CALL_socketpair] = 53,  [CALL_sendto] = 44,
	[CALL_recvfrom] = 45,    [CALL_shutdown] = 48,    [CALL_setsockopt] = 54,
	[CALL_getsockopt] = 55,  [CALL_sendmsg] = 46,     [CALL_recvmsg] = 47,
	[CALL_accept4] = 288,    [CALL_recvmmsg] = 299,   [CALL_sendmmsg] = 307,
};

static long call_x86_64(enum call_nr nr, const long a[6])
{
	return general(entry, sysno_x86_64, nr, a);
}

const struct entry entries[] = {
	{"x86-64", 8, false, call_x86_64, sys_x86_64},
	{"int80", 4, true, call_int80, sys_int80},
	{"int80-direct", 4, false, call_i386_direct, sys_int80},
	{0},
};
#else
const struct entry entries[] = {
	{"i386", 4, true, call_int80, sys_int80},
	{"i386-vdso", 4, true, call_vdso, sys_vdso},
	{"i386-direct", 4, false, call_i386_direct, sys_int80},
	{0},
};
#endif

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
