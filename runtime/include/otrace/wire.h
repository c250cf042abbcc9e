/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The protocol between the oshell thread (server, in the traced process) and the shell (client), on
 * a Unix stream socket ${OTRACE_DIR}/PID.
 *
 * Every message is struct otrace_msg and size_bytes - sizeof(struct otrace_msg) bytes of payload.
 * Native byte order (both ends are on one machine). Each request gets exactly one reply of the same
 * type with OTRACE_MSG_REPLY added and the same request number, in the order of the requests;
 * status is 0 or an enum otrace_error. With a status other than 0 the payload may be a text (not
 * NUL-terminated) that says more. Events have request 0 and may come between replies.
 *
 * The first request is HELLO (or GLANCE, which is all then). Another version or ABI is refused with the server's numbers in the
 * reply. One client at a time; a second one gets OTRACE_E_BUSY and the text names the first's pid.
 * When the client's end closes, everything that it switched on is switched off.
 *
 * The version goes up when a message changes its meaning or its layout; adding a message type or a
 * field at the end of a payload does not change it.
 */
#ifndef OTRACE_WIRE_H
#define OTRACE_WIRE_H

#include <otrace/rule.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OTRACE_WIRE_VERSION 4
#define OTRACE_MSG_MAX_BYTES (16u << 20)
#define OTRACE_MSG_REPLY 0x8000u

/* X(NAME, number, text) — also the negated return values of the C interface */
#define OTRACE_ERRORS(X)                                                                         \
	X(OK, 0, "ok")                                                                           \
	X(PROTOCOL, 1, "message not understood")                                                 \
	X(VERSION, 2, "other protocol or table version")                                         \
	X(BUSY, 3, "another shell is attached")                                                  \
	X(NO_FUNCTION, 4, "no such function record")                                             \
	X(NO_STUB, 5, "the function has no stub: inlined everywhere, or left out by the pass")   \
	X(STUB_CHANGED, 6, "the stub's bytes are not ours: a debugger or uprobe is there")       \
	X(TEXT_READ_ONLY, 7, "the system refuses to make program text writable")                 \
	X(NO_MEMORY, 8, "the runtime's memory budget is used up")                                \
	X(NO_THUNK, 9, "no free address space within reach of the stub")                         \
	X(FAULT, 10, "memory not readable or writable")                                          \
	X(ASSUMES, 11, "callers rely on the old code: otrace's `patch OLD with NEW` says which") \
	X(NOT_HELD, 12, "the program has started already")                                       \
	X(NO_THREAD, 13, "no such thread, or not seen yet")                                      \
	X(INVALID, 14, "argument out of range")                                                  \
	X(NOT_FOUND, 15, "name not found")                                                       \
	X(AMBIGUOUS, 16, "several functions have this name")                                     \
	X(SAFE, 17, "not allowed in safe mode")                                                  \
	X(TOO_MANY, 18, "too many")                                                              \
	X(SYSTEM, 19, "a system call failed")                                                    \
	X(NOT_READY, 20, "the runtime is not running in this process")                           \
	X(UNLOADED, 21, "the module was unloaded")                                               \
	X(LOOP, 22, "the replacement leads back to the function")                                \
	X(CALL_RUNNING, 23, "an earlier call on that thread has not returned yet")               \
	X(CALL_LOST, 24, "the called function ended its thread")                                 \
	X(NO_TERMINAL, 25, "no terminal of its own: standard input is none, or others use it")   \
	X(PRIVILEGED, 26, "not in a program with raised privileges")

#define OTRACE_X_ERROR(name, number, text) OTRACE_E_##name = (number),
enum otrace_error { OTRACE_ERRORS(OTRACE_X_ERROR) };

struct otrace_msg {
	uint32_t size_bytes; /* this header included */
	uint16_t type;	     /* enum otrace_msg_type, replies with OTRACE_MSG_REPLY */
	uint16_t status;     /* replies: enum otrace_error */
	uint32_t request;    /* chosen by the client; 0 in events */
	uint32_t reserved;
};

