// SPDX-License-Identifier: BSD-2-Clause
// A condition is cut where "and" joins its parts. What the end of the call does not matter for is decided at its
// beginning. The others are decided at the end, with what the beginning left for them in slots: the largest parts of
// theirs that could change until then.
#include <ctype.h>
#include <string.h>

#include "cond/inside.h"

struct parts {
	OT_VEC(const struct ot_expr_node *) all;
	unsigned int shows; /* 0 = none of the forms said */
};

/* ------------------------------------------------------------------ forms, and the text */

static unsigned int form(const char *word)
{
	if (!strcmp(word, "call"))
		return OT_COND_CALL;
	if (!strcmp(word, "return"))
		return OT_COND_RETURN;
	return strcmp(word, "all") ? 0 : OT_COND_CALL | OT_COND_RETURN;
}

char *ot_cond_text(const char *text)
{
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	bool is_blank = false;
	char quote = 0;

	for (; *text; text++) {
		if (!quote && isspace((unsigned char)*text)) {
			is_blank = true;
			continue;
		}
		if (is_blank && out.len)
			ot_buf_addc(&out, ' ');
		is_blank = false;
		if (quote && *text == '\\' && text[1])
			ot_buf_addc(&out, *text++);
		else if (*text == quote)
			quote = 0;
		else if (!quote && (*text == '"' || *text == '\''))
			quote = *text;
		ot_buf_addc(&out, *text);
	}
	ot_buf_reserve(&out, 1);
	return ot_buf_take(&out);
}

bool ot_cond_is_all(const char *text, unsigned int *shows_ret)
{
	ot_auto_free char *word = ot_cond_text(text);
	unsigned int shows = form(word);

	if (shows)
		*shows_ret = shows;
	return shows != 0;
}

/* Standing for themselves, the forms win over the program's names. */
static void take_form(struct ot_compiler *c, struct parts *parts, const struct ot_expr_node *node)
{
	struct ot_expr_node *name = (struct ot_expr_node *)(uintptr_t)node;
	unsigned int shows = node->kind == OT_EXPR_NAME ? form(node->text) : 0;

	parts->shows |= shows;
	if (shows)
		return;
	if (node->kind == OT_EXPR_NAME && ot_cond_named(c, node->text).what == OT_COND_OTHER) {
		if (!strcmp(node->text, "error"))
			name->text = " error";
		else if (!strcmp(node->text, "tagged"))
			name->text = " tagged";
	}
	ot_vec_push(&parts->all, node);
}

static void take_and(struct ot_compiler *c, struct parts *parts, const struct ot_expr_node *node)
{
	if (node->kind != OT_EXPR_BINARY || node->op != OT_TOKEN_AND_AND) {
		ot_vec_push(&parts->all, node);
		return;
	}
	take_and(c, parts, node->left);
	take_and(c, parts, node->right);
}

static void take(struct ot_compiler *c, struct parts *parts, const struct ot_expr_node *node)
{
	if (node->kind == OT_EXPR_BINARY && node->op == OT_TOKEN_COMMA) {
		take(c, parts, node->left);
		take(c, parts, node->right);
	} else if (node->kind == OT_EXPR_NAME) {
		take_form(c, parts, node);
	} else {
		take_and(c, parts, node);
	}
}

/* ------------------------------------------------------------------ programs */

static bool is_late(struct ot_compiler *c, const struct ot_expr_node *node)
{
	return ot_cond_needs(c, node) & OT_COND_LATE;
}

static bool is_logic(const struct ot_expr_node *node)
{
	return node->kind == OT_EXPR_BINARY &&
	       (node->op == OT_TOKEN_AND_AND || node->op == OT_TOKEN_OR_OR);
}

static void finish(struct ot_compiler *c, struct ot_label *no)
{
	if (!no->last)
		return;
	ot_emit_label(c->out, no);
	ot_emit(c->out, OTRACE_CODE_NO, 0, 0);
}

/* Of the parts that are, or are not, late: no as soon as one is false. */
static struct ot_err *write_answer(struct ot_compiler *c, const struct parts *parts, bool late)
{
	const struct ot_expr_node *last = NULL;
	struct ot_label no = {0};

	for (size_t i = 0; i < parts->all.nr; i++) {
		if (is_late(c, parts->all.items[i]) != late)
			continue;
		if (last)
			OT_TRY(ot_cond_branch(c, last, false, &no));
		last = parts->all.items[i];
	}
	if (is_logic(last)) {
		OT_TRY(ot_cond_branch(c, last, false, &no));
		ot_emit(c->out, OTRACE_CODE_YES, 0, 0);
	} else {
		OT_TRY(ot_cond_truth(c, last));
		ot_emit(c->out, OTRACE_CODE_ANSWER, 0, 0);
	}
	finish(c, &no);
	return NULL;
}

