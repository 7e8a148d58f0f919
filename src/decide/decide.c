/*
 * decide.c - a call and a policy -> a verdict.
 *
 * Every call is first put into the one form that rules are about, the subject:
 * what it creates, or which addresses it names (address.c gives the readings).
 * Then the rules are walked in order and the first that matches decides. Of
 * several readings the strictest verdict stands.
 *
 * Sends with a destination are connects too: to the rules a sendto is what its
 * own name says and, with an address, what connect says.
 *
 * A rule may hang on what a copy of the arguments cannot tell: where a pathname
 * of AF_UNIX leads, or who the accepted peer is. The walk then stops with
 * policy_pending, and is made again, from the top, when serve knows.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "rule.h"

const char policy_pending[] = "pending";

struct subject {
	enum call_nr nr;
	int family, type, protocol;
	bool has_addr;
	bool disconnect;                /* connect with AF_UNSPEC */
	const struct addr_read *addr;   /* NULL without an address */
};


bool ranges_have(const struct ranges *s, uint32_t v)
{
	for (unsigned i = 0; i < s->n && s->r[i].lo <= v; i++)
		if (v <= s->r[i].hi)
			return true;
	return false;
}

enum concern rule_concern(const struct rule *r, enum call_nr nr)
{
	bool named = r->calls >> nr & 1;
	bool addressed = r->naddr || r->port.n;
	bool with_addr = named || (CALL_SET_SENDS >> nr & 1 && r->calls & CALL_BIT(connect));
	/* Through libc, send(2) is a sendto without an address on x86-64. */
	bool without = named || (nr == CALL_sendto && r->calls & CALL_BIT(send));

	if (addressed && CALL_SET_SENDS >> nr & 1)
		without = false;
	if (with_addr && without)
		return CONCERN_ALL;
	return with_addr ? CONCERN_ADDR : without ? CONCERN_NO_ADDR : CONCERN_NO;
}

int create_family(int family, int type)
{
	/* __sock_create: the way packet sockets were made before Linux 2.2. */
	if (family == AF_INET && (type & 0xf) == SOCK_PACKET)
		return AF_PACKET;
	return family;
}

bool rule_protocol(const struct rule *r, int family, int type, int protocol)
{
	static const uint8_t by_type[16] = {
		[SOCK_STREAM] = IPPROTO_TCP, [SOCK_DGRAM] = IPPROTO_UDP,
		[SOCK_SEQPACKET] = IPPROTO_SCTP,
	};

	if (ranges_have(&r->protocol, protocol))
		return true;
	if (protocol != 0 || (family != AF_INET && family != AF_INET6))
		return false;
	/* 0 asks for the first protocol of the type (inet_create). */
	return by_type[type & 0xf] && ranges_have(&r->protocol, by_type[type & 0xf]);
}

static bool match_create(const struct rule *r, const struct subject *s)
{
	int family = create_family(s->family, s->type);

	if (r->family.n && !ranges_have(&r->family, family))
		return false;
	if (r->type.n && !ranges_have(&r->type, s->type & 0xf))
		return false;
	return !r->protocol.n || rule_protocol(r, family, s->type, s->protocol);
}

static enum match match_addr(const struct rule *r, const struct subject *s)
{
	enum match best = MATCH_NO;

	if (!s->addr)
		return MATCH_NO;
	for (unsigned i = 0; i < r->naddr && best != MATCH_YES; i++) {
		enum match m = addr_match(&r->addr[i], s->addr);

		best = m > best ? m : best;
	}
	if (!r->naddr)
		best = MATCH_YES;
	if (!r->port.n || best == MATCH_NO)
		return best;
	if (s->addr->what == READ_PEER)
		return MATCH_PENDING;
	return s->addr->what == READ_IP && ranges_have(&r->port, s->addr->port) ? best : MATCH_NO;
}

static enum match match(const struct rule *r, const struct subject *s)
{
	enum concern c = rule_concern(r, s->nr);

	if (c == CONCERN_NO || (c == CONCERN_ADDR && !s->has_addr) ||
	    (c == CONCERN_NO_ADDR && s->has_addr))
		return MATCH_NO;
	if (CALL_SET_CREATE >> s->nr & 1)
		return match_create(r, s) ? MATCH_YES : MATCH_NO;
	if (r->naddr || r->port.n)
		return match_addr(r, s);
	return MATCH_YES;
}

static struct verdict verdict_of(const struct rule *r)
{
	static const enum verdict_kind kind[] = {
		[ACTION_ALLOW] = VERDICT_ALLOW, [ACTION_DENY] = VERDICT_DENY,
		[ACTION_KILL] = VERDICT_KILL, [ACTION_LOG] = VERDICT_ALLOW,
	};

