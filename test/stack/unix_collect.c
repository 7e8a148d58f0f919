/*
 * unix_collect.c - sockets that only messages hold: what is left must be what can be
 * reached, after every single call.
 *
 * A model keeps for each socket how many descriptors it has and which sockets lie in
 * its queue. Random calls are made on the network and on the model; after each one the
 * network must have as many sockets as the model finds from those with descriptors.
 * Then long chains and rings are let go at once: neither the stack nor the time that
 * takes may grow with their depth (more than in proportion).
 */
#include <errno.h>
#include <socketcall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>

enum { NODES = 96, QUEUE = 300, DESCRIPTORS = 64, CARRIED = 3 };

/* One message. */
struct carried {
	int n, node[CARRIED];
};

struct node {
	bool there, listens;
	int peer;            /* -1: none */
	int listener;        /* it waits there; -1 */
	int type;
	struct carried queue[QUEUE]; /* the oldest first */
	int queued;
	int fd[DESCRIPTORS];
	int fds;
	int waiting[16];     /* of a listener */
	int nwaiting;
	bool reached;
};

struct world {
	struct sc_net *net;
	struct sc_task *task;
	struct node node[NODES];
	unsigned seed;
	unsigned long steps;
};

#define MUST(what) \
	do { \
		if (!(what)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
			abort(); \
		} \
	} while (0)

static unsigned pick(struct world *w, unsigned n)
{
	w->seed = w->seed * 1103515245 + 12345;
	return (w->seed >> 16) % n;
}

static int new_node(struct world *w, int type)
{
	for (int i = 0; i < NODES; i++) {
		if (w->node[i].there)
			continue;
		memset(&w->node[i], 0, sizeof(w->node[i]));
		w->node[i].there = true;
		w->node[i].peer = w->node[i].listener = -1;
		w->node[i].type = type;
		return i;
	}
	return -1;
}

static int room(const struct world *w)
{
	int n = 0;

	for (int i = 0; i < NODES; i++)
		n += !w->node[i].there;
	return n;
}

/* ----------------------------------------------------------------------- the model */

static void reach(struct world *w, int i, int *stack, int *depth)
{
	if (!w->node[i].reached) {
		w->node[i].reached = true;
		stack[(*depth)++] = i;
	}
}

/* What no descriptor leads to is gone. */
static void settle(struct world *w)
{
	int stack[NODES], depth = 0, live = 0;
	struct sc_usage u;

	for (int i = 0; i < NODES; i++)
		w->node[i].reached = false;
	for (int i = 0; i < NODES; i++)
		if (w->node[i].there && w->node[i].fds)
			reach(w, i, stack, &depth);
	while (depth) {
		struct node *n = &w->node[stack[--depth]];

		for (int k = 0; k < n->queued; k++)
			for (int c = 0; c < n->queue[k].n; c++)
				reach(w, n->queue[k].node[c], stack, &depth);
		for (int k = 0; k < n->nwaiting; k++)
			reach(w, n->waiting[k], stack, &depth);
	}
	for (int i = 0; i < NODES; i++) {
		if (w->node[i].there && !w->node[i].reached) {
			w->node[i].there = false;
			for (int k = 0; k < NODES; k++)
				if (w->node[k].peer == i)
					w->node[k].peer = -1;
		}
		live += w->node[i].there;
	}
	sc_net_usage(w->net, &u);
	if ((int)u.files != live) {
		fprintf(stderr, "step %lu: %u sockets, and %d can be reached\n", w->steps, u.files,
			live);
		abort();
	}
}

/* ------------------------------------------------------------------------ the calls */

static int some(struct world *w, bool (*fits)(const struct node *))
{
	int at = pick(w, NODES);

	for (int i = 0; i < NODES; i++, at = (at + 1) % NODES)
		if (w->node[at].there && w->node[at].fds && fits(&w->node[at]))
			return at;
	return -1;
}

static bool any(const struct node *n)
{
	return n->there;
}

static bool talks(const struct node *n)
{
	return !n->listens;
}

static bool listens(const struct node *n)
{
	return n->listens;
}

static void make_pair(struct world *w)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
	int type = types[pick(w, 3)], s[2], a, b;

	if (room(w) < 2)
		return;
	a = new_node(w, type);
	b = new_node(w, type);
	MUST(sc_socketpair(w->task, AF_UNIX, type | SOCK_NONBLOCK, 0, s) == 0);
	w->node[a].fd[w->node[a].fds++] = s[0];
	w->node[b].fd[w->node[b].fds++] = s[1];
	w->node[a].peer = b;
	w->node[b].peer = a;
}

