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
 *  - The choice of a device: any program may send to 127.0.0.1 or ::1 out of a
 *    real one, and the packet does leave for the next hop, which may be listening
 *    (seen on Linux 6.18 without any capability). A policy that lets programs
 *    reach loopback and not the rest means this machine.
 *
 * A door is closed, with EPERM, while the policy judges what it goes around; a
 * rule that allows its call by name (`allow setsockopt`) opens it.
 */
#include <netinet/in.h>
#include <string.h>

#include "rule.h"

/* asm-generic/socket.h, linux/in.h, linux/in6.h and linux/sctp.h; the last is often
 * not installed. */
enum {
	LEVEL_SCTP = 132,
	SCTP_BINDX_ADD = 100,
	SCTP_CONNECTX_OLD = 107,
	SCTP_CONNECTX = 110,
	SCTP_CONNECTX3 = 111,
	SCTP_CMSG_DSTADDRV4 = 7,
	SCTP_CMSG_DSTADDRV6 = 8,
	BIND_TO_DEVICE = 25,
	BIND_TO_IFINDEX = 62,
	UNICAST_IF = 50,
	UNICAST_IF6 = 76,
	FLOWLABEL_MANAGER = 32,
	OLD_PKTINFO = 2,
	OLD_RTHDR = 5,
	OLD_PKTOPTIONS = 6,
	LOOPBACK_IFINDEX = 1, /* in every network namespace */
};

#define SET CALL_BIT(setsockopt)
#define GET CALL_BIT(getsockopt)
#define CONTROL (CALL_BIT(sendmsg) | CALL_BIT(sendmmsg))

/* in_pktinfo begins with its device, in6_pktinfo ends with it. */
#define DEVICE4 (0 + 1)
#define DEVICE6 (16 + 1)

const struct door doors[] = {
	{SET, IPPROTO_IP, IP_OPTIONS, DOOR_DESTINATION, 0, "IP_OPTIONS"},
	{SET, IPPROTO_IPV6, IPV6_RTHDR, DOOR_DESTINATION, 0, "IPV6_RTHDR"},
	{SET, IPPROTO_IPV6, OLD_RTHDR, DOOR_DESTINATION, 0, "IPV6_2292RTHDR"},
	{SET, IPPROTO_IPV6, OLD_PKTOPTIONS, DOOR_DESTINATION, 0, "IPV6_2292PKTOPTIONS"},
	{SET, IPPROTO_IPV6, FLOWLABEL_MANAGER, DOOR_DESTINATION, 0, "IPV6_FLOWLABEL_MGR"},
	{SET, LEVEL_SCTP, SCTP_CONNECTX_OLD, DOOR_DESTINATION, 0, "SCTP_SOCKOPT_CONNECTX_OLD"},
	{SET, LEVEL_SCTP, SCTP_CONNECTX, DOOR_DESTINATION, 0, "SCTP_SOCKOPT_CONNECTX"},
	{GET, LEVEL_SCTP, SCTP_CONNECTX3, DOOR_DESTINATION, 0, "SCTP_SOCKOPT_CONNECTX3"},
	{SET, LEVEL_SCTP, SCTP_BINDX_ADD, DOOR_BIND, 0, "SCTP_SOCKOPT_BINDX_ADD"},
	{SET, SOL_SOCKET, BIND_TO_DEVICE, DOOR_DEVICE, 0, "SO_BINDTODEVICE"},
	{SET, SOL_SOCKET, BIND_TO_IFINDEX, DOOR_DEVICE, 0, "SO_BINDTOIFINDEX"},
	{SET, IPPROTO_IP, UNICAST_IF, DOOR_DEVICE, 0, "IP_UNICAST_IF"},
	{SET, IPPROTO_IPV6, UNICAST_IF6, DOOR_DEVICE, 0, "IPV6_UNICAST_IF"},
	{SET, IPPROTO_IPV6, IPV6_PKTINFO, DOOR_DEVICE, 0, "IPV6_PKTINFO"},
	{CONTROL, IPPROTO_IP, IP_RETOPTS, DOOR_DESTINATION, 0, "IP_RETOPTS"},
	{CONTROL, IPPROTO_IPV6, IPV6_RTHDR, DOOR_DESTINATION, 0, "IPV6_RTHDR"},
	{CONTROL, IPPROTO_IPV6, OLD_RTHDR, DOOR_DESTINATION, 0, "IPV6_2292RTHDR"},
	{CONTROL, LEVEL_SCTP, SCTP_CMSG_DSTADDRV4, DOOR_DESTINATION, 0, "SCTP_DSTADDRV4"},
	{CONTROL, LEVEL_SCTP, SCTP_CMSG_DSTADDRV6, DOOR_DESTINATION, 0, "SCTP_DSTADDRV6"},
	{CONTROL, IPPROTO_IP, IP_PKTINFO, DOOR_DEVICE, DEVICE4, "IP_PKTINFO"},
	{CONTROL, IPPROTO_IPV6, IPV6_PKTINFO, DOOR_DEVICE, DEVICE6, "IPV6_PKTINFO"},
	{CONTROL, IPPROTO_IPV6, OLD_PKTINFO, DOOR_DEVICE, DEVICE6, "IPV6_2292PKTINFO"},
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

/* Does any rule judge it, and is any of it denied? */
static bool judged(const struct policy *p, bool bind)
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

static bool is_loopback(const struct addr_rule *a)
{
	static const uint8_t one[16] = {[15] = 1};

	if (a->kind != ADDR_IP)
		return false;
	if (a->v4)
		return a->ip[0] == 127 && a->prefix >= 8;
	return a->prefix == 128 && memcmp(a->ip, one, 16) == 0;
}

static bool allows_loopback(const struct policy *p)
{
	for (unsigned i = 0; i < p->nrules; i++) {
		const struct rule *r = &p->rule[i];

		for (unsigned k = 0; k < r->naddr; k++)
			if (r->action == ACTION_ALLOW && judges(r, false) &&
			    is_loopback(&r->addr[k]))
				return true;
	}
	return false;
}

void doors_index(struct policy *p)
{
	p->closed[DOOR_DESTINATION] = judged(p, false);
	p->closed[DOOR_BIND] = judged(p, true);
	p->closed[DOOR_DEVICE] = p->closed[DOOR_DESTINATION] && allows_loopback(p);
}

bool door_closed(const struct policy *p, const struct door *d)
{
	return p->closed[d->kind];
}

bool doors_closed(const struct policy *p, enum call_nr nr)
{
	for (unsigned i = 0; i < ndoors; i++)
		if (doors[i].calls >> nr & 1 && door_closed(p, &doors[i]))
			return true;
	return false;
}

/* Does this control message leave the choice of the device to the routes? */
static bool names_no_device(const struct door *d, const uint8_t *data, size_t len)
{
	size_t at = d->device_at - 1;
	int device;

	if (len < at + sizeof(device))
		return false; /* EINVAL, says the kernel */
	memcpy(&device, data + at, sizeof(device));
	return device == 0 || device == LOOPBACK_IFINDEX;
}

const struct door *door_of(const struct policy *p, enum call_nr nr, int level, int name,
			   const uint8_t *data, size_t len)
{
	for (const struct door *d = doors; d < doors + ndoors; d++)
		if (d->calls >> nr & 1 && d->level == level && d->name == name &&
		    door_closed(p, d) && !(d->device_at && names_no_device(d, data, len)))
			return d;
	return NULL;
}
