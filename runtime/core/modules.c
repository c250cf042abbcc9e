/* SPDX-License-Identifier: BSD-2-Clause */
#include <link.h>

#include "base/arena.h"
#include "base/log.h"
#include "core/hooks.h"
#include "core/modules.h"
#include "core/probe.h"
#include "core/untouched.h"

/* Read-only segments of the executable, looked at by hooks without a lock: written once. */
static struct {
	uint64_t low;
	uint64_t high;
} constants[OT_SEGMENTS_MAX];
static unsigned nr_constants;

static struct ot_module *modules;
static uint64_t next_id = 1;
static uint64_t generation;
static uint64_t loader_adds, loader_subs;
static bool loader_known;

/* A loaded object while its notes are read. */
struct object {
	const struct dl_phdr_info *info;
	struct ot_segment segments[OT_SEGMENTS_MAX];
	unsigned nr_segments;
	uint64_t fingerprint; /* 0 = not taken yet */
};

#define FINGERPRINT_BYTES (64u * 1024u) /* of each segment; notes and symbol names come first */

static void collect_segments(struct object *object)
{
	const struct dl_phdr_info *info = object->info;

	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];
		struct ot_segment *segment = &object->segments[object->nr_segments];

		if (phdr->p_type != PT_LOAD || object->nr_segments == OT_SEGMENTS_MAX)
			continue;
		segment->low = info->dlpi_addr + phdr->p_vaddr;
		segment->high = segment->low + phdr->p_memsz;
		segment->file_high = segment->low + phdr->p_filesz;
		segment->flags = phdr->p_flags;
		object->nr_segments++;
	}
}

static struct ot_segment *find_segment(struct ot_segment *segments, unsigned nr, uint64_t address,
				       uint64_t bytes, uint32_t flags)
{
	for (unsigned i = 0; i < nr; i++) {
		struct ot_segment *segment = &segments[i];

		if (address >= segment->low && address <= segment->high &&
		    bytes <= segment->high - address && (segment->flags & flags) == flags)
			return segment;
	}
	return NULL;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

/* Of constant data only: text changes by our own hands. */
static uint64_t mix_segment(uint64_t hash, const struct ot_segment *segment)
{
	const uint64_t *words = (const void *)OT_ROUND_UP(segment->low, 8);
	uint64_t bytes = segment->file_high - segment->low;

	hash = mix(mix(hash, segment->high - segment->low), segment->flags);
	if ((segment->flags & (PF_R | PF_W | PF_X)) != PF_R || bytes < 16)
		return hash;
	if (bytes > FINGERPRINT_BYTES)
		bytes = FINGERPRINT_BYTES;
	for (uint64_t i = 0; i < bytes / 8 - 1; i++)
		hash = mix(hash, words[i]);
	return hash;
}

static uint64_t fingerprint(struct object *object)
{
	const char *path = object->info->dlpi_name;
	uint64_t hash = 1;

	if (object->fingerprint)
		return object->fingerprint;
	for (; path && *path; path++)
		hash = mix(hash, (uint8_t)*path);
	for (unsigned i = 0; i < object->nr_segments; i++)
		hash = mix_segment(hash, &object->segments[i]);
	object->fingerprint = hash | 1;
	return object->fingerprint;
}

static bool scan(struct object *object, const struct otrace_ref *ref, enum ot_table_kind kind,
		 struct ot_table *ret)
{
	uint64_t anchor = (uint64_t)otrace_ref_get(ref);
	struct ot_segment *segment = find_segment(object->segments, object->nr_segments, anchor,
						  sizeof(struct otrace_entry), PF_R);

	return segment && ot_table_scan(anchor, segment->low, segment->file_high, kind, ret);
}

static void count_stubs(struct ot_module *module)
{
	struct ot_fn fn;

	for (uint64_t at = 0; (at = ot_module_next_fn(module, at, &fn));)
		module->nr_stubs += fn.stub != 0;
}

static const char *copy_path(const char *path)
{
	size_t bytes = ot_strlen(path) + 1;
	char *copy = ot_arena_alloc(bytes);

	return copy ? ot_memcpy(copy, path, bytes) : "";
}

/* Then the loader writes to constant data, maybe just now: dlopen() is not waited for before it has relocated. */
static bool has_text_relocations(const struct dl_phdr_info *info)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];
		const ElfW(Dyn) *dyn = (const void *)(info->dlpi_addr + phdr->p_vaddr);

		if (phdr->p_type != PT_DYNAMIC)
			continue;
		for (uint64_t nr = phdr->p_memsz / sizeof(*dyn); nr && dyn->d_tag; nr--, dyn++)
			if (dyn->d_tag == DT_TEXTREL ||
			    (dyn->d_tag == DT_FLAGS && dyn->d_un.d_val & DF_TEXTREL))
				return true;
	}
	return false;
}

