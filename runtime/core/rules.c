/* SPDX-License-Identifier: BSD-2-Clause */
/* The hooks' way for arms with rules: which call matches, and what is written of it. */
#include <errno.h>

#include "core/bytecode.h"
#include "core/clock.h"
#include "core/park.h"
#include "core/record.h"
#include "core/rules.h"
#include "core/tags.h"

#define TIMED_EVERY \
	64u /* conditions are timed now and then: a time stamp costs more than most of them */

static struct ot_code_env env_of(const struct ot_thread *thread, const struct otrace_frame *frame)
{
	return (struct ot_code_env){
		.frame = frame,
		.thread_name = thread->ring->thread_name,
		.tid = thread->ring->owner_tid,
		.depth = thread->depth + 1,
		.error = errno,
	};
}

static enum ot_verdict run(const struct otrace_code *code, uint32_t nr,
			   const struct ot_code_env *env, struct ot_rule_count *count, bool timed)
{
	uint64_t begin = timed ? ot_clock_now() : 0;
	enum ot_verdict verdict = ot_bytecode_run(code, nr, env);

	if (timed) {
		count->cost_tsc += ot_clock_now() - begin;
		count->nr_timed++;
	}
	count->faults += verdict == OT_VERDICT_FAULT;
	return verdict;
}

/* Within the limits of its trace? */
static bool take(const struct ot_rule *rule, struct ot_rule_count *count, uint32_t bit,
		 uint32_t *over)
{
	enum ot_taken taken;

	count->matched++;
	if (ot_likely(!rule->limit->has_limits))
		return true;
	taken = ot_limit_take(rule->limit);
	if (taken == OT_TAKEN_LAST || taken == OT_TAKEN_OVER)
		*over |= bit;
	return taken == OT_TAKEN_YES || taken == OT_TAKEN_LAST;
}

static bool is_over(const struct ot_rule *rule)
{
	return __atomic_load_n(&rule->limit->over, __ATOMIC_RELAXED);
}

static bool may_match(const struct ot_rule *rule, struct ot_rule_count *count,
		      const struct ot_code_env *env)
{
	count->evaluated++;
	return !rule->nr_enter || run(rule->enter, rule->nr_enter, env, count,
				      count->evaluated % TIMED_EVERY == 0) == OT_VERDICT_YES;
}

void ot_rules_decide_enter(struct ot_thread *thread, const struct ot_arm *arm,
			   const struct otrace_frame *frame, uint64_t *slots,
			   struct ot_rules_entry *ret)
{
	const struct ot_rules *rules = arm->rules;
	struct ot_code_env env = env_of(thread, frame);

	for (uint32_t i = 0; i < rules->nr; i++) {
		const struct ot_rule *rule = &rules->items[i];
		struct ot_rule_count *count = &thread->counts[rule->counter];
		uint32_t bit = 1u << i;
		bool is_late = rule->flags & OTRACE_RULE_LATE;

		/* of the others nothing is kept, and behind the last late one there is no room */
		env.slots = is_late ? slots : NULL;
		if (is_over(rule))
			continue;
		ret->live |= bit;
		if ((is_late && !slots) || !may_match(rule, count, &env))
			continue;
		if (is_late) {
			ret->late |= bit;
			ret->nr_late++;
			slots += OTRACE_CODE_SLOTS;
		} else if (take(rule, count, bit, &ret->over)) {
			ret->matched |= bit;
		}
	}
}

bool ot_rules_decide_blind(struct ot_thread *thread, const struct ot_arm *arm,
			   struct ot_rules_entry *ret)
{
	const struct ot_rules *rules = arm->rules;
	bool all = true;

	for (uint32_t i = 0; i < rules->nr; i++) {
		const struct ot_rule *rule = &rules->items[i];
		struct ot_rule_count *count = &thread->counts[rule->counter];

		if (is_over(rule))
			continue;
		if (rule->nr_enter || rule->action || rule->flags & OTRACE_RULE_LATE) {
			all = false;
			continue;
		}
		count->evaluated++;
		if (take(rule, count, 1u << i, &ret->over))
			ret->matched |= 1u << i;
	}
	return all;
}

/* Without a result it has ended badly, which is shown whatever the condition. */
static bool is_match(const struct ot_rule *rule, struct ot_rule_count *count,
		     const struct ot_code_env *env)
{
	if (env->abnormal)
		return true;
	return !rule->nr_leave || run(rule->leave, rule->nr_leave, env, count,
				      count->evaluated % TIMED_EVERY == 0) == OT_VERDICT_YES;
}

uint32_t ot_rules_decide_leave(struct ot_thread *thread, const struct ot_arm *arm,
			       const struct otrace_frame *frame, struct ot_late *late,
			       uint64_t now_tsc, uint32_t *over_ret)
{
	struct ot_code_env env = env_of(thread, frame);
	uint32_t matched = 0;

	env.slots = late->slots;
	/* the time stamp counters of two CPUs may differ a little */
	env.duration_ns =
		now_tsc > late->kept.begin_tsc ? ot_clock_to_ns(now_tsc - late->kept.begin_tsc) : 0;
	env.depth = late->kept.nesting;
	env.at_end = true;
	env.abnormal = !frame;
	for (uint32_t i = 0; i < arm->rules->nr; i++) {
		const struct ot_rule *rule = &arm->rules->items[i];
		struct ot_rule_count *count = &thread->counts[rule->counter];
		uint32_t bit = 1u << i;

		if (!(late->kept.mask & bit))
			continue;
		if (!is_over(rule) && is_match(rule, count, &env) &&
		    take(rule, count, bit, over_ret))
			matched |= bit;
		env.slots += OTRACE_CODE_SLOTS;
	}
	/* once: a hook may be left behind this, and then the call is looked at again */
	late->kept.mask = 0;
	late->kept.has_enter |= matched != 0;
	return matched;
}

