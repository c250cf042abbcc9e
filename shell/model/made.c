// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "model/internal.h"
#include "model/made.h"

#define SAME_MAX_DEPTH 32

const struct ot_type *ot_made_qualified(struct ot_program *program, const struct ot_type *type,
					enum otrace_type_kind kind)
{
	struct ot_type like = {.kind = kind, .target = type, .size_bytes = type->size_bytes};

	if ((kind == OTRACE_TYPE_CONST && ot_type_is_const(type)) ||
	    (kind == OTRACE_TYPE_VOLATILE && ot_type_is_volatile(type)))
		return type;
	/* an atomic one of at most 16 bytes takes as many as a processor can exchange */
	while (kind == OTRACE_TYPE_ATOMIC && like.size_bytes < 16 &&
	       like.size_bytes & (like.size_bytes - 1))
		like.size_bytes++;
	return ot_types_intern(program, &like);
}

const struct ot_type *ot_made_open_array(struct ot_program *program, const struct ot_type *type)
{
	struct ot_type like = {
		.kind = OTRACE_TYPE_ARRAY, .flags = OTRACE_TYPE_FLAG_COUNT_UNKNOWN, .target = type};

	return ot_types_intern(program, &like);
}

const struct ot_type *ot_made_vector(struct ot_program *program, const struct ot_type *type,
				     uint64_t count, uint64_t size_bytes)
{
	struct ot_type like = {.kind = OTRACE_TYPE_VECTOR,
			       .target = type,
			       .count = count,
			       .size_bytes = size_bytes};

	return ot_types_intern(program, &like);
}

const struct ot_type *ot_made_wide_char(struct ot_program *program, const char *name)
{
	const struct ot_type *known = ot_program_type(program, name, OTRACE_TYPE_TYPEDEF);
	const struct ot_type *base =
		ot_program_base(program, name[0] == 'w'	      ? "int"
					 : strstr(name, "16") ? "unsigned short"
							      : "unsigned int");
	struct ot_type like = {.kind = OTRACE_TYPE_TYPEDEF, .target = base, .name = name};

	like.size_bytes = base->size_bytes;
	return known && ot_type_size(known) == like.size_bytes ? known
							       : ot_types_intern(program, &like);
}

const struct ot_type *ot_made_function(struct ot_program *program, const struct ot_type *result,
				       const struct ot_type *const *params, uint32_t nr_params,
				       uint16_t flags)
{
	struct ot_type like = {.kind = OTRACE_TYPE_FUNCTION,
			       .flags = flags,
			       .target = result,
			       .nr_members = nr_params};
	struct ot_member *members =
		ot_arena_alloc(&program->arena, (nr_params + 1) * sizeof(*members));

	for (uint32_t i = 0; i < nr_params; i++)
		members[i].type = params[i];
	like.members = members;
	return ot_types_intern(program, &like);
}

/* As they are called when they are read from tables, so that they are the program's own. */
const struct ot_type *ot_made_complex(struct ot_program *program, const struct ot_type *real)
{
	uint64_t half = ot_type_size(real);
	struct ot_type like = {.kind = OTRACE_TYPE_BASE,
			       .name = half == sizeof(float)	? "_Complex float"
				       : half == sizeof(double) ? "_Complex double"
								: "_Complex long double",
			       .encoding = OTRACE_ENC_COMPLEX,
			       .size_bytes = half * 2,
			       .count = half == sizeof(long double) ? 80 : 0};

	return ot_types_intern(program, &like);
}

const struct ot_type *ot_made_complex_part(struct ot_program *program, const struct ot_type *type)
{
	uint64_t half = ot_type_size(type) / 2;

	return ot_program_base(program, half == sizeof(float)	 ? "float"
					: half == sizeof(double) ? "double"
								 : "long double");
}

bool ot_type_is_complex_float(const struct ot_type *type)
{
	uint64_t size = ot_type_size(type);

	type = ot_type_strip(type);
	return type->kind == OTRACE_TYPE_BASE && type->encoding == OTRACE_ENC_COMPLEX &&
	       (size == 8 || size == 16 || (size == 32 && type->count == 80));
}

bool ot_type_is_operand(const struct ot_type *type)
{
	return ot_type_is_scalar(type) || ot_type_is_complex_float(type);
}

static bool is_qualifier(enum otrace_type_kind kind)
{
	return kind == OTRACE_TYPE_CONST || kind == OTRACE_TYPE_VOLATILE ||
	       kind == OTRACE_TYPE_RESTRICT || kind == OTRACE_TYPE_ATOMIC;
}

static bool has_qualifier(const struct ot_type *type, enum otrace_type_kind kind)
{
	for (; type; type = type->target) {
		if (type->kind == kind)
			return true;
		if (!is_qualifier(type->kind) && type->kind != OTRACE_TYPE_TYPEDEF &&
		    type->kind != OTRACE_TYPE_ARRAY)
			return false;
	}
	return false;
}

bool ot_type_is_const(const struct ot_type *type)
{
	return has_qualifier(type, OTRACE_TYPE_CONST);
}

