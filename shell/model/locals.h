/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The variables of a function in the middle of its work, as the debug information in its program's file
 * has them. The tables of the pass say nothing of locals: a program without -g, or one that was stripped,
 * has none here.
 */
#ifndef OT_MODEL_LOCALS_H
#define OT_MODEL_LOCALS_H

#include "model/value.h"

/* Registers by the numbers that DWARF gives them on x86-64. */
#define OT_FRAME_REGISTERS 17u

/** A frame: where its code goes on, and what registers it finds then. */
struct ot_frame {
	uint64_t pc; /* behind the call */
	uint64_t registers[OT_FRAME_REGISTERS];
	uint32_t known; /* bit n: register n is; the others have nothing left behind a call */
	unsigned int
		nr_outer; /* of several calls that were inlined into each other there: the variables of the
				  innermost but so many */
	struct ot_target *memory; /* what it had in memory; NULL = the program's, as it is now */
};

struct ot_local {
	char *name;
	bool is_param;
	uint32_t line;
	struct ot_value value; /* not fetched where it lies in memory */
	struct ot_err *err;    /* why it has no value here, or NULL */
};

struct ot_locals {
	struct ot_local
		*items; /* parameters first, then as declared; an inner one hides the outer */
	size_t nr;
	size_t cap;
	char *function; /* of the source: of one that was inlined its own */
	char *file;	/* and where it is at pc, may be NULL */
	uint32_t line;
	bool reads_memory; /* some value or type is what memory said: it holds for a moment */
};

/** @param ret ot_locals_deinit() it; empty behind an error */
struct ot_err *ot_locals_read(struct ot_program *program, const struct ot_frame *frame,
			      struct ot_locals *ret);
void ot_locals_deinit(struct ot_locals *locals);

#endif
