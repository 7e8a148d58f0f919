/*
 * address.c - what a socket address means to Linux, and whether a rule names it.
 *
 * Rules judge where a packet or a connection goes, not how the address was
 * spelled:
 *  - an IPv4 address and its IPv4-mapped IPv6 form are one address, and it is an
 *    IPv4 one: [::]/0 does not hold it;
 *  - a destination of 0.0.0.0 or :: is this machine (ip_route_output_key_hash_rcu,
 *    tcp_v6_connect). :: becomes 127.0.0.1 if the socket is bound to a mapped
 *    address, so it is read both ways;
 *  - bind to :: takes the IPv4 ports as well, unless IPV6_V6ONLY;
 *  - the AF_UNSPEC of a connect is a disconnect. Of a send it is AF_INET to UDP and
 *    raw sockets and AF_INET6 to IPv6 raw sockets (udp_sendmsg, raw_sendmsg,
 *    rawv6_sendmsg); of a bind it is AF_INET (__inet_bind);
 *  - an AF_RXRPC address has the IP address in it.
 * A socket's own family is not known here and is not asked for. Where bytes can
 * mean two things both readings are judged, and the stricter verdict stands.
 */
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "rule.h"

enum {
	FAMILY_RXRPC = 33,
	RXRPC_TRANSPORT = 8, /* offset of struct sockaddr_rxrpc's transport address */
	INET_LEN = 8,        /* family, port, address: more is padding */
	INET6_LEN = 24,      /* SIN6_LEN_RFC2133 */
};

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const uint8_t zero[16];
static const uint8_t loopback4[4] = {127, 0, 0, 1};
static const uint8_t loopback6[16] = {[15] = 1};

static void set_ip(struct addr_read *r, bool v4, const uint8_t *ip, uint16_t port)
{
	memset(r, 0, sizeof(*r));
	r->what = READ_IP;
	r->v4 = v4;
	r->family = v4 ? AF_INET : AF_INET6;
	memcpy(r->ip, ip, v4 ? 4 : 16);
	r->port = port;
}

static unsigned read_inet(const uint8_t *b, enum addr_use use, struct addr_read *r)
{
	bool any = memcmp(b + 4, zero, 4) == 0;

	set_ip(r, true, any && use <= USE_SEND ? loopback4 : b + 4, b[2] << 8 | b[3]);
	return 1;
}

static unsigned read_inet6(const uint8_t *b, enum addr_use use, struct addr_read *r)
{
	const uint8_t *ip = b + 8;
	uint16_t port = b[2] << 8 | b[3];

	if (memcmp(ip, mapped, sizeof(mapped)) == 0) {
		bool any = memcmp(ip + 12, zero, 4) == 0;

		set_ip(r, true, any && use <= USE_SEND ? loopback4 : ip + 12, port);
		return 1;
	}
	if (memcmp(ip, zero, 16) != 0 || use == USE_PEER) {
		set_ip(r, false, ip, port);
		return 1;
	}
	set_ip(&r[0], false, use == USE_BIND ? zero : loopback6, port);
	set_ip(&r[1], true, use == USE_BIND ? zero : loopback4, port);
	r[1].secondary = true;
	return 2;
}

static unsigned read_unix(const struct call_addr *a, enum addr_use use, struct addr_read *r)
{
	size_t room = a->len - offsetof(struct sockaddr_un, sun_path);
	const char *path = (const char *)a->bytes + offsetof(struct sockaddr_un, sun_path);

	if (room == 0) {
		r->what = READ_UNIX_UNNAMED;
	} else if (path[0] == 0) {
		r->what = READ_UNIX_ABSTRACT;
		r->name = path + 1;
		r->name_len = room - 1;
	} else {
		/* Where a path leads, policy_decide_path will say; a peer's name is
		 * what the peer bound, and leads nowhere. */
		r->what = READ_UNIX_PATH;
		r->name = use == USE_PEER ? path : NULL;
		r->name_len = strnlen(path, room);
	}
	return 1;
}

static unsigned read_rxrpc(const struct call_addr *a, enum addr_use use, struct addr_read *r)
{
	const uint8_t *inner = a->bytes + RXRPC_TRANSPORT;
	int len = a->len - RXRPC_TRANSPORT;
	sa_family_t family;
	unsigned n = 0;

	if (len < INET_LEN)
		return 1;
	memcpy(&family, inner, sizeof(family));
	if (family == AF_INET)
		n = read_inet(inner, use, r + 1);
	else if (family == AF_INET6 && len >= INET6_LEN)
		n = read_inet6(inner, use, r + 1);
	for (unsigned i = 1; i <= n; i++)
		r[i].secondary = true;
	return 1 + n;
}

