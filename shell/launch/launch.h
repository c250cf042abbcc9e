/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A process that we start: with the runtime preloaded, held before main, its socket in a private
 * folder.
 *
 *	OT_TRY(ot_launch_start(&options, &launch));
 *	OT_TRY(ot_launch_connect(launch, safe, &target));	target NULL: no runtime in there,
 *	...							ot_launch_why() says why; it runs
 *	ot_launch_signal(launch, SIGTERM)	if it must not stay
 *	ot_launch_destroy(launch)
 */
#ifndef OT_LAUNCH_H
#define OT_LAUNCH_H

#include <sys/types.h>

#include "base/err.h"
#include "target/target.h"

struct ot_launch;

struct ot_launch_options {
	char **argv;	     /* program and arguments, NULL-terminated; the program by PATH */
	const char *runtime; /* libotrace.so */
	/* The terminal stays ours: the program writes to one of its own, reads nothing, and gets
	 * no Ctrl-C. */
	bool own_terminal;
};

/** Where libotrace.so is: OTRACE_RUNTIME, else beside this executable. @param ret free() it */
struct ot_err *ot_launch_find_runtime(char **ret);

/**
 * Starts the program. Call it before signals are ignored: the program inherits that.
 * @param exit_status_ret on failure what a shell would end with: 127 not found, 126 cannot be run,
 *                        125 anything else
 */
struct ot_err *ot_launch_start(const struct ot_launch_options *options, int *exit_status_ret,
			       struct ot_launch **ret);

/** Waits for the runtime and connects. NULL in @p ret without an error: it has none. */
struct ot_err *ot_launch_connect(struct ot_launch *launch, bool safe, struct ot_target **ret);

/** Why there is no runtime in the program. */
const char *ot_launch_why(const struct ot_launch *launch);

pid_t ot_launch_pid(const struct ot_launch *launch);
/** Readable once the process has ended. */
int ot_launch_pidfd(const struct ot_launch *launch);
/** What the program writes, when it has a terminal of its own; else -1. */
int ot_launch_output_fd(const struct ot_launch *launch);
void ot_launch_close_output(struct ot_launch *launch);
/** Copies our terminal's size to the program's. */
void ot_launch_resize(const struct ot_launch *launch);

/** Takes the end of the process if it has ended. @p status as waitpid() gives it. */
bool ot_launch_ended(struct ot_launch *launch, int *status);
/** What a shell would report for @p status: the exit status, or 128 + signal. */
int ot_launch_exit_status(int status);

/** Sends a signal to the process, and to its group if that is its own, if it is still there. */
void ot_launch_signal(struct ot_launch *launch, int signal);

/** Removes the socket's folder and frees; the process is left as it is. NULL is allowed. */
void ot_launch_destroy(struct ot_launch *launch);

#endif
