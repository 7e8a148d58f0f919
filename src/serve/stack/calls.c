/*
 * calls.c - the twenty calls over the operations of a socket's kind.
 *
 * What all kinds do alike is done here, once: looking at the flags, whether a call may
 * wait and how long, lists of messages, new descriptors. An operation that says WAIT is
 * run again from here when the call is served again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "option.h"
#include "sock.h"
#include "stack.h"

/* The call's socket, or NULL and r->ret. */
static struct sock *get_sock(struct caller *who, const struct call *c, struct result *r)
{
	struct file *f = file_of(op_of(who)->task->net, c->sock);

	if (file_is_sock(f))
		return sock_of_file(f);
	r->ret = -ENOTSOCK;
	return NULL;
}

/* Makes a handle of the reference to a new socket, which goes with it. */
static int to_handle(struct sock *s, int flags)
{
	int handle;

	s->file.nonblock = flags & SOCK_NONBLOCK;
	handle = file_handle(&s->file);
	file_put(&s->file);
	return handle;
}

/* Flags in a type: sock_type_flags(). */
static int check_type(const struct call *c)
{
	return c->type & ~(0xf | SOCK_CLOEXEC | SOCK_NONBLOCK) ? -EINVAL : 0;
}

static void stack_socket(struct caller *who, struct call *c, struct result *r,
			 const struct serve_judge *judge)
{
	struct sock *s;

	r->cloexec = c->type & SOCK_CLOEXEC;
	r->ret = check_type(c);
	if (!r->ret)
		r->ret = sock_create(op_of(who)->task, c->family, c->type & 0xf, c->protocol, &s);
	if (!r->ret) {
		r->fd = to_handle(s, c->type);
		r->ret = r->fd < 0 ? r->fd : 0;
	}
}

static void stack_socketpair(struct caller *who, struct call *c, struct result *r,
			     const struct serve_judge *judge)
{
	struct op *op = op_of(who);
	struct sock *s[2] = {0};
	int numbers[2], err;

	r->cloexec = c->type & SOCK_CLOEXEC;
	err = check_type(c);
	/* The numbers are reserved and told before there are sockets. */
	if (!err)
		err = task_next(op->task, 2, numbers);
	if (!err)
		err = caller_write(who, c->sv_at, numbers, sizeof(numbers));
	for (int i = 0; i < 2 && !err; i++)
		err = sock_create(op->task, c->family, c->type & 0xf, c->protocol, &s[i]);
	if (!err)
		err = s[0]->ops->pair ? s[0]->ops->pair(op, s[0], s[1]) : -EOPNOTSUPP;
	for (int i = 0; i < 2; i++) {
		if (!s[i])
			continue;
		if (err) {
			file_put(&s[i]->file);
		} else {
			r->pair[i] = to_handle(s[i], c->type);
			if (r->pair[i] < 0)
				err = r->pair[i];
		}
	}
	r->ret = err;
}

static void stack_bind(struct caller *who, struct call *c, struct result *r,
		       const struct serve_judge *judge)
{
	struct sock *s = get_sock(who, c, r);

	if (s)
		r->ret = s->ops->bind ? s->ops->bind(op_of(who), s, &c->addr) : -EOPNOTSUPP;
}

static void stack_connect(struct caller *who, struct call *c, struct result *r,
			  const struct serve_judge *judge)
{
	struct op *op = op_of(who);
	struct sock *s = get_sock(who, c, r);

	if (!s)
		return;
	op->may_wait = !s->file.nonblock && !op->interrupted;
	r->ret = s->ops->connect ? s->ops->connect(op, s, &c->addr) : -EOPNOTSUPP;
	if (r->ret == WAIT)
		r->ret = op_waits(op, &s->file, POLLOUT, op->may_wait, s->sndtimeo,
				  s->family == AF_UNIX ? -EAGAIN :
				  op->began == CONNECT_JOINED ? -EALREADY : -EINPROGRESS);
}

