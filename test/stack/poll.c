/*
 * poll.c - poll(2) of several descriptors.
 */
#include "both.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { ALL = 0xffff & ~POLLNVAL };

static int says(const struct system *s, int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events, .revents = 0x5a5a};
	int n = s->poll(&p, 1, 0);

	assert_int_equal(n, p.revents != 0);
	return p.revents;
}

static void close_both(const struct system *s, const int sv[2])
{
	s->close(sv[0]);
	s->close(sv[1]);
}

/* ---- what it says ---- */

static void states_of_a_stream(void **state)
{
	const struct system *s = *state;
	const int can_write = POLLOUT | POLLWRNORM | POLLWRBAND, can_read = POLLIN | POLLRDNORM;
	char buf[4];
	int sv[2];

	pair_of(s, SOCK_STREAM, sv);
	assert_int_equal(says(s, sv[0], (short)ALL), can_write);
	assert_int_equal(says(s, sv[0], POLLIN), 0);
	assert_int_equal(says(s, sv[0], POLLOUT), POLLOUT);
	s->write(sv[1], "x", 1);
	assert_int_equal(says(s, sv[0], (short)ALL), can_read | can_write);
	assert_int_equal(says(s, sv[0], POLLRDNORM), POLLRDNORM);
	s->read(sv[0], buf, 4);
	fill(s, sv[0]);
	assert_int_equal(says(s, sv[0], (short)ALL), 0);
	drain(s, sv[1]);
	assert_int_equal(says(s, sv[0], (short)ALL), can_write);
	s->shutdown(sv[1], SHUT_WR);
	assert_int_equal(says(s, sv[0], (short)ALL), can_read | can_write | POLLRDHUP);
	assert_int_equal(says(s, sv[0], POLLRDHUP), POLLRDHUP);
	s->close(sv[1]);
	assert_int_equal(says(s, sv[0], (short)ALL), can_read | can_write | POLLRDHUP | POLLHUP);
	assert_int_equal(says(s, sv[0], 0), POLLHUP);
	s->close(sv[0]);
	assert_int_equal(says(s, sv[0], POLLIN), POLLNVAL);
}

static void many_at_once(void **state)
{
	const struct system *s = *state;
	struct pollfd p[6];
	int sv[2];

	pair_of(s, SOCK_DGRAM, sv);
	s->write(sv[0], "x", 1);
	p[0] = (struct pollfd){.fd = -1, .events = (short)ALL, .revents = 7};
	p[1] = (struct pollfd){.fd = sv[1], .events = POLLIN};
	p[2] = (struct pollfd){.fd = sv[0], .events = POLLIN, .revents = 7};
	p[3] = (struct pollfd){.fd = 99, .events = 0};
	p[4] = (struct pollfd){.fd = sv[1], .events = POLLOUT};
	p[5] = (struct pollfd){.fd = INT_MIN, .revents = 7};
	assert_int_equal(s->poll(p, 6, -1), 3);
	assert_int_equal(p[0].revents, 0);
	assert_int_equal(p[1].revents, POLLIN);
	assert_int_equal(p[2].revents, 0);
	assert_int_equal(p[3].revents, POLLNVAL);
	assert_int_equal(p[4].revents, POLLOUT);
	assert_int_equal(p[5].revents, 0);
	assert_int_equal(s->poll(NULL, 0, 0), 0);
	assert_int_equal(s->poll(NULL, 1, 0), -EFAULT);
	assert_int_equal(s->poll(p, INT_MAX, 0), -EINVAL);
	close_both(s, sv);
}

static void of_a_set(void **state)
{
	const struct system *s = *state;
	struct epoll_event e = {.events = EPOLLIN};
	int sv[2], ep = s->epoll_create1(0);

	pair_of(s, SOCK_STREAM, sv);
	assert_int_equal(s->epoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &e), 0);
	assert_int_equal(says(s, ep, (short)ALL), 0);
	s->write(sv[1], "x", 1);
	assert_int_equal(says(s, ep, (short)ALL), POLLIN | POLLRDNORM);
	drain(s, sv[0]);
	assert_int_equal(says(s, ep, (short)ALL), 0);
	close_both(s, sv);
	s->close(ep);
}

/* ---- waiting ---- */

