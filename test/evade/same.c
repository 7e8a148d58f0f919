/*
 * same.c - evade same identity: changes its ids, capabilities, namespaces, root and
 * cgroup in many ways and prints after each what its socket calls then show. The
 * output must be the same natively and served. As root.
 */
#include "evade.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *dir;
static bool names_owner = true;

static const char *result(long ret)
{
	return ret >= 0 ? "ok" : strerrorname_np(errno);
}

/* --- what is seen --- */

static void see_creation(void)
{
	struct stat st = {0};
	int raw = k_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), plain;

	printf("  raw %s\n", result(raw));
	plain = k_socket(AF_INET, SOCK_STREAM, 0);
	printf("  stream %s", result(plain));
	fstat(plain, &st);
	printf(" of %d:%d\n", st.st_uid, st.st_gid);
	printf("  mark %s\n", result(k_setsockopt(plain, SOL_SOCKET, SO_MARK, &(int){1}, 4)));
	printf("  rcvbufforce %s\n",
	       result(k_setsockopt(plain, SOL_SOCKET, SO_RCVBUFFORCE, &(int){9000}, 4)));
	printf("  priority 7 %s\n", result(k_setsockopt(plain, SOL_SOCKET, SO_PRIORITY, &(int){7}, 4)));
	printf("  device %s\n", result(k_setsockopt(plain, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3)));
	printf("  packet %s\n", result(k_socket(AF_PACKET, SOCK_RAW, 0)));
	close(raw);
	close(plain);
}

static void see_low_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(81),
				.sin_addr.s_addr = htonl(0x7f0a0000 + getpid() % 65000 + 1)};
	int fd = k_socket(AF_INET, SOCK_STREAM, 0);

	printf("  port 81 %s\n", result(k_bind(fd, &a, sizeof(a))));
	close(fd);
}

static void see_network(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(env_int("EVADE_ALLOWED")),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = k_socket(AF_INET, SOCK_STREAM, 0);

	printf("  network %s\n", result(k_connect(fd, &a, sizeof(a))));
	close(fd);
}

static void see_netlink(void)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} req = {{sizeof(req), RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0}, {.ifi_index = 99999}};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char more[256];
	} ack = {0};
	int fd = k_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (k_sendto(fd, &req, sizeof(req), 0, &kernel, sizeof(kernel)) < 0)
		printf("  netlink %s\n", result(-1));
	else if (recv(fd, &ack, sizeof(ack), 0) > 0)
		printf("  netlink %s\n", strerrorname_np(-ack.e.error));
	close(fd);
}

