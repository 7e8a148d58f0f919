/*
 * tcp_option.h - SOL_SOCKET options that TCP has more to say of.
 */
#ifndef SOCKETCALL_STACK_TCP_OPTION_H
#define SOCKETCALL_STACK_TCP_OPTION_H

#include "../option.h"

extern const struct option_table options_tcp_socket;

#endif
