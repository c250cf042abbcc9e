/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of struct otrace_frame: [0] the call's number, 0 = its entry was not recorded, OT_SEQ_QUIET = nor will be its end,
 * unless it is a bad one;
 * [1] the arm that recorded it; [2] OTRACE_REC_FLAG_*; [3] where the frame lies, as long as it is there.
 */
#include "core/area.h"
#include "core/callbacks.h"
#include "core/callhere.h"
#include "core/capture.h"
#include "core/clock.h"
#include "core/hooks.h"
#include "core/record.h"
#include "core/rules.h"
#include "core/thread.h"

/* Call numbers that a thread takes at once: no shared cache line per call. The first blocks are small, 1, 2, 4 and
 * so on, so that the numbers of a program with few calls have no gaps that people wonder about. */
#define SEQ_BLOCK_MOST 64u

static inline void *probe_target(const struct otrace_probe *probe)
{
	return __atomic_load_n(&probe->target, __ATOMIC_RELAXED);
}

/* From here to release() a signal handler's calls are only counted. In a wrapper's own hook a call may be made. */
static inline struct ot_thread *acquire(uint64_t hook, const struct ot_arm *arm, bool in_wrapper)
{
	struct ot_thread *thread = ot_tls.thread;

	ot_barrier(); /* words[3] of the frame comes before armed */
	if (ot_unlikely(!thread || thread->armed != OT_ARMED)) {
		if (in_wrapper)
			ot_call_here(hook, arm->frame_bytes);
		thread = ot_thread_slow(hook, arm);
		if (!thread)
			return NULL;
	}
	return ot_thread_take(thread, hook) ? thread : NULL;
}

static inline void release(struct ot_thread *thread)
{
	ot_barrier();
	ot_thread_give_back(thread, OT_ARMED);
}

/*
 * An arm with rules may become another. Not while a thread is in a hook, where it asks for the arm again once that can
 * be seen; nor while a call is open that began with it, or waits or calls back behind its hook.
 */
static inline const struct ot_arm *arm_now(const struct otrace_probe *probe)
{
	return __atomic_load_n(&probe->arm, __ATOMIC_ACQUIRE);
}

static inline void release_in_use(struct ot_thread *thread)
{
	thread->nr_using++;
	release(thread);
}

/* In the child of a fork it may be another's by now. */
static inline void use_over(struct ot_thread *thread)
{
	ot_barrier();
	if (thread->nr_using)
		thread->nr_using--;
}

/* A call that was taken for over is not counted as open: its arm may have become another. */
static inline bool is_of_turn(const struct otrace_frame *frame, const struct ot_arm *arm)
{
	return (frame->words[2] & OT_FRAME_TURN) == arm->turn;
}

static inline bool on_stack(uint64_t where)
{
	return where - ot_tls.stack.low < ot_tls.stack.bytes;
}

static OT_SLOW uint64_t next_seq_block(struct ot_thread *thread)
{
	uint64_t block = thread->seq_block;
	uint64_t first = __atomic_fetch_add(&ot_area->next_call_seq, block, __ATOMIC_RELAXED);

	thread->next_seq = first + 1;
	thread->end_seq = first + block;
	if (block < SEQ_BLOCK_MOST)
		thread->seq_block = block * 2;
	return first;
}

static inline uint64_t take_seq(struct ot_thread *thread)
{
	if (ot_unlikely(thread->next_seq == thread->end_seq))
		return next_seq_block(thread);
	return thread->next_seq++;
}

/* ------------------------------------------------------------------ open calls */

static bool is_over(const struct ot_open_call *call, uint64_t end)
{
	return call->frame < end && on_stack(call->frame);
}

/* Calls below them were taken out. */
static OT_SLOW void relink(struct ot_thread *thread, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i <= to; i++) {
		struct ot_open_call *call = &thread->open[i];

		call->depth = call[-1].depth + !call->is_quiet;
		if (call->is_quiet)
			call->seq = call[-1].seq;
	}
}

