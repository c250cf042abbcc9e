/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Where text goes: results of commands, lines of traces, messages, output of the program; as text,
 * as JSON, or both.
 *
 * On a terminal everything printed goes through here, so that a half-typed line is taken away
 * before and put back after. Lines of traces are capped per second there; what is not printed is
 * counted and said. Output is collected and written by ot_ui_flush(), which the main loop calls.
 */
#ifndef OT_UI_H
#define OT_UI_H

#include "base/buf.h"
#include "base/err.h"
#include "stream/event.h"
#include "ui/logsink.h"
#include "ui/tap.h"

struct ot_ui;

#define OT_UI_LINES_PER_SECOND 200

/** The terminal's side: readline in the otrace command, nothing in batch. */
struct ot_terminal {
	void (*hide)(void);	 /* takes prompt and half-typed line off the screen */
	void (*show)(void);	 /* puts them back */
	void (*pump)(void);	 /* keys are there to read */
	void (*interrupt)(void); /* Ctrl-C: gives the line up and shows a new prompt */
	void (*leave)(void);	 /* gives the terminal back for a while; enter() takes it again */
	void (*enter)(void);
	void (*resize)(void);
	unsigned int (*width)(void); /* columns, 0 = not known */
};

struct ot_ui_options {
	bool interactive;
	bool json;
	int json_fd;	/* taken; -1 = the results go nowhere else: standard error or output */
	bool json_only; /* nothing but JSON: no text of results and events */
	struct ot_buf
		*keep_out; /* results go here and nowhere else; borrowed, NULL = standard output */
	struct ot_buf *keep_err; /* the same for messages and events, and standard error */
	ot_tap_fn *echo;	 /* gets a copy of all that is printed; NULL = nobody */
	void *echo_context;
};

struct ot_ui *ot_ui_create(const struct ot_ui_options *options);
/** Flushes and frees. */
void ot_ui_destroy(struct ot_ui *ui);

void ot_ui_set_terminal(struct ot_ui *ui, const struct ot_terminal *terminal);
/** Whether text is kept for a caller, and must not go to the streams of the process. */
bool ot_ui_keeps(const struct ot_ui *ui);
/** What a command of the machine wrote on its standard error. */
void ot_ui_print_error(struct ot_ui *ui, const char *text);

/** What events are written with; borrowed. */
void ot_ui_set_writer(struct ot_ui *ui, const struct ot_event_writer *writer);

/** Lines of traces that are printed in a second on a terminal; 0 = all. */
void ot_ui_set_lines_per_second(struct ot_ui *ui, unsigned int lines);

/** Where lines of traces go, and how they look. On failure nothing has changed. */
struct ot_err *ot_ui_set_log(struct ot_ui *ui, const struct ot_log_options *options);

/** The file that gets a copy of all that is printed; "" = none. On failure nothing has changed. */
struct ot_err *ot_ui_set_echo_file(struct ot_ui *ui, const char *path);
/** Who gets a copy from now on. */
void ot_ui_set_echo(struct ot_ui *ui, ot_tap_fn *echo, void *context);
/** What another shows (a pager, a command of the machine), for the copy alone. */
void ot_ui_echo(struct ot_ui *ui, const struct ot_buf *text);
/** What was typed, for the copy alone: the prompt stands before it. */
void ot_ui_echo_typed(struct ot_ui *ui, const char *prompt, const char *line);

/** While on, text is kept and not printed: another has the screen. JSON goes on. May be nested. */
void ot_ui_hold(struct ot_ui *ui, bool on);
/** Writes text to the screen at once, held or not: for what has all of it. */
void ot_ui_screen(struct ot_ui *ui, const char *text, size_t bytes);

/** Whether results are written as JSON only. */
bool ot_ui_is_json_only(const struct ot_ui *ui);

/**
 * Says on the terminal what takes so long, from one second on; the line goes when something else is
 * printed, and comes again. Nothing in batch. ot_ui_progress() may be called as often as one likes,
 * or never: @p total 0 = only the time is known, and how many are done. ot_ui_progress_end() takes the line away.
 */
void ot_ui_progress_begin(struct ot_ui *ui, const char *what);
void ot_ui_progress(struct ot_ui *ui, uint64_t done, uint64_t total);
void ot_ui_progress_end(struct ot_ui *ui);

/** First JSON line: who we are and what is looked at. */
void ot_ui_hello(struct ot_ui *ui, const char *mode, const char *program, int pid);
/** The program's end; @p status as waitpid() gives it, -1 = not ours to know. */
void ot_ui_exit(struct ot_ui *ui, int pid, int status);

/** A command's end: its text, its JSON value (may be empty) or its error (may be NULL). */
void ot_ui_result(struct ot_ui *ui, const char *command, const struct ot_buf *text,
		  const struct ot_buf *json, const struct ot_err *err);
/** As ot_ui_result(), for text that went elsewhere: it stands in the JSON only. */
void ot_ui_result_elsewhere(struct ot_ui *ui, const char *command, const struct ot_buf *text,
			    const struct ot_buf *json, const struct ot_err *err);
/** Text for the user that is no result: the echo of a script's line. Not in JSON. */
void ot_ui_print(struct ot_ui *ui, const char *text);
/** An event of a traced call. */
void ot_ui_event(struct ot_ui *ui, const struct ot_trace *trace, const struct ot_call_event *event);
/** Something else that happened in the program: lines, and JSON events with their newlines; either may be empty. */
void ot_ui_happened(struct ot_ui *ui, const struct ot_log_text *text, const struct ot_buf *json);
/** A trace has reached a limit. */
void ot_ui_trace_over(struct ot_ui *ui, const struct ot_trace_request *request);
/** A message to the user on standard error, with "otrace: " before it in batch. */
void ot_ui_note(struct ot_ui *ui, const char *format, ...) OT_PRINTF(2, 3);
/** Bytes that the program wrote to the terminal that we gave it. */
void ot_ui_program_output(struct ot_ui *ui, const char *data, size_t bytes);

/** How long the main loop may wait until ot_ui_flush() has something to say; @p wait_ms at most. */
int ot_ui_pause_ms(const struct ot_ui *ui, int wait_ms);

/** Whether results go out as JSON, alone or besides the text. */
bool ot_ui_writes_json(const struct ot_ui *ui);

/** Sends what is left of the log, and says what could not be sent. ot_ui_destroy() does it too. */
void ot_ui_finish_log(struct ot_ui *ui);

/** Whether something could not be written, a full disk say; it was said. */
bool ot_ui_has_failed(const struct ot_ui *ui);

/** Whether somebody reads events, as far as writing them has shown: the reader of a pipe may have gone. */
bool ot_ui_is_read(const struct ot_ui *ui);

/** Writes what was collected, and what the cap has held back once its second is over. */
void ot_ui_flush(struct ot_ui *ui);

#endif