static void read_tables(struct ot_module *module, struct object *object,
			const struct otrace_note *note)
{
	struct ot_untouched untouched;

	ot_untouched_note(&untouched, object->segments,
			  has_text_relocations(object->info) ? 0 : object->nr_segments);
	module->fingerprint = fingerprint(object);
	if (note->abi_version == OTRACE_ABI_VERSION) {
		scan(object, &note->fn_anchor, OT_TABLE_FNS, &module->fns);
		scan(object, &note->var_anchor, OT_TABLE_VARS, &module->vars);
		count_stubs(module);
	}
	ot_untouched_return(&untouched);
}

static struct ot_module *add_module(struct object *object, const struct otrace_note *note)
{
	struct ot_module *module = ot_arena_alloc(sizeof(*module));

	if (!module)
		return NULL;
	module->id = next_id++;
	module->bias = object->info->dlpi_addr;
	module->abi_version = note->abi_version;
	module->nr_segments = object->nr_segments;
	module->low = ~0ull;
	for (unsigned i = 0; i < object->nr_segments; i++) {
		module->segments[i] = object->segments[i];
		if (object->segments[i].low < module->low)
			module->low = object->segments[i].low;
		if (object->segments[i].high > module->high)
			module->high = object->segments[i].high;
	}
	module->path = copy_path(object->info->dlpi_name ? object->info->dlpi_name : "");
	module->loaded = true;
	module->next = modules;
	modules = module;
	generation++;
	read_tables(module, object, note);
	return module;
}

static bool covers(const struct ot_table *table, const struct otrace_ref *ref)
{
	uint64_t anchor = (uint64_t)otrace_ref_get(ref);

	return anchor >= table->begin && anchor < table->end;
}

/*
 * Loaded anew at the same place? Then the hooks that we set are gone; where we set none, something else
 * is written there, unless it is the same file again, of which we know all that there is to know.
 */
static bool is_another(struct object *object, const struct ot_module *module)
{
	const struct otrace_hooks *hooks;

	if (!module->hooked || !module->hooks)
		return module->fingerprint != fingerprint(object);
	hooks = module->hooks->hooks;
	return !find_segment(object->segments, object->nr_segments, (uint64_t)hooks, sizeof(*hooks),
			     PF_R | PF_W) ||
	       hooks->enter != ot_hook_enter;
}

static struct ot_module *find_module(struct object *object, const struct otrace_note *note)
{
	for (struct ot_module *module = modules; module; module = module->next) {
		if (!module->loaded || module->bias != object->info->dlpi_addr)
			continue;
		if (note->abi_version != OTRACE_ABI_VERSION &&
		    module->abi_version == note->abi_version &&
		    module->fingerprint == fingerprint(object))
			return module;
		if (!covers(&module->fns, &note->fn_anchor) &&
		    !covers(&module->vars, &note->var_anchor))
			continue;
		if (is_another(object, module))
			continue;
		return module;
	}
	return NULL;
}

/* Each object file names the hooks it uses; in a module they are all the same one, unless a partial
 * link made them local. All of them have to be set. */
static void remember_hooks(struct ot_module *module, const struct otrace_note *note)
{
	struct otrace_hooks *hooks = (void *)otrace_ref_get(&note->hooks);
	struct ot_hooks_ref *ref;

	if (!ot_module_segment(module, (uint64_t)hooks, sizeof(*hooks), PF_R | PF_W) ||
	    ((uint64_t)hooks & 7))
		return;
	for (ref = module->hooks; ref; ref = ref->next)
		if (ref->hooks == hooks)
			return;
	ref = ot_arena_alloc(sizeof(*ref));
	if (!ref)
		return;
	ref->hooks = hooks;
	ref->next = module->hooks;
	module->hooks = ref;
	if (module->hooked)
		ot_module_hook(module);
}

