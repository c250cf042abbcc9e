/* SPDX-License-Identifier: BSD-2-Clause */
/* Capture programs, from the shell's wish to what the hook runs. */
#include "base/arena.h"
#include "base/mem.h"
#include "core/probe.h"
#include "core/rules.h"

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

static uint32_t session;

void ot_arms_next_session(void)
{
	session++;
}

static bool counts_there(const struct ot_rules *rules, uint32_t counter)
{
	for (uint32_t i = 0; rules && i < rules->nr; i++)
		if (rules->items[i].counter == counter)
			return true;
	return false;
}

bool ot_arms_keep_counter(uint32_t counter)
{
	for (const struct otrace_probe *probe = ot_probes_first(); probe; probe = probe->next) {
		const struct ot_arm *arm = __atomic_load_n(&probe->arm, __ATOMIC_ACQUIRE);

		if (arm && arm->session != session && counts_there(arm->rules, counter))
			return true;
	}
	return false;
}

void ot_arms_each_left(void (*tell)(void *context, const struct otrace_left_trace *left),
		       void *context)
{
	for (const struct otrace_probe *probe = ot_probes_first(); probe; probe = probe->next) {
		const struct ot_arm *arm = probe->arm;

		if (!arm || !arm->rules || arm->session == session)
			continue;
		for (uint32_t i = 0; i < arm->rules->nr; i++)
			tell(context,
			     &(struct otrace_left_trace){.stub = probe->stub,
							 .counter = arm->rules->items[i].counter,
							 .action = arm->rules->items[i].action});
	}
}

/* All but the trace. */
static bool same_wish(const struct ot_arm *a, const struct ot_arm *b)
{
	uint64_t trace = OT_REC_HEAD(0xffffffffu, 0, 0, 0);

	return a->flags == b->flags && a->nr_enter == b->nr_enter && a->nr_leave == b->nr_leave &&
	       (a->enter_head | trace) == (b->enter_head | trace) &&
	       (a->leave_head | trace) == (b->leave_head | trace) && same_steps(a, b);
}

static struct ot_arm *find_same(struct otrace_probe *probe, const struct ot_arm *wanted,
				const void *rules, uint32_t rules_bytes)
{
	for (struct ot_arm *arm = probe->arms; arm; arm = arm->next)
		if (!arm->is_free && same_wish(arm, wanted) &&
		    ot_rules_are(arm->rules, rules, rules_bytes) &&
		    (arm->trace_id == wanted->trace_id || arm->session != session))
			return arm;
	return NULL;
}

/* A hook may be reading: each word is right by itself. */
static void take_over(struct ot_arm *arm, const struct ot_arm *wanted)
{
	arm->session = wanted->session;
	__atomic_store_n(&arm->trace_id, wanted->trace_id, __ATOMIC_RELAXED);
	__atomic_store_n(&arm->enter_head, wanted->enter_head, __ATOMIC_RELAXED);
	__atomic_store_n(&arm->leave_head, wanted->leave_head, __ATOMIC_RELAXED);
}

static void fill(struct ot_arm *arm, const struct otrace_probe_set *set,
		 const struct otrace_capture *captures)
{
	struct plan enter = {.steps = arm->steps, .max_bytes = sizeof(struct otrace_rec_enter)};
	struct plan leave = {.max_bytes = sizeof(struct otrace_rec)};

	arm->trace_id = set->trace_id;
	arm->session = session;
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

/* One that was used up, with room for the steps. Plain arms are never free: theirs have no turns. */
static struct ot_arm *find_free(const struct otrace_probe *probe, uint32_t nr_steps)
{
	for (struct ot_arm *arm = probe->arms; arm; arm = arm->next)
		if (arm->is_free && arm->room_steps >= nr_steps)
			return arm;
	return NULL;
}

/* No hook looks at it. What of it may still be read by one that comes too late does not change. */
static void become(struct ot_arm *arm, const struct ot_arm *wanted)
{
	struct ot_arm *next = arm->next;
	uint32_t room_steps = arm->room_steps;
	uint64_t turn = arm->turn;

	ot_memcpy(arm, wanted,
		  sizeof(*arm) + (wanted->nr_enter + wanted->nr_leave) * sizeof(arm->steps[0]));
	arm->next = next;
	arm->room_steps = room_steps;
	arm->turn = turn;
	arm->is_free = false;
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
		 const struct otrace_capture *captures, const void *rules,
		 const struct ot_arm **ret)
{
	static struct ot_arm *scratch; /* kept when the wish turns out to be an old one */
	static uint32_t scratch_steps;
	uint32_t nr = set->nr_enter + set->nr_leave;
	struct ot_arm *same, *again;
	int error;

	if (!set->trace_id || !captures_fit(probe, set, captures))
		return OTRACE_E_INVALID;
	if (!scratch || scratch_steps < nr) {
		scratch = ot_arena_alloc(sizeof(*scratch) + nr * sizeof(scratch->steps[0]));
		scratch_steps = nr;
	}
	if (!scratch)
		return OTRACE_E_NO_MEMORY;
	ot_memset(scratch, 0, sizeof(*scratch));
	scratch->room_steps = scratch_steps;
	fill(scratch, set, captures);
	scratch->frame_bytes = probe->frame_bytes;
	scratch->probe = probe;
	same = find_same(probe, scratch, rules, set->rules_bytes);
	if (same) {
		take_over(same, scratch);
	} else {
		error = ot_rules_load(rules, set->rules_bytes, set->nr_rules, probe->frame_bytes,
				      &scratch->rules);
		if (error)
			return error;
		again = scratch->rules ? find_free(probe, scratch->nr_enter + scratch->nr_leave)
				       : NULL;
		same = again ? again : scratch;
		if (again) {
			become(again, scratch);
		} else {
			scratch = NULL;
			same->next = probe->arms;
			probe->arms = same;
		}
		if (same->rules)
			ot_arms_note_made();
	}
	*ret = same;
	return OTRACE_E_OK;
}

const struct ot_arm *ot_probe_kept(struct otrace_probe *probe)
{
	const struct ot_arm *arm = probe->arm;
	const struct ot_rules *rules = arm ? ot_rules_kept(arm->rules, arm->frame_bytes) : NULL;
	uint64_t bytes;
	struct ot_arm *ret;

	if (!rules || rules == arm->rules)
		return rules ? arm : NULL;
	bytes = sizeof(*arm) + (arm->nr_enter + arm->nr_leave) * sizeof(arm->steps[0]);
	ret = ot_arena_alloc(bytes);
	if (!ret)
		return NULL;
	ot_memcpy(ret, arm, bytes);
	ret->rules = rules;
	ret->turn = 0;
	ret->room_steps = ret->nr_enter + ret->nr_leave;
	ot_arms_note_made();
	ret->next = probe->arms;
	probe->arms = ret;
	return ret;
}
