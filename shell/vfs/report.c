// SPDX-License-Identifier: BSD-2-Clause
// exc_stack and exc_context: what is known of all frames of a context, as one text.
#include <string.h>

#include "contexts/contexts.h"
#include "contexts/frames.h"
#include "model/source.h"
#include "vfs/tree.h"

#define AROUND 5u /* lines of source before and behind the one that a frame is at */
#define FRAMES_MAX 64u
#define MAX_STRING 200u
#define MAX_ELEMENTS 32u
#define MAX_DEPTH 4u

/** One frame of the report: a call that led here, or (without it) the traced call itself. */
struct part {
	size_t number;
	struct ot_context_frame *frame;
	const struct ot_file *file; /* NULL = not known */
	uint32_t line;
};

struct report {
	struct ot_vfs *vfs;
	struct ot_context *context;
	struct ot_program *program;
	struct ot_format format;
	const struct ot_context_frames *frames;
	size_t nr; /* frames, the first is the context's own */
};

bool ot_vfs_has_report(const struct ot_context *context)
{
	return context->kind == OT_CONTEXT_EXCEPTIONS || context->kind == OT_CONTEXT_ASSERTS;
}

static void begin(struct ot_vfs *vfs, const struct ot_node *node, struct report *ret)
{
	struct ot_context *context = node->context;
	struct ot_program *program = ot_contexts_program(context->store);

	*ret = (struct report){.vfs = vfs,
			       .context = context,
			       .program = program ? program : vfs->program,
			       .frames = ot_context_frames(context->store, context)};
	ret->format = (struct ot_format){.program = ret->program,
					 .target = ot_context_view(context->store, context, false),
					 .max_string_bytes = MAX_STRING,
					 .max_elements = MAX_ELEMENTS,
					 .max_depth = MAX_DEPTH};
	ret->nr = ret->frames->nr + !context->is_frame;
}

static struct part part_at(const struct report *report, size_t number)
{
	const struct ot_context *context = report->context;
	struct part ret = {.number = number};

	ret.frame = ot_context_frame_at(context->store, report->context, number);
	if (ret.frame) {
		ret.line = ret.frame->line;
		ret.file = ret.frame->file
				   ? ot_source_file_of_name(report->program, ret.frame->file)
				   : NULL;
	} else if (context->fn) {
		ret.line = context->fn->line_begin;
		ret.file = context->fn->file;
	}
	return ret;
}

/* Where a file says nothing any more the context still knows its own. */
static const char *function_of(const struct report *report, const struct part *part)
{
	const char *name = part->frame ? part->frame->function : NULL;

	return name && (part->number || strncmp(name, "0x", 2) != 0) ? name
								     : report->context->function;
}

/* "shop.c:30", the module's name, or nothing. */
static void add_place(const struct part *part, struct ot_buf *out)
{
	if (part->frame)
		ot_buf_adds(out, part->frame->place);
	else if (part->file)
		ot_buf_addf(out, "%s:%u", part->file->short_name, part->line);
}

/* ------------------------------------------------------------------ variables */

/** Who gets them, each with a value or with why there is none. */
struct sink {
	const struct report *report;
	struct ot_buf *out;
	size_t nr;
	void (*take)(struct sink *sink, const char *name, const struct ot_value *value,
		     const struct ot_err *err);
};

static void each_arg(const struct report *report, struct sink *sink)
{
	const struct ot_context *context = report->context;
	char room[16];

	for (uint32_t i = 0; context->plan && i < context->fn->nr_params; i++) {
		ot_auto_value struct ot_value value = {0};

		ot_context_arg(context, i, &value);
		sink->take(sink, ot_context_arg_name(context, i, room), &value, NULL);
	}
}

static struct ot_err *each_local(const struct report *report, const struct part *part,
				 struct sink *sink)
{
	const struct ot_locals *locals = NULL;

	OT_TRY(ot_context_frame_locals(report->program, part->frame, &locals));
	for (size_t i = 0; i < locals->nr; i++) {
		const struct ot_local *local = &locals->items[i];
		ot_auto_value struct ot_value value = {0};

		ot_value_copy(&local->value, &value);
		sink->take(sink, local->name, &value, local->err);
	}
	return NULL;
}

