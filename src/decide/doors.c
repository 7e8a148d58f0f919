/*
 * doors.c - the side doors: ways to reach, or take, another address than the one
 * that connect, sendto, sendmsg or bind was judged by.
 *
 *  - SCTP: the CONNECTX options are a connect by another name, BINDX_ADD a bind;
 *    the DSTADDR control messages add destinations to a send.
 *  - IPv4 source routes (IP_OPTIONS; IP_RETOPTS as control message): packets go
 *    to the first hop in the option, wherever connect pointed.
 *  - IPv6 routing headers, in every form that reaches fl6_update_dst(): sticky,
 *    RFC 2292's, inside a flow label's options, and as control messages.
 *
 * A door is closed, with EPERM, while the policy judges what it goes around; a
 * rule that allows its call by name (`allow setsockopt`) opens it.
 */
#include <netinet/in.h>

#include "rule.h"

/* linux/in.h, linux/in6.h and linux/sctp.h; the last is often not installed. */
enum {
	LEVEL_SCTP = 132,
	SCTP_BINDX_ADD = 100,
	SCTP_CONNECTX_OLD = 107,
	SCTP_CONNECTX = 110,
	SCTP_CONNECTX3 = 111,
	SCTP_CMSG_DSTADDRV4 = 7,
	SCTP_CMSG_DSTADDRV6 = 8,
	IPV6_FLOWLABEL_MANAGER = 32,
	IPV6_OLD_RTHDR = 5,
	IPV6_OLD_PKTOPTIONS = 6,
};

#define SET CALL_BIT(setsockopt)
#define GET CALL_BIT(getsockopt)
#define CONTROL (CALL_BIT(sendmsg) | CALL_BIT(sendmmsg))

const struct door doors[] = {
	{SET, IPPROTO_IP, IP_OPTIONS, false, "IP_OPTIONS"},
	{SET, IPPROTO_IPV6, IPV6_RTHDR, false, "IPV6_RTHDR"},
	{SET, IPPROTO_IPV6, IPV6_OLD_RTHDR, false, "IPV6_2292RTHDR"},
	{SET, IPPROTO_IPV6, IPV6_OLD_PKTOPTIONS, false, "IPV6_2292PKTOPTIONS"},
	{SET, IPPROTO_IPV6, IPV6_FLOWLABEL_MANAGER, false, "IPV6_FLOWLABEL_MGR"},
	{SET, LEVEL_SCTP, SCTP_CONNECTX_OLD, false, "SCTP_SOCKOPT_CONNECTX_OLD"},
	{SET, LEVEL_SCTP, SCTP_CONNECTX, false, "SCTP_SOCKOPT_CONNECTX"},
	{GET, LEVEL_SCTP, SCTP_CONNECTX3, false, "SCTP_SOCKOPT_CONNECTX3"},
	{SET, LEVEL_SCTP, SCTP_BINDX_ADD, true, "SCTP_SOCKOPT_BINDX_ADD"},
	{CONTROL, IPPROTO_IP, IP_RETOPTS, false, "IP_RETOPTS"},
	{CONTROL, IPPROTO_IPV6, IPV6_RTHDR, false, "IPV6_RTHDR"},
	{CONTROL, IPPROTO_IPV6, IPV6_OLD_RTHDR, false, "IPV6_2292RTHDR"},
	{CONTROL, LEVEL_SCTP, SCTP_CMSG_DSTADDRV4, false, "SCTP_DSTADDRV4"},
	{CONTROL, LEVEL_SCTP, SCTP_CMSG_DSTADDRV6, false, "SCTP_DSTADDRV6"},
};
const unsigned ndoors = sizeof(doors) / sizeof(doors[0]);

/* A rule judges destinations if it names connect, or looks at one. */
static bool judges(const struct rule *r, bool bind)
{
	if (r->action == ACTION_LOG)
		return false; /* it says what happened; it forbids nothing */
	if (bind)
		return r->calls & CALL_BIT(bind);
	return r->calls & CALL_BIT(connect) ||
	       (r->calls & CALL_SET_SENDS && (r->naddr || r->port.n));
}

bool doors_judged(const struct policy *p, bool bind)
{
	bool denies = p->fallback.action != ACTION_ALLOW, judged = denies;

	for (unsigned i = 0; i < p->nrules; i++) {
		const struct rule *r = &p->rule[i];

		if (!judges(r, bind))
			continue;
		judged = true;
		denies |= r->action != ACTION_ALLOW;
	}
	return judged && denies;
}

bool door_closed(const struct policy *p, const struct door *d)
{
	return p->closed[d->bind];
}

bool doors_closed(const struct policy *p, enum call_nr nr)
{
	for (unsigned i = 0; i < ndoors; i++)
		if (doors[i].calls >> nr & 1 && door_closed(p, &doors[i]))
			return true;
	return false;
}
