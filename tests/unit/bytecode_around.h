/* SPDX-License-Identifier: BSD-2-Clause */
/** What the runtime has around its conditions, for tests that run these alone. */
#ifndef OT_BYTECODE_AROUND_H
#define OT_BYTECODE_AROUND_H

#include "runtime/core/bytecode.h"
#include "runtime/core/tags.h"
#include "runtime/core/thread.h"

__thread struct ot_tls ot_tls;
int ot_area_pid;

/* Of the program's objects. */
static uint64_t tagged_object;
static unsigned int nr_plain_asked;

uint32_t ot_tag_of(uint64_t address)
{
	return tagged_object && address - tagged_object < 8 ? 7 : 0;
}

bool ot_modules_constant(uint64_t address, uint64_t bytes)
{
	(void)address;
	(void)bytes;
	nr_plain_asked++;
	return false;
}

void ot_stack_be_exact(uint64_t sp)
{
	(void)sp;
}

#endif
