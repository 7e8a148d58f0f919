/*
 * hostile_guest.c - calls of programs whose memory is a guest's: three layouts, random
 * words, structures that are half right, memory that ends, and faults now and then.
 *
 * Each run is made twice, with memory that the allocator fills differently: what the
 * guests see must be the same, so that nothing of it is what happened to lie there. At
 * the end nothing is left.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <socketcall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define MUST(x)                                                                            \
	do {                                                                               \
		if (!(x)) {                                                                \
			fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #x); \
			abort();                                                           \
		}                                                                          \
	} while (0)

enum { TASKS = 6, PARKED = 8, FDS = 24, MEMORY = 1 << 16 };
/* Where things lie in a guest's memory. */
enum { BLOCK = 0x100, HEADS = 0x1000, IOVS = 0x2000, CONTROL = 0x3000, NAME = 0x4000, LEN = 0x4100,
       TIME = 0x4200, DATA = 0x8000 };

struct guest {
	uint8_t memory[MEMORY];
	uint32_t seed;
	unsigned fault_one_in; /* 0: never */
	uint8_t fill;
	long blocks;
	uint64_t seen;         /* a hash of all that was written or returned */
	struct sc_net *net;
	struct sc_host *host[2];
	struct sc_task *task[TASKS];
	struct {
		struct sc_parked *call;
		int task;
	} parked[PARKED];
};

static unsigned below(struct guest *g, unsigned n)
{
	g->seed ^= g->seed << 13;
	g->seed ^= g->seed >> 17;
	g->seed ^= g->seed << 5;
	return n ? g->seed % n : 0;
}

static void see(struct guest *g, const void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		g->seen = (g->seen ^ ((const uint8_t *)data)[i]) * UINT64_C(0x100000001b3);
}

static void *allocate(void *ctx, void *ptr, size_t size)
{
	struct guest *g = ctx;
	enum { HEAD = 16 }; /* the size; aligned for any type */
	char *old = ptr ? (char *)ptr - HEAD : NULL, *mem;
	size_t had;

	if (!size) {
		g->blocks -= ptr != NULL;
		free(old);
		return NULL;
	}
	mem = malloc(HEAD + size);
	MUST(mem);
	memset(mem, g->fill, HEAD + size);
	memcpy(mem, &size, sizeof(size));
	if (old) {
		memcpy(&had, old, sizeof(had));
		memcpy(mem + HEAD, ptr, had < size ? had : size);
	}
	g->blocks += ptr == NULL;
	free(old);
	return mem + HEAD;
}

/* How much of it is there. */
static ssize_t there(struct guest *g, uint64_t at, size_t size)
{
	if (at >= MEMORY)
		return -EFAULT;
	if (size > MEMORY - at)
		size = MEMORY - at;
	if (g->fault_one_in && !below(g, g->fault_one_in))
		size = below(g, size);
	return size ? (ssize_t)size : -EFAULT;
}

static ssize_t guest_read(void *ctx, uint64_t at, void *buf, size_t size)
{
	struct guest *g = ctx;
	const ssize_t n = there(g, at, size);

	if (n > 0)
		memcpy(buf, g->memory + at, n);
	return n;
}

static ssize_t guest_write(void *ctx, uint64_t at, const void *buf, size_t size)
{
	struct guest *g = ctx;
	const ssize_t n = there(g, at, size);

	if (n > 0) {
		memcpy(g->memory + at, buf, n);
		see(g, buf, n);
	}
	return n;
}

static void got_signal(void *ctx, int sig)
{
	see(ctx, &sig, sizeof(sig));
}

static enum sc_abi abi_of(int i)
{
	static const enum sc_abi abis[] = {SC_ABI_OWN, SC_ABI_I386, SC_ABI_X86_64};

	return sizeof(long) == 8 ? abis[i % 3] : abis[i % 2];
}

static unsigned word_of(int i)
{
	return abi_of(i) == SC_ABI_I386 ? 4 : sizeof(long);
}

