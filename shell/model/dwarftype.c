// SPDX-License-Identifier: BSD-2-Clause
#include <dwarf.h>
#include <string.h>

#include "model/dwarftype.h"
#include "model/internal.h"
#include "model/made.h"

#define DEPTH_MAX 500
#define LOOKS_MAX 100000u /* damaged, it may ask for itself in several places at every step */
#define DIMENSIONS_MAX 16
#define COUNT_MAX (1ull << 40)

static const struct ot_type *type_of(struct ot_dwarf_types *t, Dwarf_Die *of, int depth);

static uint64_t number_of(Dwarf_Die *die, unsigned int name, uint64_t missing)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;

	return dwarf_attr_integrate(die, name, &attr) && !dwarf_formudata(&attr, &word) ? word
											: missing;
}

static const char *kept_name(struct ot_dwarf_types *t, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	return name ? ot_arena_strndup(&t->program->arena, name, strlen(name)) : NULL;
}

/* ------------------------------------------------------------------ from the tables */

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool same_size(const struct ot_type *type, Dwarf_Die *die)
{
	uint64_t size = number_of(die, DW_AT_byte_size, 0);

	return !size || !ot_type_size(type) || ot_type_size(type) == size;
}

/* A name that several types have is that of the file and line it is declared in. A function may give a
 * name that others have a meaning of its own. */
static const struct ot_type *tagged(struct ot_dwarf_types *t, Dwarf_Die *die, int kind)
{
	const char *name = dwarf_diename(die), *file = dwarf_decl_file(die);
	const struct ot_type *first, *type;
	int line = 0;

	if (!name)
		return NULL;
	first = ot_program_type(t->program, name, kind);
	dwarf_decl_line(die, &line);
	for (type = first; type; type = type->same_name)
		if ((int)type->kind == kind && line && type->line == (uint32_t)line && type->file &&
		    file && !strcmp(last_component(type->file), last_component(file)) &&
		    same_size(type, die))
			return type;
	if (!first || ot_program_type_rival(t->program, first) || !same_size(first, die))
		return NULL;
	return !line || !first->line || first->line == (uint32_t)line ? first : NULL;
}

/* ------------------------------------------------------------------ base types */

/* Two numbers of 16 bytes each may be long doubles or __float128: that is not said. */
static const struct ot_type *complex_of(struct ot_dwarf_types *t, uint64_t size)
{
	return size == 8 || size == 16
		       ? ot_made_complex(t->program,
					 ot_program_base(t->program,
							 size == 8 ? "float" : "double"))
		       : NULL;
}

static const struct ot_type *base_of(struct ot_dwarf_types *t, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);
	struct ot_type like = {
		.kind = OTRACE_TYPE_BASE,
		.size_bytes = number_of(die, DW_AT_byte_size, 0),
		.encoding = (uint8_t)number_of(die, DW_AT_encoding, 0),
	};
	const struct ot_type *known;

	/* how many bits a _BitInt has is not said */
	if (!name || !like.size_bytes || strstr(name, "_BitInt"))
		return NULL;
	if (!strcmp(name, "complex"))
		return like.encoding == OTRACE_ENC_COMPLEX ? complex_of(t, like.size_bytes) : NULL;
	known = ot_program_type(t->program, name, OTRACE_TYPE_BASE);
	if (!known)
		known = ot_program_base(t->program, name);
	if (known && known->size_bytes == like.size_bytes && known->encoding == like.encoding)
		return known;
	if (known || (like.encoding != OTRACE_ENC_SIGNED && like.encoding != OTRACE_ENC_UNSIGNED &&
		      like.encoding != OTRACE_ENC_FLOAT))
		return NULL;
	like.name = kept_name(t, die);
	return ot_types_intern(t->program, &like);
}

/* ------------------------------------------------------------------ made of others */

