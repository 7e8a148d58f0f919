/*
 * reader_addr.c - the addresses of a policy text: see reader.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reader.h"

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
		return reader_fail(rd, it.s, "expected a path that begins with '/', or '@' and an "
				   "abstract name");
	}
	it.len = end - it.s;
	if (it.len > GLOB_MAX)
		return reader_fail(rd, it.s, "pattern is longer than %d bytes", GLOB_MAX);
	bad = glob_check(it.s, end);
	if (bad != end)
		return reader_fail(rd, bad, *bad == '[' ? "'[' without ']'" : "'\\' at the end");
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
			return reader_fail(rd, p, "expected [IPv6 address], then perhaps /prefix");
		p++;
		len -= 2;
	}
	if (len >= sizeof(text))
		return reader_fail(rd, it.s, "expected " ADDR_EXPECTED);
	memcpy(text, p, len);
	text[len] = 0;
	a.v4 = *it.s != '[' && inet_pton(AF_INET, text, a.ip) == 1;
	if (!a.v4 && inet_pton(AF_INET6, text, a.ip) != 1)
		return reader_unknown(rd, it, "address", name_list_words, NULL, ADDR_EXPECTED);
	max = prefix = a.v4 ? 32 : 128;
	if (slash) {
		p = slash + 1;
		prefix = reader_number(&p, end, max);
		if (prefix < 0 || p != end)
			return reader_fail(rd, slash + 1, "expected a prefix length, 0 to %ld",
					   max);
	}
	a.prefix = prefix;
	if (bits_past_prefix(&a))
		return reader_fail(rd, it.s, "'%.*s' has bits set after its first %ld",
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
		return reader_fail(rd, it.s, "expected " ADDR_EXPECTED);
	if (item_is(it, "any"))
		return add_addr(rule, (struct addr_rule){.kind = ADDR_ANY});
	if (item_is(it, "unix"))
		return add_addr(rule, (struct addr_rule){.kind = ADDR_UNIX});
	if (item_is(it, "loopback")) {
		err = add_addr(rule, loop4);
		return err ? err : add_addr(rule, loop6);
	}
	if (item_starts(it, "unix:"))
		return read_unix(rd, rule, it);
	if (item_starts(it, "family:")) {
		struct item name = {it.s + 7, it.len - 7};
		long v = name_value(NAME_FAMILY, name.s, name.len);

		if (v < 0)
			return reader_unknown(rd, name, "family", name_list_values, &family,
					      "a family such as netlink or vsock, or its number");
		return add_addr(rule, (struct addr_rule){.kind = ADDR_FAMILY, .family = v});
	}
	return read_ip(rd, rule, it);
}

int reader_addrs(struct reader *rd, struct rule *rule)
{
	int err;

	do {
		err = read_addr(rd, rule, reader_item(rd));
	} while (!err && reader_more(rd));
	return err;
}
