/*
 * both.h - a test of descriptors that runs twice: on the kernel and on our own sockets.
 *
 * A test is a function that makes its calls through a struct system; what it asserts
 * must hold on both. Each test on the stack has a network of its own, and what it left
 * behind is looked for at its end.
 */
#ifndef BOTH_H
#define BOTH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <socketcall.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* As their manual pages, but -errno. */
struct system {
	const char *name;
	bool is_native;
	int (*socket)(int domain, int type, int protocol);
	int (*socketpair)(int domain, int type, int protocol, int sv[2]);
	int (*shutdown)(int fd, int how);
	ssize_t (*send)(int fd, const void *, size_t, int flags);
	ssize_t (*recv)(int fd, void *, size_t, int flags);
	ssize_t (*sendmsg)(int fd, const struct msghdr *, int flags);
	ssize_t (*recvmsg)(int fd, struct msghdr *, int flags);
	ssize_t (*read)(int fd, void *, size_t);
	ssize_t (*readv)(int fd, const struct iovec *, int);
	ssize_t (*write)(int fd, const void *, size_t);
	ssize_t (*writev)(int fd, const struct iovec *, int);
	int (*close)(int fd);
	int (*dup)(int fd);
	int (*dup2)(int fd, int to);
	int (*dup3)(int fd, int to, int flags);
	int (*fcntl)(int fd, int cmd, long arg);
	int (*ioctl)(int fd, unsigned long request, void *arg);
	int (*poll)(struct pollfd *, unsigned, int timeout_ms);
	int (*epoll_create1)(int flags);
	int (*epoll_ctl)(int epfd, int op, int fd, struct epoll_event *);
	int (*epoll_wait)(int epfd, struct epoll_event *, int max, int timeout_ms);
};

extern const struct system native, stack;

/* The network and the task behind `stack`, while a test runs. */
extern struct sc_net *stack_net;
extern struct sc_host *stack_host;
extern struct sc_task *stack_task;

int stack_begin(void **state);
int stack_end(void **state); /* fails if memory, files or descriptors are left */
/* Another network instead, as a test likes it. */
void stack_begin_with(const struct sc_config *, const struct sc_task_config *);

#define ON(system, f) {#f " (" #system ")", f, stack_begin, stack_end, (void *)&system}
/* Sanitizers look at what the C library is given before the kernel does, and take
 * descriptors for memory: with them it is the stack alone. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define ON_BOTH(f) ON(stack, f)
#else
#define ON_BOTH(f) ON(native, f), ON(stack, f)
#endif
#define ON_STACK(f) ON(stack, f)

/* A connected pair of AF_UNIX sockets. */
void pair_of(const struct system *, int type, int sv[2]);
void fill(const struct system *, int fd); /* writes until it would block */
void drain(const struct system *, int fd);

/* Runs it with each allocation of the network in turn failing, until none does. It
 * returns 0, or -ENOMEM, -ENOBUFS after which nothing may be left. Nothing may be under
 * way on the stack. park: in a task whose calls are parked. */
void each_allocation_fails(bool park, int (*run)(struct sc_task *));

int64_t now_ms(void);

#endif
