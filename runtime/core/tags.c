/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tag covers 1 to 6 granules of the size that its extent asks for: 64 bytes, 512, 4096 and so on, its level.
 * For each of them a cell lies in a hash table of buckets of one cache line; when a bucket is full, in one of three neighbours.
 * Before that, a word per bucket says which cells may be there: 128 KiB that stay in the caches, and the
 * only thing that is looked at for most addresses. Only the tag's own slot says what is covered: a cell
 * whose tag is gone is wrong and does no harm.
 *
 *	levels -> filter[bucket] -> cells[bucket][8] -> slots[slot]
 */
#include <sys/mman.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/tags.h"
#include "core/tagtable.h"

#define BUCKET_BITS 14u
#define NR_BUCKETS (1u << BUCKET_BITS)
#define NR_CELLS 8u
#define NR_LEVELS 12u
#define LEVEL_SHIFT(level) (6u + 3u * (level))
#define GRANULES_MOST 6u
#define DOORS 4u		   /* buckets that stand in for each other */
#define NR_SLOTS (OT_TAGS_MAX + 1) /* the first is never used: no cell is 0 */
#define WALK_MOST 4096u		   /* chunks; beyond, all slots are looked at */
#define PAGE_SHIFT 12u
#define CHUNK_SHIFT 17u
#define BEGINS_BITS 13u
#define NR_BEGINS (1u << BEGINS_BITS)

/* a slot's life: number << 32 | version << 2 | state */
enum slot_state { SLOT_FREE = 0, SLOT_BUSY = 1, SLOT_LIVE = 2 };

#define STATE_MASK 3ull
#define VERSION_ONE 4ull
#define VERSION_MASK 0xfffffffcull

/*
 * a cell: fingerprint of the granule << 32 | quarters of it that are covered << 28 | low bits of the version << 16 | how
 * far from its own bucket << 14 | slot
 */
#define CELL_QUARTERS_SHIFT 28u
#define CELL_VERSION_SHIFT 16u
#define CELL_VERSION_MASK 0xfffu
#define CELL_DOOR_SHIFT 14u
#define CELL_SLOT_MASK 0x3fffu

/*
 * a word of the filter: a count of its changes << 49, this, one bit of 16 for each granule, and one of eight groups of
 * bits for its quarters: objects lie side by side, and each begins in the granule where another ends. The group is what
 * comes behind the bucket in the hash: so granules in a row, as those of a heap, are in others mostly
 */
#define FILTER_NEXT_DOOR (1ull << 48) /* some are next door */
#define FILTER_CHANGED (1ull << 49)
#define FILTER_CHANGES (~0ull << 49)

struct slot {
	uint64_t life;
	uint64_t begin;
	uint64_t end;
	uint64_t reserved;
};

struct table {
	uint64_t filter[NR_BUCKETS];
	uint64_t cells[NR_BUCKETS][NR_CELLS];
	uint16_t begins
		[NR_BEGINS]; /* how many tags begin in pages and chunks of that hash, at least */
	struct slot slots[NR_SLOTS];
	struct ot_tag_facts facts[NR_SLOTS];
};

static struct table *table; /* NULL = there never was a tag */

#define LEVELS_MASK 0xffffull
#define LEVELS_CHANGED 0x10000ull

/* Levels that have tags, and above them how often one was put in: whoever takes one out sees that it came again. */
static uint64_t levels __attribute__((aligned(64)));

static struct {
	uint32_t nr;
	uint32_t nr_of_level[NR_LEVELS];
	uint32_t last_number;
	uint32_t hint;	     /* a slot that may be free */
	uint32_t nr_used;    /* slots that ever were */
	uint32_t nr_removed; /* since the last sweep */
} state __attribute__((aligned(64)));

/* NOLINTNEXTLINE(misc-redundant-expression): that is what it asserts */
_Static_assert(NR_SLOTS == CELL_SLOT_MASK + 1, "a slot's number fits into a cell");

