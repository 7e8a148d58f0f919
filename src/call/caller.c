#include "caller.h"

#include <errno.h>

/* Walks spans from byte `skip` on; `move` is the caller's read or write. */
typedef ssize_t move_fn(struct caller *, uint64_t at, uint8_t *buf, size_t len);

static ssize_t walk(struct caller *who, const struct call_span *span, unsigned n, uint64_t skip,
		    uint8_t *buf, size_t len, move_fn *move)
{
	size_t done = 0;

	for (unsigned i = 0; i < n && done < len; i++) {
		if (skip >= span[i].len) {
			skip -= span[i].len;
			continue;
		}
		size_t want = len - done;
		if (want > span[i].len - skip)
			want = span[i].len - skip;
		ssize_t got = move(who, span[i].at + skip, buf + done, want);
		skip = 0;
		if (got < 0)
			return done ? (ssize_t)done : got;
		done += got;
		if ((size_t)got < want)
			return done ? (ssize_t)done : -EFAULT;
	}
	return done;
}

static ssize_t move_in(struct caller *who, uint64_t at, uint8_t *buf, size_t len)
{
	return who->ops->read(who, at, buf, len);
}

static ssize_t move_out(struct caller *who, uint64_t at, uint8_t *buf, size_t len)
{
	return who->ops->write(who, at, buf, len);
}

ssize_t caller_read_spans(struct caller *who, const struct call_span *span, unsigned n,
			  uint64_t skip, void *buf, size_t len)
{
	return walk(who, span, n, skip, buf, len, move_in);
}

ssize_t caller_write_spans(struct caller *who, const struct call_span *span, unsigned n,
			   const void *buf, size_t len)
{
	struct call_span part[CALLER_SPANS_MAX];
	size_t left = len;
	unsigned used = 0;

	for (unsigned i = 0; i < n && left && used < CALLER_SPANS_MAX; i++) {
		if (!span[i].len)
			continue;
		part[used] = span[i];
		if (part[used].len > left)
			part[used].len = left;
		left -= part[used++].len;
	}
	/* In one step, where the caller can, if a few places take all of it. */
	if (who->ops->write_spans && used > 1 && !left)
		return who->ops->write_spans(who, part, used, buf);
	return walk(who, span, n, 0, (uint8_t *)buf, len, move_out);
}
