/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "contexts/contexts.h"
#include "stream/related.h"
#include "stream/stream.h"
#include "stream/tags.h"
#include "ui/tagged.h"
#include "ui/ui.h"

static void show(void *priv, const struct ot_tag_event *event)
{
	const struct ot_shell *shell = priv;
	ot_auto_buf struct ot_buf text = OT_BUF_INIT, json = OT_BUF_INIT;

	if (event->tag->quiet)
		return;
	ot_tag_event_text(event, &text);
	ot_tag_event_json(event, &json);
	ot_ui_happened(
		shell->ui,
		&(struct ot_log_text){
			.text = text.data, .bytes = text.len, .level = OT_LOG_INFO, .has_id = true},
		&json);
}

static void take(void *priv, uint32_t tid, const struct otrace_rec *rec, uint64_t time_ns)
{
	ot_tags_feed(priv, tid, rec, time_ns);
}

/* What the rule finds where it looks: a parameter, or the result. */
static const struct ot_type *tagged_by(const struct ot_trace_rule *rule)
{
	const struct ot_fn *fn = rule->fn;
	const struct ot_type *pointer = NULL;

	if (rule->head.flags & OTRACE_RULE_TAG_RETURN)
		pointer = fn->return_type;
	for (uint32_t i = 0; i < fn->nr_params && !pointer; i++)
		if (fn->params[i].nr_pieces &&
		    fn->params[i].pieces[0].frame_offset == rule->head.tag_offset)
			pointer = fn->params[i].type;
	if (!pointer || !ot_type_is_pointer(pointer))
		return NULL;
	pointer = ot_type_strip(pointer)->target;
	return ot_type_is_void(pointer) ? NULL : pointer;
}

/* Of several functions that one trace has, the first: they are methods of one type, mostly. */
static const struct ot_type *type_of(const struct ot_shell *shell,
				     const struct ot_trace_request *request)
{
	const struct ot_trace *known, *trace;

	for (size_t at = 0; (known = ot_traces_next_fn(shell->traces, &at));) {
		trace = ot_traces_of_fn(shell->traces, known->fn);
		for (uint32_t i = 0; trace && i < trace->nr_rules; i++)
			if (trace->rules[i]->request == request)
				return tagged_by(trace->rules[i]);
	}
	return NULL;
}

/* As the original: the condition, and where the object is. */
static void name(void *priv, struct ot_tag *tag)
{
	const struct ot_shell *shell = priv;
	const struct ot_trace_request *request = ot_traces_request(shell->traces, tag->counter);
	struct ot_buf label = OT_BUF_INIT, by = OT_BUF_INIT;

	if (!request)
		return;
	if (request->options.cond) {
		ot_trace_label(request, &label);
		ot_buf_addc(&label, '@');
		ot_buf_add_hex(&label, tag->address);
		tag->label = ot_buf_take(&label);
	}
	ot_buf_adds(&by, "trace ");
	ot_trace_options_format(&request->options, &by);
	ot_buf_addf(&by, " %s", request->pattern);
	tag->by = ot_buf_take(&by);
	tag->type = type_of(shell, request);
	tag->quiet = request->options.quiet;
}

static void relate(void *priv, const struct ot_trace *trace, const struct ot_call_event *event,
		   struct ot_buf *out)
{
	ot_related_lines(priv, trace, event, out);
}

void ot_tagged_begin(struct ot_shell *shell)
{
	shell->tags = ot_tags_create();
	ot_traces_set_tags(shell->traces, shell->tags);
	ot_contexts_set_relater(shell->contexts, relate, shell->traces);
	ot_tags_set_namer(shell->tags, name, shell);
	ot_tags_on_event(shell->tags, show, shell);
	if (!shell->stream)
		return;
	ot_stream_on(shell->stream, OTRACE_REC_TAG, take, shell->tags);
	ot_stream_on(shell->stream, OTRACE_REC_TAG_MOVED, take, shell->tags);
	ot_stream_on(shell->stream, OTRACE_REC_TAG_DIED, take, shell->tags);
}
