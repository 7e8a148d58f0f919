/*
 * run.c - socketcall run: a program, all that it starts, and the supervisor.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../src/catch/notify.h"
#include "../src/catch/process.h"
#include "../src/lib/log.h"
#include "../src/serve/host/host.h"
#include "../src/trace/trace.h"
#include "cmd.h"
#include "foreground.h"
#include "report.h"

static const char help[] =
	"socketcall run [OPTIONS] [--] PROGRAM [ARG...]\n"
	"\n"
	"  --policy FILE         rules, one a line, first match decides; may repeat\n"
	"  --preset NAME         a policy that comes with socketcall; may repeat:\n"
	"                        no-alg-vsock, offline, local-only, docker\n"
	"  --allow RULE          one rule, before those of files and presets; may repeat\n"
	"  --deny RULE           the same: --deny 'socket,socketpair family vsock'\n"
	"  --net host            serve from the host kernel (the default)\n"
	"  --trace[=FILE]        serve every socket call and print it (on stderr)\n"
	"  --trace-format FORMAT text (the default) or json\n"
	"  --stats               at the end, on stderr: calls seen, served, denied\n"
	"\n"
	"The exit status is the program's, 128+N if signal N ended it; 125 if socketcall\n"
	"itself failed, 126 if PROGRAM cannot be executed, 127 if it is not found.\n";

struct options {
	struct policy *policy;
	const char *trace_file; /* "" is stderr */
	bool trace, stats;
	enum trace_format format;
	char **argv;
};

enum { OPT_POLICY = 1, OPT_PRESET, OPT_ALLOW, OPT_DENY, OPT_NET, OPT_TRACE, OPT_FORMAT,
       OPT_STATS, OPT_HELP };

