/*
 * policy.c - fuzzes the policy language: text -> rules -> verdicts and a filter.
 *
 * What follows a NUL in the input is a call for `policy explain`. Whatever parses
 * must compile, and the filter must say of a few calls what policy_decide says.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../src/decide/bpf.h"
#include "../src/decide/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t ret_of(const struct verdict *v)
{
	if (v->kind == VERDICT_KILL)
		return SECCOMP_RET_KILL_PROCESS;
	if (v->kind == VERDICT_DENY)
		return SECCOMP_RET_ERRNO | (uint32_t)v->err;
	return SECCOMP_RET_ALLOW;
}

static void compare(const struct policy *p, const struct sock_fprog *prog, const struct call *c,
		    int sysno)
{
	struct seccomp_data data = {.nr = sysno, .arch = abi_x86_64.audit_arch};
	struct verdict v = policy_decide(p, c, NULL);
	uint32_t ret;

	data.args[0] = (uint32_t)c->family;
	data.args[1] = (uint32_t)c->type;
	data.args[2] = (uint32_t)c->protocol;
	if (c->addr.present) {
		data.args[4] = 4096;
		data.args[5] = c->addr.len;
	}
	ret = bpf_run(prog, &data, NULL);
	if (ret != SECCOMP_RET_USER_NOTIF && v.rule != policy_pending && ret != ret_of(&v))
		abort();
}

static void judge(const struct policy *p, const struct sock_fprog *prog)
{
	static const uint8_t addrs[][28] = {
		{2, 0, 0, 80, 10, 0, 0, 1}, {10, 0, 0, 80, [18] = 0xff, 0xff, 10, 0, 0, 1},
		{10, 0, 0, 80}, {1, 0, '/', 'r', 'u', 'n'}, {1, 0, 0, 'x'}, {0, 0, 0, 80, 1, 2},
	};
	struct call c;

	for (unsigned i = 0; i < 64; i++) {
		call_init(&c);
		c.nr = CALL_socket;
		c.family = i % 48;
		c.type = i % 11;
		c.protocol = i % 7;
		compare(p, prog, &c, 41);
	}
	for (unsigned i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		call_init(&c);
		c.addr.present = true;
		c.addr.len = sizeof(addrs[i]);
		memcpy(c.addr.bytes, addrs[i], sizeof(addrs[i]));
		c.nr = CALL_sendto;
		compare(p, prog, &c, 44);
		c.nr = CALL_connect;
		compare(p, prog, &c, 42);
		(void)policy_decide_path(p, &c, 0, "/run/some/socket");
		c.nr = CALL_accept;
		(void)policy_decide_peer(p, &c, &c.addr);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct filter_options plain = {.watch_rights = true};
	static const struct filter_options stats = {.count_denied = true};
	static FILE *out;
	const uint8_t *nul = memchr(data, 0, size);
	size_t len = nul ? (size_t)(nul - data) : size;
	struct policy *p = policy_new();
	struct policy_error err;
	struct sock_fprog prog;

	if (!out)
		out = fopen("/dev/null", "w");
	if (!p || !out)
		abort();
	if (policy_add_text(p, "fuzz", (const char *)data, len, &err) == 0) {
		if (policy_filter(p, &plain, &prog) < 0)
			abort();
		judge(p, &prog);
		free(prog.filter);
		if (policy_filter(p, &stats, &prog) < 0)
			abort();
		free(prog.filter);
		if (nul) {
			char *call = strndup((const char *)nul + 1, size - len - 1);

			policy_explain(p, call, out, &err);
			free(call);
		}
	}
	policy_free(p);
	return 0;
}
