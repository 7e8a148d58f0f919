/*
 * unix_random.c - random calls on AF_UNIX sockets, on the host's kernel and on ours:
 * each must give the same. No socket blocks. What differs on purpose is left out: when a
 * stream becomes writable of which a part was read (the kernel counts whole buffers),
 * and FIONREAD after an urgent byte was thrown away (the kernel goes on counting it).
 *
 * unix_random [FIRST [LAST]]: the seeds.
 */
#include "unix_same.h"

#include <signal.h>

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

enum { SOCKETS = 10, NAMES = 5, STEPS = 250 };

static unsigned seed, first = 1, last = 40;

struct play {
	struct sys *y;
	unsigned seed;
	int s[SOCKETS]; /* -1: none */
};

static unsigned pick(struct play *p, unsigned n)
{
	p->seed = p->seed * 1103515245 + 12345;
	return (p->seed >> 16) % n;
}

/* A socket, mostly one that is there. */
static int any(struct play *p)
{
	unsigned i = pick(p, SOCKETS);

	for (int k = 0; k < SOCKETS && p->s[i] < 0; k++)
		i = (i + 1) % SOCKETS;
	say(p->y, "[%u]", i);
	return p->s[i];
}

static int *room(struct play *p)
{
	for (int i = 0; i < SOCKETS; i++)
		if (p->s[i] < 0)
			return &p->s[i];
	return NULL;
}

static socklen_t any_name(struct play *p, struct sockaddr_un *a)
{
	static const char *const names[NAMES] = {"@r1", "@r2", "r3", "r4", "@r5"};

	return name_of(a, names[pick(p, NAMES)]);
}

static int any_type(struct play *p)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	return types[pick(p, 3)] | SOCK_NONBLOCK;
}

static void make(struct play *p)
{
	const int type = any_type(p);
	int *at = room(p);

	if (at)
		*at = do_socket(p->y, type);
}

static void make_pair(struct play *p)
{
	const int type = any_type(p);
	int s[2], *at = room(p);

	if (!at)
		return;
	do_pair(p->y, type, s);
	*at = s[0];
	at = room(p);
	if (at)
		*at = s[1];
	else
		do_close(p->y, s[1]);
}

static void bind_it(struct play *p)
{
	struct sockaddr_un a;
	socklen_t n = any_name(p, &a);

	saw(p->y, "bind", do_bind(p->y, any(p), &a, n));
}

static void connect_it(struct play *p)
{
	struct sockaddr_un a;
	socklen_t n = any_name(p, &a);

	if (pick(p, 8) == 0) {
		a.sun_family = AF_UNSPEC;
		n = 2;
	}
	saw(p->y, "connect", do_connect(p->y, any(p), &a, n));
}

static void listen_it(struct play *p)
{
	const int n = pick(p, 3);

	saw(p->y, "listen", do_listen(p->y, any(p), n));
}

static void say_name(struct play *p, const char *what, const struct sockaddr_un *a, socklen_t n)
{
	const bool autobound = n == 8 && !a->sun_path[0] && a->sun_path[1] != 'r';

	say(p->y, "%s %u %.2s", what, (unsigned)n,
	    n > 2 && !autobound ? a->sun_path + !a->sun_path[0] : "");
}

static void accept_it(struct play *p)
{
	struct sockaddr_un a = {0};
	socklen_t n = sizeof(a);
	int *at = room(p), s;

	if (!at)
		return;
	s = do_accept(p->y, any(p), &a, &n);
	saw(p->y, "accept", s < 0 ? s : 0);
	if (s < 0)
		return;
	do_fcntl(p->y, s, F_SETFL, O_NONBLOCK);
	*at = s;
	say_name(p, "from", &a, n);
}

static bool is_stream(struct play *p, int s)
{
	int type = 0;

	do_getopt(p->y, s, SO_TYPE, &type, &(socklen_t){sizeof(type)});
	return type == SOCK_STREAM;
}

static void send_it(struct play *p)
{
	static char data[70000];
	const size_t much = pick(p, 12) == 0 ? 1000 + pick(p, 60000) : 0, little = pick(p, 12);
	const int s = any(p);
	const size_t n = much && !is_stream(p, s) ? much : little;
	const int flags = pick(p, 5) == 0 ? MSG_OOB : 0;
	const bool named = pick(p, 3) == 0;
	struct sockaddr_un a;
	socklen_t len = any_name(p, &a);

	for (size_t i = 0; i < 12; i++)
		data[i] = 'a' + pick(p, 26);
	if (named)
		saw(p->y, "sendto", do_sendto(p->y, s, data, n, flags, &a, len));
	else
		saw(p->y, "send", do_send(p->y, s, data, n, flags));
}

