/*
 * tcp_random.c - random calls on a few connections between two hosts, whose link comes
 * and goes, and whose memory runs out now and then. What must hold whatever is done:
 *
 *   bytes come as they were sent, each once and in order
 *   what poll(2) promises, the call keeps
 *   in the end no socket and no byte of memory is left
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <socketcall.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum { SLOTS = 24, STEPS = 4000, BLOCK = 40000 };

struct end {
	int fd;            /* -1: none */
	int port;          /* its own */
	uint64_t sent, got;
	bool listens;
};

struct run {
	uint64_t seed;
	unsigned fail;     /* of 1000 allocations, those that fail */
	size_t used;
	struct sc_net *net;
	struct sc_host *host[2];
	struct sc_task *task[2];
	struct end end[2][SLOTS];
};

static uint32_t chance(struct run *r)
{
	r->seed = r->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return r->seed >> 33;
}

static void *memory(void *ctx, void *ptr, size_t size)
{
	struct run *r = ctx;

	if (!size) {
		r->used -= ptr != NULL;
		free(ptr);
		return NULL;
	}
	if (r->fail && chance(r) % 1000 < r->fail)
		return NULL;
	r->used += ptr == NULL;
	return realloc(ptr, size);
}

static void must(bool ok, const struct run *r, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s (seed %llu)\n", what, (unsigned long long)r->seed);
	abort();
}

/* What the byte at a position of a stream is. */
static uint8_t byte_at(uint64_t at)
{
	return at * 31 + (at >> 8);
}

static short events(struct run *r, int h, int fd)
{
	struct pollfd p = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};

	return sc_poll(r->task[h], &p, 1, 0) > 0 ? p.revents : 0;
}

static void new_socket(struct run *r, int h, struct end *e)
{
	int fd = sc_socket(r->task[h], AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t n = sizeof(in);

	if (fd < 0)
		return;
	*e = (struct end){.fd = fd};
	if (chance(r) % 3)
		return;
	if (!sc_bind(r->task[h], fd, (struct sockaddr *)&in, sizeof(in)) &&
	    !sc_listen(r->task[h], fd, chance(r) % 4)) {
		sc_getsockname(r->task[h], fd, (struct sockaddr *)&in, &n);
		e->listens = true;
		e->port = ntohs(in.sin_port);
	}
}

static void connect_it(struct run *r, int h, struct end *e)
{
	const int to = chance(r) % 2;
	const struct end *l = &r->end[to][chance(r) % SLOTS];
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(l->port),
				 .sin_addr.s_addr = htonl(0x0a000001 + to)};

	/* It begins anew only if it says so; else one was there already. */
	if (l->fd >= 0 && l->listens && !e->port &&
	    sc_connect(r->task[h], e->fd, (struct sockaddr *)&in, sizeof(in)) == -EINPROGRESS)
		e->sent = e->got = 0;
}

static void accept_it(struct run *r, int h, struct end *e)
{
	const bool promised = events(r, h, e->fd) & POLLIN;
	int fd = sc_accept4(r->task[h], e->fd, NULL, NULL, SOCK_NONBLOCK);

	must(!promised || fd != -EAGAIN, r, "accept of a promised one");
	if (fd < 0)
		return;
	for (int i = 0; i < SLOTS; i++) {
		if (r->end[h][i].fd < 0) {
			r->end[h][i] = (struct end){.fd = fd};
			return;
		}
	}
	sc_close(r->task[h], fd);
}

static void send_it(struct run *r, int h, struct end *e)
{
	static uint8_t block[BLOCK];
	const size_t n = chance(r) % 4 ? chance(r) % 100 : chance(r) % BLOCK;
	const short promised = events(r, h, e->fd);
	long got;

	for (size_t i = 0; i < n; i++)
		block[i] = byte_at(e->sent + i);
	got = sc_send(r->task[h], e->fd, block, n,
		      MSG_NOSIGNAL | (chance(r) % 8 ? 0 : MSG_MORE) | (chance(r) % 30 ? 0 : MSG_OOB));
	must(got <= (long)n, r, "sent more than there was");
	must(!(promised & POLLOUT) || got != -EAGAIN || promised & (POLLERR | POLLHUP), r,
	     "send where poll promised room");
	if (got > 0)
		e->sent += got;
}

static void recv_it(struct run *r, int h, struct end *e)
{
	static uint8_t block[BLOCK];
	const size_t n = chance(r) % 4 ? 1 + chance(r) % 100 : 1 + chance(r) % (BLOCK - 1);
	const bool peek = chance(r) % 5 == 0;
	const short promised = events(r, h, e->fd);
	int queued = -1;
	long got;

	sc_ioctl(r->task[h], e->fd, FIONREAD, &queued);
	got = sc_recv(r->task[h], e->fd, block, n, peek ? MSG_PEEK : 0);
	must(!(promised & POLLIN) || got != -EAGAIN, r, "recv where poll promised bytes");
	must(got <= 0 || queued >= got || queued == 0, r, "more came than FIONREAD told");
	for (long i = 0; i < got; i++)
		must(block[i] == byte_at(e->got + i), r, "a byte that was not sent");
	if (got > 0 && !peek)
		e->got += got;
}

