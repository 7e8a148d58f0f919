/*
 * kept.c - a send that waits carries the descriptors that it was made with, not those
 * that have their numbers when it goes on; and gives them back if it is given up.
 */
#include <errno.h>
#include <socketcall.h>
#include <stdio.h>
#include <string.h>

static int failed;
#define CHECK(x)                                                                          \
	do {                                                                              \
		if (!(x)) {                                                               \
			printf("FAILED line %d: %s\n", __LINE__, #x);                      \
			failed++;                                                         \
		}                                                                         \
	} while (0)

static int type_of(struct sc_task *t, int fd)
{
	int type = -1;
	socklen_t len = sizeof(type);

	sc_getsockopt(t, fd, SOL_SOCKET, SO_TYPE, &type, &len);
	return type;
}

static void try(int type, bool give_up)
{
	struct sc_task_config config = {.size = sizeof(config), .park = true};
	struct sc_net *net = sc_net_new(NULL);
	struct sc_task *t = sc_task_new(sc_host_new(net, "a"), &config);
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0}, byte = 'r', buf[4096] = {0};
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	struct sc_parked *parked;
	struct sc_usage usage;
	int sv[2], carried, other, got = -1;
	long full = 0;

	CHECK(sc_socketpair(t, AF_UNIX, type, 0, sv) == 0);
	while (sc_send(t, sv[0], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		full++;
	CHECK(full > 0);
	carried = sc_socket(t, AF_INET, SOCK_DGRAM, 0);
	*h = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(h), &carried, sizeof(carried));
	CHECK(sc_sendmsg(t, sv[0], &m, 0) == SC_PARKED);
	parked = sc_parked(t, NULL);
	/* The number is another socket's now. */
	sc_close(t, carried);
	other = sc_socket(t, AF_INET, SOCK_STREAM, 0);
	CHECK(other == carried);
	if (give_up) {
		CHECK(sc_cancel(parked) == -EINTR);
		sc_net_usage(net, &usage);
		CHECK(usage.files == 3 && usage.in_flight == 0);
	} else {
		for (long i = 0; i < full; i++)
			CHECK(sc_recv(t, sv[1], buf, sizeof(buf), MSG_DONTWAIT) > 0);
		CHECK(sc_resume(parked) == 1);
		m.msg_controllen = sizeof(control);
		CHECK(sc_recvmsg(t, sv[1], &m, 0) == 1);
		CHECK(m.msg_controllen == CMSG_SPACE(sizeof(int)));
		memcpy(&got, CMSG_DATA(h), sizeof(got));
		CHECK(type_of(t, got) == SOCK_DGRAM);
	}
	sc_net_free(net);
}

int main(void)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	for (int i = 0; i < 6; i++)
		try(types[i / 2], i % 2);
	printf("%d passed, %d failed, 0 skipped\n", failed ? 0 : 6, failed ? 1 : 0);
	return failed != 0;
}
