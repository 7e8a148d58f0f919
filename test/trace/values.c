/*
 * values.c - what calls carry: addresses, option values, control messages. And what
 * is not well-formed.
 */
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "lines.h"

/* An address given to connect, as text and as JSON. */
static void address(const void *bytes, size_t len, const char *text, const char *json)
{
	struct call c;
	struct result r;
	json_t *o, *a, *expected;
	char *line, want[2048];

	call_init(&c);
	result_init(&r);
	c.abi = &abi_x86_64;
	c.nr = CALL_connect;
	c.arg[0] = 3;
	c.arg[1] = c.addr.at = 0x1000;
	c.arg[2] = len;
	set_addr(&c.addr, bytes, len);
	snprintf(want, sizeof(want), "[pid 7] connect(3, %s, %zu) = 0", text, len);
	line = line_of(TRACE_TEXT, &c, NULL, &r);
	assert_string_equal(line, want);
	free(line);
	o = json_of(&c, NULL, &r);
	a = json_object_get(json_object_get(o, "args"), "address");
	expected = json ? json_loads(json, 0, NULL) : NULL;
	if (json && !(expected && json_equal(a, expected)))
		fail_msg("%s", json_dumps(a, JSON_COMPACT));
	if (!json)
		assert_null(a);
	json_decref(expected);
	json_decref(o);
}

#define ADDRESS(bytes, text, json) address(bytes, sizeof(bytes) - 1, text, json)

static void addresses(void **state)
{
	ADDRESS("\2\0\0\x50\x7f\0\0\1\0\0\0\0\0\0\0\0",
		"{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}",
		"{\"family\":\"AF_INET\",\"family_number\":2,\"port\":80,\"address\":\"127.0.0.1\"}");
	ADDRESS("\x0a\0\0\x50\0\0\0\5\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\3\0\0\0",
		"{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(5), "
		"inet_pton(AF_INET6, \"::1\", &sin6_addr), sin6_scope_id=3}",
		"{\"family\":\"AF_INET6\",\"family_number\":10,\"port\":80,\"flowinfo\":5,"
		"\"address\":\"::1\",\"scope\":3}");
	ADDRESS("\1\0/run/x", "{sa_family=AF_UNIX, sun_path=\"/run/x\"}",
		"{\"family\":\"AF_UNIX\",\"family_number\":1,\"path\":\"/run/x\"}");
	ADDRESS("\1\0/r\0n", "{sa_family=AF_UNIX, sun_path=\"/r\"}",
		"{\"family\":\"AF_UNIX\",\"family_number\":1,\"path\":\"/r\"}");
	ADDRESS("\1\0\0abc", "{sa_family=AF_UNIX, sun_path=@\"abc\"}",
		"{\"family\":\"AF_UNIX\",\"family_number\":1,\"abstract\":\"abc\"}");
	ADDRESS("\1\0\0a\0c", "{sa_family=AF_UNIX, sun_path=@\"a\\0c\"}",
		"{\"family\":\"AF_UNIX\",\"family_number\":1,\"abstract\":{\"hex\":\"610063\"}}");
	ADDRESS("\1\0", "{sa_family=AF_UNIX}",
		"{\"family\":\"AF_UNIX\",\"family_number\":1,\"unnamed\":true}");
	ADDRESS("\1\0\xff\n\x1b[2J\x7f\xc3\xbc",
		"{sa_family=AF_UNIX, sun_path=\"\\377\\n\\33[2J\\177\\303\\274\"}",
		"{\"family\":\"AF_UNIX\",\"family_number\":1,\"path\":{\"hex\":\"ff0a1b5b324a7fc3bc\"}}");
	ADDRESS("\1\0\n\xc3\xbc", "{sa_family=AF_UNIX, sun_path=\"\\n\\303\\274\"}",
		"{\"family\":\"AF_UNIX\",\"family_number\":1,\"path\":\"\\n\\u00fc\"}");
	ADDRESS("\x10\0\0\0\5\0\0\0\x11\0\0\0",
		"{sa_family=AF_NETLINK, nl_pid=5, nl_groups=0x000011}",
		"{\"family\":\"AF_NETLINK\",\"family_number\":16,\"netlink_pid\":5,"
		"\"netlink_groups\":17}");
	ADDRESS("\x11\0\x08\0\1\0\0\0\1\0\0\6\1\2\3\4\5\6\0\0",
		"{sa_family=AF_PACKET, sll_protocol=htons(ETH_P_IP), sll_ifindex=1, "
		"sll_hatype=ARPHRD_ETHER, sll_pkttype=PACKET_HOST, sll_halen=6, "
		"sll_addr=[0x1, 0x2, 0x3, 0x4, 0x5, 0x6]}",
		"{\"family\":\"AF_PACKET\",\"family_number\":17,\"ethertype\":\"ETH_P_IP\","
		"\"ifindex\":1,\"hatype\":\"ARPHRD_ETHER\",\"pkttype\":\"PACKET_HOST\",\"halen\":6,"
		"\"address\":\"01:02:03:04:05:06\"}");
	ADDRESS("\x28\0\0\0\x50\0\0\0\2\0\0\0\0\0\0\0",
		"{sa_family=AF_VSOCK, svm_cid=VMADDR_CID_HOST, svm_port=0x50, svm_flags=0}",
		"{\"family\":\"AF_VSOCK\",\"family_number\":40,\"cid\":\"VMADDR_CID_HOST\","
		"\"port\":80,\"vsock_flags\":0}");
	ADDRESS("\x1f\0\5\0\1\2\3\4", "{sa_family=AF_BLUETOOTH, sco_bdaddr=05:00:01:02:03:04}",
		"{\"family\":\"AF_BLUETOOTH\",\"family_number\":31,\"address\":\"05:00:01:02:03:04\"}");
	ADDRESS("\x1f\0\5\0\1", "{sa_family=AF_BLUETOOTH, sa_data=\"\\5\\0\\1\"}",
		"{\"family\":\"AF_BLUETOOTH\",\"family_number\":31,\"data\":{\"hex\":\"050001\"}}");
	ADDRESS("\x4d\x01zz", "{sa_family=0x14d /* AF_??? */, sa_data=\"zz\"}",
		"{\"family\":null,\"family_number\":333,\"data\":{\"hex\":\"7a7a\"}}");
	ADDRESS("\2\0", "{sa_family=AF_INET}", "{\"family\":\"AF_INET\",\"family_number\":2}");
	ADDRESS("\2", "0x1000", NULL);
	ADDRESS("", "0x1000", NULL);
}

