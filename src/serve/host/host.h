/*
 * host.h - the socket system that is the host kernel.
 *
 * Each op makes the same call that the program made, on the program's own socket
 * (c->sock shares its open file description). Nothing is emulated: blocking,
 * time-outs and errors are the kernel's. An op that is going to block says so first
 * (caller_ops.waits) and then blocks.
 *
 * What an op does with the program (its memory, its descriptors) it does with our
 * rights: the program may be closed to its own user id. What it asks of the kernel
 * for the program it asks with the program's rights: host_as_caller().
 */
#ifndef SOCKETCALL_SERVE_HOST_H
#define SOCKETCALL_SERVE_HOST_H

#include "../ops.h"

extern const struct serve_ops host_ops;

/* To be called once, before any call is served and while /proc is in reach.
 * 0 or -errno. */
int host_init(void);

/* One file each. */
serve_fn host_socket, host_socketpair;                   /* create.c */
serve_fn host_bind, host_connect;                        /* name.c */
serve_fn host_listen, host_getsockname, host_getpeername, host_shutdown; /* plain.c */
serve_fn host_setsockopt, host_getsockopt;               /* option.c */
serve_fn host_accept;                                    /* accept.c */
serve_fn host_send, host_sendmmsg;                       /* send.c */
serve_fn host_recv, host_recvmmsg;                       /* recv.c */

/* Runs fn(arg) with the rights of the caller. 0, or -errno if that cannot be, and
 * then fn has not run. */
int host_as_caller(struct caller *, void (*fn)(void *arg), void *arg);
/* The same for what never waits, so that nothing need be able to interrupt it. */
int host_quick_as_caller(struct caller *, void (*fn)(void *arg), void *arg);

/* The kernel names a netlink socket that has no name yet after the process that uses
 * it, when it is first used. Gives it the caller's id, if `to` is a netlink address. */
void host_name_netlink(struct caller *, const struct call *, const struct call_addr *to);

/* Would the call, made now, wait rather than answer EAGAIN? */
bool host_may_wait(const struct call *c);
/* What an interrupted call answers: -ERESTARTSYS, which the kernel turns into
 * EINTR or a restart, or -EINTR if the socket has a time-out (socket(7)). */
int host_interrupted(const struct call *c, int timeout_option);

#endif
