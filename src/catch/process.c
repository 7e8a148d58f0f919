/*
 * process.c - memory by process_vm_readv(2), descriptors by pidfd_getfd(2) and
 * SECCOMP_IOCTL_NOTIF_ADDFD.
 *
 * Memory is reached by number, and a number may be given to another process once
 * its owner has died; so nothing that was read counts before still_there() has
 * been asked, and nothing is written without asking first.
 */
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/log.h"
#include "../lib/uapi.h"
#include "procfs.h"

static struct process *of(struct caller *who)
{
	return (struct process *)who;
}

bool process_waiting(int listener, uint64_t id)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static int still_there(struct caller *who)
{
	return process_waiting(of(who)->listener, of(who)->id) ? 0 : -ESRCH;
}

static int unreachable(struct caller *who, int err)
{
	static int said;

	if (err == EPERM)
		log_once(&said, "process %d: its memory is closed to us (not dumpable, or of "
			 "another user); its socket calls that must be judged are refused",
			 who->tgid);
	return -err;
}

static ssize_t read_far(struct caller *who, uint64_t at, void *buf, size_t len)
{
	struct iovec to = {buf, len}, from = {(void *)(uintptr_t)at, len};
	ssize_t n = process_vm_readv(who->tid, &to, 1, &from, 1, 0);

	return n < 0 ? unreachable(who, errno) : n;
}

/*
 * The system call costs far more than the copying, so a small read takes along what
 * is around it, and a later read of that costs nothing. What is added lies on the
 * same page: it can be read if the caller's own bytes can, and no page is touched
 * that the call does not name.
 */
static ssize_t read_memory(struct caller *who, uint64_t at, void *buf, size_t len)
{
	enum { PAGE = 4096, BEFORE = 64, SMALL = 192 };
	struct window *w = of(who)->window;
	uint64_t page = at & ~(uint64_t)(PAGE - 1), start, end;

	if (at >= w->at && at - w->at <= w->len && len <= w->len - (at - w->at)) {
		memcpy(buf, w->bytes + (at - w->at), len);
		return len;
	}
	if (len > SMALL || at + len < at)
		return read_far(who, at, buf, len);
	start = at - page < BEFORE ? page : at - BEFORE;
	end = start + sizeof(w->bytes);
	if (end > page + PAGE)
		end = page + PAGE;
	if (end < at + len)
		end = at + len; /* what is asked for goes on on the next page */
	w->len = 0;
	ssize_t n = read_far(who, start, w->bytes, end - start);
	if (n < 0)
		return n;
	w->at = start;
	w->len = n;
	if ((size_t)n <= at - start)
		return -EFAULT;
	n -= at - start;
	if ((size_t)n > len)
		n = len;
	memcpy(buf, w->bytes + (at - start), n);
	return n;
}

static ssize_t write_spans(struct caller *who, const struct call_span *span, unsigned n,
			   const void *buf)
{
	struct iovec from = {(void *)buf, 0}, to[CALLER_SPANS_MAX];

	for (unsigned i = 0; i < n; i++) {
		to[i] = (struct iovec){(void *)(uintptr_t)span[i].at, span[i].len};
		from.iov_len += span[i].len;
	}
	of(who)->window->len = 0; /* what was read there is not there any more */
	if (still_there(who) < 0)
		return -ESRCH;
	ssize_t done = process_vm_writev(who->tid, &from, 1, to, n, 0);
	return done < 0 ? unreachable(who, errno) : done;
}

static ssize_t write_memory(struct caller *who, uint64_t at, const void *buf, size_t len)
{
	const struct call_span span = {at, len};

	return write_spans(who, &span, 1, buf);
}

static int fd_get(struct caller *who, int fd)
{
	struct process *p = of(who);

	if (fd < 0)
		return -EBADF;
	if (!p->task)
		return -ESRCH; /* it could not be found again before */
	for (int again = 0;; again++) {
		int err, handle = syscall(SYS_pidfd_getfd, task_pidfd(p->task), fd, 0);

		if (handle >= 0)
			return handle;
		if (errno != ESRCH || again)
			return unreachable(who, errno);
		/* What we know under this number has died. If the caller has, too, whoever
		 * has its number now is somebody else. */
		if (still_there(who) < 0)
			return -ESRCH;
		p->task = task_renew(p->tasks, p->task, &err);
		if (!p->task)
			return err;
	}
}

static void fd_put(struct caller *who, int handle)
{
	close(handle);
}

static int fd_check(struct caller *who, int handle)
{
	struct stat st;
	int flags = fcntl(handle, F_GETFL);

	if (flags < 0 || flags & O_PATH)
		return -EBADF;
	return fstat(handle, &st) == 0 && S_ISSOCK(st.st_mode) ? 0 : -ENOTSOCK;
}

/* No signal may interrupt this one, and none can, as POKE is blocked (lib/poke.h): with
 * ADDFD_FLAG_SEND the answer counts as given as soon as it is queued, and a wait for
 * the caller that ends early takes back the descriptor but not the answer
 * (seccomp_notify_addfd() in kernel/seccomp.c): the caller would be told that its new
 * socket is number 0. */
static int add_fd(struct process *p, int handle, bool cloexec, unsigned flags)
{
	struct seccomp_notif_addfd add = {
		.id = p->id,
		.flags = flags,
		.srcfd = handle,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};
	int fd = ioctl(p->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);

	return fd < 0 ? -errno : fd;
}

static int fd_install(struct caller *who, int handle, bool cloexec)
{
	return add_fd(of(who), handle, cloexec, 0);
}

