/* SPDX-License-Identifier: BSD-2-Clause */
/** Names: wildcards, likeness, order, and layout in columns. */
#ifndef OT_BASE_NAMES_H
#define OT_BASE_NAMES_H

#include "base/buf.h"
#include "base/err.h"

/** Whether @p text has an active *, ? or [. */
bool ot_glob_is(const char *text);
/** Whether @p name matches @p pattern (*, ?, [...], backslash). */
bool ot_glob_match(const char *pattern, const char *name);

/** Collects the names most like a wanted one. */
struct ot_nearest {
	const char *wanted;
	size_t wanted_len;
	int nr;
	struct {
		const char *name;
		unsigned int distance;
	} best[OT_ERR_NR_NEAREST / 2];
};

void ot_nearest_init(struct ot_nearest *nearest, const char *wanted);
/** Offers a name, borrowed until ot_nearest_add_to(). */
void ot_nearest_offer(struct ot_nearest *nearest, const char *name);
void ot_nearest_add_to(const struct ot_nearest *nearest, struct ot_err *err);
/** Edit distance (insert, delete, change, swap of neighbours), or limit + 1 when above limit. */
unsigned int ot_nearest_distance(const char *a, const char *b, unsigned int limit);

/** Names in columns, filled downwards; width 0 = one name a line. */
void ot_columns_format(const char *const *names, size_t nr, unsigned int width, struct ot_buf *out);
/** As ot_columns_format(). @param before what is written in front of each name and takes no room, as
 * colours; @p after behind all of them. Both NULL = nothing */
void ot_columns_format_coloured(const char *const *names, const char *const *before,
				const char *after, size_t nr, unsigned int width,
				struct ot_buf *out);

#endif
