/*
 * calls.c - all twenty calls, in both formats, for every ABI and entry.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "lines.h"

static const struct sockaddr_in local = {
	.sin_family = AF_INET, .sin_port = 0x5000, .sin_addr.s_addr = 0x0100007f};

#define LOCAL_TEXT "{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}"
#define LOCAL_JSON "{\"family\":\"AF_INET\",\"family_number\":2,\"port\":80," \
		   "\"address\":\"127.0.0.1\"}"

static void made_socket(struct call *c, struct result *r)
{
	r->fd = 99; /* ours: never shown */
	r->given_fd = 4;
}

static void made_pair(struct call *c, struct result *r)
{
	r->given_pair[0] = 5;
	r->given_pair[1] = 6;
}

static void addr_in(struct call *c, struct result *r)
{
	c->addr.at = 0x1000;
	set_addr(&c->addr, &local, sizeof(local));
}

static void addr_out(struct call *c, struct result *r)
{
	c->addr.at = 0x1000;
	c->addr.len = 128;
	set_addr(&r->addr, &local, sizeof(local));
}

static void accepted(struct call *c, struct result *r)
{
	addr_out(c, r);
	made_socket(c, r);
}

static void addr_cut(struct call *c, struct result *r)
{
	addr_out(c, r);
	c->addr.len = 4;
}

static void received(struct call *c, struct result *r)
{
	r->msg = calloc(1, sizeof(*r->msg));
	r->nmsg = 1;
	r->msg->len = r->msg->data_len = 3;
	r->msg->data = copy("a\nb", 3);
}

static void received_from(struct call *c, struct result *r)
{
	received(c, r);
	c->addr.at = 0x3000;
	c->addr.len = 128;
	set_addr(&r->msg->name, &local, sizeof(local));
}

static void option_in(struct call *c, struct result *r)
{
	c->opt.val = copy(&(int){1}, 4);
	c->opt.val_len = 4;
}

static void linger_out(struct call *c, struct result *r)
{
	c->opt.len = 100;
	r->opt = copy((int[]){1, 10}, 8);
	r->opt_len = 8;
}

static void fill_msg(struct call_msg *m)
{
	m->at = 0x2000;
	m->name.at = 0x1000;
	m->iov = m->iov_inline;
	m->iovlen = 2;
	m->iov[0] = (struct call_span){0x4000, 2};
	m->iov[1] = (struct call_span){0x5000, 100};
}

static void msg_send(struct call *c, struct result *r)
{
	c->msg = call_one_message(c);
	c->nmsg = 1;
	fill_msg(c->msg);
	set_addr(&c->msg->name, &local, sizeof(local));
	r->msg = calloc(1, sizeof(*r->msg));
	r->nmsg = 1;
	r->msg->len = 102;
}

static void msg_receive(struct call *c, struct result *r)
{
	c->msg = call_one_message(c);
	c->nmsg = 1;
	fill_msg(c->msg);
	c->msg->name.len = 128;
	received(c, r);
	set_addr(&r->msg->name, &local, sizeof(local));
	r->msg->flags = MSG_TRUNC;
}

static void msgs(struct call *c, struct result *r)
{
	c->msg = calloc(2, sizeof(*c->msg));
	c->nmsg = 2;
	r->msg = calloc(2, sizeof(*r->msg));
	r->nmsg = 2;
	for (int i = 0; i < 2; i++)
		fill_msg(&c->msg[i]);
}

static void msgs_send(struct call *c, struct result *r)
{
	msgs(c, r);
	set_addr(&c->msg[0].name, &local, sizeof(local));
	c->msg[1].name.at = 0;
	r->msg[0].len = 102;
}

static void msgs_receive(struct call *c, struct result *r)
{
	msgs(c, r);
	c->msg[0].name.at = 0;
	r->msg[0].len = r->msg[0].data_len = 3;
	r->msg[0].data = copy("abc", 3);
	c->time = TIME_64;
	c->timeout = (struct timespec){1, 5};
	r->time_left = (struct timespec){0, 7};
	r->time_left_set = true;
}

