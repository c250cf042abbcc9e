/* SPDX-License-Identifier: BSD-2-Clause */
/** For commands: what `tag` and `untag` share, and who else tags. */
#ifndef OT_CMD_TAGGING_H
#define OT_CMD_TAGGING_H

#include "cmds/cmd.h"
#include "stream/tags.h"

struct ot_params;
struct ot_value;

/** An object that a value leads to: a pointer's, or what lies in memory itself. */
struct ot_tagging_object {
	uint64_t address;
	uint64_t bytes; /* by its type; 0 = nobody knows */
	const struct ot_type *type;
};

/** The object of an expression; "." and "" mean self, or the object of the directory. */
struct ot_err *ot_tagging_object(struct ot_shell *shell, const char *text,
				 struct ot_tagging_object *ret);

/** What the process says of its tags; shell->tags is brought up to date with it. @param ret may be NULL */
struct ot_err *ot_tagging_ask(struct ot_shell *shell, struct otrace_tags *ret);

/**
 * Has watched what the parameters say while there are tags (tag_free, tag_realloc): before the first tag of a
 * session, also of a trace that tags, and when they change. Nothing is asked of a program that has ended.
 */
struct ot_err *ot_tagging_watch(struct ot_shell *shell, const struct ot_params *params);

#endif