static void times_out(void **state)
{
	const struct system *s = *state;
	struct pollfd p[2];
	int64_t began = now_ms();
	int sv[2];

	pair_of(s, SOCK_STREAM, sv);
	p[0] = (struct pollfd){.fd = sv[0], .events = POLLIN, .revents = 7};
	p[1] = (struct pollfd){.fd = sv[1], .events = POLLRDHUP, .revents = 7};
	assert_int_equal(s->poll(p, 2, 30), 0);
	assert_true(now_ms() - began >= 29);
	assert_int_equal(p[0].revents | p[1].revents, 0);
	assert_int_equal(s->poll(NULL, 0, 10), 0);
	assert_true(now_ms() - began >= 39);
	close_both(s, sv);
}

struct later {
	pthread_t thread;
	const struct system *s;
	void (*act)(struct later *);
	int fd, other;
};

static void *act_later(void *arg)
{
	struct later *l = arg;

	nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
	l->act(l);
	return NULL;
}

static void start(struct later *l)
{
	assert_int_equal(pthread_create(&l->thread, NULL, act_later, l), 0);
}

static void write_later(struct later *l)
{
	l->s->write(l->fd, "x", 1);
}

static void close_later(struct later *l)
{
	l->s->close(l->fd);
}

static void close_and_write_later(struct later *l)
{
	l->s->close(l->fd);
	l->s->write(l->other, "x", 1);
}

static void replace_later(struct later *l)
{
	l->s->dup2(l->other, l->fd);
}

static void any_of_them_wakes_it(void **state)
{
	const struct system *s = *state;
	enum { PAIRS = 20 };
	struct pollfd p[PAIRS + 1];
	int sv[PAIRS][2];

	for (int i = 0; i < PAIRS; i++) {
		pair_of(s, SOCK_STREAM, sv[i]);
		p[i] = (struct pollfd){.fd = sv[i][0], .events = POLLIN};
	}
	p[PAIRS] = (struct pollfd){.fd = sv[0][0], .events = POLLIN}; /* one of them twice */
	for (int i = 0; i < PAIRS; i += 19) {
		struct later l = {.s = s, .act = write_later, .fd = sv[i][1]};

		start(&l);
		assert_int_equal(s->poll(p, PAIRS + 1, 5000), i ? 1 : 2);
		assert_int_equal(p[i].revents, POLLIN);
		pthread_join(l.thread, NULL);
		drain(s, sv[i][0]);
	}
	for (int i = 0; i < PAIRS; i++)
		close_both(s, sv[i]);
}

static void the_peers_end_wakes_it(void **state)
{
	const struct system *s = *state;
	struct later l = {.s = s, .act = close_later};
	struct pollfd p;
	int sv[2];

	pair_of(s, SOCK_STREAM, sv);
	p = (struct pollfd){.fd = sv[0]};
	l.fd = sv[1];
	start(&l);
	assert_int_equal(s->poll(&p, 1, 5000), 1);
	assert_int_equal(p.revents, POLLHUP);
	pthread_join(l.thread, NULL);
	s->close(sv[0]);
}

static void room_wakes_it(void **state)
{
	const struct system *s = *state;
	struct later l = {.s = s};
	struct pollfd p;
	int sv[2];

	pair_of(s, SOCK_DGRAM, sv);
	fill(s, sv[0]);
	p = (struct pollfd){.fd = sv[0], .events = POLLOUT};
	assert_int_equal(s->poll(&p, 1, 0), 0);
	l = (struct later){.s = s, .act = close_later, .fd = sv[1]};
	start(&l);
	assert_int_equal(s->poll(&p, 1, 5000), 1);
	assert_true(p.revents & POLLOUT);
	pthread_join(l.thread, NULL);
	s->close(sv[0]);
}

/* A number that is closed meanwhile wakes nobody. What it named is still waited for; then
 * the number is looked at anew. */
static void a_number_closed_meanwhile(void **state)
{
	const struct system *s = *state;
	struct later l = {.s = s, .act = close_later};
	const int64_t began = now_ms();
	struct pollfd p;
	int sv[2], again;

	pair_of(s, SOCK_STREAM, sv);
	again = s->dup(sv[0]);
	p = (struct pollfd){.fd = sv[0], .events = POLLIN};
	l.fd = sv[0];
	start(&l);
	assert_int_equal(s->poll(&p, 1, 100), 1);
	assert_int_equal(p.revents, POLLNVAL);
	assert_true(now_ms() - began >= 99);
	pthread_join(l.thread, NULL);

	assert_int_equal(s->dup2(again, sv[0]), sv[0]);
	l = (struct later){.s = s, .act = close_and_write_later, .fd = sv[0], .other = sv[1]};
	start(&l);
	assert_int_equal(s->poll(&p, 1, 5000), 1);
	assert_int_equal(p.revents, POLLNVAL);
	pthread_join(l.thread, NULL);
	s->close(again);
	s->close(sv[1]);
}