#define IOV_JSON "\"iov\":[{\"at\":\"0x4000\",\"length\":2},{\"at\":\"0x5000\",\"length\":100}]," \
		 "\"iovlen\":2"

static const struct vector vectors[] = {
	{"socket", CALL_socket, {2, SOCK_STREAM | SOCK_CLOEXEC, 6}, made_socket, 0,
	 "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 4",
	 "{\"family\":\"AF_INET\",\"family_number\":2,\"type\":\"SOCK_STREAM\",\"type_number\":1,"
	 "\"flags\":[\"SOCK_CLOEXEC\"],\"protocol\":\"IPPROTO_TCP\",\"protocol_number\":6}"},
	{"socket denied", CALL_socket, {40, 1, 0}, NULL, -EPERM,
	 "socket(AF_VSOCK, SOCK_STREAM, 0) = -1 EPERM (Operation not permitted)",
	 "{\"family\":\"AF_VSOCK\",\"family_number\":40,\"type\":\"SOCK_STREAM\",\"type_number\":1,"
	 "\"flags\":[],\"protocol\":null,\"protocol_number\":0}"},
	{"socketpair", CALL_socketpair, {1, 2, 0, 0x9000}, made_pair, 0,
	 "socketpair(AF_UNIX, SOCK_DGRAM, 0, [5, 6]) = 0",
	 "{\"family\":\"AF_UNIX\",\"family_number\":1,\"type\":\"SOCK_DGRAM\",\"type_number\":2,"
	 "\"flags\":[],\"protocol\":null,\"protocol_number\":0,\"sv_at\":\"0x9000\",\"sv\":[5,6]}"},
	{"bind", CALL_bind, {3, 0x1000, 16}, addr_in, -EADDRINUSE,
	 "bind(3, " LOCAL_TEXT ", 16) = -1 EADDRINUSE (Address already in use)",
	 "{\"fd\":3,\"address_at\":\"0x1000\",\"address_length\":16,\"address\":" LOCAL_JSON "}"},
	{"connect", CALL_connect, {3, 0x1000, 16}, addr_in, 0,
	 "connect(3, " LOCAL_TEXT ", 16) = 0",
	 "{\"fd\":3,\"address_at\":\"0x1000\",\"address_length\":16,\"address\":" LOCAL_JSON "}"},
	{"listen", CALL_listen, {3, 0xffffffff}, NULL, 0, "listen(3, -1) = 0",
	 "{\"fd\":3,\"backlog\":-1}"},
	{"accept", CALL_accept, {3, 0x1000, 0x2000}, accepted, 0,
	 "accept(3, " LOCAL_TEXT ", [128 => 16]) = 4",
	 "{\"fd\":3,\"address_at\":\"0x1000\",\"address_length_at\":\"0x2000\","
	 "\"address_room\":128,\"address_length\":16,\"address\":" LOCAL_JSON "}"},
	{"accept without address", CALL_accept, {3}, made_socket, 0, "accept(3, NULL, NULL) = 4",
	 "{\"fd\":3,\"address_at\":null,\"address_length_at\":null}"},
	{"accept4", CALL_accept4, {3, 0x1000, 0x2000, SOCK_NONBLOCK}, accepted, 0,
	 "accept4(3, " LOCAL_TEXT ", [128 => 16], SOCK_NONBLOCK) = 4",
	 "{\"fd\":3,\"address_at\":\"0x1000\",\"address_length_at\":\"0x2000\","
	 "\"address_room\":128,\"address_length\":16,\"address\":" LOCAL_JSON
	 ",\"flags\":[\"SOCK_NONBLOCK\"]}"},
	{"getsockname", CALL_getsockname, {3, 0x1000, 0x2000}, addr_cut, 0,
	 "getsockname(3, {sa_family=AF_INET, sa_data=\"\\0P\"}, [4 => 16]) = 0",
	 "{\"fd\":3,\"address_at\":\"0x1000\",\"address_length_at\":\"0x2000\","
	 "\"address_room\":4,\"address_length\":16,"
	 "\"address\":{\"family\":\"AF_INET\",\"family_number\":2,\"data\":{\"hex\":\"0050\"}}}"},
	{"getpeername", CALL_getpeername, {3, 0x1000, 0x2000}, NULL, -ENOTCONN,
	 "getpeername(3, 0x1000, [0]) = -1 ENOTCONN (Transport endpoint is not connected)",
	 "{\"fd\":3,\"address_at\":\"0x1000\",\"address_length_at\":\"0x2000\","
	 "\"address_room\":0}"},
	{"send", CALL_send, {3, 0x4000, 10, MSG_NOSIGNAL}, NULL, 10,
	 "send(3, 0x4000, 10, MSG_NOSIGNAL) = 10",
	 "{\"fd\":3,\"buffer_at\":\"0x4000\",\"buffer_length\":10,\"flags\":[\"MSG_NOSIGNAL\"]}"},
	{"recv", CALL_recv, {3, 0x4000, 10, 0}, received, 3, "recv(3, \"a\\nb\", 10, 0) = 3",
	 "{\"fd\":3,\"buffer_at\":\"0x4000\",\"buffer_length\":10,\"flags\":[],\"data\":\"a\\nb\"}"},
	{"sendto", CALL_sendto, {3, 0x4000, 10, 0x1000040, 0x1000, 16}, addr_in, 10,
	 "sendto(3, 0x4000, 10, MSG_DONTWAIT|0x1000000, " LOCAL_TEXT ", 16) = 10",
	 "{\"fd\":3,\"buffer_at\":\"0x4000\",\"buffer_length\":10,"
	 "\"flags\":[\"MSG_DONTWAIT\",\"0x1000000\"],"
	 "\"address_at\":\"0x1000\",\"address_length\":16,\"address\":" LOCAL_JSON "}"},
	{"recvfrom", CALL_recvfrom, {3, 0x4000, 10, 0, 0x3000, 0x2000}, received_from, 3,
	 "recvfrom(3, \"a\\nb\", 10, 0, " LOCAL_TEXT ", [128 => 16]) = 3",
	 "{\"fd\":3,\"buffer_at\":\"0x4000\",\"buffer_length\":10,\"flags\":[],\"data\":\"a\\nb\","
	 "\"address_at\":\"0x3000\",\"address_length_at\":\"0x2000\",\"address_room\":128,"
	 "\"address_length\":16,\"address\":" LOCAL_JSON "}"},
	{"shutdown", CALL_shutdown, {3, 1}, NULL, 0, "shutdown(3, SHUT_WR) = 0",
	 "{\"fd\":3,\"how\":\"SHUT_WR\",\"how_number\":1}"},
	{"setsockopt", CALL_setsockopt, {3, 1, 2, 0x6000, 4}, option_in, 0,
	 "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
	 "{\"fd\":3,\"level\":\"SOL_SOCKET\",\"level_number\":1,\"option\":\"SO_REUSEADDR\","
	 "\"option_number\":2,\"value_at\":\"0x6000\",\"value_length\":4,\"value\":1}"},
	{"getsockopt", CALL_getsockopt, {3, 1, 13, 0x6000, 0x7000}, linger_out, 0,
	 "getsockopt(3, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=10}, [100 => 8]) = 0",
	 "{\"fd\":3,\"level\":\"SOL_SOCKET\",\"level_number\":1,\"option\":\"SO_LINGER\","
	 "\"option_number\":13,\"value_at\":\"0x6000\",\"value_length_at\":\"0x7000\","
	 "\"value_room\":100,\"value_length\":8,\"value\":{\"l_onoff\":1,\"l_linger\":10}}"},
	{"sendmsg", CALL_sendmsg, {3, 0x2000, 0}, msg_send, 102,
	 "sendmsg(3, {msg_name=" LOCAL_TEXT ", msg_namelen=16, msg_iov=[{iov_base=0x4000, "
	 "iov_len=2}, {iov_base=0x5000, iov_len=100}], msg_iovlen=2, msg_controllen=0, "
	 "msg_flags=0}, 0) = 102",
	 "{\"fd\":3,\"message_at\":\"0x2000\",\"flags\":[],\"message\":{\"at\":\"0x2000\","
	 "\"name_at\":\"0x1000\",\"name_length\":16,\"name\":" LOCAL_JSON "," IOV_JSON
	 ",\"control_at\":null,\"control_length\":0,\"flags\":[],\"length\":102}}"},
	{"recvmsg", CALL_recvmsg, {3, 0x2000, MSG_PEEK}, msg_receive, 3,
	 "recvmsg(3, {msg_name=" LOCAL_TEXT ", msg_namelen=128 => 16, msg_iov=[{iov_base=\"a\\n\", "
	 "iov_len=2}, {iov_base=\"b\", iov_len=100}], msg_iovlen=2, msg_controllen=0, "
	 "msg_flags=MSG_TRUNC}, MSG_PEEK) = 3",
	 "{\"fd\":3,\"message_at\":\"0x2000\",\"flags\":[\"MSG_PEEK\"],\"message\":{"
	 "\"at\":\"0x2000\",\"name_at\":\"0x1000\",\"name_room\":128,\"name_length\":16,"
	 "\"name\":" LOCAL_JSON "," IOV_JSON ",\"control_at\":null,\"control_room\":0,"
	 "\"control_length\":0,\"data\":\"a\\nb\",\"flags\":[\"MSG_TRUNC\"],\"length\":3}}"},
	{"sendmmsg", CALL_sendmmsg, {3, 0x2000, 2, 0}, msgs_send, 1,
	 "sendmmsg(3, [{msg_hdr={msg_name=" LOCAL_TEXT ", msg_namelen=16, msg_iov=["
	 "{iov_base=0x4000, iov_len=2}, {iov_base=0x5000, iov_len=100}], msg_iovlen=2, "
	 "msg_controllen=0, msg_flags=0}, msg_len=102}, {msg_hdr={msg_name=NULL, msg_namelen=0, "
	 "msg_iov=[{iov_base=0x4000, iov_len=2}, {iov_base=0x5000, iov_len=100}], msg_iovlen=2, "
	 "msg_controllen=0, msg_flags=0}}], 2, 0) = 1",
	 "{\"fd\":3,\"messages_at\":\"0x2000\",\"vlen\":2,\"flags\":[],\"messages\":[{"
	 "\"at\":\"0x2000\",\"name_at\":\"0x1000\",\"name_length\":16,\"name\":" LOCAL_JSON ","
	 IOV_JSON ",\"control_at\":null,\"control_length\":0,\"flags\":[],\"length\":102},{"
	 "\"at\":\"0x2000\",\"name_at\":null,\"name_length\":0," IOV_JSON
	 ",\"control_at\":null,\"control_length\":0,\"flags\":[]}]}"},
	{"recvmmsg", CALL_recvmmsg, {3, 0x2000, 2, MSG_WAITFORONE, 0x8000}, msgs_receive, 1,
	 "recvmmsg(3, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"ab\", "
	 "iov_len=2}, {iov_base=\"c\", iov_len=100}], msg_iovlen=2, msg_controllen=0, "
	 "msg_flags=0}, msg_len=3}], 2, MSG_WAITFORONE, {tv_sec=1, tv_nsec=5}) = 1 "
	 "(left {tv_sec=0, tv_nsec=7})",
	 "{\"fd\":3,\"messages_at\":\"0x2000\",\"vlen\":2,\"flags\":[\"MSG_WAITFORONE\"],"
	 "\"timeout_at\":\"0x8000\",\"timeout\":{\"tv_sec\":1,\"tv_nsec\":5},"
	 "\"time_left\":{\"tv_sec\":0,\"tv_nsec\":7},\"messages\":[{\"at\":\"0x2000\","
	 "\"name_at\":null,\"name_room\":0," IOV_JSON ",\"control_at\":null,\"control_room\":0,"
	 "\"control_length\":0,\"data\":\"abc\",\"flags\":[],\"length\":3},{\"at\":\"0x2000\","
	 "\"name_at\":\"0x1000\",\"name_room\":0," IOV_JSON
	 ",\"control_at\":null,\"control_room\":0}]}"},
};

