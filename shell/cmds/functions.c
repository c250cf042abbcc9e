/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/names.h"
#include "base/vec.h"
#include "cmds/functions.h"

#define GLOBALS "/osh/globals/"
#define FILES "/osh/files/"
#define PLACES_SHOWN 4
#define MAX_OFFERS 2000

char *ot_functions_at_form(const char *word)
{
	const char *colon = strrchr(word, ':');
	const char *slash = strrchr(word, '/');

	if (!strncmp(word, GLOBALS, sizeof(GLOBALS) - 1))
		return ot_strdup(word + sizeof(GLOBALS) - 1);
	if (!strncmp(word, FILES, sizeof(FILES) - 1) && slash) {
		const char *file = word + sizeof(FILES) - 1;

		if (slash > file)
			return ot_asprintf("%s@%.*s", slash + 1, (int)(slash - file), file);
	}
	/* "a::b" is a C++ name. */
	if (colon && colon > word && colon[-1] != ':' && colon[1])
		return ot_asprintf("%s@%.*s", colon + 1, (int)(colon - word), word);
	return NULL;
}

/* Whoever names a variable did not misspell a function. */
static struct ot_err *or_variable(const struct ot_shell *shell, const char *name,
				  struct ot_err *err)
{
	if (!err || err->code != OT_ERR_NOT_FOUND || !ot_program_var(shell->program, name))
		return err;
	ot_err_destroy(err);
	return ot_err_new(OT_ERR_TYPE, "%s is a variable, no function", name);
}

struct ot_err *ot_functions_find(struct ot_shell *shell, const char *word, struct ot_fn_list *list)
{
	ot_auto_free char *other = ot_functions_at_form(word);
	const char *name = other ? other : word;

	return or_variable(shell, name, ot_program_find_fns(shell->program, name, list));
}

struct ot_err *ot_functions_find_one(struct ot_shell *shell, const char *word, struct ot_fn **ret)
{
	ot_auto_free char *other = ot_functions_at_form(word);
	const char *name = other ? other : word;

	return or_variable(shell, name, ot_program_find_fn(shell->program, name, ret));
}

struct ot_err *ot_functions_find_copies(struct ot_shell *shell, const char *word,
					struct ot_fn_list *list)
{
	struct ot_fn_list all = {0};
	struct ot_fn *fn = NULL;
	struct ot_err *err = ot_functions_find_one(shell, word, &fn);

	if (!err)
		err = ot_functions_find(shell, word, &all);
	if (!err)
		ot_vec_push(list, fn);
	for (size_t i = 0; !err && i < all.nr; i++)
		if (all.items[i] != fn && all.items[i]->stub && all.items[i]->stub != fn->stub &&
		    ot_fn_is_same_source(fn, all.items[i]))
			ot_vec_push(list, all.items[i]);
	ot_vec_deinit(&all);
	return err;
}

void ot_functions_say_copies(struct ot_shell *shell, const struct ot_fn *fn,
			     struct ot_cmd_call *call)
{
	unsigned int nr = ot_fn_nr_copies(shell->program, fn);
	ot_auto_buf struct ot_buf name = OT_BUF_INIT;
	ot_auto_buf struct ot_buf note = OT_BUF_INIT;

	if (nr < 2)
		return;
	ot_fn_exact_name(shell->program, fn, &name);
	ot_buf_addf(&note, "(%s is meant, one of %u copies; NAME@file.c chooses)\n",
		    ot_buf_text(&name), nr);
	ot_cmd_deliver_notes(shell, call, &note);
}

/* First of the functions, which are in the order of their names, whose name is not before @name. */
static size_t first_from(struct ot_fn *const *fns, size_t nr, const char *name)
{
	size_t low = 0;

	while (low < nr) {
		size_t middle = low + (nr - low) / 2;

		if (strcmp(fns[middle]->name, name) < 0)
			low = middle + 1;
		else
			nr = middle;
	}
	return low;
}

/* Not more than somebody can look at; and the last, so that what all have in common stays that. */
void ot_functions_complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	size_t bytes = strcspn(completion->word, "@");
	ot_auto_free char *name = ot_strndup(completion->word, bytes);
	const char *last = NULL;
	size_t nr, offered = 0;
	struct ot_fn *const *fns;

	if (!shell->program)
		return;
	fns = ot_program_fns(shell->program, &nr);
	for (size_t i = first_from(fns, nr, name); i < nr; i++) {
		if (strncmp(fns[i]->name, name, bytes) != 0)
			break;
		last = fns[i]->unique_name;
		if (offered++ < MAX_OFFERS)
			completion->offer(completion, last);
	}
	if (offered > MAX_OFFERS)
		completion->offer(completion, last);
}

void ot_functions_inlined_places(const struct ot_fn *fn, struct ot_buf *out)
{
	for (uint32_t i = 0; i < fn->nr_inlined && i < PLACES_SHOWN; i++) {
		const struct ot_inlined *at = &fn->inlined[i];
		const char *slash = at->file ? strrchr(at->file, '/') : NULL;

		ot_buf_addf(out, "%s%s", i ? ", " : "", at->caller ? at->caller : "?");
		if (at->file)
			ot_buf_addf(out, " (%s:%u)", slash ? slash + 1 : at->file, at->line);
	}
	if (fn->nr_inlined > PLACES_SHOWN)
		ot_buf_addf(out, " and %u more", fn->nr_inlined - PLACES_SHOWN);
}
