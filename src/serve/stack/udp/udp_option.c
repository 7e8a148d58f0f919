/*
 * udp_option.c - options of IPPROTO_UDP.
 */
#include <errno.h>
#include <stddef.h>

#include "udp.h"

enum { /* <linux/udp.h> */
	UDP_CORK_ = 1,
	UDP_NO_CHECK6_TX_ = 101,
	UDP_NO_CHECK6_RX_ = 102,
	UDP_SEGMENT_ = 103,
	UDP_GRO_ = 104,
};

/* The bool of a row: at its offset in struct udp_sock. */
static bool *bool_of(struct sock *s, const struct option *o)
{
	return (bool *)((char *)s + o->at);
}

static int set_bool(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	int n, err = option_int(v, &n);

	if (err)
		return err;
	*bool_of(s, o) = n != 0;
	if (o->name == UDP_CORK_ && !n)
		udp_push(udp_of(s)); /* what becomes of it is not told */
	return 0;
}

static int get_bool(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return option_put_int(v, *bool_of(s, o));
}

static int set_segment(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	int n, err = option_int(v, &n);

	if (err)
		return err;
	if (n < 0 || n > UINT16_MAX)
		return -EINVAL;
	udp_of(s)->segment = n;
	return 0;
}

static int get_segment(struct op *op, struct sock *s, const struct option *o,
		       struct option_value *v)
{
	return option_put_int(v, udp_of(s)->segment);
}

#define BOOL(NAME, FIELD, DOES)                                                                    \
	{.name = NAME##_, .text = #NAME, .kind = OPT_OWN, .at = offsetof(struct udp_sock, FIELD),  \
	 .set = set_bool, .get = get_bool, .does = DOES}

static const struct option rows[] = {
	BOOL(UDP_CORK, corked, "puts what is sent together into one datagram"),
	BOOL(UDP_NO_CHECK6_TX, no_check6_tx, "sends over IPv6 what only UDP_NO_CHECK6_RX takes"),
	BOOL(UDP_NO_CHECK6_RX, no_check6_rx, "takes it"),
	{.name = UDP_SEGMENT_, .text = "UDP_SEGMENT", .kind = OPT_OWN, .set = set_segment,
	 .get = get_segment, .does = "sends as many datagrams of this size as it takes"},
	BOOL(UDP_GRO, gro, "takes what was sent by UDP_SEGMENT in one piece"),
};

const struct option_table options_udp = {
	.level = IPPROTO_UDP,
	.text = "IPPROTO_UDP",
	.row = rows,
	.n = sizeof(rows) / sizeof(rows[0]),
};
