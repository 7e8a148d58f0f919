#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

char *line_of(enum trace_format format, const struct call *c, const struct verdict *v,
	      const struct result *r)
{
	const struct caller who = {.tid = 7, .tgid = 5};
	char *buf = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&buf, &size);
	struct trace *t = trace_new(out, format);

	assert_non_null(t);
	trace_call(t, &who, c, v, r, (struct timespec){1795366216, 42}, 12345);
	trace_free(t);
	fclose(out);
	assert_true(size > 1 && size <= 4096);
	assert_int_equal(buf[size - 1], '\n');
	buf[size - 1] = 0;
	assert_int_equal(strlen(buf), size - 1);
	assert_null(strchr(buf, '\n'));
	return buf;
}

json_t *json_of(const struct call *c, const struct verdict *v, const struct result *r)
{
	char *line = line_of(TRACE_JSON, c, v, r);
	json_error_t err;
	json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, &err);

	if (!o)
		fail_msg("%s: %s", err.text, line);
	free(line);
	return o;
}

void *copy(const void *from, size_t len)
{
	void *to = malloc(len + 1);

	assert_non_null(to);
	return memcpy(to, from, len);
}

void set_addr(struct call_addr *a, const void *bytes, size_t len)
{
	a->present = true;
	a->len = len;
	memcpy(a->bytes, bytes, len < sizeof(a->bytes) ? len : sizeof(a->bytes));
}

void put_cmsg(uint8_t **control, size_t *len, int level, int type, const void *data, size_t n)
{
	struct cmsghdr *h;

	*control = realloc(*control, *len + CMSG_SPACE(n));
	memset(*control + *len, 0, CMSG_SPACE(n));
	h = (struct cmsghdr *)(*control + *len);
	h->cmsg_len = CMSG_LEN(n);
	h->cmsg_level = level;
	h->cmsg_type = type;
	memcpy(CMSG_DATA(h), data, n);
	*len += CMSG_SPACE(n);
}

static void make(const struct vector *v, const struct abi *abi, enum call_entry entry,
		 struct call *c, struct result *r)
{
	call_init(c);
	result_init(r);
	c->abi = abi;
	c->nr = v->nr;
	c->entry = entry;
	c->block_at = entry == ENTRY_SOCKETCALL ? 0xb10c : 0;
	c->sysno = entry == ENTRY_SOCKETCALL ? abi->socketcall : 1;
	c->fd = 3;
	memcpy(c->arg, v->arg, sizeof(c->arg));
	r->ret = v->ret;
	if (v->make)
		v->make(c, r);
}

/* The handles of a made-up result are not ours to close. */
static void drop(struct call *c, struct result *r)
{
	for (unsigned i = 0; i < r->nmsg; i++) {
		free(r->msg[i].control);
		r->msg[i].control = NULL;
	}
	r->fd = -1;
	result_free(r);
	call_free(c);
}

void run_one(const struct vector *v, const struct abi *abi, enum call_entry entry,
	     const struct verdict *verdict, const char *text)
{
	struct call c;
	struct result r;
	char *line;

	make(v, abi, entry, &c, &r);
	line = line_of(TRACE_TEXT, &c, verdict, &r);
	assert_memory_equal(line, "[pid 7] ", 8);
	assert_string_equal(line + 8, text);
	free(line);
	drop(&c, &r);
}

static void compare_json(const struct vector *v, const struct abi *abi, enum call_entry entry)
{
	struct call c;
	struct result r;
	json_t *o, *args, *expected;
	json_error_t err;

	make(v, abi, entry, &c, &r);
	o = json_of(&c, NULL, &r);
	args = json_object_get(o, "args");
	expected = json_loads(v->json, JSON_REJECT_DUPLICATES, &err);
	if (!expected)
		fail_msg("%s: %s", v->name, err.text);
	json_object_del(args, "block_at");
	if (!json_equal(args, expected))
		fail_msg("%s: %s", v->name, json_dumps(args, JSON_COMPACT));
	assert_string_equal(json_string_value(json_object_get(o, "call")), call_name(v->nr));
	assert_string_equal(json_string_value(json_object_get(o, "abi")), abi->name);
	assert_string_equal(json_string_value(json_object_get(o, "entry")),
			    entry == ENTRY_DIRECT ? "direct" : "socketcall");
	if (v->ret < 0)
		assert_int_equal(-v->ret, json_integer_value(json_object_get(
						json_object_get(o, "errno"), "number")));
	json_decref(expected);
	json_decref(o);
	drop(&c, &r);
}

void run_vectors(const struct vector *v, unsigned n)
{
	static const struct {
		const struct abi *abi;
		enum call_entry entry;
		const char *mark;
	} ways[] = {
		{&abi_x86_64, ENTRY_DIRECT, ""},
		{&abi_i386, ENTRY_DIRECT, "i386 "},
		{&abi_i386, ENTRY_SOCKETCALL, "i386 socketcall "},
	};

	for (unsigned i = 0; i < n; i++) {
		for (unsigned w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
			char line[4096];

			snprintf(line, sizeof(line), "%s%s", ways[w].mark, v[i].text);
			run_one(&v[i], ways[w].abi, ways[w].entry, NULL, line);
			if (v[i].json)
				compare_json(&v[i], ways[w].abi, ways[w].entry);
		}
	}
}
