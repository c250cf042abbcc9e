/* SPDX-License-Identifier: BSD-2-Clause */
/** The order of names, of which a program may have a hundred thousand. */
#ifndef OT_BASE_ORDER_H
#define OT_BASE_ORDER_H

#include "base/clean.h"

/**
 * Sorts pointers by the names of what they point to, as strcmp() does, and those that share a name by
 * @p compare, as qsort() does. Several times faster than qsort() alone.
 *
 * @param name_offset where in an item the pointer to its name lies: offsetof(); never NULL there
 * @param compare     of two pointers to items, which may be pointers to pointers only
 */
void ot_order_by_name(void *items, size_t nr, size_t name_offset,
		      int (*compare)(const void *left, const void *right));

#endif