static void take_note(struct object *object, const struct otrace_note *note)
{
	struct ot_module *module = find_module(object, note);

	if (!module)
		module = add_module(object, note);
	if (!module)
		return;
	module->seen = true;
	if (module->abi_version == OTRACE_ABI_VERSION)
		remember_hooks(module, note);
}

static bool is_ours(const ElfW(Nhdr) * head)
{
	return head->n_type == OTRACE_NOTE_TYPE && head->n_namesz == sizeof(OTRACE_NOTE_NAME) &&
	       head->n_descsz >= sizeof(struct otrace_note) &&
	       !ot_memcmp(head + 1, OTRACE_NOTE_NAME, sizeof(OTRACE_NOTE_NAME));
}

static void walk_notes(struct object *object, uint64_t at, uint64_t end, uint64_t align)
{
	while (at < end && end - at >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *head = (const void *)at;
		uint64_t desc = sizeof(*head) + OT_ROUND_UP((uint64_t)head->n_namesz, 4);
		uint64_t next;

		desc = OT_ROUND_UP(desc, align);
		next = OT_ROUND_UP(desc + head->n_descsz, align);
		if (desc + head->n_descsz > end - at)
			return;
		if (is_ours(head))
			take_note(object, (const void *)(at + desc));
		at += next;
	}
}

static bool unchanged(const struct dl_phdr_info *info)
{
	return loader_known && info->dlpi_adds == loader_adds && info->dlpi_subs == loader_subs;
}

static int visit_object(struct dl_phdr_info *info, size_t size, void *context)
{
	bool first = *(bool *)context;
	struct object object;

	(void)size;
	ot_memset(&object, 0, sizeof(object));
	object.info = info;
	if (first && unchanged(info))
		return 1;
	*(bool *)context = false;
	loader_adds = info->dlpi_adds;
	loader_subs = info->dlpi_subs;
	collect_segments(&object);
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];
		uint64_t at = info->dlpi_addr + phdr->p_vaddr;

		if (phdr->p_type == PT_NOTE && !(at & 3) &&
		    find_segment(object.segments, object.nr_segments, at, phdr->p_filesz, PF_R))
			walk_notes(&object, at, at + phdr->p_filesz, phdr->p_align == 8 ? 8 : 4);
	}
	return 0;
}

static void forget_missing(void)
{
	for (struct ot_module *module = modules; module; module = module->next) {
		if (!module->loaded || module->seen)
			continue;
		module->loaded = false;
		ot_probes_unload(module);
		generation++;
	}
}

static void find_constants(void)
{
	for (struct ot_module *module = modules; module; module = module->next) {
		if (module->path[0])
			continue;
		for (unsigned i = 0; i < module->nr_segments && nr_constants < OT_SEGMENTS_MAX;
		     i++) {
			const struct ot_segment *segment = &module->segments[i];

			if ((segment->flags & (PF_R | PF_W)) != PF_R)
				continue;
			constants[nr_constants].low = segment->low;
			constants[nr_constants].high = segment->file_high;
			__atomic_store_n(&nr_constants, nr_constants + 1, __ATOMIC_RELEASE);
		}
	}
}

void ot_modules_refresh(void)
{
	bool first = true;

	for (struct ot_module *module = modules; module; module = module->next)
		module->seen = false;
	dl_iterate_phdr(visit_object, &first);
	if (first)
		return;
	if (!loader_known)
		find_constants();
	loader_known = true;
	forget_missing();
}

struct inside {
	void (*work)(void *context);
	void *context;
};

/* The loader's lock is recursive: the list may be read again inside the first callback. */
static int run_inside(struct dl_phdr_info *info, size_t size, void *data)
{
	const struct inside *inside = data;

	(void)info;
	(void)size;
	inside->work(inside->context);
	return 1;
}

void ot_modules_locked(void (*work)(void *context), void *context)
{
	struct inside inside = {work, context};

	dl_iterate_phdr(run_inside, &inside);
}

struct ot_module *ot_modules_first(void)
{
	return modules;
}

uint64_t ot_modules_generation(void)
{
	return generation;
}

