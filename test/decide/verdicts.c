/*
 * verdicts.c - what policies say of calls: one table a subject.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "decide_test.h"

static const char *word(const struct verdict *v)
{
	if (v->rule == policy_pending)
		return "pending";
	if (v->kind == VERDICT_KILL)
		return "kill";
	if (v->kind == VERDICT_DENY)
		return strerrorname_np(v->err);
	return v->log ? "log" : "allow";
}

static void expect(const char *policy, const char *what, const char *want,
		   const struct verdict *v)
{
	if (strcmp(word(v), want) != 0)
		fail_msg("%s: %s by '%s', not %s, under:\n%s", what, word(v), v->rule, want, policy);
}

/* --- creation --- */

#define ALG_VSOCK "deny socket,socketpair family alg,vsock\n"
#define INET_ONLY "default deny EACCES\nallow create family inet,inet6\n"

static const struct {
	const char *policy;
	enum call_nr nr;
	int family, type, protocol;
	const char *want;
} creates[] = {
	{ALG_VSOCK, CALL_socket, 38, 5, 0, "EPERM"},
	{ALG_VSOCK, CALL_socketpair, 40, 1, 0, "EPERM"},
	{ALG_VSOCK, CALL_socket, 39, 5, 0, "allow"},
	{ALG_VSOCK, CALL_socket, -38, 5, 0, "allow"},
	{ALG_VSOCK, CALL_socket, 0x10026, 5, 0, "allow"}, /* EAFNOSUPPORT, says Linux */
	{INET_ONLY, CALL_socket, 2, 1, 0, "allow"},
	{INET_ONLY, CALL_socket, 1, 1, 0, "EACCES"},
	{INET_ONLY, CALL_socket, -1, 1, 0, "EACCES"},
	/* AF_INET with SOCK_PACKET makes a packet socket. */
	{INET_ONLY, CALL_socket, 2, 10, 3, "EACCES"},
	{INET_ONLY, CALL_socket, 10, 10, 3, "allow"},
	{"deny socket family packet", CALL_socket, 2, 10 | SOCK_CLOEXEC, 0, "EPERM"},
	{"deny socket family packet", CALL_socket, 2, 3, 0, "allow"},
	{"deny socket family packet", CALL_socket, 17, 3, 0, "EPERM"},
	/* A type has flags, and of the rest 4 bits. */
	{"deny socket type raw", CALL_socket, 2, 3 | SOCK_NONBLOCK, 1, "EPERM"},
	{"deny socket type raw", CALL_socket, 2, 0x7fff0003, 1, "EPERM"},
	{"deny socket type raw", CALL_socket, 2, 1, 1, "allow"},
	/* Protocol 0 is the first of its type. */
	{"deny socket protocol tcp", CALL_socket, 2, 1, 0, "EPERM"},
	{"deny socket protocol tcp", CALL_socket, 10, 1 | SOCK_CLOEXEC, 0, "EPERM"},
	{"deny socket protocol tcp", CALL_socket, 2, 1, 6, "EPERM"},
	{"deny socket protocol tcp", CALL_socket, 2, 2, 0, "allow"},
	{"deny socket protocol tcp", CALL_socket, 1, 1, 0, "allow"},
	{"deny socket protocol udp", CALL_socket, 2, 2, 0, "EPERM"},
	{"deny socket protocol sctp", CALL_socket, 2, 5, 0, "EPERM"},
	{"deny socket protocol mptcp", CALL_socket, 2, 1, 262, "EPERM"},
	{"deny socket protocol ip", CALL_socket, 2, 1, 0, "EPERM"},
	{"deny socket protocol ip", CALL_socket, 2, 1, 6, "allow"},
	{"deny socket family netlink protocol netlink_audit", CALL_socket, 16, 3, 9, "EPERM"},
	{"deny socket family netlink protocol netlink_audit", CALL_socket, 16, 3, 0, "allow"},
	/* First match decides. */
	{"allow socket family alg\ndeny socket", CALL_socket, 38, 5, 0, "allow"},
	{"deny socket\nallow socket family alg", CALL_socket, 38, 5, 0, "EPERM"},
	{"log socket family alg\ndeny EIO socket", CALL_socket, 38, 5, 0, "EIO"},
	{"log socket family alg\n", CALL_socket, 38, 5, 0, "log"},
	{"kill socket family alg\n", CALL_socket, 38, 5, 0, "kill"},
	{"deny socket family alg\n", CALL_socketpair, 38, 5, 0, "allow"},
	{"deny all", CALL_socketpair, 1, 1, 0, "EPERM"},
	{"", CALL_socket, 38, 5, 0, "allow"},
};

