/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "cmds/callargs.h"
#include "launch/examine.h"

static struct ot_err *bad(const char *word, const struct ot_type *type)
{
	return ot_err_new(OT_ERR_USAGE, "\"%s\" is no %s", word, ot_type_text(type));
}

static struct ot_err *cannot_pass(const struct ot_type *type, const char *where)
{
	return ot_err_new(OT_ERR_UNSUPPORTED, "%s of type %s cannot be passed from here", where,
			  ot_type_text(type));
}

/* Whether a number fits into a type of so many bytes. */
static bool fits(uint64_t number, bool negative, uint64_t bytes, bool is_signed)
{
	uint64_t max = bytes >= 8 ? UINT64_MAX : (1ull << (bytes * 8)) - 1;

	if (negative)
		return is_signed && (uint64_t)-number <= max / 2 + 1;
	return number <= (is_signed ? max / 2 : max);
}

static struct ot_err *take_int(const struct ot_program *program, const char *word,
			       const struct ot_type *type, struct ot_target_arg *arg)
{
	uint64_t bytes = ot_type_size(type);
	const struct ot_enumerator *enumerator;
	bool negative = word[0] == '-';
	char *end;

	if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
		return cannot_pass(type, "an integer");
	arg->value_class = OTRACE_VALUE_INT;
	arg->bytes = (uint32_t)bytes;
	enumerator = ot_program_enumerator(program, word, NULL);
	if (enumerator) {
		arg->value[0] = (uint64_t)enumerator->value;
		return NULL;
	}
	if (word[0] == '\'' && word[1] && word[2] == '\'' && !word[3]) {
		arg->value[0] = (unsigned char)word[1];
		return NULL;
	}
	errno = 0;
	arg->value[0] = negative ? (uint64_t)strtoll(word, &end, 0) : strtoull(word, &end, 0);
	if (end == word || *end)
		return bad(word, type);
	if (errno || !fits(arg->value[0], negative, bytes, ot_type_is_signed(type)))
		return ot_err_new(OT_ERR_USAGE, "%s does not fit into %s", word,
				  ot_type_text(type));
	return NULL;
}

static struct ot_err *take_float(const char *word, const struct ot_type *type,
				 struct ot_target_arg *arg)
{
	uint64_t bytes = ot_type_size(type);
	char *end;
	long double number = strtold(word, &end);
	double d = (double)number;
	float f = (float)number;

	if (end == word || *end)
		return bad(word, type);
	arg->value_class = OTRACE_VALUE_FLOAT;
	arg->bytes = (uint32_t)bytes;
	if (bytes == 4)
		memcpy(arg->value, &f, sizeof(f));
	else if (bytes == 8)
		memcpy(arg->value, &d, sizeof(d));
	else if (bytes == 16)
		memcpy(arg->value, &number, 10);
	else
		return cannot_pass(type, "a number");
	return NULL;
}

static struct ot_err *take_pointer(const char *word, const struct ot_type *type,
				   struct ot_target_arg *arg)
{
	char *end;

	arg->value_class = OTRACE_VALUE_POINTER;
	arg->bytes = 8;
	if (!strcmp(word, "NULL") || !strcmp(word, "0"))
		return NULL;
	if (ot_type_is_char_pointer(type)) {
		arg->value_class = OTRACE_VALUE_STRING;
		arg->bytes = (uint32_t)strlen(word);
		arg->string = word;
		return NULL;
	}
	arg->value[0] = strtoull(word, &end, 0);
	if (strncmp(word, "0x", 2) || end == word || *end)
		return ot_err_new(OT_ERR_USAGE, "\"%s\" is no %s: NULL or an address (0x...)", word,
				  ot_type_text(type));
	return NULL;
}

static struct ot_err *take(const struct ot_program *program, const char *word,
			   const struct ot_type *type, struct ot_target_arg *arg)
{
	if (ot_type_is_integer(type))
		return take_int(program, word, type, arg);
	if (ot_type_is_float(type))
		return take_float(word, type, arg);
	if (ot_type_is_pointer(type))
		return take_pointer(word, type, arg);
	return cannot_pass(type, "an argument");
}

static struct ot_err *set_return(const struct ot_fn *fn, struct ot_target_call *call)
{
	const struct ot_type *type = fn->return_type;
	uint64_t bytes = ot_type_size(type);

