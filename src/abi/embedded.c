/*
 * embedded.c - calls that come from C, not by a system call: from a program that was
 * built for this machine, or from a guest that an emulator runs. "System call" 0 is
 * socketcall; the twenty calls have their own numbers.
 */
#include "abi.h"

static const struct abi_direct direct[] = {
#define CALL(nr, name, nargs) {nr, CALL_##name, false},
#include "../call/call.def"
#undef CALL
};

#define BY_NUMBER \
	.socketcall = 0, .direct = direct, .ndirect = sizeof(direct) / sizeof(direct[0])

const struct abi abi_embedded_own = {
	.name = "own",
	.word = sizeof(long),
	.big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__,
	.user_end = UINTPTR_MAX,
	BY_NUMBER,
};

const struct abi abi_embedded_i386 = {
	.name = "i386",
	.word = 4,
	.compat = sizeof(long) > 4,
	.user_end = UINT64_C(0x7ffffffff000), /* as src/abi/i386.c */
	BY_NUMBER,
};

const struct abi abi_embedded_x86_64 = {
	.name = "x86_64",
	.word = 8,
	.user_end = UINT64_C(0x7ffffffff000),
	BY_NUMBER,
};
