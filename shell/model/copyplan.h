/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What a context copies of a call of one function: the pointers among its arguments and what they point to, by type.
 *
 * A level is a pointer that is followed; pointers to pointers take none. At level 1 lie the strings and structs that
 * arguments point to. Not followed: void, function and incomplete pointees, pointers in unions and in flexible arrays;
 * of arrays of pointers the first OT_COPY_ELEMENTS are. At the end of the call, what is not const is copied again, and
 * what the result points to. Copies are found again by their addresses.
 */
#ifndef OT_MODEL_COPYPLAN_H
#define OT_MODEL_COPYPLAN_H

#include <otrace/rule.h>

#include "model/program.h"

#define OT_COPY_ELEMENTS 16u
#define OT_COPY_OBJECT_BYTES (16u * 1024u) /* of a large object its begin */
#define OT_COPY_BYTES (64u * 1024u)	   /* of all objects of an end of a call */
#define OT_COPY_DEPTH_MAX 16u		   /* deeper is as if it were this */

/** The fields and arrays of struct otrace_rule, ready for its payload. */
struct ot_copy_plan {
	struct otrace_copy_pointer *pointers; /* roots of the entry, of the end, then the others */
	struct otrace_copy_layout *layouts;
	uint32_t nr_enter_roots;
	uint32_t nr_leave_roots;
	uint32_t nr_pointers; /* without the roots */
	uint32_t nr_layouts;
	uint32_t stack_bytes;
	uint32_t max_bytes;
	bool is_cut; /* the types have more pointers than a program may have */
};

/** @param depth levels; 0 = no objects. @param stack_bytes of the thread's stack, 0 = none */
struct ot_copy_plan *ot_copy_plan_create(const struct ot_fn *fn, unsigned int depth,
					 uint32_t stack_bytes);
/** Of a rule that is decided at the end of the call: what is copied at the entry is copied then, const or not. */
void ot_copy_plan_make_late(struct ot_copy_plan *plan);
void ot_copy_plan_destroy(struct ot_copy_plan *plan);

/** Bytes that the plan adds to a rule's payload. */
size_t ot_copy_plan_bytes(const struct ot_copy_plan *plan);

/** Sets a rule's fields; the arrays go behind the rule's code: pointers, then layouts. */
void ot_copy_plan_fill(const struct ot_copy_plan *plan, struct otrace_rule *rule);
/** Adds the arrays to a rule's payload. */
void ot_copy_plan_add(const struct ot_copy_plan *plan, struct ot_buf *out);

#endif
