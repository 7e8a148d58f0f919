/*
 * notify.c - threads that take notifications and see each through to its answer.
 *
 * One thread at a time waits in SECCOMP_IOCTL_NOTIF_RECV; the kernel would wake
 * all that wait there. It serves what it gets itself, without handing it over,
 * and waits again. A call that is going to wait first sends another thread to
 * the listener (caller_ops.waits), and then simply blocks, in the same system
 * call that the program made: the kernel's own rules for time-outs, partial
 * transfers and half-made connections hold unchanged.
 *
 * The watch is a thread that looks at calls which take longer than a tick:
 *  - if nobody is at the listener, it sends somebody: no call can hold up others
 *    for longer than a tick, even one that was not expected to wait;
 *  - with WAIT_KILLABLE_RECV a signal does not end a notification once we have
 *    taken it, so that no result is lost between us and the caller; the watch
 *    sees the signal in /proc and interrupts our system call, which then ends as
 *    the caller's would: the connection stays queued, the connect goes on. The
 *    caller is answered ERESTARTSYS, and its kernel makes EINTR or a restart of
 *    it, as its handler asks;
 *  - if the caller is gone, it interrupts our system call as well.
 * It sleeps while no call is being served.
 */
#include "notify.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../lib/log.h"
#include "../lib/poke.h"
#include "../lib/uapi.h"
#include "process.h"

enum {
	TICK_MS = 2,       /* how long an unexpected wait can hold up others */
	SLOW_TICK_MS = 10, /* when all calls that are served have waited for long */
	SLOW_AFTER = 10,   /* ticks */
	SLEEP_AFTER = 25,  /* ticks without a call */
	PATIENCE = 100,    /* looks at a call whose caller is gone */
	LOOKS_PER_TICK = 8, /* calls looked after in a tick: bounds what watching costs */
	SPARE_THREADS = 4,
	THREADS_MAX = 4096, /* that serve at once; beyond it callers wait */
	STACK_BYTES = 128 * 1024,
};

struct worker {
	struct worker *next, **prev;
	struct notify *n;
	pid_t tid;
	_Atomic unsigned seq; /* odd while it serves a call */
	unsigned seq_seen;    /* by the watch */
	unsigned ticks;       /* that this call has lasted */
	unsigned gone;        /* looks at it since its caller was gone */
	_Atomic int signalled; /* what task_signalled() said when the watch interrupted it */
	struct process process;
	struct window window;
	struct socketcall call;
};

struct notify {
	int listener;
	const struct socketcall_system *sys;
	struct task_table *tasks;
	pthread_mutex_t lock; /* over the rest */
	pthread_cond_t spare; /* a parked thread is wanted */
	unsigned receiving;   /* threads at the listener or on their way */
	unsigned parked, wanted, threads;
	struct worker *workers;
	_Atomic bool watch_sleeps;
	pthread_cond_t watch;
	pthread_attr_t attr;
};

static void on_poke(int sig)
{
}

static void *work(void *arg);

/* With the lock held: if nobody is at the listener, send somebody. */
static void send_receiver(struct notify *n)
{
	pthread_t thread;

	if (n->receiving > 0)
		return;
	if (n->parked > n->wanted) {
		n->wanted++;
		n->receiving++;
		pthread_cond_signal(&n->spare);
	} else if (n->threads < THREADS_MAX && pthread_create(&thread, &n->attr, work, n) == 0) {
		pthread_detach(thread);
		n->threads++;
		n->receiving++;
	}
}

static void on_wait(void *ctx)
{
	struct notify *n = ctx;

	pthread_mutex_lock(&n->lock);
	send_receiver(n);
	pthread_mutex_unlock(&n->lock);
}

/* After a call: back to the listener, or aside if somebody is there already. */
static bool next_turn(struct notify *n)
{
	bool stay = true;

	pthread_mutex_lock(&n->lock);
	if (n->receiving == 0) {
		n->receiving++;
	} else if (n->parked < SPARE_THREADS) {
		n->parked++;
		while (n->wanted == 0)
			pthread_cond_wait(&n->spare, &n->lock);
		n->wanted--;
		n->parked--;
	} else {
		n->threads--;
		stay = false;
	}
	pthread_mutex_unlock(&n->lock);
	return stay;
}

