/* SPDX-License-Identifier: BSD-2-Clause */
/** Rules: what a request wants of a function, and how the runtime is told (otrace/rule.h). */
#ifndef OT_STREAM_RULES_H
#define OT_STREAM_RULES_H

#include "stream/traces.h"

/** Whether the request wants every call and nothing but its records: then its functions need no rule. */
bool ot_trace_is_plain(const struct ot_trace_request *request);

/** Whether what matches leaves contexts. */
bool ot_trace_makes_contexts(const struct ot_trace_request *request);

/** Whether it copies every match or acts, and so has limits by default. */
bool ot_trace_is_costly(const struct ot_trace_request *request);

/**
 * Compiles the condition and the copies for a function. The error says what of it makes no sense there.
 */
struct ot_err *ot_trace_rule_create(struct ot_program *program, struct ot_trace_request *request,
				    const struct ot_fn *fn, struct ot_trace_rule **ret);
void ot_trace_rule_destroy(struct ot_trace_rule *rule);

/** Whether the end of the call must be recorded. */
bool ot_trace_rule_wants_end(const struct ot_trace_rule *rule);

/** Whether its condition reads memory: what pointers lead to, and variables. */
bool ot_trace_rule_reads(const struct ot_trace_rule *rule);

/** What a user should know of the condition, or NULL. */
const char *ot_trace_rule_note(const struct ot_trace_rule *rule);

/** Adds the rule as the runtime takes it. */
void ot_trace_rule_add(const struct ot_trace_rule *rule, struct ot_buf *out);

#endif
