/*
 * shape_table.c - the structures, field by field. Layouts are those of a 64-bit
 * little endian or big endian Linux (decode and serve keep all values so);
 * numbers instead of offsetof, as not every header is on every machine.
 */
#include "shape.h"

#define FIELDS(shape) static const struct field shape##_fields[] =
#define SHAPE(name, form, size, shorter)                                     \
	const struct shape shape_##name = {form, size, shorter, name##_fields, \
					   sizeof(name##_fields) / sizeof(name##_fields[0])};
#define F(at, size, kind, name) {at, size, FIELD_##kind, name, NULL, NULL}
#define FN(at, size, kind, name, names) {at, size, FIELD_##kind, name, NULL, names}
#define FJ(at, size, kind, name, json) {at, size, FIELD_##kind, name, json, NULL}
#define FJN(at, size, kind, name, json, names) {at, size, FIELD_##kind, name, json, names}

/* A value or a plain one: one field without a name. */
#define ONE(name, form, size, kind, names, shorter) \
	FIELDS(name) {{0, size, kind, NULL, NULL, names}}; \
	SHAPE(name, form, size, shorter)

/* One value. */

const struct shape shape_none = {SHAPE_STRUCT, 0, NULL, NULL, 0};
ONE(int, SHAPE_VALUE, 4, FIELD_INT, NULL, NULL)
ONE(uint, SHAPE_VALUE, 4, FIELD_UINT, NULL, NULL)
ONE(u16, SHAPE_VALUE, 2, FIELD_UINT, NULL, NULL)
ONE(u64, SHAPE_VALUE, 8, FIELD_UINT, NULL, &shape_uint)
ONE(pacing, SHAPE_VALUE, 8, FIELD_UINT, NULL, &shape_uint)
ONE(octet, SHAPE_VALUE, 1, FIELD_HEX, NULL, NULL)
ONE(be32, SHAPE_VALUE, 4, FIELD_NET, NULL, NULL)
ONE(port_range, SHAPE_VALUE, 4, FIELD_HEX, NULL, NULL)
ONE(family, SHAPE_VALUE, 4, FIELD_NAME, &names_family, NULL)
ONE(socktype, SHAPE_VALUE, 4, FIELD_NAME, &names_type, NULL)
ONE(ipproto, SHAPE_VALUE, 4, FIELD_NAME, &names_ipproto, NULL)
ONE(pmtudisc, SHAPE_VALUE, 4, FIELD_NAME, &names_pmtudisc, NULL)
ONE(alg_op, SHAPE_VALUE, 4, FIELD_NAME, &names_alg_op, NULL)
ONE(icmp_filter, SHAPE_VALUE, 4, FIELD_FLAGS, &names_icmp_bits, NULL)
ONE(errno, SHAPE_VALUE, 4, FIELD_ERRNO, NULL, NULL)
ONE(in_addr, SHAPE_VALUE, 4, FIELD_IN, NULL, NULL)
ONE(in6_addr, SHAPE_VALUE, 16, FIELD_IN6, NULL, NULL)
ONE(octets, SHAPE_PLAIN, 0, FIELD_OCTETS, NULL, NULL)
ONE(string, SHAPE_PLAIN, 0, FIELD_STRING, NULL, NULL)
ONE(bytes, SHAPE_PLAIN, 0, FIELD_BYTES, NULL, NULL)
ONE(sockaddr, SHAPE_PLAIN, 0, FIELD_SOCKADDR, NULL, NULL)

ONE(fds, SHAPE_ARRAY, 4, FIELD_INT, NULL, NULL)
ONE(uints, SHAPE_ARRAY, 4, FIELD_UINT, NULL, NULL)
ONE(uints_hex, SHAPE_ARRAY, 4, FIELD_HEX, NULL, NULL)

/* Structures of SOL_SOCKET. */

FIELDS(linger) {F(0, 4, INT, "l_onoff"), F(4, 4, INT, "l_linger")};
SHAPE(linger, SHAPE_STRUCT, 8, &shape_int)

FIELDS(timeval) {F(0, 8, INT, "tv_sec"), F(8, 8, INT, "tv_usec")};
SHAPE(timeval, SHAPE_STRUCT, 16, NULL)

FIELDS(timeval32) {F(0, 4, INT, "tv_sec"), F(4, 4, INT, "tv_usec")};
SHAPE(timeval32, SHAPE_STRUCT, 8, NULL)

FIELDS(timespec) {F(0, 8, INT, "tv_sec"), F(8, 8, INT, "tv_nsec")};
SHAPE(timespec, SHAPE_STRUCT, 16, NULL)
const struct shape shape_timespecs = {SHAPE_ARRAY, 16, NULL, timespec_fields, 2};

FIELDS(ucred) {F(0, 4, INT, "pid"), F(4, 4, UINT, "uid"), F(8, 4, UINT, "gid")};
SHAPE(ucred, SHAPE_STRUCT, 12, NULL)

FIELDS(timestamping_long) {FN(0, 4, FLAGS, "flags", &names_timestamping),
			   F(4, 4, INT, "bind_phc")};
ONE(timestamping_int, SHAPE_VALUE, 4, FIELD_FLAGS, &names_timestamping, NULL)
const struct shape shape_timestamping = {SHAPE_STRUCT, 8, &shape_timestamping_int,
					 timestamping_long_fields, 2};

FIELDS(txtime) {F(0, 4, INT, "clockid"), F(4, 4, HEX, "flags")};
SHAPE(txtime, SHAPE_STRUCT, 8, NULL)

FIELDS(filter) {F(0, 2, HEX, "code"), F(2, 1, UINT, "jt"),
		F(3, 1, UINT, "jf"), F(4, 4, HEX, "k")};
SHAPE(filter, SHAPE_ARRAY, 8, NULL)

FIELDS(ts_pktinfo) {F(0, 4, UINT, "if_index"), F(4, 4, UINT, "pkt_length")};
SHAPE(ts_pktinfo, SHAPE_STRUCT, 8, NULL)

/* IPv4 and IPv6. */

FIELDS(in_pktinfo) {F(0, 4, INT, "ipi_ifindex"), F(4, 4, IN, "ipi_spec_dst"),
		    F(8, 4, IN, "ipi_addr")};
SHAPE(in_pktinfo, SHAPE_STRUCT, 12, NULL)

FIELDS(mreqn) {F(0, 4, IN, "imr_multiaddr"), F(4, 4, IN, "imr_interface"),
	       F(8, 4, INT, "imr_ifindex")};
SHAPE(mreqn, SHAPE_STRUCT, 8, NULL)
const struct shape shape_multicast_if = {SHAPE_STRUCT, 8, &shape_in_addr, mreqn_fields, 3};

FIELDS(mreq_source) {F(0, 4, IN, "imr_multiaddr"), F(4, 4, IN, "imr_interface"),
		     F(8, 4, IN, "imr_sourceaddr")};
SHAPE(mreq_source, SHAPE_STRUCT, 12, NULL)

FIELDS(msfilter) {F(0, 4, IN, "imsf_multiaddr"), F(4, 4, IN, "imsf_interface"),
		  FN(8, 4, NAME, "imsf_fmode", &names_mcast_mode),
		  F(12, 4, UINT, "imsf_numsrc"), F(16, 0, BYTES, "imsf_slist")};
SHAPE(msfilter, SHAPE_STRUCT, 16, NULL)

FIELDS(group_req) {F(0, 4, UINT, "gr_interface"), F(8, 128, SOCKADDR, "gr_group")};
SHAPE(group_req, SHAPE_STRUCT, 136, NULL)

FIELDS(group_source_req) {F(0, 4, UINT, "gsr_interface"),
			  F(8, 128, SOCKADDR, "gsr_group"),
			  F(136, 128, SOCKADDR, "gsr_source")};
SHAPE(group_source_req, SHAPE_STRUCT, 264, NULL)

FIELDS(group_filter) {F(0, 4, UINT, "gf_interface"), F(8, 128, SOCKADDR, "gf_group"),
		      FN(136, 4, NAME, "gf_fmode", &names_mcast_mode),
		      F(140, 4, UINT, "gf_numsrc"),
		      F(144, 128, SOCKADDR, "gf_slist")};
SHAPE(group_filter, SHAPE_STRUCT, 144, NULL)

FIELDS(ipv6_mreq) {F(0, 16, IN6, "ipv6mr_multiaddr"), F(16, 4, INT, "ipv6mr_interface")};
SHAPE(ipv6_mreq, SHAPE_STRUCT, 20, NULL)

FIELDS(in6_pktinfo) {F(0, 16, IN6, "ipi6_addr"), F(16, 4, INT, "ipi6_ifindex")};
SHAPE(in6_pktinfo, SHAPE_STRUCT, 20, &shape_int)

FIELDS(ip6_mtuinfo) {F(0, 28, SOCKADDR, "ip6m_addr"), F(28, 4, UINT, "ip6m_mtu")};
SHAPE(ip6_mtuinfo, SHAPE_STRUCT, 32, &shape_int)

FIELDS(sock_err_in) {F(0, 4, ERRNO, "ee_errno"),
		     FN(4, 1, NAME, "ee_origin", &names_ee_origin),
		     F(5, 1, UINT, "ee_type"), F(6, 1, UINT, "ee_code"),
		     F(8, 4, UINT, "ee_info"), F(12, 4, UINT, "ee_data"),
		     F(16, 0, SOCKADDR, "offender")};
SHAPE(sock_err_in, SHAPE_STRUCT, 16, &shape_int)
const struct shape shape_sock_err_in6 = {SHAPE_STRUCT, 16, &shape_int, sock_err_in_fields, 7};

/* The fields that Linux 2.6 had and that tell most. */
FIELDS(tcp_info) {FN(0, 1, NAME, "tcpi_state", &names_tcp_state),
		  F(1, 1, UINT, "tcpi_ca_state"), F(2, 1, UINT, "tcpi_retransmits"),
		  F(3, 1, UINT, "tcpi_probes"), F(4, 1, UINT, "tcpi_backoff"),
		  F(5, 1, HEX, "tcpi_options"), F(8, 4, UINT, "tcpi_rto"),
		  F(12, 4, UINT, "tcpi_ato"), F(16, 4, UINT, "tcpi_snd_mss"),
		  F(20, 4, UINT, "tcpi_rcv_mss"), F(24, 4, UINT, "tcpi_unacked"),
		  F(28, 4, UINT, "tcpi_sacked"), F(32, 4, UINT, "tcpi_lost"),
		  F(36, 4, UINT, "tcpi_retrans"), F(60, 4, UINT, "tcpi_pmtu"),
		  F(68, 4, UINT, "tcpi_rtt"), F(72, 4, UINT, "tcpi_rttvar"),
		  F(80, 4, UINT, "tcpi_snd_cwnd"), F(96, 4, UINT, "tcpi_rcv_space"),
		  F(100, 4, UINT, "tcpi_total_retrans")};
SHAPE(tcp_info, SHAPE_STRUCT, 1, NULL)

/* Other families. */

FIELDS(packet_mreq) {F(0, 4, INT, "mr_ifindex"),
		     FN(4, 2, NAME, "mr_type", &names_packet_mr),
		     F(6, 2, UINT, "mr_alen"), F(8, 8, MAC, "mr_address")};
SHAPE(packet_mreq, SHAPE_STRUCT, 16, NULL)

FIELDS(tpacket_req) {F(0, 4, UINT, "tp_block_size"), F(4, 4, UINT, "tp_block_nr"),
		     F(8, 4, UINT, "tp_frame_size"), F(12, 4, UINT, "tp_frame_nr"),
		     F(16, 4, UINT, "tp_retire_blk_tov"),
		     F(20, 4, UINT, "tp_sizeof_priv"),
		     F(24, 4, HEX, "tp_feature_req_word")};
SHAPE(tpacket_req, SHAPE_STRUCT, 16, NULL)

FIELDS(tpacket_auxdata) {F(0, 4, HEX, "tp_status"), F(4, 4, UINT, "tp_len"),
			 F(8, 4, UINT, "tp_snaplen"), F(12, 2, UINT, "tp_mac"),
			 F(14, 2, UINT, "tp_net"), F(16, 2, HEX, "tp_vlan_tci"),
			 F(18, 2, HEX, "tp_vlan_tpid")};
SHAPE(tpacket_auxdata, SHAPE_STRUCT, 20, NULL)

ONE(nl_pktinfo, SHAPE_VALUE, 4, FIELD_UINT, NULL, NULL)

FIELDS(alg_iv) {F(0, 4, UINT, "ivlen"), F(4, 0, BYTES, "iv")};
SHAPE(alg_iv, SHAPE_STRUCT, 4, NULL)

FIELDS(can_filters) {F(0, 4, HEX, "can_id"), F(4, 4, HEX, "can_mask")};
SHAPE(can_filters, SHAPE_ARRAY, 8, NULL)

/* Addresses. In JSON what addresses have in common has one name. */

FIELDS(sa_in) {FJ(2, 2, PORT, "sin_port", "port"), FJ(4, 4, IN, "sin_addr", "address")};
FIELDS(sa_in6) {FJ(2, 2, PORT, "sin6_port", "port"),
		FJ(4, 4, NET, "sin6_flowinfo", "flowinfo"),
		FJ(8, 16, IN6, "sin6_addr", "address"),
		FJ(24, 4, UINT, "sin6_scope_id", "scope")};
FIELDS(sa_nl) {FJ(4, 4, UINT, "nl_pid", "netlink_pid"),
	       FJ(8, 4, MASK, "nl_groups", "netlink_groups")};
FIELDS(sa_ll) {FJN(2, 2, NET_NAME, "sll_protocol", "ethertype", &names_ethertype),
	       FJ(4, 4, INT, "sll_ifindex", "ifindex"),
	       FJN(8, 2, NAME, "sll_hatype", "hatype", &names_arphrd),
	       FJN(10, 1, NAME, "sll_pkttype", "pkttype", &names_pkttype),
	       FJ(11, 1, UINT, "sll_halen", "halen"),
	       FJ(12, 0, COUNTED, "sll_addr", "address")};
FIELDS(sa_vm) {FJN(8, 4, NAME, "svm_cid", "cid", &names_vm_cid),
	       FJ(4, 4, HEX, "svm_port", "port"), FJ(12, 1, HEX, "svm_flags", "vsock_flags")};
FIELDS(sa_alg) {FJ(2, 14, STRING, "salg_type", "alg_type"),
		FJ(16, 4, HEX, "salg_feat", "alg_feat"),
		FJ(20, 4, HEX, "salg_mask", "alg_mask"),
		FJ(24, 0, STRING, "salg_name", "alg_name")};
FIELDS(sa_hci) {FJ(2, 2, LE, "hci_dev", "hci_device"),
		FJN(4, 2, NAME, "hci_channel", "hci_channel", &names_hci_channel)};
FIELDS(sa_sco) {FJ(2, 6, MAC, "sco_bdaddr", "address")};
FIELDS(sa_rc) {FJ(2, 6, MAC, "rc_bdaddr", "address"), FJ(8, 1, UINT, "rc_channel", "channel")};
FIELDS(sa_l2) {FJ(2, 2, LE, "l2_psm", "psm"), FJ(4, 6, MAC, "l2_bdaddr", "address"),
	       FJ(10, 2, LE, "l2_cid", "cid"),
	       FJN(12, 1, NAME, "l2_bdaddr_type", "bdaddr_type", &names_bdaddr_type)};
FIELDS(sa_can) {FJ(4, 4, INT, "can_ifindex", "ifindex")};
FIELDS(sa_xdp) {FJN(2, 2, FLAGS, "sxdp_flags", "xdp_flags", &names_xdp_flags),
		FJ(4, 4, UINT, "sxdp_ifindex", "ifindex"),
		FJ(8, 4, UINT, "sxdp_queue_id", "queue"),
		FJ(12, 4, UINT, "sxdp_shared_umem_fd", "shared_umem_fd")};
FIELDS(sa_qrtr) {FJ(4, 4, HEX, "sq_node", "node"), FJ(8, 4, HEX, "sq_port", "port")};
FIELDS(sa_mctp) {FJ(4, 4, UINT, "smctp_network", "network"),
		 FJ(8, 1, HEX, "smctp_addr", "address"),
		 FJ(9, 1, HEX, "smctp_type", "mctp_type"),
		 FJ(10, 1, HEX, "smctp_tag", "mctp_tag")};

#define SOCKADDR(family, size, exact, fields) \
	{family, exact, {SHAPE_STRUCT, size, NULL, fields, sizeof(fields) / sizeof(fields[0])}}

static const struct {
	int family;
	size_t exact; /* 0, or the length that tells it from others of the family */
	struct shape shape;
} sockaddrs[] = {
	SOCKADDR(2, 16, 0, sa_in_fields),    SOCKADDR(10, 24, 0, sa_in6_fields),
	SOCKADDR(16, 12, 0, sa_nl_fields),   SOCKADDR(17, 12, 0, sa_ll_fields),
	SOCKADDR(40, 16, 0, sa_vm_fields),   SOCKADDR(38, 25, 0, sa_alg_fields),
	SOCKADDR(31, 6, 6, sa_hci_fields),   SOCKADDR(31, 8, 8, sa_sco_fields),
	SOCKADDR(31, 10, 10, sa_rc_fields),  SOCKADDR(31, 12, 12, sa_l2_fields),
	SOCKADDR(31, 14, 14, sa_l2_fields),  SOCKADDR(29, 8, 0, sa_can_fields),
	SOCKADDR(44, 16, 0, sa_xdp_fields),  SOCKADDR(42, 12, 0, sa_qrtr_fields),
	SOCKADDR(45, 11, 0, sa_mctp_fields), SOCKADDR(43, 16, 0, sa_in_fields),
};

const struct shape *shape_sockaddr_of(int family, size_t len)
{
	for (unsigned i = 0; i < sizeof(sockaddrs) / sizeof(sockaddrs[0]); i++)
		if (sockaddrs[i].family == family && len >= sockaddrs[i].shape.size &&
		    (!sockaddrs[i].exact || sockaddrs[i].exact == len))
			return &sockaddrs[i].shape;
	return NULL;
}

const struct shape *shape_fit(const struct shape *shape, size_t len)
{
	while (shape && len < shape->size)
		shape = shape->shorter;
	return shape && shape->nfield ? shape : NULL;
}