/* A value that cannot be read is missed only if the end asks for it. */
static struct ot_err *write_slot(struct ot_compiler *c, uint32_t slot)
{
	struct ot_label tried = {0};
	struct ot_number unused = {0};

	ot_emit_jump(c->out, OTRACE_CODE_TRY, &tried);
	OT_TRY(ot_cond_value(c, c->slots[slot], &unused));
	ot_emit_arg(c->out, OTRACE_CODE_STORE, 0, slot);
	ot_emit_label(c->out, &tried);
	ot_emit(c->out, OTRACE_CODE_TRIED, 0, 0);
	return NULL;
}

static struct ot_err *write_early(struct ot_compiler *c, const struct parts *parts)
{
	struct ot_label no = {0};
	bool any = c->nr_slots != 0;

	for (size_t i = 0; i < parts->all.nr; i++) {
		if (is_late(c, parts->all.items[i]))
			continue;
		OT_TRY(ot_cond_branch(c, parts->all.items[i], false, &no));
		any = true;
	}
	if (!any)
		return NULL;
	if (c->nr_slots)
		ot_emit(c->out, OTRACE_CODE_CLEAR, 0, 0);
	for (uint32_t i = 0; i < c->nr_slots; i++)
		OT_TRY(write_slot(c, i));
	ot_emit(c->out, OTRACE_CODE_YES, 0, 0);
	finish(c, &no);
	return NULL;
}

/* ------------------------------------------------------------------ slots */

static struct ot_err *add_slots(struct ot_compiler *c, const struct ot_expr_node *node)
{
	unsigned int needs = ot_cond_needs(c, node);

	if (needs & OT_COND_LATE) {
		if (node->left)
			OT_TRY(add_slots(c, node->left));
		if (node->right)
			OT_TRY(add_slots(c, node->right));
		return node->third ? add_slots(c, node->third) : NULL;
	}
	if (!(needs & OT_COND_MOVING))
		return NULL;
	if (c->nr_slots == OT_COND_SLOTS)
		return ot_cond_error(c, node, OT_ERR_UNSUPPORTED,
				     "too many values to keep until the call ends (%u at most)",
				     OT_COND_SLOTS);
	c->slots[c->nr_slots++] = node;
	return NULL;
}

/* ------------------------------------------------------------------ all of it */

static struct ot_err *check_end_is_seen(struct ot_compiler *c, const struct ot_expr_node *node)
{
	if (!(c->fn->flags & OTRACE_FN_MUSTTAIL))
		return NULL;
	return ot_cond_error(c, node, OT_ERR_UNSUPPORTED,
			     "this is known when a call ends, and the ends of calls of %s are not "
			     "seen (it is called, or calls, by musttail)",
			     c->fn->unique_name);
}

static struct ot_err *check(struct ot_compiler *c, const struct parts *parts, bool *late)
{
	struct ot_number unused = {0};

	*late = false;
	for (size_t i = 0; i < parts->all.nr; i++) {
		const struct ot_expr_node *node = parts->all.items[i];

		OT_TRY(ot_cond_type(c, node, &unused));
		if (!is_late(c, node))
			continue;
		OT_TRY(check_end_is_seen(c, node));
		OT_TRY(add_slots(c, node));
		*late = true;
	}
	return NULL;
}

static struct ot_err *settle(struct ot_compiler *c, const struct ot_emitter *out,
			     struct otrace_code **code, uint32_t *nr, uint32_t *nr_reads)
{
	const char *wrong = ot_emit_wrong(out);

	if (wrong)
		return ot_err_at(ot_err_new(OT_ERR_UNSUPPORTED, "%s", wrong), c->expr->text, -1);
	*nr = out->nr;
	*nr_reads = out->nr_reads;
	*code = ot_alloc(out->nr * sizeof(**code));
	if (out->nr)
		memcpy(*code, out->code, out->nr * sizeof(**code));
	return NULL;
}

static char *note(const struct ot_compiler *c, const struct parts *parts)
{
	const struct ot_type *type = c->fn->return_type;
	bool bad = false;

	for (size_t i = 0; i < parts->all.nr; i++)
		bad = bad || (parts->all.items[i]->kind == OT_EXPR_NAME &&
			      ot_cond_named(c, parts->all.items[i]->text).what == OT_COND_BAD);
	if (!bad ||
	    (c->fn->nr_return_pieces &&
	     (ot_type_is_pointer(type) || (ot_type_is_integer(type) && ot_type_is_signed(type)))))
		return NULL;
	return ot_asprintf("what %s returns says nothing of errors: only calls that end abnormally "
			   "are shown",
			   c->fn->unique_name);
}