/*
 * The newest open call's frame begins below the end of this one: frames that live do not overlap, so
 * a longjmp went past it, or this is another stack. Close what lies below on this stack; what is open
 * on other stacks stays.
 */
OT_SLOW void ot_calls_close_below(struct ot_thread *thread, uint64_t end)
{
	uint32_t kept = 0, nr = thread->depth;
	bool together = false;

	ot_stack_be_exact(end - 1);
	if (!(ot_tls.stack.flags & OT_STACK_CLOSABLE))
		return;
	if (nr > OT_OPEN_MAX)
		nr = OT_OPEN_MAX;
	/* the innermost first, as they would have ended */
	for (uint32_t i = nr; i; i--)
		if (is_over(&thread->open[i], end))
			together |= ot_ring_abandon_with(thread, &thread->open[i], together);
	for (uint32_t i = 1; i <= nr; i++)
		if (!is_over(&thread->open[i], end))
			thread->open[++kept] = thread->open[i];
	relink(thread, 1, kept);
	ot_thread_set_depth(thread, kept);
}

static inline void check_stack(struct ot_thread *thread, uint64_t where, uint64_t end)
{
	if (ot_unlikely(!on_stack(where)))
		ot_stack_find(where);
	if (ot_unlikely(thread->top->frame < end))
		ot_calls_close_below(thread, end);
}

static inline void push(struct ot_thread *thread, uint64_t where, uint64_t seq,
			const struct ot_arm *arm)
{
	struct ot_open_call *top = thread->top + 1;

	if (ot_unlikely(++thread->depth > OT_OPEN_MAX))
		return;
	top->frame = where;
	top->seq = seq;
	top->arm = arm;
	top->depth = top[-1].depth + 1;
	top->is_quiet = false;
	ot_barrier(); /* a hook may be left anywhere: up to top, all is whole */
	thread->top = top;
}

/* Of a call that no rule matches: nothing of it is kept but that it runs. */
static inline void push_quiet(struct ot_thread *thread, struct otrace_frame *frame,
			      const struct ot_arm *arm)
{
	struct ot_open_call *top = thread->top + 1;

	if (ot_likely(++thread->depth <= OT_OPEN_MAX)) {
		top->frame = (uint64_t)frame;
		top->seq = top[-1].seq;
		top->arm = arm;
		top->depth = top[-1].depth;
		top->is_quiet = true;
		ot_barrier();
		thread->top = top;
	}
	frame->words[0] = OT_SEQ_QUIET;
	frame->words[1] = (uint64_t)arm;
	frame->words[2] = arm->turn;
}

/* Not the newest one: calls above it on this stack have no end any more, or it was closed already. */
static OT_SLOW void pop_slow(struct ot_thread *thread, uint64_t where, uint64_t seq)
{
	uint32_t i;

	if (thread->depth > OT_OPEN_MAX) {
		ot_thread_set_depth(thread, thread->depth - 1);
		return;
	}
	for (i = thread->depth; i; i--)
		if (ot_open_is(&thread->open[i], where, seq))
			break;
	if (!i)
		return;
	ot_calls_close_below(thread, where);
	for (i = thread->depth; i && !ot_open_is(&thread->open[i], where, seq); i--)
		;
	if (!i)
		return;
	for (uint32_t at = i; at < thread->depth; at++)
		thread->open[at] = thread->open[at + 1];
	relink(thread, i, thread->depth - 1);
	ot_thread_set_depth(thread, thread->depth - 1);
}

static inline void pop(struct ot_thread *thread, uint64_t where, uint64_t seq)
{
	const struct ot_open_call *last = thread->top;

	if (ot_likely(ot_open_is(last, where, seq) && thread->depth <= OT_OPEN_MAX)) {
		thread->depth--;
		thread->top--;
	} else {
		pop_slow(thread, where, seq);
	}
}

/* ------------------------------------------------------------------ records */

static inline void copy_words(uint64_t *out, const struct otrace_frame *frame,
			      const struct ot_step *steps, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++)
		out[i] = *(const uint64_t *)((const char *)frame + steps[i].offset) & steps[i].mask;
}