bool ot_type_is_volatile(const struct ot_type *type)
{
	return has_qualifier(type, OTRACE_TYPE_VOLATILE);
}

/* A damaged table may have structs in themselves. */
#define CONST_MAX_LOOKS 100000u

static const struct ot_member *const_member(const struct ot_type *type, unsigned int *looks,
					    int depth, const struct ot_type **of_ret)
{
	const struct ot_member *found = NULL;

	type = ot_type_strip(type);
	while (type->kind == OTRACE_TYPE_ARRAY && type->target)
		type = ot_type_strip(type->target);
	if (!ot_type_is_record(type) || depth > SAME_MAX_DEPTH)
		return NULL;
	for (uint32_t i = 0; i < type->nr_members && !found; i++) {
		const struct ot_member *member = &type->members[i];

		if (member->flags & OTRACE_MEMBER_STATIC || ++*looks > CONST_MAX_LOOKS)
			continue;
		*of_ret = type;
		found = ot_type_is_const(member->type)
				? member
				: const_member(member->type, looks, depth + 1, of_ret);
	}
	return found;
}

const struct ot_member *ot_type_const_member(const struct ot_type *type,
					     const struct ot_type **of_ret)
{
	unsigned int looks = 0;

	return const_member(type, &looks, 0, of_ret);
}

const struct ot_type *ot_type_unqualified(const struct ot_type *type)
{
	while (is_qualifier(type->kind) && type->target)
		type = type->target;
	/* a typedef of a qualified type has to go with it */
	return ot_type_is_array(type) || (!ot_type_is_const(type) && !ot_type_is_volatile(type))
		       ? type
		       : ot_type_strip(type);
}

uint64_t ot_type_bits(const struct ot_type *type)
{
	uint64_t bits = ot_type_size(type) * 8;

	type = ot_type_strip(type);
	return type->kind == OTRACE_TYPE_BASE && type->count && type->count < bits ? type->count
										   : bits;
}

/* ------------------------------------------------------------------ sameness */

static bool same(const struct ot_type *a, const struct ot_type *b, int depth);

static bool same_function(const struct ot_type *a, const struct ot_type *b, int depth)
{
	if (!same(a->target, b->target, depth))
		return false;
	if ((a->flags | b->flags) & OTRACE_TYPE_FLAG_NO_PROTOTYPE)
		return true;
	if (a->nr_members != b->nr_members ||
	    ((a->flags ^ b->flags) & OTRACE_TYPE_FLAG_VARIADIC) != 0)
		return false;
	for (uint32_t i = 0; i < a->nr_members; i++)
		if (a->members[i].type && b->members[i].type &&
		    !same(a->members[i].type, b->members[i].type, depth))
			return false;
	return true;
}

static bool same_name(const struct ot_type *a, const struct ot_type *b)
{
	return a->name && b->name && !strcmp(a->name, b->name);
}

/* The definition where there is one: a file that only declares a struct means the same. */
static bool same_tag(const struct ot_type *a, const struct ot_type *b)
{
	return a->kind == b->kind && same_name(a, b) &&
	       (a->hash == b->hash || ((a->flags | b->flags) & OTRACE_TYPE_FLAG_INCOMPLETE));
}

static bool same_base(const struct ot_type *a, const struct ot_type *b)
{
	return a->kind == b->kind && a->encoding == b->encoding &&
	       ot_type_size(a) == ot_type_size(b) && ot_type_bits(a) == ot_type_bits(b) &&
	       same_name(a, b);
}

static bool same(const struct ot_type *a, const struct ot_type *b, int depth)
{
	a = ot_type_strip(a);
	b = ot_type_strip(b);
	if (a == b || depth > SAME_MAX_DEPTH)
		return true;
	switch (a->kind) {
	case OTRACE_TYPE_ENUM: /* and the integer that it is */
		if (b->kind == OTRACE_TYPE_ENUM)
			return same_tag(a, b);
		return b->kind == OTRACE_TYPE_BASE && a->target &&
		       same_base(ot_type_strip(a->target), b);
	case OTRACE_TYPE_BASE:
		if (b->kind == OTRACE_TYPE_ENUM)
			return b->target && same_base(a, ot_type_strip(b->target));
		return same_base(a, b);
	case OTRACE_TYPE_POINTER:
		return b->kind == a->kind && same(a->target, b->target, depth + 1);
	case OTRACE_TYPE_ARRAY:
		return b->kind == a->kind && same(a->target, b->target, depth + 1) &&
		       (!ot_type_count(a) || !ot_type_count(b) ||
			ot_type_count(a) == ot_type_count(b));
	case OTRACE_TYPE_VECTOR:
		return b->kind == a->kind && a->count == b->count &&
		       same(a->target, b->target, depth + 1);
	case OTRACE_TYPE_FUNCTION:
		return b->kind == a->kind && same_function(a, b, depth + 1);
	default:
		return same_tag(a, b);
	}
}

bool ot_type_is_same(const struct ot_type *a, const struct ot_type *b)
{
	return same(a, b, 0);
}
