/*
 * tcp_option.c - options of IPPROTO_TCP, and those of SOL_SOCKET that TCP acts upon.
 */
#include "tcp_option.h"

#include <errno.h>
#include <string.h>

#include "tcp.h"

enum { CA_NAME = 16 }; /* TCP_CA_NAME_MAX */

/* ----------------------------------------------------------------------- flags */

static int set_flag(struct tcp_sock *t, enum tcp_flag f, const struct option_value *v)
{
	int on, err = option_int(v, &on);

	if (!err)
		tcp_set(t, f, on);
	return err;
}

/* What was held back goes. */
static void push(struct tcp_sock *t)
{
	struct tcp_sock *p = tcp_peer(t);

	if (!p || !tcp_unsent(t))
		return;
	tcp_set(t, TCP_PUSHED, true);
	tcp_flow(p);
}

static int set_nodelay(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	struct tcp_sock *t = tcp_of(s);
	int err = set_flag(t, TCP_NO_DELAY, v);

	if (!err && tcp_has(t, TCP_NO_DELAY))
		push(t);
	return err;
}

static int set_cork(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	struct tcp_sock *t = tcp_of(s);
	int err = set_flag(t, TCP_CORKED, v);

	if (!err && !tcp_has(t, TCP_CORKED)) {
		tcp_set(t, TCP_MORE_COMES, false);
		push(t);
	}
	return err;
}

static int set_inq(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	int on, err = option_int(v, &on);

	if (err)
		return err;
	if (on != 0 && on != 1)
		return -EINVAL;
	tcp_set(tcp_of(s), TCP_TELL_INQ, on);
	return 0;
}

static int get_bit(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return option_put_int(v, tcp_has(tcp_of(s), o->at));
}

/* An even number acknowledges once, what is on its way; here nothing ever is. */
static int set_quickack(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	int n, err = option_int(v, &n);

	if (!err)
		tcp_set(tcp_of(s), TCP_SLOW_ACK, !n);
	return err;
}

static int get_quickack(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	return option_put_int(v, !tcp_has(tcp_of(s), TCP_SLOW_ACK));
}

/* --------------------------------------------------------------------- numbers */

/* An int from o->min to o->max, and the part that it is kept in. */
static int take(struct sock *s, const struct option *o, const struct option_value *v, int *n,
		struct tcp_more **more)
{
	int err = option_int(v, n);

	if (err)
		return err;
	if (*n < o->min || *n > o->max)
		return -EINVAL;
	*more = tcp_more(tcp_of(s));
	return *more ? 0 : -ENOBUFS;
}

static int set_maxseg(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	struct tcp_more *more;
	int n, err = option_int(v, &n);

	if (!err && n)
		err = take(s, o, v, &n, &more);
	else if (!err)
		more = tcp_more(tcp_of(s));
	if (!err && !more)
		err = -ENOBUFS;
	if (!err)
		more->user_mss = n;
	return err;
}

static int get_maxseg(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	const struct tcp_sock *t = tcp_of(s);
	const bool open = !tcp_in(t, TCPF(CLOSE) | TCPF(LISTEN));

	return option_put_int(v, !open && t->more && t->more->user_mss ? t->more->user_mss
								     : t->mss);
}

static int set_keepidle(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	struct tcp_more *more;
	int n, err = take(s, o, v, &n, &more);

	if (err)
		return err;
	more->keepidle = n;
	tcp_keepidle_changed(tcp_of(s));
	return 0;
}

static int get_keepidle(struct op *op, struct sock *s, const struct option *o,
			struct option_value *v)
{
	const struct tcp_more *more = tcp_of(s)->more;

	return option_put_int(v, more && more->keepidle ? (int)more->keepidle : TCP_KEEP_IDLE_S);
}

static int set_keepintvl(struct op *op, struct sock *s, const struct option *o,
			 struct option_value *v)
{
	struct tcp_more *more;
	int n, err = take(s, o, v, &n, &more);

	if (!err)
		more->keepintvl = n;
	return err;
}

static int get_keepintvl(struct op *op, struct sock *s, const struct option *o,
			 struct option_value *v)
{
	const struct tcp_more *more = tcp_of(s)->more;

	return option_put_int(v, more && more->keepintvl ? (int)more->keepintvl : TCP_KEEP_INTVL_S);
}

static int set_keepcnt(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	struct tcp_more *more;
	int n, err = take(s, o, v, &n, &more);

	if (!err)
		more->keepcnt = n;
	return err;
}

static int get_keepcnt(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	const struct tcp_more *more = tcp_of(s)->more;

	return option_put_int(v, more && more->keepcnt ? more->keepcnt : TCP_KEEP_CNT);
}

static int set_syncnt(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	struct tcp_more *more;
	int n, err = take(s, o, v, &n, &more);

	if (!err)
		more->syncnt = n;
	return err;
}

