/*
 * network.c - fuzzes a whole network: calls of several tasks, and a model of what must
 * hold whatever they are.
 *
 * The input is a list of operations, read by number() as they need it. Calls that wait
 * are parked. The model knows of each socket, by its SO_COOKIE, who its peer is, and how
 * many bytes went out of it and came in. Byte number i of what a socket sends is
 * content(cookie, i); so
 *
 *   - what a stream brings is what its peer sent, each byte once and in order;
 *   - at the end, when all that can be read was read, as much came in as went out, but
 *     for connections that were reset or shut;
 *   - a parked call that can go on was reported (no wake-up is lost);
 *   - when all tasks are gone there are no sockets, nothing in flight, no memory.
 *
 * Every second run has an allocator that fails now and then, as the input says.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <socketcall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/un.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TASKS = 4, SOCKS = 256, CALLS = 16, BUF = 70000, FD_MAX = 24, OPS_MAX = 400 };

#define MUST(x)                                                                           \
	do {                                                                              \
		if (!(x)) {                                                               \
			fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #x); \
			abort();                                                          \
		}                                                                         \
	} while (0)

/* ---- the model ---- */

struct model {
	uint64_t cookie, peer; /* peer 0: not known */
	uint64_t out, in;
	uint16_t port;         /* of an AF_INET client, until it is accepted */
	bool spoiled;          /* reset, shut, or read in a way that is not followed */
	bool sends, receives;  /* a call on it is parked */
	bool open;             /* at the end: a task has it still */
};

struct parked_call {
	struct sc_parked *call;
	struct sc_task *task;
	int kind; /* 0: none, or an enum operation */
	uint64_t cookie;
	bool ready, verify;
	uint8_t *buf;
	struct sockaddr_storage addr;
	socklen_t addrlen;
	int fd;
};

struct world {
	const uint8_t *data;
	size_t size;
	struct sc_net *net;
	struct sc_host *host[2];
	struct sc_task *task[TASKS];
	struct model sock[SOCKS];
	unsigned nsock;
	struct parked_call call[CALLS];
	uint8_t buf[BUF];
	size_t allocated;      /* blocks */
	unsigned fail_every;   /* 0: never */
	unsigned allocations;
	bool failed;           /* an allocation did: what is counted need not come out even */
};

static uint8_t content(uint64_t cookie, uint64_t i)
{
	uint64_t x = cookie * 0x9e3779b97f4a7c15u + i;

	return (x ^ x >> 29) * 0xbf58476d1ce4e5b9u >> 56;
}

static unsigned number(struct world *w, unsigned below)
{
	unsigned v = 0;

	for (unsigned span = below; span > 1 && w->size; span = span / 256 + (span > 256)) {
		v = v << 8 | *w->data++;
		w->size--;
	}
	return below ? v % below : 0;
}

static void *allocate(void *ctx, void *ptr, size_t size)
{
	struct world *w = ctx;

	if (!size) {
		w->allocated -= ptr != NULL;
		free(ptr);
		return NULL;
	}
	if (w->fail_every && ++w->allocations % w->fail_every == 0) {
		w->failed = true;
		return NULL;
	}
	w->allocated += ptr == NULL;
	return realloc(ptr, size);
}

static struct model *model_of(struct world *w, uint64_t cookie)
{
	for (unsigned i = 0; i < w->nsock; i++)
		if (w->sock[i].cookie == cookie)
			return &w->sock[i];
	return NULL;
}

static uint64_t cookie_of(struct sc_task *t, int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return sc_getsockopt(t, fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) ? 0 : cookie;
}

