/*
 * caller.c - struct caller of a task of ours.
 *
 * Memory is this process's own, read and written as any C library does, or a guest's
 * behind the embedder's functions. Descriptors are those of the task; their handles
 * are the network's.
 */
#include "caller.h"

#include <string.h>

/* The task's face, of a caller that is the first member of its op. The op is the
 * first member of a struct waiting. */
static struct sc_task *face(struct caller *who)
{
	return ((struct waiting *)who)->task;
}

static ssize_t own_read(struct caller *who, uint64_t at, void *buf, size_t len)
{
	/* The one address that a program passes by mistake or on purpose. */
	if (!at)
		return -EFAULT;
	memcpy(buf, (const void *)(uintptr_t)at, len);
	return len;
}

static ssize_t own_write(struct caller *who, uint64_t at, const void *buf, size_t len)
{
	if (!at)
		return -EFAULT;
	memcpy((void *)(uintptr_t)at, buf, len);
	return len;
}

static ssize_t guest_read(struct caller *who, uint64_t at, void *buf, size_t len)
{
	const struct sc_memory *m = &face(who)->config.memory;

	return m->read(m->ctx, at, buf, len);
}

static ssize_t guest_write(struct caller *who, uint64_t at, const void *buf, size_t len)
{
	const struct sc_memory *m = &face(who)->config.memory;

	return m->write(m->ctx, at, buf, len);
}

static int fd_get(struct caller *who, int fd)
{
	struct file *f = task_file(op_of(who)->task, fd);

	return f ? file_handle(f) : -EBADF;
}

static void fd_put(struct caller *who, int handle)
{
	handle_put(op_of(who)->task->net, handle);
}

void caller_handle_put(void *net, int handle)
{
	handle_put(net, handle);
}

static int fd_check(struct caller *who, int handle)
{
	return file_is_sock(file_of(op_of(who)->task->net, handle)) ? 0 : -ENOTSOCK;
}

static int fd_install(struct caller *who, int handle, bool cloexec)
{
	struct task *t = op_of(who)->task;

	return task_install(t, file_of(t->net, handle), 0, cloexec);
}

static void signal_caller(struct caller *who, int sig)
{
	const struct sc_task_config *config = &face(who)->config;

	config->signal(config->ctx, sig);
}

/* One table for each kind of memory, with and without signals. */
#define DESCRIPTORS .fd_get = fd_get, .fd_put = fd_put, .fd_check = fd_check, .fd_install = fd_install
static const struct caller_ops ops[2][2] = {
	{{.read = own_read, .write = own_write, .unchecked = true, DESCRIPTORS},
	 {.read = own_read, .write = own_write, .unchecked = true, .signal = signal_caller, DESCRIPTORS}},
	{{.read = guest_read, .write = guest_write, DESCRIPTORS},
	 {.read = guest_read, .write = guest_write, .signal = signal_caller, DESCRIPTORS}},
};

const struct caller_ops *caller_ops_for(const struct sc_task_config *config, bool own)
{
	return &ops[!own && config->memory.read][config->signal != NULL];
}
