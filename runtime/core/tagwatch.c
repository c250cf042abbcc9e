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
#include "core/tagrecord.h"
#include "core/tags.h"
#include "core/tagwatch.h"

#define PATIENCE_WALKS 25u

enum kind { KIND_FREE = 0, KIND_REALLOC = 1, KIND_REALLOCARRAY = 2 };

static const struct {
	const char *name;
	enum kind kind;
} names[] = {
	{"free", KIND_FREE},	   {"cfree", KIND_FREE},
	{"free_sized", KIND_FREE}, {"free_aligned_sized", KIND_FREE},
	{"realloc", KIND_REALLOC}, {"reallocarray", KIND_REALLOCARRAY},
};

#define NR_NAMES (sizeof(names) / sizeof(names[0]))

static uint64_t first_with[NR_NAMES]; /* the functions of the first modules that have them */

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

struct watched {
	uint64_t *slot;	   /* NULL = unused */
	uint64_t before;   /* what it held */
	uint64_t original; /* where that leads */
	uint64_t size_of;  /* of the same allocator; 0 = it has none */
	uint32_t kind;
	uint32_t lazy; /* the first call writes the slot */
	bool on;
	bool seen; /* in this walk */
};

static struct watched watched[OT_WATCH_MAX];
static uint32_t nr_watched; /* that ever were */

static struct {
	uint32_t flags;
	uint32_t nr_left_out;
	bool not_ready;	   /* a module was not relocated yet */
	uint32_t patience; /* walks for that: what is never called has no code for good */
	bool known;	   /* the loader's list was walked, when it was so: */
	uint64_t adds;
	uint64_t subs;
	bool exe_frees;
	bool exe_reallocs;
} watch;

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

static uint64_t wanted_bytes(const struct watched *w, size_t a, size_t b)
{
	uint64_t bytes;

	if (w->kind != KIND_REALLOCARRAY)
		return a;
	return __builtin_mul_overflow(a, b, &bytes) ? ~0ull : bytes;
}

