/* SPDX-License-Identifier: BSD-2-Clause */
/** The three ways of looking at the kept records: lines, tree, sums. For `log`. */
#ifndef OT_CMD_LOGVIEW_H
#define OT_CMD_LOGVIEW_H

#include "stream/event.h"
#include "stream/store.h"

#define OT_LOG_LINES 50u

struct ot_cmd_call;

struct ot_logview {
	const struct ot_store *store;
	struct ot_event_writer writer;
	const char *glob; /* NULL = all functions */
	uint64_t nr_max;  /* of records to show, the last ones */
	uint64_t nr_lost; /* in all */
	struct ot_buf *out;
	struct ot_buf *json;
	struct ot_cmd_call *call;
};

void ot_logview_lines(const struct ot_logview *view);
void ot_logview_tree(const struct ot_logview *view);
void ot_logview_sums(const struct ot_logview *view);

#endif
