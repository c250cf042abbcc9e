// SPDX-License-Identifier: BSD-2-Clause
// Everything by name and by address, made anew when modules came or went.
#include <string.h>

#include "base/order.h"
#include "model/internal.h"

static int compare_fns(const void *a, const void *b)
{
	const struct ot_fn *left = *(struct ot_fn *const *)a;
	const struct ot_fn *right = *(struct ot_fn *const *)b;
	int order = strcmp(left->name, right->name);

	/* those with a stub first: they are what a name means when it means one */
	if (!order)
		order = (left->stub == 0) - (right->stub == 0);
	return order ? order : (left->index > right->index) - (left->index < right->index);
}

static int compare_vars(const void *a, const void *b)
{
	const struct ot_var *left = *(struct ot_var *const *)a;
	const struct ot_var *right = *(struct ot_var *const *)b;
	int order = strcmp(left->name, right->name);

	/* variables before statics of functions, what is there before what is not, what all files
	 * see before what one sees */
	if (!order)
		order = (left->scope != NULL) - (right->scope != NULL);
	if (!order)
		order = (left->address == 0) - (right->address == 0);
	if (!order)
		order = (int)(left->flags & OTRACE_VAR_STATIC) -
			(int)(right->flags & OTRACE_VAR_STATIC);
	return order ? order : (left->record > right->record) - (left->record < right->record);
}

static int compare_types(const void *a, const void *b)
{
	const struct ot_type *left = *(const struct ot_type *const *)a;
	const struct ot_type *right = *(const struct ot_type *const *)b;
	int order = strcmp(left->name, right->name);

	if (!order)
		order = (right->kind == OTRACE_TYPE_TYPEDEF) - (left->kind == OTRACE_TYPE_TYPEDEF);
	if (!order)
		order = strcmp(left->file ? left->file : "", right->file ? right->file : "");
	if (!order)
		order = (left->line > right->line) - (left->line < right->line);
	return order ? order : (left->hash > right->hash) - (left->hash < right->hash);
}

static const struct ot_file *unit_file(const struct ot_tu *tu, const struct ot_file *file)
{
	return tu && tu->file ? tu->file : file;
}

static const char *unique_text(struct ot_program *program, const char *scope, const char *name,
			       const char *file)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	if (scope)
		ot_buf_addf(&text, "%s::", scope);
	ot_buf_adds(&text, name);
	if (file)
		ot_buf_addf(&text, "@%s", file);
	return ot_arena_strndup(&program->arena, ot_buf_text(&text), text.len);
}

static bool same_source(const struct ot_fn *a, const struct ot_fn *b)
{
	return a->line_begin == b->line_begin && a->file && b->file &&
	       !strcmp(a->file->name, b->file->name) && ot_file_same_content(a->file, b->file);
}

/* Names for functions nr of which share one: copies of one source function keep it, or are called as
 * the compiler called them; others get their file's last component, or the whole path where that is
 * shared too. */
static void name_fn_group(struct ot_program *program, struct ot_fn **group, size_t nr)
{
	bool copies = true;

	for (size_t i = 1; i < nr; i++)
		copies = copies && same_source(group[0], group[i]);
	for (size_t i = 0; i < nr; i++) {
		const struct ot_file *file = unit_file(group[i]->tu, group[i]->file);
		bool shared = false;

		group[i]->unique_name = group[i]->name;
		if (nr > 1 && copies && ot_fn_is_made_copy(group[i]))
			group[i]->unique_name = group[i]->linkage_name;
		if (nr == 1 || copies || !file)
			continue;
		for (size_t j = 0; j < nr && nr < 64; j++) {
			const struct ot_file *other = unit_file(group[j]->tu, group[j]->file);

			shared = shared || (j != i && other && other != file &&
					    strcmp(other->tree_name, file->tree_name) &&
					    !strcmp(other->short_name, file->short_name));
		}
		group[i]->unique_name = unique_text(program, NULL, group[i]->name,
						    shared ? file->tree_name : file->short_name);
	}
}

static void index_fns(struct ot_program *program)
{
	struct ot_fn **fns;
	size_t end;

	program->fns.nr = 0;
	ot_vec_reserve(&program->fns, program->all_fns.nr);
	for (size_t i = 0; i < program->all_fns.nr; i++)
		if (!program->all_fns.items[i]->module->unloaded)
			ot_vec_push(&program->fns, program->all_fns.items[i]);
	fns = program->fns.items;
	if (program->fns.nr)
		ot_order_by_name(fns, program->fns.nr, offsetof(struct ot_fn, name), compare_fns);
	for (size_t i = 0; i < program->fns.nr; i = end) {
		for (end = i + 1; end < program->fns.nr; end++) {
			if (strcmp(fns[i]->name, fns[end]->name))
				break;
			fns[end - 1]->same_name = fns[end];
		}
		fns[end - 1]->same_name = NULL;
		name_fn_group(program, fns + i, end - i);
	}
	program->renamed.nr = 0;
	for (size_t i = 0; i < program->fns.nr; i++)
		if (fns[i]->linkage_name != fns[i]->name)
			ot_vec_push(&program->renamed, fns[i]);
}

