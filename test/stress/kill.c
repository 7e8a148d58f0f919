/*
 * kill.c - the supervisor is killed at a random moment (stress killer), with
 * programs in all kinds of calls (stress callers).
 */
#include "stress.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OPEN_DOOR = 99 };

/* Calls until the supervisor is dead: then calls fail with ENOSYS. */
static int call_on(void (*fn)(int), int arg)
{
	for (;;) {
		int err = denied();

		if (err == 0)
			return OPEN_DOOR;
		if (err == ENOSYS)
			return 0;
		if (err != EPERM)
			return err;
		if (fn)
			fn(arg);
	}
}

static void do_connect(int port)
{
	struct sockaddr_in a = loopback(INADDR_LOOPBACK, port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	connect(fd, (struct sockaddr *)&a, sizeof(a));
	close(fd);
}

static void wait_in_accept(int ls) { close(accept(ls, NULL, NULL)); }

static void wait_in_recv(int unused)
{
	int sv[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) < 0)
		return;
	if (recv(sv[0], &byte, 1, 0) >= 0)
		exit(OPEN_DOOR);
	close(sv[0]);
	close(sv[1]);
}

/* To a listener whose queue is full. */
static void wait_in_connect(int port) { do_connect(port); }

static void as_another(int port)
{
	setgroups(0, NULL);
	if (setuid(65534) == 0) /* which fails, too, once the supervisor is dead */
		do_connect(port);
}

static void forks(int port)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(denied() == 0 ? OPEN_DOOR : 0);
	int status;
	waitpid(pid, &status, 0);
	if (WEXITSTATUS(status) == OPEN_DOOR)
		exit(OPEN_DOOR);
}

int callers_main(char **argv)
{
	int port, full_port, quiet_port;
	int ls = listener(64, &port), full = listener(0, &full_port), quiet = listener(8, &quiet_port);
	struct {
		void (*fn)(int);
		int arg;
	} kind[] = {
		{NULL, 0}, {do_connect, port}, {wait_in_accept, quiet}, {wait_in_recv, 0},
		{wait_in_connect, full_port}, {as_another, port}, {forks, port}, {wait_in_accept, ls},
	};
	enum { KINDS = sizeof(kind) / sizeof(kind[0]) };
	pid_t pid[KINDS];
	int bad = 0;

	for (int i = 0; i < 2; i++) /* fill it */
		if (fork() == 0) {
			do_connect(full_port);
			_exit(0);
		}
	(void)full;
	for (int i = 0; i < KINDS; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(call_on(kind[i].fn, kind[i].arg));
	}
	if (write(atoi(argv[0]), "r", 1) != 1)
		return 5;
	for (int i = 0; i < KINDS; i++) {
		int status;

		while (waitpid(pid[i], &status, 0) != pid[i])
			;
		if (status) {
			printf("caller %d: status %x\n", i, status);
			bad = WEXITSTATUS(status) == OPEN_DOOR ? OPEN_DOOR : 1;
		}
	}
	while (wait(NULL) > 0)
		;
	return bad;
}

/* stress killer SOCKETCALL SELF ROUNDS */
int killer_main(char **argv)
{
	int rounds = atoi(argv[2]);
	double worst = 0;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < rounds; i++) {
		int status, ready[2];
		bool early = i % 5 == 0; /* while all is being started */
		char number[16], byte;

		if (pipe(ready) < 0)
			fail("pipe");
		snprintf(number, sizeof(number), "%d", ready[1]);
		pid_t run = fork(), supervisor = 0, left;
		if (run == 0) {
			close(ready[0]);
			/* Only when all is served are waiting calls with the supervisor. */
			execl(argv[0], argv[0], "run", "--deny", "connect to 127.0.0.9",
			      "--trace=/dev/null", "--", argv[1], "callers", number, NULL);
			_exit(125);
		}
		close(ready[1]);
		for (int k = 0; k < 2000 && !supervisor; k++) {
			supervisor = child_of(run);
			usleep(500);
		}
		if (!early && read(ready[0], &byte, 1) != 1)
			fail("round %d: not started", i);
		close(ready[0]);
		usleep(random() % (early ? 20000 : 100000));
		kill(supervisor, SIGKILL);
		double t = now();
		if (!wait_for(run, &status, 10)) {
			kill(run, SIGKILL);
			fail("round %d: still there after 10 s", i);
		}
		if (now() - t > worst)
			worst = now() - t;
		if (!WIFEXITED(status) || WEXITSTATUS(status) == OPEN_DOOR ||
		    (!early && WEXITSTATUS(status) != 0))
			fail("round %d: status %x", i, status);
		double gone = now() + 2;
		while ((left = waitpid(-1, &status, WNOHANG)) >= 0 && now() < gone)
			usleep(1000);
		if (left == 0)
			fail("round %d: processes are left, %d", i, child_of(getpid()));
	}
	if (worst > 2)
		fail("it took %.1f s until all had their errors", worst);
	printf("%d rounds, all ended within %.2f s\n", rounds, worst);
	return 0;
}