static struct ot_err *write_both(struct ot_compiler *c, const struct parts *parts,
				 const struct ot_cond *cond, struct ot_emitter *enter,
				 struct ot_emitter *leave)
{
	c->out = enter;
	if (cond->is_late)
		OT_TRY(write_early(c, parts));
	else
		OT_TRY(write_answer(c, parts, false));
	c->out = leave;
	c->at_end = true;
	return cond->is_late ? write_answer(c, parts, true) : NULL;
}

static struct ot_err *write_programs(struct ot_compiler *c, const struct parts *parts,
				     struct ot_cond *cond)
{
	struct ot_emitter enter = {0}, leave = {0};
	struct ot_err *err = write_both(c, parts, cond, &enter, &leave);

	c->out = NULL;
	OT_TRY(err);
	OT_TRY(settle(c, &enter, &cond->enter, &cond->nr_enter, &cond->nr_enter_reads));
	return settle(c, &leave, &cond->leave, &cond->nr_leave, &cond->nr_leave_reads);
}

static struct ot_err *compile_parts(struct ot_compiler *c, struct parts *parts,
				    struct ot_cond *cond)
{
	OT_TRY(ot_cond_rewrite(c, c->expr->root));
	take(c, parts, c->expr->root);
	cond->shows = parts->shows ? parts->shows : OT_COND_CALL | OT_COND_RETURN;
	cond->is_all = !parts->all.nr;
	if (cond->is_all)
		return NULL;
	OT_TRY(check(c, parts, &cond->is_late));
	cond->note = note(c, parts);
	return write_programs(c, parts, cond);
}

static struct ot_err *compile(struct ot_compiler *c, const char *text, struct ot_cond *cond)
{
	struct parts parts = {0};
	struct ot_err *err = ot_expr_parse_in(&c->scope, text, &c->expr);

	if (err)
		return err;
	c->eval = (struct ot_evaluator){.expr = c->expr,
					.scope = &c->scope,
					.program = c->program,
					.target = ot_program_target(c->program)};
	err = compile_parts(c, &parts, cond);
	ot_vec_deinit(&parts.all);
	return err;
}

/* The user knows the text as it was typed. */
static struct ot_err *in_typed_text(struct ot_err *err, const char *typed, const char *prepared,
				    const int *places)
{
	int position = err->position;

	if (!err->where || strcmp(err->where, prepared) != 0)
		return err;
	if (position >= 0 && (size_t)position <= strlen(prepared))
		position = places[position];
	return ot_err_at(err, typed, position);
}

static struct ot_err *compile_text(struct ot_program *program, const struct ot_fn *fn,
				   const char *text, bool reads_end, struct ot_cond **ret)
{
	struct ot_compiler c = {.program = program, .fn = fn, .reads_end = reads_end};
	ot_auto_free int *places = NULL;
	ot_auto_free char *prepared = ot_cond_prepare(text, &places);
	struct ot_cond *cond = ot_alloc(sizeof(*cond));
	struct ot_err *err;

	c.scope = (struct ot_expr_scope){.program = program,
					 .fn = fn,
					 .file = fn->file,
					 .local = ot_cond_local,
					 .local_priv = &c};
	cond->text = ot_cond_text(text);
	if (!cond->text[0])
		err = ot_err_new(OT_ERR_USAGE, "the condition is empty");
	else
		err = compile(&c, prepared, cond);
	ot_expr_destroy(c.expr);
	if (err) {
		ot_cond_destroy(cond);
		return in_typed_text(err, text, prepared, places);
	}
	*ret = cond;
	return NULL;
}

struct ot_err *ot_cond_compile(struct ot_program *program, const struct ot_fn *fn, const char *text,
			       struct ot_cond **ret)
{
	return compile_text(program, fn, text, false, ret);
}

/* Where the end is not seen, nothing can be known of it. */
struct ot_err *ot_cond_compile_at_end(struct ot_program *program, const struct ot_fn *fn,
				      const char *text, struct ot_cond **ret)
{
	return compile_text(program, fn, text, !(fn->flags & OTRACE_FN_MUSTTAIL), ret);
}

void ot_cond_destroy(struct ot_cond *cond)
{
	if (!cond)
		return;
	free(cond->text);
	free(cond->note);
	free(cond->enter);
	free(cond->leave);
	free(cond);
}
