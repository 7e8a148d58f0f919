/*
 * many.c - what many sockets, and many networks, cost the library.
 *
 *     many pairs COUNT              memory of connected pairs of TCP sockets
 *     many crowd LISTENERS SOCKETS  connect among few sockets and among so many
 *     many threads                  two threads on two networks, and one on one
 *
 * "pairs" prints a line and ends: bytes that a pair takes in its network when new, and
 * after 64 bytes have gone through; bytes by which the process grew for it.
 *
 * The others are workers, as worker.c: "ready", then for each number N that is read
 * nanoseconds, each for N times.
 *
 * crowd: connect on a network of ten sockets; the same on a network of SOCKETS, of
 * which LISTENERS listen, to one that is always the same; and there to one of all of
 * them in turn. By sixty-four: so many sockets are made, connected, accepted and
 * closed, and only the connecting is timed.
 *
 * threads: 64 bytes sent and received by one thread; by two, each on a network of its
 * own; 1 if another program took a processor from one of them meanwhile, else 0; then
 * arithmetic, which shares nothing for certain, by one thread and by two.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <socketcall.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	BATCH = 64,
	FEW = 10,
	BACKLOG = 128,
	PORT_FIRST = 1024, /* listeners', below those that are given out */
	PORTS = 30000,     /* of one address */
};

__attribute__((noreturn)) static void fail(const char *what, long err)
{
	fprintf(stderr, "many: %s: %s\n", what, strerror((int)-err));
	exit(1);
}

/* What the library returned, if it is no error. */
static long good(const char *what, long ret)
{
	if (ret < 0)
		fail(what, ret);
	return ret;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static struct sc_task *new_task(struct sc_net **net)
{
	struct sc_host *host;
	struct sc_task *task;

	*net = sc_net_new(NULL);
	host = *net ? sc_host_new(*net, "bench") : NULL;
	task = host ? sc_task_new(host, NULL) : NULL;
	if (!task)
		fail("a network", -ENOMEM);
	return task;
}

/* Where the i-th listener is. */
static struct sockaddr_in address(unsigned i)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x7f010001 + i / PORTS), /* 127.1.0.1, ... */
		.sin_port = htons(PORT_FIRST + i % PORTS),
	};
}

static int new_listener(struct sc_task *task, unsigned i)
{
	/* Of what it accepts: closing resets, nothing stays behind. */
	const struct linger reset = {.l_onoff = 1};
	struct sockaddr_in at = address(i);
	int fd = good("socket", sc_socket(task, AF_INET, SOCK_STREAM, 0));

	good("SO_LINGER", sc_setsockopt(task, fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)));
	good("bind", sc_bind(task, fd, (struct sockaddr *)&at, sizeof(at)));
	good("listen", sc_listen(task, fd, BACKLOG));
	return fd;
}

static int connect_to(struct sc_task *task, int fd, unsigned listener)
{
	struct sockaddr_in to = address(listener);

	return good("connect", sc_connect(task, fd, (struct sockaddr *)&to, sizeof(to)));
}

static void new_pair(struct sc_task *task, unsigned i, int listener, int pair[2])
{
	pair[0] = good("socket", sc_socket(task, AF_INET, SOCK_STREAM, 0));
	connect_to(task, pair[0], i);
	pair[1] = good("accept", sc_accept(task, listener, NULL, NULL));
}

/* --- pairs --- */

