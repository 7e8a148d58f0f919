/*
 * shape.h - how values look that the calls carry: addresses, option values and the
 * data of control messages.
 *
 * A shape is a table of fields in the host's layout. Text and JSON are two ways to
 * print one table, so a structure is described once. Bytes that fit no shape are
 * shown as bytes.
 */
#ifndef SOCKETCALL_TRACE_SHAPE_H
#define SOCKETCALL_TRACE_SHAPE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "line.h"
#include "names.h"

enum field_kind {
	FIELD_INT,       /* signed, 1 to 8 bytes */
	FIELD_UINT,
	FIELD_HEX,
	FIELD_MASK,      /* hexadecimal of fixed width, as %#08x */
	FIELD_NAME,      /* one of names */
	FIELD_FLAGS,     /* bits of names */
	FIELD_ERRNO,     /* ECONNREFUSED, 0 */
	FIELD_PORT,      /* network order: htons(80) */
	FIELD_NET_NAME,  /* network order, 16 bits, one of names: htons(ETH_P_IP) */
	FIELD_NET,       /* network order, 32 bits: htonl(5) */
	FIELD_LE,        /* little endian, 16 bits: htobs(1) */
	FIELD_IN,        /* IPv4 address */
	FIELD_IN6,
	FIELD_MAC,       /* 01:02:03:04:05:06 */
	FIELD_OCTETS,    /* [0x1, 0x2]; as many as there are, if size is 0 */
	FIELD_COUNTED,   /* octets, as many as the byte before them says */
	FIELD_STRING,    /* text that ends at the first NUL; the rest, if size is 0 */
	FIELD_BYTES,     /* quoted as it is; the rest, if size is 0 */
	FIELD_SOCKADDR,  /* an address; the rest, if size is 0 */
};

struct field {
	uint16_t at, size;
	enum field_kind kind;
	const char *name; /* NULL in a shape that is one value */
	const char *json; /* NULL: the same as name */
	const struct names *names;
};

enum shape_form {
	SHAPE_STRUCT, /* {a=1, b=2}; fields past the end are left out */
	SHAPE_VALUE,  /* one field: [1] */
	SHAPE_PLAIN,  /* one field: "text" */
	SHAPE_ARRAY,  /* [1, 2] or [{...}, {...}]: each element `size` bytes */
};

struct shape {
	enum shape_form form;
	uint16_t size;              /* fewer bytes are not this shape ... */
	const struct shape *shorter; /* ... but perhaps this one */
	const struct field *field;
	unsigned nfield;
};

/* All shapes that options.def names. */
#define LEVEL(number, name, prefix)
#define O(value, name, opt, control) extern const struct shape shape_##opt, shape_##control;
#define END
#include "options.def"
#undef LEVEL
#undef O
#undef END

/* Two longs of a 32-bit caller. */
extern const struct shape shape_timeval32;

/* The shape of a socket address; NULL if its family has none, or is too short. */
const struct shape *shape_sockaddr_of(int family, size_t len);

/* The shape for len bytes: this one or a shorter; NULL if none. */
const struct shape *shape_fit(const struct shape *, size_t len);

void shape_text(struct line *, const struct shape *, const uint8_t *bytes, size_t len);
/* {sa_family=AF_INET, ...}; len is at least 2. */
void sockaddr_text(struct line *, const uint8_t *bytes, size_t len);

/* Keys are ours and plain ASCII, so they need no check. */
static inline void json_set(json_t *object, const char *key, json_t *v)
{
	json_object_set_new_nocheck(object, key, v);
}

/* New references. A string that is no UTF-8 or holds a NUL becomes {"hex": "..."}. */
json_t *shape_json(const struct shape *, const uint8_t *bytes, size_t len);
json_t *sockaddr_json(const uint8_t *bytes, size_t len);
json_t *bytes_json(const void *bytes, size_t len);
json_t *pointer_json(uint64_t at);
/* A count; as "0x..." if it is no number of JSON's readers (2^63 and more). */
json_t *count_json(uint64_t n);
/* Received bytes: as many as are shown, not cut within a character. */
json_t *payload_json(const uint8_t *bytes, size_t len);
json_t *timespec_json(const struct timespec *);
json_t *flags_json(const struct names *, uint64_t v);

/* The number in a field of 1, 2, 4 or 8 bytes, host order. */
uint64_t field_number(const uint8_t *bytes, size_t size, bool is_signed);

#endif
