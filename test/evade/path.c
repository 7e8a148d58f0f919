/*
 * path.c - names of AF_UNIX: ways to DIR/denied/sock, or to a new name in
 * DIR/denied, under a policy that denies that directory. DIR/allowed is allowed.
 */
#include "evade.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static const char *dir(void)
{
	return env_str("EVADE_DIR");
}

/* DIR/name, in one of a few static rooms. */
static const char *in_dir(const char *name)
{
	static char room[4][256];
	static unsigned turn;
	char *p = room[turn++ % 4];

	snprintf(p, sizeof(room[0]), "%s/%s", dir(), name);
	return p;
}

static socklen_t named(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, path, strnlen(path, sizeof(a->sun_path)));
	return sizeof(*a);
}

static enum outcome connect_to(const char *path)
{
	struct sockaddr_un a;
	socklen_t len = named(&a, path);
	int fd = k_socket(AF_UNIX, SOCK_STREAM, 0);

	return k_connect(fd, &a, len) < 0 ? closed(errno) : reached(fd);
}

static enum outcome path_plain(void) { return connect_to(in_dir("denied/sock")); }
static enum outcome path_dots(void) { return connect_to(in_dir("allowed/../denied/./sock")); }
static enum outcome path_slashes(void) { return connect_to(in_dir("denied///sock")); }

static enum outcome path_relative(void)
{
	if (chdir(in_dir("denied")) < 0)
		return broken("chdir");
	return connect_to("sock");
}

static enum outcome path_relative_up(void)
{
	if (chdir(in_dir("allowed")) < 0)
		return broken("chdir");
	return connect_to("../denied/sock");
}

static enum outcome path_symlink(void)
{
	char link[300];

	snprintf(link, sizeof(link), "%s.%d", in_dir("allowed/link"), getpid());
	if (symlink(in_dir("denied/sock"), link) < 0)
		return broken("symlink");
	enum outcome o = connect_to(link);
	unlink(link);
	return o;
}

static enum outcome path_symlink_dir(void)
{
	char link[300], path[320];

	snprintf(link, sizeof(link), "%s.%d", in_dir("allowed/dirlink"), getpid());
	snprintf(path, sizeof(path), "%s/sock", link);
	if (symlink("../denied", link) < 0)
		return broken("symlink");
	enum outcome o = connect_to(path);
	unlink(link);
	return o;
}

static enum outcome path_proc_cwd(void)
{
	if (chdir(in_dir("denied")) < 0)
		return broken("chdir");
	return connect_to("/proc/self/cwd/sock");
}

static enum outcome path_proc_root(void)
{
	char path[300];

	snprintf(path, sizeof(path), "/proc/self/root%s", in_dir("denied/sock"));
	return connect_to(path);
}

static enum outcome path_proc_pid_root(void)
{
	char path[300];

	snprintf(path, sizeof(path), "/proc/%d/root%s", getpid(), in_dir("denied/sock"));
	return connect_to(path);
}

static enum outcome through_fd(const char *fmt)
{
	char path[100];
	int fd = open(in_dir("denied"), O_PATH | O_DIRECTORY);

	snprintf(path, sizeof(path), fmt, fd);
	return connect_to(path);
}

static enum outcome path_proc_fd(void) { return through_fd("/proc/self/fd/%d/sock"); }
static enum outcome path_proc_fd_odd(void) { return through_fd("/proc//self/./fd/%d/sock"); }
static enum outcome path_proc_thread_fd(void) { return through_fd("/proc/thread-self/fd/%d/sock"); }
static enum outcome path_dev_fd(void) { return through_fd("/dev/fd/%d/sock"); }

static enum outcome path_proc_fd_socket(void)
{
	char path[100];
	int fd = open(in_dir("denied/sock"), O_PATH);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return connect_to(path);
}

/* The length ends the name, not a NUL. */
static enum outcome path_length(void)
{
	struct sockaddr_un a;
	int fd = k_socket(AF_UNIX, SOCK_STREAM, 0);

	named(&a, in_dir("denied/sockXY"));
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + strlen(a.sun_path) - 2;
	return k_connect(fd, &a, len) < 0 ? closed(errno) : reached(fd);
}

static enum outcome path_sendto(void)
{
	struct sockaddr_un a;
	socklen_t len = named(&a, in_dir("denied/dgram"));
	int fd = k_socket(AF_UNIX, SOCK_DGRAM, 0);
	sa_family_t none = AF_UNIX;

	k_bind(fd, &none, sizeof(none)); /* a name of its own, to be answered */
	return k_sendto(fd, "x", 1, 0, &a, len) < 0 ? closed(errno) : reached(fd);
}

static enum outcome path_sendmsg(void)
{
	struct sockaddr_un a;
	struct iovec iov = {"x", 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_name = &a,
			   .msg_namelen = named(&a, in_dir("allowed/../denied/dgram"))};
	int fd = k_socket(AF_UNIX, SOCK_DGRAM, 0);
	sa_family_t none = AF_UNIX;

