/*
 * address.c - socket addresses as words:
 *
 *     127.0.0.1:80   [::1]:80   [fe80::1%2]:80   unix:name   unix:@abstract   unix:
 *     netlink:PID,GROUPS   unspec   null   bad
 *
 * with /len=N and /family=N appended to lie about either.
 */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "behaviour.h"

int ip_parse(const char *text, uint8_t out[16])
{
	if (inet_pton(AF_INET, text, out) == 1)
		return 4;
	if (inet_pton(AF_INET6, text, out) == 1)
		return 16;
	return 0;
}

static socklen_t parse_inet(const char *word, void *out)
{
	struct sockaddr_in *sin = out;
	const char *colon = strrchr(word, ':');
	char host[64];

	if (!colon)
		return 0;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - word), word);
	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	sin->sin_port = htons((uint16_t)atoi(colon + 1));
	return inet_pton(AF_INET, host, &sin->sin_addr) == 1 ? sizeof(*sin) : 0;
}

static socklen_t parse_inet6(const char *word, void *out)
{
	struct sockaddr_in6 *sin6 = out;
	const char *end = strrchr(word, ']'), *scope = strchr(word, '%');
	char host[64];

	if (!end || end[1] != ':')
		return 0;
	snprintf(host, sizeof(host), "%.*s", (int)((scope ? scope : end) - word - 1), word + 1);
	memset(sin6, 0, sizeof(*sin6));
	sin6->sin6_family = AF_INET6;
	sin6->sin6_port = htons((uint16_t)atoi(end + 2));
	sin6->sin6_scope_id = scope ? (uint32_t)atoi(scope + 1) : 0;
	return inet_pton(AF_INET6, host, &sin6->sin6_addr) == 1 ? sizeof(*sin6) : 0;
}

static socklen_t parse_unix(const char *name, void *out)
{
	struct sockaddr_un *sun = out;
	char quoted[300];
	size_t len;
	uint8_t *bytes;

	snprintf(quoted, sizeof(quoted), "\"%s\"", name);
	bytes = text_parse_data(quoted, &len);
	if (!bytes || len > 120)
		return 0;
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	memcpy(sun->sun_path, bytes, len);
	free(bytes);
	if (len && name[0] == '@') {
		sun->sun_path[0] = 0;
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	}
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (len ? len + 1 : 0));
}

static socklen_t parse_netlink(const char *word, void *out)
{
	struct sockaddr_nl *nl = out;
	char *end;

	memset(nl, 0, sizeof(*nl));
	nl->nl_family = AF_NETLINK;
	nl->nl_pid = (uint32_t)strtoul(word, &end, 0);
	if (*end == ',')
		nl->nl_groups = (uint32_t)strtoul(end + 1, &end, 0);
	return *end ? 0 : sizeof(*nl);
}

static socklen_t parse_kind(const char *word, void *out)
{
	struct sockaddr *sa = out;

	if (strncmp(word, "unix:", 5) == 0)
		return parse_unix(word + 5, out);
	if (strncmp(word, "netlink:", 8) == 0)
		return parse_netlink(word + 8, out);
	if (strcmp(word, "unspec") == 0) {
		memset(sa, 0, sizeof(*sa));
		return sizeof(*sa);
	}
	return word[0] == '[' ? parse_inet6(word, out) : parse_inet(word, out);
}

bool address_parse(struct task *t, const char *word, struct address *a)
{
	char *copy = strdup(word), *len = strstr(copy, "/len="), *family = strstr(copy, "/family=");
	uint16_t f = 0;
	bool good = true;

	if (len)
		*len = 0;
	if (family) {
		*family = 0;
		f = (uint16_t)atoi(family + 8);
	}
	*a = (struct address){ 0, 16 };
	if (strcmp(copy, "bad") == 0) {
		a->at = arena_bad(t);
	} else if (strcmp(copy, "null") != 0) {
		/* 160: a length may be said that is too long for any address. */
		uint8_t *p = arena_get(t, 160);

		a->at = ptr(p);
		a->len = parse_kind(copy, p);
		good = a->len > 0;
		if (family)
			memcpy(p, &f, 2);
	}
	if (len)
		a->len = (uint32_t)strtol(len + 5, NULL, 0);
	free(copy);
	return good;
}

static void text_unix(const struct sockaddr_un *sun, uint32_t len, struct text *out)
{
	uint32_t n = len - (uint32_t)offsetof(struct sockaddr_un, sun_path), shown = n;
	char buf[600];
	struct text t;

	if (n && sun->sun_path[0])
		shown = (uint32_t)strnlen(sun->sun_path, n);
	text_init(&t, buf, sizeof(buf));
	text_data(&t, sun->sun_path, shown);
	buf[t.len - 1] = 0; /* the quotes */
	if (n && !sun->sun_path[0])
		text_add(out, "unix:@%s", buf + 5); /* "\x00 */
	else
		text_add(out, "unix:%s", buf + 1);
	if (n && sun->sun_path[0] && n != shown + 1)
		text_add(out, "/len=%u", len);
}

void address_text(const void *addr, uint32_t len, struct text *out)
{
	const struct sockaddr_in *sin = addr;
	const struct sockaddr_in6 *sin6 = addr;
	const struct sockaddr_nl *nl = addr;
	char ip[INET6_ADDRSTRLEN];
	uint32_t whole = 0;

	if (len < 2) {
		text_add(out, "nobody");
		return;
	}
	switch (sin->sin_family) {
	case AF_UNIX:
		text_unix(addr, len, out);
		return;
	case AF_INET:
		whole = sizeof(*sin);
		text_add(out, "%s:%u", inet_ntop(AF_INET, &sin->sin_addr, ip, sizeof(ip)),
			 ntohs(sin->sin_port));
		break;
	case AF_INET6:
		whole = sizeof(*sin6);
		text_add(out, "[%s", inet_ntop(AF_INET6, &sin6->sin6_addr, ip, sizeof(ip)));
		if (sin6->sin6_scope_id)
			text_add(out, "%%%u", sin6->sin6_scope_id);
		text_add(out, "]:%u", ntohs(sin6->sin6_port));
		break;
	case AF_NETLINK:
		whole = sizeof(*nl);
		text_add(out, "netlink:%u,%u", nl->nl_pid, nl->nl_groups);
		break;
	default:
		text_add(out, "family:%u", sin->sin_family);
		whole = 16;
	}
	if (len != whole)
		text_add(out, "/len=%u", len);
}
