/*
 * launch.h - starts a program under a seccomp filter whose listener we hold.
 */
#ifndef SOCKETCALL_CATCH_LAUNCH_H
#define SOCKETCALL_CATCH_LAUNCH_H

#include <linux/filter.h>
#include <signal.h>
#include <sys/types.h>

/* Exit statuses of our own, as env(1) has them. */
enum { EXIT_OURS = 125, EXIT_CANNOT_EXEC = 126, EXIT_NOT_FOUND = 127 };

/*
 * Forks a child that installs the filter and then execs argv. *listener gets our
 * end of its notifications, or -1 if the filter has none. Returns the child's
 * pid, or -errno with *what telling what failed (static text).
 *
 * A program that cannot be executed is the child's to report: it prints why and
 * exits with EXIT_CANNOT_EXEC or EXIT_NOT_FOUND. mask is the signal mask to exec
 * with. Must be called while the process has one thread.
 */
pid_t launch(char *const argv[], const struct sock_fprog *filter, const sigset_t *mask,
	     int *listener, const char **what);

#endif