/* Who we are to a peer, and whose a bound file is. */
static void see_unix(const char *where)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);
	struct stat st = {0};
	int ls = k_socket(AF_UNIX, SOCK_STREAM, 0), c = k_socket(AF_UNIX, SOCK_STREAM, 0), s;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/peer%d", where, getpid());
	printf("  bind %s", result(k_bind(ls, &a, sizeof(a))));
	stat(a.sun_path, &st);
	if (names_owner)
		printf(" of %d:%d", st.st_uid, st.st_gid);
	printf(" mode %o\n", st.st_mode & 07777);
	listen(ls, 1);
	printf("  connect %s", result(k_connect(c, &a, sizeof(a))));
	s = accept4(ls, NULL, NULL, SOCK_NONBLOCK);
	if (s >= 0 && getsockopt(s, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
		printf(" peer %d:%d", peer.uid, peer.gid);
	len = sizeof(peer);
	if (getsockopt(c, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
		printf(" listener %d:%d", peer.uid, peer.gid);
	gid_t groups[64];
	len = sizeof(groups);
	if (s >= 0 && getsockopt(s, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0) {
		printf(" groups");
		for (unsigned i = 0; i < len / sizeof(gid_t); i++)
			printf(" %d", groups[i]);
	}
	putchar('\n');
	unlink(a.sun_path);
	close(ls);
	close(c);
	close(s);
}

/* Claims to be another in SCM_CREDENTIALS. */
static void claim(const char *what, struct ucred cred)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control = {{CMSG_LEN(sizeof(cred)), SOL_SOCKET, SCM_CREDENTIALS}}, got;
	struct iovec iov = {&(char){0}, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	int sv[2];

	memcpy(CMSG_DATA(&control.h), &cred, sizeof(cred));
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sv) < 0)
		return;
	setsockopt(sv[1], SOL_SOCKET, SO_PASSCRED, &(int){1}, 4);
	printf("  claim %s %s", what, result(k_sendmsg(sv[0], &m, 0)));
	m.msg_control = &got;
	m.msg_controllen = sizeof(got);
	if (recvmsg(sv[1], &m, MSG_DONTWAIT) == 1) {
		memcpy(&cred, CMSG_DATA(&got.h), sizeof(cred));
		printf(" seen %d:%d", cred.uid, cred.gid); /* the process: doc/limits.md */
	}
	putchar('\n');
	close(sv[0]);
	close(sv[1]);
}

static void see_claims(void)
{
	claim("own", (struct ucred){getpid(), getuid(), getgid()});
	claim("parent's pid", (struct ucred){getppid(), getuid(), getgid()});
	claim("uid 0", (struct ucred){getpid(), 0, getgid()});
	claim("uid 1234", (struct ucred){getpid(), 1234, getgid()});
	claim("gid 0", (struct ucred){getpid(), getuid(), 0});
}

/* The cgroup that a listening socket belongs to, by inet_diag. */
static void see_cgroup(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 r;
	} req = {{sizeof(req), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0},
		 {.sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_states = 1 << 10}};
	char path[512] = "", buf[32768];
	struct stat st = {0};
	uint64_t have = 0;
	int fd = k_socket(AF_INET, SOCK_STREAM, 0), nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);

	k_bind(fd, &a, sizeof(a));
	listen(fd, 1);
	getsockname(fd, (struct sockaddr *)&a, &len);
	if (send(nl, &req, sizeof(req), 0) < 0)
		return;
	for (bool done = false; !done;) {
		ssize_t n = recv(nl, buf, sizeof(buf), 0);

		for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY) {
				done = true;
				break;
			}
			struct inet_diag_msg *d = NLMSG_DATA(h);
			struct rtattr *at = (void *)(d + 1);
			int left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*d));
			for (; d->id.idiag_sport == a.sin_port && RTA_OK(at, left); at = RTA_NEXT(at, left))
				if (at->rta_type == 21 /* INET_DIAG_CGROUP_ID */)
					memcpy(&have, RTA_DATA(at), 8);
		}
		if (n <= 0)
			done = true;
	}
	FILE *f = fopen("/proc/self/cgroup", "r");
	while (f && fgets(buf, sizeof(buf), f))
		if (!strncmp(buf, "0::", 3))
			snprintf(path, sizeof(path), "/sys/fs/cgroup/unified%.*s",
				 (int)strcspn(buf + 3, "\n"), buf + 3);
	if (f)
		fclose(f);
	if (stat(path, &st) == 0)
		printf("  cgroup %s\n", have == st.st_ino ? "ours" : "another");
	close(fd);
	close(nl);
}

static void see_all(void)
{
	see_creation();
	see_low_port();
	see_network();
	see_netlink();
	see_unix(dir);
	see_claims();
}

/* --- what is changed --- */

static bool caps(uint64_t permitted, uint64_t effective)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{effective, permitted, 0},
		{effective >> 32, permitted >> 32, 0},
	};

	return syscall(SYS_capset, &head, data) == 0;
}

#define CAP(name) (UINT64_C(1) << CAP_##name)
#define FULL ((UINT64_C(1) << (CAP_LAST_CAP + 1)) - 1)

static void nothing(void) { see_all(); }

static void uid_dropped(void)
{
	/* A name that looks like a line of /proc/PID/status. */
	prctl(PR_SET_NAME, "x\nUid:\t0 0 0 0");
	syscall(SYS_setgroups, 0, NULL);
	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		perror("setresuid");
	see_all();
}

static void euid_only(void)
{
	if (seteuid(65534) < 0)
		perror("seteuid");
	see_all();
	if (seteuid(0) < 0)
		perror("seteuid");
	puts("  and back");
	see_all();
}

static void fsuid_only(void)
{
	setfsgid(65533);
	setfsuid(65534);
	see_all();
}

static void groups_set(void)
{
	gid_t g[3] = {7, 8, 9};

	if (setgroups(3, g) < 0 || setegid(4321) < 0)
		perror("setgroups");
	see_all();
}

static void no_net_raw(void)
{
	uint64_t c = FULL & ~CAP(NET_RAW);

	caps(c, c);
	see_all();
}

static void effective_only(void)
{
	caps(FULL, CAP(NET_RAW));
	see_all();
	caps(FULL, FULL);
	puts("  and back");
	see_creation();
}

static void kept_caps(void)
{
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (setresuid(65534, 65534, 65534) < 0)
		perror("setresuid");
	caps(CAP(NET_BIND_SERVICE), CAP(NET_BIND_SERVICE));
	see_all();
}

static void *one_thread_drops(void *arg)
{
#ifdef __x86_64__
	syscall(SYS_setresuid, 65534, 65534, 65534);
#else
	syscall(208, 65534, 65534, 65534);
#endif
	puts("  in the thread");
	see_all();
	return arg;
}

static void one_thread(void)
{
	pthread_t t;

	see_creation();
	pthread_create(&t, NULL, one_thread_drops, NULL);
	pthread_join(t, NULL);
	puts("  in the other");
	see_all();
}

