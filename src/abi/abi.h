/*
 * abi.h - what differs between the ABIs in which a socket call can arrive,
 * as one const descriptor each. Numbers from the kernel's system call tables.
 */
#ifndef SOCKETCALL_ABI_H
#define SOCKETCALL_ABI_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../call/call.h"

/* A system call that is one of the twenty, without socketcall(2). */
struct abi_direct {
	int sysno;
	enum call_nr call;
	bool time64; /* recvmmsg_time64 */
};

struct abi {
	const char *name;       /* "i386", "x86_64" */
	uint32_t audit_arch;    /* AUDIT_ARCH_*, as seccomp_data.arch has it */
	unsigned word;          /* bytes of long, size_t and pointers: 4 or 8 */
	bool big_endian;
	bool compat;            /* a 32-bit ABI as a 64-bit kernel serves it: MSG_CMSG_COMPAT */
	int socketcall;         /* its system call number, -1 if it has none */
	uint64_t user_end;      /* first address past the user range (access_ok) */
	const struct abi_direct *direct;
	unsigned ndirect;
};

extern const struct abi abi_i386;
extern const struct abi abi_x86_64;

/* The same for calls that come from C: embedded.c. Own: this machine's. */
extern const struct abi abi_embedded_own, abi_embedded_i386, abi_embedded_x86_64;

/* Those that arrive by a system call, NULL-terminated. */
extern const struct abi *const abi_all[];

/* MAX_RW_COUNT of the kernel: INT_MAX, whole pages. No call moves more. */
enum { ABI_RW_MAX = 0x7fffffff & ~4095 };
/* import_ubuf(): the buffer must lie in the user range; its length is clamped. 0 or
 * -EFAULT. */
static inline int abi_buffer(const struct abi *abi, uint64_t at, uint64_t len,
			     struct call_span *span)
{
	*span = (struct call_span){at, len < ABI_RW_MAX ? len : ABI_RW_MAX};
	return at > abi->user_end || span->len > abi->user_end - at ? -EFAULT : 0;
}

const struct abi *abi_by_audit_arch(uint32_t arch); /* NULL if unknown */
/* The row for a direct call; NULL if sysno is not one. */
const struct abi_direct *abi_direct_by_sysno(const struct abi *, int sysno);

#endif