enum otrace_msg_type {
	OTRACE_MSG_HELLO = 1,	/* otrace_hello -> otrace_welcome, + the area's fd (SCM_RIGHTS) */
	OTRACE_MSG_MODULES = 2, /* nothing -> otrace_module[] each followed by its path */
	OTRACE_MSG_READ = 3,	/* otrace_span[] -> uint32_t got[n], padded to 8, then the bytes
				     (got[i] of each, without gaps) */
	OTRACE_MSG_WRITE = 4,	/* otrace_span, bytes -> nothing */
	OTRACE_MSG_PROBE =
		5, /* otrace_probe_set[] each with its captures and rules -> otrace_switched,
				     int32_t status[n] (enum otrace_error) */
	OTRACE_MSG_UNPROBE = 6,	 /* uint64_t fn[n] (n = 0: all) -> otrace_switched */
	OTRACE_MSG_REDIRECT = 7, /* otrace_redirect -> otrace_switched */
	OTRACE_MSG_STATUS = 8,	 /* nothing -> otrace_status */
	OTRACE_MSG_THREADS = 9,	 /* nothing -> otrace_thread_info[] */
	OTRACE_MSG_TLS = 10,	 /* otrace_tls -> uint64_t address */
	OTRACE_MSG_GO = 11,	 /* nothing, or otrace_go -> nothing: lets a held main go on */
	OTRACE_MSG_CALL = 12, /* otrace_call, otrace_call_value[nr_args], the bytes of each argument
				     padded to 8 -> nothing; an EVENT_CALL_DONE follows */
	OTRACE_MSG_DETACH = 13,	  /* nothing -> otrace_switched; then the server closes */
	OTRACE_MSG_END = 14,	  /* nothing -> nothing: lets a program that is ending go on */
	OTRACE_MSG_GLANCE = 15,	  /* nothing -> otrace_glance; then the server closes. In place of
				     HELLO, and while another shell is attached too */
	OTRACE_MSG_WITHDRAW = 16, /* otrace_withdraw -> nothing: that call is not made any more, and
				     no event comes. CALL_RUNNING: it has begun */
	OTRACE_MSG_TRACE_SET =
		17, /* otrace_trace_set[] -> nothing: limits of traces; before PROBE */
	OTRACE_MSG_COUNTS =
		18,	     /* uint32_t counter[], an even number of them (UINT32_MAX fills up) ->
				     otrace_trace_counts[] */
	OTRACE_MSG_TAG = 19, /* otrace_tag_set -> otrace_tag_done. TOO_MANY: no room for it */
	OTRACE_MSG_UNTAG =
		20, /* uint32_t number[], an even number of them (0 fills up), none: all ->
				     uint64_t how many of them there were */
	OTRACE_MSG_TAGS = 21,	/* nothing, or otrace_tag_watch -> otrace_tags, otrace_tag_info[] */
	OTRACE_MSG_RESUME = 22, /* otrace_resume, uint64_t call_seq[] -> otrace_resume_reply */
	OTRACE_MSG_PARKED = 23, /* nothing -> otrace_parked_list, otrace_parked[] */
	OTRACE_MSG_SPARE =
		24, /* uint64_t tid -> nothing: the shell's own thread, inside the program: it
				     never waits at a break. One at a time, until the shell goes */
	OTRACE_MSG_ASSERTS =
		25, /* otrace_asserts -> nothing: what traceassert() does from now on */
	OTRACE_MSG_RELEASE = 27, /* otrace_release, uint64_t call_seq[] -> otrace_release_reply */
	OTRACE_MSG_HELD = 28,	 /* nothing -> otrace_held_list, otrace_held[] */
	OTRACE_MSG_POST_MORTEM = 29, /* otrace_post_mortem -> nothing: until the shell goes */
	OTRACE_MSG_ACCESS = 30, /* otrace_accessed, the name -> nothing: the program is told, if it
				     wants that (on_access of otrace/otrace.h) */
	OTRACE_MSG_FAST_READS =
		31, /* otrace_fast_reads -> otrace_fast_reads_state: until the shell goes */
	OTRACE_MSG_LEFT = 32, /* nothing -> otrace_left_trace[]: what earlier shells wanted to stay
				     (OTRACE_RULE_KEEP), and stays until UNPROBE of its function,
				     or until PROBE of it takes its place */
	OTRACE_EVENT_MODULES = 64, /* nothing: modules were loaded or unloaded; ask again */
	OTRACE_EVENT_CALL_DONE =
		65, /* otrace_call_done, then all bytes of a result of more than 16 */
	OTRACE_EVENT_ENDING =
		66 /* nothing: a program that was held at the start is in exit(), behind
				     its own handlers, and waits up to 3 s for END; its memory can
				     still be read. Only for clients that said HELLO_ENDING */
};

