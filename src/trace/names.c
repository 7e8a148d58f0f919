#include "names.h"

#include <string.h>
#include <sys/socket.h>

#include "shape.h"

#define SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define BEGIN(list, prefix) static const struct name list##_list[] = {
#define N(value, name) {value, #name},
#define TEXT(value, text) {value, text},
#define END };
#include "names.def"
#undef BEGIN
#undef N
#undef TEXT
#undef END

#define BEGIN(list, prefix) \
	const struct names names_##list = {list##_list, SIZE(list##_list), prefix};
#define N(value, name)
#define TEXT(value, text)
#define END
#include "names.def"
#undef BEGIN
#undef N
#undef TEXT
#undef END

const char *names_find(const struct names *names, uint64_t value)
{
	/* Most lists count up from 0 or 1. */
	for (unsigned d = 0; d < 2 && value >= d; d++)
		if (value - d < names->n && names->list[value - d].value == value)
			return names->list[value - d].name;
	for (unsigned i = 0; i < names->n; i++)
		if (names->list[i].value == value)
			return names->list[i].name;
	return NULL;
}

static const struct {
	int family;
	const struct names *names;
	bool network;
} protocols[] = {
	{2, &names_ipproto, false},    /* AF_INET */
	{10, &names_ipproto, false},   /* AF_INET6 */
	{15, &names_key, false},       /* AF_KEY */
	{16, &names_netlink, false},   /* AF_NETLINK */
	{17, &names_ethertype, true},  /* AF_PACKET */
	{29, &names_can, false},       /* AF_CAN */
	{31, &names_bluetooth, false}, /* AF_BLUETOOTH */
	{34, &names_isdn, false},      /* AF_ISDN */
	{35, &names_phonet, false},    /* AF_PHONET */
	{37, &names_caif, false},      /* AF_CAIF */
	{39, &names_nfc, false},       /* AF_NFC */
	{41, &names_kcm, false},       /* AF_KCM */
	{43, &names_smc, false},       /* AF_SMC */
};

const struct names *names_protocols(int family, bool *network)
{
	for (unsigned i = 0; i < SIZE(protocols); i++)
		if (protocols[i].family == family) {
			*network = protocols[i].network;
			return protocols[i].names;
		}
	return NULL;
}

const char *names_errno(uint64_t err)
{
	return err > 0 && err <= INT32_MAX ? strerrorname_np(err) : NULL;
}

/* One table of options a level, named after the level's number. */
#define LEVEL(number, name, prefix) static const struct option level_##number[] = {
#define O(value, name, opt, control) {value, #name, &shape_##opt, &shape_##control},
#define END {0, NULL, NULL, NULL}};
#include "options.def"
#undef LEVEL
#undef O
#undef END

static const struct {
	int number;
	const char *name, *prefix;
	const struct option *options;
} levels[] = {
#define LEVEL(number, name, prefix) {number, #name, #prefix, level_##number},
#define O(value, name, opt, control)
#define END
#include "options.def"
#undef LEVEL
#undef O
#undef END
};

const struct option *option_find(int level, int value, enum option_use use, const char **prefix)
{
	const struct option *found = NULL;
	unsigned i;

	for (i = 0; i < SIZE(levels) && levels[i].number != level; i++)
		;
	*prefix = "";
	if (i == SIZE(levels))
		return NULL;
	*prefix = levels[i].prefix;
	for (const struct option *o = levels[i].options; o->name; o++) {
		const struct shape *shape = use == OPTION_CONTROL ? o->control : o->opt;

		if ((int)o->value == value && shape != &shape_none &&
		    (!found || use == OPTION_GET))
			found = o;
	}
	return found;
}

const char *option_level(int level)
{
	for (unsigned i = 0; i < SIZE(levels); i++)
		if (levels[i].number == level)
			return levels[i].name;
	return NULL;
}
