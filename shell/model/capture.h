/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What a traced call records and how it is read again.
 *
 * A plan is made once per traced function: the capture programs for the runtime, and how their
 * results become named, typed values. Writing values from a record needs no memory of the program.
 *
 *	OT_TRY(ot_capture_plan_create(fn, OT_CAPTURE_STRINGS, &plan));
 *	... arm fn with plan->enter / plan->leave ...
 *	ot_capture_format_args(plan, &format, bytes, nr_bytes, out)	a=3, b="x"
 *	ot_capture_json_args(...)					{"a":3,"b":"x"}
 */
#ifndef OT_MODEL_CAPTURE_H
#define OT_MODEL_CAPTURE_H

#include "model/value.h"

#define OT_CAPTURE_STRINGS 1u /* also up to 64 bytes of what char pointers point to */

#define OT_CAPTURE_STRING_BYTES 64u
#define OT_CAPTURE_VALUE_MAX_BYTES 1024u /* of one struct by value */
#define OT_CAPTURE_RECORD_MAX_BYTES 3072u

struct ot_capture_step;

/** How one value is put together again. */
struct ot_capture_value {
	const char *name;
	const struct ot_type *type;
	enum ot_value_state state; /* OK, or why nothing is captured */
	uint32_t first_step;
	uint32_t nr_steps;
	bool has_string; /* the last step is the string behind the pointer */
	bool whole;	 /* one step of plain bytes: no assembly needed */
};

struct ot_capture_plan {
	const struct ot_fn *fn;
	unsigned int flags; /* it was made with */
	struct otrace_capture *enter;
	struct otrace_capture *leave;
	uint32_t nr_enter;
	uint32_t nr_leave;
	struct ot_capture_value *args; /* fn->nr_params of them */
	struct ot_capture_value ret;
	struct ot_capture_step *steps; /* of enter, then of leave */
};

/** @param flags OT_CAPTURE_*; 0 = words only (pointers as numbers, structs by value whole) */
struct ot_err *ot_capture_plan_create(const struct ot_fn *fn, unsigned int flags,
				      struct ot_capture_plan **ret);
void ot_capture_plan_destroy(struct ot_capture_plan *plan);

/**
 * Decodes one argument. @p bytes are the captures of the ENTER record; too few (record cut, or
 * NULL) give OT_VALUE_MISSING. The value borrows from bytes; ot_value_deinit() it.
 */
void ot_capture_arg(const struct ot_capture_plan *plan, uint32_t index, const void *bytes,
		    size_t nr_bytes, struct ot_value *ret);
/** Decodes the return value from the captures of the LEAVE record. */
void ot_capture_return(const struct ot_capture_plan *plan, const void *bytes, size_t nr_bytes,
		       struct ot_value *ret);

/** "a=3, b=4" */
void ot_capture_format_args(const struct ot_capture_plan *plan, const struct ot_format *format,
			    const void *bytes, size_t nr_bytes, struct ot_buf *out);
/** {"a":3,"b":4}; unnamed parameters are "arg1", "arg2", ... */
void ot_capture_json_args(const struct ot_capture_plan *plan, const struct ot_format *format,
			  const void *bytes, size_t nr_bytes, struct ot_buf *out);
/** The return value alone; nothing for void functions. */
void ot_capture_format_return(const struct ot_capture_plan *plan, const struct ot_format *format,
			      const void *bytes, size_t nr_bytes, struct ot_buf *out);
void ot_capture_json_return(const struct ot_capture_plan *plan, const struct ot_format *format,
			    const void *bytes, size_t nr_bytes, struct ot_buf *out);

#endif
