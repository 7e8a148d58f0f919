#include "result.h"

#include <stddef.h>
#include <string.h>

#include "../lib/alloc.h"
#include "../lib/clear.h"

#ifndef SCM_PIDFD
#define SCM_PIDFD 4 /* Linux 6.5: a descriptor for the sender */
#endif

void result_init(struct result *r)
{
	clear(r, offsetof(struct result, msg_inline));
	r->fd = r->pair[0] = r->pair[1] = -1;
	r->given_fd = r->given_pair[0] = r->given_pair[1] = -1;
}

struct result_msg *result_one_message(struct result *r)
{
	clear(&r->msg_inline, sizeof(r->msg_inline));
	return &r->msg_inline;
}

static void put_rights(const struct handles *handles, uint8_t *control, size_t len)
{
	struct msghdr m = {.msg_control = control, .msg_controllen = len};

	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		if (h->cmsg_level != SOL_SOCKET || (h->cmsg_type != SCM_RIGHTS && h->cmsg_type != SCM_PIDFD))
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof(int) <= h->cmsg_len; at += sizeof(int)) {
			int fd;

			memcpy(&fd, (uint8_t *)h + at, sizeof(fd));
			if (fd >= 0)
				handles_put(handles, fd);
		}
	}
}

void result_free(struct result *r)
{
	for (unsigned i = 0; i < r->nmsg; i++) {
		struct result_msg *m = &r->msg[i];

		if (m->control)
			put_rights(&r->handles, m->control, m->control_len);
		alloc_put(r->mem, m->control);
		alloc_put(r->mem, m->given);
		alloc_put(r->mem, m->data);
	}
	if (r->msg != &r->msg_inline)
		alloc_put(r->mem, r->msg);
	alloc_put(r->mem, r->opt);
	if (r->fd >= 0)
		handles_put(&r->handles, r->fd);
	for (int i = 0; i < 2; i++)
		if (r->pair[i] >= 0)
			handles_put(&r->handles, r->pair[i]);
}
