/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The target: what a program is to the shell, whatever it is made of.
 *
 * Commands, model and tree see a program only through the calls below. Behind them stands one of
 *
 *   live.c   a process, through the socket of its runtime (run, attach)
 *   file.c   a program file on disk: tables and initialised data, nothing runs
 *
 * A target that cannot do a thing answers with an error that says so in a user's words ("a program
 * file has no threads"); callers pass it on and need not ask first. Only ot_target_state() is for
 * choosing what to say.
 *
 * Life: ot_target_*_open(), calls, ot_target_close(). After the program has ended (state ENDED)
 * modules stay listed as they were last seen, the trace area stays mapped, and reads of memory fail
 * with a text that says so. One thread uses a target at a time.
 *
 * Addresses are those of the process; for a file they are its own virtual addresses, to which the
 * bias of the module is added when it is position-independent.
 * Errors follow base/err.h: NULL is success, outputs are untouched on failure.
 */
#ifndef OT_TARGET_H
#define OT_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <otrace/wire.h>

struct ot_buf;
struct ot_err;
struct ot_target;

enum ot_target_state {
	OT_TARGET_HELD, /* before main, waits for go or call */
	OT_TARGET_RUNNING,
	OT_TARGET_ENDED,    /* exited or was killed; tables and records stay readable */
	OT_TARGET_DETACHED, /* left alone by us, or given up as it did not answer */
	OT_TARGET_FILE	    /* never was a process */
};

/** An instrumented module; the numbers are those of struct otrace_module. */
struct ot_target_module {
	struct otrace_module m;
	char *path; /* the executable has its path filled in too */
};

/** A piece of memory to read. */
struct ot_target_span {
	uint64_t address;
	void *buf;
	size_t bytes;
	size_t got; /* filled in: bytes read from the start of the span */
};

/** A function to arm: see struct otrace_probe_set. */
struct ot_target_probe {
	uint64_t fn; /* address of its struct otrace_fn */
	uint32_t trace_id;
	uint32_t flags; /* OTRACE_PROBE_* */
	const struct otrace_capture *enter;
	const struct otrace_capture *leave;
	uint32_t nr_enter;
	uint32_t nr_leave;
	const void *rules; /* as otrace/rule.h has them, one behind the other */
	uint32_t nr_rules;
	uint32_t rules_bytes;
	int32_t status; /* filled in: enum otrace_error */
};

/** An argument of a call. */
struct ot_target_arg {
	struct otrace_call_value how;
	const void *bytes; /* how.bytes of them; strings without NUL */
};

struct ot_target_call {
	uint64_t fn;	  /* address of its entry; 0 = it has none */
	uint64_t address; /* fn 0: of the code */
	const struct ot_target_arg *args;
	uint32_t nr_args;
	uint32_t nr_fixed; /* of a varargs function; else nr_args */
	struct otrace_call_value result;
};

/** What a call came to. ot_target_done_deinit(). */
struct ot_target_done {
	uint32_t status; /* enum otrace_error */
	uint32_t nr_bytes;
	uint8_t *bytes; /* the result */
};

void ot_target_done_deinit(struct ot_target_done *done);

/* ------------------------------------------------------------------ life */

/**
 * Connects to the runtime that listens at @p socket_path. Refuses peers of another user, other
 * protocol versions and busy processes with a text that says what to do.
 * @param safe the runtime is told to refuse stores, calls and patches from us
 */
struct ot_err *ot_target_live_open(const char *socket_path, bool safe, struct ot_target **ret);

/** Opens an instrumented program or shared object on disk. */
struct ot_err *ot_target_file_open(const char *path, struct ot_target **ret);

/** Closes and frees; NULL is allowed. A live process goes on with everything switched off. */
void ot_target_close(struct ot_target *target);

enum ot_target_state ot_target_state(const struct ot_target *target);
pid_t ot_target_pid(const struct ot_target *target);	    /* 0 for a file */
const char *ot_target_path(const struct ot_target *target); /* of the executable or file */

/** Whether it is a copy of some of a program's memory: what it does not have may well be in the program. */
bool ot_target_is_copy(const struct ot_target *target);

/** Whether what a copy does not have at an address may be in the program: not at NULL. */
bool ot_target_may_have(const struct ot_target *target, uint64_t address);

/** Where what a copy does not have may be found, " (...)", or "". Static text. */
const char *ot_target_elsewhere(const struct ot_target *target);

/** What went wrong, in words; numbers it does not know are named too. Static text. */
const char *ot_target_error_text(int status);

/* ------------------------------------------------------------------ looking */

/**
 * Modules as of the last ot_target_refresh(). Borrowed until the next refresh. A changed list has
 * another generation, so a model knows when to look again; ids are never reused.
 */
const struct ot_target_module *ot_target_modules(const struct ot_target *target, size_t *nr_ret);
uint64_t ot_target_generation(const struct ot_target *target);

/** Asks for the list of modules again. */
struct ot_err *ot_target_refresh(struct ot_target *target);

/** Reads @p bytes bytes, all or an error with the first address that cannot be read. */
struct ot_err *ot_target_read(struct ot_target *target, uint64_t address, void *buf, size_t bytes);

/** Reads many pieces at once; a piece that cannot be read (whole) has a short got: no error. */
struct ot_err *ot_target_readv(struct ot_target *target, struct ot_target_span *spans, size_t nr);

/**
 * Opens the file that a process has mapped at an address, if that is not writable there; never another that
 * has its name by now. -1 = not to be had.
 */
