/*
 * watch.c - callbacks on descriptors: sc_watch(), sc_unwatch().
 */
#include "both.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

/* What a callback heard, and what it does. */
struct hearer {
	struct sc_watch *watch;
	int count;
	short last;
	void (*act)(struct hearer *);
	struct hearer *other;
	int fd;
	long left;
	atomic_bool over;
};

static void hear(void *ctx, short revents)
{
	struct hearer *h = ctx;

	h->count++;
	h->last = revents;
	if (h->act)
		h->act(h);
}

static int watch(struct hearer *h, int fd, short events)
{
	return sc_watch(stack_task, fd, events, hear, h, &h->watch);
}

static void put(int fd)
{
	assert_int_equal(sc_write(stack_task, fd, "x", 1), 1);
}

static void close_both(const int sv[2])
{
	sc_close(stack_task, sv[0]);
	sc_close(stack_task, sv[1]);
}

static void heard(const struct hearer *h, int count, short last)
{
	assert_int_equal(h->count, count);
	assert_int_equal(h->last, last);
}

static void changes(void **state)
{
	struct hearer h = {0};
	int sv[2];

	pair_of(&stack, SOCK_STREAM, sv);
	assert_int_equal(watch(&h, 99, POLLIN), -EBADF);
	assert_int_equal(watch(&h, sv[0], POLLIN), 0);
	heard(&h, 0, 0);
	put(sv[1]);
	heard(&h, 1, POLLIN);
	put(sv[1]); /* it stays true, and is told again */
	heard(&h, 2, POLLIN);
	drain(&stack, sv[0]);
	heard(&h, 2, POLLIN); /* that it is not true any more is not told */
	put(sv[0]);
	heard(&h, 2, POLLIN);
	sc_close(stack_task, sv[1]);
	assert_int_equal(h.count, 3);
	assert_true(h.last & POLLHUP);
	sc_unwatch(h.watch);
	sc_close(stack_task, sv[0]);
}

static void true_at_once(void **state)
{
	struct hearer h = {0}, none = {0};
	int sv[2];

	pair_of(&stack, SOCK_STREAM, sv);
	put(sv[1]);
	assert_int_equal(watch(&h, sv[0], POLLIN | POLLOUT), 0);
	heard(&h, 1, POLLIN | POLLOUT);
	assert_int_equal(watch(&none, sv[0], 0), 0);
	sc_close(stack_task, sv[1]);
	assert_true(none.count >= 1);
	assert_int_equal(none.last, POLLHUP);
	sc_unwatch(none.watch);
	sc_unwatch(h.watch);
	sc_close(stack_task, sv[0]);
}

/* It holds the file: the peer sees no end before sc_unwatch(). */
static void it_holds_the_file(void **state)
{
	struct hearer h = {0};
	char buf[1];
	int sv[2];

	pair_of(&stack, SOCK_STREAM, sv);
	assert_int_equal(watch(&h, sv[0], POLLIN), 0);
	sc_close(stack_task, sv[0]);
	assert_int_equal(sc_recv(stack_task, sv[1], buf, 1, MSG_DONTWAIT), -EAGAIN);
	put(sv[1]);
	heard(&h, 1, POLLIN);
	sc_unwatch(h.watch);
	assert_true(sc_recv(stack_task, sv[1], buf, 1, MSG_DONTWAIT) <= 0);
	assert_int_equal(sc_send(stack_task, sv[1], "x", 1, 0), -EPIPE);
	sc_close(stack_task, sv[1]);
}

static void a_set(void **state)
{
	struct epoll_event e = {.events = EPOLLIN};
	struct hearer h = {0};
	int sv[2], ep = sc_epoll_create1(stack_task, 0);

	pair_of(&stack, SOCK_STREAM, sv);
	assert_int_equal(sc_epoll_ctl(stack_task, ep, EPOLL_CTL_ADD, sv[0], &e), 0);
	assert_int_equal(watch(&h, ep, POLLIN), 0);
	put(sv[1]);
	heard(&h, 1, POLLIN);
	assert_int_equal(sc_epoll_wait(stack_task, ep, &e, 1, 0), 1);
	heard(&h, 1, POLLIN);
	sc_unwatch(h.watch);
	close_both(sv);
	sc_close(stack_task, ep);
}