	return (struct verdict){
		.kind = kind[r->action],
		/* Whoever cannot kill must still not serve. */
		.err = r->action == ACTION_KILL ? EPERM : r->err,
		.rule = r->text, .file = r->file, .line = r->line,
	};
}

static const struct verdict pending = {.kind = VERDICT_ALLOW, .rule = policy_pending};

static bool default_judges(const struct subject *s)
{
	if (CALL_SET_SENDS >> s->nr & 1)
		return s->has_addr;
	return CALL_SET_DEFAULT >> s->nr & 1 && !s->disconnect;
}

static struct verdict walk(const struct policy *p, const struct subject *s)
{
	static const struct verdict not_judged = {.kind = VERDICT_ALLOW, .rule = "default"};
	struct verdict v;
	bool log = false;

	for (unsigned i = 0; i < p->nrules; i++) {
		const struct rule *r = &p->rule[i];
		enum match m = match(r, s);

		if (m == MATCH_PENDING)
			return pending;
		if (m == MATCH_NO)
			continue;
		if (r->action != ACTION_LOG) {
			v = verdict_of(r);
			v.log = log;
			return v;
		}
		log = true;
	}
	v = not_judged;
	if (p->fallback_given && default_judges(s) && !(s->addr && s->addr->secondary))
		v = verdict_of(&p->fallback);
	v.log = log;
	return v;
}

/* Of two readings' verdicts: kill, deny, what is still to be asked, allow. */
static int strictness(const struct verdict *v)
{
	switch (v->kind) {
	case VERDICT_KILL:
		return 3;
	case VERDICT_DENY:
		return 2;
	case VERDICT_ALLOW:
		break;
	}
	return v->rule == policy_pending;
}

static struct verdict walk_addr(const struct policy *p, enum call_nr nr,
				const struct call_addr *a, enum addr_use use, const char *path)
{
	struct addr_read read[ADDR_READS_MAX];
	unsigned n = addr_read(a, use, read);
	struct subject s = {.nr = nr, .has_addr = n > 0, .disconnect = n == 0};
	struct verdict v;

	if (n == 0)
		return walk(p, &s);
	for (unsigned i = 0; i < n; i++) {
		struct verdict w;

		if (path && read[i].what == READ_UNIX_PATH) {
			read[i].name = path;
			read[i].name_len = strlen(path);
		}
		s.addr = &read[i];
		w = walk(p, &s);
		if (i == 0 || strictness(&w) > strictness(&v)) {
			w.log |= i && v.log;
			v = w;
		} else {
			v.log |= w.log;
		}
	}
	return v;
}

static struct verdict door_verdict(const struct door *d)
{
	return (struct verdict){.kind = VERDICT_DENY, .err = EPERM, .rule = d->text};
}

/* The verdict was given by a rule that names this call, not one about addresses:
 * whoever writes `allow sendmsg` means the whole call. */
static bool names_call(const struct policy *p, enum call_nr nr, const struct verdict *v)
{
	for (unsigned i = 0; i < p->nrules; i++) {
		const struct rule *r = &p->rule[i];

		if (v->rule == r->text)
			return r->calls >> nr & 1 && !r->naddr && !r->port.n;
	}
	return false;
}

static const struct door *open_control(const struct policy *p, const struct call *c,
				       const struct call_msg *m)
{
	const struct door *d;
	struct cmsghdr h;

	if (!m->control)
		return NULL;
	for (size_t at = 0; m->control_len - at >= sizeof(h); at += CMSG_ALIGN(h.cmsg_len)) {
		memcpy(&h, m->control + at, sizeof(h));
		if (h.cmsg_len < sizeof(h) || h.cmsg_len > m->control_len - at)
			break; /* EINVAL, says the kernel */
		d = door_of(p, c->nr, h.cmsg_level, h.cmsg_type, m->control + at + sizeof(h),
			    h.cmsg_len - sizeof(h));
		if (d)
			return d;
		if (CMSG_ALIGN(h.cmsg_len) > m->control_len - at)
			break;
	}
	return NULL;
}

/* sendto, and each message of the others. An empty address is none: Linux's
 * protocols either refuse it or take it so. */
static struct verdict decide_send(const struct policy *p, const struct call *c,
				  const struct call_addr *a, const struct call_msg *m,
				  const char *path)
{
	struct subject s = {.nr = c->nr};
	const struct door *d;
	struct verdict v;

	if (a->present && a->len > 0)
		v = walk_addr(p, c->nr, a, USE_SEND, path);
	else
		v = walk(p, &s);
	d = m ? open_control(p, c, m) : NULL;
	return d && v.kind == VERDICT_ALLOW && !names_call(p, c->nr, &v) ? door_verdict(d) : v;
}

