/*
 * launch.c - the child shares our table of descriptors until it execs, so the
 * listener that seccomp(2) gives it is ours at once: nothing has to be sent over
 * a socket whose sendmsg the filter might already trap. All our descriptors are
 * close-on-exec, the listener too. Before it execs the child takes a table of its
 * own without the listener: execve(2) is notified, and a child that held the
 * listener would wait for ever if we were killed at that moment.
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/log.h"
#include "../lib/uapi.h"

/* What the child tells over the pipe before it execs. */
struct report {
	int listener;
	int err; /* positive errno */
	bool nnp;
};

static bool may_install_filters(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	return syscall(SYS_capget, &head, data) == 0 &&
	       data[0].effective & (1u << CAP_SYS_ADMIN);
}

/* Without CAP_SYS_ADMIN the kernel wants no_new_privs, so that a filter cannot
 * trick a setuid program. With it, setuid programs go on working. */
static int install(const struct sock_fprog *filter, struct report *r)
{
	unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER |
			      SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;

	r->nnp = !may_install_filters();
	if (r->nnp && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return errno;
	r->listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter);
	if (r->listener < 0 && errno == EINVAL) /* before 5.19 */
		r->listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				      SECCOMP_FILTER_FLAG_NEW_LISTENER, filter);
	return r->listener < 0 ? errno : 0;
}

__attribute__((noreturn)) static void child(char *const argv[], const struct sock_fprog *filter,
					    const sigset_t *mask, int out)
{
	struct report r = {.listener = -1};

	r.err = install(filter, &r);
	if (write(out, &r, sizeof(r)) != sizeof(r) || r.err)
		_exit(EXIT_OURS);
	/* Linux 5.9; unshare(2) will not do, it is notified as well. */
	syscall(SYS_close_range, r.listener, r.listener, CLOSE_RANGE_UNSHARE);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	log_error("%s: %s", argv[0], strerror(errno));
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXEC);
}

static const char *explain(const struct report *r)
{
	switch (r->err) {
	case EBUSY:
		return "this process is already under a seccomp listener (nested socketcall, a "
		       "container with an agent, WSL2); the kernel allows one";
	case EINVAL:
		return "the kernel refuses seccomp user notification (it needs Linux 5.0 with "
		       "CONFIG_SECCOMP_FILTER)";
	case EACCES:
	case EPERM:
		return "not permitted to install a seccomp filter here";
	case ENOSYS:
		return "this kernel has no seccomp";
	default:
		return "installing the seccomp filter";
	}
}

pid_t launch(char *const argv[], const struct sock_fprog *filter, const sigset_t *mask,
	     int *listener, const char **what)
{
	struct report r;
	int pipefd[2];

	*what = "pipe";
	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return -errno;
	*what = "fork";
	/* fork(2) but for the shared table; in the child only raw calls follow. */
	pid_t pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0) {
		int err = -errno;

		close(pipefd[0]);
		close(pipefd[1]);
		return err;
	}
	if (pid == 0)
		child(argv, filter, mask, pipefd[1]);
	ssize_t n;
	do
		n = read(pipefd[0], &r, sizeof(r));
	while (n < 0 && errno == EINTR);
	close(pipefd[0]);
	close(pipefd[1]);
	if (n != sizeof(r) || r.err) {
		waitpid(pid, NULL, 0);
		*what = n == sizeof(r) ? explain(&r) : "the child died before it could start";
		return n == sizeof(r) ? -r.err : -ECHILD;
	}
	*listener = r.listener;
	return pid;
}
