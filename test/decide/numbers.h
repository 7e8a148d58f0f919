/*
 * numbers.h - the system call numbers that decide writes out, from the kernel's
 * headers. Included once for each ABI, after its own asm/unistd_*.h.
 */
	__NR_setgroups, __NR_setreuid, __NR_setregid, __NR_setuid, __NR_setgid,
	__NR_setresuid, __NR_setresgid, __NR_setfsuid, __NR_setfsgid, __NR_capset,
	__NR_execve, __NR_execveat, __NR_pivot_root, __NR_chroot, __NR_unshare, __NR_setns,
	__NR_landlock_restrict_self,
	460, /* lsm_set_self_attr: Linux 6.8, and one number for every ABI */
