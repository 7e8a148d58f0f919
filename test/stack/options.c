/*
 * options.c - every option of the stack against the kernel's.
 *
 * For each row of the stack's tables, each kind of socket and each state of it, one
 * socket of the kernel's and one of the stack's are given the same values (ints, short
 * ones, structures, NULL) and asked for the same room; errors, lengths and bytes must be
 * the same, but for what options_known.c lists with a reason. A listed difference that
 * is none any more is an error, too. So it goes for options and levels that nobody has.
 *
 *     options [-v] [OPTION]     -v: shows each difference that is known
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <socketcall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../src/serve/stack/option.h"
#include "options.h"

#define SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct kind {
	unsigned bit;
	const char *text;
	int family, type, protocol;
} kinds[] = {
	{TCP4, "tcp", AF_INET, SOCK_STREAM, 0},
	{TCP6, "tcp6", AF_INET6, SOCK_STREAM, 0},
	{UDP4, "udp", AF_INET, SOCK_DGRAM, 0},
	{UDP6, "udp6", AF_INET6, SOCK_DGRAM, 0},
	{STREAM, "unix stream", AF_UNIX, SOCK_STREAM, 0},
	{DGRAM, "unix datagram", AF_UNIX, SOCK_DGRAM, 0},
	{SEQPACKET, "unix seqpacket", AF_UNIX, SOCK_SEQPACKET, 0},
	{NETLINK, "netlink", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE},
};

static const struct state {
	unsigned bit;
	const char *text;
	unsigned kinds;
} states[] = {
	{FRESH, "new", ALL},
	{BOUND, "bound", ALL},
	{CONNECTED, "connected", INET | UNIX},
	{MAPPED, "connected to IPv4", INET6},
	{LISTENING, "listening", TCP | STREAM | SEQPACKET},
};

static const struct option_table *const tables[] = {
	&options_socket, &options_unix, &options_ip, &options_ipv6, &options_tcp, &options_udp,
	&options_netlink,
};

/* ----------------------------------------------------------------- two systems */

struct ends {
	int fd, other, listener; /* -1: none */
};

struct sys {
	int (*socket)(void *, int family, int type, int protocol);
	int (*pair)(void *, int family, int type, int sv[2]);
	int (*bind)(void *, int fd, const void *addr, socklen_t len);
	int (*connect)(void *, int fd, const void *addr, socklen_t len);
	int (*listen)(void *, int fd);
	int (*name)(void *, int fd, void *addr, socklen_t *len);
	int (*set)(void *, int fd, int level, int name, const void *val, socklen_t len);
	int (*get)(void *, int fd, int level, int name, void *val, socklen_t *len);
	int (*close)(void *, int fd);
	void *of;
};

static int err_of(int r)
{
	return r < 0 ? -errno : r;
}

static int host_socket(void *of, int family, int type, int protocol)
{
	return err_of(socket(family, type, protocol));
}

static int host_pair(void *of, int family, int type, int sv[2])
{
	return err_of(socketpair(family, type, 0, sv));
}

static int host_bind(void *of, int fd, const void *addr, socklen_t len)
{
	return err_of(bind(fd, addr, len));
}

static int host_connect(void *of, int fd, const void *addr, socklen_t len)
{
	return err_of(connect(fd, addr, len));
}

static int host_listen(void *of, int fd)
{
	return err_of(listen(fd, 5));
}

static int host_name(void *of, int fd, void *addr, socklen_t *len)
{
	return err_of(getsockname(fd, addr, len));
}

static int host_set(void *of, int fd, int level, int name, const void *val, socklen_t len)
{
	return err_of(setsockopt(fd, level, name, val, len));
}

static int host_get(void *of, int fd, int level, int name, void *val, socklen_t *len)
{
	return err_of(getsockopt(fd, level, name, val, len));
}

static int host_close(void *of, int fd)
{
	return err_of(close(fd));
}

static int stack_socket(void *of, int family, int type, int protocol)
{
	return sc_socket(of, family, type, protocol);
}

static int stack_pair(void *of, int family, int type, int sv[2])
{
	return sc_socketpair(of, family, type, 0, sv);
}

static int stack_bind(void *of, int fd, const void *addr, socklen_t len)
{
	return sc_bind(of, fd, addr, len);
}

