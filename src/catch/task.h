/*
 * task.h - what is known of each task that makes calls: its pidfd and rights.
 *
 * Reading a task's rights takes tens of microseconds, so they are kept. They
 * are true as long as the task has made no call that changes them; the filter
 * notifies those calls (filter_rights_calls), and task_changes() forgets. A
 * changed cgroup is seen by the id that PIDFD_GET_INFO gives (Linux 6.13), or by
 * reading it each time before that.
 *
 * A pidfd stays on the same task even if its number is given to another.
 * A task is in one call at a time, so the thread that serves it owns its entry
 * from task_hold() to task_drop(); only task_changes() of a sibling may come
 * between, and it only marks.
 */
#ifndef SOCKETCALL_CATCH_TASK_H
#define SOCKETCALL_CATCH_TASK_H

#include <stdbool.h>
#include <sys/types.h>

#include "../call/rights.h"
#include "../socketcall.h"

struct task_table;
struct task;

/* NULL with *err = -errno: out of memory, /proc cannot be read, or is that of another
 * process namespace (-EXDEV). */
struct task_table *task_table_new(int *err);
void task_table_free(struct task_table *);

/* The task with that thread id. NULL with *err = -errno if it is gone. */
struct task *task_hold(struct task_table *, pid_t tid, int *err);
void task_drop(struct task_table *, struct task *);
/* The entry was for a task that has died; look again under the same number. */
struct task *task_renew(struct task_table *, struct task *, int *err);

int task_pidfd(const struct task *);
pid_t task_tgid(const struct task *);

/* Its rights now; *r is NULL if they are our own. 0 or -errno. */
int task_rights(struct task_table *, struct task *, const struct rights **r);

/* The task is about to make a call that changes rights. */
void task_changes(struct task_table *, struct task *, enum rights_change);
/* May the task have restricted itself in a way that no other can see or take on
 * (Landlock)? Once one has, so may have all that were not known before: whose child
 * a task is does not tell from whom it inherits (CLONE_PARENT, subreapers). */
bool task_restricted(struct task_table *, const struct task *);

/* Is a signal waiting that interrupts the task's call?
 * 0 no; 1 yes, and the task itself is the one to take it; 2 perhaps: a thread
 * of its process will. -ESRCH if it is gone. (/proc/<tid>/status) */
int task_signalled(pid_t tid, pid_t tgid);

#endif
