/*
 * errqueue.h - what became of sent packets: IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE.
 *
 * inet.h has errqueue_add(), errqueue_recv() and errqueue_free(). An error is kept with
 * what was sent and where to; all errors of a socket together are bounded by its
 * SO_RCVBUF. errqueue_add() also sets the socket's pending error where Linux does: of
 * a connected socket, if the error is a hard one; of one that asked for errors, always
 * (but for SO_EE_ORIGIN_LOCAL, which the call itself reports).
 */
#ifndef SOCKETCALL_STACK_ERRQUEUE_H
#define SOCKETCALL_STACK_ERRQUEUE_H

#include "inet.h"

static inline bool errqueue_any(const struct inet_sock *s)
{
	return s->errors != NULL;
}
/* Did it ask for the errors of packets to such an address? */
bool errqueue_wanted(const struct inet_sock *, const struct ip *to);

#endif
