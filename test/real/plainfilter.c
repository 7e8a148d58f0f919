/*
 * plainfilter FAMILY PROGRAM [ARG...] - what filters did until now.
 *
 * Runs a program under an ordinary seccomp filter that refuses, with EPERM, to make a
 * socket of one address family: it looks at the first argument of socket(2), in its
 * 64-bit and in its 32-bit form, as systemd's RestrictAddressFamilies= and Docker's
 * default profile do. socketcall(2) it lets through, as they do: the family is not in a
 * register there. To refuse socketcall(SOCKET) whatever the family (libseccomp makes
 * that of the same rule when i386 is added) would leave 32-bit programs without network.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SOCKET_X86_64	41
#define SOCKET_I386	359

#define LOAD(field)	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF(value, t, f)	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, t, f)
#define RETURN(action)	BPF_STMT(BPF_RET | BPF_K, action)

static int install(unsigned int family)
{
	struct sock_filter code[] = {
		LOAD(arch),
		IF(AUDIT_ARCH_X86_64, 0, 2),
		LOAD(nr),
		IF(SOCKET_X86_64, 3, 6),
		IF(AUDIT_ARCH_I386, 0, 5),
		LOAD(nr),
		IF(SOCKET_I386, 0, 3),
		LOAD(args[0]),
		IF(family, 0, 1),
		RETURN(SECCOMP_RET_ERRNO | EPERM),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: plainfilter FAMILY PROGRAM [ARG...]\n");
		return 125;
	}
	if (install(strtoul(argv[1], NULL, 0))) {
		perror("plainfilter: seccomp");
		return 125;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
