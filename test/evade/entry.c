/*
 * entry.c - ways in: how to make socket(family) where the policy denies family.
 * EVADE_FAMILY is the number of one that this machine has.
 */
#include "evade.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOCKETCALL = 102, SOCKET_I386 = 359, SOCKETPAIR_I386 = 360, SYS_SOCKET = 1 };

static int family(void)
{
	return env_int("EVADE_FAMILY");
}

/* The type that the family has. */
static int type(void)
{
	return env_int("EVADE_TYPE");
}

static enum outcome socket_plain(void)
{
	return judge(k_socket(family(), type(), 0));
}

static enum outcome socket_flags(void)
{
	return judge(k_socket(family(), type() | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

static enum outcome kernel_says(long ret)
{
	if (ret < 0)
		errno = -ret;
	return judge(ret < 0 ? -1 : ret);
}

static uint32_t *block(int fam)
{
	uint32_t *b = low_memory(4096);

	b[0] = fam;
	b[1] = type();
	return b;
}

static enum outcome int80_socketcall(void)
{
	return kernel_says(int80(SOCKETCALL, SYS_SOCKET, (unsigned long)block(family()), 0, 0, 0));
}

static enum outcome int80_socket(void)
{
	return kernel_says(int80(SOCKET_I386, family(), type(), 0, 0, 0));
}

#ifdef __x86_64__
static const unsigned long high = 0x5a00000000;

static enum outcome int80_socketcall_high_bits(void)
{
	return kernel_says(int80(SOCKETCALL, SYS_SOCKET | high, (unsigned long)block(family()) | high,
				 0, 0, 0));
}

static enum outcome int80_socket_high_bits(void)
{
	return kernel_says(int80(SOCKET_I386, family() | high, type() | high, high, 0, 0));
}

static enum outcome family_high_bits(void)
{
	return judge(syscall(SYS_socket, family() | high, type(), 0));
}

static enum outcome type_high_bits(void)
{
	return judge(syscall(SYS_socket, family() | high, type() | high, high));
}

static enum outcome number_high_bits(void)
{
	return judge(syscall(SYS_socket | high, family(), type(), 0));
}

static enum outcome x32(void)
{
	return judge(syscall(SYS_socket | 0x40000000, family(), type(), 0));
}
#else
static enum outcome only64(void) { return skip("64-bit code only"); }
#define int80_socketcall_high_bits only64
#define int80_socket_high_bits only64
#define family_high_bits only64
#define type_high_bits only64
#define number_high_bits only64
#define x32 only64
#endif

/* --- later generations --- */

static enum outcome by_socketcall_or_not(void)
{
	return k_socket(family(), type(), 0) < 0 ? int80_socketcall() : through("a socket");
}

static enum outcome forked(void)
{
	return in_child(by_socketcall_or_not);
}

static enum outcome forked_twice(void)
{
	return in_child(forked);
}

static enum outcome vforked(void)
{
	volatile long ret = 0;
	volatile int err = 0;
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		ret = k_socket(family(), type(), 0);
		err = errno;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	errno = err;
	return judge(ret);
}

static void *in_thread_main(void *arg)
{
	*(enum outcome *)arg = by_socketcall_or_not();
	return NULL;
}

static enum outcome in_thread(void)
{
	pthread_t t;
	enum outcome o = BROKEN;

	pthread_create(&t, NULL, in_thread_main, &o);
	pthread_join(t, NULL);
	return o;
}

static enum outcome exec_self(void)
{
	execl("/proc/self/exe", "evade", "socket", NULL);
	return broken("exec");
}

static enum outcome exec_other_abi(void)
{
	const char *other = getenv("EVADE_OTHER");

	if (!other)
		return skip("programs of one kind only");
	execl(other, "evade", "int80-socketcall", NULL);
	return broken("exec");
}

static void *exec_main(void *arg)
{
	execl("/proc/self/exe", "evade", "socket", NULL);
	return arg;
}

static enum outcome exec_from_thread(void)
{
	pthread_t t;

	pthread_create(&t, NULL, exec_main, NULL);
	pthread_join(t, NULL);
	return broken("exec");
}

static int clone_main(void *arg)
{
	_exit(by_socketcall_or_not());
}

/* A child that is not ours but the supervisor's. */
static enum outcome clone_parent(void)
{
	char *stack = malloc(65536);
	int p[2];
	char c;

	if (pipe(p) < 0)
		return broken("pipe");
	fflush(stdout);
	if (clone(clone_main, stack + 65536, CLONE_PARENT | SIGCHLD, NULL) < 0)
		return closed(errno);
	close(p[1]);
	if (read(p[0], &c, 1) < 0) /* until it has ended */
		return broken("read");
	_exit(CLOSED); /* what it said is on stdout */
}

/* --- other ways to make the kernel make a socket --- */

struct uring_params {
	uint32_t sq_entries, cq_entries, flags, cpu, idle, features, wq_fd, resv[3];
	struct {
		uint32_t head, tail, ring_mask, ring_entries, flags, dropped, array, resv1;
		uint64_t user_addr;
	} sq;
	struct {
		uint32_t head, tail, ring_mask, ring_entries, overflow, cqes, flags, resv1;
		uint64_t user_addr;
	} cq;
};

static enum outcome uring(void)
{
	struct uring_params p = {0};
	int fd = syscall(425, 4, &p);

	if (fd < 0)
		return closed(errno);
	char *ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	uint8_t *sqe = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
			    0x10000000);
	if (ring == MAP_FAILED || sqe == MAP_FAILED)
		return broken("mmap of the ring");
	sqe[0] = 45;                            /* IORING_OP_SOCKET */
	*(int32_t *)(sqe + 4) = family();       /* fd */
	*(uint64_t *)(sqe + 8) = type();        /* off */
	((uint32_t *)(ring + p.sq.array))[0] = 0;
	__atomic_store_n((uint32_t *)(ring + p.sq.tail), 1, __ATOMIC_RELEASE);
	if (syscall(426, fd, 1, 1, 1, NULL, 0) < 0)
		return closed(errno);
	return kernel_says(*(int32_t *)(ring + p.cq.cqes + 8));
}

#ifdef __x86_64__
/* A tracer makes another call of its child's call. */
static enum outcome tracer_changes(bool by_filter)
{
	struct user_regs_struct regs;
	int status;
	long ret = 0;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		static struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		static struct sock_fprog prog = {4, code};

		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		if (by_filter) {
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
			prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
		}
		_exit(syscall(SYS_getppid, family(), type(), 0) >= 0);
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP);
	for (;;) {
		if (ptrace(by_filter ? PTRACE_CONT : PTRACE_SYSCALL, pid, 0, 0) < 0 ||
		    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			break;
		if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0 || regs.orig_rax != SYS_getppid)
			continue;
		regs.orig_rax = SYS_socket;
		ptrace(PTRACE_SETREGS, pid, 0, &regs);
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
		waitpid(pid, &status, 0);
		ptrace(PTRACE_GETREGS, pid, 0, &regs);
		ret = regs.rax;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return kernel_says(ret);
	}
	return broken("the child ran away: status %x", status);
}

static enum outcome tracer_at_entry(void) { return tracer_changes(false); }
static enum outcome tracer_at_filter(void) { return tracer_changes(true); }
#else
#define tracer_at_entry only64
#define tracer_at_filter only64
#endif

/* A tracer that turns the filters of its child off (CHECKPOINT_RESTORE). */
static enum outcome suspend_seccomp(void)
{
	int status, go[2];
	char byte;

