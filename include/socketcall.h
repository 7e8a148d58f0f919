/*
 * socketcall.h - the twenty socket calls, anywhere.
 *
 * socketcall(2) is one kernel entry for twenty calls: socket bind connect listen
 * accept getsockname getpeername socketpair send recv sendto recvfrom shutdown
 * setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg. This library has it
 * on every architecture, and two places to serve it from: the host's kernel, and
 * networks of its own that live in this process's memory.
 *
 *     struct sc_net *net = sc_net_new(NULL);
 *     struct sc_host *host = sc_host_new(net, "a");
 *     struct sc_task *task = sc_task_new(host, NULL);
 *     int s = sc_socket(task, AF_INET, SOCK_STREAM, 0);
 *
 * Errors. socketcall() is as libc's calls: -1 and errno. Every sc_ function that
 * returns int, long or ssize_t returns a negative errno itself (-EAGAIN) and leaves
 * errno alone. What returns a pointer returns NULL for want of memory. The errors of
 * the calls are those of the manual pages (socket(7), ip(7), tcp(7), udp(7), unix(7)).
 *
 * Threads. A network has one lock; any thread may use any task of it at any time, but
 * for sc_net_free() and what is said below. Different networks share nothing. The
 * library starts no thread, installs no signal handler, and has no global state but
 * two thread-locals: the task that socketcall() uses, and the call parked last.
 *
 * Ownership. What sc_X_new() returns is ended by sc_X_free() (hosts: by their network).
 * Buffers, addresses and strings stay the caller's and are not kept after return, but
 * for calls that are parked (below).
 *
 * Units. Times are int64_t nanoseconds unless the system's structure says otherwise;
 * sizes are bytes; addresses and ports in struct sockaddr are in network order.
 *
 * Structures given through sc_..., and constants, are those of this machine's libc.
 */
#ifndef SOCKETCALL_H
#define SOCKETCALL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers of <linux/net.h>. */
#ifndef SYS_SOCKET
#define SYS_SOCKET 1
#define SYS_BIND 2
#define SYS_CONNECT 3
#define SYS_LISTEN 4
#define SYS_ACCEPT 5
#define SYS_GETSOCKNAME 6
#define SYS_GETPEERNAME 7
#define SYS_SOCKETPAIR 8
#define SYS_SEND 9
#define SYS_RECV 10
#define SYS_SENDTO 11
#define SYS_RECVFROM 12
#define SYS_SHUTDOWN 13
#define SYS_SETSOCKOPT 14
#define SYS_GETSOCKOPT 15
#define SYS_SENDMSG 16
#define SYS_RECVMSG 17
#define SYS_ACCEPT4 18
#define SYS_RECVMMSG 19
#define SYS_SENDMMSG 20
#endif

#if defined(__GNUC__) && __GNUC__ >= 4
#define SC_API __attribute__((visibility("default")))
#else
#define SC_API
#endif

struct sc_net;    /* a network */
struct sc_host;   /* a host on it, with addresses */
struct sc_task;   /* a program on a host: descriptors and ids */
struct sc_parked; /* a call that waits, of a task that does not block */
struct sc_watch;  /* a callback on a descriptor */

/* ------------------------------------------------------------ the drop-in call */

/*
 * socketcall(2). args points to as many words as the call has arguments. Returns
 * what the call returns, or -1 and errno.
 *
 * The host's kernel serves it, by its direct calls, unless this thread has a task
 * (sc_task_use): then that task's network does.
 */
SC_API int socketcall(int call, unsigned long *args);

/* The task that socketcall() of this thread uses; NULL: the host's kernel. Returns
 * the one before. The task must not end while it is used. */
SC_API struct sc_task *sc_task_use(struct sc_task *task);

/* -------------------------------------------------------------------- networks */

/*
 * Memory, as realloc(3) gives it: ptr NULL allocates, size 0 frees and returns NULL.
 * NULL otherwise: there is none, and ptr is as it was. Aligned for any type. Called
 * with the network's lock held: it must not call the library.
 */
typedef void *sc_alloc_fn(void *ctx, void *ptr, size_t size);

/* Monotonic time, ns. With the network's lock held: it must not call the library. */
typedef int64_t sc_clock_fn(void *ctx);

/* Bounds of a network; 0: the default, in brackets. A call that meets one fails with
 * the errno named. */