/* An error says why nothing is known of them. */
static struct ot_err *each_variable(const struct report *report, const struct part *part,
				    struct sink *sink)
{
	if (part->frame)
		return each_local(report, part, sink);
	each_arg(report, sink);
	return NULL;
}

/* ------------------------------------------------------------------ text */

static void text_variable(struct sink *sink, const char *name, const struct ot_value *value,
			  const struct ot_err *err)
{
	ot_buf_addf(sink->out, "    %s = ", name);
	if (err)
		ot_buf_addf(sink->out, "<%s>", err->what);
	else
		ot_value_format(&sink->report->format, value, sink->out);
	ot_buf_addc(sink->out, '\n');
	sink->nr++;
}

static void text_variables(const struct report *report, const struct part *part, struct ot_buf *out)
{
	struct sink sink = {.report = report, .out = out, .take = text_variable};
	ot_auto_err struct ot_err *err = NULL;

	if (!part->frame)
		ot_buf_adds(out, "  arguments as the call began\n");
	err = each_variable(report, part, &sink);
	if (err)
		ot_buf_addf(out, "    (no variables: %s)\n", err->what);
	else if (!sink.nr)
		ot_buf_adds(out, "    (no variables)\n");
}

/* The lines around the one that matters, each with its end. */
static void each_line(const struct ot_source *source, uint32_t line,
		      void (*take)(struct ot_buf *out, uint32_t at, uint32_t line,
				   const struct ot_buf *text),
		      struct ot_buf *out)
{
	for (uint32_t at = line > AROUND ? line - AROUND : 1; at <= line + AROUND; at++) {
		ot_auto_buf struct ot_buf text = OT_BUF_INIT;
		ot_auto_err struct ot_err *err = ot_source_copy(source, at, at, &text);

		if (err)
			break;
		take(out, at, line, &text);
	}
}

static void text_line(struct ot_buf *out, uint32_t at, uint32_t line, const struct ot_buf *text)
{
	ot_buf_addf(out, "  %c %5u  %s", at == line ? '>' : ' ', at, ot_buf_text(text));
}

static void text_source(const struct report *report, const struct part *part, struct ot_buf *out)
{
	ot_auto_source struct ot_source source = {0};
	ot_auto_err struct ot_err *err = NULL;

	if (!part->file || !part->line) {
		ot_buf_adds(out, "    (no source: where it was compiled from was not recorded)\n");
		return;
	}
	err = ot_source_open(report->program, part->file, &source);
	if (err) {
		ot_buf_addf(out, "    (%s)\n", err->what);
		return;
	}
	if (source.changed)
		ot_buf_addf(out, "    (%s was changed since it was compiled)\n", source.path);
	each_line(&source, part->line, text_line, out);
}

static void text_frame(const struct report *report, const struct part *part, struct ot_buf *out)
{
	ot_auto_buf struct ot_buf place = OT_BUF_INIT;

	add_place(part, &place);
	ot_buf_addf(out, "#%zu %s%s%s\n", part->number, function_of(report, part),
		    place.len ? " at " : "", ot_buf_text(&place));
}

/* What else belongs to it: why there are no more frames, and what its bytes lack. */
static void text_end(const struct report *report, struct ot_buf *out)
{
	const struct ot_context *context = report->context;

	if (report->nr > FRAMES_MAX)
		ot_buf_addf(out, "(%zu more frames are in __up)\n", report->nr - FRAMES_MAX);
	if (report->frames->note)
		ot_buf_addf(out, "(%s)\n", report->frames->note);
	if (context->damage)
		ot_buf_addf(out, "(%s)\n", context->damage);
}

static void text_report(const struct report *report, bool whole, struct ot_buf *out)
{
	ot_buf_addf(out, "%s\n", report->context->id);
	for (size_t i = 0; i < report->nr && i < FRAMES_MAX; i++) {
		struct part part = part_at(report, i);

		if (whole)
			ot_buf_addc(out, '\n');
		text_frame(report, &part, out);
		if (!whole)
			continue;
		text_source(report, &part, out);
		text_variables(report, &part, out);
	}
	text_end(report, out);
	ot_buf_truncate(out, out->len - 1);
}

