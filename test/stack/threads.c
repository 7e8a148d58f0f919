/*
 * threads.c - threads of one task, on one network and on several.
 *
 * Run under ThreadSanitizer by script/test sanitize. Each part is bounded in count; a
 * lost wake-up is a hang, which the test's time limit ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <socketcall.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 2000, THREADS = 4 };

static int failed;
static void must(bool ok, const char *what, int line)
{
	if (!ok) {
		printf("FAILED line %d: %s\n", line, what);
		failed = 1;
		exit(1);
	}
}
#define MUST(x) must((x), #x, __LINE__)

struct shared {
	struct sc_net *net;
	struct sc_task *task;
	int fd[2];
	atomic_long in, out;
	atomic_bool stop;
};

static struct shared begin(void)
{
	struct shared s = {.net = sc_net_new(NULL)};

	s.task = sc_task_new(sc_host_new(s.net, "a"), NULL);
	MUST(s.task);
	return s;
}

static void run(struct shared *s, int n, void *(*fn[])(void *))
{
	pthread_t id[16];

	for (int i = 0; i < n; i++)
		MUST(pthread_create(&id[i], NULL, fn[i], s) == 0);
	for (int i = 0; i < n; i++)
		pthread_join(id[i], NULL);
}

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void tcp_pair(struct shared *s)
{
	struct sockaddr_in at = loopback(4000);
	int l = sc_socket(s->task, AF_INET, SOCK_STREAM, 0), on = 1;

	sc_setsockopt(s->task, l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	MUST(sc_bind(s->task, l, (struct sockaddr *)&at, sizeof(at)) == 0);
	MUST(sc_listen(s->task, l, 8) == 0);
	s->fd[0] = sc_socket(s->task, AF_INET, SOCK_STREAM, 0);
	MUST(sc_connect(s->task, s->fd[0], (struct sockaddr *)&at, sizeof(at)) == 0);
	s->fd[1] = sc_accept(s->task, l, NULL, NULL);
	MUST(s->fd[1] >= 0);
	sc_close(s->task, l);
}

/* ---- ping and pong: each waits for the other ---- */

static void *ping(void *arg)
{
	struct shared *s = arg;
	char c = 'x';

	for (int i = 0; i < ROUNDS; i++) {
		MUST(sc_send(s->task, s->fd[0], &c, 1, 0) == 1);
		MUST(sc_recv(s->task, s->fd[0], &c, 1, 0) == 1);
	}
	return NULL;
}

static void *pong(void *arg)
{
	struct shared *s = arg;
	char c;

	for (int i = 0; i < ROUNDS; i++) {
		MUST(sc_recv(s->task, s->fd[1], &c, 1, 0) == 1);
		MUST(sc_send(s->task, s->fd[1], &c, 1, 0) == 1);
	}
	return NULL;
}

/* ---- many senders and readers of one stream: bytes balance ---- */

static void *sender(void *arg)
{
	struct shared *s = arg;
	char buf[3000];

	memset(buf, 'y', sizeof(buf));
	for (int i = 0; i < 300; i++) {
		long n = sc_send(s->task, s->fd[0], buf, 1 + i * 9, 0);

		MUST(n == 1 + i * 9);
		atomic_fetch_add(&s->out, n);
	}
	return NULL;
}

static void *reader(void *arg)
{
	struct shared *s = arg;
	char buf[1000];
	long n;

	while ((n = sc_recv(s->task, s->fd[1], buf, sizeof(buf), 0)) > 0)
		atomic_fetch_add(&s->in, n);
	MUST(n == 0);
	return NULL;
}

static void *senders(void *arg)
{
	struct shared *s = arg;
	void *(*fn[])(void *) = {sender, sender, sender};

	run(s, 3, fn);
	MUST(sc_shutdown(s->task, s->fd[0], SHUT_WR) == 0);
	return NULL;
}

/* ---- a descriptor that is closed and used at once ---- */

static void *opener(void *arg)
{
	struct shared *s = arg;
	int sv[2];

	for (int i = 0; i < ROUNDS; i++) {
		if (sc_socketpair(s->task, AF_UNIX, i % 2 ? SOCK_STREAM : SOCK_SEQPACKET, 0, sv))
			continue;
		sc_send(s->task, sv[0], "abc", 3, MSG_NOSIGNAL | MSG_DONTWAIT);
		sc_close(s->task, sv[i % 2]);
		sc_close(s->task, sv[!(i % 2)]);
	}
	atomic_store(&s->stop, true);
	return NULL;
}

