/* SPDX-License-Identifier: BSD-2-Clause */
/** For the files of expr/ and cond/ only: tokens and the tree of a parsed expression. */
#ifndef OT_EXPR_TREE_H
#define OT_EXPR_TREE_H

#include "base/arena.h"
#include "expr/expr.h"

#define OT_EXPR_MAX_BYTES 4096u
#define OT_EXPR_MAX_NODES 1000u
#define OT_EXPR_MAX_DEPTH 100u
/* Of a compound literal, and of the elements of a range together. */
#define OT_EXPR_MAX_LITERAL_BYTES (1u << 20)
#define OT_EXPR_MAX_RANGE_BYTES (1ull << 32)

/* clang-format off */
/* X(NAME, text): operators, the longer before those they start with */
#define OT_EXPR_PUNCTUATION(X)                                              \
	X(ELLIPSIS, "...")                                                  \
	X(SHL_ASSIGN, "<<=") X(SHR_ASSIGN, ">>=") X(ARROW, "->")            \
	X(SHL, "<<") X(SHR, ">>")                                           \
	X(LE, "<=") X(GE, ">=") X(EQ, "==") X(NE, "!=")                     \
	X(AND_AND, "&&") X(OR_OR, "||") X(INC, "++") X(DEC, "--")           \
	X(ADD_ASSIGN, "+=") X(SUB_ASSIGN, "-=") X(MUL_ASSIGN, "*=")         \
	X(DIV_ASSIGN, "/=") X(MOD_ASSIGN, "%=") X(AND_ASSIGN, "&=")         \
	X(OR_ASSIGN, "|=") X(XOR_ASSIGN, "^=")                              \
	X(DOT, ".") X(STAR, "*") X(AMP, "&") X(PLUS, "+") X(MINUS, "-")     \
	X(TILDE, "~") X(NOT, "!") X(SLASH, "/") X(PERCENT, "%")             \
	X(LT, "<") X(GT, ">") X(CARET, "^") X(PIPE, "|")                    \
	X(QUESTION, "?") X(COLON, ":") X(ASSIGN, "=") X(COMMA, ",")         \
	X(OPEN, "(") X(CLOSE, ")") X(OPEN_INDEX, "[") X(CLOSE_INDEX, "]")   \
	X(OPEN_BRACE, "{") X(CLOSE_BRACE, "}")
/* clang-format on */

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
	uint64_t integer;    /* INTEGER, CHAR */
	long double real;    /* FLOAT */
	const char *base;    /* INTEGER, CHAR, FLOAT: name of its type; STRING: of its elements' */
	const char *text;    /* NAME, STRING: in the arena */
	size_t text_len;     /* bytes */
	uint32_t unit_bytes; /* STRING: of one element */
	bool is_imaginary;   /* FLOAT, INTEGER: 1.5i */
};

enum ot_expr_kind {
	OT_EXPR_INTEGER,
	OT_EXPR_FLOAT,
	OT_EXPR_STRING,
	OT_EXPR_NAME,
	OT_EXPR_MEMBER,	  /* left.text */
	OT_EXPR_ARROW,	  /* left->text */
	OT_EXPR_INDEX,	  /* left[right] */
	OT_EXPR_RANGE,	  /* left[right:third] */
	OT_EXPR_CALL,	  /* left(right, ...): right is the first, each says the next */
	OT_EXPR_UNARY,	  /* op left */
	OT_EXPR_PART,	  /* __real__ or __imag__ (text) of left */
	OT_EXPR_POSTFIX,  /* left op */
	OT_EXPR_BINARY,	  /* left op right; the comma too */
	OT_EXPR_ASSIGN,	  /* left op right */
	OT_EXPR_CHOICE,	  /* left ? right : third */
	OT_EXPR_CAST,	  /* (type)left; text is a variable that "type" might mean, or NULL */
	OT_EXPR_COMPOUND, /* (type)left, left being BRACES */
	OT_EXPR_BRACES,	  /* {right, ...} */
	OT_EXPR_ITEM,	  /* of BRACES: left being what designates it, or NULL; right the value */
	OT_EXPR_SIZEOF,	  /* of type, or of left when type is NULL */
	OT_EXPR_ALIGNOF,
	OT_EXPR_OFFSETOF,     /* of the part left of type */
	OT_EXPR_CONTAINER_OF, /* right points to the part left of type */
	OT_EXPR_OBJECT	      /* what the part of an offsetof or a designator is part of */
};

struct ot_expr_node {
	enum ot_expr_kind kind;
	enum ot_token_kind op;
	int position;
	bool is_imaginary;   /* FLOAT: 1.5i */
	uint32_t unit_bytes; /* STRING */
	const struct ot_expr_node *left;
	const struct ot_expr_node *right;
	const struct ot_expr_node *third;
	const struct ot_expr_node *next; /* in a list of arguments or items */
	const struct ot_type *type;
	const char *text;
	size_t text_len;
	const char *base; /* literals: name of the type */
	uint64_t integer;
	long double real;
};

struct ot_expr {
	struct ot_program *program;
	const struct ot_expr_scope *scope; /* while it is parsed: of names in typeof */
	struct ot_arena arena;
	const char *text;
	const struct ot_expr_node *root;
};

