/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A slot has the function's address, or that of code which finds it at the first call and writes it there
 * (lazy binding). Each slot has a forwarder of its own, which goes on where the slot led: nobody need know
 * how names are bound. Forwarders and what they lead to stay for good: a program may keep the address.
 *
 * A module may be in the loader's list and not be relocated yet. What a slot holds is no code then, or its page, which
 * will be read-only, is not yet: it is left alone, and looked at again.
 */
#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "base/maps.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/dynamic.h"
#include "core/slots.h"

#define PATIENCE_WALKS 25u

static uint64_t forwarder_of(const struct ot_slots *slots, const struct ot_slot *slot)
{
	return (uint64_t)slots->forwarders + (uint64_t)(slot - slots->items) * OT_FORWARDER_BYTES;
}

/* What goes with another function must not be used with this: so it goes first, and comes behind it. */
static void set_original(const struct ot_slots *slots, struct ot_slot *slot, uint64_t code)
{
	__atomic_store_n(&slot->companion, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&slot->original, code, __ATOMIC_RELEASE);
	if (slots->companion_of)
		__atomic_store_n(&slot->companion, slots->companion_of(code), __ATOMIC_RELEASE);
}

/* It leads to the forwarder again, and from there to what was found. */
void ot_slot_called(struct ot_slots *slots, struct ot_slot *slot)
{
	uint64_t now = __atomic_load_n(slot->slot, __ATOMIC_ACQUIRE);
	uint64_t forwarder = forwarder_of(slots, slot);

	if (now == forwarder || !__atomic_load_n(&slot->on, __ATOMIC_ACQUIRE))
		return;
	__atomic_store_n(&slot->before, now, __ATOMIC_RELEASE);
	set_original(slots, slot, now);
	__atomic_store_n(&slot->lazy, 0, __ATOMIC_RELEASE);
	__atomic_store_n(slot->slot, forwarder, __ATOMIC_RELEASE);
}

static bool map_of(uint64_t address, struct ot_mapping *ret)
{
	static char scratch[OT_PAGE_BYTES];

	return ot_maps_ask(address, ret) || ot_maps_find(address, scratch, sizeof(scratch), ret);
}

static bool is_code(uint64_t address)
{
	struct ot_mapping map;

	return map_of(address, &map) && map.prot & PROT_EXEC;
}

/* What the program made read-only stays so for all but a moment. */
static bool write_slot(uint64_t *slot, uint64_t value)
{
	uint64_t page = OT_ROUND_DOWN((uint64_t)slot, OT_PAGE_BYTES);
	struct ot_mapping map;

	if (!map_of((uint64_t)slot, &map) || !(map.prot & PROT_READ))
		return false;
	if (!(map.prot & PROT_WRITE) && ot_sys_mprotect(page, OT_PAGE_BYTES, map.prot | PROT_WRITE))
		return false;
	__atomic_store_n(slot, value, __ATOMIC_RELEASE);
	if (!(map.prot & PROT_WRITE))
		ot_sys_mprotect(page, OT_PAGE_BYTES, map.prot);
	return true;
}

static bool is_writable(uint64_t *slot)
{
	struct ot_mapping map;

	return map_of((uint64_t)slot, &map) && map.prot & PROT_WRITE;
}

/* The one that had the slot before, when it is for the same kind of function: it may be loaded again. */
static struct ot_slot *entry_for(struct ot_slots *slots, uint64_t *slot, uint32_t kind)
{
	for (uint32_t i = 0; i < slots->nr; i++)
		if (slots->items[i].slot == slot && slots->items[i].kind == kind)
			return &slots->items[i];
	if (slots->nr == OT_SLOTS_MAX)
		return NULL;
	slots->items[slots->nr] = (struct ot_slot){.slot = slot, .kind = kind};
	return &slots->items[slots->nr++];
}

/* Whose slots are looked at. */
struct module {
	struct ot_dynamic dynamic;
	bool is_exe;
	bool is_initial; /* was there when the program started */
};

/*
 * Where a slot leads, or will lead. The first call of one that is not bound yet would write it, and until it is taken
 * again others go past us: so where we know it is bound at once. A module that was there at the start is bound to
 * the first one that has the name; one that was loaded later may have others in front.
 */
