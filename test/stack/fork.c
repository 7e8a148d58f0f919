/*
 * fork.c - tasks that are forked, with a table of descriptors in common or a copy, and
 * tasks that execute another program.
 */
#include "both.h"

#include <poll.h>
#include <pthread.h>

enum { COPY = false, SHARE = true };

static bool is_open(struct sc_task *t, int fd)
{
	return sc_fcntl(t, fd, F_GETFD, 0) >= 0;
}

static int pair(struct sc_task *t, int type, int sv[2])
{
	return sc_socketpair(t, AF_UNIX, type, 0, sv);
}

static void close_both(struct sc_task *t, const int sv[2])
{
	assert_int_equal(sc_close(t, sv[0]), 0);
	assert_int_equal(sc_close(t, sv[1]), 0);
}

static void a_copy(void **state)
{
	struct sc_task *child;
	char buf[4];
	int sv[2];

	pair(stack_task, SOCK_STREAM | SOCK_CLOEXEC, sv);
	child = sc_task_fork(stack_task, COPY);
	assert_non_null(child);
	assert_int_not_equal(sc_task_pid(child), sc_task_pid(stack_task));
	assert_int_equal(sc_fcntl(child, sv[0], F_GETFD, 0), FD_CLOEXEC);

	/* What is done to numbers concerns one of them, what is done to files both. */
	assert_int_equal(sc_fcntl(child, sv[0], F_SETFD, 0), 0);
	assert_int_equal(sc_fcntl(stack_task, sv[0], F_GETFD, 0), FD_CLOEXEC);
	assert_int_equal(sc_fcntl(child, sv[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(sc_read(stack_task, sv[0], buf, 1), -EAGAIN);
	assert_int_equal(sc_dup2(child, sv[0], 30), 30);
	assert_false(is_open(stack_task, 30));

	assert_int_equal(sc_close(stack_task, sv[0]), 0);
	assert_int_equal(sc_recv(stack_task, sv[1], buf, 1, MSG_DONTWAIT), -EAGAIN);
	assert_int_equal(sc_write(child, sv[0], "x", 1), 1);
	assert_int_equal(sc_read(stack_task, sv[1], buf, 4), 1);
	sc_task_free(child); /* with all it has */
	assert_int_equal(sc_read(stack_task, sv[1], buf, 1), 0);
	assert_int_equal(sc_close(stack_task, sv[1]), 0);
}

static void in_common(void **state)
{
	struct sc_task *child;
	char buf[4];
	int sv[2], more[2];

	pair(stack_task, SOCK_STREAM, sv);
	child = sc_task_fork(stack_task, SHARE);
	assert_non_null(child);
	assert_int_not_equal(sc_task_pid(child), sc_task_pid(stack_task));
	assert_int_equal(pair(child, SOCK_DGRAM, more), 0);
	assert_true(is_open(stack_task, more[0]));
	assert_int_equal(sc_fcntl(stack_task, more[0], F_SETFD, FD_CLOEXEC), 0);
	assert_int_equal(sc_fcntl(child, more[0], F_GETFD, 0), FD_CLOEXEC);
	close_both(stack_task, more);
	assert_false(is_open(child, more[0]));
	assert_int_equal(sc_close(child, sv[0]), 0);
	assert_int_equal(sc_read(stack_task, sv[1], buf, 1), 0);
	sc_task_free(child);
	assert_true(is_open(stack_task, sv[1]));
	assert_int_equal(sc_close(stack_task, sv[1]), 0);
}

/* The table outlives who made it. */
static void the_parent_ends_first(void **state)
{
	struct sc_task *parent = sc_task_new(stack_host, NULL), *sharer, *copier;
	char buf[1];
	int sv[2];

	pair(parent, SOCK_STREAM, sv);
	copier = sc_task_fork(parent, COPY);
	sharer = sc_task_fork(parent, SHARE);
	sc_task_free(parent);
	assert_int_equal(sc_write(sharer, sv[0], "x", 1), 1);
	sc_task_free(sharer);
	assert_int_equal(sc_read(copier, sv[1], buf, 1), 1);
	assert_int_equal(sc_write(copier, sv[1], "x", 1), 1);
	sc_task_free(copier);
}

static void generations(void **state)
{
	struct sc_task *t[20];
	char buf[1];
	int sv[2];

	pair(stack_task, SOCK_STREAM, sv);
	t[0] = sc_task_fork(stack_task, COPY);
	for (int i = 1; i < 20; i++) {
		t[i] = sc_task_fork(t[i - 1], i % 2);
		assert_non_null(t[i]);
		for (int k = 0; k < i; k++)
			assert_int_not_equal(sc_task_pid(t[i]), sc_task_pid(t[k]));
	}
	close_both(stack_task, sv);
	for (int i = 0; i < 19; i++)
		sc_task_free(t[i]);
	assert_int_equal(sc_write(t[19], sv[0], "x", 1), 1);
	assert_int_equal(sc_read(t[19], sv[1], buf, 1), 1);
	sc_task_free(t[19]);
}

static void exec(void **state)
{
	struct epoll_event e = {.events = EPOLLIN};
	struct sc_task *child;
	int keep[2], lose[2], ep, ep_lost;

	pair(stack_task, SOCK_STREAM, keep);
	pair(stack_task, SOCK_STREAM | SOCK_CLOEXEC, lose);
	ep = sc_epoll_create1(stack_task, 0);
	ep_lost = sc_epoll_create1(stack_task, EPOLL_CLOEXEC);
	assert_int_equal(sc_epoll_ctl(stack_task, ep, EPOLL_CTL_ADD, lose[0], &e), 0);
	child = sc_task_fork(stack_task, COPY);
	assert_int_equal(sc_task_exec(child), 0);
	assert_true(is_open(child, keep[0]) && is_open(child, keep[1]) && is_open(child, ep));
	assert_false(is_open(child, lose[0]) || is_open(child, lose[1]) || is_open(child, ep_lost));
	assert_true(is_open(stack_task, lose[0]) && is_open(stack_task, ep_lost));
	/* The set is the same for both, and the item lives as long as the file. */
	assert_int_equal(sc_write(stack_task, lose[1], "x", 1), 1);
	assert_int_equal(sc_epoll_wait(child, ep, &e, 1, 0), 1);
	sc_task_exec(stack_task);
	assert_int_equal(sc_epoll_wait(child, ep, &e, 1, 0), 0);
	assert_int_equal(sc_socket(child, AF_UNIX, SOCK_STREAM, 0), lose[0]); /* lowest free */
	sc_task_free(child);
	close_both(stack_task, keep);
	sc_close(stack_task, ep);
}

/* execve(2) gives a program a table of its own: others that shared it keep theirs. */
static void exec_of_a_shared_table(void **state)
{
	struct sc_task *child;
	int keep[2], lose[2];

	pair(stack_task, SOCK_STREAM, keep);
	pair(stack_task, SOCK_STREAM | SOCK_CLOEXEC, lose);
	child = sc_task_fork(stack_task, SHARE);
	assert_int_equal(sc_task_exec(child), 0);
	assert_true(is_open(child, keep[0]));
	assert_false(is_open(child, lose[0]));
	assert_true(is_open(stack_task, lose[0]) && is_open(stack_task, lose[1]));
	close_both(stack_task, lose);
	close_both(stack_task, keep);
	assert_true(is_open(child, keep[0]));
	sc_task_free(child);
}

/* ---- calls under way ---- */

/* A number that is closed, or taken by another file, while a call waits on it: the call
 * goes on with what the number named. */
static void a_number_reused_while_parked(void **state)
{
	const struct sc_task_config park = {.size = sizeof(park), .park = true};
	struct sc_task *t = sc_task_new(stack_host, &park);
	struct sc_parked *p;
	char buf[4] = "";
	int one[2], two[2];

	pair(t, SOCK_STREAM, one);
	pair(t, SOCK_STREAM, two);
	assert_int_equal(sc_read(t, one[0], buf, 4), SC_PARKED);
	p = sc_parked(t, NULL);
	assert_int_equal(sc_dup2(t, two[0], one[0]), one[0]);
	assert_int_equal(sc_write(t, two[1], "2", 1), 1);
	assert_int_equal(sc_resume(p), SC_PARKED);
	assert_int_equal(sc_write(t, one[1], "1", 1), 1);
	assert_int_equal(sc_resume(p), 1);
	assert_string_equal(buf, "1");
	/* With the call its last reference went. */
	assert_int_equal(sc_send(t, one[1], "1", 1, 0), -EPIPE);
	sc_task_free(t);
}

struct reader {
	pthread_t thread;
	struct sc_task *task;
	int fd;
	ssize_t ret;
};

static void *read_blocked(void *arg)
{
	struct reader *r = arg;
	char buf[1];

	r->ret = sc_read(r->task, r->fd, buf, 1);
	return NULL;
}

/* Several threads wait in one task: one that shares its table ends, it is interrupted,
 * it ends. */
static void tasks_with_threads_that_wait(void **state)
{
	struct sc_task *child = sc_task_fork(stack_task, SHARE);
	struct reader r[4];
	int sv[2];

	pair(stack_task, SOCK_STREAM, sv);
	for (int i = 0; i < 4; i++) {
		r[i] = (struct reader){.task = i < 2 ? stack_task : child, .fd = sv[0]};
		pthread_create(&r[i].thread, NULL, read_blocked, &r[i]);
	}
	usleep(50000);
	sc_task_free(child);
	for (int i = 2; i < 4; i++) {
		pthread_join(r[i].thread, NULL);
		assert_int_equal(r[i].ret, -EINTR);
	}
	assert_int_equal(sc_write(stack_task, sv[1], "xy", 2), 2);
	for (int i = 0; i < 2; i++) {
		pthread_join(r[i].thread, NULL);
		assert_int_equal(r[i].ret, 1);
	}
	pthread_create(&r[0].thread, NULL, read_blocked, &r[0]);
	usleep(50000);
	sc_task_interrupt(stack_task);
	pthread_join(r[0].thread, NULL);
	assert_int_equal(r[0].ret, -EINTR);
	close_both(stack_task, sv);
}

/* ---- threads ---- */

struct forker {
	pthread_t thread;
	int number;
};

static void *fork_and_fork(void *arg)
{
	struct forker *f = arg;

	for (int i = 0; i < 300; i++) {
		struct sc_task *t = sc_task_fork(stack_task, (i + f->number) % 2);
		struct pollfd p = {.fd = i % 8, .events = POLLIN};
		int sv[2];

		assert_non_null(t);
		if (pair(t, SOCK_DGRAM | SOCK_CLOEXEC, sv) == 0) {
			sc_poll(t, &p, 1, 0);
			sc_send(t, sv[0], "x", 1, MSG_DONTWAIT);
			if (i % 3)
				sc_close(t, sv[0]);
			else
				sc_task_exec(t);
			/* Perhaps it is another's by now. */
			sc_close(t, sv[0]);
			sc_close(t, sv[1]);
		}
		sc_task_free(t);
	}
	return NULL;
}

/* Tasks come and go in threads, half of them with the same table, in which everybody
 * opens and closes. */
static void threads(void **state)
{
	struct forker f[4];

	for (int i = 0; i < 4; i++) {
		f[i].number = i;
		pthread_create(&f[i].thread, NULL, fork_and_fork, &f[i]);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(f[i].thread, NULL);
	for (int fd = 0; fd < 4096; fd++)
		sc_close(stack_task, fd);
}

static int some_tasks(struct sc_task *t)
{
	struct sc_task *copy = NULL, *share = NULL;
	int sv[2] = {-1, -1}, ret = pair(t, SOCK_STREAM, sv);

	if (!ret) {
		copy = sc_task_fork(t, COPY);
		share = copy ? sc_task_fork(copy, SHARE) : NULL;
		ret = share ? sc_dup2(share, sv[0], 100) : -ENOMEM;
	}
	if (ret == 100)
		ret = sc_task_exec(share);
	sc_task_free(copy);
	sc_task_free(share);
	sc_close(t, sv[0]);
	sc_close(t, sv[1]);
	return ret;
}

static void without_memory(void **state)
{
	each_allocation_fails(false, some_tasks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STACK(a_copy),
		ON_STACK(in_common),
		ON_STACK(the_parent_ends_first),
		ON_STACK(generations),
		ON_STACK(exec),
		ON_STACK(exec_of_a_shared_table),
		ON_STACK(a_number_reused_while_parked),
		ON_STACK(tasks_with_threads_that_wait),
		ON_STACK(threads),
		ON_STACK(without_memory),
	};

	return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
