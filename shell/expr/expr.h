/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * C expressions over a program: parsed to a tree, then evaluated with C's types.
 *
 * All of C's operators with its conversions, typeof and the compilers' vectors, and of ours: "."
 * follows pointers too, and goes from a function to its statics; a[2:10] is the elements 2 to 9,
 * p == "text" compares the text behind p, container_of(p, T, m), $1, $$ and $.
 *
 * Names mean, in this order: entries of the current directory when it is a struct value, function
 * statics of the scope, variables, functions, enumerators. Reads of program memory may fail and then
 * give an error or a value in state OT_VALUE_UNREADABLE. Whether an expression may also store and
 * call is up to the scope; a zeroed one only reads.
 */
#ifndef OT_EXPR_H
#define OT_EXPR_H

#include "model/value.h"

struct ot_expr;
struct ot_history;

/**
 * A call in an expression: the arguments are there and have the types of the parameters (behind them,
 * and without prototype, those that C promotes to). A pointer to text or to elements that were written
 * in the expression has no address; its string is known and holds the bytes pointed to, which have to
 * be put into the process first. Everything is borrowed for the time of the call.
 */
struct ot_expr_call {
	const struct ot_fn *fn;	    /* NULL through a pointer to what is no function we know */
	const struct ot_type *type; /* of the function */
	uint64_t address;
	const struct ot_value *args;
	size_t nr_args;
};

/** Where names come from, and what an expression may do. */
struct ot_expr_scope {
	struct ot_program *program;
	struct ot_target *target;    /* whose memory is read; NULL = the program's */
	const struct ot_value *self; /* struct whose members are names, and $; or NULL */
	const struct ot_fn *fn;	     /* whose statics are names, or NULL */
	const struct ot_file *file;  /* its statics win over those of other files, or NULL */
	uint32_t tid;		     /* for thread-locals; 0 = main thread */
	/** Names that win over the program's; NULL = none. @return false: it has none of that name */
	bool (*local)(void *priv, const char *name, struct ot_value *ret, struct ot_err **err);
	/** What to say of a name that nothing has, free() it; or NULL, and may give NULL. */
	char *(*hint)(void *priv, const char *name);
	void *local_priv;	    /* of both */
	struct ot_history *history; /* $1, $$; NULL = there are no earlier results */
	bool may_store;		    /* = += ++ write to the program */
	const char *no_store;	    /* why not, with the way out; NULL = it is not the place */
	const char *no_call;	    /* why call is NULL, with the way out; NULL = as above */
	/** Calls; NULL = no calls. @param ret a value of the result's type, or of state VOID */
	struct ot_err *(*call)(void *priv, const struct ot_expr_call *call, struct ot_value *ret);
	void *call_priv;
	/** Told of each variable that is named, and of each store (@p var NULL), before it happens; or NULL. */
	void (*access)(void *priv, const struct ot_var *var, uint64_t address, uint64_t bytes);
	void *access_priv;
	/** Set to a function that a name was taken for, one of several copies; or NULL. */
	const struct ot_fn **copy_ret;
	/** Set to the type of an array of which an element was looked at that it does not have; or NULL. */
	const struct ot_type **outside_ret;
};

/** Parses; names are looked up at evaluation, type names while parsing, and then those in typeof too. */
struct ot_err *ot_expr_parse_in(const struct ot_expr_scope *scope, const char *text,
				struct ot_expr **ret);
/** As ot_expr_parse_in(), where nothing but the program is known yet. */
struct ot_err *ot_expr_parse(struct ot_program *program, const char *text, struct ot_expr **ret);
void ot_expr_destroy(struct ot_expr *expr);

/** Evaluates. The value is fetched unless it is too large (arrays are cut when written). */
struct ot_err *ot_expr_eval(const struct ot_expr *expr, const struct ot_expr_scope *scope,
			    struct ot_value *ret);

/** Both at once. */
struct ot_err *ot_expr_value(const struct ot_expr_scope *scope, const char *text,
			     struct ot_value *ret);

#endif
