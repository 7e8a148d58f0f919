/*
 * stack.h - the vectors on sockets of our own: what stack.c and its neighbours share.
 *
 * A vector uses file descriptors of the kernel (open("/dev/null")) beside sockets, and
 * both have numbers of one space. On our own sockets a task has the sockets and this
 * process's kernel the rest; so that each number is given out once, each of the two
 * tables has a placeholder where the other one has a file: a socket in the kernel's,
 * an epoll set in the task's. An epoll set is no socket (ENOTSOCK), may be passed in
 * SCM_RIGHTS, and holds one ready member, whose data tell which file it stands for.
 *
 * Helpers, which are processes otherwise, are threads with a task and a descriptor
 * table of their own.
 */
#ifndef VECTORS_STACK_H
#define VECTORS_STACK_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../../include/socketcall.h"

enum {
	NUMBERS = 1100,    /* those that open_count() looks at; what is ours lies above */
	OURS = 1200,
};

enum kind { FREE, HOST, HOST_PATH /* O_PATH: none for any call */, SOCKET };

struct space {
	struct sc_task *task;
	pid_t pid;
	bool helper;
	pthread_t thread;
	volatile bool killed;
	pthread_mutex_t lock; /* kind */
	unsigned char kind[NUMBERS];
};

/* Of this thread. */
struct space *space(void);
void space_use(struct space *s);
/* Copies of the caller's descriptors, in a thread whose table in the kernel is a copy
 * already, or is about to be. */
struct space *space_fork(void);

/* The vector makes no sense on our own sockets. */
_Noreturn void skip(const char *why);
/* The helper that runs this thread ends. */
_Noreturn void helper_exit(void);
/* A signal for the vector, from a helper or from the network. */
void deliver(int sig);
/* After a call gave -EINTR: does its handler want it made again? */
bool restarts(int fd, bool sends);

struct sc_host *stack_host(void);

#endif
