/* SPDX-License-Identifier: BSD-2-Clause */
/** For commands only: names of files of the machine. */
#ifndef OT_CMD_FILES_H
#define OT_CMD_FILES_H

#include "cmds/cmd.h"

/** Offers the files and folders that the word may become; it may begin with "~/". */
void ot_files_complete(struct ot_cmd_completion *completion);

#endif