/** Reads the token at @p position. */
struct ot_err *ot_expr_lex(struct ot_expr *expr, int position, struct ot_token *ret);
/** The number, or the quoted text or character (with its prefix), at @p position. */
struct ot_err *ot_expr_lex_number(struct ot_expr *expr, int position, struct ot_token *ret);
struct ot_err *ot_expr_lex_quoted(struct ot_expr *expr, int position, struct ot_token *ret);
bool ot_expr_is_name_char(char c);

/** An error about the place @p position of the expression. */
struct ot_err *ot_expr_error(const struct ot_expr *expr, enum ot_err_code code, int position,
			     const char *format, ...) OT_PRINTF(4, 5) OT_NEVER_NULL;

/* ------------------------------------------------------------------ parsing */

struct ot_parser {
	struct ot_expr *expr;
	struct ot_token token; /* the one to be looked at */
	unsigned int depth;
	unsigned int nr_nodes;
	unsigned int in_params; /* declarators may have names there */
};

struct ot_err *ot_parse_advance(struct ot_parser *p);
struct ot_err *ot_parse_unexpected(const struct ot_parser *p, const char *wanted);
struct ot_err *ot_parse_expect(struct ot_parser *p, enum ot_token_kind kind, const char *wanted);
struct ot_err *ot_parse_new(struct ot_parser *p, enum ot_expr_kind kind, int position,
			    struct ot_expr_node **ret);
/** One level deeper; whoever came back from it takes it off p->depth again. */
struct ot_err *ot_parse_deeper(struct ot_parser *p);
bool ot_parse_is(const struct ot_parser *p, enum ot_token_kind kind);

/** An expression, commas and all. */
struct ot_err *ot_parse_comma(struct ot_parser *p, const struct ot_expr_node **ret);
/** Without a comma outside of parentheses. */
struct ot_err *ot_parse_assignment(struct ot_parser *p, const struct ot_expr_node **ret);
/** The braces of a compound literal. */
struct ot_err *ot_parse_braces(struct ot_parser *p, const struct ot_expr_node **ret);
/** ".field" and "[index]", any number; *@p ret is what they are parts of. */
struct ot_err *ot_parse_parts(struct ot_parser *p, const struct ot_expr_node **ret);

/**
 * Whether the name in hand starts a type. What a name means here hides a type of the same name: a local, a
 * field of the object at hand, a variable of the file, or a global one.
 * @param other_ret a variable of another file that the name might mean too, or NULL
 */
bool ot_parse_starts_type(const struct ot_parser *p, const struct ot_var **other_ret);
bool ot_parse_starts_typeof(const struct ot_parser *p);
/** A type with an abstract declarator: "struct client *", "int (*)[3]". */
struct ot_err *ot_parse_type(struct ot_parser *p, const struct ot_type **ret);

/* ------------------------------------------------------------------ numbers */

/** A number in an expression: an integer in 128 bits or a fraction that has room for any, and its C type. */
struct ot_number {
	const struct ot_type *type;
	bool is_float;	   /* complex too */
	bool is_complex;   /* imaginary counts; the type of a real one beside it may be complex */
	uint32_t bit_size; /* of a bit-field, for its promotion; else 0 */
	__int128 integer;
	__float128 real;
	__float128 imaginary;
	bool is_unrounded; /* of a calculated _Float16 or __bf16: */
	float unrounded;   /* what real was before it was rounded to its type */
};

/** From a scalar value; pointers are unsigned integers. False when it is no scalar or not known. */
bool ot_number_of_value(const struct ot_value *value, struct ot_number *ret);
/** Converts to @p type, as C would. */
void ot_number_convert(struct ot_number *number, const struct ot_type *type);
/** As ot_number_convert() for an operand of + - * /: what clang has not rounded yet stays so. */
void ot_number_to_operand(struct ot_number *number, const struct ot_type *type);
/** The type both operands of an arithmetic operator are converted to. */
const struct ot_type *ot_number_common(struct ot_program *program, const struct ot_number *a,
				       const struct ot_number *b);
/** int where that holds all its values; enums become integers. */
const struct ot_type *ot_number_promoted(struct ot_program *program,
					 const struct ot_number *number);
bool ot_number_is_true(const struct ot_number *number);
/** Arithmetic, comparison and bit operators on operands of the common type. NULL, or what is wrong
 * in a few words. */
const char *ot_number_apply(struct ot_program *program, enum ot_token_kind op,
			    const struct ot_number *a, const struct ot_number *b,
			    struct ot_number *ret);
void ot_number_to_value(const struct ot_number *number, struct ot_value *ret);

/* complex.c: the same of complex numbers; of the operands of apply one at least is complex, and both
 * have their parts in the result's */
bool ot_number_of_complex(const struct ot_value *value, struct ot_program *program,
			  struct ot_number *ret);
void ot_number_complex_to_value(const struct ot_number *number, struct ot_value *ret);
const char *ot_number_apply_complex(struct ot_program *program, enum ot_token_kind op,
				    const struct ot_number *a, const struct ot_number *b,
				    struct ot_number *ret);

#endif