static void make_listener(struct world *w)
{
	const struct sockaddr_un a = {.sun_family = AF_UNIX};
	int i, type = pick(w, 2) ? SOCK_STREAM : SOCK_SEQPACKET;

	if (room(w) < 1)
		return;
	i = new_node(w, type);
	w->node[i].fd[0] = sc_socket(w->task, AF_UNIX, type | SOCK_NONBLOCK, 0);
	w->node[i].fds = 1;
	w->node[i].listens = true;
	MUST(sc_bind(w->task, w->node[i].fd[0], (const struct sockaddr *)&a, 2) == 0);
	MUST(sc_listen(w->task, w->node[i].fd[0], 10) == 0);
}

static void connect_one(struct world *w)
{
	struct sockaddr_un a;
	socklen_t n = sizeof(a);
	int l = some(w, listens), c, e;

	if (l < 0 || room(w) < 2 || w->node[l].nwaiting > 10)
		return;
	c = new_node(w, w->node[l].type);
	e = new_node(w, w->node[l].type);
	w->node[c].fd[0] = sc_socket(w->task, AF_UNIX, w->node[l].type | SOCK_NONBLOCK, 0);
	w->node[c].fds = 1;
	MUST(sc_getsockname(w->task, w->node[l].fd[0], (struct sockaddr *)&a, &n) == 0);
	MUST(sc_connect(w->task, w->node[c].fd[0], (struct sockaddr *)&a, n) == 0);
	w->node[c].peer = e;
	w->node[e].peer = c;
	w->node[e].listener = l;
	w->node[l].waiting[w->node[l].nwaiting++] = e;
}

static void accept_one(struct world *w)
{
	int l = some(w, listens), e, fd;
	struct node *n;

	if (l < 0)
		return;
	n = &w->node[l];
	fd = sc_accept(w->task, n->fd[0], NULL, NULL);
	MUST(n->nwaiting ? fd >= 0 : fd == -EAGAIN);
	if (fd < 0)
		return;
	e = n->waiting[0];
	memmove(n->waiting, n->waiting + 1, --n->nwaiting * sizeof(int));
	w->node[e].listener = -1;
	w->node[e].fd[0] = fd;
	w->node[e].fds = 1;
}

static void send_some(struct world *w)
{
	struct carried what = {.n = 1 + pick(w, CARRIED)};
	int s = some(w, talks);
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(what.node))];
	struct iovec v = {"x", 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = CMSG_SPACE(what.n * sizeof(int))};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	struct node *to;
	long r;

	if (s < 0)
		return;
	*h = (struct cmsghdr){CMSG_LEN(what.n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	for (int i = 0; i < what.n; i++) {
		struct node *n = &w->node[what.node[i] = some(w, any)];

		memcpy(CMSG_DATA(h) + i * sizeof(int), &n->fd[pick(w, n->fds)], sizeof(int));
	}
	r = sc_sendmsg(w->task, w->node[s].fd[0], &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (r < 0) {
		MUST(r == -EAGAIN || w->node[s].peer < 0);
		/* Hearing that its peer is gone a datagram socket forgets what that sent. */
		if (r == -ECONNREFUSED)
			w->node[s].queued = 0;
		return;
	}
	MUST(w->node[s].peer >= 0);
	to = &w->node[w->node[s].peer];
	MUST(to->queued < QUEUE);
	to->queue[to->queued++] = what;
}

/* Sometimes only a look, and sometimes with room for one descriptor: the others of the
 * message are lost then. */
static void receive_some(struct world *w)
{
	const bool peek = pick(w, 4) == 0, little = pick(w, 4) == 0;
	int s = some(w, talks), n = 0, fd[CARRIED];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(fd))];
	char data;
	struct iovec v = {&data, 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = little ? CMSG_LEN(sizeof(int)) : sizeof(control)};
	struct node *from;
	struct cmsghdr *h;
	long r;

	if (s < 0)
		return;
	from = &w->node[s];
	r = sc_recvmsg(w->task, from->fd[0], &m, MSG_DONTWAIT | (peek ? MSG_PEEK : 0));
	if (r <= 0) {
		MUST(!from->queued || r == -ECONNRESET);
		return;
	}
	h = CMSG_FIRSTHDR(&m);
	if (h) {
		n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fd, CMSG_DATA(h), n * sizeof(int));
	}
	MUST(from->queued && n == (little ? 1 : from->queue[0].n));
	for (int i = 0; i < n; i++) {
		struct node *got = &w->node[from->queue[0].node[i]];

		if (got->fds < DESCRIPTORS)
			got->fd[got->fds++] = fd[i];
		else
			sc_close(w->task, fd[i]);
	}
	if (!peek)
		memmove(from->queue, from->queue + 1, --from->queued * sizeof(from->queue[0]));
}

