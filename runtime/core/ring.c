/* SPDX-License-Identifier: BSD-2-Clause */
/* The less frequent part of writing a ring; the frequent one is in hooks.c. */
#include <time.h>

#include "base/lock.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/clock.h"
#include "core/rules.h"
#include "core/server.h"
#include "core/thread.h"

#define WAIT_NAP_NS 50000
#define WAIT_LIMIT_NS 1000000000u

static struct otrace_rec *place(struct ot_thread *thread)
{
	return (void *)(thread->data + (thread->pos & thread->data_mask));
}

/* Fills the sub-buffer's rest and writes the head of the next one. */
static void next_subbuf(struct ot_thread *thread)
{
	struct otrace_subbuf *head;

	if (thread->room) {
		struct otrace_rec *rec = place(thread);

		rec->trace_id = 0;
		rec->type = OTRACE_REC_PAD;
		rec->flags = 0;
		rec->nr_words = (uint16_t)(thread->room / 8);
		thread->pos += thread->room;
	}
	/* the old head goes out of the reader's window before its bytes are written over */
	__atomic_store_n(&thread->ring->head, thread->pos, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	head = (void *)place(thread);
	head->position = thread->pos;
	head->nr_written = thread->nr_written;
	thread->pos += sizeof(*head);
	thread->room = OTRACE_SUBBUF_BYTES - sizeof(*head);
	__atomic_store_n(&thread->ring->head, thread->pos, __ATOMIC_RELEASE);
}

/* Would writing this much run over what the reader has not taken? */
static bool reader_is_behind(const struct ot_thread *thread, uint64_t tail)
{
	return thread->pos + thread->room + OTRACE_SUBBUF_BYTES - tail >
	       thread->data_mask + 1 - OTRACE_SUBBUF_BYTES;
}

/*
 * Only at the border of a sub-buffer: inside one there is room by construction. A reader that did not
 * move for a whole deadline is not waited for again until it moves.
 */
static bool wait_for_reader(struct ot_thread *thread)
{
	struct timespec nap = {0, WAIT_NAP_NS};
	uint64_t begin = ot_clock_now(), tail;

	for (;;) {
		tail = __atomic_load_n(&thread->ring->tail, __ATOMIC_ACQUIRE);
		if (!reader_is_behind(thread, tail) || !ot_server_has_client())
			return true;
		if (thread->stalled_tail == tail + 1)
			return false;
		if (ot_clock_to_ns(ot_clock_now() - begin) > WAIT_LIMIT_NS) {
			thread->stalled_tail = tail + 1;
			return false;
		}
		ot_sys_nanosleep(&nap);
	}
}

OT_SLOW bool ot_ring_next(struct ot_thread *thread, uint32_t arm_flags)
{
	if ((arm_flags & OTRACE_PROBE_WAIT) && !wait_for_reader(thread)) {
		thread->ring->lost_waiting++;
		return false;
	}
	next_subbuf(thread);
	return true;
}

const struct otrace_rec *ot_ring_settle(struct ot_thread *thread)
{
	const struct otrace_rec *last = NULL;
	const struct otrace_subbuf *sub;
	uint64_t head = __atomic_load_n(&thread->ring->head, __ATOMIC_ACQUIRE);
	uint64_t at = OT_ROUND_DOWN(head - 1, OTRACE_SUBBUF_BYTES);
	uint64_t nr = 0;

	/* head is written last of all, the counts before it: they are counted again */
	if (head) {
		sub = (const void *)(thread->data + (at & thread->data_mask));
		nr = sub->nr_written;
		at += sizeof(*sub);
	}
	while (head && at < head) {
		const struct otrace_rec *rec =
			(const void *)(thread->data + (at & thread->data_mask));

		if (!rec->nr_words) /* no record is: whatever happened, nobody waits here for ever */
			break;
		if (rec->type != OTRACE_REC_PAD && !OTRACE_REC_IS_PART(rec->type)) {
			last = rec;
			nr++;
		}
		at += rec->nr_words * 8u;
	}
	thread->pos = head;
	thread->room = OT_ROUND_UP(head, OTRACE_SUBBUF_BYTES) - head;
	thread->nr_written = nr;
	__atomic_store_n(&thread->ring->nr_written, nr, __ATOMIC_RELAXED);
	return last;
}

static void write_end(struct ot_thread *thread, uint32_t trace_id, uint64_t seq, uint8_t flags)
{
	struct otrace_rec *rec;

	if (sizeof(*rec) > thread->room)
		next_subbuf(thread);
	rec = place(thread);
	rec->trace_id = trace_id;
	rec->type = OTRACE_REC_ABANDONED;
	rec->flags = flags;
	rec->nr_words = sizeof(*rec) / 8;
	rec->tsc = ot_clock_now();
	rec->call_seq = seq;
	thread->pos += sizeof(*rec);
	thread->room -= sizeof(*rec);
	thread->nr_written++;
	__atomic_store_n(&thread->ring->nr_written, thread->nr_written, __ATOMIC_RELAXED);
	__atomic_store_n(&thread->ring->head, thread->pos, __ATOMIC_RELEASE);
}

void ot_ring_end(struct ot_thread *thread, uint32_t trace_id, uint64_t seq)
{
	write_end(thread, trace_id, seq, 0);
}

bool ot_ring_abandon_with(struct ot_thread *thread, const struct ot_open_call *call, bool together)
{
	if (call->is_quiet) {
		ot_quiet_abandon(thread, call);
		return true;
	}
	if (call->arm->rules && !ot_rules_abandon(thread, call))
		return false;
	write_end(thread, call->arm->trace_id, call->seq, together ? OTRACE_REC_FLAG_TOGETHER : 0);
	return true;
}

void ot_ring_abandon(struct ot_thread *thread, const struct ot_open_call *call)
{
	ot_ring_abandon_with(thread, call, false);
}
