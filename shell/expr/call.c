// SPDX-License-Identifier: BSD-2-Clause
// f(a, b): the arguments are checked and converted here; who makes the call is the scope's affair.
#include <string.h>

#include "expr/eval.h"
#include "model/made.h"

#define MAX_ARGS 64u

struct arguments {
	struct ot_value values[MAX_ARGS];
	size_t nr;
};

static void arguments_deinit(struct arguments *args)
{
	for (size_t i = 0; i < args->nr; i++)
		ot_value_deinit(&args->values[i]);
}

#define auto_arguments __attribute__((cleanup(arguments_deinit)))

static struct ot_err *check_possible(struct ot_evaluator *e, const struct ot_expr_node *node)
{
	const char *why = e->scope->no_call;

	if (e->is_dry || e->scope->call)
		return NULL;
	if (why)
		return ot_eval_error(e, node, OT_ERR_SAFE, "no function is called: %s", why);
	return ot_eval_error(e, node, OT_ERR_UNSUPPORTED,
			     "an expression only reads here: no function is called");
}

/* What is called: a function, or what a pointer to one points to. */
static struct ot_err *eval_callee(struct ot_evaluator *e, const struct ot_expr_node *node,
				  struct ot_expr_call *ret)
{
	ot_auto_value struct ot_value callee = {0};
	struct ot_number pointer = {0};
	const struct ot_type *type;

	OT_TRY(ot_eval(e, node->left, &callee));
	ot_eval_decay(e, &callee);
	type = ot_type_strip(callee.type);
	if (!ot_type_is_pointer(type) || !ot_type_is_function(type->target))
		return ot_eval_error(e, node->left, OT_ERR_TYPE, "%s is no function to call",
				     ot_type_text(callee.type));
	OT_TRY(ot_eval_number(e, node->left, &callee, &pointer));
	if (!e->is_dry && !pointer.integer)
		return ot_eval_error(e, node->left, OT_ERR_FAULT, "the pointer is NULL");
	ret->type = ot_type_strip(type->target);
	ret->address = (uint64_t)pointer.integer;
	if (!e->is_dry)
		ret->fn = ot_program_fn_at(e->program, ret->address);
	return NULL;
}

/* Of an argument that no parameter is declared for. */
static struct ot_err *promote(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_value *value, struct ot_value *ret)
{
	struct ot_number number = {0};

	if (ot_type_is_record(value->type))
		return ot_eval_convert(e, node, value, value->type, ret);
	ot_eval_decay(e, value);
	if (ot_type_is_pointer(value->type))
		return ot_eval_convert(e, node, value, ot_type_unqualified(value->type), ret);
	OT_TRY(ot_eval_number(e, node, value, &number));
	ot_number_convert(&number, number.is_float && !number.is_complex &&
						   ot_type_size(number.type) < sizeof(double)
					   ? ot_program_base(e->program, "double")
					   : ot_number_promoted(e->program, &number));
	ot_number_to_value(&number, ret);
	return NULL;
}

static struct ot_err *eval_argument(struct ot_evaluator *e, const struct ot_expr_node *node,
				    const struct ot_expr_call *call, struct arguments *args)
{
	bool declared = args->nr < call->type->nr_members &&
			!(call->type->flags & OTRACE_TYPE_FLAG_NO_PROTOTYPE);
	const struct ot_type *type = declared ? call->type->members[args->nr].type : NULL;
	ot_auto_value struct ot_value value = {0};
	struct ot_value *ret = &args->values[args->nr];
	struct ot_err *err;

	OT_TRY(ot_eval(e, node, &value));
	err = type ? ot_eval_convert(e, node, &value, type, ret) : promote(e, node, &value, ret);
	if (err)
		return ot_err_prefix(err, "argument %zu", args->nr + 1);
	args->nr++;
	return NULL;
}

static struct ot_err *check_count(struct ot_evaluator *e, const struct ot_expr_node *node,
				  const struct ot_expr_call *call)
{
	uint32_t wanted = call->type->nr_members;
	size_t given = 0;

	for (const struct ot_expr_node *arg = node->right; arg; arg = arg->next)
		given++;
	if (given > MAX_ARGS)
		return ot_eval_error(e, node, OT_ERR_TYPE, "too many arguments");
	if (call->type->flags & OTRACE_TYPE_FLAG_NO_PROTOTYPE || given == wanted ||
	    (given > wanted && call->type->flags & OTRACE_TYPE_FLAG_VARIADIC))
		return NULL;
	return ot_eval_error(e, node, OT_ERR_TYPE, "%s takes %s%u argument%s, not %zu",
			     call->fn ? call->fn->unique_name : ot_type_text(call->type),
			     call->type->flags & OTRACE_TYPE_FLAG_VARIADIC ? "at least " : "",
			     wanted, wanted == 1 ? "" : "s", given);
}

static struct ot_err *make_call(struct ot_evaluator *e, const struct ot_expr_node *node,
				const struct ot_expr_call *call, struct ot_value *ret)
{
	ot_auto_value struct ot_value value = {0};
	struct ot_err *err = e->scope->call(e->scope->call_priv, call, &value);

	if (err)
		return err->where ? err : ot_err_at(err, e->expr->text, node->left->position);
	if (!value.type)
		ot_eval_unknown(call->type->target, &value);
	ot_eval_move(&value, ret);
	return NULL;
}

struct ot_err *ot_eval_call(struct ot_evaluator *e, const struct ot_expr_node *node,
			    struct ot_value *ret)
{
	auto_arguments struct arguments args = {.nr = 0};
	struct ot_expr_call call = {0};

	OT_TRY(eval_callee(e, node, &call));
	OT_TRY(check_count(e, node, &call));
	OT_TRY(check_possible(e, node));
	for (const struct ot_expr_node *arg = node->right; arg; arg = arg->next)
		OT_TRY(eval_argument(e, arg->right, &call, &args));
	call.args = args.values;
	call.nr_args = args.nr;
	if (!e->is_dry)
		return make_call(e, node, &call, ret);
	ot_eval_unknown(ot_type_unqualified(call.type->target), ret);
	return NULL;
}
