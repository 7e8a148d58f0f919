/*
 * option.c - setsockopt and getsockopt: options by name, their values as words.
 *
 *     setsockopt s SO_LINGER on,5          getsockopt s SO_LINGER -> on,5
 *     setsockopt s SO_RCVTIMEO 30ms        getsockopt s SO_ERROR -> ECONNREFUSED
 *     setsockopt s IP_ADD_MEMBERSHIP 224.1.1.1,127.0.0.1
 *     setsockopt s SO_REUSEADDR 1 len=2    getsockopt s SO_TYPE room=2 -> ...
 *     setsockopt s 1,4711 5                (level, name)
 *
 * A value may also be data ("abc"), or bad or null with len=N.
 */
#include <arpa/inet.h>
#include <linux/net.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "behaviour.h"

enum kind { INT, BYTE, ERRNO, FAMILY, TYPE, PROTOCOL, LINGER, TIME, TIME_NEW, CREDS, ADDR4,
	    MREQ, MREQN, MREQ_SOURCE, MREQ6, GROUP, GROUP_SOURCE, TEXT, ADDRESS, BYTES, U64, GROUPS };

struct option {
	const char *name;
	int level, number;
	enum kind kind;
};

/* clang-format off */
static const struct option options[] = {
	{ "SO_DEBUG", 1, 1, INT }, { "SO_REUSEADDR", 1, 2, INT }, { "SO_TYPE", 1, 3, TYPE },
	{ "SO_ERROR", 1, 4, ERRNO }, { "SO_DONTROUTE", 1, 5, INT }, { "SO_BROADCAST", 1, 6, INT },
	{ "SO_SNDBUF", 1, 7, INT }, { "SO_RCVBUF", 1, 8, INT }, { "SO_KEEPALIVE", 1, 9, INT },
	{ "SO_OOBINLINE", 1, 10, INT }, { "SO_NO_CHECK", 1, 11, INT }, { "SO_PRIORITY", 1, 12, INT },
	{ "SO_LINGER", 1, 13, LINGER }, { "SO_BSDCOMPAT", 1, 14, INT }, { "SO_REUSEPORT", 1, 15, INT },
	{ "SO_PASSCRED", 1, 16, INT }, { "SO_PEERCRED", 1, 17, CREDS }, { "SO_RCVLOWAT", 1, 18, INT },
	{ "SO_SNDLOWAT", 1, 19, INT }, { "SO_RCVTIMEO", 1, 20, TIME }, { "SO_SNDTIMEO", 1, 21, TIME },
	{ "SO_BINDTODEVICE", 1, 25, TEXT }, { "SO_ATTACH_FILTER", 1, 26, BYTES },
	{ "SO_DETACH_FILTER", 1, 27, INT }, { "SO_PEERNAME", 1, 28, ADDRESS },
	{ "SO_TIMESTAMP", 1, 29, INT }, { "SO_ACCEPTCONN", 1, 30, INT }, { "SO_PEERSEC", 1, 31, TEXT },
	{ "SO_SNDBUFFORCE", 1, 32, INT }, { "SO_RCVBUFFORCE", 1, 33, INT }, { "SO_PASSSEC", 1, 34, INT },
	{ "SO_TIMESTAMPNS", 1, 35, INT }, { "SO_MARK", 1, 36, INT }, { "SO_TIMESTAMPING", 1, 37, INT },
	{ "SO_PROTOCOL", 1, 38, PROTOCOL }, { "SO_DOMAIN", 1, 39, FAMILY }, { "SO_RXQ_OVFL", 1, 40, INT },
	{ "SO_PEEK_OFF", 1, 42, INT }, { "SO_NOFCS", 1, 43, INT }, { "SO_LOCK_FILTER", 1, 44, INT },
	{ "SO_SELECT_ERR_QUEUE", 1, 45, INT }, { "SO_BUSY_POLL", 1, 46, INT },
	{ "SO_MAX_PACING_RATE", 1, 47, INT }, { "SO_INCOMING_CPU", 1, 49, INT },
	{ "SO_MEMINFO", 1, 55, BYTES }, { "SO_COOKIE", 1, 57, U64 }, { "SO_PEERGROUPS", 1, 59, GROUPS },
	{ "SO_ZEROCOPY", 1, 60, INT }, { "SO_TIMESTAMP_NEW", 1, 63, INT },
	{ "SO_TIMESTAMPNS_NEW", 1, 64, INT }, { "SO_RCVTIMEO_NEW", 1, 66, TIME_NEW },
	{ "SO_SNDTIMEO_NEW", 1, 67, TIME_NEW }, { "SO_BUF_LOCK", 1, 72, INT }, { "SO_RCVMARK", 1, 75, INT },
	{ "SO_PASSPIDFD", 1, 76, INT }, { "SO_PEERPIDFD", 1, 77, INT }, { "SO_RCVPRIORITY", 1, 82, INT },
	{ "SO_PASSRIGHTS", 1, 83, INT },

	{ "IP_TOS", 0, 1, INT }, { "IP_TTL", 0, 2, INT }, { "IP_HDRINCL", 0, 3, INT },
	{ "IP_OPTIONS", 0, 4, BYTES }, { "IP_RECVOPTS", 0, 6, INT }, { "IP_RETOPTS", 0, 7, INT },
	{ "IP_PKTINFO", 0, 8, INT }, { "IP_MTU_DISCOVER", 0, 10, INT }, { "IP_RECVERR", 0, 11, INT },
	{ "IP_RECVTTL", 0, 12, INT }, { "IP_RECVTOS", 0, 13, INT }, { "IP_MTU", 0, 14, INT },
	{ "IP_FREEBIND", 0, 15, INT }, { "IP_TRANSPARENT", 0, 19, INT }, { "IP_RECVORIGDSTADDR", 0, 20, INT },
	{ "IP_MINTTL", 0, 21, INT }, { "IP_NODEFRAG", 0, 22, INT },
	{ "IP_BIND_ADDRESS_NO_PORT", 0, 24, INT }, { "IP_RECVFRAGSIZE", 0, 25, INT },
	{ "IP_MULTICAST_IF", 0, 32, ADDR4 }, { "IP_MULTICAST_TTL", 0, 33, BYTE },
	{ "IP_MULTICAST_LOOP", 0, 34, BYTE }, { "IP_ADD_MEMBERSHIP", 0, 35, MREQ },
	{ "IP_DROP_MEMBERSHIP", 0, 36, MREQ }, { "IP_UNBLOCK_SOURCE", 0, 37, MREQ_SOURCE },
	{ "IP_BLOCK_SOURCE", 0, 38, MREQ_SOURCE }, { "IP_ADD_SOURCE_MEMBERSHIP", 0, 39, MREQ_SOURCE },
	{ "IP_DROP_SOURCE_MEMBERSHIP", 0, 40, MREQ_SOURCE }, { "MCAST_JOIN_GROUP", 0, 42, GROUP },
	{ "MCAST_LEAVE_GROUP", 0, 45, GROUP }, { "MCAST_JOIN_SOURCE_GROUP", 0, 46, GROUP_SOURCE },
	{ "MCAST_LEAVE_SOURCE_GROUP", 0, 47, GROUP_SOURCE }, { "MCAST_BLOCK_SOURCE", 0, 43, GROUP_SOURCE },
	{ "MCAST_UNBLOCK_SOURCE", 0, 44, GROUP_SOURCE }, { "IP_MULTICAST_ALL", 0, 49, INT },
	{ "IP_UNICAST_IF", 0, 50, INT }, { "IP_LOCAL_PORT_RANGE", 0, 51, INT }, { "IP_PROTOCOL", 0, 52, INT },
	{ "IP_MULTICAST_IFN", 0, 32, MREQN },

	{ "IPV6_ADDRFORM", 41, 1, INT }, { "IPV6_UNICAST_HOPS", 41, 16, INT },
	{ "IPV6_MULTICAST_IF", 41, 17, INT }, { "IPV6_MULTICAST_HOPS", 41, 18, INT },
	{ "IPV6_MULTICAST_LOOP", 41, 19, INT }, { "IPV6_JOIN_GROUP", 41, 20, MREQ6 },
	{ "IPV6_LEAVE_GROUP", 41, 21, MREQ6 }, { "IPV6_MTU_DISCOVER", 41, 23, INT },
	{ "IPV6_MTU", 41, 24, INT }, { "IPV6_RECVERR", 41, 25, INT }, { "IPV6_V6ONLY", 41, 26, INT },
	{ "IPV6_MULTICAST_ALL", 41, 29, INT }, { "IPV6_RECVPKTINFO", 41, 49, INT },
	{ "IPV6_RECVHOPLIMIT", 41, 51, INT }, { "IPV6_RECVPATHMTU", 41, 60, INT },
	{ "IPV6_DONTFRAG", 41, 62, INT }, { "IPV6_RECVTCLASS", 41, 66, INT }, { "IPV6_TCLASS", 41, 67, INT },
	{ "IPV6_AUTOFLOWLABEL", 41, 70, INT }, { "IPV6_MINHOPCOUNT", 41, 73, INT },
	{ "IPV6_RECVORIGDSTADDR", 41, 74, INT }, { "IPV6_TRANSPARENT", 41, 75, INT },
	{ "IPV6_UNICAST_IF", 41, 76, INT }, { "IPV6_FREEBIND", 41, 78, INT },
	{ "IPV6_CHECKSUM", 41, 7, INT },

	{ "TCP_NODELAY", 6, 1, INT }, { "TCP_MAXSEG", 6, 2, INT }, { "TCP_CORK", 6, 3, INT },
	{ "TCP_KEEPIDLE", 6, 4, INT }, { "TCP_KEEPINTVL", 6, 5, INT }, { "TCP_KEEPCNT", 6, 6, INT },
	{ "TCP_SYNCNT", 6, 7, INT }, { "TCP_LINGER2", 6, 8, INT }, { "TCP_DEFER_ACCEPT", 6, 9, INT },
	{ "TCP_WINDOW_CLAMP", 6, 10, INT }, { "TCP_INFO", 6, 11, BYTES }, { "TCP_QUICKACK", 6, 12, INT },
	{ "TCP_CONGESTION", 6, 13, TEXT }, { "TCP_THIN_LINEAR_TIMEOUTS", 6, 16, INT },
	{ "TCP_USER_TIMEOUT", 6, 18, INT }, { "TCP_REPAIR", 6, 19, INT }, { "TCP_FASTOPEN", 6, 23, INT },
	{ "TCP_TIMESTAMP", 6, 24, INT }, { "TCP_NOTSENT_LOWAT", 6, 25, INT }, { "TCP_SAVE_SYN", 6, 27, INT },
	{ "TCP_FASTOPEN_CONNECT", 6, 30, INT }, { "TCP_ULP", 6, 31, TEXT }, { "TCP_INQ", 6, 36, INT },
	{ "TCP_TX_DELAY", 6, 37, INT },
	{ "UDP_CORK", 17, 1, INT }, { "UDP_ENCAP", 17, 100, INT }, { "UDP_NO_CHECK6_TX", 17, 101, INT },
	{ "UDP_SEGMENT", 17, 103, INT }, { "UDP_GRO", 17, 104, INT },

	{ "NETLINK_ADD_MEMBERSHIP", 270, 1, INT }, { "NETLINK_DROP_MEMBERSHIP", 270, 2, INT },
	{ "NETLINK_PKTINFO", 270, 3, INT }, { "NETLINK_BROADCAST_ERROR", 270, 4, INT },
	{ "NETLINK_NO_ENOBUFS", 270, 5, INT }, { "NETLINK_LIST_MEMBERSHIPS", 270, 9, INT },
	{ "NETLINK_CAP_ACK", 270, 10, INT }, { "NETLINK_EXT_ACK", 270, 11, INT },
	{ "NETLINK_GET_STRICT_CHK", 270, 12, INT },
	{ 0 },
};
static const struct name tcp_states[] = {
	{ "established", 1 }, { "syn-sent", 2 }, { "syn-recv", 3 }, { "fin-wait1", 4 },
	{ "fin-wait2", 5 }, { "time-wait", 6 }, { "close", 7 }, { "close-wait", 8 },
	{ "last-ack", 9 }, { "listen", 10 }, { "closing", 11 }, { 0 },
};
/* clang-format on */

