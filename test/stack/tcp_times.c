/*
 * tcp_times.c - TCP's timers, to the nanosecond, in virtual time. The numbers are those
 * that Linux 6.18 shows over a link without latency, less what its clock rounds up:
 *
 *   connect to a host that is down    131 s; TCP_SYNCNT 1: 3 s, 2: 7 s
 *   connect where nobody is           3 s, EHOSTUNREACH
 *   data that do not arrive           924.6 s; TCP_USER_TIMEOUT
 *   SO_KEEPALIVE 6 s, 2 s, 3 probes   12 s; TCP_USER_TIMEOUT 4 s: 8 s; 9 s: 10 s; 20 s: 20 s
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <poll.h>
#include <socketcall.h>
#include <string.h>
#include <sys/ioctl.h>

enum { SECOND = 1000000000, MS = 1000000 };

static struct sc_net *net;
static struct sc_host *host[2];
static struct sc_task *a, *b; /* programs on 10.0.0.1 and 10.0.0.2 */

static int begin(void **state)
{
	const struct sc_config config = {.size = sizeof(config), .time = SC_TIME_AUTO, .seed = 7};

	net = sc_net_new(&config);
	host[0] = sc_host_new(net, "a");
	host[1] = sc_host_new(net, "b");
	assert_int_equal(sc_host_add_address(host[0], "10.0.0.1/24"), 0);
	assert_int_equal(sc_host_add_address(host[1], "10.0.0.2/24"), 0);
	a = sc_task_new(host[0], NULL);
	b = sc_task_new(host[1], NULL);
	return 0;
}

static int end(void **state)
{
	struct sc_usage u;

	sc_task_free(a);
	sc_task_free(b);
	sc_net_usage(net, &u);
	sc_net_free(net);
	return u.files != 0;
}

static struct sockaddr_in at(const char *text, int port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

	inet_pton(AF_INET, text, &in.sin_addr);
	return in;
}

static int call_to(struct sc_task *t, int s, const char *text, int port)
{
	struct sockaddr_in in = at(text, port);

	return sc_connect(t, s, (struct sockaddr *)&in, sizeof(in));
}

