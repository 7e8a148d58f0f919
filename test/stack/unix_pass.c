/*
 * unix_pass.c - descriptors and credentials in messages, as on the host.
 */
#include "unix_same.h"

#include <sched.h>
#include <time.h>

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

static void set_int(struct sys *y, int s, int option, int v)
{
	do_setopt(y, s, option, &v, sizeof(v));
}

/* ------------------------------------------------------------- what is sent, received */

struct out {
	_Alignas(struct cmsghdr) char control[4096];
	size_t used;
};

static void add(struct out *o, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *h = (struct cmsghdr *)(o->control + o->used);

	memset(h, 0, CMSG_SPACE(len));
	h->cmsg_level = level;
	h->cmsg_type = type;
	h->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(h), data, len);
	o->used += CMSG_SPACE(len);
}

static void add_fds(struct out *o, const int *fd, int n)
{
	add(o, SOL_SOCKET, SCM_RIGHTS, fd, n * sizeof(int));
}

static long put(struct sys *y, int s, const char *data, struct out *o, int flags)
{
	struct iovec v = {(void *)data, strlen(data)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = o->control,
			   .msg_controllen = o->used};

	return do_sendmsg(y, s, &m, flags);
}

static long put_fd(struct sys *y, int s, const char *data, int fd)
{
	struct out o = {.used = 0};

	add_fds(&o, &fd, 1);
	return put(y, s, data, &o, MSG_DONTWAIT);
}

static long put_creds(struct sys *y, int s, const char *data, int pid, int uid, int gid)
{
	const struct ucred c = {pid, uid, gid};
	struct out o = {.used = 0};

	add(&o, SOL_SOCKET, SCM_CREDENTIALS, &c, sizeof(c));
	return put(y, s, data, &o, MSG_DONTWAIT);
}

/* Reads with so much room for control messages, and says what came. Up to three
 * descriptors are kept in fd, the rest is closed. Returns how many came. */
static int take(struct sys *y, const char *what, int s, size_t n, size_t room, int flags, int fd[3])
{
	char data[64] = {0};
	_Alignas(struct cmsghdr) char control[4096];
	struct iovec v = {data, n};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = room};
	long r = do_recvmsg(y, s, &m, flags | MSG_DONTWAIT);
	int fds = 0;

	say(y, "%s: %ld %s, flags %x, control %zu", what, r < 0 ? -1 : r,
	    r < 0 ? strerrorname_np(-r) : data, (unsigned)m.msg_flags,
	    r < 0 ? 0 : (size_t)m.msg_controllen);
	if (r < 0)
		return 0;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		const size_t len = h->cmsg_len - CMSG_LEN(0);

		if (h->cmsg_type == SCM_CREDENTIALS && len == sizeof(struct ucred)) {
			struct ucred c;

			memcpy(&c, CMSG_DATA(h), len);
			say(y, "  from %s %d %d", c.pid == getpid() ? "me" : c.pid ? "another" : "nobody",
			    c.uid == geteuid() ? 0 : (int)c.uid, c.gid == getegid() ? 0 : (int)c.gid);
		} else if (h->cmsg_type == SCM_RIGHTS) {
			say(y, "  %zu descriptors", len / sizeof(int));
			for (size_t i = 0; i < len / sizeof(int); i++, fds++) {
				int got;

				memcpy(&got, CMSG_DATA(h) + i * sizeof(int), sizeof(got));
				if (fd && fds < 3)
					fd[fds] = got;
				else
					do_close(y, got);
			}
		} else {
			say(y, "  type %d, %zu bytes", h->cmsg_type, len);
		}
	}
	return fds;
}

enum { ROOM = 2048 };

/* -------------------------------------------------------------------------- rights */

