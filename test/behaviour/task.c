/*
 * task.c - a task is a thread that makes the calls it is given, one after another.
 *
 * The main thread owns the script: it posts a step and waits for it, or goes on while
 * the task waits in its call. A task reads its words before it enters the call
 * (task_enters), and the main thread waits at least for that.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "behaviour.h"

static const struct command *const all_commands[] = {
	calls, message_calls, option_calls, file_calls, poll_calls, netlink_calls,
};

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* ------------------------------------------------------------- words of a command */

void mistake(struct task *t, const char *fmt, ...)
{
	va_list ap;

	if (t->mistake[0])
		return;
	va_start(ap, fmt);
	vsnprintf(t->mistake, sizeof(t->mistake), fmt, ap);
	va_end(ap);
}

const char *peek(const struct task *t)
{
	return t->at < t->step->nword ? t->step->words[t->at] : NULL;
}

/* Variables are replaced when a word is taken. The copy lasts as long as the case. */
static const char *expanded(struct task *t, const char *word)
{
	char *s;

	if (text_is_data(word) || !strchr(word, '$'))
		return word;
	pthread_mutex_lock(&t->world->lock);
	s = var_expand(t->world, word);
	pthread_mutex_unlock(&t->world->lock);
	if (!s)
		mistake(t, "no such variable: %s", word);
	return s ? s : "";
}

const char *next(struct task *t)
{
	const char *word = peek(t);

	if (!word) {
		mistake(t, "a word is missing");
		return "";
	}
	t->at++;
	return expanded(t, word);
}

bool skip(struct task *t, const char *word)
{
	const char *w = peek(t);

	if (!w || strcmp(w, word))
		return false;
	t->at++;
	return true;
}

const char *setting(struct task *t, const char *name)
{
	const char *w = peek(t);
	size_t n = strlen(name);

	if (!w || strncmp(w, name, n) || w[n] != '=')
		return NULL;
	t->at++;
	return expanded(t, w + n + 1);
}

int fd_of(struct task *t, const char *word)
{
	const char *value;
	long n = -1;

	pthread_mutex_lock(&t->world->lock);
	value = var_get(t->world, word);
	if (!name_value(NULL, value ? value : word, &n))
		mistake(t, "no descriptor: %s", word);
	pthread_mutex_unlock(&t->world->lock);
	return (int)n;
}

int next_fd(struct task *t)
{
	return fd_of(t, next(t));
}

long number_of(struct task *t, const char *word, const struct name *names)
{
	long v = 0;

	if (!name_value(names, word, &v))
		mistake(t, "no number, and nothing known: %s", word);
	return v;
}

long next_number(struct task *t, const struct name *names)
{
	return number_of(t, next(t), names);
}

int next_flags(struct task *t, const struct name *names)
{
	int flags = 0;

	while (peek(t) && !t->mistake[0])
		flags |= (int)next_number(t, names);
	return flags;
}

/* ------------------------------------------------------------------------- results */

bool result_failed(struct task *t, long ret)
{
	t->ret = ret;
	if (ret < 0)
		text_add(&t->out, "%s", errno_name((int)-ret));
	return ret < 0;
}

void result(struct task *t, long ret)
{
	if (!result_failed(t, ret) && !t->step->nto)
		text_add(&t->out, "%ld", ret);
}

long sys_call(struct task *t, int nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
	      uint64_t e, uint64_t f)
{
	const uint64_t words[6] = { a, b, c, d, e, f };

	if (t->mistake[0])
		return -ENOSYS;
	task_enters(t);
	return t->world->system->call(t, nr, words);
}

/* ----------------------------------------------------------------------- the thread */

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof(all_commands) / sizeof(all_commands[0]); i++)
		for (const struct command *c = all_commands[i]; c->name; c++)
			if (strcmp(c->name, name) == 0)
				return c;
	return NULL;
}

static void command_fork(struct task *t, bool shares)
{
	const char *name = next(t);
	struct task *child = task_start(t->world, name, t->host, t->uid, t, shares);

	result(t, child ? 0 : -EAGAIN);
}

static void run_once(struct task *t, int from)
{
	const char *name;

	t->at = from;
	t->out.len = 0;
	t->out.s[0] = 0;
	t->sig = 0;
	arena_reset(t);
	name = next(t);
	if (strcmp(name, "fork") == 0 || strcmp(name, "share") == 0) {
		command_fork(t, name[0] == 's');
	} else if (strcmp(name, "exec") == 0) {
		t->world->system->exec(t);
		result(t, 0);
	} else {
		const struct command *c = command_find(name);
		if (c)
			c->run(t);
		else
			mistake(t, "no such call: %s", name);
	}
	if (peek(t))
		mistake(t, "this word is one too many: %s", peek(t));
	if (t->sig)
		text_add(&t->out, " SIG%s", sigabbrev_np(t->sig));
}

