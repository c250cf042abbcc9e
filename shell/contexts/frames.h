/* SPDX-License-Identifier: BSD-2-Clause */
/** The calls that led to a context, unwound from its registers and the bytes of its stack. */
#ifndef OT_CONTEXTS_FRAMES_H
#define OT_CONTEXTS_FRAMES_H

#include "contexts/contexts.h"
#include "contexts/files.h"

struct ot_context_frame {
	struct ot_frame at;
	char *function; /* never NULL; an address where nothing is known */
	char *file;	/* as the compiler was given it, or NULL */
	char *place;	/* "shop.c:30", or the module's name, or "" */
	uint32_t line;
	/* read when looked at */
	struct ot_locals locals;
	struct ot_err *err; /* why it has none */
	bool is_read;
};

struct ot_context_frames {
	struct ot_context_frame *items; /* the caller first */
	size_t nr;
	size_t cap;
	char *note; /* why there are none, or no more; NULL = all are there */
};

/**
 * Unwinds. Frames of the runtime and of the wrapper are left out, so the first one is the caller of @p fn.
 * @param first what the innermost frame has in registers, and its pc as it is; NULL = nothing was copied
 * @param wrapper of the traced function, 0 = there is none
 */
struct ot_context_frames *ot_context_frames_create(const struct ot_mapped_files *files,
						   struct ot_target *view,
						   const struct ot_frame *first, uint64_t wrapper);
void ot_context_frames_destroy(struct ot_context_frames *frames);

/** The variables of one, read once. */
struct ot_err *ot_context_frame_locals(struct ot_program *program, struct ot_context_frame *frame,
				       const struct ot_locals **ret);

#endif
