/*
 * strace.c - our lines against strace's, for the same calls of one program.
 *
 * usage: strace PROBE
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINE_MAX_LEN = 8192, MIN_LINES = 100, EXIT_SKIP = 77 };

static const char *probe;

/* Past a value that strace prints as text and we as an address: what is sent is not
 * in what a trace line is made of. */
static const char *skip_payload(const char *s)
{
	if (*s == '"') {
		for (s++; *s && *s != '"'; s++)
			if (*s == '\\' && s[1])
				s++;
		s += *s == '"';
		return strncmp(s, "...", 3) ? s : s + 3;
	}
	return s + strcspn(s, ",}");
}

/* Without "[pid N] ", without the spaces that align "= ", without what is sent. */
static void normalize(const char *in, char *out)
{
	bool sends;
	const char *comma;

	if (!strncmp(in, "[pid ", 5))
		in = strchr(in, ']') + 2;
	sends = !strncmp(in, "send", 4);
	comma = !strncmp(in, "sendto(", 7) ? strchr(in, ',') + 2 : NULL;
	while (*in && *in != '\n') {
		if (in == comma || (sends && !strncmp(in, "iov_base=", 9))) {
			in = skip_payload(in == comma ? in : in + 9);
			*out++ = '@';
		} else if (in[0] == ' ' && in[1] == ' ') {
			in++;
		} else {
			*out++ = *in++;
		}
	}
	*out = 0;
}

static bool next_line(FILE *f, char *out)
{
	char line[LINE_MAX_LEN];

	do
		if (!fgets(line, sizeof(line), f))
			return false;
	while (!strncmp(line, "+++ ", 4));
	normalize(line, out);
	return true;
}

static void same_lines(void **state)
{
	char log[] = "/tmp/trace-strace-XXXXXX", command[512];
	char ours[LINE_MAX_LEN], theirs[LINE_MAX_LEN];
	int fd = mkstemp(log), lines = 0;
	FILE *us, *them;

	assert_true(fd >= 0);
	snprintf(command, sizeof(command), "strace -e trace=%%network -o %s %s", log, probe);
	us = popen(command, "r");
	assert_non_null(us);
	them = fdopen(fd, "r");
	while (next_line(us, ours)) {
		/* strace prints a call when it returns, so before we do. */
		assert_true(next_line(them, theirs));
		assert_string_equal(ours, theirs);
		lines++;
	}
	assert_false(next_line(them, theirs));
	assert_int_equal(pclose(us), 0);
	fclose(them);
	unlink(log);
	assert_true(lines >= MIN_LINES);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(same_lines)};

	if (argc < 2)
		return 2;
	probe = argv[1];
	if (system("strace -o /dev/null true 2>/dev/null") != 0)
		return EXIT_SKIP; /* not installed, or not allowed here */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