static uint64_t bound(const struct ot_slots *slots, const struct module *module, uint64_t now,
		      unsigned name)
{
	bool is_bound = !ot_dynamic_has(module->dynamic.info, now, PF_X);

	if (is_bound || !(module->is_initial || slots->always_bind) ||
	    slots->first_with[name] <= OT_DYNAMIC_UNKNOWN)
		return now;
	return slots->first_with[name];
}

static void cover(struct ot_slots *slots, const struct module *module, uint64_t *slot,
		  unsigned name)
{
	const struct dl_phdr_info *info = module->dynamic.info;
	struct ot_slot *w = entry_for(slots, slot, slots->names[name].kind);
	uint64_t now, leads, forwarder;

	if (!w) {
		slots->nr_left_out++;
		return;
	}
	w->seen = true;
	forwarder = forwarder_of(slots, w);
	now = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
	if (now == forwarder) {
		w->on = true;
		slots->nr_left_out += slots->always_bind && w->lazy;
		return;
	}
	if (!is_code(now) || (ot_dynamic_is_relro(info, (uint64_t)slot) && is_writable(slot))) {
		slots->not_ready = true;
		return;
	}
	leads = bound(slots, module, now, name);
	__atomic_store_n(&w->before, now, __ATOMIC_RELEASE);
	set_original(slots, w, leads);
	__atomic_store_n(&w->lazy, ot_dynamic_has(info, leads, PF_X), __ATOMIC_RELEASE);
	__atomic_store_n(&w->on, true, __ATOMIC_RELEASE);
	w->on = write_slot(slot, forwarder);
	slots->nr_left_out += slots->always_bind && (!w->on || w->lazy);
}

static void uncover(struct ot_slots *slots, struct ot_slot *w)
{
	__atomic_store_n(&w->on, false, __ATOMIC_RELEASE);
	if (__atomic_load_n(w->slot, __ATOMIC_ACQUIRE) == forwarder_of(slots, w))
		write_slot(w->slot, __atomic_load_n(&w->before, __ATOMIC_ACQUIRE));
}

static unsigned number_of(const struct ot_slots *slots, const char *text)
{
	unsigned i = 0;

	while (i < slots->nr_names && ot_strcmp(text, slots->names[i].name))
		i++;
	return i;
}

static void visit_slot(struct ot_slots *slots, const struct module *module, uint64_t *slot,
		       unsigned name)
{
	uint32_t kind = 1u << slots->names[name].kind;

	if (module->is_exe)
		slots->in_exe |= kind;
	if (slots->wanted & kind)
		cover(slots, module, slot, name);
}

static void visit_relas(struct ot_slots *slots, const struct module *module,
			const ElfW(Rela) * relas, uint64_t bytes)
{
	const struct ot_dynamic *dynamic = &module->dynamic;

	for (uint64_t i = 0; i < bytes / sizeof(*relas); i++) {
		uint64_t type = ELF64_R_TYPE(relas[i].r_info);
		uint64_t slot = dynamic->info->dlpi_addr + relas[i].r_offset;
		unsigned name;

		if (type != OT_ARCH_RELOCATION_CALL && type != OT_ARCH_RELOCATION_ADDRESS)
			continue;
		name = number_of(slots,
				 dynamic->texts +
					 dynamic->symbols[ELF64_R_SYM(relas[i].r_info)].st_name);
		if (name < slots->nr_names && !(slot & 7) &&
		    ot_dynamic_has(dynamic->info, slot, PF_R))
			visit_slot(slots, module, (uint64_t *)slot, name);
	}
}

/* The loader itself is the last that came with the program, or nearly. */
static bool is_loader(const struct dl_phdr_info *info)
{
	return info->dlpi_addr && info->dlpi_addr == getauxval(AT_BASE);
}

struct visit {
	struct ot_slots *slots;
	bool first;
	bool loader_seen;
};

