/*
 * target.c - evade target DIR: what stands outside. Answers 'D' where the policy
 * denies and 'A' where it allows; writes the port numbers to DIR/ports.
 */
#include "evade.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { TARGETS_MAX = 16 };

static struct target {
	int fd;
	bool stream;
	char answer;
} targets[TARGETS_MAX];
static unsigned ntargets;

static void add(int fd, bool stream, char answer)
{
	if (fd < 0 || (stream && listen(fd, 64) < 0)) {
		perror("target");
		exit(BROKEN);
	}
	targets[ntargets++] = (struct target){fd, stream, answer};
}

/* One port for TCP and UDP, IPv4 and IPv6. */
static int add_port(char answer)
{
	for (int tries = 0; tries < 100; tries++) {
		struct sockaddr_in6 a = {.sin6_family = AF_INET6};
		socklen_t len = sizeof(a);
		int tcp = socket(AF_INET6, SOCK_STREAM, 0), udp = socket(AF_INET6, SOCK_DGRAM, 0);

		if (bind(tcp, (struct sockaddr *)&a, sizeof(a)) == 0 &&
		    getsockname(tcp, (struct sockaddr *)&a, &len) == 0 &&
		    bind(udp, (struct sockaddr *)&a, sizeof(a)) == 0) {
			add(tcp, true, answer);
			add(udp, false, answer);
			return ntohs(a.sin6_port);
		}
		close(tcp);
		close(udp);
	}
	exit(BROKEN);
}

static void add_unix(const char *dir, const char *name, int type, char answer)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(a);
	int fd = socket(AF_UNIX, type, 0);

	if (name[0] == '@') {
		len = offsetof(struct sockaddr_un, sun_path) + 1 +
		      snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "%s", name + 1);
	} else {
		snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", dir, name);
		unlink(a.sun_path);
	}
	if (bind(fd, (struct sockaddr *)&a, len) < 0)
		perror(name);
	if (name[0] != '@')
		chmod(a.sun_path, 0777);
	add(fd, type == SOCK_STREAM, answer);
}

static void serve(struct target *t)
{
	if (t->stream) {
		int fd = accept(t->fd, NULL, NULL);

		if (fd >= 0) {
			if (write(fd, &t->answer, 1) != 1)
				perror("write");
			shutdown(fd, SHUT_WR);
			close(fd);
		}
		return;
	}
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	char buf[64];
	if (recvfrom(t->fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len) >= 0)
		sendto(t->fd, &t->answer, 1, 0, (struct sockaddr *)&from, len);
}

int target_main(char **argv)
{
	struct pollfd p[TARGETS_MAX];
	const char *dir = argv[0];
	char path[200], abstract[64];

	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int denied = add_port('D'), allowed = add_port('A');
	add_unix(dir, "denied/sock", SOCK_STREAM, 'D');
	add_unix(dir, "denied/dgram", SOCK_DGRAM, 'D');
	add_unix(dir, "allowed/sock", SOCK_STREAM, 'A');
	snprintf(abstract, sizeof(abstract), "@evade-denied-%d", denied);
	add_unix(dir, abstract, SOCK_STREAM, 'D');
	snprintf(path, sizeof(path), "%s/ports", dir);
	FILE *f = fopen(path, "w");
	if (!f)
		return BROKEN;
	fprintf(f, "%d %d\n", denied, allowed);
	fclose(f);
	for (;;) {
		for (unsigned i = 0; i < ntargets; i++)
			p[i] = (struct pollfd){.fd = targets[i].fd, .events = POLLIN};
		if (poll(p, ntargets, -1) < 0)
			continue;
		for (unsigned i = 0; i < ntargets; i++)
			if (p[i].revents)
				serve(&targets[i]);
	}
}
