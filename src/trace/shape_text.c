/* shape_text.c - shapes as text, in strace's notation. */
#include <arpa/inet.h>
#include <string.h>

#include "shape.h"

uint64_t field_number(const uint8_t *bytes, size_t size, bool is_signed)
{
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
	} v = {0};

	memcpy(&v, bytes, size);
	switch (size) {
	case 1:
		return is_signed ? (uint64_t)(int8_t)v.u8 : v.u8;
	case 2:
		return is_signed ? (uint64_t)(int16_t)v.u16 : v.u16;
	case 4:
		return is_signed ? (uint64_t)(int32_t)v.u32 : v.u32;
	default:
		return v.u64;
	}
}

static void dotted(struct line *l, const uint8_t *b)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			line_char(l, '.');
		line_u64(l, b[i]);
	}
}

static void wrapped(struct line *l, const char *head, uint64_t v)
{
	line_str(l, head);
	line_u64(l, v);
	line_char(l, ')');
}

static void hex(struct line *l, uint64_t v)
{
	if (v)
		line_hex(l, v);
	else
		line_char(l, '0');
}

static void octets(struct line *l, const uint8_t *b, size_t n)
{
	line_char(l, '[');
	for (size_t i = 0; i < n; i++) {
		line_str(l, i ? ", " : "");
		if (i == LIST_MAX) {
			line_str(l, "...");
			break;
		}
		hex(l, b[i]);
	}
	line_char(l, ']');
}

static void mac(struct line *l, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			line_char(l, ':');
		line_octet(l, b[i]);
	}
}

static void in6(struct line *l, const struct field *f, const uint8_t *b)
{
	char text[INET6_ADDRSTRLEN];

	line_str(l, "inet_pton(AF_INET6, \"");
	line_str(l, inet_ntop(AF_INET6, b, text, sizeof(text)) ?: "");
	line_char(l, '"');
	if (f->name) {
		line_str(l, ", &");
		line_str(l, f->name);
	}
	line_char(l, ')');
}

static void err(struct line *l, uint64_t v)
{
	const char *name = names_errno(v);

	if (name)
		line_str(l, name);
	else
		line_i64(l, v);
}

static void mask(struct line *l, uint32_t v)
{
	line_str(l, v ? "0x" : "00");
	for (int shift = v >> 24 ? 24 : 16; shift >= 0; shift -= 8)
		line_octet(l, v >> shift);
}

static void net_name(struct line *l, const struct field *f, const uint8_t *b)
{
	line_str(l, "htons(");
	line_name(l, f->names, b[0] << 8 | b[1]);
	line_char(l, ')');
}

static void bytes_or_address(struct line *l, const uint8_t *b, size_t n)
{
	if (n >= sizeof(uint16_t))
		sockaddr_text(l, b, n);
	else
		line_quoted(l, b, n, QUOTE_MAX);
}

static void value(struct line *l, const struct field *f, const uint8_t *b, size_t n)
{
	switch (f->kind) {
	case FIELD_INT:
		line_i64(l, field_number(b, n, true));
		break;
	case FIELD_UINT:
		line_u64(l, field_number(b, n, false));
		break;
	case FIELD_HEX:
		hex(l, field_number(b, n, false));
		break;
	case FIELD_MASK:
		mask(l, field_number(b, n, false));
		break;
	case FIELD_NAME:
		if (*f->names->prefix || names_find(f->names, field_number(b, n, false)))
			line_name(l, f->names, field_number(b, n, false));
		else
			line_hex(l, field_number(b, n, false));
		break;
	case FIELD_FLAGS:
		line_flags(l, f->names, field_number(b, n, false));
		break;
	case FIELD_ERRNO:
		err(l, field_number(b, n, true));
		break;
	case FIELD_PORT:
		wrapped(l, "htons(", b[0] << 8 | b[1]);
		break;
	case FIELD_NET_NAME:
		net_name(l, f, b);
		break;
	case FIELD_NET:
		wrapped(l, "htonl(", (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]);
		break;
	case FIELD_LE:
		wrapped(l, "htobs(", b[1] << 8 | b[0]);
		break;
	case FIELD_IN:
		line_str(l, "inet_addr(\"");
		dotted(l, b);
		line_str(l, "\")");
		break;
	case FIELD_IN6:
		in6(l, f, b);
		break;
	case FIELD_MAC:
		mac(l, b, n);
		break;
	case FIELD_OCTETS:
		octets(l, b, n);
		break;
	case FIELD_COUNTED:
		octets(l, b, b[-1] < n ? b[-1] : n);
		break;
	case FIELD_STRING:
		line_quoted_string(l, b, n);
		break;
	case FIELD_BYTES:
		line_quoted(l, b, n, QUOTE_MAX);
		break;
	case FIELD_SOCKADDR:
		bytes_or_address(l, b, n);
		break;
	}
}

