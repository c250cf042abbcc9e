/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "stream/clock.h"
#include "stream/event.h"
#include "stream/related.h"

static void add_id(const char *name, uint64_t call_time_ns, uint64_t seq, struct ot_buf *out)
{
	ot_buf_adds(out, name);
	ot_buf_adds(out, ":tr-call:");
	ot_buf_adds(out, ot_clock_text(call_time_ns));
	ot_buf_addc(out, '.');
	ot_buf_add_u64(out, seq);
}

void ot_event_id(const struct ot_trace *trace, uint64_t call_time_ns, uint64_t seq,
		 struct ot_buf *out)
{
	add_id(trace->fn->unique_name, call_time_ns, seq, out);
}

void ot_event_duration(uint64_t ns, struct ot_buf *out)
{
	static const struct {
		uint64_t unit;
		const char *name;
	} units[] = {{1000, " us"}, {1000000, " ms"}, {1000000000, " s"}};
	size_t i = 0;
	uint64_t hundredths;

	while (i + 1 < OT_NR(units) && ns >= units[i + 1].unit)
		i++;
	hundredths = (ns * 100 + units[i].unit / 2) / units[i].unit;
	ot_buf_add_u64(out, hundredths / 100);
	ot_buf_addc(out, '.');
	ot_buf_addc(out, (char)('0' + hundredths / 10 % 10));
	ot_buf_addc(out, (char)('0' + hundredths % 10));
	ot_buf_adds(out, units[i].name);
}

static uint64_t duration_of(const struct ot_call_event *event)
{
	return event->time_ns > event->begin_ns ? event->time_ns - event->begin_ns : 0;
}

/* Said of calls where an end was asked for. */
static bool lacks_end(const struct ot_trace *trace, const struct ot_call_event *event)
{
	return event->kind == OT_CALL_ENTER && !event->end_expected &&
	       ot_trace_when(trace, event->matched, false) & OT_TRACE_RETURN;
}

/* ------------------------------------------------------------------ text */

static void text_lost(const struct ot_call_event *event, struct ot_buf *out)
{
	ot_buf_adds(out, "lost ");
	ot_buf_add_u64(out, event->lost);
	ot_buf_adds(out, event->lost == 1 ? " record" : " records");
	if (event->tid) {
		ot_buf_adds(out, " of thread ");
		ot_buf_add_u64(out, event->tid);
	}
	ot_buf_addc(out, '\n');
}

static void text_return(const struct ot_event_writer *writer, const struct ot_trace *trace,
			const struct ot_call_event *event, struct ot_buf *out)
{
	size_t before;

	ot_buf_adds(out, "return ");
	before = out->len;
	ot_capture_format_return(trace->plan, &writer->format, event->captures, event->nr_bytes,
				 out);
	/* Of a void function nothing is written: no blank at the end of the line either. */
	if (out->len == before)
		ot_buf_truncate(out, before - 1);
}

static void text_call(const struct ot_event_writer *writer, const struct ot_trace *trace,
		      const struct ot_call_event *event, struct ot_buf *out)
{
	ot_capture_format_args(trace->plan, &writer->format, event->captures, event->nr_bytes, out);
}

void ot_event_text(const struct ot_event_writer *writer, const struct ot_trace *trace,
		   const struct ot_call_event *event, struct ot_buf *out)
{
	if (event->kind == OT_CALL_LOST) {
		text_lost(event, out);
		return;
	}
	ot_event_id(trace, event->call_time_ns, event->seq, out);
	/* Behind the id: before an argument it would read like a dereference. */
	if (event->kind == OT_CALL_ENTER && event->is_late)
		ot_buf_addc(out, '*');
	ot_buf_addc(out, ' ');
	switch (event->kind) {
	case OT_CALL_ENTER:
		text_call(writer, trace, event, out);
		ot_related_text(writer->traces, trace, event, out);
		break;
	case OT_CALL_RETURN:
		text_return(writer, trace, event, out);
		break;
	case OT_CALL_ABANDONED:
		ot_buf_adds(out, "abandoned (longjmp or end of thread)");
		break;
	case OT_CALL_UNWOUND:
		ot_buf_adds(out, "left by an exception");
		break;
	case OT_CALL_LOST:
		break;
	}
	if (event->flags & OTRACE_REC_FLAG_REDIRECTED)
		ot_buf_adds(out, " [patched]");
	if (lacks_end(trace, event))
		ot_buf_adds(out, " [its end is not recorded]");
	if (event->kind != OT_CALL_ENTER && event->begin_known) {
		ot_buf_adds(out, "  (");
		ot_event_duration(duration_of(event), out);
		ot_buf_addc(out, ')');
	}
	ot_buf_addc(out, '\n');
}

