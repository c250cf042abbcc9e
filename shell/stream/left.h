/* SPDX-License-Identifier: BSD-2-Clause */
/** Traces that an earlier shell has left in the process (trace -k), as the runtime knows them. */
#ifndef OT_STREAM_LEFT_H
#define OT_STREAM_LEFT_H

#include <otrace/wire.h>

#include "base/vec.h"
#include "model/program.h"
#include "target/target.h"

struct ot_left_trace {
	uint32_t number;
	uint32_t action; /* enum otrace_action */
	struct ot_fn_list fns;
	struct otrace_trace_counts counts;
};

/** Zero-initialise; ot_left_deinit(). */
struct ot_left {
	OT_VEC(struct ot_left_trace) traces;
	size_t nr_fns; /* that have one or several of them */
};

/**
 * Asks for them. None in a process that has ended, or whose runtime does not know the question.
 * @param ret what it had goes
 */
struct ot_err *ot_left_ask(struct ot_target *target, const struct ot_program *program,
			   struct ot_left *ret);
void ot_left_deinit(struct ot_left *left);
#define ot_auto_left __attribute__((cleanup(ot_left_deinit)))

/**
 * Ends all that was left on some functions.
 * @param fns    those that nothing was left on are passed over
 * @param nr_ret functions that had something
 */
struct ot_err *ot_left_end(struct ot_target *target, const struct ot_left *left,
			   const struct ot_fn_list *fns, size_t *nr_ret);

/** The trace of that number, or NULL. */
const struct ot_left_trace *ot_left_trace(const struct ot_left *left, uint32_t number);

#endif
