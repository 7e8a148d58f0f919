/*
 * socketcall.c - the path of a call:
 *
 *   catch -> decode -> decide -> serve -> reply -> trace -> catch
 *
 * The only file that knows all the steps. Everything after decode works on the
 * copy in struct call; the caller's memory is not read again but for payload.
 */
#include "socketcall.h"

#include <errno.h>
#include <time.h>

#include "decode/decode.h"
#include "reply/reply.h"

static uint64_t ns_between(const struct timespec *a, const struct timespec *b)
{
	return (b->tv_sec - a->tv_sec) * UINT64_C(1000000000) + b->tv_nsec - a->tv_nsec;
}

static int verdict_errno(const struct verdict *v)
{
	return v->kind == VERDICT_ALLOW ? 0 : -v->err;
}

/* What serve asks while it serves, put to the same policy. The last answer is
 * the call's verdict. */
struct judging {
	const struct policy *policy;
	struct verdict *verdict;
};

static int judge_path(void *ctx, const struct call *c, unsigned i, const char *path)
{
	struct judging *j = ctx;

	*j->verdict = policy_decide_path(j->policy, c, i, path);
	return verdict_errno(j->verdict);
}

static int judge_peer(void *ctx, const struct call *c, const struct call_addr *peer)
{
	struct judging *j = ctx;

	*j->verdict = policy_decide_peer(j->policy, c, peer);
	return verdict_errno(j->verdict);
}

/* Returns 0 if the call may be served. Of an mmsg call the messages before the
 * first refused one are: Linux, too, reports an error only if nothing was sent. */
static int decide(const struct policy *policy, struct call *c, struct verdict *v)
{
	unsigned allowed = 0;

	*v = policy_decide(policy, c, &allowed);
	if (v->kind == VERDICT_DENY && c->nr == CALL_sendmmsg && allowed > 0) {
		c->vlen = allowed;
		return 0;
	}
	return verdict_errno(v);
}

static void serve(const struct socketcall_system *sys, struct caller *who, struct socketcall *s)
{
	struct judging j = {sys->policy, &s->verdict};
	const struct serve_judge judge = {
		.ctx = &j,
		.paths = sys->policy && policy_judges_paths(sys->policy, s->call.nr),
		.peers = sys->policy && policy_judges_peers(sys->policy, s->call.nr),
		.path = judge_path,
		.peer = judge_peer,
	};
	serve_fn *op = sys->serve->call[s->call.nr];

	if (op)
		op(who, &s->call, &s->result, &judge);
	else
		s->result.ret = -EOPNOTSUPP;
}

static void put_handles(struct caller *who, struct call *c)
{
	if (c->sock >= 0)
		who->ops->fd_put(who, c->sock);
	if (c->opt.handle >= 0)
		who->ops->fd_put(who, c->opt.handle);
	c->sock = c->opt.handle = -1;
}

/* A line that names the new descriptor needs its number before the call is answered.
 * Without a trace it is installed and answered in one step, by catch. */
static void install_now(const struct socketcall_system *sys, struct caller *who,
			struct socketcall *s)
{
	struct result *r = &s->result;

	r->ret = r->given_fd = who->ops->fd_install(who, r->fd, r->cloexec);
	if (r->ret < 0) {
		/* The caller's table is full: Linux would not have taken the connection. */
		if (sys->serve->undeliverable)
			sys->serve->undeliverable(who, &s->call, r, NULL);
		return;
	}
	handles_put(&r->handles, r->fd);
	r->fd = -1;
}

/* A call that changes nothing need not be asked for a caller that is still there: its
 * answer is written to memory, and that asks. */
static bool only_looks(enum call_nr nr)
{
	return nr == CALL_getsockname || nr == CALL_getpeername;
}

/* What is left once it is served: the reply, and who wants to hear of it. */
static void finish(const struct socketcall_system *sys, struct caller *who, struct socketcall *s)
{
	struct timespec end;

	reply(who, &s->call, &s->result);
	if (s->result.unread && sys->serve->undeliverable)
		sys->serve->undeliverable(who, &s->call, &s->result, NULL);
	put_handles(who, &s->call);
	if (sys->trace && s->result.ret >= 0 && s->result.fd >= 0)
		install_now(sys, who, s);
	if (sys->report) {
		clock_gettime(CLOCK_MONOTONIC, &end);
		sys->report(sys, who, s, s->wall, ns_between(&s->start, &end));
	}
}

void socketcall_run(const struct socketcall_system *sys, struct caller *who, const struct abi *abi,
		    int sysno, const uint64_t args[6], struct socketcall *s)
{
	int err;

	if (sys->report) {
		clock_gettime(CLOCK_REALTIME, &s->wall);
		clock_gettime(CLOCK_MONOTONIC, &s->start);
	}
	call_init(&s->call);
	result_init(&s->result);
	s->call.mem = s->result.mem = who->mem;
	s->result.handles = who->handles;
	s->verdict = (struct verdict){.kind = VERDICT_ALLOW};

	err = decode(who, abi, sysno, args, &s->call);
	if (!only_looks(s->call.nr) && who->ops->still_there && who->ops->still_there(who) < 0)
		err = -ESRCH; /* nobody is left to hear it */
	if (!err && sys->policy)
		err = decide(sys->policy, &s->call, &s->verdict);
	if (!err)
		serve(sys, who, s);
	else
		s->result.ret = err;
	if (s->result.ret != RESULT_WAIT)
		finish(sys, who, s);
}

void socketcall_again(const struct socketcall_system *sys, struct caller *who, struct socketcall *s)
{
	serve(sys, who, s);
	if (s->result.ret != RESULT_WAIT)
		finish(sys, who, s);
}

void socketcall_done(const struct socketcall_system *sys, struct caller *who, struct socketcall *s,
		     bool delivered)
{
	if (!delivered && sys->serve->undeliverable)
		sys->serve->undeliverable(who, &s->call, &s->result, NULL);
	if (sys->serve->done)
		sys->serve->done(&s->call);
	result_free(&s->result);
	call_free(&s->call);
}
