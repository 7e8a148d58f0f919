/*
 * decode.c - fuzzes decode, and reply to what was decoded.
 *
 * The input is a call and the memory behind it:
 *
 *   byte 0      bit 0: x86-64, else i386; bit 1: i386 by a direct call; bits 4 on:
 *               the result that the call gets
 *   byte 1      the call: number of socketcall(2), or row of the direct calls
 *   byte 2      which of the six words have their upper 32 bits set
 *   byte 3      where in the image the gap lies, in 256ths; 0: none
 *   4 to 27     six words of 32 bits (for socketcall, the second is the block)
 *   28 on       the image of the memory, at 0x1000; what follows the gap lies GAP
 *               bytes further up
 *
 * No byte may be read more often than there are structures on it, nor any that no
 * structure lies on; and reply may write only into what the call names for output.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../src/decode/decode.h"
#include "../src/reply/reply.h"
#include "../test/decode/fake.h"

enum { HEAD = 28, BASE = 0x1000, GAP = 64, NO_HANDLE = 1 << 24, DATA_MAX = 600 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the call may touch, byte by byte: counts. */
struct cover {
	struct fake *f;
	uint32_t *count[FAKE_REGIONS];
};

static void cover_init(struct cover *o, struct fake *f)
{
	o->f = f;
	for (unsigned i = 0; i < f->nregions; i++)
		o->count[i] = calloc(f->region[i].len + 1, sizeof(uint32_t));
}

static void cover_free(struct cover *o)
{
	for (unsigned i = 0; i < o->f->nregions; i++)
		free(o->count[i]);
}

static void cover(struct cover *o, uint64_t at, uint64_t len)
{
	for (unsigned i = 0; i < o->f->nregions; i++) {
		const struct fake_region *r = &o->f->region[i];
		uint64_t from = at > r->at ? at - r->at : 0;

		for (uint64_t k = from; k < r->len && r->at + k - at < len; k++)
			o->count[i][k]++;
	}
}

static void check_reads(const struct cover *o)
{
	for (unsigned i = 0; i < o->f->nregions; i++)
		for (size_t k = 0; k < o->f->region[i].len; k++)
			if (o->f->region[i].reads[k] > o->count[i][k])
				abort();
}

static void check_writes(const struct cover *o)
{
	for (unsigned i = 0; i < o->f->nregions; i++)
		for (size_t k = 0; k < o->f->region[i].len; k++)
			if (o->f->region[i].writes[k] && !o->count[i][k])
				abort();
}

/* A word of the image; 0 where it faults. */
static uint64_t word_at(struct fake *f, uint64_t at, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < bytes; i++) {
		const uint8_t *b = fake_byte(f, at + i);

		if (!b)
			return 0;
		v |= (uint64_t)*b << (8 * i);
	}
	return v;
}

static void cover_message(struct cover *o, const struct call *c, const struct call_msg *m)
{
	const struct abi *abi = c->abi;
	const unsigned w = abi->word;
	uint64_t iovlen = word_at(o->f, m->at + 3 * w, w);

	cover(o, m->at, w == 8 ? 56 : 28);
	cover(o, word_at(o->f, m->at + 2 * w, w), iovlen > 1024 ? 0 : iovlen * 2 * w);
	if (c->nr == CALL_recvmsg || c->nr == CALL_recvmmsg)
		return;
	cover(o, m->name.at, 128);
	/* The length of a message that starts in the room is read to its end. */
	cover(o, m->control_at, abi->compat ? (m->control_room + 3) & ~UINT64_C(3) : m->control_room);
}

static void cover_arguments(struct cover *o, const struct call *c)
{
	const unsigned w = c->abi->word;

	if (c->entry == ENTRY_SOCKETCALL)
		cover(o, c->block_at, call_nargs(c->nr) * w);
	if (c->nr == CALL_bind || c->nr == CALL_connect || c->nr == CALL_sendto)
		cover(o, c->addr.at, 128);
	cover(o, c->addr.len_at, c->addr.len_at ? 4 : 0);
	for (unsigned i = 0; i < c->nmsg; i++)
		cover_message(o, c, &c->msg[i]);
	if (c->nr == CALL_recvmmsg)
		cover(o, c->time_at, 16);
	cover(o, c->opt.len_at, c->nr == CALL_getsockopt ? 4 : 0);
	cover(o, c->opt.at, c->opt.len > 0 ? c->opt.len : 0);
	if (c->nr == CALL_setsockopt && c->opt.level == SOL_SOCKET)
		cover(o, word_at(o->f, c->opt.at + w, w), word_at(o->f, c->opt.at, 2) * 8);
}