/* Runs the steps behind the record; returns the record's size in bytes. */
static inline uint64_t capture(void *rec, uint64_t *out, uint64_t head,
			       const struct otrace_frame *frame, const struct ot_step *steps,
			       uint32_t nr)
{
	uint64_t words = (head & OT_REC_HEAD_WORDS_MASK) >> 32;

	if (ot_likely(words)) {
		copy_words(out, frame, steps, nr);
	} else {
		words = (uint64_t)(ot_capture(out, frame, steps, nr) - (uint64_t *)rec);
		head |= words << 32;
	}
	ot_record_head(rec, head);
	return words * 8;
}

/* All but the head and the time. */
static inline struct otrace_rec_enter *begin_enter(struct ot_thread *thread, uint64_t seq,
						   uint32_t matched)
{
	struct otrace_rec_enter *rec = ot_record_at(thread);

	rec->rec.call_seq = seq;
	rec->parent_seq = thread->top->seq;
	rec->depth = ot_thread_next_depth(thread);
	rec->matched = matched;
	return rec;
}

static inline void write_enter(struct ot_thread *thread, const struct otrace_frame *frame,
			       const struct ot_arm *arm, uint64_t seq, uint64_t head,
			       uint32_t matched)
{
	struct otrace_rec_enter *rec = begin_enter(thread, seq, matched);
	uint64_t bytes =
		capture(rec, (uint64_t *)(rec + 1), head, frame, arm->steps, arm->nr_enter);

	/* last: what the hook itself costs is not the function's time */
	rec->rec.tsc = ot_clock_now();
	ot_record_commit(thread, bytes);
}

static inline void write_leave(struct ot_thread *thread, const struct otrace_frame *frame,
			       const struct ot_arm *arm, uint64_t now)
{
	struct otrace_rec *rec = ot_record_at(thread);

	rec->tsc = now;
	rec->call_seq = frame->words[0];
	ot_record_commit(thread, capture(rec, (uint64_t *)(rec + 1),
					 arm->leave_head | frame->words[2] << 56, frame,
					 arm->steps + arm->nr_enter, arm->nr_leave));
}

/* struct _Unwind_Exception. */
struct exception {
	uint64_t class, cleanup, words[2];
};

/*
 * An end without a value. The exception is the program's, which may have broken it; wrappers of an older pass
 * say nothing of it, and have what the unwinder left in its register: 0.
 */
static void write_unwound(struct ot_thread *thread, const struct otrace_frame *frame,
			  const struct ot_arm *arm, uint64_t now, uint64_t address)
{
	struct otrace_rec_unwound *rec = ot_record_at(thread);
	struct exception exception = {0};

	if (address && ot_safe_read(&exception, address, sizeof(exception)) != sizeof(exception))
		address = 0;
	rec->rec.tsc = now;
	rec->rec.call_seq = frame->words[0];
	rec->exception = address;
	rec->words[0] = exception.words[0];
	rec->words[1] = exception.words[1];
	ot_record_head(&rec->rec, OT_REC_HEAD(arm->trace_id, sizeof(*rec) / 8, OTRACE_REC_UNWOUND,
					      frame->words[2]));
	ot_record_commit(thread, sizeof(*rec));
}

#define HEAD_TYPE_MASK (0xffull << 48)

/* ------------------------------------------------------------------ with rules */

/* Of a call: which rules matched, for what is done with its thread once the hook is over. */
struct matched {
	uint32_t rules;
	uint64_t seq;
};

/* The call is open before its copies are written, which may fill the sub-buffer: a hook that is left in them is known. */
static void write_matched(struct ot_thread *thread, const struct otrace_frame *frame,
			  const struct ot_arm *arm, uint64_t head, const struct matched *matched,
			  bool has_end)
{
	struct otrace_rec_enter *rec = ot_record_at(thread);
	struct ot_copies copies = {
		.frame = frame, .call_seq = matched->seq, .matched = matched->rules};

	write_enter(thread, frame, arm, matched->seq, head, matched->rules);
	copies.begin_tsc = rec->rec.tsc;
	if (has_end)
		push(thread, (uint64_t)frame, matched->seq, arm);
	ot_rules_write_copies(thread, arm, &copies);
}