static void close_one(struct world *w)
{
	int s = some(w, any), i;
	struct node *n;

	if (s < 0)
		return;
	n = &w->node[s];
	i = pick(w, n->fds);
	MUST(sc_close(w->task, n->fd[i]) == 0);
	n->fd[i] = n->fd[--n->fds];
}

static void random_calls(unsigned seed, unsigned long steps)
{
	static void (*const calls[])(struct world *) = {
		make_pair, make_listener, connect_one, connect_one, accept_one, send_some, send_some,
		send_some, receive_some, close_one, close_one, close_one,
	};
	struct world *w = calloc(1, sizeof(*w));
	struct sc_usage u;

	w->seed = seed;
	w->net = sc_net_new(NULL);
	w->task = sc_task_new(sc_host_new(w->net, "a"), NULL);
	for (; w->steps < steps; w->steps++) {
		calls[pick(w, sizeof(calls) / sizeof(calls[0]))](w);
		settle(w);
	}
	sc_task_free(w->task);
	sc_net_usage(w->net, &u);
	MUST(!u.files && !u.in_flight);
	sc_net_free(w->net);
	free(w);
}

/* ------------------------------------------------------------------ chains and rings */

static struct sc_net *net;
static struct sc_task *task;

static unsigned files(void)
{
	struct sc_usage u;

	sc_net_usage(net, &u);
	return u.files;
}

static void send_fd(int into, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec v = {"x", 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	*h = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	MUST(sc_sendmsg(task, into, &m, MSG_DONTWAIT) == 1);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/*
 * n sockets, each in the queue of the one before it, and in a ring the first in that of
 * the last. Their descriptors are closed from the front, or from the back; last of all
 * what held the rest. How long that takes.
 */
static double let_go(int n, bool ring, bool from_the_front, bool not_accepted)
{
	int (*s)[2] = calloc(n, sizeof(*s));
	double began;

	for (int i = 0; i < n; i++) {
		struct sockaddr_un a = {.sun_family = AF_UNIX};
		socklen_t len = sizeof(a);

		if (!not_accepted) {
			MUST(sc_socketpair(task, AF_UNIX, SOCK_DGRAM, 0, s[i]) == 0);
			continue;
		}
		s[i][1] = sc_socket(task, AF_UNIX, SOCK_STREAM, 0);
		MUST(sc_bind(task, s[i][1], (struct sockaddr *)&a, 2) == 0);
		MUST(sc_listen(task, s[i][1], 1) == 0);
		MUST(sc_getsockname(task, s[i][1], (struct sockaddr *)&a, &len) == 0);
		s[i][0] = sc_socket(task, AF_UNIX, SOCK_STREAM, 0);
		MUST(sc_connect(task, s[i][0], (struct sockaddr *)&a, len) == 0);
	}
	for (int i = 0; i + !ring < n; i++)
		send_fd(s[i][0], s[(i + 1) % n][1]);
	began = seconds();
	for (int i = 0; i < n; i++)
		MUST(sc_close(task, s[from_the_front ? i : n - 1 - i][1]) == 0);
	for (int i = 0; i < n; i++)
		MUST(sc_close(task, s[i][0]) == 0);
	free(s);
	MUST(files() == 0);
	return seconds() - began;
}

static void deep(void)
{
	const int n = 16000;

	net = sc_net_new(NULL);
	task = sc_task_new(sc_host_new(net, "a"), NULL);
	for (int how = 0; how < 8; how++)
		printf("%d %s of %s, closed from the %s: %.3f s\n", n, how & 1 ? "ring" : "chain",
		       how & 4 ? "listeners" : "datagram sockets", how & 2 ? "front" : "back",
		       let_go(n, how & 1, how & 2, how & 4));
	sc_net_free(net);
}

int main(int argc, char **argv)
{
	const unsigned long steps = argc > 1 ? strtoul(argv[1], NULL, 0) : 20000;

	for (unsigned seed = 1; seed <= 5; seed++)
		random_calls(seed, steps);
	deep();
	return 0;
}
