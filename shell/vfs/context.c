// SPDX-License-Identifier: BSD-2-Clause
// What is in a context: arguments, result, and the calls that led to it.
#include <string.h>

#include "contexts/contexts.h"
#include "contexts/frames.h"
#include "stream/clock.h"
#include "stream/event.h"
#include "vfs/tree.h"

void ot_node_inherit(const struct ot_node *parent, struct ot_node *node)
{
	node->context = parent->context;
	node->frame = parent->frame;
	node->from = parent->from;
}

static void add_text(struct ot_vfs *vfs, const char *name, const char *text,
		     struct ot_node_list *ret)
{
	struct ot_node node = {
		.kind = OT_NODE_TEXT, .name = name, .note = ot_vfs_intern(vfs, text)};

	ot_node_list_add(ret, &node);
}

/* The places beside the values: what @parent is of, or of its caller or callee. */
static void add_place(const struct ot_node *parent, const char *name, enum ot_node_kind kind,
		      size_t frame, struct ot_target *from, struct ot_node_list *ret)
{
	struct ot_node node = {.kind = kind,
			       .name = name,
			       .context = parent->context,
			       .frame = frame,
			       .from = from};

	if (kind == OT_NODE_AFTER)
		node.note = "the same as it was at the end of the call";
	else if (kind == OT_NODE_LIVE)
		node.note = "the same, with pointers followed in the program as it is now";
	else if (kind == OT_NODE_ABOUT)
		node.note = "what is known of the call: times, thread, stack";
	ot_node_list_add(ret, &node);
}

/* The call inside of it that the same exception, or longjmp, ended before. */
static struct ot_context *related_of(const struct ot_context *context)
{
	uint64_t seq = context->more.related_seq;

	return seq ? ot_contexts_by_seq(context->store, seq) : NULL;
}

static void add_link(struct ot_vfs *vfs, const struct ot_context *context, struct ot_node_list *ret)
{
	struct ot_context *inner = related_of(context);
	ot_auto_free char *name = inner ? ot_asprintf("~%s", inner->id) : NULL;
	struct ot_node node;

	if (!inner)
		return;
	ot_node_of_context(inner, &node);
	node.name = ot_vfs_intern(vfs, name);
	ot_node_list_add(ret, &node);
}

static const char *related_how(const struct ot_context *context)
{
	if (context->ended == OT_CALL_ABANDONED)
		return "ended together";
	return context->more.related == OT_CALL_RELATED
		       ? "the same exception"
		       : "the same exception thrown again, or another at its address";
}

/* The tagged objects that it got, and the call that ended with it. */
static void add_related(struct ot_vfs *vfs, const struct ot_context *context,
			struct ot_node_list *ret)
{
	const struct ot_context *inner = related_of(context);
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	if (context->related)
		ot_buf_adds(&text, context->related);
	if (text.len && context->more.related_seq)
		ot_buf_addc(&text, '\n');
	if (inner)
		ot_buf_addf(&text, "%s (%s)", inner->id, related_how(context));
	else if (context->more.related_seq)
		ot_buf_addf(&text, "~%llu (%s)", (unsigned long long)context->more.related_seq,
			    related_how(context));
	if (text.len)
		add_text(vfs, "related", ot_buf_text(&text), ret);
}

/* Of what ended otherwise than usual: in it, and in its __trc. */
static void add_reports(const struct ot_node *parent, struct ot_node_list *ret)
{
	struct ot_node node = {.kind = OT_NODE_REPORT, .context = parent->context};

	if (!ot_vfs_has_report(parent->context))
		return;
	node.name = "exc_context";
	node.note = "every frame with its source and variables (pr exc_context)";
	node.is_whole = true;
	ot_node_list_add(ret, &node);
	node.name = "exc_stack";
	node.note = "the frames, the innermost first (pr exc_stack)";
	node.is_whole = false;
	ot_node_list_add(ret, &node);
}

static const struct ot_context_frames *frames_of(const struct ot_node *node)
{
	return ot_context_frames(node->context->store, node->context);
}

