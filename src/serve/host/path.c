/*
 * path.c - see path.h.
 *
 * Threads and delegates that serve have file system contexts of their own
 * (unshare(2) CLONE_FS), so that they may stand in the caller's directory.
 * /proc/self and the magic links below it mean us here, not the caller: openat2(2)
 * is told to follow none, and /proc/self/fd/N, which programs use for long names, is
 * translated to the caller's descriptor.
 *
 * The policy's pathnames are those of our root and mount namespace. A caller with
 * another root, or with mounts of its own, could give any place any name; so the
 * name under which a place is judged must lead there from our root too.
 *
 * What is found is handed to the kernel as "self/fd/N" from the root of /proc,
 * which works in any root and mount namespace. For bind(2), whose name is what
 * getsockname(2) will show, the directory is entered and the last component bound,
 * and only where the policy judges paths; elsewhere the name is left as given.
 */
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "host.h"

static int procfd = -1;

enum { UNIX_PATH = offsetof(struct sockaddr_un, sun_path) };

int path_init(void)
{
	procfd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return procfd < 0 ? -errno : 0;
}

bool path_is(const struct call *c, const struct call_addr *a)
{
	int domain = AF_UNSPEC;
	socklen_t len = sizeof(domain);

	return a->present && a->len > UNIX_PATH && a->family == AF_UNIX && a->bytes[UNIX_PATH] &&
	       getsockopt(c->sock, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

/* "/proc/self/fd/N" at the start of a path: N, and what follows it; else -1. */
static int own_descriptor(const char *path, const char **rest)
{
	static const char *const heads[] = {"/proc/self/fd/", "/proc/thread-self/fd/", "/dev/fd/"};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		size_t len = strlen(heads[i]);
		char *end;

		if (strncmp(path, heads[i], len) || path[len] < '0' || path[len] > '9')
			continue;
		unsigned long n = strtoul(path + len, &end, 10);
		if (n > INT_MAX || (*end && *end != '/'))
			continue;
		*rest = end + strspn(end, "/");
		return (int)n;
	}
	return -1;
}

/* A context of the thread's own, in the caller's directory. */
static int enter_cwd(const struct path *p)
{
	static __thread bool own; /* a delegate has had its own since it was made */

	if (!own && unshare(CLONE_FS) < 0)
		return -errno;
	own = true;
	if (p->binds)
		umask(p->umask);
	return p->cwd >= 0 && fchdir(p->cwd) < 0 ? -errno : 0;
}

/* With the caller's rights: walks the way. */
static void walk(void *arg)
{
	struct path *p = arg;
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | (p->binds ? O_DIRECTORY : 0),
		.resolve = RESOLVE_NO_MAGICLINKS,
	};

	p->err = enter_cwd(p);
	if (p->err)
		return;
	p->fd = syscall(SYS_openat2, p->dir, p->way, &how, sizeof(how));
	p->err = p->fd < 0 ? -errno : 0;
}

/* Where a descriptor is, from our root, if the same name leads there for us. */
static int place(int fd, char *path, size_t size)
{
	struct stat there, here;
	char name[32];

	snprintf(name, sizeof(name), "self/fd/%d", fd);
	ssize_t n = readlinkat(procfd, name, path, size - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	if (path[0] != '/' || fstat(fd, &there) < 0 || lstat(path, &here) < 0)
		return -EPERM; /* "(unreachable)/...", " (deleted)", or not ours to see */
	return there.st_dev == here.st_dev && there.st_ino == here.st_ino ? 0 : -EPERM;
}

static void set_name(struct call_addr *to, const char *name)
{
	*to = (struct call_addr){.present = true};
	to->family = AF_UNIX;
	to->len = UNIX_PATH + 1 +
		  snprintf((char *)to->bytes + UNIX_PATH, sizeof(to->bytes) - UNIX_PATH, "%s", name);
}

/* Splits off the last component and a leading descriptor of the caller's. */
static int plan(struct path *p, char *whole)
{
	char *way = whole, *slash = strrchr(whole, '/');
	const char *rest;
	int number;

	if (p->binds) {
		snprintf(p->base, sizeof(p->base), "%s", slash ? slash + 1 : whole);
		if (!slash)
			way = ".";
		else if (slash == whole)
			way = "/";
		else
			*slash = '\0';
	}
	number = own_descriptor(way, &rest);
	if (number >= 0) {
		p->dir = p->who->ops->fd_get(p->who, number);
		if (p->dir < 0)
			return p->dir == -EBADF ? -ENOENT : p->dir;
		way = *rest ? (char *)rest : ".";
	}
	snprintf(p->way, sizeof(p->way), "%s", way);
	return 0;
}

static int judge_place(struct path *p, const struct call *c, unsigned i,
		       const struct serve_judge *judge)
{
	char found[PATH_MAX + sizeof(p->base)];
	int err = place(p->fd, found, PATH_MAX);

	if (err)
		return err;
	if (p->binds) {
		size_t len = strlen(found);

		/* "", "." and ".." are no names to create; the kernel says so itself. */
		snprintf(found + len, sizeof(found) - len, "%s%s", len > 1 ? "/" : "", p->base);
	}
	return judge->path(judge->ctx, c, i, found);
}

int path_resolve(struct path *p, struct caller *who, const struct call *c, unsigned i, bool binds,
		 const struct call_addr *from, const struct serve_judge *judge)
{
	char whole[sizeof(from->bytes) + 1], name[32];
	size_t len = from->len - UNIX_PATH;
	const char *rest;
	int err;

	*p = (struct path){.who = who, .binds = binds, .cwd = -1, .dir = AT_FDCWD, .fd = -1};
	if (from->len > (int)sizeof(struct sockaddr_un))
		return -EINVAL;
	/* sun_path ends at a NUL or where the address ends (unix(7)). */
	memcpy(whole, from->bytes + UNIX_PATH, len);
	whole[len] = '\0';
	if (who->ops->cwd) {
		p->cwd = who->ops->cwd(who, &p->umask);
		if (p->cwd < 0)
			return p->cwd;
	}
	bool as_given = binds && !judge->paths && own_descriptor(whole, &rest) < 0;
	err = plan(p, whole);
	if (err)
		return err;
	if (p->dir >= 0 && !binds && !strcmp(p->way, ".")) {
		p->fd = p->dir; /* /proc/self/fd/N itself is the socket */
		p->dir = AT_FDCWD;
	} else {
		err = host_as_caller(who, walk, p);
		if (err || p->err)
			return err ? err : p->err;
	}
	if (as_given) {
		/* Walked only to see that no magic link is on the way. */
		close(p->fd);
		p->fd = -1;
		p->addr = *from;
		return 0;
	}
	if (judge->paths) {
		err = judge_place(p, c, i, judge);
		if (err)
			return err;
	}
	snprintf(name, sizeof(name), "self/fd/%d", p->fd);
	set_name(&p->addr, binds ? p->base : name);
	return 0;
}

int path_enter(const struct path *p)
{
	int err = enter_cwd(p);

	if (!err && p->fd >= 0 && fchdir(p->binds ? p->fd : procfd) < 0)
		err = -errno;
	return err;
}

void path_done(struct path *p)
{
	if (p->cwd >= 0)
		p->who->ops->fd_put(p->who, p->cwd);
	if (p->dir >= 0)
		p->who->ops->fd_put(p->who, p->dir);
	if (p->fd >= 0)
		close(p->fd);
}