static void describe_late(const struct ot_thread *thread, const struct ot_rules_entry *entry,
			  const struct ot_arm *arm, uint64_t seq, uint64_t flags,
			  struct ot_late *late)
{
	late->kept.seq = seq;
	late->kept.mask = entry->late;
	late->kept.nr_slots = entry->nr_late * OTRACE_CODE_SLOTS;
	late->kept.has_enter = entry->matched != 0;
	late->kept.parent_seq = thread->top->seq;
	late->kept.depth = ot_thread_next_depth(thread);
	late->kept.nesting = thread->depth + 1;
	late->kept.flags = flags;
	late->kept.trace_id = arm->trace_id;
}

/* @param has_end false: variable arguments that cannot be passed on a second time */
static __attribute__((noinline)) struct matched enter_with_rules(struct ot_thread *thread,
								 struct otrace_frame *frame,
								 const struct ot_arm *arm,
								 uint64_t flags, bool has_end)
{
	uint64_t where = (uint64_t)frame, head = arm->enter_head | flags << 56;
	struct ot_rules_entry entry = {0};
	struct matched ret = {0};
	struct ot_late *late;

	check_stack(thread, where, where + arm->frame_bytes);
	has_end = has_end && !(arm->flags & OTRACE_PROBE_ENTER_ONLY);
	late = has_end ? ot_late_begin(thread, arm) : NULL;
	if (!has_end && arm->rules->nr_late)
		thread->ring->lost_fault++;
	ot_rules_decide_enter(thread, arm, frame, late ? late->slots : NULL, &entry);
	if (ot_likely(!(entry.matched | entry.late | entry.over))) {
		/* variable arguments would have to be copied for it */
		if (has_end && entry.live && arm->probe->wrapper)
			push_quiet(thread, frame, arm);
		return ret;
	}
	if (!ot_record_room(thread, arm->enter_max_bytes, arm->flags))
		return ret;
	ret.seq = take_seq(thread);
	ret.rules = entry.matched;
	if (!has_end)
		head = (head & ~HEAD_TYPE_MASK) | (uint64_t)OTRACE_REC_ENTER_ONLY << 48;
	if (late && entry.late)
		describe_late(thread, &entry, arm, ret.seq, flags, late);
	if (entry.matched)
		write_matched(thread, frame, arm, head, &ret, has_end);
	if (late && entry.late)
		ot_late_keep(thread, arm, frame, late);
	if (entry.over)
		ot_rules_write_over(thread, arm, arm->flags, ret.seq, entry.over);
	if (!has_end || !(entry.matched | entry.late))
		return ret;
	if (!entry.matched)
		push(thread, where, ret.seq, arm);
	frame->words[0] = ret.seq;
	frame->words[1] = (uint64_t)arm;
	frame->words[2] = flags | arm->turn | (uint64_t)entry.matched << OT_FRAME_MATCHED_SHIFT;
	if (entry.late)
		frame->words[2] |= OT_FRAME_LATE;
	return ret;
}

/* A coroutine that has gone on in another thread finds nothing: what was kept is the other's. */
static uint32_t decide_late(struct ot_thread *thread, const struct otrace_frame *frame,
			    const struct ot_arm *arm, uint64_t now, bool unwound, uint32_t *over)
{
	struct ot_late *late;
	uint32_t matched;

	if (!(frame->words[2] & OT_FRAME_LATE))
		return 0;
	late = ot_late_find(thread, frame->words[0]);
	if (!late) {
		thread->ring->lost_fault++;
		return 0;
	}
	matched = ot_rules_decide_leave(thread, arm, unwound ? NULL : frame, late, now, over);
	if (matched)
		ot_rules_write_late(thread, arm, arm->flags, late, matched, now);
	ot_late_drop(thread, late);
	return matched;
}

