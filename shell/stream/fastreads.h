/* SPDX-License-Identifier: BSD-2-Clause */
/** `set fast_reads on`: whether conditions of the program read by plain loads, and why not. */
#ifndef OT_STREAM_FASTREADS_H
#define OT_STREAM_FASTREADS_H

#include <otrace/wire.h>
#include "base/buf.h"
#include "base/err.h"

struct ot_target;

/** Switches it on or off, until this shell goes. */
struct ot_err *ot_fast_reads_want(struct ot_target *target, bool on);
struct ot_err *ot_fast_reads_ask(struct ot_target *target, struct otrace_fast_reads_state *ret);
/** "fast reads", or "safe reads: " and why; no newline. */
void ot_fast_reads_text(const struct otrace_fast_reads_state *state, struct ot_buf *out);

#endif