static bool is_stream(struct sc_task *t, int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return !sc_getsockopt(t, fd, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_STREAM;
}

/* The model of a stream socket, made when it is first seen; NULL. What the model asks
 * for itself does not fail. */
static struct model *stream_of(struct world *w, struct sc_task *t, int fd)
{
	const unsigned fail_every = w->fail_every;
	uint64_t cookie;
	struct model *m;

	w->fail_every = 0;
	cookie = is_stream(t, fd) ? cookie_of(t, fd) : 0;
	w->fail_every = fail_every;
	m = cookie ? model_of(w, cookie) : NULL;
	if (!m && cookie && w->nsock < SOCKS) {
		m = &w->sock[w->nsock++];
		*m = (struct model){.cookie = cookie};
	}
	return m;
}

static void spoil(struct world *w, struct model *m)
{
	struct model *p = m && m->peer ? model_of(w, m->peer) : NULL;

	if (m)
		m->spoiled = true;
	if (p)
		p->spoiled = true;
}

static void meet(struct world *w, struct model *a, struct model *b)
{
	if (!a || !b || a->peer || b->peer)
		return;
	a->peer = b->cookie;
	b->peer = a->cookie;
}

/* ---- what came of a call ---- */

enum operation { OTHER = 1, SEND, RECV, ACCEPT, CONNECT, POLL };

static void received(struct model *m, const uint8_t *buf, long n)
{
	for (long i = 0; m->peer && !m->spoiled && i < n; i++)
		MUST(buf[i] == content(m->peer, m->in + i));
	m->in += n;
}

static void accepted(struct world *w, struct sc_task *t, int fd, const struct sockaddr *from)
{
	struct model *m = stream_of(w, t, fd);

	if (from->sa_family != AF_INET)
		return;
	for (unsigned i = 0; i < w->nsock; i++)
		if (w->sock[i].port && w->sock[i].port == ((const struct sockaddr_in *)from)->sin_port) {
			meet(w, m, &w->sock[i]);
			w->sock[i].port = 0;
			return;
		}
}

static void connected(struct world *w, struct sc_task *t, int fd)
{
	struct model *m = stream_of(w, t, fd);
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	if (m && !sc_getsockname(t, fd, (struct sockaddr *)&a, &len) && a.sin_family == AF_INET) {
		/* A port that is used again belongs to the newer one. */
		for (unsigned i = 0; i < w->nsock; i++)
			if (w->sock[i].port == a.sin_port)
				w->sock[i].port = 0;
		m->port = m->peer ? 0 : a.sin_port;
	}
}

static void finish(struct world *w, struct parked_call *c, long ret)
{
	struct model *m = c->cookie ? model_of(w, c->cookie) : NULL;

	if (m && c->kind == SEND) {
		m->sends = false;
		m->out += ret > 0 ? ret : 0;
	} else if (m && c->kind == RECV) {
		m->receives = false;
		if (ret > 0 && c->verify)
			received(m, c->buf, ret);
		else if (ret > 0)
			spoil(w, m);
	}
	if (c->kind == ACCEPT && ret >= 0)
		accepted(w, c->task, ret, (struct sockaddr *)&c->addr);
	if (c->kind == CONNECT && (ret == 0 || ret == -EINPROGRESS))
		connected(w, c->task, c->fd);
	if (m && (ret == -ECONNRESET || ret == -ETIMEDOUT || ret == -EPIPE))
		spoil(w, m);
	free(c->buf);
	*c = (struct parked_call){0};
}

static void on_ready(void *ctx, struct sc_parked *call, void *cookie)
{
	struct parked_call *c = cookie;

	/* It may be told within sc_parked(), before that returns. */
	MUST(!c->call || c->call == call);
	c->ready = true;
}

/* After a call that c describes: parks it, or does what is to be done with ret. */
static void outcome(struct world *w, struct parked_call *c, struct parked_call now, long ret)
{
	now.buf = c->buf;
	*c = now;
	if (ret != SC_PARKED) {
		finish(w, c, ret);
		return;
	}
	c->call = sc_parked(c->task, c);
	MUST(c->call);
}

static struct parked_call *free_call(struct world *w)
{
	for (int i = 0; i < CALLS; i++)
		if (!w->call[i].kind)
			return &w->call[i];
	return NULL;
}

static void resume(struct world *w, struct parked_call *c, bool cancel)
{
	const bool ready = c->ready;
	long ret;

	c->ready = false;
	ret = cancel ? sc_cancel(c->call) : sc_resume(c->call);
	if (ret == SC_PARKED) {
		struct sc_parked *again = sc_parked(c->task, c);

		MUST(again == c->call);
		return;
	}
	/* It could go on, and nobody said so. */
	MUST(ready || cancel || ret < 0 || w->failed);
	c->call = NULL;
	finish(w, c, ret);
}

/* ---- operations ---- */

static const struct { int family, type; } kinds[] = {
	{AF_UNIX, SOCK_STREAM}, {AF_UNIX, SOCK_DGRAM}, {AF_UNIX, SOCK_SEQPACKET},
	{AF_INET, SOCK_STREAM}, {AF_INET, SOCK_DGRAM}, {AF_INET6, SOCK_STREAM},
	{AF_INET6, SOCK_DGRAM}, {AF_NETLINK, SOCK_RAW},
};

static socklen_t an_address(struct world *w, struct sockaddr_storage *ss)
{
	static const char *const v4[] = {"127.0.0.1", "0.0.0.0", "10.0.0.1", "10.0.0.2", "224.0.0.9",
					 "10.0.0.255", "10.0.0.9", "192.0.2.1"};
	const unsigned port = 1000 + number(w, 4);

	memset(ss, 0, sizeof(*ss));
	switch (number(w, 4)) {
	case 0: {
		struct sockaddr_in6 *a = (struct sockaddr_in6 *)ss;

		a->sin6_family = AF_INET6;
		a->sin6_port = htons(port);
		a->sin6_addr = number(w, 2) ? in6addr_loopback : in6addr_any;
		return sizeof(*a);
	}
	case 1: {
		struct sockaddr_un *a = (struct sockaddr_un *)ss;

		a->sun_family = AF_UNIX;
		a->sun_path[0] = number(w, 2) ? 0 : '/';
		a->sun_path[1] = 'a' + number(w, 4);
		return offsetof(struct sockaddr_un, sun_path) + number(w, 4);
	}
	default: {
		struct sockaddr_in *a = (struct sockaddr_in *)ss;

		a->sin_family = number(w, 16) ? AF_INET : AF_UNSPEC;
		a->sin_port = htons(number(w, 8) ? port : 0);
		inet_pton(AF_INET, v4[number(w, 8)], &a->sin_addr);
		return sizeof(*a);
	}
	}
}

static void do_send(struct world *w, struct sc_task *t, int fd)
{
	struct model *m = stream_of(w, t, fd);
	struct parked_call *c = free_call(w);
	size_t len = number(w, 4) ? number(w, 200) : number(w, BUF);
	static const int flags[] = {0, 0, MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL, MSG_OOB, MSG_EOR};
	int flag = flags[number(w, 7)];

	if (!c || (m && m->sends))
		return;
	c->buf = malloc(len + 1);
	for (size_t i = 0; i < len; i++)
		c->buf[i] = m ? content(m->cookie, m->out + i) : (uint8_t)i;
	if (m) {
		m->sends = true;
		if (flag == MSG_OOB)
			spoil(w, m);
	}
	outcome(w, c, (struct parked_call){.task = t, .kind = SEND, .cookie = m ? m->cookie : 0},
		sc_send(t, fd, c->buf, len, flag));
}

static void do_recv(struct world *w, struct sc_task *t, int fd)
{
	struct model *m = stream_of(w, t, fd);
	struct parked_call *c = free_call(w);
	size_t len = number(w, 4) ? number(w, 300) : number(w, BUF);
	static const int flags[] = {0, 0, 0, MSG_DONTWAIT, MSG_WAITALL, MSG_PEEK, MSG_TRUNC, MSG_OOB,
				    MSG_ERRQUEUE};
	int flag = flags[number(w, 9)];

	if (!c || (m && m->receives) || (m && (flag == MSG_PEEK || flag == MSG_OOB || flag == MSG_ERRQUEUE)))
		return;
	c->buf = malloc(len + 1);
	if (m)
		m->receives = true;
	outcome(w, c,
		(struct parked_call){.task = t, .kind = RECV, .cookie = m ? m->cookie : 0,
				     .verify = flag != MSG_TRUNC},
		sc_recv(t, fd, c->buf, len, flag));
}

static void do_accept(struct world *w, struct sc_task *t, int fd)
{
	struct parked_call *c = free_call(w);
	long ret;

	if (!c)
		return;
	/* The address is written when it is done: into its slot, which must not move. */
	c->addrlen = sizeof(c->addr);
	ret = sc_accept4(t, fd, (struct sockaddr *)&c->addr, &c->addrlen,
			 number(w, 2) ? SOCK_NONBLOCK : 0);
	c->task = t;
	c->kind = ACCEPT;
	if (ret != SC_PARKED) {
		finish(w, c, ret);
		return;
	}
	c->call = sc_parked(t, c);
	MUST(c->call);
}

static void do_connect(struct world *w, struct sc_task *t, int fd)
{
	struct parked_call *c = free_call(w);
	struct sockaddr_storage a;
	socklen_t len = an_address(w, &a);
	struct model *m = stream_of(w, t, fd);

	if (!c)
		return;
	spoil(w, a.ss_family == AF_UNSPEC ? m : NULL);
	outcome(w, c, (struct parked_call){.task = t, .kind = CONNECT, .fd = fd},
		sc_connect(t, fd, (struct sockaddr *)&a, len));
}

static void do_pair(struct world *w, struct sc_task *t)
{
	unsigned kind = number(w, 3);
	int sv[2];

	if (sc_socketpair(t, kinds[kind].family, kinds[kind].type, 0, sv) == 0)
		meet(w, stream_of(w, t, sv[0]), stream_of(w, t, sv[1]));
}

static void do_option(struct world *w, struct sc_task *t, int fd)
{
	static const int levels[] = {SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP,
				     270 /* SOL_NETLINK */};
	int level = levels[number(w, 6)], name = number(w, 80);
	uint8_t val[64];
	socklen_t len = number(w, sizeof(val));

	for (unsigned i = 0; i < sizeof(val); i++)
		val[i] = i < 8 ? number(w, 256) : 0;
	if (number(w, 2))
		sc_setsockopt(t, fd, level, name, val, len);
	else
		sc_getsockopt(t, fd, level, name, val, &len);
	/* Timeouts and the like are followed; a socket that peeks elsewhere is not. */
	if (level == SOL_SOCKET && (name == SO_PEEK_OFF || name == SO_OOBINLINE || name == SO_LINGER))
		spoil(w, stream_of(w, t, fd));
	if (level == IPPROTO_TCP)
		spoil(w, stream_of(w, t, fd));
}

static void do_msg(struct world *w, struct sc_task *t, int fd)
{
	uint8_t control[CMSG_SPACE(4 * sizeof(int))] __attribute__((aligned(8))) = {0};
	uint8_t byte[4] = {0};
	struct iovec iov[2] = {{byte, number(w, 4)}, {byte, 1}};
	struct sockaddr_storage a;
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = number(w, 3)};
	struct cmsghdr *h = (struct cmsghdr *)control;
	int n = number(w, 4);

	spoil(w, stream_of(w, t, fd)); /* these bytes are not counted */
	if (number(w, 2)) {
		m.msg_control = control;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		h->cmsg_len = CMSG_LEN(n * sizeof(int));
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		for (int i = 0; i < n; i++) {
			int other = number(w, FD_MAX);

			memcpy(CMSG_DATA(h) + i * sizeof(int), &other, sizeof(other));
		}
	}
	if (number(w, 4) == 0) {
		m.msg_name = &a;
		m.msg_namelen = an_address(w, &a);
	}
	if (number(w, 2)) {
		sc_sendmsg(t, fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	} else {
		struct mmsghdr many[2] = {{.msg_hdr = m}, {.msg_hdr = m}};

		if (number(w, 2))
			sc_recvmsg(t, fd, &m, MSG_DONTWAIT | (number(w, 2) ? MSG_PEEK : 0));
		else if (number(w, 2))
			sc_recvmmsg(t, fd, many, 2, MSG_DONTWAIT, NULL);
		else
			sc_sendmmsg(t, fd, many, 2, MSG_DONTWAIT);
	}
}

static void do_descriptor(struct world *w, struct sc_task *t, int fd)
{
	int other = number(w, FD_MAX), value = 0;
	char ifs[sizeof(struct ifreq)] = {0};
	struct epoll_event e = {.events = number(w, 8) | (number(w, 2) ? EPOLLET : 0)};
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};

	switch (number(w, 10)) {
	case 0: sc_dup(t, fd); break;
	case 1: sc_dup2(t, fd, other); break;
	case 2: sc_fcntl(t, fd, F_SETFL, number(w, 2) ? O_NONBLOCK : 0); break;
	case 3: sc_ioctl(t, fd, number(w, 2) ? FIONREAD : SIOCOUTQ, &value); break;
	case 4: sc_ioctl(t, fd, SIOCGIFCONF - 2 + number(w, 24), ifs); break;
	case 5: sc_epoll_create1(t, 0); break;
	case 6: sc_epoll_ctl(t, fd, 1 + number(w, 3), other, &e); break;
	case 7: sc_epoll_wait(t, fd, &e, 1, 0); break;
	case 8: sc_poll(t, &p, 1, 0); break;
	default: {
		struct sockaddr_storage a;
		socklen_t len = sizeof(a);

		sc_getsockname(t, fd, (struct sockaddr *)&a, &len);
		len = number(w, 20);
		sc_getpeername(t, fd, (struct sockaddr *)&a, &len);
	}
	}
}

