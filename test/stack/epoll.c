/*
 * epoll.c - epoll sets: what is reported when, and to whom.
 */
#include "both.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static int add(const struct system *s, int ep, int fd, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = fd};

	return s->epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static int mod(const struct system *s, int ep, int fd, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = fd};

	return s->epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
}

static int del(const struct system *s, int ep, int fd)
{
	return s->epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
}

/* The set has this for this number now, and nothing else. */
static void has(const struct system *s, int ep, int fd, uint32_t events)
{
	struct epoll_event e[4];

	assert_int_equal(s->epoll_wait(ep, e, 4, 0), 1);
	assert_int_equal(e[0].data.fd, fd);
	assert_int_equal(e[0].events, events);
}

static void has_none(const struct system *s, int ep)
{
	struct epoll_event e[4];

	assert_int_equal(s->epoll_wait(ep, e, 4, 0), 0);
}

static void put(const struct system *s, int fd)
{
	assert_int_equal(s->write(fd, "x", 1), 1);
}

static void take(const struct system *s, int fd)
{
	char buf[1];

	assert_int_equal(s->read(fd, buf, 1), 1);
}

static void close_all(const struct system *s, const int *fd, int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(s->close(fd[i]), 0);
}

/* ---- errors ---- */

static void errors(void **state)
{
	const struct system *s = *state;
	struct epoll_event e = {.events = EPOLLIN};
	int fd[3];

	pair_of(s, SOCK_STREAM, fd);
	assert_int_equal(s->epoll_create1(1), -EINVAL);
	fd[2] = s->epoll_create1(EPOLL_CLOEXEC);
	assert_true(fd[2] >= 0);

	assert_int_equal(s->epoll_ctl(99, EPOLL_CTL_ADD, fd[0], NULL), -EFAULT);
	assert_int_equal(s->epoll_ctl(99, EPOLL_CTL_DEL, fd[0], NULL), -EBADF);
	assert_int_equal(s->epoll_ctl(99, EPOLL_CTL_ADD, fd[0], &e), -EBADF);
	assert_int_equal(s->epoll_ctl(fd[2], EPOLL_CTL_ADD, 99, &e), -EBADF);
	assert_int_equal(s->epoll_ctl(fd[0], EPOLL_CTL_ADD, 99, &e), -EBADF);
	assert_int_equal(s->epoll_ctl(fd[0], EPOLL_CTL_ADD, fd[1], &e), -EINVAL);
	assert_int_equal(s->epoll_ctl(fd[2], EPOLL_CTL_ADD, fd[2], &e), -EINVAL);
	assert_int_equal(s->epoll_ctl(fd[2], 9, fd[0], &e), -EINVAL);
	assert_int_equal(s->epoll_ctl(fd[2], 9, fd[0], NULL), -EFAULT);
	assert_int_equal(s->epoll_ctl(fd[2], 9, 99, &e), -EBADF);
	assert_int_equal(mod(s, fd[2], fd[0], EPOLLIN), -ENOENT);
	assert_int_equal(del(s, fd[2], fd[0]), -ENOENT);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN), 0);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN), -EEXIST);
	assert_int_equal(del(s, fd[2], fd[0]), 0);
	assert_int_equal(del(s, fd[2], fd[0]), -ENOENT);

	assert_int_equal(s->epoll_wait(99, &e, 0, 0), -EBADF);
	assert_int_equal(s->epoll_wait(fd[0], &e, 1, 0), -EINVAL);
	assert_int_equal(s->epoll_wait(fd[2], &e, 0, 0), -EINVAL);
	assert_int_equal(s->epoll_wait(fd[2], &e, -1, 0), -EINVAL);
	assert_int_equal(s->epoll_wait(fd[2], &e, INT_MAX / sizeof(e) + 1, 0), -EINVAL);
	if (!s->is_native) {
		/* The kernel may find that this is more memory than there can be. */
		assert_int_equal(s->epoll_wait(fd[2], &e, INT_MAX / sizeof(e), 0), 0);
		/* Not served here. */
		assert_int_equal(add(s, fd[2], fd[0], EPOLLIN | EPOLLEXCLUSIVE), -EINVAL);
		assert_int_equal(add(s, fd[2], fd[0], EPOLLIN | EPOLLWAKEUP), -EINVAL);
	}
	close_all(s, fd, 3);
}

/* ---- level, edge, once ---- */