static void rights_errors(struct sys *y, int type)
{
	int s[2], fds[300], one, bad = 900;
	struct out o;

	do_pair(y, type, s);
	for (int i = 0; i < 300; i++)
		fds[i] = s[0];
	static const int counts[] = {0, 1, 2, 253, 254, 300};
	for (int i = 0; i < 6; i++) {
		o.used = 0;
		add_fds(&o, fds, counts[i]);
		say(y, "%d", counts[i]);
		saw(y, "send", put(y, s[0], "a", &o, 0));
		take(y, "recv", s[1], 9, ROOM, 0, NULL);
	}
	o.used = 0;
	add_fds(&o, fds, 100);
	add_fds(&o, fds, 153);
	saw(y, "two", put(y, s[0], "a", &o, 0));
	take(y, "recv", s[1], 9, ROOM, 0, NULL);
	add_fds(&o, fds, 1);
	saw(y, "three", put(y, s[0], "a", &o, 0));
	o.used = 0;
	add_fds(&o, (int[]){s[0], bad}, 2);
	saw(y, "bad", put(y, s[0], "a", &o, 0));
	saw(y, "none", put_fd(y, s[0], "a", -1));
	o.used = 0;
	add(&o, SOL_SOCKET, SCM_RIGHTS, fds, 6);
	saw(y, "odd", put(y, s[0], "a", &o, 0));
	take(y, "recv", s[1], 9, ROOM, 0, NULL);
	o.used = 0;
	add(&o, SOL_SOCKET, 77, fds, 4);
	saw(y, "unknown", put(y, s[0], "a", &o, 0));
	o.used = 0;
	add(&o, 41, 77, fds, 4);
	saw(y, "other level", put(y, s[0], "a", &o, 0));
	take(y, "recv", s[1], 9, ROOM, 0, NULL);
	o.used = 0;
	add_fds(&o, fds, 1);
	((struct cmsghdr *)o.control)->cmsg_len = 8;
	saw(y, "short header", put(y, s[0], "a", &o, 0));
	((struct cmsghdr *)o.control)->cmsg_len = 800;
	saw(y, "long header", put(y, s[0], "a", &o, 0));
	o.used = 0;
	add_fds(&o, fds, 1);
	o.used += 5;
	if (sizeof(long) == 8) { /* to a 32-bit program a 64-bit kernel says EINVAL, its own not */
		saw(y, "rest", put(y, s[0], "a", &o, 0));
		take(y, "recv", s[1], 9, ROOM, 0, NULL);
	}
	saw(y, "empty", put_fd(y, s[0], "", s[0]));
	take(y, "recv", s[1], 9, ROOM, 0, NULL);
	set_int(y, s[1], SO_PASSRIGHTS, 0);
	saw(y, "not taken", put_fd(y, s[0], "a", s[0]));
	saw(y, "plain", do_send(y, s[0], "a", 1, 0));
	set_int(y, s[1], SO_PASSRIGHTS, 1);
	saw(y, "taken", put_fd(y, s[0], "a", s[0]));
	one = do_socket(y, type);
	saw(y, "unconnected", put_fd(y, one, "a", 900));
	saw(y, "unconnected", put_fd(y, one, "a", s[0]));
}

static void rights_errors_stream(struct sys *y) { rights_errors(y, SOCK_STREAM); }
static void rights_errors_dgram(struct sys *y) { rights_errors(y, SOCK_DGRAM); }
static void rights_errors_seqpacket(struct sys *y) { rights_errors(y, SOCK_SEQPACKET); }

static void rights_room(struct sys *y)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	for (int t = 0; t < 3; t++) {
		int s[2], p[2];

		do_pair(y, types[t], s);
		do_pair(y, SOCK_STREAM, p);
		set_int(y, s[1], SO_PASSCRED, t == 1);
		for (size_t room = 0; room < 80; room += room < 40 ? 1 : 4) {
			struct out o = {.used = 0};
			int fd[3] = {-1, -1, -1}, n;

			add_fds(&o, (int[]){p[0], p[1], p[0]}, 3);
			put(y, s[0], "a", &o, 0);
			say(y, "room %zu", room);
			n = take(y, "recv", s[1], 9, room, 0, fd);
			for (int i = 0; i < n && i < 3; i++)
				do_close(y, fd[i]);
		}
		/* Nobody but us has p[1] after all that. */
		do_close(y, p[1]);
		say_poll(y, "alone", p[0]);
		put_fd(y, s[0], "b", p[0]);
		got(y, "plain recv", s[1], 9, 0);
		do_close(y, p[0]);
	}
}

