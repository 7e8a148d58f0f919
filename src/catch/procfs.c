/*
 * procfs.c - proc(5). A file of /proc is read whole, in one read, so that its
 * lines belong together.
 */
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_file(pid_t tid, const char *name, char *buf, size_t size)
{
	char path[64];
	size_t have = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	for (;;) {
		ssize_t n = read(fd, buf + have, size - 1 - have);

		if (n < 0) {
			int err = -errno;
			close(fd);
			return err;
		}
		have += n;
		if (n == 0 || have == size - 1)
			break;
	}
	close(fd);
	buf[have] = '\0';
	return (int)have;
}

/* The text behind "Name:" of a status file, or NULL. */
static const char *field(const char *status, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = status; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (!strncmp(line, name, len) && line[len] == ':')
			return line + len + 1;
	}
	return NULL;
}

static uint64_t field_hex(const char *status, const char *name)
{
	const char *text = field(status, name);

	return text ? strtoull(text, NULL, 16) : 0;
}

static unsigned long field_dec(const char *status, const char *name)
{
	const char *text = field(status, name);

	return text ? strtoul(text, NULL, 10) : 0;
}

static int parse_groups(const char *text, struct rights *r)
{
	unsigned room = 0;

	r->ngroups = 0;
	r->groups = NULL;
	while (text && *text && *text != '\n') {
		char *end;
		unsigned long gid = strtoul(text, &end, 10);

		if (end == text)
			break;
		if (r->ngroups == room) {
			room = room ? room * 2 : 16;
			gid_t *more = realloc(r->groups, room * sizeof(gid_t));
			if (!more)
				return -ENOMEM;
			r->groups = more;
		}
		r->groups[r->ngroups++] = gid;
		text = end + strspn(end, " \t");
	}
	return 0;
}

int procfs_status(pid_t tid, struct rights *r)
{
	/* 65,536 groups of up to ten digits would not fit; such a task is refused. */
	size_t size = 64 * 1024;
	char *s = malloc(size);
	int err = -ENOMEM;

	if (!s)
		return err;
	int n = read_file(tid, "status", s, size);
	if (n < 0 || (size_t)n == size - 1) {
		err = n < 0 ? n : -E2BIG;
		goto free_text;
	}
	const char *uid = field(s, "Uid"), *gid = field(s, "Gid");
	if (!uid || !gid ||
	    sscanf(uid, "%u %u %u %u", &r->ruid, &r->euid, &r->suid, &r->fsuid) != 4 ||
	    sscanf(gid, "%u %u %u %u", &r->rgid, &r->egid, &r->sgid, &r->fsgid) != 4) {
		err = -EIO;
		goto free_text;
	}
	r->cap_inheritable = field_hex(s, "CapInh");
	r->cap_permitted = field_hex(s, "CapPrm");
	r->cap_effective = field_hex(s, "CapEff");
	r->cap_bounding = field_hex(s, "CapBnd");
	r->cap_ambient = field_hex(s, "CapAmb");
	r->no_new_privs = field_dec(s, "NoNewPrivs");
	r->tgid = field_dec(s, "Tgid");
	err = parse_groups(field(s, "Groups"), r);
free_text:
	free(s);
	return err;
}

static int ns_inode(pid_t tid, const char *name, uint64_t *ino)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", tid, name);
	if (stat(path, &st) < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	*ino = st.st_ino;
	return 0;
}

int procfs_cgroup(pid_t tid, char *path, size_t size)
{
	char text[4096];
	int n = read_file(tid, "cgroup", text, sizeof(text));

	if (n < 0)
		return n;
	path[0] = '\0';
	for (char *line = text, *end; *line; line = end + 1) {
		end = strchrnul(line, '\n');
		if (!strncmp(line, "0::", 3)) {
			if ((size_t)(end - line - 3) >= size)
				return -E2BIG;
			memcpy(path, line + 3, end - line - 3);
			path[end - line - 3] = '\0';
		}
		if (!*end)
			break;
	}
	return 0;
}

/* The label that a security module gave the task; "" where there is none. */
static void read_label(pid_t tid, char *label, size_t size)
{
	int n = read_file(tid, "attr/current", label, size);

	if (n < 0)
		label[0] = '\0';
	label[strcspn(label, "\n")] = '\0';
}

int procfs_rights(pid_t tid, struct rights *r)
{
	char path[64];
	struct stat root;
	int err;

	memset(r, 0, sizeof(*r));
	r->tid = tid;
	r->pidfd = -1;
	err = procfs_status(tid, r);
	if (!err)
		err = ns_inode(tid, "user", &r->userns);
	if (!err)
		err = ns_inode(tid, "net", &r->netns);
	if (!err)
		err = ns_inode(tid, "mnt", &r->mntns);
	if (!err)
		err = procfs_cgroup(tid, r->cgroup, sizeof(r->cgroup));
	if (!err) {
		snprintf(path, sizeof(path), "/proc/%d/root/.", tid);
		if (stat(path, &root) < 0)
			err = -errno;
	}
	if (err) {
		rights_free(r);
		return err;
	}
	r->rootdev = root.st_dev;
	r->rootino = root.st_ino;
	read_label(tid, r->label, sizeof(r->label));
	return 0;
}

int procfs_umask(pid_t tid, mode_t *umask)
{
	char s[4096];
	int n = read_file(tid, "status", s, sizeof(s));
	const char *text = n < 0 ? NULL : field(s, "Umask");

	if (!text)
		return n < 0 ? n : -EIO;
	*umask = strtoul(text, NULL, 8);
	return 0;
}

int procfs_check(void)
{
	char line[256];
	int seen[2], n = 0;

	/* Not by number: that of another process namespace may be another's. */
	FILE *f = fopen("/proc/self/status", "re");
	if (!f)
		return errno == ENOENT ? -EXDEV : -errno;
	/* Our numbers, from the namespace of the mount down to our own (Linux 4.1). */
	while (fgets(line, sizeof(line), f) && !n)
		if (!strncmp(line, "NSpid:", 6))
			n = sscanf(line + 6, "%d %d", &seen[0], &seen[1]);
	fclose(f);
	return n == 1 && seen[0] == getpid() ? 0 : -EXDEV;
}

int procfs_parent(pid_t tid, pid_t *ppid, pid_t *tgid)
{
	char s[4096];
	int n = read_file(tid, "status", s, sizeof(s));

	if (n < 0)
		return n;
	*ppid = field_dec(s, "PPid");
	*tgid = field_dec(s, "Tgid");
	return 0;
}

int procfs_signals(pid_t tid, struct procfs_signals *out)
{
	/* The line of groups comes before those of signals, and can be long. */
	char s[48 * 1024];
	int n = read_file(tid, "status", s, sizeof(s));

	if (n < 0)
		return n;
	if (!field(s, "SigIgn"))
		return -E2BIG;
	out->pending = field_hex(s, "SigPnd");
	out->shared_pending = field_hex(s, "ShdPnd");
	out->blocked = field_hex(s, "SigBlk");
	out->ignored = field_hex(s, "SigIgn");
	out->threads = field_dec(s, "Threads");
	out->tgid = field_dec(s, "Tgid");
	return 0;
}
