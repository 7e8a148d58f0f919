/*
 * entries: the ways into the kernel.
 *
 * No libc wrapper stands between a vector and the kernel. Where an entry lacks
 * a call (send, recv, accept as direct calls) its generalisation is made, as
 * every libc does.
 */
#include "vectors.h"

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

void entry_begin(void)
{
}
