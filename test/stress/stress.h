/*
 * stress.h - long and rough use of a supervisor. Each test is a program that runs
 * under `socketcall run`, or a harness that starts one; it prints one line and ends
 * with 0 if all is well.
 */
#ifndef TEST_STRESS_H
#define TEST_STRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Programs under the gate. */
int leak_main(char **argv);
int callers_main(char **argv);
int server_main(char **argv);
int storm_main(char **argv);
int stuck_main(char **argv);
int many_main(char **argv);
int one_main(char **argv);
int exits_main(char **argv);
int daemon_main(char **argv);

/* Harnesses outside of it; argv[0] is socketcall. */
int killer_main(char **argv);
int killed_main(char **argv);
int jobs_main(char **argv);

/* Says what is wrong and ends the process with 1. */
void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
double now(void);
double seconds(double otherwise); /* STRESS_SECONDS */
struct sockaddr_in loopback(uint32_t ip, int port);
/* A listening TCP socket on 127.0.0.1; its port in *port. */
int listener(int backlog, int *port);
/* connect(2) to 127.0.0.9, which the policy denies: 0, or the errno. */
int denied(void);
int count_fds(pid_t pid);
/* A number of /proc/PID/status. */
long status_of(pid_t pid, const char *name);
/* The only child of a process. */
pid_t child_of(pid_t pid);
/* Waits for a child, at most so long; false if it takes longer. */
bool wait_for(pid_t pid, int *status, double seconds);

#endif
