/*
 * output.c - lines stay whole lines: whatever is in a call, wherever they go.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lines.h"

/* A small generator, so that a failure can be repeated. */
static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t below(uint64_t n)
{
	return rnd() % n;
}

/* Small, huge, or near a corner: what decides branches. */
static uint64_t number(void)
{
	static const uint64_t corners[] = {0, 1, 2, 16, 128, 0x7fffffff, 0x80000000, 0xffffffff,
					   0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX};

	switch (below(3)) {
	case 0:
		return corners[below(sizeof(corners) / sizeof(corners[0]))];
	case 1:
		return below(60);
	default:
		return rnd();
	}
}

static uint8_t *noise(size_t len)
{
	uint8_t *b = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		b[i] = below(4) ? rnd() : 0;
	return b;
}

static void random_addr(struct call_addr *a)
{
	uint8_t *b = noise(sizeof(a->bytes));

	a->at = number();
	a->len_at = number();
	a->len = below(2) ? (int)below(129) : (int)number();
	a->present = below(2) && a->len >= 0;
	memcpy(a->bytes, b, sizeof(a->bytes));
	a->bytes[0] = below(50);
	a->bytes[1] = below(10) ? 0 : rnd();
	free(b);
}

static uint8_t *random_control(size_t *len)
{
	uint8_t *b = NULL;

	*len = 0;
	for (unsigned i = below(5); i; i--) {
		size_t n = below(80);
		uint8_t *data = noise(n);

		put_cmsg(&b, len, below(2) ? 1 : (int)below(300), below(90), data, n);
		free(data);
	}
	/* Headers that lie. */
	if (b && below(3) == 0)
		((struct cmsghdr *)b)->cmsg_len = number();
	return b;
}

static void random_msgs(struct call *c, struct result *r)
{
	unsigned n = below(4) ? below(4) : below(1025);

	c->nmsg = n;
	c->msg = calloc(n + 1, sizeof(*c->msg));
	r->nmsg = below(n + 1);
	r->msg = calloc(n + 1, sizeof(*r->msg));
	for (unsigned i = 0; i < n; i++) {
		struct call_msg *m = &c->msg[i];
		struct result_msg *out = &r->msg[i];

		m->at = number();
		random_addr(&m->name);
		random_addr(&out->name);
		m->iovlen = below(8) ? below(4) : below(1025);
		m->iov = calloc(m->iovlen + 1, sizeof(*m->iov));
		for (unsigned j = 0; j < m->iovlen; j++)
			m->iov[j] = (struct call_span){number(), number()};
		m->control_at = number();
		m->control_room = number();
		m->control = random_control(&m->control_len);
		m->flags = out->flags = number();
		m->err = below(9) ? 0 : -EFAULT;
		if (i >= r->nmsg)
			continue;
		out->data_len = below(4) ? below(100) : 0;
		out->len = number();
		out->data = below(4) ? noise(out->data_len) : NULL;
		if (!out->data)
			out->data_len = 0;
		out->control = random_control(&out->control_len);
		out->ngiven = below(4);
		out->given = calloc(4, sizeof(int));
	}
}

static void random_call(struct call *c, struct result *r)
{
	static const int errors[] = {0, 0, 0, -EFAULT, -EINVAL, -4095, -12345};
	bool msgs;

	call_init(c);
	result_init(r);
	c->abi = below(3) ? (below(2) ? &abi_i386 : &abi_x86_64) : NULL;
	c->nr = below(10) ? 1 + below(CALL_LAST) : number();
	c->entry = below(2);
	c->sysno = number();
	c->err = errors[below(7)];
	r->ret = c->err ? c->err : below(2) ? (int64_t)number() : (int64_t)below(5);
	for (int i = 0; i < 6; i++)
		c->arg[i] = number();
	random_addr(&c->addr);
	random_addr(&r->addr);
	c->opt.len = number();
	c->opt.val_len = below(9) ? below(300) : below(100000);
	c->opt.val = noise(c->opt.val_len);
	r->opt_len = below(300);
	r->opt = noise(r->opt_len);
	c->time = below(3);
	c->timeout = r->time_left = (struct timespec){number(), number()};
	r->time_left_set = below(2);
	r->given_fd = r->given_pair[0] = r->given_pair[1] = number();
	msgs = below(2);
	if (msgs)
		random_msgs(c, r);
}

static void hostile(void **state)
{
	static const struct verdict verdict = {VERDICT_DENY, 9999, true,
					       "deny \xff\x1b[2J\n everything", "/p\x80\n", 0};

	for (int i = 0; i < 5000; i++) {
		struct call c;
		struct result r;
		char *line;

		random_call(&c, &r);
		line = line_of(TRACE_TEXT, &c, i & 1 ? &verdict : NULL, &r);
		for (char *s = line; *s; s++)
			assert_true(((uint8_t)*s >= ' ' && *s != 0x7f));
		assert_non_null(strstr(line, ") = "));
		free(line);
		json_decref(json_of(&c, i & 1 ? &verdict : NULL, &r));
		for (unsigned m = 0; m < r.nmsg; m++) {
			free(r.msg[m].control);
			r.msg[m].control = NULL;
		}
		result_free(&r);
		call_free(&c);
	}
}

