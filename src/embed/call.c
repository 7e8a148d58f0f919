/*
 * call.c - one of the twenty calls of a task, down the spine.
 *
 * send and recv of bytes in this process's own memory are what programs do most. They
 * take the same steps with less around them (transfer): no struct call, no struct
 * result, whose making takes longer than the move. What has to wait goes down the spine
 * with the rest of its bytes.
 */
#include "caller.h"

#include <string.h>

#include "../lib/clear.h"
#include "../serve/stack/sock.h"
#include "../serve/stack/stack.h"

static const struct socketcall_system on_stack = {.serve = &stack_ops};

struct call_waiting {
	struct waiting waiting; /* first */
	const struct abi *abi;
	uint64_t args[6];
	int sysno;
	bool begun;
	struct msghdr msg; /* call_pieces(): what args[1] names */
	struct socketcall s;
};

/* Whose layout and memory the call's addresses are of. */
enum whose { TASKS, OWN };

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
		socketcall_run(&on_stack, &waiting->op.who, w->abi, w->sysno, w->args, &w->s);
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
 * is to be a copy of it; or NULL. done: bytes of it that were moved. With the lock. */
static long run_locked(struct sc_task *t, enum whose whose, int sysno, const uint64_t args[6],
		       const struct msghdr *msg, size_t done)
{
	struct call_waiting local, *w = (struct call_waiting *)waiting_new(t, &local, sizeof(*w));

	if (!w)
		return done ? (long)done : -ENOMEM;
	w->waiting.serve = serve_call;
	w->waiting.end = end_call;
	w->waiting.op.done = done;
	w->abi = whose == OWN ? &abi_embedded_own : t->abi;
	w->begun = false;
	w->sysno = sysno;
	memcpy(w->args, args, sizeof(w->args));
	if (msg) {
		w->msg = *msg;
		w->args[1] = (uintptr_t)&w->msg;
	}
	caller_begin(&w->waiting.op, t, whose == OWN);
	return waiting_run(&w->waiting);
}

static long run(struct sc_task *t, enum whose whose, int sysno, const uint64_t args[6],
		const struct msghdr *msg)
{
	struct net *n = t->task->net; /* the task may be gone when it is over */
	long ret;

	net_lock(n);
	ret = run_locked(t, whose, sysno, args, msg, 0);
	net_unlock(n);
	return ret;
}

/* Is it a call for transfer(): with words and memory as they are here? */
static bool is_transfer(const struct sc_task *t, int call)
{
	return (call == CALL_send || call == CALL_recv) && t->abi == &abi_embedded_own &&
	       !t->config.memory.read;
}

/* decode, serve and reply of send and recv: their checks in their order. With the lock. */
static long move(struct op *op, int call, int fd, uint64_t at, uint64_t len, int flags)
{
	struct file *f = task_file(op->task, fd);
	struct call_span span;
	struct result_msg out; /* of it, what a receive without name and control fills in */
	struct message m;
	long ret;

	if (abi_buffer(&abi_embedded_own, at, len, &span))
		return -EFAULT;
	if (!f)
		return -EBADF;
	if (!file_is_sock(f))
		return -ENOTSOCK;
	m = (struct message){.op = op, .span = &span, .nspan = 1, .len = span.len, .flags = flags,
			     .out = &out};
	out.control = NULL;
	out.control_len = 0;
	out.flags = 0;
	file_get(f);
	ret = call == CALL_send ? sock_send(sock_of_file(f), &m) : sock_recv(sock_of_file(f), &m);
	file_put(f);
	return ret;
}

static long transfer(struct sc_task *t, int call, uint64_t fd, uint64_t at, uint64_t len,
		     uint64_t flags)
{
	struct net *n = t->task->net;
	struct waiting w; /* of it, what an op has before it waits */
	long ret;

	clear(&w, offsetof(struct waiting, op.state));
	w.task = t;
	net_lock(n);
	caller_begin(&w.op, t, true);
	ret = move(&w.op, call, (int)fd, at, len, (int)flags);
	if (ret == WAIT)
		ret = run_locked(t, OWN, call, (const uint64_t[6]){fd, at, len, flags}, NULL, w.op.done);
	caller_end(&w.op);
	net_unlock(n);
	return ret;
}

long sc_socketcall(struct sc_task *t, int call, uint64_t args)
{
	if (args && is_transfer(t, call)) {
		const unsigned long *block = (const unsigned long *)(uintptr_t)args;

		return transfer(t, call, block[0], block[1], block[2], block[3]);
	}
	return run(t, TASKS, t->abi->socketcall, (const uint64_t[6]){(unsigned)call, args}, NULL);
}

long sc_call(struct sc_task *t, int call, const uint64_t words[6])
{
	if (is_transfer(t, call))
		return transfer(t, call, words[0], words[1], words[2], words[3]);
	return call_nargs(call) ? run(t, TASKS, call, words, NULL) : -EINVAL;
}

long call_own(struct sc_task *t, enum call_nr nr, const uint64_t words[6])
{
	return nr == CALL_send || nr == CALL_recv
		       ? transfer(t, nr, words[0], words[1], words[2], words[3])
		       : run(t, OWN, nr, words, NULL);
}

long call_pieces(struct sc_task *t, enum call_nr nr, int fd, const struct iovec *iov, int n)
{
	const struct msghdr msg = {.msg_iov = (struct iovec *)iov, .msg_iovlen = n};

	return run(t, OWN, nr, (const uint64_t[6]){(uint64_t)fd}, &msg);
}
