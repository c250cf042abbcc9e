/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * otrace's shell inside your own program: for tests that replace a static function, call another one,
 * look at variables, and put everything back.
 *
 *	char *out, *err;
 *
 *	otrace_execute("patch read_clock with fake_clock", NULL, NULL);
 *	if (otrace_execute("call age_of account", &out, &err))
 *		fail(err);
 *	assert(!strcmp(out, "3\n"));
 *	free(out);
 *	free(err);
 *	otrace_execute_end();
 *
 * Link with -loshell -lotrace (pkg-config: otrace-shell). The program is compiled with the pass, as for
 * any shell.
 */
#ifndef OTRACE_SHELL_H
#define OTRACE_SHELL_H

#include <otrace/otrace.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Runs a line of the shell as `otrace attach --unsafe -e LINE` would, in this process. The first call
 * attaches, which takes the one place that there is for a shell, and what a line switched on or patched
 * stays until otrace_execute_end() or the line `quit`. Traced calls since the line before are told in
 * @p err of the next.
 *
 * `call` runs functions on the runtime's thread for calls; the one that called otrace_execute() waits. A
 * function that is called so must not call otrace_execute().
 *
 * @param line commands, separated by `;`
 * @param out  what they print, free() it; NULL = not wanted
 * @param err  messages and traced calls, free() it; NULL = not wanted
 * @return 0, or the number of commands that failed; 1 when no shell can be had, and err says why
 * Without memory the process ends, with a line that says so. A child that is forked while another thread runs a
 * line gets a shell of its own, as any child does; what of the line was in memory stays there.
 * @safety threads=any signals=no fork=reinit allocates blocks
 */
OTRACE_API int otrace_execute(const char *line, char **out, char **err);

/**
 * Gives a copy of what the shell of otrace_execute() prints to a function, at once and not only at the line's end.
 *
 * @param echo    called on the thread that runs a line, for results, messages and traced calls; text is not
 *                NUL-terminated and valid while it is called; is_error: it is for err. It must call nothing of this
 *                header, and not leave by longjmp(). NULL = nobody any more
 * @param context passed on
 * @safety threads=any signals=no fork=ok-in-child blocks
 */
OTRACE_API void otrace_set_echo(void (*echo)(const char *text, size_t bytes, int is_error,
					     void *context),
				void *context);

/**
 * Leaves the shell: traces are off and patches gone when it returns. Without a shell it does nothing.
 *
 * @safety threads=any signals=no fork=reinit blocks
 */
OTRACE_API void otrace_execute_end(void);

#ifdef __cplusplus
}
#endif
#endif
