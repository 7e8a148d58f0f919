/*
 * way.c - see way.h.
 */
#include "way.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#include "../../src/decode/decode.h"

const struct way ways[WAYS] = {
	{"i386 socketcall", &abi_i386, true},
	{"i386 direct", &abi_i386, false},
	{"x86-64", &abi_x86_64, false},
};

static int sysno_of(const struct way *w, enum call_nr nr)
{
	if (w->block)
		return w->abi->socketcall;
	for (unsigned i = 0; i < w->abi->ndirect; i++)
		if (w->abi->direct[i].call == nr)
			return w->abi->direct[i].sysno;
	return -1;
}

bool way_has(const struct way *w, enum call_nr nr)
{
	return sysno_of(w, nr) >= 0;
}

static bool mapped(const struct fake *f, uint64_t at)
{
	for (unsigned i = 0; i < f->nregions; i++)
		if (f->region[i].at == at)
			return true;
	return false;
}

int way_decode(const struct way *w, struct fake *f, struct call *c, enum call_nr nr,
	       const uint64_t arg[6])
{
	const uint64_t block[6] = {nr, BLOCK, 0xdead, 0xdead, 0xdead, 0xdead};
	unsigned held = f->gets - f->puts;
	int err;

	if (w->block && !mapped(f, BLOCK))
		fake_put_words(f, w->abi, BLOCK, arg, call_nargs(nr));
	call_init(c);
	err = decode(&f->who, w->abi, sysno_of(w, nr), w->block ? block : arg, c);
	assert_int_equal(c->err, err);
	assert_true(fake_most_reads(f) <= 1);
	assert_int_equal(c->entry, w->block ? ENTRY_SOCKETCALL : ENTRY_DIRECT);
	held = f->gets - f->puts - held;
	assert_int_equal(held, (c->sock >= 0) + (c->opt.handle >= 0));
	return err;
}

size_t header_size(const struct abi *abi)
{
	return abi->word == 8 ? 56 : 28;
}

void header_write(const struct abi *abi, uint8_t *to, const struct header *h)
{
	const unsigned w = abi->word;

	abi_put(abi, to, h->name);
	memcpy(to + w, &h->namelen, 4);
	abi_put(abi, to + 2 * w, h->iov);
	abi_put(abi, to + 3 * w, h->iovlen);
	abi_put(abi, to + 4 * w, h->control);
	abi_put(abi, to + 5 * w, h->controllen);
	memcpy(to + 6 * w, &h->flags, 4);
}

void header_map(struct fake *f, const struct abi *abi, uint64_t at, const struct header *h)
{
	header_write(abi, fake_map(f, at, header_size(abi)), h);
}

size_t control_head(const struct abi *abi)
{
	return abi->word + 8;
}

size_t control_write(const struct abi *abi, uint8_t *to, int level, int type, const void *data,
		     size_t len)
{
	const size_t head = control_head(abi), word = abi->word;

	abi_put(abi, to, head + len);
	memcpy(to + word, &level, 4);
	memcpy(to + word + 4, &type, 4);
	if (len)
		memcpy(to + head, data, len);
	return head + ((len + word - 1) & ~(word - 1));
}