/* The count of one dimension. False: nobody knows it. */
static bool count_of(struct ot_dwarf_types *t, Dwarf_Die *range, uint64_t *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;
	Dwarf_Die holder;
	bool is_bound = !dwarf_attr(range, DW_AT_count, &attr);

	if (is_bound && !dwarf_attr(range, DW_AT_upper_bound, &attr))
		return false;
	if (!dwarf_formudata(&attr, &word))
		*ret = word;
	else if (!dwarf_formref_die(&attr, &holder) || !t->count_of(t->priv, &holder, ret))
		return false;
	*ret += is_bound;
	return *ret < COUNT_MAX;
}

static const struct ot_type *array_of(struct ot_dwarf_types *t, Dwarf_Die *die, int depth)
{
	const struct ot_type *type = type_of(t, die, depth);
	uint64_t counts[DIMENSIONS_MAX];
	bool known[DIMENSIONS_MAX];
	bool all_known = true;
	int nr = 0;
	Dwarf_Die child;

	for (int end = dwarf_child(die, &child); !end; end = dwarf_siblingof(&child, &child)) {
		if (dwarf_tag(&child) != DW_TAG_subrange_type)
			continue;
		if (nr == DIMENSIONS_MAX)
			return NULL;
		known[nr] = count_of(t, &child, &counts[nr]);
		nr++;
	}
	if (type && nr == 1 && known[0] && dwarf_hasattr(die, DW_AT_GNU_vector))
		return ot_made_vector(t->program, type, counts[0],
				      number_of(die, DW_AT_byte_size,
						counts[0] * ot_type_size(type)));
	/* what has elements of a size that nobody knows has none itself */
	while (type && nr--) {
		all_known = all_known && known[nr];
		type = all_known ? ot_program_array_of(t->program, type, counts[nr])
				 : ot_made_open_array(t->program, type);
	}
	return type;
}

static const struct ot_type *function_of(struct ot_dwarf_types *t, Dwarf_Die *die, int depth)
{
	const struct ot_type *result = type_of(t, die, depth);
	OT_VEC(const struct ot_type *) params = {0};
	const struct ot_type *ret = NULL;
	uint16_t flags = dwarf_hasattr(die, DW_AT_prototyped) ? 0 : OTRACE_TYPE_FLAG_NO_PROTOTYPE;
	bool known = result != NULL;
	Dwarf_Die child;

	for (int end = dwarf_child(die, &child); !end; end = dwarf_siblingof(&child, &child)) {
		if (dwarf_tag(&child) == DW_TAG_formal_parameter)
			ot_vec_push(&params, type_of(t, &child, depth));
		else if (dwarf_tag(&child) == DW_TAG_unspecified_parameters && !flags)
			flags = OTRACE_TYPE_FLAG_VARIADIC;
	}
	for (size_t i = 0; i < params.nr; i++)
		known = known && params.items[i];
	if (known)
		ret = ot_made_function(t->program, result, params.items, (uint32_t)params.nr,
				       flags);
	ot_vec_deinit(&params);
	return ret;
}

/* One that the program itself has, if it means the same. */
static const struct ot_type *typedef_of(struct ot_dwarf_types *t, Dwarf_Die *die, int depth)
{
	const char *name = dwarf_diename(die);
	const struct ot_type *known = tagged(t, die, OTRACE_TYPE_TYPEDEF);
	const struct ot_type *target = known ? known : type_of(t, die, depth);
	struct ot_type like = {.kind = OTRACE_TYPE_TYPEDEF, .target = target, .is_local = true};

	if (known || !target || !name)
		return target;
	for (known = ot_program_type(t->program, name, OTRACE_TYPE_TYPEDEF); known;
	     known = known->same_name)
		if (known->kind == OTRACE_TYPE_TYPEDEF &&
		    ot_type_strip(known) == ot_type_strip(target) &&
		    ot_type_is_const(known) == ot_type_is_const(target) &&
		    ot_type_is_volatile(known) == ot_type_is_volatile(target))
			return known;
	like.name = like.unique_name = kept_name(t, die);
	like.size_bytes = target->size_bytes;
	return ot_types_intern(t->program, &like);
}

/* What is only declared here, or cannot be known: it has no size, so nobody steps over it. */
static const struct ot_type *incomplete(struct ot_dwarf_types *t, Dwarf_Die *die, int kind)
{
	struct ot_type like = {
		.kind = kind, .flags = OTRACE_TYPE_FLAG_INCOMPLETE, .is_local = true};

	like.name = like.unique_name = kept_name(t, die);
	return ot_types_intern(t->program, &like);
}