static void level(void **state)
{
	const struct system *s = *state;
	int fd[3];

	pair_of(s, SOCK_STREAM, fd);
	fd[2] = s->epoll_create1(0);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN), 0);
	has_none(s, fd[2]);
	put(s, fd[1]);
	put(s, fd[1]);
	has(s, fd[2], fd[0], EPOLLIN);
	has(s, fd[2], fd[0], EPOLLIN);
	take(s, fd[0]);
	has(s, fd[2], fd[0], EPOLLIN);
	take(s, fd[0]);
	has_none(s, fd[2]);
	put(s, fd[1]);
	take(s, fd[0]);
	has_none(s, fd[2]); /* it was, and is not any more */
	assert_int_equal(mod(s, fd[2], fd[0], EPOLLIN | EPOLLOUT), 0);
	has(s, fd[2], fd[0], EPOLLOUT);
	has(s, fd[2], fd[0], EPOLLOUT);
	assert_int_equal(mod(s, fd[2], fd[0], 0), 0);
	has_none(s, fd[2]);
	close_all(s, fd, 3);
}

static void edge(void **state)
{
	const struct system *s = *state;
	int fd[3];

	pair_of(s, SOCK_STREAM, fd);
	fd[2] = s->epoll_create1(0);
	put(s, fd[1]);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN | EPOLLET), 0);
	has(s, fd[2], fd[0], EPOLLIN); /* what is there when it is added is an edge */
	has_none(s, fd[2]);
	put(s, fd[1]);
	has(s, fd[2], fd[0], EPOLLIN); /* so is more of the same */
	has_none(s, fd[2]);
	take(s, fd[0]);
	has_none(s, fd[2]); /* but not that some was read */
	put(s, fd[1]);
	put(s, fd[1]);
	has(s, fd[2], fd[0], EPOLLIN); /* two at once are one */
	has_none(s, fd[2]);
	assert_int_equal(mod(s, fd[2], fd[0], EPOLLIN | EPOLLET), 0);
	has(s, fd[2], fd[0], EPOLLIN); /* it is looked at again */
	has_none(s, fd[2]);
	put(s, fd[1]);
	drain(s, fd[0]);
	has_none(s, fd[2]); /* an edge that nobody saw in time */
	close_all(s, fd, 3);
}

/* One edge of reading and writing reports both. */
static void edge_both_ways(void **state)
{
	const struct system *s = *state;
	int fd[3];

	pair_of(s, SOCK_STREAM, fd);
	fd[2] = s->epoll_create1(0);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN | EPOLLOUT | EPOLLET), 0);
	has(s, fd[2], fd[0], EPOLLOUT);
	has_none(s, fd[2]);
	put(s, fd[1]);
	has(s, fd[2], fd[0], EPOLLIN | EPOLLOUT);
	has_none(s, fd[2]);
	fill(s, fd[0]);
	has_none(s, fd[2]);
	put(s, fd[1]);
	has(s, fd[2], fd[0], EPOLLIN);
	drain(s, fd[1]);
	has(s, fd[2], fd[0], EPOLLIN | EPOLLOUT);
	s->shutdown(fd[1], SHUT_WR);
	has(s, fd[2], fd[0], EPOLLIN | EPOLLOUT);
	has_none(s, fd[2]);
	s->close(fd[1]);
	has(s, fd[2], fd[0], EPOLLIN | EPOLLOUT | EPOLLHUP);
	has_none(s, fd[2]);
	s->close(fd[0]);
	s->close(fd[2]);
}

static void once(void **state)
{
	const struct system *s = *state;
	int fd[3];

	pair_of(s, SOCK_STREAM, fd);
	fd[2] = s->epoll_create1(0);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN | EPOLLONESHOT), 0);
	put(s, fd[1]);
	has(s, fd[2], fd[0], EPOLLIN);
	has_none(s, fd[2]);
	put(s, fd[1]);
	has_none(s, fd[2]);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN), -EEXIST); /* it is still there */
	assert_int_equal(mod(s, fd[2], fd[0], EPOLLIN | EPOLLONESHOT), 0);
	has(s, fd[2], fd[0], EPOLLIN);
	s->close(fd[1]);
	has_none(s, fd[2]); /* not even the end */
	assert_int_equal(mod(s, fd[2], fd[0], EPOLLONESHOT | EPOLLET), 0);
	has(s, fd[2], fd[0], EPOLLHUP);
	has_none(s, fd[2]);
	s->close(fd[0]);
	s->close(fd[2]);
}

