/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that are decided at their end: what the entry saw is kept in the thread's own memory, newest last. Calls end
 * in the order of a stack, but for those of coroutines: one that is over below the newest waits there until that
 * is over too.
 */
#include "base/mem.h"
#include "core/capture.h"
#include "core/clock.h"
#include "core/rules.h"

static struct ot_late *at(struct ot_thread *thread, uint32_t offset)
{
	return (void *)(thread->late + offset);
}

struct ot_late *ot_late_begin(struct ot_thread *thread, const struct ot_arm *arm)
{
	uint32_t nr = arm->rules->nr_late;
	uint64_t most =
		sizeof(struct ot_late) + nr * OTRACE_CODE_SLOTS * 8ull + arm->enter_max_bytes;

	if (!nr)
		return NULL;
	/* nothing is open: what a hook that was left has kept is over */
	if (thread->top == thread->open)
		thread->late_used = 0;
	if (most > OT_LATE_BYTES - thread->late_used) {
		thread->ring->lost_fault++;
		return NULL;
	}
	return at(thread, thread->late_used);
}

void ot_late_keep(struct ot_thread *thread, const struct ot_arm *arm,
		  const struct otrace_frame *frame, struct ot_late *late)
{
	uint64_t *captures, *end;

	late->before = thread->late_used ? thread->late_top : 0;
	captures = &late->slots[late->nr_slots];
	end = ot_capture(captures, frame, arm->steps, arm->nr_enter);
	late->capture_bytes = (uint32_t)(end - captures) * 8;
	thread->late_top = thread->late_used;
	thread->late_used += (uint32_t)((char *)end - (char *)late);
	/* last: what the hook itself costs is not the function's time */
	late->begin_tsc = ot_clock_now();
}

struct ot_late *ot_late_find(struct ot_thread *thread, uint64_t seq)
{
	uint32_t offset = thread->late_top;

	if (!thread->late_used)
		return NULL;
	for (;;) {
		struct ot_late *late = at(thread, offset);

		if (late->seq == seq)
			return late;
		if (!offset)
			return NULL;
		offset = late->before;
	}
}

void ot_late_drop(struct ot_thread *thread, struct ot_late *late)
{
	late->seq = 0;
	while (thread->late_used && !at(thread, thread->late_top)->seq) {
		thread->late_used = thread->late_top;
		thread->late_top = at(thread, thread->late_top)->before;
	}
}
