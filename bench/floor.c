/*
 * floor.c - the least that a served call can cost: a notification and an empty reply.
 *
 *     floor [-c|-s] CALL PROGRAM [ARG...]
 *
 * Runs a program under a filter that notifies one socket call, given by its number in
 * linux/net.h (1 socket, 3 connect, 6 getsockname, 7 getpeername), in both ABIs. The
 * supervisor takes each notification and answers it with 0 at once; it looks at nothing.
 *
 * -c: it answers that the kernel shall make the call: the floor of a call that does
 *     something.
 * -s: it serves socket or getsockname by the fewest system calls that can, and makes
 *     none of the checks without which that is not safe: the floor of serving.
 *
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
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../src/lib/uapi.h"

enum { SOCKET = 1, CONNECT = 3, GETSOCKNAME = 6, GETPEERNAME = 7, SOCKETCALL_I386 = 102 };

static const int direct[] = {
	[SOCKET] = SYS_socket,
	[CONNECT] = SYS_connect,
	[GETSOCKNAME] = SYS_getsockname,
	[GETPEERNAME] = SYS_getpeername,
};

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF(value, t, f) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, t, f)

static int install(unsigned call)
{
	struct sock_filter code[] = {
		LOAD(arch),
		IF(AUDIT_ARCH_X86_64, 0, 2),
		LOAD(nr),
		IF(direct[call], 4, 5),
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

/* The call's argument words, wherever they are. */
static void read_args(const struct seccomp_notif *req, uint64_t args[3])
{
	uint32_t block[3] = {0};
	struct iovec to = {block, sizeof(block)};
	struct iovec from = {(void *)(uintptr_t)req->data.args[1], sizeof(block)};

	if (req->data.arch != AUDIT_ARCH_I386) {
		memcpy(args, req->data.args, 3 * sizeof(*args));
		return;
	}
	process_vm_readv(req->pid, &to, 1, &from, 1, 0);
	for (int i = 0; i < 3; i++)
		args[i] = block[i];
}

static void serve_socket(int listener, const struct seccomp_notif *req)
{
	struct seccomp_notif_addfd add = {.id = req->id, .flags = SECCOMP_ADDFD_FLAG_SEND};
	uint64_t args[3];

	read_args(req, args);
	add.srcfd = socket(args[0], args[1], args[2]);
	ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	close(add.srcfd);
}

static void serve_getsockname(const struct seccomp_notif *req)
{
	static int pidfd = -1;
	struct {
		socklen_t len;
		struct sockaddr_storage addr;
	} name;
	struct iovec local = {&name.len, sizeof(name.len)}, remote[2];
	uint64_t args[3];

	if (pidfd < 0)
		pidfd = syscall(SYS_pidfd_open, req->pid, 0);
	read_args(req, args);
	remote[0] = (struct iovec){(void *)(uintptr_t)args[2], sizeof(name.len)};
	process_vm_readv(req->pid, &local, 1, remote, 1, 0);
	int fd = syscall(SYS_pidfd_getfd, pidfd, (int)args[0], 0);
	getsockname(fd, (struct sockaddr *)&name.addr, &name.len);
	local.iov_len += name.len;
	remote[1] = (struct iovec){(void *)(uintptr_t)args[1], name.len};
	process_vm_writev(req->pid, &local, 1, remote, 2, 0);
	close(fd);
}

int main(int argc, char **argv)
{
	bool serves = argc > 1 && !strcmp(argv[1], "-s");
	bool lets_run = argc > 1 && !strcmp(argv[1], "-c");
	struct seccomp_notif_resp resp = {.flags = lets_run ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0};
	struct seccomp_notif req;
	unsigned call;
	int listener;

	argv += lets_run || serves;
	if (argc - (lets_run || serves) < 3) {
		fputs("usage: floor [-c|-s] CALL PROGRAM [ARG...]\n", stderr);
		return 125;
	}
	call = strtoul(argv[1], NULL, 10);
	if (call > GETPEERNAME || !direct[call])
		return 125;
	listener = start(call, argv + 2);
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
			return 0; /* the program has ended */
		}
		if (serves && call == SOCKET) {
			serve_socket(listener, &req);
			continue;
		}
		if (serves)
			serve_getsockname(&req);
		resp.id = req.id;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
}
