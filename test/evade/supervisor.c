/*
 * supervisor.c - attacks on the supervisor itself, by a program with the same user
 * id, and restrictions that a program has put on itself and that must hold when
 * another process makes its calls.
 */
#include "evade.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NR_PIDFD_OPEN = 434, NR_PIDFD_GETFD = 438 };

static int connect_port(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = k_socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	int ret = k_connect(fd, &a, sizeof(a)), err = errno;

	close(fd);
	errno = err;
	return ret;
}

static enum outcome denied_connect(void)
{
	return judge(connect_port(env_int("EVADE_DENIED")));
}

static pid_t parent_of(pid_t pid)
{
	char name[64], line[256];
	int ppid = 0;

	snprintf(name, sizeof(name), "/proc/%d/status", pid);
	FILE *f = fopen(name, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "PPid: %d", &ppid) == 1)
			break;
	if (f)
		fclose(f);
	return ppid;
}

static enum outcome seize(pid_t pid)
{
	long ret = ptrace(PTRACE_SEIZE, pid, 0, 0);

	if (ret == 0)
		ptrace(PTRACE_DETACH, pid, 0, 0);
	return judge(ret);
}

static enum outcome ptrace_supervisor(void) { return seize(getppid()); }
static enum outcome ptrace_foreground(void) { return seize(parent_of(getppid())); }

static enum outcome open_memory(void)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/mem", getppid());
	return judge(open(name, O_RDWR));
}

static enum outcome take_descriptor(void)
{
	int pidfd = syscall(NR_PIDFD_OPEN, getppid(), 0);
	long ret = -1;

	for (int fd = 0; fd < 32 && ret < 0; fd++)
		ret = syscall(NR_PIDFD_GETFD, pidfd, fd, 0);
	return judge(ret);
}

/* The supervisor is killed: the door must stay shut. */
static enum outcome kill_supervisor(void)
{
	kill(getppid(), SIGKILL);
	usleep(200000);
	return denied_connect();
}

static enum outcome kill_foreground(void)
{
	kill(parent_of(getppid()), SIGKILL);
	usleep(200000);
	return denied_connect();
}

/* It is stopped: calls wait, and are refused when it goes on. */
static enum outcome stop_supervisor(void)
{
	pid_t supervisor = getppid(), pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		usleep(200000);
		_exit(connect_port(env_int("EVADE_DENIED")) < 0 && errno == EPERM ? CLOSED : THROUGH);
	}
	kill(supervisor, SIGSTOP);
	sleep(1);
	if (waitpid(pid, &status, WNOHANG) == pid)
		return WEXITSTATUS(status) == THROUGH ? through("while stopped") : closed(EPERM);
	kill(supervisor, SIGCONT);
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status) == THROUGH ? through("after") : closed(EPERM);
}

/* Sends sig to each process of uid 65534 that is not our own kind. */
static unsigned hit_delegates(int sig)
{
	DIR *d = opendir("/proc");
	unsigned hit = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		char name[300], comm[32] = "";
		struct stat st;
		int pid = atoi(e->d_name), fd;

		snprintf(name, sizeof(name), "/proc/%s/comm", e->d_name);
		if (!isdigit(e->d_name[0]) || (fd = open(name, O_RDONLY)) < 0)
			continue;
		if (read(fd, comm, sizeof(comm) - 1) < 0)
			comm[0] = 0;
		snprintf(name, sizeof(name), "/proc/%s/status", e->d_name);
		/* Not dumpable, so its files are root's; kill(2) says whose it is. */
		if (!strncmp(comm, "socketcall", 10) && stat(name, &st) == 0 && pid != getppid())
			hit += kill(pid, sig) == 0;
		close(fd);
	}
	if (d)
		closedir(d);
	return hit;
}

static void drop(void)
{
	if (syscall(SYS_setgroups, 0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
	    setresuid(65534, 65534, 65534) < 0)
		_exit(BROKEN);
}

/*
 * A program of another user kills, or stops, the processes that serve it. Others
 * must not notice: neither slower than a second nor with another answer.
 */
static enum outcome hit_own_delegates(int sig)
{
	pid_t child[3];
	double end = now() + env_int("EVADE_SECONDS"), worst = 0;
	unsigned calls = 0, wrong = 0;

	fflush(stdout);
	for (int i = 0; i < 3; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			drop();
			for (;;)
				if (i == 0)
					hit_delegates(sig), usleep(500);
				else
					connect_port(env_int("EVADE_DENIED"));
		}
	}
	while (now() < end) {
		double t = now();
		pid_t pid = fork();

		if (pid == 0)
			_exit(connect_port(env_int("EVADE_DENIED")) < 0 ? errno : 0);
		int status = 0, waited = 0;
		while (waitpid(pid, &status, WNOHANG) != pid && waited++ < 3000)
			usleep(1000);
		if (waited >= 3000) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			status = -1;
		}
		if (now() - t > worst)
			worst = now() - t;
		wrong += status < 0 || WEXITSTATUS(status) != EPERM;
		calls++;
		if (wrong)
			break;
	}
	for (int i = 0; i < 3; i++) {
		kill(child[i], SIGKILL);
		waitpid(child[i], NULL, 0);
	}
	if (wrong)
		return through("call %u of another program went wrong", calls);
	return worst > 1 ? through("another program waited %.1f s", worst) : closed(EPERM);
}

