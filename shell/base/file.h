/* SPDX-License-Identifier: BSD-2-Clause */
/** Files of the machine that somebody names to us. */
#ifndef OT_BASE_FILE_H
#define OT_BASE_FILE_H

#include <stdbool.h>

#include "base/err.h"

/**
 * Opens a regular file for reading. A pipe or a device under the name keeps nobody waiting: it is an
 * error, as a folder is. OT_ERR_NOT_FOUND: there is no such file.
 * @param links whether the name may be a symbolic link
 * The error says what is wrong and not with which file.
 */
struct ot_err *ot_file_open(const char *path, bool links, int *fd_ret);

#endif
