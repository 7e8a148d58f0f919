/*
 * print: the line of a vector, with everything that changes from run to run
 * replaced by what it stands for.
 */
#include "vectors.h"

#include <linux/errqueue.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdlib.h>

#include "run.h"

static void append(const char *fmt, va_list ap)
{
	size_t n = strlen(run->text);

	vsnprintf(run->text + n, sizeof(run->text) - n, fmt, ap);
}

__attribute__((format(printf, 1, 2))) static void more(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append(fmt, ap);
	va_end(ap);
}

void out(const char *fmt, ...)
{
	va_list ap;

	more(" ");
	va_start(ap, fmt);
	append(fmt, ap);
	va_end(ap);
}

long ret(const char *what, long r)
{
	const char *name = r < 0 && r > -4096 ? strerrorname_np(-r) : NULL;

	if (name)
		out("%s=%s", what, name);
	else
		out("%s=%ld", what, r);
	return r;
}

static void hex(const unsigned char *p, size_t n)
{
	size_t i, same;

	for (i = 0; i < n; i += same) {
		for (same = 1; i + same < n && p[i + same] == p[i]; same++)
			;
		if (same > 3)
			more("%s%02x*%zu", i ? " " : "", p[i], same);
		else
			more("%s%02x", i ? " " : "", p[i]), same = 1;
	}
}

