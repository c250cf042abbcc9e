/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <otrace/bytecode.h>

#include "cond/cond.h"
#include "model/copyplan.h"
#include "stream/rules.h"

/* Of many functions that match at every call the newest contexts would be those of the busiest one. */
bool ot_trace_makes_contexts(const struct ot_trace_request *request)
{
	const struct ot_trace_options *o = &request->options;

	if (!o->depth)
		return false;
	return o->depth_said || o->frames || o->action ||
	       (!o->quiet && !o->words && (!request->is_many || o->cond));
}

bool ot_trace_is_costly(const struct ot_trace_request *request)
{
	const struct ot_trace_options *o = &request->options;

	return o->action || (o->depth && (o->depth_said || o->frames));
}

bool ot_trace_is_plain(const struct ot_trace_request *request)
{
	const struct ot_trace_options *o = &request->options;

	return !o->cond && !o->action && !o->skip && !request->most && !request->rate_per_ms &&
	       !o->keep && !ot_trace_makes_contexts(request);
}

/* ------------------------------------------------------------------ what is tagged */

static bool points_to_record(const struct ot_type *type)
{
	return ot_type_is_pointer(type) && ot_type_is_record(ot_type_strip(type)->target);
}

static uint32_t pointee_bytes(const struct ot_type *type)
{
	uint64_t bytes = ot_type_size(ot_type_strip(type)->target);

	/* Of void nothing is known: the allocator knows, or it is the address alone. */
	return bytes && bytes <= UINT32_MAX ? (uint32_t)bytes : 1;
}

static const struct ot_param *find_param(const struct ot_fn *fn, const char *name)
{
	for (uint32_t i = 0; i < fn->nr_params; i++) {
		const struct ot_param *param = &fn->params[i];

		if (name ? param->name && !strcmp(param->name, name)
			 : points_to_record(param->type))
			return param;
	}
	return NULL;
}

/* The pointer itself lies in the frame. */
static bool is_there(const struct otrace_piece *pieces, uint32_t nr)
{
	return nr == 1 && pieces[0].kind == OTRACE_PIECE_DIRECT && pieces[0].size_bytes == 8;
}

static struct ot_err *tag_param(struct ot_trace_rule *rule, const struct ot_param *param)
{
	if (!ot_type_is_pointer(param->type))
		return ot_err_new(OT_ERR_TYPE, "-a tag: %s is no pointer", param->name);
	if (!is_there(param->pieces, param->nr_pieces))
		return ot_err_new(OT_ERR_OPTIMIZED, "-a tag: the compiler left no %s to look at",
				  param->name ? param->name : "such parameter");
	rule->head.tag_offset = param->pieces[0].frame_offset;
	rule->head.tag_bytes = pointee_bytes(param->type);
	return NULL;
}

static struct ot_err *tag_result(struct ot_trace_rule *rule)
{
	if (!ot_type_is_pointer(rule->fn->return_type))
		return ot_err_new(OT_ERR_TYPE, "-a tag: %s returns no pointer",
				  rule->fn->unique_name);
	if (!is_there(rule->fn->return_pieces, rule->fn->nr_return_pieces))
		return ot_err_new(OT_ERR_OPTIMIZED,
				  "-a tag: the compiler left no result of %s to look at",
				  rule->fn->unique_name);
	rule->head.flags |= OTRACE_RULE_TAG_RETURN;
	rule->head.tag_offset = rule->fn->return_pieces[0].frame_offset;
	rule->head.tag_bytes = pointee_bytes(rule->fn->return_type);
	return NULL;
}

/* self is the first parameter that points to a struct; what makes one returns it. */
static struct ot_err *plan_tag(struct ot_trace_rule *rule)
{
	const char *said = rule->request->options.tagged;
	const char *name = said && strcmp(said, "self") != 0 ? said : NULL;
	const struct ot_param *param = find_param(rule->fn, name);

	if (param)
		return tag_param(rule, param);
	if (name && strcmp(name, "return") != 0)
		return ot_err_new(OT_ERR_NOT_FOUND, "-a tag: %s has no parameter \"%s\"",
				  rule->fn->unique_name, name);
	if (name || points_to_record(rule->fn->return_type))
		return tag_result(rule);
	return ot_err_new(OT_ERR_TYPE,
			  "-a tag: %s takes and returns no pointer to a struct; -a tag=PARAMETER "
			  "says what to tag",
			  rule->fn->unique_name);
}

/* ------------------------------------------------------------------ condition and copies */

/* An object is tagged as its constructor leaves it. */
static struct ot_err *compile(struct ot_program *program, struct ot_trace_rule *rule)
{
	const struct ot_trace_options *o = &rule->request->options;

	if (o->action == OTRACE_ACTION_TAG)
		return ot_cond_compile_at_end(program, rule->fn, o->cond, &rule->cond);
	return ot_cond_compile(program, rule->fn, o->cond, &rule->cond);
}

static struct ot_err *plan_cond(struct ot_program *program, struct ot_trace_rule *rule)
{
	if (!rule->request->options.cond)
		return NULL;
	OT_TRY(compile(program, rule));
	rule->head.nr_enter_code = rule->cond->nr_enter;
	rule->head.nr_leave_code = rule->cond->nr_leave;
	if (rule->cond->is_late)
		rule->head.flags |= OTRACE_RULE_LATE;
	/* The text alone says which ends are shown, so it is the same for all functions. */
	rule->request->options.when = (enum ot_trace_when)rule->cond->shows;
	return NULL;
}