static void all_calls(void **state)
{
	uint32_t seen = 0;

	for (unsigned i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		seen |= UINT32_C(1) << vectors[i].nr;
	assert_int_equal(seen, (UINT32_C(1) << (CALL_LAST + 1)) - 2);
	run_vectors(vectors, sizeof(vectors) / sizeof(vectors[0]));
}

static void envelope(void **state)
{
	static const struct verdict deny = {VERDICT_DENY, EPERM, true, "deny socket family vsock",
					    "no-alg-vsock", 3};
	struct call c;
	struct result r;
	json_t *o, *expected;

	call_init(&c);
	result_init(&r);
	c = (struct call){.abi = &abi_i386, .nr = CALL_socket, .entry = ENTRY_SOCKETCALL,
			  .sysno = 102, .block_at = 0xffee, .arg = {40, 1, 0}, .fd = -1, .sock = -1};
	r.ret = -EPERM;
	o = json_of(&c, &deny, &r);
	json_object_del(json_object_get(o, "args"), "protocol");
	expected = json_loads(
		"{\"time\":\"2026-11-22T16:50:16.000000042Z\",\"pid\":5,\"tid\":7,\"abi\":\"i386\","
		"\"entry\":\"socketcall\",\"syscall\":102,\"call\":\"socket\",\"call_number\":1,"
		"\"args\":{\"block_at\":\"0xffee\",\"family\":\"AF_VSOCK\",\"family_number\":40,"
		"\"type\":\"SOCK_STREAM\",\"type_number\":1,\"flags\":[],\"protocol_number\":0},"
		"\"ret\":-1,\"errno\":{\"name\":\"EPERM\",\"number\":1},"
		"\"verdict\":{\"action\":\"deny\",\"errno\":\"EPERM\",\"errno_number\":1,"
		"\"rule\":\"deny socket family vsock\",\"file\":\"no-alg-vsock\",\"line\":3,"
		"\"log\":true},\"elapsed_us\":12.345}", 0, NULL);
	assert_non_null(expected);
	if (!json_equal(o, expected))
		fail_msg("%s", json_dumps(o, JSON_COMPACT));
	json_decref(o);
	json_decref(expected);
}

static void verdicts(void **state)
{
	static const struct vector v = {"", CALL_listen, {3, 5}, NULL, -EPERM, NULL, NULL};
	static const struct vector ok = {"", CALL_listen, {3, 5}, NULL, 0, NULL, NULL};
	const struct verdict deny = {VERDICT_DENY, EPERM, false, "deny listen", "my\npolicy", 12};
	const struct verdict line = {VERDICT_DENY, EPERM, false, "deny listen", NULL, 0};
	const struct verdict kill = {VERDICT_KILL, EPERM, false, "kill\tlisten", "p", 1};
	const struct verdict allow = {VERDICT_ALLOW, 0, false, "default", NULL, 0};
	const struct verdict stated = {VERDICT_ALLOW, 0, false, "default allow", "p", 9};
	const struct verdict closed = {VERDICT_DENY, EPERM, false, "default", NULL, 0};
	const struct verdict none = {VERDICT_ALLOW, 0, false, NULL, NULL, 0};

	run_one(&v, &abi_i386, ENTRY_SOCKETCALL, &deny, "i386 socketcall listen(3, 5) = -1 EPERM "
		"(Operation not permitted) <deny listen; my?policy:12>");
	run_one(&v, &abi_x86_64, ENTRY_DIRECT, &line,
		"listen(3, 5) = -1 EPERM (Operation not permitted) <deny listen>");
	run_one(&v, &abi_x86_64, ENTRY_DIRECT, &kill, "listen(3, 5) = ? <kill listen; p:1>");
	run_one(&ok, &abi_x86_64, ENTRY_DIRECT, &allow, "listen(3, 5) = 0");
	run_one(&ok, &abi_x86_64, ENTRY_DIRECT, &stated, "listen(3, 5) = 0 <allow: default allow; p:9>");
	run_one(&v, &abi_x86_64, ENTRY_DIRECT, &closed,
		"listen(3, 5) = -1 EPERM (Operation not permitted) <deny: default>");
	run_one(&ok, &abi_x86_64, ENTRY_DIRECT, &none, "listen(3, 5) = 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_calls),
		cmocka_unit_test(envelope),
		cmocka_unit_test(verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