/* An option given to setsockopt. */
static void option(int level, int name, const void *value, size_t len, const char *text,
		   const char *json)
{
	struct call c;
	struct result r;
	json_t *o, *v, *expected;
	char *line, want[2048];

	call_init(&c);
	result_init(&r);
	c.abi = &abi_x86_64;
	c.nr = CALL_setsockopt;
	memcpy(c.arg, (uint64_t[6]){3, (uint32_t)level, (uint32_t)name, 0x6000, len}, sizeof(c.arg));
	c.opt.val = copy(value, len);
	c.opt.val_len = len;
	snprintf(want, sizeof(want), "[pid 7] setsockopt(3, %s, %zu) = 0", text, len);
	line = line_of(TRACE_TEXT, &c, NULL, &r);
	assert_string_equal(line, want);
	free(line);
	o = json_of(&c, NULL, &r);
	v = json_object_get(json_object_get(o, "args"), "value");
	expected = json_loads(json, JSON_DECODE_ANY, NULL);
	if (!(expected && json_equal(v, expected)))
		fail_msg("%s", json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY));
	json_decref(expected);
	json_decref(o);
	call_free(&c);
}

static void options(void **state)
{
	static const uint8_t zeros[4096];

	option(1, 20, (int64_t[]){1, 5}, 16, "SOL_SOCKET, SO_RCVTIMEO_OLD, {tv_sec=1, tv_usec=5}",
	       "{\"tv_sec\":1,\"tv_usec\":5}");
	option(1, 66, (int64_t[]){-1, 5}, 16, "SOL_SOCKET, SO_RCVTIMEO_NEW, {tv_sec=-1, tv_usec=5}",
	       "{\"tv_sec\":-1,\"tv_usec\":5}");
	option(1, 25, "lo\0junk", 7, "SOL_SOCKET, SO_BINDTODEVICE, \"lo\"", "\"lo\"");
	option(1, 25, "\xff", 1, "SOL_SOCKET, SO_BINDTODEVICE, \"\\377\"", "{\"hex\":\"ff\"}");
	option(1, 37, (int[]){0x10 | 0x8000000}, 4,
	       "SOL_SOCKET, SO_TIMESTAMPING_OLD, [SOF_TIMESTAMPING_SOFTWARE|0x8000000]",
	       "[\"SOF_TIMESTAMPING_SOFTWARE\",\"0x8000000\"]");
	option(0, 35, "\340\0\0\1\0\0\0\0\1\0\0\0", 12,
	       "SOL_IP, IP_ADD_MEMBERSHIP, {imr_multiaddr=inet_addr(\"224.0.0.1\"), "
	       "imr_interface=inet_addr(\"0.0.0.0\"), imr_ifindex=1}",
	       "{\"imr_multiaddr\":\"224.0.0.1\",\"imr_interface\":\"0.0.0.0\",\"imr_ifindex\":1}");
	option(0, 32, "\12\0\0\1", 4, "SOL_IP, IP_MULTICAST_IF, [inet_addr(\"10.0.0.1\")]",
	       "\"10.0.0.1\"");
	option(0, 2, "\100", 1, "SOL_IP, IP_TTL, \"@\"", "\"@\"");
	option(0, 10, (int[]){2}, 4, "SOL_IP, IP_MTU_DISCOVER, [IP_PMTUDISC_DO]",
	       "\"IP_PMTUDISC_DO\"");
	option(6, 13, "bbr", 3, "SOL_TCP, TCP_CONGESTION, \"bbr\"", "\"bbr\"");
	option(41, 20, "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\0\0\0", 20,
	       "SOL_IPV6, IPV6_ADD_MEMBERSHIP, {inet_pton(AF_INET6, \"ff02::1\", &ipv6mr_multiaddr), "
	       "ipv6mr_interface=2}", "{\"ipv6mr_multiaddr\":\"ff02::1\",\"ipv6mr_interface\":2}");
	option(40, 0, (uint64_t[]){1 << 20}, 8, "AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, [1048576]",
	       "1048576");
	option(279, 1, "key\0key", 7, "SOL_ALG, ALG_SET_KEY, \"key\\0key\"",
	       "{\"hex\":\"6b6579006b6579\"}");
	option(1, 12345, (int[]){-1}, 4, "SOL_SOCKET, 0x3039 /* SO_??? */, [-1]", "-1");
	option(-1, -1, "abc", 3, "0xffffffff /* SOL_??? */, -1, \"abc\"", "\"abc\"");
	option(1, 12345, zeros, sizeof(zeros),
	       "SOL_SOCKET, 0x3039 /* SO_??? */, \"\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0"
	       "\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\"...",
	       "{\"hex\":\"0000000000000000000000000000000000000000000000000000000000000000\"}");
}