static struct ot_context_frame *frame_of(const struct ot_node *node)
{
	return ot_context_frame_at(node->context->store, node->context, node->frame);
}

/* ------------------------------------------------------------------ values */

/* What the copies have of a text is longer than what the record has. */
static void prefer_copy(struct ot_target *from, struct ot_value *value)
{
	struct ot_target_span span = {.bytes = 1};
	uint8_t byte;

	span.buf = &byte;
	if (!value->string.known || !ot_value_to_u64(value, &span.address))
		return;
	if (from)
		ot_err_destroy(ot_target_readv(from, &span, 1));
	if (span.got || !from)
		value->string.known = false;
}

static void add_value(struct ot_node_list *ret, const char *name, struct ot_value *value,
		      struct ot_target *from)
{
	struct ot_node node = {.kind = OT_NODE_VALUE, .name = name, .from = from};

	prefer_copy(from, value);
	node.value = *value;
	ot_node_list_add(ret, &node);
}

static void add_args(struct ot_vfs *vfs, const struct ot_context *context, struct ot_target *from,
		     struct ot_node_list *ret)
{
	char room[16];

	for (uint32_t i = 0; context->plan && i < context->fn->nr_params; i++) {
		struct ot_value value;

		ot_context_arg(context, i, &value);
		add_value(ret, ot_vfs_intern(vfs, ot_context_arg_name(context, i, room)), &value,
			  from);
	}
}

static void add_errno(struct ot_vfs *vfs, const struct ot_context *context,
		      struct ot_node_list *ret)
{
	struct ot_value value;

	if (!context->ends[0].has_place && !context->ends[1].has_place)
		return;
	ot_value_of_u64(ot_program_base(vfs->program, "int"),
			(uint64_t)(int64_t)ot_context_errno(context), &value);
	/* the list moves: its bytes are on the heap */
	value.own = (uint8_t *)ot_strndup((const char *)value.bytes, value.nr_bytes);
	value.bytes = value.own;
	add_value(ret, "errno", &value, NULL);
}

static const char *no_result(const struct ot_context *context)
{
	switch (context->ended) {
	case OT_CALL_ENTER:
		return "(it has not returned)";
	case OT_CALL_ABANDONED:
		return "(abandoned: longjmp, or the end of its thread)";
	case OT_CALL_UNWOUND:
		return "(left by an exception)";
	default:
		return NULL;
	}
}

/* What it points to is what was there at the end. */
static void add_result(struct ot_vfs *vfs, struct ot_context *context, bool live,
		       struct ot_node_list *ret)
{
	const char *none = no_result(context);
	struct ot_value value;

	if (!context->plan || ot_type_is_void(context->fn->return_type))
		return;
	if (none) {
		add_text(vfs, "return", none, ret);
		return;
	}
	ot_context_return(context, &value);
	add_value(ret, "return", &value,
		  live ? NULL : ot_context_view(context->store, context, true));
}

static struct ot_program *program_of(const struct ot_vfs *vfs, const struct ot_context *context)
{
	struct ot_program *program = ot_contexts_program(context->store);

	return program ? program : vfs->program;
}

static void add_locals(struct ot_vfs *vfs, const struct ot_node *parent, struct ot_target *from,
		       struct ot_node_list *ret)
{
	struct ot_context_frame *frame = frame_of(parent);
	const struct ot_locals *locals = NULL;
	ot_auto_err struct ot_err *err = NULL;

	if (!frame)
		return;
	err = ot_context_frame_locals(program_of(vfs, parent->context), frame, &locals);
	for (size_t i = 0; locals && i < locals->nr; i++) {
		const struct ot_local *local = &locals->items[i];
		struct ot_node node = {.kind = OT_NODE_VALUE, .from = from};

		node.name = ot_vfs_intern(vfs, local->name);
		ot_value_copy(&local->value, &node.value);
		if (local->err)
			node.err = ot_err_new(local->err->code, "%s", local->err->what);
		ot_node_list_add(ret, &node);
	}
	if (err)
		ret->note = ot_vfs_intern(vfs, err->what);
}

/* ------------------------------------------------------------------ the folders */