static void rights_work(struct sys *y)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	for (int t = 0; t < 3; t++) {
		int s[2], p[2], fd[3], dup[3];

		do_pair(y, types[t], s);
		do_pair(y, SOCK_STREAM, p);
		put_fd(y, s[0], "x", p[0]);
		do_close(y, p[0]);
		say_poll(y, "under way", p[1]);
		take(y, "peek", s[1], 9, ROOM, MSG_PEEK, dup);
		take(y, "recv", s[1], 9, ROOM, MSG_CMSG_CLOEXEC, fd);
		say(y, "cloexec %d %d", do_fcntl(y, dup[0], F_GETFD, 0), do_fcntl(y, fd[0], F_GETFD, 0));
		saw(y, "send", do_send(y, dup[0], "through", 7, 0));
		do_close(y, dup[0]);
		got(y, "through", p[1], 9, 0);
		say_poll(y, "one left", p[1]);
		do_close(y, fd[0]);
		say_poll(y, "none left", p[1]);
		do_close(y, p[1]);
		/* Thrown away unread, with the queue and by shutting it. */
		do_pair(y, SOCK_STREAM, p);
		put_fd(y, s[0], "x", p[0]);
		do_close(y, p[0]);
		say_poll(y, "under way", p[1]);
		do_close(y, s[1]);
		say_poll(y, "thrown away", p[1]);
		do_close(y, s[0]);
		do_close(y, p[1]);
	}
}

/* Where a stream's receiver must stop. */
static void rights_in_stream(struct sys *y)
{
	static char big[60000];
	int s[2], one = 1;
	struct out o = {.used = 0};
	char *buf = malloc(sizeof(big));
	struct iovec v = {buf, sizeof(big)};
	_Alignas(struct cmsghdr) char control[64];
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};

	do_pair(y, SOCK_STREAM, s);
	do_send(y, s[0], "ab", 2, 0);
	put_fd(y, s[0], "cd", s[0]);
	do_send(y, s[0], "ef", 2, 0);
	put_fd(y, s[0], "gh", s[0]);
	put_fd(y, s[0], "ij", s[0]);
	take(y, "peek", s[1], 20, ROOM, MSG_PEEK, NULL);
	take(y, "recv", s[1], 20, ROOM, 0, NULL);
	take(y, "recv", s[1], 3, ROOM, 0, NULL);
	take(y, "recv", s[1], 20, ROOM, 0, NULL);
	take(y, "recv", s[1], 20, ROOM, 0, NULL);
	put_fd(y, s[0], "abcd", s[0]);
	do_send(y, s[0], "ef", 2, 0);
	take(y, "nothing", s[1], 0, ROOM, 0, NULL);
	take(y, "part", s[1], 2, ROOM, 0, NULL);
	take(y, "rest", s[1], 20, ROOM, 0, NULL);
	put_fd(y, s[0], "abcd", s[0]);
	take(y, "part", s[1], 2, ROOM, MSG_WAITALL, NULL);
	take(y, "rest", s[1], 20, ROOM, MSG_WAITALL, NULL);
	put_fd(y, s[0], "abcd", s[0]);
	take(y, "all", s[1], 20, ROOM, MSG_WAITALL, NULL);
	do_setopt(y, s[1], SO_PEEK_OFF, &(int){0}, sizeof(int));
	do_send(y, s[0], "ab", 2, 0);
	put_fd(y, s[0], "cd", s[0]);
	do_send(y, s[0], "ef", 2, 0);
	for (int i = 0; i < 4; i++)
		take(y, "peek", s[1], 3, ROOM, MSG_PEEK, NULL);
	take(y, "recv", s[1], 20, ROOM, 0, NULL);
	take(y, "recv", s[1], 20, ROOM, 0, NULL);
	/* Descriptors go with the first buffer of a long send. */
	add_fds(&o, s, 1);
	m.msg_control = o.control;
	m.msg_controllen = o.used;
	saw(y, "long", do_sendmsg(y, s[0], &m, 0));
	m.msg_control = control;
	m.msg_controllen = sizeof(control);
	saw(y, "first", do_recvmsg(y, s[1], &m, 0));
	say(y, "control %zu", (size_t)m.msg_controllen);
	m.msg_controllen = sizeof(control);
	saw(y, "second", do_recvmsg(y, s[1], &m, 0));
	say(y, "control %zu", (size_t)m.msg_controllen);
	/* With urgent bytes. */
	o.used = 0;
	add_fds(&o, s, 1);
	saw(y, "urgent", put(y, s[0], "abc", &o, MSG_OOB));
	take(y, "recv", s[1], 20, ROOM, 0, NULL);
	take(y, "urgent", s[1], 1, ROOM, MSG_OOB, NULL);
	saw(y, "urgent", put(y, s[0], "c", &o, MSG_OOB));
	take(y, "urgent", s[1], 1, ROOM, MSG_OOB, NULL);
	do_send(y, s[0], "d", 1, 0);
	take(y, "recv", s[1], 20, ROOM, 0, NULL);
	set_int(y, s[1], SO_OOBINLINE, one);
	saw(y, "urgent", put(y, s[0], "abc", &o, MSG_OOB));
	take(y, "recv", s[1], 20, ROOM, 0, NULL);
	take(y, "recv", s[1], 20, ROOM, 0, NULL);
	saw(y, "urgent", put(y, s[0], "c", &o, MSG_OOB));
	take(y, "recv", s[1], 20, ROOM, 0, NULL);
	free(buf);
}