void ot_rules_write_late(struct ot_thread *thread, const struct ot_arm *arm, uint32_t arm_flags,
			 const struct ot_late *late, uint32_t matched, uint64_t now_tsc)
{
	uint64_t bytes = late->kept.capture_bytes, head;
	struct otrace_rec_late *rec;

	if (!ot_record_room(thread, sizeof(*rec) + bytes, arm_flags))
		return;
	rec = ot_record_at(thread);
	rec->enter.rec.tsc = now_tsc;
	rec->enter.rec.call_seq = late->kept.seq;
	rec->enter.parent_seq = late->kept.parent_seq;
	rec->enter.depth = late->kept.depth;
	rec->enter.matched = matched;
	rec->begin_tsc = late->kept.begin_tsc;
	ot_memcpy(rec + 1, &late->slots[late->kept.nr_slots], bytes);
	head = OT_REC_HEAD(arm->trace_id, (sizeof(*rec) + bytes) / 8, OTRACE_REC_LATE,
			   late->kept.flags);
	ot_record_head(rec, head);
	ot_record_commit(thread, sizeof(*rec) + bytes);
}

/* The one that copies most comes last. */
static const struct ot_rule *copying_rule(const struct ot_rules *rules, uint32_t matched)
{
	matched &= rules->context_mask;
	return matched ? &rules->items[31 - __builtin_clz(matched)] : NULL;
}

void ot_rules_write_copies(struct ot_thread *thread, const struct ot_arm *arm,
			   const struct ot_copies *what)
{
	const struct ot_rule *rule = copying_rule(arm->rules, what->matched);
	struct ot_copies full = *what;

	if (!rule)
		return;
	full.trace_id = arm->trace_id;
	full.arm_flags = arm->flags;
	full.counter = rule->counter;
	full.error = errno;
	full.sparing = rule->flags & OTRACE_RULE_SPARING;
	ot_copies_write(thread, &rule->copies, &full);
}

void ot_rules_write_over(struct ot_thread *thread, const struct ot_arm *arm, uint32_t arm_flags,
			 uint64_t seq, uint32_t over)
{
	for (uint32_t i = 0; i < arm->rules->nr; i++) {
		const struct ot_rule *rule = &arm->rules->items[i];
		struct otrace_rec_trace_over *rec;

		if (!(over & 1u << i) || !ot_record_room(thread, sizeof(*rec), arm_flags))
			continue;
		rec = ot_record_at(thread);
		rec->rec.tsc = ot_clock_now();
		rec->rec.call_seq = seq;
		rec->counter = rule->counter;
		rec->over = rule->limit->over;
		ot_record_head(rec, OT_REC_HEAD(arm->trace_id, sizeof(*rec) / 8,
						OTRACE_REC_TRACE_OVER, 0));
		ot_record_commit(thread, sizeof(*rec));
	}
}

void ot_rules_tag(const struct ot_arm *arm, const struct otrace_frame *frame, uint64_t seq,
		  uint32_t matched)
{
	for (uint32_t i = 0; i < arm->rules->nr; i++) {
		const struct ot_rule *rule = &arm->rules->items[i];
		uint64_t object;

		if (!(matched & arm->rules->tag_mask & 1u << i))
			continue;
		ot_memcpy(&object, (const char *)frame + rule->tag_offset, sizeof(object));
		if (object)
			ot_tag_from_hook(object, rule->tag_bytes, seq, rule->counter,
					 rule->tag_session);
	}
}

void ot_rules_park(const struct ot_arm *arm, const struct otrace_frame *frame, uint64_t seq,
		   uint32_t matched, bool at_end)
{
	const struct ot_rules *rules = arm->rules;
	uint32_t parking = matched & (at_end ? rules->park_leave_mask : rules->park_enter_mask);
	struct ot_park_wish wish = {
		.frame = frame, .arm = arm, .call_seq = seq, .matched = matched, .at_end = at_end};
	const struct ot_rule *rule;

	if (ot_likely(!parking))
		return;
	rule = &rules->items[__builtin_ctz(parking)];
	wish.counter = rule->counter;
	wish.action = rule->action;
	wish.deadline_ns = rule->limit->deadline_ns;
	ot_park(&wish);
}

bool ot_rules_abandon(struct ot_thread *thread, const struct ot_open_call *call)
{
	struct ot_late *late = ot_late_find(thread, call->seq);
	uint64_t now = ot_clock_now();
	uint32_t matched, over = 0;
	bool told;

	if (!late)
		return true;
	matched = ot_rules_decide_leave(thread, call->arm, NULL, late, now, &over);
	if (matched)
		ot_rules_write_late(thread, call->arm, 0, late, matched, now);
	ot_rules_write_over(thread, call->arm, 0, call->seq, over);
	told = matched || late->kept.has_enter;
	ot_late_drop(thread, late);
	return told;
}