/* ------------------------------------------------------------------ JSON */

static void add_literal(struct ot_buf *out, const char *text, size_t bytes)
{
	ot_buf_add(out, text, bytes);
}

#define OT_ADD(out, literal) add_literal(out, literal, sizeof(literal) - 1)

static void json_lost(const struct ot_call_event *event, struct ot_buf *out)
{
	OT_ADD(out, "{\"event\":\"lost\",\"thread\":");
	ot_buf_add_u64(out, event->tid);
	OT_ADD(out, ",\"count\":");
	ot_buf_add_u64(out, event->lost);
	OT_ADD(out, "}\n");
}

static void json_parent(const struct ot_event_writer *writer, const struct ot_call_event *event,
			struct ot_buf *out)
{
	const struct ot_trace *parent;

	OT_ADD(out, ",\"parent\":");
	if (!event->parent_seq) {
		OT_ADD(out, "null");
		return;
	}
	parent = event->parent_trace_id ? ot_traces_by_id(writer->traces, event->parent_trace_id)
					: NULL;
	if (parent) {
		add_id(parent->json_name, event->parent_time_ns, event->parent_seq, out);
	} else {
		OT_ADD(out, "\"~");
		ot_buf_add_u64(out, event->parent_seq);
	}
	ot_buf_addc(out, '"');
}

static void json_end(const struct ot_event_writer *writer, const struct ot_trace *trace,
		     const struct ot_call_event *event, struct ot_buf *out)
{
	size_t before;

	if (event->begin_known) {
		OT_ADD(out, ",\"duration_ns\":");
		ot_buf_add_u64(out, duration_of(event));
	}
	if (event->kind == OT_CALL_ABANDONED)
		OT_ADD(out, ",\"abandoned\":true");
	if (event->kind == OT_CALL_UNWOUND)
		OT_ADD(out, ",\"unwound\":true");
	if (event->kind != OT_CALL_RETURN)
		return;
	before = out->len;
	OT_ADD(out, ",\"value\":");
	ot_capture_json_return(trace->plan, &writer->format, event->captures, event->nr_bytes, out);
	if (out->len == before + sizeof(",\"value\":") - 1)
		ot_buf_truncate(out, before);
}

/* Numbers of the traces that matched. */
static void json_traces(const struct ot_trace *trace, uint32_t matched, struct ot_buf *out)
{
	bool any = false;

	OT_ADD(out, ",\"traces\":[");
	if (!trace->nr_rules)
		ot_buf_add_u64(out, trace->request->number);
	for (uint32_t i = 0; i < trace->nr_rules; i++) {
		if ((trace->nr_rules > 1 && !(matched & 1u << i)) || trace->rules[i]->is_related)
			continue;
		if (any)
			ot_buf_addc(out, ',');
		ot_buf_add_u64(out, trace->rules[i]->request->number);
		any = true;
	}
	ot_buf_addc(out, ']');
}

static void json_begin(const struct ot_event_writer *writer, const struct ot_trace *trace,
		       const struct ot_call_event *event, struct ot_buf *out)
{
	if (event->is_late)
		OT_ADD(out, ",\"late\":true");
	OT_ADD(out, ",\"args\":");
	ot_capture_json_args(trace->plan, &writer->format, event->captures, event->nr_bytes, out);
	ot_related_json(writer->traces, trace, event, out);
}

void ot_event_json(const struct ot_event_writer *writer, const struct ot_trace *trace,
		   const struct ot_call_event *event, struct ot_buf *out)
{
	bool enter = event->kind == OT_CALL_ENTER;

	if (event->kind == OT_CALL_LOST) {
		json_lost(event, out);
		return;
	}
	if (enter)
		OT_ADD(out, "{\"event\":\"call\",\"id\":");
	else
		OT_ADD(out, "{\"event\":\"return\",\"id\":");
	add_id(trace->json_name, event->call_time_ns, event->seq, out);
	ot_buf_adds(out, enter ? trace->json_call : trace->json_return);
	ot_buf_add_u64(out, event->tid);
	if (enter || event->begin_known) {
		OT_ADD(out, ",\"depth\":");
		ot_buf_add_u64(out, event->depth);
		json_parent(writer, event, out);
	}
	OT_ADD(out, ",\"time_ns\":");
	ot_buf_add_u64(out, event->time_ns);
	if (event->flags & OTRACE_REC_FLAG_REDIRECTED)
		OT_ADD(out, ",\"patched\":true");
	if (lacks_end(trace, event))
		OT_ADD(out, ",\"end_recorded\":false");
	json_traces(trace, event->matched, out);
	if (enter)
		json_begin(writer, trace, event, out);
	else
		json_end(writer, trace, event, out);
	OT_ADD(out, "}\n");
}