	if (pipe(go) < 0)
		return broken("pipe");
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		if (read(go[0], &byte, 1) != 1)
			_exit(BROKEN);
		_exit(k_socket(family(), type(), 0) >= 0 ? THROUGH : CLOSED);
	}
	long ret = ptrace(PTRACE_SEIZE, pid, 0, 0x200000 /* PTRACE_O_SUSPEND_SECCOMP */);
	int err = errno;
	if (write(go[1], "x", 1) != 1)
		return broken("write");
	waitpid(pid, &status, 0);
	if (ret < 0)
		return closed(err);
	return WEXITSTATUS(status) == THROUGH ? through("filters were off") : closed(EPERM);
}

/* A filter of our own that allows all must not win. */
static enum outcome own_filter(void)
{
	static struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	static struct sock_fprog prog = {1, code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		return broken("own filter");
	return by_socketcall_or_not();
}

/* A packet socket by its old name. */
static enum outcome old_packet(void)
{
	return judge(k_socket(AF_INET, SOCK_PACKET, 3));
}

const struct attack entry_attacks[] = {
	{"socket", socket_plain},
	{"socket-flags", socket_flags},
	{"int80-socketcall", int80_socketcall},
	{"int80-socket", int80_socket},
	{"int80-socketcall-high-bits", int80_socketcall_high_bits},
	{"int80-socket-high-bits", int80_socket_high_bits},
	{"family-high-bits", family_high_bits},
	{"type-high-bits", type_high_bits},
	{"number-high-bits", number_high_bits},
	{"x32", x32},
	{"forked", forked},
	{"forked-twice", forked_twice},
	{"vforked", vforked},
	{"in-thread", in_thread},
	{"exec-self", exec_self},
	{"exec-other-abi", exec_other_abi},
	{"exec-from-thread", exec_from_thread},
	{"clone-parent", clone_parent},
	{"uring", uring},
	{"tracer-at-entry", tracer_at_entry},
	{"tracer-at-filter", tracer_at_filter},
	{"suspend-seccomp", suspend_seccomp},
	{"own-filter", own_filter},
	{"old-packet", old_packet},
	{NULL, NULL},
};
