/*
 * order.h - which of several errors a call gets: SPEC.md's table "Order of checks",
 * as far as decode makes them. order.c asks decode, native.c the kernel.
 */
#ifndef SOCKETCALL_TEST_ORDER_H
#define SOCKETCALL_TEST_ORDER_H

#include <errno.h>
#include <sys/socket.h>

#include "way.h"

#define FAR     UINT64_C(0x7fffffffffff0000) /* past the user range: x86-64 only */
#define COMPAT  0x80000000                   /* MSG_CMSG_COMPAT */
#define MINUS   UINT64_C(0xffffffffffffffff)
enum { BAD = 0x666000, ADDR = 0x20000, LEN = 0x21000, HDR = 0x22000, TIME = 0x23000,
       TIME_NEGATIVE = 0x24000, TIME_LONG = 0x25000, HDR_NAMELEN = 0x26000,
       HDR_IOVLEN = 0x27000, HDR_IOV = 0x28000, HDR_CONTROL = 0x29000, HDR_NAME = 0x2a000,
       HDR_ALL = 0x2b000, HDR_HUGE = 0x2c000, HDR_LATER = 0x2d000 };
enum { SOCK = FAKE_SOCKET, FILE_ = FAKE_FILE, PATH = FAKE_PATH, NONE = FAKE_NONE };
enum which { ALL, NARROW, WIDE };

/* clang-format off */
/* What only the kernel can check is left to serve, so here it is 0: also "no socket",
 * if nothing else is wrong. */
