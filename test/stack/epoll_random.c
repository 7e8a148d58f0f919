/*
 * epoll_random.c - the same random calls on the kernel and on our own sockets: pairs,
 * sets and duplicates that come and go, and what poll and epoll say of them. Each
 * result must be the same.
 *
 * A descriptor is known by its place in a table; each system has its own number for
 * it. Little is written, so that how large buffers are does not show. Datagrams are left
 * out: of them the kernel tells an edge where a send failed.
 *
 *     stack-epoll_random [SEED [CALLS]]    one run, told step by step
 */
#include "both.h"

#include <poll.h>
#include <stdio.h>
#include <sys/utsname.h>

enum { PLACES = 14, SAID = 256 };

struct side {
	const struct system *s;
	int fd[PLACES];   /* -1: free */
	char said[SAID];
	int len;
};

struct run {
	struct side side[2];
	bool is_set[PLACES];
	uint64_t random;
	bool verbose;
};

static unsigned pick(struct run *r, unsigned below)
{
	r->random = r->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (r->random >> 33) % below;
}

__attribute__((format(printf, 2, 3))) static void say(struct side *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (d->len < SAID)
		d->len += vsnprintf(d->said + d->len, SAID - d->len, fmt, ap);
	va_end(ap);
}

static bool is_free(const struct run *r, int place)
{
	return r->side[0].fd[place] < 0;
}

/* Some place: free, or in use; mostly as asked, else any. */
static int some_place(struct run *r, bool free)
{
	int place = pick(r, PLACES);

	for (int i = 0; i < PLACES && is_free(r, place) != free; i++)
		place = (place + 1) % PLACES;
	return place;
}

static int some_set(struct run *r)
{
	int place = pick(r, PLACES);

	for (int i = 0; i < PLACES && (is_free(r, place) || !r->is_set[place]); i++)
		place = (place + 1) % PLACES;
	return place;
}

static uint32_t some_events(struct run *r)
{
	static const uint32_t some[] = {EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLRDHUP,
					EPOLLIN | EPOLLRDHUP, EPOLLRDNORM, EPOLLWRNORM, EPOLLPRI, 0};
	static const uint32_t ways[] = {0, 0, EPOLLET, EPOLLET, EPOLLONESHOT, EPOLLONESHOT | EPOLLET};

	return some[pick(r, 9)] | ways[pick(r, 6)];
}

#define EACH(r, d) for (struct side *d = (r)->side; d < (r)->side + 2; d++)

/* ---- steps: each makes the same call on both sides, and says what came of it ---- */

static void step_pair(struct run *r)
{
	const int type = pick(r, 2) ? SOCK_STREAM : SOCK_SEQPACKET, a = some_place(r, true);
	int b, sv[2];

	for (b = 0; b < PLACES && (b == a || !is_free(r, b)); b++)
		;
	if (b == PLACES || !is_free(r, a))
		return;
	r->is_set[a] = r->is_set[b] = false;
	EACH(r, d) {
		say(d, "pair %d: %d %d = %d", type, a, b, d->s->socketpair(AF_UNIX, type, 0, sv));
		d->fd[a] = sv[0];
		d->fd[b] = sv[1];
	}
}

static void step_set(struct run *r)
{
	const int a = some_place(r, true);

	if (!is_free(r, a))
		return;
	r->is_set[a] = true;
	EACH(r, d) {
		d->fd[a] = d->s->epoll_create1(0);
		say(d, "set %d", a);
	}
}

static void step_close(struct run *r)
{
	const int a = some_place(r, false);

	EACH(r, d) {
		say(d, "close %d = %d", a, d->s->close(d->fd[a]));
		d->fd[a] = -1;
	}
}

static void step_dup(struct run *r)
{
	const int from = some_place(r, false), to = pick(r, PLACES);
	const bool onto = !is_free(r, to);

	if (is_free(r, from) || from == to)
		return;
	r->is_set[to] = r->is_set[from];
	EACH(r, d) {
		if (onto)
			say(d, "dup2 %d %d = %d", from, to,
			    d->s->dup2(d->fd[from], d->fd[to]) == d->fd[to]);
		else
			say(d, "dup %d %d = %d", from, to, (d->fd[to] = d->s->dup(d->fd[from])) >= 0);
	}
}

static void step_write(struct run *r)
{
	const int a = some_place(r, false), n = pick(r, 3) + 1;

	EACH(r, d)
		say(d, "send %d %d = %zd", a, n, d->s->send(d->fd[a], "xyz", n, MSG_DONTWAIT));
}

/* All that is there: the kernel tells of room when a piece was read to its end, and
 * keeps pieces of a stream as they were written; here any byte that is read tells. */
static void step_read(struct run *r)
{
	const int a = some_place(r, false), n = 1000;
	char buf[1000];

	EACH(r, d)
		say(d, "recv %d %d = %zd", a, n, d->s->recv(d->fd[a], buf, n, MSG_DONTWAIT));
}