/* Its end is written: copies follow, which may fill the sub-buffer, and a hook that is left in them writes no other. */
static void forget_popped(struct ot_thread *thread, const struct otrace_frame *frame)
{
	struct ot_open_call *popped = thread->top + 1;

	ot_barrier();
	if (thread->depth < OT_OPEN_MAX && popped->frame == (uint64_t)frame)
		popped->frame = 0;
}

/* @param exception that leaves the call: there is no result; NULL = it returns */
static __attribute__((noinline)) uint32_t leave_with_rules(struct ot_thread *thread,
							   const struct otrace_frame *frame,
							   const struct ot_arm *arm, uint64_t now,
							   const uint64_t *exception)
{
	uint32_t most = exception ? sizeof(struct otrace_rec_unwound) : arm->leave_max_bytes;
	struct ot_copies copies = {.frame = frame, .call_seq = frame->words[0], .at_end = true};
	uint32_t matched = (uint32_t)(frame->words[2] >> OT_FRAME_MATCHED_SHIFT), over = 0;

	matched |= decide_late(thread, frame, arm, now, exception != NULL, &over);
	if (matched && ot_record_room(thread, most, arm->flags)) {
		if (exception)
			write_unwound(thread, frame, arm, now, *exception);
		else
			write_leave(thread, frame, arm, now);
		forget_popped(thread, frame);
		copies.begin_tsc = now;
		copies.matched = matched;
		ot_rules_write_copies(thread, arm, &copies);
	}
	if (matched && !exception)
		ot_rules_tag(arm, frame, frame->words[0], matched);
	if (over)
		ot_rules_write_over(thread, arm, arm->flags, frame->words[0], over);
	return matched;
}

/* ------------------------------------------------------------------ with a frame */

/* A trace that wants ends only gets nothing of a call whose end cannot be recorded. */
static OT_SLOW void enter_without_end(struct ot_thread *thread, struct otrace_frame *frame,
				      const struct ot_arm *arm, uint64_t flags)
{
	uint64_t head = (arm->enter_head & ~HEAD_TYPE_MASK) |
			(uint64_t)OTRACE_REC_ENTER_ONLY << 48 | flags << 56;

	if (arm->flags & OTRACE_PROBE_LEAVE_ONLY) {
		thread->ring->lost_fault++;
		return;
	}
	check_stack(thread, (uint64_t)frame, (uint64_t)frame + arm->frame_bytes);
	if (ot_record_room(thread, arm->enter_max_bytes, arm->flags))
		write_enter(thread, frame, arm, take_seq(thread), head, 0);
}

static inline void enter(struct ot_thread *thread, struct otrace_frame *frame,
			 const struct ot_arm *arm, uint64_t flags)
{
	uint64_t where = (uint64_t)frame, seq;

	check_stack(thread, where, where + arm->frame_bytes);
	if (!ot_record_room(thread, arm->enter_max_bytes, arm->flags))
		return;
	seq = take_seq(thread);
	if (ot_likely(!(arm->flags & OTRACE_PROBE_LEAVE_ONLY)))
		write_enter(thread, frame, arm, seq, arm->enter_head | flags << 56, 0);
	if (ot_unlikely(arm->flags & OTRACE_PROBE_ENTER_ONLY))
		return;
	push(thread, where, seq, arm);
	frame->words[0] = seq;
	frame->words[1] = (uint64_t)arm;
	frame->words[2] = flags;
}

/* The rest of the hook; while a thread is parked the function may be replaced. */
static __attribute__((noinline)) void *enter_by_rules(struct ot_thread *thread,
						      struct otrace_frame *frame,
						      struct otrace_probe *probe,
						      const struct ot_arm *arm, void *target)
{
	uint64_t flags = target != probe->body ? OTRACE_REC_FLAG_REDIRECTED : 0;
	struct matched matched = {0};

	if (ot_likely(arm && arm->rules))
		matched = enter_with_rules(thread, frame, arm, flags, true);
	else if (arm)
		enter(thread, frame, arm, flags);
	if (ot_likely(!matched.rules)) {
		bool plain = arm && !arm->rules; /* behind release it may be another */

		release(thread);
		if (ot_unlikely(plain))
			ot_callbacks_tell(frame, false);
		return target;
	}
	release_in_use(thread);
	ot_callbacks_tell(frame, false);
	ot_rules_park(arm, frame, matched.seq, matched.rules, false);
	use_over(thread);
	return probe_target(probe);
}

