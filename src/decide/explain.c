/*
 * explain.c - `socketcall policy explain`: one call, written in the words of the
 * policy language, put to the policy and to the filter that it compiles to.
 *
 * The call is made up as decode would have it, so that what is explained is what
 * is done; and the filter is run, not described.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "bpf.h"
#include "rule.h"

static int complain(struct policy_error *err, const char *what)
{
	*err = (struct policy_error){.file = "call", .line = 1, .column = 1};
	snprintf(err->text, sizeof(err->text), "%s", what);
	return -EINVAL;
}

static void set_unix(struct call_addr *a, const char *name, bool abstract)
{
	size_t room = sizeof(((struct sockaddr_un *)0)->sun_path) - abstract;
	size_t len = strnlen(name, room);

	memcpy(a->bytes + 2 + abstract, name, len);
	a->len = 2 + abstract + len;
}

/* The socket address that a `to` or `from` with one plain address stands for. */
static int make_addr(const struct addr_rule *r, uint32_t port, struct call_addr *a,
		     const char **path, struct policy_error *err)
{
	memset(a, 0, sizeof(*a));
	a->present = true;
	a->bytes[2] = port >> 8;
	a->bytes[3] = port;
	switch (r->kind) {
	case ADDR_IP:
		if (r->prefix != (r->v4 ? 32 : 128))
			return complain(err, "expected one address, not a network");
		a->family = r->v4 ? AF_INET : AF_INET6;
		a->len = r->v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
		memcpy(a->bytes + (r->v4 ? 4 : 8), r->ip, r->v4 ? 4 : 16);
		return 0;
	case ADDR_UNIX_PATH:
		*path = r->glob;
		/* fallthrough */
	case ADDR_UNIX_ABSTRACT:
		set_unix(a, r->glob, r->kind == ADDR_UNIX_ABSTRACT);
		a->family = AF_UNIX;
		return 0;
	case ADDR_UNIX_UNNAMED:
		a->family = AF_UNIX;
		a->len = sizeof(sa_family_t);
		return 0;
	case ADDR_FAMILY:
		a->family = r->family;
		a->len = 16;
		return 0;
	case ADDR_ANY:
	case ADDR_UNIX:
		break;
	}
	return complain(err, "expected one address, such as 10.0.0.1 or unix:/run/x.sock");
}

/* What a call would have in its registers, where they are arguments. */
static void set_registers(struct call *c)
{
	c->arg[0] = CALL_SET_CREATE >> c->nr & 1 ? (uint32_t)c->family : 3;
	c->arg[1] = (uint32_t)c->type;
	c->arg[2] = (uint32_t)c->protocol;
	if (c->nr == CALL_sendto && c->addr.present) {
		c->arg[4] = 4096; /* somewhere */
		c->arg[5] = c->addr.len;
	}
}

static int make_call(const struct rule *r, enum call_nr nr, struct call *c,
		     struct call_addr *addr, const char **path, struct policy_error *err)
{
	bool needs_addr = (CALL_SET_ACCEPT | CALL_BIT(bind) | CALL_BIT(connect)) >> nr & 1;
	int rc;

	call_init(c);
	c->nr = nr;
	if (CALL_SET_CREATE >> nr & 1 && !r->family.n)
		return complain(err, "expected 'family' and a family");
	c->family = r->family.n ? r->family.r[0].lo : 0;
	c->type = r->type.n ? r->type.r[0].lo : SOCK_STREAM;
	c->protocol = r->protocol.n ? r->protocol.r[0].lo : 0;
	if (needs_addr && r->naddr != 1)
		return complain(err, CALL_SET_ACCEPT >> nr & 1 ? "expected 'from' and one address"
							       : "expected 'to' and one address");
	if (r->naddr > 1 || (r->port.n && !r->naddr))
		return complain(err, "expected one address");
	if (r->naddr == 1) {
		rc = make_addr(&r->addr[0], r->port.n ? r->port.r[0].lo : 0, addr, path, err);
		if (rc)
			return rc;
		c->addr = *addr;
	}
	if (nr == CALL_sendmsg || nr == CALL_sendmmsg) {
		c->msg = call_one_message(c);
		c->nmsg = 1;
		c->msg_inline.iov = c->msg_inline.iov_inline;
		c->msg_inline.name = c->addr;
	}
	set_registers(c);
	return 0;
}

