/*
 * memory: what the vectors hand to the calls.
 *
 * One arena below 4 GiB (so that int $0x80 can name it), filled with POISON.
 * Each piece has RIM poisoned bytes on both sides, which must be intact at the
 * end. Structures that differ between 32 and 64 bit are tables of offsets.
 */
#include "vectors.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { ARENA = 1 << 20, RIM = 16, PIECES = 4096 };

static char *arena;
static size_t used;
static struct {
	char *at;
	size_t n;
} piece[PIECES];
static int pieces;

static char *pages(size_t n, int prot)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	char *p;

#ifdef __x86_64__
	flags |= MAP_32BIT;
#endif
	p = mmap(NULL, n, prot, flags, -1, 0);
	must_be(p != MAP_FAILED, "mmap");
	return p;
}

void memory_init(void)
{
	arena = pages(ARENA, PROT_READ | PROT_WRITE);
	memset(arena, POISON, ARENA);
}

static bool rim_ok(const char *p)
{
	for (int i = 0; i < RIM; i++)
		if ((unsigned char)p[i] != POISON)
			return false;
	return true;
}

void memory_check(void)
{
	for (int i = 0; i < pieces; i++)
		if (!rim_ok(piece[i].at - RIM) || !rim_ok(piece[i].at + piece[i].n))
			out("OVERRUN(piece %d of %zu bytes)", i, piece[i].n);
}

/* Helpers of stack_help.c are threads. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void *mem_at(size_t n, unsigned offset)
{
	char *p;

	pthread_mutex_lock(&lock);
	if (n > ARENA / 8) {
		p = pages(n + 2 * PAGE, PROT_READ | PROT_WRITE);
		memset(p, POISON, n + 2 * PAGE);
		p += PAGE + offset;
	} else {
		used = (used + 15) & ~(size_t)15;
		p = arena + used + RIM + offset;
		used += n + offset + 2 * RIM;
		must_be(used <= ARENA, "arena");
	}
	must_be(pieces < PIECES, "pieces");
	piece[pieces].at = p;
	piece[pieces++].n = n;
	pthread_mutex_unlock(&lock);
	return p;
}

void *mem(size_t n)
{
	return mem_at(n, 0);
}

void *data(const void *src, size_t n)
{
	return memcpy(mem(n), src, n);
}

void *text(const char *s)
{
	return data(s, strlen(s));
}

void *pattern(size_t n)
{
	unsigned char *p = mem(n);

	for (size_t i = 0; i < n; i++)
		p[i] = i % 251;
	return p;
}

static size_t round_up(size_t n)
{
	return (n + PAGE - 1) & ~(size_t)(PAGE - 1);
}

void *mem_before_hole(size_t n)
{
	size_t size = round_up(n);
	char *p = pages(size + PAGE, PROT_READ | PROT_WRITE);

	memset(p, POISON, size);
	mprotect(p + size, PAGE, PROT_NONE);
	return p + size - n;
}

void *mem_after_hole(size_t n)
{
	size_t size = round_up(n);
	char *p = pages(size + PAGE, PROT_READ | PROT_WRITE);

	memset(p + PAGE, POISON, size);
	mprotect(p, PAGE, PROT_NONE);
	return p + PAGE;
}

void *readonly(size_t n)
{
	char *p = pages(round_up(n), PROT_READ | PROT_WRITE);

	memset(p, POISON, round_up(n));
	mprotect(p, round_up(n), PROT_READ);
	return p;
}

void *readonly_copy(const void *src, size_t n)
{
	char *p = readonly(n);

	mprotect(p, round_up(n), PROT_READ | PROT_WRITE);
	memcpy(p, src, n);
	mprotect(p, round_up(n), PROT_READ);
	return p;
}

void *readonly_num(int v)
{
	return readonly_copy(&v, sizeof(v));
}

char *hole(void)
{
	return pages(3 * PAGE, PROT_NONE) + PAGE;
}

void *num(int v)
{
	return data(&v, sizeof(v));
}

int get_num(const void *p)
{
	int v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void put_word(void *p, unsigned width, long long v)
{
	int32_t v4 = v;

	if (width == 8)
		memcpy(p, &v, 8);
	else
		memcpy(p, &v4, 4);
}

static long long get_word(const void *p, unsigned width)
{
	long long v8;
	int32_t v4;

	if (width == 8) {
		memcpy(&v8, p, 8);
		return v8;
	}
	memcpy(&v4, p, 4);
	return v4;
}

/* struct msghdr: offset and width of each field; [0] for 4-byte words, [1] for 8. */
static const struct {
	unsigned char at, width;
} mh_layout[2][7] = {
	{
		[MH_NAME] = {0, 4}, [MH_NAMELEN] = {4, 4}, [MH_IOV] = {8, 4},
		[MH_IOVLEN] = {12, 4}, [MH_CONTROL] = {16, 4}, [MH_CONTROLLEN] = {20, 4},
		[MH_FLAGS] = {24, 4},
	},
	{
		[MH_NAME] = {0, 8}, [MH_NAMELEN] = {8, 4}, [MH_IOV] = {16, 8},
		[MH_IOVLEN] = {24, 8}, [MH_CONTROL] = {32, 8}, [MH_CONTROLLEN] = {40, 8},
		[MH_FLAGS] = {48, 4},
	},
};

