/*
 * vectors.h - the table of socket calls that must come out the same natively
 * and under `socketcall run --trace`.
 *
 * A vector is a function that makes calls through the current entry and prints,
 * with out() and its kin, one line: every result and every byte that the kernel
 * wrote. The line must not depend on the run: ports, process ids and times are
 * normalised. Each vector (each row of a table vector) runs in a process of its
 * own, with a time limit.
 *
 * An entry is a way into the kernel; one source serves all of them, so memory
 * behind pointers is built with the entry's word size (mh_*, iov_*, cm_*), never
 * with the compiler's structs where the two can differ. All memory handed to
 * calls comes from mem() and its kin: below 4 GiB, filled with POISON, and
 * checked for overruns at the end.
 *
 * The script `run` compares. A vector's name is ENTRY/FILE/NAME[ROW].
 */
#ifndef VECTORS_H
#define VECTORS_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

enum call_nr {
#define CALL(nr, name, nargs) CALL_##name = nr,
#include "../../src/call/call.def"
#undef CALL
	CALL_LAST = CALL_sendmmsg,
};

struct entry {
	const char *name;
	unsigned word; /* bytes of a long, size_t, pointer in memory */
	bool block;    /* through socketcall(2) */
	long (*call)(enum call_nr nr, const long arg[6]); /* result or -errno */
	/* A bare system call of this ABI with the number of this ABI. */
	long (*sys)(long sysno, const long arg[6]);
};

extern const struct entry entries[]; /* the last has no name */
extern const struct entry *entry;    /* the current one */
/* In the process of a vector, before it. */
void entry_begin(void);

/* What an entry must be for a vector to make sense in it. */
enum need {
	NEED_BLOCK = 1,  /* socketcall(2) */
	NEED_DIRECT = 2, /* direct calls */
	NEED_WORD4 = 4,  /* 32-bit structures */
	NEED_WORD8 = 8,  /* 64-bit structures */
	NEED_ROOT = 16,
	NEED_IPV6 = 32,
};

struct vector {
	const char *file, *name;
	void (*fn)(int row);
	int rows; /* 0: not a table */
	const char *(*label)(int row);
	unsigned need;
};

#define VECTOR_(id, ...)                                                                  \
	static void run_##id(int row);                                                    \
	static const struct vector vector_##id = {                                        \
		.file = __FILE__, .name = #id, .fn = run_##id, __VA_ARGS__};               \
	static const struct vector *const pointer_##id                                    \
		__attribute__((used, section("vectors"))) = &vector_##id;                 \
	static void run_##id(int row)
/* VECTOR(name) { ... } or VECTOR(name, NEED_...) { ... } */
#define VECTOR(id, ...) VECTOR_(id, .need = 0 __VA_OPT__(|) __VA_ARGS__)
/* One vector per row 0..count-1; label_fn(row) names it. */
#define VECTORS(id, count, label_fn, ...)                                                 \
	VECTOR_(id, .rows = count, .label = label_fn, .need = 0 __VA_OPT__(|) __VA_ARGS__)

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* --- output (print.c) --- */

__attribute__((format(printf, 1, 2))) void out(const char *fmt, ...);
/* "what=5" or "what=EBADF"; returns r. */
long ret(const char *what, long r);
/* Bytes in hex, repeated ones as "aa*12". */
void bytes(const char *what, const void *p, size_t n);
/* A socket address of `len` bytes in a buffer of `room`: ports and autobind
 * names normalised, then what lies beyond len in the buffer. */
void addr(const char *what, const void *p, long len, size_t room);
/* An int in memory; POISON shows as "untouched". */
void number(const char *what, const void *p);
void number16(const char *what, const void *p);
/* ms since `since` (now_ms()), as one of "at once", "in time", "late". */
void elapsed(const char *what, long since, long expect_ms);
long now_ms(void);
/* Lowest free descriptor, and how many are open. */
void descriptors(const char *what);
int open_count(void);
/* A port, numbered by the order in which ports were first seen. */
int port_index(uint16_t port);

/* --- memory (memory.c) --- */

enum { POISON = 0xaa, PAGE = 4096 };

void *mem(size_t n);                     /* poisoned, 16-aligned, watched for overruns */
void *mem_at(size_t n, unsigned offset); /* the same, at an address = offset mod 16 */
void *data(const void *src, size_t n);   /* a copy */
void *text(const char *s);               /* a copy, no NUL */
void *pattern(size_t n);                 /* 0, 1, 2, ... 250, 0, ... */
void *mem_before_hole(size_t n);         /* n poisoned bytes, then an unmapped page */
void *mem_after_hole(size_t n);          /* an unmapped page, then n poisoned bytes */
void *readonly(size_t n);                /* poisoned, can not be written */
void *readonly_copy(const void *src, size_t n);
void *readonly_num(int v);               /* an int that can not be written */
char *hole(void);                        /* an unmapped page, and one before and after */
void memory_init(void);
void memory_check(void);
void *num(int v);                        /* an int in memory */
int get_num(const void *p);

/* Structures in the entry's layout. */
enum mh { MH_NAME, MH_NAMELEN, MH_IOV, MH_IOVLEN, MH_CONTROL, MH_CONTROLLEN, MH_FLAGS };

