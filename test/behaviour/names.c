/*
 * names.c - constants by the names that scripts use. Values are Linux's own, written
 * out where a libc may differ or not have them.
 */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "behaviour.h"

/* clang-format off */
const struct name families[] = {
	{ "unspec", 0 }, { "unix", 1 }, { "inet", 2 }, { "ax25", 3 }, { "inet6", 10 },
	{ "netlink", 16 }, { "packet", 17 }, { "alg", 38 }, { "vsock", 40 }, { 0 },
};
const struct name types[] = {
	{ "stream", 1 }, { "dgram", 2 }, { "raw", 3 }, { "rdm", 4 }, { "seqpacket", 5 },
	{ "dccp", 6 }, { "packet", 10 }, { 0 },
};
const struct name protocols[] = {
	{ "ip", 0 }, { "icmp", 1 }, { "tcp", 6 }, { "udp", 17 }, { "icmpv6", 58 },
	{ "udplite", 136 }, { "mptcp", 262 }, { 0 },
};
const struct name inet_protocols[] = {
	{ "tcp", 6 }, { "udp", 17 }, { 0 },
};
const struct name netlink_protocols[] = {
	{ "route", 0 }, { "usersock", 2 }, { "sock_diag", 4 }, { "generic", 16 }, { 0 },
};
const struct name sock_flags[] = {
	{ "nonblock", 04000 }, { "cloexec", 02000000 }, { 0 },
};
const struct name msg_flags[] = {
	{ "oob", 0x1 }, { "peek", 0x2 }, { "dontroute", 0x4 }, { "ctrunc", 0x8 },
	{ "trunc", 0x20 }, { "dontwait", 0x40 }, { "eor", 0x80 }, { "waitall", 0x100 },
	{ "confirm", 0x800 }, { "errqueue", 0x2000 }, { "nosignal", 0x4000 },
	{ "more", 0x8000 }, { "waitforone", 0x10000 }, { "batch", 0x40000 },
	{ "fastopen", 0x20000000 }, { "cloexec", 0x40000000 },
	{ "cmsg_compat", (long)0x80000000 }, { 0 },
};
const struct name hows[] = {
	{ "reading", 0 }, { "writing", 1 }, { "both", 2 }, { 0 },
};
const struct name poll_events[] = {
	{ "in", 1 }, { "pri", 2 }, { "out", 4 }, { "err", 8 }, { "hup", 16 }, { "nval", 32 },
	{ "rdnorm", 64 }, { "rdband", 128 }, { "wrnorm", 256 }, { "wrband", 512 },
	{ "rdhup", 0x2000 }, { "none", 0 }, { 0 },
};
const struct name epoll_events[] = {
	{ "in", 1 }, { "pri", 2 }, { "out", 4 }, { "err", 8 }, { "hup", 16 },
	{ "rdnorm", 64 }, { "rdband", 128 }, { "wrnorm", 256 }, { "wrband", 512 },
	{ "rdhup", 0x2000 }, { "exclusive", 1 << 28 }, { "wakeup", 1 << 29 },
	{ "oneshot", 1 << 30 }, { "et", INT_MIN }, { "none", 0 }, { 0 },
};
/* clang-format on */

bool name_value(const struct name *names, const char *word, long *value)
{
	char *end;

	for (; names && names->name; names++)
		if (strcmp(names->name, word) == 0) {
			*value = names->value;
			return true;
		}
	if (!*word)
		return false;
	*value = (long)strtoll(word, &end, 0);
	return *end == 0;
}

const char *name_of(const struct name *names, long value)
{
	for (; names->name; names++)
		if (names->value == value)
			return names->name;
	return NULL;
}

void name_flags(const struct name *names, long flags, struct text *out)
{
	const char *sep = "";

	for (; names->name; names++)
		if (names->value && (flags & names->value) == names->value) {
			text_add(out, "%s%s", sep, names->name);
			sep = "+";
			flags &= ~names->value;
		}
	if (flags)
		text_add(out, "%s%#lx", sep, flags);
	else if (!*sep)
		text_add(out, "none");
}

const char *errno_name(int err)
{
	static __thread char number[24];
	const char *name = strerrorname_np(err);

	if (name)
		return name;
	snprintf(number, sizeof(number), "errno-%d", err);
	return number;
}

int errno_value(const char *name)
{
	for (int e = 1; e < 134; e++) {
		const char *n = strerrorname_np(e);
		if (n && strcmp(n, name) == 0)
			return e;
	}
	return 0;
}