static struct option next_option(struct task *t)
{
	const char *word = next(t), *comma = strchr(word, ',');
	struct option any = { .name = word, .kind = INT };

	for (const struct option *o = options; o->name; o++)
		if (strcmp(o->name, word) == 0)
			return *o;
	if (!comma)
		mistake(t, "no such option: %s", word);
	else
		any.number = (int)number_of(t, comma + 1, NULL);
	any.level = atoi(word);
	return any;
}

static const char *ip_of(struct task *t, const char *word, void *out, int size)
{
	uint8_t ip[16];
	char text[64];
	size_t n = strcspn(word, ",");

	snprintf(text, sizeof(text), "%.*s", (int)n, word);
	if (ip_parse(text, ip) != size)
		mistake(t, "no address: %s", text);
	else
		memcpy(out, ip, (size_t)size);
	return word[n] ? word + n + 1 : "";
}

/* A sockaddr at p for struct group_req and its like. */
static const char *sockaddr_of(struct task *t, const char *word, uint8_t *p)
{
	uint16_t family = strchr(word, ':') ? AF_INET6 : AF_INET;

	memset(p, 0, 128);
	memcpy(p, &family, 2);
	return ip_of(t, word, p + (family == AF_INET ? 4 : 8), family == AF_INET ? 4 : 16);
}

