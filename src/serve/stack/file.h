/*
 * file.h - what a descriptor names: a socket or an epoll set, counted.
 *
 * References are held by descriptors (task.h), by messages under way (SCM_RIGHTS),
 * by calls under way (handles), and by what waits. The last one to go releases it.
 *
 * A watch is somebody who wants to hear of a change: a call that waits, a poll, an
 * epoll item, an embedder's callback. Whoever changes a file's state calls
 * file_notify() with the events that may have come true; a watch that hears of one
 * looks again. Hearing too often is right, too rarely is not.
 */
#ifndef SOCKETCALL_STACK_FILE_H
#define SOCKETCALL_STACK_FILE_H

#include <poll.h>

#include "net.h"

struct watch {
	LIST_ENTRY(watch) entry;
	struct file *file;   /* it is on this one's list; NULL: on none */
	uint32_t events;     /* POLLIN ...; POLLERR and POLLHUP are always heard */
	/* Under the lock; may stop the watch itself, and start others on this file, but
	 * stop no other one of the same file. events 0: the file is about to be released.
	 * Only a watch that holds no reference hears that; it must stop itself. */
	void (*fire)(struct watch *, uint32_t events);
};

struct file_ops {
	const char *name; /* "socket", "epoll" */
	uint32_t (*poll)(struct file *); /* POLLIN ...: what is true now */
	void (*release)(struct file *);  /* the last reference is gone; frees it */
	/* Only messages hold it now: may release it, if they lie in a ring. NULL: there
	 * is nothing to do. */
	void (*unheld)(struct file *);
};

struct file {
	const struct file_ops *ops;
	struct net *net;
	unsigned refs;
	unsigned in_flight;  /* of refs, those in messages of AF_UNIX sockets */
	bool nonblock;       /* O_NONBLOCK */
	bool async;          /* O_ASYNC (kept, no signals) */
	LIST_HEAD(, watch) watches;
};

/* A new one with one reference, counted against the network's limit: 0 or -ENFILE. */
int file_init(struct file *, struct net *, const struct file_ops *);
static inline struct file *file_get(struct file *f)
{
	f->refs++;
	return f;
}
/* Only messages hold it now, which may be in a ring, or nothing does. */
void file_unheld(struct file *);
static inline void file_put(struct file *f) /* NULL is fine */
{
	if (f && --f->refs <= f->in_flight)
		file_unheld(f);
}
/* For release(): takes it from the network's count. Its memory is the owner's. */
void file_end(struct file *);

/* A reference to f as a number for struct call and struct result; -ENOMEM. */
int file_handle(struct file *f);
struct file *file_of(struct net *, int handle); /* no reference of its own */
void handle_put(struct net *, int handle);

/* What poll(2) would say, of the events asked for and POLLERR, POLLHUP. */
static inline uint32_t file_poll(struct file *f, uint32_t events)
{
	return f->ops->poll(f) & (events | POLLERR | POLLHUP);
}

void watch_start(struct watch *, struct file *, uint32_t events,
		 void (*fire)(struct watch *, uint32_t));
void watch_stop(struct watch *); /* fine if it is on none */

void file_notify_watches(struct file *, uint32_t events);
static inline void file_notify(struct file *f, uint32_t events)
{
	if (!LIST_EMPTY(&f->watches))
		file_notify_watches(f, events);
}

#endif