/* What every match is worth to who asked for it; the rest is within the thread's share. */
static void plan_copies(struct ot_trace_rule *rule)
{
	const struct ot_trace_options *o = &rule->request->options;
	uint32_t frames = o->frames ? o->frames : 1;

	rule->copies = ot_copy_plan_create(rule->fn, o->depth, frames * OT_TRACE_FRAME_BYTES);
	if (rule->head.flags & OTRACE_RULE_LATE)
		ot_copy_plan_make_late(rule->copies);
	ot_copy_plan_fill(rule->copies, &rule->head);
	rule->head.flags |= OTRACE_RULE_CONTEXT;
	if (!ot_trace_is_costly(rule->request))
		rule->head.flags |= OTRACE_RULE_SPARING;
}

/* A break is at the beginning, unless the condition or -c says otherwise. */
static struct ot_err *plan_action(struct ot_trace_rule *rule)
{
	const struct ot_trace_options *o = &rule->request->options;
	bool late = rule->head.flags & OTRACE_RULE_LATE;

	rule->head.action = o->action;
	if (o->action == OTRACE_ACTION_HOLD && late)
		return ot_err_new(OT_ERR_USAGE, "-a hold: this condition is decided when the call "
						"returns, and then there is nothing left to hold");
	if (o->action != OTRACE_ACTION_BREAK && o->action != OTRACE_ACTION_GDB)
		return NULL;
	if (late || (o->when_said && o->when & OT_TRACE_RETURN))
		rule->head.flags |= OTRACE_RULE_BREAK_LEAVE;
	if (!late && !(o->when_said && o->when == OT_TRACE_RETURN))
		rule->head.flags |= OTRACE_RULE_BREAK_ENTER;
	return NULL;
}

static struct ot_err *plan_rule(struct ot_program *program, struct ot_trace_rule *rule)
{
	const struct ot_trace_request *request = rule->request;

	rule->head.counter = request->number;
	if (request->options.keep)
		rule->head.flags |= OTRACE_RULE_KEEP;
	OT_TRY(plan_cond(program, rule));
	OT_TRY(plan_action(rule));
	if (request->options.action == OTRACE_ACTION_TAG)
		OT_TRY(plan_tag(rule));
	if (ot_trace_makes_contexts(request))
		plan_copies(rule);
	return NULL;
}

struct ot_err *ot_trace_rule_create(struct ot_program *program, struct ot_trace_request *request,
				    const struct ot_fn *fn, struct ot_trace_rule **ret)
{
	struct ot_trace_rule *rule = ot_alloc(sizeof(*rule));
	struct ot_err *err;

	rule->request = request;
	rule->fn = fn;
	err = plan_rule(program, rule);
	if (err)
		ot_trace_rule_destroy(rule);
	else
		*ret = rule;
	return err;
}

void ot_trace_rule_destroy(struct ot_trace_rule *rule)
{
	if (!rule)
		return;
	ot_cond_destroy(rule->cond);
	ot_copy_plan_destroy(rule->copies);
	free(rule);
}

/* Only a call whose end is awaited is one that others are inside of. */
static bool asks_depth(const struct ot_cond *cond)
{
	for (uint32_t i = 0; cond && i < cond->nr_enter; i++)
		if (cond->enter[i].op == OTRACE_CODE_DEPTH)
			return true;
	return false;
}

bool ot_trace_rule_wants_end(const struct ot_trace_rule *rule)
{
	return rule->request->options.when & OT_TRACE_RETURN || rule->copies ||
	       rule->head.action == OTRACE_ACTION_TAG ||
	       /* only of a call whose end is awaited is it known whether it still runs */
	       rule->head.action == OTRACE_ACTION_HOLD || asks_depth(rule->cond) ||
	       rule->head.flags & (OTRACE_RULE_LATE | OTRACE_RULE_BREAK_LEAVE);
}

bool ot_trace_rule_reads(const struct ot_trace_rule *rule)
{
	return rule->cond && (rule->cond->nr_enter_reads || rule->cond->nr_leave_reads);
}

const char *ot_trace_rule_note(const struct ot_trace_rule *rule)
{
	return rule->cond ? rule->cond->note : NULL;
}

void ot_trace_rule_add(const struct ot_trace_rule *rule, struct ot_buf *out)
{
	const struct ot_cond *cond = rule->cond;
	struct otrace_rule head = rule->head;
	size_t code_bytes =
		cond ? ((size_t)cond->nr_enter + cond->nr_leave) * sizeof(struct otrace_code) : 0;

	head.size_bytes = (uint32_t)(sizeof(head) + code_bytes +
				     (rule->copies ? ot_copy_plan_bytes(rule->copies) : 0));
	ot_buf_add(out, &head, sizeof(head));
	if (code_bytes) {
		ot_buf_add(out, cond->enter, cond->nr_enter * sizeof(*cond->enter));
		ot_buf_add(out, cond->leave, cond->nr_leave * sizeof(*cond->leave));
	}
	if (rule->copies)
		ot_copy_plan_add(rule->copies, out);
}
