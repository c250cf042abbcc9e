/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The stream of what traced functions do: reads the trace area, keeps every record in the store for
 * `log`, and hands events that are to be shown to a sink.
 */
#ifndef OT_STREAM_H
#define OT_STREAM_H

#include "stream/event.h"
#include "stream/store.h"

struct ot_stream;

/**
 * Where what comes goes; called from ot_stream_poll() only.
 *
 * event has the calls to be shown, @p trace is NULL for losses. every has all calls, shown or not, before their event;
 * NULL = nobody wants them.
 */
struct ot_stream_sink {
	void (*event)(void *priv, const struct ot_trace *trace, const struct ot_call_event *event);
	void (*every)(void *priv, const struct ot_trace *trace, const struct ot_call_event *event);
	/** A part of a context (otrace/ring.h), behind the event of its call; NULL = nobody wants them. */
	void (*part)(void *priv, uint32_t tid, const struct otrace_rec *part, uint64_t time_ns);
	void *priv;
};

/**
 * @param area     borrowed; NULL = there is none, nothing ever comes
 * @param traces   borrowed
 * @param from_now leave out what is in the rings already
 */
struct ot_stream *ot_stream_create(struct otrace_area *area, const struct ot_traces *traces,
				   const struct ot_stream_sink *sink, bool from_now);
void ot_stream_destroy(struct ot_stream *stream);

/**
 * Reads what is new and hands it on, for at most about @p budget_ms. While no active trace prints or
 * waits for us (all are -q) it looks only now and then and never catches up by force: the rings
 * keep the newest records, and the processor belongs to the program.
 * @return whether there is more to do at once
 */
bool ot_stream_poll(struct ot_stream *stream, unsigned int budget_ms);

/** The same, at once, whoever is traced: before records are shown. */
bool ot_stream_look(struct ot_stream *stream, unsigned int budget_ms);

/**
 * Who gets the records of one type that are no calls and no parts: of tags, breaks, asserts, ended traces. A later one
 * takes the place of an earlier one.
 */
void ot_stream_on(struct ot_stream *stream, enum otrace_rec_type type,
		  void (*take)(void *priv, uint32_t tid, const struct otrace_rec *rec,
			       uint64_t time_ns),
		  void *priv);

/** Everything that is left, to the end: after the program has ended or before the reader leaves. */
void ot_stream_drain(struct ot_stream *stream);

/** Milliseconds to wait until the next poll: few while records come, more when it is quiet. */
int ot_stream_pause_ms(const struct ot_stream *stream);

const struct ot_store *ot_stream_store(const struct ot_stream *stream);
/** Those that are open. */
const struct ot_calls *ot_stream_calls(const struct ot_stream *stream);
uint64_t ot_stream_nr_records(const struct ot_stream *stream);
uint64_t ot_stream_nr_lost(const struct ot_stream *stream);

#endif
