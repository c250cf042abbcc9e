// SPDX-License-Identifier: BSD-2-Clause
// Alignments. Debug information does not say that a struct or a member is packed. What lies where its
// type cannot is; what lies behind a gap that its type explains is not, nor is what is with it. Where
// neither shows, both answers stay.
#include "model/made.h"

#define DEPTH_MAX 32
#define LOOKS_MAX 100000u /* a damaged table may have structs in themselves */
#define BASE_MAX 16u
#define VECTOR_MAX (1u << 31) /* of a damaged table */
#define FUNCTION_ALIGN 4u     /* as clang answers; gcc says 1 */

/** A struct as far as its members have been looked at. */
struct layout {
	struct ot_align align; /* of the members */
	uint64_t end_bits;     /* of the one before */
	bool is_packed;	       /* some member shows that it is */
	bool is_plain;	       /* some member shows that it is not */
	bool is_union;
	struct ot_align packed; /* of members that show neither: if it is, */
	struct ot_align plain;	/* and if it is not */
};

static void align_of(const struct ot_type *type, unsigned int *looks, int depth,
		     struct ot_align *ret);

static struct ot_align exactly(uint64_t align)
{
	return (struct ot_align){align, align};
}

/* The largest that an object at the offset may have, as far as @align. */
static uint64_t fit(uint64_t align, uint64_t offset)
{
	while (align > 1 && offset % align)
		align /= 2;
	return align;
}

static uint64_t round_up(uint64_t offset, uint64_t align)
{
	return (offset + align - 1) / align * align;
}

static void at_least(struct ot_align *align, uint64_t least, uint64_t most)
{
	align->least = align->least > least ? align->least : least;
	align->most = align->most > most ? align->most : most;
}

/* Of a bit-field its unit is known: it does not lie in two. */
static void add_bits(struct layout *layout, const struct ot_member *member,
		     const struct ot_align *natural)
{
	uint64_t unit = ot_type_size(member->type) * 8;
	uint64_t end = member->bit_offset + member->bit_size;

	if (unit && member->bit_offset / unit != (end - 1) / unit)
		layout->is_packed = true;
	else
		at_least(&layout->plain, natural->least, natural->most);
	if (!layout->is_union && !member->align_bytes && member->bit_offset > layout->end_bits)
		layout->is_plain = true; /* the unit before had no room for it */
	if (member->align_bytes)
		at_least(&layout->align, member->align_bytes, member->align_bytes);
	if (!layout->is_union || end > layout->end_bits)
		layout->end_bits = end;
}

/* Alignments that put the member where it is; none does when bit-fields without a name lie between. */
static struct ot_align fitting(const struct layout *layout, const struct ot_member *member,
			       const struct ot_align *natural)
{
	uint64_t end = (layout->end_bits + 7) / 8, offset = member->bit_offset / 8;
	uint64_t align = member->align_bytes ? member->align_bytes : 1;
	struct ot_align fits = {0, 0};

	for (; align && (align <= natural->most || align == member->align_bytes); align *= 2)
		if (layout->is_union ? offset % align == 0 : round_up(end, align) == offset) {
			fits.least = fits.least ? fits.least : align;
			fits.most = align;
		}
	if (!fits.least)
		fits = (struct ot_align){1, fit(natural->most, offset)};
	return fits;
}

static void add_member(struct layout *layout, const struct ot_member *member,
		       const struct ot_align *natural)
{
	struct ot_align fits = fitting(layout, member, natural);
	uint64_t end = member->bit_offset + ot_type_size(member->type) * 8;

	if (fits.most < natural->least)
		layout->is_packed = true;
	else if (fits.least > 1 && !member->align_bytes)
		layout->is_plain = true;
	if (fits.least == fits.most) {
		at_least(&layout->align, fits.least, fits.most);
	} else {
		at_least(&layout->packed, fits.least, fits.least);
		at_least(&layout->plain, natural->least, fits.most);
	}
	if (!layout->is_union || end > layout->end_bits)
		layout->end_bits = end;
}

/* The padding at the end, too, is what the alignment says. */
static void use_size(const struct ot_type *type, const struct layout *layout, struct ot_align *ret)
{
	struct ot_align fits = {0, 0};

	for (uint64_t align = ret->least; align && align <= ret->most; align *= 2)
		if (round_up((layout->end_bits + 7) / 8, align) == ot_type_size(type)) {
			fits.least = fits.least ? fits.least : align;
			fits.most = align;
		}
	if (fits.least)
		*ret = fits;
}

