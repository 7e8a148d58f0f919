/*
 * behaviour.h - one script of calls, run on two socket systems.
 *
 * A script (*.script, its language is told in README.md) is a list of cases; a case
 * is a list of steps; most steps are one call of one task with what it must give.
 * The runner knows nothing of where sockets live: it encodes a call as the words and
 * memory of an ABI (layout.c), hands it to a struct system (host.c: the kernel;
 * stack.c: libsocketcall), and writes the result as text (text.c). The expectation
 * is text, too, and is compared word by word (match.c).
 *
 * Each case runs in a process of its own, so that a crash is one failed case and
 * nothing is left from one to the next. Each task is a thread there: the main thread
 * posts it a call (task.c) and waits for it, or goes on (`a& ...`).
 */
#ifndef BEHAVIOUR_H
#define BEHAVIOUR_H

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

struct task;
struct world;

/* ---- text.c: text in a buffer of fixed size; what does not fit is cut */
struct text {
	char *s;
	size_t len, room;
};
void text_init(struct text *, char *buf, size_t room);
void text_add(struct text *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Bytes as a quoted word; long ones as their first bytes, number and a checksum. */
void text_data(struct text *, const void *data, size_t len);
/* A data word (`"ab\n"*3`, `pattern:10@5`) as bytes from malloc; NULL: it is none. */
uint8_t *text_parse_data(const char *word, size_t *len);
bool text_is_data(const char *word);
/* Splits a line into words: blanks part them, but not within quotes. -1: a bad one. */
int text_split(char *line, char **words, int max);

/* ---- names.c: constants by name */
struct name {
	const char *name;
	long value;
};
/* false: there is none of this name, and it is no number. */
bool name_value(const struct name *, const char *word, long *value);
const char *name_of(const struct name *, long value); /* NULL: none */
void name_flags(const struct name *, long flags, struct text *); /* "a+b", "0x4", "-" */
extern const struct name families[], types[], protocols[], msg_flags[], sock_flags[],
	hows[], poll_events[], epoll_events[], inet_protocols[], netlink_protocols[],
	rtm_flags[];
const char *errno_name(int err);
int errno_value(const char *name); /* 0: none */

/* ---- parse.c: scripts */
enum { MAX_WORDS = 128, MAX_LINES = 400 };

struct line {
	const char *text;
	int number;
};
struct test { /* a case */
	const char *file, *subject, *name;
	struct line *lines;
	int nline;
	TAILQ_ENTRY(test) entry;
};
TAILQ_HEAD(tests, test);
/* Reads a script's cases, `for` and `given` worked out; exits on a mistake. */
void parse_script(const char *path, struct tests *);

enum step_kind {
	STEP_CALL, STEP_WAITS, STEP_DONE, STEP_TOOK, STEP_INTERRUPT, STEP_TASK, STEP_HOST,
	STEP_SLEEP, STEP_ENDS, STEP_ONLY, STEP_LIMIT,
};
struct step {
	enum step_kind kind;
	int line;
	const char *text;    /* as written */
	const char *task;
	bool async;
	char **to;           /* variables that take the result */
	int nto;
	char **words;        /* the call, or what the statement has besides */
	int nword;
	char **expect;       /* NULL: success, whatever it gives */
	int nexpect;
	const char *because; /* of STEP_ONLY */
	bool excluded;       /* of STEP_ONLY: not for this system */
};
/* The steps of a case as this system is to run them (`differs` worked out); NULL and
 * a message: a mistake at *line. */
struct step *parse_steps(const struct test *, const struct world *, int *n, int *line,
			 const char **message);

/* ---- match.c: variables, and expectations */
struct var {
	char name[32];
	char value[200];
	SLIST_ENTRY(var) entry;
};
const char *var_get(struct world *, const char *name); /* NULL: none */
void var_set(struct world *, const char *name, const char *value);
/* word with each $name replaced, in memory from malloc; NULL: no such variable. */
char *var_expand(struct world *, const char *word);
/* Does what came match? Sets variables by ?name. */
bool match(struct world *, char *const *expect, int nexpect, const char *got);

/* ---- layout.c: a task's memory, and structures in the layout of its ABI */
enum { ARENA_SIZE = 16 << 20, POISON = 0xa5 };

/* Memory that lasts until the task's next call; poisoned; low, so that 32 bits reach. */
void *arena_get(struct task *, size_t size);
uint64_t arena_bad(struct task *); /* an address that nothing is mapped at */
void arena_reset(struct task *);
bool arena_open(struct task *);
void arena_close(struct task *);

void put_word(const struct world *, void *at, unsigned index, uint64_t value);
uint64_t get_word(const struct world *, const void *at, unsigned index);

/* struct msghdr and mmsghdr. */
struct header {
	uint64_t name, iov, control;
	uint32_t name_len;
	uint64_t iov_len, control_len;
	uint32_t flags;
};
size_t header_size(const struct world *, bool mmsg);
void header_put(const struct world *, void *at, const struct header *);
void header_get(const struct world *, const void *at, struct header *);
void iovec_put(const struct world *, void *at, unsigned i, uint64_t base, uint64_t len);
/* struct timeval, struct timespec */
void pair_put(const struct world *, void *at, int64_t a, int64_t b);
void pair_get(const struct world *, const void *at, int64_t *a, int64_t *b);
uint64_t ptr(const void *);

/* ---- address.c */
struct address {
	uint64_t at;  /* in the caller's memory; 0: NULL */
	uint32_t len;
};
/* False: this is no address. */
bool address_parse(struct task *, const char *word, struct address *);
void address_text(const void *addr, uint32_t len, struct text *);
/* An address of IPv4 or IPv6 alone: its 4 or 16 bytes; 0: it is none. */
int ip_parse(const char *text, uint8_t out[16]);

/* ---- control.c: control messages */
/* Does this word begin one ("rights=s,t")? Then appends it to the control buffer. */
struct control {
	uint8_t *at;
	size_t len, room;
};
bool control_parse(struct task *, const char *word, struct control *);
void control_text(struct task *, const uint8_t *at, size_t len, struct text *);

/* ---- the commands */
struct command {
	const char *name;
	void (*run)(struct task *);
};
extern const struct command calls[], message_calls[], option_calls[], file_calls[],
	poll_calls[], netlink_calls[];

/* For commands: the words that are left, one by one. */
const char *next(struct task *);    /* "" and a mistake if there is none */
const char *peek(const struct task *); /* NULL: none is left */
bool skip(struct task *, const char *word); /* takes it, if it is the next */
/* "name=...": takes it, if the next begins so: what comes after the =; or NULL. */
const char *setting(struct task *, const char *name);
int next_fd(struct task *);
int fd_of(struct task *, const char *word);
long next_number(struct task *, const struct name *);
long number_of(struct task *, const char *word, const struct name *);
int next_flags(struct task *, const struct name *); /* all that are left */
void mistake(struct task *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- task.c */
enum task_state { TASK_IDLE, TASK_POSTED, TASK_ENTERED, TASK_DONE, TASK_QUITS };

struct task {
	TAILQ_ENTRY(task) entry;
	char name[24];
	struct world *world;
	const char *host;      /* NULL: the one that all have */
	int uid;
	struct task *parent;   /* fork, or share its descriptors */
	bool shares;
	void *own;             /* the system's */

	pthread_t thread;
	pthread_cond_t wake;
	enum task_state state; /* under world.lock */
	const struct step *step;
	int at;                /* the next word of it */
	struct text out;       /* the result as text */
	long ret;
	int sig;               /* a signal that came during the call */
	double ms;             /* that it took */
	char mistake[160];     /* in the script */

	uint8_t *arena;
	size_t arena_used;
	int sv[2];
};
struct task *task_find(struct world *, const char *name);
/* Starts one; from the main thread, or from its parent's. NULL: it could not. */
struct task *task_start(struct world *, const char *name, const char *host, int uid,
			struct task *parent, bool shares);
/* Gives it a call; true: it is over within the time. */
void task_post(struct task *, const struct step *);
bool task_wait(struct task *, int ms);
void task_end(struct task *);
/* For drivers: from here on, it may wait. */
void task_enters(struct task *);
/* After a call: the result, as -errno; appends "0", the number or the error's name. */
bool result_failed(struct task *, long ret);
void result(struct task *, long ret);

long sys_call(struct task *, int nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
	      uint64_t e, uint64_t f);

/* ---- systems */
struct system {
	const char *name;  /* "host", "stack": what scripts call it */
	const char *label; /* "host64" */
	int word;          /* bytes: 4 or 8 */
	bool trusts;       /* addresses are not checked: no cases with bad ones */
	int (*open)(struct world *);
	/* After all tasks. NULL, or what is not as it should be when nothing is left. */
	const char *(*close)(struct world *);
	int (*host)(struct world *, const char *name, char *const *addresses, int n);
	int (*cable)(struct world *, const char *host, bool up);
	int (*begin)(struct task *);     /* in the task's thread */
	void (*end)(struct task *);      /* there, too */
	void (*interrupt)(struct task *); /* from another thread, while it waits */
	int (*pid)(struct task *);
	long (*call)(struct task *, int nr, const uint64_t words[6]);
	void (*exec)(struct task *);
	ssize_t (*read)(struct task *, int fd, void *buf, size_t len);
	ssize_t (*readv)(struct task *, int fd, const struct iovec *iov, int n);
	ssize_t (*write)(struct task *, int fd, const void *buf, size_t len);
	ssize_t (*writev)(struct task *, int fd, const struct iovec *iov, int n);
	int (*close_fd)(struct task *, int fd);
	int (*dup)(struct task *, int fd);
	int (*dup2)(struct task *, int fd, int to);
	int (*dup3)(struct task *, int fd, int to, int flags);
	int (*fcntl)(struct task *, int fd, int cmd, long arg);
	int (*ioctl)(struct task *, int fd, unsigned long request, void *arg);
	int (*poll)(struct task *, struct pollfd *fds, unsigned n, int timeout_ms);
	int (*epoll_create1)(struct task *, int flags);
	int (*epoll_ctl)(struct task *, int ep, int op, int fd, struct epoll_event *event);
	int (*epoll_wait)(struct task *, int ep, struct epoll_event *events, int max, int timeout_ms);
};
extern const struct system system_host;
extern const struct system *const systems[]; /* ends with NULL */

struct world {
	const struct system *system;
	int word;
	int max_files; /* of a task, and in messages of a user; 0: as it is */
	void *own;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a task's state */
	TAILQ_HEAD(task_list, task) tasks;
	SLIST_HEAD(, var) vars;
};

#endif
