/*
 * file.c - references, handles, watches.
 */
#include "file.h"

#include <errno.h>
#include <limits.h>

#include "sock.h"

int file_init(struct file *f, struct net *n, const struct file_ops *ops)
{
	if (n->files >= n->limit.files)
		return -ENFILE;
	n->files++;
	f->ops = ops;
	f->net = n;
	f->refs = 1;
	LIST_INIT(&f->watches);
	return 0;
}

/* Who watches without a reference (an item of an epoll set) hears that it is over. */
void file_unheld(struct file *f)
{
	struct watch *w;

	if (f->refs) {
		if (f->ops->unheld)
			f->ops->unheld(f);
		return;
	}
	while ((w = LIST_FIRST(&f->watches)))
		w->fire(w, 0);
	f->ops->release(f);
}

void file_end(struct file *f)
{
	f->net->files--;
}

/* A free entry of net.handle holds the index of the next one, as an odd number. */
static struct file *free_entry(unsigned next)
{
	return (struct file *)((uintptr_t)next << 1 | 1);
}

static bool is_free(const struct file *f)
{
	return (uintptr_t)f & 1;
}

static int more_handles(struct net *n)
{
	const unsigned size = n->nhandles ? n->nhandles * 2 : 16;
	struct file **all;

	if (size > INT_MAX / 4)
		return -ENOMEM;
	all = alloc_resize(&n->mem, n->handle, size * sizeof(struct file *));
	if (!all)
		return -ENOMEM;
	n->handle = all;
	for (unsigned i = size; i-- > n->nhandles;) {
		all[i] = free_entry(n->free_handle);
		n->free_handle = i;
	}
	n->nhandles = size;
	return 0;
}

/* No index: the end of the list of free ones. */
enum { NO_HANDLE = INT_MAX };

int file_handle(struct file *f)
{
	struct net *n = f->net;
	unsigned i;

	if (n->free_handle == NO_HANDLE && more_handles(n))
		return -ENOMEM;
	i = n->free_handle;
	n->free_handle = (uintptr_t)n->handle[i] >> 1;
	n->handle[i] = file_get(f);
	return i;
}

struct file *file_of(struct net *n, int handle)
{
	return n->handle[handle];
}

void handle_put(struct net *n, int handle)
{
	struct file *f = n->handle[handle];

	if (is_free(f))
		return;
	n->handle[handle] = free_entry(n->free_handle);
	n->free_handle = handle;
	file_put(f);
}

void watch_start(struct watch *w, struct file *f, uint32_t events,
		 void (*fire)(struct watch *, uint32_t))
{
	w->file = f;
	w->events = events | POLLERR | POLLHUP;
	w->fire = fire;
	LIST_INSERT_HEAD(&f->watches, w, entry);
}

void watch_stop(struct watch *w)
{
	if (w->file)
		LIST_REMOVE(w, entry);
	w->file = NULL;
}

void file_notify_watches(struct file *f, uint32_t events)
{
	struct watch *w = LIST_FIRST(&f->watches), *next;

	for (; w; w = next) {
		next = LIST_NEXT(w, entry);
		if (w->events & events)
			w->fire(w, events);
	}
}