static void ends(void **state)
{
	const struct system *s = *state;
	int fd[3];

	pair_of(s, SOCK_STREAM, fd);
	fd[2] = s->epoll_create1(0);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLRDHUP), 0);
	put(s, fd[1]);
	has_none(s, fd[2]);
	s->shutdown(fd[1], SHUT_WR);
	has(s, fd[2], fd[0], EPOLLRDHUP);
	assert_int_equal(mod(s, fd[2], fd[0], 0), 0);
	has_none(s, fd[2]);
	s->close(fd[1]);
	has(s, fd[2], fd[0], EPOLLHUP); /* unasked */
	s->close(fd[0]);
	has_none(s, fd[2]);
	s->close(fd[2]);
}

static void every_event(void **state)
{
	const struct system *s = *state;
	const uint32_t in = EPOLLIN | EPOLLRDNORM, out = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	const uint32_t asks[] = {EPOLLRDNORM, EPOLLIN, in, EPOLLWRBAND, EPOLLWRNORM, out, in | out,
				 EPOLLPRI, EPOLLMSG, EPOLLRDBAND};
	int fd[3];

	pair_of(s, SOCK_STREAM, fd);
	fd[2] = s->epoll_create1(0);
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		assert_int_equal(add(s, fd[2], fd[0], asks[i]), 0);
		if (asks[i] & out)
			has(s, fd[2], fd[0], asks[i] & out);
		else
			has_none(s, fd[2]);
		put(s, fd[1]);
		if (asks[i] & (in | out))
			has(s, fd[2], fd[0], asks[i] & (in | out));
		else
			has_none(s, fd[2]);
		take(s, fd[0]);
		assert_int_equal(del(s, fd[2], fd[0]), 0);
	}
	close_all(s, fd, 3);
}

/* ---- whose turn it is ---- */

enum { PAIRS = 5 };

static void fair(void **state)
{
	const struct system *s = *state;
	int sv[PAIRS][2], ep = s->epoll_create1(0);
	struct epoll_event e[PAIRS];

	for (int i = 0; i < PAIRS; i++) {
		pair_of(s, SOCK_STREAM, sv[i]);
		assert_int_equal(add(s, ep, sv[i][0], EPOLLIN), 0);
	}
	/* In the order in which they became ready, then in turn. */
	for (int i = 0; i < PAIRS; i++)
		put(s, sv[(i * 2) % PAIRS][1]);
	for (int i = 0; i < 3 * PAIRS; i++) {
		assert_int_equal(s->epoll_wait(ep, e, 1, 0), 1);
		assert_int_equal(e[0].data.fd, sv[(i * 2) % PAIRS][0]);
	}
	for (int i = 0; i < 3 * PAIRS; i += 2) {
		assert_int_equal(s->epoll_wait(ep, e, 2, 0), 2);
		assert_int_equal(e[0].data.fd, sv[(i * 2) % PAIRS][0]);
		assert_int_equal(e[1].data.fd, sv[((i + 1) * 2) % PAIRS][0]);
	}
	/* 16 turns: the second one is first. One of them has its byte taken, and falls out. */
	take(s, sv[4][0]);
	assert_int_equal(s->epoll_wait(ep, e, PAIRS, 0), PAIRS - 1);
	assert_int_equal(e[0].data.fd, sv[2][0]);
	assert_int_equal(e[1].data.fd, sv[1][0]);
	assert_int_equal(e[2].data.fd, sv[3][0]);
	assert_int_equal(e[3].data.fd, sv[0][0]);
	for (int i = 0; i < PAIRS; i++)
		close_all(s, sv[i], 2);
	s->close(ep);
}

static void fair_edges(void **state)
{
	const struct system *s = *state;
	int sv[PAIRS][2], ep = s->epoll_create1(0);
	struct epoll_event e[PAIRS];

	for (int i = 0; i < PAIRS; i++) {
		pair_of(s, SOCK_STREAM, sv[i]);
		assert_int_equal(add(s, ep, sv[i][0], EPOLLIN | EPOLLET), 0);
		put(s, sv[i][1]);
	}
	assert_int_equal(s->epoll_wait(ep, e, 2, 0), 2);
	assert_int_equal(e[0].data.fd, sv[0][0]);
	put(s, sv[0][1]); /* behind those that wait */
	assert_int_equal(s->epoll_wait(ep, e, 2, 0), 2);
	assert_int_equal(e[0].data.fd, sv[2][0]);
	assert_int_equal(s->epoll_wait(ep, e, PAIRS, 0), 2);
	assert_int_equal(e[0].data.fd, sv[4][0]);
	assert_int_equal(e[1].data.fd, sv[0][0]);
	has_none(s, ep);
	for (int i = 0; i < PAIRS; i++)
		close_all(s, sv[i], 2);
	s->close(ep);
}

