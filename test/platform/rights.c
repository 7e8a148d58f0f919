/*
 * rights: how a supervisor with threads can take on a program's rights.
 *
 * Ids and capabilities belong to a thread: the raw system calls change one
 * thread only (libc's wrappers change all). Namespaces of network, and after
 * unshare(CLONE_FS) of mounts, too. A user namespace can not be entered by a
 * thread; a clone(CLONE_VM|CLONE_FILES) child, which is a process of its own
 * with our memory and our descriptors, can, even when we have threads.
 */
#include "platform.h"

#include <linux/capability.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <sys/stat.h>

static ino_t ns_ino(const char *who, const char *ns)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", who, ns);
	return stat(path, &st) ? 0 : st.st_ino;
}

static uint64_t caps(void)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2];

	must(!syscall(__NR_capget, &h, d));
	return d[0].effective | (uint64_t)d[1].effective << 32;
}

static long caps_set(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {
		{effective, permitted, 0},
		{effective >> 32, permitted >> 32, 0},
	};

	return syscall(__NR_capset, &h, d);
}

static void *drop(void *arg)
{
	uint64_t all = caps();

	must(!caps_set(0, all));
	must(caps() == 0);
	must(!caps_set(all, all) && caps() == all);
	must(!syscall(__NR_setresgid, 1000, 1000, 0));
	must(!syscall(__NR_setresuid, 1000, 1000, 0));
	must(getuid() == 1000 && geteuid() == 1000 && caps() == 0);
	must(socket(AF_INET, SOCK_RAW, 1) == -1 && errno == EPERM);
	shared->stage = 1;
	while (shared->stage == 1)
		sleep_ms(1);
	must(!syscall(__NR_setresuid, 0, 0, 0) && !syscall(__NR_setresgid, 0, 0, 0));
	must(caps() == all);
	return NULL;
}

static void ids(void)
{
	pthread_t t;
	int s;

	must(!pthread_create(&t, NULL, drop, NULL));
	while (shared->stage != 1)
		sleep_ms(1);
	must(getuid() == 0 && caps());
	s = socket(AF_INET, SOCK_RAW, 1);
	must(s >= 0);
	close(s);
	shared->stage = 2;
	pthread_join(t, NULL);
	must(!prctl(PR_GET_DUMPABLE));
	proved("raw setresuid, setresgid and capset change one thread; with saved uid 0 it "
	       "comes back with all capabilities; the process stays non-dumpable");
}

/* A process in namespaces of its own, ids 0 there mapped from our 0 (and 1000). */
static pid_t target(void)
{
	pid_t pid;
	char path[64];
	int fd;

	shared->stage = 0;
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWUSER) || unshare(CLONE_NEWNET | CLONE_NEWNS))
			_exit(1);
		shared->stage = 1;
		for (;;)
			pause();
	}
	while (shared->stage != 1 && !waitpid(pid, NULL, WNOHANG))
		sleep_ms(1);
	if (shared->stage != 1)
		skip("no user namespaces here");
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	fd = open(path, O_WRONLY);
	must(write(fd, "0 1000 1\n", 9) == 9);
	close(fd);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	fd = open(path, O_WRONLY);
	must(write(fd, "0 1000 1\n", 9) == 9);
	close(fd);
	return pid;
}

static pid_t target_pid;
static int target_fd;

static void *try_thread(void *arg)
{
	ino_t net = ns_ino("thread-self", "net"), mnt = ns_ino("thread-self", "mnt");
	ino_t net0 = ns_ino("self", "net");

	must(setns(target_fd, CLONE_NEWUSER) == -1 && errno == EINVAL);
	proved("a thread of many can not setns(CLONE_NEWUSER): EINVAL");
	must(!setns(target_fd, CLONE_NEWNET));
	must(ns_ino("thread-self", "net") != net && ns_ino("self", "net") == net0);
	proved("a thread can setns(CLONE_NEWNET) by pidfd, alone");
	must(setns(target_fd, CLONE_NEWNS) == -1 && errno == EINVAL);
	must(!unshare(CLONE_FS) && !setns(target_fd, CLONE_NEWNS));
	must(ns_ino("thread-self", "mnt") != mnt && ns_ino("self", "mnt") == mnt);
	proved("a thread can setns(CLONE_NEWNS) by pidfd after unshare(CLONE_FS), EINVAL before");
	return NULL;
}

static void *idle(void *arg)
{
	while (shared->stage != 9)
		sleep_ms(1);
	return NULL;
}

static char net_target[16];

/* Runs in our memory, as a process of its own; writes what it saw to shared. */
static int entered(void *arg)
{
	shared->ret[0] = setns(target_fd, CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) ? -errno : 0;
	if (shared->ret[0])
		_exit(1);
	/* Entering gives all capabilities there, but not its root's ids. */
	shared->ret[2] = syscall(__NR_setresgid, 0, 0, 0) || syscall(__NR_setresuid, 0, 0, 0);
	shared->ret[3] = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1);
	shared->ret[4] = getuid();
	_exit(0);
}

static void enter_userns(int flags, const char *what)
{
	static char stack[65536] __attribute__((aligned(16)));
	ino_t ns = ns_ino("self", "net");
	struct stat st;
	int pid, status, fd;

	pid = clone(entered, stack + sizeof(stack), flags | SIGCHLD, NULL);
	must(pid > 0);
	must(waitpid(pid, &status, 0) == pid);
	must(shared->ret[0] == 0);
	must(WIFEXITED(status) && !WEXITSTATUS(status));
	must(!shared->ret[2] && shared->ret[4] == 0);
	must(ns_ino("self", "net") == ns && getuid() == 0);
	proved("a clone(%s) child of a process with threads can setns(USER|NET|MNT) by pidfd",
	       what);

	must(shared->ret[3] >= 0);
	fd = ioctl(shared->ret[3], SIOCGSKNS);
	must(fd >= 0 && !fstat(fd, &st) && st.st_ino == ns_ino(net_target, "net"));
	close(fd);
	close(shared->ret[3]);
	proved("the socket that it made (raw, with the target's own CAP_NET_RAW) is in our "
	       "descriptor table and in the target's network");
}

static void namespaces(void)
{
	pthread_t t, other;

	target_pid = target();
	target_fd = syscall(__NR_pidfd_open, target_pid, 0);
	must(target_fd >= 0);
	snprintf(net_target, sizeof(net_target), "%d", target_pid);
	shared->stage = 0;
	must(!pthread_create(&other, NULL, idle, NULL));
	must(!pthread_create(&t, NULL, try_thread, NULL));
	pthread_join(t, NULL);
	prctl(PR_SET_DUMPABLE, 1);
	enter_userns(CLONE_VM | CLONE_FILES | CLONE_VFORK, "CLONE_VM|CLONE_FILES|CLONE_VFORK");
	must(!prctl(PR_GET_DUMPABLE));
	proved("a change of rights in a child that shares our memory makes us non-dumpable");
	enter_userns(CLONE_VM | CLONE_FILES, "CLONE_VM|CLONE_FILES");
	shared->stage = 9;
	pthread_join(other, NULL);
	kill(target_pid, SIGKILL);
	waitpid(target_pid, NULL, 0);
}

int main(void)
{
	if (geteuid())
		skip("needs root");
	shared_init();
	ids();
	namespaces();
	return 0;
}