static int stack_connect(void *of, int fd, const void *addr, socklen_t len)
{
	return sc_connect(of, fd, addr, len);
}

static int stack_listen(void *of, int fd)
{
	return sc_listen(of, fd, 5);
}

static int stack_name(void *of, int fd, void *addr, socklen_t *len)
{
	return sc_getsockname(of, fd, addr, len);
}

static int stack_set(void *of, int fd, int level, int name, const void *val, socklen_t len)
{
	return sc_setsockopt(of, fd, level, name, val, len);
}

static int stack_get(void *of, int fd, int level, int name, void *val, socklen_t *len)
{
	return sc_getsockopt(of, fd, level, name, val, len);
}

static int stack_close(void *of, int fd)
{
	return sc_close(of, fd);
}

static const struct sys host = {
	host_socket, host_pair, host_bind, host_connect, host_listen, host_name, host_set,
	host_get, host_close, NULL,
};
static const struct sys stack_sys = {
	stack_socket, stack_pair, stack_bind, stack_connect, stack_listen, stack_name, stack_set,
	stack_get, stack_close, NULL,
};

/* The loopback address of a kind, any port; 127.0.0.1 as IPv6 has it if mapped. */
static socklen_t loopback(const struct kind *k, bool mapped, struct sockaddr_storage *out)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	memset(out, 0, sizeof(*out));
	if (mapped)
		inet_pton(AF_INET6, "::ffff:127.0.0.1", &in6.sin6_addr);
	switch (k->family) {
	case AF_INET:
		memcpy(out, &in, sizeof(in));
		return sizeof(in);
	case AF_INET6:
		memcpy(out, &in6, sizeof(in6));
		return sizeof(in6);
	case AF_UNIX:
		out->ss_family = AF_UNIX;
		return sizeof(sa_family_t);
	default:
		out->ss_family = AF_NETLINK;
		return sizeof(struct sockaddr_nl);
	}
}

static int connect_it(const struct sys *s, const struct kind *k, bool mapped, struct ends *e)
{
	struct sockaddr_storage a;
	socklen_t len = loopback(k, mapped, &a);
	int err;

	e->listener = s->socket(s->of, k->family, k->type, k->protocol);
	err = e->listener < 0 ? e->listener : s->bind(s->of, e->listener, &a, len);
	if (!err && k->type == SOCK_STREAM)
		err = s->listen(s->of, e->listener);
	len = sizeof(a);
	if (!err)
		err = s->name(s->of, e->listener, &a, &len);
	return err ? err : s->connect(s->of, e->fd, &a, len);
}

/* A socket in a state: 0, or why there is none. */
static int reach(const struct sys *s, const struct kind *k, unsigned state, struct ends *e)
{
	struct sockaddr_storage a;
	socklen_t len = loopback(k, false, &a);
	int sv[2], err = 0;

	*e = (struct ends){-1, -1, -1};
	if (state == CONNECTED && k->family == AF_UNIX) {
		err = s->pair(s->of, k->family, k->type, sv);
		if (!err)
			e->fd = sv[0], e->other = sv[1];
		return err;
	}
	e->fd = s->socket(s->of, k->family, k->type, k->protocol);
	if (e->fd < 0)
		return e->fd;
	if (state == CONNECTED || state == MAPPED)
		return connect_it(s, k, state == MAPPED, e);
	if (state != FRESH)
		err = s->bind(s->of, e->fd, &a, len);
	if (!err && state == LISTENING)
		err = s->listen(s->of, e->fd);
	return err;
}

static void leave(const struct sys *s, struct ends *e)
{
	const int fds[] = {e->fd, e->other, e->listener};

	for (unsigned i = 0; i < SIZE(fds); i++)
		if (fds[i] >= 0)
			s->close(s->of, fds[i]);
}

/* ------------------------------------------------------------------ comparing */

/* Where we are. */
struct at {
	const struct kind *kind;
	const struct state *state;
	char doing[100]; /* what was done to the socket, for a report */
	struct sys sys[2];
	struct ends ends[2];
	bool privileged, was_set, in_script;
};

static unsigned long compared, failed;
static bool verbose;
static unsigned long used[256]; /* of options_differences */

static const char *err_text(int err)
{
	return err < 0 ? strerrorname_np(-err) : "0";
}

