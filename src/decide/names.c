/*
 * names.c - the words of the policy language.
 *
 * Names are those of socket(2) and <sys/socket.h> in lower case; they are taken
 * with and without the prefix (AF_ALG, PF_ALG, alg) and in either case. Numbers
 * stand in for names that a newer kernel brings.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rule.h"

struct name {
	const char *name;
	uint16_t value;
};

/* The lists of call/names.def, after other words for the same. */
static const struct name families[] = {
	{"local", 1}, {"route", 16},
#define FAMILY(value, name, word) {#word, value},
#include "../call/names.def"
	{NULL, 0},
};

static const struct name types[] = {
#define TYPE(value, name, word) {#word, value},
#include "../call/names.def"
	{NULL, 0},
};

static const struct name protocols[] = {
	{"ipv6-icmp", 58}, {"netlink_inet_diag", 4},
#define PROTOCOL(value, name, word) {#word, value},
#define NETLINK(value, name, word) {#word, value},
#include "../call/names.def"
	{NULL, 0},
};

static const struct {
	const struct name *names;
	const char *prefix[2];
	uint32_t max; /* sa_family_t is 16 bits; of a type Linux looks at 4 bits */
} kinds[] = {
	[NAME_FAMILY] = {families, {"AF_", "PF_"}, 0xffff},
	[NAME_TYPE] = {types, {"SOCK_", NULL}, 15},
	[NAME_PROTOCOL] = {protocols, {"IPPROTO_", NULL}, 0x7fffffff},
};

static const struct {
	const char *name;
	call_set calls;
} groups[] = {
	{"all", CALL_SET_ALL},
	{"create", CALL_SET_CREATE},
	{"outbound", CALL_SET_OUTBOUND},
	{"inbound", CALL_BIT(bind) | CALL_BIT(listen) | CALL_SET_ACCEPT},
	{"transmit", CALL_BIT(send) | CALL_SET_SENDS},
	{"receive", CALL_BIT(recv) | CALL_BIT(recvfrom) | CALL_BIT(recvmsg) | CALL_BIT(recvmmsg)},
	{"options", CALL_SET_OPTIONS},
	{"names", CALL_BIT(getsockname) | CALL_BIT(getpeername)},
};

static const char *const words[] = {
	"allow", "deny", "kill", "log", "default", "family", "type", "protocol", "to", "from",
	"port", "any", "loopback", "unix", NULL,
};

static bool same(const char *name, const char *s, size_t len)
{
	return strlen(name) == len && strncasecmp(name, s, len) == 0;
}

/* A decimal or 0x number up to max; -1 if it is none. */
static long number(const char *s, size_t len, uint32_t max)
{
	char text[16], *end;
	unsigned long v;

	if (len == 0 || len >= sizeof(text) || !isdigit((unsigned char)s[0]))
		return -1;
	memcpy(text, s, len);
	text[len] = 0;
	v = strtoul(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	return *end || v > max ? -1 : (long)v;
}

long name_value(enum name_kind kind, const char *s, size_t len)
{
	for (int i = 0; i < 2; i++) {
		const char *prefix = kinds[kind].prefix[i];
		size_t n = prefix ? strlen(prefix) : 0;

		if (n && len > n && strncasecmp(s, prefix, n) == 0) {
			s += n;
			len -= n;
			break;
		}
	}
	for (const struct name *n = kinds[kind].names; n->name; n++)
		if (same(n->name, s, len))
			return n->value;
	return number(s, len, kinds[kind].max);
}

const char *name_of(enum name_kind kind, uint32_t value)
{
	for (const struct name *n = kinds[kind].names; n->name; n++)
		if (n->value == value)
			return n->name;
	return NULL;
}

enum { ERRNO_LAST = 133, /* EHWPOISON */ MAX_ERRNO = 4095 };

int name_errno(const char *s, size_t len)
{
	static const struct name aliases[] = {
		{"EWOULDBLOCK", EWOULDBLOCK}, {"ENOTSUP", ENOTSUP}, {"EDEADLOCK", EDEADLOCK},
		{NULL, 0},
	};
	long n = number(s, len, MAX_ERRNO);

	if (n > 0)
		return n;
	for (int e = 1; e <= ERRNO_LAST; e++)
		if (strerrorname_np(e) && same(strerrorname_np(e), s, len))
			return e;
	for (const struct name *a = aliases; a->name; a++)
		if (same(a->name, s, len))
			return a->value;
	return 0;
}

/* Some names are one call to the kernel, or become one in libc, and which of them
 * a program makes depends on its ABI: a rule on either is a rule on both. */
static call_set with_twins(call_set set)
{
	if (set & CALL_SET_ACCEPT)
		set |= CALL_SET_ACCEPT;
	if (set & (CALL_BIT(recv) | CALL_BIT(recvfrom)))
		set |= CALL_BIT(recv) | CALL_BIT(recvfrom);
	if (set & CALL_BIT(sendto))
		set |= CALL_BIT(send);
	return set;
}

call_set name_calls(const char *s, size_t len)
{
	for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (same(groups[i].name, s, len))
			return groups[i].calls;
	for (int nr = 1; nr <= CALL_LAST; nr++)
		if (same(call_name(nr), s, len))
			return with_twins(UINT32_C(1) << nr);
	return 0;
}

const char *name_list_calls(unsigned i, const void *ctx)
{
	unsigned ngroups = sizeof(groups) / sizeof(groups[0]);

	(void)ctx;
	return i < ngroups ? groups[i].name : call_name(i - ngroups + 1);
}

const char *name_list_words(unsigned i, const void *ctx)
{
	(void)ctx;
	return i < sizeof(words) / sizeof(words[0]) ? words[i] : NULL;
}

const char *name_list_errnos(unsigned i, const void *ctx)
{
	static const char none[] = "";

	(void)ctx;
	if (i >= ERRNO_LAST)
		return NULL;
	return strerrorname_np(i + 1) ? strerrorname_np(i + 1) : none;
}

const char *name_list_values(unsigned i, const void *ctx)
{
	return kinds[*(const enum name_kind *)ctx].names[i].name;
}

enum { WORD_MAX = 32 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* How many letters to insert, drop, change, or swap with the next. */
static unsigned distance(const char *a, const char *b, size_t blen)
{
	unsigned rows[3][WORD_MAX + 1] = {0}, i;

	for (unsigned j = 0; j <= blen; j++)
		rows[0][j] = j;
	for (i = 0; a[i]; i++) {
		unsigned *row = rows[(i + 1) % 3], *above = rows[i % 3], *two = rows[(i + 2) % 3];

		row[0] = i + 1;
		for (unsigned j = 0; j < blen; j++) {
			row[j + 1] = least(above[j] + !same_letter(a[i], b[j]),
					   least(above[j + 1], row[j]) + 1);
			if (i && j && same_letter(a[i], b[j - 1]) && same_letter(a[i - 1], b[j]))
				row[j + 1] = least(row[j + 1], two[j - 1] + 1);
		}
	}
	return rows[i % 3][blen];
}

const char *name_nearest(name_list *list, const void *ctx, const char *s, size_t len)
{
	const char *best = NULL, *name;
	unsigned best_distance = 3;

	if (len < 2 || len > WORD_MAX)
		return NULL;
	for (unsigned i = 0; (name = list(i, ctx)); i++) {
		unsigned d = distance(name, s, len);

		/* A word of three letters with two of them changed is another word. */
		if (d < best_distance && d * 2 < len + 1) {
			best = name;
			best_distance = d;
		}
	}
	return best;
}
