/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "stream/armed.h"
#include "stream/related.h"
#include "stream/rules.h"
#include "stream/tags.h"

void ot_traces_set_tags(struct ot_traces *traces, const struct ot_tags *tags)
{
	traces->tags = tags;
}

/* ------------------------------------------------------------------ the rule */

/* All calls of the function are recorded for it. */
static bool wants_all(const struct ot_trace_request *request)
{
	return !request->options.cond && !request->options.skip && !request->most &&
	       !request->rate_per_ms;
}

static bool any_wants_all(const struct ot_trace_members *members)
{
	for (size_t i = 0; i < members->nr; i++)
		if (wants_all(members->items[i].request))
			return true;
	return false;
}

/* A function without a pointer among its arguments has none. */
static struct ot_trace_rule *make_rule(struct ot_traces *traces, const struct ot_fn *fn)
{
	struct ot_trace_rule *rule = NULL;
	struct ot_err *err =
		ot_trace_rule_create(traces->program, traces->related_request, fn, &rule);

	if (err) {
		ot_err_destroy(err);
		return NULL;
	}
	rule->is_related = true;
	ot_vec_push(&traces->rules, rule);
	ot_map_set(&traces->related_rules, (uint64_t)fn->index + 1, rule);
	return rule;
}

struct ot_trace_rule *ot_related_rule(struct ot_traces *traces,
				      const struct ot_trace_members *members)
{
	const struct ot_fn *fn = members->items[members->nr - 1].fn;
	struct ot_trace_rule *rule;

	if (!traces->is_related || members->nr >= OTRACE_RULES_MAX || any_wants_all(members))
		return NULL;
	rule = ot_map_get(&traces->related_rules, (uint64_t)fn->index + 1);
	return rule ? rule : make_rule(traces, fn);
}

struct ot_err *ot_traces_set_related(struct ot_traces *traces, bool related)
{
	bool before = traces->is_related;
	struct ot_err *err;

	if (related == before)
		return NULL;
	if (related && !traces->related_request)
		OT_TRY(ot_request_hidden(traces, "tagged", &traces->related_request));
	traces->is_related = related;
	err = ot_sites_plan_again(traces);
	if (err)
		traces->is_related = before;
	return err;
}

/* ------------------------------------------------------------------ which tag it is */

/* The tag of the object that an argument leads to, NULL = of none. */
static const struct ot_tag *tag_of_arg(const struct ot_traces *traces, const struct ot_trace *trace,
				       const struct ot_call_event *event, uint32_t i)
{
	const struct ot_tag *tag = NULL;
	struct ot_value value;
	uint64_t address;

	if (!ot_type_is_pointer(trace->fn->params[i].type))
		return NULL;
	ot_capture_arg(trace->plan, i, event->captures, event->nr_bytes, &value);
	if (value.state == OT_VALUE_OK && ot_value_to_u64(&value, &address) && address)
		tag = ot_tags_when(traces->tags, address, event->call_time_ns, event->is_late);
	ot_value_deinit(&value);
	return tag;
}

static void each(const struct ot_traces *traces, const struct ot_trace *trace,
		 const struct ot_call_event *event,
		 void (*add)(struct ot_buf *out, const struct ot_tag *tag, const char *arg),
		 struct ot_buf *out)
{
	if (!trace->plan || !traces->tags || !ot_tags_nr_known(traces->tags))
		return;
	for (uint32_t i = 0; i < trace->fn->nr_params; i++) {
		const struct ot_tag *tag = tag_of_arg(traces, trace, event, i);
		const char *name = trace->fn->params[i].name;
		ot_auto_free char *number = name ? NULL : ot_asprintf("arg%u", i + 1);

		if (tag)
			add(out, tag, name ? name : number);
	}
}

/* The runtime has seen it, whatever we know. */
static bool is_related(const struct ot_trace *trace, uint32_t matched)
{
	for (uint32_t i = 0; i < trace->nr_rules; i++)
		if (matched & 1u << i && trace->rules[i]->is_related)
			return true;
	return false;
}

static void add_text(struct ot_buf *out, const struct ot_tag *tag, const char *arg)
{
	ot_buf_addf(out, "%s%s (%s)", out->len ? ", " : "", tag->label, arg);
}

void ot_related_text(const struct ot_traces *traces, const struct ot_trace *trace,
		     const struct ot_call_event *event, struct ot_buf *out)
{
	ot_auto_buf struct ot_buf tags = OT_BUF_INIT;

	if (!traces->is_related)
		return;
	each(traces, trace, event, add_text, &tags);
	if (tags.len)
		ot_buf_addf(out, " [related: %s]", ot_buf_text(&tags));
	else if (is_related(trace, event->matched))
		ot_buf_adds(out, " [related]");
}

static void add_json(struct ot_buf *out, const struct ot_tag *tag, const char *arg)
{
	ot_buf_addf(out, "%s{\"tag\":%u,\"label\":", out->len ? "," : "", tag->number);
	ot_buf_add_json(out, tag->label, strlen(tag->label));
	ot_buf_adds(out, ",\"arg\":");
	ot_buf_add_json(out, arg, strlen(arg));
	ot_buf_addc(out, '}');
}

void ot_related_json(const struct ot_traces *traces, const struct ot_trace *trace,
		     const struct ot_call_event *event, struct ot_buf *out)
{
	ot_auto_buf struct ot_buf tags = OT_BUF_INIT;

	if (!traces->is_related)
		return;
	each(traces, trace, event, add_json, &tags);
	if (tags.len || is_related(trace, event->matched))
		ot_buf_addf(out, ",\"related\":[%s]", ot_buf_text(&tags));
}

static void add_line(struct ot_buf *out, const struct ot_tag *tag, const char *arg)
{
	ot_buf_addf(out, "%s%s: tag %u %s, ", out->len ? "\n" : "", arg, tag->number, tag->label);
	if (tag->type)
		ot_buf_addf(out, "(%s *) ", ot_type_text(tag->type));
	ot_buf_add_hex(out, tag->address);
}

void ot_related_lines(const struct ot_traces *traces, const struct ot_trace *trace,
		      const struct ot_call_event *event, struct ot_buf *out)
{
	each(traces, trace, event, add_line, out);
}