/* ---- what a callback does ---- */

static void unwatch_self(struct hearer *h)
{
	assert_non_null(h->watch); /* set before the first callback */
	sc_unwatch(h->watch);
	h->watch = NULL;
}

static void unwatch_other(struct hearer *h)
{
	if (h->other && h->other->watch) {
		sc_unwatch(h->other->watch);
		h->other->watch = NULL;
	}
}

static void close_it(struct hearer *h)
{
	sc_close(stack_task, h->fd);
}

static void close_and_unwatch(struct hearer *h)
{
	close_it(h);
	unwatch_self(h);
}

static void from_inside(void **state)
{
	struct hearer h = {.act = unwatch_self};
	int sv[2];

	/* Its own end, at once and later. */
	pair_of(&stack, SOCK_STREAM, sv);
	assert_int_equal(watch(&h, sv[0], POLLOUT), 0);
	heard(&h, 1, POLLOUT);
	assert_null(h.watch);
	assert_int_equal(watch(&h, sv[0], POLLIN), 0);
	put(sv[1]);
	put(sv[1]);
	heard(&h, 2, POLLIN);
	close_both(sv);

	/* The end of the descriptor. */
	pair_of(&stack, SOCK_STREAM, sv);
	h = (struct hearer){.act = close_and_unwatch, .fd = sv[0]};
	assert_int_equal(watch(&h, sv[0], POLLIN), 0);
	put(sv[1]);
	heard(&h, 1, POLLIN);
	assert_int_equal(sc_send(stack_task, sv[1], "x", 1, 0), -EPIPE);
	sc_close(stack_task, sv[1]);

	pair_of(&stack, SOCK_STREAM, sv);
	h = (struct hearer){.act = close_it, .fd = sv[0]};
	assert_int_equal(watch(&h, sv[0], POLLIN), 0);
	put(sv[1]);
	heard(&h, 1, POLLIN);
	assert_int_equal(sc_fcntl(stack_task, sv[0], F_GETFD, 0), -EBADF);
	put(sv[1]);
	heard(&h, 2, POLLIN);
	sc_unwatch(h.watch);
	sc_close(stack_task, sv[1]);
}

/* Two of one file: the first to be told ends the other, which is not told. */
static void of_two_one_ends_the_other(void **state)
{
	struct hearer a = {.act = unwatch_other}, b = {.act = unwatch_other};
	int sv[2];

	pair_of(&stack, SOCK_STREAM, sv);
	a.other = &b;
	b.other = &a;
	assert_int_equal(watch(&a, sv[0], POLLIN), 0);
	assert_int_equal(watch(&b, sv[0], POLLIN), 0);
	put(sv[1]);
	assert_int_equal(a.count + b.count, 1);
	assert_true(!a.watch != !b.watch);
	sc_unwatch(a.watch ? a.watch : b.watch);
	close_both(sv);
}

static void bounce(struct hearer *h)
{
	char byte;

	if (!(h->last & POLLIN) || sc_recv(stack_task, h->fd, &byte, 1, MSG_DONTWAIT) != 1)
		return;
	if (h->other->left-- > 0)
		put(h->fd);
}

/* Two programs of callbacks play with one byte: 100,000 times, and the stack does not grow. */
static void callbacks_do_not_nest(void **state)
{
	struct hearer a = {.act = bounce}, b = {.act = bounce};
	int sv[2];

	pair_of(&stack, SOCK_STREAM, sv);
	a.other = &b;
	b.other = &a;
	a.fd = sv[0];
	b.fd = sv[1];
	a.left = b.left = 100000;
	assert_int_equal(watch(&a, sv[0], POLLIN), 0);
	assert_int_equal(watch(&b, sv[1], POLLIN), 0);
	put(sv[0]);
	assert_true(a.left < 0 || b.left < 0);
	assert_true(a.count >= 100000 && b.count >= 100000);
	sc_unwatch(a.watch);
	sc_unwatch(b.watch);
	close_both(sv);
}

