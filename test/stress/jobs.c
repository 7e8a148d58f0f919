/*
 * jobs.c - stress jobs SOCKETCALL SELF: a shell on a terminal of ours, in which
 * `socketcall run` must do what the program alone would.
 */
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int terminal;
static char seen[65536];
static size_t nseen;
static unsigned good, bad;

static void type(const char *text)
{
	if (write(terminal, text, strlen(text)) < 0)
		fail("terminal: %s", strerror(errno));
}

/* Reads until the text appears after what was seen before. */
static bool expect(const char *text, double limit)
{
	double end = now() + limit;

	for (;;) {
		char *at = strstr(seen, text);

		if (at) {
			size_t used = at + strlen(text) - seen;

			memmove(seen, seen + used, nseen - used + 1);
			nseen -= used;
			return true;
		}
		struct pollfd p = {.fd = terminal, .events = POLLIN};
		if (now() > end)
			return false;
		if (poll(&p, 1, 50) == 1) {
			ssize_t n = read(terminal, seen + nseen, sizeof(seen) - 1 - nseen);

			if (n <= 0)
				return false;
			nseen += n;
			seen[nseen] = 0;
		}
	}
}

static void check(const char *what, bool ok)
{
	if (ok) {
		good++;
		return;
	}
	bad++;
	printf("%s: not seen; the terminal shows: %.400s\n", what, seen);
}

static void settle(void)
{
	type("\n");
	expect("READY$ ", 0.5);
	usleep(300000);
	while (expect("READY$ ", 0.1))
		;
}

int jobs_main(char **argv)
{
	char line[512];
	pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

	if (pid == 0) {
		setenv("PS1", "READY$ ", 1);
		setenv("S", argv[0], 1);
		setenv("T", argv[1], 1);
		setenv("TERM", "dumb", 1);
		execlp("bash", "bash", "--norc", "--noprofile", "-i", NULL);
		_exit(127);
	}
	check("prompt", expect("READY$ ", 10));
	type("R=\"$S run --deny 'connect to 127.0.0.9' --\"; run() { \"$S\" run --deny 'connect to "
	     "127.0.0.9' -- \"$@\"; }\n");
	settle();

	type("\"$S\" run sleep 100\n");
	usleep(700000);
	type("\003");
	usleep(300000);
	type("echo st=$?.\n");
	check("^C ends it with 130", expect("\nst=130.", 5));
	settle();

	type("\"$S\" run sleep 3\n");
	usleep(700000);
	type("\032");
	check("^Z stops it", expect("Stopped", 5));
	type("jobs\n");
	check("jobs shows it", expect("Stopped", 5));
	type("fg; echo st=$?.\n");
	check("fg continues it to its end", expect("\nst=0.", 10));
	settle();

	type("\"$S\" run sleep 100\n");
	usleep(700000);
	type("\032");
	check("^Z again", expect("Stopped", 5));
	type("bg\n");
	usleep(300000);
	type("kill -TERM %1; wait %1; echo st=$?.\n");
	check("kill -TERM of the job is 143", expect("\nst=143.", 5));
	settle();

	type("\"$S\" run sleep 100\n");
	usleep(700000);
	type("\034");
	usleep(300000);
	type("echo st=$?.\n");
	check("^\\ ends it with 131", expect("\nst=131.", 5));
	settle();

	type("\"$S\" run sh -c 'kill -9 $$'; echo st=$?.\n");
	check("kill -9 is 137", expect("\nst=137.", 5));
	type("\"$S\" run sh -c 'exit 3'; echo st=$?.\n");
	check("exit 3 is 3", expect("\nst=3.", 5));
	type("\"$S\" run /nonexistent; echo st=$?.\n");
	check("not found is 127", expect("\nst=127.", 5));
	type("\"$S\" run /etc/passwd; echo st=$?.\n");
	check("not executable is 126", expect("\nst=126.", 5));
	type("\"$S\" run --nonsense; echo st=$?.\n");
	check("our error is 125", expect("\nst=125.", 5));
	type("timeout 1 \"$S\" run sleep 50.077; echo st=$?.\n");
	check("timeout 1 is 124", expect("\nst=124.", 5));
	type("pgrep -c -f 'sleep 50[.]077'; echo left.\n");
	expect("left.", 2);
	check("and nothing is left", expect("0\r\nleft.", 3));
	type("\"$S\" run tty; echo st=$?.\n");
	check("the terminal is passed on", expect("/dev/pts/", 5) && expect("\nst=0.", 5));
	type("\"$S\" run cat\n");
	usleep(500000);
	type("through\n\004");
	check("stdin from the terminal", expect("through\r\nthrough", 5));
	settle();
	type("echo piped | \"$S\" run cat | cat; echo st=${PIPESTATUS[1]}.\n");
	check("stdin from a pipe", expect("\npiped", 5) && expect("\nst=0.", 5));
	/* A program that stops itself, in a script. */
	type("\"$S\" run sh -c 'kill -STOP $$; exit 5'\n");
	check("a program that stops itself stops the job", expect("Stopped", 5));
	type("fg; echo st=$?.\n");
	check("and goes on", expect("\nst=5.", 5));
	settle();
	/* ^C ends a loop, as it does without us: the shell must see the signal. */
	type("for i in 1 2 3; do \"$S\" run sleep 30; done; echo loop-done.\n");
	usleep(700000);
	type("\003");
	usleep(500000);
	type("echo st=$?.\n");
	check("^C ends a loop", expect("\nst=130.", 4));
	settle();
	/* The window's size is told. */
	type("\"$S\" run bash -c 'trap \"echo winch-seen\" WINCH; for i in $(seq 30); do sleep 0.1; done'\n");
	usleep(800000);
	struct winsize w = {.ws_row = 30, .ws_col = 90};
	ioctl(terminal, TIOCSWINSZ, &w);
	check("SIGWINCH", expect("\nwinch-seen", 5));
	type("\003");
	settle();
	snprintf(line, sizeof(line), "exit\n");
	type(line);
	kill(pid, SIGHUP);
	usleep(100000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (bad)
		fail("%u of %u wrong", bad, good + bad);
	printf("%u things as without us\n", good);
	return 0;
}
