/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <time.h>

#include "base/clean.h"
#include "stream/clock.h"
#include "stream/rings.h"
#include "stream/stream.h"

/* While records are formatted the program goes on writing: look at the rings this often. */
#define RECORDS_PER_SWEEP 2000
#define PAUSE_BUSY_MS 1
#define PAUSE_IDLE_MS 20
/* With nothing to print the reader stays out of the program's way: it keeps what it meets. */
#define PAUSE_LAZY_MS 200
#define LOST_EVERY_MS 1000

#define NR_OTHERS 32

/* Who gets the records of a type. */
struct other {
	void (*take)(void *priv, uint32_t tid, const struct otrace_rec *rec, uint64_t time_ns);
	void *priv;
};

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
	uint64_t lazy_poll_ms;	  /* when the last lazy look was */
	/* Losses of one thread that have not been told yet. */
	uint64_t lost;
	uint32_t lost_tid;
	uint64_t lost_told_ms;
	struct other others[NR_OTHERS];
	bool printed; /* an event was shown since then */
	uint64_t late[(OTRACE_RECORD_MAX_BYTES + sizeof(struct otrace_rec_late)) / 8];
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

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

/* A call whose end cannot be recorded is shown to who wants only ends, too: else it would be missed. */
static bool is_shown(const struct ot_trace *trace, const struct ot_call_event *event)
{
	unsigned int side = OT_TRACE_RETURN;

	if (event->kind == OT_CALL_ENTER)
		side = event->end_expected ? OT_TRACE_CALL : OT_TRACE_ALL;
	/* A call is shown once. */
	if (event->matched_before && ot_trace_when(trace, event->matched_before, true) & side)
		return false;
	return trace && ot_trace_when(trace, event->matched, true) & side;
}

static void tell_lost(struct ot_stream *stream)
{
	struct ot_call_event event;

	if (!stream->lost)
		return;
	ot_calls_lost(stream->calls, stream->lost_tid, stream->lost, stream->last_time_ns, &event);
	stream->lost = 0;
	stream->lost_told_ms = now_ms();
	/* Traces that print nothing report theirs in log and status. */
	if (ot_traces_nr_shown(stream->traces) || stream->printed)
		stream->sink.event(stream->sink.priv, NULL, &event);
	stream->printed = false;
}

/* A flood of records loses some in every look: one event a second and thread says as much. */
static void note_lost(struct ot_stream *stream, const struct ot_rings_item *item)
{
	struct ot_store_item kept = {.tid = item->tid, .lost = item->lost};

	kept.time_ns = stream->last_time_ns;
	ot_store_add(stream->store, &kept);
	ot_calls_gap(stream->calls, item->tid);
	if (stream->lost_tid != item->tid)
		tell_lost(stream);
	stream->lost_tid = item->tid;
	stream->lost += item->lost;
}

/* Of these log needs PLACE alone: it says when the copying was over. */
static void handle_part(struct ot_stream *stream, const struct ot_store_item *item)
{
	ot_calls_part(stream->calls, item->tid, item->rec, item->time_ns);
	if (item->rec->type == OTRACE_REC_PLACE)
		ot_store_add(stream->store, item);
	if (stream->sink.part)
		stream->sink.part(stream->sink.priv, item->tid, item->rec, item->time_ns);
}

static bool is_call(unsigned int type)
{
	return type <= OTRACE_REC_LATE;
}

/* With the time of its begin as everybody else has times. */
static const struct otrace_rec *with_time(struct ot_stream *stream, const struct otrace_rec *rec)
{
	struct otrace_rec_late *late = (void *)stream->late;
	size_t bytes = rec->nr_words * 8u;

	if (rec->type != OTRACE_REC_LATE || bytes < sizeof(*late) || bytes > sizeof(stream->late))
		return rec;
	memcpy(late, rec, bytes);
	late->begin_tsc = ot_clock_realtime_ns(&stream->clock, late->begin_tsc);
	return &late->enter.rec;
}

