/*
 * options_known.c - values worth trying, and the differences that are known.
 */
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "options.h"

#define SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define INT(n) {&(const int){n}, sizeof(int)}
#define BYTES(...) {(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})}
#define LONGS(a, b) {(const long[]){a, b}, 2 * sizeof(long)}
#define WIDE(a, b) {(const int64_t[]){a, b}, 16}

enum { SO_PEERGROUPS_ = 59, RCVTIMEO_NEW = 66, SNDTIMEO_NEW = 67, UNICAST_IF6 = 76 };

/* Multiples of 20 ms, which are whole ticks of any kernel's clock. */
static const struct bytes times[] = {
	LONGS(1, 0), LONGS(0, 20000), LONGS(0, 0), LONGS(5, 980000), LONGS(-1, 0), LONGS(-1, -1),
	LONGS(1, -1), LONGS(1, 1000000), LONGS(1, 1000001), LONGS(LONG_MAX, 0), LONGS(100000, 500000),
	{(const long[]){1}, sizeof(long)},
};
static const struct bytes wide_times[] = {
	WIDE(1, 0), WIDE(0, 20000), WIDE(0, 0), WIDE(5, 980000), WIDE(-1, 0), WIDE(-1, -1),
	WIDE(1, -1), WIDE(1, 1000000), WIDE(INT64_MAX, 0), WIDE(100000, 500000),
	{(const int64_t[]){1}, 8},
};
#define LINGER(on, s) {&(const struct linger){on, s}, sizeof(struct linger)}
static const struct bytes lingers[] = {
	LINGER(1, 0), LINGER(1, 5), LINGER(0, 7), LINGER(2, 65536), LINGER(-1, 1), LINGER(0, 0),
};
#define TEXT(s) {s, sizeof(s) - 1}
static const struct bytes devices[] = {
	TEXT("lo"), TEXT("lo\0"), TEXT("lo\0more"), TEXT("none"), TEXT(""), TEXT("\0"),
	TEXT("a name that is far too long"), TEXT("lo"), TEXT("lo"), TEXT(""),
};
static const struct bytes devices_be[] = {
	BYTES(0, 0, 0, 1), BYTES(0, 0, 0, 99), BYTES(1, 0, 0, 0), BYTES(0, 0, 0, 0), BYTES(0, 0, 0, 1),
	BYTES(0, 0, 0, 1, 0),
};
static const struct bytes device_numbers[] = {
	INT(1), INT(99), INT(-1), INT(0), INT(1), INT(INT_MAX), INT(INT_MIN), INT(0),
};
static const struct bytes port_ranges[] = {
	INT(0), INT(1), INT(1 << 16), INT(1 << 16 | 2), INT(2 << 16 | 1), INT(-1), INT(40000),
	INT(40100 << 16 | 40000), BYTES(0), BYTES(0, 0, 0, 0, 0),
};
#define MREQ(...) BYTES(__VA_ARGS__)
static const struct bytes multicast_ifs[] = {
	BYTES(127, 0, 0, 1), BYTES(0, 0, 0, 0), BYTES(192, 0, 2, 7), BYTES(127, 0, 0),
	BYTES(0, 0, 0, 0, 127, 0, 0, 1), BYTES(0, 0, 0, 0, 0, 0, 0, 0),
	BYTES(0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), BYTES(0, 0, 0, 0, 127, 0, 0, 1, 1, 0, 0, 0),
	BYTES(0, 0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 0), BYTES(0, 0, 0, 0, 192, 0, 2, 7, 0, 0, 0, 0),
	BYTES(0, 0, 0, 0, 192, 0, 2, 7, 1, 0, 0, 0),
};
static const struct bytes members[] = {
	BYTES(239, 1, 2, 3, 127, 0, 0, 1), BYTES(239, 1, 2, 3, 127, 0, 0, 1),
	BYTES(239, 1, 2, 3, 0, 0, 0, 0, 1, 0, 0, 0), BYTES(239, 1, 2, 3, 0, 0, 0, 0, 99, 0, 0, 0),
	BYTES(239, 1, 2, 3, 192, 0, 2, 7), BYTES(10, 1, 2, 3, 127, 0, 0, 1), BYTES(239, 1, 2, 3),
	BYTES(0, 0, 0, 0, 0, 0, 0, 0),
};
static const struct bytes sources[] = {
	BYTES(239, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 2), BYTES(239, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 2),
	BYTES(10, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 2), BYTES(239, 1, 2, 3, 192, 0, 2, 7, 127, 0, 0, 2),
	BYTES(239, 1, 2, 3, 127, 0, 0, 1),
};
#define GROUP6 0xff, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7
static const struct bytes members6[] = {
	BYTES(GROUP6, 1, 0, 0, 0), BYTES(GROUP6, 1, 0, 0, 0), BYTES(GROUP6, 99, 0, 0, 0), BYTES(GROUP6),
	BYTES(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0),
};
static const struct bytes names[] = {
	TEXT("none such"), TEXT("reno"), TEXT(""), TEXT("a name that is far too long"),
	TEXT("reno\0more"), TEXT("reno"),
};