/* The entry lies between two that were found sound, and its pool in the same segment. */
static bool read_fn(struct ot_module *module, uint64_t address, struct ot_fn *ret)
{
	const struct ot_segment *segment =
		ot_module_segment(module, address, sizeof(struct otrace_entry), PF_R);

	return segment && ot_fn_read(address, segment->low, segment->file_high, ret);
}

struct ot_module *ot_module_fn(uint64_t address, struct ot_fn *ret)
{
	for (struct ot_module *module = modules; module; module = module->next)
		if (module->loaded && address >= module->fns.begin && address < module->fns.end &&
		    (address - module->fns.begin) % sizeof(struct otrace_entry) == 0)
			return read_fn(module, address, ret) ? module : NULL;
	return NULL;
}

uint64_t ot_module_next_fn(struct ot_module *module, uint64_t previous, struct ot_fn *ret)
{
	uint64_t at = previous ? previous + sizeof(struct otrace_entry) : module->fns.begin;

	for (; (at = (uint64_t)ot_table_next(&module->fns, at)); at += sizeof(struct otrace_entry))
		if (read_fn(module, at, ret))
			return at;
	return 0;
}

void ot_module_each_gone(struct ot_module *module,
			 void (*work)(const struct ot_fn *fn, void *context), void *context)
{
	const struct ot_segment *segment =
		ot_module_segment(module, module->fns.begin, sizeof(struct otrace_entry), PF_R);
	uint64_t at = module->fns.begin;

	for (; segment && at < module->fns.end; at += sizeof(struct otrace_entry))
		if (!((const struct otrace_entry *)at)->place.delta)
			ot_pool_each_gone(at, segment->low, segment->file_high, work, context);
}

bool ot_module_has_accessor(struct ot_module *module, uint64_t address)
{
	const struct ot_segment *segment =
		ot_module_segment(module, module->vars.begin, sizeof(struct otrace_entry), PF_R);
	const struct otrace_entry *entry;
	uint32_t flags;

	for (uint64_t at = module->vars.begin;
	     segment && (entry = ot_table_next(&module->vars, at)); at = (uint64_t)(entry + 1))
		if ((uint64_t)otrace_ref_get(&entry->place) == address &&
		    ot_var_flags((uint64_t)entry, segment->low, segment->file_high, &flags) &&
		    (flags & OTRACE_VAR_THREAD_LOCAL))
			return ot_module_segment(module, address, 1, PF_X);
	return false;
}

struct ot_segment *ot_module_segment(struct ot_module *module, uint64_t address, uint64_t bytes,
				     uint32_t flags)
{
	return find_segment(module->segments, module->nr_segments, address, bytes, flags);
}

const char *ot_module_string(struct ot_module *module, const struct otrace_ref *ref)
{
	const char *text = otrace_ref_get(ref);
	struct ot_segment *segment;

	if (!text)
		return "";
	segment = ot_module_segment(module, (uint64_t)text, 1, PF_R);
	if (!segment || (uint64_t)text >= segment->file_high)
		return "";
	if (text[ot_strnlen(text, segment->file_high - (uint64_t)text - 1)])
		return "";
	return text;
}

static bool is_taken(const struct ot_module *module)
{
	for (const struct ot_hooks_ref *ref = module->hooks; ref; ref = ref->next)
		if (ref->hooks->enter && ref->hooks->enter != ot_hook_enter)
			return true;
	return false;
}

/* enter last: a wrapper that sees it must find the others too. */
bool ot_module_hook(struct ot_module *module)
{
	if (!module->hooks || is_taken(module))
		return false;
	for (struct ot_hooks_ref *ref = module->hooks; ref; ref = ref->next) {
		ref->hooks->leave = ot_hook_leave;
		ref->hooks->unwind = ot_hook_unwind;
		__atomic_store_n(&ref->hooks->enter, ot_hook_enter, __ATOMIC_RELEASE);
	}
	module->hooked = true;
	return true;
}

bool ot_modules_constant(uint64_t address, uint64_t bytes)
{
	unsigned nr = __atomic_load_n(&nr_constants, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < nr; i++)
		if (address >= constants[i].low && address < constants[i].high &&
		    bytes <= constants[i].high - address)
			return true;
	return false;
}
