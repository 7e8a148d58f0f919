/* shape_json.c - shapes as JSON. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "shape.h"

static json_t *hex_json(const uint8_t *b, size_t len)
{
	char text[2 * STRING_MAX];
	size_t n = len < sizeof(text) / 2 ? len : sizeof(text) / 2;

	for (size_t i = 0; i < n; i++) {
		text[2 * i] = "0123456789abcdef"[b[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[b[i] & 15];
	}
	return json_pack("{s:o}", "hex", json_stringn(text, 2 * n));
}

json_t *bytes_json(const void *bytes, size_t len)
{
	json_t *s = NULL;

	/* json_stringn() refuses what is no UTF-8. A NUL is legal, but many readers
	 * stumble over it. */
	len = len < STRING_MAX ? len : STRING_MAX;
	if (!len || !memchr(bytes, 0, len))
		s = json_stringn(len ? bytes : "", len);

	return s ?: hex_json(bytes, len);
}

json_t *payload_json(const uint8_t *b, size_t len)
{
	size_t n = len < QUOTE_MAX ? len : QUOTE_MAX;

	/* Back to before the first byte of a character that would be cut. */
	for (size_t back = 0; n < len && back < 3 && (b[n] & 0xc0) == 0x80; back++)
		n--;
	return bytes_json(n ? b : (const uint8_t *)"", n);
}

json_t *timespec_json(const struct timespec *t)
{
	return json_pack("{s:I, s:I}", "tv_sec", (json_int_t)t->tv_sec, "tv_nsec",
			 (json_int_t)t->tv_nsec);
}

json_t *pointer_json(uint64_t at)
{
	char text[24];

	if (!at)
		return json_null();
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)at);
	return json_string_nocheck(text);
}

json_t *count_json(uint64_t n)
{
	return n <= INT64_MAX ? json_integer(n) : pointer_json(n);
}

json_t *flags_json(const struct names *names, uint64_t v)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < names->n; i++) {
		if (!(v & names->list[i].value))
			continue;
		json_array_append_new(list, json_string_nocheck(names->list[i].name));
		v &= ~(uint64_t)names->list[i].value;
	}
	if (v)
		json_array_append_new(list, pointer_json(v));
	return list;
}

static json_t *name_or_number(const char *name, uint64_t v)
{
	return name ? json_string_nocheck(name) : json_integer(v);
}

static json_t *colons(const uint8_t *b, size_t n)
{
	char text[3 * LIST_MAX];

	n = n < LIST_MAX ? n : LIST_MAX;
	for (size_t i = 0; i < n; i++)
		snprintf(text + 3 * i, 4, i + 1 < n ? "%02x:" : "%02x", b[i]);
	return json_stringn(text, n ? 3 * n - 1 : 0);
}

static json_t *ip(int family, const uint8_t *b)
{
	char text[INET6_ADDRSTRLEN];

	return json_string_nocheck(inet_ntop(family, b, text, sizeof(text)) ?: "");
}

static json_t *value(const struct field *f, const uint8_t *b, size_t n)
{
	uint64_t v;

	switch (f->kind) {
	case FIELD_INT:
		return json_integer(field_number(b, n, true));
	case FIELD_UINT:
	case FIELD_HEX:
	case FIELD_MASK:
		return count_json(field_number(b, n, false));
	case FIELD_NAME:
		v = field_number(b, n, false);
		return name_or_number(names_find(f->names, v), v);
	case FIELD_FLAGS:
		return flags_json(f->names, field_number(b, n, false));
	case FIELD_ERRNO:
		v = field_number(b, n, true);
		return name_or_number(names_errno(v), v);
	case FIELD_PORT:
		return json_integer(b[0] << 8 | b[1]);
	case FIELD_NET_NAME:
		v = b[0] << 8 | b[1];
		return name_or_number(names_find(f->names, v), v);
	case FIELD_NET:
		return json_integer((uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]);
	case FIELD_LE:
		return json_integer(b[1] << 8 | b[0]);
	case FIELD_IN:
		return ip(AF_INET, b);
	case FIELD_IN6:
		return ip(AF_INET6, b);
	case FIELD_MAC:
	case FIELD_OCTETS:
		return colons(b, n);
	case FIELD_COUNTED:
		return colons(b, b[-1] < n ? b[-1] : n);
	case FIELD_STRING:
		return bytes_json(b, strnlen((const char *)b, n));
	case FIELD_BYTES:
		return bytes_json(b, n < QUOTE_MAX ? n : QUOTE_MAX);
	case FIELD_SOCKADDR:
		return n >= sizeof(uint16_t) ? sockaddr_json(b, n) : bytes_json(b, n);
	}
	return json_null();
}

/* Adds the fields to an object; for a shape that is one value returns that. */
static json_t *fields(json_t *object, const struct shape *s, const uint8_t *b, size_t len)
{
	for (unsigned i = 0; i < s->nfield; i++) {
		const struct field *f = &s->field[i];
		size_t size = f->size ? f->size : len > f->at ? len - f->at : 0;

		if (f->at + size > len)
			continue;
		if (!f->name)
			return value(f, b + f->at, size);
		if (size)
			json_set(object, f->json ? f->json : f->name,
					    value(f, b + f->at, size));
	}
	return object;
}

static json_t *element(const struct shape *s, const uint8_t *b, size_t len)
{
	json_t *object = s->field[0].name ? json_object() : NULL;

	return fields(object, s, b, len);
}

json_t *shape_json(const struct shape *shape, const uint8_t *b, size_t len)
{
	const struct shape *s = shape_fit(shape, len);
	json_t *list;

	if (!s && len == sizeof(int))
		s = &shape_int;
	if (!s)
		return bytes_json(b, len < QUOTE_MAX ? len : QUOTE_MAX);
	if (s->form != SHAPE_ARRAY)
		return element(s, b, len);
	list = json_array();
	for (size_t i = 0; i < len / s->size && i < LIST_MAX; i++)
		json_array_append_new(list, element(s, b + i * s->size, s->size));
	return list;
}

static void unix_json(json_t *a, const uint8_t *path, size_t len)
{
	if (!len)
		json_set(a, "unnamed", json_true());
	else if (path[0])
		json_set(a, "path", bytes_json(path, strnlen((const char *)path, len)));
	else
		json_set(a, "abstract", bytes_json(path + 1, len - 1));
}

json_t *sockaddr_json(const uint8_t *b, size_t len)
{
	int family = field_number(b, sizeof(uint16_t), false);
	const struct shape *s = shape_sockaddr_of(family, len);
	const char *name = names_find(&names_family, family);
	json_t *a = json_object();

	json_set(a, "family", name ? json_string_nocheck(name) : json_null());
	json_set(a, "family_number", json_integer(family));
	if (family == AF_UNIX)
		unix_json(a, b + 2, len - 2);
	else if (s)
		fields(a, s, b, len);
	else if (len > 2)
		json_set(a, "data", hex_json(b + 2, len - 2));
	return a;
}
