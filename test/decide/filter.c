/*
 * filter.c - the filters that policies compile to, run by our own interpreter and
 * by the kernel.
 *
 * First a verdict table, a row a way of making a call. Then the property that
 * counts: for any policy and any call, what the filter says without asking is
 * what policy_decide() says of the same call.
 */
#include <linux/audit.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "decide_test.h"

#include "../../src/decide/bpf.h"

#define X64 AUDIT_ARCH_X86_64
#define I386 AUDIT_ARCH_I386
#define ALLOW SECCOMP_RET_ALLOW
#define NOTIFY SECCOMP_RET_USER_NOTIF
#define KILL SECCOMP_RET_KILL_PROCESS
#define ERR(e) (SECCOMP_RET_ERRNO | (e))

static void compile(const char *text, const struct filter_options *opt, struct sock_fprog *prog)
{
	struct policy *p = policy_of(text);

	assert_int_equal(policy_filter(p, opt, prog), 0);
	policy_free(p);
}

static const struct filter_options plain = {0}, stats = {.count_denied = true},
	all = {.serve_all = true}, rights = {.watch_rights = true};

#define ALG "deny socket,socketpair family alg,vsock"
#define HIGH UINT64_C(0xdeadbeef00000000)

static const struct {
	const char *policy;
	const struct filter_options *opt;
	uint32_t arch;
	int nr;
	uint64_t args[6];
	uint32_t want;
	bool constant; /* found by number and architecture alone */
} rows[] = {
	/* family, in registers */
	{ALG, &plain, X64, 41, {38, 5}, ERR(EPERM), false},
	{ALG, &plain, X64, 41, {40, 5}, ERR(EPERM), false},
	{ALG, &plain, X64, 41, {39, 5}, ALLOW, false},
	{ALG, &plain, X64, 41, {HIGH | 38, 5}, ERR(EPERM), false},
	{ALG, &plain, X64, 53, {38, 5}, ERR(EPERM), false},
	{ALG, &plain, I386, 359, {38, 5}, ERR(EPERM), false},
	{ALG, &plain, I386, 359, {HIGH | 38, 5}, ERR(EPERM), false},
	{ALG, &plain, I386, 360, {2, 1}, ALLOW, false},
	/* ... behind a pointer */
	{ALG, &plain, I386, 102, {1}, NOTIFY, false},
	{ALG, &plain, I386, 102, {8}, NOTIFY, false},
	{ALG, &plain, I386, 102, {HIGH | 1}, NOTIFY, false},
	{ALG, &plain, I386, 102, {3}, ALLOW, false},
	{ALG, &plain, I386, 102, {0}, ALLOW, false},
	{ALG, &plain, I386, 102, {21}, ALLOW, false},
	/* what the policy does not concern */
	{ALG, &plain, X64, 42, {0}, ALLOW, true},
	{ALG, &plain, X64, 44, {0}, ALLOW, true},
	{ALG, &plain, X64, 0, {0}, ALLOW, true},
	{ALG, &plain, X64, 102, {0}, ALLOW, true}, /* getuid */
	{ALG, &plain, X64, 359, {38}, ALLOW, true},
	{ALG, &plain, I386, 362, {0}, ALLOW, true},
	{ALG, &plain, I386, 41, {38}, ALLOW, true}, /* dup */
	/* ways around */
	{ALG, &plain, X64, 425, {0}, ERR(ENOSYS), true},
	{ALG, &plain, X64, 427, {0}, ERR(ENOSYS), true},
	{ALG, &plain, X64, 428, {0}, ALLOW, true},
	{ALG, &plain, I386, 426, {0}, ERR(ENOSYS), true},
	{ALG, &plain, X64, 0x40000000 | 41, {38}, ERR(ENOSYS), true},
	{ALG, &plain, X64, 0x40000000, {0}, ERR(ENOSYS), true},
	{ALG, &plain, X64, -1, {0}, ERR(ENOSYS), true},
	{ALG, &plain, AUDIT_ARCH_AARCH64, 198, {38}, KILL, true},
	{ALG, &plain, 0, 41, {2}, KILL, true},
	/* no policy: nothing is closed, nothing is asked */
	{"", &rights, X64, 425, {0}, ALLOW, true},
	{"", &rights, X64, 41, {38}, ALLOW, true},
	{"", &rights, X64, 59, {0}, ALLOW, true},
	{"default deny", &plain, X64, 425, {0}, ERR(ENOSYS), true},
	/* SOCK_PACKET */
	{"deny socket family packet", &plain, X64, 41, {2, 10 | SOCK_CLOEXEC}, ERR(EPERM), false},
	{"deny socket family packet", &plain, X64, 41, {2, 3}, ALLOW, false},
	{"deny socket family packet", &plain, X64, 41, {17, 3}, ERR(EPERM), false},
	{"allow socket family inet\ndeny socket", &plain, X64, 41, {2, 10}, ERR(EPERM), false},
	{"allow socket family inet\ndeny socket", &plain, X64, 41, {2, 1}, ALLOW, false},
	/* type and protocol */
	{"deny socket type raw", &plain, X64, 41, {2, HIGH | 3 | SOCK_NONBLOCK}, ERR(EPERM), false},
	{"deny EACCES socket protocol tcp", &plain, X64, 41, {2, 1, 0}, ERR(EACCES), false},
	{"deny EACCES socket protocol tcp", &plain, X64, 41, {10, 1, HIGH | 6}, ERR(EACCES), false},
	{"deny EACCES socket protocol tcp", &plain, X64, 41, {2, 2, 0}, ALLOW, false},
	{"deny EACCES socket protocol tcp", &plain, X64, 41, {1, 1, 0}, ALLOW, false},
	{"deny EACCES socket type stream protocol tcp,udp", &plain, X64, 41, {2, 2, 0}, ALLOW, false},
	/* addresses lie in memory; that there is none, in a register */
	{"deny connect to 10.0.0.0/8", &plain, X64, 42, {3, 4096, 16}, NOTIFY, true},
	{"deny connect to 10.0.0.0/8", &plain, X64, 44, {3, 1, 1, 0, 4096, 16}, NOTIFY, false},
	{"deny connect to 10.0.0.0/8", &plain, X64, 44, {3, 1, 1, 0, HIGH, 16}, NOTIFY, false},
	{"deny connect to 10.0.0.0/8", &plain, X64, 44, {3, 1, 1, 0, 0, 16}, ALLOW, false},
	{"deny connect to 10.0.0.0/8", &plain, X64, 44, {3, 1, 1, 0, 4096, HIGH}, ALLOW, false},
	{"deny connect to 10.0.0.0/8", &plain, I386, 369, {3, 1, 1, 0, HIGH, 16}, ALLOW, false},
	{"deny connect to 10.0.0.0/8", &plain, I386, 369, {3, 1, 1, 0, 8, 16}, NOTIFY, false},
	{"deny connect to 10.0.0.0/8", &plain, X64, 46, {0}, NOTIFY, true},
	{"deny connect to 10.0.0.0/8", &plain, X64, 307, {0}, NOTIFY, true},
	{"deny connect to 10.0.0.0/8", &plain, X64, 49, {0}, ALLOW, true},
	{"deny connect to 10.0.0.0/8", &plain, X64, 45, {0}, ALLOW, true},
	{"deny connect to 10.0.0.0/8", &plain, X64, 54, {3, 0, 4}, ERR(EPERM), false},
	{"deny connect to 10.0.0.0/8", &plain, X64, 54, {3, HIGH, HIGH | 4}, ERR(EPERM), false},
	{"deny connect to 10.0.0.0/8", &plain, X64, 54, {3, 1, 4}, ALLOW, false},
	{"deny connect to 10.0.0.0/8", &plain, X64, 54, {3, 132, 110}, ERR(EPERM), false},
	{"deny connect to 10.0.0.0/8", &plain, X64, 55, {3, 132, 111}, ERR(EPERM), false},
	{"deny connect to 10.0.0.0/8", &plain, X64, 55, {3, 132, 110}, ALLOW, false},
	{"deny connect to 10.0.0.0/8", &plain, I386, 102, {3}, NOTIFY, false},
	{"deny connect to 10.0.0.0/8", &plain, I386, 102, {9}, ALLOW, false},
	{"deny connect to 10.0.0.0/8", &plain, I386, 102, {11}, NOTIFY, false},
	{"deny connect to 10.0.0.0/8", &plain, I386, 102, {14}, NOTIFY, false},
	{"deny connect to 10.0.0.0/8", &plain, I386, 102, {16}, NOTIFY, false},
	{"deny connect to 10.0.0.0/8", &plain, I386, 102, {17}, ALLOW, false},
	/* what needs no look into memory */
	{"deny connect", &plain, X64, 42, {0}, ERR(EPERM), true},
	{"deny connect", &plain, I386, 102, {3}, ERR(EPERM), false},
	{"deny connect", &plain, X64, 44, {3, 1, 1, 0, 4096, 16}, ERR(EPERM), false},
	{"deny connect", &plain, X64, 44, {3, 1, 1, 0, 0, 0}, ALLOW, false},
	{"deny connect to any", &plain, X64, 42, {0}, NOTIFY, true}, /* or a disconnect */
	{"deny connect to any", &plain, X64, 44, {3, 1, 1, 0, 4096, 16}, ERR(EPERM), false},
	{"deny bind to any", &plain, X64, 49, {0}, ERR(EPERM), true},
	{"deny bind to any", &plain, I386, 102, {2}, ERR(EPERM), false},
	{"deny bind to any port 80", &plain, X64, 49, {0}, NOTIFY, true},
	{"deny accept from any", &plain, X64, 288, {0}, ERR(EPERM), true},
	{"deny accept from 10.0.0.1", &plain, X64, 43, {0}, NOTIFY, true},
	{"deny send", &plain, X64, 44, {3, 1, 1, 0, 0, 0}, ERR(EPERM), false},
	{"deny send", &plain, X64, 44, {3, 1, 1, 0, 4096, 16}, ALLOW, false},
	{"deny send", &plain, I386, 102, {9}, ERR(EPERM), false},
	{"deny send", &plain, I386, 102, {11}, NOTIFY, false},
	{"kill shutdown", &plain, X64, 48, {0}, KILL, true},
	{"log shutdown\ndeny shutdown", &plain, X64, 48, {0}, NOTIFY, true},
	{"log socket family alg", &plain, X64, 41, {38}, NOTIFY, false},
	{"log socket family alg", &plain, X64, 41, {2}, ALLOW, false},
	{"deny all", &plain, X64, 51, {0}, ERR(EPERM), true},
	/* an allow that changes nothing costs nothing */
	{"allow connect to 10.0.0.1", &plain, X64, 42, {0}, ALLOW, true},
	{ALG "\nallow connect to unix:/x\nallow all", &plain, X64, 42, {0}, ALLOW, true},
	{"deny connect to 10.0.0.1\nallow connect to 11.0.0.1", &plain, X64, 42, {0}, NOTIFY, true},
	{"deny bind to 10.0.0.1\ndeny bind", &plain, X64, 49, {0}, ERR(EPERM), true},
	/* default deny */
	{"default deny EIO", &plain, X64, 41, {2}, ERR(EIO), true},
	{"default deny EIO", &plain, X64, 42, {0}, NOTIFY, true},
	{"default deny EIO", &plain, X64, 44, {3, 1, 1, 0, 0, 0}, ALLOW, false},
	{"default deny EIO", &plain, X64, 44, {3, 1, 1, 0, 8, 16}, ERR(EIO), false},
	{"default deny EIO", &plain, X64, 45, {0}, ALLOW, true},
	{"default deny EIO", &plain, X64, 50, {0}, ERR(EIO), true},
	{"default deny EIO", &plain, I386, 102, {4}, ERR(EIO), false},
	{"default deny EIO", &plain, I386, 102, {10}, ALLOW, false},
	/* --stats: what registers deny is counted */
	{ALG, &stats, X64, 41, {38, 5}, NOTIFY, false},
	{ALG, &stats, X64, 41, {2, 1}, ALLOW, false},
	{"deny bind", &stats, X64, 49, {0}, NOTIFY, true},
	{"kill bind", &stats, X64, 49, {0}, NOTIFY, true},
	{"deny connect to 10.0.0.0/8", &stats, X64, 54, {3, 0, 4}, NOTIFY, false},
	/* --trace: every call */
	{"", &all, X64, 41, {2}, NOTIFY, true},
	{"deny bind", &all, X64, 49, {0}, NOTIFY, true},
	{"", &all, X64, 299, {0}, NOTIFY, true},
	{"", &all, X64, 307, {0}, NOTIFY, true},
	{"", &all, I386, 102, {21}, NOTIFY, true},
	{"", &all, I386, 417, {0}, NOTIFY, true},
	{"", &all, I386, 337, {0}, NOTIFY, true},
	{"", &all, X64, 425, {0}, ERR(ENOSYS), true},
	{"", &all, X64, 0, {0}, ALLOW, true},
	/* changes of rights */
	{ALG, &rights, X64, 59, {0}, NOTIFY, true},
	{ALG, &rights, X64, 105, {0}, NOTIFY, true},
	{ALG, &rights, I386, 11, {0}, NOTIFY, true},
	{ALG, &rights, I386, 213, {0}, NOTIFY, true},
	{ALG, &rights, I386, 23, {0}, NOTIFY, true},
	{ALG, &rights, X64, 57, {0}, ALLOW, true},
	{"deny listen", &rights, X64, 59, {0}, ALLOW, true}, /* nothing is ever served */
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seccomp_data data = {.nr = rows[i].nr, .arch = rows[i].arch};
		struct sock_fprog prog;
		bool constant = false;
		uint32_t ret;

		memcpy(data.args, rows[i].args, sizeof(data.args));
		compile(rows[i].policy, rows[i].opt, &prog);
		ret = bpf_run(&prog, &data, &constant);
		if (ret != rows[i].want || constant != rows[i].constant)
			fail_msg("row %zu: arch %x nr %d: %x, not %x; constant %d, under:\n%s", i,
				 data.arch, data.nr, ret, rows[i].want, constant, rows[i].policy);
		free(prog.filter);
	}
}

