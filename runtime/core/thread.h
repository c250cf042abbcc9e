/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What the runtime knows about each thread of the program.
 *
 * Three kinds of memory: a small thread-local block (initial-exec, so that touching it never calls
 * anything), the thread's state in memory that a forked child finds zeroed (MADV_WIPEONFORK: so any
 * child, however it was made, is off by itself), and the ring in the trace area, which outlives the
 * process.
 */
#ifndef OT_CORE_THREAD_H
#define OT_CORE_THREAD_H

#include <otrace/rule.h>
#include "base/mem.h"
#include "core/probe.h"

#define OT_OPEN_MAX 16384u /* open calls remembered per thread; deeper ones are still recorded */
#define OT_STACKS_KEPT 6u

/*
 * A function that the hooks' fast way may call but hardly ever does: it saves every register itself, so
 * that the fast way need not.
 */
#define OT_SLOW __attribute__((noinline, cold, no_caller_saved_registers))

/* Memory that a thread runs on. */
struct ot_stack {
	uint64_t low;
	uint64_t bytes; /* 0 = unused */
	uint32_t flags; /* OT_STACK_* */
	uint32_t reserve_bytes;
};

#define OT_STACK_EXACT 1u    /* the bounds are the mapping's, not a guess around the first frame */
#define OT_STACK_CLOSABLE 2u /* one stack for sure: a higher frame means that lower ones are gone */
#define OT_STACK_OWN \
	4u /* main's or the thread's: it stays as long as the thread, so it is read directly */

struct ot_tls {
	uint64_t
		stack_low; /* thunks compare %rsp with it; all ones = not known yet, 0 = no end is known */
	struct ot_thread *thread; /* NULL = not attached (yet) */
	struct ot_stack stack;	  /* the one it runs on now */
	struct ot_stack others[OT_STACKS_KEPT];
	uint64_t busy; /* the hook that is in attach: a signal handler's must not start another */
	uint32_t attach_pause; /* events to skip before trying for a ring again */
	uint16_t next_other;
	uint16_t nr_asked; /* times that /proc/self/maps was asked */
	uint32_t tid;	   /* 0 = not asked for yet; only that of a wanted call's thread matters */
	uint32_t call_pause; /* entries to skip before looking again whether one may be made here */
	uint32_t reads;	     /* whether it may read fast: reads.h; 0 = to be asked */
	uint32_t reads_pause; /* times not to ask */
};

_Static_assert(sizeof(struct ot_tls) <= 256, "static TLS of a dlopen'd library is scarce");

extern __thread struct ot_tls ot_tls
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

int32_t ot_tls_stack_low_offset(void);

struct ot_open_call {
	uint64_t frame;
	uint64_t seq; /* of a quiet one that of the recorded call around it, 0 = none */
	const struct ot_arm *arm;
	uint32_t depth;	   /* recorded calls up to here */
	uint32_t is_quiet; /* no rule matches: it gets a record only when it ends badly */
};

/* In words[0] of a quiet call's frame. */
#define OT_SEQ_QUIET (~0ull)
/* It has ended, but not in the thread that has it as open. */
#define OT_SEQ_ENDED_ELSEWHERE (~1ull)

static inline bool ot_open_is(const struct ot_open_call *call, uint64_t frame, uint64_t seq)
{
	return call->frame == frame && (call->is_quiet ? OT_SEQ_QUIET : call->seq) == seq;
}

/* What conditions of one trace did in one thread; only that thread writes. */
struct ot_rule_count {
	uint64_t evaluated;
	uint64_t matched;
	uint64_t faults;
	uint64_t cost_tsc;
	uint64_t nr_timed;
	uint64_t copied_bytes;
	uint64_t spared;
};

/* What the thread may still spend on sparing copies: share.h. In nanoseconds of its time that it takes to earn it. */
struct ot_share {
	int64_t time_ns;
	int64_t bytes_ns;
	uint64_t last_tsc; /* 0 = nothing was copied yet */
};

#define OT_COPY_ROOM_BYTES (24u * 1024u)
#define OT_LATE_BYTES OTRACE_KEPT_BYTES /* for calls that are decided at their end */

enum ot_thread_state {
	OT_THREAD_FREE = 0,
	OT_THREAD_LIVE = 1,
	OT_THREAD_BUSY = 2, /* being started, or swept after its owner's death */
	OT_THREAD_DEAD = 3  /* the ring may be taken over */
};

