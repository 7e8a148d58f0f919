/*
 * hosts.c - hosts of a network: their addresses, and what is left when there is no memory.
 */
#include "both.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>

static void addresses(void **state)
{
	static const struct {
		const char *text;
		int result;
	} added[] = {
		{"10.0.0.1/24", 0}, {"10.0.0.1/24", -EEXIST}, {"10.0.0.1/8", -EEXIST},
		{"10.0.0.2", 0}, {"fd00::1/64", 0}, {"fd00::2/128", 0}, {"10.0.0.3/33", -EINVAL},
		{"fd00::3/129", -EINVAL}, {"10.0.0.3/", -EINVAL}, {"10.0.0.3/x", -EINVAL},
		{"10.0.0.3/8x", -EINVAL}, {"10.0.0.3/-1", -EINVAL}, {"10.0.0.3/0000000008", -EINVAL},
		{"", -EINVAL}, {"10.0.0", -EINVAL}, {"::ffff:10.0.0.3/120", -EINVAL},
		{"0.0.0.0/8", -EINVAL}, {"::/64", -EINVAL}, {"127.0.0.2/8", -EINVAL},
		{"224.0.0.1/8", -EINVAL}, {"ff02::1/64", -EINVAL},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/64", -EINVAL},
	};
	struct sc_host *other = sc_host_new(stack_net, "other");

	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++)
		assert_int_equal(sc_host_add_address(stack_host, added[i].text), added[i].result);
	assert_int_equal(sc_host_add_address(other, "10.0.0.1/24"), -EEXIST);
	assert_int_equal(sc_host_del_address(other, "10.0.0.1/24"), -EADDRNOTAVAIL);
	assert_int_equal(sc_host_del_address(stack_host, "127.0.0.1"), -EADDRNOTAVAIL);
	assert_int_equal(sc_host_del_address(stack_host, "10.0.0.1/24"), 0);
	assert_int_equal(sc_host_del_address(stack_host, "10.0.0.1/24"), -EADDRNOTAVAIL);
	assert_int_equal(sc_host_add_address(other, "10.0.0.1/24"), 0);
}

static int bind_at(struct sc_task *t, int s, const char *ip, int port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

	inet_pton(AF_INET, ip, &in.sin_addr);
	return sc_bind(t, s, (struct sockaddr *)&in, sizeof(in));
}

/* Hosts have ports of their own; so have tasks without privileges none below 1024. */
static void ports_of_hosts(void **state)
{
	const struct sc_task_config plain = {.size = sizeof(plain), .uid = 1, .unprivileged = true};
	struct sc_host *other = sc_host_new(stack_net, "other");
	struct sc_task *t = sc_task_new(other, &plain);
	int a = sc_socket(stack_task, AF_INET, SOCK_STREAM, 0), b = sc_socket(t, AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind_at(stack_task, a, "0.0.0.0", 80), 0);
	assert_int_equal(bind_at(t, b, "0.0.0.0", 80), -EACCES);
	assert_int_equal(bind_at(t, b, "10.9.9.9", 80), -EADDRNOTAVAIL);
	assert_int_equal(bind_at(t, b, "0.0.0.0", 1024), 0);
	sc_close(stack_task, a);
	sc_task_free(t);
}

/* A dump in parts, each as large as the buffer, has every address once. */
static void long_dump(void **state)
{
	struct {
		struct nlmsghdr head;
		struct rtgenmsg gen;
	} q = {{sizeof(q), RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {AF_INET}};
	enum { MANY = 500 };
	int s = sc_socket(stack_task, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), seen = 0, parts = 0;
	static char buf[8192] __attribute__((aligned(8)));
	char text[32];
	bool done = false;

	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "10.1.%d.%d/16", i / 200, 1 + i % 200);
		assert_int_equal(sc_host_add_address(stack_host, text), 0);
	}
	assert_int_equal(sc_send(stack_task, s, &q, sizeof(q), 0), sizeof(q));
	assert_int_equal(sc_send(stack_task, s, &q, sizeof(q), 0), sizeof(q)); /* one at a time */
	while (!done) {
		ssize_t n = sc_recv(stack_task, s, buf, sizeof(buf), MSG_DONTWAIT);
		struct nlmsghdr *h = (struct nlmsghdr *)buf;

		assert_true(n > 0);
		parts++;
		for (; NLMSG_OK(h, (size_t)n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type == NLMSG_ERROR)
				assert_int_equal(((struct nlmsgerr *)NLMSG_DATA(h))->error, -EBUSY);
			seen += h->nlmsg_type == RTM_NEWADDR;
			done |= h->nlmsg_type == NLMSG_DONE;
		}
	}
	assert_int_equal(seen, MANY + 1);
	assert_true(parts > 4);
	sc_close(stack_task, s);
}

/* Ports, pairs, groups of SO_REUSEPORT, and a dump. */
static int all_kinds(struct sc_task *t)
{
	struct {
		struct nlmsghdr head;
		struct rtgenmsg gen;
	} q = {{sizeof(q), RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {AF_UNSPEC}};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(4000)};
	const int on = 1;
	char buf[4096];
	int s[8], err = 0, n = 0;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (; n < 8 && !err; n++) {
		s[n] = n < 6 ? sc_socket(t, AF_INET, n & 1 ? SOCK_DGRAM : SOCK_STREAM, 0)
			     : sc_socket(t, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
		if (s[n] < 0) {
			err = s[n];
			break;
		}
		if (n < 6) {
			err = sc_setsockopt(t, s[n], SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
			err = err ? err : sc_bind(t, s[n], (struct sockaddr *)&in, sizeof(in));
		}
		if (!err && n < 6 && !(n & 1))
			err = sc_listen(t, s[n], 4);
	}
	if (!err) {
		err = sc_send(t, s[6], &q, sizeof(q), 0);
		if (err > 0)
			err = sc_recv(t, s[6], buf, sizeof(buf), MSG_DONTWAIT);
	}
	while (n--)
		sc_close(t, s[n]);
	return err > 0 ? 0 : err == -EAGAIN ? -ENOBUFS : err;
}

static void no_memory(void **state)
{
	each_allocation_fails(false, all_kinds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STACK(addresses), ON_STACK(ports_of_hosts), ON_STACK(long_dump),
		ON_STACK(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
