/*
 * parse.c - policy text -> rules.
 *
 * A line is one rule. A text is added whole or not at all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "reader.h"

enum matcher { M_FAMILY, M_TYPE, M_PROTOCOL, M_TO, M_FROM, M_PORT, M_LAST = M_PORT };

/* `send` is a sendto without a destination: allowed beside it, never matched. */
#define CALL_SET_TO (CALL_SET_OUTBOUND | CALL_BIT(bind) | CALL_BIT(send))

static const struct {
	const char *word;
	call_set calls;
	const char *fits;
} matchers[] = {
	[M_FAMILY] = {"family", CALL_SET_CREATE, "socket and socketpair"},
	[M_TYPE] = {"type", CALL_SET_CREATE, "socket and socketpair"},
	[M_PROTOCOL] = {"protocol", CALL_SET_CREATE, "socket and socketpair"},
	[M_TO] = {"to", CALL_SET_TO, "connect, sendto, sendmsg, sendmmsg and bind"},
	[M_FROM] = {"from", CALL_SET_ACCEPT, "accept and accept4"},
	[M_PORT] = {"port", CALL_SET_TO | CALL_SET_ACCEPT,
		    "connect, sendto, sendmsg, sendmmsg, bind, accept and accept4"},
};

static const char *list_matchers(unsigned i, const void *ctx)
{
	(void)ctx;
	return i <= M_LAST ? matchers[i].word : NULL;
}

static const char *first_outside(call_set calls, call_set fits)
{
	for (int nr = 1; nr <= CALL_LAST; nr++)
		if (calls >> nr & 1 && !(fits >> nr & 1))
			return call_name(nr);
	return NULL;
}

static int read_calls(struct reader *rd, struct rule *rule)
{
	static const char expected[] = "a call such as connect, or a group: create, outbound, "
		"inbound, transmit, receive, options, names, all";

	do {
		struct item it = reader_item(rd);
		call_set set = name_calls(it.s, it.len);

		if (it.len == 0)
			return reader_fail(rd, it.s, "expected %s", expected);
		if (!set)
			return reader_unknown(rd, it, "call", name_list_calls, NULL, expected);
		rule->calls |= set;
	} while (reader_more(rd));
	return 0;
}

static bool has_ip(const struct rule *r)
{
	for (unsigned i = 0; i < r->naddr; i++)
		if (r->addr[i].kind == ADDR_ANY || r->addr[i].kind == ADDR_IP ||
		    (r->addr[i].kind == ADDR_FAMILY &&
		     (r->addr[i].family == AF_INET || r->addr[i].family == AF_INET6)))
			return true;
	return r->naddr == 0;
}

static int read_matcher(struct reader *rd, struct rule *rule, unsigned *seen)
{
	struct item it = reader_item(rd);
	unsigned m = 0;
	const char *odd;

	while (m <= M_LAST && !item_is(it, matchers[m].word))
		m++;
	if (m > M_LAST)
		return reader_unknown(rd, it, "word", list_matchers, NULL, "family, type, "
				      "protocol, to, from, port or the end of the line");
	if (*seen & 1u << m)
		return reader_fail(rd, it.s, "'%s' is given twice; one list holds several values",
			    matchers[m].word);
	*seen |= 1u << m;
	odd = first_outside(rule->calls, matchers[m].calls);
	if (odd)
		return reader_fail(rd, it.s, "'%s' goes with %s, not with %s", matchers[m].word,
			    matchers[m].fits, odd);
	switch ((enum matcher)m) {
	case M_FAMILY:
		return reader_values(rd, NAME_FAMILY, &rule->family);
	case M_TYPE:
		return reader_values(rd, NAME_TYPE, &rule->type);
	case M_PROTOCOL:
		return reader_values(rd, NAME_PROTOCOL, &rule->protocol);
	case M_TO:
	case M_FROM:
		return reader_addrs(rd, rule);
	case M_PORT:
		return reader_ports(rd, &rule->port);
	}
	return -EINVAL;
}