static const struct option long_options[] = {
	{"policy", required_argument, NULL, OPT_POLICY},
	{"preset", required_argument, NULL, OPT_PRESET},
	{"allow", required_argument, NULL, OPT_ALLOW},
	{"deny", required_argument, NULL, OPT_DENY},
	{"net", required_argument, NULL, OPT_NET},
	{"trace", optional_argument, NULL, OPT_TRACE},
	{"trace-format", required_argument, NULL, OPT_FORMAT},
	{"stats", no_argument, NULL, OPT_STATS},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static int policy_failed(const struct policy_error *err)
{
	if (err->line)
		log_error("%s:%u:%u: %s", err->file, err->line, err->column, err->text);
	else
		log_error("%s: %s", err->file, err->text);
	return EXIT_OURS;
}

static int add_preset(struct policy *policy, const char *name)
{
	struct policy_error err = {0};
	size_t len;
	const char *text = policy_preset(name, &len);

	if (!text) {
		char names[256] = "";

		for (unsigned i = 0; policy_preset_name(i); i++) {
			strncat(names, i ? ", " : "", sizeof(names) - strlen(names) - 1);
			strncat(names, policy_preset_name(i), sizeof(names) - strlen(names) - 1);
		}
		log_error("no preset '%s' (there are: %s)", name, names);
		return EXIT_OURS;
	}
	return policy_add_text(policy, name, text, len, &err) < 0 ? policy_failed(&err) : 0;
}

/* Rules of the command line come first, wherever they stand in it; then files and
 * presets in their order: hence two passes. */
static int read_option(struct options *o, int opt, bool rules)
{
	struct policy_error err = {0};

	switch (opt) {
	case OPT_ALLOW:
	case OPT_DENY:
		if (rules && policy_add_rule(o->policy, opt == OPT_ALLOW ? "allow" : "deny", optarg,
					     &err) < 0)
			return policy_failed(&err);
		return 0;
	case OPT_POLICY:
		if (!rules && policy_add_file(o->policy, optarg, &err) < 0)
			return policy_failed(&err);
		return 0;
	case OPT_PRESET:
		return rules ? 0 : add_preset(o->policy, optarg);
	case OPT_NET:
		if (!strcmp(optarg, "host"))
			return 0;
		log_error("--net %s: only 'host' is there in this version", optarg);
		return EXIT_OURS;
	case OPT_TRACE:
		o->trace = true;
		o->trace_file = optarg ? optarg : "";
		return 0;
	case OPT_FORMAT:
		o->format = !strcmp(optarg, "json") ? TRACE_JSON : TRACE_TEXT;
		if (o->format == TRACE_JSON || !strcmp(optarg, "text"))
			return 0;
		log_error("--trace-format %s: expected 'text' or 'json'", optarg);
		return EXIT_OURS;
	case OPT_STATS:
		o->stats = true;
		return 0;
	case OPT_HELP:
		fputs(help, stdout);
		exit(0);
	default:
		return EXIT_OURS;
	}
}

static int read_options(int argc, char **argv, struct options *o)
{
	for (int pass = 0; pass < 2; pass++) {
		int opt, status;

		optind = 0; /* GNU: start anew; "+": stop at PROGRAM; ":": we say what is wrong */
		while ((opt = getopt_long(argc, argv, "+:h", long_options, NULL)) != -1) {
			if (opt == '?' || opt == ':') {
				log_error("run: %s '%s' (see socketcall run --help)",
					  opt == '?' ? "unknown option" : "a value is missing for",
					  argv[optind - 1]);
				return EXIT_OURS;
			}
			status = read_option(o, opt == 'h' ? OPT_HELP : opt, pass == 0);
			if (status)
				return status;
		}
	}
	o->argv = argv + optind;
	if (o->argv[0])
		return 0;
	log_error("run: which program? (see socketcall run --help)");
	return EXIT_OURS;
}

static int open_trace(const struct options *o, struct socketcall_system *sys)
{
	FILE *out = stderr;

	if (o->trace && o->trace_file[0]) {
		out = fopen(o->trace_file, "we");
		if (!out) {
			log_error("--trace=%s: %s", o->trace_file, strerror(errno));
			return EXIT_OURS;
		}
	}
	if (o->trace)
		sys->trace = trace_new(out, o->format);
	else if (policy_logs(o->policy))
		sys->log = trace_new(stderr, TRACE_TEXT);
	if (o->stats)
		sys->stats = stats_new();
	report_to(sys);
	if ((o->trace && !sys->trace) || (o->stats && !sys->stats)) {
		log_error("out of memory");
		return EXIT_OURS;
	}
	return 0;
}

/* Each program that makes calls costs us a descriptor or two. Children inherit
 * limits, so this comes after the program was started. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void tell(int fd, int kind, pid_t pid, int status)
{
	const struct foreground_news news = {.kind = kind, .pid = pid, .status = status};

	if (write(fd, &news, sizeof(news)) != sizeof(news))
		return; /* the foreground process was killed; the program goes on */
}

/* Collects what has ended or stopped. True once the program itself has ended. */
static bool reap(pid_t program, int news_fd, int *end)
{
	bool ended = false;
	int status;
	pid_t pid;

	/* Our other threads wait for children of theirs. */
	pthread_mutex_lock(&process_tracing);
	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | __WNOTHREAD)) > 0) {
		if (pid != program)
			continue;
		if (WIFSTOPPED(status)) {
			tell(news_fd, NEWS_STATUS, pid, status);
		} else {
			*end = status;
			ended = true;
		}
	}
	pthread_mutex_unlock(&process_tracing);
	return ended;
}

/* An epoll set of the listener, which only hangs up, and the signals. Not poll(2): a
 * program with our user id can lower our RLIMIT_NOFILE, and poll would then fail. */
static int make_set(int listener, int signals)
{
	struct epoll_event hangup = {.events = 0}, signal = {.events = EPOLLIN};
	int set = epoll_create1(EPOLL_CLOEXEC);

	if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, listener, &hangup) < 0 ||
	    epoll_ctl(set, EPOLL_CTL_ADD, signals, &signal) < 0)
		return -errno;
	return set;
}

/* Waits up to timeout_ms (-1: for ever) for something to happen; true if nobody is
 * left under the filter. */
static bool all_gone(int set, int timeout_ms)
{
	struct epoll_event e[2];
	int n = epoll_wait(set, e, 2, timeout_ms);

	for (int i = 0; i < n; i++)
		if (e[i].events & EPOLLHUP)
			return true;
	return false;
}