static struct verdict decide_messages(const struct policy *p, const struct call *c,
				      unsigned *nmsg_ok)
{
	struct subject none = {.nr = c->nr};
	struct verdict v = walk(p, &none); /* stands if there is no message to judge */
	bool log = false, wait = false;
	unsigned i;

	for (i = 0; i < c->nmsg; i++) {
		if (c->msg[i].err)
			break; /* never sent: serve reports it */
		v = decide_send(p, c, &c->msg[i].name, &c->msg[i], NULL);
		log |= v.log;
		wait |= v.rule == policy_pending;
		if (v.kind != VERDICT_ALLOW)
			break;
	}
	*nmsg_ok = i;
	v.log |= log;
	return v.kind == VERDICT_ALLOW && wait ? pending : v;
}

static struct verdict decide_peer(const struct policy *p, const struct call *c)
{
	struct addr_read unknown = {.what = READ_PEER, .family = -1};
	struct subject s = {.nr = c->nr, .has_addr = true, .addr = &unknown};

	return walk(p, &s);
}

static struct verdict decide_option(const struct policy *p, const struct call *c)
{
	struct subject s = {.nr = c->nr};
	struct verdict v = walk(p, &s);
	const struct door *d = door_of(p, c->nr, c->opt.level, c->opt.name, NULL, 0);

	return d && v.kind == VERDICT_ALLOW && !names_call(p, c->nr, &v) ? door_verdict(d) : v;
}

static struct verdict decide(const struct policy *p, const struct call *c, unsigned *nmsg_ok,
			     const char *path)
{
	struct subject s = {
		.nr = c->nr, .family = c->family, .type = c->type, .protocol = c->protocol,
	};

	*nmsg_ok = 0;
	switch (c->nr) {
	case CALL_bind:
		return walk_addr(p, c->nr, &c->addr, USE_BIND, path);
	case CALL_connect:
		return walk_addr(p, c->nr, &c->addr, USE_CONNECT, path);
	case CALL_sendto:
		return decide_send(p, c, &c->addr, NULL, path);
	case CALL_sendmsg:
	case CALL_sendmmsg:
		return decide_messages(p, c, nmsg_ok);
	case CALL_accept:
	case CALL_accept4:
		return decide_peer(p, c);
	case CALL_setsockopt:
	case CALL_getsockopt:
		return decide_option(p, c);
	case CALL_socket:
	case CALL_socketpair:
	case CALL_listen:
	case CALL_getsockname:
	case CALL_getpeername:
	case CALL_send:
	case CALL_recv:
	case CALL_recvfrom:
	case CALL_shutdown:
	case CALL_recvmsg:
	case CALL_recvmmsg:
		break;
	}
	return walk(p, &s);
}

struct verdict policy_decide(const struct policy *p, const struct call *c, unsigned *nmsg_ok)
{
	unsigned ignored;

	return decide(p, c, nmsg_ok ? nmsg_ok : &ignored, NULL);
}

struct verdict policy_decide_path(const struct policy *p, const struct call *c, unsigned i,
				  const char *path)
{
	unsigned ignored;

	if (c->nr != CALL_sendmsg && c->nr != CALL_sendmmsg)
		return decide(p, c, &ignored, path);
	return decide_send(p, c, &c->msg[i].name, &c->msg[i], path);
}

struct verdict policy_decide_peer(const struct policy *p, const struct call *c,
				  const struct call_addr *peer)
{
	return walk_addr(p, c->nr, peer, USE_PEER, NULL);
}

static bool looks_at_paths(const struct rule *r)
{
	for (unsigned i = 0; i < r->naddr; i++)
		if (r->addr[i].kind == ADDR_UNIX_PATH)
			return true;
	return false;
}

void policy_index(struct policy *p)
{
	p->paths = p->peers = 0;
	for (unsigned i = 0; i < p->nrules; i++) {
		const struct rule *r = &p->rule[i];

		for (int nr = 1; nr <= CALL_LAST; nr++)
			if (rule_concern(r, nr) != CONCERN_NO && looks_at_paths(r))
				p->paths |= UINT32_C(1) << nr;
		if (r->naddr || r->port.n)
			p->peers |= r->calls & CALL_SET_ACCEPT;
	}
	doors_index(p);
}

bool policy_judges_paths(const struct policy *p, enum call_nr nr)
{
	return p->paths >> nr & 1;
}

bool policy_judges_peers(const struct policy *p, enum call_nr nr)
{
	return p->peers >> nr & 1;
}
