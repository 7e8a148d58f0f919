/*
 * option_socket.c - options of SOL_SOCKET that do not depend on the kind of socket.
 *
 * They only keep what they are told; who sends, receives, binds and waits looks at
 * struct sock. A kind of socket that has more to say of one puts a table of its own
 * for the same level before this one (options_unix, with SO_PEERCRED).
 */
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>

#include "inet/inet.h"
#include "option.h"

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif

/* The kernel's names for what the libc names by the width of its time_t. */
enum {
	RCVTIMEO_OLD = 20, SNDTIMEO_OLD = 21, TIMESTAMP_OLD = 29, TIMESTAMPNS_OLD = 35,
	TIMESTAMP_NEW = 63, TIMESTAMPNS_NEW = 64, RCVTIMEO_NEW = 66, SNDTIMEO_NEW = 67,
	PASSRIGHTS = 83,
};

static bool is_inet(const struct sock *s)
{
	return s->family == AF_INET || s->family == AF_INET6;
}

/* ------------------------------------------------------------ what a socket is */

static int get_type(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return option_put_int(v, s->type);
}

static int get_protocol(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	return option_put_int(v, s->family == AF_UNIX ? 0 : s->protocol);
}

static int get_domain(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return option_put_int(v, s->family);
}

static int get_listens(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	return option_put_int(v, s->listens);
}

static int get_error(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return option_put_int(v, -sock_take_error(s));
}

static int get_zero(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return option_put_int(v, 0);
}

static int get_one(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return option_put_int(v, 1);
}

static int get_cookie(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	if (v->len < (int)sizeof(s->cookie))
		return -EINVAL;
	return option_put(v, &s->cookie, sizeof(s->cookie));
}

/* A host is what a network namespace is to the kernel. */
static int get_host_cookie(struct op *op, struct sock *s, const struct option *o,
			   struct option_value *v)
{
	uint64_t number = 0;
	const struct host *h;

	if (v->len != sizeof(number))
		return -EINVAL;
	TAILQ_FOREACH(h, &s->file.net->hosts, entry) {
		number++;
		if (h == s->host)
			break;
	}
	return option_put(v, &number, sizeof(number));
}

/* getpeername(2) by another door: the length offered must not be longer. */
static int get_peer_name(struct op *op, struct sock *s, const struct option *o,
			 struct option_value *v)
{
	struct call_addr peer = {0};

	if (!s->ops->peer || s->ops->peer(s, &peer))
		return -ENOTCONN;
	if (peer.len < v->len)
		return -EINVAL;
	return option_put(v, peer.bytes, v->len);
}

static int get_peer_cred(struct op *op, struct sock *s, const struct option *o,
			 struct option_value *v)
{
	const struct ucred nobody = {0, -1, -1};

	return option_put(v, &nobody, sizeof(nobody));
}

static int get_no_peer(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	return -ENODATA;
}

/* ------------------------------------------------------------------- behaviour */

static int set_nothing(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	return 0;
}

static int set_debug(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	int on, err = option_int(v, &on);

	if (err)
		return err;
	if (on && !op->task->privileged)
		return -EACCES;
	sock_flag_set(s, SOCK_FLAG_DEBUG, on);
	return 0;
}

static int get_flag(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return option_put_int(v, sock_flag(s, o->at));
}

/* What decides who else may have its port is not what it was. */
static int rival_changed(struct sock *s)
{
	return is_inet(s) ? port_changed(inet_of(s)) : 0;
}

static int set_reuseport(struct op *op, struct sock *s, const struct option *o,
			 struct option_value *v)
{
	int on, err = option_int(v, &on);

	if (err)
		return err;
	if (on && !is_inet(s))
		return -EOPNOTSUPP;
	sock_flag_set(s, SOCK_FLAG_REUSEPORT, on);
	return rival_changed(s);
}

/* SO_REUSEADDR, once it is kept. */
static int reuseaddr_set(struct op *op, struct sock *s, const struct option *o,
			 struct option_value *v)
{
	return rival_changed(s);
}

/* Credentials and labels pass over AF_UNIX and netlink only. */
static int set_pass(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	int on, err = option_int(v, &on);

	if (err)
		return err;
	if (is_inet(s))
		return -EOPNOTSUPP;
	sock_flag_set(s, o->at, on);
	return 0;
}

static int get_pass(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return is_inet(s) ? -EOPNOTSUPP : get_flag(op, s, o, v);
}