/* Until nobody is left under the filter. If the program leaves others behind, its
 * end is told at once; if not, after the statistics, so that they come first. */
static void supervise(pid_t program, int set, int signals, int news_fd,
		      const struct socketcall_system *sys)
{
	struct signalfd_siginfo sig;
	bool ended = false, told = false;
	int end = 0;

	while (!all_gone(set, -1)) {
		while (read(signals, &sig, sizeof(sig)) == sizeof(sig))
			;
		ended |= reap(program, news_fd, &end);
		if (ended && !told && !all_gone(set, 0)) {
			tell(news_fd, NEWS_STATUS, program, end);
			told = true;
		}
	}
	/* Since Linux 6.11 the listener may tell before the program can be reaped. */
	if (!ended && waitpid(program, &end, 0) != program)
		told = true;
	if (sys->stats)
		stats_print(sys->stats, stderr);
	if (!told)
		tell(news_fd, NEWS_STATUS, program, end);
}

static void quiet_signals(sigset_t *set)
{
	static const int ours[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};

	/* What the terminal or a service manager sends to the whole group is meant
	 * for the programs; we end when they have. */
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		signal(ours[i], SIG_IGN);
	sigfillset(set);
	sigprocmask(SIG_SETMASK, set, NULL);
}

static int supervisor(const struct options *o, struct socketcall_system *sys, int news_fd)
{
	struct filter_options fo = {
		.serve_all = o->trace, .count_denied = o->stats, .watch_rights = true};
	struct sock_fprog filter;
	sigset_t mask, chld;
	const char *what;
	int listener, err = policy_filter(o->policy, &fo, &filter);

	if (err) {
		log_error("the policy does not fit into a filter: %s", strerror(-err));
		return EXIT_OURS;
	}
	/* Orphans of the program stay below us: Yama lets us read only descendants. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	pid_t program = launch(o->argv, &filter, &mask, &listener, &what);
	if (program < 0) {
		log_error("cannot run %s: %s (%s); socketcall doctor tells more", o->argv[0], what,
			  strerror(-program));
		return EXIT_OURS;
	}
	quiet_signals(&mask);
	raise_descriptor_limit();
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	int signals = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	int set = make_set(listener, signals);
	err = set < 0 ? set : host_init();
	if (err || !notify_start(listener, sys, &err)) {
		log_error("cannot serve: %s", err == -EXDEV
				  ? "/proc is that of another process namespace (mount its "
				    "own: unshare --mount-proc)" : strerror(-err));
		kill(program, SIGKILL);
		return EXIT_OURS;
	}
	tell(news_fd, NEWS_STARTED, program, 0);
	supervise(program, set, signals, news_fd, sys);
	_exit(0); /* threads may still be on their way; nothing of theirs matters */
}

int cmd_run(int argc, char **argv)
{
	struct options o = {.policy = policy_new()};
	struct socketcall_system sys = {.serve = &host_ops, .policy = o.policy};
	int news[2], status;

	if (!o.policy) {
		log_error("out of memory");
		return EXIT_OURS;
	}
	status = read_options(argc, argv, &o);
	if (!status)
		status = open_trace(&o, &sys);
	if (status)
		return status;
	if (pipe2(news, O_CLOEXEC) < 0) {
		log_error("pipe: %s", strerror(errno));
		return EXIT_OURS;
	}
	/* The program may have our user id: it must not be able to ptrace us, neither the
	 * supervisor nor the process in front. exec makes the program dumpable again. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	foreground_prepare();
	pid_t pid = fork();
	if (pid == 0) {
		close(news[0]);
		foreground_restore();
		mallopt(M_ARENA_MAX, 2); /* many threads, little memory each */
		status = supervisor(&o, &sys, news[1]);
		tell(news[1], NEWS_FAILED, 0, 0);
		_exit(status);
	}
	close(news[1]);
	if (pid > 0)
		return foreground_wait(news[0], pid);
	log_error("fork: %s", strerror(errno));
	return EXIT_OURS;
}