static __attribute__((noinline)) void leave_by_rules(struct ot_thread *thread,
						     struct otrace_frame *frame,
						     const struct ot_arm *arm, uint64_t now)
{
	uint32_t matched = 0;

	if (ot_likely(is_of_turn(frame, arm)))
		matched = leave_with_rules(thread, frame, arm, now, NULL);
	else
		thread->ring->lost_fault++;
	if (!matched) {
		release(thread);
		return;
	}
	release_in_use(thread);
	ot_callbacks_tell(frame, true);
	ot_rules_park(arm, frame, frame->words[0], matched, true);
	use_over(thread);
}

void *ot_hook_enter(struct otrace_frame *frame, struct otrace_probe *probe)
{
	const struct ot_arm *arm = __atomic_load_n(&probe->arm, __ATOMIC_ACQUIRE);
	void *target = probe_target(probe);
	struct ot_thread *thread;
	uint64_t flags;

	frame->words[0] = 0;
	frame->words[3] = (uint64_t)frame;
	if (ot_unlikely(!arm)) {
		if (__atomic_load_n(&ot_calls_waiting, __ATOMIC_RELAXED))
			ot_call_here((uint64_t)frame, probe->frame_bytes);
		return target;
	}
	thread = acquire((uint64_t)frame | OT_HOOK_ENTER, arm, true);
	if (ot_unlikely(!thread))
		return target;
	flags = target != probe->body ? OTRACE_REC_FLAG_REDIRECTED : 0;
	if (ot_unlikely(arm->rules))
		return enter_by_rules(thread, frame, probe, arm_now(probe), target);
	enter(thread, frame, arm, flags);
	release(thread);
	ot_callbacks_tell(frame, false);
	return target;
}

/* When another thread has it as open, that one can see by the frame that it has ended well. */
static __attribute__((noinline)) void leave_quiet(struct otrace_frame *frame,
						  const struct ot_arm *arm)
{
	struct ot_thread *thread = acquire((uint64_t)frame + OT_HOOK_LEAVE, arm, false);
	uint32_t depth;

	if (ot_unlikely(!thread))
		return;
	depth = thread->depth;
	pop(thread, (uint64_t)frame, OT_SEQ_QUIET);
	if (ot_unlikely(thread->depth == depth))
		frame->words[0] = OT_SEQ_ENDED_ELSEWHERE;
	release(thread);
}

void ot_hook_leave(struct otrace_frame *frame, struct otrace_probe *probe)
{
	const struct ot_arm *arm = (const void *)frame->words[1];
	struct ot_thread *thread;
	uint64_t now;

	(void)probe;
	if (ot_unlikely(!frame->words[0]))
		return;
	if (ot_unlikely(frame->words[0] == OT_SEQ_QUIET)) {
		leave_quiet(frame, arm);
		return;
	}
	now = ot_clock_now();
	thread = acquire((uint64_t)frame + OT_HOOK_LEAVE, arm, false);
	if (ot_unlikely(!thread))
		return;
	pop(thread, (uint64_t)frame, frame->words[0]);
	if (ot_unlikely(arm->rules)) {
		leave_by_rules(thread, frame, arm, now);
		return;
	}
	if (ot_record_room(thread, arm->leave_max_bytes, arm->flags))
		write_leave(thread, frame, arm, now);
	release(thread);
	ot_callbacks_tell(frame, true);
}

static OT_SLOW void unwind_quiet(struct ot_thread *thread, const struct otrace_frame *frame,
				 const struct ot_arm *arm)
{
	struct ot_open_call call = {.frame = (uint64_t)frame,
				    .seq = thread->top->seq,
				    .arm = arm,
				    .depth = thread->top->depth,
				    .is_quiet = true};

	ot_quiet_end(thread, &call, OTRACE_REC_UNWOUND, 0, frame);
}

