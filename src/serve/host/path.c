/*
 * path.c - see path.h.
 *
 * The threads that serve have file system contexts of their own (unshare(2)
 * CLONE_FS), so that they may stand in the caller's directory. /proc/self and
 * the magic links below it mean us here, not the caller: openat2(2) is told to
 * follow none, and /proc/self/fd/N, which programs use for long names, is
 * translated to the caller's descriptor.
 *
 * What is found is handed to the kernel as "self/fd/N" from the root of /proc,
 * which works in any root and mount namespace. For bind(2), whose name is what
 * getsockname(2) will show, the directory is entered and the last component
 * bound, and only where the policy judges paths; elsewhere the name is left as it
 * was given.
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

static int procfd = -1;

enum { UNIX_PATH = offsetof(struct sockaddr_un, sun_path) };

int path_init(void)
{
	procfd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return procfd < 0 ? -errno : 0;
}

bool path_is(const struct call_addr *a)
{
	return a->present && a->len > UNIX_PATH && a->family == AF_UNIX && a->bytes[UNIX_PATH];
}

static int own_context(void)
{
	static __thread bool own;

	if (!own && unshare(CLONE_FS) < 0)
		return -errno;
	own = true;
	return 0;
}

/* Stands the thread in the caller's working directory. */
static int enter_cwd(struct caller *who)
{
	int err = own_context();

	if (!err && who->cwd >= 0 && fchdir(who->cwd) < 0)
		err = -errno;
	return err;
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

static int open_path(struct caller *who, const char *path, int flags)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC | flags, .resolve = RESOLVE_NO_MAGICLINKS};
	const char *rest;
	int number = own_descriptor(path, &rest), dir = AT_FDCWD, fd;

	if (number >= 0) {
		dir = who->ops->fd_get(who, number);
		if (dir < 0)
			return dir == -EBADF ? -ENOENT : dir;
		if (!*rest)
			return dir;
		path = rest;
	}
	fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (fd < 0)
		fd = -errno;
	if (dir >= 0)
		who->ops->fd_put(who, dir);
	return fd;
}

/* Where a descriptor is, as an absolute path of our root. */
static int place(int fd, char *path, size_t size)
{
	char name[32];

	snprintf(name, sizeof(name), "self/fd/%d", fd);
	ssize_t n = readlinkat(procfd, name, path, size - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	return path[0] == '/' ? 0 : -EACCES; /* "(unreachable)/..." */
}

static void set_name(struct call_addr *to, const char *name)
{
	*to = (struct call_addr){.present = true};
	to->family = AF_UNIX;
	to->len = UNIX_PATH + 1 +
		  snprintf((char *)to->bytes + UNIX_PATH, sizeof(to->bytes) - UNIX_PATH, "%s", name);
}

static int prepare_connect(struct caller *who, const struct call *c, unsigned i, const char *path,
			   struct call_addr *to, int *fd, const struct serve_judge *judge)
{
	char name[32], found[PATH_MAX];
	int err;

	*fd = open_path(who, path, 0);
	if (*fd < 0)
		return *fd;
	if (judge->paths) {
		err = place(*fd, found, sizeof(found));
		if (!err)
			err = judge->path(judge->ctx, c, i, found);
		if (err)
			return err;
	}
	if (fchdir(procfd) < 0)
		return -errno;
	snprintf(name, sizeof(name), "self/fd/%d", *fd);
	set_name(to, name);
	return 0;
}

static int prepare_bind(struct caller *who, const struct call *c, char *path,
			const struct call_addr *from, struct call_addr *to, int *fd,
			const struct serve_judge *judge)
{
	char found[PATH_MAX + 128];
	char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path, *dir = ".";
	const char *rest;
	int err;

	/* What cannot be split, or is ours to translate, needs the directory too. */
	if (!judge->paths && own_descriptor(path, &rest) < 0) {
		*to = *from;
		return 0;
	}
	if (slash) {
		*slash = '\0';
		dir = slash == path ? "/" : path;
	}
	*fd = open_path(who, dir, O_DIRECTORY);
	if (*fd < 0)
		return *fd;
	if (judge->paths) {
		err = place(*fd, found, PATH_MAX);
		if (err)
			return err;
		size_t len = strlen(found);
		snprintf(found + len, sizeof(found) - len, "%s%s", len > 1 ? "/" : "", base);
		/* "", "." and ".." are no names to create; the kernel says so itself. */
		err = judge->path(judge->ctx, c, 0, found);
		if (err)
			return err;
	}
	if (fchdir(*fd) < 0)
		return -errno;
	set_name(to, base);
	return 0;
}

int path_prepare(struct caller *who, const struct call *c, unsigned i, bool binds,
		 const struct call_addr *from, struct call_addr *to, int *fd,
		 const struct serve_judge *judge)
{
	char path[sizeof(from->bytes) + 1];
	int len = from->len < CALL_ADDR_MAX ? from->len : CALL_ADDR_MAX;
	int err = enter_cwd(who);

	*fd = -1;
	if (err)
		return err;
	/* sun_path ends at a NUL or where the address ends (unix(7)). */
	memcpy(path, from->bytes + UNIX_PATH, len - UNIX_PATH);
	path[len - UNIX_PATH] = '\0';
	if (len > (int)sizeof(struct sockaddr_un))
		return -EINVAL;
	return binds ? prepare_bind(who, c, path, from, to, fd, judge)
		     : prepare_connect(who, c, i, path, to, fd, judge);
}