static long milliseconds(struct task *t, const char *word)
{
	char *end;
	long v = strtol(word, &end, 0);

	if (end == word || (*end && strcmp(end, "ms") && strcmp(end, "s")))
		mistake(t, "no time: %s", word);
	return *end == 's' ? v * 1000 : v;
}

/* The value as bytes at p: how many. */
static size_t value_put(struct task *t, const struct option *o, const char *word, uint8_t *p)
{
	int word_size = t->world->word, v;
	int64_t wide[2];
	long ms;

	switch (o->kind) {
	case LINGER: {
		int32_t l[2] = { strncmp(word, "on", 2) == 0, strchr(word, ',') ? atoi(strchr(word, ',') + 1) : 0 };
		memcpy(p, l, 8);
		return 8;
	}
	case TIME:
	case TIME_NEW:
		ms = milliseconds(t, word);
		wide[0] = ms / 1000;
		wide[1] = ms % 1000 * 1000;
		if (ms == -1) /* a number of microseconds that is none */
			wide[1] = 1000000;
		if (o->kind == TIME_NEW)
			memcpy(p, wide, 16);
		else
			pair_put(t->world, p, wide[0], wide[1]);
		return o->kind == TIME_NEW ? 16 : 2 * (size_t)word_size;
	case ADDR4:
		ip_of(t, word, p, 4);
		return 4;
	case MREQ:
		ip_of(t, ip_of(t, word, p, 4), p + 4, 4);
		return 8;
	case MREQN:
		v = atoi(ip_of(t, ip_of(t, word, p, 4), p + 4, 4));
		memcpy(p + 8, &v, 4);
		return 12;
	case MREQ_SOURCE: /* group,interface,source */
		ip_of(t, ip_of(t, ip_of(t, word, p, 4), p + 4, 4), p + 8, 4);
		return 12;
	case MREQ6:
		v = atoi(ip_of(t, word, p, 16));
		memcpy(p + 16, &v, 4);
		return 20;
	case GROUP:
	case GROUP_SOURCE: { /* group,interface[,source] */
		const char *rest = sockaddr_of(t, word, p + word_size);
		char *end;
		uint32_t index = (uint32_t)strtoul(rest, &end, 0);

		memcpy(p, &index, 4);
		if (o->kind == GROUP)
			return (size_t)word_size + 128;
		sockaddr_of(t, *end ? end + 1 : "", p + word_size + 128);
		return (size_t)word_size + 256;
	}
	case INT: case BYTE: case ERRNO: case FAMILY: case TYPE: case PROTOCOL: case CREDS:
	case TEXT: case ADDRESS: case BYTES: case U64: case GROUPS:
		break;
	}
	v = (int)number_of(t, word, NULL);
	memcpy(p, &v, 4);
	return 4;
}