static const struct ot_type *pointer_to(struct ot_dwarf_types *t, Dwarf_Die *die, int depth)
{
	const struct ot_type *type = type_of(t, die, depth);
	Dwarf_Attribute attr;
	Dwarf_Die target;

	if (!type && dwarf_attr_integrate(die, DW_AT_type, &attr) &&
	    dwarf_formref_die(&attr, &target))
		type = incomplete(t, &target, OTRACE_TYPE_STRUCT);
	return type ? ot_program_pointer_to(t->program, type) : NULL;
}

/* ------------------------------------------------------------------ made here */

static uint64_t bit_offset_of(Dwarf_Die *die, const struct ot_type *type, uint32_t bit_size)
{
	uint64_t bits = number_of(die, DW_AT_data_member_location, 0) * 8;

	/* before DWARF 4 counted from the other end of what it lies in */
	if (dwarf_hasattr(die, DW_AT_bit_offset))
		return bits + number_of(die, DW_AT_byte_size, ot_type_size(type)) * 8 -
		       number_of(die, DW_AT_bit_offset, 0) - bit_size;
	return number_of(die, DW_AT_data_bit_offset, bits);
}

static bool take_member(struct ot_dwarf_types *t, Dwarf_Die *die, int depth,
			struct ot_member *member)
{
	*member = (struct ot_member){
		.name = kept_name(t, die),
		.type = type_of(t, die, depth),
		.bit_size = (uint32_t)number_of(die, DW_AT_bit_size, 0),
		.align_bytes = (uint32_t)number_of(die, DW_AT_alignment, 0),
	};
	if (!member->type)
		return false;
	member->flags = member->bit_size ? OTRACE_MEMBER_BITFIELD : 0;
	member->bit_offset = bit_offset_of(die, member->type, member->bit_size);
	return true;
}

static size_t children_of(Dwarf_Die *die, int tag)
{
	Dwarf_Die child;
	size_t nr = 0;

	for (int end = dwarf_child(die, &child); !end; end = dwarf_siblingof(&child, &child))
		nr += dwarf_tag(&child) == tag;
	return nr;
}

/* False: it has a field that nobody knows the type of. */
static bool take_members(struct ot_dwarf_types *t, Dwarf_Die *die, int depth, struct ot_type *type)
{
	size_t nr = children_of(die, DW_TAG_member);
	struct ot_member *members = ot_arena_alloc(&t->program->arena, (nr + 1) * sizeof(*members));
	uint32_t taken = 0;
	Dwarf_Die child;

	for (int end = dwarf_child(die, &child); !end; end = dwarf_siblingof(&child, &child))
		if (dwarf_tag(&child) == DW_TAG_member &&
		    !take_member(t, &child, depth, &members[taken++]))
			return false;
	type->members = members;
	type->nr_members = taken;
	return true;
}

static void take_enumerators(struct ot_dwarf_types *t, Dwarf_Die *die, struct ot_type *type)
{
	size_t nr = children_of(die, DW_TAG_enumerator);
	struct ot_enumerator *all = ot_arena_alloc(&t->program->arena, (nr + 1) * sizeof(*all));
	bool is_unsigned = type->target && !ot_type_is_signed(type->target);
	uint32_t taken = 0;
	Dwarf_Die child;

	for (int end = dwarf_child(die, &child); !end; end = dwarf_siblingof(&child, &child)) {
		Dwarf_Attribute attr;
		Dwarf_Sword value;

		if (dwarf_tag(&child) != DW_TAG_enumerator || !dwarf_diename(&child) ||
		    !dwarf_attr(&child, DW_AT_const_value, &attr) || dwarf_formsdata(&attr, &value))
			continue;
		all[taken++] = (struct ot_enumerator){
			.name = kept_name(t, &child), .value = value, .is_unsigned = is_unsigned};
	}
	type->enumerators = all;
	type->nr_members = taken;
}

/* A struct, union or enum that the tables do not have. It is known before its fields are: they may point
 * to it. */
