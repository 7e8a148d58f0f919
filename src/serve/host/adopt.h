/*
 * adopt.h - a process takes on the rights of a task, for good.
 */
#ifndef SOCKETCALL_SERVE_HOST_ADOPT_H
#define SOCKETCALL_SERVE_HOST_ADOPT_H

#include "../../call/rights.h"

/* For a process with one thread that shares no file system context. Joins the
 * task's cgroup, namespaces and root, then takes its groups, ids and
 * capabilities, and checks that it has them. 0, or -errno; after an error the
 * process has rights of neither kind and must end. */
int adopt(const struct rights *r);

#endif