static void in_call(struct ot_vfs *vfs, const struct ot_node *parent, struct ot_node_list *ret)
{
	struct ot_context *context = parent->context;
	struct ot_target *view = ot_context_view(context->store, context, false);

	add_args(vfs, context, view, ret);
	if (context->is_frame)
		add_locals(vfs, parent, view, ret);
	add_result(vfs, context, false, ret);
	add_errno(vfs, context, ret);
	if (ot_context_has_after(context))
		add_place(parent, "__after", OT_NODE_AFTER, 0,
			  ot_context_view(context->store, context, true), ret);
	if (!ot_contexts_is_file(context->store))
		add_place(parent, "__live", OT_NODE_LIVE, 0, NULL, ret);
	add_place(parent, "__trc", OT_NODE_ABOUT, 0, view, ret);
	if (ot_context_nr_callers(context->store, context))
		add_place(parent, "__up", OT_NODE_FRAME, 1, view, ret);
	add_reports(parent, ret);
	add_link(vfs, context, ret);
	if (context->is_late)
		ret->note = "decided when the call ended: what pointers lead to is as it was then";
	if (context->damage)
		ret->note = ot_vfs_intern(vfs, context->damage);
}

static void in_frame(struct ot_vfs *vfs, const struct ot_node *parent, struct ot_node_list *ret)
{
	add_locals(vfs, parent, parent->from, ret);
	add_place(parent, "__down", parent->frame > 1 ? OT_NODE_FRAME : OT_NODE_CONTEXT,
		  parent->frame - 1, parent->from, ret);
	add_place(parent, "__trc", OT_NODE_ABOUT, parent->frame, parent->from, ret);
	if (parent->frame < ot_context_nr_callers(parent->context->store, parent->context))
		add_place(parent, "__up", OT_NODE_FRAME, parent->frame + 1, parent->from, ret);
}

/* ------------------------------------------------------------------ what is known of the call */

static void add_number(struct ot_vfs *vfs, const char *name, uint64_t number,
		       struct ot_node_list *ret)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	ot_buf_add_u64(&text, number);
	add_text(vfs, name, ot_buf_text(&text), ret);
}

static void add_time(struct ot_vfs *vfs, const char *name, uint64_t time_ns,
		     struct ot_node_list *ret)
{
	ot_auto_free char *text = ot_asprintf("%s.%06llu", ot_clock_text(time_ns),
					      (unsigned long long)(time_ns / 1000 % 1000000));

	add_text(vfs, name, text, ret);
}

static void add_times(struct ot_vfs *vfs, const struct ot_context *context,
		      struct ot_node_list *ret)
{
	ot_auto_buf struct ot_buf duration = OT_BUF_INIT;

	add_time(vfs, "call_time", context->call_time_ns, ret);
	if (context->ended == OT_CALL_ENTER)
		return;
	ot_event_duration(context->duration_ns, &duration);
	add_text(vfs, "duration", ot_buf_text(&duration), ret);
	add_time(vfs, "return_time", context->return_time_ns, ret);
}

static void add_fn(struct ot_vfs *vfs, const struct ot_context *context, struct ot_node_list *ret)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	if (!context->fn) {
		add_text(vfs, "func", context->function, ret);
		return;
	}
	ot_fn_signature(context->fn, &text);
	add_text(vfs, "func", ot_buf_text(&text), ret);
	ot_buf_reset(&text);
	ot_fn_place(context->fn, &text);
	if (text.len)
		add_text(vfs, "place", ot_buf_text(&text), ret);
}

static void write_stack(const struct ot_context *context, const struct ot_context_frames *frames,
			struct ot_buf *out)
{
	const char *before = "";

	if (!context->is_frame || !frames->nr) {
		ot_buf_adds(out, context->function);
		before = "\n";
	}
	if (!context->is_frame && context->fn && context->fn->file)
		ot_buf_addf(out, " at %s:%u", context->fn->file->short_name,
			    context->fn->line_begin);
	for (size_t i = 0; i < frames->nr; i++, before = "\n")
		ot_buf_addf(out, "%s%s%s%s", before, frames->items[i].function,
			    *frames->items[i].place ? " at " : "", frames->items[i].place);
	if (frames->note)
		ot_buf_addf(out, "\n(%s)", frames->note);
}

