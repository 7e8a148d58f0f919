/*
 * virtual_time.c - a unit test of network code, with time under control.
 *
 * ask() sends a question over UDP and asks again, three times in all, if no answer
 * came within five seconds. Here it is tested against a server that sleeps through the
 * first two questions. On a real network this takes ten seconds and may fail for
 * reasons of its own; here it takes none, and fifteen seconds are fifteen seconds to
 * the nanosecond.
 *
 *     cc virtual_time.c $(pkg-config --cflags --libs socketcall) && ./a.out
 */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <socketcall.h>
#include <stdio.h>
#include <sys/time.h>

#define SECOND INT64_C(1000000000)

/* The code under test. In a program that was not written for this library the sc_
 * calls would be socketcall(), or libc's calls by a macro. */
static int ask(struct sc_task *t, const struct sockaddr_in *server, char *answer, size_t size)
{
	struct timeval patience = {.tv_sec = 5};
	int s = sc_socket(t, AF_INET, SOCK_DGRAM, 0), got = -1;

	sc_setsockopt(t, s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	sc_connect(t, s, (const struct sockaddr *)server, sizeof(*server));
	for (int i = 0; i < 3 && got < 0; i++) {
		sc_send(t, s, "?", 1, 0);
		got = sc_recv(t, s, answer, size, 0);
	}
	sc_close(t, s);
	return got;
}

struct server {
	struct sc_task *task;
	int fd, questions, sleeps_through;
};

/* Called whenever a question has come. */
static void on_question(void *ctx, short events)
{
	struct server *s = ctx;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char c;

	if (sc_recvfrom(s->task, s->fd, &c, 1, MSG_DONTWAIT, (struct sockaddr *)&from, &len) == 1 &&
	    s->questions++ >= s->sleeps_through)
		sc_sendto(s->task, s->fd, "42", 2, 0, (struct sockaddr *)&from, len);
}

int main(void)
{
	struct sc_config config = {.size = sizeof(config), .time = SC_TIME_AUTO};
	struct sc_net *net = sc_net_new(&config);
	struct sc_host *here = sc_host_new(net, "here"), *there = sc_host_new(net, "there");
	struct sc_task *client = sc_task_new(here, NULL), *task = sc_task_new(there, NULL);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(7)};
	struct server server = {.task = task, .sleeps_through = 2};
	struct sc_watch *watch;
	char answer[8];

	sc_host_add_address(here, "10.0.0.1/24");
	sc_host_add_address(there, "10.0.0.2/24");
	inet_pton(AF_INET, "10.0.0.2", &at.sin_addr);
	server.fd = sc_socket(task, AF_INET, SOCK_DGRAM, 0);
	assert(sc_bind(task, server.fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	assert(sc_watch(task, server.fd, POLLIN, on_question, &server, &watch) == 0);

	/* The third question is answered, after two waits of five seconds. */
	assert(ask(client, &at, answer, sizeof(answer)) == 2);
	assert(server.questions == 3);
	assert(sc_net_now(net) == 10 * SECOND);

	/* With the cable out nobody hears; three waits, then it gives up. */
	sc_host_set_up(there, false);
	assert(ask(client, &at, answer, sizeof(answer)) < 0);
	assert(server.questions == 3);
	assert(sc_net_now(net) == 25 * SECOND);

	sc_unwatch(watch);
	sc_net_free(net);
	puts("ok: 25 seconds of network time");
	return 0;
}
