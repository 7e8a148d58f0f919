/*
 * decode.h - the caller's memory -> struct call. The one place that reads
 * arguments.
 */
#ifndef SOCKETCALL_DECODE_H
#define SOCKETCALL_DECODE_H

#include "../abi/abi.h"
#include "../call/call.h"
#include "../call/caller.h"

/*
 * Decodes the system call sysno with its six argument registers. c must be
 * call_init()ed; the caller of decode() owns it and calls call_free() whatever
 * is returned, and gives c->sock back with fd_put.
 *
 * Each word of the caller's memory is read once. Returns 0, or the -errno that
 * Linux would return, found in Linux's order (the checks that only the kernel
 * can make, such as ENOTCONN, are left to serve); c->err holds it too.
 * -ENOSYS if sysno is no socket call of this ABI.
 */
int decode(struct caller *who, const struct abi *abi, int sysno, const uint64_t args[6],
	   struct call *c);

/* Options of sockets that decode refuses, for documentation. */
struct decode_refusal {
	int level, name;
	const char *how;
};
/* The i-th of them; false: there are no more. */
bool decode_refused_option(unsigned i, struct decode_refusal *);

#endif