/* --- the filter says what policy_decide says --- */

static uint64_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(seed >> 33) % below;
}

#define PICK(list) ((list)[rnd(sizeof(list) / sizeof((list)[0]))])

static void random_rule(char *out, size_t size)
{
	static const char *const actions[] = {
		"allow", "deny", "deny EACCES", "deny EIO", "kill", "log", "allow", "deny",
	};
	static const char *const calls[] = {
		"socket", "socket,socketpair", "create", "connect", "outbound", "sendto", "sendmsg",
		"bind", "accept", "all", "send", "recv", "setsockopt", "options", "listen",
		"transmit", "connect,send", "sendmmsg,connect", "getsockname,shutdown",
	};
	static const char *const create[] = {
		"", "family inet", "family packet", "family alg,vsock", "family inet,inet6,3-",
		"type raw", "type stream,dgram", "type packet", "protocol tcp", "protocol udp,6,7,8",
		"protocol 0", "protocol sctp,ip", "family inet type stream protocol tcp",
		"family packet,inet type packet,raw", "family inet6 protocol udp",
	};
	static const char *const to[] = {
		"", "to any", "to 10.0.0.0/8", "to loopback", "to unix", "to unix:/run/*",
		"to unix:@x*", "to any port 80", "port 1-1023", "to family:netlink,::/0",
		"to 0.0.0.0/0", "to unix:/run/*,any", "to unix:",
	};
	static const char *const from[] = {"", "from any", "from 10.0.0.0/8", "from unix", "port 80"};
	const char *call = PICK(calls), *matcher = "";

	if (strstr(call, "socket") == call || strcmp(call, "create") == 0)
		matcher = strcmp(call, "setsockopt") ? PICK(create) : "";
	else if (strstr("connect outbound sendto sendmsg bind transmit sendmmsg,connect", call))
		matcher = PICK(to);
	else if (strcmp(call, "accept") == 0)
		matcher = PICK(from);
	snprintf(out, size, "%s %s %s\n", PICK(actions), call,
		 strcmp(matcher, "family inet,inet6,3-") ? matcher : "family inet,3,4,5,inet6");
}