/* ----------------------------------------------------------------------- credentials */

static void creds_sent(struct sys *y)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
	const int me = getpid(), u = geteuid(), g = getegid();

	for (int t = 0; t < 3; t++) {
		int s[2];
		struct out o = {.used = 0};

		do_pair(y, types[t], s);
		do_send(y, s[0], "before", 6, 0);
		set_int(y, s[1], SO_PASSCRED, 1);
		do_send(y, s[0], "after", 5, 0);
		take(y, "nobody", s[1], 20, ROOM, 0, NULL);
		take(y, "added", s[1], 20, ROOM, 0, NULL);
		saw(y, "own", put_creds(y, s[0], "own", me, u, g));
		take(y, "own", s[1], 20, ROOM, 0, NULL);
		saw(y, "no pid", put_creds(y, s[0], "x", 0, u, g));
		saw(y, "no such", put_creds(y, s[0], "x", 0x3ffffff, u, g));
		saw(y, "no uid", put_creds(y, s[0], "x", me, -1, g));
		saw(y, "no gid", put_creds(y, s[0], "x", me, u, -1));
		saw(y, "other uid", put_creds(y, s[0], "x", me, 4711, g));
		take(y, "other uid", s[1], 20, ROOM, 0, NULL);
		add(&o, SOL_SOCKET, SCM_CREDENTIALS, "", 1);
		saw(y, "short", put(y, s[0], "x", &o, 0));
		set_int(y, s[1], SO_PASSCRED, 0);
		put_creds(y, s[0], "x", me, u, g);
		take(y, "not wanted", s[1], 20, ROOM, 0, NULL);
		set_int(y, s[1], SO_PASSCRED, 1);
		do_send(y, s[0], "x", 1, 0);
		take(y, "no room", s[1], 20, 0, 0, NULL);
		do_send(y, s[0], "x", 1, 0);
		take(y, "little room", s[1], 20, 20, 0, NULL);
		take(y, "none", s[1], 20, ROOM, 0, NULL);
		do_close(y, s[0]);
		take(y, "end", s[1], 20, ROOM, 0, NULL);
	}
}

