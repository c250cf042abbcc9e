/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The program's calls of some functions of other modules, seen while somebody wants that: the slots through which modules
 * call them (of PLT and GOT) lead to forwarders. Calls that use no slot are not seen: inside of a module that has the
 * function itself, in a program that is linked statically, through pointers in data or from dlsym(). For who holds the
 * loader's list.
 */
#ifndef OT_CORE_SLOTS_H
#define OT_CORE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"
#include "core/dynamic.h"

#define OT_SLOTS_MAX ((uint32_t)OT_ARCH_NR_FORWARDERS)
#define OT_FORWARDER_BYTES 16u

struct ot_slot_name {
	const char *name;
	uint32_t kind; /* the watcher's own, below 32 */
};

struct ot_slot {
	uint64_t *slot;	   /* NULL = unused */
	uint64_t before;   /* what it held */
	uint64_t original; /* where that leads */
	uint64_t
		companion; /* that belongs to this one: a function of the watcher's choice, 0 = none */
	uint32_t kind;
	uint32_t lazy; /* the first call writes the slot: then ot_slot_called() */
	bool on;
	bool seen; /* in this walk */
};

/* One watcher. The first part is its own. */
struct ot_slots {
	const struct ot_slot_name *names;
	uint32_t nr_names;
	bool always_bind; /* forwarders go on by a jump, and so nobody is there when the first call has bound the slot */
	uint64_t *first_with;  /* nr_names; the functions of the first modules that have them */
	struct ot_slot *items; /* OT_SLOTS_MAX */
	/* May be NULL: of each module that came with the program; the companion of code. */
	void (*visit)(const struct ot_dynamic *dynamic);
	uint64_t (*companion_of)(uint64_t code);
	const char *forwarders; /* that of slot i lies at i * OT_FORWARDER_BYTES */

	uint32_t nr;	 /* of items that ever were */
	uint32_t wanted; /* mask of kinds */
	uint32_t in_exe; /* mask of kinds that the executable has a slot of */
	uint32_t nr_left_out;
	bool not_ready; /* a module was not relocated yet */
	bool known;	/* the loader's list was walked, when it was so: */
	uint32_t
		patience; /* walks for what is not ready: what is never called has no code for good */
	uint64_t adds;
	uint64_t subs;
};

/**
 * Watches these kinds, in modules that are there and, called again, that came since. 0 = nothing any more.
 *
 * @return true when it has walked the loader's list: that has changed, or what is wanted, or a slot
 */
bool ot_slots_watch(struct ot_slots *slots, uint32_t wanted);
/** Slots of these kinds that lead to forwarders. */
uint32_t ot_slots_nr(const struct ot_slots *slots, uint32_t kinds);
/** Whether the list has changed since the last walk, or a slot was not ready. */
bool ot_slots_are_stale(struct ot_slots *slots);
/** By a forwarder, behind the call of one that was lazy: the loader may have written the slot. */
void ot_slot_called(struct ot_slots *slots, struct ot_slot *slot);

#endif
