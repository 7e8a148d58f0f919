/*
 * fuzz_server.c - feeds a network server from a fuzzer, in one process.
 *
 * Each run makes a network, lets the server listen in it, connects, and sends the
 * fuzzer's bytes, cut into pieces as the input's first bytes say. No ports of the
 * machine are used, nothing is left over, and the same input gives the same run.
 *
 *     clang -g -fsanitize=fuzzer,address fuzz_server.c $(pkg-config --cflags --libs socketcall)
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <socketcall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the server: answers lines "ADD a b" with their sum ---- */

struct session {
	struct sc_task *task;
	int fd;
	char line[64];
	size_t len;
};

static void answer(struct session *s)
{
	char out[32];
	int a, b, n;

	if (sscanf(s->line, "ADD %d %d", &a, &b) == 2)
		n = snprintf(out, sizeof(out), "%lld\n", (long long)a + b);
	else
		n = snprintf(out, sizeof(out), "?\n");
	sc_send(s->task, s->fd, out, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Takes what is there; 0 once the client has closed. */
static int server_step(struct session *s)
{
	char c;
	long n;

	while ((n = sc_recv(s->task, s->fd, &c, 1, MSG_DONTWAIT)) == 1) {
		if (c != '\n') {
			if (s->len < sizeof(s->line) - 1)
				s->line[s->len++] = c;
			continue;
		}
		s->line[s->len] = 0;
		s->len = 0;
		answer(s);
	}
	return n != 0;
}

/* ---- the harness ---- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sc_config config = {.size = sizeof(config), .time = SC_TIME_VIRTUAL};
	struct sc_net *net = sc_net_new(&config);
	struct sc_task *task = sc_task_new(sc_host_new(net, "fuzz"), NULL);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(4242),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = sc_socket(task, AF_INET, SOCK_STREAM, 0);
	int client = sc_socket(task, AF_INET, SOCK_STREAM, 0);
	struct session session = {.task = task};
	char reply[256];

	if (sc_bind(task, listener, (struct sockaddr *)&at, sizeof(at)) ||
	    sc_listen(task, listener, 1) || sc_connect(task, client, (struct sockaddr *)&at, sizeof(at)))
		abort();
	session.fd = sc_accept(task, listener, NULL, NULL);
	while (size > 0) {
		/* A byte that says how long the next piece is; then the piece. */
		size_t piece = *data % 32 < size - 1 ? *data % 32 : size - 1;

		data++, size--;
		sc_send(task, client, data, piece, MSG_NOSIGNAL | MSG_DONTWAIT);
		data += piece, size -= piece;
		server_step(&session);
		while (sc_recv(task, client, reply, sizeof(reply), MSG_DONTWAIT) > 0)
			;
	}
	sc_close(task, client);
	if (server_step(&session))
		abort(); /* the server must notice that its client is gone */
	sc_net_free(net);
	return 0;
}
