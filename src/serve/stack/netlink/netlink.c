/*
 * netlink.c - AF_NETLINK sockets: netlink(7), of the protocol NETLINK_ROUTE.
 *
 * Each has a number on its host (nl_pid), chosen when it is first needed. What is sent
 * to number 0 is for the kernel, which is us: netlink_request() answers at once. Root
 * may send to other sockets, too. There are no groups: nothing here happens that they
 * could be told.
 */
#include "netlink.h"

#include <errno.h>
#include <string.h>

#include "../option.h"

static uint32_t pid_hash(uint32_t pid)
{
	return hash_mix(pid);
}

static struct netlink_sock *find(const struct host *h, uint32_t pid)
{
	struct hash_node *at = hash_first(&h->netlinks, pid_hash(pid));

	for (; at; at = hash_next(at)) {
		struct netlink_sock *s =
			(struct netlink_sock *)((char *)at - offsetof(struct netlink_sock, node));

		if (s->pid == pid)
			return s;
	}
	return NULL;
}

static int take_pid(struct netlink_sock *s, uint32_t pid)
{
	struct host *h = s->sock.host;

	if (find(h, pid))
		return -EADDRINUSE;
	s->pid = pid;
	hash_add(&h->netlinks, &s->node, pid_hash(pid));
	return 0;
}

/* The process's own number if nobody has it, else one of those that look negative. */
static void choose_pid(struct netlink_sock *s, const struct task *t)
{
	uint32_t pid = t->creds.pid;

	while (take_pid(s, pid))
		pid = -4097 - net_random(t->net) % (UINT32_C(1) << 30);
}

static int netlink_open(struct sock *sk)
{
	STAILQ_INIT(&netlink_of(sk)->queue);
	return 0;
}

static void drop_first(struct netlink_sock *s)
{
	struct netlink_packet *p = STAILQ_FIRST(&s->queue);

	STAILQ_REMOVE_HEAD(&s->queue, entry);
	s->queued -= p->len;
	alloc_put(&s->sock.file.net->mem, p);
}

static void netlink_close(struct sock *sk)
{
	struct netlink_sock *s = netlink_of(sk);

	if (s->pid)
		hash_del(&sk->host->netlinks, &s->node);
	while (!STAILQ_EMPTY(&s->queue))
		drop_first(s);
}

int netlink_queue(struct netlink_sock *s, uint32_t from, const struct creds *creds,
		  const void *data, size_t len)
{
	struct netlink_packet *p;

	if (s->queued && s->queued + len > (size_t)s->sock.rcvbuf)
		return -ENOBUFS;
	p = alloc_get(&s->sock.file.net->mem, sizeof(*p) + len);
	if (!p)
		return -ENOBUFS;
	p->from = from;
	p->creds = *creds;
	p->len = len;
	memcpy(p->data, data, len);
	STAILQ_INSERT_TAIL(&s->queue, p, entry);
	s->queued += len;
	file_notify(&s->sock.file, POLLIN);
	return 0;
}

/* An address as bind, connect and send have it. */
static int read_address(const struct call_addr *a, struct sockaddr_nl *nl)
{
	if (a->len < (int)sizeof(*nl) || a->family != AF_NETLINK)
		return -EINVAL;
	memcpy(nl, a->bytes, sizeof(*nl));
	return 0;
}

static void write_address(struct call_addr *a, uint32_t pid)
{
	const struct sockaddr_nl nl = {.nl_family = AF_NETLINK, .nl_pid = pid};

	a->present = true;
	a->len = sizeof(nl);
	memcpy(a->bytes, &nl, sizeof(nl));
}

static int netlink_bind(struct op *op, struct sock *sk, const struct call_addr *a)
{
	struct netlink_sock *s = netlink_of(sk);
	struct sockaddr_nl nl;
	int err = read_address(a, &nl);

	if (err)
		return err;
	if (nl.nl_groups)
		return -EPERM;
	if (s->pid)
		return nl.nl_pid == s->pid ? 0 : -EINVAL;
	if (nl.nl_pid)
		return take_pid(s, nl.nl_pid);
	choose_pid(s, op->task);
	return 0;
}

/* Others than the kernel are for root. */
static int check_peer(const struct op *op, const struct sockaddr_nl *nl)
{
	if (nl->nl_groups || (nl->nl_pid && !op->task->privileged))
		return -EPERM;
	return 0;
}

static int netlink_connect(struct op *op, struct sock *sk, const struct call_addr *a)
{
	struct netlink_sock *s = netlink_of(sk);
	struct sockaddr_nl nl;
	int err;

	if (a->len < (int)sizeof(a->family))
		return -EINVAL;
	if (a->family == AF_UNSPEC) {
		s->peer = 0;
		return 0;
	}
	err = read_address(a, &nl);
	if (!err)
		err = check_peer(op, &nl);
	if (err)
		return err;
	if (!s->pid)
		choose_pid(s, op->task);
	s->peer = nl.nl_pid;
	return 0;
}

