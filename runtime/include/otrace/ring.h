/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The trace area: what the traced process writes and the shell reads, in one memfd mapped by both,
 * so that it survives the death of the process.
 *
 * Layout: struct otrace_area, then nr_rings rings, ring i at rings_offset + i * ring_stride_bytes.
 * A ring is struct otrace_ring (one page), then ring_bytes of data (a power of two), then OTRACE_KEPT_BYTES of its thread's
 * kept calls.
 *
 * A ring has one writer, the thread owner_tid, and any number of readers. It is a flight recorder:
 * the writer never waits and never looks at a reader (unless a trace asked for it, see tail), the
 * newest records win. The data is cut into sub-buffers of OTRACE_SUBBUF_BYTES. Each starts with
 * struct otrace_subbuf, so that a reader that fell behind starts again at the oldest whole
 * sub-buffer and knows exactly how many records it missed. No record crosses a sub-buffer; the rest
 * of one is filled by a record of type OTRACE_REC_PAD. Positions (head, tail, struct otrace_subbuf)
 * count bytes since the ring began to be written by this owner; the place in the data is
 * position % ring_bytes.
 *
 * Reading: load head (acquire); everything in [head - ring_bytes + OTRACE_SUBBUF_BYTES, head) is
 * there, older is gone. Copy out, then load head again: what was copied from below
 * (new head - ring_bytes + OTRACE_SUBBUF_BYTES) may be torn and must be thrown away. generation
 * changes when another thread takes the ring over (odd while that happens); start again at 0 then.
 *
 * Losses. nr_written counts the records that the writer wrote; sub-buffer headers hold the count at
 * their start, so missed = header count - records read so far. What the writer itself could not
 * write is counted in lost_* and is never silent. A ring of a dead thread goes to a new one when no
 * other is free, first those that the reader has read to their end; what it had not read is the
 * difference of nr_before.
 *
 * Kept calls are open ones of which nothing is in the ring yet: a condition is decided at their end. Who finds the process
 * dead reads them, newest first: struct otrace_kept at kept_ends >> 32, if kept_ends & 0xffffffff is not 0, then at before
 * until that was 0. While the process lives they change under the reader.
 */
#ifndef OTRACE_RING_H
#define OTRACE_RING_H

#include <otrace/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OTRACE_AREA_MAGIC 0x6165724161724f74ull
#define OTRACE_RING_VERSION 2

#define OTRACE_SUBBUF_BYTES (32u * 1024u)
#define OTRACE_RECORD_MAX_BYTES 4096u

/** First page of the area. Written by the runtime; constant but for the clock and the losses. */
struct otrace_area {
	uint64_t magic;
	uint32_t version;
	uint32_t pid;
	uint64_t area_bytes;
	uint64_t rings_offset;
	uint64_t ring_stride_bytes;
	uint32_t ring_bytes;
	uint32_t nr_rings;
	/* nanoseconds since clock_base = ((tsc - tsc_base) * tsc_mult) >> tsc_shift, in 128 bits;
	 * read again when clock_seq (a sequence lock: odd = being written) has changed */
	uint32_t clock_seq;
	uint32_t tsc_shift;
	uint64_t tsc_mult;
	uint64_t tsc_base;
	uint64_t monotonic_base_ns; /* CLOCK_MONOTONIC at tsc_base */
	uint64_t realtime_base_ns;  /* CLOCK_REALTIME at tsc_base */
	uint64_t lost_no_ring;	    /* calls not recorded: more threads than rings */
	uint64_t next_call_seq;	    /* blocks of call numbers are taken from here */
	uint64_t reserved[16];
};

/** Head of a ring. owner_tid 0 = free. */
struct otrace_ring {
	uint32_t owner_tid;
	uint32_t generation;
	uint64_t thread_pointer; /* of the owner, for thread-locals */
	char thread_name[16];
	uint64_t head;	       /* bytes written; release */
	uint64_t nr_written;   /* records written, pads not counted */
	uint64_t lost_nested;  /* calls not recorded: a signal hit the thread inside a hook */
	uint64_t lost_waiting; /* calls not recorded: waited for the reader until the deadline */
	uint64_t lost_fault;   /* calls not recorded: other reasons (depth, damaged frame) */
	uint64_t nr_before;    /* records of former owners, and calls that they could not record */
	uint64_t
		kept_ends; /* of the kept calls: bytes used, and above them where the newest begins */
	uint64_t reserved0[5];
	uint64_t tail; /* written by the reader: bytes it has taken; only looked at by
				     traces that wait for the reader */
	uint64_t reserved1[7];
};

/** First bytes of a sub-buffer. */
struct otrace_subbuf {
	uint64_t position;   /* of this header */
	uint64_t nr_written; /* records of the ring before it */
};