/* Long and lively data are summed up instead. */
static unsigned long fnv(const unsigned char *p, size_t n)
{
	uint32_t h = 2166136261u;

	while (n--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

static size_t runs(const unsigned char *p, size_t n)
{
	size_t i, r = n > 0;

	for (i = 1; i < n; i++)
		r += p[i] != p[i - 1];
	return r;
}

void bytes(const char *what, const void *p, size_t n)
{
	out("%s[", what);
	if (runs(p, n) > 64)
		more("%zu bytes, hash %08lx", n, fnv(p, n));
	else
		hex(p, n);
	more("]");
}

void number(const char *what, const void *p)
{
	int v = get_num(p);

	if (v == (int)0xaaaaaaaa)
		out("%s untouched", what);
	else
		out("%s=%d", what, v);
}

void number16(const char *what, const void *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	out("%s=%#x", what, v);
}

void elapsed(const char *what, long since, long expect_ms)
{
	long t = now_ms() - since;

	out("%s %s", what, t < expect_ms - 15 ? "early" : t > expect_ms + 1500 ? "late" : "in time");
}

int port_index(uint16_t port)
{
	static uint16_t seen[64];
	static int n;
	int i;

	if (!port)
		return 0;
	for (i = 0; i < n; i++)
		if (seen[i] == port)
			return i + 1;
	if (n < COUNT(seen))
		seen[n++] = port;
	return i + 1;
}

int open_count(void)
{
	int n = 0;

	for (int fd = 0; fd < 1100; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

void descriptors(const char *what)
{
	int low = dup(0);

	close(low);
	out("%s: %d open, lowest free %d", what, open_count(), low);
}

/* Autobind gives "\0" and five hex digits. */
static bool autobound(const unsigned char *name, size_t n)
{
	if (n != 6 || name[0])
		return false;
	for (int i = 1; i < 6; i++)
		if (!strchr("0123456789abcdef", name[i]))
			return false;
	return true;
}

static void unix_name(const unsigned char *name, size_t n)
{
	if (autobound(name, n))
		more(" autobind");
	else if (n > 10 && !name[0] && name[1] == 'v')
		more(" abstract %.*s", (int)n - 10, name + 10);
	else {
		more(" ");
		hex(name, n);
	}
}

/* n bytes of a socket address. */
static void address(const unsigned char *p, size_t n)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_nl nl;
	uint16_t family;

	if (n < 2) {
		hex(p, n);
		return;
	}
	memcpy(&family, p, 2);
	if (family == AF_INET && n >= sizeof(in)) {
		memcpy(&in, p, sizeof(in));
		more("inet %08x:p%d ", ntohl(in.sin_addr.s_addr), port_index(in.sin_port));
		hex((unsigned char *)in.sin_zero, sizeof(in.sin_zero));
		p += sizeof(in), n -= sizeof(in);
	} else if (family == AF_INET6 && n >= sizeof(in6)) {
		memcpy(&in6, p, sizeof(in6));
		more("inet6 ");
		hex(in6.sin6_addr.s6_addr, 16);
		more(" :p%d flow %x scope %u", port_index(in6.sin6_port),
		     in6.sin6_flowinfo, in6.sin6_scope_id);
		p += sizeof(in6), n -= sizeof(in6);
	} else if ((family == AF_INET || family == AF_INET6) && n >= 4) {
		memcpy(&in.sin_port, p + 2, 2);
		more("family %d :p%d", family, port_index(in.sin_port));
		p += 4, n -= 4;
	} else if ((family == AF_INET || family == AF_INET6) && n == 3) {
		more("family %d, half a port", family);
		n = 0;
	} else if (family == AF_NETLINK && n >= sizeof(nl)) {
		memcpy(&nl, p, sizeof(nl));
		more("netlink pad %x pid %s groups %x", nl.nl_pad,
		     !nl.nl_pid ? "0" : nl.nl_pid == (unsigned)run->vector_pid ? "own" : "other",
		     nl.nl_groups);
		p += sizeof(nl), n -= sizeof(nl);
	} else if (family == AF_UNIX) {
		more("unix");
		unix_name(p + 2, n - 2);
		n = 0;
	} else {
		more("family %d ", family);
		p += 2, n -= 2;
	}
	if (n) {
		more(" ");
		hex(p, n);
	}
}

void addr(const char *what, const void *p, long len, size_t room)
{
	size_t n = len < 0 ? 0 : (size_t)len < room ? (size_t)len : room;

	out("%s<%ld:", what, len);
	if (n)
		address(p, n);
	if (room > n) {
		more(" | ");
		hex((const unsigned char *)p + n, room - n);
	}
	more(">");
}

static void print_creds(const unsigned char *p, size_t n)
{
	struct ucred u = {.pid = run->vector_pid};

	if (n < sizeof(u)) {
		/* A part: the process id stands at the front. */
		size_t part = n < sizeof(u.pid) ? n : sizeof(u.pid);

		more("%zu bytes of pid %s ", part, memcmp(p, &u.pid, part) ? "other" : "own");
		hex(p + part, n - part);
		return;
	}
	memcpy(&u, p, sizeof(u));
	more("pid %s uid %d gid %d", u.pid == run->vector_pid ? "own" : u.pid ? "other" : "0",
	     (int)u.uid, (int)u.gid);
}

static void print_error(const unsigned char *p, size_t n)
{
	struct sock_extended_err e;

	if (n < sizeof(e)) {
		hex(p, n);
		return;
	}
	memcpy(&e, p, sizeof(e));
	more("errno %s origin %d type %d code %d pad %d info %u data %u offender ",
	     strerrorname_np(e.ee_errno), e.ee_origin, e.ee_type, e.ee_code, e.ee_pad, e.ee_info,
	     e.ee_data);
	address(p + sizeof(e), n - sizeof(e));
}

/* The data of one control message. */
static void cm_data(int level, int type, const unsigned char *p, size_t n)
{
	if (level == SOL_SOCKET && type == SCM_CREDENTIALS) {
		print_creds(p, n);
	} else if (level == SOL_SOCKET && (type == SO_TIMESTAMP || type == SO_TIMESTAMPNS ||
					   type == SO_TIMESTAMPING || (type >= 63 && type <= 65))) {
		uint64_t first = 0;

		memcpy(&first, p, n < entry->word ? n : entry->word);
		more("%zu bytes of time%s", n, first ? "" : " zero");
	} else if ((level == IPPROTO_IP && type == IP_RECVERR) ||
		   (level == IPPROTO_IPV6 && type == IPV6_RECVERR)) {
		print_error(p, n);
	} else if (level == SOL_IP && type == IP_ORIGDSTADDR) {
		address(p, n);
	} else {
		hex(p, n);
	}
}

void cm_print(const char *what, const void *control, long len, size_t room)
{
	const unsigned char *p = control;
	size_t at = 0, n = len < 0 ? 0 : (size_t)len < room ? (size_t)len : room;

	out("%s(", what);
	while (n - at >= cm_len(0)) {
		long clen = 0;
		int level, type;
		size_t have;

		if (entry->word == 4)
			clen = get_num(p + at);
		else
			memcpy(&clen, p + at, sizeof(clen));
		level = get_num(p + at + entry->word);
		type = get_num(p + at + entry->word + 4);
		more("%s%ld,%d,%d:", at ? "; " : "", clen, level, type);
		if (clen < (long)cm_len(0))
			break;
		have = (size_t)clen > n - at ? n - at : (size_t)clen;
		cm_data(level, type, p + at + cm_len(0), have - cm_len(0));
		at += cm_align(have);
		if (at > n)
			at = n;
	}
	more(" | ");
	hex(p + at, room - at);
	more(")");
}
