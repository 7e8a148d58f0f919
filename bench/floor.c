/*
 * floor.c - the least that a served call can cost: a notification and an empty reply.
 *
 *     floor [-c] CALL PROGRAM [ARG...]
 *
 * Runs a program under a filter that notifies one socket call, given by its number in
 * linux/net.h (3 connect, 6 getsockname), in both ABIs. The supervisor takes each
 * notification and answers it with 0 at once; it looks at nothing. With -c it answers
 * that the kernel shall make the call: the floor of a call that does something.
 * The flags of the listener are those that socketcall uses.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../src/lib/uapi.h"

enum { CONNECT = 3, GETSOCKNAME = 6, SOCKETCALL_I386 = 102 };

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF(value, t, f) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, t, f)

static int install(unsigned call)
{
	struct sock_filter code[] = {
		LOAD(arch),
		IF(AUDIT_ARCH_X86_64, 0, 2),
		LOAD(nr),
		IF(call == CONNECT ? SYS_connect : SYS_getsockname, 4, 5),
		LOAD(nr),
		IF(SOCKETCALL_I386, 0, 3),
		LOAD(args[0]),
		IF(call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		       &filter);
}

/* The child shares our descriptors until it execs: the listener's number is ours. */
static int start(unsigned call, char **argv)
{
	int told[2], listener = -1;

	if (pipe2(told, O_CLOEXEC) < 0)
		return -1;
	pid_t pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		listener = install(call);
		if (write(told[1], &listener, sizeof(listener)) == sizeof(listener) && listener >= 0)
			execvp(argv[0], argv);
		_exit(125);
	}
	if (pid < 0 || read(told[0], &listener, sizeof(listener)) != sizeof(listener))
		return -1;
	return listener;
}

int main(int argc, char **argv)
{
	bool lets_run = argc > 1 && !strcmp(argv[1], "-c");
	struct seccomp_notif_resp resp = {.flags = lets_run ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0};
	struct seccomp_notif req;
	int listener;

	argv += lets_run;
	if (argc - lets_run < 3) {
		fputs("usage: floor [-c] CALL PROGRAM [ARG...]\n", stderr);
		return 125;
	}
	/* The program's end is the listener's: RECV then fails, or blocks on old kernels. */
	listener = start(strtoul(argv[1], NULL, 10), argv + 2);
	if (listener < 0) {
		perror("floor");
		return 125;
	}
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	for (;;) {
		memset(&req, 0, sizeof(req));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0) {
			if (errno == EINTR)
				continue;
			return 0;
		}
		resp.id = req.id;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
}
