/* SPDX-License-Identifier: BSD-2-Clause */
/** traceassert() of the program: what their records say. */
#ifndef OT_STREAM_ASSERTS_H
#define OT_STREAM_ASSERTS_H

#include "stream/stream.h"

struct ot_target;

/** A failed assertion. Texts are borrowed from the record. */
struct ot_assert {
	uint64_t seq;
	uint64_t parent_seq; /* the call that it stands in, 0 = of none that is recorded */
	uint64_t time_ns;    /* CLOCK_REALTIME */
	uint32_t tid;
	unsigned int line;
	uint32_t flags; /* OTRACE_ASSERT_* */
	uint32_t parks; /* enum otrace_action: the thread waits behind it; 0 = it goes on */
	const char *label;
	const char *file;
	const char *function;
	const char *condition;
	const char *action;
};

/** False: the record is damaged. */
bool ot_assert_read(const struct otrace_rec *rec, uint32_t tid, uint64_t time_ns,
		    struct ot_assert *ret);

/** The label as a part of ids and paths: without `/`, `:` and blanks; without a label the condition. */
void ot_assert_label(const struct ot_assert *assert, struct ot_buf *out);
/** "serve:as-long_queue:261122-14-11-44.17" */
void ot_assert_id(const struct ot_assert *assert, struct ot_buf *out);
/** One line with its newline. */
void ot_assert_text(const struct ot_assert *assert, struct ot_buf *out);
/** One JSON object with its newline. */
void ot_assert_json(const struct ot_assert *assert, struct ot_buf *out);

/**
 * Says what the program's assertions do while this shell is attached.
 * @param active      record them while nothing is traced, too
 * @param stack_bytes of the asserting thread's stack to copy, 0 = the runtime's choice
 * @param wait_ms     how long a thread waits whose assertion asks for a break, 0 = any time
 */
struct ot_err *ot_asserts_want(struct ot_target *target, bool active, unsigned int stack_bytes,
			       uint64_t wait_ms);

#endif