static void narrow(void **state)
{
	struct call c;
	struct result r = {.fd = -1, .pair = {-1, -1}, .opt_len = 8};
	char *line;

	call_init(&c);
	c.abi = &abi_i386;
	c.nr = CALL_getsockopt;
	memcpy(c.arg, (uint64_t[6]){3, 1, 20, 0x6000, 0x7000}, sizeof(c.arg));
	c.opt.narrow = true;
	c.opt.len = 100;
	r.opt = copy((int[]){1, 5}, 8);
	line = line_of(TRACE_TEXT, &c, NULL, &r);
	assert_string_equal(line, "[pid 7] i386 getsockopt(3, SOL_SOCKET, SO_RCVTIMEO_OLD, "
			    "{tv_sec=1, tv_usec=5}, [100 => 8]) = 0");
	free(line);
	free(r.opt);
}

/* decode puts the instructions behind the head. */
static void filters(void **state)
{
	struct {
		struct sock_fprog head;
		struct sock_filter code[2];
	} f = {{2, NULL}, {{6, 0, 1, 0xffff}, {0x20, 0, 0, 0}}};
	struct call c;
	struct result r;
	char *line;

	call_init(&c);
	result_init(&r);
	c.abi = &abi_i386;
	c.nr = CALL_setsockopt;
	memcpy(c.arg, (uint64_t[6]){3, 1, 26, 0x6000, 8}, sizeof(c.arg));
	c.opt.val_len = sizeof(f.head);
	c.opt.val = copy(&f, sizeof(f));
	((struct sock_fprog *)c.opt.val)->filter = (void *)(c.opt.val + sizeof(f.head));
	line = line_of(TRACE_TEXT, &c, NULL, &r);
	assert_string_equal(line, "[pid 7] i386 setsockopt(3, SOL_SOCKET, SO_ATTACH_FILTER, "
			    "[{code=0x6, jt=0, jf=1, k=0xffff}, {code=0x20, jt=0, jf=0, k=0}], 8) = 0");
	free(line);
	((struct sock_fprog *)c.opt.val)->filter = (void *)1;
	line = line_of(TRACE_TEXT, &c, NULL, &r);
	assert_string_equal(line,
			    "[pid 7] i386 setsockopt(3, SOL_SOCKET, SO_ATTACH_FILTER, 0x6000, 8) = 0");
	free(line);
	call_free(&c);
}

