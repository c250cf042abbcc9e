/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for parts that are being written beside this; goes when they are there. */
#include "core/bytecode.h"
#include "core/copies.h"
#include "core/park.h"
#include "core/tags.h"

#define WEAK __attribute__((weak))

WEAK bool ot_bytecode_is_sound(const struct otrace_code *code, uint32_t nr, uint32_t frame_bytes,
			       bool at_end)
{
	(void)code, (void)frame_bytes, (void)at_end;
	return !nr;
}

WEAK enum ot_verdict ot_bytecode_run(const struct otrace_code *code, uint32_t nr,
				     const struct ot_code_env *env)
{
	(void)code, (void)nr, (void)env;
	return OT_VERDICT_YES;
}

WEAK bool ot_copy_program_is_sound(const struct ot_copy_program *program, uint32_t frame_bytes)
{
	(void)frame_bytes;
	return !program->nr_layouts;
}

WEAK void ot_copies_write(struct ot_thread *thread, const struct ot_copy_program *program,
			  const struct ot_copies *what)
{
	(void)thread, (void)program, (void)what;
}

WEAK void ot_park(const struct ot_park_wish *wish)
{
	(void)wish;
}

WEAK uint32_t ot_tag_of(uint64_t address)
{
	(void)address;
	return 0;
}

WEAK void ot_tag_from_hook(uint64_t address, uint64_t bytes, uint64_t call_seq, uint32_t counter)
{
	(void)address, (void)bytes, (void)call_seq, (void)counter;
}
