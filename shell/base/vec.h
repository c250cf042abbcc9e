/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Growing arrays of any type. Zero-initialised is empty.
 *
 *	OT_VEC(int) v = {0};
 *	ot_vec_push(&v, 3);
 *	for (size_t i = 0; i < v.nr; i++) use(v.items[i]);
 *	ot_vec_deinit(&v);
 */
#ifndef OT_BASE_VEC_H
#define OT_BASE_VEC_H

#include <string.h>

#include "base/clean.h"

#define OT_VEC(type)         \
	struct {             \
		type *items; \
		size_t nr;   \
		size_t cap;  \
	}

/** The capacity that follows @p cap. */
static inline size_t ot_vec_next_cap(size_t cap)
{
	return cap ? cap * 2 : 8;
}

#define ot_vec_push(vec, item)                                                                 \
	do {                                                                                   \
		if ((vec)->nr == (vec)->cap) {                                                 \
			(vec)->cap = ot_vec_next_cap((vec)->cap);                              \
			(vec)->items =                                                         \
				ot_realloc((vec)->items, (vec)->cap, sizeof((vec)->items[0])); \
		}                                                                              \
		(vec)->items[(vec)->nr++] = (item);                                            \
	} while (0)

/** Room for so many in all, at once. */
#define ot_vec_reserve(vec, room)                                                              \
	do {                                                                                   \
		if ((vec)->cap < (room)) {                                                     \
			(vec)->cap = (room);                                                   \
			(vec)->items =                                                         \
				ot_realloc((vec)->items, (vec)->cap, sizeof((vec)->items[0])); \
		}                                                                              \
	} while (0)

#define ot_vec_deinit(vec)                        \
	do {                                      \
		free((vec)->items);               \
		memset((vec), 0, sizeof(*(vec))); \
	} while (0)

#endif
