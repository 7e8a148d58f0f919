/*
 * shared_signal: a signal to the process, while two of its threads are served.
 *
 * The kernel wakes one thread for it, the leader if it can. Any other thread
 * shows the same signal in its ShdPnd, but is not marked: an answer of -512
 * (ERESTARTSYS) to it leaks errno 512. A PTRACE_SEIZE and PTRACE_INTERRUPT
 * before the answer marks it: then -512 is a restart, or EINTR, in any case.
 */
#include "platform.h"

#include <pthread.h>
#include <sys/ptrace.h>

static int sa_flags;

static void on_signal(int sig)
{
	shared->handled++;
}

static void *second(void *arg)
{
	shared->ret[1] = caught_call(2, 0, 0);
	return NULL;
}

static int two_threads(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = sa_flags};
	pthread_t t;

	sigaction(SIGUSR1, &sa, NULL);
	pthread_create(&t, NULL, second, NULL);
	shared->ret[0] = caught_call(1, 0, 0);
	pthread_join(t, NULL);
	return 0;
}

static pid_t pid;
static int listener;
static uint64_t first_id, second_id;
static pid_t second_tid;

static void start(int saf)
{
	struct seccomp_notif n;
	int i;

	sa_flags = saf;
	pid = caller_start(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, two_threads);
	listener = shared->listener;
	for (i = 0; i < 2; i++) {
		must(notif_recv(listener, &n));
		if (n.data.args[0] == 1)
			first_id = n.id;
		else
			second_id = n.id, second_tid = n.pid;
	}
}

static void end(void)
{
	must(caller_wait(pid) == 0);
	close(listener);
}

static void leaks(void)
{
	start(0);
	kill(pid, SIGUSR1);
	sleep_ms(20);
	must(!notif_send(listener, second_id, 0, -512));
	sleep_ms(20);
	must(shared->ret[1] == -512 && !shared->handled);
	must(!notif_send(listener, first_id, 0, -512));
	end();
	must(shared->ret[0] == -EINTR && shared->handled == 1);
	proved("a signal to the process marks the leader: -512 gives it EINTR, but LEAKS 512 to "
	       "another thread, though its ShdPnd shows the same signal");
}

static void thread_directed(void)
{
	start(0);
	syscall(__NR_tgkill, pid, second_tid, SIGUSR1);
	sleep_ms(20);
	must(!notif_send(listener, second_id, 0, -512));
	must(!notif_send(listener, first_id, 7, 0));
	end();
	must(shared->ret[1] == -EINTR && shared->ret[0] == 7);
	proved("a signal to a thread (its SigPnd) marks that thread: -512 gives it EINTR");
}

/* Marks a caller that waits for us. The tracer's stop is over before it returns. */
static void mark(pid_t tid)
{
	must(!ptrace(PTRACE_SEIZE, tid, 0, 0));
	must(!ptrace(PTRACE_INTERRUPT, tid, 0, 0));
}

static void unmark(pid_t tid)
{
	int status;

	must(waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status));
	must(!ptrace(PTRACE_DETACH, tid, 0, 0));
}

static void seized(void)
{
	struct seccomp_notif n;

	start(0);
	mark(second_tid);
	must(notif_valid(listener, second_id));
	must(!notif_send(listener, second_id, 0, -512));
	unmark(second_tid);
	must(notif_recv(listener, &n) && n.data.args[0] == 2 && n.id != second_id);
	must(!notif_send(listener, n.id, 8, 0) && !notif_send(listener, first_id, 7, 0));
	end();
	must(shared->ret[1] == 8 && shared->ret[0] == 7);
	proved("PTRACE_SEIZE and INTERRUPT before -512: the call comes again, with no signal at "
	       "all and nothing for the program to see");

	start(0);
	kill(pid, SIGUSR1);
	sleep_ms(20);
	mark(second_tid);
	must(!notif_send(listener, second_id, 0, -512));
	unmark(second_tid);
	sleep_ms(20);
	must(shared->handled == 1 && shared->ret[1] == -EINTR);
	must(!notif_send(listener, first_id, 7, 0));
	end();
	must(shared->ret[0] == 7);
	proved("so marked, the other thread takes the process' signal itself (EINTR)");

	start(SA_RESTART);
	kill(pid, SIGUSR1);
	sleep_ms(20);
	must(!notif_send(listener, first_id, 0, -512));
	must(notif_recv(listener, &n) && n.data.args[0] == 1);
	must(!notif_send(listener, n.id, 7, 0) && !notif_send(listener, second_id, 8, 0));
	end();
	must(shared->ret[0] == 7 && shared->ret[1] == 8 && shared->handled == 1);
	proved("answering the leader first is always right, when it does not block the signal");
}

int main(void)
{
	shared_init();
	leaks();
	thread_directed();
	seized();
	return 0;
}
