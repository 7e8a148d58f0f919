/*
 * reply.h - struct result -> bytes and descriptors of the caller.
 */
#ifndef SOCKETCALL_REPLY_H
#define SOCKETCALL_REPLY_H

#include "../call/call.h"
#include "../call/caller.h"
#include "../call/result.h"

/*
 * Writes everything but the return value: addresses and lengths, option values,
 * payload, messages with their control messages (descriptors of SCM_RIGHTS are
 * installed here), the time left of recvmmsg, socketpair's two descriptors.
 * Memory first, descriptors last where Linux allows it. What Linux does when the
 * caller's memory faults is done here too (see SPEC.md): r->ret may change.
 *
 * On return r->ret is what the call returns, and r->fd, if not -1, is what catch
 * must install as the return value, atomically with it.
 */
void reply(struct caller *who, const struct call *c, struct result *r);

#endif