static void call_setsockopt(struct task *t)
{
	int fd = next_fd(t);
	struct option o = next_option(t);
	uint8_t *p = arena_get(t, 2048), *data;
	uint64_t at = ptr(p);
	const char *word = next(t), *s;
	size_t len = 0;
	const char *level;

	if (strcmp(word, "bad") == 0) {
		at = arena_bad(t);
	} else if (strcmp(word, "null") == 0) {
		at = 0;
	} else if ((data = text_parse_data(word, &len))) {
		memcpy(p, data, len < 2048 ? len : 2048);
		free(data);
	} else {
		len = value_put(t, &o, word, p);
	}
	if ((s = setting(t, "len")))
		len = (size_t)number_of(t, s, NULL);
	if ((level = setting(t, "level")))
		o.level = (int)number_of(t, level, NULL);
	result(t, sys_call(t, SYS_SETSOCKOPT, (uint32_t)fd, (uint32_t)o.level, (uint32_t)o.number, at,
			   (uint32_t)len, 0));
}

/* ----------------------------------------------------------------------------- get */

static void text_named(struct text *out, const struct name *names, int v)
{
	const char *name = name_of(names, v);

	if (name)
		text_add(out, "%s", name);
	else
		text_add(out, "%d", v);
}

/* What is shown of struct tcp_info: what stays true whatever the timing. */
static void text_tcp_info(struct text *out, const uint8_t *p)
{
	text_named(out, tcp_states, p[0]);
}

