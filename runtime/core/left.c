/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A handler that interrupts a hook finds its thread taken, and what it calls is only counted. But a handler
 * need not return: after siglongjmp, swapcontext or an exception the hook is no more, and nobody says
 * so. Where frames lie tells it: frames that live do not overlap; each has its own address in
 * its fourth word, until the stack is used for something else; and on one stack, whatever runs while
 * the hook lives lies below it.
 */
#include "core/area.h"
#include "core/rules.h"
#include "core/thread.h"

static uint64_t place_of(uint64_t hook)
{
	return hook & ~(uint64_t)OT_HOOK_KIND;
}

static bool has_frame(uint64_t hook)
{
	return (hook & OT_HOOK_KIND) != OT_HOOK_LOW;
}

/*
 * Not read directly: the stack may be gone. Where the kernel answers no such question any more (a seccomp filter) nobody
 * knows, and a hook that may live is left alone.
 */
static bool frame_is_there(uint64_t frame)
{
	uint64_t word;

	if (ot_safe_read(&word, frame + offsetof(struct otrace_frame, words[3]), sizeof(word)) !=
	    sizeof(word))
		return ot_safe_is_refused();
	return word == frame;
}

bool ot_hook_is_left(uint64_t hook, uint64_t now, uint32_t frame_bytes)
{
	uint64_t left = place_of(hook), here = place_of(now);
	uint64_t left_bytes = has_frame(hook) ? sizeof(struct otrace_frame) : sizeof(uint64_t);
	uint64_t here_bytes = has_frame(now) ? frame_bytes : sizeof(uint64_t);

	if (hook <= OT_ASKED)
		return false;
	if (left < here + here_bytes && here < left + left_bytes)
		return true;
	if (has_frame(hook) && !frame_is_there(left))
		return true;
	return here > left && ot_stack_is_one(left, here);
}

/* The call has no end any more. */
static void end_innermost(struct ot_thread *thread)
{
	ot_ring_abandon(thread, thread->top);
	ot_thread_set_depth(thread, thread->depth - 1);
}

/* What was kept of a call that did not become an open one. */
static void drop_late(struct ot_thread *thread, uint64_t seq)
{
	struct ot_late *late = thread->top->seq != seq ? ot_late_find(thread, seq) : NULL;

	if (late)
		ot_late_drop(thread, late);
}

/* last_seq is the number that the thread took last. */
static void clear_enter(struct ot_thread *thread, uint64_t place, const struct otrace_rec *last,
			uint64_t last_seq)
{
	const struct ot_open_call *top = thread->top;

	if (top->frame == place && (top->is_quiet || top->seq == last_seq))
		end_innermost(thread);
	else if (last && last->type == OTRACE_REC_ENTER && last->call_seq == last_seq &&
		 top->seq != last_seq)
		ot_ring_end(thread, last->trace_id, last_seq);
	else
		thread->ring->lost_nested++;
	drop_late(thread, last_seq);
}

/* Its value is lost, but the call was recorded, and so is that it has ended. */
static void clear_leave(struct ot_thread *thread, uint64_t place, const struct otrace_rec *last)
{
	struct ot_open_call *popped = thread->top + 1;
	bool is_end = last && (last->type == OTRACE_REC_LEAVE || last->type == OTRACE_REC_UNWOUND);

	if (thread->top->frame == place)
		end_innermost(thread);
	else if (thread->depth < OT_OPEN_MAX && popped->frame == place &&
		 !(is_end && last->call_seq == popped->seq))
		ot_ring_abandon(thread, popped);
}

void ot_hook_clear_left(struct ot_thread *thread, uint64_t hook)
{
	const struct otrace_rec *last = ot_ring_settle(thread);
	uint32_t nr_whole = (uint32_t)(thread->top - thread->open);
	uint64_t last_seq = thread->next_seq - 1;

	thread->next_seq = thread->end_seq = 0; /* a block may be half taken: the next one */
	if (thread->depth <= OT_OPEN_MAX)
		ot_thread_set_depth(thread, nr_whole < thread->depth ? nr_whole : thread->depth);
	if ((hook & OT_HOOK_KIND) == OT_HOOK_ENTER)
		clear_enter(thread, place_of(hook), last, last_seq);
	else if ((hook & OT_HOOK_KIND) == OT_HOOK_LEAVE)
		clear_leave(thread, place_of(hook), last);
	else
		thread->ring->lost_nested++;
}