static void random_policy(char *out, size_t size)
{
	static const char *const defaults[] = {"", "default deny\n", "default deny EIO\n"};
	unsigned n = rnd(6);

	snprintf(out, size, "%s", PICK(defaults));
	for (unsigned i = 0; i < n; i++)
		random_rule(out + strlen(out), size - strlen(out));
}

/* A 64-bit register whose low word is v. */
static uint64_t reg(uint32_t v)
{
	return rnd(3) ? v : HIGH | v;
}

static void random_addr(struct call_addr *a)
{
	static const uint16_t families[] = {0, 1, 1, 2, 2, 10, 10, 16, 33, 40};
	static const uint8_t lens[] = {0, 1, 2, 3, 8, 16, 24, 28, 110, 128};
	uint8_t *b = a->bytes;

	memset(a, 0, sizeof(*a));
	a->present = true;
	a->len = PICK(lens);
	a->family = PICK(families);
	if (a->family == 1)
		memcpy(b + 2, rnd(2) ? "/run/x" : "\0xyz\0", 6);
	else if (rnd(4))
		memcpy(b + 2, rnd(2) ? "\0\120\12\0\0\1" : "\0\120\0\0\0\0", 6);
	if (a->family == 10 && rnd(2))
		b[18] = b[19] = 0xff;
	memset(b + a->len, 0, sizeof(a->bytes) - a->len);
}