/* The size that a whole value has; 0: any. */
static int whole(const struct task *t, const struct option *o)
{
	switch (o->kind) {
	case INT: case BYTE: case ERRNO: case FAMILY: case TYPE: case PROTOCOL: case ADDR4:
		return 4;
	case LINGER: case MREQ: case U64:
		return 8;
	case TIME:
		return 2 * t->world->word;
	case TIME_NEW:
		return 16;
	case CREDS: case MREQN: case MREQ_SOURCE:
		return 12;
	case MREQ6: case GROUP: case GROUP_SOURCE: case TEXT: case ADDRESS: case BYTES: case GROUPS:
		break;
	}
	return 0;
}

static void value_text(struct task *t, const struct option *o, const uint8_t *p, uint32_t len)
{
	struct text *out = &t->out;
	int32_t v[3] = { 0 };
	int64_t wide[2];
	char ip[INET_ADDRSTRLEN];

	memcpy(v, p, len < 12 ? len : 12);
	switch (o->kind) {
	case ERRNO:
		text_add(out, "%s", v[0] ? errno_name(v[0]) : "0");
		return;
	case FAMILY:
		text_named(out, families, v[0]);
		return;
	case TYPE:
		text_named(out, types, v[0]);
		return;
	case PROTOCOL:
		text_named(out, inet_protocols, v[0]);
		return;
	case LINGER:
		text_add(out, "%s,%d", v[0] ? "on" : "off", v[1]);
		return;
	case TIME:
	case TIME_NEW:
		if (o->kind == TIME)
			pair_get(t->world, p, &wide[0], &wide[1]);
		else
			memcpy(wide, p, 16);
		text_add(out, "%lldms", (long long)(wide[0] * 1000 + wide[1] / 1000));
		return;
	case CREDS:
		text_add(out, "%d,%d,%d", v[0], v[1], v[2]);
		return;
	case ADDR4:
		text_add(out, "%s", inet_ntop(AF_INET, p, ip, sizeof(ip)));
		return;
	case TEXT:
		text_data(out, p, len && !p[len - 1] ? strlen((const char *)p) : len);
		return;
	case ADDRESS:
		address_text(p, len, out);
		return;
	case U64:
		memcpy(wide, p, 8);
		text_add(out, "%s", wide[0] ? "nonzero" : "0");
		return;
	case GROUPS:
		text_add(out, "groups");
		return;
	case BYTES:
		if (o->level == 6 && len)
			text_tcp_info(out, p);
		else
			text_data(out, p, len);
		return;
	case INT: case BYTE: case MREQ: case MREQN: case MREQ_SOURCE: case MREQ6: case GROUP:
	case GROUP_SOURCE:
		break;
	}
	text_add(out, "%d", v[0]);
}

