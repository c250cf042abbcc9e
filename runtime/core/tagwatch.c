/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "core/dynamic.h"
#include "core/slots.h"
#include "core/tagrecord.h"
#include "core/tags.h"
#include "core/tagwatch.h"

enum kind { KIND_FREE = 0, KIND_REALLOC = 1, KIND_REALLOCARRAY = 2 };

#define FREES (1u << KIND_FREE)
#define REALLOCS (1u << KIND_REALLOC | 1u << KIND_REALLOCARRAY)

static const struct ot_slot_name names[] = {
	{"free", KIND_FREE},	   {"cfree", KIND_FREE},
	{"free_sized", KIND_FREE}, {"free_aligned_sized", KIND_FREE},
	{"realloc", KIND_REALLOC}, {"reallocarray", KIND_REALLOCARRAY},
};

#define NR_NAMES (sizeof(names) / sizeof(names[0]))

static uint64_t size_function_of(uint64_t code);
static void note_allocator(const struct ot_dynamic *dynamic);

static uint64_t first_with[NR_NAMES];
static struct ot_slot items[OT_SLOTS_MAX];
static struct ot_slots watched = {.names = names,
				  .nr_names = NR_NAMES,
				  .first_with = first_with,
				  .items = items,
				  .forwarders = ot_tag_forwarders,
				  .visit = note_allocator,
				  .companion_of = size_function_of};

typedef void *(*function)(void *block, size_t a, size_t b);

/* Where a module has functions of these names, and how it says how large a block is. */
struct allocator {
	uint64_t functions[NR_NAMES];
	uint64_t size_of;
};

#define NR_ALLOCATORS 4u

static struct allocator allocators[NR_ALLOCATORS];
static uint32_t nr_allocators; /* those found stay: they came with the program */

typedef size_t (*size_function)(void *block);

/* ------------------------------------------------------------------ what forwarders do */

static void died(const struct ot_tag_hit *hit, uint32_t why)
{
	ot_tag_drop(hit);
	ot_tag_record_died(hit, why);
}

/* Also what begins inside: of one object, several parts may be tagged, and it need not be. */
static void freed(uint64_t block, uint64_t bytes)
{
	struct ot_tag_hit hit;

	while (ot_tag_find(block, &hit)) {
		if (!ot_tag_take(&hit))
			continue;
		if (hit.address == block && hit.bytes > bytes)
			bytes = hit.bytes;
		died(&hit, OTRACE_TAG_FREED);
	}
	while (ot_tag_find_inside(block, block + bytes, &hit))
		if (ot_tag_take(&hit))
			died(&hit, OTRACE_TAG_FREED);
}

static void moved(const struct ot_tag_hit *hit, uint64_t address, uint64_t bytes)
{
	if (ot_tag_move(hit, address, bytes))
		ot_tag_record_moved(hit, address, bytes);
	else
		ot_tag_record_died(hit, OTRACE_TAG_NO_ROOM);
}

/* The block has bytes now, and lies at block. */
static void follow(const struct ot_tag_hit *hit, uint64_t old_block, uint64_t block, uint64_t bytes)
{
	uint64_t offset = hit->address - old_block;

	if (hit->address < old_block || offset >= bytes)
		died(hit, OTRACE_TAG_CUT);
	else if (block == old_block && hit->bytes <= bytes - offset)
		ot_tag_put_back(hit);
	else
		moved(hit, block + offset, ot_smaller(hit->bytes, bytes - offset));
}

#define PARTS_MOST 8u /* tags of one block that move with it; further ones die */

struct taken {
	struct ot_tag_hit hits[PARTS_MOST];
	uint32_t nr;
};

/* Before the call: as soon as the block is free somebody else may have and tag it. */
static void take_all(uint64_t block, uint64_t bytes, struct taken *ret)
{
	struct ot_tag_hit hit;

	if (ot_tag_find(block, &hit) && ot_tag_take(&hit)) {
		ret->hits[ret->nr++] = hit;
		if (hit.address == block && hit.bytes > bytes)
			bytes = hit.bytes;
	}
	while (ot_tag_find_inside(block, block + bytes, &hit)) {
		if (!ot_tag_take(&hit))
			continue;
		if (ret->nr < PARTS_MOST)
			ret->hits[ret->nr++] = hit;
		else
			died(&hit, OTRACE_TAG_NO_ROOM);
	}
}

