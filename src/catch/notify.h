/*
 * notify.h - serves the notifications of one seccomp listener.
 */
#ifndef SOCKETCALL_CATCH_NOTIFY_H
#define SOCKETCALL_CATCH_NOTIFY_H

#include "../socketcall.h"

struct notify;

/* Takes the listener over and starts to serve it with threads of its own. The
 * system must outlive it. NULL with *err = -errno. */
struct notify *notify_start(int listener, const struct socketcall_system *, int *err);

#endif
