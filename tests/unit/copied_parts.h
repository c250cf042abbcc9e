/* SPDX-License-Identifier: BSD-2-Clause */
/** Runs ot_copies_write() as a hook would, and reads the parts that it wrote. For tests of the runtime's copies. */
#ifndef OT_COPIED_PARTS_H
#define OT_COPIED_PARTS_H

#include <string.h>

#include "core/area.h"
#include "core/copies.h"
#include "core/thread.h"

#define PARTS_MAX 256

/* A wrapper's frame: the head, four arguments, a result. */
struct frame {
	struct otrace_frame head;
	uint64_t args[4];
	uint64_t result;
};

#define ARG(i) (uint32_t)(offsetof(struct frame, args) + 8 * (i))
#define RESULT (uint32_t)offsetof(struct frame, result)

/* With its fake stack AddressSanitizer would put frames into the heap. */
#define REAL_FRAME __attribute__((noinline, no_sanitize("address")))

/** The parts of one end of a call. */
struct parts {
	const struct otrace_rec_copy *copies[PARTS_MAX];
	unsigned nr_copies;
	const struct otrace_rec_registers *registers;
	const struct otrace_rec_place *place; /* the last one, or NULL */
};

static const struct ot_arm parts_arm = {.frame_bytes = sizeof(struct frame)};

/** The calling thread with a ring. */
static inline struct ot_thread *parts_thread(void)
{
	if (!ot_tls.thread)
		ot_thread_slow((uint64_t)__builtin_frame_address(0), &parts_arm);
	return ot_tls.thread;
}

static inline void parts_add(struct parts *parts, const struct otrace_rec *rec)
{
	assert_null(parts->place);
	assert_int_equal(rec->call_seq, 77);
	assert_int_equal(rec->trace_id, 5);
	assert_int_equal(rec->flags, 0);
	assert_true(rec->nr_words * 8u <= OTRACE_RECORD_MAX_BYTES);
	if (rec->type == OTRACE_REC_PLACE) {
		parts->place = (const void *)rec;
	} else if (rec->type == OTRACE_REC_REGISTERS) {
		parts->registers = (const void *)rec;
	} else {
		assert_int_equal(rec->type, OTRACE_REC_COPY);
		assert_true(parts->nr_copies < PARTS_MAX);
		parts->copies[parts->nr_copies++] = (const void *)rec;
	}
}

/** What was written from a position on. */
static inline void parts_read(uint64_t from, struct parts *parts)
{
	const struct ot_thread *thread = ot_tls.thread;

	memset(parts, 0, sizeof(*parts));
	while (from < thread->ring->head) {
		const struct otrace_rec *rec =
			(const void *)(thread->data + (from & thread->data_mask));

		if (from % OTRACE_SUBBUF_BYTES == 0) {
			from += sizeof(struct otrace_subbuf);
			continue;
		}
		assert_true(rec->nr_words > 0);
		if (rec->type != OTRACE_REC_PAD)
			parts_add(parts, rec);
		from += rec->nr_words * 8u;
	}
	assert_int_equal(from, thread->ring->head);
}

static inline struct ot_copies parts_of(const struct frame *frame)
{
	return (struct ot_copies){.frame = &frame->head,
				  .call_seq = 77,
				  .trace_id = 5,
				  .begin_tsc = 123,
				  .matched = 2,
				  .counter = 9,
				  .error = 4};
}

/** The first piece at an address, or NULL. */
static inline const struct otrace_rec_copy *parts_at(const struct parts *parts, const void *address)
{
	for (unsigned i = 0; i < parts->nr_copies; i++)
		if (parts->copies[i]->address == (uint64_t)address)
			return parts->copies[i];
	return NULL;
}

#endif
