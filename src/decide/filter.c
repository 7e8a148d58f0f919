/*
 * filter.c - a policy -> the smallest seccomp filter.
 *
 * A filter sees registers. For each call of each ABI the rules are walked in
 * order, as decide.c does, but with what registers tell:
 *  - a rule that cannot concern the call is left out;
 *  - a rule that registers decide (family, type and protocol of a direct socket();
 *    whether sendto has an address) becomes a few tests, and its action;
 *  - at the first rule that needs the caller's memory the walk ends: notify.
 * Rules at the end that say what is said without them are left out first, so what
 * no rule forbids costs nothing. Through socketcall(2) the one register is the
 * number of the call.
 *
 * Calls that are allowed in any case must come to ALLOW by tests of the number
 * and the architecture alone: the kernel finds this out when the filter is loaded
 * (seccomp_cache_prepare) and never runs the filter for them.
 *
 * We write BPF ourselves because libseccomp cannot: to a rule on socket() it adds,
 * for i386, a companion rule on socketcall's number, which collides with what we
 * say of socketcall; and its rules have no order.
 *
 * Registers are read as the kernel reads them: an int is the low word, whatever
 * the high one says. On i386 no high word counts at all: a 64-bit program that
 * enters through int $0x80 can leave anything there.
 */
#include <errno.h>
#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bpf.h"
#include "rule.h"

enum {
	X32_BIT = 0x40000000,
	TYPE_MASK = 0xf,      /* SOCK_TYPE_MASK of linux/net.h */
	PROTOCOLS_BY_TYPE = 3,
	ARG_FAMILY = 0, ARG_TYPE = 1, ARG_PROTOCOL = 2,        /* socket, socketpair */
	ARG_ADDR = 4, ARG_ADDRLEN = 5,                         /* sendto */
	ARG_LEVEL = 1, ARG_OPTION = 2,                         /* setsockopt, getsockopt */
	ARG_SOCKETCALL = 0,
};

static const int uring_calls[] = {425, 426, 427, -1}; /* setup, enter, register */

/* How one call is made. */
struct way {
	enum call_nr nr;
	bool direct;  /* its arguments are in registers */
	bool wide;    /* of a 64-bit ABI */
};

/* When a step's action is taken. */
enum when {
	WHEN_NEVER,
	WHEN_ALWAYS,
	WHEN_CREATE,   /* registers hold the rule's family, type and protocol */
	WHEN_ADDR,     /* registers hold an address */
	WHEN_NO_ADDR,
	WHEN_OPTION,   /* registers hold the door's level and option */
};

struct step {
	enum when when;
	bool sure;    /* false: it may match or not, only memory tells */
	uint32_t ret; /* what is done if it matches */
	const struct rule *rule;
	const struct door *door;
};

struct body {
	struct way way;
	int label;
	bool shared;   /* its code is an earlier body's, or one return */
	unsigned nsteps;
	struct step *step;
};

enum { BODIES_MAX = 3 * CALL_LAST, RETS_MAX = 4096 + 8 };

struct gen {
	const struct policy *policy;
	const struct filter_options *opt;
	struct bpf b;
	bool rights;      /* notify the calls of filter_rights_calls too */
	bool notifies;    /* there is a way to a notification */
	unsigned limit;   /* instructions that one call may take; past it, notify */
	struct body body[BODIES_MAX];
	unsigned nbodies;
	struct {
		uint32_t value;
		int label;
	} *ret;
	unsigned nrets;
};

/* --- what is done --- */

static uint32_t ret_of(const struct gen *g, const struct rule *r)
{
	switch (r->action) {
	case ACTION_ALLOW:
		return SECCOMP_RET_ALLOW;
	case ACTION_DENY:
		return g->opt->count_denied ? SECCOMP_RET_USER_NOTIF
					    : SECCOMP_RET_ERRNO | (uint32_t)r->err;
	case ACTION_KILL:
		return g->opt->count_denied ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_KILL_PROCESS;
	case ACTION_LOG:
		break;
	}
	return SECCOMP_RET_USER_NOTIF;
}

