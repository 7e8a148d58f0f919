/*
 * task.c - tasks and their tables of descriptors.
 */
#include "task.h"

#include <errno.h>

#include "inet/inet.h"
#include "op.h"

static struct fd_table *table_new(struct net *n, unsigned limit)
{
	struct fd_table *t = alloc_zero(&n->mem, sizeof(*t));

	if (t) {
		t->refs = 1;
		t->limit = limit;
	}
	return t;
}

/* Closes all, and lets nothing more in. */
static void table_close(struct fd_table *t)
{
	t->limit = 0;
	for (unsigned i = 0; i < t->size; i++) {
		struct file *f = t->slot[i].file;

		t->slot[i].file = NULL;
		file_put(f);
	}
}

static void table_put(struct net *n, struct fd_table *t)
{
	if (!t || --t->refs)
		return;
	table_close(t);
	alloc_put(&n->mem, t->slot);
	alloc_put(&n->mem, t);
}

static struct fd_table *table_copy(struct net *n, const struct fd_table *from)
{
	struct fd_table *t = table_new(n, from->limit);

	if (!t)
		return NULL;
	t->slot = from->size ? alloc_get(&n->mem, from->size * sizeof(*t->slot)) : NULL;
	if (from->size && !t->slot) {
		alloc_put(&n->mem, t);
		return NULL;
	}
	t->size = from->size;
	t->lowest = from->lowest;
	for (unsigned i = 0; i < t->size; i++) {
		t->slot[i] = from->slot[i];
		if (t->slot[i].file)
			file_get(t->slot[i].file);
	}
	return t;
}

/* A task without a table. */
static struct task *begin(struct host *h, const struct creds *creds, bool privileged)
{
	struct net *n = h->net;
	struct task *t = alloc_zero(&n->mem, sizeof(*t));

	if (!t)
		return NULL;
	t->net = n;
	t->host = h;
	t->refs = 1;
	t->creds = *creds;
	if (!t->creds.pid)
		t->creds.pid = ++n->pids;
	t->privileged = privileged;
	LIST_INIT(&t->waiting);
	TAILQ_INSERT_TAIL(&n->tasks, t, entry);
	return t;
}

struct task *task_new(struct host *h, const struct creds *creds, bool privileged)
{
	struct fd_table *fds = table_new(h->net, h->net->limit.files_per_task);
	struct task *t = fds ? begin(h, creds, privileged) : NULL;

	if (t)
		t->fds = fds;
	else
		table_put(h->net, fds);
	return t;
}

struct task *task_fork(struct task *from, bool share_fds)
{
	struct creds creds = from->creds;
	struct fd_table *fds = share_fds ? from->fds : table_copy(from->net, from->fds);
	struct task *t;

	creds.pid = 0;
	t = fds ? begin(from->host, &creds, from->privileged) : NULL;
	if (t) {
		t->fds = fds;
		fds->refs += share_fds;
	} else if (!share_fds) {
		table_put(from->net, fds);
	}
	return t;
}

void task_release(struct task *t)
{
	table_put(t->net, t->fds);
	alloc_put(&t->net->mem, t->face);
	alloc_put(&t->net->mem, t);
}

/* Calls that are still under way keep the table, though not what was in it. */
void task_end(struct task *t)
{
	struct op *op;

	LIST_FOREACH(op, &t->waiting, entry)
		op_interrupt(op);
	t->gone = true;
	TAILQ_REMOVE(&t->net->tasks, t, entry);
	if (t->fds->refs == 1)
		table_close(t->fds);
	task_put(t);
}

int task_exec(struct task *t)
{
	struct fd_table *own;

	if (t->fds->refs > 1) {
		own = table_copy(t->net, t->fds);
		if (!own)
			return -ENOMEM;
		table_put(t->net, t->fds);
		t->fds = own;
	}
	for (unsigned i = 0; i < t->fds->size; i++)
		if (t->fds->slot[i].file && t->fds->slot[i].cloexec)
			task_close(t, i);
	return 0;
}

/* Room for number fd. */
static int table_grow(struct net *n, struct fd_table *t, unsigned fd)
{
	unsigned size = t->size ? t->size : 16;
	struct fd_slot *slot;

	while (size <= fd)
		size *= 2;
	if (size == t->size)
		return 0;
	slot = alloc_resize(&n->mem, t->slot, size * sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	for (unsigned i = t->size; i < size; i++)
		slot[i] = (struct fd_slot){0};
	t->slot = slot;
	t->size = size;
	return 0;
}

/* The lowest free number from `from` on; may be one that the table must grow for. */
static unsigned lowest_free(const struct fd_table *t, unsigned from)
{
	if (from < t->lowest)
		from = t->lowest;
	while (from < t->size && t->slot[from].file)
		from++;
	return from;
}

static void fill(struct fd_table *t, unsigned fd, struct file *f, bool cloexec)
{
	t->slot[fd] = (struct fd_slot){.file = file_get(f), .cloexec = cloexec};
	if (fd == t->lowest)
		t->lowest = fd + 1;
}

int task_install(struct task *t, struct file *f, int min, bool cloexec)
{
	unsigned fd;

	if (min < 0 || (unsigned)min >= t->fds->limit)
		return -EINVAL;
	fd = lowest_free(t->fds, min);
	if (fd >= t->fds->limit)
		return -EMFILE;
	if (fd >= t->fds->size && table_grow(t->net, t->fds, fd))
		return -ENOMEM;
	fill(t->fds, fd, f, cloexec);
	return fd;
}

int task_install_at(struct task *t, struct file *f, int fd, bool cloexec)
{
	struct file *was;

	if ((unsigned)fd >= t->fds->limit)
		return -EBADF;
	if ((unsigned)fd >= t->fds->size && table_grow(t->net, t->fds, fd))
		return -ENOMEM;
	was = t->fds->slot[fd].file;
	fill(t->fds, fd, f, cloexec);
	file_put(was);
	return fd;
}

int task_next(struct task *t, unsigned n, int *numbers)
{
	unsigned fd = 0;

	for (unsigned i = 0; i < n; i++, fd++) {
		fd = lowest_free(t->fds, fd);
		if (fd >= t->fds->limit)
			return -EMFILE;
		numbers[i] = fd;
	}
	return n && fd > t->fds->size ? table_grow(t->net, t->fds, fd - 1) : 0;
}

int task_close(struct task *t, int fd)
{
	struct file *f = task_file(t, fd);

	if (!f)
		return -EBADF;
	t->fds->slot[fd] = (struct fd_slot){0};
	if ((unsigned)fd < t->fds->lowest)
		t->fds->lowest = fd;
	file_put(f);
	return 0;
}
