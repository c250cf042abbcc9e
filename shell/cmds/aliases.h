/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Aliases: names for command lines. In the text of one, \* is what was typed behind the name, \1 to
 * \9 a word of it, and \** its words as the arguments of a call in C: numbers as they are, anything
 * else in quotes, commas between. A text without any of these gets what was typed put behind it.
 */
#ifndef OT_CMD_ALIASES_H
#define OT_CMD_ALIASES_H

#include <stdbool.h>

#include "base/err.h"

struct ot_aliases;

/* Of aliases that stand for one another; beyond it is a mistake. */
#define OT_ALIASES_DEPTH 16
/* Of a line that they make. */
#define OT_ALIASES_BYTES 65536u

/** With those that are always there: dn up uv dv show doc cde cdt. */
struct ot_aliases *ot_aliases_create(void);
void ot_aliases_destroy(struct ot_aliases *aliases);

/** The text of an alias, borrowed; NULL = there is none. */
const char *ot_aliases_get(const struct ot_aliases *aliases, const char *name);
/** Number @p i in the order of names; NULL behind the last. */
const char *ot_aliases_name(const struct ot_aliases *aliases, size_t i);
/** Defines; text NULL or "" = removes. */
struct ot_err *ot_aliases_set(struct ot_aliases *aliases, const char *name, const char *text);

/** Names that are being expanded: within its own text a name is what it was without the alias. */
struct ot_aliases_chain {
	const struct ot_aliases_chain *outer;
	const char *name;
	int depth;
};

/** The text that the first word of @p command stands for; NULL = it is no alias, or in @p chain. */
const char *ot_aliases_lookup(const struct ot_aliases *aliases, const char *command,
			      const struct ot_aliases_chain *chain);
/**
 * Puts what is behind the first word of @p command into @p text.
 * @param ret free() it
 */
struct ot_err *ot_aliases_expand(const char *text, const char *command, char **ret);

#endif