/* The label of the one instruction that returns this value. */
static int ret_label(struct gen *g, uint32_t value)
{
	g->notifies |= value == SECCOMP_RET_USER_NOTIF;
	for (unsigned i = 0; i < g->nrets; i++)
		if (g->ret[i].value == value)
			return g->ret[i].label;
	g->ret[g->nrets].value = value;
	g->ret[g->nrets].label = bpf_label(&g->b);
	return g->ret[g->nrets++].label;
}

/* --- steps --- */

static bool matches_any(const struct rule *r)
{
	for (unsigned i = 0; i < r->naddr; i++)
		if (r->addr[i].kind == ADDR_ANY)
			return !r->port.n;
	return r->naddr == 0 && !r->port.n;
}

/* When does a rule decide this call? *sure is false where a match of registers
 * still leaves the rule open, or registers tell nothing: then notify. */
static enum when rule_when(const struct rule *r, const struct way *w, bool *sure)
{
	enum concern c = rule_concern(r, w->nr);
	bool addressed = r->naddr || r->port.n;

	*sure = true;
	if (c == CONCERN_NO || (w->nr == CALL_send && addressed))
		return WHEN_NEVER;
	if (CALL_SET_CREATE >> w->nr & 1) {
		if (!r->family.n && !r->type.n && !r->protocol.n)
			return WHEN_ALWAYS;
		*sure = w->direct;
		return w->direct ? WHEN_CREATE : WHEN_ALWAYS;
	}
	if (w->nr == CALL_sendto && w->direct && c != CONCERN_ALL) {
		*sure = matches_any(r);
		return c == CONCERN_ADDR ? WHEN_ADDR : WHEN_NO_ADDR;
	}
	if (CALL_SET_SENDS >> w->nr & 1)
		*sure = c == CONCERN_ALL;
	else if (w->nr == CALL_connect)
		*sure = !addressed; /* `any` is no match for a disconnect */
	else
		*sure = matches_any(r);
	return WHEN_ALWAYS;
}

static void add_step(struct body *body, struct step step)
{
	body->step[body->nsteps++] = step;
}

static void add_end(struct body *body, uint32_t ret)
{
	add_step(body, (struct step){.when = WHEN_ALWAYS, .sure = true, .ret = ret});
}

/* What `default` and the side doors say, after the last rule. */
static void add_last_steps(struct gen *g, struct body *body)
{
	const struct way *w = &body->way;
	uint32_t fallback = ret_of(g, &g->policy->fallback);
	uint32_t door = g->opt->count_denied ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ERRNO | EPERM;
	bool sends = CALL_SET_SENDS >> w->nr & 1;

	if (w->direct && CALL_SET_OPTIONS >> w->nr & 1) {
		for (const struct door *d = doors; d < doors + ndoors; d++)
			if (d->calls >> w->nr & 1 && door_closed(g->policy, d))
				add_step(body, (struct step){WHEN_OPTION, true, door, NULL, d});
		add_end(body, SECCOMP_RET_ALLOW);
	} else if (doors_closed(g->policy, w->nr)) {
		add_end(body, SECCOMP_RET_USER_NOTIF);
	} else if (fallback == SECCOMP_RET_ALLOW || !(CALL_SET_DEFAULT >> w->nr & 1)) {
		add_end(body, SECCOMP_RET_ALLOW);
	} else if (w->nr == CALL_sendto && w->direct) {
		add_step(body, (struct step){WHEN_ADDR, true, fallback, NULL, NULL});
		add_end(body, SECCOMP_RET_ALLOW);
	} else if (sends || w->nr == CALL_connect) {
		/* Nothing is said of a send without an address, nor of a disconnect. */
		add_end(body, SECCOMP_RET_USER_NOTIF);
	} else {
		add_end(body, fallback);
	}
}

/* Drops the steps before the last that do what the last does, and those after
 * one that always ends the walk. */
static void trim(struct body *body)
{
	unsigned n = body->nsteps;

	while (n > 1 && body->step[n - 2].ret == body->step[n - 1].ret) {
		body->step[n - 2] = body->step[n - 1];
		n--;
	}
	for (unsigned i = 0; i < n; i++)
		if (body->step[i].when == WHEN_ALWAYS)
			n = i + 1;
	body->nsteps = n;
}