/* ---- numbers and what they name ---- */

static void closing(void **state)
{
	const struct system *s = *state;
	int fd[3], again;

	pair_of(s, SOCK_STREAM, fd);
	fd[2] = s->epoll_create1(0);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN), 0);
	again = s->dup(fd[0]);
	put(s, fd[1]);
	s->close(fd[0]);
	has(s, fd[2], fd[0], EPOLLIN); /* under the number it was added by */
	assert_int_equal(del(s, fd[2], fd[0]), -EBADF);
	assert_int_equal(del(s, fd[2], again), -ENOENT);
	assert_int_equal(s->dup2(again, fd[0]), fd[0]);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN), -EEXIST);
	assert_int_equal(add(s, fd[2], again, EPOLLOUT), 0);
	assert_int_equal(del(s, fd[2], fd[0]), 0);
	has(s, fd[2], again, EPOLLOUT);
	s->close(fd[0]);
	s->close(again);
	has_none(s, fd[2]); /* the last one */
	s->close(fd[1]);
	s->close(fd[2]);
}

/* The same number, another file: both are there. */
static void a_number_used_again(void **state)
{
	const struct system *s = *state;
	struct epoll_event e[4];
	int one[2], two[2], kept, ep = s->epoll_create1(0);

	pair_of(s, SOCK_STREAM, one);
	pair_of(s, SOCK_STREAM, two);
	kept = s->dup(one[0]);
	assert_int_equal(add(s, ep, one[0], EPOLLIN), 0);
	assert_int_equal(s->dup2(two[0], one[0]), one[0]);
	assert_int_equal(add(s, ep, one[0], EPOLLIN), 0);
	put(s, one[1]);
	put(s, two[1]);
	assert_int_equal(s->epoll_wait(ep, e, 4, 0), 2);
	assert_int_equal(e[0].data.fd, one[0]);
	assert_int_equal(e[1].data.fd, one[0]);
	assert_int_equal(del(s, ep, one[0]), 0); /* the one it names now */
	s->close(kept);
	has_none(s, ep);
	close_all(s, one, 2);
	close_all(s, two, 2);
	s->close(ep);
}

static void send_fd(const struct system *s, int over, int fd)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.h = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
			   .cmsg_type = SCM_RIGHTS}};
	struct iovec iov = {"x", 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			   .msg_controllen = sizeof(control)};

	memcpy(CMSG_DATA(&control.h), &fd, sizeof(fd));
	assert_int_equal(s->sendmsg(over, &m, 0), 1);
}

/* A file in a message is not closed. */
static void in_flight(void **state)
{
	const struct system *s = *state;
	int fd[3], over[2];

	pair_of(s, SOCK_STREAM, fd);
	pair_of(s, SOCK_STREAM, over);
	fd[2] = s->epoll_create1(0);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN), 0);
	send_fd(s, over[0], fd[0]);
	s->close(fd[0]);
	put(s, fd[1]);
	has(s, fd[2], fd[0], EPOLLIN);
	s->close(over[0]);
	s->close(over[1]); /* and the message with it */
	if (s->is_native)
		usleep(50000); /* the kernel may put it off */
	has_none(s, fd[2]);
	s->close(fd[1]);

	/* A set, too, may travel; its items stay. */
	pair_of(s, SOCK_STREAM, fd);
	pair_of(s, SOCK_STREAM, over);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN), 0);
	send_fd(s, over[0], fd[2]);
	s->close(fd[2]);
	put(s, fd[1]);
	{
		char room[CMSG_SPACE(sizeof(int))], byte;
		struct iovec iov = {&byte, 1};
		struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room,
				   .msg_controllen = sizeof(room)};

		assert_int_equal(s->recvmsg(over[1], &m, 0), 1);
		memcpy(&fd[2], CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	}
	has(s, fd[2], fd[0], EPOLLIN);
	close_all(s, fd, 3);
	close_all(s, over, 2);
}

