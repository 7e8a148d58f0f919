/*
 * unix_same.c - runs cases on the host's kernel and on a network of ours, and compares.
 */
#include "unix_same.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/utsname.h>

static bool host_is_new_enough(const struct same_case *c)
{
	struct utsname u;
	int major = 0, minor = 0;

	uname(&u);
	sscanf(u.release, "%d.%d", &major, &minor);
	return major > c->major || (major == c->major && minor >= c->minor);
}

static void on_ours(const struct same_case *c, struct sys *y)
{
	const struct sc_task_config as = {
		.size = sizeof(as),
		.uid = geteuid(),
		.gid = getegid(),
		.pid = getpid(),
		.unprivileged = geteuid() != 0,
	};
	struct sc_usage usage;

	y->net = sc_net_new(NULL);
	y->host = sc_host_new(y->net, "a");
	y->task = sc_task_new(y->host, &as);
	c->run(y);
	sc_task_free(y->task);
	sc_net_usage(y->net, &usage);
	if (usage.files || usage.in_flight)
		say(y, "left: %u files, %u in flight", usage.files, usage.in_flight);
	sc_net_free(y->net);
}

static bool differs(const struct same_case *c)
{
	static struct sys theirs, ours;

	memset(&theirs, 0, sizeof(theirs));
	memset(&ours, 0, sizeof(ours));
	on_ours(c, &ours);
	c->run(&theirs);
	if (!strcmp(ours.said, theirs.said)) {
		if (getenv("SAME_VERBOSE"))
			printf("%s\n%s", c->name, ours.said);
		return false;
	}
	printf("%s\n-- the kernel:\n%s-- ours:\n%s", c->name, theirs.said, ours.said);
	return true;
}

int same_run(const struct same_case *c, size_t n)
{
	char dir[] = "/tmp/unix_same.XXXXXX";
	int bad = 0;

	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	for (size_t i = 0; i < n; i++) {
		if (!host_is_new_enough(&c[i])) {
			printf("skipped: %s\n", c[i].name);
			continue;
		}
		if (differs(&c[i]))
			bad++;
		for (int fd = 3; fd < 1024; fd++)
			close(fd); /* what a case left */
	}
	printf("%zu cases, %d differ\n", n, bad);
	if (chdir("/") || rmdir(dir))
		printf("%s is left\n", dir);
	return bad;
}
