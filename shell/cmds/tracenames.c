/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/names.h"
#include "base/vec.h"
#include "cmds/tracenames.h"

static const char *const keywords[] = {"struct ", "union ", "class "};

/* The name behind "struct " and the like, or NULL. */
static const char *behind_keyword(const char *word)
{
	for (size_t i = 0; i < OT_NR(keywords); i++)
		if (!strncmp(word, keywords[i], strlen(keywords[i])))
			return word + strlen(keywords[i]) + strspn(word + strlen(keywords[i]), " ");
	return NULL;
}

/* A struct, a union or a class, by its tag or a typedef. */
static const struct ot_type *record_type(const struct ot_shell *shell, const char *name)
{
	const struct ot_type *type = ot_program_type(shell->program, name, OTRACE_TYPE_STRUCT);

	if (!type)
		type = ot_program_type(shell->program, name, OTRACE_TYPE_UNION);
	if (!type)
		type = ot_program_type(shell->program, name, -1);
	return type && ot_type_is_record(type) ? type : NULL;
}

static struct ot_err *no_methods(const char *name)
{
	return ot_err_new(OT_ERR_NOT_FOUND,
			  "no function takes a pointer to %s as its first parameter", name);
}

static struct ot_err *find_methods(struct ot_shell *shell, const struct ot_type *type,
				   const char *name, struct ot_trace_names *ret)
{
	ret->is_many = true;
	ot_program_methods(shell->program, type, &ret->fns);
	return ret->fns.nr ? NULL : no_methods(name);
}

static struct ot_err *no_type(const struct ot_shell *shell, const char *name)
{
	return ot_program_nearest(shell->program, name,
				  ot_err_new(OT_ERR_NOT_FOUND, "no struct \"%s\"", name));
}

static struct ot_err *find_type(struct ot_shell *shell, const char *name,
				struct ot_trace_names *ret)
{
	const struct ot_type *type = record_type(shell, name);

	return type ? find_methods(shell, type, name, ret) : no_type(shell, name);
}

/* ------------------------------------------------------------------ methods by name */

static bool has_self(const struct ot_fn *fn)
{
	const struct ot_type *type = fn->nr_params ? ot_type_strip(fn->params[0].type) : NULL;

	return type && type->kind == OTRACE_TYPE_POINTER && ot_type_is_record(type->target);
}

static void offer_methods(const struct ot_fn_list *methods, const char *name, struct ot_err *err)
{
	struct ot_nearest nearest;

	ot_nearest_init(&nearest, name);
	for (size_t i = 0; i < methods->nr; i++)
		ot_nearest_offer(&nearest, methods->items[i]->name);
	ot_nearest_add_to(&nearest, err);
}

/* Of @methods those of that name. */
static struct ot_err *choose_methods(const struct ot_fn_list *methods, const char *word,
				     const char *name, struct ot_trace_names *ret)
{
	struct ot_err *err;

	ret->is_many = true;
	for (size_t i = 0; i < methods->nr; i++)
		if (ot_glob_match(name, methods->items[i]->name))
			ot_vec_push(&ret->fns, methods->items[i]);
	if (ret->fns.nr)
		return NULL;
	err = ot_err_new(OT_ERR_NOT_FOUND, "no method \"%s\"", word);
	offer_methods(methods, name, err);
	return err;
}

/* ".METHOD" */
static struct ot_err *find_any_method(struct ot_shell *shell, const char *word,
				      struct ot_trace_names *ret)
{
	struct ot_fn_list methods = {0};
	size_t nr;
	struct ot_fn *const *fns = ot_program_fns(shell->program, &nr);
	struct ot_err *err;

	for (size_t i = 0; i < nr; i++)
		if (has_self(fns[i]))
			ot_vec_push(&methods, fns[i]);
	err = choose_methods(&methods, word, word + 1, ret);
	ot_vec_deinit(&methods);
	return err;
}

/* "TYPE.METHOD" */
static struct ot_err *find_method(struct ot_shell *shell, const struct ot_type *type,
				  const char *word, struct ot_trace_names *ret)
{
	struct ot_fn_list methods = {0};
	struct ot_err *err;

	ot_program_methods(shell->program, type, &methods);
	err = choose_methods(&methods, word, strchr(word, '.') + 1, ret);
	ot_vec_deinit(&methods);
	return err;
}

/* ------------------------------------------------------------------ files */

