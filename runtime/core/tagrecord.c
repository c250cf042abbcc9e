/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/area.h"
#include "core/clock.h"
#include "core/record.h"
#include "core/tagrecord.h"

void ot_tag_record_set(struct ot_thread *thread, const struct ot_tag *tag, uint32_t replaced)
{
	struct otrace_rec_tag *rec;

	if (!ot_record_room(thread, sizeof(*rec), 0))
		return;
	rec = ot_record_at(thread);
	rec->rec.tsc = tag->facts.tsc;
	rec->rec.call_seq = tag->facts.call_seq;
	rec->number = tag->number;
	rec->replaced = replaced;
	rec->address = tag->address;
	rec->bytes = tag->bytes;
	rec->counter = tag->facts.counter;
	rec->reserved = 0;
	ot_record_head(rec, OT_REC_HEAD(0, sizeof(*rec) / 8, OTRACE_REC_TAG, 0));
	ot_record_commit(thread, sizeof(*rec));
}

/*
 * free() and realloc() are no hooks, but write as one does: a handler that interrupts this may come to a hook, and
 * may never return. The thread's own calls that were interrupted by a handler that frees are such a hook, too.
 */
static const struct ot_arm no_arm;

static struct ot_thread *acquire(uint64_t hook)
{
	struct ot_thread *thread = ot_tls.thread;

	ot_barrier();
	if (!thread || thread->armed != OT_ARMED) {
		thread = ot_thread_slow(hook, &no_arm);
		if (!thread)
			return NULL;
	}
	return ot_thread_take(thread, hook) ? thread : NULL;
}

static void release(struct ot_thread *thread)
{
	ot_barrier();
	ot_thread_give_back(thread, OT_ARMED);
}

/* Room for a record, its head filled in but for the first word; NULL = the thread cannot write (counted). */
static void *begin(struct ot_thread *thread, uint64_t bytes)
{
	struct otrace_rec *rec;

	if (!ot_record_room(thread, bytes, 0))
		return NULL;
	rec = ot_record_at(thread);
	rec->tsc = ot_clock_now();
	rec->call_seq = thread->top->seq;
	return rec;
}

static void write_died(struct ot_thread *thread, const struct ot_tag_hit *hit, uint32_t why)
{
	struct otrace_rec_tag_died *rec = begin(thread, sizeof(*rec));

	if (!rec)
		return;
	rec->number = hit->number;
	rec->why = why;
	rec->address = hit->address;
	ot_record_head(rec, OT_REC_HEAD(0, sizeof(*rec) / 8, OTRACE_REC_TAG_DIED, 0));
	ot_record_commit(thread, sizeof(*rec));
}

void ot_tag_record_lost(struct ot_thread *thread, const struct ot_tag_hit *hit)
{
	write_died(thread, hit, OTRACE_TAG_NO_ROOM);
}

static void write_moved(struct ot_thread *thread, const struct ot_tag_hit *hit, uint64_t address,
			uint64_t bytes)
{
	struct otrace_rec_tag_moved *rec = begin(thread, sizeof(*rec));

	if (!rec)
		return;
	rec->number = hit->number;
	rec->reserved = 0;
	rec->from = hit->address;
	rec->address = address;
	rec->bytes = bytes;
	ot_record_head(rec, OT_REC_HEAD(0, sizeof(*rec) / 8, OTRACE_REC_TAG_MOVED, 0));
	ot_record_commit(thread, sizeof(*rec));
}

__attribute__((noinline)) void ot_tag_record_died(const struct ot_tag_hit *hit, uint32_t why)
{
	struct ot_thread *thread = acquire((uint64_t)__builtin_frame_address(0) + OT_HOOK_LOW);

	if (!thread)
		return;
	write_died(thread, hit, why);
	release(thread);
}

__attribute__((noinline)) void ot_tag_record_moved(const struct ot_tag_hit *hit, uint64_t address,
						   uint64_t bytes)
{
	struct ot_thread *thread = acquire((uint64_t)__builtin_frame_address(0) + OT_HOOK_LOW);

	if (!thread)
		return;
	write_moved(thread, hit, address, bytes);
	release(thread);
}