/* The last number is closed, but the poll holds what it named: its peer sees no end. */
static void it_holds_what_it_waits_on(void **state)
{
	const struct system *s = *state;
	struct later l = {.s = s, .act = close_and_write_later};
	struct pollfd p;
	int sv[2];

	pair_of(s, SOCK_STREAM, sv);
	p = (struct pollfd){.fd = sv[0], .events = POLLIN};
	l.fd = sv[0];
	l.other = sv[1];
	start(&l);
	assert_int_equal(s->poll(&p, 1, 5000), 1);
	assert_int_equal(p.revents, POLLNVAL);
	pthread_join(l.thread, NULL);
	assert_int_equal(s->send(sv[1], "x", 1, 0), -EPIPE);
	s->close(sv[1]);
}

/* What a number names now is only looked at when something else ends the sleep. */
static void a_number_replaced_meanwhile(void **state)
{
	const struct system *s = *state;
	struct later l = {.s = s, .act = replace_later};
	const int64_t began = now_ms();
	struct pollfd p;
	int one[2], two[2];

	pair_of(s, SOCK_STREAM, one);
	pair_of(s, SOCK_STREAM, two);
	s->write(two[1], "x", 1);
	p = (struct pollfd){.fd = one[0], .events = POLLIN};
	l.fd = one[0];
	l.other = two[0];
	start(&l);
	assert_int_equal(s->poll(&p, 1, 100), 1);
	assert_int_equal(p.revents, POLLIN);
	assert_true(now_ms() - began >= 99);
	pthread_join(l.thread, NULL);
	close_both(s, one);
	close_both(s, two);
}

/* ---- on the stack only ---- */

static void interrupted(void **state)
{
	struct pollfd p;
	int sv[2];

	stack_begin_with(NULL, &(struct sc_task_config){.size = sizeof(struct sc_task_config),
							.park = true});
	pair_of(&stack, SOCK_STREAM, sv);
	p = (struct pollfd){.fd = sv[0], .events = POLLIN, .revents = 7};
	assert_int_equal(sc_poll(stack_task, &p, 1, -1), SC_PARKED);
	assert_int_equal(sc_cancel(sc_parked(stack_task, NULL)), -EINTR);
	assert_int_equal(p.revents, 0);
	assert_int_equal(sc_poll(stack_task, &p, 1, -1), SC_PARKED);
	sc_task_interrupt(stack_task);
	assert_int_equal(sc_resume(sc_parked(stack_task, NULL)), -EINTR);
	close_both(&stack, sv);
}

struct readiness {
	int count;
	void *cookie;
};

static void is_ready(void *ctx, struct sc_parked *call, void *cookie)
{
	struct readiness *r = ctx;

	r->count++;
	r->cookie = cookie;
}

static void parked(void **state)
{
	struct readiness ready = {0};
	struct pollfd p[2];
	struct sc_parked *call;
	int sv[2], x;

	stack_begin_with(NULL, &(struct sc_task_config){.size = sizeof(struct sc_task_config),
							.park = true, .ready = is_ready,
							.ctx = &ready});
	pair_of(&stack, SOCK_STREAM, sv);
	p[0] = (struct pollfd){.fd = sv[0], .events = POLLIN};
	p[1] = (struct pollfd){.fd = sv[1], .events = POLLIN};
	assert_int_equal(sc_poll(stack_task, p, 2, -1), SC_PARKED);
	call = sc_parked(stack_task, &x);
	assert_int_equal(ready.count, 0);
	sc_write(stack_task, sv[1], "a", 1);
	assert_int_equal(ready.count, 1);
	assert_ptr_equal(ready.cookie, &x);
	sc_write(stack_task, sv[0], "a", 1); /* no more is said until it is resumed */
	assert_int_equal(ready.count, 1);
	drain(&stack, sv[0]);
	drain(&stack, sv[1]);
	assert_int_equal(sc_resume(call), SC_PARKED);
	assert_ptr_equal(sc_parked(stack_task, &x), call);
	assert_int_equal(ready.count, 1);
	sc_write(stack_task, sv[0], "a", 1);
	assert_int_equal(ready.count, 2);
	p[1].fd = 77; /* it kept what was asked */
	p[1].events = 0;
	assert_int_equal(sc_resume(call), 1);
	assert_int_equal(p[1].revents, POLLIN);
	close_both(&stack, sv);
}

