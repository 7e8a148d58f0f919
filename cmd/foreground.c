/*
 * foreground.c - run makes three processes:
 *
 *     shell -> foreground -> supervisor -> program
 *
 * The supervisor must be the program's ancestor, or Yama (ptrace_scope 1) would
 * not let it read the program's memory; and it must go on when the program is
 * stopped, since others may not be, and when the program has ended, since it may
 * have left others behind. So the shell is given another process to wait for:
 * this one, which does what the program does.
 *
 * All three are in one process group: what the terminal sends reaches the program
 * itself, and is ignored here. What is sent to this process alone (kill(1),
 * timeout(1), a service manager) is forwarded.
 */
#include "foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../src/lib/log.h"
#include "cmd.h"

/* Signals that mean the program when they are sent to us. */
static const int forwarded[] = {SIGHUP, SIGINT,	 SIGQUIT, SIGTERM, SIGUSR1,  SIGUSR2,
				SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM, SIGWINCH, SIGCONT};
enum { FORWARDED = sizeof(forwarded) / sizeof(forwarded[0]) };

static sigset_t mask_before;

static void our_signals(sigset_t *set)
{
	sigemptyset(set);
	for (int i = 0; i < FORWARDED; i++)
		sigaddset(set, forwarded[i]);
	sigaddset(set, SIGCHLD);
}

void foreground_prepare(void)
{
	sigset_t set;

	our_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &mask_before);
	/* If the supervisor is killed, the program becomes our child. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

void foreground_restore(void)
{
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

static void forward(const struct signalfd_siginfo *s, pid_t program)
{
	/* From the terminal: the program has had it too. */
	if (s->ssi_code == SI_KERNEL || (int)s->ssi_pid == getpid() || program <= 0)
		return;
	kill(program, s->ssi_signo);
}

/* Stops as the program has stopped; returns when we are continued. */
static void stop_too(int sig)
{
	if (sig != SIGTSTP && sig != SIGTTIN && sig != SIGTTOU)
		sig = SIGSTOP;
	sigset_t one;
	sigemptyset(&one);
	sigaddset(&one, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	sigprocmask(SIG_BLOCK, &one, NULL);
}

/* Ends as the program has ended. A shell that runs a script wants to see that ^C ended
 * a command, not a number, or it goes on with the next one. */
static int end_as(int status)
{
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGQUIT)) {
		const struct rlimit no_core = {0, 0};
		sigset_t one;

		setrlimit(RLIMIT_CORE, &no_core);
		signal(WTERMSIG(status), SIG_DFL);
		sigemptyset(&one);
		sigaddset(&one, WTERMSIG(status));
		raise(WTERMSIG(status));
		sigprocmask(SIG_UNBLOCK, &one, NULL);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The supervisor is dead. The program is our child now; wait for its end. */
static int orphaned(pid_t supervisor, pid_t program)
{
	int status;

	waitpid(supervisor, NULL, 0); /* from then on the program is ours */
	log_error("the supervisor was killed; socket calls that it had to judge fail now");
	if (program <= 0)
		return EXIT_OURS;
	for (;;) {
		pid_t pid = waitpid(program, &status, 0);

		if (pid == program)
			return end_as(status);
		if (pid < 0 && errno != EINTR)
			return EXIT_OURS;
	}
}

int foreground_wait(int news_fd, pid_t supervisor)
{
	struct epoll_event readable = {.events = EPOLLIN};
	struct foreground_news news;
	struct signalfd_siginfo sig;
	pid_t program = 0;
	sigset_t set;

	our_signals(&set);
	int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	/* Not poll(2): a program with our user id can lower our RLIMIT_NOFILE. */
	int events = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(events, EPOLL_CTL_ADD, signals, &readable);
	epoll_ctl(events, EPOLL_CTL_ADD, news_fd, &readable);
	fcntl(news_fd, F_SETFL, O_NONBLOCK);
	for (;;) {
		epoll_wait(events, &readable, 1, -1);
		while (read(signals, &sig, sizeof(sig)) == sizeof(sig))
			if (sig.ssi_signo != SIGCHLD)
				forward(&sig, program);
		ssize_t n = read(news_fd, &news, sizeof(news));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n != sizeof(news))
			return orphaned(supervisor, program);
		if (news.kind == NEWS_FAILED) {
			waitpid(supervisor, NULL, 0);
			return EXIT_OURS;
		}
		program = news.pid;
		if (news.kind == NEWS_STARTED)
			continue;
		if (!WIFSTOPPED(news.status))
			return end_as(news.status);
		stop_too(WSTOPSIG(news.status));
	}
}