/* Outermost first, as the original has it. */
static void write_where(const struct ot_context *context, const struct ot_context_frames *frames,
			struct ot_buf *out)
{
	for (size_t i = frames->nr; i > 0; i--)
		ot_buf_addf(out, "%s%s", frames->items[i - 1].function, i > 1 ? "-->" : "");
	if (!context->is_frame || !frames->nr)
		ot_buf_addf(out, "%s%s", frames->nr ? "-->" : "", context->function);
}

static void add_stack(struct ot_vfs *vfs, const struct ot_node *parent, struct ot_node_list *ret)
{
	const struct ot_context_frames *frames = frames_of(parent);
	ot_auto_buf struct ot_buf stack = OT_BUF_INIT, where = OT_BUF_INIT;

	write_stack(parent->context, frames, &stack);
	write_where(parent->context, frames, &where);
	add_text(vfs, "stack", ot_buf_text(&stack), ret);
	add_text(vfs, "where", ot_buf_text(&where), ret);
}

/* What made it, and what limits left out of it. */
static void add_copied(struct ot_vfs *vfs, const struct ot_context *context,
		       struct ot_node_list *ret)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;
	uint64_t left_out;

	ot_context_load(context);
	left_out = context->ends[0].left_out + context->ends[1].left_out;
	ot_buf_addf(&text, "%zu pieces, %zu bytes", context->pieces.nr, context->memory.len);
	if (left_out)
		ot_buf_addf(&text, "; the limits had no room for %llu more",
			    (unsigned long long)left_out);
	if (context->nr_cut)
		ot_buf_addf(&text, "; pickle_max_bytes had no room for %llu more pieces",
			    (unsigned long long)context->nr_cut);
	add_text(vfs, "copied", ot_buf_text(&text), ret);
}

static void add_parent(struct ot_vfs *vfs, const struct ot_context *context,
		       struct ot_node_list *ret)
{
	const struct ot_context *parent =
		context->parent_seq ? ot_contexts_by_seq(context->store, context->parent_seq)
				    : NULL;
	ot_auto_free char *text = NULL;

	if (!context->parent_seq)
		return;
	text = parent ? ot_strdup(parent->id)
		      : ot_asprintf("~%llu", (unsigned long long)context->parent_seq);
	add_text(vfs, "parent", text, ret);
}

static void about_call(struct ot_vfs *vfs, const struct ot_node *parent, struct ot_node_list *ret)
{
	const struct ot_context *context = parent->context;

	add_times(vfs, context, ret);
	add_text(vfs, "context", ot_context_kind_name(context->kind), ret);
	add_copied(vfs, context, ret);
	add_number(vfs, "cpu", ot_context_cpu(context), ret);
	if (context->depth)
		add_number(vfs, "depth", context->depth, ret);
	add_fn(vfs, context, ret);
	add_text(vfs, "id", context->id, ret);
	add_parent(vfs, context, ret);
	add_related(vfs, context, ret);
	add_stack(vfs, parent, ret);
	add_text(vfs, "thread", context->thread_name, ret);
	add_number(vfs, "tid", context->tid, ret);
	add_text(vfs, "traces", context->label, ret);
	add_reports(parent, ret);
	ot_node_list_sort(ret);
}

static void about_frame(struct ot_vfs *vfs, const struct ot_node *parent, struct ot_node_list *ret)
{
	const struct ot_context_frame *frame = frame_of(parent);
	ot_auto_free char *pc = ot_asprintf("%#llx", (unsigned long long)frame->at.pc);

	add_text(vfs, "address", pc, ret);
	if (frame->file)
		add_text(vfs, "file", frame->file, ret);
	add_text(vfs, "func", frame->function, ret);
	if (frame->line)
		add_number(vfs, "line", frame->line, ret);
	add_text(vfs, "place", frame->place, ret);
	add_stack(vfs, parent, ret);
}

/* ------------------------------------------------------------------ */