unsigned addr_read(const struct call_addr *a, enum addr_use use, struct addr_read r[ADDR_READS_MAX])
{
	bool inet = a->len >= INET_LEN, inet6 = a->len >= INET6_LEN;
	unsigned n = 0;

	memset(r, 0, sizeof(*r));
	r->what = READ_OTHER;
	r->family = a->len < (int)sizeof(sa_family_t) ? -1 : a->family;
	switch (r->family) {
	case AF_UNSPEC:
		if (use == USE_CONNECT)
			return 0;
		if (inet && use != USE_PEER)
			n = read_inet(a->bytes, use, r);
		if (inet6 && use == USE_SEND)
			n += read_inet6(a->bytes, use, r + n);
		return n ? n : 1;
	case AF_INET:
		return inet ? read_inet(a->bytes, use, r) : 1;
	case AF_INET6:
		return inet6 ? read_inet6(a->bytes, use, r) : 1;
	case AF_UNIX:
		return read_unix(a, use, r);
	case FAMILY_RXRPC:
		return read_rxrpc(a, use, r);
	default:
		return 1;
	}
}

static bool in_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - bits % 8)) == 0;
}

enum match addr_match(const struct addr_rule *rule, const struct addr_read *r)
{
	bool yes = false;

	if (rule->kind == ADDR_ANY)
		return MATCH_YES;
	if (r->what == READ_PEER)
		return MATCH_PENDING;
	switch (rule->kind) {
	case ADDR_ANY:
		yes = true;
		break;
	case ADDR_IP:
		yes = r->what == READ_IP && r->v4 == rule->v4 &&
		      in_prefix(rule->ip, r->ip, rule->prefix);
		break;
	case ADDR_UNIX:
		yes = r->family == AF_UNIX;
		break;
	case ADDR_UNIX_PATH:
		if (r->what == READ_UNIX_PATH && !r->name)
			return MATCH_PENDING;
		yes = r->what == READ_UNIX_PATH &&
		      glob_match(rule->glob, r->name, r->name_len, true);
		break;
	case ADDR_UNIX_ABSTRACT:
		yes = r->what == READ_UNIX_ABSTRACT &&
		      glob_match(rule->glob, r->name, r->name_len, false);
		break;
	case ADDR_UNIX_UNNAMED:
		yes = r->what == READ_UNIX_UNNAMED;
		break;
	case ADDR_FAMILY:
		yes = r->family == rule->family;
		break;
	}
	return yes ? MATCH_YES : MATCH_NO;
}

/* Reads one element of the glob that stands for one character; *len gets its
 * length. The parser has made sure that brackets are closed. */
static bool glob_one(const char *g, unsigned char c, bool path, size_t *len)
{
	const char *p = g + 1;
	bool other, hit = false;

	*len = 1;
	if (*g == '?')
		return !(path && c == '/');
	if (*g == '\\' && g[1]) {
		*len = 2;
		return (unsigned char)g[1] == c;
	}
	if (*g != '[')
		return (unsigned char)*g == c;
	other = *p == '!' || *p == '^'; /* any character but these */
	p += other;
	do {
		unsigned char lo = *p++, hi = lo;

		if (p[0] == '-' && p[1] && p[1] != ']') {
			hi = p[1];
			p += 2;
		}
		hit |= lo <= c && c <= hi;
	} while (*p && *p != ']');
	*len = p - g + 1;
	return hit != other && !(path && c == '/');
}

/*
 * Follows every way of matching at once, as a set of positions in the glob, so
 * that no name a program makes up costs more than its length times the glob's.
 */
bool glob_match(const char *glob, const char *s, size_t len, bool path)
{
	size_t n = strlen(glob), one;
	bool at[GLOB_MAX + 1] = {true}, next[GLOB_MAX + 1];

	for (size_t k = 0;; k++) {
		/* A star may stand for nothing. */
		for (size_t i = 0; i < n; i++)
			if (at[i] && glob[i] == '*')
				at[i + 1] = true;
		if (k == len)
			return at[n];
		memset(next, 0, n + 1);
		for (size_t i = 0; i < n; i++) {
			if (!at[i])
				continue;
			if (glob[i] != '*') {
				bool hit = glob_one(glob + i, s[k], path, &one);

				next[i + one] |= hit;
			} else if (!path || s[k] != '/' || glob[i + 1] == '*') {
				next[i] = true;
			}
		}
		memcpy(at, next, n + 1);
	}
}
