/*
 * policy.h - rules about socket calls: read them, ask them, compile them.
 *
 * The language is in socketcall-policy(5).
 */
#ifndef SOCKETCALL_POLICY_H
#define SOCKETCALL_POLICY_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdio.h>

#include "../abi/abi.h"
#include "../call/call.h"
#include "../call/verdict.h"

struct policy;

/* Where a policy text is wrong and what was expected there. */
struct policy_error {
	char file[256];
	unsigned line, column; /* 1-based; 0 if the file as a whole */
	char text[256];        /* "unknown family 'alq' (did you mean 'alg'?)" */
};

/* An empty policy: default allow. NULL if out of memory. */
struct policy *policy_new(void);
void policy_free(struct policy *);
/* How many rules it has; `default` lines do not count. */
unsigned policy_count(const struct policy *);
/* Is there a `log` rule? */
bool policy_logs(const struct policy *);

/* Adds the rules of a text (need not end in NUL) after those already there. `name`
 * is used in messages and verdicts. 0, or -EINVAL with *err filled, or -ENOMEM. */
int policy_add_text(struct policy *, const char *name, const char *text, size_t len,
		    struct policy_error *err);
int policy_add_file(struct policy *, const char *path, struct policy_error *err);
/* The text of a policy that comes with us (share/presets); NULL if there is none
 * of that name. Lives as long as the process. */
const char *policy_preset(const char *name, size_t *len);
/* Their names, i from 0; NULL past the last. */
const char *policy_preset_name(unsigned i);
/* One rule from the command line: word is "allow" or "deny", rule the rest. */
int policy_add_rule(struct policy *, const char *word, const char *rule,
		    struct policy_error *err);

/* The `rule` of a verdict that is not final (compare the pointer): an ALLOW that
 * hangs on where a pathname leads, or on who the accepted peer is. Whoever serves
 * the call must ask policy_decide_path or policy_decide_peer as soon as it knows,
 * and obey: these judge anew, from the first rule, and are final. policy_decide
 * answers so only where policy_judges_paths or policy_judges_peers is true. */
extern const char policy_pending[];

/* Judges a decoded call by its copy alone. For mmsg calls the first message that
 * is not allowed decides; *nmsg_ok gets how many messages before it are allowed
 * (Linux sends those, then reports), each of which may still hang on a path.
 * nmsg_ok may be NULL. */
struct verdict policy_decide(const struct policy *, const struct call *, unsigned *nmsg_ok);

/* Do the rules of this call look at the peer of an accepted connection? */
bool policy_judges_peers(const struct policy *, enum call_nr);
/* accept, accept4: judges the peer that was accepted. */
struct verdict policy_decide_peer(const struct policy *, const struct call *,
				  const struct call_addr *peer);

/* Do the rules of this call look at pathnames of AF_UNIX? Then serve resolves the
 * path once, hands the real path to policy_decide_path, and uses what it resolved. */
bool policy_judges_paths(const struct policy *, enum call_nr);
/* Judges again with the canonical absolute path in place of message i's (or the
 * call's own, i = 0) AF_UNIX pathname. */
struct verdict policy_decide_path(const struct policy *, const struct call *, unsigned i,
				  const char *path);

struct filter_options {
	bool serve_all;     /* --trace: every socket call is notified */
	bool count_denied;  /* --stats: what registers deny is notified too, to be counted */
	bool watch_rights;  /* notify the calls that change a caller's ids, capabilities,
	                     * namespaces or program; set if anything else is notified */
};

/* Compiles the policy to the smallest seccomp filter for all ABIs that this machine
 * can run (here i386 and x86-64): what registers decide is decided there, what
 * needs no decision is allowed, the rest is SECCOMP_RET_USER_NOTIF. An unknown
 * architecture is killed; x32 and io_uring get ENOSYS while there is any rule or
 * serve_all. prog->filter is malloc()ed. 0 or -ENOMEM, -E2BIG. */
int policy_filter(const struct policy *, const struct filter_options *, struct sock_fprog *prog);

/* Prints to out which rule decides the call written in `text` ("connect to
 * 10.0.0.1 port 80", in the words of the policy language) and what the filter does
 * with it in each ABI and entry. 0, or -EINVAL with *err filled. */
int policy_explain(const struct policy *, const char *text, FILE *out, struct policy_error *err);

/* Prints to out, a line each, what is right in the policy but perhaps not meant. */
void policy_notes(const struct policy *, FILE *out);

/* What a system call that changes rights changes. */
enum rights_change {
	CHANGES_NOTHING,
	CHANGES_OWN,     /* ids, groups, capabilities of the task that makes it */
	CHANGES_PROGRAM, /* execve: all of them, and which thread has which number */
	CHANGES_ROOT,    /* the root, or namespaces: also of tasks that share them */
	CHANGES_UNSEEN,  /* what no other task can see (Landlock) */
};

struct rights_call {
	int sysno;
	enum rights_change change;
};

/* The system calls of an ABI that change rights; ends with sysno -1. catch lets them
 * run and forgets what it knew of the task. */
const struct rights_call *filter_rights_calls(const struct abi *);
/* CHANGES_NOTHING if sysno is none of them. */
enum rights_change filter_rights_change(const struct abi *, int sysno);

#endif