#define V(level, name, list) {level, name, list, SIZE(list)}
const struct values options_values[] = {
	V(SOL_SOCKET, 20, times),
	V(SOL_SOCKET, 21, times),
	V(SOL_SOCKET, RCVTIMEO_NEW, wide_times),
	V(SOL_SOCKET, SNDTIMEO_NEW, wide_times),
	V(SOL_SOCKET, SO_LINGER, lingers),
	V(SOL_SOCKET, SO_BINDTODEVICE, devices),
	V(SOL_SOCKET, SO_BINDTOIFINDEX, device_numbers),
	V(IPPROTO_IP, IP_UNICAST_IF, devices_be),
	V(IPPROTO_IPV6, UNICAST_IF6, devices_be),
	V(IPPROTO_IPV6, IPV6_MULTICAST_IF, device_numbers),
	V(IPPROTO_IP, IP_MULTICAST_IF, multicast_ifs),
	V(IPPROTO_IP, 51 /* IP_LOCAL_PORT_RANGE */, port_ranges),
	V(IPPROTO_IP, IP_ADD_MEMBERSHIP, members),
	V(IPPROTO_IP, IP_DROP_MEMBERSHIP, members),
	V(IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, sources),
	V(IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, sources),
	V(IPPROTO_IP, IP_BLOCK_SOURCE, sources),
	V(IPPROTO_IP, IP_UNBLOCK_SOURCE, sources),
	V(IPPROTO_IPV6, IPV6_JOIN_GROUP, members6),
	V(IPPROTO_IPV6, IPV6_LEAVE_GROUP, members6),
	V(IPPROTO_TCP, TCP_CONGESTION, names),
	V(IPPROTO_TCP, TCP_ULP, names),
};
const unsigned options_nvalues = SIZE(options_values);

/* --------------------------------------------------------------------- scripts */

