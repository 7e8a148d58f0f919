/*
 * tcp_same.c - runs cases on the host's kernel and on a network of ours, and compares.
 */
#include "tcp_same.h"

#include <linux/sockios.h>
#include <time.h>

void say(struct sys *y, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	y->len += vsnprintf(y->said + y->len, sizeof(y->said) - y->len, fmt, ap);
	va_end(ap);
	if (y->len + 2 > sizeof(y->said))
		abort();
	y->said[y->len++] = '\n';
	y->said[y->len] = 0;
}

long saw(struct sys *y, const char *what, long n)
{
	say(y, "%s: %ld%s%s", what, n < 0 ? -1 : n, n < 0 ? " " : "",
	    n < 0 ? strerrorname_np(-n) : "");
	return n;
}

void settle(struct sys *y, int ms)
{
	if (y->ours)
		sc_net_advance(y->net, ms * INT64_C(1000000));
	else
		usleep(ms * 1000);
}

int set_int(struct sys *y, int s, int level, int name, int v)
{
	return do_setopt(y, s, level, name, &v, sizeof(v));
}

long get_int(struct sys *y, int s, int level, int name)
{
	int v = -12345;
	socklen_t n = sizeof(v);
	int err = do_getopt(y, s, level, name, &v, &n);

	return err < 0 ? err : v;
}

const void *loopback(int family, int port, socklen_t *len)
{
	static struct sockaddr_storage ss;
	const struct sockaddr_in in = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
	const struct sockaddr_in6 in6 = {AF_INET6, htons(port), 0, IN6ADDR_LOOPBACK_INIT, 0};

	*len = family == AF_INET ? sizeof(in) : sizeof(in6);
	memset(&ss, 0, sizeof(ss));
	memcpy(&ss, family == AF_INET ? (const void *)&in : &in6, *len);
	return &ss;
}

int port_of(struct sys *y, int s)
{
	struct sockaddr_in6 a;
	socklen_t n = sizeof(a);

	/* The port lies at the same place in both families. */
	return do_name(y, s, &a, &n) ? -1 : ntohs(a.sin6_port);
}

int new_listener(struct sys *y, int family, int backlog)
{
	socklen_t n;
	const void *a = loopback(family, 0, &n);
	int s = do_socket(y, family);

	if (s < 0 || do_bind(y, s, a, n) || do_listen(y, s, backlog))
		abort();
	return s;
}

int call_port(struct sys *y, int s, int family, int port)
{
	socklen_t n;
	const void *a = loopback(family, port, &n);

	return do_connect(y, s, a, n);
}

struct pair new_pair(struct sys *y, int family)
{
	struct pair p;
	int err;

	p.l = new_listener(y, family, 5);
	p.c = do_socket(y, family);
	err = call_port(y, p.c, family, port_of(y, p.l));
	p.a = do_accept(y, p.l);
	if (err || p.a < 0) {
		fprintf(stderr, "connect %d accept %d\n", err, p.a);
		abort();
	}
	return p;
}

void close_pair(struct sys *y, struct pair *p)
{
	if (p->c >= 0)
		do_close(y, p->c);
	if (p->a >= 0)
		do_close(y, p->a);
	do_close(y, p->l);
}