static int visit_names(struct dl_phdr_info *info, size_t size, void *context)
{
	struct ot_slots *slots = ((struct visit *)context)->slots;
	struct ot_dynamic dynamic;

	(void)size;
	ot_dynamic_read(info, &dynamic);
	for (unsigned i = 0; i < slots->nr_names; i++)
		if (!slots->first_with[i])
			slots->first_with[i] = ot_dynamic_function(&dynamic, slots->names[i].name);
	if (slots->visit)
		slots->visit(&dynamic);
	return is_loader(info);
}

static int visit_module(struct dl_phdr_info *info, size_t size, void *context)
{
	struct visit *visit = context;
	struct module module = {.is_exe = visit->first, .is_initial = !visit->loader_seen};

	(void)size;
	visit->first = false;
	visit->loader_seen |= is_loader(info);
	visit->slots->adds = info->dlpi_adds;
	visit->slots->subs = info->dlpi_subs;
	ot_dynamic_read(info, &module.dynamic);
	visit_relas(visit->slots, &module, module.dynamic.relas, module.dynamic.relas_bytes);
	visit_relas(visit->slots, &module, module.dynamic.jumps, module.dynamic.jumps_bytes);
	return 0;
}

struct question {
	struct ot_slots *slots;
	bool same;
};

static int ask_loader(struct dl_phdr_info *info, size_t size, void *context)
{
	struct question *question = context;
	struct ot_slots *slots = question->slots;

	(void)size;
	question->same =
		slots->known && info->dlpi_adds == slots->adds && info->dlpi_subs == slots->subs;
	if (!question->same)
		slots->patience = PATIENCE_WALKS;
	else if (slots->not_ready && slots->patience)
		question->same = !slots->patience--;
	return 1;
}

/* A first call that was under way when its slot was taken has written it since. */
static bool all_are_taken(const struct ot_slots *slots)
{
	for (uint32_t i = 0; i < slots->nr; i++)
		if (slots->items[i].on && __atomic_load_n(slots->items[i].slot, __ATOMIC_ACQUIRE) !=
						  forwarder_of(slots, &slots->items[i]))
			return false;
	return true;
}

static void walk(struct ot_slots *slots)
{
	struct visit visit = {.slots = slots, .first = true};

	slots->nr_left_out = 0;
	slots->not_ready = false;
	slots->known = true;
	slots->in_exe = 0;
	for (uint32_t i = 0; i < slots->nr; i++)
		slots->items[i].seen = false;
	ot_memset(slots->first_with, 0, slots->nr_names * sizeof(slots->first_with[0]));
	dl_iterate_phdr(visit_names, &visit);
	dl_iterate_phdr(visit_module, &visit);
	/* those of modules that are gone have gone with them */
	for (uint32_t i = 0; i < slots->nr; i++)
		slots->items[i].on = slots->items[i].on && slots->items[i].seen;
}

/* What was seen in this walk is there. */
static void uncover_rest(struct ot_slots *slots)
{
	for (uint32_t i = 0; i < slots->nr; i++)
		if (slots->items[i].on && !(slots->wanted & 1u << slots->items[i].kind))
			uncover(slots, &slots->items[i]);
}

static void walk_to_uncover(struct ot_slots *slots, uint32_t wanted)
{
	/* as it was, but for what is gone: those slots must not be written */
	walk(slots);
	slots->wanted = wanted;
	uncover_rest(slots);
}

bool ot_slots_are_stale(struct ot_slots *slots)
{
	struct question question = {.slots = slots};

	dl_iterate_phdr(ask_loader, &question);
	return !question.same || !all_are_taken(slots);
}

bool ot_slots_watch(struct ot_slots *slots, uint32_t wanted)
{
	bool stale = ot_slots_are_stale(slots);

	if (slots->wanted & ~wanted) {
		walk_to_uncover(slots, wanted);
	} else if (wanted != slots->wanted || (wanted && stale)) {
		slots->wanted = wanted;
		walk(slots);
	} else {
		return false;
	}
	return true;
}

uint32_t ot_slots_nr(const struct ot_slots *slots, uint32_t kinds)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < slots->nr; i++)
		nr += slots->items[i].on && kinds & 1u << slots->items[i].kind;
	return nr;
}