static void exactly_in_virtual_time(void **state)
{
	struct readiness ready = {0};
	struct sc_parked *call;
	struct pollfd p;
	int sv[2];

	stack_begin_with(&(struct sc_config){.size = sizeof(struct sc_config),
					     .time = SC_TIME_VIRTUAL},
			 &(struct sc_task_config){.size = sizeof(struct sc_task_config),
						  .park = true, .ready = is_ready, .ctx = &ready});
	pair_of(&stack, SOCK_STREAM, sv);
	p = (struct pollfd){.fd = sv[0], .events = POLLIN, .revents = 7};
	assert_int_equal(sc_poll(stack_task, &p, 1, 1000), SC_PARKED);
	call = sc_parked(stack_task, NULL);
	assert_int_equal(sc_net_next_timer(stack_net), INT64_C(1000000000));
	sc_net_advance(stack_net, 999999999);
	assert_int_equal(ready.count, 0);
	sc_net_advance(stack_net, 1);
	assert_int_equal(ready.count, 1);
	assert_int_equal(sc_resume(call), 0);
	assert_int_equal(p.revents, 0);
	assert_int_equal(sc_net_next_timer(stack_net), INT64_MAX);
	close_both(&stack, sv);
}

static void time_passes_by_itself(void **state)
{
	struct pollfd p;
	int sv[2];

	stack_begin_with(&(struct sc_config){.size = sizeof(struct sc_config),
					     .time = SC_TIME_AUTO},
			 NULL);
	pair_of(&stack, SOCK_STREAM, sv);
	p = (struct pollfd){.fd = sv[0], .events = POLLIN};
	assert_int_equal(sc_poll(stack_task, &p, 1, 3600 * 1000), 0);
	assert_int_equal(sc_net_now(stack_net), INT64_C(3600000000000));
	assert_int_equal(sc_poll(stack_task, NULL, 0, 1000), 0);
	assert_int_equal(sc_net_now(stack_net), INT64_C(3601000000000));
	close_both(&stack, sv);
}

/* A task may end while it polls. */
static void the_task_ends(void **state)
{
	const struct sc_task_config park = {.size = sizeof(park), .park = true};
	struct sc_task *t = sc_task_new(stack_host, &park);
	struct pollfd p;
	int sv[2];

	assert_int_equal(sc_socketpair(t, AF_UNIX, SOCK_STREAM, 0, sv), 0);
	p = (struct pollfd){.fd = sv[0], .events = POLLIN};
	assert_int_equal(sc_poll(t, &p, 1, 1000), SC_PARKED);
	sc_task_free(t);
}

struct blocked {
	struct sc_task *task;
	int fd, ret;
};

static void *poll_blocked(void *arg)
{
	struct blocked *b = arg;
	struct pollfd p = {.fd = b->fd, .events = POLLIN};

	b->ret = sc_poll(b->task, &p, 1, -1);
	return NULL;
}

static void the_task_of_a_thread_ends(void **state)
{
	struct blocked b = {.task = sc_task_new(stack_host, NULL)};
	pthread_t thread;
	int sv[2];

	assert_int_equal(sc_socketpair(b.task, AF_UNIX, SOCK_STREAM, 0, sv), 0);
	b.fd = sv[0];
	pthread_create(&thread, NULL, poll_blocked, &b);
	nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
	sc_task_free(b.task);
	pthread_join(thread, NULL);
	assert_int_equal(b.ret, -EINTR);
}

/* ---- threads ---- */

enum { POLLERS = 4, ROUNDS = 400 };

struct crowd {
	const struct system *s;
	int fd[4]; /* two pairs, at numbers that stay */
	atomic_bool over;
};

static void *poll_in_crowd(void *arg)
{
	struct crowd *c = arg;
	char buf[8];

	while (!c->over) {
		struct pollfd p[4];

		for (int i = 0; i < 4; i++)
			p[i] = (struct pollfd){.fd = c->fd[i], .events = POLLIN | POLLRDHUP};
		assert_true(c->s->poll(p, 4, 20) >= 0);
		for (int i = 0; i < 4; i++)
			if (p[i].revents & POLLIN)
				c->s->recv(p[i].fd, buf, sizeof(buf), MSG_DONTWAIT);
	}
	return NULL;
}