	k_bind(fd, &none, sizeof(none));
	return k_sendmsg(fd, &m, 0) < 0 ? closed(errno) : reached(fd);
}

static enum outcome abstract_name(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int n = snprintf(a.sun_path + 1, 100, "evade-denied-%d", env_int("EVADE_DENIED"));
	int fd = k_socket(AF_UNIX, SOCK_STREAM, 0);

	return k_connect(fd, &a, offsetof(struct sockaddr_un, sun_path) + 1 + n) < 0 ? closed(errno)
										    : reached(fd);
}

/* --- bind --- */

static enum outcome bind_to(const char *path)
{
	struct sockaddr_un a;
	socklen_t len = named(&a, path);
	int fd = k_socket(AF_UNIX, SOCK_STREAM, 0);

	unlink(path);
	if (k_bind(fd, &a, len) < 0)
		return closed(errno);
	unlink(path);
	return through("bound");
}

static enum outcome bind_plain(void) { return bind_to(in_dir("denied/mine")); }
static enum outcome bind_dots(void) { return bind_to(in_dir("allowed/../denied/mine")); }

static enum outcome bind_relative(void)
{
	if (chdir(in_dir("denied")) < 0)
		return broken("chdir");
	return bind_to("mine");
}

static enum outcome bind_symlink_dir(void)
{
	char link[300], path[320];

	snprintf(link, sizeof(link), "%s.%d", in_dir("allowed/bindlink"), getpid());
	snprintf(path, sizeof(path), "%s/mine", link);
	if (symlink("../denied", link) < 0)
		return broken("symlink");
	enum outcome o = bind_to(path);
	unlink(link);
	return o;
}

static enum outcome bind_proc_fd(void)
{
	char path[100];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/mine",
		 open(in_dir("denied"), O_PATH | O_DIRECTORY));
	return bind_to(path);
}

/* Numbers that we have not, but the supervisor may have. */
static enum outcome bind_our_descriptors(void)
{
	char path[100];

	for (int fd = 3; fd < 64; fd++)
		close(fd);
	if (chdir(in_dir("allowed")) < 0)
		return broken("chdir");
	for (int i = 0; i < 200; i++) {
		int s = k_socket(AF_UNIX, SOCK_STREAM, 0);
		struct sockaddr_un a;
		socklen_t len;

		snprintf(path, sizeof(path), "/proc//self/fd/%d/mine", 4 + i % 40);
		len = named(&a, path);
		if (k_bind(s, &a, len) == 0)
			return through("bound %s", path);
		close(s);
	}
	return closed(ENOENT);
}

/* --- the same place under another name; as root --- */

static enum outcome chroot_into(void)
{
	if (chroot(in_dir("denied")) < 0 || chdir("/") < 0)
		return broken("chroot");
	return connect_to("/sock");
}

static enum outcome chroot_above(void)
{
	if (chroot(dir()) < 0 || chdir("/") < 0)
		return broken("chroot");
	return connect_to("/denied/sock");
}

static enum outcome chroot_bind(void)
{
	if (chroot(in_dir("denied")) < 0 || chdir("/") < 0)
		return broken("chroot");
	return bind_to("/mine");
}

static bool own_mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static enum outcome mount_over(void)
{
	if (!own_mounts() || mount(in_dir("denied"), in_dir("allowed"), NULL, MS_BIND, NULL) < 0)
		return broken("mount: %d", errno);
	return connect_to(in_dir("allowed/sock"));
}

static enum outcome mount_socket_over(void)
{
	if (!own_mounts() ||
	    mount(in_dir("denied/sock"), in_dir("allowed/sock"), NULL, MS_BIND, NULL) < 0)
		return broken("mount: %d", errno);
	return connect_to(in_dir("allowed/sock"));
}

static enum outcome mount_bind_name(void)
{
	if (!own_mounts() || mount(in_dir("denied"), in_dir("allowed"), NULL, MS_BIND, NULL) < 0)
		return broken("mount: %d", errno);
	return bind_to(in_dir("allowed/mine"));
}

static void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(name);
	close(fd);
}

/* Anybody may have a user namespace, and mount in it. */
static enum outcome mount_in_userns(void)
{
	char map[64];
	int uid = getuid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return skip("no user namespaces");
	snprintf(map, sizeof(map), "0 %d 1", uid);
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", map);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(in_dir("denied"), in_dir("allowed"), NULL, MS_BIND | MS_REC, NULL) < 0)
		return broken("mount: %d", errno);
	return connect_to(in_dir("allowed/sock"));
}

/* Who may write the directory may give the socket another name. */
static enum outcome hard_link(void)
{
	const char *other = in_dir("allowed/hard");

	unlink(other);
	if (link(in_dir("denied/sock"), other) < 0)
		return broken("link: %d", errno);
	enum outcome o = connect_to(other);
	unlink(other);
	return o;
}

/* --- races on names --- */

static volatile bool stop;
static char swap_a[300], swap_b[300];