struct sc_limits {
	unsigned files;          /* sockets and epoll sets: ENFILE [4,194,304] */
	unsigned files_per_task; /* RLIMIT_NOFILE of a task: EMFILE [1,048,576; 2^27 at most] */
	unsigned in_flight;      /* descriptors in messages, a task: ETOOMANYREFS [16,384] */
	unsigned backlog;        /* net.core.somaxconn [4096] */
	unsigned time_wait;      /* ports remembered in TIME_WAIT [8,192] */
	unsigned buffer;         /* the most SO_RCVBUF and SO_SNDBUF give [4,194,304] */
	size_t memory;           /* all that is allocated: ENOMEM, ENOBUFS [no bound] */
};

enum sc_time {
	SC_TIME_REAL,    /* CLOCK_MONOTONIC; for time of day CLOCK_REALTIME */
	SC_TIME_CLOCK,   /* sc_config.clock; time of day is it plus sc_config.epoch_ns */
	SC_TIME_VIRTUAL, /* stands still but for sc_net_advance(); begins at 0 */
	/* The same, and a call that would block lets time pass to the next timer of the
	 * network instead, at once. For single-threaded tests. If there is no timer, it
	 * blocks: nothing but another thread can end it. */
	SC_TIME_AUTO,
};

struct sc_config {
	size_t size;             /* sizeof(struct sc_config) */
	sc_alloc_fn *alloc;      /* NULL: realloc(3), free(3) */
	void *alloc_ctx;
	enum sc_time time;
	sc_clock_fn *clock;      /* SC_TIME_CLOCK */
	void *clock_ctx;
	int64_t epoch_ns;        /* SC_TIME_CLOCK, _VIRTUAL, _AUTO: time of day at time 0 */
	uint64_t seed;           /* of ephemeral ports and the like: same seed, same run. 0: one
	                          * that is always the same, but a random one with
	                          * SC_TIME_REAL. Give a random one to hostile programs. */
	struct sc_limits limits;
};

/* config NULL: defaults. NULL: no memory, or the config is wrong (SC_TIME_CLOCK without
 * a clock). */
SC_API struct sc_net *sc_net_new(const struct sc_config *config);
/* Ends its tasks and hosts, too, and gives up calls that are parked: their sc_parked is
 * gone. No thread may be in it. */
SC_API void sc_net_free(struct sc_net *net);

/* Time. Timers (timeouts, keepalive, TCP_CORK, ...) run when any call enters the
 * network, when a thread blocks in it, and here. */
SC_API int64_t sc_net_now(struct sc_net *net);       /* ns */
SC_API int64_t sc_net_next_timer(struct sc_net *net); /* when; INT64_MAX: none */
SC_API void sc_net_run(struct sc_net *net);          /* runs what is due */
/* SC_TIME_VIRTUAL, _AUTO: lets ns pass, running each timer exactly at its time. */
SC_API void sc_net_advance(struct sc_net *net, int64_t ns);

struct sc_usage {
	size_t memory;           /* bytes allocated now */
	unsigned files;          /* sockets and epoll sets */
	unsigned in_flight;      /* descriptors in messages */
	unsigned tasks, hosts;
};
SC_API void sc_net_usage(struct sc_net *net, struct sc_usage *usage);

/* ----------------------------------------------------------------------- hosts */

/* A host has lo with 127.0.0.1/8 and ::1/128, and eth0 on the one link of the
 * network. name: for messages; up to 63 bytes are kept. */
SC_API struct sc_host *sc_host_new(struct sc_net *net, const char *name);
/* An address for eth0: "10.0.0.1/24", "fd00::1/64"; without a prefix nobody else is on
 * its link. -EINVAL, -EEXIST (somebody on
 * the network has it), -ENOMEM. */
SC_API int sc_host_add_address(struct sc_host *host, const char *address);
SC_API int sc_host_del_address(struct sc_host *host, const char *address);
/* Pulls its cable, or puts it back. Meanwhile datagrams are lost, and TCP waits as
 * long as its timeouts say. */
SC_API void sc_host_set_up(struct sc_host *host, bool up);
/* Removes the pathname of an AF_UNIX socket, which stays after its socket's end as a
 * file does: unlink(2). -ENOENT. */
SC_API int sc_unlink(struct sc_host *host, const char *path);

/* ----------------------------------------------------------------------- tasks */

/*
 * Another way to the memory that addresses of a task's calls name: a guest's. Both
 * return the bytes moved before the first fault (size if none), or -EFAULT; called
 * with the network's lock held, must not call the library.
 */
struct sc_memory {
	ssize_t (*read)(void *ctx, uint64_t address, void *buf, size_t size);
	ssize_t (*write)(void *ctx, uint64_t address, const void *buf, size_t size);
	void *ctx;
};

/* A guest's words must be of this machine's byte order and no longer than its own:
 * otherwise sc_task_new() returns NULL. */
