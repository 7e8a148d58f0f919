/*
 * task.h - who calls: a host it runs on, a table of descriptors, ids.
 *
 * A table is shared by tasks that were forked so (as CLONE_FILES), else copied.
 */
#ifndef SOCKETCALL_STACK_TASK_H
#define SOCKETCALL_STACK_TASK_H

#include <sys/types.h>

#include "file.h"

struct fd_slot {
	struct file *file; /* NULL: free */
	bool cloexec;
};

/* So that the bytes of a table are counted in an int, as Linux bounds fs.nr_open. */
#define FILES_PER_TASK_MAX (INT32_MAX / sizeof(struct fd_slot))

struct fd_table {
	unsigned refs;     /* tasks */
	struct fd_slot *slot;
	unsigned size;     /* slots there are */
	unsigned lowest;   /* none below it is free */
	unsigned limit;    /* RLIMIT_NOFILE */
};

struct creds {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

struct task {
	struct net *net;
	struct host *host;
	unsigned refs;     /* the embedder's one, calls under way */
	bool gone;         /* task_end() was called */
	void *face;        /* what embeds it; its memory goes with the task */
	struct fd_table *fds;
	struct creds creds;
	bool privileged;   /* as root: ports below 1024, SO_*FORCE, any SCM_CREDENTIALS */
	LIST_HEAD(, op) waiting; /* calls that wait */
	TAILQ_ENTRY(task) entry; /* of net.tasks */
};

struct task *task_new(struct host *, const struct creds *, bool privileged); /* NULL: ENOMEM */
/* A task with the same ids (and a pid of its own) whose table is shared or a copy. */
struct task *task_fork(struct task *, bool share_fds); /* NULL: ENOMEM */
/* Closes its descriptors; calls of it that wait end with -EINTR. */
void task_end(struct task *);
void task_release(struct task *); /* nobody has it any more */
static inline void task_put(struct task *t)
{
	if (--t->refs == 0)
		task_release(t);
}
/* As execve(2): a table of its own, without what is FD_CLOEXEC. 0; -ENOMEM: as before. */
int task_exec(struct task *);

/* The file behind a number, without a reference; NULL. */
static inline struct file *task_file(const struct task *t, int fd)
{
	return (unsigned)fd < t->fds->size ? t->fds->slot[fd].file : NULL;
}
/* Lowest free number from `min` on for f, which gets a reference more. The number,
 * -EMFILE, -ENOMEM, or -EINVAL (min past the limit). */
int task_install(struct task *, struct file *f, int min, bool cloexec);
/* dup2(2)'s half: at this very number; what was there is closed. */
int task_install_at(struct task *, struct file *f, int fd, bool cloexec);
/* The next n numbers that task_install() would give; 0 or -EMFILE, -ENOMEM. */
int task_next(struct task *, unsigned n, int *numbers);
int task_close(struct task *, int fd); /* 0 or -EBADF */

#endif