enum otrace_rec_type {
	OTRACE_REC_PAD = 0,	   /* only struct otrace_rec's first word is valid */
	OTRACE_REC_ENTER = 1,	   /* struct otrace_rec_enter, captures */
	OTRACE_REC_LEAVE = 2,	   /* struct otrace_rec, captures */
	OTRACE_REC_ABANDONED = 3,  /* call ended by longjmp or thread exit; tsc = when noticed */
	OTRACE_REC_UNWOUND = 4,	   /* struct otrace_rec_unwound: left by an exception */
	OTRACE_REC_ENTER_ONLY = 5, /* struct otrace_rec_enter; no end will follow */
	/* struct otrace_rec_late, captures of the entry: a call that was decided at its end. Its end
	 * follows. A call that has an ENTER already gets it too when another trace matches late */
	OTRACE_REC_LATE = 6,
	/* Parts of a context: they belong to the record before them with the same call_seq, and are not
	 * counted as records. PLACE is the last one of each end of a call. */
	OTRACE_REC_COPY = 7,	    /* struct otrace_rec_copy, bytes padded to 8 */
	OTRACE_REC_REGISTERS = 8,   /* struct otrace_rec_registers */
	OTRACE_REC_PLACE = 9,	    /* struct otrace_rec_place */
	OTRACE_REC_ASSERT = 11,	    /* struct otrace_rec_assert, texts; parts follow */
	OTRACE_REC_TRACE_OVER = 12, /* struct otrace_rec_trace_over: a trace has reached a limit */
	OTRACE_REC_TAG = 13,	    /* struct otrace_rec_tag: a call has tagged an object */
	OTRACE_REC_PARKED = 14,	    /* struct otrace_rec_parked: its thread waits from here on */
	OTRACE_REC_RESUMED = 15,    /* struct otrace_rec_resumed: it goes on */
	OTRACE_REC_TAG_MOVED = 16,  /* struct otrace_rec_tag_moved: by realloc() */
	OTRACE_REC_TAG_DIED = 17,   /* struct otrace_rec_tag_died: its object is no more */
	OTRACE_REC_HELD = 19,	    /* struct otrace_rec_held: the call's request is put aside */
	OTRACE_REC_RELEASED = 20,   /* struct otrace_rec_released: it is taken up again */
	OTRACE_REC_CRASH = 21	    /* struct otrace_rec_crash; parts follow */
};

#define OTRACE_REC_IS_PART(type) ((type) >= OTRACE_REC_COPY && (type) <= OTRACE_REC_PLACE)

#define OTRACE_REC_FLAG_NO_ARGS 1u    /* captures left out (stack low) */
#define OTRACE_REC_FLAG_REDIRECTED 2u /* a replacement ran */
#define OTRACE_REC_FLAG_TRUNCATED 4u  /* captures did not fit */
/*
 * Of ABANDONED and UNWOUND: no rule had matched, so nothing was recorded of the call before. The record is a whole
 * struct otrace_rec_enter with matched = 0, and the captures of the entry unless NO_ARGS says that they were not kept
 */
#define OTRACE_REC_FLAG_UNMATCHED 8u
#define OTRACE_REC_FLAG_EXIT 16u /* of these, ABANDONED: open in the thread that called exit() */
#define OTRACE_REC_FLAG_TOGETHER \
	32u /* ABANDONED: found over in one go with the thread's record before */

struct otrace_rec {
	uint32_t
		trace_id; /* chosen by the shell when it armed the probe: names the capture program */
	uint16_t nr_words; /* whole record in 8-byte words */
	uint8_t type;	   /* enum otrace_rec_type */
	uint8_t flags;	   /* OTRACE_REC_FLAG_* */
	uint64_t tsc;
	uint64_t call_seq; /* unique in the process; the same in the record of the end */
};

struct otrace_rec_enter {
	struct otrace_rec rec;
	uint64_t parent_seq; /* innermost recorded call that is open in this thread; 0 = none */
	uint32_t depth;	     /* number of recorded calls open, this one included */
	uint32_t matched;    /* bit i = rule i of the arm (otrace/rule.h); 0 = it has no rules */
};

struct otrace_rec_late {
	struct otrace_rec_enter
		enter;	    /* rec.tsc is now; matched has only what was decided at the end */
	uint64_t begin_tsc; /* of the call */
};

#define OTRACE_KEPT_BYTES (64u * 1024u)

/** A call that is decided at its end. nr_slots words that are the runtime's follow, then capture_bytes as behind ENTER. */
struct otrace_kept {
	uint64_t seq; /* 0 = is over */
	uint64_t begin_tsc;
	uint64_t parent_seq;
	uint64_t flags; /* OTRACE_REC_FLAG_* */
	uint32_t depth;
	uint32_t mask;	 /* of the rules to decide */
	uint32_t before; /* offset of the one before */
	uint32_t nr_slots;
	uint32_t capture_bytes;
	uint32_t has_enter; /* another rule has matched at the entry: there is an ENTER */
	uint32_t trace_id;
	uint32_t nesting; /* calls of traced functions that are open, with it: $depth */
};