size_t mh_size(void)
{
	return entry->word == 8 ? 56 : 28;
}

void mh_set(void *m, enum mh field, long v)
{
	int wide = entry->word == 8;

	put_word((char *)m + mh_layout[wide][field].at, mh_layout[wide][field].width, v);
}

long mh_get(const void *m, enum mh field)
{
	int wide = entry->word == 8;

	return get_word((const char *)m + mh_layout[wide][field].at,
			mh_layout[wide][field].width);
}

void *mh_fill(void *m, const void *name, long namelen, const void *iov, long iovlen,
	      const void *control, long controllen, int flags)
{
	mh_set(m, MH_NAME, (long)name);
	mh_set(m, MH_NAMELEN, namelen);
	mh_set(m, MH_IOV, (long)iov);
	mh_set(m, MH_IOVLEN, iovlen);
	mh_set(m, MH_CONTROL, (long)control);
	mh_set(m, MH_CONTROLLEN, controllen);
	mh_set(m, MH_FLAGS, flags);
	return m;
}

void *mh_new(const void *name, long namelen, const void *iov, long iovlen,
	     const void *control, long controllen, int flags)
{
	return mh_fill(mem(mh_size()), name, namelen, iov, iovlen, control, controllen, flags);
}

void mh_print(const char *what, const void *m)
{
	out("%s{namelen=%ld controllen=%ld flags=%#lx}", what, mh_get(m, MH_NAMELEN),
	    mh_get(m, MH_CONTROLLEN), mh_get(m, MH_FLAGS));
	if (entry->word == 8 && (get_word((const char *)m + 12, 4) != (int)0xaaaaaaaa ||
				 get_word((const char *)m + 52, 4) != (int)0xaaaaaaaa))
		out("%s: padding written", what);
}

size_t iov_size(void)
{
	return 2 * entry->word;
}

void iov_set(void *iov, int i, const void *base, long len)
{
	char *p = (char *)iov + i * iov_size();

	put_word(p, entry->word, (long)base);
	put_word(p + entry->word, entry->word, len);
}

void *iov_new(int n)
{
	return mem(n * iov_size());
}

void *iov1(const void *base, long len)
{
	void *iov = iov_new(1);

	iov_set(iov, 0, base, len);
	return iov;
}

size_t mmsg_size(void)
{
	return entry->word == 8 ? 64 : 32;
}

void *mmsg_new(int n)
{
	return mem(n * mmsg_size());
}

void *mmsg_hdr(void *v, int i)
{
	return (char *)v + i * mmsg_size();
}

void mmsg_print(const char *what, const void *v, int n)
{
	for (int i = 0; i < n; i++) {
		const char *p = (const char *)v + i * mmsg_size();
		char name[64];

		snprintf(name, sizeof(name), "%s%d", what, i);
		mh_print(name, p);
		snprintf(name, sizeof(name), "%s%d.len", what, i);
		number(name, p + mh_size());
	}
}

size_t cm_align(size_t n)
{
	return (n + entry->word - 1) & ~(size_t)(entry->word - 1);
}

size_t cm_len(size_t n)
{
	return entry->word + 8 + n;
}

size_t cm_space(size_t n)
{
	return cm_align(cm_len(n));
}

void cm_put_len(void *control, size_t *at, long len, int level, int type, const void *p,
		size_t n)
{
	char *c = (char *)control + *at;

	put_word(c, entry->word, len);
	put_word(c + entry->word, 4, level);
	put_word(c + entry->word + 4, 4, type);
	memcpy(c + entry->word + 8, p, n);
	*at += cm_space(n);
}

void cm_put(void *control, size_t *at, int level, int type, const void *p, size_t n)
{
	cm_put_len(control, at, cm_len(n), level, type, p, n);
}

void *time_pair(long long sec, long long frac, unsigned width)
{
	char *p = mem(2 * width);

	put_word(p, width, sec);
	put_word(p + width, width, frac);
	return p;
}

void *block(int n, ...)
{
	char *p = mem(n * entry->word);
	va_list ap;

	va_start(ap, n);
	for (int i = 0; i < n; i++)
		put_word(p + i * entry->word, entry->word, va_arg(ap, long));
	va_end(ap);
	return p;
}
