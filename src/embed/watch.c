/*
 * watch.c - callbacks of the embedder on what a descriptor names.
 *
 * A watch of the embedder's hears of changes like any other (file.h) and becomes an
 * event: it is told once the lock is free, with what is true then, if anything is.
 */
#include "../serve/stack/epoll.h"
#include "embed.h"

struct sc_watch {
	struct watch watch; /* first; on a file that it holds a reference to */
	struct event event;
	short events;
	void (*changed)(void *ctx, short revents);
	void *ctx;
};

static void call_changed(const struct notice *n)
{
	if (n->n)
		((void (*)(void *, short))n->fn)(n->ctx, n->n);
}

static void fill(struct event *e, struct notice *n)
{
	struct sc_watch *w = (struct sc_watch *)((char *)e - offsetof(struct sc_watch, event));

	*n = (struct notice){
		.call = call_changed,
		.fn = (void (*)(void))w->changed,
		.ctx = w->ctx,
		.n = (short)file_poll(w->watch.file, (uint16_t)w->events),
	};
}

static void heard(struct watch *w, uint32_t events)
{
	event_queue(w->file->net, &((struct sc_watch *)w)->event);
}

int sc_watch(struct sc_task *t, int fd, short events, void (*changed)(void *, short), void *ctx,
	     struct sc_watch **watch)
{
	struct net *n = t->task->net;
	struct sc_watch *w;
	struct file *f;
	int err = -EBADF;

	embed_enter(t);
	f = task_file(t->task, fd);
	if (f) {
		w = alloc_zero(&n->mem, sizeof(*w));
		err = w ? 0 : -ENOMEM;
	}
	if (!err) {
		w->event.fill = fill;
		w->events = events;
		w->changed = changed;
		w->ctx = ctx;
		watch_start(&w->watch, file_get(f), events_heard((uint16_t)events), heard);
		*watch = w;
		if (file_poll(f, (uint16_t)events))
			event_queue(n, &w->event);
	}
	embed_leave(t);
	return err;
}

void sc_unwatch(struct sc_watch *w)
{
	struct file *f = w->watch.file;
	struct net *n = f->net;

	net_lock(n);
	event_cancel(n, &w->event);
	watch_stop(&w->watch);
	alloc_put(&n->mem, w);
	file_put(f);
	net_unlock(n);
}
