// SPDX-License-Identifier: BSD-2-Clause
// What a name means.
#include <ctype.h>
#include <string.h>

#include "base/names.h"
#include "expr/eval.h"
#include "expr/history.h"
#include "model/made.h"

static bool self_member(struct ot_evaluator *e, const char *name, struct ot_value *ret)
{
	const struct ot_value *self = e->scope->self;
	const struct ot_member *member;
	struct ot_value part;
	uint64_t bit_offset = 0;

	if (!self || !ot_type_is_record(self->type))
		return false;
	member = ot_type_find_member(self->type, name, &bit_offset);
	if (!member)
		return false;
	ot_value_member(self, member, bit_offset, &part);
	ot_eval_keep(&part, ret);
	return true;
}

/* The variable that the name means here: a static of the function, of the file, then any. */
struct ot_err *ot_eval_find_var(struct ot_evaluator *e, const struct ot_expr_node *node,
				const struct ot_var **ret)
{
	const struct ot_expr_scope *scope = e->scope;
	struct ot_var *var = ot_program_var(e->program, node->text);
	struct ot_err *err;

	*ret = NULL;
	if (!var)
		return NULL;
	/* "f::count" says whose it is */
	for (struct ot_var *each = var; each && scope->fn && !strstr(node->text, "::");
	     each = each->same_name)
		if (each->scope && !strcmp(each->scope, scope->fn->name) &&
		    each->tu == scope->fn->tu)
			*ret = each;
	for (struct ot_var *each = var; each && scope->file && !*ret; each = each->same_name)
		if (!each->scope && each->file == scope->file)
			*ret = each;
	if (*ret)
		return NULL;
	err = ot_program_find_var(e->program, node->text, ret);
	return err ? ot_err_at(err, e->expr->text, node->position) : NULL;
}

static bool is_compiled_in(const struct ot_fn *fn, const struct ot_file *file)
{
	return file && fn->tu && fn->tu->file && !strcmp(fn->tu->file->tree_name, file->tree_name);
}

/* The file that it was written or compiled in. */
static bool is_of_file(const struct ot_fn *fn, const struct ot_file *file)
{
	return file && (fn->file == file || is_compiled_in(fn, file));
}

/* Copies of a header's function are one; the one to call is as it was written. */
static struct ot_fn *best_copy(const struct ot_evaluator *e, const char *name, struct ot_fn *fn)
{
	struct ot_fn *best = fn;

	if (!fn || strchr(name, '@'))
		return fn;
	for (struct ot_fn *each = ot_program_fn(e->program, name); each; each = each->same_name)
		if (each->symbol && ot_fn_is_same_source(fn, each))
			best = ot_fn_better_copy(best, each, e->scope->file);
	/* macros may have given the copies other code */
	if (e->scope->copy_ret && !e->is_dry && !is_compiled_in(best, e->scope->file) &&
	    ot_fn_nr_copies(e->program, best) > 1)
		*e->scope->copy_ret = best;
	return best;
}

/* The function that the name means here, if it has code: one of the file wins. */
static struct ot_err *scoped_fn(struct ot_evaluator *e, const struct ot_expr_node *node,
				struct ot_fn **ret)
{
	struct ot_err *err = NULL;
	struct ot_fn *first = NULL;

	for (struct ot_fn *fn = ot_program_fn(e->program, node->text); fn; fn = fn->same_name) {
		if (!fn->symbol || (first && first->symbol == fn->symbol))
			continue;
		/* the original comes first, and is what the source's name means */
		if (first && !ot_fn_is_made_copy(first) && ot_fn_is_made_copy(fn))
			continue;
		if (is_of_file(fn, e->scope->file)) {
			ot_err_destroy(err);
			*ret = best_copy(e, node->text, fn);
			return NULL;
		}
		if (first && ot_fn_is_same_source(first, fn))
			continue;
		if (first && !err && !strchr(node->text, '@')) {
			err = ot_eval_error(e, node, OT_ERR_AMBIGUOUS,
					    "several functions are called \"%s\"", node->text);
			ot_err_near(err, first->unique_name);
		}
		if (err)
			ot_err_near(err, fn->unique_name);
		first = first ? first : fn;
	}
	*ret = best_copy(e, node->text, first);
	return err;
}

