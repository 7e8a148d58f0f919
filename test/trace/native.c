#include "native.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../src/abi/abi.h"

static void addr_in(struct call_addr *a, uint64_t at, int len)
{
	a->at = at;
	a->len = len;
	if (!at || len < 0 || len > CALL_ADDR_MAX)
		return;
	memcpy(a->bytes, (void *)at, len);
	a->present = true;
}

static void addr_room(struct call_addr *a, uint64_t at, uint64_t len_at)
{
	a->at = at;
	a->len_at = len_at;
	if (len_at)
		memcpy(&a->len, (void *)len_at, sizeof(a->len));
}

static void addr_out(struct call_addr *out, const struct call_addr *in)
{
	int room = in->len < CALL_ADDR_MAX ? in->len : CALL_ADDR_MAX;

	if (!in->at || !in->len_at)
		return;
	memcpy(&out->len, (void *)in->len_at, sizeof(out->len));
	memcpy(out->bytes, (void *)in->at, out->len < room ? out->len : room);
	out->present = true;
}

static void msg_in(struct call_msg *m, const struct msghdr *h, bool send)
{
	m->at = P(h);
	if (send)
		addr_in(&m->name, P(h->msg_name), h->msg_namelen);
	m->name.at = P(h->msg_name);
	m->name.len = h->msg_namelen;
	m->iov = calloc(h->msg_iovlen + 1, sizeof(*m->iov));
	m->iovlen = h->msg_iovlen;
	for (unsigned i = 0; i < m->iovlen; i++)
		m->iov[i] = (struct call_span){P(h->msg_iov[i].iov_base), h->msg_iov[i].iov_len};
	m->control_at = P(h->msg_control);
	m->control_room = h->msg_controllen;
	m->flags = h->msg_flags;
	if (send && h->msg_control) {
		m->control = malloc(h->msg_controllen + 1);
		memcpy(m->control, h->msg_control, h->msg_controllen);
		m->control_len = h->msg_controllen;
	}
}

static void given(struct result_msg *m)
{
	struct msghdr h = {.msg_control = m->control, .msg_controllen = m->control_len};

	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		m->ngiven = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		m->given = malloc(m->ngiven * sizeof(int));
		memcpy(m->given, CMSG_DATA(c), m->ngiven * sizeof(int));
		memset(CMSG_DATA(c), 0xff, m->ngiven * sizeof(int));
	}
}

static void msg_out(struct result_msg *out, const struct msghdr *h, size_t len)
{
	size_t left = len;

	out->len = out->data_len = len;
	out->data = malloc(len + 1);
	for (unsigned i = 0; i < h->msg_iovlen && left; i++) {
		size_t n = h->msg_iov[i].iov_len < left ? h->msg_iov[i].iov_len : left;

		memcpy(out->data + len - left, h->msg_iov[i].iov_base, n);
		left -= n;
	}
	if (h->msg_name) {
		out->name.present = true;
		out->name.len = h->msg_namelen;
		memcpy(out->name.bytes, h->msg_name,
		       h->msg_namelen < CALL_ADDR_MAX ? h->msg_namelen : CALL_ADDR_MAX);
	}
	out->flags = h->msg_flags;
	if (!h->msg_control || !h->msg_controllen)
		return;
	out->control = malloc(h->msg_controllen);
	out->control_len = h->msg_controllen;
	memcpy(out->control, h->msg_control, h->msg_controllen);
	given(out);
}

static const struct msghdr *header(const struct call *c, unsigned i)
{
	bool many = c->nr == CALL_sendmmsg || c->nr == CALL_recvmmsg;

	return many ? &((struct mmsghdr *)c->arg[1])[i].msg_hdr : (struct msghdr *)c->arg[1];
}

