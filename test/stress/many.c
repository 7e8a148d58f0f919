/*
 * many.c - stress many: hundreds of programs at once, started in all ways; stress
 * exits: programs that end while their calls are served; stress daemon.
 */
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char port_text[16];

/* stress one PORT: connects to what is allowed, is refused what is denied. */
int one_main(char **argv)
{
	struct sockaddr_in a = loopback(INADDR_LOOPBACK, atoi(argv[0]));
	char byte = 0;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		fail("connect: %s", strerror(errno));
	if (recv(fd, &byte, 1, 0) != 1 || byte != 'k')
		fail("recv: %s", strerror(errno));
	int err = denied();
	if (err != EPERM)
		fail("denied: errno %d", err);
	return 0;
}

static void start_one(void)
{
	execl("/proc/self/exe", "stress", "one", port_text, NULL);
	_exit(126);
}

static void *start_thread(void *arg)
{
	denied(); /* so that this thread is known */
	start_one();
	return arg;
}

static void *caller_thread(void *arg)
{
	for (;;)
		denied();
	return arg;
}

/* In the child of a fork; i says how. */
static void start(int i)
{
	pthread_t t, u;
	pid_t pid;

	switch (i % 4) {
	case 1: /* from a thread that is not the first */
		denied();
		pthread_create(&t, NULL, start_thread, NULL);
		pause();
		break;
	case 2: /* while another thread is in calls */
		pthread_create(&u, NULL, caller_thread, NULL);
		usleep(500);
		start_one();
		break;
	case 3:
		pid = vfork();
		if (pid == 0)
			start_one();
		int status;
		waitpid(pid, &status, 0);
		_exit(WEXITSTATUS(status));
	default:
		start_one();
	}
}

int many_main(char **argv)
{
	int n = atoi(argv[0]), port, ls = listener(512, &port), bad = 0, status;
	pid_t server, pid;

	snprintf(port_text, sizeof(port_text), "%d", port);
	server = fork();
	if (server == 0)
		for (;;) {
			int fd = accept(ls, NULL, NULL);

			send(fd, "k", 1, 0);
			close(fd);
		}
	double t = now();
	for (int i = 0; i < n; i++)
		if (fork() == 0)
			start(i);
	for (int i = 0; i < n;) {
		pid = waitpid(-1, &status, 0);
		if (pid < 0)
			break;
		if (pid == server)
			fail("the server died: %x", status);
		bad += status != 0;
		i++;
	}
	kill(server, SIGKILL);
	if (bad)
		fail("%d of %d went wrong", bad, n);
	printf("%d programs in %.2f s\n", n, now() - t);
	return 0;
}

/* --- ends in mid-call --- */

static int quiet;

static void *in_accept(void *arg) { return arg + accept(quiet, NULL, NULL); }

static void *in_calls(void *arg)
{
	struct sockaddr_in a;

	for (;;) {
		socklen_t len = sizeof(a);
		int sv[2], fd = socket(AF_INET, SOCK_STREAM, 0);

		getsockname(quiet, (struct sockaddr *)&a, &len);
		close(fd);
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0) {
			send(sv[0], "x", 1, 0);
			recv(sv[1], sv, 1, 0);
			close(sv[0]);
			close(sv[1]);
		}
	}
	return arg;
}

int exits_main(char **argv)
{
	int port;
	double end = now() + seconds(5);
	unsigned n = 0;

	quiet = listener(8, &port);
	int fds = 0, threads = 0;
	while (now() < end) {
		pid_t pid = fork();

		if (pid == 0) {
			pthread_t t[3];

			pthread_create(&t[0], NULL, in_accept, NULL);
			pthread_create(&t[1], NULL, in_calls, NULL);
			pthread_create(&t[2], NULL, in_calls, NULL);
			usleep(random() % 3000);
			switch (n % 4) {
			case 0: _exit(0);
			case 1: kill(getpid(), SIGKILL); break;
			case 2: execl("/bin/true", "true", NULL); break;
			case 3: /* only a thread ends; a cancelled call must not hold it */
				pthread_cancel(t[0]);
				pthread_join(t[0], NULL);
			}
			_exit(0);
		}
		int status;
		if (!wait_for(pid, &status, 10))
			fail("round %u hangs", n);
		if (n == 50) {
			usleep(200000);
			fds = count_fds(getppid());
			threads = status_of(getppid(), "Threads");
		}
		n++;
	}
	usleep(300000);
	if (denied() != EPERM)
		fail("denied: %d", denied());
	int fds_after = count_fds(getppid()), threads_after = status_of(getppid(), "Threads");
	/* What is kept of dead programs goes when their number has doubled. */
	if (n > 60 && (fds_after > fds + 600 || threads_after > threads + 8))
		fail("%u programs: descriptors %d -> %d, threads %d -> %d", n, fds, fds_after, threads,
		     threads_after);
	printf("%u programs: descriptors %d -> %d, threads %d -> %d\n", n, fds, fds_after, threads,
	       threads_after);
	return 0;
}

/* stress daemon FILE: goes to the background; then makes its calls. */
int daemon_main(char **argv)
{
	if (fork())
		return 0;
	setsid();
	if (fork())
		_exit(0);
	sleep(1);
	int port, ls = listener(4, &port), c = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = loopback(INADDR_LOOPBACK, port);
	int allowed = connect(c, (struct sockaddr *)&a, sizeof(a)), err = denied();
	FILE *f = fopen(argv[0], "w");

	fprintf(f, "%s %s\n", allowed == 0 && accept(ls, NULL, NULL) >= 0 ? "allowed" : "lost",
		err == EPERM ? "denied" : "wrong");
	fclose(f);
	return 0;
}