#define OTRACE_HELLO_SAFE 1u   /* refuse WRITE, REDIRECT and CALL from this client */
#define OTRACE_HELLO_ENDING 2u /* tell this client before the program ends, and wait for it */

struct otrace_hello {
	uint32_t wire_version;
	uint32_t abi_version;
	uint32_t flags; /* OTRACE_HELLO_* */
	uint32_t client_pid;
};

#define OTRACE_WELCOME_HELD 1u /* main has not been called yet */

struct otrace_welcome {
	uint32_t wire_version;
	uint32_t abi_version;
	uint32_t flags; /* OTRACE_WELCOME_* */
	uint32_t pid;
	uint64_t area_bytes;
	uint64_t start_time_ns; /* CLOCK_REALTIME when the runtime started */
};

/** Who is there, for those who only list processes. */
struct otrace_glance {
	uint32_t wire_version;
	uint32_t abi_version;
	uint32_t pid;
	uint32_t client_pid;   /* of the shell that is attached, 0 = nobody */
	uint64_t nr_functions; /* with a stub, in all modules */
};

/** An instrumented module. Addresses are those of the process. */
struct otrace_module {
	uint64_t id;   /* never reused */
	uint64_t bias; /* added to the file's virtual addresses */
	uint64_t low;  /* lowest and highest mapped address */
	uint64_t high;
	uint64_t fn_begin; /* the records of otrace_fn */
	uint64_t fn_end;
	uint64_t var_begin;
	uint64_t var_end;
	uint32_t nr_fns; /* records, anchors not counted */
	uint32_t nr_vars;
	uint32_t abi_version; /* not ours: nothing else is valid but path, bias, low, high */
	uint32_t path_bytes;  /* path follows, padded to 8; empty = the executable itself */
};

struct otrace_span {
	uint64_t address;
	uint64_t bytes;
};

#define OTRACE_PROBE_WAIT 1u /* a full ring makes callers wait for the reader (deadline 1 s) */
#define OTRACE_PROBE_ENTER_ONLY 2u /* no record of the end */
#define OTRACE_PROBE_LEAVE_ONLY 4u /* no record of the entry is needed (still numbered) */

/** Arms one function, or changes what an armed one captures. */
struct otrace_probe_set {
	uint64_t fn;	   /* address of its struct otrace_fn */
	uint32_t trace_id; /* not 0; written into the records */
	uint32_t flags;	   /* OTRACE_PROBE_* */
	uint32_t nr_enter; /* struct otrace_capture[nr_enter + nr_leave] follow, then the rules */
	uint32_t nr_leave;
	uint32_t nr_rules; /* 0 = every call is recorded */
	uint32_t rules_bytes;
};

