/*
 * descriptor.c - what programs do with descriptors: read and write, which on sockets
 * are receive and send, and the numbers themselves.
 */
#include <fcntl.h>
#include <limits.h>

#include "../serve/stack/sock.h"
#include "caller.h"

/* ---- read, write ---- */

/* 0 if it is a socket's number, -EBADF, or what a set says to read and write. */
static int check_socket(struct sc_task *t, int fd)
{
	struct file *f;
	int ret;

	embed_enter(t);
	f = task_file(t->task, fd);
	ret = !f ? -EBADF : file_is_sock(f) ? 0 : -EINVAL;
	embed_leave(t);
	return ret;
}

/* What recv and send said, as read and write say it. */
static ssize_t of_call(ssize_t ret)
{
	return ret == -ENOTSOCK ? -EINVAL : ret;
}

/* No memory is so long: the kernel finds its end past all that a program may have. */
static bool too_long(size_t len)
{
	return len > SSIZE_MAX;
}

ssize_t sc_read(struct sc_task *t, int fd, void *buf, size_t len)
{
	int err = len == 0 || too_long(len) ? check_socket(t, fd) : 0;

	if (err || !len)
		return err; /* reading nothing never waits */
	return too_long(len) ? -EFAULT : of_call(sc_recv(t, fd, buf, len, 0));
}

ssize_t sc_write(struct sc_task *t, int fd, const void *buf, size_t len)
{
	int err = too_long(len) ? check_socket(t, fd) : 0;

	if (err)
		return err;
	return too_long(len) ? -EFAULT : of_call(sc_send(t, fd, buf, len, 0));
}

/* The bytes of all pieces, at most what one call moves; -EINVAL, -EFAULT. */
static ssize_t total(const struct iovec *iov, int n)
{
	ssize_t sum = 0;

	if (n < 0 || n > CALL_IOV_MAX)
		return -EINVAL;
	if (n && !iov)
		return -EFAULT;
	for (int i = 0; i < n; i++) {
		if (too_long(iov[i].iov_len))
			return -EINVAL;
		if (iov[i].iov_len > (size_t)(ABI_RW_MAX - sum))
			return ABI_RW_MAX;
		sum += iov[i].iov_len;
	}
	return sum;
}

/* More than 0 if the pieces are to be moved; else what the call returns. */
static ssize_t check_pieces(struct sc_task *t, int fd, const struct iovec *iov, int n)
{
	int err = check_socket(t, fd);

	return err ? err : total(iov, n);
}

ssize_t sc_readv(struct sc_task *t, int fd, const struct iovec *iov, int n)
{
	ssize_t ret = check_pieces(t, fd, iov, n);

	return ret > 0 ? of_call(call_pieces(t, CALL_recvmsg, fd, iov, n)) : ret;
}

ssize_t sc_writev(struct sc_task *t, int fd, const struct iovec *iov, int n)
{
	ssize_t ret = check_pieces(t, fd, iov, n);

	return ret > 0 ? of_call(call_pieces(t, CALL_sendmsg, fd, iov, n)) : ret;
}

/* ---- numbers ---- */

/* SO_LINGER: the last one who closes a socket waits, the number being free already, until
 * what was sent has arrived or the time is over. Neither is an error. */
struct close_waiting {
	struct waiting waiting; /* first */
	struct sock *sock;      /* a reference, the last one */
};

static long serve_close(struct waiting *waiting)
{
	struct sock *s = ((struct close_waiting *)waiting)->sock;
	const int64_t time = s->linger_s * (int64_t)NSEC_PER_SEC;

	if (!s->ops->linger(s))
		return 0;
	return op_waits(&waiting->op, &s->file, POLLOUT, true, time, 0) == WAIT ? WAIT : 0;
}

static void end_close(struct waiting *waiting)
{
	file_put(&((struct close_waiting *)waiting)->sock->file);
	caller_end(&waiting->op);
}

