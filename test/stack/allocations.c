/*
 * allocations.c - each allocation fails in turn.
 *
 * A scenario is run once for each allocation that it makes, which then fails, and once
 * more with every one from there on failing. Whatever comes of it: nothing crashes, the
 * network can be used afterwards, a call says ENOMEM or ENOBUFS or does its work
 * without what was lacking, and nothing is left at the end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <socketcall.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

struct memory {
	unsigned long count, fail_at; /* 0: never */
	bool from_there_on, failed;
	long blocks;
};

static void *allocate(void *ctx, void *ptr, size_t size)
{
	struct memory *m = ctx;

	if (!size) {
		m->blocks -= ptr != NULL;
		free(ptr);
		return NULL;
	}
	m->count++;
	if (m->fail_at && (m->count == m->fail_at || (m->from_there_on && m->count > m->fail_at))) {
		m->failed = true;
		return NULL;
	}
	m->blocks += ptr == NULL;
	return realloc(ptr, size);
}

struct place {
	struct memory *memory;
	struct sc_net *net;
	struct sc_host *host[2];
	struct sc_task *task;
	const char *scenario;
	bool bad;
};

/* A call must work, or fail for want of memory if there was such a want. */
static long check(struct place *p, long ret, const char *what, int line)
{
	if (ret >= 0 || ret == SC_PARKED)
		return ret;
	if (p->memory->failed && (ret == -ENOMEM || ret == -ENOBUFS))
		return ret;
	/* What an earlier call could not make is not there now. */
	if (p->memory->failed && (ret == -EBADF || ret == -ENOTCONN || ret == -ECONNREFUSED ||
				  ret == -EAGAIN || ret == -EINVAL || ret == -EINPROGRESS ||
				  ret == -EDESTADDRREQ || ret == -ENETUNREACH || ret == -ETIMEDOUT ||
				  ret == -ENOENT || ret == -EPIPE || ret == -EHOSTUNREACH || ret == -EADDRNOTAVAIL))
		return ret;
	printf("FAILED %s: %s: line %d: %s\n", p->scenario, what, line, strerror(-ret));
	p->bad = true;
	return ret;
}
#define TRY(x) check(p, (x), #x, __LINE__)

static struct sockaddr_in in4(const char *ip, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	inet_pton(AF_INET, ip, &a.sin_addr);
	return a;
}
#define SA(a) (struct sockaddr *)&(a), sizeof(a)