static void stack_listen(struct caller *who, struct call *c, struct result *r,
			 const struct serve_judge *judge)
{
	struct sock *s = get_sock(who, c, r);
	const unsigned most = op_of(who)->task->net->limit.backlog;

	if (s)
		r->ret = s->ops->listen ? s->ops->listen(op_of(who), s,
							 (unsigned)c->backlog > most ? (int)most
										     : c->backlog)
					: -EOPNOTSUPP;
}

static void stack_accept(struct caller *who, struct call *c, struct result *r,
			 const struct serve_judge *judge)
{
	struct op *op = op_of(who);
	struct sock *s, *got;
	int number;

	/* A number is reserved before anything else is looked at. */
	r->ret = task_next(op->task, 1, &number);
	s = r->ret ? NULL : get_sock(who, c, r);
	if (!s)
		return;
	r->cloexec = c->flags & SOCK_CLOEXEC;
	r->ret = s->ops->accept ? s->ops->accept(op, s, &got) : -EOPNOTSUPP;
	if (r->ret == WAIT)
		r->ret = op_waits(op, &s->file, POLLIN, !s->file.nonblock, s->rcvtimeo, -EAGAIN);
	if (r->ret)
		return;
	if (c->addr.at) {
		/* As do_accept(): a peer without a name, even when it was there. */
		r->ret = (got->ops->caller ? got->ops->caller : got->ops->peer)(got, &r->addr);
		if (r->ret) {
			file_put(&got->file);
			r->ret = -ECONNABORTED;
			return;
		}
	}
	r->fd = to_handle(got, c->flags);
	if (r->fd < 0)
		r->ret = r->fd;
}

static void stack_name(struct caller *who, struct call *c, struct result *r,
		       const struct serve_judge *judge)
{
	struct sock *s = get_sock(who, c, r);
	int (*op)(struct sock *, struct call_addr *);

	if (!s)
		return;
	op = c->nr == CALL_getpeername ? s->ops->peer : s->ops->name;
	r->ret = op ? op(s, &r->addr) : -EOPNOTSUPP;
}

static void stack_shutdown(struct caller *who, struct call *c, struct result *r,
			   const struct serve_judge *judge)
{
	struct sock *s = get_sock(who, c, r);

	if (s)
		r->ret = s->ops->shutdown ? s->ops->shutdown(s, c->how) : -EOPNOTSUPP;
}

static void stack_setsockopt(struct caller *who, struct call *c, struct result *r,
			     const struct serve_judge *judge)
{
	struct sock *s = get_sock(who, c, r);

	if (s)
		r->ret = option_set(op_of(who), s, &c->opt);
}

static void stack_getsockopt(struct caller *who, struct call *c, struct result *r,
			     const struct serve_judge *judge)
{
	struct sock *s = get_sock(who, c, r);

	if (s)
		r->ret = option_get(op_of(who), s, &c->opt, r);
}

static size_t sum(const struct call_span *span, unsigned n)
{
	size_t len = 0;

	for (unsigned i = 0; i < n; i++)
		len += span[i].len;
	return len;
}

/* One message of a sendmsg or recvmsg kind of call. */
static void from_msg(struct message *m, struct op *op, const struct call *c,
		     const struct call_msg *in)
{
	*m = (struct message){
		.op = op,
		.span = in->iov,
		.nspan = in->iovlen,
		.len = sum(in->iov, in->iovlen),
		.done = op->done,
		.flags = c->flags,
		.to = in->name.present ? &in->name : NULL,
		.control = in->control,
		.control_len = in->control_len,
		.control_room = in->control_host_room,
	};
}

/* The bytes of send, recv and their kin. */
static void from_buf(struct message *m, struct op *op, const struct call *c)
{
	*m = (struct message){
		.op = op,
		.span = &c->buf,
		.nspan = 1,
		.len = c->buf.len,
		.done = op->done,
		.flags = c->flags,
		.to = c->addr.present ? &c->addr : NULL,
	};
}

