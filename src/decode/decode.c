/*
 * decode.c - from registers to a struct call.
 *
 * socketcall(2) and the direct calls meet in one array of argument words; from
 * there on each call is decoded by one function, which makes the checks of
 * net/socket.c in their order. The descriptor is looked up where Linux looks it
 * up; whether it is a socket is asked only when another error would hide that it
 * is none, for on the good path the kernel says so itself.
 */
#include <errno.h>
#include <string.h>

#include "../lib/alloc.h"
#include "reader.h"

/* Any error after this is reported only if the descriptor is a socket. */
static int unless_no_socket(struct reader *d, int err)
{
	int other = d->c->sock >= 0 ? d->who->ops->fd_check(d->who, d->c->sock) : 0;

	return other ? other : err;
}

static int get_fd(struct reader *d)
{
	struct call *c = d->c;

	c->fd = (int)c->arg[0];
	c->sock = d->who->ops->fd_get(d->who, c->fd);
	return c->sock < 0 ? c->sock : 0;
}

static int decode_socket(struct reader *d)
{
	struct call *c = d->c;

	c->family = (int)c->arg[0];
	c->type = (int)c->arg[1];
	c->protocol = (int)c->arg[2];
	c->sv_at = c->nr == CALL_socketpair ? c->arg[3] : 0;
	return 0;
}

/* Addresses in which the kernel finds a descriptor's number, and would look for it
 * among ours: AF_XDP with a shared umem, and a tunnel of PPP over L2TP. The fields
 * are at these places in every ABI. Such a call is not served. */
static bool names_descriptor(const struct call_addr *a)
{
	enum { AF_PPPOX_ = 24, AF_XDP_ = 44, XDP_SHARED_UMEM_ = 1, PX_PROTO_OL2TP_ = 1 };
	uint16_t flags;
	uint32_t protocol;

	if (!a->present || a->len < 6)
		return false;
	memcpy(&flags, a->bytes + 2, sizeof(flags));
	memcpy(&protocol, a->bytes + 2, sizeof(protocol));
	return (a->family == AF_XDP_ && (flags & XDP_SHARED_UMEM_)) ||
	       (a->family == AF_PPPOX_ && protocol == PX_PROTO_OL2TP_);
}

static int decode_bind(struct reader *d)
{
	struct call *c = d->c;
	int err = get_fd(d);

	if (err)
		return err;
	err = reader_addr(d, c->arg[1], (int)c->arg[2], &c->addr);
	if (!err && names_descriptor(&c->addr))
		err = -EOPNOTSUPP;
	return err ? unless_no_socket(d, err) : 0;
}

/* A descriptor opened with O_PATH is none at all. */
static int unless_path(struct reader *d, int err)
{
	return d->who->ops->fd_check(d->who, d->c->sock) == -EBADF ? -EBADF : err;
}

/* connect copies the address before it looks whether there is a socket. */
static int decode_connect(struct reader *d)
{
	int err = get_fd(d);

	if (err)
		return err;
	err = reader_addr(d, d->c->arg[1], (int)d->c->arg[2], &d->c->addr);
	if (!err && names_descriptor(&d->c->addr))
		err = -EOPNOTSUPP;
	return err ? unless_path(d, err) : 0;
}

static int decode_fd_int(struct reader *d)
{
	d->c->backlog = d->c->how = (int)d->c->arg[1];
	return get_fd(d);
}