static void test_create(void **state)
{
	for (size_t i = 0; i < sizeof(creates) / sizeof(creates[0]); i++) {
		struct policy *p = policy_of(creates[i].policy);
		char what[64];
		struct verdict v;
		struct call c;

		call_init(&c);
		c.nr = creates[i].nr;
		c.family = creates[i].family;
		c.type = creates[i].type;
		c.protocol = creates[i].protocol;
		v = policy_decide(p, &c, NULL);
		snprintf(what, sizeof(what), "%s(%d, %d, %d)", call_name(c.nr), c.family, c.type,
			 c.protocol);
		expect(creates[i].policy, what, creates[i].want, &v);
		policy_free(p);
	}
}

/* --- addresses --- */

/* Makes an address of: "" none; "empty"; "10.0.0.1 80"; "::1 80"; "unspec ADDR
 * PORT", the same bytes with AF_UNSPEC; "short ADDR PORT", cut after the port;
 * "family N"; "/path"; "@abstract"; "unnamed"; "rxrpc ADDR PORT". */
static void make_addr(const char *spec, struct call_addr *a)
{
	char text[64];
	unsigned port, family;
	bool unspec = strncmp(spec, "unspec ", 7) == 0, cut = strncmp(spec, "short ", 6) == 0;
	bool rxrpc = strncmp(spec, "rxrpc ", 6) == 0;

	memset(a, 0, sizeof(*a));
	a->present = *spec;
	if (!*spec || strcmp(spec, "empty") == 0)
		return;
	a->at = 1;
	if (*spec == '/' || *spec == '@') {
		a->family = AF_UNIX;
		a->len = 2 + strlen(spec);
		memcpy(a->bytes + 2, spec, strlen(spec));
		if (*spec == '@')
			a->bytes[2] = 0;
	} else if (strcmp(spec, "unnamed") == 0) {
		a->family = AF_UNIX;
		a->len = 2;
	} else if (sscanf(spec, "family %u", &family) == 1) {
		a->family = family;
		a->len = 12;
	} else {
		uint8_t *b = a->bytes + (rxrpc ? 8 : 0);
		uint16_t af = AF_INET;

		assert_int_equal(sscanf(spec + (unspec ? 7 : cut || rxrpc ? 6 : 0), "%63s %u", text,
					&port), 2);
		a->len = sizeof(struct sockaddr_in) + (rxrpc ? 8 : 0);
		if (inet_pton(AF_INET, text, b + 4) != 1) {
			assert_int_equal(inet_pton(AF_INET6, text, b + 8), 1);
			a->len = sizeof(struct sockaddr_in6) + (rxrpc ? 8 : 0);
			af = AF_INET6;
		}
		b[2] = port >> 8;
		b[3] = port;
		if (cut)
			a->len = 4;
		memcpy(b, &af, 2);
		if (unspec)
			a->family = AF_UNSPEC;
		if (rxrpc)
			a->family = 33;
	}
}

#define TEN "deny connect to 10.0.0.0/8\n"
#define WEB "default deny\nallow connect to 10.0.0.0/8,[fd00::]/8 port 80,8000-8999\n"
#define LOCAL "allow connect to loopback\ndeny connect to any\n"
#define SOCK "deny connect to unix:/run/*.sock\n"