/** What a switch did. */
struct otrace_switched {
	uint32_t nr_switched; /* stubs whose bytes changed */
	uint32_t nr_refused;
	uint64_t total_ns;
	uint64_t window_max_ns; /* longest time a stub held its callers */
};

#define OTRACE_REDIRECT_FORCE 1u /* although otrace_fn.assumes has one of these bits */

/* With these, callers that were compiled beside the old function would pass the new one wrong
 * arguments, not look at its result, or have no code to return to. The other bits of assumes
 * (PURE, INLINED_COPIES, MEMORY_KNOWN) only mean that some calls may not reach the new function, or
 * not be seen to change memory: the shell says so and goes on. */
#define OTRACE_ASSUMES_REFUSED                                             \
	(OTRACE_ASSUME_ARGUMENT_DROPPED | OTRACE_ASSUME_ARGUMENT_CHANGED | \
	 OTRACE_ASSUME_RESULT_DROPPED | OTRACE_ASSUME_RESULT_CONSTANT |    \
	 OTRACE_ASSUME_RESULT_IS_ARGUMENT | OTRACE_ASSUME_NORETURN_INFERRED)

struct otrace_redirect {
	uint64_t fn;	 /* address of its struct otrace_fn */
	uint64_t target; /* address to call instead; 0 = restore */
	uint32_t flags;	 /* OTRACE_REDIRECT_* */
	uint32_t reserved;
};

#define OTRACE_TRACE_REGISTERS 7

struct otrace_status {
	uint64_t nr_functions; /* with a stub, in all modules */
	uint64_t nr_on;	       /* stubs that are on now */
	uint64_t nr_traced;
	uint64_t nr_redirected;
	uint64_t nr_switches; /* since the start */
	uint64_t switch_total_ns;
	uint64_t window_max_ns;
	uint64_t nr_rings_used;
	uint64_t lost_no_ring;
	uint64_t lost_nested;
	uint64_t lost_waiting;
	uint64_t lost_fault;
	uint64_t
		text_pages_dirty; /* pages of program text that this process owns a copy of by us */
	uint64_t arena_bytes;	  /* memory of the runtime outside the trace area */
	uint64_t area_used_bytes;
	uint64_t flags; /* OTRACE_STATUS_* */
	uint64_t
		trace_caller; /* where the otrace_set_trace() was called that waits; 0 = none waits */
	uint64_t trace_tid;   /* the thread that waits in it */
	/* of that caller, behind the call: what a function keeps in registers across one */
	uint64_t trace_registers[OTRACE_TRACE_REGISTERS]; /* rbx, rbp, r12, r13, r14, r15, rsp */
};

#define OTRACE_STATUS_HELD 1u
#define OTRACE_STATUS_STUBS_DISABLED 2u /* a runtime assertion failed: everything is off */
#define OTRACE_STATUS_MEMFD_TEXT 4u	/* text is switched through a memfd copy */

struct otrace_thread_info {
	uint32_t tid;
	uint32_t ring;		 /* index, UINT32_MAX = none */
	uint64_t thread_pointer; /* 0 = not known */
	char name[16];
};

struct otrace_tls {
	uint64_t accessor; /* address of the variable's accessor function */
	uint32_t tid;	   /* 0 = main thread */
	uint32_t reserved;
};

/** How a value travels in a call, by the ABI of the processor (System V x86-64). */
enum otrace_value_class {
	OTRACE_VALUE_VOID = 0, /* results only */
	OTRACE_VALUE_INT =
		1, /* 1 to 8 bytes. Of an argument all 8 are sent, extended by its type */
	OTRACE_VALUE_FLOAT = 2,	  /* bytes 4, 8, 16 (long double) */
	OTRACE_VALUE_POINTER = 3, /* bytes 8 */
	OTRACE_VALUE_STRING = 4,  /* arguments only: copied into the process, NUL added; lives on */
	OTRACE_VALUE_PARTS = 5,	  /* 1 to 16 bytes, each eight in the next register of its kind */
	OTRACE_VALUE_MEMORY = 6,  /* on the stack; a result where a hidden first argument points */
	OTRACE_VALUE_COMPLEX_X87 = 7 /* results only: complex long double, bytes 32 */
};