static const struct row {
	enum call_nr nr;
	int err;
	enum which which;
	uint64_t arg[6];
} rows[] = {
	{CALL_socket, 0, ALL, {MINUS, MINUS, MINUS}}, /* all of it the kernel's */
	{CALL_socketpair, 0, ALL, {MINUS, MINUS, MINUS, BAD}},

	{CALL_bind, EBADF, ALL, {NONE, BAD, 200}},
	{CALL_bind, EBADF, ALL, {MINUS, BAD, 200}},
	{CALL_bind, EBADF, ALL, {PATH, BAD, 200}},
	{CALL_bind, ENOTSOCK, ALL, {FILE_, BAD, 200}},
	{CALL_bind, ENOTSOCK, ALL, {FILE_, BAD, 16}},
	{CALL_bind, 0, ALL, {FILE_, ADDR, 16}},
	{CALL_bind, EINVAL, ALL, {SOCK, BAD, 129}},
	{CALL_bind, EINVAL, ALL, {SOCK, ADDR, MINUS}},
	{CALL_bind, EINVAL, ALL, {SOCK, 0, 0x80000000}},
	{CALL_bind, EFAULT, ALL, {SOCK, BAD, 128}},
	{CALL_bind, EFAULT, ALL, {SOCK, ADDR, 17}},
	{CALL_bind, EFAULT, ALL, {SOCK, 0, 1}},
	{CALL_bind, 0, ALL, {SOCK, BAD, 0}},
	{CALL_bind, 0, WIDE, {SOCK, ADDR, UINT64_C(0xffffffff00000010)}},

	{CALL_connect, EBADF, ALL, {NONE, BAD, 200}},
	{CALL_connect, EBADF, ALL, {PATH, BAD, 200}},
	{CALL_connect, EBADF, ALL, {PATH, BAD, 16}},
	{CALL_connect, EINVAL, ALL, {FILE_, BAD, 200}}, /* the address before ENOTSOCK */
	{CALL_connect, EFAULT, ALL, {FILE_, BAD, 16}},
	{CALL_connect, 0, ALL, {FILE_, ADDR, 16}},
	{CALL_connect, EINVAL, ALL, {SOCK, BAD, MINUS}},
	{CALL_connect, EFAULT, ALL, {SOCK, BAD, 1}},
	{CALL_connect, 0, ALL, {SOCK, BAD, 0}},

	{CALL_listen, EBADF, ALL, {NONE, 1}},
	{CALL_listen, 0, ALL, {FILE_, 1}},
	{CALL_shutdown, EBADF, ALL, {NONE, 99}},
	{CALL_shutdown, 0, ALL, {SOCK, 99}},

	{CALL_accept, EBADF, ALL, {NONE, BAD, BAD}},
	{CALL_accept, 0, ALL, {FILE_, BAD, BAD}},
	{CALL_accept4, EBADF, ALL, {NONE, BAD, BAD, 1}},
	{CALL_accept4, EBADF, ALL, {PATH, BAD, BAD, 1}},
	{CALL_accept4, EINVAL, ALL, {FILE_, BAD, BAD, 1}}, /* the flags before ENOTSOCK */
	{CALL_accept4, EINVAL, ALL, {SOCK, ADDR, LEN, SOCK_NONBLOCK | 2}},
	{CALL_accept4, EINVAL, ALL, {SOCK, ADDR, LEN, MINUS}},
	{CALL_accept4, 0, ALL, {SOCK, BAD, BAD, SOCK_NONBLOCK | SOCK_CLOEXEC}},
	{CALL_getsockname, EBADF, ALL, {NONE, BAD, BAD}},
	{CALL_getsockname, 0, ALL, {SOCK, BAD, BAD}},
	{CALL_getpeername, EBADF, ALL, {NONE, BAD, BAD}},
	{CALL_getpeername, 0, ALL, {FILE_, BAD, BAD}}, /* no error of ours hides ENOTSOCK */

	{CALL_send, EBADF, ALL, {NONE, BAD, 5}},
	{CALL_send, 0, ALL, {SOCK, BAD, 5}}, /* payload is read when it is sent */
	{CALL_sendto, EFAULT, WIDE, {NONE, FAR, 5, 0, BAD, 200}},
	{CALL_sendto, EFAULT, WIDE, {NONE, MINUS, 0}},
	{CALL_sendto, EINVAL, WIDE, {SOCK, 0x1000, MINUS, 0, BAD, 200}}, /* cut, not refused */
	{CALL_sendto, EBADF, ALL, {NONE, BAD, 5, 0, BAD, 200}},
	{CALL_sendto, EBADF, ALL, {PATH, BAD, 5, 0, BAD, 200}},
	{CALL_sendto, ENOTSOCK, ALL, {FILE_, BAD, 5, 0, BAD, 200}},
	{CALL_sendto, EINVAL, ALL, {SOCK, BAD, 5, 0, BAD, 200}},
	{CALL_sendto, EINVAL, ALL, {SOCK, BAD, 5, 0, BAD, MINUS}},
	{CALL_sendto, EFAULT, ALL, {SOCK, BAD, 5, 0, BAD, 16}},
	{CALL_sendto, 0, ALL, {SOCK, BAD, 5, 0, 0, 200}}, /* NULL: no destination */
	{CALL_sendto, 0, ALL, {SOCK, BAD, 5, 0, BAD, 0}},
	{CALL_recv, EBADF, ALL, {NONE, BAD, 5}},
	{CALL_recvfrom, EFAULT, WIDE, {NONE, FAR, 5, 0, BAD, BAD}},
	{CALL_recvfrom, EBADF, ALL, {NONE, BAD, 5, 0, BAD, BAD}},
	{CALL_recvfrom, 0, ALL, {SOCK, BAD, 5, 0, BAD, BAD}},

	{CALL_setsockopt, EBADF, ALL, {NONE, 1, 2, BAD, MINUS}},
	{CALL_setsockopt, EBADF, ALL, {PATH, 1, 2, BAD, MINUS}},
	{CALL_setsockopt, ENOTSOCK, ALL, {FILE_, 1, 2, BAD, MINUS}},
	{CALL_setsockopt, EINVAL, ALL, {SOCK, 1, 2, BAD, MINUS}},
	{CALL_setsockopt, 0, ALL, {SOCK, 1, 2, BAD, 4}},
	{CALL_getsockopt, EBADF, ALL, {NONE, 1, 2, BAD, 0}},
	{CALL_getsockopt, 0, ALL, {SOCK, 1, 2, BAD, 0}},

	{CALL_sendmsg, EINVAL, WIDE, {NONE, BAD, COMPAT}},
	{CALL_recvmsg, EINVAL, WIDE, {NONE, BAD, COMPAT}},
	{CALL_sendmsg, EBADF, NARROW, {NONE, BAD, COMPAT}},
	{CALL_recvmsg, EBADF, NARROW, {NONE, BAD, COMPAT}},
	{CALL_sendmsg, EBADF, ALL, {NONE, BAD, 0}},
	{CALL_sendmsg, EBADF, ALL, {PATH, BAD, 0}},
	{CALL_sendmsg, ENOTSOCK, ALL, {FILE_, BAD, 0}},
	{CALL_sendmsg, ENOTSOCK, ALL, {FILE_, HDR_NAMELEN, 0}},
	{CALL_sendmsg, EFAULT, ALL, {SOCK, BAD, 0}},
	{CALL_sendmsg, EINVAL, ALL, {SOCK, HDR_NAMELEN, 0}},
	{CALL_sendmsg, EFAULT, ALL, {SOCK, HDR_NAME, 0}},
	{CALL_sendmsg, EMSGSIZE, ALL, {SOCK, HDR_IOVLEN, 0}},
	{CALL_sendmsg, EFAULT, ALL, {SOCK, HDR_IOV, 0}},
	{CALL_sendmsg, EFAULT, ALL, {SOCK, HDR_CONTROL, 0}},
	{CALL_sendmsg, EINVAL, ALL, {SOCK, HDR_ALL, 0}},
	{CALL_sendmsg, ENOBUFS, ALL, {SOCK, HDR_HUGE, 0}},
	{CALL_recvmsg, EBADF, ALL, {NONE, BAD, 0}},
	{CALL_recvmsg, ENOTSOCK, ALL, {FILE_, BAD, 0}},
	{CALL_recvmsg, EFAULT, ALL, {SOCK, BAD, 0}},
	{CALL_recvmsg, EINVAL, ALL, {SOCK, HDR_NAMELEN, 0}},
	{CALL_recvmsg, EMSGSIZE, ALL, {SOCK, HDR_IOVLEN, 0}},
	{CALL_recvmsg, EFAULT, ALL, {SOCK, HDR_IOV, 0}},
	{CALL_recvmsg, 0, ALL, {SOCK, HDR_NAME, 0}}, /* written when there is a message */
	{CALL_recvmsg, 0, ALL, {SOCK, HDR_CONTROL, 0}},
	{CALL_recvmsg, 0, ALL, {SOCK, HDR_HUGE, 0}},
	{CALL_recvmsg, EINVAL, ALL, {SOCK, HDR_ALL, 0}},

	{CALL_sendmmsg, EINVAL, WIDE, {NONE, BAD, 1, COMPAT}},
	{CALL_sendmmsg, EBADF, ALL, {NONE, BAD, 0, 0}},
	{CALL_sendmmsg, ENOTSOCK, ALL, {FILE_, BAD, 0, 0}},
	{CALL_sendmmsg, 0, ALL, {SOCK, BAD, 0, 0}},
	{CALL_sendmmsg, ENOTSOCK, ALL, {FILE_, BAD, 1, 0}},
	{CALL_sendmmsg, EFAULT, ALL, {SOCK, BAD, 1, 0}},
	{CALL_sendmmsg, EMSGSIZE, ALL, {SOCK, HDR_IOVLEN, 5000, 0}},
	{CALL_sendmmsg, 0, ALL, {SOCK, HDR_LATER, 2, 0}}, /* the first can be sent */

	{CALL_recvmmsg, EINVAL, WIDE, {NONE, BAD, 1, COMPAT, BAD}},
	{CALL_recvmmsg, EFAULT, NARROW, {NONE, BAD, 1, COMPAT, BAD}},
	{CALL_recvmmsg, EFAULT, ALL, {NONE, BAD, 1, 0, BAD}},
	{CALL_recvmmsg, EINVAL, ALL, {NONE, BAD, 1, 0, TIME_NEGATIVE}},
	{CALL_recvmmsg, EINVAL, ALL, {NONE, BAD, 1, 0, TIME_LONG}},
	{CALL_recvmmsg, EBADF, ALL, {NONE, BAD, 1, 0, TIME}},
	{CALL_recvmmsg, ENOTSOCK, ALL, {FILE_, BAD, 1, 0, 0}},
	{CALL_recvmmsg, ENOTSOCK, ALL, {FILE_, BAD, 0, 0, 0}},
	{CALL_recvmmsg, 0, ALL, {SOCK, BAD, 0, 0, 0}},
	{CALL_recvmmsg, EFAULT, ALL, {SOCK, BAD, 1, 0, 0}},
	{CALL_recvmmsg, 0, ALL, {SOCK, HDR_LATER, 2, 0, TIME}},
};
/* clang-format on */

