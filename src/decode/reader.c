/*
 * reader.c - how decode reads: words of the caller's ABI, addresses, the bounds of its
 * memory. Each makes the checks of the kernel's function of that purpose.
 */
#include "reader.h"

#include <errno.h>
#include <string.h>

uint64_t reader_word(const struct reader *d, const uint8_t *from)
{
	const bool host_big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
	uint64_t v = 0;
	uint32_t half;

	if (d->abi->big_endian == host_big) { /* nearly always, and in one step */
		if (d->abi->word == sizeof(v)) {
			memcpy(&v, from, sizeof(v));
			return v;
		}
		memcpy(&half, from, sizeof(half));
		return half;
	}
	for (unsigned i = 0; i < d->abi->word; i++)
		v |= (uint64_t)from[d->abi->big_endian ? d->abi->word - 1 - i : i] << (8 * i);
	return v;
}

ssize_t reader_prefix(struct reader *d, uint64_t at, void *buf, size_t len)
{
	ssize_t n = len ? d->who->ops->read(d->who, at, buf, len) : 0;

	return n == -EFAULT ? 0 : n;
}

int reader_addr(struct reader *d, uint64_t at, int len, struct call_addr *a)
{
	int err;

	a->at = at;
	if (len < 0 || len > CALL_ADDR_MAX)
		return -EINVAL;
	err = caller_read(d->who, at, a->bytes, len);
	if (err)
		return err;
	a->len = len;
	a->present = true;
	return 0;
}

void reader_addr_room(struct reader *d, uint64_t at, uint64_t len_at, struct call_addr *a)
{
	a->at = at;
	a->len_at = len_at;
	if (at)
		a->len_err = caller_read(d->who, len_at, &a->len, sizeof(a->len));
}
