/* SPDX-License-Identifier: BSD-2-Clause */
/** For the files of contexts/ only: the store's insides. */
#ifndef OT_CONTEXTS_INTERNAL_H
#define OT_CONTEXTS_INTERNAL_H

#include "base/map.h"
#include "base/vec.h"
#include "contexts/contexts.h"
#include "contexts/files.h"
#include "contexts/frames.h"

/** The last call of a thread: what its parts will belong to. */
struct ot_context_slot {
	const struct otrace_ring *ring; /* of the thread; NULL = not found */
	const struct ot_trace *trace;
	struct ot_call_event enter;
	struct ot_buf enter_bytes;
	bool has_end;
	struct ot_call_event end;
	struct ot_buf end_bytes;
};

struct ot_context_shelf {
	struct ot_context *oldest, *newest;
	size_t nr_recent; /* those that were saved and have left do not count */
};

struct ot_contexts {
	struct ot_target *target;
	struct ot_mapped_files *files;
	ot_contexts_filer filer;
	void *filer_priv;
	ot_contexts_relater relater; /* or NULL */
	void *relater_priv;
	unsigned int saved_kinds; /* a bit for each that is saved as it comes */
	unsigned int max_recent;
	uint64_t max_bytes;
	uint64_t bytes; /* of recent ones */
	struct ot_context_shelf shelves[OT_NR_CONTEXT_KINDS];
	struct ot_map by_seq;
	struct ot_map slots; /* tid + 1 -> struct ot_context_slot */
	uint32_t last_tid;
	struct ot_context_slot *last;
	struct ot_context *browsed;
	struct ot_context *spare; /* to be used again, linked by older */
	size_t nr_spare;
	uint64_t nr_made; /* their order */
	uint64_t nr_evicted, nr_astray;
	void (*evicted)(void *priv, uint64_t seq); /* or NULL */
	void *evicted_priv;
	struct ot_contexts_watch watch;
	struct ot_program *program; /* of a file */
	struct ot_err *(*load)(void *priv, struct ot_context *context);
	void *load_priv;
	OT_VEC(struct ot_context *) listing;
};

/** Frees what was made of it when somebody looked. */
void ot_context_forget_looks(struct ot_context *context);
/** Views: contexts/view.c. */
struct ot_target *ot_context_view_create(const struct ot_context *context, bool after,
					 const struct ot_mapped_files *files);

#endif
