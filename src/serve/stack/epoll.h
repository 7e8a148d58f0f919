/*
 * epoll.h - epoll sets: files that watch other files, as epoll(7) has them.
 */
#ifndef SOCKETCALL_STACK_EPOLL_H
#define SOCKETCALL_STACK_EPOLL_H

#include <sys/epoll.h>

#include "file.h"

extern const struct file_ops epoll_file_ops;
static inline bool file_is_epoll(const struct file *f)
{
	return f->ops == &epoll_file_ops;
}

/* A new set with one reference: 0, -ENOMEM or -ENFILE. */
int epoll_new(struct net *, struct file **out);

/* EPOLL_CTL_ADD, MOD, DEL of the item of this file and number; event is not read for DEL.
 * 0, -EEXIST, -ENOENT, -EINVAL, -ELOOP, -ENOMEM, in the kernel's order. */
int epoll_change(struct file *set, int op, struct file *target, int fd,
		 const struct epoll_event *event);

/* Takes up to max of what is ready, max > 0: how many. */
int epoll_take(struct file *set, struct epoll_event *out, int max);

/* For a watch: what to listen to for these events. Whoever notifies may name one event
 * of several that come true together (POLLIN for POLLRDNORM). */
uint32_t events_heard(uint32_t events);

#endif