static void tcp(struct place *p)
{
	struct sockaddr_in at = in4("127.0.0.1", 4000);
	struct sc_task *t = p->task;
	int l = TRY(sc_socket(t, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)), c[3], got, on = 1;
	char buf[9000] = {0};

	TRY(sc_setsockopt(t, l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	TRY(sc_bind(t, l, SA(at)));
	TRY(sc_listen(t, l, 8));
	for (int i = 0; i < 3; i++) {
		c[i] = TRY(sc_socket(t, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
		got = sc_connect(t, c[i], SA(at));
		if (got != -EINPROGRESS)
			TRY(got);
		TRY(sc_send(t, c[i], buf, sizeof(buf), MSG_DONTWAIT | MSG_NOSIGNAL));
		TRY(sc_send(t, c[i], "!", 1, MSG_OOB | MSG_DONTWAIT | MSG_NOSIGNAL));
		sc_setsockopt(t, c[i], IPPROTO_TCP, TCP_KEEPIDLE, &(int){5}, sizeof(int));
		sc_setsockopt(t, c[i], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	}
	for (int i = 0; i < 2; i++) {
		got = TRY(sc_accept4(t, l, NULL, NULL, SOCK_NONBLOCK));
		if (got >= 0) {
			TRY(sc_recv(t, got, buf, sizeof(buf), MSG_DONTWAIT));
			TRY(sc_close(t, got));
		}
	}
	for (int i = 0; i < 3; i++)
		if (c[i] >= 0)
			TRY(sc_close(t, c[i]));
	if (l >= 0)
		TRY(sc_close(t, l)); /* with one that nobody accepted */
}

static void udp(struct place *p)
{
	struct sockaddr_in at = in4("10.0.0.1", 4001), group = in4("224.0.0.7", 4001);
	struct ip_mreqn mreq = {.imr_multiaddr = group.sin_addr, .imr_ifindex = 2};
	struct sc_task *t = p->task;
	int s = TRY(sc_socket(t, AF_INET, SOCK_DGRAM, 0)), on = 1;
	int c = TRY(sc_socket(t, AF_INET, SOCK_DGRAM, 0));
	char buf[2000] = {0}, control[256];
	struct iovec iov = {buf, sizeof(buf)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct sockaddr_in nobody = in4("127.0.0.1", 4999);

	TRY(sc_setsockopt(t, s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	TRY(sc_setsockopt(t, s, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)));
	TRY(sc_setsockopt(t, s, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)));
	TRY(sc_setsockopt(t, s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)));
	at.sin_addr.s_addr = INADDR_ANY;
	TRY(sc_bind(t, s, SA(at)));
	at = in4("10.0.0.1", 4001);
	for (int i = 0; i < 3; i++) {
		TRY(sc_sendto(t, c, buf, 100, 0, SA(at)));
		TRY(sc_sendto(t, c, buf, 100, 0, SA(group)));
	}
	for (int i = 0; i < 6; i++)
		sc_recvmsg(t, s, &m, MSG_DONTWAIT);
	TRY(sc_connect(t, c, SA(nobody)));
	TRY(sc_send(t, c, "x", 1, 0));
	sc_recvmsg(t, c, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
	if (s >= 0)
		TRY(sc_close(t, s));
	if (c >= 0)
		TRY(sc_close(t, c));
}

static void rights(struct place *p)
{
	struct sc_task *t = p->task;
	int sv[2] = {-1, -1}, three[3];
	char control[CMSG_SPACE(sizeof(three))] __attribute__((aligned(8))) = {0}, byte = 'x';
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	if (TRY(sc_socketpair(t, AF_UNIX, SOCK_STREAM, 0, sv)) < 0)
		return;
	three[0] = sv[0];
	three[1] = sv[1];
	three[2] = sv[0];
	*h = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(three)), .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(h), three, sizeof(three));
	TRY(sc_sendmsg(t, sv[0], &m, MSG_DONTWAIT));
	TRY(sc_sendmsg(t, sv[0], &m, MSG_DONTWAIT));
	m.msg_controllen = sizeof(control);
	if (TRY(sc_recvmsg(t, sv[1], &m, MSG_DONTWAIT)) > 0 && m.msg_controllen)
		for (size_t i = 0; i < (h->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
			memcpy(three, CMSG_DATA(h) + i * sizeof(int), sizeof(int));
			TRY(sc_close(t, three[0]));
		}
	TRY(sc_close(t, sv[0])); /* a cycle stays in sv[1]'s queue: the collector's */
	TRY(sc_close(t, sv[1]));
}

static void names(struct place *p)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/a"};
	struct sc_task *t = p->task;
	char buf[64];
	int s = TRY(sc_socket(t, AF_UNIX, SOCK_DGRAM, 0)), c = TRY(sc_socket(t, AF_UNIX, SOCK_DGRAM, 0));

	TRY(sc_bind(t, s, SA(at)));
	TRY(sc_bind(t, c, (struct sockaddr *)&at, sizeof(sa_family_t)));
	TRY(sc_sendto(t, c, "abc", 3, MSG_DONTWAIT, SA(at)));
	TRY(sc_recv(t, s, buf, sizeof(buf), MSG_DONTWAIT));
	if (s >= 0)
		TRY(sc_close(t, s));
	if (c >= 0)
		TRY(sc_close(t, c));
	sc_unlink(p->host[0], "/a");
}

static void sets(struct place *p)
{
	struct sc_task *t = p->task, *child;
	struct epoll_event e = {.events = EPOLLIN}, got[4];
	int set = TRY(sc_epoll_create1(t, 0)), sv[2] = {-1, -1};

	TRY(sc_socketpair(t, AF_UNIX, SOCK_DGRAM, 0, sv));
	TRY(sc_epoll_ctl(t, set, EPOLL_CTL_ADD, sv[1], &e));
	TRY(sc_send(t, sv[0], "x", 1, MSG_DONTWAIT));
	TRY(sc_epoll_wait(t, set, got, 4, 0));
	child = sc_task_fork(t, false);
	sc_task_free(child);
	TRY(sc_poll(t, &(struct pollfd){sv[1], POLLIN, 0}, 1, 0));
	for (int i = 0; i < 2; i++)
		if (sv[i] >= 0)
			TRY(sc_close(t, sv[i]));
	if (set >= 0)
		TRY(sc_close(t, set));
}

static void many(struct place *p)
{
	struct sc_task *t = p->task;
	char text[4][8] = {"a", "b", "c", "d"};
	struct iovec iov[4];
	struct mmsghdr m[4] = {0};
	int sv[2] = {-1, -1}, n;

	for (int i = 0; i < 4; i++) {
		iov[i] = (struct iovec){text[i], 8};
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	if (TRY(sc_socketpair(t, AF_UNIX, SOCK_SEQPACKET, 0, sv)) < 0)
		return;
	n = TRY(sc_sendmmsg(t, sv[0], m, 4, MSG_DONTWAIT));
	if (n > 0)
		TRY(sc_recvmmsg(t, sv[1], m, 4, MSG_DONTWAIT, NULL));
	TRY(sc_close(t, sv[0]));
	TRY(sc_close(t, sv[1]));
}

static void routes(struct place *p)
{
	struct { struct { uint32_t len; uint16_t type, flags; uint32_t seq, pid; } h; uint8_t family, pad[3]; }
		ask = {{sizeof(ask), 22 /* RTM_GETADDR */, 0x301, 1, 0}, 0, {0}};
	struct sc_task *t = p->task;
	char buf[8192];
	int s = TRY(sc_socket(t, AF_NETLINK, SOCK_RAW, 0));

	TRY(sc_send(t, s, &ask, sizeof(ask), 0));
	for (int i = 0; i < 4; i++)
		sc_recv(t, s, buf, sizeof(buf), MSG_DONTWAIT);
	if (s >= 0)
		TRY(sc_close(t, s));
}

static const struct { const char *name; void (*run)(struct place *); } scenarios[] = {
	{"tcp", tcp}, {"udp", udp}, {"rights", rights}, {"names", names}, {"sets", sets},
	{"many messages", many}, {"routes", routes},
};

/* A network, the scenario with one allocation failing, the scenario again without.
 * Returns whether an allocation did fail; *bad if something was wrong. */
static bool run(unsigned i, unsigned long fail_at, bool from_there_on, bool park, bool *bad)
{
	struct memory m = {0};
	struct sc_config config = {.size = sizeof(config), .time = SC_TIME_VIRTUAL, .alloc = allocate,
				   .alloc_ctx = &m};
	struct sc_task_config task = {.size = sizeof(task), .park = park};
	struct place p = {.memory = &m, .scenario = scenarios[i].name};
	bool failed;

	p.net = sc_net_new(&config);
	p.host[0] = sc_host_new(p.net, "a");
	sc_host_add_address(p.host[0], "10.0.0.1/24");
	p.task = sc_task_new(p.host[0], &task);
	m.fail_at = m.count + fail_at;
	m.from_there_on = from_there_on;
	scenarios[i].run(&p);
	failed = m.failed;
	m.fail_at = 0;
	m.failed = false;
	sc_net_advance(p.net, INT64_C(200) * 1000000000);
	scenarios[i].run(&p);
	sc_net_free(p.net);
	if (m.blocks) {
		printf("FAILED %s: %ld blocks left\n", p.scenario, m.blocks);
		p.bad = true;
	}
	if (p.bad)
		printf("FAILED %s: with allocation %lu%s failing\n", p.scenario, fail_at,
		       from_there_on ? " and all after it" : "");
	*bad |= p.bad;
	return failed;
}

int main(void)
{
	enum { AT_MOST = 2000 };
	int passed = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		for (int way = 0; way < 4; way++) {
			bool bad = false;
			unsigned long n = 1;

			while (n < AT_MOST && !bad && run(i, n, way & 1, way & 2, &bad))
				n++;
			printf("%s %s%s%s: %lu allocations\n", bad ? "FAILED" : "ok", scenarios[i].name,
			       way & 1 ? ", all after it" : "", way & 2 ? ", parked" : "", n - 1);
			passed += !bad;
			failed += bad;
		}
	printf("%d passed, %d failed, 0 skipped\n", passed, failed);
	return failed != 0;
}
