/*
 * parse.c - policy text -> rules.
 *
 * A line is one rule; a rule is words, and some words are lists with commas. The
 * reader keeps the place of every item, so that an error can point at it. A text
 * is added whole or not at all.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rule.h"

struct item {
	const char *s;
	size_t len;
};

struct reader {
	struct policy *policy;
	const char *file;           /* as rules will point to it; NULL: the command line */
	const char *shown;          /* as messages name it */
	unsigned line;
	const char *start, *p, *end; /* of this line */
	struct policy_error *err;
};

static int fail(struct reader *rd, const char *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct reader *rd, const char *at, const char *fmt, ...)
{
	va_list ap;

	snprintf(rd->err->file, sizeof(rd->err->file), "%s", rd->shown);
	rd->err->line = rd->line;
	rd->err->column = at - rd->start + 1;
	va_start(ap, fmt);
	vsnprintf(rd->err->text, sizeof(rd->err->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

enum { SHOWN_MAX = 40 }; /* of what was written wrong */

/* "unknown WHAT 'x' (did you mean 'y'?)", or what was expected if nothing is near. */
static int fail_unknown(struct reader *rd, struct item it, const char *what, name_list *list,
			const void *ctx, const char *expected)
{
	const char *near = name_nearest(list, ctx, it.s, it.len);
	int len = it.len < SHOWN_MAX ? it.len : SHOWN_MAX;

	if (near)
		return fail(rd, it.s, "unknown %s '%.*s' (did you mean '%s'?)", what, len, it.s, near);
	return fail(rd, it.s, "unknown %s '%.*s'; expected %s", what, len, it.s, expected);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct reader *rd)
{
	while (rd->p < rd->end && blank(*rd->p))
		rd->p++;
}

/* At the end of what the line has to say? */
static bool at_end(struct reader *rd)
{
	skip_blanks(rd);
	return rd->p == rd->end || *rd->p == '#';
}

/* The next item: up to a blank or a comma, but not one within brackets or after a
 * backslash. Empty at the end of the line. */
static struct item next_item(struct reader *rd)
{
	struct item it = {0};
	bool bracket = false;

	if (at_end(rd))
		return (struct item){rd->p, 0};
	it.s = rd->p;
	for (; rd->p < rd->end; rd->p++) {
		if (*rd->p == '\\' && rd->p + 1 < rd->end)
			rd->p++;
		else if (*rd->p == '[')
			bracket = true;
		else if (*rd->p == ']')
			bracket = false;
		else if (blank(*rd->p) || (*rd->p == ',' && !bracket))
			break;
	}
	it.len = rd->p - it.s;
	return it;
}

static bool more_items(struct reader *rd)
{
	if (at_end(rd) || *rd->p != ',')
		return false;
	rd->p++;
	return true;
}

static bool is(struct item it, const char *word)
{
	return strlen(word) == it.len && strncasecmp(it.s, word, it.len) == 0;
}

static bool starts(struct item it, const char *head)
{
	return it.len >= strlen(head) && strncasecmp(it.s, head, strlen(head)) == 0;
}

/* --- numbers and names --- */

int ranges_add(struct ranges *set, uint32_t lo, uint32_t hi)
{
	struct range *r = realloc(set->r, (set->n + 1) * sizeof(*r));
	unsigned at = 0, last;

	if (!r)
		return -ENOMEM;
	set->r = r;
	while (at < set->n && (uint64_t)r[at].hi + 1 < lo)
		at++;
	/* Everything from at to last touches the new range and becomes part of it. */
	for (last = at; last < set->n && r[last].lo <= (uint64_t)hi + 1; last++) {
		lo = r[last].lo < lo ? r[last].lo : lo;
		hi = r[last].hi > hi ? r[last].hi : hi;
	}
	memmove(&r[at + 1], &r[last], (set->n - last) * sizeof(*r));
	r[at] = (struct range){lo, hi};
	set->n += 1 - (last - at);
	return 0;
}

static int read_values(struct reader *rd, enum name_kind kind, struct ranges *set)
{
	static const struct {
		const char *what, *expected;
	} say[] = {
		[NAME_FAMILY] = {"family", "a family such as inet, inet6, unix, or its number"},
		[NAME_TYPE] = {"type", "stream, dgram, raw, rdm, seqpacket, dccp or packet"},
		[NAME_PROTOCOL] = {"protocol", "a protocol such as tcp, udp, sctp, or its number"},
	};
	int err;

	do {
		struct item it = next_item(rd);
		long v = name_value(kind, it.s, it.len);

		if (it.len == 0)
			return fail(rd, it.s, "expected %s", say[kind].expected);
		if (v < 0)
			return fail_unknown(rd, it, say[kind].what, name_list_values, &kind,
					    say[kind].expected);
		err = ranges_add(set, v, v);
		if (err)
			return err;
	} while (more_items(rd));
	return 0;
}

/* A decimal number up to max at *s; moves *s past it. -1 if there is none. */
static long read_number(const char **s, const char *end, long max)
{
	const char *p = *s;
	long v = 0;

	while (p < end && *p >= '0' && *p <= '9' && v <= max)
		v = v * 10 + (*p++ - '0');
	if (p == *s || v > max)
		return -1;
	*s = p;
	return v;
}

static int read_ports(struct reader *rd, struct ranges *set)
{
	int err;

	do {
		struct item it = next_item(rd);
		const char *p = it.s, *end = it.s + it.len;
		long lo = read_number(&p, end, 65535), hi = lo;

		if (lo >= 0 && p < end && *p == '-') {
			p++;
			hi = read_number(&p, end, 65535);
		}
		if (lo < 0 || hi < 0 || p != end)
			return fail(rd, p, "expected a port, 0 to 65535, or a range such as 8000-8999");
		if (hi < lo)
			return fail(rd, it.s, "range ends before it begins: expected %ld-%ld", hi, lo);
		err = ranges_add(set, lo, hi);
		if (err)
			return err;
	} while (more_items(rd));
	return 0;
}

/* --- addresses --- */

#define ADDR_EXPECTED "any, loopback, an address such as 10.0.0.0/8 or [fd00::]/8, " \
	"unix, unix:PATH, unix:@NAME or family:NAME"

static int add_addr(struct rule *rule, struct addr_rule a)
{
	struct addr_rule *room = realloc(rule->addr, (rule->naddr + 1) * sizeof(*room));

	if (!room) {
		free(a.glob);
		return -ENOMEM;
	}
	rule->addr = room;
	room[rule->naddr++] = a;
	return 0;
}

/* The first byte of a glob at which a bracket is left open, or its end. */
static const char *glob_check(const char *g, const char *end)
{
	for (const char *p = g; p < end; p++) {
		const char *open = p;

		if (*p == '\\') {
			if (++p == end)
				return end - 1;
			continue;
		}
		if (*p != '[')
			continue;
		p++;
		p += p < end && (*p == '!' || *p == '^');
		p++; /* a bracket that comes first is an ordinary one */
		while (p < end && *p != ']')
			p++;
		if (p >= end)
			return open;
	}
	return end;
}

static int read_unix(struct reader *rd, struct rule *rule, struct item it)
{
	struct addr_rule a = {.kind = ADDR_UNIX_PATH};
	const char *bad, *end = it.s + it.len;

	it.s += strlen("unix:");
	if (it.s == end) {
		a.kind = ADDR_UNIX_UNNAMED;
		return add_addr(rule, a);
	}
	if (*it.s == '@') {
		a.kind = ADDR_UNIX_ABSTRACT;
		it.s++;
	} else if (!strchr("/*?[", *it.s)) {
		return fail(rd, it.s, "expected a path that begins with '/', or '@' and an "
			    "abstract name");
	}
	it.len = end - it.s;
	if (it.len > GLOB_MAX)
		return fail(rd, it.s, "pattern is longer than %d bytes", GLOB_MAX);
	bad = glob_check(it.s, end);
	if (bad != end)
		return fail(rd, bad, *bad == '[' ? "'[' without ']'" : "'\\' at the end");
	a.glob = strndup(it.s, it.len);
	return a.glob ? add_addr(rule, a) : -ENOMEM;
}

static bool bits_past_prefix(const struct addr_rule *a)
{
	unsigned bits = a->v4 ? 32 : 128;

	for (unsigned i = a->prefix; i < bits; i++)
		if (a->ip[i / 8] & 0x80 >> i % 8)
			return true;
	return false;
}

static int read_ip(struct reader *rd, struct rule *rule, struct item it)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct addr_rule a = {.kind = ADDR_IP};
	const char *end = it.s + it.len, *p = it.s, *slash = memchr(it.s, '/', it.len);
	char text[INET6_ADDRSTRLEN];
	long max, prefix;
	size_t len;

	len = (slash ? slash : end) - p;
	if (*p == '[') {
		if (len < 2 || p[len - 1] != ']')
			return fail(rd, p, "expected [IPv6 address], then perhaps /prefix");
		p++;
		len -= 2;
	}
	if (len >= sizeof(text))
		return fail(rd, it.s, "expected " ADDR_EXPECTED);
	memcpy(text, p, len);
	text[len] = 0;
	a.v4 = *it.s != '[' && inet_pton(AF_INET, text, a.ip) == 1;
	if (!a.v4 && inet_pton(AF_INET6, text, a.ip) != 1)
		return fail_unknown(rd, it, "address", name_list_words, NULL, ADDR_EXPECTED);
	max = prefix = a.v4 ? 32 : 128;
	if (slash) {
		p = slash + 1;
		prefix = read_number(&p, end, max);
		if (prefix < 0 || p != end)
			return fail(rd, slash + 1, "expected a prefix length, 0 to %ld", max);
	}
	a.prefix = prefix;
	if (bits_past_prefix(&a))
		return fail(rd, it.s, "'%.*s' has bits set after its first %ld",
			    (int)it.len, it.s, prefix);
	if (!a.v4 && prefix >= 96 && memcmp(a.ip, mapped, sizeof(mapped)) == 0) {
		memmove(a.ip, a.ip + 12, 4);
		a.prefix -= 96;
		a.v4 = true;
	}
	return add_addr(rule, a);
}

static int read_addr(struct reader *rd, struct rule *rule, struct item it)
{
	static const enum name_kind family = NAME_FAMILY;
	struct addr_rule loop4 = {.kind = ADDR_IP, .v4 = true, .ip = {127}, .prefix = 8};
	struct addr_rule loop6 = {.kind = ADDR_IP, .ip = {[15] = 1}, .prefix = 128};
	int err;

	if (it.len == 0)
		return fail(rd, it.s, "expected " ADDR_EXPECTED);
	if (is(it, "any"))
		return add_addr(rule, (struct addr_rule){.kind = ADDR_ANY});
	if (is(it, "unix"))
		return add_addr(rule, (struct addr_rule){.kind = ADDR_UNIX});
	if (is(it, "loopback")) {
		err = add_addr(rule, loop4);
		return err ? err : add_addr(rule, loop6);
	}
	if (starts(it, "unix:"))
		return read_unix(rd, rule, it);
	if (starts(it, "family:")) {
		struct item name = {it.s + 7, it.len - 7};
		long v = name_value(NAME_FAMILY, name.s, name.len);

		if (v < 0)
			return fail_unknown(rd, name, "family", name_list_values, &family,
					    "a family such as netlink or vsock, or its number");
		return add_addr(rule, (struct addr_rule){.kind = ADDR_FAMILY, .family = v});
	}
	return read_ip(rd, rule, it);
}

static int read_addrs(struct reader *rd, struct rule *rule)
{
	int err;

	do {
		err = read_addr(rd, rule, next_item(rd));
	} while (!err && more_items(rd));
	return err;
}

/* --- rules --- */

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
		struct item it = next_item(rd);
		call_set set = name_calls(it.s, it.len);

		if (it.len == 0)
			return fail(rd, it.s, "expected %s", expected);
		if (!set)
			return fail_unknown(rd, it, "call", name_list_calls, NULL, expected);
		rule->calls |= set;
	} while (more_items(rd));
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
	struct item it = next_item(rd);
	unsigned m = 0;
	const char *odd;

	while (m <= M_LAST && !is(it, matchers[m].word))
		m++;
	if (m > M_LAST)
		return fail_unknown(rd, it, "word", list_matchers, NULL,
				    "family, type, protocol, to, from, port or the end of the line");
	if (*seen & 1u << m)
		return fail(rd, it.s, "'%s' is given twice; one list holds several values",
			    matchers[m].word);
	*seen |= 1u << m;
	odd = first_outside(rule->calls, matchers[m].calls);
	if (odd)
		return fail(rd, it.s, "'%s' goes with %s, not with %s", matchers[m].word,
			    matchers[m].fits, odd);
	switch ((enum matcher)m) {
	case M_FAMILY:
		return read_values(rd, NAME_FAMILY, &rule->family);
	case M_TYPE:
		return read_values(rd, NAME_TYPE, &rule->type);
	case M_PROTOCOL:
		return read_values(rd, NAME_PROTOCOL, &rule->protocol);
	case M_TO:
	case M_FROM:
		return read_addrs(rd, rule);
	case M_PORT:
		return read_ports(rd, &rule->port);
	}
	return -EINVAL;
}