static void call_getsockopt(struct task *t)
{
	int fd = next_fd(t);
	struct option o = next_option(t);
	uint8_t *p = arena_get(t, 2048);
	int32_t *len = arena_get(t, 4);
	uint64_t at = ptr(p), len_at = ptr(len);
	int had = whole(t, &o) ? whole(t, &o) : 512;
	const char *s;
	long ret;

	if (skip(t, "bad"))
		at = arena_bad(t);
	if ((s = setting(t, "room")) && strcmp(s, "bad") == 0)
		len_at = arena_bad(t);
	else if (s && strcmp(s, "null") == 0)
		len_at = 0;
	else if (s)
		had = (int)number_of(t, s, NULL);
	if ((s = setting(t, "level")))
		o.level = (int)number_of(t, s, NULL);
	*len = had;
	ret = sys_call(t, SYS_GETSOCKOPT, (uint32_t)fd, (uint32_t)o.level, (uint32_t)o.number, at,
		       len_at, 0);
	if (result_failed(t, ret)) {
		if (*len != had)
			text_add(&t->out, " len=%d", *len);
		return;
	}
	if (*len >= 0 && *len <= 1024 && *len < whole(t, &o))
		memset(p + *len, 0, 16); /* a value cut short is shown as if the rest were 0 */
	if (*len > 1024 || *len > had)
		text_add(&t->out, "overrun");
	else
		value_text(t, &o, p, (uint32_t)*len);
	if (whole(t, &o) && *len != whole(t, &o))
		text_add(&t->out, " len=%d", *len);
}

/* tcp_info s FIELD...: numbers of struct tcp_info. */
static void call_tcp_info(struct task *t)
{
	static const struct { const char *name; unsigned at, size; } fields[] = {
		{ "state", 0, 1 }, { "retransmits", 2, 1 }, { "rto", 8, 4 }, { "snd_mss", 16, 4 },
		{ "rcv_mss", 20, 4 }, { "unacked", 24, 4 }, { "sacked", 28, 4 }, { "pmtu", 60, 4 },
		{ "advmss", 84, 4 }, { "bytes_acked", 120, 8 }, { "bytes_received", 128, 8 },
		{ "notsent_bytes", 144, 4 }, { "bytes_sent", 200, 8 }, { "bytes_retrans", 208, 8 },
		{ "backlog", 24, 4 }, { "backlog_max", 28, 4 },
	};
	int fd = next_fd(t);
	uint8_t *p = arena_get(t, 512);
	int32_t *len = arena_get(t, 4);
	const char *field[8] = { 0 }, *sep = "";
	int n = 0;

	*len = 512;
	memset(p, 0, 512);
	while (peek(t) && n < 8)
		field[n++] = next(t);
	if (result_failed(t, sys_call(t, SYS_GETSOCKOPT, (uint32_t)fd, 6, 11, ptr(p), ptr(len), 0)))
		return;
	for (int k = 0; k < n; k++, sep = " ")
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
			const uint8_t *at = p + fields[i].at;
			uint64_t v = at[0];
			uint32_t v32;

			if (strcmp(fields[i].name, field[k]))
				continue;
			if (fields[i].size == 4) {
				memcpy(&v32, at, 4);
				v = v32;
			} else if (fields[i].size == 8) {
				memcpy(&v, at, 8);
			}
			text_add(&t->out, "%s%s=%llu", sep, field[k], (unsigned long long)v);
		}
}

const struct command option_calls[] = {
	{ "setsockopt", call_setsockopt },
	{ "getsockopt", call_getsockopt },
	{ "tcp_info", call_tcp_info },
	{ 0 },
};
