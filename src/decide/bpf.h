/*
 * bpf.h - a small assembler, and an interpreter, for the classic BPF of seccomp.
 * Inside decide only.
 */
#ifndef SOCKETCALL_DECIDE_BPF_H
#define SOCKETCALL_DECIDE_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BPF_NEXT = -1, /* in place of a label: the instruction that follows */
	BPF_WORD_NR = offsetof(struct seccomp_data, nr),
	BPF_WORD_ARCH = offsetof(struct seccomp_data, arch),
};

/* Offset of an argument's low and high word. */
unsigned bpf_arg_low(unsigned arg);
unsigned bpf_arg_high(unsigned arg);

struct bpf_insn {
	uint16_t code;
	uint32_t k;
	int yes, no;     /* labels of a jump; BPF_JA has yes */
	unsigned at;     /* its place in the assembled program */
	bool far_yes, far_no;
};

struct bpf_label {
	int at;          /* index of the instruction it stands before; -1: nowhere yet */
	int64_t loaded;  /* what A holds on every way here */
};

struct bpf {
	struct bpf_insn *insn;
	unsigned n, room;
	struct bpf_label *label;
	unsigned nlabels, label_room;
	int64_t loaded;  /* what A holds here */
	int err;         /* -ENOMEM sticks; bpf_assemble reports it */
};

void bpf_init(struct bpf *);
void bpf_free(struct bpf *);

int bpf_label(struct bpf *);
void bpf_bind(struct bpf *, int label);
/* A = word at offset, & mask. Emits nothing if A holds that already. */
void bpf_load(struct bpf *, unsigned offset, uint32_t mask);
/* op: BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET. */
void bpf_jump(struct bpf *, uint16_t op, uint32_t k, int yes, int no);
void bpf_goto(struct bpf *, int label);
void bpf_return(struct bpf *, uint32_t value);
/* Forgets what was emitted after the first n instructions; no label bound
 * before them may have been lost. */
void bpf_truncate(struct bpf *, unsigned n);

/* 0 with prog->filter malloc()ed; -ENOMEM; -E2BIG past BPF_MAXINSNS. */
int bpf_assemble(struct bpf *, struct sock_fprog *prog);

/* What a filter returns for a call; SECCOMP_RET_KILL_PROCESS if the program is
 * one that the kernel would not take. *constant (may be NULL) tells whether it
 * looked at nothing but the number and the architecture: such an ALLOW is what
 * the kernel remembers, so that the filter need not run at all. */
uint32_t bpf_run(const struct sock_fprog *, const struct seccomp_data *, bool *constant);

#endif
