/*
 * net.c - networks, their time, their tasks.
 */
#include <string.h>
#include <unistd.h>

#include "caller.h"

/* A structure of the embedder's as this version knows it: what he has of it, the rest
 * zero. -EINVAL: he has more than we know, and it is not zero. */
static int take_config(void *to, size_t known, const void *from, size_t given)
{
	const uint8_t *bytes = from;

	memset(to, 0, known);
	memcpy(to, from, given < known ? given : known);
	for (size_t i = known; i < given; i++)
		if (bytes[i])
			return -EINVAL;
	return 0;
}

struct sc_net *sc_net_new(const struct sc_config *config)
{
	struct sc_config c = {0};
	struct net *n;

	if (config && take_config(&c, sizeof(c), config, config->size))
		return NULL;
	if (c.time == SC_TIME_CLOCK && !c.clock)
		return NULL;
	n = net_new(&(struct alloc){.fn = c.alloc, .ctx = c.alloc_ctx},
		    &(struct net_limits){
			    .files = c.limits.files,
			    .files_per_task = c.limits.files_per_task,
			    .in_flight = c.limits.in_flight,
			    .backlog = c.limits.backlog,
			    .time_wait = c.limits.time_wait,
			    .buffer = c.limits.buffer,
			    .memory = c.limits.memory,
		    });
	if (!n)
		return NULL;
	n->clock = c.time == SC_TIME_CLOCK ? c.clock : NULL;
	n->clock_ctx = c.clock_ctx;
	n->virtual_time = c.time == SC_TIME_VIRTUAL || c.time == SC_TIME_AUTO;
	n->virtual_auto = c.time == SC_TIME_AUTO;
	n->wall_offset = c.epoch_ns;
	/* A run in real time cannot be repeated anyway; a secret seed is worth more there. */
	if (!c.seed && c.time == SC_TIME_REAL && getentropy(&c.seed, sizeof(c.seed)))
		c.seed = net_now(n);
	n->seed ^= c.seed * UINT64_C(0x2545f4914f6cdd1d);
	if (!n->seed)
		n->seed = 1;
	n->hash_seed = net_random(n); /* who does not know the seed cannot make chains long */
	return (struct sc_net *)n;
}

void sc_net_free(struct sc_net *net)
{
	struct task *t;

	if (!net)
		return;
	TAILQ_FOREACH(t, &net_of(net)->tasks, entry)
		if (t->face)
			parked_end_all(t->face);
	net_free(net_of(net));
}

int64_t sc_net_now(struct sc_net *net)
{
	int64_t now;

	net_lock(net_of(net));
	now = net_now(net_of(net));
	net_unlock(net_of(net));
	return now;
}

int64_t sc_net_next_timer(struct sc_net *net)
{
	int64_t next;

	net_lock(net_of(net));
	next = net_next(net_of(net));
	net_unlock(net_of(net));
	return next;
}

void sc_net_run(struct sc_net *net)
{
	net_lock(net_of(net));
	net_unlock(net_of(net));
}

void sc_net_advance(struct sc_net *net, int64_t ns)
{
	net_lock(net_of(net));
	if (net_of(net)->virtual_time && ns > 0)
		net_advance(net_of(net), ns);
	net_unlock(net_of(net));
}

void sc_net_usage(struct sc_net *net, struct sc_usage *u)
{
	struct net *n = net_of(net);
	struct task *t;
	struct host *h;

	net_lock(n);
	*u = (struct sc_usage){.memory = n->mem.used, .files = n->files, .in_flight = n->nin_flight};
	TAILQ_FOREACH(t, &n->tasks, entry)
		u->tasks++;
	TAILQ_FOREACH(h, &n->hosts, entry)
		u->hosts++;
	net_unlock(n);
}

static const struct abi *const abis[] = {
	[SC_ABI_OWN] = &abi_embedded_own,
	[SC_ABI_I386] = &abi_embedded_i386,
	[SC_ABI_X86_64] = &abi_embedded_x86_64,
};

/* Can calls of this ABI be served on this machine? Their words must fit ours. */
static bool abi_fits(enum sc_abi abi)
{
	return (unsigned)abi < sizeof(abis) / sizeof(abis[0]) && abis[abi]->word <= sizeof(long) &&
	       abis[abi]->big_endian == abi_embedded_own.big_endian;
}

/* The face of a task, which gets the task. */
static struct sc_task *face_new(struct task *t, const struct sc_task_config *config)
{
	struct sc_task *face = t ? alloc_zero(&t->net->mem, sizeof(*face)) : NULL;

	if (!face) {
		if (t)
			task_end(t);
		return NULL;
	}
	face->task = t;
	t->face = face;
	face->config = *config;
	face->abi = abis[config->abi];
	face->ops = caller_ops_for(config, false);
	face->own_ops = caller_ops_for(config, true);
	return face;
}

struct sc_task *sc_task_new(struct sc_host *host, const struct sc_task_config *config)
{
	struct sc_task_config c = {0};
	struct net *n = host_of(host)->net;
	struct sc_task *face;

	if (config && take_config(&c, sizeof(c), config, config->size))
		return NULL;
	if (!abi_fits(c.abi))
		return NULL;
	net_lock(n);
	face = face_new(task_new(host_of(host),
				 &(struct creds){.pid = c.pid, .uid = c.uid, .gid = c.gid},
				 !c.unprivileged),
			&c);
	net_unlock(n);
	return face;
}

struct sc_task *sc_task_fork(struct sc_task *from, bool share_descriptors)
{
	struct sc_task *face;
	struct net *n = from->task->net;

	net_lock(n);
	face = face_new(task_fork(from->task, share_descriptors), &from->config);
	net_unlock(n);
	return face;
}

void sc_task_free(struct sc_task *t)
{
	struct net *n;

	if (!t)
		return;
	n = t->task->net;
	net_lock(n);
	parked_end_all(t);
	task_end(t->task);
	net_unlock(n);
}

int sc_task_exec(struct sc_task *t)
{
	int err;

	embed_enter(t);
	err = task_exec(t->task);
	embed_leave(t);
	return err;
}

void sc_task_interrupt(struct sc_task *t)
{
	struct op *op;

	embed_enter(t);
	LIST_FOREACH(op, &t->task->waiting, entry)
		op_interrupt(op);
	embed_leave(t);
}

int sc_task_pid(struct sc_task *t)
{
	return t->task->creds.pid;
}