/*
 * A running hook, as one word: where the frame of its call lies (the stack pointer for LOW), and one of
 * these. A handler may have interrupted the hook, or may have left it for good by a jump: left.c.
 */
#define OT_HOOK_ENTER 0u
#define OT_HOOK_LEAVE 2u /* unwind, too */
#define OT_HOOK_LOW 4u	 /* has no frame */
#define OT_HOOK_KIND 7u

#define OT_ARMED 1u /* in place of a hook: none */
#define OT_ASKED \
	3u /* none, and the next one looks whether a call waits for the thread: callhere.h */

struct ot_thread {
	uint64_t
		armed; /* OT_ARMED, OT_ASKED = the owner may record; 0 = may not; else its hook that runs */
	uint64_t owner;		  /* generation << 32 | its number << 8 | enum ot_thread_state */
	struct ot_open_call *top; /* the innermost of open[] */
	uint64_t pos;		  /* bytes written to the ring */
	uint64_t room;		  /* bytes left in the sub-buffer */
	uint8_t *data;
	uint64_t data_mask;
	uint32_t depth;	   /* open calls, with the quiet ones */
	uint32_t index;	   /* of this state, and of its ring */
	uint32_t nr_using; /* calls that are done with their hook and still use its arm */
	struct otrace_ring *ring;
	uint64_t nr_written;
	uint64_t next_seq;
	uint64_t end_seq;
	uint64_t seq_block;    /* call numbers to take next time */
	uint64_t stalled_tail; /* where the reader stood when waiting for it was given up, + 1 */
	char scratch[1024];    /* of the hook that runs: what a small stack has no room for */
	struct ot_open_call open[OT_OPEN_MAX + 1]; /* [0] is above everything */
	struct ot_rule_count counts[OTRACE_COUNTERS_MAX];
	uint64_t late_ends; /* of late: bytes used, and above them where the newest entry begins */
	uint8_t *late; /* OT_LATE_BYTES behind the ring, where they outlive the process; late.c */
	struct ot_share share;
	uint64_t copy_room[OT_COPY_ROOM_BYTES / 8]; /* of copies.c, while it runs */
};

static inline enum ot_thread_state ot_thread_state(const struct ot_thread *thread)
{
	return (enum ot_thread_state)(__atomic_load_n(&thread->owner, __ATOMIC_ACQUIRE) & 0xff);
}

static inline bool ot_thread_is_live(const struct ot_thread *thread, int tid)
{
	return (uint32_t)__atomic_load_n(&thread->owner, __ATOMIC_ACQUIRE) ==
	       ((uint32_t)tid << 8 | OT_THREAD_LIVE);
}

static inline void ot_thread_set_depth(struct ot_thread *thread, uint32_t depth)
{
	thread->depth = depth;
	thread->top = &thread->open[depth <= OT_OPEN_MAX ? depth : OT_OPEN_MAX];
}

/** The depth that a record says of a call which begins now. */
static inline uint32_t ot_thread_next_depth(const struct ot_thread *thread)
{
	uint32_t depth = thread->top->depth + 1;

	if (ot_unlikely(thread->depth > OT_OPEN_MAX))
		depth += thread->depth - OT_OPEN_MAX;
	return depth;
}

/**
 * Begins a hook of the calling thread. False: a handler has forked between the look at armed and this, and this is the
 * child, which has found the state wiped (from here on it would be kept: ot_threads_before_fork).
 */
static inline bool ot_thread_take(struct ot_thread *thread, uint64_t hook)
{
	thread->armed = hook;
	ot_barrier();
	if (ot_likely(thread->top))
		return true;
	thread->armed = 0;
	return false;
}

/**
 * Ends it. @param before what armed was. A release: who takes over from a thread that has died has seen its last hook.
 */
static inline void ot_thread_give_back(struct ot_thread *thread, uint64_t before)
{
	ot_barrier();
	__atomic_store_n(&thread->armed, before, __ATOMIC_RELEASE);
}

/**
 * The calling thread's state, attached if need be; NULL = this call cannot be recorded (counted).
 *
 * @param hook the hook that asks, as it will stand in armed
 */
OT_SLOW struct ot_thread *ot_thread_slow(uint64_t hook, const struct ot_arm *arm);