/* Several threads poll the same numbers while these are closed and replaced. */
static void threads_and_numbers_that_change(void **state)
{
	struct crowd c = {.s = *state};
	const struct system *s = c.s;
	pthread_t thread[POLLERS];

	pair_of(s, SOCK_STREAM, c.fd);
	pair_of(s, SOCK_DGRAM, c.fd + 2);
	for (int i = 0; i < POLLERS; i++)
		pthread_create(&thread[i], NULL, poll_in_crowd, &c);
	for (int i = 0; i < ROUNDS; i++) {
		int pair = i % 2 * 2, fresh[2];

		s->send(c.fd[pair], "x", 1, MSG_DONTWAIT);
		pair_of(s, pair ? SOCK_DGRAM : SOCK_STREAM, fresh);
		s->close(c.fd[pair]);
		s->dup2(fresh[0], c.fd[pair]);
		s->dup2(fresh[1], c.fd[pair + 1]);
		close_both(s, fresh);
	}
	c.over = true;
	for (int i = 0; i < POLLERS; i++)
		pthread_join(thread[i], NULL);
	close_both(s, c.fd);
	close_both(s, c.fd + 2);
}

static int poll_two(struct sc_task *t)
{
	struct sc_task *other = sc_task_fork(t, true);
	struct pollfd p[2];
	int sv[2], ret = -ENOMEM;

	if (!other)
		return -ENOMEM;
	ret = sc_socketpair(t, AF_UNIX, SOCK_STREAM, 0, sv);
	if (!ret) {
		p[0] = (struct pollfd){.fd = sv[0], .events = POLLIN};
		p[1] = (struct pollfd){.fd = sv[1], .events = POLLIN};
		ret = sc_poll(t, p, 2, 1);
		sc_close(t, sv[0]);
		sc_close(t, sv[1]);
	}
	sc_task_free(other);
	return ret;
}

/* Gives up what was parked: 0, or why it was not. */
static int give_up(struct sc_task *t, long ret)
{
	if (ret == SC_PARKED)
		ret = sc_cancel(sc_parked(t, NULL)) == -EINTR ? 0 : -EINVAL;
	return ret;
}

static int park_and_cancel(struct sc_task *t)
{
	struct iovec iov[2] = {{(char[1]){0}, 1}, {(char[1]){0}, 1}};
	struct epoll_event e = {.events = EPOLLIN};
	struct pollfd p = {.events = POLLIN};
	int sv[2], ep, ret = sc_socketpair(t, AF_UNIX, SOCK_STREAM, 0, sv);

	if (ret)
		return ret;
	p.fd = sv[0];
	ret = give_up(t, sc_poll(t, &p, 1, 1000));
	if (!ret)
		ret = give_up(t, sc_readv(t, sv[0], iov, 2));
	if (!ret) {
		ret = ep = sc_epoll_create1(t, 0);
		if (ep >= 0) {
			ret = give_up(t, sc_epoll_wait(t, ep, &e, 1, 1000));
			sc_close(t, ep);
		}
	}
	sc_close(t, sv[0]);
	sc_close(t, sv[1]);
	return ret;
}

static void without_memory(void **state)
{
	each_allocation_fails(false, poll_two);
	each_allocation_fails(true, park_and_cancel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(states_of_a_stream),
		ON_BOTH(many_at_once),
		ON_BOTH(of_a_set),
		ON_BOTH(times_out),
		ON_BOTH(any_of_them_wakes_it),
		ON_BOTH(the_peers_end_wakes_it),
		ON_BOTH(room_wakes_it),
		ON_BOTH(a_number_closed_meanwhile),
		ON_BOTH(it_holds_what_it_waits_on),
		ON_BOTH(a_number_replaced_meanwhile),
		ON_STACK(interrupted),
		ON_STACK(parked),
		ON_STACK(exactly_in_virtual_time),
		ON_STACK(time_passes_by_itself),
		ON_STACK(the_task_ends),
		ON_STACK(the_task_of_a_thread_ends),
		ON_BOTH(threads_and_numbers_that_change),
		ON_STACK(without_memory),
	};

	return cmocka_run_group_tests_name("poll", tests, NULL, NULL);
}
