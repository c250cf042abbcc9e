/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A session: one target, what hangs on it, and the main loop that keeps program, stream, terminal
 * and socket going. Everything runs in one thread; a command that waits does so by taking turns.
 */
#ifndef OT_UI_SESSION_H
#define OT_UI_SESSION_H

#include "cmds/cmd.h"
#include "launch/launch.h"
#include "model/value.h"
#include "stream/stream.h"
#include "ui/ui.h"

struct ot_session;

struct ot_session_options {
	struct ot_ui *ui;	  /* taken */
	struct ot_launch *launch; /* taken; NULL = not our process */
	struct ot_target *target; /* taken; NULL = none */
	struct ot_pickle *pickle; /* taken; what target and its program are of, or NULL */
	const char *script; /* NULL, or the file that was asked for: the target only reads it */
	bool safe;
	bool interactive;
};

/** Reads the program's tables and starts looking at its stream. Problems become notes. */
struct ot_session *ot_session_create(const struct ot_session_options *options);
void ot_session_destroy(struct ot_session *session);

struct ot_shell *ot_session_shell(struct ot_session *session);

/** Keys come from @p fd and go to @p terminal in ot_session_prompt(). */
void ot_session_set_terminal(struct ot_session *session, const struct ot_terminal *terminal,
			     int fd);

/** Waits up to @p wait_ms for something to happen and deals with it. Keys and Ctrl-C are left for
 * later: commands take turns, and what is typed meanwhile is for the prompt behind them. */
void ot_session_turn(struct ot_shell *shell, int wait_ms);

/** A turn of the prompt: takes keys and Ctrl-C too, and so runs the lines that are typed. */
void ot_session_prompt(struct ot_session *session);

/** As ot_session_turn(); also ends when @p fd is readable, -1 = none. True: it is. */
bool ot_session_turn_for(struct ot_shell *shell, int fd, int wait_ms);

/** The terminal's descriptor; -1 in batch. */
int ot_session_terminal(const struct ot_shell *shell);
/** Gives the terminal to a command and takes it again: nothing is printed meanwhile. */
void ot_session_lend_terminal(struct ot_shell *shell, bool lend);
/**
 * Waits for @p wait_ms and for a line at the terminal, which is not kept.
 * @return whether one was entered, or the end of input
 */
bool ot_session_wait_line(struct ot_shell *shell, int wait_ms);

/** How often Ctrl-C was pressed; unlike ot_session_interrupted() asking changes nothing. */
unsigned int ot_session_nr_interrupts(void);
/** Forgets a Ctrl-C that was for a command which has ended. */
void ot_session_forget_interrupt(void);
/** Events of traced calls that came so far. */
uint64_t ot_session_nr_events(const struct ot_shell *shell);
/** One more. */
void ot_session_note_event(struct ot_shell *shell);

/** Turns until the program has ended and everything it left is read. False: was interrupted, or a thread waits at a
 * break. */
bool ot_session_wait_end(struct ot_shell *shell);
/** Turns for @p ms milliseconds; less when the program ends, a thread comes to a
 * break, or the user interrupts. */
void ot_session_wait(struct ot_shell *shell, uint64_t ms);

/** From now on: after @p seconds of turns shell->quit is set, also while a command waits. < 0 = never. */
void ot_session_set_time(struct ot_session *session, double seconds);

/** Whether the program has ended, also when it is a command that has just found the connection closed. */
bool ot_session_ended(struct ot_shell *shell);

/** What our process ended with, as a shell says it; -1 = not ended or not ours. */
int ot_session_exit_status(const struct ot_shell *shell);

/** A call by `run f` has begun: remembers it, so that its end can be told.
 * @param words what was typed behind run */
void ot_session_set_call(struct ot_shell *shell, const struct ot_fn *fn, uint32_t call,
			 const char *words);
/** The function that such a call runs in, or NULL. */
const struct ot_fn *ot_session_running_call(const struct ot_shell *shell);
/** Turns until the call is over. NULL: the program ended first, or a thread came to a break. */
const struct ot_target_done *ot_session_wait_call(struct ot_shell *shell);

/**
 * Turns until another call of ot_target_call() is over, and takes its end.
 * @param thread the call's
 * The error says why not: too slow, interrupted, waiting at a break (then the call goes on alone), or the program ended.
 */
struct ot_err *ot_session_await(struct ot_shell *shell, uint32_t call, uint32_t thread,
				unsigned int timeout_ms, struct ot_target_done *ret);

/** What the last call of `run f` returned, if that was an integer; else 0. */
int ot_session_call_result(const struct ot_shell *shell);

/** Lets a held main go on; a failure is said. */
void ot_session_go(struct ot_shell *shell);

/** Lets a held program end as if main had returned @p status, and waits for it. */
void ot_session_exit(struct ot_shell *shell, int status);

/** Ends the process that we started, gently first. */
void ot_session_end_program(struct ot_shell *shell);
bool ot_session_was_ended_by_us(const struct ot_shell *shell);

/** Reads what is left of the stream and lets go of a process that is not ours. */
void ot_session_leave(struct ot_shell *shell);

/** Whether Ctrl-C was pressed or we were asked to end; asking forgets a Ctrl-C. */
bool ot_session_interrupted(struct ot_session *session);

/** The same for commands that take long: they ask now and then, and stop. */
bool ot_session_stop_asked(struct ot_shell *shell);

/** Takes Ctrl-C, SIGTERM, SIGWINCH over. After the program was started: it inherits what is
 * ignored. @param batch_run Ctrl-C is the program's */
void ot_session_take_signals(bool batch_run);

#endif
