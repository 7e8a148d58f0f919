/*
 * style.c - how our C looks, in one screen. Compiled in CI; belongs to no program.
 *
 * Each file opens like this: what it is about, what always holds, who owns what.
 * Here: a backlog of descriptors that wait to be accepted. It owns the descriptors
 * in it; backlog_take() hands one over. It never blocks and never logs.
 *
 * When a rule makes code harder to read, break it and say why.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

/* A bound stands beside its reason: Linux cuts every backlog to somaxconn. */
#define BACKLOG_MAX	4096

struct backlog {
	int *fds;		/* owned, count of them, oldest first */
	unsigned int count, max;
	int timeout_ms;		/* the unit is in the name */
};

/* A fact lives once, in a table. A position is named, never counted. */
enum outcome { OUTCOME_QUEUED, OUTCOME_FULL, OUTCOME_GONE, OUTCOME_COUNT };

static const struct outcome_row {
	const char *word;
	int err;
} outcomes[] = {
	[OUTCOME_QUEUED] = { "queued", 0 },
	[OUTCOME_FULL]	 = { "full",   -ECONNREFUSED },
	[OUTCOME_GONE]	 = { "gone",   -ECONNRESET },
};
static_assert(sizeof(outcomes) / sizeof(outcomes[0]) == OUTCOME_COUNT, "a row for each");

/* Names begin with the file's. Without static: said in a header, with what it owns. */
int backlog_add(struct backlog *, int fd);
int backlog_take(struct backlog *);

/* Copies fd; the caller keeps its own. 0 or -errno. */
int backlog_add(struct backlog *b, int fd)
{
	int copy, err;

	/* Our own mistake: assert. Anything a program can cause: an error. */
	assert(b->max <= BACKLOG_MAX);

	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return -errno;

	if (b->count == b->max) {
		err = outcomes[OUTCOME_FULL].err;
		goto close_copy;
	}
	b->fds[b->count++] = copy;
	return 0;

close_copy:
	close(copy);
	return err;
}

/* The oldest descriptor, now the caller's, or -EAGAIN. */
int backlog_take(struct backlog *b)
{
	int fd;

	if (!b->count)
		return -EAGAIN;
	fd = b->fds[0];
	/* Short queues: moving them up is cheaper than a ring is to read. */
	for (unsigned int i = 1; i < b->count; i++)
		b->fds[i - 1] = b->fds[i];
	b->count--;
	return fd;
}
