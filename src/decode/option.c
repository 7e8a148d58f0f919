/*
 * option.c - values of setsockopt and getsockopt.
 *
 * Most are the same bytes in every ABI. The table names those that are not, and
 * those that hold an address of the caller's memory, which means nothing to the
 * kernel when the call is ours.
 */
#include <errno.h>
#include <limits.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>

#include "../lib/alloc.h"
#include "decode.h"
#include "reader.h"

enum { SOL_SCTP_ = 132, SOL_PACKET_ = 263, SOL_RDS_ = 276, SOL_XDP_ = 283, SOL_MPTCP_ = 284 };

enum kind {
	PLAIN,           /* the same bytes everywhere */
	TIMEVAL,         /* two longs */
	FPROG,           /* struct sock_fprog: length, address of the instructions */
	GROUP_REQ,       /* an int, then 128-byte addresses aligned to a word */
	GROUP_FILTER,    /* the same, then two ints and a list */
	DESCRIPTOR,      /* a number in the caller's table */
	FPROG_OR_FD,     /* whichever its length says */
	NEW_DESCRIPTOR,  /* getsockopt makes one */
	POINTER,         /* cannot be served: holds addresses of the caller's memory */
	TABLES,          /* packet filters: the same when set; when got, not the same
	                  * bytes for 32 bits */
	UNTRANSLATED,    /* when got, not the same bytes for 32 bits, which are refused it */
	XFRM,            /* not the same bytes for 32 bits: as a kernel that cannot translate */
};

static const struct {
	int level, name;
	enum kind kind;
} options[] = {
	{SOL_SOCKET, 20 /* SO_RCVTIMEO_OLD */, TIMEVAL},
	{SOL_SOCKET, 21 /* SO_SNDTIMEO_OLD */, TIMEVAL},
	{AF_VSOCK, 6 /* SO_VM_SOCKETS_CONNECT_TIMEOUT_OLD */, TIMEVAL},
	{SOL_SOCKET, SO_ATTACH_FILTER, FPROG},
	{SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, FPROG},
	{SOL_SOCKET, SO_ATTACH_BPF, DESCRIPTOR},
	{SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, DESCRIPTOR},
	{SOL_PACKET_, 22 /* PACKET_FANOUT_DATA */, FPROG_OR_FD},
	{SOL_SOCKET, 77 /* SO_PEERPIDFD */, NEW_DESCRIPTOR},
	{IPPROTO_IP, MCAST_JOIN_GROUP, GROUP_REQ},
	{IPPROTO_IP, MCAST_LEAVE_GROUP, GROUP_REQ},
	{IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, GROUP_REQ},
	{IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP, GROUP_REQ},
	{IPPROTO_IP, MCAST_BLOCK_SOURCE, GROUP_REQ},
	{IPPROTO_IP, MCAST_UNBLOCK_SOURCE, GROUP_REQ},
	{IPPROTO_IP, MCAST_MSFILTER, GROUP_FILTER},
	{IPPROTO_IPV6, MCAST_JOIN_GROUP, GROUP_REQ},
	{IPPROTO_IPV6, MCAST_LEAVE_GROUP, GROUP_REQ},
	{IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, GROUP_REQ},
	{IPPROTO_IPV6, MCAST_LEAVE_SOURCE_GROUP, GROUP_REQ},
	{IPPROTO_IPV6, MCAST_BLOCK_SOURCE, GROUP_REQ},
	{IPPROTO_IPV6, MCAST_UNBLOCK_SOURCE, GROUP_REQ},
	{IPPROTO_IPV6, MCAST_MSFILTER, GROUP_FILTER},
	{IPPROTO_TCP, 35 /* TCP_ZEROCOPY_RECEIVE */, POINTER},
	{SOL_XDP_, 4 /* XDP_UMEM_REG */, POINTER},
	{SOL_SCTP_, 111 /* SCTP_SOCKOPT_CONNECTX3 */, POINTER},
	{SOL_SCTP_, 102 /* SCTP_SOCKOPT_PEELOFF */, POINTER}, /* gives a descriptor */
	{SOL_SCTP_, 122 /* SCTP_SOCKOPT_PEELOFF_FLAGS */, POINTER},
	{SOL_MPTCP_, 4 /* MPTCP_FULL_INFO */, POINTER},
	{SOL_RDS_, 2 /* RDS_GET_MR */, POINTER},
	{SOL_RDS_, 7 /* RDS_GET_MR_FOR_DEST */, POINTER},
	{IPPROTO_IP, 64 /* IPT_SO_SET_REPLACE, IPT_SO_GET_INFO */, TABLES},
	{IPPROTO_IP, 65 /* IPT_SO_SET_ADD_COUNTERS, IPT_SO_GET_ENTRIES */, TABLES},
	{IPPROTO_IPV6, 64 /* IP6T_SO_SET_REPLACE, IP6T_SO_GET_INFO */, TABLES},
	{IPPROTO_IPV6, 65 /* IP6T_SO_SET_ADD_COUNTERS, IP6T_SO_GET_ENTRIES */, TABLES},
	{IPPROTO_IP, 96 /* ARPT_SO_SET_REPLACE, ARPT_SO_GET_INFO */, TABLES},
	{IPPROTO_IP, 97 /* ARPT_SO_SET_ADD_COUNTERS, ARPT_SO_GET_ENTRIES */, TABLES},
	{IPPROTO_IP, 128 /* EBT_SO_SET_ENTRIES, EBT_SO_GET_INFO */, TABLES},
	{IPPROTO_IP, 129 /* EBT_SO_SET_COUNTERS, EBT_SO_GET_ENTRIES */, POINTER},
	{IPPROTO_IP, 130 /* EBT_SO_GET_INIT_INFO */, TABLES},
	{IPPROTO_IP, 131 /* EBT_SO_GET_INIT_ENTRIES */, POINTER},
	{IPPROTO_IPV6, 6 /* IPV6_2292PKTOPTIONS: control messages */, UNTRANSLATED},
	{IPPROTO_IP, IP_XFRM_POLICY, XFRM},
	{IPPROTO_IPV6, IPV6_XFRM_POLICY, XFRM},
};

