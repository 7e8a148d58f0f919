/*
 * rights_message.h - control messages that are sent, with descriptors of ours.
 *
 * SCM_RIGHTS carries numbers of the caller's table; the kernel looks them up in ours.
 */
#ifndef SOCKETCALL_SERVE_HOST_RIGHTS_MESSAGE_H
#define SOCKETCALL_SERVE_HOST_RIGHTS_MESSAGE_H

#include <sys/socket.h>

#include "../../call/call.h"
#include "../../call/caller.h"

/* Makes of m's control messages (m may be NULL) a copy in *head that can be sent.
 * 0 or -errno (-EBADF: one of the numbers is none); on an error there is nothing to
 * free. */
/* Besides, a message on an AF_UNIX socket names the process that sends it. Where we
 * may say so (CAP_SYS_ADMIN), it is the caller; else its readers see us. */
int rights_message_init(struct msghdr *head, struct caller *, const struct call *,
			const struct call_msg *m);
/* Were the messages refused (EPERM) because they name the caller's process, as it may
 * itself? Then names ours instead, with whose rights the caller's are used, and
 * returns true: its readers see the right user and the wrong process. */
bool rights_message_name_us(struct msghdr *head, const struct caller *);
void rights_message_free(struct msghdr *head, struct caller *, const struct call *);

#endif
