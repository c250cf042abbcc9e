/* SPDX-License-Identifier: BSD-2-Clause */
/* Capture programs, from the shell's wish to what the hook runs. */
#include "base/arena.h"
#include "base/mem.h"
#include "core/probe.h"

static bool is_counted(uint32_t kind)
{
	return kind == OTRACE_CAPTURE_MEMORY || kind == OTRACE_CAPTURE_STRING;
}

static uint64_t result_bytes(uint32_t kind, uint32_t bytes)
{
	return OT_ROUND_UP((uint64_t)bytes, 8) + (is_counted(kind) ? 8 : 0);
}

static bool source_fits(const struct otrace_capture *capture, uint32_t frame_bytes)
{
	uint64_t bytes = capture->kind == OTRACE_CAPTURE_FRAME ? capture->bytes : 8;

	if (capture->kind > OTRACE_CAPTURE_STACK_ARGS || !capture->bytes)
		return false;
	if (capture->kind == OTRACE_CAPTURE_STACK_ARGS)
		return capture->frame_offset < (1u << 20);
	return capture->frame_offset + bytes <= frame_bytes;
}

static void set_step(struct ot_step *step, const struct otrace_capture *capture, uint32_t bytes)
{
	step->offset = capture->frame_offset;
	step->bytes = bytes;
	step->kind = capture->kind;
	step->words = (uint32_t)(OT_ROUND_UP((uint64_t)bytes, 8) / 8);
	step->mask = bytes % 8 ? (1ull << (bytes % 8 * 8)) - 1 : ~0ull;
}

/* What one end of the call captures. */
struct plan {
	struct ot_step *steps;
	uint32_t nr_steps;
	uint32_t max_bytes;
	bool words;
	bool truncated;
};

/* Steps that do not fit into a record are cut or left out, and the record says so. */
static void make_plan(struct plan *plan, const struct otrace_capture *captures, uint32_t nr)
{
	plan->words = true;
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t bytes = captures[i].bytes;
		uint32_t room = OTRACE_RECORD_MAX_BYTES - plan->max_bytes;

		if (result_bytes(captures[i].kind, bytes) > room) {
			uint32_t head = is_counted(captures[i].kind) ? 8 : 0;

			plan->truncated = true;
			if (room < head + 8)
				return;
			bytes = (room - head) & ~7u;
		}
		set_step(&plan->steps[plan->nr_steps++], &captures[i], bytes);
		plan->max_bytes += (uint32_t)result_bytes(captures[i].kind, bytes);
		plan->words &= captures[i].kind == OTRACE_CAPTURE_FRAME && bytes <= 8;
		if (plan->truncated)
			return;
	}
}

static uint64_t head_of(const struct plan *plan, uint32_t trace_id, unsigned type)
{
	return OT_REC_HEAD(trace_id, plan->words ? plan->max_bytes / 8 : 0, type,
			   plan->truncated ? OTRACE_REC_FLAG_TRUNCATED : 0);
}

static bool same_steps(const struct ot_arm *a, const struct ot_arm *b)
{
	return !ot_memcmp(a->steps, b->steps, (a->nr_enter + a->nr_leave) * sizeof(a->steps[0]));
}

static struct ot_arm *find_same(struct otrace_probe *probe, const struct ot_arm *wanted)
{
	for (struct ot_arm *arm = probe->arms; arm; arm = arm->next)
		if (arm->trace_id == wanted->trace_id && arm->flags == wanted->flags &&
		    arm->nr_enter == wanted->nr_enter && arm->nr_leave == wanted->nr_leave &&
		    arm->enter_head == wanted->enter_head &&
		    arm->leave_head == wanted->leave_head && same_steps(arm, wanted))
			return arm;
	return NULL;
}

static void fill(struct ot_arm *arm, const struct otrace_probe_set *set,
		 const struct otrace_capture *captures)
{
	struct plan enter = {.steps = arm->steps, .max_bytes = sizeof(struct otrace_rec_enter)};
	struct plan leave = {.max_bytes = sizeof(struct otrace_rec)};

	arm->trace_id = set->trace_id;
	arm->flags = set->flags;
	make_plan(&enter, captures, set->nr_enter);
	leave.steps = arm->steps + enter.nr_steps;
	make_plan(&leave, captures + set->nr_enter, set->nr_leave);
	arm->nr_enter = enter.nr_steps;
	arm->nr_leave = leave.nr_steps;
	arm->enter_max_bytes = enter.max_bytes;
	arm->leave_max_bytes = leave.max_bytes;
	arm->enter_head = head_of(&enter, set->trace_id,
				  set->flags & OTRACE_PROBE_ENTER_ONLY ? OTRACE_REC_ENTER_ONLY
								       : OTRACE_REC_ENTER);
	arm->leave_head = head_of(&leave, set->trace_id, OTRACE_REC_LEAVE);
}

static bool captures_fit(const struct otrace_probe *probe, const struct otrace_probe_set *set,
			 const struct otrace_capture *captures)
{
	for (uint32_t i = 0; i < set->nr_enter + set->nr_leave; i++)
		if (!source_fits(&captures[i], probe->frame_bytes))
			return false;
	return true;
}

int ot_probe_arm(struct otrace_probe *probe, const struct otrace_probe_set *set,
		 const struct otrace_capture *captures, const struct ot_arm **ret)
{
	static struct ot_arm *scratch; /* kept when the wish turns out to be an old one */
	static uint32_t scratch_steps;
	uint32_t nr = set->nr_enter + set->nr_leave;
	struct ot_arm *same;

	if (!set->trace_id || !captures_fit(probe, set, captures))
		return OTRACE_E_INVALID;
	if (!scratch || scratch_steps < nr) {
		scratch = ot_arena_alloc(sizeof(*scratch) + nr * sizeof(scratch->steps[0]));
		scratch_steps = nr;
	}
	if (!scratch)
		return OTRACE_E_NO_MEMORY;
	ot_memset(scratch, 0, sizeof(*scratch));
	fill(scratch, set, captures);
	scratch->frame_bytes = probe->frame_bytes;
	same = find_same(probe, scratch);
	if (!same) {
		same = scratch;
		scratch = NULL;
		same->next = probe->arms;
		probe->arms = same;
	}
	*ret = same;
	return OTRACE_E_OK;
}