static uint64_t wanted_bytes(const struct ot_slot *w, size_t a, size_t b)
{
	uint64_t bytes;

	if (w->kind != KIND_REALLOCARRAY)
		return a;
	return __builtin_mul_overflow(a, b, &bytes) ? ~0ull : bytes;
}

static void *reallocate(const struct ot_slot *w, void *block, uint64_t old_bytes, size_t a,
			size_t b)
{
	function original = (function)__atomic_load_n(&w->original, __ATOMIC_ACQUIRE);
	uint64_t bytes = wanted_bytes(w, a, b);
	struct taken taken = {.nr = 0};
	void *ret;

	take_all((uint64_t)block, old_bytes, &taken);
	ret = original(block, a, b);
	for (uint32_t i = 0; i < taken.nr; i++) {
		if (ret)
			follow(&taken.hits[i], (uint64_t)block, (uint64_t)ret, bytes);
		else if (bytes)
			ot_tag_put_back(
				&taken.hits[i]); /* it has failed, and the block is as it was */
		else
			died(&taken.hits[i], OTRACE_TAG_FREED);
	}
	return ret;
}

static uint64_t size_function_of(uint64_t code)
{
	uint32_t nr = __atomic_load_n(&nr_allocators, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < nr; i++)
		for (unsigned k = 0; k < NR_NAMES; k++)
			if (allocators[i].functions[k] == code)
				return allocators[i].size_of;
	return 0;
}

/* Whether it has to do with tags; its size, as far as that is known. */
static inline bool is_tagged(const struct ot_slot *w, uint64_t block, uint64_t *bytes_ret)
{
	size_function size_of = (size_function)__atomic_load_n(&w->companion, __ATOMIC_ACQUIRE);
	struct ot_tag_hit hit;

	if (!block || !ot_tags_nr())
		return false;
	*bytes_ret = size_of ? size_of((void *)block) : 0;
	return ot_tag_of(block) || ot_tag_find_inside(block, block + *bytes_ret, &hit);
}

void *ot_tag_forward(void *block, size_t a, size_t b, uint32_t index)
{
	struct ot_slot *w = &items[index];
	function original = (function)__atomic_load_n(&w->original, __ATOMIC_ACQUIRE);
	bool lazy = __atomic_load_n(&w->lazy, __ATOMIC_RELAXED);
	uint64_t bytes = 0;
	bool tagged = ot_unlikely(is_tagged(w, (uint64_t)block, &bytes));
	void *ret;

	if (ot_unlikely(tagged && w->kind != KIND_FREE)) {
		ret = reallocate(w, block, bytes, a, b);
	} else {
		if (ot_unlikely(tagged))
			freed((uint64_t)block, bytes);
		ret = original(block, a, b);
	}
	if (ot_unlikely(lazy))
		ot_slot_called(&watched, w);
	return ret;
}

/* One that says how large blocks are, with functions of its own that free them. */
static void note_allocator(const struct ot_dynamic *dynamic)
{
	struct allocator *new = &allocators[nr_allocators];
	bool any = false;

	if (nr_allocators == NR_ALLOCATORS)
		return;
	new->size_of = ot_dynamic_function(dynamic, "malloc_usable_size");
	for (unsigned i = 0; i<NR_NAMES &&new->size_of> OT_DYNAMIC_UNKNOWN; i++) {
		uint64_t code = ot_dynamic_function(dynamic, names[i].name);

		new->functions[i] = code > OT_DYNAMIC_UNKNOWN ? code : 0;
		any = any || (new->functions[i] && !size_function_of(code));
	}
	if (any)
		__atomic_store_n(&nr_allocators, nr_allocators + 1, __ATOMIC_RELEASE);
}

/* ------------------------------------------------------------------ on and off */

void ot_tag_watch(uint32_t flags)
{
	ot_slots_watch(&watched, (flags & OTRACE_TAG_WATCH_FREE ? FREES : 0) |
					 (flags & OTRACE_TAG_WATCH_REALLOC ? REALLOCS : 0));
}

void ot_tag_watch_count(struct otrace_tags *ret)
{
	ret->nr_free_slots += ot_slots_nr(&watched, FREES);
	ret->nr_realloc_slots += ot_slots_nr(&watched, REALLOCS);
	ret->nr_left_out = watched.nr_left_out;
	ret->flags = (watched.in_exe & FREES ? 0 : OTRACE_TAGS_NO_FREE) |
		     (watched.in_exe & 1u << KIND_REALLOC ? 0 : OTRACE_TAGS_NO_REALLOC);
}
