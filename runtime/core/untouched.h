/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Pages of constant data that a program has never touched stay out of its memory although we look at
 * them: tables are megabytes that only a shell asks for.
 */
#ifndef OT_CORE_UNTOUCHED_H
#define OT_CORE_UNTOUCHED_H

#include "core/modules.h"

struct ot_untouched {
	const struct ot_segment *segments;
	unsigned nr_segments;
	int fd;
	uint64_t *had; /* a bit per page: it was there before; NULL = nothing is known */
	uint64_t had_bytes;
	uint64_t leaving_low; /* pages side by side, which go together */
	uint64_t leaving_high;
};

/**
 * Notes which pages of the segments that are only read the process has. A pair with
 * ot_untouched_return(), whatever fails.
 *
 * @param segments borrowed until then; not those of an object with text relocations
 */
void ot_untouched_note(struct ot_untouched *ret, const struct ot_segment *segments,
		       unsigned nr_segments);

/**
 * Lets go of the pages that came since. They are the file's own and come again when somebody looks; a
 * page that was ever written is left alone, whoever made it writable for that.
 */
void ot_untouched_return(struct ot_untouched *untouched);

#endif
