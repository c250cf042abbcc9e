/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * For the files of cond/ only: a condition being compiled.
 *
 * The tree is that of expr/, and so are the types: expr/ evaluates it dry, with the function's parameters and our own
 * names as locals, and tells what each part is. Here is only what becomes of it at run time.
 */
#ifndef OT_COND_INSIDE_H
#define OT_COND_INSIDE_H

#include "base/vec.h"
#include "cond/cond.h"
#include "cond/emit.h"
#include "expr/eval.h"

/** What a name is that the program's own names do not hide. */
enum ot_cond_name {
	OT_COND_OTHER, /* none of ours */
	OT_COND_PARAM,
	OT_COND_RESULT,
	OT_COND_ERRNO,
	OT_COND_DURATION,
	OT_COND_DEPTH,
	OT_COND_THREAD,
	OT_COND_THREAD_NAME, /* OT_COND_THREAD beside a text */
	OT_COND_CALLER,
	OT_COND_TAGGED, /* param says of which argument; -1 = of any */
	OT_COND_BAD,	/* "error" */
	OT_COND_UNKNOWN /* begins with a $ */
};

struct ot_cond_named {
	enum ot_cond_name what;
	int param;
};

#define OT_COND_SLOTS OTRACE_CODE_MARK

struct ot_compiler {
	struct ot_program *program;
	const struct ot_fn *fn;
	struct ot_expr *expr;
	struct ot_expr_scope scope;
	struct ot_evaluator eval;
	struct ot_emitter *out;
	const struct ot_expr_node *slots[OT_COND_SLOTS]; /* what the enter code leaves */
	uint32_t nr_slots;
	bool at_end;	/* the leave code is being written */
	bool reads_end; /* memory is read at the end, not at the beginning */
};

#define ot_cond_error(c, node, code, ...) \
	ot_expr_error((c)->expr, code, (node)->position, __VA_ARGS__)

/* prepare.c */
/** The text with numbers in place of 5ms and the like. @param places where each byte of it was */
char *ot_cond_prepare(const char *text, int **places);
/** Makes "tagged(p)", "$thread" beside a text, True and None what the rest of us knows. */
struct ot_err *ot_cond_rewrite(struct ot_compiler *c, const struct ot_expr_node *node);
/** A cast that stands for "tagged(EXPR)". */
bool ot_cond_is_tag_test(const struct ot_expr_node *node);

/* names.c */
struct ot_cond_named ot_cond_named(const struct ot_compiler *c, const char *name);
/** As struct ot_expr_scope has it; priv is the compiler. */
bool ot_cond_local(void *priv, const char *name, struct ot_value *ret, struct ot_err **err);
/** Number of the parameter that "self" is, or -1. */
int ot_cond_self(const struct ot_fn *fn);

/* look.c: what the parts of the tree are */
#define OT_COND_LATE 1u	  /* needs the end of the call */
#define OT_COND_MOVING 2u /* may be another at the end than it was at the beginning */

unsigned int ot_cond_needs(struct ot_compiler *c, const struct ot_expr_node *node);
/** Whether it is known now, addresses of variables included. */
bool ot_cond_is_constant(struct ot_compiler *c, const struct ot_expr_node *node);
/** A variable's storage, or a part of it, whose address is known now. */
bool ot_cond_is_static(struct ot_compiler *c, const struct ot_expr_node *node);
/** The type of an operand, as a number whose value is not known. */
struct ot_err *ot_cond_type(struct ot_compiler *c, const struct ot_expr_node *node,
			    struct ot_number *ret);
const struct ot_type *ot_cond_place_type(struct ot_compiler *c, const struct ot_expr_node *node);
/** How the machine sees a scalar: OTRACE_CODE_BYTES, SIGNED, FRACTION; an error for what it cannot have. */
struct ot_err *ot_cond_width(struct ot_compiler *c, const struct ot_expr_node *node,
			     const struct ot_type *type, unsigned int *ret);
/** Number of the slot that holds the node's value; -1 = none, or it is not the end. */
int ot_cond_slot(const struct ot_compiler *c, const struct ot_expr_node *node);

/* place.c */
/** Pushes the value that lies where the node says, or its address when it is an array or a function. */
struct ot_err *ot_cond_load(struct ot_compiler *c, const struct ot_expr_node *node);
struct ot_err *ot_cond_address(struct ot_compiler *c, const struct ot_expr_node *node);
/** An error where nothing need be behind a pointer. */
struct ot_err *ot_cond_check_followed(struct ot_compiler *c, const struct ot_expr_node *node);
/** Pushes the parameter as it came. */
struct ot_err *ot_cond_param(struct ot_compiler *c, const struct ot_expr_node *node, int param);
struct ot_err *ot_cond_result(struct ot_compiler *c, const struct ot_expr_node *node);

/* value.c */
/** Pushes the value; says what it is. */
struct ot_err *ot_cond_value(struct ot_compiler *c, const struct ot_expr_node *node,
			     struct ot_number *ret);
/** Pushes it as a value of the type. */
struct ot_err *ot_cond_value_as(struct ot_compiler *c, const struct ot_expr_node *node,
				const struct ot_type *type);
/** Jumps when the node is true, or false. */
struct ot_err *ot_cond_branch(struct ot_compiler *c, const struct ot_expr_node *node, bool when,
			      struct ot_label *to);
/** Pushes 1 or 0, or another number that is not 0. */
struct ot_err *ot_cond_truth(struct ot_compiler *c, const struct ot_expr_node *node);

/* special.c: texts, tags, bad ends */
struct ot_err *ot_cond_text_value(struct ot_compiler *c, const struct ot_expr_node *node);
struct ot_err *ot_cond_tagged_value(struct ot_compiler *c, const struct ot_expr_node *node,
				    int param);
struct ot_err *ot_cond_bad_end(struct ot_compiler *c, const struct ot_expr_node *node);

#endif
