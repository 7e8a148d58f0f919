/* caller.h - a task as the steps see it: its memory, its descriptors. */
#ifndef SOCKETCALL_EMBED_CALLER_H
#define SOCKETCALL_EMBED_CALLER_H

#include "embed.h"

/* Fills in op's caller and task, which is held until caller_end(). */
void caller_begin(struct op *, struct sc_task *);
void caller_end(struct op *);

#endif
