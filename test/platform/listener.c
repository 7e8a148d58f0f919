/*
 * listener: replies with descriptors, one listener a chain, and what each side
 * sees when the other has gone.
 */
#include "platform.h"

static pid_t pid;
static int listener;

static void end(int status)
{
	must(caller_wait(pid) == status);
}

static int addfd(uint64_t id, int fd, unsigned flags)
{
	struct seccomp_notif_addfd a = {.id = id, .flags = flags, .srcfd = fd};
	int r = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &a);

	return r < 0 ? -errno : r;
}

static uint64_t start(unsigned long flags, int (*body)(void))
{
	uint64_t id;

	pid = caller_start(flags, body);
	listener = shared->listener;
	id = notif_recv(listener, NULL);
	must(id);
	return id;
}

/* The caller has its own descriptor table from here, and not the listener: a
 * copy of it would keep calls waiting when the supervisor's is closed. */
static int own_table(void)
{
	unshare(CLONE_FILES);
	close(shared->listener);
	shared->ret[0] = caught_call(1, 0, 0);
	shared->ret[1] = fcntl(shared->ret[0], F_GETFD);
	return 0;
}

static void on_signal(int sig)
{
	shared->handled++;
}

static int own_table_handled(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGUSR1, &sa, NULL);
	return own_table();
}

static void descriptor_replies(void)
{
	int null = open("/dev/null", O_RDONLY);
	uint64_t id = start(0, own_table);
	int r = addfd(id, null, SECCOMP_ADDFD_FLAG_SEND);

	must(r >= 0);
	must(notif_send(listener, id, 0, 0) == -ENOENT);
	must(addfd(id, null, 0) == -ENOENT);
	end(0);
	must(shared->ret[0] == r && shared->ret[1] == 0);
	close(listener);
	proved("ADDFD with SEND installs and replies in one step; a later SEND or ADDFD is ENOENT");

	id = start(0, own_table);
	r = addfd(id, null, 0);
	must(r >= 0 && addfd(id, null, 0) == r + 1);
	must(!notif_send(listener, id, r, 0));
	end(0);
	close(listener);
	proved("ADDFD without SEND takes the lowest free number and may repeat");

	id = start(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, own_table_handled);
	kill(pid, SIGUSR1);
	sleep_ms(20);
	r = addfd(id, null, SECCOMP_ADDFD_FLAG_SEND);
	must(r >= 0);
	end(0);
	must(shared->ret[0] == r && shared->handled == 1);
	close(listener);
	proved("with WAIT_KILLABLE_RECV, ADDFD with SEND goes through while a signal waits");
	close(null);
}

static void killed_before(int sig)
{
	int null = open("/dev/null", O_RDONLY);
	uint64_t id = start(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, own_table);

	kill(pid, sig);
	must(caller_wait(pid) == -sig);
	must(addfd(id, null, SECCOMP_ADDFD_FLAG_SEND) == -ENOENT);
	close(null);
	close(listener);
	proved("%s, fatal by default, ends even a received call at once; then ADDFD is ENOENT: "
	       "the supervisor still has the file", strsignal(sig));
}

static int second_listener(void)
{
	shared->ret[0] = listen_caught(0);
	return 0;
}

static void one_listener(void)
{
	pid = caller_start(0, second_listener);
	end(0);
	must(shared->ret[0] == -EBUSY);
	close(shared->listener);
	proved("a second listener in one chain of filters is EBUSY");
}

static int call_when_told(void)
{
	while (shared->stage == 0)
		sleep_ms(1);
	shared->ret[0] = caught_call(1, 0, 0);
	return 0;
}

static void listener_gone(void)
{
	pid = caller_start(0, call_when_told);
	close(shared->listener);
	shared->stage = 1;
	end(0);
	must(shared->ret[0] == -ENOSYS);
	proved("no listener any more: the call is ENOSYS, it does not hang");

	pid = caller_start(0, own_table);
	listener = shared->listener;
	must(notif_recv(listener, NULL));
	close(listener);
	end(0);
	must(shared->ret[0] == -ENOSYS);
	proved("the listener closed while a call waits: ENOSYS too");
}

static int leave(void)
{
	return 3;
}

static void tasks_gone(void)
{
	struct pollfd p;
	struct seccomp_notif n = {0};

	pid = caller_start(0, leave);
	listener = shared->listener;
	p = (struct pollfd){.fd = listener, .events = POLLIN};
	end(3);
	must(poll(&p, 1, 1000) == 1 && p.revents & POLLHUP);
	must(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n) == -1);
	close(listener);
	proved("all tasks gone: POLLHUP, and RECV fails (errno %d) instead of blocking", errno);
}

static void sync_wake_up(void)
{
	uint64_t id;

	pid = caller_start(0, own_table);
	listener = shared->listener;
	if (ioctl(listener, SECCOMP_IOW(4, uint64_t), 1 /* SYNC_WAKE_UP */)) {
		printf("skipped: no SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP here (errno %d)\n", errno);
	} else {
		must(ioctl(listener, SECCOMP_IOW(4, uint64_t), 2) == -1 && errno == EINVAL);
		proved("SYNC_WAKE_UP is accepted, an unknown flag is EINVAL");
	}
	id = notif_recv(listener, NULL);
	must(id && !notif_send(listener, id, 0, 0));
	end(0);
	close(listener);
}

static int filter_bad_flags(void)
{
	shared->ret[0] = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
				 SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, NULL)
				 ? -errno
				 : 0;
	return 0;
}

static void wait_needs_listener(void)
{
	pid = caller_start(0, filter_bad_flags);
	end(0);
	must(shared->ret[0] == -EINVAL);
	close(shared->listener);
	proved("WAIT_KILLABLE_RECV without NEW_LISTENER is EINVAL");
}

int main(void)
{
	shared_init();
	descriptor_replies();
	killed_before(SIGKILL);
	killed_before(SIGTERM);
	one_listener();
	listener_gone();
	tasks_gone();
	sync_wake_up();
	wait_needs_listener();
	return 0;
}