static int set_linger(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	struct linger l;
	int err = option_bytes(v, &l, sizeof(l));

	if (err)
		return err;
	sock_flag_set(s, SOCK_FLAG_LINGER, l.l_onoff);
	if (l.l_onoff)
		s->linger_s = l.l_linger;
	return 0;
}

/* Options of AF_UNIX alone, which has its own rows. */
static int unix_only(struct op *op, struct sock *s, const struct option *o,
			 struct option_value *v)
{
	return -EOPNOTSUPP;
}

static int get_linger(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	const struct linger l = {sock_flag(s, SOCK_FLAG_LINGER), s->linger_s};

	return option_put(v, &l, sizeof(l));
}

static int set_peek_off(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	return s->family == AF_NETLINK ? -EOPNOTSUPP : option_int(v, &s->peek_off);
}

static int get_peek_off(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	return s->family == AF_NETLINK ? -EOPNOTSUPP : option_put_int(v, s->peek_off);
}

static int set_priority(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	int n, err = option_int(v, &n);

	if (err)
		return err;
	if ((n < 0 || n > 6) && !op->task->privileged)
		return -EPERM;
	s->priority = n;
	return 0;
}

static int get_priority(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	return option_put_int(v, s->priority);
}

static int set_mark(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	int n, err = option_int(v, &n);

	if (!err)
		s->mark = n;
	return err;
}

static int get_mark(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return option_put_int(v, s->mark);
}

/* --------------------------------------------------------------------- buffers */

/* As the kernel, which counts its own structures in, and says so by doubling. */
enum { SNDBUF_LEAST = 4608, RCVBUF_LEAST = 2304 };

static void keep_sndbuf(struct sock *s, int half)
{
	sock_flag_set(s, SOCK_FLAG_SNDBUF_LOCK, true);
	s->sndbuf = half * 2 > SNDBUF_LEAST ? half * 2 : SNDBUF_LEAST;
	file_notify(&s->file, POLLOUT);
}

static void keep_rcvbuf(struct sock *s, int half)
{
	sock_flag_set(s, SOCK_FLAG_RCVBUF_LOCK, true);
	s->rcvbuf = half * 2 > RCVBUF_LEAST ? half * 2 : RCVBUF_LEAST;
}

/* What is granted of n bytes. `forced`: as much as can be counted. */
static int grant(const struct sock *s, int n, bool forced)
{
	const unsigned most = s->file.net->limit.buffer;

	if (forced)
		return n < 0 ? 0 : n < INT_MAX / 2 ? n : INT_MAX / 2;
	/* A negative one is a very large one to the kernel. */
	n = (unsigned)n < most ? (unsigned)n : most;
	return n < INT_MAX / 2 ? n : INT_MAX / 2;
}

static int set_buffer(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	const bool forced = o->name == SO_SNDBUFFORCE || o->name == SO_RCVBUFFORCE;
	int n, err = option_int(v, &n);

	if (err)
		return err;
	n = grant(s, n, forced);
	if (o->name == SO_SNDBUF || o->name == SO_SNDBUFFORCE)
		keep_sndbuf(s, n);
	else
		keep_rcvbuf(s, n);
	return 0;
}

static int get_sndbuf(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return option_put_int(v, s->sndbuf);
}

static int get_rcvbuf(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return option_put_int(v, s->rcvbuf);
}

enum { LOCK_SND = 1, LOCK_RCV = 2 };

static int set_buf_lock(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	int n, err = option_int(v, &n);

	if (err)
		return err;
	if (n & ~(LOCK_SND | LOCK_RCV))
		return -EINVAL;
	sock_flag_set(s, SOCK_FLAG_SNDBUF_LOCK, n & LOCK_SND);
	sock_flag_set(s, SOCK_FLAG_RCVBUF_LOCK, n & LOCK_RCV);
	return 0;
}

static int get_buf_lock(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	return option_put_int(v, (sock_flag(s, SOCK_FLAG_SNDBUF_LOCK) ? LOCK_SND : 0) |
				 (sock_flag(s, SOCK_FLAG_RCVBUF_LOCK) ? LOCK_RCV : 0));
}

/* A stream of TCP never waits for more than its buffer can hold, which grows with it
 * as tcp_set_rcvlowat() has it: half of net.ipv4.tcp_rmem[2] is the most. */
