/*
 * trace.c - lines to their file.
 *
 * A line is at most 4096 bytes (PIPE_BUF) and goes out in one write, so neither
 * threads nor processes that share a pipe mix theirs. The program that is traced
 * waits for its line, but not for long: an output that takes nothing for a second is
 * given up, and costs no more time until it takes something again. Lines that are
 * lost that way, or because the output is full or closed, are counted, and the next
 * line that does get out is preceded by one that says how many; the first loss is
 * told on standard error, if that is another output.
 *
 * Pipes and terminals are opened anew, so that their O_NONBLOCK is ours alone: the
 * traced program may share the same standard error.
 */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/log.h"
#include "json.h"
#include "text.h"

enum { PATIENCE_MS = 1000, TAIL_MAX = 1024 /* of a line: result and verdict */ };

struct trace {
	pthread_mutex_t lock; /* all below */
	FILE *out;
	enum trace_format format;
	int fd;           /* -1: out has none, it is memory */
	bool own;         /* fd is ours to close */
	bool is_socket;
	bool tells;       /* losses can be told elsewhere */
	bool stuck;       /* it took nothing for PATIENCE_MS */
	bool torn;        /* the last line was written in part */
	uint64_t lost;    /* lines, not yet told */
	int told;         /* on standard error, once */
};

static bool same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static void open_output(struct trace *t)
{
	struct stat st;
	char path[32];
	int fd;

	fflush(t->out);
	t->fd = fileno(t->out);
	t->tells = t->fd >= 0 && !same_file(t->fd, STDERR_FILENO);
	if (t->fd < 0 || fstat(t->fd, &st) < 0)
		return;
	t->is_socket = S_ISSOCK(st.st_mode);
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", t->fd);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0) {
		t->fd = fd;
		t->own = true;
	}
}

struct trace *trace_new(FILE *out, enum trace_format format)
{
	struct trace *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	pthread_mutex_init(&t->lock, NULL);
	t->out = out;
	t->format = format;
	open_output(t);
	return t;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	if (t->own)
		close(t->fd);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static ssize_t put_some(struct trace *t, const char *buf, size_t len)
{
	if (t->fd < 0)
		return fwrite(buf, 1, len, t->out) == len && !fflush(t->out) ? (ssize_t)len : -1;
	if (t->is_socket)
		return send(t->fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(t->fd, buf, len);
}

static bool wait_for_room(struct trace *t)
{
	struct pollfd p = {.fd = t->fd, .events = POLLOUT};
	int n;

	do
		n = poll(&p, 1, t->stuck ? 0 : PATIENCE_MS);
	while (n < 0 && errno == EINTR);
	t->stuck = n == 0;
	return n > 0;
}

/* False if the line, or a part of it, is lost. */
static bool put(struct trace *t, const char *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = put_some(t, buf + done, len - done);

		if (n > 0)
			done += n;
		else if (n < 0 && errno == EINTR)
			continue;
		else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK) || !wait_for_room(t))
			break;
	}
	t->torn = done ? done < len : t->torn;
	return done == len;
}

static bool put_losses(struct trace *t)
{
	char note[80];
	int n = snprintf(note, sizeof(note), t->format == TRACE_JSON ? "%s{\"lost\":%llu}\n"
								     : "%s... %llu lines lost\n",
			 t->torn ? "\n" : "", (unsigned long long)t->lost);

	if (!put(t, note, n))
		return false;
	t->lost = 0;
	return true;
}

static void emit(struct trace *t, const char *buf, size_t len)
{
	pthread_mutex_lock(&t->lock);
	if (!len || (t->lost && !put_losses(t)) || !put(t, buf, len)) {
		t->lost++;
		if (t->tells)
			log_once(&t->told, "the trace loses lines: its output is full or closed");
	}
	pthread_mutex_unlock(&t->lock);
}

/* A line that is too long is cut in its arguments: what came of the call is always
 * there. */
static size_t text_line(char *buf, const struct json_line *in)
{
	struct line l = {.buf = buf, .cap = LINE_MAX_BYTES - TAIL_MAX};

	line_str(&l, "[pid ");
	line_i64(&l, in->who->tid);
	line_str(&l, "] ");
	text_call(&l, in->call, in->result);
	l.cap = LINE_MAX_BYTES - 1;
	if (l.cut) {
		l.cut = false;
		line_str(&l, "...)");
	}
	text_result(&l, in->call, in->verdict, in->result);
	buf[l.len] = '\n';
	return l.len + 1;
}

void trace_call(struct trace *t, const struct caller *who, const struct call *c,
		const struct verdict *v, const struct result *r, struct timespec started,
		uint64_t elapsed_ns)
{
	const struct json_line in = {who, c, v, r, started, elapsed_ns};
	char buf[LINE_MAX_BYTES];

	if (t->format == TRACE_JSON)
		emit(t, buf, json_call(&in, buf, sizeof(buf)));
	else
		emit(t, buf, text_line(buf, &in));
}