static int make_steps(struct gen *g, struct body *body)
{
	const struct policy *p = g->policy;
	bool sure = false, doors = doors_closed(p, body->way.nr);

	body->step = calloc(p->nrules + ndoors + 2, sizeof(*body->step));
	if (!body->step)
		return -ENOMEM;
	if (g->opt->serve_all) {
		add_end(body, SECCOMP_RET_USER_NOTIF);
		return 0;
	}
	for (unsigned i = 0; i < p->nrules; i++) {
		const struct rule *r = &p->rule[i];
		enum when when = rule_when(r, &body->way, &sure);
		uint32_t ret = ret_of(g, r);

		if (when == WHEN_NEVER)
			continue;
		/* Behind an address that is allowed there may still be a side door. */
		if (!sure && doors)
			ret = SECCOMP_RET_USER_NOTIF;
		add_step(body, (struct step){when, sure, ret, r, NULL});
		/* A log rule says so and goes on: what follows is for decide.c. */
		if (sure && when == WHEN_ALWAYS)
			break;
	}
	if (!body->nsteps || !sure || body->step[body->nsteps - 1].when != WHEN_ALWAYS)
		add_last_steps(g, body);
	trim(body);
	return 0;
}

static uint32_t step_ret(const struct step *s)
{
	return s->sure ? s->ret : SECCOMP_RET_USER_NOTIF;
}

/* The same whatever the registers hold? */
static bool is_constant(const struct body *body)
{
	return body->step[0].when == WHEN_ALWAYS;
}

static bool same_steps(const struct body *a, const struct body *b)
{
	if (a->nsteps != b->nsteps || a->way.wide != b->way.wide)
		return false;
	for (unsigned i = 0; i < a->nsteps; i++) {
		const struct step *s = &a->step[i], *t = &b->step[i];

		if (s->when != t->when || s->sure != t->sure || s->ret != t->ret ||
		    s->rule != t->rule || s->door != t->door)
			return false;
	}
	return true;
}

/* Where the code of a body is, or will be. */
static void set_label(struct gen *g, struct body *b)
{
	b->shared = is_constant(b);
	if (b->shared) {
		b->label = ret_label(g, step_ret(b->step));
		return;
	}
	for (struct body *o = g->body; o < b && !b->shared; o++)
		if (!is_constant(o) && same_steps(o, b)) {
			b->shared = true;
			b->label = o->label;
		}
	if (!b->shared)
		b->label = bpf_label(&g->b);
}

/* The body for a way of making a call, made once for all ABIs that share it. */
static struct body *body_of(struct gen *g, struct way w)
{
	struct body *b;

	w.wide &= w.nr == CALL_sendto && w.direct;
	for (b = g->body; b < g->body + g->nbodies; b++)
		if (b->way.nr == w.nr && b->way.direct == w.direct && b->way.wide == w.wide)
			return b;
	b->way = w;
	b->nsteps = 0;
	if (make_steps(g, b) < 0)
		return NULL;
	g->nbodies++;
	set_label(g, b);
	return b;
}

/* --- code --- */

/* Goes to yes if A is in the set, else to no. Neither may be BPF_NEXT. */
static void emit_ranges(struct bpf *b, const struct ranges *set, int yes, int no)
{
	for (unsigned i = 0; i < set->n; i++) {
		int miss = i + 1 < set->n ? BPF_NEXT : no;

		if (set->r[i].lo == set->r[i].hi) {
			bpf_jump(b, BPF_JEQ, set->r[i].lo, yes, miss);
			continue;
		}
		bpf_jump(b, BPF_JGE, set->r[i].lo, BPF_NEXT, no);
		bpf_jump(b, BPF_JGT, set->r[i].hi, miss, yes);
	}
}