static bool is_known(const struct at *at, const struct option *o, int level, unsigned what)
{
	for (unsigned i = 0; i < options_ndifferences; i++) {
		const struct difference *d = &options_differences[i];

		if (d->level == level && d->name == o->name && d->kinds & at->kind->bit &&
		    d->states & at->state->bit && d->what & what) {
			used[i]++;
			return true;
		}
	}
	return false;
}

static void hex(const unsigned char *b, int len, char *out)
{
	for (int i = 0; i < len && i < 40; i++)
		out += sprintf(out, "%02x", b[i]);
	*out = 0;
}

static void differ(const struct at *at, const struct option *o, int level, unsigned what,
		   const char *text)
{
	const bool known = is_known(at, o, level, what);

	if (!known)
		failed++;
	if (!known || verbose)
		printf("%s %s %s%s: %s: %s: %s\n", known ? "known" : "FAIL", at->kind->text,
		       at->state->text, at->privileged ? "" : " (unprivileged)", o->text, at->doing, text);
}

enum { ROOM = 256, RANDOM_RUNS = 6, RANDOM_STEPS = 100 };

static void compare_get(struct at *at, const struct option *o, int level, int room)
{
	const unsigned what = GET | (at->was_set ? 0 : DEFAULT) | (at->in_script ? SCRIPT : 0);
	unsigned char val[2][ROOM];
	char text[400], bytes[2][100];
	socklen_t len[2] = {room, room};
	int err[2];

	memset(val, 0xaa, sizeof(val));
	for (int i = 0; i < 2; i++)
		err[i] = at->sys[i].get(at->sys[i].of, at->ends[i].fd, level, o->name, val[i], &len[i]);
	compared++;
	if (err[0] == err[1] && len[0] == len[1] && memcmp(val[0], val[1], ROOM) == 0)
		return;
	for (int i = 0; i < 2; i++)
		hex(val[i], (int)len[i] < 0 || len[i] > 40 ? 40 : (int)len[i], bytes[i]);
	snprintf(text, sizeof(text), "get with room %d: %s %d %s, not %s %d %s", room, err_text(err[1]),
		 (int)len[1], bytes[1], err_text(err[0]), (int)len[0], bytes[0]);
	differ(at, o, level, what, text);
}

/* Gives both the value: true if both took it. */
static bool compare_set(struct at *at, const struct option *o, int level, const void *val, int len)
{
	char text[200], bytes[100];
	int err[2];

	for (int i = 0; i < 2; i++)
		err[i] = at->sys[i].set(at->sys[i].of, at->ends[i].fd, level, o->name, val, len);
	compared++;
	if (err[0] != err[1]) {
		hex(val ? val : "", val ? len : 0, bytes);
		snprintf(text, sizeof(text), "set to %s%s, %d bytes: %s, not %s", val ? "" : "NULL", bytes,
			 len, err_text(err[1]), err_text(err[0]));
		differ(at, o, level, SET, text);
	}
	return !err[0] && !err[1];
}

static const int rooms[] = {ROOM, 0, 1, 2, 3, 4, 7, 8, 12, 15, 16, 20, -1};

static const int ints[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 32, 63, 64, 100, 127, 128, 200, 254, 255, 256, 257, 999,
	1000, 1024, 1280, 2304, 4608, 32767, 65535, 65536, 100000, 1 << 20, 1 << 30, INT_MAX, INT_MIN,
	-1, -2, -3, -255, -256,
};

static const struct values *values_of(const struct option *o, int level)
{
	for (unsigned i = 0; i < options_nvalues; i++)
		if (options_values[i].level == level && options_values[i].name == o->name)
			return &options_values[i];
	return NULL;
}

/* The values that the option is given, each followed by getting what it made of it. */
static void try_values(struct at *at, const struct option *o, int level)
{
	const struct values *own = values_of(o, level);

	for (unsigned i = 0; i < (own ? own->n : SIZE(ints)); i++) {
		const struct bytes v = own ? own->list[i] : (struct bytes){&ints[i], sizeof(int)};

		strcpy(at->doing, "set to ");
		hex(v.data, v.len, at->doing + 7);
		at->was_set |= compare_set(at, o, level, v.data, v.len);
		compare_get(at, o, level, ROOM);
	}
}

