/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Requests that the program's event loops have put aside (otrace_hold()), as the records tell it. Records may be lost;
 * then, and where it matters, the runtime is asked: ot_holds_sync().
 */
#ifndef OT_STREAM_HOLDS_H
#define OT_STREAM_HOLDS_H

#include <otrace/wire.h>

#include "stream/calls.h"
#include "stream/traces.h"

struct ot_holds;

struct ot_hold {
	uint64_t seq; /* of the call that was to serve it */
	uint32_t trace_id;
	uint32_t tid;	       /* that put it aside */
	uint32_t counter;      /* of the trace that wanted it */
	uint64_t call_time_ns; /* CLOCK_REALTIME, of the call's begin where that is known */
	uint64_t since_ns;     /* CLOCK_REALTIME */
	uint64_t deadline_ns;  /* CLOCK_MONOTONIC; 0 = none */
	char label[OTRACE_HOLD_LABEL_BYTES];
};

/** A request was put aside, or is taken up again. */
struct ot_hold_event {
	struct ot_hold hold;
	bool is_over;
	uint64_t time_ns;
	/* of one that is over */
	uint64_t waited_ns;
	enum otrace_released reason;
};

/** @param traces borrowed */
struct ot_holds *ot_holds_create(const struct ot_traces *traces);
void ot_holds_destroy(struct ot_holds *holds);

/** A call's begin, before what follows it. Cheap. @param trace of the call */
void ot_holds_call(struct ot_holds *holds, const struct ot_trace *trace,
		   const struct ot_call_event *event);
/** A HELD or RELEASED record. False: it says nothing to us. */
bool ot_holds_feed(struct ot_holds *holds, uint32_t tid, const struct otrace_rec *rec,
		   uint64_t time_ns, struct ot_hold_event *ret);
/** Nothing is held any more. */
void ot_holds_clear(struct ot_holds *holds);

/** What is held, the first one first. Borrowed until the next change. */
const struct ot_hold *ot_holds_list(const struct ot_holds *holds, size_t *nr_ret);
/** What is held of this call, or NULL. */
const struct ot_hold *ot_holds_find(const struct ot_holds *holds, uint64_t seq);
/** How many were put aside so far: more than before = a new one. */
uint64_t ot_holds_nr_ever(const struct ot_holds *holds);

/** What the runtime says becomes what is here. @param list_ret may be NULL */
struct ot_err *ot_holds_sync(struct ot_holds *holds, struct ot_target *target,
			     struct otrace_held_list *list_ret);
/**
 * Lets requests be taken up again: those of these calls, or all when @p nr is 0.
 * @param nr_ret how many were held; may be NULL
 */
struct ot_err *ot_holds_release(struct ot_target *target, const uint64_t *seqs, size_t nr,
				enum otrace_released reason, uint32_t *nr_ret);
/** The same for those of a trace that was taken away. @param counter its number */
struct ot_err *ot_holds_untraced(struct ot_target *target, uint32_t counter);

/** "handle:hd-parsed:261122-14-11-44.17" */
void ot_hold_id(const struct ot_holds *holds, const struct ot_hold *hold, struct ot_buf *out);
/** A line, and a JSON event, each with its newline. @param pid of the program */
void ot_hold_text(const struct ot_holds *holds, const struct ot_hold_event *event,
		  struct ot_buf *out);
void ot_hold_json(const struct ot_holds *holds, const struct ot_hold_event *event, int pid,
		  struct ot_buf *out);

#endif
