/*
 * parse.c - the policy language: what is taken, and where what is not is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "decide_test.h"

#include "../../src/decide/rule.h"

/* Every text here is right, and makes so many rules. */
static const struct {
	const char *text;
	unsigned rules;
} right[] = {
	{"", 0},
	{"\n\n# nothing\n   # at all\n", 0},
	{"default allow", 0},
	{"default deny EACCES # why\n", 0},
	{"deny socket", 1},
	{"deny socket family alg", 1},
	{"DENY Socket Family AF_ALG,pf_vsock,0x26,38", 1},
	{"deny socket family alg, vsock ,can\r\n", 1},
	{"deny EAFNOSUPPORT socket family netlink type raw protocol netlink_audit", 1},
	{"deny 97 socket", 1},
	{"kill socket type SOCK_RAW protocol IPPROTO_RAW,262", 1},
	{"log connect to any", 1},
	{"allow connect to 10.0.0.0/8,[fd00::]/8,fd00::/8,::1,[::1] port 443,8000-8999", 1},
	{"deny connect,sendto,sendmsg,sendmmsg to any\nallow all", 2},
	{"deny bind to unix:/run/*.sock,unix:/tmp/a\\,b,unix:/x[a,b]y,unix:**/z", 1},
	{"deny bind to unix:/run/[]x].sock,unix:/run/[!a-z^]", 1},
	{"deny connect to unix:@,unix:@/tmp/.X11-unix/*,unix:,unix,unix:@a#b", 1},
	{"deny connect to family:netlink,family:AF_VSOCK,family:38", 1},
	{"allow accept from 127.0.0.0/8 port 1-1023", 1},
	{"deny outbound port 25", 1},
	{"deny transmit to 10.0.0.1", 1},
	{"deny create,options,names,receive,inbound,shutdown", 1},
	{"allow connect to loopback port 80,80,79-81,0-65535", 1},
	{"deny connect to ::ffff:10.0.0.0/104", 1},
	{"deny connect to 0.0.0.0/0,::/0", 1},
};

static void test_right(void **state)
{
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct policy *p = policy_of(right[i].text);

		assert_int_equal(policy_count(p), right[i].rules);
		policy_free(p);
	}
}