static const struct {
	const char *policy;
	enum call_nr nr;
	const char *addr, *want;
} addresses[] = {
	{TEN, CALL_connect, "10.0.0.1 80", "EPERM"},
	{TEN, CALL_connect, "11.0.0.1 80", "allow"},
	{TEN, CALL_connect, "::ffff:10.0.0.1 80", "EPERM"},
	{TEN, CALL_connect, "::10.0.0.1 80", "allow"},
	{TEN, CALL_connect, "unspec 10.0.0.1 80", "allow"}, /* a disconnect */
	{TEN, CALL_connect, "short 10.0.0.1 80", "allow"},  /* EINVAL, says Linux */
	{"deny connect to ::ffff:10.0.0.0/104", CALL_connect, "10.0.0.1 80", "EPERM"},
	{"deny connect to ::/0", CALL_connect, "::ffff:10.0.0.1 80", "allow"},
	{"deny connect to ::/0", CALL_connect, "2001:db8::1 80", "EPERM"},
	{"deny connect to 0.0.0.0/0", CALL_connect, "::ffff:10.0.0.1 80", "EPERM"},
	{"deny connect to 10.0.0.0/9", CALL_connect, "10.127.255.255 1", "EPERM"},
	{"deny connect to 10.0.0.0/9", CALL_connect, "10.128.0.0 1", "allow"},
	{"deny connect to fd00::/9", CALL_connect, "fd7f::1 1", "EPERM"},
	{"deny connect to fd00::/9", CALL_connect, "fd80::1 1", "allow"},
	/* Every way to connect is one. */
	{TEN, CALL_sendto, "10.0.0.1 80", "EPERM"},
	{TEN, CALL_sendto, "", "allow"},
	{TEN, CALL_sendto, "empty", "allow"},
	{TEN, CALL_sendmsg, "::ffff:10.0.0.1 80", "EPERM"},
	{TEN, CALL_sendmsg, "", "allow"},
	{TEN, CALL_sendmmsg, "10.0.0.1 80", "EPERM"},
	{"deny connect", CALL_sendto, "10.0.0.1 80", "EPERM"},
	{"deny connect", CALL_sendto, "", "allow"},
	{"deny connect", CALL_send, "", "allow"},
	{"deny connect", CALL_connect, "unspec 0.0.0.0 0", "EPERM"},
	{"deny connect to any", CALL_connect, "unspec 0.0.0.0 0", "allow"},
	{"allow sendto to 10.0.0.1\n" TEN, CALL_sendto, "10.0.0.1 80", "allow"},
	{"allow sendto to 10.0.0.1\n" TEN, CALL_connect, "10.0.0.1 80", "EPERM"},
	{"deny sendto to any", CALL_connect, "10.0.0.1 80", "allow"},
	{"deny sendto", CALL_sendto, "", "EPERM"},
	{"deny sendto", CALL_send, "", "EPERM"},
	{"deny send", CALL_sendto, "", "EPERM"}, /* which send(2) is, on x86-64 */
	{"deny send", CALL_sendto, "10.0.0.1 80", "allow"},
	{"deny recv", CALL_recvfrom, "", "EPERM"},
	{"deny outbound to 10.0.0.1", CALL_sendmsg, "10.0.0.1 80", "EPERM"},
	/* To a send, AF_UNSPEC is AF_INET, or AF_INET6 of a raw socket. */
	{TEN, CALL_sendto, "unspec 10.0.0.1 80", "EPERM"},
	{"deny connect to fd00::1", CALL_sendmsg, "unspec fd00::1 0", "EPERM"},
	{WEB, CALL_sendto, "unspec 10.0.0.1 80", "allow"},
	{WEB, CALL_sendto, "unspec 11.0.0.1 80", "EPERM"},
	/* 0.0.0.0 and :: are this machine. */
	{LOCAL, CALL_connect, "0.0.0.0 80", "allow"},
	{LOCAL, CALL_connect, ":: 80", "allow"},
	{LOCAL, CALL_connect, "::ffff:0.0.0.0 80", "allow"},
	{LOCAL, CALL_connect, "127.9.9.9 80", "allow"},
	{LOCAL, CALL_connect, "::1 80", "allow"},
	{LOCAL, CALL_connect, "::2 80", "EPERM"},
	{LOCAL, CALL_connect, "/run/x", "EPERM"},
	{"deny connect to 127.0.0.1", CALL_connect, "0.0.0.0 80", "EPERM"},
	{"deny connect to 127.0.0.1", CALL_connect, ":: 80", "EPERM"},
	{"deny connect to ::1", CALL_connect, ":: 80", "EPERM"},
	{"deny connect to ::1", CALL_connect, "0.0.0.0 80", "allow"},
	{"deny connect to 0.0.0.0", CALL_connect, "0.0.0.0 80", "allow"},
	{"default deny\nallow connect to ::1", CALL_connect, ":: 80", "allow"},
	/* default deny, and what it is not about. */
	{WEB, CALL_connect, "10.0.0.1 80", "allow"},
	{WEB, CALL_connect, "10.0.0.1 8500", "allow"},
	{WEB, CALL_connect, "10.0.0.1 81", "EPERM"},
	{WEB, CALL_connect, "fd00::1 80", "allow"},
	{WEB, CALL_connect, "fc00::1 80", "EPERM"},
	{WEB, CALL_connect, "unspec 0.0.0.0 0", "allow"},
	{WEB, CALL_connect, "short 10.0.0.1 80", "EPERM"},
	{WEB, CALL_connect, "empty", "EPERM"},
	{WEB, CALL_connect, "family 16", "EPERM"},
	{WEB, CALL_connect, "/run/x", "EPERM"},
	{WEB, CALL_sendmsg, "10.0.0.1 80", "allow"},
	{WEB, CALL_sendmsg, "10.0.0.1 81", "EPERM"},
	{WEB, CALL_sendmsg, "", "allow"},
	{WEB, CALL_sendto, "", "allow"},
	{WEB, CALL_send, "", "allow"},
	{WEB, CALL_recv, "", "allow"},
	{WEB, CALL_listen, "", "EPERM"},
	{WEB, CALL_bind, "10.0.0.1 80", "EPERM"},
	{WEB, CALL_accept, "", "EPERM"},
	{WEB, CALL_shutdown, "", "allow"},
	{WEB, CALL_getsockname, "", "allow"},
	/* bind: "any" is every address, of both kinds where it is ::. */
	{"deny bind to 0.0.0.0", CALL_bind, "0.0.0.0 80", "EPERM"},
	{"deny bind to 0.0.0.0", CALL_bind, "unspec 0.0.0.0 80", "EPERM"},
	{"deny bind to 0.0.0.0", CALL_bind, ":: 80", "EPERM"},
	{"deny bind to 0.0.0.0", CALL_bind, "::ffff:0.0.0.0 80", "EPERM"},
	{"deny bind to 127.0.0.1", CALL_bind, "0.0.0.0 80", "allow"},
	{"default deny\nallow bind to ::", CALL_bind, ":: 80", "allow"},
	{"default deny\nallow bind to 0.0.0.0", CALL_bind, ":: 80", "EPERM"},
	{"deny bind to any port 1-1023", CALL_bind, "0.0.0.0 80", "EPERM"},
	{"deny bind port 1-1023", CALL_bind, ":: 80", "EPERM"},
	{"deny bind port 1-1023", CALL_bind, ":: 1024", "allow"},
	{"deny bind port 0-65535", CALL_bind, "/run/x", "allow"},
	{"deny bind", CALL_bind, "family 38", "EPERM"},
	/* AF_UNIX: a pathname waits to be resolved, if a rule asks for it. */
	{SOCK, CALL_connect, "/run/x.sock", "pending"},
	{SOCK, CALL_connect, "relative", "pending"},
	{SOCK, CALL_sendto, "/x", "pending"},
	{SOCK, CALL_sendmsg, "/x", "pending"},
	{SOCK, CALL_connect, "@abstract", "allow"},
	{SOCK, CALL_connect, "10.0.0.1 80", "allow"},
	{"deny connect to unix\n" SOCK, CALL_connect, "/run/x.sock", "EPERM"},
	{"deny connect to unix\n", CALL_connect, "unnamed", "EPERM"},
	{"allow connect to unix:/tmp/*,any\n" SOCK, CALL_connect, "/run/x.sock", "allow"},
	{"deny connect to unix:@foo*", CALL_connect, "@foo/bar", "EPERM"},
	{"deny connect to unix:@foo*", CALL_connect, "@fo", "allow"},
	{"deny connect to unix:@foo*", CALL_connect, "/foo", "allow"},
	{"deny bind to unix:", CALL_bind, "unnamed", "EPERM"},
	{"deny bind to unix:", CALL_bind, "@x", "allow"},
	/* Other families by name. */
	{"deny connect to family:netlink", CALL_sendto, "family 16", "EPERM"},
	{"deny connect to family:netlink", CALL_sendto, "family 40", "allow"},
	{"deny connect to family:inet", CALL_connect, "::ffff:1.2.3.4 1", "EPERM"},
	{"deny connect to family:inet6", CALL_connect, "::ffff:1.2.3.4 1", "allow"},
	{"deny connect to family:inet6", CALL_connect, "::5 1", "EPERM"},
	{TEN, CALL_connect, "rxrpc 10.0.0.1 80", "EPERM"},
	{TEN, CALL_connect, "rxrpc ::ffff:10.0.0.1 80", "EPERM"},
	{"default deny\nallow connect to family:rxrpc", CALL_connect, "rxrpc 1.2.3.4 80", "allow"},
	/* kill and log. */
	{"kill connect to 10.0.0.1", CALL_sendto, "10.0.0.1 80", "kill"},
	{"log connect to 10.0.0.1", CALL_sendto, "10.0.0.1 80", "log"},
	{"log connect to 10.0.0.1\n" TEN, CALL_connect, "10.0.0.1 80", "EPERM"},
};

