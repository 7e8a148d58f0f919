/*
 * ioctl.c - ioctl(2): what every descriptor knows, then the kind of socket, then the
 * time of the last packet, then the interfaces of the host.
 */
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "../serve/stack/inet/inet.h"
#include "embed.h"

/* As descriptors know them. */
static int ioctl_file(struct sc_task *t, int fd, unsigned long request, const int *arg)
{
	struct fd_slot *slot = &t->task->fds->slot[fd];
	struct file *f = slot->file;

	switch (request) {
	case FIOCLEX:
	case FIONCLEX:
		slot->cloexec = request == FIOCLEX;
		return 0;
	case FIONBIO:
		if (!arg)
			return -EFAULT;
		f->nonblock = *arg;
		return 0;
	case FIOASYNC:
		if (!arg)
			return -EFAULT;
		if (*arg && !file_is_sock(f))
			return -ENOTTY;
		f->async = *arg;
		return 0;
	default:
		/* A set has requests of its own, and knows no others. */
		return file_is_sock(f) ? NOT_MINE : -EINVAL;
	}
}

/* The structures that the time of the last packet goes into. */
static const struct stamp_request {
	unsigned long request;
	uint8_t word;  /* bytes of each of the two numbers */
	int64_t unit;  /* ns of one of the second number */
} stamp_requests[] = {
	{SIOCGSTAMP_OLD, sizeof(long), 1000},
	{SIOCGSTAMPNS_OLD, sizeof(long), 1},
	{SIOCGSTAMP_NEW, sizeof(int64_t), 1000},
	{SIOCGSTAMPNS_NEW, sizeof(int64_t), 1},
};

static int ioctl_stamp(struct sock *s, unsigned long request, void *arg)
{
	const struct stamp_request *r = stamp_requests;
	int64_t seconds, part;

	for (; r->request != request; r++)
		if (r == &stamp_requests[sizeof(stamp_requests) / sizeof(*r) - 1])
			return NOT_MINE;
	if (s->family != AF_INET && s->family != AF_INET6)
		return NOT_MINE;
	if (!s->stamp)
		return -ENOENT;
	if (!arg)
		return -EFAULT;
	/* From now on, what comes is stamped. */
	if (s->stamp < 0)
		s->stamp = net_wall(s->file.net);
	seconds = s->stamp / NSEC_PER_SEC;
	part = s->stamp % NSEC_PER_SEC / r->unit;
	if (r->word == sizeof(int64_t)) {
		((int64_t *)arg)[0] = seconds;
		((int64_t *)arg)[1] = part;
	} else {
		((int32_t *)arg)[0] = seconds;
		((int32_t *)arg)[1] = part;
	}
	return 0;
}

static int ioctl_socket(struct task *t, struct sock *s, unsigned long request, void *arg)
{
	int nowhere, ret = NOT_MINE;

	/* What kinds of sockets answer is an int. The NULL is found when it is written. */
	if (s->ops->ioctl)
		ret = s->ops->ioctl(t, s, request, arg ? arg : &nowhere);
	if (!arg && !ret)
		return -EFAULT;
	if (ret == NOT_MINE)
		ret = ioctl_stamp(s, request, arg);
	return ret == NOT_MINE ? inet_ioctl(t, request, arg) : ret;
}

int sc_ioctl(struct sc_task *t, int fd, unsigned long request, void *arg)
{
	struct file *f;
	int ret = -EBADF;

	embed_enter(t);
	f = task_file(t->task, fd);
	if (f)
		ret = ioctl_file(t, fd, request, arg);
	if (ret == NOT_MINE)
		ret = ioctl_socket(t->task, sock_of_file(f), request, arg);
	embed_leave(t);
	return ret == NOT_MINE ? -ENOTTY : ret;
}