/* Every text here is wrong, at this place. */
static const struct {
	const char *text;
	unsigned line, column;
	const char *says;
} wrong[] = {
	{"alow socket", 1, 1, "unknown word 'alow' (did you mean 'allow'?)"},
	{"default allow\n  frobnicate", 2, 3,
	 "unknown word 'frobnicate'; expected allow, deny, kill, log or default"},
	{"deny", 1, 5, "expected a call"},
	{"deny # socket", 1, 6, "expected a call"},
	{"deny EPREM socket", 1, 6, "unknown errno 'EPREM' (did you mean 'EPERM'?)"},
	{"deny 0 socket", 1, 6, "unknown errno '0'"},
	{"deny 4096 socket", 1, 6, "unknown errno '4096'"},
	{"deny scoket", 1, 6, "unknown call 'scoket' (did you mean 'socket'?)"},
	{"deny socket,,bind", 1, 13, "expected a call"},
	{"deny socket,", 1, 13, "expected a call"},
	{"deny ,socket", 1, 6, "expected a call"},
	{"deny socket famly alg", 1, 13, "unknown word 'famly' (did you mean 'family'?)"},
	{"deny socket family alq", 1, 20, "unknown family 'alq' (did you mean 'alg'?)"},
	{"deny socket family", 1, 19, "expected a family"},
	{"deny socket family alg,", 1, 24, "expected a family"},
	{"deny socket family 65536", 1, 20, "unknown family '65536'"},
	{"deny socket family -1", 1, 20, "unknown family '-1'"},
	{"deny socket type steam", 1, 18, "unknown type 'steam' (did you mean 'stream'?)"},
	{"deny socket type 16", 1, 18, "unknown type '16'"},
	{"deny socket protocol tpc", 1, 22, "unknown protocol 'tpc'"},
	{"deny socket family alg family vsock", 1, 24, "'family' is given twice"},
	{"deny connect family alg", 1, 14, "'family' goes with socket and socketpair, not with connect"},
	{"deny socket,connect to any", 1, 21, "'to' goes with connect, sendto, sendmsg, sendmmsg"},
	{"deny accept to any", 1, 13, "not with accept"},
	{"deny connect from any", 1, 14, "'from' goes with accept and accept4, not with connect"},
	{"deny inbound from any", 1, 14, "not with bind"},
	{"deny listen port 80", 1, 13, "not with listen"},
	{"deny send to 10.0.0.1 from any", 1, 23, "'from' goes with accept"},
	{"deny connect to", 1, 16, "expected any, loopback, an address"},
	{"deny connect to 10.0.0", 1, 17, "unknown address '10.0.0'"},
	{"deny connect to 10.0.0.1/33", 1, 26, "expected a prefix length, 0 to 32"},
	{"deny connect to 10.0.0.1/", 1, 26, "expected a prefix length"},
	{"deny connect to 10.0.0.1/8", 1, 17, "'10.0.0.1/8' has bits set after its first 8"},
	{"deny connect to [10.0.0.1]", 1, 17, "unknown address"},
	{"deny connect to [::1", 1, 17, "expected [IPv6 address]"},
	{"deny connect to ::1/129", 1, 21, "expected a prefix length, 0 to 128"},
	{"deny connect to anny", 1, 17, "unknown address 'anny' (did you mean 'any'?)"},
	{"deny connect to family:ineet", 1, 24, "unknown family 'ineet' (did you mean 'inet'?)"},
	{"deny connect to unix:run/x", 1, 22, "expected a path that begins with '/'"},
	{"deny connect to unix:/run/[ab", 1, 27, "'[' without ']'"},
	{"deny connect to unix:/run/[]", 1, 27, "'[' without ']'"},
	{"deny connect to unix:/run/\\", 1, 27, "'\\' at the end"},
	{"deny connect to any port", 1, 25, "expected a port"},
	{"deny connect to any port 65536", 1, 26, "expected a port, 0 to 65535"},
	{"deny connect to any port 80-", 1, 29, "expected a port"},
	{"deny connect to any port 90-80", 1, 26, "expected 80-90"},
	{"deny connect to any port http", 1, 26, "expected a port"},
	{"deny connect to unix port 80", 1, 1, "'port' goes with IP addresses"},
	{"default kill", 1, 9, "expected allow or deny"},
	{"default", 1, 8, "expected allow or deny"},
	{"default deny EPERM socket", 1, 20, "expected the end of the line"},
	{"default deny\ndefault allow", 2, 1, "a second default; the first is at t:1"},
};

static void test_wrong(void **state)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct policy *p = policy_of("allow socket\n");
		struct policy_error err = {0};
		int rc = policy_add_text(p, "t", wrong[i].text, strlen(wrong[i].text), &err);

		if (rc != -EINVAL || err.line != wrong[i].line || err.column != wrong[i].column ||
		    !strstr(err.text, wrong[i].says) || strcmp(err.file, "t") != 0)
			fail_msg("'%s': %d, %s:%u:%u: %s", wrong[i].text, rc, err.file, err.line,
				 err.column, err.text);
		/* Nothing of it was taken. */
		assert_int_equal(policy_count(p), 1);
		assert_false(p->fallback_given);
		policy_free(p);
	}
}

static void test_nul(void **state)
{
	struct policy *p = policy_new();
	struct policy_error err = {0};

	assert_int_equal(policy_add_text(p, "t", "deny socket\0x", 13, &err), -EINVAL);
	assert_int_equal(err.column, 12);
	policy_free(p);
}

static void test_command_line(void **state)
{
	struct policy *p = policy_new();
	struct policy_error err = {0};
	struct call c;
	struct verdict v;

	assert_int_equal(policy_add_rule(p, "deny", " EACCES socket family alg # x", &err), 0);
	assert_int_equal(policy_add_rule(p, "allow", "socket", &err), 0);
	call_init(&c);
	c.nr = CALL_socket;
	c.family = 38;
	v = policy_decide(p, &c, NULL);
	assert_int_equal(v.kind, VERDICT_DENY);
	assert_int_equal(v.err, EACCES);
	assert_string_equal(v.rule, "deny EACCES socket family alg");
	assert_null(v.file);

	assert_int_equal(policy_add_rule(p, "deny", "socket family alq", &err), -EINVAL);
	assert_string_equal(err.file, "--deny");
	assert_int_equal(err.line, 1);
	assert_int_equal(err.column, 15);
	assert_int_equal(policy_add_rule(p, "allow", "socket\ndeny bind", &err), -EINVAL);
	assert_string_equal(err.file, "--allow");
	assert_int_equal(policy_count(p), 2);
	policy_free(p);
}