static void test_addresses(void **state)
{
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct policy *p = policy_of(addresses[i].policy);
		char what[128];
		unsigned ok = 99;
		struct verdict v;
		struct call c;

		call_init(&c);
		c.nr = addresses[i].nr;
		if (strcmp(addresses[i].addr, "relative") == 0) {
			make_addr("/x", &c.addr);
			c.addr.bytes[2] = 'y';
		} else {
			make_addr(addresses[i].addr, &c.addr);
		}
		if (c.nr == CALL_sendmsg || c.nr == CALL_sendmmsg) {
			c.msg = call_one_message(&c);
			c.msg->iov = c.msg->iov_inline;
			c.msg->name = c.addr;
			c.nmsg = 1;
		}
		v = policy_decide(p, &c, &ok);
		snprintf(what, sizeof(what), "%s to %s", call_name(c.nr), addresses[i].addr);
		expect(addresses[i].policy, what, addresses[i].want, &v);
		if (c.nmsg)
			assert_int_equal(ok, v.kind == VERDICT_ALLOW);
		policy_free(p);
	}
}

/* --- pathnames --- */

static const struct {
	const char *policy, *path, *want;
} paths[] = {
	{SOCK, "/run/x.sock", "EPERM"},
	{SOCK, "/run/sub/x.sock", "allow"},
	{"default deny\nallow connect to unix:/run/**\n", "/run/sub/x.sock", "allow"},
	{"default deny\nallow connect to unix:/run/**\n", "/etc/x.sock", "EPERM"},
	{"allow connect to unix:/run/a\nlog connect to unix\n" SOCK, "/run/x.sock", "EPERM"},
};

