/*
 * naive.c - the way that does not work: looks at the caller's memory, refuses what
 * it must, and lets the kernel go on with the rest (SECCOMP_USER_NOTIF_FLAG_
 * CONTINUE), which reads that memory again. It shows that the races here are won
 * against such a supervisor, so that losing them against ours means something.
 *
 * Denied: 127.0.0.9 as a destination, EVADE_FAMILY, EVADE_DIR/denied.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t caller;

static bool get(uint64_t at, void *to, size_t n)
{
	struct iovec l = {to, n}, r = {(void *)(uintptr_t)at, n};

	return process_vm_readv(caller, &l, 1, &r, 1, 0) == (ssize_t)n;
}

static int check_addr(uint64_t at, uint32_t len, bool binds)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_un un;
	} a = {0};
	char real[4096], denied[300];

	if (!at || !get(at, &a, len < sizeof(a) ? len : sizeof(a)))
		return 0;
	if (!binds && a.sa.sa_family == AF_INET && a.in.sin_addr.s_addr == htonl(0x7f000009))
		return EPERM;
	if (a.sa.sa_family != AF_UNIX || !a.un.sun_path[0])
		return 0;
	if (binds)
		*strrchr(a.un.sun_path, '/') = 0;
	snprintf(denied, sizeof(denied), "%s/denied", getenv("EVADE_DIR"));
	return realpath(a.un.sun_path, real) && !strncmp(real, denied, strlen(denied)) ? EPERM : 0;
}

static int check_msg(uint64_t at, bool wide)
{
	uint64_t w[2] = {0};
	uint32_t n[2] = {0};

	if (wide ? !get(at, w, 12) : !get(at, n, 8))
		return 0;
	return wide ? check_addr(w[0], w[1], false) : check_addr(n[0], n[1], false);
}

static int check(const struct seccomp_data *d)
{
	bool wide = d->arch == AUDIT_ARCH_X86_64;
	uint32_t b[6] = {0};
	int nr = -1;

	if (wide) {
		switch (d->nr) {
		case SYS_connect: return check_addr(d->args[1], d->args[2], false);
		case SYS_bind: return check_addr(d->args[1], d->args[2], true);
		case SYS_sendmsg: return check_msg(d->args[1], true);
		case SYS_sendmmsg:
			for (unsigned i = 0; i < d->args[2]; i++)
				if (check_msg(d->args[1] + 64 * i, true))
					return EPERM;
			return 0;
		}
		return 0;
	}
	if (d->nr == 102) {
		nr = d->args[0];
		get((uint32_t)d->args[1], b, nr == 11 ? 24 : 12);
	} else {
		for (int i = 0; i < 6; i++)
			b[i] = d->args[i];
		nr = d->nr == 361 ? 2 : d->nr == 362 ? 3 : d->nr == 370 ? 16 : d->nr == 345 ? 20 : -1;
	}
	switch (nr) {
	case 1: return (int)b[0] == atoi(getenv("EVADE_FAMILY")) ? EPERM : 0;
	case 2: case 3: return check_addr(b[1], b[2], nr == 2);
	case 16: return check_msg(b[1], false);
	case 20:
		for (unsigned i = 0; i < b[2]; i++)
			if (check_msg(b[1] + 32 * i, false))
				return EPERM;
	}
	return 0;
}

static int install(void)
{
	static const int wide[] = {SYS_connect, SYS_bind, SYS_sendmsg, SYS_sendmmsg};
	static const int narrow[] = {102, 361, 362, 370, 345};
	struct sock_filter f[32], *p = f;

	*p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4);
	*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 10);
	*p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
	for (int i = 0; i < 4; i++) {
		*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, wide[i], 0, 1);
		*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	}
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	*p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
	for (int i = 0; i < 5; i++) {
		*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, narrow[i], 0, 1);
		*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	}
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = {p - f, f};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
}

int main(int argc, char **argv)
{
	int status, listener = -1, p[2];

	if (argc < 2 || pipe2(p, O_CLOEXEC) < 0)
		return 125;
	/* The child shares our descriptors until it execs. */
	pid_t pid = syscall(SYS_clone, 0x400 /* CLONE_FILES */ | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		listener = install();
		if (write(p[1], &listener, sizeof(listener)) < 0)
			_exit(125);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (read(p[0], &listener, sizeof(listener)) < 0 || listener < 0)
		return 125;
	for (;;) {
		struct pollfd ready = {.fd = listener, .events = POLLIN};
		struct seccomp_notif req = {0};
		struct seccomp_notif_resp resp = {0};

		poll(&ready, 1, 100);
		if (ready.revents & POLLHUP)
			break;
		if (!(ready.revents & POLLIN) || ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0)
			continue;
		caller = req.pid;
		resp.id = req.id;
		resp.error = -check(&req.data);
		resp.flags = resp.error ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