static void name_var_group(struct ot_program *program, struct ot_var **group, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const struct ot_file *file = unit_file(group[i]->tu, group[i]->file);
		bool shared = false;

		group[i]->unique_name = group[i]->name;
		if (nr == 1 && !group[i]->scope)
			continue;
		for (size_t j = 0; j < nr && nr < 256 && !shared; j++)
			shared = j != i &&
				 (group[i]->scope ? group[j]->scope && !strcmp(group[i]->scope,
									       group[j]->scope)
						  : !group[j]->scope);
		group[i]->unique_name =
			unique_text(program, group[i]->scope, group[i]->name,
				    (shared || nr >= 256) && file ? file->short_name : NULL);
	}
}

static void index_vars(struct ot_program *program)
{
	struct ot_var **vars;
	size_t end;

	program->vars.nr = 0;
	ot_vec_reserve(&program->vars, program->all_vars.nr);
	for (size_t i = 0; i < program->all_vars.nr; i++)
		if (!program->all_vars.items[i]->module->unloaded)
			ot_vec_push(&program->vars, program->all_vars.items[i]);
	vars = program->vars.items;
	if (program->vars.nr)
		ot_order_by_name(vars, program->vars.nr, offsetof(struct ot_var, name),
				 compare_vars);
	for (size_t i = 0; i < program->vars.nr; i = end) {
		for (end = i + 1; end < program->vars.nr; end++) {
			if (strcmp(vars[i]->name, vars[end]->name))
				break;
			vars[end - 1]->same_name = vars[end];
		}
		vars[end - 1]->same_name = NULL;
		name_var_group(program, vars + i, end - i);
	}
}

#define GROUP_MAX 64 /* of one name; more are not compared with each other */

/* A typedef of the struct of the same name is that struct to everybody who writes the name. */
static bool is_second_name(const struct ot_type *type, const struct ot_type *before)
{
	return before && before->kind == OTRACE_TYPE_TYPEDEF && !strcmp(type->name, before->name) &&
	       ot_type_strip(before) == ot_type_strip(type);
}

static bool has_first_name(struct ot_type *const *before, size_t nr, const struct ot_type *type)
{
	for (size_t i = 0; i < nr && i < GROUP_MAX; i++)
		if (is_second_name(type, before[i]))
			return true;
	return false;
}

static void name_type_group(struct ot_program *program, struct ot_type **group, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const char *slash = group[i]->file ? strrchr(group[i]->file, '/') : NULL;
		bool other = false;

		for (size_t j = 0; j < nr && nr < 64; j++)
			other = other || (j != i && !is_second_name(group[i], group[j]) &&
					  !is_second_name(group[j], group[i]));
		group[i]->unique_name = group[i]->name;
		if (other && group[i]->file && i > 0)
			group[i]->unique_name = unique_text(program, NULL, group[i]->name,
							    slash ? slash + 1 : group[i]->file);
	}
}

/* ------------------------------------------------------------------ one type, read several times */

