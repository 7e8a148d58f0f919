/*
 * op.h - one call under way, how far it is, and how it waits.
 *
 * Whatever serves a call does so without sleeping. Where it cannot go on it says
 * WAIT, and what it waits for; the call is left where it is (struct op keeps how far
 * it came) and is served again from the same struct call when the file it waits on
 * has changed or its time is over. It never goes back to decode or decide.
 */
#ifndef SOCKETCALL_STACK_OP_H
#define SOCKETCALL_STACK_OP_H

#include "../../call/call.h"
#include "../../call/caller.h"
#include "../../call/result.h"
#include "task.h"

/* Says a family's operation, never a program: not now. Nothing was changed but what
 * struct op and struct message say was done. */
enum { WAIT = RESULT_WAIT };

enum op_state {
	OP_RUNS,   /* being served, or not begun */
	OP_WAITS,  /* watches `on`, until `deadline` */
	OP_READY,  /* what it waited for may be there: serve it again */
};

struct op {
	struct caller who; /* first: what the steps get */
	struct task *task;
	bool may_wait;     /* set before an operation runs: O_NONBLOCK, MSG_DONTWAIT are off.
	                    * For those that answer otherwise then (connect: -EINPROGRESS) */

	/* Kept while it waits. */
	size_t done;       /* bytes moved of the message it is at */
	unsigned msgs;     /* whole messages of an mmsg call */
	int64_t deadline;  /* TIME_NEVER; set when it first waits */
	bool waited;       /* it has waited: deadline is set */
	bool interrupted;  /* a signal came: end with what is done, or -EINTR */
	int64_t began;     /* connect: whatever the family needs to know again */
	void *kept;        /* what the first try took, that a later one must not take again:
	                    * the files of SCM_RIGHTS, whose numbers may be others' by then */
	void (*kept_drop)(struct op *); /* gives it up, when the call is over with it */

	/* What it said when it said WAIT. */
	struct file *on;   /* NULL: the call's own socket; of op_park(): no file */
	uint32_t events;

	/* While it waits. */
	enum op_state state;
	struct file *waits_on;   /* a reference */
	struct watch watch;
	struct timer timer;
	LIST_ENTRY(op) entry;    /* of task.waiting */
	void (*ready)(struct op *); /* under the lock, once: it became OP_READY */
};

static inline struct op *op_of(struct caller *who)
{
	return (struct op *)who;
}

/* Of a serving function that cannot go on: should the call wait for events on f (as
 * op->on, op->events said, or these)? WAIT if so; -EINTR if it was interrupted;
 * otherwise `otherwise` (-EAGAIN, -EINPROGRESS): it may not wait, or its time is
 * over. timeout in ns from the first wait on, TIME_NEVER. f NULL: whoever asks calls
 * op_wake(). */
int op_waits(struct op *, struct file *f, uint32_t events, bool may, int64_t timeout,
	     int otherwise);

/* After a call said WAIT: begins to watch. `ready` is called once it should be
 * served again; then op_resume(), and serve. */
void op_park(struct op *, void (*ready)(struct op *));
void op_resume(struct op *); /* also while it still waits: gives up waiting */
/* What it waits for, beside op->on, may be there. Nothing if it does not wait. */
void op_wake(struct op *);
/* A signal: it will end with what it has done, or -EINTR. */
void op_interrupt(struct op *);

/*
 * One message on its way, of any of the calls that send or receive. Its bytes lie in
 * the caller's memory and move at once between there and the socket's buffers.
 */
struct message {
	struct op *op;
	const struct call_span *span;
	unsigned nspan;
	int flags;          /* MSG_* as given */
	size_t len;         /* bytes of all spans */
	size_t done;        /* of them, those that earlier tries moved */

	/* send */
	const struct call_addr *to; /* NULL: no address was given */
	const uint8_t *control;     /* in the host's layout */
	size_t control_len;

	/* receive */
	struct call_addr *from;     /* to be filled, if wanted: present, bytes, len */
	struct result_msg *out;     /* flags, len, control; never NULL */
	size_t control_room;        /* 0: none is wanted */

	bool more;          /* sendmmsg: others follow */
};

/* len bytes of the message from `skip` on: 0 or -EFAULT (then none or some moved). */
int message_take(struct message *, size_t skip, void *to, size_t len);
int message_give(struct message *, size_t skip, const void *from, size_t len);

/* As put_cmsg() in net/core/scm.c: appends a control message to what is received,
 * or what of it has room and MSG_CTRUNC. Without memory: MSG_CTRUNC. */
void message_put_control(struct message *, int level, int type, const void *data, size_t len);
/* Room left for the data of one more control message; 0 if not even its header. */
size_t message_control_left(const struct message *);

/* Walks the control messages of a send: NULL at the end. CMSG_FIRSTHDR and
 * CMSG_NXTHDR with the kernel's checks; *err is -EINVAL where it would be. */
const struct cmsghdr *message_next_control(const struct message *, const struct cmsghdr *prev,
					   int *err);

#endif
