/*
 * fake.h - a caller made of a few pieces of memory and four descriptors.
 *
 * Memory is the regions that a test maps; all between them faults. Each byte counts
 * how often it was read and written: decode may read none twice, reply may write
 * only what Linux writes. What is mapped for output is filled with POISON.
 *
 * Descriptors are numbers only. A handle that is installed gets the next number of
 * a table with fd_room places.
 */
#ifndef SOCKETCALL_TEST_FAKE_H
#define SOCKETCALL_TEST_FAKE_H

#include <stddef.h>
#include <stdint.h>

#include "../../src/abi/abi.h"
#include "../../src/call/caller.h"

enum { FAKE_REGIONS = 32, POISON = 0xaa };

/* The caller's descriptors; every other number is -EBADF. */
enum fake_fd { FAKE_SOCKET = 3, FAKE_FILE = 4, FAKE_PATH = 5, FAKE_NONE = 9 };
enum { FAKE_HANDLE = 1000, FAKE_INSTALLED = 20, FAKE_INSTALLS = 512 };

struct fake_region {
	uint64_t at;
	size_t len; /* as seen by the caller; a test may shrink it */
	uint8_t *bytes, *reads, *writes;
};

struct fake {
	struct caller who;
	struct fake_region region[FAKE_REGIONS];
	unsigned nregions;
	unsigned gets, puts, checks;     /* of descriptors */
	unsigned stray;                  /* reads or writes that went on into a fault */
	int gone;                        /* -errno with which memory cannot be reached */
	unsigned fd_room;                /* places left in the table */
	unsigned installs;
	int installed[FAKE_INSTALLS];    /* the handles, in order */
	bool installed_cloexec[FAKE_INSTALLS];
};

void fake_init(struct fake *);
void fake_free(struct fake *);

/* Maps len bytes at `at`, filled with POISON; returns them. */
uint8_t *fake_map(struct fake *, uint64_t at, size_t len);
/* Maps a copy of those bytes. */
void fake_put(struct fake *, uint64_t at, const void *bytes, size_t len);
/* Maps words of the ABI. */
void fake_put_words(struct fake *, const struct abi *, uint64_t at, const uint64_t *, size_t n);
#define fake_words(f, abi, at, ...)                              \
	fake_put_words(f, abi, at, (const uint64_t[]){__VA_ARGS__}, \
		       sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))
struct fake_region *fake_region_at(struct fake *, uint64_t at);
/* The byte at that address; NULL if none is mapped. */
uint8_t *fake_byte(struct fake *, uint64_t at);
/* Most reads of any one byte. */
unsigned fake_most_reads(const struct fake *);
/* Bytes of a region that were written. */
size_t fake_written(const struct fake_region *);
/* Forgets the counts. */
void fake_forget(struct fake *);

/* Writes one word of the ABI into bytes. */
void abi_put(const struct abi *, void *to, uint64_t v);
uint64_t abi_get(const struct abi *, const void *from);

#endif