static void the_set_ends_first(void **state)
{
	const struct system *s = *state;
	int fd[4];

	pair_of(s, SOCK_STREAM, fd);
	fd[2] = s->epoll_create1(0);
	fd[3] = s->epoll_create1(0);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN), 0);
	assert_int_equal(add(s, fd[2], fd[1], EPOLLIN | EPOLLET), 0);
	assert_int_equal(add(s, fd[3], fd[2], EPOLLIN), 0);
	assert_int_equal(add(s, fd[3], fd[1], EPOLLIN), 0);
	put(s, fd[0]);
	put(s, fd[1]);
	s->close(fd[2]);
	has(s, fd[3], fd[1], EPOLLIN);
	put(s, fd[0]);
	put(s, fd[1]);
	s->close(fd[3]);
	put(s, fd[0]);
	close_all(s, fd, 2);
}

/* ---- sets in sets ---- */

static void sets_in_sets(void **state)
{
	const struct system *s = *state;
	int fd[4];

	pair_of(s, SOCK_STREAM, fd);
	fd[2] = s->epoll_create1(0);
	fd[3] = s->epoll_create1(0);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN), 0);
	assert_int_equal(add(s, fd[3], fd[2], EPOLLIN), 0);
	has_none(s, fd[3]);
	put(s, fd[1]);
	has(s, fd[3], fd[2], EPOLLIN);
	has(s, fd[3], fd[2], EPOLLIN);
	has(s, fd[2], fd[0], EPOLLIN);
	has(s, fd[3], fd[2], EPOLLIN);
	take(s, fd[0]);
	has_none(s, fd[3]);

	/* An edge of the outer one: each time the inner one hears. */
	assert_int_equal(mod(s, fd[3], fd[2], EPOLLIN | EPOLLET), 0);
	put(s, fd[1]);
	has(s, fd[3], fd[2], EPOLLIN);
	has_none(s, fd[3]);
	put(s, fd[1]);
	has(s, fd[3], fd[2], EPOLLIN);
	has(s, fd[2], fd[0], EPOLLIN);
	has_none(s, fd[3]);
	drain(s, fd[0]);

	/* An inner edge that was taken is not there for the outer one. */
	assert_int_equal(mod(s, fd[2], fd[0], EPOLLIN | EPOLLET), 0);
	assert_int_equal(mod(s, fd[3], fd[2], EPOLLIN), 0);
	put(s, fd[1]);
	has(s, fd[3], fd[2], EPOLLIN);
	has(s, fd[2], fd[0], EPOLLIN);
	has_none(s, fd[3]);
	put(s, fd[1]);
	s->close(fd[2]);
	has_none(s, fd[3]);
	s->close(fd[0]);
	s->close(fd[1]);
	s->close(fd[3]);
}

static void circles(void **state)
{
	const struct system *s = *state;
	int ep[3];

	for (int i = 0; i < 3; i++)
		ep[i] = s->epoll_create1(0);
	assert_int_equal(add(s, ep[0], ep[1], EPOLLIN), 0);
	assert_int_equal(add(s, ep[1], ep[0], EPOLLIN), -ELOOP);
	assert_int_equal(add(s, ep[1], ep[2], EPOLLIN), 0);
	assert_int_equal(add(s, ep[2], ep[0], EPOLLIN), -ELOOP);
	assert_int_equal(add(s, ep[2], ep[2], EPOLLIN), -EINVAL);
	assert_int_equal(add(s, ep[0], ep[1], EPOLLIN), -EEXIST);
	assert_int_equal(add(s, ep[0], ep[2], EPOLLIN), 0);
	assert_int_equal(del(s, ep[0], ep[1]), 0);
	assert_int_equal(del(s, ep[0], ep[2]), 0);
	assert_int_equal(add(s, ep[2], ep[0], EPOLLIN), 0);
	close_all(s, ep, 3);
}

/* Kernels before 6.16 find some of it only when they count ways up. */
static void too_deep(const struct system *s, int ret)
{
	if (s->is_native)
		assert_true(ret == -ELOOP || ret == -EINVAL);
	else
		assert_int_equal(ret, -ELOOP);
}

