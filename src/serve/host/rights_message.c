#include "rights_message.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* May we send credentials that are not our own? Asked once: we never change. */
static bool may_name_others(void)
{
	static _Atomic int known; /* 1 no, 2 yes */
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (!known)
		known = syscall(SYS_capget, &h, data) == 0 &&
			data[0].effective & 1u << CAP_SYS_ADMIN ? 2 : 1;
	return known == 2;
}

/* The credentials in the control messages, if there are any and all of them. */
static struct ucred *credentials(struct msghdr *head)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(head); h; h = CMSG_NXTHDR(head, h)) {
		size_t room = (uint8_t *)head->msg_control + head->msg_controllen - (uint8_t *)h;

		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_CREDENTIALS &&
		    h->cmsg_len == CMSG_LEN(sizeof(struct ucred)) && h->cmsg_len <= room)
			return (struct ucred *)CMSG_DATA(h);
	}
	return NULL;
}

/* Puts the caller's credentials before the other messages. */
static int name_sender(struct msghdr *head, const struct caller *who)
{
	const size_t space = CMSG_SPACE(sizeof(struct ucred));
	const struct ucred own = {.pid = who->tgid, .uid = getuid(), .gid = getgid()};
	uint8_t *both = calloc(1, space + head->msg_controllen);
	struct cmsghdr *h = (struct cmsghdr *)both;

	if (!both)
		return -ENOBUFS;
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_CREDENTIALS;
	h->cmsg_len = CMSG_LEN(sizeof(own));
	memcpy(CMSG_DATA(h), &own, sizeof(own));
	if (head->msg_controllen)
		memcpy(both + space, head->msg_control, head->msg_controllen);
	free(head->msg_control);
	head->msg_control = both;
	head->msg_controllen += space;
	return 0;
}

int rights_message_init(struct msghdr *head, struct caller *who, const struct call *c,
			const struct call_msg *m)
{
	int err = 0;

	*head = (struct msghdr){0};
	if (m && m->control_len) {
		head->msg_control = malloc(m->control_len);
		if (!head->msg_control)
			return -ENOBUFS;
		head->msg_controllen = m->control_len;
		memcpy(head->msg_control, m->control, m->control_len);
	}
	bool names_us = who->tgid && !who->as && may_name_others();
	if ((!names_us && !head->msg_control) || !carries_descriptors(c))
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
	if (!err && names_us && !credentials(head))
		err = name_sender(head, who);
	if (err) {
		rights_message_free(head, who, c);
		head->msg_control = NULL;
	}
	return err;
}

bool rights_message_name_us(struct msghdr *head, const struct caller *who)
{
	struct ucred *claimed = credentials(head);

	if (!claimed || !who->tgid || claimed->pid != who->tgid)
		return false;
	claimed->pid = syscall(SYS_getpid); /* a delegate's, if that is who sends */
	return true;
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
