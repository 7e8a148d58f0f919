/*
 * hostile.c - what no sensible caller does: times past all time, pointers to nothing,
 * limits without limit, networks that end under calls. Each was a crash, a hang or a
 * leak once.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <socketcall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define MUST(x)                                                                            \
	do {                                                                               \
		if (!(x)) {                                                                \
			fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #x); \
			abort();                                                           \
		}                                                                          \
	} while (0)

/* Blocks that are allocated, of all networks of a case. */
static void *allocate(void *ctx, void *ptr, size_t size)
{
	long *blocks = ctx;

	if (!size) {
		*blocks -= ptr != NULL;
		free(ptr);
		return NULL;
	}
	*blocks += ptr == NULL;
	return realloc(ptr, size);
}

struct place {
	long blocks;
	struct sc_net *net;
	struct sc_task *task;
};

static void open_place(struct place *p, struct sc_config config, bool park)
{
	const struct sc_task_config task = {.size = sizeof(task), .park = park};

	*p = (struct place){0};
	config.size = sizeof(config);
	config.alloc = allocate;
	config.alloc_ctx = &p->blocks;
	p->net = sc_net_new(&config);
	p->task = sc_task_new(sc_host_new(p->net, "a"), &task);
	MUST(p->task);
}

static void close_place(struct place *p)
{
	sc_net_free(p->net);
	MUST(p->blocks == 0);
}

enum { RCVTIMEO_NEW = 66 }; /* two times 64 bits */

static void past_all_time(void)
{
	const int64_t longest[2] = {INT64_MAX / 1000000000 - 2, 0};
	struct place p;
	int sv[2];
	char c;

	open_place(&p, (struct sc_config){.time = SC_TIME_VIRTUAL}, true);
	MUST(!sc_socketpair(p.task, AF_UNIX, SOCK_STREAM, 0, sv));
	MUST(!sc_setsockopt(p.task, sv[0], SOL_SOCKET, RCVTIMEO_NEW, longest, sizeof(longest)));
	for (int i = 0; i < 3; i++) {
		sc_net_advance(p.net, INT64_MAX);
		MUST(sc_net_now(p.net) > 0);
		MUST(sc_recv(p.task, sv[0], &c, 1, 0) == SC_PARKED);
	}
	close_place(&p);
}

static int64_t any_time(void *ctx)
{
	return *(int64_t *)ctx;
}

