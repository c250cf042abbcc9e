/* SPDX-License-Identifier: BSD-2-Clause */
/** For the files of pickle/ only: a process of a file of contexts as a target, of which there are tables and no more. */
#ifndef OT_PICKLE_TARGET_H
#define OT_PICKLE_TARGET_H

#include "pickle/db.h"
#include "target/target.h"

/** @param process its number in the file @param file for messages */
struct ot_err *ot_pickle_target_create(sqlite3 *db, uint64_t process, const char *file,
				       struct ot_target **ret);

#endif