static void wait_for_answer(struct hearer *h)
{
	char byte;

	if (h->left-- > 0) {
		put(h->fd);
		/* Blocks until another callback has answered. */
		assert_int_equal(sc_recv(stack_task, h->fd, &byte, 1, 0), 1);
	}
}

static void answer(struct hearer *h)
{
	char byte;

	if (sc_recv(stack_task, h->fd, &byte, 1, MSG_DONTWAIT) == 1)
		put(h->fd);
}

/* A callback that blocks: what it waits for is told meanwhile. */
static void a_callback_that_blocks(void **state)
{
	struct hearer a = {.act = wait_for_answer, .left = 1}, b = {.act = answer};
	int sv[2], start[2];

	pair_of(&stack, SOCK_STREAM, sv);
	pair_of(&stack, SOCK_STREAM, start);
	a.fd = sv[0];
	b.fd = sv[1];
	assert_int_equal(watch(&a, start[0], POLLIN), 0);
	assert_int_equal(watch(&b, sv[1], POLLIN), 0);
	put(start[1]);
	assert_int_equal(a.count, 1);
	assert_int_equal(b.count, 1);
	sc_unwatch(a.watch);
	sc_unwatch(b.watch);
	close_both(sv);
	close_both(start);
}

/* ---- threads ---- */

static void *write_until_over(void *arg)
{
	struct hearer *h = arg;

	while (!h->over) {
		sc_send(stack_task, h->fd, "x", 1, MSG_DONTWAIT);
		drain(&stack, h->other->fd);
	}
	return NULL;
}

static atomic_int calls;

static void count(void *ctx, short revents)
{
	calls++;
}

/* Watches come and go while two threads make them ring. */
static void threads(void **state)
{
	struct hearer a = {0}, b = {0};
	pthread_t thread[2];
	int sv[2];

	pair_of(&stack, SOCK_STREAM, sv);
	a.fd = sv[0];
	b.fd = sv[1];
	a.other = &b;
	b.other = &a;
	pthread_create(&thread[0], NULL, write_until_over, &a);
	pthread_create(&thread[1], NULL, write_until_over, &b);
	for (int i = 0; i < 2000 || !calls; i++) {
		struct sc_watch *w[2];

		for (int k = 0; k < 2; k++)
			assert_int_equal(sc_watch(stack_task, sv[k], POLLIN, count, NULL, &w[k]), 0);
		sc_unwatch(w[0]);
		sc_unwatch(w[1]);
	}
	a.over = b.over = true;
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	close_both(sv);
}

static int some_watches(struct sc_task *t)
{
	struct hearer h = {0};
	int sv[2], ret = sc_socketpair(t, AF_UNIX, SOCK_STREAM, 0, sv);

	if (ret)
		return ret;
	ret = sc_watch(t, sv[0], POLLIN | POLLOUT, hear, &h, &h.watch);
	if (!ret) {
		sc_unwatch(h.watch);
		ret = h.count == 1 ? 0 : -EINVAL;
	}
	sc_close(t, sv[0]);
	sc_close(t, sv[1]);
	return ret;
}

static void without_memory(void **state)
{
	each_allocation_fails(false, some_watches);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STACK(changes),
		ON_STACK(true_at_once),
		ON_STACK(it_holds_the_file),
		ON_STACK(a_set),
		ON_STACK(from_inside),
		ON_STACK(of_two_one_ends_the_other),
		ON_STACK(callbacks_do_not_nest),
		ON_STACK(a_callback_that_blocks),
		ON_STACK(threads),
		ON_STACK(without_memory),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