#define OTRACE_VALUE_PART0_VECTOR 1u /* the first eight bytes are in a vector register */
#define OTRACE_VALUE_PART1_VECTOR 2u /* the other ones are */

struct otrace_call_value {
	uint32_t value_class; /* enum otrace_value_class */
	uint32_t bytes;
	uint32_t parts; /* OTRACE_VALUE_PART* */
	uint32_t
		align; /* of PARTS and MEMORY: a power of two, at most 16 of an argument, 64 of a result */
};

#define OTRACE_GO_EXIT 1u /* do not call main: return exit_status from it (exit handlers run) */

struct otrace_go {
	uint32_t flags; /* OTRACE_GO_* */
	int32_t exit_status;
};

#define OTRACE_CALL_MAIN \
	UINT32_MAX /* thread: the held main thread, which is held again afterwards */

/**
 * Calls a function by its source prototype, as the program would: when it is traced or replaced, the
 * call is, too. The reply says that the call was accepted; its end comes as EVENT_CALL_DONE, whenever
 * that is: nobody stops a call. On a thread whose call has not returned further ones are refused with
 * CALL_RUNNING. A shell that has gone leaves its call to finish, and nobody is told the result.
 *
 * A running thread of the program's makes the call when it next enters a function that has a stub, outside of
 * hooks and of handlers of signals, on its own stack. Until then the call can be withdrawn, and is when the shell
 * goes. NO_THREAD in the event: the thread has ended before; UNLOADED: the function's module has gone before.
 * 8 threads at most have a call at the same time.
 */
struct otrace_call {
	uint64_t fn;	  /* address of its entry; 0 = what is called has none */
	uint64_t address; /* fn 0: of the code */
	uint32_t
		thread; /* 0 = a thread of the runtime's for this, OTRACE_CALL_MAIN, or a thread's number */
	uint32_t nr_args;
	uint32_t nr_fixed; /* of a varargs function; else nr_args */
	uint32_t reserved;
	struct otrace_call_value result;
};

#define OTRACE_ASSERTS_ACTIVE 1u /* record them while nothing is traced, too */

/** Until the shell goes. */
struct otrace_asserts {
	uint32_t flags;	      /* OTRACE_ASSERTS_* */
	uint32_t stack_bytes; /* to copy; 0 = OTRACE_ASSERTS_STACK_BYTES */
	uint64_t deadline_ns; /* how long a thread waits; 0 = any time. May be left out */
};

#define OTRACE_ASSERTS_STACK_BYTES 4096u
#define OTRACE_ASSERTS_DEADLINE_NS 60000000000ull /* for a shell that says nothing of it */

struct otrace_withdraw {
	uint32_t request; /* of the CALL */
	uint32_t reserved;
};

struct otrace_call_done {
	uint32_t status; /* enum otrace_error */
	uint32_t return_bytes;
	uint32_t request; /* of the CALL that this is the end of */
	uint32_t reserved;
	uint64_t value[2]; /* the first bytes of the result, with zeroes behind */
};

#define OTRACE_POST_MORTEM_ON 1u

/** Whether threads that crash are recorded and wait. Installs handlers of signals in the program, or puts them back. */
struct otrace_post_mortem {
	uint32_t flags;	      /* OTRACE_POST_MORTEM_* */
	uint32_t stack_bytes; /* to copy; 0 = 16 KiB */
	uint64_t deadline_ns; /* how long a thread waits; 0 = any time */
};

OTRACE_STATIC_ASSERT(sizeof(struct otrace_asserts) == 16, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_post_mortem) == 16, "wire size");

#define OTRACE_ACCESS_STORE 1u
#define OTRACE_ACCESS_NAME_BYTES 256u

