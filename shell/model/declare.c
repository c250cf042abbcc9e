// SPDX-License-Identifier: BSD-2-Clause
// Types and functions written as C declarations. A C declaration grows outwards from the name, so a
// declarator is put together as text around it: what is before it, and what is behind.
#include <string.h>

#include "model/internal.h"

#define DECLARE_MAX_DEPTH 64
#define SIGNATURE_MAX_PARAMS 64
#define ANONYMOUS_INDENT_MAX 8

static void declare(const struct ot_type *type, const char *inner, struct ot_buf *out, int depth);

static const char *keyword(const struct ot_type *type)
{
	switch (type->kind) {
	case OTRACE_TYPE_STRUCT:
		return "struct ";
	case OTRACE_TYPE_CLASS:
		return "class ";
	case OTRACE_TYPE_UNION:
		return "union ";
	case OTRACE_TYPE_ENUM:
		return "enum ";
	default:
		return "";
	}
}

/* Pointers to functions and arrays need parentheses around the star. */
static bool binds_behind(const struct ot_type *type)
{
	return type->kind == OTRACE_TYPE_FUNCTION || type->kind == OTRACE_TYPE_ARRAY;
}

static void declare_pointer(const struct ot_type *type, const char *inner, struct ot_buf *out,
			    int depth)
{
	const char *star = type->kind == OTRACE_TYPE_REFERENCE		? "&"
			   : type->kind == OTRACE_TYPE_RVALUE_REFERENCE ? "&&"
									: "*";
	bool parens = binds_behind(type->target);
	ot_auto_free char *text =
		ot_asprintf("%s%s%s%s", parens ? "(" : "", star, inner, parens ? ")" : "");

	declare(type->target, text, out, depth + 1);
}

static void declare_array(const struct ot_type *type, const char *inner, struct ot_buf *out,
			  int depth)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	ot_buf_adds(&text, inner);
	ot_buf_addc(&text, '[');
	if (!(type->flags & OTRACE_TYPE_FLAG_COUNT_UNKNOWN))
		ot_buf_add_u64(&text, type->count);
	ot_buf_addc(&text, ']');
	declare(type->target, ot_buf_text(&text), out, depth + 1);
}

static void declare_function(const struct ot_type *type, const char *inner, struct ot_buf *out,
			     int depth)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	ot_buf_adds(&text, inner);
	ot_buf_addc(&text, '(');
	for (uint32_t i = 0; i < type->nr_members; i++) {
		ot_buf_adds(&text, i ? ", " : "");
		declare(type->members[i].type, "", &text, depth + 1);
	}
	if (type->flags & OTRACE_TYPE_FLAG_VARIADIC)
		ot_buf_adds(&text, type->nr_members ? ", ..." : "...");
	else if (!type->nr_members && !(type->flags & OTRACE_TYPE_FLAG_NO_PROTOTYPE))
		ot_buf_adds(&text, "void");
	ot_buf_addc(&text, ')');
	declare(type->target, ot_buf_text(&text), out, depth + 1);
}

static const char *qualifier(enum otrace_type_kind kind)
{
	return kind == OTRACE_TYPE_CONST      ? "const"
	       : kind == OTRACE_TYPE_VOLATILE ? "volatile"
	       : kind == OTRACE_TYPE_RESTRICT ? "restrict"
	       : kind == OTRACE_TYPE_ATOMIC   ? "_Atomic"
					      : NULL;
}

/* "const char" but "char *const": a qualifier of a pointer stands behind its star. */
static void declare_qualified(const struct ot_type *type, const char *inner, struct ot_buf *out,
			      int depth)
{
	const char *word = qualifier(type->kind);
	const struct ot_type *target = type->target;
	ot_auto_free char *text = NULL;

	while (qualifier(target->kind))
		target = target->target;
	if (target->kind == OTRACE_TYPE_POINTER) {
		text = ot_asprintf("%s%s%s", word, *inner ? " " : "", inner);
		declare(type->target, text, out, depth + 1);
		return;
	}
	ot_buf_addf(out, "%s ", word);
	declare(type->target, inner, out, depth + 1);
}

