/*
 * path.h - AF_UNIX pathnames, resolved once in the caller's file system context.
 *
 * A pathname is a way, not a place: between judging it and using it, a directory
 * on the way can be swapped for a symbolic link. So the way is walked once, to a
 * descriptor; the policy judges the place that this descriptor is at, and the
 * kernel is then given the descriptor.
 */
#ifndef SOCKETCALL_SERVE_HOST_PATH_H
#define SOCKETCALL_SERVE_HOST_PATH_H

#include "../ops.h"

int path_init(void);

/* Is it an AF_UNIX address with a pathname? */
bool path_is(const struct call_addr *);

/*
 * Makes of a pathname address what is to be given to the kernel instead, judged
 * as message i of the call, and sets up the calling thread so that the kernel
 * finds it. `binds`: the last component is to be created. *fd must be closed
 * after the call was made; it is -1 if none is needed. 0 or -errno.
 */
int path_prepare(struct caller *, const struct call *, unsigned i, bool binds,
		 const struct call_addr *from, struct call_addr *to, int *fd,
		 const struct serve_judge *);

#endif