/*
 * stress server PORTFILE SECONDS [restart]: two processes accept on one socket and answer; one is
 * killed over and over. stress killed connects, from outside: each connection must
 * be answered or closed.
 */
static void accept_loop(int ls)
{
	for (;;) {
		char byte;
		int fd = accept(ls, NULL, NULL);

		if (fd >= 0 && recv(fd, &byte, 1, 0) == 1)
			send(fd, &byte, 1, 0);
		close(fd);
	}
}

/* Killed together, and the socket with them: what they had accepted and not heard of
 * must be closed for those who connected. */
static int reopen(int port)
{
	struct sockaddr_in a = loopback(INADDR_LOOPBACK, port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	while (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		usleep(1000);
	listen(fd, 128);
	return fd;
}

static void restart_server(int ls, int port, double end)
{
	enum { ACCEPTORS = 4 };
	pid_t pid[ACCEPTORS];

	while (now() < end) {
		for (int i = 0; i < ACCEPTORS; i++) {
			pid[i] = fork();
			if (pid[i] == 0)
				accept_loop(ls);
		}
		usleep(5000 + random() % 20000);
		for (int i = 0; i < ACCEPTORS; i++)
			kill(pid[i], SIGKILL);
		close(ls);
		for (int i = 0; i < ACCEPTORS; i++)
			waitpid(pid[i], NULL, 0);
		ls = reopen(port);
	}
	close(ls);
	sleep(7); /* the supervisor must not end: it would close all */
}

int server_main(char **argv)
{
	int port, ls = listener(128, &port);
	double end = now() + atof(argv[1]);
	FILE *f = fopen(argv[0], "w");
	pid_t steady, victim;

	fprintf(f, "%d\n", port);
	fclose(f);
	if (argv[2]) {
		restart_server(ls, port, end);
		return 0;
	}
	steady = fork();
	if (steady == 0)
		accept_loop(ls);
	while (now() < end) {
		victim = fork();
		if (victim == 0)
			accept_loop(ls);
		usleep(500 + random() % 4000);
		kill(victim, SIGKILL);
		waitpid(victim, NULL, 0);
	}
	kill(steady, SIGKILL);
	waitpid(steady, NULL, 0);
	return 0;
}

int killed_main(char **argv)
{
	double end = now() + atof(argv[1]), worst = 0;
	unsigned answered = 0, closed = 0, refused = 0;
	int port = 0;

	for (int i = 0; i < 100 && !port; i++) {
		FILE *f = fopen(argv[0], "r");

		if (f && fscanf(f, "%d", &port) != 1)
			port = 0;
		if (f)
			fclose(f);
		usleep(50000);
	}
	for (int i = 0; i < 4; i++)
		if (i && fork() == 0)
			break;
	struct sockaddr_in to = loopback(INADDR_LOOPBACK, port);
	while (now() < end) {
		struct timeval limit = {5, 0};
		char byte = 'a';
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		double t = now();

		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
			refused++;
			usleep(1000);
		} else {
			if (send(fd, &byte, 1, 0) < 0)
				closed++;
			else {
				ssize_t n = recv(fd, &byte, 1, 0);

				if (n < 0 && errno == EAGAIN)
					fail("a connection was lost: no answer, not closed");
				n == 1 ? answered++ : closed++;
			}
		}
		close(fd);
		if (now() - t > worst)
			worst = now() - t;
		usleep(200);
	}
	int status, bad = 0;
	while (wait(&status) > 0)
		bad |= status;
	if (bad)
		return 1;
	printf("answered %u, closed %u, refused %u, slowest %.3f s\n", answered, closed, refused, worst);
	return answered < 20;
}