static int get_syncnt(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	const struct tcp_more *more = tcp_of(s)->more;

	return option_put_int(v, more && more->syncnt ? more->syncnt : TCP_SYN_RETRIES);
}

static int set_user_timeout(struct op *op, struct sock *s, const struct option *o,
			    struct option_value *v)
{
	struct tcp_more *more;
	int n, err = take(s, o, v, &n, &more);

	if (!err)
		more->user_timeout = n;
	return err;
}

static int get_user_timeout(struct op *op, struct sock *s, const struct option *o,
			    struct option_value *v)
{
	const struct tcp_more *more = tcp_of(s)->more;

	return option_put_int(v, more ? (int)more->user_timeout : 0);
}

enum { LINGER2_MOST = 120 }; /* s; TCP_FIN_TIMEOUT_MAX */

static int set_linger2(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	struct tcp_more *more;
	int n, err = take(s, o, v, &n, &more);

	if (!err)
		more->linger2 = n < 0 ? -1 : n < LINGER2_MOST ? n : LINGER2_MOST;
	return err;
}

static int get_linger2(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	const struct tcp_more *more = tcp_of(s)->more;

	return option_put_int(v, more && more->linger2 ? more->linger2 : TCP_FIN_S);
}

/* Seconds are kept as tries, and told as the time that these take. */
static int set_defer(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	struct tcp_more *more;
	int n, tries = 0, err = take(s, o, v, &n, &more);

	if (err)
		return err;
	if (n > 0)
		for (tries = 1; n > tcp_tries_s(tries) && tries < 255; tries++)
			continue;
	more->defer = tries;
	return 0;
}

static int get_defer(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	const struct tcp_more *more = tcp_of(s)->more;

	return option_put_int(v, more ? tcp_tries_s(more->defer) : 0);
}

enum { CLAMP_LEAST = 1152 }; /* SOCK_MIN_RCVBUF / 2 */

static int set_clamp(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	struct tcp_sock *t = tcp_of(s);
	struct tcp_more *more;
	int n, err = take(s, o, v, &n, &more);

	if (err)
		return err;
	if (!n && t->state != TCP_CLOSE)
		return -EINVAL;
	more->clamp = n > CLAMP_LEAST ? n : CLAMP_LEAST;
	tcp_set(t, TCP_CLAMPED, n);
	if (t->state != TCP_LISTEN && t->in.tail != t->sent)
		tcp_flow(t);
	return 0;
}

static int get_clamp(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	const struct tcp_sock *t = tcp_of(s);
	const bool open = !tcp_in(t, TCPF(CLOSE) | TCPF(LISTEN));

	return option_put_int(v, tcp_has(t, TCP_CLAMPED) ? (int)t->more->clamp
							 : open ? s->rcvbuf : 0);
}

static int set_notsent(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	struct tcp_sock *t = tcp_of(s);
	struct tcp_more *more;
	int n, err = take(s, o, v, &n, &more);

	if (err)
		return err;
	more->notsent = n;
	tcp_set(t, TCP_LOW_WATER, n);
	file_notify(&s->file, POLLOUT | POLLWRNORM);
	return 0;
}

static int get_notsent(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	const struct tcp_more *more = tcp_of(s)->more;

	return option_put_int(v, more ? (int)more->notsent : 0);
}

/* --------------------------------------------------------------------- others */

/* Nothing is ever lost or late for want of room on the way, so none of them has
 * anything to do. */
static int set_congestion(struct op *op, struct sock *s, const struct option *o,
			  struct option_value *v)
{
	char name[CA_NAME] = "";
	int err = option_bytes(v, name, v->len < CA_NAME - 1 ? v->len : CA_NAME - 1);

	if (err || !v->len)
		return err ? err : -EINVAL;
	if (strcmp(name, "reno") && strcmp(name, "cubic"))
		return -ENOENT;
	tcp_set(tcp_of(s), TCP_RENO, strcmp(name, "reno") == 0);
	return 0;
}

static int get_congestion(struct op *op, struct sock *s, const struct option *o,
			  struct option_value *v)
{
	char name[CA_NAME] = "";

	strcpy(name, tcp_has(tcp_of(s), TCP_RENO) ? "reno" : "cubic");
	return option_put(v, name, sizeof(name));
}

static int get_info(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	struct tcp_info info;

	tcp_info_fill(tcp_of(s), &info);
	return option_put(v, &info, sizeof(info));
}

static int keepalive_set(struct op *op, struct sock *s, const struct option *o,
			 struct option_value *v)
{
	const bool on = sock_flag(s, SOCK_FLAG_KEEPALIVE);

	if (on && !tcp_more(tcp_of(s))) {
		sock_flag_set(s, SOCK_FLAG_KEEPALIVE, false);
		return -ENOBUFS;
	}
	tcp_keepalive(s, on);
	return 0;
}

