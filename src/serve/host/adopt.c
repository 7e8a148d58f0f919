/*
 * adopt.c - in the order in which the kernel allows it: what needs our own rights
 * first (cgroup, namespaces, root), then groups, then ids, then capabilities, and
 * at the end a check of all of it: anything less than equal is an error.
 *
 * It runs in a process that shares memory with a multithreaded one, so it makes
 * raw calls: glibc's setuid() and its kin would try to change all threads.
 */
#include "adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where the v2 hierarchy is mounted: alone, or beside v1 ones. */
static const char *const cgroup_roots[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

static int join_cgroup(const char *cgroup)
{
	char path[512], now[4096];
	size_t i;

	if (!cgroup[0])
		return 0;
	int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, now, sizeof(now) - 1);
	if (fd >= 0)
		close(fd);
	if (n > 0) {
		char want[512];

		now[n] = '\0';
		snprintf(want, sizeof(want), "0::%s\n", cgroup);
		if (strstr(now, want))
			return 0;
	}
	for (i = 0; i < sizeof(cgroup_roots) / sizeof(cgroup_roots[0]); i++) {
		snprintf(path, sizeof(path), "%s%s/cgroup.procs", cgroup_roots[i], cgroup);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		int err = write(fd, "0", 1) == 1 ? 0 : -errno;
		close(fd);
		return err;
	}
	return -EPERM;
}

static uint64_t ns_inode(const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static int join_namespaces(const struct rights *r)
{
	int flags = 0;

	if (ns_inode("user") != r->userns)
		flags |= CLONE_NEWUSER;
	if (ns_inode("net") != r->netns)
		flags |= CLONE_NEWNET;
	if (ns_inode("mnt") != r->mntns)
		flags |= CLONE_NEWNS;
	if (flags && setns(r->pidfd, flags) < 0)
		return -errno;
	return 0;
}

static int enter_root(int rootfd)
{
	struct stat want, have;

	if (fstat(rootfd, &want) < 0 || stat("/", &have) < 0)
		return -errno;
	if (want.st_dev == have.st_dev && want.st_ino == have.st_ino)
		return 0;
	if (fchdir(rootfd) < 0 || chroot(".") < 0)
		return -errno;
	return 0;
}

/* The task's ids as its own user namespace has them: setresuid(2) takes those.
 * /proc/<tid>/status shows ids in the namespace of whoever opens it, and we are in
 * that of the task by now. */
static int ids_here(int procfd, const struct rights *r, struct rights *here)
{
	char path[64], *text = malloc(65536);
	int err = -ENOMEM, fd;

	if (!text)
		return err;
	snprintf(path, sizeof(path), "%d/status", r->tid);
	fd = openat(procfd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, 65535);
	if (fd >= 0)
		close(fd);
	err = -EPERM;
	if (n <= 0)
		goto out;
	text[n] = '\0';
	const char *uid = strstr(text, "\nUid:"), *gid = strstr(text, "\nGid:"),
		   *groups = strstr(text, "\nGroups:");
	if (!uid || !gid || !groups ||
	    sscanf(uid + 5, "%u %u %u %u", &here->ruid, &here->euid, &here->suid, &here->fsuid) != 4 ||
	    sscanf(gid + 5, "%u %u %u %u", &here->rgid, &here->egid, &here->sgid, &here->fsgid) != 4)
		goto out;
	const char *at = groups + 8;
	for (here->ngroups = 0; here->ngroups < r->ngroups; here->ngroups++) {
		char *end;

		here->groups[here->ngroups] = strtoul(at, &end, 10);
		if (end == at)
			break;
		at = end;
	}
	err = here->ngroups == r->ngroups ? 0 : -EPERM;
out:
	free(text);
	return err;
}

static bool same_groups(const struct rights *r)
{
	gid_t *now = malloc(RIGHTS_GROUPS_MAX * sizeof(gid_t));
	int n = now ? syscall(SYS_getgroups, RIGHTS_GROUPS_MAX, now) : -1;
	bool same = n >= 0 && (unsigned)n == r->ngroups &&
		    !memcmp(now, r->groups, n * sizeof(gid_t));

	free(now);
	return same;
}

/* Have we the task's ids already? Asked before the namespace is joined: in it, ids
 * that are not mapped all look the same, and cannot be set. */
static bool same_ids(const struct rights *r)
{
	uid_t u[3];
	gid_t g[3];

	return syscall(SYS_getresuid, &u[0], &u[1], &u[2]) == 0 &&
	       syscall(SYS_getresgid, &g[0], &g[1], &g[2]) == 0 && u[0] == r->ruid &&
	       u[1] == r->euid && u[2] == r->suid && g[0] == r->rgid && g[1] == r->egid &&
	       g[2] == r->sgid && (uid_t)syscall(SYS_setfsuid, -1) == r->fsuid &&
	       (gid_t)syscall(SYS_setfsgid, -1) == r->fsgid;
}

static int take_ids(const struct rights *here)
{
	/* Changing ids must not change capabilities behind our back. */
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS, 0, 0, 0) < 0 &&
	    errno != EPERM)
		return -errno;
	if (!same_groups(here) && syscall(SYS_setgroups, here->ngroups, here->groups) < 0)
		return -errno;
	if (syscall(SYS_setresgid, here->rgid, here->egid, here->sgid) < 0 ||
	    syscall(SYS_setresuid, here->ruid, here->euid, here->suid) < 0)
		return -errno;
	syscall(SYS_setfsgid, here->fsgid);
	syscall(SYS_setfsuid, here->fsuid);
	return 0;
}

static int take_capabilities(const struct rights *r)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			.effective = r->cap_effective >> (32 * i),
			.permitted = r->cap_permitted >> (32 * i),
			.inheritable = 0,
		};
	if (syscall(SYS_capset, &head, data) < 0)
		return -errno;
	memset(data, 0, sizeof(data));
	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	uint64_t effective = data[0].effective | (uint64_t)data[1].effective << 32;
	uint64_t permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return effective == r->cap_effective && permitted == r->cap_permitted ? 0 : -EPERM;
}

int adopt(const struct rights *r)
{
	char path[64], label[256] = "";
	struct rights here = *r;
	int err = -EPERM;

	/* A label of a security module cannot be taken on: it must be ours already. */
	int fd = open("/proc/self/attr/current", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t n = read(fd, label, sizeof(label) - 1);

		close(fd);
		label[n > 0 ? n : 0] = '\0';
		label[strcspn(label, "\n")] = '\0';
	}
	if (strcmp(label, r->label))
		return -EPERM;
	here.groups = malloc(r->ngroups * sizeof(gid_t) + 1);
	if (!here.groups)
		return -ENOMEM;
	int procfd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/root", r->tid);
	int rootfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (procfd < 0 || rootfd < 0)
		goto close_fds;
	bool ids_taken = same_ids(r) && same_groups(r);
	err = join_cgroup(r->cgroup);
	if (!err)
		err = join_namespaces(r);
	if (!err)
		err = enter_root(rootfd);
	if (!err)
		err = ids_here(procfd, r, &here);
	if (!err && !ids_taken)
		err = take_ids(&here);
	if (!err)
		err = take_capabilities(r);
	if (!err && !(same_ids(&here) && same_groups(&here)))
		err = -EPERM;
	/* Forgotten at each change of ids, hence last. */
	if (!err && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		err = -errno;
close_fds:
	if (procfd >= 0)
		close(procfd);
	if (rootfd >= 0)
		close(rootfd);
	free(here.groups);
	return err;
}