/* The protocol, and what 0 stands for: rule_protocol() in BPF. */
static void emit_protocol(struct bpf *b, const struct rule *r, bool packet, int yes, int no)
{
	struct range by_type[PROTOCOLS_BY_TYPE];
	struct ranges types = {by_type, 0};
	int zero, inet;

	for (uint32_t type = 0; type <= TYPE_MASK && !packet; type++)
		if (!ranges_have(&r->protocol, 0) && rule_protocol(r, AF_INET, type, 0))
			by_type[types.n++] = (struct range){type, type};
	bpf_load(b, bpf_arg_low(ARG_PROTOCOL), UINT32_MAX);
	if (!types.n) {
		emit_ranges(b, &r->protocol, yes, no);
		return;
	}
	zero = bpf_label(b);
	inet = bpf_label(b);
	emit_ranges(b, &r->protocol, yes, zero);
	bpf_bind(b, zero);
	bpf_jump(b, BPF_JEQ, 0, BPF_NEXT, no);
	bpf_load(b, bpf_arg_low(ARG_FAMILY), UINT32_MAX);
	bpf_jump(b, BPF_JEQ, AF_INET, inet, BPF_NEXT);
	bpf_jump(b, BPF_JEQ, AF_INET6, inet, no);
	bpf_bind(b, inet);
	bpf_load(b, bpf_arg_low(ARG_TYPE), TYPE_MASK);
	emit_ranges(b, &types, yes, no);
}

/* packet: this is the way of socket(AF_INET, SOCK_PACKET), whose family and type
 * are known to be those of a packet socket. */
static void emit_create(struct bpf *b, const struct rule *r, bool packet, int yes, int no)
{
	bool family = r->family.n, type = r->type.n;

	if (packet) {
		if ((family && !ranges_have(&r->family, AF_PACKET)) ||
		    (type && !ranges_have(&r->type, SOCK_PACKET))) {
			bpf_goto(b, no);
			return;
		}
		family = type = false;
	}
	if (family) {
		int then = type || r->protocol.n ? bpf_label(b) : yes;

		bpf_load(b, bpf_arg_low(ARG_FAMILY), UINT32_MAX);
		emit_ranges(b, &r->family, then, no);
		if (then == yes)
			return;
		bpf_bind(b, then);
	}
	if (type) {
		int then = r->protocol.n ? bpf_label(b) : yes;

		bpf_load(b, bpf_arg_low(ARG_TYPE), TYPE_MASK);
		emit_ranges(b, &r->type, then, no);
		if (then == yes)
			return;
		bpf_bind(b, then);
	}
	if (r->protocol.n)
		emit_protocol(b, r, packet, yes, no);
	else
		bpf_goto(b, yes);
}

/* Has sendto a destination? An address of no length is none. */
static void emit_addr(struct bpf *b, bool wide, int yes, int no)
{
	int length = bpf_label(b);

	bpf_load(b, bpf_arg_low(ARG_ADDR), UINT32_MAX);
	if (wide) {
		bpf_jump(b, BPF_JEQ, 0, BPF_NEXT, length);
		bpf_load(b, bpf_arg_high(ARG_ADDR), UINT32_MAX);
	}
	bpf_jump(b, BPF_JEQ, 0, no, length);
	bpf_bind(b, length);
	bpf_load(b, bpf_arg_low(ARG_ADDRLEN), UINT32_MAX);
	bpf_jump(b, BPF_JEQ, 0, no, yes);
}

static void emit_option(struct bpf *b, const struct door *d, int yes, int no)
{
	bpf_load(b, bpf_arg_low(ARG_LEVEL), UINT32_MAX);
	bpf_jump(b, BPF_JEQ, d->level, BPF_NEXT, no);
	bpf_load(b, bpf_arg_low(ARG_OPTION), UINT32_MAX);
	bpf_jump(b, BPF_JEQ, d->name, yes, no);
}

static void emit_steps(struct gen *g, const struct body *body, bool packet)
{
	struct bpf *b = &g->b;

	for (unsigned i = 0; i < body->nsteps; i++) {
		const struct step *s = &body->step[i];
		int ret = ret_label(g, step_ret(s));
		int next = bpf_label(b);

		switch (s->when) {
		case WHEN_NEVER:
			break;
		case WHEN_ALWAYS:
			bpf_goto(b, ret);
			break;
		case WHEN_CREATE:
			emit_create(b, s->rule, packet, ret, next);
			break;
		case WHEN_ADDR:
			emit_addr(b, body->way.wide, ret, next);
			break;
		case WHEN_NO_ADDR:
			emit_addr(b, body->way.wide, next, ret);
			break;
		case WHEN_OPTION:
			emit_option(b, s->door, ret, next);
			break;
		}
		bpf_bind(b, next);
	}
}

