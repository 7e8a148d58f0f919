/*
 * call.c - one of the twenty calls of a task, down the spine.
 */
#include "caller.h"

#include <string.h>

#include "../serve/stack/stack.h"

static const struct socketcall_system on_stack = {.serve = &stack_ops};

struct call_waiting {
	struct waiting waiting; /* first */
	uint64_t args[6];
	int sysno;
	bool begun;
	struct msghdr msg; /* call_pieces(): what args[1] names */
	struct socketcall s;
};

static long result_of(struct call_waiting *w)
{
	struct result *r = &w->s.result;

	if (r->ret >= 0 && r->fd >= 0)
		r->ret = w->waiting.op.who.ops->fd_install(&w->waiting.op.who, r->fd, r->cloexec);
	return r->ret;
}

static long serve_call(struct waiting *waiting)
{
	struct call_waiting *w = (struct call_waiting *)waiting;

	if (w->begun) {
		socketcall_again(&on_stack, &waiting->op.who, &w->s);
	} else {
		w->begun = true;
		socketcall_run(&on_stack, &waiting->op.who, waiting->task->abi, w->sysno, w->args,
			       &w->s);
	}
	return w->s.result.ret == RESULT_WAIT ? (long)WAIT : result_of(w);
}

static void end_call(struct waiting *waiting)
{
	struct call_waiting *w = (struct call_waiting *)waiting;

	socketcall_done(&on_stack, &waiting->op.who, &w->s, true);
	caller_end(&waiting->op);
}

/* args: the registers of "system call" sysno, as src/abi/embedded.c has them. msg: args[1]
 * is to be a copy of it; or NULL. */
static long run(struct sc_task *t, int sysno, const uint64_t args[6], const struct msghdr *msg)
{
	struct net *n = t->task->net; /* the task may be gone when it is over */
	struct call_waiting local, *w;
	long ret = -ENOMEM;

	net_lock(n);
	w = (struct call_waiting *)waiting_new(t, &local, sizeof(*w));
	if (w) {
		w->waiting.serve = serve_call;
		w->waiting.end = end_call;
		w->begun = false;
		w->sysno = sysno;
		memcpy(w->args, args, sizeof(w->args));
		if (msg) {
			w->msg = *msg;
			w->args[1] = (uintptr_t)&w->msg;
		}
		caller_begin(&w->waiting.op, t);
		ret = waiting_run(&w->waiting);
	}
	net_unlock(n);
	return ret;
}

long sc_socketcall(struct sc_task *t, int call, uint64_t args)
{
	return run(t, t->abi->socketcall, (const uint64_t[6]){(unsigned)call, args},
		   NULL);
}

long sc_call(struct sc_task *t, int call, const uint64_t words[6])
{
	return call_nargs(call) ? run(t, call, words, NULL) : -EINVAL;
}

long call_pieces(struct sc_task *t, enum call_nr nr, int fd, const struct iovec *iov, int n)
{
	const struct msghdr msg = {.msg_iov = (struct iovec *)iov, .msg_iovlen = n};

	return run(t, nr, (const uint64_t[6]){(uint64_t)fd}, &msg);
}