static void random_call(struct call *c, struct call_msg msg[2], struct cmsghdr *control)
{
	static const int families[] = {0, 1, 2, 2, 2, 3, 10, 16, 17, 38, 40, -1, 0x10002};
	static const int types[] = {1, 2, 3, 5, 10, 1 | SOCK_CLOEXEC, 0x7ffffff3, -1};
	static const int protocols[] = {0, 0, 1, 6, 17, 132, 255, -1};
	static const int levels[] = {0, 1, 41, 132};
	static const int names[] = {4, 5, 6, 7, 8, 25, 50, 57, 32, 62, 76, 100, 107, 110, 111};

	call_init(c);
	c->nr = 1 + rnd(CALL_LAST);
	c->family = PICK(families);
	c->type = PICK(types);
	c->protocol = PICK(protocols);
	c->opt.level = PICK(levels);
	c->opt.name = PICK(names);
	random_addr(&c->addr);
	if (c->nr == CALL_sendto && rnd(3) == 0)
		c->addr = (struct call_addr){.len = rnd(17)};
	if (c->nr != CALL_sendmsg && c->nr != CALL_sendmmsg)
		return;
	c->msg = msg;
	c->nmsg = c->nr == CALL_sendmsg ? 1 : rnd(3);
	for (unsigned i = 0; i < 2; i++) {
		memset(&msg[i], 0, sizeof(msg[i]));
		if (rnd(2))
			random_addr(&msg[i].name);
		*control = (struct cmsghdr){sizeof(*control), PICK(levels), PICK(names)};
		if (rnd(2)) {
			msg[i].control = (uint8_t *)control;
			msg[i].control_len = sizeof(*control);
		}
	}
}

