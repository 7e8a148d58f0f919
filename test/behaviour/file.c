/*
 * file.c - what programs do with a socket's descriptor beside the twenty calls: read,
 * write, close, dup, fcntl, ioctl. Structures are this machine's own on both systems.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "behaviour.h"

static const struct system *sys(const struct task *t)
{
	return t->world->system;
}

static void command_read(struct task *t)
{
	int fd = next_fd(t);
	size_t len = (size_t)next_number(t, NULL);
	uint8_t *p = arena_get(t, len);
	long ret;

	task_enters(t);
	ret = sys(t)->read(t, fd, p, len);
	result(t, ret);
	if (ret >= 0) {
		text_add(&t->out, " ");
		text_data(&t->out, p, (size_t)ret);
	}
}

/* Data in memory that all tasks can name. */
static void *next_bytes(struct task *t, const char *word, size_t *len)
{
	uint8_t *data = text_parse_data(word, len);
	void *p = arena_get(t, data ? *len : 0);

	if (data)
		memcpy(p, data, *len);
	else
		mistake(t, "no data: %s", word);
	free(data);
	return p;
}

static void command_write(struct task *t)
{
	int fd = next_fd(t);
	const char *word = next(t);
	size_t len;
	void *data = next_bytes(t, word, &len);

	task_enters(t);
	result(t, t->mistake[0] ? -EINVAL : sys(t)->write(t, fd, data, len));
}

static void command_readv(struct task *t)
{
	struct iovec iov[16];
	int fd = next_fd(t), n = 0;
	size_t left, room = 0;
	uint8_t *all;
	long ret;

	for (; peek(t) && n < 16; n++) {
		iov[n].iov_len = (size_t)next_number(t, NULL);
		iov[n].iov_base = arena_get(t, iov[n].iov_len);
		room += iov[n].iov_len;
	}
	task_enters(t);
	ret = sys(t)->readv(t, fd, iov, n);
	result(t, ret);
	if (ret < 0)
		return;
	left = (size_t)ret;
	all = malloc(room + 1);
	room = 0;
	for (int i = 0; i < n && left; i++) {
		size_t part = left < iov[i].iov_len ? left : iov[i].iov_len;

		memcpy(all + room, iov[i].iov_base, part);
		room += part;
		left -= part;
	}
	text_add(&t->out, " ");
	text_data(&t->out, all, room);
	free(all);
}

static void command_writev(struct task *t)
{
	struct iovec iov[16];
	int fd = next_fd(t), n = 0;

	for (; peek(t) && n < 16; n++)
		iov[n].iov_base = next_bytes(t, next(t), &iov[n].iov_len);
	task_enters(t);
	result(t, t->mistake[0] ? -EINVAL : sys(t)->writev(t, fd, iov, n));
}

static void command_close(struct task *t)
{
	int fd = next_fd(t);

	task_enters(t);
	result(t, sys(t)->close_fd(t, fd));
}

static void command_dup(struct task *t)
{
	result(t, sys(t)->dup(t, next_fd(t)));
}

static void command_dup2(struct task *t)
{
	int fd = next_fd(t);

	result(t, sys(t)->dup2(t, fd, next_fd(t)));
}

static void command_dup3(struct task *t)
{
	int fd = next_fd(t), to = next_fd(t);

	result(t, sys(t)->dup3(t, fd, to, next_flags(t, sock_flags)));
}

static const struct name fcntls[] = {
	{ "dupfd", F_DUPFD }, { "dupfd_cloexec", F_DUPFD_CLOEXEC }, { "getfd", F_GETFD },
	{ "setfd", F_SETFD }, { "getfl", F_GETFL }, { "setfl", F_SETFL }, { 0 },
};
static const struct name fd_flags[] = { { "cloexec", FD_CLOEXEC }, { "none", 0 }, { 0 } };
static const struct name file_flags[] = {
	{ "rdwr", O_RDWR }, { "nonblock", O_NONBLOCK }, { "async", O_ASYNC },
	{ "append", O_APPEND }, { "none", 0 }, { 0 },
};

static void command_fcntl(struct task *t)
{
	int fd = next_fd(t), ret;
	long cmd = next_number(t, fcntls), arg = 0;

	if (cmd == F_SETFD)
		arg = next_flags(t, fd_flags);
	else if (cmd == F_SETFL)
		arg = next_flags(t, file_flags);
	else if (peek(t))
		arg = next_number(t, NULL);
	ret = sys(t)->fcntl(t, fd, (int)cmd, arg);
	if (ret < 0 || (cmd != F_GETFD && cmd != F_GETFL)) {
		result(t, ret);
		return;
	}
	t->ret = ret;
	/* O_LARGEFILE is on or off as the kernel likes, and says nothing of sockets. */
	name_flags(cmd == F_GETFD ? fd_flags : file_flags, ret & ~0100000, &t->out);
}

/* ---------------------------------------------------------------------------- ioctl */

/* What the argument is: an int in, an int out, or a struct ifreq whose name or index
 * is the word that follows. */
enum ioctl_kind { NUMBER_OUT, NUMBER_IN, NOTHING, STAMP, IF_ADDRESS, IF_INDEX, IF_NAME,
		  IF_FLAGS, IF_NUMBER, IF_MAC, IF_LIST };

