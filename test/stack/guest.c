/*
 * guest.c - the library as an emulator has it: two i386 programs, each with memory of its
 * own behind functions, whose socketcall() traps here. A call that waits is parked, and
 * the program goes on when it is over; one thread runs both.
 *
 * The programs are tables of what they do, as an interpreter sees it: the argument block
 * and all it points to lie in guest memory, in words of four bytes.
 */
#include <errno.h>
#include <socketcall.h>
#include <stdio.h>
#include <string.h>

enum { BASE = 0x08048000, SIZE = 1 << 16 }; /* what is mapped of a guest's 4 GiB */

struct guest {
	const char *name;
	struct sc_task *task;
	const struct step *steps; /* the program; ends with a step without a call */
	int at;
	long fd[4];               /* its variables */
	struct sc_parked *parked; /* the call it is in; NULL: it can run */
	struct guest *next;       /* of the run queue */
	bool queued;
	unsigned parks;
	uint8_t memory[SIZE];
};

/* A call: words that are addresses are relative to BASE; VAR + n is a variable's value. */
enum { VAR = 0x70000000, BLOCK = 0xf000 };
struct step {
	int call;
	uint32_t words[6];
	int to;          /* the variable that gets the result, -1: none */
	long expect;     /* if there is none */
	const char *in;  /* what must then be at in_at */
	uint32_t in_at;
};

static struct guest *queue;
static int bad;

/* ---- memory: the bytes moved before the first fault, or -EFAULT ---- */

static ssize_t reach(uint64_t address, size_t size)
{
	if (size == 0)
		return 0;
	if (address < BASE || address >= BASE + SIZE)
		return -EFAULT;
	return size < BASE + SIZE - address ? size : BASE + SIZE - address;
}

static ssize_t guest_read(void *ctx, uint64_t address, void *buf, size_t size)
{
	const struct guest *g = ctx;
	const ssize_t n = reach(address, size);

	if (n > 0)
		memcpy(buf, g->memory + (address - BASE), n);
	return n;
}

static ssize_t guest_write(void *ctx, uint64_t address, const void *buf, size_t size)
{
	struct guest *g = ctx;
	const ssize_t n = reach(address, size);

	if (n > 0)
		memcpy(g->memory + (address - BASE), buf, n);
	return n;
}

/* ---- the event loop ---- */

static void enqueue(struct guest *g)
{
	struct guest **end = &queue;

	if (g->queued)
		return;
	while (*end)
		end = &(*end)->next;
	*end = g;
	g->next = NULL;
	g->queued = true;
}

/* Its parked call should be resumed: later, from the loop. */
static void ready(void *ctx, struct sc_parked *call, void *cookie)
{
	enqueue(cookie);
}

static void over(struct guest *g, long ret)
{
	const struct step *s = &g->steps[g->at++];

	if (s->to >= 0)
		g->fd[s->to] = ret;
	if (s->to >= 0 ? ret < 0 : ret != s->expect) {
		printf("FAILED %s, step %d: %ld\n", g->name, g->at - 1, ret);
		bad++;
	}
	if (s->in && memcmp(g->memory + s->in_at, s->in, strlen(s->in)) != 0) {
		printf("FAILED %s, step %d: wrong bytes\n", g->name, g->at - 1);
		bad++;
	}
}

/* The trap: number and address of the block, as the program has them in its registers. */
static long trap(struct guest *g)
{
	const struct step *s = &g->steps[g->at];
	uint32_t block[6];

	for (int i = 0; i < 6; i++)
		block[i] = s->words[i] >= VAR ? (uint32_t)g->fd[s->words[i] - VAR] : s->words[i];
	memcpy(g->memory + BLOCK, block, sizeof(block));
	return sc_socketcall(g->task, s->call, BASE + BLOCK);
}

/* Runs it until it waits or is at its end. */
static void run(struct guest *g)
{
	while (g->steps[g->at].call) {
		const long ret = g->parked ? sc_resume(g->parked) : trap(g);

		if (ret == SC_PARKED) {
			/* One that was resumed stays the same call, with its cookie. */
			if (!g->parked)
				g->parked = sc_parked(g->task, g);
			g->parks++;
			return;
		}
		g->parked = NULL;
		over(g, ret);
	}
}

/* ---- the programs ---- */

/* Guest addresses of what they have in memory. */
#define NAME (BASE + 0x100)     /* struct sockaddr_in of the server */
#define FROM (BASE + 0x200)     /* room for one */
#define FROM_LEN (BASE + 0x2f0)
#define DATA (BASE + 0x300)
#define HEADER (BASE + 0x400)   /* struct msghdr: 28 bytes on i386 */
#define VECTOR (BASE + 0x500)   /* struct iovec[2]: 8 bytes each */
#define OPTION (BASE + 0x600)   /* struct timeval: 8 bytes */
#define ROOM (BASE + 0x700)
#define V(n) (VAR + (n))

