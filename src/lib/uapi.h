/*
 * uapi.h - what newer kernels offer than the headers of Debian 12 know.
 * Values from include/uapi/linux/{seccomp,pidfd}.h; each name the kernel that
 * brought it. Whether the running kernel has it is found out at run time.
 */
#ifndef SOCKETCALL_UAPI_H
#define SOCKETCALL_UAPI_H

#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* 5.19 */
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64) /* 6.6 */
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* 6.9 */
#endif
#ifndef PIDFD_GET_INFO
#define PIDFD_INFO_PID (1UL << 0)
#define PIDFD_INFO_CREDS (1UL << 1)
#define PIDFD_INFO_CGROUPID (1UL << 2)
/* The first published layout; the ioctl carries its size. */
struct pidfd_info { /* 6.13 */
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	uint32_t spare0;
};
#define PIDFD_GET_INFO _IOWR(0xFF, 11, struct pidfd_info)
#endif

/* What the kernel's signal code understands as "interrupted: restart the call
 * unless a handler without SA_RESTART ran" (include/linux/errno.h). */
#define KERNEL_ERESTARTSYS 512

#endif
