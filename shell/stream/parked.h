/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Threads that wait at breaks, as the records tell it. Records may be lost; then, and where it matters, the runtime is
 * asked: ot_parked_sync().
 */
#ifndef OT_STREAM_PARKED_H
#define OT_STREAM_PARKED_H

#include <otrace/wire.h>

#include "stream/asserts.h"
#include "stream/calls.h"
#include "stream/traces.h"

struct ot_parked;

struct ot_parked_thread {
	uint64_t seq;	   /* of the call that it waits in */
	uint32_t trace_id; /* 0 = in a traceassert(), which is no call */
	uint32_t tid;
	uint32_t counter; /* of the trace that wanted it */
	uint32_t action;  /* enum otrace_action */
	bool at_end;
	bool was_asked;	       /* resume said so while somebody was there */
	uint64_t call_time_ns; /* CLOCK_REALTIME, of the call's begin where that is known */
	uint64_t since_ns;     /* CLOCK_REALTIME */
	uint64_t deadline_ns;  /* CLOCK_MONOTONIC; 0 = none */
};

/** A thread came to a break, or goes on. */
struct ot_parked_event {
	struct ot_parked_thread thread;
	bool goes_on;
	uint64_t time_ns;
	/* of one that goes on */
	uint64_t waited_ns;
	enum otrace_resumed reason;
	bool unattended; /* the shell let it go, as nobody was left to say resume */
};

/** @param traces borrowed */
struct ot_parked *ot_parked_create(const struct ot_traces *traces);
void ot_parked_destroy(struct ot_parked *parked);

/** Any call's begin or end, before what follows it. Cheap. */
void ot_parked_call(struct ot_parked *parked, const struct ot_call_event *event);
/** A crash, before the break that its thread waits at. */
void ot_parked_crash(struct ot_parked *parked, uint64_t seq, const char *function,
		     const char *signal);
/** A failed assertion that parks its thread, before the record of that. */
void ot_parked_assert(struct ot_parked *parked, const struct ot_assert *assert);
/** A PARKED or RESUMED record. False: it says nothing to us. */
bool ot_parked_feed(struct ot_parked *parked, uint32_t tid, const struct otrace_rec *rec,
		    uint64_t time_ns, struct ot_parked_event *ret);
/** Records were lost: what is here may be wrong. */
void ot_parked_lost(struct ot_parked *parked);
/** From now on nobody says resume: who goes on by the shell, and was not told to before, does it for that reason. */
void ot_parked_unattended(struct ot_parked *parked);
/** Nobody waits any more. */
void ot_parked_clear(struct ot_parked *parked);

/** Those that wait, the first one first. Borrowed until the next change. */
const struct ot_parked_thread *ot_parked_threads(const struct ot_parked *parked, size_t *nr_ret);
/** The one that waits in this call, or NULL. */
const struct ot_parked_thread *ot_parked_find(const struct ot_parked *parked, uint64_t seq);
/** How many breaks were come to so far: more than before = a new one. */
uint64_t ot_parked_nr_breaks(const struct ot_parked *parked);

/** What the runtime says becomes what is here. @param list_ret may be NULL */
struct ot_err *ot_parked_sync(struct ot_parked *parked, struct ot_target *target,
			      struct otrace_parked_list *list_ret);
/** The same where records were lost; else nothing. A failure leaves it as it is. */
void ot_parked_settle(struct ot_parked *parked, struct ot_target *target);
/**
 * Lets threads go on: those of these calls, or all when @p nr is 0.
 * @param nr_ret how many waited; may be NULL
 */
struct ot_err *ot_parked_resume(struct ot_target *target, const uint64_t *seqs, size_t nr,
				uint32_t *nr_ret);
/** Lets those go on whose trace was taken away. @param counter its number */
struct ot_err *ot_parked_untraced(struct ot_target *target, uint32_t counter);

/** "f:br-call:261122-14-11-44.17" */
void ot_parked_id(const struct ot_parked *parked, const struct ot_parked_thread *thread,
		  struct ot_buf *out);
/** A line, and a JSON event, each with its newline. @param pid of the program */
void ot_parked_text(const struct ot_parked *parked, const struct ot_parked_event *event,
		    struct ot_buf *out);
void ot_parked_json(const struct ot_parked *parked, const struct ot_parked_event *event, int pid,
		    struct ot_buf *out);
/** The word of a reason: "resume", "deadline", ... */
const char *ot_parked_reason(enum otrace_resumed reason);

#endif
