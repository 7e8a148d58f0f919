/*
 * native.h - a call made natively, as decode, serve and reply would describe it.
 *
 * Only well-formed calls: everything they point to is ours and readable.
 */
#ifndef TEST_TRACE_NATIVE_H
#define TEST_TRACE_NATIVE_H

#include "../../src/trace/trace.h"

/* Makes the call with its argument words and traces it. Returns what it returned,
 * or -errno. */
long native_call(struct trace *, enum call_nr, const uint64_t arg[6]);

#define NATIVE(t, nr, ...) native_call(t, CALL_##nr, (uint64_t[6]){__VA_ARGS__})
#define P(pointer) ((uint64_t)(uintptr_t)(pointer))

#endif
