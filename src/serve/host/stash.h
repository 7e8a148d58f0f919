/*
 * stash.h - what was taken from a socket and could not be delivered.
 *
 * Between the kernel's giving us a connection or data and our answer to the
 * caller, the caller may be killed (or, on kernels before 5.19, interrupted), or
 * its table of descriptors may be full. The kernel takes nothing back, so what
 * we hold is kept here under the socket it came from, and the next accept or
 * receive that we serve on that socket, by whomever, gets it first.
 */
#ifndef SOCKETCALL_SERVE_HOST_STASH_H
#define SOCKETCALL_SERVE_HOST_STASH_H

#include "../ops.h"

/* Something was taken from c->sock that may have to be kept: notes the socket, so that
 * what is kept can go when it does. */
void stash_watch(struct call *c);

/* serve_ops.undeliverable: keeps what r holds, if it is such a thing. */
serve_fn stash_result;

/* Fills r with what is kept for c->sock, if anything is; true if so. room: the bytes
 * that a receive has room for. */
bool stash_take(const struct call *c, size_t room, struct result *r);

#endif
