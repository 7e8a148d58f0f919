/*
 * udp_memory.c - what UDP does without memory: each allocation of a scenario fails in
 * turn, and then all from there on. No call may say anything else than that there is no
 * memory, or do its work; nothing may be left.
 */
#include "udp_same.h"

struct memory {
	unsigned long count, fail_at;
	bool from_there_on;
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
	if (m->fail_at && (m->count == m->fail_at || (m->from_there_on && m->count > m->fail_at)))
		return NULL;
	m->blocks += ptr == NULL;
	return realloc(ptr, size);
}

static void tried(const char *what, long n)
{
	if (n < 0 && n != -ENOMEM && n != -ENOBUFS && n != -EAGAIN && n != -EBADF &&
	    n != -EDESTADDRREQ && n != -ECONNREFUSED && n != -EINVAL && n != -EADDRNOTAVAIL) {
		printf("%s: %s\n", what, strerrorname_np(-n));
		abort();
	}
}
#define TRY(call) tried(#call, call)

static void groups(struct sc_task *t, int s)
{
	struct ip_mreqn r = {.imr_ifindex = 2};
	struct ip_mreq_source one = {0};
	union {
		struct ip_msfilter f;
		char room[64];
	} f = {.f = {.imsf_fmode = MCAST_EXCLUDE, .imsf_numsrc = 4}};
	struct ipv6_mreq six = {.ipv6mr_interface = 2};

	inet_pton(AF_INET, "239.1.1.1", &r.imr_multiaddr);
	inet_pton(AF_INET, "239.1.1.1", &f.f.imsf_multiaddr);
	inet_pton(AF_INET, "239.1.1.2", &one.imr_multiaddr);
	inet_pton(AF_INET, "10.0.0.9", &one.imr_sourceaddr);
	inet_pton(AF_INET6, "ff02::77", &six.ipv6mr_multiaddr);
	TRY(sc_setsockopt(t, s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)));
	TRY(sc_setsockopt(t, s, IPPROTO_IP, IP_MSFILTER, &f, IP_MSFILTER_SIZE(4)));
	TRY(sc_setsockopt(t, s, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &one, sizeof(one)));
	TRY(sc_setsockopt(t, s, IPPROTO_IPV6, IPV6_JOIN_GROUP, &six, sizeof(six)));
}

static void scenario(struct sc_task *t, struct sc_task *other)
{
	int r = sc_socket(t, AF_INET6, SOCK_DGRAM, 0), s = sc_socket(t, AF_INET, SOCK_DGRAM, 0);
	int far = sc_socket(other, AF_INET6, SOCK_DGRAM, 0), on = 1, size = 100;
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	static char big[5000];
	socklen_t n;
	const void *a;

	TRY(sc_setsockopt(t, s, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)));
	a = at("::", 7000, &n);
	TRY(sc_bind(t, r, a, n));
	TRY(sc_bind(other, far, a, n));
	groups(t, r);
	groups(other, far);
	a = at("239.1.1.1", 7000, &n);
	TRY(sc_sendto(t, s, big, 3000, 0, a, n));
	a = at("127.0.0.1", 7999, &n);
	for (int i = 0; i < 3; i++)
		TRY(sc_sendto(t, s, big, 900, 0, a, n));
	TRY(sc_recv(t, s, big, 10, MSG_ERRQUEUE | MSG_DONTWAIT));
	a = at("127.0.0.1", 7000, &n);
	TRY(sc_connect(t, s, a, n));
	a = at("10.0.0.1", 7000, &n);
	TRY(sc_connect(t, s, a, n));
	TRY(sc_send(t, s, big, 100, MSG_MORE));
	TRY(sc_send(t, s, big, 1000, MSG_MORE));
	TRY(sc_send(t, s, big, 4000, 0));
	TRY(sc_setsockopt(t, s, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)));
	TRY(sc_send(t, s, big, 1000, 0));
	TRY(sc_send(t, s, big, 10, MSG_MORE));
	TRY(sc_connect(t, s, &none, sizeof(none)));
	for (int i = 0; i < 20; i++)
		TRY(sc_recv(t, r, big, sizeof(big), MSG_DONTWAIT));
	sc_close(t, s);
	sc_close(t, r);
	sc_close(other, far);
}

/* The scenario with one allocation failing, or all from it on; false: it made fewer. */
static bool run(unsigned long fail_at, bool from_there_on)
{
	struct memory m = {0};
	const struct sc_config config = {.size = sizeof(config), .alloc = allocate, .alloc_ctx = &m};
	struct sc_net *net = sc_net_new(&config);
	struct sc_host *a = sc_host_new(net, "a"), *b = sc_host_new(net, "b");
	struct sc_task *t = sc_task_new(a, NULL), *other = sc_task_new(b, NULL);
	struct sc_usage usage;
	bool failed;

	if (!other || sc_host_add_address(a, "10.0.0.1/24") || sc_host_add_address(b, "10.0.0.2/24"))
		abort();
	m.count = 0;
	m.fail_at = fail_at;
	m.from_there_on = from_there_on;
	scenario(t, other);
	failed = m.count >= fail_at;
	m.fail_at = 0;
	sc_net_usage(net, &usage);
	if (usage.files) {
		printf("%u files are left\n", usage.files);
		abort();
	}
	scenario(t, other);
	sc_net_free(net);
	if (m.blocks) {
		printf("%ld blocks are left\n", m.blocks);
		abort();
	}
	return failed;
}

int main(void)
{
	unsigned long n = 1;

	while (run(n, false) && run(n, true))
		n++;
	printf("%lu allocations\n", n - 1);
	return 0;
}
