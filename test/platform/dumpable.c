/*
 * dumpable: whose memory an unprivileged supervisor can not reach.
 */
#include "platform.h"

#include <sys/uio.h>

static char secret[16] = "secret";

static int closed(void)
{
	prctl(PR_SET_DUMPABLE, 0);
	shared->ret[0] = caught_call((long)secret, 0, 0);
	return 0;
}

static int open_memory(void)
{
	prctl(PR_SET_DUMPABLE, 1);
	shared->ret[0] = caught_call((long)secret, 0, 0);
	return 0;
}

static ssize_t read_caller(pid_t pid)
{
	char buf[16] = "";
	struct iovec here = {buf, 16}, there = {secret, 16};
	ssize_t n = process_vm_readv(pid, &here, 1, &there, 1, 0);

	return n < 0 ? -errno : n;
}

/* What an unprivileged process sees of pid. */
static void as_user(pid_t pid, long *memory, long *proc, long *fd)
{
	char path[64];
	pid_t child;

	fflush(stdout);
	child = fork();
	must(child >= 0);
	if (!child) {
		int p;

		if (syscall(__NR_setresgid, 4000, 4000, 4000) ||
		    syscall(__NR_setresuid, 4000, 4000, 4000))
			_exit(1);
		prctl(PR_SET_DUMPABLE, 1);
		shared->ret[4] = read_caller(pid);
		snprintf(path, sizeof(path), "/proc/%d/mem", pid);
		p = open(path, O_RDONLY);
		shared->ret[5] = p < 0 ? -errno : p;
		p = syscall(__NR_pidfd_open, pid, 0);
		p = syscall(__NR_pidfd_getfd, p, 0, 0);
		shared->ret[6] = p < 0 ? -errno : p;
		_exit(0);
	}
	must(waitpid(child, NULL, 0) == child);
	*memory = shared->ret[4], *proc = shared->ret[5], *fd = shared->ret[6];
}

static int (*body_as_user)(void);

static int become_user(void)
{
	if (syscall(__NR_setresgid, 4000, 4000, 4000) || syscall(__NR_setresuid, 4000, 4000, 4000))
		return 1;
	return body_as_user();
}

static void try_one(int (*body)(void), bool readable)
{
	long memory, proc, fd;
	uint64_t id;
	pid_t pid;

	body_as_user = body;
	pid = caller_start(0, become_user);
	id = notif_recv(shared->listener, NULL);
	must(id);
	as_user(pid, &memory, &proc, &fd);
	if (readable) {
		must(memory == 16 && proc >= 0 && fd >= 0);
		proved("a dumpable process of the same user: memory and descriptors can be read");
	} else {
		must(memory == -EPERM && proc == -EACCES && fd == -EPERM);
		proved("a process that is not dumpable: process_vm_readv and pidfd_getfd EPERM, "
		       "/proc/PID/mem EACCES");
		must(read_caller(pid) == 16);
		proved("root (CAP_SYS_PTRACE) reads it all the same");
	}
	must(!notif_send(shared->listener, id, 0, 0));
	must(caller_wait(pid) == 0);
	close(shared->listener);
}

int main(void)
{
	if (geteuid())
		skip("needs root");
	shared_init();
	try_one(open_memory, true);
	try_one(closed, false);
	return 0;
}