int ot_target_open_file(struct ot_target *target, uint64_t address);

/**
 * From here to the end small pieces of a process are taken from pages that were read since: for who
 * follows many pointers and changes nothing, as what is printed does.
 */
void ot_target_look_begin(struct ot_target *target);
void ot_target_look_end(struct ot_target *target);

/**
 * Reads what a compiler left in a module and no program changes, as tables: from the module's file where
 * that is to be had, so that the process need not look at its own pages for it.
 * @param span a short got is no error, and may mean that only the file ends there: ask for the rest
 */
struct ot_err *ot_target_read_tables(struct ot_target *target, struct ot_target_span *span);

/**
 * How many of the @p bytes at @p address are what a program finds there. Fewer in a program file, up to
 * the first word that the loader fills in with what another module has.
 */
size_t ot_target_settled(const struct ot_target *target, uint64_t address, size_t bytes);

/** Address of a thread-local. @param tid 0 = main thread */
struct ot_err *ot_target_tls(struct ot_target *target, uint64_t accessor, uint32_t tid,
			     uint64_t *ret);

struct ot_err *ot_target_status(struct ot_target *target, struct otrace_status *ret);

/** Threads the runtime has seen. @param ret free() it */
struct ot_err *ot_target_threads(struct ot_target *target, struct otrace_thread_info **ret,
				 size_t *nr_ret);

/** The trace area, read-write for its tail words; NULL if there is none. Stays until close. */
struct otrace_area *ot_target_area(const struct ot_target *target);

/* ------------------------------------------------------------------ changing */

struct ot_err *ot_target_write(struct ot_target *target, uint64_t address, const void *buf,
			       size_t bytes);

/** Arms functions. Each one's status is filled in; the error is for the whole request only. */
struct ot_err *ot_target_probe(struct ot_target *target, struct ot_target_probe *probes, size_t nr,
			       struct otrace_switched *ret);

/**
 * Sends a message that has no function of its own here, and waits for the answer. A status of the runtime's
 * is an error.
 * @param reply what came; may be NULL
 */
struct ot_err *ot_target_ask(struct ot_target *target, enum otrace_msg_type type,
			     const void *payload, size_t bytes, struct ot_buf *reply);

/** Disarms functions; @p nr 0 means all of them. */
struct ot_err *ot_target_unprobe(struct ot_target *target, const uint64_t *fns, size_t nr,
				 struct otrace_switched *ret);

/** @param fn_target 0 restores the function's own body */
struct ot_err *ot_target_redirect(struct ot_target *target, uint64_t fn, uint64_t fn_target,
				  bool force, struct otrace_switched *ret);

/** Lets a held main go on. */
struct ot_err *ot_target_go(struct ot_target *target);

/** Ends a held program without calling main: exit handlers run, @p exit_status is its own. */
struct ot_err *ot_target_go_exit(struct ot_target *target, int exit_status);

/**
 * Begins the call of a function; ot_target_take_done() has its end, once it comes.
 * @param thread 0 = the one that the runtime has for calls, OTRACE_CALL_MAIN = the held main thread,
 *		 which is held again afterwards, else a running thread of the program: it makes the call when
 *		 it next enters a function that has a stub, if ever
 * @param ret the call's number
 */
struct ot_err *ot_target_call(struct ot_target *target, const struct ot_target_call *call,
			      uint32_t thread, uint32_t *ret);

/** Whether the call has ended, as far as ot_target_pump() has seen. Only the first time. */
bool ot_target_take_done(struct ot_target *target, uint32_t call, struct ot_target_done *ret);

/**
 * The call's end is not waited for any more.
 * @return whether it had not begun, and now never will; else nobody stops it
 */
bool ot_target_forget_call(struct ot_target *target, uint32_t call);

/** Switches everything off and lets go of the process. */
struct ot_err *ot_target_detach(struct ot_target *target);

/* ------------------------------------------------------------------ events */

enum ot_target_event {
	OT_TARGET_NOTHING,
	OT_TARGET_MODULES,   /* modules came or went; ot_target_refresh() */
	OT_TARGET_CALL_DONE, /* ot_target_take_done() has one */
	OT_TARGET_ENDING,    /* the program is in exit() and waits: ot_target_keep() */
	OT_TARGET_GONE	     /* the program has ended, or (state DETACHED) was given up */
};

/**
 * Copies the writable memory of a program that is ending (up to 64 MiB, modules first) and lets it
 * end. From then on reads that cannot be answered by the process are answered from the copy.
 */
void ot_target_keep(struct ot_target *target);

/** Descriptor to poll for reading, -1 if there is none. */
int ot_target_fd(const struct ot_target *target);

/** The process is known to have ended (its socket may live on in a child). */
void ot_target_set_ended(struct ot_target *target);

/**
 * While a process does not answer @p interrupted is asked, and true ends the wait: the request fails
 * and, if it was one that changes something, the process is given up (state DETACHED).
 */
void ot_target_on_wait(bool (*interrupted)(void));
/** What that function says: for who reads much in small pieces, none of which lasts. */
bool ot_target_is_interrupted(void);

/**
 * Whether it did not answer since the last call of this, with the reason. Until then nothing more is
 * asked: a command that reads in a hundred places waits once, and its readers may take it for memory
 * that cannot be read.
 */
struct ot_err *ot_target_take_silence(struct ot_target *target);

/** Takes one event without blocking; call until OT_TARGET_NOTHING (or GONE). */
enum ot_target_event ot_target_pump(struct ot_target *target);

#endif