/**
 * What passed through: two records of a thread are of one flight of one exception, from where it was thrown to where
 * it is caught, when all three words are the same and the second call is the older one (it was still open in the first).
 */
struct otrace_rec_unwound {
	struct otrace_rec rec;
	uint64_t exception; /* address of the unwinder's object; 0 = not known */
	uint64_t words
		[2]; /* that the unwinder has in it while it is on its way: private_1, private_2 */
};

#define OTRACE_COPY_IS_STACK 1u
#define OTRACE_COPY_AT_END 2u  /* taken when the call ended */
#define OTRACE_COPY_IS_TEXT 4u /* of a string: ends at the NUL, or was cut */

/** Bytes as they were. Large objects come in several pieces, in order, each with its own address. */
struct otrace_rec_copy {
	struct otrace_rec rec;
	uint64_t address;
	uint32_t
		bytes; /* that follow; fewer than the object has = the rest could not be read, or was cut */
	uint32_t flags; /* OTRACE_COPY_* */
};

#define OTRACE_REC_NR_REGISTERS 8u

struct otrace_rec_registers {
	struct otrace_rec rec;
	uint64_t values
		[OTRACE_REC_NR_REGISTERS]; /* rbx, rbp, r12, r13, r14, r15, rsp, rip: inside the hook */
};

/** Where and how; ends the parts of one end of a call. */
struct otrace_rec_place {
	struct otrace_rec rec; /* trace_id is that of the arm, tsc when the copying was done */
	uint64_t begin_tsc;
	uint32_t matched;
	uint32_t flags; /* OTRACE_COPY_AT_END, OTRACE_PLACE_* */
	uint32_t cpu;
	int32_t error;	   /* errno */
	uint64_t left_out; /* objects and pieces that the limits had no room for */
};

#define OTRACE_PLACE_SPARED 16u /* nothing was copied: the thread's share was used up */

#define OTRACE_ASSERT_ACTION_UNKNOWN 1u /* the program asked for an action that there is not */

/**
 * A traceassert() that was false. trace_id 0, call_seq a number of its own. Its texts follow, each with its NUL: label,
 * file, function, condition, action. Its parts are the registers of the asserting function as they are behind the
 * call, its stack from rsp on, and PLACE.
 */
struct otrace_rec_assert {
	struct otrace_rec rec;
	uint64_t parent_seq; /* innermost recorded call that is open in this thread; 0 = none */
	uint32_t line;
	uint32_t action; /* enum otrace_action */
	uint32_t flags;	 /* OTRACE_ASSERT_* */
	uint32_t text_bytes;
};

struct otrace_rec_trace_over {
	struct otrace_rec rec;
	uint32_t counter;
	uint32_t over; /* enum otrace_over */
};

/** Comes behind the record of the entry, or of the end, and behind that one's parts. */
struct otrace_rec_parked {
	struct otrace_rec rec;
	uint32_t tid;
	uint32_t counter;     /* of the trace that wanted it */
	uint32_t action;      /* enum otrace_action */
	uint32_t at_end;      /* 1: the call has run, and its end was recorded */
	uint64_t deadline_ns; /* CLOCK_MONOTONIC; 0 = none */
};

enum otrace_resumed {
	OTRACE_RESUMED_SHELL = 1, /* a shell said so */
	OTRACE_RESUMED_DEADLINE = 2,
	OTRACE_RESUMED_GONE = 3,     /* the shell has gone */
	OTRACE_RESUMED_UNTRACED = 4, /* the trace has */
	OTRACE_RESUMED_ENDING = 5,   /* the program ends, or the runtime has given up */
	OTRACE_RESUMED_LOADER =
		6 /* it had the loader's list (dl_iterate_phdr), which a shell's command needs */
};

struct otrace_rec_resumed {
	struct otrace_rec rec;
	uint64_t waited_ns;
	uint32_t reason; /* enum otrace_resumed */
	uint32_t reserved;
};

/** rec.call_seq is the call that did it. Tags that the shell sets have no record. */
struct otrace_rec_tag {
	struct otrace_rec rec;
	uint32_t number;
	uint32_t replaced; /* the object's tag until now, which is no more; 0 = none */
	uint64_t address;
	uint64_t bytes;
	uint32_t counter; /* of the trace (otrace/rule.h) */
	uint32_t reserved;
};

/** rec.call_seq is the innermost recorded call that was open in the thread, 0 = none. */
struct otrace_rec_tag_moved {
	struct otrace_rec rec;
	uint32_t number;
	uint32_t reserved;
	uint64_t from;
	uint64_t address;
	uint64_t bytes; /* of the extent now: the object may have become smaller */
};