static void *reallocate(const struct watched *w, void *block, uint64_t old_bytes, size_t a,
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

/* Of another allocator's block nobody may ask: so the size goes before the function changes, and comes behind it. */
static void set_original(struct watched *w, uint64_t code)
{
	__atomic_store_n(&w->size_of, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&w->original, code, __ATOMIC_RELEASE);
	__atomic_store_n(&w->size_of, size_function_of(code), __ATOMIC_RELEASE);
}

/* The loader has written the slot: it leads here again, and from here to what was found. */
static __attribute__((noinline)) void take_again(struct watched *w, uint64_t forwarder)
{
	uint64_t now = __atomic_load_n(w->slot, __ATOMIC_ACQUIRE);

	if (now == forwarder || !__atomic_load_n(&w->on, __ATOMIC_ACQUIRE))
		return;
	__atomic_store_n(&w->before, now, __ATOMIC_RELEASE);
	set_original(w, now);
	__atomic_store_n(&w->lazy, 0, __ATOMIC_RELEASE);
	__atomic_store_n(w->slot, forwarder, __ATOMIC_RELEASE);
}

static uint64_t forwarder_of(uint32_t index)
{
	return (uint64_t)ot_tag_forwarders + index * OT_FORWARDER_BYTES;
}

/* Whether it has to do with tags; its size, as far as that is known. */
static inline bool is_tagged(const struct watched *w, uint64_t block, uint64_t *bytes_ret)
{
	size_function size_of = (size_function)__atomic_load_n(&w->size_of, __ATOMIC_ACQUIRE);
	struct ot_tag_hit hit;

	if (!block || !ot_tags_nr())
		return false;
	*bytes_ret = size_of ? size_of((void *)block) : 0;
	return ot_tag_of(block) || ot_tag_find_inside(block, block + *bytes_ret, &hit);
}

void *ot_tag_forward(void *block, size_t a, size_t b, uint32_t index)
{
	struct watched *w = &watched[index];
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
		take_again(w, forwarder_of(index));
	return ret;
}

/* ------------------------------------------------------------------ slots */

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
static struct watched *entry_for(uint64_t *slot, enum kind kind)
{
	for (uint32_t i = 0; i < nr_watched; i++)
		if (watched[i].slot == slot && watched[i].kind == (uint32_t)kind)
			return &watched[i];
	if (nr_watched == OT_WATCH_MAX)
		return NULL;
	watched[nr_watched] = (struct watched){.slot = slot, .kind = (uint32_t)kind};
	return &watched[nr_watched++];
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
static uint64_t bound(const struct module *module, uint64_t now, unsigned name)
{
	bool is_bound = !ot_dynamic_has(module->dynamic.info, now, PF_X);

	if (is_bound || !module->is_initial || first_with[name] <= OT_DYNAMIC_UNKNOWN)
		return now;
	return first_with[name];
}

static void cover(const struct module *module, uint64_t *slot, unsigned name)
{
	const struct dl_phdr_info *info = module->dynamic.info;
	struct watched *w = entry_for(slot, names[name].kind);
	uint64_t now, leads, forwarder;

	if (!w) {
		watch.nr_left_out++;
		return;
	}
	w->seen = true;
	forwarder = forwarder_of((uint32_t)(w - watched));
	now = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
	if (now == forwarder) {
		w->on = true;
		return;
	}
	if (!is_code(now) || (ot_dynamic_is_relro(info, (uint64_t)slot) && is_writable(slot))) {
		watch.not_ready = true;
		return;
	}
	leads = bound(module, now, name);
	__atomic_store_n(&w->before, now, __ATOMIC_RELEASE);
	set_original(w, leads);
	__atomic_store_n(&w->lazy, ot_dynamic_has(info, leads, PF_X), __ATOMIC_RELEASE);
	__atomic_store_n(&w->on, true, __ATOMIC_RELEASE);
	w->on = write_slot(slot, forwarder);
}

static void uncover(struct watched *w)
{
	uint64_t forwarder = forwarder_of((uint32_t)(w - watched));

	__atomic_store_n(&w->on, false, __ATOMIC_RELEASE);
	if (__atomic_load_n(w->slot, __ATOMIC_ACQUIRE) == forwarder)
		write_slot(w->slot, __atomic_load_n(&w->before, __ATOMIC_ACQUIRE));
}

static unsigned number_of(const char *text)
{
	unsigned i = 0;

	while (i < NR_NAMES && ot_strcmp(text, names[i].name))
		i++;
	return i;
}

static bool is_wanted(enum kind kind)
{
	return watch.flags & (kind == KIND_FREE ? OTRACE_TAG_WATCH_FREE : OTRACE_TAG_WATCH_REALLOC);
}

static void visit_slot(const struct module *module, uint64_t *slot, unsigned name)
{
	enum kind kind = names[name].kind;

	if (module->is_exe && kind == KIND_FREE)
		watch.exe_frees = true;
	if (module->is_exe && kind == KIND_REALLOC)
		watch.exe_reallocs = true;
	if (is_wanted(kind))
		cover(module, slot, name);
}

static void visit_relas(const struct module *module, const ElfW(Rela) * relas, uint64_t bytes)
{
	const struct ot_dynamic *dynamic = &module->dynamic;

	for (uint64_t i = 0; i < bytes / sizeof(*relas); i++) {
		uint64_t type = ELF64_R_TYPE(relas[i].r_info);
		uint64_t slot = dynamic->info->dlpi_addr + relas[i].r_offset;
		unsigned name;

		if (type != OT_ARCH_RELOCATION_CALL && type != OT_ARCH_RELOCATION_ADDRESS)
			continue;
		name = number_of(dynamic->texts +
				 dynamic->symbols[ELF64_R_SYM(relas[i].r_info)].st_name);
		if (name < NR_NAMES && !(slot & 7) && ot_dynamic_has(dynamic->info, slot, PF_R))
			visit_slot(module, (uint64_t *)slot, name);
	}
}

/* The loader itself is the last that came with the program, or nearly. */
static bool is_loader(const struct dl_phdr_info *info)
{
	return info->dlpi_addr && info->dlpi_addr == getauxval(AT_BASE);
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

static int visit_names(struct dl_phdr_info *info, size_t size, void *context)
{
	struct ot_dynamic dynamic;

	(void)size;
	(void)context;
	ot_dynamic_read(info, &dynamic);
	for (unsigned i = 0; i < NR_NAMES; i++)
		if (!first_with[i])
			first_with[i] = ot_dynamic_function(&dynamic, names[i].name);
	note_allocator(&dynamic);
	return is_loader(info);
}

struct visit {
	bool first;
	bool loader_seen;
};

static int visit_module(struct dl_phdr_info *info, size_t size, void *context)
{
	struct visit *visit = context;
	struct module module = {.is_exe = visit->first, .is_initial = !visit->loader_seen};

	(void)size;
	visit->first = false;
	visit->loader_seen |= is_loader(info);
	watch.adds = info->dlpi_adds;
	watch.subs = info->dlpi_subs;
	ot_dynamic_read(info, &module.dynamic);
	visit_relas(&module, module.dynamic.relas, module.dynamic.relas_bytes);
	visit_relas(&module, module.dynamic.jumps, module.dynamic.jumps_bytes);
	return 0;
}

static int ask_loader(struct dl_phdr_info *info, size_t size, void *context)
{
	bool *same = context;

	(void)size;
	*same = watch.known && info->dlpi_adds == watch.adds && info->dlpi_subs == watch.subs;
	if (!*same)
		watch.patience = PATIENCE_WALKS;
	else if (watch.not_ready && watch.patience)
		*same = !watch.patience--;
	return 1;
}

/* A first call that was under way when its slot was taken has written it since. */
static bool all_are_taken(void)
{
	for (uint32_t i = 0; i < nr_watched; i++)
		if (watched[i].on &&
		    __atomic_load_n(watched[i].slot, __ATOMIC_ACQUIRE) != forwarder_of(i))
			return false;
	return true;
}

static void walk(void)
{
	struct visit visit = {.first = true};

	watch.nr_left_out = 0;
	watch.not_ready = false;
	watch.known = true;
	watch.exe_frees = watch.exe_reallocs = false;
	for (uint32_t i = 0; i < nr_watched; i++)
		watched[i].seen = false;
	ot_memset(first_with, 0, sizeof(first_with));
	dl_iterate_phdr(visit_names, NULL);
	dl_iterate_phdr(visit_module, &visit);
	/* those of modules that are gone have gone with them */
	for (uint32_t i = 0; i < nr_watched; i++)
		watched[i].on = watched[i].on && watched[i].seen;
}

/* What was seen in this walk is there. */
static void uncover_rest(void)
{
	for (uint32_t i = 0; i < nr_watched; i++)
		if (watched[i].on && !is_wanted((enum kind)watched[i].kind))
			uncover(&watched[i]);
}

static void walk_to_uncover(uint32_t flags)
{
	/* as it was, but for what is gone: those slots must not be written */
	walk();
	watch.flags = flags;
	uncover_rest();
}

void ot_tag_watch(uint32_t flags)
{
	bool same = false;

	dl_iterate_phdr(ask_loader, &same);
	if (watch.flags & ~flags)
		walk_to_uncover(flags);
	else if (flags != watch.flags || (flags && (!same || !all_are_taken()))) {
		watch.flags = flags;
		walk();
	}
}

void ot_tag_watch_count(struct otrace_tags *ret)
{
	for (uint32_t i = 0; i < nr_watched; i++) {
		if (watched[i].on && watched[i].kind == KIND_FREE)
			ret->nr_free_slots++;
		else if (watched[i].on)
			ret->nr_realloc_slots++;
	}
	ret->nr_left_out = watch.nr_left_out;
	ret->flags = (watch.exe_frees ? 0 : OTRACE_TAGS_NO_FREE) |
		     (watch.exe_reallocs ? 0 : OTRACE_TAGS_NO_REALLOC);
}
