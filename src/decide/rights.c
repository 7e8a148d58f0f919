/*
 * rights.c - the system calls by which a task changes what it may do.
 *
 * With them catch learns that what it knew of a task (ids, capabilities,
 * namespaces, root, program) no longer holds. Only their numbers matter here.
 */
#include <linux/audit.h>

#include "policy.h"

static const int x86_64[] = {
	105, 106, 113, 114, /* setuid setgid setreuid setregid */
	116, 117, 119,      /* setgroups setresuid setresgid */
	122, 123, 126,      /* setfsuid setfsgid capset */
	59, 322,            /* execve execveat */
	155, 161,           /* pivot_root chroot */
	272, 308,           /* unshare setns */
	446, 460,           /* landlock_restrict_self lsm_set_self_attr */
	-1,
};

static const int i386[] = {
	23, 46, 70, 71,     /* setuid setgid setreuid setregid, 16-bit ids */
	81, 138, 139,       /* setgroups setfsuid setfsgid */
	164, 170,           /* setresuid setresgid */
	203, 204, 206,      /* setreuid32 setregid32 setgroups32 */
	208, 210,           /* setresuid32 setresgid32 */
	213, 214, 215, 216, /* setuid32 setgid32 setfsuid32 setfsgid32 */
	185,                /* capset */
	11, 358,            /* execve execveat */
	217, 61,            /* pivot_root chroot */
	310, 346,           /* unshare setns */
	446, 460,           /* landlock_restrict_self lsm_set_self_attr */
	-1,
};

static const int none[] = {-1};

const int *filter_rights_calls(const struct abi *abi)
{
	static const struct {
		uint32_t arch;
		const int *calls;
	} table[] = {{AUDIT_ARCH_X86_64, x86_64}, {AUDIT_ARCH_I386, i386}};

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].arch == abi->audit_arch)
			return table[i].calls;
	return none;
}
