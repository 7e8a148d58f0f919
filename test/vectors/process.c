/*
 * process: who makes the call: threads, children, vfork, after exec-like
 * changes of ids, descriptors and directories.
 */
#include "vectors.h"

#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void *in_thread(void *arg)
{
	struct pair *p = arg;
	char *buf = mem(8), *n = num(16), *sa = mem(16);

	ret("socket", s_socket(AF_INET, SOCK_STREAM, 0));
	*p = unix_pair(SOCK_STREAM);
	ret("send", s_send(p->a, text("abc"), 3, 0));
	ret("recv", s_recv(p->b, buf, 8, 0));
	bytes("", buf, 8);
	ret("getsockname", s_getsockname(p->a, sa, n));
	ret("bad", s_connect(77, hole(), 16));
	return NULL;
}

VECTOR(thread)
{
	pthread_t t;
	struct pair p;

	must_be(!pthread_create(&t, NULL, in_thread, &p), "pthread_create");
	pthread_join(t, NULL);
	ret("send", s_send(p.a, text("x"), 1, 0));
	ret("recv", s_recv(p.b, mem(4), 4, 0));
}

/* The leader has ended; its process lives on in another thread. */
static void *after_leader(void *arg)
{
	struct pair p;

	nap(50);
	in_thread(&p);
	_exit(0);
}

VECTOR(leader_gone)
{
	pthread_t t;

	must_be(!pthread_create(&t, NULL, after_leader, NULL), "pthread_create");
	syscall(SYS_exit, 0);
}

static void *recv_thread(void *arg)
{
	struct pair *p = arg;
	char *buf = mem(4);
	long r = s_recv(p->b, buf, 4, 0);

	*flag = r == 1 && *buf == 'x' ? 1 : -1;
	return NULL;
}

VECTOR(one_thread_waits)
{
	struct pair p = unix_pair(SOCK_STREAM);
	pthread_t t;

	pthread_create(&t, NULL, recv_thread, &p);
	nap(80);
	ret("send", s_send(p.a, text("x"), 1, 0));
	pthread_join(t, NULL);
	out("got %d", *flag);
}

static pthread_mutex_t prepare = PTHREAD_MUTEX_INITIALIZER;

static void *many_calls(void *arg)
{
	struct pair p;
	char *buf, *one;
	long bad = 0;

	/* The arena is not for threads; the first call takes this one's block. */
	pthread_mutex_lock(&prepare);
	p = unix_pair(SOCK_DGRAM);
	buf = mem(8), one = mem(4);
	pthread_mutex_unlock(&prepare);
	for (int i = 0; i < 200; i++) {
		memcpy(one, &i, 4);
		bad += s_send(p.a, one, 4, 0) != 4;
		bad += s_recv(p.b, buf, 8, 0) != 4 || get_num(buf) != i;
	}
	return (void *)bad;
}

VECTOR(threads_together)
{
	pthread_t t[8];
	long bad = 0;
	void *r;

	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, many_calls, NULL);
	for (int i = 0; i < 8; i++) {
		pthread_join(t[i], &r);
		bad += (long)r;
	}
	out("bad %ld", bad);
	descriptors("then");
}

/* A thread with its own descriptor table. */
static void *unshared_files(void *arg)
{
	must_be(!unshare(CLONE_FILES), "unshare");
	ret("socket", s_socket(AF_UNIX, SOCK_STREAM, 0));
	close(3);
	ret("closed here", s_getsockname(3, mem(16), num(16)));
	return NULL;
}

VECTOR(thread_with_own_files)
{
	pthread_t t;

	ret("socket", s_socket(AF_UNIX, SOCK_STREAM, 0));
	pthread_create(&t, NULL, unshared_files, NULL);
	pthread_join(t, NULL);
	ret("open there", s_getsockname(3, mem(16), num(16)));
	ret("socket", s_socket(AF_UNIX, SOCK_STREAM, 0));
}

