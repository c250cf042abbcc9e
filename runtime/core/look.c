/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/look.h"
#include "core/modules.h"
#include "core/reads.h"
#include "core/thread.h"

static bool in_stack(uint64_t from, uint64_t bytes)
{
	const struct ot_stack *stack = &ot_tls.stack;

	return from - stack->low < stack->bytes && stack->bytes - (from - stack->low) >= bytes;
}

bool ot_look_is_plain(uint64_t from, uint64_t bytes, const struct otrace_frame *frame)
{
	if (from >= (uint64_t)frame && in_stack(from, bytes)) {
		if (!(ot_tls.stack.flags & OT_STACK_OWN))
			ot_stack_be_exact((uint64_t)frame);
		return (ot_tls.stack.flags & OT_STACK_OWN) && in_stack(from, bytes);
	}
	return ot_modules_constant(from, bytes);
}

/* On its own stack, where there is room for a signal: a wild pointer is one. */
bool ot_look_is_fast(void)
{
	uint64_t sp = (uint64_t)__builtin_frame_address(0);
	uint32_t word = __atomic_load_n(&ot_reads_word, __ATOMIC_RELAXED);
	const struct ot_stack *stack = &ot_tls.stack;

	if (ot_reads_are_off(word) || (ot_unlikely(ot_tls.reads != word) && !ot_reads_ask(sp)))
		return false;
	return (stack->flags & OT_STACK_OWN) &&
	       sp - stack->low - ot_reads_room_bytes < stack->bytes;
}
