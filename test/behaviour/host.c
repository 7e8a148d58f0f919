/*
 * host.c - the system that is the host's kernel.
 *
 * A case is a process in a network namespace of its own, with lo up. A task is a
 * thread with descriptors of its own (close_range's CLOSE_RANGE_UNSHARE), none of
 * them open, so that the first is 0. A host is another namespace, with an eth0 that
 * hangs, as its cable, on a bridge in the case's namespace. Built for 32 bits, calls
 * go through socketcall(2), the kernel's own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/net.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "behaviour.h"

struct host {
	char name[24];
	int net; /* a descriptor of its namespace, of the main thread */
	bool up;
	SLIST_ENTRY(host) entry;
};
struct own {
	SLIST_HEAD(, host) hosts;
	char dir[64]; /* where the names of AF_UNIX sockets are */
};

static __thread volatile sig_atomic_t came; /* a signal, during a call */

static void on_signal(int sig)
{
	if (sig != SIGUSR1)
		came = sig;
}

static int loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int s = socket(AF_INET, SOCK_DGRAM, 0), err;

	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	err = ioctl(s, SIOCSIFFLAGS, &ifr);
	close(s);
	return err;
}

static int host_open(struct world *w)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct own *own = calloc(1, sizeof(*own));

	w->own = own;
	if (unshare(CLONE_NEWNET) || loopback_up())
		return -errno;
	strcpy(own->dir, "/tmp/behaviour-XXXXXX");
	if (!mkdtemp(own->dir) || chdir(own->dir) || chmod(own->dir, 0777))
		return -errno;
	umask(0);
	if (w->max_files) {
		struct rlimit r = { (rlim_t)w->max_files, (rlim_t)w->max_files };

		setrlimit(RLIMIT_NOFILE, &r);
	}
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL);
	return 0;
}

static int run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *fmt, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return system(command) ? -EIO : 0;
}

static const char *host_close(struct world *w)
{
	struct own *own = w->own;

	if (chdir("/") == 0)
		run("rm -rf %s", own->dir);
	return NULL;
}

static void *make_namespace(void *arg)
{
	struct host *h = arg;

	h->net = unshare(CLONE_NEWNET) ? -1 : open("/proc/thread-self/ns/net", O_RDONLY);
	return NULL;
}

/* A device is up some time after it was set up: what is sent before is lost. */
static bool comes_up(const char *device)
{
	enum { TRIES = 2000 };
	struct ifreq ifr = { 0 };
	int s = socket(AF_INET, SOCK_DGRAM, 0), i;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	for (i = 0; i < TRIES; i++) {
		if (ioctl(s, SIOCGIFFLAGS, &ifr) == 0 && ifr.ifr_flags & IFF_RUNNING)
			break;
		usleep(1000);
	}
	close(s);
	return i < TRIES;
}

static void *wait_for_link(void *arg)
{
	struct host *h = arg;

	h->up = setns(h->net, CLONE_NEWNET) == 0 && comes_up("eth0");
	return NULL;
}

/* All commands of all hosts' making go to one shell each: starting them is what takes
 * the time. */
static int host_host(struct world *w, const char *name, char *const *addresses, int n)
{
	struct own *own = w->own;
	struct host *h = calloc(1, sizeof(*h));
	pthread_t thread;
	char batch[1024] = "", port[32];
	int err;
	size_t len = 0;
	bool first = SLIST_EMPTY(&own->hosts);

	snprintf(h->name, sizeof(h->name), "%s", name);
	if (pthread_create(&thread, NULL, make_namespace, h) || pthread_join(thread, NULL) || h->net < 0)
		return -EIO;
	SLIST_INSERT_HEAD(&own->hosts, h, entry);
	for (int i = 0; i < n; i++)
		len += (size_t)snprintf(batch + len, sizeof(batch) - len, "addr add %s dev eth0 %s\\n",
					addresses[i], strchr(addresses[i], ':') ? "nodad" : "brd +");
	err = run("%s printf 'link add v%s type veth peer name eth0 netns /proc/%d/fd/%d\\n"
		   "link set v%s master br0\\nlink set v%s up\\n' | ip -batch - && "
		   "printf 'link set lo up\\n%slink set eth0 up\\n' | nsenter --net=/proc/%d/fd/%d ip -batch -",
		   first ? "printf 'link add br0 type bridge mcast_snooping 0\\nlink set br0 up\\n' | ip -batch - &&" : "",
		   name, getpid(), h->net, name, name, batch, getpid(), h->net);
	snprintf(port, sizeof(port), "v%s", name);
	if (err || pthread_create(&thread, NULL, wait_for_link, h) || pthread_join(thread, NULL))
		return -EIO;
	return h->up && comes_up(port) && comes_up("br0") ? 0 : -ENETDOWN;
}

static int host_cable(struct world *w, const char *name, bool up)
{
	return run("bridge link set dev v%s state %d", name, up ? 3 : 0);
}

static int host_begin(struct task *t)
{
	struct own *own = t->world->own;
	struct host *h;

	if (t->parent)
		return t->shares ? 0 : unshare(CLONE_FILES);
	if (t->host) {
		SLIST_FOREACH(h, &own->hosts, entry)
			if (strcmp(h->name, t->host) == 0)
				break;
		if (!h || setns(h->net, CLONE_NEWNET))
			return -EINVAL;
	}
	if (close_range(0, ~0U, CLOSE_RANGE_UNSHARE))
		return -errno;
	/* The raw calls: libc's would change all threads. */
#ifdef SYS_setresuid32
	if (t->uid && (syscall(SYS_setgroups32, 0, NULL) || syscall(SYS_setresgid32, t->uid, t->uid, t->uid) ||
		       syscall(SYS_setresuid32, t->uid, t->uid, t->uid)))
		return -errno;
#else
	if (t->uid && (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, t->uid, t->uid, t->uid) ||
		       syscall(SYS_setresuid, t->uid, t->uid, t->uid)))
		return -errno;
