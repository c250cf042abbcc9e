/* SPDX-License-Identifier: BSD-2-Clause */
/** What the names mean that trace and untrace take. */
#ifndef OT_CMD_TRACENAMES_H
#define OT_CMD_TRACENAMES_H

#include "cmds/functions.h"

struct ot_trace_names {
	struct ot_fn_list fns;
	bool is_many; /* names more than functions of one name: functions that come later belong to it, too */
	char *note; /* what the word might have meant besides, or NULL */
};

/**
 * The functions of
 *	NAME, NAME@file.c, file.c:NAME	as ot_functions_find(), wildcards too
 *	TYPE, struct TYPE		its methods: those whose first parameter is a pointer to it
 *	TYPE.METHOD, .METHOD		a method of that name, of any type; wildcards too
 *	FILE				all that are defined in a source file
 * A function goes before a type and a file of its name.
 * @param ret zero-initialised; ot_trace_names_deinit(), also behind an error
 */
struct ot_err *ot_trace_names_find(struct ot_shell *shell, const char *word,
				   struct ot_trace_names *ret);
void ot_trace_names_deinit(struct ot_trace_names *names);

/** Words with "struct NAME" as one. ot_trace_names_free() */
char **ot_trace_names_join(const char *const *words, int nr, int *nr_ret);
void ot_trace_names_free(char **joined, int nr);

/** Offers functions and types. */
void ot_trace_names_complete(struct ot_shell *shell, struct ot_cmd_completion *completion);

#endif
