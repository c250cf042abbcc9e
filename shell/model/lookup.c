// SPDX-License-Identifier: BSD-2-Clause
// From what a user writes to what is meant.
#include <string.h>

#include "model/internal.h"
#include "model/made.h"

/* NAME@file.c in its two parts; the second is NULL when there is none. */
struct wanted {
	char *name;
	const char *file;
};

static void wanted_init(struct wanted *wanted, const char *text)
{
	char *at;

	wanted->name = ot_strdup(text);
	at = strrchr(wanted->name, '@');
	wanted->file = NULL;
	if (at) {
		*at = '\0';
		wanted->file = at + 1;
	}
}

static void wanted_deinit(struct wanted *wanted)
{
	free(wanted->name);
}

#define auto_wanted __attribute__((cleanup(wanted_deinit)))

/* Whether a path is the pattern or ends in it behind a slash. */
static bool path_matches(const char *path, const char *pattern)
{
	const char *end = path;

	if (ot_glob_match(pattern, path))
		return true;
	while ((end = strchr(end, '/'))) {
		end++;
		if (ot_glob_match(pattern, end))
			return true;
	}
	return false;
}

bool ot_file_matches(const struct ot_file *file, const char *pattern)
{
	return file &&
	       (path_matches(file->name, pattern) || path_matches(file->tree_name, pattern));
}

static bool place_matches(const struct ot_file *file, const struct ot_tu *tu, const char *pattern)
{
	return !pattern || ot_file_matches(file, pattern) ||
	       (tu && ot_file_matches(tu->file, pattern));
}

static bool fn_matches(const struct ot_fn *fn, const struct wanted *wanted)
{
	return place_matches(fn->file, fn->tu, wanted->file);
}

/* What the symbol is called, where the source calls it otherwise. */
static bool is_linkage_name(const struct ot_fn *fn, const struct wanted *wanted)
{
	return !strcmp(fn->linkage_name, wanted->name) && fn_matches(fn, wanted);
}

/* ------------------------------------------------------------------ nearest names */

static void offer_fns(const struct ot_program *program, struct ot_nearest *nearest)
{
	for (size_t i = 0; i < program->fns.nr; i++)
		if (!i || program->fns.items[i]->name != program->fns.items[i - 1]->name)
			ot_nearest_offer(nearest, program->fns.items[i]->name);
}

static struct ot_err *fn_not_found(const struct ot_program *program, const char *pattern)
{
	struct ot_err *err = ot_err_new(OT_ERR_NOT_FOUND, "no function \"%s\"", pattern);
	auto_wanted struct wanted wanted = {0};
	struct ot_nearest nearest;
	const struct ot_fn *fn;

	wanted_init(&wanted, pattern);
	/* the name is right and the file wrong: say where it is */
	for (fn = ot_program_fns_named(program, wanted.name); fn; fn = fn->same_name)
		ot_err_near(err, fn->unique_name);
	if (err->nr_nearest || ot_glob_is(pattern))
		return err;
	ot_nearest_init(&nearest, wanted.name);
	offer_fns(program, &nearest);
	ot_nearest_add_to(&nearest, err);
	return err;
}

struct ot_err *ot_program_nearest(const struct ot_program *program, const char *name,
				  struct ot_err *err)
{
	struct ot_nearest nearest;

	ot_nearest_init(&nearest, name);
	offer_fns(program, &nearest);
	for (size_t i = 0; i < program->vars.nr; i++)
		ot_nearest_offer(&nearest, program->vars.items[i]->unique_name);
	for (size_t i = 0; i < program->types.nr; i++)
		ot_nearest_offer(&nearest, program->types.items[i]->unique_name);
	ot_nearest_add_to(&nearest, err);
	return err;
}

/* ------------------------------------------------------------------ functions */

struct ot_err *ot_program_find_fns(const struct ot_program *program, const char *pattern,
				   struct ot_fn_list *list)
{
	auto_wanted struct wanted wanted = {0};
	size_t before = list->nr;

