/* SPDX-License-Identifier: BSD-2-Clause */
/** For commands only: contexts named on the command line. */
#ifndef OT_CMD_CONTEXTIDS_H
#define OT_CMD_CONTEXTIDS_H

#include "cmds/cmd.h"
#include "contexts/contexts.h"

struct ot_context_list {
	struct ot_context **items;
	size_t nr;
	size_t cap;
};

/**
 * Contexts that words name, each once: trace ids, their ends (TIME.SEQ, SEQ), with ~ in front or not, wildcards
 * over ids, and paths. No word means the context we are in; "*" all of them.
 * @param list free() its items
 */
struct ot_err *ot_context_ids_find(struct ot_shell *shell, struct ot_cmd_call *call, int first,
				   struct ot_context_list *list);
/** Offers ids. */
void ot_context_ids_complete(struct ot_shell *shell, struct ot_cmd_completion *completion);
/** Goes to /osh/globals if we are in one of them: they will be gone. */
void ot_context_ids_leave(struct ot_shell *shell, const struct ot_context_list *list);

#endif