static void declare(const struct ot_type *type, const char *inner, struct ot_buf *out, int depth)
{
	/* a parameter that the optimiser removed, without debug information: nobody knows */
	if (!type) {
		ot_buf_adds(out, "?");
		return;
	}
	if (depth > DECLARE_MAX_DEPTH) {
		ot_buf_adds(out, "...");
		return;
	}
	switch (type->kind) {
	case OTRACE_TYPE_POINTER:
	case OTRACE_TYPE_REFERENCE:
	case OTRACE_TYPE_RVALUE_REFERENCE:
		declare_pointer(type, inner, out, depth);
		return;
	case OTRACE_TYPE_ARRAY:
		declare_array(type, inner, out, depth);
		return;
	case OTRACE_TYPE_FUNCTION:
		declare_function(type, inner, out, depth);
		return;
	case OTRACE_TYPE_CONST:
	case OTRACE_TYPE_VOLATILE:
	case OTRACE_TYPE_RESTRICT:
	case OTRACE_TYPE_ATOMIC:
		declare_qualified(type, inner, out, depth);
		return;
	case OTRACE_TYPE_VECTOR:
		declare(type->target, "", out, depth + 1);
		ot_buf_addf(out, " __attribute__((vector_size(%llu)))",
			    (unsigned long long)type->size_bytes);
		break;
	default:
		ot_buf_adds(out, keyword(type));
		ot_buf_adds(out, type->name ? type->name : *keyword(type) ? "{...}" : "?");
	}
	if (*inner) {
		ot_buf_addc(out, ' ');
		ot_buf_adds(out, inner);
	}
}

void ot_type_declare(const struct ot_type *type, const char *name, struct ot_buf *out)
{
	declare(type, name, out, 0);
}

const char *ot_type_text(const struct ot_type *type)
{
	if (!type->text) {
		struct ot_buf text = OT_BUF_INIT;

		declare(type, "", &text, 0);
		((struct ot_type *)type)->text = ot_buf_take(&text);
	}
	return type->text;
}

/* ------------------------------------------------------------------ definitions */

static void define_record(const struct ot_type *type, int indent, struct ot_buf *out);

static void define_member(const struct ot_member *member, int indent, struct ot_buf *out)
{
	const char *name = member->name ? member->name : "";
	const struct ot_type *type = member->type;

	ot_buf_pad(out, '\t', (size_t)indent);
	if (ot_type_is_record(type) && !type->name && qualifier(type->kind) == NULL &&
	    type->kind != OTRACE_TYPE_TYPEDEF && indent < ANONYMOUS_INDENT_MAX) {
		define_record(type, indent, out);
		if (*name)
			ot_buf_addf(out, " %s", name);
	} else {
		ot_type_declare(type, name, out);
	}
	if (member->flags & OTRACE_MEMBER_BITFIELD || member->bit_size)
		ot_buf_addf(out, " : %u", member->bit_size);
	ot_buf_adds(out, ";\n");
}

static void define_record(const struct ot_type *type, int indent, struct ot_buf *out)
{
	ot_buf_adds(out, keyword(type));
	if (type->name)
		ot_buf_addf(out, "%s ", type->name);
	ot_buf_adds(out, "{\n");
	for (uint32_t i = 0; i < type->nr_members; i++)
		define_member(&type->members[i], indent + 1, out);
	ot_buf_pad(out, '\t', (size_t)indent);
	ot_buf_addc(out, '}');
}

static void define_enum(const struct ot_type *type, struct ot_buf *out)
{
	ot_buf_addf(out, "enum %s%s{\n", type->name ? type->name : "", type->name ? " " : "");
	for (uint32_t i = 0; i < type->nr_members; i++)
		ot_buf_addf(out, "\t%s = %lld,\n", type->enumerators[i].name,
			    (long long)type->enumerators[i].value);
	ot_buf_addc(out, '}');
}

void ot_type_define(const struct ot_type *type, struct ot_buf *out)
{
	const struct ot_type *plain = ot_type_strip(type);

	if (type->kind == OTRACE_TYPE_TYPEDEF) {
		ot_buf_adds(out, "typedef ");
		if (type->target == plain && !plain->name && ot_type_is_record(plain)) {
			define_record(plain, 0, out);
			ot_buf_addf(out, " %s", type->name);
		} else if (type->target == plain && !plain->name &&
			   plain->kind == OTRACE_TYPE_ENUM) {
			define_enum(plain, out);
			ot_buf_addf(out, " %s", type->name);
		} else {
			ot_type_declare(type->target, type->name, out);
		}
		ot_buf_adds(out, ";\n");
		if (!plain->name || plain->kind == OTRACE_TYPE_BASE || type->target != plain)
			return;
	}
	if (ot_type_is_record(plain)) {
		define_record(plain, 0, out);
		ot_buf_adds(out, ";\n");
	} else if (plain->kind == OTRACE_TYPE_ENUM) {
		define_enum(plain, out);
		ot_buf_adds(out, ";\n");
	} else if (type->kind != OTRACE_TYPE_TYPEDEF) {
		ot_buf_addf(out, "%s\n", ot_type_text(type));
	}
}

