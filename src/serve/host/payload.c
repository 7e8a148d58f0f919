#include "payload.h"

#include <sys/socket.h>

struct payload payload_of(const struct call_span *span, unsigned n)
{
	struct payload p = {span, n, 0};

	for (unsigned i = 0; i < n; i++)
		p.total += span[i].len;
	return p;
}

static int type_of(const struct call *c)
{
	int type = 0;
	socklen_t len = sizeof(type);

	getsockopt(c->sock, SOL_SOCKET, SO_TYPE, &type, &len);
	return type;
}

bool payload_is_stream(const struct call *c)
{
	return type_of(c) == SOCK_STREAM;
}

bool payload_is_datagram(const struct call *c)
{
	return type_of(c) == SOCK_DGRAM;
}
