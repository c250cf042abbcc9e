// SPDX-License-Identifier: BSD-2-Clause
// Names in conditions: the function's parameters, then ours, then the program's.
#include <ctype.h>
#include <string.h>

#include "base/names.h"
#include "cond/inside.h"

/* Those with blanks nobody can write: the rest of us puts them into the tree. */
static const struct {
	const char *name;
	enum ot_cond_name what;
} ours[] = {
	{"return", OT_COND_RESULT},  {"$return", OT_COND_RESULT},
	{"$errno", OT_COND_ERRNO},   {"$duration", OT_COND_DURATION},
	{"$depth", OT_COND_DEPTH},   {"$thread", OT_COND_THREAD},
	{"$caller", OT_COND_CALLER}, {"$thread name", OT_COND_THREAD_NAME},
	{" error", OT_COND_BAD},     {" tagged", OT_COND_TAGGED},
};

int ot_cond_self(const struct ot_fn *fn)
{
	for (uint32_t i = 0; i < fn->nr_params; i++) {
		const struct ot_type *type = ot_type_strip(fn->params[i].type);

		if (ot_type_is_pointer(type) && ot_type_is_record(type->target))
			return (int)i;
	}
	return -1;
}

static int param_named(const struct ot_fn *fn, const char *name)
{
	for (uint32_t i = 0; i < fn->nr_params; i++)
		if (fn->params[i].name && !strcmp(fn->params[i].name, name))
			return (int)i;
	return -1;
}

/* "arg2" of one without a name, as events show it; "self". */
static int param_called(const struct ot_fn *fn, const char *name)
{
	int param = param_named(fn, name);
	char *end = NULL;
	unsigned long number;

	if (param >= 0)
		return param;
	if (!strcmp(name, "self"))
		return ot_cond_self(fn);
	if (strncmp(name, "arg", 3) != 0 || !isdigit((unsigned char)name[3]))
		return -1;
	number = strtoul(name + 3, &end, 10);
	if (*end || !number || number > fn->nr_params || fn->params[number - 1].name)
		return -1;
	return (int)number - 1;
}

static bool is_of_program(const struct ot_compiler *c, const char *name)
{
	return ot_program_var(c->program, name) || ot_program_fn(c->program, name);
}

struct ot_cond_named ot_cond_named(const struct ot_compiler *c, const char *name)
{
	struct ot_cond_named named = {OT_COND_PARAM, param_called(c->fn, name)};

	if (named.param >= 0)
		return named;
	for (size_t i = 0; i < OT_NR(ours); i++)
		if (!strcmp(name, ours[i].name))
			return (struct ot_cond_named){ours[i].what, -1};
	if (name[0] == '$' && isalpha((unsigned char)name[1]))
		return (struct ot_cond_named){OT_COND_UNKNOWN, -1};
	if (is_of_program(c, name))
		return (struct ot_cond_named){OT_COND_OTHER, -1};
	if (!strcmp(name, "error"))
		return (struct ot_cond_named){OT_COND_BAD, -1};
	if (!strcmp(name, "tagged"))
		return (struct ot_cond_named){OT_COND_TAGGED, -1};
	if (!strncmp(name, "tagged", 6)) {
		named.param = param_called(c->fn, name + 6);
		if (named.param >= 0)
			return (struct ot_cond_named){OT_COND_TAGGED, named.param};
	}
	return (struct ot_cond_named){OT_COND_OTHER, -1};
}

/* ------------------------------------------------------------------ refusals */

static struct ot_err *param_is_gone(const struct ot_compiler *c, int param)
{
	const struct ot_param *gone = &c->fn->params[param];

	return ot_err_new(OT_ERR_OPTIMIZED,
			  "\"%s\" of %s was optimized out: the compiler does not pass it",
			  gone->name ? gone->name : "the argument", c->fn->unique_name);
}

static struct ot_err *no_result(const struct ot_compiler *c)
{
	const struct ot_fn *fn = c->fn;

	if (ot_type_is_void(fn->return_type))
		return ot_err_new(OT_ERR_TYPE, "%s returns nothing", fn->unique_name);
	return fn->nr_return_pieces
		       ? NULL
		       : ot_err_new(OT_ERR_OPTIMIZED, "the result of %s was optimized out",
				    fn->unique_name);
}

static struct ot_err *no_such_dollar(const char *name)
{
	struct ot_err *err = ot_err_new(OT_ERR_NOT_FOUND, "a condition has no \"%s\"", name);
	struct ot_nearest nearest;