static struct ot_err *name_not_found(struct ot_evaluator *e, const struct ot_expr_node *node)
{
	const struct ot_value *self = e->scope->self;
	const struct ot_fn *fn = ot_program_fn(e->program, node->text);
	const struct ot_type *type = ot_program_type(e->program, node->text, -1);
	ot_auto_free char *hint = NULL;
	struct ot_nearest nearest;
	struct ot_err *err;

	if (fn) {
		err = ot_fn_untraceable(fn);
		return err ? err
			   : ot_eval_error(e, node, OT_ERR_NOT_FOUND, "%s has no address",
					   node->text);
	}
	if (type)
		return ot_eval_error(e, node, OT_ERR_TYPE,
				     "\"%s\" is a type; a cast is (%s)x, its size sizeof(%s)",
				     node->text, node->text, node->text);
	hint = e->scope->hint ? e->scope->hint(e->scope->local_priv, node->text) : NULL;
	/* no misspelt name, and no command that was meant */
	if (hint)
		return ot_eval_error(e, node, OT_ERR_USAGE,
				     "no variable, function or constant \"%s\"; %s", node->text,
				     hint);
	err = ot_eval_error(e, node, OT_ERR_NOT_FOUND, "no variable, function or constant \"%s\"",
			    node->text);
	if (self && ot_type_is_record(self->type)) {
		const struct ot_type *plain = ot_type_strip(self->type);

		ot_nearest_init(&nearest, node->text);
		for (uint32_t i = 0; i < plain->nr_members; i++)
			if (plain->members[i].name)
				ot_nearest_offer(&nearest, plain->members[i].name);
		ot_nearest_add_to(&nearest, err);
	}
	return ot_program_nearest(e->program, node->text, err);
}

/* "$", "$$", "$12" */
static struct ot_err *eval_result(struct ot_evaluator *e, const struct ot_expr_node *node,
				  struct ot_value *ret)
{
	const struct ot_history *history = e->scope->history;
	size_t last = history ? ot_history_last(history) : 0;
	const struct ot_value *found = e->scope->self;
	const char *text = node->text;

	if (!text[1] && !found)
		return ot_eval_error(e, node, OT_ERR_NOT_FOUND,
				     "$ is the object of the current directory, and there is none "
				     "here (cd goes into one; $$ is the last result)");
	if (!text[1]) {
		ot_eval_keep(found, ret);
		return NULL;
	}
	found = NULL;
	if (history)
		found = ot_history_get(history,
				       text[1] == '$' ? last : strtoull(text + 1, NULL, 10));
	if (!found && !last)
		return ot_eval_error(e, node, OT_ERR_NOT_FOUND, "there is no earlier result");
	if (!found)
		return ot_eval_error(e, node, OT_ERR_NOT_FOUND,
				     "there is no result %s; the last one is $%zu", text, last);
	ot_eval_keep(found, ret);
	return NULL;
}

static struct ot_err *eval_var(struct ot_evaluator *e, const struct ot_expr_node *node,
			       const struct ot_var *var, struct ot_value *ret)
{
	struct ot_err *err;

	if (e->is_dry) {
		ot_value_at(var->type, 0, ret);
		return NULL;
	}
	err = ot_value_of_var(e->program, var, e->scope->tid, ret);
	if (!err && ret->address && e->scope->access)
		e->scope->access(e->scope->access_priv, var, ret->address, var->size_bytes);
	return err ? ot_err_at(err, e->expr->text, node->position) : NULL;
}

/* FUNCTION[@file.c] and the name of a static of it, as the program calls that. */
static char *static_name(const char *function, const char *name, const char *file)
{
	size_t len = strcspn(function, "@");
	const char *at = function[len] ? function + len : "";

	return ot_asprintf("%.*s::%s%s%s", (int)len, function, name, *at || !file ? at : "@",
			   *at || !file ? "" : file);
}

