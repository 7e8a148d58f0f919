/*
 * unix_control.c - control messages: SCM_RIGHTS and SCM_CREDENTIALS.
 *
 * A sender's are checked as __scm_send() does, before anything else is looked at.
 */
#include "unix.h"

#include <errno.h>
#include <string.h>

static int read_rights(struct net *net, const struct task *t, const struct cmsghdr *h,
		       struct unix_control *c)
{
	const unsigned n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	const unsigned had = c->rights ? c->rights->n : 0;
	struct unix_rights *r;

	if (!n)
		return 0;
	if (n > UNIX_RIGHTS_MAX || had + n > UNIX_RIGHTS_MAX)
		return -EINVAL;
	r = unix_rights_grow(net, c->rights, n);
	if (!r)
		return -ENOMEM;
	c->rights = r;
	for (unsigned i = 0; i < n; i++) {
		struct file *f;
		int fd;

		memcpy(&fd, CMSG_DATA(h) + i * sizeof(fd), sizeof(fd));
		f = task_file(t, fd);
		if (!f)
			return -EBADF;
		r->fd[r->n++].file = file_get(f);
	}
	return 0;
}

static bool pid_exists(const struct net *net, pid_t pid)
{
	const struct task *t;

	TAILQ_FOREACH(t, &net->tasks, entry)
		if (t->creds.pid == pid)
			return true;
	return false;
}

static int read_creds(const struct task *t, const struct cmsghdr *h, struct unix_control *c)
{
	struct ucred u;

	if (h->cmsg_len != CMSG_LEN(sizeof(u)))
		return -EINVAL;
	memcpy(&u, CMSG_DATA(h), sizeof(u));
	if (u.uid == (uid_t)-1 || u.gid == (gid_t)-1)
		return -EINVAL;
	if (!t->privileged &&
	    (u.pid != t->creds.pid || u.uid != t->creds.uid || u.gid != t->creds.gid))
		return -EPERM;
	if (u.pid != t->creds.pid && !pid_exists(t->net, u.pid))
		return -ESRCH;
	c->creds = (struct creds){u.pid, u.uid, u.gid};
	c->creds_set = true;
	return 0;
}

void unix_control_drop(struct net *net, struct unix_control *c)
{
	if (!c->rights)
		return;
	unix_rights_drop(net, c->rights);
	c->rights = NULL;
	unix_rights_flush(net);
}

static void drop_kept(struct op *op)
{
	unix_control_drop(op->task->net, &(struct unix_control){.rights = op->kept});
	op->kept = NULL;
}

void unix_control_end(struct message *m, struct unix_control *c, bool waits)
{
	if (waits && c->rights) {
		m->op->kept = c->rights;
		m->op->kept_drop = drop_kept;
	} else {
		unix_control_drop(m->op->task->net, c);
	}
}

int unix_control_parse(struct message *m, struct unix_control *c)
{
	/* Files are taken once: they went with the first byte, or are kept since. */
	const bool taken = m->done || c->rights;
	const struct task *t = m->op->task;
	const struct cmsghdr *h = NULL;
	int err = 0;

	while (!err && (h = message_next_control(m, h, &err))) {
		if (h->cmsg_level != SOL_SOCKET)
			continue;
		if (h->cmsg_type == SCM_RIGHTS)
			err = taken ? 0 : read_rights(t->net, t, h, c);
		else if (h->cmsg_type == SCM_CREDENTIALS)
			err = read_creds(t, h, c);
		else
			err = -EINVAL;
	}
	if (err)
		unix_control_drop(t->net, c);
	return err;
}

void unix_control_creds(struct unix_control *c, const struct message *m,
			const struct unix_sock *from, const struct unix_sock *to)
{
	if (c->creds_set || !(unix_wants_creds(from) || unix_wants_creds(to) || to->listener))
		return;
	c->creds = m->op->task->creds;
	c->creds_set = true;
}

void unix_put_creds(struct unix_sock *u, struct message *m, const struct creds *c)
{
	const unsigned nobody = 65534; /* what no id is shown as */
	const struct ucred out = {
		.pid = c->pid,
		.uid = c->uid == (uid_t)-1 ? nobody : c->uid,
		.gid = c->gid == (gid_t)-1 ? nobody : c->gid,
	};

	if (sock_flag(&u->sock, SOCK_FLAG_PASSCRED))
		message_put_control(m, SOL_SOCKET, SCM_CREDENTIALS, &out, sizeof(out));
}

void unix_put_rights(struct message *m, const struct unix_rights *r)
{
	struct net *net = m->op->task->net;
	const size_t before = m->out->control_len, room = message_control_left(m) / sizeof(int);
	int handle[UNIX_RIGHTS_MAX];
	unsigned n = 0;

	while (n < r->n && n < room) {
		handle[n] = file_handle(r->fd[n].file);
		if (handle[n] < 0)
			break;
		n++;
	}
	if (n)
		message_put_control(m, SOL_SOCKET, SCM_RIGHTS, handle, n * sizeof(int));
	if (n < r->n)
		m->out->flags |= MSG_CTRUNC;
	if (m->out->control_len == before)
		while (n > 0)
			handle_put(net, handle[--n]);
}
