/* SPDX-License-Identifier: BSD-2-Clause */
/** Threads that crashed while post_mortem is on: what their records say. */
#ifndef OT_STREAM_CRASHES_H
#define OT_STREAM_CRASHES_H

#include "model/program.h"
#include "stream/stream.h"

struct ot_target;

struct ot_crash {
	uint64_t seq;
	uint64_t parent_seq; /* the innermost traced call that was open; 0 = none */
	uint64_t registers[OTRACE_CRASH_NR_REGISTERS];
	uint64_t time_ns; /* CLOCK_REALTIME */
	uint32_t tid;
	int signal;
	uint64_t address;	 /* that the fault was at */
	uint64_t place;		 /* of the instruction */
	const char *function;	 /* that it is in, as far as the tables tell; "?" */
	const char *signal_name; /* "SIGSEGV" */
	struct ot_buf
		open; /* the thread's open traced calls, the outermost first: "serve:~12 follow:~13" */
};

/** False: the record is damaged. ot_crash_deinit() else. */
bool ot_crash_read(const struct otrace_rec *rec, uint32_t tid, uint64_t time_ns,
		   const struct ot_program *program, const struct ot_traces *traces,
		   const struct ot_stream *stream, struct ot_crash *ret);
void ot_crash_deinit(struct ot_crash *crash);

/** "follow:ex-SIGSEGV:261122-14-11-44.17" */
void ot_crash_id(const struct ot_crash *crash, struct ot_buf *out);
/** A line, and a JSON event, each with its newline. */
void ot_crash_text(const struct ot_crash *crash, struct ot_buf *out);
void ot_crash_json(const struct ot_crash *crash, struct ot_buf *out);

/** Whether threads that crash are recorded and wait, while this shell is attached. @param wait_ms 0 = any time */
struct ot_err *ot_crashes_want(struct ot_target *target, bool on, uint64_t wait_ms);

#endif
