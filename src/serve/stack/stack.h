/*
 * stack.h - the socket system of our own, as the spine sees it.
 *
 * The caller of its calls is the first member of a struct op (op.h). A call that
 * must wait returns RESULT_WAIT.
 */
#ifndef SOCKETCALL_STACK_H
#define SOCKETCALL_STACK_H

#include "../ops.h"

extern const struct serve_ops stack_ops;

#endif