/** A variable that is about to be looked at or stored to. */
struct otrace_accessed {
	uint64_t address;
	uint64_t bytes;
	uint32_t flags; /* OTRACE_ACCESS_* */
	uint32_t
		name_bytes; /* the name follows, padded to 8, without NUL; what is above 255 is left out */
};

OTRACE_STATIC_ASSERT(sizeof(struct otrace_accessed) == 24, "wire size");
#define OTRACE_FAST_READS_ON 1u
#define OTRACE_FAST_READS_ASK 2u /* nothing changes, only the state is wanted */

/**
 * Whether conditions read the program's memory by plain loads. While one does that reads through pointers, the program
 * has handlers of SIGSEGV and SIGBUS, which pass on what is not theirs.
 */
struct otrace_fast_reads {
	uint32_t flags; /* OTRACE_FAST_READS_* */
	uint32_t reserved;
};

enum otrace_fast_reads_why {
	OTRACE_FAST_READS_FAST = 0,   /* they do, in threads that block neither signal */
	OTRACE_FAST_READS_IDLE = 1,   /* no condition reads through pointers, or it is off */
	OTRACE_FAST_READS_STATIC = 2, /* the calls of a static program cannot be watched */
	OTRACE_FAST_READS_REPLACED =
		3, /* sigaction() or the like is not libc's: a sanitizer's, say */
	OTRACE_FAST_READS_UNSEEN = 4,  /* a module's calls are not watched, or not yet */
	OTRACE_FAST_READS_HANDLER = 5, /* the handler of a signal blocks them */
	OTRACE_FAST_READS_TAKEN =
		6, /* the program has set a handler past us; off until it is set on again */
	OTRACE_FAST_READS_LOADING = 7 /* a module is being loaded, or was just now */
};

struct otrace_fast_reads_state {
	uint32_t flags;	   /* OTRACE_FAST_READS_ON: wanted */
	uint32_t why;	   /* enum otrace_fast_reads_why */
	uint32_t signal;   /* of HANDLER and TAKEN */
	uint32_t nr_slots; /* of calls that are watched */
};

OTRACE_STATIC_ASSERT(sizeof(struct otrace_fast_reads) == 8, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_fast_reads_state) == 16, "wire size");

/** A rule that an earlier shell has left on a function; each function of its trace has one. */
struct otrace_left_trace {
	uint64_t stub;	  /* address of the function's stub */
	uint32_t counter; /* of the trace: COUNTS tells what it has seen */
	uint32_t action;  /* enum otrace_action */
};

OTRACE_STATIC_ASSERT(sizeof(struct otrace_left_trace) == 16, "wire size");

#define OTRACE_RELEASE_COUNTER 1u /* those of this trace; the numbers of calls are not looked at */

/** Lets held requests be taken up again: those of the calls that follow, or all when none follows. */
struct otrace_release {
	uint32_t flags; /* OTRACE_RELEASE_* */
	uint32_t counter;
	uint32_t reason; /* enum otrace_released: SHELL, UNTRACED or EVICTED */
	uint32_t reserved;
};

struct otrace_release_reply {
	uint32_t nr; /* that were held and are not any more */
	uint32_t reserved;
};

struct otrace_held_list {
	uint64_t now_ns;     /* CLOCK_MONOTONIC */
	uint64_t nr_full;    /* that were not held, as nr_max were already */
	uint64_t nr_no_loop; /* that were not held, as their thread has no event loop */
	uint32_t nr;
	uint32_t nr_max;
};

/** A request that a program has put aside: otrace_hold(). */
struct otrace_held {
	uint64_t call_seq;
	uint32_t tid;	  /* that put it aside */
	uint32_t counter; /* of the trace that wanted it */
	uint32_t trace_id;
	uint32_t reserved;
	uint64_t since_ns;    /* CLOCK_MONOTONIC, as below */
	uint64_t deadline_ns; /* 0 = none */
	char label[OTRACE_HOLD_LABEL_BYTES];
};