static enum kind kind_of(const struct call_opt *o)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].level == o->level && options[i].name == o->name)
			return options[i].kind;
	return PLAIN;
}

/* Must the kernel not be asked for us, or for them? */
static bool is_refused(const struct reader *d, enum kind kind)
{
	const bool sets = d->c->nr == CALL_setsockopt;

	return kind == POINTER || (kind == TABLES && (sets || d->abi->compat)) ||
	       (kind == UNTRANSLATED && !sets && d->abi->compat);
}

bool decode_refused_option(unsigned i, struct decode_refusal *out)
{
	static const char *const how[] = {
		[POINTER] = "refused: it holds addresses or descriptors of the caller",
		[TABLES] = "set: refused; get: refused to 32-bit programs",
		[UNTRANSLATED] = "get: refused to 32-bit programs",
		[XFRM] = "set: EOPNOTSUPP to 32-bit programs",
	};

	for (size_t at = 0; at < sizeof(options) / sizeof(options[0]); at++) {
		if ((size_t)options[at].kind >= sizeof(how) / sizeof(how[0]) ||
		    !how[options[at].kind] || i--)
			continue;
		*out = (struct decode_refusal){options[at].level, options[at].name,
					       how[options[at].kind]};
		return true;
	}
	return false;
}

/* xfrm_user_policy() without CONFIG_XFRM_USER_COMPAT, the usual case. */
static int check_policy(const struct reader *d, const struct call_opt *o)
{
	enum { PAGE = 4096 };

	if (!d->abi->compat || !o->at || o->len == 0 || o->len > PAGE)
		return 0; /* the kernel knows what to say */
	return o->val_len < (size_t)o->len ? -EFAULT : -EOPNOTSUPP;
}