static void trace_one(struct trace *t, pid_t pid)
{
	const struct caller who = {.tid = pid, .tgid = pid};
	struct call c;
	struct result r;

	call_init(&c);
	result_init(&r);
	c.abi = &abi_x86_64;
	c.nr = CALL_listen;
	c.arg[0] = 3;
	c.arg[1] = 5;
	trace_call(t, &who, &c, NULL, &r, (struct timespec){0}, 0);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Fills an output that nobody reads, then reads it. */
static void fill(int read_end, int write_end, enum trace_format format, const char *note)
{
	FILE *out = fdopen(write_end, "w");
	struct trace *t = trace_new(out, format);
	double start = now();
	static char text[1 << 22];
	size_t len = 0;
	ssize_t n;

	/* More than a pipe holds. Only one of them is waited for. */
	for (int i = 0; i < 20000; i++)
		trace_one(t, 7);
	assert_true(now() - start < 5);
	fcntl(read_end, F_SETFL, O_NONBLOCK);
	while ((n = read(read_end, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	/* It takes lines again, and says what is missing. */
	trace_one(t, 8);
	n = read(read_end, text + len, sizeof(text) - 1 - len);
	assert_true(n > 0);
	text[len + n] = 0;
	assert_non_null(strstr(text + len, note));
	assert_non_null(strstr(text + len, format == TRACE_JSON ? "\"pid\":8," : "[pid 8] listen"));
	assert_false(fcntl(write_end, F_GETFL) & O_NONBLOCK);
	trace_free(t);
	fclose(out);
	close(read_end);
}

static void full(void **state)
{
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	fill(fd[0], fd[1], TRACE_TEXT, " lines lost\n[pid 8]");
	assert_int_equal(pipe(fd), 0);
	fill(fd[0], fd[1], TRACE_JSON, "{\"lost\":");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	fill(fd[0], fd[1], TRACE_TEXT, " lines lost\n[pid 8]");
}

static void closed(void **state)
{
	int fd[2];
	FILE *out;
	struct trace *t;

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(i ? socketpair(AF_UNIX, SOCK_STREAM, 0, fd) : pipe(fd), 0);
		out = fdopen(fd[1], "w");
		t = trace_new(out, TRACE_TEXT);
		trace_one(t, 7);
		close(fd[0]);
		trace_one(t, 7);
		trace_one(t, 7);
		trace_free(t);
		fclose(out);
	}
	out = fopen("/dev/full", "w");
	t = trace_new(out, TRACE_JSON);
	trace_one(t, 7);
	trace_free(t);
	fclose(out);
}

enum { THREADS = 4, LINES = 2000 };

static void *writer(void *arg)
{
	for (int i = 0; i < LINES; i++)
		trace_one(arg, 1000 + i);
	return NULL;
}

static void threads(void **state)
{
	FILE *file = tmpfile();
	struct trace *t = trace_new(file, TRACE_TEXT);
	pthread_t thread[THREADS];
	char line[256];
	int n = 0, pid, end;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, writer, t), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	trace_free(t);
	rewind(file);
	while (fgets(line, sizeof(line), file)) {
		end = 0;
		assert_int_equal(sscanf(line, "[pid %d] listen(3, 5) = 0\n%n", &pid, &end), 1);
		assert_int_equal(end, strlen(line));
		n++;
	}
	assert_int_equal(n, THREADS * LINES);
	fclose(file);
}

static void counters(void **state)
{
	static const struct verdict deny = {VERDICT_DENY, EPERM, false, "deny", NULL, 0};
	struct stats *s = stats_new();
	struct call c;
	struct result r;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	call_init(&c);
	result_init(&r);
	c.nr = CALL_connect;
	stats_call(s, &c, NULL, &r, 3000000);
	r.ret = -ECONNREFUSED;
	stats_call(s, &c, NULL, &r, 3000000);
	c.nr = CALL_socket;
	r.ret = -EPERM;
	stats_call(s, &c, &deny, &r, 2000000);
	c.nr = 99;
	c.err = r.ret = -EINVAL;
	stats_call(s, &c, NULL, &r, 0);
	stats_notification(s);
	stats_print(s, out);
	fclose(out);
	assert_string_equal(text,
		"% time     seconds  usecs/call     calls    served    denied    errors call\n"
		"------ ----------- ----------- --------- --------- --------- --------- ------------\n"
		" 75.00    0.006000      3000.0         2         2                   1 connect\n"
		" 25.00    0.002000      2000.0         1                   1         1 socket\n"
		"  0.00    0.000000         0.0         1                             1 (no call)\n"
		"------ ----------- ----------- --------- --------- --------- --------- ------------\n"
		"100.00    0.008000      2000.0         4         2         1         3 total\n"
		"5 notifications\n");
	free(text);
	stats_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile), cmocka_unit_test(full),     cmocka_unit_test(closed),
		cmocka_unit_test(threads), cmocka_unit_test(counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