static int decode_accept(struct reader *d)
{
	struct call *c = d->c;
	int err = get_fd(d);

	c->flags = c->nr == CALL_accept4 ? (int)c->arg[3] : 0;
	if (err)
		return err;
	if (c->flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return d->who->ops->fd_check(d->who, c->sock) == -EBADF ? -EBADF : -EINVAL;
	reader_addr_room(d, c->arg[1], c->arg[2], &c->addr);
	return 0;
}

static int decode_name(struct reader *d)
{
	struct call *c = d->c;
	int err = get_fd(d);

	if (err)
		return err;
	c->addr.at = c->arg[1];
	c->addr.len_at = c->arg[2];
	c->addr.len_err = caller_read(d->who, c->addr.len_at, &c->addr.len, sizeof(c->addr.len));
	return 0;
}

static int decode_transfer(struct reader *d)
{
	struct call *c = d->c;
	int err = abi_buffer(d->abi, c->arg[1], c->arg[2], &c->buf);

	c->flags = (int)c->arg[3];
	if (err)
		return err;
	err = get_fd(d);
	if (err)
		return err;
	if (c->nr == CALL_recvfrom)
		reader_addr_room(d, c->arg[4], c->arg[5], &c->addr);
	if (c->nr == CALL_sendto && c->arg[4]) {
		err = reader_addr(d, c->arg[4], (int)c->arg[5], &c->addr);
		return err ? unless_no_socket(d, err) : 0;
	}
	return 0;
}

/* A program may not ask for the 32-bit layout on an ABI that is not 32-bit, nor
 * for it in words that the kernel did not add itself. */
static int check_message_flags(struct reader *d)
{
	struct call *c = d->c;
	const int compat = (int)0x80000000; /* MSG_CMSG_COMPAT */

	if (d->abi->compat)
		c->flags |= compat;
	else if (c->flags & compat)
		return -EINVAL;
	return 0;
}

static int decode_message(struct reader *d)
{
	struct call *c = d->c;
	int err;

	c->msgs_at = c->arg[1];
	c->flags = (int)c->arg[2];
	err = check_message_flags(d);
	if (err)
		return err;
	err = get_fd(d);
	if (err)
		return err;
	c->msg = call_one_message(c);
	c->nmsg = 1;
	err = reader_msghdr(d, c->msgs_at, c->nr == CALL_sendmsg, c->msg);
	return err ? unless_no_socket(d, err) : 0;
}

static int read_timeout(struct reader *d)
{
	struct call *c = d->c;
	int64_t sec, nsec;
	int err;

	c->time_at = c->arg[4];
	if (!c->time_at)
		return 0;
	if (d->abi->word == 4 && !d->time64) {
		int32_t t[2];

		err = caller_read(d->who, c->time_at, t, sizeof(t));
		sec = t[0];
		nsec = t[1];
		c->time = TIME_32;
	} else {
		int64_t t[2];

		err = caller_read(d->who, c->time_at, t, sizeof(t));
		sec = t[0];
		/* The upper half is padding on a 32-bit ABI (get_timespec64). */
		nsec = d->abi->word == 4 ? (int64_t)(uint32_t)t[1] : t[1];
		c->time = TIME_64;
	}
	if (err) {
		c->time = TIME_NONE;
		return err;
	}
	c->timeout = (struct timespec){.tv_sec = sec, .tv_nsec = nsec};
	return sec < 0 || nsec < 0 || nsec >= 1000000000 ? -EINVAL : 0;
}

/* Linux holds the control messages of one message at a time, we hold all of them.
 * With more than this the list ends early: fewer may be sent than were given. */
enum { CONTROL_SUM = 1 << 20 };

static int decode_messages(struct reader *d)
{
	struct call *c = d->c;
	bool sends = c->nr == CALL_sendmmsg;
	unsigned n, step = d->abi->word == 8 ? 64 : 32; /* sizeof(struct mmsghdr) */
	size_t control = 0;
	int err;

	c->msgs_at = c->arg[1];
	c->vlen = (unsigned)c->arg[2];
	c->flags = (int)c->arg[3];
	err = check_message_flags(d);
	if (!err && !sends)
		err = read_timeout(d);
	if (!err)
		err = get_fd(d);
	if (err)
		return err;
	n = c->vlen < CALL_VLEN_MAX ? c->vlen : CALL_VLEN_MAX;
	if (n == 0)
		return unless_no_socket(d, 0);
	c->msg = n == 1 ? call_one_message(c) : alloc_zero(c->mem, n * sizeof(*c->msg));
	if (!c->msg)
		return -ENOMEM;
	for (unsigned i = 0; i < n && control < CONTROL_SUM; i++) {
		struct call_msg *m = &c->msg[i];

		c->nmsg++;
		m->err = reader_msghdr(d, c->msgs_at + (uint64_t)i * step, sends, m);
		if (m->err)
			break;
		control += m->control_len;
	}
	return c->msg[0].err ? unless_no_socket(d, c->msg[0].err) : 0;
}

static int decode_option(struct reader *d)
{
	struct call *c = d->c;
	int err = get_fd(d);

	c->opt.level = (int)c->arg[1];
	c->opt.name = (int)c->arg[2];
	c->opt.at = c->arg[3];
	if (err)
		return err;
	err = c->nr == CALL_setsockopt ? reader_setsockopt(d) : reader_getsockopt(d);
	return err ? unless_no_socket(d, err) : 0;
}

static int (*const decoders[CALL_LAST + 1])(struct reader *) = {
	[CALL_socket] = decode_socket,
	[CALL_socketpair] = decode_socket,
	[CALL_bind] = decode_bind,
	[CALL_connect] = decode_connect,
	[CALL_listen] = decode_fd_int,
	[CALL_shutdown] = decode_fd_int,
	[CALL_accept] = decode_accept,
	[CALL_accept4] = decode_accept,
	[CALL_getsockname] = decode_name,
	[CALL_getpeername] = decode_name,
	[CALL_send] = decode_transfer,
	[CALL_sendto] = decode_transfer,
	[CALL_recv] = decode_transfer,
	[CALL_recvfrom] = decode_transfer,
	[CALL_sendmsg] = decode_message,
	[CALL_recvmsg] = decode_message,
	[CALL_sendmmsg] = decode_messages,
	[CALL_recvmmsg] = decode_messages,
	[CALL_setsockopt] = decode_option,
	[CALL_getsockopt] = decode_option,
};

/* The argument block of socketcall(2): exactly the words that the call has. */
static int read_block(struct reader *d, const uint64_t args[6])
{
	struct call *c = d->c;
	uint8_t block[6 * 8];
	int nr = (int)args[0], nargs = call_nargs(nr), err;

	c->entry = ENTRY_SOCKETCALL;
	c->block_at = args[1];
	c->nr = nr; /* also one that is no call: it is told as it was asked */
	if (!nargs)
		return -EINVAL;
	err = caller_read(d->who, c->block_at, block, (size_t)nargs * d->abi->word);
	for (int i = 0; !err && i < nargs; i++)
		c->arg[i] = reader_word(d, block + (size_t)i * d->abi->word);
	return err;
}

int decode(struct caller *who, const struct abi *abi, int sysno, const uint64_t args[6],
	   struct call *c)
{
	struct reader d = {.who = who, .abi = abi, .c = c};
	const uint64_t mask = abi->word == 4 ? UINT32_MAX : UINT64_MAX;
	uint64_t reg[6];
	int err = 0;

	for (int i = 0; i < 6; i++)
		reg[i] = args[i] & mask;
	c->abi = abi;
	c->sysno = sysno;
	if (abi->socketcall >= 0 && sysno == abi->socketcall) {
		err = read_block(&d, reg);
	} else {
		const struct abi_direct *row = abi_direct_by_sysno(abi, sysno);

		if (!row) {
			c->err = -ENOSYS;
			return -ENOSYS;
		}
		c->nr = row->call;
		d.time64 = row->time64;
		memcpy(c->arg, reg, sizeof(uint64_t) * call_nargs(c->nr));
	}
	if (!err)
		err = decoders[c->nr](&d);
	c->err = err;
	return err;
}