/* Five in a row, built from below, from above, and of two halves. */
static void depth(void **state)
{
	const struct system *s = *state;
	int ep[6];

	for (int way = 0; way < 3; way++) {
		for (int i = 0; i < 6; i++)
			ep[i] = s->epoll_create1(0);
		for (int i = 0; i < 4; i++) {
			int at = way == 0 ? 3 - i : way == 1 ? i : i < 2 ? i : 5 - i;

			assert_int_equal(add(s, ep[at], ep[at + 1], EPOLLIN), 0);
		}
		too_deep(s, add(s, ep[4], ep[5], EPOLLIN));
		too_deep(s, add(s, ep[5], ep[0], EPOLLIN));
		assert_int_equal(add(s, ep[3], ep[5], EPOLLIN), 0);
		close_all(s, ep, 6);
	}
	/* Two rows of three must not be joined. */
	for (int i = 0; i < 6; i++)
		ep[i] = s->epoll_create1(0);
	for (int i = 0; i < 5; i++)
		if (i != 2)
			assert_int_equal(add(s, ep[i], ep[i + 1], EPOLLIN), 0);
	too_deep(s, add(s, ep[2], ep[3], EPOLLIN));
	assert_int_equal(add(s, ep[1], ep[3], EPOLLIN), 0);
	close_all(s, ep, 6);
}

/* How many sets of three levels a file may be in before -EINVAL: as many ways up as
 * there are, 100 of which pass two sets. */
static void many_ways(void **state)
{
	const struct system *s = *state;
	enum { WIDE = 11 };
	int fd[2], low[WIDE], mid[WIDE], top, ways = 0, ret = 0;

	pair_of(s, SOCK_STREAM, fd);
	top = s->epoll_create1(0);
	for (int i = 0; i < WIDE; i++) {
		low[i] = s->epoll_create1(0);
		mid[i] = s->epoll_create1(0);
		assert_int_equal(add(s, low[i], fd[0], EPOLLIN), 0);
		assert_int_equal(add(s, top, mid[i], EPOLLIN), 0);
	}
	for (int i = 0; i < WIDE && !ret; i++) {
		for (int k = 0; k < WIDE && !ret; k++) {
			ret = add(s, mid[i], low[k], EPOLLIN);
			ways += ret == 0;
		}
	}
	assert_int_equal(ret, -EINVAL);
	assert_int_equal(ways, 100);
	/* What was refused left nothing. */
	assert_int_equal(del(s, mid[100 / WIDE], low[100 % WIDE]), -ENOENT);
	put(s, fd[1]);
	assert_int_equal(del(s, low[0], fd[0]), 0);
	assert_int_equal(add(s, low[0], fd[0], EPOLLIN), 0);
	close_all(s, fd, 2);
	close_all(s, low, WIDE);
	close_all(s, mid, WIDE);
	s->close(top);
}

/* Any number of sets may watch a file directly. */
static void many_sets(void **state)
{
	const struct system *s = *state;
	enum { SETS = 1200 };
	static int ep[SETS];
	int fd[2];

	pair_of(s, SOCK_STREAM, fd);
	for (int i = 0; i < SETS; i++) {
		ep[i] = s->epoll_create1(0);
		assert_int_equal(add(s, ep[i], fd[0], EPOLLIN), 0);
	}
	put(s, fd[1]);
	has(s, ep[SETS - 1], fd[0], EPOLLIN);
	close_all(s, ep, SETS);
	close_all(s, fd, 2);
}

/* ---- waiting ---- */

struct later {
	pthread_t thread;
	const struct system *s;
	int fd;
	bool closes;
};

static void *act_later(void *arg)
{
	struct later *l = arg;

	nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
	if (l->closes)
		l->s->close(l->fd);
	else
		l->s->write(l->fd, "x", 1);
	return NULL;
}

static void waits(void **state)
{
	const struct system *s = *state;
	struct later l = {.s = s};
	struct epoll_event e;
	int64_t began = now_ms();
	int fd[4];

	pair_of(s, SOCK_STREAM, fd);
	fd[2] = s->epoll_create1(0);
	fd[3] = s->epoll_create1(0);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN | EPOLLET), 0);
	assert_int_equal(add(s, fd[3], fd[2], EPOLLIN), 0);
	assert_int_equal(s->epoll_wait(fd[2], &e, 1, 30), 0);
	assert_true(now_ms() - began >= 29);
	for (int i = 0; i < 2; i++) { /* directly, and through another set */
		l.fd = fd[1];
		pthread_create(&l.thread, NULL, act_later, &l);
		assert_int_equal(s->epoll_wait(fd[2 + i], &e, 1, i ? -1 : 5000), 1);
		assert_int_equal(e.data.fd, fd[2 * i]);
		pthread_join(l.thread, NULL);
	}
	close_all(s, fd, 4);
}