static void step_shutdown(struct run *r)
{
	const int a = some_place(r, false), how = pick(r, 3);

	EACH(r, d)
		say(d, "shutdown %d %d = %d", a, how, d->s->shutdown(d->fd[a], how));
}

static void step_ctl(struct run *r)
{
	const int set = pick(r, 20) ? some_set(r) : some_place(r, false), a = some_place(r, false);
	const int dice = pick(r, 8), op = dice < 4 ? EPOLL_CTL_ADD : dice < 7 ? EPOLL_CTL_MOD :
								       EPOLL_CTL_DEL;
	struct epoll_event e = {.events = some_events(r), .data.u32 = pick(r, 1000)};

	/* The kernel wakes who watches a set with EPOLLIN alone, and so never who asked for
	 * EPOLLRDNORM alone. Here it is heard. */
	if (r->is_set[a] && e.events & EPOLLRDNORM)
		e.events ^= EPOLLRDNORM | EPOLLIN;
	EACH(r, d)
		say(d, "ctl %d %d %d %x %u = %d", set, op, a, e.events, e.data.u32,
		    d->s->epoll_ctl(d->fd[set], op, d->fd[a], &e));
}

static void step_wait(struct run *r)
{
	const int set = pick(r, 20) ? some_set(r) : some_place(r, false), max = pick(r, 4) + 1;
	struct epoll_event e[4];

	EACH(r, d) {
		int n = d->s->epoll_wait(d->fd[set], e, max, 0);

		say(d, "wait %d %d = %d:", set, max, n);
		for (int i = 0; i < n; i++)
			say(d, " %u/%x", e[i].data.u32, e[i].events);
	}
}

static void step_poll(struct run *r)
{
	struct pollfd p[3];
	int place[3];

	for (int i = 0; i < 3; i++) {
		place[i] = pick(r, PLACES);
		p[i].events = pick(r, 2) ? 0x7fff & ~POLLNVAL : (short)some_events(r);
	}
	EACH(r, d) {
		for (int i = 0; i < 3; i++)
			p[i].fd = d->fd[place[i]];
		say(d, "poll = %d:", d->s->poll(p, 3, 0));
		for (int i = 0; i < 3; i++)
			say(d, " %d/%x", place[i], p[i].revents);
	}
}

static const struct {
	void (*step)(struct run *);
	unsigned often;
} steps[] = {
	{step_pair, 5}, {step_set, 2}, {step_close, 3}, {step_dup, 3}, {step_write, 18},
	{step_read, 15}, {step_shutdown, 2}, {step_ctl, 16}, {step_wait, 25}, {step_poll, 6},
};

static bool one_step(struct run *r)
{
	unsigned dice = 0, i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		dice += steps[i].often;
	dice = pick(r, dice);
	for (i = 0; dice >= steps[i].often; i++)
		dice -= steps[i].often;
	EACH(r, d) {
		d->len = 0;
		d->said[0] = 0;
	}
	steps[i].step(r);
	if (r->verbose && r->side[0].said[0])
		print_message("%s\n", r->side[0].said);
	if (!strcmp(r->side[0].said, r->side[1].said))
		return true;
	print_error("native: %s\nstack:  %s\n", r->side[0].said, r->side[1].said);
	return false;
}

static bool run(uint64_t seed, int calls, bool verbose)
{
	struct run r = {.side = {{.s = &native}, {.s = &stack}}, .random = seed, .verbose = verbose};
	bool same = true;
	int i;

	pick(&r, 1);
	stack_begin((void *[]){(void *)&stack});
	EACH(&r, d)
		for (int k = 0; k < PLACES; k++)
			d->fd[k] = -1;
	for (i = 0; i < calls && same; i++)
		same = one_step(&r);
	if (!same)
		print_error("differ at step %d of seed %llu\n", i, (unsigned long long)seed);
	EACH(&r, d)
		for (int k = 0; k < PLACES; k++)
			if (d->fd[k] >= 0)
				d->s->close(d->fd[k]);
	return !stack_end((void *[]){(void *)&stack}) && same;
}

/* Linux counts sets in sets up and down since 6.16. */
static bool kernel_is_like_ours(void)
{
	struct utsname u;
	int major = 0, minor = 0;

	return !uname(&u) && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 16));
}

static void the_same(void **state)
{
	if (!kernel_is_like_ours())
		skip();
	for (uint64_t seed = 1; seed <= 300; seed++)
		assert_true(run(seed, 300, false));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_same)};

	if (argc > 1)
		return !run(strtoull(argv[1], NULL, 0), argc > 2 ? atoi(argv[2]) : 300, true);
	return cmocka_run_group_tests_name("epoll_random", tests, NULL, NULL);
}
