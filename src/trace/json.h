/*
 * json.h - a call as a JSON object; doc/trace.md describes it.
 */
#ifndef SOCKETCALL_TRACE_JSON_H
#define SOCKETCALL_TRACE_JSON_H

#include <jansson.h>

#include "../call/call.h"
#include "../call/caller.h"
#include "../call/result.h"
#include "../call/verdict.h"

struct json_line {
	const struct caller *who;
	const struct call *call;
	const struct verdict *verdict; /* may be NULL */
	const struct result *result;
	struct timespec started;
	uint64_t elapsed_ns;
};

/* Writes the object and a newline to buf. `shown` bounds the lists in it; fewer are
 * shown until it fits. Returns the bytes written, 0 if out of memory. */
size_t json_call(const struct json_line *, char *buf, size_t size);

/* The arguments; json_args.c. */
json_t *json_args(const struct call *, const struct result *, unsigned shown);
/* Those that are messages; json_msg.c. Add to args. */
void json_msg_args(json_t *args, const struct call *, const struct result *, unsigned shown);
void json_mmsg_args(json_t *args, const struct call *, const struct result *, unsigned shown);

/* key: name or null, key_number: v */
void json_named(json_t *, const char *key, const char *name, int64_t v);
/* An address under its key, if there is one. */
void json_addr(json_t *, const char *key, const struct call_addr *, int room);

#endif