static void send_rights(struct play *p)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec v = {"rights", pick(p, 7)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	/* Always of its own kind, so that there are no rings: a new one. */
	int fd = do_socket(p->y, SOCK_STREAM);

	*h = (struct cmsghdr){CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	saw(p->y, "send rights", do_sendmsg(p->y, any(p), &m, pick(p, 6) == 0 ? MSG_OOB : 0));
	do_close(p->y, fd);
}

static void recv_it(struct play *p)
{
	static const int flags[] = {0, 0, 0, MSG_PEEK, MSG_OOB, MSG_TRUNC, MSG_PEEK | MSG_OOB,
				    MSG_PEEK | MSG_TRUNC, MSG_WAITALL, MSG_DONTWAIT};
	static char data[70001];
	_Alignas(struct cmsghdr) char control[256];
	const size_t size = pick(p, 6) == 0 ? 70000 : pick(p, 14);
	struct iovec v = {data, size};
	struct sockaddr_un a;
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_name = &a, .msg_namelen = sizeof(a),
			   .msg_control = control,
			   .msg_controllen = pick(p, 4) ? sizeof(control) : pick(p, 40)};
	const int f = flags[pick(p, 10)];
	long n;

	memset(data, 0, 14);
	memset(&a, 0, sizeof(a));
	n = do_recvmsg(p->y, any(p), &m, f);
	say(p->y, "recv %zu flags %x", size, (unsigned)f);
	if (saw(p->y, "recv", n) < 0)
		return;
	say(p->y, "%.12s flags %x control %zu", n < 13 ? data : "", (unsigned)m.msg_flags,
	    (size_t)m.msg_controllen);
	say_name(p, "from", &a, m.msg_namelen);
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		const size_t len = h->cmsg_len - CMSG_LEN(0);

		say(p->y, "type %d, %zu bytes", h->cmsg_type, len);
		if (h->cmsg_type == SCM_RIGHTS) {
			int fd;

			memcpy(&fd, CMSG_DATA(h), sizeof(fd));
			do_close(p->y, fd);
		} else if (len == sizeof(struct ucred)) {
			struct ucred c;

			memcpy(&c, CMSG_DATA(h), sizeof(c));
			say(p->y, "pid %d uid %d", c.pid == getpid(), (int)c.uid);
		}
	}
}

static void option(struct play *p)
{
	static const struct {
		int name, most;
	} options[] = {{SO_PASSCRED, 2}, {SO_OOBINLINE, 2}, {SO_PEEK_OFF, 12},
		       {SO_RCVLOWAT, 4}, {SO_PASSRIGHTS, 2}};
	const unsigned i = pick(p, 5);
	const int v = (int)pick(p, options[i].most) - (options[i].name == SO_PEEK_OFF);

	say(p->y, "option %d %d", options[i].name, v);
	saw(p->y, "set", do_setopt(p->y, any(p), options[i].name, &v, sizeof(v)));
}

static void shut(struct play *p)
{
	const int how = pick(p, 3);

	say(p->y, "how %d", how);
	saw(p->y, "shutdown", do_shutdown(p->y, any(p), how));
}

static void close_it(struct play *p)
{
	const unsigned i = pick(p, SOCKETS);

	if (p->s[i] < 0)
		return;
	say(p->y, "close [%u]", i);
	do_close(p->y, p->s[i]);
	p->s[i] = -1;
}

static void look(struct play *p)
{
	struct sockaddr_un a = {0};
	struct ucred c = {0};
	socklen_t n = sizeof(a);
	int s = any(p), v = 0;

	saw(p->y, "name", do_name(p->y, s, &a, &n));
	say_name(p, "name", &a, n);
	n = sizeof(a);
	memset(&a, 0, sizeof(a));
	if (saw(p->y, "peer", do_peer(p->y, s, &a, &n)) == 0)
		say_name(p, "peer", &a, n);
	saw(p->y, "mark", do_ioctl(p->y, s, SIOCATMARK, &v));
	n = sizeof(c);
	saw(p->y, "cred", do_getopt(p->y, s, SO_PEERCRED, &c, &n));
	say(p->y, "mark %d, cred %d %d", v, c.pid == getpid(), (int)c.uid);
	if (pick(p, 3) == 0)
		say_error(p->y, "it", s);
}

static void poll_all(struct play *p)
{
	for (int i = 0; i < SOCKETS; i++)
		if (p->s[i] >= 0)
			say_poll_but(p->y, "", p->s[i], is_stream(p, p->s[i]) ? POLLOUT : 0);
}

static void play(struct sys *y)
{
	static const struct {
		const char *name;
		void (*run)(struct play *);
		unsigned weight;
	} calls[] = {{"make", make, 3}, {"pair", make_pair, 3}, {"bind", bind_it, 3},
		     {"connect", connect_it, 5}, {"listen", listen_it, 2}, {"accept", accept_it, 4},
		     {"send", send_it, 16}, {"rights", send_rights, 2}, {"recv", recv_it, 16},
		     {"option", option, 3}, {"shut", shut, 1}, {"close", close_it, 3},
		     {"look", look, 2}};
	struct play p = {.y = y, .seed = seed};

	for (int i = 0; i < SOCKETS; i++)
		p.s[i] = -1;
	for (int step = 0; step < STEPS; step++) {
		unsigned at = pick(&p, 63), i = 0;

		while (at >= calls[i].weight)
			at -= calls[i++].weight;
		say(y, "%d %s", step, calls[i].name);
		calls[i].run(&p);
		poll_all(&p);
	}
	for (int i = 0; i < SOCKETS; i++)
		if (p.s[i] >= 0)
			do_close(y, p.s[i]);
	forget(y, "r3");
	forget(y, "r4");
}

int main(int argc, char **argv)
{
	int bad = 0;

	if (argc > 1)
		first = last = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		last = strtoul(argv[2], NULL, 0);
	for (seed = first; seed <= last && !bad; seed++) {
		char name[32];
		const struct same_case c = {name, play, 6, 17};

		snprintf(name, sizeof(name), "seed_%u", seed);
		bad = same_run(&c, 1);
	}
	return bad != 0;
}