void ot_vfs_report(struct ot_vfs *vfs, const struct ot_node *node, struct ot_buf *out)
{
	struct report report;

	begin(vfs, node, &report);
	text_report(&report, node->is_whole, out);
}

/* ------------------------------------------------------------------ JSON */

static void add_json_text(struct ot_buf *out, const char *text)
{
	ot_buf_add_json(out, text, strlen(text));
}

static void json_variable(struct sink *sink, const char *name, const struct ot_value *value,
			  const struct ot_err *err)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	ot_buf_adds(sink->out, sink->nr++ ? ",{\"name\":" : "{\"name\":");
	add_json_text(sink->out, name);
	ot_buf_adds(sink->out, ",\"type\":");
	add_json_text(sink->out, ot_type_text(value->type));
	ot_buf_adds(sink->out, err ? ",\"error\":" : ",\"value\":");
	if (err)
		add_json_text(sink->out, err->what);
	else
		ot_value_json(&sink->report->format, value, &text);
	ot_buf_add(sink->out, ot_buf_text(&text), text.len);
	ot_buf_addc(sink->out, '}');
}

static void json_variables(const struct report *report, const struct part *part, struct ot_buf *out)
{
	struct sink sink = {.report = report, .out = out, .take = json_variable};
	ot_auto_err struct ot_err *err = NULL;

	ot_buf_adds(out, ",\"variables\":[");
	err = each_variable(report, part, &sink);
	ot_buf_addc(out, ']');
	if (!err)
		return;
	ot_buf_adds(out, ",\"variables_error\":");
	add_json_text(out, err->what);
}

static void json_line(struct ot_buf *out, uint32_t at, uint32_t line, const struct ot_buf *text)
{
	(void)line;
	ot_buf_addf(out,
		    "%s{\"line\":%u,\"text\":", ot_buf_text(out)[out->len - 1] == '[' ? "" : ",",
		    at);
	ot_buf_add_json(out, ot_buf_text(text), text->len - 1);
	ot_buf_addc(out, '}');
}

static void json_source(const struct report *report, const struct part *part, struct ot_buf *out)
{
	ot_auto_source struct ot_source source = {0};
	ot_auto_err struct ot_err *err = NULL;

	ot_buf_adds(out, ",\"source\":[");
	if (part->file && part->line)
		err = ot_source_open(report->program, part->file, &source);
	if (source.text)
		each_line(&source, part->line, json_line, out);
	ot_buf_addf(out, "],\"source_changed\":%s", source.changed ? "true" : "false");
	if (!err)
		return;
	ot_buf_adds(out, ",\"source_error\":");
	add_json_text(out, err->what);
}

static void json_frame(const struct report *report, const struct part *part, struct ot_buf *out)
{
	ot_auto_buf struct ot_buf place = OT_BUF_INIT;

	add_place(part, &place);
	ot_buf_addf(out, "{\"number\":%zu,\"function\":", part->number);
	add_json_text(out, function_of(report, part));
	ot_buf_adds(out, ",\"place\":");
	add_json_text(out, ot_buf_text(&place));
	if (part->file) {
		ot_buf_adds(out, ",\"file\":");
		add_json_text(out, part->file->name);
		ot_buf_addf(out, ",\"line\":%u", part->line);
	}
}

void ot_vfs_report_json(struct ot_vfs *vfs, const struct ot_node *node, struct ot_buf *out)
{
	struct report report;

	begin(vfs, node, &report);
	ot_buf_adds(out, "{\"id\":");
	add_json_text(out, report.context->id);
	ot_buf_adds(out, ",\"frames\":[");
	for (size_t i = 0; i < report.nr && i < FRAMES_MAX; i++) {
		struct part part = part_at(&report, i);

		if (i)
			ot_buf_addc(out, ',');
		json_frame(&report, &part, out);
		if (node->is_whole) {
			json_source(&report, &part, out);
			json_variables(&report, &part, out);
		}
		ot_buf_addc(out, '}');
	}
	ot_buf_adds(out, "],\"note\":");
	if (report.frames->note)
		add_json_text(out, report.frames->note);
	else
		ot_buf_adds(out, "null");
	ot_buf_addc(out, '}');
}