/** A hook without a frame: what a jump out of a handler leaves there is no call's own hook. */
static inline uint64_t ot_thread_hook_at(uint64_t frame)
{
	return (frame & ~(uint64_t)OT_HOOK_KIND) | OT_HOOK_LOW;
}

/** As a hook, but one that leaves a question for the thread alone: before_ret is for ot_thread_give_back(). */
static inline struct ot_thread *ot_thread_acquire(uint64_t hook, const struct ot_arm *arm,
						  uint64_t *before_ret)
{
	struct ot_thread *thread = ot_tls.thread;

	if (!thread || thread->armed != OT_ARMED)
		thread = ot_thread_slow(hook, arm);
	if (!thread)
		return NULL;
	*before_ret = thread->armed;
	return ot_thread_take(thread, hook) ? thread : NULL;
}

/** Asks that thread to look whether a call waits for it, at its next entry that is recorded; it may miss that. */
void ot_threads_ask(int tid);
/** Closes the open calls of dead threads. By the oshell thread, and by the one that calls exit(). */
void ot_threads_sweep(void);
/** State i, or NULL when there is no such. */
struct ot_thread *ot_thread_at(uint32_t i);
/** Maps the states; called before the area is there. */
bool ot_threads_init(uint32_t nr);
/** Is this the process that records? False in any forked child. */
bool ot_threads_live(void);
/** Around fork: a hook of the calling thread can end in the child. after says whether there is one. */
void ot_threads_before_fork(void);
bool ot_threads_after_fork(void);
/** After an assertion failed: nobody records any more. */
void ot_threads_disarm(void);

/** Where argv is: above every frame of the main thread. 0 = not known. */
extern uint64_t ot_stack_main_end;

/** True when the hook was left by a jump out of a handler: the hook now cannot run while it lives. */
bool ot_hook_is_left(uint64_t hook, uint64_t now, uint32_t frame_bytes);
/** Puts in order what a hook that was left had begun. */
void ot_hook_clear_left(struct ot_thread *thread, uint64_t hook);

/** True when both lie on one stack, surely. Changes nothing, so that it may be asked inside another hook. */
bool ot_stack_is_one(uint64_t a, uint64_t b);

/** Makes the stack that sp lies on the current one. */
OT_SLOW void ot_stack_find(uint64_t sp);

/** The same, and its bounds are those of the mapping, not a guess. */
void ot_stack_be_exact(uint64_t sp);

/** Asks again where the stack ends, if it can have changed since. */
OT_SLOW void ot_stack_renew(uint64_t sp);

/**
 * Starts a new sub-buffer, after waiting for the reader if the trace asked for that. False: the
 * record must not be written (it is counted).
 */
OT_SLOW bool ot_ring_next(struct ot_thread *thread, uint32_t arm_flags);
/**
 * Takes back what was begun and not committed: by a hook that was left, or whose thread died in it.
 * Returns the last record of the sub-buffer, NULL when there is none.
 */
const struct otrace_rec *ot_ring_settle(struct ot_thread *thread);
/** Notes the end of a call that will never come to its hook. */
void ot_ring_end(struct ot_thread *thread, uint32_t trace_id, uint64_t seq);
void ot_ring_abandon(struct ot_thread *thread, const struct ot_open_call *call);
/** The same of one of several that are over. @param together with the record before. @return whether one was written */
bool ot_ring_abandon_with(struct ot_thread *thread, const struct ot_open_call *call, bool together);

/** Closes the open calls that begin below end on the stack that runs. The thread is held. */
OT_SLOW void ot_calls_close_below(struct ot_thread *thread, uint64_t end);
/**
 * Writes the record of a quiet call that ends badly.
 *
 * @param type OTRACE_REC_ABANDONED or OTRACE_REC_UNWOUND
 * @param flags OTRACE_REC_FLAG_EXIT or 0
 * @param frame has the arguments as they came; NULL = they are not to be had
 */
void ot_quiet_end(struct ot_thread *thread, const struct ot_open_call *call, unsigned int type,
		  unsigned int flags, const struct otrace_frame *frame);
/** A quiet call has no end any more. */
void ot_quiet_abandon(struct ot_thread *thread, const struct ot_open_call *call);
/** The calling thread ends the program: its quiet calls get their records. */
void ot_quiet_exit(void);

#endif
