// SPDX-License-Identifier: BSD-2-Clause
// Types in expressions: "unsigned long", "struct client *const *", "int (*(*)[3])(char, ...)".
#include <string.h>

#include "expr/eval.h"
#include "model/made.h"

#define MAX_PARAMS 64

static const char *const base_words[] = {"unsigned", "signed",	    "long",	  "short",
					 "int",	     "char",	    "float",	  "double",
					 "_Bool",    "bool",	    "void",	  "__int128",
					 "_Float16", "__bf16",	    "__signed",	  "__signed__",
					 "_Complex", "__complex__", "__float128", "_Float128"};
static const char *const qualifier_words[] = {"const",	    "volatile",	  "restrict",
					      "_Atomic",    "__const",	  "__volatile__",
					      "__restrict", "__volatile", "__restrict__"};

static bool is_one_of(const char *word, const char *const *words, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

static bool is_base_word(const char *word)
{
	return is_one_of(word, base_words, OT_NR(base_words));
}

static bool is_qualifier(const char *word)
{
	return is_one_of(word, qualifier_words, OT_NR(qualifier_words));
}

static bool is_typeof(const char *word)
{
	static const char *const words[] = {"typeof", "__typeof__", "__typeof", "typeof_unqual",
					    "__typeof_unqual__"};

	return is_one_of(word, words, OT_NR(words));
}

static int tag_kind(const char *word)
{
	return !strcmp(word, "struct")	? OTRACE_TYPE_STRUCT
	       : !strcmp(word, "union") ? OTRACE_TYPE_UNION
	       : !strcmp(word, "enum")	? OTRACE_TYPE_ENUM
	       : !strcmp(word, "class") ? OTRACE_TYPE_CLASS
					: -1;
}

bool ot_parse_starts_typeof(const struct ot_parser *p)
{
	return p->token.kind == OT_TOKEN_NAME && is_typeof(p->token.text);
}

/* ------------------------------------------------------------------ types that are called like variables */

static bool is_of_file(const struct ot_type *type, const struct ot_file *file)
{
	return file && type->file && !strcmp(type->file, file->name);
}

/* Of the types of a name and kind the one of the file at hand, else the first. */
static const struct ot_type *scoped_type(const struct ot_parser *p, const char *name, int kind)
{
	const struct ot_type *first = ot_program_type(p->expr->program, name, kind);

	if (strchr(name, '@'))
		return first;
	for (const struct ot_type *each = first; each; each = each->same_name)
		if (each->kind == first->kind && is_of_file(each, p->expr->scope->file) &&
		    !(each->flags & OTRACE_TYPE_FLAG_INCOMPLETE))
			return each;
	return first;
}

static bool is_local(const struct ot_expr_scope *scope, const char *name)
{
	struct ot_value value = {0};
	struct ot_err *err = NULL;
	bool found;

	if (!scope->local)
		return false;
	found = scope->local(scope->local_priv, name, &value, &err);
	ot_value_deinit(&value);
	ot_err_destroy(err);
	return found;
}

static bool is_field(const struct ot_expr_scope *scope, const char *name)
{
	uint64_t bit_offset = 0;

	return scope->self && ot_type_is_record(scope->self->type) &&
	       ot_type_find_member(scope->self->type, name, &bit_offset);
}

/* The variable that hides a type of its name here. @param other_ret one that does not, being another file's */
static const struct ot_var *hiding_var(const struct ot_expr_scope *scope, const char *name,
				       const struct ot_type *type, const struct ot_var **other_ret)
{
	bool is_type_near = is_of_file(type, scope->file);

	*other_ret = NULL;
	for (const struct ot_var *var = ot_program_var(scope->program, name); var;
	     var = var->same_name) {
		bool is_near = var->scope ? scope->fn && !strcmp(var->scope, scope->fn->name) &&
						    var->tu == scope->fn->tu
					  : scope->file && var->file == scope->file;
		bool is_global = !var->scope && !(var->flags & OTRACE_VAR_STATIC);

		if (is_near || (is_global && !is_type_near))
			return var;
		if (!is_type_near)
			*other_ret = var;
	}
	return NULL;
}

/* What a type has behind it in parentheses, and a variable hardly ever. */
static bool is_type_like(const struct ot_parser *p)
{
	struct ot_parser ahead = *p;
	struct ot_err *err = ot_parse_advance(&ahead);

	ot_err_destroy(err);
	return !err &&
	       (ot_parse_is(&ahead, OT_TOKEN_STAR) || ot_parse_is(&ahead, OT_TOKEN_CLOSE) ||
		ot_parse_is(&ahead, OT_TOKEN_OPEN) || ot_parse_is(&ahead, OT_TOKEN_OPEN_INDEX) ||
		ot_parse_is(&ahead, OT_TOKEN_NAME));
}

bool ot_parse_starts_type(const struct ot_parser *p, const struct ot_var **other_ret)
{
	const struct ot_expr_scope *scope = p->expr->scope;
	struct ot_program *program = p->expr->program;
	const char *word = p->token.text;
	const struct ot_type *type;

	*other_ret = NULL;
	if (p->token.kind != OT_TOKEN_NAME)
		return false;
	if (is_base_word(word) || is_qualifier(word) || is_typeof(word) || tag_kind(word) >= 0)
		return true;
	if (!program || is_field(scope, word) || is_local(scope, word))
		return false;
	type = scoped_type(p, word, -1);
	if (!type || strchr(word, '@'))
		return type && !ot_program_var(program, word);
	/* a tag without its word is a type only where nothing else has the name */
	if (type->kind != OTRACE_TYPE_TYPEDEF && type->kind != OTRACE_TYPE_BASE)
		return !ot_program_var(program, word) && !ot_program_fn(program, word);
	return !hiding_var(scope, word, type, other_ret) && (!*other_ret || is_type_like(p));
}

/* ------------------------------------------------------------------ the first words */

struct words {
	int nr_long;
	bool is_unsigned;
	bool is_signed;
	bool is_short;
	bool is_const;
	bool is_volatile;
	bool is_atomic;
	bool is_complex;
	const char *core; /* char, int, float, double, _Bool, void, __int128 or NULL */
	const struct ot_type *named;
};

static const char *integer_name(const struct words *w)
{
	if (w->is_short)
		return w->is_unsigned ? "unsigned short" : "short";
	if (w->nr_long > 1)
		return w->is_unsigned ? "unsigned long long" : "long long";
	if (w->nr_long)
		return w->is_unsigned ? "unsigned long" : "long";
	return w->is_unsigned ? "unsigned int" : "int";
}

static const char *base_name(const struct words *w)
{
	const char *core = w->core ? w->core : w->is_complex ? "double" : "int";

	if (!strcmp(core, "char"))
		return w->is_unsigned ? "unsigned char" : w->is_signed ? "signed char" : "char";
	if (!strcmp(core, "double"))
		return w->nr_long ? "long double" : "double";
	if (!strcmp(core, "__int128"))
		return w->is_unsigned ? "unsigned __int128" : "__int128";
	return strcmp(core, "int") ? core : integer_name(w);
}

/* What no C type is called: "unsigned float", "short double", "long long long". */
static bool is_nonsense(const struct words *w)
{
	const char *core = w->core ? w->core : w->is_complex ? "double" : "int";
	bool is_int = !strcmp(core, "int");
	bool has_sign = w->is_unsigned || w->is_signed;

	return (w->is_unsigned && w->is_signed) || w->nr_long > 2 || (w->is_short && w->nr_long) ||
	       (w->is_short && !is_int) ||
	       (w->nr_long && !is_int && (strcmp(core, "double") != 0 || w->nr_long > 1)) ||
	       (has_sign && !is_int && strcmp(core, "char") != 0 && strcmp(core, "__int128") != 0);
}

static struct ot_err *take_base_word(struct ot_parser *p, struct words *w)
{
	const char *word = p->token.text;

	if (strstr(word, "omplex"))
		w->is_complex = true;
	else if (!strcmp(word, "long"))
		w->nr_long++;
	else if (!strcmp(word, "unsigned"))
		w->is_unsigned = true;
	else if (!strncmp(word, "signed", 6) || !strncmp(word, "__signed", 8))
		w->is_signed = true;
	else if (!strcmp(word, "short"))
		w->is_short = true;
	else if (w->core)
		return ot_parse_unexpected(p, "one type, not two,");
	else
		w->core = strcmp(word, "bool") ? word : "_Bool";
	return NULL;
}

static void take_qualifier(const char *word, struct words *w)
{
	w->is_const = w->is_const || strstr(word, "const");
	w->is_volatile = w->is_volatile || strstr(word, "volatile");
	w->is_atomic = w->is_atomic || !strcmp(word, "_Atomic");
}

static struct ot_err *no_such_type(const struct ot_parser *p, const char *name)
{
	struct ot_err *err =
		ot_expr_error(p->expr, OT_ERR_NOT_FOUND, p->token.position, "no type \"%s\"", name);

	return ot_program_nearest(p->expr->program, name, err);
}

/* With the file, so that each says which one it is. */
static void near_type(struct ot_err *err, const struct ot_type *type)
{
	const char *unique = type->unique_name ? type->unique_name : type->name;
	const char *slash = type->file ? strrchr(type->file, '/') : NULL;
	ot_auto_free char *full = NULL;

	if (strchr(unique, '@') || !type->file) {
		ot_err_near(err, unique);
		return;
	}
	full = ot_asprintf("%s@%s", type->name, slash ? slash + 1 : type->file);
	ot_err_near(err, full);
}

static struct ot_err *several_types(const struct ot_parser *p, const struct ot_type *one,
				    const struct ot_type *other)
{
	struct ot_err *err = ot_expr_error(p->expr, OT_ERR_AMBIGUOUS, p->token.position,
					   "several types are called \"%s\"", p->token.text);

	near_type(err, one);
	near_type(err, other);
	return err;
}

static struct ot_err *take_name(struct ot_parser *p, struct words *w)
{
	int kind = tag_kind(p->token.text);
	const struct ot_type *rival = NULL;

	if (kind >= 0)
		OT_TRY(ot_parse_advance(p));
	if (kind >= 0 && ot_parse_is(p, OT_TOKEN_OPEN_BRACE))
		return ot_expr_error(
			p->expr, OT_ERR_SYNTAX, p->token.position,
			"no type is defined in an expression: name one of the program");
	if (p->token.kind != OT_TOKEN_NAME)
		return ot_parse_unexpected(p, "the name of a type");
	w->named = scoped_type(p, p->token.text, kind);
	if (!w->named)
		return no_such_type(p, p->token.text);
	if (!strchr(p->token.text, '@') && !is_of_file(w->named, p->expr->scope->file))
		rival = ot_program_type_rival(p->expr->program, w->named);
	return rival ? several_types(p, w->named, rival) : NULL;
}

/* typeof(x), and _Atomic(T), which is written the same. */
static bool is_in_parentheses(const struct ot_parser *p)
{
	struct ot_parser ahead = *p;

	if (is_typeof(p->token.text))
		return true;
	if (strcmp(p->token.text, "_Atomic") != 0)
		return false;
	ot_err_destroy(ot_parse_advance(&ahead));
	return ot_parse_is(&ahead, OT_TOKEN_OPEN);
}

/* typeof(x), typeof(T): up to the ")", which is left for whoever moves on. */
static struct ot_err *take_typeof(struct ot_parser *p, struct words *w)
{
	bool unqualified = strstr(p->token.text, "unqual") != NULL;
	bool is_atomic = !strcmp(p->token.text, "_Atomic");
	const struct ot_expr_node *node = NULL;
	unsigned int in_params = p->in_params;
	const struct ot_var *other;

	OT_TRY(ot_parse_deeper(p));
	OT_TRY(ot_parse_advance(p));
	OT_TRY(ot_parse_expect(p, OT_TOKEN_OPEN, "\"(\" and an expression or a type"));
	p->in_params = 0;
	if (ot_parse_starts_type(p, &other)) {
		OT_TRY(ot_parse_type(p, &w->named));
	} else {
		OT_TRY(ot_parse_comma(p, &node));
		OT_TRY(ot_expr_type_of(p->expr, node, &w->named));
	}
	p->in_params = in_params;
	if (unqualified)
		w->named = ot_type_unqualified(w->named);
	w->is_atomic = w->is_atomic || is_atomic;
	p->depth--;
	return ot_parse_is(p, OT_TOKEN_CLOSE) ? NULL : ot_parse_unexpected(p, "\")\"");
}

static struct ot_err *find_base(struct ot_parser *p, const struct words *w,
				const struct ot_type **ret)
{
	struct ot_program *program = p->expr->program;
	const char *name = base_name(w);

	if (is_nonsense(w))
		return ot_parse_unexpected(p, "words that make a type in C");
	*ret = !strcmp(name, "void") ? ot_program_void(program) : ot_program_base(program, name);
	if (!*ret)
		*ret = ot_program_type(program, name, OTRACE_TYPE_BASE);
	if (*ret && w->is_complex && (!ot_type_is_float(*ret) || ot_type_size(*ret) < 4))
		return ot_parse_unexpected(p, "float, double or long double beside _Complex");
	if (*ret && w->is_complex)
		*ret = ot_made_complex(program, *ret);
	return *ret ? NULL : no_such_type(p, name);
}

static bool is_still_open(const struct words *w)
{
	return !w->named && !w->core && !w->nr_long && !w->is_short && !w->is_complex &&
	       !w->is_unsigned && !w->is_signed;
}

/* "const struct client", "unsigned long int", "size_t volatile". */
static struct ot_err *parse_words(struct ot_parser *p, const struct ot_type **ret)
{
	struct words w = {0};
	bool any = false;
	const struct ot_type *type;

	for (; p->token.kind == OT_TOKEN_NAME; any = true) {
		if (is_still_open(&w) && is_in_parentheses(p))
			OT_TRY(take_typeof(p, &w));
		else if (is_qualifier(p->token.text))
			take_qualifier(p->token.text, &w);
		else if (is_base_word(p->token.text) && !w.named)
			OT_TRY(take_base_word(p, &w));
		else if (is_still_open(&w))
			OT_TRY(take_name(p, &w));
		else
			break;
		OT_TRY(ot_parse_advance(p));
	}
	if (!any)
		return ot_parse_unexpected(p, "the name of a type");
	type = w.named;
	if (!type)
		OT_TRY(find_base(p, &w, &type));
	if (w.is_atomic)
		type = ot_made_qualified(p->expr->program, type, OTRACE_TYPE_ATOMIC);
	if (w.is_const)
		type = ot_made_qualified(p->expr->program, type, OTRACE_TYPE_CONST);
	if (w.is_volatile)
		type = ot_made_qualified(p->expr->program, type, OTRACE_TYPE_VOLATILE);
	*ret = type;
	return NULL;
}

/* ------------------------------------------------------------------ declarators */

static struct ot_err *parse_declarator(struct ot_parser *p, const struct ot_type **type);

static struct ot_err *parse_pointers(struct ot_parser *p, const struct ot_type **type)
{
	struct ot_program *program = p->expr->program;

	while (p->token.kind == OT_TOKEN_STAR) {
		struct words w = {0};

		*type = ot_program_pointer_to(program, *type);
		OT_TRY(ot_parse_advance(p));
		for (; p->token.kind == OT_TOKEN_NAME && is_qualifier(p->token.text);) {
			take_qualifier(p->token.text, &w);
			OT_TRY(ot_parse_advance(p));
		}
		if (w.is_const)
			*type = ot_made_qualified(program, *type, OTRACE_TYPE_CONST);
		if (w.is_volatile)
			*type = ot_made_qualified(program, *type, OTRACE_TYPE_VOLATILE);
	}
	return NULL;
}

static struct ot_err *parse_count(struct ot_parser *p, bool *is_open, uint64_t *ret)
{
	const struct ot_expr_node *node = NULL;
	int position = p->token.position;
	uint64_t count;

	*is_open = ot_parse_is(p, OT_TOKEN_CLOSE_INDEX);
	if (*is_open)
		return ot_parse_advance(p);
	OT_TRY(ot_parse_assignment(p, &node));
	OT_TRY(ot_expr_constant(p->expr, node, &count));
	if (count > UINT32_MAX)
		return ot_expr_error(p->expr, OT_ERR_SYNTAX, position,
				     "a smaller number of elements expected here");
	*ret = count;
	return ot_parse_expect(p, OT_TOKEN_CLOSE_INDEX, "\"]\"");
}

static struct ot_err *parse_suffixes(struct ot_parser *p, const struct ot_type **type);

/* "[3][4]" is three of four: what is behind belongs to the element. */
static struct ot_err *parse_array(struct ot_parser *p, const struct ot_type **type)
{
	int position = p->token.position;
	bool is_open = false;
	uint64_t count = 0;

	OT_TRY(ot_parse_advance(p));
	OT_TRY(parse_count(p, &is_open, &count));
	OT_TRY(parse_suffixes(p, type));
	if (ot_type_is_function(*type) || ot_type_is_void(*type))
		return ot_expr_error(p->expr, OT_ERR_TYPE, position, "there are no arrays of %s",
				     ot_type_text(*type));
	if (ot_type_size(*type) > UINT32_MAX)
		return ot_expr_error(p->expr, OT_ERR_SYNTAX, position, "the array is too large");
	*type = is_open ? ot_made_open_array(p->expr->program, *type)
			: ot_program_array_of(p->expr->program, *type, count);
	return NULL;
}

/* A parameter that is an array or a function is a pointer. */
static struct ot_err *parse_param(struct ot_parser *p, const struct ot_type **ret)
{
	const struct ot_type *plain;
	struct ot_err *err;

	p->in_params++;
	err = ot_parse_type(p, ret);
	p->in_params--;
	if (err)
		return err;
	plain = ot_type_strip(*ret);
	if (plain->kind == OTRACE_TYPE_ARRAY)
		*ret = ot_program_pointer_to(p->expr->program, plain->target);
	else if (plain->kind == OTRACE_TYPE_FUNCTION)
		*ret = ot_program_pointer_to(p->expr->program, *ret);
	return NULL;
}

static struct ot_err *parse_params(struct ot_parser *p, const struct ot_type **params, uint32_t *nr,
				   uint16_t *flags)
{
	OT_TRY(ot_parse_advance(p));
	if (ot_parse_is(p, OT_TOKEN_CLOSE)) {
		*flags = OTRACE_TYPE_FLAG_NO_PROTOTYPE;
		return ot_parse_advance(p);
	}
	for (;;) {
		if (ot_parse_is(p, OT_TOKEN_ELLIPSIS)) {
			*flags = OTRACE_TYPE_FLAG_VARIADIC;
			OT_TRY(ot_parse_advance(p));
			break;
		}
		if (*nr == MAX_PARAMS)
			return ot_parse_unexpected(p, "fewer parameters");
		OT_TRY(parse_param(p, &params[*nr]));
		++*nr;
		if (!ot_parse_is(p, OT_TOKEN_COMMA))
			break;
		OT_TRY(ot_parse_advance(p));
	}
	if (*nr == 1 && ot_type_is_void(params[0]))
		*nr = 0;
	return ot_parse_expect(p, OT_TOKEN_CLOSE, "\")\"");
}

static struct ot_err *parse_function(struct ot_parser *p, const struct ot_type **type)
{
	const struct ot_type *params[MAX_PARAMS];
	int position = p->token.position;
	uint32_t nr = 0;
	uint16_t flags = 0;

	OT_TRY(parse_params(p, params, &nr, &flags));
	OT_TRY(parse_suffixes(p, type));
	if (ot_type_is_function(*type) || ot_type_is_array(*type))
		return ot_expr_error(p->expr, OT_ERR_TYPE, position, "no function returns %s",
				     ot_type_text(*type));
	*type = ot_made_function(p->expr->program, *type, params, nr, flags);
	return NULL;
}

static struct ot_err *parse_suffixes(struct ot_parser *p, const struct ot_type **type)
{
	struct ot_err *err = NULL;

	if (!ot_parse_is(p, OT_TOKEN_OPEN_INDEX) && !ot_parse_is(p, OT_TOKEN_OPEN))
		return NULL;
	OT_TRY(ot_parse_deeper(p));
	err = ot_parse_is(p, OT_TOKEN_OPEN) ? parse_function(p, type) : parse_array(p, type);
	p->depth--;
	return err;
}

static struct ot_err *skip_parens(struct ot_parser *p)
{
	int level = 0;

	do {
		level += ot_parse_is(p, OT_TOKEN_OPEN);
		level -= ot_parse_is(p, OT_TOKEN_CLOSE);
		if (ot_parse_is(p, OT_TOKEN_END))
			return ot_parse_unexpected(p, "\")\"");
		OT_TRY(ot_parse_advance(p));
	} while (level);
	return NULL;
}

/* What is in the parentheses of "(*)[3]" is about what stands behind them: read that first. */
static struct ot_err *parse_grouped(struct ot_parser *p, const struct ot_type **type)
{
	struct ot_token inner = p->token;
	struct ot_token behind;

	OT_TRY(skip_parens(p));
	OT_TRY(parse_suffixes(p, type));
	behind = p->token;
	p->token = inner;
	OT_TRY(ot_parse_advance(p));
	OT_TRY(parse_declarator(p, type));
	OT_TRY(ot_parse_expect(p, OT_TOKEN_CLOSE, "\")\""));
	p->token = behind;
	return NULL;
}

/* Behind "(" in a declarator: a declarator again, and no parameters. */
static struct ot_err *is_group(const struct ot_parser *p, bool *ret)
{
	struct ot_parser ahead = *p;

	OT_TRY(ot_parse_advance(&ahead));
	*ret = ahead.token.kind == OT_TOKEN_STAR || ahead.token.kind == OT_TOKEN_OPEN ||
	       ahead.token.kind == OT_TOKEN_OPEN_INDEX;
	return NULL;
}

static struct ot_err *parse_declarator(struct ot_parser *p, const struct ot_type **type)
{
	struct ot_err *err = NULL;
	bool grouped = false;

	OT_TRY(ot_parse_deeper(p));
	OT_TRY(parse_pointers(p, type));
	/* a parameter's name, which is of no use here */
	if (p->in_params && ot_parse_is(p, OT_TOKEN_NAME))
		OT_TRY(ot_parse_advance(p));
	if (ot_parse_is(p, OT_TOKEN_OPEN))
		OT_TRY(is_group(p, &grouped));
	err = grouped ? parse_grouped(p, type) : parse_suffixes(p, type);
	p->depth--;
	return err;
}

struct ot_err *ot_parse_type(struct ot_parser *p, const struct ot_type **ret)
{
	const struct ot_type *type = NULL;

	if (!p->expr->program)
		return ot_parse_unexpected(p, "a value");
	OT_TRY(parse_words(p, &type));
	OT_TRY(parse_declarator(p, &type));
	*ret = type;
	return NULL;
}