static void test_paths(void **state)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct policy *p = policy_of(paths[i].policy);
		struct call c;
		struct verdict v;

		call_init(&c);
		c.nr = CALL_connect;
		make_addr("/run/ok.sock", &c.addr); /* what it says does not count */
		v = policy_decide(p, &c, NULL);
		expect(paths[i].policy, paths[i].path, "pending", &v);
		assert_true(policy_judges_paths(p, CALL_connect));
		assert_true(policy_judges_paths(p, CALL_sendmsg));
		assert_false(policy_judges_paths(p, CALL_bind));
		assert_false(policy_judges_paths(p, CALL_recvmsg));
		v = policy_decide_path(p, &c, 0, paths[i].path);
		expect(paths[i].policy, paths[i].path, paths[i].want, &v);
		policy_free(p);
	}
}

/* --- peers --- */

static const struct {
	const char *policy, *peer, *first, *want;
} peers[] = {
	{"default deny\nallow accept from 127.0.0.0/8", "127.0.0.1 5", "pending", "allow"},
	{"default deny\nallow accept from 127.0.0.0/8", "::ffff:127.0.0.1 5", "pending", "allow"},
	{"default deny\nallow accept from 127.0.0.0/8", "10.0.0.1 5", "pending", "EPERM"},
	{"deny accept4 port 1-1023", "10.0.0.1 5", "pending", "EPERM"},
	{"deny accept port 1-1023", "10.0.0.1 5000", "pending", "allow"},
	{"deny accept from any", "10.0.0.1 5", "EPERM", "EPERM"},
	{"deny accept", "10.0.0.1 5", "EPERM", "EPERM"},
	{"deny accept from unix", "unnamed", "pending", "EPERM"},
	{"deny accept from unix:/run/*", "/run/x", "pending", "EPERM"},
	{"deny accept from unix:/run/*", "unnamed", "pending", "allow"},
	{"deny accept from 127.0.0.1", "0.0.0.0 1", "pending", "allow"},
	{"deny connect to 10.0.0.0/8", "10.0.0.1 5", "allow", "allow"},
};