static bool find_file(struct ot_shell *shell, const char *word, struct ot_trace_names *ret)
{
	ot_auto_free char *pattern = ot_asprintf("*@%s", word);
	struct ot_err *err;

	if (!strchr(word, '.') || strchr(word, '@') || strchr(word, ':'))
		return false;
	err = ot_program_find_fns(shell->program, pattern, &ret->fns);
	ret->is_many = !err;
	ot_err_destroy(err);
	return ret->is_many;
}

/* ------------------------------------------------------------------ words */

static struct ot_err *find_functions(struct ot_shell *shell, const char *word,
				     struct ot_trace_names *ret)
{
	ret->is_many = ot_glob_is(word);
	OT_TRY(ot_functions_find(shell, word, &ret->fns));
	if (!ret->is_many && record_type(shell, word))
		ret->note = ot_asprintf("the function is meant; `struct %s` are the functions that "
					"take a pointer to one first",
					word);
	return NULL;
}

/* A struct may have been meant as well. */
static struct ot_err *offer_types(struct ot_shell *shell, const char *word, struct ot_err *err)
{
	const struct ot_type *const *types;
	struct ot_nearest nearest;
	size_t nr;

	if (ot_glob_is(word))
		return err;
	types = ot_program_types(shell->program, &nr);
	ot_nearest_init(&nearest, word);
	for (size_t i = 0; i < nr; i++)
		if (types[i]->name && ot_type_is_record(types[i]))
			ot_nearest_offer(&nearest, types[i]->name);
	ot_nearest_add_to(&nearest, err);
	return err;
}

/* What no function is called: a file, a type, a method of one; or the error about functions. */
static struct ot_err *find_else(struct ot_shell *shell, const char *word, struct ot_err *err,
				struct ot_trace_names *ret)
{
	const char *dot = strchr(word, '.');
	ot_auto_free char *name = ot_strndup(word, dot ? (size_t)(dot - word) : strlen(word));
	const struct ot_type *type = record_type(shell, name);

	/* "server.c" is the file, whatever has type server; "client.*" is of type client. */
	if (!(type && ot_glob_is(word)) && find_file(shell, word, ret)) {
		ot_err_destroy(err);
		return NULL;
	}
	if (!type)
		return offer_types(shell, word, err);
	ot_err_destroy(err);
	return dot ? find_method(shell, type, word, ret) : find_methods(shell, type, name, ret);
}

struct ot_err *ot_trace_names_find(struct ot_shell *shell, const char *word,
				   struct ot_trace_names *ret)
{
	const char *tag = behind_keyword(word);
	struct ot_err *err;

	if (tag)
		return find_type(shell, tag, ret);
	if (word[0] == '.' && word[1])
		return find_any_method(shell, word, ret);
	err = find_functions(shell, word, ret);
	/* A variable may have the name of its type. */
	if (!err || (err->code != OT_ERR_NOT_FOUND && err->code != OT_ERR_TYPE))
		return err;
	ret->is_many = false;
	return find_else(shell, word, err, ret);
}

void ot_trace_names_deinit(struct ot_trace_names *names)
{
	free(names->fns.items);
	free(names->note);
	memset(names, 0, sizeof(*names));
}

/* ------------------------------------------------------------------ several words */

static bool is_keyword(const char *word)
{
	for (size_t i = 0; i < OT_NR(keywords); i++)
		if (strlen(word) + 1 == strlen(keywords[i]) &&
		    !strncmp(word, keywords[i], strlen(word)))
			return true;
	return false;
}

char **ot_trace_names_join(const char *const *words, int nr, int *nr_ret)
{
	char **joined = ot_alloc(((size_t)nr + 1) * sizeof(*joined));
	int at = 0;

	for (int i = 0; i < nr; i++) {
		if (is_keyword(words[i]) && i + 1 < nr) {
			joined[at++] = ot_asprintf("%s %s", words[i], words[i + 1]);
			i++;
		} else {
			joined[at++] = ot_strdup(words[i]);
		}
	}
	*nr_ret = at;
	return joined;
}

void ot_trace_names_free(char **joined, int nr)
{
	for (int i = 0; i < nr; i++)
		free(joined[i]);
	free(joined);
}

void ot_trace_names_complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	const struct ot_type *const *types;
	size_t nr;

	ot_functions_complete(shell, completion);
	if (!shell->program)
		return;
	types = ot_program_types(shell->program, &nr);
	for (size_t i = 0; *completion->word && i < nr; i++)
		if (types[i]->name && ot_type_is_record(types[i]))
			completion->offer(completion, types[i]->name);
}
