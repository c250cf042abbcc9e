/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "cmds/callargs.h"
#include "cmds/functions.h"
#include "cmds/paths.h"
#include "launch/examine.h"

struct words {
	struct ot_shell *shell;
	struct ot_expr_scope scope;
	struct ot_value *values;
};

static struct ot_err *bad(const char *word, const struct ot_type *type)
{
	return ot_err_new(OT_ERR_USAGE, "\"%s\" is no %s%s", word, ot_type_text(type),
			  ot_type_is_pointer(type) ? ": NULL, an address (0x...), or &variable"
						   : "");
}

/* A name that nothing has was not meant as an expression. */
static struct ot_err *take_expression(struct words *words, const char *word,
				      const struct ot_type *type, struct ot_value *ret)
{
	struct ot_err *err = ot_expr_value(&words->scope, word, ret);

	if (!err || (err->code != OT_ERR_NOT_FOUND && err->code != OT_ERR_SYNTAX))
		return err;
	ot_err_destroy(err);
	return bad(word, type);
}

/* Whether a number fits into a type of so many bytes. */
static bool fits(uint64_t number, bool negative, uint64_t bytes, bool is_signed)
{
	uint64_t max = bytes >= 8 ? UINT64_MAX : (1ull << (bytes * 8)) - 1;

	if (negative)
		return is_signed && (uint64_t)-number <= max / 2 + 1;
	return number <= (is_signed ? max / 2 : max);
}

/* 'c', from which the shell's quoting has taken the quotes where a char is wanted; -1 = none. */
static int letter_of(const char *word, const struct ot_type *type)
{
	if (word[0] == '\'' && word[1] && word[2] == '\'' && !word[3])
		return (unsigned char)word[1];
	if (ot_type_is_byte(type) && word[0] && !word[1] && !isdigit((unsigned char)word[0]))
		return (unsigned char)word[0];
	return -1;
}

static struct ot_err *take_int(struct words *words, const char *word, const struct ot_type *type,
			       struct ot_value *ret)
{
	const struct ot_enumerator *enumerator;
	const struct ot_type *of;
	bool negative = word[0] == '-';
	uint64_t number;
	int letter;
	char *end;

	OT_TRY(ot_program_enumerator(words->shell->program, word, NULL, &enumerator, &of));
	if (enumerator) {
		ot_value_of_u64(type, (uint64_t)enumerator->value, ret);
		return NULL;
	}
	letter = letter_of(word, type);
	if (letter >= 0) {
		ot_value_of_u64(type, (uint64_t)letter, ret);
		return NULL;
	}
	errno = 0;
	number = negative ? (uint64_t)strtoll(word, &end, 0) : strtoull(word, &end, 0);
	if (end == word || *end)
		return take_expression(words, word, type, ret);
	if (errno || !fits(number, negative, ot_type_size(type), ot_type_is_signed(type)))
		return ot_err_new(OT_ERR_USAGE, "%s does not fit into %s", word,
				  ot_type_text(type));
	ot_value_of_u64(type, number, ret);
	return NULL;
}

static struct ot_err *take_float(struct words *words, const char *word, const struct ot_type *type,
				 struct ot_value *ret)
{
	char *end;
	long double number = strtold(word, &end);

	if (end == word || *end)
		return take_expression(words, word, type, ret);
	ot_value_of_bytes(ot_program_base(words->shell->program, "long double"), &number,
			  sizeof(number), ret);
	return NULL;
}

static void take_text(struct ot_program *program, const char *word, struct ot_value *ret)
{
	size_t bytes = strlen(word) + 1;
	const struct ot_type *text =
		ot_program_array_of(program, ot_program_base(program, "char"), bytes);

	ot_value_of_bytes(text, word, bytes, ret);
}

static struct ot_err *take_pointer(struct words *words, const char *word,
				   const struct ot_type *type, struct ot_value *ret)
{
	char *end;
	uint64_t address = strtoull(word, &end, 0);
	bool is_number = end != word && !*end && word[0] != '-';

	if (!strcmp(word, "NULL") || !strcmp(word, "0") || (is_number && !strncmp(word, "0x", 2))) {
		ot_value_of_u64(type, strcmp(word, "NULL") ? address : 0, ret);
		return NULL;
	}
	if (ot_type_is_char_pointer(type) && word[0] != '&') {
		take_text(words->shell->program, word, ret);
		return NULL;
	}
	if (is_number)
		return bad(word, type);
	return take_expression(words, word, type, ret);
}

/* Behind the prototype a word is a number if it looks like one, an expression with &, else a text. */
static struct ot_err *take_free(struct words *words, const char *word, struct ot_value *ret)
{
	struct ot_program *program = words->shell->program;
	char *end;
	long long number = strtoll(word, &end, 0);
	double real;

	if (end != word && !*end) {
		bool is_int = number == (int)number;

		ot_value_of_u64(ot_program_base(program, is_int ? "int" : "long"), (uint64_t)number,
				ret);
		return NULL;
	}
	real = strtod(word, &end);
	if (end != word && !*end && strpbrk(word, ".eE")) {
		ot_value_of_bytes(ot_program_base(program, "double"), &real, sizeof(real), ret);
		return NULL;
	}
	if (word[0] == '&')
		return ot_expr_value(&words->scope, word, ret);
	take_text(program, word, ret);
	return NULL;
}

