/*
 * log.h - messages to the person at the terminal: one line on stderr each,
 * "socketcall: ...". Nothing here ends the process.
 */
#ifndef SOCKETCALL_LOG_H
#define SOCKETCALL_LOG_H

#include <stdarg.h>

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same at most once for each value of *once, which starts at 0: for what a
 * hostile program could make us say a million times. */
void log_once(int *once, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
