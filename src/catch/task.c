/*
 * task.c - a hash table of tasks by thread id, see task.h.
 *
 * Entries of dead tasks are found dead when their number is seen again, and the
 * table is swept when it has doubled, so it holds about as many entries as there
 * are live tasks.
 */
#include "task.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/uapi.h"
#include "procfs.h"

enum { BUCKETS = 1024 };

struct task {
	struct task *next;
	pid_t tid, tgid;
	int pidfd;
	unsigned held;   /* by workers; more than one only where a number was used again
	                  * while a call of the dead was still at work */
	bool gone;       /* from the table: who drops it last frees it */
	bool known;      /* rights below were read */
	bool stale;      /* and have changed since */
	bool exec_other; /* a sibling thread called execve: if it succeeds, this number
	                  * is that thread's. Trust nothing that was kept. */
	bool restricted; /* by Landlock */
	bool own;        /* rights equal ours */
	uint64_t cgroupid;
	struct rights rights;
};

struct task_table {
	pthread_mutex_t lock;
	struct rights own;
	bool any_restricted;
	bool roots_move; /* a task has changed its root: others may share it (CLONE_FS),
	                  * and when it has happened is not known. Keep nothing. */
	unsigned count, sweep_at;
	struct task *bucket[BUCKETS];
};

/* Of the thread where the kernel can (6.9), else of its process. */
static int open_pidfd(pid_t tid)
{
	int fd = syscall(SYS_pidfd_open, tid, PIDFD_THREAD);

	if (fd < 0 && errno == EINVAL) {
		pid_t ppid, tgid;
		int err = procfs_parent(tid, &ppid, &tgid);

		if (err)
			return err;
		fd = syscall(SYS_pidfd_open, tgid, 0);
	}
	return fd < 0 ? -errno : fd;
}

static bool is_alive(const struct task *t)
{
	return syscall(SYS_pidfd_send_signal, t->pidfd, 0, NULL, 0) == 0 || errno == EPERM;
}

struct task_table *task_table_new(int *err)
{
	struct task_table *table = calloc(1, sizeof(*table));

	*err = table ? procfs_check() : -ENOMEM;
	if (!*err)
		*err = procfs_rights(getpid(), &table->own);
	if (*err) {
		free(table);
		return NULL;
	}
	pthread_mutex_init(&table->lock, NULL);
	table->sweep_at = 256;
	return table;
}

static void entry_free(struct task *t)
{
	rights_free(&t->rights);
	close(t->pidfd);
	free(t);
}

void task_table_free(struct task_table *table)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct task *t = table->bucket[i], *next; t; t = next) {
			next = t->next;
			entry_free(t);
		}
	rights_free(&table->own);
	pthread_mutex_destroy(&table->lock);
	free(table);
}

static struct task **find(struct task_table *table, pid_t tid)
{
	struct task **at = &table->bucket[(unsigned)tid % BUCKETS];

	while (*at && (*at)->tid != tid)
		at = &(*at)->next;
	return at;
}

static void sweep(struct task_table *table)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct task **at = &table->bucket[i]; *at;) {
			struct task *t = *at;

			if (t->held || is_alive(t)) {
				at = &t->next;
				continue;
			}
			*at = t->next;
			entry_free(t);
			table->count--;
		}
	table->sweep_at = table->count * 2 < 256 ? 256 : table->count * 2;
}

/* With the lock held. */
static struct task *add(struct task_table *table, pid_t tid, int *err)
{
	struct task *t = calloc(1, sizeof(*t));
	pid_t ppid;

	*err = -ENOMEM;
	if (!t)
		return NULL;
	t->tid = tid;
	t->rights.pidfd = -1;
	t->pidfd = open_pidfd(tid);
	if (t->pidfd == -EMFILE) { /* the dead hold some */
		sweep(table);
		t->pidfd = open_pidfd(tid);
	}
	if (t->pidfd < 0) {
		*err = t->pidfd;
		goto free_entry;
	}
	*err = procfs_parent(tid, &ppid, &t->tgid);
	if (*err)
		goto close_pidfd;
	t->restricted = table->any_restricted;
	if (table->count >= table->sweep_at)
		sweep(table);
	struct task **at = &table->bucket[(unsigned)tid % BUCKETS];
	t->next = *at;
	*at = t;
	table->count++;
	return t;
close_pidfd:
	close(t->pidfd);
free_entry:
	free(t);
	return NULL;
}

struct task *task_hold(struct task_table *table, pid_t tid, int *err)
{
	pthread_mutex_lock(&table->lock);
	struct task *t = *find(table, tid);
	if (!t)
		t = add(table, tid, err);
	if (t)
		t->held++;
	pthread_mutex_unlock(&table->lock);
	return t;
}

