/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * otrace in your own program: replace functions while it runs, and let a shell attach.
 *
 * A program that is compiled with the pass works without this header and without linking anything.
 * Link with -lotrace to call what is declared here.
 *
 * Life cycle. The first call of any function below brings the runtime to life: it finds the
 * instrumented modules and makes no thread, no file and no socket. otrace_listen() makes those.
 * Nothing has to be closed; what was replaced stays replaced until it is restored.
 *
 *	static int half_price(int cents) { return cents / 2; }
 *	...
 *	otrace_replace_by_name("price@shop.c", half_price);
 *	...
 *	otrace_restore_by_name("price@shop.c");
 *
 * Replacing is for functions that were compiled with the pass and have a stub: `otrace open PROGRAM`
 * lists those that have none, and why. Calls that are running when a function is replaced finish in
 * the old code. Copies of it that were inlined elsewhere keep running the old code. All threads may
 * call everything here at any time, but not from a signal handler.
 *
 * Every function that can fail returns 0 or a negative enum otrace_error (otrace/wire.h), for which
 * otrace_strerror() has a text.
 */
#ifndef OTRACE_OTRACE_H
#define OTRACE_OTRACE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OTRACE_API __attribute__((visibility("default")))

/**
 * Makes all further calls of a function go to another one.
 *
 * @param fn          address of the function, as a pointer to it has; not NULL
 * @param replacement function with the same prototype; not NULL; must stay loaded; replaces an
 *                    earlier replacement
 * @return 0; -OTRACE_E_NO_FUNCTION (not compiled with the pass), -OTRACE_E_NO_STUB (left out by the
 *         pass), -OTRACE_E_ASSUMES (callers were compiled with knowledge of the old function, the new
 *         one would be called wrongly), -OTRACE_E_FAULT (replacement is no code), -OTRACE_E_LOOP (the
 *         replacement is fn, or is itself replaced by what leads back to fn: call
 *         otrace_original() in it), -OTRACE_E_INVALID (NULL), -OTRACE_E_STUB_CHANGED, -OTRACE_E_TEXT_READ_ONLY, -OTRACE_E_NO_THUNK,
 *         -OTRACE_E_NO_MEMORY
 * On failure the function is as it was.
 * @safety threads=any signals=no fork=ok-in-child allocates blocks
 */
OTRACE_API int otrace_replace(void *fn, void *replacement);

/**
 * The same for a function by name; static ones too.
 *
 * @param name        "function" or "function@file.c"; the file's last part is enough; copied, not NULL
 * @param replacement as for otrace_replace()
 * @return as otrace_replace(), and -OTRACE_E_NOT_FOUND, -OTRACE_E_AMBIGUOUS (several functions have
 *         this name: name the file)
 * On failure the function is as it was.
 * @safety threads=any signals=no fork=ok-in-child allocates blocks
 */
OTRACE_API int otrace_replace_by_name(const char *name, void *replacement);

/**
 * Ends the replacement of a function; calls go to its own code again. Not replaced is no error. A
 * replacement made by an attached shell is the shell's and stays.
 *
 * @param fn address of the function, not NULL
 * @return 0, -OTRACE_E_NO_FUNCTION, -OTRACE_E_NO_STUB, -OTRACE_E_INVALID, -OTRACE_E_STUB_CHANGED,
 *         -OTRACE_E_TEXT_READ_ONLY
 * On failure after the function was found, calls that come go to its own code all the same.
 * @safety threads=any signals=no fork=ok-in-child allocates blocks
 */
OTRACE_API int otrace_restore(void *fn);

/**
 * The same by name.
 *
 * @param name as for otrace_replace_by_name()
 * @return as otrace_restore(), and -OTRACE_E_NOT_FOUND, -OTRACE_E_AMBIGUOUS
 * On failure after the function was found, calls that come go to its own code all the same.
 * @safety threads=any signals=no fork=ok-in-child allocates blocks
 */
OTRACE_API int otrace_restore_by_name(const char *name);

/**
 * Ends all replacements that were made through this header.
 *
 * @return 0; it does not fail
 * @safety threads=any signals=no fork=ok-in-child allocates blocks
 */
OTRACE_API int otrace_restore_all(void);