static struct verdict judge(const struct policy *p, const struct call *c,
			    const struct call_addr *addr, const char *path)
{
	struct verdict v = policy_decide(p, c, NULL);

	if (v.rule != policy_pending)
		return v;
	if (CALL_SET_ACCEPT >> c->nr & 1)
		return policy_decide_peer(p, c, addr);
	return policy_decide_path(p, c, 0, path);
}

static const char *errno_word(int err, char *buf, size_t size)
{
	const char *name = strerrorname_np(err);

	snprintf(buf, size, "%d", err);
	return name ? name : buf;
}

static void print_verdict(FILE *out, const struct verdict *v)
{
	static const char *const word[] = {"allow", "deny", "kill"};
	char buf[16];

	fprintf(out, "%-17s%s", "verdict", word[v->kind]);
	if (v->kind == VERDICT_DENY)
		fprintf(out, " %s", errno_word(v->err, buf, sizeof(buf)));
	fprintf(out, "%s\n%-17s", v->log ? ", and log" : "", "rule");
	if (v->file)
		fprintf(out, "%s:%u: ", v->file, v->line);
	fprintf(out, "%s\n", v->rule);
}

static void print_filter(FILE *out, const char *way, uint32_t ret)
{
	char buf[16];

	fprintf(out, "%-17s", way);
	switch (ret & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		fprintf(out, "allowed in the kernel\n");
		break;
	case SECCOMP_RET_ERRNO:
		fprintf(out, "denied in the kernel, %s\n",
			errno_word(ret & SECCOMP_RET_DATA, buf, sizeof(buf)));
		break;
	case SECCOMP_RET_USER_NOTIF:
		fprintf(out, "notified, judged by its copy\n");
		break;
	default:
		fprintf(out, "killed in the kernel\n");
		break;
	}
}

static void print_ways(FILE *out, const struct call *c, const struct sock_fprog *prog)
{
	for (const struct abi *const *a = abi_all; *a; a++) {
		struct seccomp_data data = {.arch = (*a)->audit_arch};
		char way[32];

		snprintf(way, sizeof(way), "%s direct", (*a)->name);
		for (unsigned i = 0; i < (*a)->ndirect; i++) {
			if ((*a)->direct[i].call != c->nr)
				continue;
			data.nr = (*a)->direct[i].sysno;
			memcpy(data.args, c->arg, sizeof(data.args));
			print_filter(out, way, bpf_run(prog, &data, NULL));
			break;
		}
		if ((*a)->socketcall < 0)
			continue;
		data.nr = (*a)->socketcall;
		memset(data.args, 0, sizeof(data.args));
		data.args[0] = c->nr;
		snprintf(way, sizeof(way), "%s socketcall", (*a)->name);
		print_filter(out, way, bpf_run(prog, &data, NULL));
	}
}

int policy_explain(const struct policy *p, const char *text, FILE *out, struct policy_error *err)
{
	static const struct filter_options plain = {.watch_rights = true};
	struct call_addr addr = {0};
	struct sock_fprog prog = {0};
	const char *path = NULL;
	struct verdict v;
	struct rule rule;
	enum call_nr nr;
	struct call c;
	int rc = rule_read_call(text, &rule, &nr, err);

	if (rc)
		return rc;
	rc = make_call(&rule, nr, &c, &addr, &path, err);
	if (rc)
		goto free_rule;
	rc = policy_filter(p, &plain, &prog);
	if (rc)
		goto free_rule;
	v = judge(p, &c, &addr, path);
	print_verdict(out, &v);
	print_ways(out, &c, &prog);
	if (CALL_SET_OPTIONS >> nr & 1 && doors_closed(p, nr)) {
		fprintf(out, "%-17swith these options:", "denied");
		for (unsigned i = 0; i < ndoors; i++)
			if (doors[i].calls >> nr & 1 && door_closed(p, &doors[i]))
				fprintf(out, " %s", doors[i].text);
		fprintf(out, "\n");
	}
	free(prog.filter);
free_rule:
	rule_free(&rule);
	return rc;
}