/* Control messages: sent ones by i386, received ones by both ABIs. */
static struct call_msg *one_message(struct call *c, const struct abi *abi, enum call_nr nr)
{
	call_init(c);
	c->abi = abi;
	c->nr = nr;
	c->arg[0] = 3;
	c->arg[1] = 0x2000;
	c->msg = call_one_message(c);
	c->nmsg = 1;
	c->msg->iov = c->msg->iov_inline;
	c->msg->control_at = 0x7000;
	return c->msg;
}

static void expect(const struct call *c, const struct result *r, const char *control,
		   const char *json)
{
	char *line = line_of(TRACE_TEXT, c, NULL, r);
	json_t *o = json_of(c, NULL, r), *v, *expected = json_loads(json, 0, NULL);

	if (!strstr(line, control))
		fail_msg("%s\nis not in %s", control, line);
	v = json_object_get(json_object_get(json_object_get(o, "args"), "message"), "control");
	if (!(expected && json_equal(v, expected)))
		fail_msg("%s", json_dumps(v, JSON_COMPACT));
	json_decref(expected);
	json_decref(o);
	free(line);
}

static void sent_control(void **state)
{
	struct call c;
	struct result r = {.ret = -EPERM, .fd = -1, .pair = {-1, -1}};
	struct call_msg *m = one_message(&c, &abi_i386, CALL_sendmsg);

	m->control_room = 44;
	put_cmsg(&m->control, &m->control_len, 1, 1, (int[]){4, 5}, 8);
	put_cmsg(&m->control, &m->control_len, 1, 2, (int[]){9, 0, -1}, 12);
	put_cmsg(&m->control, &m->control_len, 0, 8, "\1\0\0\0\0\0\0\0\x7f\0\0\1", 12);
	put_cmsg(&m->control, &m->control_len, 77, 50, "xyz", 3);
	expect(&c, &r,
	       "msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, "
	       "cmsg_data=[4, 5]}, {cmsg_len=24, cmsg_level=SOL_SOCKET, "
	       "cmsg_type=SCM_CREDENTIALS, cmsg_data={pid=9, uid=0, gid=4294967295}}, "
	       "{cmsg_len=24, cmsg_level=SOL_IP, cmsg_type=IP_PKTINFO, cmsg_data={ipi_ifindex=1, "
	       "ipi_spec_dst=inet_addr(\"0.0.0.0\"), ipi_addr=inet_addr(\"127.0.0.1\")}}, "
	       "{cmsg_len=15, cmsg_level=0x4d /* SOL_??? */, cmsg_type=0x32, "
	       "cmsg_data=\"xyz\"}], msg_controllen=44, msg_flags=0}",
	       "[{\"level\":\"SOL_SOCKET\",\"level_number\":1,\"type\":\"SCM_RIGHTS\","
	       "\"type_number\":1,\"length\":20,\"data\":[4,5]},"
	       "{\"level\":\"SOL_SOCKET\",\"level_number\":1,\"type\":\"SCM_CREDENTIALS\","
	       "\"type_number\":2,\"length\":24,\"data\":{\"pid\":9,\"uid\":0,\"gid\":4294967295}},"
	       "{\"level\":\"SOL_IP\",\"level_number\":0,\"type\":\"IP_PKTINFO\",\"type_number\":8,"
	       "\"length\":24,\"data\":{\"ipi_ifindex\":1,\"ipi_spec_dst\":\"0.0.0.0\","
	       "\"ipi_addr\":\"127.0.0.1\"}},"
	       "{\"level\":null,\"level_number\":77,\"type\":null,\"type_number\":50,\"length\":15,"
	       "\"data\":\"xyz\"}]");
	call_free(&c);
}

