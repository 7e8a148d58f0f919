/*
 * handles.h - who made the numbers that stand for open files between serve and reply,
 * and takes them back.
 */
#ifndef SOCKETCALL_HANDLES_H
#define SOCKETCALL_HANDLES_H

#include <unistd.h>

struct handles {
	void (*put)(void *of, int handle); /* NULL: they are descriptors of ours: close(2) */
	void *of;
};

static inline void handles_put(const struct handles *h, int handle)
{
	if (h->put)
		h->put(h->of, handle);
	else
		close(handle);
}

#endif