/* Who waits on a set that is closed meanwhile goes on waiting for what is in it. */
static void the_set_is_closed_meanwhile(void **state)
{
	const struct system *s = *state;
	struct later l = {.s = s, .closes = true}, m = {.s = s};
	struct epoll_event e;
	int fd[3];

	pair_of(s, SOCK_STREAM, fd);
	fd[2] = s->epoll_create1(0);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN), 0);
	l.fd = fd[2];
	pthread_create(&l.thread, NULL, act_later, &l);
	assert_int_equal(s->epoll_wait(fd[2], &e, 1, 100), 0);
	pthread_join(l.thread, NULL);
	assert_int_equal(s->epoll_wait(fd[2], &e, 1, 0), -EBADF);

	fd[2] = s->epoll_create1(0);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN), 0);
	l.fd = fd[2];
	pthread_create(&l.thread, NULL, act_later, &l);
	m.fd = fd[1];
	pthread_create(&m.thread, NULL, act_later, &m);
	assert_int_equal(s->epoll_wait(fd[2], &e, 1, 5000), 1);
	pthread_join(l.thread, NULL);
	pthread_join(m.thread, NULL);
	s->close(fd[0]);
	s->close(fd[1]);
}

struct waiter {
	pthread_t thread;
	const struct system *s;
	int ep, woken;
};

static void *wait_500(void *arg)
{
	struct waiter *w = arg;
	struct epoll_event e;

	w->woken = w->s->epoll_wait(w->ep, &e, 1, 500);
	return NULL;
}

/* An edge is for one of those who wait. */
static void one_edge_one_waiter(void **state)
{
	const struct system *s = *state;
	struct waiter w[3];
	int fd[3], woken = 0;

	pair_of(s, SOCK_STREAM, fd);
	fd[2] = s->epoll_create1(0);
	assert_int_equal(add(s, fd[2], fd[0], EPOLLIN | EPOLLET), 0);
	for (int i = 0; i < 3; i++) {
		w[i] = (struct waiter){.s = s, .ep = fd[2]};
		pthread_create(&w[i].thread, NULL, wait_500, &w[i]);
	}
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	put(s, fd[1]);
	for (int i = 0; i < 3; i++) {
		pthread_join(w[i].thread, NULL);
		woken += w[i].woken;
	}
	assert_int_equal(woken, 1);
	close_all(s, fd, 3);
}

static void parked(void **state)
{
	struct epoll_event e = {0};
	struct sc_parked *p;
	int fd[3];

	stack_begin_with(&(struct sc_config){.size = sizeof(struct sc_config),
					     .time = SC_TIME_VIRTUAL},
			 &(struct sc_task_config){.size = sizeof(struct sc_task_config),
						  .park = true});
	pair_of(&stack, SOCK_STREAM, fd);
	fd[2] = sc_epoll_create1(stack_task, 0);
	assert_int_equal(add(&stack, fd[2], fd[0], EPOLLIN), 0);
	assert_int_equal(sc_epoll_wait(stack_task, fd[2], &e, 1, 1000), SC_PARKED);
	p = sc_parked(stack_task, NULL);
	assert_int_equal(sc_resume(p), SC_PARKED);
	sc_net_advance(stack_net, 1000000000);
	assert_int_equal(sc_resume(p), 0);
	assert_int_equal(sc_epoll_wait(stack_task, fd[2], &e, 1, -1), SC_PARKED);
	p = sc_parked(stack_task, NULL);
	sc_close(stack_task, fd[2]); /* the call holds the set */
	put(&stack, fd[1]);
	assert_int_equal(sc_resume(p), 1);
	assert_int_equal(e.data.fd, fd[0]);
	fd[2] = sc_epoll_create1(stack_task, 0);
	assert_int_equal(sc_epoll_wait(stack_task, fd[2], &e, 1, -1), SC_PARKED);
	p = sc_parked(stack_task, NULL);
	sc_close(stack_task, fd[2]);
	assert_int_equal(sc_cancel(p), -EINTR);
	close_all(&stack, fd, 2);
}

