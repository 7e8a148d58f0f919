/* systems_host.c - the systems of a build without the library. */
#include "behaviour.h"

const struct system *const systems[] = { &system_host, NULL };