static void set_it(struct run *r, int h, struct end *e)
{
	static const struct {
		int level, name, most;
	} o[] = {
		{SOL_SOCKET, SO_KEEPALIVE, 2}, {SOL_SOCKET, SO_RCVBUF, 300000},
		{SOL_SOCKET, SO_SNDBUF, 300000}, {SOL_SOCKET, SO_OOBINLINE, 2},
		{IPPROTO_TCP, TCP_CORK, 2}, {IPPROTO_TCP, TCP_NODELAY, 2},
		{IPPROTO_TCP, TCP_KEEPIDLE, 20}, {IPPROTO_TCP, TCP_USER_TIMEOUT, 20000},
		{IPPROTO_TCP, TCP_DEFER_ACCEPT, 9}, {IPPROTO_TCP, TCP_MAXSEG, 2000},
		{IPPROTO_TCP, TCP_WINDOW_CLAMP, 9000}, {IPPROTO_TCP, 25, 90000},
		{IPPROTO_TCP, TCP_LINGER2, 3}, {SOL_SOCKET, SO_RCVLOWAT, 3},
	};
	const unsigned i = chance(r) % (sizeof(o) / sizeof(o[0]));
	const int v = chance(r) % o[i].most - (o[i].name == TCP_LINGER2);

	/* An urgent byte that is left out of the stream would be missed by the model. */
	if (o[i].name != SO_OOBINLINE || o[i].level != SOL_SOCKET)
		sc_setsockopt(r->task[h], e->fd, o[i].level, o[i].name, &v, sizeof(v));
}

static void close_it(struct run *r, int h, struct end *e)
{
	const struct linger l = {1, 0};

	if (chance(r) % 4 == 0)
		sc_setsockopt(r->task[h], e->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	sc_close(r->task[h], e->fd);
	e->fd = -1;
}

static void step(struct run *r)
{
	const int h = chance(r) % 2;
	struct end *e = &r->end[h][chance(r) % SLOTS];
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct tcp_info info;
	socklen_t n = sizeof(info);
	const int one = 1;

	if (e->fd < 0) {
		new_socket(r, h, e);
		while (e->fd >= 0 && sc_setsockopt(r->task[h], e->fd, SOL_SOCKET, SO_OOBINLINE, &one,
						   sizeof(one)) == -ENOMEM)
			continue;
		return;
	}
	switch (chance(r) % 20) {
	case 0:
		close_it(r, h, e);
		break;
	case 1:
		sc_shutdown(r->task[h], e->fd, chance(r) % 3);
		break;
	case 2:
		set_it(r, h, e);
		break;
	case 3:
		sc_host_set_up(r->host[chance(r) % 2], chance(r) % 3);
		break;
	case 4:
		sc_net_advance(r->net, (int64_t)(chance(r) % 5000) * 1000000 * (chance(r) % 20));
		break;
	case 5:
		sc_getsockopt(r->task[h], e->fd, IPPROTO_TCP, TCP_INFO, &info, &n);
		break;
	case 6:
		if (!e->listens && chance(r) % 8 == 0 &&
		    !sc_connect(r->task[h], e->fd, &none, sizeof(none)))
			e->sent = e->got = 0;
		break;
	case 7: case 8:
		if (e->listens)
			accept_it(r, h, e);
		else
			connect_it(r, h, e);
		break;
	case 9: case 10: case 11: case 12: case 13:
		send_it(r, h, e);
		break;
	default:
		recv_it(r, h, e);
	}
}

static void run(uint64_t seed, unsigned fail)
{
	struct run r = {.seed = seed * 7919 + 13};
	const struct sc_config config = {.size = sizeof(config), .time = SC_TIME_VIRTUAL,
					 .seed = seed, .alloc = memory, .alloc_ctx = &r};
	struct sc_usage u;

	r.net = sc_net_new(&config);
	for (int h = 0; h < 2; h++) {
		char address[32];

		sprintf(address, "10.0.0.%d/24", h + 1);
		r.host[h] = sc_host_new(r.net, "h");
		sc_host_add_address(r.host[h], address);
		r.task[h] = sc_task_new(r.host[h], NULL);
		for (int i = 0; i < SLOTS; i++)
			r.end[h][i].fd = -1;
	}
	r.fail = fail;
	for (int i = 0; i < STEPS; i++)
		step(&r);
	r.fail = 0;
	for (int h = 0; h < 2; h++)
		sc_task_free(r.task[h]);
	sc_net_usage(r.net, &u);
	must(u.files == 0, &r, "sockets are left");
	sc_net_free(r.net);
	must(r.used == 0, &r, "memory is left");
}

int main(int argc, char **argv)
{
	const unsigned n = argc > 1 ? atoi(argv[1]) : 60, from = argc > 2 ? atoi(argv[2]) : 1;

	for (unsigned i = from; i < from + n; i++) {
		run(i, 0);
		run(i, 30);
	}
	printf("%u runs\n", 2 * n);
	return 0;
}
