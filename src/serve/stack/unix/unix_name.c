/*
 * unix_name.c - what AF_UNIX sockets are called.
 *
 * Each host has one table of names: pathnames and abstract ones. There is no file
 * system: a pathname is its bytes up to the first NUL, and two spellings of a path are
 * two names. As on Linux a pathname stays when its socket is closed: connect(2) then
 * gives ECONNREFUSED and bind(2) EADDRINUSE, until it is unlinked (unix_unlink()) or
 * the host ends. An abstract name goes with its socket. The three types share
 * pathnames; abstract names each have to themselves.
 *
 * A name lives as long as a socket has it: those that a listener accepted have its.
 */
#include "unix.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct unix_name *unix_name_get(struct unix_name *n)
{
	if (n)
		n->refs++;
	return n;
}

void unix_name_put(struct unix_name *n)
{
	if (n && --n->refs == 0)
		alloc_put(n->mem, n);
}

static void name_unlink(struct unix_name *n)
{
	hash_del(&n->host->unix_names, &n->node);
	n->linked = false;
	if (n->path)
		unix_name_put(n);
}

void unix_name_leave(struct unix_sock *u)
{
	struct unix_name *n = u->name;

	if (!n || n->sock != u)
		return;
	n->sock = NULL;
	if (n->linked && !n->path)
		name_unlink(n);
}

/* Bytes of an address that is a pathname: up to its NUL, and that; unix_mkname_bsd(). */
static int path_len(const struct call_addr *a)
{
	return UNIX_PATH_AT + strnlen((const char *)a->bytes + UNIX_PATH_AT, a->len - UNIX_PATH_AT) +
	       1;
}

static bool is_path(const struct call_addr *a)
{
	return a->bytes[UNIX_PATH_AT] != 0;
}

/* What the table has it by: a pathname without its NUL, an abstract name with its type. */
static uint32_t name_hash(const struct host *h, const void *sun_path, int len, bool path, int type)
{
	return hash_bytes(sun_path, len - UNIX_PATH_AT - path,
			  h->net->hash_seed ^ (path ? 0 : (uint32_t)type * 0x9e3779b9u));
}

static struct unix_name *name_find(struct host *h, const void *sun_path, int len, bool path,
				   int type)
{
	const uint32_t hash = name_hash(h, sun_path, len, path, type);
	struct hash_node *node = hash_first(&h->unix_names, hash);

	for (; node; node = hash_next(node)) {
		struct unix_name *n = (struct unix_name *)node;

		if (n->path == path && n->len == len && (path || n->type == type) &&
		    !memcmp(n->bytes + UNIX_PATH_AT, sun_path, len - UNIX_PATH_AT - path))
			return n;
	}
	return NULL;
}

/* Gives the socket this name, which nobody has. 0 or -ENOMEM. */
static int name_take(struct unix_sock *u, const void *sun_path, int len, bool path)
{
	struct host *h = u->sock.host;
	struct unix_name *n = alloc_zero(unix_mem(u), sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->mem = unix_mem(u);
	n->host = h;
	n->sock = u;
	n->refs = path ? 2 : 1;
	n->linked = true;
	n->path = path;
	n->type = u->sock.type;
	n->len = len;
	n->addr.sun_family = AF_UNIX;
	memcpy(n->bytes + UNIX_PATH_AT, sun_path, len - UNIX_PATH_AT - path);
	hash_add(&h->unix_names, &n->node, name_hash(h, sun_path, len, path, u->sock.type));
	u->name = n;
	return 0;
}

int unix_check_addr(const struct call_addr *a)
{
	if (a->len <= UNIX_PATH_AT || a->len > (int)sizeof(struct sockaddr_un) ||
	    a->family != AF_UNIX)
		return -EINVAL;
	return 0;
}

/* An abstract name of five digits that nobody has. */
int unix_autobind(struct unix_sock *u)
{
	enum { NAMES = 1 << 20 };
	struct host *h = u->sock.host;
	char name[16] = {0};

	if (u->name)
		return 0;
	if (!h->unix_auto)
		h->unix_auto = net_random(h->net);
	for (unsigned i = 0; i < NAMES; i++) {
		h->unix_auto++;
		snprintf(name + 1, sizeof(name) - 1, "%05x", (unsigned)(h->unix_auto % NAMES));
		if (!name_find(h, name, UNIX_PATH_AT + 6, false, u->sock.type))
			return name_take(u, name, UNIX_PATH_AT + 6, false);
	}
	return -ENOSPC;
}

int unix_autobind_for_creds(struct unix_sock *u)
{
	return unix_wants_creds(u) ? unix_autobind(u) : 0;
}

int unix_bind(struct op *op, struct sock *s, const struct call_addr *a)
{
	struct unix_sock *u = unix_of(s);
	const void *sun_path = a->bytes + UNIX_PATH_AT;
	bool path, taken;
	int len, err;

	if (a->len == UNIX_PATH_AT && a->family == AF_UNIX)
		return unix_autobind(u);
	err = unix_check_addr(a);
	if (err)
		return err;
	path = is_path(a);
	len = path ? path_len(a) : a->len;
	taken = name_find(s->host, sun_path, len, path, s->type);
	/* A file is made before the socket is looked at. */
	if (u->name)
		return taken && path ? -EADDRINUSE : -EINVAL;
	if (taken)
		return -EADDRINUSE;
	return name_take(u, sun_path, len, path);
}

int unix_find(const struct unix_sock *from, const struct call_addr *a, struct unix_sock **out)
{
	const bool path = is_path(a);
	struct unix_name *n = name_find(from->sock.host, a->bytes + UNIX_PATH_AT,
					path ? path_len(a) : a->len, path, from->sock.type);

	if (!n)
		return path ? -ENOENT : -ECONNREFUSED;
	if (!n->sock)
		return -ECONNREFUSED;
	if (n->sock->sock.type != from->sock.type)
		return -EPROTOTYPE;
	*out = n->sock;
	return 0;
}

int unix_unlink(struct host *h, const char *path)
{
	const size_t len = strnlen(path, sizeof(((struct sockaddr_un *)0)->sun_path) + 1);
	struct unix_name *n = NULL;

	if (len && len <= sizeof(((struct sockaddr_un *)0)->sun_path))
		n = name_find(h, path, UNIX_PATH_AT + len + 1, true, 0);
	if (!n)
		return -ENOENT;
	name_unlink(n);
	return 0;
}

void unix_names_free(struct host *h)
{
	for (uint32_t i = 0; i <= h->unix_names.mask; i++)
		while (h->unix_names.bucket[i])
			name_unlink((struct unix_name *)h->unix_names.bucket[i]);
	hash_free(&h->unix_names);
}

void unix_tell(const struct unix_name *n, struct call_addr *out)
{
	out->present = true;
	out->len = 0;
	if (!n)
		return;
	out->len = n->len;
	memcpy(out->bytes, n->bytes, n->len);
}

/* getsockname(2) and its kin: of an unnamed socket the family. */
static void tell_name(const struct unix_name *n, struct call_addr *out)
{
	unix_tell(n, out);
	if (!n) {
		out->family = AF_UNIX;
		out->len = UNIX_PATH_AT;
	}
}

int unix_getname(struct sock *s, struct call_addr *out)
{
	tell_name(unix_of(s)->name, out);
	return 0;
}

int unix_getpeer(struct sock *s, struct call_addr *out)
{
	const struct unix_sock *u = unix_of(s);

	if (!u->peer && !u->peer_gone)
		return -ENOTCONN;
	tell_name(u->peer ? u->peer->name : u->peer_name, out);
	return 0;
}