static bool may_linger(const struct file *f)
{
	const struct sock *s = (const struct sock *)f;

	return f->refs == 1 && file_is_sock(f) && s->ops->linger &&
	       sock_flag(s, SOCK_FLAG_LINGER) && s->linger_s;
}

/* With the lock. */
static long close_lingering(struct sc_task *t, int fd, struct file *f)
{
	struct close_waiting local, *w = NULL;

	file_get(f);
	task_close(t->task, fd);
	if (sock_of_file(f)->ops->linger(sock_of_file(f)))
		w = (struct close_waiting *)waiting_new(t, &local, sizeof(*w));
	if (!w) {
		file_put(f);
		return 0;
	}
	w->waiting.serve = serve_close;
	w->waiting.end = end_close;
	w->sock = sock_of_file(f);
	caller_begin(&w->waiting.op, t, true);
	return waiting_run(&w->waiting);
}

int sc_close(struct sc_task *t, int fd)
{
	struct net *net = t->task->net; /* the task may be gone when it is over */
	struct file *f;
	int ret;

	net_lock(net);
	f = task_file(t->task, fd);
	ret = f && may_linger(f) ? close_lingering(t, fd, f) : task_close(t->task, fd);
	net_unlock(net);
	return ret;
}

/* A further number for fd's file, the lowest one from `min` on. With the lock. */
static int another(struct sc_task *t, int fd, int min, bool cloexec)
{
	struct file *f = task_file(t->task, fd);

	return f ? task_install(t->task, f, min, cloexec) : -EBADF;
}

int sc_dup(struct sc_task *t, int fd)
{
	int ret;

	embed_enter(t);
	ret = another(t, fd, 0, false);
	embed_leave(t);
	return ret;
}

static int dup_at(struct sc_task *t, int fd, int to, bool cloexec)
{
	struct file *f;
	int ret;

	embed_enter(t);
	f = task_file(t->task, fd);
	if (!f)
		ret = -EBADF;
	else if (fd == to)
		ret = fd; /* dup2(): nothing is to be done */
	else
		ret = task_install_at(t->task, f, to, cloexec);
	embed_leave(t);
	return ret;
}

int sc_dup2(struct sc_task *t, int fd, int to)
{
	return dup_at(t, fd, to, false);
}

int sc_dup3(struct sc_task *t, int fd, int to, int flags)
{
	if (flags & ~O_CLOEXEC || fd == to)
		return -EINVAL;
	return dup_at(t, fd, to, flags & O_CLOEXEC);
}

/* ---- fcntl ---- */

static int set_flags(struct file *f, long flags)
{
	/* Nothing here would honour these; the others are fixed when a file is opened,
	 * and left alone. */
	if (flags & (O_APPEND | O_DIRECT | O_NOATIME))
		return -EINVAL;
	f->nonblock = flags & O_NONBLOCK;
	if (file_is_sock(f))
		f->async = flags & O_ASYNC;
	return 0;
}

int sc_fcntl(struct sc_task *t, int fd, int cmd, long arg)
{
	struct file *f;
	int ret = 0;

	embed_enter(t);
	f = task_file(t->task, fd);
	if (!f) {
		ret = -EBADF;
		goto leave;
	}
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		ret = another(t, fd, arg, cmd == F_DUPFD_CLOEXEC);
		break;
	case F_GETFD:
		ret = t->task->fds->slot[fd].cloexec ? FD_CLOEXEC : 0;
		break;
	case F_SETFD:
		t->task->fds->slot[fd].cloexec = arg & FD_CLOEXEC;
		break;
	case F_GETFL:
		ret = O_RDWR | (f->nonblock ? O_NONBLOCK : 0) | (f->async ? O_ASYNC : 0);
		break;
	case F_SETFL:
		ret = set_flags(f, arg);
		break;
	default:
		ret = -EINVAL;
	}
leave:
	embed_leave(t);
	return ret;
}