static void vforked(void)
{
	see_creation();
	fflush(stdout);
	if (vfork() == 0) {
#ifdef __x86_64__
		syscall(SYS_setresuid, 65534, 65534, 65534);
#else
		syscall(208, 65534, 65534, 65534);
#endif
		puts("  in the child");
		see_creation();
		fflush(stdout);
		_exit(0);
	}
	puts("  in the parent");
	see_creation();
}

static void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		printf("  %s: %s\n", name, strerrorname_np(errno));
	close(fd);
}

static void own_userns(void)
{
	see_creation();
	if (unshare(CLONE_NEWUSER) < 0)
		perror("unshare");
	puts("  not mapped");
	see_all();
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", "0 0 1");
	write_file("/proc/self/gid_map", "0 0 1");
	puts("  mapped");
	see_all();
}

static void dropped_userns(void)
{
	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		perror("setresuid");
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		perror("unshare");
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", "0 65534 1");
	write_file("/proc/self/gid_map", "0 65534 1");
	see_all();
	if (setresuid(0, 0, 0) < 0)
		perror("setresuid");
	puts("  as its root");
	see_all();
}

static void own_netns(void)
{
	int old = open("/proc/self/ns/net", O_RDONLY);

	see_network();
	if (unshare(CLONE_NEWNET) < 0)
		perror("unshare");
	puts("  inside");
	see_all();
	if (setns(old, CLONE_NEWNET) < 0)
		perror("setns");
	puts("  and back");
	see_network();
}

static void make_dirs(const char *root)
{
	char path[300];

	snprintf(path, sizeof(path), "%s%s", root, dir);
	for (char *p = path + 1; *p; p++)
		if (*p == '/') {
			*p = 0;
			mkdir(path, 0777);
			*p = '/';
		}
	mkdir(path, 0777);
}

static void own_mountns(void)
{
	struct stat st;
	char path[300];

	see_unix(dir);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", dir, "tmpfs", 0, NULL) < 0)
		perror("mount");
	see_unix(dir);
	/* The name is there inside, and not outside. */
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/inner", dir);
	printf("  bind %s", result(k_bind(k_socket(AF_UNIX, SOCK_STREAM, 0), &a, sizeof(a))));
	printf(" inside %s", result(stat(a.sun_path, &st)));
	snprintf(path, sizeof(path), "/proc/%d/root%s/inner", getppid(), dir);
	printf(" outside %s\n", result(stat(path, &st)));
}

static char jail[200];

static bool make_jail(void)
{
	snprintf(jail, sizeof(jail), "%s/jail", dir);
	mkdir(jail, 0777);
	chmod(jail, 0777);
	make_dirs(jail);
	return true;
}

static void chrooted(void)
{
	see_unix(dir);
	make_jail();
	if (chroot(jail) < 0)
		perror("chroot");
	see_unix(dir);
	see_unix("/");
	see_unix(".");
}

/* Somebody else's chroot(2) changes our root: a thread's, or a process' that
 * shares it. The path leads to a socket that only the jail has. */
static bool in_jail;

static void *jailer(void *arg)
{
	if (chroot(jail) < 0)
		perror("chroot");
	in_jail = true;
	return arg;
}

static int jailer_process(void *arg)
{
	jailer(arg);
	_exit(0);
}

static void jailed_by(bool thread)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/inner"};
	struct stat st;
	char path[300];
	pthread_t t;

	make_jail();
	see_unix(dir); /* we are known with the old root */
	if (thread) {
		pthread_create(&t, NULL, jailer, NULL);
		pthread_join(t, NULL);
	} else {
		clone(jailer_process, stack + sizeof(stack), CLONE_FS | SIGCHLD, NULL);
		wait(NULL);
	}
	snprintf(path, sizeof(path), "/proc/%d/root%s/inner", getppid(), jail);
	unlink("/inner");
	printf("  bind %s", result(k_bind(k_socket(AF_UNIX, SOCK_STREAM, 0), &a, sizeof(a))));
	printf(" inside %s", result(stat("/inner", &st)));
	printf(" outside %s\n", result(stat(path, &st)));
	unlink("/inner");
	see_unix("/");
}

static void *victim(void *arg)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/inner"};
	struct stat st;

	see_unix(dir);
	*(bool *)arg = true;
	while (!in_jail)
		usleep(1000);
	unlink("/inner");
	printf("  bind %s", result(k_bind(k_socket(AF_UNIX, SOCK_STREAM, 0), &a, sizeof(a))));
	printf(" inside %s\n", result(stat("/inner", &st)));
	unlink("/inner");
	return arg;
}