	wanted_init(&wanted, pattern);
	if (!ot_glob_is(wanted.name)) {
		struct ot_fn *fn = ot_program_fns_named(program, wanted.name);

		for (; fn; fn = fn->same_name)
			if (fn_matches(fn, &wanted))
				ot_vec_push(list, fn);
		for (size_t i = 0; list->nr == before && i < program->renamed.nr; i++)
			if (is_linkage_name(program->renamed.items[i], &wanted))
				ot_vec_push(list, program->renamed.items[i]);
	} else {
		for (size_t i = 0; i < program->fns.nr; i++)
			if (ot_glob_match(wanted.name, program->fns.items[i]->name) &&
			    fn_matches(program->fns.items[i], &wanted))
				ot_vec_push(list, program->fns.items[i]);
	}
	return list->nr == before ? fn_not_found(program, pattern) : NULL;
}

bool ot_fn_is_made_copy(const struct ot_fn *fn)
{
	return strcmp(fn->linkage_name, fn->name) != 0 && strncmp(fn->linkage_name, "_Z", 2) != 0;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* A file may have been another one when each of two modules was compiled. */
bool ot_file_same_content(const struct ot_file *a, const struct ot_file *b)
{
	return !a->hash_kind || a->hash_kind != b->hash_kind ||
	       !memcmp(a->hash, b->hash, sizeof(a->hash));
}

static bool same_file(const struct ot_file *a, const struct ot_file *b)
{
	return a == b || (a && b && same_text(a->name, b->name) &&
			  (a->name[0] == '/' || same_text(a->directory, b->directory)) &&
			  ot_file_same_content(a, b));
}

/* Macros may make one line of a header many functions: those have other types. */
static bool same_types(const struct ot_fn *a, const struct ot_fn *b)
{
	if (a->nr_params != b->nr_params ||
	    !ot_type_is_same(ot_type_strip(a->return_type), ot_type_strip(b->return_type)))
		return false;
	for (uint32_t i = 0; i < a->nr_params; i++)
		if (!ot_type_is_same(ot_type_strip(a->params[i].type),
				     ot_type_strip(b->params[i].type)))
			return false;
	return true;
}

bool ot_fn_is_same_source(const struct ot_fn *a, const struct ot_fn *b)
{
	return a == b || (a->line_begin && a->line_begin == b->line_begin && a->file &&
			  same_file(a->file, b->file) && !strcmp(a->name, b->name) &&
			  !ot_fn_is_made_copy(a) && !ot_fn_is_made_copy(b) && same_types(a, b));
}

static int copy_worth(const struct ot_fn *fn, const struct ot_file *file)
{
	bool has_code = fn->symbol || fn->body;
	bool is_whole =
		!(fn->assumes & (OTRACE_ASSUME_ARGUMENT_CHANGED | OTRACE_ASSUME_ARGUMENT_DROPPED |
				 OTRACE_ASSUME_RESULT_DROPPED));

	return has_code * 8 + is_whole * 4 + (fn->stub != 0) * 2 +
	       (file && fn->tu && same_file(fn->tu->file, file));
}

struct ot_fn *ot_fn_better_copy(struct ot_fn *a, struct ot_fn *b, const struct ot_file *file)
{
	return copy_worth(b, file) > copy_worth(a, file) ? b : a;
}

/* The copies are named: the name asked for means the rest, whose calls they took. */
static struct ot_err *ambiguous(const char *name, const struct ot_fn_list *list)
{
	struct ot_err *err;
	size_t nr_made = 0;

	for (size_t i = 0; i < list->nr; i++)
		nr_made += ot_fn_is_made_copy(list->items[i]);
	if (nr_made)
		err = ot_err_new(OT_ERR_AMBIGUOUS,
				 "the compiler made %zu %s of \"%s\" for some callers", nr_made,
				 nr_made == 1 ? "copy" : "copies", name);
	else
		err = ot_err_new(OT_ERR_AMBIGUOUS, "%zu functions are called \"%s\"", list->nr,
				 name);
	for (size_t i = 0; i < list->nr; i++)
		if (!nr_made || strcmp(list->items[i]->unique_name, name) != 0)
			ot_err_near(err, list->items[i]->unique_name);
	return err;
}

/* What the name means when it means one thing: copies of one definition are one, and those that are
 * left nowhere do not stand in the way of others. NULL: it means several. */
static struct ot_fn *the_one(const struct ot_fn_list *list)
{
	struct ot_fn *ret = list->items[0];

	for (size_t i = 1; i < list->nr; i++)
		if (list->items[i]->stub && !ret->stub)
			ret = list->items[i];
	for (size_t i = 0; i < list->nr; i++) {
		struct ot_fn *fn = list->items[i];

		if (ret->stub && !fn->stub)
			continue;
		if (!ot_fn_is_same_source(ret, fn))
			return NULL;
		ret = ot_fn_better_copy(ret, fn, NULL);
	}
	return ret;
}

struct ot_err *ot_program_find_fn(const struct ot_program *program, const char *name,
				  struct ot_fn **ret)
{
	struct ot_fn_list list = {0};
	struct ot_err *err = ot_program_find_fns(program, name, &list);
	struct ot_fn *found = err ? NULL : the_one(&list);

	if (!err && !found)
		err = ambiguous(name, &list);
	if (found)
		*ret = found;
	ot_vec_deinit(&list);
	return err;
}

struct ot_fn *ot_program_fn(const struct ot_program *program, const char *name)
{
	auto_wanted struct wanted wanted = {0};
	struct ot_fn *fn;

	wanted_init(&wanted, name);
	fn = ot_program_fns_named(program, wanted.name);
	while (fn && !fn_matches(fn, &wanted))
		fn = fn->same_name;
	for (size_t i = 0; !fn && i < program->renamed.nr; i++)
		if (is_linkage_name(program->renamed.items[i], &wanted))
			fn = program->renamed.items[i];
	return fn;
}

/* ------------------------------------------------------------------ variables */

static struct ot_var *find_var(const struct ot_program *program, const struct wanted *wanted)
{
	char *colons = strstr(wanted->name, "::");
	struct ot_var *var;

	/* fn::name of a static in a function; C++ names have colons of their own */
	var = ot_program_vars_named(program, wanted->name);
	while (var && !place_matches(var->file, var->tu, wanted->file))
		var = var->same_name;
	for (; !var && colons; colons = strstr(colons + 2, "::")) {
		size_t len = (size_t)(colons - wanted->name);

		var = ot_program_vars_named(program, colons + 2);
		while (var && !(var->scope && strlen(var->scope) == len &&
				!strncmp(var->scope, wanted->name, len) &&
				place_matches(var->file, var->tu, wanted->file)))
			var = var->same_name;
	}
	return var;
}

struct ot_var *ot_program_var(const struct ot_program *program, const char *name)
{
	auto_wanted struct wanted wanted = {0};

	wanted_init(&wanted, name);
	return find_var(program, &wanted);
}

/* Whether a name without a file may mean this one or another just as well. */
static bool is_rival(const struct ot_var *var, const struct ot_var *other, const char *name)
{
	if (!other->address && !(other->flags & OTRACE_VAR_CONSTANT_VALUE))
		return false;
	if (!var->scope != !other->scope || (var->scope && strcmp(var->scope, other->scope) != 0))
		return var->scope && !strstr(name, "::");
	return (other->flags & OTRACE_VAR_STATIC) != 0;
}

struct ot_err *ot_program_find_var(const struct ot_program *program, const char *name,
				   const struct ot_var **ret)
{
	struct ot_var *var = ot_program_var(program, name);
	struct ot_err *err = NULL;

	if (!var)
		return ot_program_nearest(program, name,
					  ot_err_new(OT_ERR_NOT_FOUND, "no variable \"%s\"", name));
	for (const struct ot_var *other = var->same_name; other && !strchr(name, '@');
	     other = other->same_name) {
		if (!is_rival(var, other, name))
			continue;
		if (!err) {
			err = ot_err_new(OT_ERR_AMBIGUOUS, "several variables are called \"%s\"",
					 name);
			ot_err_near(err, var->unique_name);
		}
		ot_err_near(err, other->unique_name);
	}
	if (err)
		return err;
	*ret = var;
	return NULL;
}

/* ------------------------------------------------------------------ types */

const struct ot_type *ot_program_type(const struct ot_program *program, const char *name, int kind)
{
	auto_wanted struct wanted wanted = {0};
	const struct ot_type *type;

	wanted_init(&wanted, name);
	for (type = ot_program_types_named(program, wanted.name); type; type = type->same_name)
		if ((kind < 0 || type->kind == (enum otrace_type_kind)kind ||
		     (kind == OTRACE_TYPE_STRUCT && type->kind == OTRACE_TYPE_CLASS)) &&
		    (!wanted.file || (type->file && path_matches(type->file, wanted.file))))
			return type;
	return NULL;
}

const struct ot_type *ot_program_type_rival(const struct ot_program *program,
					    const struct ot_type *type)
{
	const struct ot_type *plain = ot_type_strip(type), *other;

	for (other = type->name ? ot_program_types_named(program, type->name) : NULL; other;
	     other = other->same_name) {
		const struct ot_type *rival = ot_type_strip(other);

		if (other->kind == type->kind && !(rival->flags & OTRACE_TYPE_FLAG_INCOMPLETE) &&
		    !ot_type_is_same(rival, plain))
			return other;
	}
	return NULL;
}

static void index_enumerators(struct ot_program *program)
{
	for (; program->nr_enum_types < program->all_types.nr; program->nr_enum_types++) {
		const struct ot_type *type = program->all_types.items[program->nr_enum_types];

		for (uint32_t i = 0;
		     type->kind == OTRACE_TYPE_ENUM && !type->is_local && i < type->nr_members;
		     i++) {
			struct ot_enum_entry *entry =
				ot_arena_alloc(&program->arena, sizeof(*entry));

			entry->enumerator = &type->enumerators[i];
			entry->type = type;
			entry->same_name =
				ot_map_get_text(&program->enum_by_name, entry->enumerator->name);
			ot_map_set_text(&program->enum_by_name, entry->enumerator->name, entry);
		}
	}
}

static const struct ot_enum_entry *enum_entries(const struct ot_program *program, const char *name)
{
	/* the index is a cache: made when an expression first has a name that nothing else has */
	index_enumerators((struct ot_program *)program);
	return ot_map_get_text(&program->enum_by_name, name);
}

static struct ot_err *several_enumerators(const struct ot_enum_entry *entry)
{
	struct ot_err *err = ot_err_new(OT_ERR_AMBIGUOUS, "several constants are called \"%s\"",
					entry->enumerator->name);

	for (; entry; entry = entry->same_name) {
		ot_auto_free char *text = ot_asprintf("%s@%s", entry->enumerator->name,
						      entry->type->file ? entry->type->file : "?");

		ot_err_near(err, text);
	}
	return err;
}

struct ot_err *ot_program_enumerator(const struct ot_program *program, const char *name,
				     const struct ot_file *file, const struct ot_enumerator **ret,
				     const struct ot_type **type_ret)
{
	const struct ot_enum_entry *entry, *found = NULL, *nearer = NULL;
	auto_wanted struct wanted wanted = {0};
	bool differ = false;

	wanted_init(&wanted, name);
	*ret = NULL;
	for (entry = enum_entries(program, wanted.name); entry; entry = entry->same_name) {
		const char *path = entry->type->file;

		if (wanted.file && !(path && path_matches(path, wanted.file)))
			continue;
		if (file && path && !strcmp(path, file->name))
			nearer = entry;
		differ = differ || (found && found->enumerator->value != entry->enumerator->value);
		found = entry;
	}
	if (nearer)
		found = nearer;
	else if (differ)
		return several_enumerators(enum_entries(program, wanted.name));
	if (found) {
		*ret = found->enumerator;
		*type_ret = found->type;
	}
	return NULL;
}

void ot_program_methods(const struct ot_program *program, const struct ot_type *type,
			struct ot_fn_list *list)
{
	const struct ot_type *wanted = ot_type_strip(type);

	for (size_t i = 0; i < program->fns.nr; i++) {
		struct ot_fn *fn = program->fns.items[i];
		const struct ot_type *first =
			fn->nr_params ? ot_type_strip(fn->params[0].type) : NULL;

		if (first && first->kind == OTRACE_TYPE_POINTER &&
		    ot_type_strip(first->target) == wanted)
			ot_vec_push(list, fn);
	}
}