	call->return_bytes = (uint32_t)bytes;
	if (!type || ot_type_is_void(type)) {
		call->return_class = OTRACE_VALUE_VOID;
		call->return_bytes = 0;
	} else if (ot_type_is_float(type) && (bytes == 4 || bytes == 8 || bytes == 16)) {
		call->return_class = OTRACE_VALUE_FLOAT;
	} else if (ot_type_is_pointer(type)) {
		call->return_class = OTRACE_VALUE_POINTER;
	} else if (ot_type_is_integer(type) && bytes <= 8) {
		call->return_class = OTRACE_VALUE_INT;
	} else {
		return cannot_pass(type, "a result");
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

static struct ot_err *check_count(const struct ot_fn *fn, uint32_t nr)
{
	ot_auto_buf struct ot_buf signature = OT_BUF_INIT;

	if (nr == fn->nr_params || (nr > fn->nr_params && fn->flags & OTRACE_FN_VARARGS))
		return NULL;
	ot_fn_signature(fn, &signature);
	return ot_err_new(OT_ERR_USAGE, "%u argument%s given: %s", nr, nr == 1 ? "" : "s",
			  ot_buf_text(&signature));
}

static struct ot_err *fill(const struct ot_program *program, const struct ot_fn *fn,
			   char *const *words, struct ot_callargs *made)
{
	for (uint32_t i = 0; i < made->call.nr_args; i++) {
		struct ot_err *err;

		/* Behind the prototype a word is an int if it looks like one, else a string. */
		if (i >= fn->nr_params) {
			char *end;

			made->args[i].value_class = OTRACE_VALUE_INT;
			made->args[i].bytes = 4;
			made->args[i].value[0] = (uint64_t)strtoll(words[i], &end, 0);
			if (end != words[i] && !*end)
				continue;
			made->args[i].value_class = OTRACE_VALUE_STRING;
			made->args[i].bytes = (uint32_t)strlen(words[i]);
			made->args[i].string = words[i];
			continue;
		}
		err = take(program, words[i], fn->params[i].type, &made->args[i]);
		if (err && fn->params[i].name)
			ot_err_prefix(err, "%s", fn->params[i].name);
		if (err)
			return err;
	}
	return NULL;
}

/* The vector that the kernel made for the program is the one that its function gets. */
static struct ot_err *make_like_main(const struct ot_program *program, const struct ot_fn *fn,
				     char *const *words, uint32_t nr, struct ot_callargs *ret,
				     struct ot_callargs *made)
{
	struct ot_target *target = ot_program_target(program);
	uint64_t stack = ot_examine_stack_start(ot_target_pid(target));
	uint64_t argc;

	if (nr && !ot_examine_started_with(ot_target_pid(target), words, nr))
		return ot_err_new(OT_ERR_UNSUPPORTED,
				  "%s gets the program's own argc and argv: start the program with "
				  "these arguments",
				  fn->name);
	if (!stack)
		return ot_err_new(OT_ERR_UNSUPPORTED, "cannot find the program's argc and argv");
	OT_TRY(ot_target_read(target, stack, &argc, sizeof(argc)));
	made->args = ot_alloc(2 * sizeof(*made->args));
	made->args[0] = (struct ot_target_arg){
		.value_class = OTRACE_VALUE_INT, .bytes = 4, .value = {argc}};
	made->args[1] = (struct ot_target_arg){
		.value_class = OTRACE_VALUE_POINTER, .bytes = 8, .value = {stack + sizeof(argc)}};
	made->call.fn = fn->record;
	made->call.args = made->args;
	made->call.nr_args = made->call.nr_fixed = 2;
	*ret = *made;
	return NULL;
}

struct ot_err *ot_callargs_make(const struct ot_program *program, const struct ot_fn *fn,
				char *const *words, uint32_t nr, struct ot_callargs *ret)
{
	struct ot_callargs made;
	struct ot_err *err;

	memset(&made, 0, sizeof(made));
	if (!fn->symbol && !fn->body)
		return ot_fn_untraceable(fn);
	OT_TRY(set_return(fn, &made.call));
	if (like_main(fn))
		return make_like_main(program, fn, words, nr, ret, &made);
	OT_TRY(check_count(fn, nr));
	made.args = ot_alloc((nr + 1) * sizeof(*made.args));
	made.call.fn = fn->record;
	made.call.args = made.args;
	made.call.nr_args = nr;
	made.call.nr_fixed = nr < fn->nr_params ? nr : fn->nr_params;
	err = fill(program, fn, words, &made);
	if (err) {
		ot_callargs_deinit(&made);
		return err;
	}
	*ret = made;
	return NULL;
}

void ot_callargs_deinit(struct ot_callargs *args)
{
	free(args->args);
	args->args = NULL;
}

struct ot_err *ot_callargs_result(const struct ot_shell *shell, const struct ot_fn *fn,
				  const struct otrace_call_done *done, struct ot_buf *out,
				  struct ot_buf *json)
{
	struct ot_format format = {.program = shell->program, .target = shell->target};
	ot_auto_value struct ot_value value = {0};

	if (done->status)
		return ot_err_new(OT_ERR_OTHER, "%s: %s", fn->name,
				  ot_target_error_text((int)done->status));
	if (ot_type_is_void(fn->return_type))
		return NULL;
	ot_value_of_bytes(fn->return_type, done->value, ot_type_size(fn->return_type), &value);
	ot_value_format(&format, &value, out);
	ot_value_json(&format, &value, json);
	return NULL;
}
