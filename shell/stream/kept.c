/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream/clock.h"
#include "stream/kept.h"

struct walk {
	struct ot_clock clock;
	void (*each)(void *priv, const struct ot_call_event *event);
	void *priv;
};

static void tell(const struct walk *walk, uint32_t tid, const struct otrace_kept *kept,
		 const void *captures)
{
	uint64_t begin_ns = ot_clock_realtime_ns(&walk->clock, kept->begin_tsc);
	struct ot_call_event event = {.kind = OT_CALL_ENTER,
				      .trace_id = kept->trace_id,
				      .tid = tid,
				      .depth = kept->depth,
				      .flags = (uint8_t)kept->flags,
				      .begin_known = true,
				      .end_expected = true,
				      .seq = kept->seq,
				      .parent_seq = kept->parent_seq,
				      .time_ns = begin_ns,
				      .call_time_ns = begin_ns,
				      .begin_ns = begin_ns,
				      .matched = kept->mask,
				      .is_late = true,
				      .captures = captures,
				      .nr_bytes = kept->capture_bytes};

	walk->each(walk->priv, &event);
}

/* What is recorded already has an ENTER. False: there are no more, or it makes no sense. */
static bool take_one(const struct walk *walk, uint32_t tid, const uint8_t *memory, uint32_t used,
		     uint32_t *at)
{
	const struct otrace_kept *kept = (const void *)(memory + *at);
	uint64_t behind = (uint64_t)*at + sizeof(*kept), captures;
	uint32_t before;

	if (*at % 8 || behind > used)
		return false;
	captures = behind + (uint64_t)kept->nr_slots * 8;
	if (captures + kept->capture_bytes > used)
		return false;
	if (kept->seq && !kept->has_enter)
		tell(walk, tid, kept, memory + captures);
	before = kept->before;
	if (!*at || before >= *at)
		return false;
	*at = before;
	return true;
}

static void take_ring(const struct walk *walk, const struct otrace_area *area,
		      const struct otrace_ring *ring)
{
	uint64_t data = area->ring_stride_bytes - area->ring_bytes - OTRACE_KEPT_BYTES;
	const uint8_t *memory = (const uint8_t *)ring + data + area->ring_bytes;
	uint32_t used = (uint32_t)ring->kept_ends, at = (uint32_t)(ring->kept_ends >> 32);

	if (!used || used > OTRACE_KEPT_BYTES)
		return;
	while (take_one(walk, ring->owner_tid, memory, used, &at))
		;
}

void ot_kept_each(const struct otrace_area *area,
		  void (*each)(void *priv, const struct ot_call_event *event), void *priv)
{
	struct walk walk = {.each = each, .priv = priv};

	/* of an older runtime there are none */
	if (!area || area->ring_stride_bytes <= (uint64_t)area->ring_bytes + OTRACE_KEPT_BYTES)
		return;
	ot_clock_load(&walk.clock, area);
	for (uint32_t i = 0; i < area->nr_rings; i++) {
		const struct otrace_ring *ring =
			(const void *)((const char *)area + area->rings_offset +
				       i * area->ring_stride_bytes);

		if (ring->owner_tid)
			take_ring(&walk, area, ring);
	}
}