static int listener(struct sc_task *t, int port, int backlog)
{
	struct sockaddr_in in = at("0.0.0.0", port);
	int s = sc_socket(t, AF_INET, SOCK_STREAM, 0);

	assert_int_equal(sc_bind(t, s, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(sc_listen(t, s, backlog), 0);
	return s;
}

static void set(struct sc_task *t, int s, int level, int name, int v)
{
	assert_int_equal(sc_setsockopt(t, s, level, name, &v, sizeof(v)), 0);
}

static int error_of(struct sc_task *t, int s)
{
	int v = -1;
	socklen_t n = sizeof(v);

	assert_int_equal(sc_getsockopt(t, s, SOL_SOCKET, SO_ERROR, &v, &n), 0);
	return v;
}

static int events(struct sc_task *t, int s)
{
	struct pollfd p = {s, POLLIN | POLLOUT | POLLRDHUP, 0};

	assert_true(sc_poll(t, &p, 1, 0) >= 0);
	return p.revents;
}

/* c in a, s in b */
static void connect_pair(int *c, int *s)
{
	int l = listener(b, 700, 5);

	*c = sc_socket(a, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(call_to(a, *c, "10.0.0.2", 700), 0);
	*s = sc_accept(b, l, NULL, NULL);
	assert_true(*s >= 0);
	sc_close(b, l);
}

static void connect_to_a_host_that_is_down(void **state)
{
	static const struct {
		int syncnt;
		int64_t s;
	} times[] = {{0, 131}, {1, 3}, {2, 7}, {6, 131}};
	int64_t then;

	sc_host_set_up(host[1], false);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		int c = sc_socket(a, AF_INET, SOCK_STREAM, 0);

		if (times[i].syncnt)
			set(a, c, IPPROTO_TCP, TCP_SYNCNT, times[i].syncnt);
		then = sc_net_now(net);
		assert_int_equal(call_to(a, c, "10.0.0.2", 700), -ETIMEDOUT);
		assert_int_equal(sc_net_now(net) - then, times[i].s * SECOND);
		assert_int_equal(sc_close(a, c), 0);
	}
}

static void connect_where_nobody_is(void **state)
{
	int c = sc_socket(a, AF_INET, SOCK_STREAM, 0);

	assert_int_equal(call_to(a, c, "10.0.0.9", 700), -EHOSTUNREACH);
	assert_int_equal(sc_net_now(net), INT64_C(3) * SECOND);
	assert_int_equal(call_to(a, c, "192.168.0.1", 700), -ENETUNREACH);
	assert_int_equal(call_to(a, c, "10.0.0.2", 700), -ECONNREFUSED);
}

static void connect_within_a_time(void **state)
{
	const struct timeval time = {2, 500000};
	int c = sc_socket(a, AF_INET, SOCK_STREAM, 0);

	sc_host_set_up(host[1], false);
	sc_setsockopt(a, c, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
	assert_int_equal(call_to(a, c, "10.0.0.2", 700), -EINPROGRESS);
	assert_int_equal(sc_net_now(net), INT64_C(2500) * MS);
	listener(b, 700, 5);
	sc_host_set_up(host[1], true);
	/* The next try is at 3 s. */
	assert_int_equal(call_to(a, c, "10.0.0.2", 700), 0);
	assert_int_equal(sc_net_now(net), INT64_C(3) * SECOND);
	assert_int_equal(call_to(a, c, "10.0.0.2", 700), -EISCONN);
}

static void data_that_do_not_arrive(void **state)
{
	static const struct {
		int user_ms;
		int64_t ms;
	} times[] = {{0, 924600}, {5000, 5000}, {1, 1}, {100000, 100000}};
	char x;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		int64_t then;
		int c, s;

		connect_pair(&c, &s);
		if (times[i].user_ms)
			set(a, c, IPPROTO_TCP, TCP_USER_TIMEOUT, times[i].user_ms);
		sc_host_set_up(host[1], false);
		sc_net_advance(net, INT64_C(77) * SECOND);
		assert_int_equal(events(a, c), POLLOUT);
		then = sc_net_now(net);
		assert_int_equal(sc_send(a, c, "x", 1, 0), 1);
		assert_int_equal(sc_recv(a, c, &x, 1, 0), -ETIMEDOUT);
		assert_int_equal(sc_net_now(net) - then, times[i].ms * MS);
		assert_int_equal(sc_recv(a, c, &x, 1, 0), 0);
		/* The other end has heard nothing, and never will. */
		assert_int_equal(events(b, s), POLLOUT);
		sc_host_set_up(host[1], true);
		sc_net_advance(net, SECOND);
		assert_int_equal(events(b, s), POLLOUT);
		assert_int_equal(sc_send(b, s, "y", 1, 0), 1);
		assert_int_equal(sc_recv(b, s, &x, 1, 0), -ECONNRESET);
		sc_close(a, c);
		sc_close(b, s);
	}
}

static void the_link_returns(void **state)
{
	char buf[16] = "";
	struct tcp_info info;
	socklen_t n = sizeof(info);
	int c, s, queued;

	connect_pair(&c, &s);
	sc_host_set_up(host[0], false);
	assert_int_equal(sc_send(a, c, "abc", 3, 0), 3);
	assert_int_equal(sc_send(b, s, "defg", 4, 0), 4);
	assert_int_equal(sc_ioctl(a, c, SIOCOUTQ, &queued), 0);
	assert_int_equal(queued, 3);
	assert_int_equal(events(b, s), POLLOUT);
	sc_net_advance(net, INT64_C(1500) * MS);
	assert_int_equal(sc_getsockopt(a, c, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
	assert_int_equal(info.tcpi_retransmits, 3); /* after 0.2, 0.6, 1.4 s */
	assert_int_equal(info.tcpi_bytes_sent, 0);
	assert_int_equal(info.tcpi_notsent_bytes, 3);
	sc_host_set_up(host[0], true);
	sc_net_run(net);
	assert_int_equal(sc_recv(b, s, buf, sizeof(buf), 0), 3);
	assert_memory_equal(buf, "abc", 3);
	assert_int_equal(sc_recv(a, c, buf, sizeof(buf), 0), 4);
	assert_int_equal(sc_ioctl(a, c, SIOCOUTQ, &queued), 0);
	assert_int_equal(queued, 0);
	sc_net_advance(net, INT64_C(2000) * SECOND);
	assert_int_equal(events(a, c), POLLOUT);
	assert_int_equal(sc_net_next_timer(net), INT64_MAX);
	sc_close(a, c);
	sc_close(b, s);
}

static void ends_while_the_link_is_down(void **state)
{
	char x[8];
	int c, s;

	connect_pair(&c, &s);
	sc_host_set_up(host[0], false);
	assert_int_equal(sc_send(a, c, "last", 4, 0), 4);
	sc_close(a, c);
	sc_net_advance(net, INT64_C(50) * SECOND);
	assert_int_equal(events(b, s), POLLOUT);
	sc_host_set_up(host[0], true);
	assert_int_equal(sc_recv(b, s, x, sizeof(x), 0), 4);
	assert_int_equal(sc_recv(b, s, x, sizeof(x), 0), 0);
	sc_close(b, s);

	/* Who closed has given up by then. */
	connect_pair(&c, &s);
	sc_host_set_up(host[0], false);
	sc_close(a, c);
	sc_net_advance(net, INT64_C(200) * SECOND);
	sc_host_set_up(host[0], true);
	sc_net_advance(net, SECOND);
	assert_int_equal(events(b, s), POLLOUT);
	assert_int_equal(sc_send(b, s, "x", 1, 0), 1);
	assert_int_equal(sc_recv(b, s, x, 1, 0), -ECONNRESET);
	sc_close(b, s);

	/* A half-close, and what was written to one that is gone. */
	connect_pair(&c, &s);
	sc_host_set_up(host[0], false);
	assert_int_equal(sc_shutdown(a, c, SHUT_WR), 0);
	assert_int_equal(sc_send(b, s, "x", 1, 0), 1);
	sc_close(a, c);
	sc_host_set_up(host[0], true);
	sc_net_advance(net, SECOND);
	assert_true(events(b, s) & POLLERR);
	sc_close(b, s);
}

static void keepalive(void **state)
{
	static const struct {
		int user_ms;
		int64_t s;
	} times[] = {{0, 12}, {4000, 8}, {9000, 10}, {20000, 20}};
	char x;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		int64_t then;
		int c, s;

		connect_pair(&c, &s);
		set(a, c, IPPROTO_TCP, TCP_KEEPIDLE, 6);
		set(a, c, IPPROTO_TCP, TCP_KEEPINTVL, 2);
		set(a, c, IPPROTO_TCP, TCP_KEEPCNT, 3);
		set(a, c, SOL_SOCKET, SO_KEEPALIVE, 1);
		if (times[i].user_ms)
			set(a, c, IPPROTO_TCP, TCP_USER_TIMEOUT, times[i].user_ms);
		/* An hour of probes that are answered. */
		sc_net_advance(net, INT64_C(3600) * SECOND);
		assert_int_equal(events(a, c), POLLOUT);
		sc_net_advance(net, INT64_C(2500) * MS);
		assert_int_equal(sc_send(a, c, "x", 1, 0), 1);
		then = sc_net_now(net);
		sc_net_advance(net, INT64_C(1200) * MS);
		sc_host_set_up(host[1], false);
		assert_int_equal(sc_recv(a, c, &x, 1, 0), -ETIMEDOUT);
		assert_int_equal(sc_net_now(net) - then, times[i].s * SECOND);
		sc_host_set_up(host[1], true);
		sc_close(a, c);
		sc_close(b, s);
	}
}

static void keepalive_of_a_peer_that_is_gone(void **state)
{
	int64_t then;
	int c, s;

	connect_pair(&c, &s);
	set(b, s, IPPROTO_TCP, TCP_KEEPIDLE, 100);
	set(b, s, SOL_SOCKET, SO_KEEPALIVE, 1);
	then = sc_net_now(net);
	sc_close(a, c);
	while (!(events(b, s) & POLLERR))
		sc_net_advance(net, SECOND);
	assert_int_equal(sc_net_now(net) - then, INT64_C(100) * SECOND);
	assert_int_equal(error_of(b, s), EPIPE);
	sc_close(b, s);
}

static void corked(void **state)
{
	int64_t then;
	char x[8];
	int c, s;

	connect_pair(&c, &s);
	set(a, c, IPPROTO_TCP, TCP_CORK, 1);
	sc_net_advance(net, SECOND);
	then = sc_net_now(net);
	assert_int_equal(sc_send(a, c, "ab", 2, 0), 2);
	sc_net_advance(net, INT64_C(150) * MS);
	assert_int_equal(sc_send(a, c, "cd", 2, 0), 2);
	assert_int_equal(sc_recv(b, s, x, sizeof(x), 0), 4);
	assert_int_equal(sc_net_now(net) - then, INT64_C(200) * MS);
	assert_int_equal(sc_net_next_timer(net), INT64_MAX);
	/* Whole segments are not held back. */
	{
		static char block[4000];
		int queued;

		assert_int_equal(sc_send(a, c, block, sizeof(block), 0), sizeof(block));
		assert_int_equal(sc_ioctl(b, s, SIOCINQ, &queued), 0);
		assert_int_equal(queued, 2 * 1448);
	}
	sc_close(a, c);
	sc_close(b, s);
}

static void deferred(void **state)
{
	static const struct {
		int given, s;
	} times[] = {{1, 1}, {2, 3}, {3, 3}, {5, 7}, {8, 15}};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		int l = listener(b, 700, 5), c = sc_socket(a, AF_INET, SOCK_STREAM, 0), s;
		int64_t then = sc_net_now(net);

		set(b, l, IPPROTO_TCP, TCP_DEFER_ACCEPT, times[i].given);
		assert_int_equal(call_to(a, c, "10.0.0.2", 700), 0);
		s = sc_accept(b, l, NULL, NULL);
		assert_true(s >= 0);
		assert_int_equal(sc_net_now(net) - then, (int64_t)times[i].s * SECOND);
		sc_close(a, c);
		sc_close(b, s);
		/* What is never accepted goes with the listener, or with its caller. */
		c = sc_socket(a, AF_INET, SOCK_STREAM, 0);
		assert_int_equal(call_to(a, c, "10.0.0.2", 700), 0);
		s = sc_socket(a, AF_INET, SOCK_STREAM, 0);
		assert_int_equal(call_to(a, s, "10.0.0.2", 700), 0);
		{
			const struct linger now = {1, 0};

			sc_setsockopt(a, s, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
			sc_close(a, s);
		}
		sc_close(b, l);
		assert_true(events(a, c) & POLLERR);
		assert_int_equal(error_of(a, c), ECONNRESET);
		sc_close(a, c);
	}
}

static void full_backlog(void **state)
{
	int l = listener(b, 700, 0), c[2];

	for (int i = 0; i < 2; i++) {
		c[i] = sc_socket(a, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert_int_equal(call_to(a, c[i], "10.0.0.2", 700), -EINPROGRESS);
	}
	assert_int_equal(events(a, c[0]), POLLOUT);
	assert_int_equal(events(a, c[1]), 0);
	sc_net_advance(net, INT64_C(1500) * MS);
	assert_int_equal(events(a, c[1]), 0);
	sc_close(b, sc_accept(b, l, NULL, NULL));
	sc_close(b, sc_accept(b, l, NULL, NULL));
	assert_int_equal(sc_net_now(net), INT64_C(2) * SECOND);
	sc_close(b, l);
	sc_close(a, c[0]);
	sc_close(a, c[1]);
}

static void full_window(void **state)
{
	static char block[1 << 16];
	const int user_ms[] = {0, 3000};
	char x;

	for (int i = 0; i < 2; i++) {
		int64_t then;
		int c, s;

		connect_pair(&c, &s);
		if (user_ms[i])
			set(a, c, IPPROTO_TCP, TCP_USER_TIMEOUT, user_ms[i]);
		while (sc_send(a, c, block, sizeof(block), MSG_DONTWAIT) > 0)
			continue;
		then = sc_net_now(net);
		if (user_ms[i]) {
			assert_int_equal(sc_send(a, c, block, 1, 0), -ETIMEDOUT);
			assert_int_equal(sc_net_now(net) - then, INT64_C(3) * SECOND);
		} else {
			sc_net_advance(net, INT64_C(100000) * SECOND);
			assert_int_equal(events(a, c), 0);
		}
		sc_close(a, c);
		while (sc_recv(b, s, &x, 1, MSG_TRUNC) > 0)
			continue;
		sc_close(b, s);
	}
}

static void lingers(void **state)
{
	static char block[1 << 16];
	const struct linger time = {1, 5};
	char x;
	int c, s;

	/* Nothing to wait for. */
	connect_pair(&c, &s);
	sc_setsockopt(a, c, SOL_SOCKET, SO_LINGER, &time, sizeof(time));
	assert_int_equal(sc_send(a, c, "x", 1, 0), 1);
	assert_int_equal(sc_close(a, c), 0);
	assert_int_equal(sc_net_now(net), 0);
	assert_int_equal(sc_recv(b, s, &x, 1, 0), 1);
	assert_int_equal(sc_recv(b, s, &x, 1, 0), 0);
	sc_close(b, s);

	/* The time is over first; what was sent still comes. */
	connect_pair(&c, &s);
	sc_setsockopt(a, c, SOL_SOCKET, SO_LINGER, &time, sizeof(time));
	while (sc_send(a, c, block, sizeof(block), MSG_DONTWAIT) > 0)
		continue;
	assert_int_equal(sc_close(a, c), 0);
	assert_int_equal(sc_net_now(net), INT64_C(5) * SECOND);
	while ((c = sc_recv(b, s, block, sizeof(block), 0)) > 0)
		continue;
	assert_int_equal(c, 0);
	sc_close(b, s);
}

static void lingers_until_it_was_read(void **state)
{
	static char block[1 << 16];
	const struct linger time = {1, 50};
	const struct sc_task_config config = {.size = sizeof(config), .park = true};
	struct sc_task *p = sc_task_new(host[0], &config);
	struct sockaddr_in in = at("10.0.0.2", 700);
	int l = listener(b, 700, 5), c = sc_socket(p, AF_INET, SOCK_STREAM, 0), s;

	assert_int_equal(sc_connect(p, c, (struct sockaddr *)&in, sizeof(in)), 0);
	s = sc_accept(b, l, NULL, NULL);
	sc_setsockopt(p, c, SOL_SOCKET, SO_LINGER, &time, sizeof(time));
	while (sc_send(p, c, block, sizeof(block), MSG_DONTWAIT) > 0)
		continue;
	assert_int_equal(sc_close(p, c), SC_PARKED);
	{
		struct sc_parked *parked = sc_parked(p, NULL);

		assert_int_equal(sc_resume(parked), SC_PARKED);
		assert_int_equal(sc_close(p, c), -EBADF);
		while (sc_recv(b, s, block, sizeof(block), 0) > 0)
			continue;
		assert_int_equal(sc_resume(parked), 0);
	}
	sc_task_free(p);
	sc_close(b, s);
	sc_close(b, l);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(connect_to_a_host_that_is_down), TEST(connect_where_nobody_is),
		TEST(connect_within_a_time), TEST(data_that_do_not_arrive), TEST(the_link_returns),
		TEST(ends_while_the_link_is_down), TEST(keepalive),
		TEST(keepalive_of_a_peer_that_is_gone), TEST(corked), TEST(deferred),
		TEST(full_backlog), TEST(full_window), TEST(lingers),
		TEST(lingers_until_it_was_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
