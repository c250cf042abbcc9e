/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * For the files of expr/ and cond/ only: evaluation.
 *
 * A value keeps its address as long as it has one, and is read only when its bytes are needed:
 * "&p->field" reads p and nothing else. What C does not evaluate (the operand of sizeof, the other
 * branch of ?:) is evaluated dry: its type comes out, nothing is read, stored or called.
 */
#ifndef OT_EXPR_EVAL_H
#define OT_EXPR_EVAL_H

#include "expr/tree.h"

struct ot_evaluator {
	const struct ot_expr *expr;
	const struct ot_expr_scope *scope;
	struct ot_program *program;
	struct ot_target *target;
	bool is_dry;
	bool is_enumerator; /* the value just made is an enumerator's, which C takes for an int */
	struct ot_value object; /* what OT_EXPR_OBJECT is */
};

#define ot_eval_error(e, node, code, ...) \
	ot_expr_error((e)->expr, code, (node)->position, __VA_ARGS__)

struct ot_err *ot_eval(struct ot_evaluator *e, const struct ot_expr_node *node,
		       struct ot_value *ret);
/** The type alone. */
struct ot_err *ot_eval_type(struct ot_evaluator *e, const struct ot_expr_node *node,
			    const struct ot_type **ret);
/** A number or pointer that has been read. */
struct ot_err *ot_eval_scalar(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_number *ret);
/** As ot_eval_scalar() for a value that is there; it is decayed and read. */
struct ot_err *ot_eval_number(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_value *value, struct ot_number *ret);
struct ot_err *ot_eval_truth(struct ot_evaluator *e, const struct ot_expr_node *node, bool *ret);
/** An index: no fraction, no pointer. */
struct ot_err *ot_eval_integer(struct ot_evaluator *e, const struct ot_expr_node *node,
			       __int128 *ret);
/** While parsing: an array's count. */
struct ot_err *ot_expr_constant(const struct ot_expr *expr, const struct ot_expr_node *node,
				uint64_t *ret);

/** While parsing: the type of typeof(@p node), which is not evaluated. */
struct ot_err *ot_expr_type_of(const struct ot_expr *expr, const struct ot_expr_node *node,
			       const struct ot_type **ret);

/** An error when there is nothing to look at. */
struct ot_err *ot_eval_check(struct ot_evaluator *e, const struct ot_expr_node *node,
			     const struct ot_value *value);
/** Reads the value if it has to be, and checks that it is there. */
struct ot_err *ot_eval_fetch(struct ot_evaluator *e, const struct ot_expr_node *node,
			     struct ot_value *value);
/** Arrays become pointers to their first element, functions pointers to themselves. */
void ot_eval_decay(struct ot_evaluator *e, struct ot_value *value);
/** A pointer to what was written in the expression: it lies nowhere in the program. */
bool ot_eval_is_homeless(const struct ot_value *value);
void ot_eval_homeless(struct ot_evaluator *e, const struct ot_type *type,
		      const struct ot_value *what, struct ot_value *ret);

/** "abc" + 2: such a pointer some elements further on, within what was written. */
struct ot_err *ot_eval_homeless_step(struct ot_evaluator *e, const struct ot_expr_node *node,
				     const struct ot_value *pointer, __int128 steps,
				     struct ot_value *ret);

/** A value whose home moves must not point to its old home. */
void ot_eval_move(struct ot_value *from, struct ot_value *ret);
/** A part borrows the bytes of the whole, and the whole is about to go. */
void ot_eval_keep(const struct ot_value *part, struct ot_value *ret);
void ot_eval_int(struct ot_evaluator *e, int64_t number, struct ot_value *ret);
/** A value of which only the type is known, for dry evaluation. */
void ot_eval_unknown(const struct ot_type *type, struct ot_value *ret);

/* typepair.c */
/** How two types are called in one message: with their files, where the names alone are the same. */
struct ot_type_pair {
	char *a;
	char *b;
};
void ot_type_pair_init(struct ot_type_pair *pair, const struct ot_type *a, const struct ot_type *b);
void ot_type_pair_deinit(struct ot_type_pair *pair);
#define ot_auto_type_pair __attribute__((cleanup(ot_type_pair_deinit)))

/* names.c */
struct ot_err *ot_eval_name(struct ot_evaluator *e, const struct ot_expr_node *node,
			    struct ot_value *ret);
/** The variable that a name means here if nothing hides it: a static of the function, of the file, then any; or NULL. */
struct ot_err *ot_eval_find_var(struct ot_evaluator *e, const struct ot_expr_node *node,
				const struct ot_var **ret);
/** The alignment that the source asks for of the variable that a name means, or 0. */
uint32_t ot_eval_name_align(struct ot_evaluator *e, const struct ot_expr_node *node);
/** "f.NAME", f being a function: a static of it, as f::NAME is. @param found false: there is none */
struct ot_err *ot_eval_static(struct ot_evaluator *e, const struct ot_expr_node *node, bool *found,
			      struct ot_value *ret);

/* access.c: parts of values */
struct ot_err *ot_eval_deref(struct ot_evaluator *e, const struct ot_expr_node *node,
			     struct ot_value *pointer, struct ot_value *ret);
struct ot_err *ot_eval_member(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_value *ret);
struct ot_err *ot_eval_index(struct ot_evaluator *e, const struct ot_expr_node *node,
			     struct ot_value *ret);
struct ot_err *ot_eval_range(struct ot_evaluator *e, const struct ot_expr_node *node,
			     struct ot_value *ret);