static inline void map_all(struct fake *f, const struct abi *abi)
{
	const uint64_t word = abi->word, one_iov = ADDR + 0x800;

	fake_map(f, ADDR, 16);
	fake_words(f, abi, one_iov, BAD, 5);
	fake_put(f, LEN, &(int){16}, 4);
	header_map(f, abi, HDR, &(struct header){.iov = one_iov, .iovlen = 1});
	fake_words(f, abi, TIME, 1, 999999999);
	fake_words(f, abi, TIME_NEGATIVE, MINUS, 0);
	fake_words(f, abi, TIME_LONG, 0, 1000000000);
	/* Each is wrong in all that comes later, too. */
	header_map(f, abi, HDR_NAMELEN, &(struct header){BAD, -1, BAD, 1025, BAD, MINUS, 0});
	header_map(f, abi, HDR_NAME, &(struct header){BAD, 16, one_iov, 1, 0, 0, 0});
	header_map(f, abi, HDR_IOVLEN, &(struct header){ADDR, 16, BAD, 1025, BAD, MINUS, 0});
	header_map(f, abi, HDR_IOV, &(struct header){ADDR, 16, BAD, 1024, BAD, MINUS, 0});
	header_map(f, abi, HDR_CONTROL, &(struct header){0, 0, one_iov, 1, BAD, 32, 0});
	header_map(f, abi, HDR_HUGE, &(struct header){0, 0, one_iov, 1, BAD, UINT64_C(0x80000000), 0});
	fake_words(f, abi, HDR_ALL + 0x800, BAD, MINUS); /* an iovec of negative length */
	header_map(f, abi, HDR_ALL, &(struct header){ADDR, 16, HDR_ALL + 0x800, 1, BAD, MINUS, 0});
	uint8_t *two = fake_map(f, HDR_LATER, 2 * (header_size(abi) + (word == 8 ? 8 : 4)));
	header_write(abi, two, &(struct header){.iov = one_iov, .iovlen = 1});
	header_write(abi, two + header_size(abi) + (word == 8 ? 8 : 4),
		     &(struct header){.iov = BAD, .iovlen = 1025});
}

static inline bool row_applies(const struct row *row, const struct way *w)
{
	return way_has(w, row->nr) && !(row->which == WIDE && w->abi->word == 4) &&
	       !(row->which == NARROW && w->abi->word == 8);
}

#endif
