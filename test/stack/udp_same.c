/*
 * udp_same.c - runs cases on the host's kernel and on a network of ours, and compares.
 */
#include "udp_same.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static int namespaces[2] = {-1, -1};

void enter_host(struct sys *y, int which)
{
	y->on = which;
	if (!y->ours && setns(y->ns[which], CLONE_NEWNET))
		abort();
}

static void say_stamp(struct sys *y, const struct cmsghdr *h)
{
	/* Only that it is one: times differ. */
	say(y, "  stamp %d, %zu bytes", h->cmsg_type, h->cmsg_len - CMSG_LEN(0));
}

static void say_extended(struct sys *y, const struct cmsghdr *h)
{
	struct sock_extended_err ee;
	struct sockaddr_storage a = {0};
	size_t len = h->cmsg_len - CMSG_LEN(sizeof(ee));
	char text[128];

	memcpy(&ee, CMSG_DATA(h), sizeof(ee));
	memcpy(&a, CMSG_DATA(h) + sizeof(ee), len);
	say(y, "  error %s origin %d type %d code %d info %u data %u, %zu bytes, by %s",
	    strerrorname_np(ee.ee_errno), ee.ee_origin, ee.ee_type, ee.ee_code, ee.ee_info,
	    ee.ee_data, len, address_text(&a, len, text, sizeof(text)));
}

static void say_control(struct sys *y, const struct cmsghdr *h)
{
	const unsigned char *d = CMSG_DATA(h);
	size_t len = h->cmsg_len - CMSG_LEN(0);
	char text[1024];
	size_t n = 0;

	if (h->cmsg_level == SOL_SOCKET && h->cmsg_type != SO_RXQ_OVFL) {
		say_stamp(y, h);
		return;
	}
	if ((h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_RECVERR) ||
	    (h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_RECVERR)) {
		say_extended(y, h);
		return;
	}
	for (size_t i = 0; i < len && n < sizeof(text) - 4; i++)
		n += sprintf(text + n, "%02x", d[i]);
	text[n] = 0;
	say(y, "  control %d/%d: %s", h->cmsg_level, h->cmsg_type, text);
}

long got(struct sys *y, const char *what, int s, size_t room, int flags)
{
	static char buf[70000];
	char control[512], text[128];
	struct sockaddr_storage from;
	struct iovec v = {buf, room};
	struct msghdr m = {&from, sizeof(from), &v, 1, control, sizeof(control), 0};
	long r;

	memset(buf, 0, 256);
	r = do_recvmsg(y, s, &m, flags | MSG_DONTWAIT);
	if (r < 0) {
		say(y, "%s: %s", what, strerrorname_np(-r));
		return r;
	}
	say(y, "%s: %ld bytes '%.64s' from %s%s%s%s", what, r, buf,
	    address_text(&from, m.msg_namelen, text, sizeof(text)),
	    m.msg_flags & MSG_TRUNC ? " TRUNC" : "", m.msg_flags & MSG_CTRUNC ? " CTRUNC" : "",
	    m.msg_flags & MSG_ERRQUEUE ? " ERRQUEUE" : "");
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		say_control(y, h);
	return r;
}

/* A namespace of its own, open as a descriptor; *pid is a process that is in it. */
static int new_namespace(pid_t *pid)
{
	char path[64];
	int ready[2], ns;
	char byte;

	if (pipe(ready))
		return -1;
	*pid = fork();
	if (*pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	ns = read(ready[0], &byte, 1) == 1 ? 0 : -1;
	close(ready[0]);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)*pid);
	return ns < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
}

