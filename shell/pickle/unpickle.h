/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Opens files of contexts (pickle/format.h). What they are filed under is read at once, their bytes when somebody looks.
 * Nothing in such a file is trusted: what does not fit is an error, or the context's damage.
 */
#ifndef OT_PICKLE_UNPICKLE_H
#define OT_PICKLE_UNPICKLE_H

#include "base/err.h"
#include "contexts/contexts.h"
#include "model/program.h"

struct ot_pickle;

/** Whether `otrace open` is to open it as such a file: it is an SQLite database. */
bool ot_pickle_is(const char *path);

/** Which contexts; zeroed = all. */
struct ot_pickle_filter {
	const char *
		field; /* id, kind, function, label, thread, tid, seq: equal, or a pattern with wildcards */
	const char *value;
};

/** Reads "FIELD=VALUE". @param text changed, and borrowed */
struct ot_err *ot_pickle_filter_read(char *text, struct ot_pickle_filter *ret);

struct ot_err *ot_pickle_open(const char *path, const struct ot_pickle_filter *filter,
			      struct ot_pickle **ret);
/** When nobody looks at its contexts any more. NULL is fine. */
void ot_pickle_close(struct ot_pickle *pickle);

/** The contexts of the process number @p i of the file; NULL = there are no more. */
struct ot_contexts *ot_pickle_contexts(const struct ot_pickle *pickle, size_t i);
size_t ot_pickle_nr_contexts(const struct ot_pickle *pickle);

#endif
