/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Writing one record to the thread's ring, in a hook that has the thread: room, the bytes, then the head with the
 * length (one store, last but for the ring's own head), commit.
 */
#ifndef OT_CORE_RECORD_H
#define OT_CORE_RECORD_H

#include "core/thread.h"

static inline void *ot_record_at(struct ot_thread *thread)
{
	return thread->data + (thread->pos & thread->data_mask);
}

/** Room for bytes in one piece; false: the record must not be written (it is counted). */
static inline bool ot_record_room(struct ot_thread *thread, uint64_t bytes, uint32_t arm_flags)
{
	if (ot_likely(bytes <= thread->room))
		return true;
	return ot_ring_next(thread, arm_flags);
}

static inline void ot_record_head(void *rec, uint64_t head)
{
	__atomic_store_n((uint64_t *)rec, head, __ATOMIC_RELAXED);
}

/** Of a part: it is not counted. */
static inline void ot_record_commit_part(struct ot_thread *thread, uint64_t bytes)
{
	uint64_t pos = thread->pos + bytes;

	thread->pos = pos;
	thread->room -= bytes;
	__atomic_store_n(&thread->ring->head, pos, __ATOMIC_RELEASE);
}

static inline void ot_record_commit(struct ot_thread *thread, uint64_t bytes)
{
	__atomic_store_n(&thread->ring->nr_written, ++thread->nr_written, __ATOMIC_RELAXED);
	ot_record_commit_part(thread, bytes);
}

#endif
