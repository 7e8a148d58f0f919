/*
 * payload.h - one message on its way between the caller's memory and a socket.
 */
#ifndef SOCKETCALL_SERVE_HOST_PAYLOAD_H
#define SOCKETCALL_SERVE_HOST_PAYLOAD_H

#include "../../call/call.h"
#include "../../call/caller.h"

/* The pieces of memory of a call or a message, and their sum. */
struct payload {
	const struct call_span *span;
	unsigned n;
	size_t total; /* bytes */
};

struct payload payload_of(const struct call_span *span, unsigned n);

enum {
	/* Streams move in pieces of this size, so that a program's gigabyte is not ours. */
	PAYLOAD_PIECE = 256 * 1024,
	/* A datagram is one piece. The kernel's own limit is SO_SNDBUF, 208 KiB unless an
	 * administrator raised it; beyond this it is EMSGSIZE. */
	PAYLOAD_MAX = 16 * 1024 * 1024,
};

/* Does the socket of the call keep no message boundaries? */
bool payload_is_stream(const struct call *c);
bool payload_is_datagram(const struct call *c);

#endif