void ot_hook_unwind(struct otrace_frame *frame, struct otrace_probe *probe, const void *exception)
{
	const struct ot_arm *arm = (const void *)frame->words[1];
	uint64_t address = (uint64_t)exception;
	struct ot_thread *thread;

	(void)probe;
	if (!frame->words[0])
		return;
	thread = acquire((uint64_t)frame + OT_HOOK_LEAVE, arm, false);
	if (!thread)
		return;
	pop(thread, (uint64_t)frame, frame->words[0]);
	if (arm->rules && !is_of_turn(frame, arm))
		thread->ring->lost_fault++;
	else if (frame->words[0] == OT_SEQ_QUIET)
		unwind_quiet(thread, frame, arm);
	else if (arm->rules)
		leave_with_rules(thread, frame, arm, ot_clock_now(), &address);
	else if (ot_record_room(thread, sizeof(struct otrace_rec_unwound), arm->flags))
		write_unwound(thread, frame, arm, ot_clock_now(), address);
	release(thread);
}

/* ------------------------------------------------------------------ without a frame */

static void write_enter_only(struct ot_thread *thread, const struct ot_arm *arm, uint64_t seq,
			     uint64_t flags, uint32_t matched)
{
	struct otrace_rec_enter *rec = begin_enter(thread, seq, matched);

	ot_record_head(rec, OT_REC_HEAD(arm->trace_id, sizeof(*rec) / 8, OTRACE_REC_ENTER_ONLY,
					flags | OTRACE_REC_FLAG_NO_ARGS));
	rec->rec.tsc = ot_clock_now();
	ot_record_commit(thread, sizeof(*rec));
}

/* The arguments are not to be had here. */
static void enter_only(struct ot_thread *thread, const struct ot_arm *arm, uint64_t flags)
{
	struct ot_rules_entry entry = {0};
	bool all = !arm->rules || ot_rules_decide_blind(thread, arm, &entry);
	uint64_t seq;

	if ((arm->flags & OTRACE_PROBE_LEAVE_ONLY) || (!all && !entry.matched)) {
		thread->ring->lost_fault++;
		return;
	}
	if (arm->rules && !(entry.matched | entry.over))
		return;
	if (!ot_record_room(thread, sizeof(struct otrace_rec_enter), arm->flags))
		return;
	seq = take_seq(thread);
	if (!arm->rules || entry.matched)
		write_enter_only(thread, arm, seq, flags, entry.matched);
	if (entry.over)
		ot_rules_write_over(thread, arm, arm->flags, seq, entry.over);
}

/* True when there is stack enough after all: the bounds were a guess, another stack's or one's that is gone. */
static bool stack_is_fine(uint64_t sp, uint64_t bytes)
{
	uint64_t end = bytes < sp ? sp - bytes : 0;

	if (!on_stack(sp) || !(ot_tls.stack.flags & OT_STACK_EXACT))
		ot_stack_find(sp);
	if (end < ot_tls.stack_low)
		ot_stack_renew(sp);
	return end >= ot_tls.stack_low;
}

/* A thread that was never recorded comes here first: a call that waits for it wants the wrapper. */
static void *way_for_call(const struct otrace_probe *probe, uint64_t sp, void *target)
{
	bool fine;

	if ((probe->fn_flags & OTRACE_FN_MUSTTAIL) || !ot_call_here_begin(sp + OT_HOOK_LOW, 0))
		return target;
	fine = stack_is_fine(sp, probe->stack_bytes);
	ot_call_here_end();
	return fine ? probe->resume : target;
}

void *ot_hook_low(struct otrace_probe *probe, uint64_t sp)
{
	const struct ot_arm *arm = __atomic_load_n(&probe->arm, __ATOMIC_ACQUIRE);
	void *target = probe_target(probe);
	struct ot_thread *thread;

	if (!arm)
		return way_for_call(probe, sp, target);
	thread = acquire(sp + OT_HOOK_LOW, arm, false);
	if (!thread)
		return target;
	if (!(probe->fn_flags & OTRACE_FN_MUSTTAIL) && stack_is_fine(sp, probe->stack_bytes)) {
		release(thread);
		return probe->resume;
	}
	check_stack(thread, sp, sp);
	arm = arm_now(probe);
	if (arm)
		enter_only(thread, arm, target != probe->body ? OTRACE_REC_FLAG_REDIRECTED : 0);
	release(thread);
	return target;
}