/* ---- threads ---- */

enum { WAITERS = 3, ROUNDS = 400 };

struct crowd {
	const struct system *s;
	int ep, outer, fd[2];
	atomic_bool over;
};

static void *wait_in_crowd(void *arg)
{
	struct crowd *c = arg;
	struct epoll_event e[4];
	char buf[8];

	while (!c->over) {
		int n = c->s->epoll_wait(c->ep, e, 4, 20);

		assert_true(n >= 0);
		while (n-- > 0)
			c->s->recv(e[n].data.fd, buf, sizeof(buf), MSG_DONTWAIT);
		c->s->epoll_wait(c->outer, e, 1, 0);
	}
	return NULL;
}

/* Several threads wait on a set whose files come and go. */
static void threads(void **state)
{
	struct crowd c = {.s = *state};
	const struct system *s = c.s;
	pthread_t thread[WAITERS];

	c.ep = s->epoll_create1(0);
	c.outer = s->epoll_create1(0);
	assert_int_equal(add(s, c.outer, c.ep, EPOLLIN), 0);
	for (int i = 0; i < WAITERS; i++)
		pthread_create(&thread[i], NULL, wait_in_crowd, &c);
	for (int i = 0; i < ROUNDS; i++) {
		pair_of(s, i % 3 ? SOCK_STREAM : SOCK_DGRAM, c.fd);
		assert_int_equal(add(s, c.ep, c.fd[0], EPOLLIN | (i & 1 ? EPOLLET : 0)), 0);
		assert_int_equal(add(s, c.ep, c.fd[1], EPOLLIN | EPOLLRDHUP), 0);
		put(s, c.fd[1]);
		assert_int_equal(mod(s, c.ep, c.fd[0], EPOLLIN | EPOLLONESHOT), 0);
		s->close(c.fd[i % 2]);
		if (i % 5 == 0)
			del(s, c.ep, c.fd[1 - i % 2]);
		s->close(c.fd[1 - i % 2]);
	}
	c.over = true;
	for (int i = 0; i < WAITERS; i++)
		pthread_join(thread[i], NULL);
	has_none(s, c.ep);
	s->close(c.ep);
	s->close(c.outer);
}

static int some_sets(struct sc_task *t)
{
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT};
	int fd[4] = {-1, -1, -1, -1}, ret = sc_socketpair(t, AF_UNIX, SOCK_STREAM, 0, fd);

	if (ret >= 0)
		ret = fd[2] = sc_epoll_create1(t, 0);
	if (ret >= 0)
		ret = fd[3] = sc_epoll_create1(t, 0);
	if (ret >= 0)
		ret = sc_epoll_ctl(t, fd[2], EPOLL_CTL_ADD, fd[0], &e);
	if (ret >= 0)
		ret = sc_epoll_ctl(t, fd[2], EPOLL_CTL_ADD, fd[1], &e);
	if (ret >= 0)
		ret = sc_epoll_ctl(t, fd[3], EPOLL_CTL_ADD, fd[2], &e);
	if (ret >= 0)
		ret = sc_epoll_wait(t, fd[3], &e, 1, -1) == 1 ? 0 : -EINVAL;
	for (int i = 0; i < 4; i++)
		if (fd[i] >= 0)
			sc_close(t, fd[i]);
	return ret;
}

static void without_memory(void **state)
{
	each_allocation_fails(false, some_sets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(errors),
		ON_BOTH(level),
		ON_BOTH(edge),
		ON_BOTH(edge_both_ways),
		ON_BOTH(once),
		ON_BOTH(ends),
		ON_BOTH(every_event),
		ON_BOTH(fair),
		ON_BOTH(fair_edges),
		ON_BOTH(closing),
		ON_BOTH(a_number_used_again),
		ON_BOTH(in_flight),
		ON_BOTH(the_set_ends_first),
		ON_BOTH(sets_in_sets),
		ON_BOTH(circles),
		ON_BOTH(depth),
		ON_BOTH(many_ways),
		ON_BOTH(many_sets),
		ON_BOTH(waits),
		ON_BOTH(the_set_is_closed_meanwhile),
		ON_BOTH(one_edge_one_waiter),
		ON_STACK(parked),
		ON_BOTH(threads),
		ON_STACK(without_memory),
	};

	return cmocka_run_group_tests_name("epoll", tests, NULL, NULL);
}