/* The row of options_socket that one of the rows below stands for. */
static const struct option *plain_row(const struct option *o)
{
	const struct option *row = options_socket.row;

	while (row->name != o->name)
		row++;
	return row;
}

/* The window may be larger now. */
static int set_window(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	struct tcp_sock *t = tcp_of(s);
	const int err = plain_row(o)->set(op, s, plain_row(o), v);

	if (!err && t->state != TCP_LISTEN && t->in.tail != t->sent)
		tcp_flow(t);
	return err;
}

static int get_window(struct op *op, struct sock *s, const struct option *o,
		      struct option_value *v)
{
	return plain_row(o)->get(op, s, plain_row(o), v);
}

#define OWN(opt, set_, get_, least, most, text_)                                          \
	{.name = opt, .text = #opt, .kind = OPT_OWN, .min = least, .max = most,           \
	 .set = set_, .get = get_, .does = text_}
#define BIT(opt, set_, bit, text_)                                                        \
	{.name = opt, .text = #opt, .kind = OPT_OWN, .at = bit, .set = set_, .get = get_bit, \
	 .does = text_}

static const struct option rows[] = {
	BIT(TCP_NODELAY, set_nodelay, TCP_NO_DELAY, "sends at once what TCP_CORK holds back; "
	    "nothing else is ever delayed"),
	OWN(TCP_MAXSEG, set_maxseg, get_maxseg, 88, 32767, "the largest segment, as counted by "
	    "TCP_INFO and held back by TCP_CORK"),
	BIT(TCP_CORK, set_cork, TCP_CORKED, "holds back less than a segment, for 200 ms at most"),
	OWN(TCP_KEEPIDLE, set_keepidle, get_keepidle, 1, 32767, "s without a sign before "
	    "SO_KEEPALIVE probes"),
	OWN(TCP_KEEPINTVL, set_keepintvl, get_keepintvl, 1, 32767, "s between its probes"),
	OWN(TCP_KEEPCNT, set_keepcnt, get_keepcnt, 1, 127, "probes before ETIMEDOUT"),
	OWN(TCP_SYNCNT, set_syncnt, get_syncnt, 1, 127, "how often connect tries again"),
	OWN(TCP_LINGER2, set_linger2, get_linger2, INT32_MIN, INT32_MAX, "less than 0: close "
	    "resets a peer that goes on sending; s otherwise, no more than shown"),
	OWN(TCP_DEFER_ACCEPT, set_defer, get_defer, INT32_MIN, INT32_MAX, "accept waits for data, "
	    "s at most, rounded up to 1, 3, 7, ..."),
	OWN(TCP_WINDOW_CLAMP, set_clamp, get_clamp, INT32_MIN, INT32_MAX, "bounds what is "
	    "received and not read; 1152 at least"),
	{.name = TCP_INFO, .text = "TCP_INFO", .kind = OPT_OWN, .read_only = true,
	 .get = get_info, .does = "the connection in numbers"},
	OWN(TCP_QUICKACK, set_quickack, get_quickack, 0, 0, "kept; every byte is acknowledged at "
	    "once"),
	{.name = TCP_CONGESTION, .text = "TCP_CONGESTION", .kind = OPT_OWN, .string = true,
	 .set = set_congestion, .get = get_congestion,
	 .does = "cubic or reno, kept; nothing is ever congested"},
	OWN(TCP_USER_TIMEOUT, set_user_timeout, get_user_timeout, 0, INT32_MAX, "ms that what was "
	    "sent may take to arrive before ETIMEDOUT"),
	OWN(TCP_NOTSENT_LOWAT, set_notsent, get_notsent, INT32_MIN, INT32_MAX, "bytes behind the "
	    "window that make send wait"),
	BIT(TCP_INQ, set_inq, TCP_TELL_INQ, "TCP_CM_INQ with what is received: bytes left"),
};

const struct option_table options_tcp = {
	IPPROTO_TCP, "IPPROTO_TCP", rows, sizeof(rows) / sizeof(rows[0]),
};

static const struct option socket_rows[] = {
	{.name = SO_KEEPALIVE, .text = "SO_KEEPALIVE", .kind = OPT_FLAG, .at = SOCK_FLAG_KEEPALIVE,
	 .set = keepalive_set, .does = "TCP: finds out that the other end is gone"},
	OWN(SO_RCVBUF, set_window, get_window, 0, 0, "TCP: the window, too"),
	{.name = SO_RCVBUFFORCE, .text = "SO_RCVBUFFORCE", .kind = OPT_OWN, .privileged = true,
	 .set = set_window, .does = "SO_RCVBUF past the limit"},
	OWN(SO_RCVLOWAT, set_window, get_window, 0, 0, "TCP: makes the window as large, too"),
};

const struct option_table options_tcp_socket = {
	SOL_SOCKET, "SOL_SOCKET", socket_rows, sizeof(socket_rows) / sizeof(socket_rows[0]),
};
