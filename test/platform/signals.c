/*
 * signals: what a signal does to a caller whose call is being served.
 *
 * With WAIT_KILLABLE_RECV a received notification is safe from non-fatal
 * signals: they wait until the reply. The supervisor may then answer -512
 * (ERESTARTSYS): if a signal waits, the kernel turns it, on the way out, into
 * EINTR (handler without SA_RESTART), into a restart, which is a new
 * notification (SA_RESTART), or into a silent restart (no handler runs). If no
 * signal waits, the program sees the bare 512: never answer so then.
 */
#include "platform.h"

#ifdef __x86_64__
#define ABI "x86-64"
#else
#define ABI "i386"
#endif

enum { ERESTARTSYS_ = 512, ERESTARTNOINTR_ = 513 };

static int sa_flags;

static void on_signal(int sig)
{
	shared->handled++;
}

static long (*enter)(long, long, long) = caught_call;

static long libc_call(long a, long b, long c)
{
	long ret = syscall(CAUGHT, a, b, c);

	return ret < 0 ? -errno : ret;
}

static int call_once(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = sa_flags};

	sigaction(SIGUSR1, &sa, NULL);
	shared->ret[0] = enter(11, 22, 33);
	shared->stage = 1;
	return 0;
}

static int call_blocked(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return call_once();
}

/* SIGURG is ignored by default, so no handler runs. */
static int call_stopped(void)
{
	shared->ret[0] = enter(11, 22, 33);
	return 0;
}

static pid_t pid;
static int listener;

static uint64_t start(unsigned long flags, int saf, int (*body)(void))
{
	uint64_t id;

	sa_flags = saf;
	pid = caller_start(flags, body);
	listener = shared->listener;
	id = notif_recv(listener, NULL);
	must(id);
	return id;
}

static void end(void)
{
	must(caller_wait(pid) == 0);
	close(listener);
}

static void before_recv(void)
{
	struct pollfd p;

	sa_flags = 0;
	pid = caller_start(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, call_once);
	listener = shared->listener;
	p = (struct pollfd){.fd = listener, .events = POLLIN};
	must(poll(&p, 1, 1000) == 1);
	kill(pid, SIGUSR1);
	end();
	must(shared->ret[0] == -EINTR && shared->handled == 1);
	proved("%s: a signal before RECV ends the call with EINTR, even with WAIT_KILLABLE_RECV",
	       ABI);
}

static void without_wait(void)
{
	uint64_t id = start(0, 0, call_once), again;

	kill(pid, SIGUSR1);
	end();
	must(shared->ret[0] == -EINTR && shared->handled == 1);
	must(notif_send(listener, id, 0, 0) < 0);
	id = start(0, SA_RESTART, call_once);
	kill(pid, SIGUSR1);
	again = notif_recv(listener, NULL);
	must(again && again != id && shared->handled == 1);
	must(!notif_valid(listener, id) && notif_send(listener, id, 0, 0) == -ENOENT);
	must(!notif_send(listener, again, 7, 0));
	end();
	must(shared->ret[0] == 7);
	proved("%s: without WAIT_KILLABLE_RECV a signal after RECV gives EINTR, or with "
	       "SA_RESTART a new notification; the old id is ENOENT", ABI);
}

static void waits(void)
{
	struct pollfd p;
	uint64_t id = start(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 0, call_once);

	kill(pid, SIGUSR1);
	sleep_ms(50);
	p = (struct pollfd){.fd = listener, .events = POLLIN | POLLOUT};
	must(poll(&p, 1, 0) == 1 && p.revents == POLLOUT);
	must(notif_valid(listener, id) && !shared->handled);
	must(!notif_send(listener, id, 7, 0));
	end();
	must(shared->ret[0] == 7 && shared->handled == 1);
	proved("%s: with WAIT_KILLABLE_RECV a signal after RECV waits for the reply (and the "
	       "listener does not tell)", ABI);

	id = start(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 0, call_once);
	kill(pid, SIGKILL);
	must(caller_wait(pid) == -SIGKILL);
	must(!notif_valid(listener, id));
	close(listener);
	proved("%s: SIGKILL ends it all the same", ABI);
}