static struct ot_err *take(struct words *words, const char *word, const struct ot_type *type,
			   struct ot_value *ret)
{
	if (!type)
		return take_free(words, word, ret);
	if (ot_type_is_integer(type) && ot_type_size(type) <= 8)
		return take_int(words, word, type, ret);
	if (ot_type_is_float(type))
		return take_float(words, word, type, ret);
	if (ot_type_is_pointer(type))
		return take_pointer(words, word, type, ret);
	return take_expression(words, word, type, ret);
}

static struct ot_err *take_all(struct words *words, const struct ot_fn *fn, char *const *given,
			       uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++) {
		const struct ot_param *param = i < fn->nr_params ? &fn->params[i] : NULL;
		struct ot_err *err =
			take(words, given[i], param ? param->type : NULL, &words->values[i]);

		if (err)
			return param && param->name ? ot_err_prefix(err, "%s", param->name) : err;
	}
	return NULL;
}

/* int f(int, char **) */
static bool like_main(const struct ot_fn *fn)
{
	const struct ot_type *vector;

	if (fn->nr_params != 2 || !ot_type_is_integer(fn->params[0].type) ||
	    !ot_type_is_pointer(fn->params[1].type))
		return false;
	vector = ot_type_strip(fn->params[1].type);
	return vector->target && ot_type_is_char_pointer(vector->target);
}

/* The vector that the kernel made for the program is the one that its function gets. */
static struct ot_err *take_main_arguments(struct words *words, const struct ot_fn *fn,
					  char *const *given, uint32_t nr)
{
	struct ot_target *target = words->shell->target;
	uint64_t stack = ot_examine_stack_start(ot_target_pid(target));
	uint64_t argc;

	if (nr && !ot_examine_started_with(ot_target_pid(target), given, nr))
		return ot_err_new(OT_ERR_UNSUPPORTED,
				  "%s gets the program's own argc and argv: start the program with "
				  "these arguments",
				  fn->name);
	if (!stack)
		return ot_err_new(OT_ERR_UNSUPPORTED, "cannot find the program's argc and argv");
	OT_TRY(ot_target_read(target, stack, &argc, sizeof(argc)));
	ot_value_of_u64(fn->params[0].type, argc, &words->values[0]);
	ot_value_of_u64(fn->params[1].type, stack + sizeof(argc), &words->values[1]);
	return NULL;
}

struct ot_err *ot_callargs_make(struct ot_shell *shell, const struct ot_fn *fn, char *const *words,
				uint32_t nr, struct ot_invocation *ret)
{
	struct words of = {.shell = shell};
	uint32_t nr_values = like_main(fn) ? 2 : nr;
	struct ot_node hold = {0};
	struct ot_err *err;

	OT_TRY(ot_invoke_check(fn, nr_values));
	of.values = ot_alloc((nr_values + 1) * sizeof(*of.values));
	err = ot_vfs_scope(shell->vfs, &of.scope, &hold);
	if (!err && like_main(fn))
		err = take_main_arguments(&of, fn, words, nr);
	else if (!err)
		err = take_all(&of, fn, words, nr);
	if (!err)
		err = ot_invoke_make(shell->program, fn, NULL, 0, of.values, nr_values, ret);
	for (uint32_t i = 0; i < nr_values; i++)
		ot_value_deinit(&of.values[i]);
	free(of.values);
	ot_node_deinit(&hold);
	return err;
}

struct ot_err *ot_callargs_function(struct ot_shell *shell, const char *word, struct ot_fn **ret)
{
	struct ot_err *err = ot_functions_find_one(shell, word, ret);
	size_t nr;
	const struct ot_target_module *modules = ot_target_modules(shell->target, &nr);

	if (!err || err->code != OT_ERR_NOT_FOUND)
		return err;
	for (size_t i = 0; i < nr; i++) {
		if (!ot_examine_has_symbol(modules[i].path, word))
			continue;
		ot_err_destroy(err);
		return ot_err_new(OT_ERR_UNSUPPORTED,
				  "%s was not compiled with otrace: nothing is known of its "
				  "arguments and its result, so it cannot be called",
				  word);
	}
	return err;
}

struct ot_err *ot_callargs_result(const struct ot_shell *shell, const struct ot_fn *fn,
				  const struct ot_target_done *done, struct ot_buf *out,
				  struct ot_buf *json)
{
	struct ot_format format = ot_paths_format(shell);
	struct ot_invocation call = {.result_type = fn->return_type,
				     .result_lost =
					     (fn->assumes & OTRACE_ASSUME_RESULT_DROPPED) != 0};
	ot_auto_value struct ot_value value = {0};

	OT_TRY(ot_invoke_result(&call, fn->name, done, &value));
	if (value.state == OT_VALUE_VOID)
		return NULL;
	ot_value_format(&format, &value, out);
	ot_value_json(&format, &value, json);
	return NULL;
}
