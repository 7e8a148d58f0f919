/*
 * pidfd: finding the caller: thread ids, its descriptors, its ids and cgroup.
 */
#include "platform.h"

#include <pthread.h>
#include <sys/stat.h>

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/* Linux 6.13; newer kernels append to it. */
struct pidfd_info_ {
	uint64_t mask, cgroupid;
	uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	uint32_t exit_code;
};

#define PIDFD_GET_INFO_ _IOWR(0xFF, 11, struct pidfd_info_)
enum { PIDFD_INFO_PID_ = 1, PIDFD_INFO_CREDS_ = 2, PIDFD_INFO_CGROUPID_ = 4 };

static void *caller_thread(void *arg)
{
	unshare(CLONE_FILES);
	/* A descriptor that only this thread has. */
	dup2(open("/dev/zero", O_RDONLY), 77);
	syscall(__NR_setresuid, 1001, 1002, 1003);
	shared->ret[1] = syscall(__NR_gettid);
	shared->ret[0] = caught_call(1, 0, 0);
	return NULL;
}

static int in_a_thread(void)
{
	pthread_t t;

	pthread_create(&t, NULL, caller_thread, NULL);
	pthread_join(t, NULL);
	return 0;
}

static void info(int pidfd, pid_t pid, pid_t tid)
{
	struct pidfd_info_ i = {.mask = PIDFD_INFO_PID_ | PIDFD_INFO_CREDS_ | PIDFD_INFO_CGROUPID_};
	char path[64], line[512] = "";
	struct stat st;
	FILE *f;

	if (ioctl(pidfd, PIDFD_GET_INFO_, &i)) {
		printf("skipped: no PIDFD_GET_INFO here (errno %d)\n", errno);
		return;
	}
	must(i.mask & PIDFD_INFO_PID_ && i.tgid == (uint32_t)pid && i.pid == (uint32_t)tid);
	must(i.mask & PIDFD_INFO_CREDS_ && i.ruid == 1001 && i.euid == 1002 && i.suid == 1003 &&
	     i.fsuid == 1002);
	proved("PIDFD_GET_INFO on a thread's pidfd: its own ids (real, effective, saved, fs), "
	       "tid and tgid, in one ioctl");
	if (!(i.mask & PIDFD_INFO_CGROUPID_)) {
		printf("skipped: no cgroup id\n");
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/cgroup", tid);
	f = fopen(path, "r");
	must(f);
	while (fgets(line, sizeof(line), f) && strncmp(line, "0::", 3))
		;
	fclose(f);
	line[strcspn(line, "\n")] = 0;
	snprintf(path, sizeof(path), "/sys/fs/cgroup%.40s", line[3] ? line + 3 : "/");
	if (strncmp(line, "0::", 3) || stat(path, &st))
		printf("note: cgroup id %llu (no v2 hierarchy to compare it with)\n",
		       (unsigned long long)i.cgroupid);
	else if (st.st_ino == i.cgroupid)
		proved("cgroupid is the inode number of the cgroup v2 directory");
	else
		printf("note: cgroup id %llu, directory %llu (another mount)\n",
		       (unsigned long long)i.cgroupid, (unsigned long long)st.st_ino);
}

int main(void)
{
	struct seccomp_notif n;
	int listener, fd, got;
	struct stat st;
	pid_t pid;

	if (geteuid())
		skip("needs root");
	shared_init();
	pid = caller_start(0, in_a_thread);
	listener = shared->listener;
	must(notif_recv(listener, &n));
	must((pid_t)n.pid == (pid_t)shared->ret[1] && (pid_t)n.pid != pid);
	proved("a notification's pid is the thread's id");
	must(syscall(__NR_pidfd_open, n.pid, 0) == -1);
	proved("pidfd_open of a thread that is not the leader fails without PIDFD_THREAD "
	       "(errno %d)", errno);
	fd = syscall(__NR_pidfd_open, n.pid, PIDFD_THREAD);
	if (fd < 0)
		skip("no PIDFD_THREAD");
	got = syscall(__NR_pidfd_getfd, fd, 77, 0);
	must(got >= 0 && !fstat(got, &st) && S_ISCHR(st.st_mode));
	must(fcntl(got, F_GETFD) == FD_CLOEXEC);
	close(got);
	proved("pidfd_getfd on a PIDFD_THREAD descriptor reads that thread's own table, "
	       "close-on-exec");
	must(syscall(__NR_pidfd_getfd, fd, 78, 0) == -1 && errno == EBADF);
	proved("pidfd_getfd of a closed number is EBADF");
	got = syscall(__NR_pidfd_open, pid, 0);
	must(syscall(__NR_pidfd_getfd, got, 77, 0) == -1 && errno == EBADF);
	proved("the leader's pidfd reads the leader's table");
	info(fd, pid, n.pid);
	must(!notif_send(listener, n.id, 0, 0));
	must(caller_wait(pid) == 0);
	return 0;
}
