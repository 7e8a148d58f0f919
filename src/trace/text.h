/*
 * text.h - a call as a line in strace's notation.
 */
#ifndef SOCKETCALL_TRACE_TEXT_H
#define SOCKETCALL_TRACE_TEXT_H

#include "../call/call.h"
#include "../call/result.h"
#include "../call/verdict.h"
#include "line.h"

/* [ABI ][socketcall ]name(arguments): no ABI if it is the machine's own */
void text_call(struct line *, const struct call *, const struct result *);
/* = 0 and the verdict, if there is one */
void text_result(struct line *, const struct call *, const struct verdict *,
		 const struct result *);

/* Arguments that are messages; text_msg.c. */
void text_msg_args(struct line *, const struct call *, const struct result *);
void text_mmsg_args(struct line *, const struct call *, const struct result *);

/* An address as an argument: decoded, or where it lies. */
void text_addr(struct line *, const struct call_addr *);
/* An address that came out: at most `room` bytes of it. */
void text_addr_out(struct line *, const struct call_addr *out, int room, uint64_t at);
/* 16, or 128 => 16 if the call changed it. */
void text_room(struct line *, int64_t room, int64_t len);

/* Did the call get to the point where results are? */
static inline bool text_served(const struct call *c, const struct result *r)
{
	return !c->err && r->ret >= 0;
}

/* Both formats: is this the way how the argument block of a socketcall could not
 * be read? Then there are no arguments at all. */
bool call_block_unread(const struct call *c);
/* The address that the call gave back; NULL if none. */
const struct call_addr *call_addr_out(const struct call *c, const struct result *r);
/* Control messages, one after the other. What came in is as the caller sees it:
 * descriptors are its own, and those that found no room are not there. */
struct control_walk {
	const struct call *call;
	const uint8_t *bytes;       /* may be NULL: none */
	size_t len;
	const struct result_msg *in; /* NULL: they are sent */
	size_t room;                /* in: what the caller offered, less what is used */
	bool cut;                   /* in: the present message is cut there */
	struct cmsghdr *h;          /* the present one */
	const uint8_t *data;
	size_t data_len;
	size_t shown_len;           /* cmsg_len in the caller's layout */
	bool unknown_fds;           /* the caller's numbers are not known */
	unsigned given;             /* descriptors passed so far */
};

struct control_walk control_sent(const struct call *, const struct call_msg *);
struct control_walk control_received(const struct call *, const struct call_msg *,
				     const struct result_msg *);
/* To the first or next message; false at the end, or at one that cannot be. */
bool control_next(struct control_walk *);
/* All of them, as msg_controllen then says. */
size_t control_total(const struct call *, const struct call_msg *, const struct result_msg *);
/* The value given to setsockopt, its length in *len; NULL if it was not read or
 * holds numbers of ours. */
const uint8_t *call_option_in(const struct call *c, size_t *len);
/* The shape of a value that getsockopt gave: reply narrows it in place for callers
 * whose layout is smaller. */
const struct shape *shape_narrow(const struct call *c, const struct shape *);
/* Bytes of that value. */
size_t call_option_bytes(const struct call *c, const struct result *r);
/* Bytes of an option's value in the caller's layout. */
int call_option_len(const struct call *c, int level, int name, int host_len);

#endif