size_t mh_size(void);
void mh_set(void *m, enum mh field, long v);
long mh_get(const void *m, enum mh field);
void *mh_fill(void *m, const void *name, long namelen, const void *iov, long iovlen,
	      const void *control, long controllen, int flags);
/* In fresh memory, padding poisoned. */
void *mh_new(const void *name, long namelen, const void *iov, long iovlen,
	     const void *control, long controllen, int flags);
/* namelen, controllen, flags as they are now; whether another field changed. */
void mh_print(const char *what, const void *m);

size_t iov_size(void);
void *iov_new(int n);
void iov_set(void *iov, int i, const void *base, long len);
void *iov1(const void *base, long len);

size_t mmsg_size(void);
void *mmsg_new(int n);
void *mmsg_hdr(void *v, int i);
void mmsg_print(const char *what, const void *v, int n);

size_t cm_align(size_t n);
size_t cm_len(size_t n);
size_t cm_space(size_t n);
/* Appends a control message at *used; cmsg_len is that of n bytes of data. */
void cm_put(void *control, size_t *used, int level, int type, const void *p, size_t n);
void cm_put_len(void *control, size_t *used, long len, int level, int type, const void *p,
		size_t n);
/* Each control message, what is known normalised; then the rest of `room`. */
void cm_print(const char *what, const void *control, long len, size_t room);

/* tv_sec and tv_usec (or nsec) with words of `word` bytes. */
void *time_pair(long long sec, long long frac, unsigned word);

/* --- calls (calls.c) --- */

long call_(enum call_nr nr, long a, long b, long c, long d, long e, long f);

#define s_socket(a, b, c) call_(CALL_socket, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define s_bind(a, b, c) call_(CALL_bind, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define s_connect(a, b, c) call_(CALL_connect, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define s_listen(a, b) call_(CALL_listen, (long)(a), (long)(b), 0, 0, 0, 0)
#define s_accept(a, b, c) call_(CALL_accept, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define s_getsockname(a, b, c) call_(CALL_getsockname, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define s_getpeername(a, b, c) call_(CALL_getpeername, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define s_socketpair(a, b, c, d) \
	call_(CALL_socketpair, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define s_send(a, b, c, d) call_(CALL_send, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define s_recv(a, b, c, d) call_(CALL_recv, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define s_sendto(a, b, c, d, e, f)                                                        \
	call_(CALL_sendto, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define s_recvfrom(a, b, c, d, e, f)                                                      \
	call_(CALL_recvfrom, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define s_shutdown(a, b) call_(CALL_shutdown, (long)(a), (long)(b), 0, 0, 0, 0)
#define s_setsockopt(a, b, c, d, e) \
	call_(CALL_setsockopt, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define s_getsockopt(a, b, c, d, e) \
	call_(CALL_getsockopt, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define s_sendmsg(a, b, c) call_(CALL_sendmsg, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define s_recvmsg(a, b, c) call_(CALL_recvmsg, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define s_accept4(a, b, c, d) \
	call_(CALL_accept4, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define s_recvmmsg(a, b, c, d, e) \
	call_(CALL_recvmmsg, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define s_sendmmsg(a, b, c, d) \
	call_(CALL_sendmmsg, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

/* A bare socketcall(nr, args) of a NEED_BLOCK entry. */
long socketcall_raw(long nr, long args);
/* Argument words in fresh memory. */
void *block(int n, ...);

/* --- ready-made sockets (calls.c); each fails the vector if it cannot --- */

struct pair {
	int a, b;
};

struct pair unix_pair(int type);
/* A connected TCP pair over loopback: a connected, b accepted. */
struct pair tcp_pair(int family);
/* Two UDP sockets on loopback, each connected to the other. */
struct pair udp_pair(int family);
int tcp_listener(int family); /* bound to loopback, an ephemeral port, backlog 8 */
int udp_bound(int family);
int unix_listener(int type, const char *path);
/* The socket's own address in fresh memory, *len its length. */
void *own_addr(int fd, long *len);
/* Loopback with that port (network order). */
void *inet_addr_of(int family, uint16_t port);
size_t inet_size(int family);
uint16_t port_of(int fd);
void *unix_addr(const char *path); /* a sockaddr_un; '@' first is abstract */
size_t unix_len(const char *path);
/* An abstract name of this run, whose number addr() hides. */
const char *abstract_name(const char *word);
void must_be(bool ok, const char *what);
#define need_ok(x) must_be((x) >= 0, #x)
/* Waits until fd is readable (2 s at most). */
void wait_readable(int fd);
int opt_int(int fd, int level, int name);
void set_opt(int fd, int level, int name, int v);

/* --- other processes (helpers.c), time and signals (help.c) --- */

/* Runs fn(arg) in a child; it is killed when the vector ends. */
pid_t helper(void (*fn)(long arg), long arg);
void nap(int ms);
/* Counts signals in shared memory. restart: SA_RESTART. */
void count_signal(int sig, bool restart);
int signals_seen(void);
/* A child that sends sig to us every 40 ms until the vector ends (n 0) or n times
 * and then runs then(arg). */
void pester(int sig, int n, void (*then)(long arg), long arg);
/* A flag shared with helpers. */
extern volatile int *flag;
/* Waits until the flag is set, ms at most. */
void flag_wait(int ms);

#endif
