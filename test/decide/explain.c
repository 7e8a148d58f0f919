/*
 * explain.c - what `policy explain` and `policy check` print, and the numbers of
 * the system calls that change rights.
 */
#include <stdio.h>
#include <stdlib.h>

#include "decide_test.h"

#include "../../src/decide/bpf.h"

extern const int numbers_i386[], numbers_x86_64[], uring_i386[], uring_x86_64[];

#define POLICY                                                                                  \
	"default deny\n"                                                                        \
	"allow create family unix,inet\n"                                                       \
	"allow connect to 10.0.0.0/8 port 80\n"                                                 \
	"log connect to any\n"                                                                  \
	"allow connect to unix:/run/*\n"                                                        \
	"kill accept from 192.0.2.1\n"

static const struct {
	const char *call, *verdict, *rule, *x86_64, *socketcall;
} rows[] = {
	{"socket family inet type stream", "allow", "t:2: allow create family unix,inet",
	 "allowed in the kernel", "notified"},
	{"socket family alg", "deny EPERM", "t:1: default deny", "denied in the kernel, EPERM",
	 "notified"},
	{"connect to 10.0.0.1 port 80", "allow", "t:3:", "notified", "notified"},
	{"connect to [::ffff:10.0.0.1] port 80", "allow", "t:3:", "notified", "notified"},
	{"connect to 10.0.0.1 port 81", "deny EPERM, and log", "t:1:", "notified", "notified"},
	{"connect to unix:/run/x", "allow, and log", "t:5:", "notified", "notified"},
	{"connect to unix:/etc/x", "deny EPERM, and log", "t:1:", "notified", "notified"},
	{"connect to unix:@x", "deny EPERM, and log", "t:1:", "notified", "notified"},
	{"connect to family:vsock", "deny EPERM, and log", "t:1:", "notified", "notified"},
	{"sendto to 10.0.0.1 port 80", "allow", "t:3:", "notified", "notified"},
	{"sendto", "allow", "default", "allowed in the kernel", "notified"},
	{"sendmsg to 10.0.0.1 port 1", "deny EPERM, and log", "t:1:", "notified", "notified"},
	{"accept from 192.0.2.1", "kill", "t:6:", "notified", "notified"},
	{"accept from 192.0.2.2", "deny EPERM", "t:1:", "notified", "notified"},
	{"bind to 0.0.0.0 port 80", "deny EPERM", "t:1:", "denied in the kernel, EPERM",
	 "denied in the kernel, EPERM"},
	{"recvmsg", "allow", "default", "allowed in the kernel", "allowed in the kernel"},
	{"setsockopt", "allow", "default", "allowed in the kernel", "notified"},
};

/* The line of the text that begins with this; "" if there is none. */
static const char *line_of(const char *text, const char *head)
{
	static char line[256];
	const char *at = strstr(text, head);

	if (!at)
		return "";
	at += strlen(head);
	at += strspn(at, " ");
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
	return line;
}

static void check_line(const char *call, const char *text, const char *head, const char *want)
{
	if (strncmp(line_of(text, head), want, strlen(want)) != 0)
		fail_msg("%s: %s: not %s in:\n%s", call, head, want, text);
}

static void test_explain(void **state)
{
	struct policy *p = policy_of(POLICY);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy_error err = {0};
		char *text = NULL;
		size_t len;
		FILE *out = open_memstream(&text, &len);
		int rc = policy_explain(p, rows[i].call, out, &err);

		fclose(out);
		if (rc)
			fail_msg("%s: %s", rows[i].call, err.text);
		check_line(rows[i].call, text, "verdict", rows[i].verdict);
		check_line(rows[i].call, text, "rule", rows[i].rule);
		check_line(rows[i].call, text, "x86_64 direct", rows[i].x86_64);
		check_line(rows[i].call, text, "i386 socketcall", rows[i].socketcall);
		free(text);
	}
	policy_free(p);
}

static const struct {
	const char *call;
	unsigned column;
	const char *says;
} wrong[] = {
	{"", 1, "expected a call"},
	{"conect to 10.0.0.1", 1, "did you mean 'connect'?"},
	{"outbound to 10.0.0.1", 1, "unknown call 'outbound'; expected a call"},
	{"socket", 1, "expected 'family'"},
	{"connect", 1, "expected 'to' and one address"},
	{"accept", 1, "expected 'from' and one address"},
	{"connect to any", 1, "expected one address"},
	{"connect to 10.0.0.0/8", 1, "not a network"},
	{"connect to 10.0.0.1,10.0.0.2", 1, "one address"},
	{"sendto port 80", 1, "expected one address"},
	{"connect to 10.0.0.1 prot 80", 21, "did you mean 'port'?"},
};

static void test_wrong(void **state)
{
	struct policy *p = policy_new();

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct policy_error err = {0};

		if (policy_explain(p, wrong[i].call, stderr, &err) != -EINVAL ||
		    err.column != wrong[i].column || !strstr(err.text, wrong[i].says))
			fail_msg("%s: %u: %s", wrong[i].call, err.column, err.text);
	}
	policy_free(p);
}

static void test_notes(void **state)
{
	static const struct {
		const char *policy, *says;
	} notes[] = {
		{"deny connect\ndeny connect to 10.0.0.1", "t:2: note: never reached"},
		{"deny connect to 10.0.0.1", "packet sockets"},
		{"deny create family packet\ndeny connect to 10.0.0.1", "raw sockets"},
		{"deny create type raw,packet\ndeny connect to 10.0.0.1", NULL},
		{"deny socket family alg", NULL},
		{"log all\ndeny socket family alg", NULL},
	};

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		struct policy *p = policy_of(notes[i].policy);
		char *text = NULL;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		policy_notes(p, out);
		fclose(out);
		if (notes[i].says ? !strstr(text, notes[i].says) : len != 0)
			fail_msg("%s:\n%s", notes[i].policy, text);
		free(text);
		policy_free(p);
	}
}

static unsigned count(const int *list)
{
	unsigned n = 0;

	while (list[n] >= 0)
		n++;
	return n;
}

static unsigned count_calls(const struct rights_call *list)
{
	unsigned n = 0;

	while (list[n].sysno >= 0)
		n++;
	return n;
}

static void same_numbers(const struct abi *abi, const int *numbers, const int *uring)
{
	static const struct filter_options all = {.serve_all = true};
	struct policy *p = policy_new();
	struct sock_fprog prog;

	assert_int_equal(count_calls(filter_rights_calls(abi)), count(numbers));
	for (; *numbers >= 0; numbers++)
		assert_int_not_equal(filter_rights_change(abi, *numbers), CHANGES_NOTHING);
	assert_int_equal(policy_filter(p, &all, &prog), 0);
	for (; *uring >= 0; uring++) {
		struct seccomp_data data = {.nr = *uring, .arch = abi->audit_arch};

		assert_int_equal(bpf_run(&prog, &data, NULL), SECCOMP_RET_ERRNO | ENOSYS);
	}
	free(prog.filter);
	policy_free(p);
}

static void test_numbers(void **state)
{
	same_numbers(&abi_i386, numbers_i386, uring_i386);
	same_numbers(&abi_x86_64, numbers_x86_64, uring_x86_64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain), cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_notes), cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