/**
 * The function's own code, whatever replaces it: for a replacement that calls on.
 *
 * @param fn address of the function
 * @return a pointer of the function's type, or NULL when it was not compiled with the pass or has no
 *         stub; valid as long as the function's module is loaded
 * @safety threads=any signals=no fork=ok-in-child allocates blocks
 */
OTRACE_API void *otrace_original(void *fn);

/**
 * Lets a shell attach (`otrace attach PID`): opens the socket and starts the oshell thread. The same
 * as starting the program with OTRACE=listen. Once is enough, more does no harm.
 *
 * @return 0, -OTRACE_E_SYSTEM (socket or thread; a line on standard error says which),
 *         -OTRACE_E_NO_MEMORY
 * On failure nothing is left behind, and the program may go on and try again.
 * @safety threads=any signals=no fork=reinit allocates blocks
 */
OTRACE_API int otrace_listen(void);

/**
 * The socket that a shell attaches to.
 *
 * @return its path, valid as long as the process, or NULL when this process does not listen
 * @safety threads=any signals=async-signal-safe fork=ok-in-child
 */
OTRACE_API const char *otrace_socket(void);

/**
 * Stops here and opens a shell on the program's terminal, attached to this process, unsafe operations
 * allowed; returns when that shell has been left. Only the calling thread waits. Where no otrace
 * command is found (OTRACE_SHELL in the environment, the one installed beside libotrace.so, PATH), a
 * line on standard error says so, and the call waits for a shell that attaches from elsewhere, and
 * leaves.
 *
 * The shell is no child of the program: wait() does not see it, no SIGCHLD comes, no handler of
 * pthread_atfork() runs. (A program that has made itself the reaper of orphans gets it as any other
 * orphan.)
 *
 * The terminal is standard input, whether it controls this process or not. It stays the program's: the
 * shell runs on a terminal of its own, and a process in the program's group carries what is typed there and
 * what is shown, so no thread that reads the terminal or sets its modes is stopped for it. Two that
 * read at once share what is typed, as any two readers do. Keys come raw meanwhile: Ctrl-C is the shell's.
 * Where no pseudo-terminal is to be had the shell takes the foreground; then who reads is stopped.
 *
 * OTRACE_SHELL may be a wrapper, started as `WRAPPER attach --unsafe --guest PID`: it is waited for as long
 * as it lives, then for the shell that has attached meanwhile. Calls on the waiting thread are made
 * by it (`call -t TID`).
 *
 * Who called is in /osh/locals. Called in the place of a return value, `return otrace_set_trace();`, it
 * may be the caller's caller.
 *
 * @return 0 when the shell was left; -OTRACE_E_NO_TERMINAL (standard input is no terminal, the program is
 *         in its background, or it is another session's: nothing was started; the first time a line on
 *         standard error says so),
 *         -OTRACE_E_PRIVILEGED (setuid, setgid, file capabilities), -OTRACE_E_BUSY (a shell is attached,
 *         or waits in another thread), -OTRACE_E_SYSTEM (the process could not be started, or ended
 *         before it attached), and what otrace_listen() returns
 * On failure the program goes on as if nothing was called.
 * @safety threads=any signals=no fork=reinit blocks
 */
OTRACE_API int otrace_set_trace(void);

#define OTRACE_CALL_WORDS_MAX 16u

/** A recorded call, or its end. Valid while the callback runs. */
struct otrace_call_info {
	const char *function; /* its name as in the source */
	void *address;	      /* of its code */
	uint64_t seq; /* the number at the end of the id that shells show; the same at both ends */
	uint32_t nr_words;
	/* What was captured of the arguments, or the result, in general and vector registers and on the stack, in
	 * the order of the parameters: one for each number or pointer (the bits of a float, 0 in the bytes that a
	 * small one has not), as many as it takes for a struct. Without those that the optimiser removed */
	const uint64_t *words;
};

/** A function that leads elsewhere from now on. Valid while the callback runs. */
struct otrace_edit {
	const char *function;
	void *address;
	void *replacement; /* NULL = its own code again */
};

/** What a shell is about to look at or to change. Valid while the callback runs. */
struct otrace_access {
	const char *
		name; /* of the variable as shells have it: "counter", "count@file.c", "f::count"; NULL = in none */
	void *address;
	size_t size_bytes; /* of the variable, or of what is stored */
	int is_store;
};