static void test_peers(void **state)
{
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		struct policy *p = policy_of(peers[i].policy);
		struct call_addr peer;
		struct verdict v;
		struct call c;

		make_addr(peers[i].peer, &peer);
		for (int k = 0; k < 2; k++) {
			call_init(&c);
			c.nr = k ? CALL_accept : CALL_accept4;
			v = policy_decide(p, &c, NULL);
			expect(peers[i].policy, "accept", peers[i].first, &v);
			if (v.rule == policy_pending)
				assert_true(policy_judges_peers(p, c.nr));
			v = policy_decide_peer(p, &c, &peer);
			expect(peers[i].policy, peers[i].peer, peers[i].want, &v);
			assert_false(policy_judges_peers(p, CALL_bind));
		}
		policy_free(p);
	}
}

/* --- side doors --- */

static const struct {
	const char *policy;
	enum call_nr nr;
	int level, name;
	const char *want;
} options[] = {
	{TEN, CALL_setsockopt, 0, 4, "EPERM"},       /* IP_OPTIONS */
	{TEN, CALL_setsockopt, 41, 57, "EPERM"},     /* IPV6_RTHDR */
	{TEN, CALL_setsockopt, 41, 5, "EPERM"},      /* IPV6_2292RTHDR */
	{TEN, CALL_setsockopt, 41, 6, "EPERM"},      /* IPV6_2292PKTOPTIONS */
	{TEN, CALL_setsockopt, 41, 32, "EPERM"},     /* IPV6_FLOWLABEL_MGR */
	{TEN, CALL_setsockopt, 132, 107, "EPERM"},   /* CONNECTX_OLD */
	{TEN, CALL_setsockopt, 132, 110, "EPERM"},   /* CONNECTX */
	{TEN, CALL_getsockopt, 132, 111, "EPERM"},   /* CONNECTX3 */
	{TEN, CALL_setsockopt, 132, 100, "allow"},   /* BINDX_ADD */
	{TEN, CALL_setsockopt, 1, 4, "allow"},       /* SO_ERROR */
	{TEN, CALL_getsockopt, 0, 4, "allow"},
	{"deny connect", CALL_setsockopt, 132, 110, "EPERM"},
	{"deny sendto to 10.0.0.1", CALL_setsockopt, 0, 4, "EPERM"},
	{"deny bind to 10.0.0.1", CALL_setsockopt, 132, 100, "EPERM"},
	{"deny bind to 10.0.0.1", CALL_setsockopt, 132, 110, "allow"},
	{"default deny", CALL_setsockopt, 132, 110, "EPERM"},
	{"default deny", CALL_setsockopt, 1, 2, "allow"},
	{"default deny\nallow setsockopt", CALL_setsockopt, 132, 110, "allow"},
	{"log setsockopt\n" TEN, CALL_setsockopt, 0, 4, "EPERM"},
	{"deny EIO setsockopt\n" TEN, CALL_setsockopt, 0, 4, "EIO"},
	{"allow connect to 10.0.0.1\nlog connect to any", CALL_setsockopt, 0, 4, "allow"},
	{ALG_VSOCK, CALL_setsockopt, 0, 4, "allow"},
	/* Loopback must stay what it says, where it is all that is allowed. */
	{LOCAL, CALL_setsockopt, 1, 25, "EPERM"},    /* SO_BINDTODEVICE */
	{LOCAL, CALL_setsockopt, 1, 62, "EPERM"},    /* SO_BINDTOIFINDEX */
	{LOCAL, CALL_setsockopt, 0, 50, "EPERM"},    /* IP_UNICAST_IF */
	{LOCAL, CALL_setsockopt, 41, 76, "EPERM"},   /* IPV6_UNICAST_IF */
	{LOCAL, CALL_setsockopt, 41, 50, "EPERM"},   /* IPV6_PKTINFO */
	{TEN, CALL_setsockopt, 1, 25, "allow"},
	{WEB, CALL_setsockopt, 1, 25, "allow"},
	{"default deny\nallow sendto to ::1", CALL_setsockopt, 1, 25, "EPERM"},
	{"default deny\nallow bind to ::1", CALL_setsockopt, 1, 25, "allow"},
};

