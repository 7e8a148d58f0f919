/*
 * clear.h - memset() to zero of structures of some hundred bytes, on hot paths.
 *
 * gcc writes a size that it knows as `rep stos`, which takes 12 to 17 ns for these; the
 * C library's own takes 4.
 */
#ifndef SOCKETCALL_CLEAR_H
#define SOCKETCALL_CLEAR_H

#include <string.h>

static inline void clear(void *what, size_t size)
{
	__asm__("" : "+r"(size)); /* not known */
	memset(what, 0, size);
}

#endif
