#ifndef SOCKETCALL_REPLY_CONTROL_H
#define SOCKETCALL_REPLY_CONTROL_H

#include "../abi/abi.h"
#include "../call/caller.h"
#include "../call/result.h"

/* Writes the control messages of m to the caller, as its ABI has them and as far as
 * its room goes; installs the descriptors of SCM_RIGHTS; sets MSG_CTRUNC in m->flags
 * if something did not fit. Returns the bytes used: the new msg_controllen. */
size_t control_put(struct caller *, const struct abi *, const struct call_msg *in,
		   struct result_msg *m, bool cloexec);

#endif