/* Two hosts on a link, as ours have it. */
static bool make_hosts(void)
{
	pid_t pid[2];
	char command[2048];
	bool ok;

	for (int i = 0; i < 2; i++)
		namespaces[i] = new_namespace(&pid[i]);
	if (namespaces[0] < 0 || namespaces[1] < 0)
		return false;
	snprintf(command, sizeof(command),
		 "set -e\n"
		 "a='nsenter -t %d -n' b='nsenter -t %d -n'\n"
		 "for n in \"$a\" \"$b\"; do\n"
		 "$n sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 "
		 "net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0\n"
		 "$n ip link set lo up\n"
		 "done\n"
		 "$a ip link add eth0 index 2 address 02:00:00:00:00:01 type veth peer name eth0 "
		 "index 2 address 02:00:00:00:00:02 netns %d\n"
		 "$a ip addr add 10.0.0.1/24 brd + dev eth0\n"
		 "$b ip addr add 10.0.0.2/24 brd + dev eth0\n"
		 "$a ip addr add fd00::1/64 dev eth0 nodad\n"
		 "$b ip addr add fd00::2/64 dev eth0 nodad\n"
		 "$a ip link set eth0 up\n"
		 "$b ip link set eth0 up\n"
		 "for n in \"$a\" \"$b\"; do $n ip route add 224.0.0.0/4 dev eth0; "
		 "$n ip route add 255.255.255.255 dev eth0; done\n"
		 "sleep 1\n"
		 "$a ping -qc1 -W1 10.0.0.2 >/dev/null 2>&1 || true\n"
		 "$a ping -qc1 -W1 fd00::2 >/dev/null 2>&1 || true\n",
		 (int)pid[0], (int)pid[1], (int)pid[1]);
	ok = system(command) == 0;
	for (int i = 0; i < 2; i++) {
		/* The descriptor keeps it; the process may go. */
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	return ok;
}

static void on_ours(const struct same_case *c, struct sys *y)
{
	static const char *const names[] = {"a", "b"};
	static const char *const ip4[] = {"10.0.0.1/24", "10.0.0.2/24"};
	static const char *const ip6[] = {"fd00::1/64", "fd00::2/64"};
	struct sc_usage usage;

	y->ours = true;
	y->net = sc_net_new(NULL);
	for (int i = 0; i < 2; i++) {
		y->host[i] = sc_host_new(y->net, names[i]);
		if (sc_host_add_address(y->host[i], ip4[i]) ||
		    sc_host_add_address(y->host[i], ip6[i]))
			abort();
		y->task[i] = sc_task_new(y->host[i], NULL);
	}
	c->run(y);
	for (int i = 0; i < 2; i++)
		sc_task_free(y->task[i]);
	sc_net_usage(y->net, &usage);
	if (usage.files || usage.in_flight)
		say(y, "left: %u files, %u in flight", usage.files, usage.in_flight);
	sc_net_free(y->net);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

static void print_differences(const struct same_case *c, const char *theirs, const char *ours)
{
	char dir[] = "/tmp/udp_same.XXXXXX", command[128];

	printf("== %s: the kernel (-), ours (+)\n", c->name);
	fflush(stdout);
	if (!mkdtemp(dir) || chdir(dir))
		return;
	write_text("kernel", theirs);
	write_text("ours", ours);
	snprintf(command, sizeof(command), "diff -U6 kernel ours | tail -n +3; rm -r %s", dir);
	if (system(command))
		printf("cannot compare\n");
}

static bool differs(const struct same_case *c)
{
	static struct sys theirs, ours;

	memset(&theirs, 0, sizeof(theirs));
	memset(&ours, 0, sizeof(ours));
	memcpy(theirs.ns, namespaces, sizeof(namespaces));
	on_ours(c, &ours);
	if (namespaces[0] < 0)
		return false;
	c->run(&theirs);
	if (!strcmp(ours.said, theirs.said))
		return false;
	print_differences(c, theirs.said, ours.said);
	return true;
}

int same_run(const struct same_case *c, size_t n)
{
	int bad = 0, first;

	signal(SIGPIPE, SIG_IGN);
	if (!make_hosts()) {
		printf("no network namespaces here: our own side only\n");
		namespaces[0] = -1;
	}
	first = dup(0);
	close(first);
	for (size_t i = 0; i < n; i++) {
		bad += differs(&c[i]);
		for (int fd = first; fd < 1024; fd++)
			close(fd); /* what a case left */
	}
	printf("%zu cases, %d differ\n", n, bad);
	return bad;
}