/* Which of the kernel's calls a program could have forbidden itself with
 * Landlock: it judges destinations and names. */
static bool landlock_judges(const struct abi *abi, int sysno, const uint64_t args[6])
{
	const struct abi_direct *d = abi_direct_by_sysno(abi, sysno);
	int nr = d ? (int)d->call : (int)args[0];

	return nr == CALL_bind || nr == CALL_connect || nr == CALL_sendto || nr == CALL_sendmsg ||
	       nr == CALL_sendmmsg || nr == CALL_listen;
}

static void serve_socket_call(struct worker *w, const struct abi *abi, const struct seccomp_data *d)
{
	struct process *p = &w->process;
	uint64_t args[6];
	bool delivered;

	memcpy(args, d->args, sizeof(args));
	p->needs_own_rights = landlock_judges(abi, d->nr, args);
	socketcall_run(w->n->sys, &p->who, abi, d->nr, args, &w->call);
	struct result *r = &w->call.result;
	if (w->call.verdict.kind == VERDICT_KILL && p->task)
		syscall(SYS_pidfd_send_signal, task_pidfd(p->task), SIGKILL, NULL, 0);
	delivered = r->ret == -KERNEL_ERESTARTSYS ? process_answer_restart(p, w->signalled == 1)
						  : process_answer(p, r);
	socketcall_done(w->n->sys, &p->who, &w->call, delivered);
}

static void serve(struct worker *w, const struct seccomp_notif *req)
{
	struct notify *n = w->n;
	struct process *p = &w->process;
	const struct abi *abi = abi_by_audit_arch(req->data.arch);
	int err = 0;

	*p = (struct process){
		.who = {.ops = &process_ops, .tid = req->pid},
		.listener = n->listener,
		.id = req->id,
		.tasks = n->tasks,
		.waits = on_wait,
		.ctx = n,
		.window = &w->window,
	};
	w->window.len = 0;
	p->task = task_hold(n->tasks, req->pid, &err);
	if (!p->task) {
		process_answer_error(p, err);
		return;
	}
	p->who.tgid = task_tgid(p->task);
	if (!abi) {
		process_answer_error(p, -ENOSYS);
	} else if (req->data.nr == abi->socketcall || abi_direct_by_sysno(abi, req->data.nr)) {
		serve_socket_call(w, abi, &req->data);
	} else {
		/* The filter notifies nothing else but changes of rights. */
		task_changes(n->tasks, p->task, filter_rights_change(abi, req->data.nr));
		if (n->sys->noticed)
			n->sys->noticed(n->sys);
		process_answer_continue(p);
	}
	if (p->task)
		task_drop(n->tasks, p->task);
}

static void wake_watch(struct notify *n)
{
	if (!atomic_load_explicit(&n->watch_sleeps, memory_order_relaxed))
		return;
	pthread_mutex_lock(&n->lock);
	n->watch_sleeps = false;
	pthread_cond_signal(&n->watch);
	pthread_mutex_unlock(&n->lock);
}