/* A thread with its own directory and root. */
static void *unshared_fs(void *arg)
{
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0);

	must_be(!unshare(CLONE_FS), "unshare");
	mkdir("t", 0755);
	must_be(!chdir("t"), "chdir");
	ret("bind", s_bind(fd, unix_addr("here"), unix_len("here")));
	return NULL;
}

VECTOR(thread_with_own_directory)
{
	pthread_t t;

	pthread_create(&t, NULL, unshared_fs, NULL);
	pthread_join(t, NULL);
	out("t/here %d here %d", access("t/here", F_OK), access("here", F_OK));
}

/* A thread with its own ids (raw system call, not libc's for all threads). */
static void *own_ids(void *arg)
{
	struct pair p;
	struct ucred *u = mem(12);

#ifdef SYS_setresuid32
	syscall(SYS_setresgid32, 1001, 1001, 1001);
	syscall(SYS_setresuid32, 1000, 1000, 1000);
#else
	syscall(SYS_setresgid, 1001, 1001, 1001);
	syscall(SYS_setresuid, 1000, 1000, 1000);
#endif
	p = unix_pair(SOCK_STREAM);
	s_getsockopt(p.a, SOL_SOCKET, SO_PEERCRED, u, num(12));
	out("uid %d gid %d", u->uid, u->gid);
	ret("raw", s_socket(AF_INET, SOCK_RAW, 1));
	return NULL;
}

VECTOR(thread_with_own_ids, NEED_ROOT)
{
	pthread_t t;

	pthread_create(&t, NULL, own_ids, NULL);
	pthread_join(t, NULL);
	ret("raw in the leader", s_socket(AF_INET, SOCK_RAW, 1));
}

static void child_uses(long fd)
{
	char *buf = mem(8);

	s_recv(fd, buf, 8, 0);
	*flag = open_count();
	s_send(fd, text("from child"), 10, 0);
	nap(5000);
}

VECTOR(child_uses_socket)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *buf = mem(16);

	helper(child_uses, p.b);
	ret("send", s_send(p.a, text("to child"), 8, 0));
	ret("recv", s_recv(p.a, buf, 16, 0));
	bytes("", buf, 16);
	out("open in child %d", *flag);
}

static void child_makes(long fd)
{
	*flag = s_socket(AF_UNIX, SOCK_STREAM, 0);
	nap(3000);
}

VECTOR(child_has_own_descriptors)
{
	helper(child_makes, 0);
	for (int i = 0; i < 200 && !*flag; i++)
		nap(10);
	out("child's %d", *flag);
	ret("own", s_socket(AF_UNIX, SOCK_STREAM, 0));
}

VECTOR(vfork_child)
{
	volatile long r = -1, e = -1;
	pid_t pid = vfork();

	if (!pid) {
		r = s_socket(AF_UNIX, SOCK_STREAM, 0);
		e = s_connect(r, unix_addr("none"), unix_len("none"));
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	ret("child's socket", r);
	ret("child's connect", e);
	ret("own", s_socket(AF_UNIX, SOCK_STREAM, 0));
}

static int clone_body(void *arg)
{
	*flag = s_socket(AF_UNIX, SOCK_STREAM, 0);
	return 0;
}

VECTOR(clone_files_child)
{
	static char stack[65536] __attribute__((aligned(16)));
	int pid = clone(clone_body, stack + sizeof(stack), CLONE_FILES | SIGCHLD, NULL);

	waitpid(pid, NULL, 0);
	out("child's %d", *flag);
	ret("own", s_socket(AF_UNIX, SOCK_STREAM, 0));
}

/* The descriptor that is passed on as a number. */
VECTOR(dup_and_dup2)
{
	struct pair p = unix_pair(SOCK_STREAM);
	int other = unix_pair(SOCK_DGRAM).a;

	ret("type", opt_int(p.a, SOL_SOCKET, SO_TYPE));
	dup2(other, p.a);
	ret("type", opt_int(p.a, SOL_SOCKET, SO_TYPE));
	close(p.a);
	ret("closed", s_send(p.a, text("x"), 1, 0));
	ret("peer", s_recv(p.b, mem(4), 4, 0));
}

static void *close_later(void *arg)
{
	struct pair *p = arg;

	nap(80);
	close(p->b);
	nap(80);
	send(p->a, "late", 4, 0);
	return NULL;
}

/* The call holds the socket, not the number. */
VECTOR(number_closed_while_waiting)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *buf = mem(8);
	pthread_t t;

	pthread_create(&t, NULL, close_later, &p);
	ret("recv", s_recv(p.b, buf, 8, 0));
	bytes("", buf, 8);
	ret("number", s_recv(p.b, buf, 8, 0));
	pthread_join(t, NULL);
}