static int set_rcvlowat(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	const bool locked = sock_flag(s, SOCK_FLAG_RCVBUF_LOCK);
	enum { TCP_MOST = 16 << 20 };
	int n, err = option_int(v, &n);

	if (err)
		return err;
	if (n < 0)
		n = INT_MAX;
	if (s->ops->protocol == IPPROTO_TCP) {
		const int most = locked ? s->rcvbuf / 2 : TCP_MOST;

		n = n < most ? n : most;
		if (!locked && s->rcvbuf < n * 2)
			s->rcvbuf = n * 2;
	}
	s->rcvlowat = n ? n : 1;
	file_notify(&s->file, POLLIN);
	return 0;
}

static int get_rcvlowat(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	return option_put_int(v, s->rcvlowat);
}

/* ----------------------------------------------------------------------- times */

enum { USEC_PER_SEC = 1000000 };

static bool time_is_new(const struct option *o)
{
	return o->name == RCVTIMEO_NEW || o->name == SNDTIMEO_NEW;
}

static int64_t *timeo_of(struct sock *s, const struct option *o)
{
	return o->name == RCVTIMEO_OLD || o->name == RCVTIMEO_NEW ? &s->rcvtimeo : &s->sndtimeo;
}

/* sock_set_timeout(). Nothing is no limit; a time before now does not wait. */
static int set_timeo(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	int64_t now[2], *timeo = timeo_of(s, o);
	long old[2];
	int err;

	if (time_is_new(o)) {
		err = option_bytes(v, now, sizeof(now));
	} else {
		err = option_bytes(v, old, sizeof(old));
		if (!err)
			now[0] = old[0], now[1] = old[1];
	}
	if (err)
		return err;
	if (now[1] < 0 || now[1] >= USEC_PER_SEC)
		return -EDOM;
	if (now[0] < 0)
		*timeo = 0;
	else if ((!now[0] && !now[1]) || now[0] >= INT64_MAX / NSEC_PER_SEC - 1)
		*timeo = TIME_NEVER;
	else
		*timeo = now[0] * NSEC_PER_SEC + now[1] * 1000;
	return 0;
}

static int get_timeo(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	const int64_t timeo = *timeo_of(s, o), ns = timeo == TIME_NEVER ? 0 : timeo;
	const int64_t now[2] = {ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / 1000};
	const long old[2] = {now[0], now[1]};

	return time_is_new(o) ? option_put(v, now, sizeof(now)) : option_put(v, old, sizeof(old));
}

/* One kind of stamp at a time; the last one that was asked for. */
static const struct stamp {
	int name;
	bool now, ns;
} stamps[] = {
	{TIMESTAMP_OLD, false, false},
	{TIMESTAMPNS_OLD, false, true},
	{TIMESTAMP_NEW, true, false},
	{TIMESTAMPNS_NEW, true, true},
};

static const struct stamp *stamp_of(const struct option *o)
{
	const struct stamp *t = stamps;

	while (t->name != o->name)
		t++;
	return t;
}

static int set_stamp(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	const struct stamp *t = stamp_of(o);
	int on, err = option_int(v, &on);

	if (err)
		return err;
	if (on)
		sock_flag_set(s, SOCK_FLAG_TIMESTAMP_NEW, t->now);
	sock_flag_set(s, SOCK_FLAG_TIMESTAMPNS, on && t->ns);
	sock_flag_set(s, SOCK_FLAG_TIMESTAMP, on);
	return 0;
}

static int get_stamp(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	const struct stamp *t = stamp_of(o);
	bool on = sock_flag(s, SOCK_FLAG_TIMESTAMP) &&
		  sock_flag(s, SOCK_FLAG_TIMESTAMP_NEW) == t->now;

	if (t->name == TIMESTAMP_OLD)
		on = on && !sock_flag(s, SOCK_FLAG_TIMESTAMPNS);
	else if (t->ns)
		on = on && sock_flag(s, SOCK_FLAG_TIMESTAMPNS);
	return option_put_int(v, on);
}

/* --------------------------------------------------------------------- devices */

static const char *const devices[] = {[IF_LO] = "lo", [IF_ETH] = "eth0"};

/* Who is bound may not choose another without being privileged. */
static int bind_device(struct op *op, struct sock *s, int ifindex)
{
	if (s->bound_ifindex && !op->task->privileged)
		return -EPERM;
	if (ifindex < 0)
		return -EINVAL;
	s->bound_ifindex = ifindex;
	return rival_changed(s);
}

