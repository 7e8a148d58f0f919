/*
 * errqueue.c - what became of sent packets.
 *
 * An ICMP error is a hard one (nobody listens there; it is forbidden) or one that may
 * pass (no host answers). The socket's pending error tells of hard ones if it is
 * connected, and of all if it asked for them (IP_RECVERR), which also queues what ICMP
 * brought back of the packet. Reading an error from the queue makes the next one, if it
 * is ICMP's, the pending one.
 */
#include "errqueue.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <string.h>

#include "ip_control.h"

struct err_packet {
	struct err_packet *next;
	struct sock_extended_err ee;
	struct endpoint to;      /* of the packet */
	struct ip_header header; /* of the ICMP packet that brought it */
	bool from_icmp;
	int truesize;
	size_t len;
	uint8_t data[];
};

/* What ICMP brings back of a packet's payload: 576 and 1280 bytes, less headers. */
enum { RETURNED4 = 576 - 28 - 28, RETURNED6 = 1280 - 48 - 48 };

bool errqueue_wanted(const struct inet_sock *s, const struct ip *to)
{
	return inet_flag(s, ip_is4(to) ? INET_RECVERR : INET6_RECVERR);
}

static bool is_icmp(uint8_t origin)
{
	return origin == SO_EE_ORIGIN_ICMP || origin == SO_EE_ORIGIN_ICMP6;
}

/* icmp_err_convert: does it end a connection? */
static bool is_hard(int err)
{
	return err != EHOSTUNREACH && err != ENETUNREACH;
}

static void describe(struct err_packet *e, const struct inet_sock *s, const struct ip *offender)
{
	struct route r;

	e->header.from.ip = *offender;
	e->header.to = s->local;
	/* Where the packet came from, if the socket has no address of its own. */
	if (ip_is_any(&s->local.ip) && !route_find(s->sock.host, &e->to.ip, 0, &r)) {
		e->header.to.ip = r.source;
		e->header.ifindex = r.ifindex;
	}
	e->header.ttl = 64;
	e->header.error = true;
	e->header.tos = ip_is4(&e->to.ip) ? 0xc0 | (s->tos & 0x1e) : 0;
	if (!e->header.ifindex)
		e->header.ifindex = ip_is_loopback(offender) ? IF_LO : IF_ETH;
}

/* The last of them and what they occupy; NULL: there is none. */
static struct err_packet *last_of(const struct inet_sock *s, int64_t *sum)
{
	struct err_packet *e = s->errors;

	*sum = 0;
	while (e) {
		*sum += e->truesize;
		if (!e->next)
			break;
		e = e->next;
	}
	return e;
}

static void keep(struct inet_sock *s, const struct sock_extended_err *ee,
		 const struct endpoint *to, const struct ip *offender, const void *data, size_t len)
{
	const size_t most = ip_is4(&to->ip) ? RETURNED4 : RETURNED6;
	struct err_packet *e, *last;
	int64_t sum;

	last = last_of(s, &sum);
	if (is_icmp(ee->ee_origin) && len > most)
		len = most;
	if (sum + 832 + (int64_t)len >= s->sock.rcvbuf)
		return;
	e = alloc_zero(&s->sock.file.net->mem, sizeof(*e) + len);
	if (!e)
		return;
	e->ee = *ee;
	e->to = *to;
	e->truesize = 832 + len;
	e->len = len;
	if (len)
		memcpy(e->data, data, len);
	e->from_icmp = offender && is_icmp(ee->ee_origin);
	if (e->from_icmp)
		describe(e, s, offender);
	if (last)
		last->next = e;
	else
		s->errors = e;
	file_notify(&s->sock.file, POLLERR);
}

void errqueue_add(struct inet_sock *s, int err, uint8_t origin, uint8_t type, uint8_t code,
		  uint32_t info, const struct endpoint *to, const struct ip *offender,
		  const void *data, size_t len)
{
	const struct sock_extended_err ee = {
		.ee_errno = err,
		.ee_origin = origin,
		.ee_type = type,
		.ee_code = code,
		.ee_info = info,
	};

	if (errqueue_wanted(s, &to->ip))
		keep(s, &ee, to, offender, data, len);
	else if (!is_hard(err) || !s->remote_set)
		return;
	if (is_icmp(origin))
		sock_set_error(&s->sock, err);
}

static struct err_packet *take(struct inet_sock *s)
{
	struct err_packet *e = s->errors;

	if (!e)
		return NULL;
	s->errors = e->next;
	if (s->errors && is_icmp(s->errors->ee.ee_origin))
		s->sock.err = s->errors->ee.ee_errno;
	else if (is_icmp(e->ee.ee_origin))
		s->sock.err = 0;
	return e;
}

static void put_error(struct inet_sock *s, struct message *m, const struct err_packet *e)
{
	struct {
		struct sock_extended_err ee;
		union {
			struct sockaddr_in in;
			struct sockaddr_in6 in6;
		} offender;
	} out = {.ee = e->ee};
	struct call_addr a = {0};
	const bool ip6 = s->sock.family == AF_INET6;

	if (e->from_icmp) {
		const struct endpoint from = {.ip = e->header.from.ip};

		endpoint_write(&s->sock, &from, &a);
		memcpy(&out.offender, a.bytes, ip6 ? sizeof(out.offender.in6)
						   : sizeof(out.offender.in));
		ip_control_put(s, m, &e->header);
	}
	message_put_control(m, ip6 ? IPPROTO_IPV6 : IPPROTO_IP, ip6 ? IPV6_RECVERR : IP_RECVERR,
			    &out, sizeof(out.ee) + (ip6 ? sizeof(out.offender.in6)
							: sizeof(out.offender.in)));
}

ssize_t errqueue_recv(struct sock *sk, struct message *m)
{
	struct inet_sock *s = inet_of(sk);
	struct err_packet *e = take(s);
	size_t len;
	ssize_t ret;

	if (!e)
		return -EAGAIN;
	len = e->len;
	if (len > m->len) {
		m->out->flags |= MSG_TRUNC;
		len = m->len;
	}
	ret = len && message_give(m, 0, e->data, len) ? -EFAULT : (ssize_t)len;
	if (ret >= 0) {
		if (sock_flag(sk, SOCK_FLAG_TIMESTAMP))
			sock_put_stamp(sk, m, net_wall(sk->file.net));
		if (m->from)
			endpoint_write(sk, &e->to, m->from);
		put_error(s, m, e);
		m->out->flags |= MSG_ERRQUEUE;
	}
	alloc_put(&sk->file.net->mem, e);
	return ret;
}

void errqueue_free(struct inet_sock *s)
{
	struct err_packet *e;

	while ((e = s->errors)) {
		s->errors = e->next;
		alloc_put(&s->sock.file.net->mem, e);
	}
}