static void *swapper(void *arg)
{
	while (!stop)
		syscall(SYS_renameat2, AT_FDCWD, swap_a, AT_FDCWD, swap_b, RENAME_EXCHANGE);
	return arg;
}

/* DIR/allowed/swap is now a link to what is allowed, now to what is denied. */
static enum outcome race_path(bool of_dir)
{
	struct sockaddr_un a;
	char path[320], answer;
	double end = now() + env_int("EVADE_SECONDS");
	unsigned tries = 0;
	pthread_t t;
	enum outcome o = CLOSED;

	snprintf(swap_a, sizeof(swap_a), "%s.%d", in_dir("allowed/swap"), getpid());
	snprintf(swap_b, sizeof(swap_b), "%s.%d", in_dir("allowed/swop"), getpid());
	unlink(swap_a);
	unlink(swap_b);
	if (symlink(of_dir ? in_dir("allowed") : in_dir("allowed/sock"), swap_a) < 0 ||
	    symlink(of_dir ? in_dir("denied") : in_dir("denied/sock"), swap_b) < 0)
		return broken("symlink");
	snprintf(path, sizeof(path), "%s%s", swap_a, of_dir ? "/sock" : "");
	socklen_t len = named(&a, path);
	pthread_create(&t, NULL, swapper, NULL);
	for (; now() < end && o != THROUGH; tries++) {
		int fd = k_socket(AF_UNIX, SOCK_STREAM, 0);

		if (k_connect(fd, &a, len) == 0 && read(fd, &answer, 1) == 1 && answer == 'D')
			o = THROUGH;
		close(fd);
	}
	stop = true;
	pthread_join(t, NULL);
	unlink(swap_a);
	unlink(swap_b);
	return o == THROUGH ? through("after %u tries", tries) : closed(EPERM);
}

static enum outcome race_symlink(void) { return race_path(false); }
static enum outcome race_symlink_dir(void) { return race_path(true); }

/* bind to a directory that is swapped meanwhile. */
static enum outcome race_bind(void)
{
	struct sockaddr_un a;
	char path[320];
	char bad[300];
	double end = now() + env_int("EVADE_SECONDS");
	pthread_t t;
	bool got = false;

	snprintf(swap_a, sizeof(swap_a), "%s.%d", in_dir("allowed/bswap"), getpid());
	snprintf(swap_b, sizeof(swap_b), "%s.%d", in_dir("allowed/bswop"), getpid());
	unlink(swap_a);
	unlink(swap_b);
	snprintf(bad, sizeof(bad), "%s", in_dir("denied/raced"));
	unlink(bad);
	if (symlink(in_dir("allowed"), swap_a) < 0 || symlink(in_dir("denied"), swap_b) < 0)
		return broken("symlink");
	snprintf(path, sizeof(path), "%s/raced", swap_a);
	socklen_t len = named(&a, path);
	pthread_create(&t, NULL, swapper, NULL);
	while (now() < end && !got) {
		int fd = k_socket(AF_UNIX, SOCK_STREAM, 0);

		if (k_bind(fd, &a, len) == 0) {
			got = access(bad, F_OK) == 0;
			unlink(in_dir("allowed/raced"));
		}
		close(fd);
	}
	stop = true;
	pthread_join(t, NULL);
	unlink(bad);
	unlink(swap_a);
	unlink(swap_b);
	return got ? through("bound") : closed(EPERM);
}

const struct attack path_attacks[] = {
	{"path", path_plain},
	{"path-dots", path_dots},
	{"path-slashes", path_slashes},
	{"path-relative", path_relative},
	{"path-relative-up", path_relative_up},
	{"path-symlink", path_symlink},
	{"path-symlink-dir", path_symlink_dir},
	{"path-proc-cwd", path_proc_cwd},
	{"path-proc-root", path_proc_root},
	{"path-proc-pid-root", path_proc_pid_root},
	{"path-proc-fd", path_proc_fd},
	{"path-proc-fd-odd", path_proc_fd_odd},
	{"path-proc-thread-fd", path_proc_thread_fd},
	{"path-dev-fd", path_dev_fd},
	{"path-proc-fd-socket", path_proc_fd_socket},
	{"path-length", path_length},
	{"path-sendto", path_sendto},
	{"path-sendmsg", path_sendmsg},
	{"abstract-name", abstract_name},
	{"bind", bind_plain},
	{"bind-dots", bind_dots},
	{"bind-relative", bind_relative},
	{"bind-symlink-dir", bind_symlink_dir},
	{"bind-proc-fd", bind_proc_fd},
	{"bind-our-descriptors", bind_our_descriptors},
	{"chroot-into", chroot_into},
	{"chroot-above", chroot_above},
	{"chroot-bind", chroot_bind},
	{"mount-over", mount_over},
	{"mount-socket-over", mount_socket_over},
	{"mount-bind-name", mount_bind_name},
	{"mount-in-userns", mount_in_userns},
	{"hard-link", hard_link},
	{"race-symlink", race_symlink},
	{"race-symlink-dir", race_symlink_dir},
	{"race-bind", race_bind},
	{NULL, NULL},
};