static void let_go(struct task *t)
{
	if (--t->held == 0 && t->gone)
		entry_free(t);
}

void task_drop(struct task_table *table, struct task *t)
{
	pthread_mutex_lock(&table->lock);
	let_go(t);
	pthread_mutex_unlock(&table->lock);
}

struct task *task_renew(struct task_table *table, struct task *t, int *err)
{
	pid_t tid = t->tid;

	pthread_mutex_lock(&table->lock);
	if (!t->gone) {
		*find(table, tid) = t->next;
		table->count--;
		t->gone = true;
	}
	let_go(t);
	/* Another worker may have renewed it already. */
	t = *find(table, tid);
	if (!t)
		t = add(table, tid, err);
	if (t)
		t->held++;
	pthread_mutex_unlock(&table->lock);
	return t;
}

int task_pidfd(const struct task *t)
{
	return t->pidfd;
}

pid_t task_tgid(const struct task *t)
{
	return t->tgid;
}

/* Is what was kept still true? Sets the cgroup id that will tell next time. */
static bool is_current(struct task *t)
{
	struct pidfd_info info = {.mask = PIDFD_INFO_CREDS | PIDFD_INFO_CGROUPID};
	uint64_t before = t->cgroupid;
	char cgroup[sizeof(t->rights.cgroup)];

	if (ioctl(t->pidfd, PIDFD_GET_INFO, &info) == 0) {
		t->cgroupid = info.mask & PIDFD_INFO_CGROUPID ? info.cgroupid : 0;
		return t->known && !t->stale && !t->exec_other && before == t->cgroupid;
	}
	if (errno == ESRCH || !t->known || t->stale || t->exec_other)
		return false;
	return is_alive(t) && procfs_cgroup(t->tid, cgroup, sizeof(cgroup)) == 0 &&
	       !strcmp(cgroup, t->rights.cgroup);
}

int task_rights(struct task_table *table, struct task *t, const struct rights **r)
{
	struct rights fresh;
	int err;

	pthread_mutex_lock(&table->lock);
	bool current = is_current(t) && !table->roots_move;
	/* A change that is announced while we read marks it again. */
	t->stale = false;
	pthread_mutex_unlock(&table->lock);
	if (!current) {
		err = procfs_rights(t->tid, &fresh);
		if (!err && !is_alive(t)) {
			rights_free(&fresh);
			err = -ESRCH;
		}
		pthread_mutex_lock(&table->lock);
		if (err) {
			t->stale = true;
			pthread_mutex_unlock(&table->lock);
			return err;
		}
		rights_free(&t->rights);
		t->rights = fresh;
		t->rights.pidfd = t->pidfd;
		t->known = true;
		t->own = rights_equal(&t->rights, &table->own);
		pthread_mutex_unlock(&table->lock);
	}
	*r = t->own ? NULL : &t->rights;
	return 0;
}

void task_changes(struct task_table *table, struct task *t, enum rights_change change)
{
	pthread_mutex_lock(&table->lock);
	t->stale = true;
	table->any_restricted |= change == CHANGES_UNSEEN;
	table->roots_move |= change == CHANGES_ROOT;
	/* execve by a thread gives it the number of the process' first thread, and
	 * Landlock may be asked for the whole process: mark the siblings, the first
	 * thread also if it is not known yet. */
	int err;
	if (t->tid != t->tgid && change == CHANGES_PROGRAM && !*find(table, t->tgid))
		add(table, t->tgid, &err);
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct task *s = table->bucket[i]; s; s = s->next) {
			if (s->tgid != t->tgid)
				continue;
			s->restricted |= change == CHANGES_UNSEEN;
			s->exec_other |= change == CHANGES_PROGRAM && s != t && s->tid == s->tgid;
		}
	pthread_mutex_unlock(&table->lock);
}

bool task_restricted(struct task_table *table, const struct task *t)
{
	pthread_mutex_lock(&table->lock);
	bool restricted = t->restricted;
	pthread_mutex_unlock(&table->lock);
	return restricted;
}

int task_signalled(pid_t tid, pid_t tgid)
{
	struct procfs_signals s;
	int err = procfs_signals(tid, &s);

	if (err)
		return err;
	if (s.pending & ~s.blocked)
		return 1;
	if (!(s.shared_pending & ~s.blocked))
		return 0;
	/* The kernel gives a signal of the process to its first thread if that does
	 * not block it (complete_signal() in kernel/signal.c). */
	return s.threads == 1 || tid == tgid ? 1 : 2;
}