/* The first thread changes the root of another. */
static void jails_thread(void)
{
	volatile bool known = false;
	pthread_t t;

	make_jail();
	pthread_create(&t, NULL, victim, (void *)&known);
	while (!known)
		usleep(1000);
	jailer(NULL);
	pthread_join(t, NULL);
}

/* pivot_root(2) moves the root of everybody in the mount namespace. */
static int pivoter(void *arg)
{
	char old[300];

	snprintf(old, sizeof(old), "%s/old", jail);
	mkdir(old, 0777);
	if (mount(jail, jail, NULL, MS_BIND, NULL) < 0 || syscall(SYS_pivot_root, jail, old) < 0)
		perror("pivot_root");
	_exit(0);
}

static void pivoted_by_process(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/inner"};
	struct stat st;

	make_jail();
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		perror("unshare");
	see_unix(dir);
	if (fork() == 0)
		pivoter(NULL);
	wait(NULL);
	unlink("/inner");
	printf("  bind %s", result(k_bind(k_socket(AF_UNIX, SOCK_STREAM, 0), &a, sizeof(a))));
	printf(" inside %s\n", result(stat("/inner", &st)));
	unlink("/inner");
	see_unix("/");
}

static void jailed_by_thread(void) { jailed_by(true); }
static void jailed_by_process(void) { jailed_by(false); }

static void set_user_id_program(void)
{
	char path[300];

	uid_dropped();
	fflush(stdout);
	snprintf(path, sizeof(path), "%s/setuid", dir);
	execl(path, "evade", "same", "see", NULL);
	perror(path);
}

static void moved_cgroup(void)
{
	char path[200];

	see_cgroup();
	snprintf(path, sizeof(path), "/sys/fs/cgroup/unified/evade%d", getpid());
	if (mkdir(path, 0755) < 0) {
		puts("  no cgroup");
		return;
	}
	strcat(path, "/cgroup.procs");
	write_file(path, "0");
	puts("  inside");
	see_cgroup();
	see_unix(dir);
	write_file("/sys/fs/cgroup/unified/cgroup.procs", "0");
	*strrchr(path, '/') = 0;
	puts("  and back");
	see_cgroup();
	for (int i = 0; i < 20 && rmdir(path) < 0; i++)
		usleep(100000);
}

static void few_descriptors(void)
{
	int sv[2] = {-1, -1}, ls = k_socket(AF_INET, SOCK_STREAM, 0), c, n = 0;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	k_bind(ls, &a, sizeof(a));
	listen(ls, 5);
	getsockname(ls, (struct sockaddr *)&a, &len);
	c = k_socket(AF_INET, SOCK_STREAM, 0);
	k_connect(c, &a, sizeof(a));
	while (dup(0) >= 0)
		n++;
	printf("  socket %s", result(k_socket(AF_INET, SOCK_STREAM, 0)));
	printf(" socketpair %s", result(k_call(8, AF_UNIX, SOCK_STREAM, 0, (long)sv, 0, 0)));
	printf(" accept %s\n", result(accept4(ls, NULL, NULL, 0)));
	close(0);
	printf("  one free: socketpair %s",
	       result(k_call(8, AF_UNIX, SOCK_STREAM, 0, (long)sv, 0, 0)));
	printf(" socket %d", k_socket(AF_INET, SOCK_STREAM, 0));
	close(0);
	printf(" accept %d\n", accept4(ls, NULL, NULL, 0));
}

static const struct {
	const char *name;
	void (*fn)(void);
} changes[] = {
	{"nothing", nothing},
	{"uid", uid_dropped},
	{"euid only", euid_only},
	{"fsuid only", fsuid_only},
	{"groups", groups_set},
	{"no CAP_NET_RAW", no_net_raw},
	{"effective capabilities only", effective_only},
	{"uid, with capabilities kept", kept_caps},
	{"one thread", one_thread},
	{"vfork", vforked},
	{"user namespace", own_userns},
	{"user and network namespace of another user", dropped_userns},
	{"network namespace", own_netns},
	{"mount namespace", own_mountns},
	{"root", chrooted},
	{"root, by another thread", jailed_by_thread},
	{"root, by another process", jailed_by_process},
	{"root, of another thread", jails_thread},
	{"root, moved by another process", pivoted_by_process},
	{"set-user-id program", set_user_id_program},
	{"cgroup", moved_cgroup},
	{"few descriptors", few_descriptors},
};

int same_main(const char *name)
{
	dir = env_str("EVADE_DIR");
	if (!strcmp(name, "see")) {
		see_all();
		return 0;
	}
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		int status = 0;

		if (strcmp(name, "all") && strcmp(name, changes[i].name))
			continue;
		printf("%s\n", changes[i].name);
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			alarm(20);
			changes[i].fn();
			fflush(stdout);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		if (status)
			printf("  status %x\n", status);
	}
	return 0;
}