static int read_errno(struct reader *rd, struct rule *rule)
{
	const char *back = rd->p;
	struct item it = next_item(rd);

	rule->err = EPERM;
	if (it.len == 0 || !strchr("Ee0123456789", *it.s)) {
		rd->p = back;
		return 0;
	}
	rule->err = name_errno(it.s, it.len);
	if (!rule->err)
		return fail_unknown(rd, it, "errno", name_list_errnos, NULL,
				    "a name such as EPERM, or 1 to 4095");
	return 0;
}

/* The text of a rule, for verdicts: what was read of the line, without blanks at
 * its ends. `word` is the first word of a rule from the command line. */
static char *rule_text(struct reader *rd, const char *word)
{
	const char *s = rd->start, *end = rd->p;
	char *text;

	while (s < end && blank(*s))
		s++;
	while (end > s && blank(end[-1]))
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
	while (!err && !at_end(rd))
		err = read_matcher(rd, &rule, &seen);
	if (!err && rule.port.n && !has_ip(&rule))
		err = fail(rd, rd->start, "'port' goes with IP addresses, and this rule names none");
	if (!err && rd->policy->nrules == POLICY_RULES_MAX)
		err = fail(rd, rd->start, "more than %d rules", POLICY_RULES_MAX);
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
	struct item it = next_item(rd);
	struct rule rule = {.file = rd->file, .line = rd->line};
	int err = 0;

	if (p->fallback_given)
		return fail(rd, word.s, "a second default; the first is at %s:%u",
			    f->file ? f->file : "command line", f->line);
	if (is(it, "deny")) {
		rule.action = ACTION_DENY;
		err = read_errno(rd, &rule);
	} else if (!is(it, "allow")) {
		err = fail(rd, it.s, "expected allow or deny");
	}
	if (!err && !at_end(rd))
		err = fail(rd, rd->p, "expected the end of the line");
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
		return fail(rd, memchr(rd->start, 0, rd->end - rd->start), "a NUL byte");
	it = next_item(rd);
	if (it.len == 0)
		return at_end(rd) ? 0 : fail(rd, it.s, "expected a rule");
	if (is(it, "default"))
		return read_default(rd, it);
	for (unsigned i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (is(it, actions[i].word))
			return read_rule(rd, actions[i].action, NULL);
	return fail_unknown(rd, it, "word", list_actions, NULL, "allow, deny, kill, log or default");
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
		return fail(&rd, strchr(text, '\n'), "expected one rule, on one line");
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
	struct item it = next_item(&rd);
	unsigned seen = 0;
	int rc = 0;

	*rule = (struct rule){0};
	*nr = 0;
	for (int i = 1; i <= CALL_LAST; i++)
		if (is(it, call_name(i)))
			*nr = i;
	if (!*nr)
		return fail_unknown(&rd, it, "call", list_calls, NULL, "a call such as connect");
	rule->calls = UINT32_C(1) << *nr;
	while (!rc && !at_end(&rd))
		rc = read_matcher(&rd, rule, &seen);
	if (rc)
		rule_free(rule);
	return rc;
}
