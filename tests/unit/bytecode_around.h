/* SPDX-License-Identifier: BSD-2-Clause */
/** What the runtime has around its conditions, for tests that run these alone. */
#ifndef OT_BYTECODE_AROUND_H
#define OT_BYTECODE_AROUND_H

#include "runtime/core/bytecode.h"
#include "runtime/core/look.h"
#include "runtime/core/tags.h"

int ot_area_pid;

static uint64_t tagged_object; /* the one that is, of 8 bytes */

uint32_t ot_tag_of(uint64_t address)
{
	return tagged_object && address - tagged_object < 8 ? 7 : 0;
}

bool ot_tag_any(const void *words, uint32_t mask)
{
	for (; mask; mask &= mask - 1)
		if (ot_tag_of(((const uint64_t *)words)[__builtin_ctz(mask)]))
			return true;
	return false;
}

#ifndef OT_REAL_LOOK
bool ot_look_is_plain(uint64_t from, uint64_t bytes, const struct otrace_frame *frame)
{
	(void)from;
	(void)bytes;
	(void)frame;
	return false;
}

static bool reads_fast;

bool ot_look_is_fast(void)
{
	return reads_fast;
}
#endif

#endif
