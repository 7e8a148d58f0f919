/*
 * main: vectors64|vectors32 [-e|-l] [ENTRY [SUBSTRING]]
 *
 * Runs the vectors, each in a process of its own, and prints a line for each:
 * entry/file/name[row]: what it printed. A vector that takes longer than
 * LIMIT_S ends in "HANG", one that dies in the signal's name.
 * -e lists the entries, -l the vectors.
 */
#include "vectors.h"

#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "run.h"

enum { LIMIT_S = 10 };

extern const struct vector *const __start_vectors[], *const __stop_vectors[];

const struct entry *entry;
struct run *run;
int inherited;

static bool have_ipv6(void)
{
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool ok = fd >= 0 && !bind(fd, (struct sockaddr *)&sa, sizeof(sa));

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool fits(const struct vector *v)
{
	static int ipv6 = -1;

	if ((v->need & NEED_BLOCK && !entry->block) || (v->need & NEED_DIRECT && entry->block))
		return false;
	if ((v->need & NEED_WORD4 && entry->word != 4) ||
	    (v->need & NEED_WORD8 && entry->word != 8))
		return false;
	if (v->need & NEED_ROOT && geteuid())
		return false;
	if (ipv6 < 0)
		ipv6 = have_ipv6();
	return !(v->need & NEED_IPV6) || ipv6;
}

/* Waits for the child, not longer than LIMIT_S; false if it hangs. */
static bool wait_for(pid_t pid, int *status)
{
	struct timespec limit = {LIMIT_S, 0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (;;) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		if (sigtimedwait(&set, NULL, &limit) < 0 && errno == EAGAIN)
			return false;
	}
}

/* Each vector has a directory of its own for AF_UNIX names. */
static char dir[] = "/tmp/vectors-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void child(const struct vector *v, int row)
{
	sigset_t none;

	must_be(!mkdir("w", 0755) && !chdir("w"), "directory");
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	memory_init();
	run->vector_pid = getpid();
	entry_begin();
	count_signal(SIGPIPE, false);
	v->fn(row);
	if (run->pipes)
		out("SIGPIPE");
	memory_check();
	_exit(0);
}

static void run_one(const struct vector *v, int row)
{
	int status;
	pid_t pid;

	memset(run, 0, sizeof(*run));
	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (!pid)
		child(v, row);
	if (!wait_for(pid, &status)) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		out("HANG");
	} else if (WIFSIGNALED(status)) {
		out("SIG%s", sigabbrev_np(WTERMSIG(status)));
	}
	kill(-pid, SIGKILL);
	nftw("w", remove_one, 8, FTW_DEPTH | FTW_PHYS);
	run->text[sizeof(run->text) - 1] = 0;
}

static const char *group(const struct vector *v)
{
	static char name[64];
	const char *base = strrchr(v->file, '/');

	base = base ? base + 1 : v->file;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(base, "."), base);
	return name;
}

static void run_entry(const char *only, bool list)
{
	const struct vector *const *p;
	char name[256];
	int row;

	for (p = __start_vectors; p < __stop_vectors; p++) {
		const struct vector *v = *p;

		if (!fits(v))
			continue;
		for (row = 0; row < (v->rows ? v->rows : 1); row++) {
			if (v->rows)
				snprintf(name, sizeof(name), "%s/%s/%s[%s]", entry->name,
					 group(v), v->name, v->label(row));
			else
				snprintf(name, sizeof(name), "%s/%s/%s", entry->name,
					 group(v), v->name);
			if (only && !strstr(name, only))
				continue;
			if (list) {
				puts(name);
				continue;
			}
			run_one(v, row);
			printf("%s:%s\n", name, run->text);
		}
	}
}

int main(int argc, char **argv)
{
	bool list = argc > 1 && !strcmp(argv[1], "-l");
	bool list_entries = argc > 1 && !strcmp(argv[1], "-e");
	const char *which, *only;
	sigset_t set;

	argv += list || list_entries;
	argc -= list || list_entries;
	for (entry = entries; list_entries && entry->name; entry++)
		puts(entry->name);
	if (list_entries)
		return 0;
	which = argc > 1 ? argv[1] : "all";
	only = argc > 2 ? argv[2] : NULL;
	run = mmap(NULL, sizeof(*run), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run == MAP_FAILED || !mkdtemp(dir) || chdir(dir)) {
		perror("vectors");
		return 1;
	}
	chmod(dir, 0755);
	flag = &run->flag;
	inherited = open_count();
	close_range(3, ~0u, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (entry = entries; entry->name; entry++)
		if (!strcmp(which, "all") || !strcmp(which, entry->name))
			run_entry(only, list);
	if (chdir("/") || rmdir(dir))
		perror(dir);
	return 0;
}