static void received_control(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct call c;
		struct result_msg out = {0};
		struct result r = {.fd = -1, .pair = {-1, -1}, .msg = &out, .nmsg = 1};
		struct call_msg *m = one_message(&c, i ? &abi_i386 : &abi_x86_64, CALL_recvmsg);

		m->control_room = 500;
		put_cmsg(&out.control, &out.control_len, 1, 29, (int64_t[]){5, 6}, 16);
		put_cmsg(&out.control, &out.control_len, 1, 1, (int[]){-1, -1}, 8);
		/* One found room. The numbers of our handles are nobody's business. */
		out.given = &(int){8};
		out.ngiven = 1;
		expect(&c, &r,
		       i ? "msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type="
			   "SO_TIMESTAMP_OLD, cmsg_data={tv_sec=5, tv_usec=6}}, {cmsg_len=16, "
			   "cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[8]}], "
			   "msg_controllen=36, msg_flags=0}"
			 : "msg_control=[{cmsg_len=32, cmsg_level=SOL_SOCKET, cmsg_type="
			   "SO_TIMESTAMP_OLD, cmsg_data={tv_sec=5, tv_usec=6}}, {cmsg_len=20, "
			   "cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[8]}], "
			   "msg_controllen=56, msg_flags=0}",
		       i ? "[{\"level\":\"SOL_SOCKET\",\"level_number\":1,"
			   "\"type\":\"SO_TIMESTAMP_OLD\",\"type_number\":29,\"length\":20,"
			   "\"data\":{\"tv_sec\":5,\"tv_usec\":6}},{\"level\":\"SOL_SOCKET\","
			   "\"level_number\":1,\"type\":\"SCM_RIGHTS\",\"type_number\":1,"
			   "\"length\":16,\"data\":[8]}]"
			 : "[{\"level\":\"SOL_SOCKET\",\"level_number\":1,"
			   "\"type\":\"SO_TIMESTAMP_OLD\",\"type_number\":29,\"length\":32,"
			   "\"data\":{\"tv_sec\":5,\"tv_usec\":6}},{\"level\":\"SOL_SOCKET\","
			   "\"level_number\":1,\"type\":\"SCM_RIGHTS\",\"type_number\":1,"
			   "\"length\":20,\"data\":[8]}]");
		out.given = NULL;
		expect(&c, &r, "cmsg_type=SCM_RIGHTS, cmsg_data=[?]}]",
		       i ? "[{\"level\":\"SOL_SOCKET\",\"level_number\":1,"
			   "\"type\":\"SO_TIMESTAMP_OLD\",\"type_number\":29,\"length\":20,"
			   "\"data\":{\"tv_sec\":5,\"tv_usec\":6}},{\"level\":\"SOL_SOCKET\","
			   "\"level_number\":1,\"type\":\"SCM_RIGHTS\",\"type_number\":1,"
			   "\"length\":20}]"
			 : "[{\"level\":\"SOL_SOCKET\",\"level_number\":1,"
			   "\"type\":\"SO_TIMESTAMP_OLD\",\"type_number\":29,\"length\":32,"
			   "\"data\":{\"tv_sec\":5,\"tv_usec\":6}},{\"level\":\"SOL_SOCKET\","
			   "\"level_number\":1,\"type\":\"SCM_RIGHTS\",\"type_number\":1,"
			   "\"length\":24}]");
		/* None did. */
		out.given = &(int){8};
		out.ngiven = 0;
		expect(&c, &r, i ? "tv_usec=6}}], msg_controllen=20" : "tv_usec=6}}], msg_controllen=32",
		       i ? "[{\"level\":\"SOL_SOCKET\",\"level_number\":1,"
			   "\"type\":\"SO_TIMESTAMP_OLD\",\"type_number\":29,\"length\":20,"
			   "\"data\":{\"tv_sec\":5,\"tv_usec\":6}}]"
			 : "[{\"level\":\"SOL_SOCKET\",\"level_number\":1,"
			   "\"type\":\"SO_TIMESTAMP_OLD\",\"type_number\":29,\"length\":32,"
			   "\"data\":{\"tv_sec\":5,\"tv_usec\":6}}]");
		/* Cut in the first one's data. */
		m->control_room = 25;
		out.given = NULL;
		expect(&c, &r,
		       i ? "tv_usec=6}}], msg_controllen=20"
			 : "{cmsg_len=25, cmsg_level=SOL_SOCKET, cmsg_type=SO_TIMESTAMP_OLD, "
			   "cmsg_data=\"\\5\\0\\0\\0\\0\\0\\0\\0\\6\"}], msg_controllen=25",
		       i ? "[{\"level\":\"SOL_SOCKET\",\"level_number\":1,"
			   "\"type\":\"SO_TIMESTAMP_OLD\",\"type_number\":29,\"length\":20,"
			   "\"data\":{\"tv_sec\":5,\"tv_usec\":6}}]"
			 : "[{\"level\":\"SOL_SOCKET\",\"level_number\":1,"
			   "\"type\":\"SO_TIMESTAMP_OLD\",\"type_number\":29,\"length\":25,"
			   "\"data\":{\"hex\":\"050000000000000006\"}}]");
		free(out.control);
		call_free(&c);
	}
}