static struct ot_err *find_static(struct ot_evaluator *e, const struct ot_expr_node *node,
				  const struct ot_var **ret)
{
	const struct ot_file *file = e->scope->file;
	const char *function = node->left->text;
	ot_auto_free char *name = static_name(function, node->text, NULL);
	ot_auto_free char *here = static_name(function, node->text, file ? file->name : NULL);
	struct ot_err *err = NULL;

	if (file && ot_program_var(e->program, here))
		err = ot_program_find_var(e->program, here, ret);
	else if (ot_program_var(e->program, name))
		err = ot_program_find_var(e->program, name, ret);
	return err ? ot_err_at(err, e->expr->text, node->position) : NULL;
}

struct ot_err *ot_eval_static(struct ot_evaluator *e, const struct ot_expr_node *node, bool *found,
			      struct ot_value *ret)
{
	const struct ot_var *var = NULL;

	*found = false;
	if (node->kind != OT_EXPR_MEMBER || node->left->kind != OT_EXPR_NAME ||
	    node->left->text[0] == '$')
		return NULL;
	OT_TRY(find_static(e, node, &var));
	*found = var != NULL;
	return var ? eval_var(e, node, var, ret) : NULL;
}

uint32_t ot_eval_name_align(struct ot_evaluator *e, const struct ot_expr_node *node)
{
	const struct ot_value *self = e->scope->self;
	const struct ot_var *var = NULL;
	uint64_t bit_offset;

	if (self && ot_type_is_record(self->type) &&
	    ot_type_find_member(self->type, node->text, &bit_offset))
		return 0;
	ot_err_destroy(ot_eval_find_var(e, node, &var));
	return var ? var->align_bytes : 0;
}

static bool eval_local(struct ot_evaluator *e, const struct ot_expr_node *node,
		       struct ot_value *ret, struct ot_err **err)
{
	ot_auto_value struct ot_value value = {0};

	if (!e->scope->local(e->scope->local_priv, node->text, &value, err))
		return false;
	if (*err)
		ot_err_at(*err, e->expr->text, node->position);
	else
		ot_eval_move(&value, ret);
	return true;
}

/* Words of C that are no names of the program's. */
static bool eval_word(struct ot_evaluator *e, const char *word, struct ot_value *ret)
{
	const struct ot_type *type;

	if (!strcmp(word, "NULL") || !strcmp(word, "nullptr")) {
		type = ot_program_pointer_to(e->program, ot_program_void(e->program));
		ot_value_of_u64(type, 0, ret);
		return true;
	}
	/* <stdbool.h> has them as numbers; to C23 alone they are _Bool */
	if (!strcmp(word, "true") || !strcmp(word, "false")) {
		ot_eval_int(e, word[0] == 't', ret);
		return true;
	}
	return false;
}

struct ot_err *ot_eval_name(struct ot_evaluator *e, const struct ot_expr_node *node,
			    struct ot_value *ret)
{
	const struct ot_enumerator *enumerator;
	const struct ot_type *type = NULL;
	const struct ot_var *var = NULL;
	const char *text = node->text;
	struct ot_fn *fn = NULL;
	struct ot_err *err = NULL;

	if (text[0] == '$' && (!text[1] || text[1] == '$' || isdigit((unsigned char)text[1])))
		return eval_result(e, node, ret);
	if (self_member(e, text, ret))
		return NULL;
	if (e->scope->local && eval_local(e, node, ret, &err))
		return err;
	OT_TRY(ot_eval_find_var(e, node, &var));
	if (var)
		return eval_var(e, node, var, ret);
	OT_TRY(scoped_fn(e, node, &fn));
	if (fn) {
		ot_value_at(ot_program_fn_type(e->program, fn), fn->symbol, ret);
		return NULL;
	}
	err = ot_program_enumerator(e->program, text, e->scope->file, &enumerator, &type);
	if (err)
		return ot_err_at(err, e->expr->text, node->position);
	if (enumerator) {
		ot_value_of_u64(type, (uint64_t)enumerator->value, ret);
		e->is_enumerator = true;
		return NULL;
	}
	return eval_word(e, text, ret) ? NULL : name_not_found(e, node);
}
