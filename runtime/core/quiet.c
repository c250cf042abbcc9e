/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that no rule matches: the thread remembers that they are open and nothing else. Who returns has left no
 * trace; who does not (longjmp, an exception, the end of the thread or exit()) gets its one record here.
 */
#include "core/area.h"
#include "core/capture.h"
#include "core/clock.h"
#include "core/record.h"
#include "core/rules.h"

/* Once nobody wants to hear of its function any more, nobody wants to hear how it ended. */
static bool is_wanted(const struct ot_arm *arm)
{
	if (!__atomic_load_n(&arm->probe->arm, __ATOMIC_ACQUIRE))
		return false;
	for (uint32_t i = 0; arm->rules && i < arm->rules->nr; i++)
		if (!__atomic_load_n(&arm->rules->items[i].limit->over, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* What arguments point to may have changed since. */
static bool has_words_only(const struct ot_arm *arm)
{
	return arm->enter_head & OT_REC_HEAD_WORDS_MASK;
}

/* Whether word 0 of its frame is that. The stack may be gone, or used for something else. */
static bool is_in_frame(const struct ot_open_call *call, uint64_t word)
{
	struct otrace_frame frame;

	return ot_safe_read(&frame, call->frame, sizeof(frame)) == sizeof(frame) &&
	       frame.words[0] == word && frame.words[1] == (uint64_t)call->arm &&
	       frame.words[3] == call->frame;
}

/* It has gone on in another thread, and come to its end. */
static bool has_ended_elsewhere(const struct ot_open_call *call)
{
	return is_in_frame(call, OT_SEQ_ENDED_ELSEWHERE);
}

void ot_quiet_abandon(struct ot_thread *thread, const struct ot_open_call *call)
{
	if (!has_ended_elsewhere(call))
		ot_quiet_end(thread, call, OTRACE_REC_ABANDONED, 0, NULL);
}

void ot_quiet_end(struct ot_thread *thread, const struct ot_open_call *call, unsigned int type,
		  unsigned int flags, const struct otrace_frame *frame)
{
	const struct ot_arm *arm = call->arm;
	struct otrace_rec_enter *rec;
	uint64_t *end;

	if (!is_wanted(arm) || !ot_record_room(thread, arm->enter_max_bytes, 0))
		return;
	rec = ot_record_at(thread);
	rec->rec.tsc = ot_clock_now();
	rec->rec.call_seq = __atomic_fetch_add(&ot_area->next_call_seq, 1, __ATOMIC_RELAXED);
	rec->parent_seq = call->seq;
	rec->depth = call->depth + 1;
	rec->matched = 0;
	end = (uint64_t *)(rec + 1);
	flags |= OTRACE_REC_FLAG_UNMATCHED;
	if (frame && has_words_only(arm)) {
		end = ot_capture(end, frame, arm->steps, arm->nr_enter);
		flags |= arm->enter_head >> 56;
	} else if (arm->nr_enter) {
		flags |= OTRACE_REC_FLAG_NO_ARGS;
	}
	ot_record_head(rec,
		       OT_REC_HEAD(arm->trace_id, end - (uint64_t *)rec, (uint64_t)type, flags));
	ot_record_commit(thread, (uint64_t)((char *)end - (char *)rec));
}

/* With the arguments, of a call that still stands. */
static const struct otrace_frame *read_frame(struct ot_thread *thread,
					     const struct ot_open_call *call)
{
	uint32_t bytes = call->arm->frame_bytes;

	if (bytes > sizeof(thread->scratch) ||
	    ot_safe_read(thread->scratch, call->frame, bytes) != bytes)
		return NULL;
	return (const void *)thread->scratch;
}

static void end_own(struct ot_thread *thread)
{
	uint64_t here = (uint64_t)__builtin_frame_address(0);

	thread->armed = ot_thread_hook_at(here);
	ot_barrier();
	ot_calls_close_below(thread, here);
	for (struct ot_open_call *call = thread->top; call > thread->open; call--)
		/* of another stack it may long be over */
		if (call->is_quiet && is_in_frame(call, OT_SEQ_QUIET))
			ot_quiet_end(thread, call, OTRACE_REC_ABANDONED, OTRACE_REC_FLAG_EXIT,
				     read_frame(thread, call));
	ot_barrier();
	ot_thread_give_back(thread, OT_ARMED);
}

void ot_quiet_exit(void)
{
	struct ot_thread *thread = ot_tls.thread;

	/* not in the child of a fork, nor inside a hook that a handler has interrupted */
	if (!ot_threads_live() || ot_tls.busy ||
	    (thread && thread->armed != OT_ARMED && thread->armed != OT_ASKED))
		return;
	if (thread && ot_thread_state(thread) == OT_THREAD_LIVE)
		end_own(thread);
	/* of threads that are over, too, before nobody can */
	ot_threads_sweep();
}
