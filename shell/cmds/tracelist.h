/* SPDX-License-Identifier: BSD-2-Clause */
/** What is traced, with what it has seen and what it costs. */
#ifndef OT_CMD_TRACELIST_H
#define OT_CMD_TRACELIST_H

#include "cmds/cmd.h"

struct ot_err *ot_trace_list(struct ot_shell *shell, struct ot_cmd_call *call);

#endif