static struct sc_task *new_task(struct world *w, int host)
{
	struct sc_task_config config = {.size = sizeof(config), .park = true, .ready = on_ready,
					.ctx = w, .uid = host * 1000, .unprivileged = host};

	return sc_task_new(w->host[host], &config);
}

/* Ends a task; its parked calls go with it. */
static void end_task(struct world *w, int i)
{
	for (int k = 0; k < CALLS; k++) {
		struct parked_call *c = &w->call[k];

		if (c->kind && c->task == w->task[i])
			resume(w, c, true);
	}
	sc_task_free(w->task[i]);
	w->task[i] = NULL;
}

static void do_task(struct world *w, int i)
{
	int other = number(w, TASKS);

	if (number(w, 2) || other == i) {
		sc_task_exec(w->task[i]);
		return;
	}
	end_task(w, other);
	w->task[other] = sc_task_fork(w->task[i], number(w, 2));
	if (!w->task[other])
		w->task[other] = new_task(w, 0);
}

static void close_one(struct world *w, struct sc_task *t, int fd)
{
	struct model *m = stream_of(w, t, fd);

	/* What was not read by then resets the connection: not followed. */
	spoil(w, m);
	sc_close(t, fd);
}

static void step(struct world *w)
{
	int i = number(w, TASKS), fd = number(w, FD_MAX);
	struct sc_task *t = w->task[i];
	struct sockaddr_storage a;
	unsigned kind;

	if (!t)
		return;
	switch (number(w, 20)) {
	case 0:
	case 1:
		kind = number(w, 8);
		sc_socket(t, kinds[kind].family, kinds[kind].type | (number(w, 4) ? 0 : SOCK_NONBLOCK), 0);
		break;
	case 2: do_pair(w, t); break;
	case 3: {
		socklen_t len = an_address(w, &a);

		sc_bind(t, fd, (struct sockaddr *)&a, len);
		break;
	}
	case 4: sc_listen(t, fd, number(w, 3)); break;
	case 5: do_connect(w, t, fd); break;
	case 6: do_accept(w, t, fd); break;
	case 7:
	case 8:
	case 9: do_send(w, t, fd); break;
	case 10:
	case 11:
	case 12: do_recv(w, t, fd); break;
	case 13:
		spoil(w, stream_of(w, t, fd));
		sc_shutdown(t, fd, number(w, 4));
		break;
	case 14: close_one(w, t, fd); break;
	case 15: do_option(w, t, fd); break;
	case 16: do_msg(w, t, fd); break;
	case 17: do_descriptor(w, t, fd); break;
	case 18:
		if (number(w, 2)) {
			sc_net_advance(w->net, (int64_t)number(w, 256) << number(w, 32));
		} else {
			sc_host_set_up(w->host[1], number(w, 2));
		}
		break;
	default: do_task(w, i); break;
	}
}