#define STEP(level, name, ...) {level, name, __VA_ARGS__}
static const struct step stamps[] = {
	STEP(SOL_SOCKET, 29, INT(1)), STEP(SOL_SOCKET, 35, INT(1)), STEP(SOL_SOCKET, 63, INT(1)),
	STEP(SOL_SOCKET, 64, INT(1)), STEP(SOL_SOCKET, 29, INT(0)), STEP(SOL_SOCKET, 63, INT(1)),
	STEP(SOL_SOCKET, 64, INT(0)), STEP(SOL_SOCKET, 35, INT(1)), STEP(SOL_SOCKET, 63, INT(0)),
};
static const struct step buffers[] = {
	STEP(SOL_SOCKET, SO_RCVBUF, INT(10000)), STEP(SOL_SOCKET, SO_RCVLOWAT, INT(9000)),
	STEP(SOL_SOCKET, SO_RCVLOWAT, INT(100000)), STEP(SOL_SOCKET, 72, INT(0)),
	STEP(SOL_SOCKET, SO_SNDBUF, INT(50000)), STEP(SOL_SOCKET, 72, INT(2)),
	STEP(SOL_SOCKET, SO_RCVBUFFORCE, INT(1 << 28)), STEP(SOL_SOCKET, SO_SNDBUFFORCE, INT(-1)),
	STEP(SOL_SOCKET, SO_RCVBUFFORCE, INT(INT_MAX)),
};
static const struct step tos[] = {
	STEP(SOL_SOCKET, SO_PRIORITY, INT(5)), STEP(IPPROTO_IP, IP_TOS, INT(0x10)),
	STEP(SOL_SOCKET, SO_PRIORITY, INT(1)), STEP(IPPROTO_IP, IP_TOS, INT(0x10)),
	STEP(IPPROTO_IP, IP_TOS, INT(0xff)), STEP(IPPROTO_IP, IP_TOS, INT(8)),
	STEP(IPPROTO_IPV6, IPV6_TCLASS, INT(0x10)), STEP(IPPROTO_IP, IP_TTL, INT(9)),
	STEP(IPPROTO_IPV6, IPV6_UNICAST_HOPS, INT(8)), STEP(IPPROTO_IP, IP_FREEBIND, INT(1)),
	STEP(IPPROTO_IPV6, 78, INT(0)), STEP(IPPROTO_IPV6, 75, INT(1)),
	STEP(IPPROTO_IP, IP_TRANSPARENT, INT(0)), STEP(IPPROTO_IP, IP_RECVERR, INT(1)),
	STEP(IPPROTO_IPV6, IPV6_RECVERR, INT(1)), STEP(IPPROTO_IP, IP_RECVERR, INT(0)),
	STEP(IPPROTO_IP, IP_MULTICAST_LOOP, INT(0)), STEP(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, INT(0)),
	STEP(IPPROTO_IP, IP_MULTICAST_ALL, INT(0)), STEP(IPPROTO_IPV6, 29, INT(0)),
	STEP(IPPROTO_IP, IP_MTU_DISCOVER, INT(3)), STEP(IPPROTO_IPV6, IPV6_MTU_DISCOVER, INT(2)),
};
static const struct step device[] = {
	STEP(SOL_SOCKET, SO_BINDTOIFINDEX, INT(1)), STEP(IPPROTO_IP, IP_UNICAST_IF, BYTES(0, 0, 0, 1)),
	STEP(IPPROTO_IPV6, UNICAST_IF6, BYTES(0, 0, 0, 1)), STEP(IPPROTO_IP, IP_UNICAST_IF, BYTES(0, 0, 0, 0)),
	STEP(IPPROTO_IP, IP_MULTICAST_IF, BYTES(127, 0, 0, 1)),
	STEP(IPPROTO_IPV6, IPV6_MULTICAST_IF, INT(1)), STEP(SOL_SOCKET, SO_BINDTODEVICE, TEXT("")),
	STEP(SOL_SOCKET, SO_BINDTODEVICE, TEXT("lo")), STEP(SOL_SOCKET, SO_BINDTOIFINDEX, INT(77)),
	STEP(IPPROTO_IPV6, IPV6_MULTICAST_IF, INT(1)), STEP(SOL_SOCKET, SO_BINDTODEVICE, TEXT("lo")),
};
static const struct step family[] = {
	STEP(IPPROTO_IPV6, IPV6_V6ONLY, INT(1)), STEP(IPPROTO_IPV6, IPV6_ADDRFORM, INT(AF_INET)),
	STEP(IPPROTO_IPV6, IPV6_V6ONLY, INT(0)), STEP(IPPROTO_IPV6, IPV6_ADDRFORM, INT(AF_INET)),
	STEP(IPPROTO_IPV6, IPV6_TCLASS, INT(8)),
};
static const struct step groups[] = {
	STEP(IPPROTO_IP, IP_ADD_MEMBERSHIP, BYTES(239, 1, 2, 3, 127, 0, 0, 1)),
	STEP(IPPROTO_IP, IP_ADD_MEMBERSHIP, BYTES(239, 1, 2, 3, 0, 0, 0, 0, 1, 0, 0, 0)),
	STEP(IPPROTO_IP, IP_BLOCK_SOURCE, BYTES(239, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 2)),
	STEP(IPPROTO_IP, IP_BLOCK_SOURCE, BYTES(239, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 2)),
	STEP(IPPROTO_IP, IP_UNBLOCK_SOURCE, BYTES(239, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 2)),
	STEP(IPPROTO_IP, IP_UNBLOCK_SOURCE, BYTES(239, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 2)),
	STEP(IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, BYTES(239, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 2)),
	STEP(IPPROTO_IP, IP_DROP_MEMBERSHIP, BYTES(239, 1, 2, 3, 127, 0, 0, 1)),
	STEP(IPPROTO_IP, IP_DROP_MEMBERSHIP, BYTES(239, 1, 2, 3, 127, 0, 0, 1)),
	STEP(IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, BYTES(239, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 2)),
	STEP(IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, BYTES(239, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 2)),
	STEP(IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, BYTES(239, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 3)),
	STEP(IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, BYTES(239, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 2)),
	STEP(IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, BYTES(239, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 2)),
	STEP(IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, BYTES(239, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 3)),
	STEP(IPPROTO_IPV6, IPV6_JOIN_GROUP, BYTES(GROUP6, 1, 0, 0, 0)),
	STEP(IPPROTO_IPV6, IPV6_JOIN_GROUP, BYTES(GROUP6, 1, 0, 0, 0)),
	STEP(IPPROTO_IPV6, IPV6_LEAVE_GROUP, BYTES(GROUP6, 1, 0, 0, 0)),
	STEP(IPPROTO_IPV6, IPV6_LEAVE_GROUP, BYTES(GROUP6, 1, 0, 0, 0)),
};

