/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * C expressions over a program: parsed to a tree, then evaluated with C's types.
 *
 * Names mean, in this order: entries of the current directory when it is a struct value, function
 * statics of the scope, variables, functions, enumerators. Evaluation only reads; every read of
 * program memory may fail and then gives an error or a value in state OT_VALUE_UNREADABLE.
 */
#ifndef OT_EXPR_H
#define OT_EXPR_H

#include "model/value.h"

struct ot_expr;

/** Where names come from. */
struct ot_expr_scope {
	struct ot_program *program;
	const struct ot_value *self; /* struct whose members are names, or NULL */
	const struct ot_fn *fn;	     /* whose statics are names, or NULL */
	const struct ot_file *file;  /* its statics win over those of other files, or NULL */
	uint32_t tid;		     /* for thread-locals; 0 = main thread */
};

/** Parses; names are looked up at evaluation, type names while parsing. */
struct ot_err *ot_expr_parse(struct ot_program *program, const char *text, struct ot_expr **ret);
void ot_expr_destroy(struct ot_expr *expr);

/** Evaluates. The value is fetched unless it is too large (arrays are cut when written). */
struct ot_err *ot_expr_eval(const struct ot_expr *expr, const struct ot_expr_scope *scope,
			    struct ot_value *ret);

/** Both at once. */
struct ot_err *ot_expr_value(const struct ot_expr_scope *scope, const char *text,
			     struct ot_value *ret);

#endif
