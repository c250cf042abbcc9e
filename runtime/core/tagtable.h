/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The table of tags. Everything but mapping and sweeping is lock-free: one may be interrupted anywhere, also for
 * good, and nobody waits for it. A tag is taken by who wants to change it; who finds it taken leaves it alone.
 */
#ifndef OT_CORE_TAGTABLE_H
#define OT_CORE_TAGTABLE_H

#include <stdbool.h>
#include <stdint.h>

#define OT_TAGS_MAX 16383u
#define OT_TAG_BYTES_MAX (1ull << 36)
#define OT_TAG_ADDRESS_MAX (1ull << 62)

/** What is known of a tag besides where it lies. */
struct ot_tag_facts {
	uint64_t call_seq; /* that set it, 0 = none */
	uint64_t tsc;
	uint32_t counter; /* of the trace, UINT32_MAX = the shell */
	uint32_t tid;
};

struct ot_tag {
	uint64_t address;
	uint64_t bytes;
	uint32_t number; /* filled in when it is added, and its slot */
	uint32_t slot;
	struct ot_tag_facts facts;
};

/** A tag that was found, as it was then. */
struct ot_tag_hit {
	uint64_t life;
	uint64_t address;
	uint64_t bytes;
	uint32_t slot;
	uint32_t number;
};

/** Maps the table; under control. Idempotent, also in a forked child. */
bool ot_tag_table_map(void);
/** Forgets all. In a forked child. */
void ot_tag_table_forget(void);

/**
 * Adds a tag, or gives the one that begins there a new number and extent.
 *
 * @param tag      its number and slot are filled in
 * @param replaced the tag that is no more, 0 = none; also when there was no room for the new one
 * @return false: no room (for more tags, or for more so close together), somebody is at work on the object's tag, or
 *         it lies where no object can
 */
bool ot_tag_add(struct ot_tag *tag, uint32_t *replaced);

/** Finds a tag that covers the address. */
bool ot_tag_find(uint64_t address, struct ot_tag_hit *ret);
/** The same for one that begins at or behind `from` and before `end`; finds all of them when each is taken. */
bool ot_tag_find_inside(uint64_t from, uint64_t end, struct ot_tag_hit *ret);
/** The next one in the order of slots; start with *slot 0. facts may be NULL. */
bool ot_tag_next(uint32_t *slot, struct ot_tag_hit *hit, struct ot_tag_facts *facts);

/** From here on it covers nothing, until it is put back or dropped. False: somebody was faster. */
bool ot_tag_take(const struct ot_tag_hit *hit);
/** Ends a tag that was taken. */
void ot_tag_drop(const struct ot_tag_hit *hit);
/** Ends a tag that was added, unless somebody has taken it since. */
void ot_tag_withdraw(const struct ot_tag *tag);
/** As it was. */
void ot_tag_put_back(const struct ot_tag_hit *hit);
/** To another place. False: there is no room there, and the tag has ended. */
bool ot_tag_move(const struct ot_tag_hit *hit, uint64_t address, uint64_t bytes);

/** Tags that are there. */
uint32_t ot_tags_nr(void);
/** Clears what tags have left behind, if that is much. Under control. */
void ot_tag_table_sweep(void);

#endif
