/*
 * control.c - control messages as words.
 *
 *     sent       rights=s,t  creds=PID,UID,GID  ttl=N  tos=N  pktinfo=IF,SOURCE
 *                pktinfo6=SOURCE,IF  hoplimit=N  tclass=N  cmsg=LEVEL,TYPE,LEN
 *     received   the same, and what only comes: err=..., timestamp, dropped=N, ...
 */
#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "behaviour.h"

/* A header is three words but for its ints; each message is padded to a word. */
static size_t head(const struct task *t)
{
	return t->world->word == 4 ? 12 : 16;
}

static void append(struct task *t, struct control *c, int level, int type, const void *data,
		   size_t len)
{
	size_t word = (size_t)t->world->word, all = head(t) + len;
	size_t space = (all + word - 1) & ~(word - 1);

	if (c->len + space > c->room) {
		mistake(t, "too many control messages");
		return;
	}
	put_word(t->world, c->at + c->len, 0, all);
	memcpy(c->at + c->len + word, &level, 4);
	memcpy(c->at + c->len + word + 4, &type, 4);
	memcpy(c->at + c->len + head(t), data, len);
	c->len += space;
}

/* The parts between commas; s is cut up. */
static int parts(char *s, char **out, int max)
{
	int n = 0;

	for (char *p = strtok(s, ","); p && n < max; p = strtok(NULL, ","))
		out[n++] = p;
	return n;
}

static void put_rights(struct task *t, char **part, int n, struct control *c)
{
	int32_t fds[256];

	/* "s*100": the same one, so many times */
	if (n == 1 && strchr(part[0], '*')) {
		char *star = strchr(part[0], '*');
		long times = strtol(star + 1, NULL, 0);

		*star = 0;
		for (long i = 0; i < times && i < 256; i++)
			fds[i] = fd_of(t, part[0]);
		append(t, c, SOL_SOCKET, SCM_RIGHTS, fds, (size_t)times * 4);
		return;
	}
	for (int i = 0; i < n; i++)
		fds[i] = fd_of(t, part[i]);
	append(t, c, SOL_SOCKET, SCM_RIGHTS, fds, (size_t)n * 4);
}

static void put_creds(struct task *t, char **part, int n, struct control *c)
{
	int32_t creds[3] = { 0 };

	for (int i = 0; i < n && i < 3; i++)
		creds[i] = (int32_t)number_of(t, part[i], NULL);
	append(t, c, SOL_SOCKET, SCM_CREDENTIALS, creds, sizeof(creds));
}