/* The registers with which the call is made directly. */
static void registers(const struct call *c, const struct abi *abi, __u64 args[6])
{
	for (int i = 0; i < 6; i++)
		args[i] = reg(rnd(3) ? 4096 : 0);
	if (c->nr == CALL_socket || c->nr == CALL_socketpair) {
		args[0] = reg(c->family);
		args[1] = reg(c->type);
		args[2] = reg(c->protocol);
	} else if (c->nr == CALL_setsockopt || c->nr == CALL_getsockopt) {
		args[1] = reg(c->opt.level);
		args[2] = reg(c->opt.name);
	} else if (c->nr == CALL_sendto) {
		if (c->addr.present)
			args[4] = abi->word == 8 && rnd(2) ? HIGH : reg(4096);
		else
			args[4] = abi->word == 8 ? 0 : reg(0);
		args[5] = reg(c->addr.len);
	}
}

static uint32_t ret_of_verdict(const struct verdict *v)
{
	switch (v->kind) {
	case VERDICT_ALLOW:
		return ALLOW;
	case VERDICT_DENY:
		return ERR(v->err);
	case VERDICT_KILL:
		break;
	}
	return KILL;
}

static unsigned compared, notified;

static void compare(const char *text, const struct policy *p, const struct sock_fprog *prog,
		    const struct call *c, const struct seccomp_data *data)
{
	uint32_t ret = bpf_run(prog, data, NULL);
	struct verdict v = policy_decide(p, c, NULL);

	compared++;
	if (ret == NOTIFY) {
		notified++;
		return;
	}
	/* Whatever it hangs on, it must come to what the filter said. */
	if (v.rule == policy_pending && (c->nr == CALL_accept || c->nr == CALL_accept4)) {
		struct call_addr peer;

		random_addr(&peer);
		v = policy_decide_peer(p, c, &peer);
	} else if (v.rule == policy_pending) {
		v = policy_decide_path(p, c, 0, rnd(2) ? "/run/x" : "/etc/y");
	}
	if (ret != ret_of_verdict(&v) || v.log)
		fail_msg("%s (nr %d, arch %x): filter %x, verdict %d %d by %s, under:\n%s",
			 call_name(c->nr), data->nr, data->arch, ret, v.kind, v.err, v.rule, text);
}

