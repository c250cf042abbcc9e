/* SPDX-License-Identifier: BSD-2-Clause */
/** For the files of expr/ only: tokens and the tree of a parsed expression. */
#ifndef OT_EXPR_TREE_H
#define OT_EXPR_TREE_H

#include "base/arena.h"
#include "expr/expr.h"

#define OT_EXPR_MAX_BYTES 4096u
#define OT_EXPR_MAX_NODES 1000u
#define OT_EXPR_MAX_DEPTH 100u

/* clang-format off */
/* X(NAME, text): operators, the longer before those they start with */
#define OT_EXPR_PUNCTUATION(X)                                                                     \
	X(SHL_ASSIGN, "<<=")                                                                       \
	X(SHR_ASSIGN, ">>=") X(ARROW, "->") X(SHL, "<<") X(SHR, ">>") X(LE, "<=") X(GE, ">=") X(   \
		EQ, "==") X(NE, "!=") X(AND_AND, "&&") X(OR_OR, "||") X(INC, "++") X(DEC, "--")    \
		X(ADD_ASSIGN, "+=") X(SUB_ASSIGN, "-=") X(MUL_ASSIGN, "*=") X(DIV_ASSIGN, "/=") X( \
			MOD_ASSIGN, "%=") X(AND_ASSIGN, "&=") X(OR_ASSIGN, "|=")                   \
			X(XOR_ASSIGN, "^=") X(DOT, ".") X(STAR, "*") X(AMP, "&") X(PLUS, "+")      \
				X(MINUS, "-") X(TILDE, "~") X(NOT, "!") X(SLASH, "/")              \
					X(PERCENT, "%") X(LT, "<") X(GT, ">") X(CARET, "^")        \
						X(PIPE, "|") X(QUESTION, "?") X(COLON, ":")        \
							X(ASSIGN, "=") X(COMMA, ",") X(OPEN, "(")  \
								X(CLOSE, ")") X(OPEN_INDEX, "[")   \
									X(CLOSE_INDEX, "]")

#define OT_X_TOKEN(name, text) OT_TOKEN_##name,
enum ot_token_kind {
	OT_TOKEN_END,
	OT_TOKEN_NAME,
	OT_TOKEN_INTEGER,
	OT_TOKEN_FLOAT,
	OT_TOKEN_CHAR,
	OT_TOKEN_STRING,
	OT_EXPR_PUNCTUATION(OT_X_TOKEN)
};
#undef OT_X_TOKEN

struct ot_token {
	enum ot_token_kind kind;
	int position;
	size_t len;
	uint64_t integer; /* INTEGER, CHAR */
	long double real; /* FLOAT */
	const char *base; /* INTEGER, FLOAT: name of its type */
	const char *text; /* NAME, STRING: in the arena */
	size_t text_len;
};

enum ot_expr_kind {
	OT_EXPR_INTEGER,
	OT_EXPR_FLOAT,
	OT_EXPR_STRING,
	OT_EXPR_NAME,
	OT_EXPR_MEMBER, /* left.text */
	OT_EXPR_ARROW,	/* left->text */
	OT_EXPR_INDEX,	/* left[right] */
	OT_EXPR_UNARY,	/* op left */
	OT_EXPR_BINARY, /* left op right */
	OT_EXPR_CHOICE, /* left ? right : third */
	OT_EXPR_CAST,	/* (type)left */
	OT_EXPR_SIZEOF	/* of type, or of left when type is NULL */
};

struct ot_expr_node {
	enum ot_expr_kind kind;
	enum ot_token_kind op;
	int position;
	const struct ot_expr_node *left;
	const struct ot_expr_node *right;
	const struct ot_expr_node *third;
	const struct ot_type *type;
	const char *text;
	size_t text_len;
	uint64_t integer;
	long double real;
};

struct ot_expr {
	struct ot_program *program;
	struct ot_arena arena;
	const char *text;
	const struct ot_expr_node *root;
};

/** Reads the token at @p position. */
struct ot_err *ot_expr_lex(struct ot_expr *expr, int position, struct ot_token *ret);

/** An error about the place @p position of the expression. */
struct ot_err *ot_expr_error(const struct ot_expr *expr, enum ot_err_code code, int position,
			     const char *format, ...) OT_PRINTF(4, 5)
	OT_NEVER_NULL;

/** A number in an expression: an integer in 128 bits or a long double, and its C type. */
struct ot_number {
	const struct ot_type *type;
	bool is_float;
	__int128 integer;
	long double real;
};

/** From a scalar value; pointers are unsigned integers. False when it is no scalar or not known. */
bool ot_number_of_value(const struct ot_value *value, struct ot_number *ret);
/** Converts to @p type, as C would. */
void ot_number_convert(struct ot_number *number, const struct ot_type *type);
/** The type both operands of an arithmetic operator are converted to. */
const struct ot_type *ot_number_common(struct ot_program *program, const struct ot_number *a,
				       const struct ot_number *b);
/** int where the type is smaller. */
const struct ot_type *ot_number_promoted(struct ot_program *program, const struct ot_type *type);
/** Arithmetic, comparison and bit operators on operands of the common type. NULL, or what is wrong
 * in a few words. */
const char *ot_number_apply(struct ot_program *program, enum ot_token_kind op,
			    const struct ot_number *a, const struct ot_number *b,
			    struct ot_number *ret);
void ot_number_to_value(const struct ot_number *number, struct ot_value *ret);

#endif