VECTOR(non_dumpable)
{
	struct pair p;
	char *buf = mem(8);

	prctl(PR_SET_DUMPABLE, 0);
	p = unix_pair(SOCK_STREAM);
	ret("send", s_send(p.a, text("abc"), 3, 0));
	ret("recv", s_recv(p.b, buf, 8, 0));
	bytes("", buf, 8);
	ret("bind", s_bind(s_socket(AF_UNIX, SOCK_STREAM, 0), unix_addr("nd"), unix_len("nd")));
}

VECTOR(capabilities_dropped, NEED_ROOT)
{
	uint32_t head[2] = {0x20080522, 0}, caps[6] = {0};

	ret("raw", s_socket(AF_INET, SOCK_RAW, 1));
	ret("capset", syscall(SYS_capset, head, caps) ? -errno : 0);
	ret("raw", s_socket(AF_INET, SOCK_RAW, 1));
	ret("packet", s_socket(AF_PACKET, SOCK_RAW, 0));
	ret("low port", s_bind(s_socket(AF_INET, SOCK_STREAM, 0), inet_addr_of(AF_INET, htons(999)), 16));
	struct pair p = unix_pair(SOCK_DGRAM);
	ret("sndbufforce", s_setsockopt(p.a, SOL_SOCKET, SO_SNDBUFFORCE, num(100000), 4));
	struct ucred u = {1, 0, 0};
	char *control = mem(64);
	size_t used = 0;
	cm_put(control, &used, SOL_SOCKET, SCM_CREDENTIALS, &u, 12);
	ret("another's pid", s_sendmsg(p.a, mh_new(0, 0, iov1(text("x"), 1), 1, control, used, 0), 0));
}

VECTOR(own_network, NEED_ROOT)
{
	int fd, before = tcp_listener(AF_INET);
	uint16_t port = port_of(before);

	ret("unshare", unshare(CLONE_NEWNET) ? -errno : 0);
	fd = s_socket(AF_INET, SOCK_STREAM, 0);
	ret("connect", s_connect(fd, inet_addr_of(AF_INET, port), 16));
	ret("bind same port", s_bind(fd, inet_addr_of(AF_INET, port), 16));
	ret("old one", s_getsockname(before, mem(16), num(16)));
	ret("abstract", s_bind(s_socket(AF_UNIX, SOCK_STREAM, 0), unix_addr(abstract_name("n")),
			       unix_len(abstract_name("n"))));
}

VECTOR(own_user_namespace)
{
	struct ucred *u = mem(12);
	struct pair p;

	ret("unshare", unshare(CLONE_NEWUSER | CLONE_NEWNET) ? -errno : 0);
	ret("raw", s_socket(AF_INET, SOCK_RAW, 1));
	p = unix_pair(SOCK_STREAM);
	s_getsockopt(p.a, SOL_SOCKET, SO_PEERCRED, u, num(12));
	out("uid %d gid %d", u->uid, u->gid);
}