OTRACE_STATIC_ASSERT(sizeof(struct otrace_release) == 16, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_held_list) == 32, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_held) == 72, "wire size");

#define OTRACE_RESUME_COUNTER 1u  /* those of this trace; the numbers of calls are not looked at */
#define OTRACE_RESUME_UNTRACED 2u /* because the trace has gone: the reason that is recorded */

/** Lets parked threads go on: those of the calls that follow, or all when none follows. */
struct otrace_resume {
	uint32_t flags; /* OTRACE_RESUME_* */
	uint32_t counter;
};

struct otrace_resume_reply {
	uint32_t nr; /* that waited and go on */
	uint32_t reserved;
};

struct otrace_parked_list {
	uint64_t now_ns;    /* CLOCK_MONOTONIC */
	uint64_t nr_passed; /* breaks that nobody waited at, as nr_max threads did already */
	uint32_t nr;
	uint32_t nr_max;
};

/** A thread that waits at a break. Which locks it holds is not known. */
struct otrace_parked {
	uint64_t call_seq;
	uint32_t tid;
	uint32_t counter; /* of the trace that wanted it */
	uint32_t trace_id;
	uint32_t action;      /* enum otrace_action */
	uint64_t since_ns;    /* CLOCK_MONOTONIC, as below */
	uint64_t deadline_ns; /* 0 = none */
	uint32_t at_end;
	uint32_t reserved;
	char name[16]; /* of the thread, when it came there */
};

/** Tags bytes of memory. What was tagged there before, from the same address on, is not any more. */
struct otrace_tag_set {
	uint64_t address;
	uint64_t bytes; /* not 0 */
};

struct otrace_tag_done {
	uint32_t number;   /* never comes again */
	uint32_t replaced; /* the tag that the object had, 0 = none */
};

#define OTRACE_TAG_WATCH_FREE 1u    /* an object's tag dies when the object is freed */
#define OTRACE_TAG_WATCH_REALLOC 2u /* and goes where it is moved to */

/** What is watched while there are tags; both, until a shell says otherwise, and when it has gone. */
struct otrace_tag_watch {
	uint32_t flags; /* OTRACE_TAG_WATCH_* */
	uint32_t reserved;
};

#define OTRACE_TAGS_NO_FREE \
	1u /* the executable does not call free() by a jump slot: nobody sees when it does */
#define OTRACE_TAGS_NO_REALLOC 2u /* nor realloc() */

struct otrace_tags {
	uint32_t nr;
	uint32_t most;		/* that there can be */
	uint32_t nr_free_slots; /* jump slots that are watched, of all modules */
	uint32_t nr_realloc_slots;
	uint32_t nr_left_out; /* jump slots that there was no room for */
	uint32_t flags;	      /* OTRACE_TAGS_* */
	uint64_t lost;	      /* that calls were to set, and could not for want of room */
};

#define OTRACE_TAG_BY_SHELL UINT32_MAX

struct otrace_tag_info {
	uint32_t number;
	uint32_t counter; /* of the trace that set it, or OTRACE_TAG_BY_SHELL */
	uint64_t address;
	uint64_t bytes;
	uint64_t call_seq; /* that set it */
	uint64_t tsc;	   /* when */
	uint32_t tid;
	uint32_t reserved;
};

OTRACE_STATIC_ASSERT(sizeof(struct otrace_tag_set) == 16, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_tags) == 32, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_tag_info) == 48, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_msg) == 16, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_resume) == 8, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_parked_list) == 24, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_parked) == 64, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_module) == 80, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_probe_set) == 32, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_call_value) == 16, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_call) == 48, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_call_done) == 32, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_withdraw) == 8, "wire size");

#ifdef __cplusplus
}
#endif
#endif