static void *meddler(void *arg)
{
	struct shared *s = arg;
	char buf[16];
	unsigned seed = 1;

	while (!atomic_load(&s->stop)) {
		int fd = rand_r(&seed) % 8;

		switch (rand_r(&seed) % 6) {
		case 0: sc_send(s->task, fd, "z", 1, MSG_DONTWAIT | MSG_NOSIGNAL); break;
		case 1: sc_recv(s->task, fd, buf, sizeof(buf), MSG_DONTWAIT); break;
		case 2: sc_close(s->task, sc_dup(s->task, fd)); break;
		case 3: sc_shutdown(s->task, fd, SHUT_RD); break;
		case 4: sc_poll(s->task, &(struct pollfd){fd, POLLIN | POLLOUT, 0}, 1, 0); break;
		default: sc_close(s->task, fd); break;
		}
	}
	return NULL;
}

/* ---- accept in several threads, connect in others ---- */

static void *acceptor(void *arg)
{
	struct shared *s = arg;
	int fd;

	while ((fd = sc_accept(s->task, s->fd[0], NULL, NULL)) >= 0) {
		char c;

		MUST(sc_recv(s->task, fd, &c, 1, 0) == 1);
		sc_close(s->task, fd);
		atomic_fetch_add(&s->in, 1);
	}
	MUST(fd == -EINVAL || fd == -EBADF);
	return NULL;
}

static void *connector(void *arg)
{
	struct shared *s = arg;
	struct sockaddr_in at = loopback(4001);

	for (int i = 0; i < 500; i++) {
		int fd = sc_socket(s->task, AF_INET, SOCK_STREAM, 0);

		MUST(sc_connect(s->task, fd, (struct sockaddr *)&at, sizeof(at)) == 0);
		MUST(sc_send(s->task, fd, "c", 1, 0) == 1);
		sc_close(s->task, fd);
		atomic_fetch_add(&s->out, 1);
	}
	return NULL;
}

static void *connectors(void *arg)
{
	struct shared *s = arg;
	void *(*fn[])(void *) = {connector, connector};

	run(s, 2, fn);
	while (atomic_load(&s->in) < 1000)
		sc_poll(s->task, NULL, 0, 1);
	MUST(sc_shutdown(s->task, s->fd[0], SHUT_RDWR) == 0);
	return NULL;
}

/* ---- a timeout, and a signal, while others work ---- */

static void *times_out(void *arg)
{
	struct shared *s = arg;
	struct timeval t = {.tv_usec = 20000};
	int sv[2];
	char c;

	MUST(sc_socketpair(s->task, AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	MUST(sc_setsockopt(s->task, sv[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) == 0);
	for (int i = 0; i < 5; i++)
		MUST(sc_recv(s->task, sv[0], &c, 1, 0) == -EAGAIN);
	return NULL;
}

static void *is_interrupted(void *arg)
{
	struct shared *s = arg;
	char c;

	MUST(sc_recv(s->task, s->fd[0], &c, 1, 0) == -EINTR);
	atomic_store(&s->stop, true);
	return NULL;
}

static void *interrupts(void *arg)
{
	struct shared *s = arg;

	while (!atomic_load(&s->stop)) {
		sc_task_interrupt(s->task);
		sched_yield();
	}
	return NULL;
}

static void part(const char *name, struct shared *s, int n, void *(*fn[])(void *))
{
	run(s, n, fn);
	sc_net_free(s->net);
	printf("ok %s\n", name);
}

int main(void)
{
	struct shared s;

	setvbuf(stdout, NULL, _IOLBF, 0);
	s = begin();
	tcp_pair(&s);
	part("ping and pong", &s, 2, (void *(*[])(void *)){ping, pong});
	s = begin();
	tcp_pair(&s);
	part("senders and readers", &s, 3, (void *(*[])(void *)){senders, reader, reader});
	MUST(s.in == s.out);
	s = begin();
	MUST(sc_socketpair(s.task, AF_UNIX, SOCK_STREAM, 0, s.fd) == 0);
	part("senders and readers, AF_UNIX", &s, 3, (void *(*[])(void *)){senders, reader, reader});
	MUST(s.in == s.out);
	s = begin();
	part("closed and used at once", &s, 3, (void *(*[])(void *)){opener, meddler, meddler});
	s = begin();
	s.fd[0] = sc_socket(s.task, AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in at = loopback(4001);
	MUST(sc_bind(s.task, s.fd[0], (struct sockaddr *)&at, sizeof(at)) == 0);
	MUST(sc_listen(s.task, s.fd[0], 16) == 0);
	part("accepted by several", &s, 3, (void *(*[])(void *)){acceptor, acceptor, connectors});
	MUST(s.in == s.out);
	s = begin();
	tcp_pair(&s);
	part("timeouts beside work", &s, 4, (void *(*[])(void *)){ping, pong, times_out, times_out});
	s = begin();
	tcp_pair(&s);
	part("a signal", &s, 2, (void *(*[])(void *)){is_interrupted, interrupts});
	printf("7 passed, 0 failed, 0 skipped\n");
	return failed;
}