#define S(what, kinds, states, list) {what, kinds, states, list, SIZE(list)}
const struct script options_scripts[] = {
	S("timestamps", ALL, FRESH, stamps),
	S("buffers", ALL, FRESH | CONNECTED, buffers),
	S("TOS and its like", INET, ANY, tos),
	S("devices", INET, FRESH | BOUND | CONNECTED, device),
	S("a socket of AF_INET6 that becomes one of AF_INET", INET6, ANY, family),
	S("groups", INET, FRESH | BOUND, groups),
};
const unsigned options_nscripts = SIZE(options_scripts);

/* ----------------------------------------------------------------- differences */

const struct difference options_differences[] = {
	{SOL_SOCKET, 57 /* SO_COOKIE */, ALL, ANY, GET, "numbers of their own"},
	{SOL_SOCKET, 71 /* SO_NETNS_COOKIE */, ALL, ANY, GET, "numbers of their own"},
	{SOL_SOCKET, SO_PEERNAME, INET, CONNECTED | MAPPED, GET, "the port is chosen"},
	{SOL_SOCKET, SO_PEERGROUPS_, UNIX, CONNECTED | LISTENING, GET | SOMETIMES,
	 "a task has no groups"},
	{IPPROTO_IP, 52 /* IP_PROTOCOL */, INET, ANY & ~FRESH, GET, "the port is chosen"},
	{IPPROTO_IP, IP_OPTIONS, INET, ANY, SET | GET, "no packet carries options: refused"},
	{IPPROTO_TCP, TCP_INFO, TCP, ANY, GET, "measures of its own; fewer than the newest kernels'"},
	{IPPROTO_TCP, TCP_WINDOW_CLAMP, TCP, ANY, SCRIPT | SOMETIMES,
	 "an SO_RCVLOWAT past the buffer makes that grow, but does not take the clamp off"},
	{IPPROTO_TCP, TCP_WINDOW_CLAMP, TCP, CONNECTED | MAPPED, DEFAULT | SCRIPT,
	 "a window is the whole of SO_RCVBUF, not the half"},
	{IPPROTO_TCP, TCP_CONGESTION, TCP, ANY, DEFAULT | SCRIPT, "the machine's choice"},
	{IPPROTO_TCP, TCP_MAXSEG, TCP, CONNECTED | MAPPED, GET,
	 "Linux begins with no more than half of the window that the peer first offers"},
	{IPPROTO_TCP, TCP_MAXSEG, TCP, ANY, SCRIPT | SOMETIMES, "IP_OPTIONS, which are refused, take room of it"},
	{IPPROTO_IPV6, IPV6_MTU, INET6, ANY, SET, "there is no bound but the way's: refused"},
	{IPPROTO_IP, IP_MTU, INET, CONNECTED | MAPPED, SCRIPT,
	 "Linux forgets the way when the TOS changes, till the next send"},
	{IPPROTO_IPV6, IPV6_PATHMTU, INET6, CONNECTED | MAPPED, SCRIPT, "the same"},
	{IPPROTO_IPV6, IPV6_MTU, INET6, CONNECTED | MAPPED, SCRIPT, "the same"},
};
const unsigned options_ndifferences = SIZE(options_differences);