static void look_at_members(const struct ot_type *type, unsigned int *looks, int depth,
			    struct layout *layout)
{
	for (uint32_t i = 0; i < type->nr_members; i++) {
		const struct ot_member *member = &type->members[i];
		struct ot_align natural = {1, 1};

		if (member->flags & OTRACE_MEMBER_STATIC)
			continue;
		align_of(member->type, looks, depth + 1, &natural);
		if (member->bit_size)
			add_bits(layout, member, &natural);
		else
			add_member(layout, member, &natural);
	}
}

static void record_align(const struct ot_type *type, unsigned int *looks, int depth,
			 struct layout *layout, struct ot_align *ret)
{
	uint64_t least;

	*layout = (struct layout){.align = {1, 1},
				  .packed = {1, 1},
				  .plain = {1, 1},
				  .is_union = type->kind == OTRACE_TYPE_UNION};
	look_at_members(type, looks, depth, layout);
	*ret = layout->align;
	if (layout->is_packed || !layout->is_plain)
		at_least(ret, layout->packed.least, layout->packed.most);
	if (layout->is_plain && !layout->is_packed)
		at_least(ret, layout->plain.least, layout->plain.most);
	else if (!layout->is_packed || layout->is_plain)
		at_least(ret, 1, layout->plain.most);
	if (type->align_bytes)
		at_least(ret, type->align_bytes, type->align_bytes);
	least = ret->least;
	use_size(type, layout, ret);
	if (ret->least > least && !layout->is_packed) {
		layout->is_plain = true;
		at_least(ret, layout->plain.least, layout->plain.most);
	}
}

static void align_of(const struct ot_type *type, unsigned int *looks, int depth,
		     struct ot_align *ret)
{
	const struct ot_type *plain = ot_type_strip(type);
	uint64_t size = ot_type_size(type), largest = BASE_MAX;
	struct layout layout;

	*ret = exactly(1);
	if (depth > DEPTH_MAX || ++*looks > LOOKS_MAX)
		return;
	for (; type != plain && type->target; type = type->target)
		if (type->align_bytes) {
			*ret = exactly(type->align_bytes);
			return;
		} else if (type->kind == OTRACE_TYPE_ATOMIC && size && size <= BASE_MAX &&
			   !(size & (size - 1))) {
			*ret = exactly(size);
			return;
		}
	if (plain->kind == OTRACE_TYPE_ARRAY && plain->target) {
		align_of(plain->target, looks, depth + 1, ret);
	} else if (ot_type_is_record(plain)) {
		record_align(plain, looks, depth, &layout, ret);
	} else if (ot_type_is_function(plain)) {
		*ret = exactly(FUNCTION_ALIGN);
	} else if (size) {
		if (ot_type_is_complex(plain))
			size /= 2;
		if (plain->kind == OTRACE_TYPE_VECTOR)
			largest = (size | VECTOR_MAX) & (0 - (size | VECTOR_MAX));
		else if (ot_type_is_bit_int(plain))
			largest = 8;
		*ret = exactly(fit(largest, size));
	}
}

void ot_type_align(const struct ot_type *type, struct ot_align *ret)
{
	unsigned int looks = 0;

	align_of(type, &looks, 0, ret);
}

void ot_member_align(const struct ot_type *record, const struct ot_member *member,
		     uint64_t bit_offset, struct ot_align *ret)
{
	unsigned int looks = 0;
	struct ot_align whole;
	struct layout layout;

	record_align(ot_type_strip(record), &looks, 0, &layout, &whole);
	align_of(member->type, &looks, 0, ret);
	if (layout.is_packed || !layout.is_plain)
		ret->least = 1;
	if (layout.is_packed && !layout.is_plain)
		ret->most = 1;
	/* where it lies in the whole limits it */
	ret->least = ret->least < whole.least ? ret->least : whole.least;
	ret->most = ret->most < whole.most ? ret->most : whole.most;
	ret->least = fit(ret->least, bit_offset / 8);
	ret->most = fit(ret->most, bit_offset / 8);
	if (member->align_bytes)
		at_least(ret, member->align_bytes, member->align_bytes);
}