static int set_device(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	char name[IFNAMSIZ] = "";
	const int len = v->len < IFNAMSIZ - 1 ? v->len : IFNAMSIZ - 1;
	int err = option_bytes(v, name, len), ifindex = 0;

	if (err)
		return err;
	for (unsigned i = IF_LO; name[0] && i <= IF_ETH; i++)
		if (strcmp(name, devices[i]) == 0)
			ifindex = i;
	if (name[0] && !ifindex)
		return -ENODEV;
	return bind_device(op, s, ifindex);
}

static int get_device(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	if (!s->bound_ifindex)
		return option_put(v, "", 0);
	if (v->len < IFNAMSIZ)
		return -EINVAL;
	if (s->bound_ifindex > IF_ETH)
		return -ENODEV;
	return option_put(v, devices[s->bound_ifindex], strlen(devices[s->bound_ifindex]) + 1);
}

static int set_ifindex(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	int n, err = option_int(v, &n);

	return err ? err : bind_device(op, s, n);
}

static int get_ifindex(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	return option_put_int(v, s->bound_ifindex);
}

/* ----------------------------------------------------------------------- table */

#define FLAG(opt, bit, text_) \
	{.name = opt, .text = #opt, .kind = OPT_FLAG, .at = bit, .does = text_}
#define READ(opt, get_, text_) \
	{.name = opt, .text = #opt, .kind = OPT_OWN, .read_only = true, .get = get_, .does = text_}
#define OWN(opt, set_, get_, text_) \
	{.name = opt, .text = #opt, .kind = OPT_OWN, .set = set_, .get = get_, .does = text_}
#define TIME(number, opt, set_, get_, text_) \
	{.name = number, .text = opt, .kind = OPT_OWN, .set = set_, .get = get_, .does = text_}

static const struct option rows[] = {
	{.name = SO_DEBUG, .text = "SO_DEBUG", .kind = OPT_OWN, .at = SOCK_FLAG_DEBUG,
	 .set = set_debug, .get = get_flag, .does = "kept; changes nothing, as on Linux"},
	{.name = SO_REUSEADDR, .text = "SO_REUSEADDR", .kind = OPT_FLAG, .at = SOCK_FLAG_REUSEADDR,
	 .set = reuseaddr_set, .does = "bind: shares an address with others that say so"},
	READ(SO_TYPE, get_type, "SOCK_STREAM, ..."),
	READ(SO_ERROR, get_error, "takes the pending error"),
	FLAG(SO_DONTROUTE, SOCK_FLAG_DONTROUTE, "kept; nothing is behind a gateway here"),
	FLAG(SO_BROADCAST, SOCK_FLAG_BROADCAST, "may send to broadcast addresses"),
	OWN(SO_SNDBUF, set_buffer, get_sndbuf, "bounds what is sent and not received; doubled, "
	    "4608 to twice the network's limit"),
	OWN(SO_RCVBUF, set_buffer, get_rcvbuf, "bounds what is received and not read; doubled, "
	    "2304 to twice the network's limit"),
	FLAG(SO_KEEPALIVE, SOCK_FLAG_KEEPALIVE, "TCP: finds out that the other end is gone"),
	FLAG(SO_OOBINLINE, SOCK_FLAG_OOBINLINE, "urgent data stay in the stream"),
	FLAG(SO_NO_CHECK, SOCK_FLAG_NO_CHECK, "kept; datagrams have no checksums here"),
	OWN(SO_PRIORITY, set_priority, get_priority, "kept; nothing is queued by priority "
	    "here. EPERM outside 0 to 6 unless privileged"),
	OWN(SO_LINGER, set_linger, get_linger, "close and shutdown wait for what was sent, or reset"),
	OWN(SO_BSDCOMPAT, set_nothing, get_zero, "nothing, as on Linux"),
	{.name = SO_REUSEPORT, .text = "SO_REUSEPORT", .kind = OPT_OWN, .at = SOCK_FLAG_REUSEPORT,
	 .set = set_reuseport, .get = get_flag,
	 .does = "sockets that say so share a port, and what comes is spread over them"},
	{.name = SO_PASSCRED, .text = "SO_PASSCRED", .kind = OPT_OWN, .at = SOCK_FLAG_PASSCRED,
	 .set = set_pass, .get = get_pass, .does = "AF_UNIX, netlink: SCM_CREDENTIALS with what "
	 "is received"},
	READ(SO_PEERCRED, get_peer_cred, "AF_UNIX: who connected or listens; others: nobody"),
	OWN(SO_RCVLOWAT, set_rcvlowat, get_rcvlowat, "bytes that make recv and poll wait no more"),
	READ(SO_SNDLOWAT, get_one, "1"),
	TIME(RCVTIMEO_OLD, "SO_RCVTIMEO_OLD", set_timeo, get_timeo, "the longest that accept and "
	     "recv wait; not rounded"),
	TIME(SNDTIMEO_OLD, "SO_SNDTIMEO_OLD", set_timeo, get_timeo, "the longest that connect and "
	     "send wait; not rounded"),
	{.name = SO_BINDTODEVICE, .text = "SO_BINDTODEVICE", .kind = OPT_OWN, .string = true,
	 .set = set_device, .get = get_device, .does = "lo or eth0: sends and receives by this one"},
	READ(SO_PEERNAME, get_peer_name, "getpeername(2)"),
	TIME(TIMESTAMP_OLD, "SO_TIMESTAMP_OLD", set_stamp, get_stamp, "SCM_TIMESTAMP with what is "
	     "received; not by AF_UNIX streams and netlink"),
	READ(SO_ACCEPTCONN, get_listens, "1: it listens"),
	{.name = SO_SNDBUFFORCE, .text = "SO_SNDBUFFORCE", .kind = OPT_OWN, .privileged = true,
	 .set = set_buffer, .does = "SO_SNDBUF past the limit"},
	{.name = SO_RCVBUFFORCE, .text = "SO_RCVBUFFORCE", .kind = OPT_OWN, .privileged = true,
	 .set = set_buffer, .does = "SO_RCVBUF past the limit"},
	{.name = SO_PASSSEC, .text = "SO_PASSSEC", .kind = OPT_OWN, .at = SOCK_FLAG_PASSSEC,
	 .set = set_pass, .get = get_pass, .does = "kept; nobody has a security label here"},
	TIME(TIMESTAMPNS_OLD, "SO_TIMESTAMPNS_OLD", set_stamp, get_stamp, "SCM_TIMESTAMPNS with "
	     "what is received"),
	{.name = SO_MARK, .text = "SO_MARK", .kind = OPT_OWN, .privileged = true, .set = set_mark,
	 .get = get_mark, .does = "kept; no rule looks at marks here"},
	READ(SO_PROTOCOL, get_protocol, "IPPROTO_TCP, ...; 0 of AF_UNIX"),
	READ(SO_DOMAIN, get_domain, "AF_INET, ..."),
	FLAG(SO_RXQ_OVFL, SOCK_FLAG_RXQ_OVFL, "how many datagrams were dropped, with each received"),
	OWN(SO_PEEK_OFF, set_peek_off, get_peek_off, "where MSG_PEEK begins; not netlink"),
	FLAG(SO_SELECT_ERR_QUEUE, SOCK_FLAG_SELECT_ERR_QUEUE, "poll: POLLPRI with queued errors"),
	READ(SO_INCOMING_NAPI_ID, get_zero, "0: nothing arrives by a driver"),
	READ(SO_COOKIE, get_cookie, "a number of this socket alone on its network"),
	READ(SO_PEERGROUPS, get_no_peer, "AF_UNIX: none; others: ENODATA"),
	OWN(SO_BINDTOIFINDEX, set_ifindex, get_ifindex, "SO_BINDTODEVICE by number"),
	TIME(TIMESTAMP_NEW, "SO_TIMESTAMP_NEW", set_stamp, get_stamp, "the same, 64 bits"),
	TIME(TIMESTAMPNS_NEW, "SO_TIMESTAMPNS_NEW", set_stamp, get_stamp, "the same, 64 bits"),
	TIME(RCVTIMEO_NEW, "SO_RCVTIMEO_NEW", set_timeo, get_timeo, "the same, 64 bits"),
	TIME(SNDTIMEO_NEW, "SO_SNDTIMEO_NEW", set_timeo, get_timeo, "the same, 64 bits"),
	{.name = PASSRIGHTS, .text = "SO_PASSRIGHTS", .kind = OPT_OWN, .set = unix_only,
	 .get = unix_only, .does = "AF_UNIX: off refuses descriptors; others: EOPNOTSUPP"},
	READ(SO_NETNS_COOKIE, get_host_cookie, "the number of the host on its network"),
	OWN(SO_BUF_LOCK, set_buf_lock, get_buf_lock, "keeps SO_SNDBUF, SO_RCVBUF from tuning "
	    "themselves"),
};

const struct option_table options_socket = {
	SOL_SOCKET, "SOL_SOCKET", rows, sizeof(rows) / sizeof(rows[0]),
};
