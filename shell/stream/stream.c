/* SPDX-License-Identifier: BSD-2-Clause */
#include <time.h>

#include "base/clean.h"
#include "stream/clock.h"
#include "stream/rings.h"
#include "stream/stream.h"

/* While records are formatted the program goes on writing: look at the rings this often. */
#define RECORDS_PER_SWEEP 2000
#define PAUSE_BUSY_MS 1
#define PAUSE_IDLE_MS 20

struct ot_stream {
	struct otrace_area *area;
	const struct ot_traces *traces;
	struct ot_stream_sink sink;
	struct ot_rings *rings;
	struct ot_calls *calls;
	struct ot_store *store;
	struct ot_clock clock;
	uint64_t nr_records;
	uint64_t last_time_ns;
	unsigned int quiet_polls; /* in a row that found nothing */
};

struct ot_stream *ot_stream_create(struct otrace_area *area, const struct ot_traces *traces,
				   const struct ot_stream_sink *sink, bool from_now)
{
	struct ot_stream *stream = ot_alloc(sizeof(*stream));

	stream->area = area;
	stream->traces = traces;
	stream->sink = *sink;
	stream->calls = ot_calls_create();
	stream->store = ot_store_create(OT_STORE_BYTES);
	if (area)
		stream->rings = ot_rings_create(area, from_now);
	return stream;
}

void ot_stream_destroy(struct ot_stream *stream)
{
	if (!stream)
		return;
	ot_rings_destroy(stream->rings);
	ot_calls_destroy(stream->calls);
	ot_store_destroy(stream->store);
	free(stream);
}

static bool is_shown(const struct ot_trace *trace, enum ot_call_event_kind kind)
{
	enum ot_trace_when side = kind == OT_CALL_ENTER ? OT_TRACE_CALL : OT_TRACE_RETURN;

	return trace && !trace->options.quiet && trace->options.when & side;
}

static void handle(struct ot_stream *stream, const struct ot_rings_item *item)
{
	struct ot_store_item kept = {.rec = item->rec, .tid = item->tid, .lost = item->lost};
	const struct ot_trace *trace;
	struct ot_call_event event;

	if (!item->rec) {
		kept.time_ns = stream->last_time_ns;
		ot_store_add(stream->store, &kept);
		ot_calls_lost(stream->calls, item->tid, item->lost, kept.time_ns, &event);
		stream->sink.event(stream->sink.priv, NULL, &event);
		return;
	}
	kept.time_ns = ot_clock_realtime_ns(&stream->clock, item->rec->tsc);
	stream->last_time_ns = kept.time_ns;
	stream->nr_records++;
	ot_calls_feed(stream->calls, item->tid, item->rec, kept.time_ns, &event);
	trace = ot_traces_by_id(stream->traces, item->rec->trace_id);
	/* Records of a shell that was attached before us say nothing to our tables. */
	if (!trace)
		return;
	ot_store_add(stream->store, &kept);
	if (is_shown(trace, event.kind))
		stream->sink.event(stream->sink.priv, trace, &event);
}

static bool hand_on(struct ot_stream *stream, unsigned int nr_max)
{
	struct ot_rings_item item;

	while (nr_max--) {
		if (!ot_rings_next(stream->rings, &item))
			return false;
		handle(stream, &item);
	}
	return true;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool ot_stream_poll(struct ot_stream *stream, unsigned int budget_ms)
{
	uint64_t end = now_ms() + budget_ms;
	uint64_t before = stream->nr_records;
	bool more;

	if (!stream->rings)
		return false;
	do {
		ot_clock_load(&stream->clock, stream->area);
		ot_rings_sweep(stream->rings, ot_clock_now_tsc());
		more = hand_on(stream, RECORDS_PER_SWEEP);
	} while (more && now_ms() < end);
	stream->quiet_polls = stream->nr_records == before ? stream->quiet_polls + 1 : 0;
	return more;
}

void ot_stream_drain(struct ot_stream *stream)
{
	if (!stream->rings)
		return;
	ot_clock_load(&stream->clock, stream->area);
	while (ot_rings_sweep(stream->rings, UINT64_MAX) ||
	       ot_rings_spooled_bytes(stream->rings))
		if (!hand_on(stream, UINT32_MAX) && !ot_rings_spooled_bytes(stream->rings))
			break;
}

int ot_stream_pause_ms(const struct ot_stream *stream)
{
	if (!stream->rings)
		return 1000;
	return stream->quiet_polls < 3 ? PAUSE_BUSY_MS : PAUSE_IDLE_MS;
}

const struct ot_store *ot_stream_store(const struct ot_stream *stream)
{
	return stream->store;
}

uint64_t ot_stream_nr_records(const struct ot_stream *stream)
{
	return stream->nr_records;
}

uint64_t ot_stream_nr_lost(const struct ot_stream *stream)
{
	return stream->rings ? ot_rings_lost(stream->rings) : 0;
}