static const struct vector undecoded[] = {
	{"fd", CALL_connect, {99, 0x1000, 0x7fffffff}, NULL, -EBADF,
	 "connect(99, 0x1000, 2147483647) = -1 EBADF (Bad file descriptor)",
	 "{\"fd\":99,\"address_at\":\"0x1000\",\"address_length\":2147483647}"},
	{"truncation", CALL_connect, {0xffffffffu, 0, 0x80000000u}, NULL, -EBADF,
	 "connect(-1, NULL, -2147483648) = -1 EBADF (Bad file descriptor)",
	 "{\"fd\":-1,\"address_at\":null,\"address_length\":-2147483648}"},
	{"option", CALL_setsockopt, {3, 1, 2, 0xfff0, 4}, NULL, -EFAULT,
	 "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, 0xfff0, 4) = -1 EFAULT (Bad address)",
	 "{\"fd\":3,\"level\":\"SOL_SOCKET\",\"level_number\":1,\"option\":\"SO_REUSEADDR\","
	 "\"option_number\":2,\"value_at\":\"0xfff0\",\"value_length\":4}"},
	{"message", CALL_sendmsg, {3, 0xfff0, 0x80000000u}, NULL, -EFAULT,
	 "sendmsg(3, 0xfff0, MSG_CMSG_COMPAT) = -1 EFAULT (Bad address)",
	 "{\"fd\":3,\"message_at\":\"0xfff0\",\"flags\":[\"MSG_CMSG_COMPAT\"]}"},
	{"messages", CALL_recvmmsg, {3, 0xfff0, 0xffffffffu, 0, 0xfff8}, NULL, -EFAULT,
	 "recvmmsg(3, 0xfff0, 4294967295, 0, 0xfff8) = -1 EFAULT (Bad address)",
	 "{\"fd\":3,\"messages_at\":\"0xfff0\",\"vlen\":4294967295,\"flags\":[],"
	 "\"timeout_at\":\"0xfff8\"}"},
	{"errno", CALL_listen, {3, 1}, NULL, -1234, "listen(3, 1) = -1 ERRNO_1234", NULL},
	{"descriptor not there", CALL_recv, {3, 0x1000, 0xffffffffu, 0}, NULL, -EAGAIN,
	 "recv(3, 0x1000, 4294967295, 0) = -1 EAGAIN (Resource temporarily unavailable)", NULL},
};

static void errors(void **state)
{
	run_vectors(undecoded, sizeof(undecoded) / sizeof(undecoded[0]));
}

/* Calls of which not even the words are known. */
static void blocks(void **state)
{
	struct call c;
	struct result r;
	char *line;

	call_init(&c);
	result_init(&r);
	c.abi = &abi_i386;
	c.entry = ENTRY_SOCKETCALL;
	c.nr = CALL_connect;
	c.block_at = 0xfff0;
	c.err = -EFAULT;
	r.ret = -EFAULT;
	line = line_of(TRACE_TEXT, &c, NULL, &r);
	assert_string_equal(line, "[pid 7] i386 socketcall(SYS_CONNECT, 0xfff0) = -1 EFAULT "
				  "(Bad address)");
	free(line);
	json_decref(json_of(&c, NULL, &r));
	c.nr = 21;
	c.err = r.ret = -EINVAL;
	line = line_of(TRACE_TEXT, &c, NULL, &r);
	assert_string_equal(line, "[pid 7] i386 socketcall(21, 0xfff0) = -1 EINVAL "
				  "(Invalid argument)");
	free(line);
	json_decref(json_of(&c, NULL, &r));
	c.nr = (enum call_nr)-1;
	c.abi = NULL;
	line = line_of(TRACE_TEXT, &c, NULL, &r);
	assert_string_equal(line, "[pid 7] socketcall(-1, 0xfff0) = -1 EINVAL (Invalid argument)");
	free(line);
	json_decref(json_of(&c, NULL, &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),        cmocka_unit_test(options),
		cmocka_unit_test(filters),          cmocka_unit_test(narrow),
		cmocka_unit_test(sent_control),     cmocka_unit_test(received_control),
		cmocka_unit_test(errors),           cmocka_unit_test(blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
