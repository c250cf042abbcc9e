// SPDX-License-Identifier: BSD-2-Clause
// Where a variable is: the stack machine of DWARF's expressions, as far as compilers of C use it.
#include <dwarf.h>
#include <string.h>

#include "model/location.h"

#define STACK_WORDS 32u
#define NESTED_MAX 4
#define STEPS_MAX 1000u

struct machine {
	const struct ot_location_context *context;
	uint64_t stack[STACK_WORDS];
	unsigned int nr;
	int nested;
	bool is_value; /* DW_OP_stack_value, or a register: no address */
};

static struct ot_err *gone(void)
{
	return ot_err_new(OT_ERR_OPTIMIZED, "optimized out");
}

static struct ot_err *unsupported(unsigned int op)
{
	return ot_err_new(OT_ERR_UNSUPPORTED,
			  "it lies where otrace cannot look (DWARF operation %#x)", op);
}

static struct ot_err *push(struct machine *m, uint64_t word)
{
	if (m->nr == STACK_WORDS)
		return ot_err_new(OT_ERR_DAMAGED, "its debug information is damaged");
	m->stack[m->nr++] = word;
	return NULL;
}

static struct ot_err *need(const struct machine *m, unsigned int nr)
{
	return m->nr < nr ? ot_err_new(OT_ERR_DAMAGED, "its debug information is damaged") : NULL;
}

static struct ot_err *push_register(struct machine *m, uint64_t number, uint64_t offset)
{
	const struct ot_frame *frame = m->context->frame;

	if (number >= OT_FRAME_REGISTERS || !(frame->known & 1u << number))
		return gone();
	return push(m, frame->registers[number] + offset);
}

static struct ot_err *run(struct machine *m, const Dwarf_Op *ops, size_t nr);

static struct ot_err *run_nested(const struct machine *m, const Dwarf_Op *ops, size_t nr,
				 uint64_t *ret)
{
	struct machine inner = {.context = m->context, .nested = m->nested + 1};

	if (inner.nested > NESTED_MAX)
		return ot_err_new(OT_ERR_DAMAGED, "its debug information is damaged");
	OT_TRY(run(&inner, ops, nr));
	OT_TRY(need(&inner, 1));
	*ret = inner.stack[inner.nr - 1];
	return NULL;
}

static struct ot_err *push_frame_base(struct machine *m, uint64_t offset)
{
	const struct ot_location_context *c = m->context;
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t nr;
	uint64_t base;

	if (!dwarf_attr_integrate(c->function, DW_AT_frame_base, &attr) ||
	    dwarf_getlocation_addr(&attr, c->frame->pc - 1 - c->bias, &ops, &nr, 1) != 1)
		return gone();
	OT_TRY(run_nested(m, ops, nr, &base));
	return push(m, base + offset);
}

static struct ot_err *push_cfa(struct machine *m)
{
	const struct ot_location_context *c = m->context;
	Dwarf_CFI *cfi = dwarf_getcfi_elf(dwarf_getelf(c->dwarf));
	ot_auto_free Dwarf_Frame *frame = NULL;
	struct ot_err *err;
	Dwarf_Op *ops;
	size_t nr;
	uint64_t cfa;

	if (!cfi || dwarf_cfi_addrframe(cfi, c->frame->pc - 1 - c->bias, &frame) ||
	    dwarf_frame_cfa(frame, &ops, &nr)) {
		err = gone();
	} else {
		err = run_nested(m, ops, nr, &cfa);
		if (!err)
			err = push(m, cfa);
	}
	if (cfi)
		dwarf_cfi_end(cfi);
	return err;
}

static struct ot_err *push_address(struct machine *m, const Dwarf_Op *op)
{
	Dwarf_Attribute attr;
	Dwarf_Addr address = op->number;

	if (op->atom == DW_OP_addrx && (dwarf_getlocation_attr(m->context->attr, op, &attr) ||
					dwarf_formaddr(&attr, &address)))
		return unsupported(op->atom);
	return push(m, address + m->context->bias);
}

static struct ot_err *dereference(struct machine *m, uint64_t bytes)
{
	uint64_t word = 0;
	struct ot_target_span span = {.address = m->stack[m->nr - 1], .bytes = bytes, .buf = &word};

	if (!bytes || bytes > sizeof(word))
		return unsupported(DW_OP_deref_size);
	*m->context->reads_memory = true;
	OT_TRY(ot_target_readv(m->context->target, &span, 1));
	if (span.got != bytes)
		return ot_err_new(OT_ERR_FAULT, "memory at %#llx cannot be read",
				  (unsigned long long)span.address);
	m->stack[m->nr - 1] = word;
	return NULL;
}

static struct ot_err *calculate(struct machine *m, unsigned int atom)
{
	uint64_t right = m->stack[m->nr - 1], *left = &m->stack[m->nr - 2];

	m->nr--;
	switch (atom) {
	case DW_OP_plus:
		*left += right;
		return NULL;
	case DW_OP_minus:
		*left -= right;
		return NULL;
	case DW_OP_mul:
		*left *= right;
		return NULL;
	case DW_OP_and:
		*left &= right;
		return NULL;
	case DW_OP_or:
		*left |= right;
		return NULL;
	case DW_OP_xor:
		*left ^= right;
		return NULL;
	case DW_OP_shl:
		*left = right < 64 ? *left << right : 0;
		return NULL;
	case DW_OP_shr:
		*left = right < 64 ? *left >> right : 0;
		return NULL;
	case DW_OP_shra:
		*left = (uint64_t)((int64_t)*left >> (right < 64 ? right : 63));
		return NULL;
	default:
		return unsupported(atom);
	}
}