	ot_nearest_init(&nearest, name);
	for (size_t i = 0; i < OT_NR(ours); i++)
		if (ours[i].name[0] == '$' && ours[i].what != OT_COND_CALLER &&
		    ours[i].what != OT_COND_THREAD_NAME)
			ot_nearest_offer(&nearest, ours[i].name);
	ot_nearest_add_to(&nearest, err);
	return err;
}

static bool is_word(const char *name)
{
	return !strcmp(name, "NULL") || !strcmp(name, "nullptr") || !strcmp(name, "true") ||
	       !strcmp(name, "false");
}

/* errno is a macro, and duration nobody's: $errno and $duration are meant. */
static void add_dollar(const char *name, struct ot_err *err)
{
	for (size_t i = 0; i < OT_NR(ours); i++)
		if (ours[i].what != OT_COND_CALLER && ours[i].name[0] == '$' &&
		    !strcmp(ours[i].name + 1, name))
			ot_err_near(err, ours[i].name);
}

/* Of what nothing is called so: parameters are as near as the program's names. */
static struct ot_err *no_such_name(const struct ot_compiler *c, const char *name)
{
	static const char *const words[] = {"return", "error", "tagged"};
	const struct ot_enumerator *enumerator = NULL;
	const struct ot_type *type = NULL;
	struct ot_nearest nearest;
	struct ot_err *err = NULL;

	if (is_word(name) || name[0] == '$' || is_of_program(c, name) ||
	    ot_program_type(c->program, name, -1))
		return NULL;
	err = ot_program_enumerator(c->program, name, c->fn->file, &enumerator, &type);
	if (err || enumerator) {
		ot_err_destroy(err);
		return NULL;
	}
	if (!strcmp(name, "self"))
		return ot_err_new(OT_ERR_NOT_FOUND, "%s has no parameter that points to a struct",
				  c->fn->unique_name);
	err = ot_err_new(OT_ERR_NOT_FOUND,
			 "%s has no parameter \"%s\", and the program no variable or constant",
			 c->fn->unique_name, name);
	ot_nearest_init(&nearest, name);
	for (uint32_t i = 0; i < c->fn->nr_params; i++)
		if (c->fn->params[i].name)
			ot_nearest_offer(&nearest, c->fn->params[i].name);
	for (size_t i = 0; i < OT_NR(words); i++)
		ot_nearest_offer(&nearest, words[i]);
	ot_nearest_add_to(&nearest, err);
	add_dollar(name, err);
	return ot_program_nearest(c->program, name, err);
}

/* ------------------------------------------------------------------ types */

static const struct ot_type *type_of(const struct ot_compiler *c, struct ot_cond_named named)
{
	struct ot_program *program = c->program;

	switch (named.what) {
	case OT_COND_PARAM:
		return c->fn->params[named.param].type;
	case OT_COND_RESULT:
		return c->fn->return_type;
	case OT_COND_DURATION:
		return ot_program_base(program, "unsigned long");
	case OT_COND_DEPTH:
		return ot_program_base(program, "unsigned int");
	case OT_COND_THREAD_NAME:
		return ot_program_pointer_to(program, ot_program_base(program, "char"));
	default:
		return ot_program_base(program, "int");
	}
}

static struct ot_err *refusal(const struct ot_compiler *c, const char *name,
			      struct ot_cond_named named)
{
	switch (named.what) {
	case OT_COND_PARAM:
		return c->fn->params[named.param].nr_pieces ? NULL : param_is_gone(c, named.param);
	case OT_COND_RESULT:
		return no_result(c);
	case OT_COND_CALLER:
		return ot_err_new(OT_ERR_UNSUPPORTED,
				  "who the caller is cannot be told while the call begins: trace "
				  "the caller too, or look at the calls' stacks (-s)");
	case OT_COND_UNKNOWN:
		return no_such_dollar(name);
	default:
		return NULL;
	}
}

bool ot_cond_local(void *priv, const char *name, struct ot_value *ret, struct ot_err **err)
{
	struct ot_compiler *c = priv;
	struct ot_cond_named named = ot_cond_named(c, name);

	*err = named.what == OT_COND_OTHER ? no_such_name(c, name) : refusal(c, name, named);
	if (*err)
		return true;
	if (named.what == OT_COND_OTHER)
		return false;
	ot_value_at(type_of(c, named), 0, ret);
	return true;
}