static void creds_in_stream(struct sys *y)
{
	const int me = getpid(), u = geteuid(), g = getegid();
	int s[2];

	do_pair(y, SOCK_STREAM, s);
	do_send(y, s[0], "a", 1, 0);
	put_creds(y, s[0], "b", me, u, g);
	put_creds(y, s[0], "c", me, u, g);
	do_send(y, s[0], "d", 1, 0);
	set_int(y, s[1], SO_PASSCRED, 1);
	do_send(y, s[0], "e", 1, 0);
	put_creds(y, s[0], "f", me, u, g);
	take(y, "peek", s[1], 20, ROOM, MSG_PEEK, NULL);
	take(y, "recv", s[1], 20, ROOM, 0, NULL);
	take(y, "recv", s[1], 1, ROOM, 0, NULL);
	take(y, "recv", s[1], 20, ROOM, MSG_WAITALL, NULL);
	take(y, "peek", s[1], 20, ROOM, MSG_PEEK, NULL);
	take(y, "recv", s[1], 20, ROOM, 0, NULL);
	take(y, "recv", s[1], 20, ROOM, 0, NULL);
	set_int(y, s[1], SO_PASSCRED, 0);
	do_send(y, s[0], "a", 1, 0);
	put_creds(y, s[0], "b", me, u, g);
	do_send(y, s[0], "c", 1, 0);
	take(y, "glued", s[1], 20, ROOM, 0, NULL);
	/* Who sends with SO_PASSCRED says who it is. */
	set_int(y, s[0], SO_PASSCRED, 1);
	do_send(y, s[0], "a", 1, 0);
	set_int(y, s[1], SO_PASSCRED, 1);
	take(y, "recv", s[1], 20, ROOM, 0, NULL);
}

static void creds_and_names(struct sys *y)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
	struct sockaddr_un a, b;
	socklen_t n, nb;

	for (int t = 0; t < 3; t++) {
		int l = bound(y, types[t], "@cn"), s = do_socket(y, types[t]), one = -1;

		if (types[t] != SOCK_DGRAM)
			do_listen(y, l, 3);
		set_int(y, s, SO_PASSCRED, 1);
		saw(y, "connect", to_name(y, s, "@cn"));
		n = sizeof(a);
		do_name(y, s, &a, &n);
		say(y, "name of %u", (unsigned)n);
		do_close(y, s);
		s = do_socket(y, types[t]);
		nb = name_of(&b, "@cn");
		set_int(y, s, SO_PASSCRED, 1);
		if (types[t] == SOCK_DGRAM)
			saw(y, "sendto", do_sendto(y, s, "a", 1, 0, &b, nb));
		else
			do_send(y, s, "a", 1, 0);
		n = sizeof(a);
		do_name(y, s, &a, &n);
		say(y, "name of %u", (unsigned)n);
		do_close(y, s);
		/* The listener's wish is that of its connections. */
		if (types[t] != SOCK_DGRAM) {
			set_int(y, l, SO_PASSCRED, 1);
			set_int(y, l, SO_SNDBUF, 5000);
			s = do_socket(y, types[t]);
			to_name(y, s, "@cn");
			do_send(y, s, "early", 5, 0);
			set_int(y, l, SO_PASSCRED, 0);
			do_close(y, do_accept(y, l, NULL, NULL));
			l = do_accept(y, l, NULL, NULL);
			do_getopt(y, l, SO_PASSCRED, &one, &(socklen_t){4});
			say(y, "passcred %d", one);
			do_getopt(y, l, SO_SNDBUF, &one, &(socklen_t){4});
			say(y, "sndbuf %d", one);
			take(y, "recv", l, 20, ROOM, 0, NULL);
		}
		do_close(y, l);
	}
}

/* -------------------------------------------------------------------------- cycles */

/* The kernel's collector runs when a socket is released, a little later. */
static void say_ended(struct sys *y, const char *what, int s)
{
	struct pollfd p = {.fd = s, .events = POLLRDHUP};

	if (!y->task)
		close(socket(AF_UNIX, SOCK_STREAM, 0));
	say(y, "%s: %s", what, do_poll(y, &p, 1, y->task ? 0 : 2000) > 0 ? "ended" : "lives");
}

