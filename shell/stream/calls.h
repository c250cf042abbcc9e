/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * From records to calls: keeps the calls that are open in each thread, so that the record of an end
 * finds the function, the time and the caller of its beginning.
 *
 * Fed with the records of all threads in the order of ot_rings_next(). Lost records leave calls
 * open whose end never comes; the next record of the thread that shows them to be over closes them
 * silently.
 */
#ifndef OT_STREAM_CALLS_H
#define OT_STREAM_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <otrace/ring.h>

struct ot_calls;

enum ot_call_event_kind {
	OT_CALL_ENTER,
	OT_CALL_RETURN,
	OT_CALL_ABANDONED, /* left by longjmp or the end of its thread */
	OT_CALL_UNWOUND,   /* left by an exception */
	OT_CALL_LOST	   /* records are missing */
};

/** Calls that one exception, or one longjmp, ended: what the outer one's end says of the next one inside. */
enum ot_call_related {
	OT_CALL_UNRELATED,
	OT_CALL_RELATED,
	/* It was the same exception object, but thrown anew in between: by `throw;`, or it is another one that was made
	 * where the first had been. */
	OT_CALL_MAYBE_RELATED
};

/** Something that happened to a call. Times are CLOCK_REALTIME in nanoseconds. */
struct ot_call_event {
	enum ot_call_event_kind kind;
	uint32_t trace_id;
	uint32_t tid;
	uint32_t depth;	   /* open recorded calls of the thread, this one included */
	uint8_t flags;	   /* OTRACE_REC_FLAG_* */
	bool begin_known;  /* ends: call_time_ns, depth and parent are known */
	bool end_expected; /* enter: a record of the end will follow */
	uint64_t seq;
	uint64_t parent_seq;	  /* 0 = none */
	uint32_t parent_trace_id; /* 0 = parent's beginning not known */
	uint64_t parent_time_ns;  /* of the parent's call, when parent_trace_id is known */
	uint64_t time_ns;
	uint64_t call_time_ns; /* of the beginning; time_ns where that is not known */
	uint64_t begin_ns;     /* the same, but for what copying a context at the entry took */
	uint32_t
		matched; /* ENTER: bit i = rule i of the arm; 0 = it has none. Ends: all that matched */
	uint32_t
		matched_before; /* is_late: what had matched when it began; 0 = it was not recorded then */
	bool is_late;		/* ENTER: the call was decided at its end, which follows */
	bool is_unmatched; /* ABANDONED, UNWOUND: all there is of a call that no rule matched; captures are those
			    * of its entry, if flags does not say NO_ARGS. Only depth and parent are known besides */
	uint64_t self_ns; /* ends: duration without that of recorded calls made inside */
	uint64_t lost;	  /* LOST: how many records */
	enum ot_call_related related; /* UNWOUND, ABANDONED */
	uint64_t related_seq; /* with related: the call inside of it that ended so, before it */
	uint32_t related_trace_id;
	uint64_t related_time_ns; /* of the begin of that call */
	const void *captures;	  /* borrowed from the record */
	size_t nr_bytes;
};

struct ot_calls *ot_calls_create(void);
void ot_calls_destroy(struct ot_calls *calls);

/**
 * @param time_ns of the record. A LATE record comes with begin_tsc as such a time too.
 * @param ret filled in
 */
void ot_calls_feed(struct ot_calls *calls, uint32_t tid, const struct otrace_rec *rec,
		   uint64_t time_ns, struct ot_call_event *ret);

/** A part of a context, or RESUMED. @param time_ns of the record */
void ot_calls_part(struct ot_calls *calls, uint32_t tid, const struct otrace_rec *part,
		   uint64_t time_ns);

/** Records of the thread are missing, from here on: what comes is related to nothing before. */
void ot_calls_gap(struct ot_calls *calls, uint32_t tid);
/** Records of the thread are missing: what is open may be over. */
void ot_calls_lost(struct ot_calls *calls, uint32_t tid, uint64_t lost, uint64_t time_ns,
		   struct ot_call_event *ret);

/** The calls that are open: those of one thread follow each other, the innermost last. As ENTER, without captures. */
void ot_calls_each_open(const struct ot_calls *calls,
			void (*each)(void *priv, const struct ot_call_event *event), void *priv);

#endif
