#include "rights_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Other families take no descriptors; what they are given stays as it is. */
static bool carries_descriptors(const struct call *c)
{
	int domain = AF_UNSPEC;
	socklen_t len = sizeof(domain);

	return getsockopt(c->sock, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

/* The descriptors of a message, and how many; NULL if it is another message. The
 * kernel has not checked the lengths yet. */
static int *descriptors(const struct msghdr *head, struct cmsghdr *h, size_t *n)
{
	size_t room = (uint8_t *)head->msg_control + head->msg_controllen - (uint8_t *)h;

	*n = 0;
	if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS ||
	    h->cmsg_len < CMSG_LEN(0) || h->cmsg_len > room)
		return NULL;
	*n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	return (int *)CMSG_DATA(h);
}

int rights_message_init(struct msghdr *head, struct caller *who, const struct call *c,
			const struct call_msg *m)
{
	int err = 0;

	*head = (struct msghdr){0};
	if (!m || !m->control_len)
		return 0;
	head->msg_control = malloc(m->control_len);
	if (!head->msg_control)
		return -ENOBUFS;
	head->msg_controllen = m->control_len;
	memcpy(head->msg_control, m->control, m->control_len);
	if (!carries_descriptors(c))
		return 0;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(head); h; h = CMSG_NXTHDR(head, h)) {
		size_t n;
		int *fd = descriptors(head, h, &n);

		/* After a number that is none the others must not be taken for ours. */
		for (size_t i = 0; i < n; i++) {
			int handle = err ? -1 : who->ops->fd_get(who, fd[i]);

			if (handle < 0 && !err)
				err = handle;
			fd[i] = handle < 0 ? -1 : handle;
		}
	}
	if (err) {
		rights_message_free(head, who, c);
		head->msg_control = NULL;
	}
	return err;
}

void rights_message_free(struct msghdr *head, struct caller *who, const struct call *c)
{
	if (head->msg_control && carries_descriptors(c))
		for (struct cmsghdr *h = CMSG_FIRSTHDR(head); h; h = CMSG_NXTHDR(head, h)) {
			size_t n;
			int *fd = descriptors(head, h, &n);

			for (size_t i = 0; i < n; i++)
				if (fd[i] >= 0)
					who->ops->fd_put(who, fd[i]);
		}
	free(head->msg_control);
}