static const struct ot_type *made(struct ot_dwarf_types *t, Dwarf_Die *die, int kind, int depth)
{
	struct ot_type like = {
		.kind = kind,
		.size_bytes = number_of(die, DW_AT_byte_size, 0),
		.align_bytes = (uint32_t)number_of(die, DW_AT_alignment, 0),
		.hash = ot_hash_u64(dwarf_dieoffset(die) ^ ot_hash_u64((uintptr_t)t->module)),
		.is_local = true,
	};
	void **place = ot_map_place(&t->program->types_by_hash, like.hash);
	struct ot_type *type = *place;
	int line = 0;

	if (type && type->is_local && type->hash == like.hash)
		return type;
	dwarf_decl_line(die, &line);
	like.line = (uint32_t)line;
	like.name = like.unique_name = kept_name(t, die);
	*place = type = ot_types_add(t->program, &like);
	if (kind == OTRACE_TYPE_ENUM) {
		type->target = type_of(t, die, depth);
		take_enumerators(t, die, type);
	} else if (!take_members(t, die, depth, type)) {
		type->flags |= OTRACE_TYPE_FLAG_INCOMPLETE;
		type->size_bytes = 0;
		/* the next who asks shall have all of it */
		if (ot_target_is_interrupted())
			ot_map_remove(&t->program->types_by_hash, like.hash);
	}
	return type;
}

static const struct ot_type *tagged_or_made(struct ot_dwarf_types *t, Dwarf_Die *die, int kind,
					    int depth)
{
	const struct ot_type *type = tagged(t, die, kind);

	if (type)
		return type;
	return dwarf_hasattr(die, DW_AT_declaration) ? incomplete(t, die, kind)
						     : made(t, die, kind, depth);
}

static const struct ot_type *qualified(struct ot_dwarf_types *t, Dwarf_Die *die,
				       enum otrace_type_kind kind, int depth)
{
	const struct ot_type *type = type_of(t, die, depth);

	return type ? ot_made_qualified(t->program, type, kind) : NULL;
}

static const struct ot_type *type_of_die(struct ot_dwarf_types *t, Dwarf_Die *die, int depth)
{
	if (depth > DEPTH_MAX || ++t->looks > LOOKS_MAX || ot_target_is_interrupted())
		return NULL;
	switch (dwarf_tag(die)) {
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
		return pointer_to(t, die, depth);
	case DW_TAG_const_type:
		return qualified(t, die, OTRACE_TYPE_CONST, depth);
	case DW_TAG_volatile_type:
		return qualified(t, die, OTRACE_TYPE_VOLATILE, depth);
	case DW_TAG_restrict_type:
		return qualified(t, die, OTRACE_TYPE_RESTRICT, depth);
	case DW_TAG_atomic_type:
		return qualified(t, die, OTRACE_TYPE_ATOMIC, depth);
	case DW_TAG_array_type:
		return array_of(t, die, depth);
	case DW_TAG_subroutine_type:
		return function_of(t, die, depth);
	case DW_TAG_base_type:
		return base_of(t, die);
	case DW_TAG_typedef:
		return typedef_of(t, die, depth);
	case DW_TAG_union_type:
		return tagged_or_made(t, die, OTRACE_TYPE_UNION, depth);
	case DW_TAG_enumeration_type:
		return tagged_or_made(t, die, OTRACE_TYPE_ENUM, depth);
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
		return tagged_or_made(t, die, OTRACE_TYPE_STRUCT, depth);
	default:
		return NULL;
	}
}

static const struct ot_type *type_of(struct ot_dwarf_types *t, Dwarf_Die *of, int depth)
{
	Dwarf_Attribute attr;
	Dwarf_Die die;

	if (!dwarf_attr_integrate(of, DW_AT_type, &attr))
		return ot_program_void(t->program);
	return dwarf_formref_die(&attr, &die) ? type_of_die(t, &die, depth + 1) : NULL;
}

const struct ot_type *ot_dwarf_type_of(struct ot_dwarf_types *types, Dwarf_Die *of)
{
	return type_of(types, of, 0);
}
