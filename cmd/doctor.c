/*
 * doctor.c - socketcall doctor: tries what socketcall needs, one thing a line, and
 * says what follows where it is missing. Each check does the thing itself; no
 * version number is believed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../src/catch/procfs.h"
#include "../src/lib/uapi.h"
#include "cmd.h"

/* 0 if it works, else a positive errno. */
typedef int check_fn(void);

/* Runs a check in a child, as some change the process that makes them. */
static int in_child(check_fn *check)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(check());
	if (pid < 0)
		return errno;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EFAULT;
}

static int install(unsigned long flags)
{
	struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog prog = {1, allow};
	int fd;

	/* As root this is refused for nothing; else it is what the kernel asks. */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | flags,
		     &prog);
	return fd;
}

static int listener(void)
{
	return install(0) < 0 ? errno : 0;
}

static int killable(void)
{
	return install(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) < 0 ? errno : 0;
}

static int sync_wake_up(void)
{
	int fd = install(0);

	return fd < 0 || ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
			       SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) < 0 ? errno : 0;
}

static int add_fd_send(void)
{
	struct seccomp_notif_addfd add = {.id = 1, .flags = SECCOMP_ADDFD_FLAG_SEND};
	int fd = install(0);

	if (fd < 0)
		return errno;
	/* No such notification: ENOENT. A kernel without it says EINVAL. */
	ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	return errno == ENOENT ? 0 : errno;
}

/* A child that waits to be looked at. */
static pid_t subject(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;)
			pause();
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int memory(void)
{
	static const char text[] = "socketcall";
	char copy[sizeof(text)] = "";
	struct iovec to = {copy, sizeof(copy)}, from = {(void *)text, sizeof(text)};
	pid_t pid = subject();
	int err = process_vm_readv(pid, &to, 1, &from, 1, 0) < 0 ? errno : 0;

	end(pid);
	return err ? err : strcmp(copy, text) ? EIO : 0;
}

static int descriptors(void)
{
	pid_t pid = subject();
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	int err = pidfd < 0 || syscall(SYS_pidfd_getfd, pidfd, 2, 0) < 0 ? errno : 0;

	end(pid);
	return err;
}

static int threads(void)
{
	return syscall(SYS_pidfd_open, gettid(), PIDFD_THREAD) < 0 ? errno : 0;
}

static int pidfd_infos(void)
{
	struct pidfd_info info = {.mask = PIDFD_INFO_CREDS | PIDFD_INFO_CGROUPID};
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0);

	return pidfd < 0 || ioctl(pidfd, PIDFD_GET_INFO, &info) < 0 ? errno : 0;
}

static int paths(void)
{
	struct open_how how = {.flags = O_PATH, .resolve = RESOLVE_NO_MAGICLINKS};

	return syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)) < 0 ? errno : 0;
}

static int proc(void)
{
	return -procfs_check();
}

/* getpid (20) of the i386 table, by the instruction that leads there. */
static int i386(void)
{
#ifdef __x86_64__
	long ret = 20;

	__asm__ volatile("int $0x80" : "+a"(ret) : : "memory", "r8", "r9", "r10", "r11");
	return ret == getpid() ? 0 : ENOSYS;
#else
	return 0;
#endif
}

static const struct {
	const char *what;
	check_fn *check;
	bool needed;
	const char *otherwise;
} checks[] = {
	{"seccomp user notification (Linux 5.0), not nested", listener, true,
	 "socketcall run cannot work here. EBUSY: this process is already under a listener (a "
	 "container with a seccomp agent, another socketcall, WSL2). EPERM: the container's own "
	 "profile forbids seccomp(2). EINVAL, ENOSYS: the kernel lacks it."},
	{"reading a child's memory (process_vm_readv)", memory, true,
	 "calls cannot be judged. In a container: allow process_vm_readv, or add CAP_SYS_PTRACE."},
	{"a child's descriptors (pidfd_getfd, Linux 5.6)", descriptors, true,
	 "calls cannot be served. In a container: allow pidfd_getfd, or add CAP_SYS_PTRACE."},
	{"/proc of this process namespace", proc, true,
	 "rights of programs cannot be known. Mount it (unshare --mount-proc)."},
	{"answering with a descriptor at once (Linux 5.14)", add_fd_send, false,
	 "a program that is killed at the wrong moment may be left with a descriptor too many."},
	{"uninterrupted answers (WAIT_KILLABLE_RECV, Linux 5.19)", killable, false,
	 "calls that never give EINTR on Linux may give it here."},
	{"synchronous wake-up (Linux 6.6)", sync_wake_up, false,
	 "a served call takes some 15 microseconds longer."},
	{"pidfds of threads (Linux 6.9)", threads, false,
	 "threads with a table of descriptors of their own are served from their process'."},
	{"rights by pidfd (PIDFD_GET_INFO, Linux 6.13)", pidfd_infos, false,
	 "each call that creates a socket reads its cgroup from /proc, some 10 microseconds."},
	{"pathnames resolved once (openat2, Linux 5.6)", paths, false,
	 "AF_UNIX pathnames that must be served are refused."},
	{"32-bit programs (i386 emulation)", i386, false,
	 "there is nothing for them to run on; 64-bit programs are judged all the same."},
};

int cmd_doctor(int argc, char **argv)
{
	struct utsname u;
	int failed = 0;

	if (argc > 1) {
		fputs("socketcall doctor\n\nTries what socketcall needs of this kernel and place, and says "
		      "what to change.\nExit status: 0 if socketcall run works here, 1 if not.\n",
		      !strcmp(argv[1], "--help") ? stdout : stderr);
		return !strcmp(argv[1], "--help") ? 0 : EXIT_OURS;
	}
	uname(&u);
	printf("%s %s on %s\n", u.sysname, u.release, u.machine);
	fflush(stdout); /* children must not print it again */
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		int err = in_child(checks[i].check);

		printf("%-8s %s", !err ? "ok" : checks[i].needed ? "MISSING" : "without", checks[i].what);
		if (err)
			printf(": %s\n         %s", strerrorname_np(err) ? strerrorname_np(err) : "?",
			       checks[i].otherwise);
		putchar('\n');
		fflush(stdout);
		failed |= err && checks[i].needed;
	}
	printf("%s\n", failed ? "socketcall run does not work here." : "socketcall run works here.");
	return failed ? 1 : 0;
}