/* Something to begin with: pairs, and a listener that was called. */
static void open_some(struct sc_task *t, int i)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(2000 + i),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int on = 1;
	int sv[2], s;

	MUST(!sc_socketpair(t, AF_UNIX, SOCK_STREAM, 0, sv));
	sc_setsockopt(t, sv[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	MUST(!sc_socketpair(t, AF_UNIX, SOCK_DGRAM, 0, sv));
	s = sc_socket(t, AF_INET, SOCK_STREAM, 0);
	sc_setsockopt(t, s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (s < 0 || sc_bind(t, s, (struct sockaddr *)&a, sizeof(a)) || sc_listen(t, s, 8))
		return; /* what was there before lingers */
	for (int k = 0; k < 4; k++) {
		s = sc_socket(t, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		sc_connect(t, s, (struct sockaddr *)&a, sizeof(a));
	}
}

static void task_begin(struct guest *g, int i)
{
	const struct sc_task_config config = {
		.size = sizeof(config), .park = true, .signal = got_signal, .ctx = g,
		.abi = abi_of(i), .unprivileged = i & 1, .uid = i,
		.memory = {guest_read, guest_write, g},
	};

	g->task[i] = sc_task_new(g->host[i & 1], &config);
	MUST(g->task[i]);
	open_some(g->task[i], i);
}

static uint64_t any_number(struct guest *g)
{
	switch (below(g, 7)) {
	case 0: return below(g, FDS);
	case 1: return below(g, MEMORY);
	case 2: return UINT64_MAX;
	case 3: return UINT64_C(1) << below(g, 64);
	case 4: return -(uint64_t)below(g, 40);
	case 5: return INT_MAX - below(g, 3);
	default: return 0;
	}
}

/* Mostly a small one. */
static uint64_t a_number(struct guest *g, unsigned most)
{
	return below(g, 8) ? below(g, most) : any_number(g);
}

static void put(struct guest *g, unsigned at, const void *data, size_t len)
{
	MUST(at + len <= MEMORY);
	memcpy(g->memory + at, data, len);
}

static unsigned put_word(struct guest *g, unsigned at, uint64_t v, unsigned word)
{
	put(g, at, &v, word); /* the guests are little-endian, as we are */
	return at + word;
}

/* An address that may mean something: its length. */
static unsigned put_name(struct guest *g)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(1022 + below(g, 3))};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(1022 + below(g, 3)),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	inet_pton(AF_INET, below(g, 2) ? "127.0.0.1" : below(g, 2) ? "10.0.0.2" : "224.0.0.9", &in.sin_addr);
	un.sun_path[0] = below(g, 2) ? '/' : 0;
	un.sun_path[1] = 'a' + below(g, 3);
	switch (below(g, 3)) {
	case 0: put(g, NAME, &in, sizeof(in)); return sizeof(in);
	case 1: put(g, NAME, &in6, sizeof(in6)); return sizeof(in6);
	default: put(g, NAME, &un, sizeof(un)); return 2 + below(g, 5);
	}
}

/* A control message with numbers that may be descriptors: bytes of it. */
static uint64_t put_control(struct guest *g, unsigned word)
{
	const uint64_t len = word + 8 + (below(g, 4) ? 4 * below(g, 6) : any_number(g) % 400);
	const int level = below(g, 8) ? SOL_SOCKET : below(g, 2) ? IPPROTO_IP : IPPROTO_IPV6;
	const int type = below(g, 4) ? SCM_RIGHTS : (int)below(g, 60);
	unsigned at = put_word(g, CONTROL, len, word);

	put(g, at, &level, sizeof(level));
	put(g, at + 4, &type, sizeof(type));
	for (int i = 0; i < 6; i++)
		put_word(g, at + 8 + 4 * i, below(g, 6), 4);
	return below(g, 4) ? (len + word - 1) & ~(uint64_t)(word - 1) : a_number(g, 200);
}

static void put_message(struct guest *g, unsigned at, unsigned word)
{
	const unsigned n = below(g, 12) ? below(g, 4) : 1100, name = put_name(g);
	const uint64_t control = below(g, 2) ? put_control(g, word) : 0;
	const uint64_t field[] = {below(g, 3) ? 0 : NAME, name, IOVS, n,
				  control ? CONTROL : 0, control, 0};

	for (unsigned i = 0; i < n && i < 4; i++)
		put_word(g, put_word(g, IOVS + i * 2 * word, DATA + below(g, 0x7000), word),
			 a_number(g, 2000), word);
	for (unsigned i = 0; i < 7; i++)
		at = put_word(g, at, field[i], word);
}

/* Words of a call that may make sense. */
static void make_sense(struct guest *g, int call, unsigned word, uint64_t w[6])
{
	static const int kinds[][2] = {{AF_UNIX, SOCK_STREAM}, {AF_UNIX, SOCK_DGRAM},
				       {AF_UNIX, SOCK_SEQPACKET}, {AF_INET, SOCK_STREAM},
				       {AF_INET, SOCK_DGRAM}, {AF_INET6, SOCK_DGRAM},
				       {AF_NETLINK, SOCK_RAW}};
	static const int levels[] = {SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP,
				     270 /* SOL_NETLINK */};
	const int *kind = kinds[below(g, call == SYS_SOCKETPAIR ? 3 : 7)];
	const unsigned flag = below(g, 2) ? MSG_DONTWAIT : below(g, 4) ? 0 : 1u << below(g, 31);

	w[0] = below(g, below(g, 2) ? 10 : FDS);
	w[1] = HEADS;
	put_word(g, LEN, a_number(g, 300), 4);
	switch (call) {
	case SYS_SOCKET:
	case SYS_SOCKETPAIR:
		w[0] = kind[0];
		w[1] = kind[1] | (below(g, 4) ? 0 : SOCK_NONBLOCK);
		w[2] = 0;
		w[3] = LEN;
		break;
	case SYS_BIND:
	case SYS_CONNECT:
		w[1] = NAME;
		w[2] = put_name(g);
		break;
	case SYS_ACCEPT:
	case SYS_ACCEPT4:
	case SYS_GETSOCKNAME:
	case SYS_GETPEERNAME:
		w[1] = NAME;
		w[2] = LEN;
		w[3] = 0;
		break;
	case SYS_SEND:
	case SYS_SENDTO:
	case SYS_RECV:
	case SYS_RECVFROM:
		w[1] = DATA + below(g, 0x7000);
		w[2] = a_number(g, 3000);
		w[3] = flag;
		w[4] = below(g, 2) ? NAME : 0;
		w[5] = call == SYS_SENDTO ? put_name(g) : LEN;
		break;
	case SYS_SETSOCKOPT:
	case SYS_GETSOCKOPT:
		w[1] = levels[below(g, 6)];
		w[2] = below(g, 80);
		w[3] = DATA;
		w[4] = call == SYS_GETSOCKOPT ? LEN : a_number(g, 64);
		put_word(g, DATA, any_number(g), 8);
		break;
	case SYS_SENDMSG:
	case SYS_RECVMSG:
		put_message(g, HEADS, word);
		w[2] = flag;
		break;
	case SYS_SENDMMSG:
	case SYS_RECVMMSG:
		for (unsigned i = 0; i < 3; i++)
			put_message(g, HEADS + i * (word == 8 ? 64 : 32), word);
		w[2] = a_number(g, 4);
		w[3] = flag;
		w[4] = below(g, 2) ? TIME : 0;
		put_word(g, put_word(g, TIME, below(g, 3), word), a_number(g, 1000), word);
		break;
	default:
		w[1] = a_number(g, 8);
	}
}

static void keep_parked(struct guest *g, int task)
{
	const unsigned i = below(g, PARKED);

	if (g->parked[i].call)
		sc_cancel(g->parked[i].call);
	g->parked[i].call = sc_parked(g->task[task], NULL);
	g->parked[i].task = task;
	MUST(g->parked[i].call);
}

static void one_call(struct guest *g, int task)
{
	const int call = 1 + below(g, 20);
	const unsigned word = word_of(task);
	uint64_t w[6];
	long ret;

	for (int i = 0; i < 6; i++)
		w[i] = any_number(g);
	if (below(g, 8))
		make_sense(g, call, word, w);
	if (below(g, 2)) {
		for (int i = 0; i < 6; i++)
			put_word(g, BLOCK + i * word, w[i], word);
		ret = sc_socketcall(g->task[task], below(g, 50) ? call : (int)any_number(g), BLOCK);
	} else {
		ret = sc_call(g->task[task], call, w);
	}
	see(g, &ret, sizeof(ret));
	if (ret == SC_PARKED)
		keep_parked(g, task);
}

static void task_anew(struct guest *g, int task)
{
	for (int i = 0; i < PARKED; i++)
		if (g->parked[i].call && g->parked[i].task == task)
			g->parked[i].call = NULL; /* goes with it */
	sc_task_free(g->task[task]);
	task_begin(g, task);
}

static void step(struct guest *g)
{
	const int task = below(g, TASKS);
	const unsigned i = below(g, PARKED);

	g->fault_one_in = below(g, 3) ? 0 : 2 + below(g, 20);
	one_call(g, task);
	if (g->parked[i].call && below(g, 2)) {
		const long ret = below(g, 4) ? sc_resume(g->parked[i].call)
					     : sc_cancel(g->parked[i].call);

		see(g, &ret, sizeof(ret));
		if (ret != SC_PARKED)
			g->parked[i].call = NULL;
	}
	if (!below(g, 10))
		sc_close(g->task[task], below(g, FDS));
	if (!below(g, 200))
		sc_host_set_up(g->host[1], below(g, 2));
	if (!below(g, 50))
		sc_net_advance(g->net, (int64_t)below(g, 1000) << below(g, 30));
	if (!below(g, 200))
		task_anew(g, task);
}

static uint64_t run(uint32_t seed, unsigned steps, uint8_t fill)
{
	static struct guest guest;
	struct guest *g = &guest;
	const struct sc_config config = {
		.size = sizeof(config), .time = SC_TIME_VIRTUAL, .alloc = allocate, .alloc_ctx = g,
		.limits = {.files = 300, .files_per_task = 32, .in_flight = 30, .backlog = 8,
			   .memory = 64 << 20},
	};
	struct sc_usage usage;

	memset(g, 0, sizeof(*g));
	g->seed = seed * 2654435761u | 1;
	g->fill = fill;
	g->net = sc_net_new(&config);
	for (int i = 0; i < 2; i++)
		g->host[i] = sc_host_new(g->net, "guests");
	MUST(!sc_host_add_address(g->host[0], "10.0.0.1/24"));
	MUST(!sc_host_add_address(g->host[1], "10.0.0.2/24"));
	for (int i = 0; i < TASKS; i++)
		task_begin(g, i);
	while (steps--)
		step(g);
	g->fault_one_in = 0;
	for (int i = 0; i < TASKS; i++)
		sc_task_free(g->task[i]);
	sc_net_advance(g->net, INT64_C(3000) * 1000000000);
	sc_net_usage(g->net, &usage);
	MUST(usage.files == 0 && usage.in_flight == 0 && usage.tasks == 0);
	sc_net_free(g->net);
	MUST(g->blocks == 0);
	return g->seen;
}

int main(int argc, char **argv)
{
	const uint32_t first = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	const uint32_t runs = argc > 2 ? strtoul(argv[2], NULL, 0) : 20;

	for (uint32_t seed = first; seed < first + runs; seed++) {
		if (run(seed, 5000, 0) != run(seed, 5000, 0xa5)) {
			fprintf(stderr, "seed %u: what guests see depends on what memory held\n", seed);
			return 1;
		}
	}
	return 0;
}