#endif
	return 0;
}

/* A thread's descriptors close some time after it was joined: too late for what comes
 * next. */
static void host_end(struct task *t)
{
	if (!t->shares)
		close_range(0, ~0U, 0);
}

static void host_interrupt(struct task *t)
{
	pthread_kill(t->thread, SIGUSR1);
}

static int host_pid(struct task *t)
{
	return getpid();
}

static long over(struct task *t, long ret)
{
	long err = ret < 0 ? -errno : ret;

	t->sig = came;
	return err;
}

#ifdef SYS_socketcall
static long host_call(struct task *t, int nr, const uint64_t words[6])
{
	unsigned long args[6];

	for (int i = 0; i < 6; i++)
		args[i] = (unsigned long)words[i];
	came = 0;
	return over(t, syscall(SYS_socketcall, nr, args));
}
#else
static long host_call(struct task *t, int nr, const uint64_t w[6])
{
	static const int direct[] = {
		[SYS_SOCKET] = SYS_socket,           [SYS_BIND] = SYS_bind,
		[SYS_CONNECT] = SYS_connect,         [SYS_LISTEN] = SYS_listen,
		[SYS_ACCEPT] = SYS_accept,           [SYS_GETSOCKNAME] = SYS_getsockname,
		[SYS_GETPEERNAME] = SYS_getpeername, [SYS_SOCKETPAIR] = SYS_socketpair,
		[SYS_SEND] = SYS_sendto,             [SYS_RECV] = SYS_recvfrom,
		[SYS_SENDTO] = SYS_sendto,           [SYS_RECVFROM] = SYS_recvfrom,
		[SYS_SHUTDOWN] = SYS_shutdown,       [SYS_SETSOCKOPT] = SYS_setsockopt,
		[SYS_GETSOCKOPT] = SYS_getsockopt,   [SYS_SENDMSG] = SYS_sendmsg,
		[SYS_RECVMSG] = SYS_recvmsg,         [SYS_ACCEPT4] = SYS_accept4,
		[SYS_RECVMMSG] = SYS_recvmmsg,       [SYS_SENDMMSG] = SYS_sendmmsg,
	};

	if (nr < 1 || nr > 20)
		return -EINVAL;
	came = 0;
	return over(t, syscall(direct[nr], w[0], w[1], w[2], w[3], w[4], w[5]));
}
#endif

static void host_exec(struct task *t)
{
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) == FD_CLOEXEC)
			close(fd);
}

static ssize_t host_read(struct task *t, int fd, void *buf, size_t len)
{
	came = 0;
	return over(t, read(fd, buf, len));
}

static ssize_t host_readv(struct task *t, int fd, const struct iovec *iov, int n)
{
	came = 0;
	return over(t, readv(fd, iov, n));
}

static ssize_t host_write(struct task *t, int fd, const void *buf, size_t len)
{
	came = 0;
	return over(t, write(fd, buf, len));
}

static ssize_t host_writev(struct task *t, int fd, const struct iovec *iov, int n)
{
	came = 0;
	return over(t, writev(fd, iov, n));
}

static int host_close_fd(struct task *t, int fd)
{
	return (int)over(t, close(fd));
}

static int host_dup(struct task *t, int fd)
{
	return (int)over(t, dup(fd));
}

static int host_dup2(struct task *t, int fd, int to)
{
	return (int)over(t, dup2(fd, to));
}

static int host_dup3(struct task *t, int fd, int to, int flags)
{
	return (int)over(t, dup3(fd, to, flags));
}

static int host_fcntl(struct task *t, int fd, int cmd, long arg)
{
	return (int)over(t, fcntl(fd, cmd, arg));
}

static int host_ioctl(struct task *t, int fd, unsigned long request, void *arg)
{
	return (int)over(t, ioctl(fd, request, arg));
}

static int host_poll(struct task *t, struct pollfd *fds, unsigned n, int timeout_ms)
{
	return (int)over(t, poll(fds, n, timeout_ms));
}

static int host_epoll_create1(struct task *t, int flags)
{
	return (int)over(t, epoll_create1(flags));
}

static int host_epoll_ctl(struct task *t, int ep, int op, int fd, struct epoll_event *event)
{
	return (int)over(t, epoll_ctl(ep, op, fd, event));
}

static int host_epoll_wait(struct task *t, int ep, struct epoll_event *events, int max, int timeout_ms)
{
	return (int)over(t, epoll_wait(ep, events, max, timeout_ms));
}

const struct system system_host = {
	.name = "host",
	.label = sizeof(long) == 4 ? "host32" : "host64",
	.word = sizeof(long),
	.open = host_open,
	.close = host_close,
	.host = host_host,
	.cable = host_cable,
	.begin = host_begin,
	.end = host_end,
	.interrupt = host_interrupt,
	.pid = host_pid,
	.call = host_call,
	.exec = host_exec,
	.read = host_read,
	.readv = host_readv,
	.write = host_write,
	.writev = host_writev,
	.close_fd = host_close_fd,
	.dup = host_dup,
	.dup2 = host_dup2,
	.dup3 = host_dup3,
	.fcntl = host_fcntl,
	.ioctl = host_ioctl,
	.poll = host_poll,
	.epoll_create1 = host_epoll_create1,
	.epoll_ctl = host_epoll_ctl,
	.epoll_wait = host_epoll_wait,
};