enum otrace_tag_end {
	OTRACE_TAG_FREED = 1,
	OTRACE_TAG_CUT = 2, /* realloc() has made its block so small that nothing of it is left */
	OTRACE_TAG_NO_ROOM =
		3 /* the table has no room for it where it was moved to, or made larger */
};

struct otrace_rec_tag_died {
	struct otrace_rec rec; /* call_seq as for moved */
	uint32_t number;
	uint32_t why; /* enum otrace_tag_end */
	uint64_t address;
};

#define OTRACE_HOLD_LABEL_BYTES 32u

/** otrace_hold() in a call that a rule with OTRACE_ACTION_HOLD has matched. Comes before the call's end. */
struct otrace_rec_held {
	struct otrace_rec rec;
	uint32_t tid;
	uint32_t counter;     /* of the trace that wanted it */
	uint64_t deadline_ns; /* CLOCK_MONOTONIC; 0 = none */
	char label[OTRACE_HOLD_LABEL_BYTES];
};

enum otrace_released {
	OTRACE_RELEASED_SHELL = 1, /* a shell said so */
	OTRACE_RELEASED_DEADLINE = 2,
	OTRACE_RELEASED_GONE = 3,      /* the shell has gone */
	OTRACE_RELEASED_UNTRACED = 4,  /* the trace has */
	OTRACE_RELEASED_ENDING = 5,    /* the runtime has given up */
	OTRACE_RELEASED_EVICTED = 6,   /* the shell keeps no context of it any more */
	OTRACE_RELEASED_CANCELLED = 7, /* by the program: nobody takes it up */
	OTRACE_RELEASED_NO_LOOP = 8,   /* was not held: its thread has no event loop */
	OTRACE_RELEASED_FULL = 9       /* was not held: as many are as can be */
};

/** From the thread that takes it up, just before. */
struct otrace_rec_released {
	struct otrace_rec rec; /* trace_id and call_seq of the call that was held */
	uint64_t waited_ns;
	uint32_t reason; /* enum otrace_released */
	uint32_t reserved;
	char label[OTRACE_HOLD_LABEL_BYTES];
};

OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_held) == 72, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_released) == 72, "wire size");

#define OTRACE_CRASH_NR_REGISTERS 17u

/**
 * A thread got a signal of a fault. trace_id 0, call_seq a number of its own. Its parts are its registers and its stack
 * from rsp on. PARKED with the same number follows when it waits.
 */
struct otrace_rec_crash {
	struct otrace_rec rec;
	uint64_t parent_seq; /* innermost recorded call that is open in this thread; 0 = none */
	uint32_t signal;
	int32_t code;	  /* si_code */
	uint64_t address; /* si_addr, of faults */
	/* r8 to r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip: as in ucontext_t */
	uint64_t registers[OTRACE_CRASH_NR_REGISTERS];
};

OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_crash) == 184, "wire size");

/**
 * One step of a capture program: what the hook copies behind the record. Results follow each other
 * in the order of the steps, each padded to 8 bytes.
 */
struct otrace_capture {
	uint32_t frame_offset; /* where in the frame the source lies */
	uint32_t bytes;	       /* to copy; for strings the most */
	uint32_t kind;	       /* enum otrace_capture_kind */
	uint32_t reserved;
};

enum otrace_capture_kind {
	/* bytes of the frame itself. Result: the bytes */
	OTRACE_CAPTURE_FRAME = 0,
	/* bytes behind the pointer at frame_offset, which lie on the thread's stack (byval).
	 * Result: the bytes */
	OTRACE_CAPTURE_STACK = 1,
	/* bytes behind any pointer. Result: one word with the number of bytes that could be read,
	 * then as many bytes */
	OTRACE_CAPTURE_MEMORY = 2,
	/* as MEMORY, ends after the first NUL (which is copied and counted). A count equal to bytes
	 * without NUL = cut */
	OTRACE_CAPTURE_STRING = 3,
	/* varargs frames: bytes at offset frame_offset of the stack argument area.
	 * Result: the bytes */
	OTRACE_CAPTURE_STACK_ARGS = 4
};

OTRACE_STATIC_ASSERT(sizeof(struct otrace_area) == 8 * 13 + 8 * 16, "wire size");
OTRACE_STATIC_ASSERT(offsetof(struct otrace_ring, tail) == 128, "own cache line for the reader");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_ring) == 192, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec) == 24, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_enter) == 40, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_capture) == 16, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_late) == 48, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_unwound) == 48, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_kept) == 64, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_copy) == 40, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_registers) == 88, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_place) == 56, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_trace_over) == 32, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_parked) == 48, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_resumed) == 40, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_assert) == 48, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_tag) == 56, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_tag_moved) == 56, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_rec_tag_died) == 40, "wire size");

#ifdef __cplusplus
}
#endif
#endif
