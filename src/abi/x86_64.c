/* x86-64: arch/x86/entry/syscalls/syscall_64.tbl */
#include <linux/audit.h>

#include "abi.h"

static const struct abi_direct direct[] = {
	{41, CALL_socket, false},      {42, CALL_connect, false},
	{43, CALL_accept, false},      {44, CALL_sendto, false},
	{45, CALL_recvfrom, false},    {46, CALL_sendmsg, false},
	{47, CALL_recvmsg, false},     {48, CALL_shutdown, false},
	{49, CALL_bind, false},        {50, CALL_listen, false},
	{51, CALL_getsockname, false}, {52, CALL_getpeername, false},
	{53, CALL_socketpair, false},  {54, CALL_setsockopt, false},
	{55, CALL_getsockopt, false},  {288, CALL_accept4, false},
	{299, CALL_recvmmsg, true},    {307, CALL_sendmmsg, false},
};

const struct abi abi_x86_64 = {
	.name = "x86_64",
	.audit_arch = AUDIT_ARCH_X86_64,
	.word = 8,
	.socketcall = -1,
	.user_end = UINT64_C(0x7ffffffff000), /* TASK_SIZE_MAX with four page levels */
	.direct = direct,
	.ndirect = sizeof(direct) / sizeof(direct[0]),
};
