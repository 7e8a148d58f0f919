/*
 * bpf.c - a small assembler for the classic BPF of seccomp.
 *
 * The distances of conditional jumps are 8 bits wide, of BPF_JA 32. So a program
 * is first a list of instructions with labels; then each conditional jump whose
 * target is too far gets a BPF_JA behind it to land on, which may put other
 * targets too far: repeat until nothing changes. Jumps only grow, so this ends.
 *
 * The assembler knows which word the accumulator holds, on every way to a place,
 * and leaves out loads of what is there already, and code that no way leads to.
 */
#include "bpf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOADED_NOTHING = -1,
	LOADED_UNREACHED = -2, /* no way leads here (yet) */
	JUMP_MAX = 255,
};

unsigned bpf_arg_low(unsigned arg)
{
	unsigned low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;

	return offsetof(struct seccomp_data, args) + 8 * arg + low;
}

unsigned bpf_arg_high(unsigned arg)
{
	return bpf_arg_low(arg) ^ 4;
}

void bpf_init(struct bpf *b)
{
	memset(b, 0, sizeof(*b));
	b->loaded = LOADED_NOTHING;
}

void bpf_free(struct bpf *b)
{
	free(b->insn);
	free(b->label);
}

/* Room for one more element; false if there is no memory. */
static bool grow(struct bpf *b, void **array, unsigned n, unsigned *room, size_t size)
{
	unsigned more = *room ? *room * 2 : 64;
	void *bigger;

	if (n < *room)
		return true;
	bigger = b->err ? NULL : realloc(*array, more * size);
	if (!bigger) {
		b->err = -ENOMEM;
		return false;
	}
	*array = bigger;
	*room = more;
	return true;
}

int bpf_label(struct bpf *b)
{
	if (!grow(b, (void **)&b->label, b->nlabels, &b->label_room, sizeof(*b->label)))
		return BPF_NEXT;
	b->label[b->nlabels] = (struct bpf_label){-1, LOADED_UNREACHED};
	return b->nlabels++;
}

static int64_t merge(int64_t a, int64_t b)
{
	if (a == LOADED_UNREACHED || a == b)
		return b;
	return b == LOADED_UNREACHED ? a : LOADED_NOTHING;
}

void bpf_bind(struct bpf *b, int label)
{
	if (label < 0)
		return;
	b->label[label].at = b->n;
	b->loaded = merge(b->loaded, b->label[label].loaded);
}

static void emit(struct bpf *b, uint16_t code, uint32_t k, int yes, int no)
{
	int to[2] = {yes, no};

	if (b->loaded == LOADED_UNREACHED)
		return; /* no way leads here */
	if (!grow(b, (void **)&b->insn, b->n, &b->room, sizeof(*b->insn)))
		return;
	b->insn[b->n++] = (struct bpf_insn){.code = code, .k = k, .yes = yes, .no = no};
	for (int i = 0; i < 2; i++)
		if (to[i] >= 0)
			b->label[to[i]].loaded = merge(b->label[to[i]].loaded, b->loaded);
}

void bpf_load(struct bpf *b, unsigned offset, uint32_t mask)
{
	int64_t what = (int64_t)offset << 32 | mask;

	if (b->loaded == what)
		return;
	emit(b, BPF_LD | BPF_W | BPF_ABS, offset, BPF_NEXT, BPF_NEXT);
	if (mask != UINT32_MAX)
		emit(b, BPF_ALU | BPF_AND | BPF_K, mask, BPF_NEXT, BPF_NEXT);
	b->loaded = what;
}

void bpf_jump(struct bpf *b, uint16_t op, uint32_t k, int yes, int no)
{
	if (yes != no)
		emit(b, BPF_JMP | op | BPF_K, k, yes, no);
	else if (yes >= 0)
		bpf_goto(b, yes);
}

void bpf_goto(struct bpf *b, int label)
{
	emit(b, BPF_JMP | BPF_JA, 0, label, BPF_NEXT);
	b->loaded = LOADED_UNREACHED;
}

void bpf_return(struct bpf *b, uint32_t value)
{
	emit(b, BPF_RET | BPF_K, value, BPF_NEXT, BPF_NEXT);
	b->loaded = LOADED_UNREACHED;
}