/* Do the rules tell the family of socket(AF_INET, SOCK_PACKET) from AF_INET? */
static bool sees_packet(const struct body *body)
{
	for (unsigned i = 0; i < body->nsteps; i++) {
		const struct step *s = &body->step[i];

		if (s->when == WHEN_CREATE && s->rule->family.n &&
		    (ranges_have(&s->rule->family, AF_INET) ||
		     ranges_have(&s->rule->family, AF_PACKET)))
			return true;
	}
	return false;
}

static void emit_body(struct gen *g, const struct body *body)
{
	struct bpf *b = &g->b;
	unsigned start = b->n;
	int packet = -1, plain;

	bpf_bind(b, body->label);
	if (sees_packet(body)) {
		packet = bpf_label(b);
		plain = bpf_label(b);
		bpf_load(b, bpf_arg_low(ARG_FAMILY), UINT32_MAX);
		bpf_jump(b, BPF_JEQ, AF_INET, BPF_NEXT, plain);
		bpf_load(b, bpf_arg_low(ARG_TYPE), TYPE_MASK);
		bpf_jump(b, BPF_JEQ, SOCK_PACKET, packet, plain);
		bpf_bind(b, plain);
	}
	emit_steps(g, body, false);
	if (packet >= 0) {
		bpf_bind(b, packet);
		emit_steps(g, body, true);
	}
	if (b->n - start > g->limit) {
		bpf_truncate(b, start);
		bpf_goto(b, ret_label(g, SECCOMP_RET_USER_NOTIF));
	}
}

/* --- dispatch --- */

struct entry {
	uint32_t nr;
	int label;
};

enum { ENTRIES_MAX = 96 };

struct entries {
	struct entry e[ENTRIES_MAX];
	unsigned n;
};

static void add_entry(struct entries *list, uint32_t nr, int label)
{
	unsigned at = list->n++;

	for (; at > 0 && list->e[at - 1].nr > nr; at--)
		list->e[at] = list->e[at - 1];
	list->e[at] = (struct entry){nr, label};
}

/* Goes by A to the labels of the list; falls through if it is not there. */
static void emit_entries(struct bpf *b, const struct entries *list)
{
	int out = bpf_label(b);

	for (unsigned i = 0, last; i < list->n; i = last + 1) {
		const struct entry *e = &list->e[i];

		for (last = i; last + 1 < list->n && list->e[last + 1].label == e->label &&
			       list->e[last + 1].nr == list->e[last].nr + 1;)
			last++;
		if (last == i) {
			bpf_jump(b, BPF_JEQ, e->nr, e->label, BPF_NEXT);
			continue;
		}
		bpf_jump(b, BPF_JGE, e->nr, BPF_NEXT, out);
		bpf_jump(b, BPF_JGT, list->e[last].nr, BPF_NEXT, e->label);
	}
	bpf_bind(b, out);
}

static int add_call(struct gen *g, struct entries *list, uint32_t nr, struct way w)
{
	struct body *body = body_of(g, w);

	if (!body)
		return -ENOMEM;
	if (!is_constant(body) || step_ret(body->step) != SECCOMP_RET_ALLOW)
		add_entry(list, nr, body->label);
	return 0;
}

static bool policy_is_on(const struct gen *g)
{
	return g->policy->nrules || g->policy->fallback.action != ACTION_ALLOW || g->opt->serve_all;
}

/* socketcall(2): the calls by their number. */
static void emit_socketcall(struct gen *g, const struct entries *calls, int label)
{
	bpf_bind(&g->b, label);
	bpf_load(&g->b, bpf_arg_low(ARG_SOCKETCALL), UINT32_MAX);
	emit_entries(&g->b, calls);
	bpf_goto(&g->b, ret_label(g, SECCOMP_RET_ALLOW));
}

