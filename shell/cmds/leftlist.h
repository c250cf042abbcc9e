/* SPDX-License-Identifier: BSD-2-Clause */
/** What an earlier shell has left, in the list of traces. */
#ifndef OT_CMD_LEFTLIST_H
#define OT_CMD_LEFTLIST_H

#include "cmds/cmd.h"
#include "stream/left.h"

/** A line of each. */
void ot_left_list(const struct ot_left *left, struct ot_buf *out);
/** A JSON object of each, with the members of other traces and "left". @param json an array that is begun */
void ot_left_list_json(const struct ot_left *left, struct ot_buf *json);

#endif