ssize_t sock_send(struct sock *s, struct message *m)
{
	struct op *op = m->op;
	const bool may = !s->file.nonblock && !(m->flags & MSG_DONTWAIT);
	ssize_t n;

	if (!s->ops->send)
		return -EOPNOTSUPP;
	op->may_wait = may;
	n = s->ops->send(s, m);
	if (n == WAIT) {
		op->done = m->done;
		n = op_waits(op, &s->file, POLLOUT, may, s->sndtimeo, -EAGAIN);
		if (n < 0 && n != WAIT && m->done)
			n = m->done;
	}
	if (n == -EPIPE && s->type == SOCK_STREAM && !(m->flags & MSG_NOSIGNAL) &&
	    op->who.ops->signal)
		op->who.ops->signal(&op->who, SIGPIPE);
	return n;
}

ssize_t sock_recv(struct sock *s, struct message *m)
{
	struct op *op = m->op;
	const bool may = !s->file.nonblock && !(m->flags & MSG_DONTWAIT);
	ssize_t n;

	if (!s->ops->recv)
		return -EOPNOTSUPP;
	op->may_wait = may;
	n = s->ops->recv(s, m);
	if (n == WAIT) {
		op->done = m->done;
		n = op_waits(op, &s->file, POLLIN, may, s->rcvtimeo, -EAGAIN);
		if (n < 0 && n != WAIT && m->done)
			n = m->done;
	}
	return n;
}

/* sock_kmalloc(): net.core.optmem_max bounds the control messages. */
static ssize_t send_msg(struct sock *s, struct message *m)
{
	return m->control_len > 128 << 10 ? -ENOBUFS : sock_send(s, m);
}

static void stack_send(struct caller *who, struct call *c, struct result *r,
		       const struct serve_judge *judge)
{
	struct op *op = op_of(who);
	struct sock *s = get_sock(who, c, r);
	struct message m;

	if (!s)
		return;
	if (c->nr == CALL_sendmsg)
		from_msg(&m, op, c, c->msg);
	else
		from_buf(&m, op, c);
	r->ret = send_msg(s, &m);
}

/* Results of n messages; those of a call that waited are there already. */
static int want_messages(struct result *r, unsigned n)
{
	if (!r->msg) {
		r->msg = n == 1 ? result_one_message(r) : alloc_zero(r->mem, n * sizeof(*r->msg));
		r->nmsg = r->msg ? n : 0;
	}
	return r->msg ? 0 : -ENOMEM;
}

/* Bits that msg_flags never tells. */
static int told_flags(const struct message *m)
{
	return (m->out->flags & ~(MSG_DONTWAIT | MSG_WAITALL | MSG_PEEK)) |
	       (m->flags & MSG_CMSG_CLOEXEC);
}

static void stack_recv(struct caller *who, struct call *c, struct result *r,
		       const struct serve_judge *judge)
{
	struct op *op = op_of(who);
	struct sock *s = get_sock(who, c, r);
	struct message m;

	if (!s)
		return;
	r->ret = want_messages(r, 1);
	if (r->ret)
		return;
	if (c->nr == CALL_recvmsg)
		from_msg(&m, op, c, c->msg);
	else
		from_buf(&m, op, c);
	m.to = NULL;
	m.out = r->msg;
	m.from = c->nr == CALL_recv ? NULL : &r->msg->name;
	if (c->nr == CALL_recvmsg)
		r->cloexec = c->flags & MSG_CMSG_CLOEXEC;
	r->ret = sock_recv(s, &m);
	r->msg->flags = told_flags(&m);
	if (r->ret >= 0)
		r->msg->len = r->ret;
}

/* Linux reports an error only if nothing was sent. */
static void stack_sendmmsg(struct caller *who, struct call *c, struct result *r,
			   const struct serve_judge *judge)
{
	struct op *op = op_of(who);
	struct sock *s = get_sock(who, c, r);
	const unsigned n = c->nmsg < c->vlen ? c->nmsg : c->vlen;
	int64_t ret = 0;

	if (!s)
		return;
	if (n)
		ret = want_messages(r, c->nmsg);
	while (!ret && op->msgs < n) {
		struct message m;

		from_msg(&m, op, c, &c->msg[op->msgs]);
		m.flags &= ~MSG_EOR;
		m.flags |= c->msg[op->msgs].flags & MSG_EOR;
		m.more = op->msgs + 1 < n;
		ret = c->msg[op->msgs].err;
		if (!ret)
			ret = send_msg(s, &m);
		if (ret < 0)
			break;
		r->msg[op->msgs].len = ret;
		op->msgs++;
		op->done = 0;
		ret = 0;
		if (m.done < m.len && (size_t)r->msg[op->msgs - 1].len < m.len)
			break; /* a stream that took only some of it */
	}
	r->ret = ret == WAIT ? WAIT : op->msgs ? (int64_t)op->msgs : ret;
	if (r->msg)
		r->nmsg = r->ret == WAIT ? c->nmsg : op->msgs;
}

