/* main.c - stress TEST ... */
#include "stress.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *name;
	int (*fn)(char **argv);
} tests[] = {
	{"leak", leak_main}, {"callers", callers_main}, {"server", server_main},
	{"storm", storm_main}, {"stuck", stuck_main}, {"many", many_main}, {"one", one_main},
	{"exits", exits_main}, {"daemon", daemon_main}, {"killer", killer_main},
	{"killed", killed_main}, {"jobs", jobs_main},
};

void fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	_exit(1);
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

double seconds(double otherwise)
{
	const char *s = getenv("STRESS_SECONDS");

	return s ? atof(s) : otherwise;
}

struct sockaddr_in loopback(uint32_t ip, int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(ip)};
}

int listener(int backlog, int *port)
{
	struct sockaddr_in a = loopback(INADDR_LOOPBACK, 0);
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, backlog) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		fail("listener: %s", strerror(errno));
	*port = ntohs(a.sin_port);
	return fd;
}

int denied(void)
{
	struct sockaddr_in a = loopback(0x7f000009, 9);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int err = fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ? errno : 0;

	close(fd);
	return err;
}

int count_fds(pid_t pid)
{
	char name[64];
	int n = -2; /* . and .. */

	snprintf(name, sizeof(name), "/proc/%d/fd", pid);
	DIR *d = opendir(name);
	if (!d)
		return -1;
	while (readdir(d))
		n++;
	closedir(d);
	return pid == getpid() ? n - 1 : n;
}

long status_of(pid_t pid, const char *want)
{
	char name[64], line[256];
	long value = -1;

	snprintf(name, sizeof(name), "/proc/%d/status", pid);
	FILE *f = fopen(name, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, want, strlen(want)) && line[strlen(want)] == ':')
			value = atol(line + strlen(want) + 1);
	if (f)
		fclose(f);
	return value;
}

pid_t child_of(pid_t pid)
{
	char name[64];
	int child = 0;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/children", pid, pid);
	FILE *f = fopen(name, "r");
	if (f && fscanf(f, "%d", &child) != 1)
		child = 0;
	if (f)
		fclose(f);
	return child;
}

bool wait_for(pid_t pid, int *status, double limit)
{
	double end = now() + limit;

	for (;;) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		if (now() > end)
			return false;
		usleep(1000);
	}
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	srandom(getpid());
	for (size_t i = 0; argc > 1 && i < sizeof(tests) / sizeof(tests[0]); i++)
		if (!strcmp(argv[1], tests[i].name))
			return tests[i].fn(argv + 2);
	fail("stress: which test?");
}