/* What is read of a value. The largest that mean anything are shorter; the kernel
 * finds a value that goes on to be as unreadable as it would in the caller. */
enum { VALUE_MAX = 1 << 18 };

/* Reads as much of the caller's bytes as there is; room for 16 more. 0 or -ENOMEM. */
static int read_value(struct reader *d, struct call_opt *o)
{
	size_t len = o->len < VALUE_MAX ? o->len : VALUE_MAX;
	ssize_t n = 0;

	o->val = alloc_zero(d->c->mem, len + 16);
	if (!o->val)
		return -ENOMEM;
	if (len && o->at)
		n = d->who->ops->read(d->who, o->at, o->val, len);
	o->val_len = n > 0 ? n : 0;
	return 0;
}

/* A value of a 32-bit program, in place; val has room for 16 bytes more. */
static void widen_timeval(struct call_opt *o)
{
	int32_t t[2];
	struct timeval tv;

	if (o->len < (int)sizeof(t))
		return; /* too short here and there */
	o->host_len = sizeof(tv);
	if (o->val_len < sizeof(t)) {
		o->val_len = 0;
		return;
	}
	memcpy(t, o->val, sizeof(t));
	tv = (struct timeval){t[0], t[1]};
	memcpy(o->val, &tv, sizeof(tv));
	o->val_len = sizeof(tv);
}

static void widen_group(struct call_opt *o)
{
	o->host_len = o->len < 4 || o->len > INT_MAX - 4 ? o->len : o->len + 4;
	if (o->val_len < 4)
		return;
	memmove(o->val + 8, o->val + 4, o->val_len - 4);
	memset(o->val + 4, 0, 4);
	o->val_len += 4;
}

/* Instructions go into the same allocation, behind a struct sock_fprog of ours. */
static int read_filter(struct reader *d, struct call_opt *o)
{
	const size_t size = d->abi->word == 4 ? 8 : 16;
	struct sock_fprog *prog;
	uint16_t n;

	if ((size_t)o->len != size) {
		/* As wrong for us as it was for the caller. */
		o->host_len = o->len < (int)sizeof(int) ? o->len : (int)sizeof(int) + 1;
		return 0;
	}
	o->host_len = sizeof(*prog);
	if (o->val_len < size) {
		o->val_len = 0;
		return 0;
	}
	memcpy(&n, o->val, sizeof(n));
	uint64_t at = reader_word(d, o->val + d->abi->word);
	/* Longer ones are refused before a byte of them is read. */
	size_t bytes = n <= BPF_MAXINSNS ? n * sizeof(struct sock_filter) : 0;
	uint8_t *both = alloc_zero(d->c->mem, sizeof(struct sock_fprog) + bytes + 1);
	if (!both)
		return -ENOMEM;
	prog = (struct sock_fprog *)both;
	prog->len = n;
	prog->filter = at ? (struct sock_filter *)(both + sizeof(*prog)) : NULL;
	if (at && caller_read(d->who, at, both + sizeof(*prog), bytes))
		prog->filter = (struct sock_filter *)1; /* unreadable here too: EFAULT */
	alloc_put(d->c->mem, o->val);
	o->val = both;
	o->val_len = sizeof(*prog);
	return 0;
}

static void take_descriptor(struct reader *d, struct call_opt *o)
{
	int fd;

	if (o->val_len < sizeof(fd))
		return;
	memcpy(&fd, o->val, sizeof(fd));
	o->handle = d->who->ops->fd_get(d->who, fd);
	fd = o->handle; /* if it is none, the kernel says so itself */
	memcpy(o->val, &fd, sizeof(fd));
}