/**
 * What the program wants to be told. Members that are NULL are not called.
 *
 * on_call, on_return  run in the thread that calls, behind the record: before the function's first instruction, and
 *                     when its result is there, which stays what it is, as errno does. Of functions that a shell
 *                     traces, for the calls that its conditions take; of a call that was taken for how it ended,
 *                     on_return alone. None for calls that are recorded without an end (musttail, hardly any stack
 *                     left), that a jump or an exception ends, or with less than 32 KiB of stack. Their time is the
 *                     function's.
 * on_edit             a function was replaced or restored, by a call of this header, in that thread, or by a shell.
 *                     Then it is a thread of the runtime's that serves the shell: with a small stack, all signals
 *                     blocked, and without any file of the program's.
 * on_access           an attached shell looks at a variable that was named to it (in an expression, `pr PATH`, `cd`), or
 *                     stores to memory; before it does: the callback may bring the variable up to date. Not for what is
 *                     read through pointers, listed, or copied for contexts. In the thread that serves the shell, as
 *                     said of on_edit; the shell waits, up to its usual time, and the program does not. What the
 *                     callback reads is shared with the program's threads, and it must not wait for a lock that one may
 *                     hold while it waits for the shell.
 * on_log              gets a line of the runtime's, without newline, in place of standard error. Faults of the
 *                     runtime itself go there all the same.
 *
 * A callback may call traced functions: that is recorded, and calls no callback. It may leave by longjmp(). It must
 * not take a lock that the traced function may be called with, nor wait for a thread that may be in a traced call. A
 * traced function that a handler of a signal calls has its callbacks called in the handler, where little is allowed.
 */
struct otrace_callbacks {
	size_t size_bytes; /* sizeof(struct otrace_callbacks) */
	void *context;	   /* passed on */
	void (*on_call)(const struct otrace_call_info *call, void *context);
	void (*on_return)(const struct otrace_call_info *call, void *context);
	void (*on_edit)(const struct otrace_edit *edit, void *context);
	void (*on_log)(const char *line, void *context);
	void (*on_access)(const struct otrace_access *access, void *context);
};

/**
 * Sets the callbacks of the process, in place of those before. Where none are set, they cost nothing.
 *
 * @param callbacks NULL = none; borrowed, and to stay as it is as long as the process: a thread that began with it before
 *                  may still be at it
 * @return 0, -OTRACE_E_INVALID (size_bytes is less than on_log needs; one without on_access is fine)
 * On failure those before stay.
 * @safety threads=any signals=no fork=ok-in-child allocates blocks
 */
OTRACE_API int otrace_set_callbacks(const struct otrace_callbacks *callbacks);

/*
 * Holds: a break for programs that serve many requests on one thread. A thread that waits at a break stops
 * all of them; a hold puts one request aside, and the loop goes on with the others:
 *
 *	static void handle(struct request *request)
 *	{
 *		if (!otrace_hold("parsed", answer, request))
 *			answer(request);
 *	}
 *
 * With `trace -a hold -c 'request->id == 7' handle` request 7 is answered after `resume`, all others at once.
 * Without a shell it costs a few nanoseconds.
 *
 * Where answer() runs is up to the thread's event loop. A thread has one when it has called one of
 *
 *	otrace_hold_fd()	loops that wait for descriptors (epoll, libevent, libuv, Redis' ae): a
 *				descriptor that is readable when there is something to do. Watch it, and call
 *				otrace_hold_run() then
 *	otrace_set_event_loop()	loops with a queue that any thread may add to
 *	otrace_hold_run()	loops that just call it in each turn
 *
 * once, on that thread, before its first request. In a forked child that is to be done again; what was held is
 * the parent's.
 */

/**
 * Puts a request aside if a shell wants that: when the innermost call of this thread that a trace with
 * `-a hold` has matched is still running. A call is held once. In a thread without an event loop nothing is
 * held, and the shell says so.
 *
 * @param label  names the place to who looks at it; NULL = "hold". 31 bytes are kept
 * @param resume takes the request up again: called once, on this thread's event loop, when the shell says so, the
 *               trace's time (`trace -t`) is over, the trace ends or the shell goes; unless the hold is cancelled
 * @param arg    for resume; the program's, and has to stay until then
 * @return 1: it is held, resume(arg) will be called, the caller leaves the request alone; 0: it is not, go on
 * @safety threads=any signals=no fork=ok-in-child
 */