static void before(struct call *c)
{
	bool send = c->nr == CALL_sendmsg || c->nr == CALL_sendmmsg;

	switch ((int)c->nr) {
	case CALL_bind:
	case CALL_connect:
		addr_in(&c->addr, c->arg[1], c->arg[2]);
		break;
	case CALL_accept:
	case CALL_accept4:
	case CALL_getsockname:
	case CALL_getpeername:
		addr_room(&c->addr, c->arg[1], c->arg[2]);
		break;
	case CALL_sendto:
		addr_in(&c->addr, c->arg[4], c->arg[5]);
		break;
	case CALL_recvfrom:
		addr_room(&c->addr, c->arg[4], c->arg[5]);
		break;
	case CALL_setsockopt:
		c->opt.val_len = (int)c->arg[4] > 0 ? c->arg[4] : 0;
		if (!c->arg[3])
			break;
		c->opt.val = malloc(c->opt.val_len + 1);
		memcpy(c->opt.val, (void *)c->arg[3], c->opt.val_len);
		break;
	case CALL_getsockopt:
		if (c->arg[4])
			memcpy(&c->opt.len, (void *)c->arg[4], sizeof(c->opt.len));
		break;
	case CALL_recvmmsg:
		c->time = c->arg[4] ? TIME_64 : TIME_NONE;
		if (c->arg[4])
			memcpy(&c->timeout, (void *)c->arg[4], sizeof(c->timeout));
		/* fall through */
	case CALL_sendmmsg:
	case CALL_sendmsg:
	case CALL_recvmsg:
		c->nmsg = c->nr == CALL_sendmsg || c->nr == CALL_recvmsg ? 1 : c->arg[2];
		c->msg = calloc(c->nmsg, sizeof(*c->msg));
		for (unsigned i = 0; i < c->nmsg; i++)
			msg_in(&c->msg[i], header(c, i), send);
		break;
	default:
		break;
	}
}

static void results(const struct call *c, struct result *r, unsigned n)
{
	r->msg = calloc(n, sizeof(*r->msg));
	r->nmsg = n;
	for (unsigned i = 0; i < n; i++) {
		bool many = c->nr == CALL_sendmmsg || c->nr == CALL_recvmmsg;
		size_t len = many ? ((struct mmsghdr *)c->arg[1])[i].msg_len : r->ret;

		if (c->nr == CALL_sendmsg || c->nr == CALL_sendmmsg)
			r->msg[i].len = len;
		else
			msg_out(&r->msg[i], header(c, i), len);
	}
}

static void after(const struct call *c, struct result *r)
{
	switch ((int)c->nr) {
	case CALL_accept:
	case CALL_accept4:
	case CALL_getsockname:
	case CALL_getpeername:
		addr_out(&r->addr, &c->addr);
		break;
	case CALL_recvfrom:
		r->msg = calloc(1, sizeof(*r->msg));
		r->nmsg = 1;
		r->msg->len = r->msg->data_len = r->ret;
		r->msg->data = malloc(r->ret + 1);
		memcpy(r->msg->data, (void *)c->arg[1], r->ret);
		addr_out(&r->msg->name, &c->addr);
		break;
	case CALL_getsockopt:
		memcpy(&r->opt_len, (void *)c->arg[4], sizeof(r->opt_len));
		r->opt = malloc(r->opt_len + 1);
		memcpy(r->opt, (void *)c->arg[3], r->opt_len);
		break;
	case CALL_socketpair:
		memcpy(r->given_pair, (void *)c->arg[3], sizeof(r->given_pair));
		break;
	case CALL_sendmmsg:
	case CALL_recvmmsg:
		results(c, r, r->ret);
		if (c->nr == CALL_recvmmsg && c->arg[4]) {
			memcpy(&r->time_left, (void *)c->arg[4], sizeof(r->time_left));
			r->time_left_set = true;
		}
		break;
	case CALL_sendmsg:
	case CALL_recvmsg:
		results(c, r, 1);
		break;
	default:
		break;
	}
}

long native_call(struct trace *t, enum call_nr nr, const uint64_t arg[6])
{
	const struct abi *abi = &abi_x86_64;
	struct caller who = {.tid = getpid(), .tgid = getpid()};
	struct call c;
	struct result r;
	unsigned i;
	long ret;

	for (i = 0; i < abi->ndirect && abi->direct[i].call != nr; i++)
		;
	call_init(&c);
	result_init(&r);
	c.abi = abi;
	c.nr = nr;
	c.sysno = abi->direct[i].sysno;
	memcpy(c.arg, arg, sizeof(c.arg));
	before(&c);
	ret = syscall(c.sysno, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	r.ret = ret < 0 ? -errno : ret;
	if (ret >= 0)
		after(&c, &r);
	trace_call(t, &who, &c, NULL, &r, (struct timespec){0}, 0);
	ret = r.ret;
	result_free(&r);
	call_free(&c);
	return ret;
}