VECTOR(own_mounts, NEED_ROOT)
{
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0);

	ret("unshare", unshare(CLONE_NEWNS) ? -errno : 0);
	mkdir("m", 0755);
	ret("private", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ? -errno : 0);
	ret("mount", mount("none", "m", "tmpfs", 0, NULL) ? -errno : 0);
	ret("bind", s_bind(fd, unix_addr("m/in"), unix_len("m/in")));
	out("there %d", access("m/in", F_OK));
	ret("listen", s_listen(fd, 1));
	ret("connect", s_connect(s_socket(AF_UNIX, SOCK_STREAM, 0), unix_addr("m/in"), unix_len("m/in")));
	umount2("m", MNT_DETACH);
	out("there %d", access("m/in", F_OK));
}

VECTOR(umask_of_caller)
{
	struct stat st;

	umask(0);
	s_bind(s_socket(AF_UNIX, SOCK_STREAM, 0), unix_addr("u0"), unix_len("u0"));
	umask(0777);
	s_bind(s_socket(AF_UNIX, SOCK_STREAM, 0), unix_addr("u7"), unix_len("u7"));
	must_be(!stat("u0", &st), "stat");
	out("mode %o", st.st_mode);
	must_be(!stat("u7", &st), "stat");
	out("mode %o", st.st_mode);
}

VECTOR(owner_of_bound_name, NEED_ROOT)
{
	struct stat st;
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0);

	chmod(".", 0777);
	ret("setgid", setresgid(2001, 2002, 2003) ? -errno : 0);
	ret("setuid", setresuid(2004, 2005, 2006) ? -errno : 0);
	ret("bind", s_bind(fd, unix_addr("o"), unix_len("o")));
	must_be(!stat("o", &st), "stat");
	out("uid %d gid %d", st.st_uid, st.st_gid);
}

VECTOR(supplementary_group_opens, NEED_ROOT)
{
	gid_t group = 3333;
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0);

	mkdir("g", 0750);
	must_be(!chown("g", 0, 3333), "chown");
	unix_listener(SOCK_STREAM, "g/s");
	chmod("g/s", 0777);
	must_be(!setgroups(1, &group), "setgroups");
	ret("setuid", setresuid(2004, 2004, 2004) ? -errno : 0);
	ret("connect", s_connect(fd, unix_addr("g/s"), unix_len("g/s")));
}

VECTOR(fsuid_decides, NEED_ROOT)
{
	int fd = s_socket(AF_UNIX, SOCK_STREAM, 0);

	unix_listener(SOCK_STREAM, "f");
	chmod("f", 0700);
	syscall(SYS_setfsuid, 1234);
	ret("connect", s_connect(fd, unix_addr("f"), unix_len("f")));
	syscall(SYS_setfsuid, 0);
	ret("connect", s_connect(fd, unix_addr("f"), unix_len("f")));
}

static void killed_while_receiving(long fd)
{
	s_recv(fd, mem(4), 4, 0);
	_exit(0);
}

VECTOR(killed_reader_loses_nothing)
{
	struct pair p = unix_pair(SOCK_DGRAM);
	pid_t pid = helper(killed_while_receiving, p.b);

	nap(80);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ret("send", s_send(p.a, text("kept"), 4, 0));
	ret("recv", s_recv(p.b, mem(4), 4, MSG_DONTWAIT));
}

VECTOR(blocked_reader_does_not_stall_others)
{
	struct pair p = unix_pair(SOCK_STREAM);
	long t;

	for (int i = 0; i < 4; i++)
		helper(killed_while_receiving, p.b);
	nap(80);
	t = now_ms();
	for (int i = 0; i < 50; i++)
		close(s_socket(AF_UNIX, SOCK_STREAM, 0));
	elapsed("fifty calls", t, 0);
}

VECTOR(exec_keeps_sockets)
{
	struct pair p = unix_pair(SOCK_STREAM);
	char *buf = mem(16), cmd[64];
	pid_t pid = fork();

	if (!pid) {
		snprintf(cmd, sizeof(cmd), "echo from shell >&%d", p.b);
		execl("/bin/sh", "sh", "-c", cmd, NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	ret("recv", s_recv(p.a, buf, 16, 0));
	bytes("", buf, 16);
}
