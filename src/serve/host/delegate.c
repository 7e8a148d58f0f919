/*
 * delegate.c - processes that have other rights than we.
 *
 * Ids, capabilities and most namespaces can be had by a thread, but a user
 * namespace and a cgroup only by a process with one thread. So a delegate is a
 * process; but one that shares our memory and our table of descriptors
 * (CLONE_VM | CLONE_FILES), so that it serves a call on the same structures that
 * a thread of ours would. It is made like vfork(2): a thread of ours, the keeper,
 * is suspended in the kernel as long as its delegate lives, and the delegate runs
 * on a stack of its own with the keeper's thread-local storage.
 *
 * Delegates are kept for the next call with the same rights. All of this process
 * is not dumpable (cmd/run.c), so a program with the same user id cannot reach
 * into it; it can kill its own delegate, and then gets ENOSYS.
 */
#include "delegate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/log.h"
#include "../../lib/poke.h"
#include "adopt.h"

enum {
	DELEGATES_MAX = 64, /* kept; beyond it the one idle longest goes */
	STACK_BYTES = 128 * 1024,
};

enum state { STARTING, IDLE, WORKING, DONE, FAILED, DEAD };

struct delegate {
	struct delegate *next;
	struct rights rights; /* a copy */
	_Atomic int state;    /* enum state; a futex */
	bool busy, quit;      /* under the lock */
	int err;              /* why adopting failed */
	pid_t pid;
	void (*fn)(void *);
	void *arg;
	void *stack;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct delegate *delegates;
static unsigned ndelegates;

static void futex_wait(_Atomic int *word, int value)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void set_state(struct delegate *d, int state)
{
	atomic_store(&d->state, state);
	syscall(SYS_futex, &d->state, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Not FUTEX_PRIVATE: the delegate is another process, if with the same memory. */
static int delegate_main(void *arg)
{
	struct delegate *d = arg;

	d->pid = getpid();
	d->err = adopt(&d->rights);
	if (d->err) {
		set_state(d, FAILED);
		return 0;
	}
	set_state(d, IDLE);
	for (;;) {
		int state = atomic_load(&d->state);

		if (state != WORKING) {
			if (d->quit)
				return 0;
			futex_wait(&d->state, state);
			continue;
		}
		poke_allow(SIG_UNBLOCK);
		d->fn(d->arg);
		poke_allow(SIG_BLOCK);
		set_state(d, DONE);
	}
}

static void *keep(void *arg)
{
	struct delegate *d = arg;
	/* __WCLONE-like: no signal to us at its end, CLONE_VFORK tells. */
	pid_t pid = clone(delegate_main, (char *)d->stack + STACK_BYTES,
			  CLONE_VM | CLONE_FILES | CLONE_VFORK, d);

	if (pid < 0)
		d->err = -errno;
	else
		waitpid(pid, NULL, __WALL);
	if (atomic_load(&d->state) != FAILED)
		set_state(d, DEAD);
	return NULL;
}

static void delegate_free(struct delegate *d)
{
	rights_free(&d->rights);
	munmap(d->stack, STACK_BYTES);
	free(d);
}

static struct delegate *start(const struct rights *r, int *err)
{
	struct delegate *d = calloc(1, sizeof(*d));
	pthread_attr_t attr;
	pthread_t keeper;

	*err = -ENOMEM;
	if (!d)
		return NULL;
	d->rights = *r;
	d->rights.groups = malloc(r->ngroups * sizeof(gid_t) + 1);
	if (!d->rights.groups)
		goto free_delegate;
	if (r->ngroups)
		memcpy(d->rights.groups, r->groups, r->ngroups * sizeof(gid_t));
	d->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (d->stack == MAP_FAILED)
		goto free_groups;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	*err = -pthread_create(&keeper, &attr, keep, d);
	pthread_attr_destroy(&attr);
	if (*err)
		goto free_stack;
	while (atomic_load(&d->state) == STARTING)
		futex_wait(&d->state, STARTING);
	*err = d->err;
	if (atomic_load(&d->state) == IDLE)
		return d;
	if (!*err)
		*err = -ENOSYS;
	/* The keeper may still be on its way out and touch d: leave it the few bytes
	 * rather than wait. Failing to adopt rights is rare and refused loudly. */
	return NULL;
free_stack:
	munmap(d->stack, STACK_BYTES);
free_groups:
	free(d->rights.groups);
free_delegate:
	free(d);
	return NULL;
}

/* With the lock held. Takes dead ones out, and one idle one if there are many. */
static void prune(void)
{
	for (struct delegate **at = &delegates; *at;) {
		struct delegate *d = *at;
		bool dead = atomic_load(&d->state) == DEAD;

		if (d->busy || (!dead && ndelegates < DELEGATES_MAX)) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		ndelegates--;
		if (dead) {
			delegate_free(d);
		} else {
			d->quit = true; /* its few bytes stay, its process goes */
			set_state(d, DONE);
		}
	}
}

static struct delegate *take(const struct rights *r, int *err)
{
	struct delegate *d;

	pthread_mutex_lock(&lock);
	for (d = delegates; d; d = d->next)
		if (!d->busy && atomic_load(&d->state) != DEAD && rights_equal(&d->rights, r))
			break;
	if (d)
		d->busy = true;
	pthread_mutex_unlock(&lock);
	if (d)
		return d;
	d = start(r, err);
	if (!d)
		return NULL;
	d->busy = true;
	pthread_mutex_lock(&lock);
	prune();
	d->next = delegates;
	delegates = d;
	ndelegates++;
	pthread_mutex_unlock(&lock);
	return d;
}

int delegate_run(const struct rights *r, void (*fn)(void *arg), void *arg, pid_t *server)
{
	static int said;
	int err = 0, state;
	struct delegate *d = take(r, &err);

	if (!d) {
		log_once(&said, "process %d: its rights cannot be taken on (%s); its socket calls "
			 "that must be served are refused", r->tgid, strerror(-err));
		return err;
	}
	d->fn = fn;
	d->arg = arg;
	*server = d->pid;
	state = IDLE;
	if (!atomic_compare_exchange_strong(&d->state, &state, WORKING)) {
		state = DONE; /* the state it was left in by the call before */
		if (!atomic_compare_exchange_strong(&d->state, &state, WORKING))
			err = -ENOSYS;
	}
	if (!err) {
		syscall(SYS_futex, &d->state, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
		while ((state = atomic_load(&d->state)) == WORKING)
			futex_wait(&d->state, WORKING);
		err = state == DONE ? 0 : -ENOSYS;
	}
	*server = 0;
	pthread_mutex_lock(&lock);
	d->busy = false;
	pthread_mutex_unlock(&lock);
	return err;
}
