/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Rules of a probe: which calls are recorded, what is copied of them, what is done with their thread. The hooks' way
 * for arms that have rules.
 */
#ifndef OT_CORE_RULES_H
#define OT_CORE_RULES_H

#include <otrace/rule.h>
#include "core/copies.h"
#include "core/limits.h"

/* One rule, made ready. Points into the copy of what was loaded. */
struct ot_rule {
	const struct otrace_code *enter;
	const struct otrace_code *leave;
	uint32_t nr_enter;
	uint32_t nr_leave;
	uint32_t flags; /* OTRACE_RULE_* */
	uint32_t action;
	uint32_t counter;
	uint32_t tag_offset;
	uint32_t tag_bytes;
	uint32_t tag_session; /* or OT_TAG_KEPT */
	struct ot_limit *limit;
	struct ot_copy_program copies;
};

struct ot_rules {
	struct ot_rules *next; /* when it is free */
	uint32_t size_class;
	const void *loaded;
	uint32_t loaded_bytes;
	uint32_t nr;
	uint32_t context_mask; /* of the rules that copy, so too the next ones */
	uint32_t late_mask;
	uint32_t nr_late;
	uint32_t park_enter_mask;
	uint32_t park_leave_mask;
	uint32_t tag_mask;
	uint32_t hold_mask;
	bool reads; /* a condition reads memory through a pointer */
	struct ot_rule items[];
};

/**
 * Those that stay when the shell goes. Under control.
 *
 * @return the same when all of them do; NULL when none does, or there is no memory
 */
const struct ot_rules *ot_rules_kept(const struct ot_rules *rules, uint32_t frame_bytes);
/** Whether these are what loading the bytes would give now. NULL and none are the same. */
bool ot_rules_are(const struct ot_rules *rules, const void *bytes, uint32_t nr_bytes);
/**
 * Checks and copies them. Under control.
 *
 * @param ret NULL when nr is 0
 * @return an enum otrace_error; *ret is set on OTRACE_E_OK only
 */
int ot_rules_load(const void *bytes, uint32_t nr_bytes, uint32_t nr, uint32_t frame_bytes,
		  const struct ot_rules **ret);

/** Nobody has them any more: their memory goes to others. Under control. */
void ot_rules_free(const struct ot_rules *rules);

/** Which rules may match at the entry. The thread is held, the stack checked. */
struct ot_rules_entry {
	uint32_t matched;
	uint32_t late; /* decided at the end */
	uint32_t nr_late;
	uint32_t over; /* just ended by their limits */
	uint32_t live; /* have not ended before */
};

/** Decides. @param slots OTRACE_CODE_SLOTS words for each late rule, in the order of the bits; NULL = none may be late */
void ot_rules_decide_enter(struct ot_thread *thread, const struct ot_arm *arm,
			   const struct otrace_frame *frame, uint64_t *slots,
			   struct ot_rules_entry *ret);

/**
 * The same for a call without a frame. What asks for anything, or does anything with the call, does not match.
 *
 * @return false when that was so with one of them
 */
bool ot_rules_decide_blind(struct ot_thread *thread, const struct ot_arm *arm,
			   struct ot_rules_entry *ret);

/* What is kept of a call that is decided at its end; the captures follow the slots. */
struct ot_late {
	struct otrace_kept kept;
	uint64_t slots[];
};

/** Room for an entry, with slots to decide with. NULL: none of the rules is late, or there is no room (counted). */
struct ot_late *ot_late_begin(struct ot_thread *thread, const struct ot_arm *arm);
/** Keeps it: slots of the rules in mask are filled, and the fields but before, capture_bytes, begin_tsc. */
void ot_late_keep(struct ot_thread *thread, const struct ot_arm *arm,
		  const struct otrace_frame *frame, struct ot_late *late);
/** The call's entry, NULL when there is none. */
struct ot_late *ot_late_find(struct ot_thread *thread, uint64_t seq);
/** Is over. */
void ot_late_drop(struct ot_thread *thread, struct ot_late *late);

/** Decides at the end; the mask of those that match. @param frame NULL: the call has ended without a result */
uint32_t ot_rules_decide_leave(struct ot_thread *thread, const struct ot_arm *arm,
			       const struct otrace_frame *frame, struct ot_late *late,
			       uint64_t now_tsc, uint32_t *over_ret);

/** Writes the LATE record. @param arm_flags OTRACE_PROBE_WAIT, but not for the calls of another thread */
void ot_rules_write_late(struct ot_thread *thread, const struct ot_arm *arm, uint32_t arm_flags,
			 const struct ot_late *late, uint32_t matched, uint64_t now_tsc);
/** Writes what the matching rules copy of the call, at its entry or end. */
void ot_rules_write_copies(struct ot_thread *thread, const struct ot_arm *arm,
			   const struct ot_copies *what);
/** Tells that traces have ended. */
void ot_rules_write_over(struct ot_thread *thread, const struct ot_arm *arm, uint32_t arm_flags,
			 uint64_t seq, uint32_t over);
/** At the end of a matching call. */
void ot_rules_tag(const struct ot_arm *arm, const struct otrace_frame *frame, uint64_t seq,
		  uint32_t matched);
/** Parks, if one of the matching rules wants it. The thread is not held. */
void ot_rules_park(const struct ot_arm *arm, const struct otrace_frame *frame, uint64_t seq,
		   uint32_t matched, bool at_end);
/** A call with rules is over without its hook. Whether that is to be told: it has a record of its begin now. */
bool ot_rules_abandon(struct ot_thread *thread, const struct ot_open_call *call);

#endif
