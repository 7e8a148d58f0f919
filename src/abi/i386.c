/* i386: arch/x86/entry/syscalls/syscall_32.tbl */
#include <linux/audit.h>

#include "abi.h"

static const struct abi_direct direct[] = {
	{359, CALL_socket, false},      {360, CALL_socketpair, false},
	{361, CALL_bind, false},        {362, CALL_connect, false},
	{363, CALL_listen, false},      {364, CALL_accept4, false},
	{365, CALL_getsockopt, false},  {366, CALL_setsockopt, false},
	{367, CALL_getsockname, false}, {368, CALL_getpeername, false},
	{369, CALL_sendto, false},      {370, CALL_sendmsg, false},
	{371, CALL_recvfrom, false},    {372, CALL_recvmsg, false},
	{373, CALL_shutdown, false},    {337, CALL_recvmmsg, false},
	{345, CALL_sendmmsg, false},    {417, CALL_recvmmsg, true},
};

const struct abi abi_i386 = {
	.name = "i386",
	.audit_arch = AUDIT_ARCH_I386,
	.word = 4,
	.compat = true,
	.socketcall = 102,
	/* A 64-bit kernel's own: a buffer may go on past 4 GiB as far as it asks. */
	.user_end = UINT64_C(0x7ffffffff000),
	.direct = direct,
	.ndirect = sizeof(direct) / sizeof(direct[0]),
};
