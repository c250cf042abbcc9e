/* SPDX-License-Identifier: BSD-2-Clause */
#include <link.h>

#include "arch/arch.h"
#include "base/arena.h"
#include "base/log.h"
#include "core/probe.h"
#include "core/thunk.h"

_Static_assert(offsetof(struct otrace_probe, varargs_flags) == OT_PROBE_VARARGS_FLAGS, "entry.S");

#define NR_BUCKETS 16384u
#define SMALL_BYTES 1024u /* of the reserve that every stack keeps, stack.c */

#define NO_FRAME (OTRACE_FN_VARARGS | OTRACE_FN_MUSTTAIL)

bool ot_probes_pass;

static struct otrace_probe **buckets;
static struct otrace_probe *probes;

static struct otrace_probe **bucket(uint64_t stub)
{
	return &buckets[((stub * 0x9e3779b97f4a7c15ull) >> 40) % NR_BUCKETS];
}

struct otrace_probe *ot_probe_find(uint64_t stub)
{
	struct otrace_probe *probe;

	if (!buckets)
		return NULL;
	for (probe = *bucket(stub); probe; probe = probe->hash_next)
		if (probe->stub == stub && !probe->unloaded)
			return probe;
	return NULL;
}

struct otrace_probe *ot_probes_first(void)
{
	return probes;
}

static bool in_text(struct ot_module *module, uint64_t address, uint64_t bytes)
{
	return ot_module_segment(module, address, bytes, PF_X) != NULL;
}

static void link_probe(struct otrace_probe *probe)
{
	probe->hash_next = *bucket(probe->stub);
	*bucket(probe->stub) = probe;
	probe->next = probes;
	__atomic_store_n(&probes, probe, __ATOMIC_RELEASE);
}

static int check_fn(struct ot_module *module, const struct ot_fn *fn)
{
	if (!fn->stub)
		return OTRACE_E_NO_STUB;
	if (!ot_arch_stub_aligned(fn->stub) || !in_text(module, fn->stub, OT_STUB_BYTES) ||
	    !in_text(module, fn->body, 1))
		return OTRACE_E_STUB_CHANGED;
	if (!fn->wrapper && !(fn->head.flags & OTRACE_FN_VARARGS))
		return OTRACE_E_NO_STUB;
	if (fn->wrapper && !in_text(module, fn->wrapper, 1))
		return OTRACE_E_STUB_CHANGED;
	return OTRACE_E_OK;
}

/* Of a wrapper: the frame, the arguments again, and another copy of each struct that is passed by value. */
static uint32_t stack_bytes(const struct ot_fn *fn)
{
	uint64_t bytes = 2ull * fn->head.frame_bytes + fn->by_value_bytes;

	if (!fn->wrapper || bytes <= SMALL_BYTES)
		return 0;
	return bytes < INT32_MAX ? (uint32_t)bytes : INT32_MAX;
}

static int create(struct ot_module *module, const struct ot_fn *fn, struct otrace_probe **ret)
{
	struct otrace_probe *probe = ot_arena_alloc(sizeof(*probe));
	int error;

	if (!probe)
		return OTRACE_E_NO_MEMORY;
	probe->stub = fn->stub;
	probe->body = (void *)fn->body;
	probe->target = probe->body;
	probe->name = fn->head.name;
	probe->fn_flags = fn->head.flags;
	probe->assumes = fn->head.assumes;
	probe->wrapper = fn->wrapper;
	probe->frame_bytes = fn->head.frame_bytes;
	probe->stack_bytes = stack_bytes(fn);
	probe->module = module;
	probe->written = ot_stub_nop;
	/* then st0 must be kept across the hook */
	if ((fn->head.flags & OTRACE_FN_VARARGS) && (fn->head.has & OTRACE_FN_HAS_X87_RESULT))
		probe->varargs_flags |= OT_VARARGS_X87;
	error = ot_thunk_create(probe);
	if (error)
		return error;
	link_probe(probe);
	*ret = probe;
	return OTRACE_E_OK;
}

int ot_probe_get(uint64_t fn_address, struct otrace_probe **ret)
{
	struct ot_fn fn;
	struct ot_module *module = ot_module_fn(fn_address, &fn);
	struct otrace_probe *probe;
	int error;

	if (!module)
		return OTRACE_E_NO_FUNCTION;
	error = check_fn(module, &fn);
	if (error)
		return error;
	if (!buckets)
		buckets = ot_arena_alloc(NR_BUCKETS * sizeof(*buckets));
	if (!buckets)
		return OTRACE_E_NO_MEMORY;
	probe = ot_probe_find(fn.stub);
	if (!probe)
		return create(module, &fn, ret);
	*ret = probe;
	return OTRACE_E_OK;
}

enum ot_mode ot_probe_wanted(const struct otrace_probe *probe)
{
	/* one that goes another way passes no hook that could make a call */
	if (probe->arm || (ot_probes_pass && !(probe->fn_flags & NO_FRAME)))
		return OT_MODE_TRACED;
	return probe->target != probe->body ? OT_MODE_REDIRECT : OT_MODE_OFF;
}

void ot_probe_retarget(struct otrace_probe *probe)
{
	void *target = probe->body;

	if (probe->replacement_shell)
		target = probe->replacement_shell;
	else if (probe->replacement_api)
		target = probe->replacement_api;
	__atomic_store_n(&probe->target, target, __ATOMIC_RELEASE);
}

/* A pointer to a function points to its stub, or to the landing pad before it. */
static struct otrace_probe *probe_entered_at(uint64_t address)
{
	struct otrace_probe *probe = ot_probe_find(address);

	return probe ? probe : ot_probe_find(address + OT_LANDING_PAD_BYTES);
}

/* Both owners' replacements count: either may be taken back at any time and bare the other. What is
 * there already has no loop, so the depth is bounded by the number of chained replacements. */
static bool leads_to(uint64_t target, const struct otrace_probe *goal, uint64_t search)
{
	struct otrace_probe *probe;

	for (probe = probe_entered_at(target); probe; probe = probe_entered_at(target)) {
		if (probe == goal)
			return true;
		if (probe->loop_search == search)
			return false;
		probe->loop_search = search;
		if (leads_to((uint64_t)probe->replacement_api, goal, search))
			return true;
		target = (uint64_t)probe->replacement_shell;
	}
	return false;
}

bool ot_probe_would_loop(const struct otrace_probe *probe, uint64_t target)
{
	static uint64_t search;

	return target && leads_to(target, probe, ++search);
}

void ot_probes_unload(struct ot_module *module)
{
	for (struct otrace_probe *probe = probes; probe; probe = probe->next) {
		if (probe->module != module)
			continue;
		probe->unloaded = true;
		probe->mode = OT_MODE_OFF;
		probe->arm = NULL;
		probe->replacement_api = NULL;
		probe->replacement_shell = NULL;
		ot_probe_retarget(probe);
	}
}
