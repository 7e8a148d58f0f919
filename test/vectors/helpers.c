/*
 * helpers: other processes for a vector.
 *
 * Everything is in the vector's process group, which main kills at the end.
 */
#include "vectors.h"

#include <signal.h>
#include <sys/prctl.h>

pid_t helper(void (*fn)(long arg), long arg)
{
	pid_t pid = fork();

	must_be(pid >= 0, "fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fn(arg);
	_exit(0);
}

void pester(int sig, int n, void (*then)(long arg), long arg)
{
	pid_t target = getpid(), pid = fork();

	must_be(pid >= 0, "fork");
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	nap(80);
	for (int i = 0; !n || i < n; i++) {
		kill(target, sig);
		nap(40);
	}
	if (then)
		then(arg);
	_exit(0);
}