static void test_options(void **state)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct policy *p = policy_of(options[i].policy);
		struct verdict v;
		struct call c;
		char what[64];

		call_init(&c);
		c.nr = options[i].nr;
		c.opt.level = options[i].level;
		c.opt.name = options[i].name;
		v = policy_decide(p, &c, NULL);
		snprintf(what, sizeof(what), "option %d %d", c.opt.level, c.opt.name);
		expect(options[i].policy, what, options[i].want, &v);
		policy_free(p);
	}
}

static const struct {
	const char *policy;
	int level, type;
	const char *addr, *want;
	int device, device6; /* as in_pktinfo and in6_pktinfo have it */
} controls[] = {
	{TEN, 0, 7, "", "EPERM", 0, 0},              /* IP_RETOPTS */
	{TEN, 0, 7, "11.0.0.1 1", "EPERM", 0, 0},
	{TEN, 41, 57, "11.0.0.1 1", "EPERM", 0, 0},  /* IPV6_RTHDR */
	{TEN, 41, 5, "", "EPERM", 0, 0},
	{TEN, 132, 7, "", "EPERM", 0, 0},            /* SCTP_DSTADDRV4 */
	{TEN, 132, 8, "", "EPERM", 0, 0},
	{TEN, 0, 8, "11.0.0.1 1", "allow", 0, 0},    /* IP_PKTINFO */
	{TEN, 1, 1, "", "allow", 0, 0},              /* SCM_RIGHTS */
	{"allow connect to any\n" TEN, 0, 7, "11.0.0.1 1", "EPERM", 0, 0},
	{"allow sendmsg\n" TEN, 0, 7, "11.0.0.1 1", "allow", 0, 0},
	{ALG_VSOCK, 0, 7, "", "allow", 0, 0},
	{LOCAL, 0, 8, "", "EPERM", 2, 0},      /* IP_PKTINFO */
	{LOCAL, 0, 8, "127.0.0.1 1", "EPERM", 2, 0},
	{LOCAL, 0, 8, "127.0.0.1 1", "allow", 1, 0},
	{LOCAL, 0, 8, "127.0.0.1 1", "allow", 0, 7},
	{LOCAL, 41, 50, "::1 1", "EPERM", 0, 2}, /* IPV6_PKTINFO */
	{LOCAL, 41, 2, "::1 1", "EPERM", 0, 2},
	{LOCAL, 41, 50, "::1 1", "allow", 5, 0},
	{TEN, 0, 8, "127.0.0.1 1", "allow", 2, 0},
};

