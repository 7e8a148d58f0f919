/*
 * caller.h - who makes a call: its memory, its descriptors, its rights.
 *
 * catch fills one per caught call and knows what stands behind it (a stopped
 * process, our own process, an emulator's guest); all other steps use these
 * operations only.
 */
#ifndef SOCKETCALL_CALLER_H
#define SOCKETCALL_CALLER_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "call.h"
#include "handles.h"

struct caller;
struct rights;

enum { CALLER_SPANS_MAX = 16 };

struct caller_ops {
	/* Copies from the caller's memory. Returns the bytes copied before the
	 * first unreadable byte (len if all), -EFAULT if none could be, or
	 * another -errno if the memory cannot be reached at all (-EPERM: not
	 * ours to read; -ESRCH: gone). Reads each byte at most once. */
	ssize_t (*read)(struct caller *, uint64_t at, void *buf, size_t len);
	/* The same the other way. */
	ssize_t (*write)(struct caller *, uint64_t at, const void *buf, size_t len);
	/* Nobody knows how much memory there is, and a program's length of a buffer that is
	 * only written may say too much: such a one is not read but where it must be. */
	bool unchecked;
	/* From one buffer to several places in their order, n <= CALLER_SPANS_MAX of
	 * them. Returns as write does. NULL: they are written one by one. */
	ssize_t (*write_spans)(struct caller *, const struct call_span *, unsigned n,
			       const void *buf);
	/* A handle of ours on the open file behind the caller's descriptor;
	 * -EBADF as Linux, or another -errno. Give it back with fd_put. */
	int (*fd_get)(struct caller *, int fd);
	void (*fd_put)(struct caller *, int handle);
	/* 0 if the handle is a socket, -ENOTSOCK, or -EBADF (O_PATH). Asked only
	 * when an error must be put in Linux's order, so it may be slow. */
	int (*fd_check)(struct caller *, int handle);
	/* Is what was read still the caller's? A process may have died and its
	 * number been used again while we read. 0, or -ESRCH. NULL: it cannot. */
	int (*still_there)(struct caller *);
	/* With whose rights to serve, as they are now: *r stays valid until the
	 * call is answered, and is NULL if they are our own. 0, or the -errno with
	 * which to refuse (-EPERM: cannot be known). NULL: always our own. */
	int (*rights)(struct caller *, const struct rights **r);
	/* A handle on the caller's working directory, for pathnames, and its umask(2);
	 * whoever asks closes it. It takes our own rights, not the caller's. NULL: they
	 * are ours. */
	int (*cwd)(struct caller *, mode_t *umask);
	/* The numbers that the caller's next n descriptors would get. 0; -EMFILE if it
	 * may not have so many; another -errno if that cannot be known. May be slow.
	 * NULL: it cannot be known. */
	int (*fd_next)(struct caller *, unsigned n, int *numbers);
	/* Serving is about to wait: let other callers be caught meanwhile. NULL:
	 * waiting hurts nobody. */
	void (*waits)(struct caller *);
	/* Sends the caller a signal that the kernel would have sent it for its call
	 * (SIGPIPE). NULL: it has no signals. */
	void (*signal)(struct caller *, int sig);
	/* Puts a copy of the handle into the caller's descriptor table, lowest
	 * free number. Returns the number, or -EMFILE etc. */
	int (*fd_install)(struct caller *, int handle, bool cloexec);
};

struct caller {
	const struct caller_ops *ops;
	pid_t tid, tgid; /* as we see them; 0 if there is no process */
	pid_t server;    /* the task of ours that serves the call now, for interrupting it;
	                  * 0: the thread that caught it */
	const struct rights *as; /* while it is served: what ops->rights gave */
	struct alloc *mem;       /* of what its calls and results own; NULL: malloc(3) */
	struct handles handles;  /* whose the handles of fd_get and of results are */
};

/* Reads exactly len bytes or fails: 0, -EFAULT or another -errno. */
static inline int caller_read(struct caller *who, uint64_t at, void *buf, size_t len)
{
	ssize_t n = len ? who->ops->read(who, at, buf, len) : 0;

	return n < 0 ? (int)n : (size_t)n < len ? -EFAULT : 0;
}
static inline int caller_write(struct caller *who, uint64_t at, const void *buf, size_t len)
{
	ssize_t n = len ? who->ops->write(who, at, buf, len) : 0;

	return n < 0 ? (int)n : (size_t)n < len ? -EFAULT : 0;
}

/* Scatter and gather: moves up to len bytes between buf and the spans, in order,
 * stopping at the first fault. Returns bytes moved, or -errno if none (0 if len
 * is 0 or the spans are empty). */
ssize_t caller_read_spans(struct caller *, const struct call_span *, unsigned n,
			  uint64_t skip, void *buf, size_t len);
ssize_t caller_write_spans(struct caller *, const struct call_span *, unsigned n,
			   const void *buf, size_t len);

#endif