static void cover_results(struct cover *o, const struct call *c)
{
	const unsigned w = c->abi->word;

	cover(o, c->addr.at, c->addr.present || c->addr.len < 0 ? 0 : c->addr.len);
	cover(o, c->addr.len_at, 4);
	cover(o, c->buf.at, c->nr == CALL_recv || c->nr == CALL_recvfrom ? c->buf.len : 0);
	cover(o, c->sv_at, c->nr == CALL_socketpair ? 8 : 0);
	cover(o, c->time_at, c->time == TIME_32 ? 8 : c->time == TIME_64 ? 16 : 0);
	if (c->nr == CALL_getsockopt) {
		cover(o, c->opt.len_at, 4);
		if (c->opt.len > 0)
			cover(o, c->opt.at, (uint64_t)c->opt.len * (c->opt.name == SO_GET_FILTER ? 8 : 1));
		cover(o, c->opt.at, c->opt.grows ? c->opt.host_room : 0);
	}
	for (unsigned i = 0; i < c->nmsg; i++) {
		const struct call_msg *m = &c->msg[i];

		if (c->nr == CALL_sendmmsg || c->nr == CALL_recvmmsg)
			cover(o, m->at + (w == 8 ? 56 : 28), 4);
		if (c->nr != CALL_recvmsg && c->nr != CALL_recvmmsg)
			continue;
		for (unsigned k = 0; k < m->iovlen; k++)
			cover(o, m->iov[k].at, m->iov[k].len);
		cover(o, m->name.at, m->name.at ? m->name.len : 0);
		cover(o, m->at + w, m->name.at ? 4 : 0);
		cover(o, m->at + 5 * w, w + 4);
		cover(o, m->control_at, m->control_at ? m->control_room : 0);
	}
}

/* A small generator, so that a result follows from the input. */
static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return below ? (*seed >> 8) % below : 0;
}

static void name_result(struct call_addr *a, uint32_t *seed)
{
	a->present = true;
	a->len = draw(seed, 140);
	memset(a->bytes, 0x11, sizeof(a->bytes));
}

/* Control messages that a kernel might give, as far as the room goes. */
static void control_result(struct result_msg *m, size_t room, uint32_t *seed)
{
	static const int types[] = {SCM_RIGHTS, SCM_CREDENTIALS, 29, 35, 37, 4, 99};

	if (room > 4096)
		room = 4096;
	m->control = calloc(1, room + 1);
	while (draw(seed, 4) && m->control_len + sizeof(struct cmsghdr) <= room) {
		struct cmsghdr *h = (struct cmsghdr *)(m->control + m->control_len);
		size_t left = room - m->control_len - sizeof(*h), len = draw(seed, 80) & ~3u;

		h->cmsg_level = draw(seed, 8) ? SOL_SOCKET : 41;
		h->cmsg_type = types[draw(seed, sizeof(types) / sizeof(types[0]))];
		if (len > left)
			len = left & ~(size_t)3;
		h->cmsg_len = sizeof(*h) + len;
		for (size_t k = 0; k < len; k += 4)
			memcpy(CMSG_DATA(h) + k, &(int){NO_HANDLE}, 4);
		m->control_len += CMSG_ALIGN(h->cmsg_len) < left + sizeof(*h) ? CMSG_ALIGN(h->cmsg_len)
									     : left + sizeof(*h);
	}
}

