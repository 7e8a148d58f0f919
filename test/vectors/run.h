/*
 * run.h - what main shares with the process of the vector that runs now.
 */
#ifndef VECTORS_RUN_H
#define VECTORS_RUN_H

#include <sys/types.h>

struct run {
	volatile int flag;    /* for the vector and its helpers */
	volatile int signals; /* counted by count_signal's handler */
	volatile int pipes;   /* SIGPIPEs */
	pid_t vector_pid;
	char text[1 << 16];   /* the line so far */
};

extern struct run *run;
extern int inherited; /* descriptors open at the start */

#endif