OTRACE_API int otrace_hold(const char *label, void (*resume)(void *arg), void *arg);

/**
 * The request is gone (its client has): resume will not be called for it any more.
 *
 * @param arg what otrace_hold() was given
 * @return how many holds with this arg there were, mostly 0. One that resume is being called for is none
 * @safety threads=any signals=no fork=ok-in-child
 */
OTRACE_API int otrace_hold_cancel(void *arg);

/**
 * A descriptor for this thread's event loop: readable when otrace_hold_run() has something to do. The same one each
 * time. It belongs to the thread's loop: close it when that has ended, not before.
 *
 * @return the descriptor (close-on-exec, non-blocking), or -OTRACE_E_SYSTEM, -OTRACE_E_TOO_MANY (255 threads
 *         have an event loop)
 * @safety threads=any signals=no fork=reinit
 */
OTRACE_API int otrace_hold_fd(void);

/**
 * Takes up what this thread has put aside and may go on: calls its resume functions, in the order in which they were
 * held. At once when there is none.
 *
 * @return how many were called
 * @safety threads=any signals=no fork=ok-in-child
 */
OTRACE_API int otrace_hold_run(void);

/**
 * Names the queue of this thread's event loop.
 *
 * @param post adds to the queue that fn(arg) is to be called on the loop, soon. Called on a thread of the
 *             runtime's that has the program's descriptors, all signals blocked and a stack of 64 KiB; so it has to
 *             be thread-safe and must not wait for the loop. NULL: the thread has no event loop any more, and nothing
 *             that it holds is taken up. Before the queue or the thread goes this has to be said
 * @param priv for post
 * @return 0, -OTRACE_E_TOO_MANY (255 threads have an event loop). Waits for a post that is under way
 * @safety threads=any signals=no fork=reinit blocks
 */
OTRACE_API int otrace_set_event_loop(void (*post)(void (*fn)(void *arg), void *arg, void *priv),
				     void *priv);

/**
 * An assertion that a shell sees: true, it costs the test; false, and somebody traces this process, it is recorded with
 * the variables of the function it stands in, and the program goes on; false otherwise it is assert(). With NDEBUG it
 * ends nothing, and is recorded all the same.
 *
 *	traceassert(queue->length < 100, "long queue", "");
 *
 * Somebody traces: a shell is attached and something is traced, or it said `set assert_active on`.
 *
 * A program that uses it needs not be linked with -lotrace: it finds the runtime that it was started under
 * (`otrace run`, LD_PRELOAD), and without any it has assert(). One that is linked without -fPIE (-no-pie) finds only
 * what it is linked with. The arguments but the condition are evaluated when it is false.
 *
 * @param condition what has to be true
 * @param label     text: names the assertion to who looks for it; up to 100 bytes are kept
 * @param action    text: "" (record and go on), "break" (the thread waits until the shell lets it go on), "gdb" or
 *                  "pdb" (the same, with gdb), "hold" (for event loops: as "break" here)
 */
#define traceassert(condition, label, action)                                                  \
	(__builtin_expect(!!(condition), 1) ? (void)0                                          \
	 : (otrace_assert_failed &&                                                            \
	    otrace_assert_failed((label), (action), #condition, __FILE__, __LINE__, __func__)) \
		 ? (void)0                                                                     \
		 : OTRACE_ASSERT_PLAIN(#condition))

#ifdef NDEBUG
#define OTRACE_ASSERT_PLAIN(text) ((void)0)
#else
#define OTRACE_ASSERT_PLAIN(text) __assert_fail(text, __FILE__, __LINE__, __func__)
#endif

/**
 * What traceassert() calls when its condition is false. Weak: its address is NULL where there is no runtime.
 *
 * @return 1: somebody traces, the program may go on; 0: nobody does
 * @safety threads=any signals=async-signal-safe fork=ok-in-child blocks
 */
OTRACE_API int otrace_assert_failed(const char *label, const char *action, const char *condition,
				    const char *file, unsigned int line, const char *function)
	__attribute__((weak));

/**
 * The text of an error.
 *
 * @param error what a function here returned; either sign
 * @return a constant text, also for numbers that are none
 * @safety threads=any signals=async-signal-safe fork=ok-in-child
 */
OTRACE_API const char *otrace_strerror(int error);

#ifdef __cplusplus
}
#endif
#endif
