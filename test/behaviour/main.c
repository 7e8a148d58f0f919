/*
 * main.c - behaviour [-k SUBSTRING] [-l] SYSTEM SCRIPT...
 *
 * Runs each case of the scripts on a system (host64, host32, stack64, ...: as built)
 * and prints a line for each: "ok SYSTEM SUBJECT: CASE", "FAILED ..." with what was
 * expected and what came, or "skipped ..."; and in the end how many.
 *
 *     -k SUBSTRING   only cases whose subject and name contain it
 *     -l             lists the cases
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "behaviour.h"

enum outcome { PASSED, FAILED, SKIPPED };
enum { LONGEST_MS = 4000, WAITS_MS = 8 };

/* What the process of a case says of itself, also when it dies. */
static struct report {
	const char *text; /* the step it is at */
	int line;
} *report;

static void sleep_ms(long ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static void complain(const struct test *t, const struct step *s, const char *what, const char *got)
{
	printf("    %s:%d: %s\n", t->file, s->line, s->text);
	if (s->expect) {
		printf("    expected");
		for (int i = 0; i < s->nexpect; i++)
			printf(" %s", s->expect[i]);
		printf("\n");
	}
	printf("    %s %s\n", what, got);
}

/* Compares what a call gave, and keeps what variables want. */
static bool judge(struct world *w, const struct test *test, const struct step *s, struct task *t)
{
	const struct step *call = t->step;
	char number[24];
	bool good;

	if (t->mistake[0]) {
		complain(test, s, "the script is wrong:", t->mistake);
		return false;
	}
	pthread_mutex_lock(&w->lock);
	good = s->expect ? match(w, s->expect, s->nexpect, t->out.s) : t->ret >= 0;
	for (int i = 0; t->ret >= 0 && i < call->nto; i++) {
		snprintf(number, sizeof(number), "%ld", call->nto == 2 ? (long)t->sv[i] : t->ret);
		var_set(w, call->to[i], number);
	}
	pthread_mutex_unlock(&w->lock);
	if (!good)
		complain(test, s, "got     ", t->out.s);
	return good;
}

static bool step_call(struct world *w, const struct test *test, const struct step *s)
{
	struct task *t = task_find(w, s->task);

	if (!t)
		t = task_start(w, s->task, NULL, 0, NULL, false);
	if (!t || t->state == TASK_QUITS) {
		complain(test, s, "the task", "could not begin");
		return false;
	}
	if (t->state == TASK_ENTERED) {
		complain(test, s, "the task", "still waits in a call");
		return false;
	}
	task_post(t, s);
	if (s->async)
		return true;
	if (!task_wait(t, LONGEST_MS)) {
		complain(test, s, "got     ", "nothing: it waits");
		return false;
	}
	return judge(w, test, s, t);
}

static bool step_of_task(struct world *w, const struct test *test, const struct step *s)
{
	struct task *t = task_find(w, s->task);
	char took[32];
	long low = 0, high = 0;

	if (!t) {
		complain(test, s, "there is no", "such task");
		return false;
	}
	switch (s->kind) {
	case STEP_WAITS:
		if (!task_wait(t, WAITS_MS))
			return true;
		complain(test, s, "it is over:", t->mistake[0] ? t->mistake : t->out.s);
		return false;
	case STEP_DONE:
		if (task_wait(t, LONGEST_MS))
			return judge(w, test, s, t);
		complain(test, s, "got     ", "nothing: it waits");
		return false;
	case STEP_TOOK:
		snprintf(took, sizeof(took), "%.1f ms", t->ms);
		if (sscanf(s->nword ? s->words[0] : "", "%ld..%ld", &low, &high) == 2 && t->ms >= (double)low &&
		    t->ms <= (double)high)
			return true;
		complain(test, s, "it took ", took);
		return false;
	case STEP_INTERRUPT:
		w->system->interrupt(t);
		return true;
	case STEP_ENDS:
		task_end(t);
		return true;
	case STEP_CALL: case STEP_TASK: case STEP_HOST: case STEP_SLEEP: case STEP_ONLY:
	case STEP_LIMIT:
		break;
	}
	return false;
}

/* task NAME [uid N] [on HOST] [shares TASK] */
static bool step_task(struct world *w, const struct test *test, const struct step *s)
{
	const char *host = NULL;
	struct task *parent = NULL;
	int uid = 0;

	for (int i = 1; i + 1 < s->nword; i += 2)
		if (strcmp(s->words[i], "uid") == 0)
			uid = atoi(s->words[i + 1]);
		else if (strcmp(s->words[i], "on") == 0)
			host = s->words[i + 1];
		else if (strcmp(s->words[i], "shares") == 0)
			parent = task_find(w, s->words[i + 1]);
	if (parent) {
		/* Its thread must start the new one, to share what it has. */
		static char *words[] = { (char *)"share", NULL };
		struct step share = { .kind = STEP_CALL, .words = words, .nword = 2 };

		words[1] = s->words[0];
		task_post(parent, &share);
		task_wait(parent, LONGEST_MS);
		return task_find(w, s->words[0]) != NULL;
	}
	if (task_start(w, s->words[0], host, uid, NULL, false))
		return true;
	complain(test, s, "the task", "could not begin");
	return false;
}

/* host NAME ADDRESS... | host NAME down | host NAME up */
static bool step_host(struct world *w, const struct test *test, const struct step *s)
{
	const char *what = s->nword > 1 ? s->words[1] : "";
	int err;

	if (strcmp(what, "down") == 0 || strcmp(what, "up") == 0)
		err = w->system->cable(w, s->words[0], what[0] == 'u');
	else
		err = w->system->host(w, s->words[0], s->words + 1, s->nword - 1);
	if (err)
		complain(test, s, "it failed:", errno_name(-err));
	return !err;
}

static enum outcome steps_run(struct world *w, const struct test *test, struct step *steps, int n)
{
	bool good = true;

	for (int i = 0; i < n && good; i++) {
		struct step *s = &steps[i];

		report->text = s->text;
		report->line = s->line;
		switch (s->kind) {
		case STEP_CALL:
			good = step_call(w, test, s);
			break;
		case STEP_WAITS: case STEP_DONE: case STEP_TOOK: case STEP_INTERRUPT: case STEP_ENDS:
			good = step_of_task(w, test, s);
			break;
		case STEP_TASK:
			good = step_task(w, test, s);
			break;
		case STEP_HOST:
			good = step_host(w, test, s);
			break;
		case STEP_SLEEP:
			sleep_ms(atoi(s->words[0]));
			break;
		case STEP_LIMIT: /* done: limit_files() */
			break;
		case STEP_ONLY:
			if (s->excluded) {
				printf("    %s\n", s->because ? s->because : "without a reason");
				return SKIPPED;
			}
			break;
		}
	}
	return good ? PASSED : FAILED;
}

/* "limit files N": is known before anything begins. */
static int limit_files(const struct step *steps, int n)
{
	for (int i = 0; i < n; i++)
		if (steps[i].kind == STEP_LIMIT && steps[i].nword == 2)
			return atoi(steps[i].words[1]);
	return 0;
}

/* In the process of the case. */
static enum outcome case_run(const struct system *system, const struct test *test)
{
	struct world w = { .system = system, .word = system->word,
			   .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	const char *message, *left;
	int n, line, err;
	enum outcome outcome;
	struct step *steps;

	TAILQ_INIT(&w.tasks);
	steps = parse_steps(test, &w, &n, &line, &message);
	if (message) {
		printf("    %s:%d: %s\n", test->file, line, message);
		return FAILED;
	}
	w.max_files = limit_files(steps, n);
	err = system->open(&w);
	if (err) {
		printf("    the system could not be opened: %s\n", errno_name(-err));
		return FAILED;
	}
	outcome = steps_run(&w, test, steps, n);
	report->text = "the end of the case";
	while (!TAILQ_EMPTY(&w.tasks))
		task_end(TAILQ_LAST(&w.tasks, task_list));
	left = system->close(&w);
	if (left && outcome == PASSED) {
		printf("    when the case was over: %s\n", left);
		outcome = FAILED;
	}
	return outcome;
}

static enum outcome case_fork(const struct system *system, const struct test *test)
{
	static char said[8192];
	int fds[2], status, got = 0;
	enum outcome outcome;
	ssize_t n;
	pid_t pid;

	fflush(stdout);
	if (pipe(fds) || (pid = fork()) < 0) {
		perror("behaviour");
		exit(2);
	}
	if (!pid) {
		dup2(fds[1], 1);
		close(fds[0]);
		close(fds[1]);
		alarm(30);
		outcome = case_run(system, test);
		fflush(stdout);
		_exit((int)outcome);
	}
	close(fds[1]);
	while ((n = read(fds[0], said + got, sizeof(said) - 1 - (size_t)got)) > 0)
		got += (int)n;
	said[got] = 0;
	close(fds[0]);
	waitpid(pid, &status, 0);
	outcome = WIFEXITED(status) && WEXITSTATUS(status) <= SKIPPED ? (enum outcome)WEXITSTATUS(status) : FAILED;
	if (outcome == SKIPPED) {
		printf("skipped: %s %s: %s: %s", system->label, test->subject, test->name,
		       said + strspn(said, " "));
		return outcome;
	}
	printf("%s %s %s: %s\n%s", outcome == PASSED ? "ok" : "FAILED", system->label, test->subject,
	       test->name, said);
	if (WIFSIGNALED(status))
		printf("    %s:%d: %s\n    died of SIG%s\n", test->file, report->line,
		       report->text ? report->text : "", sigabbrev_np(WTERMSIG(status)));
	else if (WEXITSTATUS(status) > SKIPPED)
		printf("    %s:%d: ended with status %d\n", test->file, report->line, WEXITSTATUS(status));
	return outcome;
}

/* Does it pass a bad address? */
static bool lies(const struct test *t)
{
	for (int i = 0; i < t->nline; i++)
		for (const char *s = strstr(t->lines[i].text, "bad"); s; s = strstr(s + 3, "bad"))
			if (s[-1] == ' ' || s[-1] == '=' || s[-1] == ',')
				return true;
	return false;
}

static const struct system *system_find(const char *name)
{
	for (const struct system *const *s = systems; *s; s++)
		if (strcmp((*s)->label, name) == 0)
			return *s;
	fprintf(stderr, "behaviour: there is no system %s here\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	struct tests tests = TAILQ_HEAD_INITIALIZER(tests);
	const struct system *system;
	const char *only = "";
	bool list = false;
	int c, count[3] = { 0 };
	struct test *t;

	while ((c = getopt(argc, argv, "k:l")) != -1)
		if (c == 'k')
			only = optarg;
		else if (c == 'l')
			list = true;
		else
			return 2;
	if (argc - optind < 2) {
		fprintf(stderr, "behaviour [-k SUBSTRING] [-l] SYSTEM SCRIPT...\n");
		return 2;
	}
	system = system_find(argv[optind]);
	for (int i = optind + 1; i < argc; i++)
		parse_script(argv[i], &tests);
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	TAILQ_FOREACH(t, &tests, entry) {
		char full[512];

		snprintf(full, sizeof(full), "%s: %s", t->subject, t->name);
		if (!strstr(full, only) || (system->trusts && lies(t)))
			continue;
		if (list)
			puts(full);
		else
			count[case_fork(system, t)]++;
	}
	if (!list)
		printf("%d passed, %d failed, %d skipped\n", count[PASSED], count[FAILED], count[SKIPPED]);
	return count[FAILED] > 0;
}
