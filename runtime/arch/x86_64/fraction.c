/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place of the hooks that touches vector registers: those of the program's arguments and results are live. So
 * what it uses it puts back, and the unit's state, too: flags that the program may look at, its way of rounding, and
 * traps. Instructions without VEX leave the upper parts of the registers as they are.
 */
#include "arch/arch.h"

#define STATE_PLAIN 0x1f80u /* no traps, to the nearest */

struct kept {
	uint8_t registers[2][16];
	uint32_t state;
};

#define CALCULATE(instructions)                                                       \
	__asm__ volatile("movdqu %%xmm0, %[first]\n\t"                                \
			 "movdqu %%xmm1, %[second]\n\t"                               \
			 "stmxcsr %[state]\n\t"                                       \
			 "ldmxcsr %[plain]\n\t"                                       \
			 "movq %[a], %%xmm0\n\t"                                      \
			 "movq %[b], %%xmm1\n\t" instructions "movq %%xmm0, %[a]\n\t" \
			 "ldmxcsr %[state]\n\t"                                       \
			 "movdqu %[second], %%xmm1\n\t"                               \
			 "movdqu %[first], %%xmm0\n\t"                                \
			 : [a] "+r"(a), [first] "=m"(kept.registers[0]),              \
			   [second] "=m"(kept.registers[1]), [state] "=m"(kept.state) \
			 : [b] "r"(b), [plain] "m"(plain))

#define TO_FLOAT "cvtsd2ss %%xmm0, %%xmm0\n\tcvtss2sd %%xmm0, %%xmm0\n\t"

static uint64_t calculate(enum ot_fraction_op op, uint64_t a, uint64_t b)
{
	const uint32_t plain = STATE_PLAIN;
	struct kept kept;

	switch (op) {
	case OT_FRACTION_ADD:
		CALCULATE("addsd %%xmm1, %%xmm0\n\t");
		break;
	case OT_FRACTION_SUBTRACT:
		CALCULATE("subsd %%xmm1, %%xmm0\n\t");
		break;
	case OT_FRACTION_MULTIPLY:
		CALCULATE("mulsd %%xmm1, %%xmm0\n\t");
		break;
	case OT_FRACTION_DIVIDE:
		CALCULATE("divsd %%xmm1, %%xmm0\n\t");
		break;
	case OT_FRACTION_ROUND:
		CALCULATE(TO_FLOAT);
		break;
	case OT_FRACTION_WIDEN:
		CALCULATE("cvtss2sd %%xmm0, %%xmm0\n\t");
		break;
	}
	return a;
}

uint64_t ot_arch_fraction(enum ot_fraction_op op, uint64_t a, uint64_t b, bool is_float)
{
	if (op != OT_FRACTION_ROUND)
		a = calculate(op, a, b);
	/* a double has digits enough for the result to be that of the float's operation */
	return is_float ? calculate(OT_FRACTION_ROUND, a, b) : a;
}