#define DERIVED_MAX_DEPTH 32

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The path of a file depends on who includes it from where. */
static const char *last_component(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static bool same_place(const struct ot_type *a, const struct ot_type *b)
{
	return a->kind == b->kind && same_text(a->name, b->name) && a->line == b->line &&
	       same_text(last_component(a->file), last_component(b->file)) &&
	       ot_type_size(a) == ot_type_size(b);
}

enum comparison {
	COMPARE_ALL,
	COMPARE_KNOWN /* what is only declared may be what the other one has the definition of */
};

/* Whether two types are written the same way of types from the same places. */
static bool same_reference(const struct ot_type *a, const struct ot_type *b, enum comparison how,
			   int depth)
{
	a = a->complete ? a->complete : a;
	b = b->complete ? b->complete : b;
	if (a == b)
		return true;
	if (how == COMPARE_KNOWN && (a->flags | b->flags) & OTRACE_TYPE_FLAG_INCOMPLETE &&
	    a->kind == b->kind && same_text(a->name, b->name))
		return true;
	if (a->kind != b->kind || a->count != b->count || a->flags != b->flags ||
	    depth > DERIVED_MAX_DEPTH)
		return false;
	if (a->kind == OTRACE_TYPE_FUNCTION) {
		if (a->nr_members != b->nr_members)
			return false;
		for (uint32_t i = 0; i < a->nr_members; i++)
			if (!same_reference(a->members[i].type, b->members[i].type, how, depth + 1))
				return false;
	} else if (a->name || !a->target || a->kind == OTRACE_TYPE_ENUM) {
		/* several headers may say what size_t is */
		return same_place(a, b) ||
		       (a->kind == OTRACE_TYPE_TYPEDEF && same_text(a->name, b->name) &&
			same_reference(a->target, b->target, how, depth + 1));
	}
	return same_reference(a->target, b->target, how, depth + 1);
}

/* A struct with a pointer to another one is not the same to a file that has the definition of that
 * and to one that has not, so it was stored for both. */
static bool same_definition(const struct ot_type *a, const struct ot_type *b, enum comparison how)
{
	if (!a->file || !a->line || !same_place(a, b) || a->nr_members != b->nr_members)
		return false;
	if (a->kind == OTRACE_TYPE_TYPEDEF)
		return same_reference(a->target, b->target, how, 0);
	for (uint32_t i = 0; i < a->nr_members; i++) {
		if (a->kind == OTRACE_TYPE_ENUM) {
			if (strcmp(a->enumerators[i].name, b->enumerators[i].name) ||
			    a->enumerators[i].value != b->enumerators[i].value)
				return false;
		} else if (!same_text(a->members[i].name, b->members[i].name) ||
			   a->members[i].bit_offset != b->members[i].bit_offset ||
			   a->members[i].bit_size != b->members[i].bit_size ||
			   !same_reference(a->members[i].type, b->members[i].type, how, 0)) {
			return false;
		}
	}
	return true;
}

/* Makes those of one name that have the same definition one; returns how many are left. */
static size_t unite_types(struct ot_type **group, size_t nr)
{
	size_t left = 0;

	for (size_t i = 0; i < nr; i++) {
		struct ot_type *first = NULL;

		for (size_t j = 0; j < left && j < GROUP_MAX && !first; j++)
			if (same_definition(group[j], group[i], COMPARE_ALL))
				first = group[j];
		if (!first)
			group[left++] = group[i];
		else if (group[i]->kind != OTRACE_TYPE_TYPEDEF && !group[i]->complete)
			group[i]->complete = first;
		if (first)
			group[i]->unique_name = first->name;
	}
	return left;
}

static bool same_tag_kind(enum otrace_type_kind a, enum otrace_type_kind b)
{
	/* C++ may declare a struct and define a class */
	return a == b || (a == OTRACE_TYPE_STRUCT && b == OTRACE_TYPE_CLASS) ||
	       (a == OTRACE_TYPE_CLASS && b == OTRACE_TYPE_STRUCT);
}

/* The first of those of a name, in a list that is sorted. */
static const struct ot_type *first_named(struct ot_type *const *named, size_t nr, const char *name)
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(named[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < nr && !strcmp(named[low]->name, name) ? named[low] : NULL;
}

/* What one file only declares, another one may define; if several do, each in its own way, nobody
 * knows which one is meant. */
static void complete_type(struct ot_type *const *named, size_t nr, struct ot_type *type)
{
	const struct ot_type *found = NULL;
	const struct ot_type *other = first_named(named, nr, type->name);

	for (; other; other = other->same_name) {
		if (!same_tag_kind(type->kind, other->kind))
			continue;
		if (found && !same_definition(found, other, COMPARE_KNOWN))
			return;
		found = found ? found : other;
	}
	type->complete = found;
}

static void complete_types(struct ot_program *program, struct ot_type *const *named, size_t nr)
{
	for (size_t i = 0; i < program->all_types.nr; i++) {
		struct ot_type *type = program->all_types.items[i];

		if (type->flags & OTRACE_TYPE_FLAG_INCOMPLETE && type->name && !type->complete &&
		    !type->is_local)
			complete_type(named, nr, type);
	}
}

/* Sorts those that have a name and a definition, and links those that share one. */
static size_t link_types(struct ot_program *program, struct ot_type **named)
{
	size_t nr = 0;

	for (size_t i = 0; i < program->all_types.nr; i++) {
		struct ot_type *type = program->all_types.items[i];

		if (type->name && type->kind != OTRACE_TYPE_VOID && !type->is_local &&
		    !(type->flags & OTRACE_TYPE_FLAG_INCOMPLETE))
			named[nr++] = type;
	}
	ot_order_by_name(named, nr, offsetof(struct ot_type, name), compare_types);
	for (size_t i = 0; i < nr; i++) {
		named[i]->same_name = NULL;
		if (i && !strcmp(named[i - 1]->name, named[i]->name))
			named[i - 1]->same_name = named[i];
	}
	return nr;
}

static void index_types(struct ot_program *program)
{
	ot_auto_free struct ot_type **named =
		ot_realloc(NULL, program->all_types.nr, sizeof(*named));
	size_t nr = link_types(program, named);
	size_t end;

	complete_types(program, named, nr);
	program->types.nr = 0;
	for (size_t i = 0; i < nr; i = end) {
		size_t left;

		for (end = i + 1; end < nr && !strcmp(named[i]->name, named[end]->name);)
			end++;
		left = unite_types(named + i, end - i);
		name_type_group(program, named + i, left);
		for (size_t j = i; j < i + left; j++)
			if (!has_first_name(named + i, j - i, named[j]))
				ot_vec_push(&program->types, named[j]);
	}
}

void ot_program_index(struct ot_program *program)
{
	program->revision++;
	ot_map_deinit(&program->fn_by_name);
	ot_map_deinit(&program->var_by_name);
	ot_map_deinit(&program->type_by_name);
	ot_map_deinit(&program->fn_by_address);
	ot_map_deinit(&program->fn_by_record);
	index_fns(program);
	index_vars(program);
	index_types(program);
}