static enum outcome kill_delegates(void) { return hit_own_delegates(SIGKILL); }
static enum outcome stop_delegates(void) { return hit_own_delegates(SIGSTOP); }

/* The limits of any process of the same user may be lowered. */
static enum outcome limit_supervisor(void)
{
	static const int what[] = {RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK,
				   RLIMIT_SIGPENDING, RLIMIT_MEMLOCK};
	const struct rlimit none = {0, 0};

	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
		prlimit(getppid(), what[i], &none, NULL);
		for (int k = 0; k < 50; k++)
			if (connect_port(env_int("EVADE_DENIED")) == 0)
				return through("with limit %d", what[i]);
	}
	return closed(EPERM);
}

/*
 * All signals that a process can ignore, to the supervisor, its threads and
 * its parent, while calls are made: none may be answered wrongly.
 */
static void flood(pid_t supervisor, pid_t foreground)
{
	char name[64];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0;; i++) {
		int sig = 1 + i % 64;

		/* Besides the two that nobody can ignore, libc's own: sigfillset(3) leaves
		 * them out, so they kill. The foreground hands signals on to the program;
		 * 0 comes to nobody. */
		if (sig == SIGKILL || sig == SIGSTOP || sig == 32 || sig == 33)
			continue;
		kill(supervisor, sig);
		kill(foreground, sig == SIGCHLD ? sig : 0);
		snprintf(name, sizeof(name), "/proc/%d/task", supervisor);
		DIR *d = opendir(name);
		for (struct dirent *e; d && (e = readdir(d));)
			if (isdigit(e->d_name[0]))
				syscall(SYS_tgkill, supervisor, atoi(e->d_name),
					i % 2 ? SIGRTMIN : sig);
		if (d)
			closedir(d);
		usleep(200);
	}
}

static bool calls_are_right(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(env_int("EVADE_ALLOWED")),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = k_socket(AF_INET, SOCK_STREAM, 0), sv[2];
	char byte = 0;

	if (fd < 0 || k_connect(fd, &a, sizeof(a)) < 0 || recv(fd, &byte, 1, 0) != 1 || byte != 'A')
		return false;
	close(fd);
	if (connect_port(env_int("EVADE_DENIED")) == 0 || errno != EPERM)
		return false;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) < 0)
		return false;
	pid_t pid = fork();
	if (pid == 0) {
		usleep(random() % 8000);
		_exit(send(sv[1], "b", 1, 0) != 1);
	}
	bool right = recv(sv[0], &byte, 1, 0) == 1 && byte == 'b';
	int status;
	waitpid(pid, &status, 0);
	close(sv[0]);
	close(sv[1]);
	return right && status == 0;
}

static enum outcome signal_supervisor(void)
{
	double end = now() + 2 * env_int("EVADE_SECONDS");
	pid_t supervisor = getppid(), foreground = parent_of(supervisor), pid;
	unsigned n = 0;
	bool right = true;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		flood(supervisor, foreground);
	for (; right && now() < end; n++)
		right = calls_are_right();
	int err = errno;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (!right)
		return through("round %u went wrong (errno %d)", n, err);
	printf("(%u rounds) ", n);
	return closed(EPERM);
}

/*
 * A process of root that the supervisor knows dies, and another user's gets its
 * number, without ever having changed its ids itself.
 */
struct reused {
	pid_t pid;
	int err; /* of socket(SOCK_RAW) */
};

static int raw_socket(void)
{
	return k_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0 ? errno : 0;
}

static void fork_on_demand(int in, int out)
{
	char byte;

	drop();
	while (read(in, &byte, 1) == 1) {
		pid_t pid = fork();

		if (pid == 0) {
			struct reused r = {getpid(), raw_socket()};

			_exit(write(out, &r, sizeof(r)) != sizeof(r));
		}
		waitpid(pid, NULL, 0);
	}
	_exit(0);
}

static enum outcome pid_reuse(void)
{
	int go[2], said[2], same = 0, fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY);
	struct reused r;
	char text[16];

	if (fd < 0 || pipe(go) < 0 || pipe(said) < 0)
		return skip("no say in what number is next");
	fflush(stdout);
	if (fork() == 0) {
		close(go[1]);
		fork_on_demand(go[0], said[1]);
	}
	for (int i = 0; i < 100; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(raw_socket());
		waitpid(pid, NULL, 0);
		snprintf(text, sizeof(text), "%d", pid - 1);
		if (pwrite(fd, text, strlen(text), 0) < 0 || write(go[1], "x", 1) != 1 ||
		    read(said[0], &r, sizeof(r)) != sizeof(r))
			return skip("no say in what number is next");
		same += r.pid == pid;
		if (r.err == 0)
			return through("a raw socket, with number %d reused %d times", pid, same);
	}
	close(go[1]);
	if (same < 10)
		return broken("the number was used again only %d times", same);
	return closed(r.err);
}