static void list(struct ot_vfs *vfs, const struct ot_node *parent, struct ot_node_list *ret)
{
	switch (parent->kind) {
	case OT_NODE_AFTER:
		add_args(vfs, parent->context, parent->from, ret);
		add_result(vfs, parent->context, false, ret);
		break;
	case OT_NODE_LIVE:
		add_args(vfs, parent->context, NULL, ret);
		add_result(vfs, parent->context, true, ret);
		break;
	case OT_NODE_FRAME:
		in_frame(vfs, parent, ret);
		break;
	case OT_NODE_ABOUT:
		if (parent->frame)
			about_frame(vfs, parent, ret);
		else
			about_call(vfs, parent, ret);
		break;
	default:
		in_call(vfs, parent, ret);
	}
}

struct ot_err *ot_vfs_in_context(struct ot_vfs *vfs, const struct ot_node *parent,
				 struct ot_node_list *ret)
{
	size_t before = ret->nr;

	list(vfs, parent, ret);
	/* a link leads to another one */
	for (size_t i = before; i < ret->nr; i++)
		if (!ret->items[i].context)
			ret->items[i].context = parent->context;
	return NULL;
}

bool ot_vfs_context_name(void *priv, const char *name, struct ot_value *ret, struct ot_err **err)
{
	struct ot_vfs *vfs = priv;
	struct ot_node_list list = {0};
	bool found = false;

	*err = ot_vfs_children(vfs, &vfs->scoped, name, &list);
	for (size_t i = 0; !*err && i < list.nr && !found; i++) {
		struct ot_node *node = &list.items[i];

		found = node->kind == OT_NODE_VALUE && !strcmp(node->name, name);
		if (!found)
			continue;
		if (node->err)
			*err = ot_err_new(node->err->code, "%s: %s", name, node->err->what);
		else
			ot_value_copy(&node->value, ret);
	}
	/* its pointers lead to what was there at the end, and those of arguments to what was at the call */
	if (found && !strcmp(name, "return") && vfs->scoped.kind == OT_NODE_CONTEXT)
		ot_context_view_mix(ot_node_target(vfs, &vfs->scoped), true);
	ot_node_list_deinit(&list);
	return found || *err;
}

/* ------------------------------------------------------------------ on one line */

static void describe_call(const struct ot_context *context, struct ot_buf *out)
{
	struct ot_format format = {0};

	ot_context_load(context);
	if (context->plan)
		ot_capture_format_args(context->plan, &format, context->enter.data,
				       context->enter.len, out);
	if (context->ended == OT_CALL_RETURN && context->plan) {
		ot_buf_adds(out, "  return ");
		ot_capture_format_return(context->plan, &format, context->leave.data,
					 context->leave.len, out);
	} else if (no_result(context)) {
		ot_buf_addf(out, "  %s", no_result(context));
	}
	if (context->ended == OT_CALL_ENTER)
		return;
	ot_buf_adds(out, "  (");
	ot_event_duration(context->duration_ns, out);
	ot_buf_addc(out, ')');
}

void ot_vfs_describe_context(const struct ot_node *node, struct ot_buf *out)
{
	const struct ot_context_frame *frame = frame_of(node);

	if (node->kind == OT_NODE_CONTEXT && !node->context->is_frame)
		describe_call(node->context, out);
	else if (frame)
		ot_buf_addf(out, "%s%s%s", frame->function, *frame->place ? " at " : "",
			    frame->place);
	else
		ot_buf_adds(out, node->note ? node->note : "directory");
}

char *ot_vfs_prompt(struct ot_vfs *vfs)
{
	struct ot_node node = {0};
	ot_auto_err struct ot_err *err = ot_vfs_find(vfs, ".", &node, NULL);
	char *text = NULL;

	/* of "261122-14-07-58.17" the day is left out */
	if (!err && node.kind == OT_NODE_CONTEXT)
		text = ot_asprintf("%s..%s", node.context->function, node.context->name + 7);
	else if (!err && node.kind == OT_NODE_FRAME)
		text = ot_asprintf("osh..%s", frame_of(&node)->function);
	ot_node_deinit(&node);
	return text;
}