struct ot_err *ot_eval_address(struct ot_evaluator *e, const struct ot_expr_node *node,
			       struct ot_value *ret);
struct ot_err *ot_eval_offsetof(struct ot_evaluator *e, const struct ot_expr_node *node,
				struct ot_value *ret);
struct ot_err *ot_eval_container(struct ot_evaluator *e, const struct ot_expr_node *node,
				 struct ot_value *ret);

/* operate.c: operators that only look */
struct ot_err *ot_eval_unary(struct ot_evaluator *e, const struct ot_expr_node *node,
			     struct ot_value *ret);
struct ot_err *ot_eval_binary(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_value *ret);
/** "left op right" of values that were read, as += needs it too. */
struct ot_err *ot_eval_operate(struct ot_evaluator *e, const struct ot_expr_node *node,
			       enum ot_token_kind op, struct ot_number *a, struct ot_number *b,
			       struct ot_value *ret);
/** "+", for messages. */
const char *ot_eval_op_text(enum ot_token_kind op);
/* vector.c */
bool ot_type_is_vector(const struct ot_type *type);
/** "left op right", one of which is a vector. They are decayed and read. */
struct ot_err *ot_eval_vectors(struct ot_evaluator *e, const struct ot_expr_node *node,
			       enum ot_token_kind op, struct ot_value *left, struct ot_value *right,
			       struct ot_value *ret);
/** + - ~ ! of a vector. */
struct ot_err *ot_eval_vector_unary(struct ot_evaluator *e, const struct ot_expr_node *node,
				    struct ot_value *value, struct ot_value *ret);
/** Whether a vector may be assigned to another: integers of one size differ in their sign. */
bool ot_eval_is_vector_pair(const struct ot_type *from, const struct ot_type *to);
/** The bytes of the value as a value of another type of its size. */
struct ot_err *ot_eval_vector_bits(struct ot_evaluator *e, const struct ot_expr_node *node,
				   struct ot_value *value, const struct ot_type *type,
				   struct ot_value *ret);
/** A cast to or from a vector; @p node is the cast. */
struct ot_err *ot_eval_vector_cast(struct ot_evaluator *e, const struct ot_expr_node *node,
				   struct ot_value *value, struct ot_value *ret);
/* complex.c */
struct ot_err *ot_eval_part(struct ot_evaluator *e, const struct ot_expr_node *node,
			    struct ot_value *ret);

/** Whether sizeof has an answer; of arrays, whether it has one for their elements too. */
bool ot_eval_has_size(const struct ot_type *type);
/* width.c: integers of which the number of bits is not recorded, or is more than can be calculated with */
/** Whether debug information has the bytes of a _BitInt, but not how many bits it has. */
bool ot_type_is_of_unknown_width(const struct ot_type *type);
/** An error where nothing is calculated with values of the type: more than 128 bits. */
struct ot_err *ot_eval_check_width(struct ot_evaluator *e, const struct ot_expr_node *node,
				   const struct ot_type *type);
/** An error where the number, which was converted to its type, might not fit into the type's bits. */
struct ot_err *ot_eval_check_fits(struct ot_evaluator *e, const struct ot_expr_node *node,
				  const struct ot_number *number);
/** An error where the result of "a op b" depends on bits that nobody knows. @param b NULL: "op a" */
struct ot_err *ot_eval_check_result(struct ot_evaluator *e, const struct ot_expr_node *node,
				    enum ot_token_kind op, const struct ot_number *a,
				    const struct ot_number *b);

/** What steps of a pointer of this type are counted in; 1 for void and functions, as gcc has it. */
struct ot_err *ot_eval_step(struct ot_evaluator *e, const struct ot_expr_node *node,
			    const struct ot_type *pointer, uint64_t *ret);

/* convert.c */
struct ot_err *ot_eval_cast(struct ot_evaluator *e, const struct ot_expr_node *node,
			    struct ot_value *ret);
struct ot_err *ot_eval_choice(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_value *ret);
/**
 * As an assignment or an argument converts: @p value (which is used up) becomes a value of @p type, or
 * an error names both types. @p node is where the value comes from.
 */
struct ot_err *ot_eval_convert(struct ot_evaluator *e, const struct ot_expr_node *node,
			       struct ot_value *value, const struct ot_type *type,
			       struct ot_value *ret);
/** A 0 that was written, which any pointer may be. */
bool ot_eval_is_null(const struct ot_expr_node *node);

/* strings.c */
/** "==" or "!=" with a string on a side: compares the texts. False: is no such comparison. */
bool ot_eval_is_text(const struct ot_expr_node *node);
struct ot_err *ot_eval_compare_text(struct ot_evaluator *e, const struct ot_expr_node *node,
				    struct ot_value *ret);
void ot_eval_string(struct ot_evaluator *e, const struct ot_expr_node *node, struct ot_value *ret);

/* store.c */
struct ot_err *ot_eval_assign(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_value *ret);
struct ot_err *ot_eval_step_by_one(struct ot_evaluator *e, const struct ot_expr_node *node,
				   struct ot_value *ret);
/** Puts a number into a bit-field of a little-endian piece of memory. */
void ot_eval_put_bits(uint8_t *bytes, unsigned int shift, unsigned int size, __int128 number);

/* call.c, compound.c */
struct ot_err *ot_eval_call(struct ot_evaluator *e, const struct ot_expr_node *node,
			    struct ot_value *ret);
struct ot_err *ot_eval_compound(struct ot_evaluator *e, const struct ot_expr_node *node,
				struct ot_value *ret);

#endif
