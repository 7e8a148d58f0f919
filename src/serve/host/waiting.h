/*
 * waiting.h - the calls that wait on a socket, for each other.
 *
 * A thread of ours that waits in accept or receive for a program does not notice at
 * once that the program was killed, and may yet take what comes. So a call on the
 * same socket first sees such waiters off; and when something is put back (stash.h),
 * those who wait in the kernel for what is no longer there are told to look.
 */
#ifndef SOCKETCALL_SERVE_HOST_WAITING_H
#define SOCKETCALL_SERVE_HOST_WAITING_H

#include "../../call/call.h"
#include "../../call/caller.h"

/* The call is about to wait. From then until waiting_end(), which comes after its
 * answer was delivered or put back, others know of it. */
void waiting_begin(struct caller *, const struct call *);
void waiting_end(const struct call *);

/* Waits until no call waits on the socket of c whose caller is gone; not for long. */
void waiting_see_off(const struct call *c);

/* Something was put back for the socket with that sock_id: wakes who waits there. */
void waiting_wake(uint64_t cookie);
/* Was this call woken so, since it was last asked? */
bool waiting_woken(const struct call *c);

#endif