/* Something that tells, when its other end is released: the end stays with us. */
static int witness(struct sys *y, int into, const char *data)
{
	int p[2];

	do_pair(y, SOCK_STREAM, p);
	if (put_fd(y, into, data, p[0]) < 0)
		say(y, "witness was not sent");
	do_close(y, p[0]);
	return p[1];
}

static void cycles(struct sys *y)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	for (int t = 0; t < 3; t++) {
		int s[2], p[2], w, v;

		/* In its own queue. */
		do_pair(y, types[t], s);
		put_fd(y, s[0], "a", s[1]);
		w = witness(y, s[0], "w");
		do_close(y, s[1]);
		do_close(y, s[0]);
		say_ended(y, "own queue", w);
		/* Each in the other's. */
		do_pair(y, types[t], s);
		do_pair(y, types[t], p);
		put_fd(y, s[0], "a", p[1]);
		put_fd(y, p[0], "b", s[1]);
		w = witness(y, s[0], "w");
		v = witness(y, p[0], "w");
		do_close(y, s[1]);
		do_close(y, p[1]);
		do_close(y, s[0]);
		do_close(y, p[0]);
		say_ended(y, "each other", w);
		say_ended(y, "each other", v);
		/* A descriptor of one of them is left, then none. */
		do_pair(y, types[t], s);
		do_pair(y, types[t], p);
		put_fd(y, s[0], "a", p[1]);
		put_fd(y, p[0], "b", s[1]);
		w = witness(y, s[0], "w");
		do_close(y, s[1]);
		v = do_dup(y, p[1]);
		do_close(y, p[1]);
		do_close(y, s[0]);
		do_close(y, p[0]);
		take(y, "reachable", v, 9, ROOM, MSG_PEEK, NULL);
		do_close(y, v);
		say_ended(y, "last one", w);
	}
}

static void cycles_not_accepted(struct sys *y)
{
	static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET};

	for (int t = 0; t < 2; t++) {
		int l = listening(y, types[t], "@cy", 5), c = do_socket(y, types[t]), w;

		/* The listener waits in the queue of a connection that waits for it. */
		to_name(y, c, "@cy");
		put_fd(y, c, "l", l);
		w = witness(y, c, "w");
		do_close(y, l);
		say(y, "connected");
		do_close(y, c);
		say_ended(y, "listener", w);
		/* And the client, too. */
		l = listening(y, types[t], "@cz", 5);
		c = do_socket(y, types[t]);
		to_name(y, c, "@cz");
		put_fd(y, c, "l", l);
		put_fd(y, c, "c", c);
		w = witness(y, c, "w");
		do_close(y, l);
		do_close(y, c);
		say_ended(y, "both", w);
	}
}

/* A message that nobody needs any more was the last thing outside that held a ring. */
static void cycle_by_message(struct sys *y)
{
	int s[2], p[2], w;

	do_pair(y, SOCK_DGRAM, s);
	do_pair(y, SOCK_DGRAM, p);
	put_fd(y, s[0], "a", s[1]);
	w = witness(y, s[0], "w");
	put_fd(y, p[0], "s", s[1]);
	do_close(y, s[0]);
	do_close(y, s[1]);
	got(y, "none", p[0], 1, 0);
	do_close(y, p[1]);
	say_ended(y, "ring", w);
	do_close(y, p[0]);
}

#define CASE(f, major, minor) {#f, f, major, minor}
static const struct same_case cases[] = {
	CASE(rights_errors_stream, 6, 16), CASE(rights_errors_dgram, 6, 16),
	CASE(rights_errors_seqpacket, 6, 16), CASE(rights_room, 0, 0), CASE(rights_work, 0, 0),
	CASE(rights_in_stream, 6, 17), CASE(creds_sent, 0, 0), CASE(creds_in_stream, 0, 0),
	CASE(creds_and_names, 6, 16), CASE(cycles, 0, 0), CASE(cycles_not_accepted, 6, 10),
	CASE(cycle_by_message, 0, 0),
};

int main(void)
{
	return same_run(cases, sizeof(cases) / sizeof(cases[0])) != 0;
}
