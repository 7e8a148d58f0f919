/*
 * foreground.h - the process that the shell sees.
 */
#ifndef SOCKETCALL_CMD_FOREGROUND_H
#define SOCKETCALL_CMD_FOREGROUND_H

#include <sys/types.h>

/* What the supervisor tells: the program's pid, then its wait statuses. */
struct foreground_news {
	enum { NEWS_STARTED, NEWS_STATUS, NEWS_FAILED } kind;
	pid_t pid;
	int status; /* NEWS_STATUS: as of waitpid(2) */
};

/* To be called before the supervisor is forked: remembers how signals were. */
void foreground_prepare(void);
/* In the supervisor: undoes foreground_prepare for what it starts. */
void foreground_restore(void);

/*
 * Stands in for the program: forwards signals that are sent to it, stops when the
 * program stops, and returns the exit status that stands for its end (128+N if a
 * signal ended it). If the supervisor dies first, goes on waiting for the program,
 * whose socket calls now fail.
 */
int foreground_wait(int news_fd, pid_t supervisor);

#endif
