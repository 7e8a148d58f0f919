/*
 * rights.h - with whose rights a call must be served.
 *
 * catch reads it from the program as it is now; serve/host takes it on. Ids are
 * as seen from our own user namespace; a namespace is known by its inode number.
 */
#ifndef SOCKETCALL_RIGHTS_H
#define SOCKETCALL_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { RIGHTS_GROUPS_MAX = 65536 }; /* NGROUPS_MAX */

struct rights {
	pid_t tid, tgid;              /* the task that has them, to open /proc/<tid>/... */
	int pidfd;                    /* of the same task; owned by catch */
	uid_t ruid, euid, suid, fsuid;
	gid_t rgid, egid, sgid, fsgid;
	uint64_t cap_inheritable, cap_permitted, cap_effective, cap_bounding, cap_ambient;
	bool no_new_privs;
	uint64_t userns, netns, mntns, rootdev, rootino; /* rootdev/ino: its "/" */
	char cgroup[256];             /* the v2 path; "" if there is none */
	char label[256];              /* LSM label (attr/current); "" if there is none */
	unsigned ngroups;
	gid_t *groups;                /* owned */
};

void rights_free(struct rights *r);
/* Would a call served with one be the same as served with the other? */
bool rights_equal(const struct rights *a, const struct rights *b);

#endif
