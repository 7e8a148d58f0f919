/*
 * sock.c - a socket's life, and what all kinds do alike.
 */
#include "sock.h"

#include <errno.h>
#include <linux/netlink.h>

#include "inet/inet.h"

/* What socket(2) finds, in this order. */
static const struct {
	int family;
	const struct sock_ops *ops;
} kinds[] = {
	{AF_UNIX, &unix_stream_ops},
	{AF_UNIX, &unix_dgram_ops},
	{AF_UNIX, &unix_seqpacket_ops},
	{AF_INET, &tcp_ops},
	{AF_INET, &udp_ops},
	{AF_INET6, &tcp_ops},
	{AF_INET6, &udp_ops},
	{AF_NETLINK, &netlink_ops},
};

/* 0 and *out, or why there is none: inet_create(), unix_create(), netlink_create(). */
static int find_ops(int family, int type, int protocol, const struct sock_ops **out)
{
	bool has_family = false, has_type = false;

	/* Kinds of socket that the kernel makes of another: net/unix/af_unix.c. */
	if (family == AF_UNIX && type == SOCK_RAW)
		type = SOCK_DGRAM;
	if (family == AF_NETLINK && type == SOCK_DGRAM)
		type = SOCK_RAW;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct sock_ops *ops = kinds[i].ops;

		if (kinds[i].family != family)
			continue;
		has_family = true;
		if (ops->type != type)
			continue;
		has_type = true;
		if (protocol != 0 && protocol != ops->protocol &&
		    !(family == AF_UNIX && protocol == AF_UNIX))
			continue;
		*out = ops;
		return 0;
	}
	if (!has_family)
		return -EAFNOSUPPORT;
	if (family == AF_UNIX)
		return protocol && protocol != AF_UNIX ? -EPROTONOSUPPORT : -ESOCKTNOSUPPORT;
	if (family != AF_NETLINK && (protocol < 0 || protocol >= IPPROTO_MAX))
		return -EINVAL;
	return has_type ? -EPROTONOSUPPORT : -ESOCKTNOSUPPORT;
}

static uint32_t sock_poll(struct file *f)
{
	struct sock *s = sock_of_file(f);

	return s->ops->poll(s);
}

static void sock_release(struct file *f)
{
	struct sock *s = sock_of_file(f);

	s->ops->close(s);
	file_end(f);
	alloc_put(&f->net->mem, s);
}

static void sock_unheld(struct file *f)
{
	struct sock *s = sock_of_file(f);

	if (s->ops->unheld)
		s->ops->unheld(s);
}

const struct file_ops sock_file_ops = {
	.name = "socket",
	.poll = sock_poll,
	.release = sock_release,
	.unheld = sock_unheld,
};

/* Memory and what every socket has; not yet open(). */
static int begin(struct host *h, const struct sock_ops *ops, struct sock **out)
{
	struct net *n = h->net;
	struct sock *s = alloc_zero(&n->mem, ops->size);
	int err;

	if (!s)
		return -ENOMEM;
	err = file_init(&s->file, n, &sock_file_ops);
	if (err) {
		alloc_put(&n->mem, s);
		return err;
	}
	s->ops = ops;
	s->host = h;
	s->cookie = ++n->cookies;
	*out = s;
	return 0;
}

static int open_it(struct sock *s)
{
	int err = s->ops->open ? s->ops->open(s) : 0;

	if (err) {
		file_end(&s->file);
		alloc_put(&s->file.net->mem, s);
	}
	return err;
}

int sock_new(struct task *t, const struct sock_ops *ops, int family, int type, int protocol,
	     struct sock **out)
{
	struct sock *s;
	int err = begin(t->host, ops, &s);

	if (err)
		return err;
	s->family = family;
	s->type = type;
	s->protocol = protocol ? protocol : ops->protocol;
	s->owner = t->creds;
	s->rcvbuf = s->sndbuf = 212992; /* net.core.{r,w}mem_default */
	s->rcvlowat = 1;
	s->peek_off = -1;
	s->rcvtimeo = s->sndtimeo = TIME_NEVER;
	err = open_it(s);
	if (!err)
		*out = s;
	return err;
}

int sock_new_like(const struct sock *as, struct sock **out)
{
	struct sock *s;
	int err = begin(as->host, as->ops, &s);

	if (err)
		return err;
	s->family = as->family;
	s->type = as->type;
	s->protocol = as->protocol;
	s->flags = as->flags;
	s->rcvbuf = as->rcvbuf;
	s->sndbuf = as->sndbuf;
	s->rcvlowat = as->rcvlowat;
	s->peek_off = as->peek_off;
	s->priority = as->priority;
	s->mark = as->mark;
	s->linger_s = as->linger_s;
	s->bound_ifindex = as->bound_ifindex;
	s->rcvtimeo = as->rcvtimeo;
	s->sndtimeo = as->sndtimeo;
	s->owner = as->owner;
	err = open_it(s);
	if (!err)
		*out = s;
	return err;
}

int sock_create(struct task *t, int family, int type, int protocol, struct sock **out)
{
	const struct sock_ops *ops;
	int err;

	/* __sock_create(): AF_MAX is 46, SOCK_MAX 11. */
	if (family < 0 || family >= 46)
		return -EAFNOSUPPORT;
	if (type < 0 || type >= 11)
		return -EINVAL;
	err = find_ops(family, type, protocol, &ops);
	if (err)
		return err;
	/* A netlink socket says what it was asked for, a raw AF_UNIX one that it is none. */
	if (family != AF_NETLINK)
		type = ops->type;
	return sock_new(t, ops, family, type, protocol, out);
}

int sock_take_error(struct sock *s)
{
	int err = s->err;

	s->err = 0;
	return -err;
}

void sock_set_error(struct sock *s, int err)
{
	s->err = err;
	file_notify(&s->file, POLLERR | POLLIN | POLLOUT);
}

/* What SO_TIMESTAMP and its kin ask for, as __sock_recv_timestamp(). */
void sock_put_stamp(struct sock *s, struct message *m, int64_t wall)
{
	const bool ns = sock_flag(s, SOCK_FLAG_TIMESTAMPNS);
	const bool now = sock_flag(s, SOCK_FLAG_TIMESTAMP_NEW);
	const int64_t sec = wall / NSEC_PER_SEC, rest = wall % NSEC_PER_SEC;
	enum { TIMESTAMP_OLD = 29, TIMESTAMPNS_OLD = 35, TIMESTAMP_NEW = 63, TIMESTAMPNS_NEW = 64 };

	if (!sock_flag(s, SOCK_FLAG_TIMESTAMP))
		return;
	if (now) {
		int64_t t[2] = {sec, ns ? rest : rest / 1000};

		message_put_control(m, SOL_SOCKET, ns ? TIMESTAMPNS_NEW : TIMESTAMP_NEW, t,
				    sizeof(t));
	} else {
		long t[2] = {sec, ns ? rest : rest / 1000};

		message_put_control(m, SOL_SOCKET, ns ? TIMESTAMPNS_OLD : TIMESTAMP_OLD, t,
				    sizeof(t));
	}
}