void say_poll(struct sys *y, const char *what, int s)
{
	static const struct {
		int bit;
		const char *text;
	} names[] = {
		{POLLIN, "IN"}, {POLLPRI, "PRI"}, {POLLOUT, "OUT"}, {POLLERR, "ERR"},
		{POLLHUP, "HUP"}, {POLLNVAL, "NVAL"}, {POLLRDNORM, "RDNORM"},
		{POLLWRNORM, "WRNORM"}, {POLLRDHUP, "RDHUP"},
	};
	struct pollfd p = {s, 0x2fff, 0};
	char text[128] = "";

	settle(y, 2);
	do_poll(y, &p, 1, 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (p.revents & names[i].bit)
			strcat(strcat(text, " "), names[i].text);
	say(y, "%s: poll%s", what, text);
}

void say_queues(struct sys *y, const char *what, int s)
{
	int in = -1, out = -1, nsd = -1, mark = -1, err[4];

	settle(y, 2);
	err[0] = do_ioctl(y, s, SIOCINQ, &in);
	err[1] = do_ioctl(y, s, SIOCOUTQ, &out);
	err[2] = do_ioctl(y, s, SIOCOUTQNSD, &nsd);
	err[3] = do_ioctl(y, s, SIOCATMARK, &mark);
	say(y, "%s: in %d (%d) out %d (%d) not sent %d (%d) mark %d (%d)", what, in, err[0], out,
	    err[1], nsd, err[2], mark, err[3]);
}

void say_error(struct sys *y, const char *what, int s)
{
	long err = get_int(y, s, SOL_SOCKET, SO_ERROR);

	say(y, "%s: SO_ERROR %s", what, err > 0 ? strerrorname_np(err) : err ? "failed" : "0");
}

static void name_text(const struct sockaddr_storage *ss, int err, socklen_t n, char *out)
{
	const struct sockaddr_in *in = (const void *)ss;
	const struct sockaddr_in6 *in6 = (const void *)ss;
	char text[64] = "";

	if (err < 0) {
		strcpy(out, strerrorname_np(-err));
		return;
	}
	inet_ntop(ss->ss_family,
		  ss->ss_family == AF_INET ? (const void *)&in->sin_addr : &in6->sin6_addr, text,
		  sizeof(text));
	sprintf(out, "%s %s (%u)", text, in->sin_port ? "port" : "no port", n);
}

void say_names(struct sys *y, const char *what, int s)
{
	struct sockaddr_storage a, b;
	socklen_t na = sizeof(a), nb = sizeof(b);
	int ea = do_name(y, s, &a, &na), eb = do_peer(y, s, &b, &nb);
	char ta[128], tb[128];

	name_text(&a, ea, na, ta);
	name_text(&b, eb, nb, tb);
	say(y, "%s: name %s, peer %s", what, ta, tb);
}

long got(struct sys *y, const char *what, int s, size_t room, int flags)
{
	char buf[256] = "", control[256];
	struct iovec v = {buf, room};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *h;
	long n;

	if (room >= sizeof(buf))
		abort();
	settle(y, 2);
	n = do_recvmsg(y, s, &m, flags | MSG_DONTWAIT);
	if (n < 0)
		return saw(y, what, n);
	say(y, "%s: %ld '%s' flags %x", what, n, buf, m.msg_flags & ~MSG_DONTWAIT);
	for (h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		int v0;

		memcpy(&v0, CMSG_DATA(h), sizeof(v0));
		say(y, "  control %d/%d, %zu bytes: %d", h->cmsg_level, h->cmsg_type,
		    (size_t)h->cmsg_len, h->cmsg_level == SOL_SOCKET ? 0 : v0);
	}
	return n;
}

/* The first line that differs. */
static void show_difference(const char *name, const char *a, const char *b)
{
	while (*a && *b) {
		size_t na = strcspn(a, "\n"), nb = strcspn(b, "\n");

		if (na != nb || memcmp(a, b, na)) {
			printf("%s:\n  kernel: %.*s\n  ours:   %.*s\n", name, (int)na, a, (int)nb, b);
			return;
		}
		a += na + 1;
		b += nb + 1;
	}
	printf("%s: one said more:\n  kernel: %s\n  ours:   %s\n", name, a, b);
}

int same_run(const struct same_case *c, unsigned n, const char *only)
{
	static struct sys native, ours;
	struct sc_config config = {.size = sizeof(config), .time = SC_TIME_AUTO, .seed = 1};
	int failed = 0;

	for (unsigned i = 0; i < n; i++) {
		struct sc_usage before, after;
		struct sc_host *h;

		if (only && !strstr(c[i].name, only))
			continue;
		memset(&native, 0, sizeof(native));
		memset(&ours, 0, sizeof(ours));
		ours.ours = true;
		ours.net = sc_net_new(&config);
		h = sc_host_new(ours.net, "a");
		sc_net_usage(ours.net, &before);
		ours.task = sc_task_new(h, NULL);
		c[i].run(&native);
		c[i].run(&ours);
		if (only)
			printf("%s", ours.said);
		sc_task_free(ours.task);
		sc_net_usage(ours.net, &after);
		if (after.files) {
			printf("%s: %u sockets are left\n", c[i].name, after.files);
			failed = 1;
		}
		sc_net_free(ours.net);
		if (strcmp(native.said, ours.said)) {
			show_difference(c[i].name, native.said, ours.said);
			failed = 1;
		} else {
			printf("ok %s\n", c[i].name);
		}
	}
	return failed;
}