static void try_option(struct at *at, const struct option *o, int level)
{
	static const unsigned char odd[ROOM] = {1};

	at->was_set = false;
	strcpy(at->doing, "new");
	for (unsigned i = 0; i < SIZE(rooms); i++)
		compare_get(at, o, level, rooms[i]);
	compare_set(at, o, level, NULL, 0);
	compare_set(at, o, level, NULL, sizeof(int));
	strcpy(at->doing, "odd lengths");
	for (int len = 0; len <= 20; len++) {
		at->was_set |= compare_set(at, o, level, odd, len);
		compare_get(at, o, level, ROOM);
	}
	compare_set(at, o, level, odd, ROOM);
	try_values(at, o, level);
	strcpy(at->doing, "at the end");
	for (unsigned i = 0; i < SIZE(rooms); i++)
		compare_get(at, o, level, rooms[i]);
}

/* Two sockets in the same state; false if that failed, which is a failure. */
static bool begin(struct at *at)
{
	int err[2];

	for (int i = 0; i < 2; i++)
		err[i] = reach(&at->sys[i], at->kind, at->state->bit, &at->ends[i]);
	if (err[0] == 0 && err[1] == 0)
		return true;
	printf("FAIL %s: cannot be %s: %s on the host, %s in the stack\n", at->kind->text,
	       at->state->text, err_text(err[0]), err_text(err[1]));
	failed++;
	return false;
}

static void end(struct at *at)
{
	for (int i = 0; i < 2; i++)
		leave(&at->sys[i], &at->ends[i]);
}

/* Rows that another table of the same level has, too, are tried once. */
static bool is_repeated(unsigned table, const struct option *o)
{
	for (unsigned t = 0; t < table; t++)
		for (unsigned i = 0; tables[t]->level == tables[table]->level && i < tables[t]->n; i++)
			if (tables[t]->row[i].name == o->name)
				return true;
	return false;
}

static void each_option(struct at *at, const char *only,
			void (*what)(struct at *, const struct option *, int level))
{
	for (unsigned t = 0; t < SIZE(tables); t++)
		for (unsigned i = 0; i < tables[t]->n; i++) {
			const struct option *o = &tables[t]->row[i];

			if (!is_repeated(t, o) && (!only || strcmp(only, o->text) == 0))
				what(at, o, tables[t]->level);
		}
}

static void try_alone(struct at *at, const struct option *o, int level)
{
	if (begin(at))
		try_option(at, o, level);
	end(at);
}

/* Levels that all sockets know, some know, none knows, with an option that none has. */
static void each_unknown(struct at *at)
{
	static const int levels[] = {
		SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP, 136 /* UDP-Lite */,
		IPPROTO_ICMPV6, 255 /* raw */, 263 /* packet */, 270 /* netlink */, 4242, -1,
	};
	static const struct option o = {.name = 9999, .text = "unknown"};

	for (unsigned i = 0; i < SIZE(levels); i++)
		try_alone(at, &o, levels[i]);
}

static void get_it(struct at *at, const struct option *o, int level)
{
	compare_get(at, o, level, ROOM);
}

static void run_script(struct at *at, const struct script *s)
{
	at->in_script = true;
	if (begin(at))
		for (unsigned i = 0; i < s->n; i++) {
			const struct step *t = &s->step[i];
			struct option o = {.name = t->name, .text = s->what};

			snprintf(at->doing, sizeof(at->doing), "%s, step %u", s->what, i + 1);
					at->was_set = false;
			compare_set(at, &o, t->level, t->value.data, t->value.len);
			each_option(at, NULL, get_it);
		}
	end(at);
	at->in_script = false;
}

/* Options that mean something to each other: any of them, in any order. */
static void run_random(struct at *at, unsigned short seed)
{
	unsigned short x[3] = {seed, at->kind->bit, at->state->bit};

	at->in_script = true;
	if (begin(at))
		for (unsigned step = 0; step < RANDOM_STEPS; step++) {
			const struct option_table *t = tables[nrand48(x) % SIZE(tables)];
			const struct option *o = &t->row[nrand48(x) % t->n];
			const struct values *own = values_of(o, t->level);
			const struct bytes v = own
				? own->list[nrand48(x) % own->n]
				: (struct bytes){&ints[nrand48(x) % SIZE(ints)], sizeof(int)};

			snprintf(at->doing, sizeof(at->doing), "random %u, step %u", seed, step);
			at->was_set = false;
			compare_set(at, o, t->level, v.data, v.len);
			snprintf(at->doing, sizeof(at->doing), "random %u, step %u, %s", seed, step, o->text);
			each_option(at, NULL, get_it);
		}
	end(at);
	at->in_script = false;
}