static size_t resident(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		fail("/proc/self/statm", -EIO);
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

static void pairs(char **args)
{
	unsigned count = args[0] ? strtoul(args[0], NULL, 10) : 0;
	int (*pair)[2] = calloc(count ? count : 1, sizeof(*pair));
	struct sc_usage before, new, used;
	char bytes[64] = "";
	struct sc_net *net;
	struct sc_task *task = new_task(&net);
	int listener = new_listener(task, 0);
	size_t rss, rss_new;

	if (!pair || !count)
		fail("pairs", -ENOMEM);
	memset(pair, 1, count * sizeof(*pair)); /* its pages do not count */
	sc_net_usage(net, &before);
	rss = resident();
	for (unsigned i = 0; i < count; i++)
		new_pair(task, 0, listener, pair[i]);
	sc_net_usage(net, &new);
	rss_new = resident();
	for (unsigned i = 0; i < count; i++) {
		good("send", sc_send(task, pair[i][0], bytes, sizeof(bytes), 0));
		good("recv", sc_recv(task, pair[i][1], bytes, sizeof(bytes), 0));
	}
	sc_net_usage(net, &used);
	printf("%.1f %.1f %.1f\n", (double)(new.memory - before.memory) / count,
	       (double)(used.memory - before.memory) / count, (double)(rss_new - rss) / count);
	sc_net_free(net);
	free(pair);
	exit(0);
}

/* --- crowd --- */

static struct sc_task *few, *crowd;
static int few_listener, *crowd_listener;
static unsigned listeners;

static void prepare_crowd(char **args)
{
	unsigned count = args[0] && args[1] ? strtoul(args[1], NULL, 10) : 0;
	struct sc_net *net;
	int pair[2];

	listeners = count ? strtoul(args[0], NULL, 10) : 0;
	crowd_listener = calloc(listeners ? listeners : 1, sizeof(*crowd_listener));
	if (!crowd_listener || !listeners || listeners > count)
		fail("LISTENERS SOCKETS", -EINVAL);
	few = new_task(&net);
	few_listener = new_listener(few, 0);
	for (unsigned i = 1; i + 1 < FEW; i += 2)
		new_pair(few, 0, few_listener, pair);
	crowd = new_task(&net);
	for (unsigned i = 0; i < listeners; i++)
		crowd_listener[i] = new_listener(crowd, i);
	for (unsigned i = 0; i + 1 < count - listeners; i += 2)
		new_pair(crowd, i / 2 % listeners, crowd_listener[i / 2 % listeners], pair);
}

/* A batch; the time of connecting. first, step: which listeners. */
static uint64_t connect_batch(struct sc_task *task, const int *listener, unsigned first,
			      unsigned step)
{
	int fd[BATCH];
	uint64_t took;

	for (unsigned i = 0; i < BATCH; i++)
		fd[i] = good("socket", sc_socket(task, AF_INET, SOCK_STREAM, 0));
	/* Nothing waits here: what others run meanwhile does not count. */
	took = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	for (unsigned i = 0; i < BATCH; i++)
		connect_to(task, fd[i], (first + i * step) % listeners);
	took = clock_ns(CLOCK_THREAD_CPUTIME_ID) - took;
	for (unsigned i = 0; i < BATCH; i++) {
		const int *l = &listener[(first + i * step) % listeners];

		good("close", sc_close(task, good("accept", sc_accept(task, *l, NULL, NULL))));
		good("close", sc_close(task, fd[i]));
	}
	return took;
}

static void run_crowd(unsigned n)
{
	static unsigned next;
	uint64_t among_few = 0, same = 0, any = 0;

	for (unsigned i = 0; i < n; i += BATCH) {
		among_few += connect_batch(few, &few_listener, 0, 0);
		same += connect_batch(crowd, crowd_listener, 0, 0);
		/* A prime: far from each other, and all of them come. */
		any += connect_batch(crowd, crowd_listener, next, 7919);
		next = (next + BATCH * 7919u) % listeners;
	}
	printf("%.1f %.1f %.1f\n", (double)among_few * n / ((n + BATCH - 1) / BATCH * BATCH),
	       (double)same * n / ((n + BATCH - 1) / BATCH * BATCH),
	       (double)any * n / ((n + BATCH - 1) / BATCH * BATCH));
}

/* --- threads --- */

struct runner {
	pthread_t thread;
	unsigned index;
	struct sc_task *task;
	int pair[2];
	uint64_t start, end;
	bool disturbed;
} __attribute__((aligned(128)));

static struct runner runner[2];
static pthread_barrier_t gate;
static unsigned running, times; /* how many of the two, and how often */
static atomic_uint awake;
static bool with_sockets;

static void exchange(struct runner *r)
{
	char bytes[64] = "";

	for (unsigned i = 0; i < times; i++) {
		good("send", sc_send(r->task, r->pair[0], bytes, sizeof(bytes), 0));
		good("recv", sc_recv(r->task, r->pair[1], bytes, sizeof(bytes), 0));
	}
}

static void count(struct runner *r)
{
	uint64_t x = r->index;

	for (unsigned i = 0; i < times * 25; i++) {
		x = x * UINT64_C(6364136223846793005) + i;
		__asm__ volatile("" : "+r"(x)); /* really */
	}
}

static void *run_thread(void *arg)
{
	struct runner *r = arg;
	struct rusage before, after;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(r->index, &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one); /* if there is such a one */
	for (;;) {
		pthread_barrier_wait(&gate);
		getrusage(RUSAGE_THREAD, &before);
		if (r->index < running) {
			/* None begins before the other one has its processor. */
			atomic_fetch_add(&awake, 1);
			while (atomic_load(&awake) < running)
				;
		}
		r->start = now_ns();
		if (r->index < running)
			(with_sockets ? exchange : count)(r);
		r->end = now_ns();
		getrusage(RUSAGE_THREAD, &after);
		r->disturbed = after.ru_nivcsw != before.ru_nivcsw;
		pthread_barrier_wait(&gate);
	}
	return NULL;
}

static void prepare_threads(char **args)
{
	struct sc_net *net;

	pthread_barrier_init(&gate, NULL, 3);
	for (unsigned i = 0; i < 2; i++) {
		runner[i].index = i;
		runner[i].task = new_task(&net);
		new_pair(runner[i].task, 0, new_listener(runner[i].task, 0), runner[i].pair);
		if (pthread_create(&runner[i].thread, NULL, run_thread, &runner[i]) != 0)
			fail("a thread", -EAGAIN);
	}
}

static uint64_t together(unsigned threads, bool sockets, bool *disturbed)
{
	uint64_t start = UINT64_MAX, end = 0;

	running = threads;
	with_sockets = sockets;
	atomic_store(&awake, 0);
	pthread_barrier_wait(&gate);
	pthread_barrier_wait(&gate);
	for (unsigned i = 0; i < threads; i++) {
		start = runner[i].start < start ? runner[i].start : start;
		end = runner[i].end > end ? runner[i].end : end;
		*disturbed |= runner[i].disturbed;
	}
	return end - start;
}

static void run_threads(unsigned n)
{
	bool disturbed = false;
	uint64_t took[4];

	times = n;
	for (unsigned i = 0; i < 4; i++)
		took[i] = together(1 + i % 2, i < 2, &disturbed);
	printf("%llu %llu %d %llu %llu\n", (unsigned long long)took[0],
	       (unsigned long long)took[1], disturbed, (unsigned long long)took[2],
	       (unsigned long long)took[3]);
}

static const struct {
	const char *name;
	void (*prepare)(char **args);
	void (*run)(unsigned n); /* absent: prepare does not return */
} cases[] = {
	{"pairs", pairs, NULL},
	{"crowd", prepare_crowd, run_crowd},
	{"threads", prepare_threads, run_threads},
};

int main(int argc, char **argv)
{
	char line[32];
	size_t i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(argv[1], cases[i].name))
			break;
	if (argc < 2 || i == sizeof(cases) / sizeof(cases[0])) {
		fputs("usage: many pairs COUNT | crowd LISTENERS SOCKETS | threads\n", stderr);
		return 1;
	}
	cases[i].prepare(argv + 2);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		cases[i].run(strtoul(line, NULL, 10));
		fflush(stdout);
	}
	return 0;
}