static void *work(void *arg)
{
	struct notify *n = arg;
	struct worker w = {.n = n, .tid = gettid()};
	struct seccomp_notif req;

	poke_allow(SIG_BLOCK);
	pthread_mutex_lock(&n->lock);
	w.next = n->workers;
	w.prev = &n->workers;
	if (w.next)
		w.next->prev = &w.next;
	n->workers = &w;
	pthread_mutex_unlock(&n->lock);
	do {
		memset(&req, 0, sizeof(req));
		while (ioctl(n->listener, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0) {
			if (errno != EINTR && errno != ENOENT) {
				pause(); /* nobody is left; the process is about to end */
				continue;
			}
			memset(&req, 0, sizeof(req));
		}
		pthread_mutex_lock(&n->lock);
		n->receiving--;
		pthread_mutex_unlock(&n->lock);
		w.signalled = 0;
		w.gone = 0;
		w.seq++;
		wake_watch(n);
		serve(&w, &req);
		w.seq++;
	} while (next_turn(n));
	pthread_mutex_lock(&n->lock);
	*w.prev = w.next;
	if (w.next)
		w.next->prev = w.prev;
	pthread_mutex_unlock(&n->lock);
	return NULL;
}

/* Looks after a call that takes long; with the lock held, so the worker cannot
 * go away, though it may finish meanwhile: a poke too many only costs a retry. */
static void look_after(struct notify *n, struct worker *w)
{
	pid_t server = w->process.who.server;
	int signalled = 0, sig = POKE;

	if (process_waiting(n->listener, w->process.id)) {
		signalled = task_signalled(w->process.who.tid, w->process.who.tgid);
		if (signalled == 0)
			return;
	} else if (server && ++w->gone > PATIENCE) {
		/* A delegate that does not hear: somebody with its user id stopped it. */
		sig = SIGKILL;
	}
	w->signalled = signalled;
	syscall(SYS_tkill, server ? server : w->tid, sig);
}

static void *watch(void *arg)
{
	struct notify *n = arg;
	unsigned quiet = 0, turn = 0;
	bool slow = false;

	for (;;) {
		const struct timespec tick = {.tv_nsec = (slow ? SLOW_TICK_MS : TICK_MS) * 1000000L};

		nanosleep(&tick, NULL);
		pthread_mutex_lock(&n->lock);
		unsigned serving = 0, waiting = 0, looked = 0;
		slow = true;
		for (struct worker *w = n->workers; w; w = w->next) {
			unsigned seq = w->seq;

			if (!(seq & 1))
				continue;
			serving++;
			w->ticks = seq == w->seq_seen ? w->ticks + 1 : 0;
			w->seq_seen = seq;
			slow &= w->ticks > SLOW_AFTER;
			if (w->ticks == 0)
				continue;
			/* Take turns when there are more than can be looked after. */
			if (waiting++ >= turn && looked < LOOKS_PER_TICK) {
				looked++;
				look_after(n, w);
			}
		}
		turn = turn + looked < waiting ? turn + looked : 0;
		if (serving)
			send_receiver(n);
		slow &= serving > 0;
		quiet = serving ? 0 : quiet + 1;
		if (quiet > SLEEP_AFTER) {
			n->watch_sleeps = true;
			while (n->watch_sleeps)
				pthread_cond_wait(&n->watch, &n->lock);
			quiet = 0;
		}
		pthread_mutex_unlock(&n->lock);
	}
	return NULL;
}

struct notify *notify_start(int listener, const struct socketcall_system *sys, int *err)
{
	struct notify *n = calloc(1, sizeof(*n));
	struct sigaction poke = {.sa_handler = on_poke};
	pthread_t thread;

	*err = -ENOMEM;
	if (!n)
		return NULL;
	n->listener = listener;
	n->sys = sys;
	n->tasks = task_table_new(err);
	if (!n->tasks) {
		free(n);
		return NULL;
	}
	/* Linux 6.6; without it answers take some 15 microseconds longer. */
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	sigaction(POKE, &poke, NULL);
	pthread_mutex_init(&n->lock, NULL);
	pthread_cond_init(&n->spare, NULL);
	pthread_cond_init(&n->watch, NULL);
	pthread_attr_init(&n->attr);
	pthread_attr_setstacksize(&n->attr, STACK_BYTES);
	pthread_mutex_lock(&n->lock);
	send_receiver(n);
	bool started = n->threads > 0;
	pthread_mutex_unlock(&n->lock);
	if (started && pthread_create(&thread, &n->attr, watch, n) == 0) {
		pthread_detach(thread);
		return n;
	}
	*err = -EAGAIN;
	return NULL; /* the process ends; nothing is taken back */
}
