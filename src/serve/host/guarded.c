#include "guarded.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

int guarded_init(struct guarded *g, size_t len)
{
	const size_t page = sysconf(_SC_PAGESIZE);

	g->size = (len + page - 1) / page * page + page;
	g->map = mmap(NULL, g->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (g->map == MAP_FAILED)
		return -ENOMEM;
	g->bytes = (uint8_t *)g->map + g->size - page - len;
	if (mprotect((uint8_t *)g->map + g->size - page, page, PROT_NONE) == 0)
		return 0;
	munmap(g->map, g->size);
	return -ENOMEM;
}

void guarded_free(struct guarded *g)
{
	munmap(g->map, g->size);
}
