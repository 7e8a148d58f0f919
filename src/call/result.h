/*
 * result.h - what serving a call gave, still in the host's layouts.
 *
 * serve fills it; reply turns it into bytes in the caller's memory and numbers
 * in its descriptor table; trace prints it. Handles in it are ours; reply (or
 * result_free) disposes of them.
 */
#ifndef SOCKETCALL_RESULT_H
#define SOCKETCALL_RESULT_H

#include "call.h"
#include "handles.h"

/* In ret, from serve: the call has to wait. Nothing is to be replied yet; serve it again,
 * with the same struct call and result, when its socket system says so. */
enum { RESULT_WAIT = -4095 };

struct result_msg {
	size_t len;         /* bytes of payload received, or sent */
	size_t data_len;    /* bytes of data at hand; with MSG_TRUNC len may be larger */
	uint8_t *data;      /* received payload; owned */
	struct call_addr name; /* received from; name.len is the true length, even past 128 */
	uint8_t *control;   /* received control messages, host layout, SCM_RIGHTS with
	                     * handles of ours; owned */
	size_t control_len;
	int flags;          /* msg_flags out */
	int *given;         /* the caller's numbers for the handles of SCM_RIGHTS, in order,
	                     * as reply installed them; for trace; owned; NULL: not known */
	unsigned ngiven;
};

struct result {
	int64_t ret;        /* the call's return value, or -errno */
	int fd;             /* handle to install as the return value (socket, accept*); -1 none */
	int pair[2];        /* socketpair's handles; -1 none */
	int given_fd;       /* the caller's number for fd, -1 as long as not installed; for trace */
	int given_pair[2];  /* the same for pair */
	bool cloexec;       /* install with FD_CLOEXEC (all handles of this result) */
	struct call_addr addr; /* out address: present, bytes, len = its true length */
	uint8_t *opt;       /* getsockopt: value, host layout; owned */
	int opt_len;        /* bytes of it; also written back as optlen */
	bool opt_len_set;   /* opt_len is to be written back even if ret is an error */
	struct result_msg *msg; /* recv, recvfrom: one; recvmsg one; mmsg: ret of them;
	                         * &msg_inline or owned */
	unsigned nmsg;
	bool unread;        /* reply: the caller's memory would not take the payload */
	bool time_left_set; /* recvmmsg: write time_left back */
	struct timespec time_left;
	struct alloc *mem;  /* of all that it owns */
	struct handles handles; /* whose its handles are */
	struct result_msg msg_inline; /* by result_one_message() */
};

/* mem and handles are then for the caller to set, if they are not malloc(3) and
 * close(2). */
void result_init(struct result *r);
/* msg_inline, cleared: for r->msg of a call with one message. Such a result is not to be
 * copied. */
struct result_msg *result_one_message(struct result *r);
/* Frees memory and gives back every handle still in r: fd, pair and those in
 * SCM_RIGHTS of the control messages. */
void result_free(struct result *r);

#endif