static enum outcome second_listener(void)
{
	static struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	static struct sock_fprog prog = {1, code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return judge(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			     &prog));
}

/* Nobody may read our memory: then nobody may let us connect. */
static enum outcome not_dumpable(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return denied_connect();
}

/* --- the program's own restrictions --- */

struct ruleset {
	uint64_t fs, net, scoped;
};

static bool restrict_self(void)
{
	struct ruleset r = {.net = 2 /* CONNECT_TCP */};
	int fd = syscall(444, &r, 16, 0);

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return fd >= 0 && syscall(446, fd, 0) == 0;
}

/* What Landlock forbids is what the policy allows. */
static enum outcome allowed_connect(void)
{
	return judge(connect_port(env_int("EVADE_ALLOWED")));
}

static enum outcome landlock(void)
{
	return restrict_self() ? allowed_connect() : skip("no Landlock for TCP");
}

static enum outcome landlock_known(void)
{
	connect_port(env_int("EVADE_ALLOWED")); /* so that we are known without it */
	return landlock();
}

static enum outcome landlock_fork(void)
{
	connect_port(env_int("EVADE_ALLOWED"));
	return restrict_self() ? in_child(allowed_connect) : skip("no Landlock for TCP");
}

static enum outcome landlock_exec(void)
{
	if (!restrict_self())
		return skip("no Landlock for TCP");
	execl("/proc/self/exe", "evade", "allowed-connect", NULL);
	return broken("exec");
}

static void *restricted_thread(void *arg)
{
	*(enum outcome *)arg = landlock();
	return NULL;
}

static enum outcome landlock_thread(void)
{
	enum outcome o;
	pthread_t t;

	connect_port(env_int("EVADE_ALLOWED"));
	pthread_create(&t, NULL, restricted_thread, &o);
	pthread_join(t, NULL);
	return o;
}

/* The restricted process leaves a child to one that is not: by its own end, or by
 * making it a child of that one at once. */
static enum outcome landlock_left(unsigned long flags)
{
	int p[2], status;
	enum outcome o = BROKEN;

	connect_port(env_int("EVADE_ALLOWED"));
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (pipe(p) < 0)
		return BROKEN;
	fflush(stdout);
	if (fork() == 0) {
		if (!restrict_self())
			o = skip("no Landlock for TCP");
		else if (syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL) == 0) {
			usleep(200000); /* the parent is gone */
			o = allowed_connect();
		} else {
			_exit(0);
		}
		fflush(stdout);
		if (write(p[1], &o, sizeof(o)) < 0)
			_exit(1);
		_exit(0);
	}
	close(p[1]);
	if (read(p[0], &o, sizeof(o)) < 0)
		return BROKEN;
	while (wait(&status) > 0)
		;
	return o;
}

static enum outcome landlock_orphan(void) { return landlock_left(0); }
static enum outcome landlock_clone_parent(void) { return landlock_left(CLONE_PARENT); }

/* And who is not restricted goes on. */
static enum outcome landlock_others(void)
{
	connect_port(env_int("EVADE_ALLOWED"));
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit(!restrict_self());
	waitpid(pid, NULL, 0);
	if (connect_port(env_int("EVADE_ALLOWED")) < 0)
		return closed(errno);
	return in_child(allowed_connect);
}

const struct attack supervisor_attacks[] = {
	{"ptrace-supervisor", ptrace_supervisor},
	{"ptrace-foreground", ptrace_foreground},
	{"open-memory", open_memory},
	{"take-descriptor", take_descriptor},
	{"kill-supervisor", kill_supervisor},
	{"kill-foreground", kill_foreground},
	{"stop-supervisor", stop_supervisor},
	{"kill-delegates", kill_delegates},
	{"stop-delegates", stop_delegates},
	{"limit-supervisor", limit_supervisor},
	{"signal-supervisor", signal_supervisor},
	{"pid-reuse", pid_reuse},
	{"hostile-arguments", hostile_arguments},
	{"second-listener", second_listener},
	{"not-dumpable", not_dumpable},
	{"allowed-connect", allowed_connect},
	{"landlock", landlock},
	{"landlock-known", landlock_known},
	{"landlock-fork", landlock_fork},
	{"landlock-exec", landlock_exec},
	{"landlock-thread", landlock_thread},
	{"landlock-orphan", landlock_orphan},
	{"landlock-clone-parent", landlock_clone_parent},
	{"landlock-others", landlock_others},
	{NULL, NULL},
};
