/*
 * procfs.c - what catch reads of a task in /proc, against what the task itself says:
 * its ids, groups, capabilities, namespaces, umask and signals, also when they have
 * just changed, when its name looks like a field, and when it is gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/catch/procfs.h"

/* A child that has become what `become` makes of it, and waits to be ended. */
static pid_t start(int (*become)(void))
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		byte = become ? become() : 0;
		if (write(ready[1], &byte, 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	if (byte) { /* not allowed here */
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		skip();
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void our_own(void **state)
{
	struct rights r;
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid, groups[1024];
	struct stat st;

	assert_int_equal(procfs_rights(getpid(), &r), 0);
	getresuid(&ruid, &euid, &suid);
	getresgid(&rgid, &egid, &sgid);
	assert_int_equal(r.tgid, getpid());
	assert_int_equal(r.ruid, ruid);
	assert_int_equal(r.euid, euid);
	assert_int_equal(r.suid, suid);
	assert_int_equal(r.fsuid, euid);
	assert_int_equal(r.rgid, rgid);
	assert_int_equal(r.egid, egid);
	assert_int_equal(r.sgid, sgid);
	int n = getgroups(1024, groups);
	assert_int_equal(r.ngroups, n);
	for (int i = 0; i < n; i++)
		assert_int_equal(r.groups[i], groups[i]);
	assert_int_equal(r.no_new_privs, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	for (int cap = 0; cap < 40; cap++)
		assert_int_equal(r.cap_bounding >> cap & 1, prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1);
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_int_equal(r.netns, st.st_ino);
	assert_int_equal(stat("/", &st), 0);
	assert_int_equal(r.rootino, st.st_ino);
	assert_int_equal(r.rootdev, st.st_dev);
	rights_free(&r);
}

static int other_ids(void)
{
	const gid_t groups[] = {7, 4294967294u, 1000000, 12};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return setgroups(4, groups) || setresgid(101, 102, 103) || setresuid(201, 202, 203);
}

static void ids_that_differ(void **state)
{
	pid_t pid = start(other_ids);
	struct rights r;

	assert_int_equal(procfs_status(pid, &r), 0);
	assert_int_equal(r.ruid, 201);
	assert_int_equal(r.euid, 202);
	assert_int_equal(r.suid, 203);
	assert_int_equal(r.fsuid, 202);
	assert_int_equal(r.rgid, 101);
	assert_int_equal(r.egid, 102);
	assert_int_equal(r.sgid, 103);
	assert_int_equal(r.fsgid, 102);
	assert_true(r.no_new_privs);
	assert_int_equal(r.cap_effective, 0);
	assert_int_equal(r.cap_permitted, 0);
	assert_int_equal(r.ngroups, 4); /* the kernel sorts them */
	assert_int_equal(r.groups[0], 7);
	assert_int_equal(r.groups[3], 4294967294u);
	rights_free(&r);
	end(pid);
}

static int many_groups(void)
{
	static gid_t groups[5000];

	for (int i = 0; i < 5000; i++)
		groups[i] = 1000 + i;
	return setgroups(5000, groups) != 0;
}

/* What stands behind a long list of groups is still found. */
static void groups_of_thousands(void **state)
{
	pid_t pid = start(many_groups);
	struct rights r;

	assert_int_equal(procfs_status(pid, &r), 0);
	assert_int_equal(r.ngroups, 5000);
	assert_int_equal(r.groups[4999], 5999);
	assert_int_not_equal(r.cap_bounding, 0);
	rights_free(&r);
	end(pid);
}

static int lying_name(void)
{
	return prctl(PR_SET_NAME, "\nUid:\t0 0 0 0", 0, 0, 0) || setresuid(201, 202, 203);
}

static void name_like_a_field(void **state)
{
	pid_t pid = start(lying_name), ppid, tgid;
	struct rights r;

	assert_int_equal(procfs_status(pid, &r), 0);
	assert_int_equal(r.euid, 202);
	rights_free(&r);
	assert_int_equal(procfs_parent(pid, &ppid, &tgid), 0);
	assert_int_equal(ppid, getpid());
	assert_int_equal(tgid, pid);
	end(pid);
}

static int blocks_and_ignores(void)
{
	sigset_t set;

	umask(0137);
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMAX);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return 1;
	return kill(getpid(), SIGUSR2) || syscall(SYS_tgkill, getpid(), getpid(), SIGRTMAX);
}

static void signals_and_umask(void **state)
{
	pid_t pid = start(blocks_and_ignores);
	const uint64_t usr2 = UINT64_C(1) << (SIGUSR2 - 1), last = UINT64_C(1) << (SIGRTMAX - 1);
	struct procfs_signals s;
	mode_t mask;

	assert_int_equal(procfs_signals(pid, &s), 0);
	assert_int_equal(s.blocked & (usr2 | last), usr2 | last);
	assert_int_equal(s.shared_pending, usr2);
	assert_int_equal(s.pending, last);
	assert_true(s.ignored >> (SIGUSR1 - 1) & 1);
	assert_int_equal(s.tgid, pid);
	assert_int_equal(procfs_umask(pid, &mask), 0);
	assert_int_equal(mask, 0137);
	end(pid);
}

static void *its_thread(void *arg)
{
	static pid_t tid;

	tid = syscall(SYS_gettid);
	/* Of this thread alone; the C library would change all. */
	return syscall(SYS_setresuid, 301, 302, 303) ? NULL : &tid;
}

static void *asks_of_itself(void *arg)
{
	struct rights *r = arg;
	pid_t *tid = its_thread(NULL);

	return tid && procfs_rights(*tid, r) == 0 ? tid : NULL;
}

/* Ids are a thread's, not the process'. */
static void threads_differ(void **state)
{
	struct rights r = {0};
	pthread_t thread;
	void *tid;

	if (geteuid() != 0)
		skip();
	assert_int_equal(pthread_create(&thread, NULL, asks_of_itself, &r), 0);
	assert_int_equal(pthread_join(thread, &tid), 0);
	if (!tid)
		skip(); /* another user's /proc/<tid>/ns cannot be read here */
	assert_int_equal(r.tgid, getpid());
	assert_int_not_equal(r.tid, getpid());
	assert_int_equal(r.euid, 302);
	rights_free(&r);
	assert_int_equal(geteuid(), 0);
}

static void nobody(void **state)
{
	pid_t pid = start(NULL), ppid, tgid;
	struct procfs_signals s;
	struct rights r;
	char path[16];
	mode_t mask;

	end(pid);
	assert_int_equal(procfs_rights(pid, &r), -ESRCH);
	assert_int_equal(procfs_status(pid, &r), -ESRCH);
	assert_int_equal(procfs_cgroup(pid, path, sizeof(path)), -ESRCH);
	assert_int_equal(procfs_umask(pid, &mask), -ESRCH);
	assert_int_equal(procfs_parent(pid, &ppid, &tgid), -ESRCH);
	assert_int_equal(procfs_signals(pid, &s), -ESRCH);
}

/* A cgroup path that does not fit is not cut. */
static void cgroups(void **state)
{
	char path[256], less[256];

	assert_int_equal(procfs_cgroup(getpid(), path, sizeof(path)), 0);
	size_t len = strlen(path);
	if (!len)
		skip(); /* no v2 hierarchy */
	assert_int_equal(path[0], '/');
	assert_int_equal(procfs_cgroup(getpid(), less, len), -E2BIG);
	assert_int_equal(procfs_cgroup(getpid(), less, len + 1), 0);
	assert_string_equal(less, path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own),
		cmocka_unit_test(ids_that_differ),
		cmocka_unit_test(groups_of_thousands),
		cmocka_unit_test(name_like_a_field),
		cmocka_unit_test(signals_and_umask),
		cmocka_unit_test(threads_differ),
		cmocka_unit_test(nobody),
		cmocka_unit_test(cgroups),
	};

	return cmocka_run_group_tests_name("procfs", tests, NULL, NULL);
}
