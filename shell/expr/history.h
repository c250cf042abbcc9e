/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Results of earlier expressions: $1, $2, ... and $$, the last one. A result is what it was then, and
 * where it lay: $1.field gives the old value, &$1 the address.
 */
#ifndef OT_EXPR_HISTORY_H
#define OT_EXPR_HISTORY_H

#include "model/value.h"

struct ot_history;

/** An empty one. Values borrow types from the program: it goes first. */
struct ot_history *ot_history_create(void);
void ot_history_destroy(struct ot_history *history);

/** Keeps a copy. @return its number; the first is 1. Of large values only the place is kept. */
size_t ot_history_add(struct ot_history *history, const struct ot_value *value);
/** How many there were. */
size_t ot_history_last(const struct ot_history *history);
/** Borrowed until the next ot_history_add(); NULL when there is none of this number, or not any more:
 * the last 1000 are kept. */
const struct ot_value *ot_history_get(const struct ot_history *history, size_t number);

#endif