static const struct step server[] = {
	{SYS_SOCKET, {AF_INET, SOCK_STREAM, 0}, .to = 0},
	{SYS_BIND, {V(0), NAME, 16}, .to = -1},
	{SYS_LISTEN, {V(0), 5}, .to = -1},
	{SYS_ACCEPT4, {V(0), FROM, FROM_LEN, SOCK_CLOEXEC}, .to = 1}, /* waits */
	{SYS_RECV, {V(1), ROOM, 16, MSG_WAITALL}, .to = -1, .expect = 16, .in = "hello, server...",
	 .in_at = ROOM - BASE},/* has come */
	{SYS_SEND, {V(1), DATA, 6, 0}, .to = -1, .expect = 6},
	{SYS_RECV, {V(1), ROOM, 16, 0}, .to = -1, .expect = 0},        /* waits; the end */
	{0},
};

static const struct step client[] = {
	{SYS_SOCKET, {AF_INET, SOCK_STREAM, 0}, .to = 0},
	{SYS_CONNECT, {V(0), NAME, 16}, .to = -1},
	{SYS_CONNECT, {V(0), BASE - 4, 16}, .to = -1, .expect = -EFAULT},
	{SYS_SEND, {V(0), BASE + SIZE, 5, 0}, .to = -1, .expect = -EFAULT},
	{SYS_SENDMSG, {V(0), HEADER, 0}, .to = -1, .expect = 16}, /* of two pieces */
	{SYS_RECV, {V(0), ROOM, 64, 0}, .to = -1, .expect = 6, .in = "answer", .in_at = ROOM - BASE},
	{SYS_SETSOCKOPT, {V(0), SOL_SOCKET, 20 /* SO_RCVTIMEO_OLD */, OPTION, 8}, .to = -1},
	{SYS_RECV, {V(0), ROOM, 64, 0}, .to = -1, .expect = -EAGAIN}, /* waits 1.5 seconds */
	{SYS_SHUTDOWN, {V(0), SHUT_RDWR}, .to = -1},
	{0},
};

static void put(struct guest *g, uint32_t at, const void *bytes, size_t size)
{
	memcpy(g->memory + (at - BASE), bytes, size);
}

static void start(struct guest *g, struct sc_host *host)
{
	const struct sc_task_config config = {
		.size = sizeof(config), .park = true, .ready = ready, .abi = SC_ABI_I386,
		.memory = {guest_read, guest_write, g},
	};
	const uint8_t name[16] = {AF_INET, 0, 0x1f, 0x90, 10, 0, 0, 1}; /* 10.0.0.1:8080 */
	const uint32_t len = 16, header[7] = {0, 0, VECTOR, 2};
	const uint32_t vector[4] = {DATA + 16, 7, DATA + 32, 9}, timeout[2] = {1, 500000};

	g->task = sc_task_new(host, &config);
	put(g, NAME, name, sizeof(name));
	put(g, FROM_LEN, &len, sizeof(len));
	put(g, HEADER, header, sizeof(header));
	put(g, VECTOR, vector, sizeof(vector));
	put(g, OPTION, timeout, sizeof(timeout));
	put(g, DATA, "answer", 6);
	put(g, DATA + 16, "hello, ", 7);
	put(g, DATA + 32, "server...", 9);
	enqueue(g);
}

static void check(bool ok, const char *what)
{
	if (!ok) {
		printf("FAILED %s\n", what);
		bad++;
	}
}

int main(void)
{
	static struct guest s = {.name = "server", .steps = server};
	static struct guest c = {.name = "client", .steps = client};
	const struct sc_config config = {.size = sizeof(config), .time = SC_TIME_VIRTUAL};
	struct sc_net *net = sc_net_new(&config);
	struct sc_host *a = sc_host_new(net, "a"), *b = sc_host_new(net, "b");

	sc_host_add_address(a, "10.0.0.1/24");
	sc_host_add_address(b, "10.0.0.2/24");
	start(&s, a);
	start(&c, b);
	if (!s.task) {
		puts("skipped: i386's numbers are laid out in another order than this machine's");
		sc_net_free(net);
		return 77;
	}
	while (s.steps[s.at].call || c.steps[c.at].call) {
		struct guest *g = queue;

		if (!g) { /* all wait: for time to pass, or for ever */
			const int64_t next = sc_net_next_timer(net);

			check(next != INT64_MAX, "somebody can go on");
			if (next == INT64_MAX)
				break;
			sc_net_advance(net, next - sc_net_now(net));
			continue;
		}
		queue = g->next;
		g->queued = false;
		run(g);
	}
	check(s.parks == 2 && c.parks == 2, "parked as often as they had to wait");
	check(s.memory[FROM - BASE + 4] == 10 && s.memory[FROM - BASE + 7] == 2, "who connected");
	check(sc_net_now(net) == 1500000000, "the client waited 1.5 seconds");
	sc_net_free(net);
	if (!bad)
		puts("ok two i386 programs");
	return bad > 0;
}
