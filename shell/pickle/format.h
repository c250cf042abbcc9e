/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Files of contexts: an SQLite database that has everything that is needed to look at them when the program, its
 * files and the shell that wrote them are gone. Numbers and structures are those of x86-64, addresses those of the process.
 *
 * PRAGMA application_id is OT_PICKLE_APPLICATION, PRAGMA user_version the version of this format. A reader refuses
 * newer ones; tables and columns that it does not know mean a newer version.
 *
 *	process		one row for each time that contexts of a process were written
 *	    id, pid, path (of the executable)
 *	module		what was instrumented: struct otrace_module, and where it came from
 *	    process, number (otrace_module.id), path, record (the struct, its path left out)
 *	memory		the pages that the tables of a module lie in: types, names, places
 *	    process, module (a number), address, constant (1: no program changes them), bytes
 *	file		all program files that were mapped, to unwind with when they are still there
 *	    process, base (address of the first page), path, identity (build id in hex; or size and time)
 *	context		one recorded call, or assertion
 *	    process, seq (together unique), id (the trace id), kind, function, label, time (ns since 1970),
 *	    fn (address of its otrace_fn; 0 = none), capture (flags of the capture plan; -1 = arguments were not recorded),
 *	    tid, thread, depth, ended (enum ot_call_event_kind), return_time, duration, flags,
 *	    late, frame (OT_PICKLE_FRAME_*), parent_seq, parent_trace, parent_time,
 *	    cut (pieces that pickle_max_bytes left out),
 *	    enter, leave (captures as in the records, otrace/ring.h),
 *	    ends (two struct ot_pickle_end: at the entry, at the end; from version 2 on a struct ot_pickle_more behind),
 *	    pieces (struct ot_pickle_piece each), memory (their bytes)
 *
 * A row of context is written again when more comes: the return value, what was there at the end.
 */
#ifndef OT_PICKLE_FORMAT_H
#define OT_PICKLE_FORMAT_H

#include <stdint.h>

#include <otrace/ring.h>

#define OT_PICKLE_MAGIC "SQLite format 3" /* and a NUL: of any SQLite database */
#define OT_PICKLE_APPLICATION 0x4f545043  /* "OTPC" */
#define OT_PICKLE_VERSION 2

#define OT_PICKLE_FRAME_NONE 0u	 /* it is a traced call */
#define OT_PICKLE_FRAME_CALL 1u	 /* its registers are those behind a call */
#define OT_PICKLE_FRAME_CRASH 2u /* they are those of an instruction; version 2 */

#define OT_PICKLE_HAS_REGISTERS 1u
#define OT_PICKLE_HAS_PLACE 2u

struct ot_pickle_end {
	uint32_t has; /* OT_PICKLE_HAS_* */
	uint32_t cpu;
	int32_t error; /* errno */
	uint32_t unused;
	uint64_t left_out;
	uint64_t registers[OTRACE_REC_NR_REGISTERS];
};

struct ot_pickle_more {
	uint64_t
		related_seq; /* the call that ended with it, before it: a number of the same process; 0 = none */
	uint32_t related; /* enum ot_call_related */
	uint32_t unused;
	uint64_t registers[OTRACE_CRASH_NR_REGISTERS]; /* of OT_PICKLE_FRAME_CRASH */
};

struct ot_pickle_piece {
	uint64_t address;
	uint32_t offset; /* in memory */
	uint32_t bytes;
	uint32_t flags; /* OTRACE_COPY_* */
	uint32_t unused;
};

#define OT_PICKLE_SCHEMA                                                                        \
	"CREATE TABLE process(id INTEGER PRIMARY KEY, pid INTEGER, path TEXT);"                 \
	"CREATE TABLE module(process INTEGER, number INTEGER, path TEXT, record BLOB,"          \
	" PRIMARY KEY(process, number));"                                                       \
	"CREATE TABLE memory(process INTEGER, module INTEGER, address INTEGER,"                 \
	" constant INTEGER, bytes BLOB, PRIMARY KEY(process, module, address));"                \
	"CREATE TABLE file(process INTEGER, base INTEGER, path TEXT, identity TEXT,"            \
	" PRIMARY KEY(process, base, path));"                                                   \
	"CREATE TABLE context(process INTEGER, seq INTEGER, id TEXT, kind TEXT, function TEXT," \
	" label TEXT, time INTEGER, fn INTEGER, capture INTEGER, tid INTEGER, thread TEXT,"     \
	" depth INTEGER, ended INTEGER, return_time INTEGER, duration INTEGER, flags INTEGER,"  \
	" late INTEGER, frame INTEGER, parent_seq INTEGER, parent_trace INTEGER,"               \
	" parent_time INTEGER, cut INTEGER, enter BLOB, leave BLOB, ends BLOB, pieces BLOB,"    \
	" memory BLOB, PRIMARY KEY(process, seq));"

#endif
