/*
 * poke.h - the signal that interrupts a system call of one of our threads. It has a
 * handler that does nothing, and is the only one that those threads do not block.
 */
#ifndef SOCKETCALL_POKE_H
#define SOCKETCALL_POKE_H

#include <signal.h>

#define POKE SIGRTMIN

#endif