static inline uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void store(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline bool swap(uint64_t *word, uint64_t from, uint64_t to)
{
	return __atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------------ where things lie */

static inline uint64_t hash_of(uint64_t granule, uint32_t level)
{
	return (granule << 4 | level) * 0x9e3779b97f4a7c15ull;
}

static inline uint32_t bucket_of(uint64_t hash)
{
	return (uint32_t)(hash >> (64 - BUCKET_BITS));
}

static inline uint32_t print_of(uint64_t hash)
{
	return (uint32_t)(hash >> (32 - BUCKET_BITS));
}

/* @param quarters a bit for each */
static inline uint64_t filter_bits(uint32_t print, uint32_t quarters)
{
	return (uint64_t)quarters << (print >> 29 << 2) | 1ull << (32 + (print >> 23 & 15));
}

static inline uint32_t quarter_of(uint64_t address, uint32_t level)
{
	return 1u << (address >> (LEVEL_SHIFT(level) - 2) & 3);
}

/* Those of a granule between begin and end, of which it has something. */
static uint32_t quarters_of(uint64_t granule, uint32_t level, uint64_t begin, uint64_t end)
{
	uint64_t first = granule << 2, shift = LEVEL_SHIFT(level) - 2;
	uint64_t low = begin >> shift, high = (end - 1) >> shift;

	low = low > first ? low - first : 0;
	high = high < first + 3 ? high - first : 3;
	return (15u >> (3 - high)) & (15u << low);
}

static uint32_t level_of(uint64_t begin, uint64_t end)
{
	uint32_t level = 0;

	while (((end - 1) >> LEVEL_SHIFT(level)) - (begin >> LEVEL_SHIFT(level)) >= GRANULES_MOST)
		level++;
	return level;
}

/* In its own bucket. */
static uint64_t cell_for(uint32_t print, uint32_t quarters, uint32_t slot, uint64_t life)
{
	return (uint64_t)print << 32 | (uint64_t)quarters << CELL_QUARTERS_SHIFT |
	       (life >> 2 & CELL_VERSION_MASK) << CELL_VERSION_SHIFT | slot;
}

static uint64_t at_door(uint64_t cell, uint32_t door)
{
	return cell | door << CELL_DOOR_SHIFT;
}

static uint32_t cell_quarters(uint64_t cell)
{
	return cell >> CELL_QUARTERS_SHIFT & 15;
}

static uint32_t door_of(uint64_t cell)
{
	return cell >> CELL_DOOR_SHIFT & (DOORS - 1);
}

static bool is_stale(uint64_t cell)
{
	uint64_t life = load(&table->slots[cell & CELL_SLOT_MASK].life);

	return (life & STATE_MASK) == SLOT_FREE ||
	       ((life >> 2) ^ (cell >> CELL_VERSION_SHIFT)) & CELL_VERSION_MASK;
}

/* ------------------------------------------------------------------ looking */

struct query {
	uint64_t address;
	bool begins; /* only a tag that begins there */
};

/* The slot is not locked: what was read belongs together when its life is still the same. */
static inline bool read_slot(uint32_t number, struct ot_tag_hit *ret)
{
	const struct slot *slot = &table->slots[number];
	uint64_t end;

	ret->life = load(&slot->life);
	if ((ret->life & STATE_MASK) != SLOT_LIVE)
		return false;
	ret->address = load(&slot->begin);
	end = load(&slot->end);
	if (load(&slot->life) != ret->life)
		return false;
	ret->bytes = end - ret->address;
	ret->slot = number;
	ret->number = (uint32_t)(ret->life >> 32);
	return true;
}

static inline bool answers(const struct query *query, const struct ot_tag_hit *hit)
{
	return query->begins ? hit->address == query->address
			     : query->address - hit->address < hit->bytes;
}

/* In the order in which they are filled: mostly the first one is it. */
static inline uint64_t *cell_at(uint32_t bucket, uint32_t print, uint32_t i)
{
	return &table->cells[bucket][(print + i) % NR_CELLS];
}

/* What a cell has of a granule, and a quarter of it, in its upper half. */
static inline uint64_t wanted_of(uint32_t print, uint32_t quarter)
{
	return (uint64_t)print << 32 | (uint64_t)quarter << CELL_QUARTERS_SHIFT;
}

static inline bool is_wanted(uint64_t cell, uint64_t wanted)
{
	return !((cell ^ wanted) >> 32) && cell & (wanted & UINT32_MAX);
}

static inline bool find_in_bucket(const struct query *query, uint32_t bucket, uint64_t wanted,
				  struct ot_tag_hit *ret)
{
	for (uint32_t i = 0; i < NR_CELLS; i++) {
		uint64_t cell = load(cell_at(bucket, (uint32_t)(wanted >> 32), i));

		if (is_wanted(cell, wanted) && read_slot(cell & CELL_SLOT_MASK, ret) &&
		    answers(query, ret))
			return true;
	}
	return false;
}

static __attribute__((noinline)) bool find_in_cells(const struct query *query, uint64_t hash,
						    uint32_t level, struct ot_tag_hit *ret)
{
	uint64_t wanted = wanted_of(print_of(hash), quarter_of(query->address, level));

	if (find_in_bucket(query, bucket_of(hash), wanted, ret))
		return true;
	if (ot_likely(!(load(&table->filter[bucket_of(hash)]) & FILTER_NEXT_DOOR)))
		return false;
	for (uint32_t door = 1; door < DOORS; door++)
		if (find_in_bucket(query, bucket_of(hash) ^ door, wanted, ret))
			return true;
	return false;
}

static inline bool is_maybe(uint64_t hash, uint64_t address, uint32_t level)
{
	uint64_t bits = filter_bits(print_of(hash), quarter_of(address, level));

	return (load(&table->filter[bucket_of(hash)]) & bits) == bits;
}

static inline bool find_at_level(const struct query *query, uint32_t level, struct ot_tag_hit *ret)
{
	uint64_t hash = hash_of(query->address >> LEVEL_SHIFT(level), level);

	return ot_unlikely(is_maybe(hash, query->address, level)) &&
	       find_in_cells(query, hash, level, ret);
}

static inline bool find(const struct query *query, struct ot_tag_hit *ret)
{
	uint64_t left = load(&levels) & LEVELS_MASK;

	for (; left; left &= left - 1)
		if (find_at_level(query, (uint32_t)__builtin_ctzll(left), ret))
			return true;
	return false;
}

uint32_t ot_tag_of(uint64_t address)
{
	struct query query = {.address = address};
	struct ot_tag_hit hit;

	return find(&query, &hit) ? hit.number : 0;
}

/* All of them first, and without a jump: what one waits for is no delay for the others. */
static inline uint32_t maybe_at_level(const uint64_t *words, uint32_t mask, uint32_t level)
{
	uint32_t maybe = 0;

	for (uint32_t left = mask; left; left &= left - 1) {
		uint32_t i = (uint32_t)__builtin_ctz(left);
		uint64_t hash = hash_of(words[i] >> LEVEL_SHIFT(level), level);

		uint32_t is = is_maybe(hash, words[i], level);

		__builtin_prefetch(cell_at(bucket_of(hash) & (0 - is), print_of(hash), 0));
		maybe |= is << i;
	}
	return maybe;
}

bool ot_tag_any(const void *words, uint32_t mask)
{
	uint64_t left = load(&levels) & LEVELS_MASK;
	const uint64_t *addresses = words;
	struct ot_tag_hit hit;

	for (; left; left &= left - 1) {
		uint32_t level = (uint32_t)__builtin_ctzll(left);
		uint32_t maybe = maybe_at_level(addresses, mask, level);

		for (; ot_unlikely(maybe); maybe &= maybe - 1) {
			struct query query = {.address = addresses[__builtin_ctz(maybe)]};

			if (find_in_cells(&query,
					  hash_of(query.address >> LEVEL_SHIFT(level), level),
					  level, &hit))
				return true;
		}
	}
	return false;
}

bool ot_tag_find(uint64_t address, struct ot_tag_hit *ret)
{
	struct query query = {.address = address};

	return find(&query, ret);
}

static bool is_inside(const struct ot_tag_hit *hit, uint64_t from, uint64_t end)
{
	return hit->address >= from && hit->address < end;
}

static bool find_inside_slots(uint64_t from, uint64_t end, struct ot_tag_hit *ret)
{
	uint32_t nr = __atomic_load_n(&state.nr_used, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < nr; i++)
		if (read_slot(i, ret) && is_inside(ret, from, end))
			return true;
	return false;
}

/* Those whose cells have something of these quarters; they may begin before, or behind the end. */
static bool find_inside_bucket(uint32_t bucket, uint64_t wanted, uint64_t from, uint64_t end,
			       struct ot_tag_hit *ret)
{
	for (uint32_t i = 0; i < NR_CELLS; i++) {
		uint64_t cell = load(&table->cells[bucket][i]);

		if (is_wanted(cell, wanted) && read_slot(cell & CELL_SLOT_MASK, ret) &&
		    is_inside(ret, from, end))
			return true;
	}
	return false;
}

static __attribute__((noinline)) bool find_inside_cells(uint64_t hash, uint32_t quarters,
							uint64_t from, uint64_t end,
							struct ot_tag_hit *ret)
{
	uint64_t wanted = wanted_of(print_of(hash), quarters);
	uint32_t doors = load(&table->filter[bucket_of(hash)]) & FILTER_NEXT_DOOR ? DOORS : 1;

	for (uint32_t door = 0; door < doors; door++)
		if (find_inside_bucket(bucket_of(hash) ^ door, wanted, from, end, ret))
			return true;
	return false;
}

static inline bool find_inside_granule(uint64_t granule, uint32_t level, uint64_t from,
				       uint64_t end, struct ot_tag_hit *ret)
{
	uint32_t quarters = quarters_of(granule, level, from, end);
	uint64_t hash = hash_of(granule, level), word = load(&table->filter[bucket_of(hash)]);

	return ot_unlikely(word & filter_bits(print_of(hash), 0) &&
			   word & filter_bits(print_of(hash), quarters) & UINT32_MAX) &&
	       find_inside_cells(hash, quarters, from, end, ret);
}

static inline bool find_inside_page(uint64_t from, uint64_t end, struct ot_tag_hit *ret)
{
	uint64_t left = load(&levels) & LEVELS_MASK;

	for (; left; left &= left - 1) {
		uint32_t level = (uint32_t)__builtin_ctzll(left), shift = LEVEL_SHIFT(level);

		for (uint64_t granule = from >> shift; granule <= (end - 1) >> shift; granule++)
			if (find_inside_granule(granule, level, from, end, ret))
				return true;
	}
	return false;
}

/* Of a page, or of a chunk of them. */
static inline uint16_t *begins_at(uint64_t address, uint32_t shift)
{
	return &table->begins[hash_of(address >> shift, shift & 15) >> (64 - BEGINS_BITS)];
}

static inline bool any_begins(uint64_t address, uint32_t shift)
{
	return __atomic_load_n(begins_at(address, shift), __ATOMIC_ACQUIRE);
}

static bool find_inside_chunk(uint64_t from, uint64_t end, struct ot_tag_hit *ret)
{
	uint64_t next;

	for (; from < end; from = next) {
		next = ot_smaller(OT_ROUND_DOWN(from, OT_PAGE_BYTES) + OT_PAGE_BYTES, end);
		if (any_begins(from, PAGE_SHIFT) && find_inside_page(from, next, ret))
			return true;
	}
	return false;
}

bool ot_tag_find_inside(uint64_t from, uint64_t end, struct ot_tag_hit *ret)
{
	uint64_t next;

	if (!(load(&levels) & LEVELS_MASK))
		return false;
	if (end - from <= OT_PAGE_BYTES)
		return find_inside_chunk(from, end, ret);
	if (from < end && (end - from) >> CHUNK_SHIFT > WALK_MOST)
		return find_inside_slots(from, end, ret);
	for (; from < end; from = next) {
		next = ot_smaller(OT_ROUND_DOWN(from, 1ull << CHUNK_SHIFT) + (1ull << CHUNK_SHIFT),
				  end);
		if (any_begins(from, CHUNK_SHIFT) && find_inside_chunk(from, next, ret))
			return true;
	}
	return false;
}

static bool read_facts(const struct ot_tag_hit *hit, struct ot_tag_facts *ret)
{
	const struct ot_tag_facts *facts = &table->facts[hit->slot];

	ret->call_seq = load(&facts->call_seq);
	ret->tsc = load(&facts->tsc);
	ret->counter = __atomic_load_n(&facts->counter, __ATOMIC_ACQUIRE);
	ret->tid = __atomic_load_n(&facts->tid, __ATOMIC_ACQUIRE);
	return load(&table->slots[hit->slot].life) == hit->life;
}

bool ot_tag_next(uint32_t *slot, struct ot_tag_hit *hit, struct ot_tag_facts *facts)
{
	uint32_t nr = __atomic_load_n(&state.nr_used, __ATOMIC_ACQUIRE);

	while (table && *slot < nr)
		if (read_slot((*slot)++, hit) && (!facts || read_facts(hit, facts)))
			return true;
	return false;
}

/* ------------------------------------------------------------------ cells */

static bool fill_bucket(uint32_t bucket, uint64_t cell)
{
	for (uint32_t i = 0; i < NR_CELLS; i++) {
		uint64_t *at = cell_at(bucket, (uint32_t)(cell >> 32), i);
		uint64_t old = load(at);

		if ((!old || is_stale(old)) && swap(at, old, cell))
			return true;
	}
	return false;
}

/* Behind the cell: whoever clears bits that no cell needs sees either the cell, or that the word has changed. */
static void mark_filter(uint64_t hash, uint64_t bits)
{
	uint64_t *word = &table->filter[bucket_of(hash)];
	uint64_t old;

	do
		old = load(word);
	while (!swap(word, old, (old | bits) + FILTER_CHANGED));
}

static bool add_cell(uint64_t hash, uint64_t cell)
{
	uint64_t bits = filter_bits(print_of(hash), cell_quarters(cell));

	for (uint32_t door = 0; door < DOORS; door++)
		if (fill_bucket(bucket_of(hash) ^ door, at_door(cell, door))) {
			mark_filter(hash, bits | (door ? FILTER_NEXT_DOOR : 0));
			return true;
		}
	return false;
}

static bool clear_cell(uint32_t bucket, uint64_t cell)
{
	for (uint32_t i = 0; i < NR_CELLS; i++)
		if (load(cell_at(bucket, (uint32_t)(cell >> 32), i)) == cell)
			return swap(cell_at(bucket, (uint32_t)(cell >> 32), i), cell, 0);
	return false;
}

static void remove_cells(uint32_t slot, uint64_t life, uint64_t begin, uint64_t end)
{
	uint32_t level = level_of(begin, end), shift = LEVEL_SHIFT(level);

	for (uint64_t granule = begin >> shift; granule <= (end - 1) >> shift; granule++) {
		uint64_t hash = hash_of(granule, level);
		uint64_t cell = cell_for(print_of(hash), quarters_of(granule, level, begin, end),
					 slot, life);
		uint32_t door = 0;

		while (door < DOORS && !clear_cell(bucket_of(hash) ^ door, at_door(cell, door)))
			door++;
	}
	__atomic_fetch_sub(begins_at(begin, PAGE_SHIFT), 1, __ATOMIC_ACQ_REL);
	__atomic_fetch_sub(begins_at(begin, CHUNK_SHIFT), 1, __ATOMIC_ACQ_REL);
	__atomic_fetch_sub(&state.nr_of_level[level], 1, __ATOMIC_ACQ_REL);
	__atomic_fetch_add(&state.nr_removed, 1, __ATOMIC_RELAXED);
}

static void mark_level(uint32_t level)
{
	uint64_t old;

	__atomic_fetch_add(&state.nr_of_level[level], 1, __ATOMIC_ACQ_REL);
	do
		old = load(&levels);
	while (!swap(&levels, old, (old | 1ull << level) + LEVELS_CHANGED));
}

/* All or none. */
static bool add_cells(uint32_t slot, uint64_t life, uint64_t begin, uint64_t end)
{
	uint32_t level = level_of(begin, end), shift = LEVEL_SHIFT(level);

	mark_level(level);
	__atomic_fetch_add(begins_at(begin, CHUNK_SHIFT), 1, __ATOMIC_ACQ_REL);
	__atomic_fetch_add(begins_at(begin, PAGE_SHIFT), 1, __ATOMIC_ACQ_REL);
	for (uint64_t granule = begin >> shift; granule <= (end - 1) >> shift; granule++) {
		uint64_t hash = hash_of(granule, level);

		if (add_cell(hash, cell_for(print_of(hash), quarters_of(granule, level, begin, end),
					    slot, life)))
			continue;
		remove_cells(slot, life, begin, end);
		return false;
	}
	return true;
}

/* ------------------------------------------------------------------ slots */

static void note_used(uint32_t slot)
{
	uint32_t nr = __atomic_load_n(&state.nr_used, __ATOMIC_RELAXED);

	while (slot >= nr && !__atomic_compare_exchange_n(&state.nr_used, &nr, slot + 1, false,
							  __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

/* Takes a free slot: its life is *life_ret then. */
static bool claim(uint32_t *slot_ret, uint64_t *life_ret)
{
	uint32_t first = __atomic_load_n(&state.hint, __ATOMIC_RELAXED);

	for (uint32_t i = 0; ot_tags_nr() < OT_TAGS_MAX && i < OT_TAGS_MAX; i++) {
		uint32_t slot = 1 + (first + i) % OT_TAGS_MAX;
		uint64_t old = load(&table->slots[slot].life);
		uint64_t life = ((old + VERSION_ONE) & VERSION_MASK) | SLOT_BUSY;

		if ((old & STATE_MASK) != SLOT_FREE || !swap(&table->slots[slot].life, old, life))
			continue;
		__atomic_store_n(&state.hint, slot, __ATOMIC_RELAXED);
		note_used(slot);
		*slot_ret = slot;
		*life_ret = life;
		return true;
	}
	return false;
}

static void set_free(uint32_t slot, uint64_t life)
{
	store(&table->slots[slot].life, (life & VERSION_MASK) | SLOT_FREE);
	__atomic_store_n(&state.hint, slot - 1, __ATOMIC_RELAXED);
}

static uint64_t next_number(void)
{
	uint32_t number;

	do
		number = __atomic_add_fetch(&state.last_number, 1, __ATOMIC_RELAXED);
	while (!number);
	return (uint64_t)number << 32;
}

static void set_facts(uint32_t slot, const struct ot_tag_facts *facts)
{
	struct ot_tag_facts *to = &table->facts[slot];

	store(&to->call_seq, facts->call_seq);
	store(&to->tsc, facts->tsc);
	__atomic_store_n(&to->counter, facts->counter, __ATOMIC_RELEASE);
	__atomic_store_n(&to->tid, facts->tid, __ATOMIC_RELEASE);
}

static void set_place(uint32_t slot, uint64_t address, uint64_t bytes)
{
	store(&table->slots[slot].begin, address);
	store(&table->slots[slot].end, address + bytes);
}

static bool add_new(struct ot_tag *tag)
{
	uint64_t life, number;
	uint32_t slot;

	if (!claim(&slot, &life))
		return false;
	set_place(slot, tag->address, tag->bytes);
	if (!add_cells(slot, life, tag->address, tag->address + tag->bytes)) {
		set_free(slot, life);
		return false;
	}
	number = next_number();
	set_facts(slot, &tag->facts);
	__atomic_fetch_add(&state.nr, 1, __ATOMIC_ACQ_REL);
	store(&table->slots[slot].life, number | (life & VERSION_MASK) | SLOT_LIVE);
	tag->number = (uint32_t)(number >> 32);
	tag->slot = slot;
	return true;
}

bool ot_tag_take(const struct ot_tag_hit *hit)
{
	return swap(&table->slots[hit->slot].life, hit->life,
		    (hit->life & ~STATE_MASK) | SLOT_BUSY);
}

void ot_tag_put_back(const struct ot_tag_hit *hit)
{
	store(&table->slots[hit->slot].life, hit->life);
}

void ot_tag_drop(const struct ot_tag_hit *hit)
{
	remove_cells(hit->slot, hit->life, hit->address, hit->address + hit->bytes);
	set_free(hit->slot, hit->life);
	__atomic_fetch_sub(&state.nr, 1, __ATOMIC_ACQ_REL);
}

void ot_tag_withdraw(const struct ot_tag *tag)
{
	struct ot_tag_hit hit;

	if (read_slot(tag->slot, &hit) && hit.number == tag->number && ot_tag_take(&hit))
		ot_tag_drop(&hit);
}

/* Another version: whoever reads the slot meanwhile notices. */
bool ot_tag_move(const struct ot_tag_hit *hit, uint64_t address, uint64_t bytes)
{
	uint64_t number = hit->life & ~0xffffffffull;
	uint64_t life = ((hit->life + VERSION_ONE) & VERSION_MASK) | SLOT_BUSY;

	remove_cells(hit->slot, hit->life, hit->address, hit->address + hit->bytes);
	store(&table->slots[hit->slot].life, life);
	set_place(hit->slot, address, bytes);
	if (!add_cells(hit->slot, life, address, address + bytes)) {
		set_free(hit->slot, life);
		__atomic_fetch_sub(&state.nr, 1, __ATOMIC_ACQ_REL);
		return false;
	}
	store(&table->slots[hit->slot].life, number | (life & VERSION_MASK) | SLOT_LIVE);
	return true;
}

/* The object is tagged anew: the same slot, another number. */
static bool replace(const struct ot_tag_hit *old, struct ot_tag *tag, uint32_t *replaced)
{
	uint64_t number = next_number();
	struct ot_tag_hit hit = *old;

	if (!ot_tag_take(old))
		return false;
	*replaced = old->number;
	tag->number = (uint32_t)(number >> 32);
	tag->slot = old->slot;
	hit.life = number | (old->life & 0xffffffffull);
	set_facts(hit.slot, &tag->facts);
	if (old->bytes != tag->bytes)
		return ot_tag_move(&hit, tag->address, tag->bytes);
	ot_tag_put_back(&hit);
	return true;
}

static bool is_sound(const struct ot_tag *tag)
{
	return tag->address && tag->bytes && tag->bytes <= OT_TAG_BYTES_MAX &&
	       tag->address < OT_TAG_ADDRESS_MAX;
}

bool ot_tag_add(struct ot_tag *tag, uint32_t *replaced)
{
	struct query query = {.address = tag->address, .begins = true};
	struct ot_tag_hit old;

	*replaced = 0;
	if (!table || !is_sound(tag))
		return false;
	if (find(&query, &old))
		return replace(&old, tag, replaced);
	return add_new(tag);
}

uint32_t ot_tags_nr(void)
{
	return __atomic_load_n(&state.nr, __ATOMIC_ACQUIRE);
}

/* ------------------------------------------------------------------ memory, and what is left behind */

bool ot_tag_table_map(void)
{
	if (!table)
		table = ot_pages_map_unlocked(OT_ROUND_UP(sizeof(*table), OT_PAGE_BYTES),
					      MAP_PRIVATE | MAP_ANONYMOUS, -1);
	return table != NULL;
}

void ot_tag_table_forget(void)
{
	uint32_t last_number = state.last_number;

	levels = 0;
	ot_memset(&state, 0, sizeof(state));
	state.last_number = last_number;
	if (table)
		ot_sys_madvise(table, OT_ROUND_UP(sizeof(*table), OT_PAGE_BYTES), MADV_DONTNEED);
}

/* Of the cells that are so far from their own bucket. */
static uint64_t bits_of_bucket(uint32_t bucket, uint32_t door)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < NR_CELLS; i++) {
		uint64_t *at = &table->cells[bucket][i];
		uint64_t cell = load(at);

		if (cell && is_stale(cell))
			swap(at, cell, 0);
		else if (cell && door_of(cell) == door)
			bits |= filter_bits((uint32_t)(cell >> 32), cell_quarters(cell)) |
				(door ? FILTER_NEXT_DOOR : 0);
	}
	return bits;
}

static void sweep_bucket(uint32_t bucket)
{
	uint64_t *word = &table->filter[bucket];
	uint64_t old = load(word), bits = 0;

	for (uint32_t door = 0; door < DOORS; door++)
		bits |= bits_of_bucket(bucket ^ door, door);
	if ((old & ~FILTER_CHANGES) != bits)
		swap(word, old, (old & FILTER_CHANGES) | bits);
}

static void sweep_level(uint32_t level)
{
	uint64_t old = load(&levels);

	if (old & 1ull << level && !__atomic_load_n(&state.nr_of_level[level], __ATOMIC_ACQUIRE))
		swap(&levels, old, old & ~(1ull << level));
}

#define SWEEP_EVERY 1024u /* tags that have gone: their bits make others slower */

void ot_tag_table_sweep(void)
{
	uint32_t removed = __atomic_load_n(&state.nr_removed, __ATOMIC_RELAXED);

	for (uint32_t level = 0; level < NR_LEVELS; level++)
		sweep_level(level);
	if (!table || removed < SWEEP_EVERY)
		return;
	__atomic_fetch_sub(&state.nr_removed, removed, __ATOMIC_RELAXED);
	for (uint32_t bucket = 0; bucket < NR_BUCKETS; bucket++)
		sweep_bucket(bucket);
}