static struct ot_err *step(struct machine *m, const Dwarf_Op *op)
{
	unsigned int atom = op->atom;

	if (atom >= DW_OP_lit0 && atom <= DW_OP_lit31)
		return push(m, atom - DW_OP_lit0);
	if (atom >= DW_OP_reg0 && atom <= DW_OP_reg31) {
		m->is_value = true;
		return push_register(m, atom - DW_OP_reg0, 0);
	}
	if (atom >= DW_OP_breg0 && atom <= DW_OP_breg31)
		return push_register(m, atom - DW_OP_breg0, op->number);
	switch (atom) {
	case DW_OP_addr:
	case DW_OP_addrx:
		return push_address(m, op);
	case DW_OP_const1u:
	case DW_OP_const1s:
	case DW_OP_const2u:
	case DW_OP_const2s:
	case DW_OP_const4u:
	case DW_OP_const4s:
	case DW_OP_const8u:
	case DW_OP_const8s:
	case DW_OP_constu:
	case DW_OP_consts:
		return push(m, op->number);
	case DW_OP_regx:
		m->is_value = true;
		return push_register(m, op->number, 0);
	case DW_OP_bregx:
		return push_register(m, op->number, op->number2);
	case DW_OP_fbreg:
		return push_frame_base(m, op->number);
	case DW_OP_call_frame_cfa:
		return push_cfa(m);
	case DW_OP_stack_value:
		m->is_value = true;
		return need(m, 1);
	case DW_OP_dup:
		OT_TRY(need(m, 1));
		return push(m, m->stack[m->nr - 1]);
	case DW_OP_plus_uconst:
		OT_TRY(need(m, 1));
		m->stack[m->nr - 1] += op->number;
		return NULL;
	case DW_OP_neg:
		OT_TRY(need(m, 1));
		m->stack[m->nr - 1] = -m->stack[m->nr - 1];
		return NULL;
	case DW_OP_not:
		OT_TRY(need(m, 1));
		m->stack[m->nr - 1] = ~m->stack[m->nr - 1];
		return NULL;
	case DW_OP_deref:
		OT_TRY(need(m, 1));
		return dereference(m, sizeof(uint64_t));
	case DW_OP_deref_size:
		OT_TRY(need(m, 1));
		return dereference(m, op->number);
	case DW_OP_nop:
		return NULL;
	case DW_OP_entry_value:
	case DW_OP_GNU_entry_value:
		return gone();
	default:
		if (atom < DW_OP_abs || atom > DW_OP_xor)
			return unsupported(atom);
		OT_TRY(need(m, 2));
		return calculate(m, atom);
	}
}

static struct ot_err *run(struct machine *m, const Dwarf_Op *ops, size_t nr)
{
	if (nr > STEPS_MAX)
		return ot_err_new(OT_ERR_DAMAGED, "its debug information is damaged");
	for (size_t i = 0; i < nr; i++)
		OT_TRY(step(m, &ops[i]));
	return NULL;
}

/* Bytes that stand in the expression itself. False: it has none. */
static bool take_bytes(const struct ot_location_context *c, const Dwarf_Op *ops, size_t nr,
		       struct ot_location *ret)
{
	Dwarf_Block block;

	if (nr != 1 || ops[0].atom != DW_OP_implicit_value ||
	    dwarf_getlocation_implicit_value(c->attr, &ops[0], &block))
		return false;
	*ret = (struct ot_location){
		.kind = OT_LOCATION_BYTES, .bytes = block.data, .nr_bytes = block.length};
	return true;
}

/* What a wide register held and was put aside: its bytes are no word of the stack machine's. */
static bool is_copy(const struct ot_location_context *c, const Dwarf_Op *ops, size_t nr)
{
	const Dwarf_Op *last = &ops[nr - 1];

	if (nr < 3 || last->atom != DW_OP_stack_value || !c->bytes)
		return false;
	return last[-1].atom == DW_OP_deref
		       ? c->bytes <= sizeof(uint64_t)
		       : last[-1].atom == DW_OP_deref_size && c->bytes <= last[-1].number;
}

struct ot_err *ot_location_find(const struct ot_location_context *context, struct ot_location *ret)
{
	struct machine m = {.context = context};
	Dwarf_Op *ops;
	size_t nr;

	if (dwarf_getlocation_addr(context->attr, context->frame->pc - 1 - context->bias, &ops, &nr,
				   1) != 1 ||
	    !nr)
		return gone();
	if (take_bytes(context, ops, nr, ret))
		return NULL;
	if (is_copy(context, ops, nr)) {
		OT_TRY(run(&m, ops, nr - 2));
		OT_TRY(need(&m, 1));
		*ret = (struct ot_location){.kind = OT_LOCATION_COPY, .value = m.stack[m.nr - 1]};
		return NULL;
	}
	OT_TRY(run(&m, ops, nr));
	OT_TRY(need(&m, 1));
	*ret = (struct ot_location){.kind = m.is_value ? OT_LOCATION_VALUE : OT_LOCATION_MEMORY,
				    .value = m.stack[m.nr - 1]};
	return NULL;
}