static void put_pktinfo(struct task *t, char **part, int n, struct control *c)
{
	struct in_pktinfo info = { 0 };

	info.ipi_ifindex = (int)number_of(t, n ? part[0] : "", NULL);
	if (n > 1 && !inet_aton(part[1], &info.ipi_spec_dst))
		mistake(t, "no address: %s", part[1]);
	append(t, c, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static void put_pktinfo6(struct task *t, char **part, int n, struct control *c)
{
	struct in6_pktinfo info = { 0 };

	if (n != 2 || inet_pton(AF_INET6, part[0], &info.ipi6_addr) != 1)
		mistake(t, "pktinfo6=SOURCE,IF");
	else
		info.ipi6_ifindex = (unsigned)number_of(t, part[1], NULL);
	append(t, c, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

static void put_any(struct task *t, char **part, int n, struct control *c)
{
	static const uint8_t zero[1024];
	long v[3] = { 0 };

	for (int i = 0; i < n && i < 3; i++)
		v[i] = number_of(t, part[i], NULL);
	append(t, c, (int)v[0], (int)v[1], zero, (size_t)v[2] & 1023);
}

static const struct {
	const char *name;
	int level, type;                                          /* of an int, or */
	void (*put)(struct task *, char **part, int n, struct control *);
} kinds[] = {
	{ "rights", 0, 0, put_rights },
	{ "creds", 0, 0, put_creds },
	{ "pktinfo", 0, 0, put_pktinfo },
	{ "pktinfo6", 0, 0, put_pktinfo6 },
	{ "cmsg", 0, 0, put_any },
	{ "ttl", IPPROTO_IP, IP_TTL, NULL },
	{ "tos", IPPROTO_IP, IP_TOS, NULL },
	{ "hoplimit", IPPROTO_IPV6, IPV6_HOPLIMIT, NULL },
	{ "tclass", IPPROTO_IPV6, IPV6_TCLASS, NULL },
};

bool control_parse(struct task *t, const char *word, struct control *c)
{
	size_t n = strcspn(word, "=");

	for (size_t i = 0; word[n] && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char *copy, *part[64];

		if (strlen(kinds[i].name) != n || memcmp(kinds[i].name, word, n))
			continue;
		copy = strdup(word + n + 1);
		if (kinds[i].put) {
			kinds[i].put(t, part, parts(copy, part, 64), c);
		} else {
			int v = (int)number_of(t, copy, NULL);
			append(t, c, kinds[i].level, kinds[i].type, &v, sizeof(v));
		}
		free(copy);
		return true;
	}
	return false;
}

/* ------------------------------------------------------------------------ received */

static int int_at(const uint8_t *p)
{
	int v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void text_ints(struct text *out, const char *name, const uint8_t *p, size_t n)
{
	text_add(out, " %s=", name);
	for (size_t i = 0; i < n; i++)
		text_add(out, "%s%d", i ? "," : "", int_at(p + 4 * i));
}

static const char *ip_text(int family, const void *at)
{
	static __thread char ip[2][INET6_ADDRSTRLEN];
	static __thread unsigned turn;

	return inet_ntop(family, at, ip[++turn & 1], sizeof(ip[0]));
}

/* err=ERRNO,ORIGIN,TYPE,CODE,INFO,OFFENDER */
static void text_error(struct text *out, const uint8_t *p, size_t n)
{
	struct sock_extended_err e;

	memcpy(&e, p, sizeof(e));
	text_add(out, " err=%s,%u,%u,%u,%u,", errno_name((int)e.ee_errno), e.ee_origin, e.ee_type,
		 e.ee_code, e.ee_info);
	if (n > sizeof(e) + 2)
		address_text(p + sizeof(e), (uint32_t)(n - sizeof(e)), out);
}

enum { SO_TIMESTAMP_OLD_ = 29, SO_TIMESTAMPNS_OLD_ = 35, SO_TIMESTAMPING_OLD_ = 37,
       SO_TIMESTAMP_NEW_ = 63, SO_TIMESTAMPNS_NEW_ = 64, SCM_PIDFD_ = 4, SO_RXQ_OVFL_ = 40,
       SO_MARK_ = 36 };

static bool text_socket(struct task *t, int type, const uint8_t *p, size_t n)
{
	size_t word = (size_t)t->world->word;
	struct text *out = &t->out;

	if (type == SCM_RIGHTS)
		text_ints(out, "rights", p, n / 4);
	else if (type == SCM_CREDENTIALS && n == 12)
		text_ints(out, "creds", p, 3);
	else if (type == SCM_PIDFD_ && n == 4)
		text_add(out, " pidfd");
	else if (type == SO_TIMESTAMP_OLD_ && n == 2 * word)
		text_add(out, " timestamp");
	else if (type == SO_TIMESTAMPNS_OLD_ && n == 2 * word)
		text_add(out, " timestampns");
	else if (type == SO_TIMESTAMP_NEW_ && n == 16)
		text_add(out, " timestamp-new");
	else if (type == SO_TIMESTAMPNS_NEW_ && n == 16)
		text_add(out, " timestampns-new");
	else if (type == SO_RXQ_OVFL_ && n == 4)
		text_ints(out, "dropped", p, 1);
	else if (type == SO_MARK_ && n == 4)
		text_ints(out, "mark", p, 1);
	else
		return false;
	return true;
}

static bool text_ip(struct task *t, int type, const uint8_t *p, size_t n)
{
	struct text *out = &t->out;

	if (type == IP_PKTINFO && n == 12)
		text_add(out, " pktinfo=%d,%s,%s", int_at(p), ip_text(AF_INET, p + 4),
			 ip_text(AF_INET, p + 8));
	else if (type == IP_TTL && n == 4)
		text_ints(out, "ttl", p, 1);
	else if (type == IP_TOS && n == 1)
		text_add(out, " tos=%u", p[0]);
	else if (type == IP_RECVFRAGSIZE && n == 4)
		text_ints(out, "fragsize", p, 1);
	else if (type == IP_RECVERR && n >= 16)
		text_error(out, p, n);
	else if (type == IP_ORIGDSTADDR && n == 16) {
		text_add(out, " origdst=");
		address_text(p, (uint32_t)n, out);
	} else
		return false;
	return true;
}

static bool text_ipv6(struct task *t, int type, const uint8_t *p, size_t n)
{
	struct text *out = &t->out;

	if (type == IPV6_PKTINFO && n == 20)
		text_add(out, " pktinfo6=%s,%d", ip_text(AF_INET6, p), int_at(p + 16));
	else if (type == IPV6_HOPLIMIT && n == 4)
		text_ints(out, "hoplimit", p, 1);
	else if (type == IPV6_TCLASS && n == 4)
		text_ints(out, "tclass", p, 1);
	else if (type == IPV6_RECVERR && n >= 16)
		text_error(out, p, n);
	else
		return false;
	return true;
}

void control_text(struct task *t, const uint8_t *at, size_t len, struct text *out)
{
	size_t word = (size_t)t->world->word;

	while (len >= head(t)) {
		size_t all = get_word(t->world, at, 0), n = all - head(t);
		size_t space = (all + word - 1) & ~(word - 1);
		int level = int_at(at + word), type = int_at(at + word + 4);
		const uint8_t *p = at + head(t);

		if (all < head(t) || all > len) {
			text_add(out, " broken-control");
			return;
		}
		if (!(level == SOL_SOCKET ? text_socket(t, type, p, n)
		      : level == IPPROTO_IP ? text_ip(t, type, p, n)
		      : level == IPPROTO_IPV6 ? text_ipv6(t, type, p, n)
					      : false))
			text_add(out, " cmsg=%d,%d,%zu", level, type, n);
		if (space >= len)
			return;
		at += space;
		len -= space;
	}
}