static void test_same(void **state)
{
	static const struct abi *const abis[] = {&abi_x86_64, &abi_i386};

	for (unsigned round = 0; round < 4000; round++) {
		struct sock_fprog prog;
		char text[1024];
		struct policy *p;

		random_policy(text, sizeof(text));
		compile(text, &plain, &prog);
		p = policy_of(text);
		for (unsigned i = 0; i < 200; i++) {
			const struct abi *abi = abis[rnd(2)];
			struct seccomp_data data = {.arch = abi->audit_arch};
			struct cmsghdr control;
			struct call_msg msg[2];
			struct call c;

			random_call(&c, msg, &control);
			data.args[0] = reg(c.nr);
			data.args[1] = reg(4096);
			data.nr = abi->socketcall;
			if (data.nr >= 0)
				compare(text, p, &prog, &c, &data);
			for (unsigned k = 0; k < abi->ndirect; k++) {
				if (abi->direct[k].call != c.nr)
					continue;
				registers(&c, abi, data.args);
				data.nr = abi->direct[k].sysno;
				compare(text, p, &prog, &c, &data);
			}
		}
		policy_free(p);
		free(prog.filter);
	}
	/* The filters are worth something: most calls were not notified. */
	assert_true(notified < compared / 2);
}

/* --- size --- */

/* Rules beyond what a filter can hold: it still judges right, by asking. */
enum { LONG_POLICY = 2000 };

static void test_long(void **state)
{
	struct seccomp_data data = {.nr = 41, .arch = X64, .args = {2, 1}};
	struct policy *p = policy_new();
	struct sock_fprog prog;
	struct policy_error err;
	char rule[64];

	for (unsigned i = 0; i < LONG_POLICY; i++) {
		snprintf(rule, sizeof(rule), "EACCES socket family %u type %u protocol %u",
			 i % 40 + 3, i % 5 + 1, i + 1);
		assert_int_equal(policy_add_rule(p, "deny", rule, &err), 0);
		if (i == 300) {
			/* Long jumps, still decided in the kernel. */
			assert_int_equal(policy_filter(p, &plain, &prog), 0);
			assert_true(prog.len > 600 && prog.len <= BPF_MAXINSNS);
			assert_int_equal(bpf_run(&prog, &data, NULL), ALLOW);
			data.args[0] = 300 % 40 + 3;
			data.args[1] = 300 % 5 + 1;
			data.args[2] = 301;
			assert_int_equal(bpf_run(&prog, &data, NULL), ERR(EACCES));
			free(prog.filter);
		}
	}
	assert_int_equal(policy_filter(p, &plain, &prog), 0);
	assert_true(prog.len <= BPF_MAXINSNS);
	assert_int_equal(bpf_run(&prog, &data, NULL), NOTIFY);
	data.nr = 42;
	assert_int_equal(bpf_run(&prog, &data, NULL), ALLOW);
	free(prog.filter);
	policy_free(p);
}

