#include "rights.h"

#include <stdlib.h>
#include <string.h>

void rights_free(struct rights *r)
{
	free(r->groups);
	memset(r, 0, sizeof(*r));
	r->pidfd = -1;
}

bool rights_equal(const struct rights *a, const struct rights *b)
{
	return a->ruid == b->ruid && a->euid == b->euid && a->suid == b->suid &&
	       a->fsuid == b->fsuid && a->rgid == b->rgid && a->egid == b->egid &&
	       a->sgid == b->sgid && a->fsgid == b->fsgid &&
	       a->cap_permitted == b->cap_permitted && a->cap_effective == b->cap_effective &&
	       a->userns == b->userns && a->netns == b->netns && a->mntns == b->mntns &&
	       a->rootdev == b->rootdev && a->rootino == b->rootino &&
	       a->ngroups == b->ngroups &&
	       (!a->ngroups || !memcmp(a->groups, b->groups, a->ngroups * sizeof(gid_t))) &&
	       !strcmp(a->cgroup, b->cgroup) && !strcmp(a->label, b->label);
}
