/*
 * poke.h - the signal that interrupts a system call of one of our threads.
 *
 * It has a handler that does nothing. Like all others it is blocked, but for the
 * system call that is made for a program: an answer to the kernel's listener must
 * not be interrupted half way.
 */
#ifndef SOCKETCALL_POKE_H
#define SOCKETCALL_POKE_H

#include <signal.h>

#define POKE SIGRTMIN

/* Lets POKE interrupt this thread, or no longer. */
static inline void poke_allow(int how) /* SIG_UNBLOCK, SIG_BLOCK */
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, POKE);
	/* The raw call: it may be a delegate that shares a thread's memory. */
	sigprocmask(how, &set, NULL);
}

#endif