static void handle_call(struct ot_stream *stream, const struct ot_trace *trace,
			const struct ot_store_item *item)
{
	struct ot_call_event event;

	ot_calls_feed(stream->calls, item->tid, item->rec, item->time_ns, &event);
	/* Records of a shell that was attached before us say nothing to our tables. */
	if (!trace)
		return;
	ot_store_add(stream->store, item);
	if (stream->sink.every)
		stream->sink.every(stream->sink.priv, trace, &event);
	if (!is_shown(trace, &event))
		return;
	stream->printed = true;
	stream->sink.event(stream->sink.priv, trace, &event);
}

static void handle_other(const struct ot_stream *stream, const struct ot_store_item *item)
{
	const struct other *other;

	if (item->rec->type == OTRACE_REC_RESUMED) {
		ot_calls_part(stream->calls, item->tid, item->rec, item->time_ns);
		ot_store_add(stream->store, item);
	}
	if (item->rec->type == OTRACE_REC_ASSERT)
		ot_store_add(stream->store, item);
	if (item->rec->type >= OT_NR(stream->others))
		return;
	other = &stream->others[item->rec->type];
	if (other->take)
		other->take(other->priv, item->tid, item->rec, item->time_ns);
}

void ot_stream_on(struct ot_stream *stream, enum otrace_rec_type type,
		  void (*take)(void *priv, uint32_t tid, const struct otrace_rec *rec,
			       uint64_t time_ns),
		  void *priv)
{
	stream->others[type] = (struct other){take, priv};
}

static void handle(struct ot_stream *stream, const struct ot_rings_item *item)
{
	struct ot_store_item kept = {.tid = item->tid};
	const struct ot_trace *trace;

	if (!item->rec) {
		note_lost(stream, item);
		return;
	}
	kept.rec = with_time(stream, item->rec);
	kept.time_ns = ot_clock_realtime_ns(&stream->clock, item->rec->tsc);
	stream->last_time_ns = kept.time_ns;
	trace = ot_traces_by_id(stream->traces, item->rec->trace_id);
	if (OTRACE_REC_IS_PART(item->rec->type)) {
		if (trace || !item->rec->trace_id) /* of a call, or of an assert */
			handle_part(stream, &kept);
		return;
	}
	stream->nr_records++;
	if (is_call(item->rec->type))
		handle_call(stream, trace, &kept);
	else
		handle_other(stream, &kept);
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

bool ot_stream_look(struct ot_stream *stream, unsigned int budget_ms)
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
	if (now_ms() - stream->lost_told_ms >= LOST_EVERY_MS)
		tell_lost(stream);
	stream->quiet_polls = stream->nr_records == before ? stream->quiet_polls + 1 : 0;
	return more;
}

bool ot_stream_poll(struct ot_stream *stream, unsigned int budget_ms)
{
	if (ot_traces_nr_eager(stream->traces))
		return ot_stream_look(stream, budget_ms);
	if (now_ms() - stream->lazy_poll_ms < PAUSE_LAZY_MS)
		return false;
	ot_stream_look(stream, budget_ms);
	stream->lazy_poll_ms = now_ms();
	return false;
}

void ot_stream_drain(struct ot_stream *stream)
{
	if (!stream->rings)
		return;
	ot_clock_load(&stream->clock, stream->area);
	while (ot_rings_sweep(stream->rings, UINT64_MAX) || ot_rings_spooled_bytes(stream->rings))
		if (!hand_on(stream, UINT32_MAX) && !ot_rings_spooled_bytes(stream->rings))
			break;
	tell_lost(stream);
}

int ot_stream_pause_ms(const struct ot_stream *stream)
{
	if (!stream->rings)
		return 1000;
	if (!ot_traces_nr_eager(stream->traces))
		return PAUSE_LAZY_MS;
	return stream->quiet_polls < 3 ? PAUSE_BUSY_MS : PAUSE_IDLE_MS;
}

const struct ot_store *ot_stream_store(const struct ot_stream *stream)
{
	return stream->store;
}

const struct ot_calls *ot_stream_calls(const struct ot_stream *stream)
{
	return stream->calls;
}

uint64_t ot_stream_nr_records(const struct ot_stream *stream)
{
	return stream->nr_records;
}

uint64_t ot_stream_nr_lost(const struct ot_stream *stream)
{
	return stream->rings ? ot_rings_lost(stream->rings) : 0;
}
