/*
 * preset.c - the policies of share/presets, in the binary: they must be at hand
 * where nothing is installed.
 */
#include <string.h>

#include "policy.h"

static const struct {
	const char *name, *text;
	size_t len;
} presets[] = {
#include "presets.inc"
};

const char *policy_preset(const char *name, size_t *len)
{
	for (unsigned i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
		if (strcmp(presets[i].name, name) == 0) {
			*len = presets[i].len;
			return presets[i].text;
		}
	return NULL;
}

const char *policy_preset_name(unsigned i)
{
	return i < sizeof(presets) / sizeof(presets[0]) ? presets[i].name : NULL;
}