int reader_setsockopt(struct reader *d)
{
	struct call_opt *o = &d->c->opt;
	enum kind kind = kind_of(o);
	int err;

	o->len = (int)d->c->arg[4];
	if (o->len < 0)
		return -EINVAL;
	if (is_refused(d, kind))
		return -ENOPROTOOPT;
	o->host_len = o->len;
	err = read_value(d, o);
	if (err)
		return err;
	switch (kind) {
	case TIMEVAL:
		if (d->abi->compat)
			widen_timeval(o);
		return 0;
	case GROUP_REQ:
	case GROUP_FILTER:
		if (d->abi->compat)
			widen_group(o);
		return 0;
	case FPROG:
		return read_filter(d, o);
	case FPROG_OR_FD:
		if (o->len != sizeof(int))
			return read_filter(d, o);
		take_descriptor(d, o);
		return 0;
	case DESCRIPTOR:
		take_descriptor(d, o);
		return 0;
	case XFRM:
		return check_policy(d, o);
	case PLAIN:
	case NEW_DESCRIPTOR:
	case POINTER: /* refused above */
	case TABLES:
	case UNTRANSLATED:
		return 0;
	}
	return 0;
}

/* getsockopt(MCAST_MSFILTER) fills as many sources as the buffer says there is room
 * for, whatever optlen says: give it that room, up to what a socket can have
 * (net.ipv4.igmp_max_msf is 10, net.ipv6.mld_max_msf 64). */
static void room_for_sources(struct call_opt *o)
{
	enum { HEAD = 144, NUMBER_AT = 140, SOURCE = 128, SOURCES_MAX = 4096 };
	uint32_t n;

	if (!o->val || o->val_len < HEAD)
		return;
	memcpy(&n, o->val + NUMBER_AT, sizeof(n));
	if (n > SOURCES_MAX)
		n = SOURCES_MAX;
	if (o->host_room < (int)(HEAD + n * SOURCE))
		o->host_room = HEAD + n * SOURCE;
	o->grows = true;
}

/* Room for the wider value. SOL_SOCKET cuts a time that does not fit, others refuse. */
static int host_room(const struct call_opt *o, enum kind kind)
{
	if (kind != TIMEVAL)
		return o->len < INT_MAX - 4 ? o->len + 4 : o->len;
	return o->level == SOL_SOCKET || o->len >= 8 ? (int)sizeof(struct timeval) : o->len;
}

/* Is the buffer read, too, when an option is got? */
static bool is_read_first(const struct reader *d, const struct call_opt *o, enum kind kind)
{
	if (o->level == SOL_SOCKET)
		return false;
	return !d->who->ops->unchecked || kind == GROUP_FILTER ||
	       (o->level == IPPROTO_IP && o->name == IP_MSFILTER);
}

/* Values that come out. Some protocols read the buffer first (MCAST_MSFILTER,
 * SCTP's associations), so below SOL_SOCKET it is given to them as it is. */
int reader_getsockopt(struct reader *d)
{
	struct call_opt *o = &d->c->opt;
	enum kind kind = kind_of(o);

	o->len_at = d->c->arg[4];
	o->len_err = caller_read(d->who, o->len_at, &o->len, sizeof(o->len));
	o->host_room = o->len;
	if (o->len_err || o->len < 0)
		return 0;
	if (is_refused(d, kind))
		return -ENOPROTOOPT;
	o->narrow = d->abi->compat && (kind == TIMEVAL || kind == GROUP_FILTER);
	if (is_read_first(d, o, kind)) {
		int err = read_value(d, o);

		if (err)
			return err;
	}
	if (o->narrow && kind == GROUP_FILTER && o->val)
		widen_group(o);
	if (o->narrow)
		o->host_room = host_room(o, kind);
	if (kind == NEW_DESCRIPTOR)
		o->host_room = sizeof(int); /* it is made even if there is no room for it */
	if (kind == GROUP_FILTER)
		room_for_sources(o);
	return 0;
}