static void test_file(void **state)
{
	char path[] = "/tmp/socketcall-policy-XXXXXX";
	int fd = mkstemp(path);
	struct policy *p = policy_new();
	struct policy_error err = {0};

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "deny bind\nbad", 13), 13);
	close(fd);
	assert_int_equal(policy_add_file(p, path, &err), -EINVAL);
	assert_string_equal(err.file, path);
	assert_int_equal(err.line, 2);
	unlink(path);
	assert_int_equal(policy_add_file(p, path, &err), -EINVAL);
	assert_string_equal(err.file, path);
	assert_int_equal(err.line, 0);
	assert_string_equal(err.text, "No such file or directory");
	assert_int_equal(policy_add_file(p, "/", &err), -EINVAL);
	policy_free(p);
}

static void test_presets(void **state)
{
	unsigned n = 0;

	for (const char *name; (name = policy_preset_name(n)); n++) {
		struct policy_error err = {0};
		struct policy *p = policy_new();
		size_t len;
		const char *text = policy_preset(name, &len);

		if (policy_add_text(p, name, text, len, &err) < 0)
			fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.text);
		policy_free(p);
	}
	assert_int_equal(n, 4);
	assert_null(policy_preset("no-such", &(size_t){0}));
}

static void test_ranges(void **state)
{
	static const struct range want[] = {{0, 3}, {5, 9}, {UINT32_MAX - 1, UINT32_MAX}};
	struct ranges set = {0};

	assert_int_equal(ranges_add(&set, 8, 9), 0);
	assert_int_equal(ranges_add(&set, 5, 6), 0);
	assert_int_equal(ranges_add(&set, 0, 0), 0);
	assert_int_equal(ranges_add(&set, UINT32_MAX, UINT32_MAX), 0);
	assert_int_equal(ranges_add(&set, UINT32_MAX - 1, UINT32_MAX), 0);
	assert_int_equal(ranges_add(&set, 7, 7), 0);
	assert_int_equal(ranges_add(&set, 1, 3), 0);
	assert_int_equal(set.n, 3);
	assert_memory_equal(set.r, want, sizeof(want));
	assert_false(ranges_have(&set, 4));
	assert_true(ranges_have(&set, 5));
	assert_true(ranges_have(&set, UINT32_MAX));
	free(set.r);
}

static const struct {
	const char *glob, *s;
	bool path, want;
} globs[] = {
	{"/run/*.sock", "/run/a.sock", true, true},
	{"/run/*.sock", "/run/.sock", true, true},
	{"/run/*.sock", "/run/a/b.sock", true, false},
	{"/run/**.sock", "/run/a/b.sock", true, true},
	{"/run/**", "/run/", true, true},
	{"/run/**", "/runx", true, false},
	{"**/x", "/a/b/x", true, true},
	{"/a?c", "/abc", true, true},
	{"/a?c", "/a/c", true, false},
	{"/a[!b]c", "/a/c", true, false},
	{"/a[/]c", "/a/c", true, false},
	{"/a[a-c]", "/ab", true, true},
	{"/a[a-c]", "/ad", true, false},
	{"/a[!a-c]", "/ad", true, true},
	{"/a[]]", "/a]", true, true},
	{"/a[a-]", "/a-", true, true},
	{"/a\\*", "/a*", true, true},
	{"/a\\*", "/ab", true, false},
	{"a*", "a/b/c", false, true},
	{"", "", false, true},
	{"", "a", false, false},
	{"*", "", false, true},
	{"/run/x", "/run/xy", true, false},
	{"/run/xy", "/run/x", true, false},
	/* Quadratic, not exponential. */
	{"*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, false},
};

static void test_globs(void **state)
{
	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++)
		if (glob_match(globs[i].glob, globs[i].s, strlen(globs[i].s), globs[i].path) !=
		    globs[i].want)
			fail_msg("%s on %s", globs[i].glob, globs[i].s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right), cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_nul), cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_file), cmocka_unit_test(test_presets),
		cmocka_unit_test(test_ranges), cmocka_unit_test(test_globs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