static int listener(struct place *p, struct sockaddr_in *a)
{
	const int s = sc_socket(p->task, AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(*a);

	*a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	MUST(!sc_bind(p->task, s, (struct sockaddr *)a, len) && !sc_listen(p->task, s, 1));
	MUST(!sc_getsockname(p->task, s, (struct sockaddr *)a, &len));
	return s;
}

/* A clock that jumps, under a connection that looks at it. */
static void clock_gone_mad(void)
{
	static const int64_t times[] = {INT64_C(1) << 40, 0, -1, INT64_MIN, INT64_MAX, 1 << 30, INT64_MAX};
	const int on = 1;
	const struct timeval second = {1, 0};
	int64_t now = times[0];
	struct sockaddr_in a;
	struct place p;
	int l, s, q;
	char c;

	open_place(&p, (struct sc_config){.time = SC_TIME_CLOCK, .clock = any_time, .clock_ctx = &now},
		   true);
	l = listener(&p, &a);
	s = sc_socket(p.task, AF_INET, SOCK_STREAM, 0);
	MUST(!sc_connect(p.task, s, (struct sockaddr *)&a, sizeof(a)));
	q = sc_accept(p.task, l, NULL, NULL);
	MUST(q >= 0);
	MUST(!sc_setsockopt(p.task, s, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	MUST(!sc_setsockopt(p.task, s, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second)));
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		now = times[i];
		sc_net_run(p.net);
		MUST(sc_send(p.task, q, "a", 1, 0) == 1 && sc_recv(p.task, s, &c, 1, 0) == 1);
		MUST(sc_recv(p.task, s, &c, 1, 0) == SC_PARKED);
	}
	close_place(&p);
}

static void freed_with_parked_calls(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct pollfd poll;
	struct place p;
	struct sockaddr_in a;
	int sv[2], set;
	char c;

	open_place(&p, (struct sc_config){.time = SC_TIME_VIRTUAL}, true);
	MUST(!sc_socketpair(p.task, AF_UNIX, SOCK_STREAM, 0, sv));
	MUST(sc_recv(p.task, sv[0], &c, 1, 0) == SC_PARKED);
	poll = (struct pollfd){sv[1], POLLIN, 0};
	MUST(sc_poll(p.task, &poll, 1, 1000) == SC_PARKED);
	set = sc_epoll_create1(p.task, 0);
	MUST(!sc_epoll_ctl(p.task, set, EPOLL_CTL_ADD, sv[0], &event));
	MUST(sc_epoll_wait(p.task, set, &event, 1, -1) == SC_PARKED);
	MUST(sc_accept(p.task, listener(&p, &a), NULL, NULL) == SC_PARKED);
	close_place(&p);
}

/* Calls that were parked and not asked for, of a task that is there and one that is not. */
static void parked_of_another(void)
{
	const struct sc_task_config config = {.size = sizeof(config), .park = true};
	struct sc_parked *call;
	struct sc_task *other;
	struct place p;
	int sv[2];
	char c;

	open_place(&p, (struct sc_config){.time = SC_TIME_VIRTUAL}, true);
	other = sc_task_new(sc_host_new(p.net, "b"), &config);
	MUST(!sc_socketpair(p.task, AF_UNIX, SOCK_STREAM, 0, sv));
	MUST(sc_recv(p.task, sv[0], &c, 1, 0) == SC_PARKED);
	MUST(!sc_parked(other, NULL));
	call = sc_parked(p.task, NULL);
	MUST(call && !sc_parked(p.task, NULL));
	MUST(sc_cancel(call) == -EINTR);
	MUST(sc_recv(p.task, sv[0], &c, 1, 0) == SC_PARKED);
	sc_task_free(p.task);
	MUST(!sc_parked(other, NULL));
	close_place(&p);
}

/* recvmmsg's timeout counts from its beginning, which may be time 0. */
static void timeout_from_zero(void)
{
	struct timespec five = {5, 0};
	struct mmsghdr msgs[3] = {0};
	struct sc_parked *call;
	struct place p;
	int sv[2];

	open_place(&p, (struct sc_config){.time = SC_TIME_VIRTUAL}, true);
	MUST(!sc_socketpair(p.task, AF_UNIX, SOCK_DGRAM, 0, sv));
	MUST(sc_recvmmsg(p.task, sv[0], msgs, 3, 0, &five) == SC_PARKED);
	call = sc_parked(p.task, NULL);
	sc_net_advance(p.net, INT64_C(4000000000));
	MUST(sc_send(p.task, sv[1], "a", 1, 0) == 1 && sc_resume(call) == SC_PARKED);
	sc_net_advance(p.net, INT64_C(2000000000));
	MUST(sc_send(p.task, sv[1], "b", 1, 0) == 1 && sc_resume(call) == 2);
	close_place(&p);
}

static void without_limit(void)
{
	struct place p;
	int s;

	open_place(&p, (struct sc_config){.limits = {UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX,
						     UINT_MAX, SIZE_MAX}}, false);
	s = sc_socket(p.task, AF_UNIX, SOCK_STREAM, 0);
	MUST(s >= 0);
	MUST(sc_dup2(p.task, s, -2) == -EBADF);
	MUST(sc_dup2(p.task, s, INT_MIN) == -EBADF);
	MUST(sc_dup2(p.task, s, INT_MAX) == -EBADF);
	MUST(sc_fcntl(p.task, s, F_DUPFD, INT_MAX) == -EINVAL);
	close_place(&p);
}

static void ioctl_to_nothing(void)
{
	static const int kinds[][2] = {{AF_UNIX, SOCK_STREAM}, {AF_UNIX, SOCK_DGRAM},
				       {AF_INET, SOCK_STREAM}, {AF_INET6, SOCK_DGRAM}};
	struct place p;

	open_place(&p, (struct sc_config){.time = SC_TIME_REAL}, false);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int s = sc_socket(p.task, kinds[i][0], kinds[i][1], 0);

		MUST(s >= 0);
		MUST(sc_ioctl(p.task, s, FIONREAD, NULL) == -EFAULT);
		MUST(sc_ioctl(p.task, s, SIOCOUTQ, NULL) == -EFAULT);
		MUST(sc_ioctl(p.task, s, SIOCGIFCONF, NULL) == -EFAULT);
	}
	close_place(&p);
}

