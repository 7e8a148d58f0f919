/*
 * strace.c - our lines against strace's, for the same calls.
 *
 * usage: strace PROBE                 PROBE makes and traces them at once
 *        strace SOCKETCALL PROGRAM    the trace of a run of its own
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

enum { LINE_MAX_LEN = 8192, MIN_LINES = 100, MIN_LINES_RUN = 50, EXIT_SKIP = 77 };

static const char *probe, *run, *program;

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

/* Without "[pid N] " and what tells ABI and entry, without the spaces that align "= ", without what is sent. */
static void normalize(const char *in, char *out)
{
	bool sends;
	const char *comma;

	if (!strncmp(in, "[pid ", 5))
		in = strchr(in, ']') + 2;
	if (!strncmp(in, "i386 ", 5))
		in += 5;
	if (!strncmp(in, "socketcall ", 11))
		in += 11;
	sends = !strncmp(in, "send", 4);
	comma = !strncmp(in, "sendto(", 7) || !strncmp(in, "send(", 5) ? strchr(in, ',') + 2
									: NULL;
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
	while (!strncmp(line, "+++ ", 4) || !strncmp(line, "[ Process", 9));
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

static const char *after(const char *value)
{
	return *value == '"' ? skip_payload(value) : value + strcspn(value, ",)}] ");
}

/* What is another in every run: addresses of memory, ports, times. */
static void same_in_all_runs(char *s)
{
	static const char *const heads[] = {"htons(", "tv_sec=", "tv_usec=", "sa_data=", "0x"};
	enum { ADDRESS_DIGITS = 5 }; /* fewer: 0x63, an unknown family, or so */
	char *out = s;

	while (*s) {
		size_t n = 0, h;

		for (h = 0; h < 5 && strncmp(s, heads[h], strlen(heads[h])); h++)
			;
		if (h < 5)
			n = after(s + strlen(heads[h])) - s;
		if (!n || (heads[h][0] == '0' && n < 2 + ADDRESS_DIGITS)) {
			*out++ = *s++;
			continue;
		}
		*out++ = '@';
		s += n;
	}
	*out = 0;
}

static void same_run(void **state)
{
	char log[2][32] = {"/tmp/trace-run-XXXXXX", "/tmp/trace-run-XXXXXX"}, command[1024];
	char ours[LINE_MAX_LEN], theirs[LINE_MAX_LEN];
	FILE *f[2];
	int lines = 0;

	for (int i = 0; i < 2; i++)
		f[i] = fdopen(mkstemp(log[i]), "r");
	snprintf(command, sizeof(command), "%s run --trace=%s %s", run, log[0], program);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "strace -e trace=%%network -o %s %s", log[1], program);
	assert_int_equal(system(command), 0);
	for (; next_line(f[0], ours); lines++) {
		assert_true(next_line(f[1], theirs));
		same_in_all_runs(ours);
		same_in_all_runs(theirs);
		assert_string_equal(ours, theirs);
	}
	assert_false(next_line(f[1], theirs));
	assert_true(lines >= MIN_LINES_RUN);
	for (int i = 0; i < 2; i++) {
		fclose(f[i]);
		unlink(log[i]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest probing[] = {cmocka_unit_test(same_lines)};
	const struct CMUnitTest running[] = {cmocka_unit_test(same_run)};
	char doctor[512];

	if (argc < 2)
		return 2;
	probe = run = argv[1];
	program = argc > 2 ? argv[2] : NULL;
	if (system("strace -o /dev/null true 2>/dev/null") != 0)
		return EXIT_SKIP; /* not installed, or not allowed here */
	if (!program)
		return cmocka_run_group_tests(probing, NULL, NULL);
	snprintf(doctor, sizeof(doctor), "%s doctor >/dev/null", run);
	if (system(doctor) != 0)
		return EXIT_SKIP;
	return cmocka_run_group_tests(running, NULL, NULL);
}
