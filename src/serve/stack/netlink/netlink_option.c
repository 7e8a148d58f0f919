/*
 * netlink_option.c - options of SOL_NETLINK.
 */
#include "netlink.h"
#include "../option.h"

static int set_flag(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	struct netlink_sock *nl = netlink_of(s);
	int on, err = option_int(v, &on);

	if (!err)
		nl->flags = (nl->flags & ~(1u << o->at)) | (uint32_t)(on != 0) << o->at;
	return err;
}

static int get_flag(struct op *op, struct sock *s, const struct option *o, struct option_value *v)
{
	return option_put_int(v, netlink_flag(netlink_of(s), o->at));
}

#define FLAG(opt, bit, text_) \
	{.name = opt, .text = #opt, .kind = OPT_OWN, .at = bit, .set = set_flag, \
	 .get = get_flag, .does = text_}

static const struct option rows[] = {
	FLAG(NETLINK_PKTINFO, NETLINK_FLAG_PKTINFO, "NETLINK_PKTINFO with what is received"),
	FLAG(NETLINK_CAP_ACK, NETLINK_FLAG_CAP_ACK, "an error does not repeat the request"),
	FLAG(NETLINK_EXT_ACK, NETLINK_FLAG_EXT_ACK, "an error says in words what is wrong"),
	FLAG(NETLINK_GET_STRICT_CHK, NETLINK_FLAG_STRICT,
	     "a dump is refused if its request has what is not understood, and filtered by "
	     "what is"),
};

const struct option_table options_netlink = {
	SOL_NETLINK, "SOL_NETLINK", rows, sizeof(rows) / sizeof(rows[0]),
};
