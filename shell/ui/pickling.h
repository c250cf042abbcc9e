/* SPDX-License-Identifier: BSD-2-Clause */
/** A session's files of contexts: the one that is written, and those that are open. */
#ifndef OT_UI_PICKLING_H
#define OT_UI_PICKLING_H

#include "cmds/cmd.h"
#include "pickle/pickler.h"
#include "pickle/unpickle.h"

/** Writes new contexts to @p path from here on, "" = to none. */
struct ot_err *ot_pickling_set(struct ot_shell *shell, const char *path,
			       const struct ot_pickler_limits *limits);
/** In each turn: writes what has come. @param all it is to be in the file now. Trouble is said, once. */
void ot_pickling_settle(struct ot_shell *shell, bool all);
/** Opens a file: its contexts appear below /osh/pickled, in the place of those of the same id. */
struct ot_err *ot_pickling_open(struct ot_shell *shell, const char *path,
				const struct ot_pickle_filter *filter, size_t *nr_ret);
/** Puts those of an open file there. @param pickle taken */
void ot_pickling_add(struct ot_shell *shell, struct ot_pickle *pickle);
/** Closes what is written, then what is read: before the contexts go, and behind the tree. */
void ot_pickling_stop(struct ot_shell *shell);
void ot_pickling_close(struct ot_shell *shell);

#endif