/* ------------------------------------------------------------------ variable arguments */

/*
 * To see the end of the call, the body is called again, and its stack arguments have to lie above
 * the new return address: they are copied. Nobody but the caller knows how many there are, so all
 * that there can be is copied: up to something on this stack that is no argument for sure. That is
 * argv in the main thread, and the thread's control block in the others. When that is too far away
 * (a deep stack, a coroutine's, a signal handler's), or the copy would take much of the stack that
 * is left, the call is passed on as it came, and its end is not recorded. Other ways were weighed: a
 * changed return address breaks unwinding and hardware shadow stacks; the bounds of mappings change;
 * open calls further out may be stale after a longjmp.
 */
static uint64_t args_room(uint64_t args)
{
	uint64_t argv = ot_stack_main_end, self = ot_arch_thread_pointer();
	uint64_t room = argv > args ? argv - args : ~0ull;

	if (self > args && self - args < room)
		room = self - args;
	return OT_ROUND_DOWN(room, 16);
}

/*
 * Bytes to copy; 0 = the end cannot be recorded. The words of argv are at odd places: 16 more, but not
 * beyond the stack's end. That end is only sure of the thread's own stack, and a coroutine's stack may lie
 * close below, behind a guard page.
 */
static OT_SLOW uint64_t copy_bytes(const struct otrace_varargs_frame *frame)
{
	uint64_t bytes = args_room(frame->stack_args), left, above;

	if (bytes > OT_VARARGS_COPY_MAX)
		return 0;
	bytes += 16;
	ot_stack_be_exact((uint64_t)frame);
	if (!(ot_tls.stack.flags & OT_STACK_EXACT) || !(ot_tls.stack.flags & OT_STACK_OWN) ||
	    (uint64_t)frame < ot_tls.stack_low)
		return 0;
	above = ot_tls.stack.low + ot_tls.stack.bytes - frame->stack_args;
	if (bytes > above)
		bytes = OT_ROUND_DOWN(above, 16);
	left = (uint64_t)frame - ot_tls.stack_low;
	return bytes <= left / 4 ? bytes : 0;
}

struct ot_varargs_way ot_hook_varargs(struct otrace_varargs_frame *frame,
				      struct otrace_probe *probe)
{
	const struct ot_arm *arm = __atomic_load_n(&probe->arm, __ATOMIC_ACQUIRE);
	struct ot_varargs_way way = {.target = probe_target(probe)};
	struct ot_thread *thread;
	uint64_t flags = way.target != probe->body ? OTRACE_REC_FLAG_REDIRECTED : 0;
	struct matched matched = {0};

	frame->head.words[0] = 0;
	if (!arm)
		return way;
	frame->head.words[3] = (uint64_t)frame;
	thread = acquire((uint64_t)frame | OT_HOOK_ENTER, arm, false);
	if (!thread)
		return way;
	arm = arm_now(probe);
	if (!arm) {
		release(thread);
		return way;
	}
	if (!(arm->flags & OTRACE_PROBE_ENTER_ONLY))
		way.copy_bytes = copy_bytes(frame);
	if (arm->rules)
		matched = enter_with_rules(thread, &frame->head, arm, flags, way.copy_bytes != 0);
	else if (way.copy_bytes)
		enter(thread, &frame->head, arm, flags);
	else
		enter_without_end(thread, &frame->head, arm, flags);
	if (!matched.rules) {
		bool plain = !arm->rules; /* as above */

		release(thread);
		if (plain)
			ot_callbacks_tell(&frame->head, false);
		return way;
	}
	release_in_use(thread);
	ot_callbacks_tell(&frame->head, false);
	ot_rules_park(arm, &frame->head, matched.seq, matched.rules, false);
	use_over(thread);
	way.target = probe_target(probe);
	return way;
}
