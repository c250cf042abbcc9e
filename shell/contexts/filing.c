// SPDX-License-Identifier: BSD-2-Clause
// What a context is filed under, by what made it.
#include "contexts/contexts.h"
#include "stream/asserts.h"

static enum ot_context_kind kind_of(const struct ot_trace_options *options)
{
	switch (options->action) {
	case OTRACE_ACTION_BREAK:
	case OTRACE_ACTION_GDB:
		return OT_CONTEXT_BREAKS;
	case OTRACE_ACTION_HOLD:
		return OT_CONTEXT_HOLDS;
	case OTRACE_ACTION_TAG:
		return OT_CONTEXT_TAGS;
	default:
		return OT_CONTEXT_TRACES;
	}
}

/* Who stops a thread wants to find it; else it is the last rule that copies, as its program is the one that ran. */
static const struct ot_trace_rule *choose(const struct ot_trace *trace, uint32_t matched)
{
	const struct ot_trace_rule *best = NULL;

	for (uint32_t i = 0; i < trace->nr_rules; i++) {
		const struct ot_trace_rule *rule = trace->rules[i];

		if (!(matched >> i & 1) || !rule->copies)
			continue;
		if (!best || kind_of(&best->request->options) == OT_CONTEXT_TRACES)
			best = rule;
	}
	return best;
}

void ot_context_file_by_rules(void *priv, const struct ot_trace *trace, uint32_t matched,
			      struct ot_context_filing *ret)
{
	const struct ot_trace_rule *rule = choose(trace, matched);

	(void)priv;
	if (!rule)
		return;
	ret->kind = kind_of(&rule->request->options);
	ot_trace_label(rule->request, &ret->label);
}

void ot_contexts_make_assert(struct ot_contexts *contexts, const struct ot_assert *assert)
{
	ot_auto_buf struct ot_buf label = OT_BUF_INIT;
	struct ot_context_made made = {.seq = assert->seq,
				       .kind = OT_CONTEXT_ASSERTS,
				       .function = assert->function,
				       .tid = assert->tid,
				       .time_ns = assert->time_ns};

	ot_assert_label(assert, &label);
	made.label = ot_buf_text(&label);
	ot_contexts_make(contexts, &made);
}