enum sc_abi { SC_ABI_OWN, SC_ABI_I386, SC_ABI_X86_64 };

struct sc_task_config {
	size_t size;             /* sizeof(struct sc_task_config) */
	int uid, gid;            /* SO_PEERCRED, SCM_CREDENTIALS [0] */
	int pid;                 /* 0: one is chosen */
	bool unprivileged;       /* no ports below 1024, no ids of others */
	/* A call that would wait returns SC_PARKED instead of blocking its thread. */
	bool park;
	/* Of a parked call that should be resumed: sc_resume(). Without the lock, in the
	 * thread whose call, sc_net_run() or sc_net_advance() made it so; once for each
	 * SC_PARKED. cookie: as given to sc_parked(), before which it is not called. */
	void (*ready)(void *ctx, struct sc_parked *call, void *cookie);
	/* A signal that the kernel would have sent: SIGPIPE. NULL: none. With the lock
	 * held: must not call the library. */
	void (*signal)(void *ctx, int sig);
	void *ctx;
	enum sc_abi abi;         /* layout of what addresses name: sc_socketcall(), sc_call() */
	struct sc_memory memory; /* read NULL: this process's own, unchecked */
};

/* config NULL: root, pid chosen, blocks. NULL: no memory, or the config is wrong.
 * Freeing closes its descriptors. Calls of other threads that block in it end with
 * -EINTR; calls that are parked are given up, and their sc_parked is gone. No call may
 * begin in it then. */
SC_API struct sc_task *sc_task_new(struct sc_host *host, const struct sc_task_config *config);
SC_API void sc_task_free(struct sc_task *task);
/* A task like it, with a pid of its own, that shares its descriptors (as CLONE_FILES)
 * or has a copy of them (as fork(2)). */
SC_API struct sc_task *sc_task_fork(struct sc_task *task, bool share_descriptors);
/* As execve(2): shares its descriptors with nobody any more, and closes those that are
 * FD_CLOEXEC. 0, or -ENOMEM: all is as it was. */
SC_API int sc_task_exec(struct sc_task *task);
/* A signal: each call of it that waits ends with -EINTR, or with what it has done. */
SC_API void sc_task_interrupt(struct sc_task *task);
SC_API int sc_task_pid(struct sc_task *task);

/* ----------------------------------------------------------- calls that are parked */

/* What a call of a `park` task returns that has to wait. Outside the errno range. */
#define SC_PARKED (-4096L)

/* The call that this thread parked last (of this task), once it returned SC_PARKED;
 * NULL if it was asked for already. cookie is what ready() gets, which may be called
 * before this returns, and which may end the call. Until it is over, its buffers must
 * stay. */
SC_API struct sc_parked *sc_parked(struct sc_task *task, void *cookie);
/* Serves it again: its result, and the sc_parked is gone; or SC_PARKED again: it is the
 * same sc_parked, with its cookie. ready() may call this. */
SC_API long sc_resume(struct sc_parked *call);
/* Gives it up, as a signal would: its result, -EINTR or what it has done. It is gone.
 * Another thread that is just telling ready() of it may still do so. */
SC_API long sc_cancel(struct sc_parked *call);

/* ----------------------------------------------------------------------- calls */

/* The twenty, by number; arguments behind `args` in the task's ABI and memory, or as
 * words. May return SC_PARKED. */
SC_API long sc_socketcall(struct sc_task *task, int call, uint64_t args);
SC_API long sc_call(struct sc_task *task, int call, const uint64_t words[6]);

/* The twenty by name, for callers in this process, whatever abi and memory the task has:
 * as their manual pages have them, but for the result (-errno, or SC_PARKED). */
SC_API int sc_socket(struct sc_task *, int domain, int type, int protocol);
SC_API int sc_bind(struct sc_task *, int fd, const struct sockaddr *addr, socklen_t len);
SC_API int sc_connect(struct sc_task *, int fd, const struct sockaddr *addr, socklen_t len);
SC_API int sc_listen(struct sc_task *, int fd, int backlog);
SC_API int sc_accept(struct sc_task *, int fd, struct sockaddr *addr, socklen_t *len);
SC_API int sc_getsockname(struct sc_task *, int fd, struct sockaddr *addr, socklen_t *len);
SC_API int sc_getpeername(struct sc_task *, int fd, struct sockaddr *addr, socklen_t *len);
SC_API int sc_socketpair(struct sc_task *, int domain, int type, int protocol, int sv[2]);
SC_API ssize_t sc_send(struct sc_task *, int fd, const void *buf, size_t len, int flags);
SC_API ssize_t sc_recv(struct sc_task *, int fd, void *buf, size_t len, int flags);
SC_API ssize_t sc_sendto(struct sc_task *, int fd, const void *buf, size_t len, int flags,
			 const struct sockaddr *to, socklen_t tolen);