/* "until EAGAIN CALL...", "3 times CALL...", "CALL..." */
static void run(struct task *t)
{
	enum { MOST = 2000000 };
	long n, want = 0, from = 0;
	double began = now_ms();

	t->at = 0;
	if (skip(t, "until")) {
		const char *name = next(t);

		want = strcmp(name, "0") == 0 ? 0 : -errno_value(name);
		n = MOST;
		do
			run_once(t, 2);
		while (t->ret != want && --n && !t->mistake[0] && (want != 0 || t->ret < 0));
		if (!n)
			mistake(t, "it never came to that");
	} else {
		n = 1;
		if (t->step->nword > 2 && strcmp(t->step->words[1], "times") == 0) {
			n = next_number(t, NULL);
			from = 2;
		}
		do
			run_once(t, (int)from);
		while (--n > 0 && t->ret >= 0 && !t->mistake[0]);
	}
	t->ms = now_ms() - began;
}

static void set_state(struct task *t, enum task_state state)
{
	pthread_mutex_lock(&t->world->lock);
	t->state = state;
	pthread_cond_broadcast(&t->world->changed);
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->world->lock);
}

void task_enters(struct task *t)
{
	if (t->state == TASK_POSTED)
		set_state(t, TASK_ENTERED);
}

static void *thread(void *arg)
{
	struct task *t = arg;
	const struct system *system = t->world->system;
	bool begun = system->begin(t) == 0;

	if (!begun)
		mistake(t, "the task could not begin");
	set_state(t, begun ? TASK_IDLE : TASK_QUITS);
	for (;;) {
		pthread_mutex_lock(&t->world->lock);
		while (t->state != TASK_POSTED && t->state != TASK_QUITS)
			pthread_cond_wait(&t->wake, &t->world->lock);
		pthread_mutex_unlock(&t->world->lock);
		if (t->state == TASK_QUITS)
			break;
		run(t);
		set_state(t, TASK_DONE);
	}
	if (begun)
		system->end(t);
	return NULL;
}

struct task *task_find(struct world *w, const char *name)
{
	struct task *t;

	TAILQ_FOREACH(t, &w->tasks, entry)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

struct task *task_start(struct world *w, const char *name, const char *host, int uid,
			struct task *parent, bool shares)
{
	struct task *t = calloc(1, sizeof(*t));
	char var[40], pid[16];

	if (!t || !arena_open(t))
		return NULL;
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->world = w;
	t->host = host;
	t->uid = uid;
	t->parent = parent;
	t->shares = shares;
	t->state = TASK_ENTERED;
	text_init(&t->out, malloc(65536), 65536);
	pthread_cond_init(&t->wake, NULL);
	if (pthread_create(&t->thread, NULL, thread, t))
		return NULL;
	pthread_mutex_lock(&w->lock);
	while (t->state == TASK_ENTERED)
		pthread_cond_wait(&t->wake, &w->lock);
	TAILQ_INSERT_TAIL(&w->tasks, t, entry);
	snprintf(var, sizeof(var), "pid_%s", name);
	snprintf(pid, sizeof(pid), "%d", t->state == TASK_IDLE ? w->system->pid(t) : 0);
	var_set(w, var, pid);
	pthread_mutex_unlock(&w->lock);
	return t;
}

void task_post(struct task *t, const struct step *step)
{
	t->step = step;
	t->ret = 0;
	set_state(t, TASK_POSTED);
	pthread_mutex_lock(&t->world->lock);
	while (t->state == TASK_POSTED)
		pthread_cond_wait(&t->world->changed, &t->world->lock);
	pthread_mutex_unlock(&t->world->lock);
}

bool task_wait(struct task *t, int ms)
{
	struct timespec until;
	bool done;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&t->world->lock);
	while (t->state == TASK_ENTERED || t->state == TASK_POSTED)
		if (pthread_cond_timedwait(&t->world->changed, &t->world->lock, &until) == ETIMEDOUT)
			break;
	done = t->state != TASK_ENTERED && t->state != TASK_POSTED;
	pthread_mutex_unlock(&t->world->lock);
	return done;
}

void task_end(struct task *t)
{
	struct world *w = t->world;

	while (!task_wait(t, 2))
		w->system->interrupt(t);
	set_state(t, TASK_QUITS);
	pthread_join(t->thread, NULL);
	TAILQ_REMOVE(&w->tasks, t, entry);
	arena_close(t);
	pthread_cond_destroy(&t->wake);
	free(t->out.s);
	free(t);
}
