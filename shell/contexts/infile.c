// SPDX-License-Identifier: BSD-2-Clause
// Stores of contexts that lie in a file, and who is told so that contexts get into one.
#include <limits.h>
#include <string.h>

#include "contexts/internal.h"

void ot_contexts_set_watch(struct ot_contexts *contexts, const struct ot_contexts_watch *watch)
{
	contexts->watch = watch ? *watch : (struct ot_contexts_watch){0};
}

void ot_contexts_set_file(struct ot_contexts *contexts, struct ot_program *program,
			  struct ot_err *(*load)(void *priv, struct ot_context *context),
			  void *priv)
{
	contexts->program = program;
	contexts->load = load;
	contexts->load_priv = priv;
	ot_contexts_set_limits(contexts, UINT_MAX, UINT64_MAX);
}

bool ot_contexts_is_file(const struct ot_contexts *contexts)
{
	return contexts && contexts->load;
}

struct ot_program *ot_contexts_program(const struct ot_contexts *contexts)
{
	return contexts ? contexts->program : NULL;
}

struct ot_mapped_files *ot_contexts_files(struct ot_contexts *contexts)
{
	return contexts->files;
}

void ot_context_load(const struct ot_context *context)
{
	struct ot_context *mine = (struct ot_context *)context;
	struct ot_err *err;

	if (!context->is_unread)
		return;
	mine->is_unread = false;
	err = context->store->load(context->store->load_priv, mine);
	if (err)
		mine->damage = ot_strdup(err->what);
	ot_err_destroy(err);
}

void ot_context_add_piece(struct ot_context *context, const struct ot_context_piece *piece,
			  const void *bytes)
{
	struct ot_context_piece mine = *piece;

	mine.offset = (uint32_t)context->memory.len;
	ot_buf_add(&context->memory, bytes, piece->bytes);
	ot_vec_push(&context->pieces, mine);
}