static void numbers_at_their_ends(void)
{
	static const int ends[] = {INT_MIN, INT_MIN + 1, -1, INT_MAX - 1, INT_MAX};
	static const int kinds[][2] = {{AF_UNIX, SOCK_STREAM}, {AF_UNIX, SOCK_DGRAM},
				       {AF_UNIX, SOCK_SEQPACKET}, {AF_INET, SOCK_STREAM},
				       {AF_INET, SOCK_DGRAM}, {AF_INET6, SOCK_STREAM},
				       {AF_INET6, SOCK_DGRAM}, {AF_NETLINK, SOCK_RAW}};
	static const int levels[] = {SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP,
				     270 /* SOL_NETLINK */};
	struct place p;

	open_place(&p, (struct sc_config){.time = SC_TIME_VIRTUAL}, true);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (size_t e = 0; e < sizeof(ends) / sizeof(ends[0]); e++) {
			const int s = sc_socket(p.task, kinds[k][0], kinds[k][1], 0), end = ends[e];

			MUST(s >= 0);
			for (int i = 0; i < 6 * 128; i++) {
				int got[2] = {end, end};
				socklen_t len = sizeof(got);

				/* Filters are behind an address. */
				if (i != SO_ATTACH_FILTER && i != SO_ATTACH_REUSEPORT_CBPF)
					sc_setsockopt(p.task, s, levels[i / 128], i % 128, got, len);
				sc_getsockopt(p.task, s, levels[i / 128], i % 128, got, &len);
				len = end;
				sc_getsockopt(p.task, s, levels[i / 128], i % 128, NULL, &len);
			}
			MUST(sc_shutdown(p.task, s, end) < 0);
			sc_listen(p.task, s, end);
			sc_net_advance(p.net, INT64_C(1000000000) * 86400);
			MUST(!sc_close(p.task, s));
		}
	}
	close_place(&p);
}

/* An int's length that says more than there is: as on Linux, nobody looks there. */
static void length_of_more(void)
{
	int *value = malloc(sizeof(*value)); /* which sanitizers watch */
	socklen_t len = 1 << 20;
	struct place p;
	int s;

	open_place(&p, (struct sc_config){.time = SC_TIME_REAL}, false);
	s = sc_socket(p.task, AF_INET6, SOCK_STREAM, 0);
	MUST(!sc_getsockopt(p.task, s, IPPROTO_TCP, 1 /* TCP_NODELAY */, value, &len) && len == 4);
	len = 1 << 20;
	MUST(!sc_getsockopt(p.task, s, IPPROTO_IP, IP_TTL, value, &len) && len == 4);
	len = 1 << 20;
	MUST(!sc_getsockopt(p.task, s, IPPROTO_IPV6, IPV6_V6ONLY, value, &len) && len == 4);
	close_place(&p);
	free(value);
}

/* errno is the embedder's. */
static void errno_is_left_alone(void)
{
	const struct timeval soon = {0, 1000};
	struct place p;
	int sv[2];
	char c;

	open_place(&p, (struct sc_config){.time = SC_TIME_REAL}, false);
	errno = 0;
	MUST(!sc_socketpair(p.task, AF_UNIX, SOCK_STREAM, 0, sv));
	MUST(!sc_setsockopt(p.task, sv[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)));
	MUST(sc_recv(p.task, sv[0], &c, 1, 0) == -EAGAIN);
	MUST(errno == 0);
	close_place(&p);
}

int main(void)
{
	errno_is_left_alone();
	length_of_more();
	numbers_at_their_ends();
	past_all_time();
	clock_gone_mad();
	freed_with_parked_calls();
	parked_of_another();
	timeout_from_zero();
	without_limit();
	ioctl_to_nothing();
	return 0;
}