static int read_errno(struct reader *rd, struct rule *rule)
{
	const char *back = rd->p;
	struct item it = reader_item(rd);

	rule->err = EPERM;
	if (it.len == 0 || !strchr("Ee0123456789", *it.s)) {
		rd->p = back;
		return 0;
	}
	rule->err = name_errno(it.s, it.len);
	if (!rule->err)
		return reader_unknown(rd, it, "errno", name_list_errnos, NULL,
				      "a name such as EPERM, or 1 to 4095");
	return 0;
}

/* The text of a rule, for verdicts: what was read of the line, without blanks at
 * its ends. `word` is the first word of a rule from the command line. */
static char *rule_text(struct reader *rd, const char *word)
{
	const char *s = rd->start, *end = rd->p;
	char *text;

	while (s < end && reader_blank(*s))
		s++;
	while (end > s && reader_blank(end[-1]))
		end--;
	if (asprintf(&text, "%s%s%.*s", word ? word : "", word ? " " : "", (int)(end - s), s) < 0)
		return NULL;
	return text;
}

static int add_rule(struct policy *p, struct rule *rule)
{
	if (p->nrules == p->room) {
		unsigned room = p->room ? p->room * 2 : 16;
		struct rule *more = realloc(p->rule, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		p->rule = more;
		p->room = room;
	}
	p->rule[p->nrules++] = *rule;
	return 0;
}

static int read_rule(struct reader *rd, enum action action, const char *word)
{
	struct rule rule = {.action = action, .file = rd->file, .line = rd->line};
	unsigned seen = 0;
	int err = 0;

	if (action == ACTION_DENY)
		err = read_errno(rd, &rule);
	if (!err)
		err = read_calls(rd, &rule);
	while (!err && !reader_end(rd))
		err = read_matcher(rd, &rule, &seen);
	if (!err && rule.port.n && !has_ip(&rule))
		err = reader_fail(rd, rd->start,
				  "'port' goes with IP addresses, and this rule names none");
	if (!err && rd->policy->nrules == POLICY_RULES_MAX)
		err = reader_fail(rd, rd->start, "more than %d rules", POLICY_RULES_MAX);
	if (!err) {
		rule.text = rule_text(rd, word);
		err = rule.text ? add_rule(rd->policy, &rule) : -ENOMEM;
	}
	if (err)
		rule_free(&rule);
	return err;
}

static int read_default(struct reader *rd, struct item word)
{
	struct policy *p = rd->policy;
	struct rule *f = &p->fallback;
	struct item it = reader_item(rd);
	struct rule rule = {.file = rd->file, .line = rd->line};
	int err = 0;

	if (p->fallback_given)
		return reader_fail(rd, word.s, "a second default; the first is at %s:%u",
			    f->file ? f->file : "command line", f->line);
	if (item_is(it, "deny")) {
		rule.action = ACTION_DENY;
		err = read_errno(rd, &rule);
	} else if (!item_is(it, "allow")) {
		err = reader_fail(rd, it.s, "expected allow or deny");
	}
	if (!err && !reader_end(rd))
		err = reader_fail(rd, rd->p, "expected the end of the line");
	if (err)
		return err;
	rule.text = rule_text(rd, NULL);
	if (!rule.text)
		return -ENOMEM;
	rule_free(f);
	*f = rule;
	p->fallback_given = true;
	return 0;
}

static const struct {
	const char *word;
	enum action action;
} actions[] = {
	{"allow", ACTION_ALLOW}, {"deny", ACTION_DENY}, {"kill", ACTION_KILL}, {"log", ACTION_LOG},
};

static const char *list_actions(unsigned i, const void *ctx)
{
	(void)ctx;
	return i < 4 ? actions[i].word : i == 4 ? "default" : NULL;
}

static int read_line(struct reader *rd)
{
	struct item it;

	if (memchr(rd->start, 0, rd->end - rd->start))
		return reader_fail(rd, memchr(rd->start, 0, rd->end - rd->start), "a NUL byte");
	it = reader_item(rd);
	if (it.len == 0)
		return reader_end(rd) ? 0 : reader_fail(rd, it.s, "expected a rule");
	if (item_is(it, "default"))
		return read_default(rd, it);
	for (unsigned i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (item_is(it, actions[i].word))
			return read_rule(rd, actions[i].action, NULL);
	return reader_unknown(rd, it, "word", list_actions, NULL,
			      "allow, deny, kill, log or default");
}

/* Takes back what was added since; the policy is as it was. */
static void undo(struct policy *p, unsigned nrules, bool fallback_given)
{
	while (p->nrules > nrules)
		rule_free(&p->rule[--p->nrules]);
	if (p->fallback_given && !fallback_given) {
		rule_free(&p->fallback);
		p->fallback = (struct rule){.action = ACTION_ALLOW};
		p->fallback_given = false;
	}
}

static const char *keep_name(struct policy *p, const char *name)
{
	char **files = realloc(p->files, (p->nfiles + 1) * sizeof(*files));

	if (!files)
		return NULL;
	p->files = files;
	files[p->nfiles] = strdup(name);
	return files[p->nfiles] ? files[p->nfiles++] : NULL;
}

int policy_add_text(struct policy *p, const char *name, const char *text, size_t len,
		    struct policy_error *err)
{
	unsigned nrules = p->nrules;
	bool fallback_given = p->fallback_given;
	struct reader rd = {.policy = p, .err = err, .shown = name};
	const char *end = text + len;
	int rc = 0;

	rd.file = keep_name(p, name);
	if (!rd.file)
		return -ENOMEM;
	for (const char *s = text; s < end && !rc; s = rd.end + 1) {
		const char *eol = memchr(s, '\n', end - s);

		rd.line++;
		rd.start = rd.p = s;
		rd.end = eol ? eol : end;
		rc = read_line(&rd);
	}
	if (rc)
		undo(p, nrules, fallback_given);
	policy_index(p);
	return rc;
}

int policy_add_rule(struct policy *p, const char *word, const char *text, struct policy_error *err)
{
	char shown[16];
	struct reader rd = {
		.policy = p, .err = err, .shown = shown, .line = 1,
		.start = text, .p = text, .end = text + strlen(text),
	};
	enum action action = strcmp(word, "deny") == 0 ? ACTION_DENY : ACTION_ALLOW;
	int rc;

	snprintf(shown, sizeof(shown), "--%s", word);
	if (memchr(text, '\n', strlen(text)))
		return reader_fail(&rd, strchr(text, '\n'), "expected one rule, on one line");
	rc = read_rule(&rd, action, word);
	policy_index(p);
	return rc;
}

static const char *list_calls(unsigned i, const void *ctx)
{
	(void)ctx;
	return call_name(i + 1);
}

int rule_read_call(const char *text, struct rule *rule, enum call_nr *nr, struct policy_error *err)
{
	struct reader rd = {
		.err = err, .shown = "call", .line = 1,
		.start = text, .p = text, .end = text + strlen(text),
	};
	struct item it = reader_item(&rd);
	unsigned seen = 0;
	int rc = 0;

	*rule = (struct rule){0};
	*nr = 0;
	for (int i = 1; i <= CALL_LAST; i++)
		if (item_is(it, call_name(i)))
			*nr = i;
	if (!*nr)
		return reader_unknown(&rd, it, "call", list_calls, NULL, "a call such as connect");
	rule->calls = UINT32_C(1) << *nr;
	while (!rc && !reader_end(&rd))
		rc = read_matcher(&rd, rule, &seen);
	if (rc)
		rule_free(rule);
	return rc;
}
