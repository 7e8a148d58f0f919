#include "lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Where time is wider than a long the plain call takes another struct timespec. */
#if defined(SYS_futex_time64) && !defined(SYS_futex)
#define SYS_FUTEX_OF_TIME SYS_futex_time64
#elif defined(SYS_futex_time64)
#define SYS_FUTEX_OF_TIME (sizeof(time_t) > sizeof(long) ? SYS_futex_time64 : SYS_futex)
#else
#define SYS_FUTEX_OF_TIME SYS_futex
#endif

static void futex(_Atomic uint32_t *at, int op, uint32_t value, const struct timespec *until)
{
	const int was = errno; /* of whoever embeds us: not ours to change */

	syscall(SYS_FUTEX_OF_TIME, at, op | FUTEX_PRIVATE_FLAG, value, until, NULL,
		FUTEX_BITSET_MATCH_ANY);
	errno = was;
}

void lock_wait(struct lock *l)
{
	/* Who comes here says that somebody waits, also when it gets it at once: there
	 * may be others. */
	while (atomic_exchange_explicit(&l->state, LOCK_WANTED, memory_order_acquire) !=
	       LOCK_FREE)
		futex(&l->state, FUTEX_WAIT, LOCK_WANTED, NULL);
}

void lock_wake(struct lock *l)
{
	futex(&l->state, FUTEX_WAKE, 1, NULL);
}

void nap_begin(struct nap *n)
{
	atomic_store_explicit(&n->woken, 0, memory_order_relaxed);
}

void nap_sleep(struct nap *n, int64_t until)
{
	const int64_t s = until / 1000000000;
	/* What no time_t of 32 bits holds is as long as can be. */
	const struct timespec t = {s < INT32_MAX ? s : INT32_MAX, until % 1000000000};

	/* An absolute time is what "bitset" is for. */
	futex(&n->woken, FUTEX_WAIT_BITSET, 0, until == INT64_MAX ? NULL : &t);
}

void nap_wake(struct nap *n)
{
	atomic_store_explicit(&n->woken, 1, memory_order_relaxed);
	futex(&n->woken, FUTEX_WAKE, 1, NULL);
}