void bpf_truncate(struct bpf *b, unsigned n)
{
	b->n = n;
	b->loaded = LOADED_NOTHING;
}

static bool is_jump(const struct bpf_insn *i)
{
	return BPF_CLASS(i->code) == BPF_JMP;
}

static bool is_goto(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_JA);
}

/* Where the program goes on for this label of the instruction at index i. */
static unsigned target(const struct bpf *b, int label, unsigned i)
{
	unsigned at = label < 0 ? i + 1 : (unsigned)b->label[label].at;

	return at < b->n ? b->insn[at].at : b->insn[b->n - 1].at + 1;
}

/* Places every instruction; true if some jump had to become longer. */
static bool place(struct bpf *b)
{
	unsigned at = 0;
	bool grown = false;

	for (unsigned i = 0; i < b->n; i++) {
		b->insn[i].at = at;
		at += 1 + b->insn[i].far_yes + b->insn[i].far_no;
	}
	for (unsigned i = 0; i < b->n; i++) {
		struct bpf_insn *in = &b->insn[i];

		if (!is_jump(in) || is_goto(in))
			continue;
		if (!in->far_yes && target(b, in->yes, i) - in->at - 1 > JUMP_MAX)
			in->far_yes = grown = true;
		if (!in->far_no && target(b, in->no, i) - in->at - 1 > JUMP_MAX)
			in->far_no = grown = true;
	}
	return grown;
}

static struct sock_filter jump_always(uint32_t distance)
{
	return (struct sock_filter){.code = BPF_JMP | BPF_JA, .k = distance};
}

static void write_insn(const struct bpf *b, unsigned i, struct sock_filter *out)
{
	const struct bpf_insn *in = &b->insn[i];
	unsigned yes, no, land = in->at + 1;

	*out = (struct sock_filter){.code = in->code, .k = in->k};
	if (!is_jump(in))
		return;
	yes = target(b, in->yes, i);
	if (is_goto(in)) {
		out->k = yes - in->at - 1;
		return;
	}
	no = target(b, in->no, i);
	if (in->far_yes) {
		out[land - in->at] = jump_always(yes - land - 1);
		yes = land++;
	}
	if (in->far_no) {
		out[land - in->at] = jump_always(no - land - 1);
		no = land;
	}
	out->jt = yes - in->at - 1;
	out->jf = no - in->at - 1;
}

int bpf_assemble(struct bpf *b, struct sock_fprog *prog)
{
	const struct bpf_insn *last;
	unsigned len;

	if (b->err)
		return b->err;
	while (place(b))
		;
	last = &b->insn[b->n - 1];
	len = last->at + 1 + last->far_yes + last->far_no;
	if (len > BPF_MAXINSNS)
		return -E2BIG;
	prog->filter = calloc(len, sizeof(*prog->filter));
	if (!prog->filter)
		return -ENOMEM;
	for (unsigned i = 0; i < b->n; i++)
		write_insn(b, i, prog->filter + b->insn[i].at);
	prog->len = len;
	return 0;
}

uint32_t bpf_run(const struct sock_fprog *prog, const struct seccomp_data *data, bool *constant)
{
	uint32_t a = 0;
	bool only_nr = true, yes;

	for (unsigned pc = 0; pc < prog->len; pc++) {
		const struct sock_filter *f = &prog->filter[pc];

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (f->k % 4 || f->k > sizeof(*data) - 4)
				return SECCOMP_RET_KILL_PROCESS;
			memcpy(&a, (const char *)data + f->k, 4);
			only_nr &= f->k == BPF_WORD_NR || f->k == BPF_WORD_ARCH;
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= f->k;
			continue;
		case BPF_JMP | BPF_JA:
			pc += f->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == f->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > f->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= f->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = a & f->k;
			break;
		case BPF_RET | BPF_K:
			if (constant)
				*constant = only_nr;
			return f->k;
		default:
			return SECCOMP_RET_KILL_PROCESS;
		}
		pc += yes ? f->jt : f->jf;
	}
	return SECCOMP_RET_KILL_PROCESS;
}
