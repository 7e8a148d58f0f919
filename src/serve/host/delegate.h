/*
 * delegate.h - runs a function with another task's rights.
 */
#ifndef SOCKETCALL_SERVE_HOST_DELEGATE_H
#define SOCKETCALL_SERVE_HOST_DELEGATE_H

#include "../../call/rights.h"

/*
 * Runs fn(arg) with the rights r, in this process' memory and with its
 * descriptors, and returns when it has returned. *server is the task that runs
 * it meanwhile (for interrupting it), 0 again afterwards. 0, or -errno if the
 * rights cannot be taken on (then fn was not called), or -ENOSYS if the delegate
 * died on the way.
 */
int delegate_run(const struct rights *r, void (*fn)(void *arg), void *arg, pid_t *server);

#endif
