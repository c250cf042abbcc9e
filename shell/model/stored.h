/* SPDX-License-Identifier: BSD-2-Clause */
/** What a program's tables were decoded from: enough to decode them again when the program is gone. */
#ifndef OT_MODEL_STORED_H
#define OT_MODEL_STORED_H

#include "model/program.h"

/** Modules ever seen, also those that were unloaded since. */
size_t ot_program_nr_stored(const struct ot_program *program);
/** @param path_ret borrowed */
const struct otrace_module *ot_program_stored(const struct ot_program *program, size_t i,
					      const char **path_ret);
/**
 * The pages of module @p i that were read, a run without gaps at a time.
 * @param at where to look from; then the run's address
 * @return the bytes; NULL = there are no more
 */
const void *ot_program_stored_run(const struct ot_program *program, size_t i, uint64_t *at,
				  size_t *bytes_ret);

#endif
