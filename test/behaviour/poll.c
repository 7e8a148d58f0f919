/*
 * poll.c - poll and epoll.
 *
 *     poll s=in,out t=in wait=50    -> 1 s=out      only those with something to tell
 *     e = epoll
 *     epoll_add e s=in,et           epoll_wait e wait=50 -> 1 s=in
 *     epoll_mod e s=in              epoll_del e s
 *
 * A wait is in milliseconds; none: it returns at once; "wait=forever".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "behaviour.h"

static int next_wait(struct task *t)
{
	const char *s = setting(t, "wait");

	if (!s)
		return 0;
	return strcmp(s, "forever") == 0 ? -1 : (int)number_of(t, s, NULL);
}

/* "s=in,out": the name, and the events */
static uint32_t events_of(struct task *t, const char *word, char name[24], const struct name *names)
{
	size_t n = strcspn(word, "=");
	uint32_t events = 0;
	char *copy, *save;

	snprintf(name, 24, "%.*s", (int)n, word);
	copy = strdup(word[n] ? word + n + 1 : "");
	for (char *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save))
		events |= (uint32_t)number_of(t, s, names);
	free(copy);
	return events;
}

/* As name_flags, with commas, as they are given. */
static void events_text(struct text *out, const struct name *names, uint32_t events)
{
	size_t from = out->len;

	name_flags(names, (long)(int32_t)events, out);
	for (char *s = out->s + from; *s; s++)
		if (*s == '+')
			*s = ',';
}

static void command_poll(struct task *t)
{
	struct pollfd fds[16];
	char names[16][24];
	unsigned n = 0;
	int wait, ret;

	for (; peek(t) && strncmp(peek(t), "wait=", 5) && n < 16; n++) {
		fds[n].events = (short)events_of(t, next(t), names[n], poll_events);
		fds[n].fd = fd_of(t, names[n]);
		fds[n].revents = 0x4000; /* is overwritten */
	}
	wait = next_wait(t);
	if (t->mistake[0])
		return;
	task_enters(t);
	ret = t->world->system->poll(t, fds, n, wait);
	result(t, ret);
	for (unsigned i = 0; ret >= 0 && i < n; i++)
		if (fds[i].revents) {
			text_add(&t->out, " %s=", names[i]);
			events_text(&t->out, poll_events, (uint16_t)fds[i].revents);
		}
}

static void command_epoll(struct task *t)
{
	int flags = next_flags(t, sock_flags);

	result(t, t->world->system->epoll_create1(t, flags));
}

/* The data of an item is the name it was added by. */
static uint64_t pack(const char *name)
{
	uint64_t v = 0;

	memcpy(&v, name, strnlen(name, 8));
	return v;
}

static void control(struct task *t, int op)
{
	int ep = next_fd(t), fd;
	char name[24];
	struct epoll_event event;

	event.events = events_of(t, next(t), name, epoll_events);
	event.data.u64 = pack(name);
	fd = fd_of(t, name);
	if (!t->mistake[0])
		result(t, t->world->system->epoll_ctl(t, ep, op, fd, &event));
}

static void command_add(struct task *t)
{
	control(t, EPOLL_CTL_ADD);
}

static void command_mod(struct task *t)
{
	control(t, EPOLL_CTL_MOD);
}

static void command_del(struct task *t)
{
	control(t, EPOLL_CTL_DEL);
}

static void command_wait(struct task *t)
{
	struct epoll_event events[16];
	int ep = next_fd(t), max = 16, ret;
	const char *s = setting(t, "max");

	if (s)
		max = (int)number_of(t, s, NULL);
	if (max > 16) {
		mistake(t, "max is 16 at most");
		return;
	}
	int wait = next_wait(t);
	task_enters(t);
	ret = t->world->system->epoll_wait(t, ep, events, max, wait);
	result(t, ret);
	for (int i = 0; i < ret; i++) {
		char name[9] = "";

		memcpy(name, &events[i].data.u64, 8);
		text_add(&t->out, " %s=", name);
		events_text(&t->out, epoll_events, events[i].events);
	}
}

const struct command poll_calls[] = {
	{ "poll", command_poll },
	{ "epoll", command_epoll },
	{ "epoll_add", command_add },
	{ "epoll_mod", command_mod },
	{ "epoll_del", command_del },
	{ "epoll_wait", command_wait },
	{ 0 },
};
