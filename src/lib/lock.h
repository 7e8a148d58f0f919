/*
 * lock.h - a lock of four bytes, and a word that a thread sleeps on.
 *
 * As Drepper's "Futexes Are Tricky" has it: free, held, or held with others that may
 * wait, who sleep in the kernel. While the process has one thread nobody else can hold
 * it, and taking and giving need no locked instruction: the C library tells, as it tells
 * its own locks. (pthread_mutex_t costs two calls and its kinds: 6 ns with one thread,
 * three times that with more.)
 *
 * Not recursive, not fair; may be given by the thread that took it only.
 */
#ifndef SOCKETCALL_LOCK_H
#define SOCKETCALL_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define LOCK_ALONE __libc_single_threaded
#else
#define LOCK_ALONE 0
#endif

enum { LOCK_FREE, LOCK_HELD, LOCK_WANTED }; /* wanted: held, and others may wait */

struct lock {
	_Atomic uint32_t state; /* zero: free */
};

void lock_wait(struct lock *); /* takes it once it is free */
void lock_wake(struct lock *); /* one of those that wait */

static inline void lock_take(struct lock *l)
{
	uint32_t is = LOCK_FREE;

	if (LOCK_ALONE && atomic_load_explicit(&l->state, memory_order_relaxed) == LOCK_FREE)
		atomic_store_explicit(&l->state, LOCK_HELD, memory_order_relaxed);
	else if (!atomic_compare_exchange_strong_explicit(&l->state, &is, LOCK_HELD,
							  memory_order_acquire,
							  memory_order_relaxed))
		lock_wait(l);
}

static inline void lock_give(struct lock *l)
{
	if (LOCK_ALONE)
		atomic_store_explicit(&l->state, LOCK_FREE, memory_order_relaxed);
	else if (atomic_exchange_explicit(&l->state, LOCK_FREE, memory_order_release) ==
		 LOCK_WANTED)
		lock_wake(l);
}

/* A thread that sleeps until somebody wakes it. Who wakes it sees to it that its memory
 * is there: by a lock that the sleeper takes before it goes. */
struct nap {
	_Atomic uint32_t woken;
};

/* Sleeps until nap_wake() since nap_begin(), or until a time of CLOCK_MONOTONIC, ns;
 * INT64_MAX: none. May return for no reason. */
void nap_begin(struct nap *);
void nap_sleep(struct nap *, int64_t until);
void nap_wake(struct nap *);

#endif