/* Serves what was reported, until nothing is. */
static void settle(struct world *w)
{
	bool more = true;

	for (int round = 0; more && round < 100; round++) {
		more = false;
		for (int k = 0; k < CALLS; k++)
			if (w->call[k].kind && w->call[k].ready) {
				resume(w, &w->call[k], false);
				more = true;
			}
	}
}

/* Reads all that can be read; then what went out must have come in. */
static void drain(struct world *w)
{
	bool more = true;

	w->fail_every = 0;
	sc_host_set_up(w->host[1], true);
	settle(w);
	/* What nobody reported cannot go on. */
	for (int k = 0; k < CALLS; k++)
		if (w->call[k].kind)
			resume(w, &w->call[k], false);
	for (int k = 0; k < CALLS; k++)
		if (w->call[k].kind)
			resume(w, &w->call[k], true);
	sc_net_advance(w->net, INT64_C(1000000000)); /* TCP_CORK, MSG_MORE */
	for (int round = 0; more && round < 10000; round++) {
		more = false;
		for (int i = 0; i < TASKS; i++)
			for (int fd = 0; w->task[i] && fd < 64; fd++) {
				struct model *m = stream_of(w, w->task[i], fd);
				long n = m ? sc_recv(w->task[i], fd, w->buf, BUF, MSG_DONTWAIT) : 0;

				if (n > 0) {
					received(m, w->buf, n);
					more = true;
				} else if (n == -ECONNRESET) {
					spoil(w, m);
				}
			}
	}
	for (int i = 0; i < TASKS; i++)
		for (int fd = 0; w->task[i] && fd < 64; fd++) {
			struct model *m = stream_of(w, w->task[i], fd);

			if (m)
				m->open = true;
		}
	for (unsigned k = 0; k < w->nsock; k++) {
		struct model *m = &w->sock[k], *p = m->peer ? model_of(w, m->peer) : NULL;

		if (p && m->open && !m->spoiled && !p->spoiled && !w->failed)
			MUST(m->in == p->out);
		MUST(!p || m->spoiled || m->in <= p->out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world world;
	struct world *w = &world;
	struct sc_config config = {.size = sizeof(config), .time = SC_TIME_VIRTUAL, .alloc = allocate,
				   .alloc_ctx = w, .limits = {.files = 200, .files_per_task = 48,
							      .in_flight = 16, .backlog = 8}};
	struct sc_usage usage;

	memset(w, 0, sizeof(*w));
	w->data = data;
	w->size = size;
	w->net = sc_net_new(&config);
	w->host[0] = sc_host_new(w->net, "a");
	w->host[1] = sc_host_new(w->net, "b");
	sc_host_add_address(w->host[0], "10.0.0.1/24");
	sc_host_add_address(w->host[1], "10.0.0.2/24");
	for (int i = 0; i < TASKS; i++)
		w->task[i] = new_task(w, i % 2);
	w->fail_every = number(w, 2) ? 2 + number(w, 60) : 0;
	for (int n = 0; w->size && n < OPS_MAX; n++) {
		step(w);
		settle(w);
	}
	drain(w);
	for (int i = 0; i < TASKS; i++)
		if (w->task[i])
			end_task(w, i);
	/* What closed sockets left to do in time. */
	sc_net_advance(w->net, INT64_C(3000) * 1000000000);
	sc_net_usage(w->net, &usage);
	MUST(usage.files == 0 && usage.in_flight == 0 && usage.tasks == 0);
	sc_net_free(w->net);
	MUST(w->allocated == 0);
	return 0;
}