/* --- the kernel --- */

/* In a child under the filter: what a call gives, as errno or 0. The filter has no
 * listener there, and NOTIFY gives ENOSYS. */
static int child_call(const struct sock_fprog *prog, long nr, long a, long b, long c)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, prog))
			_exit(255);
		_exit(syscall(nr, a, b, c) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return -WTERMSIG(status);
	assert_int_not_equal(WEXITSTATUS(status), 255);
	return WEXITSTATUS(status);
}

static void test_kernel(void **state)
{
	static const struct {
		const char *preset;
		long nr, args[3];
		int want; /* errno */
	} calls[] = {
		{"no-alg-vsock", SYS_socket, {38, 5, 0}, EPERM},
		{"no-alg-vsock", SYS_socket, {(long)(HIGH | 38), 5, 0}, EPERM},
		{"no-alg-vsock", SYS_socketpair, {40, 1, 0}, EPERM},
		{"no-alg-vsock", SYS_socket, {AF_UNIX, 1, 0}, 0},
		{"no-alg-vsock", 425 /* io_uring_setup */, {1, 0, 0}, ENOSYS},
		{"docker", SYS_socket, {40, 1, 0}, EPERM},
		{"docker", SYS_socket, {AF_INET, SOCK_DGRAM, 0}, 0},
		{"offline", SYS_socket, {AF_INET, SOCK_DGRAM, 0}, EAFNOSUPPORT},
		{"offline", SYS_socket, {AF_INET, SOCK_PACKET, 0}, EAFNOSUPPORT},
		{"offline", SYS_socket, {AF_UNIX, SOCK_DGRAM, 0}, 0},
		{"offline", SYS_socket, {AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0}, 0},
		{"offline", SYS_socket, {AF_NETLINK, SOCK_RAW, 12}, EAFNOSUPPORT},
		{"local-only", SYS_socket, {AF_INET, SOCK_STREAM, 0}, 0},
		{"local-only", SYS_socket, {AF_INET, SOCK_RAW, 1}, EPERM},
		{"local-only", SYS_socket, {AF_PACKET, SOCK_RAW, 0}, EAFNOSUPPORT},
		{"local-only", SYS_connect, {0, 0, 0}, ENOSYS /* notified */},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct policy *p = policy_new();
		struct policy_error err;
		struct sock_fprog prog;
		size_t len;
		const char *text = policy_preset(calls[i].preset, &len);
		int got;

		assert_int_equal(policy_add_text(p, "preset", text, len, &err), 0);
		assert_int_equal(policy_filter(p, &rights, &prog), 0);
		got = child_call(&prog, calls[i].nr, calls[i].args[0], calls[i].args[1],
				 calls[i].args[2]);
		if (got != calls[i].want)
			fail_msg("row %zu, %s: %s", i, calls[i].preset, strerror(got));
		free(prog.filter);
		policy_free(p);
	}
}

/* The kernel takes the longest filters, and those of random policies. */
static void test_kernel_loads(void **state)
{
	for (unsigned round = 0; round < 50; round++) {
		struct sock_fprog prog;
		char text[4096];

		random_policy(text, sizeof(text));
		for (unsigned i = 0; i < round; i++)
			random_rule(text + strlen(text), sizeof(text) - strlen(text));
		compile(text, &rights, &prog);
		assert_int_equal(child_call(&prog, SYS_getpid, 0, 0, 0), 0);
		free(prog.filter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_same),
		cmocka_unit_test(test_long), cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_kernel_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
