/* SPDX-License-Identifier: BSD-2-Clause */
/** The options of trace. */
#ifndef OT_CMD_TRACEOPTIONS_H
#define OT_CMD_TRACEOPTIONS_H

#include "cmds/cmd.h"
#include "stream/traces.h"

/** Whether they make threads wait. */
bool ot_trace_options_park(const struct ot_trace_options *o);
/**
 * Reads the options, wherever they stand. What they say of texts is borrowed from the call.
 * @param names gets the other words, and has room for all
 */
struct ot_err *ot_trace_options_take(const struct ot_cmd_call *call, struct ot_trace_options *ret,
				     const char **names, int *nr_ret);

#endif