static void message_result(struct result_msg *m, const struct call_span *iov, unsigned n,
			   uint32_t *seed)
{
	uint64_t room = 0;

	for (unsigned i = 0; i < n; i++)
		room += iov[i].len;
	m->data_len = draw(seed, (room < DATA_MAX ? room : DATA_MAX) + 1);
	m->len = m->data_len + draw(seed, 2);
	m->data = calloc(1, m->data_len + 1);
	m->flags = draw(seed, 2) ? MSG_TRUNC : 0;
	name_result(&m->name, seed);
}

static void option_result(const struct call *c, struct result *r, uint32_t *seed)
{
	int room = c->opt.host_room < 1 << 20 ? c->opt.host_room : 1 << 20;
	size_t unit = c->opt.level == SOL_SOCKET && c->opt.name == SO_GET_FILTER ? 8 : 1;

	if (room < 0) {
		r->ret = -22;
		return;
	}
	r->opt = calloc(1, room * unit + 1);
	r->opt_len = draw(seed, 4) ? room : (int)draw(seed, room + 1);
	r->opt_len_set = true;
	if (c->opt.level == SOL_SOCKET && c->opt.name == 77) {
		r->opt_len = 4;
		memcpy(r->opt, &(int){NO_HANDLE}, 4);
	}
}

static void make_result(const struct call *c, struct result *r, uint32_t *seed)
{
	unsigned n = c->nmsg;

	name_result(&r->addr, seed);
	r->cloexec = draw(seed, 2);
	if (c->nr == CALL_socketpair)
		r->pair[0] = r->pair[1] = NO_HANDLE;
	if (c->nr == CALL_getsockopt && c->opt.len_err)
		r->ret = c->opt.len_err;
	else if (c->nr == CALL_getsockopt)
		option_result(c, r, seed);
	if (c->nr == CALL_recv || c->nr == CALL_recvfrom) {
		r->msg = calloc(1, sizeof(*r->msg));
		r->nmsg = 1;
		message_result(r->msg, &c->buf, 1, seed);
	}
	if (n && c->msg[n - 1].err)
		n--;
	if (n) {
		r->msg = calloc(n, sizeof(*r->msg));
		r->ret = r->nmsg = n;
		r->time_left_set = c->time != TIME_NONE;
	}
	for (unsigned i = 0; i < n; i++) {
		message_result(&r->msg[i], c->msg[i].iov, c->msg[i].iovlen, seed);
		control_result(&r->msg[i], c->msg[i].control_host_room, seed);
	}
}

static void run(struct fake *f, const struct abi *abi, int sysno, const uint64_t arg[6], uint32_t seed)
{
	struct call c;
	struct result r;
	struct cover o;
	int err;

	call_init(&c);
	result_init(&r);
	cover_init(&o, f);
	err = decode(&f->who, abi, sysno, arg, &c);
	if (err != c.err || err > 0)
		abort();
	cover_arguments(&o, &c);
	check_reads(&o);
	cover_free(&o);
	if (err == 0) {
		cover_init(&o, f);
		cover_results(&o, &c);
		make_result(&c, &r, &seed);
		reply(&f->who, &c, &r);
		check_writes(&o);
		cover_free(&o);
	}
	result_free(&r);
	call_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct abi *abi;
	struct fake f;
	uint64_t arg[6];
	size_t image, gap;
	int sysno;

	if (size < HEAD)
		return -1;
	abi = data[0] & 1 ? &abi_x86_64 : &abi_i386;
	for (int i = 0; i < 6; i++) {
		uint32_t v;

		memcpy(&v, data + 4 + 4 * i, 4);
		arg[i] = v | (data[2] >> i & 1 ? UINT64_C(0xffffffff00000000) : 0);
	}
	if (abi->socketcall >= 0 && !(data[0] & 2)) {
		sysno = abi->socketcall;
		arg[0] = data[1];
	} else {
		sysno = abi->direct[data[1] % abi->ndirect].sysno;
	}
	image = size - HEAD;
	gap = image * data[3] / 256;
	fake_init(&f);
	f.fd_room = 10;
	fake_put(&f, BASE, data + HEAD, gap);
	fake_put(&f, BASE + gap + (gap ? GAP : 0), data + HEAD + gap, image - gap);
	run(&f, abi, sysno, arg, data[0] >> 4);
	fake_free(&f);
	return 0;
}