/* ---------------------------------------------------------------------- main */

static void try_all(struct sc_task *task, bool privileged, const char *only)
{
	struct at at = {.sys = {host, stack_sys}, .privileged = privileged};

	at.sys[1].of = task;
	for (unsigned k = 0; k < SIZE(kinds); k++)
		for (unsigned s = 0; s < SIZE(states); s++) {
			if (!(states[s].kinds & kinds[k].bit))
				continue;
			at.kind = &kinds[k];
			at.state = &states[s];
			each_option(&at, only, try_alone);
			if (!only)
				each_unknown(&at);
			for (unsigned i = 0; !only && i < options_nscripts; i++)
				if (options_scripts[i].kinds & kinds[k].bit &&
				    options_scripts[i].states & states[s].bit)
					run_script(&at, &options_scripts[i]);
			for (unsigned i = 0; !only && i < RANDOM_RUNS; i++)
				run_random(&at, i);
		}
}

static int write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	int err = !f || fputs(text, f) == EOF;

	return (f && fclose(f)) || err;
}

/* A network namespace with lo, and TCP as a kernel has it that nobody has tuned. Whoever
 * needs a user namespace for it is privileged there only, and gives that up. */
static int enter_netns(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {0};
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	const bool privileged = unshare(CLONE_NEWNET) == 0;
	int fd, err;

	if (!privileged && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	err = ioctl(fd, SIOCSIFFLAGS, &lo);
	close(fd);
	err = err || write_file("/proc/sys/net/ipv4/tcp_congestion_control", "reno") ||
	      write_file("/proc/sys/net/ipv4/tcp_rmem", "4096 131072 33554432") ||
	      write_file("/proc/sys/net/ipv4/tcp_wmem", "4096 16384 4194304");
	if (!err && !privileged)
		err = syscall(SYS_capset, &head, none);
	return err;
}

/* May we do here what an unprivileged program may not? */
static bool is_privileged(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), size = 1 << 20;
	bool may = setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) == 0;

	close(fd);
	return may;
}

static unsigned read_number(const char *path)
{
	unsigned n = 0;
	FILE *f = fopen(path, "r");

	if (f && fscanf(f, "%u", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

static void run_as(bool privileged, const char *only)
{
	struct sc_config config = {.size = sizeof(config)};
	struct sc_task_config task = {.size = sizeof(task), .unprivileged = !privileged};
	struct sc_net *net;

	config.limits.buffer = read_number("/proc/sys/net/core/rmem_max");
	task.pid = getpid();
	task.uid = geteuid();
	task.gid = getegid();
	net = sc_net_new(&config);
	try_all(sc_task_new(sc_host_new(net, "a"), &task), privileged, only);
	sc_net_free(net);
}

/* A difference that never shows is none. */
static void check_differences(void)
{
	for (unsigned i = 0; i < options_ndifferences; i++)
		if (!used[i] && !(options_differences[i].what & SOMETIMES)) {
			printf("FAIL listed as a difference, but there is none: level %d option %d: %s\n",
			       options_differences[i].level, options_differences[i].name,
			       options_differences[i].why);
			failed++;
		}
}

int main(int argc, char **argv)
{
	const char *only = NULL;

	if (argc > 1 && strcmp(argv[1], "-v") == 0)
		verbose = true, argv++, argc--;
	if (argc > 1)
		only = argv[1];
	if (enter_netns()) {
		printf("cannot have a network of its own to compare with\n");
		return 77;
	}
	if (is_privileged()) {
		run_as(true, only);
		if (geteuid() == 0 && seteuid(65534) == 0) {
			run_as(false, only);
			/* Whose ids differ may not be looked at: but the leak checker has to. */
			if (seteuid(0) || prctl(PR_SET_DUMPABLE, 1))
				return 1;
		}
	} else {
		run_as(false, only);
	}
	if (!only)
		check_differences();
	printf("%lu compared, %lu differ\n", compared, failed);
	return failed != 0;
}
