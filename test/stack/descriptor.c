/*
 * descriptor.c - read, write, close, dup, fcntl and the ioctls of descriptors.
 */
#include "both.h"

#include <limits.h>
#include <linux/sockios.h>

enum { NONE = 99 }; /* no descriptor */

/* ---- read, write ---- */

static void reads_and_writes(void **state)
{
	const struct system *s = *state;
	char buf[16] = "";
	int sv[2];

	pair_of(s, SOCK_STREAM, sv);
	assert_int_equal(s->write(sv[0], "hello", 5), 5);
	assert_int_equal(s->read(sv[1], buf, 3), 3);
	assert_int_equal(s->read(sv[1], buf + 3, sizeof(buf) - 3), 2);
	assert_string_equal(buf, "hello");
	assert_int_equal(s->fcntl(sv[1], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(s->read(sv[1], buf, 1), -EAGAIN);
	assert_int_equal(s->close(sv[0]), 0);
	assert_int_equal(s->read(sv[1], buf, 1), 0);
	assert_int_equal(s->close(sv[1]), 0);
	assert_int_equal(s->read(NONE, buf, 1), -EBADF);
	assert_int_equal(s->write(NONE, buf, 1), -EBADF);
	assert_int_equal(s->read(-1, buf, 1), -EBADF);
}

/* Reading nothing never waits; writing nothing is a datagram, but not in pieces. */
static void nothing_to_move(void **state)
{
	const struct system *s = *state;
	struct iovec none[2] = {{NULL, 0}, {NULL, 0}};
	char buf[4];
	int sv[2];

	pair_of(s, SOCK_DGRAM, sv);
	assert_int_equal(s->read(sv[0], buf, 0), 0);
	assert_int_equal(s->readv(sv[0], none, 2), 0);
	assert_int_equal(s->readv(sv[0], none, 0), 0);
	assert_int_equal(s->writev(sv[0], none, 2), 0);
	assert_int_equal(s->writev(sv[0], none, 0), 0);
	assert_int_equal(s->recv(sv[1], buf, 4, MSG_DONTWAIT), -EAGAIN);
	assert_int_equal(s->write(sv[0], "", 0), 0);
	assert_int_equal(s->recv(sv[1], buf, 4, MSG_DONTWAIT), 0);
	assert_int_equal(s->recv(sv[1], buf, 4, MSG_DONTWAIT), -EAGAIN);
	s->close(sv[0]);
	s->close(sv[1]);
}

static void pieces(void **state)
{
	const struct system *s = *state;
	char a[3] = "", b[5] = "";
	struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cdef", 4}}, in[2] = {{a, 2}, {b, 4}};
	static char byte[2048];
	struct iovec many[IOV_MAX + 1];
	int sv[2];

	pair_of(s, SOCK_STREAM, sv);
	assert_int_equal(s->writev(sv[0], out, 3), 6);
	assert_int_equal(s->readv(sv[1], in, 2), 6);
	assert_string_equal(a, "ab");
	assert_string_equal(b, "cdef");
	for (int i = 0; i <= IOV_MAX; i++)
		many[i] = (struct iovec){&byte[i], 1};
	assert_int_equal(s->writev(sv[0], many, IOV_MAX), IOV_MAX);
	assert_int_equal(s->writev(sv[0], many, IOV_MAX + 1), -EINVAL);
	assert_int_equal(s->writev(sv[0], many, -1), -EINVAL);
	assert_int_equal(s->readv(sv[1], many, IOV_MAX + 1), -EINVAL);
	assert_int_equal(s->readv(sv[1], many, IOV_MAX), IOV_MAX);
	in[1].iov_len = (size_t)-1;
	assert_int_equal(s->readv(sv[1], in, 2), -EINVAL);
	assert_int_equal(s->writev(sv[1], in, 2), -EINVAL);
	assert_int_equal(s->readv(NONE, many, IOV_MAX + 1), -EBADF);
	assert_int_equal(s->readv(sv[1], NULL, 1), -EFAULT);
	if (sizeof(size_t) == 8) { /* what is cut to 2 GiB lies in the memory of a 32-bit program */
		assert_int_equal(s->read(sv[1], a, (size_t)-1), -EFAULT);
		assert_int_equal(s->write(sv[1], a, (size_t)-1), -EFAULT);
	}
	assert_int_equal(s->read(NONE, a, (size_t)-1), -EBADF);
	s->close(sv[0]);
	s->close(sv[1]);
}

/* An epoll set has nothing to read. */
static void sets_do_not_read(void **state)
{
	const struct system *s = *state;
	struct iovec one = {(char[1]){0}, 1}, none = {NULL, 0};
	char buf[2];
	int ep = s->epoll_create1(0);

	assert_true(ep >= 0);
	assert_int_equal(s->read(ep, buf, 1), -EINVAL);
	assert_int_equal(s->read(ep, buf, 0), -EINVAL);
	assert_int_equal(s->write(ep, buf, 1), -EINVAL);
	assert_int_equal(s->write(ep, buf, 0), -EINVAL);
	assert_int_equal(s->readv(ep, &one, 1), -EINVAL);
	assert_int_equal(s->writev(ep, &none, 1), -EINVAL);
	assert_int_equal(s->send(ep, buf, 1, 0), -ENOTSOCK);
	assert_int_equal(s->recv(ep, buf, 1, 0), -ENOTSOCK);
	s->close(ep);
}

static void after_the_end(void **state)
{
	const struct system *s = *state;
	char buf[4];
	int sv[2];

	pair_of(s, SOCK_STREAM, sv);
	assert_int_equal(s->shutdown(sv[0], SHUT_WR), 0);
	assert_int_equal(s->send(sv[0], "x", 1, 0), -EPIPE);
	assert_int_equal(s->read(sv[1], buf, 1), 0);
	assert_int_equal(s->write(sv[1], "x", 1), 1);
	assert_int_equal(s->close(sv[0]), 0); /* with a byte unread */
	assert_int_equal(s->send(sv[1], "x", 1, 0), -EPIPE);
	assert_int_equal(s->read(sv[1], buf, 1), -ECONNRESET);
	assert_int_equal(s->read(sv[1], buf, 1), 0);
	s->close(sv[1]);
}

/* ---- numbers ---- */

static void duplicates(void **state)
{
	const struct system *s = *state;
	char buf[4];
	int sv[2], a, b;

	pair_of(s, SOCK_STREAM, sv);
	a = s->dup(sv[0]);
	assert_true(a > sv[1]);
	assert_int_equal(s->close(sv[0]), 0);
	assert_int_equal(s->close(sv[0]), -EBADF);
	assert_int_equal(s->dup(sv[0]), -EBADF);
	assert_int_equal(s->write(a, "x", 1), 1);
	assert_int_equal(s->read(sv[1], buf, 4), 1);
	b = s->dup(a);
	assert_int_equal(b, sv[0]); /* the lowest */

	/* O_NONBLOCK belongs to what both name, FD_CLOEXEC to the number. */
	assert_int_equal(s->fcntl(a, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(s->read(b, buf, 1), -EAGAIN);
	assert_int_equal(s->fcntl(a, F_SETFD, FD_CLOEXEC), 0);
	assert_int_equal(s->fcntl(b, F_GETFD, 0), 0);

	/* The last one ends it. */
	assert_int_equal(s->close(a), 0);
	assert_int_equal(s->recv(sv[1], buf, 1, MSG_DONTWAIT), -EAGAIN);
	assert_int_equal(s->close(b), 0);
	assert_int_equal(s->recv(sv[1], buf, 1, MSG_DONTWAIT), 0);
	assert_int_equal(s->close(sv[1]), 0);
	assert_int_equal(s->close(-1), -EBADF);
	assert_int_equal(s->close(INT_MAX), -EBADF);
}

static void duplicates_at(void **state)
{
	const struct system *s = *state;
	char buf[4];
	int one[2], two[2];

	pair_of(s, SOCK_STREAM, one);
	pair_of(s, SOCK_STREAM, two);
	assert_int_equal(s->dup2(one[0], one[0]), one[0]);
	assert_int_equal(s->dup2(NONE, NONE), -EBADF);
	assert_int_equal(s->dup2(NONE, one[0]), -EBADF);
	assert_int_equal(s->dup2(one[0], -1), -EBADF);
	assert_int_equal(s->dup2(one[0], 1 << 30), -EBADF);
	assert_int_equal(s->dup3(one[0], one[0], 0), -EINVAL);
	assert_int_equal(s->dup3(NONE, NONE, 0), -EINVAL);
	assert_int_equal(s->dup3(one[0], NONE, 1), -EINVAL);
	assert_int_equal(s->dup3(NONE, 1 << 30, 0), -EBADF);

	/* What was there is closed: its peer sees the end. */
	assert_int_equal(s->dup2(one[0], two[0]), two[0]);
	assert_int_equal(s->read(two[1], buf, 1), 0);
	assert_int_equal(s->write(two[0], "x", 1), 1);
	assert_int_equal(s->read(one[1], buf, 4), 1);
	assert_int_equal(s->dup3(one[0], NONE, O_CLOEXEC), NONE);
	assert_int_equal(s->fcntl(NONE, F_GETFD, 0), FD_CLOEXEC);
	assert_int_equal(s->dup2(one[0], NONE), NONE);
	assert_int_equal(s->fcntl(NONE, F_GETFD, 0), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(s->close(one[i]), 0);
		assert_int_equal(s->close(two[i]), 0);
	}
	assert_int_equal(s->close(NONE), 0);
}

static void control(void **state)
{
	const struct system *s = *state;
	int sv[2], a;

	pair_of(s, SOCK_STREAM | SOCK_CLOEXEC, sv);
	assert_int_equal(s->fcntl(NONE, F_GETFD, 0), -EBADF);
	assert_int_equal(s->fcntl(NONE, 9999, 0), -EBADF);
	assert_int_equal(s->fcntl(sv[0], 9999, 0), -EINVAL);
	assert_int_equal(s->fcntl(sv[0], F_GETFD, 0), FD_CLOEXEC);
	assert_int_equal(s->fcntl(sv[0], F_SETFD, 2), 0);
	assert_int_equal(s->fcntl(sv[0], F_GETFD, 0), 0);
	assert_int_equal(s->fcntl(sv[0], F_SETFD, 0xff), 0);
	assert_int_equal(s->fcntl(sv[0], F_GETFD, 0), FD_CLOEXEC);

	assert_int_equal(s->fcntl(sv[0], F_GETFL, 0), O_RDWR);
	assert_int_equal(s->fcntl(sv[0], F_SETFL, O_NONBLOCK | O_ASYNC), 0);
	assert_int_equal(s->fcntl(sv[0], F_GETFL, 0), O_RDWR | O_NONBLOCK | O_ASYNC);
	assert_int_equal(s->fcntl(sv[0], F_SETFL, O_TRUNC | O_CREAT | O_WRONLY | O_SYNC), 0);
	assert_int_equal(s->fcntl(sv[0], F_GETFL, 0), O_RDWR);
	assert_int_equal(s->fcntl(sv[0], F_SETFL, O_DIRECT), -EINVAL);

	a = s->fcntl(sv[0], F_DUPFD, 50);
	assert_int_equal(a, 50);
	assert_int_equal(s->fcntl(a, F_GETFD, 0), 0);
	assert_int_equal(s->fcntl(sv[0], F_DUPFD_CLOEXEC, 50), 51);
	assert_int_equal(s->fcntl(51, F_GETFD, 0), FD_CLOEXEC);
	assert_int_equal(s->fcntl(sv[0], F_DUPFD, -1), -EINVAL);
	assert_int_equal(s->fcntl(sv[0], F_DUPFD, 1 << 30), -EINVAL);
	assert_int_equal(s->fcntl(NONE, F_DUPFD, 0), -EBADF);
	s->close(50);
	s->close(51);
	s->close(sv[0]);
	s->close(sv[1]);
}

static void control_of_sets(void **state)
{
	const struct system *s = *state;
	int on = 1, off = 0, ep = s->epoll_create1(EPOLL_CLOEXEC);

	assert_int_equal(s->fcntl(ep, F_GETFD, 0), FD_CLOEXEC);
	assert_int_equal(s->fcntl(ep, F_GETFL, 0), O_RDWR);
	assert_int_equal(s->fcntl(ep, F_SETFL, O_NONBLOCK | O_ASYNC), 0);
	assert_int_equal(s->fcntl(ep, F_GETFL, 0), O_RDWR | O_NONBLOCK);
	assert_int_equal(s->ioctl(ep, FIOASYNC, &on), -ENOTTY);
	assert_int_equal(s->ioctl(ep, FIOASYNC, &off), 0);
	assert_int_equal(s->ioctl(ep, FIONBIO, &off), 0);
	assert_int_equal(s->fcntl(ep, F_GETFL, 0), O_RDWR);
	assert_int_equal(s->ioctl(ep, FIONCLEX, NULL), 0);
	assert_int_equal(s->fcntl(ep, F_GETFD, 0), 0);
	assert_int_equal(s->ioctl(ep, FIOCLEX, NULL), 0);
	assert_int_equal(s->fcntl(ep, F_GETFD, 0), FD_CLOEXEC);
	/* Sets have requests of their own since Linux 6.9; before, ENOTTY. */
	if (!s->is_native)
		assert_int_equal(s->ioctl(ep, FIONREAD, &on), -EINVAL);
	s->close(ep);
}

static void requests(void **state)
{
	const struct system *s = *state;
	int sv[2], on = 1, off = 0, n = -1, seven = 7, udp;
	char stamp[16];

	pair_of(s, SOCK_STREAM, sv);
	assert_int_equal(s->ioctl(NONE, FIONBIO, &on), -EBADF);
	assert_int_equal(s->ioctl(NONE, 12345, &on), -EBADF);
	assert_int_equal(s->ioctl(sv[0], 12345, &on), -ENOTTY);
	assert_int_equal(s->ioctl(sv[0], FIONBIO, NULL), -EFAULT);
	assert_int_equal(s->ioctl(sv[0], FIOASYNC, NULL), -EFAULT);
	assert_int_equal(s->ioctl(sv[0], FIONBIO, &seven), 0);
	assert_int_equal(s->ioctl(sv[0], FIOASYNC, &seven), 0);
	assert_int_equal(s->fcntl(sv[0], F_GETFL, 0), O_RDWR | O_NONBLOCK | O_ASYNC);
	assert_int_equal(s->ioctl(sv[0], FIOASYNC, &off), 0);
	assert_int_equal(s->ioctl(sv[0], FIONBIO, &off), 0);
	assert_int_equal(s->fcntl(sv[0], F_GETFL, 0), O_RDWR);
	assert_int_equal(s->ioctl(sv[0], FIONREAD, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(s->write(sv[1], "abc", 3), 3);
	assert_int_equal(s->ioctl(sv[0], FIONREAD, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(s->ioctl(sv[0], SIOCGSTAMP, stamp), -ENOTTY);
	assert_int_equal(s->ioctl(sv[0], SIOCGSTAMPNS, stamp), -ENOTTY);
	s->close(sv[0]);
	s->close(sv[1]);
	udp = s->socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(s->ioctl(udp, SIOCGSTAMP, stamp), -ENOENT);
	assert_int_equal(s->ioctl(udp, SIOCGSTAMPNS, NULL), -ENOENT);
	s->close(udp);
}

/* ---- limits ---- */

static void the_table_is_full(void **state)
{
	const struct system *s = *state;
	enum { LIMIT = 8 };
	int sv[2], fd = -1;

	stack_begin_with(&(struct sc_config){.size = sizeof(struct sc_config),
					     .limits.files_per_task = LIMIT},
			 NULL);
	pair_of(s, SOCK_STREAM, sv);
	for (int i = 2; i < LIMIT; i++)
		assert_int_equal(fd = s->dup(sv[0]), i);
	assert_int_equal(s->dup(sv[0]), -EMFILE);
	assert_int_equal(s->fcntl(sv[0], F_DUPFD, 4), -EMFILE);
	assert_int_equal(s->fcntl(sv[0], F_DUPFD, LIMIT), -EINVAL);
	assert_int_equal(s->dup2(sv[0], LIMIT), -EBADF);
	assert_int_equal(s->epoll_create1(0), -EMFILE);
	assert_int_equal(s->socket(AF_UNIX, SOCK_STREAM, 0), -EMFILE);
	assert_int_equal(s->dup2(sv[0], fd), fd); /* takes the place of another */
	assert_int_equal(s->close(4), 0);
	assert_int_equal(s->epoll_create1(0), 4);
	for (int i = 0; i < LIMIT; i++)
		assert_int_equal(s->close(i), 0);
}

static void the_network_is_full(void **state)
{
	const struct system *s = *state;
	int sv[2], ep;

	stack_begin_with(&(struct sc_config){.size = sizeof(struct sc_config), .limits.files = 3},
			 NULL);
	pair_of(s, SOCK_STREAM, sv);
	ep = s->epoll_create1(0);
	assert_true(ep >= 0);
	assert_int_equal(s->epoll_create1(0), -ENFILE);
	assert_int_equal(s->socket(AF_UNIX, SOCK_STREAM, 0), -ENFILE);
	s->close(ep);
	ep = s->epoll_create1(0);
	assert_true(ep >= 0);
	s->close(ep);
	s->close(sv[0]);
	s->close(sv[1]);
}

/* A parked readv() ends where it began. */
static void a_parked_readv(void **state)
{
	const struct system *s = *state;
	char a[3] = "", b[5] = "";
	struct iovec in[2] = {{a, 2}, {b, 4}};
	struct sc_parked *p;
	int sv[2];

	stack_begin_with(NULL, &(struct sc_task_config){.size = sizeof(struct sc_task_config),
							.park = true});
	pair_of(s, SOCK_STREAM, sv);
	assert_int_equal(s->readv(sv[0], in, 2), SC_PARKED);
	p = sc_parked(stack_task, NULL);
	assert_non_null(p);
	assert_int_equal(s->write(sv[1], "abcdef", 6), 6);
	assert_int_equal(sc_resume(p), 6);
	assert_string_equal(a, "ab");
	assert_string_equal(b, "cdef");
	s->close(sv[0]);
	s->close(sv[1]);
}

static int some_numbers(struct sc_task *t)
{
	int sv[2], ret = sc_socketpair(t, AF_UNIX, SOCK_STREAM, 0, sv), far = -1;
	char byte[9] = "12345678";
	struct iovec v[9];

	if (ret)
		return ret;
	for (int i = 0; i < 9; i++)
		v[i] = (struct iovec){&byte[i], 1};
	ret = far = sc_dup2(t, sv[0], 40);
	if (ret >= 0)
		ret = sc_writev(t, sv[0], v, 9);
	if (ret >= 0)
		ret = sc_readv(t, sv[1], v, 9);
	sc_close(t, sv[0]);
	sc_close(t, sv[1]);
	sc_close(t, far);
	return ret < 0 ? ret : 0;
}

static void without_memory(void **state)
{
	each_allocation_fails(false, some_numbers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(reads_and_writes),
		ON_BOTH(nothing_to_move),
		ON_BOTH(pieces),
		ON_BOTH(sets_do_not_read),
		ON_BOTH(after_the_end),
		ON_BOTH(duplicates),
		ON_BOTH(duplicates_at),
		ON_BOTH(control),
		ON_BOTH(control_of_sets),
		ON_BOTH(requests),
		ON_STACK(the_table_is_full),
		ON_STACK(the_network_is_full),
		ON_STACK(a_parked_readv),
		ON_STACK(without_memory),
	};

	return cmocka_run_group_tests_name("descriptor", tests, NULL, NULL);
}