/* Prints the fields that lie wholly in b[0..len). Returns whether there was one. */
static bool fields(struct line *l, const struct shape *s, const uint8_t *b, size_t len,
		   bool follows)
{
	for (unsigned i = 0; i < s->nfield; i++) {
		const struct field *f = &s->field[i];
		size_t size = f->size ? f->size : len > f->at ? len - f->at : 0;

		if (f->at + size > len || (!size && f->name))
			continue;
		if (follows)
			line_str(l, ", ");
		follows = true;
		if (f->name && f->kind != FIELD_IN6) {
			line_str(l, f->name);
			line_char(l, '=');
		}
		value(l, f, b + f->at, size);
	}
	return follows;
}

static void array(struct line *l, const struct shape *s, const uint8_t *b, size_t len)
{
	bool braces = s->field[0].name != NULL;
	size_t n = len / s->size;

	line_char(l, '[');
	for (size_t i = 0; i < n; i++) {
		line_str(l, i ? ", " : "");
		if (i == LIST_MAX) {
			line_str(l, "...");
			break;
		}
		line_str(l, braces ? "{" : "");
		fields(l, s, b + i * s->size, s->size, false);
		line_str(l, braces ? "}" : "");
	}
	line_char(l, ']');
}

void shape_text(struct line *l, const struct shape *shape, const uint8_t *b, size_t len)
{
	const struct shape *s = shape_fit(shape, len);

	if (!s && len == sizeof(int))
		s = &shape_int;
	if (!s) {
		line_quoted(l, b, len, QUOTE_MAX);
		return;
	}
	switch (s->form) {
	case SHAPE_STRUCT:
		line_char(l, '{');
		fields(l, s, b, len, false);
		line_char(l, '}');
		break;
	case SHAPE_VALUE:
		line_char(l, '[');
		fields(l, s, b, len, false);
		line_char(l, ']');
		break;
	case SHAPE_PLAIN:
		fields(l, s, b, len, false);
		break;
	case SHAPE_ARRAY:
		array(l, s, b, len);
		break;
	}
}

static void unix_text(struct line *l, const uint8_t *path, size_t len)
{
	if (!len)
		return;
	line_str(l, ", sun_path=");
	if (path[0]) {
		line_quoted_string(l, path, len);
	} else {
		line_char(l, '@');
		line_quoted(l, path + 1, len - 1, len);
	}
}

void sockaddr_text(struct line *l, const uint8_t *b, size_t len)
{
	int family = field_number(b, sizeof(uint16_t), false);
	const struct shape *s = shape_sockaddr_of(family, len);

	line_str(l, "{sa_family=");
	line_name(l, &names_family, family);
	if (family == AF_UNIX) {
		unix_text(l, b + 2, len - 2);
	} else if (s) {
		fields(l, s, b, len, true);
	} else if (len > 2) {
		line_str(l, ", sa_data=");
		line_quoted(l, b + 2, len - 2, QUOTE_MAX);
	}
	line_char(l, '}');
}
