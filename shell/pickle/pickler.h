/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Writes contexts to a file (pickle/format.h). Rows are gathered in transactions that ot_pickler_settle() ends, so a
 * flood costs what copying it costs. The first thing that goes wrong is told, and ends the writing.
 */
#ifndef OT_PICKLE_PICKLER_H
#define OT_PICKLE_PICKLER_H

#include "base/err.h"
#include "contexts/contexts.h"
#include "model/program.h"

struct ot_pickler;

struct ot_pickler_limits {
	uint64_t max_bytes;	 /* of the pieces of one context */
	uint64_t max_file_bytes; /* 0 = any */
};

/** Makes the file, or adds to it. @param contexts @param program borrowed */
struct ot_err *ot_pickler_create(const char *path, struct ot_contexts *contexts,
				 struct ot_program *program, const struct ot_pickler_limits *limits,
				 struct ot_pickler **ret);
/** Writes what is left, and closes. NULL is fine. */
struct ot_err *ot_pickler_destroy(struct ot_pickler *pickler);
void ot_pickler_set_limits(struct ot_pickler *pickler, const struct ot_pickler_limits *limits);

/** From here on every context that comes or changes is written. */
void ot_pickler_follow(struct ot_pickler *pickler);
/**
 * Writes what has changed, and ends the transaction when it is old or large, or @p all is to be in the file. The error
 * comes once. NULL is fine.
 */
struct ot_err *ot_pickler_settle(struct ot_pickler *pickler, bool all);
/** Writes one. */
struct ot_err *ot_pickler_write(struct ot_pickler *pickler, struct ot_context *context);

#endif
