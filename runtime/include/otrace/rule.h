/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What a shell wants of a function beyond the flow of its calls: conditions, copies, actions.
 *
 * Several traces may sit on one function. Each trace has a number, its counter, which all its functions share; what
 * it wants of one function is a rule. An arm (struct otrace_probe_set) carries up to OTRACE_RULES_MAX rules, in
 * the order of their bits in `matched` of the records. An arm without rules records every call.
 *
 * A rule's payload, in this order, each part a multiple of 8 bytes:
 *
 *	struct otrace_rule
 *	struct otrace_code[nr_enter_code + nr_leave_code]
 *	struct otrace_copy_pointer[nr_enter_roots + nr_leave_roots + nr_pointers]
 *	struct otrace_copy_layout[nr_layouts]
 *
 * All of it is checked when it is loaded; what does not hold is refused with INVALID, and nothing changes.
 */
#ifndef OTRACE_RULE_H
#define OTRACE_RULE_H

#include <otrace/ring.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OTRACE_RULES_MAX 32u
#define OTRACE_COUNTERS_MAX 1024u

/* ------------------------------------------------------------------ conditions */

/**
 * One instruction of a condition; core/bytecode.h says what each does. A program without instructions says yes.
 */
struct otrace_code {
	uint8_t op;
	uint8_t width;
	uint16_t arg;
	uint32_t imm;
};

#define OTRACE_CODE_MAX 256u  /* instructions of a program */
#define OTRACE_CODE_SLOTS 16u /* words that a program at the entry leaves for the one at the end */

/* ------------------------------------------------------------------ copies */

/** A pointer to follow: where it lies in its object, and what it points to. */
struct otrace_copy_pointer {
	uint32_t offset; /* roots: in the wrapper's frame */
	uint32_t layout; /* index into the layouts, or OTRACE_COPY_STRING */
};

#define OTRACE_COPY_STRING UINT32_MAX /* up to OTRACE_COPY_STRING_BYTES, ends after the NUL */
#define OTRACE_COPY_STRING_BYTES 256u

/**
 * An object of known size. Deeper levels are layouts of their own, each with a higher index than what leads to it:
 * so no copy runs in a circle.
 */
struct otrace_copy_layout {
	uint32_t bytes;
	uint32_t first_pointer; /* of the pointers behind the roots */
	uint32_t nr_pointers;
	uint32_t reserved;
};

#define OTRACE_COPY_OBJECTS_MAX 64u /* of one call; further ones are counted as left out */
#define OTRACE_COPY_BYTES_MAX (256u * 1024u)
#define OTRACE_COPY_STACK_BYTES_MAX (64u * 1024u)
#define OTRACE_COPY_ROOTS_MAX 256u     /* of each end */
#define OTRACE_COPY_POINTERS_MAX 8192u /* behind the roots */
#define OTRACE_COPY_LAYOUTS_MAX 1024u

/* ------------------------------------------------------------------ rules */

enum otrace_action {
	OTRACE_ACTION_NONE = 0,
	OTRACE_ACTION_BREAK = 1, /* park the thread */
	OTRACE_ACTION_GDB = 2,	 /* the same; the shell starts gdb */
	OTRACE_ACTION_TAG = 3,	 /* tag the object behind tag_offset when the call returns */
	OTRACE_ACTION_HOLD = 4
};

#define OTRACE_RULE_LATE \
	1u /* decided by the leave code; the enter code, if any, may say no before */
#define OTRACE_RULE_CONTEXT 2u	    /* copies of what matches: roots, registers, stack, place */
#define OTRACE_RULE_SPARING 4u	    /* copies within the thread's share of time and bytes only */
#define OTRACE_RULE_BREAK_LEAVE 8u  /* the action is taken (again) at the end of the call */
#define OTRACE_RULE_BREAK_ENTER 16u /* the action is taken at the beginning */
#define OTRACE_RULE_KEEP 32u	    /* stays when the shell goes */
#define OTRACE_RULE_TAG_RETURN 64u  /* the object to tag is the result, not an argument */

struct otrace_rule {
	uint32_t size_bytes; /* with all that follows */
	uint32_t counter;    /* of its trace, < OTRACE_COUNTERS_MAX */
	uint32_t flags;	     /* OTRACE_RULE_* */
	uint32_t action;     /* enum otrace_action */
	uint32_t nr_enter_code;
	uint32_t nr_leave_code;
	uint32_t nr_enter_roots; /* what is copied at the entry */
	uint32_t nr_leave_roots; /* and again at the end: out-parameters, the result */
	uint32_t nr_pointers;
	uint32_t nr_layouts;
	uint32_t stack_bytes; /* of the thread's stack to copy, 0 = none; registers come with it */
	uint32_t max_bytes; /* of the copied objects of one end of a call; the stack comes on top */
	uint32_t tag_offset; /* ACTION_TAG: where in the frame the pointer lies */
	uint32_t tag_bytes;  /* what the tag covers when the allocator does not know */
};

/* ------------------------------------------------------------------ traces */

/** Why a trace has ended by itself. */
enum otrace_over {
	OTRACE_OVER_NO = 0,
	OTRACE_OVER_HITS = 1, /* as many matches as were wanted */
	OTRACE_OVER_RATE = 2, /* more matches in a millisecond than allowed */
	OTRACE_OVER_MOST = 3  /* more matches than any trace may have */
};

/** Limits of a trace; sets its counts to 0. */
struct otrace_trace_set {
	uint32_t counter;
	uint32_t flags;	      /* 0 */
	uint64_t skip;	      /* the first so many matches are only counted */
	uint64_t most;	      /* ends after so many, 0 = never */
	uint32_t over;	      /* enum otrace_over to give then */
	uint32_t rate_per_ms; /* ends when there are more in a millisecond, 0 = never */
	uint64_t deadline_ns; /* of a break or hold, 0 = none */
};

/** What a trace has seen, summed over all threads. */
struct otrace_trace_counts {
	uint64_t evaluated; /* calls whose condition was asked for */
	uint64_t matched;
	uint64_t faults;   /* conditions that could not be decided: wild pointers. No match */
	uint64_t cost_tsc; /* of nr_timed conditions */
	uint64_t nr_timed;
	uint64_t copied_bytes;
	uint64_t spared; /* matches without copies, for want of a share */
	uint32_t over;	 /* enum otrace_over */
	uint32_t
		is_kept; /* 1: it counts for a trace that stayed when its shell went: another is to take another */
};

OTRACE_STATIC_ASSERT(sizeof(struct otrace_code) == 8, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_copy_pointer) == 8, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_copy_layout) == 16, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rule) == 56, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_trace_set) == 40, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_trace_counts) == 64, "wire size");

#ifdef __cplusplus
}
#endif
#endif