/* ------------------------------------------------------------------ functions */

static void signature_params(const struct ot_fn *fn, struct ot_buf *out)
{
	for (uint32_t i = 0; i < fn->nr_params && i < SIGNATURE_MAX_PARAMS; i++) {
		ot_buf_adds(out, i ? ", " : "");
		/* removed by the optimiser, without debug information: nobody knows what it was */
		if (!fn->params[i].type) {
			ot_buf_adds(out, "?");
			continue;
		}
		ot_type_declare(fn->params[i].type, fn->params[i].name ? fn->params[i].name : "",
				out);
	}
	if (fn->flags & OTRACE_FN_VARARGS)
		ot_buf_adds(out, fn->nr_params ? ", ..." : "...");
	else if (!fn->nr_params && !(fn->flags & OTRACE_FN_NO_PROTOTYPE))
		ot_buf_adds(out, "void");
}

void ot_fn_signature(const struct ot_fn *fn, struct ot_buf *out)
{
	ot_auto_buf struct ot_buf inner = OT_BUF_INIT;

	if (fn->flags & OTRACE_FN_STATIC)
		ot_buf_adds(out, "static ");
	ot_buf_addf(&inner, "%s(", fn->name);
	signature_params(fn, &inner);
	ot_buf_addc(&inner, ')');
	ot_type_declare(fn->return_type, ot_buf_text(&inner), out);
}

void ot_fn_place(const struct ot_fn *fn, struct ot_buf *out)
{
	if (!fn->file)
		return;
	ot_buf_adds(out, fn->file->name);
	if (fn->line_begin)
		ot_buf_addf(out, ":%u", fn->line_begin);
}

static const char *skip_text(uint32_t reason)
{
	static const char *const texts[] = {
#define OT_X_SKIP(name, text) text,
		OTRACE_SKIP_REASONS(OT_X_SKIP)
#undef OT_X_SKIP
	};

	return reason < OT_NR(texts) && *texts[reason] ? texts[reason] : "cannot be wrapped";
}

struct ot_err *ot_fn_untraceable(const struct ot_fn *fn)
{
	ot_auto_buf struct ot_buf where = OT_BUF_INIT;

	if (fn->stub && !(fn->flags & OTRACE_FN_INLINE_ONLY))
		return NULL;
	if (!(fn->flags & OTRACE_FN_INLINE_ONLY))
		return ot_err_new(OT_ERR_UNSUPPORTED, "%s has no stub: %s", fn->unique_name,
				  skip_text(fn->skip_reason));
	if (!fn->nr_inlined)
		return ot_err_new(OT_ERR_UNSUPPORTED,
				  "%s is not in the program: nothing calls it, or every call was "
				  "folded away",
				  fn->unique_name);
	for (uint32_t i = 0; i < fn->nr_inlined && i < 3; i++) {
		const struct ot_inlined *at = &fn->inlined[i];

		ot_buf_addf(&where, "%s%s (%s:%u)", i ? ", " : "", at->caller ? at->caller : "?",
			    at->file ? at->file : "?", at->line);
	}
	if (fn->nr_inlined > 3)
		ot_buf_addf(&where, " and %u more", fn->nr_inlined - 3);
	return ot_err_new(
		OT_ERR_UNSUPPORTED,
		"%s was inlined into %s, no copy left; compile with -fno-inline-functions "
		"or mark it __attribute__((noinline))",
		fn->unique_name, ot_buf_text(&where));
}

void ot_fn_assumes_text(const struct ot_fn *fn, struct ot_buf *out)
{
	static const char *const texts[] = {
#define OT_X_ASSUME(name, bit, text) [bit] = (text),
		OTRACE_ASSUME_FLAGS(OT_X_ASSUME)
#undef OT_X_ASSUME
	};
	bool more = false;

	for (uint32_t i = 0; i < OT_NR(texts); i++) {
		if (!(fn->assumes & 1u << i))
			continue;
		ot_buf_addf(out, "%s%s", more ? "; " : "", texts[i]);
		more = true;
	}
}