static int rights(struct caller *who, const struct rights **r)
{
	static int said;
	struct process *p = of(who);
	int err = p->task ? task_rights(p->tasks, p->task, r) : -ESRCH;

	if (p->task && err == -ESRCH && !still_there(who)) {
		p->task = task_renew(p->tasks, p->task, &err);
		if (p->task)
			err = task_rights(p->tasks, p->task, r);
	}
	if (!err && p->needs_own_rights && task_restricted(p->tasks, p->task)) {
		log_once(&said, "process %d has restricted itself with Landlock, which we can "
			 "not take on; its calls that must be judged are refused", who->tgid);
		return -EPERM;
	}
	return err == -EACCES ? -EPERM : err;
}

static int cwd(struct caller *who, mode_t *umask)
{
	char name[64];
	int err = procfs_umask(who->tid, umask);

	if (err)
		return err;
	snprintf(name, sizeof(name), "/proc/%d/cwd", who->tid);
	int fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES ? -EPERM : -errno;
	if (still_there(who) == 0)
		return fd;
	close(fd);
	return -ESRCH;
}

/* The lowest numbers that are not in /proc/<tid>/fd. */
static int fd_next(struct caller *who, unsigned n, int *numbers)
{
	enum { LOOK_AT = 65536 };
	uint8_t used[LOOK_AT / 8] = {0};
	struct rlimit limit;
	struct dirent *entry;
	char name[64], *end;
	unsigned found = 0;

	snprintf(name, sizeof(name), "/proc/%d/fd", who->tid);
	DIR *dir = opendir(name);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		unsigned long fd = strtoul(entry->d_name, &end, 10);

		if (end != entry->d_name && !*end && fd < LOOK_AT)
			used[fd / 8] |= 1 << fd % 8;
	}
	closedir(dir);
	if (prlimit(who->tid, RLIMIT_NOFILE, NULL, &limit) < 0)
		return -errno;
	if (still_there(who) < 0)
		return -ESRCH;
	for (int fd = 0; found < n; fd++) {
		if ((rlim_t)fd >= limit.rlim_cur)
			return -EMFILE;
		if (fd == LOOK_AT)
			return -ERANGE;
		if (!(used[fd / 8] >> fd % 8 & 1))
			numbers[found++] = fd;
	}
	return 0;
}

static void waits(struct caller *who)
{
	of(who)->waits(of(who)->ctx);
}

static void signal_caller(struct caller *who, int sig)
{
	if (still_there(who) == 0)
		syscall(SYS_tgkill, who->tgid, who->tid, sig);
}

const struct caller_ops process_ops = {
	.read = read_memory,
	.write = write_memory,
	.write_spans = write_spans,
	.fd_get = fd_get,
	.fd_put = fd_put,
	.fd_check = fd_check,
	.still_there = still_there,
	.rights = rights,
	.cwd = cwd,
	.fd_next = fd_next,
	.waits = waits,
	.signal = signal_caller,
	.fd_install = fd_install,
};

static bool answer(struct process *p, int64_t val, int err, unsigned flags)
{
	struct seccomp_notif_resp resp = {.id = p->id, .val = val, .error = err, .flags = flags};

	return ioctl(p->listener, SECCOMP_IOCTL_NOTIF_SEND, &resp) == 0;
}

bool process_answer(struct process *p, struct result *r)
{
	if (r->ret >= 0 && r->fd >= 0) {
		int fd = add_fd(p, r->fd, r->cloexec, SECCOMP_ADDFD_FLAG_SEND);

		if (fd == -EINVAL) { /* before 5.14: in two steps */
			fd = add_fd(p, r->fd, r->cloexec, 0);
			if (fd >= 0)
				return answer(p, fd, 0, 0);
		}
		if (fd >= 0) {
			r->ret = fd;
			return true;
		}
		if (fd != -ENOENT)
			answer(p, 0, fd, 0); /* EMFILE: the caller hears it, the socket stays */
		return false;
	}
	return r->ret < 0 ? answer(p, 0, r->ret, 0) : answer(p, r->ret, 0, 0);
}

bool process_answer_error(struct process *p, int err)
{
	return answer(p, 0, err, 0);
}

bool process_answer_continue(struct process *p)
{
	return answer(p, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

pthread_mutex_t process_tracing = PTHREAD_MUTEX_INITIALIZER;

/* Waits for the stop of a tracee and lets go of it. Whose end comes instead is left to
 * whoever waits for our children, if it is one of them; else its parent is to hear. */
static void let_go(pid_t tid)
{
	siginfo_t info;
	pid_t ppid, tgid;
	int err;

	do
		err = waitid(P_PID, tid, &info, WSTOPPED | WEXITED | WNOWAIT | __WALL);
	while (err < 0 && errno == EINTR);
	if (err < 0)
		return;
	if (info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED)
		ptrace(PTRACE_DETACH, tid, 0, 0);
	else if (procfs_parent(tid, &ppid, &tgid) < 0 || ppid != getpid() || tgid != tid)
		waitpid(tid, NULL, WNOHANG | __WALL);
}

bool process_answer_restart(struct process *p, bool certain)
{
	pid_t tid = p->who.tid;
	bool done;

	if (certain)
		return answer(p, 0, -KERNEL_ERESTARTSYS, 0);
	pthread_mutex_lock(&process_tracing);
	if (ptrace(PTRACE_SEIZE, tid, 0, 0) < 0) {
		done = answer(p, 0, -EINTR, 0); /* it is being traced by another */
	} else if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0) {
		/* Without the mark the number must not be sent; a tracee that cannot be
		 * interrupted is dying. */
		done = answer(p, 0, -EINTR, 0);
	} else {
		done = answer(p, 0, -KERNEL_ERESTARTSYS, 0);
		let_go(tid);
	}
	pthread_mutex_unlock(&process_tracing);
	return done;
}
