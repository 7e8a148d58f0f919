/*
 * path.h - AF_UNIX pathnames, resolved once in the caller's file system context.
 *
 * A pathname is a way, not a place: between judging it and using it, a directory
 * on the way can be swapped for a symbolic link. So the way is walked once, with
 * the caller's rights, to a descriptor; the policy judges the place that this
 * descriptor is at, and the kernel is then given the descriptor.
 */
#ifndef SOCKETCALL_SERVE_HOST_PATH_H
#define SOCKETCALL_SERVE_HOST_PATH_H

#include "../ops.h"

int path_init(void);

/* Is it an AF_UNIX address with a pathname, given to an AF_UNIX socket? */
bool path_is(const struct call *, const struct call_addr *);

struct path {
	struct caller *who;
	bool binds;      /* the last component is to be created */
	int cwd;         /* the caller's directory */
	mode_t umask;
	int dir;         /* where the way starts: AT_FDCWD or a descriptor of the caller's */
	int fd;          /* what was found: the socket, or the directory to bind in; -1 none */
	int err;
	char way[130];   /* what is walked to it */
	char base[130];  /* binds: the last component */
	struct call_addr addr; /* what the kernel is to be given */
};

/*
 * Resolves the pathname `from` of message i of the call and has it judged. 0 or
 * -errno; then path_enter() must be called, with the caller's rights, in the thread
 * that makes the call with p->addr, and path_done() after it (always).
 */
int path_resolve(struct path *p, struct caller *, const struct call *, unsigned i, bool binds,
		 const struct call_addr *from, const struct serve_judge *);
int path_enter(const struct path *p);
void path_done(struct path *p);

#endif