/* recvmmsg's own time: it is looked at after each message only. */
static bool time_is_over(struct op *op, const struct call *c, struct result *r)
{
	int64_t given, left;

	if (c->time == TIME_NONE)
		return false;
	/* More than centuries is as long as can be. */
	if (__builtin_mul_overflow((int64_t)c->timeout.tv_sec, (int64_t)2 * NSEC_PER_SEC, &given))
		given = INT64_MAX - 2 * NSEC_PER_SEC;
	left = op->began + given / 2 + c->timeout.tv_nsec - net_now(op->task->net);
	if (left < 0)
		left = 0;
	r->time_left_set = true;
	r->time_left = (struct timespec){left / NSEC_PER_SEC, left % NSEC_PER_SEC};
	return left == 0;
}

static void stack_recvmmsg(struct caller *who, struct call *c, struct result *r,
			   const struct serve_judge *judge)
{
	struct op *op = op_of(who);
	struct sock *s = get_sock(who, c, r);
	const unsigned n = c->nmsg < c->vlen ? c->nmsg : c->vlen;
	int64_t ret = 0;

	if (!s)
		return;
	if (c->time != TIME_NONE && !op->waited && !op->msgs)
		op->began = net_now(op->task->net); /* virtual time may be 0 */
	r->cloexec = c->flags & MSG_CMSG_CLOEXEC;
	/* do_recvmmsg() takes the pending error first. */
	if (!op->waited && !op->msgs)
		ret = sock_take_error(s);
	if (n && !ret)
		ret = want_messages(r, c->nmsg);
	while (!ret && op->msgs < n) {
		struct message m;

		from_msg(&m, op, c, &c->msg[op->msgs]);
		m.to = NULL;
		m.out = &r->msg[op->msgs];
		m.from = &m.out->name;
		m.flags &= ~MSG_WAITFORONE;
		if (c->flags & MSG_WAITFORONE && op->msgs)
			m.flags |= MSG_DONTWAIT;
		ret = c->msg[op->msgs].err;
		if (!ret)
			ret = sock_recv(s, &m);
		if (ret < 0)
			break;
		m.out->len = ret;
		m.out->flags = told_flags(&m);
		op->msgs++;
		op->done = 0;
		ret = 0;
		if (time_is_over(op, c, r) || m.out->flags & MSG_OOB)
			break;
	}
	/* An error behind some messages is for the next call, but for none at hand. */
	if (ret < 0 && ret != WAIT && op->msgs && ret != -EAGAIN)
		s->err = -ret;
	r->ret = ret == WAIT ? WAIT : op->msgs ? (int64_t)op->msgs : ret;
}

const struct serve_ops stack_ops = {
	.name = "stack",
	.call = {
		[CALL_socket] = stack_socket,
		[CALL_bind] = stack_bind,
		[CALL_connect] = stack_connect,
		[CALL_listen] = stack_listen,
		[CALL_accept] = stack_accept,
		[CALL_getsockname] = stack_name,
		[CALL_getpeername] = stack_name,
		[CALL_socketpair] = stack_socketpair,
		[CALL_send] = stack_send,
		[CALL_recv] = stack_recv,
		[CALL_sendto] = stack_send,
		[CALL_recvfrom] = stack_recv,
		[CALL_shutdown] = stack_shutdown,
		[CALL_setsockopt] = stack_setsockopt,
		[CALL_getsockopt] = stack_getsockopt,
		[CALL_sendmsg] = stack_send,
		[CALL_recvmsg] = stack_recv,
		[CALL_accept4] = stack_accept,
		[CALL_recvmmsg] = stack_recvmmsg,
		[CALL_sendmmsg] = stack_sendmmsg,
	},
};
