/* SPDX-License-Identifier: BSD-2-Clause */
/** For whoever runs the lines of a file: source, and the init files. */
#ifndef OT_CMD_SOURCE_H
#define OT_CMD_SOURCE_H

#include <stdio.h>

#include "base/err.h"

struct ot_shell;

/**
 * Runs the lines of an open file; blank ones and those that begin with # are dropped. Errors of lines
 * are shown, with file and line, and the rest runs.
 * @param name what errors call it
 * @param echo print each line with the prompt before it, but for those that begin with "noecho "
 * @return why it could not be read, or nests too deep
 */
struct ot_err *ot_source_lines(struct ot_shell *shell, FILE *file, const char *name, bool echo);

#endif
