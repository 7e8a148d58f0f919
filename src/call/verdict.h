/*
 * verdict.h - what decide said of a call, and which rule said it.
 */
#ifndef SOCKETCALL_VERDICT_H
#define SOCKETCALL_VERDICT_H

#include <stdbool.h>

enum verdict_kind {
	VERDICT_ALLOW, /* serve it */
	VERDICT_DENY,  /* the call fails with err */
	VERDICT_KILL,  /* the caller's process is killed with SIGSYS's default, SIGKILL */
};

struct verdict {
	enum verdict_kind kind;
	int err;          /* VERDICT_DENY: a positive errno */
	bool log;         /* a `log` rule matched on the way: say so on stderr */
	const char *rule; /* text of the deciding rule; "default" if none matched; NULL if
	                   * no policy was asked. Lives as long as the policy. */
	const char *file; /* where the rule stands; NULL: the command line */
	unsigned line;    /* 1-based; 0 unknown */
};

#endif