static int emit_abi(struct gen *g, const struct abi *abi)
{
	struct entries list = {.n = 0}, calls = {.n = 0};
	int enosys = ret_label(g, SECCOMP_RET_ERRNO | ENOSYS), socketcall = -1, err = 0;

	for (unsigned i = 0; i < abi->ndirect && !err; i++)
		err = add_call(g, &list, abi->direct[i].sysno,
			       (struct way){abi->direct[i].call, true, abi->word == 8});
	for (int nr = 1; nr <= CALL_LAST && abi->socketcall >= 0 && !err; nr++)
		err = add_call(g, &calls, nr, (struct way){nr, false, false});
	if (err)
		return err;
	if (g->opt->serve_all && abi->socketcall >= 0) {
		/* Numbers that are no call are traced, too. */
		add_entry(&list, abi->socketcall, ret_label(g, SECCOMP_RET_USER_NOTIF));
	} else if (calls.n) {
		socketcall = bpf_label(&g->b);
	}
	for (const int *nr = uring_calls; *nr >= 0 && policy_is_on(g); nr++)
		add_entry(&list, *nr, enosys);
	for (const struct rights_call *r = filter_rights_calls(abi); r->sysno >= 0 && g->rights; r++)
		add_entry(&list, r->sysno, ret_label(g, SECCOMP_RET_USER_NOTIF));

	bpf_load(&g->b, BPF_WORD_NR, UINT32_MAX);
	if (abi->audit_arch == AUDIT_ARCH_X86_64 && policy_is_on(g))
		bpf_jump(&g->b, BPF_JGE, X32_BIT, enosys, BPF_NEXT);
	/* First: the filter is run for every socketcall, but never for a call that its
	 * number allows, so nearly all that comes here is one. */
	if (socketcall >= 0)
		bpf_jump(&g->b, BPF_JEQ, abi->socketcall, socketcall, BPF_NEXT);
	emit_entries(&g->b, &list);
	bpf_goto(&g->b, ret_label(g, SECCOMP_RET_ALLOW));
	if (socketcall >= 0)
		emit_socketcall(g, &calls, socketcall);
	return 0;
}

/* The whole program: by architecture, then by number, then the calls that need
 * more than that, then the returns. */
static int emit_program(struct gen *g)
{
	int arch[8], n = 0, err = 0;

	bpf_load(&g->b, BPF_WORD_ARCH, UINT32_MAX);
	for (const struct abi *const *a = abi_all; *a; a++, n++) {
		arch[n] = bpf_label(&g->b);
		bpf_jump(&g->b, BPF_JEQ, (*a)->audit_arch, arch[n], BPF_NEXT);
	}
	bpf_goto(&g->b, ret_label(g, SECCOMP_RET_KILL_PROCESS));
	for (int i = 0; i < n && !err; i++) {
		bpf_bind(&g->b, arch[i]);
		err = emit_abi(g, abi_all[i]);
	}
	for (unsigned i = 0; i < g->nbodies && !err; i++)
		if (!g->body[i].shared)
			emit_body(g, &g->body[i]);
	for (unsigned i = 0; i < g->nrets && !err; i++) {
		bpf_bind(&g->b, g->ret[i].label);
		bpf_return(&g->b, g->ret[i].value);
	}
	return err;
}

static int generate(const struct policy *p, const struct filter_options *opt, unsigned limit,
		    bool rights, struct sock_fprog *prog, bool *notifies)
{
	struct gen *g = calloc(1, sizeof(*g));
	int err = -ENOMEM;

	if (!g)
		return -ENOMEM;
	*g = (struct gen){.policy = p, .opt = opt, .limit = limit, .rights = rights};
	bpf_init(&g->b);
	g->ret = calloc(RETS_MAX, sizeof(*g->ret));
	if (g->ret)
		err = emit_program(g);
	if (!err)
		err = bpf_assemble(&g->b, prog);
	*notifies = g->notifies;
	for (unsigned i = 0; i < g->nbodies; i++)
		free(g->body[i].step);
	bpf_free(&g->b);
	free(g->ret);
	free(g);
	return err;
}

int policy_filter(const struct policy *p, const struct filter_options *opt,
		  struct sock_fprog *prog)
{
	/* Instructions per call: when all would be too many, the calls with the
	 * longest rules are decided in user space instead. */
	static const unsigned limits[] = {BPF_MAXINSNS, 1024, 256, 64, 0};
	bool notifies;
	int err = -E2BIG;

	for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]) && err == -E2BIG; i++) {
		*prog = (struct sock_fprog){0};
		err = generate(p, opt, limits[i], false, prog, &notifies);
		if (err || !opt->watch_rights || !notifies)
			continue;
		free(prog->filter);
		*prog = (struct sock_fprog){0};
		err = generate(p, opt, limits[i], true, prog, &notifies);
	}
	return err;
}