static void restart_codes(void)
{
	const unsigned long wait = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	struct seccomp_notif n;
	uint64_t id = start(wait, 0, call_once), again;

	kill(pid, SIGUSR1);
	sleep_ms(20);
	must(!notif_send(listener, id, 0, -ERESTARTSYS_));
	end();
	must(shared->ret[0] == -EINTR && shared->handled == 1);
	proved("%s: -512 with a signal waiting, no SA_RESTART: the program gets EINTR", ABI);

	id = start(wait, SA_RESTART, call_once);
	kill(pid, SIGUSR1);
	sleep_ms(20);
	must(!notif_send(listener, id, 0, -ERESTARTSYS_));
	again = notif_recv(listener, &n);
	must(again && again != id && shared->handled == 1);
	must(n.data.nr == CAUGHT && n.data.args[0] == 11 && n.data.args[1] == 22 &&
	     n.data.args[2] == 33);
	must(!notif_send(listener, again, 9, 0));
	end();
	must(shared->ret[0] == 9);
	proved("%s: -512 with a signal waiting, SA_RESTART: the handler runs and the call comes "
	       "again, same arguments, new id", ABI);

	id = start(wait, 0, call_once);
	kill(pid, SIGUSR1);
	sleep_ms(20);
	must(!notif_send(listener, id, 0, -ERESTARTNOINTR_));
	again = notif_recv(listener, NULL);
	must(again && shared->handled == 1 && !notif_send(listener, again, 9, 0));
	end();
	must(shared->ret[0] == 9);
	proved("%s: -513 (ERESTARTNOINTR) with a signal waiting restarts whatever the handler",
	       ABI);
}

static void leaks(void)
{
	const unsigned long wait = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	uint64_t id = start(wait, 0, call_once);

	must(!notif_send(listener, id, 0, -ERESTARTSYS_));
	end();
	must(shared->ret[0] == -ERESTARTSYS_);
	proved("%s: -512 with no signal waiting LEAKS: the program sees errno 512", ABI);

	id = start(wait, 0, call_blocked);
	kill(pid, SIGUSR1);
	sleep_ms(20);
	must(!notif_send(listener, id, 0, -ERESTARTSYS_));
	end();
	must(shared->ret[0] == -ERESTARTSYS_ && !shared->handled);
	proved("%s: -512 with only a blocked signal pending LEAKS too: look at SigPnd|ShdPnd "
	       "without SigBlk", ABI);

	id = start(wait, 0, call_stopped);
	kill(pid, SIGURG);
	sleep_ms(20);
	must(!notif_send(listener, id, 0, -ERESTARTSYS_));
	end();
	must(shared->ret[0] == -ERESTARTSYS_);
	proved("%s: an ignored signal never becomes pending, so -512 LEAKS there too", ABI);
}

static void stop_and_go(void)
{
	uint64_t id = start(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 0, call_stopped), again;
	int status;

	kill(pid, SIGSTOP);
	sleep_ms(20);
	must(waitpid(pid, &status, WUNTRACED | WNOHANG) == 0);
	must(!notif_send(listener, id, 0, -ERESTARTSYS_));
	must(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	must(!notif_recv(listener, NULL));
	kill(pid, SIGCONT);
	again = notif_recv(listener, NULL);
	must(again && !notif_send(listener, again, 5, 0));
	end();
	must(shared->ret[0] == 5);
	proved("%s: SIGSTOP waits for the reply; -512 lets it stop, and after SIGCONT the call "
	       "comes again", ABI);
}

int main(void)
{
	int how;

	shared_init();
	for (how = 0; how < 2; how++) {
		enter = how ? libc_call : caught_call;
		printf("# %s, %s\n", ABI, how ? "libc's entry" : "own instruction");
		before_recv();
		without_wait();
		waits();
		restart_codes();
		leaks();
		stop_and_go();
	}
	return 0;
}
