/*
 * json.c - one call, one object, one line.
 *
 * Lists are cut to what fits: an object is always whole. If not even an object
 * with empty lists fits, its arguments are left out.
 */
#include "json.h"

#include <stdio.h>
#include <string.h>

#include "../abi/abi.h"
#include "shape.h"

/* 2026-11-22T16:50:16.123456789Z, without asking for a time zone. */
static json_t *time_json(const struct timespec *t)
{
	/* Days since 1 March of year 0, whose years end with the leap day. */
	int64_t days = t->tv_sec / 86400 + 719468, sec = t->tv_sec % 86400;
	int64_t era = days / 146097, doe = days % 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	int day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
	char text[64];

	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ",
		 (int)(yoe + era * 400 + (month <= 2)), month, day, (int)(sec / 3600),
		 (int)(sec / 60 % 60), (int)(sec % 60), t->tv_nsec);
	return json_string_nocheck(text);
}

static json_t *verdict_json(const struct verdict *v)
{
	static const char *const kinds[] = {
		[VERDICT_ALLOW] = "allow", [VERDICT_DENY] = "deny", [VERDICT_KILL] = "kill",
	};
	json_t *o = json_pack("{s:s}", "action", kinds[v->kind]);

	if (v->kind == VERDICT_DENY)
		json_named(o, "errno", names_errno(v->err), v->err);
	json_set(o, "rule", v->rule ? bytes_json(v->rule, strlen(v->rule)) : json_null());
	json_set(o, "file", v->file ? bytes_json(v->file, strlen(v->file)) : json_null());
	if (v->line)
		json_set(o, "line", json_integer(v->line));
	if (v->log)
		json_set(o, "log", json_true());
	return o;
}

static void result_json(json_t *o, const struct json_line *l)
{
	const struct result *r = l->result;

	if (l->verdict && l->verdict->kind == VERDICT_KILL) {
		json_set(o, "ret", json_null());
	} else if (r->ret < 0) {
		uint64_t err = -(uint64_t)r->ret;
		const char *name = names_errno(err);
		json_t *e = json_object();

		json_set(e, "name", name ? json_string_nocheck(name) : json_null());
		json_set(e, "number", json_integer(err));
		json_set(o, "ret", json_integer(-1));
		json_set(o, "errno", e);
	} else if (r->fd >= 0) {
		json_set(o, "ret", r->given_fd >= 0 ? json_integer(r->given_fd)
							       : json_null());
	} else {
		json_set(o, "ret", json_integer(r->ret));
	}
}

static json_t *object(const struct json_line *l, unsigned shown, bool with_args)
{
	const struct call *c = l->call;
	const char *name = call_name(c->nr);
	json_t *o = json_object();

	json_set(o, "time", time_json(&l->started));
	json_set(o, "pid", json_integer(l->who->tgid));
	json_set(o, "tid", json_integer(l->who->tid));
	json_set(o, "abi", c->abi ? json_string_nocheck(c->abi->name) : json_null());
	json_set(o, "entry",
			    json_string_nocheck(c->entry == ENTRY_SOCKETCALL ? "socketcall" : "direct"));
	json_set(o, "syscall", json_integer(c->sysno));
	json_set(o, "call", name ? json_string_nocheck(name) : json_null());
	json_set(o, "call_number", json_integer((int)c->nr));
	if (with_args)
		json_set(o, "args", json_args(c, l->result, shown));
	else
		json_set(o, "args", json_null());
	result_json(o, l);
	json_set(o, "verdict", l->verdict ? verdict_json(l->verdict) : json_null());
	json_set(o, "elapsed_us", json_real(l->elapsed_ns / 1000.0));
	return o;
}

size_t json_call(const struct json_line *l, char *buf, size_t size)
{
	static const unsigned shown[] = {16, 4, 1, 0};
	const unsigned n = sizeof(shown) / sizeof(shown[0]);

	for (unsigned i = 0; i <= n; i++) {
		json_t *o = object(l, i < n ? shown[i] : 0, i < n);
		size_t len = json_dumpb(o, buf, size - 1, JSON_COMPACT | JSON_REAL_PRECISION(15));

		json_decref(o);
		if (len && len <= size - 1) {
			buf[len] = '\n';
			return len + 1;
		}
	}
	return 0;
}