static int netlink_name(struct sock *sk, struct call_addr *out)
{
	write_address(out, netlink_of(sk)->pid);
	return 0;
}

static int netlink_peer(struct sock *sk, struct call_addr *out)
{
	write_address(out, netlink_of(sk)->peer);
	return 0;
}

/* To another socket: waits until it has room. */
static int send_to(struct netlink_sock *s, struct op *op, uint32_t pid, const void *data,
		   size_t len)
{
	struct netlink_sock *to = find(s->sock.host, pid);

	if (!to)
		return -ECONNREFUSED;
	if (!netlink_queue(to, s->pid, &op->task->creds, data, len))
		return 0;
	if (!to->queued)
		return -ENOBUFS;
	op->on = &to->sock.file;
	op->events = POLLOUT;
	return WAIT;
}

static ssize_t netlink_send(struct sock *sk, struct message *m)
{
	struct netlink_sock *s = netlink_of(sk);
	struct alloc *mem = &sk->file.net->mem;
	struct sockaddr_nl nl = {.nl_pid = s->peer};
	uint8_t *data;
	int err = 0;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!m->len)
		return -ENODATA;
	if (m->to) {
		err = read_address(m->to, &nl);
		if (!err)
			err = check_peer(m->op, &nl);
		if (err)
			return err;
	}
	if (!s->pid)
		choose_pid(s, m->op->task);
	if (m->len > (size_t)sk->sndbuf - 32)
		return -EMSGSIZE;
	data = alloc_get(mem, m->len);
	if (!data)
		return -ENOBUFS;
	err = message_take(m, 0, data, m->len);
	if (!err && nl.nl_pid)
		err = send_to(s, m->op, nl.nl_pid, data, m->len);
	else if (!err)
		netlink_request(s, m->op->task, data, m->len);
	alloc_put(mem, data);
	return err ? err : (ssize_t)m->len;
}

static void put_controls(struct netlink_sock *s, struct message *m, const struct netlink_packet *p)
{
	static const struct nl_pktinfo no_group;
	const struct ucred cred = {p->creds.pid, p->creds.uid, p->creds.gid};

	if (netlink_flag(s, NETLINK_FLAG_PKTINFO))
		message_put_control(m, SOL_NETLINK, NETLINK_PKTINFO, &no_group, sizeof(no_group));
	if (sock_flag(&s->sock, SOCK_FLAG_PASSCRED))
		message_put_control(m, SOL_SOCKET, SCM_CREDENTIALS, &cred, sizeof(cred));
}

static ssize_t netlink_recv(struct sock *sk, struct message *m)
{
	struct netlink_sock *s = netlink_of(sk);
	struct netlink_packet *p = STAILQ_FIRST(&s->queue);
	size_t len, whole;
	int err;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = sock_take_error(sk);
	if (err)
		return err;
	if (!p)
		return WAIT;
	if (m->len > s->largest)
		s->largest = m->len;
	whole = p->len;
	len = whole < m->len ? whole : m->len;
	err = message_give(m, 0, p->data, len);
	if (err && m->flags & MSG_PEEK)
		return err;
	if (len < whole)
		m->out->flags |= MSG_TRUNC;
	if (m->from)
		write_address(m->from, p->from);
	put_controls(s, m, p);
	if (!(m->flags & MSG_PEEK)) {
		drop_first(s);
		netlink_dump_more(s);
		file_notify(&sk->file, POLLOUT);
	}
	if (err)
		return err;
	return m->flags & MSG_TRUNC ? whole : len;
}

static uint32_t netlink_poll(struct sock *sk)
{
	const struct netlink_sock *s = netlink_of(sk);

	return POLLOUT | POLLWRNORM | (STAILQ_EMPTY(&s->queue) ? 0 : POLLIN | POLLRDNORM) |
	       (sk->err ? POLLERR : 0);
}

static const struct option_table *const tables[] = {&options_socket, &options_netlink, NULL};

const struct sock_ops netlink_ops = {
	.text = "netlink",
	.family = AF_NETLINK,
	.type = SOCK_RAW,
	.protocol = NETLINK_ROUTE,
	.size = sizeof(struct netlink_sock),
	.options = tables,
	.open = netlink_open,
	.close = netlink_close,
	.bind = netlink_bind,
	.connect = netlink_connect,
	.name = netlink_name,
	.peer = netlink_peer,
	.send = netlink_send,
	.recv = netlink_recv,
	.poll = netlink_poll,
};
