/*
 * evade.h - ways around a policy, one function each.
 *
 * An attack says THROUGH if it got what the policy denies, CLOSED if it was
 * refused, SKIP if this machine has not what it takes, BROKEN if the attack itself
 * went wrong. `run` starts each natively or under a naive supervisor, where it
 * must get through, and then under socketcall, where it must not. Other programs
 * here print what they see; the same must be seen natively and served.
 *
 * What is denied stands outside, in the process of `evade target`: whoever reaches
 * it is answered 'D' by what the policy denies and 'A' by what it allows.
 */
#ifndef TEST_EVADE_H
#define TEST_EVADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum outcome { THROUGH, CLOSED, SKIP, BROKEN };

struct attack {
	const char *name;
	enum outcome (*fn)(void);
};

extern const struct attack entry_attacks[], dest_attacks[], path_attacks[], race_attacks[],
	supervisor_attacks[];

/* What the attacks are about, from the environment that `run` sets. */
int env_int(const char *name);
const char *env_str(const char *name);

enum outcome through(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
enum outcome skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
enum outcome broken(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Refused with this errno (positive). */
enum outcome closed(int err);
/* THROUGH if ret is not negative, else closed(errno). */
enum outcome judge(long ret);

/* The socket calls without libc, by the entry that EVADE_ENTRY names: "direct", or
 * "socketcall" on i386. They return -1 and set errno. */
long k_call(int nr, long a, long b, long c, long d, long e, long f);
int k_socket(int family, int type, int protocol);
int k_connect(int fd, const void *addr, socklen_t len);
int k_bind(int fd, const void *addr, socklen_t len);
ssize_t k_sendto(int fd, const void *buf, size_t n, int flags, const void *addr, socklen_t len);
ssize_t k_sendmsg(int fd, const struct msghdr *m, int flags);
int k_sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags);
int k_setsockopt(int fd, int level, int name, const void *val, socklen_t len);

/* int $0x80, from 64-bit code too; returns -errno as the kernel does. */
long int80(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
	   unsigned long e);
/* Memory that an i386 call can point to. */
void *low_memory(size_t size);

/* Runs fn in a child process; its outcome. */
enum outcome in_child(enum outcome (*fn)(void));
/* Has the target answered 'D'? Waits a moment for its answer. */
enum outcome reached(int fd);

enum outcome hostile_arguments(void);
int target_main(char **argv);
int same_main(const char *name);

double now(void);

#endif
