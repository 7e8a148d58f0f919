/*
 * reader.h - what the parts of decode share: the caller, its ABI, the call so far.
 */
#ifndef SOCKETCALL_DECODE_READER_H
#define SOCKETCALL_DECODE_READER_H

#include "decode.h"

struct reader {
	struct caller *who;
	const struct abi *abi;
	struct call *c;
	bool time64; /* recvmmsg: struct timespec of 16 bytes on a 32-bit ABI */
};

/* A word of the ABI (4 or 8 bytes) out of bytes that were read. */
uint64_t reader_word(const struct reader *, const uint8_t *from);

/* As much as can be read before the first byte that cannot; -errno if the memory
 * cannot be reached at all. */
ssize_t reader_prefix(struct reader *, uint64_t at, void *buf, size_t len);

/* move_addr_to_kernel(): length 0 to 128, then the bytes. 0 or -errno. */
int reader_addr(struct reader *, uint64_t at, int len, struct call_addr *);
/* The room at *len_at for an address that comes out; a fault is remembered in
 * addr->len_err and reported where Linux does, after the call was made. */
void reader_addr_room(struct reader *, uint64_t at, uint64_t len_at, struct call_addr *);

/* message.c: struct msghdr at `at`. sends: the name and control messages are
 * copied; else only their room. */
int reader_msghdr(struct reader *, uint64_t at, bool sends, struct call_msg *);
/* control.c: control messages that are sent. */
int reader_control(struct reader *, struct call_msg *);
/* option.c */
int reader_setsockopt(struct reader *);
int reader_getsockopt(struct reader *);

#endif
