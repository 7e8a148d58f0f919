/*
 * rights.c - the system calls by which a task changes what it may do.
 *
 * With them catch learns that what it knew of a task no longer holds. Only their
 * numbers matter here.
 */
#include <linux/audit.h>

#include "policy.h"

static const struct rights_call x86_64_calls[] = {
	{105, CHANGES_OWN}, {106, CHANGES_OWN}, {113, CHANGES_OWN}, /* setuid setgid setreuid */
	{114, CHANGES_OWN}, {116, CHANGES_OWN}, {117, CHANGES_OWN}, /* setregid setgroups setresuid */
	{119, CHANGES_OWN}, {122, CHANGES_OWN}, {123, CHANGES_OWN}, /* setresgid setfsuid setfsgid */
	{126, CHANGES_OWN},                                         /* capset */
	{59, CHANGES_PROGRAM}, {322, CHANGES_PROGRAM},              /* execve execveat */
	{155, CHANGES_ROOT}, {161, CHANGES_ROOT},                   /* pivot_root chroot */
	{272, CHANGES_ROOT}, {308, CHANGES_ROOT},                   /* unshare setns */
	{446, CHANGES_UNSEEN}, {460, CHANGES_UNSEEN}, /* landlock_restrict_self lsm_set_self_attr */
	{-1, CHANGES_NOTHING},
};

static const struct rights_call i386_calls[] = {
	{23, CHANGES_OWN}, {46, CHANGES_OWN}, {70, CHANGES_OWN},    /* setuid setgid setreuid, */
	{71, CHANGES_OWN}, {81, CHANGES_OWN}, {138, CHANGES_OWN},   /* setregid setgroups setfsuid, */
	{139, CHANGES_OWN}, {164, CHANGES_OWN}, {170, CHANGES_OWN}, /* setfsgid setresuid setresgid */
	{203, CHANGES_OWN}, {204, CHANGES_OWN}, {206, CHANGES_OWN}, /* the same with 32-bit ids */
	{208, CHANGES_OWN}, {210, CHANGES_OWN}, {213, CHANGES_OWN},
	{214, CHANGES_OWN}, {215, CHANGES_OWN}, {216, CHANGES_OWN},
	{185, CHANGES_OWN},                                         /* capset */
	{11, CHANGES_PROGRAM}, {358, CHANGES_PROGRAM},              /* execve execveat */
	{217, CHANGES_ROOT}, {61, CHANGES_ROOT},                    /* pivot_root chroot */
	{310, CHANGES_ROOT}, {346, CHANGES_ROOT},                   /* unshare setns */
	{446, CHANGES_UNSEEN}, {460, CHANGES_UNSEEN}, /* landlock_restrict_self lsm_set_self_attr */
	{-1, CHANGES_NOTHING},
};

static const struct rights_call none[] = {{-1, CHANGES_NOTHING}};

const struct rights_call *filter_rights_calls(const struct abi *abi)
{
	static const struct {
		uint32_t arch;
		const struct rights_call *calls;
	} table[] = {{AUDIT_ARCH_X86_64, x86_64_calls}, {AUDIT_ARCH_I386, i386_calls}};

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].arch == abi->audit_arch)
			return table[i].calls;
	return none;
}

enum rights_change filter_rights_change(const struct abi *abi, int sysno)
{
	const struct rights_call *r = filter_rights_calls(abi);

	while (r->sysno >= 0 && r->sysno != sysno)
		r++;
	return r->change;
}
