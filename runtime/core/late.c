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

/* 0 = there is no entry. */
static uint32_t used(const struct ot_thread *thread)
{
	return (uint32_t)thread->late_ends;
}

static uint32_t newest(const struct ot_thread *thread)
{
	return (uint32_t)(thread->late_ends >> 32);
}

/* One store: a hook may be left between any two, and entries of two times together could lead in a circle. */
static void set_ends(struct ot_thread *thread, uint32_t first, uint32_t end)
{
	ot_barrier();
	__atomic_store_n(&thread->late_ends, (uint64_t)first << 32 | end, __ATOMIC_RELAXED);
	__atomic_store_n(&thread->ring->kept_ends, thread->late_ends, __ATOMIC_RELAXED);
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
		set_ends(thread, 0, 0);
	if (most > OT_LATE_BYTES - used(thread)) {
		thread->ring->lost_fault++;
		return NULL;
	}
	return at(thread, used(thread));
}

void ot_late_keep(struct ot_thread *thread, const struct ot_arm *arm,
		  const struct otrace_frame *frame, struct ot_late *late)
{
	uint64_t *captures, *end;

	late->kept.before = newest(thread);
	captures = &late->slots[late->kept.nr_slots];
	end = ot_capture(captures, frame, arm->steps, arm->nr_enter);
	late->kept.capture_bytes = (uint32_t)(end - captures) * 8;
	/* last: what the hook itself costs is not the function's time */
	late->kept.begin_tsc = ot_clock_now();
	set_ends(thread, used(thread), (uint32_t)((uint8_t *)end - thread->late));
}

struct ot_late *ot_late_find(struct ot_thread *thread, uint64_t seq)
{
	uint32_t offset = newest(thread);

	if (!used(thread))
		return NULL;
	for (;;) {
		struct ot_late *late = at(thread, offset);

		if (late->kept.seq == seq)
			return late;
		if (late->kept.before >= offset)
			return NULL;
		offset = late->kept.before;
	}
}

void ot_late_drop(struct ot_thread *thread, struct ot_late *late)
{
	late->kept.seq = 0;
	while (used(thread) && !at(thread, newest(thread))->kept.seq)
		set_ends(thread, at(thread, newest(thread))->kept.before, newest(thread));
}
