/*
 * fake.c - see fake.h.
 */
#include "fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct fake *of(struct caller *who)
{
	return (struct fake *)who;
}

/* The region that holds a byte, or NULL. */
static struct fake_region *holds(struct fake *f, uint64_t at)
{
	for (unsigned i = 0; i < f->nregions; i++)
		if (at >= f->region[i].at && at - f->region[i].at < f->region[i].len)
			return &f->region[i];
	return NULL;
}

static ssize_t move(struct fake *f, uint64_t at, uint8_t *in, const uint8_t *out, size_t len)
{
	size_t n = 0;

	if (f->gone)
		return f->gone;
	while (n < len) {
		struct fake_region *r = at + n >= at ? holds(f, at + n) : NULL;

		if (!r)
			break;
		size_t i = at + n - r->at;
		for (; i < r->len && n < len; i++, n++) {
			if (in) {
				in[n] = r->bytes[i];
				r->reads[i] += r->reads[i] < UINT8_MAX;
			} else {
				r->bytes[i] = out[n];
				r->writes[i] += r->writes[i] < UINT8_MAX;
			}
		}
	}
	f->stray += n < len;
	return n ? (ssize_t)n : -EFAULT;
}

static ssize_t fake_read(struct caller *who, uint64_t at, void *buf, size_t len)
{
	return move(of(who), at, buf, NULL, len);
}

static ssize_t fake_write(struct caller *who, uint64_t at, const void *buf, size_t len)
{
	return move(of(who), at, NULL, buf, len);
}

static int fake_fd_get(struct caller *who, int fd)
{
	if (fd != FAKE_SOCKET && fd != FAKE_FILE && fd != FAKE_PATH)
		return -EBADF;
	of(who)->gets++;
	return FAKE_HANDLE + fd;
}

static void fake_fd_put(struct caller *who, int handle)
{
	of(who)->puts++;
}

static int fake_fd_check(struct caller *who, int handle)
{
	of(who)->checks++;
	return handle == FAKE_HANDLE + FAKE_SOCKET ? 0
		: handle == FAKE_HANDLE + FAKE_FILE ? -ENOTSOCK : -EBADF;
}

static int fake_fd_install(struct caller *who, int handle, bool cloexec)
{
	struct fake *f = of(who);

	if (f->installs >= f->fd_room || f->installs >= FAKE_INSTALLS)
		return -EMFILE;
	f->installed[f->installs] = handle;
	f->installed_cloexec[f->installs] = cloexec;
	return FAKE_INSTALLED + (int)f->installs++;
}

static const struct caller_ops fake_ops = {
	.read = fake_read,
	.write = fake_write,
	.fd_get = fake_fd_get,
	.fd_put = fake_fd_put,
	.fd_check = fake_fd_check,
	.fd_install = fake_fd_install,
};

void fake_init(struct fake *f)
{
	memset(f, 0, sizeof(*f));
	f->who.ops = &fake_ops;
	f->fd_room = FAKE_INSTALLS;
}

void fake_free(struct fake *f)
{
	for (unsigned i = 0; i < f->nregions; i++)
		free(f->region[i].bytes);
	f->nregions = 0;
}

uint8_t *fake_map(struct fake *f, uint64_t at, size_t len)
{
	struct fake_region *r = &f->region[f->nregions];

	if (f->nregions == FAKE_REGIONS)
		abort();
	r->at = at;
	r->len = len;
	r->bytes = calloc(3, len + 1);
	if (!r->bytes)
		abort();
	memset(r->bytes, POISON, len);
	r->reads = r->bytes + len;
	r->writes = r->reads + len;
	f->nregions++;
	return r->bytes;
}

void fake_put(struct fake *f, uint64_t at, const void *bytes, size_t len)
{
	uint8_t *to = fake_map(f, at, len);

	if (len)
		memcpy(to, bytes, len);
}

void abi_put(const struct abi *abi, void *to, uint64_t v)
{
	for (unsigned i = 0; i < abi->word; i++)
		((uint8_t *)to)[i] = v >> (8 * i);
}

uint64_t abi_get(const struct abi *abi, const void *from)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < abi->word; i++)
		v |= (uint64_t)((const uint8_t *)from)[i] << (8 * i);
	return v;
}

void fake_put_words(struct fake *f, const struct abi *abi, uint64_t at, const uint64_t *word,
		    size_t n)
{
	uint8_t *to = fake_map(f, at, n * abi->word);

	for (size_t i = 0; i < n; i++)
		abi_put(abi, to + i * abi->word, word[i]);
}

struct fake_region *fake_region_at(struct fake *f, uint64_t at)
{
	for (unsigned i = 0; i < f->nregions; i++)
		if (f->region[i].at == at)
			return &f->region[i];
	abort();
}

uint8_t *fake_byte(struct fake *f, uint64_t at)
{
	struct fake_region *r = holds(f, at);

	return r ? r->bytes + (at - r->at) : NULL;
}

unsigned fake_most_reads(const struct fake *f)
{
	unsigned most = 0;

	for (unsigned i = 0; i < f->nregions; i++)
		for (size_t k = 0; k < f->region[i].len; k++)
			if (f->region[i].reads[k] > most)
				most = f->region[i].reads[k];
	return most;
}

size_t fake_written(const struct fake_region *r)
{
	size_t n = 0;

	for (size_t k = 0; k < r->len; k++)
		n += r->writes[k] != 0;
	return n;
}

void fake_forget(struct fake *f)
{
	for (unsigned i = 0; i < f->nregions; i++) {
		memset(f->region[i].reads, 0, f->region[i].len);
		memset(f->region[i].writes, 0, f->region[i].len);
	}
}