static void test_controls(void **state)
{
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		struct policy *p = policy_of(controls[i].policy);
		char buf[CMSG_SPACE(1) + CMSG_SPACE(20)] = {0};
		struct cmsghdr h = {.cmsg_len = CMSG_LEN(1), .cmsg_level = 1, .cmsg_type = 99};
		struct verdict v;
		struct call c;

		/* Behind another, of odd length. */
		memcpy(buf, &h, sizeof(h));
		h = (struct cmsghdr){.cmsg_len = CMSG_LEN(20), .cmsg_level = controls[i].level,
				     .cmsg_type = controls[i].type};
		memcpy(buf + CMSG_SPACE(1), &h, sizeof(h));
		memcpy(buf + CMSG_SPACE(1) + CMSG_LEN(0), &controls[i].device, 4);
		memcpy(buf + CMSG_SPACE(1) + CMSG_LEN(16), &controls[i].device6, 4);
		call_init(&c);
		c.nr = CALL_sendmsg;
		c.msg = call_one_message(&c);
		c.nmsg = 1;
		c.msg->control = (uint8_t *)buf;
		c.msg->control_len = sizeof(buf);
		make_addr(controls[i].addr, &c.msg->name);
		v = policy_decide(p, &c, NULL);
		expect(controls[i].policy, controls[i].addr, controls[i].want, &v);
		/* A length that leads past the end, or nowhere, ends the walk. */
		h.cmsg_len = SIZE_MAX;
		memcpy(buf, &h, sizeof(h));
		(void)policy_decide(p, &c, NULL);
		h.cmsg_len = 0;
		memcpy(buf, &h, sizeof(h));
		(void)policy_decide(p, &c, NULL);
		policy_free(p);
	}
}

/* --- several messages --- */

static void test_messages(void **state)
{
	static const struct {
		const char *addr[4];
		const char *want;
		unsigned ok;
	} rows[] = {
		{{"11.0.0.1 1", "11.0.0.1 1", "10.0.0.1 1", "11.0.0.1 1"}, "EPERM", 2},
		{{"10.0.0.1 1", "11.0.0.1 1", "", ""}, "EPERM", 0},
		{{"11.0.0.1 1", "", "", ""}, "allow", 4},
		{{"/x", "", "", ""}, "pending", 4},
		{{"/x", "10.0.0.1 1", "", ""}, "EPERM", 1},
	};
	struct policy *p = policy_of(TEN SOCK);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct call_msg msg[4] = {0};
		struct verdict v;
		unsigned ok = 99;
		struct call c;

		call_init(&c);
		c.nr = CALL_sendmmsg;
		c.msg = msg;
		c.nmsg = 4;
		for (int k = 0; k < 4; k++)
			make_addr(rows[i].addr[k], &msg[k].name);
		v = policy_decide(p, &c, &ok);
		expect(TEN SOCK, "sendmmsg", rows[i].want, &v);
		assert_int_equal(ok, rows[i].ok);
		/* What was not decoded is not judged, and never sent. */
		msg[0].err = -EFAULT;
		c.nmsg = 1;
		v = policy_decide(p, &c, &ok);
		expect(TEN SOCK, "sendmmsg", "allow", &v);
		assert_int_equal(ok, 0);
	}
	policy_free(p);
}

static void test_no_messages(void **state)
{
	struct policy *p = policy_of(TEN "deny sendmmsg");
	struct verdict v;
	struct call c;

	call_init(&c);
	c.nr = CALL_sendmmsg;
	v = policy_decide(p, &c, NULL);
	expect("", "empty sendmmsg", "EPERM", &v);
	policy_free(p);
}

/* Who decided, and where it is written. */
static void test_rule_named(void **state)
{
	struct policy *p = policy_of("# one\n\n  deny  socket  family alg   # why\ndefault deny EIO");
	struct verdict v;
	struct call c;

	call_init(&c);
	c.nr = CALL_socket;
	c.family = 38;
	v = policy_decide(p, &c, NULL);
	assert_string_equal(v.rule, "deny  socket  family alg");
	assert_string_equal(v.file, "t");
	assert_int_equal(v.line, 3);
	c.family = 1;
	v = policy_decide(p, &c, NULL);
	assert_string_equal(v.rule, "default deny EIO");
	assert_int_equal(v.line, 4);
	c.nr = CALL_recv;
	v = policy_decide(p, &c, NULL);
	assert_string_equal(v.rule, "default");
	assert_null(v.file);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create), cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_paths), cmocka_unit_test(test_peers),
		cmocka_unit_test(test_options), cmocka_unit_test(test_controls),
		cmocka_unit_test(test_messages), cmocka_unit_test(test_no_messages),
		cmocka_unit_test(test_rule_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
