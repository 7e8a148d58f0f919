/*
 * procfs.h - reading a task's rights and signals out of /proc.
 */
#ifndef SOCKETCALL_CATCH_PROCFS_H
#define SOCKETCALL_CATCH_PROCFS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../call/rights.h"

/* Does /proc show processes by the numbers that we know them by? Else it would tell of
 * others: -EXDEV. */
int procfs_check(void);
/* Ids, groups and capabilities from /proc/<tid>/status, in the user namespace of
 * the reader. 0 or -errno; r->groups is allocated. */
int procfs_status(pid_t tid, struct rights *r);
/* All of rights but pidfd. 0 or -errno; on failure nothing is left allocated. */
int procfs_rights(pid_t tid, struct rights *r);
int procfs_cgroup(pid_t tid, char *path, size_t size);
/* Its umask(2). 0 or -errno. */
int procfs_umask(pid_t tid, mode_t *umask);
/* Parent process and thread group of a task. */
int procfs_parent(pid_t tid, pid_t *ppid, pid_t *tgid);

struct procfs_signals {
	uint64_t pending, shared_pending, blocked, ignored;
	unsigned threads;
	pid_t tgid;
};
int procfs_signals(pid_t tid, struct procfs_signals *s);

#endif