SC_API ssize_t sc_recvfrom(struct sc_task *, int fd, void *buf, size_t len, int flags,
			   struct sockaddr *from, socklen_t *fromlen);
SC_API int sc_shutdown(struct sc_task *, int fd, int how);
SC_API int sc_setsockopt(struct sc_task *, int fd, int level, int name, const void *val,
			 socklen_t len);
SC_API int sc_getsockopt(struct sc_task *, int fd, int level, int name, void *val,
			 socklen_t *len);
SC_API ssize_t sc_sendmsg(struct sc_task *, int fd, const struct msghdr *msg, int flags);
SC_API ssize_t sc_recvmsg(struct sc_task *, int fd, struct msghdr *msg, int flags);
SC_API int sc_accept4(struct sc_task *, int fd, struct sockaddr *addr, socklen_t *len,
		      int flags);
struct mmsghdr;
SC_API int sc_recvmmsg(struct sc_task *, int fd, struct mmsghdr *msgs, unsigned n, int flags,
		       struct timespec *timeout);
SC_API int sc_sendmmsg(struct sc_task *, int fd, struct mmsghdr *msgs, unsigned n, int flags);

/* ----------------------------------------------------------------- descriptors */

/* As their manual pages, for descriptors of the task. */
SC_API ssize_t sc_read(struct sc_task *, int fd, void *buf, size_t len);
SC_API ssize_t sc_readv(struct sc_task *, int fd, const struct iovec *iov, int n);
SC_API ssize_t sc_write(struct sc_task *, int fd, const void *buf, size_t len);
SC_API ssize_t sc_writev(struct sc_task *, int fd, const struct iovec *iov, int n);
/* May return SC_PARKED: SO_LINGER with a time. The number is free at once. */
SC_API int sc_close(struct sc_task *, int fd);
SC_API int sc_dup(struct sc_task *, int fd);
SC_API int sc_dup2(struct sc_task *, int fd, int to);
SC_API int sc_dup3(struct sc_task *, int fd, int to, int flags);
/* F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL (O_NONBLOCK, O_ASYNC);
 * others: -EINVAL. */
SC_API int sc_fcntl(struct sc_task *, int fd, int cmd, long arg);
/* FIONREAD (SIOCINQ), FIONBIO, FIOCLEX, FIONCLEX, FIOASYNC, SIOCOUTQ, SIOCOUTQNSD,
 * SIOCATMARK, SIOCGSTAMP, SIOCGSTAMPNS, SIOCGIFCONF, SIOCGIFNAME, SIOCGIFINDEX,
 * SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFNETMASK, SIOCGIFBRDADDR, SIOCGIFDSTADDR,
 * SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFTXQLEN, SIOCGIFMETRIC; others: -ENOTTY. */
SC_API int sc_ioctl(struct sc_task *, int fd, unsigned long request, void *arg);

/* timeout_ms -1: none. May return SC_PARKED. */
SC_API int sc_poll(struct sc_task *, struct pollfd *fds, unsigned n, int timeout_ms);

/* epoll(7): EPOLLET, EPOLLONESHOT; not EPOLLEXCLUSIVE, EPOLLWAKEUP (-EINVAL). */
SC_API int sc_epoll_create1(struct sc_task *, int flags);
SC_API int sc_epoll_ctl(struct sc_task *, int epfd, int op, int fd, struct epoll_event *event);
SC_API int sc_epoll_wait(struct sc_task *, int epfd, struct epoll_event *events, int max,
			 int timeout_ms);

/*
 * Calls back when events (POLLIN ...; POLLERR and POLLHUP always) come true on a
 * descriptor's file: at once if they are, and after each change that leaves or makes
 * them so. Without the lock; may call anything. What it causes is told when it returns:
 * callbacks of one thread do not nest, unless one blocks. It holds the file open until
 * sc_unwatch(), which must come before the network's end. *watch is set before the first
 * callback. -EBADF, -ENOMEM.
 */
SC_API int sc_watch(struct sc_task *, int fd, short events,
		    void (*changed)(void *ctx, short revents), void *ctx,
		    struct sc_watch **watch);
/* After its return no callback begins; one that another thread began may still run. */
SC_API void sc_unwatch(struct sc_watch *watch);

#ifdef __cplusplus
}
#endif

#endif
