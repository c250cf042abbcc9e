/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Conditions of traces: a text and a function become programs that the runtime runs at the calls (otrace/bytecode.h).
 *
 * A condition is a C expression of the function's parameters, "self" (the first that points to a struct), "return" (the
 * result, $return too), variables and constants of the program, $thread (number, or compared with a text: its name),
 * $depth, $errno, $duration (in ns; 5ms, 10us and such are numbers). Between commas stand several, of which all have to
 * hold. p == "text" compares what is behind p. Of these forms one may stand for all or between commas:
 *
 *	call, return, all   every call; says what is shown of it
 *	tagged, taggedARG   an argument (that one, or any) points into a tagged object; tagged(EXPR) of any pointer
 *	error               ends badly: abnormally, with a null pointer, with a negative number
 *
 * What needs the result, $errno, $duration or the end itself is decided when the call ends; all the rest is as it was
 * when it began: what is behind its pointers, too.
 */
#ifndef OT_COND_H
#define OT_COND_H

#include <otrace/rule.h>

#include "model/program.h"

#define OT_COND_CALL 1u	  /* the beginning of a match is shown */
#define OT_COND_RETURN 2u /* its end is */

struct ot_cond {
	char *text;	    /* as written, with single blanks: for lists and labels */
	unsigned int shows; /* OT_COND_* */
	bool is_all;	    /* every call matches: there is nothing to run */
	bool is_late; /* OTRACE_RULE_LATE: decided at the end; the enter code may say no before */
	struct otrace_code *enter;
	struct otrace_code *leave;
	uint32_t nr_enter;
	uint32_t nr_leave;
	uint32_t nr_enter_reads; /* places where memory is read, at most */
	uint32_t nr_leave_reads;
	char *note; /* what a user should know of it, or NULL */
};

/**
 * Compiles. What cannot be is an error that says why, with the place in the text and the names that may have been meant.
 *
 * @param fn  whose calls are looked at
 */
struct ot_err *ot_cond_compile(struct ot_program *program, const struct ot_fn *fn, const char *text,
			       struct ot_cond **ret);
/** The same for what a call makes: what is behind pointers, and variables, are as they are when it ends. */
struct ot_err *ot_cond_compile_at_end(struct ot_program *program, const struct ot_fn *fn,
				      const char *text, struct ot_cond **ret);
void ot_cond_destroy(struct ot_cond *cond);

/** Whether the text is "call", "return" or "all" alone, for any function. @param shows_ret OT_COND_* */
bool ot_cond_is_all(const char *text, unsigned int *shows_ret);
/** The text as struct ot_cond has it; free(). */
char *ot_cond_text(const char *text);

#endif