static const struct {
	const char *name;
	unsigned long request;
	enum ioctl_kind kind;
} ioctls[] = {
	{ "FIONREAD", FIONREAD, NUMBER_OUT },     { "SIOCOUTQ", SIOCOUTQ, NUMBER_OUT },
	{ "SIOCOUTQNSD", 0x894b, NUMBER_OUT },    { "SIOCATMARK", SIOCATMARK, NUMBER_OUT },
	{ "FIONBIO", FIONBIO, NUMBER_IN },        { "FIOASYNC", FIOASYNC, NUMBER_IN },
	{ "FIOCLEX", FIOCLEX, NOTHING },          { "FIONCLEX", FIONCLEX, NOTHING },
	{ "SIOCGSTAMP", 0x8906, STAMP },          { "SIOCGSTAMPNS", 0x8907, STAMP },
	{ "SIOCGIFADDR", SIOCGIFADDR, IF_ADDRESS }, { "SIOCGIFNETMASK", SIOCGIFNETMASK, IF_ADDRESS },
	{ "SIOCGIFBRDADDR", SIOCGIFBRDADDR, IF_ADDRESS },
	{ "SIOCGIFDSTADDR", SIOCGIFDSTADDR, IF_ADDRESS },
	{ "SIOCGIFINDEX", SIOCGIFINDEX, IF_INDEX }, { "SIOCGIFNAME", SIOCGIFNAME, IF_NAME },
	{ "SIOCGIFFLAGS", SIOCGIFFLAGS, IF_FLAGS }, { "SIOCGIFMTU", SIOCGIFMTU, IF_NUMBER },
	{ "SIOCGIFMETRIC", SIOCGIFMETRIC, IF_NUMBER }, { "SIOCGIFTXQLEN", SIOCGIFTXQLEN, IF_NUMBER },
	{ "SIOCGIFHWADDR", SIOCGIFHWADDR, IF_MAC }, { "SIOCGIFCONF", SIOCGIFCONF, IF_LIST },
};

static const struct name if_flags[] = {
	{ "up", IFF_UP }, { "broadcast", IFF_BROADCAST }, { "loopback", IFF_LOOPBACK },
	{ "running", IFF_RUNNING }, { "multicast", IFF_MULTICAST }, { 0 },
};

static void text_ip(struct text *out, const struct sockaddr *sa)
{
	char ip[INET_ADDRSTRLEN];

	text_add(out, "%s", inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr,
				     ip, sizeof(ip)));
}

static void ioctl_device(struct task *t, int fd, unsigned long request, enum ioctl_kind kind)
{
	struct ifreq ifr = { 0 };
	const char *word = next(t);
	struct text *out = &t->out;

	if (kind == IF_NAME)
		ifr.ifr_ifindex = atoi(word);
	else
		snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", word);
	ifr.ifr_addr.sa_family = AF_INET;
	if (kind == IF_NAME)
		ifr.ifr_ifindex = atoi(word);
	if (result_failed(t, sys(t)->ioctl(t, fd, request, &ifr)))
		return;
	if (kind == IF_ADDRESS)
		text_ip(out, &ifr.ifr_addr);
	else if (kind == IF_NAME)
		text_add(out, "%.*s", IFNAMSIZ, ifr.ifr_name);
	else if (kind == IF_FLAGS)
		name_flags(if_flags, ifr.ifr_flags, out);
	else if (kind == IF_MAC)
		text_add(out, "type=%u", ifr.ifr_hwaddr.sa_family);
	else
		text_add(out, "%d", ifr.ifr_ifindex);
}

static void ioctl_list(struct task *t, int fd)
{
	struct ifreq *list = arena_get(t, 20 * sizeof(*list));
	struct ifconf conf = { .ifc_len = 20 * (int)sizeof(*list), .ifc_req = list };
	const char *sep = "";

	if (result_failed(t, sys(t)->ioctl(t, fd, SIOCGIFCONF, &conf)))
		return;
	for (int i = 0; i < conf.ifc_len / (int)sizeof(*list); i++, sep = " ") {
		text_add(&t->out, "%s%s=", sep, list[i].ifr_name);
		text_ip(&t->out, &list[i].ifr_addr);
	}
}

static void command_ioctl(struct task *t)
{
	int fd = next_fd(t);
	const char *word = next(t);
	size_t i = 0;
	int *v = arena_get(t, 64);
	enum ioctl_kind kind = NUMBER_OUT;
	unsigned long request;

	while (i < sizeof(ioctls) / sizeof(ioctls[0]) && strcmp(ioctls[i].name, word))
		i++;
	if (i < sizeof(ioctls) / sizeof(ioctls[0])) {
		request = ioctls[i].request;
		kind = ioctls[i].kind;
	} else {
		request = (unsigned long)number_of(t, word, NULL);
	}
	if (kind == IF_LIST) {
		ioctl_list(t, fd);
		return;
	}
	if (kind > STAMP) {
		ioctl_device(t, fd, request, kind);
		return;
	}
	*v = kind == NUMBER_IN ? (int)next_number(t, NULL) : -1;
	if (result_failed(t, sys(t)->ioctl(t, fd, request, v)))
		return;
	if (kind == STAMP)
		text_add(&t->out, "stamp");
	else
		text_add(&t->out, "%d", kind == NUMBER_OUT ? *v : 0);
}

const struct command file_calls[] = {
	{ "read", command_read },
	{ "write", command_write },
	{ "readv", command_readv },
	{ "writev", command_writev },
	{ "close", command_close },
	{ "dup", command_dup },
	{ "dup2", command_dup2 },
	{ "dup3", command_dup3 },
	{ "fcntl", command_fcntl },
	{ "ioctl", command_ioctl },
	{ 0 },
};
