/*
 * notes.c - what is right in a policy, but perhaps not meant.
 */
#include <stdio.h>
#include <sys/socket.h>

#include "rule.h"

static bool may_create(const struct policy *p, int family, int type)
{
	struct call c;

	call_init(&c);
	c.nr = CALL_socket;
	c.family = family;
	c.type = type;
	c.protocol = 255; /* IPPROTO_RAW */
	return policy_decide(p, &c, NULL).kind == VERDICT_ALLOW;
}

/* The rule before r that decides all that r could; NULL if none does. */
static const struct rule *hidden_by(const struct policy *p, const struct rule *r)
{
	for (const struct rule *o = p->rule; o < r; o++)
		if (o->action != ACTION_LOG && !(r->calls & ~o->calls) && !o->naddr &&
		    !o->port.n && !o->family.n && !o->type.n && !o->protocol.n)
			return o;
	return NULL;
}

static void note(FILE *out, const struct rule *r, const char *text, const struct rule *other)
{
	fprintf(out, "%s:%u: note: %s", r->file ? r->file : "command line", r->line, text);
	if (other)
		fprintf(out, " (%s:%u)", other->file ? other->file : "command line", other->line);
	fputc('\n', out);
}

void policy_notes(const struct policy *p, FILE *out)
{
	for (unsigned i = 0; i < p->nrules; i++) {
		const struct rule *o = hidden_by(p, &p->rule[i]);

		if (o)
			note(out, &p->rule[i], "never reached: an earlier rule decides it", o);
	}
	if (!p->closed[DOOR_DESTINATION])
		return;
	for (unsigned i = 0; i < 2; i++) {
		static const struct {
			int family;
			const char *name;
		} kinds[] = {{AF_INET, "raw"}, {AF_PACKET, "packet"}};

		if (may_create(p, kinds[i].family, SOCK_RAW))
			fprintf(out, "note: destinations are judged, but %s sockets, which can "
				"send anywhere, are allowed to programs with CAP_NET_RAW\n",
				kinds[i].name);
	}
}
